//! The caller's own units: what the evidence says of each, and that none is passed over in silence.
//!
//! Rule: `spec/text/bundle.md`, "Your own units". In ranges a unit is found by its tags, for which a key of
//! its lot is needed; in what is opened of single records, and where there is no key, by its name. A unit that
//! is found by its panel alone is told to be.
//!
//! Invariant: a verdict is never VERIFIED if units were given and one of them is found nowhere. If none is,
//! nothing is told: a key of another lot, and a list that spells units as no machine does, find nothing, and
//! nothing found is no proof. If some are, the others are missing, and that is not in order: `reconcile` says
//! the same of them. A first line that alone is missing and looks like a header is no unit, and that is told.

mod found;
mod neighbours;

use std::collections::BTreeSet;
use std::mem;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use spec::bundle::Claim;
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::range::{Reader, items};

use self::found::{Boards, Found, Named};
use super::looked;
use super::ranges::{self, Sound};
use super::shown;
use super::statements::Checked;
use crate::failed::Failed;
use crate::failure::Failure;
use crate::list::{self, List, Panels, Unit};
use crate::messages::{MAX_NAMED, Message, Said};
use crate::report::{Look, Report};

/// How many of a long list are said.
const MAX_LISTED: usize = 100;

/// How many of the caller's records are listed for people.
const MAX_FOR_PEOPLE: usize = 10;

/// The caller's units, and whose tags are looked for.
pub(super) struct Own {
    list: List,
    reader: Option<Reader>,
}

/// What opened records say of units. It needs no range, and can be found while ranges are followed.
pub(super) struct Looks<'u> {
    /// Those of which no inspection is shown.
    lacking: Vec<&'u Unit>,
    failed: Failed<'u>,
}

impl Own {
    /// Reads the list of units and the keys of lots.
    ///
    /// Fails on keys without units: they find nothing, and who gave them would think that they did. What is no key is told
    /// first: it may be the list.
    pub(super) fn read(keys: &[PathBuf], units: Option<&Path>) -> Result<Option<Self>, Failure> {
        let lot_keys = ranges::lot_keys(keys)?;
        let Some(path) = units else {
            if keys.is_empty() {
                return Ok(None);
            }
            let why = Said::new(Message::LotKeyNeedsUnits, &[]);
            return Err(Failure::new(why).with_hint(Said::new(Message::HintList, &[])));
        };
        let list = list::read(path)?;
        let names = list.units.iter().flat_map(Unit::names);
        let reader = (!lot_keys.is_empty()).then(|| Reader::new(lot_keys, names));
        Ok(Some(Self { list, reader }))
    }

    /// Who looks for tags, if there is a key.
    pub(super) const fn reader(&self) -> Option<&Reader> {
        self.reader.as_ref()
    }

    /// Wipes the keys. The list stays where it is until the process ends: it is thousands of pieces.
    pub(super) fn end(self) {
        mem::forget(self.list);
    }

