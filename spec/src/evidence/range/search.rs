//! The reader's own tags in one statement of a range, and what its records say.
//!
//! Whose a record is, its tags say only to who holds the lot's key: he computes the tag of each of his
//! units at that statement and looks whether it is there. That is units times statements, by far the most
//! of what a range costs, and no statement needs another for it: [`Searched`] is made of each by itself, in
//! any order and on any core, before [`super::Range`] follows them one after the other. Records are looked
//! at here as well (`records`); whether they pass is said in order, where the range is followed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::RangeError;
use super::records::Looked;
use crate::evidence::disclosure::{OpenedBatch, OpenedRecord, Shown};
use crate::evidence::statement::VerifiedStatement;
use crate::evidence::tag::{LotKey, TAG_SIZE, Units, split_tags};

/// Who reads a range: the keys of his lots and the units that he looks for.
pub struct Reader {
    keys: Vec<LotKey>,
    units: Sorted,
    /// The same, for their tags.
    padded: Units,
}

/// Names in ascending order, each once. They lie behind one another: of thousands each would be a piece of
/// memory of its own.
struct Sorted {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Reader {
    /// Units may come in any order and more than once.
    #[must_use]
    pub fn new<U: AsRef<[u8]>>(keys: Vec<LotKey>, units: impl IntoIterator<Item = U>) -> Self {
        let units: Vec<U> = units.into_iter().collect();
        let units = Sorted::new(units.iter().map(AsRef::as_ref).collect());
        let padded = Units::new(units.iter());
        Self { keys, units, padded }
    }
}

impl Sorted {
    fn new(mut names: Vec<&[u8]>) -> Self {
        names.sort_unstable();
        names.dedup();
        let ends = names.iter().scan(0, |end, name| {
            *end += name.len();
            Some(*end)
        });
        Self { ends: ends.collect(), bytes: names.concat() }
    }

    fn get(&self, at: usize) -> &[u8] {
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[begin..self.ends[at]]
    }

    fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.ends.len()).map(|at| self.get(at))
    }

    fn holds(&self, name: &[u8]) -> bool {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).cmp(name) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return true,
                Ordering::Greater => high = middle,
            }
        }
        false
    }
}

/// A statement and what is opened of it, with the reader's own among its tags.
pub struct Searched<'a> {
    statement: &'a VerifiedStatement,
    opened: &'a OpenedBatch,
    reader: Option<&'a Reader>,
    /// Of each of the reader's tags that is there, the unit.
    own: BTreeMap<[u8; TAG_SIZE], &'a [u8]>,
    /// What its records hold, or the first that is wrong.
    looked: Result<Looked, RangeError>,
}

impl<'a> Searched<'a> {
    /// Looks through the records and tags of one statement. Without a reader nobody's units are looked for.
    ///
    /// Computes one tag for each of the reader's units and keys if a record has tags.
    #[must_use]
    pub fn new(
        statement: &'a VerifiedStatement,
        opened: &'a OpenedBatch,
        reader: Option<&'a Reader>,
    ) -> Self {
        let own = reader.map(|reader| own_tags(reader, statement, opened)).unwrap_or_default();
        let looked = Ok(Looked::default());
        let mut searched = Self { statement, opened, reader, own, looked };
        searched.looked = Looked::at(&searched);
        searched
    }

    /// Whether any tag of the reader's is there. Where it is in no statement, the keys may be of other lots.
    #[must_use]
    pub fn finds_own(&self) -> bool {
        !self.own.is_empty()
    }

    pub(super) fn into_looked(self) -> Result<Looked, RangeError> {
        self.looked
    }

    pub(super) const fn statement(&self) -> &'a VerifiedStatement {
        self.statement
    }

    pub(super) const fn opened(&self) -> &'a OpenedBatch {
        self.opened
    }

    /// Whether the reader looks for this unit.
    pub(super) fn is_own(&self, unit: &[u8]) -> bool {
        self.reader.is_some_and(|reader| reader.units.holds(unit))
    }

    /// The reader's unit that has this tag.
    pub(super) fn unit_of(&self, tag: &[u8; TAG_SIZE]) -> Option<&'a [u8]> {
        self.own.get(tag).copied()
    }
}

/// The tags of the reader's units that are there, each with its unit.
fn own_tags<'a>(
    reader: &'a Reader,
    statement: &VerifiedStatement,
    opened: &OpenedBatch,
) -> BTreeMap<[u8; TAG_SIZE], &'a [u8]> {
    let (there, mut own) = (There::new(opened), BTreeMap::new());
    if there.tags.is_empty() {
        return own;
    }
    for key in &reader.keys {
        let key = key.of_statement(statement.source(), statement.sequence());
        key.for_each(&reader.padded, |at, tag| {
            if there.may_hold(tag.head()) {
                let tag = tag.to_bytes();
                if there.tags.binary_search(&tag).is_ok() {
                    own.insert(tag, reader.units.get(at));
                }
            }
        });
    }
    own
}

/// The tags of a statement, to be searched for many that are mostly not among them.
struct There {
    /// In ascending order.
    tags: Vec<[u8; TAG_SIZE]>,
    /// One bit for each pair of first bytes: set if a tag begins with them.
    heads: Vec<u64>,
}

impl There {
    fn new(opened: &OpenedBatch) -> Self {
        let mut tags: Vec<[u8; TAG_SIZE]> = opened.records().iter().flat_map(tags_of).collect();
        tags.sort_unstable();
        tags.dedup();
        let mut heads = alloc::vec![0; 1 << (u16::BITS - u64::BITS.ilog2())];
        for [first, second, ..] in &tags {
            let (at, bit) = place_of(u16::from_be_bytes([*first, *second]));
            heads[at] |= bit;
        }
        Self { tags, heads }
    }

    /// Whether any tag begins with these two bytes.
    fn may_hold(&self, head: u16) -> bool {
        let (at, bit) = place_of(head);
        self.heads[at] & bit != 0
    }
}

/// Which word of the heads, and which bit of it.
fn place_of(head: u16) -> (usize, u64) {
    (usize::from(head) / 64, 1 << (head % 64))
}

/// The tags of a record; none if they are not shown or are not whole tags.
pub(super) fn tags_of(record: &OpenedRecord) -> Vec<[u8; TAG_SIZE]> {
    match record.shown("tags") {
        Shown::Value(value) => split_tags(value).unwrap_or_default(),
        Shown::Absent | Shown::Hidden => Vec::new(),
    }
}
