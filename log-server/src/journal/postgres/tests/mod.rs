//! The journal at a real PostgreSQL: the contract, and what only a shared journal meets.

use std::sync::Arc;

use bytes::Bytes;
use spec::checkpoint::Origin;

use self::server::Postgres;
use super::*;
use crate::admission::Admission;
use crate::journal::{AppendError, Journal, News};

mod broken;
mod chains;
mod leaving;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../../../tests/support/part.rs"]
mod part;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../../../tests/support/postgres.rs"]
mod server;
mod shared;
mod tables;
mod tls;

fn origin() -> Origin {
    Origin::parse("postgres.example/log").unwrap()
}

fn database(address: &str) -> Arc<Database> {
    Arc::new(Database::new(address, None, DatabaseLimits::default()).unwrap())
}

/// A server with the journal of a new log.
fn made(admission: Admission) -> Option<Postgres> {
    let server = Postgres::start()?;
    schema::make(&database(&server.address()), &origin(), admission).unwrap();
    Some(server)
}

/// A journal as another server opens it.
fn open(address: &str) -> PostgresJournal {
    PostgresJournal::open(database(address), Admission::Any).unwrap().0
}

fn entries(range: std::ops::Range<u64>) -> Vec<Bytes> {
    range.map(|at| Bytes::from(format!("entry {at}"))).collect()
}

#[test]
fn it_keeps_the_contract() {
    let Some(server) = made(Admission::Any) else { return };
    crate::journal::contract::run(&mut open(&server.address()));
}
