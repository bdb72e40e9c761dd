//! A disk that stands in for the machine: it loses power, fails, runs full and rots, as told.
//!
//! It keeps the promises of `log_server::disk` and no more. Faults are planned by the number of an
//! operation; what a power cut leaves is drawn from a seed (see [`image`]). The choices of one
//! disk depend on the seed and on the order in which the engine's threads reach it.
//!
//! It also witnesses: every signed note that is written passes through here, so no signature is
//! ever made that a test does not know of. And at each write of a checkpoint it notes which signed
//! head was durable then, since the one must never be ahead of the other.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log_server::disk::{Disk, OpenFile};
use log_server::heads::{CHECKPOINT, SIGNED_HEAD};

use crate::seed::Seed;
use image::Image;
use operation::{Operation, Output};

pub use operation::Kind;

pub mod image;
mod operation;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was done, and reported as failed.
    DoneButFailed,
    /// A sync failed and gave up the data that was waiting for it.
    Dropped,
    /// It was not done, and reported as failed.
    Lost,
    /// The power goes during it; nothing works from then on.
    PowerCut,
}

/// Which operation it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The n-th one that changes something, from 0.
    Change(u64),
    /// The n-th one of a kind, from 0.
    Kind(Kind, u64),
}

/// A signed note on its way to the disk.
#[derive(Clone, Debug)]
pub struct Written {
    /// The note's bytes.
    pub note: Vec<u8>,
    /// For a checkpoint: the signed head that was durable at that moment.
    pub durable_head: Option<Option<Vec<u8>>>,
}

/// See the module's text. Cheap to clone; clones are the same disk.
#[derive(Clone, Debug)]
pub struct FakeDisk {
    root: PathBuf,
    state: Arc<Mutex<State>>,
    notes: Arc<Mutex<Vec<Written>>>,
}

#[derive(Debug)]
struct State {
    image: Image,
    seed: Seed,
    counts: BTreeMap<Kind, u64>,
    changes: u64,
    plan: Option<(When, Fault)>,
    hit: bool,
    /// After a power cut or a restart: this handle's machine is gone.
    off: bool,
    capacity: usize,
    /// Something did not fit since the capacity was set.
    full: bool,
}

impl FakeDisk {
    /// An empty disk, mounted at the data folder `root`.
    #[must_use]
    pub fn new(root: &Path, seed: u64) -> Self {
        Self::with(root, Image::default(), Seed::new(seed), Arc::default())
    }

    /// A disk that holds a copy of another.
    #[must_use]
    pub fn of_image(root: &Path, image: Image, seed: u64) -> Self {
        Self::with(root, image, Seed::new(seed), Arc::default())
    }

    fn with(root: &Path, image: Image, seed: Seed, notes: Arc<Mutex<Vec<Written>>>) -> Self {
        let state = State {
            image,
            seed,
            counts: BTreeMap::new(),
            changes: 0,
            plan: None,
            hit: false,
            off: false,
            capacity: usize::MAX,
            full: false,
        };
        Self { root: root.to_owned(), state: Arc::new(Mutex::new(state)), notes }
    }

    /// Lets something go wrong, once.
    pub fn plan(&self, when: When, fault: Fault) {
        let mut state = self.state();
        (state.plan, state.hit) = (Some((when, fault)), false);
    }

    /// Whether the planned fault has happened.
    #[must_use]
    pub fn was_hit(&self) -> bool {
        self.state().hit
    }

    /// Whether the power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// Cuts the power now.
    pub fn cut_power(&self) {
        self.state().cut_power();
    }

    /// Limits the bytes of all files together.
    pub fn set_capacity(&self, bytes: usize) {
        let mut state = self.state();
        (state.capacity, state.full) = (bytes, false);
    }

