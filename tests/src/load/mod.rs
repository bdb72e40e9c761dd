//! A load tool that believes nothing: every answer it counts, it has also checked.
//!
//! Speed without the promise is worth nothing, so a run ends with a reckoning:
//!
//! - each answer to `POST /add` is a decimal number and nothing else, given once in the whole run;
//! - every acknowledged entry is read back from its bundle, byte for byte at its index;
//! - inclusion in the published checkpoint is proven from tiles, for a sample or for all;
//! - all checkpoints seen while the load ran are signed by the log, and consistent in their order.
//!
//! Client and server share the machine, so the client does little: an entry is one allocation, a
//! latency one addition in a histogram, and all reading back happens after the clock has stopped.

pub mod client;
pub mod drive;
pub mod entry;
pub mod reckon;
pub mod tiles;
pub mod watch;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spec::key::VerifierKey;

/// What one run does.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where the log listens.
    pub address: SocketAddr,
    /// How many connections send at once; one is the sequential writer.
    pub connections: usize,
    /// How long requests are started.
    pub duration: Duration,
    /// At most this many requests in all, if set.
    pub requests: Option<u64>,
    /// The bytes of an entry.
    pub entry_size: usize,
    /// Requests started per second over all connections; without it each connection starts the
    /// next when the last is answered.
    pub rate: Option<f64>,
    /// The key whose signature on checkpoints is believed. Without it nothing is reckoned: that is
    /// for servers that answer a constant.
    pub log_key: Option<VerifierKey>,
    /// Whether inclusion is proven for every entry instead of a sample.
    pub prove_all: bool,
}

/// Why a run could not be made. What a log does wrong is no error but a finding.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The server closed a connection or answered what is not HTTP.
    #[error("HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// No connection.
    #[error("cannot reach {address}: {why}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// The system's reason.
        why: std::io::Error,
    },
    /// An answer is larger than anything that this tool asks for.
    #[error("an answer has more than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// A resource that must be there is not, or is not what it must be.
    #[error("{path}: {why}")]
    Wrong {
        /// What was asked for.
        path: String,
        /// What is wrong with the answer.
        why: String,
    },
}

/// What one run found: its figures, and everything that was wrong.
#[derive(Debug)]
pub struct Outcome {
    /// Requests, latencies, statuses.
    pub driven: drive::Driven,
    /// Checkpoints seen while the load ran.
    pub watched: watch::Watched,
    /// What was read back and proven.
    pub reckoning: reckon::Reckoning,
}

impl Outcome {
    /// Everything that was wrong; empty for a log that kept its promises.
    #[must_use]
    pub fn findings(&self) -> Vec<&str> {
        let all = self.watched.findings.iter().chain(&self.reckoning.findings);
        all.map(String::as_str).collect()
    }
}

/// Drives the load and, if a key is given, watches and reckons.
pub async fn run(load: &Load) -> Result<Outcome, LoadError> {
    // Two runs against one log must not send the same entries.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let run = since.as_nanos() as u64;
    let Some(key) = &load.log_key else {
        let driven = drive::drive(load, run).await?;
        return Ok(Outcome { driven, watched: Default::default(), reckoning: Default::default() });
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let own = tiles::Tiles::new(client::Connection::open(load.address).await?);
    let watcher = tokio::spawn(watch::watch(own, key.clone(), stopped));
    let driven = drive::drive(load, run).await;
    stop.send_replace(true);
    let mut watched = watcher.await.expect("the watcher does not panic")?;
    let driven = driven?;
    let mut tiles = tiles::Tiles::new(client::Connection::open(load.address).await?);
    let reckoning = reckon::reckon(load, run, &driven, &mut watched, &mut tiles, key).await?;
    Ok(Outcome { driven, watched, reckoning })
}
