//! What is really stored: trees computed again from the journal file and the objects.
//!
//! Before anything is signed, the tree is computed a second time from what the disk gives back,
//! by code that shares nothing with the memory of the sequencer. A flipped bit, a rolled-back
//! file or a bug of ours then shows as two different roots, and the log stops instead of forking.

use std::path::Path;

use spec::Hash;
use spec::frontier::Frontier;
use spec::hash::{leaf_hashes, node_hash};
use spec::tile::{TILE_HEIGHT, Tile, TileKind, hash_of_node, parse_hashes};
use spec::tree::{
    ConsistencyError, Node, Tree, plan_consistency, plan_root, root_of_leaves, verify_consistency,
};

use crate::answer::Fatal;
use crate::disk::Disk;
use crate::journal::{Loaded, file};
use crate::number;
use crate::objects::Objects;
use crate::sealer::{ADVICE, BundleError, unread};

/// The tree as the disk has it now.
pub struct Stored {
    base: Frontier,
    leaves: Vec<Hash>,
}

impl Stored {
    /// Reads the journal back, at least as far as `size` entries that are known to be stored, and hashes its
    /// entries again.
    pub fn read(disk: &dyn Disk, journal: &Path, size: u64) -> Result<Self, Fatal> {
        Ok(Self::of(file::read_as_far_as(disk, journal, size)?))
    }

    /// Hashes the entries of a journal that was read just now.
    #[must_use]
    pub fn of(loaded: Loaded) -> Self {
        let leaves = leaf_hashes(&loaded.entries);
        Self { base: loaded.base.frontier, leaves }
    }

    /// How many entries are stored.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.base.size() + self.leaves.len() as u64
    }

    /// The tree of all entries, by the journal's word.
    #[must_use]
    pub fn whole_tree(&self) -> Tree {
        self.base.grow(&self.leaves).tree()
    }

    /// The tree of the first `size` entries.
    ///
    /// Costs one leaf hash for each entry in the journal, or, for a size below what the journal
    /// holds, up to 255 tiles a level.
    pub fn tree(&self, size: u64, objects: &dyn Objects) -> Result<Tree, BundleError> {
        let Some(behind) = size.checked_sub(self.base.size()) else {
            return tree_of_objects(size, objects);
        };
        let Some(leaves) = self.leaves.get(..behind as usize) else {
            return Err(Fatal::new(format!(
                "The journal ends at {}, but {size} were signed. The data folder is older \
                 than what the log has signed: a restored backup, or a disk that lost writes. Do \
                 not sign over it. Restore a newer copy, or rebuild the log from a mirror and from \
                 the agents' kept statements with `fiducial-log recover`.",
                number::entries(self.size())
            ))
            .into());
        };
        Ok(self.base.grow(leaves).tree())
    }

    /// Proves, from what is stored alone, that the tree `new` continues that of `old` entries; the
    /// proof is verified before it is returned.
    pub fn prove_consistency(
        &self,
        old: u64,
        new: Tree,
        objects: &dyn Objects,
    ) -> Result<Vec<Hash>, BundleError> {
        let wrong = |error: ConsistencyError| {
            Fatal::new(format!(
                "No proof leads from size {old} to {}: {error}. {ADVICE}",
                new.size()
            ))
        };
        let plan = plan_consistency(old, new.size()).map_err(wrong)?;
        let hashes: Result<Vec<Hash>, BundleError> =
            plan.nodes().iter().map(|node| self.node(*node, objects)).collect();
        let proof = plan.fold(&hashes?);
        verify_consistency(self.tree(old, objects)?, new, &proof).map_err(wrong)?;
        Ok(proof)
    }

    /// A complete node: below the base from the objects, behind it from the journal's entries, and
    /// from its two halves where it is across.
    fn node(&self, node: Node, objects: &dyn Objects) -> Result<Hash, BundleError> {
        let (start, end) = (node.index << node.level, (node.index + 1) << node.level);
        let base = self.base.size();
        if end <= base {
            return node_of_objects(node, objects);
        }
        if start >= base {
            let range = (start - base) as usize..(end - base) as usize;
            let leaves = self.leaves.get(range).ok_or_else(|| {
                Fatal::new(format!(
                    "The journal ends at {}, before the last signed head. {ADVICE}",
                    number::entries(self.size())
                ))
            })?;
            return Ok(root_of_leaves(leaves));
        }
        let half = |index| self.node(Node { level: node.level - 1, index }, objects);
        Ok(node_hash(half(node.index * 2)?, half(node.index * 2 + 1)?))
    }

    /// Checks that the base of the journal agrees with the objects it stands on: at each level,
    /// the last full tile is stored and has the root that the level above names.
    pub fn check_base(&self, objects: &dyn Objects) -> Result<(), BundleError> {
        for level in 1..self.base.partials().len() as u8 {
            let above = &self.base.partials()[usize::from(level)];
            let Some(want) = above.last() else { continue };
            let count = self.base.size() >> (u32::from(TILE_HEIGHT) * u32::from(level));
            let hashes = read_tile(level - 1, count - 1, objects)?
                .ok_or_else(|| missing(level - 1, count - 1))?;
            if root_of_leaves(&hashes) != *want {
                return Err(Fatal::new(format!(
                    "The stored tile {} has another root than the journal says. Files of \
                     different moments were put together, or the disk is failing. Run \
                     `fiducial-log check`, then restore from one moment.",
                    name(level - 1, count - 1)
                ))
                .into());
            }
        }
        Ok(())
    }
}

