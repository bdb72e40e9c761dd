//! The index: from a leaf hash to the entry's index. A cache that can be rebuilt from the tiles.
//!
//! It answers two questions: was this entry added before, and where is this leaf. Every hit is
//! checked against the log before it is believed, and a miss is believed only while the index is
//! known to cover the whole log. It lives in sled, which is fast and safe in this one role: it may
//! lose or garble what it holds in a power cut, so nothing else is kept there, and at any doubt
//! the whole folder is deleted and built again.
//!
//! Random keys are the worst case for a tree on disk (measured with sled 0.34: four million plain
//! inserts took two minutes and 4.8 GB of memory). So sled holds *runs*, written in order:
//!
//! ```text
//! run      65,536 keys (8^t times that in tier t), sorted into blocks by their first bits
//! block    key: u32 run || u32 block   value: u32 CRC-32C || n x (5 bytes of the key || u32 offset)
//! runs     key: "runs/2"   value: u32 CRC-32C || n x (u32 run || u8 tier || u64 first || u64 end || u64 keys)
//! ```
//!
//! Eight runs of a tier are merged into one of the next. A filter per run in memory (ten bits a
//! key) makes a miss cost no read. The newest keys are in memory until they fill a run.
//!
//! A key is the first 16 bytes of a SHA-256: of a leaf, or of a source and sequence.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};

use spec::Hash;

use filter::Filter;
use recent::Recent;

mod filter;
mod merge;
mod recent;

/// The keys of a run in the lowest tier.
pub const RUN_KEYS: usize = 65_536;

/// How many runs of one tier are merged into one of the next.
const MERGE_RUNS: usize = 8;

/// Blocks of a lowest run, as a power of two: 256 keys a block on average.
const BLOCK_BITS: u32 = 8;

/// How many more bits of the key choose the block, for each tier.
const TIER_BITS: u32 = 3;

/// The bytes of a key kept in a block: 40 bits make a false match rare, and each is checked.
const SHORT_SIZE: usize = 5;

/// The bytes of one key in a block.
const RECORD_SIZE: usize = SHORT_SIZE + 4;

/// Where the list of runs is.
const RUNS: &[u8] = b"runs/2";

/// Where it was when filters had no blocks. What such a filter says would be wrong here, so an index that
/// has this key is made again.
const OTHER_RUNS: &[u8] = b"runs";

/// The page cache given to sled. Blocks are read at random, so a larger one gains little.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// The first 16 bytes of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of a leaf.
    #[must_use]
    pub fn of_leaf(leaf: Hash) -> Self {
        Self::of_hash(leaf)
    }

    /// The key of a statement's place: which source, which sequence.
    #[must_use]
    pub fn of_place(source: &str, sequence: u64) -> Self {
        let parts = [b"fiducial/index/place\n", source.as_bytes(), b"\n", &sequence.to_be_bytes()];
        Self::of_hash(Hash::of_parts(&parts))
    }

    fn of_hash(hash: Hash) -> Self {
        let (first, _) = hash.as_bytes().split_first_chunk::<16>().expect("a hash has 32 bytes");
        Self(*first)
    }

    fn short(self) -> [u8; SHORT_SIZE] {
        let (short, _) = self.0.split_first_chunk().expect("a key has 16 bytes");
        *short
    }

    fn block(self, tier: u8) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d]) >> (32 - block_bits(tier))
    }
}

const fn block_bits(tier: u8) -> u32 {
    // 32 bits choose at most; the tier that would need more holds 10^15 keys.
    let bits = BLOCK_BITS + TIER_BITS * tier as u32;
    if bits > 31 { 31 } else { bits }
}

/// What is known of some keys. The hasher is several times faster than the standard one, which
/// counts on the sequencer's one thread, and is keyed at random: clients choose what they add.
pub type KeyMap<V> = HashMap<Key, V, foldhash::fast::RandomState>;

/// One run: where it is, which entries it covers, and its filter.
#[derive(Debug)]
struct Run {
    id: u32,
    tier: u8,
    first: u64,
    /// All entries below this are covered.
    end: u64,
    keys: u64,
    filter: Filter,
}

