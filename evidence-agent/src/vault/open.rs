//! Making a vault, opening it, and the one way in which its database is written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{Builder, Durability, ReadableDatabase, ReadableTable, WriteTransaction};
use spec::checkpoint::Origin;
use spec::key::SigningKey;
use spec::policy::{MAX_POLICY_SIZE, Policy};
use zeroize::Zeroizing;

use super::capture::Packs;
use super::cipher::{self, Cipher};
use super::disk::{DATABASE, Disk, EVIDENCE, Folder};
use super::high_water::{HighWater, Incarnation, Mark, WentBack};
use super::rows::PackRow;
use super::settings::{self, Encryption, Settings};
use super::space::SpaceLimits;
use super::tables::{META, PACKS, SOURCES, damaged, make_all, owned};
use super::{NewVault, Source, Unlock, Vault, pack, rows};
use crate::durable::Access;
use crate::error::AgentError;

/// The database's share of memory. A larger one only fills up: most rows lie under hashes, so that
/// the next is hardly ever on a page that was read before, and the upper pages of all trees fit in.
const CACHE_SIZE: usize = 16 * 1024 * 1024;

pub(super) const KEY_FILE: &str = "key.age";
pub(super) const POLICY_FILE: &str = "policy";
/// Holds the id of the vault that a backup is of. A vault has none.
pub(super) const BACKUP_FILE: &str = "backup";

/// Rows of `meta`.
pub(super) const ID: &str = "id";
pub(super) const INCARNATION: &str = "incarnation";
pub(super) const RESTORED: &str = "restored";
const COMMITS: &str = "commits";

impl Vault {
    /// Makes a vault where nothing is yet.
    pub(crate) fn create(folder: &Path, new: &NewVault<'_>) -> Result<Self, AgentError> {
        let settings = Settings {
            log: new.log.trim_end_matches('/').to_string(),
            origin: new.origin.clone(),
            encryption: match new.unlock {
                Unlock::Plain => Encryption::None,
                Unlock::Passphrase(_) => Encryption::Passphrase,
            },
            high_water: None,
        };
        let high_water = settings.high_water_path(folder);
        let disk = Arc::new(Folder { root: folder.to_path_buf(), high_water });
        Self::create_on(folder, disk, &settings, new)
    }

