//! What a machine's files are: as programs see them, and as the device has them.
//!
//! Every change goes to what is seen at once and waits in a list until it is synced. A power cut
//! draws, from a seed, which of the waiting changes had reached the device: of each file's data a
//! prefix, whose last change may be torn; of the names a prefix, or any selection.
//!
//! A file that is written anew grows only with its data. Of a write within a file, or at its end, any
//! selection of whole sectors may be there, and the others hold what they held before. Where it made the
//! file longer, that may have the new length, the old one or one between, and without their data the
//! sectors behind the old end are zeros, as on ext4. Data that a failed sync has dropped stays visible
//! and never reaches the device, as on Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::operation::{Operation, Output};
use crate::seed::Seed;

/// What a disk writes at once at least.
const SECTOR: usize = 512;

/// One machine's files. Paths are relative to the data folder, which always exists.
#[derive(Clone, Debug, Default)]
pub struct Image {
    files: Vec<File>,
    seen: Names,
    durable: Names,
    pending: Vec<NameChange>,
}

#[derive(Clone, Debug, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
}

#[derive(Clone, Debug, Default)]
struct File {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<DataChange>,
    /// Data was dropped by a sync of everything; the next sync of this file reports it once.
    unreported: bool,
}

#[derive(Clone, Debug)]
enum DataChange {
    Length(usize),
    Write { offset: usize, bytes: Vec<u8> },
}

#[derive(Clone, Debug)]
enum NameChange {
    Folder(PathBuf),
    Gone(PathBuf),
    Moved { from: PathBuf, to: PathBuf, file: usize },
    New { path: PathBuf, file: usize },
}

impl Image {
    /// Does an operation, with `room` more bytes on the disk.
    pub(super) fn apply(&mut self, operation: &Operation<'_>, room: usize) -> io::Result<Output> {
        match operation {
            Operation::CreateFolders(path) => self.create_folders(path),
            Operation::OpenFile(path) => return Ok(Output::File(self.open_or_create(path)?)),
            Operation::Read(path) => {
                return Ok(Output::Bytes(self.files[self.find(path)?].seen.clone()));
            }
            Operation::Remove(path) => {
                self.find(path)?;
                self.rename(NameChange::Gone(path.to_path_buf()));
            }
            Operation::Rename { from, to } => {
                let file = self.find(from)?;
                self.check_folder(to)?;
                let (from, to) = (from.to_path_buf(), to.to_path_buf());
                self.rename(NameChange::Moved { from, to, file });
            }
            Operation::SyncEverything => {
                self.files.iter_mut().for_each(File::sync);
                let changes = std::mem::take(&mut self.pending);
                changes.iter().for_each(|change| self.durable.apply(change));
            }
            Operation::SyncFile(path) => {
                let file = self.find(path)?;
                self.sync(file)?;
            }
            Operation::SyncFolder(path) => self.sync_folder(path),
            Operation::SyncHandle(file) => self.sync(*file)?,
            Operation::Truncate { file, length } => {
                self.files[*file].change(DataChange::Length(*length as usize));
            }
            Operation::Write { path, bytes } => {
                let file = self.open_or_create(path)?;
                let freed = self.files[file].seen.len();
                self.files[file].change(DataChange::Length(0));
                self.write_at(file, 0, bytes, room.saturating_add(freed))?;
            }
            Operation::WriteAt { file, offset, bytes } => {
                self.write_at(*file, *offset as usize, bytes, room)?;
            }
        }
        Ok(Output::Done)
    }

    /// What a failed sync may do: the data it should have written is gone from the device's way,
    /// still seen, and no later sync will write it.
    pub(super) fn drop_unsynced(&mut self, operation: &Operation<'_>) {
        match operation {
            Operation::SyncEverything => self.files.iter_mut().for_each(|file| {
                file.unreported |= !file.pending.is_empty();
                file.pending.clear();
            }),
            Operation::SyncFile(path) => {
                if let Ok(file) = self.find(path) {
                    self.files[file].pending.clear();
                }
            }
            Operation::SyncHandle(file) => self.files[*file].pending.clear(),
            _ => {}
        }
    }

