//! One leaf's path out of a multi-proof, for who climbs a tree by hand.
//!
//! A multi-proof leaves out what can be computed from the leaves shown. By hand one leaf is enough, if
//! the hashes beside its path are written out; they need not be believed, since no other path leads to
//! the same root.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::Hash;
use crate::hash::node_hash;

/// A neighbour on the way up, and the side on which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Left(Hash),
    Right(Hash),
}

/// The path of `target` among the shown `leaves` of a tree of `size`; `None` if the proof does not fit.
pub(super) fn path_of(
    target: u64,
    mut layer: BTreeMap<u64, Hash>,
    size: u64,
    proof: &[Hash],
) -> Option<Vec<Step>> {
    let (mut steps, mut at, mut width) = (Vec::new(), target, size);
    let mut missing = proof.iter();
    while width > 1 {
        let mut above = BTreeMap::new();
        let indices: Vec<u64> = layer.keys().copied().collect();
        for index in indices {
            let (left, right) = (index & !1, index | 1);
            if above.contains_key(&(index >> 1)) {
                continue;
            }
            // The last node of an odd layer has no neighbour and moves up as it is.
            if right >= width {
                above.insert(index >> 1, layer[&index]);
                continue;
            }
            let mut of = |index| match layer.get(&index) {
                Some(known) => Some(*known),
                None => missing.next().copied(),
            };
            let pair = [of(left)?, of(right)?];
            if left == at & !1 {
                steps.push(if at == left { Step::Right(pair[1]) } else { Step::Left(pair[0]) });
            }
            above.insert(index >> 1, node_hash(pair[0], pair[1]));
        }
        (layer, at, width) = (above, at >> 1, width.div_ceil(2));
    }
    missing.next().is_none().then_some(steps)
}

/// The path of an inclusion proof, whose hashes come from the leaf up.
pub(super) fn path_in_log(index: u64, size: u64, proof: &[Hash]) -> Option<Vec<Step>> {
    // One shown leaf: what is missing is then exactly the path.
    path_of(index, BTreeMap::from([(index, Hash::ZERO)]), size, proof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::multiproof::{prove, root_of};
    use crate::hash::leaf_hash;

    #[test]
    fn every_leaf_of_every_small_multi_proof_climbs_to_the_root() {
        for size in 1..=9_u64 {
            let all: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            for bits in 1..1_u64 << size {
                let shown: Vec<u64> = (0..size).filter(|at| bits >> at & 1 == 1).collect();
                let leaf = |at: &u64| all[usize::try_from(*at).unwrap()];
                let leaves: BTreeMap<u64, Hash> = shown.iter().map(|at| (*at, leaf(at))).collect();
                let proof = prove(&all, &shown).unwrap();
                for target in &shown {
                    let steps = path_of(*target, leaves.clone(), size, &proof).unwrap();
                    let climbed = steps.iter().fold(leaf(target), |node, step| match step {
                        Step::Left(left) => node_hash(*left, node),
                        Step::Right(right) => node_hash(node, *right),
                    });
                    assert_eq!(climbed, root_of(&all), "{target} of {size}, {bits:b}");
                }
                let longer = [&proof[..], &[Hash::ZERO]].concat();
                assert_eq!(path_of(shown[0], leaves.clone(), size, &longer), None);
            }
        }
    }
}
