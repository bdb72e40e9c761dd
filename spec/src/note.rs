//! Signed notes: a text, an empty line, and one line per signature.
//!
//! Rule: C2SP signed-note. Everything signed in Fiducial is one: checkpoints and statements alike.
//!
//! ```text
//! This is an example message.
//!
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! A [`Note`] is only *parsed*: its text must not be believed until [`verify_ed25519`] or one of
//! the functions in [`crate::cosignature`] has accepted a signature by a key that was known
//! beforehand. Lines of unknown keys are kept and ignored; a line that claims a known key and does
//! not verify makes the whole note malformed.
//!
//! Invariant: `Note::parse(bytes)?.to_bytes() == bytes`. One note has one encoding.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::Signature as Ed25519Signature;

use crate::encoding::{decode_base64, encode_base64};
use crate::key::{Algorithm, KeyId, KeyName, PublicKey, VerifierKey};

/// The most bytes a note may have: 64 signatures of post-quantum size, and room for the text.
pub const MAX_NOTE_SIZE: usize = 256 * 1024;

/// The most signature lines a note may have. The specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 64;

/// What a signature line starts with: an em dash and a space.
const LINE_PREFIX: &str = "\u{2014} ";

/// Why bytes are not a signed note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// A control character other than the line break.
    #[error("the note holds a control character")]
    ControlCharacter,
    /// No empty line between text and signatures, or no signature behind it.
    #[error("no empty line followed by signature lines")]
    NoSignatures,
    /// A line behind the text is not `— <name> <base64 of key ID and signature>`.
    #[error("signature line {line} is malformed")]
    SignatureLine {
        /// Which line of the signature block, from 1.
        line: usize,
    },
    /// More than [`MAX_NOTE_SIZE`] bytes.
    #[error("the note has {size} bytes; at most {MAX_NOTE_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// More than [`MAX_SIGNATURES`] lines.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// Not UTF-8.
    #[error("the note is not valid UTF-8")]
    Utf8,
}

/// Why no signature of a key was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A line claims the key but its signature does not verify.
    #[error("a signature line names the key but does not verify")]
    Invalid,
    /// No line claims the key.
    #[error("no signature by the key")]
    Missing,
    /// The key signs something else than the text of a note.
    #[error("the key is not of the type that signs this")]
    WrongType,
}

/// One signature line. Who it is by is only claimed until it is verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "the line has these three parts and no other")]
pub struct Signature {
    /// The key name on the line.
    pub name: KeyName,
    /// The key ID on the line.
    pub id: KeyId,
    /// What follows the key ID: the algorithm decides its form.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Parses one line without its line break.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(LINE_PREFIX)?.split_once(' ')?;
        let decoded = decode_base64(encoded).ok()?;
        let (id, bytes) = decoded.split_first_chunk::<4>()?;
        if bytes.is_empty() {
            return None;
        }
        let name = KeyName::parse(name).ok()?;
        Some(Self { name, id: KeyId::from_bytes(*id), bytes: bytes.to_vec() })
    }
}

/// Writes the line without its line break.
impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.as_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(formatter, "{LINE_PREFIX}{} {}", self.name, encode_base64(&bytes))
    }
}

/// A note that has the right form. Nothing in it is verified yet. One is before another by its text, and then
/// by its signatures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Parses a note of at most [`MAX_NOTE_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_SIZE {
            return Err(NoteError::TooLarge { size: bytes.len() });
        }
        let whole = core::str::from_utf8(bytes).map_err(|_| NoteError::Utf8)?;
        // All bytes are looked at: without an end in the middle, many at once.
        let is_control = |byte: u8| byte < 0x20 && byte != b'\n';
        if whole.bytes().fold(false, |any, byte| any | is_control(byte)) {
            return Err(NoteError::ControlCharacter);
        }
        // The text may hold empty lines; the last one separates.
        let mut breaks = whole.rmatch_indices('\n').map(|(at, _)| at);
        let split = breaks.find(|at| whole[at + 1..].starts_with('\n'));
        let split = split.ok_or(NoteError::NoSignatures)?;
        let (text, block) = (&whole[..=split], &whole[split + 2..]);
        let signatures = parse_signatures(block)?;
        Ok(Self { text: text.to_string(), signatures })
    }

    /// Makes a note of a text that ends in a line break.
    ///
    /// # Panics
    ///
    /// If `text` could not be the text of a note, or there are no or too many signatures: the
    /// caller builds notes from checked parts only.
    #[must_use]
    pub fn new(text: String, signatures: Vec<Signature>) -> Self {
        let sound = text.ends_with('\n') && text.bytes().all(|byte| byte >= 0x20 || byte == b'\n');
        assert!(sound, "Note::new called with a text that no note can have");
        assert!(
            (1..=MAX_SIGNATURES).contains(&signatures.len()),
            "Note::new called with no or too many signatures"
        );
        Self { text, signatures }
    }

    /// The text that is signed, with its final line break. Unverified.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The one encoding of this note.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(formatter, "{signature}")?;
        }
        Ok(())
    }
}

