//! A log where it lives as a source: its full tiles, and what is still in its journal. Named by its data
//! folder; the journal may be in a database, and full tiles anywhere ([`Home`]).
//!
//! The log may be running. Its checkpoint is read first and its journal behind it, so the journal holds
//! what the checkpoint covers; what a trim takes from the journal meanwhile is in the objects by then.
//!
//! Full tiles may also be somewhere else: then the journal adds to them the right edge that no store has.
//!
//! As a destination a data folder takes full tiles only, of its own log, and with the embedded journal only
//! while the log is stopped: what a store has lost comes back so. It becomes a log by a move (`moving`),
//! never by being copied to.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use spec::key::VerifierKey;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::tile::Tile;
use spec::tree::Tree;

use super::store::{Sink, Source, whole_or_front};
use crate::answer::Fatal;
use crate::config::JournalConfig;
use crate::disk::read_if_there;
use crate::heads::{CHECKPOINT, SIGNED_HEAD};
use crate::home::{Home, HomeError};
use crate::journal::postgres::moving::{PostgresHome, Read};
use crate::journal::postgres::{Trouble, schema};
use crate::journal::{Loaded, file};
use crate::keys::{KeyFileError, LogKeys};
use crate::moved::{self, Mark};
use crate::objects::{FolderObjects, Objects};
use crate::settings::{SETTINGS, Settings, SettingsError};
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
    /// Where it is.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Its keys.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// Its database holds no log.
    #[error(
        "{0}: there is no log in {1}. A log is made there by `fiducial-log init --journal`, and moved there \
         by `fiducial-log copy --move`"
    )]
    NoLog(String, String),
    /// Another process uses it.
    #[error("{0}. Stop the log first")]
    Open(#[from] OpenError),
    /// It holds no log.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its database.
    #[error(transparent)]
    Trouble(Trouble),
}

impl From<Trouble> for DataError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Fatal(fatal) => Self::Fatal(fatal),
            other => Self::Trouble(other),
        }
    }
}

/// Whether a folder is a log's data folder.
#[must_use]
pub fn is_data_folder(folder: &Path) -> bool {
    folder.join(SETTINGS).is_file()
}

/// What stands in a data folder, or in its database, about where its log is; `None` if it was never moved.
pub fn mark_of(folder: &Path) -> Result<Option<Mark>, DataError> {
    let home = Home::open(folder)?;
    let Some(journal) = &home.journal else {
        return Ok(moved::read(home.disk.as_ref(), &home.folder)?);
    };
    Ok(PostgresHome::open(&journal.database)?.held()?.and_then(|held| held.mark))
}

/// A log that is read where it lives.
pub struct DataFolder {
    folder: PathBuf,
    checkpoint: Option<Bytes>,
    signed: Option<Bytes>,
    tail: Tail,
    base: Tree,
    /// Where full tiles are.
    full: Box<dyn Source>,
    keys: Vec<VerifierKey>,
}

/// What stands for a log's own store, which messages call by the folder.
const OBJECTS_NAME: &str = "";

/// A store of objects, which has full tiles and nothing else.
pub(super) struct OnlyObjects(pub(super) Box<dyn Objects>);

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
        let home = Home::open(folder)?;
        let objects = home.objects()?;
        Self::of_home(&home, Box::new(OnlyObjects(objects)))
    }

    /// The same with full tiles from elsewhere.
    pub fn open_over(folder: &Path, full: Box<dyn Source>) -> Result<Self, DataError> {
        Self::of_home(&Home::open(folder)?, full)
    }

    /// The same, its configuration read already.
    pub(super) fn of_home(home: &Home, full: Box<dyn Source>) -> Result<Self, DataError> {
        let settings = Settings::load(home.disk.as_ref(), &home.folder)?;
        let keys = LogKeys::load(&home.folder, &settings.origin)?.verifier_keys();
        // The heads first, or all of one moment.
        let Read { loaded, signed, published } = match &home.journal {
            None => read_files(home)?,
            Some(journal) => read_database(home, journal)?,
        };
        let read = Self::of(&home.folder, published.map(Bytes::from), loaded, full, keys);
        Ok(Self { signed: signed.map(Bytes::from), ..read })
    }

    /// The same of what was read already.
    pub(super) fn of(
        folder: &Path,
        checkpoint: Option<Bytes>,
        loaded: Loaded,
        full: Box<dyn Source>,
        keys: Vec<VerifierKey>,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            checkpoint,
            signed: None,
            base: loaded.base.frontier.tree(),
            tail: tail_of(loaded),
            full,
            keys,
        }
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
        Ok(self.read_full(&[tile])?.pop().flatten())
    }

    /// Full tiles and bundles as they are stored, or else as the journal has them: also where they are stored and a
    /// disk that is dying cannot read them any more.
    fn read_full(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        match self.full.read_all(tiles) {
            Ok(stored) => {
                let or_held = |(tile, stored): (&Tile, Option<Bytes>)| {
                    stored.or_else(|| self.tail.read(*tile))
                };
                Ok(tiles.iter().zip(stored).map(or_held).collect())
            }
            Err(error) => {
                let held = tiles.iter().map(|tile| self.tail.read(*tile).map(Some));
                held.collect::<Option<Vec<_>>>().ok_or(error)
            }
        }
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
        self.read_full(tiles)
    }

    fn signed_head(&self) -> io::Result<Option<Bytes>> {
        Ok(self.signed.clone())
    }

    fn whole_tree(&self) -> Option<Tree> {
        Some(self.tail.frontier().tree())
    }
}

