//! SHA-256 as RFC 6962 uses it: one prefix byte tells a leaf from a node.
//!
//! Rule: RFC 6962, section 2.1. Without the prefixes a node could be passed off as an entry.
//!
//! ```text
//! leaf  SHA-256(0x00 || entry)
//! node  SHA-256(0x01 || left || right)
//! empty SHA-256("")
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

use crate::encoding;

/// The length of a SHA-256 hash in bytes.
pub const HASH_SIZE: usize = 32;

/// A SHA-256 hash. Shown as base64, as the C2SP texts write it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; HASH_SIZE]);

impl Hash {
    /// The root of the tree without entries: SHA-256 of nothing.
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// Thirty-two zero bytes: stands where a format wants a hash and there is none yet.
    pub const ZERO: Self = Self([0; HASH_SIZE]);

    /// Wraps 32 bytes that are already a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; HASH_SIZE]) -> Self {
        Self(bytes)
    }

    /// Reads a hash from a slice of exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_SIZE] {
        &self.0
    }

    /// Plain SHA-256 of `data`, for files and for the formats that say so.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self(Sha256::digest(data).into())
    }

    /// Plain SHA-256 of the parts, one after the other.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        encoding::encode_hex(&self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encoding::encode_base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({self})")
    }
}

/// The hash of an entry as a leaf of the tree.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let length = 1 + entry.len();
    if length <= MAX_ONE {
        let mut block = [[0; BLOCK_SIZE]];
        write_leaf(&mut block, entry);
        finish(block)
    } else if length <= MAX_TWO {
        let mut blocks = [[0; BLOCK_SIZE]; 2];
        blocks.as_flattened_mut()[1..length].copy_from_slice(entry);
        pad(&mut blocks, length);
        finish(blocks)
    } else {
        Hash::of_parts(&[&[0x00], entry])
    }
}

