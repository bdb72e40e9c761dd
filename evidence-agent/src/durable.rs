//! Files that are there whole or not at all, also after a power cut.
//!
//! A file is written under another name, synced, renamed, and its folder is synced. Whoever reads
//! the final name reads all of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::os;
pub(crate) use crate::os::sync_folder;

/// Who may read what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody: receipts, public keys.
    Everybody,
    /// The owner alone: private keys and openings.
    Owner,
}

/// Writes a file whole; what stood there before is replaced in one step.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut growing = Growing::begin(path, access)?;
    growing.write_all(bytes)?;
    growing.finish()
}

/// A file that is written in parts under another name, and takes its place when it is whole. Dropped
/// before that, nothing of it is left.
#[derive(Debug)]
pub(crate) struct Growing {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    finished: bool,
}

impl Growing {
    /// Begins one; what stands at `path` stays until the end.
    pub(crate) fn begin(path: &Path, access: Access) -> io::Result<Self> {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        name.push(".new");
        let temporary = folder_of(path).join(name);
        // What an earlier crash left under this name is ours and worth nothing.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = os::create_new(&temporary, access == Access::Owner)?;
        Ok(Self { path: path.to_path_buf(), temporary, file, finished: false })
    }

    /// Syncs it and puts it in its place; what stood there before is replaced in one step.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.finished = true;
        sync_folder(&folder_of(&self.path))
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.finished {
            // If it stays, the next one of this name removes it.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a new file and syncs it; refuses to replace one. Its folder is the caller's to sync.
pub(crate) fn write_synced(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut file = os::create_new(path, access == Access::Owner)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder that only its owner may open; refuses if it is there.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    os::create_private_folder(path)?;
    sync_folder(&folder_of(path))
}

/// The folder that a path lies in; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Reads a file of at most `limit` bytes; a longer one is an error, never cut off.
pub(crate) fn read_bounded(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let reason = format!("longer than the {limit} bytes that are read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_access() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(folder.path().join(".key.new"), "left by a crash").unwrap();
        for text in ["first", "second"] {
            write_whole(&path, text.as_bytes(), Access::Owner).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert!(os::mode(&path).unwrap().is_none_or(|mode| mode == 0o600));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_synced(&path, b"third", Access::Owner).is_err());
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence");
        write_whole(&path, b"before", Access::Owner).unwrap();
        let mut growing = Growing::begin(&path, Access::Owner).unwrap();
        growing.write_all(b"half").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before");
        drop(growing);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_beyond_the_limit_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        fs::write(&path, [0; 11]).unwrap();
        assert!(read_bounded(&path, 10).is_err());
        assert_eq!(read_bounded(&path, 11).unwrap().len(), 11);
    }
}
