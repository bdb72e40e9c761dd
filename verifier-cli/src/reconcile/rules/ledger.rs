//! Each source's own counters: headers count without a gap, and a closing says what its day held.
//!
//! That the headers of a range count without a gap was checked when the range was read. Here the closings
//! are compared: `records` of a closing is how many records were made before its statement and not
//! before that of the closing before.

use spec::evidence::kind::Kind;
use spec::key::KeyName;

use crate::dossier::Span;
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

/// Compares the closings of every range; `first_record` is what a statement's header counts from.
pub(crate) fn count(
    spans: &[Span],
    first_record: &dyn Fn(&KeyName, u64) -> Option<u64>,
    entries: &[Entry],
) -> Vec<Counted> {
    let of_span = |span: &Span| {
        let mut counted = Counted {
            source: span.source.clone(),
            first: span.first,
            last: span.last,
            records: span.records,
            outages: span.outages,
            closings: 0,
            wrong: Vec::new(),
        };
        // Only a range from the very first statement on knows where the first day began.
        let mut since = (span.first == 0).then_some(0);
        let is_closing = |entry: &&Entry| {
            entry.kind == Kind::Closing
                && entry.source == span.source
                && (span.first..=span.last).contains(&entry.sequence)
        };
        for closing in entries.iter().filter(is_closing) {
            let now = first_record(&span.source, closing.sequence);
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
    spans.iter().map(of_span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(sequence: u64, records: &str) -> Entry {
        Entry::whole(("aoi", sequence, 1), Kind::Closing, &[("records", records)])
    }

    /// Ten records in each statement, and closings in 3 and 7.
    fn counted(first: u64, closings: [&str; 2]) -> Counted {
        let source = KeyName::parse("aoi").unwrap();
        let (records, outages) = (90, 0);
        let (is_read, open) = (true, Vec::new());
        let span = Span { source, first, last: 9, records, outages, is_read, open };
        let entries = [closing(3, closings[0]), closing(7, closings[1])];
        count(&[span], &|_, sequence| Some(sequence * 10), &entries).remove(0)
    }

    #[test]
    fn a_closing_counts_what_the_headers_count() {
        let sound = counted(0, ["30", "40"]);
        assert_eq!((sound.closings, sound.wrong), (2, vec![]));
        // Fewer than were seen, more than were seen, and no number at all.
        assert_eq!(counted(0, ["29", "40"]).wrong, [(3, "29".to_owned(), 30)]);
        assert_eq!(counted(0, ["30", "41"]).wrong, [(7, "41".to_owned(), 40)]);
        assert_eq!(counted(0, ["30", "many"]).wrong, [(7, "many".to_owned(), 40)]);
        // Where the first day began is not known in a range that begins later.
        let later = counted(2, ["29", "40"]);
        assert_eq!((later.closings, later.wrong), (1, vec![]));
    }
}
