//! `fiducial`: judges what a log, a source or the other party has handed over.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// What is opened is read on all cores and dropped on one: a tenth of a bundle's judgement went to glibc's
/// allocator (measured). Here and not in the library, which others may link beside their own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(verifier_cli::run(std::env::args_os(), share_work))
}

/// Makes the thread that judges one of those that share the work. Where it handed all of it to others and slept, one of
/// them waited for the core that it was leaving, up to three milliseconds (measured). Without it, it is slower.
///
/// Here and not in the library: a thread that ends before its pool does, as those of tests do, would be missed there.
fn share_work() {
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}
