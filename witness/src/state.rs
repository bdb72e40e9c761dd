//! What was cosigned: of each log the latest checkpoint, durably, and never back.
//!
//! One `redb` file. A commit changes any number of logs in one transaction and moves the head that
//! the second record follows (see [`crate::high_water`]); it is durable when [`State::commit`]
//! returns.
//!
//! ```text
//! table "logs"  origin -> u64 size || root, 32 bytes || u64 time || cosigned note
//! table "head"  ""     -> instance, 16 bytes || u64 number || chain, 32 bytes || chain before
//! ```
//!
//! The note carries the log's lines that were verified and this witness's own; the monitoring GET
//! shows it as it is. It is read again, and compared with the numbers beside it, at every start.
//!
//! Danger: redb's pages have a checksum, but a plain open trusts them. Every open here reads and
//! checks the whole file first, and an open that panics is taken for damage.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use redb::{
    Builder, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition,
};
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature::Timestamp;
use spec::note::Note;
use spec::tree::Tree;

use crate::high_water::{Head, Instance};

/// The memory that redb may use for pages; a thousand busy logs fit in a fraction of it.
const CACHE_SIZE: usize = 64 << 20;

const LOGS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("logs");
const HEAD: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("head");

/// The one key of the table of the head.
const HEAD_KEY: &str = "";

/// What stands before the note: size, root, time.
const FIXED_SIZE: usize = 8 + 32 + 8;

/// Why the state cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// What is stored is not what a witness writes.
    #[error("the state is damaged: {0}")]
    Damaged(String),
    /// Another process uses it.
    #[error("the state is in use by another fiducial-witness; stop it first")]
    InUse,
    /// The device or the system failed.
    #[error("the state cannot be read or written: {0}")]
    Io(String),
    /// There is none.
    #[error("there is no state")]
    Missing,
    /// A log's stored checkpoint is not the one that a change builds on.
    #[error("the stored checkpoint of {0} is not the one that was decided on")]
    NotAsDecided(String),
}

/// What is remembered of one log in memory: the latest tree that was cosigned, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Size and root.
    pub tree: Tree,
    /// The time in the latest cosignature.
    pub timestamp: Timestamp,
}

/// A change of one log: what it was decided on, and what it becomes.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which log.
    pub origin: Origin,
    /// What was cosigned before; `None` at first contact.
    pub before: Option<Seen>,
    /// What is cosigned now.
    pub after: Seen,
    /// The cosigned note.
    pub note: Vec<u8>,
}

/// The open state.
#[derive(Debug)]
pub struct State {
    database: Arc<Database>,
    head: Head,
}

/// What an open found.
#[derive(Debug)]
pub struct Opened {
    /// The state.
    pub state: State,
    /// The chain before its last commit.
    pub chain_before: Hash,
    /// Every log that was ever cosigned.
    pub logs: Vec<(Origin, Seen)>,
}

impl State {
    /// Makes a new state file with no log in it. Durable on return, apart from the file's name.
    pub fn create(path: &Path, head: Head) -> Result<(), StateError> {
        // The file is the owner's alone before redb fills it; one that is there is never taken over.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|error| StateError::Io(format!("{}: {error}", path.display())))?;
        let database = builder().create(path).map_err(open_error)?;
        write_head(&database, head, Hash::ZERO)
    }

