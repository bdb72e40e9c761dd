//! The journal's end while no head can be signed: what was acknowledged is told from what was not.

use std::fs;
use std::path::PathBuf;

use log_server::disk::MachineDisk;
use log_server::journal::mark;

use crate::witness::Manner;
use crate::world::{World, add, end, publish, wait_until};

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
    // A power cut in the next commit: the file has its length, and none of its data.
    fs::write(&journal, [&whole[..], &[0; 5000]].concat()).unwrap();
    let log = world.open();
    assert_eq!(log.status().sequenced, 3);
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
        ([&whole[..begin], &vec![0; whole.len() - begin][..]].concat(), "is damaged"),
        (whole[..whole.len() - 1].to_vec(), "3 were durable"),
        (whole[..begin].to_vec(), "3 were durable"),
    ] {
        fs::write(&journal, &damaged).unwrap();
        let refused = world.refusal();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(fs::read(&journal).unwrap(), damaged, "a refused start has changed something");
    }
    // Without the mark nobody knows what was acknowledged: then no zeros are dropped.
    fs::write(&journal, [&whole[..], &[0; 5000]].concat()).unwrap();
    fs::remove_file(world.data.join(mark::MARK)).unwrap();
    let refused = world.refusal();
    assert!(refused.contains("truncate --size="), "{refused}");
    fs::write(&journal, &whole).unwrap();
    end(&world.open());
}
