//! The values that the rooms of this program hand to one another.
//!
//! One type a step, each made only by the step before:
//!
//! ```text
//! collect: Sighting -> import: Reading -> chain: links -> vault: Pending -> spool: Statement
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spec::Hash;
use spec::evidence::kind::Kind;

/// A wall-clock time of this machine: milliseconds since 1970, UTC. Only claimed, never proof.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

/// A watch: one entry under `[[source.watch]]`, by the name that the configuration gives it. It is
/// part of what tells two files apart, so a renamed watch sees its files for the first time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct WatchName(pub(crate) String);

/// What tells one thing that a watch sees from another: a path below the watched folder in the raw
/// bytes that the system has, a message's identity, or a row's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ItemKey(pub(crate) Vec<u8>);

/// What the vault remembers of an item that was captured: the last version of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// SHA-256 of the version captured last: for an append-only file, of the whole prefix.
    pub(crate) sha256: Hash256,
    /// Its bytes.
    pub(crate) size: u64,
    /// The file's time of change as the file system has it, nanoseconds since 1970; 0 if none.
    pub(crate) modified_nanos: i128,
    /// How many versions were captured, from 1.
    pub(crate) version: u64,
    /// When this version was captured.
    pub(crate) seen: UnixMillis,
}

/// SHA-256 as rows keep it: `spec::Hash` itself is not serialisable on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hash256(pub(crate) [u8; 32]);

impl From<Hash> for Hash256 {
    fn from(hash: Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl From<Hash256> for Hash {
    fn from(hash: Hash256) -> Self {
        Self::from_bytes(hash.0)
    }
}

/// One thing that a collector has read, whole and unchanged. Nothing of it is durable yet.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    /// Which watch saw it.
    pub(crate) watch: WatchName,
    /// Which item it is.
    pub(crate) key: ItemKey,
    /// The name that goes into `file/name`: without its folder, in the system's bytes.
    pub(crate) name: Vec<u8>,
    /// The exact bytes that are evidence: of an append-only file, those after the prefix.
    pub(crate) content: Content,
    /// What to remember once it is durable. Its `version` counts this one.
    pub(crate) now: Seen,
    /// What was remembered before, if anything.
    pub(crate) before: Option<Seen>,
    /// For an append-only file: how many bytes came before these, and their SHA-256.
    pub(crate) prefix: Option<(u64, Hash256)>,
    /// Handed back to the collector once this is durable (an AMQP delivery to accept, for example).
    pub(crate) token: u64,
}

/// Evidence on its way into the vault.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// At most `import::MAX_INTERPRETED_SIZE` bytes, in memory.
    Bytes(Vec<u8>),
    /// Larger: read again from this path, hashed on the way, refused if it is no longer `now`.
    File(std::path::PathBuf),
}

/// What was understood of evidence. The values are as the machine wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The kind of record to make.
    pub(crate) kind: Kind,
    /// Whether the evidence was understood; if not, the kind is an attachment.
    pub(crate) recognised: bool,
    /// How it was read, or `no:` and why not.
    pub(crate) interpreted: String,
    /// The media type, if the content tells.
    pub(crate) media_type: Option<&'static str>,
    /// Field names and values; names inside or outside the kind's table.
    pub(crate) values: BTreeMap<String, Vec<u8>>,
    /// Which bytes of the evidence this reading is of: a whole file, or one message of an array.
    /// `file/sha256` is of exactly these bytes.
    pub(crate) range: std::ops::Range<usize>,
    /// What `range` is of where the evidence came compressed: the bytes after unpacking. They are
    /// kept beside those that came, which `received/sha256` names. Shared by all readings of one.
    pub(crate) unpacked: Option<std::sync::Arc<[u8]>>,
    /// What chains are followed by: see `chain`.
    pub(crate) links: Links,
}

/// What a reading says of other evidence, for `chain` to look up. All as the machine wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Links {
    /// The panel, or the one unit, that the report is about, with the side if the report names one.
    pub(crate) board: Option<String>,
    /// The machine, oven or station.
    pub(crate) machine: Option<String>,
    /// The oven's or machine's recipe.
    pub(crate) recipe: Option<String>,
    /// The lane.
    pub(crate) lane: Option<String>,
    /// For a program, a limit file or a table of defect codes: what it is the newest version of.
    pub(crate) subject: Option<String>,
}

/// One record that waits for its statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The kind's name.
    pub(crate) kind: String,
    /// Every value but `tags`, whose key depends on the statement.
    pub(crate) values: BTreeMap<String, Vec<u8>>,
    /// The evidence behind it, if it has any; its bytes are in the vault.
    pub(crate) evidence: Option<Hash256>,
    /// When it was captured.
    pub(crate) seen: UnixMillis,
}

/// What machines write in place of a code that they could not read, without case and signs: `N/A`,
/// `NOREAD`, `No Read`, `---`. It stands on panels of every customer. The mappings know such words as
/// `not-a-value`; here they are those of every machine, since a record does not keep its mapping's.
const NOBODY: [&[u8]; 3] = [b"", b"NA", b"NOREAD"];

/// Whether this stands for a code that was not read, and so names neither unit nor panel.
pub(crate) fn names_nobody(code: &[u8]) -> bool {
    let plain = code.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let plain: Vec<u8> = plain.map(u8::to_ascii_uppercase).collect();
    NOBODY.contains(&plain.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_was_not_read_names_nobody() {
        for code in ["", "N/A", "n/a", "NA", "NOREAD", "NoRead", "NO READ", "no-read", "??"] {
            assert!(names_nobody(code.as_bytes()), "{code}");
        }
        for code in ["PNL-1", "NA1", "0", "NOREADER", "\u{677f}"] {
            assert!(!names_nobody(code.as_bytes()), "{code}");
        }
    }
}
