//! The witness: takes a request through its steps, and gives nothing out before it is durable.
//!
//! ```text
//! parse -> known log? -> its signature -> [the right to that log] -> decide -> its share of the day
//!   -> the time -> cosign in memory -> state + second record durable -> the lines leave
//! ```
//!
//! The right to a log is a lock in memory: requests for one log are decided one after the other,
//! those for different logs side by side, and all that wait share a commit. The cosignatures are
//! made before the commit, so that the very lines that are given out are stored with the tree and
//! shown by the monitoring GET for ever after; they leave this module only behind it.
//!
//! Invariants: a log's tree never becomes smaller, its time never earlier; what was decided on is
//! compared once more inside the commit ([`State::commit`](crate::state::State::commit)).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use spec::checkpoint::Origin;
use spec::cosignature::Timestamp;
use spec::key::VerifierKey;
use spec::note::Note;
use spec::witness::{AddCheckpoint, format_answer, monitoring_path};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use crate::clock::{Clock, ClockFault, MachineTime, TimeSource, Word};
use crate::decide::{Refusal, authenticate, decide};
use crate::files::{FileError, write_whole};
use crate::high_water::{Disagreement, HighWater, Record, compare};
use crate::keys::{KeysError, Signers};
use crate::limits::LogLimit;
use crate::registry::{Registry, RegistryError};
use crate::reload::Watched;
use crate::retired::Retired;
use crate::settings::{Settings, SettingsError};
use crate::state::{Change, Notes, Opened, Seen, State, StateError};
use crate::writer::{Job, Known, NotTaken, Writer};

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// State and second record do not go together.
    #[error(
        "{0}. Something was restored or copied. The keys must not sign again: run `fiducial-witness doctor`"
    )]
    Disagreement(#[from] Disagreement),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The second record is missing or unreadable.
    #[error(
        "the second record {} is missing or unreadable. If it was lost, nobody can tell whether the \
         state is the latest: run `fiducial-witness doctor`", .0.display()
    )]
    HighWater(PathBuf),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The logs cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The state cannot be used.
    #[error("{0}; see `fiducial-witness doctor`")]
    State(#[from] StateError),
}

/// Why a checkpoint was not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// The clock is not to be trusted.
    #[error("this witness signs nothing: {0}")]
    Clock(#[from] ClockFault),
    /// Too much waits.
    #[error("too many requests wait to be stored")]
    Overloaded,
    /// The log has used up its share.
    #[error("this log asks more often than its list allows")]
    RateLimited(Duration),
    /// The request is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The witness stopped by itself.
    #[error("this witness has stopped signing: {0}")]
    Stopped(String),
}

/// What a witness says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How many logs it knows.
    pub logs: usize,
    /// How many logs it ever cosigned.
    pub cosigned_logs: usize,
    /// Every reason why it does not sign, or not as it is told to.
    pub faults: Vec<String>,
}

/// One log in memory.
struct Slot {
    origin: Origin,
    known: Arc<AsyncMutex<Known>>,
    limit: Mutex<Option<Arc<LogLimit>>>,
}

#[derive(Default)]
struct Slots {
    by_origin: HashMap<Origin, Arc<Slot>>,
    /// By the hash in the monitoring path.
    by_path: HashMap<String, Arc<Slot>>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    signers: RwLock<Arc<Signers>>,
    registry: RwLock<Arc<Registry>>,
    slots: RwLock<Slots>,
    notes: Notes,
    writer: Writer,
    watched: Mutex<Watched>,
    /// Why the files of logs and keys could not be read the last time.
    reload_fault: Mutex<Option<String>>,
}

/// A running witness. Clones are handles to the same one.
#[derive(Clone)]
pub struct Witness(Arc<Shared>);

/// The thread that writes; it ends when every [`Witness`] handle is gone.
pub type WriterThread = JoinHandle<()>;

impl Witness {
    /// Opens the witness in `data` with the machine's clock.
    pub fn open(data: &Path, clock_is_right: bool) -> Result<(Self, WriterThread), OpenError> {
        let settings = Settings::load(data)?;
        let (opened, high_water) = open_records(&settings)?;
        Self::start(settings, opened, high_water, Box::new(MachineTime), clock_is_right)
    }

