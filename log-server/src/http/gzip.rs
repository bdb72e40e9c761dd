//! Bundles on their way out: compressed where the client likes, and bounded in memory.
//!
//! A bundle can have 16 MiB, and a client can take its time to read it. So what is on its way counts
//! against a budget until the last byte has left. Compressing is done on threads that may block,
//! by few at a time; when they are busy the bundle goes out as it is, which every client accepts.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use spec::tile::Tile;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Api;
use super::problem::{Kind, Problem};

/// Smaller bundles are not worth the headers.
const MIN_COMPRESSED: usize = 1024;

/// The most bytes of compressed bundles that are kept.
const CACHE_SIZE: usize = 16 * 1024 * 1024;

/// Larger ones are compressed again each time, rather than push all others out.
const MAX_CACHED: usize = CACHE_SIZE / 8;

/// How many bundles are compressed at once.
const COMPRESSORS: usize = 2;

/// The most bytes of bundles that are on their way to clients.
const MAX_OUTGOING: usize = 128 * 1024 * 1024;

/// What the budget counts in.
const UNIT: usize = 1024;

/// Reads, compresses and keeps bundles.
pub(super) struct Bundles {
    cache: Mutex<Cache>,
    compressors: Arc<Semaphore>,
    outgoing: Arc<Semaphore>,
}

/// Compressed bundles, the oldest first. `None` stands for one that does not get smaller.
#[derive(Default)]
struct Cache {
    bundles: HashMap<Tile, Option<Bytes>>,
    order: VecDeque<Tile>,
    size: usize,
}

impl Bundles {
    pub(super) fn new() -> Self {
        Self {
            cache: Mutex::default(),
            compressors: Arc::new(Semaphore::new(COMPRESSORS)),
            outgoing: Arc::new(Semaphore::new(MAX_OUTGOING / UNIT)),
        }
    }

    /// The bytes to send, and whether they are compressed.
    pub(super) async fn read(
        &self,
        api: &Api,
        tile: Tile,
        gzip: bool,
    ) -> Result<(Bytes, bool), Problem> {
        if gzip && let Some(Some(bytes)) = self.lock().bundles.get(&tile) {
            return Ok((bytes.clone(), true));
        }
        let whole = if api.log.is_in_memory(tile) {
            api.log.tile(tile)?
        } else {
            api.read(move |log| log.tile(tile)).await?
        };
        let whole = self.count(whole)?;
        let known = self.lock().bundles.contains_key(&tile);
        if !gzip || known || whole.len() < MIN_COMPRESSED {
            return Ok((whole, false));
        }
        let Ok(_turn) = Arc::clone(&self.compressors).try_acquire_owned() else {
            return Ok((whole, false));
        };
        let source = whole.clone();
        let compressed = tokio::task::spawn_blocking(move || compress(&source))
            .await
            .expect("compressing does not panic, and the runtime outlives its requests");
        let smaller = (compressed.len() < whole.len()).then_some(Bytes::from(compressed));
        self.lock().keep(tile, smaller.clone());
        Ok(smaller.map_or((whole, false), |bytes| (bytes, true)))
    }

    /// Counts bytes as outgoing until the last handle on them is dropped.
    fn count(&self, bytes: Bytes) -> Result<Bytes, Problem> {
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).expect("a bundle has 16 MiB");
        let permit = Arc::clone(&self.outgoing).try_acquire_many_owned(units).map_err(|_| {
            let detail = "too many bundles are on their way to slow clients; try again shortly";
            Problem::new(Kind::Overloaded, detail)
        })?;
        Ok(Bytes::from_owner(Outgoing { bytes, _permit: permit }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Outgoing {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Cache {
    fn keep(&mut self, tile: Tile, bundle: Option<Bytes>) {
        let size = cost(bundle.as_ref());
        if size > MAX_CACHED || self.bundles.contains_key(&tile) {
            return;
        }
        while self.size + size > CACHE_SIZE {
            let oldest = self.order.pop_front().expect("a cache over its size holds something");
            let bundle = self.bundles.remove(&oldest).expect("both lists hold the same");
            self.size -= cost(bundle.as_ref());
        }
        self.size += size;
        self.order.push_back(tile);
        self.bundles.insert(tile, bundle);
    }
}

/// What a bundle costs the cache: its bytes, and its place in both lists.
fn cost(bundle: Option<&Bytes>) -> usize {
    bundle.map_or(0, Bytes::len) + 128
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(4));
    encoder.write_all(bytes).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

/// Whether a client takes gzip (RFC 9110, section 12.5.3). Without the header we do not assume it.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut accepted = None;
    for coding in values.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        let taken = weight.parse::<f32>().is_ok_and(|weight| weight > 0.0);
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return taken;
        }
        if name == "*" {
            accepted = Some(taken);
        }
    }
    accepted.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use spec::tile::TileKind;
    use std::io::Read;

    fn accepts(value: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        accepts_gzip(&headers)
    }

    #[test]
    fn the_client_decides() {
        for yes in ["gzip", "br, gzip", "GZIP;q=0.5", "*", "identity, *;q=0.1", "x-gzip"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "identity", "br", "gzip;q=0", "*, gzip;q=0.0", "*;q=0", "gzip;q=x"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let bytes = b"fiducial/statement/v1\n".repeat(500);
        let compressed = compress(&bytes);
        assert!(compressed.len() < bytes.len() / 10);
        let mut again = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut again).unwrap();
        assert_eq!(again, bytes);
    }

    #[test]
    fn the_cache_stays_within_its_size_and_forgets_the_oldest() {
        let mut cache = Cache::default();
        let tile = |index| Tile::full(TileKind::Entries, index).unwrap();
        for index in 0..40 {
            cache.keep(tile(index), Some(Bytes::from(vec![0; 1 << 20])));
            assert!(cache.size <= CACHE_SIZE);
        }
        assert!(!cache.bundles.contains_key(&tile(0)) && cache.bundles.contains_key(&tile(39)));
        assert_eq!(cache.bundles.len(), cache.order.len());
        let before = cache.size;
        cache.keep(tile(99), Some(Bytes::from(vec![0; MAX_CACHED + 1])));
        cache.keep(tile(39), Some(Bytes::from_static(b"again")));
        assert_eq!(cache.size, before);
    }

    #[test]
    fn what_is_on_its_way_is_counted_until_it_is_dropped() {
        let bundles = Bundles::new();
        let large = Bytes::from(vec![0; 16 << 20]);
        let held: Vec<Bytes> = (0..8).map(|_| bundles.count(large.clone()).unwrap()).collect();
        let refused = bundles.count(Bytes::from_static(b"one more")).unwrap_err();
        assert_eq!(refused.kind(), Kind::Overloaded);
        drop(held);
        assert!(bundles.count(large).is_ok());
    }
}
