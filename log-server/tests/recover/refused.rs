//! What must not come out: a folder that could be served while something is missing, or that signs a fork.

use std::fs;

use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::note::Note;
use spec::tree::Tree;

use crate::support::{World, copy_folder, expect, files, flip, origin};

/// A log of 530 entries, a mirror of the first 500, and the newest checkpoint.
fn behind() -> World {
    let mut world = World::new(2);
    world.grow("log", (0..500).map(|at| at % 2));
    world.mirror("mirror");
    world.grow("log", (0..30).map(|at| at % 2));
    world.write("newest.checkpoint", &world.note.clone());
    world
}

/// A checkpoint under the log's keys.
fn signed(world: &World, size: u64, root: Hash) -> Vec<u8> {
    let checkpoint = Checkpoint::new(origin(), Tree::new(size, root).unwrap());
    let signatures = world.keys().sign(&checkpoint, 1_700_000_000).unwrap();
    Note::new(checkpoint.to_string(), signatures).to_bytes()
}

#[test]
fn missing_entries_are_named_and_a_later_run_goes_on() {
    let mut world = behind();
    for index in (500..530).filter(|index| ![510, 511, 520].contains(index)) {
        world.hand_statement("kept", index, true);
    }
    let (mirror, kept) = (world.text("mirror"), world.text("kept"));
    let newest = world.text("newest.checkpoint");
    let more = ["--from", &mirror, "--statements", &kept, "--checkpoint", &newest];
    let said = world.recover(2, "rebuilt", &more);
    assert!(said.contains("3 of 530 entries are missing: 510-511, 520."), "{said}");
    assert!(said.contains("init --succeeds"), "{said}");
    world.check_no_log("rebuilt");
    assert!(!world.at("rebuilt/journal").exists());
    let kept_tiles = files(&world.at("rebuilt/tile"));
    assert_eq!(kept_tiles.len(), 2, "what is verified is kept");

    // Another log's rebuilding is not gone on with, and neither is a folder of other things.
    copy_folder(&world.at("backup"), &world.at("other-backup"));
    let toml = fs::read_to_string(world.at("backup/log.toml")).unwrap();
    world.write("other-backup/log.toml", format!("{toml}\n").as_bytes());
    let data = world.text("rebuilt");
    let other = world.text("other-backup");
    let words = ["recover", "--backup", &other, "--data", &data, "--unwitnessed"];
    assert!(expect(2, &words).contains("is not empty"));

    for index in [510, 511, 520] {
        world.hand_statement("kept", index, false);
    }
    world.recover(0, "rebuilt", &more);
    world.check_rebuilt("rebuilt");
    assert!(world.recover(2, "rebuilt", &more).contains("is not empty"), "it is a log now");
}

#[test]
fn a_run_that_is_given_less_does_not_end_at_an_older_head() {
    let mut world = behind();
    let (mirror, newest) = (world.text("mirror"), world.text("newest.checkpoint"));
    let said = world.recover(2, "rebuilt", &["--from", &mirror, "--checkpoint", &newest]);
    assert!(said.contains("30 of 530 entries are missing: 500-529."), "{said}");
    // The newest checkpoint is not named this time. That the log signed it is known all the same.
    let said = world.recover(2, "rebuilt", &["--from", &mirror]);
    assert!(said.contains("30 of 530 entries are missing: 500-529."), "{said}");
    world.check_no_log("rebuilt");
    (500..530).for_each(|index| world.hand_statement("kept", index, true));
    let kept = world.text("kept");
    world.recover(0, "rebuilt", &["--from", &mirror, "--statements", &kept]);
    assert!(!world.at("rebuilt/checkpoint.recovering").exists());
    world.check_rebuilt("rebuilt");
}

