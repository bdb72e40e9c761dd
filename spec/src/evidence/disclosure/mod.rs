//! Disclosures: some records and fields of one statement's batch, opened.
//!
//! Rule: `spec/text/disclosure.md`. Vectors: `spec/vectors/evidence/disclosure/`.
//!
//! A [`Disclosure`] is only *parsed*. [`Disclosure::verify`] climbs from the opened fields to their
//! record, from the records to the batch and from the batch to the signed statement, and gives an
//! [`OpenedBatch`]: values that the source has committed to, each at its place.
//!
//! ```text
//! fields -> multi-proof -> record leaf -> multi-proof -> root -> batch commitment = statement
//! ```
//!
//! The same format with everything opened is what a source keeps: see [`Disclosure::whole`] and
//! [`Disclosure::verify_whole`].
//!
//! Out of scope: whether the statement is in a log (see [`crate::proof`]) and who its key belongs
//! to. Nothing that is not opened is said to be there or not to be there.

mod json;
mod opened;

use alloc::string::String;
use alloc::vec::Vec;

use crate::evidence::batch::{Batch, BatchError, Place, commitment};
use crate::evidence::field::{Content, Field};
use crate::evidence::kind::{FieldName, Kind};
use crate::evidence::multiproof::{self, MultiProofError};
use crate::evidence::record::{MAX_FIELDS, Record, record_hash};
use crate::evidence::statement::VerifiedStatement;
use crate::hash::Hash;
use crate::tree::Tree;

pub use json::MAX_DISCLOSURE_SIZE;
pub use opened::{OpenedBatch, OpenedField, OpenedRecord, Shown};

/// Why a disclosure is refused. Records and fields are named by their index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisclosureError {
    /// What is opened is not what the statement commits to.
    #[error("what is opened gives the batch commitment {computed}, not the statement's")]
    Commitment {
        /// The commitment that follows from what is opened.
        computed: Hash,
    },
    /// A record has fewer fields than its kind's table, or more than a record may have.
    #[error(
        "record {record}: {have} fields, where its kind has at least {least} and at most {most}",
        most = MAX_FIELDS
    )]
    FieldCount {
        /// The record.
        record: u64,
        /// Its committed number of fields.
        have: u64,
        /// The fields in its kind's table.
        least: usize,
    },
    /// The multi-proof of a record's fields is refused.
    #[error("record {record}, its fields: {error}")]
    Fields {
        /// The record.
        record: u64,
        /// Why.
        error: MultiProofError,
    },
    /// Not a disclosure of this version.
    #[error("the member `format` is not `{}`", json::FORMAT)]
    Format,
    /// The header is not a header, or counts other records than are committed.
    #[error("the header is malformed: {0}")]
    Header(#[from] BatchError),
    /// Not JSON of this format: a member unknown, repeated or missing, or no JSON at all.
    #[error("line {line}, column {column}: {reason}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: usize,
        /// What the reader says.
        reason: String,
    },
    /// Field 0, the kind, is not opened or is none that is known.
    #[error("record {record}: field 0 is not an opened `kind` of a known name")]
    Kind {
        /// The record.
        record: u64,
    },
    /// A member holds text that is not the one spelling of a value.
    #[error("the member `{name}` is malformed")]
    Member {
        /// Which.
        name: &'static str,
    },
    /// A field's name is not the one its position binds.
    #[error("record {record}, field {index}: the name does not belong at this position")]
    Name {
        /// The record.
        record: u64,
        /// The field.
        index: u64,
    },
    /// Something is not opened where all of it is asked for.
    #[error("not everything is opened")]
    NotWhole,
    /// Made for another log, source or sequence than the statement's.
    #[error("the disclosure belongs to another statement: log, source or sequence differ")]
    Place,
    /// The multi-proof of the records is refused.
    #[error("the records: {0}")]
    Records(MultiProofError),
    /// More bytes than are read.
    #[error("the disclosure has {size} bytes; at most {MAX_DISCLOSURE_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// More records, committed or shown, than a batch may have.
    #[error("{count} records, where a batch has at most {}", crate::evidence::batch::MAX_RECORDS)]
    TooManyRecords {
        /// How many.
        count: u64,
    },
}

