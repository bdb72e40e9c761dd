//! A log that others serve over HTTP, as a source.
//!
//! Rule: C2SP tlog-tiles. An answer of 404 is a file that is not there; anything else that is no success is
//! asked for again in bounded time. Redirects are not followed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use spec::tile::{MAX_BUNDLE_SIZE, Tile};
use tokio::task::JoinSet;

use super::store::{Source, whole_or_front};
use crate::objects::bucket::fault::{Outcome, Refusal, outcome};
use crate::objects::bucket::patience::{Throttle, hedged, patiently};
use crate::objects::bucket::{Fault, Patience};
use crate::objects::client::{Client, Target, TargetError};
use crate::objects::worker::Worker;

/// Files asked for at once: a courtesy to the log, which limits each client.
const MAX_AT_ONCE: usize = 16;

/// A log at an address.
pub struct Web {
    site: Arc<Site>,
    worker: Worker,
}

struct Site {
    client: Client,
    /// Ends without a slash.
    url: String,
    throttle: Throttle,
}

impl Web {
    /// The log at `url`, its HTTPS trusted by `authorities` or the system's.
    pub fn open(url: &str, authorities: Option<&Path>) -> Result<Self, TargetError> {
        let client = Client::new(Target::parse(url)?, authorities, "--ca")?;
        let url = url.trim_end_matches('/').to_owned();
        let worker = Worker::start("log-reader");
        let worker = worker.map_err(|error| TargetError::Authorities(error.to_string()))?;
        let site = Site { client, url, throttle: Throttle::default() };
        Ok(Self { site: Arc::new(site), worker })
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        let (site, name) = (self.site.clone(), name.to_owned());
        let read = self.worker.wait(async move { site.read(&name, limit).await });
        read.map_err(io::Error::other)
    }

    fn read_at_once(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        let (site, names) = (self.site.clone(), tiles.to_vec());
        let read = self.worker.wait(async move {
            let mut running = JoinSet::new();
            for (at, tile) in names.into_iter().enumerate() {
                let site = site.clone();
                running.spawn(
                    async move { (at, site.read(&tile.to_string(), MAX_BUNDLE_SIZE).await) },
                );
            }
            let mut read = running.join_all().await;
            read.sort_by_key(|(at, _)| *at);
            read.into_iter().map(|(_, bytes)| bytes).collect::<Result<Vec<_>, Fault>>()
        });
        read.map_err(io::Error::other)
    }
}

impl Source for Web {
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        self.read(name, limit)
    }

    fn name(&self) -> String {
        self.site.url.clone()
    }

    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        let mut all = Vec::with_capacity(tiles.len());
        for some in tiles.chunks(MAX_AT_ONCE) {
            let read = self.read_at_once(some)?;
            for (tile, bytes) in some.iter().zip(read) {
                all.push(match bytes {
                    None if !tile.is_full() => {
                        whole_or_front(*tile, |tile| self.read(&tile.to_string(), MAX_BUNDLE_SIZE))?
                    }
                    other => other,
                });
            }
        }
        Ok(all)
    }
}

impl Site {
    async fn read(&self, name: &str, limit: usize) -> Result<Option<Bytes>, Fault> {
        let patience = Patience::default();
        let once = || self.read_once(name, limit);
        let twice = || hedged(patience.hedge, once);
        patiently(patience, &self.throttle, &self.url, twice).await
    }

    async fn read_once(&self, name: &str, limit: usize) -> Result<Option<Bytes>, Fault> {
        let refused = |said: String| Fault::Refused { store: self.url.clone(), said };
        let request = Request::get(format!("{}/{name}", self.url)).body(Full::new(Bytes::new()));
        let request = request.map_err(|error| refused(error.to_string()))?;
        let of = |error: &(dyn std::error::Error + 'static)| match outcome(error, &self.url) {
            Outcome::Missing => Ok(None),
            Outcome::Fault(fault) => Err(fault),
        };
        let answer = match self.client.send(request, limit).await {
            Ok(answer) => answer,
            Err(error) => return of(&error),
        };
        self.throttle.note(answer.status(), answer.headers());
        if answer.status().is_success() {
            return Ok(Some(answer.into_body()));
        }
        of(&Refusal::read(answer.status(), answer.body()))
    }
}
