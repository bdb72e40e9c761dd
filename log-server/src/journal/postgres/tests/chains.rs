//! Chains of sources, which the database guards beside the sequencer.

use spec::Hash;
use spec::evidence::statement::{After, Draft};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};

use super::*;

fn statement(source: &str, sequence: u64, previous: Hash, batch: &[u8]) -> Bytes {
    let name = KeyName::parse(source).unwrap();
    let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[3; 32]).unwrap();
    let draft =
        Draft::new(origin(), name, sequence, previous, After::NOTHING, Hash::of(batch)).unwrap();
    draft.sign(&key).unwrap().to_bytes().into()
}

#[test]
fn a_chain_goes_on_by_one_or_not_at_all() {
    let Some(server) = made(Admission::Statements) else { return };
    let (mut journal, _) =
        PostgresJournal::open(database(&server.address()), Admission::Statements).unwrap();
    let first = statement("aoi-7", 0, Hash::ZERO, b"a");
    let second = statement("aoi-7", 1, leaf_hash(&first), b"b");
    let of_other = statement("spi-1", 0, Hash::ZERO, b"c");
    journal.append(0, &[first.clone(), of_other, second.clone()]).unwrap();

    let third = leaf_hash(&second);
    for wrong in [
        statement("aoi-7", 1, leaf_hash(&first), b"other"),
        statement("aoi-7", 3, third, b"gap"),
        statement("aoi-7", 2, leaf_hash(&first), b"another chain"),
        statement("axi-2", 1, Hash::of(b"nothing"), b"no beginning"),
    ] {
        let refused = journal.append(3, &[wrong]);
        assert!(matches!(refused, Err(AppendError::Refused(_))), "{refused:?}");
    }
    // A second beginning of a source that has one.
    let again = journal.append(3, &[statement("spi-1", 0, Hash::ZERO, b"again")]);
    assert_eq!(again, Err(AppendError::Duplicate));
    journal.append(3, &[statement("aoi-7", 2, third, b"d")]).unwrap();
    assert_eq!(journal.load().unwrap().size(), 4);
}
