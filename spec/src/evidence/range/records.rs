//! The records of one statement of a range: each is there, shows what it must, and its units and tags belong
//! together.

use alloc::string::String;
use alloc::vec::Vec;

use super::search::{Searched, tags_of};
use super::show::{OWN, missing};
use super::{RangeError, items};
use crate::evidence::disclosure::{OpenedRecord, Shown};
use crate::evidence::kind::Kind;
use crate::evidence::tag::{TAG_SIZE, split_tags};

/// What the records of one statement hold. Numbers are of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) sequence: u64,
    pub(super) tagged: u64,
    pub(super) outages: u64,
    pub(super) unnamed: u64,
    /// The reader's own records.
    pub(super) own: Vec<u64>,
    /// The reader's units, as often as records name them.
    pub(super) own_units: Vec<Vec<u8>>,
}

impl Looked {
    /// Every record is there and shows what it must.
    pub(super) fn at(searched: &Searched<'_>) -> Result<Self, RangeError> {
        let (sequence, opened) = (searched.statement().sequence(), searched.opened());
        let mut looked = Self { sequence, ..Self::default() };
        let mut records = opened.records().iter().skip(1);
        for record in 1..opened.record_count() {
            let hidden = |field| RangeError::Hidden { sequence, record, field };
            let shown = records.next().filter(|shown| shown.index() == record);
            let shown = shown.ok_or_else(|| hidden("kind"))?;
            if let Some(field) = missing(shown) {
                return Err(hidden(field));
            }
            looked.look_at(searched, shown)?;
        }
        Ok(looked)
    }

    fn look_at(&mut self, searched: &Searched<'_>, shown: &OpenedRecord) -> Result<(), RangeError> {
        let (sequence, record) = (self.sequence, shown.index());
        self.outages += u64::from(shown.kind() == Kind::Outage);
        // What a closing calls units is a number, and elsewhere the names are the source's own.
        if !shown.kind().is_evidence() {
            return Ok(());
        }
        if let Shown::Value(value) = shown.shown("tags")
            && split_tags(value).is_none()
        {
            return Err(RangeError::Mistagged { sequence, record });
        }
        let tags = tags_of(shown);
        self.count(shown, &tags);
        let found: Vec<(usize, &[u8])> = tags
            .iter()
            .enumerate()
            .filter_map(|(at, tag)| Some((at, searched.unit_of(tag)?)))
            .collect();
        if !found.is_empty() {
            let hidden = OWN.iter().find(|name| shown.shown(name) == Shown::Hidden);
            if let Some(field) = hidden {
                return Err(RangeError::Hidden { sequence, record, field });
            }
            self.own.push(record);
        }
        self.compare_units(searched, shown, tags.len(), &found)
    }

    fn count(&mut self, shown: &OpenedRecord, tags: &[[u8; TAG_SIZE]]) {
        self.tagged += u64::from(!tags.is_empty());
        // A panel or a lot alone does not say which units: whose the record is, nobody can tell by it.
        let names_unit = matches!(shown.shown("units"), Shown::Value(list) if !list.is_empty());
        self.unnamed += u64::from(tags.is_empty() && !names_unit);
    }

    /// `found`: at which of the record's `tags` the reader's units were found.
    fn compare_units(
        &mut self,
        searched: &Searched<'_>,
        shown: &OpenedRecord,
        tags: usize,
        found: &[(usize, &[u8])],
    ) -> Result<(), RangeError> {
        let (sequence, record) = (self.sequence, shown.index());
        let mistagged = RangeError::Mistagged { sequence, record };
        let Shown::Value(list) = shown.shown("units") else {
            return if found.is_empty() { Ok(()) } else { Err(mistagged) };
        };
        let units: Vec<&[u8]> = items(list).collect();
        if tags != 0 && tags != units.len() {
            return Err(mistagged);
        }
        if found.iter().any(|(at, unit)| units.get(*at) != Some(unit)) {
            return Err(mistagged);
        }
        for (at, unit) in units.iter().enumerate() {
            // Where a tag of the reader's stands, the unit is the reader's.
            if found.iter().any(|(place, _)| *place == at) {
                self.own_units.push(unit.to_vec());
            } else if searched.is_own(unit) {
                let unit = String::from_utf8_lossy(unit).into_owned();
                return Err(RangeError::Untagged { sequence, record, unit });
            }
        }
        Ok(())
    }
}
