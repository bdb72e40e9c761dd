//! Keys that follow one another, with overlap: a witness's own, and those by which it knows a log.
//!
//! A log's first key is for ever: it is what the log is known by.

use std::sync::atomic::{AtomicU64, Ordering};

use spec::key::{Algorithm, VerifierKey};
use spec::proof::Proof;

use crate::support::{ORIGIN, Server, wait};
use crate::witnesses::Panel;

/// Adds entries until a receipt satisfies a policy; gives that receipt and its entry.
#[track_caller]
fn receipt_for(panel: &Panel, server: &Server, policy: &str) -> (Vec<u8>, Vec<u8>) {
    wait(&format!("no receipt satisfies {policy}"), || {
        // Always a new entry, hence a new head, signed by whoever signs now.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let entry = format!("entry {}", NEXT.fetch_add(1, Ordering::Relaxed)).into_bytes();
        let (receipt, _) = panel.receipt(server, &entry);
        accepts(panel, policy, &receipt).then_some((receipt, entry))
    })
}

/// Whether a policy accepts the checkpoint of a receipt.
fn accepts(panel: &Panel, policy: &str, receipt: &[u8]) -> bool {
    panel.policy(policy).check(Proof::parse(receipt).unwrap().checkpoint()).is_ok()
}

/// An entry and its receipt.
#[track_caller]
fn entry_of(panel: &Panel, server: &Server, entry: &str) -> (Vec<u8>, Vec<u8>) {
    (panel.receipt(server, entry.as_bytes()).0, entry.as_bytes().to_vec())
}

/// Writes a policy by which one key of the first witness, and no other, counts.
fn only(panel: &Panel, file: &str, key: &VerifierKey) {
    let log: String = panel.world.keys.iter().map(|key| format!("log {key}\n")).collect();
    panel.world.write(file, format!("{log}witness w {key}\nquorum w\n"));
}

