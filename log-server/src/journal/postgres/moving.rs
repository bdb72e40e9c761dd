//! A database as one end of a move: whether the log is here, how it leaves, and how it arrives.
//!
//! Rule: `moved`. The row of `log_move` says how far a move is. While the log is not here,
//! `log_head.stopped` says why, which stops every commit and every server, and whoever leaves takes the
//! office of publishing for ever with it: a server in the middle of storing a head finds that it lost it.
//! To arrive is one transaction.
//!
//! Nothing here asks whether the log is stopped before it looks: that is what it is here for.

use std::sync::Arc;

use bytes::Bytes;
use spec::Hash;
use spec::tree::Tree;

use super::database::Database;
use super::rows::{self, signed};
use super::schema::{self, MakeError};
use super::session::{Session, Trouble};
use crate::answer::Fatal;
use crate::heads::{Kept, SignedHead};
use crate::id::Id;
use crate::journal::{Loaded, SourceHead, frame};
use crate::moved::{Mark, Stage};
use crate::settings::Settings;

/// Entries that become one batch: at most so many, and about so many bytes of them.
const CHUNK: usize = 4096;
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

const NOTE_MOVE: &str = "INSERT INTO log_move (id, state, other, leaves, tiles) VALUES ($1, $2, $3, $4, 0) \
     ON CONFLICT (one) DO UPDATE SET id = $1, state = $2, other = $3, leaves = $4";

/// What a database holds of a log.
#[derive(Clone, Debug)]
pub struct Held {
    /// What the log is.
    pub settings: Settings,
    /// Where in a move it is, if it ever was moved.
    pub mark: Option<Mark>,
    /// The tree of all entries.
    pub tree: Tree,
}

/// A log without its tiles and its keys, at one moment: what moves as one.
#[derive(Clone, Debug)]
pub struct Read {
    /// The journal.
    pub loaded: Loaded,
    /// The note of the last signed head.
    pub signed: Option<Vec<u8>>,
    /// The published note.
    pub published: Option<Vec<u8>>,
}

/// What arrives.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The journal.
    pub loaded: &'a Loaded,
    /// The tree of all its entries.
    pub tree: Tree,
    /// The last signed head.
    pub signed: &'a SignedHead,
    /// The published checkpoint.
    pub published: Option<&'a SignedHead>,
    /// The last statement of every source.
    pub sources: &'a [SourceHead],
}

/// How far a move into a database has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// So many leaf hashes are in.
    pub leaves: u64,
    /// The full tiles of so many entries are in its store.
    pub tiles: u64,
}

/// See the module's text. Owned by one thread.
pub struct PostgresHome {
    session: Session,
}

impl PostgresHome {
    /// Connects, and changes nothing.
    pub fn open(database: &Arc<Database>) -> Result<Self, Trouble> {
        Ok(Self { session: database.connect_anyhow()? })
    }

    /// Brings the tables up to this program's version, and makes them where there are none.
    pub fn migrate(&self) -> Result<(), Trouble> {
        schema::migrate_with(&self.session).map(drop)
    }

    /// What it holds; `None` where there is no log.
    pub fn held(&self) -> Result<Option<Held>, Trouble> {
        let Some(settings) = schema::settings_with(&self.session)? else { return Ok(None) };
        let head = rows::head_anyhow(&self.session)?;
        let tree = Tree::new(head.size, head.root)
            .ok_or_else(|| rows::strange("the root of no entries is none"))?;
        Ok(Some(Held { settings, mark: self.mark()?, tree }))
    }

    fn mark(&self) -> Result<Option<Mark>, Trouble> {
        let found = self.session.query("SELECT id, state, other FROM log_move", &[])?;
        let Some(row) = found.first() else { return Ok(None) };
        let state: &str = rows::value(row, "state")?;
        let stage = Stage::parse(state).ok_or_else(|| rows::strange("an unknown stage"))?;
        Ok(Some(Mark { id: rows::id(row, "id")?, stage, other: rows::value(row, "other")? }))
    }

