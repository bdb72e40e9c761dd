//! Bundles: read a few at a time, and compressed where the client likes.
//!
//! A bundle can have 16 MiB. Few are read at once; what is on its way out is counted like every other
//! answer (see `outgoing`). Compressing is done on threads that may block, by few at a time; when they
//! are busy the bundle goes out as it is, which every client accepts.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use spec::tile::Tile;
use tokio::sync::Semaphore;

use super::Api;
use super::problem::Problem;

/// Smaller bundles are not worth the headers.
const MIN_COMPRESSED: usize = 1024;

/// What is looked at to tell whether a bundle gets smaller.
const SAMPLE_SIZE: usize = 2048;

/// The most bytes of compressed bundles that are kept.
const CACHE_SIZE: usize = 16 * 1024 * 1024;

/// Larger ones are compressed again each time, rather than push all others out.
const MAX_CACHED: usize = CACHE_SIZE / 8;

/// How many bundles are compressed at once.
const COMPRESSORS: usize = 2;

/// Reads, compresses and keeps bundles.
pub(super) struct Bundles {
    cache: Mutex<Cache>,
    compressors: Arc<Semaphore>,
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
        Self { cache: Mutex::default(), compressors: Arc::new(Semaphore::new(COMPRESSORS)) }
    }

    /// The bytes to send, and whether they are compressed.
    pub(super) async fn read(
        &self,
        api: &Api,
        tile: Tile,
        gzip: bool,
    ) -> Result<(Bytes, bool), Problem> {
        let cached = gzip.then(|| self.lock().bundles.get(&tile).cloned()).flatten();
        if let Some(Some(bytes)) = cached {
            return Ok((bytes, true));
        }
        let whole = if api.log.is_in_memory(tile) && !api.log.tile_may_wait(tile) {
            api.log.tile(tile)?
        } else {
            api.read_bundle(move |log| log.tile(tile)).await?
        };
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
        let Some(compressed) = compressed else {
            self.lock().keep(tile, None);
            return Ok((whole, false));
        };
        // Boxed, so that what is held is what is counted.
        let compressed = Bytes::from(compressed.into_boxed_slice());
        self.lock().keep(tile, Some(compressed.clone()));
        Ok((compressed, true))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The bundle compressed; `None` if that saves less than a tenth.
///
/// Hashes and ciphertexts do not get smaller. Trying them whole would cost an audit of such a log
/// more than all of its hashing, on both sides, so a piece from the middle is tried first.
fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let start = bytes.len().saturating_sub(SAMPLE_SIZE) / 2;
    let sample = &bytes[start..bytes.len().min(start + SAMPLE_SIZE)];
    let is_smaller = |whole: &[u8], packed: &[u8]| packed.len() < whole.len() / 10 * 9;
    if !is_smaller(sample, &packed(sample)) {
        return None;
    }
    let all = packed(bytes);
    is_smaller(bytes, &all).then_some(all)
}

fn packed(bytes: &[u8]) -> Vec<u8> {
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
        let compressed = compress(&bytes).expect("it gets smaller");
        assert!(compressed.len() < bytes.len() / 10);
        let mut again = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut again).unwrap();
        assert_eq!(again, bytes);
    }

    #[test]
    fn what_hardly_gets_smaller_is_sent_as_it_is() {
        let hashes = (0_u32..).flat_map(|at| *spec::Hash::of(&at.to_be_bytes()).as_bytes());
        let mut bytes: Vec<u8> = hashes.take(100_000).collect();
        assert_eq!(compress(&bytes), None);
        // A sample that promises more than the whole holds.
        bytes[49_000..51_100].fill(b'a');
        assert_eq!(compress(&bytes), None);
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
    async fn a_bundle_is_compressed_now_and_kept_for_the_next() {
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
        for (gzip, reason) in [(false, "as it is"), (true, "compressed"), (true, "cached")] {
            let (bytes, compressed) = api.bundles.read(&api, tile, gzip).await.unwrap();
            assert_eq!(compressed, gzip, "{reason}");
            assert_eq!(bytes.len() < entry.len(), gzip, "{reason}");
        }
    }
}
