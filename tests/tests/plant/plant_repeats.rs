//! One seed, one plant; and what is on disk is what the account says.

use std::collections::HashMap;

use tests::plant::truth::How;
use tests::plant::{Bulk, Faults, Misbehaviour, Plant, Scale};

use crate::support::{busy, sha256};

#[test]
fn two_plants_with_one_seed_do_the_same_at_the_same_times() {
    let plant = || Plant::new(11, Scale::shift(), Faults::usual(), Misbehaviour::each(2));
    let (mut first, mut second) = (plant(), plant());
    let mut events = 0;
    loop {
        let (one, other) = (first.next(), second.next());
        assert!(one == other, "event {events} differs: {:?}", one.map(|event| event.at));
        if one.is_none() {
            break;
        }
        events += 1;
    }
    assert!(events > 2_000, "{events} events");
    let json = |plant: &Plant| {
        let mut json = Vec::new();
        plant.truth().write_json(&mut json).unwrap();
        json
    };
    assert_eq!(sha256(&json(&first)), sha256(&json(&second)));
    let other = Plant::new(12, Scale::shift(), Faults::usual(), Misbehaviour::each(2));
    let [a, b] = [plant(), other].map(|plant| plant.map(|event| event.what).collect::<Vec<_>>());
    assert!(a != b, "the seed makes no difference");
}

#[test]
fn events_come_in_the_order_of_their_times_and_stepping_changes_nothing() {
    let plant = || Plant::new(5, Scale::shift(), Faults::usual(), Misbehaviour::each(1));
    let at_once: Vec<_> = plant().collect();
    assert!(at_once.is_sorted_by_key(|event| event.at));
    let (mut stepped, mut plant) = (Vec::new(), plant());
    let mut now = plant.start();
    while !plant.is_over() {
        now += 1_000_000;
        let before = stepped.len();
        stepped.extend(plant.until(now));
        assert!(stepped[before..].iter().all(|event| (now - 1_000_000..now).contains(&event.at)));
    }
    assert!(stepped == at_once);
}

#[test]
fn every_file_on_disk_has_the_bytes_of_its_last_version_and_there_is_no_other() {
    let ran = busy(3);
    let mut last = HashMap::new();
    for version in &ran.truth.versions {
        let before = last.insert(version.path.clone(), version);
        assert_eq!(version.version, before.map_or(0, |before| before.version) + 1);
        assert!(before.is_none_or(|before| before.at <= version.at));
    }
    let files = ran.files();
    for (path, bytes) in &files {
        let version = last.get(path).unwrap_or_else(|| panic!("{path} is not in the account"));
        assert_eq!(version.sha256.as_deref(), Some(sha256(bytes).as_str()), "{path}");
        assert_eq!(version.size, bytes.len() as u64, "{path}");
        assert!(!version.partial, "{path} was never completed");
    }
    let expected = last.values().filter(|version| version.how != How::Removed).count();
    assert_eq!(files.len(), expected);
}

#[test]
fn misbehaviour_and_faults_leave_the_rest_of_the_plant_as_it_was() {
    let run = |faults, misbehaviour| {
        let mut plant = Plant::new(21, Scale::shift(), faults, misbehaviour);
        plant.by_ref().for_each(drop);
        plant.truth().clone()
    };
    let honest = run(Faults::none(), Misbehaviour::none());
    let edited = Misbehaviour { edited_reports: 3, ..Misbehaviour::none() };
    let dishonest = run(Faults::none(), edited);
    assert_eq!(honest.panels.len(), dishonest.panels.len());
    let mut differing = 0;
    for (before, after) in honest.panels.iter().zip(&dishonest.panels) {
        let same = format!("{before:?}") == format!("{after:?}");
        assert!(
            same || !after.misbehaviours.is_empty(),
            "{} changed without a cause",
            before.barcode
        );
        differing += usize::from(!same);
    }
    assert_eq!(differing, 3);
    let half = run(Faults { partial_per_mille: 500, ..Faults::none() }, Misbehaviour::none());
    assert_eq!(honest.panels.len(), half.panels.len());
    let finished = |truth: &tests::plant::Truth| {
        let whole = truth.versions.iter().filter(|version| !version.partial);
        let mut hashes: Vec<_> = whole.map(|v| (v.path.clone(), v.sha256.clone())).collect();
        hashes.sort();
        hashes
    };
    assert!(finished(&half).len() > 1_000);
    // Reports that were completed later may carry later times; those of the paste machine, first
    // in the line, may not.
    let paste = |truth| -> Vec<_> {
        finished(truth).into_iter().filter(|(path, _)| path.contains("/spi/")).collect()
    };
    assert_eq!(paste(&honest), paste(&half));
}

#[test]
fn bulk_reports_of_the_plant_are_about_8_kb_all_different_and_the_same_for_one_seed() {
    let folder = tempfile::tempdir().unwrap();
    let bulk = Bulk::new(9);
    let mut told = 0;
    let total = bulk.write(1_200, folder.path(), |done| told = done).unwrap();
    assert_eq!(told, 1_200);
    assert!((7_500..9_500).contains(&(total / 1_200)), "{} bytes each", total / 1_200);
    assert_eq!(
        std::fs::read(folder.path().join("0001/PN0100001199.json")).unwrap(),
        Bulk::new(9).report(1_199)
    );
    let mut hashes: Vec<String> = (0..1_200).map(|index| sha256(&bulk.report(index))).collect();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 1_200);
}
