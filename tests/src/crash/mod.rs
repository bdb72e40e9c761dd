//! A world for crash tests: one log on a [`FakeDisk`], honest clients, and an [`Oracle`] that
//! remembers across restarts.
//!
//! A *life* is one process of the log. It ends by a stop, by a fatal error or by a power cut; the
//! next life starts in a fresh data folder over what the disk still has. What does not go through
//! the disk (the lock and the index, which is only a cache) is in the folder: the index is carried
//! over, lost or old, as the seed says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log_server::admission::{Admission, Submission};
use log_server::answer::{AddError, Sequenced};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, OpenError, Options};
use log_server::settings::Settings;
use log_server::sources::{self, Listing, Sources};
use spec::checkpoint::Origin;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::fake_disk::FakeDisk;
use crate::fake_disk::image::Image;
use crate::oracle::Oracle;
use crate::seed::Seed;
use script::{ORIGIN, Script, Step};

pub mod points;
pub mod script;
pub mod server;

/// Nothing in these tests takes so long: who waits longer has found a log that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long is waited before the power is looked at: a publisher without it waits for ever.
const GLANCE: Duration = Duration::from_millis(20);

/// The journal is trimmed at so many bytes, so that a few hundred entries trim it many times.
pub const TRIM_BYTES: u64 = 16 * 1024;

/// Why a run ended before its script.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// The script is done.
    Done,
    /// The log refused: its disk failed it.
    Refused(String),
}

/// See the module's text.
pub struct World {
    /// Keys and registry: the same in every life.
    fixed: Arc<TempDir>,
    live: TempDir,
    /// Folders of past lives: a life without power may still be opening its index there.
    past: Vec<TempDir>,
    origin: Origin,
    seed: Seed,
    runtime: Runtime,
    script: Script,
    /// The disk of this life.
    pub disk: FakeDisk,
    /// What was promised in all lives.
    pub oracle: Oracle,
    /// The step of the script that is next.
    pub next: usize,
}

impl World {
    /// Makes a log that will be sent `script`.
    #[must_use]
    pub fn new(script: &Script, seed: u64) -> Self {
        let (fixed, live) = (folder(), folder());
        let origin = Origin::parse(ORIGIN).expect("a plain origin");
        let keys = LogKeys::create(fixed.path(), &origin, false).expect("keys can be made");
        sources::create(fixed.path()).expect("a registry can be written");
        for key in script.sources.iter() {
            let listing = Listing::new(key, "").expect("an Ed25519 key");
            sources::add(fixed.path(), listing).expect("the registry takes it");
        }
        let disk = FakeDisk::new(live.path(), seed);
        let settings = Settings { origin: origin.clone(), admission: script.admission };
        settings.create(&disk, live.path()).expect("an empty disk takes it");
        Self {
            oracle: Oracle::new(keys.verifier_keys().swap_remove(0)),
            fixed: Arc::new(fixed),
            live,
            past: Vec::new(),
            origin,
            seed: Seed::new(seed ^ 0x5eed),
            runtime: runtime(),
            script: script.clone(),
            disk,
            next: 0,
        }
    }

