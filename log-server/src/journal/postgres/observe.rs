//! What a server sees of the others: how many entries there are, and what is signed and published.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::database::Database;
use super::guard::{stop_all, went_back};
use super::journal::other_place;
use super::line::Line;
use super::rows;
use super::schema;
use super::session::{Session, Trouble};
use crate::answer::Fatal;

const LOOK: &str = "SELECT h.size, h.stopped, greatest(s.size, 0) AS signed, s.size > p.size AS waits, \
     (SELECT id FROM log_place) AS place, \
     (SELECT coalesce(max(version), 0) FROM log_schema) AS version, \
     CASE WHEN p.size > $1 OR (p.size = $1 AND octet_length(p.note) > $2) THEN p.note END AS note \
     FROM log_head AS h, log_note AS s, log_note AS p \
     WHERE s.kind = 'signed' AND p.kind = 'published'";

/// How often it is seen to that nobody who stands still keeps what all need.
const SEE_TO_HOLDERS: Duration = Duration::from_millis(200);

/// What the database holds at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Entries.
    pub size: u64,
    /// The size of the last signed head; 0 before the first.
    pub signed: u64,
    /// Whether that head is not published yet.
    pub waits: bool,
    /// The published note, if it is newer than what was shown, or has more cosignatures.
    pub note: Option<Vec<u8>>,
}

/// Looks at the database. Owned by the follower.
pub struct Observer {
    line: Line,
    /// When it was seen to holders the last time.
    seen_to: Cell<Option<Instant>>,
}

impl Observer {
    /// Connects with the first look.
    #[must_use]
    pub fn new(database: Arc<Database>) -> Self {
        Self { line: Line::new(database), seen_to: Cell::new(None) }
    }

    /// Looks once. `shown` is the size and the length of the note that is shown, if there is one.
    ///
    /// Costs one question, and now and then another one.
    pub fn look(&self, shown: Option<(u64, usize)>) -> Result<Observed, Trouble> {
        let (size, length) = shown.map_or((-1, 0), |(size, length)| {
            (rows::signed(size), i32::try_from(length).expect("a note is small"))
        });
        // Taken before: what is committed meanwhile may be seen or not.
        let known = self.line.database.known().clone();
        let observed = self.line.ask(|session| {
            let row = session.query_one(LOOK, &[&size, &length])?;
            // Who is in office would stay it for as long as its statements happen to be understood.
            schema::known_version(rows::value(&row, "version")?)?;
            if let Some(why) = rows::value::<Option<String>>(&row, "stopped")? {
                return Err(rows::stopped(&why));
            }
            // A server alone appends without reading the head, and would seal where nobody reads.
            if known.place.is_some() && rows::place(&row)? != known.place {
                return Err(other_place().into());
            }
            let (size, signed) = (rows::number(&row, "size")?, rows::number(&row, "signed")?);
            if size < known.size || signed < known.signed {
                return Err(went_back(session, &known, size, signed).into());
            }
            self.line.database.saw_signed(signed);
            let (waits, note) = (rows::value(&row, "waits")?, rows::value(&row, "note")?);
            Ok(Observed { size, signed, waits, note })
        })?;
        self.see_to_holders();
        Ok(observed)
    }

    /// Every server does so, whoever waits: the one that would have to let go cannot.
    fn see_to_holders(&self) {
        if self.seen_to.get().is_some_and(|last| last.elapsed() < SEE_TO_HOLDERS) {
            return;
        }
        self.seen_to.set(Some(Instant::now()));
        match self.line.ask(Session::end_half_asked) {
            Ok(0) => {}
            Ok(sessions) => tracing::warn!(
                sessions,
                "a server stood still with a question half asked, and what it held was taken from it"
            ),
            // The next look says what else is wrong.
            Err(trouble) => tracing::debug!(%trouble, "it was not seen to holders"),
        }
    }

    /// Leaves a word that stops every server.
    pub fn tell_to_stop(&self, why: &Fatal) {
        let told = self.line.ask(|session| {
            stop_all(session, &why.to_string());
            Ok(())
        });
        if let Err(trouble) = told {
            tracing::error!(%trouble, "the other servers could not be told to stop");
        }
    }
}
