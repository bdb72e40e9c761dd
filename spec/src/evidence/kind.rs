//! Kinds of records, and the table of fields that each has.
//!
//! Rule: `spec/text/evidence.md`, "Kinds and their fields". The tables there and here are one; a
//! test compares them.
//!
//! **Position binds the name.** A known field of a kind stands at one index, whether it is used or
//! not, so a record cannot hold two verdicts and show one to each party. A table is never changed:
//! a name may only be appended in a new kind or a new version of the record format.

use alloc::string::{String, ToString};
use core::fmt;

/// The most letters in a field name.
pub const MAX_FIELD_NAME_SIZE: usize = 64;

/// What kind of thing a record is about. Field 0 of every record holds its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "a new kind must break every match on this")]
pub enum Kind {
    /// What an optical inspection machine reported of a panel.
    AoiReport,
    /// Any other file.
    Attachment,
    /// The header of a batch: record 0, and only that.
    Batch,
    /// The count of a day or a shift.
    Closing,
    /// Why statements or records are missing.
    Outage,
    /// Set points and readings of an oven as a board passed.
    OvenData,
    /// A program, recipe or limit file of a machine.
    Program,
    /// A thermal profile run with its verdict against a process window.
    ReflowCertificate,
    /// What was repaired on a unit.
    Repair,
    /// What a person decided about a machine's verdict.
    Review,
    /// What a paste inspection machine reported of a panel.
    SpiReport,
}

/// The fields every record of evidence starts with, in this order.
macro_rules! evidence_fields {
    ($($own:literal),* $(,)?) => {
        &[
            "kind", "file/sha256", "file/name", "file/size", "media-type", "interpreted",
            "claimed/start", "claimed/end", "claimed/zone", "seen", "machine", "program",
            "program/sha256", "verdict", "units", "tags", "panel", "lot", "supersedes",
            $($own),*
        ]
    };
}

impl Kind {
    /// Every kind, in the order of their names.
    pub const ALL: [Self; 11] = [
        Self::AoiReport,
        Self::Attachment,
        Self::Batch,
        Self::Closing,
        Self::Outage,
        Self::OvenData,
        Self::Program,
        Self::ReflowCertificate,
        Self::Repair,
        Self::Review,
        Self::SpiReport,
    ];

    /// Parses the value of a `kind` field.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().as_bytes() == name)
    }

    /// The value of the `kind` field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AoiReport => "aoi-report",
            Self::Attachment => "attachment",
            Self::Batch => "batch",
            Self::Closing => "closing",
            Self::Outage => "outage",
            Self::OvenData => "oven-data",
            Self::Program => "program",
            Self::ReflowCertificate => "reflow-certificate",
            Self::Repair => "repair",
            Self::Review => "review",
            Self::SpiReport => "spi-report",
        }
    }

    /// The names of the fields at index 0, 1, 2 and so on. Other names come after them.
    #[must_use]
    pub const fn table(self) -> &'static [&'static str] {
        match self {
            Self::AoiReport | Self::SpiReport => {
                evidence_fields!["operator", "inspected", "defects", "certificate"]
            }
            Self::Attachment => evidence_fields!["description"],
            Self::Batch => &[
                "kind",
                "record/first",
                "record/count",
                "opened",
                "closed",
                "boot",
                "clock",
                "note",
                "outage/reason",
            ],
            Self::Closing => &[
                "kind",
                "claimed/start",
                "claimed/end",
                "claimed/zone",
                "records",
                "units",
                "note",
            ],
            Self::Outage => {
                &["kind", "claimed/start", "claimed/end", "claimed/zone", "reason", "lost", "note"]
            }
            Self::OvenData => evidence_fields!["operator", "lane", "certificate"],
            Self::Program => evidence_fields!["revision", "operator"],
            Self::ReflowCertificate => evidence_fields![
                "operator",
                "lane",
                "certificate",
                "window",
                "pwi",
                "trace/sha256",
                "valid/from",
                "valid/until",
            ],
            Self::Repair => evidence_fields!["operator", "repairs"],
            Self::Review => evidence_fields!["operator", "reviewed", "verdict/before"],
        }
    }

    /// Whether records of this kind are evidence, about units and with tags; else the agent's own words.
    #[must_use]
    pub fn is_evidence(self) -> bool {
        self.index_of("tags").is_some()
    }

    /// Where the field of this name stands in records of this kind.
    #[must_use]
    pub fn index_of(self, name: &str) -> Option<usize> {
        self.table().iter().position(|known| *known == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The text is no field name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a field name is 1 to {MAX_FIELD_NAME_SIZE} lower-case letters, digits and dashes, its words \
     joined by slashes"
)]
pub struct FieldNameError;

/// The name of a field: lower-case words joined by slashes, such as `file/sha256`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName(String);

impl FieldName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, FieldNameError> {
        let letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let word = |word: &str| !word.is_empty() && word.bytes().all(letter);
        let sound = text.len() <= MAX_FIELD_NAME_SIZE && text.split('/').all(word);
        if sound { Ok(Self(text.to_string())) } else { Err(FieldNameError) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FieldName({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_table_starts_with_the_kind_and_holds_no_name_twice() {
        for kind in Kind::ALL {
            let table = kind.table();
            assert_eq!(table[0], "kind", "{kind}");
            for (at, name) in table.iter().enumerate() {
                assert!(FieldName::parse(name).is_ok(), "{kind}: {name}");
                assert_eq!(kind.index_of(name), Some(at), "{kind}: {name} is there twice");
            }
        }
    }

    #[test]
    fn what_the_agent_says_of_itself_is_no_evidence() {
        let own = Kind::ALL.into_iter().filter(|kind| !kind.is_evidence()).collect::<Vec<_>>();
        assert_eq!(own, [Kind::Batch, Kind::Closing, Kind::Outage]);
    }

    #[test]
    fn a_kind_survives_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str().as_bytes()), Some(kind));
        }
        for wrong in ["", "AOI-report", "aoi-report ", "receipt"] {
            assert_eq!(Kind::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_page_and_the_code_hold_the_same_tables() {
        let page = include_str!("../../text/evidence.md");
        for kind in Kind::ALL {
            let mut row = alloc::format!("| `{kind}` |");
            for name in kind.table() {
                row += &alloc::format!(" `{name}`");
            }
            row += " |";
            assert!(page.lines().any(|line| line == row), "spec/text/evidence.md lacks: {row}");
        }
    }

    #[test]
    fn field_names_are_lower_case_words_with_slashes() {
        for name in ["kind", "file/sha256", "media-type", "a/b/c"] {
            assert_eq!(FieldName::parse(name).unwrap().as_str(), name);
        }
        let long = "n".repeat(MAX_FIELD_NAME_SIZE + 1);
        for wrong in ["", "Kind", "a b", "/a", "a/", "a//b", "\u{e4}", "a_b", "a\n", &long] {
            assert_eq!(FieldName::parse(wrong), Err(FieldNameError), "{wrong:?}");
        }
    }
}
