//! The engine on a disk that can be held up and can refuse: what outlives a stop, what a restart
//! leaves behind, and what is said of a batch that was not stored.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers are tests too")]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use log_server::admission::Admission;
use log_server::answer::AddError;
use log_server::disk::{Disk, MachineDisk, OpenFile, write_whole};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, Options};
use log_server::settings::Settings;
use log_server::sources::{self, Listing, Sources};
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::{After, Draft};
use spec::key::{Algorithm, KeyName, SigningKey};

const ORIGIN: &str = "engine.example/log";

/// The machine's disk with a gate before the signed head, and appends that can be refused.
struct TestDisk {
    machine: MachineDisk,
    gate: Arc<Gate>,
    refuse_appends: Arc<AtomicBool>,
    /// Full: half of what is written stays, and the rest is refused.
    refuse_writes: AtomicBool,
    /// So many of the next reads of the journal see another byte at the end of its frames.
    spoil_reads: Arc<AtomicU32>,
}

impl TestDisk {
    fn open(folder: &Path) -> Self {
        Self {
            machine: MachineDisk::open(folder).unwrap(),
            gate: Arc::default(),
            refuse_appends: Arc::default(),
            refuse_writes: AtomicBool::new(false),
            spoil_reads: Arc::default(),
        }
    }
}

#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    moved: Condvar,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
        self.moved.notify_all();
    }

    fn pass(&self) {
        let closed = self.closed.lock().unwrap();
        drop(self.moved.wait_while(closed, |closed| *closed).unwrap());
    }
}

struct TestFile {
    file: Box<dyn OpenFile>,
    refuse: Arc<AtomicBool>,
}

impl OpenFile for TestFile {
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.refuse.load(Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.file.write_at(offset, bytes)
    }
}

impl Disk for TestDisk {
    fn create_folders(&self, path: &Path) -> io::Result<()> {
        self.machine.create_folders(path)
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        let file = self.machine.open_file(path)?;
        Ok(Box::new(TestFile { file, refuse: self.refuse_appends.clone() }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = self.machine.read(path)?;
        let take = |left: u32| left.checked_sub(1);
        if path.ends_with("journal")
            && self.spoil_reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
        {
            // What is behind the frames is zeros.
            let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            bytes[last] ^= 1;
        }
        Ok(bytes)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.machine.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.machine.rename(from, to)
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.machine.sync_everything()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.machine.sync_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.machine.sync_folder(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if path.to_string_lossy().contains("signed-head") {
            self.gate.pass();
        }
        if self.refuse_writes.load(Ordering::SeqCst) {
            self.machine.write(path, &bytes[..bytes.len() / 2])?;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.machine.write(path, bytes)
    }
}

fn make(folder: &Path, admission: Admission) {
    let origin = Origin::parse(ORIGIN).unwrap();
    LogKeys::create(folder, &origin, false).unwrap();
    sources::create(folder).unwrap();
    let disk = MachineDisk::open(folder).unwrap();
    Settings { origin, admission }.create(&disk, folder).unwrap();
}

fn options(folder: &Path, limits: Limits) -> Options {
    Options {
        data: folder.to_owned(),
        limits,
        keys: LogKeys::load(folder, &Origin::parse(ORIGIN).unwrap()).unwrap(),
        sources: Sources::load(folder).unwrap(),
        witnesses: None,
    }
}

fn wait_until(what: impl Fn() -> bool) {
    for _ in 0..2000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not happen within ten seconds");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn the_folder_stays_locked_until_the_last_thread_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), Admission::Any);
    let gate = Arc::new(Gate::default());
    let disk = TestDisk { gate: gate.clone(), ..TestDisk::open(folder.path()) };
    let log = Log::open_on(options(folder.path(), Limits::default()), Arc::new(disk)).unwrap();
    gate.set(true);
    let submission = log.check(b"signed late").unwrap();
    runtime().block_on(log.sequence(submission)).unwrap();
    log.stop();
    // The sequencer has nothing left to do and ends; the publisher stands at the gate.
    std::thread::sleep(Duration::from_millis(300));
    let lock = File::open(folder.path().join("lock")).unwrap();
    assert!(lock.try_lock().is_err(), "the log still writes, and its folder is free");
    gate.set(false);
    log.join();
    assert!(lock.try_lock().is_ok());
    assert_eq!(log.status().published, 1);
}

#[test]
fn restarts_do_not_keep_the_journal_from_being_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), Admission::Any);
    let limits = Limits { trim_bytes: 16 * 1024, ..Limits::default() };
    let mut sizes = Vec::new();
    for round in 0..8_u32 {
        let log = Log::open(options(folder.path(), limits)).unwrap();
        // What the last round left in the journal is stored again first; then a commit can trim it.
        let sealed = |log: &Log| log.status().sealed / 256 == log.status().sequenced / 256;
        wait_until(|| log.status().index_ready && sealed(&log));
        let entries: Vec<_> = (0..300_u32)
            .map(|at| log.check(&[&round.to_be_bytes()[..], &at.to_be_bytes(), &[7; 60]].concat()))
            .collect::<Result<_, _>>()
            .unwrap();
        let answers = runtime().block_on(log.sequence_all(entries));
        assert!(answers.iter().all(Result::is_ok));
        wait_until(|| log.status().published == log.status().sequenced);
        log.stop();
        log.join();
        sizes.push(fs::metadata(folder.path().join("journal")).unwrap().len());
    }
    // One round makes 21 kB. Untrimmed, eight would be 168 kB.
    assert!(*sizes.last().unwrap() < 84_000, "{sizes:?}");
}

#[test]
fn a_journal_with_other_entries_below_the_mark_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make(folder.path(), Admission::Any);
    let grow = |entries: &[&str]| {
        let log = Log::open(options(folder.path(), Limits::default())).unwrap();
        wait_until(|| log.status().index_ready);
        for entry in entries {
            let submission = log.check(entry.as_bytes()).unwrap();
            runtime().block_on(log.sequence(submission)).unwrap();
        }
        wait_until(|| log.status().published == log.status().sequenced);
        log.stop();
        log.join();
    };
    grow(&["one", "two"]);
    grow(&[]);
    let marked = fs::read(at("journal-mark")).unwrap();
    // The same keys and another past, longer and sound in itself, as parts of a copy would be that went on.
    for name in ["journal", "signed-head", "checkpoint", "journal-mark"] {
        fs::remove_file(at(name)).unwrap();
    }
    let _ = fs::remove_dir_all(at("index"));
    grow(&["one", "another", "three"]);
    let journal = fs::read(at("journal")).unwrap();
    let other = fs::read(at("journal-mark")).unwrap();
    fs::write(at("journal-mark"), &marked).unwrap();
    let refused = Log::open(options(folder.path(), Limits::default())).err();
    let refused = refused.expect("it is not the log that was marked").to_string();
    assert!(refused.contains("another tree of 2 entries"), "{refused}");
    assert_eq!(fs::read(at("journal")).unwrap(), journal, "a refused start changes nothing");
    assert_eq!(fs::read(at("journal-mark")).unwrap(), marked);
    fs::write(at("journal-mark"), &other).unwrap();
    grow(&[]);
}

