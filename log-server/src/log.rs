//! The log as one value: what the HTTP side, the tests and the programs call.
//!
//! [`Log::open`] recovers, starts the threads and returns a handle that is cheap to clone.
//! Everything that waits is asynchronous; everything else answers from memory or a file.

use std::cell::RefCell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::{KeyName, VerifierKey};
use spec::policy::Policy;
use spec::tile::{MAX_ENTRY_SIZE, Tile};
use tokio::sync::oneshot;

use crate::admission::{Admission, Submission};
use crate::answer::{AddError, Fatal, Published, ReadError, Sequenced, Status};
use crate::disk::{Disk, MachineDisk};
use crate::follower::Refreshed;
use crate::index::Key;
use crate::journal::postgres::Database;
use crate::keys::LogKeys;
use crate::objects::{FolderObjects, Objects};
use crate::queue::Request;
use crate::shared::Shared;
use crate::sources::Sources;
use crate::start::together::start_together;
use crate::start::{START_PATIENCE, Started, publish_first, start};
use crate::witnesses::Witnesses;
use crate::{indexer, sealer};

pub use crate::start::OpenError;

/// How long it waits for those that the quorum does not need.
const START_GRACE: Duration = Duration::from_millis(500);

/// How often who waits for a checkpoint looks whether the quorum is known to be away.
const OUTAGE_INTERVAL: Duration = Duration::from_millis(250);

/// How much may wait in memory before the log answers that it is overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries that wait for a commit.
    pub waiting_entries: usize,
    /// Their bytes.
    pub waiting_bytes: usize,
    /// Memory of committed entries that are not in objects yet.
    pub unsealed_bytes: usize,
    /// The journal is trimmed when it has grown by so many bytes beyond its base.
    pub trim_bytes: u64,
    /// How long a full bundle waits for others before it is stored.
    pub seal_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting_entries: 16_384,
            waiting_bytes: 32 * 1024 * 1024,
            unsealed_bytes: 32 * 1024 * 1024,
            trim_bytes: 1024 * 1024,
            seal_wait: Duration::from_millis(200),
        }
    }
}

/// What a log needs to be opened.
#[derive(Debug)]
pub struct Options {
    /// Its data folder.
    pub data: PathBuf,
    /// How much may wait.
    pub limits: Limits,
    /// What it signs with.
    pub keys: LogKeys,
    /// Whose statements it takes.
    pub sources: Sources,
    /// Whose word it needs before it publishes; `None` publishes on its own signature.
    pub witnesses: Option<Witnesses>,
}

