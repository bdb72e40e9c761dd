//! Which records: every condition that is given must hold.
//!
//! Files and units are looked up; lots, certificates and times are looked for in every statement,
//! since nothing but the openings knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use spec::evidence::batch::Place;
use spec::evidence::kind::Kind;
use spec::evidence::range::items;
use spec::evidence::record::Record;
use spec::evidence::tag::join_tags;
use spec::key::KeyName;

use crate::cli::args::DiscloseArgs;
use crate::clock;
use crate::error::AgentError;
use crate::model::UnixMillis;
use crate::site::commands::Desk;
use crate::spool::tags;
use crate::vault::Vault;

/// The most bytes of a list of units: some hundred thousand serial numbers.
const MAX_UNITS_SIZE: usize = 16 * 1024 * 1024;

/// The chosen records of each statement.
pub(super) type Chosen = BTreeMap<(KeyName, u64), BTreeSet<u64>>;

/// What a record must be.
struct Conditions {
    units: Option<BTreeSet<Vec<u8>>>,
    lots: Vec<Vec<u8>>,
    certificate: Option<String>,
    between: Option<(UnixMillis, UnixMillis)>,
    source: Option<KeyName>,
}

/// Reads a list of units, one a line.
pub(crate) fn read_units(desk: &Desk<'_>, path: &Path) -> Result<BTreeSet<Vec<u8>>, AgentError> {
    let bytes = desk.caller.read(path, MAX_UNITS_SIZE).map_err(AgentError::file(path))?;
    let lines = items(&bytes).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
}

/// Finds the records, and the sources with a record that would be one of them and waits for its
/// statement, which only units tell. None if no condition is given: that is for a range, which has
/// others.
pub(super) fn records(
    desk: &Desk<'_>,
    vault: &Vault,
    args: &DiscloseArgs,
) -> Result<(Chosen, Vec<KeyName>), AgentError> {
    let conditions = Conditions::parse(desk, args)?;
    conditions.find(vault)
}

impl Conditions {
    fn find(&self, vault: &Vault) -> Result<(Chosen, Vec<KeyName>), AgentError> {
        match &self.units {
            Some(units) => {
                let mut chosen = Chosen::new();
                for unit in units {
                    for place in vault.of_unit(unit)? {
                        let key = (place.source, place.sequence);
                        chosen.entry(key).or_default().insert(place.record);
                    }
                }
                Ok((self.narrow(vault, chosen)?, self.waiting(vault, units)?))
            }
            None if self.is_empty() => Ok((Chosen::new(), Vec::new())),
            None => Ok((self.search(vault)?, Vec::new())),
        }
    }

    fn parse(desk: &Desk<'_>, args: &DiscloseArgs) -> Result<Self, AgentError> {
        let mut units: BTreeSet<Vec<u8>> =
            args.unit.iter().map(|unit| unit.as_bytes().to_vec()).collect();
        if let Some(path) = &args.units {
            units.extend(read_units(desk, path)?);
        }
        let between = match args.between.as_deref() {
            Some([from, until]) => Some((moment(from)?, moment(until)?)),
            _ => None,
        };
        let is_by_unit = !args.unit.is_empty() || args.units.is_some();
        Ok(Self {
            units: is_by_unit.then_some(units),
            lots: args.lot.iter().map(|lot| lot.as_bytes().to_vec()).collect(),
            certificate: args.certificate.clone(),
            between,
            source: args.source.as_deref().map(parse_name).transpose()?,
        })
    }

    /// Whether nothing says which records: a source alone does not.
    fn is_empty(&self) -> bool {
        self.lots.is_empty() && self.certificate.is_none() && self.between.is_none()
    }

    /// Keeps of what was looked up what meets the other conditions too.
    fn narrow(&self, vault: &Vault, chosen: Chosen) -> Result<Chosen, AgentError> {
        let mut kept = Chosen::new();
        for ((source, sequence), records) in chosen {
            let fits = self.fitting(vault, &source, sequence)?;
            let records: BTreeSet<u64> = records.intersection(&fits).copied().collect();
            if !records.is_empty() {
                kept.insert((source, sequence), records);
            }
        }
        Ok(kept)
    }

    /// The sources with a record that names one of the units and is in no statement yet.
    fn waiting(
        &self,
        vault: &Vault,
        units: &BTreeSet<Vec<u8>>,
    ) -> Result<Vec<KeyName>, AgentError> {
        // What is not sealed yet was not sealed between two moments.
        if self.between.is_some() {
            return Ok(Vec::new());
        }
        let mut sources = vault.waiting_sources(&|pending| {
            let named = pending.values.get("units").map(Vec::as_slice).unwrap_or_default();
            let panel = pending.values.get("panel").map(Vec::as_slice);
            items(named).chain(panel).any(|unit| units.contains(unit))
        })?;
        sources.retain(|source| self.source.as_ref().is_none_or(|only| only == source));
        Ok(sources)
    }

