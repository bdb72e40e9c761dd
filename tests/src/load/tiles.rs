//! Reads a log through its tiles alone, as any tlog-tiles client does.

use std::collections::HashMap;

use spec::Hash;
use spec::key::VerifierKey;
use spec::note::{Note, verify_ed25519};
use spec::tile::{Tile, TileKind, hash_of_node, parse_entries, parse_hashes, tile_of_node};
use spec::tree::{Node, Tree, plan_consistency, plan_inclusion};
use spec::{checkpoint::Checkpoint, tile::TILE_WIDTH};

use super::LoadError;
use super::client::Connection;

/// How many tiles are kept: 64 MB of hashes. When it is full, all are dropped and read again.
const MAX_TILES_KEPT: usize = 8192;

/// A log as seen through one connection.
pub struct Tiles {
    connection: Connection,
    kept: HashMap<Tile, Vec<Hash>>,
}

impl Tiles {
    /// Reads over `connection`.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self { connection, kept: HashMap::new() }
    }

    /// Fetches the published checkpoint and checks the log's signature. `None` if there is none.
    pub async fn checkpoint(&mut self, key: &VerifierKey) -> Result<Option<Checkpoint>, LoadError> {
        let path = "/checkpoint";
        let answer = self.connection.get(path).await?;
        if answer.status == hyper::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let wrong = |why: String| LoadError::Wrong { path: path.to_string(), why };
        if answer.status != hyper::StatusCode::OK {
            return Err(wrong(format!("status {}", answer.status)));
        }
        let note = Note::parse(&answer.body).map_err(|why| wrong(why.to_string()))?;
        verify_ed25519(&note, key).map_err(|why| wrong(why.to_string()))?;
        Checkpoint::parse(note.text()).map(Some).map_err(|why| wrong(why.to_string()))
    }

    /// The entries of bundle `index` in a tree of `size` leaves.
    pub async fn entries(&mut self, index: u64, size: u64) -> Result<Vec<Vec<u8>>, LoadError> {
        let tile = Tile::in_tree(TileKind::Entries, index, size);
        let tile = tile.expect("only bundles within the tree are read");
        let path = format!("/{tile}");
        let body = self.connection.fetch(&path).await?;
        let why = format!("not exactly {} entries", tile.width());
        let entries = parse_entries(tile, &body).ok_or(LoadError::Wrong { path, why })?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// The inclusion proof of leaf `index` in the tree of `size` leaves.
    pub async fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Hash>, LoadError> {
        let plan = plan_inclusion(index, size).expect("only leaves within the tree are proven");
        Ok(plan.fold(&self.hashes(plan.nodes(), size).await?))
    }

    /// The consistency proof between two trees of one log.
    pub async fn consistency(&mut self, old: Tree, new: Tree) -> Result<Vec<Hash>, LoadError> {
        let plan = plan_consistency(old.size(), new.size());
        let plan = plan.expect("only growing sizes are proven");
        Ok(plan.fold(&self.hashes(plan.nodes(), new.size()).await?))
    }

    async fn hashes(&mut self, nodes: &[Node], size: u64) -> Result<Vec<Hash>, LoadError> {
        let mut hashes = Vec::with_capacity(nodes.len());
        for node in nodes {
            let tile = tile_of_node(*node, size).expect("a plan's nodes lie within its tree");
            let hash = hash_of_node(*node, self.tile(tile).await?);
            hashes.push(hash.expect("the tile of a node holds what the node needs"));
        }
        Ok(hashes)
    }

    /// The hashes of a tile: kept, cut from its full form as tlog-tiles allows, or fetched.
    async fn tile(&mut self, tile: Tile) -> Result<&[Hash], LoadError> {
        if !self.kept.contains_key(&tile) {
            let hashes = self.fetch_tile(tile).await?;
            if self.kept.len() == MAX_TILES_KEPT {
                self.kept.clear();
            }
            self.kept.insert(tile, hashes);
        }
        Ok(&self.kept[&tile])
    }

    async fn fetch_tile(&mut self, asked: Tile) -> Result<Vec<Hash>, LoadError> {
        // A log may drop a partial tile once the full one exists; then the full one serves.
        let mut path = format!("/{asked}");
        let mut tile = asked;
        let mut answer = self.connection.get(&path).await?;
        if answer.status == hyper::StatusCode::NOT_FOUND && !asked.is_full() {
            tile = asked.to_full();
            path = format!("/{tile}");
            answer = self.connection.get(&path).await?;
        }
        let wrong = |why: String| LoadError::Wrong { path: path.clone(), why };
        if answer.status != hyper::StatusCode::OK {
            return Err(wrong(format!("status {}", answer.status)));
        }
        let mut hashes = parse_hashes(tile, &answer.body)
            .ok_or_else(|| wrong(format!("not exactly {} hashes", tile.width())))?;
        hashes.truncate(usize::from(asked.width()));
        Ok(hashes)
    }
}

/// The bundle that holds entry `index`.
#[must_use]
pub const fn bundle_of(index: u64) -> u64 {
    index / TILE_WIDTH
}
