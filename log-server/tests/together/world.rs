//! A log whose journal is in a database of the test's own, and its servers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::answer::{AddError, Sequenced};
use log_server::disk::MachineDisk;
use log_server::journal::postgres::{Database, DatabaseLimits, schema};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, OpenError, Options};
use log_server::objects::bucket::{BucketObjects, Patience};
use log_server::objects::place::{BucketPlace, ObjectArgs};
use log_server::objects::{FolderObjects, Objects};
use log_server::sources::Sources;
use log_server::witnesses::{ANSWER_TIME, Witnesses, read_policy};
use spec::checkpoint::Origin;
use spec::key::VerifierKey;
use tempfile::TempDir;

use crate::logs::copy_folder;
pub(crate) use crate::logs::{end, published, runtime, wait_until};
use crate::postgres::Postgres;
use crate::s3::{self, Server};

/// The bucket of the tests, with a prefix.
pub(crate) const STORE: &str = "s3://evidence/factory-7";

/// A store that is away is soon known to be.
const PATIENT: Patience = Patience {
    attempt: Duration::from_secs(10),
    hedge: Duration::from_secs(1),
    whole: Duration::from_millis(500),
};

pub(crate) fn origin() -> Origin {
    Origin::parse("together.example/log").unwrap()
}

/// See the module's text.
pub(crate) struct World {
    pub(crate) postgres: Postgres,
    /// Where its servers find the database, if not only there.
    pub(crate) address: Option<String>,
    /// Where full tiles are, if not in a folder.
    pub(crate) bucket: Option<Server>,
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
        Some(Self { postgres, address: None, bucket: None, folder, keys })
    }

    /// The same with full tiles in a bucket.
    pub(crate) fn with_bucket(admission: Admission) -> Option<Self> {
        Some(Self { bucket: Some(Server::start()), ..Self::new(admission)? })
    }

    /// A store at the server of `address`.
    pub(crate) fn place(&self, store: &str, address: SocketAddr) -> BucketPlace {
        let args = ObjectArgs {
            endpoint: Some(format!("http://{address}")),
            credentials: Some(s3::credentials(self.folder.path(), s3::KEY, s3::SECRET)),
            ..ObjectArgs::default()
        };
        args.place_of(store).unwrap()
    }

    /// Has servers that are opened from now on find the database by a way that can be taken away.
    pub(crate) fn lay_way(&mut self) -> Way {
        let socket = self.postgres.socket();
        let home = socket.parent().unwrap().to_owned();
        let way = Way { link: self.folder.path().join("way"), home };
        way.lay();
        let [link, home] = [&way.link, &way.home].map(|path| path.to_str().unwrap());
        self.address = Some(self.postgres.address().replace(home, link));
        way
    }

    fn objects(&self, name: &str) -> Box<dyn Objects> {
        if let Some(bucket) = &self.bucket {
            let place = self.place(STORE, bucket.address);
            return Box::new(BucketObjects::open_with(&place, PATIENT).unwrap());
        }
        self.folder_of_tiles("objects", name)
    }

    /// Copies the database aside as it is now; it is away for a moment.
    pub(crate) fn save_database(&mut self) {
        self.postgres.end();
        self.postgres.save();
        self.postgres.begin(&[]);
    }

    /// Puts that copy in place of the database, as if nothing had been since.
    pub(crate) fn put_database_back(&mut self) {
        self.postgres.end();
        self.postgres.restore();
        self.postgres.begin(&[]);
    }

    /// A folder of tiles, for the server `name`.
    pub(crate) fn folder_of_tiles(&self, folder: &str, name: &str) -> Box<dyn Objects> {
        let folder = self.folder.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let disk = Arc::new(MachineDisk::open(&folder).unwrap());
        Box::new(FolderObjects::shared(disk, &folder, name))
    }

    /// The data folder of a server, which has the keys and the sources of all.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        let data = self.folder.path().join(name);
        if !data.exists() {
            copy_folder(&self.template(), &data);
        }
        data
    }

    /// Writes the configuration of a server into its data folder.
    pub(crate) fn configure(&self, name: &str) {
        let tiles = self.folder.path().join("objects");
        let config = format!(
            "[journal]\naddress = \"{}\"\ntiles = \"{}\"\n",
            self.postgres.address(),
            tiles.display()
        );
        std::fs::write(self.data(name).join("fiducial-log.toml"), config).unwrap();
    }

    /// What each server's folder begins as.
    pub(crate) fn template(&self) -> PathBuf {
        self.folder.path().join("template")
    }

    pub(crate) fn try_open(&self, name: &str) -> Result<Log, OpenError> {
        self.try_open_on(name, self.objects(name))
    }

    /// The same with full tiles somewhere else.
    pub(crate) fn try_open_on(
        &self,
        name: &str,
        objects: Box<dyn Objects>,
    ) -> Result<Log, OpenError> {
        let data = self.data(name);
        let policy = data.join("policy");
        let keys = LogKeys::load(&data, &origin()).unwrap();
        let witnesses = policy.exists().then(|| {
            let policy = read_policy(&policy, &keys.verifier_keys()).unwrap();
            Witnesses::new(policy, None, ANSWER_TIME).unwrap()
        });
        let options = Options {
            sources: Sources::load(&data).unwrap(),
            limits: Limits {
                trim_bytes: 16 * 1024,
                seal_wait: Duration::from_millis(20),
                ..Limits::default()
            },
            data,
            keys,
            witnesses,
        };
        let address = self.address.clone().unwrap_or_else(|| self.postgres.address());
        Log::open_together(options, database(&address), objects)
    }

    pub(crate) fn open(&self, name: &str) -> Log {
        let log = self.try_open(name).unwrap();
        wait_until("the index is ready", || log.status().index_ready);
        log
    }
}

/// A symbolic link to the folder of the database's socket.
pub(crate) struct Way {
    link: PathBuf,
    home: PathBuf,
}

impl Way {
    /// Who goes this way finds no database any more.
    pub(crate) fn take_away(&self) {
        std::fs::remove_file(&self.link).unwrap();
    }

    /// It leads to the database, for the first time or again.
    pub(crate) fn lay(&self) {
        std::os::unix::fs::symlink(&self.home, &self.link).unwrap();
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
