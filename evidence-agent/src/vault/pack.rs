//! Packs: evidence in append-only files.
//!
//! Rule: `spec/text/vault.md`, "Packs".
//!
//! ```text
//! pack  "fiducial/pack/v1\n" || 7 zero bytes || u64 number, then items
//! item  "item" || u32 how || 32-byte id || u64 size || 16-byte check || body
//! ```
//!
//! `how` is 0 for plain and 1 for encrypted, `size` counts the evidence's own bytes, and `check` is
//! the start of SHA-256 over the 48 bytes before it. A plain body is the evidence; an encrypted one
//! is a row of chunks of at most 256 KiB, each with nonce and tag, bound to the id, the chunk's
//! number and whether it is the last.
//!
//! Bytes behind what the database has committed are worth nothing: a crash left them there.

use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::cipher::{Cipher, NotSealed, SEAL_SIZE};
use super::disk::DiskFile;
use crate::error::AgentError;

/// The bytes before the first item.
pub(super) const HEADER_SIZE: u64 = 32;

/// The bytes before an item's body.
pub(super) const ITEM_HEADER_SIZE: u64 = 64;

/// How much of a large item is in memory at once.
const CHUNK_SIZE: usize = 256 * 1024;

/// How much is gathered before it is written.
const BUFFER_SIZE: usize = 1024 * 1024;

const MAGIC: &[u8; 17] = b"fiducial/pack/v1\n";
const ITEM_MAGIC: &[u8; 4] = b"item";

/// What names an item: the evidence's SHA-256, or a keyed hash of it.
pub(super) type ItemId = [u8; 32];

/// What an item's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ItemHeader {
    pub(super) sealed: bool,
    pub(super) id: ItemId,
    pub(super) size: u64,
}

/// Why an item cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ItemError {
    /// The bytes are not those that were stored.
    #[error("the evidence at byte {offset} is damaged")]
    Damaged {
        /// Where it begins.
        offset: u64,
    },
    /// The file cannot be read, for example because it ends too early.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The file name of a pack.
pub(super) fn file_name(number: u64) -> String {
    format!("{number:08}.pack")
}

/// The number in a file name, if it is a pack's.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".pack")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// The first bytes of a pack.
pub(super) fn header(number: u64) -> [u8; 32] {
    let mut header = [0; 32];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[24..].copy_from_slice(&number.to_be_bytes());
    header
}

/// How long an item's body is in the pack.
pub(super) fn body_size(sealed: bool, size: u64) -> u64 {
    if !sealed {
        return size;
    }
    let chunks = size.div_ceil(CHUNK_SIZE as u64).max(1);
    size.saturating_add(chunks.saturating_mul(SEAL_SIZE as u64))
}

impl ItemHeader {
    fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..4].copy_from_slice(ITEM_MAGIC);
        bytes[4..8].copy_from_slice(&u32::from(self.sealed).to_be_bytes());
        bytes[8..40].copy_from_slice(&self.id);
        bytes[40..48].copy_from_slice(&self.size.to_be_bytes());
        let check = Sha256::digest(&bytes[..48]);
        bytes[48..].copy_from_slice(&check[..16]);
        bytes
    }

    /// Parses what [`Self::to_bytes`] has written.
    fn parse(bytes: &[u8; 64]) -> Option<Self> {
        let number = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight"));
        let sealed = bytes[7] == 1;
        let id = bytes[8..40].try_into().expect("thirty-two");
        let header = Self { sealed, id, size: number(40) };
        (header.to_bytes() == *bytes).then_some(header)
    }

    /// How many bytes the item takes in its pack.
    pub(super) fn whole_size(&self) -> u64 {
        ITEM_HEADER_SIZE.saturating_add(body_size(self.sealed, self.size))
    }
}

/// Appends items to one pack. What it has written counts only once it was synced and committed.
pub(super) struct PackWriter {
    pub(super) number: u64,
    file: Arc<dyn DiskFile>,
    written: u64,
    buffer: Vec<u8>,
}

impl PackWriter {
    /// Goes on at `end`, over whatever lies there.
    pub(super) fn new(number: u64, file: Arc<dyn DiskFile>, end: u64) -> Self {
        let mut writer = Self { number, file, written: end, buffer: Vec::new() };
        if end == 0 {
            writer.buffer.extend_from_slice(&header(number));
        }
        writer
    }