    /// Makes a vault on a disk that may be a fake.
    pub(super) fn create_on(
        folder: &Path,
        disk: Arc<dyn Disk>,
        settings: &Settings,
        new: &NewVault<'_>,
    ) -> Result<Self, AgentError> {
        let named = |name: &str| named_in(folder, name);
        disk.make_folder("").map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => AgentError::vault(folder, "it exists already"),
            _ => named("")(error),
        })?;
        disk.make_folder(EVIDENCE).map_err(named(EVIDENCE))?;
        disk.write_whole("lock", b"", Access::Owner).map_err(named("lock"))?;
        disk.write_whole(POLICY_FILE, new.policy, Access::Everybody).map_err(named(POLICY_FILE))?;
        if let Unlock::Passphrase(passphrase) = new.unlock {
            let wrapped = cipher::wrap(&cipher::new_data_key()?, passphrase)?;
            disk.write_whole(KEY_FILE, &wrapped, Access::Owner).map_err(named(KEY_FILE))?;
        }
        let mark = Mark { incarnation: cipher::random()?, commits: 1 };
        let database = disk.database(DATABASE, &builder()).map_err(damaged)?;
        let transaction = database.begin_write().map_err(damaged)?;
        make_all(&transaction)?;
        put_mark(&transaction, mark)?;
        let mut meta = transaction.open_table(META).map_err(damaged)?;
        meta.insert(ID, cipher::random::<16>()?.as_slice()).map_err(damaged)?;
        drop(meta);
        transaction.commit().map_err(damaged)?;
        drop(database);
        let high_water = HighWater::open(&*disk).map_err(named("high-water"))?;
        high_water.begin(mark).map_err(named("high-water"))?;
        // Last: a folder without its settings is no vault.
        let toml = settings.to_toml();
        disk.write_whole(settings::FILE, toml.as_bytes(), Access::Everybody)
            .map_err(named(settings::FILE))?;
        Self::open_on(folder, disk, new.unlock)
    }

    /// Opens a vault and locks it; a second agent is told so at once.
    pub(crate) fn open(folder: &Path, unlock: &Unlock) -> Result<Self, AgentError> {
        Self::open_on(folder, Arc::new(real_disk(folder)?), unlock)
    }

    /// Opens a vault of which damage is suspected: every page of the database is read and compared
    /// with its checksum first, which takes long. A damaged database is an error then, where a
    /// plain opening trusts it and may fail later and worse.
    pub(crate) fn open_suspected(folder: &Path, unlock: &Unlock) -> Result<Self, AgentError> {
        let mut builder = builder();
        builder.set_check_integrity_on_open(true);
        Self::open_with(folder, Arc::new(real_disk(folder)?), unlock, &builder)
    }

    /// Opens a vault on a disk that may be a fake.
    pub(super) fn open_on(
        folder: &Path,
        disk: Arc<dyn Disk>,
        unlock: &Unlock,
    ) -> Result<Self, AgentError> {
        Self::open_with(folder, disk, unlock, &builder())
    }

    fn open_with(
        folder: &Path,
        disk: Arc<dyn Disk>,
        unlock: &Unlock,
        builder: &Builder,
    ) -> Result<Self, AgentError> {
        let named = |name: &str| named_in(folder, name);
        if disk.read(BACKUP_FILE, 64).is_ok() {
            let reason = "it is a backup: make a vault of it with `fiducial-agent restore`";
            return Err(AgentError::vault(folder, reason));
        }
        // The lock is taken before anything is read that another agent may be writing.
        read_settings(folder, &*disk)?;
        let lock = disk.lock().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => AgentError::Busy { path: folder.to_path_buf() },
            _ => named("lock")(error),
        })?;
        let (settings, policy, cipher) = Self::read_folder(folder, &*disk, unlock)?;
        // Opened once for nothing, so that a missing database is not made anew.
        disk.open(DATABASE, false).map_err(named(DATABASE))?;
        let database = disk.database(DATABASE, builder).map_err(damaged)?;
        let high_water = HighWater::open(&*disk).map_err(named("high-water"))?;
        let mut vault = Self {
            folder: folder.to_path_buf(),
            disk,
            settings,
            policy,
            cipher,
            database,
            high_water: Some(high_water),
            went_back: Mutex::new(None),
            sources: RwLock::default(),
            packs: Mutex::new(Packs::default()),
            rewriting: RwLock::new(()),
            expiring: Mutex::new(()),
            copying: Mutex::new(()),
            reserve: AtomicU64::new(SpaceLimits::default().reserve_bytes),
            _lock: lock,
        };
        vault.sources = RwLock::new(vault.read_sources()?);
        let went_back = vault.compare_marks()?;
        let packs = vault.survey_packs(went_back.is_none())?;
        (vault.went_back, vault.packs) = (Mutex::new(went_back), Mutex::new(packs));
        Ok(vault)
    }

    /// What both sides of a conversation about this vault know, if they know the token: see
    /// `site::control`.
    pub(crate) fn secret(&self, token: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        self.cipher.secret(token)
    }

    /// The same for a vault that another process has open. Locks nothing.
    pub(crate) fn secret_of(
        folder: &Path,
        unlock: &Unlock,
        token: &[u8; 32],
    ) -> Result<Zeroizing<[u8; 32]>, AgentError> {
        let (_, _, cipher) = Self::read_folder(folder, &real_disk(folder)?, unlock)?;
        Ok(cipher.secret(token))
    }

    /// What a vault's folder says before its database is opened.
    pub(super) fn read_folder(
        folder: &Path,
        disk: &dyn Disk,
        unlock: &Unlock,
    ) -> Result<(Settings, Policy, Cipher), AgentError> {
        let settings = read_settings(folder, disk)?;
        let cipher = unlocked(folder, disk, &settings, unlock)?;
        let path = folder.join(POLICY_FILE);
        let policy = disk.read(POLICY_FILE, MAX_POLICY_SIZE).map_err(AgentError::file(&path))?;
        let policy = Policy::parse(&policy).map_err(|error| AgentError::vault(&path, error))?;
        Ok((settings, policy, cipher))
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the log answers, without a final slash.
    pub(crate) fn log(&self) -> &str {
        &self.settings.log
    }

    /// Which log the sources write to.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.settings.origin
    }

    /// Whose word is enough.
    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How this vault was found not to be the newest; `None` if it is.
    ///
    /// Nothing may be signed while it says something: statements may exist that it does not hold.
    pub(crate) fn went_back(&self) -> Option<WentBack> {
        self.went_back.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes this vault as the newest from now on. The caller has moved the chains' ends behind
    /// whatever was lost.
    pub(crate) fn settle_went_back(&self) -> Result<(), AgentError> {
        let mark = self.write_without_mark(|transaction| {
            let mut meta = transaction.open_table(META).map_err(damaged)?;
            meta.remove(RESTORED).map_err(damaged)?;
            meta.insert(INCARNATION, cipher::random::<16>()?.as_slice()).map_err(damaged)?;
            Ok(())
        })?;
        if let Some(high_water) = &self.high_water {
            let path = self.settings.high_water_path(&self.folder);
            high_water.begin(mark.1).map_err(AgentError::file(&path))?;
        }
        *self.went_back.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Encrypts the data key to another passphrase. Copies made before still open with the old one.
    pub(crate) fn rekey(&self, unlock: &Unlock, new: &str) -> Result<(), AgentError> {
        let data_key = data_key(&self.folder, &*self.disk, unlock)?;
        let wrapped = cipher::wrap(&data_key, new)?;
        let written = self.disk.write_whole(KEY_FILE, &wrapped, Access::Owner);
        written.map_err(AgentError::file(&self.folder.join(KEY_FILE)))
    }

    /// Changes the database in one transaction, durable on return, and counts it in both records.
    pub(super) fn write<T>(
        &self,
        sync: Sync,
        change: impl FnOnce(&WriteTransaction) -> Result<T, AgentError>,
    ) -> Result<T, AgentError> {
        let (result, mark) = self.write_without_mark(change)?;
        // A vault that went back must go on saying so until somebody has looked.
        let went_back = self.went_back.lock().unwrap_or_else(PoisonError::into_inner);
        if went_back.is_none()
            && let Some(high_water) = &self.high_water
        {
            let path = self.settings.high_water_path(&self.folder);
            let written = high_water.write(mark, matches!(sync, Sync::Now));
            written.map_err(AgentError::file(&path))?;
        }
        Ok(result)
    }

    fn write_without_mark<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, AgentError>,
    ) -> Result<(T, Mark), AgentError> {
        let mut transaction = self.database.begin_write().map_err(damaged)?;
        transaction.set_durability(Durability::Immediate).map_err(damaged)?;
        // Opening after a crash then takes no time, however large the vault has become.
        transaction.set_quick_repair(true);
        let result = change(&transaction)?;
        let meta = transaction.open_table(META).map_err(damaged)?;
        let mark = read_mark(&meta)?;
        drop(meta);
        let mark = Mark { commits: mark.commits + 1, ..mark };
        put_mark(&transaction, mark)?;
        transaction.commit().map_err(damaged)?;
        Ok((result, mark))
    }

    /// From now on the second record of commits cannot be written, and each commit says so.
    #[cfg(test)]
    pub(crate) fn break_high_water(&mut self) {
        let path = self.settings.high_water_path(&self.folder);
        let file = super::disk::read_only(&path).expect("an open vault has its second record");
        self.high_water = Some(HighWater::of(file));
    }

    fn compare_marks(&self) -> Result<Option<WentBack>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let meta = transaction.open_table(META).map_err(damaged)?;
        let own = read_mark(&meta)?;
        if meta.get(RESTORED).map_err(damaged)?.is_some() {
            return Ok(Some(WentBack::Restored { vault: own.commits }));
        }
        let path = self.settings.high_water_path(&self.folder);
        let read = self.high_water.as_ref().map_or(Ok(None), HighWater::read);
        let other = read.map_err(AgentError::file(&path))?;
        Ok(match other {
            None => Some(WentBack::NoRecord),
            Some(other) if other.incarnation != own.incarnation => Some(WentBack::OtherLife),
            Some(other) if other.commits > own.commits => {
                Some(WentBack::Behind { vault: own.commits, high_water: other.commits })
            }
            Some(_) => None,
        })
    }

    pub(super) fn read_sources(&self) -> Result<BTreeMap<spec::key::KeyName, Source>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(SOURCES).map_err(damaged)?;
        let mut sources = BTreeMap::new();
        for entry in table.iter().map_err(damaged)? {
            let (name, row) = entry.map_err(damaged)?;
            let (number, key) = self.parse_source(name.value(), row.value())?;
            let key = key.verifier().clone();
            sources.insert(key.name().clone(), Source { number, key });
        }
        Ok(sources)
    }

    pub(super) fn parse_source(
        &self,
        name: &str,
        row: &[u8],
    ) -> Result<(u32, SigningKey), AgentError> {
        let wrong = |error: String| self.wrong(&format!("the source {name}: {error}"));
        let row = self.cipher.open("sources", name.as_bytes(), row);
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let (number, key) = rows::parse_source(&row).map_err(|error| wrong(error.to_string()))?;
        let key = SigningKey::parse(key).map_err(|error| wrong(error.to_string()))?;
        if key.verifier().name().as_str() == name {
            Ok((number, key))
        } else {
            Err(wrong("its key has another name".into()))
        }
    }

    /// Finds where the next evidence goes. `newest` says that nothing else can need what lies
    /// behind the committed ends: then it is cut off.
    fn survey_packs(&self, newest: bool) -> Result<Packs, AgentError> {
        let folder = self.folder.join(EVIDENCE);
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(PACKS).map_err(damaged)?;
        let mut committed = BTreeMap::new();
        for entry in table.iter().map_err(damaged)? {
            let (number, end) = entry.map_err(damaged)?;
            let row = PackRow::parse(end.value()).map_err(|error| self.wrong(&error))?;
            committed.insert(number.value(), row.end);
        }
        let names = self.disk.list(EVIDENCE).map_err(AgentError::file(&folder))?;
        let there: BTreeSet<u64> = names.iter().filter_map(|name| pack::number_of(name)).collect();
        let last = there.last().copied().max(committed.last_key_value().map(|(last, _)| *last));
        let mut packs = Packs { next: last.map_or(1, |last| last + 1), open: None };
        if !newest {
            return Ok(packs);
        }
        for number in there.iter().filter(|number| !committed.contains_key(number)) {
            let name = pack_path(*number);
            self.disk.remove(&name).map_err(AgentError::file(&self.folder.join(&name)))?;
        }
        if let Some((&number, &end)) = committed.last_key_value() {
            let name = pack_path(number);
            // A pack that is missing or too short is damage, which `check` reports; going on in a
            // new one loses nothing more.
            if let Ok(file) = self.disk.open(&name, false)
                && let Ok(len) = file.len()
                && len >= end
            {
                let cut = if len > end { file.set_len(end) } else { Ok(()) };
                cut.map_err(AgentError::file(&self.folder.join(&name)))?;
                packs.open = Some((number, file, end));
            }
        }
        Ok(packs)
    }

    /// Says that a row of the database is not what it should be.
    pub(super) fn wrong(&self, reason: &dyn ToString) -> AgentError {
        AgentError::vault(&self.folder.join(DATABASE), reason.to_string())
    }
}

