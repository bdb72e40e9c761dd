//! A log that moves between data folders with the embedded journal, met by another move: whatever is typed at
//! the old home then, the log has one home.

use std::fs;
use std::path::{Path, PathBuf};

use log_server::admission::Admission;
use log_server::copy::Listener;
use log_server::copy::moving::{Ended, Step, Watch, carry, give_up};
use log_server::init::init;
use spec::checkpoint::Origin;

use crate::homes::CrashBehind;
use crate::support::{expect, grow, make, text};

const ENTRIES: u32 = 600;

/// A log in the folder `log`, and folders that an operator has prepared for it.
struct Folders(tempfile::TempDir);

impl Folders {
    fn new(prepared: &[&str]) -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        make(&folders.at("log"));
        grow(&folders.at("log"), ENTRIES, b"");
        for name in prepared {
            let keys = folders.at(name).join("keys");
            fs::create_dir_all(&keys).unwrap();
            for key in fs::read_dir(folders.at("log/keys")).unwrap().map(|key| key.unwrap()) {
                fs::copy(key.path(), keys.join(key.file_name())).unwrap();
            }
        }
        folders
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Moves without an accident.
    #[track_caller]
    fn carry(&self, from: &str, to: &str) {
        let ended = carry(&self.at(from), &self.at(to), &CrashBehind(None)).unwrap().ended;
        assert_eq!(ended, Ended::Moved { other_sources: false });
    }

    /// Ends the process behind a step.
    fn crash_behind(&self, from: &str, to: &str, step: Step) {
        let (from, to) = (self.at(from), self.at(to));
        let watch = CrashBehind(Some(step));
        let moved = std::panic::AssertUnwindSafe(|| carry(&from, &to, &watch).map(drop));
        assert!(std::panic::catch_unwind(moved).is_err(), "{step:?} was not reached");
    }

    /// Why the log is not served there.
    #[track_caller]
    fn refusal(&self, name: &str) -> String {
        let data = self.at(name);
        expect(2, &["serve", "--data", text(&data), "--listen", "127.0.0.1:0"])
    }
}

/// Another process, which moves the log to another place while this one copies its tiles.
struct MovedMeanwhile<'a> {
    from: &'a Path,
    to: &'a Path,
}

impl Listener for MovedMeanwhile<'_> {
    fn progress(&self, _: u64, _: u64) {}
}

impl Watch for MovedMeanwhile<'_> {
    fn reached(&self, step: Step) {
        if step == Step::TilesCopied {
            let moved = carry(self.from, self.to, &CrashBehind(None)).unwrap();
            assert_eq!(moved.ended, Ended::Moved { other_sources: false });
        }
    }
}

#[test]
fn of_two_moves_at_once_one_arrives() {
    let folders = Folders::new(&["a", "b"]);
    let (log, a, b) = (folders.at("log"), folders.at("a"), folders.at("b"));
    let refused = carry(&log, &a, &MovedMeanwhile { from: &log, to: &b }).unwrap_err();
    assert!(refused.to_string().contains("has moved to"), "{refused}");
    assert!(folders.refusal("log").contains("has moved to"));
    assert!(folders.refusal("a").contains("is not finished"));
    grow(&b, 10, b"");
}

#[test]
fn a_log_that_went_on_to_a_third_place_comes_back_by_no_earlier_move() {
    let folders = Folders::new(&["a", "b"]);
    // It has arrived, and the old home does not know it yet.
    folders.crash_behind("log", "a", Step::Arrived);
    folders.carry("a", "b");
    let (log, a) = (folders.at("log"), folders.at("a"));
    for refused in [give_up(&log, &a), carry(&log, &a, &CrashBehind(None)).map(drop)] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("has been moved on from there"), "{refused}");
        assert!(folders.refusal("log").contains("is on its way to"));
        assert!(folders.refusal("a").contains("has moved to"));
    }
    grow(&folders.at("b"), 10, b"");
    // Nor once it is back at the second one, by a move of its own.
    folders.carry("b", "a");
    for refused in [give_up(&log, &a), carry(&log, &a, &CrashBehind(None)).map(drop)] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("is served from there"), "{refused}");
    }
    grow(&a, 10, b"");
}

