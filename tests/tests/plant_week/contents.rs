//! What the records say of the reports, beside what is true: kind, board, verdict and times.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;
use tests::plant::truth::{Attempt, Certificate, Panel};
use tests::plant::{Kind as Misdeed, Truth};

use crate::records::{Record, Records, moment};

/// How many of what were compared.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) reports: usize,
    pub(crate) reviews: usize,
    pub(crate) rows: usize,
    pub(crate) certificates: usize,
    /// Half-written files that had to be taken as they were.
    pub(crate) torn: usize,
}

type ByName<'r> = BTreeMap<(u32, String), Vec<&'r Record>>;

fn name(record: &Record) -> String {
    String::from_utf8_lossy(record.bytes("file/name")).into_owned()
}

fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_string()
}

/// Holds every record to the account.
pub(crate) fn compare(truth: &Truth, records: &Records, contents: &mut Contents) {
    let torn: BTreeSet<&str> = truth
        .versions
        .iter()
        .filter(|version| version.partial)
        .filter_map(|version| version.sha256.as_deref())
        .collect();
    let mut by_name: ByName<'_> = BTreeMap::new();
    for record in records.all.iter().filter(|record| record.is_evidence()) {
        if torn.contains(record.whole()) {
            contents.torn += 1;
            continue;
        }
        assert_ne!(record.kind, Kind::Attachment, "not understood: {record:?}");
        assert!(!record.text("interpreted").starts_with("no:"), "{record:?}");
        assert!(!record.has("claimed/problem"), "{record:?}");
        let line = record.source["line-".len()..][..2].parse().unwrap();
        by_name.entry((line, name(record))).or_default().push(record);
    }
    for panel in &truth.panels {
        let edited = panel.misbehaviours.contains(&Misdeed::EditedReport);
        for attempt in panel.attempts.iter().filter(|attempt| attempt.on_disk) {
            let machine = format!("AOI-{:02}", panel.line);
            let zone = truth.machines.iter().find(|one| one.name == machine).unwrap().zone_minutes;
            report(&by_name, panel, attempt, (zone, edited), contents);
            review(&by_name, panel, attempt, contents);
        }
    }
    rows(truth, records, contents);
    for certificate in &truth.certificates {
        profile(&by_name, certificate, contents);
    }
}

/// What the machine itself said of an inspection.
fn report(
    by_name: &ByName<'_>,
    panel: &Panel,
    attempt: &Attempt,
    (zone, edited): (i64, bool),
    contents: &mut Contents,
) {
    let own = by_name.get(&(panel.line, base(&attempt.files[0])));
    let own = own.into_iter().flatten().filter(|one| one.kind == Kind::AoiReport);
    // A later version is what somebody made of it; the first is the machine's.
    let first: Vec<&&Record> = own.filter(|one| !one.has("file/version")).collect();
    if first.is_empty() {
        return;
    }
    // A report whose first state was overwritten too soon is already the person's.
    let is_reviewed = |one: &&&Record| one.text("calls/false").parse::<u64>().is_ok_and(|n| n > 0);
    if panel.line == 2 && first.iter().any(is_reviewed) {
        return;
    }
    let verdicts: Vec<&str> = first.iter().flat_map(|one| one.list("verdict")).collect();
    let failed = match panel.line {
        4 => first.iter().any(|one| one.text("defects") != "0"),
        _ => verdicts.iter().any(|word| ["Failed", "failed", "NG", "不良"].contains(word)),
    };
    let calls: u32 = first.iter().map(|one| one.text("defects").parse::<u32>().unwrap_or(0)).sum();
    // A board that was given up is looked at no more, and the account still counts its calls.
    let is_first_state =
        calls == attempt.false_calls + attempt.real_calls || panel.line == 2 || attempt.attempt > 1;
    assert!(is_first_state || edited, "{calls} calls: {attempt:?} {first:?}");
    assert_eq!(failed, calls > 0, "{attempt:?} {first:?}");
    for record in &first {
        let boards = board_names(panel);
        let named: Vec<&str> =
            record.list("units").into_iter().chain([record.text("panel")]).collect();
        let known = named.iter().filter(|one| !one.is_empty() && **one != "N/A");
        assert!(known.clone().all(|one| boards.contains(*one)), "{named:?} of {boards:?}");
        assert!(known.count() > 0 || !panel.barcode_read, "{record:?}");
        let end = if panel.line == 2 { "claimed/end" } else { "claimed/start" };
        let claimed = local(record, record.text(end), zone);
        let apart = claimed.abs_diff(u64::try_from(attempt.claimed).unwrap());
        assert!(apart < 1_000, "{apart} ms apart: {attempt:?} {record:?}");
        contents.reports += 1;
    }
}

/// The identifiers that reports of a panel may use.
fn board_names(panel: &Panel) -> BTreeSet<String> {
    let units = panel.units.iter().map(|unit| unit.serial.clone());
    units.chain([panel.barcode.clone()]).collect()
}

