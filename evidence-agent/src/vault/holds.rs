//! Legal holds: what no rule of retention may delete, and why.
//!
//! A hold that was released stays in the list, with the time and the reason of its release.

use std::collections::BTreeMap;

use redb::{ReadableDatabase, ReadableTable, WriteTransaction};
use spec::evidence::range::items;
use spec::evidence::record::Record;
use spec::key::KeyName;

use super::Vault;
use super::boards::Boards;
use super::bytes::{Malformed, Reader, Writer};
use super::chain::units_of;
use super::open::Sync;
use super::rows::{self, StatementRow};
use super::tables::{HOLDS, PENDING, STATEMENTS, damaged, numbered_key, owned};
use crate::error::AgentError;
use crate::model::{Pending, UnixMillis};

/// What a hold keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every record that names this lot, or a unit that was said to belong to it, and what names no lot
    /// but a board of its records.
    Lot(Vec<u8>),
    /// Everything of a source.
    Source(KeyName),
    /// Every statement that was sealed from the first moment to the last, both included.
    Times(UnixMillis, UnixMillis),
    /// Every record that names this unit or panel.
    Unit(Vec<u8>),
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    /// Its number, to release it by.
    pub(crate) number: u64,
    /// What it keeps.
    pub(crate) scope: Scope,
    /// Why.
    pub(crate) reason: String,
    /// Since when.
    pub(crate) placed: UnixMillis,
    /// When it was released and why, if it was.
    pub(crate) released: Option<(UnixMillis, String)>,
}

impl Hold {
    /// Whether it keeps this record of the vault; `boards` has learnt of it before.
    pub(super) fn keeps(
        &self,
        vault: &Vault,
        boards: &Boards,
        source: &KeyName,
        sealed: UnixMillis,
        record: &Record,
    ) -> bool {
        self.released.is_none()
            && match &self.scope {
                // What cannot be told may be of the lot, and is kept.
                Scope::Lot(lot) => {
                    vault.is_of_lot(lot, record).unwrap_or(true) || boards.has(lot, record)
                }
                Scope::Source(held) => held == source,
                Scope::Times(from, until) => (*from..=*until).contains(&sealed),
                Scope::Unit(unit) => units_of(record).contains(&unit.as_slice()),
            }
    }

    fn to_row(&self) -> Vec<u8> {
        let mut row = Writer::default();
        match &self.scope {
            Scope::Lot(lot) => row.number(0).bytes(lot),
            Scope::Source(source) => row.number(1).bytes(source.as_str().as_bytes()),
            Scope::Times(from, until) => row.number(2).number(from.0).number(until.0),
            Scope::Unit(unit) => row.number(3).bytes(unit),
        };
        row.bytes(self.reason.as_bytes()).number(self.placed.0);
        match &self.released {
            None => row.number(0),
            Some((when, why)) => row.number(1).number(when.0).bytes(why.as_bytes()),
        };
        row.take()
    }

    fn parse(number: u64, row: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(row);
        let scope = match reader.number()? {
            0 => Scope::Lot(reader.bytes()?.to_vec()),
            1 => Scope::Source(KeyName::parse(reader.text()?).map_err(|_| Malformed)?),
            2 => Scope::Times(UnixMillis(reader.number()?), UnixMillis(reader.number()?)),
            3 => Scope::Unit(reader.bytes()?.to_vec()),
            _ => return Err(Malformed),
        };
        let (reason, placed) = (reader.text()?.to_string(), UnixMillis(reader.number()?));
        let released = match reader.number()? {
            0 => None,
            1 => Some((UnixMillis(reader.number()?), reader.text()?.to_string())),
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(Self { number, scope, reason, placed, released })
    }
}

impl Vault {
    /// Places a hold, effective on return; gives its number.
    pub(crate) fn add_hold(
        &self,
        scope: Scope,
        reason: &str,
        now: UnixMillis,
    ) -> Result<u64, AgentError> {
        self.write(Sync::Now, |transaction| {
            let mut table = transaction.open_table(HOLDS).map_err(damaged)?;
            let last = table.last().map_err(damaged)?.map(|(number, _)| number.value());
            let number = last.unwrap_or_default() + 1;
            let hold =
                Hold { number, scope, reason: reason.to_string(), placed: now, released: None };
            let sealed = self.cipher.seal("holds", &number.to_be_bytes(), &hold.to_row())?;
            table.insert(number, sealed.as_slice()).map_err(damaged)?;
            Ok(number)
        })
    }

    /// Releases a hold; it stays in the list.
    pub(crate) fn release_hold(
        &self,
        number: u64,
        reason: &str,
        now: UnixMillis,
    ) -> Result<(), AgentError> {
        self.write(Sync::Now, |transaction| {
            let mut table = transaction.open_table(HOLDS).map_err(damaged)?;
            let row = owned(&table, number)?;
            let missing = || AgentError::Input(format!("there is no hold {number}"));
            let mut hold = self.parse_hold(number, &row.ok_or_else(missing)?)?;
            if hold.released.is_some() {
                return Err(AgentError::Input(format!("hold {number} is released already")));
            }
            hold.released = Some((now, reason.to_string()));
            let sealed = self.cipher.seal("holds", &number.to_be_bytes(), &hold.to_row())?;
            table.insert(number, sealed.as_slice()).map_err(damaged)?;
            Ok(())
        })
    }

