//! Files that are named on the command line, as a collector that looks at each of them once.
//!
//! A file is read once: what is hashed and what is interpreted are the same bytes. It is never
//! changed, moved or locked. A file that changes while it is read is refused, since nobody could
//! say later which of its states was anchored.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use spec::encoding::encode_hex;
use spec::key::KeyName;

use crate::clock::Clock;
use crate::collect::{Collector, Looked, Remembered};
use crate::error::AgentError;
use crate::import::{MAX_INTERPRETED_SIZE, Mapping};
use crate::model::{Content, Hash256, ItemKey, Seen, Sighting, UnixMillis, WatchName};
use crate::spool::capture::{Watched, turn};
use crate::vault::Vault;

/// How much is read at once.
const CHUNK_SIZE: usize = 256 * 1024;

/// How many files, and how many of their bytes, are captured before they are sealed and sent: what
/// is named on one command line is anchored in parts that a break does not take along.
const MAX_PART: (usize, u64) = (2048, 48 * 1024 * 1024);

/// What named files are captured for.
pub(super) struct Files {
    source: KeyName,
}

/// A file that was captured.
pub(super) struct Captured {
    /// Its name without its folder.
    pub(super) name: Vec<u8>,
    /// Its hash in hexadecimal digits.
    pub(super) sha256: String,
    /// The path as it was given.
    pub(super) path: PathBuf,
}

impl Files {
    pub(super) fn new(source: KeyName) -> Self {
        Self { source }
    }

    /// Captures the first of `files`, at least one; durable on return. Calls `progress` with the
    /// bytes of each chunk.
    pub(super) fn capture(
        &self,
        vault: &Vault,
        clock: &dyn Clock,
        files: &[PathBuf],
        progress: &dyn Fn(u64),
    ) -> Result<Vec<Captured>, AgentError> {
        let (mut sightings, mut captured, mut size) = (VecDeque::new(), Vec::new(), 0);
        for path in files.iter().take(MAX_PART.0) {
            let sighting = sight(vault, clock.now(), path, progress)?;
            if let Content::Bytes(bytes) = &sighting.content {
                size += bytes.len() as u64;
            }
            let (name, sha256) = (sighting.name.clone(), encode_hex(&sighting.now.sha256.0));
            captured.push(Captured { name, sha256, path: path.clone() });
            sightings.push_back(sighting);
            if size >= MAX_PART.1 {
                break;
            }
        }
        let count = sightings.len();
        let mapping = Mapping::shipped("cfx").expect("the mapping of IPC-CFX is shipped");
        let named = Box::new(Named { watch: watch(), sightings });
        let source = self.source.clone();
        let mut watched = [Watched::new(source, mapping, None, named, Duration::MAX)];
        let turn = turn(vault, clock, &mut watched)?;
        if let Some((_, item, reason)) = turn.complaints.into_iter().next() {
            return Err(AgentError::Input(format!("{item}: {reason}")));
        }
        assert_eq!(turn.sightings, count, "every named file is captured or complained of");
        Ok(captured)
    }
}

/// Named files look like a watch of this name, so that one named again is a new version.
fn watch() -> WatchName {
    WatchName("anchor".to_string())
}

/// Gives what was named, once.
struct Named {
    watch: WatchName,
    sightings: VecDeque<Sighting>,
}

impl Collector for Named {
    fn watch(&self) -> &WatchName {
        &self.watch
    }

