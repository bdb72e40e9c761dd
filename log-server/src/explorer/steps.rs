//! An inclusion proof, step by step: what is hashed with what, and which entries each hash is over.
//!
//! Rule: RFC 9162, section 2.1.3.2. Pure. The verifier is elsewhere; this shows its work, and ends at
//! a root that the caller compares with the signed one.

use spec::Hash;
use spec::hash::node_hash;

/// On which side the other hash stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A hash, and the entries below it: from `first` up to and without `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subtree {
    pub(super) hash: Hash,
    pub(super) first: u64,
    pub(super) end: u64,
}

/// One step: a hash of the proof beside what is known so far, and what they make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) side: Side,
    pub(super) sibling: Subtree,
    pub(super) result: Subtree,
}

/// The steps from the leaf `index` to the root of `size` entries; `None` if the proof has another
/// length than this place in this tree has. At most 64 steps.
pub(super) fn steps(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Vec<Step>> {
    let last = size.checked_sub(1).filter(|last| index <= *last)?;
    let (mut node, mut last, mut level) = (index, last, 0);
    let mut hash = leaf;
    let mut rest = proof.iter();
    let mut steps = Vec::with_capacity(proof.len());
    while last > 0 {
        // A node that is last and has no sibling goes up as it is.
        if node != last || node & 1 == 1 {
            let sibling = subtree(*rest.next()?, node ^ 1, level, size);
            let side = if node & 1 == 1 { Side::Left } else { Side::Right };
            hash = match side {
                Side::Left => node_hash(sibling.hash, hash),
                Side::Right => node_hash(hash, sibling.hash),
            };
            let result = subtree(hash, node >> 1, level + 1, size);
            steps.push(Step { side, sibling, result });
        }
        (node, last, level) = (node >> 1, last >> 1, level + 1);
    }
    rest.next().is_none().then_some(steps)
}

/// The entries below a node. At the top, its end may be beyond all numbers: the tree's end is not.
fn subtree(hash: Hash, node: u64, level: u32, size: u64) -> Subtree {
    let first = u128::from(node) << level;
    let end = (first + (1 << level)).min(u128::from(size));
    let inside = "a node of the tree begins inside it";
    Subtree { hash, first: first.try_into().expect(inside), end: end.try_into().expect(inside) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::hash::leaf_hash;
    use spec::tree::root_of_leaves;

    /// The proof by the definition of RFC 6962, section 2.1.1.
    fn proof(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut proof, other) = if index < split {
            (proof(index, left), right)
        } else {
            (proof(index - split, right), left)
        };
        proof.push(root_of_leaves(other));
        proof
    }

    #[test]
    fn every_step_is_over_the_entries_that_it_says_and_the_last_is_the_root() {
        let leaves: Vec<Hash> = (0..40_u8).map(|at| leaf_hash(&[at])).collect();
        for size in 1..=leaves.len() {
            for index in 0..size {
                let proof = proof(index, &leaves[..size]);
                let steps = steps(leaves[index], index as u64, size as u64, &proof).unwrap();
                assert_eq!(steps.len(), proof.len());
                for step in &steps {
                    for part in [step.sibling, step.result] {
                        let below = &leaves[part.first as usize..part.end as usize];
                        assert_eq!(part.hash, root_of_leaves(below), "{index} in {size}");
                    }
                }
                let root = steps.last().map_or(leaves[index], |step| step.result.hash);
                assert_eq!(root, root_of_leaves(&leaves[..size]));
            }
        }
    }

    #[test]
    fn a_proof_of_another_length_or_place_has_no_steps() {
        let hash = Hash::ZERO;
        assert!(steps(hash, 0, 0, &[]).is_none());
        assert!(steps(hash, 3, 3, &[hash; 2]).is_none());
        assert!(steps(hash, 0, 4, &[hash; 1]).is_none());
        assert!(steps(hash, 0, 4, &[hash; 3]).is_none());
        assert_eq!(steps(hash, 0, 1, &[]), Some(Vec::new()));
    }

    #[test]
    fn the_largest_tree_has_64_steps() {
        let steps = steps(Hash::ZERO, 0, u64::MAX, &[Hash::ZERO; 64]).unwrap();
        let top = steps.last().unwrap();
        assert_eq!((top.result.first, top.result.end), (0, u64::MAX));
        assert_eq!((top.sibling.first, top.sibling.end), (1 << 63, u64::MAX));
    }
}
