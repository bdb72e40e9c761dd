//! A whole log over a bucket: sealed through a bad network, started again, and without its store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use spec::checkpoint::Origin;
use spec::tile::{Tile, TileKind};
use tempfile::TempDir;

use super::{BucketObjects, PATIENCE, World};
use crate::admission::Admission;
use crate::answer::{AddError, ReadError};
use crate::disk::MachineDisk;
use crate::keys::LogKeys;
use crate::log::{Limits, Log, OpenError, Options};
use crate::objects::bucket::Patience;
use crate::objects::bucket::trials::proxy::Trouble;
use crate::objects::bucket::trials::server::place;
use crate::sources::Sources;

/// Who does not wait long for a store that is away.
const IMPATIENT: Patience = Patience { whole: Duration::from_millis(100), ..PATIENCE };

pub(super) fn make(folder: &Path) {
    let origin = Origin::parse("objects.example/log").unwrap();
    crate::init::init(folder, origin, Admission::Any, false).unwrap();
}

fn options(folder: &Path) -> Options {
    let origin = Origin::parse("objects.example/log").unwrap();
    Options {
        data: folder.to_owned(),
        limits: Limits { seal_wait: Duration::ZERO, trim_bytes: 4096, ..Limits::default() },
        keys: LogKeys::load(folder, &origin).unwrap(),
        sources: Sources::load(folder).unwrap(),
        witnesses: None,
    }
}

/// The log with its objects in its folder.
pub(super) fn open_folder(folder: &Path) -> Log {
    Log::open(options(folder)).unwrap()
}

/// The log with its objects in the bucket.
pub(super) fn open(folder: &Path, world: &World, patience: Patience) -> Log {
    try_open(folder, world, patience).unwrap()
}

fn try_open(folder: &Path, world: &World, patience: Patience) -> Result<Log, OpenError> {
    let disk = Arc::new(MachineDisk::open(folder).unwrap());
    let credentials = tempfile::tempdir().unwrap();
    let place = place(world.proxy.address, &credentials);
    let objects = BucketObjects::open_with(&place, patience).unwrap();
    Log::open_with(options(folder), disk, Box::new(objects))
}

/// Adds `count` entries, and waits until all are published.
pub(super) fn add(log: &Log, count: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    wait_until(|| log.status().index_ready);
    let first = log.status().sequenced as u32;
    let entries = (first..first + count).map(|at| log.check(&at.to_be_bytes()).unwrap()).collect();
    let answers = runtime.block_on(log.sequence_all(entries));
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    runtime.block_on(log.published_covering(u64::from(first + count))).unwrap();
}

pub(super) fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(super) fn end(log: &Log) {
    log.stop();
    log.join();
    assert_eq!(log.status().fatal, None);
}

/// A store, and the folder of a log that was not yet opened.
fn made() -> (World, TempDir) {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    make(folder.path());
    (world, folder)
}

/// The same with the log, open.
fn started(patience: Patience) -> (World, TempDir, Log) {
    let (world, folder) = made();
    let log = open(folder.path(), &world, patience);
    (world, folder, log)
}

/// So many times 300 entries, each time until all full tiles are in the store.
fn add_and_seal(log: &Log, times: u32) {
    for _ in 0..times {
        add(log, 300);
        let sealed = log.status().sequenced / 256 * 256;
        wait_until(|| log.status().sealed == sealed);
    }
}

#[test]
fn a_log_seals_into_a_bucket_through_a_bad_network_and_starts_from_it_again() {
    let (world, folder) = made();
    world.proxy.trouble(|number, _| match number % 7 {
        2 => Trouble::SlowDown,
        4 => Trouble::CutBehind,
        6 => Trouble::CutBody,
        _ => Trouble::None,
    });
    let log = open(folder.path(), &world, PATIENCE);
    add_and_seal(&log, 4);
    end(&log);
    assert!(world.server.file("tile/entries/003").is_file());
    assert!(!folder.path().join("tile").exists(), "nothing is kept twice");

    let log = open(folder.path(), &world, PATIENCE);
    assert_eq!(log.status().published, 1200);
    assert_eq!(log.entry(5).unwrap(), Bytes::copy_from_slice(&5_u32.to_be_bytes()));
    assert_eq!(log.prove_inclusion(5, 1200).unwrap().len(), 11);
    end(&log);
}

#[test]
fn without_its_store_a_log_takes_and_publishes_entries_and_says_what_is_away() {
    let (world, _folder, log) = started(IMPATIENT);
    add(&log, 300);
    wait_until(|| log.status().sealed == 256);
    world.proxy.trouble(|_, _| Trouble::CutBefore);
    // As for a head of 100 entries, which had not grown as far as what is sealed.
    assert!(log.prove_consistency(100, 300).is_ok());
    add(&log, 300);
    wait_until(|| log.status().refused.tiles.is_some());
    let bundle = Tile::full(TileKind::Entries, 0).unwrap();
    assert!(matches!(log.tile(bundle), Err(ReadError::Unreachable(_))));
    assert_eq!(log.status().fatal, None);
    world.proxy.trouble(|_, _| Trouble::None);
    wait_until(|| log.status().sealed == 512 && log.status().refused.tiles.is_none());
    assert!(log.tile(bundle).is_ok());
    end(&log);
}

#[test]
fn what_is_only_in_a_store_that_is_away_is_refused_before_all_would_wait_for_it() {
    let (world, _folder, log) = started(IMPATIENT);
    // With the third commit the journal forgets the first bundles.
    add_and_seal(&log, 3);
    let (sent_again, bundle) = (5_u32.to_be_bytes(), Tile::full(TileKind::Entries, 0).unwrap());
    assert!(log.tile_may_wait(bundle) && log.judging_may_wait(&sent_again));
    assert!(!log.judging_may_wait(b"a new one"));
    world.proxy.trouble(|_, _| Trouble::CutBefore);
    assert!(matches!(log.known(&sent_again), Err(AddError::Storage(_))));
    assert_eq!(log.known(b"a new one"), Ok(None));
    world.proxy.trouble(|_, _| Trouble::None);
    assert_eq!(log.known(&sent_again).unwrap().map(|found| found.index), Some(5));
    end(&log);
}

#[test]
fn a_journal_over_an_empty_bucket_does_not_start() {
    let (world, folder, log) = started(PATIENCE);
    add_and_seal(&log, 4);
    end(&log);
    std::fs::remove_dir_all(world.server.file("tile")).unwrap();
    let refused = try_open(folder.path(), &world, PATIENCE).err().unwrap().to_string();
    assert!(refused.contains("missing"), "{refused}");
}
