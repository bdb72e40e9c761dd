//! The Merkle tree: what a root commits to, and how inclusion and consistency are shown.
//!
//! Rule: RFC 6962, sections 2.1 to 2.1.2; the verifiers follow RFC 9162, sections 2.1.3.2 and
//! 2.1.4.2. Vectors: `spec/vectors/tree/`.
//!
//! A root never travels without its size: [`Tree`] holds both. Proving happens in two steps. A
//! [`Plan`] says which complete subtrees ([`Node`]) must be read, and later turns their hashes
//! into the proof. Nothing here reads anything, so where hashes live is not this module's business.
//!
//! ```text
//! level 2        o            a node (level, index) covers the leaves
//! level 1    o       o        index << level  up to  (index + 1) << level
//! level 0  o   o   o   o   o
//! ```
//!
//! Out of scope: where hashes are stored (see [`crate::tile`]), how a tree grows (see
//! [`crate::frontier`]) and who signed a root (see [`crate::checkpoint`]).

use alloc::vec::Vec;

use crate::hash::{Hash, node_hash, node_hashes};

/// The longest inclusion proof of any tree whose size fits in 64 bits.
pub const MAX_INCLUSION_PROOF: usize = 64;

/// The longest consistency proof of any two such trees, and the limit of C2SP tlog-witness plus
/// two, which no tree below 2^62 leaves reaches.
pub const MAX_CONSISTENCY_PROOF: usize = 65;

/// A tree as others see it: how many leaves, and which root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tree {
    size: u64,
    root: Hash,
}

impl Tree {
    /// The tree without leaves.
    pub const EMPTY: Self = Self { size: 0, root: Hash::EMPTY_ROOT };

    /// Pairs a size with a root. `None` for size 0 with another root than the empty tree's.
    #[must_use]
    pub fn new(size: u64, root: Hash) -> Option<Self> {
        (size > 0 || root == Hash::EMPTY_ROOT).then_some(Self { size, root })
    }

    /// How many leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }
}

/// A complete subtree: `2^level` leaves from `index << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "two coordinates name a node, and always will")]
pub struct Node {
    /// The height above the leaves, 0 to 63.
    pub level: u8,
    /// The position among the nodes of its level, from 0.
    pub index: u64,
}

impl Node {
    /// The first leaf behind the node's own. Saturates for the one node that ends at 2^64.
    #[must_use]
    pub const fn end(self) -> u64 {
        let start = self.index << self.level;
        start.saturating_add(1 << self.level)
    }
}

/// Why an inclusion proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InclusionError {
    /// The index is not in the tree.
    #[error("index {index} is beyond a tree of {size} entries")]
    IndexBeyondTree {
        /// The index asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// Index and size allow exactly one length.
    #[error("the inclusion proof has {have} hashes where index and size require {want}")]
    ProofLength {
        /// Hashes given.
        have: usize,
        /// Hashes required.
        want: usize,
    },
    /// The proof leads to another root.
    #[error("the inclusion proof leads to another root ({computed})")]
    RootMismatch {
        /// Where it leads.
        computed: Hash,
    },
}

/// Why a consistency proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsistencyError {
    /// The proof leads to another root for the newer tree.
    #[error("the consistency proof leads to another root for the newer tree")]
    NewRootMismatch,
    /// The proof leads to another root for the older tree: history was rewritten.
    #[error("the consistency proof leads to another root for the older tree")]
    OldRootMismatch,
    /// The sizes allow exactly one length.
    #[error("the consistency proof has {have} hashes where the sizes require {want}")]
    ProofLength {
        /// Hashes given.
        have: usize,
        /// Hashes required.
        want: usize,
    },
    /// Same size, different roots: two histories.
    #[error("two different roots for the same size")]
    SameSizeOtherRoot,
    /// The "newer" tree is the smaller one.
    #[error("the tree shrank from {old} to {new} entries")]
    Shrank {
        /// The older size.
        old: u64,
        /// The newer, smaller size.
        new: u64,
    },
}

