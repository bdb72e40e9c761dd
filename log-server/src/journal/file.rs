//! The embedded journal: one file, one write and one sync for each commit.
//!
//! Opening rewrites the file: valid frames may sit in the machine's cache only, left there by a
//! process whose sync failed or that was killed before it, and must not be built upon until they
//! are known to be durable.
//!
//! After a failed sync the journal refuses everything. The kernel may have dropped the pages and
//! marked them clean, so that a second sync would "succeed" over lost data.
//!
//! **The reserve.** A file that grows with each commit makes each sync wait for the file system's own
//! journal, and for what others are storing through it, which takes several times as long as the
//! frame. So a frame that finds no room brings zeros with it, in the same write and under the same sync,
//! and the frames after it are written over these: blocks that are there already. What makes that safe:
//!
//! - A frame begins where the one before it ends, and is written when that one is synced. So behind
//!   the frames that were acknowledged there is one write at most that was interrupted, and behind that
//!   nothing but zeros of the reserve; `frame` tells it from damage.
//! - What was acknowledged is never written again, apart from the bytes that share its last sector
//!   with the next frame: they are the same, and a disk writes a sector whole or not at all. So it is
//!   without a reserve.
//! - A write that failed is taken back with all of the reserve, and that is synced before the next: never
//!   are two unsynced frames at one place, which could be mixed.
//! - While the file is written others read it (`read_as_far_as`), and look at nothing behind what
//!   they know to be synced.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{AppendError, Base, Journal, Loaded, frame, mark};
use crate::answer::Fatal;
use crate::disk::{Disk, OpenFile, put_in_place, read_if_there, write_beside, write_whole};
use crate::shared::JOURNAL;

/// The entries of one frame when the file is rewritten: bounds the frame, not the journal. With
/// entries of the largest size a frame then has 67 MB, a quarter of what a frame may have.
const REWRITE_CHUNK: usize = 1024;

/// The largest frame that brings zeros with it, in bytes.
///
/// Zeros cost the bytes of the frames that replace them once more; what they save is a wait of a quarter
/// millisecond, in which a common disk writes some 50 kB. Above that nothing is gained: an entry of 60 kB
/// is written twice, in the journal and in its bundle, and not three times. Larger frames do use the room that
/// they find. So zeros never are more bytes than frames, but for what is left of one reserve at a
/// trim, a quarter of what was trimmed (see `RESERVE_SHARE` in `start`).
const MOST_WITH_ZEROS: usize = 48 * 1024;

/// How often a journal that may be at work is read before it is called damaged, and the pause between.
const READS: u32 = 3;
const READ_PAUSE: Duration = Duration::from_millis(10);

/// A journal in one file.
pub struct FileJournal {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Box<dyn OpenFile>,
    /// The entries in the log, with those below the base.
    size: u64,
    /// The bytes of its frames.
    length: u64,
    /// The bytes in the file: its frames, and the reserve behind them.
    file_length: u64,
    /// The zeros that a frame without room brings with it.
    reserve: usize,
    /// What is being written; kept to reuse its memory.
    buffer: Vec<u8>,
    /// Set by a failed sync, for good.
    broken: Option<Fatal>,
}

impl FileJournal {
    /// Opens the journal at `path`, or makes an empty one, and makes all it holds durable.
    ///
    /// `durable` is the size up to which entries are known to have been synced, by more than the
    /// journal's own word (see `frame`).
    pub fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        durable: Option<u64>,
    ) -> Result<(Self, Loaded), Fatal> {
        let loaded = read_at_start(disk.as_ref(), path, durable)?;
        let bytes = format_whole(&loaded.base, &loaded.entries);
        write_whole(disk.as_ref(), path, &bytes).map_err(|error| cannot("rewrite", &error))?;
        let file = disk.open_file(path).map_err(|error| cannot("open", &error))?;
        let journal = Self {
            disk,
            path: path.to_owned(),
            file,
            size: loaded.size(),
            length: bytes.len() as u64,
            file_length: bytes.len() as u64,
            reserve: 0,
            buffer: Vec::new(),
            broken: None,
        };
        Ok((journal, loaded))
    }

    /// The same journal with a reserve of so many bytes, which is made by the first append.
    #[must_use]
    pub fn with_reserve(mut self, bytes: usize) -> Self {
        self.reserve = bytes;
        self
    }

    /// Nothing was promised yet. What was written of the frame is taken back, so that the next one does not
    /// follow garbage; durably, so that it is not mixed with it either.
    fn take_back(&mut self, refused: &std::io::Error) -> AppendError {
        let taken_back = self.file.truncate(self.length).and_then(|()| self.file.sync());
        if let Err(error) = taken_back {
            return self.fail("take back a failed write to", &error);
        }
        self.file_length = self.length;
        AppendError::Refused(format!("journal: {refused}"))
    }

    fn fail(&mut self, what: &str, error: &std::io::Error) -> AppendError {
        let fatal = cannot(what, error);
        self.broken = Some(fatal.clone());
        AppendError::Fatal(fatal)
    }
}

