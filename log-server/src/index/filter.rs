//! A Bloom filter in blocks: says "not here" for certain, or "perhaps".
//!
//! Ten bits a key and six probes let a bit more than one key in a hundred pass by mistake. All probes of a
//! key fall into one block, which is one line of the processor's cache: every new entry asks the filter of
//! every run, and what that takes is the wait for memory. A filter sees only the five bytes of a key that
//! blocks of runs keep, so that merging can fill a larger one from them.

use super::SHORT_SIZE;

/// The bits spent on each key.
const BITS_PER_KEY: usize = 10;

/// The bits looked at for each key.
const PROBES: u32 = 6;

/// The bytes of a block.
const BLOCK_SIZE: usize = 64;

/// How many bits of a hash choose one bit of a block.
const PROBE_BITS: u32 = (8 * BLOCK_SIZE).ilog2();

/// A block, where a line of the cache begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
struct Block([u8; BLOCK_SIZE]);

/// The filter of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter(Vec<Block>);

impl Filter {
    /// An empty filter with room for `keys`.
    pub(super) fn for_keys(keys: usize) -> Self {
        Self(vec![Block([0; BLOCK_SIZE]); Self::bytes_for_keys(keys) / BLOCK_SIZE])
    }

    /// The size of such a filter: whole blocks.
    pub(super) const fn bytes_for_keys(keys: usize) -> usize {
        let bytes = (keys * BITS_PER_KEY).div_ceil(8);
        if bytes == 0 { BLOCK_SIZE } else { bytes.next_multiple_of(BLOCK_SIZE) }
    }

    /// Takes stored bytes back, if there are as many as there should be.
    pub(super) fn from_bytes(bytes: &[u8], size: usize) -> Option<Self> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_SIZE>();
        let fits = bytes.len() == size && rest.is_empty() && !blocks.is_empty();
        fits.then(|| Self(blocks.iter().map(|block| Block(*block)).collect()))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|block| block.0).collect()
    }

    pub(super) fn insert(&mut self, short: [u8; SHORT_SIZE]) {
        let (at, bits) = self.place(short);
        let Block(block) = &mut self.0[at];
        bits.for_each(|bit| block[bit / 8] |= 1 << (bit % 8));
    }

    pub(super) fn may_hold(&self, short: [u8; SHORT_SIZE]) -> bool {
        let (at, bits) = self.place(short);
        let Block(block) = &self.0[at];
        // Without a branch for each bit: nobody can guess whether one is set, but most often one is not.
        bits.fold(1, |all, bit| all & (block[bit / 8] >> (bit % 8))) != 0
    }

    /// The block of a key, chosen by one half of its hash, and its bits there, by the other.
    fn place(&self, short: [u8; SHORT_SIZE]) -> (usize, impl Iterator<Item = usize> + use<>) {
        let mixed = mix(short);
        let at = ((mixed >> 32) * self.0.len() as u64) >> 32;
        // Spreads 32 bits over the 54 that are taken; the number is 2^64 over the golden ratio.
        let spread = (mixed & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bit = move |probe: u32| spread << (probe * PROBE_BITS) >> (u64::BITS - PROBE_BITS);
        (at as usize, (0..PROBES).map(move |probe| bit(probe) as usize))
    }
}

/// The finalizer of SplitMix64: every bit of the key reaches every bit of the result.
fn mix(short: [u8; SHORT_SIZE]) -> u64 {
    let [a, b, c, d, e] = short;
    let mut word = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;

    fn key(at: u32) -> [u8; SHORT_SIZE] {
        Hash::of(&at.to_be_bytes()).as_bytes()[..SHORT_SIZE].try_into().unwrap()
    }

    #[test]
    fn no_key_is_missed_and_few_others_pass() {
        let mut filter = Filter::for_keys(10_000);
        (0..10_000).for_each(|at| filter.insert(key(at)));
        assert!((0..10_000).all(|at| filter.may_hold(key(at))));
        let passed = (10_000..110_000).filter(|at| filter.may_hold(key(*at))).count();
        assert!(passed < 2_000, "{passed} of 100,000 passed");
    }

    #[test]
    fn a_filter_of_no_keys_holds_none_and_one_of_other_bytes_is_none() {
        let filter = Filter::for_keys(0);
        assert!((0..1000).all(|at| !filter.may_hold(key(at))));
        let mut filter = Filter::for_keys(1000);
        (0..1000).for_each(|at| filter.insert(key(at)));
        let (bytes, size) = (filter.to_bytes(), Filter::bytes_for_keys(1000));
        assert_eq!(Filter::from_bytes(&bytes, size), Some(filter));
        assert_eq!(Filter::from_bytes(&bytes[1..], size), None);
        assert_eq!(Filter::from_bytes(&bytes[1..], size - 1), None);
        assert_eq!(Filter::from_bytes(&[], 0), None);
    }
}
