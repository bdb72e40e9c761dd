//! Times as machines write them: checked against the mapping's format, never written anew.
//!
//! `03/02/2026` is the third of February or the second of March. Only the machine's settings say
//! which, so the format is part of the record, and a time that does not fit it is kept and flagged.
//!
//! | in a format | in a time |
//! |---|---|
//! | `yyyy` `yy` | a year of four digits, or of two (20xx) |
//! | `MM` `dd` `HH` `hh` `mm` `ss` | two digits |
//! | `M` `d` `H` `h` | one or two digits |
//! | `f` repeated | as many digits of a second's fraction, or fewer |
//! | `tt` | `AM` or `PM` |
//! | `zzz` | `+08:00`, `+0800` or `Z` |
//! | anything else | itself |

use crate::model::UnixMillis;

/// RFC 3339 with any fraction, as CFX and most new machines write it.
pub(super) const ISO: &str = "yyyy-MM-ddTHH:mm:ss.fffffffffzzz";

/// A format that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    written: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Day(usize, usize),
    Fraction(usize),
    Half,
    Hour(usize, usize),
    Letter(char),
    Minute,
    Month(usize, usize),
    Second,
    ShortYear,
    Year,
    Zone,
}

/// What a time says, as far as its format asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millis: i64,
    afternoon: Option<bool>,
    /// Minutes east of Greenwich.
    zone: Option<i64>,
}

impl Format {
    /// Checks a format: it needs year, month and day.
    pub(super) fn parse(written: &str) -> Result<Self, String> {
        let long = if written == "iso" { ISO } else { written };
        let (mut parts, mut rest) = (Vec::new(), long);
        while let Some(first) = rest.chars().next() {
            let run = rest.chars().take_while(|letter| *letter == first).count();
            let part = match (first, run) {
                ('y', 4) => Part::Year,
                ('y', 2) => Part::ShortYear,
                ('M', 1) => Part::Month(1, 2),
                ('M', 2) => Part::Month(2, 2),
                ('d', 1) => Part::Day(1, 2),
                ('d', 2) => Part::Day(2, 2),
                ('H' | 'h', 1) => Part::Hour(1, 2),
                ('H' | 'h', 2) => Part::Hour(2, 2),
                ('m', 2) => Part::Minute,
                ('s', 2) => Part::Second,
                ('f', 1..=9) => Part::Fraction(run),
                ('t', 2) => Part::Half,
                ('z', 3) => Part::Zone,
                (letter, _) if letter.is_ascii_alphabetic() && letter != 'T' => {
                    let part = &rest[..run];
                    return Err(format!(
                        "`{part}` is no part of a time; parts are yyyy yy MM M dd d HH H hh h mm ss \
                         f tt zzz, or the whole is `iso`"
                    ));
                }
                (letter, _) => Part::Letter(letter),
            };
            let size = if let Part::Letter(letter) = part { letter.len_utf8() } else { run };
            rest = &rest[size..];
            parts.push(part);
        }
        let has = |wanted: fn(&Part) -> bool| parts.iter().any(wanted);
        let whole = has(|part| matches!(part, Part::Year | Part::ShortYear))
            && has(|part| matches!(part, Part::Month(..)))
            && has(|part| matches!(part, Part::Day(..)));
        if !whole {
            return Err("a time needs a year, a month and a day".to_string());
        }
        Ok(Self { written: written.to_string(), parts })
    }

    /// As the mapping writes it.
    pub(super) fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether a time has this format and exists in the calendar.
    pub(super) fn fits(&self, time: &str) -> bool {
        self.read(time).is_some()
    }

    /// The offset in a time, as it is written; `None` if it has none.
    pub(super) fn zone<'t>(&self, time: &'t str) -> Option<&'t str> {
        if self.parts.last() != Some(&Part::Zone) {
            return None;
        }
        self.read(time)?;
        let at = time.rfind(['+', '-', 'Z', 'z'])?;
        Some(&time[at..])
    }

    fn read(&self, time: &str) -> Option<Said> {
        let (mut said, mut rest) = (Said::default(), time);
        let mut skipped = false;
        for (at, part) in self.parts.iter().enumerate() {
            match *part {
                Part::Letter('.' | ',') if self.fraction_is_missing(at, rest) => skipped = true,
                Part::Letter(letter) => rest = rest.strip_prefix(letter)?,
                Part::Fraction(_) if skipped => {}
                Part::Fraction(most) => said.millis = fraction(&mut rest, most)?,
                Part::Half => {
                    let half = rest.get(..2)?.to_ascii_uppercase();
                    said.afternoon = Some(half == "PM");
                    (half == "AM" || half == "PM").then_some(())?;
                    rest = &rest[2..];
                }
                Part::Zone => said.zone = Some(zone(&mut rest)?),
                Part::Year => said.year = digits(&mut rest, 4, 4)?,
                Part::ShortYear => said.year = 2000 + digits(&mut rest, 2, 2)?,
                Part::Month(least, most) => said.month = digits(&mut rest, least, most)?,
                Part::Day(least, most) => said.day = digits(&mut rest, least, most)?,
                Part::Hour(least, most) => said.hour = digits(&mut rest, least, most)?,
                Part::Minute => said.minute = digits(&mut rest, 2, 2)?,
                Part::Second => said.second = digits(&mut rest, 2, 2)?,
            }
        }
        (rest.is_empty() && said.is_possible()).then_some(said)
    }

    /// A fraction may be left out with its point.
    fn fraction_is_missing(&self, at: usize, rest: &str) -> bool {
        matches!(self.parts.get(at + 1), Some(Part::Fraction(_))) && !rest.starts_with(['.', ','])
    }
}

