//! Data that went back: copies of the folder and of single files, put back behind the log's back.

use std::fs;
use std::time::Duration;

use log_server::keys::{KEYS_FOLDER, ML_DSA_FILE};

use crate::witness::Manner;
use crate::world::{World, end, publish, published, wait_until};

/// A world whose witnesses have seen three entries, and a copy of its folder at one entry.
fn went_on(count: usize, quorum: usize) -> (World, tempfile::TempDir) {
    let world = World::new(count, quorum);
    let log = world.open();
    publish(&log, "one");
    end(&log);
    let copy = world.snapshot();
    let log = world.open();
    publish(&log, "two");
    publish(&log, "three");
    end(&log);
    (world, copy)
}

#[test]
fn a_whole_folder_that_went_back_is_refused_by_the_witnesses_word() {
    let (world, copy) = went_on(3, 2);
    world.restore(&copy);
    let refusal = world.refusal();
    assert!(refusal.contains("has cosigned 3 entries"), "{refusal}");
    assert!(refusal.contains("newest head that this data folder knows of has 1"), "{refusal}");
    // Nothing was signed on the way: each size has one root still, and 3 is the largest.
    assert_eq!(world.witnesses[0].remembered().roots.keys().copied().max(), Some(3));
}

#[test]
fn a_slow_witness_that_has_published_alone_is_heard_before_anything_is_signed() {
    // Either of the two is enough.
    let world = World::new(2, 1);
    let log = world.open();
    publish(&log, "one");
    end(&log);
    let copy = world.snapshot();
    world.witnesses[0].set(Manner::Away);
    let log = world.open();
    publish(&log, "two");
    end(&log);
    world.restore(&copy);
    world.witnesses[0].set(Manner::Honest);
    world.witnesses[1].set(Manner::Late(Duration::from_millis(1_500)));
    let refusal = world.refusal();
    assert!(refusal.contains("has cosigned 2 entries"), "{refusal}");
    assert_eq!(world.witnesses[0].remembered().roots.keys().copied().max(), Some(1));
}

#[test]
fn a_folder_that_went_back_while_the_witnesses_are_away_publishes_nothing() {
    let (world, copy) = went_on(1, 1);
    world.restore(&copy);
    world.witnesses[0].set(Manner::Away);
    let log = world.open();
    let index = crate::world::add(&log, "instead of two");
    assert_eq!(index, 1, "it takes entries, not knowing better");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(log.published().checkpoint.tree().size(), 1);
    let head = fs::read_to_string(world.data.join("signed-head")).unwrap();
    assert_eq!(head.lines().nth(1), Some("1"), "and signs nothing");
    world.witnesses[0].set(Manner::Honest);
    wait_until("the log stops", || log.status().fatal.is_some());
    log.join();
    assert_eq!(log.published().checkpoint.tree().size(), 1);
}

#[test]
fn a_fork_from_a_copy_is_told_by_its_root() {
    // A copy that was run apart, and has reached the same size with another entry.
    let (world, copy) = went_on(1, 1);
    let mut apart = World::new(1, 1);
    apart.restore(&copy);
    let none = format!("log {}\nquorum none\n", apart.keys().verifier_keys()[0]);
    apart.policy = spec::policy::Policy::parse(none.as_bytes()).unwrap();
    let log = apart.open();
    publish(&log, "another two");
    publish(&log, "another three");
    end(&log);
    let forked = apart.snapshot();
    world.restore(&forked);
    world.witnesses[0].remembered().roots.clear();
    let refusal = world.refusal();
    assert!(refusal.contains("another root of this log at size 3"), "{refusal}");
}

#[test]
fn heads_that_went_back_without_the_rest_are_refused() {
    let (world, copy) = went_on(1, 1);
    world.restore_file(&copy, "signed-head");
    assert!(world.refusal().contains("is ahead of signed-head"));
    // Both heads: consistent with the journal, which is longer. Only the witness knows better.
    world.restore_file(&copy, "checkpoint");
    assert!(world.refusal().contains("has cosigned 3 entries"));
    assert_eq!(world.witnesses[0].remembered().roots.len(), 4, "0, 1, 2 and 3, no other");
}

