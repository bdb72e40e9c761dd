//! Cosignatures that are carried by hand, to a running server and before a start.

use std::fs;

use log_server::witnesses::carry::{CarryError, accept, request};
use log_server::witnesses::spool::SPOOL;
use spec::checkpoint::Checkpoint;
use spec::cosignature::{Timestamp, sign_ed25519};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::witness::format_answer;

use crate::witness::{Manner, Witness};
use crate::world::{World, add, end, publish, published, wait_until};

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// A log whose only witness has no URL.
fn air_gapped() -> World {
    let mut world = World::new(1, 1);
    let line = world.witnesses[0].line_without_url("w0");
    world.set_policy(&line, 1);
    world
}

/// Carries the last signed head to the witness and its cosignature back.
fn carry(world: &World, witness: &Witness) {
    let old = witness.remembered().tree.map_or(0, |tree| tree.size());
    let request = request(&world.data, Some(old), None).unwrap();
    let answer = witness.cosign(&request.to_bytes()).unwrap();
    let path = world.policy_file().with_file_name("cosignature");
    fs::write(&path, answer).unwrap();
    let accepted = accept(&world.data, &world.policy, &path, now()).unwrap();
    assert_eq!(accepted.witnesses[0].to_string(), "w0");
}

fn spooled(world: &World) -> usize {
    fs::read_dir(world.data.join(SPOOL)).map_or(0, Iterator::count)
}

#[test]
fn a_running_server_takes_what_is_carried_to_it() {
    let world = air_gapped();
    let log = world.open();
    assert!(log.published().note.is_empty());
    let missing = log.status().witnessing.unwrap().waiting.unwrap().missing;
    assert!(missing.names()[0].contains("no URL"), "{missing:?}");
    carry(&world, &world.witnesses[0]);
    wait_until("the first head is published", || !log.published().note.is_empty());
    let mut sizes = vec![0];
    for entry in 0..300_u32 {
        add(&log, &entry.to_string());
    }
    // Two rounds: the head that was signed when the first entries came, and the one that follows.
    while log.published().checkpoint.tree().size() < 300 {
        let last = *sizes.last().unwrap();
        let signed = || {
            let head = fs::read_to_string(world.data.join("signed-head")).unwrap();
            head.lines().nth(1).unwrap().parse::<u64>().unwrap()
        };
        wait_until("a newer head is signed", || signed() > last);
        carry(&world, &world.witnesses[0]);
        let size = signed();
        assert_eq!(world.cosigners(&published(&log, size)), 1);
        sizes.push(size);
    }
    assert!(sizes.len() <= 4, "{sizes:?}");
    wait_until("what is published is not kept", || spooled(&world) == 0);
    end(&log);
}

#[test]
fn what_was_carried_before_a_start_publishes_but_lets_nothing_new_be_signed() {
    let world = air_gapped();
    let log = world.open();
    carry(&world, &world.witnesses[0]);
    wait_until("the first head is published", || !log.published().note.is_empty());
    add(&log, "one");
    let head = || fs::read_to_string(world.data.join("signed-head")).unwrap();
    wait_until("a head is signed", || head().lines().nth(1) == Some("1"));
    end(&log);
    carry(&world, &world.witnesses[0]);
    assert_eq!(spooled(&world), 1);
    std::thread::sleep(std::time::Duration::from_millis(1_100));

    let log = world.open();
    assert_eq!(world.cosigners(&published(&log, 1)), 1);
    add(&log, "two");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(head().lines().nth(1), Some("1"), "an old word does not confirm the head");
    assert!(log.status().witnessing.unwrap().waiting.is_some());
    let second = now();
    wait_until("the second of the start is over", || now() > second);
    carry(&world, &world.witnesses[0]);
    wait_until("a fresh word does", || head().lines().nth(1) == Some("2"));
    carry(&world, &world.witnesses[0]);
    published(&log, 2);
    end(&log);
}

