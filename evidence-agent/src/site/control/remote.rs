//! The caller as the agent sees him: his files are reached over the connection.
//!
//! One question is under way at a time. A caller who does not answer within [`PATIENCE`] is gone:
//! whatever was being done for him ends with an error, and a copy of his stays what it was before.

use std::any::Any;
use std::fmt;
use std::io::{self, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redb::{Builder, Database, DatabaseError, StorageBackend};

use super::caller::Caller;
use super::wire::{self, Act, FromAgent, FromCaller, MAX_BODY_SIZE, MAX_READ_SIZE, What};
use crate::durable::{Access, Replaces};
use crate::model::Hash256;
use crate::vault::{Disk, DiskFile, Progress, Room, Whole};

/// How long a caller may take for one thing: to sync a large file on a slow disk, for one.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// How often a caller is told how far the work has come.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// The caller at the other end.
#[derive(Clone)]
pub(super) struct Remote(Arc<Line>);

struct Line {
    stream: Mutex<TcpStream>,
    shown: Mutex<Option<Instant>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a caller")
    }
}

impl Line {
    fn ask(
        &self,
        root: &Path,
        name: &str,
        what: What,
        body: &[u8],
    ) -> io::Result<(FromCaller, Vec<u8>)> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let act = Act { root: root.to_path_buf(), name: name.to_string(), what };
        wire::send(&mut *stream, &FromAgent::Act(act), body)?;
        let mut read = Vec::new();
        loop {
            let (answer, mut body) = wire::receive::<FromCaller>(&mut *stream)?;
            if read.len() + body.len() > MAX_READ_SIZE {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if read.is_empty() {
                read = body;
            } else {
                read.append(&mut body);
            }
            if !matches!(answer, FromCaller::Part) {
                return Ok((answer.result()?, read));
            }
        }
    }
}

impl Remote {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Line { stream: Mutex::new(stream), shown: Mutex::new(None) }))
    }

    /// Sends the end of the work: its answer in parts.
    pub(super) fn say(&self, head: &FromAgent, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.0.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.is_empty() {
            return wire::send(&mut *stream, head, b"");
        }
        bytes.chunks(MAX_BODY_SIZE).try_for_each(|part| wire::send(&mut *stream, head, part))
    }
}

impl Caller for Remote {
    fn disk(&self, root: &Path) -> Arc<dyn Disk> {
        Arc::new(RemoteDisk { line: Arc::clone(&self.0), root: root.to_path_buf() })
    }

    fn begin_named(
        &self,
        path: &Path,
        access: Access,
        replaces: Replaces,
    ) -> io::Result<Box<dyn Whole>> {
        let disk = RemoteDisk { line: Arc::clone(&self.0), root: path.to_path_buf() };
        Ok(Box::new(disk.whole("", access, replaces)))
    }

    fn make_folders(&self, path: &Path) -> io::Result<()> {
        self.0.ask(path, "", What::MakeFolders, b"").map(drop)
    }

    fn new_folder(&self, path: &Path) -> io::Result<()> {
        self.0.ask(path, "", What::NewFolder, b"").map(drop)
    }

    fn drop_folder(&self, path: &Path) -> io::Result<()> {
        self.0.ask(path, "", What::DropFolder, b"").map(drop)
    }

    fn sha256(&self, path: &Path) -> io::Result<Hash256> {
        let (_, bytes) = self.0.ask(path, "", What::Sha256, b"")?;
        bytes.try_into().map(Hash256).map_err(|_| odd())
    }

    fn progress(&self, progress: Progress) {
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_some_and(|shown| shown.elapsed() < PROGRESS_EVERY) {
            return;
        }
        *shown = Some(Instant::now());
        drop(shown);
        let Progress { done, total } = progress;
        // Whoever went away is noticed when he is asked for something.
        let _ = self.say(&FromAgent::Progress { done, total }, b"");
    }
}

/// Files below a path of the caller.
#[derive(Debug)]
struct RemoteDisk {
    line: Arc<Line>,
    root: PathBuf,
}

impl RemoteDisk {
    fn ask(&self, name: &str, what: What, body: &[u8]) -> io::Result<(FromCaller, Vec<u8>)> {
        self.line.ask(&self.root, name, what, body)
    }

    fn open_file(&self, name: &str, create: bool) -> io::Result<RemoteFile> {
        match self.ask(name, What::Open { create }, b"")?.0 {
            FromCaller::Number(file) => Ok(RemoteFile { line: Arc::clone(&self.line), file }),
            _ => Err(odd()),
        }
    }

    fn whole(&self, name: &str, access: Access, replaces: Replaces) -> RemoteWhole {
        RemoteWhole {
            disk: Self { line: Arc::clone(&self.line), root: self.root.clone() },
            name: name.to_string(),
            private: access == Access::Owner,
            replaces,
            held: Vec::new(),
            begun: false,
        }
    }
}

