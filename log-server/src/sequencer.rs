//! The sequencer: the one place where the head of the log moves.
//!
//! One thread takes all that waits, decides what of it is admitted and in which order, computes
//! what the tree will be, and commits it with one append to the journal. The order of the lines
//! in `Sequencer::round` is the safety argument; `spec/text/sequencing.md` tells it in words.
//! Where servers share the journal, the round is that of `together`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use spec::Hash;
use spec::evidence::statement::Statement;
use spec::frontier::{Frontier, Growth};
use spec::hash::leaf_hashes;
use spec::tile::TILE_WIDTH;
use tokio::runtime::Handle;

use crate::admission::{Admission, Chains, Place, Placing, Submission};
use crate::answer::{AddError, Fatal, ReadError, Sequenced};
use crate::batch::{Batch, Outcome, Waiter};
use crate::index::Key;
use crate::journal::{AppendError, Base, Journal, frame};
use crate::queue::Request;
use crate::sealer::{ADVICE, BundleError, read_bundle};
use crate::shared::Shared;

mod together;

/// Beyond this the journal is trimmed even past the last signed head, whose root is then computed
/// again from tiles at the next signature: slower, but the journal stays small while witnesses
/// are away.
const TRIM_PAST_SIGNED_BYTES: u64 = 64 * 1024 * 1024;

/// How many keys may wait in memory for the indexer before new entries are refused for a moment:
/// some 16 MB.
const MAX_UNINDEXED: usize = 4 * crate::index::RUN_KEYS;

/// Puts entries in order. Owns the journal.
pub struct Sequencer {
    shared: Arc<Shared>,
    journal: Box<dyn Journal>,
    chains: Chains,
    /// The frontier of the journal's base, for the next trim.
    base: Frontier,
    /// The bytes of the journal's base alone: what a trim cannot take away.
    base_bytes: u64,
    /// Memory of the last batch.
    spare: Batch,
    /// Where many are answered at once, if it was made within a runtime.
    runtime: Option<Handle>,
    /// Before so many more rounds its turn is waited for, because other servers commit too.
    turns: u32,
}

impl Sequencer {
    /// Takes over a journal whose entries are in `shared` already.
    #[must_use]
    pub fn new(shared: Arc<Shared>, journal: Box<dyn Journal>, chains: Chains, base: Base) -> Self {
        let base_bytes = frame::format_base(&base).len() as u64;
        let (base, spare, runtime) = (base.frontier, Batch::default(), Handle::try_current().ok());
        Self { shared, journal, chains, base, base_bytes, spare, runtime, turns: 0 }
    }

    /// Works until the queue is closed and empty.
    pub fn run(&mut self) -> Result<(), Fatal> {
        let is_shared = self.journal.is_shared();
        loop {
            let in_turn = is_shared && self.wait_for_turn()?;
            let Some(requests) = self.shared.queue.take() else {
                // Of a log that was stopped by a fault everything is left as it is.
                if self.shared.fatal().is_none() {
                    self.journal.close();
                }
                return Ok(());
            };
            match is_shared {
                true => self.round_together(requests, in_turn)?,
                false => self.round(requests)?,
            }
        }
    }

    /// Commits what waits. Leaves with an error only when the log must stop.
    fn round(&mut self, requests: Vec<Request>) -> Result<(), Fatal> {
        let (from, unsealed) = {
            let tail = self.shared.tail.read().expect("no panic under this lock");
            (tail.frontier().size(), tail.bytes())
        };
        let full = unsealed > self.shared.limits.unsealed_bytes
            || self.shared.index.waiting() > MAX_UNINDEXED;
        let mut batch = std::mem::take(&mut self.spare).recycle(from);
        self.admit(requests, &mut batch, full);
        if batch.entries.is_empty() {
            batch.answer(self.runtime.as_ref());
            self.spare = batch;
            return Ok(());
        }

        let growth = {
            let tail = self.shared.tail.read().expect("no panic under this lock");
            tail.frontier().grow(&batch.leaves)
        };
        // THE COMMIT POINT. Before it nothing has happened; behind it a crash is replayed.
        match self.journal.append(from, &batch.entries) {
            Ok(()) => {}
            Err(AppendError::Refused(why)) => {
                tracing::warn!(%why, "a batch was not stored; nothing of it was promised");
                batch.fail(&AddError::Storage(why));
                return Ok(());
            }
            Err(error) => {
                let fatal = Fatal::new(error.to_string());
                batch.fail(&AddError::Fatal(fatal.clone()));
                return Err(fatal);
            }
        }
        self.committed(batch, growth)
    }

