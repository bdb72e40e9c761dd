//! The boards of lots that are held.
//!
//! A review or a repair seldom says of which lot its board is; the board's report does. So what names no
//! lot is held as well where it names a board of the lot. Every opening is read for that, once in a run.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::record::Record;

use super::Vault;
use super::chain::units_of;
use super::holds::{Hold, Scope};
use crate::error::AgentError;
use crate::model::names_nobody;

/// Units and panels that records of a lot name, by lot.
#[derive(Default)]
pub(super) struct Boards(BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>);

impl Boards {
    /// Looks for the boards of every lot that is held and that was not looked for before.
    pub(super) fn learn(&mut self, vault: &Vault, holds: &[Hold]) -> Result<(), AgentError> {
        let mut found: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for hold in holds.iter().filter(|hold| hold.released.is_none()) {
            if let Scope::Lot(lot) = &hold.scope
                && !self.0.contains_key(lot)
            {
                found.insert(lot.clone(), BTreeSet::new());
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        for source in vault.sources()? {
            for sequence in 0..vault.head(&source)?.next_sequence {
                // One that was lost with another copy of the vault is not there.
                if vault.statement(&source, sequence)?.is_none() {
                    continue;
                }
                let opening = vault.opening(&source, sequence)?;
                for record in opening.records.iter().filter_map(|kept| kept.whole()) {
                    let boards = record.value("lot").and_then(|lot| found.get_mut(lot));
                    let Some(boards) = boards else { continue };
                    // What stands for a code that was not read stands on boards of every lot.
                    let units = units_of(record).into_iter().filter(|unit| !names_nobody(unit));
                    boards.extend(units.map(<[u8]>::to_vec));
                }
            }
        }
        self.0.append(&mut found);
        Ok(())
    }

    /// Whether a record that names no lot names a board of this one.
    pub(super) fn has(&self, lot: &[u8], record: &Record) -> bool {
        let names_one = |boards: &BTreeSet<Vec<u8>>| {
            units_of(record).into_iter().any(|unit| boards.contains(unit))
        };
        record.value("lot").is_none() && self.0.get(lot).is_some_and(names_one)
    }
}
