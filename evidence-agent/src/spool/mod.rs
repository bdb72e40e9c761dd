//! The spool: from what was seen to what is anchored, in three turns that never wait for each other.
//!
//! ```text
//! capture turn  collectors -> evidence -> readings -> links -> pending     one commit for many
//! seal turn     pending -> a signed statement at the source's tick         one commit a statement
//! send turn     statements -> the log -> proofs, verified -> receipts      on a thread of its own
//! ```
//!
//! The vault stands between the turns, and a crash between any two commits leaves the state before
//! or behind one of them. What is done again then is done with the same outcome: an item is new or
//! it is in `seen`; a statement is the chain's next or it is not there; a send is the same bytes.
//!
//! Invariants: one statement a tick (see `seal` for the one exception); nothing is signed at a
//! sequence that may have been signed before; nothing is anchored by the log's word alone; a log
//! that is away for weeks stops nothing but sending.
//!
//! The rooms: `capture`, `seal`, `send` are the turns; `understood` says what is in a sighting,
//! `schedule`, `closing`, `outage`, `record` and `tags` what is in a statement; `clock` watches the
//! clock; `checkpoint`, `receipts` and `resume` judge what the log says; `daily` is for lines without
//! a network.

pub(crate) mod capture;
pub(crate) mod checkpoint;
pub(crate) mod clock;
mod closing;
pub(crate) mod daily;
pub(crate) mod outage;
pub(crate) mod receipts;
pub(crate) mod record;
pub(crate) mod resume;
pub(crate) mod salts;
pub(crate) mod schedule;
pub(crate) mod seal;
pub(crate) mod send;
mod state;
pub(crate) mod tags;
mod understood;

#[cfg(test)]
mod simulation;
