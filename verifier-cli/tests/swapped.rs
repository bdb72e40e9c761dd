//! Files in each other's places: the program says what each looks like and where it belongs, and accuses nobody.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;

use std::fs;
use std::path::Path;

use dossier::{judge, records};
use tempfile::TempDir;

const PINS: &str = "fiducial/pins/v1\nlog log.example/test\n";
const RECEIPT: &str = "shown/records/0/0.tlog-proof";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("pins", PINS);
    put("lot.key", &"96dc".repeat(16));
    // Longer than any file with a lot key.
    let lines: String = (0..99).map(|at| format!("PN0099{at:02}-1,PN0099{at:02},L1\n")).collect();
    put("shipped.csv", &format!("serial,panel,lot\n{lines}"));
    judge(folder.path(), &["bundle", "make", "shown", "--out", "b.zip"], 0);
    folder
}

/// What is said in each language, with its code, and where the file is told to belong.
fn told(folder: &Path, words: &[&str], code: &str, place: &str) {
    for language in ["en", "zh"] {
        let json = judge(folder, &[words, &["--lang", language]].concat(), 2);
        assert_eq!(json["reason"]["code"], code, "{words:?}: {json}");
        let text = json["reason"]["text"].as_str().unwrap();
        assert!(text.contains(place) && !text.contains("96dc"), "{text}");
    }
}

#[test]
fn a_file_of_the_reader_s_own_in_another_s_place_is_called_what_it_looks_like() {
    let folder = folder();
    let at = folder.path();
    let bundle = ["bundle", "verify", "b.zip", "--source-key", "source.vkey"];
    let with = |more: &[&'static str]| [&bundle[..], more].concat();
    let own = ["--policy", "policy"];
    let cases: [(&[&str], &str, &str); 4] = [
        (&["--policy", "pins"], "looks-pins", "--pins"),
        (&["--policy", "shipped.csv"], "looks-units", "--units"),
        (&["--policy", "source.vkey"], "looks-keys", "--source-key"),
        (&["--policy", RECEIPT], "looks-receipt", "fiducial verify "),
    ];
    for (more, code, place) in cases {
        told(at, &with(more), code, place);
    }
    let cases: [(&[&str], &str, &str); 9] = [
        (&["--pins", "policy"], "looks-policy", "--policy"),
        (&["--pins", "lot.key"], "looks-lot-key", "--lot-key"),
        (&["--source-key", "pins"], "looks-pins", "--pins"),
        (&["--units", "pins"], "looks-pins", "--pins"),
        (&["--units", "policy"], "looks-policy", "--policy"),
        (&["--units", "lot.key"], "looks-lot-key", "--lot-key"),
        (&["--units", "b.zip"], "use-bundle-verify", "fiducial bundle verify b.zip"),
        (&["--units", "shipped.csv", "--lot-key", "shipped.csv"], "looks-units", "--units"),
        (&["--units", "shipped.csv", "--lot-key", "source.vkey"], "looks-keys", "--source-key"),
    ];
    for (more, code, place) in cases {
        told(at, &with(&[&own[..], more].concat()), code, place);
    }
    let words = ["reconcile", "--units", "pins", "--bundle", "b.zip", "--policy", "policy"];
    told(at, &words, "looks-pins", "--pins");
}

#[test]
fn a_receipt_for_a_bundle_and_a_bundle_for_a_receipt_are_told_which_command_is_theirs() {
    let folder = folder();
    let at = folder.path();
    let own = ["--policy", "policy", "--source-key", "source.vkey"];
    let with = |words: &[&'static str]| [words, &own[..]].concat();
    let receipt = format!("fiducial verify {RECEIPT}");
    told(at, &with(&["bundle", "verify", RECEIPT]), "looks-receipt", &receipt);
    let disclosure = "shown/records/0/0.disclosure.json";
    told(at, &with(&["bundle", "verify", disclosure]), "looks-disclosure", "--disclosure");
    told(at, &with(&["bundle", "verify", "shipped.csv"]), "looks-units", "--units");
    told(at, &with(&["verify", "b.zip"]), "use-bundle-verify", "fiducial bundle verify b.zip");
    told(at, &with(&["verify", disclosure]), "looks-disclosure", "--disclosure");
    told(at, &with(&["verify", "pins"]), "looks-pins", "--pins");
    // What is in its place and damaged is what it was.
    fs::write(at.join("cut.tlog-proof"), "c2sp.org/tlog-proof@v1\nindex").unwrap();
    told(at, &with(&["verify", "cut.tlog-proof"]), "malformed", "cut.tlog-proof");
    fs::write(at.join("cut.pins"), PINS).unwrap();
    let words = with(&["bundle", "verify", "b.zip", "--pins", "cut.pins"]);
    told(at, &words, "malformed", "cut.pins");
}
