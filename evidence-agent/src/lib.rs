//! Captures: hashes evidence, signs statements, anchors them, keeps the openings.
//!
//! ```text
//! file -> capture -> record -> batch -> statement, signed
//!      -> vault, durable                         before the first byte is sent
//!      -> log: POST /add, the same bytes however often
//!      -> proof, verified under the agent's own policy
//!      -> receipt and openings for people
//! ```
//!
//! Where to start reading: `anchor` is the order of these steps, `vault` is what must
//! survive a crash, `import` is what the agent understands of a report.
//!
//! Invariants: a report file is read and never changed; bytes that were sent once are sent the same
//! ever after; nothing is called anchored by the log's word alone.
//!
//! Out of scope here: watching folders, heartbeats at a fixed cadence, other formats than IPC-CFX.

mod anchor;
#[allow(dead_code, reason = "joined by `site`")]
mod chain;
mod cli;
mod clock;
#[allow(dead_code, reason = "joined by `site`")]
mod collect;
mod durable;
mod error;
#[allow(dead_code, reason = "joined by `site`")]
mod import;
mod init;
mod log_client;
#[allow(dead_code, reason = "joined by `site`")]
mod model;
mod report;
#[allow(dead_code, reason = "joined by `site`")]
mod spool;
#[allow(dead_code, reason = "joined by `site`")]
mod vault;

use std::ffi::OsString;
use std::io::Write;

pub use error::{EXIT_ANCHORED, EXIT_COULD_NOT, EXIT_REFUSED};

/// Runs the program with `arguments`, the first being its name, and returns its exit code.
///
/// Results go to `out`, everything else to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    cli::run(arguments, out, err)
}
