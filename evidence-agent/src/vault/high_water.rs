//! The second record of commits, on a path outside the vault: what tells a copy from the newest.
//!
//! Rule: `spec/text/vault.md`, "Noticing that it went back".
//!
//! ```text
//! three slots of 64 bytes, the first two for what is synced, in turn, the third for what is not:
//! 16-byte incarnation || u64 commits || 8 zero bytes || 32-byte SHA-256 of the bytes before
//! ```
//!
//! It is written after the commit that it counts, so a crash leaves it one behind and raises no
//! false alarm; it is synced when a statement was sealed, before that statement can be sent. What is
//! not synced has a slot of its own: a power cut may tear it, and one of the other two is whole.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::disk::{Disk, DiskFile, HIGH_WATER};

const SLOT_SIZE: usize = 64;

/// The slot for marks that are not synced.
const LATER_SLOT: u64 = 2;

/// A name for one life of a vault; a restore begins another.
pub(super) type Incarnation = [u8; 16];

/// What both records say of the newest commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) incarnation: Incarnation,
    pub(super) commits: u64,
}

/// How a vault was found not to be the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WentBack {
    /// The folder holds fewer commits than were made: an older copy was put back.
    Behind {
        /// Commits in the vault.
        vault: u64,
        /// Commits that were made.
        high_water: u64,
    },
    /// There is no second record: it was lost, or the vault was copied to another machine.
    NoRecord,
    /// The second record is of another life of the vault: a copy from before or after a restore.
    OtherLife,
    /// It was restored from a backup.
    Restored {
        /// Commits in the backup.
        vault: u64,
    },
}

/// The open record.
#[derive(Debug)]
pub(super) struct HighWater {
    file: Arc<dyn DiskFile>,
    /// Which of the first two slots does not hold the newest synced mark.
    turn: Mutex<u64>,
}

impl HighWater {
    /// Makes the record or opens it.
    pub(super) fn open(disk: &dyn Disk) -> io::Result<Self> {
        let record = Self { file: disk.open(HIGH_WATER, true)?, turn: Mutex::new(0) };
        let (first, second) = (record.slot(0)?, record.slot(1)?);
        let commits = |mark: Option<Mark>| mark.map(|mark| mark.commits);
        let turn = u64::from(commits(first) > commits(second));
        *record.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        Ok(record)
    }

    /// The newest mark that is whole.
    pub(super) fn read(&self) -> io::Result<Option<Mark>> {
        let mut newest: Option<Mark> = None;
        for slot in 0..=LATER_SLOT {
            let mark = self.slot(slot)?;
            if mark.is_some_and(|mark| newest.is_none_or(|newest| newest.commits < mark.commits)) {
                newest = mark;
            }
        }
        Ok(newest)
    }

    fn slot(&self, slot: u64) -> io::Result<Option<Mark>> {
        let offset = slot * SLOT_SIZE as u64;
        let mut bytes = [0; SLOT_SIZE];
        if offset + SLOT_SIZE as u64 <= self.file.len()? {
            self.file.read_at(offset, &mut bytes)?;
        }
        Ok(Mark::parse(&bytes))
    }

    /// Writes a mark; with `sync` it is durable on return.
    pub(super) fn write(&self, mark: Mark, sync: bool) -> io::Result<()> {
        if !sync {
            return self.file.write_at(LATER_SLOT * SLOT_SIZE as u64, &mark.to_bytes());
        }
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.file.write_at(*turn * SLOT_SIZE as u64, &mark.to_bytes())?;
        self.file.sync()?;
        *turn = 1 - *turn;
        Ok(())
    }

    /// A record in this file, for tests.
    #[cfg(test)]
    pub(super) fn of(file: Arc<dyn DiskFile>) -> Self {
        Self { file, turn: Mutex::new(0) }
    }

    /// Forgets what was there: another life begins.
    pub(super) fn begin(&self, mark: Mark) -> io::Result<()> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; 3 * SLOT_SIZE];
        bytes[..SLOT_SIZE].copy_from_slice(&mark.to_bytes());
        self.file.write_at(0, &bytes)?;
        self.file.sync()?;
        *turn = 1;
        Ok(())
    }
}

impl Mark {
    fn to_bytes(self) -> [u8; SLOT_SIZE] {
        let mut bytes = [0; SLOT_SIZE];
        bytes[..16].copy_from_slice(&self.incarnation);
        bytes[16..24].copy_from_slice(&self.commits.to_be_bytes());
        let check = Sha256::digest(&bytes[..32]);
        bytes[32..].copy_from_slice(&check);
        bytes
    }

    fn parse(bytes: &[u8; SLOT_SIZE]) -> Option<Self> {
        let incarnation = bytes[..16].try_into().expect("sixteen bytes");
        let commits = u64::from_be_bytes(bytes[16..24].try_into().expect("eight bytes"));
        let mark = Self { incarnation, commits };
        (mark.to_bytes() == *bytes).then_some(mark)
    }
}
