//! The short run of a fuzz target on stable: its seeds, and seeded changes of them.
//!
//! `spec/tests/fuzz_corpus.rs` and `evidence-agent/src/fuzz_targets.rs` include this file by its path, so that
//! what one of them finds the other can repeat. A failure names the target and the round; the numbers begin
//! with one seed, so the two repeat it exactly.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

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

/// Every file below a folder.
pub(super) fn files_below(folder: &Path) -> Vec<Vec<u8>> {
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

/// Runs a target on its seeds, and on `rounds` changes of them of at most `max_size` bytes.
pub(super) fn run(
    (name, target): (&str, fn(&[u8])),
    seeds: &[Vec<u8>],
    rounds: u64,
    max_size: usize,
) {
    assert!(!seeds.is_empty(), "the corpus of {name} is empty");
    for seed in seeds {
        target(seed);
    }
    let mut numbers = Numbers(0x6669_6475_6369_616c);
    for round in 0..rounds {
        let (input, other) = (numbers.below(seeds.len()), numbers.below(seeds.len()));
        let changed = change(&seeds[input], &seeds[other], &mut numbers, max_size);
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&changed)));
        assert!(outcome.is_ok(), "{name}, round {round}: {}", changed.escape_ascii());
    }
}

/// Changes an input in one to four places: a bit, a byte, a cut, a repetition, a splice.
fn change(input: &[u8], other: &[u8], numbers: &mut Numbers, max_size: usize) -> Vec<u8> {
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
        changed.truncate(max_size);
    }
    changed
}
