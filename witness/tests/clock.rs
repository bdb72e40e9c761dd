//! The clock moves by itself: signing stops first, and no time is ever below the log's last.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use spec::cosignature::Timestamp;
use support::{Home, ONE, TestLog, verified};
use witness::clock::{ClockFault, Reading, TimeSource};
use witness::witness::{AddError, Witness, WriterThread, open_records};

/// The start of every test, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

/// A clock that the test moves.
#[derive(Clone)]
struct HandTime(Arc<Mutex<Reading>>);

impl HandTime {
    fn at(wall: u64) -> Self {
        let monotonic = Duration::from_secs(50);
        Self(Arc::new(Mutex::new(Reading { monotonic, wall: Duration::from_secs(wall) })))
    }

    fn pass(&self, seconds: u64) {
        let mut reading = self.0.lock().unwrap();
        reading.monotonic += Duration::from_secs(seconds);
        reading.wall += Duration::from_secs(seconds);
    }

    fn jump(&self, seconds: i64) {
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

fn start(home: &Home, time: &HandTime, word: bool) -> (Witness, WriterThread) {
    let (opened, high_water) = open_records(&home.settings).unwrap();
    let time = Box::new(time.clone());
    Witness::start(home.settings.clone(), opened, high_water, time, word).unwrap()
}

fn end((witness, writer): (Witness, WriterThread)) {
    drop(witness);
    writer.join().unwrap();
}

/// Asks for the same tree again, and returns the time in the cosignature.
fn time_of(witness: &Witness, home: &Home, log: &TestLog) -> Result<Timestamp, AddError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(witness.add(&log.request(0, 0)))?;
    Ok(verified(&answer, &log.checkpoint(0), &home.keys))
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

#[test]
fn a_time_is_never_below_the_logs_last_across_processes() {
    let log = TestLog::new("log.example/time");
    let home = Home::new(&ONE, &[&log]);
    let time = HandTime::at(NOW);
    let running = start(&home, &time, false);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW)));
    time.pass(60);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW + 60)));
    // The clock is set back a little, as a disciplined one may be: the last time is repeated.
    time.jump(-4);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW + 60)));
    end(running);
    let running = start(&home, &time, false);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW + 60)));
    time.pass(10);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW + 66)));
    end(running);
}

#[test]
fn a_jump_stops_signing_before_its_time_is_signed_and_outlives_a_restart() {
    let log = TestLog::new("log.example/jump");
    let home = Home::new(&ONE, &[&log]);
    let time = HandTime::at(NOW);
    let running = start(&home, &time, false);
    time_of(&running.0, &home, &log).unwrap();
    time.jump(3_600);
    let stopped = AddError::Clock(ClockFault::Jumped(3_600_000));
    assert_eq!(time_of(&running.0, &home, &log), Err(stopped));
    running.0.tick();
    assert!(running.0.status().faults[0].contains("doctor --clock-ok"));
    end(running);

    // The clock was put right; only the operator can know.
    time.jump(-3_600);
    let running = start(&home, &time, false);
    assert_eq!(time_of(&running.0, &home, &log), Err(AddError::Clock(ClockFault::StoppedBefore)));
    end(running);
    let running = start(&home, &time, true);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW)));
    end(running);
    let running = start(&home, &time, false);
    assert!(running.0.status().faults.is_empty());
    end(running);
}

#[test]
fn a_word_given_before_a_jump_says_nothing_of_the_time_behind_it() {
    let log = TestLog::new("log.example/word");
    let home = Home::new(&ONE, &[&log]);
    let time = HandTime::at(NOW);
    let running = start(&home, &time, false);
    // `doctor --clock-ok` beside a running witness that needed no word: it waits for a start.
    let word = home.settings.clock_is_right();
    std::fs::write(&word, "the operator says that the clock is right\n").unwrap();
    time.jump(3_600);
    running.0.tick();
    end(running);
    let running = start(&home, &time, false);
    assert_eq!(time_of(&running.0, &home, &log), Err(AddError::Clock(ClockFault::StoppedBefore)));
    // A word that is given behind the jump counts.
    running.0.tick();
    std::fs::write(&word, "the operator says that the clock is right\n").unwrap();
    running.0.tick();
    end(running);
    let running = start(&home, &time, false);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW + 3_600)));
    end(running);
}

#[test]
fn a_start_far_from_what_was_signed_needs_the_operators_word() {
    let log = TestLog::new("log.example/start");
    let home = Home::new(&ONE, &[&log]);
    let time = HandTime::at(NOW);
    let running = start(&home, &time, false);
    time_of(&running.0, &home, &log).unwrap();
    end(running);
    for seconds in [-6, 33 * 86_400] {
        let wrong = HandTime::at(NOW.checked_add_signed(seconds).unwrap());
        let running = start(&home, &wrong, false);
        let refused = time_of(&running.0, &home, &log);
        assert!(matches!(refused, Err(AddError::Clock(_))), "{seconds}: {refused:?}");
        end(running);
    }
    // The word is good for one start.
    std::fs::write(home.settings.clock_is_right(), "").unwrap();
    let late = HandTime::at(NOW - 50);
    let running = start(&home, &late, false);
    assert_eq!(time_of(&running.0, &home, &log), Ok(at(NOW)));
    end(running);
    let running = start(&home, &late, false);
    assert!(time_of(&running.0, &home, &log).is_err());
    end(running);
    let behind = start(&home, &HandTime::at(NOW - 100), true);
    assert_eq!(time_of(&behind.0, &home, &log), Ok(at(NOW)));
    end(behind);
}
