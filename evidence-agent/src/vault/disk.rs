//! The files below a vault: the one place where it meets the file system.
//!
//! A name is relative to the vault's folder and has slashes, and the empty one is the folder itself;
//! [`HIGH_WATER`] alone lies outside.
//! Implementations: [`Folder`], and in the tests a disk that forgets what was not synced.
//!
//! Durability: bytes last after [`DiskFile::sync`]; a name, made or removed, after
//! [`Disk::sync_folder`] of the folder it lies in; [`Disk::write_whole`] does both.

use std::any::Any;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError};

use crate::durable::{self, Access, Growing};
use crate::os;

/// The database.
pub(super) const DATABASE: &str = "vault.redb";
/// The folder of packs.
pub(super) const EVIDENCE: &str = "evidence";
/// The name of the second record of commits, which lies on a path of its own.
pub(super) const HIGH_WATER: &str = "high-water";

/// Room on the disk that a vault lies on, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// What this process may still write.
    pub(crate) free: u64,
    /// All of it.
    pub(crate) total: u64,
}

/// An open file of a vault. Shared between threads; one of them writes.
pub(crate) trait DiskFile: Debug + Send + Sync {
    fn len(&self) -> io::Result<u64>;
    /// Fills `out` or fails.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    fn set_len(&self, len: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
}

/// A file that is written in parts and takes its place when it is whole. Dropped before that, nothing
/// of it is left.
pub(crate) trait Whole: Write {
    /// Syncs it and puts it in its place.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

impl Whole for Growing {
    fn finish(self: Box<Self>) -> io::Result<()> {
        Self::finish(*self)
    }
}

/// What a vault needs of a file system.
pub(crate) trait Disk: Debug + Send + Sync {
    /// Opens a file to read and write it; makes it if `create` says so, and it may be there.
    fn open(&self, name: &str, create: bool) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a database with this builder, or makes it.
    fn database(&self, name: &str, builder: &Builder) -> Result<Database, DatabaseError>;
    /// The names of the files in a folder, without the folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    fn remove(&self, name: &str) -> io::Result<()>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn make_folder(&self, name: &str) -> io::Result<()>;
    fn sync_folder(&self, name: &str) -> io::Result<()>;
    /// Reads a file of at most `limit` bytes whole.
    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>>;
    /// Writes a file whole: under another name, synced, renamed, its folder synced.
    fn write_whole(&self, name: &str, bytes: &[u8], access: Access) -> io::Result<()>;
    /// The same in parts, for what is too large for memory.
    fn begin_whole(&self, name: &str, access: Access) -> io::Result<Box<dyn Whole>>;
    /// How much room there is; `None` where the system does not tell.
    fn room(&self) -> io::Result<Option<Room>>;
    /// Keeps other processes out for as long as the answer lives.
    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>>;
}

/// A real folder.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
    pub(crate) high_water: PathBuf,
}

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        match name {
            // A slash behind it would say that it is a folder.
            "" => self.root.clone(),
            HIGH_WATER => self.high_water.clone(),
            name => self.root.join(name),
        }
    }

    fn open_file(&self, name: &str, create: bool) -> io::Result<File> {
        let path = self.path(name);
        if create && !path.try_exists()? {
            durable::write_synced(&path, b"", Access::Owner)?;
            durable::sync_folder(&durable::folder_of(&path))?;
        }
        OpenOptions::new().read(true).write(true).open(path)
    }
}

impl Disk for Folder {
    fn open(&self, name: &str, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(Positioned(Mutex::new(self.open_file(name, create)?))))
    }

    fn database(&self, name: &str, builder: &Builder) -> Result<Database, DatabaseError> {
        let io = |error| DatabaseError::Storage(redb::StorageError::Io(error));
        let file = self.open_file(name, true).map_err(io)?;
        builder.create_with_backend(FileBackend::new(file)?)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.path(folder))?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn make_folder(&self, name: &str) -> io::Result<()> {
        durable::create_private_folder(&self.path(name))
    }

    fn sync_folder(&self, name: &str) -> io::Result<()> {
        durable::sync_folder(&self.path(name))
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        durable::read_bounded(&self.path(name), limit)
    }

    fn write_whole(&self, name: &str, bytes: &[u8], access: Access) -> io::Result<()> {
        durable::write_whole(&self.path(name), bytes, access)
    }

    fn begin_whole(&self, name: &str, access: Access) -> io::Result<Box<dyn Whole>> {
        Ok(Box::new(Growing::begin(&self.path(name), access)?))
    }

    fn room(&self) -> io::Result<Option<Room>> {
        let room = os::room(&self.root)?;
        Ok(room.map(|(free, total)| Room { free, total }))
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        let lock = File::open(self.path("lock"))?;
        lock.try_lock()?;
        Ok(Box::new(lock))
    }
}

/// A file that cannot be written, for tests.
#[cfg(test)]
pub(super) fn read_only(path: &std::path::Path) -> io::Result<Arc<dyn DiskFile>> {
    Ok(Arc::new(Positioned(Mutex::new(File::open(path)?))))
}

/// A file whose one position is moved under a lock, which every system can do.
#[derive(Debug)]
struct Positioned(Mutex<File>);

impl Positioned {
    fn at<T>(&self, offset: u64, act: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        act(&mut file)
    }
}

impl DiskFile for Positioned {
    fn len(&self) -> io::Result<u64> {
        self.at(0, |file| Ok(file.metadata()?.len()))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.at(offset, |file| file.read_exact(out))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.at(offset, |file| file.write_all(bytes))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.at(0, |file| file.set_len(len))
    }

    fn sync(&self) -> io::Result<()> {
        self.at(0, |file| file.sync_data())
    }
}
