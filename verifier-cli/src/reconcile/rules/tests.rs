//! Each rule broken once: an honest unit is green, and one change makes exactly that finding.

mod sight;

use std::collections::BTreeMap;

use spec::evidence::kind::Kind;

use super::*;
use crate::list::Unit;
use crate::messages::{Language, Message};
use crate::reconcile::case::Book;
use crate::reconcile::entry::Entry;
use crate::reconcile::finding::Colour;
use crate::reconcile::verdict::Words;

const AOI: &str = "line.example/aoi";
const OVEN: &str = "line.example/oven";

fn time(minute: u64) -> String {
    format!("2026-03-02T{:02}:{:02}:00.000Z", 8 + minute / 60, minute % 60)
}

fn unit() -> Unit {
    let text = |text: &str| Some(text.to_owned());
    let (panel, position) = (text("PN1"), text("1"));
    Unit { serial: "SN1".to_owned(), panel, position, lot: text("L1"), repeated: 0 }
}

fn report(sequence: u64, name: &str, minute: u64, verdict: &str) -> Entry {
    let values: &[(&str, &str)] = &[
        ("file/sha256", name),
        ("file/name", name),
        ("seen", &time(minute)),
        ("machine", "AOI-1"),
        ("verdict", verdict),
        ("units", "SN1\nSN2\n"),
        ("panel", "PN1"),
        ("defects", if verdict.contains("Failed") { "2" } else { "0" }),
    ];
    Entry::whole((AOI, sequence, 1), Kind::AoiReport, values)
}

fn review(sequence: u64, minute: u64, verdict: &str) -> Entry {
    let name = format!("review-{sequence}");
    let values: &[(&str, &str)] = &[
        ("file/sha256", name.as_str()),
        ("file/name", &name),
        ("seen", &time(minute)),
        ("verdict", verdict),
        ("units", "SN1\nSN2\n"),
        ("panel", "PN1"),
    ];
    Entry::whole((AOI, sequence, 1), Kind::Review, values)
}

fn repair(sequence: u64, minute: u64, unit: &str) -> Entry {
    let (name, unit) = (format!("repair-{sequence}"), format!("{unit}\n"));
    let values: &[(&str, &str)] =
        &[("file/sha256", name.as_str()), ("seen", &time(minute)), ("units", &unit)];
    Entry::whole((AOI, sequence, 1), Kind::Repair, values)
}

fn certificate(sequence: u64, name: &str, claimed: u64, seen: u64) -> Entry {
    let values: &[(&str, &str)] = &[
        ("file/sha256", name),
        ("file/name", name),
        ("machine", "OVEN-1"),
        ("verdict", "Passed"),
        ("claimed/start", &time(claimed)),
        ("claimed/zone", "Z"),
        ("seen", &time(seen)),
    ];
    Entry::whole((OVEN, sequence, 1), Kind::ReflowCertificate, values)
}

fn pass(sequence: u64, minute: u64, certificate: &str) -> Entry {
    let name = format!("pass-{sequence}");
    let values: &[(&str, &str)] = &[
        ("file/sha256", name.as_str()),
        ("machine", "OVEN-1"),
        ("units", "PN1\n"),
        ("claimed/start", &time(minute)),
        ("claimed/zone", "Z"),
        ("seen", &time(minute + 2)),
        ("certificate/sha256", certificate),
    ];
    Entry::whole((OVEN, sequence, 1), Kind::OvenData, values)
}

fn limits(sequence: u64, bytes: &str, minute: u64, revision: &str) -> Entry {
    let values: &[(&str, &str)] = &[
        ("file/sha256", bytes),
        ("file/name", "limits"),
        ("seen", &time(minute)),
        ("revision", revision),
    ];
    Entry::whole((AOI, sequence, 2), Kind::Program, values)
}

/// What an honest unit leaves behind: limits, a certificate, the oven, and a report that is good.
fn honest() -> Vec<Entry> {
    vec![
        limits(0, "limits-1", 0, "1"),
        certificate(0, "profile-1", 0, 8),
        pass(1, 40, "profile-1"),
        report(5, "report-1", 50, "Passed\nPassed\n"),
    ]
}

/// Names of findings with their colours.
fn found_of(unit: &Unit, entries: &[Entry]) -> Vec<(&'static str, Colour)> {
    let words = Words::new(&[], &[]).unwrap();
    let units = std::slice::from_ref(unit);
    let book = Book::new(entries, units, &words);
    let context = Context::new(entries);
    let findings = judge(&book.case(unit), &context);
    let mut found: Vec<(&str, Colour)> =
        findings.iter().map(|one| (one.message.code(), one.colour())).collect();
    found.sort();
    found.dedup();
    found
}

