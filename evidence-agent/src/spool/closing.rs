//! The end of a source's day: one record that counts the others.
//!
//! The first statement behind the end of a day has a `closing` record. It counts the records of all
//! statements since the closing before, so that leaving one out of what is shown later needs a
//! changed count as well: `records`, and in `note` the first and the last number, which the headers
//! count too, and how many units they named.
//!
//! What is counted is a row of the vault. It holds the count before and behind one statement: a run
//! that wrote it and died before its statement was sealed counts from `before` again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spec::evidence::kind::Kind;
use spec::key::KeyName;

use super::schedule::Plan;
use super::{state, tags};
use crate::clock;
use crate::error::AgentError;
use crate::model::{Pending, UnixMillis};
use crate::vault::{Head, Vault};

/// What the day at hand has so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// The number of its first record.
    first: u64,
    /// How many units its records named.
    units: u64,
}

#[derive(Serialize, Deserialize)]
struct Row {
    sequence: u64,
    before: Tally,
    after: Tally,
}

impl Tally {
    /// The tally before the statement at the chain's end.
    pub(super) fn load(vault: &Vault, source: &KeyName, head: &Head) -> Result<Self, AgentError> {
        let row: Option<Row> = state::read(vault, &state::of("day", source))?;
        let tally = row.map_or_else(Self::default, |row| {
            if row.sequence == head.next_sequence { row.before } else { row.after }
        });
        // A chain's end that was moved may count fewer records than the day began with.
        Ok(Self { first: tally.first.min(head.next_record), ..tally })
    }

    /// The tally with the records of one more statement.
    pub(super) fn with(self, records: &[Pending]) -> Self {
        let units = records.iter().filter_map(|record| record.values.get("units"));
        let count: usize = units.map(|list| tags::items(list).count()).sum();
        Self { units: self.units + count as u64, ..self }
    }

    /// Makes it durable, before the statement that it counts is.
    pub(super) fn keep(
        self,
        vault: &Vault,
        source: &KeyName,
        sequence: u64,
        before: Self,
    ) -> Result<(), AgentError> {
        if self == before {
            return Ok(());
        }
        let row = Row { sequence, before, after: self };
        state::write(vault, &state::of("day", source), &row)
    }
}

/// The closing of the day that ended since the chain's last statement, and the tally of the next
/// day; `None` if none has ended.
pub(super) fn closing(
    plan: &Plan,
    head: &Head,
    tally: Tally,
    now: UnixMillis,
) -> Option<(Pending, Tally)> {
    let (then, today) = (plan.day_end.day(head.sealed), plan.day_end.day(now));
    if head.next_sequence == 0 || then >= today {
        return None;
    }
    let records = head.next_record.saturating_sub(tally.first);
    let units = tally.units;
    let numbers = match records {
        0 => "no record".to_string(),
        _ => format!("records {} to {}", tally.first, head.next_record - 1),
    };
    let days = match today - then {
        1 => String::new(),
        2 => "; nothing was stated on the day behind this one".to_string(),
        days => format!("; nothing was stated in the {} days behind this one", days - 1),
    };
    let note = format!("{numbers}; units {units}; statements before {}{days}", head.next_sequence);
    let time = |at| clock::format(at).into_bytes();
    let values = BTreeMap::from([
        ("claimed/start".to_string(), time(plan.day_end.begin(then))),
        ("claimed/end".to_string(), time(plan.day_end.begin(then + 1))),
        ("claimed/zone".to_string(), plan.day_end.zone().into_bytes()),
        ("records".to_string(), records.to_string().into_bytes()),
        ("note".to_string(), note.into_bytes()),
    ]);
    let kind = Kind::Closing.as_str().to_string();
    let closing = Pending { kind, values, evidence: None, seen: now };
    Some((closing, Tally { first: head.next_record, units: 0 }))
}

#[cfg(test)]
mod tests {
    use super::super::schedule::DayEnd;
    use super::*;
    use spec::Hash;
    use std::time::Duration;

    fn plan() -> Plan {
        Plan {
            source: KeyName::parse("aoi").unwrap(),
            cadence: Duration::from_secs(60),
            day_end: DayEnd { minute: 360, zone_minutes: 480 },
            late_after: Duration::from_secs(3600),
        }
    }

    fn head(sealed: &str, next_record: u64) -> Head {
        let sealed = clock::parse(sealed).unwrap();
        Head { next_sequence: 5, previous: Hash::of(b"p"), next_record, after: 0, sealed }
    }

    fn close(sealed: &str, now: &str, tally: Tally) -> Option<(BTreeMap<String, String>, Tally)> {
        let now = clock::parse(now).unwrap();
        let (closing, next) = closing(&plan(), &head(sealed, 40), tally, now)?;
        let text = |(name, value)| (name, String::from_utf8(value).unwrap());
        Some((closing.values.into_iter().map(text).collect(), next))
    }

    #[test]
    fn a_day_is_closed_once_it_has_ended() {
        let tally = Tally { first: 30, units: 17 };
        let within = close("2026-03-02T21:59:00Z", "2026-03-02T21:59:59Z", tally);
        assert!(within.is_none());
        let (values, next) = close("2026-03-02T21:59:00Z", "2026-03-02T22:00:00Z", tally).unwrap();
        assert_eq!(values["records"], "10");
        assert_eq!(values["note"], "records 30 to 39; units 17; statements before 5");
        assert_eq!(values["claimed/end"], "2026-03-02T22:00:00.000Z");
        assert_eq!(values["claimed/zone"], "+08:00");
        assert_eq!(next, Tally { first: 40, units: 0 });
    }

    #[test]
    fn a_day_without_records_is_closed_too_and_days_without_statements_are_named() {
        let none = Tally { first: 40, units: 0 };
        let (values, _) = close("2026-03-02T12:00:00Z", "2026-03-05T12:00:00Z", none).unwrap();
        assert_eq!(values["records"], "0");
        assert!(values["note"].contains("no record") && values["note"].contains("2 days"));
    }

    #[test]
    fn a_clock_that_goes_back_closes_nothing() {
        let back = close("2026-03-03T12:00:00Z", "2026-03-01T12:00:00Z", Tally::default());
        assert!(back.is_none());
    }
}
