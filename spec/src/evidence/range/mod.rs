//! Ranges: all statements of a source between two, opened far enough to see that nothing is missing.
//!
//! Rule: `spec/text/disclosure.md`, "Ranges".
//!
//! ```text
//! statement + opened batch -> Searched      each by itself: what must be shown, units and tags
//! Searched -> Range::follow -> ... -> Range::finish -> Followed
//!             in order: chain, counts, silence
//! ```
//!
//! What each record of a range must show is decided in one place, [`show`] for who opens it and
//! [`Searched::new`] for who reads it.
//!
//! Out of scope: receipts, and whether the log holds a second chain of the same source. Both need
//! more than the range.

mod records;
mod search;
mod show;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::parse_decimal;
use crate::evidence::disclosure::{OpenedBatch, OpenedRecord, Shown};
use crate::evidence::kind::Kind;
use crate::evidence::pins::Pin;
use crate::evidence::statement::VerifiedStatement;
use crate::evidence::time::parse_millis;
use crate::hash::Hash;

use records::Looked;
pub use search::{Reader, Searched};
pub use show::{OWN, show, show_own};

/// After how many cadences without a statement an outage must have been stated. A source states one
/// after two; the third is for clocks.
const SILENT_CADENCES: u64 = 3;

/// Why statements and what is opened of them are no range. Each names its statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// The tree in `after` is older than that of the statement before.
    #[error("statement {sequence}: it follows an older tree than the statement before it")]
    AfterFell {
        /// The statement.
        sequence: u64,
    },
    /// It does not name the statement before it.
    #[error("statement {sequence}: it does not continue the statement before it")]
    Chain {
        /// The statement.
        sequence: u64,
    },
    /// The header counts from another number than the records before it.
    #[error("statement {sequence}: its records begin at number {named}, where {due} is due")]
    Count {
        /// The statement.
        sequence: u64,
        /// What `record/first` says.
        named: u64,
        /// What the headers before count to.
        due: u64,
    },
    /// The header is not opened whole, or its numbers and times are malformed.
    #[error("statement {sequence}: its header is not opened whole and well formed")]
    Header {
        /// The statement.
        sequence: u64,
    },
    /// A record does not show what a range must show.
    #[error("statement {sequence}, record {record}: `{field}` is not shown")]
    Hidden {
        /// The statement.
        sequence: u64,
        /// The record.
        record: u64,
        /// Which field; `kind` if nothing of the record is opened.
        field: &'static str,
    },
    /// Tags and units do not belong together.
    #[error("statement {sequence}, record {record}: its tags are not those of its units")]
    Mistagged {
        /// The statement.
        sequence: u64,
        /// The record.
        record: u64,
    },
    /// The statement at the pinned place is another.
    #[error("statement {sequence}: it is not the one that is pinned")]
    NotPinned {
        /// The statement.
        sequence: u64,
    },
    /// A sequence is missing.
    #[error("statement {sequence} comes where {due} is due")]
    Sequence {
        /// The statement.
        sequence: u64,
        /// What is due.
        due: u64,
    },
    /// Nothing was stated for long, and nothing says why.
    #[error(
        "statement {sequence}: {seconds} s without a statement before it, and no outage stated"
    )]
    Silence {
        /// The statement.
        sequence: u64,
        /// How long by the source's clock.
        seconds: u64,
    },
    /// A record names a unit of the reader's and does not have its tag.
    #[error("statement {sequence}, record {record}: it names {unit:?} and does not have its tag")]
    Untagged {
        /// The statement.
        sequence: u64,
        /// The record.
        record: u64,
        /// The unit.
        unit: String,
    },
}

/// What a sound range holds. Numbers are of records unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// How many statements.
    pub statements: u64,
    /// How many records, headers left out.
    pub records: u64,
    /// How many statements had none: heartbeats.
    pub heartbeats: u64,
    /// How many have tags.
    pub tagged: u64,
    /// Outages that the source stated.
    pub outages: u64,
    /// Records of evidence without tags that name no unit; whose they are is not known.
    pub unnamed: u64,
    /// The reader's own: statement and record.
    pub own: Vec<(u64, u64)>,
    /// The units of the reader's that these name, and in how many records each.
    pub own_units: BTreeMap<Vec<u8>, u64>,
    /// Whether the pinned first statement is in it.
    pub holds_pinned: bool,
}

/// What the next statement must continue.
struct End {
    sequence: u64,
    leaf: Hash,
    after_size: u64,
    next_record: u64,
    closed_millis: u64,
}

/// A range on its way: statements are taken in in order.
pub struct Range<'a> {
    pin: &'a Pin,
    end: Option<End>,
    followed: Followed,
    /// The reader's units, as often as records name them.
    own_units: Vec<Vec<u8>>,
}