/// The index is damaged and must be rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index is damaged and will be rebuilt")]
pub struct Damaged;

/// The index. Shared by the sequencer, which adds, the index thread, which writes runs, and readers.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    /// Whether a miss can be believed.
    ready: AtomicBool,
    /// Below which size it has every entry, where it is not ready only because the log has gone on without
    /// it. Held while `ready` changes.
    behind: Mutex<Option<u64>>,
    /// Moves on with each reset: a miss of before is worth nothing after it.
    generation: AtomicU64,
    /// Keys that are in no run yet.
    recent: Recent,
    runs: RwLock<Vec<Run>>,
    database: RwLock<Option<sled::Db>>,
    /// Why the folder could not be opened the last time, in the words of sled.
    closed: Mutex<Option<String>>,
}

impl Index {
    /// Makes an index that is not ready: nothing is opened yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ready: AtomicBool::new(false),
            behind: Mutex::default(),
            generation: AtomicU64::new(0),
            recent: Recent::default(),
            runs: RwLock::default(),
            database: RwLock::default(),
            closed: Mutex::default(),
        }
    }

    /// Whether a miss can be believed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// How often the index was reset. A search that found nothing counts only if this is the same
    /// after it as before.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Says that every entry of the log is in the index, or that this is no longer sure of any.
    pub fn set_ready(&self, ready: bool) {
        let mut behind = self.behind.lock().expect("no panic under this lock");
        *behind = None;
        self.ready.store(ready, Ordering::Release);
    }

    /// Says that the log has gone on beyond `size` without the index, which has every entry below that. One
    /// that was not ready stays as it is.
    pub fn fall_behind(&self, size: u64) {
        let mut behind = self.behind.lock().expect("no panic under this lock");
        if self.ready.swap(false, Ordering::AcqRel) {
            *behind = Some(size);
        }
    }

    /// Below which size an index that is not ready has every entry, if that is sure: it need not be made
    /// again. Told once.
    #[must_use]
    pub fn take_behind(&self) -> Option<u64> {
        self.behind.lock().expect("no panic under this lock").take()
    }

    /// Opens what is on disk and returns the size of the log that it covers.
    ///
    /// Whatever is doubtful is deleted: the answer is then 0.
    #[must_use]
    pub fn open(&self, log_size: u64) -> u64 {
        match guarded(|| self.open_folder()) {
            Ok(covered) if covered <= log_size => covered,
            _ => {
                self.reset();
                0
            }
        }
    }

    /// Deletes everything on disk and in memory, and starts again with an empty folder. Nothing may
    /// be added meanwhile.
    pub fn reset(&self) {
        self.set_ready(false);
        self.generation.fetch_add(1, Ordering::AcqRel);
        // Keys that wait would come before those of the first entries and make a run that goes
        // back, which counts as damage: the rebuilding would never end.
        self.recent.clear();
        *self.database.write().expect("no panic under this lock") = None;
        self.runs.write().expect("no panic under this lock").clear();
        let _ = std::fs::remove_dir_all(&self.folder);
        // What fails here fails again with the next run, and is said then: see `closed`.
        let _ = guarded(|| self.open_folder());
    }

    /// Why the folder cannot be used, if it cannot.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        let why = self.closed.lock().expect("no panic under this lock").clone();
        why.map(|why| format!("{}: {why}", self.folder.display()))
    }

    /// Adds keys of new entries, in order.
    pub fn add(&self, keys: &[(Key, u64)]) {
        self.recent.add(keys);
    }

    /// The entries that may have this key. Each must be checked against the log.
    pub fn candidates(&self, key: Key) -> Result<Vec<u64>, Damaged> {
        // Memory first: a key leaves `recent` only after its run can be seen, so in the other order
        // it could be missed in both.
        let mut found = self.recent.find(key);
        if found.is_empty() {
            let runs = self.runs.read().expect("no panic under this lock");
            for run in runs.iter().filter(|run| run.filter.may_hold(key.short())) {
                found.extend(guarded(|| self.find_in_run(run, key))?);
            }
        }
        Ok(found)
    }

    /// How many keys wait in memory for a run.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.recent.len()
    }

    /// Writes one run if enough keys wait, and merges where eight runs of a tier stand together.
    /// Returns whether there was something to do.
    pub fn write_run(&self) -> Result<bool, Damaged> {
        let Some(oldest) = self.recent.oldest() else { return Ok(false) };
        let mut batch: Vec<(Key, u64)> = oldest.iter().map(|(key, at)| (*key, *at)).collect();
        drop(oldest);
        // A run says which entries it has by its first key and its last.
        batch.sort_unstable_by_key(|(key, at)| (*at, *key));
        guarded(|| self.store_run(&batch))?;
        drop(batch);
        self.recent.drop_oldest();
        while guarded(|| self.merge_once())? {}
        Ok(true)
    }

    fn open_folder(&self) -> Result<u64, Damaged> {
        let database = sled::Config::new()
            .path(&self.folder)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(1000))
            .open();
        *self.closed.lock().expect("no panic under this lock") =
            database.as_ref().err().map(ToString::to_string);
        let database = database.map_err(|_| Damaged)?;
        if database.contains_key(OTHER_RUNS).map_err(|_| Damaged)? {
            return Err(Damaged);
        }
        let runs = match database.get(RUNS).map_err(|_| Damaged)? {
            None => Vec::new(),
            Some(bytes) => parse_runs(&bytes, &database)?,
        };
        let follows = |pair: &[Run]| (pair[0].end..=pair[0].end + 1).contains(&pair[1].first);
        let contiguous = runs.windows(2).all(follows);
        if !contiguous || runs.first().is_some_and(|run| run.first != 0) {
            return Err(Damaged);
        }
        let covered = runs.last().map_or(0, |run| run.end);
        *self.runs.write().expect("no panic under this lock") = runs;
        *self.database.write().expect("no panic under this lock") = Some(database);
        Ok(covered)
    }

    fn database(&self) -> Result<sled::Db, Damaged> {
        self.database.read().expect("no panic under this lock").clone().ok_or(Damaged)
    }

    fn find_in_run(&self, run: &Run, key: Key) -> Result<Vec<u64>, Damaged> {
        let records = read_block(&self.database()?, run.id, key.block(run.tier))?;
        let hits = records.iter().filter(|record| record.short == key.short());
        Ok(hits.map(|record| run.first + u64::from(record.offset)).collect())
    }

    fn store_run(&self, batch: &[(Key, u64)]) -> Result<(), Damaged> {
        let database = self.database()?;
        let id = next_id(&self.runs.read().expect("no panic under this lock"));
        let first = batch.first().expect("a run is never empty").1;
        // Two keys of one entry may be split between two runs, so the last entry never counts as
        // covered: after a start it is added once more, which does no harm.
        let end = batch.last().expect("a run is never empty").1;
        let mut blocks: Vec<Vec<Record>> = vec![Vec::new(); 1 << BLOCK_BITS];
        let mut filter = Filter::for_keys(batch.len());
        for (key, index) in batch {
            let offset = index.checked_sub(first).and_then(|offset| u32::try_from(offset).ok());
            let record = Record { short: key.short(), offset: offset.ok_or(Damaged)? };
            blocks[key.block(0) as usize].push(record);
            filter.insert(key.short());
        }
        for (number, block) in blocks.iter().enumerate() {
            write_block(&database, id, number as u32, block)?;
        }
        let run = Run { id, tier: 0, first, end, keys: batch.len() as u64, filter };
        write_filter(&database, &run)?;
        let mut runs = self.runs.write().expect("no panic under this lock");
        runs.push(run);
        write_runs(&database, &runs)
    }
}

