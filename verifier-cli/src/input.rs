//! Files named on the command line: each read within its limit, and parsed once.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use spec::Hash;
use spec::encoding::{decode_hash, decode_hex};
use spec::key::{VerifierKey, parse_key_lines, shown_part};
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::policy::{MAX_POLICY_SIZE, Policy};
use spec::tree::{ConsistencyError, MAX_CONSISTENCY_PROOF, Tree, verify_consistency};

use crate::failure::Failure;
use crate::messages::{Message, Said};
use crate::run_log;

/// The most bytes of a file of verifier keys: 4,096 of the longest Ed25519 ones.
const MAX_KEYS_SIZE: usize = 4096 * 360;

/// The most bytes of a file of hashes, one a line.
const MAX_HASHES_SIZE: usize = MAX_CONSISTENCY_PROOF * 45;

/// What is said of a file that should hold text.
pub(crate) const NOT_UTF_8: &str = "the file is not valid UTF-8";

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let shown = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Failure::new(Said::of_error(Message::FileUnreadable, &[&shown], &error))
    };
    let file = File::open(path).map_err(unreadable)?;
    // What the file is said to have is asked for at once: one that grows is moved again and again. What
    // is no file has no length, and one that grows meanwhile is read to its end as well.
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(limit);
    let mut bytes = Vec::with_capacity(length.saturating_add(1));
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(Said::new(Message::FileTooLarge, &[&shown, &limit.to_string()]).into());
    }
    run_log::note(path, &bytes);
    Ok(bytes)
}

/// The policy of the caller: without one there is no verdict.
pub(crate) fn policy(path: Option<&Path>) -> Result<Policy, Failure> {
    let hint = Said::new(Message::HintPolicy, &[]);
    let Some(path) = path else {
        return Err(Failure::new(Said::new(Message::NoPolicy, &[])).with_hint(hint));
    };
    Policy::parse(&read(path, MAX_POLICY_SIZE)?).map_err(|error| {
        let shown = path.display().to_string();
        let why = Said::of_error(Message::Malformed, &[&shown], &error);
        Failure::new(why).with_hint(hint)
    })
}

/// A signed note, unverified.
pub(crate) fn note(path: &Path) -> Result<Note, Failure> {
    Note::parse(&read(path, MAX_NOTE_SIZE)?).map_err(|error| {
        let shown = path.display().to_string();
        Said::of_error(Message::Malformed, &[&shown], &error).into()
    })
}

/// Keys that were pinned on the command line: each a verifier key itself or a file of them.
pub(crate) fn source_keys(given: &[String]) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys = Vec::new();
    for text in given {
        match VerifierKey::parse(text) {
            Ok(key) => keys.push(key),
            // Without two plus signs it cannot be meant as a key, so it names a file, there or not.
            Err(_) if text.matches('+').count() < 2 || Path::new(text).is_file() => {
                keys.extend(key_file(Path::new(text))?);
            }
            Err(error) => {
                return Err(Said::of_error(Message::Malformed, &[shown_part(text)], &error).into());
            }
        }
    }
    Ok(keys)
}

/// A file of verifier keys, one a line; empty lines and lines that begin with `#` are skipped.
pub(crate) fn key_file(path: &Path) -> Result<Vec<VerifierKey>, Failure> {
    let shown = path.display().to_string();
    let malformed =
        |why: &dyn Display| Failure::new(Said::of_error(Message::Malformed, &[&shown], why));
    let bytes = read(path, MAX_KEYS_SIZE)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed(&NOT_UTF_8))?;
    parse_key_lines(text).map_err(|error| malformed(&error))
}

/// The file of a consistency proof between two trees. One with fewer hashes than the sizes ask for was
/// cut, or is of other checkpoints: it says nothing about these.
pub(crate) fn consistency(path: &Path, old: Tree, new: Tree) -> Result<Vec<Hash>, Failure> {
    let hashes = hashes(path)?;
    match verify_consistency(old, new, &hashes) {
        Err(ConsistencyError::ProofLength { have, want }) if have < want => {
            let values = [path.display().to_string(), have.to_string(), want.to_string()];
            Err(Said::new(Message::ProofCut, &values.each_ref().map(String::as_str)).into())
        }
        _ => Ok(hashes),
    }
}

/// Base64 hashes, one a line, as tlog-witness writes them; may be empty.
fn hashes(path: &Path) -> Result<Vec<Hash>, Failure> {
    let shown = path.display().to_string();
    let malformed = |at: usize| {
        let why = format!("line {}: not the base64 of a hash", at + 1);
        Failure::new(Said::of_error(Message::Malformed, &[&shown], &why))
    };
    let bytes = read(path, MAX_HASHES_SIZE)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed(0))?;
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| decode_hash(line).map_err(|_| malformed(at))).collect()
}

/// A leaf hash as people have it: 64 hexadecimal digits or 44 characters of base64.
pub(crate) fn leaf(text: &str) -> Result<Hash, Failure> {
    if let Ok(bytes) = decode_hex(text) {
        return Ok(Hash::from_bytes(bytes));
    }
    decode_hash(text).map_err(|error| {
        let why = format!("{error}; 64 hex digits or base64");
        Said::of_error(Message::Malformed, &[text], &why).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    #[test]
    fn a_file_of_source_keys_that_is_not_there_is_said_not_to_be_there() {
        let said = |text: &str| {
            let refused =
                source_keys(&[text.to_string()]).err().map(|why| why.to_text(Language::English));
            refused.unwrap_or_default()
        };
        let missing = said("nowhere/aoi-7.vkey");
        assert!(missing.contains("cannot read nowhere/aoi-7.vkey"), "{missing}");
        let malformed = said("line-4.example/aoi-7+00000000+AAAA");
        assert!(!malformed.contains("cannot read") && !malformed.is_empty(), "{malformed}");
    }
}