/// Parses signature lines, each with its line break: the block behind a note's empty line, or a
/// witness's answer.
pub fn parse_signatures(block: &str) -> Result<Vec<Signature>, NoteError> {
    let lines = block.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
    let mut signatures = Vec::new();
    for (at, line) in lines.split('\n').enumerate() {
        if at == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signature = Signature::parse(line).ok_or(NoteError::SignatureLine { line: at + 1 })?;
        signatures.push(signature);
    }
    Ok(signatures)
}

/// Checks the signature of `key` (type `0x01`) over the note's text.
///
/// Every line that claims the key must verify, so that a note means the same to all verifiers.
pub fn verify_ed25519(note: &Note, key: &VerifierKey) -> Result<(), SignatureError> {
    if key.algorithm() != Algorithm::NoteEd25519 {
        return Err(SignatureError::WrongType);
    }
    let mut found = false;
    for signature in note.signatures.iter().filter(|signature| key.claims(signature)) {
        verify_bytes(key, note.text.as_bytes(), &signature.bytes)?;
        found = true;
    }
    if found { Ok(()) } else { Err(SignatureError::Missing) }
}

/// Checks one signature line over the text of a note: the same as [`verify_ed25519`] on a note
/// that has this line only.
pub(crate) fn verify_line(
    text: &str,
    signature: &Signature,
    key: &VerifierKey,
) -> Result<(), SignatureError> {
    if key.algorithm() != Algorithm::NoteEd25519 {
        return Err(SignatureError::WrongType);
    }
    if !key.claims(signature) {
        return Err(SignatureError::Missing);
    }
    verify_bytes(key, text.as_bytes(), &signature.bytes)
}

/// Checks a 64-byte Ed25519 signature over `message`, strictly: no small-order points, one
/// encoding, no batch.
pub(crate) fn verify_bytes(
    key: &VerifierKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let PublicKey::Ed25519(public) = key.public() else {
        return Err(SignatureError::WrongType);
    };
    let signature = Ed25519Signature::from_slice(signature).map_err(|_| SignatureError::Invalid)?;
    public.verify_strict(message, &signature).map_err(|_| SignatureError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use alloc::format;

    const EXAMPLE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn example() -> (Note, VerifierKey) {
        (Note::parse(EXAMPLE.as_bytes()).unwrap(), VerifierKey::parse(KEY).unwrap())
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let (note, key) = example();
        assert_eq!(note.to_bytes(), EXAMPLE.as_bytes());
        assert_eq!(verify_ed25519(&note, &key), Ok(()));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let key = VerifierKey::parse(KEY).unwrap();
        for at in 0..EXAMPLE.len() {
            for bit in 0..8 {
                let mut bytes = EXAMPLE.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let accepted =
                    Note::parse(&bytes).is_ok_and(|note| verify_ed25519(&note, &key).is_ok());
                assert!(!accepted, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_bad_line_of_a_known_key_beside_a_good_one_is_refused() {
        let (note, key) = example();
        let mut bad = note.signatures()[0].clone();
        bad.bytes[5] ^= 1;
        let mixed = Note::new(note.text().to_string(), [note.signatures(), &[bad]].concat());
        assert_eq!(verify_ed25519(&mixed, &key), Err(SignatureError::Invalid));
    }

    #[test]
    fn lines_of_unknown_keys_are_ignored() {
        let (note, key) = example();
        let name = KeyName::parse("other.example").unwrap();
        let other = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[1; 32]).unwrap();
        let line = other.sign_note("something else\n");
        let mixed = Note::new(note.text().to_string(), [&[line], note.signatures()].concat());
        assert_eq!(verify_ed25519(&mixed, &key), Ok(()));
    }

    #[test]
    fn the_last_empty_line_separates() {
        let name = KeyName::parse("a.example").unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[2; 32]).unwrap();
        let text = "one\n\ntwo\n";
        let note = Note::new(text.to_string(), alloc::vec![key.sign_note(text)]);
        let parsed = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(parsed.text(), text);
        assert_eq!(verify_ed25519(&parsed, key.verifier()), Ok(()));
    }

    #[test]
    fn malformed_notes_are_refused_by_name() {
        let line = EXAMPLE.split_once("\n\n").unwrap().1;
        let cases: [(String, NoteError); 8] = [
            ("text\n".into(), NoteError::NoSignatures),
            ("text\n\n".into(), NoteError::NoSignatures),
            (EXAMPLE.trim_end().into(), NoteError::NoSignatures),
            (format!("a\tb\n\n{line}"), NoteError::ControlCharacter),
            (format!("a\r\n\n{line}"), NoteError::ControlCharacter),
            (format!("a\n\n{line}extra\n"), NoteError::SignatureLine { line: 2 }),
            (
                format!("a\n\n{}", line.replace("= ", " ").replace('=', "")),
                NoteError::SignatureLine { line: 1 },
            ),
            (format!("a\n\n{}", line.repeat(65)), NoteError::TooManySignatures),
        ];
        for (text, want) in cases {
            assert_eq!(Note::parse(text.as_bytes()), Err(want), "{text:?}");
        }
        let large = alloc::vec![b'a'; MAX_NOTE_SIZE + 1];
        assert!(matches!(Note::parse(&large), Err(NoteError::TooLarge { .. })));
        assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::Utf8));
    }
}