    /// The data folder of this life.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.live.path()
    }

    /// Starts a life.
    pub fn open(&self) -> Result<Log, OpenError> {
        let keys = LogKeys::load(self.fixed.path(), &self.origin).expect("the keys are sound");
        let sources = Sources::load(self.fixed.path()).expect("the registry is sound");
        let limits =
            Limits { trim_bytes: TRIM_BYTES, seal_wait: Duration::ZERO, ..Limits::default() };
        let data = self.live.path().to_owned();
        let options = Options { data, limits, keys, sources, witnesses: None };
        Log::open_on(options, Arc::new(self.disk.clone()))
    }

    /// Ends a life. Without power its threads are left to find that out by themselves.
    pub fn close(&self, log: Log) {
        log.stop();
        if !self.disk.is_off() {
            log.join();
        }
    }

    /// Puts what is left before a fresh process, in a fresh folder.
    pub fn reboot(&mut self) {
        let live = folder();
        if self.seed.once_in(2) {
            copy_folder(&self.live.path().join("index"), &live.path().join("index"));
        }
        self.disk = self.disk.restart(live.path());
        self.past.push(std::mem::replace(&mut self.live, live));
    }

    /// Another world with the same log, promises and script, on a copy of some disk. Its index is
    /// lost.
    #[must_use]
    pub fn beside(&self, image: Image, seed: u64) -> Self {
        let live = folder();
        Self {
            fixed: self.fixed.clone(),
            origin: self.origin.clone(),
            seed: Seed::new(seed),
            runtime: runtime(),
            script: self.script.clone(),
            disk: FakeDisk::of_image(live.path(), image, seed),
            oracle: self.oracle.on_another_disk(),
            next: self.next,
            past: Vec::new(),
            live,
        }
    }

    /// Sends the script from where it was left, until its end or until the log refuses. An `Err` is
    /// a broken promise.
    pub fn drive(&mut self, log: &Log, until: usize) -> Result<Ended, String> {
        let steps = self.script.steps.clone();
        self.wait_index(log)?;
        while let Some(step) = steps[..until.min(steps.len())].get(self.next) {
            let ended = self.send(log, step)?;
            self.oracle.saw_written(&self.disk.notes())?;
            if ended != Ended::Done {
                return Ok(ended);
            }
            self.next += 1;
        }
        Ok(Ended::Done)
    }

    /// Waits until every full bundle is stored.
    pub fn wait_sealed(&self, log: &Log) -> Result<(), String> {
        let give_up = Instant::now() + PATIENCE;
        while log.status().sealed + 256 <= log.status().sequenced {
            if Instant::now() > give_up {
                return Err(format!("full bundles are not stored: {:?}", log.status()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Adds entries with one commit on a sound disk; gives their indices.
    pub fn add_together(&mut self, log: &Log, entries: &[Vec<u8>]) -> Result<Vec<u64>, String> {
        self.wait_index(log)?;
        let answers = self.runtime.block_on(submit(log, entries, false))?;
        let mut indices = Vec::with_capacity(entries.len());
        for (entry, answer) in entries.iter().zip(answers) {
            let sequenced = answer.map_err(|error| error.to_string())?;
            self.oracle.acknowledge(sequenced.index, entry)?;
            indices.push(sequenced.index);
        }
        Ok(indices)
    }

    /// Waits until all is published, reads the whole log back and judges it.
    pub fn audit(&mut self, log: &Log) -> Result<(), String> {
        let size = log.status().sequenced;
        if let Ended::Refused(why) = self.wait_published(log, size)? {
            return Err(format!("the log does not publish: {why}"));
        }
        self.oracle.saw_written(&self.disk.notes())?;
        let entries = self.oracle.audit(log)?;
        for (index, entry) in entries.iter().enumerate() {
            match log.entry(index as u64) {
                Ok(read) if read == *entry => {}
                other => return Err(format!("entry {index} reads as {other:?}")),
            }
        }
        Ok(())
    }

    /// Opens, audits, sends a few more steps, audits again and closes: what must work after
    /// anything that is not the disk's fault.
    pub fn prove_alive(&mut self, steps: usize) -> Result<(), String> {
        let log = self.open().map_err(|error| format!("does not open: {error}"))?;
        self.audit(&log)?;
        let until = self.next + steps;
        if let Ended::Refused(why) = self.drive(&log, until)? {
            return Err(format!("refuses on a sound disk: {why}"));
        }
        self.again(&log)?;
        self.audit(&log)?;
        self.close(log);
        self.oracle.saw_written(&self.disk.notes())
    }

    /// Adds some acknowledged entries again: each must get the index it has.
    fn again(&mut self, log: &Log) -> Result<(), String> {
        let every = 1 + self.oracle.acknowledged() / 8;
        let entries: Vec<Vec<u8>> =
            self.oracle.entries().step_by(every).map(|(_, entry)| entry.to_vec()).collect();
        let step = Step { entries, apart: false, after: 0, settle: false };
        match self.send(log, &step)? {
            Ended::Done => Ok(()),
            Ended::Refused(why) => Err(format!("does not know its own entries: {why}")),
        }
    }

    fn send(&mut self, log: &Log, step: &Step) -> Result<Ended, String> {
        if let ended @ Ended::Refused(_) = self.wait_published(log, step.after)? {
            return Ok(ended);
        }
        let mut left = step.entries.clone();
        let mut refused = None;
        let give_up = Instant::now() + PATIENCE;
        while !left.is_empty() {
            if Instant::now() > give_up {
                return Err("the log keeps asking to try again".to_string());
            }
            let answers = self.runtime.block_on(submit(log, &left, step.apart))?;
            let mut again = Vec::new();
            let mut chained = None;
            for (entry, answer) in left.into_iter().zip(answers) {
                match answer {
                    Ok(sequenced) => self.oracle.acknowledge(sequenced.index, &entry)?,
                    Err(AddError::IndexNotReady | AddError::Overloaded) => again.push(entry),
                    Err(error @ (AddError::Fatal(_) | AddError::Storage(_))) => {
                        refused = Some(error.to_string());
                    }
                    // The statement before it was refused; it is sent again with that one.
                    Err(AddError::WrongPlace { .. }) if !again.is_empty() => again.push(entry),
                    Err(error) => chained = Some(error.to_string()),
                }
            }
            match (&refused, chained) {
                (Some(_), _) => break,
                (None, Some(error)) => return Err(format!("an honest entry is refused: {error}")),
                (None, None) => {}
            }
            if !again.is_empty() {
                std::thread::sleep(Duration::from_millis(2));
            }
            left = again;
        }
        match refused {
            Some(why) => Ok(Ended::Refused(why)),
            None if step.settle => self.wait_published(log, log.status().sequenced),
            None => Ok(Ended::Done),
        }
    }

    /// Until it is ready some entries are refused and later ones taken: no order would be sure.
    fn wait_index(&self, log: &Log) -> Result<(), String> {
        let give_up = Instant::now() + PATIENCE;
        while !log.status().index_ready && log.status().fatal.is_none() {
            if Instant::now() > give_up {
                return Err("the index is never ready".to_string());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn wait_published(&mut self, log: &Log, size: u64) -> Result<Ended, String> {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            let covering = log.published_covering(size);
            let covering = async { tokio::time::timeout(GLANCE, covering).await };
            match self.runtime.block_on(covering) {
                Ok(Ok(published)) => {
                    self.oracle.saw(&published.note)?;
                    return Ok(Ended::Done);
                }
                Ok(Err(fatal)) => return Ok(Ended::Refused(fatal.to_string())),
                Err(_) if self.disk.is_off() => {
                    return Ok(Ended::Refused("the power is off".to_string()));
                }
                Err(_) if self.disk.is_full() => {
                    return Ok(Ended::Refused("the head could not be stored".to_string()));
                }
                Err(_) => {}
            }
        }
        Err(format!("size {size} is not published: {:?}", log.status()))
    }
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime can be made")
}

type Answers = Vec<Result<Sequenced, AddError>>;

async fn submit(log: &Log, entries: &[Vec<u8>], apart: bool) -> Result<Answers, String> {
    let checked: Result<Vec<Submission>, AddError> =
        entries.iter().map(|entry| log.check(entry)).collect();
    let submissions = match checked {
        Ok(submissions) => submissions,
        Err(error) => return Ok(vec![Err(error); entries.len()]),
    };
    let work = async {
        if !apart {
            return log.sequence_all(submissions).await;
        }
        let mut requests = JoinSet::new();
        for (at, submission) in submissions.into_iter().enumerate() {
            let log = log.clone();
            requests.spawn(async move { (at, log.sequence(submission).await) });
        }
        let mut answers = requests.join_all().await;
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    };
    let answered = tokio::time::timeout(PATIENCE, work).await;
    answered.map_err(|_| "entries are not answered".to_string())
}

/// A folder in memory where there is one: the index syncs a lot.
#[must_use]
pub fn folder() -> TempDir {
    let made = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    made.expect("a temporary folder can be made")
}

/// Copies a folder's files, as far as they can be read: what uses it may still be running.
pub fn copy_folder(from: &Path, to: &Path) {
    let Ok(listing) = std::fs::read_dir(from) else { return };
    std::fs::create_dir_all(to).expect("a temporary folder can be written");
    for file in listing.flatten() {
        let (from, to): (PathBuf, PathBuf) = (file.path(), to.join(file.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else if let Ok(bytes) = std::fs::read(&from) {
            std::fs::write(&to, bytes).expect("a temporary folder can be written");
        }
    }
}

/// The two kinds of logs, for tests that run over both.
pub const ADMISSIONS: [Admission; 2] = [Admission::Any, Admission::Statements];
