//! Why a log was not rebuilt: each with what is known, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use spec::Hash;

use crate::answer::Fatal;
use crate::copy::CopyError;
use crate::heads::WriteError;
use crate::keys::{KeyFileError, OwnNoteError};
use crate::objects::PutError;
use crate::settings::SettingsError;
use crate::sources::SourcesError;
use crate::start::OpenError;

/// What is left to do where nothing can be rebuilt.
const SUCCESSION: &str = "If what is missing cannot be had from anyone, this log has ended, and nothing may be \
    signed with its name any more: make its successor with `fiducial-log init --succeeds CHECKPOINT --why TEXT`";

/// The most ranges of missing entries that are written out.
const MAX_RANGES: usize = 1000;

/// Why nothing was rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Reading what a holder has.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The destination holds something.
    #[error(
        "{} is not empty, and nothing was rebuilt there before: name a new folder, or the one of the \
         interrupted run", .0.display()
    )]
    Exists(PathBuf),
    /// What was rebuilt does not hold together: a bug, or a machine that computes wrongly.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A file that was named is not what it should be.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Something could not be read or written.
    #[error("{place}: {error}")]
    Io {
        /// Where.
        place: String,
        /// What was said.
        error: io::Error,
    },
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// Entries that nobody has.
    #[error(
        "{count} of {size} entries are missing: {missing}. Statements that were handed in and have no \
         place yet: {unplaced}. Ask those who hold a newer copy, and the agents for \
         `fiducial-agent statements`, then run this again: what was found is kept. {SUCCESSION}",
        count = .missing.count()
    )]
    Missing {
        /// Which.
        missing: Missing,
        /// Entries of the newest signed head.
        size: u64,
        /// Statements for which no place was found.
        unplaced: usize,
    },
    /// A newer head is known to exist.
    #[error(
        "{by} knows of {size} entries of this log, but the newest head that was found has {have}. To \
         sign behind that one would fork the log. Find the checkpoint of {size} entries or a later one \
         (that one's operator, a mirror, an agent, `fiducial watch`) and name it with --checkpoint"
    )]
    Newer {
        /// Who says so.
        by: String,
        /// The size that he names.
        size: u64,
        /// The newest that was found.
        have: u64,
    },
    /// Nothing says up to where the log has to be rebuilt.
    #[error(
        "no checkpoint that this log signed was found: name a holder with --from, or a checkpoint's \
         file with --checkpoint"
    )]
    NoHead,
    /// All entries seem to be there, in an order that nobody knows.
    #[error(
        "no order of what was found gives the root that was signed at size {to}. Entries {from} to \
         {last} are in doubt: ask the agents for receipts of them (`fiducial-agent statements`), or \
         those who hold a newer copy. {SUCCESSION}",
        last = .to - 1
    )]
    NoOrder {
        /// The first entry in doubt.
        from: u64,
        /// The size of the head whose root is not reached.
        to: u64,
    },
    /// A name that the operator would do without, and that nobody has.
    #[error("--without-witness {0}: the policy has no witness of this name")]
    NoSuchWitness(String),
    /// This log's keys have not signed it.
    #[error("{from}: this log has not signed it: {why}")]
    NotOurs {
        /// Where it was found.
        from: String,
        /// What is wrong.
        why: OwnNoteError,
    },
    /// The tail that nobody's signed tree covers is too long to be put together.
    #[error(
        "{count} entries lie behind the newest tree that a holder has whole; at most {most} can be put \
         together from pieces. Let a mirror copy more of the log first"
    )]
    TailTooLong {
        /// How many.
        count: u64,
        /// How many are borne.
        most: u64,
    },
    /// More orders than can be tried.
    #[error(
        "the entries {from} to {last} could stand in more orders than can be tried. Ask the agents for \
         receipts of them (`fiducial-agent statements`), or for a checkpoint between these sizes",
        last = .to - 1
    )]
    TooManyOrders {
        /// The first of them.
        from: u64,
        /// Behind the last.
        to: u64,
    },
    /// Two journals that differ where nothing was signed.
    #[error(
        "the journals in {one} and {other} go on in two ways behind the newest signed head, of {size} entries, and \
         either may have been acknowledged. Name with --from only the one that the log was served from last; of the \
         other one `tile/` and `checkpoint`, in a folder of their own, can still be a holder"
    )]
    TwoJournals {
        /// Where the longer one is.
        one: String,
        /// Where the other one is.
        other: String,
        /// Entries of the newest signed head.
        size: u64,
    },
    /// Two roots of one size under this log's keys, or a signed root that what is there contradicts.
    #[error(
        "this log has signed two histories: at size {size} {one} has root {have}, and {other} has \
         {found}. Nothing can be rebuilt over that. Keep both checkpoints: together they prove it"
    )]
    Split {
        /// At which size.
        size: u64,
        /// Where the one was found.
        one: String,
        /// Its root.
        have: Hash,
        /// Where the other was found.
        other: String,
        /// Its root.
        found: Hash,
    },
    /// The objects could not be stored.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The folder cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The backup holds no log.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The registry of sources.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// A witness could not be asked whether it knows of a newer head.
    #[error(
        "witness {name} could not say whether it knows of a newer head: {why}. Run this again when it \
         answers. `--without-witness {name}` goes on without its word: if it has cosigned a newer head, \
         the rebuilt log forks there"
    )]
    Unasked {
        /// Its name in the policy.
        name: String,
        /// Why.
        why: String,
    },
    /// A witness has seen another root.
    #[error(
        "witness {0} has seen another root of this log than what was rebuilt. Ask its operator for the \
         checkpoint that it holds: if this log's key has signed it, the log has two histories, and \
         nothing can be rebuilt; if not, the witness is at fault"
    )]
    WitnessDisagrees(String),
    /// A head could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl RecoverError {
    /// Whether what was read is wrong, rather than not to be had.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        match self {
            Self::Copy(error) => error.is_wrong(),
            Self::Fatal(_) | Self::Split { .. } | Self::WitnessDisagrees(_) => true,
            Self::Put(error) => matches!(error, PutError::OtherBytes { .. }),
            _ => false,
        }
    }
}

/// Indices of entries that nobody has, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// First and last of each range.
    ranges: Vec<(u64, u64)>,
}

impl Missing {
    /// Notes the next one; they come in order.
    pub fn push(&mut self, index: u64) {
        match self.ranges.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => self.ranges.push((index, index)),
        }
    }

    /// Whether none is missing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last - first + 1).sum()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.ranges.iter().take(MAX_RANGES).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match first == last {
                true => write!(formatter, "{comma}{first}")?,
                false => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        match self.ranges.len().saturating_sub(MAX_RANGES) {
            0 => Ok(()),
            more => write!(formatter, ", and {more} more ranges"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_entries_are_named_by_their_ranges() {
        let mut missing = Missing::default();
        assert!(missing.is_empty());
        [3, 7, 8, 9, 11].into_iter().for_each(|index| missing.push(index));
        assert_eq!(missing.to_string(), "3, 7-9, 11");
        assert_eq!(missing.count(), 5);
        (0..2 * MAX_RANGES as u64).for_each(|at| missing.push(20 + 2 * at));
        assert!(missing.to_string().ends_with("and 1003 more ranges"));
    }
}
