//! What is checked whenever a connection is made: whether the database keeps its promises, and whether
//! it is still the one that this server knows.
//!
//! A database that could lose an acknowledged commit is refused before anything is promised. One that
//! went back (an older copy, or a standby that had not received everything) is noticed by what this
//! server has seen; then the log stops here, and a word is left in the head that stops all servers.

use tokio_postgres::Row;

use super::database::{Database, Known};
use super::rows;
use super::schema;
use super::session::{Session, Trouble};
use crate::answer::Fatal;
use crate::number;

/// The oldest version of PostgreSQL that this is tried with.
const OLDEST_VERSION: i32 = 150_000;

const PROMISES: &str = "SELECT pg_is_in_recovery() AS standby, \
     current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync, \
     current_setting('synchronous_commit') AS commits, \
     current_setting('synchronous_standby_names') AS standbys";

/// A timeline as of this moment. That of the last checkpoint lags behind a promotion.
const IDENTITY: &str = "SELECT (SELECT system_identifier FROM pg_control_system()) AS system, \
     ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint AS timeline";

/// Locks rows and changes nothing, which is committed like a change: where there is a standby, it then has
/// this commit and all before it. A session that waits for one does not notice that it was given up, so only
/// one may: the others wait for the rows, and that has an end.
const CONFIRMED: &str = "SELECT version FROM log_schema FOR UPDATE";

/// Refuses a database that may lose what it says it has committed, and notices another timeline.
pub(super) fn check_promises(session: &Session, database: &Database) -> Result<(), Trouble> {
    let row = session.query_one(PROMISES, &[])?;
    if rows::value::<bool>(&row, "standby")? {
        return Err(Trouble::Away("it is a standby, which takes no commits".to_owned()));
    }
    let version: i32 = rows::value(&row, "version")?;
    if version < OLDEST_VERSION {
        let text = format!("PostgreSQL 15 or later is needed; this is {}", version / 10_000);
        return Err(Fatal::new(text).into());
    }
    if let Some(broken) = broken_promise(&row)? {
        return Err(Fatal::new(format!(
            "The database may lose entries after it has confirmed them: {broken}. The log does not \
             start on it. See docs/postgres.md."
        ))
        .into());
    }
    let row = session.query_one(IDENTITY, &[])?;
    note_identity(
        &mut database.known(),
        rows::value(&row, "system")?,
        rows::value(&row, "timeline")?,
    )
}

fn broken_promise(row: &Row) -> Result<Option<&'static str>, Trouble> {
    let fsync: String = rows::value(row, "fsync")?;
    let commits: String = rows::value(row, "commits")?;
    let standbys: String = rows::value(row, "standbys")?;
    Ok(match (commits.as_str(), standbys.trim().is_empty()) {
        _ if fsync != "on" => Some("`fsync` is off; set it on"),
        ("off", _) => Some("`synchronous_commit` is off; set it on"),
        ("local" | "remote_write", false) => Some(
            "standbys are configured, and `synchronous_commit` does not wait until they have \
             written; set it on",
        ),
        _ => None,
    })
}

fn note_identity(known: &mut Known, system: i64, timeline: i64) -> Result<(), Trouble> {
    if known.system.is_some_and(|seen| seen != system) {
        return Err(Fatal::new(
            "Another database answers at the journal's address than before: it has another system \
             identifier. If it is a copy that was put in place of the old one, it may lack entries \
             that were acknowledged. Nothing is signed. Bring the old one back, or see \
             docs/postgres.md on a database that went back.",
        )
        .into());
    }
    if let Some(before) = known.timeline.filter(|before| *before != timeline) {
        tracing::warn!(before, timeline, "the database has failed over to another timeline");
        known.turns += 1;
    }
    (known.system, known.timeline) = (Some(system), Some(timeline));
    Ok(())
}

/// Compares what the database holds with what this server has seen of it before.
pub(super) fn check_history(session: &Session, database: &Database) -> Result<(), Trouble> {
    // Behind a restart PostgreSQL shows commits that were still waiting for the standby. Whoever finds an
    // entry among them tells its index, and a failover would take that back.
    for row in &session.query(CONFIRMED, &[])? {
        schema::known_version(rows::value(row, "version")?)?;
    }
    let origin: String =
        rows::value(&session.query_one("SELECT origin FROM log_head", &[])?, "origin")?;
    let known = database.known().clone();
    if let Some(want) = known.origin.as_ref().filter(|want| want.as_str() != origin) {
        return Err(Fatal::new(format!(
            "The database holds the journal of the log {origin}, and the data folder is of {want}. \
             Check the journal's address."
        ))
        .into());
    }
    let head = rows::head(session)?;
    let signed = rows::signed_size(session)?;
    if head.size < known.size || signed < known.signed {
        return Err(went_back(session, &known, head.size, signed).into());
    }
    database.saw_size(head.size);
    database.saw_signed(signed);
    Ok(())
}

/// What to say of a database that lacks what this server has seen in it. Tells the other servers too.
pub(super) fn went_back(session: &Session, known: &Known, size: u64, signed: u64) -> Fatal {
    let text = format!(
        "The database went back: it holds {} and a signed head of {signed}, but had {} and \
         {} before. It is an older copy, or a standby that was promoted without the last commits. \
         Entries that are lost were acknowledged. Nothing is accepted or signed. Bring back the \
         database that has them. If it is gone for good, see docs/postgres.md on what may be done.",
        number::entries(size),
        known.size,
        known.signed
    );
    stop_all(session, &text);
    Fatal::new(text)
}

/// Leaves a word in the head that stops every server. Where that fails, this one stops all the same.
pub(super) fn stop_all(session: &Session, why: &str) {
    let left = session.execute("UPDATE log_head SET stopped = $1 WHERE stopped IS NULL", &[&why]);
    if let Err(trouble) = left {
        tracing::error!(%trouble, "the other servers could not be told to stop");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_timeline_is_counted_and_another_cluster_refused() {
        let mut known = Known::default();
        note_identity(&mut known, 7, 1).unwrap();
        note_identity(&mut known, 7, 1).unwrap();
        assert_eq!(known.turns, 0);
        note_identity(&mut known, 7, 2).unwrap();
        assert_eq!((known.turns, known.timeline), (1, Some(2)));
        assert!(matches!(note_identity(&mut known, 8, 2), Err(Trouble::Fatal(_))));
    }
}
