//! Watches one file that only ever grows, such as an `AOIData.Dat`: what is new at its end becomes a
//! sighting.
//!
//! What is remembered is a prefix: its length and its SHA-256. When the file has grown, the new bytes
//! are taken behind it. When the past has changed, or the file became shorter, all of it is given anew
//! from its first byte, with `before` set.
//!
//! | | `prefix` | `before` |
//! |---|---|---|
//! | first piece | 0 bytes | none |
//! | next piece | as many bytes as `before.size` | the piece before |
//! | after an edit | 0 bytes | the last piece of the old past |
//!
//! `Seen::sha256` and `Seen::size` are those of the whole prefix, the piece included.
//!
//! How a changed past is seen: the state of the hash at the end of the prefix is kept in memory, so a
//! look at a file that has grown reads what is new, and the first and last 64 KiB of the prefix, which
//! a file that was written anew hardly has as before. An edit in the middle is seen when all of it is
//! read again: after a restart, in the first look at a grown file after `reread`, and at least once in
//! `recheck` even if nothing seems changed. What a record says of the prefix is thus what it was within
//! the last `reread`; `reread = "0s"` reads all of it each time, about a second for a gigabyte.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::memory::{Backoff, Print, Recheck, Waiting};
use super::read::{copy, nanos};
use super::{
    Collector, Looked, MAX_LOOK_SIZE, Remembered, Span, Trouble, is_due, next_version, refused,
    trouble_of,
};
use crate::durable::folder_of;
use crate::error::AgentError;
use crate::import::MAX_INTERPRETED_SIZE;
use crate::model::{Content, Hash256, ItemKey, Seen, Sighting, UnixMillis, WatchName};
use crate::os::{self, Links};

/// How much of a known prefix's beginning and end is read again each time.
const EDGE_SIZE: u64 = 64 * 1024;

/// A watch of `type = "append"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppendConfig {
    /// The file.
    pub(crate) path: PathBuf,
    /// Where a piece ends.
    #[serde(default)]
    pub(crate) cut: Cut,
    /// How often the file is looked at.
    #[serde(default = "Span::half_minute")]
    pub(crate) poll: Span,
    /// How long the file must stay as it is before a last line without its end is taken too.
    #[serde(default = "stable")]
    pub(crate) stable: Span,
    /// How old the last reading of all of it may be when it has grown.
    #[serde(default = "Span::hour")]
    pub(crate) reread: Span,
    /// How often all of it is read again, even if its size and time of change are as before.
    #[serde(default = "Span::day")]
    pub(crate) recheck: Span,
}

/// Where a piece of a growing file may end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cut {
    /// After any byte.
    Anywhere,
    /// After a line break: a line that is still being written waits.
    #[default]
    Line,
}

const fn stable() -> Span {
    Span::seconds(300)
}

/// A growing file that is watched.
pub(crate) struct Append {
    watch: WatchName,
    config: AppendConfig,
    key: ItemKey,
    looked: Option<UnixMillis>,
    /// The state in which the file had nothing to give, and whether it was stable then.
    exhausted: Option<(Print, bool)>,
    waiting: Waiting,
    backoff: Backoff,
    recheck: Recheck,
    /// The prefix as it was read last.
    known: Option<Known>,
    /// Why the file cannot be opened.
    blind: Option<Trouble>,
}

/// A prefix whose hash can be gone on with.
struct Known {
    size: u64,
    sha256: Hash256,
    hasher: Sha256,
    /// Of its first and last bytes.
    edges: Hash256,
    /// When all of it was read.
    read: UnixMillis,
}

/// What lies before the pieces that are taken.
struct Prefix {
    hasher: Sha256,
    end: u64,
    /// When all of it was read.
    read: UnixMillis,
}

/// The file at one look.
struct Opened {
    file: File,
    size: u64,
    modified_nanos: i128,
    /// Whether it has stayed as it is for `stable`.
    is_stable: bool,
    /// Whether all of it is to be read.
    is_recheck: bool,
}

impl Append {
    /// Makes the watch; looks at nothing yet.
    pub(crate) fn new(watch: WatchName, config: AppendConfig) -> Result<Self, AgentError> {
        let Some(name) = config.path.file_name() else {
            return Err(refused(&watch)(format!("{} names no file", config.path.display())));
        };
        let key = ItemKey(os::name_bytes(name).into_owned());
        let recheck = Recheck::new(config.recheck);
        let (waiting, backoff) = Default::default();
        let (looked, exhausted, known, blind) = (None, None, None, None);
        Ok(Self { watch, config, key, looked, exhausted, waiting, backoff, recheck, known, blind })
    }

    fn item(&self) -> String {
        self.config.path.display().to_string()
    }

