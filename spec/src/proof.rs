//! Proofs: a checkpoint, an index and a path, enough to check an entry offline and years later.
//!
//! Rule: C2SP tlog-proof. Vectors: `spec/vectors/proof/`.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64; the line is absent without extra data>
//! index 73894
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//! ... one hash a line, from the leaf's sibling up
//!
//! <the checkpoint, a signed note, verbatim>
//! ```
//!
//! A Fiducial receipt is such a proof whose extra data is the statement itself. Extra data is not
//! authenticated by the proof: it must hash to the leaf, or be verified by other means.
//!
//! Invariant: `Proof::parse(bytes)?.to_bytes() == bytes`. One proof has one encoding.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::encoding::{decode_base64, decode_hash, encode_base64, parse_decimal};
use crate::hash::Hash;
use crate::note::{MAX_NOTE_SIZE, Note, NoteError};
use crate::policy::{AcceptedCheckpoint, Policy, PolicyFailure};
use crate::tile::MAX_ENTRY_SIZE;
use crate::tree::{InclusionError, MAX_INCLUSION_PROOF, verify_inclusion};

/// The most bytes of extra data: the largest entry.
pub const MAX_EXTRA_SIZE: usize = MAX_ENTRY_SIZE;

/// The most bytes a proof may have: the extra data in base64, 64 hashes of 45 characters with
/// their line breaks, the lines around them, and the largest note.
pub const MAX_PROOF_SIZE: usize =
    MAX_EXTRA_SIZE.div_ceil(3) * 4 + MAX_INCLUSION_PROOF * 45 + 128 + MAX_NOTE_SIZE;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Why bytes are not a proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The note at the end is not a checkpoint.
    #[error("the note in the proof is not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The extra line is not base64, is empty, or holds more than [`MAX_EXTRA_SIZE`] bytes.
    #[error("the extra line is not 1 to {MAX_EXTRA_SIZE} bytes of canonical base64")]
    Extra,
    /// A line of the path is not the base64 of a hash.
    #[error("hash {at} of the path is malformed")]
    Hash {
        /// Which one, from 1.
        at: usize,
    },
    /// The first line is another.
    #[error("the first line is not {HEADER:?}")]
    Header,
    /// The index line is missing or not a canonical decimal.
    #[error("no line \"index <canonical decimal>\" where one must be")]
    Index,
    /// The note at the end is malformed.
    #[error("the checkpoint in the proof is malformed: {0}")]
    Note(#[from] NoteError),
    /// No empty line between path and checkpoint.
    #[error("no empty line followed by a checkpoint")]
    NoCheckpoint,
    /// More than [`MAX_PROOF_SIZE`] bytes.
    #[error("the proof has {size} bytes; at most {MAX_PROOF_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// More than [`MAX_INCLUSION_PROOF`] hashes.
    #[error("the path has more than {MAX_INCLUSION_PROOF} hashes")]
    TooManyHashes,
    /// Not UTF-8.
    #[error("the proof is not valid UTF-8")]
    Utf8,
}

/// Why a proof does not place a leaf in an accepted tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFailure {
    /// The path does not lead to the root.
    #[error(transparent)]
    Inclusion(#[from] InclusionError),
    /// The policy does not accept the checkpoint.
    #[error("the checkpoint is not accepted: {0}")]
    Policy(#[from] PolicyFailure),
}

/// A proof that has the right form. Nothing in it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: Note,
}

/// A leaf that stands in a tree which a policy accepts. Only [`Proof::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedInclusion {
    leaf: Hash,
    index: u64,
    checkpoint: AcceptedCheckpoint,
}

impl VerifiedInclusion {
    /// The leaf hash that was proved.
    #[must_use]
    pub const fn leaf(&self) -> Hash {
        self.leaf
    }

    /// Its place in the log, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint, with who signed it and when.
    #[must_use]
    pub const fn checkpoint(&self) -> &AcceptedCheckpoint {
        &self.checkpoint
    }
}

