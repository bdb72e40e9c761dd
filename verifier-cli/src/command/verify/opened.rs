//! What a disclosure opens, as people read it: what the report says first, and the fields behind everything else.

use spec::encoding::encode_hex;
use spec::evidence::disclosure::{OpenedBatch, OpenedField, OpenedRecord};

use crate::matter::is_about_boards;
use crate::messages::{Message, Said};
use crate::report::Report;

/// The name of the field that commits to a file's bytes.
const FILE_HASH: &str = "file/sha256";

/// The name of the field that holds a tag for each unit, and the bytes of one.
const TAGS: &str = "tags";
const TAG_SIZE: usize = 32;

/// How many fields people are told, unless they ask for all.
const MAX_FIELDS: usize = 10;

/// How many reports are told by what they say.
const MAX_REPORTS: usize = 3;

/// The fields that say most of a report, these first.
const TELLING: [&str; 13] = [
    "verdict",
    "units",
    "panel",
    "claimed/start",
    "machine",
    "program",
    "defects",
    "attempt",
    "verdict/before",
    "operator",
    "file/name",
    "file/sha256",
    "seen",
];

/// Says what the reports say, first of those whose files were given, and what is opened of all records.
pub(super) fn say(report: &mut Report, opened: &OpenedBatch, vouched: &[u64], is_all: bool) {
    let given = |record: &&OpenedRecord| vouched.contains(&record.index());
    let (records, others): (Vec<&OpenedRecord>, Vec<&OpenedRecord>) =
        opened.records().iter().partition(given);
    let records = if records.is_empty() { others } else { records };
    let reports = records.iter().filter_map(|record| said_by(record));
    let reports: Vec<String> = reports.take(MAX_REPORTS).collect();
    if !reports.is_empty() {
        report.set_headline(Said::new(Message::ReportSays, &[&reports.join("; ")]));
    }
    let told = telling(opened, &records);
    let mut left = 0;
    for (record, field) in fields(opened) {
        let is_told = is_all || told.contains(&(record.index(), field.index()));
        let shown = shown(record, field);
        if is_told {
            report.fact(Message::LabelOpened, shown);
        } else {
            report.machine_lines(Message::LabelOpened, &shown);
            left += 1;
        }
    }
    if left > 0 {
        report.people_fact(Message::LabelFieldsMore, &left.to_string());
    }
}

/// Says which records commit to files that were not given: machines read of each.
pub(super) fn say_files(report: &mut Report, opened: &OpenedBatch, vouched: &[u64]) {
    let records = opened.records().iter().filter(|record| file_hash(record).is_some());
    let records = records.map(OpenedRecord::index).filter(|index| !vouched.contains(index));
    let records: Vec<String> = records.map(|index| index.to_string()).collect();
    if records.len() > 1 {
        let values = [records.len().to_string(), records.join(", ")];
        report.not_checked(Message::OpenFilesGiven, &values.each_ref().map(String::as_str));
        report.tell_elsewhere(Message::OpenFile);
    }
    records.iter().for_each(|record| report.not_checked(Message::OpenFile, &[record]));
}

/// The hash of the file that a record is about. Only kinds with the field in their table are about
/// a file: elsewhere the name is the source's own and may mean anything.
pub(super) fn file_hash(record: &OpenedRecord) -> Option<&str> {
    known(record, FILE_HASH)
}

/// The text of a field of the kind's table.
fn known<'r>(record: &'r OpenedRecord, name: &str) -> Option<&'r str> {
    let is_it = |field: &&OpenedField| field.is_known() && field.name().as_str() == name;
    std::str::from_utf8(record.fields().iter().find(is_it)?.value()?).ok()
}

/// The verdict and the board of a report on boards, in its own words.
fn said_by(record: &OpenedRecord) -> Option<String> {
    let lines = |name: &str| {
        let text = record.text(name).filter(|text| !text.is_empty())?;
        Some(text.trim_end().replace('\n', ", "))
    };
    let verdict = lines("verdict").filter(|_| is_about_boards(record.kind()))?;
    let board = lines("panel").or_else(|| lines("units"));
    Some([Some(verdict), board].into_iter().flatten().collect::<Vec<String>>().join(", "))
}

/// Every opened field with its record.
fn fields(opened: &OpenedBatch) -> impl Iterator<Item = (&OpenedRecord, &OpenedField)> {
    opened
        .records()
        .iter()
        .flat_map(|record| record.fields().iter().map(move |field| (record, field)))
}

/// The places of the fields that people are told: all, where these are few, or else those that say most of `records`.
fn telling(opened: &OpenedBatch, records: &[&OpenedRecord]) -> Vec<(u64, u64)> {
    let place = |(record, field): (&OpenedRecord, &OpenedField)| (record.index(), field.index());
    if fields(opened).count() <= MAX_FIELDS {
        return fields(opened).map(place).collect();
    }
    let all = records.iter().flat_map(|record| {
        let record: &OpenedRecord = record;
        let of_name = move |name: &&str| {
            let is_it = |field: &&OpenedField| field.is_known() && field.name().as_str() == *name;
            record.fields().iter().find(is_it).filter(|field| field.value().is_some())
        };
        TELLING.iter().filter_map(of_name).map(move |field| place((record, field)))
    });
    all.take(MAX_FIELDS).collect()
}

