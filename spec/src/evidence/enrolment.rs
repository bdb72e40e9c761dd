//! Enrolment requests: how a source asks a log to list its key, or a new key beside the old one.
//!
//! Rule: `spec/text/enrolment.md`. Vectors: `spec/vectors/enrolment/`. A signed note:
//!
//! ```text
//! fiducial/enrolment/v1
//! log example.com/evidence
//! source line-3-aoi
//! key line-3-aoi+6b8e2f0a+AZ...
//! replaces none
//!
//! — line-3-aoi <signature by the new key>
//! ```
//!
//! A request is signed by the key that it asks for, so nobody can enrol a key that he does not hold.
//! One that replaces a key is signed by that key too: whoever holds neither cannot take over a
//! chain. Who *may* enrol is the log operator's decision, not this module's.
//!
//! Invariant: `Enrolment::parse(bytes)?.to_bytes() == bytes`.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::{MAX_ORIGIN_SIZE, Origin};
use crate::key::{Algorithm, KeyName, MAX_KEY_NAME_SIZE, SigningKey, VerifierKey};
use crate::note::{Note, NoteError, verify_ed25519};

/// The most bytes of a request: every line at its longest. A verifier key is a name, a plus, 8
/// digits, a plus and 44 base64 letters; there are at most two keys and two signatures.
pub const MAX_ENROLMENT_SIZE: usize = 22
    + (5 + MAX_ORIGIN_SIZE)
    + (8 + MAX_KEY_NAME_SIZE)
    + (5 + MAX_VKEY_SIZE)
    + (10 + MAX_VKEY_SIZE)
    + 1
    + 2 * (4 + MAX_KEY_NAME_SIZE + 1 + 92 + 1);

/// The most bytes of an Ed25519 verifier key.
const MAX_VKEY_SIZE: usize = MAX_KEY_NAME_SIZE + 1 + 8 + 1 + 44;

/// The first line of every request.
const HEADER: &str = "fiducial/enrolment/v1";

/// Why bytes are no enrolment request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolmentError {
    /// The first line names no request of this version.
    #[error("the first line is not `{HEADER}`")]
    Header,
    /// A key is not one of the source, or signs no notes.
    #[error("the line `{name}` holds no Ed25519 key of the source")]
    Key {
        /// Which line.
        name: &'static str,
    },
    /// A line is missing, repeated, out of order, or malformed.
    #[error("the line `{name}` is missing, out of place or malformed")]
    Line {
        /// What the line at this place starts with.
        name: &'static str,
    },
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The request could also be written otherwise.
    #[error("the request is not in its one canonical spelling")]
    NotCanonical,
    /// The new key is the one that it replaces.
    #[error("the new key is the one that it replaces")]
    SameKey,
    /// A signature is missing, wrong, or one too many.
    #[error(
        "a request is signed by the key that it asks for, then by the key that it replaces if \
         that is still held, and by no other"
    )]
    Signature,
    /// More than [`MAX_ENROLMENT_SIZE`] bytes.
    #[error("the request has {size} bytes; at most {MAX_ENROLMENT_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
}

/// A request whose signatures were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    origin: Origin,
    key: VerifierKey,
    replaces: Option<VerifierKey>,
    /// Whether the key that is replaced has signed: false when it was lost.
    vouched: bool,
    note: Note,
}

impl Enrolment {
    /// Asks for a first key.
    ///
    /// # Panics
    ///
    /// If the key is a cosignature key, see [`SigningKey::sign_note`].
    #[must_use]
    pub fn first(origin: Origin, key: &SigningKey) -> Self {
        let text = text(&origin, key.verifier(), None);
        let note = Note::new(text.clone(), vec![key.sign_note(&text)]);
        Self { origin, key: key.verifier().clone(), replaces: None, vouched: false, note }
    }

    /// Asks for a key beside the one that it will replace; both have the source's name.
    ///
    /// # Panics
    ///
    /// If a key is a cosignature key, see [`SigningKey::sign_note`].
    pub fn rotation(
        origin: Origin,
        key: &SigningKey,
        old: &SigningKey,
    ) -> Result<Self, EnrolmentError> {
        if old.verifier().name() != key.verifier().name() {
            return Err(EnrolmentError::Key { name: "replaces" });
        }
        if old.verifier() == key.verifier() {
            return Err(EnrolmentError::SameKey);
        }
        let replaces = Some(old.verifier().clone());
        let text = text(&origin, key.verifier(), replaces.as_ref());
        let note = Note::new(text.clone(), vec![key.sign_note(&text), old.sign_note(&text)]);
        Ok(Self { origin, key: key.verifier().clone(), replaces, vouched: true, note })
    }

