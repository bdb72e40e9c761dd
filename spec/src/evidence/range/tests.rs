//! A source's chain of five statements for two buyers, and every way in which a range of it is none.

use super::*;
use crate::evidence::batch::tests::counting_salts;
use crate::evidence::batch::{Batch, Header as BatchHeader, Place};
use crate::evidence::disclosure::{Disclosure, Pick, PickFields};
use crate::evidence::kind::FieldName;
use crate::evidence::record::Record;
use crate::evidence::statement::{After, Draft};
use crate::evidence::tag::LotKey;
use crate::key::{Algorithm, KeyName, SigningKey};
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

const OWN_KEY: [u8; 32] = [1; 32];
const OTHER_KEY: [u8; 32] = [2; 32];

/// A record's kind and its values.
type Report = (Kind, Vec<(&'static str, Vec<u8>)>);

/// What one statement is made of, and how it is shown.
#[derive(Clone)]
struct Made {
    records: Vec<Report>,
    first_record: u64,
    closed: String,
    outage: Option<String>,
    after: u64,
    previous: Option<Hash>,
    /// Shows a record in another way than the table says.
    instead: Option<(u64, Option<PickFields>)>,
}

fn source() -> KeyName {
    KeyName::parse("line-3-aoi").unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(source(), Algorithm::NoteEd25519, &[7; 32]).unwrap()
}

fn tags(key: [u8; 32], sequence: u64, units: &[&str]) -> Vec<u8> {
    let key = LotKey::new(key);
    units.iter().flat_map(|unit| key.tag(&source(), sequence, unit.as_bytes())).collect()
}

fn report(key: [u8; 32], sequence: u64, units: &[&str]) -> Report {
    let list: String = units.iter().map(|unit| format!("{unit}\n")).collect();
    let values = vec![
        ("verdict", b"Failed".to_vec()),
        ("units", list.into_bytes()),
        ("tags", tags(key, sequence, units)),
        ("file/sha256", vec![b'a'; 64]),
    ];
    (Kind::AoiReport, values)
}

/// Statement 0: a heartbeat. 1: one record of each buyer. 2: an attachment that names nothing and the
/// day's closing. 3: an outage, stated. 4: again one of the reader's.
fn chain() -> Vec<Made> {
    let closed = |minute: u64| format!("2026-03-02T08:{minute:02}:00Z");
    let empty = |first_record, minute| Made {
        records: vec![],
        first_record,
        closed: closed(minute),
        outage: None,
        after: minute,
        previous: None,
        instead: None,
    };
    let mut chain: Vec<Made> =
        [(0, 0), (0, 1), (2, 2), (4, 30), (5, 31)].map(|(first, at)| empty(first, at)).to_vec();
    chain[1].records = vec![report(OTHER_KEY, 1, &["X1", "X2"]), report(OWN_KEY, 1, &["U1"])];
    let day = vec![("records", b"4".to_vec()), ("units", b"3".to_vec())];
    let attachment = vec![("file/sha256", vec![b'b'; 64]), ("file/name", b"x.bin".to_vec())];
    chain[2].records = vec![(Kind::Attachment, attachment), (Kind::Closing, day)];
    chain[3].records = vec![(Kind::Outage, vec![("reason", b"power".to_vec())])];
    chain[4].records = vec![report(OWN_KEY, 4, &["U1", "U2"])];
    chain
}

/// Signs the chain and opens each statement as a range does, the reader's own records as his.
fn opened(chain: &[Made], first: u64) -> Vec<(VerifiedStatement, OpenedBatch)> {
    let (mut salts, mut previous, mut out) = (counting_salts(), Hash::ZERO, Vec::new());
    for (sequence, made) in (first..).zip(chain) {
        let place = Place {
            origin: crate::checkpoint::Origin::parse("example.com/evidence").unwrap(),
            source: source(),
            sequence,
        };
        let header = BatchHeader {
            first_record: made.first_record,
            closed: made.closed.clone(),
            outage_reason: made.outage.clone(),
            ..BatchHeader::default()
        };
        let record = |(kind, values): &Report, salts: &mut dyn FnMut() -> [u8; 32]| {
            let name = |name: &str| FieldName::parse(name).unwrap();
            let values = values.iter().map(|(text, value)| (name(text), value.clone())).collect();
            Record::new(*kind, values, salts).unwrap()
        };
        let records = made.records.iter().map(|one| record(one, &mut salts)).collect();
        let batch = Batch::new(place.clone(), header, records, &mut salts).unwrap();
        let own =
            |record: &Record| record.value("units").is_some_and(|list| list.starts_with(b"U"));
        let picks = (0..).zip(batch.records()).filter_map(|(index, record)| {
            let usual = if own(record) { show_own(record) } else { show(record) };
            let fields = match &made.instead {
                Some((at, instead)) if *at == index => instead.clone()?,
                _ => usual,
            };
            Some(Pick { record: index, fields })
        });
        let picks: Vec<Pick> = picks.collect();
        let tree = crate::tree::Tree::new(made.after, Hash::of(&made.after.to_be_bytes()));
        let after = match made.after {
            0 => After::NOTHING,
            _ => After::checkpoint(tree.unwrap(), Hash::of(b"note")).unwrap(),
        };
        let before = made.previous.unwrap_or(if sequence == 0 { Hash::ZERO } else { previous });
        let before =
            if sequence > 0 && before == Hash::ZERO { Hash::of(b"before") } else { before };
        let statement =
            Draft::new(place.origin, source(), sequence, before, after, batch.commitment())
                .and_then(|draft| draft.sign(&key()))
                .unwrap();
        previous = statement.leaf_hash();
        let shown = Disclosure::of(&batch, &picks).unwrap().verify(&statement).unwrap();
        out.push((statement, shown));
    }
    out
}

fn pin(first: (u64, Hash), cadence: Option<u64>) -> Pin {
    Pin::new(vec![key().verifier().clone()], "AOI".to_string(), first, cadence).unwrap()
}

fn reader() -> Reader {
    let units = ["U1", "U2", "U3"].map(|unit| unit.as_bytes().to_vec());
    Reader::new(vec![LotKey::new(OWN_KEY)], units.to_vec())
}

fn follow_from(chain: &[Made], first: u64) -> Result<Followed, RangeError> {
    let statements = opened(chain, first);
    let pinned = (first, statements[0].0.leaf_hash());
    let (pin, reader) = (pin(pinned, Some(60)), reader());
    let mut range = Range::new(&pin);
    for (statement, opened) in &statements {
        range.follow(Searched::new(statement, opened, Some(&reader)))?;
    }
    Ok(range.finish())
}

/// A statement whose tags nobody looks at.
fn unread((statement, opened): &(VerifiedStatement, OpenedBatch)) -> Searched<'_> {
    Searched::new(statement, opened, None)
}

fn follow(chain: &[Made]) -> Result<Followed, RangeError> {
    follow_from(chain, 0)
}

#[test]
fn a_sound_range_gives_the_reader_s_records_and_counts_the_others() {
    let followed = follow(&chain()).unwrap();
    assert_eq!((followed.statements, followed.records, followed.heartbeats), (5, 6, 1));
    assert_eq!((followed.tagged, followed.outages, followed.unnamed), (3, 1, 1));
    assert_eq!(followed.own, [(1, 2), (4, 1)]);
    let units: Vec<(&[u8], u64)> =
        followed.own_units.iter().map(|(unit, count)| (unit.as_slice(), *count)).collect();
    assert_eq!(units, [(&b"U1"[..], 2), (&b"U2"[..], 1)]);
    assert!(followed.holds_pinned);
}

#[test]
fn what_is_shown_of_others_is_their_kind_and_noise() {
    let statements = opened(&chain(), 0);
    let other = &statements[1].1.records()[1];
    let names: Vec<&str> = other.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["kind", "tags"]);
    let closing = &statements[2].1.records()[2];
    assert_eq!((closing.shown("units"), closing.shown("note")), (Shown::Hidden, Shown::Hidden));
    let attachment = &statements[2].1.records()[1];
    assert_eq!(attachment.shown("file/name"), Shown::Hidden);
}