/// What cannot be picked from a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickError {
    /// A record has no field of this name, not even an absent one.
    #[error("record {record} has no field `{name}`")]
    NoSuchField {
        /// The record.
        record: u64,
        /// The name.
        name: FieldName,
    },
    /// Records are none, repeated, descending or beyond the batch.
    #[error("the records to open: {0}")]
    Records(#[from] MultiProofError),
    /// The source has deleted the salts and values of a record: nothing can open it.
    #[error("record {record} was deleted by its source; its hash alone is left")]
    Shredded {
        /// The record.
        record: u64,
    },
}

/// What a source still has of a record of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a record is there or it is not")]
pub enum Remaining<'a> {
    /// Its leaf in the batch's tree alone: its salts and values were deleted.
    Leaf(Hash),
    /// All of it.
    Whole(&'a Record),
}

/// One record to open, and what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a request made by callers")]
pub struct Pick {
    /// The record's index in its batch; 0 is the header.
    pub record: u64,
    /// Which of its fields; `kind` is opened in any case.
    pub fields: PickFields,
}

/// Which fields of a record to open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "all or some")]
pub enum PickFields {
    /// Every field.
    All,
    /// Those of these names, in any order; an absent one is shown to be absent.
    Named(Vec<FieldName>),
}

/// Some records of one batch and some fields of each. Nothing in it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    place: Place,
    record_count: u64,
    records: Vec<RecordOpening>,
    proof: Vec<Hash>,
}

/// What a disclosure shows of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RecordOpening {
    index: u64,
    field_count: u64,
    fields: Vec<(u64, Field)>,
    proof: Vec<Hash>,
}

impl Disclosure {
    /// Opens what is picked; records in ascending order, none twice. Hashes the whole batch once.
    pub fn of(batch: &Batch, picks: &[Pick]) -> Result<Self, PickError> {
        let records: Vec<Remaining<'_>> = batch.records().iter().map(Remaining::Whole).collect();
        Self::of_remaining(batch.place(), &records, picks)
    }

    /// Opens what is picked of a batch of which some records were deleted, all records in their
    /// places. A disclosure of others does not show which.
    pub fn of_remaining(
        place: &Place,
        records: &[Remaining<'_>],
        picks: &[Pick],
    ) -> Result<Self, PickError> {
        let leaf = |record: &Remaining<'_>| match record {
            Remaining::Leaf(hash) => *hash,
            Remaining::Whole(record) => record.leaf_hash(),
        };
        let leaves: Vec<Hash> = records.iter().map(leaf).collect();
        let indices: Vec<u64> = picks.iter().map(|pick| pick.record).collect();
        let proof = multiproof::prove(&leaves, &indices)?;
        let opened: Result<Vec<RecordOpening>, PickError> = picks
            .iter()
            .map(|pick| {
                let index = usize::try_from(pick.record).expect("the proof has checked the index");
                match records[index] {
                    Remaining::Leaf(_) => Err(PickError::Shredded { record: pick.record }),
                    Remaining::Whole(record) => RecordOpening::of(record, pick),
                }
            })
            .collect();
        let record_count = records.len() as u64;
        Ok(Self { place: place.clone(), record_count, records: opened?, proof })
    }

    /// Opens everything: what the source keeps. Whoever holds it can read every value.
    #[must_use]
    pub fn whole(batch: &Batch) -> Self {
        let picks: Vec<Pick> = (0..batch.records().len() as u64)
            .map(|record| Pick { record, fields: PickFields::All })
            .collect();
        Self::of(batch, &picks).expect("every record of a batch can be opened")
    }