/// A time as the machine's clock showed it, in milliseconds of UTC as the machine believes.
fn local(record: &Record, text: &str, zone: i64) -> u64 {
    if let Some(moment) = moment(text) {
        return moment;
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap();
    let [year, month, day] = match record.text("claimed/format") {
        "MM/dd/yyyy HH:mm:ss" => [part(6, 10), part(0, 2), part(3, 5)],
        "dd/MM/yyyy HH:mm:ss" => [part(6, 10), part(3, 5), part(0, 2)],
        "yyyy-MM-dd HH:mm:ss" | "yyyy/MM/dd HH:mm:ss" => [part(0, 4), part(5, 7), part(8, 10)],
        other => panic!("{other}: {record:?}"),
    };
    let shown = moment(&format!("{year}-{month}-{day}T{}Z", part(11, 19))).unwrap();
    shown.checked_add_signed(-zone * 60_000).unwrap()
}

/// What a person said of it.
fn review(by_name: &ByName<'_>, panel: &Panel, attempt: &Attempt, contents: &mut Contents) {
    let Some(path) = attempt.review_files.first() else { return };
    let own = by_name.get(&(panel.line, base(path))).into_iter().flatten();
    for record in own.filter(|one| one.kind == Kind::Review) {
        let boards = board_names(panel);
        let named: Vec<&str> =
            record.list("units").into_iter().chain([record.text("panel")]).collect();
        let known = named.iter().filter(|one| !one.is_empty() && **one != "N/A");
        assert!(known.clone().all(|one| boards.contains(*one)), "{named:?} of {boards:?}");
        let rejected =
            ["Failed", "NG", "不良"].iter().any(|word| record.list("verdict").contains(word));
        if panel.line != 4 {
            assert_eq!(rejected, attempt.repaired.is_some(), "{attempt:?} {record:?}");
        }
        assert!(!record.text("operator").is_empty(), "{record:?}");
        contents.reviews += 1;
    }
}

/// Rows of the file that grows: one an inspection and one a review, in their order.
fn rows(truth: &Truth, records: &Records, contents: &mut Contents) {
    let rows: Vec<&Record> =
        records.all.iter().filter(|record| record.has("append/prefix")).collect();
    let of = |kind: Kind, panel: &Panel| {
        rows.iter().filter(|one| one.kind == kind && one.text("panel") == panel.barcode).count()
    };
    for panel in truth.panels.iter().filter(|panel| panel.line == 4) {
        let on_disk = panel.attempts.iter().filter(|attempt| attempt.on_disk);
        let reviewed = panel.attempts.iter().filter(|attempt| attempt.reviewed.is_some());
        assert_eq!(of(Kind::AoiReport, panel), on_disk.clone().count(), "{}", panel.barcode);
        assert_eq!(of(Kind::Review, panel), reviewed.count(), "{}", panel.barcode);
        let zone = truth.machines.iter().find(|one| one.name == "AOI-04").unwrap().zone_minutes;
        let own = rows
            .iter()
            .filter(|one| one.kind == Kind::AoiReport && one.text("panel") == panel.barcode);
        for (record, attempt) in own.zip(on_disk) {
            let want = if attempt.passed { "PASS" } else { "FAIL" };
            let of_a_repeat = panel.misbehaviours.contains(&Misdeed::BestOfThree);
            assert!(record.text("verdict") == want || of_a_repeat, "{attempt:?} {record:?}");
            let claimed = local(record, record.text("claimed/start"), zone);
            let apart = claimed.abs_diff(u64::try_from(attempt.claimed).unwrap());
            assert!(apart < 1_000, "{attempt:?} {record:?}");
            contents.rows += 1;
        }
    }
}

/// The trace of a profile run.
fn profile(by_name: &ByName<'_>, certificate: &Certificate, contents: &mut Contents) {
    let own = by_name.get(&(certificate.line, base(&certificate.files[0])));
    for record in own.into_iter().flatten() {
        assert_eq!(record.kind, Kind::ReflowCertificate, "{record:?}");
        assert_eq!(record.text("machine"), certificate.oven, "{record:?}");
        assert_eq!(record.text("claimed/start"), certificate.claimed, "{record:?}");
        let passed = certificate.profile.passed;
        let verdict = match (certificate.line, passed) {
            (1 | 4, true) => "Pass",
            (1 | 4, false) => "Fail",
            (2 | 5, true) => "Bestanden",
            (2 | 5, false) => "Nicht bestanden",
            _ => "",
        };
        assert_eq!(record.text("verdict"), verdict, "{record:?}");
        if certificate.line == 3 {
            assert!(!record.has("verdict") && !record.has("program"), "{record:?}");
            assert_eq!(record.text("not-stated"), "program verdict window");
        } else {
            assert_eq!(record.text("program"), certificate.recipe, "{record:?}");
            assert_eq!(record.text("certificate"), certificate.id, "{record:?}");
        }
        contents.certificates += 1;
    }
}
