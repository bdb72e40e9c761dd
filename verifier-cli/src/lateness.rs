//! How long after the times that they claim records were logged.
//!
//! What was made up last week and claims the spring verifies like anything else: a log proves when a record was
//! there, and nothing of when it was made. So a verdict says how far the two lie apart, where a record opens the
//! time that it claims. It is no reason to reject: an archive that was taken in as a whole is as late.
//!
//! Rule: `spec/text/bundle.md`, "Claimed times". The page says the same (`verifier-web/src/judge/lateness.ts`).

use std::collections::BTreeSet;

use spec::evidence::disclosure::{OpenedBatch, OpenedRecord};
use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;

use crate::messages::{Message, Said};
use crate::reconcile::claimed_instant as instant;
use crate::report::Report;

/// What happened on a board, in an oven or at a bench. Programs are older than their use, and closings and
/// outages speak of a stretch of time.
const KINDS: [Kind; 6] = [
    Kind::AoiReport,
    Kind::OvenData,
    Kind::ReflowCertificate,
    Kind::Repair,
    Kind::Review,
    Kind::SpiReport,
];

/// A statement that holds.
pub(crate) struct Logged<'a> {
    pub(crate) source: &'a str,
    pub(crate) sequence: u64,
    /// By the witnesses, seconds since 1970; `None` if none is asked for or no receipt is there.
    pub(crate) not_after: Option<u64>,
    pub(crate) opened: &'a OpenedBatch,
}

/// What is known of all statements together.
#[derive(Default)]
pub(crate) struct Lateness {
    witnessed: Furthest,
    sealed: Furthest,
}

/// The longest way from a claimed time to a time that is known.
#[derive(Default)]
struct Furthest {
    /// The statements with a record that opens its claimed time, by source and number.
    statements: BTreeSet<(String, u64)>,
    seconds: u64,
    /// Source, statement and record.
    place: Option<(String, u64, u64)>,
}

impl Lateness {
    /// Takes in a statement; one that several dossiers show counts once.
    pub(crate) fn add(&mut self, one: &Logged<'_>) {
        let furthest = if one.not_after.is_some() { &mut self.witnessed } else { &mut self.sealed };
        furthest.add(one);
    }

    /// Says it. Gives whether any record opens the time that it claims.
    pub(crate) fn say(&self, report: &mut Report) -> bool {
        let (by_witnesses, by_source) = (Message::LoggedAfterClaim, Message::SealedAfterClaim);
        for (message, furthest) in [(by_witnesses, &self.witnessed), (by_source, &self.sealed)] {
            let Some((source, sequence, record)) = &furthest.place else { continue };
            let numbers = [sequence, record].map(|number| number.to_string());
            let place = Said::new(Message::AtRecord, &[source, &numbers[0], &numbers[1]]);
            let values = [furthest.statements.len().to_string(), furthest.seconds.to_string()];
            let values = values.each_ref().map(String::as_str);
            report.reason(Said::new(message, &values).with(vec![place]));
        }
        self.witnessed.place.is_some() || self.sealed.place.is_some()
    }
}

impl Furthest {
    fn add(&mut self, one: &Logged<'_>) {
        let header = one.opened.header().and_then(|header| header.text("closed"));
        let known = match one.not_after {
            Some(seconds) => Some(seconds.saturating_mul(1000)),
            None => header.and_then(parse_millis),
        };
        let mut is_any = false;
        for record in one.opened.records() {
            let known = known.or_else(|| record.text("seen").and_then(parse_millis));
            let (Some(claimed), Some(known)) = (claimed(record), known) else { continue };
            is_any = true;
            // One that claims a time to come is not late.
            let seconds = known.saturating_sub(claimed) / 1000;
            if self.place.is_none() || seconds > self.seconds {
                self.seconds = seconds;
                self.place = Some((one.source.to_owned(), one.sequence, record.index()));
            }
        }
        if is_any {
            self.statements.insert((one.source.to_owned(), one.sequence));
        }
    }
}

/// Milliseconds since 1970; `None` if the record opens no claimed time, or one that leaves a doubt.
fn claimed(record: &OpenedRecord) -> Option<u64> {
    if !KINDS.contains(&record.kind()) {
        return None;
    }
    let start = record.text("claimed/start")?;
    let format = record.text("claimed/format").unwrap_or("iso");
    instant(start, format, record.text("claimed/zone").unwrap_or("unknown"))
}
