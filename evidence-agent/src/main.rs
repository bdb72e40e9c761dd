//! The program `fiducial-agent`; everything it does is in the library.

use std::io::{stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(evidence_agent::run(std::env::args_os(), &mut stdout(), &mut stderr()))
}
