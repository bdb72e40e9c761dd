//! Which records are found by what is said of a lot.

use std::ffi::OsString;

use serde_json::Value;

use super::*;
use crate::vault::{Rule, Scope};

impl World {
    /// Types a command about the vault, which nobody else has open then: its exit code and answer.
    fn typed(&mut self, words: &[&str]) -> (u8, Value, String) {
        self.kill();
        let vault = self.path().to_str().unwrap().to_string();
        let words = ["fiducial-agent", "--lang", "en"].iter().chain(words);
        let words = words.copied().chain(["--json", "--vault", &vault]).map(OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = crate::run(words.collect::<Vec<_>>(), &mut out, &mut err);
        self.start();
        let json = serde_json::from_slice(&out).unwrap_or_default();
        (code, json, String::from_utf8(err).unwrap())
    }

    /// How `disclose` into this folder ends, how many records it opens, and what it says.
    fn disclosed(&mut self, more: &[&str], folder: &str) -> (u8, u64, String) {
        let out = self.folder.path().join(folder).to_str().unwrap().to_string();
        let words = ["disclose", "--out", &out].iter().chain(more).copied().collect::<Vec<_>>();
        let (code, json, err) = self.typed(&words);
        (code, json["records"].as_u64().unwrap_or_default(), err)
    }
}

#[test]
fn a_lot_is_what_names_it_and_what_names_its_boards() {
    let mut world = World::new(&["aoi", "bench"]);
    world.report_with(0, "panel", &[("lot", "L-7"), ("panel", "P1"), ("units", "B1\nB2\n")]);
    world.report_with(0, "other", &[("lot", "L-8"), ("panel", "P2"), ("units", "B3\n")]);
    world.seal_all();
    // Reviews and repairs know the board, or the panel, and no lot.
    world.report_with(1, "repair of B2", &[("units", "B2\n")]);
    world.report_with(1, "review of P1", &[("panel", "P1")]);
    world.report_with(1, "repair of B3", &[("units", "B3\n")]);
    // A board whose number is used again: what names another lot is of that one.
    world.report_with(1, "B1 of another lot", &[("lot", "L-9"), ("units", "B1\n")]);
    world.report_with(1, "told apart", &[("units", "B4\n")]);
    world.seal_all();
    world.drain();
    world.vault().put_lot_of_units(b"L-7", &[b"B4"]).unwrap();
    let mut disclosed = |more: &[&str], folder: &str| world.disclosed(more, folder);
    assert_eq!(disclosed(&["--lot", "L-7"], "a"), (0, 4, String::new()));
    assert_eq!(disclosed(&["--lot", "L-8"], "b"), (0, 2, String::new()));
    assert_eq!(disclosed(&["--lot", "L-9"], "c"), (0, 1, String::new()));
    assert_eq!(disclosed(&["--lot", "L-7", "--source", "bench"], "d"), (0, 3, String::new()));
    assert_eq!(disclosed(&["--lot", "L-7", "--unit", "B2"], "e"), (0, 2, String::new()));
    let (code, records, _) = disclosed(&["--lot", "B1"], "f");
    assert_eq!((code, records), (2, 0), "a board is no lot");
    // One that waits for its statement is not passed over in silence.
    world.report_with(1, "late", &[("units", "B2\n")]);
    let out = world.folder.path().join("g").to_str().unwrap().to_string();
    let (code, json, _) = world.typed(&["disclose", "--out", &out, "--lot", "L-7"]);
    assert_eq!((code, json["records"].as_u64()), (3, Some(4)), "{json}");
    assert!(json["warnings"][0].as_str().unwrap().contains("bench"), "{json}");
}

#[test]
fn a_lot_key_says_what_was_captured_before_it() {
    let mut world = World::new(&["aoi"]);
    world.report_with(0, "one", &[("lot", "L-7"), ("units", "B1\nB2\n")]);
    world.report_with(0, "two", &[("units", "B3\n")]);
    world.seal_all();
    let path =
        |world: &World, name: &str| world.folder.path().join(name).to_str().unwrap().to_string();
    let (list, seven, eight) = (path(&world, "list"), path(&world, "7"), path(&world, "8"));
    std::fs::write(&list, "\u{feff}B3\r\nB4\r\n").unwrap();
    let (code, json, _) = world.typed(&["lot-key", "L-7", "--units", &list, "--out", &seven]);
    let counts = |json: &Value| {
        ["records", "untagged", "units", "units_known"].map(|name| json[name].as_u64().unwrap())
    };
    assert_eq!((code, counts(&json)), (0, [2, 2, 2, 1]), "{json}");
    let (code, json, _) = world.typed(&["lot-key", "L-8", "--out", &eight]);
    assert_eq!((code, counts(&json)), (0, [0, 0, 0, 0]), "{json}");
    world.report_with(0, "three", &[("lot", "L-8"), ("units", "B5\n")]);
    world.seal_all();
    let (code, json, _) = world.typed(&["lot-key", "L-8", "--out", &eight]);
    assert_eq!((code, counts(&json)), (0, [1, 0, 0, 0]), "{json}");
    // What could not be read is of no lot, and nothing of such a list is taken.
    for unread in ["N/A", "NoRead", "---"] {
        std::fs::write(&list, format!("B6\n{unread}\n")).unwrap();
        let (code, json, _) = world.typed(&["lot-key", "L-8", "--units", &list, "--out", &eight]);
        assert!(code == 2 && json["error"].as_str().unwrap().contains(unread), "{json}");
    }
    assert_eq!(world.vault().lot_of_unit(b"B6").unwrap(), None);
}

/// A line whose lot has its key, whose repairs name no lot, and what `disclose --range` says of it.
fn repaired(is_told_units: bool) -> World {
    let mut world = World::new(&["line"]);
    let path = |name: &str| world.folder.path().join(name).to_str().unwrap().to_string();
    let (key, list) = (path("key"), path("units of L-7"));
    std::fs::write(&list, "B1\nB2\n").unwrap();
    let words = ["lot-key", "L-7", "--out", &key, "--units", &list];
    let told = if is_told_units { &words[..] } else { &words[..4] };
    assert_eq!(world.typed(told).0, 0);
    world.report_with(0, "panel", &[("lot", "L-7"), ("panel", "P1"), ("units", "B1\nB2\n")]);
    world.record_with(0, "repair", "repair", &[("units", "B2\n")]);
    world.record_with(0, "oven-data", "oven", &[("panel", "P1"), ("units", "P1\n")]);
    world.seal_all();
    world.drain();
    world
}

/// `disclose` of that range into this folder: its exit code, its error and its warnings.
fn ranged(world: &mut World, more: &[&str], folder: &str) -> (u8, String, Vec<String>) {
    let out = world.folder.path().join(folder).to_str().unwrap().to_string();
    let words = ["disclose", "--range", "0..0", "--context", "--out", &out];
    let (code, json, _) = world.typed(&[&words[..], more].concat());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let warnings = json["warnings"].as_array().into_iter().flatten().map(text).collect();
    (code, text(&json["error"]), warnings)
}

#[test]
fn a_range_that_its_reader_s_check_will_refuse_is_not_handed_over() {
    let mut world = repaired(false);
    let path = |world: &World, name: &str| world.folder.path().join(name);
    let list = path(&world, "theirs").to_str().unwrap().to_string();
    let (code, error, _) = ranged(&mut world, &["--lot", "L-7"], "a");
    assert!(code == 2 && error.contains("\"B2\"") && error.contains("lot-key LOT"), "{error}");
    assert!(!path(&world, "a").exists(), "half a range is not left behind");
    std::fs::write(&list, "B1\nB2\n").unwrap();
    let listed = ["--lot", "L-7", "--units", &list];
    assert_eq!(ranged(&mut world, &listed, "b").0, 2);
    // The reader does not look for B2, and nothing is refused.
    std::fs::write(&list, "B1\n").unwrap();
    assert_eq!(ranged(&mut world, &listed, "c"), (0, String::new(), Vec::new()));
    // Who insists is told. The panel itself is refused only if somebody's list has it.
    let (code, _, warnings) = ranged(&mut world, &["--lot", "L-7", "--allow-untagged"], "d");
    assert_eq!((code, warnings.len()), (0, 2), "{warnings:?}");
    assert!(warnings[0].contains("\"B2\"") && warnings[1].contains("only if"), "{warnings:?}");
}

#[test]
fn units_that_were_given_to_their_lot_beforehand_are_tagged_in_every_record() {
    let mut world = repaired(true);
    let (code, error, warnings) = ranged(&mut world, &["--lot", "L-7"], "a");
    assert_eq!((code, error.as_str(), warnings.len()), (0, "", 1), "{warnings:?}");
    assert!(warnings[0].contains("\"P1\"") && warnings[0].contains("only if"), "{warnings:?}");
}

#[test]
fn what_no_record_names_is_said_with_what_one_does() {
    let mut world = World::new(&["aoi"]);
    world.report_with(0, "one", &[("lot", "L-7"), ("units", "B1\n")]);
    world.seal_all();
    world.drain();
    let list = world.folder.path().join("list").to_str().unwrap().to_string();
    let mut made = |more: &[&str], folder: &str| {
        let out = world.folder.path().join(folder).to_str().unwrap().to_string();
        let words = ["disclose", "--out", &out].iter().chain(more).copied().collect::<Vec<_>>();
        let (code, json, _) = world.typed(&words);
        (code, json)
    };
    let (code, json) = made(&["--lot", "L010002"], "a");
    let why = json["error"].as_str().unwrap();
    assert!(code == 2 && why.contains("no record names the lot \"L010002\""), "{why}");
    assert!(why.contains("\"L-7\" for one"), "{why}");
    std::fs::write(&list, "b1\r\nb2\r\n").unwrap();
    for more in [&["--units", list.as_str()][..], &["--units", &list, "--range", "0..0"]] {
        let (code, json) = made(more, "b");
        let why = json["error"].as_str().unwrap();
        assert!(
            code == 2 && why.contains("none of its 2 units") && why.contains("\"B1\""),
            "{why}"
        );
    }
    std::fs::write(&list, "\u{feff}B1\r\nB2\r\n").unwrap();
    let (code, json) = made(&["--units", &list], "c");
    assert_eq!((code, json["records"].as_u64()), (0, Some(1)), "{json}");
    let (code, json) = made(&["--lot", "L-9", "--range", "0..0"], "d");
    assert_eq!(code, 0, "{json}");
    assert!(json["warnings"][0].as_str().unwrap().contains("no record names the lot"), "{json}");
}

#[test]
fn a_hold_of_a_lot_keeps_what_names_its_boards_and_no_lot() {
    let mut world = World::new(&["aoi", "bench"]);
    world.report_with(0, "report", &[("lot", "L-7"), ("panel", "P1"), ("units", "B1\n")]);
    world.report_with(0, "unread", &[("lot", "L-7"), ("panel", "N/A"), ("units", "B2\n")]);
    for (name, more) in [
        ("review of B1", &[("units", "B1\n")][..]),
        ("repair of P1", &[("panel", "P1")]),
        ("B1 of another lot", &[("lot", "L-8"), ("units", "B1\n")]),
        ("another board", &[("units", "B9\n")]),
        ("not read", &[("panel", "N/A"), ("units", "B8\n")]),
    ] {
        world.record_with(1, "review", name, more);
    }
    world.seal_all();
    world.drain();
    let vault = world.vault();
    let rules = [Rule { source: None, kind: Some("review".to_string()), keep_days: 0 }];
    let expire = |dry_run| vault.expire(UnixMillis(u64::MAX), &rules, dry_run).unwrap();
    assert_eq!(expire(true).held, 0);
    vault.add_hold(Scope::Lot(b"L-7".to_vec()), "claim 7", UnixMillis(1)).unwrap();
    for dry_run in [true, false] {
        let expired = expire(dry_run);
        assert_eq!((expired.records, expired.held), (3, 2), "dry run {dry_run}");
    }
    let count = |unit: &[u8]| vault.of_unit(unit).unwrap().len();
    assert_eq!([count(b"B1"), count(b"P1"), count(b"B9"), count(b"B8")], [2, 2, 0, 0]);
}

#[test]
fn a_bundle_replaces_no_other_file() {
    let mut world = World::new(&["aoi"]);
    world.report_with(0, "one", &[("units", "B1\n")]);
    world.report_with(0, "two", &[("units", "B2\n")]);
    world.seal_all();
    world.drain();
    let bundle = world.folder.path().join("d.zip");
    let to = bundle.to_str().unwrap().to_string();
    let mut made = |more: &[&str]| {
        let words = ["disclose", "--bundle", &to].iter().chain(more).copied().collect::<Vec<_>>();
        world.typed(&words)
    };
    assert_eq!(made(&["--unit", "B1", "--evidence"]).0, 0);
    let first = std::fs::read(&bundle).unwrap();
    let (code, json, _) = made(&["--unit", "B1"]);
    assert!(code == 2 && json["error"].as_str().unwrap().contains("is not replaced"), "{json}");
    assert_eq!(made(&["--unit", "B2", "--evidence"]).0, 2);
    assert_eq!(made(&["--unit", "B1", "--evidence"]).0, 0, "the same bundle again");
    assert_eq!(std::fs::read(&bundle).unwrap(), first);
}

#[test]
fn what_is_handed_over_proves_that_it_was_not_made_long_before() {
    let mut world = World::new(&["aoi"]);
    for unit in ["B1", "B2"] {
        world.report_with(0, unit, &[("units", &format!("{unit}\n"))]);
        world.seal_all();
        world.drain();
    }
    let sequence = world.vault().of_unit(b"B2").unwrap()[0].sequence;
    let path = |world: &World, folder: &str, role: &str| {
        world.folder.path().join(folder).join(format!("records/0/{sequence}.{role}"))
    };
    let made = |world: &mut World, folder: &str| {
        let out = world.folder.path().join(folder).to_str().unwrap().to_string();
        let (code, json, _) = world.typed(&["disclose", "--unit", "B2", "--out", &out]);
        (code, json["warnings"].clone())
    };
    assert_eq!(made(&mut world, "a"), (0, serde_json::json!([])));
    let read = |role: &str| std::fs::read(path(&world, "a", role)).unwrap();
    let statement = Statement::parse(&read("statement")).unwrap();
    let receipt = spec::proof::Proof::parse(&read("tlog-proof")).unwrap();
    let newer = spec::checkpoint::Checkpoint::parse(receipt.checkpoint().text()).unwrap();
    let proof = String::from_utf8(read("consistency")).unwrap();
    let hashes: Vec<spec::Hash> =
        proof.lines().map(|line| spec::encoding::decode_hash(line).unwrap()).collect();
    let (old, new) = (statement.after().tree(), newer.tree());
    assert!(old.size() < new.size());
    spec::tree::verify_consistency(old, new, &hashes).unwrap();
    assert_eq!(spec::Hash::of(&read("after")), statement.after().note_hash());
    // Without the log all the rest is there, and how the proof comes in.
    world.log.be_away(true);
    let (code, warnings) = made(&mut world, "b");
    assert!(code == 0 && warnings[0].as_str().unwrap().contains("bundle make"), "{warnings}");
    assert!(path(&world, "b", "after").exists() && !path(&world, "b", "consistency").exists());
    // A log that shows another history is not believed, and the exit code says so.
    world.log.be_away(false);
    world.log.lie_in_tiles(true);
    let (code, warnings) = made(&mut world, "c");
    assert!(code == 3 && warnings[0].as_str().unwrap().contains("not continue"), "{warnings}");
    assert!(!path(&world, "c", "consistency").exists());
}

#[test]
fn a_panel_that_was_not_read_or_is_of_another_lot_is_followed_by_nothing() {
    let mut world = World::new(&["aoi", "oven"]);
    world.report_with(0, "read", &[("lot", "L-7"), ("panel", "P1"), ("units", "B1\n")]);
    world.report_with(0, "unread", &[("lot", "L-7"), ("panel", "N/A"), ("units", "B2\nNOREAD\n")]);
    world.report_with(1, "oven of P1", &[("panel", "P1")]);
    // What is another customer's.
    world.report_with(1, "oven, unread", &[("panel", "N/A")]);
    world.report_with(1, "repair, unread", &[("units", "NOREAD\n")]);
    world.report_with(1, "P1 of another lot", &[("lot", "L-9"), ("panel", "P1")]);
    world.report_with(1, "known to be of another", &[("panel", "P1"), ("units", "B9\n")]);
    world.seal_all();
    world.drain();
    world.vault().put_lot_of_units(b"L-9", &[b"B9"]).unwrap();
    let mut opened = |more: &[&str], folder: &str| world.disclosed(more, folder).1;
    assert_eq!(opened(&["--lot", "L-7"], "a"), 3);
    assert_eq!(opened(&["--lot", "L-7", "--context"], "b"), 3);
    assert_eq!(opened(&["--lot", "L-7", "--source", "aoi", "--context"], "c"), 3);
    assert_eq!(opened(&["--unit", "B1", "--context"], "d"), 2);
    assert_eq!(opened(&["--unit", "B2", "--context"], "e"), 1);
}

#[test]
fn the_program_of_another_product_is_no_context() {
    let mut world = World::new(&["aoi"]);
    for name in ["limits", "ours", "theirs"] {
        world.record_with(0, "program", name, &[]);
    }
    for (lot, program) in [("L-7", "ours"), ("L-8", "theirs")] {
        let sha256 = spec::Hash::of(program.as_bytes()).to_hex();
        world.report_with(0, lot, &[("lot", lot), ("program/sha256", &sha256)]);
    }
    world.seal_all();
    world.drain();
    // The report, its program, and the limits that nothing names.
    assert_eq!(world.disclosed(&["--lot", "L-7", "--context"], "a").1, 3);
}

#[test]
fn records_are_chosen_by_their_certificate_and_by_when_they_were_sealed() {
    let mut world = World::new(&["oven"]);
    let sha256 = spec::Hash::of(b"profile 7").to_hex();
    world.record_with(0, "reflow-certificate", "profile 7", &[("certificate", "C-7")]);
    world.record_with(0, "oven-data", "pass under 7", &[("certificate/sha256", &sha256)]);
    world.seal_all();
    let first = clock::format(world.clock.now());
    world.clock.pass(Duration::from_millis(1));
    let behind = clock::format(world.clock.now());
    world.record_with(0, "oven-data", "pass under 8", &[("certificate", "C-8")]);
    world.seal_all();
    let last = clock::format(world.clock.now());
    world.drain();
    let mut opened = |more: &[&str], folder: &str| world.disclosed(more, folder).1;
    // By its file's hash the certificate itself is meant as well, by its number whatever names that.
    assert_eq!(opened(&["--certificate", &sha256], "a"), 2);
    assert_eq!(opened(&["--certificate", "C-7"], "b"), 1);
    assert_eq!(opened(&["--certificate", "C-9"], "c"), 0);
    // Both moments are included.
    assert_eq!(opened(&["--between", START, &first], "d"), 2);
    assert_eq!(opened(&["--between", &behind, &last], "e"), 1);
    assert_eq!(opened(&["--between", START, &last, "--certificate", "C-8"], "f"), 1);
    assert_eq!(opened(&["--between", &behind, &last, "--certificate", "C-7"], "g"), 0);
}
