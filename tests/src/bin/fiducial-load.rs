//! `fiducial-load`: puts a log under load, believes none of its answers, and says how fast it was.
//!
//! Exit code 0 if the log kept every promise, 1 if it broke one, 2 if the run could not be made.

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use spec::key::VerifierKey;
use tests::load::entry::MIN_ENTRY_SIZE;
use tests::load::{Load, Outcome, run};

/// Puts a Fiducial log under load and verifies every answer.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  fiducial-load --url http://127.0.0.1:8080 \
    --log-key \"$(head -1 log.vkey)\" --connections 128 --seconds 10"
)]
struct Arguments {
    /// The log's address, http only.
    #[arg(long)]
    url: String,
    /// The log's Ed25519 verifier key; without it answers are counted and nothing is verified.
    #[arg(long)]
    log_key: Option<String>,
    /// How many connections send at once.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// How long requests are started.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// The bytes of an entry.
    #[arg(long, default_value_t = 256)]
    entry_size: u16,
    /// Requests started per second; without it each connection sends as fast as it is answered.
    #[arg(long)]
    rate: Option<f64>,
    /// One writer that waits for each answer: the same as --connections 1.
    #[arg(long)]
    sequential: bool,
    /// Proves inclusion of every entry instead of a sample.
    #[arg(long)]
    verify: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments) {
        Ok(outcome) => report(&arguments, &outcome),
        Err(why) => {
            eprintln!("fiducial-load: {why}");
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Outcome, String> {
    let log_key = arguments.log_key.as_deref().map(VerifierKey::parse).transpose();
    let load = Load {
        address: address(&arguments.url)?,
        connections: if arguments.sequential { 1 } else { usize::from(arguments.connections) },
        duration: Duration::try_from_secs_f64(arguments.seconds)
            .map_err(|why| format!("--seconds: {why}"))?,
        requests: None,
        entry_size: usize::from(arguments.entry_size),
        rate: arguments.rate,
        log_key: log_key.map_err(|why| format!("--log-key: {why}"))?,
        prove_all: arguments.verify,
    };
    if load.entry_size < MIN_ENTRY_SIZE {
        return Err(format!("--entry-size: at least {MIN_ENTRY_SIZE}, so that entries differ"));
    }
    if load.rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
        return Err("--rate: a number above 0".to_string());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|why| format!("cannot start: {why}"))?;
    runtime.block_on(run(&load)).map_err(|why| why.to_string())
}

fn address(url: &str) -> Result<SocketAddr, String> {
    let host = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let host = host.filter(|host| !host.contains('/'));
    let host = host.ok_or_else(|| format!("--url: {url} is not http://HOST:PORT"))?;
    let mut found = host.to_socket_addrs().map_err(|why| format!("--url: {host}: {why}"))?;
    found.next().ok_or_else(|| format!("--url: {host} has no address"))
}

fn report(arguments: &Arguments, outcome: &Outcome) -> ExitCode {
    let findings = outcome.findings();
    if arguments.json {
        println!("{}", to_json(outcome));
    } else {
        print_text(outcome);
        findings.iter().for_each(|finding| println!("BROKEN       {finding}"));
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_text(outcome: &Outcome) {
    let driven = &outcome.driven;
    let ms = |quantile| driven.latency_ms(quantile);
    println!("acknowledged {} in {:.2} s", driven.acknowledged.len(), driven.took.as_secs_f64());
    println!("per second   {:.0}", driven.rate());
    println!(
        "latency ms   p50 {:.3}  p90 {:.3}  p99 {:.3}  max {:.3}",
        ms(0.5),
        ms(0.9),
        ms(0.99),
        ms(1.0)
    );
    for (status, count) in &driven.refused {
        println!("status {status}   {count}");
    }
    let (watched, reckoning) = (&outcome.watched, &outcome.reckoning);
    println!("checkpoints  {} seen, {} steps proven", watched.checkpoints, watched.consistent);
    println!("read back    {} at their index", reckoning.readable);
    println!("included     {} proven in size {}", reckoning.included, reckoning.size);
}

fn to_json(outcome: &Outcome) -> serde_json::Value {
    let driven = &outcome.driven;
    let statuses: serde_json::Map<String, serde_json::Value> = driven
        .refused
        .iter()
        .map(|(status, count)| (status.to_string(), (*count).into()))
        .collect();
    serde_json::json!({
        "acknowledged": driven.acknowledged.len(),
        "seconds": driven.took.as_secs_f64(),
        "per_second": driven.rate(),
        "latency_ms": {
            "p50": driven.latency_ms(0.5),
            "p90": driven.latency_ms(0.9),
            "p99": driven.latency_ms(0.99),
            "max": driven.latency_ms(1.0),
        },
        "refused_by_status": statuses,
        "checkpoints_seen": outcome.watched.checkpoints,
        "steps_proven": outcome.watched.consistent,
        "read_back": outcome.reckoning.readable,
        "included": outcome.reckoning.included,
        "tree_size": outcome.reckoning.size,
        "broken": outcome.findings(),
    })
}
