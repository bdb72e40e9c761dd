//! Keys: who may sign, under which name, with which algorithm.
//!
//! Rule: C2SP signed-note (key names, key IDs, verifier keys) and tlog-cosignature.
//!
//! ```text
//! key ID        SHA-256(name || "\n" || type || public key), its first four bytes
//! verifier key  <name>+<key ID, 8 hex digits>+<base64 of type || public key>
//! signing key   PRIVATE+KEY+<name>+<key ID>+<base64 of type || 32-byte seed>
//! ```
//!
//! Three types are known: `0x01` Ed25519 over a note, `0x04` Ed25519 cosignature, `0x06`
//! ML-DSA-44 cosignature. A verifier key whose ID does not follow from its content is refused.
//!
//! Danger: an Ed25519 public key of small order verifies signatures nobody made. Such keys are
//! refused when parsed, and verification is always the strict one, so that a signature that we
//! accept is accepted by every careful verifier.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::{Signer, SigningKey as Ed25519Key, VerifyingKey as Ed25519Public};
use zeroize::Zeroizing;

use crate::encoding::{decode_base64, decode_hex, encode_base64, encode_hex};
use crate::hash::Hash;
use crate::note::Signature;

mod lines;
mod ml_dsa;
mod new_name;

use self::ml_dsa::MlDsaPublic;

pub use self::lines::{KeyLinesError, MAX_KEY_LINES, parse_key_lines};
pub use self::new_name::{NewNameError, check_new_name};

/// The longest key name accepted, in bytes: what ML-DSA's signed message can hold.
pub const MAX_KEY_NAME_SIZE: usize = 255;

/// The length of an ML-DSA-44 public key (FIPS 204, table 2).
pub const ML_DSA_44_PUBLIC_SIZE: usize = 1312;

/// The length of the seed that either kind of private key grows from.
pub const SEED_SIZE: usize = 32;

/// A private key's seed, wiped from memory when dropped.
pub type Seed = Zeroizing<[u8; SEED_SIZE]>;

/// What the text of a key holds: name, ID, algorithm and key material.
type KeyParts = (KeyName, KeyId, Algorithm, Zeroizing<Vec<u8>>);

/// The prefix of a signing key's text.
const SIGNING_KEY_PREFIX: &str = "PRIVATE+KEY+";

/// Why a key or its name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key material is not canonical base64.
    #[error("the key is not canonical base64")]
    Base64,
    /// The key ID does not follow from name, type and key.
    #[error("the key ID is {have}, but name and key give {want}")]
    Id {
        /// The ID in the text.
        have: String,
        /// The ID computed.
        want: String,
    },
    /// The public key has the wrong length for its type.
    #[error("a key of {have} bytes where its type has {want}")]
    Length {
        /// Bytes found, without the type byte.
        have: usize,
        /// Bytes that the type has.
        want: usize,
    },
    /// Not of the form `<name>+<id>+<key>`.
    #[error("not of the form <name>+<8 hex digits>+<base64>")]
    Malformed,
    /// The name is empty, too long, or holds a space, a plus or a control character.
    #[error("a key name is 1 to 255 bytes without spaces, plus signs or control characters")]
    Name,
    /// A private key where its public half belongs.
    #[error("this is a private key: keep it where it was, and give its verifier key")]
    Private,
    /// The public key is no point, or one of small order for which signatures can be made up.
    #[error("the Ed25519 public key is invalid or of small order")]
    Point,
    /// A signature type that this project does not use.
    #[error("signature type 0x{0:02x} is not supported here")]
    Type(u8),
}

/// A key name: non-empty, without Unicode spaces, plus signs or control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let refused = |letter: char| letter.is_whitespace() || letter == '+' || letter.is_control();
        if text.is_empty() || text.len() > MAX_KEY_NAME_SIZE || text.chars().any(refused) {
            return Err(KeyError::Name);
        }
        Ok(Self(text.to_string()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyName({})", self.0)
    }
}

/// The four bytes that tell keys of one name apart. An identifier, not a strong hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Wraps the four bytes found in a signature line.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    fn of(name: &KeyName, algorithm: Algorithm, public: &[u8]) -> Self {
        let parts = [name.as_str().as_bytes(), b"\n", &[algorithm.type_byte()], public];
        let hash = Hash::of_parts(&parts);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode_hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

