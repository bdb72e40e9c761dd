//! Networks that break, logs that are away or lie, and runs that are killed.

use super::support::Manner;
use super::*;
use crate::spool::resume;

#[test]
fn weeks_offline_are_anchored_once_and_in_order() {
    let mut world = World::new(&["aoi", "oven", "review"]);
    world.log.be_away(true);
    for round in 0..200 {
        world.report(round % 3, &format!("report {round}"));
        world.tick();
        let turn = world.send();
        assert_eq!(turn.sent, 0);
    }
    world.log.be_away(false);
    world.seal_all();
    world.drain();
    assert!(world.log.posts() < 60, "many statements go in one request: {}", world.log.posts());
    for at in 0..3 {
        let names = world.audit(at);
        let want: Vec<String> =
            (0..200).filter(|n| n % 3 == at).map(|n| format!("report {n}")).collect();
        assert_eq!(names, want);
    }
}

#[test]
fn a_log_that_is_away_is_asked_less_and_less_often() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.log.be_away(true);
    let mut waits = Vec::new();
    for _ in 0..20 {
        let turn = world.send();
        assert!(turn.away.is_some());
        waits.push(turn.wait);
        let early = world.send();
        assert!(early.away.is_none() && early.wait > Duration::ZERO, "nothing is sent early");
        world.clock.pass(turn.wait);
    }
    assert!(waits[0] < Duration::from_secs(1) && waits[19] >= Duration::from_secs(150));
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(300)));
    world.log.be_away(false);
    world.drain();
    world.audit(0);
}

#[test]
fn a_pause_that_the_log_asks_for_is_kept() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.log.behave(&[Manner::Pause(77)]);
    let turn = world.send();
    assert!(turn.wait >= Duration::from_secs(77) && turn.away.is_some());
    world.drain();
    world.audit(0);
}

#[test]
fn what_was_taken_of_a_broken_batch_is_not_sent_as_something_else() {
    let mut world = World::new(&["aoi", "oven"]);
    world.log.be_away(true);
    (0..40).for_each(|_| drop(world.tick()));
    world.log.be_away(false);
    world.log.behave(&[
        Manner::Partial(7),
        Manner::Broken,
        Manner::Overloaded,
        Manner::Partial(0),
        Manner::Partial(30),
    ]);
    world.drain();
    world.audit(0);
    world.audit(1);
    let received = world.log.received();
    let distinct: BTreeSet<&Vec<u8>> = received.iter().collect();
    let stated = usize::try_from(world.next(0) + world.next(1)).unwrap();
    assert_eq!(distinct.len(), stated, "every retry is the same bytes");
}

#[test]
fn what_is_not_published_is_not_anchored() {
    let mut world = World::new(&["aoi"]);
    world.log.publish(false);
    world.tick();
    for _ in 0..5 {
        let turn = world.send();
        assert!(turn.anchored.is_empty());
        world.clock.pass(turn.wait);
    }
    let kept = world.vault().statement(&world.sources[0], 0).unwrap().unwrap();
    assert_eq!(kept.stage, Stage::Sequenced(1));
    world.restart();
    world.log.publish(true);
    world.drain();
    world.audit(0);
    assert_eq!(world.log.received().len(), 1, "an index that is known is not asked for again");
}

#[test]
fn what_a_rebuilt_log_does_not_have_any_more_is_sent_again() {
    let mut world = World::new(&["aoi"]);
    world.report(0, "published");
    world.tick();
    world.drain();
    // Taken, and under no head that the log has signed when its disk dies.
    world.log.publish(false);
    for name in ["one", "two"] {
        world.report(0, name);
        world.tick();
        world.send();
    }
    let last = world.vault().statement(&world.sources[0], 2).unwrap().unwrap();
    assert_eq!(last.stage, Stage::Sequenced(3));
    world.log.lose(2);
    world.log.append(b"somebody else's");
    world.log.publish(true);
    world.report(0, "three");
    world.tick();
    world.drain();
    assert_eq!(world.audit(0), ["published", "one", "two", "three"]);
    assert_eq!(resume::stopped(world.vault(), &world.sources[0]).unwrap(), None);
}

