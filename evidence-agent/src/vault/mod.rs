//! The vault: what an agent must not lose.
//!
//! Rule: `spec/text/vault.md`.
//!
//! ```text
//! V/
//!   lock                 held by the one agent that works here
//!   control              where it takes commands, while it runs: see `site::control`
//!   agent.toml           format, log, origin, encryption; written last
//!   policy               whose word on a checkpoint is enough (C2SP tlog-policy)
//!   key.age              the data key of an encrypted vault, under a passphrase
//!   vault.redb           everything but evidence
//!   evidence/NNNNNNNN.pack
//! V.high-water           how many commits there were, outside the folder
//! ```
//!
//! The order of writes: evidence is appended to a pack and synced, then one transaction of the
//! database makes it count. What a crash leaves behind the committed end of a pack is worth nothing
//! and is cut off. A statement, its opening and the end of its chain are one transaction, and only
//! after it the statement may be sent.
//!
//! Danger: a copy of a vault that signs a second statement with an old sequence splits the source's
//! chain for ever. [`Vault::went_back`] says so, and the spool asks it before it signs.
//!
//! Out of scope: what is captured and when (`collect`, `spool`), and what records supersede
//! (`chain`, whose rows lie here).

mod backup;
mod boards;
mod bytes;
mod capture;
mod chain;
mod check;
mod cipher;
mod disk;
mod expire;
mod high_water;
mod holds;
mod keys;
mod open;
mod opening;
mod pack;
mod read;
mod rewrite;
mod rows;
mod settings;
mod space;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod unit_lots;
mod withdraw;

use std::any::Any;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use redb::Database;
use spec::Hash;
use spec::evidence::batch::Batch;
use spec::evidence::statement::VerifiedStatement;
use spec::key::{KeyName, VerifierKey};
use spec::note::Note;
use spec::policy::{AcceptedCheckpoint, Policy, PolicyFailure};
use spec::tree::Tree;

use crate::model::{Hash256, UnixMillis};

pub(crate) use backup::{Copied, refuse_inside};
pub(crate) use capture::{Capture, Hashed};
pub(crate) use check::{Checked, GONE, Progress};
pub(crate) use disk::{Disk, DiskFile, Folder, Room, Whole};
pub(crate) use expire::{Expired, Rule};
pub(crate) use high_water::WentBack;
pub(crate) use holds::{Scope, names_unit};
pub(crate) use opening::Opening;
pub(crate) use space::{SpaceLimits, SpaceWarning};

/// An open vault, locked against a second agent for as long as it lives. Shared between threads;
/// one capture and one seal may run at once.
pub(crate) struct Vault {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    settings: settings::Settings,
    policy: Policy,
    cipher: cipher::Cipher,
    database: Database,
    /// None in a copy that is only read.
    high_water: Option<high_water::HighWater>,
    went_back: Mutex<Option<WentBack>>,
    sources: RwLock<BTreeMap<KeyName, Source>>,
    packs: Mutex<capture::Packs>,
    /// Read while packs are copied or checked, written while they are replaced.
    rewriting: RwLock<()>,
    /// Held by the one that deletes: what is due is found before it is deleted.
    expiring: Mutex<()>,
    /// Held by the one that writes a copy: two of them may have been given one folder.
    copying: Mutex<()>,
    /// Bytes of the disk that captures leave alone.
    reserve: AtomicU64,
    _lock: Box<dyn Any + Send + Sync>,
}

/// What is known of a source without its private key.
#[derive(Clone, Debug)]
struct Source {
    number: u32,
    key: VerifierKey,
}

/// How a vault that is encrypted at rest is opened.
pub(crate) enum Unlock {
    /// It is not encrypted.
    Plain,
    /// With the contents of a passphrase file.
    Passphrase(zeroize::Zeroizing<String>),
}

/// What a vault is made with.
pub(crate) struct NewVault<'a> {
    /// Where the log answers.
    pub(crate) log: &'a str,
    /// Which log the sources write to.
    pub(crate) origin: &'a spec::checkpoint::Origin,
    /// Whose word is enough.
    pub(crate) policy: &'a [u8],
    /// Whether and how it is encrypted.
    pub(crate) unlock: &'a Unlock,
}

/// Where a source's chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of the next statement.
    pub(crate) next_sequence: u64,
    /// The leaf hash of the last; zero before the first.
    pub(crate) previous: Hash,
    /// How many evidence records the source made before: the next header's `record/first`.
    pub(crate) next_record: u64,
    /// The tree size of the last `after` line.
    pub(crate) after: u64,
    /// When the last was sealed.
    pub(crate) sealed: UnixMillis,
}

/// How far a statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Durable here, not known to the log.
    Kept,
    /// The log answered with this index; no proof yet.
    Sequenced(u64),
    /// A receipt that satisfies the policy is stored.
    Anchored(u64),
}

/// A statement in the vault.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The statement, verified with the source's own key.
    pub(crate) statement: VerifiedStatement,
    /// How far it has come.
    pub(crate) stage: Stage,
    /// When it was sealed.
    pub(crate) sealed: UnixMillis,
    /// When this agent first held a checkpoint of the log that covers it.
    pub(crate) logged: Option<UnixMillis>,
}

/// A checkpoint that was verified before it was kept, and what the policy says of it now: somebody
/// may have changed the policy since.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The note.
    pub(crate) note: Note,
    /// The tree that it is of. Whatever the policy is now, the log's later trees continue it.
    pub(crate) tree: Tree,
    /// Whether it satisfies the policy as it is now.
    pub(crate) accepted: Result<AcceptedCheckpoint, PolicyFailure>,
}

/// Everything that must be durable before a statement is sent.
pub(crate) struct Sealed<'a> {
    /// The statement.
    pub(crate) statement: &'a VerifiedStatement,
    /// Every record with every salt.
    pub(crate) batch: &'a Batch,
    /// The evidence behind each record, in order, the header left out.
    pub(crate) evidence: &'a [Option<Hash256>],
    /// The checkpoint note that the `after` line names.
    pub(crate) after: Option<&'a Note>,
    /// The last pending record that is in it; all up to it leave the queue.
    pub(crate) through: Option<u64>,
    /// When.
    pub(crate) sealed: UnixMillis,
}

/// Evidence as it lies in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// SHA-256 of the exact bytes.
    pub(crate) sha256: Hash256,
    /// How many.
    pub(crate) size: u64,
}

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordPlace {
    /// Its source.
    pub(crate) source: KeyName,
    /// Its statement.
    pub(crate) sequence: u64,
    /// Its number in the batch; 0 is the header.
    pub(crate) record: u64,
}