#[test]
fn no_refusal_speaks_of_an_entry_that_was_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), Admission::Statements);
    let name = KeyName::parse("source.example/aoi").unwrap();
    let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[3; 32]).unwrap();
    let listing = Listing::new(&key.verifier().to_string(), "").unwrap();
    sources::add(folder.path(), listing).unwrap();
    let refuse_appends = Arc::new(AtomicBool::new(false));
    let disk = TestDisk { refuse_appends: refuse_appends.clone(), ..TestDisk::open(folder.path()) };
    let log = Log::open_on(options(folder.path(), Limits::default()), Arc::new(disk)).unwrap();
    let statement = |batch: &[u8]| {
        let origin = Origin::parse(ORIGIN).unwrap();
        let draft =
            Draft::new(origin, name.clone(), 0, Hash::ZERO, After::NOTHING, Hash::of(batch));
        log.check(&draft.unwrap().sign(&key).unwrap().to_bytes()).unwrap()
    };
    let both = || vec![statement(b"one"), statement(b"other")];

    refuse_appends.store(true, Ordering::SeqCst);
    let refused = runtime().block_on(log.sequence_all(both()));
    let all_storage = refused.iter().all(|answer| matches!(answer, Err(AddError::Storage(_))));
    assert!(all_storage, "{refused:?}");

    refuse_appends.store(false, Ordering::SeqCst);
    let answers = runtime().block_on(log.sequence_all(both()));
    assert_eq!(answers[0].as_ref().unwrap().index, 0);
    assert!(matches!(answers[1], Err(AddError::Taken { sequence: 0, index: 0, .. })));
    log.stop();
    log.join();
}

#[test]
fn a_journal_that_is_read_while_it_is_written_is_read_again_before_the_log_stops() {
    for (spoiled, stops) in [(1, false), (2, true)] {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), Admission::Any);
        let spoil_reads = Arc::new(AtomicU32::new(0));
        let disk = TestDisk { spoil_reads: spoil_reads.clone(), ..TestDisk::open(folder.path()) };
        let log = Log::open_on(options(folder.path(), Limits::default()), Arc::new(disk)).unwrap();
        wait_until(|| log.status().index_ready);
        spoil_reads.store(spoiled, Ordering::SeqCst);
        let submission = log.check(b"one").unwrap();
        runtime().block_on(log.sequence(submission)).unwrap();
        wait_until(|| log.status().published == 1 || log.status().fatal.is_some());
        assert_eq!(log.status().fatal.is_some(), stops);
        log.stop();
        log.join();
    }
}

#[test]
fn a_write_that_finds_no_space_leaves_nothing_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let disk = TestDisk::open(folder.path());
    let path = folder.path().join("state");
    write_whole(&disk, &path, b"whole").unwrap();
    disk.refuse_writes.store(true, Ordering::SeqCst);
    let refused = write_whole(&disk, &path, b"newer").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
