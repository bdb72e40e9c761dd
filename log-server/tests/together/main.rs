//! Several servers of one log: one database, one folder or bucket of tiles, and a data folder for each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers are tests too")]

mod bucket;
mod carried;
mod faults;
mod load;
#[path = "../support/logs.rs"]
mod logs;
mod office;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../tests/support/part.rs"]
mod part;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres;
mod processes;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../tests/support/s3.rs"]
mod s3;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../witnessing/witness.rs"]
mod witness;
mod world;
