//! What follows what: versions, attempts, reviews, repairs, programs and reflow certificates.
//!
//! ```text
//! the same item with other bytes      supersedes                        the version before
//! the same board at the same machine  attempt 2, 3 ... and supersedes   the report before
//! review, repair                      about/sha256                      the machine's verdict, by transaction or time
//! anything on a board                 follows/sha256                    what was seen of it before
//! a program, limits, a defect table   supersedes                        the one with its subject
//! a panel                             program/sha256, certificate/...   what is in force
//! ```
//!
//! Pure functions over rows: a row is read and written in the capture's own transaction, so a chain
//! and the record that continues it are durable together. Nothing is judged here, only linked; who
//! reads the records sees "attempt 3" and asks.
//!
//! **Links follow the order of sight.** A report that is found late is the newest that was seen,
//! whatever times are in it, and it is linked as that: nothing that was stated before is taken back.
//! Where both times can be read and the later-seen report claims the earlier time, `chain/order`
//! says so. Only `about/sha256` does not: what a person decided is about one look of the machine, and a
//! wrong one would be believed. Where neither transaction nor times tell which, there is none.
//!
//! Rule: `spec/text/evidence.md`, "Names that the agent adds".

mod board;
mod certificate;
mod program;

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use spec::encoding::encode_hex;

use crate::error::AgentError;
use crate::import;
use crate::model::{Hash256, ItemKey, Reading, UnixMillis, WatchName};
use crate::vault::Capture;

/// Field names and values that links add to a record.
pub(crate) type Added = BTreeMap<String, Vec<u8>>;

/// Rows by table and key. A key is a hash of what it stands for, so no row's name tells a serial.
pub(crate) trait Rows {
    /// Reads a row as it is now.
    fn row(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, AgentError>;
    /// Replaces a row.
    fn put_row(&mut self, table: &str, key: &str, value: &[u8]);
}

impl Rows for Capture<'_> {
    fn row(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, AgentError> {
        self.link(table, key)
    }

    fn put_row(&mut self, table: &str, key: &str, value: &[u8]) {
        self.put_link(table, key, value);
    }
}

/// One reading with all that links need to know of it.
pub(crate) struct Linked<'a> {
    /// What was understood.
    pub(crate) reading: &'a Reading,
    /// SHA-256 of the reading's own bytes: what `file/sha256` says.
    pub(crate) sha256: Hash256,
    /// SHA-256 of all bytes that came in at once. Several readings may share it.
    pub(crate) whole: Hash256,
    /// Which item it was read from: see [`item`].
    pub(crate) item: &'a str,
    /// The version of the item that these bytes replace, if they replace one.
    pub(crate) before: Option<Hash256>,
    /// When it was seen.
    pub(crate) seen: UnixMillis,
    /// The oven that boards of this watch came through, where the configuration names one.
    pub(crate) oven: Option<&'a str>,
}

impl Linked<'_> {
    /// A value as text.
    fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.reading.values.get(name)?).ok()
    }

    /// When the report says that it was made, where format and zone leave no doubt.
    fn claimed(&self) -> Option<UnixMillis> {
        import::claimed_instant(&self.reading.values)
    }
}

/// Names an item for links: a hash, since a path or a message's identity may be long.
pub(crate) fn item(watch: &WatchName, key: &ItemKey) -> String {
    key_of(&[watch.0.as_bytes(), &key.0])
}

/// Finds what a reading follows, and leaves the rows as it changes them.
pub(crate) fn link(rows: &mut dyn Rows, it: &Linked<'_>) -> Result<Added, AgentError> {
    let mut added = Added::new();
    if let Some(before) = it.before {
        added.insert("supersedes".to_string(), hex(before));
    }
    program::link(rows, it, &mut added)?;
    board::link(rows, it, &mut added)?;
    // What the report itself says is never replaced by what a link says.
    added.retain(|name, _| !it.reading.values.contains_key(name));
    Ok(added)
}

/// A row's key: the parts, each behind its length, hashed.
fn key_of(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    encode_hex(&hasher.finalize())
}

fn hex(hash: Hash256) -> Vec<u8> {
    encode_hex(&hash.0).into_bytes()
}

fn read<T: DeserializeOwned>(
    rows: &dyn Rows,
    table: &str,
    key: &str,
) -> Result<Option<T>, AgentError> {
    let Some(bytes) = rows.row(table, key)? else {
        return Ok(None);
    };
    let damaged = |error| AgentError::Failed(format!("the vault's row {table} {key}: {error}"));
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

fn write<T: Serialize>(rows: &mut dyn Rows, table: &str, key: &str, row: &T) {
    let bytes = serde_json::to_vec(row).expect("rows are numbers, strings and lists");
    rows.put_row(table, key, &bytes);
}

#[cfg(test)]
mod tests;
