//! Copies of a vault: backups while it is in use, and vaults restored from them.
//!
//! Rule: `spec/text/vault.md`, "Backup and restore".
//!
//! A copy is of one moment: the rows as one transaction sees them, and of each pack the bytes that
//! were committed then. Packs that are in the copy already are only continued, from where the copy
//! before was complete. The new database is put in the place of the old one last, after everything
//! in the copy was read back and verified: until then the copy is what it was before.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    Value,
};

use super::capture::Packs;
use super::check::{Checked, Progress};
use super::disk::{DATABASE, Disk, EVIDENCE, Folder};
use super::high_water::WentBack;
use super::open::{
    BACKUP_FILE, ID, INCARNATION, KEY_FILE, POLICY_FILE, RESTORED, builder, pack_path,
};
use super::rows::PackRow;
use super::settings::{self, Settings};
use super::tables::{self, META, PACKS, damaged, owned};
use super::{Unlock, Vault, cipher, pack};
use crate::durable::Access;
use crate::error::AgentError;

/// The database of a copy that is not complete yet.
const NEW_DATABASE: &str = "vault.redb.new";

/// How much is copied at once.
const CHUNK_SIZE: usize = 1024 * 1024;

/// How many bytes of rows are written in one step: a copy is not one transaction.
const STEP_SIZE: usize = 16 * 1024 * 1024;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Packs in the copy.
    pub(crate) packs: u64,
    /// Bytes of packs that were not in the copy before.
    pub(crate) bytes: u64,
    /// What was read back.
    pub(crate) checked: Checked,
}

/// What a copy is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// To be put away.
    Backup,
    /// To be worked with: it begins another life.
    Restored,
}