    /// Which units are on which panel.
    pub(super) fn panels(&self) -> Panels<'_> {
        Panels::of(&self.list)
    }

    /// What reports may call the units.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.list.names()
    }

    /// What opened records say of the units, whoever else they name.
    pub(super) fn looks(&self, checked: &[Checked]) -> Looks<'_> {
        let units = self.list.units.as_slice();
        let (lacking, failed) = rayon::join(
            || looked::without(units, checked),
            || Failed::of(Some(units), shown::placed(checked)),
        );
        Looks { lacking, failed }
    }

    /// Says of each range which records are the caller's, and of each unit whether it is found at all. Returns
    /// the units of which no inspection is shown.
    ///
    /// Fails if none of them is, and where the first line of the list may be a header.
    pub(super) fn say<'u>(
        &'u self,
        report: &mut Report,
        sound: &[Sound<'_>],
        checked: &[Checked],
        looks: Looks<'u>,
    ) -> Result<Vec<&'u Unit>, Failure> {
        let boards = Boards::new(&self.list, checked.iter().flat_map(|one| one.opened.records()));
        let mut named = self.named(&boards, checked);
        for record in sound.iter().flat_map(|one| own_records(one, checked)) {
            named.add_tagged(&boards, record);
        }
        let found = found(&self.list.units, &named);
        let missing = of_kind(&found, Found::Missing);
        if missing.len() == self.list.units.len() {
            let why = Said::new(Message::OwnNoneFound, &[&missing.len().to_string()]);
            let why = why.with(self.list.doubts());
            return Err(Failure::new(why).with_hint(Said::new(Message::HintList, &[])));
        }
        let units = self.without_header(report, &missing)?;
        let Looks { mut lacking, mut failed } = looks;
        failed.keep(|at| found[at].1 != Found::Missing);
        let found = &found[self.list.units.len() - units.len()..];
        let missing = of_kind(found, Found::Missing);
        let header = self.list.units.first().filter(|_| units.len() < self.list.units.len());
        lacking.retain(|unit| Some(*unit) != header);
        if self.reader.is_none() || sound.is_empty() {
            let numbers = [units.len() - missing.len(), units.len()];
            let numbers = numbers.map(|number| number.to_string());
            report.reason(Said::new(Message::OwnNamed, &[&numbers[0], &numbers[1]]));
            looked::say(report, units.len(), &lacking);
            say_missing(report, None, &missing);
        } else {
            // Where one range is all that there is, what is missing of it is missing.
            let is_all = sound.len() == 1 && checked.iter().all(is_of_range);
            let absent = |one| {
                if is_all { missing.clone() } else { absent_of(one, checked, (&boards, units)) }
            };
            let absent: Vec<Vec<&Unit>> = sound.iter().map(absent).collect();
            for (one, absent) in sound.iter().zip(&absent) {
                self.say_range(report, one, checked, (units.len(), absent.len()));
            }
            looked::say(report, units.len(), &lacking);
            for (one, absent) in sound.iter().zip(absent) {
                say_missing(report, Some(one.pin.source().as_str()), &absent);
            }
        }
        let by_panel = of_kind(found, Found::ByPanel);
        say_by_panel(report, &by_panel, units.len());
        // Where each panel is one board nobody need worry about a neighbour's: people are told whose word puts the unit
        // there, and only machines the rest.
        let records = checked.iter().flat_map(|one| one.opened.records());
        if !neighbours::may_be(units, &by_panel, records) {
            report.tell_elsewhere(Message::OwnByPanel);
            report.tell_elsewhere(Message::OwnByPanelSome);
            say_by_listed_panel(report, &by_panel, units.len());
        }
        failed.say(report);
        say_nowhere(report, &missing, units.len());
        Ok(lacking)
    }

    /// The units of the list, without a first line that alone is missing and looks like a header. Fails where others
    /// are missing as well and that line has no digit, as no serial is.
    fn without_header(&self, report: &mut Report, missing: &[&Unit]) -> Result<&[Unit], Failure> {
        let units = self.list.units.as_slice();
        let Some(first) = self.list.first_line().filter(|first| missing.contains(first)) else {
            return Ok(units);
        };
        let name = first.serial.as_str();
        if missing.len() == 1 && self.list.header_like().is_some() {
            report.not_checked(Message::OwnFirstLine, &[name]);
            report.look(Said::new(Message::LookHeader, &[name]));
            return Ok(&units[1..]);
        }
        list::doubt_header(first)?;
        if missing.len() > 1 {
            report.not_checked(Message::OpenFirstLine, &[name]);
        }
        Ok(units)
    }

    /// `units`: how many there are, and how many of them it does not have.
    fn say_range(
        &self,
        report: &mut Report,
        sound: &Sound<'_>,
        checked: &[Checked],
        (all, missing): (usize, usize),
    ) {
        let source = sound.pin.source().as_str();
        let records = &sound.followed.own;
        let numbers = [records.len(), all - missing, all].map(|number| number.to_string());
        let [count, found, all] = numbers.each_ref().map(String::as_str);
        report.reason(Said::new(Message::OwnSound, &[count, source, found, all]));
        let panels = self.panels();
        let called = |name: &String| panels.called(name);
        list_records(report, source, records, |place| {
            units_at(sound, checked, place).iter().map(called).collect()
        });
        report.not_checked(Message::OpenNoise, &[source]);
    }

    /// What records call units by name: those that are opened singly, and all where no tag can be computed.
    fn named<'a>(&self, boards: &Boards<'a>, checked: &'a [Checked]) -> Named<'a> {
        let is_read = |one: &&Checked| !is_of_range(one) || self.reader.is_none();
        let mut named = Named::default();
        let read = checked.iter().filter(is_read).flat_map(|one| one.opened.records());
        read.for_each(|record| named.add(boards, record));
        named
    }
}

fn is_of_range(one: &Checked) -> bool {
    one.place.claim == Claim::Range
}

