//! A machine whose power is cut: what was not synced is there, torn, or gone.
//!
//! Files keep what was synced, and the writes since. At a cut every one of those writes survives or
//! not, whatever happened to those before it, and one may survive in part. Names that were made,
//! moved or removed survive up to a point, as a journal has it. One seed decides all of it.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{Builder, Database, DatabaseError, StorageBackend};

use crate::durable::Access;
use crate::vault::disk::{Disk, DiskFile, HIGH_WATER, Room, Whole};

/// The whole machine, shared by its disks.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    name_changes: Vec<NameChange>,
    folders: BTreeSet<String>,
    operations: u64,
    cut: Option<u64>,
    capacity: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

#[derive(Clone, Debug)]
enum NameChange {
    Put(String, usize),
    Remove(String),
    Rename(String, String),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(at, part) => {
                let end = at + part.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at..end].copy_from_slice(part);
            }
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Put(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }

    fn lies_in(&self, folder: &str) -> bool {
        let (Self::Put(name, _) | Self::Remove(name) | Self::Rename(_, name)) = self;
        name.rsplit_once('/').map_or("", |(parent, _)| parent) == folder
    }
}

/// Numbers that follow from a seed (xorshift), good enough to choose by.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

impl Machine {
    /// Cuts the power at this operation, counted from now.
    pub(super) fn cut_after(&mut self, operations: u64) {
        (self.operations, self.cut) = (0, Some(operations));
    }

    /// Leaves room for so many bytes more; `None` for all.
    pub(super) fn leave_room(&mut self, bytes: Option<u64>) {
        let used = self.used();
        self.capacity = bytes.map(|bytes| used + bytes);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some_and(|cut| self.operations > cut)
    }

    /// The machine after it was started again.
    pub(super) fn restarted(&self, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut names = self.durable_names.clone();
        let kept = dice.below(self.name_changes.len() as u64 + 1);
        for change in self.name_changes.iter().take(usize::try_from(kept).unwrap()) {
            change.apply(&mut names);
        }
        let survive = |content: &Content, dice: &mut Dice| {
            let mut bytes = content.durable.clone();
            for change in &content.unsynced {
                match (dice.below(4), change) {
                    (0, _) => {}
                    (1, Change::Write(at, part)) => {
                        let size = usize::try_from(dice.below(part.len() as u64 + 1)).unwrap();
                        Change::Write(*at, part[..size].to_vec()).apply(&mut bytes);
                    }
                    _ => change.apply(&mut bytes),
                }
            }
            Content { now: bytes.clone(), durable: bytes, unsynced: Vec::new() }
        };
        let files = self.files.iter().map(|content| survive(content, &mut dice)).collect();
        Self {
            files,
            durable_names: names.clone(),
            names,
            folders: self.folders.clone(),
            ..Self::default()
        }
    }

    fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[*file].now.len() as u64).sum()
    }

    fn tick(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.is_cut() { Err(io::Error::other("the power is cut")) } else { Ok(()) }
    }

    fn alive(&self) -> io::Result<()> {
        if self.is_cut() { Err(io::Error::other("the power is cut")) } else { Ok(()) }
    }

    fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
        let was_cut = self.is_cut();
        let ticked = self.tick();
        let end = match &change {
            Change::Length(length) => *length,
            Change::Write(at, part) => at + part.len(),
        };
        let grows = end.saturating_sub(self.files[file].now.len()) as u64;
        if self.capacity.is_some_and(|capacity| grows > 0 && self.used() + grows > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // The very operation at which the power goes may have reached the disk, or a part of it.
        if !was_cut {
            let content = &mut self.files[file];
            change.apply(&mut content.now);
            content.unsynced.push(change);
        }
        ticked
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename_now(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }

    fn make(&mut self, name: &str, content: Content) -> usize {
        self.files.push(content);
        let file = self.files.len() - 1;
        self.rename_now(NameChange::Put(name.to_string(), file));
        file
    }

    fn sync_names(&mut self, folder: &str) {
        let (of_folder, others): (Vec<_>, Vec<_>) =
            self.name_changes.drain(..).partition(|change| change.lies_in(folder));
        for change in of_folder {
            change.apply(&mut self.durable_names);
        }
        self.name_changes = others;
    }
}

/// One folder of the machine.
#[derive(Clone, Debug)]
pub(super) struct Fake {
    pub(super) machine: Arc<Mutex<Machine>>,
    pub(super) root: &'static str,
}

