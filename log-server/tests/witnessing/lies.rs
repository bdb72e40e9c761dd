//! Witnesses that lie, fail or disagree, one way each.

use std::time::{Duration, Instant};

use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::key::{Algorithm, SigningKey};
use spec::note::Note;
use spec::split::Split;
use spec::tree::Tree;
use spec::witness::CONFLICT_TYPE;

use crate::witness::Manner;
use crate::world::{World, add, end, origin, publish, published, trouble, wait_until};

fn constant(status: u16, headers: &'static str, body: &str) -> Manner {
    Manner::Constant(status, headers, body.to_owned())
}

const CONFLICT: &str = "content-type: text/x.tlog.size\r\n";

#[test]
fn a_witness_that_lies_in_whatever_way_is_absent_and_named() {
    let cases = [
        (Manner::Away, "connect"),
        (Manner::Endless, "answer"),
        (Manner::ForeignKey, "other-key"),
        (Manner::Hang, "timeout"),
        (Manner::OtherCheckpoint, "cosignature"),
        (Manner::Slow, "timeout"),
        (Manner::Spoiled, "cosignature"),
        (Manner::Time(100_000), "clock"),
        (Manner::Time(-100_000), "clock"),
        (Manner::Zero, "clock"),
        (constant(200, "", ""), "answer"),
        (constant(200, "", "<html>junk</html>\n"), "answer"),
        (constant(200, "", "\u{7}\n"), "answer"),
        (constant(302, "location: http://127.0.0.1:1/\r\n", ""), "refused"),
        (constant(400, "", ""), "refused"),
        (constant(403, "", ""), "untrusted-key"),
        (constant(404, "", ""), "unknown-log"),
        (constant(409, "content-type: text/plain\r\n", "0\n"), "answer"),
        (constant(409, CONFLICT, "0"), "answer"),
        (constant(409, CONFLICT, "00\n"), "answer"),
        (constant(429, "retry-after: 0\r\n", ""), "busy"),
        (constant(500, "", ""), "failed"),
        (constant(503, "", ""), "busy"),
    ];
    assert!(CONFLICT.contains(CONFLICT_TYPE));
    let mut world = World::new(1, 1);
    world.answer_time = Duration::from_millis(400);
    let log = world.open();
    for (round, (manner, kind)) in cases.into_iter().enumerate() {
        let size = round as u64;
        world.witnesses[0].set(manner.clone());
        assert_eq!(add(&log, &format!("entry {round}")), size);
        wait_until(&format!("{manner:?} is {kind}"), || trouble(&log, 0) == Some(kind));
        assert_eq!(log.published().checkpoint.tree().size(), size, "{manner:?}");
        assert_eq!(log.status().fatal, None, "{manner:?}");
        // Honest again, it is believed again.
        world.witnesses[0].set(Manner::Honest);
        assert_eq!(world.cosigners(&published(&log, size + 1)), 1, "{manner:?}");
        wait_until("the trouble is over", || trouble(&log, 0).is_none());
    }
    end(&log);
}

#[test]
fn a_422_to_a_witness_that_is_told_of_a_log_for_the_first_time_is_no_other_root() {
    let mut world = World::new(1, 1);
    let line = world.witnesses[0].line("w0");
    for quorum in [1, 0] {
        world.set_policy(&line, quorum);
        world.witnesses[0].set(constant(422, "", ""));
        let log = world.open();
        wait_until("it is told of", || trouble(&log, 0) == Some("refused"));
        assert_eq!(log.status().fatal, None);
        end(&log);
        world.witnesses[0].set(Manner::Honest);
    }
}

#[test]
fn a_witness_that_knows_less_than_was_believed_is_asked_from_there() {
    let world = World::new(2, 2);
    let log = world.open();
    for entry in 0..5 {
        publish(&log, &entry.to_string());
    }
    // The first witness starts afresh; the log learns it from a 409.
    world.witnesses[0].remembered().tree = None;
    let mark = world.witnesses[0].remembered().asked.len();
    assert_eq!(world.cosigners(&publish(&log, "five")), 2);
    let asked: Vec<(u64, u64)> =
        world.witnesses[0].remembered().asked[mark..].iter().map(|ask| (ask.0, ask.1)).collect();
    assert_eq!(asked, [(5, 6), (0, 6)]);
    end(&log);
}

#[test]
fn a_witness_that_has_seen_this_very_head_signs_it_afresh() {
    let world = World::new(1, 1);
    let log = world.open();
    publish(&log, "one");
    // It has cosigned, and its answer is lost.
    world.witnesses[0].set(Manner::Hang);
    add(&log, "two");
    wait_until("it has cosigned", || world.witnesses[0].remembered().roots.contains_key(&2));
    end(&log);
    assert_eq!(log.published().checkpoint.tree().size(), 1);
    world.witnesses[0].set(Manner::Honest);
    let mark = world.witnesses[0].remembered().asked.len();
    let log = world.open();
    assert_eq!(world.cosigners(&published(&log, 2)), 1);
    let asked: Vec<(u64, u64)> =
        world.witnesses[0].remembered().asked[mark..].iter().map(|ask| (ask.0, ask.1)).collect();
    assert_eq!(asked, [(1, 2), (2, 2)]);
    end(&log);
}

