//! The journal itself: what this server believes the head is, and a connection to ask.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use spec::Hash;
use spec::frontier::{Frontier, Growth};
use spec::hash::leaf_hashes;
use spec::tile::TILE_WIDTH;

use super::commit::{Commit, Told};
use super::database::Database;
use super::guard::{stop_all, went_back};
use super::line::Line;
use super::rows::{self, Head, signed};
use super::session::{Session, Trouble};
use crate::admission::Admission;
use crate::answer::Fatal;
use crate::id::Id;
use crate::journal::{AppendError, Base, Journal, Loaded, News, frame};
use crate::number;

/// So many entries of what is read at once are counted together: a bundle of them.
const RUN: usize = TILE_WIDTH as usize;

/// No more entries than these are read while the head is held: a server that is paused while more are on
/// their way would hold up the others until somebody reads them. But not twice in a row: where the others
/// add more each time, a server that gave way each time would never have its turn.
pub(super) const MOST_HELD: u64 = 256;

/// See `journal::postgres`. Owned by one thread; any number of them may be open to one database.
pub struct PostgresJournal {
    line: Line,
    admission: Admission,
    /// The right edge, as far as this server has read.
    frontier: Frontier,
    /// The fencing number of commits, as it was read last.
    fence: i64,
    /// The bytes of the entries that are held, in runs with their ends: what was read or committed at
    /// once. Counted here, since the database would look at every row to say it.
    held: VecDeque<(u64, u64)>,
    /// Their sum.
    bytes: u64,
    base_bytes: u64,
    /// A commit whose answer was lost.
    unsettled: Option<Unsettled>,
    /// Whether the head is held for the next commit.
    holds: bool,
    /// Whether the head was let go the last time because there was much to read.
    gave_way: bool,
}

struct Unsettled {
    id: Id,
    growth: Growth,
    bytes: u64,
}

impl PostgresJournal {
    /// Opens the journal and reads it.
    pub fn open(database: Arc<Database>, admission: Admission) -> Result<(Self, Loaded), Trouble> {
        let line = Line::new(database);
        let (head, loaded) = line.ask(rows::load)?;
        let mut journal = Self {
            line,
            admission,
            frontier: Frontier::new(),
            fence: head.fence,
            held: VecDeque::new(),
            bytes: 0,
            base_bytes: 0,
            unsettled: None,
            holds: false,
            gave_way: false,
        };
        journal.take_over(&head, &loaded);
        Ok((journal, loaded))
    }

    fn take_over(&mut self, head: &Head, loaded: &Loaded) {
        let leaves: Vec<Hash> = leaf_hashes(&loaded.entries);
        self.frontier = loaded.base.frontier.clone();
        self.frontier.advance(&self.frontier.grow(&leaves));
        self.fence = head.fence;
        self.base_bytes = frame::format_base(&loaded.base).len() as u64;
        let from = loaded.base.frontier.size();
        let runs = loaded.entries.chunks(RUN).enumerate();
        let run = |(at, entries): (usize, &[Bytes])| {
            (from + (at * RUN + entries.len()) as u64, bytes_of(entries))
        };
        self.held = runs.map(run).collect();
        self.bytes = self.held.iter().map(|(_, bytes)| bytes).sum();
        self.line.database.saw_size(head.size);
    }

    /// Makes sure that there is a connection, so that whatever fails next was sent.
    fn connected(&self) -> Result<(), AppendError> {
        self.line.ask(|_| Ok(())).map_err(nothing_sent)
    }

    fn send(&mut self, commit: &Commit<'_>) -> Result<Told, Trouble> {
        let (frontier, fence, holds) = (&self.frontier, self.fence, self.holds);
        self.line.ask(|session| commit.send(session, frontier, fence, holds))
    }

    fn done(&mut self, growth: &Growth, bytes: u64) {
        self.frontier.advance(growth);
        if bytes > 0 {
            self.held.push_back((self.frontier.size(), bytes));
            self.bytes += bytes;
        }
        self.line.database.saw_size(self.frontier.size());
    }

    /// Holds the head, and reads what is new while nobody can append to it.
    fn hold(&mut self) -> Result<News, Trouble> {
        let from = self.frontier.size();
        let held = self.line.ask(|session| rows::hold_head(session, from, MOST_HELD));
        // Without its connection nothing is held.
        self.holds = !matches!(held, Err(Trouble::Away(_)));
        let (head, first) = held?;
        let is_much = head.size.saturating_sub(from) > MOST_HELD;
        self.gave_way = is_much && !self.gave_way;
        if self.gave_way {
            self.release()?;
        }
        self.read_news(&head, first)
    }

