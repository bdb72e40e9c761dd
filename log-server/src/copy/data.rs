//! A log's data folder as a source: its full tiles, and what is still in its journal.
//!
//! The log may be running. Its checkpoint is read first and its journal behind it, so the journal holds
//! what the checkpoint covers; what a trim takes from the journal meanwhile is in the objects by then.
//!
//! Full tiles may also be somewhere else: then the journal adds to them the right edge that no store has.
//!
//! As a destination a data folder takes full tiles only, of its own log, while the log is stopped: that
//! moves a log from one store of objects to another. It never becomes a log by being copied to.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use spec::key::VerifierKey;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::tile::Tile;
use spec::tree::Tree;

use super::store::{Sink, Source, whole_or_front};
use crate::answer::Fatal;
use crate::disk::{Disk, MachineDisk, read_if_there};
use crate::heads::{CHECKPOINT, SIGNED_HEAD};
use crate::journal::{Loaded, file};
use crate::keys::{KeyFileError, LogKeys};
use crate::objects::place::{self, ObjectsError};
use crate::objects::{self, FolderObjects, Objects};
use crate::settings::{SETTINGS, Settings, SettingsError};
use crate::shared::JOURNAL;
use crate::start::{OpenError, lock};
use crate::tail::Tail;

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It is of another log than the checkpoint, or the checkpoint is none of its own.
    #[error("{0}: the {1} there is not signed by this log's keys")]
    Head(String, &'static str),
    /// What it stores.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A file.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// Its keys.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// Its store of full tiles.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// Another process uses it.
    #[error("{0}. Stop the log first")]
    Open(#[from] OpenError),
    /// It holds no log.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Whether a folder is a log's data folder.
#[must_use]
pub fn is_data_folder(folder: &Path) -> bool {
    folder.join(SETTINGS).is_file()
}

/// A log that is read where it lives.
pub struct DataFolder {
    folder: PathBuf,
    checkpoint: Option<Bytes>,
    tail: Tail,
    base: Tree,
    /// Where full tiles are.
    full: Box<dyn Source>,
    keys: Vec<VerifierKey>,
}

/// What stands for a log's own store, which messages call by the folder.
const OBJECTS_NAME: &str = "";

/// A store of objects, which has full tiles and nothing else.
struct OnlyObjects(Box<dyn Objects>);

impl Source for OnlyObjects {
    fn file(&self, _: &str, _: usize) -> io::Result<Option<Bytes>> {
        Ok(None)
    }

    fn name(&self) -> String {
        OBJECTS_NAME.to_owned()
    }

    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        self.0.read_all(tiles)
    }
}

impl DataFolder {
    /// Reads its checkpoint and its journal; its full tiles are where it keeps them.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let io = |error| DataError::Io(folder.display().to_string(), error);
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(folder).map_err(io)?);
        let place = place::remembered(disk.as_ref(), folder)?;
        let objects = objects::open(disk, folder, place.as_ref())?;
        Self::open_over(folder, Box::new(OnlyObjects(objects)))
    }

    /// The same with full tiles from elsewhere.
    pub fn open_over(folder: &Path, full: Box<dyn Source>) -> Result<Self, DataError> {
        let io = |error| DataError::Io(folder.display().to_string(), error);
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(folder).map_err(io)?);
        let settings = Settings::load(disk.as_ref(), folder)?;
        let keys = LogKeys::load(folder, &settings.origin)?;
        let checkpoint = read_if_there(disk.as_ref(), &folder.join(CHECKPOINT)).map_err(io)?;
        let read = || file::read(disk.as_ref(), &folder.join(JOURNAL));
        // An append may be taken back and another begun while the file is read.
        let loaded = read().or_else(|_| read())?;
        Ok(Self {
            folder: folder.to_owned(),
            checkpoint: checkpoint.map(Bytes::from),
            base: loaded.base.frontier.tree(),
            tail: tail_of(loaded),
            full,
            keys: keys.verifier_keys(),
        })
    }

    /// The tree below what the journal still holds: only the objects have it.
    #[must_use]
    pub const fn base(&self) -> Tree {
        self.base
    }

    /// The log's keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    fn read(&self, tile: Tile) -> io::Result<Option<Bytes>> {
        if !tile.is_full() {
            return Ok(self.tail.read(tile));
        }
        let stored = self.full.read_all(&[tile])?.pop().flatten();
        Ok(stored.or_else(|| self.tail.read(tile)))
    }
}

impl Source for DataFolder {
    fn file(&self, name: &str, _: usize) -> io::Result<Option<Bytes>> {
        Ok(if name == CHECKPOINT { self.checkpoint.clone() } else { None })
    }

    fn name(&self) -> String {
        match self.full.name() {
            own if own == OBJECTS_NAME => self.folder.display().to_string(),
            other => other,
        }
    }

    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        if !tiles.iter().all(Tile::is_full) {
            return tiles
                .iter()
                .map(|tile| whole_or_front(*tile, |tile| self.read(tile)))
                .collect();
        }
        let stored = self.full.read_all(tiles)?;
        let or_held =
            |(tile, stored): (&Tile, Option<Bytes>)| stored.or_else(|| self.tail.read(*tile));
        Ok(tiles.iter().zip(stored).map(or_held).collect())
    }
}

fn tail_of(loaded: Loaded) -> Tail {
    let mut tail = Tail::new(loaded.base.frontier.clone());
    let leaves: Vec<_> = loaded.entries.iter().map(|entry| spec::hash::leaf_hash(entry)).collect();
    let growth = loaded.base.frontier.grow(&leaves);
    tail.commit(loaded.entries, &leaves, growth);
    tail
}

/// The objects in a stopped log's own folder, to bring them back from another store.
pub struct DataObjects {
    folder: PathBuf,
    objects: FolderObjects,
    signed: Tree,
    _lock: File,
}

impl DataObjects {
    /// Locks the folder and reads what its log has signed.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let name = || folder.display().to_string();
        let io = |error| DataError::Io(name(), error);
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(folder).map_err(io)?);
        let settings = Settings::load(disk.as_ref(), folder)?;
        let keys = LogKeys::load(folder, &settings.origin)?;
        let lock = lock(folder)?;
        let read = read_if_there(disk.as_ref(), &folder.join(SIGNED_HEAD)).map_err(io)?;
        let foreign = || DataError::Head(name(), SIGNED_HEAD);
        let signed = match read {
            None => Tree::EMPTY,
            Some(bytes) if bytes.len() > MAX_NOTE_SIZE => return Err(foreign()),
            Some(bytes) => {
                let note = Note::parse(&bytes).map_err(|_| foreign())?;
                keys.verify(&note).map_err(|_| foreign())?.tree()
            }
        };
        let base = file::read(disk.as_ref(), &folder.join(JOURNAL))?.base.frontier.tree();
        // Under pressure a journal is trimmed past what is signed.
        let signed = if base.size() > signed.size() { base } else { signed };
        let objects = FolderObjects::new(disk, folder);
        Ok(Self { folder: folder.to_owned(), objects, signed, _lock: lock })
    }

    /// The tree whose full tiles the log needs.
    #[must_use]
    pub const fn needed(&self) -> Tree {
        self.signed
    }
}

impl Sink for DataObjects {
    fn file(&self, _: &str, _: usize) -> io::Result<Option<Bytes>> {
        Ok(None)
    }

    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn write(&self, name: &str, _: Bytes) -> io::Result<()> {
        // The log writes its own checkpoint and keeps no partial tiles.
        Err(io::Error::other(format!("{name} is never written into a log's data folder")))
    }
}
