//! Files: read within a bound, written whole, locked while they are changed.
//!
//! [`write_whole`] leaves the old content or the new one, never a mixture, and is durable on
//! return: temporary file, sync, rename, sync of the folder. All files are the owner's alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// The file that commands lock while they change what is stored beside the state.
const LOCK: &str = "lock";

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    /// Which one.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl FileError {
    /// Adds the path to what the system said.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self { path: path.to_owned(), source }
    }

    /// Whether the file is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Reads a file of at most `limit` bytes.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let message = format!("the file has more than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(bytes)
    };
    read().map_err(FileError::at(path))
}

/// Reads a text file of at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    String::from_utf8(read_bounded(path, limit)?).map_err(|_| FileError {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"),
    })
}

/// Replaces a file's content durably.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(FileError::at(path))?;
    sync_folder_of(path)
}

/// Writes a new file durably; refuses to replace one.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let write = || {
        // The mode is given when the file is made: it is never open to others, not even empty.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(FileError::at(path))?;
    sync_folder_of(path)
}

/// Makes the names in a file's folder durable.
pub fn sync_folder_of(path: &Path) -> Result<(), FileError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::at(folder))
}

/// The right to change the files of a data folder, until it is dropped. Waits for its turn.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "held for its lock")] File);

impl Turn {
    /// Waits until no other command changes the folder.
    pub fn wait(data: &Path) -> Result<Self, FileError> {
        let path = data.join(LOCK);
        let take = || {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        };
        take().map(Self).map_err(FileError::at(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_read_within_their_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(read_bounded(&path, 9).unwrap_err().is_missing());
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two!").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "two!");
        assert!(read_bounded(&path, 3).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_new(&path, b"three").is_err());
        write_whole(&path, b"\xff").unwrap();
        assert!(read_text(&path, 4).is_err());
    }
}
