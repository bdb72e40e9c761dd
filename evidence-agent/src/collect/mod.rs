//! Looks at the world: what is new or changed becomes a sighting. (Signatures first.)

use crate::error::AgentError;
use crate::model::{ItemKey, Seen, Sighting, UnixMillis, WatchName};

/// What collectors may ask of the vault.
pub(crate) trait Remembered {
    /// What is remembered of an item.
    fn seen(&self, watch: &WatchName, key: &ItemKey) -> Result<Option<Seen>, AgentError>;
}

/// One watch at work. Reads, never changes what it watches.
pub(crate) trait Collector: Send {
    /// Which watch this is.
    fn watch(&self) -> &WatchName;
    /// Looks once, and gives back at most `limit` sightings, of at most some 64 MiB together. More are
    /// there when `Looked::more` is set. What it cannot read is a complaint, not an error.
    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError>;
    /// Told once the sightings with these tokens are durable in the vault.
    fn settled(&mut self, tokens: &[u64]) -> Result<(), AgentError>;
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
    /// What could not be read, for people: item and reason.
    pub(crate) complaints: Vec<(String, String)>,
}