impl Journal for FileJournal {
    fn append(&mut self, expected: u64, batch: &[Bytes]) -> Result<(), AppendError> {
        if let Some(fatal) = &self.broken {
            return Err(fatal.clone().into());
        }
        if expected != self.size {
            return Err(AppendError::Conflict { size: self.size, expected });
        }
        frame::format_entries(&mut self.buffer, self.size, batch);
        let frame_end = self.length + self.buffer.len() as u64;
        if frame_end > self.file_length && self.buffer.len() <= MOST_WITH_ZEROS {
            self.buffer.resize(self.buffer.len() + self.reserve, 0);
        }
        if let Err(error) = self.file.write_at(self.length, &self.buffer) {
            return Err(self.take_back(&error));
        }
        let before_sync = Instant::now();
        if let Err(error) = self.file.sync() {
            return Err(self.fail("sync", &error));
        }
        metrics::histogram!("fiducial_log_journal_sync_seconds")
            .record(before_sync.elapsed().as_secs_f64());
        self.size += batch.len() as u64;
        self.file_length = self.file_length.max(self.length + self.buffer.len() as u64);
        self.length = frame_end;
        Ok(())
    }

    fn load(&self) -> Result<Loaded, Fatal> {
        read_as_far_as(self.disk.as_ref(), &self.path, self.size)
    }

    fn bytes(&self) -> u64 {
        self.length
    }

    fn trim(&mut self, base: &Base, kept: &[Bytes]) -> Result<(), AppendError> {
        if let Some(fatal) = &self.broken {
            return Err(fatal.clone().into());
        }
        let size = base.frontier.size() + kept.len() as u64;
        assert_eq!(size, self.size, "a trim keeps every entry behind its base");
        let bytes = format_whole(base, kept);
        if let Err(error) = write_beside(self.disk.as_ref(), &self.path, &bytes) {
            return Err(AppendError::Refused(format!("journal: {error}")));
        }
        if let Err(error) = put_in_place(self.disk.as_ref(), &self.path) {
            // The old file or the new one stands there, and both are right; but which one cannot
            // be known, so the handle may point at a file without a name. Only a start can tell.
            return Err(self.fail("trim", &error));
        }
        match self.disk.open_file(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => return Err(self.fail("open the trimmed", &error)),
        }
        self.length = bytes.len() as u64;
        self.file_length = self.length;
        Ok(())
    }

    fn close(&mut self) {
        if self.broken.is_some() || self.file_length == self.length {
            return;
        }
        // Copies are smaller, and older programs read it. Not synced: a start knows what a reserve is.
        match self.file.truncate(self.length) {
            Ok(()) => self.file_length = self.length,
            Err(error) => tracing::warn!(%error, "the journal's reserve was not given back"),
        }
    }
}

/// Makes the journal at `path` hold exactly this, durably: for a log that is made with entries in it.
pub fn write(disk: &dyn Disk, path: &Path, base: &Base, entries: &[Bytes]) -> std::io::Result<()> {
    write_whole(disk, path, &format_whole(base, entries))
}

