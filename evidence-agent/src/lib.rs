//! Captures: hashes evidence, signs statements, anchors them, keeps the openings.
//!
//! ```text
//! collect   folders, growing files, AMQP, SQL   what is new or changed is a Sighting, read whole
//! import    bytes + mapping                     -> Reading: kind and values, as they are written
//! chain     what follows what                   supersedes, attempts, certificates in force
//! vault     evidence, salts, statements         durable before the first byte is sent
//! spool     capture turn, seal turn, send turn  one statement a tick, the same bytes however often
//! site      configuration, run loop, status     and the commands around it
//! disclose  the vault                           -> a folder that shows what was asked for, no more
//! ```
//!
//! Where to start reading: `spool` is the order of writes, `vault` is what must survive a crash,
//! `model` is what the rooms hand to one another.
//!
//! Invariants: a machine's files are read and never changed; what is captured is captured once, in
//! one transaction with what remembers it; bytes that were sent once are sent the same ever after;
//! nothing is called anchored by the log's word alone.
//!
//! Out of scope here: judging evidence, and whether the machine told the truth.

mod anchor;
mod chain;
mod cli;
mod clock;
mod collect;
mod disclose;
mod durable;
mod error;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz_targets;
mod import;
mod init;
mod log_client;
mod model;
mod number;
mod os;
mod report;
mod site;
mod spool;
mod vault;
mod whole;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

pub use clock::{Clock, TimeService};
pub use error::{EXIT_ANCHORED, EXIT_COULD_NOT, EXIT_INCOMPLETE, EXIT_REFUSED};
pub use model::UnixMillis;
pub use whole::{Papers, whole};

/// Runs the program with `arguments`, the first being its name, and returns its exit code.
///
/// Results go to `out`, everything else to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    run_with(arguments, out, err, &(Arc::new(clock::SystemClock::new()) as Arc<dyn Clock>))
}

/// The same under a clock that is handed in: `run` lives by it, every other command by the system's.
///
/// The program itself never does this; whoever tests a week in minutes does.
pub fn run_with(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> u8 {
    cli::run(arguments, out, err, clock)
}