    /// All holds, released ones too, in the order in which they were placed.
    pub(crate) fn holds(&self) -> Result<Vec<Hold>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        self.list_holds(&transaction.open_table(HOLDS).map_err(damaged)?)
    }

    /// The same as a transaction that writes finds them.
    pub(super) fn holds_in(&self, to: &WriteTransaction) -> Result<Vec<Hold>, AgentError> {
        self.list_holds(&to.open_table(HOLDS).map_err(damaged)?)
    }

    fn list_holds(
        &self,
        table: &impl ReadableTable<u64, &'static [u8]>,
    ) -> Result<Vec<Hold>, AgentError> {
        let mut holds = Vec::new();
        for entry in table.iter().map_err(damaged)? {
            let (number, row) = entry.map_err(damaged)?;
            holds.push(self.parse_hold(number.value(), row.value())?);
        }
        Ok(holds)
    }

    /// Whether a hold of this scope would keep anything that is in the vault now, waiting records
    /// among it. Of a lot every opening may have to be read, since nothing finds records by lot.
    pub(crate) fn names_any(&self, scope: &Scope) -> Result<bool, AgentError> {
        let waits = |wanted: &dyn Fn(&Pending) -> bool| -> Result<bool, AgentError> {
            Ok(!self.waiting_sources(wanted)?.is_empty())
        };
        match scope {
            Scope::Source(source) => {
                Ok(self.head(source)?.next_sequence > 0 || self.pending_count(source)? > 0)
            }
            Scope::Unit(unit) => Ok(!self.of_unit(unit)?.is_empty()
                || waits(&|pending| names_unit(&pending.values, unit))?),
            Scope::Times(from, until) => self.any_sealed(*from, *until),
            Scope::Lot(lot) => {
                let is_of_lot = |pending: &Pending| {
                    let value = |name: &str| pending.values.get(name).map(Vec::as_slice);
                    self.names_lot(lot, value("lot"), value("units"), value("panel"))
                };
                Ok(waits(&|pending| is_of_lot(pending).unwrap_or(true))? || self.has_lot(lot)?)
            }
        }
    }

    /// The sources with a record that waits and is `wanted`, each once.
    pub(crate) fn waiting_sources(
        &self,
        wanted: &dyn Fn(&Pending) -> bool,
    ) -> Result<Vec<KeyName>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(PENDING).map_err(damaged)?;
        let mut found = Vec::new();
        for entry in table.iter().map_err(damaged)? {
            let (key, row) = entry.map_err(damaged)?;
            let key = key.value();
            if found.contains(&key.0) {
                continue;
            }
            let row = self.cipher.open("pending", &numbered_key(key), row.value());
            let row = row.map_err(|error| self.wrong(&error))?;
            if wanted(&rows::parse_pending(&row).map_err(|error| self.wrong(&error))?) {
                found.push(key.0);
            }
        }
        found.into_iter().map(|number| self.source_of(number)).collect()
    }

    fn any_sealed(&self, from: UnixMillis, until: UnixMillis) -> Result<bool, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(STATEMENTS).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            let row = entry.map_err(damaged)?.1;
            let row = StatementRow::parse(row.value()).map_err(|error| self.wrong(&error))?;
            if (from..=until).contains(&row.sealed) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks through all openings, the newest first.
    fn has_lot(&self, lot: &[u8]) -> Result<bool, AgentError> {
        for source in self.sources()? {
            for sequence in (0..self.head(&source)?.next_sequence).rev() {
                if self.statement(&source, sequence)?.is_none() {
                    continue;
                }
                let opening = self.opening(&source, sequence)?;
                for record in opening.records.iter().filter_map(|kept| kept.whole()) {
                    if self.is_of_lot(lot, record)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether a record names the lot, or a unit that was said to belong to it.
    fn is_of_lot(&self, lot: &[u8], record: &Record) -> Result<bool, AgentError> {
        self.names_lot(lot, record.value("lot"), record.value("units"), record.value("panel"))
    }

    fn names_lot(
        &self,
        lot: &[u8],
        named: Option<&[u8]>,
        units: Option<&[u8]>,
        panel: Option<&[u8]>,
    ) -> Result<bool, AgentError> {
        if named == Some(lot) {
            return Ok(true);
        }
        for unit in items(units.unwrap_or_default()).chain(panel) {
            if self.lot_of_unit(unit)?.is_some_and(|of| of == lot) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn parse_hold(&self, number: u64, row: &[u8]) -> Result<Hold, AgentError> {
        let row = self.cipher.open("holds", &number.to_be_bytes(), row);
        let row = row.map_err(|error| self.wrong(&error))?;
        Hold::parse(number, &row).map_err(|error| self.wrong(&error))
    }
}

/// Whether a record with these values names the unit, or is of this panel.
pub(crate) fn names_unit(values: &BTreeMap<String, Vec<u8>>, unit: &[u8]) -> bool {
    let units = values.get("units").map_or(&b""[..], Vec::as_slice).split(|byte| *byte == b'\n');
    let panel = values.get("panel").map(Vec::as_slice);
    !unit.is_empty() && units.chain(panel).any(|named| named == unit)
}
