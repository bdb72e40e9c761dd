//! Looks at the world: what is new or changed becomes a sighting.
//!
//! | collector | what it looks at |
//! |---|---|
//! | `folder` | files that appear in a folder, and the same path with other bytes |
//! | `append` | one file that only ever grows |
//! | `amqp` | messages of a broker, CFX for one |
//! | `sql` | rows that appear, and that are filled in later |
//!
//! All of them read and none writes: a machine's files are not moved, locked or touched, a broker's
//! message is accepted only when it is durable in the vault, a database is asked in a session that
//! may not write. What cannot be read is a complaint for people and is tried again; it stops nothing.
//!
//! The order of one round, which the collectors rely on: `look`, then capture and commit, then
//! `settled`, then the next `look`. What was given and not settled is given again by a later look,
//! so a commit that failed loses nothing. What is in the vault is never given again, so nothing is
//! recorded twice.
//!
//! Out of scope: what the bytes mean (`import`), what follows from them (`chain`), when to look
//! (`site`).

pub(crate) mod amqp;
pub(crate) mod append;
pub(crate) mod folder;
mod memory;
#[cfg(test)]
#[allow(dead_code, reason = "each of its users needs a part of it")]
#[path = "../../tests/support/parts/mod.rs"]
mod parts;
mod read;
mod span;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
mod trouble;

pub(crate) use span::Span;
pub(crate) use trouble::Trouble;

use crate::error::AgentError;
use crate::model::{ItemKey, Seen, Sighting, UnixMillis, WatchName};

/// About how many bytes of evidence one look may hold in memory.
pub(crate) const MAX_LOOK_SIZE: usize = 64 * 1024 * 1024;

/// The most complaints of one look; the last then says that there are more.
const MAX_COMPLAINTS: usize = 64;

/// What collectors may ask of the vault.
pub(crate) trait Remembered {
    /// What is remembered of an item.
    fn seen(&self, watch: &WatchName, key: &ItemKey) -> Result<Option<Seen>, AgentError>;

    /// What is remembered of many items, in their order. An implementation that can answer from one
    /// transaction does: a folder asks for each of its files at every look.
    fn seen_many(
        &self,
        watch: &WatchName,
        keys: &[ItemKey],
    ) -> Result<Vec<Option<Seen>>, AgentError> {
        keys.iter().map(|key| self.seen(watch, key)).collect()
    }

    /// Visits every item that is remembered of a watch, in any order. It is asked only when items
    /// are missing, to learn their names.
    fn seen_below(
        &self,
        watch: &WatchName,
        visit: &mut dyn FnMut(&ItemKey, &Seen),
    ) -> Result<(), AgentError>;
}

/// One watch at work. Reads, never changes what it watches.
pub(crate) trait Collector: Send {
    /// Which watch this is.
    fn watch(&self) -> &WatchName;

    /// Looks once, and gives back at most `limit` sightings, of at most some 64 MiB together. More are
    /// there when `Looked::more` is set. What it cannot read is a complaint, not an error.
    ///
    /// May be called as often as one likes: before the watch's own interval is over it looks at
    /// nothing and gives nothing.
    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError>;

    /// Looks whether what is watched is there at all, and reads nothing of it; where that would take a
    /// connection, it does not look.
    fn probe(&self) -> Option<Trouble> {
        None
    }

    /// Whether being told so takes the items away from where they are, as a broker's messages are.
    fn takes_away(&self) -> bool {
        false
    }

    /// Told once the sightings with these tokens are durable in the vault. What is found again by
    /// looking need not be told: most collectors do nothing here.
    fn settled(&mut self, _tokens: &[u64]) -> Result<(), AgentError> {
        Ok(())
    }
}

/// What one look found.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// New or changed, stable, read whole.
    pub(crate) sightings: Vec<Sighting>,
    /// Whether looking again at once would give more.
    pub(crate) more: bool,
    /// How many items are there that are not stable yet.
    pub(crate) unsettled: usize,
    /// What could not be read, or is odd, for people: item and reason.
    pub(crate) complaints: Vec<(String, Trouble)>,
    /// Why nothing could be looked at, also while the next try is waited for: what is watched is not
    /// there or cannot be listed. A time like that is a gap, and not a day without reports.
    pub(crate) blind: Option<Trouble>,
    /// Whether it is not known yet if anything can be looked at: a connection is being made for the
    /// first time. A gap of an earlier run neither ends nor begins by that.
    pub(crate) undecided: bool,
    /// Whether items may be on their way that come by themselves, as a broker's do. Who looks only
    /// once waits until that is over.
    pub(crate) expecting: bool,
    /// What the last whole pass through a folder passed over because the watch does not mean it.
    pub(crate) left_out: LeftOut,
}

/// What lies in a watched folder and is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Files that the patterns do not mean.
    pub(crate) files: u64,
    /// Folders that the patterns leave out, or that lie deeper than the watch goes.
    pub(crate) folders: u64,
}

impl Looked {
    /// Adds a complaint, within the bound of one look.
    fn complain(&mut self, item: impl Into<String>, trouble: Trouble) {
        match self.complaints.len() {
            count if count < MAX_COMPLAINTS => self.complaints.push((item.into(), trouble)),
            MAX_COMPLAINTS => self.complaints.push((String::new(), Trouble::More)),
            _ => {}
        }
    }
}

/// Says that a watch is not configured as it must be.
fn refused(watch: &WatchName) -> impl Fn(String) -> AgentError + use<> {
    let watch = watch.0.clone();
    move |why| AgentError::Config(format!("the watch {watch}: {why}"))
}

/// What it means that a path cannot be opened.
fn trouble_of(error: &std::io::Error) -> Trouble {
    match error.kind() {
        std::io::ErrorKind::NotFound => Trouble::Missing,
        _ => Trouble::Unreadable(error.to_string()),
    }
}

/// Whether `period` is over since `last`. A clock that was set back counts as over: to look once
/// too often is cheap, to stop looking for a day is not.
fn is_due(last: Option<UnixMillis>, now: UnixMillis, period: Span) -> bool {
    last.is_none_or(|last| now < last || now.0 - last.0 >= period.millis())
}

/// A key or name as people see it.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The version after `before`.
fn next_version(before: Option<&Seen>) -> u64 {
    before.map_or(1, |seen| seen.version + 1)
}
