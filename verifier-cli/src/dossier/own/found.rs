//! How records name the caller's units: each by itself, or by its panel alone.
//!
//! Rule: `spec/text/bundle.md`, "Your own units". `reconcile` has the same (`reconcile/case.rs`): a record that
//! names a panel and another board of it says nothing of a board that it does not name.
//!
//! | a board is of a panel | if |
//! |---|---|
//! | by the list | it is listed with the panel |
//! | by the records | a record names both, and none names the board with another panel |

use std::collections::hash_map::Entry;

use foldhash::{HashMap, HashMapExt, HashSet};
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::range::items;

use crate::list::{List, Unit, is_name};

/// How a unit is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record names it.
    Named,
    /// A record names its panel and no other board of it.
    ByPanel,
    Missing,
}

/// Which boards are of which panel.
pub(super) struct Boards<'a> {
    /// The panels of the list. Without one nothing else is looked at.
    panels: HashSet<&'a [u8]>,
    listed: HashMap<&'a [u8], &'a [u8]>,
    /// `None` for a name that records put on several panels.
    recorded: HashMap<&'a [u8], Option<&'a [u8]>>,
}

impl<'a> Boards<'a> {
    /// By the list, and by all that is opened.
    pub(super) fn new(list: &'a List, records: impl Iterator<Item = &'a OpenedRecord>) -> Self {
        let panels: HashSet<&[u8]> =
            list.units.iter().filter_map(Unit::panel_name).map(str::as_bytes).collect();
        // A row without a serial has a panel, and no name that a record could call its board by.
        let on_panel = |unit: &'a Unit| {
            let serial = Some(unit.serial.as_bytes()).filter(|serial| is_name(serial))?;
            Some((serial, unit.panel_name()?.as_bytes()))
        };
        let listed: HashMap<&[u8], &[u8]> = list.units.iter().filter_map(on_panel).collect();
        let mut boards = Self { panels, listed, recorded: HashMap::new() };
        if !boards.panels.is_empty() {
            records.for_each(|record| boards.add(record));
        }
        boards
    }

    fn add(&mut self, record: &'a OpenedRecord) {
        let Some(panel) = panel_in(record).filter(|panel| is_name(panel)) else { return };
        // What one record calls a panel is no board of another.
        for name in units_in(record).chain([panel]).filter(|name| is_name(name)) {
            match self.recorded.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(Some(panel));
                }
                Entry::Occupied(mut known) if *known.get() != Some(panel) => {
                    known.insert(None);
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    /// The panels that a board of this name is of; none that has its name.
    fn of(&self, board: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let recorded = self.recorded.get(board).copied().flatten();
        let panels = self.listed.get(board).copied().into_iter().chain(recorded);
        panels.filter(move |panel| *panel != board)
    }
}

/// What records name.
#[derive(Default)]
pub(super) struct Named<'a> {
    units: HashSet<&'a [u8]>,
    panels: HashSet<&'a [u8]>,
    /// The panels of the list that a record names without another board of theirs.
    alone: HashSet<&'a [u8]>,
}

impl<'a> Named<'a> {
    /// Takes in a record that is read by its names.
    pub(super) fn add(&mut self, boards: &Boards<'a>, record: &'a OpenedRecord) {
        let panel = panel_in(record);
        self.panels.extend(panel);
        self.add_names(boards, record, panel);
    }

    /// Takes in a record that was found by a tag: tags are of what it calls units.
    pub(super) fn add_tagged(&mut self, boards: &Boards<'a>, record: &'a OpenedRecord) {
        self.add_names(boards, record, None);
    }

    fn add_names(
        &mut self,
        boards: &Boards<'a>,
        record: &'a OpenedRecord,
        panel: Option<&'a [u8]>,
    ) {
        self.units.extend(units_in(record));
        if boards.panels.is_empty() {
            return;
        }
        // The panels of all its boards at once: a record has thousands of names, and none is compared with each.
        let with_boards: HashSet<&[u8]> =
            units_in(record).flat_map(|unit| boards.of(unit)).collect();
        let is_alone = |name: &&[u8]| boards.panels.contains(*name) && !with_boards.contains(*name);
        self.alone.extend(units_in(record).chain(panel).filter(is_alone));
    }

