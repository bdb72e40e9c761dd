//! Multi-proofs: several leaves of one small tree, with the hashes that are missing to its root.
//!
//! Rule: `spec/text/evidence.md`, "Multi-proofs". Vectors: `spec/vectors/evidence/multiproof/`.
//!
//! The proof lists, layer by layer from the leaves up and from left to right, every sibling that
//! cannot be computed from the leaves shown. A node without a right neighbour moves up unchanged,
//! as RFC 6962, section 2.1, has it.
//!
//! Danger: `rs_merkle` makes these proofs, but its own `verify` accepts forgeries: a wrong leaf
//! beside a right one at a repeated index, an index beyond the tree, a wrong total, trailing
//! hashes. So it is used as a prover only. [`root`] is our own, and refuses before it hashes unless
//! the indices ascend strictly, lie below the size, and the proof has exactly the length that
//! indices and size require. The caller must bind the size by a commitment.

use alloc::vec::Vec;

use rs_merkle::{Hasher, MerkleTree};

use crate::hash::{HASH_SIZE, Hash};

/// Why a multi-proof cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MultiProofError {
    /// No leaf is shown.
    #[error("a multi-proof shows at least one leaf")]
    Empty,
    /// An index is at or beyond the size.
    #[error("index {index} lies beyond a tree of {size}")]
    IndexBeyondTree {
        /// The index.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// An index is repeated or smaller than the one before it.
    #[error("index {index} does not come after the one before it")]
    Order {
        /// The index out of order.
        index: u64,
    },
    /// The proof has another length than indices and size require.
    #[error("the multi-proof has {have} hashes where {want} are required")]
    ProofLength {
        /// Hashes in the proof.
        have: usize,
        /// Hashes that indices and size require.
        want: usize,
    },
}

/// Computes the root of the tree of `size` leaves that `leaves` and `proof` belong to.
///
/// `leaves` are pairs of index and leaf hash. The caller compares the root with a committed one;
/// `size` must be committed with it, else the proof does not fix positions. Hashes at most
/// 64 nodes for each leaf.
pub fn root(leaves: &[(u64, Hash)], size: u64, proof: &[Hash]) -> Result<Hash, MultiProofError> {
    let mut indices: Vec<u64> = leaves.iter().map(|(index, _)| *index).collect();
    let want = proof_length(&indices, size)?;
    if proof.len() != want {
        return Err(MultiProofError::ProofLength { have: proof.len(), want });
    }
    let mut hashes: Vec<Hash> = leaves.iter().map(|(_, hash)| *hash).collect();
    let mut siblings = proof.iter().copied();
    let mut width = size;
    while width > 1 {
        let mut above = Vec::with_capacity(hashes.len());
        walk_layer(&mut indices, width, |step| {
            let missing = "the length check has counted every missing sibling";
            above.push(match step {
                Step::Alone(at) => hashes[at],
                Step::Pair(at) => Sha256Node::pair(hashes[at], hashes[at + 1]),
                Step::MissingLeft(at) => {
                    Sha256Node::pair(siblings.next().expect(missing), hashes[at])
                }
                Step::MissingRight(at) => {
                    Sha256Node::pair(hashes[at], siblings.next().expect(missing))
                }
            });
        });
        hashes = above;
        width = width.div_ceil(2);
    }
    Ok(hashes[0])
}

/// Counts the hashes that a proof for `indices` in a tree of `size` has; refuses indices that are
/// none, repeated, descending or beyond the tree.
pub fn proof_length(indices: &[u64], size: u64) -> Result<usize, MultiProofError> {
    check_indices(indices, size)?;
    let (mut indices, mut width, mut count) = (indices.to_vec(), size, 0);
    while width > 1 {
        walk_layer(&mut indices, width, |step| {
            count += usize::from(matches!(step, Step::MissingLeft(_) | Step::MissingRight(_)));
        });
        width = width.div_ceil(2);
    }
    Ok(count)
}

/// Proves the leaves at `indices` of the tree over `leaves`. Hashes the whole tree once.
pub fn prove(leaves: &[Hash], indices: &[u64]) -> Result<Vec<Hash>, MultiProofError> {
    check_indices(indices, leaves.len() as u64)?;
    let places: Vec<usize> = indices
        .iter()
        .map(|index| usize::try_from(*index).expect("an index below a slice's length"))
        .collect();
    let raw: Vec<[u8; HASH_SIZE]> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
    let proof = MerkleTree::<Sha256Node>::from_leaves(&raw).proof(&places);
    Ok(proof.proof_hashes().iter().map(|bytes| Hash::from_bytes(*bytes)).collect())
}

/// Computes the root over `leaves`, given as leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let raw: Vec<[u8; HASH_SIZE]> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
    MerkleTree::<Sha256Node>::from_leaves(&raw).root().map_or(Hash::EMPTY_ROOT, Hash::from_bytes)
}

fn check_indices(indices: &[u64], size: u64) -> Result<(), MultiProofError> {
    let mut before = None;
    for &index in indices {
        if index >= size {
            return Err(MultiProofError::IndexBeyondTree { index, size });
        }
        if before.is_some_and(|before| index <= before) {
            return Err(MultiProofError::Order { index });
        }
        before = Some(index);
    }
    if before.is_none() { Err(MultiProofError::Empty) } else { Ok(()) }
}

