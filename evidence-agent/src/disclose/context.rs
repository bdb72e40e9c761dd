//! Context: what the chosen records were made under, opened with them on an explicit word.
//!
//! | of | opened besides |
//! |---|---|
//! | the panels that chosen records name | what names them and is of no other lot, such as the oven's data |
//! | the sources of chosen records, and the programs that they name by their files | programs, limits and code tables |
//! | the ovens that chosen records name, and the certificates that they name | reflow certificates |
//!
//! Of each program and each oven: what was sealed between the first and the last chosen record, the
//! newest before and the first behind. Without the one before nobody sees that limits were changed, without
//! the one behind nobody sees that they were changed back or that a certificate came too late.
//!
//! Of all panels whose code was not read none is followed. A program of which records that were not
//! chosen name a version, and chosen ones none, is another product's: it stays closed. Limit files and
//! code tables that no record names are of the source, and are opened.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;
use spec::evidence::record::Record;
use spec::key::KeyName;

use super::choose::{self, Chosen};
use crate::error::AgentError;
use crate::model::{UnixMillis, names_nobody};
use crate::vault::Vault;

/// Names of lots, units or panels.
type Names = BTreeSet<Vec<u8>>;

/// What the chosen records say of what they were made under.
#[derive(Default)]
struct Named {
    sources: BTreeSet<KeyName>,
    ovens: BTreeSet<Vec<u8>>,
    /// SHA-256 of certificates and programs, in hexadecimal digits.
    files: BTreeSet<Vec<u8>>,
    span: Option<(UnixMillis, UnixMillis)>,
}

/// A record that may belong to the context.
struct Candidate {
    key: (KeyName, u64),
    record: u64,
    sealed: UnixMillis,
    is_named: bool,
    /// Its file's SHA-256, in hexadecimal digits.
    file: Vec<u8>,
}

/// Adds the context of the chosen records to them. `lots` are those that were asked for, if any.
pub(super) fn add(vault: &Vault, chosen: &mut Chosen, lots: &[String]) -> Result<(), AgentError> {
    add_panels(vault, chosen, lots)?;
    let named = Named::by(vault, chosen)?;
    let Some(span) = named.span else { return Ok(()) };
    for candidates in named.candidates(vault, chosen)?.into_values() {
        let before = candidates.iter().map(|one| one.sealed).filter(|sealed| *sealed < span.0);
        let behind = candidates.iter().map(|one| one.sealed).filter(|sealed| *sealed > span.1);
        let (before, behind) = (before.max(), behind.min());
        for one in candidates {
            let is_between = (span.0..=span.1).contains(&one.sealed);
            let is_beside = [before, behind].contains(&Some(one.sealed));
            if is_between || is_beside || one.is_named {
                chosen.entry(one.key).or_default().insert(one.record);
            }
        }
    }
    Ok(())
}

/// Adds what names the panels of chosen records and is of no other lot than theirs.
fn add_panels(vault: &Vault, chosen: &mut Chosen, lots: &[String]) -> Result<(), AgentError> {
    let mut panels = Names::new();
    let mut own: Names = lots.iter().map(|lot| lot.as_bytes().to_vec()).collect();
    for ((source, sequence), records) in &*chosen {
        let opening = vault.opening(source, *sequence)?;
        for record in records.iter().filter_map(|index| super::record_at(&opening, *index)) {
            let panel = record.value("panel").filter(|panel| !names_nobody(panel));
            panels.extend(panel.map(<[u8]>::to_vec));
            // Lots that were asked for say it better than what their records name besides.
            if lots.is_empty() {
                let (stated, known) = lots_of(vault, record)?;
                own.extend(stated.into_iter().chain(known));
            }
        }
    }
    let mut found = Chosen::new();
    for panel in panels {
        for place in vault.of_unit(&panel)? {
            found.entry((place.source, place.sequence)).or_default().insert(place.record);
        }
    }
    for (key, records) in found {
        let opening = vault.opening(&key.0, key.1)?;
        for index in records {
            let Some(record) = super::record_at(&opening, index) else { continue };
            if !is_of_another(vault, record, &own)? {
                chosen.entry(key.clone()).or_default().insert(index);
            }
        }
    }
    Ok(())
}

