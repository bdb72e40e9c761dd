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
    match bytes[offset..].split_first_chunk::<HEADER_SIZE>() {
        Some((header, _)) if is_sound(header) => {
            let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
            let end = offset + HEADER_SIZE + length as usize;
            // A frame behind it would have been begun only when this one was acknowledged.
            let is_last = bytes.get(end..).is_some_and(is_zero);
            // Zeros of the reserve are none of its sectors.
            let own = rest.get(..(end - offset).saturating_sub(first)).unwrap_or(rest);
            is_last && own.chunks(SECTOR).any(is_zero)
        }
        // Nobody knows how long it was to be, so whatever begins behind it is looked for.
        _ if begun.len() < HEADER_SIZE => {
            let is_zeros = is_zero(begun) || rest.chunks(SECTOR).next().is_some_and(is_zero);
            is_zeros && !is_followed(bytes, offset, size)
        }
        _ => is_zero(begun) && !is_followed(bytes, offset, size),
    }
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
mod tests {
    use super::*;
    use spec::hash::leaf_hash;

    fn base() -> Base {
        let leaves: Vec<Hash> = (0..700_u32).map(|at| leaf_hash(&at.to_be_bytes())).collect();
        let mut frontier = Frontier::new();
        let growth = frontier.grow(&leaves);
        frontier.advance(&growth);
        let head = SourceHead {
            source: KeyName::parse("factory.example/aoi-7").unwrap(),
            sequence: 41,
            leaf: leaves[3],
            after: 600,
        };
        Base { frontier, heads_size: 702, heads: vec![head] }
    }

    fn journal() -> Vec<u8> {
        let mut bytes = format_base(&base());
        let mut frame = Vec::new();
        format_entries(&mut frame, 700, &[Bytes::from("one"), Bytes::new()]);
        bytes.extend_from_slice(&frame);
        format_entries(&mut frame, 702, &[Bytes::from("three")]);
        bytes.extend_from_slice(&frame);
        bytes
    }

    #[test]
    fn a_journal_reads_back_as_written() {
        for reserve in [0, 1, 11, 12, 511, 4096] {
            let bytes = Bytes::from(with_reserve(&journal(), reserve));
            for loaded in [parse_at_start(&bytes, Some(703)), parse_as_far_as(&bytes, 703)] {
                let loaded = loaded.unwrap();
                assert_eq!(loaded.base, base());
                assert_eq!(loaded.entries, ["one", "", "three"]);
                assert_eq!((loaded.size(), loaded.torn_bytes), (703, 0), "{reserve}");
            }
        }
    }

    fn with_reserve(frames: &[u8], bytes: usize) -> Vec<u8> {
        [frames, &vec![0; bytes]].concat()
    }

