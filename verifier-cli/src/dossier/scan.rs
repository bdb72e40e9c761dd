//! The log's entries, all of them: no source has said two things at one place.
//!
//! Rule: `spec/text/disclosure.md`, "Ranges", step 3. A range is one chain; only who reads every entry
//! knows that there is no second one. Every entry is hashed up to the root that the policy has
//! accepted, so none can be left out of the reading.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::Statement;
use spec::frontier::Frontier;
use spec::hash::leaf_hashes;
use spec::key::KeyName;
use spec::tile::{TILE_WIDTH, Tile, TileKind};

use super::ranges::Sound;
use super::statements::{Checked, Keys, Receipt};
use crate::command::{Judge, Stop};
use crate::failure::Failure;
use crate::log::{Log, Network, ReadError};
use crate::messages::{Message, Said};
use crate::progress;

/// How many bundles are read in one round.
const ROUND: u64 = 256;

/// What a statement of a pinned source begins with, up to its name.
const BEGINS: &[u8] = b"fiducial/statement/v1\n";

/// A statement of the log by one of the sources, signed with a pinned key.
struct Link {
    source: KeyName,
    sequence: u64,
    previous: Hash,
    leaf: Hash,
    index: u64,
}

/// What the log holds of the sources.
pub(super) struct Scanned {
    /// How many entries were read.
    pub(super) entries: u64,
    /// Statement by statement.
    chains: BTreeMap<KeyName, BTreeMap<u64, Link>>,
}

/// Reads the log up to its latest checkpoint and compares it with the ranges and the receipts.
pub(super) fn scan(
    place: &str,
    network: &Network,
    judge: &Judge,
    keys: &Keys,
    checked: &[Checked],
    quiet: bool,
) -> Result<Scanned, Stop> {
    let log = Log::open(place, network)?;
    let note = log.checkpoint()?;
    let accepted = judge.accept(&note)?.accepted;
    let receipts: Vec<&Receipt> = checked.iter().filter_map(|one| one.receipt.as_ref()).collect();
    let foreign = checked.iter().find(|one| one.statement.origin() != accepted.origin());
    if let Some(one) = foreign {
        let both = [accepted.origin().as_str(), one.statement.origin().as_str()];
        return Err(Said::new(Message::TwoLogs, &both).into());
    }
    let mut trees: BTreeMap<u64, BTreeSet<Hash>> = BTreeMap::new();
    for tree in receipts.iter().map(|receipt| receipt.tree()).chain([accepted.tree()]) {
        trees.entry(tree.size()).or_default().insert(tree.root());
    }
    let (size, origin) = (accepted.tree().size(), accepted.origin());
    if let Some(largest) = trees.keys().next_back().filter(|largest| **largest > size) {
        // A copy that ends before the receipts cannot tell.
        let numbers = [size.to_string(), largest.to_string()];
        return Err(Said::new(Message::LogCopyShort, &[&numbers[0], &numbers[1]]).into());
    }
    let (mut frontier, mut links, mut next) = (Frontier::new(), Vec::new(), 0);
    let bar = progress::bar(size, quiet);
    while next < size.div_ceil(TILE_WIDTH) {
        let end = (next + ROUND).min(size.div_ceil(TILE_WIDTH));
        let read: Vec<Result<Bundle, ReadError>> =
            (next..end).into_par_iter().map(|at| look(&log, at, size, keys, origin)).collect();
        for bundle in read {
            let bundle = bundle?;
            compare_roots(&frontier, &bundle.leaves, &trees)?;
            let growth = frontier.grow(&bundle.leaves);
            frontier.advance(&growth);
            links.extend(bundle.links);
        }
        next = end;
        bar.set_position(frontier.size());
    }
    bar.finish_and_clear();
    let chains = chain(links)?;
    Ok(Scanned { entries: size, chains })
}

/// What one bundle holds.
struct Bundle {
    leaves: Vec<Hash>,
    links: Vec<Link>,
}

fn look(log: &Log, at: u64, size: u64, keys: &Keys, origin: &Origin) -> Result<Bundle, ReadError> {
    let tile = Tile::in_tree(TileKind::Entries, at, size).expect("the bundle is in the tree");
    log.entries(tile, |entries| {
        let (leaves, mut links) = (leaf_hashes(entries), Vec::new());
        for (index, (entry, leaf)) in (at * TILE_WIDTH..).zip(entries.iter().zip(&leaves)) {
            links.extend(link(index, entry, *leaf, keys, origin));
        }
        Bundle { leaves, links }
    })
}

