//! Entries behind the newest head, which an old journal still has: what may have been acknowledged keeps its
//! index, and what the log would not have taken there gets none.

use std::sync::Arc;

use bytes::Bytes;
use log_server::disk::{Disk, MachineDisk};
use log_server::journal::file::FileJournal;
use log_server::journal::{Base, Journal};
use log_server::objects::{FolderObjects, Objects};
use spec::Hash;
use spec::evidence::statement::{After, Draft};
use spec::frontier::Frontier;
use spec::hash::leaf_hashes;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::tile::{TILE_WIDTH, Tile, TileKind, format_hashes, push_entry};
use spec::tree::Tree;

use crate::support::{World, copy_folder, expect, flip, origin};

/// A log of so many entries, and an old copy of its folder.
fn grown(count: usize) -> World {
    let mut world = World::new(2);
    world.grow("log", (0..count).map(|at| at % 2));
    copy_folder(&world.at("log"), &world.at("old"));
    world
}

/// Commits entries as a log does that is killed before it can sign for them.
fn commit(world: &World, data: &str, entries: &[Vec<u8>]) {
    let folder = world.at(data);
    let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(&folder).unwrap());
    let (mut journal, loaded) = FileJournal::open(disk, &folder.join("journal"), None).unwrap();
    let entries: Vec<Bytes> = entries.iter().cloned().map(Bytes::from).collect();
    journal.append(loaded.size(), &entries).unwrap();
}

/// Puts all full bundles into tiles and takes them out of the journal, as a log does that cannot reach its witnesses
/// for long.
fn seal(world: &World, data: &str, all: &[Vec<u8>]) {
    let folder = world.at(data);
    let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(&folder).unwrap());
    let opened = FileJournal::open(disk.clone(), &folder.join("journal"), None);
    let (mut journal, loaded) = opened.unwrap();
    assert_eq!(loaded.size(), all.len() as u64);
    let (full, kept) = all.split_at(all.len() - all.len() % TILE_WIDTH as usize);
    let mut frontier = Frontier::new();
    let growth = frontier.grow(&leaf_hashes(full));
    let mut objects: Vec<(Tile, Bytes)> = Vec::new();
    for (at, entries) in (0..).zip(full.chunks(TILE_WIDTH as usize)) {
        let mut bundle = Vec::new();
        entries.iter().for_each(|entry| push_entry(&mut bundle, entry));
        objects.push((Tile::full(TileKind::Entries, at).unwrap(), bundle.into()));
    }
    for sealed in growth.sealed() {
        objects.push((sealed.tile, format_hashes(&sealed.hashes).into()));
    }
    FolderObjects::new(disk, &folder).put_all(&objects).unwrap();
    frontier.advance(&growth);
    let base = Base { frontier, heads_size: loaded.size(), heads: Vec::new() };
    let kept: Vec<Bytes> = kept.iter().cloned().map(Bytes::from).collect();
    journal.trim(&base, &kept).unwrap();
}

/// A first statement by the key with this seed.
fn first_of(name: &str, seed: u8) -> Vec<u8> {
    let name = KeyName::parse(name).unwrap();
    let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[seed; 32]).unwrap();
    let batch = Hash::of(b"batch");
    let draft = Draft::new(origin(), name, 0, Hash::ZERO, After::NOTHING, batch).unwrap();
    draft.sign(&key).unwrap().to_bytes()
}

/// A tree that this log never had.
fn other_tree(size: u64) -> After {
    let tree = Tree::new(size, Hash::of(b"another root")).unwrap();
    After::checkpoint(tree, Hash::of(b"note")).unwrap()
}

#[test]
fn what_an_old_journal_has_behind_the_head_keeps_its_place() {
    // Within a bundle, and beyond its end.
    for (count, more) in [(280, 3), (250, 20)] {
        let mut world = grown(count);
        let entries: Vec<Vec<u8>> = (0..more).map(|at| world.sign(at % 2)).collect();
        commit(&world, "old", &entries);
        // An older copy, and one that has nothing behind the head, have less to say and are no obstacle.
        copy_folder(&world.at("log"), &world.at("older"));
        commit(&world, "older", &entries[..1]);
        let names = ["log", "older", "old"].map(|name| world.text(name));
        let from = ["--from", &names[0], "--from", &names[1], "--from", &names[2]];
        let said = world.recover(0, "rebuilt", &from);
        assert!(said.contains(&format!("{count} entries, up to the head")), "{said}");
        assert!(said.contains(&format!("and {more} behind it")), "{said}");
        assert!(!said.contains("note: "), "{said}");
        world.entries.extend(entries);
        // The same tiles: what no head covers is in the journal alone.
        world.check_rebuilt("rebuilt");
    }
}

#[test]
fn what_a_dying_disk_cannot_read_of_its_tiles_is_taken_from_its_journal() {
    let mut world = grown(280);
    let entries: Vec<Vec<u8>> = (0..300).map(|at| world.sign(at % 2)).collect();
    commit(&world, "old", &entries);
    // The bundle was stored, and the journal not trimmed yet: the name is there, and to read it is an error.
    std::fs::create_dir(world.at("old/tile/entries/001")).unwrap();
    let (log, old) = (world.text("log"), world.text("old"));
    let said = world.recover(0, "rebuilt", &["--from", &log, "--from", &old]);
    assert!(said.contains("and 300 behind it"), "{said}");
    world.entries.extend(entries);
    world.check_rebuilt("rebuilt");
}