    #[test]
    fn every_flipped_bit_is_damage_and_never_a_shorter_journal() {
        let good = journal();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                assert!(parse_at_start(&bytes.into(), None).is_err(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_beside_a_reserve_takes_nothing_that_was_acknowledged() {
        // The reserve begins in the middle of a sector, and goes on for some.
        let good = with_reserve(&journal(), 2000);
        let frames = journal().len();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                let bytes = Bytes::from(bytes);
                match parse_at_start(&bytes, Some(703)) {
                    Ok(loaded) => {
                        assert!(at >= frames, "byte {at}, bit {bit}");
                        assert_eq!(loaded.entries, ["one", "", "three"], "byte {at}, bit {bit}");
                    }
                    // To cut the file there is what is advised: then it can be read.
                    Err(damage) if at >= frames => {
                        assert_eq!(damage.offset, frames, "byte {at}, bit {bit}");
                        let cut = bytes.slice(..damage.offset);
                        assert_eq!(parse_at_start(&cut, Some(703)).unwrap().size(), 703);
                    }
                    Err(_) => {}
                }
                // Who signs sees all that is damaged up to there, and nothing behind it.
                assert_eq!(parse_as_far_as(&bytes, 703).is_ok(), at >= frames, "byte {at}");
            }
        }
    }

    #[test]
    fn a_cut_off_end_is_dropped_and_only_whole_frames_remain() {
        let good = journal();
        let base_size = format_base(&base()).len();
        // The entries up to 702 were written together with the base: see `heads_size`.
        let mut frame = Vec::new();
        format_entries(&mut frame, 700, &[Bytes::from("one"), Bytes::new()]);
        let whole = base_size + frame.len();
        for cut in whole..good.len() {
            let cut_off = Bytes::copy_from_slice(&good[..cut]);
            let loaded = parse_at_start(&cut_off, None).unwrap();
            assert_eq!(loaded.entries.len(), 2, "cut at {cut}");
            assert_eq!(parse_as_far_as(&cut_off, 702).unwrap().size(), 702, "cut at {cut}");
        }
        for cut in 0..whole {
            let cut_off = Bytes::copy_from_slice(&good[..cut]);
            assert!(parse_at_start(&cut_off, None).is_err(), "cut at {cut}");
        }
    }

    /// A journal of 703 entries and a last frame behind it, of several sectors without a zero.
    fn with_a_last_frame(entry: usize) -> (Vec<u8>, usize) {
        let mut bytes = journal();
        let begins = bytes.len();
        let mut frame = Vec::new();
        format_entries(&mut frame, 703, &[Bytes::from(vec![7; entry])]);
        bytes.extend_from_slice(&frame);
        (bytes, begins)
    }

    #[test]
    fn zeros_where_a_last_frame_was_not_written_are_dropped_at_a_start_and_nowhere_else() {
        let (good, begins) = with_a_last_frame(5000);
        let first_sector = begins.next_multiple_of(SECTOR);
        let sectors: Vec<usize> = (first_sector..good.len()).step_by(SECTOR).collect();
        // From some sector on, or one sector alone, or the frame from its very beginning.
        let mut cases: Vec<(usize, usize)> = sectors.iter().map(|at| (*at, good.len())).collect();
        cases.extend(sectors.iter().map(|at| (*at, (at + SECTOR).min(good.len()))));
        for (from, to) in cases {
            let mut bytes = good.clone();
            bytes[from..to].fill(0);
            let bytes = Bytes::from(bytes);
            let loaded = parse_at_start(&bytes, Some(703)).unwrap();
            assert!(loaded.size() == 703 && loaded.torn_bytes > 0, "{from}..{to}");
            // What was acknowledged is never dropped, nor anything when nothing tells.
            assert!(parse_at_start(&bytes, Some(704)).is_err(), "{from}..{to}");
            assert!(parse_at_start(&bytes, None).is_err(), "{from}..{to}");
            assert!(parse_as_far_as(&bytes, 704).is_err(), "{from}..{to}");
        }
        // All of it: then it looks like the reserve, and it is the size that tells.
        let mut bytes = good;
        bytes[begins..].fill(0);
        let bytes = Bytes::from(bytes);
        for durable in [703, 704] {
            let loaded = parse_at_start(&bytes, Some(durable)).unwrap();
            assert_eq!((loaded.size(), loaded.torn_bytes), (703, 0));
        }
        assert!(parse_at_start(&bytes, None).is_err());
        assert!(parse_as_far_as(&bytes, 704).is_err());
    }

    #[test]
    fn any_sectors_of_a_frame_may_be_missing_in_the_reserve() {
        // The frame begins all over a sector, its header across two of them too.
        for before in (0..SECTOR).step_by(3) {
            let (mut good, mut frame) = (journal(), Vec::new());
            format_entries(&mut frame, 703, &[Bytes::from(vec![7; before])]);
            good.extend_from_slice(&frame);
            let begins = good.len();
            format_entries(&mut frame, 704, &[Bytes::from(vec![7; 1500])]);
            good.extend_from_slice(&frame);
            let ends = good.len();
            let good = with_reserve(&good, 1300);
            let sectors = ends.div_ceil(SECTOR) - begins / SECTOR;
            for missing in 1..1_u32 << sectors {
                let mut bytes = good.clone();
                for sector in (0..sectors).filter(|sector| missing & (1 << sector) != 0) {
                    let start = (begins / SECTOR + sector) * SECTOR;
                    bytes[start.max(begins)..(start + SECTOR).min(ends)].fill(0);
                }
                // Some pieces are zeros anyway, as the first byte of a length.
                let (whole, none) = (bytes == good, is_zero(&bytes[begins..]));
                let bytes = Bytes::from(bytes);
                let read = |durable| parse_at_start(&bytes, durable).map(|loaded| loaded.size());
                let size = if whole { 705 } else { 704 };
                assert_eq!(read(Some(704)), Ok(size), "{before}, {missing:b}");
                // If it was acknowledged, it is never taken for the reserve, but where nothing is left of it.
                assert_eq!(read(Some(705)).is_ok(), whole || none, "{before}, {missing:b}");
                let as_far = parse_as_far_as(&bytes, 705).map(|loaded| loaded.size());
                assert_eq!(as_far.ok(), whole.then_some(705), "{before}, {missing:b}");
                let as_far = parse_as_far_as(&bytes, 704).map(|loaded| loaded.size());
                assert_eq!(as_far, Ok(size), "{before}, {missing:b}");
            }
        }
    }

    #[test]
    fn other_damage_is_damage_at_a_start_as_well() {
        let (good, begins) = with_a_last_frame(2000);
        for at in begins..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            assert!(parse_at_start(&bytes.into(), Some(703)).is_err(), "byte {at}");
        }
        // A frame of zeros before the last one, or a hole in one: something was written behind it.
        let mut frame = Vec::new();
        format_entries(&mut frame, 704, &[Bytes::from("behind")]);
        let mut bytes = [&good[..], &frame].concat();
        bytes[begins.next_multiple_of(SECTOR)..][..SECTOR].fill(0);
        assert!(parse_at_start(&with_reserve(&bytes, 4096).into(), Some(703)).is_err());
        assert!(parse_at_start(&bytes.into(), Some(703)).is_err());
        // Nor is a bad frame an unfinished one because there are zeros behind it, which are not its own.
        for at in begins..good.len() {
            let mut bytes = with_reserve(&good, 4096);
            bytes[at] ^= 1;
            assert!(parse_at_start(&bytes.into(), Some(703)).is_err(), "byte {at}");
        }
        // The base comes with a rename, and is never what was being written.
        assert!(parse_at_start(&vec![0; 4096].into(), Some(0)).is_err());
    }

