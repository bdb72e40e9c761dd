//! Objects in a bucket: of S3 (AWS, Garage, Ceph, MinIO's kin, Aliyun OSS by its S3 face), of Google Cloud
//! Storage, or of Azure Blob Storage, which calls it a container.
//!
//! Rule: the protocol of each by `object_store`, everything else here and once for all; tlog-tiles for
//! names, content type and caching, so that the bucket itself or a CDN before it can hand the tiles out.
//!
//! Danger: some stores ignore `If-None-Match` (measured: Garage; Ceph keeps to it), so nothing here rests
//! on it. An object is read first and compared; only one that is not there is written. Two writers at the
//! same moment may both write: then both write the same bytes, or the sealer's reading back finds the
//! difference.
//!
//! - `cloud`: the requests of each kind. `fault`: what can be wrong. `patience`: retries, throttling,
//!   hedged reads. `wire`: HTTP.
//!
//! Out of scope: lifecycle rules and permissions of a bucket, see `docs/object-storage.md`.

mod cloud;
pub(crate) mod fault;
pub(crate) mod patience;
#[cfg(test)]
mod trials;
mod wire;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{Attribute, Attributes, GetOptions, ObjectStore, PutOptions, PutPayload};
use spec::tile::{MAX_BUNDLE_SIZE, Tile};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use fault::Fault;
pub use patience::Patience;

use self::cloud::{Asker, address};
use self::fault::{Outcome, outcome};
use self::patience::{Throttle, hedged, patiently};
use self::wire::Wire;
use super::client::{Client, Target};
use super::place::{BucketPlace, ObjectsError};
use super::worker::Worker;
use super::{Objects, PutError};

/// Objects read or written at once.
const MAX_AT_ONCE: usize = 32;

/// What tiles and bundles are.
const OCTETS: &str = "application/octet-stream";

/// For a year, and never asked for again.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What a checkpoint and keys are.
const TEXT: &str = "text/plain; charset=utf-8";

/// Not at all: the next checkpoint may be a moment away.
const NO_STORE: &str = "no-store";

/// Objects in a bucket.
pub struct BucketObjects {
    bucket: Arc<Bucket>,
    worker: Worker,
}

/// What every request needs.
struct Bucket {
    store: Box<dyn ObjectStore>,
    /// How it is named in messages.
    name: String,
    /// Bucket and prefix: what it is called from anywhere.
    place: String,
    prefix: String,
    patience: Patience,
    throttle: Arc<Throttle>,
    turns: Semaphore,
}

impl BucketObjects {
    /// Prepares requests; sends none yet.
    pub fn open(place: &BucketPlace) -> Result<Self, ObjectsError> {
        Self::open_with(place, Patience::default())
    }

    /// The same with other times.
    pub fn open_with(place: &BucketPlace, patience: Patience) -> Result<Self, ObjectsError> {
        let asker = Asker::load(place)?;
        let server = address(place);
        let target = Target::parse(&server)?;
        if target.is_exposed() {
            if asker.shows_secret() {
                return Err(ObjectsError::Exposed { store: place.to_string(), server });
            }
            tracing::warn!(%server, "objects travel without TLS; others on the way can read them");
        }
        let throttle = Arc::new(Throttle::default());
        let client = Client::new(target, place.ca.as_deref(), "--objects-ca")?;
        let wire = Wire { client: Arc::new(client), throttle: throttle.clone() };
        let refused = |error: object_store::Error| Fault::Refused {
            store: place.to_string(),
            said: error.to_string(),
        };
        let bucket = Bucket {
            store: asker.build(place, &server, wire).map_err(refused)?,
            name: format!("{place} at {}", place.server()),
            place: place.to_string(),
            prefix: place.prefix.clone(),
            patience,
            throttle,
            turns: Semaphore::new(MAX_AT_ONCE),
        };
        Ok(Self { bucket: Arc::new(bucket), worker: Worker::start("objects")? })
    }

    /// Asks for a list of nothing, so that a missing bucket or a wrong key is known at the start.
    ///
    /// Reading an object would not do: some stores answer that it is missing, whatever the bucket.
    pub fn probe(&self) -> Result<(), Fault> {
        let bucket = self.bucket.clone();
        self.worker.wait(async move { bucket.probe().await })
    }

    /// Reads a file that is not a full tile: a checkpoint or a partial tile.
    pub fn read_file(&self, name: &str) -> io::Result<Option<Bytes>> {
        let (bucket, name) = (self.bucket.clone(), name.to_owned());
        self.worker.wait(async move { bucket.read(&name).await }).map_err(io::Error::other)
    }

    /// Writes one, over what is there.
    pub fn write_file(&self, name: &str, bytes: Bytes) -> io::Result<()> {
        let (bucket, name) = (self.bucket.clone(), name.to_owned());
        self.worker.wait(async move { bucket.write(&name, bytes).await }).map_err(io::Error::other)
    }

