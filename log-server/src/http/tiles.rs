//! Full tiles of hashes on their way out: the ones asked for lately are kept in memory.
//!
//! A full tile of the published tree never changes, so what was read once can be handed out again
//! without looking at the tree or at a file: opening, reading and closing one costs more than the
//! rest of the answer. Partial tiles are served from memory anyway, and bundles have a cache of
//! their own (`gzip`).
//!
//! Only HTTP reads through this. What is signed is computed from what the disk gives back.

use std::collections::{HashMap, VecDeque};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use spec::tile::{TILE_SIZE, Tile};

use crate::answer::ReadError;
use crate::log::Log;

/// How many tiles are kept: 4 MiB, the front of a log of 130,000 entries or all that auditors of a
/// large one ask for again and again.
const MAX_TILES: usize = 4 * 1024 * 1024 / TILE_SIZE;

/// Reads and keeps tiles.
#[derive(Default)]
pub(super) struct Tiles {
    kept: RwLock<Kept>,
}

/// Full tiles, the oldest first.
#[derive(Default)]
struct Kept {
    tiles: HashMap<Tile, Bytes>,
    order: VecDeque<Tile>,
}

impl Tiles {
    /// Reads a tile of hashes of the published tree.
    pub(super) fn read(&self, log: &Log, tile: Tile) -> Result<Bytes, ReadError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = kept.tiles.get(&tile) {
            return Ok(bytes.clone());
        }
        drop(kept);
        let bytes = log.tile(tile)?;
        // A file of another size is damaged, and may have been put right when it is asked for again.
        if tile.is_full() && bytes.len() == TILE_SIZE {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.keep(tile, &bytes);
        }
        Ok(bytes)
    }
}

impl Kept {
    fn keep(&mut self, tile: Tile, bytes: &Bytes) {
        // Copied, so that what is held is what is counted.
        if self.tiles.insert(tile, Bytes::copy_from_slice(bytes)).is_some() {
            return;
        }
        self.order.push_back(tile);
        if self.order.len() > MAX_TILES {
            let oldest = self.order.pop_front().expect("it holds at least the one just added");
            self.tiles.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::{add, api};
    use spec::tile::{TILE_WIDTH, TileKind};

    fn full(index: u64) -> Tile {
        Tile::full(TileKind::Hashes(0), index).unwrap()
    }

    #[test]
    fn only_so_many_are_kept_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        for index in 0..MAX_TILES as u64 + 5 {
            kept.keep(full(index), &Bytes::from(vec![0; TILE_SIZE]));
            kept.keep(full(index), &Bytes::from(vec![0; TILE_SIZE]));
        }
        assert_eq!((kept.tiles.len(), kept.order.len()), (MAX_TILES, MAX_TILES));
        assert!(!kept.tiles.contains_key(&full(4)) && kept.tiles.contains_key(&full(5)));
    }

    #[tokio::test]
    async fn a_full_tile_is_kept_and_a_partial_one_is_not() {
        let (_folder, api) = api();
        for number in 0..=TILE_WIDTH {
            add(&api, &number.to_be_bytes()).await;
        }
        let partial = Tile::new(TileKind::Hashes(0), 1, 1).unwrap();
        for tile in [full(0), partial] {
            let first = api.tiles.read(&api.log, tile).unwrap();
            assert_eq!(api.tiles.read(&api.log, tile).unwrap(), first);
            assert_eq!(api.log.tile(tile).unwrap(), first);
        }
        assert!(api.tiles.read(&api.log, full(1)).is_err());
        assert_eq!(api.tiles.kept.read().unwrap().order, [full(0)]);
    }
}
