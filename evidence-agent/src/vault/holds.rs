//! Legal holds: what no rule of retention may delete, and why.
//!
//! A hold that was released stays in the list, with the time and the reason of its release.

use redb::{ReadableDatabase, ReadableTable};
use spec::evidence::record::Record;
use spec::key::KeyName;

use super::Vault;
use super::bytes::{Malformed, Reader, Writer};
use super::chain::units_of;
use super::open::Sync;
use super::tables::{HOLDS, damaged, owned};
use crate::error::AgentError;
use crate::model::UnixMillis;

/// What a hold keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every record that names this lot.
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
    /// Whether it keeps this record.
    pub(crate) fn keeps(&self, source: &KeyName, sealed: UnixMillis, record: &Record) -> bool {
        self.released.is_none()
            && match &self.scope {
                Scope::Lot(lot) => record.value("lot") == Some(lot.as_slice()),
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
        let table = transaction.open_table(HOLDS).map_err(damaged)?;
        let mut holds = Vec::new();
        for entry in table.iter().map_err(damaged)? {
            let (number, row) = entry.map_err(damaged)?;
            holds.push(self.parse_hold(number.value(), row.value())?);
        }
        Ok(holds)
    }

    fn parse_hold(&self, number: u64, row: &[u8]) -> Result<Hold, AgentError> {
        let row = self.cipher.open("holds", &number.to_be_bytes(), row);
        let row = row.map_err(|error| self.wrong(&error))?;
        Hold::parse(number, &row).map_err(|error| self.wrong(&error))
    }
}
