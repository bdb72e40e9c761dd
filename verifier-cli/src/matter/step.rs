//! One opened record as a step in a board's chain.

use std::collections::BTreeMap;

use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;

use super::Picture;
use crate::reconcile::claimed_instant;

/// The fields that a report shows. Others are in the bundle for who wants them.
const SHOWN: [&str; 27] = [
    "about/sha256",
    "attempt",
    "certificate",
    "certificate/sha256",
    "claimed/end",
    "claimed/format",
    "claimed/start",
    "claimed/zone",
    "defects",
    "file/name",
    "file/sha256",
    "file/version",
    "follows/sha256",
    "inspected",
    "interpreted",
    "late",
    "machine",
    "note",
    "panel",
    "program",
    "program/sha256",
    "pwi",
    "seen",
    "supersedes",
    "trace/sha256",
    "units",
    "window",
];

/// Further ones, of some kinds only.
const SHOWN_TOO: [&str; 11] = [
    "lane",
    "lost",
    "operator",
    "program/revision",
    "reason",
    "records",
    "unit/positions",
    "valid/from",
    "valid/until",
    "verdict",
    "verdict/before",
];

/// What machines write where they read no code. It names nobody.
const NO_NAMES: [&str; 2] = ["N/A", "NOREAD"];

/// A field as it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// The record says that it has none.
    Absent,
    /// It is not opened.
    Hidden,
    /// Its value, as text.
    Text(&'a str),
}

/// Between which times a statement was made. Seconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Not before this: the earliest time in the quorum of a checkpoint that it follows.
    pub(crate) not_before: Option<u64>,
    /// Not after this: the latest time in the quorum of a checkpoint that holds it.
    pub(crate) not_after: Option<u64>,
}

/// Whether the file behind a record is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It is there, byte for byte.
    Enclosed,
    /// The record commits to a file that is not there.
    Missing,
    /// The record shows no file.
    None,
}

/// One opened record.
#[derive(Debug)]
pub(crate) struct Step {
    /// The source that stated it.
    pub(crate) source: String,
    /// The number of its statement.
    pub(crate) sequence: u64,
    /// Its place in the statement.
    pub(crate) record: u64,
    /// Its kind.
    pub(crate) kind: Kind,
    /// When it was stated.
    pub(crate) bounds: Bounds,
    /// Whether its file is there.
    pub(crate) evidence: Evidence,
    /// What is drawn of it, if its board is shown in full.
    pub(crate) picture: Option<Picture>,
    values: BTreeMap<&'static str, Option<String>>,
}

impl Step {
    /// Takes what a report shows of a record.
    pub(super) fn new(
        source: String,
        sequence: u64,
        bounds: Bounds,
        record: &OpenedRecord,
    ) -> Self {
        let mut values = BTreeMap::new();
        for name in SHOWN.iter().chain(&SHOWN_TOO) {
            match record.shown(name) {
                Shown::Hidden => {}
                Shown::Absent => drop(values.insert(*name, None)),
                Shown::Value(value) => {
                    let text = String::from_utf8_lossy(value);
                    let text = text.strip_suffix('\n').unwrap_or(&text).to_string();
                    values.insert(*name, Some(text));
                }
            }
        }
        let (kind, record) = (record.kind(), record.index());
        let (evidence, picture) = (Evidence::None, None);
        Self { source, sequence, record, kind, bounds, evidence, picture, values }
    }

    /// One with these fields, the only record of its statement.
    #[cfg(test)]
    pub(super) fn of(kind: Kind, sequence: u64, values: &[(&'static str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| (*name, Some((*value).to_string())));
        Self {
            source: "source.example".to_string(),
            sequence,
            record: 1,
            kind,
            bounds: Bounds::default(),
            evidence: Evidence::None,
            picture: None,
            values: values.collect(),
        }
    }

    /// The same, saying that it has no such field.
    #[cfg(test)]
    pub(super) fn lacking(mut self, name: &'static str) -> Self {
        self.values.insert(name, None);
        self
    }

    /// A field as it is opened.
    pub(crate) fn field(&self, name: &str) -> Field<'_> {
        match self.values.get(name) {
            None => Field::Hidden,
            Some(None) => Field::Absent,
            Some(Some(text)) => Field::Text(text),
        }
    }

    /// The value of a field, if it is opened and there is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.field(name) {
            Field::Text(text) => Some(text),
            Field::Absent | Field::Hidden => None,
        }
    }

    /// The time that it claims, if its zone is opened and format and zone leave no doubt, and that of sight, if it
    /// is opened: milliseconds since 1970. As for `reconcile`, an empty value is none.
    pub(super) fn times(&self) -> (Option<u64>, u64) {
        let text = |name: &str| self.text(name).filter(|text| !text.is_empty());
        let claimed = || {
            let format = text("claimed/format").unwrap_or("iso");
            claimed_instant(text("claimed/start")?, format, text("claimed/zone")?)
        };
        (claimed(), self.text("seen").and_then(parse_millis).unwrap_or(u64::MAX))
    }

    /// What a name calls the boards it is about: the panel, then the units.
    pub(crate) fn names(&self) -> Vec<&str> {
        let units = self.text("units").into_iter().flat_map(str::lines).filter(is_name);
        self.panel().into_iter().chain(units).collect()
    }

    /// The panel, if it names one.
    pub(super) fn panel(&self) -> Option<&str> {
        self.text("panel").filter(is_name)
    }
}

/// Whether it is a name, and not what a machine writes where it read none.
fn is_name(name: &&str) -> bool {
    !name.is_empty() && !NO_NAMES.contains(name)
}
