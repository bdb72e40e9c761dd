//! `fiducial-bench`: what `cargo xtask bench` runs once everything is built.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use tests::bench::{ROWS, Scale, run, table};

/// Measures the log beside what it is compared with, on this machine, in one run.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Proves that the benchmark works; its figures mean nothing.
    #[arg(long)]
    quick: bool,
    /// Entries of the grown log; 10 million, or 100,000 with --quick.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1000..=1_000_000_000))]
    entries: Option<u64>,
    /// Only these rows, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = ROWS)]
    only: Vec<String>,
    /// Where the logs' data goes, on the device to be measured; a temporary folder inside.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("fiducial-bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    // Below the given folder and not in the system's: that one is often memory, which syncs in no
    // time.
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&arguments.dir)?;
    let scale = Scale {
        span: if arguments.quick { Duration::from_millis(500) } else { Duration::from_secs(8) },
        turns: if arguments.quick { 1 } else { 3 },
        entries: arguments.entries.unwrap_or(if arguments.quick { 100_000 } else { 10_000_000 }),
        statements: if arguments.quick { 1024 } else { 64 * 1024 },
        reports: if arguments.quick { 2000 } else { 100_000 },
        units: if arguments.quick { 300 } else { 5000 },
        // A day of a campus; a hundredth of it.
        outage: if arguments.quick { (10, 144) } else { (100, 1440) },
        folder: folder.path().to_path_buf(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rows = runtime.block_on(run(&scale, &arguments.only))?;
    println!("\n{}", table::format(&rows));
    println!("measured in {:.0} s", started.elapsed().as_secs_f64());
    folder.close()?;
    Ok(())
}
