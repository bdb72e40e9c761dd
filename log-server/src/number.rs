//! Counts with their nouns, as English has them: one entry, two entries.

use std::fmt::Display;

/// A number with what it counts; what follows the noun and changes with it may stand in both.
pub(crate) fn of<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let noun = if number == N::from(1) { one } else { many };
    format!("{number} {noun}")
}

/// So many entries of a log.
pub(crate) fn entries(number: u64) -> String {
    of(number, "entry", "entries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(entries(1), "1 entry");
        for number in [0, 2, 11, 21, 101] {
            assert_eq!(entries(number), format!("{number} entries"));
        }
        assert_eq!(of(1_usize, "key", "keys"), "1 key");
    }
}
