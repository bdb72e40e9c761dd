//! The sealer: full bundles and tiles become objects, are read back, and leave memory.
//!
//! Sealing can be late and can be repeated; it cannot lose anything, because the journal keeps an
//! entry until the object that holds it was read back, hashed and found to be the committed one.
//!
//! Storing makes the file system write its own journal, behind which the log's commits queue. So a
//! busy log seals many bundles at once, and none waits longer than a moment.
//!
//! Where servers share a journal, the sealer of each does all of this; but that of who signs is first, and
//! the others find its objects there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use spec::Hash;
use spec::hash::leaf_hashes;
use spec::tile::{TILE_WIDTH, Tile, TileKind, parse_entries};

use crate::answer::Fatal;
use crate::id::jitter;
use crate::log::Limits;
use crate::objects::{Objects, PutError, is_away};
use crate::shared::Shared;
use crate::tail::Seal;

/// How long to wait after storage refused, for example on a full disk.
const RETRY: Duration = Duration::from_secs(1);

/// So many full bundles are stored at once without waiting for more.
const ENOUGH_BUNDLES: u64 = 16;

/// So many bytes likewise.
const ENOUGH_BYTES: usize = 4 * 1024 * 1024;

/// How many times as long as who is in office the other servers wait, at least: time enough for it to store.
const OTHERS_WAIT: u32 = 5;

/// How long to sleep when nothing rings: only a safety net.
const IDLE: Duration = Duration::from_secs(60);

/// What to do about an object that cannot be used.
pub const ADVICE: &str = "Run `fiducial-log check` to see what else is wrong, and restore the files \
                          from a mirror: full tiles are the same everywhere. Then start the log again.";

/// Works until the log is over and everything full is sealed.
pub fn run(shared: &Arc<Shared>) -> Result<(), Fatal> {
    let mut turn = Turn::new(&shared.limits, jitter());
    loop {
        let over = shared.is_over();
        let full = {
            let tail = shared.tail.read().expect("no panic under this lock");
            let end = tail.sealed() + tail.full_bundles() as u64 * TILE_WIDTH;
            Full { sealed: tail.sealed(), end, bytes: tail.bytes() }
        };
        if full.end == full.sealed {
            // What could not be stored may have been taken over anew meanwhile, and be stored by others.
            shared.note_refused(|all| all.tiles = None);
        }
        let in_office = shared.in_office.load(Ordering::Acquire);
        let due = match turn.due(full, in_office, Instant::now()) {
            Due::In(_) if over => full.end,
            Due::In(wait) => {
                shared.seal_bell.wait(wait);
                continue;
            }
            Due::Below(end) => end,
        };
        let seal = shared.tail.read().expect("no panic under this lock").seal_below(due);
        match seal {
            Some(seal) => match store(shared, &seal)? {
                true => turn.sealed(),
                // At the end there is no point in waiting for space: the journal has it all.
                false if over => return Ok(()),
                false => shared.seal_bell.wait(RETRY),
            },
            None if over => return Ok(()),
            // What was full a moment ago was taken over anew meanwhile: see the sequencer.
            None => {}
        }
    }
}

/// What is full and in no object yet.
#[derive(Clone, Copy)]
struct Full {
    /// Where it begins.
    sealed: u64,
    /// Where it ends.
    end: u64,
    /// The memory of all that is in no object, the rest behind the last full bundle included.
    bytes: usize,
}

/// When to seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Now, what is below this size.
    Below(u64),
    /// Not before so long, unless more comes.
    In(Duration),
}

/// Whose turn it is, and since when something waits.
///
/// A server alone is always in office. Of several, the one that signs seals at once; the others wait until
/// it has most likely done so, and then find the objects there, compare them and write nothing. What they do
/// not find, they write: so it does not matter which of them is gone, asleep, or cut off from the store.
struct Turn {
    /// How long who is in office waits for more.
    patience: Duration,
    /// How long the others wait.
    others_wait: Duration,
    /// So much memory, and nobody waits.
    ample: usize,
    /// In office: since when something is full.
    since: Option<Instant>,
    /// Out of office: since when what is below a size is full.
    noted: Option<(Instant, u64)>,
}

impl Turn {
    /// `spread` is how much of the time of one wait is added to it, in parts of 256: nobody may be in office,
    /// and then one of them is first.
    fn new(limits: &Limits, spread: u8) -> Self {
        let wait = limits.seal_wait * OTHERS_WAIT;
        Self {
            patience: limits.seal_wait,
            others_wait: wait + wait * u32::from(spread) / 256,
            ample: limits.unsealed_bytes / 2,
            since: None,
            noted: None,
        }
    }

    fn due(&mut self, full: Full, in_office: bool, now: Instant) -> Due {
        if full.end == full.sealed {
            (self.since, self.noted) = (None, None);
            return Due::In(IDLE);
        }
        if !in_office {
            return self.due_to_others(full, now);
        }
        self.noted = None;
        let bundles = (full.end - full.sealed) / TILE_WIDTH;
        let waited = now.duration_since(*self.since.get_or_insert(now));
        let is_enough = bundles >= ENOUGH_BUNDLES || full.bytes >= ENOUGH_BYTES;
        match self.patience.checked_sub(waited) {
            Some(rest) if !is_enough && rest > Duration::ZERO => Due::In(rest),
            _ => Due::Below(full.end),
        }
    }

    fn due_to_others(&mut self, full: Full, now: Instant) -> Due {
        self.since = None;
        if full.bytes >= self.ample {
            return Due::Below(full.end);
        }
        // What has become full since is left for the next time: it may not be there yet.
        let noted = self.noted.filter(|(_, end)| *end > full.sealed);
        let (since, end) = *self.noted.insert(noted.unwrap_or((now, full.end)));
        match self.others_wait.checked_sub(now.duration_since(since)) {
            Some(rest) if rest > Duration::ZERO => Due::In(rest),
            _ => Due::Below(end),
        }
    }

