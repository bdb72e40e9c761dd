//! Templates: listed, shown, filled in from what was verified, and from nothing else.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;
#[path = "support/tsa.rs"]
mod tsa;

use std::fs;

use dossier::{fiducial, judge, records};
use tsa::{GOOD, Tsa};

const NAMES: [&str; 5] =
    ["log-operator", "witnesses", "fre-902-13", "fre-902-14", "cn-electronic-data"];

#[test]
fn every_template_is_listed_and_shown_blank_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let (code, list) = fiducial(folder.path(), &["template", "list"]);
    assert_eq!(code, 0);
    for name in NAMES {
        assert!(list.contains(name), "{list}");
        for (language, mark) in [("en", "[TO BE FILLED IN: "), ("zh", "【待填：")] {
            let words = ["template", "show", name, "--lang", language];
            let (code, text) = fiducial(folder.path(), &words);
            assert!(code == 0 && text.contains(mark) && !text.contains("{{"), "{text}");
            assert!(!text.contains("log.example"), "{text}");
        }
    }
    assert_eq!(fiducial(folder.path(), &["template", "show", "affidavit"]).0, 2);
}

#[test]
fn what_was_verified_is_filled_in_and_everything_else_stays_blank() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    records(folder);
    let tsa = Tsa::new(&folder.join("tsa"));
    tsa.issue("clock", "P-256", "ca", GOOD);
    fiducial(folder, &["timestamp", "request", "note", "--out", "0.tsq"]);
    let token = tsa.answer(&folder.join("0.tsq"), "clock", "v2", "-sha256");
    fs::write(folder.join("0.tsr"), token).unwrap();
    let make = ["bundle", "make", "shown", "--timestamp", "0.tsr", "--out", "b.zip"];
    assert_eq!(fiducial(folder, &make).0, 0);
    let hash = spec::Hash::of(&fs::read(folder.join("b.zip")).unwrap()).to_hex();
    let parties = "[parties]\nfactory = [\"one\"]\nbuyer = []\n";
    fs::write(folder.join("parties.toml"), parties).unwrap();

    let base = ["--bundle", "b.zip", "--policy", "policy", "--source-key", "source.vkey"];
    let fill = |name: &str, more: &[&str]| {
        let (code, text) =
            fiducial(folder, &[&["template", "fill", name], &base[..], more].concat());
        assert_eq!(code, 0, "{text}");
        text
    };
    for name in NAMES {
        for language in ["en", "zh"] {
            let text = fill(name, &["--lang", language]);
            assert!(text.contains(support::ORIGIN) && !text.contains("{{"), "{text}");
            assert!(text.contains("2026-01-02T03:04:05Z"), "{text}");
            // What no program can know.
            assert!(text.contains("[TO BE FILLED IN: ") || text.contains("【待填："), "{text}");
        }
    }
    assert!(fill("fre-902-14", &[]).contains(&hash));
    // What a person signs counts as the verdict does: one record of evidence behind the header.
    let counted = fill("fre-902-13", &[]);
    assert!(counted.contains(" 0: 1 / 1") && counted.contains(" 1: 1 / 1"), "{counted}");
    assert!(fill("fre-902-14", &[]).contains(&spec::Hash::of(b"<report board='1'/>").to_hex()));
    // Who runs a witness is said only by a list, and whose word a time is only by the reader's own.
    assert!(!fill("witnesses", &[]).contains("factory"));
    let named = fill("witnesses", &["--parties", "parties.toml"]);
    // One witness with two keys, of which the list names one.
    for key in ["one", "one-pq"] {
        assert!(named.contains(&format!("{key} (witness.example/one): factory")), "{named}");
    }
    fs::write(folder.join("parties.toml"), "[parties]\nbuyer = []\n").unwrap();
    let nobody = fill("witnesses", &["--parties", "parties.toml"]);
    assert!(nobody.contains("one (witness.example/one): nobody named in the list"), "{nobody}");
    // A name that the policy does not know may be misspelt, and would then count as nobody's.
    fs::write(folder.join("parties.toml"), "[parties]\nbuyer = [\"onne\"]\n").unwrap();
    let words = [&["template", "fill", "witnesses"], &base[..], &["--parties", "parties.toml"]];
    assert_eq!(fiducial(folder, &words.concat()).0, 2);
    assert!(fill("log-operator", &[]).contains("CN=clock [not checked]"));
    let led = fill("log-operator", &["--tsa-ca", "tsa/ca.pem"]);
    assert!(led.contains("CN=clock [CN=Root]"), "{led}");
    // The other half of the truth is in every paper.
    assert!(led.contains("whether the machine told the truth"), "{led}");
    fill("witnesses", &["--out", "paper.txt"]);
    assert!(fs::read_to_string(folder.join("paper.txt")).unwrap().contains(support::ORIGIN));
}

#[test]
fn nothing_is_filled_in_from_what_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    records(folder);
    let words = ["template", "fill", "fre-902-13", "--bundle", "shown", "--policy", "policy"];
    let words = [&words[..], &["--source-key", "source.vkey", "--out", "paper.txt"]].concat();
    judge(folder, &words, 0);
    fs::remove_file(folder.join("paper.txt")).unwrap();
    // Without any key of the source there is no verdict, and no paper.
    judge(folder, &words[..7], 2);
    let evidence = fs::read_dir(folder.join("shown/evidence")).unwrap().next().unwrap().unwrap();
    fs::write(evidence.path(), "altered").unwrap();
    judge(folder, &words, 1);
    assert!(!folder.join("paper.txt").exists());
    let missing = ["template", "fill", "fre-902-13", "--bundle", "gone", "--policy", "policy"];
    judge(folder, &missing, 2);
}
