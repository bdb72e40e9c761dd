//! Each kind of disk operation fails in each way: not done; done but reported as failed; and, for
//! syncs, failed with the waiting data given up, which no later sync brings back.
//!
//! The log may refuse, and may stop. It may not lose what it acknowledged, nor sign anything that
//! is not so. After the fault it is started again, loses power, and is started once more.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

use std::collections::BTreeMap;

use log_server::admission::Admission;
use tests::crash::points::{points, try_all};
use tests::crash::script::Script;
use tests::crash::{Ended, World};
use tests::fake_disk::{Fault, Kind, When};
use tests::seed::Seed;
use tests::store::{FAKE_DISK, embedded_only};

/// Different entries in a scripted run.
const ENTRIES: usize = 600;

/// How many occurrences of a kind are hit in each way without soaking.
const SAMPLE: usize = 5;

/// A fault, where it hits, and the seed of the run.
type Case = (Kind, Fault, u64);

#[test]
fn every_kind_of_operation_fails_in_every_way_any_mode() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    fail_everything(Admission::Any, 21);
}

#[test]
fn every_kind_of_operation_fails_in_every_way_statements_mode() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    fail_everything(Admission::Statements, 21);
    fail_everything(Admission::Statements, 22);
}

fn fail_everything(admission: Admission, seed: u64) {
    let script = Script::write(admission, ENTRIES, seed);
    let counts = undisturbed(&script);
    let mut seed = Seed::new(seed);
    let mut cases: Vec<Case> = Vec::new();
    for (kind, count) in &counts {
        let faults = [Fault::Lost, Fault::DoneButFailed, Fault::Dropped];
        for fault in faults.into_iter().filter(|fault| *fault != Fault::Dropped || kind.is_sync()) {
            let at = points(*count as usize, SAMPLE, &mut seed);
            cases.extend(at.into_iter().map(|at| (*kind, fault, at as u64)));
        }
    }
    try_all(&cases, |case| fail_at(&script, *case));
}

/// What the engine does in a run, by kind; it must use nearly all of its verbs.
fn undisturbed(script: &Script) -> BTreeMap<Kind, u64> {
    let mut world = World::new(script, 1);
    let log = world.open().unwrap();
    assert_eq!(world.drive(&log, usize::MAX).unwrap(), Ended::Done);
    let counts = world.disk.counts();
    world.audit(&log).unwrap();
    world.close(log);
    // Nothing is ever removed; the journal is cut back at a stop, and else only after an append has failed.
    let unused: Vec<&Kind> = Kind::ALL.iter().filter(|kind| !counts.contains_key(kind)).collect();
    assert_eq!(unused, [&Kind::Remove, &Kind::Truncate]);
    counts
}

fn fail_at(script: &Script, (kind, fault, at): Case) -> Result<(), String> {
    let mut world = World::new(script, at);
    world.disk.plan(When::Kind(kind, at), fault);
    if let Ok(log) = world.open() {
        // After a refusal that stopped nothing, clients just try again.
        if world.drive(&log, usize::MAX)? != Ended::Done && log.status().fatal.is_none() {
            world.drive(&log, usize::MAX)?;
        }
        // The fault may hit the log while it is audited, or the audit's own read.
        if let Err(why) = world.audit(&log)
            && log.status().fatal.is_none()
        {
            let again = if kind == Kind::Read { world.audit(&log) } else { Err(why) };
            again?;
        }
        world.close(log);
    }
    world.oracle.saw_written(&world.disk.notes())?;
    // The process is started again over what it left, then the power goes.
    world.reboot();
    world.prove_alive(4)?;
    world.disk.cut_power();
    world.reboot();
    world.prove_alive(4)
}

/// A failed append is taken back; if that fails too the log must stop, whatever is left there.
#[test]
fn a_write_that_cannot_be_taken_back_stops_the_log() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let script = Script::write(Admission::Any, 40, 3);
    for fault in [Fault::Lost, Fault::DoneButFailed] {
        let mut world = World::new(&script, 5);
        let log = world.open().unwrap();
        world.drive(&log, 3).unwrap();
        // The disk is full to the last byte, so the append is refused and must be taken back. The entry
        // has no room in what was made ready before.
        world.disk.set_capacity(0);
        world.disk.plan(When::Kind(Kind::Truncate, 0), fault);
        let why = world.add_together(&log, &[vec![b'x'; 60_000]]).expect_err("the disk is full");
        assert!(why.contains("start the log again"), "{why}");
        world.close(log);
        world.disk.set_capacity(usize::MAX);
        world.reboot();
        world.prove_alive(usize::MAX / 2).unwrap();
    }
}