/// Reads the journal at `path` from storage without changing it, while it may be written: as far as `size`
/// entries, which were synced before.
pub fn read_as_far_as(disk: &dyn Disk, path: &Path, size: u64) -> Result<Loaded, Fatal> {
    read_with(disk, path, |bytes| frame::parse_as_far_as(bytes, size))
}

/// Reads all of the journal in a data folder, whether a log is at work there or was cut off: as a start
/// would, by the word of the mark.
pub fn read_all(disk: &dyn Disk, folder: &Path) -> Result<Loaded, Fatal> {
    let read = || {
        let durable = mark::read(disk, folder).map(|marked| marked.size);
        read_at_start(disk, &folder.join(JOURNAL), durable)
    };
    // A frame that is on its way may look like anything. What is on the disk and damaged is damaged the
    // next time too.
    let mut result = read();
    for _ in 1..READS {
        if result.is_ok() {
            break;
        }
        std::thread::sleep(READ_PAUSE);
        result = read();
    }
    result
}

/// Reads it as a start does, which knows what an unfinished write may have left behind `durable`. The caller
/// refuses what has fewer entries than that.
pub fn read_at_start(disk: &dyn Disk, path: &Path, durable: Option<u64>) -> Result<Loaded, Fatal> {
    read_with(disk, path, |bytes| frame::parse_at_start(bytes, durable))
}

fn read_with(
    disk: &dyn Disk,
    path: &Path,
    parse: impl FnOnce(&Bytes) -> Result<Loaded, frame::Damage>,
) -> Result<Loaded, Fatal> {
    let bytes = read_if_there(disk, path).map_err(|error| cannot("read", &error))?;
    let Some(bytes) = bytes else {
        return Ok(Loaded { base: Base::empty(), entries: Vec::new(), torn_bytes: 0 });
    };
    let bytes = Bytes::from(bytes);
    parse(&bytes).map_err(|damage| {
        let (left, path) = (bytes.len().saturating_sub(damage.offset), path.display());
        Fatal::new(format!(
            "The journal {path} is damaged {damage}; {left} bytes of it are in doubt. Entries in \
             them may have been acknowledged, so nothing is dropped and nothing is signed. Keep a \
             copy of the data folder as it is. Then restore this file from a copy of the same \
             moment or later, or rebuild the tail from a mirror; `fiducial-log check` lists what \
             else is affected. Only if a power cut interrupted the last write, and no copy exists: \
             `truncate --size={} {path}` drops these bytes and nothing else. The log still refuses to \
             start if that takes away what it has signed or knows to be durable; agents that were told \
             of an entry in them send it again",
            damage.offset
        ))
    })
}

fn format_whole(base: &Base, entries: &[Bytes]) -> Vec<u8> {
    let mut bytes = frame::format_base(base);
    let mut buffer = Vec::new();
    // Megabytes under load: as they grew, each size that they had would be left behind in memory for a while.
    bytes.reserve_exact(frames_size(entries));
    let mut first = base.frontier.size();
    for chunk in entries.chunks(REWRITE_CHUNK) {
        frame::format_entries(&mut buffer, first, chunk);
        bytes.extend_from_slice(&buffer);
        first += chunk.len() as u64;
    }
    bytes
}

/// The bytes that the frames of `entries` take.
fn frames_size(entries: &[Bytes]) -> usize {
    let chunks = entries.len().div_ceil(REWRITE_CHUNK);
    chunks * frame::OVERHEAD + frame::entries_size(entries)
}

fn cannot(what: &str, error: &std::io::Error) -> Fatal {
    Fatal::new(format!(
        "The log could not {what} its journal: {error}. What is durable is now unknown, so it \
         accepts and signs nothing more. Check the disk and its free space, then start the log \
         again: it will read back what is really there."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bare;

    #[test]
    fn what_is_rewritten_has_the_size_that_is_made_room_for() {
        let base = Base::empty();
        let empty = frame::format_base(&base).len();
        for count in [0, 1, REWRITE_CHUNK, REWRITE_CHUNK + 1] {
            let entries = bare::entries(0..count as u64);
            assert_eq!(
                format_whole(&base, &entries).len(),
                empty + frames_size(&entries),
                "{count}"
            );
        }
    }
}
