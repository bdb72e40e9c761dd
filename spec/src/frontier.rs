//! The right edge of a growing tree: all that is needed to append, in a few kilobytes.
//!
//! Rule: RFC 6962, section 2.1, with the tiles of C2SP tlog-tiles sealed on the way.
//!
//! [`Frontier::grow`] is pure: it computes what appending would do and changes nothing, so that
//! the caller can make the growth durable first and [`Frontier::advance`] afterwards. A growth
//! that could not be stored is dropped, and nothing happened.
//!
//! Invariant: the frontier holds, for each tile level, the hashes of the one partial tile, and for
//! each set bit of the size the root of that complete subtree. Growing by a leaf costs two node
//! hashes at most on average, whatever the size.

use alloc::vec::Vec;

use crate::hash::{Hash, node_hash};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileKind, nodes_at};
use crate::tree::{Tree, fold_right, root_of_leaves};

/// How many tile levels a tree of 64-bit size can have.
const TILE_LEVELS: u8 = 8;

/// The right edge of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, one for each set bit of `size`, largest first.
    edge: Vec<Hash>,
    /// The hashes of the partial tile of each level, as many levels as were ever reached.
    partials: Vec<Vec<Hash>>,
}

/// A tile that has become full and will never change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a name and its content")]
pub struct SealedTile {
    /// Its name; always a full tile of hashes.
    pub tile: Tile,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

/// What appending some leaves does to a tree. Nothing has happened yet.
#[derive(Clone, Debug)]
pub struct Growth {
    from: u64,
    grown: Frontier,
    sealed: Vec<SealedTile>,
}

impl Growth {
    /// The size before: the index of the first new leaf.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The tree after.
    #[must_use]
    pub fn tree(&self) -> Tree {
        self.grown.tree()
    }

    /// The tiles that become full, lowest first where one fills another.
    #[must_use]
    pub fn sealed(&self) -> &[SealedTile] {
        &self.sealed
    }

    /// Gives the sealed tiles away.
    #[must_use]
    pub fn into_sealed(self) -> Vec<SealedTile> {
        self.sealed
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, edge: Vec::new(), partials: Vec::new() }
    }

    /// Rebuilds a frontier from the partial tiles of a tree of `size` leaves, lowest level first.
    ///
    /// `None` unless each level has exactly as many hashes as the size says.
    #[must_use]
    pub fn from_partials(size: u64, partials: Vec<Vec<Hash>>) -> Option<Self> {
        let levels = (0..TILE_LEVELS).take_while(|level| nodes_at(*level, size) > 0).count();
        let fits = |(level, hashes): (u8, &Vec<Hash>)| {
            hashes.len() as u64 == nodes_at(level, size) % TILE_WIDTH
        };
        if partials.len() != levels || !(0..TILE_LEVELS).zip(&partials).all(fits) {
            return None;
        }
        let edge = partials.iter().rev().flat_map(|hashes| complete_roots(hashes)).collect();
        Some(Self { size, edge, partials })
    }

    /// How many leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Size and root. Costs at most 63 node hashes.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let root = if self.size == 0 { Hash::EMPTY_ROOT } else { fold_right(&self.edge) };
        Tree::new(self.size, root).expect("an empty frontier has the empty root")
    }

    /// The hashes of the partial tile of each level, lowest first.
    #[must_use]
    pub fn partials(&self) -> &[Vec<Hash>] {
        &self.partials
    }

    /// Computes what appending `leaves` (leaf hashes) does.
    ///
    /// # Panics
    ///
    /// If the tree would pass 2^64 leaves.
    #[must_use]
    pub fn grow(&self, leaves: &[Hash]) -> Growth {
        let mut growth = Growth { from: self.size, grown: self.clone(), sealed: Vec::new() };
        for leaf in leaves {
            growth.push(*leaf);
        }
        growth
    }

    /// Takes a growth over, once what it stands for is durable.
    ///
    /// # Panics
    ///
    /// If the growth was computed from another frontier than this one: signing such a tree would
    /// be a fork.
    pub fn advance(&mut self, growth: &Growth) {
        assert_eq!(self.size, growth.from, "a growth was applied to another tree than its own");
        self.clone_from(&growth.grown);
    }
}

