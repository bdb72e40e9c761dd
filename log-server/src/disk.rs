//! The disk, as few verbs as the engine needs, each with what it promises.
//!
//! Everything durable goes through [`Disk`], so that tests can stand in for the machine: one that
//! forgets what was not synced, tears the last write, runs full, or does a write and reports that
//! it failed. What is only a cache (the index) does not go through it.
//!
//! The promises, on any file system that orders a rename behind the data it names:
//!
//! - `write`, `write_at` and `rename` promise nothing across a power cut: of what a `write_at` has changed any
//!   sectors may be there, and of a file that it has made longer also the length without the data.
//! - `sync_file` makes a file's bytes durable, `sync_folder` the names in a folder, and
//!   `sync_everything` all of both.
//! - [`write_whole`] leaves the old content or the new one, never a mixture, and is durable on
//!   return.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A place to keep files. See the module's text for what each verb promises.
pub trait Disk: Send + Sync + 'static {
    /// Makes a folder and those above it; existing ones are fine.
    fn create_folders(&self, path: &Path) -> io::Result<()>;
    /// Opens a file to write within it, and makes it if it is missing. It stays that file when its name goes
    /// to another.
    fn open_file(&self, path: &Path) -> io::Result<Box<dyn OpenFile>>;
    /// Reads a whole file; `NotFound` when there is none.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes everything written and renamed so far durable.
    fn sync_everything(&self) -> io::Result<()>;
    /// Makes a file's bytes durable.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes a file from its start, replacing what was in it.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
}

/// A file that is open, for the one who writes it.
pub trait OpenFile: Send {
    /// Makes the bytes durable, and the length. After an error nothing is known any more of what is durable.
    ///
    /// Where only bytes were overwritten that had been durable before, a file system has nothing of its own
    /// to write, which is what takes the longest.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file back.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Puts bytes at a place of the file, over what is there, with one write where the system allows. The
    /// place is within the file or at its end, which moves as far as need be.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

/// Replaces a file's content durably: temporary file, sync, rename, sync of the folder.
pub fn write_whole(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_beside(disk, path, bytes)?;
    put_in_place(disk, path)
}

/// The first half of [`write_whole`]: the new content under a temporary name. When it fails, the
/// file itself is untouched.
pub fn write_beside(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    disk.write(&temporary, bytes).inspect_err(|_| {
        // Where space has run out, half a file beside the whole one takes what is left of it.
        let _ = disk.remove(&temporary);
    })
}

/// The second half of [`write_whole`]. When it fails, either content may be in place.
pub fn put_in_place(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let temporary = temporary_beside(path);
    disk.sync_file(&temporary)?;
    disk.rename(&temporary, path)?;
    disk.sync_folder(path.parent().expect("a file of the log has a folder"))
}

/// Reads a file that may be missing.
pub fn read_if_there(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    match disk.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// The machine's own disk.
#[derive(Debug)]
pub struct MachineDisk {
    /// Any open file on the file system, for `syncfs`; opened first, so that no error is missed.
    anchor: File,
}

impl MachineDisk {
    /// Uses the file system that holds `folder`, which must exist.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self { anchor: File::open(folder)? })
    }
}

impl Disk for MachineDisk {
    fn create_folders(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        // Not for appending: Linux would then put every write at the end, wherever it was meant for.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        Ok(Box::new(MachineFile(file)))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(target_os = "linux")]
    fn sync_everything(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.anchor)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_everything(&self) -> io::Result<()> {
        // Without syncfs its errors cannot be told, and guessing is not durability.
        let _ = &self.anchor;
        Err(io::Error::new(io::ErrorKind::Unsupported, "the log server needs Linux (syncfs)"))
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }
}

#[derive(Debug)]
struct MachineFile(File);

impl OpenFile for MachineFile {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let path = folder.path().join("state");
        assert_eq!(read_if_there(&disk, &path).unwrap(), None);
        write_whole(&disk, &path, b"one").unwrap();
        write_whole(&disk, &path, b"two").unwrap();
        assert_eq!(read_if_there(&disk, &path).unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_written_at_any_place_and_cut_back() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let path = folder.path().join("journal");
        let mut file = disk.open_file(&path).unwrap();
        file.write_at(0, b"kept").unwrap();
        file.write_at(4, b"lost").unwrap();
        file.truncate(4).unwrap();
        file.write_at(4, b"!____").unwrap();
        file.write_at(5, b"over").unwrap();
        file.sync().unwrap();
        disk.sync_everything().unwrap();
        assert_eq!(disk.read(&path).unwrap(), b"kept!over");
        // Opened again, nothing is lost, and a place that was written stays within the file.
        let mut file = disk.open_file(&path).unwrap();
        file.write_at(0, b"K").unwrap();
        assert_eq!(disk.read(&path).unwrap(), b"Kept!over");
    }
}
