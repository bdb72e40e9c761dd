//! Several journals open to one database.

use spec::hash::leaf_hash;

use super::*;
use crate::journal::Base;

fn news(journal: &mut PostgresJournal, hold: bool) -> Vec<Bytes> {
    match journal.news(hold).unwrap() {
        News::Entries(entries) => entries,
        News::None => Vec::new(),
        News::Anew(loaded) => panic!("read anew: {}", loaded.size()),
    }
}

#[test]
fn who_is_stale_is_told_and_reads_what_the_others_wrote() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut other) = (open(&server.address()), open(&server.address()));
    one.append(0, &entries(0..3)).unwrap();
    let refused = other.append(0, &entries(7..8));
    assert_eq!(refused, Err(AppendError::Conflict { size: 3, expected: 0 }));
    assert_eq!(news(&mut other, false), entries(0..3));
    assert!(news(&mut other, false).is_empty());
    other.append(3, &entries(7..8)).unwrap();
    assert_eq!(news(&mut one, false), entries(7..8));
    assert_eq!(one.load().unwrap().size(), 4);
}

#[test]
fn a_server_that_wakes_after_long_does_no_harm_and_reads_anew() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut asleep) = (open(&server.address()), open(&server.address()));
    one.append(0, &entries(0..300)).unwrap();
    one.append(300, &entries(300..600)).unwrap();
    let loaded = one.load().unwrap();
    let mut frontier = loaded.base.frontier;
    let leaves: Vec<_> = entries(0..512).iter().map(|entry| leaf_hash(entry)).collect();
    frontier.advance(&frontier.grow(&leaves));
    let base = Base { frontier, heads_size: 600, heads: Vec::new() };
    one.trim(&base, &[]).unwrap();
    one.append(600, &entries(600..601)).unwrap();

    let refused = asleep.append(0, &entries(9..10));
    assert_eq!(refused, Err(AppendError::Conflict { size: 601, expected: 0 }));
    let News::Anew(anew) = asleep.news(true).unwrap() else { panic!("there is more to read") };
    assert_eq!((anew.base, anew.entries), (base, entries(512..601)));
    asleep.append(601, &entries(601..602)).unwrap();
    assert_eq!(one.load().unwrap().size(), 602);
}

#[test]
fn who_reads_with_the_head_what_is_trimmed_in_part_reads_anew() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut asleep) = (open(&server.address()), open(&server.address()));
    one.append(0, &entries(0..40)).unwrap();
    one.append(40, &entries(40..100)).unwrap();
    let mut frontier = one.load().unwrap().base.frontier;
    let leaves: Vec<_> = entries(0..50).iter().map(|entry| leaf_hash(entry)).collect();
    frontier.advance(&frontier.grow(&leaves));
    one.trim(&Base { frontier, heads_size: 100, heads: Vec::new() }, &[]).unwrap();
    let News::Anew(anew) = asleep.news(true).unwrap() else { panic!("the first are gone") };
    assert_eq!(anew.entries, entries(50..100));
    asleep.append(100, &entries(100..101)).unwrap();
}

#[test]
fn what_is_too_much_to_come_with_the_head_is_read_behind_it() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut other) = (open(&server.address()), open(&server.address()));
    let large: Vec<Bytes> = (0..4_u8).map(|at| Bytes::from(vec![at; 40_000])).collect();
    one.append(0, &large).unwrap();
    assert_eq!(news(&mut other, true), large);
    other.append(4, &entries(0..1)).unwrap();
    assert_eq!(one.load().unwrap().size(), 5);
}

#[test]
fn who_holds_the_head_is_next() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut other) = (open(&server.address()), open(&server.address()));
    assert!(news(&mut one, true).is_empty());
    let appended = std::thread::scope(|scope| {
        let late = scope.spawn(|| other.append(0, &entries(5..6)));
        one.append(0, &entries(0..2)).unwrap();
        late.join().unwrap()
    });
    assert_eq!(appended, Err(AppendError::Conflict { size: 2, expected: 0 }));
    // Let go, the head is anyone's.
    assert_eq!(news(&mut other, true), entries(0..2));
    other.let_go();
    one.append(2, &entries(2..3)).unwrap();
    assert_eq!(one.load().unwrap().entries, entries(0..3));
}

#[test]
fn who_sleeps_while_it_holds_the_head_loses_it() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut asleep, mut other) = (open(&server.address()), open(&server.address()));
    assert!(news(&mut asleep, true).is_empty());
    other.append(0, &entries(0..1)).unwrap();
    let refused = asleep.append(0, &entries(5..6));
    assert!(matches!(refused, Err(AppendError::Unknown(_))), "{refused:?}");
    assert_eq!(asleep.settle(), Ok(false));
    assert_eq!(news(&mut asleep, false), entries(0..1));
}

