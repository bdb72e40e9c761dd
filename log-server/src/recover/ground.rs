//! The ground: full tiles and bundles up to a signed tree, from whoever has each of them sound.
//!
//! A level-0 tile is taken as a signed root fixes it; an entry, from a holder's bundle or an agent's
//! statement, if it has the leaf hash in that tile. So what is written here is true whatever becomes of
//! the rest, and an interrupted run finds it and does not fetch it again.

use bytes::Bytes;
use rayon::prelude::*;
use spec::Hash;
use spec::frontier::Frontier;
use spec::hash::leaf_hash;
use spec::tile::{TILE_WIDTH, Tile, TileKind, format_hashes, parse_entries, push_entry};

use super::RecoverError;
use super::error::Missing;
use super::handed::Handed;
use super::holders::Holders;
use super::known::Known;
use super::place::Place;
use crate::admission::{Admission, Chains};
use crate::answer::Fatal;
use crate::copy::Listener;
use crate::start::place_of;

/// Bundles that are put together in one go: at most 16 x 16 MiB, and for statements a few megabytes.
const RUN: u64 = 16;

/// A whole number of full bundles, durable in the objects.
pub(super) struct Ground {
    /// The right edge behind them.
    pub(super) frontier: Frontier,
    /// The last statement of every source in them.
    pub(super) chains: Chains,
}

/// Lays all full tiles and bundles that a signed tree of some holder has.
pub(super) fn lay(
    holders: &mut Holders<'_>,
    handed: &Handed,
    place: &Place,
    known: &Known<'_>,
    listener: &dyn Listener,
) -> Result<Ground, RecoverError> {
    let mut ground = Ground { frontier: Frontier::new(), chains: Chains::default() };
    let mut missing = Missing::default();
    let (count, size) = (holders.size() / TILE_WIDTH, known.target().map_or(0, |head| head.size()));
    for start in (0..count).step_by(RUN as usize) {
        let end = (start + RUN).min(count);
        let slots = gather(holders, handed, place, start..end)?;
        for slots in &slots {
            slots.note_missing(&mut missing);
        }
        // Behind a gap only what else is missing is of interest.
        if missing.is_empty() {
            ground.lay(&slots, place, known)?;
        }
        listener.progress(end * TILE_WIDTH, size);
    }
    if missing.is_empty() {
        return Ok(ground);
    }
    Err(RecoverError::Missing { missing, size, unplaced: 0 })
}

/// Finds the entries of some bundles.
fn gather(
    holders: &mut Holders<'_>,
    handed: &Handed,
    place: &Place,
    run: std::ops::Range<u64>,
) -> Result<Vec<Slots>, RecoverError> {
    let tiles = holders.tiles(run.clone());
    let mut all: Vec<Slots> =
        run.clone().zip(tiles).map(|(index, leaves)| Slots::new(index, leaves)).collect();
    let names: Vec<Tile> = all.iter().map(|slots| slots.bundle).collect();
    let own = place.objects().read_all(&names);
    let own = own.map_err(|error| RecoverError::Io { place: place.name(), error })?;
    for (slots, bytes) in all.iter_mut().zip(own) {
        if let Some(bytes) = bytes {
            slots.take(&bytes);
        }
    }
    let all = std::cell::RefCell::new(all);
    holders.read(
        &mut || all.borrow().iter().filter(|slots| slots.is_due()).map(|one| one.bundle).collect(),
        &mut |bundle, bytes| {
            let at = (bundle.index() - run.start) as usize;
            all.borrow_mut()[at].take(bytes);
        },
    );
    let mut all = all.into_inner();
    all.iter_mut().for_each(|slots| slots.take_handed(handed));
    Ok(all)
}

impl Ground {
    /// The last statement of every source, with these entries behind the ground.
    pub(super) fn chains_with(
        &self,
        rest: &[Bytes],
        admission: Admission,
    ) -> Result<Chains, Fatal> {
        let mut chains = Chains::new(self.chains.to_heads());
        if admission == Admission::Statements {
            for (index, entry) in (self.frontier.size()..).zip(rest) {
                if let Some(place) = place_of(entry, index)? {
                    chains.advance(place, leaf_hash(entry));
                }
            }
        }
        Ok(chains)
    }

