//! The disk runs full at many points, in the middle of writes too, and later has space again.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

use log_server::admission::Admission;
use tests::crash::points::{points, try_all};
use tests::crash::script::Script;
use tests::crash::{ADMISSIONS, Ended, World};
use tests::seed::Seed;
use tests::store::{FAKE_DISK, embedded_only};

/// Different entries in a scripted run.
const ENTRIES: usize = 600;

/// How many points are tried in each mode without soaking.
const SAMPLE: usize = 16;

/// Soaking tries one point in each stretch of so many bytes.
const STRIDE: usize = 97;

/// More than all files in these runs.
const PLENTY: usize = 64 * 1024 * 1024;

#[test]
fn full_disk_refuses_and_takes_again_once_there_is_space() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    each_point(|script, capacity| {
        let mut world = World::new(script, capacity as u64);
        world.disk.set_capacity(capacity);
        let Ok(log) = world.open() else { return opens_with_space(world) };
        let full = world.drive(&log, usize::MAX)?;
        if let Ended::Refused(why) = &full
            && log.status().fatal.is_none()
            && !why.contains("could not be stored")
        {
            return Err(format!("the refusal does not say why: {why}"));
        }
        world.disk.set_capacity(PLENTY);
        // Without a restart, unless a sync was hit: then nothing can be known without one.
        if log.status().fatal.is_none() {
            if let Ended::Refused(why) = world.drive(&log, usize::MAX)? {
                return Err(format!("refuses with space again: {why}"));
            }
            world.audit(&log)?;
        }
        world.close(log);
        opens_with_space(world)
    });
}

#[test]
fn full_disk_and_a_power_cut_lose_nothing() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    each_point(|script, capacity| {
        let mut world = World::new(script, capacity as u64);
        world.disk.set_capacity(capacity);
        if let Ok(log) = world.open() {
            world.drive(&log, usize::MAX)?;
            world.disk.cut_power();
            world.close(log);
        } else {
            world.disk.cut_power();
        }
        opens_with_space(world)
    });
}

fn opens_with_space(mut world: World) -> Result<(), String> {
    world.reboot();
    world.prove_alive(4)?;
    world.disk.cut_power();
    world.reboot();
    world.prove_alive(0)
}

fn each_point(attempt: impl Fn(&Script, usize) -> Result<(), String> + Sync) {
    let mut cases = Vec::new();
    for admission in ADMISSIONS {
        let script = Script::write(admission, ENTRIES, 31);
        let whole = bytes_of_a_run(&script);
        let mut seed = Seed::new(32);
        let at = points(whole / STRIDE, SAMPLE, &mut seed).into_iter();
        cases.extend(at.map(|at| (admission, at * STRIDE + seed.below(STRIDE))));
    }
    let scripts = ADMISSIONS.map(|admission| (admission, Script::write(admission, ENTRIES, 31)));
    try_all(&cases, |(admission, capacity): &(Admission, usize)| {
        let (_, script) =
            scripts.iter().find(|(of, _)| of == admission).expect("a script for each mode");
        attempt(script, *capacity)
    });
}

fn bytes_of_a_run(script: &Script) -> usize {
    let mut world = World::new(script, 1);
    let log = world.open().unwrap();
    assert_eq!(world.drive(&log, usize::MAX).unwrap(), Ended::Done);
    world.audit(&log).unwrap();
    world.close(log);
    world.disk.image().used()
}
