//! Cosignatures that are carried by hand to servers that share a journal.

use std::cell::RefCell;
use std::collections::HashSet;

use log_server::admission::Admission;
use log_server::log::Log;
use log_server::witnesses::board::{Missing, QUORUM_PATIENCE};
use log_server::witnesses::carry::{CarryError, accept, request};
use log_server::witnesses::read_policy;
use spec::note::Note;

use crate::witness::{Manner, Witness};
use crate::world::{World, add, end, insist, published, wait_until};

const SERVERS: [&str; 2] = ["a", "b"];

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Carries the last signed head to the witness, and its cosignature to every server. Returns the size.
fn carry(world: &World, witness: &Witness) -> u64 {
    let old = witness.remembered().tree.map_or(0, |tree| tree.size());
    let request = request(&world.data("a"), Some(old), None).unwrap();
    let path = world.template().with_file_name("cosignature");
    std::fs::write(&path, witness.cosign(&request.to_bytes()).unwrap()).unwrap();
    let policy = read_policy(&world.template().join("policy"), &world.keys).unwrap();
    let size = request.head().size();
    let mut accepted = 0;
    for name in SERVERS {
        match accept(&world.data(name), &policy, &path, now()) {
            Ok(taken) => {
                assert_eq!(taken.size, size);
                accepted += 1;
            }
            // The server before has published it at once, and signed another.
            Err(CarryError::Trouble { signed, .. }) => assert!(accepted > 0 && signed > size),
            Err(other) => panic!("{other}"),
        }
    }
    size
}

fn is_published(logs: &[Log], size: u64) -> bool {
    logs.iter().all(|log| {
        let shown = log.published();
        shown.checkpoint.tree().size() >= size && !shown.note.is_empty()
    })
}

/// A world whose heads one witness must cosign, which is reached by file alone.
fn by_file() -> Option<(World, Witness)> {
    let world = World::new(Admission::Any)?;
    let witness = Witness::start("w.example", &world.keys);
    let policy = format!("{}quorum w\n", witness.line_without_url("w"));
    std::fs::write(world.template().join("policy"), policy).unwrap();
    SERVERS.iter().for_each(|name| world.configure(name));
    Some((world, witness))
}

#[test]
fn a_server_that_waits_for_a_file_stays_in_office_however_long_it_takes() {
    let Some((world, witness)) = by_file() else { return };
    let logs = SERVERS.map(|name| world.open(name));
    let waits_long = |log: &Log| {
        let waiting = log.status().witnessing.and_then(|status| status.waiting);
        waiting.is_some_and(|waiting| waiting.time >= QUORUM_PATIENCE * 2)
    };
    wait_until("one waits for longer than witnesses take", || logs.iter().any(waits_long));
    assert_eq!(carry(&world, &witness), 0);
    wait_until("what was carried is published", || is_published(&logs, 0));
    logs.iter().for_each(end);
}

#[test]
fn while_a_head_waits_for_its_witnesses_every_server_says_so() {
    let Some((world, witness)) = by_file() else { return };
    let logs = SERVERS.map(|name| world.open(name));
    let waiting = |log: &Log| log.status().witnessing.and_then(|status| status.waiting);
    let says_so = |log: &Log| waiting(log).is_some_and(|waiting| waiting.time >= QUORUM_PATIENCE);
    wait_until("all say that it waits", || logs.iter().all(says_so));
    // Only who is in office knows for whom.
    let names = |log: &Log| waiting(log).is_some_and(|waiting| !waiting.missing.names().is_empty());
    wait_until("one names it", || logs.iter().filter(|log| names(log)).count() == 1);
    assert_eq!(carry(&world, &witness), 0);
    wait_until("what was carried is published", || is_published(&logs, 0));
    wait_until("none says it any more", || logs.iter().all(|log| waiting(log).is_none()));
    logs.iter().for_each(end);
}

#[test]
fn who_does_not_see_the_database_says_of_no_head_that_it_waits() {
    let Some((mut world, _witness)) = by_file() else { return };
    let waiting = |log: &Log| log.status().witnessing.and_then(|status| status.waiting);
    let holder = world.open("a");
    wait_until("a head waits", || waiting(&holder).is_some());
    let way = world.lay_way();
    let other = world.open("b");
    wait_until("the other has heard of it", || {
        waiting(&other).is_some_and(|waiting| waiting.missing == Missing::Elsewhere)
    });
    world.postgres.end();
    way.take_away();
    world.postgres.begin(&[]);
    wait_until("what is not seen is not known", || waiting(&other).is_none());
    way.lay();
    [holder, other].iter().for_each(end);
}