#[track_caller]
fn finds(entries: &[Entry], want: &[(Message, Colour)]) {
    let mut want: Vec<(&str, Colour)> =
        want.iter().map(|(message, colour)| (message.code(), *colour)).collect();
    want.sort();
    assert_eq!(found_of(&unit(), entries), want);
}

/// An honest unit with something else in the place of its report.
fn with_looks(looks: Vec<Entry>) -> Vec<Entry> {
    let mut entries = honest();
    entries.pop();
    entries.extend(looks);
    entries
}

use Colour::{Amber, Red, Unknown};

#[test]
fn an_honest_unit_is_green() {
    finds(&honest(), &[]);
    // Found by its serial alone, the panel is learnt from the report.
    let alone = Unit { serial: "SN1".to_owned(), ..Unit::default() };
    assert_eq!(found_of(&alone, &honest()), []);
}

#[test]
fn a_serial_that_is_listed_twice_is_told() {
    let twice = Unit { repeated: 1, ..unit() };
    assert_eq!(found_of(&twice, &honest()), [(Message::FoundTwice.code(), Amber)]);
}

#[test]
fn a_unit_without_a_report_is_missing() {
    finds(&with_looks(vec![]), &[(Message::FoundMissing, Red)]);
    finds(
        &[report(1, "other", 1, "Passed").with(&[("units", "SN9\n"), ("panel", "PN9")])],
        &[(Message::FoundNothing, Red)],
    );
    // A closing names nobody: its units are a number.
    let closing = Entry::whole((AOI, 2, 1), Kind::Closing, &[("units", "SN1")]);
    finds(&[closing], &[(Message::FoundNothing, Red)]);
    // A review is nobody's report.
    finds(&with_looks(vec![review(6, 51, "Passed\nPassed\n")]), &[(Message::FoundMissing, Red)]);
    // A report on another board of the panel is none on this one.
    let other = report(5, "report-1", 50, "Passed\n").with(&[("units", "SN2\n")]);
    finds(&with_looks(vec![other]), &[(Message::FoundMissing, Red)]);
}

#[test]
fn a_third_attempt_without_the_first_two_is_noticed() {
    let third = report(5, "report-3", 50, "Passed\nPassed\n").with(&[("attempt", "3")]);
    finds(&with_looks(vec![third]), &[(Message::FoundAttemptsNotShown, Red)]);
}

#[test]
fn a_look_again_without_a_repair_is_best_of_several() {
    let again = |first: &str| {
        vec![
            report(5, "report-1", 50, first),
            report(6, "report-2", 52, "Passed\nPassed\n").with(&[("attempt", "2")]),
        ]
    };
    // The board beside it failed: the panel was tried again all the same.
    finds(&with_looks(again("Passed\nFailed\n")), &[(Message::FoundTried, Red)]);
    finds(&with_looks(again("Passed\nPassed\n")), &[(Message::FoundAgain, Amber)]);
    // A board that is crossed out is no failure of the panel.
    for crossed_out in ["Passed\nSkipped\n", "Passed\n跳过\n"] {
        finds(&with_looks(again(crossed_out)), &[(Message::FoundAgain, Amber)]);
    }
    // A repair of any board explains it.
    let repaired = [again("Passed\nFailed\n"), vec![repair(7, 51, "SN2")]].concat();
    finds(&with_looks(repaired), &[]);
    // A repair of a board that only a file of reports on single boards shows to be of the panel.
    let single =
        |unit: &str, record: u64, verdict: &str, file: &str, attempt: &str, minute: u64| {
            let unit_list = format!("{unit}\n");
            let own = format!("{file}-{unit}");
            report(5 + minute, file, minute, verdict).at(5 + minute, record).with(&[
                ("units", &unit_list),
                ("panel", ""),
                ("file/sha256", &own),
                ("part/of-sha256", file),
                ("attempt", attempt),
            ])
        };
    let looks = vec![
        single("SN1", 1, "Passed", "rows-1", "", 50),
        single("SN9", 2, "Failed", "rows-1", "", 50),
        single("SN1", 1, "Passed", "rows-2", "2", 70),
        repair(60, 60, "SN9"),
    ];
    finds(&with_looks(looks), &[]);
}

