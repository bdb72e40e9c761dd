//! Evidence under any values: `spec` against the literal reading of its page, and openings of any
//! choice of records and fields.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its own body may")]
#![allow(dead_code, reason = "the literal reading has parts that only the vectors use")]

mod literal;

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::batch::{Batch, Header, Place};
use spec::evidence::disclosure::{Disclosure, Pick, PickFields, Shown};
use spec::evidence::field::Content;
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::multiproof;
use spec::evidence::record::Record;
use spec::evidence::statement::{After, Draft, Statement};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::tree::{Tree, root_of_leaves};

type Values = BTreeMap<String, Vec<u8>>;

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..40), "\\PC{0,20}".prop_map(String::into_bytes)]
}

/// A kind with some of its own fields and some others.
fn any_record() -> impl Strategy<Value = (Kind, Values)> {
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Batch).collect();
    prop::sample::select(kinds).prop_flat_map(|kind| {
        let known = prop::sample::select(kind.table()[1..].to_vec()).prop_map(String::from);
        let name = prop_oneof![4 => known, 1 => "x[a-z0-9-]{1,8}(/[a-z]{1,4})?"];
        (Just(kind), btree_map(name, any_value(), 0..12))
    })
}

fn build(records: &[(Kind, Values)], seed: u64) -> Batch {
    let mut drawn = 0_u64;
    let mut salts = || {
        drawn += 1;
        literal::sha256(&[&seed.to_be_bytes(), &drawn.to_be_bytes()])
    };
    let records = records.iter().map(|(kind, values)| {
        let named =
            values.iter().map(|(name, value)| (FieldName::parse(name).unwrap(), value.clone()));
        Record::new(*kind, named.collect(), &mut salts).unwrap()
    });
    let records = records.collect();
    let place = Place {
        origin: Origin::parse("log.example/any").unwrap(),
        source: KeyName::parse("any").unwrap(),
        sequence: seed,
    };
    Batch::new(place, Header::default(), records, &mut salts).unwrap()
}

