//! Proofs computed from a log's tiles, and a bounded memory of tiles read before.
//!
//! What to read is planned in `spec`; here it is only read. A tile that lies gives a proof that
//! does not verify.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use spec::Hash;
use spec::split::plan_beginning_of;
use spec::tile::{Tile, hash_of_node, tile_of_node};
use spec::tree::{Plan, Tree, plan_consistency, plan_inclusion, plan_root};

use super::{Log, ReadError};

/// How many tiles are kept: 8 MB of hashes.
const KEPT_TILES: usize = 1024;

/// Reads hashes of a log as it stood at one size.
pub(crate) struct Tiles<'a> {
    log: &'a Log,
    size: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    tiles: BTreeMap<Tile, Arc<Vec<Hash>>>,
    /// Oldest first.
    order: VecDeque<Tile>,
}

impl<'a> Tiles<'a> {
    /// The tiles of the tree of `size` leaves.
    pub(crate) fn new(log: &'a Log, size: u64) -> Self {
        Self { log, size, kept: Mutex::default() }
    }

    /// The inclusion proof of `index` in the tree of the first `size` leaves.
    ///
    /// # Panics
    ///
    /// If `index` is not in that tree, or that tree is larger than this one.
    pub(crate) fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.fold(&plan_inclusion(index, size).expect("the caller has checked the index"))
    }

    /// The consistency proof between the trees of `old` and `new` leaves.
    ///
    /// # Panics
    ///
    /// If `old > new`, or `new` is larger than this tree.
    pub(crate) fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        self.fold(&plan_consistency(old, new).expect("the caller has ordered the sizes"))
    }

    /// What fixes the root at `older` in the tree of `newer` leaves, see [`spec::split`].
    ///
    /// # Panics
    ///
    /// Unless 0 < `older` < `newer` and `newer` is no larger than this tree.
    pub(crate) fn beginning(&self, older: u64, newer: u64) -> Result<Vec<Hash>, ReadError> {
        self.fold(&plan_beginning_of(older, newer).expect("the caller has ordered the sizes"))
    }

    /// The tree of the first `size` leaves, as the tiles have it.
    pub(crate) fn tree(&self, size: u64) -> Result<Tree, ReadError> {
        let root = self.fold(&plan_root(size))?.pop().unwrap_or(Hash::EMPTY_ROOT);
        Ok(Tree::new(size, root).expect("the root without leaves is the empty one"))
    }

    /// The hashes of a tile, from memory if it was read lately.
    pub(crate) fn hashes(&self, tile: Tile) -> Result<Arc<Vec<Hash>>, ReadError> {
        // A thread that panicked while it held the lock left whole tiles behind.
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().tiles.get(&tile) {
            return Ok(Arc::clone(found));
        }
        let read = Arc::new(self.log.hashes(tile)?);
        let mut kept = lock();
        if kept.tiles.insert(tile, Arc::clone(&read)).is_none() {
            kept.order.push_back(tile);
        }
        if kept.order.len() > KEPT_TILES
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.tiles.remove(&oldest);
        }
        Ok(read)
    }

    fn fold(&self, plan: &Plan) -> Result<Vec<Hash>, ReadError> {
        let mut hashes = Vec::with_capacity(plan.nodes().len());
        for node in plan.nodes() {
            let tile = tile_of_node(*node, self.size)
                .expect("the plan is for a tree that is no larger than this one");
            let read = self.hashes(tile)?;
            hashes.push(hash_of_node(*node, &read).expect("the tile is as wide as the tree says"));
        }
        Ok(plan.fold(&hashes))
    }
}