    /// Opens the state file. Reads and checks all of it; what a crash left is repaired.
    pub fn open(path: &Path) -> Result<Opened, StateError> {
        let length = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StateError::Missing,
            _ => StateError::Io(error.to_string()),
        })?;
        if length.len() == 0 {
            // redb would make a new database of an empty file.
            return Err(StateError::Damaged("the file is empty".to_owned()));
        }
        Self::load(|| builder().open(path))
    }

    /// Opens a state on any backend, for tests.
    pub fn open_on(backend: impl StorageBackend) -> Result<Opened, StateError> {
        Self::load(|| builder().create_with_backend(backend))
    }

    /// Makes a new state on any backend, for tests.
    pub fn create_on(backend: impl StorageBackend, head: Head) -> Result<(), StateError> {
        let database = builder().create_with_backend(backend).map_err(open_error)?;
        write_head(&database, head, Hash::ZERO)
    }

    fn load(open: impl FnOnce() -> Result<Database, DatabaseError>) -> Result<Opened, StateError> {
        let loading = || {
            let database = open().map_err(open_error)?;
            let (head, chain_before) = read_head(&database)?;
            let logs = read_logs(&database)?;
            // What a killed process left may be in the machine's memory only. This commit is
            // durable when it returns, and with it all that was read.
            write_head(&database, head, chain_before)?;
            let state = Self { database: Arc::new(database), head };
            Ok(Opened { state, chain_before, logs })
        };
        catch_unwind(AssertUnwindSafe(loading))
            .unwrap_or_else(|_| Err(StateError::Damaged("reading it failed badly".to_owned())))
    }

    /// The last commit.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// A handle to read notes with, while commits go on.
    #[must_use]
    pub fn notes(&self) -> Notes {
        Notes(Arc::clone(&self.database))
    }

    /// Makes changes durable, all or none, and moves the head. One transaction and one sync.
    ///
    /// Each log must be stored as its change was decided on, and never becomes smaller or earlier.
    /// After an error nothing is known any more of what is durable.
    pub fn commit(&mut self, changes: &[Change]) -> Result<Head, StateError> {
        let next = self.head.next(hash_of(changes));
        let mut transaction = self.database.begin_write().map_err(io)?;
        transaction.set_durability(Durability::Immediate).map_err(io)?;
        {
            let mut logs = transaction.open_table(LOGS).map_err(io)?;
            for change in changes {
                let origin = change.origin.as_str();
                let stored = logs.get(origin).map_err(io)?;
                let read = |value: redb::AccessGuard<'_, &[u8]>| Ok(read_fixed(value.value())?.0);
                let stored: Option<Seen> = stored.map(read).transpose()?;
                let goes_on = change.before.is_none_or(|before| {
                    before.tree.size() <= change.after.tree.size()
                        && before.timestamp <= change.after.timestamp
                });
                if stored != change.before || !goes_on {
                    return Err(StateError::NotAsDecided(origin.to_owned()));
                }
                let value = encode(change.after, &change.note);
                logs.insert(origin, value.as_slice()).map_err(io)?;
            }
            let mut head = transaction.open_table(HEAD).map_err(io)?;
            let value = encode_head(next, self.head.chain);
            head.insert(HEAD_KEY, value.as_slice()).map_err(io)?;
        }
        transaction.commit().map_err(io)?;
        self.head = next;
        Ok(next)
    }

    /// Starts another life of the same logs: what `doctor --restored` does.
    ///
    /// Trees stay, since nothing below them is to be signed. Times beyond `now` do not: they were
    /// signed by keys that never sign again, and a clock that was ahead once would bind the new ones.
    pub fn begin_life(&mut self, head: Head, now: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.begin_write().map_err(io)?;
        transaction.set_durability(Durability::Immediate).map_err(io)?;
        {
            let mut logs = transaction.open_table(LOGS).map_err(io)?;
            let mut changed = Vec::new();
            for entry in logs.iter().map_err(io)? {
                let (origin, value) = entry.map_err(io)?;
                let (seen, note) = read_fixed(value.value())?;
                if seen.timestamp > now {
                    let seen = Seen { timestamp: now, ..seen };
                    changed.push((origin.value().to_owned(), encode(seen, note)));
                }
            }
            for (origin, value) in changed {
                logs.insert(origin.as_str(), value.as_slice()).map_err(io)?;
            }
            let mut table = transaction.open_table(HEAD).map_err(io)?;
            table.insert(HEAD_KEY, encode_head(head, Hash::ZERO).as_slice()).map_err(io)?;
        }
        transaction.commit().map_err(io)?;
        self.head = head;
        Ok(())
    }
}

/// Reads cosigned notes.
#[derive(Clone, Debug)]
pub struct Notes(Arc<Database>);

