//! The paths of a bundle's parts: a closed list, so that no path leads out of a folder and each says
//! what its part is.
//!
//! Rule: `spec/text/bundle.md`, "The parts".
//!
//! Invariant: `PartPath::parse(text)?.to_string() == text`.

use alloc::string::String;
use core::fmt;

use crate::encoding::{decode_hex, parse_decimal};
use crate::hash::Hash;

/// The most sources a bundle may have.
pub const MAX_SOURCES: usize = 256;

/// The longest name of a note.
const MAX_NOTE_NAME: usize = 64;

/// Where a part lies, and therefore what it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the page's list has these and no others")]
pub enum PartPath {
    /// `evidence/H`: bytes with this SHA-256.
    Evidence(Hash),
    /// `HOW-TO-VERIFY.txt`.
    HowTo,
    /// `bundle.json`.
    Manifest,
    /// `notes/N`: what the maker wants to say.
    Note(NoteName),
    /// What belongs to one statement.
    Of(Place, Role),
    /// `pins`: the maker's copy.
    Pins,
    /// `policy`: the maker's copy.
    Policy,
    /// `source-keys`: the maker's copy.
    SourceKeys,
    /// `SHA256SUMS`.
    Sums,
}

/// What is claimed of a statement, by the folder that it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "the page's list has these and no others")]
pub enum Claim {
    /// `range/`: nothing of the source is left out between the first and the last.
    Range,
    /// `records/`: what is opened is the source's own word.
    Records,
}

/// A statement of a bundle: the claim, the source's place among the names, and the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "the path has these three parts")]
pub struct Place {
    /// What is claimed of it.
    pub claim: Claim,
    /// The source's index among the bundle's names in ascending order.
    pub source: usize,
    /// The statement's sequence.
    pub sequence: u64,
}

/// What a part is to its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "the page's list has these and no others")]
pub enum Role {
    /// The checkpoint note that the `after` line names.
    After,
    /// The proof that the receipt's tree continues it.
    Consistency,
    /// What is opened.
    Disclosure,
    /// That it is in the log.
    Receipt,
    /// The entry itself.
    Statement,
    /// What an authority says of when the receipt's checkpoint was there.
    Timestamp,
}

/// The name of a note: letters, digits, and between them dots, dashes and underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoteName(String);

impl Claim {
    /// The folder.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Records => "records",
        }
    }
}

impl Role {
    const ALL: [Self; 6] = [
        Self::After,
        Self::Consistency,
        Self::Disclosure,
        Self::Receipt,
        Self::Statement,
        Self::Timestamp,
    ];

    /// What stands behind the sequence and a dot.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::Consistency => "consistency",
            Self::Disclosure => "disclosure.json",
            Self::Receipt => "tlog-proof",
            Self::Statement => "statement",
            Self::Timestamp => "tsr",
        }
    }
}

impl NoteName {
    /// Checks a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inner = |byte: u8| plain(byte) || matches!(byte, b'.' | b'_' | b'-');
        let first = text.bytes().next().is_some_and(plain);
        let sound = first && text.len() <= MAX_NOTE_NAME && text.bytes().all(inner);
        sound.then(|| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartPath {
    /// Parses a path; `None` for one that no part may have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "HOW-TO-VERIFY.txt" => return Some(Self::HowTo),
            "SHA256SUMS" => return Some(Self::Sums),
            "bundle.json" => return Some(Self::Manifest),
            "pins" => return Some(Self::Pins),
            "policy" => return Some(Self::Policy),
            "source-keys" => return Some(Self::SourceKeys),
            _ => {}
        }
        let (folder, rest) = text.split_once('/')?;
        match folder {
            "evidence" => Some(Self::Evidence(Hash::from_bytes(decode_hex(rest).ok()?))),
            "notes" => NoteName::parse(rest).map(Self::Note),
            "range" => Self::parse_statement(Claim::Range, rest),
            "records" => Self::parse_statement(Claim::Records, rest),
            _ => None,
        }
    }

    fn parse_statement(claim: Claim, rest: &str) -> Option<Self> {
        let (source, rest) = rest.split_once('/')?;
        let (sequence, suffix) = rest.split_once('.')?;
        let source = usize::try_from(parse_decimal(source).ok()?).ok()?;
        let sequence = parse_decimal(sequence).ok()?;
        let role = Role::ALL.into_iter().find(|role| role.suffix() == suffix)?;
        (source < MAX_SOURCES).then_some(Self::Of(Place { claim, source, sequence }, role))
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evidence(hash) => {
                formatter.write_str("evidence/")?;
                formatter.write_str(&hash.to_hex())
            }
            Self::HowTo => formatter.write_str("HOW-TO-VERIFY.txt"),
            Self::Manifest => formatter.write_str("bundle.json"),
            Self::Note(name) => write!(formatter, "notes/{}", name.as_str()),
            Self::Of(place, role) => write!(formatter, "{place}.{}", role.suffix()),
            Self::Pins => formatter.write_str("pins"),
            Self::Policy => formatter.write_str("policy"),
            Self::SourceKeys => formatter.write_str("source-keys"),
            Self::Sums => formatter.write_str("SHA256SUMS"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.claim.folder(), self.source, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn a_path_has_one_spelling() {
        let evidence = format!("evidence/{}", "0a".repeat(32));
        for text in [
            "HOW-TO-VERIFY.txt",
            "SHA256SUMS",
            "bundle.json",
            &evidence,
            "notes/who-runs-the-log.txt",
            "notes/2_b.c",
            "pins",
            "policy",
            "range/0/0.statement",
            "range/255/18446744073709551615.disclosure.json",
            "records/1/12.tlog-proof",
            "records/1/12.after",
            "records/1/12.consistency",
            "records/1/12.tsr",
            "source-keys",
        ] {
            assert_eq!(PartPath::parse(text).map(|path| path.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn no_other_path_is_one() {
        let capitals = format!("evidence/{}", "0A".repeat(32));
        let long = format!("notes/{}", "n".repeat(MAX_NOTE_NAME + 1));
        for text in [
            "",
            "/policy",
            "./policy",
            "../policy",
            "policy/",
            "Policy",
            "notes/",
            "notes/../policy",
            "notes/.hidden",
            "notes/-rf",
            "notes/a/b",
            "notes/a\\b",
            "notes/A",
            "notes/a b",
            "notes/\u{e4}",
            &long,
            &capitals,
            "evidence/00",
            "range/0/0",
            "range/0/00.statement",
            "range/00/0.statement",
            "range/256/0.statement",
            "range/0/18446744073709551616.statement",
            "range/0/0.Statement",
            "range/0/0.tsr.tsr",
            "range/0/0.tsq",
            "range/0/../0.statement",
            "records//0.statement",
            "C:/policy",
            "policy\0",
        ] {
            assert_eq!(PartPath::parse(text), None, "{text:?}");
        }
    }
}