/// The units that a range does not have.
fn absent_of<'a, 'u>(
    sound: &Sound<'_>,
    checked: &'a [Checked],
    (boards, units): (&Boards<'a>, &'u [Unit]),
) -> Vec<&'u Unit> {
    let mut named = Named::default();
    own_records(sound, checked).for_each(|record| named.add_tagged(boards, record));
    of_kind(&found(units, &named), Found::Missing)
}

/// How each unit is found.
fn found<'u>(units: &'u [Unit], named: &Named<'_>) -> Vec<(&'u Unit, Found)> {
    units.par_iter().map(|unit| (unit, named.of(unit))).collect()
}

/// Those that are found so.
fn of_kind<'u>(units: &[(&'u Unit, Found)], found: Found) -> Vec<&'u Unit> {
    units.iter().filter(|(_, how)| *how == found).map(|(unit, _)| *unit).collect()
}

/// Units that are nowhere: before all else, and in the first line of the verdict.
fn say_nowhere(report: &mut Report, missing: &[&Unit], all: usize) {
    if missing.is_empty() {
        return;
    }
    let names: Vec<String> = missing.iter().map(|unit| unit.called().into_owned()).collect();
    let (count, all) = (missing.len().to_string(), all.to_string());
    let values = [count.as_str(), all.as_str()];
    let first = names.iter().take(MAX_NAMED).map(String::as_str);
    let values: Vec<&str> = values.into_iter().chain(first).collect();
    report.set_not_in_order(Said::new(Message::OwnAbsent, &values));
    let look = Look::of_units(Message::LookNowhere, &[&all], names);
    report.look(look.asking(Message::LookAskRecords));
}

/// The caller's records in a range.
fn own_records<'a>(
    sound: &Sound<'_>,
    checked: &'a [Checked],
) -> impl Iterator<Item = &'a OpenedRecord> {
    let source = sound.pin.source();
    let is_of_range =
        move |one: &&Checked| one.place.claim == Claim::Range && one.statement.source() == source;
    checked.iter().filter(is_of_range).flat_map(move |one| {
        // They are in the order in which the range was followed.
        let own = move |record: &&OpenedRecord| {
            sound.followed.own.binary_search(&(one.place.sequence, record.index())).is_ok()
        };
        one.opened.records().iter().filter(own)
    })
}

/// What a record of a range calls the caller's units; `place` is its statement and its number there.
fn units_at(sound: &Sound<'_>, checked: &[Checked], place: (u64, u64)) -> Vec<String> {
    let (sequence, index) = place;
    let is_it = |one: &&Checked| {
        one.place.claim == Claim::Range
            && one.place.sequence == sequence
            && one.statement.source() == sound.pin.source()
    };
    let records = checked.iter().find(is_it).map(|one| one.opened.records());
    let record = records.unwrap_or_default().iter().find(|record| record.index() == index);
    let is_own = |name: &&[u8]| sound.followed.own_units.contains_key(*name);
    let own = record.map(names).unwrap_or_default().into_iter().filter(is_own);
    let mut own: Vec<String> = own.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    own.dedup();
    own
}

/// The units and the panel that a record of evidence shows. What a closing calls units is a number.
fn names(record: &OpenedRecord) -> Vec<&[u8]> {
    if !record.kind().is_evidence() {
        return Vec::new();
    }
    let value = |name| match record.shown(name) {
        Shown::Value(value) => Some(value),
        Shown::Absent | Shown::Hidden => None,
    };
    value("units").into_iter().flat_map(items).chain(value("panel")).collect()
}

/// The caller's records in a range, by statement and number, with the units that are his; the rest is counted.
/// Machines get more of them: who reads that a delivery is there does not read hundreds of lines for it.
fn list_records(
    report: &mut Report,
    source: &str,
    records: &[(u64, u64)],
    units: impl Fn((u64, u64)) -> Vec<String>,
) {
    for (at, place) in records.iter().take(MAX_LISTED).enumerate() {
        let ((statement, record), units) = (place, units(*place).join(", "));
        let place = format!("{source} {statement}, {record}");
        if at < MAX_FOR_PEOPLE {
            let (statement, record) = (statement.to_string(), record.to_string());
            let at = Said::new(Message::AtRecord, &[source, &statement, &record]);
            report.placed_fact(Message::LabelOwnRecord, &place, &at, &units);
        } else {
            report.machine_fact(Message::LabelOwnRecord, &format!("{place}: {units}"));
        }
    }
    let more = |most: usize| format!("{source}: {}", records.len() - most);
    if records.len() > MAX_FOR_PEOPLE {
        report.people_fact(Message::LabelOwnMore, &more(MAX_FOR_PEOPLE));
    }
    if records.len() > MAX_LISTED {
        report.machine_fact(Message::LabelOwnMore, &more(MAX_LISTED));
    }
}

