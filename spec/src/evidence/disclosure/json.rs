//! The disclosure as a JSON file.
//!
//! Rule: `spec/text/disclosure.md`, "The file".
//!
//! Danger: most JSON readers keep the last of two equal members and drop unknown ones in silence,
//! so two readers can see two files. This one refuses both, `null`, and a list of values where an
//! object is due. Numbers above 2^53 would be rounded by readers that use floating point, so the
//! sequence is decimal text.

mod plain;

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
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
struct DisclosureFile<'a> {
    #[serde(borrow)]
    format: Text<'a>,
    #[serde(borrow)]
    log: Text<'a>,
    #[serde(borrow)]
    source: Text<'a>,
    #[serde(borrow)]
    sequence: Text<'a>,
    record_count: u64,
    #[serde(borrow)]
    records: Vec<Object<RecordFile<'a>>>,
    #[serde(borrow)]
    proof: Vec<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordFile<'a> {
    index: u64,
    field_count: u64,
    #[serde(borrow)]
    fields: Vec<Object<FieldFile<'a>>>,
    #[serde(borrow)]
    proof: Vec<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile<'a> {
    index: u64,
    #[serde(
        borrow,
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    salt: Text<'a>,
    #[serde(
        borrow,
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    text: Option<Text<'a>>,
    #[serde(
        borrow,
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    base64: Option<Text<'a>>,
}

/// A JSON string. Most have nothing escaped and stay where the file has them: a full opening has tens of
/// thousands.
#[derive(Serialize)]
#[serde(transparent)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

/// Takes a string and nothing else.
struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_string()))
    }
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

fn not_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Text<'de>>, D::Error> {
    Text::deserialize(value).map(Some)
}

pub(super) fn parse(bytes: &[u8]) -> Result<Disclosure, DisclosureError> {
    if bytes.len() > MAX_DISCLOSURE_SIZE {
        return Err(DisclosureError::TooLarge { size: bytes.len() });
    }
    // Of text that is known to be UTF-8 no string is looked through again. What is not, is refused, and
    // where is said by who reads bytes.
    let read = match core::str::from_utf8(bytes) {
        Ok(text) => match plain::file(text) {
            Some(file) => Ok(Object(file)),
            None => serde_json::from_str::<Object<DisclosureFile<'_>>>(text),
        },
        Err(_) => serde_json::from_slice(bytes),
    };
    let Object(file) = read.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        DisclosureError::Json { line, column, reason: error.to_string() }
    })?;
    if file.format.0 != FORMAT {
        return Err(DisclosureError::Format);
    }
    let count = file.record_count.max(file.records.len() as u64);
    if count > MAX_RECORDS as u64 {
        return Err(DisclosureError::TooManyRecords { count });
    }
    let malformed = |name| DisclosureError::Member { name };
    let place = Place {
        origin: Origin::parse(&file.log.0).map_err(|_| malformed("log"))?,
        source: KeyName::parse(&file.source.0).map_err(|_| malformed("source"))?,
        sequence: parse_decimal(&file.sequence.0).map_err(|_| malformed("sequence"))?,
    };
    let records: Result<Vec<RecordOpening>, DisclosureError> =
        file.records.into_iter().map(parse_record).collect();
    let proof = parse_proof(&file.proof)?;
    Ok(Disclosure { place, record_count: file.record_count, records: records?, proof })
}

fn parse_record(Object(file): Object<RecordFile<'_>>) -> Result<RecordOpening, DisclosureError> {
    let (record, have) = (file.index, file.field_count.max(file.fields.len() as u64));
    if have > MAX_FIELDS as u64 {
        return Err(DisclosureError::FieldCount { record, have, least: 1 });
    }
    let proof = parse_proof(&file.proof)?;
    let fields: Result<Vec<(u64, Field)>, DisclosureError> =
        file.fields.into_iter().map(parse_field).collect();
    Ok(RecordOpening { index: record, field_count: file.field_count, fields: fields?, proof })
}

fn parse_field(Object(file): Object<FieldFile<'_>>) -> Result<(u64, Field), DisclosureError> {
    let malformed = |name| DisclosureError::Member { name };
    // A salt is as long as a hash, and spelt like one.
    let salt: Salt = *decode_hash(&file.salt.0).map_err(|_| malformed("salt"))?.as_bytes();
    let content = match (file.name, file.text, file.base64) {
        (None, None, None) => Content::Absent,
        (Some(name), Some(text), None) => present(&name.0, text.0.into_owned().into_bytes())?,
        (Some(name), None, Some(base64)) => {
            let value = decode_base64(&base64.0).map_err(|_| malformed("base64"))?;
            // What is text is written as text, so that a value has one spelling.
            if core::str::from_utf8(&value).is_ok() {
                return Err(malformed("base64"));
            }
            present(&name.0, value)?
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

fn parse_proof(lines: &[Text<'_>]) -> Result<Vec<Hash>, DisclosureError> {
    let hash = |line: &Text<'_>| decode_hash(&line.0);
    let hashes: Result<Vec<Hash>, _> = lines.iter().map(hash).collect();
    hashes.map_err(|_| DisclosureError::Member { name: "proof" })
}

pub(super) fn format(disclosure: &Disclosure) -> String {
    let Disclosure { place, record_count, records, proof } = disclosure;
    let file = DisclosureFile {
        format: Text(FORMAT.into()),
        log: Text(place.origin.as_str().into()),
        source: Text(place.source.as_str().into()),
        sequence: Text(place.sequence.to_string().into()),
        record_count: *record_count,
        records: records.iter().map(|record| Object(format_record(record))).collect(),
        proof: format_proof(proof),
    };
    let mut text = serde_json::to_string_pretty(&file).expect("strings and numbers are JSON");
    text.push('\n');
    text
}

fn format_record(record: &RecordOpening) -> RecordFile<'_> {
    let fields = record.fields.iter();
    RecordFile {
        index: record.index,
        field_count: record.field_count,
        fields: fields.map(|(index, field)| Object(format_field(*index, field))).collect(),
        proof: format_proof(&record.proof),
    }
}

fn format_field(index: u64, field: &Field) -> FieldFile<'_> {
    let salt = Text(encode_base64(field.salt()).into());
    match field.content() {
        Content::Absent => FieldFile { index, name: None, salt, text: None, base64: None },
        Content::Present { name, value } => {
            let text = core::str::from_utf8(value).ok().map(|text| Text(text.into()));
            let base64 = text.is_none().then(|| Text(encode_base64(value).into()));
            FieldFile { index, name: Some(Text(name.as_str().into())), salt, text, base64 }
        }
    }
}

fn format_proof(proof: &[Hash]) -> Vec<Text<'static>> {
    proof.iter().map(|hash| Text(hash.to_string().into())).collect()
}
