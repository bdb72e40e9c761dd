//! The newest keys, in memory: tables, of which each becomes one run.
//!
//! One table is filled. When it has the keys of a run it is changed no more: who writes runs reads it without
//! a lock, and drops it whole. To take its keys out of a table that goes on being filled would hold up the
//! sequencer for as long as that takes, and a table that grows is copied while everybody waits.

use std::collections::VecDeque;
use std::sync::{Arc, RwLock};

use super::{Key, KeyMap, RUN_KEYS};

/// The keys that are in no run yet.
#[derive(Debug, Default)]
pub(super) struct Recent(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// Full ones, the oldest first.
    full: VecDeque<Arc<KeyMap<u64>>>,
    /// The one that is filled.
    filling: KeyMap<u64>,
}

impl Recent {
    /// Adds keys, in the order of their entries.
    pub(super) fn add(&self, keys: &[(Key, u64)]) {
        let mut tables = self.0.write().expect("no panic under this lock");
        for (key, index) in keys {
            tables.filling.insert(*key, *index);
            if tables.filling.len() == RUN_KEYS {
                // As large as it will be from the beginning; the first one grows, since most logs are small.
                let next = KeyMap::with_capacity_and_hasher(RUN_KEYS, Default::default());
                let full = std::mem::replace(&mut tables.filling, next);
                tables.full.push_back(Arc::new(full));
            }
        }
    }

    /// The entries that have this key.
    pub(super) fn find(&self, key: Key) -> Vec<u64> {
        let tables = self.0.read().expect("no panic under this lock");
        let all = tables.full.iter().map(Arc::as_ref).chain([&tables.filling]);
        all.filter_map(|table| table.get(&key).copied()).collect()
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        let tables = self.0.read().expect("no panic under this lock");
        tables.full.len() * RUN_KEYS + tables.filling.len()
    }

    /// The oldest keys, if they are enough for a run.
    pub(super) fn oldest(&self) -> Option<Arc<KeyMap<u64>>> {
        self.0.read().expect("no panic under this lock").full.front().cloned()
    }

    /// Drops what [`Recent::oldest`] gives, which is in a run now.
    pub(super) fn drop_oldest(&self) {
        let oldest = self.0.write().expect("no panic under this lock").full.pop_front();
        // Megabytes: not under the lock.
        drop(oldest);
    }

    /// Forgets all keys.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.0.write().expect("no panic under this lock"));
        drop(all);
    }
}

#[cfg(test)]
mod tests {
    use spec::Hash;

    use super::*;

    fn keys(range: std::ops::Range<u64>) -> Vec<(Key, u64)> {
        range.map(|at| (Key::of_leaf(Hash::of(&at.to_be_bytes())), at)).collect()
    }

    #[test]
    fn a_table_is_a_run_s_keys_and_the_rest_stays() {
        let recent = Recent::default();
        let count = 2 * RUN_KEYS as u64 + 7;
        let all = keys(0..count);
        // However they come: a table ends within what is added at once.
        all.chunks(10_000).for_each(|chunk| recent.add(chunk));
        assert_eq!(recent.len() as u64, count);
        let holds = |at: usize| recent.find(all[at].0) == [all[at].1];
        assert!((0..all.len()).all(holds));

        for run in 0..2 {
            let oldest = recent.oldest().unwrap();
            let expected = &all[run * RUN_KEYS..(run + 1) * RUN_KEYS];
            assert_eq!(oldest.len(), RUN_KEYS);
            assert!(expected.iter().all(|(key, index)| oldest.get(key) == Some(index)));
            recent.drop_oldest();
        }
        assert!(recent.oldest().is_none());
        assert_eq!(recent.len(), 7);
        assert!(holds(all.len() - 1) && !holds(0));
        recent.clear();
        assert_eq!((recent.len(), recent.find(all[all.len() - 1].0).len()), (0, 0));
    }

    #[test]
    fn a_key_of_two_tables_is_found_in_both() {
        let recent = Recent::default();
        let run = RUN_KEYS as u64;
        recent.add(&keys(0..run));
        let (again, _) = keys(0..1)[0];
        recent.add(&[(again, run)]);
        assert_eq!(recent.find(again), [0, run]);
    }
}