    fn open(&self) -> io::Result<(File, Metadata)> {
        let file = os::open_to_read(&self.config.path, Links::Followed)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not a file"));
        }
        Ok((file, metadata))
    }

    /// Whether nobody has begun the file yet, in a folder that is there.
    fn is_awaited(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound && folder_of(&self.config.path).is_dir()
    }

    /// Opens the file if it is time to, and has something to give.
    fn due(
        &mut self,
        before: Option<&Seen>,
        now: UnixMillis,
        looked: &mut Looked,
    ) -> Option<Opened> {
        let item = Print::of(&self.key.0);
        let (file, metadata) = match self.open() {
            Ok(opened) => opened,
            Err(error) => {
                self.backoff.failed(item, now);
                let trouble = trouble_of(&error);
                let is_away = before.is_some() || !self.is_awaited(&error);
                self.blind = is_away.then(|| trouble.clone());
                looked.complain(self.item(), trouble);
                return None;
            }
        };
        self.blind = None;
        self.backoff.forget(item);
        let (size, modified_nanos) = (metadata.len(), nanos(&metadata));
        let state = Print::of_state(size, modified_nanos);
        let is_stable = self.waiting.is_stable(item, state, now, self.config.stable);
        self.recheck.begin(now);
        let is_same = before
            .is_some_and(|seen| (seen.size, seen.modified_nanos) == (size, modified_nanos))
            || self.exhausted == Some((state, is_stable));
        let is_recheck = self.recheck.is_due(item);
        let is_wanted = !is_same || is_recheck;
        is_wanted.then_some(Opened { file, size, modified_nanos, is_stable, is_recheck })
    }

    /// The state of the hash behind the prefix, with the file standing there, if the prefix is known
    /// from before and need not be read whole.
    fn known_prefix(
        &self,
        opened: &mut Opened,
        seen: &Seen,
        now: UnixMillis,
    ) -> io::Result<Option<(Sha256, UnixMillis)>> {
        let is_of = |known: &&Known| (known.size, known.sha256) == (seen.size, seen.sha256);
        let Some(known) = self.known.as_ref().filter(is_of) else { return Ok(None) };
        let is_old = is_due(Some(known.read), now, self.config.reread);
        // One that did not grow and has another time was perhaps edited in its place.
        if opened.is_recheck || is_old || opened.size <= seen.size {
            return Ok(None);
        }
        if edges(&mut opened.file, seen.size)? != known.edges {
            opened.file.seek(SeekFrom::Start(0))?;
            return Ok(None);
        }
        opened.file.seek(SeekFrom::Start(seen.size))?;
        Ok(Some((known.hasher.clone(), known.read)))
    }

    /// Finds the end of the prefix, by reading it again if it must be; where the past is another, that
    /// is the beginning. The file stands there.
    fn prefix(
        &self,
        mut opened: Opened,
        before: Option<&Seen>,
        now: UnixMillis,
        looked: &mut Looked,
    ) -> io::Result<(Opened, Prefix)> {
        let mut prefix = Prefix { hasher: Sha256::new(), end: 0, read: now };
        let Some(seen) = before else { return Ok((opened, prefix)) };
        if let Some((hasher, read)) = self.known_prefix(&mut opened, seen, now)? {
            return Ok((opened, Prefix { hasher, end: seen.size, read }));
        }
        let mut take = |chunk: &[u8]| prefix.hasher.update(chunk);
        prefix.end = copy(&mut opened.file, seen.size, &mut take)?;
        if Hash256(prefix.hasher.clone().finalize().into()) == seen.sha256 {
            return Ok((opened, prefix));
        }
        let trouble = if opened.size < seen.size {
            Trouble::Shrank { from: seen.size, to: opened.size }
        } else {
            Trouble::Rewritten
        };
        looked.complain(self.item(), trouble);
        // Opened afresh: the bytes that follow must be those of one file.
        let (file, metadata) = self.open()?;
        let (size, modified_nanos) = (metadata.len(), nanos(&metadata));
        let opened = Opened { file, size, modified_nanos, ..opened };
        Ok((opened, Prefix { hasher: Sha256::new(), end: 0, read: now }))
    }

    /// Takes the pieces behind the prefix.
    fn take(
        &mut self,
        opened: Opened,
        before: Option<&Seen>,
        now_is: UnixMillis,
        limit: usize,
        looked: &mut Looked,
    ) -> io::Result<()> {
        let (mut opened, prefix) = self.prefix(opened, before, now_is, looked)?;
        let Prefix { mut hasher, end: mut at, read } = prefix;
        let (mut last, mut held) = (before.cloned(), 0);
        // A file that was emptied after an edit still has a version to give: one of no bytes.
        let mut is_owed = at == 0 && (last.is_none() || last.as_ref().is_some_and(|s| s.size > 0));
        while (at < opened.size || is_owed) && looked.sightings.len() < limit {
            if held >= MAX_LOOK_SIZE {
                looked.more = true;
                break;
            }
            let piece = self.piece(&mut opened, at)?;
            if piece.is_empty() && opened.size > 0 {
                looked.unsettled = 1;
                break;
            }
            is_owed = false;
            let prefix = (at, Hash256(hasher.clone().finalize().into()));
            hasher.update(&piece);
            (at, held) = (at + piece.len() as u64, held + piece.len());
            let now = Seen {
                sha256: Hash256(hasher.clone().finalize().into()),
                size: at,
                modified_nanos: opened.modified_nanos,
                version: next_version(last.as_ref()),
                seen: now_is,
            };
            let before = last.replace(now.clone());
            looked.sightings.push(self.sighting(piece, now, before, prefix));
        }
        looked.more |= at < opened.size && looked.unsettled == 0;
        let edges = edges(&mut opened.file, at)?;
        let sha256 = Hash256(hasher.clone().finalize().into());
        self.known = Some(Known { size: at, sha256, hasher, edges, read });
        Ok(())
    }

    /// The bytes of the next piece, which begins where the file stands; none if it must wait.
    fn piece(&self, opened: &mut Opened, at: u64) -> io::Result<Vec<u8>> {
        let most = (opened.size - at).min(MAX_INTERPRETED_SIZE as u64);
        let mut piece = Vec::new();
        opened.file.by_ref().take(most).read_to_end(&mut piece)?;
        // A piece of the largest size may end in the middle of a line: some lines never end.
        let is_full = piece.len() == MAX_INTERPRETED_SIZE;
        let end = match self.config.cut {
            _ if opened.is_stable && !is_full => piece.len(),
            Cut::Anywhere => piece.len(),
            Cut::Line => {
                let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                if end == 0 && is_full { piece.len() } else { end }
            }
        };
        let back = i64::try_from(piece.len() - end).expect("a piece is small");
        opened.file.seek(SeekFrom::Current(-back))?;
        piece.truncate(end);
        Ok(piece)
    }

    fn sighting(
        &self,
        piece: Vec<u8>,
        now: Seen,
        before: Option<Seen>,
        prefix: (u64, Hash256),
    ) -> Sighting {
        let name = self.config.path.file_name().unwrap_or(OsStr::new(""));
        Sighting {
            watch: self.watch.clone(),
            key: self.key.clone(),
            name: os::name_bytes(name).into_owned(),
            content: Content::Bytes(piece),
            now,
            before,
            prefix: Some(prefix),
            token: 0,
        }
    }
}

