//! The follower: sees what the other servers of a log do, and brings this one up to it.
//!
//! A thread looks at the database many times a second: one small question. If there are entries that
//! this server has not read, it wakes the sequencer, which reads them; if another server has published,
//! it shows that here, once this server holds what the checkpoint covers and has computed the same root.
//! Who asks this server for something that it has not heard of may wait for a look: behind one name, the
//! answer before may have come from another server.
//!
//! It also notes in the data folder which tree there was (`journal::mark`), so that a server that
//! starts again notices a database that went back meanwhile.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spec::tree::{Tree, plan_root};

use crate::answer::{Fatal, Published};
use crate::heads;
use crate::journal::mark;
use crate::journal::postgres::{Observed, Observer, Trouble};
use crate::number;
use crate::publisher::unix_seconds;
use crate::shared::{Bell, Shared};

/// How often it looks when nobody asks.
const LOOK: Duration = Duration::from_millis(20);

/// How often it looks while the database is away.
const LOOK_AWAY: Duration = Duration::from_millis(200);

/// How long who asks waits for a look: then the answer is what is known here.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the mark is written at most.
const MARK_INTERVAL: Duration = Duration::from_secs(1);

/// What a look that was asked for has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// This server has all that was there to be seen.
    All,
    /// Nothing could be seen, or not in time.
    Away,
    /// It was seen how much there is, and this server has not taken over all of it yet.
    Behind,
}

/// Where others ask the follower to look.
#[derive(Debug, Default)]
pub struct Follow {
    state: Mutex<State>,
    looked: Condvar,
    bell: Bell,
}

#[derive(Debug, Default)]
struct State {
    /// Counts looks that have begun.
    begun: u64,
    /// The last look that has ended.
    ended: u64,
    /// Whether that one could not see anything.
    away: bool,
    /// Whether it saw what this server could not take over yet.
    behind: bool,
    /// What the other servers are to be told when this one ends.
    word: Option<Fatal>,
}

impl Follow {
    /// Waits for a look that begins after this call; for half a second at most, and not at all while
    /// the database is away.
    pub fn refresh(&self) -> Refreshed {
        let state = self.lock();
        let want = state.begun + 1;
        if state.away {
            return Refreshed::Away;
        }
        self.bell.ring();
        let waiting = |state: &mut State| state.ended < want && !state.away;
        let waited = self.looked.wait_timeout_while(state, PATIENCE, waiting);
        match waited {
            Ok((state, _)) if state.ended < want || state.away => Refreshed::Away,
            Ok((state, _)) if state.behind => Refreshed::Behind,
            Ok(_) => Refreshed::All,
            Err(_) => Refreshed::Away,
        }
    }

    /// Has all other servers stopped, for a reason that counts for them as well. This one must be stopped
    /// behind it by whoever says so.
    pub fn stop_all(&self, why: &Fatal) {
        self.lock().word = Some(why.clone());
        self.bell.ring();
    }

    fn begin(&self) -> u64 {
        let mut state = self.lock();
        state.begun += 1;
        state.begun
    }