impl Fake {
    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap()
    }

    fn path(&self, name: &str) -> String {
        match name {
            "" => self.root.to_string(),
            HIGH_WATER => format!("{}.high-water", self.root),
            _ => format!("{}/{name}", self.root),
        }
    }
}

impl Disk for Fake {
    fn open(&self, name: &str, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.path(name);
        let mut machine = self.machine();
        machine.alive()?;
        let file = match machine.find(&path) {
            Err(_) if create => {
                machine.tick()?;
                machine.make(&path, Content::default())
            }
            found => found?,
        };
        // Only packs leave their name to the caller to sync.
        if create && !path.ends_with(".pack") {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_string();
            machine.sync_names(&parent);
        }
        Ok(Arc::new(FakeFile { machine: Arc::clone(&self.machine), file }))
    }

    fn database(&self, name: &str, builder: &Builder) -> Result<Database, DatabaseError> {
        let io = |error| DatabaseError::Storage(redb::StorageError::Io(error));
        let file = self.open(name, true).map_err(io)?;
        builder.create_with_backend(Backend(file))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{}/", self.path(folder));
        let machine = self.machine();
        machine.alive()?;
        let names = machine.names.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(names.map(str::to_string).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        let mut machine = self.machine();
        machine.tick()?;
        machine.find(&path)?;
        machine.rename_now(NameChange::Remove(path));
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.path(from), self.path(to));
        let mut machine = self.machine();
        machine.tick()?;
        machine.find(&from)?;
        machine.rename_now(NameChange::Rename(from, to));
        Ok(())
    }

    fn make_folder(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        let mut machine = self.machine();
        machine.tick()?;
        if machine.folders.insert(path) { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) }
    }

    fn sync_folder(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        let mut machine = self.machine();
        machine.tick()?;
        machine.sync_names(&path);
        Ok(())
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Vec<u8>> {
        let machine = self.machine();
        machine.alive()?;
        let bytes = machine.files[machine.find(&self.path(name))?].now.clone();
        if bytes.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    fn write_whole(&self, name: &str, bytes: &[u8], _access: Access) -> io::Result<()> {
        let path = self.path(name);
        let mut machine = self.machine();
        machine.tick()?;
        let content =
            Content { now: bytes.to_vec(), durable: bytes.to_vec(), unsynced: Vec::new() };
        machine.make(&path, content);
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_string();
        machine.sync_names(&parent);
        Ok(())
    }

    fn begin_whole(&self, name: &str, access: Access) -> io::Result<Box<dyn Whole>> {
        Ok(Box::new(FakeWhole {
            disk: self.clone(),
            name: name.to_string(),
            access,
            bytes: vec![],
        }))
    }

    fn room(&self) -> io::Result<Option<Room>> {
        let machine = self.machine();
        let total = machine.capacity.unwrap_or(u64::MAX);
        Ok(Some(Room { free: total.saturating_sub(machine.used()), total }))
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(()))
    }
}

/// Written in one operation at its end.
struct FakeWhole {
    disk: Fake,
    name: String,
    access: Access,
    bytes: Vec<u8>,
}

impl io::Write for FakeWhole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Whole for FakeWhole {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.disk.write_whole(&self.name, &self.bytes, self.access)
    }
}

#[derive(Debug)]
struct FakeFile {
    machine: Arc<Mutex<Machine>>,
    file: usize,
}

impl DiskFile for FakeFile {
    fn len(&self) -> io::Result<u64> {
        let machine = self.machine.lock().unwrap();
        machine.alive()?;
        Ok(machine.files[self.file].now.len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let machine = self.machine.lock().unwrap();
        machine.alive()?;
        let at = usize::try_from(offset).unwrap();
        let part = machine.files[self.file].now.get(at..at + out.len());
        out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        self.machine.lock().unwrap().change(self.file, Change::Write(at, bytes.to_vec()))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let length = usize::try_from(len).unwrap();
        self.machine.lock().unwrap().change(self.file, Change::Length(length))
    }

    fn sync(&self) -> io::Result<()> {
        let mut machine = self.machine.lock().unwrap();
        machine.tick()?;
        let content = &mut machine.files[self.file];
        for change in std::mem::take(&mut content.unsynced) {
            change.apply(&mut content.durable);
        }
        Ok(())
    }
}

/// The same file as `redb` wants it.
#[derive(Debug)]
struct Backend(Arc<dyn DiskFile>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}
