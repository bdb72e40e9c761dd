//! Which units no machine has inspected, for verdicts that do not reconcile: the rule is that of [`super::case`].
//!
//! There each unit has all that is about it; here each record is gone through as often as it has names, whatever it
//! puts on one panel: a verdict that is no reconciliation is given of evidence that nobody has judged yet.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use rayon::prelude::*;
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::kind::Kind;
use spec::evidence::range::items;

use super::case::{is_inspection, is_look};
use crate::list::{Unit, is_name};

/// The units of which something is shown and no report of a machine that inspects.
pub(crate) fn uninspected<'u, 'r>(
    units: &'u [Unit],
    records: impl Iterator<Item = &'r OpenedRecord>,
) -> Vec<&'u Unit> {
    // Record 0 is the header of its statement.
    let records: Vec<&OpenedRecord> = records.filter(|record| record.index() > 0).collect();
    let in_inspections = records.iter().filter(|record| is_inspection(record.kind()));
    let others = not_named(units, in_inspections.filter_map(|record| bytes(record, "units")));
    if others.is_empty() {
        return Vec::new();
    }
    let evidence = records.iter().filter(|record| record.kind().is_evidence());
    without(units, others, &evidence.map(|record| Naming::of(record)).collect::<Vec<_>>())
}

/// The units that are in none of the lists of reports on an inspection. A report that names a unit is one on it,
/// whatever else is known, and almost always that are all: of the others it takes their panels and neighbours to know.
fn not_named<'u, 'r>(units: &'u [Unit], lists: impl Iterator<Item = &'r [u8]>) -> Vec<&'u Unit> {
    let mut named: HashSet<&[u8]> = HashSet::with_capacity(units.len());
    named.extend(lists.flat_map(items).filter(|name| is_name(name)));
    units.iter().filter(|unit| !named.contains(unit.serial.as_bytes())).collect()
}

/// What a record of evidence names.
struct Naming<'r> {
    kind: Kind,
    panel: Option<&'r [u8]>,
    units: Vec<&'r [u8]>,
}

impl<'r> Naming<'r> {
    fn of(record: &'r OpenedRecord) -> Self {
        let units = bytes(record, "units").map(|list| items(list).collect());
        let panel = bytes(record, "panel").filter(|name| is_name(name));
        Self { kind: record.kind(), panel, units: units.unwrap_or_default() }
    }

    fn names(&self) -> impl Iterator<Item = &'r [u8]> {
        self.units.iter().copied().filter(|name| is_name(name)).chain(self.panel)
    }
}

/// The value, where there is one; an empty one counts as none.
fn bytes<'r>(record: &'r OpenedRecord, name: &str) -> Option<&'r [u8]> {
    match record.shown(name) {
        Shown::Value(value) if !value.is_empty() => Some(value),
        Shown::Value(_) | Shown::Absent | Shown::Hidden => None,
    }
}

/// Those of the `others` that have a record and no inspection.
fn without<'u>(units: &'u [Unit], others: Vec<&'u Unit>, records: &[Naming<'_>]) -> Vec<&'u Unit> {
    let about = About::new(&Panels::new(units, records), records);
    others.into_par_iter().filter(|unit| about.unit(unit) == Some(false)).collect()
}

/// Which boards are of which panel.
struct Panels<'a> {
    listed: HashMap<&'a [u8], Vec<&'a [u8]>>,
    /// `None` for a name that records put on several panels.
    recorded: HashMap<&'a [u8], Option<&'a [u8]>>,
}

