//! The benchmark: every figure beside the thing it is compared with, in one run, on one machine.
//!
//! Nothing here fails because a figure is low: a busy machine is no bug. What fails the run is a
//! log that breaks a promise while it is measured, or a measurement that cannot be taken.

pub mod adding;
pub mod batches;
pub mod captured;
pub mod disputed;
pub mod explored;
pub mod grown;
pub mod machine;
pub mod process;
pub mod replayed;
pub mod statements;
pub mod static_files;
pub mod table;
pub mod together;
pub mod witness;
pub mod witnessed;

use std::path::PathBuf;
use std::time::Duration;

use machine::Machine;
use table::Row;

use crate::load::LoadError;

/// The origin of all logs that are measured.
pub const ORIGIN: &str = "log.example/bench";

/// Why a measurement could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The log broke a promise under load: no figure counts then.
    #[error("the log broke its promises: {0}")]
    Broken(String),
    /// A file or process of the benchmark's own.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The load could not be made.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A program is missing, or ended otherwise than it should.
    #[error("{0}")]
    Program(String),
}

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Scale {
    /// How long each load runs.
    pub span: Duration,
    /// How often the two sides of a comparison take turns.
    pub turns: usize,
    /// Entries of the grown log.
    pub entries: u64,
    /// Statements that are signed beforehand.
    pub statements: usize,
    /// Report files that the agent takes over.
    pub reports: u64,
    /// Units of the bundle that is judged.
    pub units: u64,
    /// Sources of the agent that lives without its log, and for how many minutes.
    pub outage: (u64, u64),
    /// Where files go.
    pub folder: PathBuf,
}

/// Which rows are measured, by name.
pub const ROWS: [&str; 12] = [
    "add",
    "sequential",
    "large",
    "statements",
    "grown",
    "tiles",
    "witness",
    "witnessed",
    "captured",
    "disputed",
    "replayed",
    "together",
];

/// Measures the rows in `only`, or all, and prints each as it is done.
pub async fn run(scale: &Scale, only: &[String]) -> Result<Vec<Row>, BenchError> {
    let machine = Machine::measure(&scale.folder, scale.span.min(Duration::from_secs(2)))?;
    println!(
        "machine: {} cores, {}, {} MB; built {}",
        machine.cores,
        machine.model,
        machine.memory_mb,
        if cfg!(debug_assertions) { "for tests: the figures mean nothing" } else { "for release" }
    );
    // Figures of a machine that others use are theirs as much as ours.
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or("unknown");
    println!("load average before the first row: {busy} (near 0 where nobody else works)");
    println!(
        "device: 4 KiB append and fdatasync p50 {:.3} ms, p99 {:.3} ms",
        machine.sync_ms.0, machine.sync_ms.1
    );
    println!(
        "all cores: {:.0} strict Ed25519 verifications/s, {:.1} M SHA-256 blocks/s\n",
        machine.verifications,
        machine.blocks / 1e6
    );
    let wanted = |name: &str| only.is_empty() || only.iter().any(|row| row == name);
    let mut rows = Vec::new();
    for name in ROWS.into_iter().filter(|name| wanted(name)) {
        println!("measuring: {name}");
        rows.extend(match name {
            "add" => adding::concurrent(scale).await?,
            "captured" => captured::rows(scale).await?,
            "disputed" => disputed::rows(scale, &machine).await?,
            "replayed" => replayed::rows(scale).await?,
            "sequential" => adding::sequential(scale, &machine).await?,
            "large" => adding::large(scale).await?,
            "statements" => statements::rows(scale, &machine).await?,
            "grown" => grown::rows(scale, &machine).await?,
            "together" => together::rows(scale, &machine).await?,
            "witnessed" => witnessed::rows(scale, &machine).await?,
            "witness" => witness::rows(scale, &machine).await?,
            _ => static_files::rows(scale).await?,
        });
    }
    rows.extend(later());
    Ok(rows)
}

/// The rows of the table whose programs do not exist yet.
fn later() -> [Row; 1] {
    [Row::missing("single POST /add beside Tessera's POSIX log", "4 x", "not yet: Tessera")]
}

/// The middle one of some figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Bytes as megabytes, the way limits are given.
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