#[test]
fn a_witness_whose_clock_is_ahead_makes_nothing_fresh_that_was_there_before_the_start() {
    let world = air_gapped();
    let log = world.open();
    carry(&world, &world.witnesses[0]);
    wait_until("the first head is published", || !log.published().note.is_empty());
    add(&log, "one");
    let head = || fs::read_to_string(world.data.join("signed-head")).unwrap();
    wait_until("a head is signed", || head().lines().nth(1) == Some("1"));
    end(&log);
    // As far ahead as is borne.
    world.witnesses[0].set(Manner::Time(3_000));
    carry(&world, &world.witnesses[0]);

    let log = world.open();
    assert_eq!(world.cosigners(&published(&log, 1)), 1);
    add(&log, "two");
    wait_until("what was carried is published and done with", || spooled(&world) == 0);
    let waiting = log.status().witnessing.unwrap().waiting;
    assert_eq!(waiting.map(|waiting| waiting.size), Some(1), "an old word confirms nothing");
    assert_eq!(head().lines().nth(1), Some("1"));
    // The same lines again would still be those of before.
    world.witnesses[0].set(Manner::Time(3_001));
    carry(&world, &world.witnesses[0]);
    wait_until("one that comes now does", || head().lines().nth(1) == Some("2"));
    end(&log);
}

#[test]
fn a_carried_cosignature_joins_those_of_the_network() {
    let mut world = World::new(3, 2);
    let lines = [
        world.witnesses[0].line_without_url("w0"),
        world.witnesses[1].line("w1"),
        world.witnesses[2].line("w2"),
    ];
    world.set_policy(&lines.concat(), 2);
    let log = world.open();
    publish(&log, "one");
    world.witnesses[2].set(Manner::Away);
    add(&log, "two");
    let head = || fs::read_to_string(world.data.join("signed-head")).unwrap();
    wait_until("a head is signed", || head().lines().nth(1) == Some("2"));
    assert_eq!(log.published().checkpoint.tree().size(), 1);
    carry(&world, &world.witnesses[0]);
    assert_eq!(world.cosigners(&published(&log, 2)), 2);
    end(&log);
}

