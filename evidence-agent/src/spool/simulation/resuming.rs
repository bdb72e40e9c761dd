//! Restored vaults, keys used twice, and the operator's word.

use std::fs;
use std::path::Path;

use super::*;
use crate::error::AgentError;
use crate::spool::resume;

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl World {
    /// Copies the vault, as a backup of its folder or of the whole machine does.
    fn back_up(&mut self) {
        self.kill();
        let folder = self.folder.path();
        copy_folder(&self.path(), &folder.join("backup"));
        fs::copy(folder.join("vault.high-water"), folder.join("backup.high-water")).unwrap();
        self.start();
    }

    /// Puts the copy back; of the whole machine, so that the vault cannot notice, or not.
    fn restore(&mut self, whole_machine: bool) {
        self.kill();
        let folder = self.folder.path();
        fs::remove_dir_all(self.path()).unwrap();
        copy_folder(&folder.join("backup"), &self.path());
        if whole_machine {
            fs::copy(folder.join("backup.high-water"), folder.join("vault.high-water")).unwrap();
        }
        self.start();
    }
}

#[test]
fn a_restored_vault_signs_nothing_until_the_log_has_said_where_to_go_on() {
    let mut world = World::new(&["aoi", "oven"]);
    world.report(0, "kept");
    (0..4).for_each(|_| drop(world.tick()));
    world.drain();
    world.back_up();
    world.report(0, "lost");
    (0..6).for_each(|_| drop(world.tick()));
    world.drain();
    let had = [world.next(0), world.next(1)];
    world.restore(false);
    let before = [world.next(0), world.next(1)];
    world.report(0, "after");

    world.log.be_away(true);
    (0..4).for_each(|_| drop(world.tick()));
    let turn = world.tick();
    assert!(turn.sealed.is_empty());
    assert!(matches!(turn.failed[0].1, AgentError::Held { .. }));
    world.send();
    assert_eq!([world.next(0), world.next(1)], before);

    world.log.be_away(false);
    world.clock.pass(Duration::from_secs(600));
    let resumed = world.send().resumed;
    for at in 0..2 {
        assert_eq!(resumed[at].lost, Some((before[at], had[at] - 1)));
        assert_eq!(resumed[at].next, had[at]);
    }
    (0..4).for_each(|_| drop(world.tick()));
    let said = world.said(0, had[0]);
    assert_eq!((said[1].0.as_str(), said[2].0.as_str()), ("outage", "aoi-report"));
    assert_eq!(said[1].1["lost"], (had[0] - before[0]).to_string());
    assert!(said[1].1["reason"].contains("restored"));
    let named = format!("sequences {} to {}", before[0], had[0] - 1);
    assert!(said[1].1["note"].contains(&named), "{}", said[1].1["note"]);
    assert_eq!(world.kinds(0, had[0] + 1), ["batch"], "what is lost is named once");
    world.drain();
    assert_eq!(world.audit(0), ["kept", "after"]);
    world.audit(1);
}

#[test]
fn a_vault_that_was_put_back_and_lost_nothing_goes_on() {
    let mut world = World::new(&["aoi"]);
    world.report(0, "sent later");
    world.tick();
    world.back_up();
    world.drain();
    world.restore(false);
    assert_eq!(world.send().resumed[0].lost, None);
    world.tick();
    world.drain();
    assert_eq!(world.audit(0), ["sent later"]);
    assert_eq!(world.kinds(0, 1), ["batch"]);
}

#[test]
fn what_the_log_has_not_published_yet_is_waited_for() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.drain();
    world.back_up();
    world.log.publish(false);
    world.tick();
    assert_eq!(world.send().sent, 1);
    world.restore(false);
    let turn = world.send();
    assert!(turn.resumed.is_empty() && turn.away.unwrap().contains("not published yet"));
    assert!(world.tick().sealed.is_empty());
    world.log.publish(true);
    world.clock.pass(Duration::from_secs(600));
    assert_eq!(world.send().resumed[0].lost, Some((1, 1)));
    world.tick();
    world.drain();
    world.audit(0);
}

#[test]
fn a_second_restore_before_the_first_is_stated_names_all_that_is_lost() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.drain();
    world.back_up();
    (0..3).for_each(|_| drop(world.tick()));
    world.drain();
    world.restore(false);
    assert_eq!(world.send().resumed[0].lost, Some((1, 3)));
    // Killed before the statement that says so is sealed.
    world.restart();
    world.tick();
    let said = world.said(0, 4);
    assert_eq!((said[1].0.as_str(), said[1].1["lost"].as_str()), ("outage", "3"));
    world.drain();
    world.audit(0);
}

fn next_key(source: &KeyName) -> SigningKey {
    SigningKey::from_seed(source.clone(), Algorithm::NoteEd25519, &[99; 32]).unwrap()
}

#[test]
fn a_vault_from_before_a_switch_goes_on_with_the_key_that_was_to_follow() {
    let mut world = World::new(&["aoi"]);
    let (source, key) = (world.sources[0].clone(), next_key(&world.sources[0]));
    world.tick();
    world.drain();
    world.vault().put_next_key(&key).unwrap();
    world.back_up();
    world.vault().switch_key(&source).unwrap();
    (0..2).for_each(|_| drop(world.tick()));
    world.drain();
    world.restore(false);
    assert_ne!(world.vault().key(&source).unwrap().verifier(), key.verifier());
    assert_eq!(world.send().resumed[0].lost, Some((1, 2)));
    assert_eq!(world.vault().key(&source).unwrap().verifier(), key.verifier());
    world.tick();
    assert_eq!(world.said(0, 3)[1].1["lost"], "2");
    world.drain();
}

