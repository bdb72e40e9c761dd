//! The indexer: opens the index, brings it up to the log, writes runs, and rebuilds on doubt.
//!
//! Opening and catching up happen behind a running log: reading works at once, and where admission
//! does not need the index, so does adding. Until the index covers the whole log it answers "not
//! ready" rather than a miss that might be wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use spec::Hash;
use spec::hash::leaf_hash;
use spec::tile::TILE_WIDTH;

use crate::admission::Admission;
use crate::answer::{Fatal, ReadError};
use crate::index::{Damaged, Key, RUN_KEYS};
use crate::sealer::{ADVICE, BundleError, read_bundle};
use crate::sequencer::keys_of;
use crate::shared::Shared;

/// How long to sleep when nothing rings: only a safety net.
const IDLE: Duration = Duration::from_secs(60);

/// How long to wait before the index is rebuilt once more, when that was in vain.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Opens the index of a log without entries, so that its first one need not wait.
pub fn open_if_empty(shared: &Shared) {
    let size = shared.tail.read().expect("no panic under this lock").frontier().size();
    if size == 0 && shared.index.open(0) == 0 {
        shared.index.set_ready(true);
    }
}

/// Works until the log is over.
pub fn run(shared: &Arc<Shared>) -> Result<(), Fatal> {
    let size = shared.tail.read().expect("no panic under this lock").frontier().size();
    // From where on it lacks entries, where that is known; else everything is done again.
    // One that was open and fell behind before this began is still open, and is not opened again.
    let behind_or_opened = || shared.index.take_behind().unwrap_or_else(|| shared.index.open(size));
    let mut covered = (!shared.index.is_ready()).then(behind_or_opened);
    let mut failures = Failures::default();
    loop {
        if shared.is_over() {
            return Ok(());
        }
        if !shared.index.is_ready() {
            let Some(from) = covered.take().or_else(|| shared.index.take_behind()) else {
                reset(shared, &mut failures);
                covered = Some(0);
                continue;
            };
            match catch_up(shared, from) {
                Ok(()) => tracing::info!(covered_before = from, "the index is ready"),
                Err(Some(fatal)) => return Err(fatal),
                Err(None) => continue,
            }
        }
        match shared.index.write_run() {
            Ok(true) => failures = Failures::default(),
            Ok(false) => shared.index_bell.wait(IDLE),
            Err(Damaged) => shared.index.set_ready(false),
        }
    }
}

/// How often the index was rebuilt in vain, and what was said of it.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    said: Option<String>,
}

impl Failures {
    /// Notes another rebuilding. Returns how long to wait before it: not at all for the first, since
    /// an index that was damaged is whole afterwards; longer each time where it cannot be written.
    fn pause(&mut self) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.count.saturating_sub(1).min(16));
        let pause = if self.count == 0 { Duration::ZERO } else { doubled.min(LONGEST_PAUSE) };
        self.count += 1;
        pause
    }

    /// Whether there is something to say that was not said last.
    fn is_news(&mut self, why: Option<String>) -> bool {
        let news = self.count <= 1 || self.said != why;
        self.said = why;
        news
    }
}

/// Forgets everything while no commit can add to it; waits before, if that was in vain so far.
fn reset(shared: &Shared, failures: &mut Failures) {
    let until = Instant::now() + failures.pause();
    let closed = shared.index.closed();
    if failures.is_news(closed.clone()) {
        match closed {
            None => tracing::warn!("the index is rebuilt from the tiles"),
            Some(why) => tracing::error!(
                %why,
                "the index cannot be written; it is tried again, less often each time"
            ),
        }
    }
    // A ring is no reason to try earlier, unless it is for the end.
    while !shared.is_over() && Instant::now() < until {
        shared.index_bell.wait(until.saturating_duration_since(Instant::now()));
    }
    let _no_commit = shared.tail.read().expect("no panic under this lock");
    shared.index.reset();
}

