//! Watches tables of a database that change in place: rows appear before they are complete, and
//! columns of a review are filled in later.
//!
//! All rows of the query with one key are one item, a *row set*: a board with its defects, say. It is
//! rendered as canonical bytes (see `rows`), and those bytes are the evidence. A row set whose bytes
//! are others than those in the vault is a new version. One that is not complete yet waits.
//!
//! Read-only three times over: the session is set so that it cannot write, each question is a
//! transaction that is declared so, and the query stands in parentheses, where no statement that
//! writes may stand. What a function that the query calls does is beyond that: give this watch a user
//! with the right to read and no other.
//!
//! The database is spared: pages of bounded size, each of its own short transaction, with a time limit
//! for each; between the slow full passes only the rows that `recent` chooses.
//!
//! Out of scope: other databases than PostgreSQL, and TLS to it.

mod rows;
mod session;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::Deserialize;

use super::memory::{Backoff, Presence, Print};
use super::{
    Collector, Looked, MAX_LOOK_SIZE, Remembered, Span, Trouble, is_due, next_version, refused,
    shown,
};
use crate::error::AgentError;
use crate::model::{Content, Hash256, ItemKey, Seen, Sighting, UnixMillis, WatchName};
use rows::RowSet;
use session::{Page, Session};

/// The most pages that one look reads, so that it ends within a bounded time.
const MAX_PAGES: usize = 40;

/// The most rows that one page may have.
const MAX_ROWS: u32 = 10_000;

/// A watch of `type = "sql"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlConfig {
    /// The database, in the words of libpq: `host=10.0.0.5 user=reader dbname=aoi`.
    pub(crate) connection: String,
    /// A file with the user's password; a line break at its end is not part of it.
    #[serde(default)]
    pub(crate) password_file: Option<PathBuf>,
    /// The question, one SELECT.
    pub(crate) query: String,
    /// The columns of it that tell one row set from another. Rows in which one is null are left out,
    /// and complained of.
    pub(crate) key: Vec<String>,
    /// A column to go through the rows by, such as a time or a counter, equal in all rows of one key.
    /// None: by key.
    #[serde(default)]
    pub(crate) order: Option<String>,
    /// A condition on the query's columns that a complete row meets, `enddatetime IS NOT NULL` for
    /// example. None: every row is complete.
    #[serde(default)]
    pub(crate) complete: Option<String>,
    /// A condition that says which rows may still change soon, `startdatetime > now() - interval '14
    /// days'` for example: the others are looked at in full passes only. None: all may.
    #[serde(default)]
    pub(crate) recent: Option<String>,
    /// How often the rows are looked through.
    #[serde(default = "Span::half_minute")]
    pub(crate) poll: Span,
    /// How often those are that are not recent.
    #[serde(default = "Span::day")]
    pub(crate) full: Span,
    /// How many rows are read at once; at most 10,000. No row set may have more.
    #[serde(default = "rows_at_once")]
    pub(crate) rows: u32,
    /// How long the database may take for one page.
    #[serde(default = "timeout")]
    pub(crate) timeout: Span,
}

const fn rows_at_once() -> u32 {
    500
}

const fn timeout() -> Span {
    Span::seconds(10)
}

/// A query that is watched.
pub(crate) struct Sql {
    watch: WatchName,
    config: SqlConfig,
    session: Option<Session>,
    pass: Option<Pass>,
    began: Option<UnixMillis>,
    began_full: Option<UnixMillis>,
    backoff: Backoff,
    presence: Presence,
    /// Why the database cannot be asked.
    blind: Option<Trouble>,
    /// Row sets that were not complete when the last pass counted them.
    unsettled: usize,
}

/// A pass under way.
struct Pass {
    is_full: bool,
    /// The place of the last row set that was looked at.
    after: Option<Vec<String>>,
}

/// Why a pass goes no further.
enum Failure {
    /// The database; it is tried again.
    Database(String),
    /// The vault.
    Vault(AgentError),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Database(why)
    }
}

impl From<AgentError> for Failure {
    fn from(error: AgentError) -> Self {
        Self::Vault(error)
    }
}

/// What a page led to.
enum Step {
    /// There may be more behind it.
    More,
    /// There is not.
    Over,
    /// The look is full; the pass goes on behind what it took.
    Full,
}

impl Sql {
    /// Makes the watch; asks nothing yet.
    pub(crate) fn new(watch: WatchName, config: SqlConfig) -> Result<Self, AgentError> {
        let input = refused(&watch);
        if config.key.is_empty() {
            return Err(input("`key` names no column".to_string()));
        }
        if !(1..=MAX_ROWS).contains(&config.rows) {
            return Err(input(format!("`rows` may be 1 to {MAX_ROWS}")));
        }
        Session::check(&config).map_err(input)?;
        Ok(Self {
            watch,
            config,
            session: None,
            pass: None,
            began: None,
            began_full: None,
            backoff: Backoff::default(),
            presence: Presence::default(),
            blind: None,
            unsettled: 0,
        })
    }

    /// What failures are counted under.
    fn print() -> Print {
        Print::of(b"database")
    }

