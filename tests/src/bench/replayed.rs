//! A day without the log, and how long an agent takes to catch up once the log answers again.
//!
//! A campus of a hundred lines makes 1.4 million records a day. Here one agent has all of them: a
//! hundred sources, each a file that grows by ten rows a minute, and the default cadence of a
//! statement a minute and source, so 144,000 statements.
//!
//! The day itself is the agent's own code at work on real files, under a clock that is turned by half a
//! minute at a time and as fast as the machine can follow: rows become records with salts, records
//! become statements that are sealed and signed, all of it durable in the vault, and nobody listens
//! where the log should be. The day ends now. Then the log is started, and `fiducial-agent run` under
//! the system's own clock: it posts what waits, in order, takes the log's checkpoints, proves each
//! statement from tiles and keeps the receipts, and goes on making a statement a minute and source.
//! What is timed is from the log's first answer of "ready" to the last receipt in the vault.
//!
//! At full size it takes some twenty minutes, nearly all of them the day itself: each statement is
//! synced by itself, and a commit costs the more the larger the vault is.
//!
//! Not measured: a network, witnesses, and the pause of at most five minutes after which an agent that
//! has been running asks a log again that was away. How large the evidence is does not matter here:
//! none of it is sent. What capturing files of 8 kB takes is the row before this one.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use super::process::{Server, new_log, peak_memory, program, run};
use super::table::Row;
use super::{BenchError, Scale, megabytes, statements};
use crate::load::client::Connection;
use crate::part::free_address;
use crate::plant::Bulk;

/// Rows of each source in a minute, each a record: 10 x 1440 x 100 = 1.44 million.
const ROWS_A_MINUTE: u64 = 10;

const MINUTE_MILLIS: u64 = 60_000;

/// How far the clock is turned at once: half the cadence, so that no source's tick is passed over.
const TURN_MILLIS: u64 = MINUTE_MILLIS / 2;

/// What is asked of a day of the whole campus.
const ASKED: Duration = Duration::from_secs(3600);

/// How long a catch-up may take before it is given up: no figure is worth more.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// How often the agent is asked how far it is. It looks itself once a second.
const PAUSE: Duration = Duration::from_millis(100);

/// How many minutes behind the last row may pass until everything is stated.
const LAST_MINUTES: u64 = 5;

/// Lives without the log and catches up, once.
pub async fn rows(scale: &Scale) -> Result<Vec<Row>, BenchError> {
    let campus = Campus::prepare(scale)?;
    let lived = campus.live_without_log().await?;
    println!(
        "  {} records in {} statements kept in {:.0} s; the log comes back",
        lived.records,
        lived.statements,
        lived.took.as_secs_f64()
    );
    let (took, memory) = campus.catch_up(&lived).await?;
    let alone = statements::rate(scale, &scale.folder.join("replayed-alone")).await?;
    let per_second = |count: u64, took: Duration| count as f64 / took.as_secs_f64();
    let rate = per_second(lived.statements, took);
    let (sources, minutes) = scale.outage;
    Ok(vec![
        Row::new(
            &format!("agent: {minutes} min without the log, {} records replayed", lived.records),
            format!("{:.1} s, {:.0}/s", took.as_secs_f64(), per_second(lived.records, took)),
            format!("asked of a day of 100 lines: {} s", ASKED.as_secs()),
        )
        .asked("<= 1 h", took <= ASKED),
        Row::new(
            &format!("  statements of {sources} sources, with receipts"),
            format!("{} at {rate:.0}/s", lived.statements),
            format!("log alone, no receipts: {alone:.0}/s"),
        )
        .ratio(rate / alone),
        Row::new(
            "  memory of the agent under it (VmHWM)",
            format!("{:.0} MB", megabytes(memory)),
            format!("during the outage: {:.0} MB", megabytes(lived.memory)),
        ),
        Row::new(
            "  records captured, salted and signed in the outage",
            format!("{:.0}/s", per_second(lived.records, lived.took)),
            "the campus makes 16/s".to_string(),
        ),
    ])
}

/// A log that nobody has started, and an agent with its sources beside it.
struct Campus {
    folder: PathBuf,
    sources: u64,
    minutes: u64,
    /// Where the log will answer.
    log: SocketAddr,
}

/// What waits at the end of the outage.
struct Lived {
    records: u64,
    statements: u64,
    /// The sequence behind the last of each source, in the configuration's order.
    ends: Vec<u64>,
    took: Duration,
    memory: u64,
}

