//! A Bloom filter: says "not here" for certain, or "perhaps".
//!
//! Ten bits a key and six probes let about one key in a hundred pass by mistake. A filter sees only
//! the five bytes of a key that blocks keep, so that merging can fill a larger one from the blocks.

use super::SHORT_SIZE;

/// The bits spent on each key.
const BITS_PER_KEY: usize = 10;

/// The bits looked at for each key.
const PROBES: u64 = 6;

/// The filter of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter(Vec<u8>);

impl Filter {
    /// An empty filter with room for `keys`.
    pub(super) fn for_keys(keys: usize) -> Self {
        Self(vec![0; Self::bytes_for_keys(keys)])
    }

    /// The size of such a filter.
    pub(super) const fn bytes_for_keys(keys: usize) -> usize {
        let bytes = (keys * BITS_PER_KEY).div_ceil(8);
        if bytes == 0 { 1 } else { bytes }
    }

    /// Takes stored bytes back, if there are as many as there should be.
    pub(super) fn from_bytes(bytes: Vec<u8>, size: usize) -> Option<Self> {
        (bytes.len() == size).then_some(Self(bytes))
    }

    pub(super) fn to_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn insert(&mut self, short: [u8; SHORT_SIZE]) {
        for bit in self.probes(short) {
            self.0[bit / 8] |= 1 << (bit % 8);
        }
    }

    pub(super) fn may_hold(&self, short: [u8; SHORT_SIZE]) -> bool {
        self.probes(short).all(|bit| self.0[bit / 8] & 1 << (bit % 8) != 0)
    }

    /// Double hashing: the halves of a mixed key give the start and the step.
    fn probes(&self, short: [u8; SHORT_SIZE]) -> impl Iterator<Item = usize> + use<> {
        let bits = self.0.len() as u64 * 8;
        let mixed = mix(short);
        let (start, step) = (mixed >> 32, mixed & 0xffff_ffff | 1);
        // The start alone reaches 2^32 bits; the product below spreads it over larger filters.
        let start = start.wrapping_mul(bits) >> 32;
        (0..PROBES).map(move |probe| ((start + probe * step) % bits) as usize)
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
        assert!(passed < 2_500, "{passed} of 100,000 passed");
    }
}
