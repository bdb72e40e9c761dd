//! The machine fails at every write: what was told is never forgotten and never contradicted, and
//! a start after it needs nobody's help.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::sync::Arc;

use spec::witness::parse_answer;
use support::{FakeDisk, Fault, Home, ONE, TestLog, verified};
use witness::clock::MachineTime;
use witness::high_water::{HighWater, SlotFile, read_slots};
use witness::state::State;
use witness::witness::{AddError, Witness, catch_up};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A home whose state and record are carried over to a fake disk.
fn faked(home: &Home) -> FakeDisk {
    let state = fs::read(home.settings.state()).unwrap();
    let record = fs::read(&home.settings.high_water).unwrap();
    FakeDisk::with(state, record)
}

/// Starts on a fake disk; fails as a start would.
fn start(home: &Home, disk: &FakeDisk) -> Result<(Witness, std::thread::JoinHandle<()>), String> {
    let opened = State::open_on(disk.state_backend()).map_err(|error| error.to_string())?;
    let record = read_slots(&disk.record_bytes()).ok_or("the record is unreadable")?;
    let mut high_water = HighWater::with_file(disk.slot_file());
    catch_up(&opened, &mut high_water, record).map_err(|error| error.to_string())?;
    let time = Box::new(MachineTime);
    Witness::start(home.settings.clone(), opened, high_water, time, false)
        .map_err(|error| error.to_string())
}

