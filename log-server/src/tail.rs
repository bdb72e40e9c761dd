//! The end of the log in memory: the tree's right edge, and what is not yet in full objects.
//!
//! The sequencer adds to it after each commit, the sealer takes from its front what has become
//! durable as objects, and readers get the partial tiles from here: there are no partial files.
//!
//! Invariant: `entries` and `leaves` hold exactly the entries from `sealed` up to the frontier's
//! size; `sealed` is a multiple of 256; each full tile that reaches beyond `sealed` is in
//! `unsealed_tiles`.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use spec::Hash;
use spec::frontier::{Frontier, Growth};
use spec::tile::{TILE_WIDTH, Tile, TileKind, format_hashes, nodes_at, push_entry};

/// The most bundles sealed in one go: bounds the sealer's memory and the wait of a stop.
const MAX_BUNDLES_PER_SEAL: u64 = 64;

/// The most entry bytes sealed in one go, beyond the first bundle.
const MAX_BYTES_PER_SEAL: usize = 16 * 1024 * 1024;

/// What an entry takes in memory beyond its bytes: handle, allocation, leaf hash. Without it a flood
/// of tiny entries would pass the limit unnoticed.
const ENTRY_OVERHEAD: usize = 128;

/// The end of the log. See the module's text.
#[derive(Debug)]
pub struct Tail {
    frontier: Frontier,
    sealed: u64,
    entries: VecDeque<Bytes>,
    leaves: VecDeque<Hash>,
    bytes: usize,
    unsealed_tiles: BTreeMap<Tile, Vec<Hash>>,
}

/// Full bundles and tiles that are due to be stored.
#[derive(Debug)]
pub struct Seal {
    /// Bundles and tiles with their bytes.
    pub objects: Vec<(Tile, Bytes)>,
    /// The leaf hashes they cover.
    pub leaves: Vec<Hash>,
    /// The size up to which everything is sealed once they are stored.
    pub size: u64,
}

impl Tail {
    /// Starts at a frontier whose size is a multiple of 256, all below it being sealed.
    #[must_use]
    pub fn new(frontier: Frontier) -> Self {
        let sealed = frontier.size();
        assert!(sealed.is_multiple_of(TILE_WIDTH), "a journal is trimmed at full bundles only");
        Self {
            frontier,
            sealed,
            entries: VecDeque::new(),
            leaves: VecDeque::new(),
            bytes: 0,
            unsealed_tiles: BTreeMap::new(),
        }
    }

    /// The right edge.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The size below which everything is in stored objects.
    #[must_use]
    pub const fn sealed(&self) -> u64 {
        self.sealed
    }

    /// The memory that the entries held take, about.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes over a committed batch.
    pub fn commit(&mut self, entries: Vec<Bytes>, leaves: &[Hash], growth: Growth) {
        self.frontier.advance(&growth);
        self.bytes += entries.iter().map(cost).sum::<usize>();
        self.entries.extend(entries);
        self.leaves.extend(leaves);
        let sealed = growth.into_sealed().into_iter().map(|sealed| (sealed.tile, sealed.hashes));
        self.unsealed_tiles.extend(sealed);
    }

