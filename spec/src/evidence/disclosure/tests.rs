//! The disclosure's rules, each with a test that breaks it.

use super::*;
use crate::evidence::batch::tests::{batch, counting_salts, header, place};
use crate::evidence::statement::{After, Draft};
use crate::key::{Algorithm, KeyName, SigningKey};
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