impl Proof {
    /// Parses a proof of at most [`MAX_PROOF_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_PROOF_SIZE {
            return Err(ProofError::TooLarge { size: bytes.len() });
        }
        let whole = core::str::from_utf8(bytes).map_err(|_| ProofError::Utf8)?;
        // No line of the first part is empty, so the first empty line separates.
        let (head, note) = whole.split_once("\n\n").ok_or(ProofError::NoCheckpoint)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Header);
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(parse_extra).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = parse_decimal(index.ok_or(ProofError::Index)?);
        let index = index.map_err(|_| ProofError::Index)?;
        let hashes = parse_hashes(lines)?;
        let checkpoint = Note::parse(note.as_bytes())?;
        Checkpoint::parse(checkpoint.text())?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Puts a proof together. Empty extra data is the same as none.
    ///
    /// # Panics
    ///
    /// If there are more than 64 hashes, too much extra data, or the note is no checkpoint: the
    /// caller has made them from checked parts.
    #[must_use]
    pub fn new(extra: Option<Vec<u8>>, index: u64, hashes: Vec<Hash>, checkpoint: Note) -> Self {
        let extra = extra.filter(|bytes| !bytes.is_empty());
        let size = extra.as_ref().map_or(0, Vec::len);
        assert!(size <= MAX_EXTRA_SIZE, "Proof::new called with too much extra data");
        assert!(hashes.len() <= MAX_INCLUSION_PROOF, "Proof::new called with too many hashes");
        let sound = Checkpoint::parse(checkpoint.text()).is_ok();
        assert!(sound, "Proof::new called with a note that is no checkpoint");
        Self { extra, index, hashes, checkpoint }
    }

    /// The extra data. Not authenticated by the proof.
    #[must_use]
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The index that the proof claims for its leaf.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The path from the leaf's sibling up.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint's note. Nothing in it is verified.
    #[must_use]
    pub const fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// Checks the checkpoint under `policy`, and that the leaf stands at the index in its tree.
    ///
    /// `leaf` is computed by the caller from what it holds, never taken from the proof.
    pub fn verify(&self, leaf: Hash, policy: &Policy) -> Result<VerifiedInclusion, ProofFailure> {
        let checkpoint = policy.check(&self.checkpoint)?;
        verify_inclusion(leaf, self.index, checkpoint.tree(), &self.hashes)?;
        Ok(VerifiedInclusion { leaf, index: self.index, checkpoint })
    }

    /// The one encoding of this proof.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", encode_base64(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(formatter, "{hash}")?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, ProofError> {
    let encoded = line.strip_prefix("extra ").ok_or(ProofError::Extra)?;
    let bytes = decode_base64(encoded).map_err(|_| ProofError::Extra)?;
    if (1..=MAX_EXTRA_SIZE).contains(&bytes.len()) { Ok(bytes) } else { Err(ProofError::Extra) }
}

