//! For what clients waited, so that a fault that is felt for long says where.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What takes no longer than this is no wait.
const LONG: Duration = Duration::from_millis(100);

/// One client's wait.
struct Wait {
    server: usize,
    what: &'static str,
    from: Instant,
    to: Instant,
}

/// All waits of all clients.
#[derive(Default)]
pub(crate) struct Waits {
    all: Mutex<Vec<Wait>>,
}

impl Waits {
    /// Notes for what a server was waited since `from`, if that was long.
    pub(crate) fn note(&self, server: usize, what: &'static str, from: Instant) {
        self.note_until(server, what, from, Instant::now());
    }

    fn note_until(&self, server: usize, what: &'static str, from: Instant, to: Instant) {
        if to.saturating_duration_since(from) >= LONG {
            self.all.lock().unwrap().push(Wait { server, what, from, to });
        }
    }

    /// A line for each server and each thing that was waited for within a span of times, as `at` tells them:
    /// how often, and since when until when.
    pub(crate) fn told<'a>(
        &self,
        span: Range<Duration>,
        at: impl Fn(Instant) -> Duration,
        name: impl Fn(usize) -> &'a str,
    ) -> Vec<String> {
        // How often, and the first and the last of them.
        let mut waits: BTreeMap<(usize, &str), (usize, Duration, Duration)> = BTreeMap::new();
        for wait in self.all.lock().unwrap().iter() {
            let (from, to) = (at(wait.from), at(wait.to));
            if from < span.end && to > span.start {
                let first = (0, from, to);
                let sum = waits.entry((wait.server, wait.what)).or_insert(first);
                *sum = (sum.0 + 1, sum.1.min(from), sum.2.max(to));
            }
        }
        let since = |time: Duration| time.as_secs_f64() - span.start.as_secs_f64();
        let mut lines = Vec::new();
        for ((server, what), (count, from, to)) in waits {
            let (name, from, to) = (name(server), since(from), since(to));
            let times = format!("{from:>6.2} to {to:>6.2}");
            lines.push(format!("{times}  clients waited {count} times for {what} from {name}"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_within_the_span_are_told_by_server_and_by_what_they_are_for() {
        let (waits, start) = (Waits::default(), Instant::now());
        let moment = |millis| start + Duration::from_millis(millis);
        let note = |server, from, to| {
            waits.note_until(server, "an index", moment(from), moment(to));
        };
        note(1, 2500, 3500);
        note(1, 1900, 2900);
        note(0, 2000, 2050);
        note(2, 1000, 2000);
        note(2, 5000, 6000);
        let span = Duration::from_secs(2)..Duration::from_secs(5);
        let name = |server: usize| ["one", "two", "three"][server];
        assert_eq!(
            waits.told(span, |at| at.duration_since(start), name),
            [" -0.10 to   1.50  clients waited 2 times for an index from two"]
        );
    }
}
