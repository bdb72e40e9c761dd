//! Anchors files in one go: the turns of the spool, one after the other, over files that are named.
//!
//! ```text
//! 1. finish what an earlier run began        the same bytes again
//! 2. verify the log's newest checkpoint      it becomes the `after` line; the kept one offline
//! 3. capture the files                       durable in the vault
//! 4. seal them                               THE COMMIT POINT of the source's chain
//! 5. send, as often as it takes              the log answers the same entry with the same index
//! 6. verify the proof, keep the receipt      only now the statement is anchored
//! 7. write receipts and openings for people  from the vault in the next run if this one cannot
//! ```
//!
//! A crash before 3 is done leaves nothing; after it, the next run goes on with what is there.

mod files;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use spec::key::KeyName;
use spec::proof::ProofFailure;

use self::files::{Captured, Files};
use crate::cli::args::VaultArgs;
use crate::clock::SystemClock;
use crate::durable::folder_of;
use crate::error::AgentError;
use crate::report::{Anchored, Paths, write_papers};
use crate::site::commands::open_vault;
use crate::spool::seal::Sealer;
use crate::spool::send::Sender;
use crate::spool::{checkpoint, resume};
use crate::vault::{GONE, Stage, Vault};

/// The row of the vault that lists the statements of which people have not all papers yet.
const DUE: &str = "papers-due";

/// What is to be anchored, and how.
pub(crate) struct Request<'a> {
    pub(crate) vault: &'a VaultArgs,
    /// Which source, if the vault has several.
    pub(crate) source: Option<&'a str>,
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
    let mut session = Session::open(request)?;
    session.begin(&mut outcome.anchored)?;
    while !outcome.not_taken.is_empty() {
        session.look_at_the_log()?;
        let captured = session.capture(outcome.not_taken, progress)?;
        // Durable in the vault, whatever the log says.
        outcome.not_taken = &outcome.not_taken[captured..];
        // Hashing takes its own time; what is given is for the log and its witnesses.
        session.sender.be_patient(request.patience);
        session.seal()?;
        session.finish(&mut outcome.anchored)?;
    }
    // A paper that cannot be written keeps no evidence from being anchored; it is said at the end.
    session.missing.map_or(Ok(()), Err)
}

/// The source that is named, or the only one.
fn pick_source(known: &[KeyName], request: &Request<'_>) -> Result<KeyName, AgentError> {
    let found = match (request.source, known) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(name), _) => known.iter().find(|source| source.as_str() == name),
    };
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(KeyName::as_str).collect();
        let reason = format!("name one of its sources with --source: {}", names.join(", "));
        AgentError::vault(&request.vault.vault, reason)
    })
}

/// One run over one vault and one log.
struct Session {
    vault: Vault,
    source: KeyName,
    clock: SystemClock,
    sealer: Sealer,
    sender: Sender,
    files: Files,
    paths: Paths,
    out: PathBuf,
    patience: Duration,
    missing: Option<AgentError>,
}

impl Session {
    fn open(request: &Request<'_>) -> Result<Self, AgentError> {
        let vault = open_vault(request.vault)?;
        let source = pick_source(&vault.sources()?, request)?;
        let out = request.out.map_or_else(|| folder_of(vault.folder()), Path::to_path_buf);
        std::fs::create_dir_all(&out).map_err(AgentError::file(&out))?;
        let clock = SystemClock::new();
        let sealer = Sealer::one_shot(&vault, &clock, &source)?;
        let mut sender = Sender::in_a_hurry(&vault);
        sender.be_patient(request.patience);
        let files = Files::new(source.clone());
        let (paths, patience) = (Paths::default(), request.patience);
        Ok(Self {
            vault,
            source,
            clock,
            sealer,
            sender,
            files,
            paths,
            out,
            patience,
            missing: None,
        })
    }

    /// Finishes what an earlier run left: captured and not sealed, sealed and not anchored,
    /// anchored and not on paper.
    fn begin(&mut self, anchored: &mut Vec<Anchored>) -> Result<(), AgentError> {
        // The same bytes may be sent again by whoever asks for it; nothing new is signed before
        // the log has taken them.
        resume::retry(&self.vault, &self.source)?;
        // A vault that was put back learns first where its chains go on.
        resume::after_restore(&self.vault, self.sender.log(), &self.clock)?;
        let mut due = self.due()?;
        for kept in self.vault.unanchored(&self.source, usize::MAX)? {
            due.push(kept.statement.sequence());
        }
        due.sort_unstable();
        due.dedup();
        self.put_due(&due)?;
        self.finish(anchored)?;
        if self.vault.pending_count(&self.source)? > 0 {
            self.look_at_the_log()?;
            self.seal()?;
            self.finish(anchored)?;
        }
        Ok(())
    }

