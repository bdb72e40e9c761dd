//! Each misbehaviour appears in the account and on disk exactly as said, and never when not asked.

use std::collections::{BTreeMap, HashMap};

use tests::plant::truth::{Deed, How, Version};
use tests::plant::{Event, Faults, Kind, Misbehaviour, Plant, Scale, Truth, What};

/// A plant that has run, with every version's bytes in memory.
struct Watched {
    truth: Truth,
    versions: HashMap<String, Vec<(u64, Vec<u8>)>>,
}

fn watch(misbehaviour: Misbehaviour) -> Watched {
    let scale = Scale { lines: 5, hours: 24, panels_per_hour: 30, lot_panels: 40 };
    let mut plant = Plant::new(31, scale, Faults::none(), misbehaviour);
    let mut versions: HashMap<String, Vec<(u64, Vec<u8>)>> = HashMap::new();
    for Event { at, what } in plant.by_ref() {
        match what {
            What::Write { path, bytes, .. } => {
                versions.entry(path.lossy()).or_default().push((at, bytes));
            }
            What::Append { path, bytes } => {
                let known = versions.entry(path.lossy()).or_default();
                let mut whole = known.last().map_or_else(Vec::new, |(_, bytes)| bytes.clone());
                whole.extend(bytes);
                known.push((at, whole));
            }
            _ => {}
        }
    }
    Watched { truth: plant.truth().clone(), versions }
}

impl Watched {
    fn deeds(&self, kind: Kind) -> Vec<&Deed> {
        self.truth.misbehaviours.iter().filter(|deed| deed.kind == kind).collect()
    }

    fn history(&self, path: &str) -> Vec<&Version> {
        self.truth.versions.iter().filter(|version| version.path == path).collect()
    }

    fn panel(&self, deed: &Deed) -> &tests::plant::truth::Panel {
        self.truth
            .panels
            .iter()
            .find(|panel| panel.barcode == deed.panels[0])
            .expect("a deed names its panel")
    }

    /// Files of inspection and review whose bytes hold `text`.
    fn mention(&self, text: &str) -> Vec<&String> {
        let holds =
            |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let files = self.versions.iter().filter(|(path, versions)| {
            (path.contains("/aoi/") || path.contains("/review/"))
                && (path.contains(text) || versions.iter().any(|(_, bytes)| holds(bytes)))
        });
        files.map(|(path, _)| path).collect()
    }
}

#[test]
fn an_honest_plant_has_no_deed_and_no_trace_of_one() {
    let watched = watch(Misbehaviour::none());
    assert!(watched.truth.misbehaviours.is_empty());
    assert!(watched.truth.panels.iter().all(|panel| panel.misbehaviours.is_empty()));
    for panel in &watched.truth.panels {
        assert!(
            panel.certificate.is_some() && panel.attempts.iter().all(|attempt| attempt.on_disk)
        );
        // Nobody inspects again what was not repaired.
        for pair in panel.attempts.windows(2) {
            assert!(pair[0].repaired.is_some(), "{}", panel.barcode);
        }
    }
    assert!(watched.truth.certificates.iter().all(|certificate| !certificate.backdated));
    // A limit file that changes says so by its revision.
    for (path, versions) in watched.versions.iter().filter(|(path, _)| path.ends_with("limits.csv"))
    {
        for pair in versions.windows(2) {
            let revision = |bytes: &[u8]| {
                String::from_utf8(bytes.to_vec()).unwrap().lines().nth(1).map(str::to_string)
            };
            assert_ne!(revision(&pair[0].1), revision(&pair[1].1), "{path}");
        }
    }
}

#[test]
fn each_misbehaviour_of_the_plant_is_done_as_often_as_asked_and_no_other_is() {
    let all = watch(Misbehaviour::each(3));
    assert_eq!(
        all.truth.done(),
        Kind::ALL.into_iter().map(|kind| (kind, 3)).collect::<BTreeMap<_, _>>()
    );
    for kind in Kind::ALL {
        let mut asked = Misbehaviour::none();
        match kind {
            Kind::BackdatedCertificate => asked.backdated_certificates = 1,
            Kind::BestOfThree => asked.best_of_three = 1,
            Kind::EditedReport => asked.edited_reports = 1,
            Kind::OmittedPanel => asked.omitted_panels = 1,
            Kind::SuppressedAttempts => asked.suppressed_attempts = 1,
            Kind::WidenedLimits => asked.widened_limits = 1,
        }
        let watched = watch(asked);
        let done = watched.truth.done();
        assert!(
            done.iter().all(|(other, count)| *count == usize::from(*other == kind)),
            "{done:?}"
        );
    }
}

#[test]
fn a_panel_omitted_by_the_plant_is_shipped_and_has_no_report_of_inspection() {
    let watched = watch(Misbehaviour { omitted_panels: 4, ..Misbehaviour::none() });
    let deeds = watched.deeds(Kind::OmittedPanel);
    assert_eq!(deeds.len(), 4);
    for deed in deeds {
        let panel = watched.panel(deed);
        assert_eq!(watched.mention(&panel.barcode), Vec::<&String>::new());
        assert!(deed.serials.iter().all(|serial| watched.mention(serial).is_empty()));
        assert!(panel.units.iter().any(|unit| unit.shipped && !unit.escaped.is_empty()));
        assert!(
            panel.attempts.len() == 1 && !panel.attempts[0].on_disk && !panel.attempts[0].passed
        );
        assert!(watched.truth.shipped_csv().contains(&panel.barcode));
        // The paste machine saw it all the same.
        assert!(panel.files.iter().all(|file| file.contains("/spi/")) && panel.files.len() == 1);
    }
}