impl Vault {
    /// Copies the vault into `to`, which `disk` has, while it is in use; or brings a copy there up to
    /// date. See [`refuse_inside`].
    pub(crate) fn backup(
        &self,
        to: &Path,
        disk: Arc<dyn Disk>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Copied, AgentError> {
        self.copy_to(to, disk, Life::Backup, progress)
    }

    /// Makes a vault in `to`, where nothing is yet, from a backup. It says that it went back until
    /// that is settled.
    pub(crate) fn restore(
        from: &Path,
        to: &Path,
        unlock: &Unlock,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Copied, AgentError> {
        let disk = Folder { root: from.to_path_buf(), high_water: from.join("none") };
        refuse_living(from, &disk)?;
        refuse_inside(to, from)?;
        let backup = Self::open_copy(from, Arc::new(disk), DATABASE, unlock)?;
        let disk = Folder { root: to.to_path_buf(), high_water: to.join("none") };
        backup.copy_to(to, Arc::new(disk), Life::Restored, progress)
    }

    /// Copies onto a disk that may be a fake.
    pub(super) fn copy_to(
        &self,
        to: &Path,
        disk: Arc<dyn Disk>,
        life: Life,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Copied, AgentError> {
        // Paths do not tell whether two folders are one, so that any other copy is waited for.
        let _alone = self.copying.lock().unwrap_or_else(PoisonError::into_inner);
        // No pack goes away while it is copied.
        let _still = self.rewriting.read().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.database.begin_read().map_err(damaged)?;
        let failed = AgentError::file(to);
        let id = self.begin_copy(to, &*disk, life, &snapshot)?;
        let before = committed_before(&*disk)?;
        let (mut packs, mut bytes) = (Vec::new(), 0);
        let table = snapshot.open_table(PACKS).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            let (number, row) = entry.map_err(damaged)?;
            let end = PackRow::parse(row.value()).map_err(|error| self.wrong(&error))?.end;
            let number = number.value();
            let start = before.iter().find(|(other, _)| *other == number).map_or(0, |old| old.1);
            bytes += self.copy_pack(&*disk, number, start.min(end), end)?;
            packs.push(number);
        }
        disk.sync_folder(EVIDENCE).map_err(failed)?;
        self.copy_database(&*disk, &snapshot, life)?;
        let checked = self.check_copy(to, Arc::clone(&disk), progress)?;
        if let Some(first) = checked.damage.first() {
            let count = checked.damage.len() as u64 + checked.more;
            let reason = format!(
                "the copy is not complete: {count} things in it are damaged, first {}: {}. What \
                 was there before is unchanged. See `fiducial-agent check`.",
                first.what, first.reason
            );
            return Err(AgentError::vault(to, reason));
        }
        finish_copy(to, &*disk, life, &id, &self.settings, &packs)?;
        Ok(Copied { packs: packs.len() as u64, bytes, checked })
    }

    /// Makes the folder, or finds the same vault's copy in it.
    fn begin_copy(
        &self,
        to: &Path,
        disk: &dyn Disk,
        life: Life,
        snapshot: &ReadTransaction,
    ) -> Result<String, AgentError> {
        let meta = snapshot.open_table(META).map_err(damaged)?;
        let id = owned(&meta, ID)?.ok_or_else(|| self.wrong(&"it has no id"))?;
        let id = spec::encoding::encode_hex(&id);
        let failed = |error| AgentError::file(to)(error);
        match disk.make_folder("") {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let names = disk.list("").map_err(failed)?;
                // A power cut may have left the bare folder of a copy that was only begun.
                let bare = names.iter().all(|name| name.starts_with('.'));
                let have = disk.read(BACKUP_FILE, 64);
                let same = bare || have.is_ok_and(|have| have == id.as_bytes());
                if life == Life::Restored || !same {
                    let reason = "there is something already that is no backup of this vault";
                    return Err(AgentError::vault(to, reason));
                }
            }
            Err(error) => return Err(failed(error)),
        }
        // First of all: a copy that was begun is known as one, and continued.
        disk.write_whole(BACKUP_FILE, id.as_bytes(), Access::Owner).map_err(failed)?;
        match disk.make_folder(EVIDENCE) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        disk.write_whole("lock", b"", Access::Owner).map_err(failed)?;
        for (name, limit) in
            [(POLICY_FILE, spec::policy::MAX_POLICY_SIZE), (KEY_FILE, cipher::MAX_KEY_FILE_SIZE)]
        {
            match self.disk.read(name, limit) {
                Ok(bytes) => {
                    disk.write_whole(name, &bytes, Access::Owner).map_err(failed)?;
                }
                Err(error) if name == KEY_FILE && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(AgentError::file(&self.folder.join(name))(error)),
            }
        }
        Ok(id)
    }

    fn copy_pack(
        &self,
        disk: &dyn Disk,
        number: u64,
        start: u64,
        end: u64,
    ) -> Result<u64, AgentError> {
        let name = pack_path(number);
        let failed = |error| AgentError::file(&self.folder.join(&name))(error);
        if start == end {
            return Ok(0);
        }
        let from = self.disk.open(&name, false).map_err(failed)?;
        let to = disk.open(&name, true).map_err(failed)?;
        let mut chunk = vec![0; CHUNK_SIZE];
        let mut at = start;
        while at < end {
            let size = (end - at).min(CHUNK_SIZE as u64);
            let part = &mut chunk[..usize::try_from(size).expect("at most a chunk")];
            from.read_at(at, part).map_err(failed)?;
            to.write_at(at, part).map_err(failed)?;
            at += size;
        }
        to.sync().map_err(failed)?;
        Ok(end - start)
    }

    fn copy_database(
        &self,
        disk: &dyn Disk,
        from: &ReadTransaction,
        life: Life,
    ) -> Result<(), AgentError> {
        match disk.remove(NEW_DATABASE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(AgentError::file(NEW_DATABASE.as_ref())(error));
            }
            _ => {}
        }
        let to = disk.database(NEW_DATABASE, &builder()).map_err(damaged)?;
        for table in [META, tables::STATE, tables::SOURCES] {
            copy_table(from, &to, table)?;
        }
        for table in [tables::BLOBS, tables::SEEN, tables::LINKS, tables::NOTES] {
            copy_table(from, &to, table)?;
        }
        for table in [tables::PENDING, tables::STATEMENTS, tables::WAITING, tables::RECEIPTS] {
            copy_table(from, &to, table)?;
        }
        for table in [PACKS, tables::HOLDS, tables::DELETIONS] {
            copy_table(from, &to, table)?;
        }
        for table in [tables::OF_FILE, tables::OF_UNIT] {
            copy_table(from, &to, table)?;
        }
        copy_table(from, &to, tables::HEADS)?;
        copy_table(from, &to, tables::OPENINGS)?;
        // The last step is the durable one.
        let transaction = to.begin_write().map_err(damaged)?;
        if life == Life::Restored {
            let mut meta = transaction.open_table(META).map_err(damaged)?;
            let incarnation = cipher::random::<16>()?;
            meta.insert(INCARNATION, incarnation.as_slice()).map_err(damaged)?;
            meta.insert(RESTORED, [1].as_slice()).map_err(damaged)?;
        }
        transaction.commit().map_err(damaged)
    }

