//! What people do wrong with good evidence: the message names it, and accuses nobody.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;

use std::fs;
use std::path::Path;

use dossier::{codes, judge, records};
use serde_json::{Value, json};
use spec::Hash;
use spec::bundle::{Bundle, PartPath};
use spec::hash::leaf_hash;
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
        for (language, what) in [("en", "Download or copy it again"), ("zh", "请重新下载或复制")]
        {
            let json = verify(at, "cut.zip", "policy", language, 1);
            assert_eq!(codes(&json, "reasons"), ["bundle-cut"], "{size}");
            assert!(first_reason(&json).contains(what), "{json}");
        }
    }
    // An end that is there and says something else, or any other byte of the form: so does a program that packs files.
    for place in [whole.len() - 1, whole.len() - 10, 0, 6, 30, 40] {
        let mut altered = whole.clone();
        altered[place] ^= 1;
        fs::write(at.join("altered.zip"), altered).unwrap();
        for (language, what) in [
            ("en", "Packed again, or changed: this cannot tell which. Ask for the original file."),
            ("zh", "可能被重新打包，也可能被改动：无法分辨。请索要原始文件。"),
        ] {
            let json = verify(at, "altered.zip", "policy", language, 1);
            assert_eq!(codes(&json, "reasons"), ["bundle-damaged"], "{place}");
            assert!(first_reason(&json).ends_with(what), "{json}");
        }
    }
    // A byte of a part, of the list that begins the bundle: packing again leaves these as they are.
    let name = b"HOW-TO-VERIFY.txt";
    let part = whole.windows(name.len()).position(|bytes| bytes == name).unwrap();
    let mut altered = whole;
    altered[part] ^= 1;
    fs::write(at.join("altered.zip"), altered).unwrap();
    let json = verify(at, "altered.zip", "policy", "en", 1);
    assert_eq!(codes(&json, "reasons"), ["bundle-damaged"]);
    let said = first_reason(&json);
    assert!(said.contains("bundle.json: its bytes") && !said.contains("Packed"), "{said}");
    assert!(said.ends_with("Download or copy it again, or ask for the original file"), "{said}");
}

#[test]
fn what_is_no_bundle_is_said_with_what_to_do() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("empty.zip"), b"").unwrap();
    fs::write(at.join("page.html"), "<!DOCTYPE html>\n<title>a page that was saved</title>\n")
        .unwrap();
    fs::write(at.join("again.zip"), b"PK\x03\x04\x14\0\0\0\x08\0 packed by another program")
        .unwrap();
    for (file, code, hint) in [
        ("empty.zip", "file-empty", None),
        ("page.html", "not-a-bundle", Some("fiducial bundle make")),
        ("again.zip", "not-a-bundle", Some("Packed again, or changed: this cannot tell which")),
    ] {
        let json = verify(at, file, "policy", "en", 2);
        assert_eq!(json["reason"]["code"], code, "{json}");
        let told = json["hint"].as_str();
        assert!(hint.is_none_or(|hint| told.unwrap().contains(hint)), "{json}");
        assert!(!json["reason"]["text"].as_str().unwrap().contains("end record"), "{json}");
    }
    // One whose form another program has changed may have been packed again: that is said alike of both.
    let mut again = fs::read(at.join("b.zip")).unwrap();
    again[6] ^= 1;
    fs::write(at.join("again.zip"), again).unwrap();
    let json = verify(at, "again.zip", "policy", "en", 1);
    assert!(
        first_reason(&json).ends_with("cannot tell which. Ask for the original file."),
        "{json}"
    );

    // A bundle for a command that takes a single paper.
    for words in [&["verify", "b.zip", "--policy", "policy"][..], &["inspect", "b.zip"]] {
        let json = judge(at, words, 2);
        assert_eq!(json["reason"]["code"], "use-bundle-verify", "{json}");
    }
    // It is known by its end as well, and told to be altered by the command that is meant.
    let mut altered = fs::read(at.join("b.zip")).unwrap();
    altered[0] ^= 1;
    fs::write(at.join("altered.zip"), altered).unwrap();
    let receipt = ["verify", "altered.zip", "--policy", "policy"];
    for words in [&receipt[..], &["inspect", "altered.zip"]] {
        let json = judge(at, words, 2);
        assert_eq!(json["reason"]["code"], "use-bundle-verify", "{json}");
    }
    // With a key of a lot alone it is said what to give.
    fs::write(at.join("key"), "96dc".repeat(16)).unwrap();
    let json =
        judge(at, &["bundle", "verify", "b.zip", "--policy", "policy", "--lot-key", "key"], 2);
    assert_eq!(json["reason"]["code"], "lot-key-needs-units", "{json}");
    // The list that is missing may be what was given as the key.
    fs::write(at.join("shipped.csv"), "serial,panel\nSN1,PN1\nSN2,PN2\n").unwrap();
    let words = ["bundle", "verify", "b.zip", "--policy", "policy", "--lot-key", "shipped.csv"];
    let json = judge(at, &words, 2);
    assert_eq!(json["reason"]["code"], "looks-units", "{json}");
    let said = json["reason"]["text"].as_str().unwrap();
    assert_eq!(said, "shipped.csv looks like a list of units: give it with --units");
}