impl Campus {
    fn prepare(scale: &Scale) -> Result<Self, BenchError> {
        let (folder, (sources, minutes)) = (scale.folder.join("replayed"), scale.outage);
        let campus = Self { folder, sources, minutes, log: free_address() };
        fs::create_dir_all(campus.folder.join("rows"))?;
        let (data, vault) = (campus.path("log"), campus.path("vault"));
        let log_key = new_log(data.as_ref(), "statements")?.to_string();
        let url = format!("http://{}", campus.log);
        let mut config = format!("vault = {vault:?}\nlisten = \"127.0.0.1:0\"\n");
        for source in 0..sources {
            let name = source_name(source);
            let key = if source == 0 {
                let init = ["init", "--vault", &vault, "--source", &name, "--log", &url];
                run("fiducial-agent", &[&init[..], &["--log-key", &log_key]].concat())?
            } else {
                run("fiducial-agent", &["source", "add", &name, "--vault", &vault])?
            };
            run("fiducial-log", &["source", "add", key.trim(), "--data", &data])?;
            let rows = campus.rows_of(source).display().to_string();
            config += &format!(
                "[[source]]\nname = \"{name}\"\n[[source.watch]]\nname = \"rows-{source}\"\n\
                 type = \"append\"\nmapping = \"yestech-dat-like\"\npath = {rows:?}\n"
            );
            File::create(campus.rows_of(source))?;
        }
        fs::write(campus.path("agent.toml"), config)?;
        Ok(campus)
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn rows_of(&self, source: u64) -> PathBuf {
        self.folder.join(format!("rows/{source:03}.dat"))
    }

    /// Every minute each machine adds its rows, and the agent does all that is due.
    async fn live_without_log(&self) -> Result<Lived, BenchError> {
        let records = self.sources * self.minutes * ROWS_A_MINUTE;
        let bulk = Bulk::new(1);
        let start = now_millis()?.saturating_sub((self.minutes + LAST_MINUTES) * MINUTE_MILLIS);
        let mut agent = Agent::start("fiducial-turned", &self.path("agent.toml"))?;
        let started = Instant::now();
        agent.turn_to(start, 0)?;
        for minute in 0..self.minutes {
            self.add_rows(&bulk, minute, start + minute * MINUTE_MILLIS)?;
            agent.live_a_minute(start, minute)?;
        }
        let (mut status, mut minute) = (agent.status().await?, self.minutes);
        while status.pending() > 0 && minute < self.minutes + LAST_MINUTES {
            agent.live_a_minute(start, minute)?;
            (status, minute) = (agent.status().await?, minute + 1);
        }
        let took = started.elapsed();
        let (understood, pending) = (status.understood(), status.pending());
        if (understood, pending) != (records, 0) || status.anchored() > 0 {
            let text = format!("{understood} of {records} records, {pending} of them not stated");
            return Err(BenchError::Broken(format!("after the outage the agent has {text}")));
        }
        let ends: Vec<u64> = status.sources.iter().map(|source| source.next_sequence).collect();
        let (statements, memory) = (ends.iter().sum(), peak_memory(agent.process.id())?);
        Ok(Lived { records, statements, ends, took, memory })
    }

    /// What every machine adds to its file in a minute.
    fn add_rows(&self, bulk: &Bulk, minute: u64, ended: u64) -> Result<(), BenchError> {
        for source in 0..self.sources {
            let first = (minute * self.sources + source) * ROWS_A_MINUTE;
            let rows = (first..first + ROWS_A_MINUTE).map(|index| bulk.row(index, ended));
            let rows: Vec<u8> = rows.flatten().collect();
            OpenOptions::new().append(true).open(self.rows_of(source))?.write_all(&rows)?;
        }
        Ok(())
    }

    /// The log is there again: how long until the last receipt, and the agent's most memory.
    async fn catch_up(&self, lived: &Lived) -> Result<(Duration, u64), BenchError> {
        let serve = ["serve", "--data", &self.path("log")];
        let log = Server::start_at(self.log, "fiducial-log", &serve).await?;
        let started = Instant::now();
        let mut agent = Agent::start("fiducial-agent", &self.path("agent.toml"))?;
        agent.listens()?;
        let took = loop {
            let status = agent.status().await?;
            let ends = status.sources.iter().map(SourceStatus::waits_from).zip(&lived.ends);
            if !status.sources.is_empty() && ends.into_iter().all(|(from, end)| from >= *end) {
                break started.elapsed();
            }
            if started.elapsed() > PATIENCE {
                let left = lived.statements.saturating_sub(status.anchored());
                let text = format!("{left} statements have no receipt after {PATIENCE:?}");
                return Err(BenchError::Broken(text));
            }
            tokio::time::sleep(PAUSE).await;
        };
        let memory = peak_memory(agent.process.id())?;
        drop(agent);
        let size = published(self.log).await?;
        if size < lived.statements {
            let text = format!("the log publishes {size} of {} statements", lived.statements);
            return Err(BenchError::Broken(text));
        }
        log.stop().await?;
        Ok((took, memory))
    }
}

fn source_name(source: u64) -> String {
    format!("line-{source:03}.example/aoi")
}

fn now_millis() -> Result<u64, BenchError> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.map_err(|_| BenchError::Program("the clock is before 1970".to_string()))?;
    Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The size of the tree that a log publishes.
async fn published(log: SocketAddr) -> Result<u64, BenchError> {
    let answer = Connection::open(log).await?.get("/checkpoint").await?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let size = text.lines().nth(1).and_then(|line| line.parse().ok());
    size.ok_or_else(|| BenchError::Broken(format!("the log's checkpoint is {text:?}")))
}

/// An agent that runs. Dropping it kills the process: what it has done is durable.
struct Agent {
    process: Child,
    lines: BufReader<ChildStdout>,
    /// Where its page is, once it has said so.
    page: Option<SocketAddr>,
}

impl Agent {
    fn start(name: &str, config: &str) -> Result<Self, BenchError> {
        let mut command = Command::new(program(name)?);
        command.args(["run", "--config", config]).env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let lines = BufReader::new(process.stdout.take().expect("stdout is piped"));
        Ok(Self { process, lines, page: None })
    }