fn parse_hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, ProofError> {
    let mut hashes = Vec::new();
    for (at, line) in lines.enumerate() {
        if at == MAX_INCLUSION_PROOF {
            return Err(ProofError::TooManyHashes);
        }
        hashes.push(decode_hash(line).map_err(|_| ProofError::Hash { at: at + 1 })?);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Origin;
    use crate::hash::{leaf_hash, node_hash};
    use crate::key::{Algorithm, KeyName, SigningKey};
    use crate::tree::Tree;
    use alloc::format;
    use alloc::vec;

    fn sample() -> (Proof, Hash, Policy) {
        let name = KeyName::parse("log.example").unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[1; 32]).unwrap();
        let (leaf, sibling) = (leaf_hash(b"entry"), leaf_hash(b"other"));
        let tree = Tree::new(2, node_hash(sibling, leaf)).unwrap();
        let checkpoint = Checkpoint::new(Origin::parse("log.example").unwrap(), tree);
        let text = checkpoint.to_string();
        let note = Note::new(text.clone(), vec![key.sign_note(&text)]);
        let proof = Proof::new(Some(b"entry".to_vec()), 1, vec![sibling], note);
        let policy = format!("log {}\nquorum none\n", key.verifier());
        (proof, leaf, Policy::parse(policy.as_bytes()).unwrap())
    }

    #[test]
    fn a_proof_survives_its_text_and_verifies() {
        let (proof, leaf, policy) = sample();
        let parsed = Proof::parse(&proof.to_bytes()).unwrap();
        assert_eq!(parsed, proof);
        let verified = parsed.verify(leaf, &policy).unwrap();
        assert_eq!((verified.index(), verified.leaf()), (1, leaf));
        assert_eq!(verified.checkpoint().tree().size(), 2);
        let other = parsed.verify(leaf_hash(b"forged"), &policy);
        assert!(matches!(other, Err(ProofFailure::Inclusion(InclusionError::RootMismatch { .. }))));
        let stranger = Policy::parse(b"quorum none\n").unwrap();
        assert!(matches!(parsed.verify(leaf, &stranger), Err(ProofFailure::Policy(_))));
    }

    #[test]
    fn every_flipped_bit_is_noticed_outside_the_extra_line() {
        let (proof, leaf, policy) = sample();
        let bytes = proof.to_bytes();
        let text = proof.to_string();
        let extra = text.find("extra ").unwrap() + 6..text.find("index").unwrap() - 1;
        for at in (0..bytes.len()).filter(|at| !extra.contains(at)) {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let verified =
                    Proof::parse(&changed).is_ok_and(|p| p.verify(leaf, &policy).is_ok());
                assert!(!verified, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn empty_extra_data_is_no_extra_line() {
        let (proof, ..) = sample();
        let bare = Proof::new(Some(Vec::new()), 1, proof.hashes.clone(), proof.checkpoint);
        assert_eq!(bare.extra(), None);
        assert_eq!(Proof::parse(&bare.to_bytes()), Ok(bare));
    }

    #[test]
    fn malformed_proofs_are_refused_by_name() {
        let (proof, ..) = sample();
        let text = proof.to_string();
        let extra = "extra ZW50cnk=\n";
        let hash = format!("{}\n", proof.hashes[0]);
        let long = "A".repeat((MAX_EXTRA_SIZE + 1).div_ceil(3) * 4);
        let cases = [
            (text.replace("@v1", "@v2"), ProofError::Header),
            (format!("\n{text}"), ProofError::Header),
            (text.replace('\n', "\r\n"), ProofError::NoCheckpoint),
            (text.replace(extra, "extra \n"), ProofError::Extra),
            (text.replace(extra, "extra ZW50cnl=\n"), ProofError::Extra),
            (text.replace(extra, &format!("extra {long}\n")), ProofError::Extra),
            (text.replace(extra, "extra\n"), ProofError::Index),
            (text.replace(extra, &extra.repeat(2)), ProofError::Index),
            (text.replace("index 1\n", ""), ProofError::Index),
            (text.replace("index 1", "index 01"), ProofError::Index),
            (text.replace("index 1", "index +1"), ProofError::Index),
            (text.replace("index 1", "index  1"), ProofError::Index),
            (text.replace("index 1", "index 18446744073709551616"), ProofError::Index),
            (text.replace(&hash, "AAAA\n"), ProofError::Hash { at: 1 }),
            (text.replace(&hash, &format!(" {hash}")), ProofError::Hash { at: 1 }),
            (text.replace(&hash, &hash.repeat(65)), ProofError::TooManyHashes),
            (text.replace("log.example\n2", "log.example\n02"), CheckpointError::Size.into()),
            (text.trim_end().to_string(), NoteError::NoSignatures.into()),
            ("c2sp.org/tlog-proof@v1\nindex 0\n".to_string(), ProofError::NoCheckpoint),
        ];
        for (text, want) in cases {
            assert_eq!(Proof::parse(text.as_bytes()), Err(want), "{text:?}");
        }
        let large = vec![b'a'; MAX_PROOF_SIZE + 1];
        assert!(matches!(Proof::parse(&large), Err(ProofError::TooLarge { .. })));
        assert_eq!(Proof::parse(b"\xff"), Err(ProofError::Utf8));
    }

    #[test]
    fn a_proof_of_another_length_is_refused() {
        let (proof, leaf, policy) = sample();
        for hashes in [Vec::new(), vec![proof.hashes[0]; 2]] {
            let other = Proof::new(None, 1, hashes, proof.checkpoint.clone());
            let failure = other.verify(leaf, &policy);
            let length =
                matches!(failure, Err(ProofFailure::Inclusion(InclusionError::ProofLength { .. })));
            assert!(length, "{failure:?}");
        }
        let beyond = Proof::new(None, 2, Vec::new(), proof.checkpoint);
        assert!(beyond.verify(leaf, &policy).is_err());
    }
}