    /// What others have appended, given the head and the first of it, as far as that is read; `None` where
    /// that is trimmed.
    fn read_news(&mut self, head: &Head, first: Option<Vec<Bytes>>) -> Result<News, Trouble> {
        let place = self.line.database.known().place;
        if place.is_some() && place != head.place {
            return Err(other_place().into());
        }
        let from = self.frontier.size();
        if head.size < from {
            self.let_go_to_speak();
            let known = self.line.database.known().clone();
            let fatal = self.line.ask(|session| {
                let signed = rows::signed_size(session)?;
                Ok(went_back(session, &known, head.size, signed))
            })?;
            return Err(fatal.into());
        }
        let Some(mut entries) = first else { return self.reload() };
        let (missing, read) = (head.size - from, entries.len() as u64);
        if read < missing {
            let rest = |session: &Session| rows::entries(session, from + read, head.size);
            entries.extend(self.line.ask(rest)?);
        }
        if entries.len() as u64 != missing {
            return self.reload();
        }
        let leaves: Vec<Hash> = leaf_hashes(&entries);
        let growth = self.frontier.grow(&leaves);
        if growth.tree().root() != head.root {
            return Err(self.other_history(head.size).into());
        }
        self.fence = head.fence;
        self.done(&growth, bytes_of(&entries));
        Ok(if entries.is_empty() { News::None } else { News::Entries(entries) })
    }

    /// The journal was trimmed beyond what this server has read, or what follows it is no batch of its own: it
    /// was away for long, or the log has moved.
    fn reload(&mut self) -> Result<News, Trouble> {
        self.release()?;
        let (head, loaded) = self.line.ask(rows::load)?;
        let size = self.frontier.size();
        if !self.is_continued_by(&loaded) {
            return Err(self.other_history(size).into());
        }
        self.take_over(&head, &loaded);
        tracing::warn!(size, now = head.size, "this server was away for long and reads anew");
        Ok(News::Anew(loaded))
    }

    /// Whether what is stored gives the tree that this server has read, as far as the journal can tell: what is
    /// trimmed, the sequencer compares with the tiles.
    fn is_continued_by(&self, loaded: &Loaded) -> bool {
        let (base, known) = (&loaded.base.frontier, self.frontier.tree());
        let Some(behind) = known.size().checked_sub(base.size()) else { return true };
        let behind = usize::try_from(behind).expect("what is read fits in memory");
        let leaves: Option<Vec<Hash>> = loaded.entries.get(..behind).map(leaf_hashes);
        leaves.is_some_and(|leaves| base.grow(&leaves).tree() == known)
    }

    fn other_history(&mut self, size: u64) -> Fatal {
        let fatal = Fatal::new(format!(
            "The database holds another history than this server has read from it: the root of its {} is \
             another one. It went back and went on without entries that were acknowledged, or was \
             changed by hand. Nothing is accepted or signed. Bring back the database that has them; \
             see docs/postgres.md.",
            number::entries(size)
        ));
        self.tell_to_stop(&fatal);
        fatal
    }

    /// Lets go of the head before a word is left for the other servers: in the transaction that holds it
    /// the word would be rolled back with it, and they would go on.
    fn let_go_to_speak(&mut self) {
        // A connection that breaks lets go as well, and the word is left on the next.
        let _ = self.release();
    }

    /// Lets go of the head, if it is held.
    fn release(&mut self) -> Result<(), Trouble> {
        if std::mem::take(&mut self.holds) {
            return self.line.ask(|session| session.batch("ROLLBACK"));
        }
        Ok(())
    }

    /// Lets go of the head after a refusal, which may have spoiled the transaction.
    fn release_after(&mut self, trouble: Trouble) -> Trouble {
        if matches!(trouble, Trouble::Away(_)) {
            // The connection is gone, and with it what it held: another one would be made for nothing.
            self.holds = false;
        }
        match self.release() {
            Ok(()) | Err(Trouble::Away(_)) => trouble,
            Err(other) => other,
        }
    }
}

