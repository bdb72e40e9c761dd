//! The last signed head and the published checkpoint: two small files that only move forward.
//!
//! The signed head is durable before its signature leaves the process; the published checkpoint
//! follows when the policy for publishing is met. So `checkpoint` is never ahead of `signed-head`,
//! and a signed head ahead of the published one is what a crash between the two leaves.
//!
//! Where several servers share a journal the two are rows of it, and who may write them is an office
//! that one server holds at a time (`journal::postgres::heads`): see [`Record`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::checkpoint::{Checkpoint, Origin};
use spec::note::Note;

use crate::answer::Fatal;
use crate::disk::{Disk, put_in_place, read_if_there, write_beside};
use crate::journal::{Loaded, file, mark};
use crate::keys::LogKeys;
use crate::sealer::BundleError;
use crate::shared::JOURNAL;
use crate::start::check_reaches_mark;

/// The file of the last signed head.
pub const SIGNED_HEAD: &str = "signed-head";

/// The file of the published checkpoint; a web server may serve it as it is.
pub const CHECKPOINT: &str = "checkpoint";

/// A signed note and what it says, both by this log.
#[derive(Clone, Debug)]
pub struct SignedHead {
    /// The note.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// Why a head was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It is unknown what is stored.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// Nothing changed; it can be tried again.
    #[error("{0}")]
    Refused(std::io::Error),
}

impl From<BundleError> for WriteError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Away(error) => Self::Refused(error),
            BundleError::Fatal(fatal) => Self::Fatal(fatal),
        }
    }
}

impl WriteError {
    /// Where the storage cannot be asked again.
    #[must_use]
    pub fn into_fatal(self) -> Fatal {
        match self {
            Self::Fatal(fatal) => fatal,
            Self::Refused(error) => Fatal::new(error.to_string()),
        }
    }
}

/// One of the two that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The published checkpoint.
    Published,
    /// The last signed head.
    Signed,
}

impl Kept {
    /// Its short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signed => "signed",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Published => CHECKPOINT,
            Self::Signed => SIGNED_HEAD,
        }
    }
}

/// Who signs and publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    /// This process since now: what it knew of heads is worth nothing.
    Begun,
    /// Another server.
    Others,
    /// This process, as before.
    Ours,
}

/// Where heads are kept, and the journal as it is stored now. Owned by the publisher.
///
/// A write is durable on return, and what is written only moves forward. After `Refused` nothing has
/// changed, or the office is lost and what is stored must be read anew.
pub trait Record: Send {
    /// Reads a note; `None` before the first.
    fn read(&self, kept: Kept) -> Result<Option<Vec<u8>>, WriteError>;

    /// Stores a note of a tree of `size` entries.
    fn write(&self, kept: Kept, size: u64, note: &Note) -> Result<(), WriteError>;

    /// Reads the journal back, as it is stored now, while it is written. It must be sound as far as `size`
    /// entries.
    fn journal(&self, size: u64) -> Result<Loaded, WriteError>;

    /// Reads all of it.
    fn whole_journal(&self) -> Result<Loaded, WriteError>;

    /// Whether other servers publish too.
    fn is_shared(&self) -> bool {
        false
    }

    /// Takes, keeps or lacks the office. Asked before anything is signed or published.
    fn office(&self) -> Result<Office, WriteError> {
        Ok(Office::Ours)
    }

    /// Gives the office up.
    fn leave(&self) {}

    /// Whether the office is held, as far as is known here. Where a write is refused without it, nothing is
    /// wrong with what stores: another server goes on, or this one begins anew.
    fn is_held(&self) -> bool {
        true
    }
}

/// The two files, and the file of the journal.
struct FileRecord {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

impl Record for FileRecord {
    fn read(&self, kept: Kept) -> Result<Option<Vec<u8>>, WriteError> {
        read_if_there(self.disk.as_ref(), &self.folder.join(kept.file()))
            .map_err(|error| WriteError::Fatal(distrust(kept, &error.to_string())))
    }

    fn write(&self, kept: Kept, _size: u64, note: &Note) -> Result<(), WriteError> {
        let (name, path) = (kept.file(), self.folder.join(kept.file()));
        write_beside(self.disk.as_ref(), &path, &note.to_bytes()).map_err(WriteError::Refused)?;
        put_in_place(self.disk.as_ref(), &path).map_err(|error| {
            WriteError::Fatal(Fatal::new(format!(
                "The file {name} could not be made durable: {error}. What is stored is now \
                 unknown, so nothing more is signed. Check the disk and start the log again."
            )))
        })
    }

