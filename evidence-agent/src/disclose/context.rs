//! Context: what the chosen records were made under, opened with them on an explicit word.
//!
//! | of | opened besides |
//! |---|---|
//! | the panels that chosen records name | whatever names them, such as the oven's data |
//! | the sources of chosen records, and the programs that they name by their files | programs, limits and code tables |
//! | the ovens that chosen records name, and the certificates that they name | reflow certificates |
//!
//! Of each program and each oven: what was sealed between the first and the last chosen record, the
//! newest before and the first behind. Without the one before nobody sees that limits were changed, without
//! the one behind nobody sees that they were changed back or that a certificate came too late.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;
use spec::evidence::record::Record;
use spec::key::KeyName;

use super::choose::Chosen;
use crate::error::AgentError;
use crate::model::UnixMillis;
use crate::vault::Vault;

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
}

/// Adds the context of the chosen records to them.
pub(super) fn add(vault: &Vault, chosen: &mut Chosen) -> Result<(), AgentError> {
    add_panels(vault, chosen)?;
    let named = Named::by(vault, chosen)?;
    let Some(span) = named.span else { return Ok(()) };
    for candidates in named.candidates(vault)?.into_values() {
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

/// Adds what names the panels of chosen records.
fn add_panels(vault: &Vault, chosen: &mut Chosen) -> Result<(), AgentError> {
    let mut panels: BTreeSet<Vec<u8>> = BTreeSet::new();
    for ((source, sequence), records) in &*chosen {
        let opening = vault.opening(source, *sequence)?;
        let records = records.iter().filter_map(|index| super::record_at(&opening, *index));
        panels.extend(records.filter_map(|one| one.value("panel").map(<[u8]>::to_vec)));
    }
    for panel in panels {
        for place in vault.of_unit(&panel)? {
            chosen.entry((place.source, place.sequence)).or_default().insert(place.record);
        }
    }
    Ok(())
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
    fn candidates(&self, vault: &Vault) -> Result<BTreeMap<Vec<u8>, Vec<Candidate>>, AgentError> {
        let mut found: BTreeMap<Vec<u8>, Vec<Candidate>> = BTreeMap::new();
        for source in vault.sources()? {
            for sequence in 0..vault.head(&source)?.next_sequence {
                let Some(kept) = vault.statement(&source, sequence)? else { continue };
                let opening = vault.opening(&source, sequence)?;
                for (record, held) in (0..).zip(&opening.records).skip(1) {
                    let Some(held) = held.whole() else { continue };
                    let Some((subject, is_named)) = self.subject(&source, held) else { continue };
                    let key = (source.clone(), sequence);
                    let one = Candidate { key, record, sealed: kept.sealed, is_named };
                    found.entry(subject).or_default().push(one);
                }
            }
        }
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
