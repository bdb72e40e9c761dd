//! Tiles: 256 hashes of one level of the tree as one immutable resource, and the entries likewise.
//!
//! Rule: C2SP tlog-tiles. Vectors: `spec/vectors/tile/`.
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]         hashes: level L, the N-th run of 256, or its first W
//! tile/entries/<N>[.p/<W>]     entries, each behind its length as a u16
//! N = 1234067  is written      x001/x234/067
//! ```
//!
//! A tile of level `L` holds the nodes of tree level `8 * L`; the seven levels between are hashed
//! again when they are needed. A path has one spelling: parse, print, compare.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::encoding::parse_decimal;
use crate::hash::{HASH_SIZE, Hash};
use crate::tree::{Node, root_of_leaves};

/// How many hashes or entries a full tile or bundle holds.
pub const TILE_WIDTH: u64 = 256;

/// How many levels of the tree one level of tiles spans.
pub const TILE_HEIGHT: u8 = 8;

/// The bytes of a full tile of hashes.
pub const TILE_SIZE: usize = TILE_WIDTH as usize * HASH_SIZE;

/// The longest entry: its length is a u16.
pub const MAX_ENTRY_SIZE: usize = u16::MAX as usize;

/// The most bytes a full bundle can have.
pub const MAX_BUNDLE_SIZE: usize = TILE_WIDTH as usize * (2 + MAX_ENTRY_SIZE);

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "tlog-tiles has these two")]
pub enum TileKind {
    /// The entries themselves.
    Entries,
    /// Hashes of tile level `0..=63`; a tree of 64-bit size reaches level 7.
    Hashes(u8),
}

/// The name of one tile or bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names the full tile `index`. `None` for a level beyond 63.
    #[must_use]
    pub fn full(kind: TileKind, index: u64) -> Option<Self> {
        Self::new(kind, index, TILE_WIDTH as u16)
    }

    /// Names a tile of `width` hashes or entries, 1 to 256.
    #[must_use]
    pub fn new(kind: TileKind, index: u64, width: u16) -> Option<Self> {
        let level_fits = !matches!(kind, TileKind::Hashes(level) if level > 63);
        let width_fits = (1..=TILE_WIDTH as u16).contains(&width);
        (level_fits && width_fits).then_some(Self { kind, index, width })
    }

    /// Names the tile `index` as wide as a tree of `size` leaves has it; `None` when empty there.
    #[must_use]
    pub fn in_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let nodes = match kind {
            TileKind::Entries => size,
            TileKind::Hashes(level) => nodes_at(level, size),
        };
        let width = nodes.saturating_sub(index.checked_mul(TILE_WIDTH)?).min(TILE_WIDTH);
        Self::new(kind, index, width as u16)
    }

    /// Parses a path such as `tile/0/x001/x234/067.p/12`. Only the one spelling is accepted.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(u8::try_from(parse_decimal(level).ok()?).ok()?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, u16::try_from(parse_decimal(width).ok()?).ok()?),
            None => (rest, TILE_WIDTH as u16),
        };
        let tile = Self::new(kind, parse_index(index)?, width)?;
        (tile.to_string() == path).then_some(tile)
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Its position among the tiles of its kind, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it holds all 256, and so never changes again.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width as u64 == TILE_WIDTH
    }

    /// The same tile with all 256.
    #[must_use]
    pub const fn to_full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }

    /// Whether a tree of `size` leaves has all that this tile names.
    #[must_use]
    pub fn is_within(&self, size: u64) -> bool {
        Self::in_tree(self.kind, self.index, size).is_some_and(|whole| self.width <= whole.width)
    }
}

/// Writes the path below a log's prefix.
impl fmt::Display for Tile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => write!(formatter, "tile/entries/")?,
            TileKind::Hashes(level) => write!(formatter, "tile/{level}/")?,
        }
        formatter.write_str(&format_index(self.index))?;
        if self.is_full() { Ok(()) } else { write!(formatter, ".p/{}", self.width) }
    }
}

/// How many nodes of tree level `8 * level` a tree of `size` leaves has complete.
#[must_use]
pub const fn nodes_at(level: u8, size: u64) -> u64 {
    let shift = level as u32 * TILE_HEIGHT as u32;
    if shift >= u64::BITS { 0 } else { size >> shift }
}

/// The tile in which a tree of `size` leaves keeps what is needed to compute `node`.
///
/// `None` if the node is not complete in that tree.
#[must_use]
pub fn tile_of_node(node: Node, size: u64) -> Option<Tile> {
    if node.end() > size {
        return None;
    }
    let level = node.level / TILE_HEIGHT;
    let index = node.index >> (TILE_HEIGHT - node.level % TILE_HEIGHT);
    Tile::in_tree(TileKind::Hashes(level), index, size)
}

/// The tiles that hold `nodes` in a tree of `size` leaves, each once, in order.
///
/// `None` if a node is not complete in that tree.
#[must_use]
pub fn tiles_of_nodes(nodes: &[Node], size: u64) -> Option<BTreeSet<Tile>> {
    nodes.iter().map(|node| tile_of_node(*node, size)).collect()
}

