//! The vault: what an agent must not lose. (Signatures first; see the plan.)

use std::path::Path;

use spec::Hash;
use spec::evidence::batch::Batch;
use spec::evidence::statement::VerifiedStatement;
use spec::key::{KeyName, SigningKey};
use spec::note::Note;
use spec::policy::{AcceptedCheckpoint, Policy};
use spec::proof::Proof;

use crate::error::AgentError;
use crate::model::{Content, Hash256, ItemKey, Pending, Seen, UnixMillis, WatchName};

/// An open vault, locked against a second agent for as long as it lives. Shared between threads;
/// one capture and one seal may run at once.
pub(crate) struct Vault {}

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

/// Several sightings on their way to one commit. Dropped without a commit, nothing of it is.
pub(crate) struct Capture<'a> {
    _vault: &'a Vault,
}

impl Capture<'_> {
    /// Appends evidence to the open pack; the same bytes twice are stored once.
    pub(crate) fn store(&mut self, _content: &Content) -> Result<Stored, AgentError> {
        unreachable!("signatures only")
    }
    /// The exact bytes of something stored in this capture, if they are at most those interpreted.
    pub(crate) fn put_seen(&mut self, _watch: &WatchName, _key: &ItemKey, _now: &Seen) {}
    /// Puts a record into its source's queue.
    pub(crate) fn put_pending(&mut self, _source: &KeyName, _pending: Pending) {}
    /// A row that `chain` follows, as this capture would leave it.
    pub(crate) fn link(&self, _table: &str, _key: &str) -> Result<Option<Vec<u8>>, AgentError> {
        unreachable!("signatures only")
    }
    /// Changes a row that `chain` follows.
    pub(crate) fn put_link(&mut self, _table: &str, _key: &str, _value: &[u8]) {}
    /// Syncs the pack, then commits all of it in one transaction. THE COMMIT POINT of a capture.
    pub(crate) fn commit(self) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
}

