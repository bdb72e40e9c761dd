//! The clocks of machines: what they show, which is not what the time is.
//!
//! Plant time is milliseconds since 1970, UTC, and true. A machine's clock drifts, jumps when
//! somebody sets it, and may stand in a zone that is not the plant's. Most reports carry no zone,
//! so a wrong zone there is an hour of error that nobody can see.

/// Milliseconds in a second, an hour and a day.
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// The plant stands eight hours east of Greenwich.
pub(crate) const PLANT_ZONE_MINUTES: i64 = 8 * 60;

/// One machine's clock.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// Minutes east of Greenwich, as the machine was set up.
    pub(crate) zone_minutes: i64,
    /// Gained in a day; lost when negative.
    pub(crate) drift_ms_per_day: i64,
    /// When the plant's time began: the clock was right then.
    pub(crate) right_at: u64,
    /// When it was set by hand, and by how much.
    pub(crate) steps: Vec<(u64, i64)>,
}

impl Clock {
    /// The UTC time that the machine believes in.
    pub(crate) fn reads(&self, now: u64) -> i64 {
        let since = now as i64 - self.right_at as i64;
        let drift = since * self.drift_ms_per_day / DAY as i64;
        let steps = self.steps.iter().filter(|(at, _)| *at <= now);
        now as i64 + drift + steps.map(|(_, by)| by).sum::<i64>()
    }

    /// What its screen shows.
    pub(crate) fn shows(&self, now: u64) -> Civil {
        Civil::of(self.reads(now) + self.zone_minutes * MINUTE as i64)
    }

    /// With seven digits of a second and the zone, as the CFX SDK writes a time.
    pub(crate) fn cfx(&self, now: u64) -> String {
        let c = self.shows(now);
        // Newtonsoft writes 100 ns; the last four digits come from a finer counter than ours.
        let fine = self.reads(now).unsigned_abs().wrapping_mul(7_919) % 10_000;
        let (date, time) = (c.date('-'), c.time(':'));
        format!("{date}T{time}.{:03}{fine:04}{}", c.milli, self.zone())
    }

    /// The zone as `+08:00`.
    pub(crate) fn zone(&self) -> String {
        let sign = if self.zone_minutes < 0 { '-' } else { '+' };
        let minutes = self.zone_minutes.abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) milli: i64,
}

impl Civil {
    /// Counts days as the Gregorian calendar does (era by era of 400 years).
    pub(crate) fn of(millis: i64) -> Self {
        let (days, rest) = (millis.div_euclid(DAY as i64), millis.rem_euclid(DAY as i64));
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: rest / HOUR as i64,
            minute: rest / MINUTE as i64 % 60,
            second: rest / SECOND as i64 % 60,
            milli: rest % 1_000,
        }
    }

    /// Year first, as `2026-03-02`.
    pub(crate) fn date(&self, mark: char) -> String {
        format!("{:04}{mark}{:02}{mark}{:02}", self.year, self.month, self.day)
    }

    /// Month first and no zone, as `03/02/2026`.
    pub(crate) fn american(&self) -> String {
        format!("{:02}/{:02}/{:04}", self.month, self.day, self.year)
    }

    /// Day first, as `02/03/2026`: the same digits, another day.
    pub(crate) fn european(&self) -> String {
        format!("{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }

    /// As `02.03.2026`.
    pub(crate) fn german(&self) -> String {
        self.european().replace('/', ".")
    }

    /// As `08:15:30`.
    pub(crate) fn time(&self, mark: char) -> String {
        format!("{:02}{mark}{:02}{mark}{:02}", self.hour, self.minute, self.second)
    }

    /// Digits alone, for names of files: `20260302081530`.
    pub(crate) fn compact(&self) -> String {
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (millis, compact) in [
            (0, "19700101000000"),
            (1_772_409_600_000, "20260302000000"),
            (1_709_210_096_789, "20240229123456"),
            (951_782_399_999, "20000228235959"),
        ] {
            assert_eq!(Civil::of(millis).compact(), compact);
        }
        assert_eq!(Civil::of(1_709_210_096_789).milli, 789);
    }

    #[test]
    fn a_clock_drifts_steps_and_stands_in_its_own_zone() {
        let clock = Clock {
            zone_minutes: 540,
            drift_ms_per_day: -3_000,
            right_at: 0,
            steps: vec![(DAY, 60_000)],
        };
        assert_eq!(clock.reads(DAY - 1), DAY as i64 - 1 - 2_999);
        assert_eq!(clock.reads(DAY), DAY as i64 - 3_000 + 60_000);
        assert!(clock.cfx(0).starts_with("1970-01-01T09:00:00.000"));
        assert!(clock.cfx(0).ends_with("+09:00"));
    }
}
