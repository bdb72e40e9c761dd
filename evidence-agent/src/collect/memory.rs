//! What collectors keep in mind between two looks. Nothing of it must survive: after a restart they
//! wait once more, complain once more and read a few files once more.
//!
//! Items are kept as fingerprints of eight bytes, so that a folder of 100,000 files costs a few
//! megabytes. That two items of a million share one happens once in forty million watches, and then
//! one of them is captured later.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::{Looked, Remembered, Span, Trouble, shown};
use crate::error::AgentError;
use crate::model::{ItemKey, UnixMillis, WatchName};

/// The most items of which something is kept in mind; beyond it, new ones must wait their turn.
pub(super) const MAX_KEPT: usize = 4_000_000;

/// The first and the longest wait before something unreadable is tried again.
const FIRST_WAIT: u64 = 5_000;
const LONGEST_WAIT: u64 = 15 * 60_000;

/// How many names of missing items are told one by one.
const NAMED: usize = 8;

/// How far back a first look covers the re-check: see `Recheck`.
const MAX_CAUGHT_UP: u64 = 3_600_000;

/// An item, or a state of one, in eight bytes. The same on every machine and in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Print(u64);

impl Print {
    /// Of an item's key.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let first = hash.first_chunk().expect("a hash has 32 bytes");
        Self(u64::from_be_bytes(*first))
    }

    /// Of a file's size and time of change.
    pub(super) fn of_state(size: u64, modified_nanos: i128) -> Self {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&size.to_be_bytes());
        bytes[8..].copy_from_slice(&modified_nanos.to_be_bytes());
        Self::of(&bytes)
    }
}

/// Which items have kept one state for how long.
#[derive(Default)]
pub(super) struct Waiting(HashMap<Print, (Print, UnixMillis)>);

impl Waiting {
    /// Whether the item has had this state for `period`; begins to count where it has another.
    pub(super) fn is_stable(
        &mut self,
        item: Print,
        state: Print,
        now: UnixMillis,
        period: Span,
    ) -> bool {
        if self.0.len() >= MAX_KEPT && !self.0.contains_key(&item) {
            return false;
        }
        let kept = self.0.entry(item).or_insert((state, now));
        // A clock that was set back begins anew too: how long it was is not known any more.
        if kept.0 != state || now < kept.1 {
            *kept = (state, now);
        }
        now.0 - kept.1.0 >= period.millis()
    }

    /// Begins to count anew.
    pub(super) fn again(&mut self, item: Print, state: Print, now: UnixMillis) {
        self.0.insert(item, (state, now));
    }

    pub(super) fn forget(&mut self, item: Print) {
        self.0.remove(&item);
    }

    pub(super) fn keep(&mut self, keeps: impl Fn(Print) -> bool) {
        self.0.retain(|item, _| keeps(*item));
    }
}

/// When something that failed is tried again: after a wait that doubles.
#[derive(Default)]
pub(super) struct Backoff(HashMap<Print, (u64, UnixMillis)>);

impl Backoff {
    /// Whether it must still wait.
    pub(super) fn waits(&self, item: Print, now: UnixMillis) -> bool {
        // A clock that was set back by more than the wait does not lengthen it.
        self.0.get(&item).is_some_and(|(wait, next)| now < *next && next.0 - now.0 <= *wait)
    }

    /// Notes a failure.
    pub(super) fn failed(&mut self, item: Print, now: UnixMillis) {
        if self.0.len() < MAX_KEPT {
            let kept = self.0.entry(item).or_insert((FIRST_WAIT / 2, now));
            let wait = (kept.0 * 2).min(LONGEST_WAIT);
            *kept = (wait, UnixMillis(now.0.saturating_add(wait)));
        }
    }

    pub(super) fn forget(&mut self, item: Print) {
        self.0.remove(&item);
    }

    pub(super) fn keep(&mut self, keeps: impl Fn(Print) -> bool) {
        self.0.retain(|item, _| keeps(*item));
    }
}

/// What people were told already.
#[derive(Default)]
pub(super) struct Told(HashSet<Print>);

impl Told {
    /// Whether this is the first time.
    pub(super) fn first(&mut self, item: &str) -> bool {
        self.0.len() < MAX_KEPT && self.0.insert(Print::of(item.as_bytes()))
    }

    /// It is well again: the next time is a first time.
    pub(super) fn over(&mut self, item: &str) {
        self.0.remove(&Print::of(item.as_bytes()));
    }
}

/// Which items one pass found, compared with the pass before.
#[derive(Default)]
pub(super) struct Presence {
    before: Option<HashSet<Print>>,
    now: HashSet<Print>,
}

impl Presence {
    pub(super) fn mark(&mut self, item: Print) {
        if self.now.len() < MAX_KEPT {
            self.now.insert(item);
        }
    }

    pub(super) fn has(&self, item: Print) -> bool {
        self.now.contains(&item)
    }

    /// How many items the last whole pass found, if there was one.
    pub(super) fn before(&self) -> Option<usize> {
        self.before.as_ref().map(HashSet::len)
    }

