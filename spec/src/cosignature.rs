//! Cosignatures: a witness, or the log itself, says when it saw which tree.
//!
//! Rule: C2SP tlog-cosignature, checkpoints only. Vectors: `spec/vectors/cosignature/`.
//!
//! ```text
//! signature line   — <name> base64(key ID || u64 timestamp || signature)
//! 0x04 Ed25519     64 bytes over    cosignature/v1\n
//!                                   time <timestamp>\n
//!                                   <the checkpoint's text, extension lines included>
//! 0x06 ML-DSA-44   2,420 bytes over "subtree/v1\n\0" || u8 length || name || u64 timestamp
//!                                   || u8 length || origin || u64 0 || u64 size || root
//! ```
//!
//! Danger: what `0x06` signs holds origin, size and root, but **no extension line**. Whoever
//! relays such a checkpoint can change its extension lines freely; nothing may be read from them.
//! Danger: what `0x04` signs does not hold the signer's name. One Ed25519 key under two names
//! would be two witnesses with one signature, so [`crate::policy`] compares the keys themselves.
//!
//! Out of scope: cosigned subtrees that do not start at leaf 0. Signing with ML-DSA is done in the
//! programs, where a fast implementation can be linked; this module gives them the exact bytes.
//! Integers are big-endian.

use alloc::format;
use alloc::vec::Vec;
use core::fmt;

use ml_dsa::{KeyExport, MlDsa44};
use zeroize::Zeroizing;

use crate::checkpoint::{Checkpoint, Origin};
use crate::hash::Hash;
use crate::key::{
    Algorithm, KeyError, KeyName, PublicKey, SEED_SIZE, SigningKey, VerifierKey, parse_seed,
};
use crate::note::{Signature, verify_bytes};

/// The length of an ML-DSA-44 signature (FIPS 204, table 2), without its timestamp.
pub const ML_DSA_44_SIGNATURE_SIZE: usize = 2420;

/// The latest second that a cosignature may name: 2^63 - 1.
pub const MAX_TIMESTAMP: u64 = u64::MAX >> 1;

/// What `0x06` signs begins with.
const ML_DSA_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// Why no cosignature of a key was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// A line claims the key but its signature does not verify.
    #[error("a signature line names the key but does not verify")]
    Invalid,
    /// No line claims the key.
    #[error("no cosignature by the key")]
    Missing,
    /// The signature verifies, but names a time that the format forbids.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// The key does not sign checkpoints together with a time.
    #[error("the key is not of a cosignature type (0x04 or 0x06)")]
    WrongType,
}

/// Why a number of seconds is not the time of a cosignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// Beyond [`MAX_TIMESTAMP`].
    #[error("the timestamp is beyond 2^63 - 1")]
    Beyond,
    /// Zero: the signer says nothing of when, so it never counts towards a quorum.
    #[error("the timestamp is 0, which states no time and never counts")]
    Zero,
}

/// When a cosigner signed: whole seconds since the Unix epoch, 1 to 2^63 - 1, as it claims.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Checks a number of seconds.
    pub const fn from_seconds(seconds: u64) -> Result<Self, TimestampError> {
        match seconds {
            0 => Err(TimestampError::Zero),
            1..=MAX_TIMESTAMP => Ok(Self(seconds)),
            _ => Err(TimestampError::Beyond),
        }
    }

    /// The seconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX).
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Timestamp({})", self.0)
    }
}

/// Checks all lines that claim `key`, and returns the earliest time they name.
///
/// `signatures` are a note's or a witness's answer. Every line that claims the key must verify, so
/// that a note means the same to all verifiers. Lines that verify with time 0 count only if no
/// other does: then the answer is [`TimestampError::Zero`].
pub fn verify(
    signatures: &[Signature],
    checkpoint: &Checkpoint,
    key: &VerifierKey,
) -> Result<Timestamp, CosignatureError> {
    let mut earliest = Err(CosignatureError::Missing);
    for signature in signatures.iter().filter(|signature| key.claims(signature)) {
        let counted = match verify_line(signature, checkpoint, key) {
            Ok(time) => Ok(earliest.map_or(time, |seen: Timestamp| seen.min(time))),
            Err(CosignatureError::Timestamp(TimestampError::Zero)) => {
                earliest.or(Err(TimestampError::Zero.into()))
            }
            Err(refused) => return Err(refused),
        };
        earliest = counted;
    }
    earliest
}