#[test]
fn a_server_that_stopped_accuses_no_witness() {
    let Some((world, _witness)) = by_file() else { return };
    let log = world.open("a");
    let waiting = || log.status().witnessing.and_then(|status| status.waiting);
    wait_until("a head waits", || waiting().is_some());
    world.postgres.sql("INSERT INTO log_schema (version) VALUES (99)");
    wait_until("it stops", || log.status().fatal.is_some());
    assert_eq!(waiting(), None, "it waits for an upgrade, and for nobody else");
    end(&log);
}

#[test]
fn a_head_in_a_database_is_carried_to_a_witness_and_its_word_to_whichever_server_publishes() {
    let Some((world, witness)) = by_file() else { return };
    assert!(matches!(request(&world.data("a"), None, None), Err(CarryError::NoHead)));

    let logs = SERVERS.map(|name| world.open(name));
    assert_eq!(carry(&world, &witness), 0);
    wait_until("the empty log is published", || is_published(&logs, 0));
    for at in 0..300_u32 {
        add(&logs[(at % 2) as usize], &at.to_be_bytes());
    }
    let mut rounds = 0;
    while !is_published(&logs, 300) {
        let size = carry(&world, &witness);
        wait_until("what was carried is published", || is_published(&logs, size));
        // The next head is signed a moment later.
        std::thread::sleep(std::time::Duration::from_millis(10));
        rounds += 1;
        assert!(rounds < 400, "it does not come to an end");
    }
    let shown = published(&logs[0], 300);
    assert_eq!(Note::parse(&shown.note).unwrap().signatures().len(), 2);
    logs.iter().for_each(end);
}

/// A world whose heads two witnesses must cosign: one that is asked over the network, and one that is reached
/// by file alone.
fn near_and_far() -> Option<(World, Witness, Witness)> {
    let world = World::new(Admission::Any)?;
    let [near, far] = ["near.example", "far.example"].map(|name| Witness::start(name, &world.keys));
    let lines = near.line("near") + &far.line_without_url("far");
    let policy = format!("{lines}group both all near far\nquorum both\n");
    std::fs::write(world.template().join("policy"), policy).unwrap();
    SERVERS.iter().for_each(|name| world.configure(name));
    Some((world, near, far))
}

/// Waits until each server has left the office and has begun it anew.
fn wait_for_offices(world: &World) {
    let holders = RefCell::new(Vec::new());
    wait_until("each is in office a second time", || {
        let mut holders = holders.borrow_mut();
        let holder = world.postgres.ask("postgres", "SELECT encode(holder, 'hex') FROM log_lease");
        let holder = holder.trim().to_owned();
        if !holder.is_empty() && holders.last() != Some(&holder) {
            holders.push(holder);
        }
        let times = |one: &String| holders.iter().filter(|holder| *holder == one).count();
        let twice: HashSet<&String> = holders.iter().filter(|one| times(one) >= 2).collect();
        twice.len() == SERVERS.len()
    });
}

/// The size of the last signed head.
fn signed(world: &World) -> u64 {
    request(&world.data("a"), Some(0), None).unwrap().head().size()
}

#[test]
fn what_is_carried_counts_in_every_office_of_a_server() {
    let Some((world, near, far)) = near_and_far() else { return };
    near.set(Manner::Away);
    let logs = SERVERS.map(|name| world.open(name));
    add(&logs[0], b"first");
    let second = now();
    wait_until("the second of the start is over", || now() > second);
    assert_eq!(carry(&world, &far), 0);
    // Without the other witness each leaves publishing to the other, again and again.
    wait_for_offices(&world);
    assert!(!is_published(&logs, 0));
    near.set(Manner::Honest);
    wait_until("the head is confirmed, and the next is signed", || signed(&world) == 1);
    carry(&world, &far);
    wait_until("that is published too", || is_published(&logs, 1));
    logs.iter().for_each(end);
}

#[test]
fn what_was_carried_before_a_failover_confirms_nothing() {
    let Some((mut world, near, far)) = near_and_far() else { return };
    near.set(Manner::Away);
    let logs = SERVERS.map(|name| world.open(name));
    let second = now();
    wait_until("the second of the start is over", || now() > second);
    assert_eq!(carry(&world, &far), 0);
    world.postgres.end();
    world.postgres.begin_on_another_timeline();
    near.set(Manner::Honest);
    wait_until("what was carried is enough to publish", || is_published(&logs, 0));
    insist(&logs[0], b"first");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(signed(&world), 0, "an old word does not confirm the head");
    let second = now();
    wait_until("the second of the failover is over", || now() > second);
    carry(&world, &far);
    wait_until("a new one does", || signed(&world) == 1);
    logs.iter().for_each(end);
}
