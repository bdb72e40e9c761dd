//! The journal: the one place where an entry becomes part of the log.
//!
//! A journal is ordered, durable, and appends by comparing: a batch is written only at the size
//! the caller says the log has. What [`Journal::append`] has acknowledged survives a power cut.
//! `file` is the embedded one, with one owner; `postgres` is shared by any number of servers, which
//! learn by a conflict that others were there. Both pass the contract in `journal::contract`.
//!
//! A journal holds a [`Base`] (everything that trimming took away, condensed) and the entries
//! behind it. Trimming moves the base forward, never beyond entries that are durable elsewhere.

use bytes::Bytes;
use spec::Hash;
use spec::frontier::Frontier;
use spec::key::KeyName;

use crate::answer::Fatal;
use crate::number;

#[cfg(test)]
pub mod contract;
pub mod file;
pub mod frame;
pub mod mark;
pub mod postgres;

/// The last statement of a source, as admission needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceHead {
    /// Whose.
    pub source: KeyName,
    /// The sequence of its last statement.
    pub sequence: u64,
    /// The leaf hash of its last statement.
    pub leaf: Hash,
    /// The tree size in that statement's `after` line.
    pub after: u64,
}

/// Everything before the entries that a journal still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The right edge at the first entry still held.
    pub frontier: Frontier,
    /// The size of the log when `heads` was taken: at least the frontier's size. Statements below
    /// it are already counted in `heads`.
    pub heads_size: u64,
    /// The last statement of every source, so that admission depends on nothing else.
    pub heads: Vec<SourceHead>,
}

impl Base {
    /// The base of a log without entries.
    #[must_use]
    pub const fn empty() -> Self {
        Self { frontier: Frontier::new(), heads_size: 0, heads: Vec::new() }
    }
}

/// What a journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What came before.
    pub base: Base,
    /// The entries from `base.frontier.size()` on.
    pub entries: Vec<Bytes>,
    /// Bytes of an unfinished last write that were dropped; it was never acknowledged.
    pub torn_bytes: usize,
}

impl Loaded {
    /// The size of the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.base.frontier.size() + self.entries.len() as u64
    }
}

/// Why a batch is not known to be in the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The journal has another size than the caller thought; nothing was written.
    #[error("the journal holds {}, not {expected}", number::entries(*size))]
    Conflict {
        /// The size it has.
        size: u64,
        /// The size the caller expected.
        expected: u64,
    },
    /// An entry of the batch is in the log already, which the index should have known; nothing was
    /// written. The embedded journal never answers this.
    #[error("an entry of the batch is in the log already")]
    Duplicate,
    /// It is not known what was written, and it cannot be found out in this process.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// Nothing was written, and the journal is as it was: for example, the disk is full.
    #[error("{0}")]
    Refused(String),
    /// The batch may or may not be there (a connection broke during the commit): it must be settled
    /// ([`Journal::settle`]) before anything else. The embedded journal never answers this.
    #[error("it is unknown whether the batch was stored: {0}")]
    Unknown(String),
}

/// What other servers have appended to a journal that is shared.
#[derive(Debug)]
pub enum News {
    /// So much that the journal holds only what is behind: everything must be taken over anew.
    Anew(Loaded),
    /// These, behind what was known.
    Entries(Vec<Bytes>),
    /// Nothing.
    None,
}

/// Ordered, durable, compare-and-append.
///
/// One owner of a value at a time: the sequencer. No method may be called again after a `Fatal`. Where
/// a journal is shared, others may append between any two calls.
pub trait Journal: Send {
    /// Appends a batch if the journal holds exactly `expected` entries. Durable on return.
    fn append(&mut self, expected: u64, batch: &[Bytes]) -> Result<(), AppendError>;

    /// Reads everything back from storage, as a fresh process would.
    fn load(&self) -> Result<Loaded, Fatal>;

    /// The bytes that its base and its entries take, to decide when trimming is worth it. What is made ready
    /// for later ones does not count.
    fn bytes(&self) -> u64;

    /// Forgets the entries below `base`, which must be durable elsewhere; `kept` are the entries
    /// from there on. On `Refused` the journal is as it was.
    fn trim(&mut self, base: &Base, kept: &[Bytes]) -> Result<(), AppendError>;

    /// The last call: gives back what was made ready for entries that do not come any more. What is stored
    /// stays as it is, also where this fails.
    fn close(&mut self) {}

    /// Whether other servers append to it as well.
    fn is_shared(&self) -> bool {
        false
    }

    /// What others have appended since the last call, which this value then knows. With `hold` nobody
    /// else can append until the next [`Journal::append`], or [`Journal::let_go`], or for less than a second.
    fn news(&mut self, _hold: bool) -> Result<News, AppendError> {
        Ok(News::None)
    }

    /// Ends a hold without an append.
    fn let_go(&mut self) {}

    /// Leaves a word that stops every server, where it can.
    fn tell_to_stop(&mut self, _why: &Fatal) {}

    /// Finds out whether the last append, whose end was unknown, was stored. If it was not, it never
    /// will be. `Unknown` while that cannot be found out.
    fn settle(&mut self) -> Result<bool, AppendError> {
        Ok(false)
    }
}
