//! The journal's end while no head can be signed: what was acknowledged is told from what was not.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use log_server::check::{Listener, Problem, check};
use log_server::disk::MachineDisk;
use log_server::journal::mark;

use crate::witness::Manner;
use crate::world::{World, add, end, publish, wait_until};

/// What the offline check says.
#[derive(Default)]
struct Found(Mutex<Vec<Problem>>);

impl Listener for Found {
    fn problem(&self, problem: Problem) {
        self.0.lock().unwrap().push(problem);
    }

    fn progress(&self, _: u64, _: u64) {}
}

/// A log that has three entries, of which one is published, one is under the signed head, and one is
/// acknowledged and under no head at all; and its journal.
fn stalled() -> (World, PathBuf) {
    let world = World::new(1, 1);
    let log = world.open();
    publish(&log, "one");
    world.witnesses[0].set(Manner::Away);
    add(&log, "two");
    let head = || fs::read_to_string(world.data.join("signed-head")).unwrap();
    wait_until("a head is signed", || head().lines().nth(1) == Some("2"));
    // Larger than a sector, so that a lost one can be wholly in it.
    add(&log, &"three ".repeat(1000));
    let disk = MachineDisk::open(&world.data).unwrap();
    let marked = || mark::read(&disk, &world.data).map(|marked| marked.size);
    wait_until("the mark follows", || marked() == Some(3));
    assert_eq!(head().lines().nth(1), Some("2"));
    end(&log);
    let journal = world.data.join("journal");
    (world, journal)
}

#[test]
fn zeros_behind_what_was_acknowledged_are_dropped() {
    let (world, journal) = stalled();
    let whole = fs::read(&journal).unwrap();
    // A power cut with the reserve there, or in the next commit: of that one sector has come, not its first.
    let mut begun = [&whole[..], &[0; 5000]].concat();
    let sector = (whole.len() + 1).next_multiple_of(512);
    for fill in [0, 7] {
        begun[sector..sector + 512].fill(fill);
        fs::write(&journal, &begun).unwrap();
        let log = world.open();
        assert_eq!(log.status().sequenced, 3);
        end(&log);
        let left = fs::read(&journal).unwrap().len();
        assert!(left <= whole.len(), "a stop gives the reserve back");
    }
}

#[test]
fn a_log_that_was_not_stopped_leaves_a_reserve_that_the_next_start_reads() {
    let world = World::new(1, 1);
    let log = world.open();
    publish(&log, "one");
    let journal = world.data.join("journal");
    let running = fs::read(&journal).unwrap();
    end(&log);
    let stopped = fs::read(&journal).unwrap();
    let reserve = running.strip_prefix(&stopped[..]).unwrap();
    assert!(reserve.len() > 100_000 && reserve.iter().all(|byte| *byte == 0));
    // As a killed one leaves it.
    fs::write(&journal, &running).unwrap();
    let log = world.open();
    assert_eq!(log.status().sequenced, 1);
    end(&log);
}

#[test]
fn what_was_acknowledged_and_lost_is_refused_though_no_head_covers_it() {
    let (world, journal) = stalled();
    let whole = fs::read(&journal).unwrap();
    let last_sector = (whole.len() - 512) / 512 * 512;
    let mut zeroed = whole.clone();
    zeroed[last_sector..].fill(0);
    let begin = whole.len() - 6000 - 2 - 25;
    for (damaged, why) in [
        (zeroed, "is damaged"),
        // As a whole it looks like the reserve, and the journal is too short.
        ([&whole[..begin], &vec![0; whole.len() - begin][..]].concat(), "3 were durable"),
        (whole[..whole.len() - 1].to_vec(), "3 were durable"),
        (whole[..begin].to_vec(), "3 were durable"),
    ] {
        fs::write(&journal, &damaged).unwrap();
        let refused = world.refusal();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(fs::read(&journal).unwrap(), damaged, "a refused start has changed something");
        // The offline check says the same.
        let found = Found::default();
        check(&world.data, &found).unwrap();
        let found = found.0.into_inner().unwrap();
        assert!(found.iter().any(|problem| problem.what.contains(why)), "{found:?}");
    }
    // Without the mark nobody knows what was acknowledged: then no zeros are dropped.
    fs::write(&journal, [&whole[..], &[0; 5000]].concat()).unwrap();
    fs::remove_file(world.data.join(mark::MARK)).unwrap();
    let refused = world.refusal();
    assert!(refused.contains("truncate --size="), "{refused}");
    fs::write(&journal, &whole).unwrap();
    end(&world.open());
}
