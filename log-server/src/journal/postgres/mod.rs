//! The journal in PostgreSQL, for a log that several servers take entries for.
//!
//! One row is the head. A commit is one call of a function in the database (`schema/3.sql`): it locks
//! that row, compares size, root and fencing number with what this server believes, and inserts the
//! batch, its leaf hashes and the heads of its sources, or does nothing. So any number of servers
//! commit at once, and each may die, or sleep for an hour and wake, at any moment: a stale one is told
//! that it is, reads what the others wrote, and judges its entries again.
//!
//! - [`Database`]: which database, and what this server knows of it. `session`: one connection, asked
//!   by one thread; `line` makes it anew when it broke, `tls` encrypts it. `guard`: what is checked whenever one is made. `schema`: tables and migrations.
//! - [`PostgresJournal`]: the journal. `commit`: what a batch is in rows. `rows`: reading.
//! - [`moving`]: a log that moves into a database or out of one.
//! - [`place`]: which store of full tiles all servers use.
//! - [`PostgresHeads`]: the signed head and the checkpoint, under a lease. `observe`: what a server
//!   that does not publish sees.
//!
//! Whatever a connection does, one of three things is known of a question: it was answered, the
//! database refused it and nothing happened, or nobody knows ([`Trouble`]). After the third the commit
//! is settled before anything else: the batch is looked for by its id, and if it is not there the
//! fencing number is counted up, so that it cannot come true later.
//!
//! Invariants: clocks of servers decide nothing here; the database's does. A database that went back
//! behind what this server has seen stops the log, on every server. No password is ever in a message.
//!
//! Out of scope: replication and failover themselves, which are PostgreSQL's and its keeper's. What
//! they must promise is in `docs/postgres.md`.

mod commit;
mod database;
mod guard;
mod heads;
mod journal;
mod line;
pub mod moving;
mod observe;
pub mod place;
mod rows;
pub mod schema;
mod session;
#[cfg(test)]
mod tests;
mod tls;

pub use database::{CONNECTIONS, Database, DatabaseError, DatabaseLimits};
pub use heads::PostgresHeads;
pub use journal::PostgresJournal;
pub use observe::{Observed, Observer};
pub use session::Trouble;
