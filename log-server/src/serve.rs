//! `serve`: opens a log, serves it, and ends both in the right order.
//!
//! Ending: stop accepting connections, finish requests, stop the log (which commits and publishes
//! what waits), wait for its threads. A log that stopped by itself goes on answering reads until
//! it is told to end, because what is published stays true.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::admission::Admission;
use crate::answer::Fatal;
use crate::config::{Config, JournalConfig, LogFormat, WitnessConfig};
use crate::disk::{Disk, MachineDisk};
use crate::explorer::Explorer;
use crate::explorer::verify::VerifyPage;
use crate::growing::Growing;
use crate::http::renewal::{LOOK_INTERVAL, Renewing};
use crate::http::{
    ApiOptions, Bodies, ServeOptions, install_recorder, router, runtime, serve as serve_http,
};
use crate::keys::LogKeys;
use crate::log::{Log, Options};
use crate::moved;
use crate::objects::place::{self, ObjectArgs};
use crate::settings::{Settings, SettingsError};
use crate::sources::Sources;
use crate::witnesses::Witnesses;

/// How often the log is asked whether it stopped by itself.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// How long the start waits for the index of leaf hashes.
const INDEX_PATIENCE: Duration = Duration::from_millis(500);

/// How often numbers are folded together, so that they take no memory while nobody reads them.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT. Returns why the log stopped by itself, if it did.
pub fn serve(config: Config, unknown_variables: &[String]) -> anyhow::Result<Option<Fatal>> {
    start_logging(config.log.as_deref(), config.log_format)?;
    for name in unknown_variables {
        tracing::warn!(%name, "this environment variable is not one of ours; is it misspelt?");
    }
    let runtime = runtime(config.workers).context("starting the threads")?;
    let outcome = runtime.block_on(serve_until_told(config));
    // Whatever still blocks on a file has nobody left to answer.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve_until_told(config: Config) -> anyhow::Result<Option<Fatal>> {
    let metrics = install_recorder().context("starting the metrics")?;
    let certificate =
        config.tls.as_ref().map(|files| Renewing::load(&files.certificate, &files.key));
    let certificate = certificate.transpose()?;
    let tls = certificate.as_ref().map(Renewing::config).transpose()?;
    let verify = config.verify_page.as_deref().map(VerifyPage::load).transpose()?.map(Arc::new);
    // Before the port is open: who stops the process early stops it in the same order.
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let renewing = tokio::spawn(renew(certificate, signal(SignalKind::hangup())?));

    let engine = config.engine;
    let (data, admission) = (config.data.clone(), config.admission);
    let (witnesses, journal) = (config.witnesses.clone(), config.journal.clone());
    let place = config.objects.clone();
    let opening = move || open(&data, admission, engine, witnesses, journal, &place);
    let opened = tokio::task::spawn_blocking(opening).await;
    let log = opened.expect("opening a log does not panic")?;

    wait_for_index(&log).await;
    let growth = Growing::begin(&log)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let api = ApiOptions {
        bodies: Bodies::new(config.body_bytes, config.body_time),
        wait_time: config.wait_time,
        waiting_entries: config.engine.waiting_entries,
        metrics: Some(metrics.clone()),
        explorer: Explorer { growth: growth.shown(), verify },
    };
    let options = ServeOptions {
        clients: config.clients,
        patience: config.patience,
        stop_time: config.stop_time,
        tls,
    };
    let watch = tokio::spawn(watch(log.clone()));
    let upkeep = tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            metrics.run_upkeep();
        }
    });
    tracing::info!(origin = %log.origin(), %address, "serving");
    announce(&format!("listening on {scheme}://{address}"))?;

    let served = serve_http(listener, router(log.clone(), api), options, told(signals)).await;
    for task in [watch, upkeep, renewing] {
        task.abort();
    }
    growth.end(&log).await;
    let fatal = end(log).await;
    served.context("serving")?;
    Ok(fatal)
}