/// One key in a block.
#[derive(Clone, Copy, Debug)]
struct Record {
    short: [u8; SHORT_SIZE],
    /// The entry's distance from the first of its run.
    offset: u32,
}

fn next_id(runs: &[Run]) -> u32 {
    runs.iter().map(|run| run.id).max().map_or(0, |id| id.wrapping_add(1))
}

fn block_key(run: u32, block: u32) -> [u8; 8] {
    (u64::from(run) << 32 | u64::from(block)).to_be_bytes()
}

fn read_block(database: &sled::Db, run: u32, block: u32) -> Result<Vec<Record>, Damaged> {
    let bytes = database.get(block_key(run, block)).map_err(|_| Damaged)?.ok_or(Damaged)?;
    let records = checked(&bytes)?.chunks_exact(RECORD_SIZE).map(|record| {
        let (short, offset) = record.split_first_chunk().expect("a record has nine bytes");
        let offset = offset.try_into().expect("a record has nine bytes");
        Record { short: *short, offset: u32::from_be_bytes(offset) }
    });
    Ok(records.collect())
}

fn write_block(
    database: &sled::Db,
    run: u32,
    block: u32,
    records: &[Record],
) -> Result<(), Damaged> {
    let mut bytes = Vec::with_capacity(4 + records.len() * RECORD_SIZE);
    for record in records {
        bytes.extend_from_slice(&record.short);
        bytes.extend_from_slice(&record.offset.to_be_bytes());
    }
    put(database, &block_key(run, block), bytes)
}