#[test]
fn who_gives_neither_policy_nor_pins_is_told_of_both_at_once() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("mine"), "SN1\nSN2\n").unwrap();
    let bundle = ["bundle", "verify", "b.zip"];
    let reconcile = ["reconcile", "--bundle", "b.zip", "--units", "mine"];
    let (english, chinese) = (["--lang", "en"], ["--lang", "zh"]);
    let told = |words: &[&str], more: &[&str], language: &[&str]| {
        let json = judge(at, &[words, more, language].concat(), 2);
        let reason = &json["reason"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&reason["code"]), text(&reason["text"]), text(&json["hint"]))
    };
    for words in [&bundle[..], &reconcile] {
        let (code, text, hint) = told(words, &[], &english);
        assert_eq!(code, "no-policy-nor-pins");
        assert_eq!(
            text,
            "Still missing: --policy FILE and --pins FILE: two files that you hold from before, not from this bundle"
        );
        assert!(hint.starts_with("The policy is a file of your own"), "{hint}");
        let (_, text, _) = told(words, &[], &chinese);
        assert_eq!(
            text,
            "还缺：--policy 文件 和 --pins 文件：您事先持有的两个文件，并非取自此证据包"
        );
        // One of them alone is asked for by its name, first of all, and a key of the source stands for pins.
        let (code, text, _) = told(words, &["--source-key", "source.vkey"], &english);
        assert_eq!(code, "no-policy");
        assert!(text.starts_with("Still missing: your policy") && !text.contains("--pins"));
        let policy = ["--policy", "policy"];
        let (code, text, hint) = told(words, &policy, &english);
        assert_eq!(code, "no-source-key");
        assert!(text.starts_with("Still missing: your pins (--pins FILE)"), "{text}");
        assert!(hint.contains("--pins FILE") && hint.contains("--source-key FILE"), "{hint}");
        let (_, text, _) = told(words, &policy, &chinese);
        assert!(text.starts_with("还缺：您的信任锚点（--pins 文件）"), "{text}");
    }
    // Where more is not there, all of it is counted.
    let json = judge(at, &[&bundle[..], &["--units", "no/units"]].concat(), 2);
    assert_eq!(json["reason"]["code"], "own-files-unreadable", "{json}");
    assert_eq!(json["reason"]["values"], json!(["3"]));
}

#[test]
fn of_an_unpacked_bundle_it_is_said_to_give_the_folder() {
    let folder = folder();
    let at = folder.path();
    let listing = "{\n  \"format\": \"fiducial/bundle/v1\",\n  \"parts\": []\n}\n";
    for name in ["bundle.json", "HOW-TO-VERIFY.txt", "shown/bundle.json", "shown/SHA256SUMS"] {
        fs::write(at.join(name), listing).unwrap();
        let at_hand = if name.starts_with("shown/") { "shown" } else { "." };
        for (language, said) in [
            ("en", format!("{name} is a part of an unpacked bundle: give its folder ({at_hand})")),
            ("zh", format!("{name} 是解开的证据包的一部分：请给出其所在文件夹（{at_hand}）")),
        ] {
            let json = verify(at, name, "policy", language, 2);
            assert_eq!(json["reason"]["code"], "not-a-bundle", "{json}");
            assert_eq!(json["hint"], said, "{json}");
        }
    }
    // And the folder is then taken.
    verify(at, "shown", "policy", "en", 0);
    // A file of another name is none of these, whatever it holds.
    fs::write(at.join("listing.json"), listing).unwrap();
    let json = verify(at, "listing.json", "policy", "en", 2);
    assert!(!json.to_string().contains("unpacked"), "{json}");
}

