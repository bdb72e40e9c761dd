//! `prove`: proofs computed from a log's tiles, checked before anybody gets them.

use std::path::Path;

use spec::Hash;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::note::Note;
use spec::policy::AcceptedCheckpoint;
use spec::proof::Proof;
use spec::tile::{MAX_ENTRY_SIZE, TILE_WIDTH, Tile, TileKind};
use spec::tree::{InclusionError, verify_inclusion};

use super::judge::{Judge, Judged};
use super::{Stop, consistency, describe};
use crate::args::{ProveConsistency, ProveInclusion};
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::log::tiles::Tiles;
use crate::log::{Log, Network};
use crate::messages::{Message, Said};
use crate::progress;
use crate::report::{Report, Verdict};
use crate::words;

/// Makes a receipt, or with `--size` the bare path.
pub(crate) fn inclusion(
    wanted: &ProveInclusion,
    target: Option<&Target>,
    network: &Network,
    quiet: bool,
) -> Result<Report, Stop> {
    let judge = Judge::open(&wanted.policy)?;
    let log = Log::open(&wanted.log, network)?;
    let note = match &wanted.checkpoint {
        Some(path) => input::note(path)?,
        None => log.checkpoint()?,
    };
    let judged = judge.accept(&note)?;
    let size = judged.accepted.tree().size();
    let shown = if wanted.checkpoint.is_some() { log.size_hint(size) } else { size };
    let tiles = Tiles::new(&log, shown);
    let index = find_index(wanted, &log, &tiles, shown, quiet)?;
    if index >= size {
        let numbers = [index.to_string(), size.to_string()];
        return Err(Said::new(Message::IndexBeyond, &[&numbers[0], &numbers[1]]).into());
    }
    let entry = log.entry(index, shown).map_err(Failure::from)?;
    let leaf = leaf_hash(&entry);
    match wanted.size {
        Some(smaller) => bare_path(target, &tiles, &judged.accepted, (index, leaf), smaller),
        None => receipt(target, &tiles, &judge, (note, &judged), (index, entry)),
    }
}

/// Proves that the newer checkpoint only appends to the older, and writes the hashes.
pub(crate) fn consistency(
    wanted: &ProveConsistency,
    target: Option<&Target>,
    network: &Network,
) -> Result<Report, Stop> {
    let judge = Judge::open(&wanted.policy)?;
    let log = Log::open(&wanted.log, network)?;
    let (_, old) = consistency::accept(&judge, &wanted.from)?;
    let (note, new) = if wanted.to == "latest" {
        let note = log.checkpoint()?;
        let judged = judge.accept(&note)?;
        (note, judged)
    } else {
        consistency::accept(&judge, Path::new(&wanted.to))?
    };
    consistency::check_pair(&old, &new)?;
    let (before, after) = (old.accepted.tree().size(), new.accepted.tree().size());
    let proof = Tiles::new(&log, log.size_hint(after)).prove_consistency(before, after)?;
    consistency::check(&old, &new, &proof)?;
    let mut report = Report::new(Verdict::Verified);
    let sizes = [before.to_string(), after.to_string()];
    report.reason(Said::new(Message::ConsistentFromTo, &[&sizes[0], &sizes[1]]));
    describe(&mut report, &judge, &note, &new);
    write_out(report, target, &hash_lines(&proof))
}

/// The index that was typed, or the place of the leaf that was named.
fn find_index(
    wanted: &ProveInclusion,
    log: &Log,
    tiles: &Tiles<'_>,
    size: u64,
    quiet: bool,
) -> Result<u64, Stop> {
    if let Some(index) = wanted.index {
        return Ok(index);
    }
    let leaf = match (&wanted.leaf, &wanted.entry) {
        (Some(text), _) => input::leaf(text)?,
        (None, Some(path)) => leaf_hash(&input::read(path, MAX_ENTRY_SIZE)?),
        (None, None) => unreachable!("clap asks for an index, a leaf or an entry"),
    };
    // The log's answer is only a place to look first.
    if let Some(index) = log.lookup(leaf).filter(|index| *index < size) {
        let tile = level_zero(index / TILE_WIDTH, size);
        if tiles.hashes(tile)?[(index % TILE_WIDTH) as usize] == leaf {
            return Ok(index);
        }
    }
    scan(log, leaf, size, quiet)
}