/// A statement that a pinned key has signed. Anybody's entry may name a source; only its signature
/// makes it the source's word. What a source has said to another log anybody may repeat here; it is no
/// part of the chain in this one.
fn link(index: u64, entry: &[u8], leaf: Hash, keys: &Keys, origin: &Origin) -> Option<Link> {
    if !entry.starts_with(BEGINS) {
        return None;
    }
    let is_of_this_log = |it: &Statement| it.origin() == origin && keys.knows(it.source());
    let statement = Statement::parse(entry).ok().filter(is_of_this_log)?;
    let statement = keys.verify(&statement).ok()?;
    Some(Link {
        source: statement.source().clone(),
        sequence: statement.sequence(),
        previous: statement.previous(),
        leaf,
        index,
    })
}

/// Every accepted tree whose size ends in this bundle must have the root that the entries give.
fn compare_roots(
    before: &Frontier,
    leaves: &[Hash],
    trees: &BTreeMap<u64, BTreeSet<Hash>>,
) -> Result<(), Stop> {
    let end = before.size() + leaves.len() as u64;
    for (size, roots) in trees.range(before.size() + 1..=end) {
        let count = usize::try_from(size - before.size()).expect("a bundle has 256 entries");
        let root = before.grow(&leaves[..count]).tree().root();
        if let Some(other) = roots.iter().find(|other| **other != root) {
            let both = [root.to_string(), other.to_string()];
            return Err(Stop::rejected(Said::new(Message::RootMismatch, &[&both[0], &both[1]])));
        }
    }
    Ok(())
}

fn chain(links: Vec<Link>) -> Result<BTreeMap<KeyName, BTreeMap<u64, Link>>, Stop> {
    let mut chains: BTreeMap<KeyName, BTreeMap<u64, Link>> = BTreeMap::new();
    for link in links {
        let chain = chains.entry(link.source.clone()).or_default();
        if chain.contains_key(&link.sequence) {
            let values =
                [link.index.to_string(), link.source.to_string(), link.sequence.to_string()];
            let values = values.each_ref().map(String::as_str);
            return Err(Stop::rejected(Said::new(Message::ChainTwice, &values)));
        }
        chain.insert(link.sequence, link);
    }
    Ok(chains)
}

impl Scanned {
    /// Compares a range with the log: from the pinned statement to the range's last, the log holds
    /// one unbroken chain, and the range is its end. Gives how many statements stand behind it.
    pub(super) fn compare(&self, sound: &Sound<'_>, checked: &[Checked]) -> Result<u64, Stop> {
        let source = sound.pin.source();
        let nothing = BTreeMap::new();
        let chain = self.chains.get(source).unwrap_or(&nothing);
        let own = checked.iter().filter(|one| one.statement.source() == source);
        for one in own {
            let sequence = one.place.sequence;
            if chain.get(&sequence).map(|link| link.leaf) != Some(one.statement.leaf_hash()) {
                let values = [source.to_string(), sequence.to_string()];
                let values = values.each_ref().map(String::as_str);
                return Err(Stop::rejected(Said::new(Message::RangeNotInLog, &values)));
            }
        }
        let (first, first_leaf) = sound.pin.first();
        let mut before: Option<&Link> = None;
        for sequence in first..=sound.last {
            let link = chain.get(&sequence);
            let follows = |link: &&Link| match before {
                None => link.leaf == first_leaf,
                Some(before) => link.previous == before.leaf,
            };
            let Some(link) = link.filter(follows) else {
                let values = [source.to_string(), sequence.to_string()];
                let values = values.each_ref().map(String::as_str);
                return Err(Stop::rejected(Said::new(Message::RangeBroken, &values)));
            };
            before = Some(link);
        }
        Ok(chain.range(sound.last.saturating_add(1)..).count() as u64)
    }
}

/// A log was named that holds nothing to compare with.
pub(super) fn needs_a_range() -> Failure {
    Failure::new(Said::new(Message::ScanNeedsRange, &[]))
}
