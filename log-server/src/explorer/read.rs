//! Reads what a page shows: a bounded number of looks into the index, tiles and bundles.
//!
//! The newest statement of a source is found by the index alone, whose keys hold source and sequence:
//! the chain has no gaps, so doubling and halving finds its end in at most 128 looks. The index may
//! err, so what it finds is checked against the entry.

use std::sync::Arc;

use bytes::Bytes;
use spec::Hash;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::KeyName;
use spec::succession::Succession;

use super::steps::{Step, steps};
use crate::admission::Admission;
use crate::answer::{Published, ReadError};
use crate::log::Log;

/// How many statements a page of a source shows: each may need a bundle of its own.
pub(crate) const STATEMENTS_PER_PAGE: u64 = 25;

/// How many of the newest entries the start shows.
pub(crate) const NEWEST: u64 = 8;

/// An entry with its place and its proof, in one published tree.
#[derive(Debug)]
pub(crate) struct EntryFacts {
    pub(super) published: Arc<Published>,
    pub(super) index: u64,
    pub(super) entry: Bytes,
    pub(super) leaf: Hash,
    /// In a log that takes statements.
    pub(super) statement: Option<Statement>,
    pub(super) steps: Vec<Step>,
    /// The entries of the statements before and after it in its source's chain, where known.
    pub(super) previous: Option<u64>,
    pub(super) next: Option<u64>,
}

/// Reads an entry of the tree `published`.
pub(crate) fn entry(
    log: &Log,
    index: u64,
    published: Arc<Published>,
) -> Result<EntryFacts, ReadError> {
    let tree = published.checkpoint.tree();
    if index >= tree.size() {
        return Err(ReadError::Beyond { published: tree.size() });
    }
    let entry = log.entry(index)?;
    let leaf = leaf_hash(&entry);
    let proof = log.prove_inclusion(index, tree.size())?;
    let steps = steps(leaf, index, tree.size(), &proof)
        .filter(|steps| steps.last().map_or(leaf, |last| last.result.hash) == tree.root());
    let steps = steps.ok_or_else(|| {
        ReadError::Damaged(format!("entry {index} does not lead to the published root"))
    })?;
    let statement = statement(log, index, &entry)?;
    let beside = |place: Option<(&KeyName, u64)>| -> Option<u64> {
        let (source, sequence) = place?;
        // A link is a convenience: while the index is made again there is none.
        Some(log.find_statement(source, sequence).ok()??.0)
    };
    let place = statement.as_ref().map(|statement| (statement.source(), statement.sequence()));
    let previous = beside(place.and_then(|(name, at)| Some((name, at.checked_sub(1)?))));
    let next = beside(place.and_then(|(name, at)| Some((name, at.checked_add(1)?))));
    Ok(EntryFacts { published, index, entry, leaf, statement, steps, previous, next })
}

/// One of the newest entries.
#[derive(Debug)]
pub(crate) struct Newest {
    pub(super) index: u64,
    pub(super) leaf: Hash,
    pub(super) statement: Option<Statement>,
}

/// The last entries of the published tree, the newest first.
pub(crate) fn newest(log: &Log) -> Result<Vec<Newest>, ReadError> {
    let size = log.published().checkpoint.tree().size();
    let last = |index: u64| {
        let statement = match log.admission() {
            Admission::Any => None,
            Admission::Statements => statement(log, index, &log.entry(index)?)?,
        };
        Ok(Newest { index, leaf: log.leaf(index)?, statement })
    };
    (size.saturating_sub(NEWEST)..size).rev().map(last).collect()
}

fn statement(log: &Log, index: u64, entry: &[u8]) -> Result<Option<Statement>, ReadError> {
    if log.admission() == Admission::Any {
        return Ok(None);
    }
    if index == 0 && Succession::parse(entry).is_ok() {
        return Ok(None);
    }
    let parsed = Statement::parse(entry);
    parsed.map(Some).map_err(|error| ReadError::Damaged(format!("entry {index}: {error}")))
}

/// Part of a source's chain.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(super) source: KeyName,
    /// The sequence of its newest published statement.
    pub(super) newest: u64,
    /// Statements with the entries that hold them, the newest first.
    pub(super) statements: Vec<(u64, Statement)>,
}

/// Reads the statements of a source below the sequence `before`, or its newest ones. `None` for a
/// source without a published statement, or without one there.
pub(crate) fn chain(
    log: &Log,
    source: KeyName,
    before: Option<u64>,
) -> Result<Option<Chain>, ReadError> {
    if log.admission() == Admission::Any {
        return Ok(None);
    }
    let Some(newest) = newest_of(log, &source)? else { return Ok(None) };
    let end = before.unwrap_or(u64::MAX).min(newest.saturating_add(1));
    let mut statements = Vec::new();
    for sequence in (end.saturating_sub(STATEMENTS_PER_PAGE)..end).rev() {
        let found = log.find_statement(&source, sequence)?;
        statements.push(found.ok_or_else(|| {
            ReadError::Damaged(format!("statement {sequence} of a source is not in the index"))
        })?);
    }
    let is_empty = statements.is_empty();
    Ok((!is_empty).then_some(Chain { source, newest, statements }))
}

/// The sequence of a source's newest published statement.
fn newest_of(log: &Log, source: &KeyName) -> Result<Option<u64>, ReadError> {
    let quick = last_where(|sequence| log.may_have_statement(source, sequence))?;
    let holds = |sequence| Ok(log.find_statement(source, sequence)?.is_some());
    match quick {
        None => Ok(None),
        Some(sequence) if holds(sequence)? => Ok(Some(sequence)),
        // Half a key was equal somewhere: rare enough to look into the entries.
        Some(_) => last_where(holds),
    }
}

/// The last number for which something holds that holds from 0 up to it and no further; `None` if
/// it does not hold for 0. Asks at most 128 times.
fn last_where(holds: impl Fn(u64) -> Result<bool, ReadError>) -> Result<Option<u64>, ReadError> {
    if !holds(0)? {
        return Ok(None);
    }
    let (mut low, mut step) = (0_u64, 1_u64);
    while let Some(next) = low.checked_add(step) {
        if !holds(next)? {
            break;
        }
        (low, step) = (next, step.saturating_mul(2));
    }
    // It holds at `low`, and not `step` further on.
    while step > 1 {
        step = step.div_ceil(2);
        if let Some(middle) = low.checked_add(step)
            && holds(middle)?
        {
            low = middle;
        }
    }
    Ok(Some(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_last_is_found_with_few_questions() {
        let asked = Cell::new(0);
        let find = |last: Option<u64>| {
            asked.set(0);
            last_where(|at| {
                asked.set(asked.get() + 1);
                Ok(last.is_some_and(|last| at <= last))
            })
            .unwrap()
        };
        assert_eq!(find(None), None);
        for last in (0..2000).chain([10_000_000, 1 << 40, u64::MAX - 1, u64::MAX]) {
            assert_eq!(find(Some(last)), Some(last));
            assert!(asked.get() <= 140, "{last}: {}", asked.get());
        }
        find(Some(10_000_000));
        assert!(asked.get() < 55, "{}", asked.get());
    }

    #[test]
    fn a_fault_ends_the_search() {
        let fault = last_where(|at| if at < 9 { Ok(true) } else { Err(ReadError::IndexNotReady) });
        assert_eq!(fault, Err(ReadError::IndexNotReady));
    }
}