#[test]
fn a_report_edited_by_the_plant_was_failed_first_and_passes_in_its_last_version() {
    let watched = watch(Misbehaviour { edited_reports: 6, ..Misbehaviour::none() });
    let deeds = watched.deeds(Kind::EditedReport);
    assert_eq!(deeds.len(), 6);
    for deed in deeds {
        let (panel, path) = (watched.panel(deed), &deed.files[0]);
        let history = watched.history(path);
        assert_eq!(history.len(), 2, "{path}");
        assert!(history[1].how == How::Overwritten && history[0].sha256 != history[1].sha256);
        let between = history[1].at - history[0].at;
        assert!(between >= 20 * 60_000 - 60_000, "{between} ms after first sight");
        assert_eq!(history[1].at, deed.at);
        assert!(panel.attempts.len() == 1 && panel.attempts[0].reviewed.is_none());
        let versions = &watched.versions[path];
        for call in ["SFT01", "INS01", "TMB01"] {
            let after = String::from_utf8_lossy(&versions[1].1).into_owned();
            assert!(!after.contains(call), "{path} still has {call}");
        }
        assert!(versions[0].1.len() > versions[1].1.len() || path.contains("Machine"), "{path}");
    }
}

#[test]
fn best_of_three_in_the_plant_leaves_all_attempts_and_the_variant_only_the_last() {
    let asked = Misbehaviour { best_of_three: 5, suppressed_attempts: 5, ..Misbehaviour::none() };
    let watched = watch(asked);
    for deed in watched.deeds(Kind::BestOfThree) {
        let panel = watched.panel(deed);
        let verdicts: Vec<bool> = panel.attempts.iter().map(|attempt| attempt.passed).collect();
        assert!([vec![false, true], vec![false, false, true]].contains(&verdicts), "{verdicts:?}");
        assert!(panel.attempts.iter().all(|attempt| attempt.on_disk && attempt.repaired.is_none()));
        assert_eq!(deed.attempts as usize, verdicts.len());
        assert!(deed.files.iter().all(|file| watched.versions.contains_key(file)));
        assert!(deed.files.len() >= verdicts.len());
    }
    for deed in watched.deeds(Kind::SuppressedAttempts) {
        let panel = watched.panel(deed);
        let (last, hidden) = panel.attempts.split_last().unwrap();
        assert!(last.on_disk && last.passed && !hidden.is_empty());
        assert!(hidden.iter().all(|attempt| !attempt.on_disk && !attempt.passed));
        let reports = watched.mention(&panel.barcode);
        let own = reports.iter().filter(|path| !path.ends_with("AOIData.Dat")).count();
        assert!(own == 1 || panel.line % 5 == 3, "{reports:?}");
    }
    assert_eq!(watched.deeds(Kind::BestOfThree).len(), 5);
    assert_eq!(watched.deeds(Kind::SuppressedAttempts).len(), 5);
}

#[test]
fn a_certificate_backdated_by_the_plant_claims_a_time_before_panels_that_went_without_it() {
    let watched = watch(Misbehaviour { backdated_certificates: 3, ..Misbehaviour::none() });
    let deeds = watched.deeds(Kind::BackdatedCertificate);
    assert_eq!(deeds.len(), 3);
    for deed in deeds {
        let id = deed.certificate.as_ref().unwrap();
        let certificate = watched.truth.certificates.iter().find(|c| c.id == *id).unwrap();
        assert!(certificate.backdated && !deed.panels.is_empty());
        for barcode in &deed.panels {
            let panel =
                watched.truth.panels.iter().find(|panel| panel.barcode == *barcode).unwrap();
            assert!(panel.certificate.is_none() && panel.start < certificate.written);
        }
        let history = watched.history(&deed.files[0]);
        assert_eq!((history.len(), history[0].at), (1, certificate.written));
    }
    let without = watched.truth.panels.iter().filter(|panel| panel.certificate.is_none()).count();
    let covered: usize =
        watched.deeds(Kind::BackdatedCertificate).iter().map(|d| d.panels.len()).sum();
    assert_eq!(without, covered);
}

#[test]
fn limits_widened_by_the_plant_change_in_silence_and_back_and_let_panels_pass() {
    let watched = watch(Misbehaviour { widened_limits: 3, ..Misbehaviour::none() });
    let deeds = watched.deeds(Kind::WidenedLimits);
    assert_eq!(deeds.len(), 3);
    for deed in &deeds {
        let text = |at: u64| {
            let versions = &watched.versions[&deed.files[0]];
            let (_, bytes) = versions.iter().rfind(|(then, _)| *then <= at).unwrap();
            String::from_utf8(bytes.clone()).unwrap()
        };
        let (before, during, after) = (text(deed.at - 1), text(deed.at), text(deed.until));
        assert_ne!(before, during);
        assert_eq!(before, after);
        assert_eq!(before.lines().nth(1), during.lines().nth(1), "the revision tells");
        assert!(!deed.panels.is_empty(), "nothing passed that should not");
    }
    let told: usize = deeds.iter().map(|deed| deed.panels.len()).sum();
    let marked =
        watched.truth.panels.iter().filter(|panel| !panel.misbehaviours.is_empty()).count();
    assert_eq!(told, marked);
}