/// Looks through every leaf hash of the log. A log of ten million entries has 320 MB of them.
fn scan(log: &Log, leaf: Hash, size: u64, quiet: bool) -> Result<u64, Stop> {
    let bar = progress::bar(size.div_ceil(TILE_WIDTH), quiet);
    for at in 0..size.div_ceil(TILE_WIDTH) {
        let hashes = log.hashes(level_zero(at, size))?;
        if let Some(found) = hashes.iter().position(|hash| *hash == leaf) {
            bar.finish_and_clear();
            return Ok(at * TILE_WIDTH + found as u64);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (hash, size) = (leaf.to_hex(), size.to_string());
    Err(Stop::rejected(Said::new(Message::LeafNotFound, &[&hash, &size])))
}

fn level_zero(at: u64, size: u64) -> Tile {
    Tile::in_tree(TileKind::Hashes(0), at, size).expect("the position was checked against the size")
}

fn receipt(
    target: Option<&Target>,
    tiles: &Tiles<'_>,
    judge: &Judge,
    (note, judged): (Note, &Judged),
    (index, entry): (u64, Vec<u8>),
) -> Result<Report, Stop> {
    let tree = judged.accepted.tree();
    let leaf = leaf_hash(&entry);
    let hashes = tiles.prove_inclusion(index, tree.size())?;
    verify_inclusion(leaf, index, tree, &hashes).map_err(|error| not_included(&error))?;
    // A statement travels in its receipt; opaque entries stay with whoever has them.
    let is_statement = Statement::parse(&entry).is_ok();
    let proof = Proof::new(is_statement.then_some(entry), index, hashes, note.clone());
    let mut report = Report::new(Verdict::Verified);
    report.reason(Said::new(Message::Included, &[&index.to_string()]));
    report.fact(Message::LabelIndex, index);
    report.fact(Message::LabelLeaf, leaf.to_hex());
    describe(&mut report, judge, &note, judged);
    let open = if is_statement { Message::OpenStatement } else { Message::OpenOpaque };
    report.not_checked(open, &[]);
    write_out(report, target, &proof.to_string())
}

/// The path in an older tree. That tree is tied to the accepted checkpoint by a consistency proof,
/// so that the path means something.
fn bare_path(
    target: Option<&Target>,
    tiles: &Tiles<'_>,
    accepted: &AcceptedCheckpoint,
    (index, leaf): (u64, Hash),
    size: u64,
) -> Result<Report, Stop> {
    let newest = accepted.tree();
    if size > newest.size() || index >= size {
        let numbers = [index.to_string(), size.min(newest.size()).to_string()];
        return Err(Said::new(Message::IndexBeyond, &[&numbers[0], &numbers[1]]).into());
    }
    let tree = tiles.tree(size)?;
    let link = tiles.prove_consistency(size, newest.size())?;
    spec::tree::verify_consistency(tree, newest, &link).map_err(|error| {
        let why = vec![words::of_consistency(&error)];
        Stop::rejected(Said::new(Message::NotIncluded, &[]).with(why))
    })?;
    let hashes = tiles.prove_inclusion(index, size)?;
    verify_inclusion(leaf, index, tree, &hashes).map_err(|error| not_included(&error))?;
    let mut report = Report::new(Verdict::Verified);
    report.reason(Said::new(Message::Included, &[&index.to_string()]));
    report.fact(Message::LabelIndex, index);
    report.fact(Message::LabelLeaf, leaf.to_hex());
    report.fact(Message::LabelProvedSize, size);
    report.fact(Message::LabelProvedRoot, tree.root());
    write_out(report, target, &hash_lines(&hashes))
}

/// The path does not place the entry.
pub(crate) fn not_included(error: &InclusionError) -> Stop {
    Stop::rejected(Said::new(Message::NotIncluded, &[]).with(vec![words::of_inclusion(error)]))
}

fn hash_lines(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| format!("{hash}\n")).collect()
}

/// Writes the product to its file, or makes it the whole output.
fn write_out(mut report: Report, target: Option<&Target>, text: &str) -> Result<Report, Stop> {
    let Some(target) = target else {
        report.set_product(text.to_string());
        return Ok(report);
    };
    target.write(text.as_bytes())?;
    report.fact(Message::LabelWritten, target.path().display());
    Ok(report)
}