    /// Parses a request and checks its signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnrolmentError> {
        if bytes.len() > MAX_ENROLMENT_SIZE {
            return Err(EnrolmentError::TooLarge { size: bytes.len() });
        }
        let note = Note::parse(bytes)?;
        let (origin, key, replaces) = parse_text(note.text())?;
        if replaces.as_ref() == Some(&key) {
            return Err(EnrolmentError::SameKey);
        }
        let vouched = check_signatures(&note, &key, replaces.as_ref())?;
        let parsed = Self { origin, key, replaces, vouched, note };
        if parsed.to_bytes() == bytes { Ok(parsed) } else { Err(EnrolmentError::NotCanonical) }
    }

    /// Which log is asked.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The key that is to be listed; its name is the source's.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The key that it is to replace.
    #[must_use]
    pub const fn replaces(&self) -> Option<&VerifierKey> {
        self.replaces.as_ref()
    }

    /// Whether the key that is replaced has signed as well. If not, it was lost, or this is somebody
    /// else: only the operator can tell.
    #[must_use]
    pub const fn is_vouched(&self) -> bool {
        self.vouched
    }

    /// The one encoding of this request.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.note.signatures().to_vec();
        Note::new(text(&self.origin, &self.key, self.replaces.as_ref()), signatures).to_bytes()
    }
}

/// Line by line: the new key's signature first, then the old one's, if it signed at all.
fn check_signatures(
    note: &Note,
    key: &VerifierKey,
    replaces: Option<&VerifierKey>,
) -> Result<bool, EnrolmentError> {
    let wrong = |_| EnrolmentError::Signature;
    let claims = |key: &VerifierKey, at: usize| {
        note.signatures().get(at).is_some_and(|signature| key.claims(signature))
    };
    if !claims(key, 0) {
        return Err(EnrolmentError::Signature);
    }
    verify_ed25519(note, key).map_err(wrong)?;
    match (note.signatures().len(), replaces) {
        (1, _) => Ok(false),
        (2, Some(old)) if claims(old, 1) => {
            verify_ed25519(note, old).map_err(wrong)?;
            Ok(true)
        }
        _ => Err(EnrolmentError::Signature),
    }
}

fn parse_text(text: &str) -> Result<(Origin, VerifierKey, Option<VerifierKey>), EnrolmentError> {
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    if lines.next() != Some(HEADER) {
        return Err(EnrolmentError::Header);
    }
    let mut value = |name: &'static str| {
        let line = lines.next().and_then(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix(' ')).ok_or(EnrolmentError::Line { name })
    };
    let malformed = |name| EnrolmentError::Line { name };
    let origin = Origin::parse(value("log")?).map_err(|_| malformed("log"))?;
    let source = KeyName::parse(value("source")?).map_err(|_| malformed("source"))?;
    let key = parse_key("key", value("key")?, &source)?;
    let replaces = match value("replaces")? {
        "none" => None,
        old => Some(parse_key("replaces", old, &source)?),
    };
    if lines.next().is_some() {
        return Err(malformed("replaces"));
    }
    Ok((origin, key, replaces))
}

fn parse_key(
    name: &'static str,
    text: &str,
    source: &KeyName,
) -> Result<VerifierKey, EnrolmentError> {
    let wrong = EnrolmentError::Key { name };
    let key = VerifierKey::parse(text).map_err(|_| wrong.clone())?;
    let ours = key.name() == source && key.algorithm() == Algorithm::NoteEd25519;
    if ours { Ok(key) } else { Err(wrong) }
}

fn text(origin: &Origin, key: &VerifierKey, replaces: Option<&VerifierKey>) -> String {
    let replaces = replaces.map_or_else(|| "none".to_string(), VerifierKey::to_string);
    let source = key.name();
    alloc::format!("{HEADER}\nlog {origin}\nsource {source}\nkey {key}\nreplaces {replaces}\n")
}

