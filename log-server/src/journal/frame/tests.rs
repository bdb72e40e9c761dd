//! What is read back of a journal, whole, cut off, torn and damaged.

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
fn a_flipped_bit_in_a_header_is_damage_wherever_in_a_sector_the_frame_begins() {
    for left in 1..=HEADER_SIZE {
        let (mut good, mut frame) = (journal(), Vec::new());
        // Between them stands an entry in a frame of its own, which has as many bytes more.
        let taken = good.len() + HEADER_SIZE + 15;
        let before = (2 * SECTOR - left - taken % SECTOR) % SECTOR;
        format_entries(&mut frame, 703, &[Bytes::from(vec![7; before])]);
        good.extend_from_slice(&frame);
        let begins = good.len();
        assert_eq!(begins % SECTOR, SECTOR - left);
        format_entries(&mut frame, 704, &[Bytes::from(vec![7; 100])]);
        good.extend_from_slice(&frame);
        let good = with_reserve(&good, 1000);
        // The length begins with three zeros, as if that sector had not been written.
        for at in begins..begins + HEADER_SIZE {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            let read = parse_at_start(&bytes.into(), Some(704));
            assert!(read.is_err(), "{left} bytes before a sector's end, byte {}", at - begins);
        }
    }
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
