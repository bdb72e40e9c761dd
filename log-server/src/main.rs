//! `fiducial-log`: the log server. See `fiducial-log --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    log_server::cli::run()
}
