//! The daily root: where a chain stands, as one line for lines without a network.
//!
//! ```text
//! fiducial/daily/v1 <source> <sequence> <leaf hash> <date> <signature>
//! ```
//!
//! The source's key signs the note whose lines are these words, each on a line of its own. The line
//! is short enough for a QR code; whoever photographs it each evening holds the end of the chain,
//! and every statement before it, since each names the one before. Later the log must show the same
//! leaf hash at that sequence.
//!
//! Rule: `spec/text/statement.md`, "Daily roots".

use spec::Hash;
#[cfg(test)]
use spec::encoding::{decode_hash, parse_decimal};
use spec::key::KeyName;
#[cfg(test)]
use spec::key::VerifierKey;
#[cfg(test)]
use spec::note::{Note, Signature, verify_ed25519};

use crate::clock::format;
use crate::error::AgentError;
use crate::model::UnixMillis;
use crate::vault::Vault;

/// The first word.
const HEADER: &str = "fiducial/daily/v1";

/// Where a chain stood at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DailyRoot {
    /// Whose chain.
    pub(crate) source: KeyName,
    /// Its newest statement.
    pub(crate) sequence: u64,
    /// Its leaf hash.
    pub(crate) leaf: Hash,
    /// The day, as `2026-03-02`, by the agent's clock.
    pub(crate) date: String,
}

impl DailyRoot {
    fn text(&self) -> String {
        let Self { source, sequence, leaf, date } = self;
        format!("{HEADER}\nsource {source}\nsequence {sequence}\nleaf {leaf}\ndate {date}\n")
    }
}

/// The signed line of a source as of now; `None` before its first statement.
pub(crate) fn line(
    vault: &Vault,
    source: &KeyName,
    now: UnixMillis,
) -> Result<Option<String>, AgentError> {
    let head = vault.head(source)?;
    let Some(sequence) = head.next_sequence.checked_sub(1) else {
        return Ok(None);
    };
    let date = format(now)[..10].to_string();
    let root = DailyRoot { source: source.clone(), sequence, leaf: head.previous, date };
    let signature = vault.key(source)?.sign_note(&root.text()).to_string();
    let last = signature.rsplit(' ').next().expect("a signature line ends in its signature");
    let DailyRoot { source, sequence, leaf, date } = root;
    Ok(Some(format!("{HEADER} {source} {sequence} {leaf} {date} {last}")))
}

/// Reads a line and checks its signature. `None` if anything about it is wrong.
#[cfg(test)]
pub(crate) fn verify(line: &str, key: &VerifierKey) -> Option<DailyRoot> {
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    let [HEADER, source, sequence, leaf, date, signature] = words[..] else {
        return None;
    };
    let signature = Signature::parse(&format!("\u{2014} {source} {signature}"))?;
    let root = DailyRoot {
        source: KeyName::parse(source).ok()?,
        sequence: parse_decimal(sequence).ok()?,
        leaf: decode_hash(leaf).ok()?,
        date: date.to_string(),
    };
    verify_ed25519(&Note::new(root.text(), vec![signature]), key).ok()?;
    Some(root)
}
