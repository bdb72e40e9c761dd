//! Anchors files: the agent's order of writes.
//!
//! ```text
//! 1. finish what an earlier run began        the same bytes again
//! 2. capture the files                       nothing is written yet
//! 3. verify the log's newest checkpoint      it becomes the `after` line; the kept one offline
//! 4. build the batch, sign the statement
//! 5. make all of it durable in the vault     THE COMMIT POINT of the source's chain
//! 6. send, as often as it takes              the log answers the same entry with the same index
//! 7. verify the proof, keep the receipt      only now the statement is anchored
//! 8. write receipts and openings for people  from the vault in the next run if this one cannot
//! ```
//!
//! A crash before 5 leaves nothing; after it, the next run goes on at 6. There is at most one
//! statement in flight, because each one names the leaf hash of the one before.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use spec::Hash;
use spec::evidence::batch::{Batch, Header, MAX_RECORDS, Place};
use spec::evidence::statement::{After, Draft};
use spec::note::Note;
use spec::policy::{AcceptedCheckpoint, PolicyFailure};
use spec::proof::{Proof, ProofFailure, VerifiedInclusion};
use spec::tree::{Tree, verify_consistency};

use crate::capture::{Captured, capture, fresh_salts};
use crate::clock;
use crate::durable::folder_of;
use crate::error::AgentError;
use crate::log_client::{AddError, Added, LogClient};
use crate::old_vault::{Kept, Sealed, Vault};
use crate::report::{Anchored, write_papers};

/// The first pause before the log is asked again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// From how many bytes of values read from reports a batch is full. Salts and names take 16 MiB of
/// the opening of 4,096 records; values, at most six bytes a byte in JSON, must fit beside them.
const MAX_BATCH_VALUES_SIZE: usize = 2 * 1024 * 1024;

/// What is to be anchored, and how.
pub(crate) struct Request<'a> {
    pub(crate) vault: &'a Path,
    pub(crate) files: &'a [PathBuf],
    /// Where receipts and openings go; beside the vault if not said.
    pub(crate) out: Option<&'a Path>,
    /// How long to try before giving up on one statement for now.
    pub(crate) patience: Duration,
}

/// What came of it: whatever is anchored, and the error that ended the run, if one did.
pub(crate) struct Outcome<'a> {
    pub(crate) anchored: Vec<Anchored>,
    pub(crate) error: Option<AgentError>,
    /// The files that are in no statement yet, because the run ended before it came to them.
    pub(crate) not_taken: &'a [PathBuf],
}

/// Anchors files, after whatever an earlier run left unfinished.
pub(crate) fn anchor<'a>(request: &Request<'a>, progress: &dyn Fn(u64)) -> Outcome<'a> {
    let mut outcome = Outcome { anchored: Vec::new(), error: None, not_taken: request.files };
    outcome.error = run(request, progress, &mut outcome).err();
    outcome
}

fn run<'a>(
    request: &Request<'a>,
    progress: &dyn Fn(u64),
    outcome: &mut Outcome<'a>,
) -> Result<(), AgentError> {
    let vault = Vault::open(request.vault)?;
    let log = LogClient::new(vault.log());
    let out = request.out.map_or_else(|| folder_of(vault.folder()), Path::to_path_buf);
    std::fs::create_dir_all(&out).map_err(AgentError::file(&out))?;
    let session = Session { vault, log, out, patience: request.patience };
    session.log.begin(request.patience);

    // A paper that cannot be written keeps no evidence from being anchored; it is said at the end.
    let mut missing = None;
    let anchored = &mut outcome.anchored;
    let mut done = |(statement, without): (Anchored, Option<AgentError>)| {
        anchored.push(statement);
        missing = missing.take().or(without);
    };
    for kept in session.vault.papers_due()? {
        done(session.write_due(&kept)?);
    }
    if let Some(kept) = session.vault.last()?.filter(|kept| !kept.anchored) {
        let batch = kept.batch()?;
        done(session.send(kept, &batch, &[])?);
    }
    let mut first_record = None;
    while !outcome.not_taken.is_empty() {
        let captured = capture_batch(outcome.not_taken, progress)?;
        // Hashing takes its own time; what is given is for the log and its witnesses.
        session.log.begin(request.patience);
        let (kept, batch) = session.state(&captured, first_record)?;
        // Durable in the vault, whatever the log says.
        outcome.not_taken = &outcome.not_taken[captured.len()..];
        // Known here without reading the statement's whole opening again.
        first_record = Some(next_record(&batch)?);
        done(session.send(kept, &batch, &captured)?);
    }
    missing.map_or(Ok(()), Err)
}

/// Captures the first of `files`, at least one and as many as one statement should hold.
fn capture_batch(files: &[PathBuf], progress: &dyn Fn(u64)) -> Result<Vec<Captured>, AgentError> {
    let (mut captured, mut size) = (Vec::new(), 0);
    for path in files.iter().take(MAX_RECORDS - 1) {
        let file = capture(path, progress)?;
        size += file.reading.values.values().map(Vec::len).sum::<usize>();
        captured.push(file);
        if size > MAX_BATCH_VALUES_SIZE {
            break;
        }
    }
    Ok(captured)
}

