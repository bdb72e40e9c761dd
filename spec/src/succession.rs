//! Successions: the first entry of a log that goes on for another one, which has ended.
//!
//! Rule: `spec/text/succession.md`. Vectors: `spec/vectors/succession/`. A signed note:
//!
//! ```text
//! fiducial/succession/v1
//! log example.com/evidence-2
//! why the disk died, and the last 12 entries with it
//!
//! example.com/evidence            the last checkpoint of the old log, a signed note, verbatim
//! 300
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — example.com/evidence ...
//!
//! — example.com/evidence-2 ...    the new log's key
//! — example.com/evidence ...      the old log's key, if it is still held
//! ```
//!
//! A [`Succession`] is only *parsed*. [`Succession::verify`] checks that the new log says so, and
//! [`Succession::verify_old`] that the old one did: without that anybody can claim to follow any log.
//!
//! Out of scope: whether the enclosed checkpoint is the old log's and its last, which is for the reader's
//! policy for the old log, and for those who have seen it. Receipts of the old log stay what they are.
//!
//! Invariant: `Succession::parse(bytes)?.to_bytes() == bytes`.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::checkpoint::{Checkpoint, CheckpointError, Origin};
use crate::key::{SigningKey, VerifierKey};
use crate::note::{Note, NoteError, Signature, SignatureError, verify_line};
use crate::tile::MAX_ENTRY_SIZE;

/// The most bytes of a succession: it is an entry of the log.
pub const MAX_SUCCESSION_SIZE: usize = MAX_ENTRY_SIZE;

/// The most bytes of the reason.
pub const MAX_WHY_SIZE: usize = 1024;

/// The first line.
const HEADER: &str = "fiducial/succession/v1";

/// The length of an Ed25519 signature.
const ED25519_SIGNATURE_SIZE: usize = 64;

/// Why bytes are no succession.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuccessionError {
    /// The first line names no succession of this version.
    #[error("the first line is not `{HEADER}`")]
    Header,
    /// The enclosed note is malformed.
    #[error("the old log's checkpoint is malformed: {0}")]
    Last(NoteError),
    /// The enclosed note is no checkpoint.
    #[error("the enclosed note is no checkpoint: {0}")]
    LastCheckpoint(CheckpointError),
    /// A line is missing, out of order, or malformed.
    #[error("the line `{name}` is missing, out of place or malformed")]
    Line {
        /// What the line at this place starts with.
        name: &'static str,
    },
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A log cannot follow itself.
    #[error("the old log is the new one: a log that goes on needs no successor")]
    SameLog,
    /// Not one Ed25519 line by the new log, and at most one by the old one behind it.
    #[error("a succession is signed by the new log, then by the old one if its key is still held")]
    Signature,
    /// More than [`MAX_SUCCESSION_SIZE`] bytes.
    #[error("the succession has {size} bytes; an entry has at most {MAX_SUCCESSION_SIZE}")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// The reason is empty, too long, or no plain line.
    #[error(
        "the reason is one line of 1 to {MAX_WHY_SIZE} bytes, without control characters and without \
         spaces around it"
    )]
    Why,
}

/// What the first entry of a successor says. Who made it is only claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    origin: Origin,
    why: String,
    last: Note,
    old: Checkpoint,
    note: Note,
}

impl Succession {
    /// Puts a succession together. `last` is the old log's last checkpoint with all of its lines.
    ///
    /// # Panics
    ///
    /// If a key is a cosignature key, see [`SigningKey::sign_note`].
    pub fn sign(
        key: &SigningKey,
        old_key: Option<&SigningKey>,
        why: &str,
        last: Note,
    ) -> Result<Self, SuccessionError> {
        let malformed = |_| SuccessionError::Line { name: "log" };
        let origin = Origin::parse(key.verifier().name().as_str()).map_err(malformed)?;
        check_why(why)?;
        let text = alloc::format!("{HEADER}\nlog {origin}\nwhy {why}\n\n{last}");
        let mut signatures = vec![key.sign_note(&text)];
        signatures.extend(old_key.map(|old| old.sign_note(&text)));
        // What is made is read as any other is: one place says what is right.
        Self::parse(&Note::new(text, signatures).to_bytes())
    }

