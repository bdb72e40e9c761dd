//! The registry of sources: whose statements this log takes.
//!
//! `DIR/sources.toml`, written whole by `fiducial-log source ...`, read again by a running server
//! as soon as it changed:
//!
//! ```text
//! [[source]]
//! key = "aoi-7.line-3.example+1f0c...+AZ..."
//! enabled = true
//! note = "Line 3, AOI behind the oven"
//! ```
//!
//! A source's chain of statements belongs to its name. A name has one key, and a second one only
//! while the first is being replaced: `approve` lists it on a request that both have signed (rule:
//! `spec/text/enrolment.md`), `retire` ends the first. A source that is disabled and a key that is
//! retired keep their place, because their statements stay in the log.
//!
//! Invariant: a running log never takes a registry that it cannot read whole. It keeps the last
//! good one and says so, rather than forget every source because of one typing error.

mod approval;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use spec::key::{Algorithm, KeyError, KeyId, KeyName, VerifierKey};
use spec::key::{shown_part, without_private_keys};

pub use self::approval::{ApprovalError, Approved, approve, retire};
use crate::disk::{MachineDisk, write_whole};

/// The registry's file, below the data folder.
pub const SOURCES_FILE: &str = "sources.toml";

/// The most sources a log lists: a campus of a hundred lines has about a thousand.
pub const MAX_SOURCES: usize = 100_000;

/// The most bytes of the registry that are read: [`MAX_SOURCES`] at 640 bytes each.
pub const MAX_REGISTRY_SIZE: u64 = 64_000_000;

/// The longest comment on a source, in bytes.
pub const MAX_NOTE_SIZE: usize = 1024;

/// How often a running server looks whether the file changed.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// Held while the file is rewritten, so that two commands at once lose nothing.
const LOCK_FILE: &str = "sources.lock";

/// What the file opens with.
const HEADER: &str = "\
# The sources whose statements this log takes. Written by `fiducial-log source`;\n\
# a running server reads changes within a second. Comments belong into `note`.\n";

/// Why the registry could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// The name is listed already.
    #[error(
        "source {0} is listed already. Use `source enable` to enable it, or `source approve` with a \
         request of the agent to change its key"
    )]
    Duplicate(KeyName),
    /// The same key stands in the file twice.
    #[error("the key {0} is listed twice")]
    DuplicateKey(String),
    /// The file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The request asks for something that the operator has to decide.
    #[error(transparent)]
    Enrolment(#[from] ApprovalError),
    /// A key is malformed, or not one that signs statements.
    #[error("the key {text:?}: {source}")]
    Key {
        /// What stands there, up to the first plus sign: it may be a private key.
        text: String,
        /// What is wrong.
        source: KeyError,
    },
    /// The comment is too long or has control characters.
    #[error("a note is one line of at most {MAX_NOTE_SIZE} bytes without control characters")]
    Note,
    /// The file is not of the registry's form.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What and where, with the line.
        message: String,
    },
    /// The only key of a source that is not retired.
    #[error("{0} is the only key of its source; use `source disable` to take no more statements")]
    LastKey(String),
    /// Too large, or too many.
    #[error("the registry has at most {MAX_SOURCES} sources and {MAX_REGISTRY_SIZE} bytes")]
    TooLarge,
    /// No such name.
    #[error("source {0} is not listed; `fiducial-log source list` shows what is")]
    Unknown(String),
}

/// One listed source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its key: Ed25519, type `0x01`. The key's name is the source's.
    pub key: VerifierKey,
    /// Whether new statements of it are taken.
    pub enabled: bool,
}

/// A key as the registry keeps it, with the operator's comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The source, with this key.
    pub source: Source,
    /// Whether the key was replaced by another: no statement of it is taken any more.
    pub retired: bool,
    /// A free comment of the operator.
    pub note: String,
}

