//! Real parts for tests, from Debian's packages: a PostgreSQL and a RabbitMQ that are private to one
//! test and gone after it.
//!
//! Each has a folder of its own, listens on nothing that another could meet, and is stopped by its
//! process id. How one is found and started is in files that other rooms' tests share.
//!
//! Included by path where it is needed: in the unit tests of `collect`, and in the room `tests`.

pub(crate) mod broker;
#[path = "../../../../tests/support/part.rs"]
mod part;
#[path = "../../../../tests/support/postgres.rs"]
pub(crate) mod postgres;

use std::path::Path;

use part::{free_port, or_skipped, program, stop, wait_for_line};

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
