//! Which units no machine has inspected, for verdicts that do not reconcile: the rule is the same.

use std::collections::HashSet;

use rayon::prelude::*;
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::range::items;
use spec::key::KeyName;

use super::case::{Book, is_inspection};
use super::entry::Entry;
use super::verdict::Words;
use crate::list::{Unit, is_name};

/// The units of which something is shown and no report of a machine that inspects. Each record comes with its source
/// and the number of its statement.
pub(crate) fn uninspected<'u, 'r>(
    units: &'u [Unit],
    records: impl Iterator<Item = (&'r KeyName, u64, &'r OpenedRecord)>,
) -> Vec<&'u Unit> {
    // Record 0 is the header of its statement.
    let records: Vec<_> = records.filter(|(.., record)| record.index() > 0).collect();
    let in_inspections = records.iter().filter(|(.., record)| is_inspection(record.kind()));
    let others = not_named(
        units,
        in_inspections.filter_map(|(.., record)| match record.shown("units") {
            Shown::Value(list) => Some(list),
            Shown::Absent | Shown::Hidden => None,
        }),
    );
    if others.is_empty() {
        return Vec::new();
    }
    let naming = |(source, sequence, record)| Entry::naming(source, sequence, record);
    let entries: Vec<Entry> = records.into_iter().map(naming).collect();
    let words = Words::new(&[], &[]).expect("no usual word is both good and bad");
    without(units, others, &entries, &words)
}

/// The units that are in none of the lists of reports on an inspection. A report that names a unit is one on it,
/// whatever else is known, and almost always that are all: of the others it takes their panels and neighbours to know.
fn not_named<'u, 'r>(units: &'u [Unit], lists: impl Iterator<Item = &'r [u8]>) -> Vec<&'u Unit> {
    let mut named: HashSet<&[u8]> = HashSet::with_capacity(units.len());
    named.extend(lists.flat_map(items).filter(|name| is_name(name)));
    units.iter().filter(|unit| !named.contains(unit.serial.as_bytes())).collect()
}

/// Those of the `others` that have a record and no inspection.
fn without<'u>(
    units: &'u [Unit],
    others: Vec<&'u Unit>,
    entries: &[Entry],
    words: &Words,
) -> Vec<&'u Unit> {
    let book = Book::new(entries, units, words);
    let is_without = |unit: &&Unit| {
        let case = book.case(unit);
        !case.own.is_empty() && !case.is_inspected()
    };
    others.into_par_iter().filter(is_without).collect()
}

#[cfg(test)]
mod tests {
    use spec::evidence::kind::Kind;

    use super::*;

    fn unit(serial: &str, panel: &str) -> Unit {
        let panel = Some(panel.to_owned()).filter(|panel| !panel.is_empty());
        Unit { serial: serial.to_owned(), panel, ..Unit::default() }
    }

    #[test]
    fn a_unit_is_without_inspection_where_reconciliation_says_so() {
        let record = |number: u64, kind, panel: &str, units: &str| {
            let values = [("panel", panel), ("units", units)];
            Entry::whole(("line.example/aoi", 1, number), kind, &values)
        };
        let entries = [
            record(1, Kind::AoiReport, "PN1", "PN1\n"),
            record(2, Kind::SpiReport, "PN2", "PN2\n"),
            record(3, Kind::OvenData, "PN2", "PN2\n"),
            record(4, Kind::Review, "PN3", "SN3\n"),
            // The report on a panel says nothing of a board that is not among those that it names.
            record(5, Kind::AoiReport, "PN4", "SN4\n"),
            record(6, Kind::Repair, "PN4", "SN5\n"),
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
        let words = Words::new(&[], &[]).unwrap();
        let found = |others| {
            let found = without(&units, others, &entries, &words);
            found.iter().map(|unit| unit.called().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found(units.iter().collect()), ["SN2", "SN3", "SN5", "PN2"]);
        // Those that a report names are none of them, and need not be looked at.
        let reports = entries.iter().filter(|entry| is_inspection(entry.kind));
        let others = not_named(&units, reports.filter_map(|entry| entry.bytes("units")));
        assert_eq!((units.len() - others.len(), found(others).len()), (1, 4));
        // A placeholder names nobody.
        assert_eq!(not_named(&[unit("N/A", "PN1")], [&b"N/A\n"[..]].into_iter()).len(), 1);
    }
}