impl Listing {
    /// Lists a key, enabled. Refuses keys that do not sign notes.
    pub fn new(vkey: &str, note: &str) -> Result<Self, SourcesError> {
        let fault = |source| SourcesError::Key { text: shown_part(vkey).to_owned(), source };
        let key = VerifierKey::parse(vkey).map_err(fault)?;
        if key.algorithm() != Algorithm::NoteEd25519 {
            return Err(fault(KeyError::Type(key.algorithm().type_byte())));
        }
        if note.len() > MAX_NOTE_SIZE || note.chars().any(char::is_control) {
            return Err(SourcesError::Note);
        }
        let source = Source { key, enabled: true };
        Ok(Self { source, retired: false, note: note.to_owned() })
    }
}

/// The registry as a running server uses it. Cheap to clone; every clone sees every change.
#[derive(Clone, Debug)]
pub struct Sources(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Every key that is not retired; nearly always one a name.
    table: RwLock<HashMap<KeyName, Vec<Source>>>,
    /// When the file was last looked at, and what it was then. Held only while looking.
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    stamp: Option<Stamp>,
}

/// What tells one version of the file from the next without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Sources {
    /// Reads the registry of a data folder. A missing file is an empty registry.
    pub fn load(data: &Path) -> Result<Self, SourcesError> {
        let path = data.join(SOURCES_FILE);
        // The stamp is taken first: a change between the two is then seen again, not missed.
        let stamp = stamp(&path);
        let table = table_of(read_registry(&path)?);
        let seen = Mutex::new(Seen { at: Instant::now(), stamp });
        Ok(Self(Arc::new(Shared { path, table: RwLock::new(table), seen })))
    }

    /// Finds a source by its name, with the key of this ID. If it is listed with other keys only, one
    /// of them comes back: its signature will not verify, which is the answer.
    ///
    /// Looks at the file's date when a second has passed or the key is unknown, so that one that was
    /// just added is known at once. Costs a look-up, else one `stat`.
    #[must_use]
    pub fn find(&self, name: &KeyName, id: KeyId) -> Option<Source> {
        self.reload_if_changed(false);
        match self.0.lookup(name, id) {
            Some(found) if found.key.id() == id => Some(found),
            _ => {
                self.reload_if_changed(true);
                self.0.lookup(name, id)
            }
        }
    }

    /// How many sources are listed, as of the last look at the file.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.table.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn reload_if_changed(&self, now: bool) {
        // Whoever finds another request looking does not wait for it, unless it needs the answer.
        let mut seen = match self.0.seen.try_lock() {
            Ok(seen) => seen,
            Err(_) if now => lock(&self.0.seen),
            Err(_) => return,
        };
        if !now && seen.at.elapsed() < RELOAD_INTERVAL {
            return;
        }
        seen.at = Instant::now();
        let stamp = stamp(&self.0.path);
        if stamp == seen.stamp {
            return;
        }
        seen.stamp = stamp;
        if stamp.is_none() {
            tracing::error!(
                path = %self.0.path.display(),
                "the registry of sources is gone; going on with the sources known so far"
            );
            return;
        }
        match read_registry(&self.0.path) {
            Ok(listings) => {
                tracing::info!(sources = listings.len(), "the registry of sources changed");
                let table = table_of(listings);
                *self.0.table.write().unwrap_or_else(PoisonError::into_inner) = table;
            }
            Err(error) => tracing::error!(
                %error,
                "the registry of sources cannot be read; going on with the sources known so far"
            ),
        }
    }
}

impl Shared {
    fn lookup(&self, name: &KeyName, id: KeyId) -> Option<Source> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let keys = table.get(name)?;
        keys.iter().find(|source| source.key.id() == id).or_else(|| keys.first()).cloned()
    }
}

/// Lists every source with its comment, in the order of the file.
pub fn list(data: &Path) -> Result<Vec<Listing>, SourcesError> {
    read_registry(&data.join(SOURCES_FILE))
}

/// Adds a source. Durable on return.
pub fn add(data: &Path, listing: Listing) -> Result<(), SourcesError> {
    change(data, |listings| {
        let name = listing.source.key.name();
        if listings.iter().any(|listed| listed.source.key.name() == name) {
            return Err(SourcesError::Duplicate(name.clone()));
        }
        listings.push(listing);
        Ok(())
    })
}

