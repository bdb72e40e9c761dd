//! Where a log is: its data folder, and from the configuration file in it, where the rest is kept.
//!
//! The embedded journal is in the folder itself, and full tiles are there or in a bucket. With an address
//! of a database under `[journal]` the journal is there, and full tiles are where all its servers have
//! them. Whatever a command reads or writes of a log, it finds by this and by nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, ConfigError, JournalConfig, ServeArgs};
use crate::disk::{Disk, MachineDisk};
use crate::objects::place::{self, BucketPlace, ObjectsError};
use crate::objects::{self, Objects};

/// Why it is not known where a log is, or its store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The configuration file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder.
    #[error("{}: {error}", folder.display())]
    Io {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The store of full tiles.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
}

/// See the module's text.
pub struct Home {
    /// The data folder.
    pub folder: PathBuf,
    /// The disk it is on.
    pub disk: Arc<dyn Disk>,
    /// The journal, if it is in a database.
    pub journal: Option<JournalConfig>,
    /// Where the full tiles of an embedded journal are; `None` for the folder.
    bucket: Option<BucketPlace>,
}

impl Home {
    /// Reads the configuration in a log's data folder; nothing is asked for yet.
    pub fn open(folder: &Path) -> Result<Self, HomeError> {
        Self::read(folder, false)
    }

    /// The same of a data folder that a log is to move into: full tiles are to be where they are asked to
    /// be, and not only where they were last.
    pub fn open_new(folder: &Path) -> Result<Self, HomeError> {
        Self::read(folder, true)
    }

    fn read(folder: &Path, new: bool) -> Result<Self, HomeError> {
        let io = |error| HomeError::Io { folder: folder.to_owned(), error };
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(folder).map_err(io)?);
        let args = ServeArgs { data: Some(folder.to_owned()), ..ServeArgs::default() };
        let config = Config::load(args)?;
        let bucket = match config.objects.place()?.filter(|_| new) {
            Some(asked) => asked,
            None => place::remembered(disk.as_ref(), folder)?,
        };
        let folder = std::fs::canonicalize(folder).map_err(io)?;
        Ok(Self { folder, disk, journal: config.journal, bucket })
    }

    /// Its store of full tiles.
    pub fn objects(&self) -> Result<Box<dyn Objects>, HomeError> {
        Ok(match &self.journal {
            Some(journal) => journal.tiles.open()?,
            None => objects::open(self.disk.clone(), &self.folder, self.bucket.as_ref())?,
        })
    }

    /// Where the full tiles of an embedded journal are; `None` for the folder.
    #[must_use]
    pub const fn bucket(&self) -> Option<&BucketPlace> {
        self.bucket.as_ref()
    }

    /// What it is called at the other end of a move.
    #[must_use]
    pub fn name(&self) -> String {
        let folder = self.folder.display();
        match (&self.journal, &self.bucket) {
            (Some(journal), _) => {
                let (database, tiles) = (journal.database.shown(), &journal.tiles);
                format!("{folder} (journal in {database}, full tiles in {tiles})")
            }
            (None, Some(bucket)) => format!("{folder} (full tiles in {bucket})"),
            (None, None) => folder.to_string(),
        }
    }
}
