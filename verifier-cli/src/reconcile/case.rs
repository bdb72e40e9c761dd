//! The evidence of one unit: which of all records are about it, and which about its panel.
//!
//! | a record is | if |
//! |---|---|
//! | the panel's | it names the panel, or a unit that the list or a record of the panel puts on it |
//! | the unit's | it names the unit among `units`; or it names the panel and no other unit |
//!
//! Boards of one panel often share one identifier, and a report then speaks of positions. Repairs name
//! the repaired board alone: that another board of the panel was repaired explains why the panel was looked
//! at again.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;

use super::entry::Entry;
use super::verdict::{CROSSED_OUT, Verdict, Words, counts_some};
use crate::list::{Unit, is_name};

/// All records, and where each name occurs.
pub(super) struct Book<'e> {
    pub(super) entries: &'e [Entry],
    by_name: BTreeMap<&'e [u8], Vec<usize>>,
    by_whole: BTreeMap<(&'e str, &'e [u8]), Vec<usize>>,
    /// The panel beside which records have a name; `None` for one that they have beside several.
    recorded: BTreeMap<&'e [u8], Option<&'e [u8]>>,
    /// Which units the list puts on each panel.
    listed: BTreeMap<&'e str, Vec<&'e str>>,
    /// Every SHA-256 by which an opened record names bytes.
    pub(super) hashes: BTreeSet<&'e [u8]>,
    pub(super) words: &'e Words,
}

/// One unit's evidence, in the order of sight.
pub(super) struct Case<'e> {
    pub(super) unit: &'e Unit,
    /// What its panel is called.
    panel_name: Option<&'e [u8]>,
    /// Records about the unit.
    pub(super) own: Vec<&'e Entry>,
    /// Records about its panel, those about the unit among them.
    pub(super) panel: Vec<&'e Entry>,
    /// Repairs of any board of the panel.
    pub(super) repairs: Vec<&'e Entry>,
    pub(super) book: &'e Book<'e>,
}

impl<'e> Book<'e> {
    pub(super) fn new(entries: &'e [Entry], units: &'e [Unit], words: &'e Words) -> Self {
        let mut book = Self {
            entries,
            by_name: BTreeMap::new(),
            by_whole: BTreeMap::new(),
            recorded: BTreeMap::new(),
            listed: BTreeMap::new(),
            hashes: BTreeSet::new(),
            words,
        };
        for (at, entry) in entries.iter().enumerate() {
            let names: BTreeSet<&[u8]> = names(entry).collect();
            for name in names {
                book.by_name.entry(name).or_default().push(at);
                if let Some(panel) = panel_in(entry) {
                    let known = book.recorded.entry(name).or_insert(Some(panel));
                    *known = known.filter(|known| *known == panel);
                }
            }
            if is_look(entry.kind)
                && !entry.is_appended()
                && let Some(whole) = entry.bytes("part/of-sha256")
            {
                book.by_whole.entry((entry.source.as_str(), whole)).or_default().push(at);
            }
            book.hashes.extend(entry.hashes());
        }
        for unit in units {
            // What has no serial is a board of its panel that no record can name.
            if let Some(panel) = unit.panel_name().filter(|_| !unit.serial.is_empty()) {
                book.listed.entry(panel).or_default().push(&unit.serial);
            }
        }
        book
    }

