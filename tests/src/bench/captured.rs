//! The agent taking over a folder of reports, beside `sha256sum` and `cp` of the same files.
//!
//! Both sides read files that the page cache holds: they were written just before. The agent also
//! interprets each, makes its record, copies it into the vault, syncs all of it, states it and waits
//! for the receipts of a log on the same cores.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::process::{Server, new_log, run, run_watched};
use super::table::Row;
use super::{BenchError, Scale, megabytes};
use crate::plant::Bulk;

/// The source that takes the folder over.
const SOURCE: &str = "line-1.example/aoi-1";

/// Measures both sides once each, the plain one first.
pub async fn rows(scale: &Scale) -> Result<Vec<Row>, BenchError> {
    let folder = scale.folder.join("captured");
    let reports = folder.join("reports");
    fs::create_dir_all(&reports)?;
    Bulk::new(1).write(scale.reports, &reports, |_| ())?;
    let plain = plain(&reports, &folder.join("copies"))?;

    let data = folder.join("log").display().to_string();
    let key = new_log(Path::new(&data), "statements")?;
    let log = Server::start("fiducial-log", &["serve", "--data", &data]).await?;
    let vault = folder.join("vault").display().to_string();
    let init = ["init", "--vault", &vault, "--source", SOURCE, "--log", &log.url()];
    let source = run("fiducial-agent", &[&init[..], &["--log-key", &key.to_string()]].concat())?;
    run("fiducial-log", &["source", "add", source.trim(), "--data", &data])?;
    let config = folder.join("agent.toml");
    fs::write(
        &config,
        format!(
            "vault = {vault:?}\n[[source]]\nname = \"{SOURCE}\"\n[[source.watch]]\n\
             name = \"reports\"\ntype = \"folder\"\nmapping = \"cfx\"\npath = {:?}\n\
             stable = \"0s\"\n",
            reports.display().to_string()
        ),
    )?;
    let config = config.display().to_string();
    let (took, memory) = run_watched("fiducial-agent", &["run", "--once", "--config", &config])?;
    log.stop().await?;

    let ratio = took.as_secs_f64() / plain.as_secs_f64();
    let what = format!("agent: {} reports of 8 kB captured and anchored", scale.reports);
    let ours = format!("{:.1} s, {:.0} MB", took.as_secs_f64(), megabytes(memory));
    let beside = format!("sha256sum + cp {:.1} s", plain.as_secs_f64());
    Ok(vec![Row::new(&what, ours, beside).ratio(ratio).asked("<= 3 x", ratio <= 3.0)])
}

/// What it takes to hash the files and to copy them, with the tools that everybody has.
fn plain(reports: &Path, copies: &Path) -> Result<Duration, BenchError> {
    let started = Instant::now();
    let script =
        "find \"$1\" -type f -print0 | xargs -0 sha256sum > /dev/null && cp -r \"$1\" \"$2\"";
    let mut command = Command::new("sh");
    let command = command.args(["-c", script, "sh"]).arg(reports).arg(copies).stdin(Stdio::null());
    if !command.status()?.success() {
        return Err(BenchError::Program("sha256sum or cp failed".to_string()));
    }
    let took = started.elapsed();
    fs::remove_dir_all(copies)?;
    Ok(took)
}