    /// Where the next item will begin.
    pub(super) fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends an item whose content `read` gives; its size and hash are known beforehand, and
    /// what is read must be that, else the item is not to be committed.
    pub(super) fn append(
        &mut self,
        cipher: &Cipher,
        header: ItemHeader,
        read: &mut dyn Read,
    ) -> Result<Appended, AgentError> {
        let offset = self.end();
        self.buffer.extend_from_slice(&header.to_bytes());
        let mut hash = Sha256::new();
        let (mut left, mut number) = (header.size, 0_u64);
        let mut chunk = Vec::new();
        loop {
            let size = left.min(CHUNK_SIZE as u64);
            left -= size;
            chunk.resize(usize::try_from(size).expect("at most a chunk"), 0);
            if read.read_exact(&mut chunk).is_err() {
                return Ok(Appended { offset, hash: None });
            }
            hash.update(&chunk);
            let place = chunk_place(&header.id, number, left == 0);
            cipher.seal_chunk(&place, &chunk, &mut self.buffer)?;
            number += 1;
            if self.buffer.len() >= BUFFER_SIZE {
                self.flush().map_err(AgentError::file(file_name(self.number).as_ref()))?;
            }
            if left == 0 {
                break;
            }
        }
        let more = read.read(&mut [0]).is_ok_and(|count| count > 0);
        let hash = (!more).then(|| hash.finalize().into());
        Ok(Appended { offset, hash })
    }

    /// Appends an item that is in memory and was hashed already.
    pub(super) fn append_bytes(
        &mut self,
        cipher: &Cipher,
        header: ItemHeader,
        bytes: &[u8],
    ) -> Result<u64, AgentError> {
        let offset = self.end();
        self.buffer.extend_from_slice(&header.to_bytes());
        let count = bytes.len().div_ceil(CHUNK_SIZE).max(1);
        for number in 0..count {
            let from = number * CHUNK_SIZE;
            let chunk = &bytes[from..bytes.len().min(from + CHUNK_SIZE)];
            let place = chunk_place(&header.id, number as u64, number + 1 == count);
            cipher.seal_chunk(&place, chunk, &mut self.buffer)?;
        }
        if self.buffer.len() >= BUFFER_SIZE {
            self.flush().map_err(AgentError::file(file_name(self.number).as_ref()))?;
        }
        Ok(offset)
    }

    /// Copies an item as it is from another pack.
    pub(super) fn copy(&mut self, from: &dyn DiskFile, at: u64, size: u64) -> io::Result<u64> {
        let offset = self.end();
        let mut copied = 0;
        while copied < size {
            let part = (size - copied).min(CHUNK_SIZE as u64);
            let start = self.buffer.len();
            self.buffer.resize(start + usize::try_from(part).expect("at most a chunk"), 0);
            from.read_at(at + copied, &mut self.buffer[start..])?;
            copied += part;
            if self.buffer.len() >= BUFFER_SIZE {
                self.flush()?;
            }
        }
        Ok(offset)
    }

    /// Forgets what was appended from `offset` on.
    pub(super) fn cut_back(&mut self, offset: u64) {
        let kept = offset.saturating_sub(self.written);
        self.buffer.truncate(usize::try_from(kept).expect("as much as is in memory"));
        self.written = self.written.min(offset);
    }

    /// Writes and syncs all that was appended.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(self.written, &self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Where an item was put, and the SHA-256 of what was read; none if it had another size.
pub(super) struct Appended {
    pub(super) offset: u64,
    pub(super) hash: Option<[u8; 32]>,
}

/// Reads the header of the item at `offset`.
pub(super) fn read_header(file: &dyn DiskFile, offset: u64) -> Result<ItemHeader, ItemError> {
    let mut bytes = [0; 64];
    file.read_at(offset, &mut bytes)?;
    ItemHeader::parse(&bytes).ok_or(ItemError::Damaged { offset })
}

/// Reads the item at `offset`, whose header was read, chunk by chunk into `take`; gives the SHA-256
/// of its content. What was taken is the evidence only if the hash is the evidence's.
pub(super) fn read_item(
    cipher: &Cipher,
    file: &dyn DiskFile,
    offset: u64,
    header: &ItemHeader,
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<[u8; 32], ItemError> {
    if header.sealed != cipher.is_sealed() {
        return Err(ItemError::Damaged { offset });
    }
    let around = if header.sealed { SEAL_SIZE } else { 0 };
    let (mut at, mut left, mut number) = (offset + ITEM_HEADER_SIZE, header.size, 0_u64);
    let mut hash = Sha256::new();
    let mut chunk = Vec::new();
    loop {
        let size = usize::try_from(left.min(CHUNK_SIZE as u64)).expect("at most a chunk");
        left -= size as u64;
        chunk.resize(size + around, 0);
        file.read_at(at, &mut chunk)?;
        at += chunk.len() as u64;
        let place = chunk_place(&header.id, number, left == 0);
        let opened = cipher.open_chunk(&place, &mut chunk);
        opened.map_err(|NotSealed| ItemError::Damaged { offset })?;
        hash.update(&chunk);
        take(&chunk)?;
        number += 1;
        if left == 0 {
            return Ok(hash.finalize().into());
        }
    }
}

fn chunk_place(id: &ItemId, number: u64, last: bool) -> [u8; 41] {
    let mut place = [0; 41];
    place[..32].copy_from_slice(id);
    place[32..40].copy_from_slice(&number.to_be_bytes());
    place[40] = u8::from(last);
    place
}