    /// Starts on what was opened.
    pub fn start(
        settings: Settings,
        opened: Opened,
        high_water: HighWater,
        time: Box<dyn TimeSource>,
        clock_is_right: bool,
    ) -> Result<(Self, WriterThread), OpenError> {
        let signers = Signers::load(&settings)?;
        let (registry, files) = Registry::load(&settings)?;
        let last = opened.logs.iter().map(|(_, seen)| seen.timestamp).max();
        let clock = Clock::start(time, last, take_word(&settings, clock_is_right)?);
        let notes = opened.state.notes();
        let mut slots = Slots::default();
        for (origin, seen) in opened.logs {
            slots.insert(origin, Some(seen));
        }
        let state_path = settings.state();
        let (writer, thread) =
            Writer::start(opened.state, high_water).map_err(FileError::at(&state_path))?;
        let watched = Watched::new(&settings, files);
        let shared = Shared {
            settings,
            clock,
            signers: RwLock::new(Arc::new(signers)),
            registry: RwLock::new(Arc::new(registry)),
            slots: RwLock::new(slots),
            notes,
            writer,
            watched: Mutex::new(watched),
            reload_fault: Mutex::default(),
        };
        Ok((Self(Arc::new(shared)), thread))
    }

    /// Answers an `add-checkpoint` request: the signature lines, durable in both records.
    ///
    /// May be dropped at any moment; what was submitted by then still becomes durable.
    pub async fn add(&self, body: &[u8]) -> Result<String, AddError> {
        let request = AddCheckpoint::parse(body).map_err(Refusal::from)?;
        let registry = Arc::clone(&read(&self.0.registry));
        let origin = request.head().origin();
        let mut lines = authenticate(&request, registry.trust(origin))?;

        let slot = self.slot(origin);
        let right = Arc::clone(&slot.known).lock_owned().await;
        let before = *right;
        let checkpoint = decide(&request, before.map(|seen| seen.tree))?;
        let tree = checkpoint.tree();
        let grows = before.is_none_or(|seen| seen.tree.size() < tree.size());
        let qpd = registry.log(origin).and_then(|log| log.qpd);
        if let Some(limit) = slot.limit(qpd) {
            limit.check(grows).map_err(AddError::RateLimited)?;
        }

        let now = self.0.clock.now()?;
        // The clock may be a little behind what was signed; the time in a cosignature never is.
        let timestamp = before.map_or(now, |seen| seen.timestamp.max(now));
        let signers = Arc::clone(&read(&self.0.signers));
        if signers.is_empty() {
            return Err(AddError::Stopped("none of its keys may sign any more".to_owned()));
        }
        let cosignatures = signers
            .sign(checkpoint, timestamp)
            .map_err(|error| AddError::Stopped(error.to_string()))?;
        let answer = format_answer(&cosignatures);
        lines.extend(cosignatures);
        let note = Note::new(request.note().text().to_owned(), lines).to_bytes();
        let after = Seen { tree, timestamp };
        let change = Change { origin: origin.clone(), before, after, note };

        let (done, durable) = oneshot::channel();
        self.0.writer.submit(Job { change, right, done }).map_err(|error| match error {
            NotTaken::Full => AddError::Overloaded,
            NotTaken::Stopped => self.stopped(),
        })?;
        durable.await.map_err(|_| self.stopped())?;
        Ok(answer)
    }

    /// The latest cosigned checkpoint of the log whose origin hashes to `hash`, for
    /// `GET /<hash>/checkpoint`; `None` when there is none.
    ///
    /// Shows nothing that is not durable in both records.
    pub async fn checkpoint(&self, hash: &str) -> Result<Option<Vec<u8>>, AddError> {
        let slot = read(&self.0.slots).by_path.get(hash).cloned();
        let Some(slot) = slot else { return Ok(None) };
        // While this is held no commit of the log is under way.
        let known = slot.known.lock().await;
        let Some(known) = *known else { return Ok(None) };
        let stored = self.0.notes.read(slot.origin.as_str());
        let stored = stored.map_err(|error| AddError::Stopped(error.to_string()))?;
        match stored {
            Some((seen, note)) if seen == known => Ok(Some(note)),
            // A commit whose second half failed: not given out, and the witness has stopped.
            _ => Err(self.stopped()),
        }
    }

