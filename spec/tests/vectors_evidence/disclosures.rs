//! Batches, their commitments, and openings of them: of an honest source, changed on their way,
//! and of a source that commits to nonsense and opens it truly.

use spec::Hash;
use spec::evidence::batch::{Batch, Header, Place};
use spec::evidence::field::Content;
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::record::Record;

use super::{File, place};
use crate::literal::{self, Bytes32, base64, sha256};

fn salts() -> impl FnMut() -> Bytes32 {
    let mut next = 0_u32;
    move || {
        next += 1;
        sha256(&[b"salt", &next.to_be_bytes()])
    }
}

/// A header, a report with a field of its own and a name that is no text, and a closing.
fn honest() -> Batch {
    let mut salts = salts();
    let values = |pairs: &[(&str, &[u8])]| {
        let named =
            pairs.iter().map(|(name, value)| (FieldName::parse(name).unwrap(), value.to_vec()));
        named.collect::<Vec<_>>()
    };
    let report = values(&[
        ("file/sha256", Hash::of(b"a report").to_hex().as_bytes()),
        ("file/name", b"\xb1\xa8\xb8\xe6.json"),
        ("verdict", b"Passed\nFailed\n"),
        ("units", b"PNL0099123\nPNL0099123\n"),
        ("lot", b""),
        ("unit/positions", b"1\n2\n"),
    ]);
    let report = Record::new(Kind::AoiReport, report, &mut salts).unwrap();
    let closing = Record::new(Kind::Closing, values(&[("records", b"1")]), &mut salts).unwrap();
    let header = Header {
        first_record: 12,
        opened: "2026-03-02T08:00:00.000Z".into(),
        closed: "2026-03-02T08:05:00.000Z".into(),
        clock: "unknown".into(),
        ..Header::default()
    };
    Batch::new(place(7), header, vec![report, closing], &mut salts).unwrap()
}

/// The same batch for the literal reading.
fn literal_batch(batch: &Batch) -> literal::Batch {
    let fields = |record: &Record| {
        let literal = record.fields().iter().map(|field| {
            let (name, value) = match field.content() {
                Content::Absent => (String::new(), Vec::new()),
                Content::Present { name, value } => (name.to_string(), value.clone()),
            };
            literal::Field { salt: *field.salt(), name, value }
        });
        literal::Record(literal.collect())
    };
    let Place { origin, source, sequence } = batch.place();
    literal::Batch {
        origin: origin.to_string(),
        source: source.to_string(),
        sequence: *sequence,
        records: batch.records().iter().map(fields).collect(),
    }
}

fn place_lines(batch: &literal::Batch) -> String {
    let literal::Batch { origin, source, sequence, .. } = batch;
    format!("log: {origin}\nsource: {source}\nsequence: {sequence}\n")
}

/// Hashes from `spec`; the test compares them with the literal ones.
pub(super) fn commitments() -> Vec<File> {
    let honest = honest();
    let mut salts = salts();
    let header = Header { opened: "a".into(), closed: "b".into(), ..Header::default() };
    let heartbeat = Batch::new(place(0), header, vec![], &mut salts).unwrap();
    let file = |batch: &Batch, comment: &str| {
        let literal = literal_batch(batch);
        let mut text = format!("expect: ok\ncomment: {comment}\n{}", place_lines(&literal));
        for (at, record) in literal.records.iter().enumerate() {
            for literal::Field { salt, name, value } in &record.0 {
                let name = if name.is_empty() { "-" } else { name };
                let value = if value.is_empty() { "-".to_string() } else { base64(value) };
                text += &format!("field: {at} {} {name} {value}\n", base64(salt));
            }
        }
        let leaves = batch.records().iter().flat_map(Record::field_hashes);
        leaves.for_each(|leaf| text += &format!("field-leaf: {leaf}\n"));
        batch.record_hashes().iter().for_each(|leaf| text += &format!("record-leaf: {leaf}\n"));
        format!("{text}commitment: {}\n\n", batch.commitment()).into_bytes()
    };
    vec![
        ("heartbeat".to_string(), file(&heartbeat, "a header and nothing else")),
        ("three-records".to_string(), file(&honest, "a header, a report and a closing")),
    ]
}