/// The tree of the first `size` entries, from the objects alone.
fn tree_of_objects(size: u64, objects: &dyn Objects) -> Result<Tree, BundleError> {
    let plan = plan_root(size);
    let hashes: Result<Vec<Hash>, BundleError> =
        plan.nodes().iter().map(|node| node_of_objects(*node, objects)).collect();
    let root = plan.fold(&hashes?).pop().unwrap_or(Hash::EMPTY_ROOT);
    Ok(Tree::new(size, root).expect("without entries the plan gives the empty root"))
}

/// A node from the full tile that holds it, or, where that tile is not full yet, from those below.
fn node_of_objects(node: Node, objects: &dyn Objects) -> Result<Hash, BundleError> {
    let level = node.level / TILE_HEIGHT;
    let height = node.level % TILE_HEIGHT;
    let index = node.index >> (TILE_HEIGHT - height);
    if let Some(hashes) = read_tile(level, index, objects)? {
        return Ok(hash_of_node(node, &hashes).expect("a full tile holds all its nodes"));
    }
    if level == 0 {
        return Err(missing(0, index).into());
    }
    let below = (node.index << height)..((node.index + 1) << height);
    let children: Result<Vec<Hash>, BundleError> =
        below.map(|index| root_of_tile(level - 1, index, objects)).collect();
    Ok(root_of_leaves(&children?))
}

fn root_of_tile(level: u8, index: u64, objects: &dyn Objects) -> Result<Hash, BundleError> {
    let hashes = read_tile(level, index, objects)?.ok_or_else(|| missing(level, index))?;
    Ok(root_of_leaves(&hashes))
}

fn read_tile(
    level: u8,
    index: u64,
    objects: &dyn Objects,
) -> Result<Option<Vec<Hash>>, BundleError> {
    let tile = Tile::full(TileKind::Hashes(level), index).expect("a tree has eight tile levels");
    let Some(bytes) = objects.read(tile).map_err(|error| unread(tile, error))? else {
        return Ok(None);
    };
    parse_hashes(tile, &bytes).map(Some).ok_or_else(|| {
        Fatal::new(format!(
            "The stored tile {tile} has {} bytes instead of 8,192. {ADVICE}",
            bytes.len()
        ))
        .into()
    })
}

fn missing(level: u8, index: u64) -> Fatal {
    Fatal::new(format!(
        "The stored tile {} is missing. Run `fiducial-log check` to see what else is, and restore \
         the files from a mirror: full tiles are the same everywhere.",
        name(level, index)
    ))
}

fn name(level: u8, index: u64) -> Tile {
    Tile::full(TileKind::Hashes(level), index).expect("a tree has eight tile levels")
}