/// Checks one line, whose name and key ID must be those of `key`.
pub fn verify_line(
    signature: &Signature,
    checkpoint: &Checkpoint,
    key: &VerifierKey,
) -> Result<Timestamp, CosignatureError> {
    let ed25519 = |seconds| ed25519_message_at(seconds, checkpoint);
    let ml_dsa = |seconds| ml_dsa_message_at(key.name(), seconds, checkpoint);
    verify_message(signature, key, ed25519, ml_dsa)
}

/// Checks one line over a text of size 0 whose `root` is not the empty tree's. No [`Checkpoint`]
/// can hold that, but a witness must know who said it (see [`crate::witness`]).
pub(crate) fn verify_empty_line(
    signature: &Signature,
    text: &str,
    origin: &Origin,
    root: Hash,
    key: &VerifierKey,
) -> Result<Timestamp, CosignatureError> {
    let ed25519 = |seconds| format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes();
    let ml_dsa = |seconds| ml_dsa_message_of(key.name(), seconds, origin, 0, root);
    verify_message(signature, key, ed25519, ml_dsa)
}

/// Checks one line over the message that its algorithm signs at the time that it names.
fn verify_message(
    signature: &Signature,
    key: &VerifierKey,
    ed25519: impl FnOnce(u64) -> Vec<u8>,
    ml_dsa: impl FnOnce(u64) -> Vec<u8>,
) -> Result<Timestamp, CosignatureError> {
    if !key.claims(signature) {
        return Err(CosignatureError::Missing);
    }
    let (time, bytes) = signature.bytes.split_first_chunk().ok_or(CosignatureError::Invalid)?;
    let seconds = u64::from_be_bytes(*time);
    match key.public() {
        PublicKey::Ed25519(_) if key.algorithm() == Algorithm::CosignatureEd25519 => {
            verify_bytes(key, &ed25519(seconds), bytes).map_err(|_| CosignatureError::Invalid)?;
        }
        PublicKey::Ed25519(_) => return Err(CosignatureError::WrongType),
        PublicKey::MlDsa44(key) => verify_ml_dsa(key.decoded(), &ml_dsa(seconds), bytes)?,
    }
    // The time is looked at last: before the signature is checked it is anyone's.
    Ok(Timestamp::from_seconds(seconds)?)
}

/// The bytes that a `0x04` cosignature signs.
#[must_use]
pub fn ed25519_message(timestamp: Timestamp, checkpoint: &Checkpoint) -> Vec<u8> {
    ed25519_message_at(timestamp.0, checkpoint)
}

/// The bytes that a `0x06` cosignature signs, with FIPS 204's empty context.
#[must_use]
pub fn ml_dsa_message(name: &KeyName, timestamp: Timestamp, checkpoint: &Checkpoint) -> Vec<u8> {
    ml_dsa_message_at(name, timestamp.0, checkpoint)
}

/// Cosigns a checkpoint with Ed25519.
///
/// The caller has checked that the tree is consistent with all it has signed before, and has made
/// that durable.
///
/// # Panics
///
/// If `key` is not of type `0x04`: a note key that signed this message would sign a note as well.
#[must_use]
pub fn sign_ed25519(key: &SigningKey, timestamp: Timestamp, checkpoint: &Checkpoint) -> Signature {
    assert_eq!(
        key.verifier().algorithm(),
        Algorithm::CosignatureEd25519,
        "sign_ed25519 called with a key that signs notes"
    );
    let message = ed25519_message(timestamp, checkpoint);
    key.signature(timestamp.0.to_be_bytes().to_vec(), &message)
}