#[test]
fn a_witness_changes_its_key_without_a_gap() {
    let panel = Panel::new(2, 2);
    let old = panel.witnesses[0].ed25519().clone();
    only(&panel, "old-only", &old);
    let server = panel.serve();
    let (before, entry) = receipt_for(&panel, &server, "old-only");

    // While it runs it takes up another key, and every answer has a line more.
    let said = panel.witnesses[0].says(&panel.world, &["key", "add", "--algorithm", "ed25519"]);
    let fresh = VerifierKey::parse(said.trim_end()).unwrap();
    only(&panel, "fresh-only", &fresh);
    panel.write_policy("next", 2);
    let next = String::from_utf8(panel.world.read("next")).unwrap();
    assert!(next.contains(&old.to_string()) && next.contains(&fresh.to_string()), "{next}");
    panel.verify(&before, &entry, "next", &[], 0);
    assert_eq!(server.stop(), 0);

    // The log publishes by the policy with both; its receipts serve those who have either.
    panel.world.write("policy", next);
    let server = panel.serve();
    let (overlap, entry) = receipt_for(&panel, &server, "fresh-only");
    for policy in ["old-only", "fresh-only", "policy"] {
        panel.verify(&overlap, &entry, policy, &[], 0);
    }

    // The old key is retired: from then on only the fresh one signs, and the log goes on.
    panel.witnesses[0].says(&panel.world, &["key", "retire", &old.id().to_string()]);
    let (after, entry) = wait("the old key still signs", || {
        let (receipt, entry) = receipt_for(&panel, &server, "fresh-only");
        (!accepts(&panel, "old-only", &receipt)).then_some((receipt, entry))
    });
    panel.verify(&after, &entry, "policy", &[], 0);
    panel.verify(&after, &entry, "fresh-only", &[], 0);
    panel.verify(&after, &entry, "old-only", &[], 1);
    let listed = panel.witnesses[0].says(&panel.world, &["key", "list"]);
    assert!(listed.contains(&format!("retired\t{old}")), "{listed}");
    assert!(listed.contains(&format!("signs\t{fresh}")), "{listed}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_witness_trusts_a_log_by_any_of_its_keys_until_the_log_is_disabled() {
    let panel = Panel::new(1, 1);
    let server = panel.serve();
    panel.receipt(&server, b"entry 0");
    let operator = |words: &[&str]| panel.witnesses[0].says(&panel.world, words);
    // Its post-quantum key alone is enough; the last one cannot be taken away.
    let [first, last] = [0, 1].map(|at| panel.world.keys[at].id().to_string());
    operator(&["log", "disable", ORIGIN, "--key", &first]);
    assert!(!operator(&["log", "list"]).contains(&panel.world.keys[0].to_string()));
    for at in 1..4 {
        panel.receipt(&server, format!("entry {at}").as_bytes());
    }
    let words = ["log", "disable", ORIGIN, "--key", &last, "--data", &panel.witnesses[0].data];
    panel.world.witness(&words).ends_with(2);

    operator(&["log", "disable", ORIGIN]);
    let mut size = 4;
    let reasons = wait("the witness still trusts the log", || {
        assert_eq!(server.post("/add", format!("entry {size}").as_bytes()).index(), size);
        size += 1;
        let answer = server.get("/readyz");
        (answer.status == 503).then(|| answer.text().to_owned())
    });
    assert!(reasons.contains("does not trust this log's key (HTTP 403)"), "{reasons}");
    let shown = panel.shown(&server).tree();
    assert!(shown.size() < size, "{shown:?}");
    assert_eq!(panel.witnesses[0].size(&panel.world), shown.size());

    // Given any key, the witness goes on where it was, and what waited is published.
    operator(&["log", "add", &panel.world.keys[0].to_string()]);
    panel.world.published(&server, size);
    let receipt = server.get(&format!("/proof/{}", size - 1));
    let entry = format!("entry {}", size - 1).into_bytes();
    panel.verify(&receipt.body, &entry, "policy", &[], 0);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_log_keeps_its_first_key_for_ever_and_may_change_its_post_quantum_one() {
    let panel = Panel::new(1, 1);
    let server = panel.serve();
    let (old, entry) = entry_of(&panel, &server, "entry 0");
    assert_eq!(server.stop(), 0);
    let before = panel.world.kept("log", "signed-head").unwrap();
    let made = panel.world.log(&["init", "--data", "other", "--origin", ORIGIN]).ends_with(0);
    let bring = |file: &str| {
        let (from, to) = (format!("other/keys/{file}"), format!("log/keys/{file}"));
        let kept = panel.world.read(&to);
        std::fs::copy(panel.world.path(&from), panel.world.path(&to)).unwrap();
        kept
    };
    // Another first key would be another log under the same name.
    let kept = bring("log.key");
    let refused = panel.world.try_serve("log", &["--witness-policy", "policy"]).err();
    let refused = refused.expect("it does not start").ends_with(2);
    assert!(!refused.err.is_empty());
    assert_eq!(panel.world.kept("log", "signed-head"), Some(before));
    panel.world.write("log/keys/log.key", kept);

    // Another post-quantum key signs what comes now. Whoever has not heard of it verifies by the
    // first key; whoever lists it as well has a signature for after quantum computers.
    bring("log-mldsa44.key");
    let fresh = made.out.lines().nth(1).unwrap();
    let policy = String::from_utf8(panel.world.read("policy")).unwrap();
    panel.world.write("next", format!("log {fresh}\n{policy}"));
    let server = panel.serve();
    let (receipt, later) = entry_of(&panel, &server, "entry 1");
    let by = |policy: &str, receipt: &[u8]| {
        let checked = panel.policy(policy).check(Proof::parse(receipt).unwrap().checkpoint());
        checked.unwrap().log_algorithms().to_vec()
    };
    assert_eq!(by("policy", &old).len(), 2);
    assert_eq!(by("policy", &receipt), [Algorithm::NoteEd25519]);
    assert_eq!(by("next", &receipt).len(), 2);
    assert_eq!(by("next", &old).len(), 2);
    for policy in ["policy", "next"] {
        panel.verify(&old, &entry, policy, &[], 0);
        panel.verify(&receipt, &later, policy, &[], 0);
    }
    assert_eq!(server.stop(), 0);
}
