//! Tiles that lead to a signed root, from a source that is not believed.
//!
//! Rule: RFC 6962, section 2.1. The right edge of a tree (at each level the hashes of its partial tile)
//! fixes the root, so it is read first and compared with it. From there downwards each full tile is fixed
//! by one hash in the tile above it: a tile is read, hashed, and taken only if it is the one meant there.

use bytes::Bytes;
use spec::Hash;
use spec::frontier::Frontier;
use spec::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileKind, hash_of_node, nodes_at, parse_hashes};
use spec::tree::{Tree, plan_root, root_of_leaves};

use super::CopyError;
use super::store::Source;

/// Tile levels of a tree of 64-bit size.
const LEVELS: usize = 8;

/// Reads what a tree is made of.
pub(crate) struct Verified<'a> {
    source: &'a dyn Source,
    tree: Tree,
    /// The hashes of the partial tile of each level, lowest first.
    edge: Vec<Vec<Hash>>,
    /// The full tile read last at each level: those below it are read one after the other.
    kept: [Option<(u64, Vec<Hash>)>; LEVELS],
}

impl<'a> Verified<'a> {
    /// Reads the right edge and compares it with the root.
    pub(crate) fn begin(source: &'a dyn Source, tree: Tree) -> Result<Self, CopyError> {
        let mut edge = Vec::new();
        for level in (0..LEVELS as u8).take_while(|level| nodes_at(*level, tree.size()) > 0) {
            let index = nodes_at(level, tree.size()) / TILE_WIDTH;
            let tile = Tile::in_tree(TileKind::Hashes(level), index, tree.size());
            let hashes = tile.map(|tile| read_hashes(source, tile)).transpose()?;
            edge.push(hashes.unwrap_or_default());
        }
        let frontier = Frontier::from_partials(tree.size(), edge.clone());
        if frontier.is_none_or(|frontier| frontier.tree() != tree) {
            return Err(altered(source, "the right edge of its tree"));
        }
        Ok(Self { source, tree, edge, kept: [const { None }; LEVELS] })
    }

    pub(crate) const fn tree(&self) -> Tree {
        self.tree
    }

    pub(crate) fn edge(&self) -> &[Vec<Hash>] {
        &self.edge
    }

    pub(crate) fn place(&self) -> String {
        self.source.name()
    }

    pub(crate) fn altered(&self, what: &str) -> CopyError {
        altered(self.source, what)
    }

    /// Full tiles of one level, in order.
    pub(crate) fn tiles(
        &mut self,
        level: u8,
        range: std::ops::Range<u64>,
    ) -> Result<Vec<Vec<Hash>>, CopyError> {
        let names: Vec<Tile> = range.map(|index| full(level, index)).collect();
        let read = self.read_all(&names)?;
        let mut tiles = Vec::with_capacity(read.len());
        for (tile, bytes) in names.into_iter().zip(read) {
            tiles.push(self.check(tile, &bytes)?);
        }
        Ok(tiles)
    }

    /// Reads files that must be there. They are not checked here.
    pub(crate) fn read_all(&self, tiles: &[Tile]) -> Result<Vec<Bytes>, CopyError> {
        let place = self.source.name();
        let read = self.source.read_all(tiles);
        let read = read.map_err(|error| CopyError::Io { place: place.clone(), error })?;
        let present = |(bytes, tile): (Option<Bytes>, &Tile)| {
            bytes.ok_or_else(|| CopyError::Missing { place: place.clone(), what: tile.to_string() })
        };
        read.into_iter().zip(tiles).map(present).collect()
    }

    /// The root of the first `size` entries.
    pub(crate) fn root_at(&mut self, size: u64) -> Result<Hash, CopyError> {
        let plan = plan_root(size);
        let mut hashes = Vec::with_capacity(plan.nodes().len());
        for node in plan.nodes() {
            let level = node.level / TILE_HEIGHT;
            let index = node.index >> (TILE_HEIGHT - node.level % TILE_HEIGHT);
            let tile = self.hashes(level, index)?;
            hashes.push(
                hash_of_node(*node, &tile).expect("a node of an earlier tree is in this one"),
            );
        }
        Ok(plan.fold(&hashes).pop().unwrap_or(Hash::EMPTY_ROOT))
    }

    /// The hashes of a tile, full or the edge's.
    fn hashes(&mut self, level: u8, index: u64) -> Result<Vec<Hash>, CopyError> {
        if index == nodes_at(level, self.tree.size()) / TILE_WIDTH {
            return Ok(self.edge[usize::from(level)].clone());
        }
        if let Some((kept, hashes)) = &self.kept[usize::from(level)]
            && *kept == index
        {
            return Ok(hashes.clone());
        }
        let tile = full(level, index);
        let bytes = self.read_all(&[tile])?.remove(0);
        let hashes = self.check(tile, &bytes)?;
        self.kept[usize::from(level)] = Some((index, hashes.clone()));
        Ok(hashes)
    }

    /// Compares a full tile with the hash that the level above has of it.
    fn check(&mut self, tile: Tile, bytes: &[u8]) -> Result<Vec<Hash>, CopyError> {
        let TileKind::Hashes(level) = tile.kind() else {
            unreachable!("only tiles of hashes are checked here")
        };
        let above = self.hashes(level + 1, tile.index() / TILE_WIDTH)?;
        let want = above[(tile.index() % TILE_WIDTH) as usize];
        let hashes = parse_hashes(tile, bytes).filter(|hashes| root_of_leaves(hashes) == want);
        hashes.ok_or_else(|| self.altered(&tile.to_string()))
    }
}

fn full(level: u8, index: u64) -> Tile {
    Tile::full(TileKind::Hashes(level), index).expect("a tree has eight tile levels")
}

fn altered(source: &dyn Source, what: &str) -> CopyError {
    CopyError::Altered { place: source.name(), what: what.to_owned() }
}

fn read_hashes(source: &dyn Source, tile: Tile) -> Result<Vec<Hash>, CopyError> {
    let place = source.name();
    let io = |error| CopyError::Io { place: place.clone(), error };
    let bytes = source.read_all(&[tile]).map_err(io)?.remove(0);
    let missing = || CopyError::Missing { place: place.clone(), what: tile.to_string() };
    let bytes = bytes.ok_or_else(missing)?;
    parse_hashes(tile, &bytes).ok_or_else(|| altered(source, &tile.to_string()))
}