#[test]
fn what_cannot_be_used_is_refused_before_it_is_left_for_the_server() {
    let world = World::new(2, 1);
    let log = world.open();
    publish(&log, "one");
    let old = request(&world.data, Some(0), None).unwrap().to_bytes();
    publish(&log, "two");
    let path = world.policy_file().with_file_name("cosignature");
    let foreign = Witness::start("stranger.example", &world.keys().verifier_keys());
    let newest = request(&world.data, Some(0), None).unwrap().to_bytes();
    let fresh = Witness::start("w0.example", &world.keys().verifier_keys());
    let cases = [
        (fresh.cosign(&old).unwrap(), "does not hold"),
        (foreign.cosign(&newest).unwrap(), "none of the keys"),
        (String::new(), "no tlog-witness answer"),
        ("junk\n".to_owned(), "no tlog-witness answer"),
        ("a".repeat(70_000), "more than"),
    ];
    for (text, said) in cases {
        fs::write(&path, &text).unwrap();
        let refused = accept(&world.data, &world.policy, &path, now()).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    assert_eq!(spooled(&world), 0);

    let witness = &world.witnesses[0];
    let by_name = request(&world.data, None, Some("nobody.example"));
    assert!(matches!(by_name, Err(CarryError::Unknown(_))));
    assert!(matches!(request(&world.data, Some(3), None), Err(CarryError::OldSize { .. })));
    end(&log);
    // Known since it was asked, and written down at the end.
    let named = request(&world.data, None, Some("w0.example")).unwrap();
    assert_eq!(named.old_size(), witness.remembered().tree.unwrap().size());
}

#[test]
fn what_is_left_out_of_a_carried_file_is_said_and_the_rest_is_kept() {
    let world = World::new(2, 1);
    let log = world.open();
    publish(&log, "one");
    let path = world.policy_file().with_file_name("cosignature");
    let [good, mut bad] = [0, 1].map(|at| {
        let witness = &world.witnesses[at];
        wait_until("it has cosigned", || witness.remembered().tree.is_some_and(|t| t.size() == 1));
        witness.cosign(&request(&world.data, Some(1), None).unwrap().to_bytes()).unwrap()
    });
    let middle = bad.len() - 20;
    let letter = if bad.as_bytes()[middle] == b'A' { "B" } else { "A" };
    bad.replace_range(middle..=middle, letter);
    let newest = request(&world.data, Some(0), None).unwrap().to_bytes();
    let stranger = Witness::start("stranger.example", &world.keys().verifier_keys());
    let stranger = stranger.cosign(&newest).unwrap();
    let head = Note::parse(&fs::read(world.data.join("signed-head")).unwrap()).unwrap();
    let head = Checkpoint::parse(head.text()).unwrap();
    let (name, kind) = (KeyName::parse("w0.example").unwrap(), Algorithm::CosignatureEd25519);
    let other_key = SigningKey::from_seed(name, kind, &[99; 32]).unwrap();
    let time = Timestamp::from_seconds(now()).unwrap();
    let other_key = format_answer(&[sign_ed25519(&other_key, time, &head)]);
    fs::write(&path, [bad, other_key, stranger, good.clone()].concat()).unwrap();
    let accepted = accept(&world.data, &world.policy, &path, now()).unwrap();
    assert_eq!(accepted.witnesses.len(), 1);
    let said = accepted.warnings.join("\n");
    for why in [
        "lists other keys of this witness",
        "stranger.example",
        "the policy lists no such witness",
        "does not hold",
    ] {
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(accepted.warnings.len(), 3, "{said}");
    // What is kept is the good line and nothing else.
    let kept = fs::read_dir(world.data.join(SPOOL)).unwrap().next();
    if let Some(kept) = kept {
        assert_eq!(fs::read_to_string(kept.unwrap().path()).unwrap(), good);
    }
    end(&log);
}

#[test]
fn a_witness_that_is_reached_by_file_is_known_by_what_it_has_cosigned() {
    let world = air_gapped();
    let log = world.open();
    add(&log, "one");
    carry(&world, &world.witnesses[0]);
    wait_until("a head is published", || !log.published().note.is_empty());
    let size = log.published().checkpoint.tree().size();
    let asked = request(&world.data, None, Some("w0.example")).unwrap();
    assert_eq!(asked.old_size(), size);
    let unknown = request(&world.data, None, Some("w9.example")).unwrap_err().to_string();
    assert!(unknown.contains("--old") && unknown.contains("w9.example"), "{unknown}");
    end(&log);
}

#[test]
fn what_others_put_into_the_folder_harms_nothing() {
    let world = World::new(1, 1);
    let log = world.open();
    let folder = world.data.join(SPOOL);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("1-junk.cosignature"), "junk").unwrap();
    fs::write(folder.join("2-large.cosignature"), vec![b'a'; 1 << 20]).unwrap();
    fs::create_dir(folder.join("3-folder.cosignature")).unwrap();
    fs::write(folder.join("other"), "kept").unwrap();
    publish(&log, "one");
    wait_until("junk is put aside", || folder.join("1-junk.refused").exists());
    assert!(folder.join("other").exists());
    publish(&log, "two");
    end(&log);
}

#[test]
fn a_proof_over_tiles_and_journal_is_the_one_that_witnesses_want() {
    let world = World::new(1, 1);
    let log = world.open();
    let mut sizes = vec![];
    for round in 0..7_u32 {
        let entries: Vec<_> =
            (0..173_u32).map(|at| log.check(format!("{round} {at}").as_bytes()).unwrap()).collect();
        assert!(
            crate::world::runtime().block_on(log.sequence_all(entries)).iter().all(Result::is_ok)
        );
        sizes.push(u64::from(round + 1) * 173);
        published(&log, *sizes.last().unwrap());
    }
    wait_until("full tiles are stored", || log.status().sealed >= 1024);
    let fresh = Witness::start("w0.example", &world.keys().verifier_keys());
    let roots = world.witnesses[0].remembered().roots.clone();
    for size in roots.keys().copied() {
        let tree = spec::tree::Tree::new(size, roots[&size]).unwrap();
        fresh.remembered().tree = Some(tree);
        let request = request(&world.data, Some(size), None).unwrap();
        fresh.cosign(&request.to_bytes()).unwrap_or_else(|refused| panic!("{size}: {refused:?}"));
    }
    end(&log);
}