/// Checks that `proof` places the leaf with hash `leaf` at `index` in `tree`.
///
/// Reads at most 64 hashes; a proof of another length than required is refused unread.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    tree: Tree,
    proof: &[Hash],
) -> Result<(), InclusionError> {
    let want = inclusion_ranges(index, tree.size)?.len();
    if proof.len() != want {
        return Err(InclusionError::ProofLength { have: proof.len(), want });
    }

    // `node` and `last` climb together. Where `node` is the last of its level and even, it has no
    // sibling there and that level adds nothing to the proof. The length check above ends this.
    let (mut node, mut last, mut hash) = (index, tree.size - 1, leaf);
    for sibling in proof {
        while node == last && node & 1 == 0 {
            (node, last) = (node >> 1, last >> 1);
        }
        hash = if node & 1 == 1 { node_hash(*sibling, hash) } else { node_hash(hash, *sibling) };
        (node, last) = (node >> 1, last >> 1);
    }

    if hash == tree.root { Ok(()) } else { Err(InclusionError::RootMismatch { computed: hash }) }
}

/// Checks that `new` holds all of `old`'s leaves, in the same order, and only appends.
///
/// Between equal sizes, and from the empty tree, the proof is empty. Reads at most 65 hashes.
pub fn verify_consistency(old: Tree, new: Tree, proof: &[Hash]) -> Result<(), ConsistencyError> {
    let want = consistency_ranges(old.size, new.size)?.len();
    if proof.len() != want {
        return Err(ConsistencyError::ProofLength { have: proof.len(), want });
    }
    if old.size == new.size {
        let same = old.root == new.root;
        return if same { Ok(()) } else { Err(ConsistencyError::SameSizeOtherRoot) };
    }
    if old.size == 0 {
        return Ok(());
    }

    // If the climb starts at the whole old tree, its root is known and not part of the proof.
    let (start, rest) = match proof {
        [first, rest @ ..] if !old.size.is_power_of_two() => (*first, rest),
        all => (old.root, all),
    };
    let (old_hash, new_hash) = climb(old.size, new.size, start, rest);
    if old_hash != old.root {
        return Err(ConsistencyError::OldRootMismatch);
    }
    if new_hash == new.root { Ok(()) } else { Err(ConsistencyError::NewRootMismatch) }
}