    /// Whether something did not fit since then.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.state().full
    }

    /// How many operations have changed something.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// How many operations there were of each kind.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Kind, u64> {
        self.state().counts.clone()
    }

    /// A fresh machine over what is left, with its data folder at `root`. After a power cut that is
    /// what survived; otherwise only the process has ended, and all that was seen is still seen.
    #[must_use]
    pub fn restart(&self, root: &Path) -> Self {
        let mut state = self.state();
        state.off = true;
        let seed = Seed::new(state.seed.draw());
        Self::with(root, state.image.clone(), seed, self.notes.clone())
    }

    /// A copy of all files.
    #[must_use]
    pub fn image(&self) -> Image {
        self.state().image.clone()
    }

    /// Changes files behind the engine's back.
    pub fn tamper(&self, change: impl FnOnce(&mut Image)) {
        change(&mut self.state().image);
    }

    /// Every signed note that was ever written to this disk, also before restarts.
    #[must_use]
    pub fn notes(&self) -> Vec<Written> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).expect("the engine stays in its data folder")
    }

    fn perform(&self, operation: &Operation<'_>) -> io::Result<Output> {
        let mut state = self.state();
        if state.off {
            return Err(io::Error::other("the power is off"));
        }
        if let Operation::Write { path, bytes } = operation {
            self.witness(&state.image, path, bytes);
        }
        match state.next_fault(operation.kind()) {
            None => state.apply(operation),
            Some(Fault::DoneButFailed) => {
                let done = state.apply(operation);
                done.and_then(|_| Err(io::Error::other("done, but reported as failed")))
            }
            Some(Fault::Dropped) => {
                state.image.drop_unsynced(operation);
                Err(io::Error::other("the device failed and the data is gone"))
            }
            Some(Fault::Lost) => Err(io::Error::other("not done")),
            Some(Fault::PowerCut) => {
                // In the middle of it: a write may have reached the device in part, and of a sync
                // nobody knows how far it came.
                if !operation.kind().is_sync() || state.seed.once_in(2) {
                    let _ = state.apply(operation);
                }
                state.cut_power();
                Err(io::Error::other("the power went"))
            }
        }
    }

    fn witness(&self, image: &Image, path: &Path, bytes: &[u8]) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_checkpoint = name.starts_with(CHECKPOINT);
        if is_checkpoint || name.starts_with(SIGNED_HEAD) {
            let head = || image.durable_content(Path::new(SIGNED_HEAD)).map(<[u8]>::to_vec);
            let written = Written { note: bytes.to_vec(), durable_head: is_checkpoint.then(head) };
            self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(written);
        }
    }
}

impl State {
    fn next_fault(&mut self, kind: Kind) -> Option<Fault> {
        let of_kind = *self.counts.entry(kind).and_modify(|count| *count += 1).or_insert(1) - 1;
        let change = (kind != Kind::Read).then(|| {
            self.changes += 1;
            self.changes - 1
        });
        let (when, fault) = self.plan?;
        let now = match when {
            When::Change(at) => change == Some(at),
            When::Kind(planned, at) => planned == kind && at == of_kind,
        };
        self.hit |= now;
        now.then_some(fault)
    }

    fn apply(&mut self, operation: &Operation<'_>) -> io::Result<Output> {
        let room = self.capacity.saturating_sub(self.image.used());
        let done = self.image.apply(operation, room);
        let no_space = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
        self.full |= done.as_ref().is_err_and(no_space);
        done
    }

    fn cut_power(&mut self) {
        if !self.off {
            self.off = true;
            self.image = self.image.after_power_cut(&mut self.seed);
        }
    }
}

impl Disk for FakeDisk {
    fn create_folders(&self, path: &Path) -> io::Result<()> {
        self.perform(&Operation::CreateFolders(self.relative(path))).map(drop)
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        match self.perform(&Operation::OpenFile(self.relative(path)))? {
            Output::File(file) => Ok(Box::new(FakeFile { disk: self.clone(), file })),
            other => unreachable!("opening gives a file, not {other:?}"),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.perform(&Operation::Read(self.relative(path)))? {
            Output::Bytes(bytes) => Ok(bytes),
            other => unreachable!("reading gives bytes, not {other:?}"),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.perform(&Operation::Remove(self.relative(path))).map(drop)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (self.relative(from), self.relative(to));
        self.perform(&Operation::Rename { from, to }).map(drop)
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.perform(&Operation::SyncEverything).map(drop)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.perform(&Operation::SyncFile(self.relative(path))).map(drop)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.perform(&Operation::SyncFolder(self.relative(path))).map(drop)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.perform(&Operation::Write { path: self.relative(path), bytes }).map(drop)
    }
}

/// An open file: it stays the same file when its name goes to another.
struct FakeFile {
    disk: FakeDisk,
    file: usize,
}

impl OpenFile for FakeFile {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.perform(&Operation::SyncHandle(self.file)).map(drop)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.perform(&Operation::Truncate { file: self.file, length }).map(drop)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.perform(&Operation::WriteAt { file: self.file, offset, bytes }).map(drop)
    }
}