/// The leaf hash of an entry in parts, one after the other, which need not be joined for it.
#[must_use]
pub(crate) fn leaf_hash_of_parts(parts: &[&[u8]]) -> Hash {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    if !(MAX_ONE + 1..=MAX_TWO).contains(&length) {
        return leaf_hash(&parts.concat());
    }
    let mut blocks = [[0; BLOCK_SIZE]; 2];
    let mut at = 1;
    for part in parts {
        blocks.as_flattened_mut()[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    pad(&mut blocks, length);
    finish(blocks)
}

/// The leaf hashes of entries, in their order: what [`leaf_hash`] gives for each, sooner where they are
/// short.
#[must_use]
pub fn leaf_hashes<E: AsRef<[u8]>>(entries: &[E]) -> Vec<Hash> {
    let mut hashes = Vec::with_capacity(entries.len());
    let (lanes, rest) = entries.as_chunks::<LANES>();
    for lanes in lanes {
        if lanes.iter().all(|entry| entry.as_ref().len() < MAX_ONE) {
            let mut blocks = [[[0; BLOCK_SIZE]]; LANES];
            for (block, entry) in blocks.iter_mut().zip(lanes) {
                write_leaf(block, entry.as_ref());
            }
            hashes.extend(finish_all(&blocks));
        } else {
            hashes.extend(lanes.iter().map(|entry| leaf_hash(entry.as_ref())));
        }
    }
    hashes.extend(rest.iter().map(|entry| leaf_hash(entry.as_ref())));
    hashes
}

/// The hash of an inner node. Costs two SHA-256 blocks.
#[must_use]
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut blocks = [[0; BLOCK_SIZE]; 2];
    write_node(&mut blocks, left, right);
    finish(blocks)
}

/// The nodes above a row of nodes: one for each two of them. A last one without a partner has none.
pub(crate) fn node_hashes(row: &[Hash]) -> Vec<Hash> {
    let mut above = Vec::with_capacity(row.len() / 2 + 1);
    let (pairs, _) = row.as_chunks::<2>();
    let (lanes, rest) = pairs.as_chunks::<LANES>();
    for lanes in lanes {
        let mut blocks = [[[0; BLOCK_SIZE]; 2]; LANES];
        for (blocks, [left, right]) in blocks.iter_mut().zip(lanes) {
            write_node(blocks, *left, *right);
        }
        above.extend(finish_all(&blocks));
    }
    above.extend(rest.iter().map(|[left, right]| node_hash(*left, *right)));
    above
}

/// The bytes that one step of SHA-256 takes in.
pub(crate) const BLOCK_SIZE: usize = 64;

/// How many short messages are hashed beside one another.
///
/// A block that was written in pieces just now cannot be loaded until they have left the processor's
/// store buffer, and each of its steps waits for the one before. With the blocks of several messages
/// written first that wait is over when the first of them is loaded: a third faster for leaves of one
/// block, a quarter for nodes, where eight gave as much as sixteen. They are written where they are read
/// from: a copy of such a block would have to wait in the same way.
pub(crate) const LANES: usize = 8;

/// The longest message that is one block with its padding: one byte and the length follow it.
const MAX_ONE: usize = BLOCK_SIZE - 1 - size_of::<u64>();

/// The longest message that is two blocks with its padding.
const MAX_TWO: usize = 2 * BLOCK_SIZE - 1 - size_of::<u64>();

/// A block of a message.
pub(crate) type Block = [u8; BLOCK_SIZE];

/// Writes a short entry behind its prefix, and pads it. A commitment of 32 bytes, which most entries are,
/// is copied as such: a copy of unknown length is a call.
#[inline]
fn write_leaf(blocks: &mut [Block; 1], entry: &[u8]) {
    let [block] = blocks;
    if let Ok(commitment) = <&[u8; HASH_SIZE]>::try_from(entry) {
        block[1..=HASH_SIZE].copy_from_slice(commitment);
    } else {
        block[1..=entry.len()].copy_from_slice(entry);
    }
    pad(blocks, 1 + entry.len());
}

/// Writes two hashes behind their prefix, and pads them.
#[inline]
fn write_node(blocks: &mut [Block; 2], left: Hash, right: Hash) {
    let message = blocks.as_flattened_mut();
    message[0] = 0x01;
    message[1..=HASH_SIZE].copy_from_slice(&left.0);
    message[1 + HASH_SIZE..=2 * HASH_SIZE].copy_from_slice(&right.0);
    pad(blocks, 1 + 2 * HASH_SIZE);
}

/// Pads a message of `length` bytes, behind which all of `blocks` is zero. The last block is the one in
/// which the padding ends.
///
/// The padding of FIPS 180-4, section 5.1.1, written in place. The streaming interface copies every
/// message through a buffer, which costs a third of what the blocks of a node do.
#[inline]
fn pad<const N: usize>(blocks: &mut [Block; N], length: usize) {
    let room = (N - 1) * BLOCK_SIZE..N * BLOCK_SIZE;
    debug_assert!(room.contains(&(length + size_of::<u64>())), "these blocks are not its own");
    let bits = 8 * length as u64;
    let message = blocks.as_flattened_mut();
    message[length] = 0x80;
    message[room.end - size_of::<u64>()..].copy_from_slice(&bits.to_be_bytes());
}

/// SHA-256 of a padded message.
#[inline]
fn finish<const N: usize>(blocks: [Block; N]) -> Hash {
    let mut state = INITIAL_STATE;
    compress256(&mut state, &blocks);
    Hash(bytes_of(&state))
}

/// The same of several.
#[inline]
fn finish_all<const N: usize>(messages: &[[Block; N]; LANES]) -> [Hash; LANES] {
    let mut states = [INITIAL_STATE; LANES];
    for at in 0..N {
        for (state, blocks) in states.iter_mut().zip(messages) {
            compress256(state, core::slice::from_ref(&blocks[at]));
        }
    }
    states.map(|state| Hash(bytes_of(&state)))
}

/// The words of SHA-256 between two blocks.
pub(crate) type State = [u32; 8];

/// A state as bytes; behind the last block that is the hash.
pub(crate) fn bytes_of(state: &State) -> [u8; HASH_SIZE] {
    let mut hash = [0; HASH_SIZE];
    for (bytes, word) in hash.chunks_exact_mut(size_of::<u32>()).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

/// FIPS 180-4, section 5.3.3.
pub(crate) const INITIAL_STATE: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::EMPTY_ROOT, Hash::of(b""));
    }

    #[test]
    fn a_leaf_never_equals_a_node_over_the_same_bytes() {
        let (left, right) = (Hash::of(b"left"), Hash::of(b"right"));
        let mut joined = [0; 64];
        joined[..32].copy_from_slice(left.as_bytes());
        joined[32..].copy_from_slice(right.as_bytes());
        assert_ne!(leaf_hash(&joined), node_hash(left, right));
    }

    #[test]
    fn a_leaf_of_any_length_is_the_digest_of_its_bytes() {
        // Beyond the lengths at which the padding needs another block: 55, 56, 63, 64, 119, 120.
        let bytes: Vec<u8> = (0..=255).cycle().skip(1).take(400).collect();
        for length in 0..bytes.len() {
            let message = [&[0x00], &bytes[..length]].concat();
            let want = Hash(Sha256::digest(message).into());
            assert_eq!(leaf_hash(&bytes[..length]), want, "{length}");
            let (one, other) = bytes[..length].split_at(length / 3);
            assert_eq!(leaf_hash_of_parts(&[one, b"", other]), want, "{length}");
        }
    }

    #[test]
    fn hashes_of_many_are_those_of_each() {
        let leaf = |entry: &Vec<u8>| Hash(Sha256::digest([&[0x00], &entry[..]].concat()).into());
        // Every number of entries about the lanes, of every length about the blocks, alone and mixed.
        for count in 0..=2 * LANES + 1 {
            for length in (0..200).step_by(9).chain([54, 55, 56, 62, 63, 64, 117, 118, 119]) {
                let alike: Vec<Vec<u8>> =
                    (0..count).map(|at| alloc::vec![at as u8; length]).collect();
                let mixed: Vec<Vec<u8>> =
                    (0..count).map(|at| alloc::vec![at as u8; (length + 31 * at) % 200]).collect();
                for entries in [alike, mixed] {
                    let want: Vec<Hash> = entries.iter().map(leaf).collect();
                    assert_eq!(leaf_hashes(&entries), want, "{count} of {length}");
                }
            }
        }
        for count in 0..=4 * LANES + 3 {
            let row: Vec<Hash> = (0..count).map(|at| Hash::of(&[at as u8])).collect();
            let node = |pair: &[Hash]| {
                let message = [&[0x01], &pair[0].0[..], &pair[1].0[..]].concat();
                Hash(Sha256::digest(message).into())
            };
            let want: Vec<Hash> = row.chunks_exact(2).map(node).collect();
            assert_eq!(node_hashes(&row), want, "{count}");
        }
    }

    #[test]
    fn a_node_is_the_digest_of_its_bytes() {
        for seed in 0..100_u8 {
            let (left, right) = (Hash::of(&[seed]), Hash::of(&[seed, 1]));
            let message = [&[0x01], &left.0[..], &right.0[..]].concat();
            assert_eq!(node_hash(left, right), Hash(Sha256::digest(message).into()));
        }
    }

    #[test]
    fn hashes_are_shown_as_base64() {
        let shown = alloc::format!("{}", Hash::ZERO);
        assert_eq!(shown, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }
}
