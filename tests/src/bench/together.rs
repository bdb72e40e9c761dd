//! Several servers over one PostgreSQL: one beside the embedded journal, and three beside one.
//!
//! The database is from Debian's packages and keeps its data in the folder that is measured, as the
//! embedded log does. Servers that are not measured do not run: they would read what the others write.
//! Where the time goes is the processor time of the servers, of the database and of the load tool, in
//! processors that were busy with them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use spec::key::VerifierKey;
use tokio::task::JoinSet;

use super::adding::{load, verified};
use super::machine::Machine;
use super::process::{Server, new_log, new_log_with, processor_time, processor_time_of_all};
use super::table::Row;
use super::{BenchError, Scale, median};
use crate::load::{Load, Outcome, run};
use crate::part::in_ci;
use crate::postgres::Postgres;

/// How many servers are compared with one.
const SERVERS: usize = 3;

/// Connections to each of them; one server alone has all.
const EACH: usize = 42;

/// Processors from which on three servers are asked to do more than one: fewer are busy with one.
const CORES: usize = 8;

const ONE: &str = "POST /add on PostgreSQL, one server, 126 connections";
const THREE: &str = "  three servers beside one";

/// A log in a database, and where it lies.
struct Place {
    postgres: Postgres,
    folder: PathBuf,
    key: VerifierKey,
}

/// What ran at once.
struct Busy {
    servers: Duration,
    database: Duration,
    tool: Duration,
    /// How long by the clock.
    span: Duration,
}

/// All rows; where there is no database, what is missing.
pub async fn rows(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let folder = scale.folder.join("together");
    std::fs::create_dir(&folder)?;
    for folder in [&scale.folder, &folder] {
        // The database runs as nobody if this is root, and has to get there.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))?;
    }
    let postgres = match Postgres::try_start_in(&folder, &[]) {
        Ok(postgres) => postgres,
        Err(why) if in_ci() => return Err(BenchError::Program(why)),
        Err(why) => {
            let why = why.lines().next().unwrap_or_default();
            return Ok(vec![Row::missing(ONE, "0.5 x", why), Row::missing(THREE, "1.5 x", why)]);
        }
    };
    measure(scale, machine, Place::new(postgres, folder)?).await
}

async fn measure(scale: &Scale, machine: &Machine, place: Place) -> Result<Vec<Row>, BenchError> {
    let embedded = place.folder.join("embedded");
    let key = new_log(&embedded, "any")?;
    let embedded = embedded.display().to_string();
    let (mut alone, mut one, mut three) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.turns {
        let log = Server::start("fiducial-log", &["serve", "--data", &embedded]).await?;
        alone.push(rate(vec![log], &key, scale.span).await?);
        one.push(rate(place.serve(1).await?, &place.key, scale.span).await?);
        three.push(rate(place.serve(SERVERS).await?, &place.key, scale.span).await?);
    }
    let (alone, one, three) = (median(alone), median(one), median(three));
    let busy_one = place.busy(1, scale.span).await?;
    let busy_three = place.busy(SERVERS, scale.span).await?;
    let (first, second) = (one / alone, three / one);
    let row = Row::new(THREE, format!("{three:.0}/s"), format!("one: {one:.0}/s")).ratio(second);
    let cores = machine.cores;
    let row = match cores {
        CORES.. => row.asked("1.5 x", second >= 1.5),
        _ => row.asked_elsewhere(&format!("1.5 x ({CORES} cores; here {cores})")),
    };
    Ok(vec![
        Row::new(ONE, format!("{one:.0}/s"), format!("embedded: {alone:.0}/s"))
            .ratio(first)
            .asked("0.5 x", first >= 0.5),
        row,
        Row::new("  processors busy with one", busy_one.shown(), format!("of {cores}")),
        Row::new("  processors busy with three", busy_three.shown(), format!("of {cores}")),
    ])
}

impl Place {
    fn new(postgres: Postgres, folder: PathBuf) -> Result<Self, BenchError> {
        let first = folder.join("server-0");
        let key = new_log_with(&first, "any", &["--journal", &postgres.address()])?;
        for at in 1..SERVERS {
            copy(&first, &folder.join(format!("server-{at}")))?;
        }
        Ok(Self { postgres, folder, key })
    }

    /// Starts so many servers of the log.
    async fn serve(&self, count: usize) -> Result<Vec<Server>, BenchError> {
        let tiles = self.folder.join("tiles").display().to_string();
        let address = self.postgres.address();
        let mut servers = Vec::new();
        for at in 0..count {
            let data = self.folder.join(format!("server-{at}")).display().to_string();
            let words = ["serve", "--data", &data, "--tiles", &tiles, "--journal", &address];
            servers.push(Server::start("fiducial-log", &words).await?);
        }
        Ok(servers)
    }

    /// What is busy while so many servers are under load.
    async fn busy(&self, count: usize, span: Duration) -> Result<Busy, BenchError> {
        let servers = self.serve(count).await?;
        // Nothing is read back: that would be the tool's work and not the load's.
        let loads = loads(&servers, None, span);
        drive(&loads).await?;
        let (before, started) = (self.times(&servers)?, Instant::now());
        drive(&loads).await?;
        let (after, span) = (self.times(&servers)?, started.elapsed());
        stop(servers).await?;
        Ok(Busy {
            servers: after[0] - before[0],
            database: after[1] - before[1],
            tool: after[2] - before[2],
            span,
        })
    }

    fn times(&self, servers: &[Server]) -> Result<[Duration; 3], BenchError> {
        let mut all = Duration::ZERO;
        for server in servers {
            all += processor_time(server.id())?;
        }
        let database = self.postgres.id().expect("it was started");
        let own = processor_time(std::process::id())?;
        Ok([all, processor_time_of_all(database)?, own])
    }
}

impl Busy {
    fn shown(&self) -> String {
        let of = |time: Duration| time.as_secs_f64() / self.span.as_secs_f64();
        format!(
            "servers {:.2}, PostgreSQL {:.2}, load tool {:.2}",
            of(self.servers),
            of(self.database),
            of(self.tool)
        )
    }
}

/// Acknowledged entries a second, over all servers, which are stopped behind it.
async fn rate(servers: Vec<Server>, key: &VerifierKey, span: Duration) -> Result<f64, BenchError> {
    // The first requests of a process do not count.
    drive(&loads(&servers, None, span / 8)).await?;
    let outcomes = drive(&loads(&servers, Some(key), span)).await?;
    stop(servers).await?;
    Ok(outcomes.iter().map(|outcome| outcome.driven.rate()).sum())
}

/// All connections, spread over the servers.
fn loads(servers: &[Server], key: Option<&VerifierKey>, span: Duration) -> Vec<Load> {
    let connections = EACH * SERVERS / servers.len();
    let one = |server: &Server| Load { connections, ..load(server.address, key, span) };
    servers.iter().map(one).collect()
}

/// Runs loads at once. With a key an error if the log broke a promise.
async fn drive(loads: &[Load]) -> Result<Vec<Outcome>, BenchError> {
    let mut running = JoinSet::new();
    for load in loads.iter().cloned() {
        running.spawn(async move {
            match load.log_key {
                Some(_) => verified(&load).await,
                None => Ok(run(&load).await?),
            }
        });
    }
    let ended = running.join_all().await;
    ended.into_iter().collect()
}

async fn stop(servers: Vec<Server>) -> Result<(), BenchError> {
    for server in servers {
        server.stop().await?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), BenchError> {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status()?;
    if copied.success() { Ok(()) } else { Err(BenchError::Program("cp failed".to_owned())) }
}