/// Waits a moment for the index, so that the first entry of a small log is not refused. A large
/// one that is made again takes longer; then reads are served meanwhile, and `/readyz` says why.
async fn wait_for_index(log: &Log) {
    let ready = async {
        while !log.status().index_ready {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(INDEX_PATIENCE, ready).await.is_err() {
        tracing::warn!("entries are refused until the index of leaf hashes is made again");
    }
}

/// Opens the log in `data`.
fn open(
    data: &Path,
    admission: Option<Admission>,
    limits: crate::log::Limits,
    witnesses: Option<WitnessConfig>,
    journal: Option<JournalConfig>,
    objects: &ObjectArgs,
) -> anyhow::Result<Log> {
    let disk = MachineDisk::open(data)
        .with_context(|| format!("{}: make a log with `fiducial-log init`", data.display()))?;
    let settings = Settings::load(&disk, data)?;
    if journal.is_none() {
        // Before anything that only matters where the log is.
        moved::check_is_here(&disk, data)?;
    }
    let settings = match (&journal, admission) {
        // The database has said it from the beginning, to all servers.
        (Some(_), Some(want)) if want != settings.admission => {
            return Err(SettingsError::Admission { have: settings.admission, want }.into());
        }
        (Some(_), _) => settings,
        (None, _) => settle_admission(&disk, data, settings, admission)?,
    };
    let keys = LogKeys::load(data, &settings.origin)?;
    let sources = Sources::load(data)?;
    if settings.admission == Admission::Statements && sources.count() == 0 {
        tracing::warn!(
            "no source is listed, so no statement is taken; see `fiducial-log source add`"
        );
    }
    let witnesses = witnesses.map(|config| load_witnesses(&config, &keys)).transpose()?;
    let options = Options { data: data.to_owned(), limits, keys, sources, witnesses };
    match journal {
        None => open_on_objects(options, Arc::new(disk), objects),
        Some(journal) => open_together(options, &journal),
    }
}

/// Opens one of several servers.
fn open_together(options: Options, journal: &JournalConfig) -> anyhow::Result<Log> {
    let JournalConfig { database, tiles } = journal;
    if database.is_exposed() {
        tracing::warn!(
            "the journal's database is reached without TLS: whoever is on the way can read and change it"
        );
    }
    tracing::info!(%tiles, "full tiles are where all servers of this log have them");
    Ok(Log::open_together(options, database.clone(), tiles.open()?)?)
}

/// Opens the log with its full tiles where they are asked to be, or else where they were last. Only a
/// start that has found there all that it needs is remembered.
fn open_on_objects(
    options: Options,
    disk: Arc<dyn Disk>,
    objects: &ObjectArgs,
) -> anyhow::Result<Log> {
    let data = options.data.clone();
    let last = place::remembered(disk.as_ref(), &data)?;
    let asked = objects.place()?;
    let place = asked.unwrap_or_else(|| last.clone());
    if let Some(place) = &place {
        tracing::info!(store = %place, server = place.server(), "full tiles are in object storage");
    }
    let store = crate::objects::open(disk.clone(), &data, place.as_ref())?;
    let log = Log::open_with(options, disk.clone(), store)?;
    if place != last {
        place::remember(disk.as_ref(), &data, place.as_ref())?;
    }
    Ok(log)
}

fn load_witnesses(config: &WitnessConfig, keys: &LogKeys) -> anyhow::Result<Witnesses> {
    let authorities = config.authorities.as_deref();
    let keys = keys.verifier_keys();
    let loaded = Witnesses::load(&config.policy, &keys, authorities, config.answer_time);
    loaded.with_context(|| config.policy.display().to_string())
}

/// Compares what the operator asks for with what the log is.
fn settle_admission(
    disk: &MachineDisk,
    data: &Path,
    settings: Settings,
    wanted: Option<Admission>,
) -> anyhow::Result<Settings> {
    match wanted {
        Some(wanted) if wanted != settings.admission => {
            Ok(settings.with_admission_before_first_start(disk, data, wanted)?)
        }
        _ => Ok(settings),
    }
}

/// Stops the log and waits for it. Returns why it had stopped before, if it had.
async fn end(log: Log) -> Option<Fatal> {
    let fatal = log.status().fatal;
    log.stop();
    let joined = tokio::task::spawn_blocking(move || {
        log.join();
        log.status().fatal
    });
    let after = joined.await.expect("waiting for the log's threads does not panic");
    tracing::info!("stopped");
    fatal.or(after)
}

/// Says once, as an error, that the log stopped by itself.
async fn watch(log: Log) {
    loop {
        tokio::time::sleep(WATCH_INTERVAL).await;
        if let Some(fatal) = log.status().fatal {
            tracing::error!(%fatal, "the log has stopped; what is published is still served");
            return;
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