    /// The bytes that all named files take.
    #[must_use]
    pub fn used(&self) -> usize {
        self.seen.files.values().map(|file| self.files[*file].seen.len()).sum()
    }

    /// Every file's path.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.seen.files.keys().cloned().collect()
    }

    /// A file's content, as seen.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<&[u8]> {
        self.seen.files.get(path).map(|file| self.files[*file].seen.as_slice())
    }

    /// A file's content on the device.
    #[must_use]
    pub fn durable_content(&self, path: &Path) -> Option<&[u8]> {
        self.durable.files.get(path).map(|file| self.files[*file].durable.as_slice())
    }

    /// Flips one bit of a file where it is, on the device and as seen.
    pub fn flip(&mut self, path: &Path, byte: usize, bit: u8) {
        let file = &mut self.files[self.seen.files[path]];
        file.seen[byte] ^= 1 << bit;
        file.durable = file.seen.clone();
        file.pending.clear();
    }

    /// Puts another file in the place of one, or takes it away, durably.
    pub fn replace(&mut self, path: &Path, content: Option<&[u8]>) {
        match content {
            Some(bytes) => {
                path.ancestors().skip(1).for_each(|folder| {
                    self.seen.folders.insert(folder.to_path_buf());
                    self.durable.folders.insert(folder.to_path_buf());
                });
                let file = self.new_file(File::holding(bytes.to_vec()));
                self.seen.files.insert(path.to_path_buf(), file);
                self.durable.files.insert(path.to_path_buf(), file);
            }
            None => {
                self.seen.files.remove(path);
                self.durable.files.remove(path);
            }
        }
    }

    /// What a power cut leaves, by the choices of a seed.
    #[must_use]
    pub fn after_power_cut(&self, seed: &mut Seed) -> Self {
        let survival = Survival::draw(seed);
        let mut names = self.durable.clone();
        let in_order = seed.once_in(2);
        let prefix = survival.count(self.pending.len(), seed);
        for (at, change) in self.pending.iter().enumerate() {
            let survives = if in_order { at < prefix } else { survival.choose(seed) };
            if survives {
                names.apply(change);
            }
        }
        let mut image = Self::default();
        for (path, file) in &names.files {
            let reachable = path.ancestors().skip(1).all(|folder| names.has_folder(folder));
            if reachable {
                let content = self.files[*file].after_power_cut(survival, seed);
                image.replace(path, Some(&content));
            }
        }
        for folder in names.folders.iter().filter(|path| {
            // A folder whose own folder is gone cannot be reached.
            path.ancestors().all(|above| names.has_folder(above))
        }) {
            image.seen.folders.insert(folder.clone());
            image.durable.folders.insert(folder.clone());
        }
        image
    }

    fn create_folders(&mut self, path: &Path) {
        let mut missing: Vec<PathBuf> = path
            .ancestors()
            .filter(|folder| !self.seen.has_folder(folder))
            .map(Path::to_path_buf)
            .collect();
        missing.reverse();
        missing.into_iter().for_each(|folder| self.rename(NameChange::Folder(folder)));
    }

    fn open_or_create(&mut self, path: &Path) -> io::Result<usize> {
        if let Ok(file) = self.find(path) {
            return Ok(file);
        }
        self.check_folder(path)?;
        let file = self.new_file(File::default());
        self.rename(NameChange::New { path: path.to_path_buf(), file });
        Ok(file)
    }

    fn new_file(&mut self, file: File) -> usize {
        self.files.push(file);
        self.files.len() - 1
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.seen.files.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn check_folder(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().expect("a file has a folder");
        if self.seen.has_folder(folder) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn rename(&mut self, change: NameChange) {
        self.seen.apply(&change);
        self.pending.push(change);
    }

    fn write_at(
        &mut self,
        file: usize,
        offset: usize,
        bytes: &[u8],
        room: usize,
    ) -> io::Result<()> {
        // What is overwritten has its room already.
        let inside = self.files[file].seen.len().saturating_sub(offset);
        let written = bytes.len().min(inside.saturating_add(room));
        self.files[file].change(DataChange::Write { offset, bytes: bytes[..written].to_vec() });
        if written < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        let file = &mut self.files[file];
        if std::mem::take(&mut file.unreported) {
            return Err(io::Error::other("an earlier write could not be stored"));
        }
        file.sync();
        Ok(())
    }

    fn sync_folder(&mut self, path: &Path) {
        let (synced, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pending).into_iter().partition(|change| change.touches(path));
        self.pending = waiting;
        synced.iter().for_each(|change| self.durable.apply(change));
    }
}

impl Names {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Folder(path) => {
                self.folders.insert(path.clone());
            }
            NameChange::Gone(path) => {
                self.files.remove(path);
            }
            NameChange::Moved { from, to, file } => {
                if self.files.get(from) == Some(file) {
                    self.files.remove(from);
                }
                self.files.insert(to.clone(), *file);
            }
            NameChange::New { path, file } => {
                self.files.insert(path.clone(), *file);
            }
        }
    }

    fn has_folder(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || self.folders.contains(path)
    }
}