#[test]
fn what_one_old_copy_cannot_give_is_taken_from_another() {
    let mut world = grown(280);
    let entries: Vec<Vec<u8>> = (0..300).map(|at| world.sign(at % 2)).collect();
    copy_folder(&world.at("log"), &world.at("older"));
    commit(&world, "old", &entries);
    seal(&world, "old", &[&world.entries[..], &entries].concat());
    flip(&world.at("old/tile/entries/001"));
    let names = ["log", "old", "older"].map(|name| world.text(name));
    let from = ["--from", &names[0], "--from", &names[1], "--from", &names[2]];
    // The entry 280 is lost with the bundle, and nothing behind it can have its place.
    let said = world.recover(0, "one", &from[..4]);
    assert!(said.contains("from entry 280 on all are left out"), "{said}");
    // Another copy ends within the lost bundle.
    commit(&world, "older", &entries[..200]);
    let said = world.recover(0, "two", &from);
    assert!(said.contains("from entry 480 on all are left out"), "{said}");
    assert!(said.contains("and 200 behind it"), "{said}");
    // And one has all of it, but not what is behind.
    commit(&world, "older", &entries[200..250]);
    let said = world.recover(0, "rebuilt", &from);
    assert!(said.contains("and 300 behind it") && !said.contains("left out"), "{said}");
    world.entries.extend(entries);
    world.check_rebuilt("rebuilt");
}

#[test]
fn what_an_old_journal_has_up_to_a_newer_head_is_found_there() {
    let mut world = grown(280);
    let entries: Vec<Vec<u8>> = (0..4).map(|at| world.sign(at % 2)).collect();
    commit(&world, "old", &entries);
    // The log signed two of them before it was lost for good.
    commit(&world, "log", &entries[..2]);
    world.entries.extend_from_slice(&entries[..2]);
    world.grow("log", []);
    world.write("newest.checkpoint", &world.note.clone());
    let (old, newest) = (world.text("old"), world.text("newest.checkpoint"));
    let said = world.recover(0, "rebuilt", &["--from", &old, "--checkpoint", &newest]);
    assert!(said.contains("282 entries") && said.contains("and 2 behind it"), "{said}");
    world.entries.extend_from_slice(&entries[2..]);
    world.check_rebuilt("rebuilt");
}

#[test]
fn behind_an_entry_that_the_log_would_not_have_taken_none_is() {
    for (wrong, why) in [
        ("opaque", "note: "),
        ("unlisted", "does not list the key of the source line-1.example/aoi-9"),
        ("forged", "does not list the key of the source line-1.example/aoi-1"),
        ("out of its chain", "expected sequence 5"),
        ("behind another tree", "another tree of 4 entries"),
    ] {
        let mut world = grown(10);
        let good = world.sign(0);
        let entry = match wrong {
            "opaque" => b"no statement".to_vec(),
            "unlisted" => first_of("line-1.example/aoi-9", 9),
            "forged" => first_of("line-1.example/aoi-1", 9),
            "out of its chain" => {
                world.sign(1);
                world.sign(1)
            }
            _ => world.sign_behind(1, other_tree(4)),
        };
        let last = world.sign(1);
        commit(&world, "old", &[good.clone(), entry, last]);
        let said = world.recover(0, "rebuilt", &["--from", &world.text("old")]);
        assert!(said.contains("from entry 11 on all are left out"), "{wrong}: {said}");
        assert!(said.contains(why) && said.contains("and 1 behind it"), "{wrong}: {said}");
        world.entries.push(good);
        world.check_rebuilt("rebuilt");
    }
}

#[test]
fn an_entry_that_names_a_newer_tree_stops_it() {
    let mut world = grown(10);
    let entries = [world.sign(0), world.sign_behind(1, other_tree(12))];
    commit(&world, "old", &entries);
    let said = world.recover(2, "rebuilt", &["--from", &world.text("old")]);
    assert!(said.contains("The statement at index 11 in the journal of"), "{said}");
    assert!(said.contains("knows of 12 entries") && said.contains("has 10"), "{said}");
    world.check_no_log("rebuilt");
}

#[test]
fn a_journal_of_another_history_is_left_out() {
    let mut world = grown(10);
    let entries = [world.sign(1), world.sign(1)];
    commit(&world, "old", &entries);
    world.grow("log", [0]);
    let (old, log) = (world.text("old"), world.text("log"));
    let said = world.recover(0, "rebuilt", &["--from", &old, "--from", &log]);
    assert!(said.contains("its first 11 entries have root"), "{said}");
    assert!(said.contains("11 entries, up to") && !said.contains("behind it that"), "{said}");
    world.check_rebuilt("rebuilt");
}

#[test]
fn of_two_journals_that_differ_neither_is_chosen() {
    let mut world = grown(10);
    copy_folder(&world.at("log"), &world.at("other"));
    let entries = [world.sign(0), world.sign(1)];
    commit(&world, "old", &entries[..1]);
    commit(&world, "other", &entries[1..]);
    let (old, other) = (world.text("old"), world.text("other"));
    let said = world.recover(2, "rebuilt", &["--from", &old, "--from", &other]);
    assert!(said.contains("in two ways behind the newest signed head, of 10 entries"), "{said}");
    world.check_no_log("rebuilt");
    world.recover(0, "rebuilt", &["--from", &old]);
    world.entries.push(entries[0].clone());
    world.check_rebuilt("rebuilt");
}

#[test]
fn a_backup_that_has_a_journal_is_asked_to_be_named_as_a_source() {
    let world = grown(10);
    let entries = [b"of no use here".to_vec()];
    commit(&world, "old", &entries);
    world.mirror("mirror");
    let (old, mirror) = (world.text("old"), world.text("mirror"));
    for (data, from, is_said) in [("without", &mirror, true), ("with", &old, false)] {
        let data = world.text(data);
        let words = ["recover", "--backup", &old, "--data", &data, "--unwitnessed", "--from", from];
        let said = expect(0, &words);
        assert_eq!(said.contains("has a journal too"), is_said, "{said}");
    }
}
