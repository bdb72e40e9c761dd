//! Batches: the records of one statement, record 0 being their header.
//!
//! Rule: `spec/text/evidence.md`, "Batches".
//!
//! ```text
//! commitment  SHA-256("fiducial/batch/v1\n" || u16 len || origin || u16 len || source
//!                     || u64 sequence || u64 record count || root over the batch's records)
//! ```
//!
//! Origin, source and sequence are inside, so one batch cannot stand behind two statements. The
//! record count is inside, so a proof of a record fixes its place.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::checkpoint::Origin;
use crate::evidence::field::Salt;
use crate::evidence::kind::{FieldName, Kind};
use crate::evidence::multiproof::root_of;
use crate::evidence::record::{Record, RecordError};
use crate::hash::Hash;
use crate::key::KeyName;
use crate::tree::Tree;

/// The most records a batch may have, its header included: a full opening of ordinary records
/// stays below 16 MiB.
pub const MAX_RECORDS: usize = 4096;

/// What every batch commitment starts with.
const BATCH_PREFIX: &[u8] = b"fiducial/batch/v1\n";

/// Why records do not make a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The header names another number of records than follow it.
    #[error("the header names {named} records, but {have} follow it")]
    Count {
        /// The number in the header.
        named: u64,
        /// The records that follow.
        have: u64,
    },
    /// A header stands among the records, or record 0 is none.
    #[error("record {index}: a header is record 0 of a batch, and only that")]
    Header {
        /// Which record.
        index: usize,
    },
    /// The header's values do not make a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// More than [`MAX_RECORDS`] records.
    #[error("{count} records with the header, where a batch has at most {MAX_RECORDS}")]
    TooManyRecords {
        /// How many there would be.
        count: usize,
    },
}

/// Which statement a batch belongs to. All of it is bound by the commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the commitment names these three and no other")]
pub struct Place {
    /// The log that the statement is made for.
    pub origin: Origin,
    /// The source that makes it.
    pub source: KeyName,
    /// The statement's number.
    pub sequence: u64,
}

/// What the header of a batch says. Times are RFC 3339 text of the agent's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the fields are those of the `batch` kind's table")]
pub struct Header {
    /// The number of the first record behind the header: how many the source made before, in all.
    pub first_record: u64,
    /// When the batch was opened.
    pub opened: String,
    /// When it was closed.
    pub closed: String,
    /// A name for the time since the agent's machine was started.
    pub boot: Option<String>,
    /// What the agent knows of its clock: `synchronised`, `unsynchronised` or `unknown`.
    pub clock: String,
    /// Anything a person should read.
    pub note: Option<String>,
    /// Why records before these are missing, if some are.
    pub outage_reason: Option<String>,
}

impl Header {
    fn into_record(self, count: usize, salt: impl FnMut() -> Salt) -> Result<Record, RecordError> {
        let given = [
            ("record/first", Some(self.first_record.to_string())),
            ("record/count", Some(count.to_string())),
            ("opened", Some(self.opened)),
            ("closed", Some(self.closed)),
            ("boot", self.boot),
            ("clock", Some(self.clock)),
            ("note", self.note),
            ("outage/reason", self.outage_reason),
        ];
        let name = |name| FieldName::parse(name).expect("the header's names are field names");
        let values = given
            .into_iter()
            .filter_map(|(text, value)| Some((name(text), value?.into_bytes())))
            .collect();
        Record::new(Kind::Batch, values, salt)
    }
}

/// All records of one statement with all their salts. Belongs in the source's vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    place: Place,
    records: Vec<Record>,
}

impl Batch {
    /// Puts the header before the records. A batch without records is a heartbeat.
    pub fn new(
        place: Place,
        header: Header,
        records: Vec<Record>,
        salt: impl FnMut() -> Salt,
    ) -> Result<Self, BatchError> {
        let header = header.into_record(records.len().min(MAX_RECORDS), salt)?;
        let records = core::iter::once(header).chain(records).collect();
        Self::from_records(place, records)
    }

    /// Takes whole records, as a vault or a full opening gives them back: record 0 is the header,
    /// and only that. What the header counts is not compared: see the commitment.
    pub fn from_records(place: Place, records: Vec<Record>) -> Result<Self, BatchError> {
        if records.len() > MAX_RECORDS {
            return Err(BatchError::TooManyRecords { count: records.len() });
        }
        let misplaced =
            |(index, record): (usize, &Record)| (index == 0) != (record.kind() == Kind::Batch);
        let wrong = records.iter().enumerate().position(misplaced);
        if let Some(index) = wrong.or(records.is_empty().then_some(0)) {
            return Err(BatchError::Header { index });
        }
        Ok(Self { place, records })
    }

    /// Which statement the batch belongs to.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Every record, the header first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The leaves of the batch's tree. Hashes every field once.
    #[must_use]
    pub fn record_hashes(&self) -> Vec<Hash> {
        self.records.iter().map(Record::leaf_hash).collect()
    }

