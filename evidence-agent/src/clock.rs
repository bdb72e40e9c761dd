//! The agent's clock as text: RFC 3339 in UTC, to the millisecond.
//!
//! What it says is only claimed. Proof of time comes from the log's witnesses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::UnixMillis;

const SECONDS_PER_DAY: u64 = 86_400;

/// What the agent knows of its own clock. Handed in, so that a week can be lived in a second.
#[allow(dead_code, reason = "joined by `site`")]
pub(crate) trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> UnixMillis;
    /// Time since an arbitrary moment of this boot; it never jumps.
    fn monotonic(&self) -> Duration;
    /// A name for the time since this machine was started.
    fn boot(&self) -> Option<String>;
    /// Whether a time service keeps the wall clock.
    fn service(&self) -> TimeService;
}

/// What keeps the wall clock.
#[allow(dead_code, reason = "joined by `site`")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeService {
    /// A time service says that it is in step.
    Synchronised,
    /// There is one, and it says that it is not.
    Unsynchronised,
    /// Nothing is known of one.
    Unknown,
}

/// A moment as RFC 3339 text.
#[allow(dead_code, reason = "joined by `site`")]
pub(crate) fn format(moment: UnixMillis) -> String {
    let milliseconds = u32::try_from(moment.0 % 1000).expect("below 1000");
    format_utc(moment.0 / 1000, milliseconds)
}

/// The time now.
pub(crate) fn now() -> String {
    // A clock before 1970 is not set at all; the first moment of 1970 says so to every reader.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format_utc(since.as_secs(), since.subsec_millis())
}

fn format_utc(seconds: u64, milliseconds: u32) -> String {
    let (year, month, day) = civil(seconds / SECONDS_PER_DAY);
    let second = seconds % SECONDS_PER_DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// Year, month and day of the Gregorian calendar, `days` after 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted in years that begin in March, so that the leap day is the last day of a year. An era
    // is 400 years: 146,097 days. 719,468 days lie between 0000-03-01 and 1970-01-01.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_right() {
        for (seconds, want) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_399, "2000-02-28T23:59:59.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (951_868_800, "2000-03-01T00:00:00.007Z"),
            (1_772_438_400, "2026-03-02T08:00:00.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            assert_eq!(format_utc(seconds, 7), want);
        }
    }

    #[test]
    fn every_day_of_five_centuries_follows_the_one_before() {
        let leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let length = |year, month| match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap(year) => 29,
            2 => 28,
            _ => 31,
        };
        let mut want = (1970, 1, 1);
        for days in 0..182_622 {
            assert_eq!(civil(days), want);
            want = match want {
                (year, month, day) if day < length(year, month) => (year, month, day + 1),
                (year, month, _) if month < 12 => (year, month + 1, 1),
                (year, ..) => (year + 1, 1, 1),
            };
        }
    }
}
