//! The sealer: full bundles and tiles become objects, are read back, and leave memory.
//!
//! Sealing can be late and can be repeated; it cannot lose anything, because the journal keeps an
//! entry until the object that holds it was read back, hashed and found to be the committed one.
//!
//! Storing makes the file system write its own journal, behind which the log's commits queue. So a
//! busy log seals many bundles at once, and none waits longer than a moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use spec::Hash;
use spec::hash::leaf_hashes;
use spec::tile::{TILE_WIDTH, Tile, TileKind, parse_entries};

use crate::answer::Fatal;
use crate::objects::{Objects, PutError, is_away};
use crate::shared::Shared;
use crate::tail::Seal;

/// How long to wait after storage refused, for example on a full disk.
const RETRY: Duration = Duration::from_secs(1);

/// So many full bundles are stored at once without waiting for more.
const ENOUGH_BUNDLES: usize = 16;

/// So many bytes likewise.
const ENOUGH_BYTES: usize = 4 * 1024 * 1024;

/// How long to sleep when nothing rings: only a safety net.
const IDLE: Duration = Duration::from_secs(60);

/// What to do about an object that cannot be used.
pub const ADVICE: &str = "Run `fiducial-log check` to see what else is wrong, and restore the files \
                          from a mirror: full tiles are the same everywhere. Then start the log again.";

/// Works until the log is over and everything full is sealed.
pub fn run(shared: &Arc<Shared>) -> Result<(), Fatal> {
    let mut since: Option<Instant> = None;
    loop {
        let over = shared.is_over();
        let (full_bundles, bytes) = {
            let tail = shared.tail.read().expect("no panic under this lock");
            (tail.full_bundles(), tail.bytes())
        };
        if full_bundles > 0 && full_bundles < ENOUGH_BUNDLES && bytes < ENOUGH_BYTES && !over {
            let waited = since.get_or_insert_with(Instant::now).elapsed();
            let patience = shared.limits.seal_wait;
            if waited < patience {
                shared.seal_bell.wait(patience - waited);
                continue;
            }
        }
        let seal = shared.tail.read().expect("no panic under this lock").seal_below(u64::MAX);
        match seal {
            Some(seal) => match store(shared, &seal)? {
                true => since = None,
                // At the end there is no point in waiting for space: the journal has it all.
                false if over => return Ok(()),
                false => shared.seal_bell.wait(RETRY),
            },
            None if over => return Ok(()),
            None => shared.seal_bell.wait(IDLE),
        }
    }
}

/// Stores one seal. `false` if the storage refused and it must be tried again.
fn store(shared: &Shared, seal: &Seal) -> Result<bool, Fatal> {
    let refused = |error: std::io::Error| {
        tracing::warn!(%error, "full tiles could not be stored yet; the journal keeps them");
        shared.note_refused(|all| all.tiles = Some(error.to_string()));
        Ok(false)
    };
    match shared.objects.put_all(&seal.objects) {
        Ok(()) => {}
        Err(PutError::Io(error)) => return refused(error),
        Err(error @ PutError::OtherBytes { .. }) => {
            return Err(Fatal::new(format!(
                "{error}. Either two logs use this data folder, or the disk is damaged. Run \
                 `fiducial-log check` to see which tiles are wrong."
            )));
        }
    }
    match read_back(shared.objects.as_ref(), seal) {
        Ok(()) => {}
        Err(BundleError::Away(error)) => return refused(error),
        Err(BundleError::Fatal(fatal)) => return Err(fatal),
    }
    shared.note_refused(|all| all.tiles = None);
    {
        // Both change under the tail's lock: a trim never sees one without the other.
        let mut tail = shared.tail.write().expect("no panic under this lock");
        // Not below what a server that was away for long has taken over anew meanwhile.
        if tail.sealed() < seal.size {
            tail.sealed_up_to(seal.size);
            shared.sealed_leaves.lock().expect("no panic under this lock").extend(&seal.leaves);
        }
    }
    metrics::counter!("fiducial_log_objects_total").increment(seal.objects.len() as u64);
    Ok(true)
}

/// Why a bundle could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The storage is away: nothing is known of what it holds. It may be tried again.
    #[error("the stored objects cannot be reached: {0}. Check the network and the store.")]
    Away(std::io::Error),
    /// What is stored cannot be used.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl From<BundleError> for Fatal {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Fatal(fatal) => fatal,
            away @ BundleError::Away(_) => Self::new(away.to_string()),
        }
    }
}

/// Reads everything back: each bundle must hash to its committed leaves, each tile be as computed.
fn read_back(objects: &dyn Objects, seal: &Seal) -> Result<(), BundleError> {
    let first = seal.size - seal.leaves.len() as u64;
    let tiles: Vec<Tile> = seal.objects.iter().map(|(tile, _)| *tile).collect();
    let read = objects.read_all(&tiles).map_err(|error| unread(tiles[0], error))?;
    for ((tile, bytes), read) in seal.objects.iter().zip(read) {
        let read = read.ok_or_else(|| missing(*tile))?;
        let sound = match tile.kind() {
            TileKind::Hashes(_) => read == *bytes,
            TileKind::Entries => {
                let at = (tile.index() * TILE_WIDTH - first) as usize;
                let leaves: Vec<Hash> = leaf_hashes(&entries_of(*tile, &read)?);
                leaves == seal.leaves[at..at + TILE_WIDTH as usize]
            }
        };
        if !sound {
            return Err(Fatal::new(format!(
                "The object {tile} was stored but reads back with other bytes. The storage cannot \
                 be trusted. The journal still holds the entries; move the data folder to a sound \
                 disk, or the objects to a sound store, and start again."
            ))
            .into());
        }
    }
    Ok(())
}

/// The entries of the full bundle that begins at entry `start`.
pub fn read_bundle(objects: &dyn Objects, start: u64) -> Result<Vec<Bytes>, BundleError> {
    let tile = Tile::full(TileKind::Entries, start / TILE_WIDTH).expect("bundles have no level");
    let read = objects.read(tile).map_err(|error| unread(tile, error))?;
    Ok(entries_of(tile, &read.ok_or_else(|| missing(tile))?)?)
}

fn entries_of(tile: Tile, bundle: &Bytes) -> Result<Vec<Bytes>, Fatal> {
    let entries = parse_entries(tile, bundle)
        .ok_or_else(|| Fatal::new(format!("The stored bundle {tile} is malformed. {ADVICE}")))?;
    Ok(entries.into_iter().map(|entry| bundle.slice_ref(entry)).collect())
}

fn missing(tile: Tile) -> Fatal {
    Fatal::new(format!("The object {tile} is missing though it was stored. {ADVICE}"))
}

/// Why an object could not be read.
pub(crate) fn unread(tile: Tile, error: std::io::Error) -> BundleError {
    if is_away(&error) {
        return BundleError::Away(error);
    }
    Fatal::new(format!("The object {tile} cannot be read: {error}. {ADVICE}")).into()
}
