//! Boards that no machine has inspected, as far as is shown: the caller's units, or without a list all that are named.
//!
//! That is no verdict on them: `reconcile` gives that. But nobody is to read VERIFIED over a board that was never
//! inspected without being told. The page's rule is the same (`verifier-web/src/judge/looked.ts`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::disclosure::{self, OpenedRecord};
use spec::evidence::kind::Kind;
use spec::evidence::range::items;

use super::statements::Checked;
use crate::list::{Unit, is_name};
use crate::matter::is_about_boards;
use crate::messages::{MAX_NAMED, Message, Said};
use crate::reconcile::{is_inspection, uninspected};
use crate::report::{Look, Report};

/// Says of how many units, and of which, no report of a machine that inspects is shown: of those that [`without`] has
/// found.
pub(super) fn say(report: &mut Report, all: usize, missing: &[&Unit]) {
    if missing.is_empty() {
        return;
    }
    let numbers = [missing.len(), all].map(|number| number.to_string());
    let names = first_of(missing);
    report.reason(Said::new(Message::OwnNotInspected, &[&numbers[0], &numbers[1], &names]));
    say_to_look(report, missing.iter().copied());
    report.tell_elsewhere(Message::OwnNotInspected);
}

/// All boards and panels that are named, and which of them lack an inspection, for who gave no list.
pub(super) struct Shown {
    all: usize,
    lacking: Vec<Unit>,
    /// Whether none of them has one: then nobody knows which should, and it is said that there is none.
    is_bare: bool,
}

impl Shown {
    /// Finds them.
    pub(super) fn of(checked: &[Checked]) -> Self {
        Self::in_records(&named(checked))
    }

    fn in_records(records: &[Named<'_>]) -> Self {
        let (all, lacking) = lacking_in(records);
        Self { all, lacking, is_bare: is_bare(records) }
    }

    /// Says it. Returns those that lack one.
    pub(super) fn say(self, report: &mut Report) -> Vec<Unit> {
        say_lacking(report, self.all, &self.lacking);
        if self.is_bare {
            report.look(Said::new(Message::LookNoReport, &[]));
        }
        self.lacking
    }
}

/// What the first ones are called, and how many more there are.
pub(super) fn first_of(units: &[&Unit]) -> String {
    let names: Vec<Cow<'_, str>> = units.iter().take(MAX_NAMED).map(|unit| unit.called()).collect();
    let mut names = names.join(", ");
    if units.len() > MAX_NAMED {
        names += &format!(" (+{})", units.len() - MAX_NAMED);
    }
    names
}

/// The units of which no report of a machine that inspects is shown.
pub(super) fn without<'u>(units: &'u [Unit], checked: &[Checked]) -> Vec<&'u Unit> {
    let records = checked.iter().flat_map(|one| one.opened.records());
    uninspected(units, records)
}

fn say_lacking(report: &mut Report, all: usize, lacking: &[Unit]) {
    if lacking.is_empty() {
        return;
    }
    let numbers = [all, lacking.len()].map(|number| number.to_string());
    let names = first_of(&lacking.iter().collect::<Vec<_>>());
    report.not_checked(Message::OpenNotInspected, &[&numbers[0], &numbers[1], &names]);
    say_to_look(report, lacking.iter());
    report.tell_elsewhere(Message::OpenNotInspected);
}

/// People read it before the reasons: a report that is not there is none of them.
fn say_to_look<'u>(report: &mut Report, units: impl Iterator<Item = &'u Unit>) {
    let names = units.map(|unit| unit.called().into_owned()).collect();
    let look = Look::of_units(Message::LookNotInspected, &[], names);
    report.look(look.asking_of_each(Message::LookAskReport));
    report.not_checked(Message::OpenReconcile, &[]);
}

/// What a record about boards calls them.
struct Named<'r> {
    kind: Kind,
    panel: Option<&'r [u8]>,
    units: Vec<&'r [u8]>,
}

fn named(checked: &[Checked]) -> Vec<Named<'_>> {
    let records = checked.iter().flat_map(|one| one.opened.records());
    records.filter(|record| is_about_boards(record.kind())).map(Named::of).collect()
}

impl<'r> Named<'r> {
    fn of(record: &'r OpenedRecord) -> Self {
        let value = |name| match record.shown(name) {
            disclosure::Shown::Value(value) => Some(value),
            disclosure::Shown::Absent | disclosure::Shown::Hidden => None,
        };
        let panel = value("panel").filter(|name| is_name(name));
        let units = value("units").into_iter().flat_map(items).filter(|name| is_name(name));
        Self { kind: record.kind(), panel, units: units.collect() }
    }
}