fn filter_key(run: u32, part: u32) -> [u8; 9] {
    let [a, b, c, d] = run.to_be_bytes();
    let [e, f, g, h] = part.to_be_bytes();
    [b'f', a, b, c, d, e, f, g, h]
}

/// Filters are stored in parts, so that no value is large.
const FILTER_PART: usize = 64 * 1024;

fn write_filter(database: &sled::Db, run: &Run) -> Result<(), Damaged> {
    let bytes = run.filter.to_bytes();
    for (number, part) in bytes.chunks(FILTER_PART).enumerate() {
        put(database, &filter_key(run.id, number as u32), part.to_vec())?;
    }
    Ok(())
}

fn read_filter(database: &sled::Db, run: u32, keys: u64) -> Result<Filter, Damaged> {
    let size = Filter::bytes_for_keys(usize::try_from(keys).map_err(|_| Damaged)?);
    let mut bytes = Vec::with_capacity(size);
    for part in 0..size.div_ceil(FILTER_PART) {
        let stored = database.get(filter_key(run, part as u32)).map_err(|_| Damaged)?;
        bytes.extend_from_slice(checked(&stored.ok_or(Damaged)?)?);
    }
    Filter::from_bytes(&bytes, size).ok_or(Damaged)
}

fn write_runs(database: &sled::Db, runs: &[Run]) -> Result<(), Damaged> {
    let mut bytes = Vec::new();
    for run in runs {
        bytes.extend_from_slice(&run.id.to_be_bytes());
        bytes.push(run.tier);
        bytes.extend_from_slice(&run.first.to_be_bytes());
        bytes.extend_from_slice(&run.end.to_be_bytes());
        bytes.extend_from_slice(&run.keys.to_be_bytes());
    }
    put(database, RUNS, bytes)
}

fn parse_runs(bytes: &[u8], database: &sled::Db) -> Result<Vec<Run>, Damaged> {
    const SIZE: usize = 4 + 1 + 3 * 8;
    let body = checked(bytes)?;
    if !body.len().is_multiple_of(SIZE) {
        return Err(Damaged);
    }
    let parse = |record: &[u8]| {
        let word = |at: usize| {
            u64::from_be_bytes(record[at..at + 8].try_into().expect("eight bytes of a record"))
        };
        let id = u32::from_be_bytes(record[..4].try_into().expect("four bytes of a record"));
        let (first, end, keys) = (word(5), word(13), word(21));
        let filter = read_filter(database, id, keys)?;
        Ok(Run { id, tier: record[4], first, end, keys, filter })
    };
    body.chunks_exact(SIZE).map(parse).collect()
}

/// Stores a value behind its checksum.
fn put(database: &sled::Db, key: &[u8], value: Vec<u8>) -> Result<(), Damaged> {
    let mut bytes = crc32c::crc32c(&value).to_be_bytes().to_vec();
    bytes.extend_from_slice(&value);
    database.insert(key, bytes).map(|_| ()).map_err(|_| Damaged)
}

