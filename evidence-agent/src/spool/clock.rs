//! Watches the clock: the wall's time beside the time since the machine's start.
//!
//! The wall's time can be set; the other cannot. Where the two part by more than a time service
//! would move them, the clock was stepped; where they part slowly, it drifts or is being slewed.
//! Either is written into the `note` of every source's next header: from, to, and when. Nothing is
//! corrected, since nobody here knows which of the two was right.
//!
//! What was seen last is a row of the vault, so a step while the agent was off is noticed as well.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state;
use crate::clock::{Clock, TimeService, format};
use crate::error::AgentError;
use crate::model::UnixMillis;
use crate::vault::Vault;

/// The row that keeps the last look.
const ROW: &str = "clock";

/// A step: what no time service does within one look. Slewing moves a clock by at most one part in
/// two thousand; twice that is allowed for.
const STEP: Duration = Duration::from_millis(500);
const SLEW_DIVISOR: u32 = 1000;

/// A drift that is worth a note.
const DRIFT: Duration = Duration::from_secs(2);

/// How many notes wait at most; the oldest go first.
const MAX_NOTES: usize = 32;

/// One look at the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    wall: UnixMillis,
    since_start: Duration,
    boot: Option<String>,
}

/// The watch over the clock.
pub(crate) struct ClockWatch {
    last: Option<Look>,
    /// Where drift is counted from.
    base: Option<Look>,
    notes: VecDeque<String>,
    /// The number of the first of them.
    first: u64,
    /// What the first look of this run found of the time since the last run's last look.
    since_last_run: Option<SinceLastRun>,
    /// Whether a look of this run was taken.
    has_looked: bool,
}

#[derive(Clone, Copy)]
enum SinceLastRun {
    /// The same start of the machine: so long since the look that said this.
    Passed(Duration, UnixMillis),
    /// Another one.
    StartedAnew,
}

impl ClockWatch {
    /// Takes up the watch where the last run left it.
    pub(crate) fn load(vault: &Vault) -> Result<Self, AgentError> {
        Ok(Self::from_row(state::read(vault, ROW)?))
    }

    fn from_row(last: Option<Look>) -> Self {
        let notes = VecDeque::new();
        let base = last.clone();
        Self { last, base, notes, first: 0, since_last_run: None, has_looked: false }
    }

    /// Looks, and notes what is odd.
    pub(crate) fn look(&mut self, clock: &dyn Clock) {
        let now = Look { wall: clock.now(), since_start: clock.monotonic(), boot: clock.boot() };
        if let Some(last) = self.last.take() {
            let anew = self.compare(&last, &now);
            if !self.has_looked {
                let passed = now.since_start.saturating_sub(last.since_start);
                self.since_last_run = Some(match anew {
                    true => SinceLastRun::StartedAnew,
                    false => SinceLastRun::Passed(passed, last.wall),
                });
            }
        }
        self.has_looked = true;
        self.base.get_or_insert_with(|| now.clone());
        self.last = Some(now);
    }

    /// How long before this run's first look `moment` of the last run was, if the machine was not
    /// started in between: whatever the wall's clock was set to meanwhile.
    pub(crate) fn since(&self, moment: UnixMillis) -> Option<Duration> {
        match self.since_last_run? {
            SinceLastRun::Passed(passed, look) => {
                Some(passed.saturating_sub(Duration::from_millis(moment.0.saturating_sub(look.0))))
            }
            SinceLastRun::StartedAnew => None,
        }
    }

    /// Whether the machine was started anew since the last run.
    pub(crate) const fn started_anew(&self) -> bool {
        matches!(self.since_last_run, Some(SinceLastRun::StartedAnew))
    }

    /// Notes what is odd between two looks; gives back whether the machine was started between them.
    fn compare(&mut self, last: &Look, now: &Look) -> bool {
        // Without a name for the start, time that went back is the only sign of another one.
        if last.boot != now.boot || now.since_start < last.since_start {
            let (before, after) = (format(last.wall), format(now.wall));
            self.note(if now.wall < last.wall {
                format!(
                    "the machine was started anew, and its clock says {after} behind {before}, \
                     which it said before"
                )
            } else {
                format!("the machine was started anew between {before} and {after}")
            });
            self.base = Some(now.clone());
            return true;
        }
        let passed = now.since_start - last.since_start;
        let (gained, ahead) = parted(last, now);
        if gained > STEP + passed / SLEW_DIVISOR {
            let from = UnixMillis(last.wall.0.saturating_add(millis(passed)));
            let sign = if ahead { "ahead" } else { "back" };
            let (from, to, since) = (format(from), format(now.wall), format(last.wall));
            self.note(format!(
                "the clock was stepped {sign} by {} ms, from {from} to {to}, at some time within \
                 the {} ms after it said {since}",
                gained.as_millis(),
                passed.as_millis()
            ));
            self.base = Some(now.clone());
            return false;
        }
        let Some(base) = self.base.clone() else {
            return false;
        };
        let (gained, ahead) = parted(&base, now);
        if gained > DRIFT {
            let sign = if ahead { "ahead of" } else { "behind" };
            self.note(format!(
                "the clock came to be {} ms {sign} the time since the machine's start within \
                 {} s, since {}",
                gained.as_millis(),
                (now.since_start.saturating_sub(base.since_start)).as_secs(),
                format(base.wall)
            ));
            self.base = Some(now.clone());
        }
        false
    }

    fn note(&mut self, text: String) {
        if self.notes.len() == MAX_NOTES {
            self.notes.pop_front();
            self.first += 1;
        }
        self.notes.push_back(text);
    }