/// An open log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    verifier_keys: Arc<[VerifierKey]>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Log {
    /// Recovers the log in a data folder and starts it.
    ///
    /// Takes the same time for any size of log. Returns once a head is published; with witnesses,
    /// once they have confirmed the last signed head, or cannot for the moment: then the log serves
    /// what it has published and takes entries, but signs and publishes nothing.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let disk = MachineDisk::open(&options.data)
            .map_err(|error| OpenError::Io { folder: options.data.clone(), error })?;
        Self::open_on(options, Arc::new(disk))
    }

    /// The same on a disk of the caller's, for tests of what a crash leaves.
    pub fn open_on(options: Options, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let objects = Box::new(FolderObjects::new(disk.clone(), &options.data));
        Self::open_with(options, disk, objects)
    }

    /// The same with full tiles and bundles in `objects`.
    pub fn open_with(
        options: Options,
        disk: Arc<dyn Disk>,
        objects: Box<dyn Objects>,
    ) -> Result<Self, OpenError> {
        Self::begin(start(options, disk, objects)?)
    }

    /// Opens one of several servers of a log whose journal is in a database.
    ///
    /// `options.data` is this server's own folder. Full tiles are kept in `objects`, which all servers
    /// must share. Returns once a head is published, by whichever server.
    pub fn open_together(
        options: Options,
        database: Arc<Database>,
        objects: Box<dyn Objects>,
    ) -> Result<Self, OpenError> {
        let disk = MachineDisk::open(&options.data)
            .map_err(|error| OpenError::Io { folder: options.data.clone(), error })?;
        Self::begin(start_together(options, Arc::new(disk), database, objects)?)
    }

    fn begin(started: Started) -> Result<Self, OpenError> {
        let Started { shared, mut sequencer, mut publisher, gatherer, follower, lock } = started;
        let in_office = publish_first(&shared, &mut publisher)?;
        let log = Self {
            verifier_keys: shared.keys.verifier_keys().into(),
            shared,
            threads: Arc::default(),
        };
        // Every thread that writes below the data folder holds the lock: another process can start
        // only when the last of them has ended.
        let lock = Arc::new(lock);
        if let Some(gatherer) = gatherer {
            log.spawn("witnesses", &lock, move || gatherer.run());
        }
        log.spawn("publisher", &lock, move || publisher.run());
        if let Some(follower) = follower {
            // Before the witnesses are heard: what they know may be what another server has signed.
            log.spawn("follower", &lock, move || follower.run());
        }
        if in_office {
            // Who is not offers nothing, and who is has heard them.
            log.hear_the_witnesses()?;
        }
        if let Some(witnessing) = &log.shared.witnessing {
            witnessing.board.end_start();
        }
        indexer::open_if_empty(&log.shared);
        let shared = log.shared.clone();
        log.spawn("sequencer", &lock, move || {
            let result = sequencer.run();
            if let Err(fatal) = &result {
                // Known to the publisher before it is told that no more comes.
                shared.fail(fatal);
            }
            shared.drained.store(true, Ordering::Release);
            shared.ring_all();
            result
        });
        let shared = log.shared.clone();
        log.spawn("sealer", &lock, move || sealer::run(&shared));
        let shared = log.shared.clone();
        log.spawn("indexer", &lock, move || indexer::run(&shared));
        Ok(log)
    }

    /// Waits until the witnesses have confirmed the last signed head, or each has said why not.
    ///
    /// Before this no entry is taken: a data folder that went back must not promise anything.
    fn hear_the_witnesses(&self) -> Result<(), OpenError> {
        let Some(witnessing) = &self.shared.witnessing else { return Ok(()) };
        let before = Instant::now();
        let board = &witnessing.board;
        while before.elapsed() < START_PATIENCE
            && self.shared.fatal().is_none()
            && (board.is_undecided(witnessing.policy())
                // A quorum is enough, but each of the others may know of a newer head as well.
                || (board.is_any_unheard() && before.elapsed() < START_GRACE))
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(fatal) = self.shared.fatal() {
            self.join();
            return Err(fatal.into());
        }
        if let Some(waiting) = witnessing.status().waiting {
            tracing::warn!(
                size = waiting.size,
                missing = waiting.missing.names().join(", "),
                "the quorum of witnesses is not reached: nothing new is published until it is"
            );
        }
        Ok(())
    }

    fn spawn(
        &self,
        name: &str,
        lock: &Arc<File>,
        work: impl FnOnce() -> Result<(), Fatal> + Send + 'static,
    ) {
        let shared = self.shared.clone();
        let lock = lock.clone();
        let named = name.to_string();
        let body = move || {
            // A panic is a bug of ours; the log must not go on without one of its threads.
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                Err(Fatal::new(format!(
                    "The {named} panicked, which is a bug of this program. Nothing more is \
                     accepted or signed; start the log again and report what its log says."
                )))
            });
            if let Err(fatal) = result {
                shared.fail(&fatal);
            }
            drop(lock);
        };
        let builder = std::thread::Builder::new().name(format!("log-{name}"));
        let thread = builder.spawn(body).expect("a thread can be started while the log opens");
        self.threads.lock().expect("no panic under this lock").push(thread);
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.shared.origin
    }

    /// The keys that its checkpoints verify under, Ed25519 first.
    #[must_use]
    pub fn verifier_keys(&self) -> &[VerifierKey] {
        &self.verifier_keys
    }

    /// What it takes.
    #[must_use]
    pub fn admission(&self) -> Admission {
        self.shared.admission
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Finds an entry among the committed ones, where that saves checking its signature, or a look into a
    /// store over a network where entries are put in order. An entry that is found keeps its index, whatever
    /// became of its source.
    ///
    /// Costs one hash and a look into the index, and a tile where it is there; `None` while the index is
    /// being rebuilt. Refused while the store is away that the tile is in: the sequencer would have to wait
    /// for it, and everybody for the sequencer.
    pub fn known(&self, entry: &[u8]) -> Result<Option<Sequenced>, AddError> {
        let is_any = self.shared.admission == Admission::Any;
        if (is_any && !self.is_remote()) || entry.len() > MAX_ENTRY_SIZE {
            return Ok(None);
        }
        match self.shared.find_leaf(leaf_hash(entry)) {
            Ok(found) => Ok(found.map(|index| Sequenced { index, known: true })),
            Err(error @ ReadError::Unreachable(_)) => Err(AddError::Storage(error.to_string())),
            // What cannot be read now is found, or refused, where entries are put in order.
            Err(_) => Ok(None),
        }
    }

    /// Whether [`Log::known`] or [`Log::check`] may wait for a network: for tiles in a store, or for what
    /// other servers have published. Then they have no place on a thread that serves requests.
    #[must_use]
    pub fn judging_may_wait(&self, entry: &[u8]) -> bool {
        let (is_remote, is_shared) = (self.is_remote(), self.shared.follow.is_some());
        if !(is_remote || is_shared) || entry.len() > MAX_ENTRY_SIZE {
            return false;
        }
        // Hashed only where what is found lies over a network.
        let is_found = |key| self.shared.index.candidates(key).is_ok_and(|found| !found.is_empty());
        if is_remote && is_found(Key::of_leaf(leaf_hash(entry))) {
            return true;
        }
        if self.shared.admission == Admission::Any {
            return false;
        }
        // What is no statement is refused by its form.
        let Ok(statement) = Statement::parse(entry) else { return false };
        let (after, published) = (statement.after().tree(), self.published().checkpoint.tree());
        let looks_back = after.size() > 0 && after != published;
        after.size() > published.size()
            || (is_remote
                && (looks_back
                    || is_found(Key::of_place(statement.source().as_str(), statement.sequence()))))
    }

    /// Judges an entry alone: form, signature, and that its `after` line is a tree of this log.
    ///
    /// Costs one signature verification for a statement and one hash otherwise; touches a few
    /// tiles where `after` is not the published checkpoint.
    pub fn check(&self, entry: &[u8]) -> Result<Submission, AddError> {
        if self.shared.admission == Admission::Any {
            return Submission::opaque(entry);
        }
        let origin = self.shared.origin.as_str();
        let (submission, statement) = Submission::statement(entry, origin, &self.shared.sources)?;
        let after = statement.after().tree();
        let size = after.size();
        // Another server may have published it; where that cannot be seen, it cannot be refused either.
        if size > self.published().checkpoint.tree().size()
            && self.shared.refresh() != Refreshed::All
        {
            if let Some(fatal) = self.shared.fatal() {
                // Nobody looks any more, and it will not become known.
                return Err(AddError::Fatal(fatal));
            }
            let away =
                "it is not known here yet what other servers have published, which this follows";
            return Err(AddError::Storage(away.to_owned()));
        }
        let published = self.published().checkpoint.tree();
        if size > published.size() {
            return Err(AddError::AfterUnpublished { size, published: published.size() });
        }
        let same = after == published || size == 0 || self.root_at(size)? == after.root();
        if !same {
            return Err(AddError::AfterMismatch { size });
        }
        if self.is_remote() {
            self.check_place(&submission)?;
        }
        Ok(submission)
    }

    /// Refuses another statement of a place that is taken, before the sequencer would look for it in a store
    /// over a network, and everybody would wait for the sequencer.
    fn check_place(&self, submission: &Submission) -> Result<(), AddError> {
        let Some(place) = submission.place() else { return Ok(()) };
        let of = |index: u64| Ok::<_, ReadError>((index, self.shared.leaf(index)?));
        match self.shared.find_place(place).and_then(|found| found.map(of).transpose()) {
            Ok(Some((index, accepted))) if accepted != submission.leaf() => {
                Err(AddError::Taken { sequence: place.sequence, index, accepted })
            }
            Err(error @ ReadError::Unreachable(_)) => Err(AddError::Storage(error.to_string())),
            // Else the sequencer decides.
            _ => Ok(()),
        }
    }

    fn root_at(&self, size: u64) -> Result<Hash, AddError> {
        let roots = self.shared.fold(&spec::tree::plan_root(size));
        let mut roots = roots.map_err(|error| AddError::Storage(error.to_string()))?;
        Ok(roots.pop().unwrap_or(Hash::EMPTY_ROOT))
    }

    /// Adds an entry. Resolves once it is durable; dropping the future loses only the answer.
    pub async fn sequence(&self, submission: Submission) -> Result<Sequenced, AddError> {
        let (answer, answered) = oneshot::channel();
        self.shared.queue.push(Request::One(submission, answer))?;
        // The sequencer ended without answering: only when the log stopped.
        answered.await.unwrap_or_else(|_| Err(AddError::Fatal(self.stopped())))
    }

    /// Adds entries with one commit, in order. Each gets its own answer.
    pub async fn sequence_all(
        &self,
        submissions: Vec<Submission>,
    ) -> Vec<Result<Sequenced, AddError>> {
        let count = submissions.len();
        let all = |error: AddError| vec![Err(error); count];
        if count == 0 {
            return Vec::new();
        }
        let (answer, answered) = oneshot::channel();
        if let Err(error) = self.shared.queue.push(Request::Many(submissions, answer)) {
            return all(error);
        }
        match answered.await {
            Ok(answers) => answers,
            // The sequencer ended without answering: only when the log stopped.
            Err(_) => all(AddError::Fatal(self.stopped())),
        }
    }

    fn stopped(&self) -> Fatal {
        self.shared.fatal().unwrap_or_else(|| Fatal::new("the log is stopping"))
    }

    /// The published checkpoint.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        self.shared.published()
    }

    /// The same, looked up anew at the other servers, if there are any, where it does not cover `index`: one of them
    /// may have published that entry, and have said so.
    #[must_use]
    pub fn published_with(&self, index: u64) -> Arc<Published> {
        self.shared.published_beyond(|size| index < size);
        self.published()
    }

    /// Waits until the published tree has at least `size` entries.
    pub async fn published_covering(&self, size: u64) -> Result<Arc<Published>, Fatal> {
        let mut seen = self.shared.seen.subscribe();
        let covers = |published: &Published| published.checkpoint.tree().size() >= size;
        let state = seen
            .wait_for(|state| covers(&state.published) || state.fatal.is_some())
            .await
            .map_err(|_| self.stopped())?
            .clone();
        if covers(&state.published) { Ok(state.published) } else { Err(self.stopped()) }
    }

    /// Waits until it is known that the head that is offered will lack its quorum for a while.
    pub async fn quorum_outage(&self) {
        let Some(witnessing) = &self.shared.witnessing else { return std::future::pending().await };
        while !witnessing.is_outage() {
            tokio::time::sleep(OUTAGE_INTERVAL).await;
        }
    }

    /// Reads a tile or bundle of the published tree.
    pub fn tile(&self, tile: Tile) -> Result<Bytes, ReadError> {
        self.shared.tile(tile)
    }

    /// Whether [`Log::tile`] answers from memory.
    #[must_use]
    pub fn is_in_memory(&self, tile: Tile) -> bool {
        self.shared.is_in_memory(tile)
    }

    /// Whether [`Log::tile`] may wait for a network: for a store, or, beyond what is published here, for what
    /// other servers have published.
    #[must_use]
    pub fn tile_may_wait(&self, tile: Tile) -> bool {
        let is_beyond = !tile.is_within(self.shared.published_size());
        (is_beyond && self.shared.follow.is_some())
            || (self.is_remote() && !self.is_in_memory(tile))
    }

    /// Whether what is not in memory has to be asked for over a network.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.shared.objects.is_remote()
    }

    /// Whether [`Log::entry`] answers from memory.
    #[must_use]
    pub fn is_entry_in_memory(&self, index: u64) -> bool {
        self.shared.tail.read().expect("no panic under this lock").entry(index).is_some()
    }

    /// Reads a published entry.
    pub fn entry(&self, index: u64) -> Result<Bytes, ReadError> {
        let published = self.shared.published_beyond(|size| index < size);
        if index >= published {
            return Err(ReadError::Beyond { published });
        }
        self.shared.entry(index)
    }

    /// Proves that an entry is in the published tree of `size` entries, or an earlier one.
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.shared.prove_inclusion(index, size)
    }

    /// Proves that the tree of `to` entries, at most the published, continues that of `from`.
    pub fn prove_consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, ReadError> {
        self.shared.prove_consistency(from, to)
    }

    /// Finds a published entry by its leaf hash, also where another server has published it just now.
    pub fn lookup(&self, leaf: Hash) -> Result<Option<u64>, ReadError> {
        let look = || {
            let found = self.shared.find_leaf(leaf)?;
            Ok::<_, ReadError>(found.filter(|index| *index < self.shared.published_size()))
        };
        match look()? {
            None if self.shared.follow.is_some() => {
                self.shared.refresh();
                look()
            }
            found => Ok(found),
        }
    }

    /// The leaf hash of a published entry.
    pub fn leaf(&self, index: u64) -> Result<Hash, ReadError> {
        let published = self.shared.published_beyond(|size| index < size);
        if index >= published {
            return Err(ReadError::Beyond { published });
        }
        self.shared.leaf(index)
    }

    /// Finds the published statement of a source with a sequence: the entry's index, and itself.
    ///
    /// Costs a look into the index and, where it finds something, into one bundle.
    pub fn find_statement(
        &self,
        source: &KeyName,
        sequence: u64,
    ) -> Result<Option<(u64, Statement)>, ReadError> {
        let found = RefCell::new(None);
        let key = Key::of_place(source.as_str(), sequence);
        self.shared.find(key, |index| {
            if index >= self.shared.published_size() {
                return Ok(false);
            }
            let statement = Statement::parse(&self.shared.entry(index)?)
                .map_err(|error| ReadError::Damaged(format!("entry {index}: {error}")))?;
            let is_it = statement.source() == source && statement.sequence() == sequence;
            if is_it {
                found.replace(Some((index, statement)));
            }
            Ok(is_it)
        })?;
        Ok(found.into_inner())
    }

    /// Whether [`Log::find_statement`] is likely to find one: true if it does, and false if it does
    /// not, but once in many billion times. Costs a look into the index.
    pub fn may_have_statement(&self, source: &KeyName, sequence: u64) -> Result<bool, ReadError> {
        let published = self.shared.published_size();
        let key = Key::of_place(source.as_str(), sequence);
        Ok(self.shared.find(key, |index| Ok(index < published))?.is_some())
    }

    /// The policy that its witnesses are counted by, if it needs any.
    #[must_use]
    pub fn witness_policy(&self) -> Option<&Policy> {
        self.shared.witnessing.as_ref().map(|witnessing| witnessing.policy())
    }

    /// What the log is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let (sequenced, sealed) = {
            let tail = self.shared.tail.read().expect("no panic under this lock");
            (tail.frontier().size(), tail.sealed())
        };
        let seen = self.shared.seen.borrow().clone();
        let mut witnessing = self.shared.witnessing.as_ref().map(|witnessing| witnessing.status());
        if let (Some(witnessing), Some(_)) = (&mut witnessing, &seen.fatal) {
            // A log that has stopped waits for no witness.
            witnessing.waiting = None;
        }
        Status {
            sequenced,
            sealed,
            published: seen.published.checkpoint.tree().size(),
            published_at: seen.published_at,
            waiting: self.shared.queue.entries(),
            index_ready: self.shared.index.is_ready(),
            refused: seen.refused,
            witnessing,
            fatal: seen.fatal,
        }
    }

    /// Begins to stop: new entries are refused, those that wait are committed and published.
    pub fn stop(&self) {
        self.shared.queue.close(Fatal::new("the log is stopping"));
    }

    /// Waits until everything has stopped. Does nothing the second time.
    pub fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().expect("no panic under this lock"));
        for thread in threads {
            thread.join().expect("the threads of the log catch their own panics");
        }
    }
}
