//! Numbers and times as people read them.

use spec::time::format_utc;

use super::language::{Lang, Word};
use super::words;

/// Digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `2026-11-23 20:15:10 UTC`.
pub(super) fn moment(seconds: u64) -> String {
    let written = format_utc(seconds);
    match written.strip_suffix('Z') {
        Some(written) => format!("{} UTC", written.replace('T', " ")),
        None => written,
    }
}

/// A span of time in its largest unit.
pub(super) fn span(lang: Lang, seconds: u64) -> String {
    let units: [(u64, Word); 4] =
        [(86_400, words::DAYS), (3600, words::HOURS), (60, words::MINUTES), (1, words::SECONDS)];
    // Twice as much as a unit: "90 seconds" says more than "1 minute".
    let unit = units.into_iter().find(|(size, _)| seconds >= size * 2);
    let (size, word) = unit.unwrap_or((1, words::SECONDS));
    lang.fill(word, &[&grouped(seconds / size)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_spans_have_one_unit() {
        for (number, want) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")]
        {
            assert_eq!(grouped(number), want);
        }
        for (seconds, want) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (259_200, "3 days")]
        {
            assert_eq!(span(Lang::En, seconds), want);
        }
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
    }
}
