//! `fiducial`: judges what a log, a source or the other party has handed over.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// What is opened is read on all cores and dropped on one: a tenth of a bundle's judgement went to glibc's
/// allocator (measured). Here and not in the library, which others may link beside their own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(verifier_cli::run(std::env::args_os()))
}
