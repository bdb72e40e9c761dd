//! Which records: every condition that is given must hold.
//!
//! Files and units are looked up; lots, certificates and times are looked for in every statement,
//! since nothing but the openings knows them.
//!
//! A lot's records are those whose `lot` says so, and of those that say nothing of a lot the ones that
//! name a unit or panel of it: one that was said to belong to it (`lot-key --units`), or one that a record
//! of the lot names. So a review or a repair that knows the board alone is found with its report,
//! whichever source has made either. One that names a unit or panel that was given to another lot, and
//! none of the lot, is not followed; and what machines write for a code that they could not read names no
//! unit at all.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::batch::Place;
use spec::evidence::kind::Kind;
use spec::evidence::range::items;
use spec::evidence::record::Record;
use spec::evidence::tag::join_tags;
use spec::key::KeyName;

use super::known;
use super::list::read_units;
use crate::cli::args::DiscloseArgs;
use crate::clock;
use crate::error::AgentError;
use crate::model::{Pending, UnixMillis, names_nobody};
use crate::site::commands::Desk;
use crate::spool::tags;
use crate::vault::Vault;

/// The chosen records of each statement.
pub(super) type Chosen = BTreeMap<(KeyName, u64), BTreeSet<u64>>;

/// What a record must be.
struct Conditions {
    units: Option<BTreeSet<Vec<u8>>>,
    lots: Vec<Vec<u8>>,
    /// Units and panels that records of the lots name.
    of_lots: BTreeSet<Vec<u8>>,
    certificate: Option<String>,
    between: Option<(UnixMillis, UnixMillis)>,
    source: Option<KeyName>,
}

/// Finds the records, and the sources with a record that would be one of them and waits for its
/// statement, which units and lots tell. None if no condition is given: that is for a range, which has
/// others.
pub(super) fn records(
    desk: &Desk<'_>,
    vault: &Vault,
    args: &DiscloseArgs,
) -> Result<(Chosen, Vec<KeyName>), AgentError> {
    let mut conditions = Conditions::parse(desk, args)?;
    conditions.of_lots = conditions.units_of_lots(vault)?;
    match &conditions.units {
        Some(units) => {
            let mut chosen = Chosen::new();
            for unit in units {
                for place in vault.of_unit(unit)? {
                    let key = (place.source, place.sequence);
                    chosen.entry(key).or_default().insert(place.record);
                }
            }
            if let Some(list) = args.units.as_ref().filter(|_| chosen.is_empty()) {
                known::check_units(vault, units, list)?;
            }
            Ok((conditions.narrow(vault, chosen)?, conditions.waiting(vault)?))
        }
        None if conditions.is_empty() => Ok((Chosen::new(), Vec::new())),
        None => Ok((conditions.search(vault)?, conditions.waiting(vault)?)),
    }
}

impl Conditions {
    fn parse(desk: &Desk<'_>, args: &DiscloseArgs) -> Result<Self, AgentError> {
        let mut units: BTreeSet<Vec<u8>> =
            args.unit.iter().map(|unit| unit.as_bytes().to_vec()).collect();
        if let Some(path) = &args.units {
            // In a list they come from a machine; who means them says so with `--unit`.
            units.extend(read_units(desk, path)?.into_iter().filter(|unit| !names_nobody(unit)));
        }
        let between = match args.between.as_deref() {
            Some([from, until]) => Some((moment(from)?, moment(until)?)),
            _ => None,
        };
        let is_by_unit = !args.unit.is_empty() || args.units.is_some();
        Ok(Self {
            units: is_by_unit.then_some(units),
            lots: args.lot.iter().map(|lot| lot.as_bytes().to_vec()).collect(),
            of_lots: BTreeSet::new(),
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

    /// The sources with a record that is of the units and lots and is in no statement yet. Which
    /// certificate it will name is not known before.
    fn waiting(&self, vault: &Vault) -> Result<Vec<KeyName>, AgentError> {
        // What is not sealed yet was not sealed between two moments.
        if self.between.is_some() || (self.units.is_none() && self.lots.is_empty()) {
            return Ok(Vec::new());
        }
        let mut sources = vault.waiting_sources(&|pending| {
            let named = Named::waiting(pending);
            let is_meant = |units: &BTreeSet<Vec<u8>>| named.all().any(|unit| units.contains(unit));
            self.units.as_ref().is_none_or(is_meant)
                && self.is_of_lot(vault, &named).unwrap_or(true)
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
            if self.is_certified(record) && self.is_of_lot(vault, &Named::of(record))? {
                fits.insert(index);
            }
        }
        Ok(fits)
    }

    /// Every unit and panel that a record of the lots names, of whichever source: the board's report
    /// knows the lot, and the bench that repairs it knows the board.
    fn units_of_lots(&self, vault: &Vault) -> Result<BTreeSet<Vec<u8>>, AgentError> {
        let mut of_lots = BTreeSet::new();
        if self.lots.is_empty() {
            return Ok(of_lots);
        }
        for source in vault.sources()? {
            for sequence in 0..vault.head(&source)?.next_sequence {
                if vault.statement(&source, sequence)?.is_none() {
                    continue;
                }
                let opening = vault.opening(&source, sequence)?;
                for record in opening.records.iter().filter_map(|kept| kept.whole()) {
                    let named = Named::of(record);
                    if named.lot.is_some_and(|lot| self.is_meant(lot)) {
                        of_lots.extend(named.all().map(<[u8]>::to_vec));
                    }
                }
            }
        }
        Ok(of_lots)
    }

    fn is_meant(&self, lot: &[u8]) -> bool {
        self.lots.iter().any(|meant| meant == lot)
    }

    /// Whether a record is of one of the lots, as it says itself or as its units tell.
    fn is_of_lot(&self, vault: &Vault, named: &Named<'_>) -> Result<bool, AgentError> {
        if self.lots.is_empty() {
            return Ok(true);
        }
        if named.lot.is_some_and(|lot| self.is_meant(lot)) {
            return Ok(true);
        }
        let (mut is_followed, mut is_of_another) = (false, false);
        for unit in named.all() {
            match vault.lot_of_unit(unit)? {
                Some(lot) if self.is_meant(&lot) => return Ok(true),
                Some(_) => is_of_another = true,
                None => is_followed |= self.of_lots.contains(unit),
            }
        }
        // What the factory has said counts before what a record lets one conclude.
        Ok(is_followed && !is_of_another && named.lot.is_none())
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

/// What a record names.
pub(super) struct Named<'a> {
    pub(super) lot: Option<&'a [u8]>,
    units: Option<&'a [u8]>,
    panel: Option<&'a [u8]>,
}

impl<'a> Named<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        Self {
            lot: record.value("lot"),
            units: record.value("units"),
            panel: record.value("panel"),
        }
    }

    /// The same of a record that is in no statement yet.
    pub(super) fn waiting(pending: &'a Pending) -> Self {
        let value = |name: &str| pending.values.get(name).map(Vec::as_slice);
        Self { lot: value("lot"), units: value("units"), panel: value("panel") }
    }

    /// Its units and its panel, as far as they were read.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let all = items(self.units.unwrap_or_default()).chain(self.panel);
        all.filter(|code| !names_nobody(code))
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
