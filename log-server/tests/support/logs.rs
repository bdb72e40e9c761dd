//! What tests do with any open log: wait for it, end it, copy its folder.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use log_server::answer::Published;
use log_server::log::Log;

/// Nothing here takes so long: who waits longer has found a log that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the published tree has at least `size` entries.
#[track_caller]
pub(crate) fn published(log: &Log, size: u64) -> Arc<Published> {
    let waited = async { tokio::time::timeout(PATIENCE, log.published_covering(size)).await };
    runtime().block_on(waited).expect("published in time").unwrap()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn end(log: &Log) {
    log.stop();
    log.join();
}

#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let before = Instant::now();
    while before.elapsed() < PATIENCE {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it did not come so far: {what}");
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}