impl Notes {
    /// The latest cosigned note of a log, with what it says; `None` when there is none.
    pub fn read(&self, origin: &str) -> Result<Option<(Seen, Vec<u8>)>, StateError> {
        let transaction = self.0.begin_read().map_err(io)?;
        let logs = match transaction.open_table(LOGS) {
            Ok(logs) => logs,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let value = logs.get(origin).map_err(io)?;
        let read = |value: redb::AccessGuard<'_, &[u8]>| {
            let (seen, note) = read_fixed(value.value())?;
            Ok((seen, note.to_vec()))
        };
        value.map(read).transpose()
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_SIZE).set_check_integrity_on_open(true);
    builder
}

fn write_head(database: &Database, head: Head, before: Hash) -> Result<(), StateError> {
    let mut transaction = database.begin_write().map_err(io)?;
    transaction.set_durability(Durability::Immediate).map_err(io)?;
    {
        let mut table = transaction.open_table(HEAD).map_err(io)?;
        table.insert(HEAD_KEY, encode_head(head, before).as_slice()).map_err(io)?;
    }
    transaction.commit().map_err(io)
}

fn read_head(database: &Database) -> Result<(Head, Hash), StateError> {
    let damaged = || StateError::Damaged("it has no head".to_owned());
    let transaction = database.begin_read().map_err(io)?;
    let table = transaction.open_table(HEAD).map_err(|_| damaged())?;
    let value = table.get(HEAD_KEY).map_err(io)?.ok_or_else(damaged)?;
    let bytes: &[u8; 16 + 8 + 32 + 32] = value.value().try_into().map_err(|_| damaged())?;
    let hash = |at: usize| Hash::from_slice(&bytes[at..at + 32]).expect("32 bytes are a hash");
    let instance = Instance(bytes[..16].try_into().expect("16 bytes"));
    let number = u64::from_be_bytes(bytes[16..24].try_into().expect("8 bytes"));
    Ok((Head { instance, number, chain: hash(24) }, hash(56)))
}

fn read_logs(database: &Database) -> Result<Vec<(Origin, Seen)>, StateError> {
    let transaction = database.begin_read().map_err(io)?;
    let table = match transaction.open_table(LOGS) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut logs = Vec::new();
    for entry in table.iter().map_err(io)? {
        let (origin, value) = entry.map_err(io)?;
        let damaged = || StateError::Damaged(format!("the entry of {}", origin.value()));
        let name = Origin::parse(origin.value()).map_err(|_| damaged())?;
        let (seen, note) = read_fixed(value.value())?;
        let note = Note::parse(note).map_err(|_| damaged())?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| damaged())?;
        if *checkpoint.origin() != name || checkpoint.tree() != seen.tree {
            return Err(damaged());
        }
        logs.push((name, seen));
    }
    Ok(logs)
}

fn encode_head(head: Head, before: Hash) -> Vec<u8> {
    let Head { instance, number, chain } = head;
    [&instance.0[..], &number.to_be_bytes(), chain.as_bytes(), before.as_bytes()].concat()
}

fn encode(seen: Seen, note: &[u8]) -> Vec<u8> {
    let Seen { tree, timestamp } = seen;
    let time = timestamp.as_seconds().to_be_bytes();
    [&tree.size().to_be_bytes()[..], tree.root().as_bytes(), &time, note].concat()
}

fn read_fixed(value: &[u8]) -> Result<(Seen, &[u8]), StateError> {
    let damaged = || StateError::Damaged("an entry is too short or impossible".to_owned());
    let (fixed, note) = value.split_first_chunk::<FIXED_SIZE>().ok_or_else(damaged)?;
    let size = u64::from_be_bytes(fixed[..8].try_into().expect("8 bytes"));
    let root = Hash::from_slice(&fixed[8..40]).expect("32 bytes are a hash");
    let time = u64::from_be_bytes(fixed[40..].try_into().expect("8 bytes"));
    let tree = Tree::new(size, root).ok_or_else(damaged)?;
    let timestamp = Timestamp::from_seconds(time).map_err(|_| damaged())?;
    Ok((Seen { tree, timestamp }, note))
}

/// What a commit adds to the chain: every changed log with what it becomes.
fn hash_of(changes: &[Change]) -> Hash {
    let mut all = Vec::new();
    for change in changes {
        let origin = Hash::of(change.origin.as_str().as_bytes());
        let entry = Hash::of(&encode(change.after, &change.note));
        all.extend_from_slice(origin.as_bytes());
        all.extend_from_slice(entry.as_bytes());
    }
    Hash::of(&all)
}

