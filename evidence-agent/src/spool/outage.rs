//! Outages: what a source says about a time in which it could not see or could not speak.
//!
//! | cause | who notices |
//! |---|---|
//! | no statement for more than two cadences: switched off, power loss, disk full, sleep | the seal turn |
//! | a share, a broker or a database that could not be read for long | the capture turn |
//! | sequences that nobody can open: a restored vault, a key used twice | `resume` |
//!
//! An outage is a record like any other, with the two ends of the gap as this machine's clock had
//! them. It is no excuse and no proof; it keeps a gap from looking like a day without panels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spec::evidence::field::MAX_VALUE_SIZE;
use spec::evidence::kind::Kind;
use spec::key::KeyName;

use super::state;
use crate::clock;
use crate::error::AgentError;
use crate::model::{Pending, UnixMillis};
use crate::number;
use crate::vault::Vault;

/// A gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The last moment before it.
    pub(crate) start: UnixMillis,
    /// The first moment behind it.
    pub(crate) end: UnixMillis,
    /// Why.
    pub(crate) reason: String,
    /// What else a person should read.
    pub(crate) note: Option<String>,
    /// How many statements nobody can open.
    pub(crate) lost: Option<u64>,
}

/// Sequences of a source that the log has and nobody can open. A row of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lost {
    /// The first of them.
    pub(super) first: u64,
    /// The last of them.
    pub(super) last: u64,
    /// The sequence of the statement that says so.
    pub(super) said_at: u64,
    /// Why nobody can.
    pub(super) reason: String,
    /// How many records were taken out of statements that the log refused, to be stated again.
    pub(super) again: u64,
}

impl Gap {
    /// The record that says so.
    pub(crate) fn to_pending(&self, now: UnixMillis) -> Pending {
        let mut values = BTreeMap::from([
            ("claimed/start".to_string(), clock::format(self.start).into_bytes()),
            ("claimed/end".to_string(), clock::format(self.end).into_bytes()),
            ("claimed/zone".to_string(), b"+00:00".to_vec()),
            ("reason".to_string(), bounded(&self.reason)),
        ]);
        if let Some(note) = &self.note {
            values.insert("note".to_string(), bounded(note));
        }
        if let Some(lost) = self.lost {
            values.insert("lost".to_string(), lost.to_string().into_bytes());
        }
        Pending { kind: Kind::Outage.as_str().to_string(), values, evidence: None, seen: now }
    }
}

impl Lost {
    /// The gap that these sequences are, between the last statement that is known and now.
    pub(super) fn to_gap(&self, start: UnixMillis, end: UnixMillis) -> Gap {
        let Self { first, last, again, .. } = self;
        let again = match again {
            0 => String::new(),
            _ => format!(
                "; {} stated again behind this one",
                number::of(
                    *again,
                    "record that was behind refused statements at these sequences is",
                    "records that were behind refused statements at these sequences are",
                )
            ),
        };
        let note = format!(
            "sequences {first} to {last} of this source are in the log and cannot be opened; \
             `record/first` counts without their records{again}"
        );
        let (reason, lost) = (self.reason.clone(), Some(last - first + 1));
        Gap { start, end, reason, note: Some(note), lost }
    }
}

/// The lost sequences that the statement at `sequence` has to name.
pub(super) fn lost_before(
    vault: &Vault,
    source: &KeyName,
    sequence: u64,
) -> Result<Option<Lost>, AgentError> {
    let lost: Option<Lost> = state::read(vault, &state::of("lost", source))?;
    // Once that statement is sealed, the chain's end has moved on and the row is history.
    Ok(lost.filter(|lost| lost.said_at == sequence))
}

fn bounded(text: &str) -> Vec<u8> {
    let mut end = text.len().min(MAX_VALUE_SIZE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.as_bytes()[..end].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_names_both_ends_the_reason_and_what_is_lost() {
        let lost =
            Lost { first: 7, last: 9, said_at: 10, reason: "restored".to_string(), again: 2 };
        let (start, end) = (UnixMillis(1_772_438_400_000), UnixMillis(1_772_438_460_000));
        let pending = lost.to_gap(start, end).to_pending(end);
        let text = |name: &str| String::from_utf8(pending.values[name].clone()).unwrap();
        assert_eq!(pending.kind, "outage");
        assert_eq!(text("claimed/start"), "2026-03-02T08:00:00.000Z");
        assert_eq!(text("claimed/end"), "2026-03-02T08:01:00.000Z");
        assert_eq!((text("reason").as_str(), text("lost").as_str()), ("restored", "3"));
        assert!(text("note").contains("sequences 7 to 9") && text("note").contains("2 records"));
    }

    #[test]
    fn a_reason_of_any_length_fits() {
        assert_eq!(bounded(&"检".repeat(30_000)).len(), MAX_VALUE_SIZE / 3 * 3);
    }
}
