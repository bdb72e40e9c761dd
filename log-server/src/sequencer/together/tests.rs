//! What a server takes over that was away for long.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use spec::frontier::Frontier;
use spec::hash::leaf_hash;

use super::*;
use crate::bare;
use crate::indexer;
use crate::journal::{Base, Journal};
use crate::start::Started;
use crate::tail::Tail;

/// What the journal holds of `size` entries once those below `base` are trimmed away.
fn loaded(base: u64, size: u64) -> Loaded {
    let leaves: Vec<Hash> = leaf_hashes(&bare::entries(0..base));
    let mut frontier = Frontier::new();
    let growth = frontier.grow(&leaves);
    frontier.advance(&growth);
    let base = Base { heads_size: base, heads: Vec::new(), frontier };
    Loaded { entries: bare::entries(base.heads_size..size), base, torn_bytes: 0 }
}

#[test]
fn an_index_that_missed_what_was_trimmed_gets_that_and_is_not_made_again() {
    // The indexer's thread may get its first turn before that or after it.
    for is_late in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let objects = Box::new(bare::folder_objects(folder.path()));
        let Started { shared, mut sequencer, .. } = bare::open(folder.path(), objects);
        indexer::open_if_empty(&shared);
        sequencer.take_in(bare::entries(0..300)).unwrap();
        let generation = shared.index.generation();
        let start = || {
            let indexing = shared.clone();
            std::thread::spawn(move || indexer::run(&indexing))
        };
        let early = (!is_late).then(start);

        // Others go on, seal, and trim.
        let mut tail = Tail::new(Frontier::new());
        bare::commit(&mut tail, 900);
        bare::seal(&mut tail, shared.objects.as_ref());
        sequencer.begin_anew(loaded(768, 900)).unwrap();
        let thread = early.unwrap_or_else(start);
        bare::wait_until(|| shared.index.is_ready() || thread.is_finished());
        assert_eq!(shared.index.generation(), generation, "it was emptied");
        assert_eq!(shared.index.waiting(), 900, "an entry was added twice, or not at all");
        for (entry, at) in bare::entries(0..900).iter().zip(0..) {
            assert_eq!(shared.find_leaf(leaf_hash(entry)), Ok(Some(at)));
        }
        bare::end(&shared);
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn an_index_that_was_not_ready_is_not_taken_for_one_that_is_behind() {
    let folder = tempfile::tempdir().unwrap();
    let objects = Box::new(bare::folder_objects(folder.path()));
    let Started { shared, mut sequencer, .. } = bare::open(folder.path(), objects);
    sequencer.take_in(bare::entries(0..300)).unwrap();
    let mut tail = Tail::new(Frontier::new());
    bare::commit(&mut tail, 900);
    bare::seal(&mut tail, shared.objects.as_ref());
    sequencer.begin_anew(loaded(768, 900)).unwrap();
    assert_eq!(shared.index.take_behind(), None);
    // Neither is one that is in doubt besides.
    shared.index.set_ready(true);
    shared.index.fall_behind(900);
    shared.index.set_ready(false);
    assert_eq!(shared.index.take_behind(), None);
}

/// A journal to which others append.
struct OfOthers {
    news: Vec<Bytes>,
    bytes: u64,
    /// Up to where it was trimmed.
    trimmed: Arc<AtomicU64>,
}

impl Journal for OfOthers {
    fn append(&mut self, _expected: u64, _batch: &[Bytes]) -> Result<(), AppendError> {
        unreachable!("nobody asks for anything here")
    }

    fn load(&self) -> Result<Loaded, Fatal> {
        unreachable!("it is read as it grows")
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn trim(&mut self, base: &Base, _kept: &[Bytes]) -> Result<(), AppendError> {
        self.trimmed.store(base.frontier.size(), Ordering::Release);
        Ok(())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn news(&mut self, _hold: bool) -> Result<News, AppendError> {
        let news = std::mem::take(&mut self.news);
        Ok(if news.is_empty() { News::None } else { News::Entries(news) })
    }
}

/// Up to where a server trims that is asked for nothing, while others bring so many times what makes a trim due;
/// and what it keeps for the next trim.
fn trimmed_unasked(in_office: bool, times: u64) -> (u64, usize) {
    let folder = tempfile::tempdir().unwrap();
    let objects = Box::new(bare::folder_objects(folder.path()));
    let Started { shared, mut sequencer, .. } = bare::open(folder.path(), objects);
    shared.in_office.store(in_office, Ordering::Release);
    shared.signed_size.store(900, Ordering::Release);
    let trimmed = Arc::new(AtomicU64::new(0));
    let bytes = times * shared.limits.trim_bytes + 1_000;
    let journal = OfOthers { news: bare::entries(0..900), bytes, trimmed: trimmed.clone() };
    sequencer.journal = Box::new(journal);
    sequencer.round_together(Vec::new(), false).unwrap();
    {
        let mut tail = shared.tail.write().unwrap();
        let seal = tail.seal_below(u64::MAX).unwrap();
        tail.sealed_up_to(seal.size);
        shared.sealed_leaves.lock().unwrap().extend(&seal.leaves);
    }
    sequencer.round_together(Vec::new(), false).unwrap();
    let kept = shared.sealed_leaves.lock().unwrap().len();
    (trimmed.load(Ordering::Acquire), kept)
}

#[test]
fn a_server_that_is_asked_for_nothing_does_not_keep_what_others_have_sealed_for_ever() {
    assert_eq!(trimmed_unasked(true, 1), (768, 0));
    assert_eq!(trimmed_unasked(false, 1), (0, 768), "who is in office is first");
    assert_eq!(trimmed_unasked(false, OTHERS_TRIM), (768, 0));
}
