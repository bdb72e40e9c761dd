//! What the caller demands beyond a sound receipt: a quorum, told rule by rule; somebody who is
//! independent; and that the statement was not made before the checkpoint it names.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spec::Hash;
use spec::evidence::statement::After;
use spec::hash::leaf_hash;
use spec::note::Note;
use spec::proof::Proof;
use support::{Source, TestLog, signed_by};
use tempfile::TempDir;

/// When the first of the witnesses signs: 2026-01-02T03:04:05Z.
const EARLY: u64 = support::WITNESSED;

/// An hour later.
const LATE: u64 = EARLY + 3600;

fn fiducial(folder: &Path, words: &[&str]) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    let output = command.current_dir(folder).arg("--json").args(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), json)
}

/// The texts of the reasons, or of what was not checked.
fn texts(json: &Value, list: &str) -> Vec<String> {
    let lines = json[list].as_array().unwrap().iter();
    lines.map(|line| line["text"].as_str().unwrap().to_string()).collect()
}

/// A receipt of an opaque entry in a tree of one, under the given note.
fn receipt(note: Note) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("receipt", &Proof::new(None, 0, Vec::new(), note).to_bytes());
    put("entry", b"entry");
    folder
}

fn tree() -> spec::tree::Tree {
    TestLog::of(vec![b"entry".to_vec()]).tree(1)
}

/// Verifies that receipt under a policy of witnesses 2 to 5.
fn verify(folder: &TempDir, rules: &str, more: &[&str]) -> (i32, Value) {
    fs::write(folder.path().join("policy"), support::policy_of(&[2, 3, 4, 5], rules)).unwrap();
    let words = ["verify", "receipt", "--entry", "entry", "--policy", "policy"];
    fiducial(folder.path(), &[&words[..], more].concat())
}

#[test]
fn a_short_quorum_is_told_down_to_the_witness_that_is_missing() {
    let nested = "group factory-side 2 w2 w3 w4\ngroup all-sides all factory-side w5\n\
                  quorum all-sides\n";
    let (code, json) = verify(&receipt(signed_by(tree(), &[(2, EARLY), (5, EARLY)])), nested, &[]);
    assert_eq!(code, 1);
    let want = [
        "too few witnesses have signed: the quorum all-sides of your policy is not met (check that \
         you took the right file)",
        "your policy wants 2 of the 2 in `all-sides`; only 1 signed: \
         factory-side not enough (1 signed, 2 needed); w5 ok (2026-01-02T03:04:05Z)",
        "your policy wants 2 of the 3 in `factory-side`; only 1 signed: \
         w2 ok (2026-01-02T03:04:05Z); w3 no cosignature; w4 no cosignature",
    ];
    assert_eq!(texts(&json, "reasons"), want);
    let member = &json["reasons"][2]["details"][1];
    assert_eq!(
        (&member["code"], &member["values"][0]),
        (&"member-not-cosigned".into(), &"w3".into())
    );

    let (code, json) = verify(&receipt(signed_by(tree(), &[(2, EARLY)])), "quorum w3\n", &[]);
    assert_eq!(code, 1);
    assert_eq!(texts(&json, "reasons")[1], "w3 no cosignature");
}

#[test]
fn a_bad_line_is_named_with_the_rule_that_it_spoils() {
    let sound = signed_by(tree(), &[(2, EARLY), (4, EARLY)]);
    let mut lines = sound.signatures().to_vec();
    lines[2].bytes[20] ^= 1;
    let id = support::cosigner(4).verifier().id();
    let bad = receipt(Note::new(sound.text().to_string(), lines));
    let (code, json) = verify(&bad, "group q 2 w2 w3 w4\nquorum q\n", &[]);
    assert_eq!(code, 1);
    let want = [
        format!(
            "signature lines of known keys do not verify: key w4.example+{id}: \
             a signature line names the key but does not verify"
        ),
        "your policy wants 2 of the 3 in `q`; only 1 signed: w2 ok (2026-01-02T03:04:05Z); \
         w3 no cosignature; w4 signature does not verify"
            .to_string(),
    ];
    assert_eq!(texts(&json, "reasons"), want);
    // It spoils the note even where the rule is met without it.
    assert_eq!(verify(&bad, "quorum w2\n", &[]).0, 1);
}

