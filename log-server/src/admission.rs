//! Admission: which entries may become part of the log, and where in their source's chain.
//!
//! Rule: `spec/text/statement.md`. Two steps, two types: [`Submission`] is an entry whose form,
//! signature and `after` line are right, judged alone and in parallel; [`Chains::place`] then
//! decides in order, against the last statement of its source, including those that are part of
//! the batch being put together.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use spec::Hash;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::KeyName;
use spec::tile::MAX_ENTRY_SIZE;

use crate::answer::AddError;
use crate::journal::SourceHead;
use crate::sources::Sources;

/// What a log takes. Fixed for ever when the log is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Admission {
    /// Any bytes: for other uses and for benchmarks.
    Any,
    /// Only valid statements of listed sources.
    #[default]
    Statements,
}

impl fmt::Display for Admission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Any => "any",
            Self::Statements => "statements",
        })
    }
}

/// An entry that is right in itself. Where it goes is not decided yet.
#[derive(Clone, Debug)]
pub struct Submission {
    entry: Bytes,
    leaf: Hash,
    /// Boxed: opaque entries have none, and are moved from hand to hand.
    place: Option<Box<Place>>,
}

/// Where a statement says it belongs.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its source.
    pub source: KeyName,
    /// Its number in the source's chain.
    pub sequence: u64,
    /// The leaf hash of the statement before.
    pub previous: Hash,
    /// The tree size of its `after` line.
    pub after: u64,
}

impl Submission {
    /// Takes an entry as it is. Its bytes are copied: the request's buffer may be much larger.
    pub fn opaque(entry: &[u8]) -> Result<Self, AddError> {
        check_size(entry)?;
        Ok(Self { entry: Bytes::copy_from_slice(entry), leaf: leaf_hash(entry), place: None })
    }

    /// Takes a statement whose signature verifies under the key listed for its source.
    ///
    /// Returns the parsed statement as well; its `after` line is for the caller to check. Costs
    /// one strict Ed25519 verification.
    pub fn statement(
        entry: &[u8],
        origin: &str,
        sources: &Sources,
    ) -> Result<(Self, Statement), AddError> {
        check_size(entry)?;
        let statement =
            Statement::parse(entry).map_err(|error| AddError::NotAStatement(error.to_string()))?;
        if statement.origin().as_str() != origin {
            let have = statement.origin().to_string();
            return Err(AddError::WrongLog { have, want: origin.to_string() });
        }
        let source_name = statement.source().to_string();
        let Some(source) = sources.find(statement.source(), statement.signature().id) else {
            return Err(AddError::UnknownSource { source_name });
        };
        if !source.enabled {
            return Err(AddError::SourceDisabled { source_name });
        }
        if statement.check_signature(&source.key).is_err() {
            return Err(AddError::BadSignature { source_name });
        }
        let place = Place {
            source: statement.source().clone(),
            sequence: statement.sequence(),
            previous: statement.previous(),
            after: statement.after().tree().size(),
        };
        let entry = Bytes::copy_from_slice(entry);
        let leaf = leaf_hash(&entry);
        Ok((Self { entry, leaf, place: Some(Box::new(place)) }, statement))
    }

    /// The entry's bytes.
    #[must_use]
    pub const fn entry(&self) -> &Bytes {
        &self.entry
    }

    /// The entry's leaf hash.
    #[must_use]
    pub const fn leaf(&self) -> Hash {
        self.leaf
    }

    /// Where it says it belongs; `None` for an opaque entry.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_deref()
    }

    /// The entry, its leaf hash, and where it says it belongs.
    #[must_use]
    pub fn into_parts(self) -> (Bytes, Hash, Option<Place>) {
        (self.entry, self.leaf, self.place.map(|place| *place))
    }
}

fn check_size(entry: &[u8]) -> Result<(), AddError> {
    match entry.len() {
        0 => Err(AddError::Empty),
        size if size > MAX_ENTRY_SIZE => Err(AddError::TooLarge { size }),
        _ => Ok(()),
    }
}

/// The last statement of every source.
#[derive(Debug, Default)]
pub struct Chains {
    heads: HashMap<KeyName, SourceHead>,
}