#[test]
fn a_checkpoint_that_went_back_or_is_gone_is_published_again() {
    let (world, copy) = went_on(2, 2);
    let newest = fs::read(world.data.join("signed-head")).unwrap();
    for lose in [false, true] {
        if lose {
            fs::remove_file(world.data.join("checkpoint")).unwrap();
        } else {
            world.restore_file(&copy, "checkpoint");
        }
        let log = world.open();
        assert_eq!(world.cosigners(&published(&log, 3)), 2);
        end(&log);
        assert_eq!(fs::read(world.data.join("signed-head")).unwrap(), newest);
    }
}

#[test]
fn what_is_remembered_of_witnesses_is_only_a_hint() {
    let (world, copy) = went_on(2, 2);
    let path = world.data.join("witnesses");
    assert!(fs::read_to_string(&path).unwrap().contains("\n3 w1.example+"));
    let sound = fs::read_to_string(&path).unwrap();
    let versions = [
        fs::read_to_string(copy.path().join("witnesses")).unwrap(),
        sound.replace("\n3 ", "\n2 "),
        sound.replace("\n3 ", "\n99 "),
        "junk".to_owned(),
        String::new(),
    ];
    for (round, text) in versions.iter().enumerate() {
        fs::write(&path, text).unwrap();
        let log = world.open();
        let size = 4 + round as u64;
        assert_eq!(world.cosigners(&publish(&log, &format!("more {round}"))), 2, "{text}");
        assert_eq!(log.published().checkpoint.tree().size(), size);
        end(&log);
    }
    fs::remove_file(&path).unwrap();
    let log = world.open();
    assert_eq!(world.cosigners(&publish(&log, "last")), 2);
    end(&log);
}

#[test]
fn after_a_start_nothing_is_signed_before_the_last_head_is_confirmed() {
    let world = World::new(3, 2);
    let log = world.open();
    publish(&log, "one");
    end(&log);
    for witness in &world.witnesses[..2] {
        witness.set(Manner::Away);
    }
    let log = world.open();
    assert_eq!(log.published().checkpoint.tree().size(), 1, "what was published is served");
    crate::world::add(&log, "two");
    std::thread::sleep(Duration::from_millis(300));
    let head = fs::read_to_string(world.data.join("signed-head")).unwrap();
    assert_eq!(head.lines().nth(1), Some("1"));
    let status = log.status().witnessing.unwrap();
    assert_eq!(status.waiting.unwrap().size, 1);
    world.witnesses[0].set(Manner::Honest);
    assert!(world.cosigners(&published(&log, 2)) >= 2);
    end(&log);
}

#[test]
fn a_policy_that_comes_later_is_met_by_the_head_that_is_there() {
    let mut world = World::new(2, 2);
    let with = world.policy.clone();
    let keys = world.keys().verifier_keys();
    let none = format!("log {}\nquorum none\n", keys[0]);
    world.policy = spec::policy::Policy::parse(none.as_bytes()).unwrap();
    let log = world.open();
    publish(&log, "one");
    end(&log);
    world.policy = with;
    let log = world.open();
    wait_until("the published head is cosigned", || {
        let note = spec::note::Note::parse(&log.published().note).unwrap();
        world.policy.check(&note).is_ok()
    });
    assert_eq!(log.published().checkpoint.tree().size(), 1);
    assert_eq!(world.cosigners(&publish(&log, "two")), 2);
    end(&log);
}

#[test]
fn a_policy_that_lists_only_a_key_of_later_says_so() {
    let mut world = World::new(1, 1);
    let keys = world.keys().verifier_keys();
    let ml_dsa = world.data.join(KEYS_FOLDER).join(ML_DSA_FILE);
    let aside = ml_dsa.with_extension("aside");
    // Its first heads are signed before it has the second key.
    fs::rename(&ml_dsa, &aside).unwrap();
    let set = |world: &mut World, key: usize| {
        let text = format!("log {}\nquorum none\n", keys[key]);
        world.policy = spec::policy::Policy::parse(text.as_bytes()).unwrap();
    };
    set(&mut world, 0);
    let log = world.open();
    publish(&log, "one");
    end(&log);
    fs::rename(&aside, &ml_dsa).unwrap();
    set(&mut world, 1);
    let refusal = world.refusal();
    assert!(refusal.contains("that key was added later") && refusal.contains("`log` line"));
    set(&mut world, 0);
    let log = world.open();
    publish(&log, "two");
    end(&log);
    set(&mut world, 1);
    let log = world.open();
    publish(&log, "three");
    end(&log);
}