/// Assembles the signature line of an ML-DSA-44 signature made elsewhere over [`ml_dsa_message`].
///
/// # Panics
///
/// If `key` is not of type `0x06`.
#[must_use]
pub fn ml_dsa_signature(
    key: &VerifierKey,
    timestamp: Timestamp,
    signature: &[u8; ML_DSA_44_SIGNATURE_SIZE],
) -> Signature {
    assert_eq!(
        key.algorithm(),
        Algorithm::CosignatureMlDsa44,
        "ml_dsa_signature called with a key of another type"
    );
    let bytes = [&timestamp.0.to_be_bytes(), signature.as_slice()].concat();
    Signature { name: key.name().clone(), id: key.id(), bytes }
}

/// Derives the public key of an ML-DSA-44 seed (FIPS 204, algorithm 6), for key files.
///
/// `seed` must come from the operating system's random generator.
#[must_use]
pub fn ml_dsa_verifier_key(name: KeyName, seed: &[u8; SEED_SIZE]) -> VerifierKey {
    // Boxed by the crate and wiped when dropped; the seed itself stays the caller's to wipe.
    let key = ml_dsa::SigningKey::<MlDsa44>::from_seed(seed.into());
    let public = ml_dsa::Keypair::verifying_key(&key).to_bytes();
    VerifierKey::new(name, Algorithm::CosignatureMlDsa44, &public)
        .expect("a derived public key has the length of its type")
}

/// Parses the text of an ML-DSA-44 signing key, and checks that its ID follows from its seed.
pub fn parse_ml_dsa_key(text: &str) -> Result<(VerifierKey, Zeroizing<[u8; SEED_SIZE]>), KeyError> {
    let (name, id, algorithm, seed) = parse_seed(text)?;
    if algorithm != Algorithm::CosignatureMlDsa44 {
        return Err(KeyError::Type(algorithm.type_byte()));
    }
    let key = ml_dsa_verifier_key(name, &seed);
    if key.id() != id {
        return Err(KeyError::Id { have: format!("{id}"), want: format!("{}", key.id()) });
    }
    Ok((key, seed))
}

fn ed25519_message_at(seconds: u64, checkpoint: &Checkpoint) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{checkpoint}").into_bytes()
}

fn ml_dsa_message_at(name: &KeyName, seconds: u64, checkpoint: &Checkpoint) -> Vec<u8> {
    let tree = checkpoint.tree();
    ml_dsa_message_of(name, seconds, checkpoint.origin(), tree.size(), tree.root())
}

fn ml_dsa_message_of(
    name: &KeyName,
    seconds: u64,
    origin: &Origin,
    size: u64,
    root: Hash,
) -> Vec<u8> {
    let mut message = ML_DSA_LABEL.to_vec();
    push_short(&mut message, name.as_str());
    message.extend_from_slice(&seconds.to_be_bytes());
    push_short(&mut message, origin.as_str());
    message.extend_from_slice(&0_u64.to_be_bytes());
    message.extend_from_slice(&size.to_be_bytes());
    message.extend_from_slice(root.as_bytes());
    message
}

fn push_short(message: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).expect("key names and origins are at most 255 bytes");
    message.push(length);
    message.extend_from_slice(text.as_bytes());
}

