//! What was said of a unit last, and whether a person said other than the machine.

use spec::evidence::kind::Kind;

use crate::messages::Message;
use crate::reconcile::case::{Case, Word};
use crate::reconcile::entry::Entry;
use crate::reconcile::finding::Finding;
use crate::reconcile::verdict::Verdict;

pub(super) fn judge(case: &Case<'_>, found: &mut Vec<Finding>) {
    overrides(case, found);
    last(case, found);
}

/// The machine's last report that says a word, and the reviews that come behind it.
fn last(case: &Case<'_>, found: &mut Vec<Finding>) {
    let spoken = |entry: &&Entry| entry.bytes("verdict").is_some();
    let Some(report) = case.of_kind(Kind::AoiReport).filter(spoken).last() else {
        let reports = case.of_kind(Kind::AoiReport);
        found.push(Finding::new(Message::FoundNoVerdict, &[]).on(reports));
        return;
    };
    let mut words = vec![(report, word(case, report))];
    let reviews = case.of_kind(Kind::Review).filter(spoken);
    words.extend(reviews.filter(|it| is_behind(it, report)).map(|it| (it, word(case, it))));
    // A good word of the machine needs no review; else the last review decides.
    let decides = if words[0].1.verdict == Verdict::Good { words.first() } else { words.last() };
    let (entry, word) = decides.expect("the report is among them");
    let message = match (word.verdict, word.is_own) {
        (Verdict::Good, _) => return,
        (Verdict::Bad, true) => Message::FoundFailed,
        (Verdict::Bad, false) => Message::FoundPanelFailed,
        (Verdict::Unknown, _) => Message::FoundNoWord,
    };
    let said = entry.text("verdict").unwrap_or_default();
    let said = said.trim_end().replace('\n', " ");
    let said: String = said.chars().take(80).collect();
    found.push(Finding::new(message, &[&said]).on([*entry]));
}

fn word(case: &Case<'_>, entry: &Entry) -> Word {
    let none = Word { verdict: Verdict::Unknown, is_own: false };
    case.word(entry, "verdict").unwrap_or(none)
}

/// Whether a review is about this report or what came after it: by what it says itself, by the time
/// that both claim, or because it was seen no earlier.
fn is_behind(review: &Entry, report: &Entry) -> bool {
    let shares = |one: &str, other: &str| {
        review.bytes(one).is_some_and(|value| report.bytes(other) == Some(value))
    };
    if shares("about/sha256", "file/sha256") || shares("transaction", "transaction") {
        return true;
    }
    if let (Some(review), Some(report)) = (review.claimed(), report.claimed()) {
        return review >= report;
    }
    review.seen() >= report.seen()
}

/// Reviews that found good what the machine had found bad.
fn overrides(case: &Case<'_>, found: &mut Vec<Finding>) {
    for review in case.of_kind(Kind::Review) {
        let after = case.word(review, "verdict").map(|word| word.verdict);
        if after != Some(Verdict::Good) {
            continue;
        }
        let about =
            |report: &&Entry| report.bytes("verdict").is_some() && is_behind(review, report);
        let report = case.of_kind(Kind::AoiReport).filter(about).last();
        let own = case.word(review, "verdict/before");
        let before = own.or_else(|| case.word(report?, "verdict"));
        if before.is_some_and(|word| word.verdict == Verdict::Bad) {
            let both = report.into_iter().chain([review]);
            found.push(Finding::new(Message::FoundOverride, &[]).on(both));
        }
    }
}
