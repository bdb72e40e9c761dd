//! Files that are there whole or not at all, also after a power cut.
//!
//! A file is written under another name, synced, renamed, and its folder is synced. Whoever reads
//! the final name reads all of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

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

/// What a file may take the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Replaces {
    /// Whatever stands there: it is our own.
    Anything,
    /// An older file, which a person has named and which only shows what can be shown again. A link, a
    /// device and a folder stay.
    File,
    /// Nothing, but a file of the very same bytes.
    Nothing,
}

/// Writes a file whole; what stood there before is replaced in one step.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut growing = Growing::begin(path, access)?;
    growing.write_all(bytes)?;
    growing.finish()
}

/// What is said of a file that stands where another is to be written.
pub(crate) const NOT_REPLACED: &str =
    "another file stands there and is not replaced: give another name, or remove it";

/// What is said of a folder, a link or a device that stands there.
pub(crate) const NO_FILE: &str =
    "what stands there is no regular file and is not replaced: give another name";

/// Tells the temporary names of one process apart.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A file that is written in parts under another name, and takes its place when it is whole. Dropped
/// before that, nothing of it is left.
#[derive(Debug)]
pub(crate) struct Growing {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    finished: bool,
    replaces: Replaces,
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
        let replaces = Replaces::Anything;
        Ok(Self { path: path.to_path_buf(), temporary, file, finished: false, replaces })
    }

    /// Begins one that a person has named. What stands at `path` is somebody's: at the end it is an
    /// error, unless `replaces` lets this take its place.
    pub(crate) fn begin_named(path: &Path, access: Access, replaces: Replaces) -> io::Result<Self> {
        is_file(path)?;
        // A name of its own: two that write here at once must not write into one file.
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        name.push(format!(".{}-{number}.new", std::process::id()));
        let temporary = folder_of(path).join(name);
        let file = os::create_new(&temporary, access == Access::Owner)?;
        Ok(Self { path: path.to_path_buf(), temporary, file, finished: false, replaces })
    }

    /// Syncs it and puts it in its place: in one step instead of what stood there before, or only
    /// where nothing did.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if self.replaces == Replaces::Nothing {
            if !self.link()? {
                return Ok(());
            }
        } else {
            // What came since the beginning counts as well.
            if self.replaces == Replaces::File {
                is_file(&self.path)?;
            }
            fs::rename(&self.temporary, &self.path)?;
            self.finished = true;
        }
        sync_folder(&folder_of(&self.path))
    }

    /// Gives it its name beside the temporary one, which goes when this is dropped; `false` if a file
    /// of the same bytes has it.
    fn link(&mut self) -> io::Result<bool> {
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // A file system without a second name for a file, such as that of a memory stick.
            Err(_) if !is_file(&self.path)? => {
                fs::rename(&self.temporary, &self.path)?;
                self.finished = true;
                return Ok(true);
            }
            Err(_) => {}
        }
        if is_file(&self.path)? && have_same_bytes(&self.temporary, &self.path)? {
            return Ok(false);
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, NOT_REPLACED))
    }
}

/// Whether a file stands there; what is none, a link or a device, is an error.
fn is_file(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, NO_FILE)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn have_same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    use std::io::{BufRead, BufReader};
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let size = left.len().min(right.len());
        if size == 0 || left[..size] != right[..size] {
            return Ok(left.is_empty() && right.is_empty());
        }
        one.consume(size);
        other.consume(size);
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

    fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
        write_named(path, bytes, Replaces::Nothing)
    }

    fn write_named(path: &Path, bytes: &[u8], replaces: Replaces) -> io::Result<()> {
        let mut growing = Growing::begin_named(path, Access::Owner, replaces)?;
        growing.write_all(bytes)?;
        growing.finish()
    }

    #[test]
    fn what_is_only_shown_replaces_an_older_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.png");
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let show = |path: &Path, bytes: &[u8]| write_named(path, bytes, Replaces::File);
        for day in ["first", "second"] {
            show(&path, day.as_bytes()).unwrap();
            assert_eq!((fs::read_to_string(&path).unwrap(), count()), (day.to_string(), 1));
        }
        // One that is given up changes nothing.
        drop(Growing::begin_named(&path, Access::Owner, Replaces::File).unwrap());
        assert_eq!((fs::read_to_string(&path).unwrap(), count()), ("second".to_string(), 1));
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        assert_eq!(show(&inner, b"x").unwrap_err().to_string(), NO_FILE);
        let link = folder.path().join("link");
        if os::link(&path, &link).is_ok() {
            assert_eq!(show(&link, b"x").unwrap_err().to_string(), NO_FILE);
            // And neither one that comes while the picture is written.
            let late = folder.path().join("late");
            let growing = Growing::begin_named(&late, Access::Owner, Replaces::File).unwrap();
            os::link(&path, &late).unwrap();
            assert_eq!(growing.finish().unwrap_err().to_string(), NO_FILE);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    }

    #[test]
    fn what_stands_where_a_person_writes_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.zip");
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let large = vec![7; 100_000];
        write_new(&path, &large).unwrap();
        assert_eq!((fs::read(&path).unwrap(), count()), (large.clone(), 1));
        write_new(&path, &large).unwrap();
        let mut other = large.clone();
        other[99_999] = 8;
        for bytes in [&other[..], b"", b"shorter", &[large.as_slice(), b"x"].concat()] {
            let error = write_new(&path, bytes).unwrap_err();
            assert_eq!(error.to_string(), NOT_REPLACED);
            assert_eq!((fs::read(&path).unwrap(), count()), (large.clone(), 1));
        }
        // One that comes while this one is written counts as well.
        let late = folder.path().join("late");
        let mut growing = Growing::begin_named(&late, Access::Owner, Replaces::Nothing).unwrap();
        growing.write_all(b"mine").unwrap();
        fs::write(&late, "theirs").unwrap();
        assert_eq!(growing.finish().unwrap_err().to_string(), NOT_REPLACED);
        assert_eq!((fs::read(&late).unwrap(), count()), (b"theirs".to_vec(), 2));
        // A folder is no file, and neither is a link to one.
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        assert_eq!(write_new(&inner, b"x").unwrap_err().to_string(), NO_FILE);
        let link = folder.path().join("link");
        if os::link(&path, &link).is_ok() {
            assert_eq!(write_new(&link, &large).unwrap_err().to_string(), NO_FILE);
        }
    }

    #[test]
    fn two_that_write_a_new_file_at_once_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mut one = Growing::begin_named(&path, Access::Owner, Replaces::Nothing).unwrap();
        let mut other = Growing::begin_named(&path, Access::Owner, Replaces::Nothing).unwrap();
        one.write_all(b"one").unwrap();
        other.write_all(b"other").unwrap();
        one.finish().unwrap();
        assert!(other.finish().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
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