/// Computes the hash of `node` from the hashes of the tile that [`tile_of_node`] names.
///
/// Costs at most 127 node hashes. `None` if the tile does not reach so far.
#[must_use]
pub fn hash_of_node(node: Node, tile: &[Hash]) -> Option<Hash> {
    let height = node.level % TILE_HEIGHT;
    let start = (node.index << height) % TILE_WIDTH;
    let end = start + (1 << height);
    tile.get(start as usize..end as usize).map(root_of_leaves)
}

/// Reads the hashes of a tile's bytes. `None` unless there are exactly as many as `tile` is wide.
#[must_use]
pub fn parse_hashes(tile: Tile, bytes: &[u8]) -> Option<Vec<Hash>> {
    if bytes.len() != usize::from(tile.width) * HASH_SIZE {
        return None;
    }
    bytes.chunks_exact(HASH_SIZE).map(Hash::from_slice).collect()
}

/// Writes hashes as the bytes of a tile.
#[must_use]
pub fn format_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads a bundle's entries. `None` unless there are exactly as many as `tile` is wide, with
/// nothing behind them.
#[must_use]
pub fn parse_entries(tile: Tile, bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(usize::from(tile.width));
    let mut rest = bytes;
    for _ in 0..tile.width {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let (entry, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = behind;
    }
    rest.is_empty().then_some(entries)
}

/// Appends one entry to a bundle's bytes.
///
/// # Panics
///
/// If the entry is longer than [`MAX_ENTRY_SIZE`]: admission has checked that.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).expect("an admitted entry is at most 65,535 bytes");
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

/// Parses `x001/x234/067`; the caller compares with the one spelling.
fn parse_index(path: &str) -> Option<u64> {
    // 2^64 has 20 digits: seven groups of three.
    const MAX_GROUPS: usize = 7;
    let mut index: u64 = 0;
    for (count, group) in path.split('/').enumerate() {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let three = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !three || count == MAX_GROUPS {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

fn format_index(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use alloc::vec;

    #[test]
    fn the_paths_of_the_specification_parse_and_print() {
        let tile = Tile::full(TileKind::Hashes(0), 1_234_067).unwrap();
        assert_eq!(tile.to_string(), "tile/0/x001/x234/067");
        for path in [
            "tile/0/000",
            "tile/63/999",
            "tile/entries/x001/000",
            "tile/1/x018/x446/x744/x073/x709/x551/615",
            "tile/0/x001/x234/067.p/1",
            "tile/entries/000.p/255",
        ] {
            assert_eq!(Tile::parse(path).unwrap().to_string(), path);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/x000/001",
            "tile/0/x001",
            "tile/0/001/002",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/+01",
            "tile/0/000/",
            "/tile/0/000",
            "tile/entries/000.p/1/2",
            "tile/Entries/000",
            "tile/1/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        let width = |level, index| {
            Tile::in_tree(TileKind::Hashes(level), index, 70_000).map(|tile| tile.width())
        };
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
        assert_eq!((width(1, 0), width(1, 1), width(1, 2)), (Some(256), Some(17), None));
        assert_eq!((width(2, 0), width(2, 1), width(3, 0)), (Some(1), None, None));
        assert_eq!((width(7, 0), width(8, 0), width(63, 0)), (None, None, None));
        let in_256 = |level| Tile::in_tree(TileKind::Hashes(level), 0, 256).map(|t| t.width());
        assert_eq!((in_256(0), in_256(1)), (Some(256), Some(1)));
    }

    #[test]
    fn every_node_of_a_tree_is_found_in_its_tile() {
        let leaves: Vec<Hash> = (0..1000_u64).map(|at| leaf_hash(&at.to_be_bytes())).collect();
        let level_one: Vec<Hash> = leaves.chunks_exact(256).map(root_of_leaves).collect();
        for level in 0..10_u8 {
            for index in 0..(1000_u64 >> level) {
                let node = Node { level, index };
                let tile = tile_of_node(node, 1000).unwrap();
                let hashes = match tile.kind() {
                    TileKind::Hashes(0) => &leaves[(tile.index() * 256) as usize..],
                    _ => &level_one[(tile.index() * 256) as usize..],
                };
                let start = (index << level) as usize;
                let want = root_of_leaves(&leaves[start..start + (1 << level)]);
                let hashes = &hashes[..usize::from(tile.width())];
                assert_eq!(hash_of_node(node, hashes), Some(want), "{node:?}");
            }
        }
        assert_eq!(tile_of_node(Node { level: 9, index: 1 }, 1000), None);
    }

    #[test]
    fn bundles_hold_exactly_their_entries() {
        let mut bytes = vec![];
        push_entry(&mut bytes, b"one");
        push_entry(&mut bytes, b"");
        let tile = Tile::new(TileKind::Entries, 0, 2).unwrap();
        assert_eq!(parse_entries(tile, &bytes), Some(vec![&b"one"[..], b""]));
        for cut in 0..bytes.len() {
            assert_eq!(parse_entries(tile, &bytes[..cut]), None);
        }
        bytes.push(0);
        assert_eq!(parse_entries(tile, &bytes), None);
        let hashes = Tile::new(TileKind::Hashes(0), 0, 1).unwrap();
        assert_eq!(parse_hashes(hashes, &[0; 31]), None);
        assert_eq!(parse_hashes(hashes, &[0; 32]), Some(vec![Hash::ZERO]));
    }
}