/// A line for each unit that is not found, in a range or in any opened record; the rest is counted. They were
/// looked for, so that it is found out, and not left open; what is shown holds all the same.
fn say_missing(report: &mut Report, source: Option<&str>, missing: &[&Unit]) {
    for unit in missing.iter().take(MAX_LISTED) {
        report.reason(match source {
            Some(source) => Said::new(Message::OwnWithout, &[source, &unit.called()]),
            None => Said::new(Message::OwnUnnamed, &[&unit.called()]),
        });
    }
    if missing.len() > MAX_LISTED {
        let more = (missing.len() - MAX_LISTED).to_string();
        report.reason(Said::new(Message::OwnMissingMore, &[&more]));
    }
}

/// That units are found by their panel alone is told, and is no reason against them: boards of one panel often
/// share its name, and a machine that reads no other writes that. Where it is all of them, names say nothing.
fn say_by_panel(report: &mut Report, units: &[&Unit], all: usize) {
    if units.is_empty() {
        return;
    }
    let numbers = [units.len(), all].map(|number| number.to_string());
    let [count, of] = numbers.each_ref().map(String::as_str);
    report.reason(if units.len() == all {
        Said::new(Message::OwnByPanel, &[count, of])
    } else {
        Said::new(Message::OwnByPanelSome, &[count, of, &looked::first_of(units)])
    });
    for unit in units.iter().take(MAX_LISTED) {
        let panel = unit.panel.as_deref().unwrap_or_default();
        report.machine_fact(Message::LabelOwnByPanel, &format!("{} ({panel})", unit.called()));
    }
}

/// Of units that are not found by their serials, the reader's list alone says that they are these boards.
fn say_by_listed_panel(report: &mut Report, units: &[&Unit], all: usize) {
    let with_serial = units.iter().filter(|unit| !unit.serial.is_empty()).count();
    if with_serial > 0 {
        let numbers = [with_serial, all].map(|number| number.to_string());
        report.reason(Said::new(Message::OwnByListedPanel, &[&numbers[0], &numbers[1]]));
    }
}

/// Keys of lots find tags in ranges; where none is claimed, nothing would be done with them.
pub(super) fn needs_a_range() -> Failure {
    let why = Said::new(Message::LotKeyNeedsRange, &[]);
    Failure::new(why).with_hint(Said::new(Message::HintUnitsAlone, &[]))
}

#[cfg(test)]
mod tests {
    use spec::checkpoint::Origin;
    use spec::evidence::batch::{Batch, Header, Place};
    use spec::evidence::disclosure::Disclosure;
    use spec::evidence::kind::{FieldName, Kind};
    use spec::evidence::record::Record;
    use spec::key::KeyName;

    use super::*;
    use crate::messages::Language;
    use crate::report::Verdict;

    fn own(lines: &str) -> Own {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units");
        std::fs::write(&path, lines).unwrap();
        Own::read(&[], Some(&path)).unwrap().unwrap()
    }

    #[test]
    fn where_nothing_is_found_nothing_is_said_to_be_right() {
        let mut report = Report::new(Verdict::Verified);
        let none = own("SN1\nSN2\n");
        let failure = none.say(&mut report, &[], &[], none.looks(&[])).unwrap_err();
        assert_eq!(failure.said().0.message(), Message::OwnNoneFound);
        assert!(Own::read(&[], None).unwrap().is_none());
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("lot.key");
        std::fs::write(&key, format!("{}\n", "0a".repeat(32))).unwrap();
        let alone = |key: &Path| Own::read(&[key.to_path_buf()], None).err().unwrap();
        assert_eq!(alone(&key).said().0.message(), Message::LotKeyNeedsUnits);
        // A list that was taken for the key is told to be none before the list is asked for.
        std::fs::write(&key, "serial,panel\nSN1,PN1\n").unwrap();
        assert_ne!(alone(&key).said().0.message(), Message::LotKeyNeedsUnits);
    }

