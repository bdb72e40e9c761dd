//! `serve`: opens a witness, serves it, and ends both in the right order.
//!
//! Ending: stop accepting connections, finish requests, end the writer, which commits what waits. A
//! witness that stopped signing by itself goes on answering the monitoring GET until it is told to
//! end, because what it cosigned stays true.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::http::renewal::{LOOK_INTERVAL, Renewing};
use crate::http::{Api, ServeOptions, serve as serve_http};
use crate::limits::ClientLimits;
use crate::witness::Witness;

/// How often the clock, the logs and the keys are looked at.
const TICK: Duration = Duration::from_secs(1);

/// The bounds of every histogram of time, in seconds.
const BUCKETS: [f64; 15] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    30.0,
];

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// What `serve` was told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The witness's folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The certificate chain and its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// What clients may take.
    pub clients: ClientLimits,
    /// The operator's word that the clock is right.
    pub clock_is_right: bool,
    /// Which log lines.
    pub log: Option<String>,
    /// How they are written.
    pub log_format: LogFormat,
}

/// Serves until SIGTERM or SIGINT. Returns whether the witness still signed at the end.
pub fn serve(config: Config) -> anyhow::Result<bool> {
    start_logging(config.log.as_deref(), config.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve_until_told(config));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve_until_told(config: Config) -> anyhow::Result<bool> {
    let metrics = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .install_recorder()
        .context("starting the metrics")?;
    let certificate = config.tls.as_ref().map(|(chain, key)| Renewing::load(chain, key));
    let certificate = certificate.transpose()?;
    let tls = certificate.as_ref().map(Renewing::config).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    // Before the port is open: who stops the process early stops it in the same order.
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let renewing = tokio::spawn(renew(certificate, signal(SignalKind::hangup())?));

    let (data, word) = (config.data.clone(), config.clock_is_right);
    let opening = tokio::task::spawn_blocking(move || Witness::open(&data, word));
    let (witness, writer) = opening.await.context("opening the witness")??;
    for fault in witness.status().faults {
        tracing::error!(%fault, "this witness does not sign");
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    let ticking = tokio::spawn(tick(witness.clone(), metrics.clone()));
    tracing::info!(name = witness.name(), %address, "serving");
    announce(&format!("listening on {scheme}://{address}"))?;

    let options = ServeOptions { clients: config.clients, tls, ..ServeOptions::default() };
    let api = Api::new(witness.clone(), Some(metrics));
    let served = serve_http(listener, api, options, told(signals)).await;
    renewing.abort();
    ticking.abort();
    // The task is gone with its handle of the witness once this returns.
    let _ = ticking.await;
    let faults = witness.status().faults;
    drop(witness);
    let ended = tokio::task::spawn_blocking(move || writer.join());
    // Connections that were cut off may hold handles a little longer; the process ends all the same.
    if tokio::time::timeout(Duration::from_secs(5), ended).await.is_err() {
        tracing::warn!("the writer did not end in time");
    }
    served.context("serving")?;
    tracing::info!("stopped");
    Ok(faults.is_empty())
}

async fn tick(witness: Witness, metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(TICK).await;
        metrics.run_upkeep();
        let witness = witness.clone();
        let looked = tokio::task::spawn_blocking(move || witness.tick()).await;
        if looked.is_err() {
            tracing::error!("looking at the logs and keys failed badly");
        }
    }
}

/// Looks at the files of the TLS certificate now and then, and at every SIGHUP. Without TLS a SIGHUP
/// changes nothing, and does not end the program either.
async fn renew(certificate: Option<Arc<Renewing>>, mut hangup: Signal) {
    loop {
        let told = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(LOOK_INTERVAL) => false,
        };
        let Some(certificate) = certificate.clone() else {
            continue;
        };
        let look = move || if told { certificate.renew() } else { certificate.renew_if_changed() };
        if tokio::task::spawn_blocking(look).await.is_err() {
            tracing::error!("looking at the TLS certificate ended in a panic");
        }
    }
}

async fn told((mut terminate, mut interrupt): (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
        _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
    }
}

/// The one line on standard output that scripts wait for.
fn announce(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Starts logging to standard error. The command line comes before `RUST_LOG`.
fn start_logging(filter: Option<&str>, format: LogFormat) -> anyhow::Result<()> {
    let filter = match filter {
        Some(filter) => EnvFilter::try_new(filter).context("--log")?,
        None if std::env::var_os("RUST_LOG").is_some() => {
            EnvFilter::try_from_default_env().context("RUST_LOG")?
        }
        None => EnvFilter::new("info"),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(false).init(),
    }
    Ok(())
}
