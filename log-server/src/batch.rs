//! A batch: what one commit holds, and who waits for it.
//!
//! What is decided because of other entries of the batch is only true if it is committed, and is
//! only said then.

use bytes::Bytes;
use spec::Hash;
use spec::evidence::statement::Statement;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::admission::{Chains, Place, Submission};
use crate::answer::{AddError, Sequenced};
use crate::index::{Key, KeyMap};
use crate::queue::Answer;

/// A batch being put together: nothing of it has happened yet.
#[derive(Default)]
pub(crate) struct Batch {
    /// The index of its first entry.
    pub(crate) from: u64,
    /// Its entries, which the tail takes over.
    pub(crate) entries: Vec<Bytes>,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) keys: Vec<(Key, u64)>,
    /// The last statement of each source in it.
    pub(crate) pending: Chains,
    /// Where in the batch a key is: the same entry twice, or two statements for one place.
    positions: KeyMap<usize>,
    waiters: Vec<Waiter>,
}

/// What becomes of one submission.
pub(crate) enum Outcome {
    /// Answered whatever happens to the batch.
    Settled(Result<Sequenced, AddError>),
    /// Refused because of what is in the batch: only true if the batch is committed.
    Refused(AddError),
    /// At an index of the batch; `known` if another submission put it there.
    At(Sequenced),
}

impl Batch {
    /// Makes an empty batch behind `from` entries out of one that is over, to reuse its memory.
    pub(crate) fn recycle(mut self, from: u64) -> Self {
        self.from = from;
        self.entries.clear();
        self.leaves.clear();
        self.keys.clear();
        self.pending = Chains::default();
        self.positions.clear();
        self.waiters.clear();
        self
    }

    /// Appends an entry.
    pub(crate) fn push(&mut self, submission: Submission) -> Outcome {
        let position = self.leaves.len();
        let index = self.from + position as u64;
        let (entry, leaf, place) = submission.into_parts();
        let key = Key::of_leaf(leaf);
        self.positions.insert(key, position);
        self.keys.push((key, index));
        if let Some(place) = place {
            let key = key_of_place(&place);
            self.positions.insert(key, position);
            self.keys.push((key, index));
            self.pending.advance(place, leaf);
        }
        self.entries.push(entry);
        self.leaves.push(leaf);
        Outcome::At(Sequenced { index, known: false })
    }

    /// Remembers whom to answer.
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// The entry in this batch that has a key, and its leaf hash.
    fn find(&self, key: Key) -> Option<(Sequenced, Hash)> {
        let position = *self.positions.get(&key)?;
        let index = self.from + position as u64;
        Some((Sequenced { index, known: true }, self.leaves[position]))
    }

    /// The entry in this batch with this leaf hash. A key is half of it, and decides nothing alone.
    pub(crate) fn find_leaf(&self, leaf: Hash) -> Option<Sequenced> {
        let (sequenced, found) = self.find(Key::of_leaf(leaf))?;
        (found == leaf).then_some(sequenced)
    }

    /// The statement in this batch that has this place, and its leaf hash. The statement is asked, as a
    /// stored one is: the key is half of a hash, and decides nothing alone.
    pub(crate) fn find_place(&self, place: &Place) -> Option<(Sequenced, Hash)> {
        let (sequenced, leaf) = self.find(key_of_place(place))?;
        let entry = self.entries.get((sequenced.index - self.from) as usize)?;
        let stored = Statement::parse(entry).ok()?;
        let is_it = stored.source() == &place.source && stored.sequence() == place.sequence;
        is_it.then_some((sequenced, leaf))
    }

    /// Whether a statement of the same source is in the batch already.
    pub(crate) fn has_source(&self, submission: &Submission) -> bool {
        submission.place().is_some_and(|place| self.pending.has(&place.source))
    }

    /// Answers every waiter, now that the log has all that the answers speak of.
    ///
    /// With a `runtime`, many are answered on one of its threads: there, waking a task costs a place in
    /// that thread's own queue, and here a lock for each, which all threads want.
    pub(crate) fn answer(&mut self, runtime: Option<&Handle>) {
        match runtime {
            Some(runtime) if self.waiters.len() > FEW => {
                let waiters = std::mem::take(&mut self.waiters);
                runtime.spawn(async { waiters.into_iter().for_each(|waiter| waiter.settle(said)) });
            }
            _ => self.waiters.drain(..).for_each(|waiter| waiter.settle(said)),
        }
    }

