//! The program `fiducial-agent`; everything it does is in the library.

use std::io::{stderr, stdout};
use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Readings are made on all cores and dropped on one: a fifth of a capture's time went to glibc's
/// allocator (measured). Here and not in the library, which others may link beside their own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(evidence_agent::run(std::env::args_os(), &mut stdout(), &mut stderr()))
}