#[test]
fn what_has_no_tags_and_names_no_unit_is_counted_whatever_else_it_names() {
    // A failed attempt that only its panel or its lot is known of is no less open than one without either.
    for more in [("panel", "P1"), ("lot", "L-7"), ("units", "")] {
        let mut chain = chain();
        chain[2].records[0].1.push((more.0, more.1.as_bytes().to_vec()));
        let followed = follow(&chain).unwrap();
        assert_eq!((followed.unnamed, followed.own.len()), (1, 2), "{more:?}");
    }
    let mut chain = chain();
    chain[2].records[0].1.push(("units", b"X9\n".to_vec()));
    assert_eq!(follow(&chain).unwrap().unnamed, 0, "it names somebody else's unit");
}

#[test]
fn the_number_of_units_in_a_closing_is_no_unit() {
    let mut chain = chain();
    // The reader has a unit of this name, and the maker opens more of the closing than he must.
    chain[2].records[1].1[1].1 = b"U1".to_vec();
    chain[2].instead = Some((2, Some(PickFields::All)));
    let followed = follow(&chain).unwrap();
    assert_eq!(followed.own, [(1, 2), (4, 1)]);
}

/// Changes the chain and gives why it is no longer a range.
fn changed(change: impl FnOnce(&mut Vec<Made>)) -> RangeError {
    let mut chain = chain();
    change(&mut chain);
    follow(&chain).unwrap_err()
}

