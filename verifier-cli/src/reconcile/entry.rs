//! One opened record, with what several dossiers show of it put together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use spec::encoding::parse_decimal;
use spec::evidence::disclosure::OpenedRecord;
use spec::evidence::kind::Kind;
use spec::evidence::range::items;
use spec::evidence::time::parse_millis;
use spec::key::KeyName;

use super::claimed;

/// What is known of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'e> {
    /// The record has none.
    Absent,
    /// It was not opened, or may be there and is not.
    Hidden,
    /// Its value.
    Value(&'e [u8]),
}

/// A record.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) source: KeyName,
    pub(super) sequence: u64,
    pub(super) record: u64,
    pub(super) kind: Kind,
    /// How many fields stand behind the kind's table, opened or not.
    behind: u64,
    /// When its statement was sealed by the source's clock, if that is shown.
    closed: Option<u64>,
    fields: BTreeMap<String, Option<Vec<u8>>>,
}

impl Entry {
    pub(super) fn new(
        source: &KeyName,
        sequence: u64,
        closed: Option<u64>,
        of: &OpenedRecord,
    ) -> Self {
        let behind = of.field_count().saturating_sub(of.kind().table().len() as u64);
        let (source, fields) = (source.clone(), BTreeMap::new());
        let (record, kind) = (of.index(), of.kind());
        let mut entry = Self { source, sequence, record, kind, behind, closed, fields };
        entry.add(of);
        entry
    }

    /// Adds what another dossier shows of the same record: both hold against one commitment.
    pub(super) fn add(&mut self, of: &OpenedRecord) {
        for field in of.fields() {
            let value = field.value().map(<[u8]>::to_vec);
            self.fields.insert(field.name().as_str().to_owned(), value);
        }
    }

    pub(super) fn field(&self, name: &str) -> Field<'_> {
        match self.fields.get(name) {
            Some(Some(value)) => Field::Value(value),
            Some(None) => Field::Absent,
            None if self.kind.index_of(name).is_some() || !self.shows_all_behind() => Field::Hidden,
            None => Field::Absent,
        }
    }

    /// Whether every name that the kind's table does not have is opened, so that others are absent.
    pub(super) fn shows_all_behind(&self) -> bool {
        let known = |name: &String| self.kind.index_of(name).is_some();
        self.fields.keys().filter(|name| !known(name)).count() as u64 == self.behind
    }

    /// The first of these that is not opened.
    pub(super) fn first_hidden<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.field(name) == Field::Hidden)
    }

    /// The value, where there is one; empty ones count as none.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.field(name) {
            Field::Value(value) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(String::from_utf8_lossy)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        parse_decimal(std::str::from_utf8(self.bytes(name)?).ok()?).ok()
    }

    pub(super) fn moment(&self, name: &str) -> Option<u64> {
        parse_millis(std::str::from_utf8(self.bytes(name)?).ok()?)
    }

    pub(super) fn items(&self, name: &str) -> Vec<&[u8]> {
        self.bytes(name).map(|list| items(list).collect()).unwrap_or_default()
    }

    /// When the agent saw it; when its statement was sealed, if that is all that is shown.
    pub(super) fn seen(&self) -> u64 {
        self.moment("seen").or(self.closed).unwrap_or(u64::MAX)
    }

    /// The time that it claims, if its format and zone leave no doubt.
    pub(super) fn claimed(&self) -> Option<u64> {
        let start = self.text("claimed/start")?;
        let (format, zone) = (self.text("claimed/format"), self.text("claimed/zone"));
        claimed::instant(&start, format.as_deref().unwrap_or("iso"), zone.as_deref()?)
    }

    /// The time that it claims, and that of sight: see [`claimed::in_time`].
    pub(super) fn times(&self) -> (Option<u64>, u64) {
        (self.claimed(), self.seen())
    }

    /// By sight, and what was seen at once by its place.
    pub(super) fn order(&self) -> (u64, &str, u64, u64) {
        (self.seen(), self.source.as_str(), self.sequence, self.record)
    }

    /// Whether it was recorded before another: by the chain, of two sources by sight.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        if self.source == other.source {
            return (self.sequence, self.record) < (other.sequence, other.record);
        }
        self.seen() < other.seen()
    }

    /// Every SHA-256 that names its bytes or the file that they came in.
    pub(super) fn hashes(&self) -> impl Iterator<Item = &[u8]> {
        let names = ["file/sha256", "part/of-sha256", "received/sha256"];
        names.into_iter().filter_map(|name| self.bytes(name))
    }

    /// Whether it is a row of a file that only grows.
    pub(super) fn is_appended(&self) -> bool {
        self.bytes("append/prefix").is_some()
    }
}

#[cfg(test)]
impl Entry {
    /// A record all of which is opened, with these values and no others.
    pub(super) fn whole(
        (source, sequence, record): (&str, u64, u64),
        kind: Kind,
        values: &[(&str, &str)],
    ) -> Self {
        let source = KeyName::parse(source).unwrap();
        let mut fields: BTreeMap<String, Option<Vec<u8>>> =
            kind.table().iter().map(|name| ((*name).to_owned(), None)).collect();
        fields.extend(
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Some(value.as_bytes().to_vec()))),
        );
        let behind = (fields.len() - kind.table().len()) as u64;
        Self { source, sequence, record, kind, behind, closed: None, fields }
    }

    /// The same with other values; the empty one takes a field away.
    pub(super) fn with(mut self, values: &[(&str, &str)]) -> Self {
        for (name, value) in values {
            let is_known = self.kind.index_of(name).is_some();
            let value = (!value.is_empty()).then(|| value.as_bytes().to_vec());
            let was_there = self.fields.contains_key(*name);
            match value {
                None if !is_known => drop(self.fields.remove(*name)),
                value => drop(self.fields.insert((*name).to_owned(), value)),
            }
            let is_there = self.fields.contains_key(*name);
            self.behind = self.behind + u64::from(is_there) - u64::from(was_there);
        }
        self
    }

    /// The same at another place.
    pub(super) fn at(self, sequence: u64, record: u64) -> Self {
        Self { sequence, record, ..self }
    }

    /// The same of another source.
    pub(super) fn of(self, source: &str) -> Self {
        Self { source: KeyName::parse(source).unwrap(), ..self }
    }

    /// The same with a field that is not opened.
    pub(super) fn hiding(mut self, name: &str) -> Self {
        self.fields.remove(name);
        self
    }
}
