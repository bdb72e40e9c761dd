//! The lower bound of a statement: that the receipt's tree continues the tree that the statement names as
//! earlier, so that it was not made long before.
//!
//! Rule: `spec/text/bundle.md`, roles `after` and `consistency`. The note is in the vault since the statement
//! was made; what stands between it and the receipt is in the log alone, and is computed from its tiles.
//! Nothing of a tile is believed: a proof made of false hashes does not lead from one root to the other.

use std::collections::BTreeSet;
use std::time::Duration;

use spec::Hash;
use spec::bundle::Place;
use spec::checkpoint::Checkpoint;
use spec::tile::{hash_of_node, tile_of_node, tiles_of_nodes};
use spec::tree::{Node, Plan, Tree, plan_consistency, verify_consistency};

use crate::error::AgentError;
use crate::log_client::LogClient;
use crate::spool::receipts::fetch;

/// How long the log has to answer at all: whoever is offline should not wait for it.
const FIRST_PATIENCE: Duration = Duration::from_secs(20);

/// How long it has to answer everything.
const PATIENCE: Duration = Duration::from_secs(600);

/// How many proofs are made at once; their tiles are in memory.
const MAX_AT_ONCE: usize = 1024;

/// A statement whose lower bound needs a proof.
pub(super) struct Bound {
    pub(super) place: Place,
    /// What it names as earlier.
    pub(super) old: Tree,
    /// That of its receipt, which is larger.
    pub(super) new: Tree,
}

/// Makes and verifies the proof of each, as a bundle keeps it. The error is the log's: it cannot be asked, or
/// shows another history than it did.
pub(super) fn prove(url: &str, wanted: &[Bound]) -> Result<Vec<(Place, String)>, AgentError> {
    let log = LogClient::new(url);
    log.begin(FIRST_PATIENCE);
    let size = newest_size(&log, url)?;
    log.begin(PATIENCE);
    let mut proofs = Vec::with_capacity(wanted.len());
    for part in wanted.chunks(MAX_AT_ONCE) {
        prove_part(&log, size, part, &mut proofs)?;
    }
    Ok(proofs)
}

/// How large the log says that it is: tiles are asked for as they are now, since narrower ones may be gone.
fn newest_size(log: &LogClient, url: &str) -> Result<u64, AgentError> {
    let unusable = |reason: &str| {
        let (url, reason) = (url.to_string(), reason.to_string());
        AgentError::Unreachable { url, reason }
    };
    let note = log.checkpoint()?.ok_or_else(|| unusable("no proof yet"))?;
    let newest = Checkpoint::parse(note.text()).map_err(|error| unusable(&error.to_string()))?;
    Ok(newest.tree().size())
}

fn prove_part(
    log: &LogClient,
    size: u64,
    part: &[Bound],
    proofs: &mut Vec<(Place, String)>,
) -> Result<(), AgentError> {
    let refused = |old: Tree, new: Tree, why: &str| {
        let (old, new) = (old.size(), new.size());
        AgentError::LogRefused(format!("it does not continue its tree of {old} to {new}: {why}"))
    };
    if let Some(Bound { old, new, .. }) = part.iter().find(|one| one.new.size() > size) {
        return Err(refused(*old, *new, "it shows fewer entries"));
    }
    let plan = |one: &Bound| {
        plan_consistency(one.old.size(), one.new.size()).expect("the receipt's tree is the larger")
    };
    let plans: Vec<Plan> = part.iter().map(plan).collect();
    let nodes: Vec<Node> = plans.iter().flat_map(|plan| plan.nodes().iter().copied()).collect();
    let tiles: BTreeSet<_> =
        tiles_of_nodes(&nodes, size).expect("a plan's nodes are complete in a larger tree");
    let tiles = fetch(log, &tiles)?;
    let hash = |node: &Node| hash_of_node(*node, tiles.get(&tile_of_node(*node, size)?)?);
    for (one, plan) in part.iter().zip(&plans) {
        let hashes: Option<Vec<Hash>> = plan.nodes().iter().map(hash).collect();
        let proof = plan.fold(&hashes.expect("every tile of the plan was fetched"));
        verify_consistency(one.old, one.new, &proof)
            .map_err(|error| refused(one.old, one.new, &error.to_string()))?;
        let text = proof.iter().map(|hash| format!("{hash}\n")).collect();
        proofs.push((one.place, text));
    }
    Ok(())
}
