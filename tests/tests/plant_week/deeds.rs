//! What a buyer finds in the opened records by plain rules, and what the maker really did.
//!
//! | deed | rule |
//! |---|---|
//! | edited report | a later version of a machine's report has fewer calls than the one before, and is no review |
//! | best of three | a panel has more reports by the inspection machine than repairs and one |
//! | backdated certificate | it claims a time before panels that were recorded earlier, and no outage explains it |

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;
use tests::plant::truth::Deed;
use tests::plant::{Kind as Misdeed, Truth};

use crate::checks::{Compared, claimed};
use crate::records::{Record, Records};

/// How far the clocks of two machines of a line may be apart, and what a profile run takes.
const MARGIN: u64 = 30 * 60_000;

/// The panel that an identifier is of: codes of boards hold the panel's digits.
fn panel_of(identifier: &str) -> Option<&str> {
    if let Some(digits) = identifier.strip_prefix("SN") {
        return digits.get(..digits.len().checked_sub(1)?);
    }
    identifier.strip_prefix("PN")?.split('-').next()
}

/// The panels that a record is about.
fn panels(record: &Record) -> BTreeSet<&str> {
    let units = record.list("units");
    units.into_iter().chain([record.text("panel")]).filter_map(panel_of).collect()
}

fn name(record: &Record) -> String {
    String::from_utf8_lossy(record.bytes("file/name")).into_owned()
}

/// Reports that lost calls: names of files.
fn edited(records: &Records) -> BTreeSet<String> {
    /// Calls of one version, and whether a person had judged it.
    #[derive(Default)]
    struct Calls(u64, bool);
    let mut files: BTreeMap<(&str, String), BTreeMap<u64, Calls>> = BTreeMap::new();
    for record in records.all.iter().filter(|record| !record.has("append/prefix")) {
        if !matches!(record.kind, Kind::AoiReport | Kind::Review) {
            continue;
        }
        let version = record.text("file/version").parse().unwrap_or(1);
        let versions = files.entry((&record.source, name(record))).or_default();
        let calls = versions.entry(version).or_default();
        let number = |name| record.text(name).parse::<u64>().unwrap_or(0);
        calls.0 += number("defects") + number("calls/false");
        calls.1 |= record.kind == Kind::Review;
    }
    let lost = |versions: &BTreeMap<u64, Calls>| {
        let pairs = versions.values().zip(versions.values().skip(1));
        pairs.into_iter().any(|(before, after)| !after.1 && after.0 < before.0)
    };
    files.into_iter().filter(|(_, versions)| lost(versions)).map(|((_, name), _)| name).collect()
}

/// Panels that were looked at more often than repairs account for: their digits.
fn tried_again(records: &Records) -> BTreeSet<&str> {
    let mut looks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut repairs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for record in records.all.iter().filter(|record| !record.has("append/prefix")) {
        let of = match record.kind {
            Kind::AoiReport => &mut looks,
            Kind::Repair => &mut repairs,
            _ => continue,
        };
        for panel in panels(record) {
            of.entry(panel).or_default().insert(name(record));
        }
    }
    let too_often =
        |panel: &&str| looks[*panel].len() > 1 + repairs.get(*panel).map_or(0, BTreeSet::len);
    looks.keys().copied().filter(too_often).collect()
}