/// Enables or disables a source, with all its keys. Durable on return.
pub fn set_enabled(data: &Path, name: &str, enabled: bool) -> Result<(), SourcesError> {
    change(data, |listings| {
        let mut found = false;
        for listed in listings.iter_mut() {
            if listed.source.key.name().as_str() == name {
                (listed.source.enabled, found) = (enabled, true);
            }
        }
        if found { Ok(()) } else { Err(SourcesError::Unknown(shown_part(name).to_owned())) }
    })
}

/// Writes a registry without sources; used by `init`.
pub fn create(data: &Path) -> Result<(), SourcesError> {
    write_registry(data, &[])
}

fn change(
    data: &Path,
    act: impl FnOnce(&mut Vec<Listing>) -> Result<(), SourcesError>,
) -> Result<(), SourcesError> {
    let path = data.join(LOCK_FILE);
    let lock = File::create(&path).map_err(|error| io_error(&path, error))?;
    lock.lock().map_err(|error| io_error(&path, error))?;
    let mut listings = list(data)?;
    act(&mut listings)?;
    if listings.len() > MAX_SOURCES {
        return Err(SourcesError::TooLarge);
    }
    write_registry(data, &listings)
}

/// The file's form. Unknown keys are refused with their line.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    #[serde(default, rename = "source")]
    sources: Vec<Row>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    key: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retired: bool,
    #[serde(default)]
    note: String,
}

const fn yes() -> bool {
    true
}

fn read_registry(path: &Path) -> Result<Vec<Listing>, SourcesError> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(path, error)),
    };
    if length > MAX_REGISTRY_SIZE {
        return Err(SourcesError::TooLarge);
    }
    let text = fs::read_to_string(path).map_err(|error| io_error(path, error))?;
    parse_registry(path, &text)
}

fn parse_registry(path: &Path, text: &str) -> Result<Vec<Listing>, SourcesError> {
    let registry: Registry = toml::from_str(text).map_err(|error| SourcesError::Syntax {
        path: path.to_owned(),
        message: without_private_keys(&error.to_string()),
    })?;
    if registry.sources.len() > MAX_SOURCES {
        return Err(SourcesError::TooLarge);
    }
    let mut listings: Vec<Listing> = Vec::with_capacity(registry.sources.len());
    let mut keys = HashSet::new();
    for row in registry.sources {
        let mut listing = Listing::new(&row.key, &row.note)?;
        listing.source.enabled = row.enabled;
        listing.retired = row.retired;
        let key = &listing.source.key;
        if !keys.insert((key.name().clone(), key.id())) {
            return Err(SourcesError::DuplicateKey(row.key));
        }
        listings.push(listing);
    }
    Ok(listings)
}

fn write_registry(data: &Path, listings: &[Listing]) -> Result<(), SourcesError> {
    let rows = listings.iter().map(|listing| Row {
        key: listing.source.key.to_string(),
        enabled: listing.source.enabled,
        retired: listing.retired,
        note: listing.note.clone(),
    });
    let registry = Registry { sources: rows.collect() };
    let body = toml::to_string(&registry).expect("strings and booleans can be written as TOML");
    let path = data.join(SOURCES_FILE);
    let text = if listings.is_empty() { HEADER.to_owned() } else { format!("{HEADER}\n{body}") };
    MachineDisk::open(data)
        .and_then(|disk| write_whole(&disk, &path, text.as_bytes()))
        .map_err(|error| io_error(&path, error))
}

fn table_of(listings: Vec<Listing>) -> HashMap<KeyName, Vec<Source>> {
    let mut table: HashMap<KeyName, Vec<Source>> = HashMap::new();
    for listing in listings.into_iter().filter(|listing| !listing.retired) {
        table.entry(listing.source.key.name().clone()).or_default().push(listing.source);
    }
    table
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?;
    Some(Stamp { modified, length: metadata.len(), inode: metadata.ino() })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn io_error(path: &Path, source: io::Error) -> SourcesError {
    SourcesError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