pub(super) fn files() -> Vec<File> {
    let batch = literal_batch(&honest());
    let report = Kind::AoiReport;
    let at = |name: &str| report.index_of(name).unwrap() as u64;
    let all = |record: usize, batch: &literal::Batch| {
        (record as u64, (0..batch.records[record].0.len() as u64).collect::<Vec<u64>>())
    };
    let whole: Vec<_> = (0..3).map(|record| all(record, &batch)).collect();
    let some = vec![(0, vec![0, 2]), (1, vec![0, at("verdict"), at("panel"), at("lot"), 23])];

    let mut cases = vec![
        case("whole", "ok", "everything, as a source keeps it", &batch, batch.disclose(&whole)),
        case(
            "some",
            "ok",
            "a verdict, an absent and an empty field",
            &batch,
            batch.disclose(&some),
        ),
        case(
            "kind-alone",
            "ok",
            "nothing but that it exists",
            &batch,
            batch.disclose(&[(2, vec![0])]),
        ),
    ];
    cases.extend(altered_files(&batch, &batch.disclose(&some)));
    cases.extend(lists_for_objects(&batch, &batch.disclose(&some)));
    cases.extend(crooked_sources(&batch));
    cases
}

/// One vector; what is shown is taken from the honest fields where nothing is refused.
fn case(name: &str, expect: &str, comment: &str, batch: &literal::Batch, json: String) -> File {
    let mut head = format!("expect: {expect}\ncomment: {comment}\n{}", place_lines(batch));
    head += &format!("commitment: {}\n", base64(&batch.commitment()));
    if expect == "ok" {
        let file: serde_json::Value = serde_json::from_str(&json).unwrap();
        for record in file["records"].as_array().unwrap() {
            let at = usize::try_from(record["index"].as_u64().unwrap()).unwrap();
            let kind = Kind::parse(&batch.records[at].0[0].value).unwrap();
            for field in record["fields"].as_array().unwrap() {
                let index = usize::try_from(field["index"].as_u64().unwrap()).unwrap();
                let literal::Field { name, value, .. } = &batch.records[at].0[index];
                let absent = name.is_empty();
                let value = if absent { "absent".to_string() } else { base64(value) };
                let name = if absent { kind.table()[index] } else { name };
                head += &format!("shown: {at} {index} {name} {value}\n");
            }
        }
    }
    (name.to_string(), format!("{head}\n{json}").into_bytes())
}

/// An honest source, and a file that was changed on its way.
fn altered_files(batch: &literal::Batch, json: &str) -> Vec<File> {
    let change = |name: &str, expect: &str, comment: &str, from: &str, to: &str| {
        assert!(json.contains(from), "{name}: {from}");
        case(name, expect, comment, batch, json.replacen(from, to, 1))
    };
    let salt = base64(&batch.records[0].0[0].salt);
    vec![
        change("value-changed", "Commitment", "Failed made Passed", "nFailed", "nPassed"),
        change("sequence-other", "Place", "another statement", "\"7\"", "\"8\""),
        change("log-other", "Place", "another log", "log.example", "dog.example"),
        change("sequence-number", "Json", "a number, not text", "\"7\"", "7"),
        change("sequence-leading-zero", "Member", "07 for 7", "\"7\"", "\"07\""),
        change("format-unknown", "Format", "a later version", "disclosure/v1", "disclosure/v2"),
        change("member-unknown", "Json", "a comment", "\"log\"", "\"comment\": \"\", \"log\""),
        change("member-repeated", "Json", "two logs", "\"log\"", "\"log\": \"x\", \"log\""),
        change("member-null", "Json", "null is no text", "\"text\": \"batch\"", "\"text\": null"),
        change("member-missing", "Json", "no proof", ",\n  \"proof\"", ",\n  \"prove\""),
        change("number-fraction", "Json", "2.0 for 2", "\"index\": 2,", "\"index\": 2.0,"),
        change("bytes-behind", "Json", "a second value", "]\n}\n", "]\n}\n{}\n"),
        change("salt-short", "Member", "31 bytes", &salt, &base64(&[0; 31])),
        change(
            "text-as-base64",
            "Member",
            "a second spelling of one value",
            "\"text\": \"batch\"",
            "\"base64\": \"YmF0Y2g=\"",
        ),
        change(
            "text-and-base64",
            "Member",
            "two values",
            "\"text\": \"batch\"",
            "\"text\": \"batch\", \"base64\": \"/w==\"",
        ),
        change("name-missing", "Member", "a value without a name", "\"name\": \"kind\", ", ""),
        change("name-upper-case", "Member", "no field name", "\"kind\"", "\"Kind\""),
        change("record-count-other", "Commitment", "four records", "count\": 3", "count\": 4"),
        change("field-count-other", "Commitment", "ten fields", "count\": 9", "count\": 10"),
        change("record-count-small", "Records", "one record", "count\": 3", "count\": 1"),
        change("record-count-large", "TooManyRecords", "4097", "count\": 3", "count\": 4097"),
        change("field-count-large", "FieldCount", "65", "field_count\": 9", "field_count\": 65"),
        change("field-repeated", "Fields", "index 0 twice", "\"index\": 2,", "\"index\": 0,"),
        change("field-beyond", "Fields", "index 9 of 9", "\"index\": 2,", "\"index\": 9,"),
        change("record-repeated", "Records", "index 0 twice", "\"index\": 1,", "\"index\": 0,"),
    ]
}