    /// Writes bundles of which nothing is missing, and the tiles above them.
    fn lay(&mut self, all: &[Slots], place: &Place, known: &Known<'_>) -> Result<(), RecoverError> {
        let leaves: Vec<Hash> =
            all.iter().flat_map(|slots| slots.leaves.iter().flatten()).copied().collect();
        let entries: Vec<&Bytes> =
            all.iter().flat_map(|slots| slots.entries.iter().flatten()).collect();
        known.check_growth(&self.frontier, &leaves, "what the others hold")?;
        self.put(&leaves, &entries, place)
    }

    /// Writes a whole number of bundles whose leaves are known to be the log's.
    pub(super) fn put(
        &mut self,
        leaves: &[Hash],
        entries: &[&Bytes],
        place: &Place,
    ) -> Result<(), RecoverError> {
        let first = self.frontier.size();
        let growth = self.frontier.grow(leaves);
        let bundle = |(at, entries): (usize, &[&Bytes])| {
            let mut bytes = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut bytes, entry));
            let tile = Tile::full(TileKind::Entries, first / TILE_WIDTH + at as u64);
            (tile.expect("bundles have no level"), Bytes::from(bytes))
        };
        let mut objects: Vec<(Tile, Bytes)> =
            entries.chunks(TILE_WIDTH as usize).enumerate().map(bundle).collect();
        for sealed in growth.sealed() {
            objects.push((sealed.tile, format_hashes(&sealed.hashes).into()));
        }
        place.objects().put_all(&objects)?;
        if place.admission() == Admission::Statements {
            for ((index, entry), leaf) in (first..).zip(entries).zip(leaves) {
                if let Some(place) = place_of(entry, index)? {
                    self.chains.advance(place, *leaf);
                }
            }
        }
        self.frontier.advance(&growth);
        Ok(())
    }
}

/// One full bundle, entry by entry.
struct Slots {
    bundle: Tile,
    /// As a signed root has them; without them nothing can be told apart.
    leaves: Option<Vec<Hash>>,
    entries: Vec<Option<Bytes>>,
}

impl Slots {
    fn new(index: u64, leaves: Option<Vec<Hash>>) -> Self {
        let bundle = Tile::full(TileKind::Entries, index).expect("bundles have no level");
        Self { bundle, leaves, entries: vec![None; TILE_WIDTH as usize] }
    }

    /// Whether somebody may still have what is missing.
    fn is_due(&self) -> bool {
        self.leaves.is_some() && self.entries.iter().any(Option::is_none)
    }

    /// Takes the entries of a bundle that are the ones that are meant.
    fn take(&mut self, bytes: &Bytes) {
        let Some(leaves) = &self.leaves else { return };
        let Some(entries) = parse_entries(self.bundle, bytes) else { return };
        let sound: Vec<bool> =
            entries.par_iter().zip(leaves).map(|(entry, leaf)| leaf_hash(entry) == *leaf).collect();
        for ((slot, entry), sound) in self.entries.iter_mut().zip(entries).zip(sound) {
            if sound && slot.is_none() {
                *slot = Some(bytes.slice_ref(entry));
            }
        }
    }

    fn take_handed(&mut self, handed: &Handed) {
        let Some(leaves) = &self.leaves else { return };
        for (slot, leaf) in self.entries.iter_mut().zip(leaves) {
            if slot.is_none() {
                *slot = handed.entries.get(leaf).cloned();
            }
        }
    }

    fn note_missing(&self, missing: &mut Missing) {
        let first = self.bundle.index() * TILE_WIDTH;
        for (index, _) in (first..).zip(&self.entries).filter(|(_, entry)| entry.is_none()) {
            missing.push(index);
        }
    }
}
