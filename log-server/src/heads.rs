//! The last signed head and the published checkpoint: two small files that only move forward.
//!
//! The signed head is durable before its signature leaves the process; the published checkpoint
//! follows when the policy for publishing is met. So `checkpoint` is never ahead of `signed-head`,
//! and a signed head ahead of the published one is what a crash between the two leaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::checkpoint::{Checkpoint, Origin};
use spec::note::Note;

use crate::answer::Fatal;
use crate::disk::{Disk, put_in_place, read_if_there, write_beside};
use crate::keys::LogKeys;

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

/// Where the two files are.
pub struct Heads {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

impl Heads {
    /// Uses the log's data folder.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        Self { disk, folder: folder.to_owned() }
    }

    /// Reads both, signed head first, and checks that they belong to this log and to each other.
    pub fn load(
        &self,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<(Option<SignedHead>, Option<SignedHead>), Fatal> {
        let signed = self.read(SIGNED_HEAD, origin, keys)?;
        let published = self.read(CHECKPOINT, origin, keys)?;
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
                )));
            }
        }
        Ok((signed, published))
    }

    /// Makes a head the last signed one, durably.
    pub fn write_signed(&self, note: &Note) -> Result<(), WriteError> {
        self.write(SIGNED_HEAD, note)
    }

    /// Publishes a checkpoint, durably.
    pub fn write_published(&self, note: &Note) -> Result<(), WriteError> {
        self.write(CHECKPOINT, note)
    }

    fn write(&self, name: &str, note: &Note) -> Result<(), WriteError> {
        let path = self.folder.join(name);
        write_beside(self.disk.as_ref(), &path, &note.to_bytes()).map_err(WriteError::Refused)?;
        put_in_place(self.disk.as_ref(), &path).map_err(|error| {
            WriteError::Fatal(Fatal::new(format!(
                "The file {name} could not be made durable: {error}. What is stored is now \
                 unknown, so nothing more is signed. Check the disk and start the log again."
            )))
        })
    }

    /// Reads the last signed head again, as it is stored now.
    pub fn read_signed(
        &self,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<Option<SignedHead>, Fatal> {
        self.read(SIGNED_HEAD, origin, keys)
    }

    /// Reads the published checkpoint, as it is stored now.
    pub fn read_published(
        &self,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<Option<SignedHead>, Fatal> {
        self.read(CHECKPOINT, origin, keys)
    }

    fn read(
        &self,
        name: &str,
        origin: &Origin,
        keys: &LogKeys,
    ) -> Result<Option<SignedHead>, Fatal> {
        let wrong = |why: String| {
            Fatal::new(format!(
                "The file {name} of this log cannot be trusted: {why}. Without it the log cannot \
                 know what it has signed, so it signs nothing. Restore the data folder from its \
                 newest copy."
            ))
        };
        let bytes = read_if_there(self.disk.as_ref(), &self.folder.join(name))
            .map_err(|error| wrong(error.to_string()))?;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let note = Note::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
        let checkpoint = keys.verify(&note).map_err(|error| wrong(error.to_string()))?;
        if checkpoint.origin() != origin {
            return Err(wrong(format!("it is of log {}, this is {origin}", checkpoint.origin())));
        }
        Ok(Some(SignedHead { note, checkpoint }))
    }
}
