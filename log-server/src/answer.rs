//! What the log answers: one small enum for each operation, each variant with its facts.
//!
//! The engine decides with these; `http::problem` turns them into statuses from one table, and
//! `main` into exit codes. A refusal is an answer, not a failure; only [`Fatal`] stops the log.

use std::sync::Arc;

use bytes::Bytes;
use spec::Hash;
use spec::checkpoint::Checkpoint;

use crate::number;
use crate::witnesses::board::WitnessingStatus;

/// Why the log must stop: going on could sign something that it cannot prove.
///
/// The text says what was found and what to do. Once fatal, the log answers reads and refuses
/// everything else until it is started again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub Arc<str>);

impl Fatal {
    /// Makes a reason from its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }
}

/// An entry that is in the log: durable, at this index, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// Its index.
    pub index: u64,
    /// Whether the log had it before: the same bytes were added again.
    pub known: bool,
}

/// Why an entry was not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// `after` names a tree that is not this log's at that size.
    #[error("`after` names another tree than this log's at size {size}")]
    AfterMismatch {
        /// The size it names.
        size: u64,
    },
    /// `after` goes back behind the source's last statement.
    #[error("`after` has size {size}, but this source's last statement was after size {last}")]
    AfterWentBack {
        /// The size it names.
        size: u64,
        /// The size the last one named.
        last: u64,
    },
    /// `after` names a size that was never published.
    #[error("`after` names size {size}, but only {published} is published")]
    AfterUnpublished {
        /// The size it names.
        size: u64,
        /// What is published.
        published: u64,
    },
    /// The signature does not verify under the source's key.
    #[error("the signature does not verify under the key listed for source {source_name}")]
    BadSignature {
        /// The source's key name.
        source_name: String,
    },
    /// No bytes.
    #[error("an entry has at least one byte")]
    Empty,
    /// The log has stopped; the reason is in its own log and in `/readyz`.
    #[error("the log has stopped: {0}")]
    Fatal(#[from] Fatal),
    /// The index for duplicates is being rebuilt.
    #[error("the log is rebuilding its index; try again shortly")]
    IndexNotReady,
    /// Not a statement of this format.
    #[error("not a statement: {0}")]
    NotAStatement(String),
    /// More is waiting than the log takes into memory.
    #[error("more is waiting than this log holds in memory")]
    Overloaded,
    /// The source's operator disabled it.
    #[error("source {source_name} is disabled")]
    SourceDisabled {
        /// The source's key name.
        source_name: String,
    },
    /// Storage refused the write before anything was promised (for example: disk full).
    #[error("the entry could not be stored: {0}")]
    Storage(String),
    /// Another statement already has this source and sequence.
    #[error("this source already has a statement with sequence {sequence}: entry {index}")]
    Taken {
        /// The sequence both claim.
        sequence: u64,
        /// Where the accepted one is.
        index: u64,
        /// The leaf hash of the accepted one.
        accepted: Hash,
    },
    /// Longer than 65,535 bytes.
    #[error("an entry has at most 65,535 bytes; this one has {size}")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// The source is not listed.
    #[error("source {source_name} is not listed in this log")]
    UnknownSource {
        /// The source's key name.
        source_name: String,
    },
    /// The statement is addressed to another log.
    #[error("the statement is for log {have}, this is {want}")]
    WrongLog {
        /// The origin it names.
        have: String,
        /// This log's origin.
        want: String,
    },
    /// The chain of this source goes on differently.
    #[error("expected sequence {expected_sequence} after previous {expected_previous}")]
    WrongPlace {
        /// The sequence that comes next.
        expected_sequence: u64,
        /// The leaf hash of this source's last statement.
        expected_previous: Hash,
    },
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not part of the published tree.
    #[error("beyond the published tree of {}", number::entries(*published))]
    Beyond {
        /// The published size.
        published: u64,
    },
    /// The sizes or the index do not go together.
    #[error("{0}")]
    Impossible(String),
    /// Stored bytes are missing or damaged: the operator must look.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The index of leaf hashes is being rebuilt.
    #[error("the log is rebuilding its index; try again shortly")]
    IndexNotReady,
    /// The store of full tiles is away, or refuses.
    #[error("what is stored cannot be reached now: {0}")]
    Unreachable(String),
}

/// A published checkpoint.
#[derive(Clone, Debug)]
pub struct Published {
    /// The whole signed note.
    pub note: Bytes,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// What the storage refuses and is asked for again and again. Nothing of it was promised: entries are
/// durable in the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Why a head could not be stored: nothing new is published until it can.
    pub heads: Option<String>,
    /// Why full tiles could not be stored: entries wait in memory until they can.
    pub tiles: Option<String>,
}

/// The state of the log, for `/healthz`, `/readyz` and metrics.
#[derive(Clone, Debug)]
pub struct Status {
    /// Entries that are durable.
    pub sequenced: u64,
    /// Entries below full tiles and bundles on disk.
    pub sealed: u64,
    /// Entries under the published checkpoint.
    pub published: u64,
    /// When the published checkpoint was signed, in seconds since 1970; 0 before the first.
    pub published_at: u64,
    /// Entries waiting for the next commit.
    pub waiting: usize,
    /// Whether duplicates can be looked up.
    pub index_ready: bool,
    /// What the storage refuses.
    pub refused: Refused,
    /// How the witnesses do, where their word is needed.
    pub witnessing: Option<WitnessingStatus>,
    /// Why the log stopped, if it did.
    pub fatal: Option<Fatal>,
}
