//! The two homes of one log: `log`, with the embedded journal and its tiles beside it, and `a`, with the
//! journal in PostgreSQL and its tiles in a bucket. And a client that verifies it wherever it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use log_server::config::{Config, ServeArgs};
use log_server::copy::Listener;
use log_server::copy::moving::{Step, Watch};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, OpenError, Options};
use log_server::sources::Sources;
use spec::checkpoint::Origin;
use spec::hash::leaf_hash;
use spec::note::Note;
use spec::policy::Policy;
use spec::tree::{Tree, verify_consistency, verify_inclusion};

use crate::bucket::Bucket;
use crate::postgres::Postgres;
use crate::support;
use crate::support::{ORIGIN, make, run, text};

/// Where `a` keeps its tiles.
pub(crate) const STORE: &str = "s3://evidence/factory-7";

/// See the module's text.
pub(crate) struct Homes {
    folder: tempfile::TempDir,
    pub(crate) postgres: Postgres,
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
}

impl Homes {
    pub(crate) fn new() -> Option<Self> {
        Self::over(Bucket::here())
    }

    pub(crate) fn over(bucket: Bucket) -> Option<Self> {
        let (postgres, folder) = (Postgres::start()?, tempfile::tempdir().unwrap());
        let key = make(&folder.path().join("log"));
        let homes = Self { folder, postgres, bucket, key };
        homes.prepare("a");
        Some(homes)
    }

    /// A folder as an operator prepares it: the keys, and where the rest is to be.
    pub(crate) fn prepare(&self, name: &str) {
        self.prepare_in(name, &self.postgres);
    }

    /// The same with the journal in another database, and the tiles where they are.
    pub(crate) fn prepare_in(&self, name: &str, postgres: &Postgres) {
        self.prepare_over(name, postgres, STORE);
    }

    /// The same with the tiles elsewhere as well.
    pub(crate) fn prepare_over(&self, name: &str, postgres: &Postgres, store: &str) {
        let data = self.at(name);
        fs::create_dir(&data).unwrap();
        self.copy_keys(name);
        let config = format!(
            "[journal]\naddress = \"{}\"\n[objects]\n{}",
            postgres.address(),
            self.bucket.section(store, self.folder.path())
        );
        fs::write(data.join("fiducial-log.toml"), config).unwrap();
    }

    pub(crate) fn copy_keys(&self, name: &str) {
        let copied = std::process::Command::new("cp")
            .arg("-rp")
            .arg(self.at("log/keys"))
            .arg(self.at(name).join("keys"))
            .status();
        assert!(copied.unwrap().success());
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of a home, for the command.
    pub(crate) fn path(&self, name: &str) -> &'static str {
        text(&self.at(name))
    }

    /// Moves with the command. Returns the exit code and what was said.
    pub(crate) fn command(&self, from: &str, to: &str, more: &[&str]) -> (i32, String) {
        let mut arguments = vec!["copy", "--move", "--from", self.path(from), "--to"];
        arguments.push(self.path(to));
        arguments.extend(more);
        let output = run(&arguments);
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        (output.status.code().unwrap_or(-1), said.concat())
    }

    /// The same, which must succeed.
    #[track_caller]
    pub(crate) fn carry(&self, from: &str, to: &str) -> String {
        let (code, said) = self.command(from, to, &[]);
        assert_eq!(code, 0, "{said}");
        said
    }

