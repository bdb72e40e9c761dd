//! Openings: every record of a batch with every salt, as the vault keeps them.
//!
//! Rule: `spec/text/vault.md`, "Openings".
//!
//! ```text
//! opening  "fiducial/opening/v1\n" || number of records || records
//! record   0 || bytes kind || number of fields || evidence || fields      whole
//!          1 || number of fields || 32-byte leaf hashes                    shredded
//! evidence 0: none | 1: SHA-256 is the value of `file/sha256` | 2 || 32-byte SHA-256
//! field    32-byte salt, then: for field 0 nothing; for the table's fields 0 if it is absent, else
//!          number of bytes plus one || value; for fields behind the table bytes name || bytes value
//! ```
//!
//! Numbers and bytes are those of `bytes`. Names and positions come from the kind's table, so a
//! record takes its salts, its values and little more.
//!
//! Invariant: parsing gives a batch only together with the commitment that it was checked against.

use rayon::prelude::*;
use spec::Hash;
use spec::evidence::batch::{Batch, MAX_RECORDS, Place, commitment};
use spec::evidence::disclosure::{Disclosure, Pick, PickError, Remaining};
use spec::evidence::field::{Content, MAX_VALUE_SIZE, SALT_SIZE, Salt};
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::multiproof::root_of;
use spec::evidence::record::{MAX_FIELDS, Record, record_hash};
use spec::tree::Tree;

use super::bytes::{Malformed, Reader, Writer};
use crate::model::Hash256;

const HEADER: &[u8] = b"fiducial/opening/v1\n";

/// A batch as the vault still has it, checked against its statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) place: Place,
    /// Every record in its place, the header first.
    pub(crate) records: Vec<Kept>,
}

/// What is left of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Its salts and values were deleted; the leaves of its fields stay.
    Shredded(Vec<Hash>),
    /// All of it.
    Whole {
        /// The record.
        record: Record,
        /// The evidence that was captured for it.
        evidence: Option<Hash256>,
    },
}

impl Kept {
    /// The record's leaf in its batch's tree.
    pub(crate) fn leaf_hash(&self) -> Hash {
        match self {
            Self::Shredded(fields) => record_hash(fields.len(), root_of(fields)),
            Self::Whole { record, .. } => record.leaf_hash(),
        }
    }

    /// The record, if it was not shredded.
    pub(crate) const fn whole(&self) -> Option<&Record> {
        match self {
            Self::Shredded(_) => None,
            Self::Whole { record, .. } => Some(record),
        }
    }

    /// Its evidence, if it has any and was not shredded.
    pub(crate) const fn evidence(&self) -> Option<Hash256> {
        match self {
            Self::Shredded(_) => None,
            Self::Whole { evidence, .. } => *evidence,
        }
    }

    /// The same place with salts and values gone.
    pub(crate) fn shredded(&self) -> Self {
        match self {
            Self::Shredded(fields) => Self::Shredded(fields.clone()),
            Self::Whole { record, .. } => Self::Shredded(record.field_hashes()),
        }
    }
}

impl Opening {
    /// A batch and the evidence behind its records, the header left out.
    pub(super) fn new(batch: &Batch, evidence: &[Option<Hash256>]) -> Self {
        let evidence = std::iter::once(None).chain(evidence.iter().copied());
        let records = batch.records().iter().zip(evidence);
        let records =
            records.map(|(record, evidence)| Kept::Whole { record: record.clone(), evidence });
        Self { place: batch.place().clone(), records: records.collect() }
    }

    /// What a statement's `batch` line must hold. Hashes every field once, on all cores.
    pub(crate) fn commitment(&self) -> Hash {
        let hashes: Vec<Hash> = self.records.par_iter().map(Kept::leaf_hash).collect();
        let tree = Tree::new(hashes.len() as u64, root_of(&hashes));
        commitment(&self.place, tree.expect("an opening has at least its header"))
    }