/// Whether records name boards or panels, and none of them is a report of a machine that inspects.
fn is_bare(records: &[Named<'_>]) -> bool {
    let names = |record: &Named<'_>| record.panel.is_some() || !record.units.is_empty();
    records.iter().any(names) && !records.iter().any(|record| is_inspection(record.kind))
}

/// How many boards and panels records name, and those on which no machine that inspects has reported, if one has reported
/// at all: one empty report is not to buy silence on every board. A panel with boards of its own is not counted beside them, and a name that several panels share is none of
/// a board. A report on a panel is one on every board of it, unless it names some of them.
///
/// Every record is gone through as often as it has names: there may be hundreds of thousands, and a hostile one may
/// put all on one panel.
fn lacking_in(records: &[Named<'_>]) -> (usize, Vec<Unit>) {
    let mut panels: BTreeMap<&[u8], Option<&[u8]>> = BTreeMap::new();
    for record in records {
        let Some(panel) = record.panel else { continue };
        for unit in record.units.iter().filter(|unit| **unit != panel) {
            let known = panels.entry(*unit).or_insert(Some(panel));
            *known = known.filter(|known| *known == panel);
        }
    }
    let of_boards: BTreeSet<&[u8]> = panels.values().flatten().copied().collect();
    let mut inspected: BTreeSet<&[u8]> = BTreeSet::new();
    for record in records.iter().filter(|record| is_inspection(record.kind)) {
        let known = record.units.iter().filter_map(|unit| panels.get(unit).copied().flatten());
        let named_in_part: BTreeSet<&[u8]> = known.collect();
        let all = record.units.iter().copied().chain(record.panel);
        inspected.extend(all.filter(|name| !named_in_part.contains(name)));
    }
    let names = records.iter().flat_map(|record| record.units.iter().copied().chain(record.panel));
    let is_board = |name: &&[u8]| !of_boards.contains(name) && panels.get(name) != Some(&None);
    let names: BTreeSet<&[u8]> = names.filter(is_board).collect();
    let is_lacking = |name: &&&[u8]| {
        let panel = panels.get(*name).copied().flatten();
        !inspected.contains(*name) && panel.is_none_or(|panel| !inspected.contains(panel))
    };
    let is_any = records.iter().any(|record| is_inspection(record.kind));
    let lacking = names.iter().filter(|name| is_any && is_lacking(name));
    let unit = |name: &&[u8]| Unit {
        serial: String::from_utf8_lossy(name).into_owned(),
        ..Unit::default()
    };
    (names.len(), lacking.map(unit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;
    use crate::report::Verdict;

    #[test]
    fn units_without_an_inspection_are_named_and_many_are_counted() {
        let told = |count: usize| {
            let unit = |at: usize| Unit { serial: format!("SN{at}"), ..Unit::default() };
            let units: Vec<Unit> = (0..count).map(unit).collect();
            let mut report = Report::new(Verdict::Verified);
            say(&mut report, 12, &units.iter().collect::<Vec<_>>());
            assert_eq!(report.verdict(), Verdict::Verified);
            // Machines find it among the reasons, people before them.
            assert_eq!(report.reasons().len(), usize::from(count > 0));
            assert_eq!(report.reasons_for_people().count(), 0);
            // What judges it stands among what was not checked, and not where people are asked to act.
            let open = report.open(Language::English).concat();
            assert_eq!(open.contains("`fiducial reconcile`"), count > 0, "{open}");
            let looks = report.looks(Language::English);
            assert!(!looks.concat().contains("reconcile"), "{looks:?}");
            looks
        };
        assert!(told(0).is_empty());
        let two = "2 boards have no inspection report (AOI): SN0, SN1. Ask the maker for them.";
        assert_eq!(told(2), [two]);
        let many = "11 boards have no inspection report (AOI): SN0, ";
        assert!(told(11)[0].starts_with(many) && told(11)[0].contains("SN9 and 1 more. Ask the"));
    }

    #[test]
    fn without_a_list_they_are_named_before_the_reasons_too() {
        let told = |lacking: &[&str]| {
            let unit = |name: &&str| Unit { serial: (*name).to_string(), ..Unit::default() };
            let mut report = Report::new(Verdict::Verified);
            say_lacking(&mut report, 3, &lacking.iter().map(unit).collect::<Vec<_>>());
            let open = report.open(Language::English);
            assert_eq!(open.len(), usize::from(!lacking.is_empty()));
            assert!(open.iter().all(|line| line.contains("`fiducial reconcile`")), "{open:?}");
            assert_eq!(
                report.to_json(Language::English).contains("is there for 1: PN2"),
                !lacking.is_empty()
            );
            report.looks(Language::English)
        };
        assert!(told(&[]).is_empty());
        let said = "1 board has no inspection report (AOI): PN2. Ask the maker for it.";
        assert_eq!(told(&["PN2"]), [said]);
    }

    /// A record of a kind, on a panel, with these units.
    type Row = (Kind, &'static str, &'static str);

    fn rows(records: &[Row]) -> Vec<Named<'static>> {
        let named = |(kind, panel, units): &Row| Named {
            kind: *kind,
            panel: Some(panel.as_bytes()).filter(|panel| !panel.is_empty()),
            units: units.split_whitespace().map(str::as_bytes).collect(),
        };
        records.iter().map(named).collect()
    }

    #[test]
    fn without_a_list_it_is_told_that_no_machine_that_inspects_has_reported_at_all() {
        let told = |records: &[Row]| {
            let mut report = Report::new(Verdict::Verified);
            assert!(Shown::in_records(&rows(records)).say(&mut report).is_empty());
            // Nothing is asked of anybody, so that nothing is named that judges it.
            assert!(report.open(Language::English).is_empty() && report.reasons().is_empty());
            let json: serde_json::Value =
                serde_json::from_str(&report.to_json(Language::English)).unwrap();
            assert!(json["look"].as_array().is_some_and(|look| look.len() <= 1), "{json}");
            assert!(json["look"].as_array().unwrap().iter().all(|look| {
                look["code"] == "look-no-report" && look["units"] == serde_json::json!([])
            }));
            [Language::English, Language::Chinese].map(|language| report.looks(language).concat())
        };
        let said = [
            "No inspection report (AOI) is among what is shown",
            "所出示的内容中没有检测（AOI）报告",
        ];
        let (aoi, paste, review) = (Kind::AoiReport, Kind::SpiReport, Kind::Review);
        assert_eq!(told(&[(paste, "PN1", "PN1"), (review, "", "SN2")]), said);
        // A panel is a board or has some, also where no record names these.
        assert_eq!(told(&[(Kind::OvenData, "PN1", "")]), said);
        assert_eq!(told(&[(paste, "", "SN1")]), said);
        // One such report is one, and where no board is named none is missing.
        for records in [&[(paste, "PN1", "PN1"), (aoi, "PN1", "PN1")][..], &[(review, "", "")], &[]]
        {
            assert_eq!(told(records), ["", ""]);
        }
    }

    #[test]
    fn that_there_is_no_report_at_all_stands_behind_boards_without_one() {
        let mut report = Report::new(Verdict::Verified);
        report.look(Look::of_units(Message::LookFailed, &[], vec!["SN2".to_owned()]));
        report.look(Said::new(Message::LookNoReport, &[]));
        report.look(Look::of_units(Message::LookNotInspected, &[], vec!["SN1".to_owned()]));
        let looks = report.looks(Language::English);
        assert!(looks[0].starts_with("1 board has no"), "{looks:?}");
        assert!(looks[1].starts_with("No inspection report"), "{looks:?}");
        assert!(looks[2].starts_with("1 board failed"), "{looks:?}");
    }

    #[test]
    fn without_a_list_what_no_machine_inspected_is_told_where_others_were() {
        let told = |records: &[Row]| {
            let (all, lacking) = lacking_in(&rows(records));
            let lacking: Vec<String> = lacking.into_iter().map(|unit| unit.serial).collect();
            (all, lacking.join(" "))
        };
        let of = |all, lacking: &str| (all, lacking.to_string());
        let (aoi, paste, repair) = (Kind::AoiReport, Kind::SpiReport, Kind::Repair);
        assert_eq!(told(&[(aoi, "PN1", "PN1"), (paste, "PN2", "PN2")]), of(2, "PN2"));
        // Where none is, nobody knows of a machine that should have.
        assert_eq!(told(&[(paste, "PN1", "PN1"), (paste, "PN2", "PN2")]), of(2, ""));
        assert_eq!(told(&[]), of(0, ""));
        // One report that names nobody, or what is no board, is one on none of them.
        let paste_alone = [(paste, "PN1", "SN1 SN2")];
        for (panel, units) in [("", ""), ("NOREAD", "N/A"), ("", "N/A"), ("PN9", "L7")] {
            let all = [(aoi, panel, units), (paste, "PN8", "L7")];
            let found = told(&[&paste_alone[..], &all].concat());
            assert!(found.1.contains("SN1 SN2"), "{panel} {units}: {found:?}");
        }
        assert_eq!(told(&[paste_alone[0], (aoi, "", "")]), of(2, "SN1 SN2"));
        let of_shared = [(paste, "PN1", "L7"), (paste, "PN2", "L7"), (aoi, "", "L7")];
        assert_eq!(told(&of_shared), of(2, "PN1 PN2"));
        // A report on the panel is one on its boards, unless it names some of them.
        let on_panel = [(paste, "PN1", "SN1 SN2"), (aoi, "PN1", "PN1")];
        assert_eq!(told(&on_panel), of(2, ""));
        assert_eq!(told(&[(repair, "PN1", "SN1 SN2"), (aoi, "PN1", "SN1")]), of(2, "SN2"));
        assert_eq!(told(&[(paste, "", "PN1"), (aoi, "PN1", "SN1")]), of(1, ""));
        // What several panels share is the name of no board.
        let shared = [(aoi, "PN1", "L7"), (paste, "PN2", "L7"), (paste, "PN3", "")];
        assert_eq!(told(&shared), of(3, "PN2 PN3"));
    }
}
