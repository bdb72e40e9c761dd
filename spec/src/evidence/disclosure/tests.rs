//! The disclosure's rules, each with a test that breaks it.

use super::*;
use crate::evidence::batch::tests::{batch, counting_salts, header, place};
use crate::evidence::statement::{After, Draft};
use crate::key::{Algorithm, KeyName, SigningKey};
use crate::tree::root_of_leaves;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

fn name(text: &str) -> FieldName {
    FieldName::parse(text).unwrap()
}

fn statement(batch: &Batch) -> VerifiedStatement {
    let Place { origin, source, sequence } = batch.place().clone();
    let key_name = KeyName::parse(source.as_str()).unwrap();
    let key = SigningKey::from_seed(key_name, Algorithm::NoteEd25519, &[3; 32]).unwrap();
    let previous = Hash::of(b"previous");
    Draft::new(origin, source, sequence, previous, After::NOTHING, batch.commitment())
        .unwrap()
        .sign(&key)
        .unwrap()
}

fn some(batch: &Batch) -> Disclosure {
    let named = |names: &[&str]| PickFields::Named(names.iter().map(|text| name(text)).collect());
    let picks = [
        Pick { record: 0, fields: PickFields::All },
        Pick { record: 2, fields: named(&["verdict", "lot", "own", "file/name"]) },
        Pick { record: 5, fields: named(&[]) },
    ];
    Disclosure::of(batch, &picks).unwrap()
}

#[test]
fn what_is_opened_is_shown_and_nothing_else() {
    let batch = batch(6);
    let opened = some(&batch).verify(&statement(&batch)).unwrap();
    assert_eq!(opened.record_count(), 7);
    assert_eq!(opened.header().unwrap().text("record/count"), Some("6"));
    let report = &opened.records()[1];
    assert_eq!((report.index(), report.kind()), (2, Kind::AoiReport));
    assert_eq!(report.shown("verdict"), Shown::Value(b"Passed"));
    assert_eq!(report.shown("lot"), Shown::Absent);
    assert_eq!(report.shown("panel"), Shown::Hidden);
    assert_eq!(report.shown("own"), Shown::Value(b""));
    assert!(!report.fields().last().unwrap().is_known());
    assert_eq!(opened.records()[2].fields().len(), 1);
    assert!(!opened.is_whole());
}

#[test]
fn what_is_left_of_a_batch_is_opened_as_if_nothing_were_gone() {
    let batch = batch(6);
    let gone = [1, 4];
    let records: Vec<Remaining<'_>> = batch
        .records()
        .iter()
        .enumerate()
        .map(|(index, record)| match gone.contains(&index) {
            true => Remaining::Leaf(record.leaf_hash()),
            false => Remaining::Whole(record),
        })
        .collect();
    let all = |record| Pick { record, fields: PickFields::All };
    let picks = [all(0), all(2), all(5)];
    let shown = Disclosure::of_remaining(batch.place(), &records, &picks);
    assert_eq!(shown, Disclosure::of(&batch, &picks));
    assert!(shown.unwrap().verify(&statement(&batch)).is_ok());
    let refused = Disclosure::of_remaining(batch.place(), &records, &[all(3), all(4)]);
    assert_eq!(refused, Err(PickError::Shredded { record: 4 }));
}

#[test]
fn a_disclosure_survives_its_file() {
    let batch = batch(6);
    for disclosure in [some(&batch), Disclosure::whole(&batch)] {
        let json = disclosure.to_json();
        assert_eq!(Disclosure::parse(json.as_bytes()), Ok(disclosure));
    }
}

#[test]
fn a_full_opening_gives_the_batch_back() {
    let batch = batch(9);
    let statement = statement(&batch);
    assert_eq!(Disclosure::whole(&batch).verify_whole(&statement), Ok(batch.clone()));
    assert_eq!(some(&batch).verify_whole(&statement), Err(DisclosureError::NotWhole));
}

