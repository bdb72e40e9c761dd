//! Lets events happen to a folder, as a watcher beside the machines would see it.
//!
//! A share that cannot be reached is moved out of sight and back; its machine goes on writing to
//! it meanwhile. Modes are the system's own, and so are times, unless the disk is dated.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::event::{Event, PlantPath, What};
use super::faults::Stopped;

/// A folder in which a plant's files appear, and one beside it for what cannot be reached.
#[derive(Debug)]
pub struct Disk {
    visible: PathBuf,
    hidden: PathBuf,
    gone: BTreeSet<String>,
    made: BTreeSet<PathBuf>,
    dated: bool,
}

impl Disk {
    /// Begins in `visible`, made if it is not there. `hidden` must be on the same file system and
    /// no part of `visible`.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn open(visible: &Path, hidden: &Path) -> io::Result<Self> {
        fs::create_dir_all(visible)?;
        fs::create_dir_all(hidden)?;
        Ok(Self {
            visible: visible.to_path_buf(),
            hidden: hidden.to_path_buf(),
            gone: BTreeSet::new(),
            made: BTreeSet::new(),
            dated: false,
        })
    }

    /// From now on a file that is written was changed at the time of its event, for a watcher that
    /// lives in the plant's time.
    #[must_use]
    pub fn dated(mut self) -> Self {
        self.dated = true;
        self
    }

    /// Lets one event happen. Markers that no disk shows change nothing.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn apply(&mut self, event: &Event) -> io::Result<()> {
        match &event.what {
            What::Append { path, bytes } => {
                let path = self.ready(path)?;
                let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
                file.write_all(bytes)?;
                self.date(&file, event.at)
            }
            What::Write { path, bytes, .. } => {
                let mut file = fs::File::create(self.ready(path)?)?;
                file.write_all(bytes)?;
                self.date(&file, event.at)
            }
            What::Remove { path } => fs::remove_file(self.place(path)),
            What::Starts(Stopped::Share { folder }) => self.hide(folder),
            What::Ends(Stopped::Share { folder }) => self.show(folder),
            What::ClockStep { .. } | What::Ends(_) | What::Starts(_) => Ok(()),
        }
    }

    fn date(&self, file: &fs::File, at: u64) -> io::Result<()> {
        if self.dated { file.set_modified(UNIX_EPOCH + Duration::from_millis(at)) } else { Ok(()) }
    }

    /// Where a file is now.
    #[must_use]
    pub fn place(&self, path: &PlantPath) -> PathBuf {
        let share = path.share();
        if !self.gone.contains(&share) {
            return self.visible.join(path.to_path());
        }
        let inside = PlantPath::new(&path.bytes()[share.len() + 1..]);
        self.out_of_sight(&share).join(inside.to_path())
    }

    fn out_of_sight(&self, share: &str) -> PathBuf {
        self.hidden.join(share.replace('/', "__"))
    }

    fn ready(&mut self, path: &PlantPath) -> io::Result<PathBuf> {
        let place = self.place(path);
        if let Some(folder) = place.parent()
            && !self.made.contains(folder)
        {
            fs::create_dir_all(folder)?;
            self.made.insert(folder.to_path_buf());
        }
        Ok(place)
    }

    fn hide(&mut self, share: &str) -> io::Result<()> {
        let folder = self.visible.join(share);
        fs::create_dir_all(&folder)?;
        fs::rename(&folder, self.out_of_sight(share))?;
        self.made.retain(|made| !made.starts_with(&folder));
        self.gone.insert(share.to_string());
        Ok(())
    }

    fn show(&mut self, share: &str) -> io::Result<()> {
        let away = self.out_of_sight(share);
        if self.gone.remove(share) {
            self.made.retain(|made| !made.starts_with(&away));
            fs::rename(away, self.visible.join(share))?;
        }
        Ok(())
    }
}
