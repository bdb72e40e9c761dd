//! The second record: which commit of the state was the last that anything was signed for.
//!
//! It stands on another path than the state, out of backups, so that a state that was put back from
//! one no longer agrees with it. The whole argument is `spec/text/witness.md`; in short:
//!
//! - every commit of the state has a [`Head`]: instance, number, and a hash over all commits so far;
//! - a commit is durable in the state first, then here, and only then a signature leaves;
//! - so after a crash the state is level with this record or one commit ahead of it, and its
//!   chain leads there. [`compare`] refuses everything else.
//!
//! ```text
//! offset 0     slot of even numbers    "fiducial/high-water/v1\n\0" || instance, 16 bytes
//! offset 4096  slot of odd numbers         || u64 number || chain, 32 bytes || SHA-256 of these
//! ```
//!
//! The slots take turns, so a torn write leaves the other one. Nothing but slots is in the file.
//! Invariant: a slot is written only after the state holds the commit it names.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use spec::Hash;
use spec::encoding::encode_hex;

use crate::files::{FileError, read_bounded, write_whole};

/// What a slot starts with.
const MAGIC: &[u8; 24] = b"fiducial/high-water/v1\n\0";

/// The length of a slot's content.
const SLOT_SIZE: usize = 24 + 16 + 8 + 32 + 32;

/// Where the second slot starts: a page of its own, so that one torn write hits one slot.
const SLOT_DISTANCE: usize = 4096;

/// The length of the file.
const FILE_SIZE: usize = SLOT_DISTANCE + 512;

/// Which life of the state this is. Drawn at random when a state is made, and again whenever it is
/// taken up from a backup.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Instance(pub(crate) [u8; 16]);

impl Instance {
    /// Draws a new one from the operating system.
    pub fn draw() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode_hex(&self.0))
    }
}

/// One commit, as both records name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which life of the state.
    pub instance: Instance,
    /// How many commits, from 1.
    pub number: u64,
    /// The hash over this commit and all before it.
    pub chain: Hash,
}

impl Head {
    /// The first commit of an instance that goes on from `number`.
    #[must_use]
    pub fn first(instance: Instance, number: u64) -> Self {
        let chain = Hash::of_parts(&[b"fiducial/witness/first/v1\n", &instance.0]);
        Self { instance, number, chain }
    }

    /// The commit behind this one, which changes what `changes` hashes.
    #[must_use]
    pub fn next(&self, changes: Hash) -> Self {
        let number = self.number + 1;
        let parts: [&[u8]; 4] = [
            b"fiducial/witness/commit/v1\n",
            self.chain.as_bytes(),
            &number.to_be_bytes(),
            changes.as_bytes(),
        ];
        Self { instance: self.instance, number, chain: Hash::of_parts(&parts) }
    }

    fn to_slot(self) -> [u8; SLOT_SIZE] {
        let mut slot = [0; SLOT_SIZE];
        slot[..24].copy_from_slice(MAGIC);
        slot[24..40].copy_from_slice(&self.instance.0);
        slot[40..48].copy_from_slice(&self.number.to_be_bytes());
        slot[48..80].copy_from_slice(self.chain.as_bytes());
        let sum = Hash::of(&slot[..80]);
        slot[80..].copy_from_slice(sum.as_bytes());
        slot
    }

    fn from_slot(slot: &[u8; SLOT_SIZE]) -> Option<Self> {
        let instance = Instance(slot[24..40].try_into().ok()?);
        let number = u64::from_be_bytes(slot[40..48].try_into().ok()?);
        let head = Self { instance, number, chain: Hash::from_slice(&slot[48..80])? };
        (head.to_slot() == *slot).then_some(head)
    }
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The newest commit that it names.
    pub head: Head,
    /// Whether the other slot is torn or damaged: then a commit behind `head` was being noted.
    pub torn: bool,
}

/// Why the two records do not go together. All but a crash's own traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// The state goes on differently from where the record is.
    #[error("the state and its second record tell two histories (commit {state})")]
    Forked {
        /// The number of the state's last commit.
        state: u64,
    },
    /// One of them belongs to another life of the witness.
    #[error("the state and its second record belong to different lives of this witness")]
    OtherInstance,
    /// The record lacks more than a crash explains.
    #[error("the second record is older than the state (commit {record}, the state has {state})")]
    RecordOlder {
        /// The number that the record has.
        record: u64,
        /// The number of the state's last commit.
        state: u64,
    },
    /// The newest part of the record is unreadable, and the state does not vouch for it.
    #[error("the second record is damaged, and the state is not ahead of it (commit {state})")]
    RecordTorn {
        /// The number of the state's last commit.
        state: u64,
    },
    /// The state was rolled back.
    #[error("the state is older than its second record (commit {state}, the record has {record})")]
    StateOlder {
        /// The number that the record has.
        record: u64,
        /// The number of the state's last commit.
        state: u64,
    },
}