/// Adds all entries from `from` on, and then says that the index is ready. `Err(None)` when the
/// index is damaged and must be reset, or the log is over before its store is back.
fn catch_up(shared: &Shared, from: u64) -> Result<(), Option<Fatal>> {
    let mut next = from;
    loop {
        let sealed = shared.tail.read().expect("no panic under this lock").sealed();
        if next < sealed {
            next = add_sealed(shared, next, sealed)?;
            if shared.is_over() {
                return Ok(());
            }
            continue;
        }
        // The rest is short. While it is added no commit may happen, or an entry could be missed; so all of it
        // must be in memory: a store may take its time.
        let tail = shared.tail.read().expect("no panic under this lock");
        if next < tail.sealed() {
            continue;
        }
        for index in next..tail.frontier().size() {
            let entry = tail.entry(index).expect("what is not sealed is held in memory");
            add(shared, index, &entry, leaf_hash(&entry));
        }
        shared.index.set_ready(true);
        return Ok(());
    }
}

/// Adds sealed entries from `from` up to `sealed` or until a run is full, and writes runs.
fn add_sealed(shared: &Shared, from: u64, sealed: u64) -> Result<u64, Option<Fatal>> {
    let mut next = from;
    while next < sealed && shared.index.waiting() < RUN_KEYS {
        let start = next - next % TILE_WIDTH;
        let keys = match shared.admission {
            // Leaf hashes are all that is needed, and they are a sixteenth of the bytes.
            Admission::Any => leaves_of_tile(shared, start)?,
            Admission::Statements => keys_of_bundle(shared, start)?,
        };
        let wanted: Vec<(Key, u64)> = keys.into_iter().filter(|(_, at)| *at >= next).collect();
        shared.index.add(&wanted);
        next = start + TILE_WIDTH;
    }
    while shared.index.write_run().map_err(|Damaged| None)? {}
    Ok(next)
}

fn leaves_of_tile(shared: &Shared, start: u64) -> Result<Vec<(Key, u64)>, Option<Fatal>> {
    let hashes = loop {
        match shared.leaves_of_tile(start / TILE_WIDTH) {
            Ok(hashes) => break hashes,
            Err(ReadError::Unreachable(why)) => wait_for_store(shared, &why)?,
            Err(error) => {
                let why = format!("The index cannot be rebuilt: {error}. {ADVICE}");
                return Err(Some(Fatal::new(why)));
            }
        }
    };
    Ok(hashes.into_iter().zip(start..).map(|(hash, at)| (Key::of_leaf(hash), at)).collect())
}

fn keys_of_bundle(shared: &Shared, start: u64) -> Result<Vec<(Key, u64)>, Option<Fatal>> {
    let entries = bundle(shared, start)?;
    let keys = |(entry, at): (Bytes, u64)| {
        let keys = keys_of(shared.admission, &entry, leaf_hash(&entry));
        keys.into_iter().map(move |key| (key, at))
    };
    Ok(entries.into_iter().zip(start..).flat_map(keys).collect())
}

/// A sealed bundle, however long its store is away.
fn bundle(shared: &Shared, start: u64) -> Result<Vec<Bytes>, Option<Fatal>> {
    loop {
        match read_bundle(shared.objects.as_ref(), start) {
            Ok(entries) => return Ok(entries),
            Err(error @ BundleError::Away(_)) => wait_for_store(shared, &error.to_string())?,
            Err(BundleError::Fatal(fatal)) => return Err(Some(fatal)),
        }
    }
}

/// Waits a moment for a store that is away. At the end of the log nobody needs its index any more,
/// and the next start goes on with it.
fn wait_for_store(shared: &Shared, why: &str) -> Result<(), Option<Fatal>> {
    tracing::warn!(%why, "the index waits for the stored tiles");
    if shared.is_over() {
        // Nothing is wrong with the log: a reason to stop would cut short what still waits for its witnesses.
        return Err(None);
    }
    shared.index_bell.wait(FIRST_PAUSE);
    Ok(())
}

