//! Whether what is found by a panel alone may be of a neighbour: of another board of the same panel.
//!
//! Rule: `spec/text/bundle.md`, "Your own units". The page has the same (`verifier-web/src/judge/neighbours.ts`).
//! The warning is the rule, and to leave it away the exception: a panel is one board only if the list and *every*
//! opened record that names it, whosever it is and however it was found, show one board and no sign of a second.

use foldhash::{HashMap, HashSet};
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::range::items;

use super::found::{panel_in, units_in, value};
use crate::list::Unit;

/// Fields with one line for each board of a panel.
const PER_BOARD: [&str; 3] = ["verdict", "verdict/before", "unit/positions"];

/// What records and the list show of a panel.
#[derive(Clone, Copy, Default)]
struct Seen<'a> {
    listed: usize,
    /// A record has the panel as its one unit.
    is_one: bool,
    is_several: bool,
    position: Option<&'a [u8]>,
}

/// Whether a panel by which a unit is found may hold another board.
pub(super) fn may_be<'a>(
    units: &'a [Unit],
    by_panel: &[&'a Unit],
    records: impl Iterator<Item = &'a OpenedRecord>,
) -> bool {
    let mut panels: HashMap<&[u8], Seen<'_>> = by_panel
        .iter()
        .filter_map(|unit| Some((unit.panel_name()?.as_bytes(), Seen::default())))
        .collect();
    if panels.is_empty() {
        return false;
    }
    for panel in units.iter().filter_map(Unit::panel_name).map(str::as_bytes) {
        panels.entry(panel).and_modify(|seen| seen.listed += 1);
    }
    records.for_each(|record| look_at(&mut panels, record));
    !panels.values().all(|seen| seen.listed == 1 && seen.is_one && !seen.is_several)
}

fn look_at<'a>(panels: &mut HashMap<&'a [u8], Seen<'a>>, record: &'a OpenedRecord) {
    let mut units = units_in(record);
    let (first, is_more) = (units.next(), units.next().is_some());
    // What is kept from the reader may be another board.
    let is_hidden = record.shown("units") == Shown::Hidden;
    // What a record names twice is looked at once: a hostile one repeats a name thousands of times.
    let named: HashSet<&[u8]> = units_in(record).chain(panel_in(record)).collect();
    let known: Vec<&[u8]> = named.into_iter().filter(|name| panels.contains_key(name)).collect();
    if known.is_empty() {
        return;
    }
    let is_of_several = PER_BOARD
        .iter()
        .any(|field| value(record, field).is_some_and(|list| items(list).nth(1).is_some()));
    let position = value(record, "unit/positions").and_then(|list| items(list).next());
    for name in known {
        panels.entry(name).and_modify(|seen| {
            let is_other = first.is_some_and(|unit| unit != name);
            let is_elsewhere = seen.position.zip(position).is_some_and(|(one, two)| one != two);
            seen.is_several |= is_hidden || is_more || is_other || is_of_several || is_elsewhere;
            seen.is_one |= first == Some(name);
            seen.position = seen.position.or(position);
        });
    }
}

#[cfg(test)]
mod tests {
    use spec::evidence::disclosure::{Disclosure, Pick, PickFields};
    use spec::evidence::kind::FieldName;

    use super::super::found::tests::{batch, list, opened, shown};
    use super::*;

    type Fields<'f> = &'f [(&'f str, &'f str)];

    /// Whether SN-1 of PNL7, by which alone it is found, may have neighbours by these records.
    fn may_have(records: &[Fields<'_>]) -> bool {
        may_have_in(&[("SN-1", "PNL7"), ("SN-2", "PNL8")], records)
    }

    fn may_have_in(units: &[(&str, &str)], records: &[Fields<'_>]) -> bool {
        let (list, opened) = (list(units), opened(records));
        may_be(&list.units, &[&list.units[0]], opened.records().iter())
    }

    const P: (&str, &str) = ("panel", "PNL7");
    const ONE: Fields<'static> = &[P, ("units", "PNL7\n"), ("verdict", "Passed\n")];

    #[test]
    fn a_panel_that_every_record_shows_as_one_board_has_no_neighbours() {
        assert!(!may_have(&[ONE]));
        // Nor does it where records about the same board are silent, or say the same.
        assert!(!may_have(&[ONE, &[P], &[("units", "PNL7\n")], &[P, ("verdict", "Failed")]]));
        let at_3: Fields<'_> = &[("units", "PNL7\n"), ("unit/positions", "3\n")];
        assert!(!may_have(&[at_3, at_3, ONE]));
        // Several on another panel say nothing of this one.
        let other: Fields<'_> = &[("panel", "PNL8"), ("units", "SN-8\nSN-9\n")];
        assert!(!may_have(&[ONE, other]));
    }

    #[test]
    fn one_sign_of_a_second_board_is_enough() {
        let signs: [Fields<'_>; 8] = [
            &[P, ("units", "SN-2\n")],
            &[P, ("units", "PNL7\nPNL7\n")],
            &[("units", "PNL7\nSN-2\n")],
            &[P, ("units", "N/A\n")],
            &[P, ("units", "PNL7\nN/A\n")],
            &[P, ("verdict", "Passed\nFailed\n")],
            &[("units", "PNL7\n"), ("verdict/before", "Failed\nFailed\n")],
            &[P, ("unit/positions", "1\n2\n")],
        ];
        for sign in signs {
            assert!(may_have(&[ONE, sign]) && may_have(&[sign, ONE]), "{sign:?}");
        }
        let at = |position| [("units", "PNL7\n"), ("unit/positions", position)];
        assert!(may_have(&[&at("1\n"), &at("2\n")]) && !may_have(&[&at("1\n"), &at("1\n")]));
    }

    #[test]
    fn units_that_are_kept_from_the_reader_may_be_other_boards() {
        let list = list(&[("SN-1", "PNL7")]);
        let batch = batch(&[ONE, ONE]);
        let told = |of_second: &[&str]| {
            let pick = |record, names: &[&str]| {
                let names = names.iter().map(|name| FieldName::parse(name).unwrap()).collect();
                Pick { record, fields: PickFields::Named(names) }
            };
            let picks = [pick(1, &["panel", "units", "verdict"]), pick(2, of_second)];
            let opened = shown(&batch, &Disclosure::of(&batch, &picks).unwrap());
            may_be(&list.units, &[&list.units[0]], opened.records().iter())
        };
        assert!(!told(&["panel", "units", "verdict"]) && !told(&["panel", "units"]));
        assert!(told(&["panel", "verdict"]) && told(&["panel"]));
        // One that does not show its panel either may be about anything, as a record that is not here.
        assert!(!told(&["verdict"]));
    }

    #[test]
    fn where_nothing_shows_that_it_is_one_it_may_be_several() {
        assert!(may_have(&[]) && may_have(&[&[P]]) && may_have(&[&[P, ("verdict", "Passed\n")]]));
    }

    #[test]
    fn several_of_the_list_are_several() {
        assert!(may_have_in(&[("SN-1", "PNL7"), ("SN-2", "PNL7")], &[ONE]));
        assert!(may_have_in(&[("", "PNL7"), ("", "PNL7")], &[ONE]));
        // Where none is found by its panel there is nothing to be told.
        let (list, opened) = (list(&[("SN-1", "PNL7"), ("SN-2", "PNL7")]), opened(&[ONE]));
        assert!(!may_be(&list.units, &[], opened.records().iter()));
    }
}
