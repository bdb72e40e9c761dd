//! The tail: entries behind the ground, from what receipts prove and from what fits the signed roots.
//!
//! Nothing of it is written before the root of the newest head has come out.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use spec::Hash;
use spec::evidence::statement::Statement;
use spec::frontier::Frontier;
use spec::hash::leaf_hash;
use spec::tile::{TILE_WIDTH, TileKind, parse_entries};
use spec::tree::Tree;

use super::RecoverError;
use super::error::Missing;
use super::ground::Ground;
use super::handed::{Handed, two_leaves};
use super::holders::{Holders, hashes_of};
use super::known::Known;
use super::order::{End, Ends, Links, Slot, Unsolved, certain, solve};
use crate::admission::Admission;
use crate::copy::Listener;

/// The most entries that are put together from pieces, all of them in memory.
const MAX_TAIL: u64 = 1 << 20;

/// The most hints for one place: one from each holder and agent, some of whom are wrong.
const MAX_HINTS: usize = 8;

/// The entries behind the ground, in their order.
pub(super) struct Tail {
    pub(super) leaves: Vec<Hash>,
    pub(super) entries: Vec<Bytes>,
}

/// What is known of them.
struct Pieces {
    from: u64,
    slots: Vec<Slot>,
    /// Entries by their leaf hash.
    entries: HashMap<Hash, Bytes>,
    /// Statements in their chains; empty for a log of opaque entries, which stand in none.
    links: Links,
}

/// Finds every entry behind `ground` up to `target`.
pub(super) fn restore(
    ground: &Ground,
    holders: &mut Holders<'_>,
    handed: &Handed,
    known: &Known<'_>,
    admission: Admission,
    listener: &dyn Listener,
) -> Result<Tail, RecoverError> {
    let target = known.target().expect("a head is known before a tail is looked for");
    let (from, size) = (ground.frontier.size(), target.size());
    let count = size - from;
    if count > MAX_TAIL {
        return Err(RecoverError::TailTooLong { count, most: MAX_TAIL });
    }
    let is_chained = admission == Admission::Statements;
    let mut pieces = Pieces {
        from,
        slots: vec![Slot::default(); count as usize],
        entries: handed.entries.clone(),
        links: if is_chained { handed.links.clone() } else { Links::default() },
    };
    pieces.take_certain(holders, handed)?;
    pieces.take_hints(holders, handed, &known.trees(from, size), is_chained);
    let links = &pieces.links;
    let mut leaves = Vec::with_capacity(pieces.slots.len());
    let (mut frontier, mut ends) = (ground.frontier.clone(), ends_of(ground));
    for tree in known.trees(from, size) {
        let range = (frontier.size() - from) as usize..(tree.size() - from) as usize;
        let slots = &pieces.slots[range];
        pieces.check_enough(&frontier, slots, links, &ends, size)?;
        let solved = solve(&frontier, slots, tree, links, &mut ends);
        let solved = solved.map_err(|unsolved| {
            if let Some(leaves) = certain(slots) {
                let error = known.check_growth(&frontier, &leaves, "a later head that it signed");
                return error.expect_err("what is certain was tried and does not give the root");
            }
            let (from, to) = (frontier.size(), tree.size());
            match unsolved {
                Unsolved::TooMany => RecoverError::TooManyOrders { from, to },
                Unsolved::None => pieces
                    .missing(from, size, links, &ends)
                    .unwrap_or(RecoverError::NoOrder { from, to }),
            }
        })?;
        frontier.advance(&frontier.grow(&solved));
        leaves.extend(solved);
        listener.progress(frontier.size(), size);
    }
    pieces.finish(leaves, size, links.waiting(&ends, &HashSet::new()))
}

fn ends_of(ground: &Ground) -> Ends {
    let heads = ground.chains.to_heads().into_iter();
    heads.map(|head| (head.source, End { next: head.sequence + 1, leaf: head.leaf })).collect()
}

impl Pieces {
    fn slot(&mut self, index: u64) -> Option<&mut Slot> {
        let at = index.checked_sub(self.from)?;
        self.slots.get_mut(usize::try_from(at).ok()?)
    }