/// A server whose full tiles are in a folder of this name, which the first one settles.
fn settled(server: &Postgres, folder: &tempfile::TempDir, name: &str) -> Arc<Database> {
    let tiles = crate::objects::shared::SharedTiles::Folder(folder.path().join(name));
    let database = database(&server.address());
    place::settle(&database, &origin(), tiles.open().unwrap().as_ref()).unwrap();
    database
}

#[test]
fn who_sleeps_while_the_tiles_move_does_not_go_on() {
    let Some(server) = made(Admission::Any) else { return };
    let folder = tempfile::tempdir().unwrap();
    let journal = |name: &str| {
        let database = settled(&server, &folder, name);
        PostgresJournal::open(database, Admission::Any).unwrap().0
    };
    let mut asleep = journal("old");
    asleep.append(0, &entries(0..1)).unwrap();
    tables::run(&server.address(), "DELETE FROM log_place");
    let mut awake = journal("new");
    awake.append(1, &entries(1..2)).unwrap();
    assert!(matches!(asleep.append(1, &entries(5..6)), Err(AppendError::Conflict { .. })));
    let Err(AppendError::Fatal(why)) = asleep.news(true) else { panic!("it went on") };
    assert!(why.to_string().contains("in another store"), "{why}");
    assert!(news(&mut awake, false).is_empty());
}

#[test]
fn who_sleeps_while_the_tiles_move_sees_it_before_others_append() {
    let Some(server) = made(Admission::Any) else { return };
    let folder = tempfile::tempdir().unwrap();
    let asleep = Observer::new(settled(&server, &folder, "old"));
    assert_eq!(asleep.look(None).unwrap().size, 0);
    tables::run(&server.address(), "DELETE FROM log_place");
    settled(&server, &folder, "new");
    let Err(Trouble::Fatal(why)) = asleep.look(None) else { panic!("it goes on") };
    assert!(why.to_string().contains("in another store"), "{why}");
}

#[test]
fn no_entry_is_in_the_log_twice() {
    let Some(server) = made(Admission::Any) else { return };
    let mut journal = open(&server.address());
    journal.append(0, &entries(0..3)).unwrap();
    assert_eq!(journal.append(3, &entries(2..4)), Err(AppendError::Duplicate));
    assert!(news(&mut journal, true).is_empty());
    assert_eq!(journal.append(3, &entries(2..4)), Err(AppendError::Duplicate));
    journal.append(3, &entries(3..4)).unwrap();
    assert_eq!(journal.load().unwrap().entries, entries(0..4));
}

#[test]
fn who_is_far_behind_does_not_hold_the_head_while_it_reads() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut behind) = (open(&server.address()), open(&server.address()));
    let many = journal::MOST_HELD + 1;
    one.append(0, &entries(0..many)).unwrap();
    assert!(matches!(behind.news(true), Ok(News::Entries(read)) if read.len() as u64 == many));
    one.append(many, &entries(many..many + 1)).unwrap();
    let late = behind.append(many, &entries(many + 1..many + 2));
    assert!(matches!(late, Err(AppendError::Conflict { .. })), "{late:?}");
    // The rest is little, and held.
    assert!(matches!(behind.news(true), Ok(News::Entries(read)) if read.len() == 1));
    behind.append(many + 1, &entries(many + 1..many + 2)).unwrap();
}

#[test]
fn who_gave_way_once_has_its_turn_however_much_the_others_add() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut one, mut behind) = (open(&server.address()), open(&server.address()));
    let many = journal::MOST_HELD + 1;
    one.append(0, &entries(0..many)).unwrap();
    assert_eq!(news(&mut behind, true).len() as u64, many);
    one.append(many, &entries(many..2 * many)).unwrap();
    assert_eq!(news(&mut behind, true).len() as u64, many);
    let late = std::thread::scope(|scope| {
        let late = scope.spawn(|| one.append(2 * many, &entries(2 * many..3 * many)));
        behind.append(2 * many, &entries(3 * many..3 * many + 1)).unwrap();
        late.join().unwrap()
    });
    assert_eq!(late, Err(AppendError::Conflict { size: 2 * many + 1, expected: 2 * many }));
    assert_eq!(news(&mut one, false).len(), 1);
    // Behind its turn it gives way again.
    one.append(2 * many + 1, &entries(4 * many..5 * many)).unwrap();
    assert_eq!(news(&mut behind, true).len() as u64, many);
    one.append(3 * many + 1, &entries(5 * many..5 * many + 1)).unwrap();
    // Its session was not taken from it, as that of one who sleeps with the head would be.
    let refused = behind.append(3 * many + 1, &entries(6 * many..6 * many + 1));
    assert!(matches!(refused, Err(AppendError::Conflict { .. })), "{refused:?}");
}
