//! The disclosure as a JSON file.
//!
//! Rule: `spec/text/disclosure.md`, "The file".
//!
//! Danger: most JSON readers keep the last of two equal members and drop unknown ones in silence,
//! so two readers can see two files. This one refuses both, `null`, and a list of values where an
//! object is due. Numbers above 2^53 would be rounded by readers that use floating point, so the
//! sequence is decimal text.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Disclosure, DisclosureError, RecordOpening};
use crate::checkpoint::Origin;
use crate::encoding::{decode_base64, decode_hash, encode_base64, parse_decimal};
use crate::evidence::batch::{MAX_RECORDS, Place};
use crate::evidence::field::{Content, Field, Salt};
use crate::evidence::kind::FieldName;
use crate::evidence::record::MAX_FIELDS;
use crate::hash::Hash;
use crate::key::KeyName;

/// The most bytes read: a full opening of 4,096 records of some 8 KiB each.
pub const MAX_DISCLOSURE_SIZE: usize = 32 * 1024 * 1024;

/// What the member `format` holds.
pub(super) const FORMAT: &str = "fiducial/disclosure/v1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisclosureFile {
    format: String,
    log: String,
    source: String,
    sequence: String,
    record_count: u64,
    records: Vec<Object<RecordFile>>,
    proof: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordFile {
    index: u64,
    field_count: u64,
    fields: Vec<Object<FieldFile>>,
    proof: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    index: u64,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    salt: String,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// A JSON object with the members of `T`. Derived readers alone would also take a list of the
/// members' values: a second spelling, which other readers refuse.
#[derive(Serialize)]
#[serde(transparent)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

/// Takes a map and nothing else.
struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

fn not_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    String::deserialize(value).map(Some)
}

pub(super) fn parse(bytes: &[u8]) -> Result<Disclosure, DisclosureError> {
    if bytes.len() > MAX_DISCLOSURE_SIZE {
        return Err(DisclosureError::TooLarge { size: bytes.len() });
    }
    let read = serde_json::from_slice::<Object<DisclosureFile>>(bytes);
    let Object(file) = read.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        DisclosureError::Json { line, column, reason: error.to_string() }
    })?;
    if file.format != FORMAT {
        return Err(DisclosureError::Format);
    }
    let count = file.record_count.max(file.records.len() as u64);
    if count > MAX_RECORDS as u64 {
        return Err(DisclosureError::TooManyRecords { count });
    }
    let malformed = |name| DisclosureError::Member { name };
    let place = Place {
        origin: Origin::parse(&file.log).map_err(|_| malformed("log"))?,
        source: KeyName::parse(&file.source).map_err(|_| malformed("source"))?,
        sequence: parse_decimal(&file.sequence).map_err(|_| malformed("sequence"))?,
    };
    let records: Result<Vec<RecordOpening>, DisclosureError> =
        file.records.into_iter().map(parse_record).collect();
    let proof = parse_proof(&file.proof)?;
    Ok(Disclosure { place, record_count: file.record_count, records: records?, proof })
}

fn parse_record(Object(file): Object<RecordFile>) -> Result<RecordOpening, DisclosureError> {
    let (record, have) = (file.index, file.field_count.max(file.fields.len() as u64));
    if have > MAX_FIELDS as u64 {
        return Err(DisclosureError::FieldCount { record, have, least: 1 });
    }
    let proof = parse_proof(&file.proof)?;
    let fields: Result<Vec<(u64, Field)>, DisclosureError> =
        file.fields.into_iter().map(parse_field).collect();
    Ok(RecordOpening { index: record, field_count: file.field_count, fields: fields?, proof })
}

fn parse_field(Object(file): Object<FieldFile>) -> Result<(u64, Field), DisclosureError> {
    let malformed = |name| DisclosureError::Member { name };
    let salt = decode_base64(&file.salt).ok();
    let salt: Option<Salt> = salt.and_then(|bytes| bytes.try_into().ok());
    let salt = salt.ok_or_else(|| malformed("salt"))?;
    let content = match (file.name, file.text, file.base64) {
        (None, None, None) => Content::Absent,
        (Some(name), Some(text), None) => present(&name, text.into_bytes())?,
        (Some(name), None, Some(base64)) => {
            let value = decode_base64(&base64).map_err(|_| malformed("base64"))?;
            // What is text is written as text, so that a value has one spelling.
            if core::str::from_utf8(&value).is_ok() {
                return Err(malformed("base64"));
            }
            present(&name, value)?
        }
        (None, ..) => return Err(malformed("name")),
        (Some(_), ..) => return Err(malformed("text")),
    };
    let field = Field::new(salt, content).map_err(|_| malformed("text"))?;
    Ok((file.index, field))
}

fn present(name: &str, value: Vec<u8>) -> Result<Content, DisclosureError> {
    let name = FieldName::parse(name).map_err(|_| DisclosureError::Member { name: "name" })?;
    Ok(Content::Present { name, value })
}

fn parse_proof(lines: &[String]) -> Result<Vec<Hash>, DisclosureError> {
    let hash = |line: &String| decode_hash(line);
    let hashes: Result<Vec<Hash>, _> = lines.iter().map(hash).collect();
    hashes.map_err(|_| DisclosureError::Member { name: "proof" })
}

pub(super) fn format(disclosure: &Disclosure) -> String {
    let Disclosure { place, record_count, records, proof } = disclosure;
    let file = DisclosureFile {
        format: FORMAT.to_owned(),
        log: place.origin.to_string(),
        source: place.source.to_string(),
        sequence: place.sequence.to_string(),
        record_count: *record_count,
        records: records.iter().map(|record| Object(format_record(record))).collect(),
        proof: format_proof(proof),
    };
    let mut text = serde_json::to_string_pretty(&file).expect("strings and numbers are JSON");
    text.push('\n');
    text
}

fn format_record(record: &RecordOpening) -> RecordFile {
    let fields = record.fields.iter();
    RecordFile {
        index: record.index,
        field_count: record.field_count,
        fields: fields.map(|(index, field)| Object(format_field(*index, field))).collect(),
        proof: format_proof(&record.proof),
    }
}

fn format_field(index: u64, field: &Field) -> FieldFile {
    let salt = encode_base64(field.salt());
    match field.content() {
        Content::Absent => FieldFile { index, name: None, salt, text: None, base64: None },
        Content::Present { name, value } => {
            let text = core::str::from_utf8(value).ok().map(ToOwned::to_owned);
            let base64 = text.is_none().then(|| encode_base64(value));
            FieldFile { index, name: Some(name.to_string()), salt, text, base64 }
        }
    }
}

fn format_proof(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(ToString::to_string).collect()
}