#[test]
fn a_report_that_was_written_again_is_compared_with_what_it_was() {
    let versions = |first: (&str, &str), second: (&str, &str)| {
        with_looks(vec![
            report(5, "v1", 50, first.0).with(&[("file/name", "r"), ("defects", first.1)]),
            report(6, "v2", 80, second.0).with(&[
                ("file/name", "r"),
                ("defects", second.1),
                ("file/version", "2"),
                ("supersedes", "v1"),
            ]),
        ])
    };
    let (bad, good) = ("Failed\nPassed\n", "Passed\nPassed\n");
    finds(&versions((bad, "2"), (good, "0")), &[(Message::FoundEdited, Red)]);
    // A judgement in the same file keeps the calls, as false ones.
    let mut judged = versions((bad, "2"), (good, "0"));
    let last = judged.pop().unwrap().with(&[("calls/false", "2")]);
    judged.push(last);
    finds(&judged, &[(Message::FoundOverride, Amber)]);
    finds(&versions((good, "0"), (good, "0")), &[(Message::FoundRewritten, Amber)]);
    // Where nothing is counted, a better word is enough.
    finds(&versions((bad, ""), (good, "")), &[(Message::FoundEdited, Red)]);
    // A first version that could not be read.
    let unread = Entry::whole(
        (AOI, 4, 1),
        Kind::Attachment,
        &[("file/sha256", "v1"), ("file/name", "r"), ("panel", "PN1"), ("seen", &time(49))],
    );
    let mut entries = versions((bad, "2"), (good, "0"));
    entries.remove(entries.len() - 2);
    entries.push(unread);
    finds(&entries, &[(Message::FoundFirstUnread, Amber)]);
}

#[test]
fn what_a_report_replaces_must_be_shown() {
    let replaces = report(5, "report-1", 50, "Passed\nPassed\n").with(&[("supersedes", "another")]);
    finds(&with_looks(vec![replaces]), &[(Message::FoundBeforeNotShown, Unknown)]);
}

#[test]
fn the_last_word_decides() {
    let bad = report(5, "report-1", 50, "Failed\nPassed\n");
    finds(&with_looks(vec![bad.clone()]), &[(Message::FoundFailed, Red)]);
    // Another board's verdict is not this one's.
    finds(&with_looks(vec![report(5, "report-1", 50, "Passed\nFailed\n")]), &[]);
    finds(
        &with_looks(vec![bad.clone(), review(6, 55, "Passed\nPassed\n")]),
        &[(Message::FoundOverride, Amber)],
    );
    finds(
        &with_looks(vec![bad.clone(), review(6, 55, "Failed\nPassed\n")]),
        &[(Message::FoundFailed, Red)],
    );
    // A review of an earlier attempt does not speak of a later one.
    let early = review(4, 45, "Passed\nPassed\n").with(&[("verdict/before", "Passed\nPassed\n")]);
    finds(&with_looks(vec![early, bad]), &[(Message::FoundFailed, Red)]);
    let whole = |word: &str| with_looks(vec![report(5, "report-1", 50, word)]);
    finds(&whole("NG"), &[(Message::FoundPanelFailed, Amber)]);
    finds(&whole("perhaps"), &[(Message::FoundNoWord, Unknown)]);
    finds(&whole(""), &[(Message::FoundNoVerdict, Unknown)]);
}

#[test]
fn a_review_that_rejects_stands_above_the_machine_that_passed() {
    let rejected =
        vec![report(5, "report-1", 50, "Passed\nPassed\n"), review(6, 55, "Failed\nPassed\n")];
    finds(&with_looks(rejected), &[(Message::FoundFailed, Red)]);
}

#[test]
fn what_failed_on_one_side_is_not_excused_by_the_other() {
    let (bad, good) = ("Failed\nPassed\n", "Passed\nPassed\n");
    let both = |top: &str, bottom: &str| {
        vec![
            report(5, "report-1", 50, top).with(&[("side", "top")]),
            report(6, "report-2", 52, bottom).with(&[("side", "bottom")]),
        ]
    };
    finds(&with_looks(both(good, good)), &[]);
    finds(&with_looks(both(bad, good)), &[(Message::FoundFailed, Red)]);
    let reviewed = |about: &str| {
        let review = review(7, 55, good).with(&[("about/sha256", about)]);
        with_looks([both(bad, good), vec![review]].concat())
    };
    finds(&reviewed("report-2"), &[(Message::FoundFailed, Red)]);
    finds(&reviewed("report-1"), &[(Message::FoundOverride, Amber)]);
    finds(&reviewed(""), &[(Message::FoundOverride, Amber)]);
}

