//! The zip of a bundle: the one file that certain parts give, written and read.
//!
//! Rule: `spec/text/bundle.md`, "The zip". Vectors: `spec/vectors/bundle/`.
//!
//! ```text
//! (local header || path || part)...  (directory entry || path)...  end record
//! ```
//!
//! Nothing is compressed, and nothing is left to choose: no times, no comments, no extra fields, no
//! gaps. [`walk`] takes the directory's word for names and sizes only, writes every header again and
//! compares. So there are no two readings of one file and no two files of one reading; a general zip
//! library would repair or skip what is refused here.
//!
//! Out of scope: which paths a bundle may have and in which order (see the module above).

#![allow(clippy::little_endian_bytes, reason = "zip is little-endian; nothing else here is")]

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::path::PartPath;
use crate::hash::Hash;

/// The size of a local header without its path.
const LOCAL_SIZE: usize = 30;

/// The size of a directory entry without its path.
const ENTRY_SIZE: usize = 46;

/// The size of the end record, which has no comment.
pub(super) const END_SIZE: usize = 22;

/// What a local header begins with; a file that begins with another is no bundle.
const LOCAL_SIGNATURE: [u8; 4] = [0x50, 0x4b, 0x03, 0x04];

/// What a directory entry begins with.
const ENTRY_SIGNATURE: [u8; 4] = [0x50, 0x4b, 0x01, 0x02];

/// What the end record begins with.
const END_SIGNATURE: [u8; 4] = [0x50, 0x4b, 0x05, 0x06];

/// Made by and needed: version 1.0. Then flags, method, time and date: none, stored, 1980-01-01.
const VERSION: [u8; 2] = [0x0a, 0x00];
const FIXED: [u8; 8] = [0, 0, 0, 0, 0, 0, 0x21, 0x00];

/// Why bytes are not the zip of any bundle. A `part` is named by its path, and by its number from 0, `part 7`,
/// where it has none that a bundle may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// A part's CRC-32 is another than its bytes have.
    #[error("{part}: its bytes are damaged (its checksum does not fit)")]
    Checksum {
        /// Which part.
        part: String,
    },
    /// The file does not end in an end record without a comment, or is shorter than one.
    #[error("the last {END_SIZE} bytes are no end record of a bundle")]
    End,
    /// A header is not written as the format writes it.
    #[error("{part}: its headers are not written as a bundle's are")]
    Header {
        /// Which part.
        part: String,
    },
    /// Parts, directory and end record do not follow one another without a gap.
    #[error("{part}: it does not lie directly behind the one before")]
    Layout {
        /// Which part; the number of parts for the directory's end.
        part: String,
    },
}

/// What is computed of each part: the checksum that a zip states, and the hash that the lists do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    crc32: u32,
    sha256: Hash,
}

impl Digest {
    /// Computes both of a part's bytes.
    #[must_use]
    pub fn of(part: &[u8]) -> Self {
        Self { crc32: crc32fast::hash(part), sha256: Hash::of(part) }
    }

    /// The SHA-256.
    pub(super) const fn sha256(self) -> Hash {
        self.sha256
    }
}

/// One part as it lies in the file: its path's bytes, and its own.
pub(super) type Part<'a> = (&'a [u8], &'a [u8]);

/// What a part takes in the file: both headers, with its path in each, and its own bytes.
pub(super) const fn size_of(path_size: usize, part_size: usize) -> usize {
    LOCAL_SIZE + ENTRY_SIZE + 2 * path_size + part_size
}