impl Said {
    fn is_possible(&self) -> bool {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i64::from(leap),
            _ => 31,
        };
        let hours = if self.afternoon.is_some() { 1..=12 } else { 0..=23 };
        (1..=12).contains(&self.month)
            && (1..=days).contains(&self.day)
            && hours.contains(&self.hour)
            && self.minute < 60
            && self.second <= 60
    }

    fn instant(&self, zone: i64) -> Option<UnixMillis> {
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        // Days since 1970 in the calendar that counts years from March.
        let (year, month) = if self.month > 2 {
            (self.year, self.month - 3)
        } else {
            (self.year - 1, self.month + 9)
        };
        let days =
            year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + self.day
                - 1
                - 719_468;
        let minutes = (days * 24 + hour) * 60 + self.minute - zone;
        u64::try_from((minutes * 60 + self.second) * 1000 + self.millis).ok().map(UnixMillis)
    }
}

fn digits(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    let (digits, after) = rest.split_at(count);
    *rest = after;
    digits.parse().ok()
}

fn fraction(rest: &mut &str, most: usize) -> Option<i64> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(count);
    *rest = after;
    let millis = format!("{digits:0<3}");
    if count == 0 { None } else { millis[..3].parse().ok() }
}

/// Minutes east of Greenwich.
fn zone(rest: &mut &str) -> Option<i64> {
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(0);
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['+', '-'])?;
    let hours = digits(rest, 2, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = digits(rest, 2, 2)?;
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Whether a mapping may name this as the zone of a machine's clock.
pub(super) fn is_zone(text: &str) -> bool {
    let mut rest = text;
    zone(&mut rest).is_some() && rest.is_empty()
}

/// When a report claims to have been made, if its format and zone leave no doubt. For comparing
/// with the agent's own clock only: what is recorded is the text.
pub(super) fn instant(time: &str, format: &str, zone_text: &str) -> Option<UnixMillis> {
    let said = Format::parse(format).ok()?.read(time)?;
    let fixed = || zone(&mut zone_text.split(' ').next().unwrap_or_default());
    said.instant(said.zone.or_else(fixed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_held_against_its_format() {
        for (format, time, fits) in [
            ("MM/dd/yyyy HH:mm:ss", "03/02/2026 08:15:30", true),
            ("MM/dd/yyyy HH:mm:ss", "13/02/2026 08:15:30", false),
            ("dd/MM/yyyy HH:mm:ss", "13/02/2026 08:15:30", true),
            ("M/d/yyyy H:mm:ss", "3/2/2026 8:15:30", true),
            ("MM/dd/yyyy", "3/2/2026", false),
            ("yyyy-MM-dd", "2026-02-29", false),
            ("yyyy-MM-dd", "2028-02-29", true),
            ("dd.MM.yy HH:mm", "02.03.26 08:15", true),
            ("MM/dd/yyyy hh:mm:ss tt", "03/02/2026 12:15:30 PM", true),
            ("MM/dd/yyyy hh:mm:ss tt", "03/02/2026 13:15:30 PM", false),
            ("yyyy年MM月dd日 HH:mm:ss", "2026年03月02日 08:15:30", true),
            ("yyyyMMddHHmmss", "20260302081530", true),
            ("iso", "2026-03-02T08:15:30.1234567+08:00", true),
            ("iso", "2026-03-02T08:15:30Z", true),
            ("iso", "2026-03-02T08:15:30", false),
            ("yyyy-MM-dd HH:mm:ss,fff", "2026-03-02 08:15:30,5", true),
            ("yyyy-MM-dd HH:mm:ss", "2026-03-02 08:15:30 ", false),
            ("yyyy-MM-dd", "", false),
        ] {
            assert_eq!(Format::parse(format).unwrap().fits(time), fits, "{format}: {time}");
        }
    }

    #[test]
    fn a_format_that_says_too_little_or_nothing_known_is_refused() {
        for wrong in
            ["", "HH:mm", "yyyy", "yyy-MM-dd", "yyyy-MMM-dd", "yyyy-MM-dd q", "MM/dd HH:mm"]
        {
            assert!(Format::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_instant_needs_a_zone_and_is_never_guessed() {
        let want = Some(UnixMillis(1_772_410_530_123));
        for (time, format, zone) in [
            ("2026-03-02T08:15:30.1234567+08:00", "iso", "+08:00"),
            ("03/02/2026 08:15:30.123", "MM/dd/yyyy HH:mm:ss.fff", "+08:00 (mapping)"),
            ("03/02/2026 12:15:30.123 AM", "MM/dd/yyyy hh:mm:ss.fff tt", "Z"),
        ] {
            assert_eq!(instant(time, format, zone), want, "{time}");
        }
        assert_eq!(instant("03/02/2026 08:15:30", "MM/dd/yyyy HH:mm:ss", "unknown"), None);
        assert_eq!(instant("1969-12-31T00:00:00Z", "iso", "Z"), None);
        assert_eq!(instant("1970-01-01T00:00:00Z", "iso", "Z"), Some(UnixMillis(0)));
    }

    #[test]
    fn the_zone_in_a_time_is_given_as_it_is_written() {
        let iso = Format::parse("iso").unwrap();
        assert_eq!(iso.zone("2026-03-02T08:15:30-04:00"), Some("-04:00"));
        assert_eq!(iso.zone("2026-03-02T08:15:30Z"), Some("Z"));
        assert_eq!(iso.zone("2026-03-02"), None);
        assert!(is_zone("+08:00") && is_zone("Z") && !is_zone("CST") && !is_zone("+08:00 x"));
    }
}
