//! Single `POST /add`: many connections, one sequential writer, and large entries.

use std::net::SocketAddr;
use std::time::Duration;

use spec::key::VerifierKey;

use super::machine::Machine;
use super::process::{Server, new_log};
use super::table::Row;
use super::{BenchError, Scale, median, megabytes};
use crate::load::{Load, Outcome, run};

/// Connections of the concurrent load.
const CONNECTIONS: usize = 128;

/// What the log may use under it.
const MAX_MEMORY_MB: f64 = 100.0;

/// The large entries: how many, and how large.
const LARGE: (u64, usize) = (255, 60_000);

/// Entries of 256 bytes from [`CONNECTIONS`] at once, as fast as they are taken.
pub(super) fn load(address: SocketAddr, key: Option<&VerifierKey>, duration: Duration) -> Load {
    Load {
        address,
        connections: CONNECTIONS,
        duration,
        requests: None,
        entry_size: 256,
        rate: None,
        log_key: key.cloned(),
        prove_all: false,
    }
}

/// Runs a load; an error if the log broke a promise or refused anything.
pub(super) async fn verified(load: &Load) -> Result<Outcome, BenchError> {
    let outcome = run(load).await?;
    let mut broken: Vec<String> = outcome.findings().iter().map(ToString::to_string).collect();
    let refused = outcome.driven.refused.iter().filter(|(status, _)| **status != 503);
    broken.extend(refused.map(|(status, count)| format!("{count} answers with status {status}")));
    if broken.is_empty() { Ok(outcome) } else { Err(BenchError::Broken(broken.join("; "))) }
}

/// Durable single adds beside the same server answering a constant, turn by turn.
pub async fn concurrent(scale: &Scale) -> Result<Vec<Row>, BenchError> {
    let data = scale.folder.join("add");
    let key = new_log(&data, "any")?;
    let data = data.display().to_string();
    let log = Server::start("fiducial-log", &["serve", "--data", &data]).await?;
    let constant = Server::start("fiducial-constant", &[]).await?;
    // The first requests of a process pay for its buffers, threads and files: they do not count.
    for (address, key) in [(log.address, Some(&key)), (constant.address, None)] {
        verified(&load(address, key, scale.span / 8)).await?;
    }
    let (mut ours, mut theirs, mut p99) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.turns {
        let outcome = verified(&load(log.address, Some(&key), scale.span)).await?;
        ours.push(outcome.driven.rate());
        p99.push(outcome.driven.latency_ms(0.99));
        let outcome = run(&load(constant.address, None, scale.span)).await?;
        theirs.push(outcome.driven.rate());
    }
    let memory = megabytes(log.peak_memory()?);
    log.stop().await?;
    constant.stop().await?;
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours / theirs;
    let p99 = median(p99);
    Ok(vec![
        Row::new(
            "durable single POST /add, 256 B, 128 connections",
            format!("{ours:.0}/s, p99 {p99:.2} ms"),
            format!("same server, constant: {theirs:.0}/s"),
        )
        .ratio(ratio)
        .asked("0.6 x", ratio >= 0.6),
        Row::new("  memory of the log under it (VmHWM)", format!("{memory:.0} MB"), String::new())
            .asked("< 100 MB", memory < MAX_MEMORY_MB),
    ])
}

/// One writer that waits for each answer, beside the device's sync.
pub async fn sequential(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let data = scale.folder.join("sequential");
    let key = new_log(&data, "any")?;
    let data = data.display().to_string();
    let log = Server::start("fiducial-log", &["serve", "--data", &data]).await?;
    let one = Load { connections: 1, ..load(log.address, Some(&key), scale.span) };
    let outcome = verified(&one).await?;
    log.stop().await?;
    let (p50, p99) = (outcome.driven.latency_ms(0.5), outcome.driven.latency_ms(0.99));
    let (sync_p50, sync_p99) = machine.sync_ms;
    Ok(vec![
        Row::new(
            "one sequential writer, durable, p50 (p99)",
            format!("{p50:.3} ms ({p99:.3} ms)"),
            format!("device fdatasync: {sync_p50:.3} ms ({sync_p99:.3} ms)"),
        )
        .ratio(p50 / sync_p50)
        .asked("< 1 ms", p50 < 1.0),
    ])
}

/// Large sequential entries: what is written for what is given.
pub async fn large(scale: &Scale) -> Result<Vec<Row>, BenchError> {
    let data = scale.folder.join("large");
    let key = new_log(&data, "any")?;
    let data = data.display().to_string();
    let log = Server::start("fiducial-log", &["serve", "--data", &data]).await?;
    let before = log.written()?;
    let (count, size) = LARGE;
    let one = Load {
        connections: 1,
        requests: Some(count),
        entry_size: size,
        ..load(log.address, Some(&key), Duration::from_secs(60))
    };
    let outcome = verified(&one).await?;
    let after = log.written()?;
    log.stop().await?;
    let given = outcome.driven.acknowledged.len() as u64 * size as u64;
    let device = after.device - before.device;
    // Answers are written to sockets too; reading everything back costs about once the bytes.
    let asked = after.asked - before.asked;
    let ratio = device as f64 / given as f64;
    Ok(vec![
        Row::new(
            "255 sequential entries of 60 kB: bytes written",
            format!("{:.1} MB ({:.1} in calls)", megabytes(device), megabytes(asked)),
            format!("bytes given: {:.1} MB", megabytes(given)),
        )
        .ratio(ratio)
        .asked("<= 3 x", ratio <= 3.0),
    ])
}