    /// Opens the log at one of its homes.
    pub(crate) fn try_open(&self, name: &str) -> Result<Log, OpenError> {
        let data = self.at(name);
        let origin = Origin::parse(ORIGIN).unwrap();
        let options = Options {
            limits: Limits {
                waiting_entries: 100_000,
                seal_wait: Duration::ZERO,
                trim_bytes: 64 * 1024,
                ..Limits::default()
            },
            keys: LogKeys::load(&data, &origin).unwrap(),
            // A home that is not filled yet may have none, and is not asked for any then.
            sources: match Sources::load(&data) {
                Ok(sources) => sources,
                Err(_) => Sources::load(&self.at("log")).unwrap(),
            },
            witnesses: None,
            data: data.clone(),
        };
        let args = ServeArgs { data: Some(data), ..ServeArgs::default() };
        match Config::load(args).unwrap().journal {
            None => Log::open(options),
            Some(journal) => {
                Log::open_together(options, journal.database, journal.tiles.open().unwrap())
            }
        }
    }

    pub(crate) fn open(&self, name: &str) -> Log {
        self.try_open(name).unwrap()
    }

    /// Demands that the log is served at `name` and at no other home.
    #[track_caller]
    pub(crate) fn check_only(&self, name: &str) {
        for home in ["log", "a"] {
            match self.try_open(home) {
                Ok(log) => {
                    end(&log);
                    assert_eq!(home, name);
                }
                Err(error) => assert_ne!(home, name, "{error}"),
            }
        }
    }

    /// Demands that it is served nowhere.
    #[track_caller]
    pub(crate) fn check_nowhere(&self) {
        for home in ["log", "a"] {
            let refused = self.try_open(home).err();
            assert!(refused.is_some(), "{home} is served");
        }
    }

    /// Grows the log where it is, and looks at it.
    pub(crate) fn grow(&self, name: &str, count: u32, client: &mut Client) {
        let log = self.open(name);
        support::add(&log, count, b"");
        client.look(&log);
        end(&log);
    }
}

pub(crate) fn end(log: &Log) {
    log.stop();
    log.join();
}

/// A client that knows the log's key and what it has seen, and nothing of where the log is.
pub(crate) struct Client {
    policy: Policy,
    seen: Tree,
    notes: BTreeMap<u64, Vec<u8>>,
}

impl Client {
    pub(crate) fn new(homes: &Homes) -> Self {
        let policy = Policy::parse(format!("log {}\nquorum none\n", homes.key).as_bytes());
        Self { policy: policy.unwrap(), seen: Tree::EMPTY, notes: BTreeMap::new() }
    }

    /// Verifies what the log shows now: signed, consistent with what was seen, and entries of all ages in
    /// it. One size has one note, wherever it is shown.
    #[track_caller]
    pub(crate) fn look(&mut self, log: &Log) {
        let note = log.published().note.clone();
        let tree = self.policy.check(&Note::parse(&note).unwrap()).unwrap().tree();
        let (old, new) = (self.seen, tree);
        assert!(new.size() >= old.size(), "it went back from {} to {}", old.size(), new.size());
        let proof = log.prove_consistency(old.size(), new.size()).unwrap();
        verify_consistency(old, new, &proof).unwrap();
        let first = self.notes.entry(new.size()).or_insert_with(|| note.to_vec());
        assert_eq!(first.as_slice(), &note[..], "two notes of {} entries", new.size());
        for part in 0..16 {
            let index = (new.size() - 1) * part / 15;
            let entry = log.entry(index).unwrap();
            assert_eq!(entry, (index as u32).to_be_bytes().as_slice());
            let proof = log.prove_inclusion(index, new.size()).unwrap();
            verify_inclusion(leaf_hash(&entry), index, new, &proof).unwrap();
        }
        self.seen = new;
    }

    pub(crate) const fn size(&self) -> u64 {
        self.seen.size()
    }
}

/// Says nothing, and ends the process, as far as a test can, behind one step.
pub(crate) struct CrashBehind(pub(crate) Option<Step>);

impl Listener for CrashBehind {
    fn progress(&self, _: u64, _: u64) {}
}

impl Watch for CrashBehind {
    fn reached(&self, step: Step) {
        if self.0 == Some(step) {
            // Without the words of a panic: what is dropped is dropped, as at the end of a process.
            std::panic::resume_unwind(Box::new("crashed"));
        }
    }
}
