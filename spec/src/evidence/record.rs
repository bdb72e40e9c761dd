//! Records: one thing that happened, as a tree of salted fields.
//!
//! Rule: `spec/text/evidence.md`, "Records".
//!
//! ```text
//! leaf data  "fiducial/record/v1\n" || u32 field count || root over the record's fields
//! ```
//!
//! Invariants: field 0 is `kind`; every field of the kind's table stands at its index, used or
//! absent; other fields come after the table, in ascending order of their names, none twice.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::evidence::field::{Content, Field, Salt, ValueTooLarge};
use crate::evidence::kind::{FieldName, Kind};
use crate::evidence::multiproof::root_of;
use crate::hash::{HASH_SIZE, Hash, leaf_hash};

/// The most fields a record may have: twice the longest table, and room.
pub const MAX_FIELDS: usize = 64;

/// What every record's leaf data starts with.
const RECORD_PREFIX: &[u8] = b"fiducial/record/v1\n";

/// Why values do not make a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The value of `kind` was given; it follows from the record's kind.
    #[error("the field `kind` is filled from the record's kind and cannot be given")]
    KindGiven,
    /// A name was given twice.
    #[error("the field `{name}` is given twice")]
    Repeated {
        /// The name.
        name: FieldName,
    },
    /// More than [`MAX_FIELDS`] fields.
    #[error("{count} fields, where a record has at most {MAX_FIELDS}")]
    TooManyFields {
        /// How many there would be.
        count: usize,
    },
    /// A value is too large.
    #[error(transparent)]
    Value(#[from] ValueTooLarge),
}

/// A whole record with all its salts. Belongs in the source's vault, not in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    kind: Kind,
    fields: Vec<Field>,
}

impl Record {
    /// Lays the given values out as the kind's table asks and salts every field, absent ones too.
    ///
    /// `salt` is called once for each field and must give fresh random bytes every time.
    pub fn new(
        kind: Kind,
        values: Vec<(FieldName, Vec<u8>)>,
        mut salt: impl FnMut() -> Salt,
    ) -> Result<Self, RecordError> {
        let mut given = BTreeMap::new();
        for (name, value) in values {
            if name.as_str() == "kind" {
                return Err(RecordError::KindGiven);
            }
            if given.contains_key(&name) {
                return Err(RecordError::Repeated { name });
            }
            given.insert(name, value);
        }
        let kind_name = FieldName::parse("kind").expect("`kind` is a field name");
        given.insert(kind_name, kind.as_str().as_bytes().to_vec());

        let mut contents = Vec::new();
        for known in kind.table() {
            let name = FieldName::parse(known).expect("tables hold field names only");
            contents.push(match given.remove(&name) {
                Some(value) => Content::Present { name, value },
                None => Content::Absent,
            });
        }
        // What is left is in none of the table's places; the map hands it over in order of names.
        contents.extend(given.into_iter().map(|(name, value)| Content::Present { name, value }));
        if contents.len() > MAX_FIELDS {
            return Err(RecordError::TooManyFields { count: contents.len() });
        }
        let fields: Result<Vec<Field>, ValueTooLarge> =
            contents.into_iter().map(|content| Field::new(salt(), content)).collect();
        Ok(Self { kind, fields: fields? })
    }

    /// Wraps fields that a verified disclosure has opened, all of them.
    pub(crate) const fn from_opened(kind: Kind, fields: Vec<Field>) -> Self {
        Self { kind, fields }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Every field in its place.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Where the field of this name stands: in the table's place or behind the table.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.kind.index_of(name).or_else(|| {
            self.fields.iter().position(|field| match field.content() {
                Content::Absent => false,
                Content::Present { name: have, .. } => have.as_str() == name,
            })
        })
    }

    /// The value of a field; `None` when it is absent or unknown.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        match self.fields.get(self.index_of(name)?)?.content() {
            Content::Absent => None,
            Content::Present { value, .. } => Some(value),
        }
    }

    /// The leaves of the record's own tree.
    #[must_use]
    pub fn field_hashes(&self) -> Vec<Hash> {
        self.fields.iter().map(Field::leaf_hash).collect()
    }

    /// The leaf of this record in its batch's tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        record_hash(self.fields.len(), root_of(&self.field_hashes()))
    }
}