fn read_files(home: &Home) -> Result<Read, DataError> {
    let io = |error| DataError::Io(home.folder.display().to_string(), error);
    let disk = home.disk.as_ref();
    let published = read_if_there(disk, &home.folder.join(CHECKPOINT)).map_err(io)?;
    let signed = read_if_there(disk, &home.folder.join(SIGNED_HEAD)).map_err(io)?;
    let loaded = file::read_all(disk, &home.folder)?;
    Ok(Read { loaded, signed, published })
}

fn read_database(home: &Home, journal: &JournalConfig) -> Result<Read, DataError> {
    let (database, folder) = (&journal.database, home.folder.display());
    if schema::settings(database)?.is_none() {
        return Err(DataError::NoLog(folder.to_string(), database.shown()));
    }
    Ok(PostgresHome::open(database)?.read()?)
}

fn tail_of(loaded: Loaded) -> Tail {
    let mut tail = Tail::new(loaded.base.frontier.clone());
    let leaves: Vec<_> = spec::hash::leaf_hashes(&loaded.entries);
    let growth = loaded.base.frontier.grow(&leaves);
    tail.commit(loaded.entries, &leaves, growth);
    tail
}

/// The store of a log's own full tiles, to bring back what it lacks from elsewhere.
pub struct DataObjects {
    folder: PathBuf,
    objects: Box<dyn Objects>,
    signed: Tree,
    _lock: Option<File>,
}

impl DataObjects {
    /// Locks the folder of an embedded journal, and reads what the log has signed. Full tiles come back
    /// into the folder itself, wherever they were last: a log is brought back from a bucket so.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let home = Home::open(folder)?;
        let io = |error| DataError::Io(folder.display().to_string(), error);
        let Some(journal) = &home.journal else {
            let lock = lock(folder)?;
            let signed =
                read_if_there(home.disk.as_ref(), &folder.join(SIGNED_HEAD)).map_err(io)?;
            let loaded = file::read_all(home.disk.as_ref(), folder)?;
            let objects = Box::new(FolderObjects::new(home.disk.clone(), folder));
            return Self::of(&home, objects, signed, &loaded, Some(lock));
        };
        let Read { loaded, signed, .. } = read_database(&home, journal)?;
        Self::of(&home, home.objects()?, signed, &loaded, None)
    }

    fn of(
        home: &Home,
        objects: Box<dyn Objects>,
        signed: Option<Vec<u8>>,
        loaded: &Loaded,
        lock: Option<File>,
    ) -> Result<Self, DataError> {
        let settings = Settings::load(home.disk.as_ref(), &home.folder)?;
        let keys = LogKeys::load(&home.folder, &settings.origin)?;
        let foreign = || DataError::Head(home.folder.display().to_string(), SIGNED_HEAD);
        let signed = match signed {
            None => Tree::EMPTY,
            Some(bytes) if bytes.len() > MAX_NOTE_SIZE => return Err(foreign()),
            Some(bytes) => {
                let note = Note::parse(&bytes).map_err(|_| foreign())?;
                keys.verify(&note).map_err(|_| foreign())?.tree()
            }
        };
        let base = loaded.base.frontier.tree();
        // Under pressure a journal is trimmed past what is signed.
        let signed = if base.size() > signed.size() { base } else { signed };
        Ok(Self { folder: home.folder.clone(), objects, signed, _lock: lock })
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
        self.objects.as_ref()
    }

    fn write(&self, name: &str, _: Bytes) -> io::Result<()> {
        // The log writes its own checkpoint and keeps no partial tiles.
        Err(io::Error::other(format!("{name} is never written into a log's data folder")))
    }
}