    /// Parses an entry of a log. Reads at most [`MAX_SUCCESSION_SIZE`] bytes.
    pub fn parse(entry: &[u8]) -> Result<Self, SuccessionError> {
        if entry.len() > MAX_SUCCESSION_SIZE {
            return Err(SuccessionError::TooLarge { size: entry.len() });
        }
        let note = Note::parse(entry)?;
        let rest = note.text().strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
        let (log, rest) = line(rest.ok_or(SuccessionError::Header)?, "log")?;
        let origin = Origin::parse(log).map_err(|_| SuccessionError::Line { name: "log" })?;
        let (why, rest) = line(rest, "why")?;
        check_why(why)?;
        let last = rest.strip_prefix('\n').ok_or(SuccessionError::Line { name: "" })?;
        let last = Note::parse(last.as_bytes()).map_err(SuccessionError::Last)?;
        let old = Checkpoint::parse(last.text()).map_err(SuccessionError::LastCheckpoint)?;
        if *old.origin() == origin {
            return Err(SuccessionError::SameLog);
        }
        check_form(note.signatures(), &[&origin, old.origin()])?;
        Ok(Self { origin, why: why.to_string(), last, old, note })
    }

    /// Checks that one of `keys`, the new log's, has signed it.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<(), SignatureError> {
        self.verify_at(0, keys)
    }

    /// Checks that one of `keys`, the old log's, has signed it; `Missing` if the old log has not.
    pub fn verify_old(&self, keys: &[VerifierKey]) -> Result<(), SignatureError> {
        self.verify_at(1, keys)
    }

    fn verify_at(&self, at: usize, keys: &[VerifierKey]) -> Result<(), SignatureError> {
        let signature = self.note.signatures().get(at).ok_or(SignatureError::Missing)?;
        let key = keys.iter().find(|key| key.claims(signature));
        verify_line(self.note.text(), signature, key.ok_or(SignatureError::Missing)?)
    }

    /// The new log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Why the old log has ended.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The old log's last checkpoint, with all of its lines. Nothing of it is verified.
    #[must_use]
    pub const fn last(&self) -> &Note {
        &self.last
    }

    /// What that checkpoint says.
    #[must_use]
    pub const fn old(&self) -> &Checkpoint {
        &self.old
    }

    /// The new log's line, and the old one's if there is one.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        self.note.signatures()
    }

    /// The entry's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }
}

/// Takes a line off the front of a text.
fn line<'a>(text: &'a str, name: &'static str) -> Result<(&'a str, &'a str), SuccessionError> {
    let malformed = SuccessionError::Line { name };
    let (line, rest) = text.split_once('\n').ok_or_else(|| malformed.clone())?;
    let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    value.map(|value| (value, rest)).ok_or(malformed)
}

/// Checks a reason: one plain line, see [`MAX_WHY_SIZE`].
pub fn check_why(why: &str) -> Result<(), SuccessionError> {
    let sound = (1..=MAX_WHY_SIZE).contains(&why.len())
        && !why.chars().any(char::is_control)
        && why.trim() == why;
    if sound { Ok(()) } else { Err(SuccessionError::Why) }
}

