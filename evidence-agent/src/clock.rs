//! The agent's clock as text: RFC 3339 in UTC, to the millisecond.
//!
//! What it says is only claimed. Proof of time comes from the log's witnesses.

mod system;

use std::time::Duration;

use crate::model::UnixMillis;

pub(crate) use system::SystemClock;

const SECONDS_PER_DAY: u64 = 86_400;

/// What the agent knows of its own clock. Handed in, so that a week can be lived in a second.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> UnixMillis;
    /// Time since an arbitrary moment of this boot; it never jumps.
    fn monotonic(&self) -> Duration;
    /// A name for the time since this machine was started.
    fn boot(&self) -> Option<String>;
    /// Whether a time service keeps the wall clock.
    fn service(&self) -> TimeService;

    /// Lets at most this much time pass. The loop of turns rests here and nowhere else.
    fn rest(&self, most: Duration) {
        std::thread::sleep(most);
    }

    /// How long the process may really wait for another of its threads, where by this clock it
    /// would wait so long.
    fn outside(&self, wait: Duration) -> Duration {
        wait
    }
}

/// What keeps the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeService {
    /// A time service says that it is in step.
    Synchronised,
    /// There is one, and it says that it is not.
    Unsynchronised,
    /// Nothing is known of one.
    Unknown,
}

/// A moment as RFC 3339 text.
pub(crate) fn format(moment: UnixMillis) -> String {
    let milliseconds = u32::try_from(moment.0 % 1000).expect("below 1000");
    format_utc(moment.0 / 1000, milliseconds)
}

/// A whole second as RFC 3339 text, such as a witness's time.
pub(crate) fn format_seconds(seconds: u64) -> String {
    format_utc(seconds, 0).replace(".000Z", "Z")
}

/// Reads RFC 3339 text with a zone, to the millisecond. `None` for anything else: a time without a
/// zone could be any of two dozen moments.
pub(crate) fn parse(text: &str) -> Option<UnixMillis> {
    let (date, rest) = text.split_at_checked(10)?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u64>().ok() } else { None }
    };
    let [year, month, day] = numbers(date, '-', number)?;
    let (time, zone) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let [hour, minute, second] = numbers(time, ':', number)?;
    let in_range = (1970..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1;
    if !in_range || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let digits = zone.strip_prefix('.').map_or("", |fraction| {
        &fraction[..fraction.bytes().take_while(u8::is_ascii_digit).count()]
    });
    let zone = if digits.is_empty() { zone } else { &zone[1 + digits.len()..] };
    let milliseconds = number(format!("{digits:0<3}").get(..3)?)?;
    let offset_minutes = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let [hours, minutes] = numbers(offset, ':', number)?;
            let minutes = i64::try_from(hours * 60 + minutes).ok().filter(|off| *off < 24 * 60)?;
            if sign == "+" { minutes } else { -minutes }
        }
        _ => return None,
    };
    let days = days_of(year, month, day)?;
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    let seconds = i64::try_from(seconds).ok()? - offset_minutes * 60;
    Some(UnixMillis(u64::try_from(seconds).ok()? * 1000 + milliseconds))
}

fn numbers<const N: usize>(
    text: &str,
    separator: char,
    number: impl Fn(&str) -> Option<u64>,
) -> Option<[u64; N]> {
    let parts: Option<Vec<u64>> = text.split(separator).map(number).collect();
    parts?.try_into().ok()
}

/// Days from 1970-01-01 to a day of the calendar; `None` if the month has no such day.
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    // The inverse of `civil`, counted in years that begin in March likewise.
    let (march_year, march_month) =
        if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (march_year / 400, march_year % 400);
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    (civil(days) == (year, month, day)).then_some(days)
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
    fn text_is_read_back_to_the_millisecond_in_every_zone() {
        for millis in [0, 951_782_399_007, 951_868_800_000, 1_772_438_400_123, 4_107_542_400_999] {
            assert_eq!(parse(&format(UnixMillis(millis))), Some(UnixMillis(millis)));
        }
        let noon = parse("2026-03-02T12:00:00Z");
        for same in [
            "2026-03-02T20:00:00+08:00",
            "2026-03-02 08:30:00-03:30",
            "2026-03-02t12:00:00.0000000z",
            "2026-03-03T00:00:00.000+12:00",
        ] {
            assert_eq!(parse(same), noon, "{same}");
        }
        assert_eq!(parse("2026-03-02T12:00:00.25Z"), noon.map(|noon| UnixMillis(noon.0 + 250)));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for wrong in [
            "",
            "2026-03-02",
            "2026-03-02T12:00:00",
            "03/02/2026 12:00",
            "2026-02-29T12:00:00Z",
            "2026-13-02T12:00:00Z",
            "2026-03-00T12:00:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T12:00:00+25:00",
            "2026-03-02T12:00:00+0800",
            "2026-03-02T12:00:00.Z",
            "1969-03-02T12:00:00Z",
            "+026-03-02T12:00:00Z",
            "2026-03-02T12:00:00Z ",
            "检2026-03-02T12:00:00Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
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
            assert_eq!(days_of(want.0, want.1, want.2), Some(days));
            want = match want {
                (year, month, day) if day < length(year, month) => (year, month, day + 1),
                (year, month, _) if month < 12 => (year, month + 1, 1),
                (year, ..) => (year + 1, 1, 1),
            };
        }
    }
}