impl Journal for PostgresJournal {
    fn append(&mut self, expected: u64, batch: &[Bytes]) -> Result<(), AppendError> {
        if self.unsettled.is_some() {
            return Err(AppendError::Unknown("the batch before it is not settled".to_owned()));
        }
        self.connected()?;
        if expected != self.frontier.size() {
            let head = self.line.ask(rows::head).map_err(nothing_sent)?;
            let known = self.frontier.size();
            let size = if head.size == expected { known } else { head.size };
            return Err(AppendError::Conflict { size, expected });
        }
        let commit = Commit::new(&self.frontier, batch, self.admission)?;
        let bytes = bytes_of(batch);
        match self.send(&commit) {
            Ok(Told::Done) => {
                self.holds = false;
                self.done(&commit.growth, bytes);
                Ok(())
            }
            Ok(Told::Conflict { size }) => {
                self.holds = false;
                Err(AppendError::Conflict { size, expected })
            }
            Err(Trouble::Away(why)) => {
                self.holds = false;
                let (id, growth) = (commit.id, commit.growth);
                self.unsettled = Some(Unsettled { id, growth, bytes });
                Err(AppendError::Unknown(why))
            }
            Err(trouble) => match self.release_after(trouble) {
                duplicate if duplicate.is_duplicate() => Err(AppendError::Duplicate),
                Trouble::Fatal(fatal) => Err(fatal.into()),
                other => Err(AppendError::Refused(other.to_string())),
            },
        }
    }

    fn load(&self) -> Result<Loaded, Fatal> {
        match self.line.ask(rows::load) {
            Ok((_, loaded)) => Ok(loaded),
            Err(Trouble::Fatal(fatal)) => Err(fatal),
            Err(other) => Err(Fatal::new(other.to_string())),
        }
    }

    fn bytes(&self) -> u64 {
        self.base_bytes + self.bytes
    }

    fn trim(&mut self, base: &Base, _kept: &[Bytes]) -> Result<(), AppendError> {
        self.connected()?;
        let whole = frame::format_base(base);
        let upto = signed(base.frontier.size());
        let order = "SELECT log_trim($1, $2) AS done";
        self.line
            .ask(|session| session.query_one(order, &[&upto, &whole]))
            .map_err(nothing_sent)?;
        let is_gone = |run: &(u64, u64)| run.0 <= base.frontier.size();
        while let Some((_, bytes)) = self.held.front().copied().filter(is_gone) {
            self.held.pop_front();
            self.bytes -= bytes;
        }
        self.base_bytes = whole.len() as u64;
        Ok(())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn news(&mut self, hold: bool) -> Result<News, AppendError> {
        if self.unsettled.is_some() {
            return Err(AppendError::Unknown("a batch is not settled".to_owned()));
        }
        self.release().map_err(nothing_sent)?;
        let news = match hold {
            true => self.hold(),
            false => {
                self.line.ask(rows::head).and_then(|head| self.read_news(&head, Some(Vec::new())))
            }
        };
        news.map_err(|trouble| nothing_sent(self.release_after(trouble)))
    }

    fn let_go(&mut self) {
        // A connection that breaks lets go as well.
        let _ = self.release();
    }

    fn tell_to_stop(&mut self, why: &Fatal) {
        self.let_go_to_speak();
        // Where it cannot be told, the others find out for themselves.
        let _ = self.line.ask(|session| {
            stop_all(session, &why.to_string());
            Ok(())
        });
    }

    fn settle(&mut self) -> Result<bool, AppendError> {
        let Some(open) = self.unsettled.take() else { return Ok(false) };
        let question = "SELECT stored, now_fence FROM log_settle($1)";
        let found = self.line.ask(|session| {
            let row = session.query_one(question, &[&open.id.as_slice()])?;
            Ok((rows::value::<bool>(&row, "stored")?, rows::value::<i64>(&row, "now_fence")?))
        });
        match found {
            Ok((stored, fence)) => {
                self.fence = fence;
                if stored {
                    self.done(&open.growth, open.bytes);
                }
                Ok(stored)
            }
            Err(Trouble::Fatal(fatal)) => Err(fatal.into()),
            Err(trouble) => {
                self.unsettled = Some(open);
                Err(AppendError::Unknown(trouble.to_string()))
            }
        }
    }
}

/// What to say where the tiles moved while this server slept: it would seal where nobody reads.
pub(super) fn other_place() -> Fatal {
    Fatal::new(
        "The full tiles of this log are in another store than when this server started. It takes and seals \
         nothing more. Start it again with the store that its other servers name.",
    )
}

/// What to say of trouble where no commit was sent.
fn nothing_sent(trouble: Trouble) -> AppendError {
    match trouble {
        Trouble::Fatal(fatal) => fatal.into(),
        other => AppendError::Refused(other.to_string()),
    }
}

fn bytes_of(entries: &[Bytes]) -> u64 {
    entries.iter().map(|entry| entry.len() as u64).sum()
}