    /// The notes from number `from` on, as one text, and the number that follows them.
    pub(crate) fn notes(&self, from: u64) -> (Option<String>, u64) {
        let skipped = usize::try_from(from.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let notes: Vec<&str> = self.notes.iter().skip(skipped).map(String::as_str).collect();
        let next = self.first + self.notes.len() as u64;
        ((!notes.is_empty()).then(|| notes.join("; ")), next)
    }

    /// Makes the last look durable. Called once every source has stated the notes: a run that ends
    /// before finds the same oddity again.
    pub(crate) fn keep(&self, vault: &Vault) -> Result<(), AgentError> {
        match &self.last {
            Some(last) => state::write(vault, ROW, last),
            None => Ok(()),
        }
    }
}

/// What a header says of the clock.
pub(crate) const fn word(service: TimeService) -> &'static str {
    match service {
        TimeService::Synchronised => "synchronised",
        TimeService::Unsynchronised => "unsynchronised",
        TimeService::Unknown => "unknown",
    }
}

/// By how much the wall's time gained on the other, and whether it is ahead.
fn parted(from: &Look, to: &Look) -> (Duration, bool) {
    let since_start = i128::try_from(to.since_start.as_millis()).unwrap_or(i128::MAX)
        - i128::try_from(from.since_start.as_millis()).unwrap_or(i128::MAX);
    let gained = i128::from(to.wall.0) - i128::from(from.wall.0) - since_start;
    let size = u64::try_from(gained.unsigned_abs()).unwrap_or(u64::MAX);
    (Duration::from_millis(size), gained > 0)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Fake(Mutex<Look>);

    impl Clock for Fake {
        fn now(&self) -> UnixMillis {
            self.0.lock().unwrap().wall
        }

        fn monotonic(&self) -> Duration {
            self.0.lock().unwrap().since_start
        }

        fn boot(&self) -> Option<String> {
            self.0.lock().unwrap().boot.clone()
        }

        fn service(&self) -> TimeService {
            TimeService::Unknown
        }
    }

    fn start() -> (Fake, ClockWatch) {
        let boot = Some("first".to_string());
        let wall = UnixMillis(1_772_438_400_000);
        let look = Look { wall, since_start: Duration::from_secs(100), boot };
        let (clock, mut watch) = (Fake(Mutex::new(look)), ClockWatch::from_row(None));
        watch.look(&clock);
        (clock, watch)
    }

    /// Lets `seconds` pass while the wall's clock moves by `wall` milliseconds.
    fn pass(clock: &Fake, watch: &mut ClockWatch, seconds: u64, wall: i64) {
        let mut look = clock.0.lock().unwrap();
        look.since_start += Duration::from_secs(seconds);
        look.wall.0 = look.wall.0.checked_add_signed(wall).unwrap();
        drop(look);
        watch.look(clock);
    }

    #[test]
    fn a_clock_in_step_leaves_no_note() {
        let (clock, mut watch) = start();
        for _ in 0..1000 {
            pass(&clock, &mut watch, 60, 60_001);
            pass(&clock, &mut watch, 60, 59_999);
        }
        assert_eq!(watch.notes(0), (None, 0));
    }

    #[test]
    fn a_step_is_noted_with_from_and_to_once() {
        let (clock, mut watch) = start();
        pass(&clock, &mut watch, 60, 60_000 - 3_600_000);
        let (note, next) = watch.notes(0);
        let note = note.unwrap();
        assert!(note.contains("stepped back by 3600000 ms"), "{note}");
        assert!(note.contains("from 2026-03-02T08:01:00.000Z to 2026-03-02T07:01:00.000Z"));
        pass(&clock, &mut watch, 60, 60_000);
        assert_eq!(watch.notes(next), (None, next));
        pass(&clock, &mut watch, 60, 61_000);
        assert!(watch.notes(next).0.unwrap().contains("ahead by 1000 ms"));
    }

    #[test]
    fn a_slow_drift_is_noted_when_it_has_come_far() {
        let (clock, mut watch) = start();
        for _ in 0..50 {
            pass(&clock, &mut watch, 60, 60_030);
        }
        assert_eq!(watch.notes(0), (None, 0));
        for _ in 0..50 {
            pass(&clock, &mut watch, 60, 60_030);
        }
        let (note, next) = watch.notes(0);
        assert!(note.unwrap().contains("2010 ms ahead of"));
        assert_eq!(next, 1);
    }

    #[test]
    fn another_start_is_noted_and_steps_before_it_cannot_be_known() {
        let (clock, mut watch) = start();
        let row = watch.last.clone();
        {
            let mut look = clock.0.lock().unwrap();
            look.boot = Some("second".to_string());
            look.since_start = Duration::from_secs(3);
            look.wall.0 -= 5000;
        }
        let mut later = ClockWatch::from_row(row);
        later.look(&clock);
        let note = later.notes(0).0.unwrap();
        assert!(note.contains("started anew") && note.contains("behind"), "{note}");
        watch.look(&clock);
        assert_eq!(watch.notes(0).0.unwrap(), note);
    }

    #[test]
    fn a_step_while_the_agent_was_off_is_noted() {
        let (clock, watch) = start();
        let mut later = ClockWatch::from_row(watch.last);
        pass(&clock, &mut later, 86_400, 86_400_000 + 172_800_000);
        assert!(later.notes(0).0.unwrap().contains("ahead by 172800000 ms"));
    }

    #[test]
    fn notes_are_bounded() {
        let (clock, mut watch) = start();
        for _ in 0..100 {
            pass(&clock, &mut watch, 60, 0);
        }
        let (note, next) = watch.notes(0);
        assert_eq!((note.unwrap().split("; ").count(), next), (MAX_NOTES, 100));
        assert_eq!(watch.notes(99).0.unwrap().split("; ").count(), 1);
    }
}
