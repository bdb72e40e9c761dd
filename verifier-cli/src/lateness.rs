//! How long after the times that they claim records were logged.
//!
//! What was made up last week and claims the spring verifies like anything else: a log proves when a record was
//! there, and nothing of when it was made. So a verdict says how far the two lie apart, where a record opens the
//! time that it claims. It is no reason to reject: an archive that was taken in as a whole is as late.
//!
//! Rule: `spec/text/bundle.md`, "Claimed times". The page says the same (`verifier-web/src/judge/lateness.ts`).

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::disclosure::{OpenedBatch, OpenedRecord};
use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;
use spec::time::format_utc;

use crate::messages::{Message, Said, days};
use crate::reconcile::{Moment, claimed_moment};
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

/// Clocks of machines and witnesses may be so many seconds apart before it is said that a claimed time was still
/// to come when its record was logged.
const AHEAD: u64 = 60;

/// From so many seconds on it is said before the reasons of a verdict: a day.
const LATE: u64 = 86_400;

/// A statement that holds.
pub(crate) struct Logged<'a> {
    pub(crate) source: &'a str,
    pub(crate) sequence: u64,
    /// By the witnesses, seconds since 1970; `None` if none is asked for or no receipt is there.
    pub(crate) not_after: Option<u64>,
    pub(crate) opened: &'a OpenedBatch,
}

/// What is said of it.
const SAID: [Message; 3] =
    [Message::LoggedAfterClaim, Message::SealedAfterClaim, Message::ClaimedAfterLogged];

/// Those of the reasons of a verdict that say it, where nothing of it was said before them.
pub(crate) fn said<'s>(reasons: impl Iterator<Item = &'s Said>) -> impl Iterator<Item = &'s Said> {
    reasons.filter(|said| SAID.contains(&said.message()))
}

/// What is known of all statements together.
#[derive(Default)]
pub(crate) struct Lateness {
    witnessed: Furthest,
    sealed: Furthest,
    /// Records that claim a time to come.
    ahead: Ahead,
    /// Records that open no time that can be compared, and what they are of.
    untold: BTreeMap<(String, u64, u64), Kind>,
}

/// Records that claim a time behind the one by which they were logged.
#[derive(Default)]
struct Ahead {
    records: BTreeSet<(String, u64, u64)>,
    seconds: u64,
    place: Option<(String, u64, u64)>,
}

/// The longest way from a claimed time to a time that is known.
#[derive(Default)]
struct Furthest {
    /// The statements with a record that opens its claimed time, by source and number.
    statements: BTreeSet<(String, u64)>,
    seconds: u64,
    /// Source, statement and record.
    place: Option<(String, u64, u64)>,
    /// Of what was logged late: the days that it claims, and those on which it was logged by the same clock. Days of two
    /// clocks would not lie as far apart as is said.
    claimed_days: BTreeSet<u64>,
    known_days: BTreeSet<u64>,
    /// The most that lie between a claimed day and that on which its record was logged.
    days_between: u64,
}

impl Lateness {
    /// Takes in a statement; one that several dossiers show counts once.
    pub(crate) fn add(&mut self, one: &Logged<'_>) {
        let furthest = if one.not_after.is_some() { &mut self.witnessed } else { &mut self.sealed };
        let header = one.opened.header().and_then(|header| header.text("closed"));
        let known = match one.not_after {
            Some(seconds) => Some(seconds.saturating_mul(1000)),
            None => header.and_then(parse_millis),
        };
        for record in one.opened.records().iter().filter(|record| KINDS.contains(&record.kind())) {
            let place = (one.source.to_owned(), one.sequence, record.index());
            let known = known.or_else(|| record.text("seen").and_then(parse_millis));
            let (Some(claimed), Some(known)) = (claimed(record), known) else {
                self.untold.insert(place, record.kind());
                continue;
            };
            let ahead = claimed.millis.saturating_sub(known) / 1000;
            if ahead > AHEAD {
                self.ahead.add(place, ahead);
            } else {
                let seconds = known.saturating_sub(claimed.millis) / 1000;
                furthest.add(place, seconds);
                if seconds >= LATE {
                    furthest.add_days(claimed.day(), claimed.day_of(known));
                }
            }
        }
    }