fn shown(record: &OpenedRecord, field: &OpenedField) -> String {
    // Names outside the kind's table are the source's own and are marked as such.
    let mark = if field.is_known() { "" } else { "?" };
    let (index, kind, name) = (record.index(), record.kind(), field.name().as_str());
    let value = shown_value(name, field.value());
    // The items of a list stand below the name that they belong to.
    let space = if value.contains('\n') { "\n" } else { " " };
    format!("{index} {kind} {name}{mark} ={space}{value}")
}

/// A value for people: a list as its items, one a line; what is no text in hexadecimal.
///
/// Rule: `spec/text/evidence.md`: each item of a list is followed by a line feed, and `tags` are 32
/// bytes for each unit.
fn shown_value(name: &str, value: Option<&[u8]>) -> String {
    let Some(value) = value else {
        return "-".to_string();
    };
    match std::str::from_utf8(value) {
        Ok(text) if name != TAGS => text.strip_suffix('\n').unwrap_or(text).to_string(),
        _ if name == TAGS && value.len() % TAG_SIZE == 0 => {
            let tags = value.chunks(TAG_SIZE).map(|tag| format!("0x{}", encode_hex(tag)));
            tags.collect::<Vec<_>>().join("\n")
        }
        _ => format!("0x{}", encode_hex(value)),
    }
}

#[cfg(test)]
mod tests {
    use spec::checkpoint::Origin;
    use spec::evidence::batch::{Batch, Header, Place};
    use spec::evidence::disclosure::Disclosure;
    use spec::evidence::kind::{FieldName, Kind};
    use spec::evidence::record::Record;
    use spec::key::KeyName;

    use super::*;
    use crate::messages::Language::English;
    use crate::report::Verdict;

    /// Two reports of which everything is opened, each with these values.
    fn opened() -> OpenedBatch {
        let place = Place {
            origin: Origin::parse("log.example").unwrap(),
            source: KeyName::parse("aoi.example/7").unwrap(),
            sequence: 0,
        };
        let record = |panel: &str, verdict: &str| {
            let hash = "ab".repeat(32);
            let values = [("panel", panel), ("verdict", verdict), ("file/sha256", hash.as_str())];
            let values = values
                .map(|(name, value)| (FieldName::parse(name).unwrap(), value.as_bytes().to_vec()));
            Record::new(Kind::AoiReport, Vec::from(values), || [7; 32]).unwrap()
        };
        let records = vec![record("PN1", "Failed\nPassed\n"), record("PN2", "Passed")];
        let batch = Batch::new(place.clone(), Header::default(), records, || [7; 32]).unwrap();
        Disclosure::whole(&batch).verify_commitment(&place, batch.commitment()).unwrap()
    }

    fn told(vouched: &[u64], is_all: bool) -> Report {
        let mut report = Report::new(Verdict::Verified);
        say(&mut report, &opened(), vouched, is_all);
        report
    }

    #[test]
    fn what_the_report_says_is_its_own_word_and_its_board_in_the_second_line() {
        let text = told(&[1], false).to_text(English);
        assert!(text.starts_with("VERIFIED\n  This report says: Failed, Passed, PN1\n"), "{text}");
        // Where no file was given, it is what all of them say.
        let text = told(&[], false).to_text(English);
        assert!(text.contains("says: Failed, Passed, PN1; Passed, PN2\n"), "{text}");
    }

    #[test]
    fn people_are_told_the_fields_that_say_most_and_machines_all() {
        let opened = opened();
        let all = fields(&opened).count();
        let short = told(&[2], false);
        let shown: Vec<String> = short.facts(English).map(|(_, value)| value.to_string()).collect();
        let hash = "ab".repeat(32);
        let file = format!("file/sha256 = {hash}");
        let telling = ["verdict = Passed", "panel = PN2", file.as_str()];
        for (at, field) in telling.iter().enumerate() {
            assert!(
                shown.iter().any(|one| one == &format!("2 aoi-report {field}")),
                "{at} {shown:?}"
            );
        }
        assert_eq!(shown.last(), Some(&(all - telling.len()).to_string()));
        assert!(shown.len() <= MAX_FIELDS + 1, "{shown:?}");
        let whole = told(&[2], true);
        assert_eq!(whole.facts(English).count(), all);
        let facts = |report: &Report| {
            let json: serde_json::Value = serde_json::from_str(&report.to_json(English)).unwrap();
            json["facts"]["opened"].clone()
        };
        assert_eq!(facts(&short), facts(&whole));
        assert_eq!(facts(&short).as_array().map(Vec::len), Some(all));
    }

    #[test]
    fn files_that_were_not_given_are_one_line() {
        let left = |vouched: &[u64]| {
            let mut report = Report::new(Verdict::Verified);
            say_files(&mut report, &opened(), vouched);
            report.open(English)
        };
        assert_eq!(left(&[]), ["the files of 2 records: they were not given (records 1, 2)"]);
        assert_eq!(left(&[1]), ["record 2 commits to a file that was not given"]);
        assert!(left(&[1, 2]).is_empty());
    }
}