/// Whether the second record must be on the disk before a call returns.
#[derive(Clone, Copy)]
pub(super) enum Sync {
    /// Losing it in a power cut raises no alarm and hides nothing that was sent.
    Later,
    /// What follows may leave this machine.
    Now,
}

/// The name of a pack below the vault's folder.
pub(super) fn pack_path(number: u64) -> String {
    format!("{EVIDENCE}/{}", pack::file_name(number))
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_SIZE);
    builder
}

/// The folder, with the second record where its settings say.
fn real_disk(folder: &Path) -> Result<Folder, AgentError> {
    let root = folder.to_path_buf();
    let disk = Folder { root: root.clone(), high_water: root.clone() };
    let settings = read_settings(folder, &disk)?;
    Ok(Folder { high_water: settings.high_water_path(folder), root })
}

/// Names the file below a folder that an operation failed on.
fn named_in(folder: &Path, name: &str) -> impl FnOnce(io::Error) -> AgentError + use<> {
    let path = folder.join(name);
    move |error| AgentError::File { path, error }
}

fn read_settings(folder: &Path, disk: &dyn Disk) -> Result<Settings, AgentError> {
    let bytes = disk.read(settings::FILE, settings::MAX_SIZE).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return AgentError::vault(folder, "there is none; make one with `fiducial-agent init`");
        }
        AgentError::file(&folder.join(settings::FILE))(error)
    })?;
    Settings::parse(&bytes)
}

