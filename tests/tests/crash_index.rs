//! The index is only a cache: whatever happens to its folder, the log finds its entries again.
//!
//! And the small files that do not change while a log runs: keys and the registry of sources. A
//! flipped bit there is refused at the start, or says the same as before.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use log_server::admission::Admission;
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, Options};
use log_server::settings::Settings;
use log_server::sources::{self, Listing, Sources};
use spec::checkpoint::Origin;
use spec::hash::leaf_hash;
use tests::crash::points::soaks;
use tests::crash::script::{ORIGIN, Script};
use tests::crash::{copy_folder, folder};
use tests::seed::Seed;
use tests::store::embedded_only;

/// Why these tests are about one store.
const FOLDER: &str = "the log is opened in this process, over a data folder that has all of it";

/// More than the index keeps in memory, so that it has written runs.
const ENTRIES: usize = 70_000;

/// How many damaged folders are tried without soaking.
const SAMPLE: usize = 40;

/// How long a start and a rebuilt index may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn origin() -> Origin {
    Origin::parse(ORIGIN).unwrap()
}

fn open(data: &Path) -> Log {
    let keys = LogKeys::load(data, &origin()).unwrap();
    let sources = Sources::load(data).unwrap();
    let limits = Limits { waiting_entries: ENTRIES, ..Limits::default() };
    let data = data.to_owned();
    Log::open(Options { data, limits, keys, sources, witnesses: None }).unwrap()
}

fn entry(number: usize) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

/// A log in `data` whose index is on disk.
fn grow(data: &Path) {
    LogKeys::create(data, &origin(), false).unwrap();
    let disk = log_server::disk::MachineDisk::open(data).unwrap();
    let settings = Settings { origin: origin(), admission: Admission::Any };
    settings.create(&disk, data).unwrap();
    let log = open(data);
    wait_ready(&log).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for start in (0..ENTRIES).step_by(10_000) {
        let checked = (start..start + 10_000).map(|at| log.check(&entry(at)).unwrap()).collect();
        let answers = runtime.block_on(log.sequence_all(checked));
        assert!(answers.iter().all(Result::is_ok));
    }
    // A start brings the index up to the log, on disk too.
    close(log);
    let log = open(data);
    wait_ready(&log).unwrap();
    close(log);
}

fn wait_ready(log: &Log) -> Result<(), String> {
    let give_up = Instant::now() + PATIENCE;
    while !log.status().index_ready {
        if let Some(fatal) = log.status().fatal {
            return Err(fatal.to_string());
        }
        if Instant::now() > give_up {
            return Err("the index is never ready".to_string());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Finds entries all over the log, none that is not there, and takes new ones.
fn works(log: &Log, seed: &mut Seed) -> Result<(), String> {
    let give_up = Instant::now() + PATIENCE;
    for _ in 0..400 {
        let at = seed.below(ENTRIES);
        // Damage may show only now; the index is then rebuilt, and asked again.
        let found = loop {
            wait_ready(log)?;
            match log.lookup(leaf_hash(&entry(at))) {
                Ok(found) => break found,
                Err(error) if Instant::now() > give_up => return Err(error.to_string()),
                Err(_) => {}
            }
        };
        if found != Some(at as u64) {
            return Err(format!("entry {at} is found at {found:?}"));
        }
    }
    Ok(())
}

fn close(log: Log) {
    log.stop();
    log.join();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for listed in fs::read_dir(folder).unwrap().flatten() {
        if listed.path().is_dir() {
            found.extend(files(&listed.path()));
        } else {
            found.push(listed.path());
        }
    }
    found.sort();
    found
}

/// Something that a power cut, rot or an operator may do to a folder.
fn damage(index: &Path, seed: &mut Seed) -> String {
    let files = files(index);
    let file = &files[seed.below(files.len())];
    let mut bytes = fs::read(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    match seed.below(5) {
        0 => {
            fs::remove_file(file).unwrap();
            format!("{name} removed")
        }
        1 => {
            let length = seed.below(bytes.len() + 1);
            fs::write(file, &bytes[..length]).unwrap();
            format!("{name} cut to {length}")
        }
        2 => {
            let from = seed.below(bytes.len() + 1);
            bytes[from..].fill(0);
            fs::write(file, bytes).unwrap();
            format!("{name} zero from {from}")
        }
        _ => {
            let at = seed.below(bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << seed.below(8);
            }
            fs::write(file, bytes).unwrap();
            format!("{name} flipped at {at}")
        }
    }
}

#[test]
fn a_damaged_index_is_rebuilt_and_answers_right() {
    if embedded_only(FOLDER) {
        return;
    }
    let home = folder();
    let data = home.path().join("log");
    fs::create_dir(&data).unwrap();
    grow(&data);
    let kept = home.path().join("index");
    copy_folder(&data.join("index"), &kept);
    assert!(!files(&kept).is_empty());
    let mut seed = Seed::new(71);
    for number in 0..if soaks() { 2000 } else { SAMPLE } {
        fs::remove_dir_all(data.join("index")).unwrap();
        copy_folder(&kept, &data.join("index"));
        let what = damage(&data.join("index"), &mut seed);
        let log = open(&data);
        if let Err(why) = works(&log, &mut seed) {
            panic!("case {number}, {what}: {why}");
        }
        close(log);
    }
}

/// Damage found while the log runs, after entries came that wait in memory for a run.
#[test]
fn an_index_that_rots_under_a_running_log_is_rebuilt_once() {
    if embedded_only(FOLDER) {
        return;
    }
    let home = folder();
    let data = home.path().join("log");
    fs::create_dir(&data).unwrap();
    grow(&data);
    let log = open(&data);
    wait_ready(&log).unwrap();
    for path in files(&data.join("index")) {
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let length = file.metadata().unwrap().len() as usize;
        file.write_all_at(&vec![0xa5; length], 0).unwrap();
    }
    works(&log, &mut Seed::new(72)).unwrap();
    close(log);
}

#[test]
fn a_flipped_bit_in_a_key_file_is_refused() {
    if embedded_only(FOLDER) {
        return;
    }
    let home = folder();
    let origin = origin();
    let good = LogKeys::create(home.path(), &origin, true).unwrap();
    for name in ["keys/log.key", "keys/log-mldsa44.key"] {
        let path = home.path().join(name);
        let text = fs::read(&path).unwrap();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone();
                bytes[at] ^= 1 << bit;
                fs::write(&path, &bytes).unwrap();
                if let Ok(keys) = LogKeys::load(home.path(), &origin) {
                    let same = keys.verifier_keys() == good.verifier_keys();
                    assert!(same, "{name}: another key at byte {at}, bit {bit}");
                }
            }
        }
        fs::write(&path, &text).unwrap();
    }
}

#[test]
fn a_flipped_bit_in_the_registry_never_lists_another_key() {
    if embedded_only(FOLDER) {
        return;
    }
    let home = folder();
    let script = Script::write(Admission::Statements, 0, 1);
    sources::create(home.path()).unwrap();
    for key in script.sources.iter() {
        sources::add(home.path(), Listing::new(key, "line").unwrap()).unwrap();
    }
    let path = home.path().join("sources.toml");
    let text = fs::read(&path).unwrap();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            let Ok(listings) = sources::list(home.path()) else { continue };
            for listing in listings {
                let key = listing.source.key.to_string();
                assert!(script.sources.contains(&key), "byte {at}, bit {bit}: {key}");
            }
        }
    }
}
