//! Comparing two signed checkpoints: one log, two histories, or nobody can tell.
//!
//! Two trees of one size are compared by their roots. For two sizes the log's tiles must give the
//! hashes that fix the beginning of the larger tree: hashes that lead to the root the log signed
//! say the truth about it, whoever gave them, and hashes that do not say nothing.

use spec::Hash;
use spec::split::{Split, root_of_beginning};

use super::ask::Seen;
use crate::log::Log;
use crate::log::tiles::Tiles;

/// How two checkpoints of one log stand to each other.
pub(super) enum Relation {
    /// The larger continues the smaller, as these hashes show.
    OneLog(Vec<Hash>),
    /// They contradict, and this proves it.
    Split(Box<Split>),
    /// What would tell could not be had, and why; not said where the log itself did not answer.
    Unknown(Option<String>),
}

/// Compares two checkpoints by the tiles of their log.
pub(super) fn compare(log: Option<&Log>, one: &Seen, other: &Seen) -> Relation {
    let (small, large) = if one.size() <= other.size() { (one, other) } else { (other, one) };
    let (older, newer) = (small.head.tree(), large.head.tree());
    if older == newer || older.size() == 0 {
        return Relation::OneLog(Vec::new());
    }
    if older.size() == newer.size() {
        return split(small, large, Vec::new());
    }
    let Some(log) = log else {
        return Relation::Unknown(None);
    };
    // A log that has grown may keep the partial tiles of its latest size only.
    let sizes = [newer.size(), log.size_hint(newer.size())];
    let mut why = String::new();
    for size in sizes {
        let hashes = match Tiles::new(log, size).beginning(older.size(), newer.size()) {
            Ok(hashes) => hashes,
            Err(error) => {
                why = error.to_string();
                continue;
            }
        };
        match root_of_beginning(older.size(), newer, &hashes) {
            Ok(root) if root == older.root() => return Relation::OneLog(hashes),
            Ok(_) => return split(small, large, hashes),
            Err(error) => why = error.to_string(),
        }
    }
    Relation::Unknown(Some(why))
}

fn split(small: &Seen, large: &Seen, hashes: Vec<Hash>) -> Relation {
    let split = Split::new(small.note.clone(), large.note.clone(), hashes);
    Relation::Split(Box::new(split.expect("two checkpoints and hashes that were just folded")))
}