/// How a key signs: the signature types of C2SP signed-note that this project uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "a fourth algorithm must break every match on this")]
pub enum Algorithm {
    /// `0x04`: Ed25519 over `cosignature/v1`, a time and the checkpoint.
    CosignatureEd25519,
    /// `0x06`: ML-DSA-44 over a structure of name, time and checkpoint.
    CosignatureMlDsa44,
    /// `0x01`: Ed25519 over the text of any note.
    NoteEd25519,
}

impl Algorithm {
    /// Who has keys of this kind, for messages about one where another belongs.
    #[must_use]
    pub const fn holder(self) -> &'static str {
        match self {
            Self::CosignatureEd25519 => "a witness's key (0x04, Ed25519 cosignature)",
            Self::CosignatureMlDsa44 => "a log's or a witness's key (0x06, ML-DSA-44)",
            Self::NoteEd25519 => "a log's or a source's key (0x01, Ed25519)",
        }
    }

    /// The signature type byte of C2SP signed-note.
    #[must_use]
    pub const fn type_byte(self) -> u8 {
        match self {
            Self::CosignatureEd25519 => 0x04,
            Self::CosignatureMlDsa44 => 0x06,
            Self::NoteEd25519 => 0x01,
        }
    }

    fn from_type_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            0x01 => Ok(Self::NoteEd25519),
            0x04 => Ok(Self::CosignatureEd25519),
            0x06 => Ok(Self::CosignatureMlDsa44),
            other => Err(KeyError::Type(other)),
        }
    }
}

/// The public half of a key, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519(Ed25519Public),
    MlDsa44(MlDsaPublic),
}

/// A key that verifies: name, algorithm and public key, with the ID that follows from them.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    algorithm: Algorithm,
    public: PublicKey,
}

impl VerifierKey {
    /// Parses a C2SP vkey, for example
    /// `example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(SIGNING_KEY_PREFIX) {
            return Err(KeyError::Private);
        }
        let (name, id, algorithm, public) = split_key(text)?;
        let key = Self::new(name, algorithm, &public)?;
        key.check_id(id)?;
        Ok(key)
    }

    /// Makes a key from its parts; refuses a wrong length and small-order points.
    pub fn new(name: KeyName, algorithm: Algorithm, public: &[u8]) -> Result<Self, KeyError> {
        let id = KeyId::of(&name, algorithm, public);
        let public = match algorithm {
            Algorithm::CosignatureEd25519 | Algorithm::NoteEd25519 => ed25519_public(public)?,
            Algorithm::CosignatureMlDsa44 => ml_dsa_public(public)?,
        };
        Ok(Self { name, id, algorithm, public })
    }

    /// The name that signature lines of this key carry.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID that signature lines of this key carry.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// How this key signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The encoded public key: 32 bytes for Ed25519, 1,312 for ML-DSA-44.
    ///
    /// Two verifier keys with equal public bytes are one key under two labels, which a policy
    /// must not count twice.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8] {
        match &self.public {
            PublicKey::Ed25519(key) => key.as_bytes(),
            PublicKey::MlDsa44(key) => key.bytes(),
        }
    }

    /// Whether `signature` claims to be by this key: same name and same ID.
    #[must_use]
    pub fn claims(&self, signature: &Signature) -> bool {
        signature.name == self.name && signature.id == self.id
    }

    pub(crate) const fn public(&self) -> &PublicKey {
        &self.public
    }

    fn check_id(&self, have: KeyId) -> Result<(), KeyError> {
        if have == self.id {
            return Ok(());
        }
        Err(KeyError::Id { have: have.to_string(), want: self.id.to_string() })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = encode_key(self.algorithm, self.public_bytes());
        write!(formatter, "{}+{}+{encoded}", self.name, self.id)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifierKey({}+{} {:?})", self.name, self.id, self.algorithm)
    }
}

/// A private Ed25519 key with its name. Wiped from memory when dropped; never shown by `Debug`.
///
/// ML-DSA-44 signing lives in the programs, where a fast implementation can be linked; its seeds
/// travel in the same text form, see [`parse_seed`].
pub struct SigningKey {
    private: Ed25519Key,
    verifier: VerifierKey,
}

