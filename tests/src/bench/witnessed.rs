//! From a machine's `POST` to a receipt that two parties' keys stand behind, verified.
//!
//! Entries are due at a fixed rate, and each latency runs from when its entry was due: a log that
//! stalls is charged for everything that waited. A receipt counts once the policy accepts it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use hyper::{StatusCode, Uri};
use spec::hash::leaf_hash;
use spec::policy::Policy;
use spec::proof::Proof;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::machine::Machine;
use super::process::{Server, new_log, new_witness, run};
use super::table::Row;
use super::witness::latencies;
use super::{BenchError, Scale};
use crate::load::client::Connection;

/// Entries a second: three large campuses.
const RATE: u32 = 50;

/// Connections that take turns, so that one slow answer delays none of the next.
const CONNECTIONS: u32 = 10;

/// The witnesses of the second row, and how many of them answer nothing, ever.
const MANY: usize = 10;
const HANGING: usize = 3;

/// What is asked of one local witness, in milliseconds: median and 99th percentile.
const WANTED_MS: (f64, f64) = (10.0, 50.0);

/// How many times as long as without them it may take with hanging witnesses: measurements of a few
/// seconds differ by so much from themselves.
const NO_MORE: f64 = 1.25;

/// One witness; then seven, and the same seven beside three that hang.
pub async fn rows(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let one = measure(scale, "witnessed-1", 1, 0).await?;
    let seven = measure(scale, "witnessed-7", MANY - HANGING, 0).await?;
    let ten = measure(scale, "witnessed-10", MANY - HANGING, HANGING).await?;
    let shown = |(p50, p99): (f64, f64)| format!("p50 {p50:.2} ms, p99 {p99:.2} ms");
    let ratio = ten.0 / seven.0;
    Ok(vec![
        Row::new(
            "POST to verified receipt, one witness, 50/s",
            shown(one),
            format!("device fdatasync: {:.3} ms ({:.3} ms)", machine.sync_ms.0, machine.sync_ms.1),
        )
        .asked("10 / 50 ms", one.0 <= WANTED_MS.0 && one.1 <= WANTED_MS.1),
        Row::new("  7 of 10 witnesses, three of which hang", shown(ten), {
            format!("7 of 7: {}", shown(seven))
        })
        .ratio(ratio)
        .asked("no more than 7 of 7", ratio <= NO_MORE),
    ])
}

/// Median and 99th percentile in milliseconds, with `live` witnesses that all must answer and
/// `hanging` ones beside them.
async fn measure(
    scale: &Scale,
    name: &str,
    live: usize,
    hanging: usize,
) -> Result<(f64, f64), BenchError> {
    let folder = scale.folder.join(name);
    std::fs::create_dir(&folder)?;
    let data = folder.join("log");
    let log_key = new_log(&data, "any")?.to_string();
    let mut policy = format!("log {log_key}\n");
    let (mut witnesses, mut names) = (Vec::new(), String::new());
    for number in 0..live {
        let (server, lines, name) = start_witness(&folder, number, &log_key).await?;
        policy.push_str(&lines);
        names.push_str(&format!(" {name}"));
        witnesses.push(server);
    }
    // A listener that nobody serves: the kernel takes the connection, and no answer ever comes.
    let silent: Vec<TcpListener> =
        (0..hanging).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    for (number, listener) in silent.iter().enumerate() {
        let (lines, name) = silent_witness(&folder, live + number, listener)?;
        policy.push_str(&lines);
        names.push_str(&format!(" {name}"));
    }
    policy.push_str(&format!("group enough {live}{names}\nquorum enough\n"));
    let policy_path = folder.join("policy");
    std::fs::write(&policy_path, &policy)?;
    let policy = Policy::parse(policy.as_bytes())
        .map_err(|why| BenchError::Program(format!("the benchmark's policy: {why}")))?;

    let (data, policy_path) = (data.display().to_string(), policy_path.display().to_string());
    let serve = ["serve", "--data", &data, "--witness-policy", &policy_path];
    let log = Server::start("fiducial-log", &serve).await?;
    // The first requests open connections to the witnesses: they do not count.
    receipts(&log, &policy, scale.span / 8, 0).await?;
    let latency = receipts(&log, &policy, scale.span, 1 << 32).await?;
    log.stop().await?;
    for witness in witnesses {
        witness.stop().await?;
    }
    let ms = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
    Ok((ms(0.5), ms(0.99)))
}

