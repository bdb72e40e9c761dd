//! A mirror: follows a log and keeps all of it, each state verified before it is shown.
//!
//! What a mirror shows only grows, and is one history: a source that went back or that shows another one is
//! refused, and the refused checkpoint is kept as `checkpoint.refused` beside the good one, since the
//! two together prove what happened. What it shows was accepted by the policy of then: one that names other
//! witnesses since counts for what comes.

use spec::note::MAX_NOTE_SIZE;
use spec::policy::Policy;

use super::store::{Folder, Sink, Source};
use super::{CopyError, Listener, Summary, accept_own, bring, head_of};
use crate::heads::CHECKPOINT;

/// The file of a checkpoint that contradicts the mirror's own.
pub const REFUSED: &str = "checkpoint.refused";

/// What a look at the source came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The mirror has now this.
    Grew(Summary),
    /// Nothing new there.
    Same,
}

/// Looks once, and brings the mirror to what the source has.
pub fn follow(
    source: &dyn Source,
    folder: &Folder,
    policy: &Policy,
    listener: &dyn Listener,
) -> Result<Followed, CopyError> {
    let head = head_of(source, policy)?;
    let place = Sink::name(folder);
    let own = Sink::file(folder, CHECKPOINT, MAX_NOTE_SIZE);
    let own = own.map_err(|error| CopyError::Io { place: place.clone(), error })?;
    if own.as_ref() == Some(&head.note) {
        return Ok(Followed::Same);
    }
    let own = accept_own(own, &place, policy)?;
    match bring(source, folder, &head, policy, listener) {
        // The same tree under other signatures or times: shown, and no news.
        Ok(_) if own.is_some_and(|own| own.tree == head.tree) => Ok(Followed::Same),
        Ok(summary) => Ok(Followed::Grew(summary)),
        Err(error @ CopyError::History { .. }) => {
            let kept = folder.write(REFUSED, head.note);
            kept.map_err(|error| CopyError::Io { place, error })?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}
