//! What holds for many units: certificates, programs and limits, and outages that explain lateness.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;

use crate::reconcile::entry::Entry;

/// How far clocks of two machines of a line may be apart, with what a profile run takes: milliseconds.
pub(super) const MARGIN: u64 = 30 * 60_000;

/// One certificate, with what is wrong with its time.
pub(super) struct Certificate<'e> {
    pub(super) entry: &'e Entry,
    /// From when it claims to hold, if that is a moment.
    pub(super) start: Option<u64>,
    /// Panels of its oven were recorded before it that it claims to cover.
    pub(super) is_behind: bool,
    /// An outage of its source lies between what it claims and when it was seen.
    pub(super) is_explained: bool,
}

/// Limits or a program in force that share their revision with others.
pub(super) struct Changed<'e> {
    pub(super) entry: &'e Entry,
    /// What the revision stood for first.
    pub(super) first: &'e Entry,
    /// By sight, both included: milliseconds since 1970.
    pub(super) from: u64,
    pub(super) until: u64,
}

/// All of it.
pub(crate) struct Context<'e> {
    pub(super) certificates: Vec<Certificate<'e>>,
    /// Certificates by the SHA-256 of their files.
    pub(super) by_hash: BTreeMap<&'e [u8], &'e Entry>,
    /// When each certificate ended by a record that says so.
    pub(super) ended: BTreeMap<&'e [u8], u64>,
    pub(super) changed: Vec<Changed<'e>>,
    /// Whether any oven reported a panel.
    pub(crate) has_oven_data: bool,
    /// Sources of programs of which something that is needed is not opened.
    pub(super) hidden_programs: BTreeMap<&'e str, &'e Entry>,
    /// Changed programs that state no revision.
    pub(crate) unrevised: usize,
    /// Sources that show programs or limits at all.
    pub(crate) program_sources: BTreeSet<&'e str>,
}

impl<'e> Context<'e> {
    pub(crate) fn new(entries: &'e [Entry]) -> Self {
        let of = |kind: Kind| {
            let mut all: Vec<&Entry> = entries.iter().filter(|entry| entry.kind == kind).collect();
            all.sort_by_key(|entry| entry.order());
            all
        };
        let (ovens, outages) = (of(Kind::OvenData), of(Kind::Outage));
        let certificates = of(Kind::ReflowCertificate);
        let by_hash = certificates.iter().flat_map(|one| one.hashes().map(|hash| (hash, *one)));
        let mut context = Self {
            by_hash: by_hash.collect(),
            ended: BTreeMap::new(),
            certificates: certificates.iter().map(|one| certify(one, &ovens, &outages)).collect(),
            changed: Vec::new(),
            has_oven_data: !ovens.is_empty(),
            hidden_programs: BTreeMap::new(),
            unrevised: 0,
            program_sources: BTreeSet::new(),
        };
        for entry in certificates.iter().chain(&ovens) {
            if let (Some(hash), Some(at)) =
                (entry.bytes("certificate/ends"), entry.moment("certificate/until"))
            {
                context.ended.entry(hash).or_insert(at);
            }
        }
        context.follow_programs(&of(Kind::Program));
        context
    }

    /// Goes through the versions of each program file in their order.
    fn follow_programs(&mut self, programs: &[&'e Entry]) {
        let mut files: BTreeMap<(&str, &[u8]), Vec<&Entry>> = BTreeMap::new();
        for program in programs {
            let source = program.source.as_str();
            self.program_sources.insert(source);
            let needed = ["file/name", "file/sha256", "revision", "seen"];
            match program.bytes("file/name") {
                Some(name) if program.first_hidden(&needed).is_none() => {
                    files.entry((source, name)).or_default().push(program);
                }
                _ => drop(self.hidden_programs.entry(source).or_insert(program)),
            }
        }
        for versions in files.into_values() {
            self.follow_file(&versions);
        }
    }

    /// A revision means what was first seen under it, until it is seen again with other bytes.
    fn follow_file(&mut self, versions: &[&'e Entry]) {
        let mut first: BTreeMap<&[u8], &Entry> = BTreeMap::new();
        for (at, version) in versions.iter().enumerate() {
            let Some(revision) = version.bytes("revision") else {
                self.unrevised += usize::from(at > 0);
                continue;
            };
            let meant = *first.entry(revision).or_insert(version);
            if meant.bytes("file/sha256") == version.bytes("file/sha256") {
                continue;
            }
            let until = versions.get(at + 1).map_or(u64::MAX, |next| next.seen());
            let (entry, from) = (*version, version.seen());
            self.changed.push(Changed { entry, first: meant, from, until });
        }
    }
}

/// Compares a certificate with the panels that its oven reported before it.
fn certify<'e>(entry: &'e Entry, ovens: &[&Entry], outages: &[&Entry]) -> Certificate<'e> {
    let start = entry.claimed();
    let oven = entry.bytes("machine");
    let covered = |panel: &&&Entry| {
        oven.is_some() && panel.bytes("machine") == oven && panel.is_before(entry)
    };
    let last = ovens.iter().filter(covered).filter_map(|panel| panel.claimed()).max();
    let is_behind = last.zip(start).is_some_and(|(last, start)| last > start + MARGIN);
    let seen = entry.seen();
    let explains = |outage: &&Entry| {
        let (from, until) = (outage.moment("claimed/start"), outage.moment("claimed/end"));
        outage.source == entry.source
            && from.zip(start).is_some_and(|(from, start)| from <= start + MARGIN)
            && until.is_some_and(|until| until + MARGIN >= seen)
    };
    Certificate { entry, start, is_behind, is_explained: outages.iter().any(explains) }
}
