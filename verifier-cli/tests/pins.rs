//! A single receipt is judged by the caller's pins as a bundle is: key, first statement and log of the source.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;

use std::fs;
use std::path::Path;

use dossier::{codes, judge, records};
use spec::Hash;
use spec::hash::leaf_hash;
use tempfile::TempDir;

const RECEIPT: &str = "shown/records/0/0.tlog-proof";

/// Two receipts with their papers, and pins that begin at the first.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    fs::write(folder.path().join("pins"), pins(folder.path())).unwrap();
    folder
}

fn pins(folder: &Path) -> String {
    let signer = support::source_key();
    let key = signer.verifier();
    let first = leaf_hash(&fs::read(folder.join("shown/records/0/0.statement")).unwrap());
    format!(
        "fiducial/pins/v1\nlog {}\n\nsource {}\nkey {key}\nmachine AOI 7\nfirst 0 {first}\n\
         cadence 60\n",
        support::ORIGIN,
        key.name()
    )
}

fn verify(folder: &Path, receipt: &str, more: &[&str], code: i32) -> serde_json::Value {
    judge(folder, &[&["verify", receipt, "--policy", "policy"], more].concat(), code)
}

#[test]
fn pins_give_the_key_of_a_single_receipt_and_say_where_its_source_stands() {
    let folder = folder();
    let at = folder.path();
    let disclosure = "shown/records/0/0.disclosure.json";
    let json = verify(at, RECEIPT, &["--pins", "pins", "--disclosure", disclosure], 0);
    assert_eq!(json["facts"]["machine"], format!("{}: AOI 7", support::SOURCE));
    // A statement behind the first is of the same source, and the pin says no more of it.
    verify(at, "shown/records/0/1.tlog-proof", &["--pins", "pins"], 0);
    // Without any key it is said that pins are one way, in both languages.
    for language in ["en", "zh"] {
        let json = verify(at, RECEIPT, &["--lang", language], 2);
        assert_eq!(json["reason"]["code"], "no-source-key");
        assert!(json["hint"].as_str().unwrap().contains("--pins"), "{json}");
    }
}

#[test]
fn a_receipt_that_the_pins_contradict_is_rejected() {
    let folder = folder();
    let at = folder.path();
    let put = |text: &str| fs::write(at.join("pins"), text).unwrap();
    let text = pins(at);
    let first = leaf_hash(&fs::read(at.join("shown/records/0/0.statement")).unwrap());
    put(&text.replace(&first.to_string(), &Hash::of(b"another").to_string()));
    // A key that is given beside them is no way around what they pin.
    for more in [&["--pins", "pins"][..], &["--pins", "pins", "--source-key", "source.vkey"]] {
        let json = verify(at, RECEIPT, more, 1);
        assert_eq!(codes(&json, "reasons"), ["range-not-pinned"]);
    }
    // Only the statement with that number is the one that is pinned.
    verify(at, "shown/records/0/1.tlog-proof", &["--pins", "pins"], 0);

    put(&text.replace(support::ORIGIN, "log.example/other"));
    let json = verify(at, RECEIPT, &["--pins", "pins"], 1);
    assert_eq!(codes(&json, "reasons"), ["pins-of-another-log"]);

    let own = support::source_key().verifier().to_string();
    let name = support::name(support::SOURCE);
    let kind = spec::key::Algorithm::NoteEd25519;
    let other = spec::key::SigningKey::from_seed(name, kind, &[77; 32]).unwrap();
    put(&text.replace(&own, &other.verifier().to_string()));
    let json = verify(at, RECEIPT, &["--pins", "pins"], 1);
    assert_eq!(codes(&json, "reasons"), ["unpinned-source"]);
}

#[test]
fn pins_are_inspected_whichever_editor_has_saved_them() {
    let folder = folder();
    let at = folder.path();
    let text = pins(at);
    for text in [text.clone(), format!("\u{feff}{}", text.replace('\n', "\r\n"))] {
        fs::write(at.join("pins"), text).unwrap();
        let json = judge(at, &["inspect", "pins"], 0);
        assert_eq!(codes(&json, "reasons"), ["nothing-verified"]);
        let facts = &json["facts"];
        assert_eq!(facts["kind"], "pins");
        assert_eq!(facts["source"], support::SOURCE);
        assert_eq!(facts["machine"], "AOI 7");
        assert_eq!(facts["pin-cadence"], "60");
        assert!(facts["pin-first"].as_str().unwrap().starts_with("0 "), "{json}");
    }
    // Pins that are not whole are called malformed, and no policy.
    fs::write(at.join("pins"), "fiducial/pins/v1\n").unwrap();
    let json = judge(at, &["inspect", "pins"], 2);
    assert_eq!(json["reason"]["code"], "malformed", "{json}");
}