/// The value behind its checksum.
fn checked(bytes: &[u8]) -> Result<&[u8], Damaged> {
    let (checksum, value) = bytes.split_first_chunk::<4>().ok_or(Damaged)?;
    let sound = crc32c::crc32c(value) == u32::from_be_bytes(*checksum);
    if sound { Ok(value) } else { Err(Damaged) }
}

/// Runs something that calls sled, which panics on some damage instead of answering.
fn guarded<T>(work: impl FnOnce() -> Result<T, Damaged>) -> Result<T, Damaged> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: u64) -> Key {
        Key::of_leaf(Hash::of(&at.to_be_bytes()))
    }

    fn fill(index: &Index, from: u64, to: u64) {
        let keys: Vec<_> = (from..to).map(|at| (key(at), at)).collect();
        for chunk in keys.chunks(10_000) {
            index.add(chunk);
            while index.write_run().unwrap() {}
        }
    }

    fn holds(index: &Index, at: u64) -> bool {
        index.candidates(key(at)).unwrap().contains(&at)
    }

    #[test]
    fn keys_are_found_in_memory_in_runs_and_in_merged_runs() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::new(&folder.path().join("index"));
        assert_eq!(index.open(0), 0);
        let count = 10 * RUN_KEYS as u64 + 100;
        fill(&index, 0, count);
        assert_eq!(index.waiting(), 100);
        let tiers: Vec<u8> = index.runs.read().unwrap().iter().map(|run| run.tier).collect();
        assert_eq!(tiers, [1, 0, 0]);
        assert!((0..count).step_by(997).chain(count - 100..count).all(|at| holds(&index, at)));
        let misses =
            (count..count + 2000).filter(|at| !index.candidates(key(*at)).unwrap().is_empty());
        assert_eq!(misses.count(), 0);
    }

    #[test]
    fn a_reopened_index_knows_how_far_it_covers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let index = Index::new(&path);
        assert_eq!(index.open(0), 0);
        fill(&index, 0, 70_000);
        drop(index);
        let index = Index::new(&path);
        assert_eq!(index.open(70_000), RUN_KEYS as u64 - 1);
        assert!(holds(&index, 65_000) && !holds(&index, 66_000));
    }

    #[test]
    fn an_index_with_filters_of_another_kind_is_rebuilt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let index = Index::new(&path);
        assert_eq!(index.open(0), 0);
        fill(&index, 0, 70_000);
        put(&index.database().unwrap(), OTHER_RUNS, Vec::new()).unwrap();
        drop(index);
        let index = Index::new(&path);
        assert_eq!(index.open(70_000), 0);
        assert!(!index.database().unwrap().contains_key(OTHER_RUNS).unwrap());
    }

    #[test]
    fn an_index_that_knows_more_than_the_log_is_rebuilt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let index = Index::new(&path);
        assert_eq!(index.open(0), 0);
        fill(&index, 0, 70_000);
        drop(index);
        let index = Index::new(&path);
        assert_eq!(index.open(1000), 0);
        assert!(!holds(&index, 5));
    }

    #[test]
    fn damage_in_any_file_ends_in_a_working_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let index = Index::new(&path);
        assert_eq!(index.open(0), 0);
        fill(&index, 0, 66_000);
        drop(index);
        let files: Vec<PathBuf> = walk(&path);
        assert!(!files.is_empty());
        for file in files {
            let good = std::fs::read(&file).unwrap();
            if good.is_empty() {
                continue;
            }
            for at in [0, good.len() / 3, good.len() / 2, good.len() - 1] {
                let mut bad = good.clone();
                bad[at] ^= 0x10;
                std::fs::write(&file, &bad).unwrap();
                let index = Index::new(&path);
                let covered = index.open(66_000);
                // Whatever is still covered must be found, or be known to be damaged.
                let found = (0..covered)
                    .step_by(500)
                    .all(|at| index.candidates(key(at)).is_err() || holds(&index, at));
                assert!(found, "{} at {at}", file.display());
                index.reset();
                fill(&index, 0, 66_000);
                assert!(holds(&index, 100));
                drop(index);
                std::fs::write(&file, &good).unwrap();
            }
        }
    }

    fn walk(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
        }
        files
    }
}