    /// Some of it is sealed: what is left waits anew.
    fn sealed(&mut self) {
        self.since = None;
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
        // Only of the tail that this was taken from: a server that was away for long may have taken over
        // another one meanwhile, which begins elsewhere, and the next trim counts these leaves from there.
        if tail.sealed() + seal.leaves.len() as u64 == seal.size {
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

#[cfg(test)]
mod tests {
    use spec::frontier::Frontier;

    use super::*;
    use crate::bare;
    use crate::tail::Tail;

    const LIMITS: Limits = Limits {
        waiting_entries: 1,
        waiting_bytes: 1,
        unsealed_bytes: 1_000_000,
        trim_bytes: 1,
        seal_wait: Duration::from_millis(200),
    };

    fn full(sealed: u64, bundles: u64) -> Full {
        Full { sealed, end: sealed + bundles * TILE_WIDTH, bytes: 1_000 }
    }

    #[test]
    fn who_is_in_office_seals_after_a_moment_or_when_it_is_enough() {
        let (mut turn, now) = (Turn::new(&LIMITS, 0), Instant::now());
        let millis = Duration::from_millis;
        assert_eq!(turn.due(full(0, 0), true, now), Due::In(IDLE));
        assert_eq!(turn.due(full(0, 1), true, now), Due::In(millis(200)));
        assert_eq!(turn.due(full(0, 2), true, now + millis(150)), Due::In(millis(50)));
        assert_eq!(turn.due(full(0, 3), true, now + millis(200)), Due::Below(768));
        turn.sealed();
        let later = now + millis(300);
        assert_eq!(turn.due(full(768, 1), true, later), Due::In(millis(200)));
        let enough = full(768, ENOUGH_BUNDLES);
        assert_eq!(turn.due(enough, true, later), Due::Below(enough.end));
        let large = Full { bytes: ENOUGH_BYTES, ..full(768, 1) };
        assert_eq!(turn.due(large, true, later), Due::Below(1024));
    }

    #[test]
    fn the_others_wait_longer_and_then_take_only_what_was_full_before() {
        let (mut turn, now) = (Turn::new(&LIMITS, 0), Instant::now());
        let millis = Duration::from_millis;
        assert_eq!(turn.due(full(0, 2), false, now), Due::In(millis(1_000)));
        // However much it is: who is in office has it under way.
        let more = full(0, 3 * ENOUGH_BUNDLES);
        assert_eq!(turn.due(more, false, now + millis(999)), Due::In(millis(1)));
        assert_eq!(turn.due(more, false, now + millis(1_000)), Due::Below(512));
        // A part of that is sealed, then all.
        let later = now + millis(1_100);
        assert_eq!(turn.due(full(256, 20), false, later), Due::Below(512));
        turn.sealed();
        assert_eq!(turn.due(full(512, 20), false, later), Due::In(millis(1_000)));
        assert_eq!(turn.due(full(512, 20), false, later + millis(1_000)), Due::Below(512 + 5_120));
    }

    #[test]
    fn the_others_do_not_wait_for_memory_to_run_out_nor_all_equally_long() {
        let now = Instant::now();
        let mut turn = Turn::new(&LIMITS, 0);
        let much = Full { bytes: LIMITS.unsealed_bytes / 2, ..full(0, 2) };
        assert_eq!(turn.due(much, false, now), Due::Below(512));
        let mut other = Turn::new(&LIMITS, 128);
        assert_eq!(other.due(full(0, 2), false, now), Due::In(Duration::from_millis(1_500)));
        // Who gets the office waits no longer than any that has it.
        assert_eq!(other.due(full(0, 2), true, now), Due::In(Duration::from_millis(200)));
    }
    #[test]
    fn what_was_taken_from_a_tail_counts_for_no_other_one() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Box::new(bare::folder_objects(folder.path()));
        let shared = bare::open(folder.path(), objects).shared;
        let mut before = Tail::new(Frontier::new());
        bare::commit(&mut before, 900);
        let seal = before.seal_below(u64::MAX).unwrap();
        // While it is stored, everything is taken over anew, from a journal that begins within it.
        let mut frontier = Frontier::new();
        frontier.advance(&frontier.grow(&leaf_hashes(&bare::entries(0..512))));
        let mut anew = Tail::new(frontier);
        bare::commit(&mut anew, 388);
        let rest = anew.seal_below(u64::MAX).unwrap();
        *shared.tail.write().unwrap() = anew;
        let sealed = || {
            let tail = shared.tail.read().unwrap();
            (tail.sealed(), shared.sealed_leaves.lock().unwrap().clone())
        };
        assert!(store(&shared, &seal).unwrap());
        assert_eq!(sealed(), (512, Vec::new()));
        assert!(store(&shared, &rest).unwrap());
        assert_eq!(sealed(), (768, leaf_hashes(&bare::entries(512..768))));
        // Nor is it sealed twice.
        assert!(store(&shared, &rest).unwrap());
        assert_eq!(sealed().0, 768);
    }
    #[test]
    fn where_nothing_waits_to_be_stored_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Box::new(bare::folder_objects(folder.path()));
        let shared = bare::open(folder.path(), objects).shared;
        // As a server has it that took everything over anew behind a store that was away.
        shared.note_refused(|all| all.tiles = Some("away".to_owned()));
        bare::end(&shared);
        run(&shared).unwrap();
        assert_eq!(shared.seen.borrow().refused.tiles, None);
    }
}