    /// Makes a batch that is in the journal part of what is read, and answers who waits for it.
    fn committed(&mut self, mut batch: Batch, growth: Growth) -> Result<(), Fatal> {
        self.chains.merge(std::mem::take(&mut batch.pending));
        {
            // Index and tail change together: whoever sees the entry can find it.
            let mut tail = self.shared.tail.write().expect("no panic under this lock");
            tail.commit(std::mem::take(&mut batch.entries), &batch.leaves, growth);
            if self.shared.index.is_ready() {
                self.shared.index.add(&batch.keys);
            }
        }
        batch.answer(self.runtime.as_ref());
        self.wake(batch.from, batch.leaves.len() as u64);
        self.spare = batch;
        self.trim_if_due()
    }

    fn wake(&self, from: u64, count: u64) {
        self.shared.publish_bell.ring();
        if from / TILE_WIDTH != (from + count) / TILE_WIDTH {
            self.shared.seal_bell.ring();
        }
        if self.shared.index.waiting() >= crate::index::RUN_KEYS {
            self.shared.index_bell.ring();
        }
        metrics::counter!("fiducial_log_commits_total").increment(1);
        metrics::histogram!("fiducial_log_commit_entries").record(count as f64);
    }

    fn admit(&self, requests: Vec<Request>, batch: &mut Batch, full: bool) {
        for request in requests {
            let mut place = |submission| self.place(submission, batch, full);
            let waiter = match request {
                Request::One(submission, answer) => Waiter::One(place(submission), answer),
                Request::Many(submissions, answer) => {
                    Waiter::Many(submissions.into_iter().map(place).collect(), answer)
                }
            };
            batch.wait(waiter);
        }
    }

    fn place(&self, submission: Submission, batch: &mut Batch, full: bool) -> Outcome {
        if let Some(sequenced) = batch.find_leaf(submission.leaf()) {
            return Outcome::At(sequenced);
        }
        let settled = match submission.place() {
            None => self.known_leaf(&submission),
            Some(place) => match self.chains.place(place, &batch.pending) {
                Placing::Next => Ok(None),
                Placing::Past => self.past(place, &submission, batch).map(Some),
                Placing::Refused(error) => Err(error),
            },
        };
        match settled {
            Ok(Some(sequenced)) => Outcome::Settled(Ok(sequenced)),
            // Judged by statements of this batch: if they are not stored, that is the answer.
            Err(error) if batch.has_source(&submission) => Outcome::Refused(error),
            Err(error) => Outcome::Settled(Err(error)),
            Ok(None) if full => Outcome::Settled(Err(AddError::Overloaded)),
            Ok(None) => batch.push(submission),
        }
    }

    /// An opaque entry may be anywhere in the log already.
    fn known_leaf(&self, submission: &Submission) -> Result<Option<Sequenced>, AddError> {
        let found = self.shared.find_leaf(submission.leaf()).map_err(refuse)?;
        Ok(found.map(|index| Sequenced { index, known: true }))
    }

    /// A statement whose number is taken: the very same one again, or another.
    fn past(
        &self,
        place: &Place,
        submission: &Submission,
        batch: &Batch,
    ) -> Result<Sequenced, AddError> {
        let sequence = place.sequence;
        if let Some((found, accepted)) = batch.find_place(place) {
            return Err(AddError::Taken { sequence, index: found.index, accepted });
        }
        let found = self.shared.find_place(place).map_err(refuse)?;
        let missing = || refuse(ReadError::Damaged(format!("statement {sequence} of a source")));
        let index = found.ok_or_else(missing)?;
        let accepted = self.shared.leaf(index).map_err(refuse)?;
        if accepted == submission.leaf() {
            return Ok(Sequenced { index, known: true });
        }
        Err(AddError::Taken { sequence, index, accepted })
    }

