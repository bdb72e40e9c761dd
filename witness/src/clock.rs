//! The clock: wall time, as long as it agrees with time that only moves on.
//!
//! A cosignature says when. A clock that jumps ahead would poison the key: what was signed cannot be
//! unsigned, and no later time could be told from it. So wall time is compared with the machine's
//! monotonic clock (which counts sleep too) before each use, and signing stops first:
//!
//! - when wall time steps more than [`MAX_STEP`] against monotonic time, in either direction, since
//!   the last look, or drifts further than a disciplined clock can since the start;
//! - when it starts more than [`MAX_STEP`] before the latest time that was signed, or more than
//!   [`MAX_GAP`] after it.
//!
//! The stop lasts until the operator says that the clock is right: `doctor --clock-ok`.
//! Invariant: what [`Clock::now`] returns passed both comparisons at that moment.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use spec::cosignature::Timestamp;
use spec::time::format_utc;

/// How far wall time may step against monotonic time between two looks.
pub const MAX_STEP: Duration = Duration::from_secs(5);

/// How long a witness may have signed nothing before its clock needs the operator's word.
pub const MAX_GAP: Duration = Duration::from_secs(60 * 60 * 24 * 32);

/// A clock that is being disciplined drifts by no more than one part in so many.
const DRIFT_PART: u32 = 1_000;

/// Two readings of the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Since the machine started, sleep included.
    pub monotonic: Duration,
    /// Since 1970.
    pub wall: Duration,
}

/// Where readings come from.
pub trait TimeSource: Send + Sync {
    /// Reads both clocks.
    fn read(&self) -> Reading;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineTime;

impl TimeSource for MachineTime {
    fn read(&self) -> Reading {
        let boot = clock_gettime(ClockId::Boottime);
        let monotonic = Duration::new(boot.tv_sec.unsigned_abs(), boot.tv_nsec as u32);
        // A clock before 1970 reads as 0, which is no time of a cosignature.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Reading { monotonic, wall }
    }
}

/// Why nothing is signed. Carries what the operator needs to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// The clock starts behind what was signed.
    #[error("the clock is {} seconds behind the latest cosignature ({})", .behind.as_secs(), utc(.last))]
    Behind {
        /// By how much.
        behind: Duration,
        /// The latest time that was signed.
        last: Timestamp,
    },
    /// The clock starts so far ahead that it is more likely wrong than the witness was idle.
    #[error(
        "the clock is {} days ahead of the latest cosignature ({})", .ahead.as_secs() / 86_400, utc(.last)
    )]
    FarAhead {
        /// By how much.
        ahead: Duration,
        /// The latest time that was signed.
        last: Timestamp,
    },
    /// Wall time moved by itself.
    #[error("the clock jumped by {0} ms against monotonic time")]
    Jumped(i64),
    /// It stopped in an earlier run, and the operator has not said that it is right.
    #[error("the clock stopped signing in an earlier run")]
    StoppedBefore,
    /// No time of a cosignature at all.
    #[error("the clock shows no possible time")]
    Unusable,
}

impl ClockFault {
    /// The same in Chinese, for `doctor`.
    #[must_use]
    pub fn to_chinese(&self) -> String {
        match self {
            Self::Behind { behind, last } => {
                format!("时钟比最近一次联署（{}）慢 {} 秒", utc(last), behind.as_secs())
            }
            Self::FarAhead { ahead, last } => {
                format!("时钟比最近一次联署（{}）快 {} 天", utc(last), ahead.as_secs() / 86_400)
            }
            Self::Jumped(milliseconds) => format!("时钟相对单调时间跳变了 {milliseconds} 毫秒"),
            Self::StoppedBefore => "时钟在先前的运行中已使签名停止".to_owned(),
            Self::Unusable => "时钟所示的时间不可能".to_owned(),
        }
    }
}

fn utc(time: &Timestamp) -> String {
    format_utc(time.as_seconds())
}

/// What is known of the clock before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The operator says that it is right now, which lifts the rules for starts.
    ClockIsRight,
    /// Nothing.
    None,
    /// It jumped in an earlier run.
    StoppedBefore,
}

/// The guarded clock.
pub struct Clock {
    source: Box<dyn TimeSource>,
    state: Mutex<State>,
}

struct State {
    first: Reading,
    last: Reading,
    fault: Option<ClockFault>,
}

impl Clock {
    /// Starts to watch. `last_signed` is the latest time in any cosignature so far.
    #[must_use]
    pub fn start(source: Box<dyn TimeSource>, last_signed: Option<Timestamp>, word: Word) -> Self {
        let now = source.read();
        let fault = match word {
            Word::ClockIsRight => None,
            Word::None => last_signed.and_then(|last| check_start(now, last)),
            Word::StoppedBefore => Some(ClockFault::StoppedBefore),
        };
        Self { source, state: Mutex::new(State { first: now, last: now, fault }) }
    }