#[test]
fn what_failed_at_one_machine_is_not_excused_by_another() {
    let with = |more: Vec<Entry>| {
        let other = report(6, "report-2", 60, "Passed\nPassed\n").with(&[("machine", "AOI-2")]);
        let looks = vec![report(5, "report-1", 50, "Failed\nPassed\n"), other];
        with_looks([looks, more].concat())
    };
    finds(&with(vec![]), &[(Message::FoundTried, Red)]);
    finds(&with(vec![repair(7, 55, "SN1")]), &[]);
    finds(&with(vec![review(7, 55, "Passed\nPassed\n")]), &[(Message::FoundOverride, Amber)]);
}

#[test]
fn a_later_report_that_only_counts_defects_is_bad() {
    let with = |units: &str| {
        let last = report(6, "report-2", 52, "").with(&[("defects", "2"), ("units", units)]);
        with_looks(vec![report(5, "report-1", 50, "Passed\nPassed\n"), last])
    };
    let again = (Message::FoundAgain, Amber);
    finds(&with("SN1\n"), &[again, (Message::FoundFailed, Red)]);
    finds(&with("SN1\nSN2\n"), &[again, (Message::FoundPanelFailed, Amber)]);
}

#[test]
fn a_neighbours_verdict_is_not_taken_whatever_panel_it_is_put_on() {
    for word in ["Passed", "Passed\n"] {
        let neighbour = report(5, "report-1", 50, word).with(&[("units", "SN2\n")]);
        let elsewhere =
            report(6, "report-2", 51, "Passed\n").with(&[("units", "SN2\n"), ("panel", "PN9")]);
        finds(&with_looks(vec![neighbour, elsewhere]), &[(Message::FoundNoWord, Unknown)]);
    }
}

#[test]
fn a_panel_that_was_not_read_is_no_panel() {
    let unread = Unit { panel: Some("N/A".to_owned()), ..unit() };
    assert_eq!(found_of(&unread, &honest()), []);
    let of = |sequence: u64, name: &str, units: &str, verdict: &str| {
        report(sequence, name, 45 + sequence, verdict).with(&[("units", units), ("panel", "N/A")])
    };
    let looks =
        vec![of(4, "report-0", "SN9\n", "Failed\n"), of(5, "report-1", "SN1\n", "Passed\n")];
    // Nothing says which panel went through the oven; a stranger's failure is not the unit's.
    let found = found_of(&unread, &with_looks(looks));
    assert_eq!(found, [(Message::FoundNoOven.code(), Amber)]);
}

#[test]
fn counts_that_are_too_large_are_no_failure_of_the_rules() {
    let most = u64::MAX.to_string();
    let large = report(5, "report-1", 50, "Passed\nPassed\n")
        .with(&[("defects", &most), ("calls/false", "1")]);
    finds(&with_looks(vec![large]), &[]);
}

#[test]
fn boards_that_share_a_name_are_told_apart_by_their_positions() {
    let shared = |verdicts: &str| {
        report(5, "report-1", 50, verdicts)
            .with(&[("units", "PN1\nPN1\n"), ("unit/positions", "2\n1\n")])
    };
    finds(&with_looks(vec![shared("Passed\nFailed\n")]), &[(Message::FoundFailed, Red)]);
    finds(&with_looks(vec![shared("Failed\nPassed\n")]), &[]);
    let nowhere = Unit { position: None, ..unit() };
    let found = found_of(&nowhere, &with_looks(vec![shared("Failed\nPassed\n")]));
    assert_eq!(found, [(Message::FoundPanelFailed.code(), Amber)]);
}

#[test]
fn a_unit_without_a_serial_is_judged_by_its_panel_and_its_position_there() {
    let nameless = Unit { serial: String::new(), ..unit() };
    let of = |verdicts: &str, units: &str| {
        let report = report(5, "report-1", 50, verdicts)
            .with(&[("units", units), ("unit/positions", "2\n1\n")]);
        found_of(&nameless, &with_looks(vec![report]))
    };
    for units in ["PN1\nPN1\n", "N/A\nN/A\n", "\n\n"] {
        assert_eq!(of("Passed\nFailed\n", units), [(Message::FoundFailed.code(), Red)]);
        assert_eq!(of("Failed\nPassed\n", units), []);
    }
    // What names a board of the panel says nothing of one that it cannot name, nor does an empty name.
    assert_eq!(of("Passed\nPassed\n", "SN2\n\n"), [(Message::FoundMissing.code(), Red)]);
}