/// Climbs to the roots of the trees of `old` and `new` leaves, 0 < `old` < `new`, from the largest
/// complete subtree that ends with the old tree's last leaf, whose hash is `start`.
///
/// The caller has checked that `rest` is as long as the sizes require.
pub(crate) fn climb(old: u64, new: u64, start: Hash, rest: &[Hash]) -> (Hash, Hash) {
    let height = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> height, (new - 1) >> height);
    let (mut old_hash, mut new_hash) = (start, start);
    for hash in rest {
        if node & 1 == 1 || node == last {
            old_hash = node_hash(*hash, old_hash);
            new_hash = node_hash(*hash, new_hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_hash = node_hash(new_hash, *hash);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (old_hash, new_hash)
}

/// Which nodes to read for a proof or a root, and how to fold what was read.
///
/// At most 64 hashes come out, and at most 64 nodes are read for a root or 2,080 for a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    nodes: Vec<Node>,
    /// How many of `nodes`, in order, fold into each hash of the result.
    widths: Vec<usize>,
}

impl Plan {
    /// The nodes to read, in the order in which [`Plan::fold`] wants their hashes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many hashes [`Plan::fold`] gives.
    #[must_use]
    pub const fn hash_count(&self) -> usize {
        self.widths.len()
    }

    /// Turns the hashes of [`Plan::nodes`] into the proof (or the one root).
    ///
    /// # Panics
    ///
    /// If there are not as many hashes as nodes: a bug of the caller.
    #[must_use]
    pub fn fold(&self, hashes: &[Hash]) -> Vec<Hash> {
        assert_eq!(hashes.len(), self.nodes.len(), "Plan::fold wants one hash a node");
        let mut rest = hashes;
        let fold_one = |width: &usize| {
            let (own, others) = rest.split_at(*width);
            rest = others;
            fold_right(own)
        };
        self.widths.iter().map(fold_one).collect()
    }

    fn of_ranges(ranges: &[Range]) -> Self {
        let mut plan = Self { nodes: Vec::new(), widths: Vec::new() };
        for range in ranges {
            let before = plan.nodes.len();
            plan.nodes.extend(complete_nodes(*range));
            plan.widths.push(plan.nodes.len() - before);
        }
        plan
    }
}

/// Plans the root of the first `size` leaves. Without leaves there is nothing to read, and the
/// fold is empty: the root is then [`Hash::EMPTY_ROOT`].
#[must_use]
pub fn plan_root(size: u64) -> Plan {
    if size == 0 { Plan::of_ranges(&[]) } else { Plan::of_ranges(&[Range { start: 0, end: size }]) }
}

/// Plans the inclusion proof of leaf `index` in the tree of `size` leaves.
pub fn plan_inclusion(index: u64, size: u64) -> Result<Plan, InclusionError> {
    inclusion_ranges(index, size).map(|ranges| Plan::of_ranges(&ranges))
}

/// Plans the consistency proof between the trees of `old` and `new` leaves.
pub fn plan_consistency(old: u64, new: u64) -> Result<Plan, ConsistencyError> {
    consistency_ranges(old, new).map(|ranges| Plan::of_ranges(&ranges))
}

/// Plans what determines the root at `old` inside the tree of `new` leaves, 0 < `old` < `new`: the
/// consistency proof, with the old tree itself in front where the proof leaves it out.
pub(crate) fn plan_beginning(old: u64, new: u64) -> Result<Plan, ConsistencyError> {
    let mut ranges = consistency_ranges(old, new)?;
    if old.is_power_of_two() && old < new {
        ranges.insert(0, Range { start: 0, end: old });
    }
    Ok(Plan::of_ranges(&ranges))
}

/// The root over `leaves`, given as leaf hashes. For small trees held in memory.
#[must_use]
pub fn root_of_leaves(leaves: &[Hash]) -> Hash {
    // Row by row. The last node of a row of odd length stands for itself in the row above: the largest
    // complete tree is then on the left at every node, as RFC 6962 splits.
    let mut row = leaves.to_vec();
    while row.len() > 1 {
        let mut above = node_hashes(&row);
        if row.len() % 2 == 1 {
            above.extend(row.last());
        }
        row = above;
    }
    row.pop().unwrap_or(Hash::EMPTY_ROOT)
}

/// Hashes complete subtrees of falling size, left to right, into the root over all of them.
pub(crate) fn fold_right(hashes: &[Hash]) -> Hash {
    let (last, others) = hashes.split_last().expect("a range holds at least one node");
    others.iter().rev().fold(*last, |right, left| node_hash(*left, right))
}

/// Leaves `start..end` under one RFC 6962 node, complete or cut off at the tree's right edge.
#[derive(Clone, Copy)]
struct Range {
    start: u64,
    end: u64,
}

impl Range {
    /// Splits below the node: the left child is the largest complete tree that leaves something.
    const fn split(self) -> (Self, Self) {
        let middle = self.start + (1 << (self.end - self.start - 1).ilog2());
        (Self { start: self.start, end: middle }, Self { start: middle, end: self.end })
    }
}

/// RFC 6962, section 2.1.1: the siblings from the leaf up.
fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range>, InclusionError> {
    if index >= size {
        return Err(InclusionError::IndexBeyondTree { index, size });
    }
    let mut siblings = Vec::new();
    let mut range = Range { start: 0, end: size };
    while range.end - range.start > 1 {
        let (left, right) = range.split();
        let (own, sibling) = if index < right.start { (left, right) } else { (right, left) };
        siblings.push(sibling);
        range = own;
    }
    siblings.reverse();
    Ok(siblings)
}

/// RFC 6962, section 2.1.2: SUBPROOF without the recursion.
fn consistency_ranges(old: u64, new: u64) -> Result<Vec<Range>, ConsistencyError> {
    if old > new {
        return Err(ConsistencyError::Shrank { old, new });
    }
    let mut ranges = Vec::new();
    if old == 0 || old == new {
        return Ok(ranges);
    }
    let mut range = Range { start: 0, end: new };
    while range.end != old {
        let (left, right) = range.split();
        let (own, other) = if old <= right.start { (left, right) } else { (right, left) };
        ranges.push(other);
        range = own;
    }
    // The old tree itself is known to the verifier; any other subtree must be given.
    if range.start != 0 {
        ranges.push(range);
    }
    ranges.reverse();
    Ok(ranges)
}

/// The complete subtrees of a range, left to right, from large to small.
fn complete_nodes(range: Range) -> impl Iterator<Item = Node> {
    let mut start = range.start;
    core::iter::from_fn(move || {
        let left = range.end - start;
        if left == 0 {
            return None;
        }
        // An RFC 6962 range starts at a multiple of its largest complete subtree.
        let level = left.ilog2();
        let node = Node { level: level as u8, index: start >> level };
        start += 1 << level;
        Some(node)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    /// RFC 6962, section 2.1, word for word: slow, recursive, sharing no code with the above.
    fn literal_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(b""),
            [leaf] => *leaf,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node_hash(literal_root(&leaves[..k]), literal_root(&leaves[k..]))
            }
        }
    }

    fn literal_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return vec![];
        }
        let k = leaves.len().next_power_of_two() / 2;
        let (mut path, other) = if m < k {
            (literal_path(m, &leaves[..k]), &leaves[k..])
        } else {
            (literal_path(m - k, &leaves[k..]), &leaves[..k])
        };
        path.push(literal_root(other));
        path
    }

    fn literal_subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if whole { vec![] } else { vec![literal_root(leaves)] };
        }
        let k = leaves.len().next_power_of_two() / 2;
        let (mut proof, other) = if m <= k {
            (literal_subproof(m, &leaves[..k], whole), &leaves[k..])
        } else {
            (literal_subproof(m - k, &leaves[k..], false), &leaves[..k])
        };
        proof.push(literal_root(other));
        proof
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count as u64).map(|index| crate::hash::leaf_hash(&index.to_be_bytes())).collect()
    }

    fn tree(leaves: &[Hash]) -> Tree {
        Tree::new(leaves.len() as u64, literal_root(leaves)).unwrap()
    }

    fn read(leaves: &[Hash], plan: &Plan) -> Vec<Hash> {
        let hash = |node: &Node| {
            let start = (node.index << node.level) as usize;
            literal_root(&leaves[start..node.end() as usize])
        };
        plan.fold(&plan.nodes().iter().map(hash).collect::<Vec<_>>())
    }

    #[test]
    fn every_proof_up_to_70_leaves_equals_the_literal_one_and_verifies() {
        let all = leaves(70);
        for size in 1..=70 {
            let own = &all[..size];
            assert_eq!(root_of_leaves(own), literal_root(own));
            assert_eq!(read(own, &plan_root(size as u64)), [literal_root(own)]);
            for index in 0..size {
                let proof = read(own, &plan_inclusion(index as u64, size as u64).unwrap());
                assert_eq!(proof, literal_path(index, own));
                assert_eq!(verify_inclusion(own[index], index as u64, tree(own), &proof), Ok(()));
            }
            for old in 1..=size {
                let proof = read(own, &plan_consistency(old as u64, size as u64).unwrap());
                assert_eq!(proof, literal_subproof(old, own, true));
                assert_eq!(verify_consistency(tree(&own[..old]), tree(own), &proof), Ok(()));
            }
        }
    }

    #[test]
    fn a_proof_for_another_index_size_or_with_a_flipped_bit_is_refused() {
        let all = leaves(20);
        for size in 1..=20_usize {
            let own = &all[..size];
            for index in 0..size {
                let proof = literal_path(index, own);
                for wrong in 0..=size + 1 {
                    let accepted =
                        verify_inclusion(own[index], wrong as u64, tree(own), &proof).is_ok();
                    assert_eq!(accepted, wrong == index, "size {size}, {index} as {wrong}");
                }
                for at in 0..proof.len() {
                    let mut flipped = proof.clone();
                    let mut bytes = *flipped[at].as_bytes();
                    bytes[at % 32] ^= 1;
                    flipped[at] = Hash::from_bytes(bytes);
                    assert!(
                        verify_inclusion(own[index], index as u64, tree(own), &flipped).is_err()
                    );
                }
                let long = [proof.as_slice(), &[Hash::ZERO]].concat();
                assert!(verify_inclusion(own[index], index as u64, tree(own), &long).is_err());
            }
        }
    }

    #[test]
    fn a_consistency_proof_fits_no_other_pair_of_trees() {
        let all = leaves(20);
        for new in 1..=20_usize {
            for old in 1..new {
                let proof = literal_subproof(old, &all[..new], true);
                for other in 1..=new {
                    let accepted =
                        verify_consistency(tree(&all[..other]), tree(&all[..new]), &proof).is_ok();
                    assert_eq!(accepted, other == old, "{old} to {new}, shown as {other}");
                }
                let forged = Tree::new(old as u64, Hash::ZERO).unwrap();
                assert!(verify_consistency(forged, tree(&all[..new]), &proof).is_err());
                let forged = Tree::new(new as u64, Hash::ZERO).unwrap();
                assert!(verify_consistency(tree(&all[..old]), forged, &proof).is_err());
                for at in 0..proof.len() {
                    let mut flipped = proof.clone();
                    flipped[at] = Hash::ZERO;
                    let verdict =
                        verify_consistency(tree(&all[..old]), tree(&all[..new]), &flipped);
                    assert!(verdict.is_err());
                }
            }
        }
    }

    #[test]
    fn the_empty_tree_and_equal_trees_need_an_empty_proof() {
        let all = leaves(3);
        assert_eq!(verify_consistency(Tree::EMPTY, tree(&all), &[]), Ok(()));
        assert_eq!(
            verify_consistency(Tree::EMPTY, tree(&all), &[Hash::ZERO]),
            Err(ConsistencyError::ProofLength { have: 1, want: 0 })
        );
        let other = Tree::new(3, Hash::ZERO).unwrap();
        assert_eq!(
            verify_consistency(tree(&all), other, &[]),
            Err(ConsistencyError::SameSizeOtherRoot)
        );
        assert_eq!(
            verify_consistency(tree(&all), tree(&all[..2]), &[]),
            Err(ConsistencyError::Shrank { old: 3, new: 2 })
        );
        assert_eq!(Tree::new(0, Hash::ZERO), None);
    }

    #[test]
    fn sizes_at_the_end_of_the_range_neither_panic_nor_loop() {
        for (index, size) in [(u64::MAX - 1, u64::MAX), (0, u64::MAX), (1 << 62, (1 << 62) + 1)] {
            assert!(plan_inclusion(index, size).unwrap().fold_len() <= MAX_INCLUSION_PROOF);
        }
        for (old, new) in [(1, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX)] {
            assert!(plan_consistency(old, new).unwrap().fold_len() <= MAX_CONSISTENCY_PROOF);
        }
        let tree = Tree::new(u64::MAX, Hash::ZERO).unwrap();
        assert!(verify_inclusion(Hash::ZERO, u64::MAX - 1, tree, &[Hash::ZERO; 64]).is_err());
    }

    impl Plan {
        fn fold_len(&self) -> usize {
            self.widths.len()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn random_larger_trees_agree_with_the_literal_tree(size in 1_usize..600, seed: u64) {
            let all = leaves(size);
            let index = (seed % size as u64) as usize;
            let proof = read(&all, &plan_inclusion(index as u64, size as u64).unwrap());
            prop_assert_eq!(&proof, &literal_path(index, &all));
            let old = index + 1;
            let proof = read(&all, &plan_consistency(old as u64, size as u64).unwrap());
            prop_assert_eq!(&proof, &literal_subproof(old, &all, true));
        }
    }
}
