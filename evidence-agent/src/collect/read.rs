//! Reads a file once: what is hashed and what is kept are the same bytes.
//!
//! A file that changes while it is read is refused, since nobody could say later which of its states
//! was captured.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::import::MAX_INTERPRETED_SIZE;
use crate::model::{Content, Hash256};
use crate::os::{self, Links};

/// How much of a large file is read at once.
const CHUNK_SIZE: usize = 256 * 1024;

/// A file as it was at one moment.
pub(super) struct Whole {
    pub(super) content: Content,
    pub(super) sha256: Hash256,
    pub(super) size: u64,
    pub(super) modified_nanos: i128,
}

/// Why there is no such moment.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is being written.
    Changing,
    /// It is there, and the system does not let it be read.
    Refused(io::Error),
    /// It is not there any more, or something else is in its place.
    Vanished,
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Vanished,
            _ => Self::Refused(error),
        }
    }
}

/// Reads a file that was listed with this size and time of change.
pub(super) fn read_whole(path: &Path, size: u64, modified_nanos: i128) -> Result<Whole, Unread> {
    let mut file = os::open_to_read(path, Links::Refused)?;
    let opened = file.metadata()?;
    if !opened.is_file() {
        return Err(Unread::Vanished);
    }
    if (opened.len(), nanos(&opened)) != (size, modified_nanos) {
        return Err(Unread::Changing);
    }
    let (content, sha256, read) = if size <= MAX_INTERPRETED_SIZE as u64 {
        let bytes = read_small(&mut file, size)?;
        let (sha256, read) = (Sha256::digest(&bytes), bytes.len() as u64);
        (Content::Bytes(bytes), sha256, read)
    } else {
        let mut hasher = Sha256::new();
        let read = copy(&mut file, size + 1, &mut |chunk| hasher.update(chunk))?;
        (Content::File(path.to_path_buf()), hasher.finalize(), read)
    };
    let closed = file.metadata()?;
    if read != size || (closed.len(), nanos(&closed)) != (size, modified_nanos) {
        return Err(Unread::Changing);
    }
    Ok(Whole { content, sha256: Hash256(sha256.into()), size, modified_nanos })
}

/// Reads a file to its end, or one byte beyond the size that it should have.
fn read_small(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    // One byte more than it should have: the read that finds the end then needs no larger buffer.
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)? + 1);
    file.take(size + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads at most `limit` bytes in chunks, and says how many there were.
pub(super) fn copy(file: &mut impl Read, limit: u64, to: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_SIZE];
    let mut size = 0;
    while size < limit {
        let most = usize::try_from(limit - size).unwrap_or(CHUNK_SIZE).min(CHUNK_SIZE);
        match file.read(&mut chunk[..most]) {
            Ok(0) => break,
            Ok(count) => {
                to(&chunk[..count]);
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(size)
}

/// A file's time of change, in nanoseconds since 1970; 0 where the file system has none.
pub(super) fn nanos(metadata: &Metadata) -> i128 {
    let Ok(modified) = metadata.modified() else { return 0 };
    let whole = |duration: std::time::Duration| i128::try_from(duration.as_nanos()).unwrap_or(0);
    match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}
