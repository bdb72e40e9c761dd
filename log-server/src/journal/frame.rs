//! The bytes of the embedded journal: frames, each with a checksum over its header and its payload.
//!
//! ```text
//! frame    u32 payload length || u32 CRC-32C of the payload || u32 CRC-32C of these 8 bytes || payload
//! base     'B' || u64 size || u8 levels || levels x (u16 count || count x 32-byte hash)
//!              || u64 heads size || u32 heads || heads x head
//! head     u8 length || source name || u64 sequence || 32-byte leaf hash || u64 after size
//! entries  'E' || u64 index of the first || u32 count || count x (u16 length || bytes)
//! ```
//!
//! All integers are big-endian. A journal is one base frame, then entries frames without a gap, then
//! zeros to the end of the file, which later frames are written over (the *reserve*, see `file`), or
//! nothing. Zeros are no frame: the checksum of a header of zeros is not zero.
//!
//! Danger: the end of a journal may be an unfinished write, which must be dropped, or damage to
//! what was acknowledged, which must never be. A frame whose header or payload is cut short by
//! the end of the file is unfinished. So is, at a start only, a last frame in which whole sectors
//! are zeros, if it begins at or behind the size that is known to be durable from elsewhere (see
//! `mark`): there were zeros, in the reserve or because the file had its new length already, and these
//! sectors never had their data. Anything else that does not check is damage, also in the last frame.
//!
//! A last frame that has become zeros as a whole looks like the reserve, as a file that lost its end
//! looks like one that never had it. So whoever reads compares the size with what is known to be durable, as
//! a start does; and where nothing is known, zeros at the end are damage too.

use bytes::Bytes;
use spec::Hash;
use spec::frontier::Frontier;
use spec::key::KeyName;

use super::{Base, Loaded, SourceHead};

/// The bytes before a payload.
const HEADER_SIZE: usize = 12;

/// The bytes of a frame of entries besides its entries: the header, the kind, the first index, the count.
pub const OVERHEAD: usize = HEADER_SIZE + 1 + 8 + 4;

/// What a disk writes at once at least: less of a file is never left unwritten.
const SECTOR: usize = 512;

/// The largest payload read or written: more than any commit or trim produces.
pub const MAX_PAYLOAD: usize = 256 * 1024 * 1024;

/// Why a journal's bytes cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {what}")]
pub struct Damage {
    /// Where.
    pub offset: usize,
    /// What.
    pub what: &'static str,
}

/// Writes a base frame.
#[must_use]
pub fn format_base(base: &Base) -> Vec<u8> {
    let mut payload = vec![b'B'];
    payload.extend_from_slice(&base.frontier.size().to_be_bytes());
    payload.push(base.frontier.partials().len() as u8);
    for hashes in base.frontier.partials() {
        payload.extend_from_slice(&(hashes.len() as u16).to_be_bytes());
        hashes.iter().for_each(|hash| payload.extend_from_slice(hash.as_bytes()));
    }
    payload.extend_from_slice(&base.heads_size.to_be_bytes());
    payload.extend_from_slice(&(base.heads.len() as u32).to_be_bytes());
    for head in &base.heads {
        let name = head.source.as_str().as_bytes();
        payload.push(u8::try_from(name.len()).expect("a key name has at most 255 bytes"));
        payload.extend_from_slice(name);
        payload.extend_from_slice(&head.sequence.to_be_bytes());
        payload.extend_from_slice(head.leaf.as_bytes());
        payload.extend_from_slice(&head.after.to_be_bytes());
    }
    let mut frame = Vec::with_capacity(HEADER_SIZE + payload.len());
    frame.extend_from_slice(&header(&payload));
    frame.append(&mut payload);
    frame
}

/// The bytes of entries, each behind its length.
pub fn entries_size(entries: &[Bytes]) -> usize {
    entries.iter().map(|entry| size_of::<u16>() + entry.len()).sum()
}

/// Writes an entries frame into `frame`, which is cleared first: the buffer of a commit is reused.
pub fn format_entries(frame: &mut Vec<u8>, first: u64, entries: &[Bytes]) {
    frame.clear();
    frame.resize(HEADER_SIZE, 0);
    frame.push(b'E');
    frame.extend_from_slice(&first.to_be_bytes());
    frame.extend_from_slice(&(entries.len() as u32).to_be_bytes());
    for entry in entries {
        spec::tile::push_entry(frame, entry);
    }
    let header = header(&frame[HEADER_SIZE..]);
    frame[..HEADER_SIZE].copy_from_slice(&header);
}

/// Reads a journal that nobody writes, as a start finds it. `durable` is the size up to which entries are
/// known to have been synced, by more than the journal's own word; `None` if nothing else has a word on it.
///
/// The caller must refuse fewer entries than `durable`: they were in frames that are gone with the file's
/// end, or are zeros.
pub fn parse_at_start(bytes: &Bytes, durable: Option<u64>) -> Result<Loaded, Damage> {
    parse_until(bytes, |offset, size| {
        let is_unfinished = |durable| {
            is_zero(&bytes[offset..]) || (size >= durable && is_unwritten(bytes, offset, size))
        };
        durable.is_some_and(is_unfinished)
    })
}