/// One life that fails at its `number`-th operation: which sizes were told, one after the other.
fn live(home: &Home, disk: &FakeDisk, log: &TestLog, known: u64) -> Vec<u64> {
    let Ok((witness, writer)) = start(home, disk) else { return Vec::new() };
    let mut told = Vec::new();
    let mut size = known;
    for _ in 0..3 {
        let next = size + 2;
        match run(witness.add(&log.request(size, next))) {
            Ok(answer) => {
                verified(&answer, &log.checkpoint(next), &home.keys);
                told.push(next);
                size = next;
            }
            Err(AddError::Stopped(_)) => {
                // It never signs again in this life, and shows nothing that was not told.
                let again = run(witness.add(&log.request(size, next)));
                assert!(matches!(again, Err(AddError::Stopped(_))), "{again:?}");
                assert!(!witness.status().faults.is_empty());
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    drop(witness);
    writer.join().unwrap();
    told
}

#[test]
fn at_every_write_and_after_every_power_cut_what_was_told_stands() {
    let log = TestLog::new("log.example/crash");
    let home = Home::new(&ONE, &[&log]);
    let sound = faked(&home);
    let before = sound.operations();
    assert_eq!(live(&home, &sound, &log, 0), [2, 4, 6]);
    let all = sound.operations() - before;
    assert!(all > 20, "{all} operations are too few to be the whole life");

    for fault in [Fault::Lost, Fault::DoneButFailed] {
        for number in 1..=all {
            for kept in [false, true] {
                let disk = faked(&home);
                disk.fail_at(number, fault);
                let told = live(&home, &disk, &log, 0);
                let latest = told.last().copied().unwrap_or(0);

                let left = disk.after_power_cut(kept);
                let name = format!("{fault:?} at {number}, kept {kept}");
                let (witness, writer) = start(&home, &left).unwrap_or_else(|error| {
                    panic!("{name}: the start needs help: {error}");
                });
                // What was told is known. One step more may be: it was never told, and is a step
                // of the same log.
                let known = [latest, latest + 2]
                    .into_iter()
                    .find(|size| run(witness.add(&log.request(*size, 20))).is_ok());
                assert!(known.is_some(), "{name}: {latest} was forgotten");
                drop(witness);
                writer.join().unwrap();
            }
        }
    }
}

#[test]
fn a_commit_whose_second_half_failed_is_never_shown() {
    let log = TestLog::new("log.example/half");
    let home = Home::new(&ONE, &[&log]);
    let path = spec::witness::monitoring_path(&log.origin);
    let hash = path.split('/').nth(1).unwrap();
    let disk = faked(&home);
    let (witness, writer) = start(&home, &disk).unwrap();
    run(witness.add(&log.request(0, 2))).unwrap();
    let shown = run(witness.checkpoint(hash)).unwrap().unwrap();

    // The last two operations of a step are those of the second record.
    let probe = faked(&home);
    let (other, other_writer) = start(&home, &probe).unwrap();
    run(other.add(&log.request(0, 2))).unwrap();
    let before = probe.operations();
    run(other.add(&log.request(2, 4))).unwrap();
    let step = probe.operations() - before;
    drop(other);
    other_writer.join().unwrap();

    disk.fail_at(step - 1, Fault::Lost);
    let refused = run(witness.add(&log.request(2, 4)));
    assert!(matches!(refused, Err(AddError::Stopped(_))), "{refused:?}");
    // The state holds size 4 by now; it was not told, so it is not shown.
    assert!(matches!(run(witness.checkpoint(hash)), Err(AddError::Stopped(_))));
    drop(witness);
    writer.join().unwrap();

    let (witness, writer) = start(&home, &disk.after_power_cut(false)).unwrap();
    let after = run(witness.checkpoint(hash)).unwrap().unwrap();
    assert_ne!(after, shown);
    let answer = run(witness.add(&log.request(4, 4))).unwrap();
    verified(&answer, &log.checkpoint(4), &home.keys);
    drop(witness);
    writer.join().unwrap();
}

#[test]
fn a_record_that_a_killed_process_left_in_memory_is_durable_before_it_is_shown() {
    let log = TestLog::new("log.example/killed");
    let home = Home::new(&ONE, &[&log]);
    let disk = faked(&home);
    let (witness, writer) = start(&home, &disk).unwrap();
    let before = disk.operations();
    run(witness.add(&log.request(0, 2))).unwrap();
    let step = disk.operations() - before;
    // The last operation of a step is the sync of the second record.
    disk.fail_at(step, Fault::Lost);
    assert!(matches!(run(witness.add(&log.request(2, 4))), Err(AddError::Stopped(_))));
    drop(witness);
    writer.join().unwrap();

    // The process is gone and the machine is not: what was written is read back as it is.
    disk.repair();
    let (witness, writer) = start(&home, &disk).unwrap();
    let path = spec::witness::monitoring_path(&log.origin);
    let shown = run(witness.checkpoint(path.split('/').nth(1).unwrap())).unwrap().unwrap();
    assert!(String::from_utf8(shown).unwrap().contains("\n4\n"));
    drop(witness);
    writer.join().unwrap();
    let left = disk.after_power_cut(false);
    let head = State::open_on(left.state_backend()).unwrap().state.head();
    assert_eq!(read_slots(&left.record_bytes()).unwrap().head, head);
}

/// A store whose code fails badly.
struct Panics;

impl SlotFile for Panics {
    fn write(&mut self, _: u64, _: &[u8]) -> std::io::Result<()> {
        panic!("a test of what becomes of a panic")
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_while_writing_stops_the_witness_and_is_said() {
    let log = TestLog::new("log.example/panic");
    let home = Home::new(&ONE, &[&log]);
    let disk = faked(&home);
    let opened = State::open_on(disk.state_backend()).unwrap();
    let record = HighWater::with_file(Box::new(Panics));
    let (witness, writer) =
        Witness::start(home.settings, opened, record, Box::new(MachineTime), false).unwrap();
    assert!(matches!(run(witness.add(&log.request(0, 2))), Err(AddError::Stopped(_))));
    let faults = witness.status().faults;
    assert!(faults.len() == 1 && faults[0].contains("stopped"), "{faults:?}");
    assert!(matches!(run(witness.add(&log.request(0, 2))), Err(AddError::Stopped(_))));
    drop(witness);
    writer.join().unwrap();
}

#[test]
fn requests_that_race_are_decided_one_after_the_other() {
    let log = Arc::new(TestLog::new("log.example/race"));
    let home = Home::new(&ONE, &[&log]);
    let (witness, writer) = Witness::open(home.data(), false).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        witness.add(&log.request(0, 5)).await.unwrap();
        for round in 0..30_u64 {
            let old = 5 + round * 10;
            // The race of the text: N and N + K at once, from the same old size.
            let tasks: Vec<_> = (1..=10)
                .map(|more| {
                    let (witness, log) = (witness.clone(), Arc::clone(&log));
                    tokio::spawn(async move {
                        let answer = witness.add(&log.request(old, old + more)).await;
                        answer.map(|lines| (old + more, parse_answer(lines.as_bytes()).unwrap()))
                    })
                })
                .collect();
            let mut winners = Vec::new();
            for task in tasks {
                if let Ok((size, _)) = task.await.unwrap() {
                    winners.push(size);
                }
            }
            assert_eq!(winners.len(), 1, "{winners:?}");
            let known = witness.add(&log.request(0, 1)).await.unwrap_err();
            let want = format!("the latest cosigned checkpoint has size {}", winners[0]);
            assert_eq!(known.to_string(), want);
            if winners[0] != old + 10 {
                witness.add(&log.request(winners[0], old + 10)).await.unwrap();
            }
        }
    });
    drop((runtime, witness));
    writer.join().unwrap();
}

#[test]
fn who_goes_away_leaves_the_log_usable() {
    let log = TestLog::new("log.example/gone");
    let home = Home::new(&ONE, &[&log]);
    let (witness, writer) = Witness::open(home.data(), false).unwrap();
    run(async {
        let mut known = 0;
        for _ in 0..50 {
            let request = log.request(known, known + 1);
            // Polled once, so that it is submitted or waits, and then dropped.
            let gone = tokio::time::timeout(std::time::Duration::ZERO, witness.add(&request));
            let _ = gone.await;
            let conflict = witness.add(&log.request(0, 0)).await;
            known = match conflict {
                Ok(_) => 0,
                Err(error) => error.to_string().rsplit(' ').next().unwrap().parse().unwrap(),
            };
        }
        assert!(known > 0, "none of fifty that were submitted became durable");
    });
    drop(witness);
    writer.join().unwrap();
}
