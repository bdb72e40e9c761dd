//! Times as sources write them: RFC 3339 text, read as milliseconds since 1970.
//!
//! Only what the formats hold: a date, `T`, a time to the second with up to nine digits of its
//! parts, and `Z` or an offset. A leap second counts as the second before it. A time is a source's
//! claim, whatever it says.

/// Milliseconds since 1970 in UTC; `None` if the text is no such time or lies before 1970.
#[must_use]
pub fn parse_millis(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let (head, rest) = bytes.split_first_chunk::<19>()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| head[*at] != *mark) {
        return None;
    }
    let [year, month, day] = [number(&head[..4])?, number(&head[5..7])?, number(&head[8..10])?];
    let [hour, minute] = [number(&head[11..13])?, number(&head[14..16])?];
    let second = number(&head[17..])?;
    let sound = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !sound {
        return None;
    }
    let (millis, zone) = fraction(rest)?;
    let seconds =
        days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second.min(59);
    u64::try_from((seconds - offset_seconds(zone)?) * 1000 + millis).ok()
}

/// Takes the digits behind the second's dot, as milliseconds; gives what follows them.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(behind) = rest.strip_prefix(b".") else {
        return Some((0, rest));
    };
    let count = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let mut millis = number(&behind[..count.min(3)])?;
    for _ in count..3 {
        millis *= 10;
    }
    Some((millis, &behind[count..]))
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        b"Z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let [_, h, i, b':', m, n] = zone else { return None };
    let (hours, minutes) = (number(&[*h, *i])?, number(&[*m, *n])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, byte| match byte {
        b'0'..=b'9' => Some(sum * 10 + i64::from(byte - b'0')),
        _ => None,
    })
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Counts whole years, then whole months; below zero before 1970. West of Greenwich the last hours of 1969 are
/// within 1970.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    (year - 1970) * 365 + leap_days + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_read() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-03-02T08:00:00.000Z", 1_772_438_400_000),
            ("2026-03-02T16:00:00+08:00", 1_772_438_400_000),
            ("2026-03-02T08:00:00.25Z", 1_772_438_400_250),
            ("2026-03-02T08:00:00.123456789Z", 1_772_438_400_123),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
            // By a clock west of Greenwich it is still the year before.
            ("1969-12-31T23:59:59-01:00", 3_599_000),
            ("1969-12-31T19:00:00-05:00", 0),
        ];
        for (text, want) in cases {
            assert_eq!(parse_millis(text), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-03-02",
            "2026-03-02 08:00:00Z",
            "2026-03-02T08:00:00",
            "2026-03-02T08:00:00z",
            "2026-03-02T08:00:00.Z",
            "2026-03-02T08:00:00.1234567890Z",
            "2026-02-29T08:00:00Z",
            "2026-13-02T08:00:00Z",
            "2026-00-02T08:00:00Z",
            "2026-03-00T08:00:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T08:60:00Z",
            "2026-03-02T08:00:61Z",
            "2026-03-02T08:00:00+0800",
            "2026-03-02T08:00:00+08:00 ",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:59:59+01:00",
            "1969-12-31T18:59:59.999-05:00",
            "0000-01-01T00:00:00-23:59",
            "+026-03-02T08:00:00Z",
        ] {
            assert_eq!(parse_millis(text), None, "{text:?}");
        }
    }
}