/// One run over one vault and one log.
struct Session {
    vault: Vault,
    log: LogClient,
    out: PathBuf,
    patience: Duration,
}

impl Session {
    /// Step 8 again, for a statement that an earlier run anchored and could not write all papers of.
    fn write_due(&self, kept: &Kept) -> Result<(Anchored, Option<AgentError>), AgentError> {
        let (receipt, verified) = kept.receipt(self.vault.policy())?;
        self.write(kept, &kept.batch()?, &[], &receipt, &verified)
    }

    /// Steps 3 to 5: from captured files to a statement that is durable and not yet sent. The
    /// number of its first record is read from the vault unless it is known.
    fn state(
        &self,
        captured: &[Captured],
        first_record: Option<u64>,
    ) -> Result<(Kept, Batch), AgentError> {
        let opened = clock::now();
        let newest = match self.newest_checkpoint() {
            // Without the log, evidence is stated all the same: the newest checkpoint that this
            // agent has verified is still the newest, and the statement is sent when it can be.
            Err(AgentError::Unreachable { .. }) => self.vault.checkpoint()?,
            other => other?,
        };
        let last = self.vault.last()?;
        let (sequence, previous) = last.as_ref().map_or((0, Hash::ZERO), Kept::next);
        let first_record = match (first_record, &last) {
            (Some(known), _) => known,
            (None, Some(last)) => next_record(&last.batch()?)?,
            (None, None) => 0,
        };

        let source = self.vault.key().verifier().name().clone();
        let place = Place { origin: self.vault.origin().clone(), source, sequence };
        let header = Header {
            first_record,
            opened,
            closed: clock::now(),
            boot: clock::boot_id(),
            // Nothing here asks the time service yet, so nothing is claimed of it.
            clock: "unknown".to_string(),
            note: None,
            outage_reason: None,
        };
        let records: Result<Vec<_>, AgentError> =
            captured.iter().map(Captured::to_record).collect();
        let batch = Batch::new(place.clone(), header, records?, fresh_salts()?)
            .map_err(|error| AgentError::Input(error.to_string()))?;

        let after = newest.as_ref().map_or(After::NOTHING, |(note, accepted)| {
            After::checkpoint(accepted.tree(), Hash::of(&note.to_bytes()))
                .expect("a verified tree with entries and the hash of its note")
        });
        let Place { origin, source, .. } = place;
        let statement = Draft::new(origin, source, sequence, previous, after, batch.commitment())
            .and_then(|draft| draft.sign(self.vault.key()))
            .expect("the vault's chain gives sequence and previous, its key the name");
        let after = newest.as_ref().map(|(note, _)| note);
        let kept = self.vault.keep(&Sealed { statement: &statement, batch: &batch, after })?;
        Ok((kept, batch))
    }

    /// Steps 6 to 8. Sends the same bytes until the proof of them satisfies the policy.
    fn send(
        &self,
        mut kept: Kept,
        batch: &Batch,
        captured: &[Captured],
    ) -> Result<(Anchored, Option<AgentError>), AgentError> {
        let bytes = kept.statement.to_bytes();
        let mut pause = PAUSES.0;
        let (proof, verified) = loop {
            let mut wanted = None;
            let tried = match self.log.add(&bytes) {
                Ok(Added::Proof(proof)) => self.judge(&kept, proof)?,
                Ok(Added::Index(index)) => self.prove(&kept, index)?,
                Err(AddError::Again { reason, pause }) => {
                    wanted = pause;
                    Err(reason)
                }
                Err(AddError::Conflict(answer)) => return Err(AgentError::Conflict { answer }),
                Err(AddError::Refused(status, answer)) => {
                    let key = self.vault.key().verifier().to_string();
                    return Err(AgentError::Refused { status, answer, key });
                }
            };
            let reason = match tried {
                Ok(anchored) => break anchored,
                Err(reason) => reason,
            };
            let next = wanted.unwrap_or(pause).max(pause);
            if next > self.log.left() {
                let sequence = kept.statement.sequence();
                let seconds = self.patience.as_secs();
                return Err(AgentError::Unanchored { sequence, seconds, reason });
            }
            sleep(next);
            pause = (pause * 2).min(PAUSES.1);
        };
        let hashes = proof.hashes().to_vec();
        let receipt = Proof::new(Some(bytes), proof.index(), hashes, proof.checkpoint().clone());
        self.vault.remember_papers(&kept)?;
        kept.keep_receipt(&receipt)?;
        self.write(&kept, batch, captured, &receipt, &verified)
    }