/// A fresh running witness that knows the log; the policy's lines for it, and its name there.
async fn start_witness(
    folder: &Path,
    number: usize,
    log_key: &str,
) -> Result<(Server, String, String), BenchError> {
    let (data, name) = make_witness(folder, number)?;
    let data = data.display().to_string();
    run("fiducial-witness", &["log", "add", log_key, "--data", &data])?;
    let server = Server::start("fiducial-witness", &["serve", "--data", &data]).await?;
    let lines =
        run("fiducial-witness", &["key", "policy", "--data", &data, "--url", &server.url()])?;
    Ok((server, lines, name))
}

/// A witness with real keys behind whose address nobody answers.
fn silent_witness(
    folder: &Path,
    number: usize,
    listener: &TcpListener,
) -> Result<(String, String), BenchError> {
    let (data, name) = make_witness(folder, number)?;
    let url = format!("http://{}", listener.local_addr()?);
    let data = data.display().to_string();
    let lines = run("fiducial-witness", &["key", "policy", "--data", &data, "--url", &url])?;
    Ok((lines, name))
}

fn make_witness(folder: &Path, number: usize) -> Result<(PathBuf, String), BenchError> {
    let data = folder.join(format!("witness-{number}"));
    let name = format!("witness-{number}.example/bench");
    new_witness(&data, &name, &[])?;
    Ok((data, name))
}

/// Posts entries at [`RATE`] for `span` and verifies each receipt; the latencies in microseconds.
/// `first` tells the entries of one call from those of another.
async fn receipts(
    log: &Server,
    policy: &Policy,
    span: Duration,
    first: u64,
) -> Result<Histogram<u64>, BenchError> {
    let policy = Arc::new(policy.clone());
    let turns = (span.as_secs_f64() * f64::from(RATE) / f64::from(CONNECTIONS)).ceil() as u32;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(log.address).await?;
        let policy = Arc::clone(&policy);
        tasks.spawn(async move {
            let mut latency = latencies();
            for turn in 0..turns {
                let entry = turn * CONNECTIONS + number;
                let due = start + Duration::from_secs(1) / RATE * entry;
                sleep_until(due.into()).await;
                receipt(&mut connection, &policy, first + u64::from(entry)).await?;
                latency.saturating_record(due.elapsed().as_micros() as u64);
            }
            Ok::<_, BenchError>(latency)
        });
    }
    let mut all = latencies();
    while let Some(done) = tasks.join_next().await {
        let own = done.expect("posting does not panic")?;
        all.add(own).expect("both histograms have the same bounds");
    }
    Ok(all)
}

/// One entry to its verified receipt.
async fn receipt(
    connection: &mut Connection,
    policy: &Policy,
    number: u64,
) -> Result<(), BenchError> {
    let mut entry = vec![0x5a; 256];
    entry[..8].copy_from_slice(&number.to_be_bytes());
    let leaf = leaf_hash(&entry);
    let uri = Uri::from_static("/add?wait=witnessed");
    let answer = connection.post(&uri, Bytes::from(entry)).await?;
    let broken = |why: String| BenchError::Broken(format!("a receipt: {why}"));
    if answer.status != StatusCode::OK {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        return Err(broken(format!("{} {said}", answer.status)));
    }
    let proof = Proof::parse(&answer.body).map_err(|why| broken(why.to_string()))?;
    proof.verify(leaf, policy).map_err(|why| broken(why.to_string()))?;
    Ok(())
}