#[test]
fn the_times_are_those_of_the_quorum() {
    let note = signed_by(tree(), &[(2, LATE), (3, EARLY), (4, LATE + 9)]);
    let (code, json) = verify(&receipt(note), "group q 2 w2 w3 w4\nquorum q\n", &[]);
    assert_eq!(code, 0);
    assert_eq!(json["facts"]["times"], "2026-01-02T03:04:05Z .. 2026-01-02T04:04:05Z");
}

#[test]
fn what_ml_dsa_alone_leaves_unproven_is_told() {
    // The policy lists no such key of the log.
    let folder = receipt(support::signed(tree()));
    let (code, json) = verify(&folder, "quorum none\n", &[]);
    assert_eq!(code, 0);
    let no_key = "against quantum computers: the policy lists no ML-DSA-44 key of this log";
    assert!(texts(&json, "not_checked").contains(&no_key.to_string()), "{json:#}");
    // It lists one, which has not signed.
    let words = ["verify", "receipt", "--entry", "entry", "--policy", "policy"];
    let policy = format!(
        "log {}\nlog {}\nwitness one {}\nwitness one-pq {}\nwitness two {}\n\
         group w any one one-pq\ngroup q all w two\nquorum",
        support::log_key().verifier(),
        support::log_ml_dsa_key(),
        support::witness_key().verifier(),
        support::witness_ml_dsa_key(),
        support::cosigner(2).verifier(),
    );
    let put = |name: &str, bytes: String| fs::write(folder.path().join(name), bytes).unwrap();
    put("policy", format!("{policy} none\n"));
    let unsigned = Proof::new(None, 0, Vec::new(), signed_by(tree(), &[]));
    let both = fs::read(folder.path().join("receipt")).unwrap();
    put("receipt", unsigned.to_string());
    let (_, json) = fiducial(folder.path(), &words);
    let not_signed = "against quantum computers: the log has not signed with ML-DSA-44";
    assert!(texts(&json, "not_checked").contains(&not_signed.to_string()), "{json:#}");
    // Log and one witness have signed with it, but the quorum is not met by it.
    let proof = Proof::parse(&both).unwrap();
    let cosigned = signed_by(tree(), &[(2, LATE)]).signatures()[1].clone();
    let lines = [proof.checkpoint().signatures(), &[cosigned]].concat();
    let note = Note::new(proof.checkpoint().text().to_string(), lines);
    put("receipt", Proof::new(None, 0, Vec::new(), note).to_string());
    put("policy", format!("{policy} q\n"));
    let (code, json) = fiducial(folder.path(), &words);
    assert_eq!(code, 0, "{json:#}");
    let short = "against quantum computers: by ML-DSA-44 alone the quorum q is not met: \
                 your policy wants 2 of the 2 in `q`; only 1 signed: \
                 w enough (1 signed, 1 needed); two signs with Ed25519";
    assert!(texts(&json, "not_checked").contains(&short.to_string()), "{json:#}");
}

const PARTIES: &str =
    "[parties]\nfactory = [\"w2\", \"w3.example\"]\nbuyer = [\"w4\"]\nnobody = []\n";
const QUORUM: &str = "group q 2 w2 w3 w4 w5\nquorum q\n";

fn verify_unrelated(note: Note, rules: &str, to: &str, parties: &str) -> (i32, Value) {
    let folder = receipt(note);
    fs::write(folder.path().join("parties"), parties).unwrap();
    verify(&folder, rules, &["--unrelated-to", to, "--parties", "parties"])
}

#[test]
fn somebody_in_the_quorum_must_be_unrelated_to_the_parties() {
    let own = || signed_by(tree(), &[(2, EARLY), (3, EARLY)]);
    let (code, json) = verify_unrelated(own(), QUORUM, "factory,buyer", PARTIES);
    assert_eq!(code, 1);
    let want = "no quorum of these cosignatures holds a witness unrelated to factory, buyer: \
                w2 is run by factory; w3 is run by factory";
    assert_eq!(texts(&json, "reasons"), [want]);
    // To the buyer alone both are strangers.
    assert_eq!(verify_unrelated(own(), QUORUM, "buyer", PARTIES).0, 0);
    assert_eq!(verify_unrelated(own(), QUORUM, "nobody", PARTIES).0, 0);

    let with_w5 = signed_by(tree(), &[(2, EARLY), (3, EARLY), (5, LATE)]);
    let (code, json) = verify_unrelated(with_w5.clone(), QUORUM, "factory,buyer", PARTIES);
    assert_eq!(code, 0, "{json:#}");
    assert_eq!(json["facts"]["unrelated"], "w5");
    // The time is that of a quorum with the stranger in it, not an earlier one without.
    assert_eq!(json["facts"]["times"], "2026-01-02T03:04:05Z .. 2026-01-02T04:04:05Z");
    // A stranger outside the quorum does not count.
    let rules = "group q 2 w2 w3 w4\nquorum q\n";
    let (code, json) = verify_unrelated(with_w5, rules, "factory", PARTIES);
    assert_eq!(code, 1);
    assert!(
        texts(&json, "reasons")[0].contains("w5 is unrelated but in no met quorum"),
        "{json:#}"
    );
}