    /// Step 8. The inner error names papers that are still due.
    fn write(
        &self,
        kept: &Kept,
        batch: &Batch,
        captured: &[Captured],
        receipt: &Proof,
        verified: &VerifiedInclusion,
    ) -> Result<(Anchored, Option<AgentError>), AgentError> {
        let written = write_papers(&self.out, &kept.statement, batch, captured, receipt, verified);
        if written.1.is_none() {
            self.vault.forget_papers(kept)?;
        }
        Ok(written)
    }

    /// Judges a proof from the log. The inner error says why to try again.
    fn judge(
        &self,
        kept: &Kept,
        proof: Proof,
    ) -> Result<Result<(Proof, VerifiedInclusion), String>, AgentError> {
        let verified = match proof.verify(kept.statement.leaf_hash(), self.vault.policy()) {
            // The log signed; witnesses are still missing. That is no lie.
            Err(ProofFailure::Policy(PolicyFailure::Quorum(short))) => {
                return Ok(Err(short.to_string()));
            }
            other => other.map_err(|error| AgentError::LogRefused(error.to_string()))?,
        };
        let checkpoint = verified.checkpoint();
        if checkpoint.origin() != self.vault.origin() {
            let reason = format!("the proof is of another log, {}", checkpoint.origin());
            return Err(AgentError::LogRefused(reason));
        }
        if verified.index() < kept.statement.after().tree().size() {
            let reason = "the proof places the statement before the tree that it names as earlier";
            return Err(AgentError::LogRefused(reason.to_string()));
        }
        match self.accept_checkpoint(proof.checkpoint(), checkpoint) {
            Err(AgentError::Unreachable { reason, .. }) => Ok(Err(reason)),
            Err(error) => Err(error),
            Ok(()) => Ok(Ok((proof, verified))),
        }
    }

    /// Fetches the proof of a sequenced statement, once the published tree covers it.
    fn prove(
        &self,
        kept: &Kept,
        index: u64,
    ) -> Result<Result<(Proof, VerifiedInclusion), String>, AgentError> {
        match self.log.proof(index) {
            Ok(Some(proof)) => self.judge(kept, proof),
            Ok(None) => Ok(Err(format!("entry {index} is not in a published tree yet"))),
            Err(AgentError::Unreachable { reason, .. }) => Ok(Err(reason)),
            Err(error) => Err(error),
        }
    }

    /// The log's newest checkpoint, verified under the policy and consistent with all that this
    /// agent has verified before; `None` while the log is empty.
    fn newest_checkpoint(&self) -> Result<Option<(Note, AcceptedCheckpoint)>, AgentError> {
        let Some(note) = self.log.checkpoint()? else {
            return match self.vault.checkpoint()? {
                None => Ok(None),
                Some(_) => Err(self.not_now("it shows no checkpoint, though it did before")),
            };
        };
        let accepted = match self.vault.policy().check(&note) {
            Err(PolicyFailure::Quorum(short)) => return Err(self.not_now(&short.to_string())),
            other => other.map_err(|error| AgentError::LogRefused(error.to_string()))?,
        };
        if accepted.origin() != self.vault.origin() {
            let reason = format!("it shows a checkpoint of {}", accepted.origin());
            return Err(AgentError::LogRefused(reason));
        }
        self.accept_checkpoint(&note, &accepted)?;
        Ok((accepted.tree().size() > 0).then_some((note, accepted)))
    }

    /// Compares a verified checkpoint with the newest one kept, and keeps the larger.
    fn accept_checkpoint(&self, note: &Note, new: &AcceptedCheckpoint) -> Result<(), AgentError> {
        let old = self.vault.checkpoint()?.map_or(Tree::EMPTY, |(_, kept)| kept.tree());
        let new = new.tree();
        if new.size() < old.size() {
            // Perhaps a cache that lags behind; nothing is signed or kept on the strength of it.
            let reason = format!("it shows {} entries after {}", new.size(), old.size());
            return Err(self.not_now(&reason));
        }
        let trivial = old.size() == 0 || old.size() == new.size();
        let proof =
            if trivial { Vec::new() } else { self.log.consistency(old.size(), new.size())? };
        verify_consistency(old, new, &proof).map_err(|error| {
            let (from, to) = (old.size(), new.size());
            AgentError::LogRefused(format!("its trees of {from} and {to} entries differ: {error}"))
        })?;
        if new.size() > old.size() { self.vault.remember_checkpoint(note) } else { Ok(()) }
    }

    fn not_now(&self, reason: &str) -> AgentError {
        AgentError::Unreachable { url: self.vault.log().to_string(), reason: reason.to_string() }
    }
}

/// The number of the first record behind a statement's: what its header counts.
fn next_record(batch: &Batch) -> Result<u64, AgentError> {
    let number = |name| {
        let value = batch.records()[0].value(name)?;
        std::str::from_utf8(value).ok()?.parse::<u64>().ok()
    };
    let next = number("record/first").zip(number("record/count"));
    let next = next.and_then(|(first, count)| first.checked_add(count));
    next.ok_or_else(|| {
        AgentError::Input("the newest statement's header counts no records".to_string())
    })
}
