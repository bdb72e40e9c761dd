//! What is found out of a sighting without the vault: its hash and what its mapping reads in it.
//!
//! Pure, so that the cores which have nothing to do make it while one stores the sightings before.

use rayon::prelude::*;

use crate::import::{self, MAX_INTERPRETED_SIZE, Mapping};
use crate::model::{Content, Reading, Sighting};
use crate::vault::Hashed;

/// Reads what is in each sighting, on all cores.
pub(super) fn understand<'a>(
    mappings: &[&Mapping],
    part: &'a [(usize, Sighting)],
) -> Vec<Understood<'a>> {
    part.par_iter().map(|(at, sighting)| Understood::of(mappings[*at], sighting)).collect()
}

/// What is found out of a sighting without the vault.
pub(super) struct Understood<'a> {
    /// Its bytes, if they are in memory.
    pub(super) hashed: Option<Hashed<'a>>,
    /// At least one reading.
    pub(super) readings: Vec<Reading>,
}

impl<'a> Understood<'a> {
    fn of(mapping: &Mapping, sighting: &'a Sighting) -> Self {
        let too_large =
            || vec![import::too_large(usize::try_from(sighting.now.size).unwrap_or(usize::MAX))];
        match &sighting.content {
            Content::Bytes(bytes) => {
                let readings = if bytes.len() <= MAX_INTERPRETED_SIZE {
                    import::read(mapping, &sighting.name, bytes)
                } else {
                    too_large()
                };
                Self { hashed: Some(Hashed::of(bytes)), readings }
            }
            Content::File(_) => Self { hashed: None, readings: too_large() },
        }
    }
}
