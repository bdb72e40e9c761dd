//! A claimed time as a moment, where the record says in full how it is written and in which zone.
//!
//! `claimed/start` is text as the machine wrote it. RFC 3339 places itself; another form needs `claimed/format`
//! and an offset in `claimed/zone`. Without either it is shown as text and not drawn: `03/02` is two days.

use spec::evidence::time::parse_millis;

/// Seconds since 1970, UTC; `None` if the text leaves anything open.
pub(crate) fn moment(text: &str, format: Option<&str>, zone: Option<&str>) -> Option<i64> {
    if let Some(millis) = parse_millis(text) {
        return i64::try_from(millis / 1000).ok();
    }
    let offset = offset(zone?.split(' ').next()?)?;
    let (mut date, mut clock) = ([0_i64; 3], [0_i64; 3]);
    let (mut text, mut format) = (text, format?);
    while !format.is_empty() {
        let letter = format.chars().next()?;
        let width = format.chars().take_while(|next| *next == letter).count();
        let into = match (letter, width) {
            ('y', 4) => &mut date[0],
            ('M', 2) => &mut date[1],
            ('d', 2) => &mut date[2],
            ('H', 2) => &mut clock[0],
            ('m', 2) => &mut clock[1],
            ('s', 2) => &mut clock[2],
            _ if letter.is_ascii_alphabetic() => return None,
            _ => {
                text = text.strip_prefix(letter)?;
                format = &format[letter.len_utf8()..];
                continue;
            }
        };
        let digits = text.get(..width)?;
        *into = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        (text, format) = (&text[width..], &format[width..]);
    }
    let is_time = clock[0] < 24 && clock[1] < 60 && clock[2] < 60;
    let is_whole = text.is_empty() || text.starts_with('.');
    let days = days(date).filter(|_| is_time && is_whole)?;
    Some(days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset)
}

/// Seconds east of UTC, of `+08:00` or `Z`.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = match zone.as_bytes().first()? {
        b'+' => (1, &zone[1..]),
        b'-' => (-1, &zone[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str| {
        let is_it = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_it.then(|| text.parse::<i64>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970 of a date in the Gregorian calendar.
fn days([year, month, day]: [i64; 3]) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if !(1970..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let before: i64 = lengths[..usize::try_from(month).ok()? - 1].iter().sum();
    Some((year - 1970) * 365 + leaps(year - 1) - leaps(1969) + before + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_placed_only_if_nothing_is_left_open() {
        let american = Some("MM/dd/yyyy HH:mm:ss");
        let eight = Some("+08:00 (mapping)");
        let at = moment("2026-03-02T08:15:30+08:00", None, None);
        assert_eq!(at, Some(1_772_410_530));
        assert_eq!(moment("03/02/2026 08:15:30", american, eight), at);
        assert_eq!(moment("03/02/2026 00:15:30", american, Some("Z")), at);
        assert_eq!(moment("02/29/2024 00:00:00", american, Some("Z")), Some(1_709_164_800));
        for (text, format, zone) in [
            ("03/02/2026 08:15:30", american, Some("unknown")),
            ("03/02/2026 08:15:30", american, None),
            ("03/02/2026 08:15:30", None, eight),
            ("02/29/2026 08:15:30", american, eight),
            ("13/02/2026 08:15:30", american, eight),
            ("03/02/2026 24:15:30", american, eight),
            ("03/02/2026 08:15", american, eight),
            ("03/02/2026 08:15:30 PM", american, eight),
            ("３3/02/2026 08:15:30", american, eight),
            ("", american, eight),
        ] {
            assert_eq!(moment(text, format, zone), None, "{text} {format:?} {zone:?}");
        }
    }
}