impl<'a> Panels<'a> {
    fn new(units: &'a [Unit], records: &[Naming<'a>]) -> Self {
        let mut listed: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
        for unit in units.iter().filter(|unit| !unit.serial.is_empty()) {
            if let Some(panel) = unit.panel_name() {
                listed.entry(unit.serial.as_bytes()).or_default().push(panel.as_bytes());
            }
        }
        let mut recorded: HashMap<&[u8], Option<&[u8]>> = HashMap::new();
        for record in records {
            let Some(panel) = record.panel else { continue };
            for name in record.names() {
                let known = recorded.entry(name).or_insert(Some(panel));
                *known = known.filter(|known| *known == panel);
            }
        }
        Self { listed, recorded }
    }

    /// The panels that a board of this name is of; none that has its name.
    fn of(&self, board: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let recorded = self.recorded.get(board).copied().flatten();
        let listed = self.listed.get(board).into_iter().flatten().copied();
        listed.chain(recorded).filter(move |panel| *panel != board)
    }
}

/// What is about each name: nothing, or whether a report of a machine that inspects is among it.
#[derive(Default)]
struct About<'a> {
    units: HashMap<&'a [u8], bool>,
    panels: HashMap<&'a [u8], bool>,
    /// Of panels, the records that name none of their boards.
    whole: HashMap<&'a [u8], bool>,
    /// The panel that the first look at a unit names.
    looked: HashMap<&'a [u8], &'a [u8]>,
}

