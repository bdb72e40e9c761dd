//! What a report on paper shows of a dossier that holds.

use std::borrow::Cow;

use spec::bundle::{Claim, Contents, PartPath};

use super::own::Own;
use super::statements::{After, Checked};
use crate::command::witnesses;
use crate::failed::Placed;
use crate::lateness::Logged;
use crate::list::Unit;
use crate::matter::{Bounds, Gathering, Matter, Statement};

/// Gathers it: every opened record with its bounds, the evidence, the newest tree's witnesses. Boards of
/// the caller's own units come first, of these the ones that are `lacking` an inspection.
pub(super) fn matter(
    contents: &Contents<'_>,
    checked: &[Checked],
    own: Option<&Own>,
    lacking: Vec<Cow<'_, Unit>>,
) -> Matter {
    let receipts = checked.iter().filter_map(|one| one.receipt.as_ref());
    let newest = receipts.max_by_key(|receipt| receipt.tree().size());
    let statements = checked.iter().zip(bounds(checked));
    let statements = statements.map(|(one, bounds)| Statement {
        source: one.statement.source().as_str(),
        sequence: one.place.sequence,
        bounds,
        opened: &one.opened,
    });
    let evidence = contents.parts().filter_map(|(path, bytes)| match path {
        PartPath::Evidence(hash) => Some((*hash.as_bytes(), bytes)),
        _ => None,
    });
    Gathering {
        witnesses: newest.map(|receipt| witnesses(&receipt.judged)).unwrap_or_default(),
        statements: statements.collect(),
        evidence: evidence.collect(),
        asked: own.map(Own::names).unwrap_or_default(),
        listed: own.map(Own::panels),
        lacking,
    }
    .into_matter()
}

/// Every opened record with its place.
pub(super) fn placed(checked: &[Checked]) -> impl Iterator<Item = Placed<'_>> {
    checked.iter().flat_map(|one| {
        let (source, sequence) = (one.statement.source().as_str(), one.place.sequence);
        one.opened.records().iter().map(move |record| (source, sequence, record))
    })
}

/// Each statement with the time by which it was logged.
pub(super) fn logged(checked: &[Checked]) -> Vec<Logged<'_>> {
    let mut logged = Vec::with_capacity(checked.len());
    for (one, bounds) in checked.iter().zip(bounds(checked)) {
        logged.push(Logged {
            source: one.statement.source().as_str(),
            sequence: one.place.sequence,
            not_after: bounds.not_after,
            opened: &one.opened,
        });
    }
    logged
}

/// When each statement was made. In a range each holds the hash of the one before, so a bound reaches
/// further: nothing later was made before it, and nothing earlier after it.
fn bounds(checked: &[Checked]) -> Vec<Bounds> {
    let mut bounds: Vec<Bounds> = checked.iter().map(own).collect();
    let is_next = |at: usize| {
        let (one, next) = (checked[at].place, checked[at + 1].place);
        one.claim == Claim::Range && next.claim == Claim::Range && one.source == next.source
    };
    for at in 0..checked.len().saturating_sub(1) {
        if is_next(at) {
            bounds[at + 1].not_before = bounds[at + 1].not_before.max(bounds[at].not_before);
        }
    }
    for at in (0..checked.len().saturating_sub(1)).rev() {
        if is_next(at) {
            let both = [bounds[at].not_after, bounds[at + 1].not_after];
            bounds[at].not_after = both.into_iter().flatten().min();
        }
    }
    bounds
}

fn own(one: &Checked) -> Bounds {
    let not_before = match &one.after {
        After::Bound(times) => times.map(|times| times.earliest.as_seconds()),
        After::Open => None,
    };
    let times = one.receipt.as_ref().and_then(|receipt| receipt.judged.times);
    Bounds { not_before, not_after: times.map(|times| times.latest.as_seconds()) }
}
