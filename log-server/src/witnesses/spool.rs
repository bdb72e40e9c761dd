//! Cosignatures that were carried here by hand: the folder `cosignatures` in the data folder.
//!
//! `fiducial-log witness accept` puts files there, whether the server runs or not: a witness's
//! signature lines as they are in an answer to add-checkpoint. The publisher looks into the folder
//! about once a second. A file is removed once its lines are in the published checkpoint, and have
//! confirmed it if they are fresh, or once its head is no longer offered; one that is malformed is
//! renamed and never read again.
//!
//! What is in the folder may have come with a copy of the data, and clocks differ by up to an hour. So
//! it is fresh (see `gathered`) only if it was put there while this process ran, and the witness
//! names a time at which it ran already. Where servers share a journal that counts across offices: who
//! leaves publishing to another for a while need not be told again what it was told, since the database knows
//! the last head all the time. Only one that has failed over to another timeline may have lost it, which is
//! as if the process had begun then.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::cosignature::Timestamp;
use spec::key::VerifierKey;
use spec::policy::Policy;
use spec::witness::MAX_ANSWER_SIZE;

use super::ask::{Cosigned, Trouble, Window, verify};
use crate::disk::{Disk, write_whole};

/// The folder's name in the data folder.
pub const SPOOL: &str = "cosignatures";

/// The ending of a file that waits to be read.
const WAITING: &str = "cosignature";

/// The ending of one that could not be used.
const REFUSED: &str = "refused";

/// The most files that are read at one look; others wait for the next.
const MAX_FILES: usize = 64;

/// A file of the folder and what is in it for the head that is offered.
#[derive(Debug)]
pub struct Carried {
    /// Where it is.
    pub path: PathBuf,
    /// Its cosignatures of the head; empty if it is about another one.
    pub cosigned: Vec<Cosigned>,
}

/// What was carried too early to be fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The last second, since 1970, that was not seen whole.
    seconds: u64,
    /// What lay in the folder then.
    files: HashSet<PathBuf>,
}

impl Before {
    /// All that is there `now`, in seconds since 1970.
    #[must_use]
    pub fn list(data: &Path, now: u64) -> Self {
        Self { seconds: now, files: waiting(data).collect() }
    }

    /// Whether the word in a file, of a time that the witness names, came later.
    #[must_use]
    pub fn is_over(&self, file: &Path, time: Timestamp) -> bool {
        time.as_seconds() > self.seconds && !self.files.contains(file)
    }
}

/// Every key of a policy with its position, for lines that may be by any witness.
#[must_use]
pub fn all_keys(policy: &Policy) -> Vec<(usize, VerifierKey)> {
    policy.witnesses().iter().map(|witness| witness.key().clone()).enumerate().collect()
}

/// Puts a witness's lines into the folder, durably. Returns the file's name.
pub fn put(disk: &dyn Disk, data: &Path, size: u64, lines: &[u8]) -> io::Result<String> {
    let folder = data.join(SPOOL);
    disk.create_folders(&folder)?;
    disk.sync_folder(data)?;
    let hash = Hash::of(lines).to_hex();
    let name = format!("{size}-{}.{WAITING}", &hash[..16]);
    write_whole(disk, &folder.join(&name), lines)?;
    Ok(name)
}

/// Reads the files that wait, without those that are `known`. Malformed ones are put aside.
pub fn read(
    data: &Path,
    known: &[PathBuf],
    keys: &[(usize, VerifierKey)],
    head: &Checkpoint,
    now: u64,
) -> Vec<Carried> {
    // Those that were read wait for their head: counted here, they would keep the others out.
    let few = waiting(data).filter(|path| !known.contains(path)).take(MAX_FILES);
    few.filter_map(|path| read_one(path, keys, head, now)).collect()
}

/// The files that wait, in no order.
pub fn waiting(data: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let listed = fs::read_dir(data.join(SPOOL)).ok().into_iter().flatten();
    let paths = listed.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|ending| ending == WAITING))
}

/// Forgets a file that is done with.
pub fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, file = %path.display(), "a carried cosignature was not removed");
    }
}

fn read_one(
    path: PathBuf,
    keys: &[(usize, VerifierKey)],
    head: &Checkpoint,
    now: u64,
) -> Option<Carried> {
    let lines = match read_bounded(&path) {
        Ok(lines) => lines,
        Err(error) => {
            tracing::warn!(%error, file = %path.display(), "a carried cosignature cannot be read");
            return None;
        }
    };
    match verify(head, keys, &lines, Window::of_carried(now)) {
        Ok(cosigned) => Some(Carried { path, cosigned }),
        // It was checked when it was accepted, so it is about a head that has been published since.
        Err(Trouble::Cosignature(_) | Trouble::Clock { .. }) => {
            tracing::info!(file = %path.display(), "a carried cosignature is of another head, and is dropped");
            Some(Carried { path, cosigned: Vec::new() })
        }
        Err(trouble) => {
            let aside = path.with_extension(REFUSED);
            tracing::warn!(%trouble, file = %path.display(), "a carried cosignature cannot be used");
            if let Err(error) = fs::rename(&path, &aside) {
                tracing::warn!(%error, "it could not be put aside either");
            }
            None
        }
    }
}

/// Reads a file that is no larger than a witness's answer may be.
pub fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_ANSWER_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_ANSWER_SIZE {
        let what = format!("it has more than {MAX_ANSWER_SIZE} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;
    use spec::checkpoint::Origin;
    use spec::cosignature::sign_ed25519;
    use spec::key::{Algorithm, KeyName, SigningKey};
    use spec::tree::Tree;
    use spec::witness::format_answer;

    #[test]
    fn files_that_were_read_keep_no_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let head = Checkpoint::new(Origin::parse("log.example").unwrap(), Tree::EMPTY);
        let name = KeyName::parse("w.example").unwrap();
        let key = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[1; 32]).unwrap();
        let now = 1_700_000_000;
        for at in 0..=MAX_FILES as u64 {
            let time = Timestamp::from_seconds(now - at).unwrap();
            let lines = format_answer(&[sign_ed25519(&key, time, &head)]);
            put(&disk, folder.path(), 0, lines.as_bytes()).unwrap();
        }
        let keys = [(0, key.verifier().clone())];
        let look = |known: &[PathBuf]| -> Vec<PathBuf> {
            let files = read(folder.path(), known, &keys, &head, now);
            files.into_iter().map(|file| file.path).collect()
        };
        let mut known = look(&[]);
        assert_eq!(known.len(), MAX_FILES);
        let last = look(&known);
        assert_eq!(last.len(), 1);
        known.extend(last);
        assert!(look(&known).is_empty());
    }
    #[test]
    fn only_what_came_later_by_both_is_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let put = |text: &str| {
            let name = put(&disk, folder.path(), 7, text.as_bytes()).unwrap();
            folder.path().join(SPOOL).join(name)
        };
        let early = put("early");
        let before = Before::list(folder.path(), 1_700_000_000);
        let late = put("late");
        let second = |past: u64| Timestamp::from_seconds(1_700_000_000 + past).unwrap();
        assert!(before.is_over(&late, second(1)));
        assert!(!before.is_over(&late, second(0)), "perhaps said before");
        assert!(!before.is_over(&early, second(3_000)), "a clock that is ahead");
    }
}