impl<'a> About<'a> {
    fn new(panels: &Panels<'a>, records: &[Naming<'a>]) -> Self {
        let mut about = Self::default();
        records.iter().for_each(|record| about.add(panels, record));
        about
    }

    fn add(&mut self, panels: &Panels<'a>, record: &Naming<'a>) {
        let is_inspected = is_inspection(record.kind);
        let add = |to: &mut HashMap<&'a [u8], bool>, name: &'a [u8]| {
            *to.entry(name).or_default() |= is_inspected;
        };
        record.units.iter().for_each(|unit| add(&mut self.units, unit));
        record.panel.into_iter().for_each(|panel| add(&mut self.panels, panel));
        // The panels of all its boards at once: a record has thousands of names, and none is compared with each.
        let in_part: HashSet<&[u8]> =
            record.units.iter().flat_map(|unit| panels.of(unit)).collect();
        let whole = record.names().filter(|name| !in_part.contains(name));
        whole.for_each(|panel| add(&mut self.whole, panel));
        if let Some(panel) = record.panel.filter(|_| is_look(record.kind)) {
            for unit in record.units.iter().filter(|name| is_name(name)) {
                self.looked.entry(unit).or_insert(panel);
            }
        }
    }

    /// Whether a machine has inspected a unit; `None` where nothing is about it.
    fn unit(&self, unit: &Unit) -> Option<bool> {
        let serial = unit.serial.as_bytes();
        let own = self.units.get(serial).filter(|_| is_name(serial)).copied();
        let listed = unit.panel_name().map(str::as_bytes);
        let panel = listed.or_else(|| self.looked.get(serial).copied());
        let on_panel = match panel {
            Some(panel) => self.whole.get(panel),
            // A unit of which no panel is known may be one itself.
            None => self.panels.get(serial),
        };
        [own, on_panel.copied()].into_iter().flatten().reduce(|one, other| one || other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::Book;
    use super::super::entry::Entry;
    use super::super::verdict::Words;
    use super::*;

    fn unit(serial: &str, panel: &str) -> Unit {
        let panel = Some(panel.to_owned()).filter(|panel| !panel.is_empty());
        Unit { serial: serial.to_owned(), panel, ..Unit::default() }
    }

    impl<'r> Naming<'r> {
        fn made(kind: Kind, panel: &'r str, units: &'r str) -> Self {
            let panel = Some(panel.as_bytes()).filter(|name| is_name(name));
            Self { kind, panel, units: items(units.as_bytes()).collect() }
        }
    }

    fn called(units: &[&Unit]) -> Vec<String> {
        units.iter().map(|unit| unit.called().into_owned()).collect()
    }

    #[test]
    fn a_unit_is_without_inspection_where_a_record_is_about_it_and_no_report() {
        let records = [
            Naming::made(Kind::AoiReport, "PN1", "PN1\n"),
            Naming::made(Kind::SpiReport, "PN2", "PN2\n"),
            Naming::made(Kind::OvenData, "PN2", "PN2\n"),
            Naming::made(Kind::Review, "PN3", "SN3\n"),
            // The report on a panel says nothing of a board that is not among those that it names.
            Naming::made(Kind::AoiReport, "PN4", "SN4\n"),
            Naming::made(Kind::Repair, "PN4", "SN5\n"),
        ];
        let units = [
            unit("SN1", "PN1"),
            unit("SN2", "PN2"),
            unit("SN3", ""),
            unit("SN4", "PN4"),
            unit("SN5", "PN4"),
            // Rows without a serial are as many units, each by its panel.
            unit("", "PN1"),
            unit("", "PN2"),
            // Nothing at all is found of this one: that is said elsewhere.
            unit("SN9", ""),
        ];
        let found = |others| called(&without(&units, others, &records));
        assert_eq!(found(units.iter().collect()), ["SN2", "SN3", "SN5", "PN2"]);
        // Those that a report names are none of them, and need not be looked at.
        let lists = [&b"PN1\n"[..], b"SN4\n"];
        let others = not_named(&units, lists.into_iter());
        assert_eq!((units.len() - others.len(), found(others).len()), (1, 4));
        // A placeholder names nobody.
        assert_eq!(not_named(&[unit("N/A", "PN1")], [&b"N/A\n"[..]].into_iter()).len(), 1);
    }

    /// Numbers that are the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(self.0 >> 33).unwrap() % end
        }

        fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
            all[self.below(all.len())]
        }
    }

    /// Names that hang together in all ways: shared by panels, of panels, and none.
    const NAMES: [&str; 9] = ["PN1", "PN2", "PN3", "SN1", "SN2", "SN3", "L7", "N/A", ""];

    const KINDS: [Kind; 6] = [
        Kind::AoiReport,
        Kind::SpiReport,
        Kind::Review,
        Kind::Repair,
        Kind::OvenData,
        Kind::Closing,
    ];

    #[test]
    fn reconciliation_finds_the_same_units_in_whatever_records() {
        let mut numbers = Numbers(1);
        let (mut lacking, mut whole) = (0, 0);
        for _ in 0..4_000 {
            let records: Vec<(Kind, &str, String)> = (0..=numbers.below(6))
                .map(|_| {
                    let count = numbers.below(4);
                    let units = (0..count).map(|_| format!("{}\n", numbers.one_of(&NAMES)));
                    let units = units.collect();
                    (numbers.one_of(&KINDS), numbers.one_of(&NAMES), units)
                })
                .collect();
            let serials = ["SN1", "SN2", "SN3", "PN1", "L7", ""];
            let panels = ["PN1", "PN2", "PN3", "N/A", ""];
            let units: Vec<Unit> = (0..=numbers.below(5))
                .map(|_| unit(numbers.one_of(&serials), numbers.one_of(&panels)))
                .collect();
            let entries: Vec<Entry> = records
                .iter()
                .zip(1..)
                .map(|((kind, panel, units), at)| {
                    let values = [("panel", *panel), ("units", units.as_str())];
                    Entry::whole(("line.example/aoi", 1, at), *kind, &values)
                })
                .collect();
            let words = Words::new(&[], &[]).unwrap();
            let book = Book::new(&entries, &units, &words);
            let of_case = |unit: &&Unit| {
                let case = book.case(unit);
                !case.own.is_empty() && !case.is_inspected()
            };
            let expected: Vec<&Unit> = units.iter().filter(of_case).collect();
            let evidence = records.iter().filter(|(kind, ..)| kind.is_evidence());
            let named: Vec<Naming<'_>> =
                evidence.map(|(kind, panel, units)| Naming::made(*kind, panel, units)).collect();
            let found = without(&units, units.iter().collect(), &named);
            assert_eq!(called(&found), called(&expected), "{units:?} {records:?}");
            lacking += found.len();
            whole += units.len() - found.len();
        }
        assert!(lacking > 500 && whole > 500, "{lacking} {whole}");
    }
}