    /// How a unit is found.
    pub(super) fn of(&self, unit: &Unit) -> Found {
        let (serial, panel) = (unit.serial.as_bytes(), unit.panel_name().map(str::as_bytes));
        // A unit of which no panel is known may be one itself.
        let is_panel = panel.is_none() && self.panels.contains(serial);
        if is_name(serial) && (is_panel || self.units.contains(serial)) {
            return Found::Named;
        }
        let is_alone = panel.is_some_and(|panel| self.alone.contains(panel));
        if is_alone { Found::ByPanel } else { Found::Missing }
    }
}

/// What a record of evidence calls units. What a closing calls so is a number.
pub(super) fn units_in(record: &OpenedRecord) -> impl Iterator<Item = &[u8]> {
    value(record, "units").into_iter().flat_map(items)
}

/// What a record of evidence calls its panel.
pub(super) fn panel_in(record: &OpenedRecord) -> Option<&[u8]> {
    value(record, "panel")
}

pub(super) fn value<'a>(record: &'a OpenedRecord, name: &str) -> Option<&'a [u8]> {
    match record.shown(name) {
        Shown::Value(value) if record.kind().is_evidence() => Some(value),
        Shown::Value(_) | Shown::Absent | Shown::Hidden => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use spec::checkpoint::Origin;
    use spec::evidence::batch::{Batch, Header, Place};
    use spec::evidence::disclosure::{Disclosure, OpenedBatch};
    use spec::evidence::kind::{FieldName, Kind};
    use spec::evidence::record::Record;
    use spec::key::KeyName;

    use super::*;

    fn place() -> Place {
        Place {
            origin: Origin::parse("log.example").unwrap(),
            source: KeyName::parse("aoi.example/7").unwrap(),
            sequence: 0,
        }
    }

    /// Reports, each with these values.
    pub(in super::super) fn batch(records: &[&[(&str, &str)]]) -> Batch {
        let field = |(name, value): &(&str, &str)| {
            (FieldName::parse(name).unwrap(), value.as_bytes().to_vec())
        };
        let record = |values: &&[(&str, &str)]| {
            let values = values.iter().map(field).collect();
            Record::new(Kind::AoiReport, values, || [7; 32]).unwrap()
        };
        let records = records.iter().map(record).collect();
        Batch::new(place(), Header::default(), records, || [7; 32]).unwrap()
    }

    /// The same, all of them opened.
    pub(in super::super) fn opened(records: &[&[(&str, &str)]]) -> OpenedBatch {
        let batch = batch(records);
        shown(&batch, &Disclosure::whole(&batch))
    }

    /// What is shown of a batch.
    pub(in super::super) fn shown(batch: &Batch, of: &Disclosure) -> OpenedBatch {
        of.verify_commitment(&place(), batch.commitment()).unwrap()
    }

    pub(in super::super) fn list(units: &[(&str, &str)]) -> List {
        let unit = |(serial, panel): &(&str, &str)| Unit {
            serial: (*serial).to_owned(),
            panel: Some((*panel).to_owned()).filter(|panel| !panel.is_empty()),
            ..Unit::default()
        };
        List { units: units.iter().map(unit).collect(), has_header: true, unread: Vec::new() }
    }

    /// How each unit of a list is found in records that are read by name, and in the same by their tags.
    fn found(units: &[(&str, &str)], records: &[&[(&str, &str)]]) -> [Vec<Found>; 2] {
        let (list, opened) = (list(units), opened(records));
        let boards = Boards::new(&list, opened.records().iter());
        let (mut by_name, mut by_tag) = (Named::default(), Named::default());
        for record in opened.records() {
            by_name.add(&boards, record);
            by_tag.add_tagged(&boards, record);
        }
        [by_name, by_tag].map(|named| list.units.iter().map(|unit| named.of(unit)).collect())
    }

    const P: (&str, &str) = ("panel", "PNL7");

    #[test]
    fn a_panel_with_boards_of_its_own_finds_no_board_that_is_not_among_them() {
        use Found::{Missing, Named};
        let units = [("SN-1", "PNL7"), ("SN-GHOST", "PNL7")];
        let report: &[(&str, &str)] = &[P, ("units", "SN-1\nSN-2\n")];
        assert_eq!(found(&units, &[report])[0], [Named, Missing]);
        // Nor where the list does not have these boards: the report itself puts them on the panel.
        assert_eq!(found(&units[1..], &[report])[0], [Missing]);
        // One by which another record shows it, also where the panel is among the units.
        let beside: &[(&str, &str)] = &[("units", "PNL7\nSN-2\n")];
        assert_eq!(found(&units[1..], &[report, beside]), [[Missing], [Missing]]);
        assert_eq!(found(&units, &[&[("units", "PNL7\nSN-1\n")]]), [[Named, Missing]; 2]);
    }

    #[test]
    fn a_panel_that_is_named_alone_finds_its_boards_and_names_none() {
        use Found::{ByPanel, Missing, Named};
        let units = [("SN-1", "PNL7"), ("SN-2", "PNL7"), ("SN-3", "PNL8")];
        let alone: &[(&str, &str)] = &[P, ("units", "PNL7\nPNL7\n")];
        assert_eq!(found(&units, &[alone]), [[ByPanel, ByPanel, Missing]; 2]);
        // The panel of a record is no unit of it, and has no tag.
        assert_eq!(found(&units[..1], &[&[P]]), [[ByPanel], [Missing]]);
        // One record for all of it, and one of a single board.
        let single: &[(&str, &str)] = &[P, ("units", "SN-1\n")];
        assert_eq!(found(&units, &[alone, single])[0], [Named, ByPanel, Missing]);
        // What several panels have is the name of no board of one of them, and what could not be read is none.
        let shared: &[(&str, &str)] = &[P, ("units", "N/A\nL7\n")];
        let other: &[(&str, &str)] = &[("panel", "PNL8"), ("units", "L7\n")];
        assert_eq!(found(&units, &[shared, other])[0], [ByPanel; 3]);
        assert_eq!(found(&units, &[shared])[0], [Missing; 3]);
    }

    #[test]
    fn a_unit_without_a_serial_is_found_by_its_panel_alone() {
        use Found::{ByPanel, Missing, Named};
        let units = [("", "PNL7"), ("", "PNL8"), ("SN-3", "PNL8")];
        let alone: &[(&str, &str)] = &[P, ("units", "PNL7\nN/A\n\n")];
        assert_eq!(found(&units, &[alone]), [[ByPanel, Missing, Missing]; 2]);
        // A board that was not read, on any panel, is none of another; one that is named is not the one meant.
        let unread: &[(&str, &str)] = &[("panel", "PNL8"), ("units", "N/A\n\n")];
        assert_eq!(found(&units, &[alone, unread])[0], [ByPanel, ByPanel, ByPanel]);
        let named: &[(&str, &str)] = &[("panel", "PNL8"), ("units", "SN-3\n")];
        assert_eq!(found(&units, &[alone, named])[0], [ByPanel, Missing, Named]);
    }

    #[test]
    fn a_panel_that_is_shipped_as_a_unit_is_named() {
        use Found::{Missing, Named};
        let report: &[(&str, &str)] = &[P, ("units", "SN-1\n")];
        let units = [("PNL7", ""), ("NOREAD", ""), ("PNL7", "PNL9")];
        assert_eq!(found(&units, &[report])[0], [Named, Missing, Missing]);
        assert_eq!(found(&units[..1], &[report])[1], [Missing]);
    }
}
