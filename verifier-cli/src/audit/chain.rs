//! The chains of the sources: each statement continues the one before it, and none occurs twice.
//!
//! Rule: `spec/text/statement.md`. Taken in in the order of the log, one statement at a time.

use std::collections::BTreeMap;

use spec::Hash;
use spec::key::KeyName;

use crate::messages::{Message, Said};

/// The most sources that are followed: about 100 MB.
pub(super) const MAX_SOURCES: usize = 1_000_000;

/// What a statement says of its place.
pub(super) struct Link {
    pub(super) index: u64,
    pub(super) source: KeyName,
    pub(super) sequence: u64,
    pub(super) previous: Hash,
    pub(super) after_size: u64,
    pub(super) leaf: Hash,
}

/// Where a source's chain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The next sequence number.
    pub(super) next: u64,
    /// The leaf hash of the last statement.
    pub(super) previous: Hash,
    /// The size in its `after` line.
    pub(super) after_size: u64,
}

/// The heads of all sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chains {
    heads: BTreeMap<KeyName, Head>,
    /// Whether every chain is known from its first statement on.
    complete: bool,
}

impl Chains {
    /// No statement yet: every chain begins at sequence 0.
    pub(super) const fn new() -> Self {
        Self { heads: BTreeMap::new(), complete: true }
    }

    /// The chains as an earlier audit left them. If that one did not know every chain from its
    /// first statement on, neither does this one: a source that it never met may begin anywhere.
    pub(super) const fn resumed(heads: BTreeMap<KeyName, Head>, complete: bool) -> Self {
        Self { heads, complete }
    }

    /// Entries were skipped and nothing is known of them: chains may begin anywhere.
    pub(super) const fn unknown() -> Self {
        Self { heads: BTreeMap::new(), complete: false }
    }

    pub(super) const fn heads(&self) -> &BTreeMap<KeyName, Head> {
        &self.heads
    }

    pub(super) fn count(&self) -> usize {
        self.heads.len()
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Takes in the next statement of the log; says what is wrong with its place.
    pub(super) fn follow(&mut self, link: Link) -> Option<Said> {
        let (at, sequence) = (link.index.to_string(), link.sequence.to_string());
        let source = link.source.as_str().to_string();
        let head = Head {
            next: link.sequence.saturating_add(1),
            previous: link.leaf,
            after_size: link.after_size,
        };
        let Some(known) = self.heads.get_mut(&link.source) else {
            if self.heads.len() >= MAX_SOURCES {
                return Some(Said::new(Message::TooManySources, &[&at]));
            }
            self.heads.insert(link.source, head);
            let gap = self.complete && link.sequence != 0;
            let values = [at.as_str(), &source, &sequence, "0"];
            return gap.then(|| Said::new(Message::ChainGap, &values));
        };
        let expected = known.next.to_string();
        let wrong = if link.sequence < known.next {
            // The chain stays where it is, or one repeated statement would be reported for ever.
            return Some(Said::new(Message::ChainTwice, &[&at, &source, &sequence]));
        } else if link.sequence > known.next {
            Some(Said::new(Message::ChainGap, &[&at, &source, &sequence, &expected]))
        } else if link.previous != known.previous {
            Some(Said::new(Message::ChainBroken, &[&at, &source, &sequence]))
        } else if link.after_size < known.after_size {
            Some(Said::new(Message::ChainAfterBack, &[&at, &source, &sequence]))
        } else {
            None
        };
        *known = head;
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u64, sequence: u64, previous: Hash, after_size: u64) -> Link {
        let leaf = Hash::of(&index.to_be_bytes());
        let source = KeyName::parse("aoi").unwrap();
        Link { index, source, sequence, previous, after_size, leaf }
    }

    fn leaf(index: u64) -> Hash {
        Hash::of(&index.to_be_bytes())
    }

    #[test]
    fn a_sound_chain_is_followed_in_silence() {
        let mut chains = Chains::new();
        assert_eq!(chains.follow(link(0, 0, Hash::ZERO, 0)), None);
        assert_eq!(chains.follow(link(5, 1, leaf(0), 3)), None);
        assert_eq!(chains.follow(link(6, 2, leaf(5), 3)), None);
    }

    #[test]
    fn each_break_of_a_chain_has_its_name() {
        let cases = [
            (link(7, 3, leaf(5), 3), Message::ChainGap),
            (link(7, 1, leaf(0), 3), Message::ChainTwice),
            (link(7, 2, leaf(0), 3), Message::ChainBroken),
            (link(7, 2, leaf(5), 2), Message::ChainAfterBack),
        ];
        for (wrong, want) in cases {
            let mut chains = Chains::new();
            chains.follow(link(0, 0, Hash::ZERO, 0));
            chains.follow(link(5, 1, leaf(0), 3));
            assert_eq!(chains.follow(wrong).map(|said| said.message()), Some(want));
        }
    }

    #[test]
    fn a_chain_begins_at_zero_unless_its_beginning_was_skipped() {
        let first = || link(9, 4, leaf(1), 2);
        let said = Chains::new().follow(first()).map(|said| said.message());
        assert_eq!(said, Some(Message::ChainGap));
        assert_eq!(Chains::unknown().follow(first()), None);
    }
}
