//! The power goes at every disk operation: nothing acknowledged is lost, nothing signed is broken.
//!
//! Each case is a seed and the operation that the cut hits. A second cut may hit the start that
//! follows. `FIDUCIAL_SOAK=1` tries every operation instead of a sample.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

use std::collections::BTreeMap;

use log_server::admission::Admission;
use log_server::log::OpenError;
use tests::crash::points::{points, try_all};
use tests::crash::script::Script;
use tests::crash::{Ended, World};
use tests::fake_disk::image::Image;
use tests::fake_disk::{Fault, Kind, When};
use tests::seed::Seed;
use tests::store::{FAKE_DISK, embedded_only};

/// Different entries in a scripted run: two full bundles and a part of a third.
const ENTRIES: usize = 600;

/// How many cuts are tried in one script without soaking.
const SAMPLE: usize = 80;

/// How many times a cut is repeated where each has many outcomes.
const OUTCOMES: u64 = 8;

/// Where a power cut hits, and the number that its outcome and the next cut follow from.
type Case = (When, u64);

#[test]
fn power_cut_at_every_operation_any_mode() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    cut_everywhere(Admission::Any, 7);
}

#[test]
fn power_cut_at_every_operation_statements_mode() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    cut_everywhere(Admission::Statements, 7);
    cut_everywhere(Admission::Statements, 8);
}

fn cut_everywhere(admission: Admission, seed: u64) {
    let script = Script::write(admission, ENTRIES, seed);
    let (changes, counts) = whole_run(&script);
    let mut seed = Seed::new(seed);
    // The start is tried at each of its operations, the long run after it at a sample.
    let mut cases: Vec<Case> = (0..24).map(|at| (When::Change(at), at)).collect();
    let sample = points(changes as usize, SAMPLE, &mut seed).into_iter().map(|at| at as u64);
    cases.extend(sample.map(|at| (When::Change(at), at)));
    // A sample misses what is rare: the sealing of tiles is hit each time, with several outcomes.
    for at in 0..counts[&Kind::SyncEverything] {
        cases.extend((0..OUTCOMES).map(|number| (When::Kind(Kind::SyncEverything, at), number)));
    }
    try_all(&cases, |case| cut_at(&script, *case));
}

/// Runs the script undisturbed; gives the operations to cut at.
fn whole_run(script: &Script) -> (u64, BTreeMap<Kind, u64>) {
    let mut world = World::new(script, 1);
    let log = world.open().unwrap();
    assert_eq!(world.drive(&log, usize::MAX).unwrap(), Ended::Done);
    world.audit(&log).unwrap();
    world.close(log.clone());
    assert!(log.status().sealed >= 512, "the run seals bundles");
    assert_eq!(world.oracle.acknowledged(), world.oracle.entries().count());
    assert!(world.oracle.acknowledged() >= ENTRIES);
    assert!(world.oracle.heads() > 10, "the run signs many heads");
    (world.disk.changes(), world.disk.counts())
}

fn cut_at(script: &Script, (when, number): Case) -> Result<(), String> {
    let mut world = World::new(script, number + 1000);
    world.disk.plan(when, Fault::PowerCut);
    live(&mut world, usize::MAX)?;
    // A cut in the start that follows, at an operation that moves with the case.
    world.reboot();
    world.disk.plan(When::Change(number % 20), Fault::PowerCut);
    let until = world.next + 2;
    live(&mut world, until)?;
    world.reboot();
    world.prove_alive(6)?;
    // What was left un-synced by a life that ended well does not matter either.
    world.disk.cut_power();
    world.reboot();
    world.prove_alive(0)
}

/// Lives until the power goes or the script ends. A start that fails without a cut is a failure.
fn live(world: &mut World, until: usize) -> Result<(), String> {
    match world.open() {
        Ok(log) => {
            let ended = world.drive(&log, until)?;
            if !world.disk.is_off() && !matches!(ended, Ended::Done) {
                return Err(format!("refused before the cut: {ended:?}"));
            }
            world.disk.cut_power();
            world.close(log);
        }
        Err(_) if world.disk.is_off() => {}
        Err(error) => return Err(format!("does not open: {error}")),
    }
    world.oracle.saw_written(&world.disk.notes())
}

/// Dozens of lives of one log, each cut at a random operation, often during its start.
#[test]
fn a_log_survives_dozens_of_power_cuts() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let cases: Vec<(Admission, u64)> = [Admission::Any, Admission::Statements]
        .into_iter()
        .flat_map(|admission| (0..3).map(move |seed| (admission, seed)))
        .collect();
    try_all(&cases, |(admission, number)| {
        let script = Script::write(*admission, ENTRIES, 100 + number);
        let mut world = World::new(&script, *number);
        let mut seed = Seed::new(*number);
        for life in 0..30 {
            let at = if seed.once_in(2) { seed.below(24) } else { seed.below(200) };
            world.disk.plan(When::Change(at as u64), Fault::PowerCut);
            live(&mut world, usize::MAX).map_err(|why| format!("life {life}, cut {at}: {why}"))?;
            world.reboot();
        }
        world.prove_alive(usize::MAX / 2)
    });
}

#[test]
fn a_folder_that_was_never_made_into_a_log_says_so() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let script = Script::write(Admission::Any, 10, 1);
    let world = World::new(&script, 1).beside(Image::default(), 1);
    match world.open() {
        Err(OpenError::Settings(error)) => {
            assert!(error.to_string().contains("fiducial-log init"), "{error}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("an empty folder is no log"),
    }
}