#[test]
fn entries_that_every_holder_lost_are_named_exactly() {
    let world = behind();
    copy_folder(&world.at("mirror"), &world.at("second"));
    for name in ["mirror", "second"] {
        let path = world.at(name).join("tile/entries/000");
        // The length of the first entry: nothing of the bundle can be told apart any more.
        let mut bytes = fs::read(&path).unwrap();
        bytes[1] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    for index in (0..256).filter(|index| *index != 77) {
        world.hand_statement("kept", index, false);
    }
    let names = ["mirror", "second", "kept"].map(|name| world.text(name));
    let more = ["--from", &names[0], "--from", &names[1], "--statements", &names[2]];
    let said = world.recover(2, "rebuilt", &more);
    assert!(said.contains("1 of 500 entries are missing: 77."), "{said}");
    world.check_no_log("rebuilt");
}

#[test]
fn two_histories_under_the_logs_key_rebuild_nothing() {
    let world = behind();
    (500..530).for_each(|index| world.hand_statement("kept", index, true));
    let names = ["mirror", "kept", "newest.checkpoint", "forged"].map(|name| world.text(name));
    let more = ["--from", &names[0], "--statements", &names[1], "--checkpoint", &names[2]];
    // Of one size with the newest; within the ground; where a later head covers it; within the tail.
    for size in [530, 200, 400, 515] {
        world.write("forged", &signed(&world, size, Hash::of(b"another root")));
        let with = [&more[..], &["--checkpoint", &names[3]]].concat();
        let said = world.recover(if size == 515 { 2 } else { 1 }, "rebuilt", &with);
        let why = if size == 515 { "no order" } else { "two histories: at size" };
        assert!(said.contains(why), "{size}: {said}");
        world.check_no_log("rebuilt");
    }
    // A larger one: nobody has its entries, so it is not signed over.
    world.write("forged", &signed(&world, 531, Hash::of(b"another root")));
    let said = world.recover(2, "rebuilt", &[&more[..], &["--checkpoint", &names[3]]].concat());
    assert!(said.contains("1 of 531 entries are missing: 530."), "{said}");
    world.check_no_log("rebuilt");
}

#[test]
fn a_statement_that_names_a_newer_checkpoint_stops_it() {
    let mut world = behind();
    (500..530).for_each(|index| world.hand_statement("kept", index, true));
    let older = world.note.clone();
    world.grow("log", [0]);
    let late = world.sign(1);
    world.write("kept/late.statement", &late);
    world.write("newest.checkpoint", &older);
    let names = ["mirror", "kept", "newest.checkpoint"].map(|name| world.text(name));
    let more = ["--from", &names[0], "--statements", &names[1], "--checkpoint", &names[2]];
    let said = world.recover(2, "rebuilt", &more);
    assert!(said.contains("late.statement knows of 531 entries"), "{said}");
    assert!(said.contains("has 530"), "{said}");
    world.check_no_log("rebuilt");
}

#[test]
fn what_is_handed_in_and_is_no_word_of_this_log_is_left_out() {
    let mut world = behind();
    (500..530).for_each(|index| world.hand_statement("kept", index, true));
    // A receipt whose path was altered, one of another log, and noise: none of them stops anything.
    let log = world.open("log");
    world.hand_receipt(&log, "kept", 529);
    log.stop();
    log.join();
    let receipt = world.at("kept/entry-0529.tlog-proof");
    let text = fs::read_to_string(&receipt).unwrap();
    fs::write(&receipt, text.replace("\nindex 529\n", "\nindex 528\n")).unwrap();
    world.write("kept/noise.statement", b"fiducial/statement/v1\n");
    world.write("kept/noise.checkpoint", b"noise");
    world.write("kept/report.json", b"{}");
    let names = ["mirror", "kept", "newest.checkpoint"].map(|name| world.text(name));
    let more = ["--from", &names[0], "--statements", &names[1], "--checkpoint", &names[2]];
    let said = world.recover(0, "rebuilt", &more);
    for name in ["entry-0529.tlog-proof", "noise.statement", "noise.checkpoint"] {
        assert!(said.contains(&format!("{name} was left out")), "{name}: {said}");
    }
    assert!(!said.contains("report.json"), "{said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_log_that_has_moved_is_not_rebuilt_from_where_it_was() {
    let world = behind();
    let mark = format!("id = \"{}\"\nstage = \"moved\"\nother = \"/srv/a\"\n", "5f".repeat(16));
    world.write("backup/moved.toml", mark.as_bytes());
    let said = world.recover(2, "rebuilt", &["--from", &world.text("mirror")]);
    assert!(said.contains("has moved to /srv/a"), "{said}");
    assert!(!world.at("rebuilt").exists());
    fs::remove_file(world.at("backup/moved.toml")).unwrap();
    world.recover(0, "rebuilt", &["--from", &world.text("mirror")]);
}

#[test]
fn mistakes_are_said_in_words() {
    let world = behind();
    let mirror = world.text("mirror");
    let said = world.recover(2, "rebuilt", &[]);
    assert!(said.contains("--checkpoint"), "{said}");
    // What is wrong with who was named is said before it is asked for others.
    world.write("broken/checkpoint", b"noise");
    let said = world.recover(2, "rebuilt", &["--from", &world.text("broken")]);
    assert!(said.contains("broken: its checkpoint") && said.contains("--checkpoint"), "{said}");
    world.check_no_log("rebuilt");
    // Nor is it passed over in silence that a folder holds nothing of use.
    world.write("all/line-3/late.statement", b"in a folder of its own");
    let said = world.recover(2, "rebuilt", &["--statements", &world.text("all")]);
    assert!(said.contains("all holds no receipt, statement or checkpoint"), "{said}");
    // A checkpoint that is named must be the log's.
    flip(&world.at("newest.checkpoint"));
    let newest = world.text("newest.checkpoint");
    world.recover(2, "rebuilt", &["--from", &mirror, "--checkpoint", &newest]);
    // Whether the log has witnesses must be said.
    let (backup, data) = (world.text("backup"), world.text("rebuilt"));
    let words = ["recover", "--backup", &backup, "--data", &data, "--from", &mirror];
    assert!(expect(2, &words).contains("--policy"));
    world.write("policy", b"quorum none\n");
    let policy = world.text("policy");
    let said = expect(2, &[&words[..], &["--policy", &policy]].concat());
    assert!(said.contains("--unwitnessed"), "{said}");
    // Never into a folder that holds anything.
    let log = world.text("log");
    let words = ["recover", "--backup", &backup, "--data", &log, "--unwitnessed"];
    let before = files(&world.at("log"));
    assert!(expect(2, &words).contains("is not empty"));
    assert_eq!(files(&world.at("log")), before);
    world.check_no_log("rebuilt");
}
