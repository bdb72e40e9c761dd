//! Throughput over time, and what each fault did to it.
//!
//! Every acknowledgement is counted in a slot of a twentieth of a second. A fault has *passed* when, from
//! then on and until the next fault, no half second had fewer than half of the undisturbed rate.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::held::Held;

/// One slot.
const SLOT: Duration = Duration::from_millis(50);

/// How many slots a window has: half a second.
const WINDOW: usize = 10;

/// For how long it can count: longer than any run.
const SLOTS: usize = 20 * 60 * 60;

/// What is asked of each fault, where it is judged.
pub(crate) const WITHIN: Duration = Duration::from_secs(2);

/// See the module's text.
pub(crate) struct Meter {
    started: Instant,
    slots: Vec<AtomicU32>,
    all: AtomicU64,
    /// When the newest checkpoint that anyone showed grew.
    published: Mutex<(u64, Vec<Duration>)>,
}

/// A fault that has been, in times since the beginning.
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) begun: Duration,
    pub(crate) ended: Duration,
    /// When the next one began.
    pub(crate) over: Duration,
    /// Whether nobody could be served while it lasted: there is one database.
    pub(crate) is_outage: bool,
    /// Who waited in the database meanwhile.
    pub(crate) held: Held,
}

/// What one fault did.
struct Effect {
    /// How long it took after the fault had begun; `None` for an outage.
    after_begin: Option<Duration>,
    after_end: Duration,
    /// The least of any half second, as a share of the undisturbed rate.
    least: f64,
    /// The longest time without a new checkpoint.
    unpublished: Duration,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU32::new(0)).collect();
        let (all, published) = (AtomicU64::new(0), Mutex::default());
        Self { started: Instant::now(), slots, all, published }
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// A moment, in time since the beginning.
    pub(crate) fn at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.started)
    }

    /// Counts one acknowledgement.
    pub(crate) fn count(&self) {
        let slot = slot_of(self.now());
        self.slots[slot.min(SLOTS - 1)].fetch_add(1, Ordering::Relaxed);
        self.all.fetch_add(1, Ordering::SeqCst);
    }

    /// How many there were.
    pub(crate) fn counted(&self) -> u64 {
        self.all.load(Ordering::SeqCst)
    }

    /// Notes the size of a checkpoint that was shown.
    pub(crate) fn shown(&self, size: u64) {
        let mut published = self.published.lock().unwrap();
        if size > published.0 {
            published.0 = size;
            published.1.push(self.now());
        }
    }

    /// The largest size that was shown.
    pub(crate) fn published(&self) -> u64 {
        self.published.lock().unwrap().0
    }

    /// Prints what each fault did; those that had not passed in time.
    pub(crate) fn report<'a>(&self, events: &'a [Event]) -> Vec<&'a Event> {
        let whole = self.undisturbed(events);
        println!("undisturbed: {:.0} entries/s are acknowledged", whole / SLOT.as_secs_f64());
        println!(
            "{:<44} {:>10} {:>9} {:>12} {:>15}",
            "fault", "after it", "and its", "least half", "longest without"
        );
        println!("{:<44} {:>10} {:>9} {:>12} {:>15}", "", "began", "end", "second", "a checkpoint");
        let mut late = Vec::new();
        for event in events {
            let effect = self.effect(event, whole);
            let begin = effect.after_begin.map_or("outage".to_owned(), seconds);
            println!(
                "{:<44} {begin:>10} {:>9} {:>10.0} % {:>15}",
                event.name,
                seconds(effect.after_end),
                effect.least * 100.0,
                seconds(effect.unpublished)
            );
            if effect.after_begin.unwrap_or_default().max(effect.after_end) > WITHIN {
                late.push(event);
            }
        }
        late
    }

    /// The middle rate of the seconds before faults, a slot.
    fn undisturbed(&self, events: &[Event]) -> f64 {
        let rate = |event: &Event| {
            let to = slot_of(event.begun);
            self.sum(to.saturating_sub(2 * WINDOW), to) / (2 * WINDOW) as f64
        };
        let mut rates: Vec<f64> = events.iter().map(rate).collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }

    fn effect(&self, event: &Event, whole: f64) -> Effect {
        let after_begin = self.passed(event.begun, event.ended, whole);
        let published = self.published.lock().unwrap().1.clone();
        Effect {
            after_begin: (!event.is_outage).then_some(after_begin),
            after_end: self.passed(event.ended, event.over, whole),
            least: self.least(event.begun, event.over) / whole,
            unpublished: longest_gap(&published, event.begun, event.over),
        }
    }

    /// How long after `from` the last window of the span that has too little has enough again; zero where
    /// there is none.
    fn passed(&self, from: Duration, to: Duration, whole: f64) -> Duration {
        let windows = slot_of(from)..slot_of(to).saturating_sub(WINDOW);
        let is_low = |at: &usize| self.sum(*at, at + WINDOW) < whole / 2.0 * WINDOW as f64;
        let last = windows.rev().find(is_low);
        last.map_or(Duration::ZERO, |at| self.low_until(at, whole).saturating_sub(from))
    }

    /// When a window from slot `at` that has too little had enough again: behind its last slot that has
    /// less than half.
    fn low_until(&self, at: usize, whole: f64) -> Duration {
        let is_low = |slot: &usize| self.sum(*slot, slot + 1) < whole / 2.0;
        let last = (at..at + WINDOW).rev().find(is_low).unwrap_or(at);
        SLOT * u32::try_from(last + 1).expect("there are few slots")
    }

    /// The least that a window within the span has, a slot.
    fn least(&self, from: Duration, to: Duration) -> f64 {
        let (first, end) = (slot_of(from), slot_of(to).saturating_sub(WINDOW));
        let rates = (first..end).map(|at| self.sum(at, at + WINDOW) / WINDOW as f64);
        rates.reduce(f64::min).unwrap_or_default()
    }

    fn sum(&self, from: usize, to: usize) -> f64 {
        let slots = &self.slots[from.min(SLOTS)..to.min(SLOTS)];
        slots.iter().map(|slot| f64::from(slot.load(Ordering::Relaxed))).sum()
    }
}

