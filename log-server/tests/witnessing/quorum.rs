//! When a head is published, with how many cosignatures, and what happens without the quorum.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use spec::note::Note;

use crate::witness::Manner;
use crate::world::{World, add, end, publish, published, trouble, wait_until};

/// Longer than any test waits: a head that waits for a witness that hangs is not published at all.
const NEVER: Duration = Duration::from_secs(3600);

#[test]
fn a_head_is_published_with_the_cosignatures_of_all_who_answer() {
    let world = World::new(3, 2);
    let log = world.open();
    assert!(world.cosigners(&log.published()) >= 2, "the first head is cosigned as well");
    for entry in ["one", "two", "three"] {
        assert!(world.cosigners(&publish(&log, entry)) >= 2);
    }
    // The third is added to the same size within a moment.
    wait_until("all three have cosigned", || world.cosigners(&log.published()) == 3);
    assert_eq!(log.published().checkpoint.tree().size(), 3);
    end(&log);
    let file = std::fs::read(world.data.join("checkpoint")).unwrap();
    assert_eq!(file, log.published().note);
}

#[test]
fn a_request_stays_below_ten_kilobytes_and_holds_the_logs_own_lines_only() {
    let world = World::new(2, 1);
    let log = world.open();
    for entry in 0..40 {
        publish(&log, &entry.to_string());
    }
    end(&log);
    let largest = world.witnesses[0].remembered().largest;
    // One ML-DSA-44 line alone is 3.3 kB; the witnesses' lines are not sent to each other.
    assert!((3_000..10 * 1024).contains(&largest), "{largest}");
}

#[test]
fn two_of_three_are_enough_while_one_hangs_or_is_away() {
    for manner in [Manner::Hang, Manner::Away, Manner::Late(Duration::from_secs(3))] {
        let mut world = World::new(3, 2);
        world.answer_time = NEVER;
        let log = world.open();
        world.witnesses[1].set(manner.clone());
        for entry in ["one", "two", "three"] {
            assert_eq!(world.cosigners(&publish(&log, entry)), 2, "{manner:?}");
        }
        end(&log);
    }
}

#[test]
fn a_slow_witness_gets_its_turn_though_heads_move_on() {
    let world = World::new(2, 1);
    let log = world.open();
    world.witnesses[1].set(Manner::Late(Duration::from_millis(300)));
    let before = Instant::now();
    let mut entries = 0;
    while before.elapsed() < Duration::from_secs(2) {
        publish(&log, &entries.to_string());
        entries += 1;
    }
    let asked = world.witnesses[1].remembered().asked.len() as u64;
    assert!((3..20).contains(&asked) && asked < entries, "{asked} of {entries}");
    wait_until("the slow one is added to the last", || world.cosigners(&log.published()) == 2);
    end(&log);
}

#[test]
fn three_of_ten_that_hang_cost_nothing() {
    let mut world = World::new(10, 7);
    world.answer_time = NEVER;
    let log = world.open();
    for witness in &world.witnesses[3..6] {
        witness.set(Manner::Hang);
    }
    for entry in 0..20 {
        let shown = publish(&log, &entry.to_string());
        assert_eq!(world.cosigners(&shown), 7);
    }
    // All were published while the three had neither answered nor been given up.
    for at in 3..6 {
        assert_eq!(trouble(&log, at), None);
    }
    end(&log);
}

