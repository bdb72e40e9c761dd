//! Audits of logs of several tiles: sound ones, every kind of damage, and going on later.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use spec::Hash;
use spec::evidence::statement::After;
use support::{Source, TestLog};
use tempfile::TempDir;

/// What the program said: exit code, and the JSON it wrote.
struct Said {
    code: i32,
    json: serde_json::Value,
}

impl Said {
    fn codes(&self) -> Vec<&str> {
        let reasons = self.json["reasons"].as_array().unwrap();
        reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
    }
}

fn fiducial(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    let output = command.current_dir(folder).arg("--json").args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    Said { code: output.status.code().unwrap(), json }
}

/// A folder with a log of `count` opaque entries and the policy.
fn opaque(count: usize) -> (TempDir, TestLog) {
    let entries = (0..count).map(|at| format!("entry {at}").into_bytes()).collect();
    let (folder, log) = (tempfile::tempdir().unwrap(), TestLog::of(entries));
    write(folder.path(), &log, count);
    (folder, log)
}

/// A folder with a log of `count` statements of one source.
fn statements(count: usize) -> (TempDir, TestLog) {
    let (folder, mut log, mut source) =
        (tempfile::tempdir().unwrap(), TestLog::of(Vec::new()), Source::new());
    for at in 0..count {
        let after = match at / 100 * 100 {
            0 => After::NOTHING,
            size => support::after(&log, size),
        };
        log.entries.push(source.sign(after, Hash::of(&at.to_be_bytes())).to_bytes());
    }
    write(folder.path(), &log, count);
    (folder, log)
}

fn write(folder: &Path, log: &TestLog, size: usize) {
    log.write(&folder.join("log"), size);
    fs::write(folder.join("policy"), support::small_policy()).unwrap();
    fs::write(folder.join("keys"), format!("# one\n{}\n", support::source_key().verifier()))
        .unwrap();
}

fn audit_any(folder: &Path) -> Said {
    fiducial(folder, &["audit", "--log", "log", "--policy", "policy", "--entries", "any"])
}

const STATEMENTS: [&str; 7] =
    ["audit", "--log", "log", "--policy", "policy", "--source-keys", "keys"];

#[test]
fn sound_logs_of_all_sizes_are_verified() {
    for count in [0, 1, 2, 255, 256, 257, 511, 512, 700, 1024] {
        let (folder, _) = opaque(count);
        let said = audit_any(folder.path());
        assert_eq!((said.code, said.codes()), (0, vec!["audit-sound"]), "{count} entries");
    }
}

#[test]
fn a_log_with_full_upper_tiles_is_verified_and_a_flipped_bit_in_any_file_is_found() {
    let (folder, _) = opaque(65_536 + 300);
    assert_eq!(audit_any(folder.path()).code, 0);
    let mut paths: Vec<PathBuf> = [
        "tile/0/000",
        "tile/0/256",
        "tile/0/257.p/44",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
    ]
    .iter()
    .map(|path| folder.path().join("log").join(path))
    .collect();
    for path in ["tile/entries/000", "tile/entries/255", "tile/entries/257.p/44"] {
        paths.push(folder.path().join("log").join(path));
    }
    for path in paths {
        let sound = fs::read(&path).unwrap();
        for at in [3, sound.len() / 2, sound.len() - 2] {
            let mut damaged = sound.clone();
            damaged[at] ^= 4;
            fs::write(&path, damaged).unwrap();
            let said = audit_any(folder.path());
            assert_eq!(said.code, 1, "{} at {at}: {}", path.display(), said.json);
        }
        fs::write(&path, sound).unwrap();
    }
    assert_eq!(audit_any(folder.path()).code, 0);
}

#[test]
fn what_is_missing_is_not_proof_of_a_fault() {
    for path in ["tile/entries/001", "tile/0/000", "tile/1/000.p/2"] {
        let (folder, _) = opaque(600);
        fs::remove_file(folder.path().join("log").join(path)).unwrap();
        let said = audit_any(folder.path());
        assert_eq!(said.code, 2, "{path}: {}", said.json);
        assert!(said.codes().contains(&"could-not-read"), "{path}");
    }
}

#[test]
fn only_what_was_read_counts_as_audited() {
    let (folder, _) = opaque(600);
    fs::remove_file(folder.path().join("log/tile/entries/001")).unwrap();
    assert_eq!(audit_any(folder.path()).json["facts"]["audited"], "344");
    fs::remove_dir_all(folder.path().join("log/tile/entries")).unwrap();
    let said = audit_any(folder.path());
    assert_eq!((said.code, &said.json["facts"]["audited"]), (2, &"0".into()));
}

#[test]
fn all_problems_are_counted_and_the_first_are_named() {
    let (folder, log) = opaque(600);
    let path = folder.path().join("log/tile/entries/000");
    let mut other = TestLog::of(log.entries);
    other.entries[..256].iter_mut().for_each(|entry| entry.push(b'!'));
    let mut bundle = Vec::new();
    other.entries[..256].iter().for_each(|entry| spec::tile::push_entry(&mut bundle, entry));
    fs::write(path, bundle).unwrap();
    let said = audit_any(folder.path());
    assert_eq!(said.code, 1);
    // 256 leaves, one node of level 1 and the root.
    assert_eq!(said.json["reasons"][0]["values"][0], "258");
    assert!(said.codes().contains(&"problems-unsaid"));
}

#[test]
fn sound_statements_are_verified_with_and_without_their_keys() {
    let (folder, _) = statements(430);
    let said = fiducial(folder.path(), &STATEMENTS);
    assert_eq!((said.code, said.codes()), (0, vec!["audit-sound"]), "{}", said.json);
    let said = fiducial(folder.path(), &STATEMENTS[..5]);
    assert_eq!(said.code, 0);
    assert!(said.json["not_checked"].to_string().contains("open-signatures"));
}

