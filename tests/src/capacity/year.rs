//! A year of arrivals, second by second.
//!
//! What arrives is plain most of the time: every source states at its cadence, also when nothing was made, so
//! that volumes do not show. What makes a log work is what comes behind an outage: a campus that was cut off
//! keeps its statements and sends them all, and when the log itself was down, everybody does.
//!
//! The pattern: a source a machine, three machines a line (inspection, review, oven); lines in campuses of
//! a hundred, each with a network of its own. A campus is cut off four times a year: mostly for minutes, one
//! time in five for hours, one in twenty for a day. The log is down four times a year for an hour. Behind an
//! outage each source sends what it kept at `CATCH_UP` statements a second, one after the other, because each
//! names the one before; and a log takes at most `capacity` of all.
//!
//! Seeded, and in whole numbers: the same everywhere.

use crate::seed::Seed;

/// Statements a second of the log that is simulated: what one machine is asked for here. `cargo xtask bench
/// --only statements` prints what yours does.
pub const CAPACITY: u64 = 8_000;

/// Statements a second of one source that catches up: one in a round trip of 50 ms.
const CATCH_UP: u64 = 20;

const SOURCES_PER_LINE: u64 = 3;
const LINES_PER_CAMPUS: u64 = 100;
const SECONDS: u64 = 365 * 24 * 3600;
const OUTAGES_PER_YEAR: usize = 4;
const SEED: u64 = 2026;

/// How many lines state to one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// What it is.
    pub name: &'static str,
    /// Its lines.
    pub lines: u64,
}

/// The scales of the page.
pub const SITES: [Site; 3] = [
    Site { name: "campus", lines: 100 },
    Site { name: "group of ten campuses", lines: 1_000 },
    Site { name: "the industry", lines: 104_000 },
];

/// What a year came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Year {
    /// How often a source states.
    pub cadence_seconds: u64,
    /// Statements taken.
    pub entries: u64,
    /// The most that arrived, or waited to, in one second.
    pub busiest_second: u64,
    /// The longest time in which the log was never without something that waited.
    pub longest_drain_seconds: u64,
    /// Seconds in which something waited longer than a second.
    pub seconds_behind: u64,
}

impl Year {
    /// Statements a second, over the year.
    #[must_use]
    pub fn mean(&self) -> String {
        format!("{:.1}/s", self.entries as f64 / SECONDS as f64)
    }
}

/// A campus that is cut off, or sends what it kept.
struct Behind {
    sources: u64,
    /// Cut off until then.
    until: u64,
    kept: u64,
}

/// Replays a year against a log that takes `capacity` statements a second.
#[must_use]
pub fn replay(site: &Site, cadence_seconds: u64, capacity: u64) -> Year {
    let mut cuts = cuts(site);
    cuts.sort_unstable();
    let mut next = cuts.into_iter().peekable();
    let mut behind: Vec<Behind> = Vec::new();
    let all = site.lines * SOURCES_PER_LINE;
    let per_campus = LINES_PER_CAMPUS.min(site.lines) * SOURCES_PER_LINE;
    let mut year = Year { cadence_seconds, ..Year::default() };
    let (mut waiting, mut drain) = (0_u64, 0_u64);
    for second in 0..SECONDS {
        while let Some((_, length)) = next.next_if(|(start, _)| *start == second) {
            behind.push(Behind { sources: per_campus, until: second + length, kept: 0 });
        }
        let log_is_down = is_log_down(second);
        let cut: u64 = behind.iter().map(|campus| campus.sources).sum::<u64>().min(all);
        let mut arriving = due(all - cut, cadence_seconds, second);
        for campus in &mut behind {
            campus.kept += due(campus.sources, cadence_seconds, second);
            if second >= campus.until {
                let sent = campus.kept.min(campus.sources * CATCH_UP);
                campus.kept -= sent;
                arriving += sent;
            }
        }
        behind.retain(|campus| second < campus.until || campus.kept > 0);
        waiting += arriving;
        if log_is_down {
            continue;
        }
        // What waits is with its sources: each has only so much under way.
        let offered = waiting.min(all * CATCH_UP);
        year.busiest_second = year.busiest_second.max(offered);
        let taken = offered.min(capacity);
        year.entries += taken;
        waiting -= taken;
        drain = if waiting > 0 { drain + 1 } else { 0 };
        year.seconds_behind += u64::from(waiting > 0);
        year.longest_drain_seconds = year.longest_drain_seconds.max(drain);
    }
    year
}

/// How many of `sources`, whose turns are spread over the cadence, state in this second.
const fn due(sources: u64, cadence: u64, second: u64) -> u64 {
    let at = second % cadence;
    (at + 1) * sources / cadence - at * sources / cadence
}

/// An hour, every quarter of a year.
const fn is_log_down(second: u64) -> bool {
    let quarter = SECONDS / 4;
    second % quarter >= quarter / 2 && second % quarter < quarter / 2 + 3600
}

/// Start and length of every cut of every campus.
fn cuts(site: &Site) -> Vec<(u64, u64)> {
    let mut seed = Seed::new(SEED);
    let campuses = site.lines.div_ceil(LINES_PER_CAMPUS);
    let one = |_| {
        let start = seed.below(SECONDS as usize) as u64;
        let length = match seed.below(20) {
            0 => 24 * 3600,
            1..=3 => 3600 + seed.below(3 * 3600) as u64,
            _ => 60 + seed.below(15 * 60) as u64,
        };
        (start, length)
    };
    (0..campuses * OUTAGES_PER_YEAR as u64).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_of_a_year_is_taken_once() {
        let site = Site { name: "small", lines: 2 };
        let year = replay(&site, 60, CAPACITY);
        let stated = 6 * SECONDS / 60;
        // What the last outage of the year kept may still wait.
        assert!(stated.abs_diff(year.entries) < 6 * 24 * 60, "{year:?}");
        assert!(year.busiest_second <= 6 * CATCH_UP);
    }

    #[test]
    fn turns_are_spread_and_none_is_lost() {
        for (sources, cadence) in [(7, 60), (300, 60), (6, 3600), (0, 60)] {
            let all: u64 = (0..cadence).map(|second| due(sources, cadence, second)).sum();
            assert_eq!(all, sources);
            let most = (0..cadence).map(|second| due(sources, cadence, second)).max().unwrap();
            assert!(most <= sources.div_ceil(cadence));
        }
    }

    #[test]
    fn a_log_that_is_too_slow_never_catches_up() {
        let site = Site { name: "large", lines: 1_000 };
        let year = replay(&site, 60, 40);
        assert!(year.longest_drain_seconds > SECONDS / 2, "{year:?}");
    }
}