/// One line of each log, in this order; the second may be missing.
fn check_form(signatures: &[Signature], logs: &[&Origin; 2]) -> Result<(), SuccessionError> {
    let is_of = |(signature, log): (&Signature, &&Origin)| {
        signature.name.as_str() == log.as_str() && signature.bytes.len() == ED25519_SIGNATURE_SIZE
    };
    let sound = signatures.len() <= logs.len() && signatures.iter().zip(logs).all(is_of);
    if sound { Ok(()) } else { Err(SuccessionError::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::key::{Algorithm, KeyName};
    use crate::tree::Tree;

    fn key(name: &str, seed: u8) -> SigningKey {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap()
    }

    fn old_key() -> SigningKey {
        key("example.com/evidence", 1)
    }

    fn new_key() -> SigningKey {
        key("example.com/evidence-2", 2)
    }

    fn last() -> Note {
        let origin = Origin::parse("example.com/evidence").unwrap();
        let tree = Tree::new(300, Hash::of(b"root")).unwrap();
        let text = Checkpoint::new(origin, tree).to_string();
        Note::new(text.clone(), vec![old_key().sign_note(&text)])
    }

    fn sound() -> Succession {
        Succession::sign(&new_key(), Some(&old_key()), "the disk died", last()).unwrap()
    }

    #[test]
    fn a_succession_survives_its_bytes_and_says_who_signed_it() {
        let both = sound();
        assert_eq!(Succession::parse(&both.to_bytes()), Ok(both.clone()));
        assert_eq!((both.why(), both.last()), ("the disk died", &last()));
        assert_eq!(both.old().tree().size(), 300);
        let (new, old) = ([new_key().verifier().clone()], [old_key().verifier().clone()]);
        assert_eq!((both.verify(&new), both.verify_old(&old)), (Ok(()), Ok(())));
        assert_eq!(both.verify(&old), Err(SignatureError::Missing));
        let alone = Succession::sign(&new_key(), None, "the keys are lost", last()).unwrap();
        assert_eq!(Succession::parse(&alone.to_bytes()), Ok(alone.clone()));
        assert_eq!(alone.verify(&new), Ok(()));
        assert_eq!(alone.verify_old(&old), Err(SignatureError::Missing));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (bytes, keys) = (sound().to_bytes(), [new_key().verifier().clone()]);
        let old = [old_key().verifier().clone()];
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let accepted = Succession::parse(&changed).is_ok_and(|succession| {
                    succession.verify(&keys).is_ok() && succession.verify_old(&old).is_ok()
                });
                assert!(!accepted, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn nobody_else_signs_it() {
        let text = sound().note.text().to_string();
        let signed = |keys: &[&SigningKey]| {
            let lines = keys.iter().map(|key| key.sign_note(&text)).collect();
            Succession::parse(&Note::new(text.clone(), lines).to_bytes())
        };
        let (new, old, stranger) = (new_key(), old_key(), key("stranger.example", 3));
        for keys in [
            &[&old][..],
            &[&stranger],
            &[&old, &new],
            &[&new, &stranger],
            &[&new, &old, &old],
            &[&new, &new],
        ] {
            assert_eq!(signed(keys), Err(SuccessionError::Signature));
        }
        // Another key under the same name has the right form, and does not verify.
        let thief = key("example.com/evidence-2", 9);
        let forged = signed(&[&thief]).unwrap();
        assert_eq!(forged.verify(&[new.verifier().clone()]), Err(SignatureError::Missing));
    }

    #[test]
    fn reasons_are_one_plain_line_and_a_log_does_not_follow_itself() {
        let sign = |why: &str| Succession::sign(&new_key(), None, why, last());
        assert!(sign(&"y".repeat(MAX_WHY_SIZE)).is_ok());
        let long = "y".repeat(MAX_WHY_SIZE + 1);
        for why in ["", " a", "a ", "two\nlines", "a\u{7f}", "a\u{85}b", &long] {
            assert_eq!(sign(why), Err(SuccessionError::Why), "{why:?}");
        }
        let same = Succession::sign(&old_key(), None, "why", last());
        assert_eq!(same, Err(SuccessionError::SameLog));
    }

    #[test]
    fn what_is_no_entry_is_not_made() {
        let line = Signature { bytes: vec![7; 50_000], ..last().signatures()[0].clone() };
        let large = Note::new(last().text().to_string(), vec![line]);
        let made = Succession::sign(&new_key(), None, "why", large);
        assert!(matches!(made, Err(SuccessionError::TooLarge { .. })));
    }
}
