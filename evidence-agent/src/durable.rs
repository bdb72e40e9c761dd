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
    let folder = folder_of(path);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(".new");
    let temporary = folder.join(name);
    // What an earlier crash left under this name is ours and worth nothing.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_synced(&temporary, bytes, access)?;
    fs::rename(&temporary, path)?;
    sync_folder(&folder)
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
    fn a_file_beyond_the_limit_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        fs::write(&path, [0; 11]).unwrap();
        assert!(read_bounded(&path, 10).is_err());
        assert_eq!(read_bounded(&path, 11).unwrap().len(), 11);
    }
}