    /// Reads all of the copy, the new database in it.
    fn check_copy(
        &self,
        to: &Path,
        disk: Arc<dyn Disk>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Checked, AgentError> {
        let copy = Self::copy_with(
            to,
            disk,
            NEW_DATABASE,
            self.settings.clone(),
            self.policy.clone(),
            self.cipher.clone(),
        )?;
        copy.check(progress)
    }

    /// Opens a copy to read it; nothing in it is changed or made.
    pub(super) fn open_copy(
        folder: &Path,
        disk: Arc<dyn Disk>,
        database: &str,
        unlock: &Unlock,
    ) -> Result<Self, AgentError> {
        let (settings, policy, cipher) = Self::read_folder(folder, &*disk, unlock)?;
        Self::copy_with(folder, disk, database, settings, policy, cipher)
    }

    fn copy_with(
        folder: &Path,
        disk: Arc<dyn Disk>,
        database: &str,
        settings: Settings,
        policy: spec::policy::Policy,
        cipher: cipher::Cipher,
    ) -> Result<Self, AgentError> {
        disk.open(database, false).map_err(AgentError::file(&folder.join(database)))?;
        let database = disk.database(database, &builder()).map_err(damaged)?;
        let mut copy = Self {
            folder: folder.to_path_buf(),
            disk,
            settings,
            policy,
            cipher,
            database,
            high_water: None,
            // Whatever would write to it is told.
            went_back: Mutex::new(Some(WentBack::NoRecord)),
            sources: RwLock::default(),
            packs: Mutex::new(Packs::default()),
            rewriting: RwLock::new(()),
            expiring: Mutex::new(()),
            copying: Mutex::new(()),
            reserve: AtomicU64::new(0),
            _lock: Box::new(()),
        };
        copy.sources = RwLock::new(copy.read_sources()?);
        Ok(copy)
    }
}

/// Refuses what is no backup to restore from: a vault that an agent works in, or may work in again,
/// would be there twice, and two copies that sign split the chain.
fn refuse_living(from: &Path, disk: &dyn Disk) -> Result<(), AgentError> {
    match disk.read(BACKUP_FILE, 64) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(AgentError::file(&from.join(BACKUP_FILE))(error))
        }
        Err(_) if disk.read(settings::FILE, settings::MAX_SIZE).is_ok() => {
            let reason = "it is a vault and no backup: a second one of it would split the chains of its \
                          sources. Make a backup with `fiducial-agent backup` and restore that; a \
                          vault that was moved or copied by other means is used where it is";
            Err(AgentError::vault(from, reason))
        }
        Err(_) => Err(AgentError::vault(from, "there is no backup in it")),
    }
}