#[test]
fn what_is_late_says_so() {
    let late = report(5, "report-1", 50, "Passed\nPassed\n").with(&[("late", "by an hour")]);
    finds(&with_looks(vec![late]), &[(Message::FoundLate, Amber)]);
}

#[test]
fn a_unit_whose_records_came_late_is_told_so_once_with_the_latest() {
    let late = |name: &str, at: u64, late: &str| {
        report(at, name, at * 10, "Passed\nPassed\n").with(&[("late", late)])
    };
    let entries = with_looks(vec![
        late("report-1", 5, "seen 90 s after the time that it claims"),
        late(
            "report-1",
            6,
            "seen 60 s after the time that it claims; sealed 7200 s after it was seen",
        ),
        late("report-1", 7, "by an hour"),
    ]);
    let unit = unit();
    let (units, words) = ([unit.clone()], Words::new(&[], &[]).unwrap());
    let book = Book::new(&entries, &units, &words);
    let found = judge(&book.case(&unit), &Context::new(&entries));
    let found: Vec<_> = found.iter().filter(|one| one.message == Message::FoundLate).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].places.len(), 3);
    let said = found[0].words().to_text(Language::English);
    assert!(said.starts_with("logged late (the furthest seen 1 min 0 s"), "{said}");
}

#[test]
fn what_is_not_opened_is_never_green() {
    for name in [
        "verdict",
        "seen",
        "file/name",
        "supersedes",
        "panel",
        "defects",
        "machine",
        "program",
        "program/sha256",
        "claimed/start",
        "claimed/zone",
    ] {
        let found = found_of(
            &unit(),
            &with_looks(vec![report(5, "report-1", 50, "Passed\nPassed\n").hiding(name)]),
        );
        assert!(found.contains(&(Message::FoundNotOpened.code(), Unknown)), "{name}: {found:?}");
    }
    // A name behind the table that is not opened may be that of an attempt.
    let hidden =
        report(5, "report-1", 50, "Passed\nPassed\n").with(&[("attempt", "3")]).hiding("attempt");
    finds(&with_looks(vec![hidden]), &[(Message::FoundNotOpened, Unknown)]);
    let mut entries = honest();
    entries[1] = certificate(0, "profile-1", 0, 8).hiding("verdict");
    finds(&entries, &[(Message::FoundNotOpened, Unknown)]);
    let mut entries = honest();
    entries[0] = limits(0, "limits-1", 0, "1").hiding("revision");
    finds(&entries, &[(Message::FoundNotOpened, Unknown)]);
    let mut entries = honest();
    entries[2] = pass(1, 40, "profile-1").hiding("certificate/sha256");
    finds(&entries, &[(Message::FoundNotOpened, Unknown)]);
}

/// An honest unit with another certificate, and another pass through the oven.
fn with_oven(certificates: Vec<Entry>, pass: Entry) -> Vec<Entry> {
    let mut entries = honest();
    entries.drain(1..3);
    entries.extend(certificates);
    entries.push(pass);
    entries
}

#[test]
fn a_certificate_must_be_valid_when_the_panel_passes() {
    let of = |certificate: Entry| with_oven(vec![certificate], pass(1, 40, "profile-1"));
    let sound = || certificate(0, "profile-1", 0, 8);
    finds(&of(sound().with(&[("verdict", "Fail")])), &[(Message::FoundCertificateFailed, Red)]);
    finds(&of(sound().with(&[("verdict", "perhaps")])), &[(Message::FoundNoWord, Unknown)]);
    finds(&of(sound().with(&[("verdict", "")])), &[]);
    finds(
        &of(sound().with(&[("valid/until", &time(30))])),
        &[(Message::FoundCertificateOutside, Red)],
    );
    finds(&of(sound().with(&[("valid/until", &time(41))])), &[]);
    finds(
        &of(sound().with(&[("valid/from", &time(43))])),
        &[(Message::FoundCertificateOutside, Red)],
    );
    let other = pass(1, 40, "profile-1").with(&[("program", "B")]);
    let recipe = sound().with(&[("program", "A")]);
    finds(&with_oven(vec![recipe], other), &[(Message::FoundCertificateOfAnother, Red)]);
    let ends = certificate(0, "profile-2", 20, 28)
        .at(0, 2)
        .with(&[("certificate/ends", "profile-1"), ("certificate/until", &time(28))]);
    let ended = with_oven(vec![sound(), ends], pass(1, 40, "profile-1"));
    finds(&ended, &[(Message::FoundCertificateEnded, Red)]);
    finds(
        &with_oven(vec![], pass(1, 40, "profile-1")),
        &[(Message::FoundCertificateNotShown, Unknown)],
    );
    finds(&with_oven(vec![sound()], pass(1, 40, "")), &[(Message::FoundNoCertificate, Amber)]);
    let elsewhere = pass(1, 40, "profile-1").with(&[("units", "PN9\n")]);
    finds(&with_oven(vec![sound()], elsewhere), &[(Message::FoundNoOven, Amber)]);
}