impl SigningKey {
    /// Makes an Ed25519 key from its 32-byte seed (RFC 8032, section 5.1.5).
    ///
    /// `seed` must come from the operating system's random generator.
    pub fn from_seed(
        name: KeyName,
        algorithm: Algorithm,
        seed: &[u8; SEED_SIZE],
    ) -> Result<Self, KeyError> {
        if algorithm == Algorithm::CosignatureMlDsa44 {
            return Err(KeyError::Type(algorithm.type_byte()));
        }
        let private = Ed25519Key::from_bytes(seed);
        let verifier = VerifierKey::new(name, algorithm, private.verifying_key().as_bytes())?;
        Ok(Self { private, verifier })
    }

    /// Parses `PRIVATE+KEY+<name>+<id>+<base64>`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, algorithm, seed) = parse_seed(text)?;
        let key = Self::from_seed(name, algorithm, &seed)?;
        key.verifier.check_id(id)?;
        Ok(key)
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The text form, for a file that only its owner may read.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let VerifierKey { name, id, algorithm, .. } = &self.verifier;
        format_seed(name, *id, *algorithm, self.private.as_bytes())
    }

    /// Signs the text of a note: a signature of type `0x01`.
    ///
    /// # Panics
    ///
    /// If this key is a cosignature key, which must never sign a bare text: its signatures are
    /// told from a note's only by what they sign.
    #[must_use]
    pub fn sign_note(&self, text: &str) -> Signature {
        assert_eq!(
            self.verifier.algorithm,
            Algorithm::NoteEd25519,
            "sign_note called with a cosignature key"
        );
        self.signature(Vec::new(), text.as_bytes())
    }

    /// Signs `message`; the signature line carries `prefix` before the 64 bytes.
    pub(crate) fn signature(&self, prefix: Vec<u8>, message: &[u8]) -> Signature {
        let mut bytes = prefix;
        bytes.extend_from_slice(&self.private.sign(message).to_bytes());
        Signature { name: self.verifier.name.clone(), id: self.verifier.id, bytes }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({}+{})", self.verifier.name, self.verifier.id)
    }
}

/// Takes a signing key's text apart: name, ID, algorithm and seed.
///
/// For ML-DSA-44 the caller derives the public key from the seed and checks the ID with it.
pub fn parse_seed(text: &str) -> Result<(KeyName, KeyId, Algorithm, Seed), KeyError> {
    let rest = text.strip_prefix(SIGNING_KEY_PREFIX).ok_or(KeyError::Malformed)?;
    let (name, id, algorithm, seed) = split_key(rest)?;
    let length = KeyError::Length { have: seed.len(), want: SEED_SIZE };
    let seed: [u8; SEED_SIZE] = seed.as_slice().try_into().map_err(|_| length)?;
    Ok((name, id, algorithm, Zeroizing::new(seed)))
}

/// Writes a signing key's text.
#[must_use]
pub fn format_seed(
    name: &KeyName,
    id: KeyId,
    algorithm: Algorithm,
    seed: &[u8; SEED_SIZE],
) -> Zeroizing<String> {
    Zeroizing::new(format!("{SIGNING_KEY_PREFIX}{name}+{id}+{}", encode_key(algorithm, seed)))
}

fn encode_key(algorithm: Algorithm, key: &[u8]) -> String {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 + key.len()));
    bytes.push(algorithm.type_byte());
    bytes.extend_from_slice(key);
    encode_base64(&bytes)
}

/// What a message may repeat of a text that was to be a verifier key: the part before the first
/// plus sign. What stands behind it may be the seed of a private key, given by mistake.
#[must_use]
pub fn shown_part(text: &str) -> &str {
    text.split('+').next().unwrap_or_default()
}

