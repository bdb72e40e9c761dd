//! The second record of commits, on a path outside the vault: what tells a copy from the newest.
//!
//! Rule: `spec/text/vault.md`, "Noticing that it went back".
//!
//! ```text
//! two slots of 64 bytes, written in turn:
//! 16-byte incarnation || u64 commits || 8 zero bytes || 32-byte SHA-256 of the bytes before
//! ```
//!
//! It is written after the commit that it counts, so a crash leaves it one behind and raises no
//! false alarm; it is synced when a statement was sealed, before that statement can be sent.

use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::disk::{Disk, DiskFile, HIGH_WATER};

const SLOT_SIZE: usize = 64;

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
pub(super) struct HighWater(Arc<dyn DiskFile>);

impl HighWater {
    /// Makes the record or opens it.
    pub(super) fn open(disk: &dyn Disk) -> io::Result<Self> {
        disk.open(HIGH_WATER, true).map(Self)
    }

    /// The newest mark that is whole.
    pub(super) fn read(&self) -> io::Result<Option<Mark>> {
        let len = self.0.len()?;
        let mut newest: Option<Mark> = None;
        for slot in 0..2_u64 {
            let offset = slot * SLOT_SIZE as u64;
            let mut bytes = [0; SLOT_SIZE];
            if offset + SLOT_SIZE as u64 <= len {
                self.0.read_at(offset, &mut bytes)?;
            }
            let mark = Mark::parse(&bytes);
            if mark.is_some_and(|mark| newest.is_none_or(|newest| newest.commits < mark.commits)) {
                newest = mark;
            }
        }
        Ok(newest)
    }

    /// Writes a mark into the slot whose turn it is; the other one stays whole.
    pub(super) fn write(&self, mark: Mark, sync: bool) -> io::Result<()> {
        let slot = mark.commits % 2;
        self.0.write_at(slot * SLOT_SIZE as u64, &mark.to_bytes())?;
        if sync { self.0.sync() } else { Ok(()) }
    }

    /// Forgets what was there: another life begins.
    pub(super) fn begin(&self, mark: Mark) -> io::Result<()> {
        self.0.set_len(0)?;
        self.write(mark, true)
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
