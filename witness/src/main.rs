//! `fiducial-witness`: the witness. See `fiducial-witness --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    witness::cli::run()
}
