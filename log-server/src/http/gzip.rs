//! Bundles on their way out: compressed where the client likes, and bounded in memory.
//!
//! A bundle can have 16 MiB, and a client can take its time to read it. So what is on its way, compressed
//! or not, counts against a budget until the last byte has left, and a client that reads more slowly
//! than the budget can bear is cut off (see `connection`). Compressing is done on threads that may block,
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
use super::connection::Peer;
use super::problem::{Kind, Problem};
use super::stream::Expected;

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
        reader: Option<&Peer>,
    ) -> Result<(Bytes, bool), Problem> {
        let cached = gzip.then(|| self.lock().bundles.get(&tile).cloned()).flatten();
        if let Some(Some(bytes)) = cached {
            return Ok((self.count(bytes, reader)?, true));
        }
        let whole = if api.log.is_in_memory(tile) {
            api.log.tile(tile)?
        } else {
            api.read_bundle(move |log| log.tile(tile)).await?
        };
        let whole = self.count(whole, reader)?;
        // Known, and not sent just now: it does not get smaller.
        if !gzip || cached.is_some() || whole.len() < MIN_COMPRESSED {
            return Ok((whole, false));
        }
        let Ok(_turn) = Arc::clone(&self.compressors).try_acquire_owned() else {
            return Ok((whole, false));
        };
        let source = whole.clone();
        let compressed = tokio::task::spawn_blocking(move || compress(&source))
            .await
            .expect("compressing does not panic, and the runtime outlives its requests");
        if compressed.len() >= whole.len() {
            self.lock().keep(tile, None);
            return Ok((whole, false));
        }
        // Boxed, so that what is held is what is counted.
        let compressed = Bytes::from(compressed.into_boxed_slice());
        self.lock().keep(tile, Some(compressed.clone()));
        // Given back before the smaller one is counted: both never go out.
        drop(whole);
        Ok((self.count(compressed, reader)?, true))
    }

    /// Counts bytes as outgoing until the last handle on them is dropped, and tells the reader's
    /// connection to end if that takes too long.
    fn count(&self, bytes: Bytes, reader: Option<&Peer>) -> Result<Bytes, Problem> {
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).expect("a bundle has 16 MiB");
        let permit = Arc::clone(&self.outgoing).try_acquire_many_owned(units).map_err(|_| {
            let detail = "too many bundles are on their way to slow clients; try again shortly";
            Problem::new(Kind::Overloaded, detail)
        })?;
        let expected = reader.map(|peer| peer.activity.expect(bytes.len()));
        Ok(Bytes::from_owner(Outgoing { bytes, _permit: permit, _expected: expected }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Outgoing {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
    _expected: Option<Expected>,
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
    use crate::http::tests::{add, api};
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

    #[tokio::test]
    async fn what_is_handed_out_is_counted_whether_compressed_now_or_before() {
        let (_folder, api) = api();
        // Half of each byte is noise, so that it gets smaller, but not small.
        let mut noise = 1_u32;
        let entry = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 28) as u8
        });
        let entry: Vec<u8> = entry.take(30_000).collect();
        add(&api, &entry).await;
        let tile = Tile::new(TileKind::Entries, 0, 1).unwrap();
        let free = || api.bundles.outgoing.available_permits();
        let all = free();
        for (gzip, reason) in [(false, "as it is"), (true, "compressed"), (true, "cached")] {
            let (bytes, compressed) = api.bundles.read(&api, tile, gzip, None).await.unwrap();
            assert_eq!(compressed, gzip, "{reason}");
            assert!(bytes.len() > UNIT, "{reason}");
            assert_eq!(all - free(), bytes.len().div_ceil(UNIT), "{reason}");
            drop(bytes);
            assert_eq!(free(), all, "{reason}");
        }
        // And refused when nothing is left, the cached one too.
        let rest = api.bundles.outgoing.try_acquire_many(all as u32).unwrap();
        let refused = api.bundles.read(&api, tile, true, None).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Overloaded);
        drop(rest);
    }

    #[test]
    fn what_is_on_its_way_is_counted_until_it_is_dropped() {
        let bundles = Bundles::new();
        let large = Bytes::from(vec![0; 16 << 20]);
        let held: Vec<Bytes> =
            (0..8).map(|_| bundles.count(large.clone(), None).unwrap()).collect();
        let refused = bundles.count(Bytes::from_static(b"one more"), None).unwrap_err();
        assert_eq!(refused.kind(), Kind::Overloaded);
        drop(held);
        assert!(bundles.count(large, None).is_ok());
    }
}
