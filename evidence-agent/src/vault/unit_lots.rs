//! Which lot a unit belongs to, where the machines' files do not say it.
//!
//! IPC-CFX inspection messages name a lot only where their maker adds it, and a review or a repair seldom does. What the factory's own
//! system knows is kept here, one row of state a unit, so that the unit's records are tagged for its lot.

use redb::ReadableDatabase;

use super::Vault;
use super::open::Sync;
use super::tables::{STATE, damaged};
use crate::error::AgentError;

/// What the names of the rows begin with.
const ROWS: &str = "unit-lot/";

impl Vault {
    /// Remembers that these units belong to a lot; all of them or none, durable on return. A unit
    /// that belongs to another lot is refused: its tags were made for that one.
    pub(crate) fn put_lot_of_units(&self, lot: &[u8], units: &[&[u8]]) -> Result<(), AgentError> {
        let mut rows = Vec::with_capacity(units.len());
        for unit in units {
            match self.lot_of_unit(unit)? {
                Some(there) if there != lot => {
                    let unit = String::from_utf8_lossy(unit);
                    let reason = format!("the unit {unit:?} belongs to another lot already");
                    return Err(AgentError::Input(reason));
                }
                Some(_) => {}
                None => {
                    let name = self.row_of_unit(unit);
                    let sealed = self.cipher.seal("state", name.as_bytes(), lot)?;
                    rows.push((name, sealed));
                }
            }
        }
        self.write(Sync::Now, |transaction| {
            let mut table = transaction.open_table(STATE).map_err(damaged)?;
            for (name, sealed) in &rows {
                table.insert(name.as_str(), sealed.as_slice()).map_err(damaged)?;
            }
            Ok(())
        })
    }

    /// The lot that a unit was said to belong to.
    pub(crate) fn lot_of_unit(&self, unit: &[u8]) -> Result<Option<Vec<u8>>, AgentError> {
        self.state(&self.row_of_unit(unit))
    }

    /// Whether any unit was said to belong to a lot: where none was, none need be asked for.
    pub(crate) fn knows_lots_of_units(&self) -> Result<bool, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(STATE).map_err(damaged)?;
        let mut from = table.range(ROWS..).map_err(damaged)?;
        let first = from.next().transpose().map_err(damaged)?;
        Ok(first.is_some_and(|(name, _)| name.value().starts_with(ROWS)))
    }

    /// Serial numbers are easily guessed, so an encrypted vault names the row by a keyed hash.
    fn row_of_unit(&self, unit: &[u8]) -> String {
        let name = self.cipher.short_name("unit-lot", unit);
        format!("{ROWS}{}", spec::encoding::encode_hex(&name))
    }
}
