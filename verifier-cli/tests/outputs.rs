//! What is written never takes the place of what is read: every option with which a file is written is
//! pointed at every kind of thing that must stay.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dossier::{fiducial, judge, records};
use tempfile::TempDir;

/// A folder with all that a command could read.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    records(at);
    let make = ["bundle", "make", "shown", "--out", "b.zip"];
    judge(at, &make, 0);
    fs::write(at.join("lot.key"), format!("{}\n", "96dc".repeat(16))).unwrap();
    fs::write(at.join("units"), "PNL-1\n").unwrap();
    fs::write(at.join("parties.toml"), "[parties]\nbuyer = []\n").unwrap();
    folder
}

/// Every file below a folder, with its bytes.
fn all(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(all(&path));
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            files.insert(path.display().to_string(), bytes);
        }
    }
    files
}

const VERIFY: [&str; 7] =
    ["bundle", "verify", "b.zip", "--policy", "policy", "--source-key", "source.vkey"];

/// Runs a command that must be refused for where it would write, and touch nothing.
fn refused(folder: &Path, words: &[&str], code: &str) {
    let before = all(folder);
    let json = judge(folder, words, 2);
    assert_eq!(json["reason"]["code"], code, "{words:?}");
    assert!(before == all(folder), "{words:?} has changed a file");
}

#[test]
fn a_report_replaces_nothing_that_is_read() {
    let folder = folder();
    let at = folder.path();
    let more = ["--lot-key", "lot.key", "--units", "units", "--log", "log-1"];
    let words = [&VERIFY[..], &more, &["--unrelated-to", "buyer", "--parties", "parties.toml"]];
    let words = words.concat();
    for input in [
        "b.zip",
        "./b.zip",
        "shown/../b.zip",
        "policy",
        "source.vkey",
        "lot.key",
        "units",
        "parties.toml",
        "log-1/checkpoint",
    ] {
        refused(at, &[&words[..], &["--report", input]].concat(), "output-is-input");
    }
    let range = ["verify", "range", "shown", "--policy", "policy"];
    for place in ["shown/records/0/0.statement", "shown/report.html"] {
        refused(at, &[&range[..], &["--report", place]].concat(), "output-in-input");
    }
    let receipt = ["verify", "shown/records/0/0.tlog-proof", "--policy", "policy"];
    let receipt = [&receipt[..], &["--source-key", "source.vkey", "--report"]].concat();
    for input in ["shown/records/0/0.tlog-proof", "policy", "source.vkey"] {
        refused(at, &[&receipt[..], &[input]].concat(), "output-is-input");
    }
    // What is free is written, and an older page of ours is replaced.
    for _ in 0..2 {
        judge(at, &[&VERIFY[..], &["--report", "page.html"]].concat(), 0);
    }
}

#[test]
fn a_page_and_a_table_replace_their_own_kind_and_nothing_else() {
    let folder = folder();
    let at = folder.path();
    let words = ["reconcile", "--units", "units", "--bundle", "b.zip", "--policy", "policy"];
    let words = [&words[..], &["--source-key", "source.vkey"]].concat();
    for (option, place) in [("--report", "keep.html"), ("--csv", "keep.csv")] {
        fs::write(at.join(place), b"<!DOCTYPE html>\n<title>somebody's</title>\n").unwrap();
        refused(at, &[&words[..], &[option, place]].concat(), "file-there");
        let kept = fs::read(at.join(place)).unwrap();
        assert!(kept.ends_with(b"somebody's</title>\n"));
        // An empty file is nobody's work.
        fs::write(at.join(place), b"").unwrap();
        let (code, said) = fiducial(at, &[&words[..], &[option, place]].concat());
        assert!(
            !said.contains("file-there") && !said.contains("is there already"),
            "{code} {said}"
        );
    }
}