#[test]
fn what_systems_and_the_instructions_leave_in_a_folder_is_ignored_and_told() {
    let folder = folder();
    let shown = folder.path().join("shown");
    fs::create_dir(shown.join("hand")).unwrap();
    fs::write(shown.join("hand/node"), b"computed by hand").unwrap();
    fs::write(shown.join("records/Thumbs.db"), b"pictures").unwrap();
    fs::write(shown.join(".DS_Store"), b"places").unwrap();
    let json = verify(folder.path(), "shown", "policy", "en", 0);
    let mut ignored: Vec<&str> =
        json["facts"]["ignored"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    ignored.sort_unstable();
    assert_eq!(ignored, [".DS_Store", "hand", "records/Thumbs.db"]);
    // Anything else is still no part, and so is such a folder where the instructions make none.
    fs::create_dir(shown.join("records/hand")).unwrap();
    fs::write(shown.join("records/hand/node"), b"x").unwrap();
    let json = verify(folder.path(), "shown", "policy", "en", 2);
    assert_eq!(json["reason"]["code"], "not-a-part", "{json}");
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
    assert!(said.contains("bundle.json：其文件头") && !said.contains("part"), "{said}");
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
fn a_lower_bound_that_cannot_be_is_not_asked_for() {
    let folder = folder();
    // Both statements name no tree. What the log held by then, that does not say.
    for (language, what, never) in [
        (
            "en",
            "no earliest time can be given for 2 entries: what was signed names no earlier",
            "empty",
        ),
        ("zh", "有 2 条日志条目无法给出最早时间：所签署的内容没有指明日志更早的状态", "尚为空"),
    ] {
        let json = verify(folder.path(), "b.zip", "policy", language, 0);
        let open = codes(&json, "not_checked");
        assert!(!open.contains(&"open-lower-bounds".to_owned()), "{open:?}");
        let all = json["not_checked"].as_array().unwrap();
        let said = all.iter().find(|said| said["code"] == "open-none-named").unwrap();
        let text = said["text"].as_str().unwrap();
        assert!(text.contains(what) && !text.contains(never), "{said}");
    }
    // The same of one statement, by its receipt.
    let words = ["verify", "shown/records/0/0.tlog-proof", "--policy", "policy"];
    let words = [&words[..], &["--source-key", "source.vkey"]].concat();
    let json = judge(folder.path(), &words, 0);
    let all = json["not_checked"].as_array().unwrap();
    let said = all.iter().find(|said| said["code"] == "open-no-lower-bound").unwrap();
    let text = said["text"].as_str().unwrap();
    assert!(
        text.contains("what was signed names no earlier state of the log")
            && !text.contains("empty"),
        "{said}"
    );
}

#[test]
fn what_to_do_about_a_policy_never_weakens_it() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("bad"), "quorum\n").unwrap();
    let hint = verify(at, "b.zip", "bad", "en", 2)["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("somebody other than the supplier"), "{hint}");
    assert!(!hint.contains("quorum none"), "{hint}");
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

/// Pins of the source, with its first statement, whose leaf they name.
fn pins_of(at: &Path) -> (String, Hash) {
    let signer = support::source_key();
    let key = signer.verifier();
    let first = leaf_hash(&fs::read(at.join("shown/records/0/0.statement")).unwrap());
    let pins = format!(
        "fiducial/pins/v1\nlog {}\n\nsource {}\nkey {key}\nmachine AOI 7\nfirst 0 {first}\n\
         cadence none\n",
        support::origin(),
        key.name()
    );
    (pins, first)
}

/// A text as it is, and as editors save it.
fn saved(text: &str) -> [String; 3] {
    let returns = text.replace('\n', "\r\n");
    let marked = format!("\u{feff}{}", returns.trim_end());
    [text.to_owned(), returns, marked]
}

#[test]
fn a_bundle_is_the_same_whatever_editor_has_saved_the_papers_in_it() {
    let folder = folder();
    let at = folder.path();
    let [policies, pins] = [support::policy(), pins_of(at).0].map(|text| saved(&text));
    let mut made = Vec::new();
    for (policy, pins) in policies.iter().zip(&pins) {
        fs::write(at.join("policy"), policy).unwrap();
        fs::write(at.join("pins"), pins).unwrap();
        let out = format!("given-{}.zip", made.len());
        let words = ["bundle", "make", "shown", "--policy", "policy", "--pins", "pins"];
        judge(at, &[&words[..], &["--out", &out]].concat(), 0);
        made.push(fs::read(at.join(out)).unwrap());
    }
    // Likewise where they lie in the folder.
    for (policy, pins) in policies.iter().zip(&pins) {
        fs::write(at.join("shown/policy"), policy).unwrap();
        fs::write(at.join("shown/pins"), pins).unwrap();
        let out = format!("there-{}.zip", made.len());
        judge(at, &["bundle", "make", "shown", "--out", &out], 0);
        made.push(fs::read(at.join(out)).unwrap());
    }
    assert!(made.iter().all(|bundle| *bundle == made[0]));
    let bundle = Bundle::parse(&made[0]).unwrap();
    let part = |path| std::str::from_utf8(bundle.contents().part(&path).unwrap()).unwrap();
    assert_eq!([part(PartPath::Policy), part(PartPath::Pins)], [&policies[0], &pins[0]]);
    // The steps for the signatures of log and witness are there.
    let how_to = part(PartPath::HowTo);
    for key in [support::log_key().verifier(), support::witness_key().verifier()] {
        assert!(how_to.contains(&key.to_string()), "{key}");
    }
}

#[test]
fn files_of_the_readers_own_that_are_not_there_are_named_all_at_once() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("pins"), pins_of(at).0).unwrap();
    let key = "96dc".repeat(16);
    let named = |words: &[&str]| {
        let json = judge(at, words, 2);
        let reason = &json["reason"];
        assert_eq!(reason["code"], "own-files-unreadable", "{json}");
        let details = reason["details"].as_array().unwrap().iter();
        let first = details.map(|one| one["values"][0].as_str().unwrap_or("no policy").to_owned());
        let names: Vec<String> = first.collect();
        assert_eq!(reason["values"], json!([names.len().to_string()]));
        (names, json["hint"].clone())
    };
    let verify = ["bundle", "verify", "b.zip", "--policy", "no/policy", "--pins", "no/pins"];
    let more = ["--units", "no/units", "--lot-key", "no/key", "--source-key", "no/source.vkey"];
    let all = [&verify[..], &more].concat();
    let (names, hint) = named(&all);
    assert_eq!(names, ["no/policy", "no/pins", "no/key", "no/units", "no/source.vkey"]);
    assert!(hint.as_str().unwrap().starts_with("Check the name, and with `cd`"), "{hint}");
    let (code, said) = dossier::fiducial(at, &all);
    assert!(
        code == 2 && said.contains("5 of your own files are missing or cannot be read: "),
        "{said}"
    );
    let reconcile = [&["reconcile", "--bundle", "b.zip"][..], &verify[3..], &more].concat();
    assert_eq!(
        named(&reconcile).0,
        ["no/policy", "no/pins", "no/key", "no/units", "no/source.vkey"]
    );
    // A policy that was not given is as missing; and what looks like a key of a lot is not repeated.
    let (names, hint) = named(&["bundle", "verify", "b.zip", "--pins", "no/pins"]);
    assert_eq!(names, ["no policy", "no/pins"]);
    assert!(hint.as_str().unwrap().starts_with("The policy is a file of your own"), "{hint}");
    let (names, hint) = named(&["bundle", "verify", "b.zip", "--pins", &key, "--units", "shown"]);
    assert_eq!(names, ["no policy", "****************", "shown"]);
    assert!(hint.as_str().unwrap().contains("--lot-key FILE"), "{hint}");
    // One alone is told as ever.
    for own in [["no/policy", "pins"], ["policy", "no/pins"]] {
        let words = ["bundle", "verify", "b.zip", "--policy", own[0], "--pins", own[1]];
        let json = judge(at, &words, 2);
        assert_eq!(json["reason"]["code"], "file-unreadable", "{json}");
        assert!(json["hint"].as_str().unwrap().starts_with("Check the name"), "{json}");
    }
}