    #[test]
    fn an_empty_list_is_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units");
        std::fs::write(&path, "\u{feff}\n").unwrap();
        assert!(Own::read(&[], Some(&path)).is_err());
    }

    #[test]
    fn units_that_are_found_by_their_panel_alone_are_one_line_and_named_where_others_are_not() {
        let lines: String = (0..197).map(|at| format!("SN{at},PN1\n")).collect();
        let own = own(&format!("\u{feff}serial,panel\r\n{lines}"));
        let told = |count: usize| {
            let mut report = Report::new(Verdict::Verified);
            let units: Vec<&Unit> = own.list.units.iter().take(count).collect();
            say_by_panel(&mut report, &units, 197);
            assert_eq!(report.verdict(), Verdict::Verified);
            let json: serde_json::Value =
                serde_json::from_str(&report.to_json(Language::English)).unwrap();
            let named = json["facts"]["own-by-panel-unit"].as_array().map(Vec::len);
            (report.to_text(Language::English), named)
        };
        assert_eq!(told(0), ("VERIFIED\n".to_string(), None));
        let (text, named) = told(197);
        let line = "197 of your 197 units are found by the panel alone: the records name the panel \
                    and not the board, so a record may be of a neighbour on the same panel";
        assert_eq!((text, named), (format!("VERIFIED\n  {line}\n"), Some(MAX_LISTED)));
        let (text, named) = told(12);
        assert!(
            text.contains("12 of your 197 units are") && text.ends_with("SN9 (+2)\n"),
            "{text}"
        );
        assert_eq!((text.lines().count(), named), (2, Some(12)));
    }

    #[test]
    fn records_that_are_not_listed_are_counted() {
        let told = |count: u64| {
            let mut report = Report::new(Verdict::Verified);
            let records: Vec<(u64, u64)> = (1..=count).map(|at| (at, 1)).collect();
            list_records(&mut report, "aoi.example/7", &records, |_| vec!["SN1".to_owned()]);
            report.facts(Language::English).map(|(_, value)| value.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told(10).len(), 10);
        assert_eq!(told(1), ["aoi.example/7 statement 1 record 1: SN1"]);
        let many = told(197);
        assert_eq!((many.len(), many[10].as_str()), (11, "aoi.example/7: 187"));
        let mut report = Report::new(Verdict::Verified);
        let records: Vec<(u64, u64)> = (1..=197).map(|at| (at, 1)).collect();
        list_records(&mut report, "aoi.example/7", &records, |_| Vec::new());
        let json: serde_json::Value =
            serde_json::from_str(&report.to_json(Language::English)).unwrap();
        assert_eq!(json["facts"]["own-record"].as_array().map(Vec::len), Some(100));
        assert_eq!(json["facts"]["own-more"], "aoi.example/7: 97");
    }

    #[test]
    fn the_number_of_units_in_a_closing_names_nobody() {
        let place = Place {
            origin: Origin::parse("log.example").unwrap(),
            source: KeyName::parse("aoi.example/7").unwrap(),
            sequence: 0,
        };
        let record = |kind| {
            let units = (FieldName::parse("units").unwrap(), b"12".to_vec());
            Record::new(kind, vec![units], || [7; 32]).unwrap()
        };
        let records = vec![record(Kind::Closing), record(Kind::Review)];
        let batch = Batch::new(place.clone(), Header::default(), records, || [7; 32]).unwrap();
        let whole = Disclosure::whole(&batch);
        let opened = whole.verify_commitment(&place, batch.commitment()).unwrap();
        let named: Vec<&[u8]> = opened.records().iter().flat_map(names).collect();
        assert_eq!(named, [b"12"]);
    }

    #[test]
    fn a_long_list_of_missing_units_is_cut_and_the_rest_is_counted() {
        let lines: String = (0..MAX_LISTED + 97).map(|at| format!("SN{at}\n")).collect();
        let own = own(&lines);
        let mut report = Report::new(Verdict::Verified);
        let missing = of_kind(&found(&own.list.units, &Named::default()), Found::Missing);
        say_missing(&mut report, Some("aoi.example/7"), &missing);
        let told = report.reasons();
        assert_eq!(told.len(), MAX_LISTED + 1);
        assert_eq!(told[0].message(), Message::OwnWithout);
        let rest = told[MAX_LISTED].to_text(Language::English);
        assert!(rest.contains("97 more of your units"), "{rest}");
        assert!(report.open(Language::English).is_empty(), "they were looked for");
    }
}
