//! Splits: two signed checkpoints of one log that cannot both be true, and what shows it.
//!
//! Rule: `spec/text/split.md`. Vectors: `spec/vectors/split/`.
//!
//! ```text
//! fiducial/split/v1
//! <base64 of a hash>          the beginning of the newer tree, 0 to 66 lines
//! ...
//!                             an empty line
//! log.example/evidence        the older checkpoint, a signed note, verbatim
//! 300
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — log.example/evidence ...
//!                             an empty line
//! log.example/evidence        the newer checkpoint, verbatim; not the smaller one
//! 700
//! ...
//! ```
//!
//! Two roots of one size contradict each other by themselves, and the first part is empty. Two
//! roots of different sizes m < n do not: a missing consistency proof proves nothing, since anyone
//! can fail to find one. What proves it are the hashes that a consistency proof would have, the
//! subtree that ends with leaf m always among them. They hash to the root *the log has signed* for
//! n, and by that fix what the root at m is in every tree with that root. If the log has signed
//! another root for m, no log of n entries continues the one of m.
//!
//! A [`Split`] is only *parsed*; [`Split::prove`] is the only maker of a [`ProvenSplit`]. It needs
//! nothing but the log's keys: no witness, no network, no clock.
//!
//! Out of scope: who showed the checkpoints to whom, and when; a log that shows a smaller tree
//! than before, which is a suspicion and no proof as long as the roots do not contradict.
//!
//! Invariant: `Split::parse(bytes)?.to_bytes() == bytes`. One split has one encoding.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, Origin};
use crate::cosignature::{CosignatureError, TimestampError};
use crate::encoding::decode_hash;
use crate::hash::Hash;
use crate::key::{Algorithm, VerifierKey};
use crate::note::{MAX_NOTE_SIZE, Note, NoteError};
use crate::policy::{is_key_of, verify_log_key};
use crate::tree::{MAX_CONSISTENCY_PROOF, Plan, Tree, climb, plan_beginning};

/// The most hashes: a consistency proof, and the older tree itself where that leaves it out.
pub const MAX_SPLIT_HASHES: usize = MAX_CONSISTENCY_PROOF + 1;

/// The most bytes of a split: its first line, its hashes, two notes and the lines between.
pub const MAX_SPLIT_SIZE: usize = HEADER.len() + 3 + MAX_SPLIT_HASHES * 45 + 2 * MAX_NOTE_SIZE;

/// The first line.
const HEADER: &str = "fiducial/split/v1";

/// Why bytes are not a split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A note is not a checkpoint.
    #[error("a note in the file is not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A line behind the first is not the base64 of a hash.
    #[error("hash {at} is malformed")]
    Hash {
        /// Which one, from 1.
        at: usize,
    },
    /// The first line is another.
    #[error("the first line is not {HEADER:?}")]
    Header,
    /// A note is malformed.
    #[error("a note in the file is malformed: {0}")]
    Note(#[from] NoteError),
    /// The smaller checkpoint must come first.
    #[error("the first checkpoint has {older} entries, the second only {newer}")]
    Order {
        /// The size of the first.
        older: u64,
        /// The size of the second.
        newer: u64,
    },
    /// Not the hashes, two texts and two blocks of signatures, with one empty line between each.
    #[error("not hashes and two signed checkpoints, with one empty line between all parts")]
    Parts,
    /// More than [`MAX_SPLIT_SIZE`] bytes.
    #[error("the file has {size} bytes; at most {MAX_SPLIT_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// More than [`MAX_SPLIT_HASHES`].
    #[error("more than {MAX_SPLIT_HASHES} hashes")]
    TooManyHashes,
    /// Not UTF-8.
    #[error("the file is not valid UTF-8")]
    Utf8,
}

/// Why a note is no word of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// A line claims a key of the log and does not verify.
    #[error("a line of the log {origin} does not verify")]
    BadSignature {
        /// The log.
        origin: Origin,
    },
    /// The note is not a checkpoint.
    #[error("the note is not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// No given key has signed.
    #[error("no given key of the log {origin} has signed")]
    NotSigned {
        /// The log.
        origin: Origin,
    },
    /// No given key has this origin as its name.
    #[error("no key of a log named {origin} was given")]
    UnknownLog {
        /// The origin of the checkpoint.
        origin: Origin,
    },
}

