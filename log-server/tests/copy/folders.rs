//! A log that moves between data folders with the embedded journal, met by another move: whatever is typed at
//! the old home then, the log has one home.

use std::fs;
use std::path::{Path, PathBuf};

use log_server::copy::Listener;
use log_server::copy::moving::{Ended, Step, Watch, carry};

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
