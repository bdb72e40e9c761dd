//! What every journal must do, as tests that each implementation runs.

use bytes::Bytes;
use spec::frontier::Frontier;
use spec::hash::leaf_hash;

use super::{AppendError, Base, Journal};

fn entries(range: std::ops::Range<u64>) -> Vec<Bytes> {
    range.map(|at| Bytes::from(format!("entry {at}"))).collect()
}

/// Runs the contract on an empty journal.
pub(crate) fn run(journal: &mut dyn Journal) {
    appends_in_order(journal);
    refuses_another_size(journal);
    trims_and_keeps(journal);
}

fn appends_in_order(journal: &mut dyn Journal) {
    journal.append(0, &entries(0..3)).unwrap();
    journal.append(3, &entries(3..4)).unwrap();
    let loaded = journal.load().unwrap();
    assert_eq!(loaded.base, Base::empty());
    assert_eq!(loaded.entries, entries(0..4));
}

fn refuses_another_size(journal: &mut dyn Journal) {
    for expected in [0, 3, 5] {
        let refused = journal.append(expected, &entries(9..10));
        assert_eq!(refused, Err(AppendError::Conflict { size: 4, expected }));
    }
    assert_eq!(journal.load().unwrap().size(), 4);
}

fn trims_and_keeps(journal: &mut dyn Journal) {
    let leaves: Vec<_> = entries(0..3).iter().map(|entry| leaf_hash(entry)).collect();
    let mut frontier = Frontier::new();
    let growth = frontier.grow(&leaves);
    frontier.advance(&growth);
    let base = Base { frontier, heads_size: 4, heads: Vec::new() };
    journal.trim(&base, &entries(3..4)).unwrap();
    journal.append(4, &entries(4..6)).unwrap();
    let loaded = journal.load().unwrap();
    assert_eq!(loaded.base, base);
    assert_eq!(loaded.entries, entries(3..6));
}

#[test]
fn the_embedded_journal_keeps_the_contract() {
    // Without a reserve, with one that one entry uses up, and with one that takes all of them.
    for reserve in [0, 30, 4096] {
        let folder = tempfile::tempdir().unwrap();
        let disk = crate::disk::MachineDisk::open(folder.path()).unwrap();
        let path = folder.path().join("journal");
        let opened = super::file::FileJournal::open(std::sync::Arc::new(disk), &path, None);
        let mut journal = opened.unwrap().0.with_reserve(reserve);
        run(&mut journal);
        let file_length = || std::fs::metadata(&path).unwrap().len();
        let bytes = journal.bytes();
        assert!(reserve == 0 || file_length() > bytes, "{reserve}: there is a reserve");
        journal.close();
        assert_eq!((file_length(), journal.bytes()), (bytes, bytes), "{reserve}");
        assert_eq!(journal.load().unwrap().size(), 6);
    }
}