/// Writes the file of these parts, in their order.
///
/// # Panics
///
/// If the caller has not bounded the number of parts, the paths and the sum of all sizes.
pub(super) fn write(parts: &[Part<'_>]) -> Vec<u8> {
    let paths: usize = parts.iter().map(|(path, _)| path.len()).sum();
    let bytes: usize = parts.iter().map(|(_, bytes)| bytes.len()).sum();
    let headers = parts.len() * (LOCAL_SIZE + ENTRY_SIZE) + END_SIZE;
    let mut out = Vec::with_capacity(headers + 2 * paths + bytes);
    let mut entries = Vec::with_capacity(parts.len() * ENTRY_SIZE + paths);
    for (path, part) in parts {
        let facts = Facts { path, checksum: crc32fast::hash(part), size: small(part.len()) };
        facts.write_entry(small(out.len()), &mut entries);
        facts.write_local(&mut out);
        out.extend_from_slice(part);
    }
    let begin = small(out.len());
    out.extend_from_slice(&entries);
    out.extend_from_slice(&end(parts.len(), small(entries.len()), begin));
    out
}

/// Whether a file begins with the local header of this path.
pub(super) fn begins_with(file: &[u8], path: &[u8]) -> bool {
    file.starts_with(&LOCAL_SIGNATURE)
        && file.get(LOCAL_SIZE..).is_some_and(|rest| rest.starts_with(path))
}

/// Whether a file ends in an end record without a comment, and the directory before it, as large as that says,
/// begins with the entry of this path. Where the file begins is not asked: that may be what was lost.
pub(super) fn lists_first(file: &[u8], path: &[u8]) -> bool {
    let Some((body, tail)) = file.split_last_chunk::<END_SIZE>() else { return false };
    let size = usize::try_from(u32_at(tail, 12)).ok();
    let begin = size.and_then(|size| body.len().checked_sub(size));
    let directory = begin.and_then(|begin| body.get(begin..)).unwrap_or_default();
    tail.starts_with(&END_SIGNATURE)
        && directory.starts_with(&ENTRY_SIGNATURE)
        && directory.get(ENTRY_SIZE..).is_some_and(|rest| rest.starts_with(path))
}

/// A part with the checksum that its headers state.
type Stated<'a> = (u32, Part<'a>);

/// The parts of a file in its order, up to the first whose headers or place are wrong. Of the bytes of a part
/// nothing was looked at.
pub(super) struct Walked<'a> {
    found: Vec<Stated<'a>>,
    /// Whether all of them are there.
    ended: Result<(), ZipError>,
}

impl<'a> Walked<'a> {
    /// The parts.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'a>> + Send {
        self.found.iter().map(|(_, part)| *part)
    }

    /// Compares the checksums, given the digest of each part. What is wrong is told as if the parts had been
    /// looked at one after the other.
    ///
    /// # Panics
    ///
    /// If there is not one digest for each.
    pub(super) fn check(self, digests: &[Digest]) -> Result<(), ZipError> {
        assert_eq!(digests.len(), self.found.len(), "one digest for each part");
        let both = self.found.iter().zip(digests);
        match both.enumerate().find(|(_, ((checksum, _), digest))| digest.crc32 != *checksum) {
            Some((at, ((_, (path, _)), _))) => Err(ZipError::Checksum { part: name(at, path) }),
            None => self.ended,
        }
    }
}

/// Finds the parts of a file of at most `u32::MAX` bytes.
pub(super) fn walk(file: &[u8]) -> Result<Walked<'_>, ZipError> {
    let (body, tail) = file.split_last_chunk::<END_SIZE>().ok_or(ZipError::End)?;
    let count = usize::from(u16_at(tail, 10));
    let (size, begin) = (u32_at(tail, 12), u32_at(tail, 16));
    let is_end = *tail == end(count, size, begin);
    let directory = usize::try_from(begin).ok().and_then(|begin| body.get(begin..));
    let directory = directory.filter(|bytes| is_end && bytes.len() as u64 == u64::from(size));
    let mut directory = directory.ok_or(ZipError::End)?;

    let mut found = Vec::new();
    let mut rest = &body[..body.len() - directory.len()];
    for at in 0..count {
        let offset = body.len() - (size as usize) - rest.len();
        match next(at, small(offset), &mut rest, &mut directory) {
            Ok(stated) => found.push(stated),
            Err(error) => return Ok(Walked { found, ended: Err(error) }),
        }
    }
    let is_all = rest.is_empty() && directory.is_empty();
    let ended = if is_all { Ok(()) } else { Err(ZipError::Layout { part: name(count, b"") }) };
    Ok(Walked { found, ended })
}

/// Takes one part off the `rest` of the file, at whose `offset` it lies, and off the directory.
fn next<'a>(
    at: usize,
    offset: u32,
    rest: &mut &'a [u8],
    directory: &mut &'a [u8],
) -> Result<Stated<'a>, ZipError> {
    let facts = Facts::of_entry(directory);
    let facts = facts.ok_or_else(|| ZipError::Header { part: name(at, b"") })?;
    let header = || ZipError::Header { part: name(at, facts.path) };
    let layout = || ZipError::Layout { part: name(at, facts.path) };
    let entry_size = ENTRY_SIZE + facts.path.len();
    if !facts.is_entry(offset, &directory[..entry_size]) {
        return Err(header());
    }
    let local_size = LOCAL_SIZE + facts.path.len();
    let local = rest.get(..local_size).ok_or_else(layout)?;
    if !facts.is_local(local) {
        return Err(header());
    }
    let size = usize::try_from(facts.size).map_err(|_| layout())?;
    let part = rest[local_size..].get(..size).ok_or_else(layout)?;
    *rest = &rest[local_size + size..];
    *directory = &directory[entry_size..];
    Ok((facts.checksum, (facts.path, part)))
}