/// The lot that a record states, and those that its units and its panel were said to belong to.
fn lots_of(vault: &Vault, record: &Record) -> Result<(Option<Vec<u8>>, Names), AgentError> {
    let named = choose::Named::of(record);
    let mut known = Names::new();
    for unit in named.all() {
        known.extend(vault.lot_of_unit(unit)?);
    }
    Ok((named.lot.map(<[u8]>::to_vec), known))
}

/// Whether a record is of another lot than these, as it says itself or as its units tell. Where
/// nobody knows of any lot, none is another.
fn is_of_another(vault: &Vault, record: &Record, own: &Names) -> Result<bool, AgentError> {
    if own.is_empty() {
        return Ok(false);
    }
    let (stated, known) = lots_of(vault, record)?;
    let is_stated = stated.is_some_and(|lot| !own.contains(&lot));
    Ok(is_stated || (!known.is_empty() && known.is_disjoint(own)))
}

impl Named {
    fn by(vault: &Vault, chosen: &Chosen) -> Result<Self, AgentError> {
        let mut named = Self::default();
        for ((source, sequence), records) in chosen {
            let Some(kept) = vault.statement(source, *sequence)? else { continue };
            let (first, last) = named.span.unwrap_or((kept.sealed, kept.sealed));
            named.span = Some((first.min(kept.sealed), last.max(kept.sealed)));
            named.sources.insert(source.clone());
            let opening = vault.opening(source, *sequence)?;
            for index in records {
                let kept = usize::try_from(*index).ok().and_then(|at| opening.records.get(at));
                let Some(record) = kept.and_then(|kept| kept.whole()) else { continue };
                let value = |name| record.value(name).map(<[u8]>::to_vec);
                named.files.extend(value("certificate/sha256"));
                named.files.extend(value("program/sha256"));
                if record.kind() == Kind::OvenData {
                    named.ovens.extend(value("machine"));
                }
            }
        }
        Ok(named)
    }

    /// Every program of the sources and every certificate of the ovens, by what it is a version of.
    fn candidates(
        &self,
        vault: &Vault,
        chosen: &Chosen,
    ) -> Result<BTreeMap<Vec<u8>, Vec<Candidate>>, AgentError> {
        let mut found: BTreeMap<Vec<u8>, Vec<Candidate>> = BTreeMap::new();
        // Files of the programs that records ran under which were not chosen.
        let mut of_others: BTreeSet<Vec<u8>> = BTreeSet::new();
        for source in vault.sources()? {
            for sequence in 0..vault.head(&source)?.next_sequence {
                let Some(kept) = vault.statement(&source, sequence)? else { continue };
                let opening = vault.opening(&source, sequence)?;
                let key = (source.clone(), sequence);
                let here = chosen.get(&key);
                for (record, held) in (0..).zip(&opening.records).skip(1) {
                    let Some(held) = held.whole() else { continue };
                    if here.is_none_or(|records| !records.contains(&record)) {
                        of_others.extend(held.value("program/sha256").map(<[u8]>::to_vec));
                    }
                    let Some((subject, is_named)) = self.subject(&source, held) else { continue };
                    let file = held.value("file/sha256").map(<[u8]>::to_vec).unwrap_or_default();
                    let (key, sealed) = (key.clone(), kept.sealed);
                    let one = Candidate { key, record, sealed, is_named, file };
                    found.entry(subject).or_default().push(one);
                }
            }
        }
        // What others ran under and the chosen records did not is another product's.
        found.retain(|_, versions| {
            versions.iter().any(|one| one.is_named)
                || !versions.iter().any(|one| of_others.contains(&one.file))
        });
        Ok(found)
    }

    /// What a record is a version of, if it may belong to the context, and whether it is named.
    fn subject(&self, source: &KeyName, record: &Record) -> Option<(Vec<u8>, bool)> {
        let value = |name| record.value(name).map(<[u8]>::to_vec).unwrap_or_default();
        let is_named = self.files.contains(&value("file/sha256"));
        match record.kind() {
            Kind::Program if is_named || self.sources.contains(source) => {
                let name = value("file/name");
                Some(([b"program ", source.as_str().as_bytes(), b" ", &name].concat(), is_named))
            }
            Kind::ReflowCertificate => {
                let oven = value("machine");
                let is_meant = is_named || self.ovens.contains(&oven);
                is_meant.then(|| ([&b"oven "[..], &oven].concat(), is_named))
            }
            _ => None,
        }
    }
}