/// Reads a journal that is being written, as far as `size` entries, which must have been synced before. What
/// is behind them may be a frame on its way: it counts if it checks, and is not looked at if not.
pub fn parse_as_far_as(bytes: &Bytes, size: u64) -> Result<Loaded, Damage> {
    parse_until(bytes, |_, found| found >= size)
}

/// Reads a base frame that stands alone, with nothing behind it.
pub fn parse_base_frame(bytes: &Bytes) -> Result<Base, Damage> {
    let damage = |what| Damage { offset: 0, what };
    let payload = next_payload(bytes, 0)?.ok_or(damage("the base frame is cut off"))?;
    if HEADER_SIZE + payload.len() != bytes.len() {
        return Err(damage("something is behind the base frame"));
    }
    parse_base(&payload).ok_or(damage("the base frame is malformed"))
}

/// Reads up to the end of the frames. Where a frame does not check, `is_end` is asked whether that is the
/// end, given its place and the entries before it; else it is damage.
fn parse_until(bytes: &Bytes, is_end: impl Fn(usize, u64) -> bool) -> Result<Loaded, Damage> {
    let mut offset = 0;
    let mut loaded: Option<Loaded> = None;
    while offset < bytes.len() {
        let next = next_payload(bytes, offset).or_else(|damage| {
            let size = loaded.as_ref().map(Loaded::size);
            let is_end = size.is_some_and(|size| is_end(offset, size));
            if is_end { Ok(None) } else { Err(damage) }
        });
        let Some(payload) = next? else {
            // Unfinished, or the reserve. The base frame comes with a rename, so it is never the unfinished one.
            let mut loaded = loaded.ok_or(Damage { offset, what: "the first frame is cut off" })?;
            loaded.torn_bytes = without_zeros(&bytes[offset..]).len();
            return check_length(loaded, offset);
        };
        let damage = |what| Damage { offset, what };
        match &mut loaded {
            None => {
                let base = parse_base(&payload).ok_or(damage("the base frame is malformed"))?;
                loaded = Some(Loaded { base, entries: Vec::new(), torn_bytes: 0 });
            }
            Some(loaded) => {
                parse_entries(&payload, loaded).ok_or(damage("an entries frame is malformed"))?;
            }
        }
        offset += HEADER_SIZE + payload.len();
    }
    let loaded = loaded.ok_or(Damage { offset, what: "the journal is empty" })?;
    check_length(loaded, offset)
}

/// A trim writes its base and all entries behind it at once, up to the size in the base. A journal
/// that ends before that was cut off later, by something else than an unfinished write.
fn check_length(loaded: Loaded, offset: usize) -> Result<Loaded, Damage> {
    if loaded.size() < loaded.base.heads_size {
        return Err(Damage { offset, what: "entries that it was written with are missing" });
    }
    Ok(loaded)
}

/// The payload at `offset`; `None` if the file ends before the frame does.
fn next_payload(bytes: &Bytes, offset: usize) -> Result<Option<Bytes>, Damage> {
    let rest = &bytes[offset..];
    let Some((header, _)) = rest.split_first_chunk::<HEADER_SIZE>() else {
        return Ok(None);
    };
    let word = |at: usize| {
        let word = header[at..at + 4].try_into().expect("four bytes of a header");
        u32::from_be_bytes(word)
    };
    if !is_sound(header) {
        return Err(Damage { offset, what: "a frame's header does not match its checksum" });
    }
    let length = word(0) as usize;
    if length > MAX_PAYLOAD {
        return Err(Damage { offset, what: "a frame claims to be larger than any written" });
    }
    let Some(payload) = rest.get(HEADER_SIZE..HEADER_SIZE + length) else {
        return Ok(None);
    };
    if crc32c::crc32c(payload) != word(4) {
        return Err(Damage { offset, what: "a frame's content does not match its checksum" });
    }
    let start = offset + HEADER_SIZE;
    Ok(Some(bytes.slice(start..start + length)))
}

/// Asked of all of a reserve before each signature, so many bytes are taken together.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(SECTOR).all(|chunk| chunk.iter().fold(0_u8, |all, byte| all | byte) == 0)
}

/// The bytes up to the last that is not zero.
fn without_zeros(bytes: &[u8]) -> &[u8] {
    let sectors = bytes.chunks(SECTOR).rposition(|sector| !is_zero(sector));
    let bytes = &bytes[..sectors.map_or(0, |last| (last + 1) * SECTOR).min(bytes.len())];
    &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)]
}