#[test]
fn a_copy_out_of_a_place_that_the_log_has_left_says_where_it_is() {
    let folders = Folders::new(&["a"]);
    let (log, a, tree) = (folders.at("log"), folders.at("a"), folders.at("tree"));
    let copy = |from: &Path| expect(0, &["copy", "--from", text(from), "--to", text(&tree)]);
    assert!(copy(&log).contains("it stays the one with this data folder"));
    folders.carry("log", "a");
    let said = copy(&log);
    assert!(said.contains("has moved to") && !said.contains("it stays the one"), "{said}");
    assert!(copy(&a).contains("it stays the one with this data folder"));
    fs::write(log.join("moved.toml"), "stage = 7\n").unwrap();
    let said = copy(&log);
    assert!(said.contains("could not be read") && !said.contains("it stays the one"), "{said}");
}

#[test]
fn a_log_does_not_leave_for_a_store_with_tiles_beyond_its_end() {
    let folders = Folders::new(&["a"]);
    let (log, a) = (folders.at("log"), folders.at("a"));
    // As of entries that the log had before it was rebuilt: its 600 end within the bundle 2.
    let beyond = a.join("tile/entries/002");
    fs::create_dir_all(beyond.parent().unwrap()).unwrap();
    fs::write(&beyond, b"\0\x01a".repeat(256)).unwrap();
    let refused = carry(&log, &a, &CrashBehind(None)).unwrap_err().to_string();
    assert!(refused.contains("tile/entries/002 is already"), "{refused}");
    assert!(refused.contains("has only 600 entries"), "{refused}");
    assert!(refused.contains("`fiducial-log recover` has rebuilt"), "{refused}");
    // Nothing was stopped.
    grow(&log, 10, b"");
    fs::remove_file(&beyond).unwrap();
    folders.carry("log", "a");
    grow(&a, 10, b"");
    // Nor is a log served over such tiles, and both reasons are said.
    fs::write(&beyond, b"\0\x01a".repeat(256)).unwrap();
    let refused = folders.refusal("a");
    assert!(refused.contains("older than the tiles"), "{refused}");
    assert!(refused.contains("`fiducial-log recover` has rebuilt"), "{refused}");
}

#[test]
fn a_move_is_given_up_by_the_log_that_it_is_of() {
    let folders = Folders::new(&["a"]);
    folders.crash_behind("log", "a", Step::Begun);
    let (log, a) = (folders.at("log"), folders.at("a"));
    // One of another name, and another place of the same name.
    let (other, place) = (folders.at("other"), folders.at("place"));
    let origin = Origin::parse("other.example/log").unwrap();
    init(&other, origin, Admission::Any, false).unwrap();
    make(&place);
    grow(&place, 10, b"");
    for (from, why) in
        [(&other, "is of the log copied.example/log"), (&place, "is being filled from")]
    {
        let refused = give_up(from, &a).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    assert!(folders.refusal("a").contains("is not finished"));
    give_up(&log, &a).unwrap();
    assert!(folders.refusal("a").contains("was given up"));
    grow(&log, 10, b"");
    folders.carry("log", "a");
}

#[test]
fn a_new_home_that_was_emptied_may_have_been_served() {
    let folders = Folders::new(&["a"]);
    folders.crash_behind("log", "a", Step::Arrived);
    grow(&folders.at("a"), 10, b"");
    for name in ["moved.toml", "journal", "signed-head", "checkpoint", "journal-mark"] {
        fs::rename(folders.at("a").join(name), folders.at(name)).unwrap();
    }
    let (log, a) = (folders.at("log"), folders.at("a"));
    for refused in [give_up(&log, &a), carry(&log, &a, &CrashBehind(None)).map(drop)] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("may have been served from it"), "{refused}");
        assert!(folders.refusal("log").contains("is on its way to"));
    }
    for name in ["moved.toml", "journal", "signed-head", "checkpoint", "journal-mark"] {
        fs::rename(folders.at(name), folders.at("a").join(name)).unwrap();
    }
    folders.carry("log", "a");
    grow(&a, 10, b"");
}