fn literal_batch(batch: &Batch) -> literal::Batch {
    let field = |field: &spec::evidence::field::Field| {
        let (name, value) = match field.content() {
            Content::Absent => (String::new(), Vec::new()),
            Content::Present { name, value } => (name.to_string(), value.clone()),
        };
        literal::Field { salt: *field.salt(), name, value }
    };
    let records = batch.records().iter();
    let records =
        records.map(|record| literal::Record(record.fields().iter().map(field).collect()));
    let Place { origin, source, sequence } = batch.place();
    literal::Batch {
        origin: origin.to_string(),
        source: source.to_string(),
        sequence: *sequence,
        records: records.collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn commitments_are_the_page_s(records in vec(any_record(), 0..6), seed: u64) {
        let batch = build(&records, seed);
        let literal = literal_batch(&batch);
        prop_assert_eq!(*batch.commitment().as_bytes(), literal.commitment());
    }

    #[test]
    fn any_choice_opens_to_what_was_committed_and_to_nothing_else(
        records in vec(any_record(), 1..6),
        seed: u64,
        chosen in vec(any::<Index>(), 1..4),
        fields in vec(vec(any::<Index>(), 0..5), 4),
    ) {
        let batch = build(&records, seed);
        let all = batch.records();
        let indices: BTreeSet<usize> = chosen.iter().map(|index| index.index(all.len())).collect();
        let picks: Vec<Pick> = indices.iter().zip(&fields).map(|(index, fields)| {
            let record = &all[*index];
            let names = fields.iter().filter_map(|field| {
                let at = field.index(record.fields().len());
                match record.fields()[at].content() {
                    Content::Present { name, .. } => Some(name.clone()),
                    Content::Absent => FieldName::parse(record.kind().table()[at]).ok(),
                }
            });
            Pick { record: *index as u64, fields: PickFields::Named(names.collect()) }
        }).collect();
        let disclosure = Disclosure::of(&batch, &picks).unwrap();
        let parsed = Disclosure::parse(disclosure.to_json().as_bytes()).unwrap();
        prop_assert_eq!(&parsed, &disclosure);
        let opened = parsed.verify_commitment(batch.place(), batch.commitment()).unwrap();
        prop_assert_eq!(opened.records().len(), picks.len());
        for (opened, pick) in opened.records().iter().zip(&picks) {
            let record = &all[usize::try_from(pick.record).unwrap()];
            let PickFields::Named(names) = &pick.fields else { unreachable!() };
            for name in record.kind().table() {
                let want = match record.value(name) {
                    _ if *name != "kind" && !names.iter().any(|have| have.as_str() == *name) => Shown::Hidden,
                    None => Shown::Absent,
                    Some(value) => Shown::Value(value),
                };
                prop_assert_eq!(opened.shown(name), want);
            }
        }
        let literal = literal_batch(&batch);
        let literal_picks: Vec<(u64, Vec<u64>)> = opened.records().iter().map(|record| {
            (record.index(), record.fields().iter().map(|field| field.index()).collect())
        }).collect();
        let shown: Vec<u64> = literal_picks.iter().map(|(index, _)| *index).collect();
        let proof = literal::multiproof(&literal.record_leaves(), &shown);
        let json: serde_json::Value = serde_json::from_str(&disclosure.to_json()).unwrap();
        let have: Vec<&str> =
            json["proof"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap()).collect();
        let want: Vec<String> = proof.iter().map(|hash| literal::base64(hash)).collect();
        prop_assert_eq!(have, want);
    }

    #[test]
    fn multi_proofs_of_any_tree_hold_and_no_other_leaf_does(
        size in 1_u64..300,
        chosen in vec(any::<Index>(), 1..12),
        forged in any::<Index>(),
    ) {
        let raw: Vec<[u8; 32]> =
            (0..size).map(|n| literal::sha256(&[&n.to_be_bytes()])).collect();
        let leaves: Vec<Hash> = raw.iter().map(|leaf| Hash::from_bytes(*leaf)).collect();
        let indices: BTreeSet<u64> = chosen.iter()
            .map(|index| index.index(leaves.len()) as u64).collect();
        let indices: Vec<u64> = indices.into_iter().collect();
        let proof = multiproof::prove(&leaves, &indices).unwrap();
        let literal: Vec<Hash> =
            literal::multiproof(&raw, &indices).into_iter().map(Hash::from_bytes).collect();
        prop_assert_eq!(&proof, &literal);
        let root = root_of_leaves(&leaves);
        prop_assert_eq!(root.as_bytes(), &literal::root(&raw));
        let mut shown: Vec<(u64, Hash)> = indices.iter()
            .map(|index| (*index, leaves[usize::try_from(*index).unwrap()])).collect();
        prop_assert_eq!(multiproof::root(&shown, size, &proof), Ok(root));
        let at = forged.index(shown.len());
        shown[at].1 = Hash::of(b"forged");
        prop_assert_ne!(multiproof::root(&shown, size, &proof), Ok(root));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..400), text in "\\PC{0,300}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(statement) = Statement::parse(input) {
                prop_assert_eq!(statement.to_bytes(), input);
            }
            prop_assert!(Disclosure::parse(input).is_err());
        }
    }

    #[test]
    fn any_statement_survives_its_bytes(
        origin in "[^\\p{Cc}]{1,60}",
        source in "[^\\p{Cc}\\p{White_Space}+]{1,60}",
        sequence: u64,
        size: u64,
        seed: [u8; 32],
    ) {
        let hash = |text: &str| Hash::of(text.as_bytes());
        let previous = if sequence == 0 { Hash::ZERO } else { hash("previous") };
        let after = match size {
            0 => After::NOTHING,
            _ => After::checkpoint(Tree::new(size, hash("root")).unwrap(), hash("note")).unwrap(),
        };
        let source = KeyName::parse(&source).unwrap();
        let origin = Origin::parse(&origin).unwrap();
        let key = SigningKey::from_seed(source.clone(), Algorithm::NoteEd25519, &seed).unwrap();
        let draft = Draft::new(origin, source, sequence, previous, after, hash("batch")).unwrap();
        let signed = draft.sign(&key).unwrap();
        let parsed = Statement::parse(&signed.to_bytes()).unwrap();
        prop_assert_eq!(parsed.verify(key.verifier()), Ok(signed));
    }
}