impl Disagreement {
    /// The same in Chinese, for `doctor`.
    #[must_use]
    pub fn to_chinese(&self) -> String {
        match self {
            Self::Forked { state } => {
                format!("状态与第二记录是两段不同的历史（第 {state} 次提交）")
            }
            Self::OtherInstance => "状态与第二记录属于此见证者的不同生命期".to_owned(),
            Self::RecordOlder { record, state } => {
                format!("第二记录比状态更旧（记录为第 {record} 次提交，状态为第 {state} 次）")
            }
            Self::RecordTorn { state } => {
                format!("第二记录已损坏，而状态并不领先于它（第 {state} 次提交）")
            }
            Self::StateOlder { record, state } => {
                format!("状态比第二记录更旧（状态为第 {state} 次提交，记录为第 {record} 次）")
            }
        }
    }
}

/// Compares the state's last commit, and the chain before it, with the record.
///
/// Level, or one commit ahead: that is what a crash leaves. `Ok(true)` when the record must catch up.
pub fn compare(state: Head, before: Hash, record: Record) -> Result<bool, Disagreement> {
    let known = record.head;
    if state.instance != known.instance {
        return Err(Disagreement::OtherInstance);
    }
    let forked = Disagreement::Forked { state: state.number };
    match state.number.checked_sub(known.number) {
        None => Err(Disagreement::StateOlder { record: known.number, state: state.number }),
        Some(0) if state.chain != known.chain => Err(forked),
        // A slot is torn only while a later commit is noted, which the state must then hold.
        Some(0) if record.torn => Err(Disagreement::RecordTorn { state: state.number }),
        Some(0) => Ok(false),
        Some(1) if before != known.chain => Err(forked),
        Some(1) => Ok(true),
        Some(_) => Err(Disagreement::RecordOlder { record: known.number, state: state.number }),
    }
}

/// Reads what a file of two slots says; `None` when neither can be read.
#[must_use]
pub fn read_slots(bytes: &[u8]) -> Option<Record> {
    if bytes.len() != FILE_SIZE {
        return None;
    }
    let slot = |at: usize| {
        let slot: &[u8; SLOT_SIZE] = bytes[at..].first_chunk().expect("the file has its length");
        let end = if at == 0 { SLOT_DISTANCE } else { FILE_SIZE };
        let clean = bytes[at + SLOT_SIZE..end].iter().all(|byte| *byte == 0);
        let blank = clean && slot.iter().all(|byte| *byte == 0);
        (Head::from_slot(slot).filter(|_| clean), blank)
    };
    match (slot(0), slot(SLOT_DISTANCE)) {
        ((Some(even), _), (Some(odd), _)) => {
            // Both are whole: then they are neighbours in the right places.
            let neighbours = even.number.abs_diff(odd.number) == 1 && even.number % 2 == 0;
            let head = if even.number > odd.number { even } else { odd };
            (neighbours && even.instance == odd.instance).then_some(Record { head, torn: false })
        }
        ((Some(head), _), (None, blank)) | ((None, blank), (Some(head), _)) => {
            Some(Record { head, torn: !blank })
        }
        ((None, _), (None, _)) => None,
    }
}

/// The file, as few verbs as are needed, so that tests can lose writes.
pub trait SlotFile: Send {
    /// Writes bytes at an offset. Promises nothing across a power cut.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written durable.
    fn sync(&mut self) -> io::Result<()>;
}

impl SlotFile for File {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The open record.
pub struct HighWater(Box<dyn SlotFile>);

impl HighWater {
    /// Writes a new file, in place of what was there, that names one commit.
    pub fn create(path: &Path, head: Head) -> Result<(), FileError> {
        write_whole(path, &first_file(head))
    }

    /// Reads a file and opens it to go on; `None` when it is not readable as a record.
    pub fn open(path: &Path) -> Result<Option<(Self, Record)>, FileError> {
        let bytes = read_bounded(path, FILE_SIZE as u64)?;
        let file = OpenOptions::new().write(true).open(path).map_err(FileError::at(path))?;
        Ok(read_slots(&bytes).map(|record| (Self(Box::new(file)), record)))
    }

    /// Goes on with any file, for tests.
    #[must_use]
    pub fn with_file(file: Box<dyn SlotFile>) -> Self {
        Self(file)
    }

    /// Notes a commit that the state holds durably. Durable on return: one write and one sync.
    ///
    /// After an error nothing is known any more of what is durable, and nothing may be signed.
    pub fn note(&mut self, head: Head) -> io::Result<()> {
        let offset = if head.number.is_multiple_of(2) { 0 } else { SLOT_DISTANCE as u64 };
        self.0.write(offset, &head.to_slot())?;
        self.0.sync()
    }