fn contradictions() -> [(Manner, &'static str); 2] {
    [(constant(409, CONFLICT, "2000\n"), "2000 entries"), (constant(422, "", ""), "another root")]
}

#[test]
fn a_larger_size_or_another_root_is_proved_before_it_stops_a_running_log() {
    for (manner, said) in contradictions() {
        let world = World::new(3, 2);
        let log = world.open();
        publish(&log, "one");
        world.witnesses[2].set(manner);
        assert_eq!(world.cosigners(&publish(&log, "two")), 2);
        wait_until("it is known", || trouble(&log, 2) == Some("contradiction"));
        let trouble = log.status().witnessing.unwrap().witnesses[2].trouble.clone().unwrap();
        assert!(trouble.to_string().contains(said) && trouble.needs_people(), "{trouble}");
        assert_eq!(world.cosigners(&publish(&log, "three")), 2);
        assert_eq!(log.status().fatal, None);
        end(&log);
        // At a start, before the witnesses have confirmed the folder, its word is enough.
        let fatal = world.refusal();
        assert!(fatal.contains("w2") && fatal.contains(said), "{fatal}");
        assert!(fatal.contains("Restore") && fatal.contains("/checkpoint"), "{fatal}");
    }
}

/// A checkpoint of the log under its own key, with a root that it does not have.
fn signed(world: &World, size: u64) -> Note {
    let tree = Tree::new(size, Hash::of(b"another root")).unwrap();
    let checkpoint = Checkpoint::new(origin(), tree);
    let signatures = world.keys().sign(&checkpoint, 1_700_000_000).unwrap();
    Note::new(checkpoint.to_string(), signatures)
}

/// The files of evidence in the data folder.
fn kept(world: &World) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(&world.data).unwrap().map(|entry| entry.unwrap());
    let text = files.filter(|file| file.path().extension().is_some_and(|ending| ending == "txt"));
    text.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
        .collect()
}

#[test]
fn a_checkpoint_under_the_logs_own_key_proves_it_and_is_kept() {
    for (size, kind) in [(2000, "checkpoint-2000-"), (1, "split-1-"), (2, "split-2-")] {
        for (manner, _) in contradictions() {
            let world = World::new(3, 2);
            let log = world.open();
            publish(&log, "one");
            let note = signed(&world, size);
            world.witnesses[2].show(&note);
            world.witnesses[2].set(manner);
            add(&log, "two");
            wait_until("the log stops", || log.status().fatal.is_some());
            log.join();
            let fatal = log.status().fatal.unwrap().to_string();
            let kept = kept(&world);
            let [(name, bytes)] = kept.as_slice() else { panic!("{kept:?}") };
            assert!(name.starts_with(kind), "{name}");
            assert!(fatal.contains("w2") && fatal.contains(name) && fatal.contains("Restore"));
            if size == 2000 {
                assert_eq!(*bytes, note.to_bytes());
                continue;
            }
            let split = Split::parse(bytes).unwrap();
            let proven = split.prove(&world.keys().verifier_keys()).unwrap();
            assert_eq!(proven.older().size(), size);
        }
    }
}

#[test]
fn what_a_witness_shows_proves_nothing_unless_the_log_has_signed_it_and_does_not_hold_it() {
    let world = World::new(3, 2);
    let log = world.open();
    let own = Note::parse(&publish(&log, "one").note).unwrap();
    let forged = {
        let name = world.keys().verifier_keys()[0].name().clone();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[7; 32]).unwrap();
        let text = signed(&world, 2000).text().to_owned();
        let signature = key.sign_note(&text);
        Note::new(text, vec![signature])
    };
    for (size, note) in [(2, own), (3, forged)] {
        world.witnesses[2].show(&note);
        world.witnesses[2].set(constant(409, CONFLICT, "2000\n"));
        publish(&log, &size.to_string());
        wait_until("it is known", || trouble(&log, 2) == Some("contradiction"));
        assert_eq!(log.status().fatal, None);
        world.witnesses[2].set(Manner::Honest);
        wait_until("it is honest again", || trouble(&log, 2).is_none());
    }
    assert!(kept(&world).is_empty());
    end(&log);
}

#[test]
fn patience_is_had_for_as_long_as_a_witness_asks() {
    let world = World::new(1, 1);
    let log = world.open();
    world.witnesses[0].set(constant(429, "retry-after: 2\r\n", ""));
    add(&log, "one");
    wait_until("it is busy", || trouble(&log, 0) == Some("busy"));
    let since = Instant::now();
    world.witnesses[0].set(Manner::Honest);
    published(&log, 1);
    assert!(since.elapsed() > Duration::from_millis(1_700), "{:?}", since.elapsed());
    end(&log);
}