#[test]
fn an_index_that_comes_to_nothing_is_not_waited_for_forever() {
    let mut world = World::new(&["aoi"]);
    world.log.publish(false);
    world.tick();
    world.send();
    // The log is rebuilt without it, and nothing comes behind it that would be refused.
    world.log.lose(1);
    world.log.publish(true);
    world.drain();
    world.audit(0);

    // The same, and somebody else's entry has the place.
    world.log.publish(false);
    world.tick();
    world.send();
    world.log.lose(1);
    world.log.append(b"somebody else's");
    world.log.publish(true);
    let turn = world.send();
    assert_eq!(turn.lies.len(), 1, "{turn:?}");
    world.clock.pass(turn.wait);
    world.drain();
    world.audit(0);
}

#[test]
fn a_statement_names_the_newest_checkpoint_that_was_verified() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.drain();
    world.log.append(b"somebody else's");
    world.clock.pass(Duration::from_secs(31));
    world.send();
    world.tick();
    world.drain();
    let sizes: Vec<u64> =
        world.chain(0).iter().map(|statement| statement.after().tree().size()).collect();
    assert_eq!(sizes, [0, 3]);
}

#[test]
fn a_log_that_lies_is_found_out_and_nothing_is_anchored() {
    let mut world = World::new(&["aoi"]);
    (0..3).for_each(|_| drop(world.tick()));
    world.log.lie_in_tiles(true);
    let turn = world.send();
    assert!(turn.anchored.is_empty() && turn.lies.len() == 3, "{turn:?}");
    assert_eq!(world.vault().unanchored_count().unwrap(), 3);
    world.log.lie_in_tiles(false);
    world.clock.pass(Duration::from_secs(600));
    world.drain();

    world.log.replace_entry(0, b"another past");
    world.tick();
    let turn = world.send();
    assert!(turn.lies[0].to_string().contains("differ"), "{turn:?}");
    assert!(turn.anchored.is_empty());
}

#[test]
fn an_index_of_another_entry_is_not_believed() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.log.behave(&[Manner::WrongIndex]);
    let turn = world.send();
    assert!(turn.anchored.is_empty() && turn.lies.len() == 1, "{turn:?}");
}

#[test]
fn a_source_that_is_not_listed_waits_and_keeps_no_other_back() {
    let mut world = World::new(&["aoi", "oven"]);
    while world.next(0) == 0 || world.next(1) == 0 {
        world.tick();
    }
    world.log.behave(&[Manner::Forbidden]);
    let turn = world.send();
    assert_eq!((turn.unlisted.len(), turn.stopped.len()), (2, 0), "{turn:?}");
    assert!(world.send().unlisted.is_empty(), "it is not asked for at once again");
    world.clock.pass(Duration::from_secs(61));
    world.drain();
    world.audit(0);
    world.audit(1);
}

/// A generator of a few random numbers: the seed reproduces everything.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn whatever_happens_everything_is_anchored_once_and_in_order() {
    let runs = if std::env::var_os("FIDUCIAL_SOAK").is_some() { 200 } else { 6 };
    for seed in 0..runs {
        live_through(seed);
    }
}

/// Lives through a shift of reports, cuts, kills and clock steps, and audits what came of it.
fn live_through(seed: u64) {
    let mut chance = Chance(seed);
    let mut world = World::new(&["aoi", "oven"]);
    let mut reported = [Vec::new(), Vec::new()];
    for step in 0..150 {
        match chance.below(16) {
            0..=4 => {
                let at = usize::try_from(chance.below(2)).unwrap();
                let name = format!("seed {seed} step {step}");
                world.report(at, &name);
                reported[at].push(name);
            }
            5..=7 => drop(world.tick()),
            8..=9 => drop(world.send()),
            10 => world.restart(),
            11 => {
                world.kill();
                world.clock.pass(Duration::from_secs(chance.below(5000)));
                if chance.below(2) == 0 {
                    world.clock.reboot();
                }
                world.start();
            }
            12 => world.log.be_away(chance.below(2) == 0),
            13 => world.log.publish(chance.below(2) == 0),
            14 => world.clock.step(i64::try_from(chance.below(7200)).unwrap() - 3600),
            _ => {
                let most = usize::try_from(chance.below(5)).unwrap();
                let manner = [Manner::Broken, Manner::Overloaded, Manner::Partial(most)];
                world.log.behave(&manner[usize::try_from(chance.below(3)).unwrap()..][..1]);
            }
        }
    }
    world.log.be_away(false);
    world.log.publish(true);
    world.seal_all();
    world.drain();
    for (at, reported) in reported.iter().enumerate() {
        assert_eq!(world.audit(at), *reported, "seed {seed}");
    }
}
