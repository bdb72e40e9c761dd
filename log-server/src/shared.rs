//! What the threads of the engine share, and how the log is read.
//!
//! Four threads work on it: the sequencer commits, the sealer turns what is full into objects, the
//! publisher signs, the indexer keeps the index. Each owns its part and wakes the others with a
//! [`Bell`]. Readers take what they need from memory or from objects and never wait for a commit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::time::Duration;

use bytes::Bytes;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::Statement;
use spec::tile::{TILE_WIDTH, Tile, TileKind, hash_of_node, parse_entries, parse_hashes};
use spec::tile::{format_hashes, tile_of_node};
use spec::tree::{Plan, Tree, plan_consistency, plan_inclusion};
use tokio::sync::watch;

use crate::admission::{Admission, Place};
use crate::answer::{Fatal, Published, ReadError, Refused};
use crate::disk::Disk;
use crate::follower::{Follow, Refreshed};
use crate::heads::SignedHead;
use crate::index::{Damaged, Index, Key};
use crate::keys::LogKeys;
use crate::log::Limits;
use crate::objects::{Objects, is_away};
use crate::queue::Queue;
use crate::sources::Sources;
use crate::tail::Tail;
use crate::witnesses::Witnessing;

/// The file of the journal in the data folder.
pub const JOURNAL: &str = "journal";

/// What everybody may see: the published checkpoint, and why the log stopped, if it did.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The published checkpoint.
    pub published: Arc<Published>,
    /// When it was published, in seconds since 1970.
    pub published_at: u64,
    /// What the storage refuses.
    pub refused: Refused,
    /// Why the log stopped.
    pub fatal: Option<Fatal>,
}

/// See the module's text.
pub struct Shared {
    /// The log's name.
    pub origin: Origin,
    /// What it takes.
    pub admission: Admission,
    /// What it signs with.
    pub keys: LogKeys,
    /// Whose statements it takes.
    pub sources: Sources,
    /// How much may wait.
    pub limits: Limits,
    /// Where it keeps things.
    pub disk: Arc<dyn Disk>,
    /// The data folder.
    pub folder: PathBuf,
    /// Full tiles and bundles.
    pub objects: Box<dyn Objects>,
    /// The end of the log. Written by the sequencer and the sealer only.
    pub tail: RwLock<Tail>,
    /// From leaf hashes to indices.
    pub index: Index,
    /// What waits for the sequencer.
    pub queue: Queue,
    /// What readers see and wait for.
    pub seen: watch::Sender<Seen>,
    /// The size of the last signed head.
    pub signed_size: AtomicU64,
    /// Leaf hashes below `tail.sealed()` that the journal still holds, for the next trim.
    pub sealed_leaves: Mutex<Vec<Hash>>,
    /// Set when nothing will be committed any more.
    pub drained: AtomicBool,
    /// Wakes the sealer.
    pub seal_bell: Bell,
    /// Whether this server signs and publishes, as far as it knows; always, where no other does. Only who is
    /// first at work that all may do follows from it.
    pub in_office: Arc<AtomicBool>,
    /// Wakes the publisher.
    pub publish_bell: Bell,
    /// Whose word it needs before it publishes, if anyone's.
    pub witnessing: Option<Arc<Witnessing>>,
    /// Wakes the indexer.
    pub index_bell: Bell,
    /// How it is learned what other servers do, if the journal is shared.
    pub follow: Option<Arc<Follow>>,
    /// Then also: the newest head that this server has read or signed.
    pub last_signed: Mutex<Option<SignedHead>>,
}

/// Wakes one thread. A ring while nobody waits is remembered.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    wake: Condvar,
}

impl Bell {
    /// Wakes the thread that waits, or the next one that does.
    pub fn ring(&self) {
        *self.rung.lock().expect("no panic under this lock") = true;
        self.wake.notify_one();
    }

    /// Waits for a ring, at most so long.
    pub fn wait(&self, at_most: Duration) {
        let rung = self.rung.lock().expect("no panic under this lock");
        let (mut rung, _) = self
            .wake
            .wait_timeout_while(rung, at_most, |rung| !*rung)
            .expect("no panic under this lock");
        *rung = false;
    }
}

