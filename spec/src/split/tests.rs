//! Tests of splits: every pair of sizes, every flipped bit, every way to prove nothing.

use super::*;
use crate::hash::leaf_hash;
use crate::key::{KeyName, SigningKey};
use crate::tree::{Node, root_of_leaves};
use alloc::format;
use alloc::string::String;
use alloc::vec;

const ORIGIN: &str = "log.example";

fn key(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::parse(name).unwrap(), algorithm, &[seed; 32]).unwrap()
}

fn log_key() -> SigningKey {
    key(ORIGIN, Algorithm::NoteEd25519, 1)
}

fn keys() -> Vec<VerifierKey> {
    vec![log_key().verifier().clone()]
}

/// The leaves of a history; those from `fork` on belong to another one.
fn leaves(count: usize, fork: usize) -> Vec<Hash> {
    let leaf =
        |at: usize| leaf_hash(format!("{at}{}", if at < fork { "" } else { "!" }).as_bytes());
    (0..count).map(leaf).collect()
}

fn tree(leaves: &[Hash]) -> Tree {
    Tree::new(leaves.len() as u64, root_of_leaves(leaves)).unwrap()
}

fn signed(tree: Tree) -> Note {
    let text = Checkpoint::new(Origin::parse(ORIGIN).unwrap(), tree).to_string();
    Note::new(text.clone(), vec![log_key().sign_note(&text)])
}

fn beginning(leaves: &[Hash], older: usize) -> Vec<Hash> {
    let plan = plan_beginning_of(older as u64, leaves.len() as u64).unwrap();
    let hash = |node: &Node| {
        let start = (node.index << node.level) as usize;
        root_of_leaves(&leaves[start..node.end() as usize])
    };
    plan.fold(&plan.nodes().iter().map(hash).collect::<Vec<_>>())
}

/// A fork behind three common leaves: sizes 5 and 7.
fn sample() -> Split {
    let (one, other) = (leaves(5, 99), leaves(7, 3));
    Split::new(signed(tree(&one)), signed(tree(&other)), beginning(&other, 5)).unwrap()
}

#[test]
fn every_fork_of_every_two_sizes_is_proven_and_no_true_continuation_is() {
    for newer in 1..=20_usize {
        for older in 1..=newer {
            for fork in 0..=older {
                let (one, other) = (leaves(older, 99), leaves(newer, fork));
                let hashes = if older == newer { Vec::new() } else { beginning(&other, older) };
                let split = Split::new(signed(tree(&one)), signed(tree(&other)), hashes).unwrap();
                assert_eq!(Split::parse(&split.to_bytes()).as_ref(), Ok(&split));
                let proven = split.prove(&keys());
                if fork == older {
                    assert_eq!(proven, Err(NotProven::Agree), "{older} of {newer}");
                    continue;
                }
                let proven = proven.unwrap();
                assert_eq!((proven.older(), proven.newer()), (tree(&one), tree(&other)));
                assert_eq!(proven.beginning(), root_of_leaves(&other[..older]));
            }
        }
    }
}

#[test]
fn every_flipped_bit_leaves_nothing_proven() {
    let same = Split::new(signed(tree(&leaves(4, 99))), signed(tree(&leaves(4, 2))), Vec::new());
    for split in [sample(), same.unwrap()] {
        assert!(split.prove(&keys()).is_ok());
        let bytes = split.to_bytes();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let proven = Split::parse(&changed).is_ok_and(|split| split.prove(&keys()).is_ok());
                assert!(!proven, "byte {place}, bit {bit}");
            }
        }
    }
}

#[test]
fn hashes_left_out_added_or_swapped_prove_nothing() {
    let split = sample();
    let with = |hashes: Vec<Hash>| Split { hashes, ..split.clone() }.prove(&keys());
    let sound = split.hashes.clone();
    let (have, want) = (sound.len(), sound.len());
    assert_eq!(with(Vec::new()), Err(NotProven::NoHashes { older: 5, newer: 7 }));
    for (hashes, have) in
        [(sound[1..].to_vec(), have - 1), ([&sound[..], &[Hash::ZERO]].concat(), have + 1)]
    {
        assert_eq!(with(hashes), Err(BeginningError::Length { have, want }.into()));
    }
    for at in 1..sound.len() {
        let mut hashes = sound.clone();
        hashes.swap(0, at);
        let elsewhere =
            matches!(with(hashes), Err(NotProven::Beginning(BeginningError::AnotherTree { .. })));
        assert!(elsewhere, "hash {at}");
    }
    let same = Split::new(signed(tree(&leaves(4, 99))), signed(tree(&leaves(4, 2))), sound);
    let refused = same.unwrap().prove(&keys());
    assert_eq!(refused, Err(BeginningError::Length { have, want: 0 }.into()));
}

