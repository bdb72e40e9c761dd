//! The times that machines write, as moments, where nothing about them has to be guessed.
//!
//! Formats: `spec/text/mapping.md`, "Times". Without a zone there is no moment, only digits.

use spec::evidence::time::parse_millis;

/// Milliseconds since 1970; `None` if the format, the zone or a digit leaves a doubt.
pub(crate) fn instant(text: &str, format: &str, zone: &str) -> Option<u64> {
    moment(text, format, zone).map(|moment| moment.millis)
}

/// A moment, and how far the machine's own clock is ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Milliseconds since 1970.
    pub(crate) millis: u64,
    ahead_seconds: i64,
}

impl Moment {
    /// The day of another moment by this clock, in days since 1970.
    pub(crate) fn day_of(&self, millis: u64) -> u64 {
        (millis / 1000).saturating_add_signed(self.ahead_seconds) / (24 * 3600)
    }

    /// Its own.
    pub(crate) fn day(&self) -> u64 {
        self.day_of(self.millis)
    }
}

/// The same with the clock that it is of: the day that a machine writes is a day there.
pub(crate) fn moment(text: &str, format: &str, zone: &str) -> Option<Moment> {
    let of = |text: &str| {
        let millis = parse_millis(text)?;
        // A clock that has not reached 1970 is one of nobody's machine: its days are told by UTC.
        let local = text.get(..TIME).and_then(|local| parse_millis(&format!("{local}Z")));
        let ahead = local.and_then(|local| (local / 1000).checked_signed_diff(millis / 1000));
        let ahead_seconds = ahead.unwrap_or_default();
        Some(Moment { millis, ahead_seconds })
    };
    if format == "iso" {
        return of(text).or_else(|| of(&format!("{text}{}", offset(zone)?)));
    }
    let mut parts = Parts::default();
    let (mut rest, mut left) = (text, format);
    while let Some(first) = left.chars().next() {
        let length = left.chars().take_while(|letter| *letter == first).count();
        let (token, behind) = left.split_at(length * first.len_utf8());
        left = behind;
        rest = parts.take(first, token, rest)?;
    }
    let zone = parts.zone.clone().or_else(|| offset(zone).map(str::to_owned))?;
    rest.is_empty().then(|| parts.text(&zone)).flatten().and_then(|text| of(&text))
}

/// How many letters of a time are its day and its time of day.
const TIME: usize = "2026-03-02T04:00:00".len();

/// Puts records into the order of the times that they claim, if each claims a moment and all were there when
/// the first was seen: after an outage files are seen in the order of their names, whatever came first.
/// Otherwise they stay in the order of sight, which saw one before the other was made. `times` gives the
/// claimed time and that of sight.
pub(crate) fn in_time<T>(records: &mut [T], times: impl Fn(&T) -> (Option<u64>, u64)) {
    let claimed: Option<Vec<u64>> = records.iter().map(|one| times(one).0).collect();
    let latest = claimed.and_then(|claimed| claimed.into_iter().max());
    let first_seen = records.iter().map(|one| times(one).1).min();
    if latest.is_some() && latest <= first_seen {
        records.sort_by_cached_key(|one| times(one).0);
    }
}

/// `+08:00`, also where a mapping says it of the machine's clock.
fn offset(zone: &str) -> Option<&str> {
    let zone = zone.strip_suffix(" (mapping)").unwrap_or(zone);
    (zone == "Z" || zone.len() == 6).then_some(zone)
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    afternoon: Option<bool>,
    zone: Option<String>,
}