/// Certificates that came behind panels that they claim to cover: names of files.
fn backdated(records: &Records) -> BTreeSet<String> {
    let mut passed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for record in &records.all {
        match record.kind {
            Kind::OvenData => {
                if let Some(at) = claimed(record) {
                    let last = passed.entry(record.text("machine")).or_default();
                    *last = (*last).max(at);
                }
            }
            Kind::ReflowCertificate => {
                let Some(start) = claimed(record) else { continue };
                let last = passed.get(record.text("machine")).copied().unwrap_or(0);
                if last > start + MARGIN && !is_explained(record, start, records) {
                    found.insert(name(record));
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether an outage of the source lies between what a record claims and when it was seen.
fn is_explained(record: &Record, start: u64, records: &Records) -> bool {
    let seen = record.moment("seen").unwrap();
    records.of_kind(Kind::Outage).any(|outage| {
        let (from, until) = (outage.moment("claimed/start"), outage.moment("claimed/end"));
        outage.source == record.source
            && from.is_some_and(|from| from <= start + MARGIN)
            && until.is_some_and(|until| until + MARGIN >= seen)
    })
}

/// Every deed of the three kinds is found, and nothing else is. Gives what was found by which rule.
pub(crate) fn found(truth: &Truth, records: &Records) -> Vec<String> {
    let (edited, tried, backdated) = (edited(records), tried_again(records), backdated(records));
    let mut found = Vec::new();
    let (mut of_files, mut of_panels) = (BTreeSet::new(), BTreeSet::new());
    let names = |deed: &Deed| -> Vec<String> {
        deed.files.iter().map(|path| path.rsplit('/').next().unwrap().to_string()).collect()
    };
    for deed in &truth.misbehaviours {
        let what = format!("line {} at {}: {:?}", deed.line, deed.at, deed.files);
        match deed.kind {
            Misdeed::EditedReport => {
                for name in names(deed) {
                    assert!(edited.contains(&name), "not found: edited, {what}");
                    found.push(format!("edited report: fewer calls in version 2 of {name}"));
                    of_files.insert(name);
                }
            }
            Misdeed::BestOfThree => {
                let panel = panel_of(&deed.panels[0]).unwrap();
                assert!(tried.contains(panel), "not found: best of three, {what}");
                found.push(format!(
                    "best of {}: more reports than repairs of {panel}",
                    deed.attempts
                ));
                of_panels.insert(panel);
            }
            Misdeed::BackdatedCertificate => {
                for name in names(deed) {
                    assert!(backdated.contains(&name), "not found: backdated, {what}");
                    found.push(format!("backdated: panels are recorded before {name}"));
                    of_files.insert(name);
                }
            }
            _ => {}
        }
    }
    let strangers: Vec<&String> =
        edited.iter().chain(&backdated).filter(|name| !of_files.contains(*name)).collect();
    assert!(strangers.is_empty(), "nobody did this: {strangers:?}");
    let strangers: Vec<&&str> = tried.iter().filter(|panel| !of_panels.contains(*panel)).collect();
    assert!(strangers.is_empty(), "nobody did this: {strangers:?}");
    found
}

/// The looks at a panel are numbered in their order, however often each was written.
pub(crate) fn attempts(truth: &Truth, records: &Records, compared: &mut Compared) {
    let mut by_name: BTreeMap<(u32, String), Vec<&Record>> = BTreeMap::new();
    for record in records.of_kind(Kind::AoiReport).filter(|one| !one.has("append/prefix")) {
        let line = record.source["line-".len()..][..2].parse().unwrap();
        by_name.entry((line, name(record))).or_default().push(record);
    }
    for panel in truth.panels.iter().filter(|panel| panel.barcode_read) {
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for attempt in panel.attempts.iter().filter(|attempt| attempt.on_disk) {
            let file = attempt.files[0].rsplit('/').next().unwrap().to_string();
            let own = by_name.get(&(panel.line, file)).map_or(&[][..], Vec::as_slice);
            let mut counted = BTreeSet::new();
            for record in own {
                // Boards that are reported one by one are counted one by one.
                let board = if record.has("panel") { "" } else { record.text("units") };
                let number = seen.entry(board.to_string()).or_default();
                *number += u64::from(counted.insert(board));
                let said = record.text("attempt").parse().unwrap_or(1);
                assert_eq!(said, *number, "{}: {record:?}", panel.barcode);
                compared.attempts += usize::from(*number > 1);
            }
        }
    }
}

/// Every panel's oven data names the certificate that was recorded last before it, of its oven. Gives
/// how many of these are the ones that really were in force.
pub(crate) fn certificates(truth: &Truth, records: &Records, compared: &mut Compared) -> usize {
    let mut in_force: BTreeMap<&str, &Record> = BTreeMap::new();
    let mut right = 0;
    for record in &records.all {
        match record.kind {
            Kind::ReflowCertificate => drop(in_force.insert(record.text("machine"), record)),
            Kind::OvenData => {
                let certificate = in_force.get(record.text("machine"));
                let want = certificate.map_or("", |one| one.text("file/sha256"));
                assert_eq!(record.text("certificate/sha256"), want, "{record:?}");
                let Some(certificate) = certificate else { continue };
                compared.certificates += 1;
                let units = record.list("units");
                let panel =
                    truth.panels.iter().find(|panel| units.contains(&panel.barcode.as_str()));
                let id = panel.and_then(|panel| panel.certificate.as_ref());
                right +=
                    usize::from(id.is_some_and(|id| name(certificate).starts_with(id.as_str())));
            }
            _ => {}
        }
    }
    right
}