    /// Does `work` for every item, many at once, and gives the results in their order. The first
    /// error ends it.
    fn each<I, T, F>(
        &self,
        items: Vec<I>,
        work: fn(Arc<Bucket>, I) -> F,
    ) -> Result<Vec<T>, PutError>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Future<Output = Result<T, PutError>> + Send + 'static,
    {
        let bucket = self.bucket.clone();
        self.worker.wait(async move {
            let mut running = JoinSet::new();
            for (at, item) in items.into_iter().enumerate() {
                let bucket = bucket.clone();
                running.spawn(async move {
                    let own = bucket.clone();
                    let _turn = own.turns.acquire().await.expect("it is never closed");
                    (at, work(bucket, item).await)
                });
            }
            let mut results = Vec::with_capacity(running.len());
            while let Some(done) = running.join_next().await {
                let (at, result) = done.expect("a request does not panic");
                results.push((at, result?));
            }
            results.sort_by_key(|(at, _)| *at);
            Ok(results.into_iter().map(|(_, result)| result).collect())
        })
    }
}

impl Objects for BucketObjects {
    fn put_all(&self, objects: &[(Tile, Bytes)]) -> Result<(), PutError> {
        assert!(objects.iter().all(|(tile, _)| tile.is_full()), "only full tiles are immutable");
        self.each(objects.to_vec(), put).map(drop)
    }

    fn read(&self, tile: Tile) -> io::Result<Option<Bytes>> {
        self.read_file(&tile.to_string())
    }

    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        let read = self.each(tiles.to_vec(), |bucket, tile| async move {
            Ok(bucket.read(&tile.to_string()).await.map_err(io::Error::other)?)
        });
        read.map_err(|error| match error {
            PutError::Io(error) => error,
            PutError::OtherBytes { .. } => unreachable!("nothing was put"),
        })
    }

    fn store_name(&self) -> String {
        self.bucket.place.clone()
    }

    fn read_beside(&self, name: &str) -> io::Result<Option<Bytes>> {
        self.read_file(name)
    }

    fn write_beside(&self, name: &str, bytes: Bytes) -> io::Result<()> {
        self.write_file(name, bytes)
    }

    fn is_remote(&self) -> bool {
        true
    }
}

/// Compares with what is there, and writes only where nothing is.
async fn put(bucket: Arc<Bucket>, (tile, bytes): (Tile, Bytes)) -> Result<(), PutError> {
    let name = tile.to_string();
    match bucket.read(&name).await.map_err(io::Error::other)? {
        Some(stored) if stored == bytes => Ok(()),
        Some(_) => Err(PutError::OtherBytes { tile }),
        None => Ok(bucket.write(&name, bytes).await.map_err(io::Error::other)?),
    }
}

impl Bucket {
    async fn probe(&self) -> Result<(), Fault> {
        let nothing = self.key("probe");
        let once = || async {
            match self.store.list_with_delimiter(Some(&nothing)).await {
                Ok(_) => Ok(()),
                Err(error) => Err(match outcome(&error, &self.name) {
                    Outcome::Missing => Fault::Bucket { store: self.name.clone() },
                    Outcome::Fault(fault) => fault,
                }),
            }
        };
        patiently(self.patience, &self.throttle, &self.name, once).await
    }

    async fn read(&self, name: &str) -> Result<Option<Bytes>, Fault> {
        let key = self.key(name);
        let once = || self.read_once(&key);
        let twice = || hedged(self.patience.hedge, once);
        patiently(self.patience, &self.throttle, &self.name, twice).await
    }

    async fn read_once(&self, key: &Key) -> Result<Option<Bytes>, Fault> {
        let answer = match self.store.get_opts(key, GetOptions::default()).await {
            Ok(answer) if answer.meta.size <= MAX_BUNDLE_SIZE as u64 => answer.bytes().await,
            Ok(answer) => {
                let said = format!("{key} has {} bytes, more than it can have", answer.meta.size);
                return Err(Fault::Refused { store: self.name.clone(), said });
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => match outcome(&error, &self.name) {
                Outcome::Missing => Ok(None),
                Outcome::Fault(fault) => Err(fault),
            },
        }
    }

    async fn write(&self, name: &str, bytes: Bytes) -> Result<(), Fault> {
        let key = self.key(name);
        let is_tile = Tile::parse(name).is_some();
        let (kind, caching) = if is_tile { (OCTETS, IMMUTABLE) } else { (TEXT, NO_STORE) };
        let attributes: Attributes =
            [(Attribute::ContentType, kind), (Attribute::CacheControl, caching)]
                .into_iter()
                .collect();
        let once = || async {
            let options = PutOptions { attributes: attributes.clone(), ..PutOptions::default() };
            let payload = PutPayload::from_bytes(bytes.clone());
            match self.store.put_opts(&key, payload, options).await {
                Ok(_) => Ok(()),
                Err(error) => Err(match outcome(&error, &self.name) {
                    Outcome::Missing => Fault::Bucket { store: self.name.clone() },
                    Outcome::Fault(fault) => fault,
                }),
            }
        };
        patiently(self.patience, &self.throttle, &self.name, once).await
    }

    fn key(&self, name: &str) -> Key {
        if self.prefix.is_empty() {
            Key::from(name)
        } else {
            Key::from(format!("{}/{name}", self.prefix))
        }
    }
}