    /// Puts together what is about a unit.
    pub(super) fn case(&'e self, unit: &'e Unit) -> Case<'e> {
        let panel = self.panel_of(unit);
        let serial = Some(unit.serial.as_bytes()).filter(|serial| !serial.is_empty());
        let mut names: BTreeSet<&[u8]> = serial.into_iter().collect();
        if let Some(panel) = panel {
            names.insert(panel);
            let listed = std::str::from_utf8(panel).ok().and_then(|panel| self.listed.get(panel));
            names.extend(listed.into_iter().flatten().map(|serial| serial.as_bytes()));
            // Units that a report of this very panel lists.
            let of_panel = self.of(panel).filter(|entry| entry.bytes("panel") == Some(panel));
            names.extend(of_panel.flat_map(|entry| entry.items("units")).filter(|name| {
                // What a machine writes for a board that it could not read is nobody's name.
                is_name(name) && self.recorded.get(name) == Some(&Some(panel))
            }));
        }
        let places: BTreeSet<usize> =
            names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        let mut on_panel: Vec<&Entry> = places.iter().map(|at| &self.entries[*at]).collect();
        on_panel.sort_by_key(|entry| entry.order());
        let is_own = |entry: &&&Entry| is_about(entry, unit, panel, &names);
        let own = on_panel.iter().filter(is_own).copied().collect();
        let repairs = self.repairs(&on_panel, &names);
        Case { unit, panel_name: panel, own, panel: on_panel, repairs, book: self }
    }

    fn of(&self, name: &[u8]) -> impl Iterator<Item = &'e Entry> + use<'e, '_> {
        self.by_name.get(name).into_iter().flatten().map(|at| &self.entries[*at])
    }

    /// The panel that the list names, or else the one that reports on the unit name.
    fn panel_of(&'e self, unit: &'e Unit) -> Option<&'e [u8]> {
        if let Some(panel) = unit.panel_name() {
            return Some(panel.as_bytes());
        }
        let serial = unit.serial.as_bytes();
        let lists_it =
            |entry: &&Entry| is_look(entry.kind) && entry.items("units").contains(&serial);
        self.of(serial).filter(lists_it).find_map(panel_in)
    }

    /// Repairs of the panel's boards, also of those that only a file of reports on single boards
    /// shows to belong to it.
    fn repairs(&self, on_panel: &[&'e Entry], names: &BTreeSet<&[u8]>) -> Vec<&'e Entry> {
        let files = on_panel.iter().filter_map(|entry| {
            let whole = entry.bytes("part/of-sha256").filter(|_| panel_in(entry).is_none())?;
            self.by_whole.get(&(entry.source.as_str(), whole))
        });
        let beside = files.flatten().flat_map(|at| self.entries[*at].items("units"));
        let names: BTreeSet<&[u8]> = names.iter().copied().chain(beside).collect();
        let places: BTreeSet<usize> =
            names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        let entries = places.into_iter().map(|at| &self.entries[at]);
        entries.filter(|entry| entry.kind == Kind::Repair).collect()
    }
}

/// Whether records of this kind are reports of a machine that inspects boards. One of paste looks before anything is
/// placed on it, a review is a person's, and what has no kind of its own (AXI) is an attachment.
pub(crate) const fn is_inspection(kind: Kind) -> bool {
    matches!(kind, Kind::AoiReport)
}

/// What a machine or a person saw of a board.
pub(super) const fn is_look(kind: Kind) -> bool {
    matches!(kind, Kind::AoiReport | Kind::Review | Kind::SpiReport)
}

/// The panel that a record names.
fn panel_in(entry: &Entry) -> Option<&[u8]> {
    entry.bytes("panel").filter(|panel| is_name(panel))
}

/// What a record calls the boards that it is about. What a closing calls units is a number.
fn names(entry: &Entry) -> impl Iterator<Item = &[u8]> {
    let is_evidence = entry.kind.is_evidence();
    let named = entry.items("units").into_iter().chain(entry.bytes("panel"));
    named.filter(move |name| is_evidence && is_name(name))
}

/// Whether a word is that of a board that is crossed out.
fn is_crossed_out(word: &[u8]) -> bool {
    let word = String::from_utf8_lossy(word).trim().to_lowercase();
    CROSSED_OUT.iter().any(|known| word.starts_with(*known))
}

fn is_about(entry: &Entry, unit: &Unit, panel: Option<&[u8]>, names: &BTreeSet<&[u8]>) -> bool {
    let units = entry.items("units");
    if units.iter().any(|name| unit.is(name)) {
        return true;
    }
    let Some(panel) = panel else {
        return entry.bytes("panel").is_some_and(|name| unit.is(name));
    };
    let names_panel = entry.bytes("panel") == Some(panel) || units.contains(&panel);
    names_panel && !units.iter().any(|unit| *unit != panel && names.contains(unit))
}

/// What a record says of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) verdict: Verdict,
    /// Whether it is said of this unit; else of its panel, and it may be another board's.
    pub(super) is_own: bool,
}

impl Case<'_> {
    /// Whether a machine that inspects has reported on the unit.
    pub(super) fn is_inspected(&self) -> bool {
        self.own.iter().any(|entry| is_inspection(entry.kind))
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        self.own.iter().filter(move |entry| entry.kind == kind).copied()
    }

    /// Whether a record names other boards, and neither the unit nor its panel nor one that was not read.
    pub(super) fn is_of_others(&self, entry: &Entry) -> bool {
        let units = entry.items("units");
        // A unit of which no panel is known may be one itself, and the others its boards.
        let is_panel = self.panel_name.is_none()
            && entry.bytes("panel").is_some_and(|name| self.unit.is(name));
        let is_ours =
            |name: &&[u8]| self.unit.is(name) || self.panel_name == Some(*name) || !is_name(name);
        !is_panel && !units.is_empty() && !units.iter().any(is_ours)
    }

    /// What a record's `field` of verdicts says of the unit; `None` if the record has none.
    pub(super) fn word(&self, entry: &Entry, field: &str) -> Option<Word> {
        let (units, words) = (entry.items("units"), &self.book.words);
        let whole = entry.bytes(field)?;
        if self.is_of_others(entry) {
            return Some(Word { verdict: Verdict::Unknown, is_own: false });
        }
        if !whole.ends_with(b"\n") {
            let is_own = matches!(units.as_slice(), [only] if self.unit.is(only));
            return Some(Word { verdict: words.of(whole), is_own });
        }
        let list = entry.items(field);
        let mut at = (0..units.len()).filter(|at| self.unit.is(units[*at]));
        let own = match (at.next(), at.next()) {
            (Some(only), None) => Some(only),
            _ => self.unit.position.as_ref().and_then(|position| {
                let positions = entry.items("unit/positions");
                positions.iter().position(|at| *at == position.as_bytes())
            }),
        };
        match own.and_then(|at| list.get(at)) {
            Some(word) => Some(Word { verdict: words.of(word), is_own: true }),
            None => Some(Word { verdict: words.of_all(list), is_own: false }),
        }
    }

    /// Whether a machine's look found something, on whichever board: by its word, or by its count of
    /// defects where it says no word.
    pub(super) fn is_bad(&self, entry: &Entry) -> bool {
        match entry.bytes("verdict") {
            Some(_) => {
                let words = entry.items("verdict");
                let says = |word: &[u8]| self.book.words.of(word);
                // A crossed-out board is no finding.
                words.iter().any(|word| says(word) == Verdict::Bad && !is_crossed_out(word))
            }
            None => entry.text("defects").is_some_and(|count| counts_some(&count)),
        }
    }
}