    #[test]
    fn a_frame_without_its_header_is_damage_if_another_one_follows() {
        // The frame begins at every place of a sector.
        for before in 0..SECTOR {
            let (mut bytes, mut frame) = (journal(), Vec::new());
            format_entries(&mut frame, 703, &[Bytes::from(vec![7; before])]);
            bytes.extend_from_slice(&frame);
            let begins = bytes.len();
            format_entries(&mut frame, 704, &[Bytes::from(vec![7; 2000])]);
            bytes.extend_from_slice(&frame);
            let ends = bytes.len();
            format_entries(&mut frame, 705, &[Bytes::from("behind")]);
            bytes.extend_from_slice(&frame);
            bytes[begins..(begins + HEADER_SIZE).next_multiple_of(SECTOR)].fill(0);
            let alone = Bytes::copy_from_slice(&bytes[..ends]);
            let loaded = parse_at_start(&alone, Some(704)).unwrap();
            assert!(loaded.size() == 704 && loaded.torn_bytes <= ends - begins, "{before}");
            let alone = parse_at_start(&with_reserve(&alone, 4096).into(), Some(704));
            assert_eq!(alone.unwrap().size(), 704, "{before}");
            let reserve = with_reserve(&bytes, 4096);
            assert!(parse_at_start(&reserve.into(), Some(704)).is_err(), "{before}");
            assert!(parse_at_start(&bytes.into(), Some(704)).is_err(), "{before}");
        }
    }

    #[test]
    fn a_gap_between_frames_is_damage() {
        let mut bytes = format_base(&base());
        let mut frame = Vec::new();
        format_entries(&mut frame, 701, &[Bytes::from("one")]);
        bytes.extend_from_slice(&frame);
        assert!(parse_at_start(&bytes.into(), None).is_err());
    }
}
