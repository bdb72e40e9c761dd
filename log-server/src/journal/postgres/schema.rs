//! The tables, and how they come to be: numbered steps, each applied once, all in one transaction.
//!
//! A step is never changed once released; a later version of the program adds another. A database that
//! a newer program has changed is refused: what it means is not known here. A server that is at work while that
//! happens stops, and leaves the office to the newer ones: whatever else they change, `log_schema` stays as it is.

use spec::checkpoint::Origin;
use spec::tree::Tree;

use super::database::Database;
use super::rows;
use super::session::{Session, Trouble};
use crate::admission::Admission;
use crate::answer::Fatal;
use crate::journal::{Base, frame};
use crate::settings::Settings;

/// The steps, in order; the version of a database is how many of them it has.
pub(super) const STEPS: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Any number that nobody else locks: two servers that start at once apply the steps once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4660046610375530309)";

/// Why no log was made in a database.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// There is one.
    #[error(
        "the database holds the journal of the log {0} already; another log needs a database (or a \
         schema, named by `options=-csearch_path=NAME` in the address) of its own"
    )]
    Exists(String),
    /// The database could not be used.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Brings the tables up to this program's version. Returns from which version.
pub fn migrate(database: &Database) -> Result<usize, Trouble> {
    migrate_with(&database.connect_anyhow()?)
}

pub(super) fn migrate_with(session: &Session) -> Result<usize, Trouble> {
    session.batch("BEGIN")?;
    let done = apply(session);
    session.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

fn apply(session: &Session) -> Result<usize, Trouble> {
    session.batch(LOCK)?;
    session.batch("CREATE TABLE IF NOT EXISTS log_schema (version integer PRIMARY KEY)")?;
    let from = check_version(session)?;
    for (at, step) in STEPS.iter().enumerate().skip(from) {
        session.batch(step)?;
        let version = i32::try_from(at + 1).expect("there are few steps");
        session.execute("INSERT INTO log_schema (version) VALUES ($1)", &[&version])?;
    }
    Ok(from)
}

/// The version of the tables, which is refused where a newer program has made it.
pub(super) fn check_version(session: &Session) -> Result<usize, Trouble> {
    let question = "SELECT coalesce(max(version), 0) AS version FROM log_schema";
    let row = session.query_one(question, &[])?;
    Ok(known_version(rows::value(&row, "version")?)?)
}

pub(super) fn known_version(version: i32) -> Result<usize, Fatal> {
    match usize::try_from(version).unwrap_or(0) {
        known if known <= STEPS.len() => Ok(known),
        _ => Err(Fatal::new(format!(
            "The database's tables have version {version}; this program knows {}. A newer version of \
             fiducial-log has changed them, so this one takes and signs nothing here. Upgrade this server: \
             start it with that version, as every other one.",
            STEPS.len()
        ))),
    }
}

/// Makes the journal of a new log: tables, and the rows that say what it is.
pub fn make(database: &Database, origin: &Origin, admission: Admission) -> Result<(), MakeError> {
    let session = database.connect_anyhow()?;
    migrate_with(&session)?;
    session.batch("BEGIN")?;
    let made = fill(&session, origin, admission);
    session.batch(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).map_err(MakeError::Trouble)?;
    made
}

/// The rows of a log without entries.
pub(super) fn fill(
    session: &Session,
    origin: &Origin,
    admission: Admission,
) -> Result<(), MakeError> {
    let order = "INSERT INTO log_head (origin, admission, size, root, fence) \
         VALUES ($1, $2, 0, $3, 0) ON CONFLICT DO NOTHING";
    let root = Tree::EMPTY.root();
    let (origin, admission) = (origin.as_str(), admission.to_string());
    if session.execute(order, &[&origin, &admission, &root.as_bytes().as_slice()])? == 0 {
        let row = session.query_one("SELECT origin FROM log_head", &[])?;
        return Err(MakeError::Exists(rows::value(&row, "origin")?));
    }
    let base = frame::format_base(&Base::empty());
    session.execute("INSERT INTO log_base (size, base, first) VALUES (0, $1, 0)", &[&base])?;
    session.batch(
        "INSERT INTO log_note (kind, size, note) VALUES ('signed', -1, ''), ('published', -1, '');
         INSERT INTO log_lease (holder, fence, until) VALUES ('', 0, clock_timestamp())",
    )?;
    Ok(())
}

/// What the log in the database is; `None` where there is none.
pub fn settings(database: &Database) -> Result<Option<Settings>, Trouble> {
    settings_with(&database.connect_anyhow()?)
}

pub(super) fn settings_with(session: &Session) -> Result<Option<Settings>, Trouble> {
    let there = session.query_one("SELECT to_regclass('log_head') IS NOT NULL AS there", &[])?;
    if !rows::value::<bool>(&there, "there")? {
        return Ok(None);
    }
    let found = session.query("SELECT origin, admission FROM log_head", &[])?;
    let Some(row) = found.first() else { return Ok(None) };
    let (origin, admission): (String, String) =
        (rows::value(row, "origin")?, rows::value(row, "admission")?);
    let wrong = |what: String| Trouble::Fatal(Fatal::new(what));
    let origin = Origin::parse(&origin)
        .map_err(|error| wrong(format!("The database names an origin that is none: {error}.")))?;
    let admission = match admission.as_str() {
        "any" => Admission::Any,
        "statements" => Admission::Statements,
        other => return Err(wrong(format!("The database names an unknown admission, {other}."))),
    };
    Ok(Some(Settings { origin, admission }))
}
