//! The agent taking over a folder of reports, beside `sha256sum` and `cp` of the same files.
//!
//! Both sides read files that the page cache holds: they were written just before. The agent also
//! interprets each, makes its record, copies it into the vault, syncs all of it, states it and waits
//! for the receipts of a log on the same cores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::process::{Server, new_log, run, run_watched};
use super::table::Row;
use super::{BenchError, Scale, megabytes};
use crate::plant::Bulk;

/// The source that takes the folder over.
const SOURCE: &str = "line-1.example/aoi-1";

/// How much more memory ten times the files may take and still be called flat: what the allocator
/// keeps differs from run to run.
const FLAT: f64 = 1.25;

/// Measures both sides once each, the plain one first; before them a tenth, for its memory.
pub async fn rows(scale: &Scale) -> Result<Vec<Row>, BenchError> {
    let (number, few) = (scale.reports, scale.reports / 10);
    let tenth = Reports::write(scale.folder.join("captured-few"), few)?;
    let (_, memory_of_few) = tenth.capture().await?;
    fs::remove_dir_all(&tenth.folder)?;

    let all = Reports::write(scale.folder.join("captured"), number)?;
    let plain = all.hash_and_copy()?;
    let (took, memory) = all.capture().await?;
    let ratio = took.as_secs_f64() / plain.as_secs_f64();
    let grown = memory as f64 / memory_of_few as f64;
    Ok(vec![
        Row::new(
            &format!("agent: {number} reports of 8 kB captured and anchored"),
            format!("{:.1} s", took.as_secs_f64()),
            format!("sha256sum + cp {:.1} s", plain.as_secs_f64()),
        )
        .ratio(ratio)
        .asked("<= 3 x", ratio <= 3.0),
        Row::new(
            "  memory of the agent under it (VmHWM)",
            format!("{:.0} MB", megabytes(memory)),
            format!("{few} reports: {:.0} MB", megabytes(memory_of_few)),
        )
        .ratio(grown)
        .asked("flat", grown <= FLAT),
    ])
}

/// A folder with a machine's reports, and room for a log and a vault beside it.
struct Reports {
    folder: PathBuf,
}

impl Reports {
    fn write(folder: PathBuf, number: u64) -> Result<Self, BenchError> {
        let reports = Self { folder };
        fs::create_dir_all(reports.path())?;
        Bulk::new(1).write(number, &reports.path(), |_| ())?;
        Ok(reports)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("reports")
    }

    /// A new log and a new agent until every report has its receipt: how long the agent took, and
    /// its most memory.
    async fn capture(&self) -> Result<(Duration, u64), BenchError> {
        let folder = &self.folder;
        let data = folder.join("log").display().to_string();
        let key = new_log(Path::new(&data), "statements")?;
        let log = Server::start("fiducial-log", &["serve", "--data", &data]).await?;
        let vault = folder.join("vault").display().to_string();
        let (url, key) = (log.url(), key.to_string());
        let init = ["init", "--vault", &vault, "--source", SOURCE, "--log", &url];
        let source = run("fiducial-agent", &[&init[..], &["--log-key", &key]].concat())?;
        run("fiducial-log", &["source", "add", source.trim(), "--data", &data])?;
        let config = folder.join("agent.toml");
        fs::write(
            &config,
            format!(
                "vault = {vault:?}\n[[source]]\nname = \"{SOURCE}\"\n[[source.watch]]\n\
                 name = \"reports\"\ntype = \"folder\"\nmapping = \"cfx\"\npath = {:?}\n\
                 stable = \"0s\"\n",
                self.path().display().to_string()
            ),
        )?;
        let config = config.display().to_string();
        let measured = run_watched("fiducial-agent", &["run", "--once", "--config", &config])?;
        log.stop().await?;
        Ok(measured)
    }

    /// What it takes to hash the files and to copy them, with the tools that everybody has.
    fn hash_and_copy(&self) -> Result<Duration, BenchError> {
        let copies = self.folder.join("copies");
        let started = Instant::now();
        let script =
            "find \"$1\" -type f -print0 | xargs -0 sha256sum > /dev/null && cp -r \"$1\" \"$2\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(self.path()).arg(&copies).stdin(Stdio::null());
        if !command.status()?.success() {
            return Err(BenchError::Program("sha256sum or cp failed".to_string()));
        }
        let took = started.elapsed();
        fs::remove_dir_all(copies)?;
        Ok(took)
    }
}