    /// Forgets what this pass found: it saw too little to say what is missing.
    pub(super) fn abandon(&mut self) {
        self.now.clear();
    }

    /// Ends a pass that saw everything, and complains of what the one before had and this has not.
    /// The first pass is compared with the vault, and tells only how many are missing: a machine
    /// that cleans its disk leaves thousands behind.
    pub(super) fn finish(
        &mut self,
        remembered: &dyn Remembered,
        watch: &WatchName,
        looked: &mut Looked,
    ) -> Result<(), AgentError> {
        let now = std::mem::take(&mut self.now);
        let is_first = self.before.is_none();
        let before = self.before.take().unwrap_or_default();
        // Beyond the bound it is not known what was there.
        let is_whole = now.len() < MAX_KEPT && before.len() < MAX_KEPT;
        if is_whole && (is_first || before.iter().any(|item| !now.contains(item))) {
            let (mut count, mut names) = (0_u64, Vec::new());
            remembered.seen_below(watch, &mut |key: &ItemKey, _| {
                let item = Print::of(&key.0);
                if !now.contains(&item) && (is_first || before.contains(&item)) {
                    count += 1;
                    if names.len() < NAMED {
                        names.push(shown(&key.0));
                    }
                }
            })?;
            if count > NAMED as u64 || (is_first && count > 0) {
                looked.complain(names.swap_remove(0), Trouble::GoneMany(count));
            } else {
                names.into_iter().for_each(|name| looked.complain(name, Trouble::Gone));
            }
        }
        self.before = Some(now);
        Ok(())
    }
}

/// Which items of which nothing seems new are read again all the same: each once in a period, spread
/// evenly by fingerprint, so that no row must be written and no item is forgotten by a restart.
///
/// A restart is taken to have lost at most an hour of a period. What a longer stop left out has its
/// turn in the next period.
pub(super) struct Recheck {
    period: u64,
    last: Option<UnixMillis>,
    /// The moments that this pass covers: after the first, up to and with the second.
    covers: (u64, u64),
}

impl Recheck {
    pub(super) fn new(period: Span) -> Self {
        Self { period: period.millis(), last: None, covers: (0, 0) }
    }

    /// Begins a pass: it covers the time since the one before.
    pub(super) fn begin(&mut self, now: UnixMillis) {
        let caught_up = UnixMillis(now.0.saturating_sub(self.period.min(MAX_CAUGHT_UP)));
        let from = self.last.filter(|last| *last <= now).unwrap_or(caught_up);
        self.covers = (from.0, now.0);
        self.last = Some(now);
    }

    /// Whether an item's moment lies in this pass.
    pub(super) fn is_due(&self, item: Print) -> bool {
        if self.period == 0 {
            return true;
        }
        let (from, to) = self.covers;
        // The item's moments are those with this remainder; the last one up to `to` is this.
        let phase = item.0 % self.period;
        let behind = (to % self.period + self.period - phase) % self.period;
        to.checked_sub(behind).is_some_and(|moment| moment > from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_checked_again_once_in_a_period() {
        let day = Span::seconds(86_400);
        let mut recheck = Recheck::new(day);
        let items: Vec<Print> = (0..200_u32).map(|item| Print::of(&item.to_be_bytes())).collect();
        let mut checked = vec![0; items.len()];
        let start = 1_772_438_400_000;
        recheck.begin(UnixMillis(start));
        for step in 1..=1440 {
            recheck.begin(UnixMillis(start + step * 60_000));
            for (at, item) in items.iter().enumerate() {
                checked[at] += u32::from(recheck.is_due(*item));
            }
        }
        assert!(checked.iter().all(|count| *count == 1), "{checked:?}");
    }

    #[test]
    fn a_wait_doubles_and_a_clock_set_back_ends_it() {
        let (mut backoff, item) = (Backoff::default(), Print::of(b"item"));
        let mut now = UnixMillis(1_000_000_000);
        for wait in [5_000, 10_000, 20_000] {
            backoff.failed(item, now);
            assert!(backoff.waits(item, UnixMillis(now.0 + wait - 1)));
            now = UnixMillis(now.0 + wait);
            assert!(!backoff.waits(item, now));
        }
        backoff.failed(item, now);
        assert!(!backoff.waits(item, UnixMillis(now.0 - 3_600_000)));
    }

    #[test]
    fn an_item_is_stable_only_after_the_whole_period() {
        let (mut waiting, item) = (Waiting::default(), Print::of(b"item"));
        let (one, two) = (Print::of_state(1, 1), Print::of_state(2, 1));
        let period = Span::seconds(5);
        let mut at = |state, millis| waiting.is_stable(item, state, UnixMillis(millis), period);
        assert!(!at(one, 10_000));
        assert!(!at(one, 14_999));
        assert!(!at(two, 15_000), "another state begins anew");
        assert!(!at(two, 9_000), "a clock set back begins anew");
        assert!(!at(two, 13_999));
        assert!(at(two, 14_000));
    }
}