    /// Reads the journal and both heads, as of one moment. The tables may be of an older version.
    pub fn read(&self) -> Result<Read, Trouble> {
        let session = &self.session;
        rows::at_one_moment(session, || {
            let head = rows::head_anyhow(session)?;
            let loaded = rows::load_below_anyhow(session, &head)?;
            let note = |kept: Kept| -> Result<Option<Vec<u8>>, Trouble> {
                let question = "SELECT size, note FROM log_note WHERE kind = $1";
                let row = session.query_one(question, &[&kept.name()])?;
                let is_there = rows::value::<i64>(&row, "size")? >= 0;
                Ok(if is_there { Some(rows::value(&row, "note")?) } else { None })
            };
            Ok(Read { loaded, signed: note(Kept::Signed)?, published: note(Kept::Published)? })
        })
    }

    /// Begins to leave: from now on no server takes or signs anything here. Repeatable.
    pub fn leave(&self, id: Id, to: &str) -> Result<(), Trouble> {
        self.within(|session| {
            let head = session.query_one("SELECT size, stopped FROM log_head FOR UPDATE", &[])?;
            if self.mark()?.is_some_and(|mark| mark.stage == Stage::Leaving && mark.id == id) {
                return Ok(());
            }
            if let Some(why) = rows::value::<Option<String>>(&head, "stopped")? {
                return Err(rows::stopped(&why));
            }
            let mark = Mark { id, stage: Stage::Leaving, other: to.to_owned() };
            self.note(&mark, rows::value(&head, "size")?)?;
            // Who is about to store a head waits for this row, and then finds another holder.
            let order = "UPDATE log_lease SET holder = $1, fence = fence + 1, until = 'infinity'";
            session.execute(order, &[&id.as_slice()]).map(drop)
        })
    }

    /// The log has arrived at the other end.
    pub fn left(&self, id: Id) -> Result<(), Trouble> {
        self.within(|_| {
            let mark = self.expect_stage(id, &[Stage::Leaving, Stage::Moved])?;
            self.note(&Mark { stage: Stage::Moved, ..mark }, self.progress()?.leaves_signed())
        })
    }

    /// Takes a leave back.
    pub fn stay(&self, id: Id) -> Result<(), Trouble> {
        self.within(|session| {
            let mark = self.expect_stage(id, &[Stage::Leaving])?;
            self.note(&Mark { stage: Stage::Here, ..mark }, self.progress()?.leaves_signed())?;
            session.batch(
                "UPDATE log_lease SET holder = '', fence = fence + 1, until = clock_timestamp()",
            )
        })
    }

    /// Begins to be filled: nothing is served here until all is there. Repeatable.
    pub fn begin(&self, id: Id, from: &str, settings: &Settings) -> Result<(), Trouble> {
        self.within(|session| {
            let held = self.held()?;
            if let Some(held) = &held {
                check_may_fill(held, settings)?;
            } else {
                schema::fill(session, &settings.origin, settings.admission).map_err(trouble)?;
            }
            let before = held.and_then(|held| held.mark);
            let leaves = if before.is_some() { self.progress()?.leaves_signed() } else { 0 };
            let mark = Mark { id, stage: Stage::Arriving, other: from.to_owned() };
            let goes_on = before.is_some_and(|before| before.id == id);
            self.note(&mark, leaves)?;
            if !goes_on {
                session.batch("UPDATE log_move SET tiles = 0; DELETE FROM log_place")?;
            }
            Ok(())
        })
    }

    /// How far it is filled.
    pub fn progress(&self) -> Result<Progress, Trouble> {
        let row = self.session.query_one("SELECT leaves, tiles FROM log_move", &[])?;
        Ok(Progress { leaves: rows::number(&row, "leaves")?, tiles: rows::number(&row, "tiles")? })
    }