/// Why a file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotProven {
    /// The newer checkpoint continues the older one: there is no contradiction.
    #[error("the checkpoints do not contradict each other: the newer continues the older")]
    Agree,
    /// The log has not signed the newer checkpoint.
    #[error("the newer checkpoint: {0}")]
    Newer(HeadError),
    /// The sizes differ and there are no hashes: both checkpoints can be true.
    #[error("sizes {older} and {newer}, and nothing that ties their roots: both can be true")]
    NoHashes {
        /// The smaller size.
        older: u64,
        /// The larger size.
        newer: u64,
    },
    /// The log has not signed the older checkpoint.
    #[error("the older checkpoint: {0}")]
    Older(HeadError),
    /// The hashes say nothing of these checkpoints.
    #[error(transparent)]
    Beginning(#[from] BeginningError),
    /// The checkpoints are of two logs.
    #[error("the checkpoints are of two logs, {older} and {newer}")]
    TwoLogs {
        /// The log of the older checkpoint.
        older: Origin,
        /// The log of the newer checkpoint.
        newer: Origin,
    },
}

/// Why hashes do not determine the beginning of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginningError {
    /// The hashes lead to another root of the newer tree.
    #[error("the hashes do not lead to the root of the newer checkpoint, but to {computed}")]
    AnotherTree {
        /// Where they lead.
        computed: Hash,
    },
    /// The sizes allow exactly one length.
    #[error("there are {have} hashes where the sizes require {want}")]
    Length {
        /// Hashes given.
        have: usize,
        /// Hashes required.
        want: usize,
    },
    /// The size is zero, or not below the newer tree's.
    #[error("a tree of {newer} entries has no proper beginning of {older}")]
    Sizes {
        /// The smaller size.
        older: u64,
        /// The larger size.
        newer: u64,
    },
}

/// What a log has signed: by which name, which tree. Says nothing of witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    origin: Origin,
    tree: Tree,
}

impl Head {
    /// Checks that one of the log's keys among `keys` has signed the note.
    ///
    /// Every line that claims such a key must verify, so that a note means the same to all.
    pub fn verify(note: &Note, keys: &[VerifierKey]) -> Result<Self, HeadError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let origin = checkpoint.origin().clone();
        let is_log_key = |key: &&VerifierKey| {
            is_key_of(key, &origin) && key.algorithm() != Algorithm::CosignatureEd25519
        };
        let (mut known, mut signed) = (false, false);
        for key in keys.iter().filter(is_log_key) {
            known = true;
            match verify_log_key(note, &checkpoint, key) {
                Ok(()) => signed = true,
                Err(
                    CosignatureError::Missing | CosignatureError::Timestamp(TimestampError::Zero),
                ) => {}
                Err(_) => return Err(HeadError::BadSignature { origin }),
            }
        }
        match (known, signed) {
            (_, true) => Ok(Self { origin, tree: checkpoint.tree() }),
            (true, false) => Err(HeadError::NotSigned { origin }),
            (false, false) => Err(HeadError::UnknownLog { origin }),
        }
    }

    /// Which log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Size and root.
    #[must_use]
    pub const fn tree(&self) -> Tree {
        self.tree
    }
}

/// Plans which nodes of the tree of `newer` leaves fix its root at `older`; `None` unless
/// 0 < `older` < `newer`. The fold is what [`root_of_beginning`] reads.
#[must_use]
pub fn plan_beginning_of(older: u64, newer: u64) -> Option<Plan> {
    if older == 0 || older >= newer {
        return None;
    }
    plan_beginning(older, newer).ok()
}

/// The root of the first `older` leaves in every tree that has the size and root of `newer`.
///
/// Reads at most 66 hashes. If it answers, then any tree with another root at `older` leaves is
/// not continued by one with `newer`'s root, unless somebody has found a collision of SHA-256.
pub fn root_of_beginning(older: u64, newer: Tree, hashes: &[Hash]) -> Result<Hash, BeginningError> {
    let sizes = BeginningError::Sizes { older, newer: newer.size() };
    let plan = plan_beginning_of(older, newer.size()).ok_or(sizes)?;
    let (have, want) = (hashes.len(), plan.hash_count());
    let [start, rest @ ..] = hashes else {
        return Err(BeginningError::Length { have, want });
    };
    if have != want {
        return Err(BeginningError::Length { have, want });
    }
    let (beginning, computed) = climb(older, newer.size(), *start, rest);
    if computed == newer.root() {
        Ok(beginning)
    } else {
        Err(BeginningError::AnotherTree { computed })
    }
}

/// Two checkpoints and hashes in the right form. Nothing in it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    hashes: Vec<Hash>,
    older: Note,
    newer: Note,
}

/// A log that has signed two histories. Only [`Split::prove`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenSplit {
    origin: Origin,
    older: Tree,
    newer: Tree,
    beginning: Hash,
}

