//! What was said of a unit last, and whether a person said other than the machine.

use std::collections::BTreeMap;

use spec::evidence::kind::Kind;

use super::behind::{is_behind, subject};
use crate::messages::Message;
use crate::reconcile::case::{Case, Word};
use crate::reconcile::claimed::in_time;
use crate::reconcile::entry::Entry;
use crate::reconcile::finding::Finding;
use crate::reconcile::verdict::Verdict;

pub(super) fn judge(case: &Case<'_>, found: &mut Vec<Finding>) {
    overrides(case, found);
    last(case, found);
}

/// A panel's side, as reports name it.
type Side<'e> = Option<&'e [u8]>;

/// A report or a review, and what it says.
type Spoken<'e> = (&'e Entry, Word);

/// The reports that say whether the unit is good, by side and in time: what passed on one says nothing of
/// another.
type Sides<'e> = BTreeMap<Side<'e>, Vec<Spoken<'e>>>;

fn sides<'c>(case: &'c Case<'_>) -> Sides<'c> {
    let mut sides = Sides::new();
    for report in case.of_kind(Kind::AoiReport) {
        if let Some(word) = of_report(case, report) {
            sides.entry(report.bytes("side")).or_default().push((report, word));
        }
    }
    for reports in sides.values_mut() {
        in_time(reports, |(report, _)| report.times());
    }
    sides
}

/// What a report says: without a word it is bad if it counts defects.
fn of_report(case: &Case<'_>, report: &Entry) -> Option<Word> {
    let word = case.word(report, "verdict");
    if word.is_some() || report.number("defects").unwrap_or(0) == 0 {
        return word;
    }
    let is_own = matches!(report.items("units").as_slice(), [only] if case.unit.is(only));
    let verdict = if case.is_of_others(report) { Verdict::Unknown } else { Verdict::Bad };
    Some(Word { verdict, is_own })
}

/// Of each side the machine's last report that says something, and the last review behind it.
fn last(case: &Case<'_>, found: &mut Vec<Finding>) {
    let sides = sides(case);
    if sides.is_empty() {
        let reports = case.of_kind(Kind::AoiReport);
        found.push(Finding::new(Message::FoundNoVerdict, &[]).on(reports));
    }
    for reports in sides.values() {
        let Some(last) = reports.last() else { continue };
        let review = last_review(case, &sides, last.0);
        let (entry, word) = review.unwrap_or(*last);
        let message = match (word.verdict, word.is_own) {
            (Verdict::Good, _) => {
                passed_elsewhere(case, &sides, reports, found);
                continue;
            }
            (Verdict::Bad, true) => Message::FoundFailed,
            (Verdict::Bad, false) => Message::FoundPanelFailed,
            (Verdict::Unknown, _) => Message::FoundNoWord,
        };
        add(Finding::new(message, &[&shown(entry)]).on([entry]), found);
    }
}

/// Boards that failed at one machine, or by one program, and passed at another without repair or review.
fn passed_elsewhere(
    case: &Case<'_>,
    sides: &Sides<'_>,
    reports: &[Spoken<'_>],
    found: &mut Vec<Finding>,
) {
    let Some((passed, _)) = reports.last() else { return };
    let is_other = |failed: &Entry| {
        let mut pairs = by(failed).into_iter().zip(by(passed));
        pairs.any(|(one, other)| one.is_some() && other.is_some() && one != other)
    };
    let lasts: BTreeMap<_, _> = reports.iter().map(|said| (by(said.0), said)).collect();
    for (failed, word) in lasts.into_values() {
        let is_bad = word.is_own && word.verdict == Verdict::Bad;
        let is_repaired = case.repairs.iter().any(|repair| is_behind(case, repair, failed));
        let review = last_review(case, sides, failed);
        if !is_bad || !is_other(failed) || is_repaired {
            continue;
        }
        if let Some((review, _)) = review.filter(|(_, word)| word.verdict == Verdict::Good) {
            add(Finding::new(Message::FoundOverride, &[]).on([*failed, review]), found);
        } else {
            let (looks, repairs) = (reports.len().to_string(), case.repairs.len().to_string());
            let finding = Finding::new(Message::FoundTried, &[&looks, &repairs]);
            add(finding.on([*failed, *passed]), found);
        }
    }
}

/// What made a report.
fn by(report: &Entry) -> [Option<&[u8]>; 2] {
    ["machine", "program"].map(|name| report.bytes(name))
}

/// Whether two sides may be the same: what names none may be about any.
fn may_be_one(one: Side<'_>, other: Side<'_>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// The last in time of the reviews behind a report, but those of another side.
fn last_review<'c>(case: &'c Case<'_>, sides: &Sides<'_>, report: &Entry) -> Option<Spoken<'c>> {
    let is_here = |review: &&Entry| {
        let side = side_of(case, review, sides);
        is_behind(case, review, report) && may_be_one(side, report.bytes("side"))
    };
    let all = case.of_kind(Kind::Review).filter(is_here);
    let spoken = all.filter_map(|review| Some((review, case.word(review, "verdict")?)));
    let mut spoken: Vec<Spoken<'c>> = spoken.collect();
    in_time(&mut spoken, |(review, _)| review.times());
    spoken.pop()
}

/// The side that a review is about, if it says so: by the report that it is about, or by its name.
fn side_of<'s>(case: &Case<'_>, review: &Entry, sides: &Sides<'s>) -> Side<'s> {
    let known = |side: &[u8]| sides.keys().copied().flatten().find(|known| *known == side);
    let about = subject(case, review).and_then(|report| report.bytes("side"));
    about.and_then(known).or_else(|| review.bytes("side").and_then(known))
}

/// The words of a record for people, or how many defects it counts.
fn shown(entry: &Entry) -> String {
    match entry.text("verdict") {
        Some(said) => said.trim_end().replace('\n', " ").chars().take(80).collect(),
        None => format!("defects {}", entry.number("defects").unwrap_or(0)),
    }
}

/// Adds what was not found before.
fn add(finding: Finding, found: &mut Vec<Finding>) {
    if !found.contains(&finding) {
        found.push(finding);
    }
}

/// Reviews that found good what the machine had found bad, on whichever side they are about.
fn overrides(case: &Case<'_>, found: &mut Vec<Finding>) {
    let sides = sides(case);
    for review in case.of_kind(Kind::Review) {
        let is_bad = |word: Word| word.verdict == Verdict::Bad;
        if case.word(review, "verdict").map(|word| word.verdict) != Some(Verdict::Good) {
            continue;
        }
        let was_bad = case.word(review, "verdict/before").is_some_and(is_bad);
        let about = side_of(case, review, &sides);
        let here = sides.iter().filter(|(side, _)| may_be_one(about, **side));
        let last = here.filter_map(|(_, reports)| {
            reports.iter().rfind(|(report, _)| is_behind(case, review, report))
        });
        let bad: Vec<&Entry> =
            last.filter(|(_, word)| was_bad || is_bad(*word)).map(|(report, _)| *report).collect();
        if was_bad || !bad.is_empty() {
            let finding = Finding::new(Message::FoundOverride, &[]);
            add(finding.on(bad.into_iter().chain([review])), found);
        }
    }
}
