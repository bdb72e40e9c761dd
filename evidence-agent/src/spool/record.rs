//! From a pending record to a salted one, and what fits into one.

use std::collections::BTreeMap;

use spec::evidence::field::{MAX_VALUE_SIZE, Salt};
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::record::{MAX_FIELDS, Record};

use super::tags;
use crate::error::AgentError;
use crate::model::Pending;

/// The most bytes of all values of one record: a statement of a single such record can still be
/// opened whole, whatever bytes they are.
pub(crate) const MAX_VALUES_SIZE: usize = 1024 * 1024;

/// Names that are added when the record is sealed, outside every table: room is kept for them.
const ADDED_LATER: usize = 1;

/// What a field costs in an opening, without its name and value: an index, a salt, punctuation.
const FIELD_COST: usize = 130;

/// Checks that values make a record of `kind`. Says why not.
pub(crate) fn check(kind: Kind, values: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let (mut size, mut outside) = (0, 0);
    for (name, value) in values {
        if name == "kind" || name == "tags" || FieldName::parse(name).is_err() {
            return Err(format!("{name:?} is no name that a reading may use"));
        }
        if value.len() > MAX_VALUE_SIZE {
            let have = value.len();
            return Err(format!(
                "a value of {have} bytes for `{name}`; at most {MAX_VALUE_SIZE} fit in a field"
            ));
        }
        size += value.len();
        outside += usize::from(kind.index_of(name).is_none());
    }
    let count = kind.table().len() + outside + ADDED_LATER;
    if count > MAX_FIELDS {
        return Err(format!("{count} fields, where a record has at most {MAX_FIELDS}"));
    }
    if size > MAX_VALUES_SIZE {
        return Err(format!("{size} bytes of values, where {MAX_VALUES_SIZE} are taken"));
    }
    Ok(())
}

/// Makes the salted record, with `more` beside the pending values.
pub(super) fn to_record(
    pending: Pending,
    more: Vec<(&str, Vec<u8>)>,
    salts: impl FnMut() -> Salt,
) -> Result<Record, AgentError> {
    let wrong = |reason: String| AgentError::Failed(format!("a pending record: {reason}"));
    let kind = Kind::parse(pending.kind.as_bytes())
        .ok_or_else(|| wrong(format!("{:?} is no kind", pending.kind)))?;
    let more = more.into_iter().map(|(name, value)| (name.to_string(), value));
    let values: Result<Vec<_>, AgentError> = pending
        .values
        .into_iter()
        .chain(more)
        .map(|(name, value)| match FieldName::parse(&name) {
            Ok(name) => Ok((name, value)),
            Err(error) => Err(wrong(format!("{name:?}: {error}"))),
        })
        .collect();
    Record::new(kind, values?, salts).map_err(|error| wrong(error.to_string()))
}

/// At most how many bytes a record adds to a whole opening of its statement.
pub(super) fn opening_cost(pending: &Pending) -> usize {
    let table = Kind::parse(pending.kind.as_bytes()).map_or(0, |kind| kind.table().len());
    let values: usize =
        pending.values.iter().map(|(name, value)| FIELD_COST + name.len() + written(value)).sum();
    // Tags are 32 bytes a unit, in base64; records of very many units have none.
    let units = pending.values.get("units").map_or(0, |units| tags::items(units).count());
    let units = if units > tags::MAX_TAGGED_UNITS { 0 } else { units * 44 };
    FIELD_COST * (table + 3) + values + units
}

/// At most how many bytes a value is in JSON: as escaped text, or as base64 where it is no text.
fn written(value: &[u8]) -> usize {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 | 0x7f => 6,
        _ => 1,
    };
    value.iter().map(escaped).sum::<usize>().max(value.len().div_ceil(3) * 4)
}

#[cfg(test)]
mod tests {
    use super::super::salts::Salts;
    use super::*;
    use crate::model::UnixMillis;
    use spec::checkpoint::Origin;
    use spec::evidence::batch::{Batch, Header, Place};
    use spec::evidence::disclosure::Disclosure;
    use spec::key::KeyName;

    fn pending(values: &[(&str, &[u8])]) -> Pending {
        let values = values.iter().map(|(name, value)| (name.to_string(), value.to_vec()));
        let kind = "aoi-report".to_string();
        Pending { kind, values: values.collect(), evidence: None, seen: UnixMillis(0) }
    }

    #[test]
    fn what_does_not_fit_is_said_before_it_is_pending() {
        let checked = |values: &[(&str, &[u8])]| check(Kind::AoiReport, &pending(values).values);
        assert_eq!(checked(&[("verdict", b"Passed"), ("own/name", b"")]), Ok(()));
        assert!(checked(&[("kind", b"x")]).is_err() && checked(&[("tags", b"x")]).is_err());
        assert!(checked(&[("No Name", b"x")]).is_err());
        let long = vec![0; MAX_VALUE_SIZE + 1];
        assert!(checked(&[("units", &long)]).unwrap_err().starts_with("a value of 65537 bytes"));
        let names: Vec<String> = (0..64).map(|n| format!("x{n}")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(checked(&many).unwrap_err().contains("fields"));
        let large: Vec<(&str, &[u8])> =
            names[..17].iter().map(|name| (name.as_str(), &long[1..])).collect();
        assert!(checked(&large).unwrap_err().contains("bytes of values"));
    }

    #[test]
    fn the_cost_of_an_opening_is_never_below_what_it_is() {
        let texts: [&[u8]; 5] =
            [b"plain", b"\xff\xfe\x00", b"quote\"\\\n\r\t\x01\x7f", "检查".as_bytes(), &[0; 9999]];
        for text in texts {
            let pending = pending(&[("verdict", text), ("a/b", text), ("file/name", text)]);
            let mut salts = Salts::new();
            let record = to_record(pending.clone(), vec![], salts.of_record().unwrap()).unwrap();
            let place = Place {
                origin: Origin::parse("o").unwrap(),
                source: KeyName::parse("s").unwrap(),
                sequence: 0,
            };
            let whole = |records: Vec<Record>| {
                let mut salts = Salts::new();
                let mut all = Vec::new();
                let mut next = salts.of_record().unwrap();
                all.extend((0..9).map(|_| next()));
                let mut all = all.into_iter();
                let batch =
                    Batch::new(place.clone(), Header::default(), records, || all.next().unwrap());
                Disclosure::whole(&batch.unwrap()).to_json().len()
            };
            let real = whole(vec![record.clone(), record.clone()]) - whole(vec![record]);
            assert!(opening_cost(&pending) >= real, "{} {real}", opening_cost(&pending));
        }
    }
}
