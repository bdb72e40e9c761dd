//! A short run of every fuzz target on stable: the corpus, every vector, and seeded changes of both.
//!
//! The long run is `cargo +nightly fuzz run <target>` in `fuzz/`. A failure here names the target,
//! the seed and the round, which repeat it exactly.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "fuzz_targets/mod.rs"]
#[allow(unreachable_pub, reason = "the module is public in the fuzz workspace")]
mod fuzz_targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz_targets::{TARGETS, Target};

/// How many changed inputs each target gets.
const ROUNDS: u64 = 20_000;

/// Longer seeds are cut: large inputs are for the long run.
const MAX_SEED: usize = 16 * 1024;

/// A small generator of numbers (SplitMix64), so that a seed is all a failure needs.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn files_below(folder: &Path) -> Vec<Vec<u8>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(next).unwrap().map(|item| item.unwrap().path()).collect();
        // A fixed order, or a seed would mean something else on another machine.
        paths.sort();
        for path in paths {
            if path.is_dir() { folders.push(path) } else { files.push(fs::read(path).unwrap()) }
        }
    }
    files
}

/// The corpus of a target, and the bytes under test of every vector.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = files_below(&root.join("../fuzz/corpus").join(target));
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

/// Changes an input in one to four places: a bit, a byte, a cut, a repetition, a splice.
fn change(input: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut changed = input.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(changed.len() + 1);
        let end = at + numbers.below(changed.len() + 1 - at);
        match numbers.below(6) {
            0 if at < changed.len() => changed[at] ^= 1 << numbers.below(8),
            1 if at < changed.len() => changed[at] = numbers.next() as u8,
            2 => changed.truncate(at),
            3 => drop(changed.drain(at..end)),
            4 => {
                let part = changed[at..end].to_vec();
                changed.splice(at..at, part);
            }
            _ => {
                let from = numbers.below(other.len() + 1);
                let to = from + numbers.below(other.len() + 1 - from);
                changed.splice(at..end, other[from..to].iter().copied());
            }
        }
        changed.truncate(2 * MAX_SEED);
    }
    changed
}

fn run((name, target): Target) {
    let seeds = seeds(name);
    for seed in &seeds {
        target(seed);
    }
    let mut numbers = Numbers(0x6669_6475_6369_616c);
    for round in 0..ROUNDS {
        let (input, other) = (numbers.below(seeds.len()), numbers.below(seeds.len()));
        let changed = change(&seeds[input], &seeds[other], &mut numbers);
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&changed)));
        assert!(outcome.is_ok(), "{name}, round {round}: {}", changed.escape_ascii());
    }
}

#[test]
fn no_target_panics_on_its_corpus_the_vectors_and_changes_of_them() {
    for target in TARGETS {
        run(target);
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
