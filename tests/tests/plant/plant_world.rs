//! The faults of the world: clocks, power, shares, half-written files, clean-up.

use std::collections::HashMap;

use tests::plant::truth::How;
use tests::plant::{Disk, Faults, Misbehaviour, Plant, Scale, Stopped, Truth, What};

const HOUR: u64 = 3_600_000;

fn run(faults: Faults, scale: Scale) -> (Vec<tests::plant::Event>, Truth) {
    let mut plant = Plant::new(41, scale, faults, Misbehaviour::none());
    let events = plant.by_ref().collect();
    (events, plant.truth().clone())
}

#[test]
fn a_plant_without_faults_has_right_clocks_whole_files_and_no_outage() {
    let (events, truth) = run(Faults::none(), Scale::shift());
    assert!(truth.outages.is_empty());
    assert!(truth.versions.iter().all(|version| !version.partial && version.how != How::Removed));
    for machine in &truth.machines {
        assert_eq!((machine.zone_minutes, machine.drift_ms_per_day), (480, 0));
        assert!(machine.steps.is_empty());
    }
    let marker =
        |what: &What| matches!(what, What::Starts(_) | What::Ends(_) | What::ClockStep { .. });
    assert!(!events.iter().any(|event| marker(&event.what)));
    let attempts = truth.panels.iter().flat_map(|panel| &panel.attempts);
    assert!(attempts.into_iter().all(|attempt| attempt.claimed == attempt.at as i64));
}

#[test]
fn a_plants_clocks_drift_step_and_stand_in_a_wrong_zone_as_often_as_asked() {
    let faults = Faults { clock_steps: 3, wrong_zones: 2, ..Faults::usual() };
    let (events, truth) = run(faults, Scale::shift());
    let machines = &truth.machines;
    assert_eq!(machines.len(), 30);
    assert!(machines.iter().all(|m| (1_000..=5_000).contains(&m.drift_ms_per_day.abs())));
    assert_eq!(machines.iter().filter(|machine| machine.zone_minutes == 540).count(), 2);
    assert_eq!(machines.iter().filter(|machine| !machine.steps.is_empty()).count(), 3);
    let told = events.iter().filter(|event| matches!(event.what, What::ClockStep { .. })).count();
    assert_eq!(told, 3);
}

#[test]
fn nothing_is_written_by_a_plant_without_power_or_by_a_line_that_is_off() {
    let (events, truth) =
        run(Faults { machines_off: 4, power_cuts: 3, ..Faults::usual() }, Scale::shift());
    let mut stopped = 0;
    for outage in &truth.outages {
        let during = events.iter().filter(|event| (outage.from..outage.until).contains(&event.at));
        let written: Vec<String> =
            during.filter_map(|event| event.what.path()).map(|path| path.lossy()).collect();
        match &outage.what {
            Stopped::Power => assert_eq!(written, Vec::<String>::new()),
            Stopped::Line { line } => {
                let folder = format!("line-{line:02}/");
                assert!(!written.iter().any(|path| path.starts_with(&folder)), "{written:?}");
            }
            Stopped::Network | Stopped::Share { .. } => continue,
        }
        stopped += 1;
    }
    assert_eq!(stopped, 7);
    for outage in &truth.outages {
        let marks = events.iter().filter(|event| match &event.what {
            What::Starts(what) => *what == outage.what && event.at == outage.from,
            What::Ends(what) => *what == outage.what && event.at == outage.until,
            _ => false,
        });
        assert_eq!(marks.count(), 2, "{outage:?}");
    }
}

#[test]
fn a_half_written_file_of_the_plant_is_completed_by_its_next_version() {
    let (_, truth) = run(Faults { partial_per_mille: 100, ..Faults::none() }, Scale::shift());
    let mut open = HashMap::new();
    let mut completed = 0;
    for version in &truth.versions {
        if let Some((size, at)) = open.remove(&version.path) {
            assert!(version.how == How::Appended && version.size > size && !version.partial);
            assert!(version.at - at <= 15_000, "{} took {} ms", version.path, version.at - at);
            completed += 1;
        }
        if version.partial {
            open.insert(version.path.clone(), (version.size, version.at));
        }
    }
    assert!(open.is_empty() && completed > 50, "{completed} completed, {open:?} open");
}

#[test]
fn a_share_of_the_plant_that_is_gone_comes_back_with_what_was_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults { shares_gone: 3, ..Faults::none() };
    let plant = Plant::new(43, Scale::shift(), faults, Misbehaviour::none());
    let visible = folder.path().join("files");
    let mut disk = Disk::open(&visible, &folder.path().join("hidden")).unwrap();
    let (mut gone, mut waited, mut outages) = (None, Vec::new(), 0);
    for event in plant {
        disk.apply(&event).unwrap();
        match &event.what {
            What::Starts(Stopped::Share { folder }) => gone = Some(folder.clone()),
            What::Ends(Stopped::Share { folder }) => {
                assert!(visible.join(folder).is_dir());
                assert!(
                    waited.drain(..).all(|path: std::path::PathBuf| visible.join(path).is_file())
                );
                (gone, outages) = (None, outages + 1);
            }
            what => {
                let (Some(share), Some(path)) = (&gone, what.path()) else { continue };
                if path.share() == *share {
                    assert!(!visible.join(share).exists() && disk.place(path).is_file());
                    waited.push(path.to_path());
                }
            }
        }
    }
    assert_eq!(outages, 3);
}

#[test]
fn a_plants_machines_delete_their_reports_after_some_days_and_not_before() {
    let scale = Scale { lines: 5, hours: 60, panels_per_hour: 4, lot_panels: 30 };
    let (_, truth) = run(Faults { clean_up_hours: 24, ..Faults::none() }, scale);
    let mut made = HashMap::new();
    let mut removed = 0;
    for version in &truth.versions {
        if version.how == How::Removed {
            let age = version.at - made[&version.path];
            assert!((24 * HOUR..25 * HOUR).contains(&age), "{} after {age} ms", version.path);
            assert!(version.path.contains("/aoi/") && !version.path.ends_with(".Dat"));
            removed += 1;
        } else {
            made.entry(version.path.clone()).or_insert(version.at);
        }
    }
    assert!(removed > 200, "{removed} removed");
    let after = truth.versions.iter().skip_while(|version| version.how != How::Removed);
    assert!(after.filter(|version| version.how == How::Created).count() > 100);
}