    /// The public halves of the keys that sign.
    #[must_use]
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        read(&self.0.signers).verifier_keys().cloned().collect()
    }

    /// The name of the keys.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.settings.name.as_str()
    }

    /// Whether it signs, and if not, every reason.
    #[must_use]
    pub fn status(&self) -> Status {
        let stopped = self.0.writer.stopped().map(|reason| format!("it has stopped: {reason}"));
        let clock = self.0.clock.fault().map(|fault| {
            format!("{fault}; check the clock, then run `fiducial-witness doctor --clock-ok` and restart")
        });
        let reload = lock(&self.0.reload_fault).clone();
        let reload =
            reload.map(|fault| format!("the logs or keys as they were before are used: {fault}"));
        Status {
            logs: read(&self.0.registry).count(),
            cosigned_logs: read(&self.0.slots).by_origin.len(),
            faults: [stopped, clock, reload].into_iter().flatten().collect(),
        }
    }

    /// Looks at the clock and at the files of logs and keys, and reads those again that changed.
    ///
    /// To be called every second or so, on a thread that may block. What cannot be read stays as
    /// it was, and is a fault of the status until it can; a key that is known to be retired signs
    /// no more even so.
    pub fn tick(&self) {
        if let Some(ClockFault::Jumped(by)) = self.0.clock.fault() {
            self.note_jump(by);
        }
        let mut watched = lock(&self.0.watched);
        let has_failed = lock(&self.0.reload_fault).is_some();
        if !watched.is_due(has_failed) {
            return;
        }
        // Each by itself: a key that was retired must not sign on because a list of logs is broken,
        // nor a log that was disabled be cosigned because a key file is.
        let faults = [self.reload_logs(&mut watched), self.reload_keys()];
        let faults: Vec<String> = faults.into_iter().filter_map(Result::err).collect();
        let fault = (!faults.is_empty()).then(|| faults.join("; "));
        let mut known = lock(&self.0.reload_fault);
        if let Some(fault) = fault.as_ref().filter(|fault| known.as_ref() != Some(fault)) {
            tracing::error!(%fault, "the logs or keys stay as they were");
        }
        *known = fault;
    }

    fn reload_logs(&self, watched: &mut Watched) -> Result<(), String> {
        let loaded = Registry::load(&self.0.settings);
        let (registry, files) = loaded.map_err(|error| error.to_string())?;
        tracing::info!(logs = registry.count(), "read the logs again");
        watched.follow(&self.0.settings, files);
        *self.0.registry.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
        Ok(())
    }

    fn reload_keys(&self) -> Result<(), String> {
        let (signers, outcome) = match Signers::load(&self.0.settings) {
            Ok(signers) => (signers, Ok(())),
            Err(error) => {
                let retired = Retired::load_what_is_left(&self.0.settings);
                (read(&self.0.signers).without(&retired), Err(error.to_string()))
            }
        };
        *self.0.signers.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signers);
        outcome
    }

    /// Leaves a mark for the next start: a restart alone does not make a clock right.
    fn note_jump(&self, by: i64) {
        let path = self.0.settings.clock_stopped();
        if path.exists() {
            return;
        }
        tracing::error!(milliseconds = by, "the clock jumped; nothing is signed any more");
        // A word that was given before the jump says nothing of the time behind it.
        if let Err(error) = remove_if_there(&self.0.settings.clock_is_right()) {
            tracing::error!(%error, "the operator's earlier word on the clock could not be removed");
        }
        let text = format!("the clock jumped by {by} ms against monotonic time\n");
        if let Err(error) = write_whole(&path, text.as_bytes()) {
            tracing::error!(%error, "the mark that the clock jumped could not be written");
        }
    }

    fn slot(&self, origin: &Origin) -> Arc<Slot> {
        if let Some(slot) = read(&self.0.slots).by_origin.get(origin) {
            return Arc::clone(slot);
        }
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(origin.clone(), None)
    }

    fn stopped(&self) -> AddError {
        AddError::Stopped(self.0.writer.stopped().unwrap_or("the writer has ended").to_owned())
    }
}

