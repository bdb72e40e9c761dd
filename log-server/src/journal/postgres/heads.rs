//! The signed head and the checkpoint in the database, under a lease.
//!
//! Whoever holds the lease signs and publishes, and asks the witnesses; so there is one head in flight
//! and one conversation for each checkpoint, however many servers there are. The lease ends by the
//! database's clock unless it is renewed. It makes work orderly; what makes it safe is the fencing
//! number: it is counted up whenever the lease changes hands, and a head is stored only by who holds
//! the newest, only if it is larger than the last, and only below what is committed. A server that was
//! paused between signing and storing finds that its head is refused, and its signature goes nowhere.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use spec::note::Note;

use super::database::Database;
use super::line::Line;
use super::rows::{self, signed};
use super::session::Trouble;
use crate::answer::Fatal;
use crate::heads::{Kept, Office, Record, WriteError};
use crate::id::Id;
use crate::journal::Loaded;

const RENEW: &str = "UPDATE log_lease SET until = clock_timestamp() + $3 * interval '1 millisecond' \
     WHERE holder = $1 AND fence = $2";

const TAKE: &str = "UPDATE log_lease SET holder = $1, fence = fence + 1, \
     until = clock_timestamp() + $2 * interval '1 millisecond' \
     WHERE holder = $1 OR until <= clock_timestamp() RETURNING fence";

const LEAVE: &str =
    "UPDATE log_lease SET until = clock_timestamp() WHERE holder = $1 AND fence = $2";

/// The lease is locked, so that it does not change hands in between.
const STORE_SIGNED: &str = "UPDATE log_note SET size = $1, note = $2 \
     FROM (SELECT 1 FROM log_lease WHERE holder = $3 AND fence = $4 FOR UPDATE) AS office \
     WHERE kind = 'signed' AND size < $1 \
     AND $1 <= (SELECT h.size FROM log_head AS h WHERE h.stopped IS NULL)";

/// The same size again comes with cosignatures that were late.
const STORE_PUBLISHED: &str = "UPDATE log_note SET size = $1, note = $2 \
     FROM (SELECT 1 FROM log_lease WHERE holder = $3 AND fence = $4 FOR UPDATE) AS office \
     WHERE kind = 'published' AND size <= $1 \
     AND $1 <= (SELECT s.size FROM log_note AS s WHERE s.kind = 'signed')";

/// An office that is held, as far as is known here.
#[derive(Clone, Copy)]
struct Held {
    fence: i64,
    /// The database's turns when it was taken: after another one the witnesses are asked again.
    turns: u64,
    renewed: Instant,
}

/// See the module's text. Owned by the publisher.
pub struct PostgresHeads {
    line: Line,
    /// This process, among all that ever were.
    holder: Id,
    held: Cell<Option<Held>>,
    /// Whether it holds one, for other threads.
    in_office: Arc<AtomicBool>,
}

impl PostgresHeads {
    /// For one process.
    pub fn new(database: Arc<Database>) -> Result<Self, Fatal> {
        let holder = Id::draw()?;
        let (held, in_office) = (Cell::new(None), Arc::default());
        Ok(Self { line: Line::new(database), holder, held, in_office })
    }

    /// Shows to other threads whether the office is held, as far as is known here.
    #[must_use]
    pub fn in_office(&self) -> Arc<AtomicBool> {
        self.in_office.clone()
    }

    fn hold(&self, held: Option<Held>) {
        self.in_office.store(held.is_some(), Ordering::Release);
        self.held.set(held);
    }

    fn lease_millis(&self) -> f64 {
        self.line.database.limits.lease_time.as_secs_f64() * 1000.0
    }