fn open_error(error: DatabaseError) -> StateError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StateError::InUse,
        DatabaseError::Storage(redb::StorageError::Io(error)) => match error.kind() {
            std::io::ErrorKind::NotFound => StateError::Missing,
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                StateError::Damaged(error.to_string())
            }
            _ => StateError::Io(error.to_string()),
        },
        other => StateError::Damaged(other.to_string()),
    }
}

fn io(error: impl Into<redb::Error>) -> StateError {
    match error.into() {
        error @ redb::Error::Corrupted(_) => StateError::Damaged(error.to_string()),
        error => StateError::Io(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::key::{Algorithm, KeyName, SigningKey};
    use tempfile::TempDir;

    fn seen(size: u64, seconds: u64) -> Seen {
        let tree = Tree::new(size, Hash::of(&size.to_be_bytes())).unwrap();
        Seen { tree, timestamp: Timestamp::from_seconds(seconds).unwrap() }
    }

    fn change(origin: &str, before: Option<Seen>, after: Seen) -> Change {
        let origin = Origin::parse(origin).unwrap();
        let text = Checkpoint::new(origin.clone(), after.tree).to_string();
        let name = KeyName::parse(origin.as_str()).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[1; 32]).unwrap();
        let line = key.sign_note(&text);
        Change { origin, before, after, note: Note::new(text, vec![line]).to_bytes() }
    }

    fn created() -> (TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        State::create(&path, Head::first(Instance([3; 16]), 1)).unwrap();
        (folder, path)
    }

    #[test]
    fn what_was_committed_is_there_after_an_open() {
        let (_folder, path) = created();
        let mut opened = State::open(&path).unwrap();
        assert!(opened.logs.is_empty());
        let first = opened.state.head();
        let changes = [change("a", None, seen(5, 9)), change("b", None, seen(7, 9))];
        let second = opened.state.commit(&changes).unwrap();
        assert_eq!(second.number, 2);
        assert_eq!(
            opened.state.notes().read("b").unwrap(),
            Some((seen(7, 9), changes[1].note.clone()))
        );
        assert_eq!(opened.state.notes().read("c").unwrap(), None);
        assert_eq!(State::open(&path).unwrap_err(), StateError::InUse);
        drop(opened);
        let opened = State::open(&path).unwrap();
        assert_eq!((opened.state.head(), opened.chain_before), (second, first.chain));
        assert_eq!(opened.logs.len(), 2);
        assert_eq!(opened.logs[0].1, seen(5, 9));
    }

    #[test]
    fn only_what_was_decided_on_is_replaced_and_nothing_goes_back() {
        let (_folder, path) = created();
        let mut state = State::open(&path).unwrap().state;
        state.commit(&[change("a", None, seen(5, 9))]).unwrap();
        let head = state.head();
        let refused = [
            change("a", None, seen(6, 9)),
            change("a", Some(seen(4, 9)), seen(6, 9)),
            change("a", Some(seen(5, 8)), seen(6, 9)),
            change("a", Some(seen(5, 9)), seen(4, 9)),
            change("a", Some(seen(5, 9)), seen(6, 8)),
        ];
        for wrong in refused {
            let sound = change("b", None, seen(1, 9));
            let error = state.commit(&[sound, wrong]).unwrap_err();
            assert_eq!(error, StateError::NotAsDecided("a".to_owned()));
        }
        assert_eq!(state.head(), head);
        // All or none: the sound change beside a refused one was not made either.
        assert_eq!(state.notes().read("b").unwrap(), None);
        state.commit(&[change("a", Some(seen(5, 9)), seen(5, 9))]).unwrap();
    }

    #[test]
    fn missing_empty_and_foreign_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        assert_eq!(State::open(&path).unwrap_err(), StateError::Missing);
        for content in [&b""[..], b"text", &[0; 9_000]] {
            std::fs::write(&path, content).unwrap();
            assert!(matches!(State::open(&path).unwrap_err(), StateError::Damaged(_)));
        }
    }
}