impl fmt::Display for Enrolment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, seed: u8) -> SigningKey {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap()
    }

    fn origin() -> Origin {
        Origin::parse("example.com/evidence").unwrap()
    }

    fn rotation() -> Enrolment {
        Enrolment::rotation(origin(), &key("aoi", 2), &key("aoi", 1)).unwrap()
    }

    #[test]
    fn requests_survive_their_bytes() {
        let first = Enrolment::first(origin(), &key("aoi", 1));
        assert_eq!(Enrolment::parse(&first.to_bytes()), Ok(first.clone()));
        assert!(first.replaces().is_none() && !first.is_vouched());
        let rotation = rotation();
        assert_eq!(Enrolment::parse(&rotation.to_bytes()), Ok(rotation.clone()));
        assert_eq!(rotation.replaces(), Some(key("aoi", 1).verifier()));
        assert!(rotation.is_vouched());
        assert!(rotation.to_bytes().len() <= MAX_ENROLMENT_SIZE);
    }

    #[test]
    fn the_longest_request_is_as_long_as_the_limit() {
        let name = "n".repeat(MAX_KEY_NAME_SIZE);
        let origin = Origin::parse(&"o".repeat(MAX_ORIGIN_SIZE)).unwrap();
        let longest = Enrolment::rotation(origin, &key(&name, 2), &key(&name, 1)).unwrap();
        assert_eq!(longest.to_bytes().len(), MAX_ENROLMENT_SIZE);
        let longer = [longest.to_bytes(), alloc::vec![b'\n']].concat();
        let size = MAX_ENROLMENT_SIZE + 1;
        assert_eq!(Enrolment::parse(&longer), Err(EnrolmentError::TooLarge { size }));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        for bytes in [rotation().to_bytes(), Enrolment::first(origin(), &key("aoi", 1)).to_bytes()]
        {
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut changed = bytes.clone();
                    changed[at] ^= 1 << bit;
                    assert!(Enrolment::parse(&changed).is_err(), "byte {at}, bit {bit}");
                }
            }
        }
    }

    #[test]
    fn nobody_enrols_a_key_that_he_does_not_hold() {
        let (thief, victim) = (key("aoi", 3), key("aoi", 1));
        let said = text(&origin(), victim.verifier(), None);
        let signed = |signers: &[&SigningKey], said: &str| {
            let lines = signers.iter().map(|key| key.sign_note(said)).collect();
            Enrolment::parse(&Note::new(said.to_string(), lines).to_bytes())
        };
        assert_eq!(signed(&[&thief], &said), Err(EnrolmentError::Signature));
        assert_eq!(signed(&[&victim, &thief], &said), Err(EnrolmentError::Signature));
        // A takeover: the old key is named, but only the thief signs.
        let said = text(&origin(), thief.verifier(), Some(victim.verifier()));
        assert!(!signed(&[&thief], &said).unwrap().is_vouched());
        assert_eq!(signed(&[&thief, &thief], &said), Err(EnrolmentError::Signature));
        assert_eq!(signed(&[&victim, &thief], &said), Err(EnrolmentError::Signature));
        assert_eq!(signed(&[&thief, &victim, &victim], &said), Err(EnrolmentError::Signature));
        assert!(signed(&[&thief, &victim], &said).unwrap().is_vouched());
    }

    #[test]
    fn keys_of_another_name_or_type_are_refused() {
        let other = Enrolment::rotation(origin(), &key("aoi", 2), &key("oven", 1));
        assert_eq!(other, Err(EnrolmentError::Key { name: "replaces" }));
        let same = Enrolment::rotation(origin(), &key("aoi", 2), &key("aoi", 2));
        assert_eq!(same, Err(EnrolmentError::SameKey));
        let signer = key("aoi", 1);
        let parse = |said: String| {
            let note = Note::new(said.clone(), vec![signer.sign_note(&said)]);
            Enrolment::parse(&note.to_bytes())
        };
        let said = text(&origin(), signer.verifier(), None);
        let stranger = said.replace("source aoi", "source oven");
        assert_eq!(parse(stranger), Err(EnrolmentError::Key { name: "key" }));
        let own = said.replace("replaces none", &alloc::format!("replaces {}", signer.verifier()));
        assert_eq!(parse(own), Err(EnrolmentError::SameKey));
        let name = KeyName::parse("aoi").unwrap();
        let cosigner = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[1; 32]);
        let cosigner = cosigner.unwrap().verifier().to_string();
        let typed = said.replace(&signer.verifier().to_string(), &cosigner);
        assert_eq!(parse(typed), Err(EnrolmentError::Key { name: "key" }));
    }

    #[test]
    fn every_line_stands_once_in_its_place() {
        let signer = key("aoi", 1);
        let said = text(&origin(), signer.verifier(), None);
        let lines: Vec<&str> = said.lines().collect();
        let parse = |lines: &[&str]| {
            let said = lines.join("\n") + "\n";
            let note = Note::new(said.clone(), vec![signer.sign_note(&said)]);
            Enrolment::parse(&note.to_bytes())
        };
        assert!(parse(&lines).is_ok());
        for at in 0..lines.len() {
            let (mut without, mut twice) = (lines.clone(), lines.clone());
            without.remove(at);
            twice.insert(at, lines[at]);
            assert!(parse(&without).is_err(), "without line {at}");
            assert!(parse(&twice).is_err(), "line {at} twice");
        }
        for (from, to) in
            [("v1", "v2"), ("source ", "source  "), ("replaces none", "replaces None")]
        {
            let changed = said.replace(from, to);
            assert!(parse(&changed.lines().collect::<Vec<_>>()).is_err(), "{changed}");
        }
    }
}