/// Whether the frame at `offset`, which does not check, is the last one and has sectors that were never
/// written: its header's, or some of its payload's. `size` is that of the log before it.
fn is_unwritten(bytes: &[u8], offset: usize, size: u64) -> bool {
    // The frame begins in the middle of a sector, which keeps what it held before if it is not written.
    let first = (SECTOR - offset % SECTOR).min(bytes.len() - offset);
    let (begun, rest) = bytes[offset..].split_at(first);
    let Some((header, _)) = bytes[offset..].split_first_chunk::<HEADER_SIZE>() else {
        return false;
    };
    if is_sound(header) {
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let end = offset + HEADER_SIZE + length as usize;
        // A frame behind it would have been begun only when this one was acknowledged.
        let is_last = bytes.get(end..).is_some_and(is_zero);
        // Zeros of the reserve are none of its sectors.
        let own = rest.get(..(end - offset).saturating_sub(first)).unwrap_or(rest);
        return is_last && own.chunks(SECTOR).any(is_zero);
    }
    let is_missing = if begun.len() < HEADER_SIZE {
        rest.chunks(SECTOR).next().is_some_and(is_zero)
            || (is_zero(begun) && lacks(header, begun.len()))
    } else {
        is_zero(begun)
    };
    // Nobody knows how long it was to be, so whatever begins behind it is looked for.
    is_missing && !is_followed(bytes, offset, size)
}

/// Whether the first `count` bytes of a header, which are zeros, would make it sound if they were others.
///
/// A length begins with zeros of its own. If these are all that its sector holds of the frame, they do not
/// tell that the sector was not written, and a bit that is flipped in the next one is damage.
fn lacks(header: &[u8; HEADER_SIZE], count: usize) -> bool {
    const LENGTH_SIZE: usize = size_of::<u32>();
    if count >= LENGTH_SIZE {
        // No payload has length 0.
        return true;
    }
    let mut tried = *header;
    let known = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    // A million lengths at most, at a start.
    let mut lengths = (known..=MAX_PAYLOAD as u32).step_by(1 << (8 * (LENGTH_SIZE - count)));
    lengths.any(|length| {
        tried[..LENGTH_SIZE].copy_from_slice(&length.to_be_bytes());
        is_sound(&tried)
    })
}

/// Whether an entries frame begins anywhere behind `offset` that continues a log of more than `size`
/// entries. Only its header is checked, so that the search takes no longer than the file is long.
fn is_followed(bytes: &[u8], offset: usize, size: u64) -> bool {
    // An entry takes two bytes at least, so no index in this file is further away.
    let is_later = |index: u64| index > size && index - size <= bytes.len() as u64;
    (offset + 1..bytes.len()).any(|at| {
        let Some((header, payload)) = bytes[at..].split_first_chunk::<HEADER_SIZE>() else {
            return false;
        };
        match payload.first_chunk::<9>() {
            Some([b'E', index @ ..]) => is_sound(header) && is_later(u64::from_be_bytes(*index)),
            _ => false,
        }
    })
}

fn is_sound(header: &[u8; HEADER_SIZE]) -> bool {
    crc32c::crc32c(&header[..8]).to_be_bytes() == header[8..]
}

fn header(payload: &[u8]) -> [u8; HEADER_SIZE] {
    assert!(payload.len() <= MAX_PAYLOAD, "the sequencer bounds its batches far below this");
    let mut header = [0; HEADER_SIZE];
    header[..4].copy_from_slice(&(payload.len() as u32).to_be_bytes());
    header[4..8].copy_from_slice(&crc32c::crc32c(payload).to_be_bytes());
    let checksum = crc32c::crc32c(&header[..8]);
    header[8..].copy_from_slice(&checksum.to_be_bytes());
    header
}

/// Takes big-endian values off the front of a payload.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn hash(&mut self) -> Option<Hash> {
        self.array().map(Hash::from_bytes)
    }
}

fn parse_base(payload: &[u8]) -> Option<Base> {
    let mut reader = Reader(payload);
    if reader.u8()? != b'B' {
        return None;
    }
    let size = reader.u64()?;
    let levels = reader.u8()?;
    let mut partials = Vec::new();
    for _ in 0..levels {
        let count = reader.u16()?;
        partials.push((0..count).map(|_| reader.hash()).collect::<Option<Vec<_>>>()?);
    }
    let frontier = Frontier::from_partials(size, partials)?;
    let heads_size = reader.u64()?;
    let count = reader.u32()?;
    let heads = (0..count).map(|_| parse_head(&mut reader)).collect::<Option<Vec<_>>>()?;
    (reader.0.is_empty() && heads_size >= size).then_some(Base { frontier, heads_size, heads })
}

fn parse_head(reader: &mut Reader<'_>) -> Option<SourceHead> {
    let length = reader.u8()?;
    let name = std::str::from_utf8(reader.take(usize::from(length))?).ok()?;
    Some(SourceHead {
        source: KeyName::parse(name).ok()?,
        sequence: reader.u64()?,
        leaf: reader.hash()?,
        after: reader.u64()?,
    })
}

fn parse_entries(payload: &Bytes, loaded: &mut Loaded) -> Option<()> {
    let mut reader = Reader(payload);
    if reader.u8()? != b'E' || reader.u64()? != loaded.size() {
        return None;
    }
    for _ in 0..reader.u32()? {
        let length = reader.u16()?;
        let entry = reader.take(usize::from(length))?;
        loaded.entries.push(payload.slice_ref(entry));
    }
    reader.0.is_empty().then_some(())
}

#[cfg(test)]
mod tests;
