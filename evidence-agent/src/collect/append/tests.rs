//! What is given of a file that grows, and what is not.

use super::*;
use crate::collect::tests::{Memory, bytes, sha256, watch};
use std::fs::{self, FileTimes};
use std::io::Write;
use std::time::{Duration, SystemTime};

/// A growing file, the vault's memory of it, and a clock that goes on by a minute a round.
struct Site {
    folder: tempfile::TempDir,
    collector: Append,
    memory: Memory,
    now: u64,
}

impl Site {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("AOIData.Dat");
        let config = toml::from_str(&format!("path = {path:?}\n{more}")).unwrap();
        let collector = Append::new(watch(), config).unwrap();
        Self { folder, collector, memory: Memory::default(), now: 1_772_438_400_000 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("AOIData.Dat")
    }

    fn append(&self, text: &[u8]) {
        let mut file = File::options().append(true).create(true).open(self.path()).unwrap();
        file.write_all(text).unwrap();
    }

    fn date(&self) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let file = File::options().write(true).open(self.path()).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    fn round(&mut self) -> Looked {
        self.now += 60_000;
        self.memory.round(&mut self.collector, self.now)
    }
}

/// The pieces of a look with the number of bytes before each.
fn pieces(looked: &Looked) -> Vec<(u64, &[u8])> {
    let piece = |sighting| -> (u64, &[u8]) { (prefix(sighting).0, bytes(sighting)) };
    looked.sightings.iter().map(piece).collect()
}

fn prefix(sighting: &Sighting) -> (u64, Hash256) {
    sighting.prefix.unwrap()
}

#[test]
fn what_is_new_at_the_end_is_given_with_the_prefix_before_it() {
    let mut site = Site::new("");
    assert_eq!(site.round().complaints[0].1, Trouble::Missing);
    site.append(b"board 1\nboard 2\nboa");
    let looked = site.round();
    assert_eq!(pieces(&looked), [(0, &b"board 1\nboard 2\n"[..])]);
    assert_eq!(prefix(&looked.sightings[0]).1, sha256(b""));
    assert_eq!(looked.sightings[0].name, b"AOIData.Dat");
    assert!(pieces(&site.round()).is_empty(), "half a line waits");
    site.append(b"rd 3\n");
    let looked = site.round();
    assert_eq!(pieces(&looked), [(16, &b"board 3\n"[..])]);
    let sighting = &looked.sightings[0];
    assert_eq!(prefix(sighting).1, sha256(b"board 1\nboard 2\n"));
    assert_eq!(sighting.now.sha256, sha256(b"board 1\nboard 2\nboard 3\n"));
    assert_eq!((sighting.now.version, sighting.now.size), (2, 24));
    assert!(pieces(&site.round()).is_empty());
}

#[test]
fn a_file_that_nobody_has_begun_is_awaited_and_one_whose_folder_is_gone_is_away() {
    let mut site = Site::new("");
    assert_eq!((site.collector.probe(), site.round().blind), (None, None));
    fs::remove_dir(site.folder.path()).unwrap();
    assert_eq!(site.collector.probe(), Some(Trouble::Missing));
}

#[test]
fn a_piece_that_did_not_become_durable_is_given_again() {
    let mut site = Site::new("");
    site.append(b"board 1\n");
    for _ in 0..3 {
        site.now += 60_000;
        let now = UnixMillis(site.now);
        let looked = site.collector.look(&site.memory, now, 10).unwrap();
        assert_eq!(pieces(&looked), [(0, &b"board 1\n"[..])]);
    }
}

#[test]
fn a_last_line_without_its_end_is_taken_when_the_file_rests() {
    let mut site = Site::new("");
    site.append(b"board 1\nthe last");
    assert_eq!(pieces(&site.round()), [(0, &b"board 1\n"[..])]);
    let taken: Vec<Vec<u8>> = (0..10)
        .flat_map(|_| site.round().sightings)
        .map(|sighting| bytes(&sighting).to_vec())
        .collect();
    assert_eq!(taken, [b"the last".to_vec()]);
    let mut anywhere = Site::new("cut = \"anywhere\"");
    anywhere.append(b"\x00\x01");
    assert_eq!(pieces(&anywhere.round()), [(0, &b"\x00\x01"[..])]);
}