    /// The batch, if nothing was shredded; else the first record that is gone.
    pub(crate) fn to_batch(&self) -> Result<Batch, usize> {
        let mut records = Vec::with_capacity(self.records.len());
        for (index, kept) in self.records.iter().enumerate() {
            records.push(kept.whole().ok_or(index)?.clone());
        }
        let batch = Batch::from_records(self.place.clone(), records);
        Ok(batch.expect("the commitment is of a batch that was made by the same rules"))
    }

    /// Opens what is picked of what is left.
    pub(crate) fn disclose(&self, picks: &[Pick]) -> Result<Disclosure, PickError> {
        let records: Vec<Remaining<'_>> = self
            .records
            .iter()
            .map(|kept| match kept.whole() {
                Some(record) => Remaining::Whole(record),
                None => Remaining::Leaf(kept.leaf_hash()),
            })
            .collect();
        Disclosure::of_remaining(&self.place, &records, picks)
    }

    /// Writes the bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(HEADER).number(self.records.len() as u64);
        for kept in &self.records {
            match kept {
                Kept::Shredded(fields) => {
                    out.number(1).number(fields.len() as u64);
                    for hash in fields {
                        out.raw(hash.as_bytes());
                    }
                }
                Kept::Whole { record, evidence } => write_record(&mut out, record, *evidence),
            }
        }
        out.take()
    }

    /// Parses the bytes; what they commit to is the caller's to check.
    pub(crate) fn parse(place: Place, bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.raw(HEADER.len())? != HEADER {
            return Err(Malformed);
        }
        let count = reader.size(MAX_RECORDS)?;
        if count == 0 {
            return Err(Malformed);
        }
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            records.push(match reader.number()? {
                0 => parse_record(&mut reader)?,
                1 => {
                    let fields = reader.size(MAX_FIELDS)?;
                    let fields: Result<_, _> =
                        (0..fields).map(|_| Ok(Hash::from_bytes(reader.array()?))).collect();
                    Kept::Shredded(fields?)
                }
                _ => return Err(Malformed),
            });
        }
        reader.end()?;
        // The header is never shredded: without it the count of records could not be shown.
        let header = records[0].whole().is_some_and(|record| record.kind() == Kind::Batch);
        if header { Ok(Self { place, records }) } else { Err(Malformed) }
    }
}

/// The value of `file/sha256` for this hash.
fn sha256_value(hash: Hash256) -> Vec<u8> {
    Hash::from(hash).to_hex().into_bytes()
}

fn write_record(out: &mut Writer, record: &Record, evidence: Option<Hash256>) {
    let kind = record.kind();
    out.number(0).bytes(kind.as_str().as_bytes()).number(record.fields().len() as u64);
    match evidence {
        None => out.number(0),
        Some(hash) if record.value("file/sha256") == Some(&sha256_value(hash)) => out.number(1),
        Some(hash) => out.number(2).raw(&hash.0),
    };
    for (index, field) in record.fields().iter().enumerate() {
        out.raw(field.salt());
        match field.content() {
            _ if index == 0 => {}
            Content::Absent => {
                out.number(0);
            }
            Content::Present { value, .. } if index < kind.table().len() => {
                out.number(value.len() as u64 + 1).raw(value);
            }
            Content::Present { name, value } => {
                out.bytes(name.as_str().as_bytes()).bytes(value);
            }
        }
    }
}

fn parse_record(reader: &mut Reader<'_>) -> Result<Kept, Malformed> {
    let kind = Kind::parse(reader.bytes()?).ok_or(Malformed)?;
    let count = reader.size(MAX_FIELDS)?;
    let evidence_form = reader.number()?;
    let explicit = match evidence_form {
        0 | 1 => None,
        2 => Some(Hash256(reader.array()?)),
        _ => return Err(Malformed),
    };
    let (salts, values) = parse_fields(reader, kind, count)?;
    let mut salts = salts.into_iter();
    let record = Record::new(kind, values, || salts.next().unwrap_or([0; SALT_SIZE]));
    let record = record.map_err(|_| Malformed)?;
    if record.fields().len() != count {
        return Err(Malformed);
    }
    let own = || {
        let value = std::str::from_utf8(record.value("file/sha256")?).ok()?;
        spec::encoding::decode_hex(value).ok().map(Hash256)
    };
    let evidence = match evidence_form {
        1 => Some(own().ok_or(Malformed)?),
        // One spelling: what could have been left out must have been.
        _ if explicit.is_some() && explicit == own() => return Err(Malformed),
        _ => explicit,
    };
    Ok(Kept::Whole { record, evidence })
}

