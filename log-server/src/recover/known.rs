//! What this log has signed, as far as anybody who was asked can tell.
//!
//! The newest head is what has to be reached. Each other one is a root that has to come out on the way:
//! it cuts the search for an order into pieces, and a root that does not come out is a second history.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound::{Excluded, Included};

use spec::Hash;
use spec::frontier::Frontier;
use spec::note::{Note, Signature};
use spec::policy::Policy;
use spec::tree::Tree;

use super::RecoverError;
use crate::heads::SignedHead;
use crate::keys::LogKeys;

/// A head under this log's own keys.
#[derive(Clone, Debug)]
pub(super) struct KnownHead {
    /// The note as it was found, with the lines that count, and what it says.
    pub(super) head: SignedHead,
    /// Where it was found.
    pub(super) from: String,
    /// Whether the policy for publishing accepts it as it is.
    pub(super) is_accepted: bool,
}

/// One tree a size. Of most heads only that is kept: there may be as many as receipts.
pub(super) struct Known<'a> {
    keys: &'a LogKeys,
    policy: &'a Policy,
    trees: BTreeMap<u64, Signed>,
    target: Option<KnownHead>,
    published: Option<KnownHead>,
    /// Notes that were verified, by the hash of their bytes: many receipts share one.
    seen: HashMap<Hash, Tree>,
}

/// What was signed, and where that was found.
struct Signed {
    tree: Tree,
    from: String,
}

impl<'a> Known<'a> {
    /// Knows of none. `policy` is the one that the log publishes by.
    pub(super) fn new(keys: &'a LogKeys, policy: &'a Policy) -> Self {
        let (trees, seen) = (BTreeMap::new(), HashMap::new());
        Self { keys, policy, trees, target: None, published: None, seen }
    }

    /// Takes a note over that this log has signed; gives its tree.
    pub(super) fn add(&mut self, note: &Note, from: &str) -> Result<Tree, RecoverError> {
        let hash = Hash::of(&note.to_bytes());
        if let Some(tree) = self.seen.get(&hash) {
            return Ok(*tree);
        }
        let not_ours = |why| RecoverError::NotOurs { from: from.to_owned(), why };
        let checkpoint = self.keys.verify(note).map_err(not_ours)?;
        let tree = checkpoint.tree();
        self.seen.insert(hash, tree);
        match self.trees.get(&tree.size()) {
            Some(known) if known.tree != tree => {
                return Err(split(known.tree, &known.from, from, tree.root()));
            }
            Some(_) => {}
            None => drop(self.trees.insert(tree.size(), Signed { tree, from: from.to_owned() })),
        }
        let note = self.without_strangers(note);
        let is_accepted = self.policy.check(&note).is_ok();
        let head = SignedHead { note, checkpoint };
        let found = KnownHead { head, from: from.to_owned(), is_accepted };
        if is_accepted && self.published.as_ref().is_none_or(|known| known.size() < tree.size()) {
            self.published = Some(found.clone());
        }
        // Of one tree the note is kept that can be published again.
        let is_better =
            |known: &KnownHead| (known.size(), known.is_accepted) < (tree.size(), is_accepted);
        if self.target.as_ref().is_none_or(is_better) {
            self.target = Some(found);
        }
        Ok(tree)
    }

    /// The lines of this log and of its witnesses: the rebuilt log shows the note as its own, and whoever handed it
    /// in may have put lines of his own under it.
    fn without_strangers(&self, note: &Note) -> Note {
        let mut lines = self.keys.own_lines(note);
        let witnesses = self.policy.witnesses();
        let is_witness =
            |line: &&Signature| witnesses.iter().any(|witness| witness.key().claims(line));
        lines.extend(note.signatures().iter().filter(is_witness).cloned());
        Note::new(note.text().to_owned(), lines)
    }

    /// The newest head: what has to be reached.
    pub(super) const fn target(&self) -> Option<&KnownHead> {
        self.target.as_ref()
    }

    /// The newest head that may be shown as it is.
    pub(super) const fn published(&self) -> Option<&KnownHead> {
        self.published.as_ref()
    }

    /// The trees of more than `from` entries and at most `to`, smallest first.
    pub(super) fn trees(&self, from: u64, to: u64) -> Vec<Tree> {
        if from >= to {
            return Vec::new();
        }
        let range = self.trees.range((Excluded(from), Included(to)));
        range.map(|(_, known)| known.tree).collect()
    }

    /// Compares every head within a growth of the tree with what comes out there. `from` names where
    /// the leaves were found.
    pub(super) fn check_growth(
        &self,
        frontier: &Frontier,
        leaves: &[Hash],
        from: &str,
    ) -> Result<(), RecoverError> {
        let (mut frontier, first) = (frontier.clone(), frontier.size());
        for tree in self.trees(first, first + leaves.len() as u64) {
            let range = (frontier.size() - first) as usize..(tree.size() - first) as usize;
            let growth = frontier.grow(&leaves[range]);
            frontier.advance(&growth);
            if frontier.tree() != tree {
                let known = &self.trees[&tree.size()];
                return Err(split(known.tree, &known.from, from, frontier.tree().root()));
            }
        }
        Ok(())
    }
}

impl KnownHead {
    /// How many entries it has.
    pub(super) fn size(&self) -> u64 {
        self.head.checkpoint.tree().size()
    }

    /// What to say when what was rebuilt has another tree.
    pub(super) fn contradicts_stored(&self, stored: Tree) -> RecoverError {
        split(self.head.checkpoint.tree(), &self.from, "what was rebuilt", stored.root())
    }
}

/// A tree that was signed, and another root of its size.
fn split(signed: Tree, from: &str, other: &str, found: Hash) -> RecoverError {
    RecoverError::Split {
        size: signed.size(),
        one: from.to_owned(),
        have: signed.root(),
        other: other.to_owned(),
        found,
    }
}
