//! A database that a log leaves, while servers are at work in it.

use spec::checkpoint::Checkpoint;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::tree::Tree;

use super::moving::PostgresHome;
use super::*;
use crate::heads::{Kept, Office, Record, WriteError};
use crate::id::Id;
use crate::moved::Stage;

#[test]
fn who_leaves_takes_the_office_and_the_journal_from_whoever_has_them() {
    let Some(server) = made(Admission::Any) else { return };
    let mut journal = open(&server.address());
    let heads = PostgresHeads::new(database(&server.address())).unwrap();
    assert_eq!(heads.office().unwrap(), Office::Begun);
    let name = KeyName::parse(origin().as_str()).unwrap();
    let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[3; 32]).unwrap();
    let text = Checkpoint::new(origin(), Tree::EMPTY).to_string();
    let signature = key.sign_note(&text);
    let note = Note::new(text, vec![signature]);
    heads.write(Kept::Signed, 0, &note).unwrap();
    journal.append(0, &entries(0..2)).unwrap();

    let home = PostgresHome::open(&database(&server.address())).unwrap();
    let id = Id::draw().unwrap();
    home.leave(id, "there").unwrap();
    home.leave(id, "there").unwrap();
    // The head that was about to be stored is not, and nothing is published any more.
    for kept in [Kept::Signed, Kept::Published] {
        let lost = heads.write(kept, 1, &note);
        assert!(matches!(lost, Err(WriteError::Refused(_))), "{lost:?}");
        assert_eq!(heads.office().unwrap(), Office::Others);
    }
    let refused = journal.append(2, &entries(2..3));
    assert!(matches!(&refused, Err(AppendError::Fatal(why)) if why.to_string().contains("there")));
    let other = PostgresJournal::open(database(&server.address()), Admission::Any);
    assert!(matches!(other, Err(Trouble::Fatal(_))));
    // A second move finds that the log is on its way.
    assert!(home.leave(Id::draw().unwrap(), "elsewhere").is_err());
    let held = home.held().unwrap().unwrap();
    assert_eq!(held.mark.unwrap().stage, Stage::Leaving);
    assert_eq!((held.tree.size(), home.read().unwrap().loaded.size()), (2, 2));

    home.stay(id).unwrap();
    assert_eq!(heads.office().unwrap(), Office::Begun);
    heads.write(Kept::Signed, 2, &note).unwrap();
    open(&server.address()).append(2, &entries(2..3)).unwrap();
}

#[test]
fn a_database_that_holds_a_live_log_is_not_filled() {
    let Some(server) = made(Admission::Any) else { return };
    let database = database(&server.address());
    let home = PostgresHome::open(&database).unwrap();
    let settings = schema::settings(&database).unwrap().unwrap();
    let id = Id::draw().unwrap();
    assert!(matches!(home.begin(id, "there", &settings), Err(Trouble::Fatal(_))));
    // Nor is one finished, left or closed that no move has to do with.
    for refused in [home.left(id), home.stay(id), home.close(id)] {
        assert!(matches!(refused, Err(Trouble::Fatal(_))), "{refused:?}");
    }
    open(&server.address()).append(0, &entries(0..1)).unwrap();
}