/// The leaf of a record in its batch's tree, from the number of its fields and their root.
///
/// # Panics
///
/// If there are more than [`MAX_FIELDS`] fields: callers have checked that.
#[must_use]
pub fn record_hash(field_count: usize, root: Hash) -> Hash {
    assert!(field_count <= MAX_FIELDS, "record_hash called with an unchecked field count");
    let count = u32::try_from(field_count).expect("at most 64 fields");
    let mut data = Vec::with_capacity(RECORD_PREFIX.len() + 4 + HASH_SIZE);
    data.extend_from_slice(RECORD_PREFIX);
    data.extend_from_slice(&count.to_be_bytes());
    data.extend_from_slice(root.as_bytes());
    leaf_hash(&data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::field::MAX_VALUE_SIZE;
    use crate::tree::root_of_leaves;
    use alloc::format;
    use alloc::vec;

    fn name(text: &str) -> FieldName {
        FieldName::parse(text).unwrap()
    }

    fn counting_salts() -> impl FnMut() -> Salt {
        let mut next = 0;
        move || {
            next += 1;
            [next; 32]
        }
    }

    #[test]
    fn known_fields_stand_in_their_places_and_others_follow_sorted() {
        let values = vec![
            (name("zeta"), b"z".to_vec()),
            (name("verdict"), b"Failed".to_vec()),
            (name("alpha"), b"".to_vec()),
        ];
        let record = Record::new(Kind::AoiReport, values, counting_salts()).unwrap();
        let table = Kind::AoiReport.table();
        assert_eq!(record.fields().len(), table.len() + 2);
        assert_eq!(record.value("kind"), Some(&b"aoi-report"[..]));
        assert_eq!(record.value("verdict"), Some(&b"Failed"[..]));
        assert_eq!(record.index_of("verdict"), Kind::AoiReport.index_of("verdict"));
        assert_eq!(record.index_of("alpha"), Some(table.len()));
        assert_eq!(record.index_of("zeta"), Some(table.len() + 1));
        assert_eq!(record.value("lot"), None);
        assert_eq!(record.value("alpha"), Some(&b""[..]));
        assert_eq!(*record.fields()[record.index_of("lot").unwrap()].content(), Content::Absent);
    }

    #[test]
    fn every_field_has_a_salt_of_its_own() {
        let record = Record::new(Kind::Repair, vec![], counting_salts()).unwrap();
        let salts: Vec<u8> = record.fields().iter().map(|field| field.salt()[0]).collect();
        let want: Vec<u8> = (1..=salts.len()).map(|n| u8::try_from(n).unwrap()).collect();
        assert_eq!(salts, want);
    }

    #[test]
    fn the_leaf_is_over_the_field_count_and_the_tree_s_root() {
        let record = Record::new(Kind::Closing, vec![], counting_salts()).unwrap();
        let root = root_of_leaves(&record.field_hashes());
        let mut data = b"\x00fiducial/record/v1\n\x00\x00\x00\x07".to_vec();
        data.extend(root.as_bytes());
        assert_eq!(record.leaf_hash(), Hash::of(&data));
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        let make = |values| Record::new(Kind::Attachment, values, counting_salts()).unwrap_err();
        assert_eq!(make(vec![(name("kind"), vec![])]), RecordError::KindGiven);
        let twice = vec![(name("lot"), vec![]), (name("lot"), vec![1])];
        assert_eq!(make(twice), RecordError::Repeated { name: name("lot") });
        let size = MAX_VALUE_SIZE + 1;
        let error = RecordError::Value(ValueTooLarge { size });
        assert_eq!(make(vec![(name("lot"), vec![0; size])]), error);
        let many = (0..MAX_FIELDS).map(|n| (name(&format!("x{n}")), vec![])).collect();
        let count = MAX_FIELDS + Kind::Attachment.table().len();
        assert_eq!(make(many), RecordError::TooManyFields { count });
    }
}
