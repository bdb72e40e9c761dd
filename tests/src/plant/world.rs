//! What the lines of a plant share: time, outages, the events that wait, and the account of it all.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::clock::{HOUR, SECOND};
use super::dice::Dice;
use super::event::{Event, PlantPath, What};
use super::faults::{Faults, Outage, running};
use super::misbehaviour::Quota;
use super::report::Draft;
use super::truth::Truth;

/// The smallest file that is ever seen half written.
const MIN_SPLIT_SIZE: usize = 200;

/// Shared by all lines.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) faults: Faults,
    /// Production begins and ends.
    pub(crate) span: (u64, u64),
    pub(crate) outages: Vec<Outage>,
    pub(crate) quota: Quota,
    pub(crate) truth: Truth,
    waiting: BinaryHeap<Reverse<Waiting>>,
    scheduled: u64,
}

#[derive(Clone, Debug)]
struct Waiting {
    at: u64,
    /// Keeps the order of what happens at one time.
    order: u64,
    what: What,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

/// What happens to one thing after another: nothing overtakes what came before it.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    /// The line whose machines must be on.
    pub(crate) line: u32,
    /// When the last thing was done.
    pub(crate) last: u64,
    pub(crate) dice: Dice,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        faults: Faults,
        span: (u64, u64),
        (outages, quota, truth): (Vec<Outage>, Quota, Truth),
    ) -> Self {
        let waiting = BinaryHeap::new();
        Self { seed, faults, span, outages, quota, truth, waiting, scheduled: 0 }
    }

    pub(crate) fn schedule(&mut self, at: u64, what: What) {
        self.scheduled += 1;
        self.waiting.push(Reverse(Waiting { at, order: self.scheduled, what }));
    }

    /// When the next thing that is known of happens.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.waiting.peek().map(|waiting| waiting.0.at)
    }

    /// Lets it happen.
    pub(crate) fn happen(&mut self) -> Option<Event> {
        let Reverse(Waiting { at, what, .. }) = self.waiting.pop()?;
        let event = Event { at, what };
        self.truth.witness(&event);
        Some(event)
    }

    /// When something planned for `at` can really be done.
    pub(crate) fn when(&self, thread: &Thread, at: u64) -> u64 {
        running(&self.outages, thread.line, at.max(thread.last + 1))
    }

    /// Lets a machine write, perhaps in two goes. Gives back the path for the account.
    pub(crate) fn put(&mut self, thread: &mut Thread, at: u64, draft: Draft) -> String {
        let at = self.when(thread, at);
        thread.last = at;
        let path = PlantPath::new(draft.path);
        let name = path.lossy();
        let Draft { bytes, append, .. } = draft;
        // Drawn always, so that faults switched off leave everything else as it is.
        let split = thread.dice.whole(1, 1_000) <= u64::from(self.faults.partial_per_mille);
        let (share, pause) = (thread.dice.between(0.1, 0.9), thread.dice.whole(300, 12 * SECOND));
        if append {
            self.schedule(at, What::Append { path, bytes });
        } else if split && bytes.len() >= MIN_SPLIT_SIZE {
            let (first, rest) = bytes.split_at((bytes.len() as f64 * share) as usize);
            let write = What::Write { path: path.clone(), bytes: first.to_vec(), partial: true };
            self.schedule(at, write);
            thread.last = self.when(thread, at + pause);
            self.schedule(thread.last, What::Append { path, bytes: rest.to_vec() });
        } else {
            self.schedule(at, What::Write { path, bytes, partial: false });
        }
        name
    }

    /// Lets the machine's clean-up delete a file, if machines here do that.
    pub(crate) fn clean_up(&mut self, thread: &Thread, path: &[u8]) {
        if self.faults.clean_up_hours > 0 {
            let path = PlantPath::new(path);
            let hours = u64::from(self.faults.clean_up_hours.max(24));
            self.schedule(thread.last + hours * HOUR, What::Remove { path });
        }
    }
}