/// What a part is called: by its path, or else by its place, counted from one. Of the path nothing was checked yet.
fn name(at: usize, path: &[u8]) -> String {
    let text = core::str::from_utf8(path).ok();
    match text.and_then(PartPath::parse) {
        Some(path) => path.to_string(),
        None => format!("part {}", at + 1),
    }
}

/// What both headers of a part say of it.
struct Facts<'a> {
    path: &'a [u8],
    checksum: u32,
    size: u32,
}

impl<'a> Facts<'a> {
    /// Takes path, checksum and size from the directory entry that `bytes` begin with. All else is
    /// for [`Facts::is_entry`] to compare.
    fn of_entry(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<ENTRY_SIZE>()?;
        let path = rest.get(..usize::from(u16_at(head, 28)))?;
        Some(Self { path, checksum: u32_at(head, 16), size: u32_at(head, 20) })
    }

    fn write_local(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&LOCAL_SIGNATURE);
        out.extend_from_slice(&VERSION);
        self.write_common(out);
        out.extend_from_slice(self.path);
    }

    fn write_entry(&self, offset: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&ENTRY_SIGNATURE);
        out.extend_from_slice(&VERSION);
        out.extend_from_slice(&VERSION);
        self.write_common(out);
        // No comment, disk 0, no attributes.
        out.extend_from_slice(&[0; 10]);
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(self.path);
    }

    /// From the flags to the length of the extra field, which both headers have alike.
    fn write_common(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&FIXED);
        out.extend_from_slice(&self.checksum.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        let length = u16::try_from(self.path.len()).expect("paths are bounded");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
    }

    fn is_local(&self, bytes: &[u8]) -> bool {
        let mut written = Vec::with_capacity(bytes.len());
        self.write_local(&mut written);
        written == bytes
    }

    fn is_entry(&self, offset: u32, bytes: &[u8]) -> bool {
        let mut written = Vec::with_capacity(bytes.len());
        self.write_entry(offset, &mut written);
        written == bytes
    }
}

fn end(count: usize, size: u32, begin: u32) -> [u8; END_SIZE] {
    let count = u16::try_from(count).expect("the number of parts is bounded").to_le_bytes();
    let mut bytes = [0; END_SIZE];
    bytes[..4].copy_from_slice(&END_SIGNATURE);
    bytes[8..10].copy_from_slice(&count);
    bytes[10..12].copy_from_slice(&count);
    bytes[12..16].copy_from_slice(&size.to_le_bytes());
    bytes[16..20].copy_from_slice(&begin.to_le_bytes());
    bytes
}

