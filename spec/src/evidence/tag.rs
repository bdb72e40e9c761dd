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
//!
//! Who looks for his units computes a tag for each at every statement: for a lot of thousands that is
//! most of all hashing there is. So HMAC (RFC 2104) is written out here over single blocks of SHA-256: a
//! key is kept as the two states behind its padded blocks, and a unit as the blocks that it fills, padded
//! once for all statements. What is left of a tag is one block inside and one outside.

use alloc::vec::Vec;

use sha2::block_api::compress256;
use zeroize::Zeroizing;

use crate::hash::{BLOCK_SIZE, Block, HASH_SIZE, INITIAL_STATE, LANES, State, bytes_of};
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

    /// What the tags of one statement are made with. Hashes as much as three tags do.
    #[must_use]
    pub fn of_statement(&self, source: &KeyName, sequence: u64) -> StatementKey {
        let message = [TAG_PREFIX, source.as_str().as_bytes(), &sequence.to_be_bytes()].concat();
        let key = Zeroizing::new(Mac::new(&self.0).of(&padded(&message)));
        StatementKey(Mac::new(&key))
    }
}

/// A lot key at one statement, for as many units as there are.
pub struct StatementKey(Mac);

impl StatementKey {
    /// The tag of `unit`.
    #[must_use]
    pub fn tag(&self, unit: &[u8]) -> [u8; TAG_SIZE] {
        self.0.of(&padded(unit))
    }

    /// Shows the tags of all units in their order, each with the index of its unit.
    pub(crate) fn for_each(&self, units: &Units, mut see: impl FnMut(usize, Tag)) {
        let (mut first, mut messages) = (0, units.blocks());
        loop {
            let (states, count) = self.0.states_of(&mut messages);
            for (at, state) in (first..).zip(&states[..count]) {
                see(at, Tag(*state));
            }
            if count < LANES {
                return;
            }
            first += count;
        }
    }
}

/// A tag as it was computed: most are compared with those of a statement and never written.
pub(crate) struct Tag(State);

impl Tag {
    /// Its first two bytes as a number.
    pub(crate) const fn head(&self) -> u16 {
        (self.0[0] >> 16) as u16
    }

    pub(crate) fn to_bytes(&self) -> [u8; TAG_SIZE] {
        bytes_of(&self.0)
    }
}

/// Units as the blocks that they fill behind a key, for tags at many statements.
pub(crate) struct Units {
    blocks: Vec<Block>,
    /// Where each ends in `blocks`.
    ends: Vec<usize>,
}

impl Units {
    pub(crate) fn new<'a>(units: impl ExactSizeIterator<Item = &'a [u8]>) -> Self {
        // Most fill one block.
        let mut blocks = Vec::with_capacity(units.len());
        let mut ends = Vec::with_capacity(units.len());
        for unit in units {
            blocks.extend(padded(unit));
            ends.push(blocks.len());
        }
        Self { blocks, ends }
    }

    fn blocks(&self) -> impl Iterator<Item = &[Block]> {
        let begins = core::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.blocks[begin..*end])
    }
}

/// HMAC-SHA256 under one key: the states behind the key's block inside and outside (RFC 2104). Wiped when
/// dropped.
struct Mac {
    inner: Zeroizing<State>,
    outer: Zeroizing<State>,
}

impl Mac {
    fn new(key: &[u8; HASH_SIZE]) -> Self {
        let behind = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK_SIZE]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = Zeroizing::new(INITIAL_STATE);
            compress256(&mut state, core::slice::from_ref(&*block));
            state
        };
        Self { inner: behind(0x36), outer: behind(0x5c) }
    }

    fn of(&self, message: &[Block]) -> [u8; HASH_SIZE] {
        bytes_of(&self.state_of(message))
    }

    fn state_of(&self, message: &[Block]) -> State {
        let ([state, ..], _) = self.states_of(&mut core::iter::once(message));
        state
    }

    /// The states of the next messages, and of how many. First what is inside of all of them: see [`LANES`].
    fn states_of<'m>(
        &self,
        messages: &mut impl Iterator<Item = &'m [Block]>,
    ) -> ([State; LANES], usize) {
        let mut blocks = [OUTER_BLOCK; LANES];
        let mut count = 0;
        for (block, message) in blocks.iter_mut().zip(messages) {
            let mut state = *self.inner;
            compress256(&mut state, message);
            block[..HASH_SIZE].copy_from_slice(&bytes_of(&state));
            count += 1;
        }
        let mut states = [*self.outer; LANES];
        for (state, block) in states.iter_mut().zip(&blocks).take(count) {
            compress256(state, core::slice::from_ref(block));
        }
        (states, count)
    }
}

/// The last block outside, where the hash inside is still to be written.
const OUTER_BLOCK: Block = {
    let mut block = [0; BLOCK_SIZE];
    block[HASH_SIZE] = 0x80;
    let bits = (8 * (BLOCK_SIZE + HASH_SIZE) as u64).to_be_bytes();
    let mut at = 0;
    while at < bits.len() {
        block[BLOCK_SIZE - bits.len() + at] = bits[at];
        at += 1;
    }
    block
};

/// A message that stands behind one block of a key, with its padding (FIPS 180-4, section 5.1.1).
fn padded(message: &[u8]) -> Vec<Block> {
    let count = (message.len() + 1 + size_of::<u64>()).div_ceil(BLOCK_SIZE);
    let mut blocks = alloc::vec![[0; BLOCK_SIZE]; count];
    let bits = 8 * (BLOCK_SIZE + message.len()) as u64;
    let bytes = blocks.as_flattened_mut();
    bytes[..message.len()].copy_from_slice(message);
    bytes[message.len()] = 0x80;
    if let Some(length) = bytes.last_chunk_mut() {
        *length = bits.to_be_bytes();
    }
    blocks
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use alloc::vec;
    use hmac::{Hmac, KeyInit, Mac as _};
    use sha2::Sha256;

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
    fn a_tag_of_a_unit_of_any_length_is_hmac_by_other_hands() {
        let source = KeyName::parse("line-3-aoi").unwrap();
        let hmac = |key: &[u8], message: &[u8]| -> [u8; TAG_SIZE] {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().into()
        };
        let key = LotKey::new([0x42; LOT_KEY_SIZE]).of_statement(&source, 7);
        let own = hmac(&[0x42; LOT_KEY_SIZE], b"fiducial/tag/v1\nline-3-aoi\0\0\0\0\0\0\0\x07");
        // Beyond the lengths at which the padding needs another block: 55, 56, 63, 64, 119, 120.
        let units: Vec<Vec<u8>> = (0..200).map(|length| vec![b'U'; length]).collect();
        let want: Vec<[u8; TAG_SIZE]> = units.iter().map(|unit| hmac(&own, unit)).collect();
        let singly: Vec<[u8; TAG_SIZE]> = units.iter().map(|unit| key.tag(unit)).collect();
        assert_eq!(singly, want);
        let units = Units::new(units.iter().map(Vec::as_slice));
        let (mut together, mut heads) = (Vec::new(), Vec::new());
        key.for_each(&units, |at, tag| {
            assert_eq!(at, together.len());
            together.push(tag.to_bytes());
            heads.push(tag.head());
        });
        assert_eq!(together, want);
        let want: Vec<u16> = want.iter().map(|tag| u16::from_be_bytes([tag[0], tag[1]])).collect();
        assert_eq!(heads, want);
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
        assert_eq!(split_tags(&[]), Some(vec![]));
    }
}