#[test]
fn every_other_output_leaves_what_is_read_as_well() {
    let folder = folder();
    let at = folder.path();
    let receipt = "shown/records/0/0.tlog-proof";
    let fill = ["template", "fill", "witnesses", "--bundle", "b.zip", "--policy", "policy"];
    let reconcile = ["reconcile", "--units", "units", "--bundle", "b.zip", "--policy", "policy"];
    let prove = ["prove", "inclusion", "0", "--log", "log-1", "--policy", "policy"];
    let steps = ["prove", "consistency", "--from", "note", "--log", "log-1", "--policy", "policy"];
    let audit = ["audit", "--log", "log-1", "--policy", "policy", "--source-keys", "source.vkey"];
    let watch = ["watch", "--log", "log-1", "--policy", "policy", "--once"];
    let challenge = ["challenge", "make", "b.zip", "--note", "note", "--count", "1"];
    let challenge = [&challenge[..], &["--policy", "policy"]].concat();
    let cases: [(&[&str], &str, &[&str]); 9] = [
        (&["timestamp", "request", receipt], "--out", &[receipt]),
        (
            &["bundle", "make", "shown", "--policy", "policy", "--note", "note"],
            "--out",
            &["policy"],
        ),
        (&fill, "--out", &["b.zip", "policy"]),
        (&reconcile, "--csv", &["units", "b.zip", "policy"]),
        (&prove, "--out", &["policy", "log-1/checkpoint"]),
        (&steps, "--out", &["note", "policy"]),
        (&audit, "--state", &["policy", "source.vkey"]),
        (&watch, "--state", &["policy"]),
        (&challenge, "--out", &["b.zip", "note", "policy"]),
    ];
    for (words, option, inputs) in cases {
        for input in inputs {
            refused(at, &[words, &[option, *input]].concat(), "output-is-input");
        }
        // The message says what to do, in both languages.
        for (language, what) in [("en", "name another file"), ("zh", "另指文件")] {
            let words = [words, &[option, inputs[0], "--lang", language]].concat();
            let (code, said) = fiducial(at, &words);
            assert!(code == 2 && said.contains(what), "{said}");
        }
    }
    let inside = ["bundle", "make", "shown", "--out", "shown/b.zip"];
    refused(at, &inside, "output-in-input");
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_or_a_device_is_no_place_for_an_output() {
    let folder = folder();
    let at = folder.path();
    std::os::unix::fs::symlink("b.zip", at.join("link")).unwrap();
    for place in ["link", "/dev/full", "/dev/null", "shown"] {
        refused(at, &[&VERIFY[..], &["--report", place]].concat(), "output-no-file");
    }
    assert!(fs::symlink_metadata(at.join("link")).unwrap().is_symlink());
}

#[test]
fn what_somebody_has_beside_the_page_stays() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("page.html.new"), b"mine").unwrap();
    let before = all(at).len();
    judge(at, &[&VERIFY[..], &["--report", "page.html"]].concat(), 0);
    assert_eq!(fs::read(at.join("page.html.new")).unwrap(), b"mine");
    assert_eq!(all(at).len(), before + 1);
}

#[test]
fn a_bundle_replaces_no_other_file() {
    let folder = folder();
    let at = folder.path();
    // The same parts give the same bytes, and these are there.
    judge(at, &["bundle", "make", "shown", "--out", "b.zip"], 0);
    let other = ["bundle", "make", "shown", "--note", "note", "--out", "b.zip"];
    refused(at, &other, "file-there");
    refused(at, &["bundle", "make", "shown", "--out", "units"], "file-there");
}

#[test]
fn a_lot_key_that_was_typed_for_a_file_is_repeated_nowhere() {
    let folder = folder();
    let at = folder.path();
    let key = "96dc".repeat(16);
    let part = "96dc".repeat(4);
    let joined = format!("--lot-key={key}");
    for language in ["en", "zh"] {
        let more = ["--units", "units", "--report", "page.html", "--lang", language];
        for typed in [vec!["--lot-key", key.as_str()], vec![joined.as_str()]] {
            let (code, said) = fiducial(at, &[&VERIFY[..], &more[..], &typed[..]].concat());
            assert!(code == 2 && said.contains("--lot-key"), "{said}");
            assert!(!said.contains(&part), "{said}");
            let page = fs::read_to_string(at.join("page.html")).unwrap();
            assert!(!page.contains(&part), "{page}");
        }
    }
    // Nor where the arguments themselves are refused, or a log is asked for.
    for typed in [vec![key.as_str()], vec!["--log", key.as_str()]] {
        let (code, said) = fiducial(at, &[&VERIFY[..], &typed[..]].concat());
        assert!(code == 2 && !said.contains(&part), "{said}");
    }
}
