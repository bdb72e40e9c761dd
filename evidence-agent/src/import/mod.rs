//! Reads evidence by declarative mappings. (IPC-CFX alone, until the mappings are joined.)

use std::collections::BTreeMap;

use crate::cfx;
use crate::model::{Links, Reading};

/// How one watch's evidence is to be read: parsed from a mapping file, or built in.
pub(crate) struct Mapping {}

/// The most bytes that are interpreted; the exact bytes of a longer file are still anchored.
pub(crate) const MAX_INTERPRETED_SIZE: usize = 16 * 1024 * 1024;

impl Mapping {
    /// One that is shipped, by name.
    pub(crate) fn shipped(name: &str) -> Option<Self> {
        (name == "cfx").then_some(Self {})
    }
}

/// Reads evidence: at least one reading, in the order of the bytes.
pub(crate) fn read(_mapping: &Mapping, _name: &[u8], bytes: &[u8]) -> Vec<Reading> {
    let read = cfx::read(bytes);
    let values =
        read.values.iter().map(|(name, text)| (name.to_string(), text.clone().into_bytes()));
    let values: BTreeMap<String, Vec<u8>> = values.collect();
    let text = |name: &str| String::from_utf8(values.get(name)?.clone()).ok();
    let units = text("units").and_then(|units| units.lines().next().map(str::to_string));
    let links = Links {
        board: text("panel").or(units),
        machine: text("machine"),
        recipe: text("program"),
        lane: text("lane"),
        subject: None,
    };
    vec![Reading {
        kind: read.kind,
        recognised: read.recognised,
        interpreted: read.interpreted,
        media_type: read.media_type,
        values,
        range: 0..bytes.len(),
        links,
    }]
}
