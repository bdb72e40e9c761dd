//! Opaque entries that are all different, and can be made again from their number.

use bytes::Bytes;

/// The least bytes of an entry: the run's number and the entry's.
pub const MIN_ENTRY_SIZE: usize = 16;

/// The entry with `number` of the run `run`, `size` bytes long.
///
/// The first bytes make it unique; the rest is noise that no compressor shortens.
#[must_use]
pub fn entry(run: u64, number: u64, size: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(size.next_multiple_of(8));
    bytes.extend_from_slice(&run.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    let mut state = run ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while bytes.len() < size {
        // The xorshift of Marsaglia (2003): three shifts a word are enough for noise.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes.truncate(size.max(MIN_ENTRY_SIZE));
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_differ_by_run_and_number_and_have_their_size() {
        for size in [16, 17, 255, 256, 60_000] {
            assert_eq!(entry(1, 2, size).len(), size);
            assert_ne!(entry(1, 2, size), entry(1, 3, size));
            assert_ne!(entry(1, 2, size), entry(2, 2, size));
            assert_eq!(entry(1, 2, size), entry(1, 2, size));
        }
    }
}