    /// The entry at `index`, if it is held here.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<Bytes> {
        let at = usize::try_from(index.checked_sub(self.sealed)?).ok()?;
        self.entries.get(at).cloned()
    }

    /// The entries from `index` on, all of which must be held here.
    #[must_use]
    pub fn entries_from(&self, index: u64) -> Vec<Bytes> {
        let skip = index.checked_sub(self.sealed).expect("entries below `sealed` are objects");
        self.entries.iter().skip(skip as usize).cloned().collect()
    }

    /// The hashes of the tile `level`, `index`, full or as far as it is; `None` if it is not here.
    #[must_use]
    pub fn hashes(&self, level: u8, index: u64) -> Option<Vec<Hash>> {
        let full = Tile::full(TileKind::Hashes(level), index)?;
        if let Some(hashes) = self.unsealed_tiles.get(&full) {
            return Some(hashes.clone());
        }
        let last = nodes_at(level, self.frontier.size()) / TILE_WIDTH;
        let partial = self.frontier.partials().get(usize::from(level))?;
        (index == last && !partial.is_empty()).then(|| partial.clone())
    }

    /// The bytes of a tile or bundle, if it is held here.
    #[must_use]
    pub fn read(&self, tile: Tile) -> Option<Bytes> {
        let width = usize::from(tile.width());
        match tile.kind() {
            TileKind::Hashes(level) => {
                let hashes = self.hashes(level, tile.index())?;
                Some(format_hashes(hashes.get(..width)?).into())
            }
            TileKind::Entries => {
                let start = tile.index().checked_mul(TILE_WIDTH)?.checked_sub(self.sealed)?;
                let start = usize::try_from(start).ok()?;
                let end = start.checked_add(width)?;
                (end <= self.entries.len()).then(|| self.bundle(start, end))
            }
        }
    }

    /// How many bundles could be sealed.
    #[must_use]
    pub fn full_bundles(&self) -> usize {
        self.entries.len() / TILE_WIDTH as usize
    }

    /// What can be sealed now of the entries below `end`; `None` when no bundle there is full.
    #[must_use]
    pub fn seal_below(&self, end: u64) -> Option<Seal> {
        let mut objects = Vec::new();
        let mut bytes = 0;
        let entries = (self.entries.len() as u64).min(end.saturating_sub(self.sealed));
        for at in 0..MAX_BUNDLES_PER_SEAL.min(entries / TILE_WIDTH) {
            if bytes > MAX_BYTES_PER_SEAL {
                break;
            }
            let start = (at * TILE_WIDTH) as usize;
            let bundle = self.bundle(start, start + TILE_WIDTH as usize);
            bytes += bundle.len();
            let tile = Tile::full(TileKind::Entries, self.sealed / TILE_WIDTH + at)
                .expect("bundles have no level");
            objects.push((tile, bundle));
        }
        let count = objects.len() as u64 * TILE_WIDTH;
        let size = self.sealed + count;
        let due = self.unsealed_tiles.iter().filter(|(tile, _)| tile_end(**tile) <= size);
        objects.extend(due.map(|(tile, hashes)| (*tile, format_hashes(hashes).into())));
        let leaves = self.leaves.iter().take(count as usize).copied().collect();
        (count > 0).then_some(Seal { objects, leaves, size })
    }

    /// Forgets what has become durable as objects.
    pub fn sealed_up_to(&mut self, size: u64) {
        let count = (size - self.sealed) as usize;
        self.bytes -= self.entries.drain(..count).map(|entry| cost(&entry)).sum::<usize>();
        self.leaves.drain(..count);
        self.unsealed_tiles.retain(|tile, _| tile_end(*tile) > size);
        self.sealed = size;
    }

    fn bundle(&self, start: usize, end: usize) -> Bytes {
        let mut bundle = Vec::new();
        self.entries.range(start..end).for_each(|entry| push_entry(&mut bundle, entry));
        bundle.into()
    }
}

fn cost(entry: &Bytes) -> usize {
    entry.len() + ENTRY_OVERHEAD
}

/// The size of the smallest tree that has a full tile of hashes.
fn tile_end(tile: Tile) -> u64 {
    let TileKind::Hashes(level) = tile.kind() else {
        unreachable!("only tiles of hashes are filed as unsealed");
    };
    (tile.index() + 1) << (8 * (u32::from(level) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::hash::leaf_hash;

    fn commit(tail: &mut Tail, count: usize) {
        let start = tail.frontier().size();
        let entries: Vec<Bytes> =
            (start..start + count as u64).map(|at| Bytes::from(at.to_string())).collect();
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let growth = tail.frontier().grow(&leaves);
        tail.commit(entries, &leaves, growth);
    }

    #[test]
    fn what_is_sealed_leaves_memory_and_the_rest_is_readable() {
        let mut tail = Tail::new(Frontier::new());
        commit(&mut tail, 600);
        let bundle = Tile::new(TileKind::Entries, 2, 88).unwrap();
        let before = tail.read(bundle).unwrap();
        assert!(tail.seal_below(255).is_none());
        assert_eq!(tail.seal_below(511).unwrap().size, 256);
        let seal = tail.seal_below(u64::MAX).unwrap();
        assert_eq!((seal.size, seal.objects.len(), seal.leaves.len()), (512, 4, 512));
        tail.sealed_up_to(seal.size);
        assert_eq!(tail.entry(511), None);
        assert_eq!(tail.entry(512).unwrap(), "512");
        assert_eq!(tail.read(bundle).unwrap(), before);
        assert_eq!(tail.read(Tile::new(TileKind::Entries, 2, 89).unwrap()), None);
        assert_eq!(tail.hashes(0, 1), None);
        assert_eq!(tail.hashes(0, 2).unwrap().len(), 88);
        assert_eq!(tail.hashes(1, 0).unwrap().len(), 2);
        assert!(tail.seal_below(u64::MAX).is_none());
        assert_eq!(tail.bytes(), 88 * (3 + ENTRY_OVERHEAD));
    }

    #[test]
    fn an_upper_tile_is_sealed_with_the_bundle_that_fills_it() {
        let mut tail = Tail::new(Frontier::new());
        commit(&mut tail, 65_536);
        let upper = Tile::full(TileKind::Hashes(1), 0).unwrap();
        let mut sealed = 0;
        while let Some(seal) = tail.seal_below(u64::MAX) {
            let holds_upper = seal.objects.iter().any(|(tile, _)| *tile == upper);
            assert_eq!(holds_upper, seal.size == 65_536);
            assert!(tail.read(upper).is_some());
            sealed += seal.leaves.len();
            tail.sealed_up_to(seal.size);
        }
        assert_eq!(sealed, 65_536);
        assert_eq!(tail.read(upper), None);
    }
}
