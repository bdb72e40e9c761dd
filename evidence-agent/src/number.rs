//! Counts with their nouns, as English has them: one record, two records.

use std::fmt::Display;

/// A number with what it counts; what follows the noun and changes with it may stand in both.
pub(crate) fn of<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let noun = if number == N::from(1) { one } else { many };
    format!("{number} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(of(1_u64, "record waits", "records wait"), "1 record waits");
        for number in [0_usize, 2, 11, 21, 101] {
            assert_eq!(of(number, "entry", "entries"), format!("{number} entries"));
        }
    }
}
