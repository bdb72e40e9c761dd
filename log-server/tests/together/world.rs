//! A log whose journal is in a database of the test's own, and its servers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log_server::admission::Admission;
use log_server::answer::{AddError, Published, Sequenced};
use log_server::disk::MachineDisk;
use log_server::journal::postgres::{Database, DatabaseLimits, schema};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, OpenError, Options};
use log_server::objects::FolderObjects;
use log_server::sources::Sources;
use log_server::witnesses::{ANSWER_TIME, Witnesses, read_policy};
use spec::checkpoint::Origin;
use spec::key::VerifierKey;
use tempfile::TempDir;

use crate::postgres::Postgres;

/// Nothing here takes so long: who waits longer has found a log that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn origin() -> Origin {
    Origin::parse("together.example/log").unwrap()
}

/// See the module's text.
pub(crate) struct World {
    pub(crate) postgres: Postgres,
    /// Where its servers find the database, if not only there.
    pub(crate) address: Option<String>,
    folder: TempDir,
    pub(crate) keys: Vec<VerifierKey>,
}

impl World {
    pub(crate) fn new(admission: Admission) -> Option<Self> {
        let postgres = Postgres::start()?;
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join("template");
        let keys = log_server::init::init(&template, origin(), admission, false).unwrap();
        schema::make(&database(&postgres.address()), &origin(), admission).unwrap();
        Some(Self { postgres, address: None, folder, keys })
    }

    /// The data folder of a server, which has the keys and the sources of all.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        let data = self.folder.path().join(name);
        if !data.exists() {
            copy_folder(&self.template(), &data);
        }
        data
    }

    /// What each server's folder begins as.
    pub(crate) fn template(&self) -> PathBuf {
        self.folder.path().join("template")
    }

    pub(crate) fn try_open(&self, name: &str) -> Result<Log, OpenError> {
        let data = self.data(name);
        let objects = self.folder.path().join("objects");
        std::fs::create_dir_all(&objects).unwrap();
        let disk = Arc::new(MachineDisk::open(&objects).unwrap());
        let policy = self.template().join("policy");
        let keys = LogKeys::load(&data, &origin()).unwrap();
        let witnesses = policy.exists().then(|| {
            let policy = read_policy(&policy, &keys.verifier_keys()).unwrap();
            Witnesses::new(policy, None, ANSWER_TIME).unwrap()
        });
        let options = Options {
            sources: Sources::load(&data).unwrap(),
            limits: Limits { trim_bytes: 16 * 1024, ..Limits::default() },
            data,
            keys,
            witnesses,
        };
        let objects = FolderObjects::shared(disk, &objects, name);
        let address = self.address.clone().unwrap_or_else(|| self.postgres.address());
        Log::open_together(options, database(&address), Box::new(objects))
    }

    pub(crate) fn open(&self, name: &str) -> Log {
        let log = self.try_open(name).unwrap();
        wait_until("the index is ready", || log.status().index_ready);
        log
    }
}

pub(crate) fn database(address: &str) -> Arc<Database> {
    let limits =
        DatabaseLimits { lease_time: Duration::from_millis(600), ..DatabaseLimits::default() };
    Arc::new(Database::new(address, None, limits).unwrap())
}

fn copy_folder(from: &Path, to: &Path) {
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

pub(crate) fn try_add(log: &Log, entry: &[u8]) -> Result<Sequenced, AddError> {
    runtime().block_on(log.sequence(log.check(entry)?))
}

/// Adds an entry and returns its index.
pub(crate) fn add(log: &Log, entry: &[u8]) -> u64 {
    try_add(log, entry).unwrap().index
}

/// Adds until it is taken; whatever was said before, the entry is in the log once.
pub(crate) fn insist(log: &Log, entry: &[u8]) -> u64 {
    loop {
        match try_add(log, entry) {
            Ok(sequenced) => return sequenced.index,
            Err(AddError::Storage(_)) => std::thread::sleep(Duration::from_millis(50)),
            Err(other) => panic!("{other}"),
        }
    }
}

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
