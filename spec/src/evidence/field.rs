//! Fields: one named, salted value.
//!
//! Rule: `spec/text/evidence.md`, "Fields".
//!
//! ```text
//! leaf data  "fiducial/field/v1\n" || 32-byte salt || u16 len || name || u32 len || value
//! absent     the same with an empty name and an empty value
//! leaf hash  SHA-256(0x00 || leaf data)
//! ```
//!
//! An absent field has no name, since its index in the kind's table is its name already; that tells
//! it from a field that is there and empty. Without the salt nobody can try values against a hash.
//!
//! Danger: two leaves must never share a salt, or a guess of one value can be checked by the other.

use alloc::vec::Vec;

use crate::evidence::kind::FieldName;
use crate::hash::{Hash, leaf_hash_of_parts};

/// The length of a salt in bytes.
pub const SALT_SIZE: usize = 32;

/// The most bytes a value may have: a list of a few hundred units or tags.
pub const MAX_VALUE_SIZE: usize = 64 * 1024;

/// Thirty-two random bytes from the operating system, fresh for each field.
pub type Salt = [u8; SALT_SIZE];

/// What every field's leaf data starts with.
const FIELD_PREFIX: &[u8] = b"fiducial/field/v1\n";

/// What stands at one index of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a field is there or it is not")]
pub enum Content {
    /// The kind's table has a field here, and this record does not use it.
    Absent,
    /// A field with its value, which may be empty.
    Present {
        /// Its name.
        name: FieldName,
        /// Its value: at most [`MAX_VALUE_SIZE`] bytes.
        value: Vec<u8>,
    },
}

/// A field with the salt that hides it. Made by [`crate::evidence::record::Record::new`] or opened
/// by a disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    salt: Salt,
    content: Content,
}

/// A value of more than [`MAX_VALUE_SIZE`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value of {size} bytes; at most {MAX_VALUE_SIZE} fit in a field")]
pub struct ValueTooLarge {
    /// Its bytes.
    pub size: usize,
}

impl Field {
    /// Salts a content.
    pub fn new(salt: Salt, content: Content) -> Result<Self, ValueTooLarge> {
        match &content {
            Content::Present { value, .. } if value.len() > MAX_VALUE_SIZE => {
                Err(ValueTooLarge { size: value.len() })
            }
            _ => Ok(Self { salt, content }),
        }
    }

    /// The salt.
    #[must_use]
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Name and value, or that there is none.
    #[must_use]
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The same, out of the field.
    #[must_use]
    pub fn into_content(self) -> Content {
        self.content
    }

    /// The bytes that the leaf commits to.
    #[must_use]
    pub fn leaf_data(&self) -> Vec<u8> {
        self.with_leaf_parts(|parts| parts.concat())
    }

    /// Hands over the same in parts: a record has dozens of fields, and a range thousands of records.
    fn with_leaf_parts<T>(&self, take: impl FnOnce(&[&[u8]]) -> T) -> T {
        let (name, value) = match &self.content {
            Content::Absent => (&b""[..], &b""[..]),
            Content::Present { name, value } => (name.as_str().as_bytes(), value.as_slice()),
        };
        let name_size = u16::try_from(name.len()).expect("a field name has at most 64 bytes");
        let value_size = u32::try_from(value.len()).expect("a value has at most 64 KiB");
        let (name_size, value_size) = (name_size.to_be_bytes(), value_size.to_be_bytes());
        take(&[FIELD_PREFIX, &self.salt, &name_size, name, &value_size, value])
    }

    /// The leaf of this field in its record's tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        self.with_leaf_parts(leaf_hash_of_parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(name: &str, value: &[u8]) -> Content {
        Content::Present { name: FieldName::parse(name).unwrap(), value: value.to_vec() }
    }

    #[test]
    fn the_leaf_data_is_the_page_s_byte_for_byte() {
        let field = Field::new([0xab; 32], present("lot", b"L55")).unwrap();
        let mut want = b"fiducial/field/v1\n".to_vec();
        want.extend([0xab; 32]);
        want.extend(b"\x00\x03lot\x00\x00\x00\x03L55");
        assert_eq!(field.leaf_data(), want);
    }

    #[test]
    fn absent_empty_and_other_salts_all_differ() {
        let leaf = |salt, content| Field::new(salt, content).unwrap().leaf_hash();
        let hashes = [
            leaf([1; 32], Content::Absent),
            leaf([2; 32], Content::Absent),
            leaf([1; 32], present("lot", b"")),
            leaf([1; 32], present("lot", b"\0")),
            leaf([1; 32], present("lots", b"")),
        ];
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[at + 1..].contains(hash), "{at}");
        }
    }

    #[test]
    fn a_value_has_a_limit() {
        assert!(Field::new([0; 32], present("units", &[0; MAX_VALUE_SIZE])).is_ok());
        let size = MAX_VALUE_SIZE + 1;
        let refused = Field::new([0; 32], present("units", &alloc::vec![0; size]));
        assert_eq!(refused, Err(ValueTooLarge { size }));
    }
}