impl NameChange {
    fn touches(&self, folder: &Path) -> bool {
        let inside = |path: &PathBuf| path.parent() == Some(folder);
        match self {
            Self::Folder(path) | Self::Gone(path) | Self::New { path, .. } => inside(path),
            Self::Moved { from, to, .. } => inside(from) || inside(to),
        }
    }
}

impl File {
    fn holding(bytes: Vec<u8>) -> Self {
        Self { seen: bytes.clone(), durable: bytes, ..Self::default() }
    }

    fn change(&mut self, change: DataChange) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        let durable = &mut self.durable;
        self.pending.drain(..).for_each(|change| change.apply(durable));
    }

    fn after_power_cut(&self, survival: Survival, seed: &mut Seed) -> Vec<u8> {
        let mut content = self.durable.clone();
        let whole = survival.count(self.pending.len(), seed);
        self.pending[..whole].iter().for_each(|change| change.apply(&mut content));
        if let Some(DataChange::Write { offset, bytes }) = self.pending.get(whole)
            && survival == Survival::Some
        {
            write_torn(&mut content, *offset, bytes, seed);
        }
        content
    }
}

impl DataChange {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Length(length) => content.resize(*length, 0),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}

/// Does a write in part: of the sectors it would change all up to some place are done, or any selection;
/// and a file that it makes longer grows to that place, or to its end.
fn write_torn(content: &mut Vec<u8>, offset: usize, bytes: &[u8], seed: &mut Seed) {
    // What is written from its start on is new, and grows only with its data.
    let is_new = offset == 0;
    let cut = offset + seed.below(bytes.len() + 1);
    let (grows_at_once, in_order) = (!is_new && seed.once_in(2), is_new || seed.once_in(2));
    let length = if grows_at_once { offset + bytes.len() } else { cut };
    content.resize(content.len().max(length), 0);
    let end = content.len().min(offset + bytes.len());
    let mut start = offset;
    while start < end {
        let stop = ((start / SECTOR + 1) * SECTOR).min(end);
        // A sector is done as a whole; only what lies behind the file's end is not.
        let is_done = if in_order { stop <= cut } else { seed.once_in(2) };
        if is_done {
            content[start..stop].copy_from_slice(&bytes[start - offset..stop - offset]);
        }
        start = stop;
    }
}

/// How much of what was not synced a power cut leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Survival {
    Everything,
    Nothing,
    Some,
}

impl Survival {
    const fn draw(seed: &mut Seed) -> Self {
        match seed.below(4) {
            0 => Self::Everything,
            1 => Self::Nothing,
            _ => Self::Some,
        }
    }

    const fn count(self, of: usize, seed: &mut Seed) -> usize {
        match self {
            Self::Everything => of,
            Self::Nothing => 0,
            Self::Some => seed.below(of + 1),
        }
    }

    const fn choose(self, seed: &mut Seed) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::Some => seed.once_in(2),
        }
    }
}