    /// Whether the office is still held; renews it in time.
    fn keep(&self) -> Result<bool, WriteError> {
        let Some(held) = self.held.get() else { return Ok(false) };
        if held.renewed.elapsed() >= self.line.database.limits.lease_time / 3 {
            let values = (self.holder.as_slice(), held.fence, self.lease_millis());
            let renewed =
                self.line.ask(|session| session.execute(RENEW, &[&values.0, &values.1, &values.2]));
            if renewed.map_err(refused)? == 0 {
                return Ok(false);
            }
            self.hold(Some(Held { renewed: Instant::now(), ..held }));
        }
        // A database that failed over may have lost what the witnesses know.
        Ok(self.line.database.turns() == held.turns)
    }

    fn take(&self) -> Result<bool, WriteError> {
        self.hold(None);
        let values = (self.holder.as_slice(), self.lease_millis());
        let taken = self.line.ask(|session| {
            // Read before: if another thread notices a failover while this asks, the office may be of the database
            // that is gone, and is taken anew.
            let turns = self.line.database.turns();
            let rows = session.query(TAKE, &[&values.0, &values.1])?;
            let fence = rows.first().map(|row| rows::value::<i64>(row, "fence")).transpose()?;
            Ok(fence.map(|fence| Held { fence, turns, renewed: Instant::now() }))
        });
        let held = taken.map_err(refused)?;
        self.hold(held);
        Ok(held.is_some())
    }
}

impl Record for PostgresHeads {
    fn read(&self, kept: Kept) -> Result<Option<Vec<u8>>, WriteError> {
        let question = "SELECT size, note FROM log_note WHERE kind = $1";
        let found = self.line.ask(|session| {
            let row = session.query_one(question, &[&kept.name()])?;
            Ok((rows::value::<i64>(&row, "size")?, rows::value::<Vec<u8>>(&row, "note")?))
        });
        let (size, note) = found.map_err(refused)?;
        Ok((size >= 0).then_some(note))
    }

    fn write(&self, kept: Kept, size: u64, note: &Note) -> Result<(), WriteError> {
        let Some(held) = self.held.get() else { return Err(not_in_office()) };
        let order = match kept {
            Kept::Published => STORE_PUBLISHED,
            Kept::Signed => STORE_SIGNED,
        };
        let (number, bytes) = (signed(size), note.to_bytes());
        let holder = self.holder.as_slice();
        let stored = self.line.ask(|session| {
            // Connected anew to a database that failed over: the witnesses are asked before it is stored.
            if self.line.database.turns() != held.turns {
                return Ok(0);
            }
            session.execute(order, &[&number, &bytes.as_slice(), &holder, &held.fence])
        });
        match stored {
            Ok(1..) => {
                if kept == Kept::Signed {
                    self.line.database.saw_signed(size);
                }
                Ok(())
            }
            // What is stored is read anew with the next office, whatever it is.
            Ok(0) => {
                self.hold(None);
                Err(not_in_office())
            }
            Err(trouble) => {
                self.hold(None);
                Err(refused(trouble))
            }
        }
    }

    fn journal(&self, _size: u64) -> Result<Loaded, WriteError> {
        self.whole_journal()
    }

    fn whole_journal(&self) -> Result<Loaded, WriteError> {
        self.line.ask(rows::load).map(|(_, loaded)| loaded).map_err(refused)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn office(&self) -> Result<Office, WriteError> {
        if self.keep()? {
            return Ok(Office::Ours);
        }
        Ok(if self.take()? { Office::Begun } else { Office::Others })
    }

    fn is_held(&self) -> bool {
        self.held.get().is_some()
    }

    fn leave(&self) {
        if let Some(held) = self.held.get() {
            self.hold(None);
            // Without it the lease ends by itself.
            let holder = self.holder.as_slice();
            let _ = self.line.ask(|session| session.execute(LEAVE, &[&holder, &held.fence]));
        }
    }
}

fn not_in_office() -> WriteError {
    WriteError::Refused(std::io::Error::other("another server signs and publishes now"))
}

fn refused(trouble: Trouble) -> WriteError {
    match trouble {
        Trouble::Fatal(fatal) => WriteError::Fatal(fatal),
        other => WriteError::Refused(std::io::Error::other(other.to_string())),
    }
}
