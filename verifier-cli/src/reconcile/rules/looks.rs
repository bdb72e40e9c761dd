//! Whether a unit was inspected, how often, and whether the reports are still what they were at first sight.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;

use crate::messages::Message;
use crate::reconcile::case::Case;
use crate::reconcile::claimed::in_time;
use crate::reconcile::entry::Entry;
use crate::reconcile::finding::Finding;

/// A serial number that the list has more than once.
pub(super) fn twice_in_list(case: &Case<'_>, found: &mut Vec<Finding>) {
    if case.unit.repeated > 0 {
        let times = (case.unit.repeated + 1).to_string();
        found.push(Finding::new(Message::FoundTwice, &[&times]));
    }
}

/// Nothing at all, or nothing by a machine that inspects; true if so.
pub(super) fn missing(case: &Case<'_>, found: &mut Vec<Finding>) -> bool {
    if case.is_inspected() {
        return false;
    }
    found.push(if case.own.is_empty() {
        Finding::new(Message::FoundNothing, &[])
    } else {
        let kinds: BTreeSet<&str> = case.own.iter().map(|entry| entry.kind.as_str()).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        Finding::new(Message::FoundMissing, &[&kinds.join(", ")]).on(case.own.iter().copied())
    });
    true
}

/// A report that says it is the third, where the first two are not shown.
pub(super) fn attempts(case: &Case<'_>, found: &mut Vec<Finding>) {
    let reports = case.panel.iter().copied();
    let reports = reports.filter(|one| matches!(one.kind, Kind::AoiReport | Kind::SpiReport));
    let mut shown: BTreeMap<_, BTreeMap<u64, Vec<&Entry>>> = BTreeMap::new();
    for report in reports {
        let number = report.number("attempt").unwrap_or(1);
        shown.entry(stream(report)).or_default().entry(number).or_default().push(report);
    }
    for attempts in shown.values() {
        let Some((last, reports)) = attempts.last_key_value() else { continue };
        let absent: Vec<String> = (1..*last)
            .filter(|number| !attempts.contains_key(number))
            .take(16)
            .map(|number| number.to_string())
            .collect();
        if !absent.is_empty() {
            let values = [last.to_string(), absent.join(", ")];
            let values = values.each_ref().map(String::as_str);
            let finding = Finding::new(Message::FoundAttemptsNotShown, &values);
            found.push(finding.on(reports.iter().copied()));
        }
    }
}

/// Reports of one kind that count together: by one machine, of one side, with one program.
fn stream(entry: &Entry) -> (Kind, &str, bool, Vec<Option<&[u8]>>) {
    let told_apart = ["machine", "side", "program"].map(|name| entry.bytes(name)).to_vec();
    (entry.kind, entry.source.as_str(), entry.is_appended(), told_apart)
}

/// One look of a machine at a panel: the name of its file, or the hash of its row, and its reports.
type Look<'e> = (&'e [u8], Vec<&'e Entry>);

/// Looks of each machine at a panel, in time: versions of one file are one look.
fn looks<'e>(case: &'e Case<'_>) -> Vec<Vec<Look<'e>>> {
    let mut streams: BTreeMap<_, BTreeMap<&[u8], Vec<&Entry>>> = BTreeMap::new();
    for report in case.panel.iter().copied().filter(|one| one.kind == Kind::AoiReport) {
        // Rows of a file that only grows are told apart by their own bytes.
        let names = if report.is_appended() { &["file/sha256"][..] } else { &["file/name"] };
        let name = names.iter().chain(&["file/sha256"]).find_map(|name| report.bytes(name));
        let Some(name) = name else { continue };
        streams.entry(stream(report)).or_default().entry(name).or_default().push(report);
    }
    let in_order = |looks: BTreeMap<&'e [u8], Vec<&'e Entry>>| {
        let mut looks: Vec<_> = looks.into_iter().collect();
        looks.sort_by_key(|(_, reports)| reports.first().map(|report| report.order()));
        in_time(&mut looks, |(_, reports)| reports.first().map_or((None, 0), |one| one.times()));
        looks
    };
    streams.into_values().map(in_order).collect()
}

