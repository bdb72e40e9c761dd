//! `fiducial`: judges what a log, a source or the other party has handed over.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(verifier_cli::run(std::env::args_os()))
}