    /// The time, or why it is not to be used. Once it stopped, it stays stopped.
    pub fn now(&self) -> Result<Timestamp, ClockFault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.source.read();
        state.look(now);
        match state.fault {
            Some(fault) => Err(fault),
            None => Timestamp::from_seconds(now.wall.as_secs()).map_err(|_| ClockFault::Unusable),
        }
    }

    /// Why the clock stopped, if it did.
    #[must_use]
    pub fn fault(&self) -> Option<ClockFault> {
        self.now().err()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

impl State {
    fn look(&mut self, now: Reading) {
        let elapsed = now.monotonic.saturating_sub(self.first.monotonic);
        let step = moved_by_itself(self.last, now);
        let drift = moved_by_itself(self.first, now);
        let allowed = MAX_STEP + elapsed / DRIFT_PART;
        let bad = [(step, MAX_STEP), (drift, allowed)];
        if let Some((by, _)) = bad.iter().find(|(by, most)| by.unsigned_abs() > millis(*most)) {
            self.fault.get_or_insert(ClockFault::Jumped(*by));
        }
        self.last = now;
    }
}

/// By how many milliseconds wall time moved more than monotonic time did.
fn moved_by_itself(from: Reading, to: Reading) -> i64 {
    let difference = |a: Duration, b: Duration| a.as_millis() as i64 - b.as_millis() as i64;
    difference(to.wall, from.wall) - difference(to.monotonic, from.monotonic)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn check_start(now: Reading, last: Timestamp) -> Option<ClockFault> {
    let signed = Duration::from_secs(last.as_seconds());
    let behind = signed.saturating_sub(now.wall);
    let ahead = now.wall.saturating_sub(signed);
    if behind > MAX_STEP {
        return Some(ClockFault::Behind { behind, last });
    }
    (ahead > MAX_GAP).then_some(ClockFault::FarAhead { ahead, last })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;

    /// A clock that tests move.
    #[derive(Clone)]
    pub(crate) struct HandTime(Arc<Mutex<Reading>>);

    impl HandTime {
        pub(crate) fn at(wall_seconds: u64) -> Self {
            let monotonic = Duration::from_secs(100);
            let wall = Duration::from_secs(wall_seconds);
            Self(Arc::new(Mutex::new(Reading { monotonic, wall })))
        }

        /// Both clocks move on.
        pub(crate) fn pass(&self, time: Duration) {
            let mut reading = self.0.lock().unwrap();
            reading.monotonic += time;
            reading.wall += time;
        }

        /// Wall time moves by itself.
        pub(crate) fn jump(&self, seconds: i64) {
            let mut reading = self.0.lock().unwrap();
            let wall = reading.wall.as_secs().checked_add_signed(seconds).unwrap();
            reading.wall = Duration::from_secs(wall);
        }
    }

    impl TimeSource for HandTime {
        fn read(&self) -> Reading {
            *self.0.lock().unwrap()
        }
    }

    const NOW: u64 = 1_800_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[test]
    fn time_passes() {
        let time = HandTime::at(NOW);
        let clock = Clock::start(Box::new(time.clone()), None, Word::None);
        for day in 0..100 {
            assert_eq!(clock.now(), Ok(at(NOW + day * 86_400)));
            time.pass(Duration::from_secs(86_400));
        }
    }

    #[test]
    fn a_jump_either_way_stops_for_good() {
        for (seconds, stopped) in [(5, false), (-5, false), (6, true), (-6, true), (86_400, true)] {
            let time = HandTime::at(NOW);
            let clock = Clock::start(Box::new(time.clone()), None, Word::None);
            time.pass(Duration::from_secs(3));
            time.jump(seconds);
            let want = if stopped { Some(ClockFault::Jumped(seconds * 1_000)) } else { None };
            assert_eq!(clock.fault(), want, "{seconds}");
            // Going back does not repair it: nobody knows which of the two was right.
            time.jump(-seconds);
            assert_eq!(clock.fault().is_some(), stopped, "{seconds}");
        }
    }

    #[test]
    fn many_small_steps_are_a_jump_too() {
        let time = HandTime::at(NOW);
        let clock = Clock::start(Box::new(time.clone()), None, Word::None);
        let mut steps = 0;
        while clock.now().is_ok() {
            time.pass(Duration::from_secs(1));
            time.jump(2);
            steps += 1;
        }
        assert_eq!(steps, 3);
    }

    #[test]
    fn a_disciplined_clock_may_drift() {
        let time = HandTime::at(NOW);
        let clock = Clock::start(Box::new(time.clone()), None, Word::None);
        for _ in 0..10_000 {
            time.pass(Duration::from_secs(2_000));
            time.jump(1);
            assert!(clock.now().is_ok());
        }
    }

    #[test]
    fn a_start_is_compared_with_what_was_signed() {
        let start = |last: u64, word| {
            let time = Box::new(HandTime::at(NOW));
            Clock::start(time, Some(at(last)), word).fault()
        };
        let month = MAX_GAP.as_secs();
        for (last, fine) in [
            (NOW, true),
            (NOW + 5, true),
            (NOW + 6, false),
            (NOW - month, true),
            (NOW - month - 1, false),
        ] {
            assert_eq!(start(last, Word::None).is_none(), fine, "{last}");
            assert_eq!(start(last, Word::ClockIsRight), None);
            assert_eq!(start(last, Word::StoppedBefore), Some(ClockFault::StoppedBefore));
        }
        let unset = Clock::start(Box::new(HandTime::at(0)), None, Word::None);
        assert_eq!(unset.fault(), Some(ClockFault::Unusable));
    }

    #[test]
    fn the_machines_clocks_go_on() {
        let clock = Clock::start(Box::new(MachineTime), None, Word::None);
        let first = clock.now().unwrap();
        assert!(clock.now().unwrap() >= first);
        assert!(first.as_seconds() > 1_700_000_000);
    }
}
