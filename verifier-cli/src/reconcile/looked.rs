//! Which units no machine has inspected, for verdicts that do not reconcile: the rule is the same.

use std::collections::HashSet;

use rayon::prelude::*;
use spec::evidence::disclosure::OpenedRecord;
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
    let records = records.filter(|(.., record)| record.index() > 0);
    let entries: Vec<Entry> =
        records.map(|(source, sequence, record)| Entry::naming(source, sequence, record)).collect();
    let words = Words::new(&[], &[]).expect("no usual word is both good and bad");
    without(units, &entries, &words)
}

fn without<'u>(units: &'u [Unit], entries: &[Entry], words: &Words) -> Vec<&'u Unit> {
    // Almost always these are all: only of the others it takes their panels and neighbours to know.
    let named = named_in_inspections(entries);
    let others = units.iter().filter(|unit| !named.contains(unit.serial.as_bytes()));
    let others: Vec<&Unit> = others.collect();
    if others.is_empty() {
        return Vec::new();
    }
    let book = Book::new(entries, units, words);
    let is_without = |unit: &&Unit| {
        let case = book.case(unit);
        !case.own.is_empty() && !case.is_inspected()
    };
    others.into_par_iter().filter(is_without).collect()
}

/// What reports of machines that inspect call units: a report that names a unit is one on it, whatever else is known.
fn named_in_inspections(entries: &[Entry]) -> HashSet<&[u8]> {
    let reports = entries.iter().filter(|entry| is_inspection(entry.kind));
    reports.flat_map(|entry| entry.items("units")).filter(|name| is_name(name)).collect()
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
        let found = without(&units, &entries, &words);
        let found: Vec<_> = found.iter().map(|unit| unit.called()).collect();
        assert_eq!(found, ["SN2", "SN3", "SN5", "PN2"]);
    }
}