impl<'a> Range<'a> {
    /// Begins with nothing.
    #[must_use]
    pub fn new(pin: &'a Pin) -> Self {
        Self { pin, end: None, followed: Followed::default(), own_units: Vec::new() }
    }

    /// Takes in the next statement with what is opened of it; all of one reader, or all of none.
    pub fn follow(&mut self, searched: Searched<'_>) -> Result<(), RangeError> {
        let (statement, opened) = (searched.statement(), searched.opened());
        let (sequence, leaf) = (statement.sequence(), statement.leaf_hash());
        if let Some(end) = &self.end {
            end.check(statement)?;
        }
        let (first, first_leaf) = self.pin.first();
        if sequence == first {
            if leaf != first_leaf {
                return Err(RangeError::NotPinned { sequence });
            }
            self.followed.holds_pinned = true;
        }
        let header = read_header(opened).ok_or(RangeError::Header { sequence })?;
        self.check_header(sequence, &header, opened)?;
        self.add(searched.into_looked()?);
        let count = opened.record_count() - 1;
        self.followed.statements += 1;
        self.followed.records += count;
        self.followed.heartbeats += u64::from(count == 0);
        self.end = Some(End {
            sequence,
            leaf,
            after_size: statement.after().tree().size(),
            next_record: header.first_record + count,
            closed_millis: header.closed_millis,
        });
        Ok(())
    }

    /// What was found; everything so far is sound.
    #[must_use]
    pub fn finish(mut self) -> Followed {
        // Sorted and counted first: a map of thousands is then made in one go.
        self.own_units.sort_unstable();
        let same = self.own_units.chunk_by_mut(|one, next| one == next);
        let counted = same.map(|units| (core::mem::take(&mut units[0]), units.len() as u64));
        self.followed.own_units = counted.collect();
        self.followed
    }

    fn add(&mut self, looked: Looked) {
        let Looked { sequence, tagged, outages, unnamed, own, own_units } = looked;
        self.followed.tagged += tagged;
        self.followed.outages += outages;
        self.followed.unnamed += unnamed;
        self.followed.own.extend(own.into_iter().map(|record| (sequence, record)));
        self.own_units.extend(own_units);
    }

    fn check_header(
        &self,
        sequence: u64,
        header: &Header,
        opened: &OpenedBatch,
    ) -> Result<(), RangeError> {
        let named = header.first_record;
        let due = match &self.end {
            Some(end) => end.next_record,
            // The first statement of all counts from 0; a later one is believed.
            None if sequence == 0 => 0,
            None => named,
        };
        if named != due {
            return Err(RangeError::Count { sequence, named, due });
        }
        if let (Some(end), Some(cadence)) = (&self.end, self.pin.cadence()) {
            let millis = header.closed_millis.saturating_sub(end.closed_millis);
            let is_outage = |record: &OpenedRecord| record.kind() == Kind::Outage;
            let said = header.says_outage || opened.records().iter().any(is_outage);
            if millis > SILENT_CADENCES * cadence * 1000 && !said {
                return Err(RangeError::Silence { sequence, seconds: millis / 1000 });
            }
        }
        Ok(())
    }
}

impl End {
    fn check(&self, statement: &VerifiedStatement) -> Result<(), RangeError> {
        let sequence = statement.sequence();
        let due = self.sequence.saturating_add(1);
        if sequence != due {
            return Err(RangeError::Sequence { sequence, due });
        }
        if statement.previous() != self.leaf {
            return Err(RangeError::Chain { sequence });
        }
        if statement.after().tree().size() < self.after_size {
            return Err(RangeError::AfterFell { sequence });
        }
        Ok(())
    }
}

/// What a range reads of a header.
struct Header {
    first_record: u64,
    closed_millis: u64,
    says_outage: bool,
}

/// Reads a header that is opened whole. That `record/count` is right, the disclosure has checked.
fn read_header(opened: &OpenedBatch) -> Option<Header> {
    let header = opened.header()?;
    if header.fields().len() as u64 != header.field_count() {
        return None;
    }
    let first_record = parse_decimal(header.text("record/first")?).ok()?;
    first_record.checked_add(opened.record_count())?;
    let closed_millis = parse_millis(header.text("closed")?)?;
    let says_outage = matches!(header.shown("outage/reason"), Shown::Value(_));
    Some(Header { first_record, closed_millis, says_outage })
}

/// The items of a list: each ends in a line feed.
pub fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split_inclusive(|byte| *byte == b'\n').map(|item| item.strip_suffix(b"\n").unwrap_or(item))
}

#[cfg(test)]
mod tests;
