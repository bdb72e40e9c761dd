//! The folder that becomes the log's again.
//!
//! Until the last step it has no `log.toml`, without which no program takes it for a log, but
//! `log.toml.recovering` with the same text: whose log is being rebuilt here. The last step renames it. Beside it
//! `checkpoint.recovering` is the newest head that any run has heard of.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use spec::hash::leaf_hashes;
use spec::note::Note;

use super::RecoverError;
use super::known::Known;
use crate::admission::Admission;
use crate::disk::{Disk, MachineDisk, read_if_there, write_whole};
use crate::heads::{Heads, SignedHead};
use crate::init::sync_name;
use crate::journal::{Base, file, mark};
use crate::keys::LogKeys;
use crate::moved;
use crate::objects::{FolderObjects, Objects};
use crate::settings::{SETTINGS, Settings};
use crate::shared::JOURNAL;
use crate::sources::{self, Listing, SOURCES_FILE};
use crate::start::{OpenError, lock};

/// Stands for `log.toml` until the log is whole.
pub const RECOVERING: &str = "log.toml.recovering";

/// The newest head that a run in this folder has heard of: a later run that is given less must not end at an older
/// one, behind which the log would fork.
pub const AIM: &str = "checkpoint.recovering";

/// The folder under work. Locked.
pub(super) struct Place {
    backup: PathBuf,
    data: PathBuf,
    disk: Arc<dyn Disk>,
    objects: FolderObjects,
    settings: Settings,
    keys: LogKeys,
    listed: Vec<Listing>,
    _lock: File,
}

impl Place {
    /// Reads what the log is from `backup`, and takes `data` for it: a folder that is new or empty, or
    /// in which an earlier run was interrupted.
    pub(super) fn open(backup: &Path, data: &Path) -> Result<Self, RecoverError> {
        let kept = MachineDisk::open(backup).map_err(io_at(backup))?;
        // An old data folder may stand for the backup, and its log may be alive elsewhere.
        moved::check_is_here(&kept, backup).map_err(OpenError::from)?;
        let settings = Settings::load(&kept, backup)?;
        let keys = LogKeys::load(backup, &settings.origin)?;
        let listed = sources::list(backup)?;
        let text = kept.read(&backup.join(SETTINGS)).map_err(io_at(backup))?;
        fs::create_dir_all(data).map_err(io_at(data))?;
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(data).map_err(io_at(data))?);
        match read_if_there(disk.as_ref(), &data.join(RECOVERING)).map_err(io_at(data))? {
            Some(begun) if begun == text && !data.join(SETTINGS).exists() => {}
            None if fs::read_dir(data).map_err(io_at(data))?.next().is_none() => {
                write_whole(disk.as_ref(), &data.join(RECOVERING), &text).map_err(io_at(data))?;
            }
            _ => return Err(RecoverError::Exists(data.to_owned())),
        }
        sync_name(data).map_err(io_at(data))?;
        let lock = lock(data)?;
        let objects = FolderObjects::new(disk.clone(), data);
        let (backup, data) = (backup.to_owned(), data.to_owned());
        Ok(Self { backup, data, disk, objects, settings, keys, listed, _lock: lock })
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) const fn admission(&self) -> Admission {
        self.settings.admission
    }

    pub(super) const fn keys(&self) -> &LogKeys {
        &self.keys
    }

    /// The sources that the backup lists.
    pub(super) fn listed(&self) -> &[Listing] {
        &self.listed
    }

    pub(super) const fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    pub(super) fn name(&self) -> String {
        self.data.display().to_string()
    }

    /// The newest head that an earlier run has heard of.
    pub(super) fn aim(&self) -> Result<Option<Note>, RecoverError> {
        let path = self.data.join(AIM);
        let Some(bytes) = read_if_there(self.disk.as_ref(), &path).map_err(io_at(&path))? else {
            return Ok(None);
        };
        let note = Note::parse(&bytes);
        note.map(Some).map_err(|error| RecoverError::File { path, why: error.to_string() })
    }

    /// Notes the newest head, durably.
    pub(super) fn note_aim(&self, note: &Note) -> Result<(), RecoverError> {
        let path = self.data.join(AIM);
        write_whole(self.disk.as_ref(), &path, &note.to_bytes()).map_err(io_at(&path))
    }

    /// Writes the journal: what no full bundle holds.
    pub(super) fn write_journal(&self, base: &Base, entries: &[Bytes]) -> Result<(), RecoverError> {
        let path = self.data.join(JOURNAL);
        file::write(self.disk.as_ref(), &path, base, entries).map_err(io_at(&path))?;
        let tree = base.frontier.grow(&leaf_hashes(entries)).tree();
        mark::write(self.disk.as_ref(), &self.data, tree).map_err(io_at(&self.data))
    }

    /// Makes it a log: keys, sources, the newest head as the last signed one, what may be shown of it,
    /// and last its name.
    pub(super) fn finish(&self, known: &Known<'_>) -> Result<(), RecoverError> {
        self.keys.copy(&self.backup, &self.data)?;
        let listed = self.backup.join(SOURCES_FILE);
        match read_if_there(self.disk.as_ref(), &listed).map_err(io_at(&listed))? {
            Some(bytes) => {
                let path = self.data.join(SOURCES_FILE);
                write_whole(self.disk.as_ref(), &path, &bytes).map_err(io_at(&path))?;
            }
            None => sources::create(&self.data)?,
        }
        let heads = Heads::new(self.disk.clone(), &self.data);
        let newest = &known.target().expect("what was rebuilt has a head").head;
        // Other lines than the log's own are not what it signed.
        let note = Note::new(newest.note.text().to_owned(), self.keys.own_lines(&newest.note));
        heads.write_signed(&SignedHead { note, checkpoint: newest.checkpoint.clone() })?;
        if let Some(shown) = known.published() {
            heads.write_published(shown.size(), &shown.head.note)?;
        }
        let (from, to) = (self.data.join(RECOVERING), self.data.join(SETTINGS));
        self.disk.rename(&from, &to).map_err(io_at(&to))?;
        self.disk.sync_folder(&self.data).map_err(io_at(&self.data))?;
        // The last signed head says the same now; where this is left behind, it disturbs nobody.
        let _ = self.disk.remove(&self.data.join(AIM));
        Ok(())
    }
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> RecoverError {
    let place = path.display().to_string();
    move |error| RecoverError::Io { place: place.clone(), error }
}