#[test]
fn a_statement_by_another_key_or_of_no_form_is_found() {
    let (folder, mut log) = statements(3);
    let other = support::log_key().verifier().to_string();
    fs::write(folder.path().join("keys"), format!("{other}\n")).unwrap();
    let said = fiducial(folder.path(), &STATEMENTS);
    assert_eq!((said.code, said.codes()[1]), (1, "entry-unknown-source"));
    log.entries.push(b"not a statement".to_vec());
    write(folder.path(), &log, 4);
    let said = fiducial(folder.path(), &STATEMENTS);
    assert_eq!((said.code, said.codes()[1]), (1, "entry-no-statement"));
}

#[test]
fn a_gap_a_repetition_and_a_wrong_after_are_found() {
    let mut source = Source::new();
    let mut log = TestLog::of(Vec::new());
    let folder = tempfile::tempdir().unwrap();
    log.entries.push(source.sign(After::NOTHING, Hash::of(b"0")).to_bytes());
    source.skip();
    log.entries.push(source.sign(After::NOTHING, Hash::of(b"2")).to_bytes());
    log.entries.push(log.entries[0].clone());
    let false_tree = spec::tree::Tree::new(1, Hash::of(b"no such tree")).unwrap();
    let after = After::checkpoint(false_tree, Hash::of(b"note")).unwrap();
    log.entries.push(source.sign(after, Hash::of(b"3")).to_bytes());
    write(folder.path(), &log, 4);
    let said = fiducial(folder.path(), &STATEMENTS);
    assert_eq!(said.code, 1);
    for code in ["chain-gap", "chain-twice", "entry-wrong-after"] {
        assert!(said.codes().contains(&code), "{code}: {}", said.json);
    }
}

#[test]
fn an_audit_goes_on_where_the_last_one_ended() {
    let (folder, log) = statements(700);
    for size in [0, 1, 255, 256, 300, 512, 700] {
        let state = folder.path().join("state");
        let _ = fs::remove_file(&state);
        fs::remove_dir_all(folder.path().join("log")).unwrap();
        write(folder.path(), &log, size);
        let resumed = [&STATEMENTS[..], &["--state", "state"]].concat();
        assert_eq!(fiducial(folder.path(), &resumed).code, 0, "up to {size}");
        assert!(state.exists());
        write(folder.path(), &log, 700);
        let said = fiducial(folder.path(), &resumed);
        assert_eq!(said.code, 0, "from {size}: {}", said.json);
        assert_eq!(said.json["facts"]["audited"], (700 - size).to_string());
    }
}

#[test]
fn a_log_that_went_back_or_tells_another_story_is_refused() {
    let (folder, log) = statements(300);
    let resumed = [&STATEMENTS[..], &["--state", "state"]].concat();
    assert_eq!(fiducial(folder.path(), &resumed).code, 0);
    write(folder.path(), &log, 200);
    assert_eq!(fiducial(folder.path(), &resumed).codes(), ["rolled-back"]);

    let mut other = Source::new();
    other.sign(After::NOTHING, Hash::of(b"thrown away"));
    let entries = (0..300).map(|_| other.sign(After::NOTHING, Hash::of(b"x")).to_bytes());
    let other = TestLog::of(entries.collect());
    write(folder.path(), &other, 300);
    assert_eq!(fiducial(folder.path(), &resumed).codes(), ["not-the-trusted-tree"]);
}

#[test]
fn a_trusted_checkpoint_alone_leaves_the_chains_before_it_open() {
    let (folder, log) = statements(300);
    fs::write(folder.path().join("old"), log.checkpoint(120).to_bytes()).unwrap();
    let said = fiducial(folder.path(), &[&STATEMENTS[..], &["--from", "old"]].concat());
    assert_eq!(said.code, 0, "{}", said.json);
    assert!(said.json["not_checked"].to_string().contains("open-chains-before-start"));
}

#[test]
fn an_audit_behind_a_trusted_checkpoint_remembers_that_chains_before_it_are_unknown() {
    let (folder, mut log) = statements(300);
    fs::write(folder.path().join("old"), log.checkpoint(300).to_bytes()).unwrap();
    let resumed = [&STATEMENTS[..], &["--state", "state"]].concat();
    let said = fiducial(folder.path(), &[&resumed[..], &["--from", "old"]].concat());
    assert_eq!((said.code, said.codes()), (0, vec!["audit-sound"]), "{}", said.json);

    // The source's 301st statement is the first that this auditor sees of it.
    let mut source = Source::new();
    let again = |at: usize| match at / 100 * 100 {
        0 => After::NOTHING,
        size => support::after(&log, size),
    };
    (0..300_usize).for_each(|at| drop(source.sign(again(at), Hash::of(&at.to_be_bytes()))));
    log.entries.push(source.sign(support::after(&log, 300), Hash::of(b"next")).to_bytes());
    write(folder.path(), &log, 301);
    for _ in 0..2 {
        let said = fiducial(folder.path(), &resumed);
        assert_eq!((said.code, said.codes()), (0, vec!["audit-sound"]), "{}", said.json);
        assert!(said.json["not_checked"].to_string().contains("open-chains-before-start"));
    }

    // What it has seen it holds the source to.
    source.skip();
    log.entries.push(source.sign(support::after(&log, 301), Hash::of(b"gap")).to_bytes());
    write(folder.path(), &log, 302);
    assert!(fiducial(folder.path(), &resumed).codes().contains(&"chain-gap"));
}
