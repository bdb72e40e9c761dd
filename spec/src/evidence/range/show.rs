//! What each record of a range shows.
//!
//! Rule: the table in `spec/text/disclosure.md`, "Ranges". Enough to find one's own records and to see
//! that none is left out; of others' records their kind and noise.

use alloc::vec::Vec;

use crate::evidence::disclosure::{OpenedRecord, PickFields, Shown};
use crate::evidence::kind::{FieldName, Kind};
use crate::evidence::record::Record;

/// What a record with a tag of the reader's shows besides.
pub const OWN: [&str; 5] = ["units", "verdict", "seen", "file/sha256", "supersedes"];

/// What a record with tags shows.
const TAGGED: [&str; 1] = ["tags"];

/// What a record of evidence without tags shows: that it names nothing, or what it names.
const UNTAGGED: [&str; 4] = ["tags", "units", "panel", "lot"];

/// What the count of a day shows: its times and its number of records. Of how many units these were
/// is not said, since that is other buyers' volume.
const CLOSING: [&str; 4] = ["claimed/start", "claimed/end", "claimed/zone", "records"];

/// What must be shown of a record.
enum Due {
    Everything,
    /// These, and there is nothing behind the kind's table.
    OnlyKnown(&'static [&'static str]),
    These(&'static [&'static str]),
}

fn due(kind: Kind, has_tags: bool) -> Due {
    match kind {
        Kind::Batch | Kind::Outage => Due::Everything,
        Kind::Closing => Due::OnlyKnown(&CLOSING),
        _ if has_tags => Due::These(&TAGGED),
        _ => Due::These(&UNTAGGED),
    }
}

/// Which fields of a record to open in a range for somebody whose record it is not.
#[must_use]
pub fn show(record: &Record) -> PickFields {
    let has_tags = record.value("tags").is_some_and(|tags| !tags.is_empty());
    match due(record.kind(), has_tags) {
        Due::Everything => PickFields::All,
        Due::OnlyKnown(names) | Due::These(names) => PickFields::Named(field_names(names)),
    }
}

/// Which fields of a record to open in a range for the one whose record it is, at least; for a kind
/// that is nobody's, the same as [`show`].
#[must_use]
pub fn show_own(record: &Record) -> PickFields {
    match show(record) {
        PickFields::Named(mut names) if record.kind().is_evidence() => {
            names.extend(field_names(&OWN));
            names.sort();
            names.dedup();
            PickFields::Named(names)
        }
        fields => fields,
    }
}

fn field_names(names: &[&str]) -> Vec<FieldName> {
    let name = |text: &&str| FieldName::parse(text).expect("these are field names");
    names.iter().map(name).collect()
}

/// The first field that an opened record should show and does not.
pub(super) fn missing(record: &OpenedRecord) -> Option<&'static str> {
    let has_tags = matches!(record.shown("tags"), Shown::Value(value) if !value.is_empty());
    let hidden = |names: &'static [&'static str]| {
        names.iter().copied().find(|name| record.shown(name) == Shown::Hidden)
    };
    match due(record.kind(), has_tags) {
        Due::Everything if record.fields().len() as u64 == record.field_count() => None,
        Due::Everything => Some("every field"),
        Due::OnlyKnown(_) if record.field_count() != record.kind().table().len() as u64 => {
            Some("what stands behind the table")
        }
        Due::OnlyKnown(names) | Due::These(names) => hidden(names),
    }
}
