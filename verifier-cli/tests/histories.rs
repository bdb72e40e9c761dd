//! Receipts of two histories, in one folder or two: no log that is one has two trees of one size.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;

use std::fs;

use dossier::{codes, judge, records};
use spec::hash::leaf_hash;
use spec::proof::Proof;
use support::TestLog;

#[test]
fn two_accepted_trees_of_one_size_are_two_histories() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    records(folder);
    let part = |at: usize, role: &str| folder.join(format!("shown/records/0/{at}.{role}"));
    let entry = |at: usize| fs::read(part(at, "statement")).unwrap();
    // The receipt of statement 0 in a log of two entries; that of statement 1 is of such a log already.
    let beside = |other: &[u8]| {
        let log = TestLog::of(vec![entry(0), other.to_vec()]);
        let path = vec![leaf_hash(other)];
        let receipt = Proof::new(Some(entry(0)), 0, path, log.checkpoint(2));
        fs::write(part(0, "tlog-proof"), receipt.to_bytes()).unwrap();
    };
    let verify = ["bundle", "verify", "shown", "--policy", "policy", "--source-key", "source.vkey"];
    beside(&entry(1));
    judge(folder, &verify, 0);
    beside(b"an entry that the other history does not have");
    assert_eq!(codes(&judge(folder, &verify, 1), "reasons"), ["two-histories"]);
    // In two folders, each of which holds by itself.
    fs::create_dir_all(folder.join("other/records/0")).unwrap();
    for role in ["statement", "disclosure.json", "tlog-proof"] {
        fs::copy(part(0, role), folder.join(format!("other/records/0/0.{role}"))).unwrap();
    }
    beside(&entry(1));
    for shown in ["shown", "other"] {
        judge(folder, &[&["bundle", "verify", shown][..], &verify[3..]].concat(), 0);
    }
    fs::write(folder.join("units"), "SN1\n").unwrap();
    let both = ["reconcile", "--units", "units", "--bundle", "shown", "--bundle", "other"];
    let both = judge(folder, &[&both[..], &verify[3..]].concat(), 1);
    assert_eq!(codes(&both, "reasons"), ["two-histories"]);
}