impl Collector for Append {
    fn watch(&self) -> &WatchName {
        &self.watch
    }

    fn probe(&self) -> Option<Trouble> {
        self.open().err().filter(|error| !self.is_awaited(error)).map(|error| trouble_of(&error))
    }

    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError> {
        let mut looked = Looked::default();
        let item = Print::of(&self.key.0);
        looked.blind.clone_from(&self.blind);
        if !is_due(self.looked, now, self.config.poll) || self.backoff.waits(item, now) {
            return Ok(looked);
        }
        let before = remembered.seen(&self.watch, &self.key)?;
        self.looked = Some(now);
        let opened = self.due(before.as_ref(), now, &mut looked);
        looked.blind.clone_from(&self.blind);
        let Some(opened) = opened else { return Ok(looked) };
        let state = (Print::of_state(opened.size, opened.modified_nanos), opened.is_stable);
        if let Err(error) = self.take(opened, before.as_ref(), now, limit, &mut looked) {
            // A piece of a file that cannot be read on is not taken: it is read whole next time.
            looked.sightings.clear();
            self.known = None;
            looked.complain(self.item(), Trouble::Unreadable(error.to_string()));
            self.backoff.failed(item, now);
        }
        self.exhausted = looked.sightings.is_empty().then_some(state);
        if looked.more || !looked.sightings.is_empty() {
            // What was given is durable before the next look, which then goes on behind it.
            self.looked = None;
        }
        Ok(looked)
    }
}

/// The hash of the first and the last bytes of a prefix; leaves the file anywhere.
fn edges(file: &mut File, size: u64) -> io::Result<Hash256> {
    let mut hasher = Sha256::new();
    for start in [0, size.saturating_sub(EDGE_SIZE)] {
        file.seek(SeekFrom::Start(start))?;
        copy(file, EDGE_SIZE.min(size), &mut |chunk| hasher.update(chunk))?;
    }
    Ok(Hash256(hasher.finalize().into()))
}

#[cfg(test)]
mod tests;