    /// The full tiles of so many entries are in the store.
    pub fn note_tiles(&self, id: Id, size: u64) -> Result<(), Trouble> {
        let order = "UPDATE log_move SET tiles = $2 WHERE id = $1 AND state = 'arriving'";
        self.session.execute(order, &[&id.as_slice(), &signed(size)]).map(drop)
    }

    /// Adds leaf hashes, the first of which is that of the entry `from`.
    pub fn add_leaves(&self, id: Id, from: u64, leaves: &[Hash]) -> Result<(), Trouble> {
        self.within(|session| {
            let to = signed(from + leaves.len() as u64);
            let order = "UPDATE log_move SET leaves = $3 \
                 WHERE id = $1 AND state = 'arriving' AND leaves = $2";
            if session.execute(order, &[&id.as_slice(), &signed(from), &to])? != 1 {
                return Err(another_move().into());
            }
            let order = "INSERT INTO log_leaf (leaf, index) SELECT g.leaf, $1 + g.place - 1 \
                 FROM unnest($2::bytea[]) WITH ORDINALITY AS g (leaf, place) ON CONFLICT DO NOTHING";
            let leaves: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.as_bytes().as_slice()).collect();
            session.execute(order, &[&signed(from), &leaves]).map(drop)
        })
    }

    /// THE STEP: with it the log is here, and nowhere else. Everything of it happens or nothing does.
    pub fn arrive(&self, id: Id, arrival: Arrival<'_>) -> Result<(), Trouble> {
        self.within(|session| {
            let mark = self.expect_stage(id, &[Stage::Arriving])?;
            if self.progress()?.leaves != arrival.tree.size() {
                return Err(rows::strange("not all leaf hashes have arrived"));
            }
            session.batch("DELETE FROM log_batch; DELETE FROM log_source")?;
            insert_journal(session, arrival.loaded)?;
            insert_sources(session, arrival.sources)?;
            store_note(session, Kept::Signed, Some(arrival.signed))?;
            store_note(session, Kept::Published, arrival.published)?;
            session.batch(
                "UPDATE log_lease SET holder = '', fence = fence + 1, until = clock_timestamp()",
            )?;
            let order = "UPDATE log_head SET size = $1, root = $2, fence = fence + 1";
            let (size, root) = (signed(arrival.tree.size()), arrival.tree.root());
            session.execute(order, &[&size, &root.as_bytes().as_slice()])?;
            self.note(&Mark { stage: Stage::Here, ..mark }, size)
        })
    }

    /// Gives up to be filled.
    pub fn close(&self, id: Id) -> Result<(), Trouble> {
        self.within(|_| {
            let mark = self.expect_stage(id, &[Stage::Arriving, Stage::Closed])?;
            self.note(&Mark { stage: Stage::Closed, ..mark }, self.progress()?.leaves_signed())
        })
    }

    /// Writes the mark, and what it means for the servers.
    fn note(&self, mark: &Mark, leaves: i64) -> Result<(), Trouble> {
        let (id, word, other) = (mark.id.as_slice(), mark.stage.word(), mark.other.as_str());
        self.session.execute(NOTE_MOVE, &[&id, &word, &other, &leaves])?;
        let stopped = mark.refusal();
        self.session.execute("UPDATE log_head SET stopped = $1", &[&stopped]).map(drop)
    }

    /// The mark of this move, which must be at one of these stages, held until the transaction ends.
    fn expect_stage(&self, id: Id, stages: &[Stage]) -> Result<Mark, Trouble> {
        self.session.query("SELECT 1 FROM log_move FOR UPDATE", &[])?;
        let mark = self.mark()?.filter(|mark| mark.id == id && stages.contains(&mark.stage));
        mark.ok_or_else(|| another_move().into())
    }

    fn within<T>(&self, work: impl FnOnce(&Session) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.session.batch("BEGIN")?;
        let done = work(&self.session);
        self.session.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        done
    }
}

impl Progress {
    fn leaves_signed(self) -> i64 {
        signed(self.leaves)
    }
}