#[test]
fn the_other_key_of_a_related_witness_is_no_stranger() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("receipt", &Proof::new(None, 0, Vec::new(), support::signed(tree())).to_bytes());
    put("entry", b"entry");
    put("policy", support::policy().as_bytes());
    put("parties", b"[parties]\nfactory = [\"one\"]\n");
    let words = ["verify", "receipt", "--entry", "entry", "--policy", "policy"];
    let demand = ["--unrelated-to", "factory", "--parties", "parties"];
    let (code, json) = fiducial(folder.path(), &[&words[..], &demand].concat());
    // `one-pq` is the same witness, so the policy has nobody else: no evidence could ever do.
    assert_eq!((code, &json["reason"]["code"]), (2, &"no-unrelated".into()));
}

#[test]
fn relations_that_cannot_be_understood_decide_nothing() {
    let own = || signed_by(tree(), &[(2, EARLY), (5, EARLY)]);
    let cases = [
        ("stranger", PARTIES, "party-unknown"),
        ("factory", "[parties]\nfactory = [\"w9\"]\n", "party-unknown-witness"),
        ("factory", "[parties]\nfactory = \"w2\"\n", "malformed"),
        ("factory", "[parties]\nfactory = [2]\n", "malformed"),
        ("factory", "[parties]\nfactory = []\nfactory = []\n", "malformed"),
        ("factory", "[parties]\nfactory = []\n[more]\n", "malformed"),
        ("factory", "factory = [\"w2\"]\n", "malformed"),
        ("factory", "", "malformed"),
        ("all", "[parties]\nall = [\"w2\", \"w3\", \"w4\", \"w5\"]\n", "no-unrelated"),
    ];
    for (to, parties, want) in cases {
        let (code, json) = verify_unrelated(own(), QUORUM, to, parties);
        assert_eq!((code, &json["reason"]["code"]), (2, &want.into()), "{to}: {parties}");
    }
    let (code, json) = verify_unrelated(own(), "quorum none\n", "factory", PARTIES);
    assert_eq!((code, &json["reason"]["code"]), (2, &"no-unrelated".into()));
}

/// A receipt of a statement that follows a tree of two, in a tree of five; the note it names, the
/// proof that it is continued, and the log.
fn dated() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut entries: Vec<Vec<u8>> = (0..2).map(|at| vec![at]).collect();
    let after_tree = TestLog::of(entries.clone()).tree(2);
    let note = signed_by(after_tree, &[(2, EARLY), (3, LATE)]);
    let after = After::checkpoint(after_tree, Hash::of(&note.to_bytes())).unwrap();
    let statement = Source::new().sign(after, Hash::of(b"batch")).to_bytes();
    entries.extend([vec![9], statement.clone(), vec![8]]);
    let log = TestLog::of(entries);
    let leaves: Vec<Hash> = log.entries.iter().map(|entry| leaf_hash(entry)).collect();
    let root = |range: std::ops::Range<usize>| spec::tree::root_of_leaves(&leaves[range]);
    let path = vec![leaves[2], root(0..2), leaves[4]];
    let newest = signed_by(log.tree(5), &[(2, LATE + 60), (3, LATE + 60)]);
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("receipt", &Proof::new(Some(statement), 3, path, newest).to_bytes());
    put("after", &note.to_bytes());
    put("proof", format!("{}\n{}\n", root(2..4), leaves[4]).as_bytes());
    put("key", format!("{}\n", support::source_key().verifier()).as_bytes());
    put("policy", support::policy_of(&[2, 3], "group q all w2 w3\nquorum q\n").as_bytes());
    log.write(&folder.path().join("log"), 5);
    folder
}

fn verify_dated(folder: &TempDir, more: &[&str]) -> (i32, Value) {
    let words = ["verify", "receipt", "--policy", "policy", "--source-key", "key"];
    fiducial(folder.path(), &[&words[..], more].concat())
}