    /// Looks into every statement.
    fn search(&self, vault: &Vault) -> Result<Chosen, AgentError> {
        let mut chosen = Chosen::new();
        for source in vault.sources()? {
            for sequence in 0..vault.head(&source)?.next_sequence {
                let fits = self.fitting(vault, &source, sequence)?;
                if !fits.is_empty() {
                    chosen.insert((source.clone(), sequence), fits);
                }
            }
        }
        Ok(chosen)
    }

    /// The records of one statement that meet every condition but that of units.
    fn fitting(
        &self,
        vault: &Vault,
        source: &KeyName,
        sequence: u64,
    ) -> Result<BTreeSet<u64>, AgentError> {
        let none = BTreeSet::new();
        if self.source.as_ref().is_some_and(|only| only != source) {
            return Ok(none);
        }
        // A sequence that was lost with another vault is not there, and has nothing to show.
        let Some(kept) = vault.statement(source, sequence)? else { return Ok(none) };
        if self.between.is_some_and(|(from, until)| !(from..=until).contains(&kept.sealed)) {
            return Ok(none);
        }
        let opening = vault.opening(source, sequence)?;
        let mut fits = BTreeSet::new();
        for (index, kept) in (0..).zip(&opening.records).skip(1) {
            let Some(record) = kept.whole() else { continue };
            if self.is_certified(record) && self.is_of_lot(vault, record)? {
                fits.insert(index);
            }
        }
        Ok(fits)
    }

    /// Whether the record names one of the lots, or a unit that was said to belong to one.
    fn is_of_lot(&self, vault: &Vault, record: &Record) -> Result<bool, AgentError> {
        let is_meant = |lot: &[u8]| self.lots.iter().any(|meant| meant == lot);
        if self.lots.is_empty() || record.value("lot").is_some_and(is_meant) {
            return Ok(true);
        }
        for unit in items(record.value("units").unwrap_or_default()) {
            if vault.lot_of_unit(unit)?.is_some_and(|lot| is_meant(&lot)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_certified(&self, record: &Record) -> bool {
        let certified = |text: &String| {
            let names = ["certificate", "certificate/sha256", "certificate/ends"];
            let named = names.iter().any(|name| record.value(name) == Some(text.as_bytes()));
            // By its file's hash, the certificate itself is meant as well.
            let is_it = record.kind() == Kind::ReflowCertificate
                && record.value("file/sha256") == Some(text.as_bytes());
            named || is_it
        };
        self.certificate.as_ref().is_none_or(certified)
    }
}

/// Whether each of a record's tags is the one that a lot key of this vault gives, or it needs none.
pub(super) fn is_tagged(vault: &Vault, place: &Place, record: &Record) -> Result<bool, AgentError> {
    let Some(units) = record.value("units") else { return Ok(true) };
    let mut want = Vec::new();
    for unit in items(units) {
        match tags::key_for(vault, record.value("lot"), unit)? {
            Some(key) => want.push(key.tag(&place.source, place.sequence, unit)),
            None => return Ok(false),
        }
    }
    Ok(record.value("tags") == Some(&join_tags(&want)))
}

/// `FIRST..LAST`, both included.
pub(super) fn span(text: &str) -> Result<(u64, u64), AgentError> {
    let parse = |text: &str| spec::encoding::parse_decimal(text).ok();
    let numbers =
        text.split_once("..").and_then(|(first, last)| Some((parse(first)?, parse(last)?)));
    numbers.filter(|(first, last)| first <= last).ok_or_else(|| {
        AgentError::Input(format!("{text:?} is no range of statements such as 0..120"))
    })
}

/// The source that is named, or the only one.
pub(super) fn one_source(vault: &Vault, name: Option<&str>) -> Result<KeyName, AgentError> {
    if let Some(name) = name {
        return parse_name(name);
    }
    match vault.sources()?.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(AgentError::Input(format!("say which with --source: {}", names.join(", "))))
        }
    }
}

pub(super) fn parse_name(text: &str) -> Result<KeyName, AgentError> {
    KeyName::parse(text).map_err(|error| AgentError::Input(format!("{text:?}: {error}")))
}

fn moment(text: &String) -> Result<UnixMillis, AgentError> {
    let why = format!("{text:?} is no moment with a zone such as 2026-03-02T08:00:00+08:00");
    clock::parse(text).ok_or(AgentError::Input(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_numbers_in_order() {
        assert_eq!(span("0..0").unwrap(), (0, 0));
        assert_eq!(span("7..120").unwrap(), (7, 120));
        for text in ["", "7", "7..", "..7", "8..7", "7...8", "07..8", "-1..8", "7..8..9"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
