//! Logs that are made, grown and stopped in this process, and the command under test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use log_server::admission::Admission;
use log_server::init::init;
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, Options};
use log_server::sources::Sources;
use spec::checkpoint::Origin;

pub(crate) const ORIGIN: &str = "copied.example/log";

/// Makes a log without entries. Returns its first key.
pub(crate) fn make(folder: &Path) -> String {
    let origin = Origin::parse(ORIGIN).unwrap();
    init(folder, origin, Admission::Any, true).unwrap()[0].to_string()
}

/// Opens it, adds `count` entries that begin with `mark`, and stops it.
pub(crate) fn grow(folder: &Path, count: u32, mark: &[u8]) {
    let origin = Origin::parse(ORIGIN).unwrap();
    let options = Options {
        data: folder.to_owned(),
        limits: Limits {
            waiting_entries: 100_000,
            seal_wait: Duration::ZERO,
            trim_bytes: 64 * 1024,
            ..Limits::default()
        },
        keys: LogKeys::load(folder, &origin).unwrap(),
        sources: Sources::load(folder).unwrap(),
        witnesses: None,
    };
    let log = Log::open(options).unwrap();
    add(&log, count, mark);
    log.stop();
    log.join();
}

/// Adds `count` entries that begin with `mark` to a log, and waits until all are published and sealed.
pub(crate) fn add(log: &Log, count: u32, mark: &[u8]) {
    let wait_until = |is_so: &dyn Fn() -> bool| {
        while !is_so() {
            assert_eq!(log.status().fatal, None);
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    wait_until(&|| log.status().index_ready);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = log.status().sequenced as u32;
    let numbers: Vec<u32> = (first..first + count).collect();
    for some in numbers.chunks(20_000) {
        let entries =
            some.iter().map(|at| log.check(&[mark, &at.to_be_bytes()].concat()).unwrap()).collect();
        let answers = runtime.block_on(log.sequence_all(entries));
        assert!(answers.into_iter().all(|answer| answer.is_ok()));
        let size = log.status().sequenced;
        wait_until(&|| log.status().sealed == size / 256 * 256 && log.status().published == size);
    }
}

/// Runs `fiducial-log` with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
    command.args(arguments).env_remove("FIDUCIAL_LOG_DATA").output().unwrap()
}

/// Runs it and demands this exit code. Returns both outputs.
pub(crate) fn expect(code: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// A path as an argument, for the rest of the test.
pub(crate) fn text(path: &Path) -> &'static str {
    Box::leak(path.to_str().unwrap().to_owned().into_boxed_str())
}

/// Every file of a tree with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&inside) else { continue };
        for entry in entries.map(|entry| entry.unwrap().path()) {
            let name = entry.strip_prefix(folder).unwrap().to_owned();
            if name.starts_with("staging") {
                continue;
            }
            if entry.is_dir() {
                folders.push(entry);
            } else {
                all.insert(name, std::fs::read(&entry).unwrap());
            }
        }
    }
    all
}

/// Changes one bit in the middle of a file.
pub(crate) fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}
