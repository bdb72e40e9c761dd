//! Which report a review or a repair is about, and whether it came behind another one.
//!
//! ```text
//! both have one transaction          it is about this report
//! `about/sha256` names the report    so it is, unless the transaction is another report's, or the
//!                                    times that both claim say that an earlier one is meant
//! every inspection claims to be      it is about the first: it is of something that was inspected, and
//! later                              clocks differ
//! else                               by the times that both claim, by sight where one claims none
//! ```
//!
//! A source that looks again after an outage sees a review beside both attempts at once, and an agent
//! may have linked it to the wrong one. What the files say of themselves stands above such a link.

use spec::evidence::kind::Kind;

use crate::reconcile::case::Case;
use crate::reconcile::entry::Entry;

/// The report that a review or a repair is about, if it says so.
pub(super) fn subject<'c>(case: &'c Case<'_>, said: &Entry) -> Option<&'c Entry> {
    of_transaction(case, said).or_else(|| named(case, said)).or_else(|| first(case, said))
}

/// Whether a review or a repair is about this report, or came behind it.
pub(super) fn is_behind(case: &Case<'_>, said: &Entry, report: &Entry) -> bool {
    let is_about = |subject: &Entry| shares(subject, report, "file/sha256");
    if shares(said, report, "transaction") || subject(case, said).is_some_and(is_about) {
        return true;
    }
    if let (Some(said), Some(report)) = (said.claimed(), report.claimed()) {
        return said >= report;
    }
    match of_transaction(case, said) {
        Some(own) => is_no_earlier(own, report),
        None => said.seen() >= report.seen(),
    }
}

/// What machines saw of the panel.
fn inspections<'c>(case: &'c Case<'_>) -> impl DoubleEndedIterator<Item = &'c Entry> {
    let is_inspection = |entry: &&Entry| matches!(entry.kind, Kind::AoiReport | Kind::SpiReport);
    case.panel.iter().copied().filter(is_inspection)
}

/// The last inspection of the same pass through a machine.
fn of_transaction<'c>(case: &'c Case<'_>, said: &Entry) -> Option<&'c Entry> {
    inspections(case).rfind(|report| shares(said, report, "transaction"))
}

/// The inspection that the link names. It is not believed against the times that both claim where another
/// inspection of the unit by this kind of machine came before; where none did, only the clocks differ.
fn named<'c>(case: &'c Case<'_>, said: &Entry) -> Option<&'c Entry> {
    let about = said.bytes("about/sha256")?;
    let report = inspections(case).find(|report| report.bytes("file/sha256") == Some(about))?;
    let Some((at, reported)) = said.claimed().zip(report.claimed()) else { return Some(report) };
    let is_before = |other: &Entry| other.claimed().is_some_and(|claimed| claimed <= at);
    (at >= reported || !case.of_kind(report.kind).any(is_before)).then_some(report)
}

/// The first optical inspection of the unit, if all claim to be later than what was said: it was said of
/// something, and the clocks differ.
fn first<'c>(case: &'c Case<'_>, said: &Entry) -> Option<&'c Entry> {
    let (at, mut first) = (said.claimed()?, None::<(u64, &Entry)>);
    for report in case.of_kind(Kind::AoiReport) {
        let claimed = report.claimed().filter(|claimed| *claimed > at)?;
        if first.is_none_or(|(earliest, _)| claimed < earliest) {
            first = Some((claimed, report));
        }
    }
    first.map(|(_, report)| report)
}

fn shares(one: &Entry, other: &Entry, name: &str) -> bool {
    one.bytes(name).is_some_and(|value| other.bytes(name) == Some(value))
}

fn is_no_earlier(one: &Entry, other: &Entry) -> bool {
    match one.claimed().zip(other.claimed()) {
        Some((one, other)) => one >= other,
        None => one.order() >= other.order(),
    }
}