fn unlocked(
    folder: &Path,
    disk: &dyn Disk,
    settings: &Settings,
    unlock: &Unlock,
) -> Result<Cipher, AgentError> {
    match settings.encryption {
        Encryption::None => Ok(Cipher::Plain),
        Encryption::Passphrase => Ok(Cipher::sealed(&data_key(folder, disk, unlock)?)),
    }
}

fn data_key(
    folder: &Path,
    disk: &dyn Disk,
    unlock: &Unlock,
) -> Result<cipher::DataKey, AgentError> {
    let Unlock::Passphrase(passphrase) = unlock else {
        let reason = "it is encrypted: give its passphrase with --passphrase-file FILE, in \
                      FIDUCIAL_AGENT_PASSPHRASE_FILE, or as `passphrase-file` of the configuration";
        return Err(AgentError::vault(folder, reason));
    };
    let path = folder.join(KEY_FILE);
    let file = disk.read(KEY_FILE, cipher::MAX_KEY_FILE_SIZE).map_err(AgentError::file(&path))?;
    let file = Zeroizing::new(file);
    let key = cipher::unwrap(&file, passphrase).map_err(|error| AgentError::vault(&path, error))?;
    key.ok_or_else(|| AgentError::vault(folder, "this is not its passphrase"))
}

fn read_mark(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Mark, AgentError> {
    let malformed = || AgentError::vault(DATABASE.as_ref(), "it does not count its commits");
    let incarnation = owned(meta, INCARNATION)?.ok_or_else(malformed)?;
    let incarnation: Incarnation = incarnation.try_into().map_err(|_| malformed())?;
    let commits = owned(meta, COMMITS)?.ok_or_else(malformed)?;
    let commits = rows::parse_number(&commits).map_err(|_| malformed())?;
    Ok(Mark { incarnation, commits })
}

fn put_mark(transaction: &WriteTransaction, mark: Mark) -> Result<(), AgentError> {
    let mut meta = transaction.open_table(META).map_err(damaged)?;
    meta.insert(INCARNATION, mark.incarnation.as_slice()).map_err(damaged)?;
    meta.insert(COMMITS, rows::number(mark.commits).as_slice()).map_err(damaged)?;
    Ok(())
}