    /// Answers every waiter when the batch was not committed: whatever was decided because of it
    /// is void.
    pub(crate) fn fail(&mut self, why: &AddError) {
        let failed = |outcome| match outcome {
            Outcome::Settled(answer) => answer,
            Outcome::Refused(_) | Outcome::At(_) => Err(why.clone()),
        };
        self.waiters.drain(..).for_each(|waiter| waiter.settle(failed));
    }

    /// Answers every waiter when refusals could not be trusted either: only who has an index gets it.
    pub(crate) fn fail_all(&mut self, why: &AddError) {
        let failed = |outcome| match outcome {
            Outcome::Settled(Ok(sequenced)) => Ok(sequenced),
            Outcome::Settled(Err(AddError::WrongPlace { .. }))
            | Outcome::Refused(_)
            | Outcome::At(_) => Err(why.clone()),
            Outcome::Settled(answer) => answer,
        };
        self.waiters.drain(..).for_each(|waiter| waiter.settle(failed));
    }
}

/// What to say once the batch is committed.
fn said(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Settled(answer) => answer,
        Outcome::Refused(error) => Err(error),
        Outcome::At(sequenced) => Ok(sequenced),
    }
}

/// So many waiters are answered by the thread that commits: it is done before another would begin.
const FEW: usize = 4;

/// A request that waits for the batch. Its asker may have gone; its entries are in the log all the same.
pub(crate) enum Waiter {
    /// One entry.
    One(Outcome, oneshot::Sender<Answer>),
    /// Some, answered together.
    Many(Vec<Outcome>, oneshot::Sender<Vec<Answer>>),
}

impl Waiter {
    fn settle(self, settle: impl Fn(Outcome) -> Answer) {
        match self {
            Self::One(outcome, answer) => drop(answer.send(settle(outcome))),
            Self::Many(outcomes, answer) => {
                drop(answer.send(outcomes.into_iter().map(settle).collect()));
            }
        }
    }
}

/// The key of a statement's place.
pub(crate) fn key_of_place(place: &Place) -> Key {
    Key::of_place(place.source.as_str(), place.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources;
    use spec::checkpoint::Origin;
    use spec::evidence::statement::{After, Draft};
    use spec::hash::leaf_hash;
    use spec::key::{Algorithm, KeyName, SigningKey};

    #[test]
    fn another_entry_under_the_same_key_is_not_the_same_entry() {
        let mut batch = Batch { from: 7, ..Batch::default() };
        let one = Submission::opaque(b"one").unwrap();
        let leaf = one.leaf();
        assert!(matches!(batch.push(one), Outcome::At(Sequenced { index: 7, known: false })));
        assert_eq!(batch.find_leaf(leaf), Some(Sequenced { index: 7, known: true }));
        let other = leaf_hash(b"other");
        assert_eq!(batch.find_leaf(other), None);
        // As if the halves of both were equal.
        batch.positions.insert(Key::of_leaf(other), 0);
        assert_eq!(batch.find_leaf(other), None);
    }

    #[test]
    fn another_statement_under_the_same_key_is_not_the_one_of_that_place() {
        let folder = tempfile::tempdir().unwrap();
        let name = |text: &str| KeyName::parse(text).unwrap();
        let key = SigningKey::from_seed(name("aoi-7"), Algorithm::NoteEd25519, &[1; 32]).unwrap();
        let listing = sources::Listing::new(&key.verifier().to_string(), "").unwrap();
        sources::add(folder.path(), listing).unwrap();
        let listed = sources::Sources::load(folder.path()).unwrap();
        let origin = Origin::parse("log.example").unwrap();
        let (after, batch_hash) = (After::NOTHING, Hash::of(b"a batch"));
        let draft = Draft::new(origin, name("aoi-7"), 0, Hash::ZERO, after, batch_hash).unwrap();
        let entry = draft.sign(&key).unwrap().to_bytes();
        let (submission, _) = Submission::statement(&entry, "log.example", &listed).unwrap();
        let (leaf, place) = (submission.leaf(), submission.place().unwrap().clone());

        let mut batch = Batch { from: 7, ..Batch::default() };
        assert!(batch.find_place(&place).is_none());
        batch.push(submission);
        assert_eq!(batch.find_place(&place), Some((Sequenced { index: 7, known: true }, leaf)));
        let others =
            [Place { source: name("spi-1"), ..place.clone() }, Place { sequence: 1, ..place }];
        for other in others {
            // As if the halves of both were equal.
            batch.positions.insert(key_of_place(&other), 0);
            assert!(batch.find_place(&other).is_none());
        }
    }
}