impl Slots {
    /// Adds a log, unless it is there.
    fn insert(&mut self, origin: Origin, known: Known) -> Arc<Slot> {
        let slot = self.by_origin.entry(origin.clone()).or_insert_with(|| {
            let known = Arc::new(AsyncMutex::new(known));
            Arc::new(Slot { origin: origin.clone(), known, limit: Mutex::default() })
        });
        let path = monitoring_path(&origin);
        let hash = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        self.by_path.insert(hash.to_owned(), Arc::clone(slot));
        Arc::clone(slot)
    }
}

impl Slot {
    /// What the log may ask for; starts afresh when its list says something else.
    fn limit(&self, qpd: Option<u32>) -> Option<Arc<LogLimit>> {
        let qpd = NonZeroU32::new(qpd?)?;
        let mut limit = lock(&self.limit);
        if limit.as_ref().is_none_or(|limit| limit.qpd() != qpd.get()) {
            *limit = Some(Arc::new(LogLimit::new(qpd)));
        }
        limit.clone()
    }
}

/// Opens the state and the second record and compares them; a record that a crash left one commit
/// behind catches up, durably, before this returns.
pub fn open_records(settings: &Settings) -> Result<(Opened, HighWater), OpenError> {
    let opened = State::open(&settings.state())?;
    let missing = || OpenError::HighWater(settings.high_water.clone());
    let found = HighWater::open(&settings.high_water);
    let (mut high_water, record) = match found {
        Ok(found) => found.ok_or_else(missing)?,
        Err(error) if error.is_missing() => return Err(missing()),
        Err(error) => return Err(error.into()),
    };
    catch_up(&opened, &mut high_water, record).map_err(|error| match error {
        CatchUpError::Disagreement(error) => OpenError::Disagreement(error),
        CatchUpError::Io(error) => FileError::at(&settings.high_water)(error).into(),
    })?;
    Ok((opened, high_water))
}

/// Why the second record could not be brought level.
#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    /// The two do not go together.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// The record could not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Compares state and record, and brings the record level with the state.
pub fn catch_up(
    opened: &Opened,
    high_water: &mut HighWater,
    record: Record,
) -> Result<(), CatchUpError> {
    let head = opened.state.head();
    if compare(head, opened.chain_before, record)? {
        tracing::info!(commit = head.number, "the second record catches up after a crash");
        high_water.note(head)?;
    } else {
        // What a killed process wrote may be in the machine's memory only, and the checkpoint that
        // it stands for is shown from now on.
        high_water.settle()?;
    }
    Ok(())
}

/// What is known of the clock before a start.
#[must_use]
pub fn word_of(settings: &Settings) -> Word {
    if settings.clock_is_right().exists() {
        return Word::ClockIsRight;
    }
    if settings.clock_stopped().exists() { Word::StoppedBefore } else { Word::None }
}

/// What is known of the clock; the operator's word is used up.
fn take_word(settings: &Settings, clock_is_right: bool) -> Result<Word, FileError> {
    let word = if clock_is_right { Word::ClockIsRight } else { word_of(settings) };
    if word == Word::ClockIsRight {
        // The mark of the jump goes first: a crash in between leaves the word for the next start.
        remove_if_there(&settings.clock_stopped())?;
        remove_if_there(&settings.clock_is_right())?;
    }
    Ok(word)
}

fn remove_if_there(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::at(path)(error))
        }
        _ => Ok(()),
    }
}

/// The latest time in any cosignature of an opened state.
#[must_use]
pub fn last_signed(opened: &Opened) -> Option<Timestamp> {
    opened.logs.iter().map(|(_, seen)| seen.timestamp).max()
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