#[test]
fn a_certificate_behind_its_panels_is_backdated_unless_an_outage_explains_it() {
    let late = || certificate(9, "profile-2", 5, 90);
    let both = || vec![certificate(0, "profile-1", 0, 8), late()];
    finds(&with_oven(both(), pass(1, 40, "profile-1")), &[(Message::FoundBackdated, Red)]);
    // A pass that its oven reported later still came first.
    let mut reported_late = with_oven(both(), pass(1, 40, "profile-1"));
    reported_late.push(pass(12, 60, "profile-1").with(&[("seen", &time(120))]));
    reported_late.retain(|entry| entry.sequence != 1);
    reported_late.push(pass(1, 41, "profile-1").with(&[("units", "PN8\n")]));
    finds(&reported_late, &[(Message::FoundBackdated, Red)]);
    let outage = |source: &str, from: u64, until: u64| {
        Entry::whole(
            (source, 8, 1),
            Kind::Outage,
            &[("claimed/start", &time(from)), ("claimed/end", &time(until))],
        )
    };
    let mut explained = with_oven(both(), pass(1, 40, "profile-1"));
    explained.push(outage(OVEN, 4, 88));
    finds(&explained, &[(Message::FoundCertificateLate, Amber)]);
    // Another source's outage explains nothing, nor does one that was over long before.
    for outage in [outage(AOI, 4, 88), outage(OVEN, 4, 20), outage(OVEN, 60, 88)] {
        let mut entries = with_oven(both(), pass(1, 40, "profile-1"));
        entries.push(outage);
        finds(&entries, &[(Message::FoundBackdated, Red)]);
    }
    // What clocks and a profile run explain is no lie.
    finds(
        &with_oven(
            vec![certificate(0, "profile-1", 0, 8), certificate(9, "profile-2", 15, 44)],
            pass(1, 40, "profile-1"),
        ),
        &[],
    );
}

#[test]
fn limits_that_change_and_keep_their_revision_are_noticed_while_they_are_in_force() {
    let with = |changes: Vec<Entry>| [honest(), changes].concat();
    let widened = || limits(2, "limits-2", 45, "1");
    finds(&with(vec![widened()]), &[(Message::FoundLimits, Red)]);
    finds(&with(vec![limits(2, "limits-2", 45, "2")]), &[]);
    // Changed back before, and changed only afterwards.
    finds(&with(vec![widened(), limits(3, "limits-1", 48, "1")]), &[]);
    finds(&with(vec![limits(6, "limits-2", 60, "1")]), &[]);
    // Of another source, unless the report names the very bytes.
    let elsewhere = widened().of("line.example/other");
    let first = limits(0, "limits-1", 0, "1").of("line.example/other");
    finds(&with(vec![first.clone(), elsewhere.clone()]), &[]);
    let mut named = with(vec![first, elsewhere]);
    named[3] =
        report(5, "report-1", 50, "Passed\nPassed\n").with(&[("program/sha256", "limits-2")]);
    finds(&named, &[(Message::FoundLimits, Red)]);
    // Without a revision nobody can say that it was kept.
    let silent = with(vec![limits(2, "limits-2", 45, "")]);
    finds(&silent, &[]);
    assert_eq!(Context::new(&silent).unrevised, 1);
}

#[test]
fn several_findings_stand_beside_each_other() {
    let twice = Unit { repeated: 2, ..unit() };
    let mut entries = with_looks(vec![
        report(5, "report-1", 50, "Failed\nPassed\n").with(&[("late", "by an hour")]),
    ]);
    entries.push(limits(2, "limits-2", 45, "1"));
    let found: BTreeMap<&str, Colour> = found_of(&twice, &entries).into_iter().collect();
    let want = [
        (Message::FoundFailed, Red),
        (Message::FoundLate, Amber),
        (Message::FoundLimits, Red),
        (Message::FoundTwice, Amber),
    ];
    let want = want.map(|(message, colour)| (message.code(), colour));
    assert_eq!(found, BTreeMap::from(want));
}