#[test]
fn what_an_unknown_key_has_signed_is_named_and_stops_its_source_alone() {
    let mut world = World::new(&["aoi", "oven"]);
    let (source, key) = (world.sources[0].clone(), next_key(&world.sources[0]));
    (0..4).for_each(|_| drop(world.tick()));
    world.drain();
    world.back_up();
    let first = world.next(0);
    world.vault().put_next_key(&key).unwrap();
    world.vault().switch_key(&source).unwrap();
    (0..4).for_each(|_| drop(world.tick()));
    world.drain();
    let next = world.next(0);
    world.restore(false);
    let resumed = world.send().resumed;
    assert!(resumed.iter().all(|one| one.source != source) && resumed.len() == 1, "{resumed:?}");
    let stopped = resume::stopped(world.vault(), &source).unwrap().unwrap();
    let named = format!("statements {first} to {} of aoi", next - 1);
    assert!(stopped.detail.contains(&named), "{}", stopped.detail);
    // Typing `anchor` is no word on it; the oven goes on.
    resume::retry(world.vault(), &source).unwrap();
    let sealed: Vec<_> = (0..4).flat_map(|_| world.tick().sealed).collect();
    assert!(!sealed.is_empty() && sealed.iter().all(|one| one.source != source));
    let run = world.run.as_ref().unwrap();
    let resumed = resume::resume(&run.vault, run.sender.log(), &source, &world.clock).unwrap();
    assert_eq!((resumed.lost, resumed.next), (Some((first, next - 1)), next));
    (0..4).for_each(|_| drop(world.tick()));
    assert_eq!(world.said(0, next)[1].1["lost"], (next - first).to_string());
    world.drain();
}

#[test]
fn a_policy_that_was_changed_holds_statements_until_the_log_satisfies_it() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.drain();
    world.kill();
    let policy = format!("log {}\nquorum none\n", log_key(2).verifier());
    fs::write(world.path().join("policy"), policy).unwrap();
    world.start();
    let turn = world.tick();
    assert!(turn.sealed.is_empty());
    assert!(turn.failed[0].1.to_string().contains("until the log shows one"), "{turn:?}");
    assert_eq!(world.vault().check(&mut |_| {}).unwrap().older, 1);
    // The same tree under the key that the policy wants now.
    world.log.change_key(2);
    world.send();
    assert_eq!(world.tick().sealed.len(), 1);
    world.drain();
}

#[test]
fn a_key_that_was_used_twice_stops_its_source_alone_until_a_person_resumes_it() {
    let mut world = World::new(&["aoi", "oven"]);
    (0..4).for_each(|_| drop(world.tick()));
    world.drain();
    world.back_up();
    world.report(0, "of the other copy");
    while world.next(0) < 4 {
        world.tick();
    }
    world.drain();
    let others = world.next(0);
    // The whole machine goes back, and nothing here can notice.
    world.restore(true);
    let first = world.next(0);
    let oven = world.next(1);
    world.report(0, "one");
    (0..2).for_each(|_| drop(world.tick()));
    world.report(0, "two");
    (0..2).for_each(|_| drop(world.tick()));
    world.report(1, "of the oven");

    let turn = world.send();
    assert!(turn.stopped.iter().any(|(source, _)| *source == world.sources[0]), "{turn:?}");
    let stopped = resume::stopped(world.vault(), &world.sources[0]).unwrap().unwrap();
    assert_eq!((stopped.sequence, stopped.kind.as_str()), (first, "sequence-taken"));
    let received = world.log.received().len();
    world.report(0, "three");
    (0..4).for_each(|_| drop(world.tick()));
    world.send();
    let new = &world.log.received()[received..];
    assert!(new.iter().all(|entry| {
        Statement::parse(entry).is_ok_and(|said| *said.source() != world.sources[0])
    }));

    let run = world.run.as_ref().unwrap();
    let resume = |source: &KeyName| {
        resume::resume(&run.vault, run.sender.log(), source, &world.clock).unwrap()
    };
    let resumed = resume(&world.sources[0]);
    assert_eq!((resumed.lost, resumed.next), (Some((first, others - 1)), others));
    if world.next(1) == oven || resume::stopped(world.vault(), &world.sources[1]).unwrap().is_some()
    {
        resume(&world.sources[1]);
    }
    (0..4).for_each(|_| drop(world.tick()));
    world.drain();
    assert_eq!(world.audit(0), ["one", "two", "three"], "what was refused is stated again, once");
    let said = world.said(0, others);
    // The gap of the restore was in a refused statement as well, so it is stated again too.
    let kinds = ["batch", "outage", "outage", "aoi-report", "aoi-report", "aoi-report"];
    assert_eq!(world.kinds(0, others), kinds);
    assert!(said[1].1["note"].contains("3 records"), "{}", said[1].1["note"]);
    assert_eq!(world.audit(1), ["of the oven"]);
}