#[test]
fn without_the_quorum_nothing_moves_and_nothing_is_lost() {
    let world = World::new(3, 2);
    let log = world.open();
    publish(&log, "before");
    world.witnesses[0].set(Manner::Away);
    world.witnesses[2].set(Manner::Hang);
    for entry in 0..30 {
        assert_eq!(add(&log, &format!("entry {entry}")), entry + 1);
    }
    wait_until("both are known to be away", || trouble(&log, 0) == Some("connect"));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(log.published().checkpoint.tree().size(), 1);
    let waiting = log.status().witnessing.unwrap().waiting.unwrap();
    assert!(
        waiting.missing.names().iter().any(|name| name.starts_with("w0 (no connection")),
        "{waiting:?}"
    );

    // One head is in flight: the one witness that answers has seen one larger size only.
    let seen = world.witnesses[1].remembered().roots.clone();
    let newer: Vec<u64> = seen.into_keys().filter(|size| *size > 1).collect();
    assert_eq!(newer.len(), 1, "{newer:?}");

    world.witnesses[0].set(Manner::Honest);
    world.witnesses[2].set(Manner::Honest);
    assert!(world.cosigners(&published(&log, 31)) >= 2);
    wait_until("no head waits", || log.status().witnessing.unwrap().waiting.is_none());
    // The head that waited was published first, as it was.
    assert!(world.witnesses[0].remembered().roots.contains_key(&newer[0]));
    end(&log);
}

#[test]
fn what_is_published_satisfies_the_policy_at_every_moment() {
    let world = World::new(4, 3);
    let log = world.open();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let (mut looks, mut last) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                let file = std::fs::read(world.data.join("checkpoint")).unwrap();
                world.policy.check(&Note::parse(&file).unwrap()).unwrap();
                let shown = log.published();
                assert!(world.cosigners(&shown) >= 3);
                let size = shown.checkpoint.tree().size();
                assert!(size >= last, "{size} after {last}");
                (looks, last) = (looks + 1, size);
                std::thread::sleep(Duration::from_micros(300));
            }
            looks
        });
        let manners =
            [Manner::Away, Manner::Spoiled, Manner::Honest, Manner::OtherCheckpoint, Manner::Zero];
        for round in 0..20_usize {
            world.witnesses[round % 4].set(manners[round % manners.len()].clone());
            add(&log, &round.to_string());
            std::thread::sleep(Duration::from_millis(20));
        }
        for witness in &world.witnesses {
            witness.set(Manner::Honest);
        }
        published(&log, 20);
        over.store(true, Ordering::Relaxed);
        assert!(watcher.join().unwrap() > 10);
    });
    end(&log);
}

#[test]
fn a_log_that_stops_publishes_what_it_still_can() {
    let world = World::new(1, 1);
    let log = world.open();
    for entry in 0..5 {
        add(&log, &entry.to_string());
    }
    end(&log);
    assert_eq!(log.published().checkpoint.tree().size(), 5);
    assert_eq!(world.cosigners(&log.published()), 1);
}

#[test]
fn the_first_head_of_a_log_waits_for_its_witnesses_too() {
    let world = World::new(1, 1);
    world.witnesses[0].set(Manner::Away);
    let log = world.open();
    assert!(log.published().note.is_empty());
    add(&log, "one");
    std::thread::sleep(Duration::from_millis(300));
    assert!(log.published().note.is_empty());
    world.witnesses[0].set(Manner::Honest);
    assert_eq!(world.cosigners(&published(&log, 1)), 1);
    end(&log);
}

#[test]
fn a_key_that_is_left_out_of_an_answer_is_asked_for_again() {
    let mut world = World::new(1, 1);
    let lines = [world.witnesses[0].line("w0"), world.witnesses[0].line_of_second("w1")];
    world.set_policy(&lines.concat(), 2);
    world.witnesses[0].set(Manner::Both);
    let log = world.open();
    assert_eq!(world.cosigners(&publish(&log, "one")), 2);
    world.witnesses[0].set(Manner::Honest);
    add(&log, "two");
    wait_until("one key is known to be left out", || trouble(&log, 0) == Some("lacks-key"));
    let missing = log.status().witnessing.unwrap().waiting.unwrap().missing;
    assert!(missing.names()[0].starts_with("w1 (it signed, but not with the key"), "{missing:?}");
    assert_eq!(log.published().checkpoint.tree().size(), 1);
    // Nothing else is offered meanwhile: the same head is asked about until the quorum is there.
    world.witnesses[0].set(Manner::Both);
    assert_eq!(world.cosigners(&published(&log, 2)), 2);
    wait_until("the trouble is over", || trouble(&log, 0).is_none());
    end(&log);
}