    /// Begins a pass if it is time, and says whether one is under way.
    fn begin(&mut self, now: UnixMillis, looked: &mut Looked) -> Result<bool, String> {
        if self.pass.is_some() {
            return Ok(true);
        }
        if !is_due(self.began, now, self.config.poll) || self.backoff.waits(Self::print(), now) {
            return Ok(false);
        }
        self.began = Some(now);
        let is_full =
            self.config.recent.is_none() || is_due(self.began_full, now, self.config.full);
        if self.session.is_none() {
            self.session = Some(Session::open(&self.config)?);
        }
        let session = self.session.as_mut().expect("a session was just opened");
        let (incomplete, keyless) = session.count(is_full)?;
        self.unsettled = usize::try_from(incomplete).unwrap_or(usize::MAX);
        if keyless > 0 {
            let why = format!("{keyless} have no key, since a column of it is null; left out");
            looked.complain(self.watch.0.clone(), Trouble::Rows(why));
        }
        self.presence.abandon();
        self.pass = Some(Pass { is_full, after: None });
        Ok(true)
    }

    /// Reads one page and takes the row sets that are new or changed.
    fn step(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
        held: &mut usize,
        looked: &mut Looked,
    ) -> Result<Step, Failure> {
        let (Some(pass), Some(session)) = (&mut self.pass, &mut self.session) else {
            return Ok(Step::Over);
        };
        let Page { sets, is_last, too_large } =
            session.page(pass.is_full, pass.after.as_deref())?;
        if let Some(set) = too_large {
            let why = format!("more than {} have this key; raise `rows`", self.config.rows);
            looked.complain(shown(&set.key.0), Trouble::Rows(why));
            // What is there is not missing, though it is not captured.
            self.presence.mark(Print::of(&set.key.0));
            pass.after = Some(set.place);
        }
        let keys: Vec<ItemKey> = sets.iter().map(|set| set.key.clone()).collect();
        let seen = remembered.seen_many(&self.watch, &keys)?;
        for (set, before) in sets.into_iter().zip(seen) {
            if looked.sightings.len() >= limit || *held >= MAX_LOOK_SIZE {
                return Ok(Step::Full);
            }
            pass.after = Some(set.place.clone());
            let item = Print::of(&set.key.0);
            if self.presence.has(item) {
                let why = "those of this key have several values in the `order` column; name one \
                           that is equal in all of them";
                looked.complain(shown(&set.key.0), Trouble::Rows(why.to_string()));
                continue;
            }
            self.presence.mark(item);
            let size = set.bytes.len();
            if let Some(sighting) = sighting(&self.watch, set, before, now) {
                *held += size;
                looked.sightings.push(sighting);
            }
        }
        Ok(if is_last { Step::Over } else { Step::More })
    }

    /// Ends a pass: after a full one it is known what is missing.
    fn finish(
        &mut self,
        remembered: &dyn Remembered,
        looked: &mut Looked,
    ) -> Result<(), AgentError> {
        self.backoff.forget(Self::print());
        self.blind = None;
        let Some(pass) = self.pass.take() else { return Ok(()) };
        if !pass.is_full {
            self.presence.abandon();
            return Ok(());
        }
        self.began_full = self.began;
        self.presence.finish(remembered, &self.watch, looked)
    }

    /// Lets go of a session that failed; the pass begins anew on the next.
    fn fail(&mut self, why: String, now: UnixMillis, looked: &mut Looked) {
        (self.session, self.pass) = (None, None);
        self.presence.abandon();
        self.backoff.failed(Self::print(), now);
        self.blind = Some(Trouble::Database(why.clone()));
        looked.complain(self.watch.0.clone(), Trouble::Database(why));
    }
}

/// The sighting of a row set that is not as it was.
fn sighting(
    watch: &WatchName,
    set: RowSet,
    before: Option<Seen>,
    now: UnixMillis,
) -> Option<Sighting> {
    let sha256 = Hash256::from(spec::Hash::of(&set.bytes));
    if before.as_ref().is_some_and(|seen| seen.sha256 == sha256) {
        return None;
    }
    let version = next_version(before.as_ref());
    let size = set.bytes.len() as u64;
    Some(Sighting {
        watch: watch.clone(),
        name: set.name(),
        key: set.key,
        content: Content::Bytes(set.bytes),
        now: Seen { sha256, size, modified_nanos: 0, version, seen: now },
        before,
        prefix: None,
        // Nothing waits for this: what did not become durable is found again.
        token: 0,
    })
}

impl Collector for Sql {
    fn watch(&self) -> &WatchName {
        &self.watch
    }

    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError> {
        let mut looked = Looked::default();
        let mut held = 0;
        match self.begin(now, &mut looked) {
            Ok(true) => {}
            Ok(false) => {
                looked.unsettled = self.unsettled;
                looked.blind.clone_from(&self.blind);
                return Ok(looked);
            }
            Err(why) => {
                self.fail(why, now, &mut looked);
                looked.blind.clone_from(&self.blind);
                return Ok(looked);
            }
        }
        looked.more = true;
        for _ in 0..MAX_PAGES {
            match self.step(remembered, now, limit, &mut held, &mut looked) {
                Ok(Step::More) => continue,
                Ok(Step::Full) => {}
                Ok(Step::Over) => {
                    looked.more = false;
                    self.finish(remembered, &mut looked)?;
                }
                Err(Failure::Database(why)) => {
                    looked.more = false;
                    self.fail(why, now, &mut looked);
                }
                Err(Failure::Vault(error)) => return Err(error),
            }
            break;
        }
        looked.unsettled = self.unsettled;
        looked.blind.clone_from(&self.blind);
        Ok(looked)
    }
}