#[test]
fn a_statement_that_is_left_out_or_does_not_continue_is_found() {
    let statements = opened(&chain(), 0);
    let pin = pin((0, statements[0].0.leaf_hash()), None);
    let mut range = Range::new(&pin);
    range.follow(unread(&statements[0])).unwrap();
    let skipped = range.follow(unread(&statements[2]));
    assert_eq!(skipped, Err(RangeError::Sequence { sequence: 2, due: 1 }));
    let again = range.follow(unread(&statements[0]));
    assert_eq!(again, Err(RangeError::Sequence { sequence: 0, due: 1 }));
    let other = changed(|chain| chain[2].previous = Some(Hash::of(b"another")));
    assert_eq!(other, RangeError::Chain { sequence: 2 });
    let older = changed(|chain| chain[2].after = 0);
    assert_eq!(older, RangeError::AfterFell { sequence: 2 });
}

#[test]
fn records_count_without_a_gap() {
    for (named, due) in [(1, 2), (3, 2)] {
        let error = changed(|chain| chain[2].first_record = named);
        assert_eq!(error, RangeError::Count { sequence: 2, named, due });
    }
    let error = changed(|chain| chain[0].first_record = 9);
    assert_eq!(error, RangeError::Count { sequence: 0, named: 9, due: 0 });
    // A range that begins later believes its first header.
    let mut later = chain();
    later.remove(0);
    assert!(follow_from(&later[..1], 1).is_ok());
}

