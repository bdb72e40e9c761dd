//! Multi-proofs: honest ones from the literal reading, and the forgeries that a checker without
//! the strict steps accepts.

use super::File;
use crate::literal::{Bytes32, base64, multiproof, root, sha256};

/// What a checker is given.
struct Claim {
    size: u64,
    root: Bytes32,
    leaves: Vec<(u64, Bytes32)>,
    proof: Vec<Bytes32>,
}

fn leaf(index: u64) -> Bytes32 {
    sha256(&[&[0], &index.to_be_bytes()])
}

fn honest(size: u64, shown: &[u64]) -> Claim {
    let all: Vec<Bytes32> = (0..size).map(leaf).collect();
    let leaves = shown.iter().map(|index| (*index, leaf(*index))).collect();
    Claim { size, root: root(&all), leaves, proof: multiproof(&all, shown) }
}

/// The proof of leaf 2 of six, changed.
fn altered(change: impl Fn(&mut Claim)) -> Claim {
    let mut claim = honest(6, &[2]);
    change(&mut claim);
    claim
}

pub(super) fn files() -> Vec<File> {
    [accepted(), refused_unread(), refused_by_root()].into_iter().flatten().collect()
}

fn file(name: &str, expect: &str, comment: &str, claim: Claim) -> File {
    let Claim { size, root, leaves, proof } = claim;
    let mut text = format!("expect: {expect}\ncomment: {comment}\nsize: {size}\n");
    text += &format!("root: {}\n", base64(&root));
    leaves.iter().for_each(|(at, leaf)| text += &format!("leaf: {at} {}\n", base64(leaf)));
    proof.iter().for_each(|hash| text += &format!("proof: {}\n", base64(hash)));
    (name.to_string(), format!("{text}\n").into_bytes())
}

fn accepted() -> Vec<File> {
    let eleven: Vec<u64> = (0..11).collect();
    let wide = [0, 1, 17, 63, 64, 98, 99];
    vec![
        file("one-of-one", "ok", "the leaf is the root", honest(1, &[0])),
        file("one-of-six", "ok", "RFC 6962's own inclusion proof", honest(6, &[2])),
        file("two-of-five", "ok", "the page's example", honest(5, &[1, 4])),
        file("last-of-seven", "ok", "a leaf that moves up unpaired", honest(7, &[6])),
        file("all-of-eleven", "ok", "no hash is missing", honest(11, &eleven)),
        file("some-of-hundred", "ok", "a wide tree", honest(100, &wide)),
        // Nothing but a committed size can tell these two trees apart.
        file("size-not-committed", "ok", "eight gives six's root: commit to the size", {
            altered(|claim| claim.size = 8)
        }),
    ]
}

fn refused_unread() -> Vec<File> {
    let forged = sha256(&[b"forged"]);
    vec![
        file("nothing-shown", "Empty", "a proof of nothing", {
            altered(|claim| claim.leaves.clear())
        }),
        file("index-repeated", "Order", "a forged leaf before the true one", {
            altered(|claim| claim.leaves.insert(0, (2, forged)))
        }),
        file("index-repeated-behind", "Order", "a forged leaf behind the true one", {
            altered(|claim| claim.leaves.push((2, forged)))
        }),
        file("index-descending", "Order", "both leaves are true", {
            altered(|claim| claim.leaves.insert(0, (3, leaf(3))))
        }),
        file("index-at-size", "IndexBeyondTree", "the first index that is not there", {
            altered(|claim| claim.leaves[0].0 = 6)
        }),
        file("index-beyond", "IndexBeyondTree", "an index whose low bits are right", {
            altered(|claim| claim.leaves[0].0 = 10)
        }),
        file("proof-too-long", "ProofLength", "a hash that nobody would look at", {
            altered(|claim| claim.proof.push(forged))
        }),
        file("proof-too-short", "ProofLength", "the last hash is missing", {
            altered(|claim| claim.proof.truncate(2))
        }),
        file("size-smaller", "ProofLength", "a tree of four", altered(|claim| claim.size = 4)),
    ]
}

fn refused_by_root() -> Vec<File> {
    let forged = sha256(&[b"forged"]);
    vec![
        file("leaf-forged", "another root", "one leaf", {
            altered(|claim| claim.leaves[0].1 = forged)
        }),
        file("hash-forged", "another root", "one hash", altered(|claim| claim.proof[1] = forged)),
        file("index-moved", "another root", "a true leaf elsewhere", {
            altered(|claim| claim.leaves[0].0 = 3)
        }),
    ]
}