/// More looks than repairs account for: best of three if one of them failed.
pub(super) fn tried_again(case: &Case<'_>, found: &mut Vec<Finding>) {
    let repairs: BTreeSet<&[u8]> =
        case.repairs.iter().filter_map(|entry| entry.bytes("file/sha256")).collect();
    for looks in looks(case) {
        if looks.len() <= 1 + repairs.len() {
            continue;
        }
        let failed = looks[..looks.len() - 1].iter().flat_map(|(_, reports)| reports);
        let has_failed = failed.into_iter().any(|report| case.is_bad(report));
        let message = if has_failed { Message::FoundTried } else { Message::FoundAgain };
        let values = [looks.len().to_string(), repairs.len().to_string()];
        let finding = Finding::new(message, &values.each_ref().map(String::as_str));
        let reports = looks.iter().flat_map(|(_, reports)| reports.iter().copied());
        found.push(finding.on(reports));
    }
}

/// One version of a file: what it calls, and what it says.
#[derive(Default)]
struct Version<'e> {
    reports: Vec<&'e Entry>,
    /// Calls, false ones included, as far as they are counted.
    calls: Option<u64>,
    is_bad: bool,
    is_review: bool,
    is_unread: bool,
}

/// A machine's file that was written again: calls that are gone are red, a word that became better
/// while all calls stayed is a judgement in place.
pub(super) fn edited(case: &Case<'_>, found: &mut Vec<Finding>) {
    for versions in files(case) {
        for (before, after) in versions.iter().zip(versions.iter().skip(1)) {
            // A review in its own name is judged as one.
            if after.is_review || after.is_unread {
                continue;
            }
            let message = match (before.calls, after.calls) {
                _ if before.is_unread => Message::FoundFirstUnread,
                (Some(had), Some(has)) if has < had => Message::FoundEdited,
                (Some(_), Some(_)) if before.is_bad && !after.is_bad => Message::FoundOverride,
                (Some(_), Some(_)) => Message::FoundRewritten,
                // What was called cannot be compared, and the word became better.
                _ if before.is_bad && !after.is_bad => Message::FoundEdited,
                _ => Message::FoundRewritten,
            };
            let finding = Finding::new(message, &[]);
            let reports = before.reports.iter().chain(&after.reports).copied();
            found.push(finding.on(reports));
        }
    }
}

/// The versions of each file of the panel's reports, in order; files that only grow are none.
fn files<'e>(case: &'e Case<'_>) -> Vec<Vec<Version<'e>>> {
    let mut files: BTreeMap<(&str, &[u8]), BTreeMap<u64, Version<'_>>> = BTreeMap::new();
    for entry in case.panel.iter().copied().filter(|entry| !entry.is_appended()) {
        let is_seen = matches!(
            entry.kind,
            Kind::AoiReport | Kind::SpiReport | Kind::Review | Kind::Attachment
        );
        let Some(name) = entry.bytes("file/name").filter(|_| is_seen) else { continue };
        let number = entry.number("file/version").unwrap_or(1);
        let versions = files.entry((entry.source.as_str(), name)).or_default();
        let version = versions.entry(number).or_default();
        version.reports.push(entry);
        let count = |name| entry.number(name);
        let calls =
            count("defects").map(|calls| calls.saturating_add(count("calls/false").unwrap_or(0)));
        version.calls = match (version.calls, calls) {
            (Some(others), Some(own)) => Some(others.saturating_add(own)),
            (others, own) => others.or(own),
        };
        version.is_bad |= case.is_bad(entry);
        version.is_review |= entry.kind == Kind::Review;
        version.is_unread |= entry.kind == Kind::Attachment;
    }
    files.into_values().map(|versions| versions.into_values().collect()).collect()
}

/// A record that replaces or follows a file that is not shown.
pub(super) fn before(case: &Case<'_>, found: &mut Vec<Finding>) {
    let named = |entry: &&&Entry| {
        let names = ["supersedes", "about/sha256"].into_iter();
        let mut hashes = names.filter_map(|name| entry.bytes(name));
        hashes.any(|hash| !case.book.hashes.contains(hash))
    };
    let of_looks = |entry: &&&Entry| {
        matches!(entry.kind, Kind::AoiReport | Kind::Review | Kind::SpiReport | Kind::Repair)
    };
    let open: Vec<&Entry> = case.own.iter().filter(of_looks).filter(named).copied().collect();
    if !open.is_empty() {
        found.push(Finding::new(Message::FoundBeforeNotShown, &[]).on(open));
    }
}