#[test]
fn a_changed_past_is_given_anew_from_its_first_byte() {
    let mut site = Site::new("");
    site.append(b"board 1 Failed\n");
    site.round();
    fs::write(site.path(), b"board 1 Passed\nboard 2 Passed\n").unwrap();
    let looked = site.round();
    assert_eq!(pieces(&looked), [(0, &b"board 1 Passed\nboard 2 Passed\n"[..])]);
    assert_eq!(looked.complaints[0].1, Trouble::Rewritten);
    let sighting = &looked.sightings[0];
    assert_eq!(sighting.before.as_ref().unwrap().sha256, sha256(b"board 1 Failed\n"));
    assert_eq!(sighting.now.version, 2);
    // It became shorter, and then it was emptied.
    fs::write(site.path(), b"board 1 Passed\n").unwrap();
    let looked = site.round();
    assert_eq!(pieces(&looked), [(0, &b"board 1 Passed\n"[..])]);
    assert_eq!(looked.complaints[0].1, Trouble::Shrank { from: 30, to: 15 });
    fs::write(site.path(), b"").unwrap();
    let looked = site.round();
    assert_eq!((pieces(&looked), looked.sightings[0].now.version), (vec![(0, &b""[..])], 4));
    assert!(pieces(&site.round()).is_empty());
    site.append(b"board 9\n");
    assert_eq!(pieces(&site.round()), [(0, &b"board 9\n"[..])]);
}

#[test]
fn an_edit_under_the_old_time_and_size_is_found_by_the_slow_check() {
    let mut site = Site::new("");
    site.append(b"board 1 Failed\n");
    site.date();
    site.round();
    fs::write(site.path(), b"board 1 Passed\n").unwrap();
    site.date();
    let mut versions = 0;
    for _ in 0..24 * 60 {
        versions += site.round().sightings.len();
    }
    assert_eq!(versions, 1);
}

#[test]
fn only_what_is_new_is_read_and_an_edit_in_the_middle_is_seen_within_the_reread() {
    let mut site = Site::new("reread = \"30m\"");
    let line = [&[b'x'; 99][..], b"\n"].concat();
    site.append(&line.repeat(3000));
    assert_eq!(pieces(&site.round()).len(), 1);
    // Between the edges, which are read each time.
    let mut bytes = fs::read(site.path()).unwrap();
    bytes[150_000] = b'y';
    fs::write(site.path(), &bytes).unwrap();
    let (mut rounds, mut rewritten) = (0, false);
    while !rewritten {
        site.append(b"one more\n");
        let looked = site.round();
        rounds += 1;
        rewritten = looked.complaints.iter().any(|(_, why)| *why == Trouble::Rewritten);
        let at = looked.sightings[0].prefix.unwrap().0;
        assert_eq!(at == 0, rewritten, "read from the first byte only when all was read");
    }
    assert_eq!(rounds, 30, "rounds are a minute each");
    // What was given anew is all of the file as it is.
    let whole = fs::read(site.path()).unwrap();
    let seen = site.memory.seen(&watch(), &site.collector.key).unwrap().unwrap();
    assert_eq!((seen.size, seen.sha256), (whole.len() as u64, sha256(&whole)));
}

#[test]
fn an_edit_at_either_end_is_seen_at_once_and_so_is_any_without_growth() {
    for at in [0, 290_000, 150_000] {
        let mut site = Site::new("");
        site.append(&[&[b'x'; 99][..], b"\n"].concat().repeat(3000));
        site.round();
        let mut bytes = fs::read(site.path()).unwrap();
        bytes[at] = b'y';
        if at != 150_000 {
            bytes.extend_from_slice(b"one more\n");
        }
        fs::write(site.path(), &bytes).unwrap();
        assert_eq!(site.round().complaints[0].1, Trouble::Rewritten, "byte {at}");
    }
}

#[test]
fn a_large_file_comes_in_pieces_that_end_at_lines() {
    let mut site = Site::new("");
    let line = [&[b'x'; 999_999][..], b"\n"].concat();
    site.append(&line.repeat(70));
    site.append(&vec![b'y'; MAX_INTERPRETED_SIZE + 5]);
    let mut whole = Vec::new();
    let mut looks = 0;
    loop {
        let looked = site.round();
        looks += 1;
        for sighting in &looked.sightings {
            assert_eq!(prefix(sighting), (whole.len() as u64, sha256(&whole)));
            whole.extend_from_slice(bytes(sighting));
        }
        if !looked.more {
            break;
        }
    }
    assert!(looks > 1, "one look holds some 64 MiB");
    // The line without an end is cut where a piece must end; its last bytes wait.
    assert_eq!(whole.len(), 70_000_000 + MAX_INTERPRETED_SIZE);
    assert_eq!(whole, fs::read(site.path()).unwrap()[..whole.len()]);
}