    /// Makes durable what an earlier process has noted and perhaps not synced.
    pub fn settle(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

impl fmt::Debug for HighWater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HighWater")
    }
}

/// The bytes of a file that names one commit.
#[must_use]
pub fn first_file(head: Head) -> Vec<u8> {
    let mut bytes = vec![0; FILE_SIZE];
    let at = if head.number.is_multiple_of(2) { 0 } else { SLOT_DISTANCE };
    bytes[at..at + SLOT_SIZE].copy_from_slice(&head.to_slot());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(count: usize) -> Vec<Head> {
        let mut heads = vec![Head::first(Instance([7; 16]), 1)];
        while heads.len() < count {
            let next = heads[heads.len() - 1].next(Hash::of(&[heads.len() as u8]));
            heads.push(next);
        }
        heads
    }

    /// The file after `heads` were noted, in order.
    fn file(heads: &[Head]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("high-water");
        HighWater::create(&path, heads[0]).unwrap();
        let (mut record, _) = HighWater::open(&path).unwrap().unwrap();
        for head in &heads[1..] {
            record.note(*head).unwrap();
        }
        std::fs::read(path).unwrap()
    }

    #[test]
    fn the_newest_commit_is_read_back() {
        let heads = heads(6);
        for count in 1..6 {
            let record = read_slots(&file(&heads[..count])).unwrap();
            assert_eq!(record, Record { head: heads[count - 1], torn: false });
        }
    }

    #[test]
    fn only_level_or_one_ahead_is_what_a_crash_leaves() {
        let heads = heads(6);
        let before = |at: usize| if at == 0 { Hash::ZERO } else { heads[at - 1].chain };
        for (state, head) in heads.iter().enumerate() {
            for (known, record) in heads.iter().enumerate() {
                let whole = Record { head: *record, torn: false };
                let torn = Record { head: *record, torn: true };
                let (number, other) = (head.number, record.number);
                let (want, want_torn) = match state as i64 - known as i64 {
                    0 => (Ok(false), Err(Disagreement::RecordTorn { state: number })),
                    1 => (Ok(true), Ok(true)),
                    ahead if ahead > 1 => {
                        let error = Disagreement::RecordOlder { record: other, state: number };
                        (Err(error), Err(error))
                    }
                    _ => {
                        let error = Disagreement::StateOlder { record: other, state: number };
                        (Err(error), Err(error))
                    }
                };
                assert_eq!(compare(*head, before(state), whole), want, "{state} {known}");
                assert_eq!(compare(*head, before(state), torn), want_torn, "{state} {known}");
            }
        }
    }

    #[test]
    fn another_history_or_another_life_is_refused() {
        let heads = heads(4);
        let other = heads[2].next(Hash::of(b"other"));
        let record = Record { head: heads[3], torn: false };
        let forked = Err(Disagreement::Forked { state: 4 });
        assert_eq!(compare(other, heads[2].chain, record), forked);
        let next = other.next(Hash::of(b"more"));
        let forked = Err(Disagreement::Forked { state: 5 });
        assert_eq!(compare(next, other.chain, record), forked);
        let life = Head { instance: Instance([8; 16]), ..heads[3] };
        let stranger = Err(Disagreement::OtherInstance);
        assert_eq!(compare(life, heads[2].chain, record), stranger);
    }

    /// A flipped bit anywhere never makes the record pass for a newer one, never changes what it
    /// says, and hides a rollback by no commit.
    #[test]
    fn every_flipped_bit_is_noticed_or_harmless() {
        let heads = heads(5);
        let whole = file(&heads);
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                let Some(record) = read_slots(&bytes) else { continue };
                assert!(record.torn && record.head.number >= 4, "byte {at}");
                // The true state is commit 5; what was rolled back is refused.
                for state in 1..4 {
                    let refused = compare(heads[state], heads[state - 1].chain, record);
                    assert!(refused.is_err(), "byte {at}: commit {}", state + 1);
                }
            }
        }
    }

    #[test]
    fn files_of_other_lengths_and_strange_pairs_of_slots_are_no_record() {
        let heads = heads(5);
        let whole = file(&heads);
        assert_eq!(read_slots(&whole[..whole.len() - 1]), None);
        assert_eq!(read_slots(&[&whole[..], &[0]].concat()), None);
        assert_eq!(read_slots(&vec![0; FILE_SIZE]), None);
        // A slot of commit 1 beside one of commit 4: part of the file was put back.
        let mut mixed = file(&heads[..4]);
        mixed[SLOT_DISTANCE..SLOT_DISTANCE + SLOT_SIZE].copy_from_slice(&heads[0].to_slot());
        assert_eq!(read_slots(&mixed), None);
    }
}
