//! A folder in every state that a factory leaves it in. Time is an argument, so nothing waits.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::collect::tests::{Memory, bytes, found, sha256, watch};
use crate::model::{Content, ItemKey};
use crate::os;

/// The first moment of every test.
const START: u64 = 1_772_438_400_000;

/// A day, after which everything was checked again.
const DAY: u64 = 86_400_000;

/// A watched folder, the vault's memory of it, and a clock that goes on by more than a pass a round.
struct Site {
    folder: tempfile::TempDir,
    collector: Folder,
    memory: Memory,
    now: u64,
}

fn config(path: &Path, more: &str) -> FolderConfig {
    let text = format!("path = {path:?}\n{more}");
    toml::from_str(&text).unwrap()
}

impl Site {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let collector = Folder::new(watch(), config(folder.path(), more)).unwrap();
        Self { folder, collector, memory: Memory::default(), now: START }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Gives a file the time of change of a fixed moment.
    fn date(&self, name: &str, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    fn round(&mut self) -> Looked {
        self.now += 11_000;
        self.memory.round(&mut self.collector, self.now)
    }

    /// Two rounds: what is there now is stable in the second.
    fn settle(&mut self) -> Looked {
        let first = self.round();
        assert!(first.sightings.is_empty(), "{:?}", found(&first));
        self.round()
    }

    /// The agent is started anew.
    fn restart(&mut self, more: &str) {
        self.collector = Folder::new(watch(), config(self.folder.path(), more)).unwrap();
    }
}

fn pairs(want: &[(&str, &str)]) -> Vec<(String, String)> {
    want.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

fn troubles(looked: &Looked) -> Vec<(&str, &Trouble)> {
    looked.complaints.iter().map(|(item, trouble)| (item.as_str(), trouble)).collect()
}

#[test]
fn a_new_file_is_given_once_and_only_when_it_is_stable() {
    let mut site = Site::new("");
    site.write("a.xml", "one");
    site.write("line/2/b.xml", "two");
    site.write("empty", "");
    let look = |site: &mut Site, after| {
        site.collector.look(&site.memory, UnixMillis(START + after), 1000).unwrap()
    };
    let looked = look(&mut site, 0);
    assert_eq!((looked.sightings.len(), looked.unsettled), (0, 3));
    // Not stable for five seconds yet; nothing is even looked at before that.
    let looked = look(&mut site, 4_999);
    assert_eq!((looked.sightings.len(), looked.unsettled), (0, 3));
    let looked = look(&mut site, 5_000);
    assert_eq!(found(&looked), pairs(&[("a.xml", "one"), ("empty", ""), ("line/2/b.xml", "two")]));
    assert_eq!((looked.unsettled, looked.more), (0, false));
    // The commit failed: all of it is given again, and at once.
    let again = look(&mut site, 15_000);
    assert_eq!(found(&again), found(&looked));
    let names: Vec<_> = again.sightings.iter().map(|sighting| sighting.name.clone()).collect();
    assert!(names.contains(&b"b.xml".to_vec()), "the name goes without its folder");
    site.memory.commit(&mut site.collector, &again.sightings);
    for round in 2..10 {
        assert!(look(&mut site, round * 15_000).sightings.is_empty());
    }
}

#[test]
fn a_file_that_grows_waits_until_it_rests() {
    let mut site = Site::new("");
    for length in 1..10 {
        site.write("slow.csv", &"x".repeat(length));
        let looked = site.round();
        assert_eq!((looked.sightings.len(), looked.unsettled), (0, 1), "{length}");
    }
    assert_eq!(found(&site.round()), pairs(&[("slow.csv", "xxxxxxxxx")]));
}

#[test]
fn other_bytes_at_the_same_path_are_a_new_version() {
    let mut site = Site::new("");
    site.write("report.xml", "Failed");
    site.settle();
    site.write("report.xml", "Passed!");
    let looked = site.settle();
    assert_eq!(found(&looked), pairs(&[("report.xml", "Passed!")]));
    let sighting = &looked.sightings[0];
    assert_eq!(sighting.before.as_ref().unwrap().sha256, sha256(b"Failed"));
    assert_eq!((sighting.now.version, sighting.now.sha256), (2, sha256(b"Passed!")));
}

#[test]
fn the_same_bytes_under_a_new_time_are_nothing_new_and_read_once() {
    let mut site = Site::new("");
    site.write("report.xml", "Failed");
    site.settle();
    site.date("report.xml", 1_700_000_000);
    assert!(site.settle().sightings.is_empty());
    assert_eq!(site.collector.touched.len(), 1, "this state is known to be the same");
    assert_eq!(site.round().unsettled, 0);
}

#[test]
fn an_edit_under_the_old_time_and_size_is_found_by_the_slow_check() {
    let mut site = Site::new("");
    site.write("report.xml", "Failed");
    site.date("report.xml", 1_700_000_000);
    site.settle();
    site.write("report.xml", "Passed");
    site.date("report.xml", 1_700_000_000);
    let mut found_at = None;
    for step in 1..=24 {
        site.now = START + step * DAY / 24;
        let looked = site.round();
        if !looked.sightings.is_empty() {
            assert_eq!(found(&looked), pairs(&[("report.xml", "Passed")]));
            assert_eq!(looked.sightings[0].now.version, 2);
            assert_eq!(troubles(&looked), [("report.xml", &Trouble::AlteredQuietly)]);
            assert!(found_at.replace(step).is_none(), "given twice");
        }
    }
    assert!(found_at.is_some(), "a day went by");
}

#[test]
fn a_file_that_changed_since_it_was_listed_is_refused_and_looked_at_again() {
    let mut site = Site::new("");
    site.write("report.xml", "half");
    let path = site.path("report.xml");
    let metadata = fs::metadata(&path).unwrap();
    let modified = super::super::read::nanos(&metadata);
    site.write("report.xml", "half and the rest");
    assert!(matches!(read_whole(&path, 4, modified), Err(Unread::Changing)));
    // The same while a look has it in its queue.
    site.round();
    let before = None;
    let key = ItemKey(b"report.xml".to_vec());
    let found_before = Found { key, path, size: 4, modified_nanos: modified };
    let mut looked = Looked::default();
    let refused = Err(Unread::Changing);
    let candidate = Candidate { found: found_before, before };
    site.collector.judge(candidate, refused, UnixMillis(site.now), &mut looked);
    assert!(looked.sightings.is_empty());
    assert!(site.round().sightings.is_empty(), "it has to rest anew");
    assert_eq!(found(&site.round()), pairs(&[("report.xml", "half and the rest")]));
}

#[test]
fn truncated_and_deleted_files_are_told_once_and_are_no_error() {
    let mut site = Site::new("");
    site.write("long.csv", "0123456789");
    site.write("gone.csv", "x");
    site.write("stays.csv", "y");
    assert_eq!(site.settle().sightings.len(), 3);
    site.write("long.csv", "0");
    fs::remove_file(site.path("gone.csv")).unwrap();
    let first = site.round();
    assert_eq!(troubles(&first), [("gone.csv", &Trouble::Gone)]);
    let second = site.round();
    assert_eq!(found(&second), pairs(&[("long.csv", "0")]));
    assert_eq!(troubles(&second), [("long.csv", &Trouble::Shrank { from: 10, to: 1 })]);
    for _ in 0..3 {
        let looked = site.round();
        assert!(looked.sightings.is_empty() && looked.complaints.is_empty());
    }
    // What comes back with the same bytes is nothing new; a restart tells how many are missing.
    site.write("gone.csv", "x");
    assert!(site.settle().sightings.is_empty());
    fs::remove_file(site.path("gone.csv")).unwrap();
    site.restart("");
    assert_eq!(troubles(&site.round()), [("gone.csv", &Trouble::GoneMany(1))]);
    assert!(site.round().complaints.is_empty());
}

#[test]
fn a_missing_folder_and_an_unmounted_share_delete_nothing() {
    let mut site = Site::new("");
    site.write("in/report.xml", "x");
    site.settle();
    // The share is unmounted: its mount point is an empty folder.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(site.path("in"), elsewhere.path().join("in")).unwrap();
    let looked = site.round();
    assert_eq!(looked.complaints.len(), 1);
    assert_eq!(looked.complaints[0].1, Trouble::Empty);
    assert!(site.round().complaints.is_empty(), "told once");
    fs::rename(elsewhere.path().join("in"), site.path("in")).unwrap();
    let looked = site.settle();
    assert!(looked.sightings.is_empty() && looked.complaints.is_empty());

    // The folder itself is gone: a complaint with each try, and the tries become rarer.
    let aside = site.folder.path().with_extension("aside");
    fs::rename(site.folder.path(), &aside).unwrap();
    let tries: usize = (0..100).map(|_| site.round().complaints.len()).sum();
    assert!((3..20).contains(&tries), "{tries}");
    fs::rename(&aside, site.folder.path()).unwrap();
    site.now += DAY / 24;
    let looked = site.round();
    assert!(looked.sightings.is_empty() && looked.complaints.is_empty());
    site.write("in/new.xml", "y");
    assert_eq!(found(&site.settle()), pairs(&[("in/new.xml", "y")]));
}

#[test]
fn patterns_say_which_files_are_meant() {
    let mut site = Site::new(
        "include = [\"*.xml\", \"done/*.csv\"]\nexclude = [\"*.tmp.xml\", \"old\"]\ndepth = 2",
    );
    for name in [
        "a.xml",
        "B.XML",
        "a.csv",
        "a.tmp.xml",
        "done/a.csv",
        "done/2/a.csv",
        "done/2/b.xml",
        "old/a.xml",
        "done/2/3/c.xml",
    ] {
        site.write(name, name);
    }
    let first = site.round();
    assert_eq!(troubles(&first), [("done/2/3", &Trouble::TooDeep)]);
    let names: Vec<String> = found(&site.round()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["B.XML", "a.xml", "done/2/b.xml", "done/a.csv"]);
    for wrong in ["include = [\"[\"]", "depth = 65"] {
        let config = config(site.folder.path(), wrong);
        assert!(matches!(Folder::new(watch(), config), Err(AgentError::Config(_))), "{wrong}");
    }
    assert!(toml::from_str::<FolderConfig>("path = \"x\"\ninclud = []").is_err());
}

#[test]
fn links_are_not_followed_and_told_once() {
    let mut site = Site::new("");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "not ours").unwrap();
    for (target, name) in [
        (outside.path(), "folder"),
        (&outside.path().join("secret"), "file"),
        (&site.path("nowhere"), "dangling"),
        (site.folder.path(), "round"),
    ] {
        if os::link(target, &site.path(name)).is_err() {
            return; // This system makes links for some users only.
        }
    }
    site.write("real", "ours");
    let first = site.round();
    assert_eq!(first.complaints.len(), 4);
    assert!(first.complaints.iter().all(|(_, trouble)| *trouble == Trouble::Link));
    let second = site.round();
    assert_eq!(found(&second), pairs(&[("real", "ours")]));
    assert!(second.complaints.is_empty());
    // A file that became a link between listing and reading is not followed either.
    let modified = super::super::read::nanos(&fs::metadata(site.path("file")).unwrap());
    assert!(matches!(read_whole(&site.path("file"), 8, modified), Err(Unread::Refused(_))));
}

#[test]
fn names_that_are_no_text_keep_their_bytes() {
    let mut site = Site::new("include = [\"*.csv\"]");
    // The word for reflow curve in GBK, as an old machine writes it.
    let name = [&b"\xc2\xaf\xce\xc2\xc7\xfa\xcf\xdf"[..], b".csv"].concat();
    if fs::write(site.folder.path().join(os::name_of(&name)), "t;C").is_err() {
        return; // This file system takes text alone.
    }
    let looked = site.settle();
    assert_eq!(looked.sightings.len(), 1);
    assert_eq!((&looked.sightings[0].key.0, &looked.sightings[0].name), (&name, &name));
}

#[test]
fn an_unreadable_file_is_told_and_tried_again_with_longer_waits() {
    let mut site = Site::new("");
    site.write("report.xml", "x");
    site.settle();
    let metadata = fs::metadata(site.path("report.xml")).unwrap();
    let (key, path) = (ItemKey(b"locked.xml".to_vec()), site.path("report.xml"));
    let modified_nanos = super::super::read::nanos(&metadata);
    let item = Print::of(&key.0);
    let candidate = Candidate { found: Found { key, path, size: 1, modified_nanos }, before: None };
    let denied = Err(Unread::Refused(std::io::ErrorKind::PermissionDenied.into()));
    let mut looked = Looked::default();
    site.collector.judge(candidate, denied, UnixMillis(site.now), &mut looked);
    assert!(matches!(troubles(&looked)[..], [("locked.xml", Trouble::Unreadable(_))]));
    assert!(site.collector.backoff.waits(item, UnixMillis(site.now + 4_999)));
    assert!(!site.collector.backoff.waits(item, UnixMillis(site.now + 5_000)));
}

#[test]
fn a_file_that_vanished_and_a_pipe_in_its_place_are_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let read = |path: &Path| read_whole(path, 1, 1);
    assert!(matches!(read(&folder.path().join("missing")), Err(Unread::Vanished)));
    assert!(matches!(read(folder.path()), Err(Unread::Vanished | Unread::Refused(_))));
}

