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

/// One head a size.
pub(super) struct Known<'a> {
    keys: &'a LogKeys,
    policy: &'a Policy,
    heads: BTreeMap<u64, KnownHead>,
    /// Notes that were verified, by the hash of their bytes: many receipts share one.
    seen: HashMap<Hash, Tree>,
}

impl<'a> Known<'a> {
    /// Knows of none. `policy` is the one that the log publishes by.
    pub(super) fn new(keys: &'a LogKeys, policy: &'a Policy) -> Self {
        Self { keys, policy, heads: BTreeMap::new(), seen: HashMap::new() }
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
        let note = self.without_strangers(note);
        let is_accepted = self.policy.check(&note).is_ok();
        let head = SignedHead { note, checkpoint };
        let found = KnownHead { head, from: from.to_owned(), is_accepted };
        match self.heads.get(&tree.size()) {
            Some(known) if known.head.checkpoint.tree() != tree => {
                Err(known.contradicts(from, tree.root()))
            }
            // Of one tree the note is kept that can be published again.
            Some(known) if known.is_accepted || !is_accepted => Ok(tree),
            _ => {
                self.heads.insert(tree.size(), found);
                Ok(tree)
            }
        }
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
    pub(super) fn target(&self) -> Option<&KnownHead> {
        self.heads.values().next_back()
    }

    /// The newest head that may be shown as it is.
    pub(super) fn published(&self) -> Option<&KnownHead> {
        self.heads.values().rev().find(|known| known.is_accepted)
    }

    /// The trees of more than `from` entries and at most `to`, smallest first.
    pub(super) fn trees(&self, from: u64, to: u64) -> Vec<Tree> {
        if from >= to {
            return Vec::new();
        }
        let range = self.heads.range((Excluded(from), Included(to)));
        range.map(|(_, known)| known.head.checkpoint.tree()).collect()
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
                return Err(self.heads[&tree.size()].contradicts(from, frontier.tree().root()));
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
        self.contradicts("what was rebuilt", stored.root())
    }

    fn contradicts(&self, other: &str, found: Hash) -> RecoverError {
        let tree = self.head.checkpoint.tree();
        RecoverError::Split {
            size: tree.size(),
            one: self.from.clone(),
            have: tree.root(),
            other: other.to_owned(),
            found,
        }
    }
}
