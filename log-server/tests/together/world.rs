//! A log whose journal is in a database of the test's own, and its servers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::answer::{AddError, Sequenced};
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

use crate::logs::copy_folder;
pub(crate) use crate::logs::{end, published, runtime, wait_until};
use crate::postgres::Postgres;

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
        let policy = data.join("policy");
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