impl Growth {
    fn push(&mut self, leaf: Hash) {
        let index = self.grown.size;
        let mut hash = leaf;
        self.note_node(0, index, hash);
        for level in 0..index.trailing_ones() as u8 {
            let left = self.grown.edge.pop().expect("an odd index has a complete left neighbour");
            hash = node_hash(left, hash);
            self.note_node(level + 1, index >> (level + 1), hash);
        }
        self.grown.edge.push(hash);
        self.grown.size = index.checked_add(1).expect("no tree reaches 2^64 leaves");
    }

    /// Files a complete node in the tile of its level, and seals the tile when it is full.
    fn note_node(&mut self, level: u8, index: u64, hash: Hash) {
        if !level.is_multiple_of(TILE_HEIGHT) {
            return;
        }
        let level = level / TILE_HEIGHT;
        let partials = &mut self.grown.partials;
        if partials.len() <= usize::from(level) {
            partials.push(Vec::new());
        }
        let partial = &mut partials[usize::from(level)];
        partial.push(hash);
        if partial.len() as u64 == TILE_WIDTH {
            let tile = Tile::full(TileKind::Hashes(level), index / TILE_WIDTH)
                .expect("a tree of 64-bit size has eight tile levels");
            self.sealed.push(SealedTile { tile, hashes: core::mem::take(partial) });
        }
    }
}

/// The roots of the complete subtrees over a partial tile's hashes, largest first.
fn complete_roots(hashes: &[Hash]) -> Vec<Hash> {
    let mut roots = Vec::new();
    let mut rest = hashes;
    while !rest.is_empty() {
        let (complete, others) = rest.split_at(1 << rest.len().ilog2());
        roots.push(root_of_leaves(complete));
        rest = others;
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use proptest::prelude::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    #[test]
    fn growing_one_by_one_gives_every_root_and_every_tile() {
        let all = leaves(66_000);
        let mut frontier = Frontier::new();
        let mut sealed = Vec::new();
        for (at, leaf) in all.iter().enumerate() {
            let growth = frontier.grow(&[*leaf]);
            frontier.advance(&growth);
            sealed.extend(growth.into_sealed());
            if at < 300 || at % 997 == 0 {
                assert_eq!(frontier.tree().root(), root_of_leaves(&all[..=at]));
            }
        }
        assert_eq!(sealed.len(), 257 + 1);
        for SealedTile { tile, hashes } in &sealed {
            let span = if tile.kind() == TileKind::Hashes(0) { 1 } else { 256 };
            let start = (tile.index() * 256 * span) as usize;
            for (at, hash) in hashes.iter().enumerate() {
                let first = start + at * span as usize;
                assert_eq!(*hash, root_of_leaves(&all[first..first + span as usize]));
            }
        }
    }

    #[test]
    fn a_frontier_is_rebuilt_from_its_partial_tiles() {
        let all = leaves(66_000);
        for size in [0, 1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000] {
            let frontier = Frontier::new().grow(&all[..size]).grown;
            let partials = frontier.partials().to_vec();
            let again = Frontier::from_partials(size as u64, partials.clone()).unwrap();
            assert_eq!(again, frontier, "{size}");
            assert_eq!(Frontier::from_partials(size as u64 + 1, partials), None);
        }
    }

    #[test]
    #[should_panic(expected = "another tree")]
    fn a_growth_of_another_tree_is_never_taken_over() {
        let all = leaves(3);
        let mut frontier = Frontier::new();
        let stale = frontier.grow(&all[..1]);
        frontier.advance(&stale);
        frontier.advance(&stale);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn batches_of_any_size_give_the_same_tree(cuts in proptest::collection::vec(0_usize..400, 1..8)) {
            let all = leaves(cuts.iter().sum::<usize>() as u64);
            let mut frontier = Frontier::new();
            let mut start = 0;
            for cut in cuts {
                let growth = frontier.grow(&all[start..start + cut]);
                frontier.advance(&growth);
                start += cut;
            }
            prop_assert_eq!(frontier.tree().root(), root_of_leaves(&all));
        }
    }
}
