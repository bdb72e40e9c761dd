//! What a server takes over that was away for long.

use spec::frontier::Frontier;
use spec::hash::leaf_hash;

use super::*;
use crate::bare;
use crate::indexer;
use crate::journal::Base;
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
    let folder = tempfile::tempdir().unwrap();
    let objects = Box::new(bare::folder_objects(folder.path()));
    let Started { shared, mut sequencer, .. } = bare::open(folder.path(), objects);
    indexer::open_if_empty(&shared);
    sequencer.take_in(bare::entries(0..300)).unwrap();
    let generation = shared.index.generation();
    let indexing = shared.clone();
    let thread = std::thread::spawn(move || indexer::run(&indexing));

    // Others go on, seal, and trim.
    let mut tail = Tail::new(Frontier::new());
    bare::commit(&mut tail, 900);
    bare::seal(&mut tail, shared.objects.as_ref());
    sequencer.begin_anew(loaded(768, 900)).unwrap();
    bare::wait_until(|| shared.index.is_ready() || thread.is_finished());
    assert_eq!(shared.index.generation(), generation, "it was emptied");
    assert_eq!(shared.index.waiting(), 900, "an entry was added twice, or not at all");
    for (entry, at) in bare::entries(0..900).iter().zip(0..) {
        assert_eq!(shared.find_leaf(leaf_hash(entry)), Ok(Some(at)));
    }
    bare::end(&shared);
    thread.join().unwrap().unwrap();
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
