//! Which files are watched, and whether one of them changed.
//!
//! Looked at every second: a public list is replaced now and then, a key is added once a year.
//! Notifications of the kernel would be quicker, and silent on network file systems.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::settings::Settings;

/// After how many looks that which could not be read is tried again, though no watched file has
/// changed: the fault may be in a file that is watched only once it was read.
pub const RETRY_LOOKS: u32 = 10;

/// What tells one content of a file from another without reading it: inode, length, time of change.
type Mark = (u64, u64, i64, i64);

/// The watched files.
#[derive(Debug)]
pub struct Watched {
    paths: Vec<PathBuf>,
    keys: PathBuf,
    marks: BTreeMap<PathBuf, Option<Mark>>,
    looks: u32,
}

impl Watched {
    /// Watches the files of the logs (`logs`), and those of the keys.
    #[must_use]
    pub fn new(settings: &Settings, logs: Vec<PathBuf>) -> Self {
        let (paths, keys, marks) = (Vec::new(), settings.keys(), BTreeMap::new());
        let mut watched = Self { paths, keys, marks, looks: 0 };
        watched.follow(settings, logs);
        watched.changed();
        watched
    }

    /// Watches other files of logs from now on.
    pub fn follow(&mut self, settings: &Settings, logs: Vec<PathBuf>) {
        self.paths = logs;
        self.paths.push(settings.retired());
        self.paths.push(settings.retired_beside_high_water());
    }

    /// Whether the files are to be read: one of them changed since the last call, or the last
    /// reading failed and it is time to try again.
    pub fn is_due(&mut self, has_failed: bool) -> bool {
        self.looks = self.looks.wrapping_add(1);
        let again = has_failed && self.looks.is_multiple_of(RETRY_LOOKS);
        self.changed() || again
    }

    /// Whether anything changed since the last call.
    pub fn changed(&mut self) -> bool {
        let mut marks: BTreeMap<_, _> =
            self.paths.iter().map(|path| (path.clone(), mark(path))).collect();
        let keys = fs::read_dir(&self.keys).into_iter().flatten().flatten();
        marks.extend(keys.map(|entry| (entry.path(), mark(&entry.path()))));
        let changed = marks != self.marks;
        self.marks = marks;
        changed
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let data = fs::metadata(path).ok()?;
    Some((data.ino(), data.len(), data.ctime(), data.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{default_high_water, parse_name};

    #[test]
    fn a_changed_a_new_and_a_missing_file_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        let high_water = default_high_water(&data).unwrap();
        let settings = Settings { data, high_water, name: parse_name("w.example").unwrap() };
        fs::create_dir(settings.keys()).unwrap();
        fs::write(settings.logs(), "").unwrap();
        let mut watched = Watched::new(&settings, vec![settings.logs()]);
        assert!(!watched.changed());
        crate::files::write_whole(&settings.logs(), b"lists = []").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::write(settings.keys().join("a.key"), "").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::remove_file(settings.logs()).unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::write(settings.retired_beside_high_water(), "").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::remove_file(settings.retired_beside_high_water()).unwrap();
    }
}