#[test]
fn a_statement_is_not_older_than_the_note_it_names() {
    let folder = dated();
    let (code, json) = verify_dated(&folder, &[]);
    assert_eq!(code, 0, "{json:#}");
    assert!(json["not_checked"].to_string().contains("open-lower-bound"), "{json:#}");
    for way in [["--consistency", "proof"], ["--log", "log"]] {
        let (code, json) = verify_dated(&folder, &[&["--after", "after"][..], &way].concat());
        assert_eq!(code, 0, "{json:#}");
        let reasons = texts(&json, "reasons");
        let want = "it was made after 2026-01-02T03:04:05Z: it names the note that was cosigned \
                    then, with the first 2 entries";
        assert!(reasons.contains(&want.to_string()), "{json:#}");
        assert_eq!(json["facts"]["not-before"], "2026-01-02T03:04:05Z");
        assert!(!json["not_checked"].to_string().contains("open-after"), "{json:#}");
    }
    // Without a proof of consistency that is what stays open.
    let (code, json) = verify_dated(&folder, &["--after", "after"]);
    assert_eq!(code, 0);
    assert!(json["not_checked"].to_string().contains("open-after-consistency"), "{json:#}");
    // Without witnesses there is an order and no time.
    let put = |name: &str, bytes: String| fs::write(folder.path().join(name), bytes).unwrap();
    put("policy", support::small_policy());
    let (code, json) = verify_dated(&folder, &["--after", "after", "--consistency", "proof"]);
    assert_eq!(code, 0);
    assert!(texts(&json, "reasons")[1].contains("after the log had signed its first 2 entries"));
    assert!(json["not_checked"].to_string().contains("open-after-time"), "{json:#}");
}

#[test]
fn another_note_or_a_broken_link_is_no_lower_bound() {
    let folder = dated();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let sound = fs::read(folder.path().join("after")).unwrap();
    let after = ["--after", "other", "--consistency", "proof"];
    // One witness's line less is another note, even of the same tree.
    let note = Note::parse(&sound).unwrap();
    let fewer = Note::new(note.text().to_string(), note.signatures()[..2].to_vec());
    put("other", &fewer.to_bytes());
    let (code, json) = verify_dated(&folder, &after);
    assert_eq!((code, &json["reasons"][0]["code"]), (1, &"after-other-note".into()));
    // A file that was cut is no note at all: it says nothing against the statement.
    for cut in [sound.len() - 1, 0] {
        put("other", &sound[..cut]);
        let (code, json) = verify_dated(&folder, &after);
        assert_eq!((code, &json["reason"]["code"]), (2, &"malformed".into()));
    }
    put("other", &sound);
    put("proof", format!("{}\n{}\n", Hash::ZERO, Hash::ZERO).as_bytes());
    let (code, json) = verify_dated(&folder, &after);
    assert_eq!((code, &json["reasons"][0]["code"]), (1, &"after-not-continued".into()));
    // The named note must itself be accepted.
    let strict = support::policy_of(&[2, 3], "group q any w2 w3\nquorum q\n");
    put("policy", strict.replace("w3.example", "w4.example").as_bytes());
    assert_eq!(verify_dated(&folder, &after).0, 2, "a key name that is not its key's");
    put("policy", support::policy_of(&[2, 3, 4], "quorum w4\n").as_bytes());
    assert_eq!(verify_dated(&folder, &after).0, 1);
    let (code, _) = verify_dated(&folder, &["--after", "missing"]);
    assert_ne!(code, 0);
}

#[test]
fn a_note_that_was_named_and_is_of_another_tree_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    // The source names the note of one tree, and writes the size and root of another.
    let (one, other) = (TestLog::of(vec![vec![1]]), TestLog::of(vec![vec![2]]));
    let note = signed_by(other.tree(1), &[]);
    let after = After::checkpoint(one.tree(1), Hash::of(&note.to_bytes())).unwrap();
    let statement = Source::new().sign(after, Hash::of(b"batch")).to_bytes();
    let log = TestLog::of(vec![vec![1], statement.clone()]);
    let path = vec![leaf_hash(&[1])];
    put("receipt", &Proof::new(Some(statement), 1, path, signed_by(log.tree(2), &[])).to_bytes());
    put("after", &note.to_bytes());
    put("key", support::source_key().verifier().to_string().as_bytes());
    put("policy", support::small_policy().as_bytes());
    let (code, json) = verify_dated(&folder, &["--after", "after"]);
    assert_eq!((code, &json["reasons"][0]["code"]), (1, &"after-other-tree".into()));
}
