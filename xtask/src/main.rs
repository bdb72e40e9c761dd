//! The project's own commands: demo, test, bench, and the checks behind them.
//!
//! Rust instead of shell, so that they run wherever the project builds. Everything a command
//! starts is printed as a user would type it. Each command has a file of its own; [`run`] starts
//! programs, [`report`] counts what passed.
//!
//! Out of scope: what the programs do. This crate depends on none of the rooms.

/// Prints a line, and goes on when nobody reads it any more: `cargo xtask demo | head` still stops
/// the programs it has started, and still ends with what it found.
macro_rules! out {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}

mod azurite;
mod bench;
mod check;
mod demo;
mod deny;
mod engine;
mod garage;
mod report;
mod rgw;
mod run;
mod test;
mod web;
mod windows;

use std::process::ExitCode;

const HELP: &str = "
cargo xtask demo  [--once] [--listen ADDR] [--dir DIR] [--release]
    Builds the programs, starts a log, anchors the sample reports, proves, verifies, shows an
    altered report refused, lets the agent watch a line at work, and stays up until Ctrl-C. With
    --once it ends by itself.
cargo xtask test  [--soak] [--garage] [--rgw] [--clouds]
    Runs everything: format, lints, house rules, all tests, documentation, the verifier in a
    browser, licences, a short run of the benchmark. Tests of whole logs run on the embedded store and
    again on PostgreSQL and S3. With --soak the crash tests run for a long time.
    With --garage object storage is tried on Garage, which is built once where it is missing; with
    --rgw on Ceph's gateway, which is unpacked once from Debian's packages; and with --clouds on
    Azurite, which is installed once by npm and speaks Azure's protocol.
cargo xtask check
    The fast part of `test`: format, lints, house rules.
cargo xtask bench [--quick] [--entries N] [--dir DIR] [--dev] [--only ROW,...]
    Measures the log beside what it is compared with, on this machine, in one run.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        eprint!("{HELP}");
        return ExitCode::FAILURE;
    };
    if rest.iter().any(|argument| argument == "--help" || argument == "-h") && command != "bench" {
        out!("{}", HELP.trim());
        return ExitCode::SUCCESS;
    }
    let outcome = match command.as_str() {
        "bench" => bench::run(rest),
        "check" => check::run(rest),
        "demo" => demo::run(rest),
        "test" => test::run(rest),
        "help" | "--help" | "-h" => {
            out!("{}", HELP.trim());
            Ok(true)
        }
        other => Err(format!("there is no command `{other}`; `cargo xtask help` lists them")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
