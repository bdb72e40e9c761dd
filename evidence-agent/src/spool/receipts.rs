//! Receipts: inclusion proofs computed from the log's tiles and verified against a checkpoint that
//! the policy accepts.
//!
//! A proof for each statement would be a request for each statement. Tiles hold the hashes of 256
//! entries: a day of a campus is some hundred requests, over several connections, and any static
//! mirror of the log can answer them. Nothing of a tile is believed: a proof made of false hashes
//! does not lead to the root.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use spec::Hash;
use spec::note::Note;
use spec::policy::AcceptedCheckpoint;
use spec::proof::Proof;
use spec::tile::{Tile, hash_of_node, parse_hashes, tile_of_node, tiles_of_nodes};
use spec::tree::{Plan, plan_inclusion, verify_inclusion};

use crate::error::AgentError;
use crate::log_client::LogClient;
use crate::vault::Kept;

/// How many proofs are made at once: their tiles, at worst three of 8 KiB for each, are in memory.
pub(super) const MAX_AT_ONCE: usize = 1024;

/// How many connections fetch tiles.
const CONNECTIONS: usize = 4;

/// What came of one statement.
pub(super) type Judged = Result<Proof, AgentError>;

/// Makes and verifies the receipts of statements at the indices that the log gave, all below the
/// checkpoint's size. The outer error is a log that cannot be asked.
pub(super) fn prove(
    log: &LogClient,
    (note, accepted): (&Note, &AcceptedCheckpoint),
    wanted: &[(&Kept, u64)],
) -> Result<Vec<Judged>, AgentError> {
    let size = accepted.tree().size();
    let plans: Vec<Option<Plan>> =
        wanted.iter().map(|(_, index)| plan_inclusion(*index, size).ok()).collect();
    let nodes = plans.iter().flatten().flat_map(|plan| plan.nodes().iter().copied());
    let nodes: Vec<_> = nodes.collect();
    let tiles = tiles_of_nodes(&nodes, size).expect("a plan's nodes are complete in its tree");
    let tiles = fetch(log, &tiles)?;
    let judge = |((kept, index), plan): (&(&Kept, u64), &Option<Plan>)| {
        let lie = |reason: &str| {
            let (source, sequence) = (kept.statement.source(), kept.statement.sequence());
            let reason = format!("statement {sequence} of {source} at index {index}: {reason}");
            AgentError::LogRefused(reason)
        };
        if *index < kept.statement.after().tree().size() {
            return Err(lie("that is before the tree that the statement names as earlier"));
        }
        let plan = plan.as_ref().ok_or_else(|| lie("the index is beyond the tree"))?;
        let hash = |node: &spec::tree::Node| {
            let tile = tile_of_node(*node, size)?;
            hash_of_node(*node, tiles.get(&tile)?)
        };
        let hashes: Option<Vec<Hash>> = plan.nodes().iter().map(hash).collect();
        let path = plan.fold(&hashes.expect("every tile of the plan was fetched"));
        verify_inclusion(kept.statement.leaf_hash(), *index, accepted.tree(), &path)
            .map_err(|error| lie(&format!("its tiles do not lead to its root: {error}")))?;
        Ok(Proof::new(Some(kept.statement.to_bytes()), *index, path, note.clone()))
    };
    Ok(wanted.par_iter().zip(plans.par_iter()).map(judge).collect())
}

/// Fetches tiles over several connections; the first failure ends it.
pub(crate) fn fetch(
    log: &LogClient,
    tiles: &BTreeSet<Tile>,
) -> Result<BTreeMap<Tile, Vec<Hash>>, AgentError> {
    type Fetched = Result<Vec<(Tile, Vec<Hash>)>, AgentError>;
    let fetch_one = |tile: &Tile| {
        let malformed = || AgentError::LogRefused(format!("{tile} is malformed"));
        let hashes = parse_hashes(*tile, &log.tile(*tile)?).ok_or_else(malformed)?;
        Ok((*tile, hashes))
    };
    let tiles: Vec<Tile> = tiles.iter().copied().collect();
    let share = tiles.len().div_ceil(CONNECTIONS).max(1);
    let parts: Vec<Fetched> = std::thread::scope(|scope| {
        let workers: Vec<_> = tiles
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(fetch_one).collect()))
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|part| part.expect("a worker only fetches and parses")).collect()
    });
    let mut all = BTreeMap::new();
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}