fn check_may_fill(held: &Held, settings: &Settings) -> Result<(), Fatal> {
    if held.settings != *settings {
        return Err(Fatal::new(format!(
            "The database holds the journal of the log {} (admission {}), and this is {} (admission {}). \
             Another log needs a database of its own.",
            held.settings.origin, held.settings.admission, settings.origin, settings.admission
        )));
    }
    match &held.mark {
        Some(mark) if matches!(mark.stage, Stage::Arriving | Stage::Closed | Stage::Moved) => {
            Ok(())
        }
        _ => Err(Fatal::new(
            "The database holds a log that is served from it; nothing is moved over that.",
        )),
    }
}

fn another_move() -> Fatal {
    Fatal::new(
        "Another move of this log has begun meanwhile, or this one was given up: nothing more is done \
         here.",
    )
}

fn trouble(error: MakeError) -> Trouble {
    match error {
        MakeError::Trouble(trouble) => trouble,
        MakeError::Exists(_) => Fatal::new(error.to_string()).into(),
    }
}

fn insert_journal(session: &Session, loaded: &Loaded) -> Result<(), Trouble> {
    let first = loaded.base.frontier.size();
    let base = frame::format_base(&loaded.base);
    session.execute(
        "UPDATE log_base SET size = $1, base = $2, first = $1",
        &[&signed(first), &base],
    )?;
    let mut index = first;
    for chunk in chunks(&loaded.entries) {
        let order = "INSERT INTO log_batch (first, count, id, entries) VALUES ($1, $2, $3, $4)";
        let (count, id) = (chunk.len() as u64, Id::draw()?);
        let entries = rows::packed(chunk);
        session.execute(order, &[&signed(index), &signed(count), &id.as_slice(), &entries])?;
        index += count;
    }
    Ok(())
}

/// Runs of entries, each small enough for one row.
fn chunks(entries: &[Bytes]) -> Vec<&[Bytes]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, entry) in entries.iter().enumerate() {
        if at > start && (at - start >= CHUNK || bytes + entry.len() > CHUNK_BYTES) {
            chunks.push(&entries[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += entry.len();
    }
    if start < entries.len() {
        chunks.push(&entries[start..]);
    }
    chunks
}

fn insert_sources(session: &Session, sources: &[SourceHead]) -> Result<(), Trouble> {
    for some in sources.chunks(CHUNK) {
        let names: Vec<&str> = some.iter().map(|head| head.source.as_str()).collect();
        let sequences: Vec<i64> = some.iter().map(|head| signed(head.sequence)).collect();
        let leaves: Vec<&[u8]> = some.iter().map(|head| head.leaf.as_bytes().as_slice()).collect();
        let afters: Vec<i64> = some.iter().map(|head| signed(head.after)).collect();
        let order = "INSERT INTO log_source (source, sequence, leaf, after) \
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[])";
        session.execute(order, &[&names, &sequences, &leaves, &afters])?;
    }
    Ok(())
}

fn store_note(session: &Session, kept: Kept, head: Option<&SignedHead>) -> Result<(), Trouble> {
    let size = head.map_or(-1, |head| signed(head.checkpoint.tree().size()));
    let note = head.map(|head| head.note.to_bytes()).unwrap_or_default();
    let order = "UPDATE log_note SET size = $2, note = $3 WHERE kind = $1";
    session.execute(order, &[&kept.name(), &size, &note.as_slice()]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_cut_into_runs_by_count_and_by_bytes() {
        let small = vec![Bytes::from_static(b"e"); 2 * CHUNK + 1];
        let sizes: Vec<usize> = chunks(&small).iter().map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [CHUNK, CHUNK, 1]);
        let large = vec![Bytes::from(vec![0; CHUNK_BYTES / 2]); 5];
        let sizes: Vec<usize> = chunks(&large).iter().map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [2, 2, 1]);
        assert!(chunks(&[]).is_empty());
    }
}
