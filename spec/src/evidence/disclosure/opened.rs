//! What a verified disclosure shows, and the last checks before it may be shown: does the source
//! keep the rule that position binds the name?
//!
//! A source can commit to any bytes at all. These checks make sure that whatever it opens means the
//! same to everybody: a known name at its index and nowhere else, other names behind the table in
//! ascending order, a header at record 0 and nowhere else, its count true.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Disclosure, DisclosureError, RecordOpening};
use crate::encoding::parse_decimal;
use crate::evidence::batch::{BatchError, Place};
use crate::evidence::field::Content;
use crate::evidence::kind::{FieldName, Kind};
use crate::evidence::record::MAX_FIELDS;

/// Records and fields that a source has committed to and opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedBatch {
    place: Place,
    record_count: u64,
    records: Vec<OpenedRecord>,
}

/// One record of which something is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedRecord {
    index: u64,
    kind: Kind,
    field_count: u64,
    fields: Vec<OpenedField>,
}

/// One opened field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedField {
    index: u64,
    name: FieldName,
    known: bool,
    value: Option<Vec<u8>>,
}

/// What an opened record shows of one known field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a field is hidden, absent or has a value")]
pub enum Shown<'a> {
    /// Opened: the record has no such field.
    Absent,
    /// Not opened, or a name outside the kind's table of which nothing is opened.
    Hidden,
    /// Opened: its value.
    Value(&'a [u8]),
}

impl OpenedBatch {
    /// The log, source and sequence of the statement.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// How many records the batch has, its header included.
    #[must_use]
    pub const fn record_count(&self) -> u64 {
        self.record_count
    }

    /// The opened records in ascending order.
    #[must_use]
    pub fn records(&self) -> &[OpenedRecord] {
        &self.records
    }

    /// The header, if it is opened.
    #[must_use]
    pub fn header(&self) -> Option<&OpenedRecord> {
        self.records.first().filter(|record| record.index == 0)
    }

    /// Whether every field of every record is opened.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let all = |record: &OpenedRecord| record.fields.len() as u64 == record.field_count;
        self.records.len() as u64 == self.record_count && self.records.iter().all(all)
    }
}

impl OpenedRecord {
    /// Its index in the batch; 0 is the header.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How many fields it has, opened or not, absent ones included.
    #[must_use]
    pub const fn field_count(&self) -> u64 {
        self.field_count
    }

    /// The opened fields in ascending order of their index.
    #[must_use]
    pub fn fields(&self) -> &[OpenedField] {
        &self.fields
    }

    /// What is shown of the field of this name.
    #[must_use]
    pub fn shown(&self, name: &str) -> Shown<'_> {
        match self.fields.iter().find(|field| field.name.as_str() == name) {
            None => Shown::Hidden,
            Some(OpenedField { value: None, .. }) => Shown::Absent,
            Some(OpenedField { value: Some(value), .. }) => Shown::Value(value),
        }
    }

    /// The value of the field of this name as text; `None` if it is hidden, absent or no text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.shown(name) {
            Shown::Value(value) => core::str::from_utf8(value).ok(),
            Shown::Absent | Shown::Hidden => None,
        }
    }
}

impl OpenedField {
    /// Its index in the record.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Its name: for a known field the table's, which is committed by its index.
    #[must_use]
    pub const fn name(&self) -> &FieldName {
        &self.name
    }

    /// Whether the name is in its kind's table. Others are the source's own; readers say so.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.known
    }

    /// The value; `None` if the field is absent.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }
}

/// Checks names, kinds and the header of a disclosure whose commitment holds.
pub(super) fn open(disclosure: Disclosure) -> Result<OpenedBatch, DisclosureError> {
    let Disclosure { place, record_count, records, .. } = disclosure;
    let records: Result<Vec<OpenedRecord>, DisclosureError> =
        records.into_iter().map(open_record).collect();
    let opened = OpenedBatch { place, record_count, records: records? };
    if let Some(header) = opened.header() {
        check_header(header, record_count)?;
    }
    Ok(opened)
}

fn open_record(shown: RecordOpening) -> Result<OpenedRecord, DisclosureError> {
    let (record, kind) = (shown.index, shown.kind()?);
    if (record == 0) != (kind == Kind::Batch) {
        let index = usize::try_from(record).unwrap_or(usize::MAX);
        return Err(BatchError::Header { index }.into());
    }
    let least = kind.table().len();
    if shown.field_count < least as u64 || shown.field_count > MAX_FIELDS as u64 {
        return Err(DisclosureError::FieldCount { record, have: shown.field_count, least });
    }
    let mut fields: Vec<OpenedField> = Vec::with_capacity(shown.fields.len());
    for (index, field) in shown.fields {
        let opened = open_field(kind, index, field.into_content(), fields.last());
        fields.push(opened.ok_or(DisclosureError::Name { record, index })?);
    }
    Ok(OpenedRecord { index: record, kind, field_count: shown.field_count, fields })
}

/// Gives a field its name, or `None` if that name does not belong at `index`.
fn open_field(
    kind: Kind,
    index: u64,
    content: Content,
    before: Option<&OpenedField>,
) -> Option<OpenedField> {
    let place = usize::try_from(index).ok()?;
    let known = kind.table().get(place).copied();
    let (name, value) = match (known, content) {
        (Some(known), Content::Absent) => (FieldName::parse(known).ok()?, None),
        (Some(known), Content::Present { name, value }) if name.as_str() == known => {
            (name, Some(value))
        }
        (None, Content::Present { name, value }) => {
            // Ascending order is what lets a full opening show that no name is there twice.
            let ascends = before.is_none_or(|before| before.known || before.name < name);
            if kind.index_of(name.as_str()).is_some() || !ascends {
                return None;
            }
            (name, Some(value))
        }
        _ => return None,
    };
    Some(OpenedField { index, name, known: known.is_some(), value })
}

fn check_header(header: &OpenedRecord, record_count: u64) -> Result<(), DisclosureError> {
    let have = record_count - 1;
    let named = match header.shown("record/count") {
        Shown::Hidden => return Ok(()),
        Shown::Absent => None,
        Shown::Value(value) => core::str::from_utf8(value).ok().map(String::from),
    };
    match named.and_then(|text| parse_decimal(&text).ok()) {
        Some(named) if named == have => Ok(()),
        Some(named) => Err(BatchError::Count { named, have }.into()),
        None => Err(BatchError::Header { index: 0 }.into()),
    }
}