    /// Turns its clock through a minute that begins so many minutes behind the start.
    fn live_a_minute(&mut self, start: u64, minute: u64) -> Result<(), BenchError> {
        let begin = minute * MINUTE_MILLIS;
        self.turn_to(start, begin + TURN_MILLIS)?;
        self.turn_to(start, begin + MINUTE_MILLIS)
    }

    /// Turns its clock, and waits until all that is due is done.
    fn turn_to(&mut self, start: u64, since_start: u64) -> Result<(), BenchError> {
        let wall = start + since_start;
        let input = self.process.stdin.as_mut().expect("stdin is piped");
        writeln!(input, "{wall} {since_start} campus synchronised")?;
        self.read_until(|line| line == "rests")
    }

    /// Waits until it has said where its page is.
    fn listens(&mut self) -> Result<(), BenchError> {
        self.read_until(|line| line.starts_with("listening on "))
    }

    fn read_until(&mut self, is_it: impl Fn(&str) -> bool) -> Result<(), BenchError> {
        let mut line = String::new();
        while self.lines.read_line(&mut line)? > 0 {
            let said = line.trim_end();
            if let Some(address) = said.strip_prefix("listening on http://") {
                self.page = address.parse().ok();
            }
            if is_it(said) {
                return Ok(());
            }
            line.clear();
        }
        let status = self.process.wait()?;
        Err(BenchError::Program(format!("the agent ended with {status}")))
    }

    async fn status(&self) -> Result<Status, BenchError> {
        let silent = || BenchError::Program("the agent has no page".to_string());
        let mut connection = Connection::open(self.page.ok_or_else(silent)?).await?;
        let answer = connection.get("/status.json").await?;
        // Before its first turn it has none to show.
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // After its end both calls do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the benchmark reads of the agent's status.
#[derive(Debug, Default, Deserialize)]
struct Status {
    sources: Vec<SourceStatus>,
}

#[derive(Debug, Deserialize)]
struct SourceStatus {
    pending: u64,
    next_sequence: u64,
    unanchored: u64,
    watches: Vec<WatchStatus>,
}

#[derive(Debug, Deserialize)]
struct WatchStatus {
    understood: u64,
}

impl Status {
    fn pending(&self) -> u64 {
        self.sources.iter().map(|source| source.pending).sum()
    }

    fn understood(&self) -> u64 {
        let watches = self.sources.iter().flat_map(|source| &source.watches);
        watches.map(|watch| watch.understood).sum()
    }

    fn anchored(&self) -> u64 {
        self.sources.iter().map(SourceStatus::waits_from).sum()
    }
}

impl SourceStatus {
    /// The first statement without a receipt.
    const fn waits_from(&self) -> u64 {
        self.next_sequence - self.unanchored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_what_waits() {
        let text = r#"{"sources": [
            {"pending": 2, "next_sequence": 9, "unanchored": 4, "watches": [{"understood": 30}]},
            {"pending": 0, "next_sequence": 3, "unanchored": 3, "watches": [{"understood": 7}]}]}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!((status.pending(), status.understood(), status.anchored()), (2, 37, 5));
    }

    #[test]
    fn a_day_of_the_campus_is_as_large_as_it_is_said_to_be() {
        assert!((1_400_000..1_500_000).contains(&(100 * 1440 * ROWS_A_MINUTE)));
    }
}