fn slot_of(time: Duration) -> usize {
    (time.as_nanos() / SLOT.as_nanos()) as usize
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// The longest time within a span in which nothing happened.
fn longest_gap(times: &[Duration], from: Duration, to: Duration) -> Duration {
    let within = times.iter().copied().filter(|time| (from..to).contains(time));
    let mut marks: Vec<Duration> = vec![from];
    marks.extend(within);
    marks.push(to);
    marks.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten a slot for ten seconds, and nothing for so long in between.
    fn with_stall(from: usize, slots: usize) -> Meter {
        let meter = Meter::new();
        for (at, slot) in meter.slots.iter().take(200).enumerate() {
            let stalled = (from..from + slots).contains(&at);
            slot.store(if stalled { 0 } else { 10 }, Ordering::Relaxed);
        }
        meter
    }

    fn passed(meter: &Meter) -> Duration {
        meter.passed(SLOT * 40, SLOT * 160, 10.0)
    }

    #[test]
    fn a_fault_has_passed_when_no_later_half_second_has_too_little() {
        assert_eq!(passed(&with_stall(0, 0)), Duration::ZERO);
        assert_eq!(passed(&with_stall(45, 30)), SLOT * 35);
        // Shorter than what a window bears.
        assert_eq!(passed(&with_stall(45, 4)), Duration::ZERO);
        // A stall that begins late counts as much.
        assert_eq!(passed(&with_stall(100, 20)), SLOT * 80);
        assert_eq!(with_stall(45, 30).least(SLOT * 40, SLOT * 160), 0.0);
    }

    #[test]
    fn the_longest_time_without_a_checkpoint_may_reach_the_end() {
        let times = [1, 2, 3, 9].map(Duration::from_secs);
        let gap =
            |from, to| longest_gap(&times, Duration::from_secs(from), Duration::from_secs(to));
        assert_eq!(gap(2, 10), Duration::from_secs(6));
        assert_eq!(gap(2, 7), Duration::from_secs(4));
        assert_eq!(gap(4, 8), Duration::from_secs(4));
    }
}