impl Parts {
    /// Reads what a token stands for; gives back what follows it.
    fn take<'t>(&mut self, letter: char, token: &str, text: &'t str) -> Option<&'t str> {
        let digits = |least: usize, most: usize| {
            let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let (number, rest) = text.split_at(count);
            (count >= least).then_some((number.parse::<u64>().ok()?, rest))
        };
        let wide = |most: usize| digits(token.len().min(most), most);
        let (into, (number, rest)) = match letter {
            'y' if token.len() == 2 => {
                let (year, rest) = digits(2, 2)?;
                (&mut self.year, (2000 + year, rest))
            }
            'y' => (&mut self.year, digits(4, 4)?),
            'M' => (&mut self.month, wide(2)?),
            'd' => (&mut self.day, wide(2)?),
            'H' | 'h' => (&mut self.hour, wide(2)?),
            'm' => (&mut self.minute, wide(2)?),
            's' => (&mut self.second, wide(2)?),
            'f' => return digits(1, 9).map(|(_, rest)| rest),
            't' => {
                let (half, rest) = text.split_at_checked(2)?;
                self.afternoon = Some(half.eq_ignore_ascii_case("pm"));
                return (half.eq_ignore_ascii_case("am") || self.afternoon == Some(true))
                    .then_some(rest);
            }
            'z' => {
                let (zone, rest) = text.split_at_checked(6)?;
                self.zone = Some(zone.to_owned());
                return Some(rest);
            }
            _ => return text.strip_prefix(token),
        };
        *into = number;
        Some(rest)
    }

    fn text(&self, zone: &str) -> Option<String> {
        let hour = match self.afternoon {
            None => self.hour,
            Some(afternoon) if (1..=12).contains(&self.hour) => {
                self.hour % 12 + if afternoon { 12 } else { 0 }
            }
            Some(_) => return None,
        };
        let Self { year, month, day, minute, second, .. } = self;
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_clock_that_wrote_it() {
        let at = |text, zone| moment(text, "iso", zone).unwrap();
        // Half past midnight in Shanghai is the day before in UTC.
        let shanghai = at("2026-03-02T00:30:00.5", "+08:00");
        assert_eq!(shanghai.millis, 1_772_382_600_500);
        let days =
            |from: &Moment, hours: u64| from.day_of(from.millis + hours * 3_600_000) - from.day();
        assert_eq!((days(&shanghai, 23), days(&shanghai, 24), days(&shanghai, 47)), (0, 1, 1));
        let evening = at("2026-03-02T23:30:00-08:00", "unknown");
        assert_eq!((days(&evening, 0), days(&evening, 1), days(&evening, 47)), (0, 1, 2));
        assert_eq!(at("2026-03-02T10:00:00Z", "").day(), 20_514);
        assert_eq!((shanghai.day(), evening.day()), (20_514, 20_514));
        assert_eq!(at("1969-12-31T23:30:00-08:00", "").day(), 0);
    }

    #[test]
    fn a_time_is_a_moment_where_format_and_zone_leave_no_doubt() {
        let noon = Some(1_772_424_000_000); // 2026-03-02T04:00:00Z
        for (text, format, zone) in [
            ("2026-03-02T12:00:00.1234567+08:00", "iso", "+08:00"),
            ("2026-03-02T12:00:00", "iso", "+08:00 (mapping)"),
            ("03/02/2026 12:00:00", "MM/dd/yyyy HH:mm:ss", "+08:00 (mapping)"),
            ("02.03.2026 12:00:00", "dd.MM.yyyy HH:mm:ss", "+08:00"),
            ("20260302120000", "yyyyMMddHHmmss", "+08:00"),
            ("3/2/26 12:00:00 PM", "M/d/yy h:mm:ss tt", "+08:00"),
            ("2026-03-02 04:00:00.5 +00:00", "yyyy-MM-dd HH:mm:ss.f zzz", "unknown"),
        ] {
            let found = instant(text, format, zone).map(|at| at / 1000 * 1000);
            assert_eq!(found, noon, "{text} {format} {zone}");
        }
        for (text, format, zone) in [
            ("03/02/2026 12:00:00", "MM/dd/yyyy HH:mm:ss", "unknown"),
            ("13/32/2026 12:00:00", "MM/dd/yyyy HH:mm:ss", "+08:00"),
            ("03/02/2026 12:00", "MM/dd/yyyy HH:mm:ss", "+08:00"),
            ("03/02/2026 12:00:00x", "MM/dd/yyyy HH:mm:ss", "+08:00"),
            ("13:00:00 PM 2026-03-02", "hh:mm:ss tt yyyy-MM-dd", "+08:00"),
            ("", "yyyy", "Z"),
        ] {
            assert_eq!(instant(text, format, zone), None, "{text} {format} {zone}");
        }
    }
}