fn add(shared: &Shared, index: u64, entry: &[u8], leaf: Hash) {
    let keys: Vec<(Key, u64)> =
        keys_of(shared.admission, entry, leaf).into_iter().map(|key| (key, index)).collect();
    shared.index.add(&keys);
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{OnceLock, Weak};

    use spec::tile::Tile;

    use super::*;
    use crate::bare;
    use crate::objects::bucket::Fault;
    use crate::objects::{FolderObjects, Objects, PutError};

    #[test]
    fn what_fails_again_and_again_is_tried_less_often_and_said_once() {
        let mut failures = Failures::default();
        let seconds = Duration::from_secs;
        let why = || Some("read-only".to_owned());
        let news = |failures: &mut Failures, why| (failures.pause(), failures.is_news(why));
        assert_eq!(news(&mut failures, None), (Duration::ZERO, true));
        assert_eq!(news(&mut failures, why()), (seconds(1), true));
        assert_eq!(news(&mut failures, why()), (seconds(2), false));
        assert_eq!(news(&mut failures, why()), (seconds(4), false));
        assert_eq!(news(&mut failures, Some("full".to_owned())), (seconds(8), true));
        assert!((0..40).all(|_| news(&mut failures, why()).0 <= LONGEST_PAUSE));
        assert_eq!(failures.pause(), LONGEST_PAUSE);
    }

    #[test]
    fn a_folder_that_cannot_be_used_says_why_and_is_used_once_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        std::fs::write(&path, "no folder").unwrap();
        let index = crate::index::Index::new(&path);
        assert_eq!(index.open(7), 0);
        let why = index.closed().unwrap();
        assert!(why.starts_with(path.to_str().unwrap()) && why.len() > path.as_os_str().len() + 2);
        std::fs::remove_file(&path).unwrap();
        index.reset();
        assert_eq!(index.closed(), None);
    }

    /// Full tiles of which each read is looked at first.
    struct Watched<F> {
        objects: FolderObjects,
        before_read: F,
    }

    impl<F: Fn(Tile) -> io::Result<()> + Send + Sync> Objects for Watched<F> {
        fn put_all(&self, objects: &[(Tile, Bytes)]) -> Result<(), PutError> {
            self.objects.put_all(objects)
        }

        fn read(&self, tile: Tile) -> io::Result<Option<Bytes>> {
            (self.before_read)(tile)?;
            self.objects.read(tile)
        }

        fn store_name(&self) -> String {
            self.objects.store_name()
        }

        fn read_beside(&self, name: &str) -> io::Result<Option<Bytes>> {
            self.objects.read_beside(name)
        }

        fn write_beside(&self, name: &str, bytes: Bytes) -> io::Result<()> {
            self.objects.write_beside(name, bytes)
        }
    }

    #[test]
    fn no_commit_waits_while_the_index_reads_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let watched = Arc::new(OnceLock::<Weak<Shared>>::new());
        let objects = bare::folder_objects(folder.path());
        let log = watched.clone();
        let before_read = move |tile| {
            let shared = log.get().and_then(Weak::upgrade);
            assert!(
                shared.is_none_or(|shared| shared.tail.try_write().is_ok()),
                "no commit can happen while {tile} is read"
            );
            Ok(())
        };
        let objects = Watched { objects, before_read };
        let shared = bare::open(folder.path(), Box::new(objects)).shared;
        {
            let mut tail = shared.tail.write().unwrap();
            bare::commit(&mut tail, 900);
            bare::seal(&mut tail, shared.objects.as_ref());
            assert_eq!(tail.sealed(), 768);
        }
        watched.set(Arc::downgrade(&shared)).unwrap();
        assert_eq!(shared.index.open(900), 0);
        // As if a run had ended in the middle of the last bundle.
        catch_up(&shared, 700).unwrap();
        assert!(shared.index.is_ready());
        assert_eq!(shared.index.waiting(), 200);
        for (entry, at) in bare::entries(700..900).iter().zip(700..) {
            assert_eq!(shared.find_leaf(leaf_hash(entry)), Ok(Some(at)));
        }
    }

    #[test]
    fn a_log_that_ends_while_its_store_is_away_has_not_failed() {
        let folder = tempfile::tempdir().unwrap();
        let is_away = Arc::new(AtomicBool::new(false));
        let objects = bare::folder_objects(folder.path());
        let (is_gone, store) = (is_away.clone(), objects.store_name());
        let before_read = move |_| match is_gone.load(Ordering::Acquire) {
            true => Err(io::Error::other(Fault::Slow { store: store.clone() })),
            false => Ok(()),
        };
        let objects = Watched { objects, before_read };
        let shared = bare::open(folder.path(), Box::new(objects)).shared;
        {
            let mut tail = shared.tail.write().unwrap();
            bare::commit(&mut tail, 900);
            bare::seal(&mut tail, shared.objects.as_ref());
        }
        is_away.store(true, Ordering::Release);
        assert_eq!(shared.index.open(900), 0);
        bare::end(&shared);
        assert_eq!(catch_up(&shared, 0), Err(None));
        assert_eq!(run(&shared), Ok(()));
    }
}