    /// Says it. Gives whether any record opens the time that it claims.
    pub(crate) fn say(&self, report: &mut Report) -> bool {
        let [witnessed, sealed] = [&self.witnessed, &self.sealed];
        let (by_witnesses, by_source) = (Message::LoggedAfterClaim, Message::SealedAfterClaim);
        let ahead = &self.ahead;
        for (message, count, seconds, place) in [
            (by_witnesses, witnessed.statements.len(), witnessed.seconds, &witnessed.place),
            (by_source, sealed.statements.len(), sealed.seconds, &sealed.place),
            (Message::ClaimedAfterLogged, ahead.records.len(), ahead.seconds, &ahead.place),
        ] {
            let Some((source, sequence, record)) = place else { continue };
            let numbers = [sequence, record].map(|number| number.to_string());
            let place = Said::new(Message::AtRecord, &[source, &numbers[0], &numbers[1]]);
            let values = [count.to_string(), seconds.to_string()];
            let values = values.each_ref().map(String::as_str);
            let said = Said::new(message, &values).with(vec![place]);
            // By its source's own clock nobody knows when it was there, and a time to come is no time.
            if message != by_witnesses && (seconds >= LATE || message != by_source) {
                report.look(said.clone());
                report.tell_elsewhere(message);
            }
            report.reason(said);
        }
        if let (Some(claimed), Some(known)) = (witnessed.claimed(), witnessed.known()) {
            let days = witnessed.days_between.to_string();
            report.look(Said::new(Message::LookLate, &[&claimed, &known, &days]));
            report.tell_elsewhere(by_witnesses);
        }
        let is_any =
            [&witnessed.place, &sealed.place, &ahead.place].iter().any(|place| place.is_some());
        if is_any && !self.untold.is_empty() {
            let values = [self.untold.len().to_string(), self.untold_kinds()];
            let values = values.each_ref().map(String::as_str);
            report.not_checked(Message::OpenClaimsSome, &values);
        }
        is_any
    }

    /// How many records of each kind open no time that can be compared, by the kinds' names.
    fn untold_kinds(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for kind in self.untold.values() {
            *counts.entry(kind.as_str()).or_default() += 1;
        }
        let counts: Vec<String> =
            counts.into_iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        counts.join(", ")
    }
}

impl Furthest {
    /// The days that what was logged late claims.
    fn claimed(&self) -> Option<String> {
        span(&self.claimed_days)
    }

    /// Those on which it was logged.
    fn known(&self) -> Option<String> {
        span(&self.known_days)
    }

    fn add_days(&mut self, claimed: u64, known: u64) {
        self.claimed_days.insert(claimed);
        self.known_days.insert(known);
        self.days_between = self.days_between.max(known.saturating_sub(claimed));
    }

    fn add(&mut self, place: (String, u64, u64), seconds: u64) {
        self.statements.insert((place.0.clone(), place.1));
        if self.place.is_none() || seconds > self.seconds {
            (self.seconds, self.place) = (seconds, Some(place));
        }
    }
}

impl Ahead {
    fn add(&mut self, place: (String, u64, u64), seconds: u64) {
        self.records.insert(place.clone());
        if seconds > self.seconds {
            (self.seconds, self.place) = (seconds, Some(place));
        }
    }
}

/// The first and the last of some days, as machines write them.
fn span(of: &BTreeSet<u64>) -> Option<String> {
    let written = |day: &u64| -> String {
        format_utc(day * LATE).chars().take_while(|letter| *letter != 'T').collect()
    };
    Some(days::span(&written(of.first()?), &written(of.last()?)))
}

/// `None` if the record opens no claimed time, or one that leaves a doubt.
fn claimed(record: &OpenedRecord) -> Option<Moment> {
    let start = record.text("claimed/start")?;
    let format = record.text("claimed/format").unwrap_or("iso");
    claimed_moment(start, format, record.text("claimed/zone").unwrap_or("unknown"))
}