/// What a statement is to its chain.
#[derive(Debug, PartialEq, Eq)]
pub enum Placing {
    /// The next one.
    Next,
    /// One whose number is already taken: the same again, or another.
    Past,
    /// Refused.
    Refused(AddError),
}

impl Chains {
    /// Takes over the heads of a journal's base.
    #[must_use]
    pub fn new(heads: Vec<SourceHead>) -> Self {
        Self { heads: heads.into_iter().map(|head| (head.source.clone(), head)).collect() }
    }

    /// Places a statement behind its source's last one, `pending` being those of the batch that is
    /// put together now: a source may send its next statements without waiting for the commit.
    #[must_use]
    pub fn place(&self, place: &Place, pending: &Self) -> Placing {
        let head = pending.heads.get(&place.source).or_else(|| self.heads.get(&place.source));
        let (expected_sequence, expected_previous, last) =
            head.map_or((0, Hash::ZERO, 0), |head| (head.sequence + 1, head.leaf, head.after));
        if place.sequence < expected_sequence {
            return Placing::Past;
        }
        if place.sequence > expected_sequence || place.previous != expected_previous {
            return Placing::Refused(AddError::WrongPlace { expected_sequence, expected_previous });
        }
        if place.after < last {
            return Placing::Refused(AddError::AfterWentBack { size: place.after, last });
        }
        Placing::Next
    }

    /// Makes a placed statement the last of its source.
    pub fn advance(&mut self, place: Place, leaf: Hash) {
        let Place { source, sequence, after, .. } = place;
        self.heads.insert(source.clone(), SourceHead { source, sequence, leaf, after });
    }

    /// Takes over the heads of a batch that is now durable.
    pub fn merge(&mut self, pending: Self) {
        self.heads.extend(pending.heads);
    }

    /// All heads, ordered by name, for a journal's base.
    #[must_use]
    pub fn to_heads(&self) -> Vec<SourceHead> {
        let mut heads: Vec<SourceHead> = self.heads.values().cloned().collect();
        heads.sort_by(|a, b| a.source.cmp(&b.source));
        heads
    }

    /// Whether a source has a statement here.
    #[must_use]
    pub fn has(&self, source: &KeyName) -> bool {
        self.heads.contains_key(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(sequence: u64, previous: Hash, after: u64) -> Place {
        Place { source: KeyName::parse("oven-3").unwrap(), sequence, previous, after }
    }

    #[test]
    fn a_chain_goes_on_only_with_its_next_statement() {
        let leaf = Hash::of(b"first");
        let mut chains = Chains::default();
        let none = Chains::default();
        assert_eq!(chains.place(&place(0, Hash::ZERO, 0), &none), Placing::Next);
        assert!(matches!(
            chains.place(&place(1, Hash::ZERO, 0), &none),
            Placing::Refused(AddError::WrongPlace { expected_sequence: 0, .. })
        ));
        chains.advance(place(0, Hash::ZERO, 7), leaf);
        assert_eq!(chains.place(&place(0, Hash::ZERO, 0), &none), Placing::Past);
        assert_eq!(chains.place(&place(1, leaf, 7), &none), Placing::Next);
        assert_eq!(
            chains.place(&place(1, Hash::ZERO, 7), &none),
            Placing::Refused(AddError::WrongPlace {
                expected_sequence: 1,
                expected_previous: leaf
            })
        );
        assert_eq!(
            chains.place(&place(1, leaf, 6), &none),
            Placing::Refused(AddError::AfterWentBack { size: 6, last: 7 })
        );
    }

    #[test]
    fn a_chain_goes_on_behind_statements_of_the_pending_batch() {
        let leaf = Hash::of(b"first");
        let mut pending = Chains::default();
        pending.advance(place(0, Hash::ZERO, 0), leaf);
        assert_eq!(Chains::default().place(&place(1, leaf, 0), &pending), Placing::Next);
        assert_eq!(Chains::default().place(&place(0, Hash::ZERO, 0), &pending), Placing::Past);
    }

    #[test]
    fn an_entry_has_between_1_and_65535_bytes() {
        assert_eq!(Submission::opaque(b"").unwrap_err(), AddError::Empty);
        assert!(Submission::opaque(&[0; 65_535]).is_ok());
        assert_eq!(
            Submission::opaque(&[0; 65_536]).unwrap_err(),
            AddError::TooLarge { size: 65_536 }
        );
    }
}