    /// What the statement's `batch` line holds. Hashes every field once.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        let hashes = self.record_hashes();
        let tree = Tree::new(hashes.len() as u64, root_of(&hashes));
        commitment(&self.place, tree.expect("a batch has at least its header"))
    }
}

/// The commitment to a batch whose records have this tree.
#[must_use]
pub fn commitment(place: &Place, records: Tree) -> Hash {
    let (origin, source) = (place.origin.as_str(), place.source.as_str());
    // Both are at most 255 bytes, which their types have checked.
    let size = |text: &str| u16::try_from(text.len()).expect("a name of at most 255 bytes");
    Hash::of_parts(&[
        BATCH_PREFIX,
        &size(origin).to_be_bytes(),
        origin.as_bytes(),
        &size(source).to_be_bytes(),
        source.as_bytes(),
        &place.sequence.to_be_bytes(),
        &records.size().to_be_bytes(),
        records.root().as_bytes(),
    ])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tree::root_of_leaves;
    use alloc::format;
    use alloc::vec;

    pub(crate) fn counting_salts() -> impl FnMut() -> Salt {
        let mut next = 0_u32;
        move || {
            next += 1;
            *Hash::of(&next.to_be_bytes()).as_bytes()
        }
    }

    pub(crate) fn place() -> Place {
        Place {
            origin: Origin::parse("example.com/evidence").unwrap(),
            source: KeyName::parse("line-3-aoi").unwrap(),
            sequence: 7,
        }
    }

    pub(crate) fn header() -> Header {
        Header {
            first_record: 40,
            opened: "2026-03-02T08:00:00+08:00".into(),
            closed: "2026-03-02T08:05:00+08:00".into(),
            clock: "synchronised".into(),
            ..Header::default()
        }
    }

    /// A batch of `count` reports, each with a verdict, a panel and a field of its own.
    pub(crate) fn batch(count: usize) -> Batch {
        let mut salts = counting_salts();
        let record = |n: usize, salts: &mut dyn FnMut() -> Salt| {
            let name = |text: &str| FieldName::parse(text).unwrap();
            let values = vec![
                (name("verdict"), b"Passed".to_vec()),
                (name("panel"), format!("PNL{n:05}").into_bytes()),
                (name("file/name"), vec![0xff, u8::try_from(n % 256).unwrap()]),
                (name("own"), vec![]),
            ];
            Record::new(Kind::AoiReport, values, salts).unwrap()
        };
        let records = (0..count).map(|n| record(n, &mut salts)).collect();
        Batch::new(place(), header(), records, &mut salts).unwrap()
    }

    #[test]
    fn the_commitment_is_the_page_s_byte_for_byte() {
        let batch = batch(4);
        let mut bytes =
            b"fiducial/batch/v1\n\x00\x14example.com/evidence\x00\x0aline-3-aoi".to_vec();
        bytes.extend(7_u64.to_be_bytes());
        bytes.extend(5_u64.to_be_bytes());
        bytes.extend(root_of_leaves(&batch.record_hashes()).as_bytes());
        assert_eq!(batch.commitment(), Hash::of(&bytes));
    }

    #[test]
    fn place_and_count_are_bound() {
        let tree = Tree::new(5, Hash::of(b"root")).unwrap();
        let of = |change: fn(&mut Place), size| {
            let mut place = place();
            change(&mut place);
            commitment(&place, Tree::new(size, tree.root()).unwrap())
        };
        let hashes = [
            of(|_| (), 5),
            of(|_| (), 6),
            of(|place| place.sequence = 8, 5),
            of(|place| place.origin = Origin::parse("example.com/evidencf").unwrap(), 5),
            of(|place| place.source = KeyName::parse("line-3-ao").unwrap(), 5),
        ];
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[at + 1..].contains(hash), "{at}");
        }
    }

    #[test]
    fn the_header_is_record_zero_and_counts_the_others() {
        let batch = batch(3);
        assert_eq!(batch.records()[0].value("record/count"), Some(&b"3"[..]));
        assert_eq!(batch.records()[0].value("record/first"), Some(&b"40"[..]));
        assert_eq!(batch.records()[0].value("note"), None);
        let stray = Record::new(Kind::Batch, vec![], counting_salts()).unwrap();
        let refused = Batch::new(place(), header(), vec![stray], counting_salts());
        assert_eq!(refused, Err(BatchError::Header { index: 1 }));
        assert_eq!(Batch::from_records(place(), vec![]), Err(BatchError::Header { index: 0 }));
    }

    #[test]
    fn a_batch_has_a_limit() {
        let record = Record::new(Kind::Closing, vec![], counting_salts()).unwrap();
        let make =
            |count| Batch::new(place(), header(), vec![record.clone(); count], counting_salts());
        assert!(make(MAX_RECORDS - 1).is_ok());
        let refused = BatchError::TooManyRecords { count: MAX_RECORDS + 1 };
        assert_eq!(make(MAX_RECORDS), Err(refused));
    }
}