/// What one node of a layer needs to become a node of the next. Numbers are places in the layer's
/// list of known nodes.
enum Step {
    Alone(usize),
    MissingLeft(usize),
    MissingRight(usize),
    Pair(usize),
}

/// Visits the known nodes of a layer `width` wide, left to right, and replaces `indices` by those
/// of their parents. Both the count and the fold go through here, so they cannot disagree.
fn walk_layer(indices: &mut Vec<u64>, width: u64, mut visit: impl FnMut(Step)) {
    let mut parents = Vec::with_capacity(indices.len());
    let mut at = 0;
    while let Some(&index) = indices.get(at) {
        parents.push(index >> 1);
        let neighbour_known = index & 1 == 0 && indices.get(at + 1) == Some(&(index + 1));
        visit(match index & 1 {
            1 => Step::MissingLeft(at),
            _ if neighbour_known => Step::Pair(at),
            _ if index + 1 == width => Step::Alone(at),
            _ => Step::MissingRight(at),
        });
        at += if neighbour_known { 2 } else { 1 };
    }
    *indices = parents;
}

/// RFC 6962's inner node for `rs_merkle`, which hands over left and right joined. A lone left node
/// is moved up unchanged by its default.
#[derive(Clone)]
struct Sha256Node;

impl Sha256Node {
    fn pair(left: Hash, right: Hash) -> Hash {
        crate::hash::node_hash(left, right)
    }
}

impl Hasher for Sha256Node {
    type Hash = [u8; HASH_SIZE];

    fn hash(data: &[u8]) -> [u8; HASH_SIZE] {
        *Hash::of_parts(&[&[0x01], data]).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::tree::root_of_leaves;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn chosen(leaves: &[Hash], bits: u64) -> Vec<(u64, Hash)> {
        (0..leaves.len() as u64)
            .filter(|index| bits >> index & 1 == 1)
            .map(|index| (index, leaves[usize::try_from(index).unwrap()]))
            .collect()
    }

    #[test]
    fn every_choice_of_leaves_up_to_nine_gives_the_tree_s_root() {
        for size in 1..=9 {
            let all = leaves(size);
            let want = root_of_leaves(&all);
            assert_eq!(root_of(&all), want);
            for bits in 1..1_u64 << size {
                let shown = chosen(&all, bits);
                let indices: Vec<u64> = shown.iter().map(|(index, _)| *index).collect();
                let proof = prove(&all, &indices).unwrap();
                assert_eq!(root(&shown, size, &proof), Ok(want), "size {size}, bits {bits:b}");
            }
        }
    }

    #[test]
    fn single_proofs_are_rfc_6962_s() {
        for size in 1..=70 {
            let all = leaves(size);
            let tree = crate::tree::Tree::new(size, root_of_leaves(&all)).unwrap();
            for index in 0..size {
                let proof = prove(&all, &[index]).unwrap();
                let leaf = all[usize::try_from(index).unwrap()];
                assert_eq!(crate::tree::verify_inclusion(leaf, index, tree, &proof), Ok(()));
            }
        }
    }

    #[test]
    fn every_flipped_bit_of_a_leaf_or_a_proof_gives_another_root() {
        let all = leaves(13);
        let want = root_of_leaves(&all);
        let shown = chosen(&all, 0b1_0100_0010_0110);
        let indices: Vec<u64> = shown.iter().map(|(index, _)| *index).collect();
        let proof = prove(&all, &indices).unwrap();
        let flip = |hash: Hash, bit: usize| {
            let mut bytes = *hash.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            Hash::from_bytes(bytes)
        };
        for bit in 0..256 {
            for at in 0..shown.len() {
                let mut forged = shown.clone();
                forged[at].1 = flip(forged[at].1, bit);
                assert_ne!(root(&forged, 13, &proof), Ok(want));
            }
            for at in 0..proof.len() {
                let mut forged = proof.clone();
                forged[at] = flip(forged[at], bit);
                assert_ne!(root(&shown, 13, &forged), Ok(want));
            }
        }
    }

    #[test]
    fn the_forgeries_that_the_prover_s_own_verify_accepts_are_refused() {
        let all = leaves(6);
        let (good, wrong) = (all[2], leaf_hash(b"forged"));
        let proof = prove(&all, &[2]).unwrap();
        let refused = |shown: &[(u64, Hash)], size, proof: &[Hash]| root(shown, size, proof);
        let repeated = [(2, wrong), (2, good)];
        assert_eq!(refused(&repeated, 6, &proof), Err(MultiProofError::Order { index: 2 }));
        let descending = [(3, all[3]), (2, good)];
        assert_eq!(refused(&descending, 6, &proof), Err(MultiProofError::Order { index: 2 }));
        let beyond = [(6, good)];
        let error = MultiProofError::IndexBeyondTree { index: 6, size: 6 };
        assert_eq!(refused(&beyond, 6, &proof), Err(error));
        let longer = [proof.as_slice(), &[wrong]].concat();
        let error = MultiProofError::ProofLength { have: 4, want: 3 };
        assert_eq!(refused(&[(2, good)], 6, &longer), Err(error));
        let error = MultiProofError::ProofLength { have: 2, want: 3 };
        assert_eq!(refused(&[(2, good)], 6, &proof[..2]), Err(error));
        assert_eq!(refused(&[], 6, &proof), Err(MultiProofError::Empty));
        let error = MultiProofError::ProofLength { have: 3, want: 4 };
        assert_eq!(refused(&[(2, good)], 11, &proof), Err(error));
    }
}
