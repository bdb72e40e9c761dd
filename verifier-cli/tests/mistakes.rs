//! What people do wrong with good evidence: the message names it, and accuses nobody.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;

use std::fs;
use std::path::Path;

use dossier::{codes, judge, records};
use serde_json::Value;
use spec::Hash;
use tempfile::TempDir;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    judge(folder.path(), &["bundle", "make", "shown", "--out", "b.zip"], 0);
    folder
}

/// Verifies a bundle or a folder, in a language.
fn verify(folder: &Path, what: &str, policy: &str, language: &str, code: i32) -> Value {
    let words = ["bundle", "verify", what, "--policy", policy, "--source-key", "source.vkey"];
    judge(folder, &[&words[..], &["--lang", language]].concat(), code)
}

fn first_reason(json: &Value) -> &str {
    json["reasons"][0]["text"].as_str().unwrap()
}

#[test]
fn a_bundle_that_was_cut_is_to_be_fetched_again() {
    let folder = folder();
    let at = folder.path();
    let whole = fs::read(at.join("b.zip")).unwrap();
    for size in [whole.len() - 1, whole.len() - 21, whole.len() - 22, whole.len() / 2, 50] {
        fs::write(at.join("cut.zip"), &whole[..size]).unwrap();
        for (language, what) in [("en", "download or copy it again"), ("zh", "请重新下载或复制")]
        {
            let json = verify(at, "cut.zip", "policy", language, 1);
            assert_eq!(codes(&json, "reasons"), ["bundle-cut"], "{size}");
            assert!(first_reason(&json).contains(what), "{json}");
        }
    }
    // An end that is there and says something else was altered, and so was any other byte.
    for place in [whole.len() - 1, whole.len() - 10, 6] {
        let mut altered = whole.clone();
        altered[place] ^= 1;
        fs::write(at.join("altered.zip"), altered).unwrap();
        let json = verify(at, "altered.zip", "policy", "en", 1);
        assert_eq!(codes(&json, "reasons"), ["bundle-altered"], "{place}");
    }
}

#[test]
fn why_a_bundle_is_refused_is_said_in_chinese_as_well() {
    let folder = folder();
    let at = folder.path();
    let mut altered = fs::read(at.join("b.zip")).unwrap();
    altered[6] ^= 1;
    fs::write(at.join("altered.zip"), altered).unwrap();
    let json = verify(at, "altered.zip", "policy", "zh", 1);
    let said = first_reason(&json);
    assert!(said.contains("第 0 个部分") && !said.contains("part"), "{said}");
    let name = Hash::of(b"<report board='1'/>").to_hex();
    fs::write(at.join("shown/evidence").join(name), b"<report board='9'/>").unwrap();
    let json = verify(at, "shown", "policy", "zh", 1);
    let said = first_reason(&json);
    assert!(said.contains("该证据的 SHA-256") && !said.contains("has the"), "{said}");
    // The same of a part that is not what its path says.
    let folder = self::folder();
    let at = folder.path();
    fs::write(at.join("shown/records/0/1.tlog-proof"), "no receipt\n").unwrap();
    let json = verify(at, "shown", "policy", "zh", 1);
    let said = first_reason(&json);
    assert_eq!(json["reasons"][0]["code"], "bad-part", "{said}");
    assert!(!said.contains("（原文）") && !said.contains("the "), "{said}");
}

#[test]
fn a_policy_without_a_log_is_told_what_it_lacks() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("empty"), "quorum none\n").unwrap();
    for (language, what) in [("en", "your policy lists no log at all"), ("zh", "没有列出任何日志")]
    {
        let json = verify(at, "b.zip", "empty", language, 1);
        assert_eq!(json["reasons"][0]["code"], "unknown-log-none-listed");
        assert!(first_reason(&json).contains(what), "{json}");
    }
}

#[test]
fn pins_that_an_editor_has_saved_its_own_way_are_told_so() {
    let folder = folder();
    let at = folder.path();
    for (text, en, zh) in [
        ("fiducial/pins/v1\r\n", "lines end in CR LF", "行末是 CR LF"),
        ("\u{feff}fiducial/pins/v1\n", "byte order mark", "字节顺序标记"),
    ] {
        fs::write(at.join("pins"), text).unwrap();
        for (language, what) in [("en", en), ("zh", zh)] {
            let words = ["bundle", "verify", "b.zip", "--policy", "policy", "--pins", "pins"];
            let json = judge(at, &[&words[..], &["--lang", language]].concat(), 2);
            let said = json["reason"]["text"].as_str().unwrap();
            assert!(said.contains(what) && !said.contains("first line"), "{said}");
        }
    }
    // What is swapped is named, and how it is meant.
    let words = ["bundle", "verify", "policy", "--policy", "b.zip"];
    let json = judge(at, &words, 2);
    assert_eq!(json["reason"]["code"], "given-bundle");
    let words = ["bundle", "verify", "b.zip", "--policy", "policy", "--pins", "b.zip"];
    assert_eq!(judge(at, &words, 2)["reason"]["code"], "given-bundle");
}
