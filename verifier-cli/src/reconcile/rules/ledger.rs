//! Each source's own counters: headers count without a gap, and a closing says what its day held.
//!
//! That the headers of a range count without a gap was checked when the range was read. Here the closings
//! are compared: `records` of a closing is how many records were made before its statement and not
//! before that of the closing before.

use spec::evidence::kind::Kind;
use spec::key::KeyName;

use crate::dossier::Evidence;
use crate::reconcile::entry::Entry;

/// What a range's counters say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) source: KeyName,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) records: u64,
    pub(crate) outages: u64,
    /// How many closings were compared.
    pub(crate) closings: u64,
    /// The statement of a closing, what it says, and what the headers say.
    pub(crate) wrong: Vec<(u64, String, u64)>,
}

/// Compares the closings of every range.
pub(crate) fn count(evidence: &Evidence, entries: &[Entry]) -> Vec<Counted> {
    let of_span = |span: &crate::dossier::Span| {
        let mut counted = Counted {
            source: span.source.clone(),
            first: span.first,
            last: span.last,
            records: span.records,
            outages: span.outages,
            closings: 0,
            wrong: Vec::new(),
        };
        let number = |sequence: u64| {
            evidence.openings.get(&(span.source.clone(), sequence)).and_then(|it| it.first_record)
        };
        // Only a range from the very first statement on knows where the first day began.
        let mut since = (span.first == 0).then_some(0);
        let is_closing = |entry: &&Entry| {
            entry.kind == Kind::Closing
                && entry.source == span.source
                && (span.first..=span.last).contains(&entry.sequence)
        };
        for closing in entries.iter().filter(is_closing) {
            let now = number(closing.sequence);
            if let (Some(since), Some(now)) = (since, now) {
                counted.closings += 1;
                let due = now.saturating_sub(since);
                if closing.number("records") != Some(due) {
                    let said = closing.text("records").unwrap_or_default().into_owned();
                    counted.wrong.push((closing.sequence, said, due));
                }
            }
            since = now;
        }
        counted
    };
    evidence.spans.iter().map(of_span).collect()
}