#[test]
fn a_copy_that_an_editor_has_saved_its_own_way_is_the_readers_own() {
    let folder = folder();
    let at = folder.path();
    let [policies, pins] = [support::policy(), pins_of(at).0].map(|text| saved(&text));
    let copies = |policy: &str, pins: &str| {
        fs::write(at.join("shown/policy"), policy).unwrap();
        fs::write(at.join("shown/pins"), pins).unwrap();
        let words = ["bundle", "verify", "shown", "--policy", "policy", "--pins", "pins"];
        let json = judge(at, &words, 0);
        let same = codes(&json, "not_checked").into_iter().filter(|code| code.contains("-same-"));
        (json["facts"]["other-copy"].clone(), same.collect::<Vec<String>>())
    };
    for (own_policy, own_pins) in policies.iter().zip(&pins) {
        fs::write(at.join("policy"), own_policy).unwrap();
        fs::write(at.join("pins"), own_pins).unwrap();
        for (policy, pins) in policies.iter().zip(&pins) {
            // Then nobody but the reader knows whether it came from there.
            let same = ["open-same-policy", "open-same-pins"].map(str::to_owned).to_vec();
            assert_eq!(copies(policy, pins), (Value::Null, same), "{policy:?} {pins:?}");
        }
        // One that says another thing is not, whoever has saved it.
        let policy = policies[1].replace("quorum witness", "quorum one");
        let cadence = pins[1].replace("cadence none", "cadence 60");
        assert_eq!(copies(&policy, &cadence), (json!(["policy", "pins"]), Vec::new()));
    }
}

