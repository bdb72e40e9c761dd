//! Tags: marks on a record that only the holder of a lot key can recognise.
//!
//! Rule: `spec/text/evidence.md`, "Tags".
//!
//! ```text
//! statement key  HMAC-SHA256(lot key, "fiducial/tag/v1\n" || source || sequence)
//! tag            HMAC-SHA256(statement key, unit id)
//! ```
//!
//! `sequence` is eight big-endian bytes. The buyer of a lot holds its key; everybody else sees
//! noise that differs from statement to statement even for the same unit.

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::key::KeyName;

/// The length of a tag in bytes.
pub const TAG_SIZE: usize = 32;

/// The length of a lot key in bytes.
pub const LOT_KEY_SIZE: usize = 32;

/// What the first HMAC's message starts with.
const TAG_PREFIX: &[u8] = b"fiducial/tag/v1\n";

/// A secret that the buyer and the maker of one lot share: 32 random bytes.
pub struct LotKey(Zeroizing<[u8; LOT_KEY_SIZE]>);

impl LotKey {
    /// Wraps the 32 bytes.
    #[must_use]
    pub fn new(bytes: [u8; LOT_KEY_SIZE]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The tag of `unit` in the statement of `source` with number `sequence`.
    #[must_use]
    pub fn tag(&self, source: &KeyName, sequence: u64, unit: &[u8]) -> [u8; TAG_SIZE] {
        self.of_statement(source, sequence).tag(unit)
    }

    /// What the tags of one statement are made with. Hashes as much as two tags do.
    #[must_use]
    pub fn of_statement(&self, source: &KeyName, sequence: u64) -> StatementKey {
        let message = [TAG_PREFIX, source.as_str().as_bytes(), &sequence.to_be_bytes()];
        let key = Zeroizing::new(finish(keyed(self.0.as_slice()), &message));
        StatementKey(keyed(key.as_slice()))
    }
}

/// A lot key at one statement, for as many units as there are.
pub struct StatementKey(Hmac<Sha256>);

impl StatementKey {
    /// The tag of `unit`.
    #[must_use]
    pub fn tag(&self, unit: &[u8]) -> [u8; TAG_SIZE] {
        finish(self.0.clone(), &[unit])
    }
}

/// Joins tags into the value of a `tags` field: 32 bytes each, in the order of the units.
#[must_use]
pub fn join_tags(tags: &[[u8; TAG_SIZE]]) -> Vec<u8> {
    tags.concat()
}

/// Splits the value of a `tags` field. `None` if it is not whole tags.
#[must_use]
pub fn split_tags(value: &[u8]) -> Option<Vec<[u8; TAG_SIZE]>> {
    let (tags, rest) = value.as_chunks::<TAG_SIZE>();
    rest.is_empty().then(|| tags.to_vec())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn finish(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; TAG_SIZE] {
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    /// RFC 2104 written out over plain SHA-256, for keys of at most one block.
    fn literal_hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
        let pad = |byte: u8| {
            let mut block = [byte; 64];
            for (place, key) in block.iter_mut().zip(key) {
                *place ^= key;
            }
            block
        };
        let inner = Hash::of_parts(&[&pad(0x36), message]);
        *Hash::of_parts(&[&pad(0x5c), inner.as_bytes()]).as_bytes()
    }

    #[test]
    fn a_tag_is_two_macs() {
        let source = KeyName::parse("line-3-aoi").unwrap();
        let key = [0x42; LOT_KEY_SIZE];
        let statement = literal_hmac(&key, b"fiducial/tag/v1\nline-3-aoi\0\0\0\0\0\0\0\x07");
        let want = literal_hmac(&statement, b"PNL0099123");
        assert_eq!(LotKey::new(key).tag(&source, 7, b"PNL0099123"), want);
    }

    #[test]
    fn a_unit_cannot_be_followed_from_statement_to_statement() {
        let source = KeyName::parse("line-3-aoi").unwrap();
        let key = LotKey::new([1; LOT_KEY_SIZE]);
        assert_ne!(key.tag(&source, 7, b"U1"), key.tag(&source, 8, b"U1"));
    }

    #[test]
    fn a_list_of_tags_is_whole_tags() {
        let tags = [[1; TAG_SIZE], [2; TAG_SIZE]];
        assert_eq!(split_tags(&join_tags(&tags)), Some(tags.to_vec()));
        assert_eq!(split_tags(&[0; 33]), None);
        assert_eq!(split_tags(&[]), Some(alloc::vec![]));
    }
}
