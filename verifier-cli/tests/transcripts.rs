//! Golden transcripts of the program over a committed fixture, and the maker of that fixture.
//!
//! The fixture is made again in every run and compared byte for byte, so that it always is what
//! this code writes. `FIDUCIAL_WRITE_FIXTURE=1 cargo test -p verifier-cli` writes it anew.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use spec::evidence::disclosure::{Disclosure, Pick, PickFields};
use spec::evidence::kind::FieldName;
use spec::evidence::statement::After;
use spec::proof::Proof;
use spec::split::Split;
use spec::tree::root_of_leaves;
use spec::witness::monitoring_path;
use support::{Source, TestLog};

const REPORT: &[u8] = b"<panel id=\"0042\"><verdict>passed</verdict></panel>\n";

#[test]
fn transcripts() {
    let cases = trycmd::TestCases::new();
    cases.env("LC_ALL", "C").env("COLUMNS", "100");
    cases.case("tests/cmd/*.trycmd");
}

#[test]
fn the_fixture_is_what_this_code_writes() {
    let made = tempfile::tempdir().unwrap();
    make_fixture(made.path());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture");
    if std::env::var_os("FIDUCIAL_WRITE_FIXTURE").is_some() {
        for (path, bytes) in files_below(made.path()) {
            let path = committed.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let (made, committed) = (files_below(made.path()), files_below(&committed));
    assert_eq!(made.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (path, bytes) in made {
        assert_eq!(committed[&path], bytes, "{} differs", path.display());
    }
}

fn make_fixture(folder: &Path) {
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let mut log = TestLog::of(Vec::new());
    let mut source = Source::new();
    let (first, _) = source.report(After::NOTHING, b"an earlier report\n");
    log.entries.push(first.to_bytes());
    let (second, batch) = source.report(support::after(&log, 1), REPORT);
    log.entries.push(second.to_bytes());
    let third = source.sign(support::after(&log, 2), spec::Hash::of(b"a heartbeat"));
    log.entries.push(third.to_bytes());

    log.write(&folder.join("log"), 3);
    put("old.checkpoint", &log.checkpoint(2).to_bytes());
    put("policy", support::policy().as_bytes());
    put("policy-log-only", support::small_policy().as_bytes());
    put("source.vkey", format!("{}\n", support::source_key().verifier()).as_bytes());
    put("report.xml", REPORT);
    put("altered.xml", &[REPORT, b"<!-- one more line -->\n"].concat());

    let named = ["file/sha256", "verdict"].map(|name| FieldName::parse(name).unwrap());
    let pick = Pick { record: 1, fields: PickFields::Named(named.to_vec()) };
    put("report.disclosure.json", Disclosure::of(&batch, &[pick]).unwrap().to_json().as_bytes());

    // A receipt of the second entry in the tree of three: its siblings are the leaves beside it.
    let leaves: Vec<spec::Hash> =
        log.entries.iter().map(|entry| spec::hash::leaf_hash(entry)).collect();
    assert_eq!(root_of_leaves(&leaves), log.tree(3).root());
    let receipt =
        Proof::new(Some(second.to_bytes()), 1, vec![leaves[0], leaves[2]], log.checkpoint(3));
    put("report.tlog-proof", &receipt.to_bytes());

    // The same path for an entry that is not there.
    let moved =
        Proof::new(Some(second.to_bytes()), 0, vec![leaves[0], leaves[2]], log.checkpoint(3));
    put("moved.tlog-proof", &moved.to_bytes());

    // A log that tells another story of the same two entries.
    let other = TestLog::of(vec![first.to_bytes(), b"something else".to_vec()]);
    let fork = other.checkpoint(2);
    put("fork.checkpoint", &fork.to_bytes());

    // What the receipt's statement says it follows, and the proof that the log continues it.
    put("after.checkpoint", &log.checkpoint(1).to_bytes());
    put("after-to-receipt", format!("{}\n{}\n", leaves[1], leaves[2]).as_bytes());
    put("parties.toml", b"[parties]\nfactory = [\"one\"]\nbuyer = []\n");
    make_watches(folder, &log, &fork);
}

/// Two watches' memories, a witness, and the evidence of a split. A look that finds what is there
/// already writes nothing, so the transcripts leave this folder as it is.
fn make_watches(folder: &Path, log: &TestLog, fork: &spec::note::Note) {
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let (newest, cosigned) = (log.checkpoint(3), log.checkpoint(2));
    let header = "fiducial/watch-state/v1\n\nlog\n";
    let witness = "\nwitness witness.example/one\n";
    put("watch.state", format!("{header}{newest}{witness}{cosigned}").as_bytes());
    put("other.state", format!("{header}{fork}").as_bytes());
    let path = format!("witness{}", monitoring_path(&support::origin()));
    fs::create_dir_all(folder.join(&path).parent().unwrap()).unwrap();
    put(&path, &cosigned.to_bytes());

    let leaves: Vec<spec::Hash> =
        log.entries.iter().map(|entry| spec::hash::leaf_hash(entry)).collect();
    let hashes = vec![spec::hash::node_hash(leaves[0], leaves[1]), leaves[2]];
    let split = Split::new(fork.clone(), newest, hashes.clone()).unwrap();
    let name = format!("split-2-3-{}.txt", &spec::Hash::of(&split.to_bytes()).to_hex()[..8]);
    put(&name, &split.to_bytes());
    put("split.txt", &split.to_bytes());
    // The same hashes with a checkpoint that the newer one does continue.
    let sound = Split::new(cosigned, log.checkpoint(3), hashes).unwrap();
    put("no-split.txt", &sound.to_bytes());
}

fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for item in fs::read_dir(next).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(folder).unwrap().to_path_buf(), bytes);
            }
        }
    }
    files
}
