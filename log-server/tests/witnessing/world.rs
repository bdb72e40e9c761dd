//! A log with witnesses, in a folder that goes away.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::answer::Published;
use log_server::disk::{Disk, MachineDisk};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, OpenError, Options};
use log_server::sources::Sources;
use log_server::witnesses::{Witnesses, read_policy};
use spec::checkpoint::Origin;
use spec::key::VerifierKey;
use spec::note::Note;
use spec::policy::Policy;
use tempfile::TempDir;

use crate::logs::copy_folder;
pub(crate) use crate::logs::{end, published, runtime, wait_until};
use crate::witness::Witness;

pub(crate) fn origin() -> Origin {
    Origin::parse("witnessed.example/log").unwrap()
}

/// A data folder and its witnesses.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) data: PathBuf,
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) policy: Policy,
    pub(crate) authorities: Option<PathBuf>,
    pub(crate) answer_time: Duration,
}

impl World {
    /// A log that was never opened, with `count` honest witnesses of which `quorum` must cosign.
    pub(crate) fn new(count: usize, quorum: usize) -> Self {
        Self::with(
            |keys| (0..count).map(|at| Witness::start(&format!("w{at}.example"), keys)).collect(),
            quorum,
        )
    }

    pub(crate) fn with(make: impl FnOnce(&[VerifierKey]) -> Vec<Witness>, quorum: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("log");
        let keys = log_server::init::init(&data, origin(), Admission::Any, true).unwrap();
        let witnesses = make(&keys);
        let lines: Vec<String> =
            witnesses.iter().enumerate().map(|(at, one)| one.line(&format!("w{at}"))).collect();
        let mut world = Self {
            policy: Policy::parse(b"quorum none\n").unwrap(),
            authorities: None,
            answer_time: Duration::from_secs(10),
            folder,
            data,
            witnesses,
        };
        world.set_policy(&lines.concat(), quorum);
        world
    }

    /// Makes the policy of these witness lines, named `w0` and so on.
    pub(crate) fn set_policy(&mut self, lines: &str, quorum: usize) {
        let names: String = (0..lines.lines().count()).map(|at| format!(" w{at}")).collect();
        let text = match quorum {
            0 => format!("{lines}quorum none\n"),
            _ => format!("{lines}group q {quorum}{names}\nquorum q\n"),
        };
        std::fs::write(self.policy_file(), text).unwrap();
        self.policy = read_policy(&self.policy_file(), &self.keys().verifier_keys()).unwrap();
    }

    pub(crate) fn policy_file(&self) -> PathBuf {
        self.folder.path().join("policy")
    }

    pub(crate) fn keys(&self) -> LogKeys {
        LogKeys::load(&self.data, &origin()).unwrap()
    }

    pub(crate) fn options(&self) -> Options {
        let authorities = self.authorities.as_deref();
        let witnesses = Witnesses::new(self.policy.clone(), authorities, self.answer_time).unwrap();
        Options {
            data: self.data.clone(),
            limits: Limits::default(),
            keys: self.keys(),
            sources: Sources::load(&self.data).unwrap(),
            witnesses: Some(witnesses),
        }
    }

    pub(crate) fn try_open(&self) -> Result<Log, OpenError> {
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(&self.data).unwrap());
        Log::open_on(self.options(), disk)
    }

    pub(crate) fn open(&self) -> Log {
        let log = self.try_open().unwrap();
        wait_until("the index is ready", || log.status().index_ready);
        log
    }

    /// Why the folder is refused.
    pub(crate) fn refusal(&self) -> String {
        match self.try_open() {
            Ok(log) => {
                end(&log);
                panic!("the log started, though it must not");
            }
            Err(OpenError::Fatal(fatal)) => fatal.to_string(),
            Err(other) => panic!("{other}"),
        }
    }

    /// How many cosignatures the published note has; it must satisfy the policy.
    pub(crate) fn cosigners(&self, published: &Published) -> usize {
        let note = Note::parse(&published.note).unwrap();
        let accepted = self.policy.check(&note).unwrap_or_else(|failure| panic!("{failure}"));
        accepted.cosigners().len()
    }

    /// A copy of the whole data folder as it is now.
    pub(crate) fn snapshot(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.data, copy.path());
        copy
    }

    /// Puts a copy back in place of the data folder.
    pub(crate) fn restore(&self, copy: &TempDir) {
        std::fs::remove_dir_all(&self.data).unwrap();
        copy_folder(copy.path(), &self.data);
    }

    /// Puts one file of a copy back.
    pub(crate) fn restore_file(&self, copy: &TempDir, name: &str) {
        std::fs::copy(copy.path().join(name), self.data.join(name)).unwrap();
    }
}

/// Adds an entry and returns its index.
pub(crate) fn add(log: &Log, entry: &str) -> u64 {
    let submission = log.check(entry.as_bytes()).unwrap();
    runtime().block_on(log.sequence(submission)).unwrap().index
}

/// Adds an entry and waits until it is published.
pub(crate) fn publish(log: &Log, entry: &str) -> Arc<Published> {
    let index = add(log, entry);
    published(log, index + 1)
}

/// The kind of what is wrong with a witness.
pub(crate) fn trouble(log: &Log, at: usize) -> Option<&'static str> {
    let status = log.status().witnessing.unwrap();
    status.witnesses[at].trouble.as_ref().map(|trouble| trouble.kind())
}