    /// Moves the journal's base forward once enough of it is safe in objects.
    fn trim_if_due(&mut self) -> Result<(), Fatal> {
        let bytes = self.journal.bytes();
        if bytes < self.shared.limits.trim_bytes + 2 * self.base_bytes {
            return Ok(());
        }
        let tail = self.shared.tail.read().expect("no panic under this lock");
        let signed = self.shared.signed_size.load(Ordering::Acquire);
        let to =
            if bytes > TRIM_PAST_SIGNED_BYTES { tail.sealed() } else { tail.sealed().min(signed) };
        let to = to - to % TILE_WIDTH;
        let count = to.saturating_sub(self.base.size()) as usize;
        // A trim writes what it keeps once more, so it must take at least as much away.
        let held = tail.frontier().size() - self.base.size();
        if count == 0 || (count as u64) < held / 2 {
            return Ok(());
        }
        let mut base = self.base.clone();
        {
            // Held for a moment only: the sealer takes this lock inside the tail's.
            let leaves = self.shared.sealed_leaves.lock().expect("no panic under this lock");
            let growth = base.grow(&leaves[..count]);
            base.advance(&growth);
        }
        let heads_size = tail.frontier().size();
        // Where servers share it, what is kept is in its place already.
        let is_shared = self.journal.is_shared();
        let kept = if is_shared { Ok(Vec::new()) } else { self.kept_entries(&tail, to) };
        let kept = match kept {
            Ok(kept) => kept,
            // A store that is away is no reason to stop: the journal only stays longer meanwhile.
            Err(error @ BundleError::Away(_)) => {
                tracing::warn!(%error, "the journal was not trimmed");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        drop(tail);
        let whole = Base { frontier: base.clone(), heads_size, heads: self.chains.to_heads() };
        match self.journal.trim(&whole, &kept) {
            Ok(()) => {
                let leaves = &self.shared.sealed_leaves;
                leaves.lock().expect("no panic under this lock").drain(..count);
                self.base = base;
                self.base_bytes = frame::format_base(&whole).len() as u64;
                Ok(())
            }
            // The journal is as it was; it is tried again after the next commit.
            Err(AppendError::Refused(why)) => {
                tracing::warn!(%why, "the journal was not trimmed");
                Ok(())
            }
            Err(error) => Err(Fatal::new(error.to_string())),
        }
    }

    /// The entries from `to` on: those in memory, and before them those sealed but not signed yet.
    fn kept_entries(&self, tail: &crate::tail::Tail, to: u64) -> Result<Vec<Bytes>, BundleError> {
        let sealed = tail.sealed();
        let mut kept = Vec::new();
        let leaves = self.shared.sealed_leaves.lock().expect("no panic under this lock");
        for index in (to..sealed).step_by(TILE_WIDTH as usize) {
            let bundle = read_bundle(self.shared.objects.as_ref(), index)?;
            // The new journal replaces one that holds these entries: damage must not be copied in.
            let committed = &leaves[(index - self.base.size()) as usize..][..bundle.len()];
            if leaf_hashes(&bundle) != committed {
                return Err(Fatal::new(format!(
                    "The bundle of entry {index} has changed since it was stored. The journal \
                     still holds its entries. {ADVICE}"
                ))
                .into());
            }
            kept.extend(bundle);
        }
        kept.extend(tail.entries_from(sealed));
        Ok(kept)
    }
}

fn refuse(error: ReadError) -> AddError {
    match error {
        ReadError::IndexNotReady => AddError::IndexNotReady,
        other => AddError::Storage(other.to_string()),
    }
}

/// What a log of this kind indexes for an entry.
pub fn keys_of(admission: Admission, entry: &[u8], leaf: Hash) -> Vec<Key> {
    let mut keys = vec![Key::of_leaf(leaf)];
    if admission == Admission::Statements
        && let Ok(statement) = Statement::parse(entry)
    {
        keys.push(Key::of_place(statement.source().as_str(), statement.sequence()));
    }
    keys
}
