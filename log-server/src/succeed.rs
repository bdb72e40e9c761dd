//! Successors: a log whose first entry says which log it goes on for.
//!
//! Rule: `spec/text/succession.md`. The entry is made with the log: its journal holds it and its first head
//! covers it before there is a `log.toml`, so nothing can come before it, and nothing of its kind is taken later.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use spec::checkpoint::{Checkpoint, Origin};
use spec::frontier::Frontier;
use spec::key::KeyName;
use spec::note::Note;
use spec::succession::{MAX_SUCCESSION_SIZE, SuccessionError};

use crate::answer::Fatal;
use crate::disk::Disk;
use crate::heads::{Heads, SignedHead, WriteError};
use crate::journal::{Base, file, mark};
use crate::keys::{LogKeys, OwnNoteError};
use crate::publisher::unix_seconds;
use crate::shared::JOURNAL;

/// What a log goes on for.
#[derive(Debug)]
pub struct Succeeding {
    /// The old log's last checkpoint, with all of its lines.
    pub last: Note,
    /// Why the old log has ended.
    pub why: String,
    /// The old log's keys, if they are still held.
    pub old: Option<LogKeys>,
}

/// Why a log was not made a successor.
#[derive(Debug, thiserror::Error)]
pub enum SucceedError {
    /// The head could not be signed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The journal could not be written.
    #[error("the journal could not be written: {0}")]
    Io(#[from] std::io::Error),
    /// The checkpoint is not what the old keys say.
    #[error("the old log's checkpoint is not signed by the old log's keys: {0}")]
    Last(#[from] OwnNoteError),
    /// The entry is none.
    #[error(transparent)]
    Succession(#[from] SuccessionError),
    /// The checkpoint has too many lines.
    #[error(
        "the first entry would have {size} bytes, and an entry has at most {MAX_SUCCESSION_SIZE}. Leave lines of \
         witnesses out of the checkpoint's file, each of which counts alone; keep the old log's own, and enough for \
         the quorum of its policy"
    )]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// The head could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Succeeding {
    /// What is wrong with it for a log whose keys have this name. Asked before anything of the new log is made.
    pub(crate) fn check(&self, name: KeyName) -> Result<(), SucceedError> {
        if let Some(old) = &self.old {
            old.verify(&self.last)?;
        }
        let (old, last) = (self.old.as_ref(), self.last.clone());
        match LogKeys::rehearse_succession(name, old, &self.why, last) {
            Err(SuccessionError::TooLarge { size }) => Err(SucceedError::TooLarge { size }),
            other => Ok(other?),
        }
    }
}

/// Makes the succession, which was checked, the first entry of a log that has nothing else yet, and signs the head
/// over it.
pub(crate) fn begin(
    disk: &Arc<dyn Disk>,
    data: &Path,
    origin: &Origin,
    keys: &LogKeys,
    succeeding: &Succeeding,
) -> Result<(), SucceedError> {
    let last = succeeding.last.clone();
    let succession = keys.sign_succession(succeeding.old.as_ref(), &succeeding.why, last)?;
    let entry = Bytes::from(succession.to_bytes());
    let leaf = spec::hash::leaf_hash(&entry);
    file::write(disk.as_ref(), &data.join(JOURNAL), &Base::empty(), &[entry])?;
    let tree = Frontier::new().grow(&[leaf]).tree();
    mark::write(disk.as_ref(), data, tree)?;
    let checkpoint = Checkpoint::new(origin.clone(), tree);
    let signatures = keys.sign(&checkpoint, unix_seconds())?;
    let note = Note::new(checkpoint.to_string(), signatures);
    Ok(Heads::new(disk.clone(), data).write_signed(&SignedHead { note, checkpoint })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;
    use crate::disk::MachineDisk;
    use crate::init::{InitError, init, init_successor};
    use crate::journal::file::read_at_start;
    use spec::succession::Succession;

    fn origin(name: &str) -> Origin {
        Origin::parse(name).unwrap()
    }

    fn keys(data: &Path, name: &str) -> LogKeys {
        LogKeys::load(data, &origin(name)).unwrap()
    }

    /// A checkpoint of the log in `data`.
    fn checkpoint(data: &Path, name: &str) -> Note {
        let tree = Frontier::new().grow(&[spec::hash::leaf_hash(b"an entry")]).tree();
        let checkpoint = Checkpoint::new(origin(name), tree);
        let signatures = keys(data, name).sign(&checkpoint, unix_seconds()).unwrap();
        Note::new(checkpoint.to_string(), signatures)
    }

    #[test]
    fn a_successor_begins_with_what_it_goes_on_for() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let printed = init(&old, origin("old.example"), Admission::Statements, true).unwrap();
        let last = checkpoint(&old, "old.example");
        let succeeding = Succeeding {
            last: last.clone(),
            why: "the disk died".to_owned(),
            old: Some(keys(&old, "old.example")),
        };
        let made =
            init_successor(&new, origin("new.example"), Admission::Statements, true, &succeeding);
        let made = made.unwrap();
        let disk = MachineDisk::open(&new).unwrap();
        let loaded = read_at_start(&disk, &new.join(JOURNAL), None).unwrap();
        let [entry] = &loaded.entries[..] else { panic!("{loaded:?}") };
        let succession = Succession::parse(entry).unwrap();
        assert_eq!((succession.last(), succession.why()), (&last, "the disk died"));
        assert_eq!(succession.verify(&made), Ok(()));
        assert_eq!(succession.verify_old(&printed), Ok(()));
    }

    #[test]
    fn a_succession_is_the_first_entry_or_none() {
        use crate::journal::Loaded;
        use crate::start::replay;
        let folder = tempfile::tempdir().unwrap();
        for (name, seed) in [("old.example", 1), ("new.example", 2)] {
            let data = folder.path().join(seed.to_string());
            init(&data, origin(name), Admission::Statements, false).unwrap();
        }
        let last = checkpoint(&folder.path().join("1"), "old.example");
        let keys = keys(&folder.path().join("2"), "new.example");
        let entry = Bytes::from(keys.sign_succession(None, "why", last).unwrap().to_bytes());
        let loaded = |entries| Loaded { base: Base::empty(), entries, torn_bytes: 0 };
        let (tail, chains) = replay(&loaded(vec![entry.clone()]), Admission::Statements).unwrap();
        assert_eq!((tail.frontier().size(), chains.to_heads().len()), (1, 0));
        assert!(replay(&loaded(vec![entry.clone(), entry]), Admission::Statements).is_err());
    }

    #[test]
    fn a_checkpoint_with_too_many_lines_for_an_entry_makes_no_log() {
        use spec::key::KeyId;
        use spec::note::Signature;
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        init(&old, origin("old.example"), Admission::Any, true).unwrap();
        let last = checkpoint(&old, "old.example");
        let cosigned = |lines: u8| {
            let line = |at| Signature {
                name: KeyName::parse("witness.example").unwrap(),
                id: KeyId::from_bytes([at; 4]),
                bytes: vec![at; 2428],
            };
            let all = last.signatures().iter().cloned().chain((0..lines).map(line)).collect();
            Note::new(last.text().to_owned(), all)
        };
        let succeeding = |lines| Succeeding {
            last: cosigned(lines),
            why: "the disk died".to_owned(),
            old: Some(keys(&old, "old.example")),
        };
        let made = |lines| {
            let origin = origin("new.example");
            init_successor(&new, origin, Admission::Any, false, &succeeding(lines))
        };
        let refused = made(40);
        assert!(
            matches!(refused, Err(InitError::Succeed(SucceedError::TooLarge { size })) if size > 65_535),
            "{refused:?}"
        );
        assert!(!new.exists());
        made(3).unwrap();
    }

    #[test]
    fn a_checkpoint_that_the_old_keys_have_not_signed_makes_no_log() {
        let folder = tempfile::tempdir().unwrap();
        let (old, other) = (folder.path().join("old"), folder.path().join("other"));
        for data in [&old, &other] {
            init(data, origin("old.example"), Admission::Any, false).unwrap();
        }
        let succeeding = Succeeding {
            last: checkpoint(&other, "old.example"),
            why: "the disk died".to_owned(),
            old: Some(keys(&old, "old.example")),
        };
        let new = folder.path().join("new");
        let made = init_successor(&new, origin("new.example"), Admission::Any, false, &succeeding);
        let expected = matches!(made, Err(InitError::Succeed(SucceedError::Last(_))));
        // Not even half of one, in whose way the next attempt would find itself.
        assert!(expected && !new.exists(), "{made:?}");
        // Nor does a log that follows itself.
        let own = Succeeding { last: checkpoint(&old, "old.example"), old: None, ..succeeding };
        let again = folder.path().join("again");
        let made = init_successor(&again, origin("old.example"), Admission::Any, false, &own);
        assert!(matches!(made, Err(InitError::Succeed(SucceedError::Succession(_)))), "{made:?}");
        assert!(!again.exists());
        // Nor is one made for a reason that is none.
        let two_lines = Succeeding { why: "the disk\ndied".to_owned(), old: None, ..own };
        let made = init_successor(&new, origin("new.example"), Admission::Any, false, &two_lines);
        assert!(matches!(made, Err(InitError::Succeed(SucceedError::Succession(_)))), "{made:?}");
        assert!(!new.exists());
    }
}