#[test]
fn only_the_logs_own_word_counts() {
    let split = sample();
    let origin = Origin::parse(ORIGIN).unwrap();
    let proven = |keys: &[VerifierKey]| split.prove(keys).unwrap_err();
    let unknown = HeadError::UnknownLog { origin: origin.clone() };
    assert_eq!(proven(&[]), NotProven::Older(unknown.clone()));
    let stranger = key("other.example", Algorithm::NoteEd25519, 1);
    assert_eq!(proven(&[stranger.verifier().clone()]), NotProven::Older(unknown.clone()));
    // A witness that bears the log's name is not the log.
    let witness = key(ORIGIN, Algorithm::CosignatureEd25519, 1);
    assert_eq!(proven(&[witness.verifier().clone()]), NotProven::Older(unknown));
    let other = key(ORIGIN, Algorithm::NoteEd25519, 2);
    let not_signed = HeadError::NotSigned { origin: origin.clone() };
    assert_eq!(proven(&[other.verifier().clone()]), NotProven::Older(not_signed));
    // A bad line of a known key spoils the note, even beside a good one.
    let mut line = log_key().sign_note(split.newer.text());
    line.bytes[3] ^= 1;
    let lines = [split.newer.signatures(), &[line]].concat();
    let newer = Note::new(split.newer.text().to_string(), lines);
    let spoilt = Split { newer, ..split.clone() }.prove(&keys());
    assert_eq!(spoilt, Err(NotProven::Newer(HeadError::BadSignature { origin })));
}

#[test]
fn two_logs_and_the_empty_tree_contradict_nothing() {
    let text = Checkpoint::new(Origin::parse("b.example").unwrap(), tree(&leaves(7, 3)));
    let other = key("b.example", Algorithm::NoteEd25519, 7);
    let text = text.to_string();
    let note = Note::new(text.clone(), vec![other.sign_note(&text)]);
    let split = Split::new(signed(tree(&leaves(5, 99))), note, Vec::new()).unwrap();
    let both = [keys(), vec![other.verifier().clone()]].concat();
    assert!(matches!(split.prove(&both), Err(NotProven::TwoLogs { .. })));
    let empty = Split::new(signed(Tree::EMPTY), signed(tree(&leaves(5, 99))), Vec::new());
    assert_eq!(empty.unwrap().prove(&keys()), Err(NotProven::Agree));
}

#[test]
fn the_smaller_tree_comes_first() {
    let (one, other) = (signed(tree(&leaves(5, 99))), signed(tree(&leaves(7, 3))));
    let hashes = beginning(&leaves(7, 3), 5);
    let split = Split::new(other.clone(), one.clone(), hashes).unwrap();
    assert_eq!(split, sample());
    let swapped = Split { older: other, newer: one, ..split };
    let error = Split::parse(&swapped.to_bytes());
    assert_eq!(error, Err(SplitError::Order { older: 7, newer: 5 }));
}

#[test]
fn malformed_files_are_refused_by_name() {
    let text = sample().to_string();
    let hash = format!("{}\n", sample().hashes[0]);
    let cases: [(String, SplitError); 9] = [
        (String::new(), SplitError::Header),
        (text.replace("/v1", "/v2"), SplitError::Header),
        (text.replace(&hash, "AAAA\n"), SplitError::Hash { at: 1 }),
        (text.replace(&hash, &hash.repeat(MAX_SPLIT_HASHES + 1)), SplitError::TooManyHashes),
        (format!("{HEADER}\n"), SplitError::Hash { at: 1 }),
        (text.split_once("\n\n").unwrap().0.to_string(), SplitError::Parts),
        (text[..text.len() - 1].to_string(), NoteError::NoSignatures.into()),
        (text.replace("example\n7", "example\n07"), CheckpointError::Size.into()),
        (format!("{text}\n"), NoteError::NoSignatures.into()),
    ];
    for (text, want) in cases {
        assert_eq!(Split::parse(text.as_bytes()), Err(want), "{text:?}");
    }
    let large = vec![b'a'; MAX_SPLIT_SIZE + 1];
    assert!(matches!(Split::parse(&large), Err(SplitError::TooLarge { .. })));
    assert_eq!(Split::parse(b"\xff"), Err(SplitError::Utf8));
}