    fn end(&self, look: u64, away: bool, behind: bool) {
        let mut state = self.lock();
        (state.ended, state.away, state.behind) = (look, away, behind);
        drop(state);
        self.looked.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's work.
pub struct Follower {
    shared: Arc<Shared>,
    follow: Arc<Follow>,
    observer: Observer,
    /// The size of the last mark, and when it was written.
    marked: (u64, Instant),
}

impl Follower {
    /// Prepares to follow.
    #[must_use]
    pub fn new(shared: Arc<Shared>, follow: Arc<Follow>, observer: Observer) -> Self {
        let marked = (0, Instant::now());
        Self { shared, follow, observer, marked }
    }

    /// Works until the log is over.
    pub fn run(mut self) -> Result<(), Fatal> {
        let mut away = false;
        while !self.shared.is_over() {
            let look = self.follow.begin();
            let seen = self.look();
            if seen.is_err() {
                self.forget_unpublished();
            }
            let behind = matches!(seen, Ok(false));
            let failed = match seen {
                Ok(_) => None,
                Err(Trouble::Fatal(fatal)) => {
                    self.follow.end(look, true, false);
                    return Err(fatal);
                }
                Err(trouble) => Some(trouble.to_string()),
            };
            match &failed {
                Some(why) if !away => tracing::warn!(%why, "other servers cannot be seen"),
                None if away => tracing::info!("other servers are seen again"),
                _ => {}
            }
            away = failed.is_some();
            self.follow.end(look, away, behind);
            if self.marked.1.elapsed() >= MARK_INTERVAL {
                self.mark();
            }
            self.follow.bell.wait(if away { LOOK_AWAY } else { LOOK });
        }
        let word = self.follow.lock().word.take();
        if let Some(why) = word {
            self.observer.tell_to_stop(&why);
        }
        self.mark();
        self.forget_unpublished();
        self.follow.end(u64::MAX, true, false);
        Ok(())
    }

    /// What was not seen just now is not known: a head that waited may be published, and nobody is to be told
    /// for ever that its witnesses are missing.
    fn forget_unpublished(&self) {
        if let Some(witnessing) = &self.shared.witnessing {
            witnessing.board.seen_unpublished(None);
        }
    }

    /// Looks once; whether all that was seen is here now.
    fn look(&self) -> Result<bool, Trouble> {
        let shown = self.shared.published();
        let is_any = !shown.note.is_empty();
        let shown = is_any.then(|| (shown.checkpoint.tree().size(), shown.note.len()));
        let Observed { size, signed, waits, note } = self.observer.look(shown)?;
        self.shared.signed_size.fetch_max(signed, Ordering::AcqRel);
        if let Some(witnessing) = &self.shared.witnessing {
            witnessing.board.seen_unpublished(waits.then_some(signed));
        }
        let has_all = self.catch_up(size);
        let is_shown = match note {
            Some(note) => self.show(&note)?,
            None => true,
        };
        Ok(has_all && is_shown)
    }

    /// Waits a moment until the sequencer has read so many entries; whether it has.
    fn catch_up(&self, size: u64) -> bool {
        let before = Instant::now();
        while self.shared.committed_size() < size
            && before.elapsed() < PATIENCE
            && !self.shared.is_over()
        {
            self.shared.queue.nudge();
            std::thread::sleep(Duration::from_millis(1));
        }
        self.shared.committed_size() >= size
    }

    /// Shows what another server has published; whether that can be done now.
    fn show(&self, note: &[u8]) -> Result<bool, Fatal> {
        let shared = &self.shared;
        let head = heads::parse(note, &shared.origin, &shared.keys).map_err(|why| {
            Fatal::new(format!(
                "The published checkpoint in the database is not this log's: {why}. Another log uses it, \
                 this server has other keys than the others, or it was changed by hand."
            ))
        })?;
        let tree = head.checkpoint.tree();
        if shared.committed_size() < tree.size() {
            // Shown with a later look, when what it covers can be read here.
            return Ok(false);
        }
        let root =
            shared.fold(&plan_root(tree.size())).ok().and_then(|mut roots| match tree.size() {
                0 => Some(Tree::EMPTY.root()),
                _ => roots.pop(),
            });
        match root {
            Some(root) if root == tree.root() => {
                let note = note.to_vec().into();
                shared.show(Published { note, checkpoint: head.checkpoint }, unix_seconds());
                if let Some(witnessing) = &shared.witnessing {
                    witnessing.board.published_elsewhere(tree.size());
                }
                Ok(true)
            }
            Some(_) => Err(Fatal::new(format!(
                "Another server has published a root of {} that this server does not have. The \
                 tiles are damaged or are not those of this log, or the database was changed. Run \
                 `fiducial-log check` on each server.",
                number::entries(tree.size())
            ))),
            // Its tiles cannot be read now, which reads say by themselves.
            None => Ok(false),
        }
    }

    fn mark(&mut self) {
        if self.shared.committed_size() <= self.marked.0 {
            return;
        }
        // One that could not be written is tried again in a moment, also if nothing more comes.
        self.marked.1 = Instant::now();
        let tree = self.shared.committed_tree();
        match mark::write(self.shared.disk.as_ref(), &self.shared.folder, tree) {
            Ok(()) => self.marked.0 = tree.size(),
            Err(error) => tracing::warn!(%error, "the mark of what is durable was not written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_waits_for_a_look_that_begins_later() {
        let follow = Arc::new(Follow::default());
        let early = follow.begin();
        let asking = follow.clone();
        let asked = std::thread::spawn(move || asking.refresh());
        // The one under way may not have seen what is asked for.
        follow.end(early, false, false);
        while !asked.is_finished() {
            let look = follow.begin();
            follow.end(look, false, false);
        }
        assert_eq!(asked.join().unwrap(), Refreshed::All);
        follow.end(follow.begin(), true, false);
        assert_eq!(follow.refresh(), Refreshed::Away);
        // Nobody looks any more.
        follow.end(follow.begin(), false, false);
        assert_eq!(follow.refresh(), Refreshed::Away);
    }

    #[test]
    fn a_look_that_leaves_something_behind_says_so() {
        let follow = Arc::new(Follow::default());
        let asking = follow.clone();
        let asked = std::thread::spawn(move || asking.refresh());
        while !asked.is_finished() {
            let look = follow.begin();
            follow.end(look, false, true);
        }
        assert_eq!(asked.join().unwrap(), Refreshed::Behind);
    }
}
