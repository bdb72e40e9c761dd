//! Lengths of time as a configuration writes them: `500ms`, `10s`, `5m`, `24h`, `7d`.

use serde::{Deserialize, Deserializer};

/// The longest: a hundred years.
const MAX_MILLIS: u64 = 100 * 366 * 86_400_000;

/// A length of time, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(u64);

impl Span {
    /// So many seconds.
    pub(crate) const fn seconds(count: u64) -> Self {
        Self(count * 1000)
    }

    /// Half a minute: how often most things are looked at.
    pub(crate) const fn half_minute() -> Self {
        Self::seconds(30)
    }

    /// An hour.
    pub(crate) const fn hour() -> Self {
        Self::seconds(3600)
    }

    /// A day: how often what seems unchanged is read again.
    pub(crate) const fn day() -> Self {
        Self::seconds(86_400)
    }

    /// Its milliseconds.
    pub(crate) const fn millis(self) -> u64 {
        self.0
    }

    /// As the standard library has it.
    pub(crate) const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }

    /// Parses a number and its unit, with nothing between them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is no length of time: write a number and ms, s, m, h or d, as in 10s")
        };
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = text.split_at(digits);
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let count: u64 = count.parse().map_err(|_| wrong())?;
        let millis = count.checked_mul(unit).filter(|millis| *millis <= MAX_MILLIS);
        millis.map(Self).ok_or_else(|| format!("{text:?} is more than a hundred years"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, millis) in
            [("0s", 0), ("250ms", 250), ("10s", 10_000), ("5m", 300_000), ("24h", 86_400_000)]
        {
            assert_eq!(Span::parse(text).unwrap().millis(), millis, "{text}");
        }
        for text in ["", "10", "s", "1.5h", "10 s", "-1s", "10S", "99999999999999999999s", "40000d"]
        {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }
}
