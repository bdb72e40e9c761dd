//! When a source speaks: its ticks and the ends of its days. Pure arithmetic on claimed time.
//!
//! A source's ticks are `cadence` apart and begin at an offset that its name gives, so that a
//! hundred sources do not speak in the same second and a restart does not move them.

use std::time::Duration;

use spec::Hash;
use spec::key::KeyName;

use crate::model::UnixMillis;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// How a source speaks.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Which source.
    pub(crate) source: KeyName,
    /// How far its ticks are apart: at least a second.
    pub(crate) cadence: Duration,
    /// When its day ends.
    pub(crate) day_end: DayEnd,
    /// From how long behind its report's time, or behind being seen, a record says that it is late.
    pub(crate) late_after: Duration,
}

/// The ticks of one source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks {
    every: u64,
    offset: u64,
}

/// The time of day at which a source's day ends, in a fixed zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayEnd {
    /// Minutes behind midnight of that zone.
    pub(crate) minute: u16,
    /// Minutes that the zone is ahead of UTC.
    pub(crate) zone_minutes: i16,
}

impl Ticks {
    /// The ticks of a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let every = u64::try_from(plan.cadence.as_millis()).unwrap_or(u64::MAX).max(1000);
        let name = Hash::of(plan.source.as_str().as_bytes());
        let first = name.as_bytes()[..8].try_into().expect("a hash has 32 bytes");
        Self { every, offset: u64::from_be_bytes(first) % every }
    }

    /// How far they are apart.
    pub(crate) const fn every(&self) -> Duration {
        Duration::from_millis(self.every)
    }

    /// How long it is to the next tick: more than nothing, at most one cadence.
    pub(crate) const fn until_next(&self, now: UnixMillis) -> Duration {
        let phase = (now.0 % self.every + self.every - self.offset) % self.every;
        Duration::from_millis(self.every - phase)
    }

    /// How long to wait after having spoken: to the tick that is nearest to one cadence from now,
    /// so that neither a late statement nor a clock step makes two of them follow closely.
    pub(crate) fn after_speaking(&self, now: UnixMillis) -> Duration {
        let next = self.until_next(now);
        if next * 2 < self.every() { next + self.every() } else { next }
    }
}

impl DayEnd {
    /// The number of the day that a moment is in.
    pub(crate) fn day(self, at: UnixMillis) -> i64 {
        (i64::try_from(at.0).unwrap_or(i64::MAX / 2) - self.shift()).div_euclid(MILLIS_PER_DAY)
    }

    /// When a day begins; it ends when the next begins.
    pub(crate) fn begin(self, day: i64) -> UnixMillis {
        let begin = day.saturating_mul(MILLIS_PER_DAY).saturating_add(self.shift());
        UnixMillis(u64::try_from(begin).unwrap_or(0))
    }

    /// The zone as RFC 3339 writes it.
    pub(crate) fn zone(self) -> String {
        let (sign, minutes) = (if self.zone_minutes < 0 { '-' } else { '+' }, self.zone_minutes);
        format!("{sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
    }

    fn shift(self) -> i64 {
        (i64::from(self.minute) - i64::from(self.zone_minutes)) * 60_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn ticks(name: &str, seconds: u64) -> Ticks {
        let source = KeyName::parse(name).unwrap();
        let day_end = DayEnd { minute: 0, zone_minutes: 0 };
        let late_after = Duration::from_secs(3600);
        let cadence = Duration::from_secs(seconds);
        Ticks::of(&Plan { source, cadence, day_end, late_after })
    }

    #[test]
    fn ticks_are_one_cadence_apart_and_stay_where_they_are() {
        let ticks = ticks("line-4.example/aoi-7", 60);
        let mut now = UnixMillis(1_772_438_400_123);
        let first = ticks.until_next(now);
        assert!(!first.is_zero() && first <= Duration::from_secs(60));
        now.0 += u64::try_from(first.as_millis()).unwrap();
        for _ in 0..3 {
            assert_eq!(ticks.until_next(now), Duration::from_secs(60));
            now.0 += 60_000;
        }
    }

    #[test]
    fn sources_have_offsets_of_their_own() {
        let at = UnixMillis(1_772_438_400_000);
        let waits = ["a", "b", "c"].map(|name| ticks(name, 600).until_next(at));
        assert!(waits[0] != waits[1] && waits[1] != waits[2]);
    }

    #[test]
    fn after_speaking_the_next_tick_is_never_close() {
        let ticks = ticks("a", 60);
        for moment in 0..240 {
            let wait = ticks.after_speaking(UnixMillis(1_772_438_400_000 + moment * 500));
            assert!(wait >= Duration::from_secs(30) && wait < Duration::from_secs(90), "{wait:?}");
        }
    }

    #[test]
    fn a_day_ends_where_the_factory_says() {
        let six_in_china = DayEnd { minute: 360, zone_minutes: 480 };
        let at = |text| clock::parse(text).unwrap();
        let day = six_in_china.day(at("2026-03-02T06:00:00+08:00"));
        assert_eq!(six_in_china.day(at("2026-03-03T05:59:59.999+08:00")), day);
        assert_eq!(six_in_china.day(at("2026-03-02T05:59:59.999+08:00")), day - 1);
        assert_eq!(six_in_china.begin(day), at("2026-03-02T06:00:00+08:00"));
        assert_eq!(six_in_china.zone(), "+08:00");
        assert_eq!(DayEnd { minute: 0, zone_minutes: -210 }.zone(), "-03:30");
    }
}