    /// What signed trees and receipts say.
    fn take_certain(&mut self, holders: &Holders<'_>, handed: &Handed) -> Result<(), RecoverError> {
        let edges = holders.edges().flat_map(|(first, hashes)| (first..).zip(hashes.iter()));
        for (index, leaf) in edges.chain(handed.placed.iter().map(|(index, leaf)| (*index, leaf))) {
            let Some(slot) = self.slot(index) else { continue };
            match slot.certain.replace(*leaf) {
                Some(other) if other != *leaf => {
                    return Err(two_leaves(index, other, &"another proof", *leaf));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What the log told the agents, and tiles and bundles that nobody vouches for.
    fn take_hints(
        &mut self,
        holders: &mut Holders<'_>,
        handed: &Handed,
        trees: &[Tree],
        is_chained: bool,
    ) {
        for (index, leaf) in &handed.told {
            self.hint(*index, *leaf);
        }
        let end = self.from + self.slots.len() as u64;
        for index in self.from / TILE_WIDTH..end.div_ceil(TILE_WIDTH) {
            let within = trees.iter().filter(|tree| tree.size() / TILE_WIDTH == index);
            let widths: Vec<u16> =
                within.map(|tree| (tree.size() % TILE_WIDTH) as u16).filter(|w| *w > 0).collect();
            let first = index * TILE_WIDTH;
            for (tile, bytes) in holders.unvouched(TileKind::Hashes(0), index, &widths) {
                let hashes = hashes_of(tile, &bytes);
                (first..).zip(hashes).for_each(|(index, leaf)| self.hint(index, leaf));
            }
            for (bundle, bytes) in holders.unvouched(TileKind::Entries, index, &widths) {
                let entries = parse_entries(bundle, &bytes).unwrap_or_default();
                for (index, entry) in (first..).zip(entries) {
                    let leaf = leaf_hash(entry);
                    self.entries.entry(leaf).or_insert_with(|| bytes.slice_ref(entry));
                    self.hint(index, leaf);
                    if let (true, Ok(statement)) = (is_chained, Statement::parse(entry)) {
                        self.links.add(&statement, leaf);
                    }
                }
            }
        }
    }

    fn hint(&mut self, index: u64, leaf: Hash) {
        if let Some(slot) = self.slot(index)
            && slot.hints.len() < MAX_HINTS
            && !slot.hints.contains(&leaf)
        {
            slot.hints.push(leaf);
        }
    }

    /// Before anything is tried: there must be as many statements as there are places for them.
    fn check_enough(
        &self,
        frontier: &Frontier,
        slots: &[Slot],
        links: &Links,
        ends: &Ends,
        size: u64,
    ) -> Result<(), RecoverError> {
        let is_free = |slot: &&Slot| slot.certain.is_none() && slot.hints.is_empty();
        let free = slots.iter().filter(is_free).count();
        if free == 0 || free <= links.waiting(ends, &self.named(frontier.size())) {
            return Ok(());
        }
        self.missing(frontier.size(), size, links, ends).map_or(Ok(()), Err)
    }

    /// The entries behind `from` that nobody has, if there are any.
    fn missing(&self, from: u64, size: u64, links: &Links, ends: &Ends) -> Option<RecoverError> {
        let mut missing = Missing::default();
        for (index, slot) in (self.from..).zip(&self.slots).filter(|(index, _)| *index >= from) {
            let is_there = match slot.certain {
                Some(leaf) => self.entries.contains_key(&leaf),
                None => slot.hints.iter().any(|leaf| self.entries.contains_key(leaf)),
            };
            if !is_there {
                missing.push(index);
            }
        }
        let unplaced = links.waiting(ends, &self.named(from));
        (!missing.is_empty()).then_some(RecoverError::Missing { missing, size, unplaced })
    }

    /// The leaves of which somebody says where they are, behind `from`.
    fn named(&self, from: u64) -> HashSet<Hash> {
        let slots = self.slots.iter().skip((from - self.from) as usize);
        slots.flat_map(|slot| slot.certain.iter().chain(&slot.hints)).copied().collect()
    }

    /// Puts the entries to their leaves.
    fn finish(&self, leaves: Vec<Hash>, size: u64, unplaced: usize) -> Result<Tail, RecoverError> {
        let (mut missing, mut entries) = (Missing::default(), Vec::with_capacity(leaves.len()));
        for (index, leaf) in (self.from..).zip(&leaves) {
            match self.entries.get(leaf) {
                Some(entry) => entries.push(entry.clone()),
                None => missing.push(index),
            }
        }
        if missing.is_empty() {
            return Ok(Tail { leaves, entries });
        }
        Err(RecoverError::Missing { missing, size, unplaced })
    }
}
