//! Logs that go on for another one: what an audit says of their first entry, and what it does not let pass.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::evidence::statement::After;
use spec::key::{Algorithm, SigningKey};
use spec::note::Note;
use spec::succession::Succession;
use spec::tree::Tree;
use support::{Source, TestLog};

/// The log before.
const OLD: &str = "log.example/before";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(support::name(name), Algorithm::NoteEd25519, &[seed; 32]).unwrap()
}

fn succession(new: &SigningKey, old: Option<&SigningKey>) -> Vec<u8> {
    let tree = Tree::new(41, Hash::of(b"root")).unwrap();
    let text = Checkpoint::new(Origin::parse(OLD).unwrap(), tree).to_string();
    let last = Note::new(text.clone(), vec![key(OLD, 8).sign_note(&text)]);
    Succession::sign(new, old, "the disk died", last).unwrap().to_bytes()
}

/// Audits a log of these entries. `policy` goes before the quorum of the policy.
fn audit(folder: &Path, entries: Vec<Vec<u8>>, policy: &str, mode: &str) -> (i32, Value) {
    let (log, size) = (TestLog { entries: entries.clone() }, entries.len());
    log.write(&folder.join("log"), size);
    fs::write(folder.join("policy"), format!("{policy}{}", support::small_policy())).unwrap();
    fs::write(folder.join("keys"), format!("{}\n", support::source_key().verifier())).unwrap();
    let words = ["--json", "audit", "--log", "log", "--policy", "policy"];
    let more = if mode == "any" { ["--entries", "any"] } else { ["--source-keys", "keys"] };
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    let output = command.current_dir(folder).args(words).args(more).output().unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), json)
}

fn statement() -> Vec<u8> {
    Source::new().sign(After::NOTHING, Hash::of(b"batch")).to_bytes()
}

fn codes(json: &Value, of: &str) -> Vec<String> {
    let all = json[of].as_array().unwrap().iter();
    all.map(|said| said["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_log_before_is_named_and_whose_word_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (new, old) = (support::log_key(), key(OLD, 8));
    let entries = |old| vec![succession(&new, old), statement()];
    let (code, json) = audit(folder.path(), entries(Some(&old)), "", "statements");
    assert_eq!(
        (code, codes(&json, "reasons")),
        (0, vec!["audit-sound".to_owned(), "succession-sound".to_owned()])
    );
    assert!(json["facts"]["succeeds"].as_str().unwrap().starts_with(&format!("{OLD} 41 ")));
    assert_eq!(json["facts"]["why-ended"], "the disk died");
    assert!(codes(&json, "not_checked").contains(&"open-old-log-silent".to_owned()));
    // A policy that lists the old log too makes its word count.
    let policy = format!("log {}\n", old.verifier());
    let (code, json) = audit(folder.path(), entries(Some(&old)), &policy, "statements");
    assert!(code == 0 && codes(&json, "reasons").contains(&"succession-vouched".to_owned()));
    assert!(!codes(&json, "not_checked").contains(&"open-old-log-silent".to_owned()));
    let (code, json) = audit(folder.path(), entries(None), &policy, "statements");
    assert!(code == 0 && codes(&json, "not_checked").contains(&"open-old-log-silent".to_owned()));
}

#[test]
fn a_succession_that_the_log_has_not_signed_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let thief = key(support::ORIGIN, 9);
    let (code, json) =
        audit(folder.path(), vec![succession(&thief, None), statement()], "", "statements");
    assert_eq!(code, 1, "{json}");
    assert!(codes(&json, "reasons").contains(&"bad-succession".to_owned()), "{json}");
    // One that names another log as the new one.
    let other = key("log.example/other", 9);
    let (code, json) =
        audit(folder.path(), vec![succession(&other, None), statement()], "", "statements");
    assert_eq!(code, 1, "{json}");
    assert!(codes(&json, "reasons").contains(&"entry-of-another-log".to_owned()), "{json}");
    // A line of the old log that does not hold.
    let old = key(OLD, 8);
    let mut entry = succession(&support::log_key(), Some(&old));
    let at = entry.len() - 20;
    entry[at] = if entry[at] == b'A' { b'B' } else { b'A' };
    let policy = format!("log {}\n", old.verifier());
    let (code, json) = audit(folder.path(), vec![entry, statement()], &policy, "statements");
    assert_eq!(code, 1, "{json}");
    assert!(codes(&json, "reasons").contains(&"bad-old-succession".to_owned()), "{json}");
}

#[test]
fn only_the_first_entry_can_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let late = vec![statement(), succession(&support::log_key(), None)];
    let (code, json) = audit(folder.path(), late, "", "statements");
    assert_eq!(code, 1, "{json}");
    assert!(codes(&json, "reasons").contains(&"entry-no-statement".to_owned()), "{json}");
}

#[test]
fn in_a_log_of_any_bytes_nobody_else_can_make_it_a_successor() {
    let folder = tempfile::tempdir().unwrap();
    let forged = vec![succession(&key(support::ORIGIN, 9), None)];
    let (code, json) = audit(folder.path(), forged, "", "any");
    assert_eq!((code, &json["facts"]["succeeds"]), (0, &Value::Null), "{json}");
    let own = vec![succession(&support::log_key(), None)];
    let (code, json) = audit(folder.path(), own, "", "any");
    assert!(code == 0 && json["facts"]["succeeds"].is_string(), "{json}");
}

#[test]
fn inspect_says_it_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("entry"), succession(&support::log_key(), None)).unwrap();
    for (language, word) in [("en", "succession"), ("zh", "接续声明")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
        command.current_dir(folder.path()).args(["--lang", language, "inspect", "entry"]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for part in [word, OLD, support::ORIGIN, "the disk died", "41"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(output.status.code(), Some(0));
    }
    fs::write(folder.path().join("entry"), "fiducial/succession/v1\nlog a\n\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    let output = command.current_dir(folder.path()).args(["inspect", "entry"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