    /// Without the log, evidence is stated all the same: the newest checkpoint that this agent has
    /// verified is still the newest, and the statement is sent when it can be.
    fn look_at_the_log(&self) -> Result<(), AgentError> {
        self.sender.log().begin(self.patience);
        match checkpoint::newest(&self.vault, self.sender.log()) {
            Err(AgentError::Unreachable { .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    fn capture(&mut self, files: &[PathBuf], progress: &dyn Fn(u64)) -> Result<usize, AgentError> {
        let captured = self.files.capture(&self.vault, &self.clock, files, progress)?;
        let count = captured.len();
        for Captured { name, sha256, path } in captured {
            self.paths.put(&name, &sha256, path);
        }
        Ok(count)
    }

    fn seal(&mut self) -> Result<(), AgentError> {
        let sealed = self.sealer.seal_now(&self.vault, &self.clock, &self.source)?;
        let mut due = self.due()?;
        due.extend(sealed.iter().map(|sealed| sealed.sequence));
        self.put_due(&due)
    }

    /// Sends what is unanchored, and writes the papers that are due.
    fn finish(&mut self, anchored: &mut Vec<Anchored>) -> Result<(), AgentError> {
        for sequence in self.due()? {
            let is_there = self.vault.statement(&self.source, sequence)?.is_some();
            if !is_there && self.vault.was_left_out(&self.source, sequence)? {
                // Its records are in a later statement, or are named there as lost.
                self.forget_due(sequence)?;
                continue;
            }
            self.send(sequence)?;
            anchored.extend(self.write(sequence)?);
        }
        Ok(())
    }

    /// Sends until a statement is anchored, or the patience is at its end.
    fn send(&mut self, sequence: u64) -> Result<(), AgentError> {
        loop {
            let kept = self.vault.statement(&self.source, sequence)?;
            let is_anchored = |stage| matches!(stage, Stage::Anchored(_));
            if kept.is_none_or(|kept| is_anchored(kept.stage)) {
                return Ok(());
            }
            let mut turn = self.sender.turn(&self.vault, &self.clock)?;
            if let Some(lie) = turn.lies.pop() {
                return Err(lie);
            }
            if let Some((_, refusal)) = turn.stopped.pop().or_else(|| turn.unlisted.pop()) {
                let answer = refusal.detail;
                if refusal.status == 409 {
                    return Err(AgentError::Conflict { answer });
                }
                let key = self.vault.key(&self.source)?.verifier().to_string();
                return Err(AgentError::Refused { status: refusal.status, answer, key });
            }
            if turn.wait > self.sender.log().left() {
                let seconds = self.patience.as_secs();
                let reason = turn.away.unwrap_or_else(|| "no time is left".to_string());
                return Err(AgentError::Unanchored { sequence, seconds, reason });
            }
            sleep(turn.wait);
        }
    }

    /// Writes the papers of an anchored statement, and forgets that they are due.
    /// `None` if its receipt was judged by a policy that somebody has changed since.
    fn write(&mut self, sequence: u64) -> Result<Option<Anchored>, AgentError> {
        let gone = || {
            AgentError::vault(self.vault.folder(), format!("statement {sequence} is gone: {GONE}"))
        };
        let kept = self.vault.statement(&self.source, sequence)?.ok_or_else(gone)?;
        let receipt = self.vault.receipt(&self.source, sequence)?.ok_or_else(gone)?;
        let verified = match receipt.verify(kept.statement.leaf_hash(), self.vault.policy()) {
            Err(ProofFailure::Policy(why)) => {
                // What was anchored stays anchored; only the papers of this run are left out.
                self.missing.get_or_insert(AgentError::Failed(format!(
                    "statement {sequence} is anchored by the policy as it was, and its receipt does \
                     not satisfy it as it is now ({why}); `fiducial-agent papers` writes it all the \
                     same, to be verified with the policy of its time"
                )));
                self.forget_due(sequence)?;
                return Ok(None);
            }
            other => other.map_err(|error| AgentError::vault(self.vault.folder(), error))?,
        };
        let batch = self.vault.batch(&self.source, sequence)?;
        let (anchored, missing) =
            write_papers(&self.out, &kept.statement, &batch, &mut self.paths, &receipt, &verified);
        if missing.is_none() {
            self.forget_due(sequence)?;
        }
        self.missing = self.missing.take().or(missing);
        Ok(Some(anchored))
    }

    fn due(&self) -> Result<Vec<u64>, AgentError> {
        let row = self.vault.state(DUE)?.unwrap_or_else(|| b"[]".to_vec());
        let damaged = |error| AgentError::vault(self.vault.folder(), format!("its row: {error}"));
        serde_json::from_slice(&row).map_err(damaged)
    }

    fn forget_due(&self, sequence: u64) -> Result<(), AgentError> {
        let mut due = self.due()?;
        due.retain(|due| *due != sequence);
        self.put_due(&due)
    }

    fn put_due(&self, due: &[u64]) -> Result<(), AgentError> {
        let row = serde_json::to_vec(due).expect("numbers are JSON");
        self.vault.put_state(DUE, &row)
    }
}
