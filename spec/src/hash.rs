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
use core::fmt;

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
    Hash::of_parts(&[&[0x00], entry])
}

/// The hash of an inner node. Costs two SHA-256 blocks.
#[must_use]
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    // One contiguous buffer: three small updates cost a third more than one.
    let mut block = [0x01; 1 + 2 * HASH_SIZE];
    block[1..=HASH_SIZE].copy_from_slice(&left.0);
    block[1 + HASH_SIZE..].copy_from_slice(&right.0);
    Hash::of(&block)
}

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
    fn hashes_are_shown_as_base64() {
        let shown = alloc::format!("{}", Hash::ZERO);
        assert_eq!(shown, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }
}