    fn look(
        &mut self,
        _remembered: &dyn Remembered,
        _now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError> {
        let count = limit.min(self.sightings.len());
        let sightings = self.sightings.drain(..count).collect();
        Ok(Looked { sightings, more: !self.sightings.is_empty(), ..Looked::default() })
    }
}

/// Reads and hashes a file.
fn sight(
    vault: &Vault,
    seen: UnixMillis,
    path: &Path,
    progress: &dyn Fn(u64),
) -> Result<Sighting, AgentError> {
    let no_file = || AgentError::Input(format!("{} is not a file", path.display()));
    // Looked at before it is opened: opening a pipe would wait until somebody writes into it.
    if !std::fs::metadata(path).map_err(AgentError::file(path))?.is_file() {
        return Err(no_file());
    }
    let mut file = File::open(path).map_err(AgentError::file(path))?;
    let before = file.metadata().map_err(AgentError::file(path))?;
    if !before.is_file() {
        return Err(no_file());
    }
    let (mut hasher, mut size, mut bytes) = (Sha256::new(), 0_u64, Vec::new());
    let is_small = before.len() <= MAX_INTERPRETED_SIZE as u64;
    let mut chunk =
        vec![0; CHUNK_SIZE.min(usize::try_from(before.len()).unwrap_or(CHUNK_SIZE) + 1)];
    loop {
        let count = match file.read(&mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(AgentError::file(path))?,
        };
        if count == 0 {
            break;
        }
        hasher.update(&chunk[..count]);
        size += count as u64;
        if is_small && size <= MAX_INTERPRETED_SIZE as u64 {
            bytes.extend_from_slice(&chunk[..count]);
        }
        progress(count as u64);
        // A file that grows as fast as it is read would never end.
        if size > before.len() {
            break;
        }
    }
    let after = file.metadata().map_err(AgentError::file(path))?;
    if size != before.len() || state(&before) != state(&after) {
        let reason = "changed while it was read; anchor it when it is complete";
        return Err(AgentError::Input(format!("{} {reason}", path.display())));
    }
    let whole = std::path::absolute(path).map_err(AgentError::file(path))?;
    let (watch, key) = (watch(), ItemKey(whole.as_os_str().as_encoded_bytes().to_vec()));
    let remembered = vault.seen(&watch, &key)?;
    let now = Seen {
        sha256: Hash256(hasher.finalize().into()),
        size,
        modified_nanos: nanos(&before),
        version: remembered.as_ref().map_or(1, |seen| seen.version + 1),
        seen,
    };
    let unchanged = remembered.as_ref().is_some_and(|before| before.sha256 == now.sha256);
    // The same bytes named again are stated again, and replace nothing.
    let before = remembered.clone().filter(|_| !unchanged);
    let version = if unchanged { remembered.map_or(1, |seen| seen.version) } else { now.version };
    let name = path.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
    let content = if is_small { Content::Bytes(bytes) } else { Content::File(path.to_path_buf()) };
    let now = Seen { version, ..now };
    Ok(Sighting { watch, key, name, content, now, before, prefix: None, token: 0 })
}

fn state(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

fn nanos(metadata: &Metadata) -> i128 {
    let Ok(modified) = metadata.modified() else {
        return 0;
    };
    let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::io::Write;

    use spec::checkpoint::Origin;

    use crate::vault::{NewVault, Unlock};

    fn vault(folder: &Path) -> Vault {
        let origin = Origin::parse("log.example").unwrap();
        let key = crate::init::fresh_key("log.example").unwrap();
        let policy = format!("log {}\nquorum none\n", key.verifier());
        let (log, policy) = ("http://log.example", policy.as_bytes());
        let new = NewVault { log, origin: &origin, policy, unlock: &Unlock::Plain };
        Vault::create(&folder.join("vault"), &new).unwrap()
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_refused_and_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing");
        std::fs::write(&path, [1; 10]).unwrap();
        let chunks = Cell::new(0);
        let grow = |_| {
            chunks.set(chunks.get() + 1);
            if chunks.get() < 1000 {
                let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
                file.write_all(&[1; 99]).unwrap();
            }
        };
        let seen = sight(&vault(folder.path()), UnixMillis(1), &path, &grow);
        assert!(matches!(seen, Err(AgentError::Input(_))));
        assert!(chunks.get() < 5, "{} chunks were read", chunks.get());
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let seen = sight(&vault(folder.path()), UnixMillis(1), &path, &|_| ());
        assert!(matches!(seen, Err(AgentError::Input(_))));
    }
}