#[test]
fn a_record_that_does_not_show_what_it_must_is_found() {
    let named = |names: &[&str]| {
        PickFields::Named(names.iter().map(|name| FieldName::parse(name).unwrap()).collect())
    };
    let hide = |statement: usize, record, instead: Option<PickFields>| {
        changed(|chain| chain[statement].instead = Some((record, instead)))
    };
    let hidden = |sequence, record, field| RangeError::Hidden { sequence, record, field };
    // Nothing of it at all, last or not; its tags closed; its own fields closed.
    assert_eq!(hide(1, 2, None), hidden(1, 2, "kind"));
    assert_eq!(hide(1, 1, None), hidden(1, 1, "kind"));
    assert_eq!(hide(1, 1, Some(named(&["units"]))), hidden(1, 1, "tags"));
    assert_eq!(hide(1, 2, Some(named(&["tags"]))), hidden(1, 2, "units"));
    let most = ["tags", "units", "verdict", "seen", "file/sha256"];
    assert_eq!(hide(1, 2, Some(named(&most))), hidden(1, 2, "supersedes"));
    assert_eq!(hide(2, 1, Some(named(&["tags", "units", "panel"]))), hidden(2, 1, "lot"));
    assert_eq!(hide(2, 2, Some(named(&["records"]))), hidden(2, 2, "claimed/start"));
    assert_eq!(hide(3, 1, Some(named(&["reason"]))), hidden(3, 1, "every field"));
    let header = hide(3, 0, Some(named(&["record/first", "record/count", "closed"])));
    assert_eq!(header, RangeError::Header { sequence: 3 });
    assert_eq!(hide(3, 0, None), RangeError::Header { sequence: 3 });
    let extra = changed(|chain| chain[2].records[1].1.push(("own/word", b"x".to_vec())));
    assert_eq!(extra, hidden(2, 2, "what stands behind the table"));
}

#[test]
fn units_of_the_reader_have_their_tags_and_tags_their_units() {
    let set = |chain: &mut Vec<Made>, name: &'static str, value: Vec<u8>| {
        let values = &mut chain[1].records[1].1;
        values.retain(|(other, _)| *other != name);
        values.push((name, value));
    };
    let untagged = |unit: &str| RangeError::Untagged { sequence: 1, record: 2, unit: unit.into() };
    let mistagged = RangeError::Mistagged { sequence: 1, record: 2 };
    let noise = changed(|chain| set(chain, "tags", vec![9; 32]));
    assert_eq!(noise, untagged("U1"));
    let none = changed(|chain| set(chain, "tags", vec![]));
    assert_eq!(none, untagged("U1"));
    // The tag of U1 with another unit in its place, or one unit too many.
    let other = changed(|chain| set(chain, "units", b"U9\n".to_vec()));
    assert_eq!(other, mistagged);
    let more = changed(|chain| set(chain, "units", b"U1\nU9\n".to_vec()));
    assert_eq!(more, mistagged);
    let part = changed(|chain| set(chain, "tags", vec![9; 33]));
    assert_eq!(part, mistagged);
    // The tag of another statement is noise here.
    let moved = changed(|chain| set(chain, "tags", tags(OWN_KEY, 4, &["U1"])));
    assert_eq!(moved, untagged("U1"));
}

#[test]
fn silence_is_stated_or_refused() {
    let quiet = changed(|chain| {
        chain[3].records = vec![report(OTHER_KEY, 3, &["X1"])];
    });
    assert_eq!(quiet, RangeError::Silence { sequence: 3, seconds: 28 * 60 });
    let mut said = chain();
    said[3].records = vec![report(OTHER_KEY, 3, &["X1"])];
    said[3].outage = Some("power".to_string());
    assert!(follow(&said).is_ok(), "the header says so too");
    let unclear = changed(|chain| chain[3].closed = "yesterday".to_string());
    assert_eq!(unclear, RangeError::Header { sequence: 3 });
}

#[test]
fn the_pinned_statement_is_that_one() {
    let statements = opened(&chain(), 0);
    for at in [0_usize, 2] {
        let pin = pin((at as u64, Hash::of(b"another")), None);
        let mut range = Range::new(&pin);
        let followed: Result<Vec<()>, RangeError> =
            statements.iter().map(|one| range.follow(unread(one))).collect();
        assert_eq!(followed, Err(RangeError::NotPinned { sequence: at as u64 }));
    }
    let pin = pin((9, Hash::of(b"later")), None);
    let mut range = Range::new(&pin);
    range.follow(unread(&statements[0])).unwrap();
    assert!(!range.finish().holds_pinned);
}
