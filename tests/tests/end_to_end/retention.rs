//! Retention: salts and evidence are deleted, the log and all papers stay valid, and what is gone
//! cannot be shown any more, not even by the factory itself.

use std::fs;
use std::path::Path;

use crate::factory::{SOURCE, verify_words};
use crate::plant::{ANNA, BERT, LAST, Plant};
use crate::support::Said;

/// Reports go at once; what nobody could read is in no rule and stays.
const RULES: &str = "[[rule]]\nkind = \"aoi-report\"\nkeep-days = 0\n";

/// The papers of the records that name a unit, with the evidence, in a folder of their own.
fn hand_out(plant: &Plant, unit: &str, folder: &str) -> Vec<[String; 3]> {
    let words = ["papers", "--vault", "vault", "--unit", unit, "--evidence", "--out", folder];
    let said = plant.factory.world.agent(&[&words[..], &["--json"]].concat()).ends_with(0).json();
    let paper = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    let papers = said.as_array().unwrap().iter().map(|row| {
        let receipt = paper(row, "receipt");
        let evidence = receipt.replace(".tlog-proof", ".evidence");
        [receipt, evidence, paper(row, "disclosure")]
    });
    papers.collect()
}

fn judge(plant: &Plant, papers: &[[String; 3]], code: i32) {
    for [receipt, evidence, disclosure] in papers {
        let words = verify_words(receipt, evidence, disclosure, "policy", "source.vkey");
        plant.factory.judge(&words, code);
    }
}

fn disclose(plant: &Plant, which: &[&str], out: &str) -> Said {
    let words = ["disclose", "--vault", "vault", "--evidence", "--out", out];
    plant.factory.world.agent(&[&words[..], which].concat())
}

/// Whether any file below a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let content = fs::read(&path).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

fn expire(plant: &Plant) -> serde_json::Value {
    plant.factory.world.write("rules.toml", RULES);
    let words = ["expire", "--vault", "vault", "--rules", "rules.toml", "--json"];
    plant.factory.world.agent(&words).ends_with(0).json()
}

/// The log, the vault, and everything that was handed out before, as others see them.
fn nothing_else_is_changed(plant: &Plant, papers: &[[String; 3]]) {
    let world = &plant.factory.world;
    judge(plant, papers, 0);
    plant.factory.judge(&Plant::verify_words(&ANNA, "range"), 0);
    let audit = ["audit", "--log", &plant.server.url, "--policy", "policy", "--source-keys"];
    world.fiducial(&[&audit[..], &["source.vkey"]].concat()).ends_with(0);
    let check = world.agent(&["check", "--vault", "vault"]).ends_with(0);
    assert!(check.out.contains(" 0 things are damaged"), "{}", check.out);
}

#[test]
fn what_was_deleted_cannot_be_shown_and_what_was_handed_out_stays_valid() {
    let plant = Plant::new();
    plant.pin();
    plant.show_range(&ANNA, "range");
    let hers = hand_out(&plant, ANNA.units[0], "hers");
    let his = hand_out(&plant, BERT.units[0], "his");
    assert!(hers.len() == 2 && his.len() == 1, "{hers:?} {his:?}");
    let vault = plant.factory.world.path("vault");
    for buyer in [&ANNA, &BERT] {
        assert!(
            holds(&vault, buyer.verdict.as_bytes()) && holds(&vault, buyer.operator.as_bytes())
        );
    }
    let before = [&hers[..], &his[..]].concat();
    nothing_else_is_changed(&plant, &before);
    let hold = ["hold", "add", "--vault", "vault", "--lot", BERT.lot, "--reason", "a dispute"];
    plant.factory.world.agent(&hold).ends_with(0);
    let json = expire(&plant);
    assert_eq!((json["records"].as_u64(), json["held"].as_u64()), (Some(3), Some(2)), "{json}");
    nothing_else_is_changed(&plant, &before);

    // Neither by what it names, nor by its place, nor by its bytes.
    let world = &plant.factory.world;
    let range = format!("0..{LAST}");
    for (said, why) in [
        (disclose(&plant, &["--unit", ANNA.units[0]], "out"), "3 were deleted by rules"),
        (disclose(&plant, &["--lot", ANNA.lot], "out"), "3 were deleted by rules"),
        (disclose(&plant, &["--range", &range, "--lot", ANNA.lot], "out"), "nobody can open it"),
        (
            world.agent(&["papers", "--vault", "vault", "--unit", ANNA.units[0], "--out", "new"]),
            "`fiducial-agent deletions`",
        ),
    ] {
        assert!(said.err.contains(why) && said.out.is_empty(), "{why}: {said:?}");
        assert_eq!(said.code, 2, "{said:?}");
        assert!(!world.path("out").exists() && !world.path("new").exists(), "{why}");
    }
    let zh =
        ["--lang", "zh", "papers", "--vault", "vault", "--unit", ANNA.units[0], "--out", "new"];
    assert!(world.agent(&zh).ends_with(2).err.contains("已按保留期限删除"));
    assert!(!holds(&vault, ANNA.verdict.as_bytes()) && !holds(&vault, ANNA.operator.as_bytes()));
    let deletions = world.agent(&["deletions", "--vault", "vault", "--json"]).ends_with(0).json();
    let rows = deletions.as_array().unwrap();
    assert!(rows.len() == 3 && rows.iter().all(|row| row["source"] == SOURCE), "{deletions}");

    what_is_held_is_shown(&plant, &his);
    let Plant { factory, server, .. } = plant;
    assert_eq!(server.stop(), 0);
    factory.world.log(&["check", "--data", "log"]).ends_with(0);
}

/// What a hold keeps is disclosed as before, out of statements of which the rest is gone.
fn what_is_held_is_shown(plant: &Plant, papers: &[[String; 3]]) {
    let again = hand_out(plant, BERT.units[0], "again");
    judge(plant, &again, 0);
    let read = |name: &str| plant.factory.world.read(name);
    assert_eq!(read(&again[0][1]), read(&papers[0][1]));
    disclose(plant, &["--lot", BERT.lot], "held").ends_with(0);
    let bundle = ["bundle", "make", "held", "--pins", "pins", "--out", "held.zip"];
    let bundle = [&bundle[..], &["--log", &plant.server.url]].concat();
    plant.factory.judge(&bundle, 0);
    let verify = ["bundle", "verify", "held.zip", "--policy", "policy", "--pins", "pins"];
    plant.factory.judge(&verify, 0);
}