/// Repeats a message about a file that may hold keys, without the private ones.
#[must_use]
pub fn without_private_keys(message: &str) -> String {
    let mut parts = message.split(SIGNING_KEY_PREFIX);
    let mut shown = parts.next().unwrap_or_default().to_string();
    for rest in parts {
        let ends = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`');
        let end = rest.find(ends).unwrap_or(rest.len());
        shown.push_str("(a private key, not shown)");
        shown.push_str(&rest[end..]);
    }
    shown
}

/// Splits `<name>+<id>+<base64 of type || key>`. The base64 may itself hold plus signs, so only
/// the first two separate.
fn split_key(text: &str) -> Result<KeyParts, KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Malformed);
    };
    let id = KeyId(decode_hex(id).map_err(|_| KeyError::Malformed)?);
    let bytes = Zeroizing::new(decode_base64(key).map_err(|_| KeyError::Base64)?);
    let (&type_byte, key) = bytes.split_first().ok_or(KeyError::Malformed)?;
    let algorithm = Algorithm::from_type_byte(type_byte)?;
    Ok((KeyName::parse(name)?, id, algorithm, Zeroizing::new(key.to_vec())))
}

fn ed25519_public(bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let length = KeyError::Length { have: bytes.len(), want: 32 };
    let bytes: &[u8; 32] = bytes.try_into().map_err(|_| length)?;
    let key = Ed25519Public::from_bytes(bytes).map_err(|_| KeyError::Point)?;
    // The re-encoding refuses the few points that have a second, non-canonical spelling.
    let canonical = key.to_edwards().compress().as_bytes() == bytes;
    if key.is_weak() || !canonical { Err(KeyError::Point) } else { Ok(PublicKey::Ed25519(key)) }
}

fn ml_dsa_public(bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let length = KeyError::Length { have: bytes.len(), want: ML_DSA_44_PUBLIC_SIZE };
    let bytes: [u8; ML_DSA_44_PUBLIC_SIZE] = bytes.try_into().map_err(|_| length)?;
    Ok(PublicKey::MlDsa44(MlDsaPublic::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn a_private_key_is_refused_as_one_and_not_repeated() {
        let private = format!("{SIGNING_KEY_PREFIX}aoi.example+0123abcd+c2VlZA/+==");
        assert_eq!(VerifierKey::parse(&private), Err(KeyError::Private));
        assert_eq!(shown_part(&private), "PRIVATE");
        assert_eq!(shown_part("aoi.example+0123abcd+c2VlZA"), "aoi.example");
        let message = format!("line 2: key = \"{private}\" is\n{private}\n{private}");
        let shown = without_private_keys(&message);
        let hidden = "(a private key, not shown)";
        assert_eq!(shown, format!("line 2: key = \"{hidden}\" is\n{hidden}\n{hidden}"));
        assert_eq!(without_private_keys("nothing"), "nothing");
    }

    #[test]
    fn the_example_of_the_specification_parses_and_prints() {
        let key = VerifierKey::parse(EXAMPLE).unwrap();
        assert_eq!(key.name().as_str(), "example.com/foo");
        assert_eq!(key.algorithm(), Algorithm::NoteEd25519);
        assert_eq!(key.to_string(), EXAMPLE);
    }

    #[test]
    fn every_changed_character_is_refused() {
        for at in 0..EXAMPLE.len() {
            for replacement in ['A', 'b', '+', '/', '=', ' '] {
                let mut text: Vec<char> = EXAMPLE.chars().collect();
                if text[at] == replacement {
                    continue;
                }
                text[at] = replacement;
                let text: String = text.into_iter().collect();
                assert!(VerifierKey::parse(&text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn small_order_and_non_canonical_points_are_refused() {
        let name = KeyName::parse("weak.example").unwrap();
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut beyond_the_field = [0xff; 32];
        beyond_the_field[0] = 0xee;
        beyond_the_field[31] = 0x7f;
        for weak in [[0; 32], identity, beyond_the_field] {
            let parsed = VerifierKey::new(name.clone(), Algorithm::NoteEd25519, &weak);
            assert_eq!(parsed, Err(KeyError::Point), "{weak:?}");
        }
    }

    #[test]
    fn a_signing_key_survives_its_text_and_hides_from_debug() {
        let name = KeyName::parse("log.example/one").unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[9; 32]).unwrap();
        let again = SigningKey::parse(&key.to_text()).unwrap();
        assert_eq!(again.verifier(), key.verifier());
        assert!(!format!("{key:?}").contains(&encode_base64(&[9; 32])[..8]));
    }

    #[test]
    fn names_without_a_place_in_a_signature_line_are_refused() {
        for name in ["", "a b", "a+b", "a\u{a0}b", "a\u{2028}b", "a\nb", "a\u{7f}b"] {
            assert_eq!(KeyName::parse(name), Err(KeyError::Name), "{name:?}");
        }
        assert_eq!(KeyName::parse(&"n".repeat(256)), Err(KeyError::Name));
    }
}
