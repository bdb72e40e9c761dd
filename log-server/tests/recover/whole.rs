//! What comes out: the log that was lost, from whole copies, from pieces, and from what agents kept.

use std::fs;

use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;

use crate::support::{World, copy_folder, flip};

/// Sources that speak in turns, so that many orders would be possible.
fn turns(count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(|at| (at * 7 + at / 5) % 3)
}

#[test]
fn a_log_comes_back_from_a_mirror_that_has_all_of_it() {
    let mut world = World::new(3);
    world.grow("log", turns(600));
    world.mirror("mirror");
    let said = world.recover(0, "rebuilt", &["--from", &world.text("mirror")]);
    assert!(said.contains("600 entries") && said.contains("shown as it was published"), "{said}");
    assert_eq!(fs::read(world.at("rebuilt/checkpoint")).unwrap(), world.note);
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_tail_that_no_mirror_has_comes_from_receipts_indices_and_chains() {
    let mut world = World::new(3);
    world.grow("log", turns(500));
    world.mirror("mirror");
    world.grow("log", turns(30));
    world.grow("log", turns(20));
    world.write("newest.checkpoint", &world.note.clone());
    let log = world.open("log");
    for index in 500..550 {
        match index % 3 {
            0 => world.hand_receipt(&log, "kept", index),
            1 => world.hand_statement("kept", index, true),
            _ => world.hand_statement("kept", index, false),
        }
    }
    log.stop();
    log.join();
    let (mirror, kept) = (world.text("mirror"), world.text("kept"));
    let newest = world.text("newest.checkpoint");
    let more = ["--from", &mirror, "--statements", &kept, "--checkpoint", &newest];
    world.recover(0, "rebuilt", &more);
    world.check_rebuilt("rebuilt");
}

#[test]
fn the_order_of_a_short_tail_is_found_by_its_root_alone() {
    let mut world = World::new(3);
    world.grow("log", turns(300));
    world.mirror("mirror");
    world.grow("log", [2, 0, 0, 1, 2, 1, 0]);
    world.write("newest.checkpoint", &world.note.clone());
    (300..307).for_each(|index| world.hand_statement("kept", index, false));
    // What an agent signed and the log never had is no obstacle.
    let unsent = world.sign(1);
    world.write("kept/unsent.statement", &unsent);
    let (mirror, kept) = (world.text("mirror"), world.text("kept"));
    let newest = world.text("newest.checkpoint");
    let more = ["--from", &mirror, "--statements", &kept, "--checkpoint", &newest];
    let said = world.recover(0, "rebuilt", &more);
    assert!(said.contains("307 entries"), "{said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_log_comes_back_without_any_mirror() {
    let mut world = World::new(2);
    world.grow("log", [0, 1, 1, 0]);
    let log = world.open("log");
    world.hand_receipt(&log, "kept", 0);
    world.hand_receipt(&log, "kept", 3);
    log.stop();
    log.join();
    (1..3).for_each(|index| world.hand_statement("kept", index, false));
    world.recover(0, "rebuilt", &["--statements", &world.text("kept")]);
    world.check_rebuilt("rebuilt");
}

#[test]
fn holders_that_are_each_damaged_make_a_whole_one() {
    let mut world = World::new(3);
    world.grow("log", turns(1100));
    for name in ["one", "two", "three"] {
        world.mirror(name);
    }
    flip(&world.at("one/tile/entries/000"));
    flip(&world.at("one/tile/0/001"));
    flip(&world.at("two/tile/entries/001"));
    fs::remove_file(world.at("two/tile/entries/003")).unwrap();
    flip(&world.at("three/checkpoint"));
    // Tiles that nobody has an entry of: the agents' statements have the hashes that are meant.
    for name in ["one", "two", "three"] {
        fs::remove_file(world.at(name).join("tile/entries/002")).unwrap();
    }
    (512..768).for_each(|index| world.hand_statement("kept", index, false));
    let names = ["one", "two", "three"].map(|name| world.text(name));
    let mut more = vec!["--statements".to_owned(), world.text("kept")];
    more.extend(names.into_iter().flat_map(|name| ["--from".to_owned(), name]));
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let said = world.recover(0, "rebuilt", &more);
    assert!(said.contains("note: "), "what is wrong with them is said: {said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_file_that_cannot_be_read_costs_its_holder_nothing_else() {
    let mut world = World::new(3);
    world.grow("log", turns(600));
    world.mirror("mirror");
    // As on a disk that dies: the name is there, and to read it is an error.
    let lost = world.at("mirror/tile/entries/000");
    fs::remove_file(&lost).unwrap();
    fs::create_dir(&lost).unwrap();
    (0..256).for_each(|index| world.hand_statement("kept", index, false));
    let (mirror, kept) = (world.text("mirror"), world.text("kept"));
    let said = world.recover(0, "rebuilt", &["--from", &mirror, "--statements", &kept]);
    assert!(said.contains("note: ") && said.contains("tile/entries/000"), "{said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn tiles_that_nobody_vouches_for_are_hints_and_no_more() {
    let mut world = World::new(3);
    world.grow("log", turns(300));
    world.mirror("mirror");
    world.grow("log", turns(400));
    world.mirror("newer");
    // A mirror whose tiles are ahead of its checkpoint, as an interrupted look leaves it.
    copy_folder(&world.at("newer/tile"), &world.at("mirror/tile"));
    fs::remove_dir_all(world.at("mirror/tile/entries/002.p")).unwrap();
    let edge = world.at("mirror/tile/0/002.p/188");
    let mirror = world.text("mirror");
    let newest = world.text("newest.checkpoint");
    world.write("newest.checkpoint", &world.note.clone());
    (512..700).for_each(|index| world.hand_statement("kept", index, false));
    let kept = world.text("kept");
    let more = ["--from", &mirror, "--statements", &kept, "--checkpoint", &newest];
    // Wrong at one place: what is due in the chains there is tried instead.
    let mut bytes = fs::read(&edge).unwrap();
    bytes[32 * 20] ^= 1;
    fs::write(&edge, bytes).unwrap();
    world.recover(0, "rebuilt", &more);
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_mirror_whose_tiles_are_ahead_of_all_checkpoints_is_named() {
    let mut world = World::new(3);
    world.grow("log", turns(300));
    world.mirror("mirror");
    let mirror = world.text("mirror");
    let said = world.recover(0, "early", &["--from", &mirror]);
    assert!(!said.contains("signed a newer one"), "{said}");
    world.grow("log", turns(400));
    world.mirror("newer");
    // It was interrupted before it could write the newer checkpoint.
    copy_folder(&world.at("newer/tile"), &world.at("mirror/tile"));
    let said = world.recover(0, "late", &["--from", &mirror]);
    assert!(said.contains("has tile/entries/001") && said.contains("signed a newer one"), "{said}");
}

#[test]
fn an_old_data_folder_is_a_holder_too() {
    let mut world = World::new(2);
    world.grow("log", turns(280).map(|at| at % 2));
    copy_folder(&world.at("log"), &world.at("old"));
    world.grow("log", [0, 1]);
    world.write("newest.checkpoint", &world.note.clone());
    (280..282).for_each(|index| world.hand_statement("kept", index, false));
    let (old, kept) = (world.text("old"), world.text("kept"));
    let newest = world.text("newest.checkpoint");
    let more = ["--from", &old, "--statements", &kept, "--checkpoint", &newest];
    world.recover(0, "rebuilt", &more);
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_head_that_an_old_data_folder_signed_and_did_not_show_is_reached_too() {
    let mut world = World::new(2);
    world.grow("log", turns(280).map(|at| at % 2));
    let shown = world.note.clone();
    world.grow("log", [0, 1, 1]);
    // Signed and given to witnesses, and not published when the copy was made.
    copy_folder(&world.at("log"), &world.at("old"));
    world.write("old/checkpoint", &shown);
    let said = world.recover(0, "rebuilt", &["--from", &world.text("old")]);
    assert!(said.contains("283 entries"), "{said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn an_old_data_folder_whose_journal_is_damaged_still_has_its_tiles() {
    let mut world = World::new(3);
    world.grow("log", turns(600));
    copy_folder(&world.at("log"), &world.at("old"));
    flip(&world.at("old/journal"));
    (512..600).for_each(|index| world.hand_statement("kept", index, true));
    let (old, kept) = (world.text("old"), world.text("kept"));
    let said = world.recover(0, "rebuilt", &["--from", &old, "--statements", &kept]);
    assert!(said.contains("journal") && said.contains("is damaged"), "{said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn what_a_rebuilt_log_shows_has_no_lines_of_strangers() {
    let mut world = World::new(2);
    world.grow("log", [0, 1, 0]);
    world.mirror("mirror");
    let note = Note::parse(&world.note).unwrap();
    let name = KeyName::parse("stranger.example").unwrap();
    let stranger = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[9; 32]).unwrap();
    let mut lines = note.signatures().to_vec();
    lines.push(stranger.sign_note(note.text()));
    world.write("kept/3.checkpoint", &Note::new(note.text().to_owned(), lines).to_bytes());
    let (mirror, kept) = (world.text("mirror"), world.text("kept"));
    world.recover(0, "rebuilt", &["--from", &mirror, "--statements", &kept]);
    assert_eq!(fs::read(world.at("rebuilt/checkpoint")).unwrap(), world.note);
    world.check_rebuilt("rebuilt");
}