    /// Parses the JSON file, at most [`MAX_DISCLOSURE_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, DisclosureError> {
        json::parse(bytes)
    }

    /// Writes the JSON file, with a final line break.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::format(self)
    }

    /// Which statement it claims to belong to.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// How many records the batch has, its header included. Bound by the commitment.
    #[must_use]
    pub const fn record_count(&self) -> u64 {
        self.record_count
    }

    /// How many of them it opens, in full or in part.
    #[must_use]
    pub const fn shown_count(&self) -> usize {
        self.records.len()
    }

    /// Checks everything that is opened against a signed statement.
    pub fn verify(&self, statement: &VerifiedStatement) -> Result<OpenedBatch, DisclosureError> {
        self.verify_commitment(&place_of(statement), statement.batch())
    }

    /// The same for who needs the disclosure no more: names and values move into what is opened.
    pub fn open(self, statement: &VerifiedStatement) -> Result<OpenedBatch, DisclosureError> {
        self.check(&place_of(statement), statement.batch())?;
        opened::open(self)
    }

    /// Checks everything that is opened against a commitment that the caller has verified
    /// otherwise.
    pub fn verify_commitment(
        &self,
        place: &Place,
        committed: Hash,
    ) -> Result<OpenedBatch, DisclosureError> {
        self.check(place, committed)?;
        opened::open(self.clone())
    }

    /// Climbs from what is opened to the commitment. From there on every value is the source's own. What is
    /// left to check is whether the source kept the rules: it may have committed to nonsense.
    fn check(&self, place: &Place, committed: Hash) -> Result<(), DisclosureError> {
        if self.place != *place {
            return Err(DisclosureError::Place);
        }
        let mut leaves = Vec::with_capacity(self.records.len());
        for record in &self.records {
            leaves.push((record.index, record.leaf_hash()?));
        }
        let root = multiproof::root(&leaves, self.record_count, &self.proof)
            .map_err(DisclosureError::Records)?;
        let tree = Tree::new(self.record_count, root).expect("a shown record lies in the tree");
        let computed = commitment(place, tree);
        if computed == committed { Ok(()) } else { Err(DisclosureError::Commitment { computed }) }
    }

    /// Checks a full opening and gives back the batch with all its salts, from which any part can
    /// be opened.
    pub fn verify_whole(&self, statement: &VerifiedStatement) -> Result<Batch, DisclosureError> {
        let opened = self.verify(statement)?;
        if !opened.is_whole() {
            return Err(DisclosureError::NotWhole);
        }
        let records = self.records.iter().zip(opened.records()).map(|(shown, opened)| {
            let fields = shown.fields.iter().map(|(_, field)| field.clone()).collect();
            Record::from_opened(opened.kind(), fields)
        });
        Ok(Batch::from_records(self.place.clone(), records.collect())?)
    }
}

fn place_of(statement: &VerifiedStatement) -> Place {
    Place {
        origin: statement.origin().clone(),
        source: statement.source().clone(),
        sequence: statement.sequence(),
    }
}

impl RecordOpening {
    fn of(record: &Record, pick: &Pick) -> Result<Self, PickError> {
        let indices: Vec<u64> = match &pick.fields {
            PickFields::All => (0..record.fields().len() as u64).collect(),
            PickFields::Named(names) => {
                let mut indices = alloc::vec![0];
                for name in names {
                    let index = record.index_of(name.as_str()).ok_or_else(|| {
                        PickError::NoSuchField { record: pick.record, name: name.clone() }
                    })?;
                    indices.push(index as u64);
                }
                indices.sort_unstable();
                indices.dedup();
                indices
            }
        };
        let proof = multiproof::prove(&record.field_hashes(), &indices)
            .expect("sorted indices of the record's own fields");
        let fields = indices
            .into_iter()
            .map(|index| {
                let place = usize::try_from(index).expect("at most 64 fields");
                (index, record.fields()[place].clone())
            })
            .collect();
        Ok(Self { index: pick.record, field_count: record.fields().len() as u64, fields, proof })
    }

    /// The record's leaf in its batch's tree, as it follows from what is shown.
    fn leaf_hash(&self) -> Result<Hash, DisclosureError> {
        let count = usize::try_from(self.field_count).ok().filter(|count| *count <= MAX_FIELDS);
        let count = count.ok_or(DisclosureError::FieldCount {
            record: self.index,
            have: self.field_count,
            least: 1,
        })?;
        let leaves: Vec<(u64, Hash)> =
            self.fields.iter().map(|(index, field)| (*index, field.leaf_hash())).collect();
        let root = multiproof::root(&leaves, self.field_count, &self.proof)
            .map_err(|error| DisclosureError::Fields { record: self.index, error })?;
        Ok(record_hash(count, root))
    }

    /// The kind, from field 0.
    fn kind(&self) -> Result<Kind, DisclosureError> {
        let unknown = DisclosureError::Kind { record: self.index };
        match self.fields.first() {
            Some((0, field)) => match field.content() {
                Content::Present { name, value } if name.as_str() == "kind" => {
                    Kind::parse(value).ok_or(unknown)
                }
                _ => Err(unknown),
            },
            _ => Err(unknown),
        }
    }
}

#[cfg(test)]
mod tests;