#[test]
fn a_large_file_stays_on_its_disk_and_is_hashed_whole() {
    let mut site = Site::new("");
    let size = MAX_INTERPRETED_SIZE + 1;
    fs::write(site.path("image.tif"), vec![7; size]).unwrap();
    fs::write(site.path("largest.csv"), vec![7; size - 1]).unwrap();
    let looked = site.settle();
    assert_eq!(looked.sightings.len(), 2);
    for sighting in &looked.sightings {
        let want = vec![7; usize::try_from(sighting.now.size).unwrap()];
        assert_eq!(sighting.now.sha256, sha256(&want));
        match &sighting.content {
            Content::File(path) => assert_eq!(path, &site.path("image.tif")),
            Content::Bytes(kept) => assert_eq!(kept, &want),
        }
    }
}

#[test]
fn a_look_gives_no_more_than_its_limit_and_goes_on_behind_it() {
    let mut site = Site::new("");
    for at in 0..2500 {
        site.write(&format!("{}/{at}.csv", at % 7), &at.to_string());
    }
    assert_eq!(site.round().unsettled, 2500);
    site.now += 10_000;
    let (mut looks, mut names) = (0, Vec::new());
    loop {
        let looked = site.collector.look(&site.memory, UnixMillis(site.now), 400).unwrap();
        assert!(looked.sightings.len() <= 400);
        names.extend(looked.sightings.iter().map(|sighting| sighting.key.clone()));
        site.memory.commit(&mut site.collector, &looked.sightings);
        looks += 1;
        if !looked.more {
            break;
        }
    }
    assert_eq!((looks, names.len()), (7, 2500));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 2500, "each once");
}

#[test]
fn older_files_come_first() {
    let mut site = Site::new("");
    for (name, seconds) in [("a-review", 1_700_000_009), ("b-machine", 1_700_000_001)] {
        site.write(name, name);
        site.date(name, seconds);
    }
    let looked = site.settle();
    let order: Vec<&[u8]> = looked.sightings.iter().map(bytes).collect();
    assert_eq!(order, [&b"b-machine"[..], b"a-review"]);
}

#[test]
fn a_folder_whose_listing_breaks_off_is_blind_until_it_is_listed_again() {
    let mut site = Site::new("");
    let mut walk = Walk::start(site.folder.path()).unwrap();
    (walk.is_complete, walk.blind) = (false, Some(Trouble::Missing));
    site.collector.finish(&walk, &site.memory, &mut Looked::default()).unwrap();
    assert!(matches!(site.collector.blind, Some(Trouble::Missing)));
    assert!(site.round().blind.is_none());
}