fn verify_ml_dsa(
    key: &ml_dsa::VerifyingKey<MlDsa44>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), CosignatureError> {
    let signature =
        ml_dsa::Signature::<MlDsa44>::try_from(signature).map_err(|_| CosignatureError::Invalid)?;
    let verified = key.verify_with_context(message, &[], &signature);
    if verified { Ok(()) } else { Err(CosignatureError::Invalid) }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Signs an empty tree with a root that no empty tree has, as a lying log would.
    pub(crate) fn sign_empty_ml_dsa(
        key: &VerifierKey,
        seed: &[u8; SEED_SIZE],
        seconds: u64,
        origin: &Origin,
        root: Hash,
    ) -> Signature {
        let message = ml_dsa_message_of(key.name(), seconds, origin, 0, root);
        let private = ml_dsa::SigningKey::<MlDsa44>::from_seed(seed.into());
        let signed = private.expanded_key().sign_deterministic(&message, &[]).unwrap().encode();
        let bytes = [&seconds.to_be_bytes(), signed.as_slice()].concat();
        Signature { name: key.name().clone(), id: key.id(), bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Note;
    use crate::tree::Tree;
    use alloc::string::ToString;
    use alloc::vec;

    fn checkpoint(text: &str) -> Checkpoint {
        Checkpoint::parse(text).unwrap()
    }

    fn sample() -> Checkpoint {
        let tree = Tree::new(7, Hash::of(b"root")).unwrap();
        Checkpoint::new(Origin::parse("log.example").unwrap(), tree)
    }

    fn name(text: &str) -> KeyName {
        KeyName::parse(text).unwrap()
    }

    fn ed25519(seed: u8) -> SigningKey {
        let algorithm = Algorithm::CosignatureEd25519;
        SigningKey::from_seed(name("witness.example"), algorithm, &[seed; 32]).unwrap()
    }

    /// Signs as the programs do, with the deterministic variant so that failures repeat.
    fn ml_dsa_line(name: &str, seconds: u64, checkpoint: &Checkpoint) -> (VerifierKey, Signature) {
        let seed = [5; 32];
        let key = ml_dsa_verifier_key(KeyName::parse(name).unwrap(), &seed);
        let message = ml_dsa_message_at(key.name(), seconds, checkpoint);
        let private = ml_dsa::SigningKey::<MlDsa44>::from_seed((&seed).into());
        let signed = private.expanded_key().sign_deterministic(&message, &[]).unwrap().encode();
        let bytes = [&seconds.to_be_bytes(), signed.as_slice()].concat();
        let signature = Signature { name: key.name().clone(), id: key.id(), bytes };
        (key, signature)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[test]
    fn what_is_signed_is_what_the_specification_shows() {
        let example = checkpoint(
            "example.com/behind-the-sofa\n20852163\n\
             CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        );
        let message = ed25519_message(at(1_679_315_147), &example);
        let want = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message, want.as_bytes());

        let message = ml_dsa_message(&name("w"), at(258), &sample());
        let mut want = b"subtree/v1\n\0\x01w\0\0\0\0\0\0\x01\x02\x0blog.example".to_vec();
        want.extend_from_slice(&[0; 15]);
        want.push(7);
        want.extend_from_slice(Hash::of(b"root").as_bytes());
        assert_eq!(message, want);
    }

    #[test]
    fn both_algorithms_verify_and_return_their_time() {
        let key = ed25519(1);
        let line = sign_ed25519(&key, at(1_700_000_000), &sample());
        let (post_quantum, other) = ml_dsa_line("pq.example", 1_700_000_001, &sample());
        let note = Note::new(sample().to_string(), vec![line, other]);
        let lines = note.signatures();
        assert_eq!(verify(lines, &sample(), key.verifier()), Ok(at(1_700_000_000)));
        assert_eq!(verify(lines, &sample(), &post_quantum), Ok(at(1_700_000_001)));
        let stranger = ed25519(2);
        let missing = Err(CosignatureError::Missing);
        assert_eq!(verify(lines, &sample(), stranger.verifier()), missing);
    }

    #[test]
    fn every_part_of_the_message_is_bound() {
        let key = ed25519(1);
        let (pq_key, pq_line) = ml_dsa_line("pq.example", 9, &sample());
        let line = sign_ed25519(&key, at(9), &sample());
        let root = sample().tree().root();
        for other in [
            std_format("log.example2", 7, root),
            std_format("log.example", 8, root),
            std_format("log.example", 7, Hash::of(b"other")),
        ] {
            let other = checkpoint(&other);
            let invalid = Err(CosignatureError::Invalid);
            assert_eq!(verify(core::slice::from_ref(&line), &other, key.verifier()), invalid);
            assert_eq!(verify(core::slice::from_ref(&pq_line), &other, &pq_key), invalid);
        }
    }

    fn std_format(origin: &str, size: u64, root: Hash) -> alloc::string::String {
        format!("{origin}\n{size}\n{root}\n")
    }

    #[test]
    fn extension_lines_are_bound_by_ed25519_and_not_by_ml_dsa() {
        let extended = checkpoint(&format!("{}extension\n", sample()));
        let key = ed25519(1);
        let line = sign_ed25519(&key, at(9), &sample());
        let invalid = Err(CosignatureError::Invalid);
        assert_eq!(verify(&[line], &extended, key.verifier()), invalid);
        let (pq_key, pq_line) = ml_dsa_line("pq.example", 9, &sample());
        assert_eq!(verify(&[pq_line], &extended, &pq_key), Ok(at(9)));
    }

    #[test]
    fn a_time_of_zero_verifies_and_never_counts() {
        let (key, zero) = ml_dsa_line("pq.example", 0, &sample());
        let refused = Err(CosignatureError::Timestamp(TimestampError::Zero));
        assert_eq!(verify(core::slice::from_ref(&zero), &sample(), &key), refused);
        let (_, timed) = ml_dsa_line("pq.example", 12, &sample());
        let (_, later) = ml_dsa_line("pq.example", 13, &sample());
        let lines = [zero.clone(), later, timed, zero];
        assert_eq!(verify(&lines, &sample(), &key), Ok(at(12)));
    }

    #[test]
    fn a_time_beyond_63_bits_is_refused() {
        let (key, line) = ml_dsa_line("pq.example", 1 << 63, &sample());
        let refused = Err(CosignatureError::Timestamp(TimestampError::Beyond));
        assert_eq!(verify(&[line], &sample(), &key), refused);
        let (key, line) = ml_dsa_line("pq.example", MAX_TIMESTAMP, &sample());
        assert_eq!(verify(&[line], &sample(), &key), Ok(at(MAX_TIMESTAMP)));
    }

    #[test]
    fn a_bad_line_beside_a_good_one_is_refused() {
        let key = ed25519(1);
        let good = sign_ed25519(&key, at(9), &sample());
        for cut in [0, 7, 8, 40, 71] {
            let mut bad = good.clone();
            bad.bytes.truncate(cut);
            let lines = [good.clone(), bad];
            let invalid = Err(CosignatureError::Invalid);
            assert_eq!(verify(&lines, &sample(), key.verifier()), invalid, "{cut}");
        }
        let mut long = good.clone();
        long.bytes.push(0);
        let invalid = Err(CosignatureError::Invalid);
        assert_eq!(verify(&[good, long], &sample(), key.verifier()), invalid);
    }

    #[test]
    fn a_note_key_is_no_cosigner() {
        let algorithm = Algorithm::NoteEd25519;
        let key = SigningKey::from_seed(name("log.example"), algorithm, &[1; 32]).unwrap();
        let line = key.sign_note(&sample().to_string());
        let refused = verify(&[line], &sample(), key.verifier());
        assert_eq!(refused, Err(CosignatureError::WrongType));
    }

    #[test]
    fn ml_dsa_key_files_are_checked_against_their_id() {
        let key = ml_dsa_verifier_key(name("pq.example"), &[5; 32]);
        let algorithm = Algorithm::CosignatureMlDsa44;
        let text = crate::key::format_seed(key.name(), key.id(), algorithm, &[5; 32]);
        assert_eq!(parse_ml_dsa_key(&text).unwrap().0, key);
        let other = crate::key::format_seed(key.name(), key.id(), algorithm, &[6; 32]);
        assert!(matches!(parse_ml_dsa_key(&other), Err(KeyError::Id { .. })));
        let ed25519 = ed25519(1);
        assert_eq!(parse_ml_dsa_key(&ed25519.to_text()), Err(KeyError::Type(4)));
    }
}