/// Refuses a copy that would lie in the folder that is copied: it would be a part of itself.
pub(crate) fn refuse_inside(to: &Path, vault: &Path) -> Result<(), AgentError> {
    let Ok(vault) = std::fs::canonicalize(vault) else { return Ok(()) };
    let to_whole = std::path::absolute(to).map_err(AgentError::file(to))?;
    // Links may lead into it: what is there of the path is followed, the rest is only names.
    let there = to_whole.ancestors().find_map(|part| std::fs::canonicalize(part).ok());
    if there.is_some_and(|there| there.starts_with(&vault)) {
        let reason = format!(
            "it lies in the vault {} itself; a copy goes to another folder, better to another disk",
            vault.display()
        );
        return Err(AgentError::vault(to, reason));
    }
    Ok(())
}

/// How far the copy before this one has committed each pack: those bytes are durable in it.
fn committed_before(disk: &dyn Disk) -> Result<Vec<(u64, u64)>, AgentError> {
    if disk.open(DATABASE, false).is_err() {
        return Ok(Vec::new());
    }
    let Ok(database) = disk.database(DATABASE, &builder()) else { return Ok(Vec::new()) };
    let transaction = database.begin_read().map_err(damaged)?;
    let Ok(table) = transaction.open_table(PACKS) else { return Ok(Vec::new()) };
    let mut ends = Vec::new();
    for entry in table.iter().map_err(damaged)? {
        let (number, row) = entry.map_err(damaged)?;
        if let Ok(row) = PackRow::parse(row.value()) {
            ends.push((number.value(), row.end));
        }
    }
    Ok(ends)
}

/// Puts the new database in its place and removes what it does not name.
fn finish_copy(
    to: &Path,
    disk: &dyn Disk,
    life: Life,
    id: &str,
    settings: &Settings,
    packs: &[u64],
) -> Result<(), AgentError> {
    let failed = |error| AgentError::file(to)(error);
    disk.rename(NEW_DATABASE, DATABASE).map_err(failed)?;
    disk.sync_folder("").map_err(failed)?;
    for name in disk.list(EVIDENCE).map_err(failed)? {
        if pack::number_of(&name).is_some_and(|number| !packs.contains(&number)) {
            disk.remove(&format!("{EVIDENCE}/{name}")).map_err(failed)?;
        }
    }
    disk.sync_folder(EVIDENCE).map_err(failed)?;
    if life == Life::Restored {
        disk.remove(BACKUP_FILE).map_err(failed)?;
    } else {
        disk.write_whole(BACKUP_FILE, id.as_bytes(), Access::Owner).map_err(failed)?;
    }
    // Last: before it, a folder is no vault. The second record lies beside each copy.
    let settings = Settings { high_water: None, ..settings.clone() };
    let toml = settings.to_toml();
    disk.write_whole(settings::FILE, toml.as_bytes(), Access::Everybody).map_err(failed)
}

/// Copies a table in steps, so that memory does not grow with it.
fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &Database,
    definition: TableDefinition<'_, K, V>,
) -> Result<(), AgentError> {
    let table = from.open_table(definition).map_err(damaged)?;
    let mut rows = table.iter().map_err(damaged)?;
    let mut more = true;
    while more {
        let mut transaction = to.begin_write().map_err(damaged)?;
        transaction.set_durability(Durability::None).map_err(damaged)?;
        {
            let mut copy = transaction.open_table(definition).map_err(damaged)?;
            let mut size = 0;
            more = false;
            for entry in rows.by_ref() {
                let (key, value) = entry.map_err(damaged)?;
                size += V::as_bytes(&value.value()).as_ref().len() + 64;
                copy.insert(key.value(), value.value()).map_err(damaged)?;
                if size >= STEP_SIZE {
                    more = true;
                    break;
                }
            }
        }
        transaction.commit().map_err(damaged)?;
    }
    Ok(())
}