#[test]
fn every_flipped_bit_of_the_file_is_noticed() {
    let batch = batch(3);
    let statement = statement(&batch);
    let picks = [Pick { record: 1, fields: PickFields::Named(vec![name("verdict"), name("lot")]) }];
    let disclosure = Disclosure::of(&batch, &picks).unwrap();
    let want = disclosure.verify(&statement).unwrap();
    // Compact, since a flipped bit in indentation can be another kind of white space.
    let value: serde_json::Value = serde_json::from_str(&disclosure.to_json()).unwrap();
    let json = value.to_string();
    assert_eq!(Disclosure::parse(json.as_bytes()), Ok(disclosure));
    for at in 0..json.len() {
        for bit in 0..8 {
            let mut changed = json.clone().into_bytes();
            changed[at] ^= 1 << bit;
            let opened = Disclosure::parse(&changed).and_then(|parsed| parsed.verify(&statement));
            assert!(opened.as_ref() != Ok(&want) && opened.is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_disclosure_belongs_to_one_statement() {
    let batch = batch(2);
    let disclosure = Disclosure::whole(&batch);
    let mut elsewhere = place();
    elsewhere.sequence += 1;
    let refused = disclosure.verify_commitment(&elsewhere, batch.commitment());
    assert_eq!(refused, Err(DisclosureError::Place));
    let refused = disclosure.verify_commitment(&place(), Hash::of(b"another"));
    assert_eq!(refused, Err(DisclosureError::Commitment { computed: batch.commitment() }));
}

#[test]
fn counts_are_bound_by_the_commitment() {
    let batch = batch(4);
    let statement = statement(&batch);
    // Opening everything needs no proof hash, so nothing but the commitment can notice.
    let mut shorter = Disclosure::whole(&batch);
    shorter.record_count -= 1;
    shorter.records.pop();
    assert!(matches!(shorter.verify(&statement), Err(DisclosureError::Commitment { .. })));
    let mut fewer = Disclosure::whole(&batch);
    fewer.records[2].field_count -= 1;
    fewer.records[2].fields.pop();
    assert!(matches!(fewer.verify(&statement), Err(DisclosureError::Commitment { .. })));
}

#[test]
fn the_kind_is_always_opened() {
    let batch = batch(2);
    let mut hidden = some_of_one(&batch);
    let record = &batch.records()[1];
    let verdict = record.index_of("verdict").unwrap();
    hidden.records[0].fields = vec![(verdict as u64, record.fields()[verdict].clone())];
    hidden.records[0].proof = multiproof::prove(&record.field_hashes(), &[verdict as u64]).unwrap();
    let refused = hidden.verify(&statement(&batch));
    assert_eq!(refused, Err(DisclosureError::Kind { record: 1 }));
}

fn some_of_one(batch: &Batch) -> Disclosure {
    Disclosure::of(batch, &[Pick { record: 1, fields: PickFields::All }]).unwrap()
}

/// A batch whose record 1 is exactly these fields: what a dishonest source could commit to.
fn crooked(contents: Vec<Content>) -> Result<OpenedBatch, DisclosureError> {
    let mut salts = counting_salts();
    let fields = contents.into_iter().map(|content| Field::new(salts(), content).unwrap());
    let crooked = Record::from_opened(Kind::Closing, fields.collect());
    let honest = Batch::new(place(), header(), vec![crooked], &mut salts).unwrap();
    some_of_one(&honest).verify(&statement(&honest))
}

fn present(field: &str, value: &[u8]) -> Content {
    Content::Present { name: name(field), value: value.to_vec() }
}

#[test]
fn position_binds_the_name() {
    let table = || {
        let mut contents = vec![present("kind", b"closing")];
        contents.extend(vec![Content::Absent; Kind::Closing.table().len() - 1]);
        contents
    };
    assert!(crooked(table()).is_ok());

    let mut misplaced = table();
    misplaced[1] = present("units", b"");
    assert_eq!(crooked(misplaced), Err(DisclosureError::Name { record: 1, index: 1 }));

    let behind = |extras: &[Content]| crooked([table(), extras.to_vec()].concat());
    let refused = |index| Err(DisclosureError::Name { record: 1, index });
    assert!(behind(&[present("a", b""), present("b", b"")]).is_ok());
    assert_eq!(behind(&[present("units", b"7")]), refused(7), "a known name behind the table");
    assert_eq!(behind(&[Content::Absent]), refused(7), "an absent field behind the table");
    assert_eq!(behind(&[present("b", b""), present("a", b"")]), refused(8), "descending names");
    assert_eq!(behind(&[present("a", b""), present("a", b"")]), refused(8), "a name twice");

    let mut short = table();
    short.pop();
    let error = DisclosureError::FieldCount { record: 1, have: 6, least: 7 };
    assert_eq!(crooked(short), Err(error));

    let mut unknown = table();
    unknown[0] = present("kind", b"gossip");
    assert_eq!(crooked(unknown), Err(DisclosureError::Kind { record: 1 }));
    let mut nameless = table();
    nameless[0] = Content::Absent;
    assert_eq!(crooked(nameless), Err(DisclosureError::Kind { record: 1 }));
    let mut second_header = vec![present("kind", b"batch")];
    second_header.extend(vec![Content::Absent; Kind::Batch.table().len() - 1]);
    let error = DisclosureError::Header(BatchError::Header { index: 1 });
    assert_eq!(crooked(second_header), Err(error));
}

#[test]
fn a_header_that_miscounts_is_refused() {
    let honest = batch(3);
    let mut records = honest.records().to_vec();
    records.pop();
    let short = Batch::from_records(place(), records).unwrap();
    let refused = Disclosure::whole(&short).verify(&statement(&short));
    assert_eq!(refused, Err(BatchError::Count { named: 3, have: 2 }.into()));
}

#[test]
fn files_of_another_form_are_refused_by_name() {
    let json = some(&batch(6)).to_json();
    let change = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        Disclosure::parse(json.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let unreadable = |error| matches!(error, DisclosureError::Json { .. });
    let member = |name| DisclosureError::Member { name };
    assert!(unreadable(change("\"sequence\"", "\"sequenze\"")));
    assert!(unreadable(change("\"index\": 0,", "\"index\": 0, \"index\": 0,")));
    assert!(unreadable(change("\"sequence\"", "\"sequence\": \"7\", \"sequence\"")));
    assert!(unreadable(change("\"index\": 0,", "\"index\": 0, \"comment\": {},")));
    assert!(unreadable(change("\"index\": 0,", "\"index\": 0.0,")));
    assert!(unreadable(change("\"index\": 0,", "\"index\": -1,")));
    assert!(unreadable(change("\"text\": \"batch\"", "\"text\": null")));
    assert!(unreadable(Disclosure::parse(format!("{json}{{}}").as_bytes()).unwrap_err()));
    assert_eq!(change("disclosure/v1", "disclosure/v2"), DisclosureError::Format);
    assert_eq!(change("\"7\"", "\"07\""), member("sequence"));
    assert_eq!(change("\"line-3-aoi\"", "\"line 3\""), member("source"));
    assert_eq!(change("\"name\": \"kind\",", ""), member("name"));
    assert_eq!(change("\"name\": \"kind\"", "\"name\": \"Kind\""), member("name"));
    assert_eq!(change("\"text\": \"batch\"", "\"base64\": \"YmF0Y2g=\""), member("base64"));
    let both = "\"text\": \"batch\", \"base64\": \"/w==\"";
    assert_eq!(change("\"text\": \"batch\"", both), member("text"));
    assert_eq!(change("\"salt\": \"", "\"salt\": \"AA"), member("salt"));
    let count = DisclosureError::TooManyRecords { count: 4097 };
    assert_eq!(change("\"record_count\": 7", "\"record_count\": 4097"), count);
    let fields = DisclosureError::FieldCount { record: 0, have: 65, least: 1 };
    assert_eq!(change("\"field_count\": 9", "\"field_count\": 65"), fields);
    let size = MAX_DISCLOSURE_SIZE + 1;
    let refused = Disclosure::parse(&vec![b' '; size]);
    assert_eq!(refused, Err(DisclosureError::TooLarge { size }));
}

#[test]
fn only_what_is_there_can_be_picked() {
    let batch = batch(2);
    let pick = |record, fields| Disclosure::of(&batch, &[Pick { record, fields }]).unwrap_err();
    let error = MultiProofError::IndexBeyondTree { index: 3, size: 3 };
    assert_eq!(pick(3, PickFields::All), PickError::Records(error));
    let error = PickError::NoSuchField { record: 1, name: name("weather") };
    assert_eq!(pick(1, PickFields::Named(vec![name("weather")])), error);
    assert_eq!(Disclosure::of(&batch, &[]), Err(PickError::Records(MultiProofError::Empty)));
}

/// What a proof has to hold, by its meaning: the roots of the largest parts of the tree, cut as RFC 6962 cuts it, in
/// which nothing is shown. `leaves` are those from number `first` on.
fn hidden_parts(leaves: &[Hash], first: u64, shown: &[u64]) -> Vec<Hash> {
    let places = first..first + leaves.len() as u64;
    if !shown.iter().any(|index| places.contains(index)) {
        return vec![root_of_leaves(leaves)];
    }
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let mut parts = hidden_parts(left, first, shown);
    parts.extend(hidden_parts(right, first + left.len() as u64, shown));
    parts
}

/// The most hashes that a proof can have, wherever the leaves lie that it shows. In a layer of which at most `c` nodes
/// are known, at most `2c` less the known ones below are missing below; `c` is no more than `shown`, and near the
/// root no more than all.
fn most_hashes(size: u64, shown: u64) -> u64 {
    let layers = |count: u64| u64::from(count.next_power_of_two().trailing_zeros());
    (layers(size) - layers(shown)) * shown + shown.next_power_of_two() - shown
}

fn assert_smallest(proof: &[Hash], leaves: &[Hash], shown: &[u64]) {
    let (mut have, mut want) = (proof.to_vec(), hidden_parts(leaves, 0, shown));
    have.sort_unstable();
    want.sort_unstable();
    assert_eq!(have, want, "{shown:?} of {}", leaves.len());
    let most = most_hashes(leaves.len() as u64, shown.len() as u64);
    assert!(have.len() as u64 <= most, "{shown:?}: {} and at most {most}", have.len());
}

#[test]
fn proofs_hold_no_hash_that_follows_from_what_is_shown_and_are_smaller_than_single_ones() {
    for size in [200, 256] {
        let batch = batch(size - 1);
        let (statement, leaves, end) = (statement(&batch), batch.record_hashes(), size as u64);
        let single = |index: &u64| multiproof::prove(&leaves, &[*index]).unwrap().len();
        let choices: [Vec<u64>; 6] = [
            // Boards of a lot that went through in a row, some here and there, and all but some.
            (61..93).collect(),
            (3..end).step_by(8).collect(),
            vec![0, 1, 2, 5, 77, 78, 140, 199],
            vec![1, end - 1],
            (0..end).filter(|index| index % 9 != 4).collect(),
            (0..end).collect(),
        ];
        for shown in choices {
            let fields = |record: u64| match record {
                0 => vec![],
                _ => vec![name("verdict"), name("panel"), name("own")],
            };
            let pick =
                |record: &u64| Pick { record: *record, fields: PickFields::Named(fields(*record)) };
            let picks: Vec<Pick> = shown.iter().map(pick).collect();
            let disclosure = Disclosure::of(&batch, &picks).unwrap();
            assert!(disclosure.verify(&statement).is_ok());
            assert_smallest(&disclosure.proof, &leaves, &shown);
            for opening in &disclosure.records {
                let record = &batch.records()[usize::try_from(opening.index).unwrap()];
                let opened: Vec<u64> = opening.fields.iter().map(|(index, _)| *index).collect();
                assert_smallest(&opening.proof, &record.field_hashes(), &opened);
            }
            let singly: usize = shown.iter().map(single).sum();
            assert!(disclosure.proof.len() < singly, "{} and {singly}", disclosure.proof.len());
        }
    }
}

#[test]
fn the_most_hashes_of_a_proof_are_needed_where_what_is_shown_lies_far_apart() {
    let batch = batch(255);
    let of = |indices: Vec<u64>| {
        let pick = |record| Pick { record, fields: PickFields::Named(Vec::new()) };
        let picks: Vec<Pick> = indices.into_iter().map(pick).collect();
        Disclosure::of(&batch, &picks).unwrap().proof.len()
    };
    // One in each part of eight: three hashes for each, where single proofs have eight.
    assert_eq!((of((0..256).step_by(8).collect()), most_hashes(256, 32)), (96, 96));
    // As many in a row that begins with such a part need those of one path only.
    assert_eq!(of((64..96).collect()), 3);
    assert_eq!(of((0..256).collect()), 0);
}