impl Shared {
    /// Stops the log for good: nothing is accepted or signed any more; reads go on.
    pub fn fail(&self, fatal: &Fatal) {
        tracing::error!(reason = %fatal, "the log stops");
        self.seen.send_modify(|seen| {
            seen.fatal.get_or_insert_with(|| fatal.clone());
        });
        self.queue.abandon(fatal.clone());
        self.ring_all();
    }

    /// Why the log stopped, if it did.
    #[must_use]
    pub fn fatal(&self) -> Option<Fatal> {
        self.seen.borrow().fatal.clone()
    }

    /// Notes what the storage refuses, or no longer does. Says nothing to anyone where all is as before.
    pub fn note_refused(&self, change: impl FnOnce(&mut Refused)) {
        self.seen.send_if_modified(|seen| {
            let before = seen.refused.clone();
            change(&mut seen.refused);
            seen.refused != before
        });
    }

    /// Wakes every thread.
    pub fn ring_all(&self) {
        self.seal_bell.ring();
        self.publish_bell.ring();
        self.index_bell.ring();
        if let Some(witnessing) = &self.witnessing {
            witnessing.board.bell.ring();
        }
    }

    /// Whether a thread should end: the log stopped, or all is committed and it has no more to do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.drained.load(Ordering::Acquire) || self.seen.borrow().fatal.is_some()
    }

    /// Shows a checkpoint that one of several servers has published, if it is newer than what is shown or
    /// has more cosignatures.
    pub fn show(&self, published: Published, now: u64) {
        let worth = |published: &Published| {
            (published.checkpoint.tree().size(), !published.note.is_empty(), published.note.len())
        };
        self.seen.send_if_modified(|seen| {
            let newer = worth(&published) > worth(&seen.published);
            if newer {
                seen.published = Arc::new(published);
                seen.published_at = now;
            }
            newer
        });
    }

    /// Brings what is shown up to what other servers have published and committed by now, where there
    /// are any and the journal can be asked. Waits for one look at it, which many may share.
    pub fn refresh(&self) -> Refreshed {
        self.follow.as_ref().map_or(Refreshed::All, |follow| follow.refresh())
    }

    /// The size below which the tree is committed, as this server knows it.
    #[must_use]
    pub fn committed_size(&self) -> u64 {
        self.tail.read().expect("no panic under this lock").frontier().size()
    }

    /// The tree that is committed, as this server knows it.
    #[must_use]
    pub fn committed_tree(&self) -> Tree {
        self.tail.read().expect("no panic under this lock").frontier().tree()
    }

    /// The published checkpoint.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        self.seen.borrow().published.clone()
    }

    /// The published size.
    #[must_use]
    pub fn published_size(&self) -> u64 {
        self.seen.borrow().published.checkpoint.tree().size()
    }

    /// Reads a tile or bundle of the published tree.
    pub fn tile(&self, tile: Tile) -> Result<Bytes, ReadError> {
        let published = self.published_beyond(|size| tile.is_within(size));
        if !tile.is_within(published) {
            return Err(ReadError::Beyond { published });
        }
        if let Some(bytes) = self.read_tail(tile) {
            return Ok(bytes);
        }
        // Full since: what was a partial tile is now the front of an object.
        let full = self.object(tile.to_full())?;
        if tile.is_full() {
            return Ok(full);
        }
        cut(tile, &full).ok_or_else(|| ReadError::Damaged(format!("{tile} is malformed")))
    }

    /// Whether reading a tile needs no file.
    #[must_use]
    pub fn is_in_memory(&self, tile: Tile) -> bool {
        let tail = self.tail.read().expect("no panic under this lock");
        match tile.kind() {
            // An index beyond all numbers is beyond the log, which needs no file to say so.
            TileKind::Entries => {
                tile.index().checked_mul(TILE_WIDTH).is_none_or(|first| first >= tail.sealed())
            }
            TileKind::Hashes(level) => tail.hashes(level, tile.index()).is_some(),
        }
    }

    /// Reads a committed entry, published or not.
    pub fn entry(&self, index: u64) -> Result<Bytes, ReadError> {
        let held = self.tail.read().expect("no panic under this lock").entry(index);
        if let Some(entry) = held {
            return Ok(entry);
        }
        let tile =
            Tile::full(TileKind::Entries, index / TILE_WIDTH).expect("bundles have no level");
        let bundle = self.object(tile)?;
        let entries = parse_entries(tile, &bundle)
            .ok_or_else(|| ReadError::Damaged(format!("{tile} is malformed")))?;
        // A copy: a part of the bundle would keep all of its 16 MiB in memory.
        Ok(Bytes::copy_from_slice(entries[(index % TILE_WIDTH) as usize]))
    }

    /// The leaf hash of a committed entry.
    pub fn leaf(&self, index: u64) -> Result<Hash, ReadError> {
        let hashes = self.hashes(0, index / TILE_WIDTH)?;
        let hash = hashes.get((index % TILE_WIDTH) as usize).copied();
        hash.ok_or_else(|| ReadError::Damaged(format!("there is no leaf {index}")))
    }

    /// The leaf hashes of one committed tile, in order.
    pub fn leaves_of_tile(&self, index: u64) -> Result<Vec<Hash>, ReadError> {
        self.hashes(0, index)
    }

    /// Proves that the entry `index` is in the tree of `size` entries.
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.check_published(size)?;
        let plan = plan_inclusion(index, size)
            .map_err(|error| ReadError::Impossible(error.to_string()))?;
        self.fold(&plan)
    }

    /// Proves that the tree of `to` entries appends to that of `from`.
    pub fn prove_consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, ReadError> {
        self.check_published(to)?;
        self.prove_committed_consistency(from, to)
    }

    /// The same for trees that are committed and not published yet, for the publisher.
    pub fn prove_committed_consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, ReadError> {
        let plan =
            plan_consistency(from, to).map_err(|error| ReadError::Impossible(error.to_string()))?;
        self.fold(&plan)
    }

    /// The hashes that a plan asks for, folded. `tree` sizes are those of committed trees.
    pub fn fold(&self, plan: &Plan) -> Result<Vec<Hash>, ReadError> {
        let size = self.tail.read().expect("no panic under this lock").frontier().size();
        let mut tiles: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
        let mut hashes = Vec::with_capacity(plan.nodes().len());
        for node in plan.nodes() {
            let beyond = || ReadError::Impossible(format!("{node:?} is beyond {size} entries"));
            let tile = tile_of_node(*node, size).ok_or_else(beyond)?;
            let TileKind::Hashes(level) = tile.kind() else {
                unreachable!("a node is kept in a tile of hashes");
            };
            let held = match tiles.entry((level, tile.index())) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(empty) => empty.insert(self.hashes(level, tile.index())?),
            };
            hashes.push(hash_of_node(*node, held).ok_or_else(beyond)?);
        }
        Ok(plan.fold(&hashes))
    }

    /// Finds an entry by a key of the index; `is_it` looks at the log itself.
    pub fn find(
        &self,
        key: Key,
        is_it: impl Fn(u64) -> Result<bool, ReadError>,
    ) -> Result<Option<u64>, ReadError> {
        let generation = self.index.generation();
        if !self.index.is_ready() {
            return Err(ReadError::IndexNotReady);
        }
        let candidates = self.index.candidates(key).map_err(|Damaged| self.index_is_damaged())?;
        for index in candidates {
            if is_it(index)? {
                return Ok(Some(index));
            }
        }
        // The index may have been emptied while it was searched; then nothing was no answer.
        let same = self.index.is_ready() && self.index.generation() == generation;
        if same { Ok(None) } else { Err(ReadError::IndexNotReady) }
    }

    /// Finds the statement that has a place in its source's chain.
    pub fn find_place(&self, place: &Place) -> Result<Option<u64>, ReadError> {
        let is_it = |index| {
            let stored = Statement::parse(&self.entry(index)?)
                .map_err(|error| ReadError::Damaged(format!("entry {index}: {error}")))?;
            Ok(stored.source() == &place.source && stored.sequence() == place.sequence)
        };
        self.find(Key::of_place(place.source.as_str(), place.sequence), is_it)
    }

    /// Finds an entry by its leaf hash.
    pub fn find_leaf(&self, leaf: Hash) -> Result<Option<u64>, ReadError> {
        let size = self.tail.read().expect("no panic under this lock").frontier().size();
        let is_it = |index| Ok(index < size && self.leaf(index)? == leaf);
        self.find(Key::of_leaf(leaf), is_it)
    }

    /// The hashes of a tile, as far as it is committed.
    fn hashes(&self, level: u8, index: u64) -> Result<Vec<Hash>, ReadError> {
        let held = self.tail.read().expect("no panic under this lock").hashes(level, index);
        if let Some(hashes) = held {
            return Ok(hashes);
        }
        let tile = Tile::full(TileKind::Hashes(level), index)
            .ok_or_else(|| ReadError::Impossible("no such tile level".to_string()))?;
        match self.object(tile) {
            Ok(bytes) => parse_hashes(tile, &bytes)
                .ok_or_else(|| ReadError::Damaged(format!("{tile} is malformed"))),
            // A head may have been behind what was sealed when its store went away: the next one is proved
            // to continue it all the same.
            Err(away @ ReadError::Unreachable(_)) => self.sealed_hashes(tile).ok_or(away),
            Err(error) => Err(error),
        }
    }

    /// The hashes of a sealed tile of leaves whose entries the journal still holds.
    fn sealed_hashes(&self, tile: Tile) -> Option<Vec<Hash>> {
        if tile.kind() != TileKind::Hashes(0) {
            return None;
        }
        let tail = self.tail.read().expect("no panic under this lock");
        let leaves = self.sealed_leaves.lock().expect("no panic under this lock");
        let first = tail.sealed() - leaves.len() as u64;
        let start = tile.index().checked_mul(TILE_WIDTH)?.checked_sub(first)?;
        let start = usize::try_from(start).ok()?;
        leaves.get(start..start.checked_add(TILE_WIDTH as usize)?).map(<[Hash]>::to_vec)
    }

    fn object(&self, tile: Tile) -> Result<Bytes, ReadError> {
        match self.objects.read(tile) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(ReadError::Damaged(format!("{tile} is missing"))),
            Err(error) if is_away(&error) => Err(ReadError::Unreachable(error.to_string())),
            Err(error) => Err(ReadError::Damaged(format!("{tile}: {error}"))),
        }
    }

    fn read_tail(&self, tile: Tile) -> Option<Bytes> {
        self.tail.read().expect("no panic under this lock").read(tile)
    }

    /// The published size; looked up anew at the other servers where it is not `enough`, since who
    /// asks may have heard of more from one of them.
    pub fn published_beyond(&self, enough: impl Fn(u64) -> bool) -> u64 {
        if !enough(self.published_size()) {
            self.refresh();
        }
        self.published_size()
    }

    fn check_published(&self, size: u64) -> Result<(), ReadError> {
        let published = self.published_beyond(|published| size <= published);
        if size <= published { Ok(()) } else { Err(ReadError::Beyond { published }) }
    }

    fn index_is_damaged(&self) -> ReadError {
        tracing::warn!("the index is damaged; it is rebuilt from the tiles");
        self.index.set_ready(false);
        self.index_bell.ring();
        ReadError::IndexNotReady
    }
}

/// The front of a full tile or bundle; `None` if it is malformed.
pub(crate) fn cut(tile: Tile, full: &Bytes) -> Option<Bytes> {
    let width = usize::from(tile.width());
    match tile.kind() {
        TileKind::Hashes(_) => {
            let hashes = parse_hashes(tile.to_full(), full)?;
            Some(format_hashes(&hashes[..width]).into())
        }
        TileKind::Entries => {
            let entries = parse_entries(tile.to_full(), full)?;
            let mut front = Vec::new();
            entries[..width].iter().for_each(|entry| spec::tile::push_entry(&mut front, entry));
            Some(front.into())
        }
    }
}