impl Vault {
    /// Makes a vault where nothing is yet.
    pub(crate) fn create(_folder: &Path, _new: &NewVault<'_>) -> Result<Self, AgentError> {
        unreachable!("signatures only")
    }
    /// Opens a vault and locks it; a second agent is told so at once.
    pub(crate) fn open(_folder: &Path, _unlock: &Unlock) -> Result<Self, AgentError> {
        unreachable!("signatures only")
    }
    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        unreachable!("signatures only")
    }
    /// Where the log answers, without a final slash.
    pub(crate) fn log(&self) -> &str {
        unreachable!("signatures only")
    }
    /// Which log the sources write to.
    pub(crate) fn origin(&self) -> &spec::checkpoint::Origin {
        unreachable!("signatures only")
    }
    /// Whose word is enough.
    pub(crate) fn policy(&self) -> &Policy {
        unreachable!("signatures only")
    }
    /// Adds a source with its key.
    pub(crate) fn add_source(&self, _key: &SigningKey) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// The names of all sources, in order.
    pub(crate) fn sources(&self) -> Result<Vec<KeyName>, AgentError> {
        unreachable!("signatures only")
    }
    /// A source's key.
    pub(crate) fn key(&self, _source: &KeyName) -> Result<SigningKey, AgentError> {
        unreachable!("signatures only")
    }
    /// Where its chain ends.
    pub(crate) fn head(&self, _source: &KeyName) -> Result<Head, AgentError> {
        unreachable!("signatures only")
    }
    /// Moves a chain's end behind statements that were lost with a newer vault: see `spool`.
    pub(crate) fn move_head(&self, _source: &KeyName, _head: &Head) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// What is remembered of an item.
    pub(crate) fn seen(&self, _w: &WatchName, _k: &ItemKey) -> Result<Option<Seen>, AgentError> {
        unreachable!("signatures only")
    }
    /// Begins a capture.
    pub(crate) fn capture(&self) -> Result<Capture<'_>, AgentError> {
        unreachable!("signatures only")
    }
    /// The oldest pending records of a source with their numbers, in order.
    pub(crate) fn pending(
        &self,
        _source: &KeyName,
        _limit: usize,
    ) -> Result<Vec<(u64, Pending)>, AgentError> {
        unreachable!("signatures only")
    }
    /// How many wait.
    pub(crate) fn pending_count(&self, _source: &KeyName) -> Result<u64, AgentError> {
        unreachable!("signatures only")
    }
    /// Makes a statement durable with its opening. THE COMMIT POINT of a source's chain.
    pub(crate) fn seal(&self, _sealed: &Sealed<'_>) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// The oldest statements of a source that are not anchored, in order.
    pub(crate) fn unanchored(
        &self,
        _source: &KeyName,
        _limit: usize,
    ) -> Result<Vec<Kept>, AgentError> {
        unreachable!("signatures only")
    }
    /// How many statements are not anchored yet, over all sources.
    pub(crate) fn unanchored_count(&self) -> Result<u64, AgentError> {
        unreachable!("signatures only")
    }
    /// Notes the indices that the log gave. Not a promise: a lost note is asked for again.
    pub(crate) fn sequenced(&self, _at: &[(KeyName, u64, u64)]) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// Keeps receipts that satisfied the policy: these statements are anchored.
    pub(crate) fn anchored(
        &self,
        _receipts: &[(KeyName, u64, Proof)],
        _logged: UnixMillis,
    ) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// A statement.
    pub(crate) fn statement(
        &self,
        _source: &KeyName,
        _sequence: u64,
    ) -> Result<Option<Kept>, AgentError> {
        unreachable!("signatures only")
    }
    /// Every record with every salt, checked against the statement.
    pub(crate) fn batch(&self, _source: &KeyName, _sequence: u64) -> Result<Batch, AgentError> {
        unreachable!("signatures only")
    }
    /// A receipt; `None` before the statement is anchored.
    pub(crate) fn receipt(&self, _s: &KeyName, _n: u64) -> Result<Option<Proof>, AgentError> {
        unreachable!("signatures only")
    }
    /// The note that a statement's `after` line names.
    pub(crate) fn after(&self, _s: &KeyName, _n: u64) -> Result<Option<Note>, AgentError> {
        unreachable!("signatures only")
    }
    /// Evidence, verified while it is read.
    pub(crate) fn evidence(&self, _sha256: &Hash256) -> Result<Option<Vec<u8>>, AgentError> {
        unreachable!("signatures only")
    }
    /// Where records of a file are.
    pub(crate) fn of_file(&self, _sha256: &Hash256) -> Result<Vec<RecordPlace>, AgentError> {
        unreachable!("signatures only")
    }
    /// Where records that name a unit are.
    pub(crate) fn of_unit(&self, _unit: &[u8]) -> Result<Vec<RecordPlace>, AgentError> {
        unreachable!("signatures only")
    }
    /// The newest checkpoint that this agent has verified.
    pub(crate) fn checkpoint(&self) -> Result<Option<(Note, AcceptedCheckpoint)>, AgentError> {
        unreachable!("signatures only")
    }
    /// Remembers a checkpoint that was verified and is consistent with the one before.
    pub(crate) fn remember_checkpoint(&self, _note: &Note) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// A small row of state that another room owns.
    pub(crate) fn state(&self, _name: &str) -> Result<Option<Vec<u8>>, AgentError> {
        unreachable!("signatures only")
    }
    /// Writes it, durable on return.
    pub(crate) fn put_state(&self, _name: &str, _value: &[u8]) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// stub
    pub(crate) fn went_back(&self) -> Option<()> {
        unreachable!("signatures only")
    }
    /// stub
    pub(crate) fn settle_went_back(&self) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
    /// stub
    pub(crate) fn withdraw(&self, _s: &KeyName, _first: u64, _head: &Head, _again: &[Pending]) -> Result<(), AgentError> {
        unreachable!("signatures only")
    }
}