impl ProvenSplit {
    /// The log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The tree of the older checkpoint, signed by the log.
    #[must_use]
    pub const fn older(&self) -> Tree {
        self.older
    }

    /// The tree of the newer checkpoint, signed by the log.
    #[must_use]
    pub const fn newer(&self) -> Tree {
        self.newer
    }

    /// The root that the newer tree has at the older one's size: not the older one's root.
    #[must_use]
    pub const fn beginning(&self) -> Hash {
        self.beginning
    }
}

impl Split {
    /// Puts evidence together. The note of the smaller tree becomes the older one.
    pub fn new(one: Note, other: Note, hashes: Vec<Hash>) -> Result<Self, SplitError> {
        if hashes.len() > MAX_SPLIT_HASHES {
            return Err(SplitError::TooManyHashes);
        }
        let size = |note: &Note| Checkpoint::parse(note.text()).map(|head| head.tree().size());
        let (older, newer) = if size(&one)? <= size(&other)? { (one, other) } else { (other, one) };
        Ok(Self { hashes, older, newer })
    }

    /// Parses a file of at most [`MAX_SPLIT_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, SplitError> {
        if bytes.len() > MAX_SPLIT_SIZE {
            return Err(SplitError::TooLarge { size: bytes.len() });
        }
        let whole = core::str::from_utf8(bytes).map_err(|_| SplitError::Utf8)?;
        // Neither a checkpoint's text nor a block of signatures holds an empty line.
        let mut parts = whole.splitn(3, "\n\n");
        let (head, text, rest) = (parts.next(), parts.next(), parts.next());
        let head = head.unwrap_or_default();
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(SplitError::Header);
        }
        let hashes = parse_hashes(lines)?;
        let (Some(text), Some(rest)) = (text, rest) else {
            return Err(SplitError::Parts);
        };
        let (signatures, newer) = rest.split_once("\n\n").ok_or(SplitError::Parts)?;
        let older = Note::parse(alloc::format!("{text}\n\n{signatures}\n").as_bytes())?;
        let newer = Note::parse(newer.as_bytes())?;
        let (first, second) = (Checkpoint::parse(older.text())?, Checkpoint::parse(newer.text())?);
        let (first, second) = (first.tree().size(), second.tree().size());
        if first > second {
            return Err(SplitError::Order { older: first, newer: second });
        }
        Ok(Self { hashes, older, newer })
    }

    /// The note of the smaller tree. Nothing in it is verified.
    #[must_use]
    pub const fn older(&self) -> &Note {
        &self.older
    }

    /// The note of the larger tree. Nothing in it is verified.
    #[must_use]
    pub const fn newer(&self) -> &Note {
        &self.newer
    }

    /// Checks that a log among `keys` has signed both checkpoints, and that they contradict.
    ///
    /// `keys` are known beforehand, never taken from the file. Lines of other keys are ignored.
    pub fn prove(&self, keys: &[VerifierKey]) -> Result<ProvenSplit, NotProven> {
        let older = Head::verify(&self.older, keys).map_err(NotProven::Older)?;
        let newer = Head::verify(&self.newer, keys).map_err(NotProven::Newer)?;
        if older.origin != newer.origin {
            return Err(NotProven::TwoLogs { older: older.origin, newer: newer.origin });
        }
        let (old, new) = (older.tree.size(), newer.tree.size());
        let beginning = if old == new {
            if !self.hashes.is_empty() {
                let (have, want) = (self.hashes.len(), 0);
                return Err(BeginningError::Length { have, want }.into());
            }
            newer.tree.root()
        } else if old == 0 {
            // Every tree continues the empty one, and a checkpoint of size 0 has no other root.
            return Err(NotProven::Agree);
        } else if self.hashes.is_empty() {
            return Err(NotProven::NoHashes { older: old, newer: new });
        } else {
            root_of_beginning(old, newer.tree, &self.hashes)?
        };
        if beginning == older.tree.root() {
            return Err(NotProven::Agree);
        }
        let (origin, older, newer) = (older.origin, older.tree, newer.tree);
        Ok(ProvenSplit { origin, older, newer, beginning })
    }

    /// The one encoding of this split.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        for hash in &self.hashes {
            writeln!(formatter, "{hash}")?;
        }
        write!(formatter, "\n{}\n{}", self.older, self.newer)
    }
}

fn parse_hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, SplitError> {
    let mut hashes = Vec::new();
    for (at, line) in lines.enumerate() {
        if at == MAX_SPLIT_HASHES {
            return Err(SplitError::TooManyHashes);
        }
        hashes.push(decode_hash(line).map_err(|_| SplitError::Hash { at: at + 1 })?);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests;
