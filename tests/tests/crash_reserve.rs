//! The reserve of the embedded journal, on a disk that tells how long a file is, runs full and loses power.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use log_server::disk::Disk;
use log_server::journal::file::{FileJournal, read_at_start};
use log_server::journal::{AppendError, Journal};
use tests::crash::points::soaks;
use tests::fake_disk::{FakeDisk, Fault, Kind, When};
use tests::seed::Seed;
use tests::store::{FAKE_DISK, embedded_only};

/// A reserve of many small frames.
const RESERVE: usize = 64 * 1024;

/// One of a few frames.
const SMALL_RESERVE: usize = 4096;

fn root() -> &'static Path {
    Path::new("data")
}

fn path() -> PathBuf {
    root().join("journal")
}

fn open(disk: &FakeDisk, reserve: usize) -> FileJournal {
    let opened = FileJournal::open(Arc::new(disk.clone()), &path(), None);
    opened.unwrap().0.with_reserve(reserve)
}

/// An entry without a zero.
fn entry(index: u64, size: usize) -> Bytes {
    let mut entry = format!("entry {index} ").into_bytes();
    entry.resize(entry.len() + size, b'.');
    entry.into()
}

fn length(disk: &FakeDisk) -> u64 {
    disk.image().content(Path::new("journal")).unwrap().len() as u64
}

#[test]
fn a_run_of_small_appends_seldom_changes_the_length_of_the_file() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let disk = FakeDisk::new(root(), 1);
    let mut journal = open(&disk, RESERVE);
    let mut lengths = BTreeSet::new();
    for at in 0..1000 {
        journal.append(at, &[entry(at, 200)]).unwrap();
        lengths.insert(length(&disk));
    }
    // Some 240 kB of frames, and each time room for 64 KiB.
    assert!(journal.bytes() > 200_000 && journal.bytes() < *lengths.last().unwrap());
    assert!(lengths.len() <= 4, "{lengths:?}");
    assert_eq!(journal.load().unwrap().size(), 1000);
}

#[test]
fn large_entries_bring_no_zeros_and_use_those_that_are_there() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let disk = FakeDisk::new(root(), 1);
    let mut journal = open(&disk, RESERVE);
    for at in 0..8 {
        journal.append(at, &[entry(at, 60_000)]).unwrap();
        assert_eq!(length(&disk), journal.bytes());
    }
    // Small ones between them: there are never more zeros than frames, but for one reserve.
    let (before, mut zeros) = (journal.bytes(), 0);
    for at in 8..200 {
        let old = length(&disk);
        let size = if at % 3 == 0 { 60_000 } else { 100 };
        journal.append(at, &[entry(at, size)]).unwrap();
        if length(&disk) > old {
            zeros += length(&disk) - journal.bytes();
        }
    }
    assert!(zeros > 0 && zeros <= journal.bytes() - before + RESERVE as u64, "{zeros}");
    assert_eq!(journal.load().unwrap().size(), 200);
}

#[test]
fn a_disk_that_is_full_takes_what_has_room_and_refuses_the_rest_whole() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let disk = FakeDisk::new(root(), 1);
    let mut journal = open(&disk, RESERVE);
    journal.append(0, &[entry(0, 200)]).unwrap();
    // Room for a frame and for some of the zeros, and not for all of them.
    disk.set_capacity(disk.image().used() + RESERVE / 2);
    let mut size = 1;
    let why = loop {
        match journal.append(size, &[entry(size, 200)]) {
            Ok(()) => size += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(why, AppendError::Refused(_)), "{why}");
    assert!(size > 200, "what was made ready is used up: {size}");
    assert_eq!(length(&disk), journal.bytes(), "all of it is taken back");
    assert_eq!(journal.load().unwrap().size(), size);
    for seed in 0..20 {
        let other = FakeDisk::of_image(root(), disk.image(), seed);
        other.cut_power();
        let loaded = read_at_start(&other.restart(root()), &path(), Some(size)).unwrap();
        assert_eq!((loaded.size(), loaded.torn_bytes), (size, 0));
    }
    disk.set_capacity(usize::MAX);
    journal.append(size, &[entry(size, 200)]).unwrap();
    assert_eq!(journal.load().unwrap().size(), size + 1);
}

#[test]
fn a_power_cut_in_any_commit_takes_nothing_that_was_acknowledged() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let (mut torn, mut whole) = (0, 0);
    for number in 0..if soaks() { 40_000 } else { 800 } {
        let disk = FakeDisk::new(root(), number);
        let mut journal = open(&disk, SMALL_RESERVE);
        let kind = if number % 2 == 0 { Kind::WriteAt } else { Kind::SyncHandle };
        disk.plan(When::Kind(kind, number / 2 % 12), Fault::PowerCut);
        // Frames within the reserve, that make one, and that are larger than it.
        let mut sizes = Seed::new(number);
        let mut entries = Vec::new();
        loop {
            let next = entry(entries.len() as u64, sizes.below(3000));
            entries.push(next.clone());
            if journal.append(entries.len() as u64 - 1, &[next]).is_err() {
                break;
            }
        }
        let acknowledged = entries.len() - 1;
        let disk = disk.restart(root());
        let loaded = read_at_start(&disk, &path(), Some(acknowledged as u64));
        let loaded = loaded.unwrap_or_else(|error| panic!("case {number}: {error}"));
        assert!(loaded.entries.len() >= acknowledged, "case {number}");
        assert_eq!(loaded.entries, entries[..loaded.entries.len()], "case {number}");
        torn += usize::from(loaded.torn_bytes > 0);
        whole += usize::from(loaded.entries.len() > acknowledged);
    }
    assert!(torn > 20 && whole > 20, "{torn} torn, {whole} whole");
}

/// Of the model itself: a write over zeros may leave any of its sectors, and each as a whole.
#[test]
fn a_torn_write_leaves_any_selection_of_its_sectors() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let mut seen = BTreeSet::new();
    for seed in 0..4000 {
        let disk = FakeDisk::new(root(), seed);
        let mut file = disk.open_file(&path()).unwrap();
        file.write_at(0, &[0; 4096]).unwrap();
        disk.sync_everything().unwrap();
        // From the middle of a sector to the middle of the fourth.
        file.write_at(700, &[7; 1500]).unwrap();
        disk.cut_power();
        let image = disk.image();
        let content = image.content(Path::new("journal")).unwrap();
        assert_eq!(content.len(), 4096);
        let pieces = [700..1024, 1024..1536, 1536..2048, 2048..2200];
        let there = pieces.map(|piece| {
            let piece = &content[piece];
            assert!(piece.iter().all(|byte| *byte == piece[0]), "seed {seed}: a torn sector");
            piece[0] == 7
        });
        seen.insert(there);
    }
    assert_eq!(seen.len(), 16, "{seen:?}");
}