impl Disk for RemoteDisk {
    fn open(&self, name: &str, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(self.open_file(name, create)?))
    }

    fn database(&self, name: &str, builder: &Builder) -> Result<Database, DatabaseError> {
        let io = |error| DatabaseError::Storage(redb::StorageError::Io(error));
        builder.create_with_backend(self.open_file(name, true).map_err(io)?)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        match self.ask(folder, What::List, b"")?.0 {
            FromCaller::Names(names) => Ok(names),
            _ => Err(odd()),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.ask(name, What::Remove, b"").map(drop)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.ask(from, What::Rename { to: to.to_string() }, b"").map(drop)
    }

    fn make_folder(&self, name: &str) -> io::Result<()> {
        self.ask(name, What::MakeFolder, b"").map(drop)
    }

    fn sync_folder(&self, name: &str) -> io::Result<()> {
        self.ask(name, What::SyncFolder, b"").map(drop)
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        let limit = limit.min(MAX_READ_SIZE) as u64;
        Ok(self.ask(name, What::Read { limit }, b"")?.1)
    }

    fn write_whole(&self, name: &str, bytes: &[u8], access: Access) -> io::Result<()> {
        let mut file = self.begin_whole(name, access)?;
        file.write_all(bytes)?;
        file.finish()
    }

    fn begin_whole(&self, name: &str, access: Access) -> io::Result<Box<dyn Whole>> {
        Ok(Box::new(self.whole(name, access, Replaces::Anything)))
    }

    fn room(&self) -> io::Result<Option<Room>> {
        Ok(None)
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A file of the caller that is written in parts; only the last makes it whole and puts it in its place.
struct RemoteWhole {
    disk: RemoteDisk,
    name: String,
    private: bool,
    replaces: Replaces,
    /// What is not sent yet: less than two parts.
    held: Vec<u8>,
    /// Whether the caller has parts of it.
    begun: bool,
}

impl Write for RemoteWhole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = &bytes[..bytes.len().min(MAX_BODY_SIZE)];
        self.held.extend_from_slice(taken);
        // The last part stays: it goes with the word that it is the last.
        if self.held.len() > MAX_BODY_SIZE {
            let rest = self.held.split_off(MAX_BODY_SIZE);
            let part = std::mem::replace(&mut self.held, rest);
            self.begun = true;
            let what = What::Part { private: self.private, replaces: self.replaces };
            self.disk.ask(&self.name, what, &part)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Whole for RemoteWhole {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let last = std::mem::take(&mut self.held);
        let what = What::WriteWhole { private: self.private, replaces: self.replaces };
        self.disk.ask(&self.name, what, &last)?;
        self.begun = false;
        Ok(())
    }
}

impl Drop for RemoteWhole {
    fn drop(&mut self) {
        if self.begun {
            // A caller who is gone has given it up himself.
            let _ = self.disk.ask(&self.name, What::DropParts, b"");
        }
    }
}

/// An open file of the caller; closed when it is dropped.
#[derive(Debug)]
struct RemoteFile {
    line: Arc<Line>,
    file: u64,
}

impl RemoteFile {
    fn ask(&self, what: What, body: &[u8]) -> io::Result<(FromCaller, Vec<u8>)> {
        self.line.ask(Path::new(""), "", what, body)
    }
}

impl Drop for RemoteFile {
    fn drop(&mut self) {
        // A caller who is gone has closed it himself.
        let _ = self.ask(What::Close { file: self.file }, b"");
    }
}

impl DiskFile for RemoteFile {
    fn len(&self) -> io::Result<u64> {
        match self.ask(What::Len { file: self.file }, b"")?.0 {
            FromCaller::Number(len) => Ok(len),
            _ => Err(odd()),
        }
    }

    fn read_at(&self, mut offset: u64, out: &mut [u8]) -> io::Result<()> {
        for part in out.chunks_mut(MAX_BODY_SIZE) {
            let size = part.len() as u64;
            let (_, bytes) = self.ask(What::ReadAt { file: self.file, offset, size }, b"")?;
            if bytes.len() != part.len() {
                return Err(odd());
            }
            part.copy_from_slice(&bytes);
            offset += size;
        }
        Ok(())
    }

    fn write_at(&self, mut offset: u64, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(MAX_BODY_SIZE) {
            self.ask(What::WriteAt { file: self.file, offset }, part)?;
            offset += part.len() as u64;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.ask(What::SetLen { file: self.file, len }, b"").map(drop)
    }

    fn sync(&self) -> io::Result<()> {
        self.ask(What::Sync { file: self.file }, b"").map(drop)
    }
}

impl StorageBackend for RemoteFile {
    fn len(&self) -> io::Result<u64> {
        DiskFile::len(self)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        DiskFile::set_len(self, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write_at(offset, data)
    }
}

fn odd() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an answer of another kind than was asked for")
}
