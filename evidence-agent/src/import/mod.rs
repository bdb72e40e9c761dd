//! Reads evidence: from bytes and a mapping to what a record says. No files, no clock.
//!
//! ```text
//! bytes -> text      decoded without loss, or it is no text          text
//!       -> tree      JSON, XML, a table, lines of keys; bounded      json, xml, table
//!       -> values    by the mapping, or by the CFX standard          declared, cfx
//!       -> Reading   kind, values, links, and which bytes are meant
//! ```
//!
//! Invariants: there is always at least one reading; the bytes of a reading are inside of what was
//! handed in; what cannot be understood is an attachment of all bytes and says why, never an error;
//! a value is what the machine wrote, never converted, rounded or judged; and a reading always fits
//! into a record.
//!
//! The mapping files are described in `spec/text/mapping.md`.

mod cfx;
mod declared;
mod json;
mod lookup;
mod mapping;
mod shipped;
mod table;
mod text;
mod time;
mod values;
mod xml;

use std::collections::BTreeMap;

use spec::evidence::kind::Kind;

use self::mapping::{Declared, Form};
use crate::model::{Links, Reading, UnixMillis};

/// How one watch's evidence is to be read: parsed from a mapping file, or built in.
#[derive(Debug)]
pub(crate) struct Mapping(Declared);

/// The most bytes that are interpreted; the exact bytes of a longer file are still anchored.
pub(crate) const MAX_INTERPRETED_SIZE: usize = 16 * 1024 * 1024;

/// The most records that one file makes; a file of more is one attachment.
pub(crate) const MAX_READINGS: usize = 65_536;

/// The reader's name and version, committed with what it read.
const READER: &str = concat!("fiducial-agent ", env!("CARGO_PKG_VERSION"));

impl Mapping {
    /// One that is shipped, by name: `cfx`, `saki-like`, `omron-like-machine`, and so on.
    pub(crate) fn shipped(name: &str) -> Option<Self> {
        let text = shipped::text(name)?;
        Some(Self::parse(text).expect("a test parses every mapping that is shipped"))
    }

    /// Parses a mapping file that a quality engineer wrote. The error says the line, what is wrong
    /// there, and what is allowed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Declared::parse(text).map(Self)
    }

    /// The names of those shipped.
    pub(crate) fn names() -> Vec<&'static str> {
        shipped::names().collect()
    }

    /// What a shipped mapping is for, in a few words, as its file says it.
    pub(crate) fn shipped_description(name: &str) -> Option<String> {
        let file: toml::Table = shipped::text(name)?.parse().ok()?;
        file.get("description")?.as_str().map(str::to_string)
    }

    /// What a shipped mapping's file says, as an example to begin with.
    pub(crate) fn shipped_text(name: &str) -> Option<&'static str> {
        shipped::text(name)
    }
}

/// Reads evidence: at least one reading, in the order of the bytes. What cannot be parsed is one
/// attachment of all bytes whose `interpreted` says why; it is never dropped.
pub(crate) fn read(mapping: &Mapping, name: &[u8], bytes: &[u8]) -> Vec<Reading> {
    if bytes.len() > MAX_INTERPRETED_SIZE {
        return vec![too_large(bytes.len())];
    }
    match mapping.0.form {
        Form::Cfx => cfx::read(bytes),
        _ => declared::read(&mapping.0, name, bytes),
    }
}

/// The reading of evidence that is too large to be interpreted, and need not be in memory.
pub(crate) fn too_large(size: usize) -> Reading {
    Reading::attachment(size, &format!("more than {MAX_INTERPRETED_SIZE} bytes"), None)
}

/// When a reading claims to have begun, where format and zone leave no doubt: to be compared with
/// the agent's own clock. What is recorded is the text, not this.
pub(crate) fn claimed_instant(values: &BTreeMap<String, Vec<u8>>) -> Option<UnixMillis> {
    let text = |name: &str| std::str::from_utf8(values.get(name)?).ok();
    let format = text("claimed/format").unwrap_or("iso");
    time::instant(text("claimed/start")?, format, text("claimed/zone").unwrap_or("unknown"))
}

impl Reading {
    /// Evidence of which only the bytes are evidence, all `size` of them.
    pub(crate) fn attachment(size: usize, reason: &str, media_type: Option<&'static str>) -> Self {
        Self {
            kind: Kind::Attachment,
            recognised: false,
            interpreted: format!("no: {}", bounded(reason)),
            media_type,
            values: BTreeMap::new(),
            range: 0..size,
            unpacked: None,
            links: Links::default(),
        }
    }

    /// The exact bytes that this reading is of: `file/sha256` is of these.
    pub(crate) fn exact<'b>(&'b self, evidence: &'b [u8]) -> &'b [u8] {
        let whole = self.unpacked.as_deref().unwrap_or(evidence);
        &whole[self.range.clone()]
    }
}

/// A reason quotes what it is about, and a file may hold a name of any length.
fn bounded(reason: &str) -> String {
    const MAX_REASON_LETTERS: usize = 400;
    let short: String = reason.chars().take(MAX_REASON_LETTERS).collect();
    if short.len() < reason.len() { short + "..." } else { short }
}

#[cfg(test)]
mod tests;