/// The same values in the same order, but without their names: a reader that takes them by position
/// would read a file that others refuse.
fn lists_for_objects(batch: &literal::Batch, json: &str) -> Vec<File> {
    let list = |object: &serde_json::Value, members: &[&str]| {
        members.iter().map(|member| object[member].clone()).collect::<serde_json::Value>()
    };
    let file: serde_json::Value = serde_json::from_str(json).unwrap();
    let (mut record, mut field) = (file.clone(), file.clone());
    let members = ["index", "field_count", "fields", "proof"];
    record["records"][0] = list(&file["records"][0], &members);
    let at = "/records/0/fields/0";
    *field.pointer_mut(at).unwrap() =
        list(file.pointer(at).unwrap(), &["index", "name", "salt", "text"]);
    let members = ["format", "log", "source", "sequence", "record_count", "records", "proof"];
    let whole = list(&file, &members);
    [("list-for-file", whole), ("list-for-record", record), ("list-for-field", field)]
        .map(|(name, value)| {
            let json = format!("{value:#}\n");
            case(name, "Json", "values without their members' names", batch, json)
        })
        .into()
}

/// A source that commits to nonsense and opens it truly.
fn crooked_sources(honest: &literal::Batch) -> Vec<File> {
    [crooked_tables(honest), crooked_kinds(honest), crooked_headers(honest)]
        .into_iter()
        .flatten()
        .collect()
}

fn field(name: &str, value: &[u8]) -> literal::Field {
    let salt = sha256(&[b"crooked", name.as_bytes(), value]);
    literal::Field { salt, name: name.to_string(), value: value.to_vec() }
}

/// The honest batch with another closing record, all of which is opened.
fn closing(
    honest: &literal::Batch,
    (name, expect, comment): (&str, &str, &str),
    change: impl Fn(&mut Vec<literal::Field>),
) -> File {
    let mut batch = honest.clone();
    change(&mut batch.records[2].0);
    let json = open(&batch, 2);
    case(name, expect, comment, &batch, json)
}

fn open(batch: &literal::Batch, record: u64) -> String {
    let count = batch.records[usize::try_from(record).unwrap()].0.len() as u64;
    batch.disclose(&[(record, (0..count).collect())])
}

fn crooked_tables(honest: &literal::Batch) -> Vec<File> {
    let misplaced = ("name-at-other-index", "Name", "`units` at index 1");
    let known = ("known-name-behind-table", "Name", "a second `records`");
    let absent = ("absent-behind-table", "Name", "nothing, at an index without a name");
    let ascending = ("unknown-names-ascending", "ok", "`a` and `b` are the source's own");
    let descending = ("unknown-names-descending", "Name", "`b` before `a`");
    let twice = ("unknown-name-twice", "Name", "two values of `a`");
    let incomplete = ("table-incomplete", "FieldCount", "one field too few");
    vec![
        closing(honest, misplaced, |fields| fields[1] = field("units", b"7")),
        closing(honest, known, |fields| fields.push(field("records", b"2"))),
        closing(honest, absent, |fields| fields.push(field("", b""))),
        closing(honest, ascending, |all| all.extend([field("a", b"1"), field("b", b"2")])),
        closing(honest, descending, |all| all.extend([field("b", b"1"), field("a", b"2")])),
        closing(honest, twice, |all| all.extend([field("a", b"1"), field("a", b"2")])),
        closing(honest, incomplete, |fields| drop(fields.split_off(6))),
    ]
}

fn crooked_kinds(honest: &literal::Batch) -> Vec<File> {
    let hidden = honest.disclose(&[(2, vec![4])]);
    let unknown = ("kind-unknown", "Kind", "a kind of its own");
    let absent = ("kind-absent", "Kind", "no kind");
    vec![
        closing(honest, unknown, |fields| fields[0] = field("kind", b"gossip")),
        closing(honest, absent, |fields| fields[0] = field("", b"")),
        case("kind-hidden", "Kind", "field 0 is not opened", honest, hidden),
    ]
}

fn crooked_headers(honest: &literal::Batch) -> Vec<File> {
    let second = ("second-header", "Header", "a header among the records");
    let mut short = honest.clone();
    short.records.pop();
    let mut headless = honest.clone();
    headless.records.remove(0);
    let (counts, none) = (open(&short, 0), open(&headless, 0));
    vec![
        closing(honest, second, |fields| fields.clone_from(&honest.records[0].0)),
        case("header-miscounts", "Header", "two records named, one there", &short, counts),
        case("header-missing", "Header", "record 0 is a report", &headless, none),
    ]
}
