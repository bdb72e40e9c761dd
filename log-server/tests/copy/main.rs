//! `copy`, `export` and `mirror` as commands: whole trees, and everything that must not get into one. And
//! whole logs that move, from files into a database and a bucket and back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../../../tests/support/bucket.rs"]
mod bucket;
#[path = "../../../tests/support/engine.rs"]
mod engine;
mod folders;
mod homes;
mod interrupted;
mod kinds;
mod lies;
mod million;
mod mirrored;
mod moved;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../tests/support/part.rs"]
mod part;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres;
mod rebuilt;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../tests/support/s3.rs"]
mod s3;
mod support;
mod trees;