    fn journal(&self, size: u64) -> Result<Loaded, WriteError> {
        let path = self.folder.join(JOURNAL);
        let read = || file::read_as_far_as(self.disk.as_ref(), &path, size);
        // What is on the disk and damaged is damaged the second time too.
        Ok(read().or_else(|_| read())?)
    }

    fn whole_journal(&self) -> Result<Loaded, WriteError> {
        let (disk, folder) = (self.disk.as_ref(), self.folder.as_path());
        let marked = mark::read(disk, folder);
        let loaded = file::read_all(disk, folder)?;
        check_reaches_mark(&loaded, marked)?;
        Ok(loaded)
    }
}

/// The two heads of a log, and what they say.
pub struct Heads {
    /// Where they are kept.
    pub record: Box<dyn Record>,
}

impl Heads {
    /// Uses the log's data folder.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        Self { record: Box::new(FileRecord { disk, folder: folder.to_owned() }) }
    }

    /// Reads both, signed head first, and checks that they belong to this log and to each other.
    pub fn load(
        &self,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<(Option<SignedHead>, Option<SignedHead>), WriteError> {
        // Shared, the signed head may move between the two; the published one is never ahead of it.
        let published = self.read(Kept::Published, origin, keys)?;
        let signed = self.read(Kept::Signed, origin, keys)?;
        if let Some(published) = &published {
            let ahead = match &signed {
                None => true,
                Some(signed) => {
                    signed.checkpoint.tree().size() < published.checkpoint.tree().size()
                }
            };
            if ahead {
                return Err(Fatal::new(format!(
                    "{CHECKPOINT} (size {}) is ahead of {SIGNED_HEAD}: files of different moments \
                     were put together. Restore the whole data folder from one moment, the newest \
                     there is; do not copy single files.",
                    published.checkpoint.tree().size()
                ))
                .into());
            }
        }
        Ok((signed, published))
    }

    /// Makes a head the last signed one, durably.
    pub fn write_signed(&self, head: &SignedHead) -> Result<(), WriteError> {
        self.record.write(Kept::Signed, head.checkpoint.tree().size(), &head.note)
    }

    /// Publishes a checkpoint of a tree of `size` entries, durably.
    pub fn write_published(&self, size: u64, note: &Note) -> Result<(), WriteError> {
        self.record.write(Kept::Published, size, note)
    }

    /// Reads the last signed head again, as it is stored now.
    pub fn read_signed(
        &self,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<Option<SignedHead>, WriteError> {
        self.read(Kept::Signed, origin, keys)
    }

    /// Reads the published checkpoint, as it is stored now.
    pub fn read_published(
        &self,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<Option<SignedHead>, WriteError> {
        self.read(Kept::Published, origin, keys)
    }

    fn read(
        &self,
        kept: Kept,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<Option<SignedHead>, WriteError> {
        let Some(bytes) = self.record.read(kept)? else { return Ok(None) };
        let distrust = if self.record.is_shared() { distrust_row } else { distrust };
        Ok(Some(parse(&bytes, origin, keys).map_err(|why| distrust(kept, &why))?))
    }
}

/// Reads a note that must be this log's own.
pub fn parse(bytes: &[u8], origin: &Origin, keys: &LogKeys) -> Result<SignedHead, String> {
    let note = Note::parse(bytes).map_err(|error| error.to_string())?;
    let checkpoint = keys.verify(&note).map_err(|error| error.to_string())?;
    if checkpoint.origin() != origin {
        return Err(format!("it is of log {}, this is {origin}", checkpoint.origin()));
    }
    Ok(SignedHead { note, checkpoint })
}

/// The same of a log whose heads are in a database.
fn distrust_row(kept: Kept, why: &str) -> Fatal {
    Fatal::new(format!(
        "The {} head in the database is not this log's: {why}. This server has other keys than the others \
         (copy `keys/` from one of them), another log uses the database, or it was changed by hand. \
         Nothing is signed.",
        kept.name()
    ))
}

fn distrust(kept: Kept, why: &str) -> Fatal {
    Fatal::new(format!(
        "The file {} of this log cannot be trusted: {why}. Without it the log cannot \
         know what it has signed, so it signs nothing. Restore the data folder from its \
         newest copy.",
        kept.file()
    ))
}
