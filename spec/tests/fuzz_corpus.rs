//! A short run of every fuzz target on stable: the corpus, every vector, and seeded changes of both.
//!
//! The long run is `cargo +nightly fuzz run <target>` in `fuzz/`. A failure here names the target,
//! the seed and the round, which repeat it exactly.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "../../fuzz/changes.rs"]
mod changes;
#[path = "fuzz_targets/mod.rs"]
#[allow(unreachable_pub, reason = "the module is public in the fuzz workspace")]
mod fuzz_targets;

use std::fs;
use std::path::Path;

use changes::files_below;
use fuzz_targets::TARGETS;

/// How many changed inputs each target gets.
const ROUNDS: u64 = 20_000;

/// Longer seeds are cut: large inputs are for the long run.
const MAX_SEED: usize = 16 * 1024;

/// The corpus of a target, and the bytes under test of every vector.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = files_below(&root.join("../fuzz/corpus").join(target));
    // The vectors alone would hide it.
    assert!(!corpus.is_empty(), "the corpus of {target} is empty");
    let vectors = files_below(&root.join("vectors")).into_iter().map(|file| {
        let split = file.windows(2).position(|two| two == b"\n\n").map_or(0, |at| at + 2);
        file[split..].to_vec()
    });
    let all = corpus.into_iter().chain(vectors);
    all.map(|mut seed| {
        seed.truncate(MAX_SEED);
        seed
    })
    .collect()
}

#[test]
fn no_target_panics_on_its_corpus_the_vectors_and_changes_of_them() {
    for (name, target) in TARGETS {
        changes::run((name, target), &seeds(name), ROUNDS, 2 * MAX_SEED);
    }
}

#[test]
fn every_target_has_a_program_under_libfuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