fn small(size: usize) -> u32 {
    u32::try_from(size).expect("a bundle is smaller than 4 GiB")
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All parts.
    fn read(file: &[u8]) -> Result<Vec<Part<'_>>, ZipError> {
        let walked = walk(file)?;
        let parts: Vec<Part<'_>> = walked.parts().collect();
        let digests: Vec<Digest> = parts.iter().map(|(_, part)| Digest::of(part)).collect();
        walked.check(&digests)?;
        Ok(parts)
    }

    const PARTS: [Part<'static>; 3] = [(b"a", b"first"), (b"dir/b", b""), (b"c", &[0xff; 300])];

    #[test]
    fn parts_survive_their_file() {
        for parts in [&PARTS[..], &PARTS[..1], &[]] {
            assert_eq!(read(&write(parts)).as_deref(), Ok(parts));
        }
    }

    #[test]
    fn the_file_is_the_page_s_byte_for_byte() {
        let file = write(&[(b"a", b"hi")]);
        let mut want = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0".to_vec();
        let facts = b"\xac\x2a\x93\xd8\x02\0\0\0\x02\0\0\0\x01\0\0\0";
        want.extend(facts);
        want.extend(b"ahi");
        want.extend(b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\x21\0");
        want.extend(facts);
        want.extend(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0a");
        want.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x21\0\0\0\0\0");
        assert_eq!(file, want);
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_is_refused_or_another_part() {
        let file = write(&PARTS);
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                // A path is bound by whoever knows which paths there are; all else is bound here.
                match read(&changed) {
                    Err(_) => {}
                    Ok(parts) => panic!("byte {at}, bit {bit}: {parts:?}"),
                }
            }
        }
        for end in 0..file.len() {
            assert!(read(&file[..end]).is_err(), "{end}");
        }
        assert!(read(&[&file[..], b"\0"].concat()).is_err());
        assert!(read(&[b"\0", &file[..]].concat()).is_err());
    }

    #[test]
    fn the_first_part_that_is_wrong_is_told_whatever_is_wrong_of_it() {
        let file = write(&PARTS);
        let changed = |places: &[usize]| {
            let mut changed = file.clone();
            places.iter().for_each(|at| changed[*at] ^= 1);
            read(&changed).map(|_| ())
        };
        // A byte of the first part, and the version in the header of the second.
        let (byte, header) = (LOCAL_SIZE + 1, LOCAL_SIZE + 1 + PARTS[0].1.len() + 4);
        let checksum = |number: usize| Err(ZipError::Checksum { part: format!("part {number}") });
        let wrong = |number: usize| Err(ZipError::Header { part: format!("part {number}") });
        assert_eq!(changed(&[byte]), checksum(1));
        assert_eq!(changed(&[header]), wrong(2));
        assert_eq!(changed(&[byte, header]), checksum(1));
        // The version in the header of the first, and the last byte of the last.
        let begin = file.len() - END_SIZE - PARTS.len() * ENTRY_SIZE - b"adir/bc".len();
        assert_eq!(changed(&[begin - 1]), checksum(3));
        assert_eq!(changed(&[4, begin - 1]), wrong(1));
    }

    #[test]
    fn a_part_is_named_by_its_path_where_a_bundle_may_have_it() {
        let refused = |path: &[u8], at: usize| {
            let mut file = write(&[(path, b"first")]);
            file[at] ^= 1;
            read(&file).unwrap_err()
        };
        let (path, named) = (b"policy", "policy".to_string());
        let byte = LOCAL_SIZE + path.len();
        assert_eq!(refused(path, byte), ZipError::Checksum { part: named.clone() });
        assert_eq!(refused(path, 4), ZipError::Header { part: named });
        // Whatever else a directory calls it, in however many letters, is not repeated.
        for path in [&b"polic\xff"[..], b"../out", &[b'a'; 5000]] {
            let byte = LOCAL_SIZE + path.len();
            assert_eq!(refused(path, byte), ZipError::Checksum { part: "part 1".to_string() });
        }
    }

    #[test]
    fn nothing_hides_between_the_parts() {
        // A directory that names one part of two, with offsets that are right.
        let two = write(&PARTS[..2]);
        let one = write(&PARTS[..1]);
        let begin = two.len() - END_SIZE - 2 * ENTRY_SIZE - 6;
        let mut forged = two[..begin].to_vec();
        forged.extend(&one[one.len() - END_SIZE - ENTRY_SIZE - 1..one.len() - END_SIZE]);
        forged.extend(end(1, small(ENTRY_SIZE + 1), small(begin)));
        assert_eq!(read(&forged), Err(ZipError::Layout { part: "part 2".to_string() }));
        // The same part named twice.
        let entry = &one[one.len() - END_SIZE - ENTRY_SIZE - 1..one.len() - END_SIZE];
        let mut forged = one[..one.len() - END_SIZE].to_vec();
        forged.extend(entry);
        let begin = small(one.len() - END_SIZE - entry.len());
        forged.extend(end(2, small(2 * entry.len()), begin));
        assert!(read(&forged).is_err());
    }

    #[test]
    fn sizes_that_the_file_does_not_have_take_no_memory() {
        let mut bytes = [0xff; END_SIZE];
        assert_eq!(read(&bytes), Err(ZipError::End));
        bytes = end(usize::from(u16::MAX), 0, 0);
        assert_eq!(read(&bytes), Err(ZipError::Header { part: "part 1".to_string() }));
        assert_eq!(read(&end(0, 1, 0)), Err(ZipError::End));
        assert_eq!(read(&end(0, 0, u32::MAX)), Err(ZipError::End));
    }
}