#[test]
fn a_copy_is_the_readers_own_by_what_it_says_and_not_by_its_bytes() {
    let folder = folder();
    let at = folder.path();
    let own = support::policy();
    let copies = |policy: &str| {
        fs::write(at.join("shown/policy"), policy).unwrap();
        let json = verify(at, "shown", "policy", "en", 0);
        let is_same = codes(&json, "not_checked").contains(&"open-same-policy".to_owned());
        assert_eq!(json["facts"]["other-copy"] == "policy", !is_same, "{json}");
        is_same
    };
    let key = format!("log {}\n", support::log_key().verifier());
    let with_address = format!("log {} https://log.example/\n", support::log_key().verifier());
    for changed in [
        format!("# Taken from somewhere.\n{own}"),
        format!("\n{own}\n\n"),
        own.replace("witness one ", "witness\t one  "),
        // What its own lines call a witness, and where a log is reached, decides nothing.
        own.replace("witness one ", "witness first ").replace("any one ", "any first "),
        own.replace(&key, &with_address),
    ] {
        assert_ne!(changed, own);
        assert!(copies(&changed), "{changed}");
    }
    let shorter = own.replace(&key, "");
    let other_key = own.replace(
        &support::witness_key().verifier().to_string(),
        &support::cosigner(9).verifier().to_string(),
    );
    for changed in [
        own.replace("quorum witness", "quorum one"),
        own.replace("quorum witness", "quorum none"),
        own.replace("any one", "all one"),
        own.replace(" one-pq\nquorum", "\nquorum"),
        shorter,
        other_key,
        // What cannot be read says nothing.
        own.replace("quorum", "quota"),
    ] {
        assert_ne!(changed, own);
        assert!(!copies(&changed), "{changed}");
    }
}

#[test]
fn a_policy_that_an_editor_has_saved_its_own_way_is_inspected_as_it_was_written() {
    let folder = folder();
    let at = folder.path();
    let mut facts = Vec::new();
    for text in saved(&support::policy()) {
        fs::write(at.join("policy"), text).unwrap();
        facts.push(judge(at, &["inspect", "policy"], 0)["facts"].clone());
    }
    assert!(facts.iter().all(|one| *one == facts[0]), "{facts:?}");
    fs::write(at.join("policy"), b"\xff\xfeq\0u\0").unwrap();
    let json = judge(at, &["inspect", "policy"], 2);
    assert!(json["reason"]["text"].as_str().unwrap().contains("save it as UTF-8"), "{json}");
}

#[test]
fn pins_that_an_editor_has_saved_its_own_way_are_read_as_they_were_written() {
    let folder = folder();
    let at = folder.path();
    let (pins, first) = pins_of(at);
    let words = ["bundle", "verify", "b.zip", "--policy", "policy", "--pins", "pins"];
    for text in [
        pins.clone(),
        pins.trim_end().to_owned(),
        pins.replace('\n', "\r\n"),
        format!("\u{feff}{pins}"),
        format!("\u{feff}{}", pins.trim_end().replace('\n', "\r\n")),
    ] {
        fs::write(at.join("pins"), &text).unwrap();
        judge(at, &words, 0);
    }
    // Pinned is pinned, whatever the editor: another first statement is not that one.
    let other = pins.replace(&first.to_string(), &Hash::of(b"another").to_string());
    fs::write(at.join("pins"), other.replace('\n', "\r\n")).unwrap();
    assert_eq!(codes(&judge(at, &words, 1), "reasons"), ["range-not-pinned"]);
    // Text in UTF-16 is said to be that.
    fs::write(at.join("pins"), b"\xff\xfef\0i\0").unwrap();
    for (language, what) in [("en", "save it as UTF-8"), ("zh", "请存为 UTF-8")] {
        let json = judge(at, &[&words[..], &["--lang", language]].concat(), 2);
        let said = json["reason"]["text"].as_str().unwrap();
        assert!(said.contains(what) && !said.contains("first line"), "{said}");
    }
    // What is swapped is named, and how it is meant.
    let words = ["bundle", "verify", "policy", "--policy", "b.zip"];
    let json = judge(at, &words, 2);
    assert_eq!(json["reason"]["code"], "given-bundle");
    let words = ["bundle", "verify", "b.zip", "--policy", "policy", "--pins", "b.zip"];
    assert_eq!(judge(at, &words, 2)["reason"]["code"], "given-bundle");
}