type Values = Vec<(FieldName, Vec<u8>)>;

fn parse_fields(
    reader: &mut Reader<'_>,
    kind: Kind,
    count: usize,
) -> Result<(Vec<Salt>, Values), Malformed> {
    let (mut salts, mut values): (Vec<Salt>, Values) = (Vec::with_capacity(count), Vec::new());
    let table = kind.table();
    for index in 0..count {
        salts.push(reader.array()?);
        if index == 0 {
            continue;
        }
        if let Some(name) = table.get(index) {
            if let Some(size) = reader.size(MAX_VALUE_SIZE + 1)?.checked_sub(1) {
                let name = FieldName::parse(name).expect("tables hold field names only");
                values.push((name, reader.raw(size)?.to_vec()));
            }
        } else {
            let name = FieldName::parse(reader.text()?).map_err(|_| Malformed)?;
            let last = values.last().filter(|_| index > table.len());
            let ascends = last.is_none_or(|(last, _)| *last < name);
            if !ascends || kind.index_of(name.as_str()).is_some() {
                return Err(Malformed);
            }
            values.push((name, reader.bytes()?.to_vec()));
        }
    }
    Ok((salts, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::support::{batch_of, place};

    fn sample() -> Opening {
        let batch = batch_of(&place(3), 5);
        let own = batch.records()[1].value("file/sha256").unwrap();
        let own = Hash256(spec::encoding::decode_hex(std::str::from_utf8(own).unwrap()).unwrap());
        let evidence = [Some(own), Some(Hash256([7; 32])), None, None, None];
        Opening::new(&batch, &evidence)
    }

    #[test]
    fn an_opening_survives_its_bytes_and_keeps_its_commitment() {
        let opening = sample();
        let batch = opening.to_batch().unwrap();
        assert_eq!(opening.commitment(), batch.commitment());
        let bytes = opening.to_bytes();
        assert_eq!(Opening::parse(place(3), &bytes), Ok(opening.clone()));
        let mut shredded = opening;
        shredded.records[2] = shredded.records[2].shredded();
        assert_eq!(shredded.commitment(), batch.commitment());
        assert_eq!(shredded.to_batch(), Err(2));
        let bytes = shredded.to_bytes();
        assert_eq!(Opening::parse(place(3), &bytes), Ok(shredded));
    }

    #[test]
    fn the_seeds_of_the_fuzz_target_are_openings() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/opening");
        let mut opening = sample();
        for name in ["whole", "shredded"] {
            assert_eq!(std::fs::read(folder.join(name)).unwrap(), opening.to_bytes(), "{name}");
            opening.records[2] = opening.records[2].shredded();
        }
    }

    #[test]
    fn an_opening_is_about_as_long_as_its_salts_and_values() {
        let opening = sample();
        let each = opening.to_bytes().len() / opening.records.len();
        assert!(each < 1200, "{each} bytes a record");
    }

    #[test]
    fn bytes_that_are_no_opening_are_refused_at_every_length_and_bit() {
        let opening = sample();
        let bytes = opening.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Opening::parse(place(3), &bytes[..end]), Err(Malformed), "{end}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Opening::parse(place(3), &longer), Err(Malformed));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let parsed = Opening::parse(place(3), &changed);
            // Whatever is parsed after a change is another batch, or other evidence; and it has
            // only the spelling that was parsed.
            if let Ok(parsed) = parsed {
                assert_ne!(parsed, opening, "byte {at}");
                assert_eq!(parsed.to_bytes(), changed, "byte {at}");
            }
        }
    }
}
