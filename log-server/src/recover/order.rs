//! In which order entries stood, found by the root that the log has signed over them. Pure.
//!
//! Between two signed heads each place has one entry. For some of them it is certain which: a signed tree
//! or a receipt says so. For some there are hints: tiles that nobody vouches for, and indices that the
//! log told an agent. What is left are statements, which stand in the order of their source's chain, so that
//! the next of some source is due at each free place, and never before the tree that it names as earlier.
//!
//! All that fits is tried until the root comes out: first with all hints, then with all but one or two of
//! them, then with any. Two orders with one root are two inputs with one SHA-256: what comes out is what
//! the log has signed.

use std::collections::{BTreeMap, HashMap, HashSet};

use spec::Hash;
use spec::evidence::statement::Statement;
use spec::frontier::Frontier;
use spec::key::KeyName;
use spec::tree::Tree;

/// The most choices that are made, with the leaves that are hashed because of them: seconds.
const MAX_WORK: u64 = if cfg!(test) { 1 << 16 } else { 1 << 22 };

/// How many hints may be wrong, in the order in which that is tried.
const DEVIATIONS: [u64; 4] = [0, 1, 2, u64::MAX];

/// What is known of one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// The leaf that must be there.
    pub(super) certain: Option<Hash>,
    /// Leaves of which somebody says that they are there.
    pub(super) hints: Vec<Hash>,
}

/// Why no order was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsolved {
    /// No order gives the root.
    None,
    /// Not all could be tried.
    TooMany,
}

/// Where a statement stands in its source's chain.
#[derive(Clone, Debug)]
struct Link {
    source: KeyName,
    sequence: u64,
    previous: Hash,
    after: u64,
}

/// Statements by their places in their chains.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    of_leaf: HashMap<Hash, Link>,
    at: BTreeMap<KeyName, BTreeMap<u64, Vec<Hash>>>,
}

impl Links {
    /// Takes a statement over.
    pub(super) fn add(&mut self, statement: &Statement, leaf: Hash) {
        let link = Link {
            source: statement.source().clone(),
            sequence: statement.sequence(),
            previous: statement.previous(),
            after: statement.after().tree().size(),
        };
        let at = self.at.entry(link.source.clone()).or_default();
        let leaves = at.entry(link.sequence).or_default();
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
            self.of_leaf.insert(leaf, link);
        }
    }

    /// How many statements lie behind the ends of their chains and are not in `named`.
    pub(super) fn waiting(&self, ends: &Ends, named: &HashSet<Hash>) -> usize {
        let behind = |(source, chain): (&KeyName, &BTreeMap<u64, Vec<Hash>>)| {
            let end = ends.get(source).copied().unwrap_or(End::START);
            let leaves = chain.range(end.next..).flat_map(|(_, leaves)| leaves);
            leaves.filter(|leaf| !named.contains(leaf)).count()
        };
        self.at.iter().map(behind).sum()
    }

    fn at(&self, source: &KeyName, sequence: u64) -> &[Hash] {
        let found = self.at.get(source).and_then(|chain| chain.get(&sequence));
        found.map_or(&[], Vec::as_slice)
    }
}

/// The end of a source's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The next sequence.
    pub(super) next: u64,
    /// The leaf hash of the last statement.
    pub(super) leaf: Hash,
}

impl End {
    const START: Self = Self { next: 0, leaf: Hash::ZERO };
}

/// Where all chains end.
pub(super) type Ends = HashMap<KeyName, End>;

/// Finds the leaves that lead from `frontier` to `want`, one for each slot, and moves `ends` behind them.
/// Where it finds none, `ends` is as it was.
pub(super) fn solve(
    frontier: &Frontier,
    slots: &[Slot],
    want: Tree,
    links: &Links,
    ends: &mut Ends,
) -> Result<Vec<Hash>, Unsolved> {
    if let Some(leaves) = certain(slots) {
        if frontier.grow(&leaves).tree() != want {
            return Err(Unsolved::None);
        }
        for (leaf, link) in leaves.iter().filter_map(|leaf| Some((leaf, links.of_leaf.get(leaf)?)))
        {
            ends.insert(link.source.clone(), End { next: link.sequence + 1, leaf: *leaf });
        }
        return Ok(leaves);
    }
    let taken: HashSet<Hash> = slots.iter().filter_map(|slot| slot.certain).collect();
    let has_hints = slots.iter().any(|slot| slot.certain.is_none() && !slot.hints.is_empty());
    let mut work = 0;
    for allowed in DEVIATIONS.into_iter().skip(if has_hints { 0 } else { DEVIATIONS.len() - 1 }) {
        let chosen = Vec::with_capacity(slots.len());
        let mut search =
            Search { links, ends: &mut *ends, taken: &taken, chosen, deviations: 0, allowed };
        match search.run(frontier, slots, want, &mut work) {
            Err(Unsolved::None) => {}
            other => return other,
        }
    }
    Err(Unsolved::None)
}

/// The leaves of places that are all certain.
pub(super) fn certain(slots: &[Slot]) -> Option<Vec<Hash>> {
    slots.iter().map(|slot| slot.certain).collect()
}

/// A leaf that may stand at a place.
struct Choice {
    leaf: Hash,
    /// Whether somebody says that another one does.
    deviates: bool,
}

/// A choice that was made. What else can stand there is computed again when it is wanted: kept, it would be as
/// many leaves at each place as there are sources.
#[derive(Default)]
struct Level {
    /// So many were tried, the likeliest first.
    tried: usize,
    /// Whether the one that was made goes against a hint.
    deviates: bool,
    /// Whose chain was moved, and where it ended before.
    undo: Option<(KeyName, Option<End>)>,
}

struct Search<'a> {
    links: &'a Links,
    ends: &'a mut Ends,
    /// Leaves that are certain at some place, and free at no other.
    taken: &'a HashSet<Hash>,
    chosen: Vec<Hash>,
    /// Choices that go against a hint, and how many may.
    deviations: u64,
    allowed: u64,
}

impl Search<'_> {
    fn run(
        &mut self,
        frontier: &Frontier,
        slots: &[Slot],
        want: Tree,
        work: &mut u64,
    ) -> Result<Vec<Hash>, Unsolved> {
        let mut levels: Vec<Level> = Vec::with_capacity(slots.len());
        loop {
            // Down, as far as there is something to choose.
            while let Some(slot) = slots.get(levels.len()) {
                let mut level = Level::default();
                *work += 1;
                if !self.choose(&mut level, frontier.size() + levels.len() as u64, slot) {
                    break;
                }
                levels.push(level);
            }
            if levels.len() == slots.len() {
                *work += slots.len() as u64;
                if frontier.grow(&self.chosen).tree() == want {
                    return Ok(std::mem::take(&mut self.chosen));
                }
            }
            // Back, to the last place with another choice.
            let is_enough = *work > MAX_WORK;
            loop {
                let Some(mut level) = levels.pop() else {
                    return Err(if is_enough { Unsolved::TooMany } else { Unsolved::None });
                };
                self.take_back(&mut level);
                let at = levels.len();
                if !is_enough && self.choose(&mut level, frontier.size() + at as u64, &slots[at]) {
                    levels.push(level);
                    break;
                }
            }
        }
    }

    /// What can stand at `index`, the likeliest first.
    fn options(&self, index: u64, slot: &Slot) -> Vec<Choice> {
        if let Some(leaf) = slot.certain {
            let fits = !self.leaves_out(leaf);
            return fits.then_some(Choice { leaf, deviates: false }).into_iter().collect();
        }
        let is_free = |leaf: &&Hash| !self.taken.contains(leaf) && !self.is_behind(leaf);
        let mut leaves: Vec<Hash> = slot.hints.iter().filter(is_free).copied().collect();
        leaves.retain(|leaf| !self.leaves_out(*leaf));
        let hints = leaves.len();
        let is_hinted = !slot.hints.is_empty();
        if is_hinted && self.deviations == self.allowed {
            // The likeliest is the only one that does not go against a hint.
            leaves.truncate(1);
            return leaves.into_iter().map(|leaf| Choice { leaf, deviates: false }).collect();
        }
        for source in self.links.at.keys() {
            let end = self.ends.get(source).copied().unwrap_or(End::START);
            for leaf in self.links.at(source, end.next) {
                let link = &self.links.of_leaf[leaf];
                let fits = link.previous == end.leaf && link.after <= index;
                if fits && !self.taken.contains(leaf) && !leaves.contains(leaf) {
                    leaves.push(*leaf);
                }
            }
        }
        // Where no hint fits any more, whatever is chosen goes against one.
        let choice = |(at, leaf)| Choice { leaf, deviates: is_hinted && (at > 0 || hints == 0) };
        leaves.into_iter().enumerate().map(choice).collect()
    }

    /// Whether a statement's place in its chain is taken.
    fn is_behind(&self, leaf: &Hash) -> bool {
        let Some(link) = self.links.of_leaf.get(leaf) else { return false };
        self.ends.get(&link.source).is_some_and(|end| link.sequence < end.next)
    }

    /// Whether a statement would leave out the one before it, which is at hand and has no place yet.
    fn leaves_out(&self, leaf: Hash) -> bool {
        let Some(link) = self.links.of_leaf.get(&leaf) else { return false };
        let Some(before) = self.links.of_leaf.get(&link.previous) else { return false };
        let end = self.ends.get(&link.source).copied().unwrap_or(End::START);
        before.sequence >= end.next && !self.taken.contains(&link.previous)
    }

    /// Makes the next choice at a place, whose state is the one of the choice before.
    fn choose(&mut self, level: &mut Level, index: u64, slot: &Slot) -> bool {
        let Some(Choice { leaf, deviates }) =
            self.options(index, slot).into_iter().nth(level.tried)
        else {
            return false;
        };
        level.tried += 1;
        self.deviations += u64::from(deviates);
        level.deviates = deviates;
        self.chosen.push(leaf);
        level.undo = self.links.of_leaf.get(&leaf).map(|link| {
            let end = End { next: link.sequence + 1, leaf };
            (link.source.clone(), self.ends.insert(link.source.clone(), end))
        });
        true
    }

    fn take_back(&mut self, level: &mut Level) {
        self.chosen.pop();
        self.deviations -= u64::from(std::mem::take(&mut level.deviates));
        match level.undo.take() {
            Some((source, Some(end))) => drop(self.ends.insert(source, end)),
            Some((source, None)) => drop(self.ends.remove(&source)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::checkpoint::Origin;
    use spec::evidence::statement::{After, Draft};
    use spec::key::{Algorithm, SigningKey};

    /// The first statements of a source.
    fn chain(name: &str, count: u64, after: u64) -> Vec<Statement> {
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[1; 32]).unwrap();
        let mut previous = Hash::ZERO;
        let sign = |sequence| {
            let origin = Origin::parse("log.example").unwrap();
            let after = match after {
                0 => After::NOTHING,
                size => {
                    let tree = Tree::new(size, Hash::of(b"root")).unwrap();
                    After::checkpoint(tree, Hash::of(b"note")).unwrap()
                }
            };
            let batch = Hash::of(b"batch");
            let draft = Draft::new(origin, name.clone(), sequence, previous, after, batch).unwrap();
            let statement = draft.sign(&key).unwrap().into_statement();
            previous = statement.leaf_hash();
            statement
        };
        (0..count).map(sign).collect()
    }

    fn links(chains: &[Vec<Statement>]) -> Links {
        let mut links = Links::default();
        chains.iter().flatten().for_each(|said| links.add(said, said.leaf_hash()));
        links
    }

    fn leaf(at: &Statement) -> Hash {
        at.leaf_hash()
    }

    fn tree(leaves: &[Hash]) -> Tree {
        Frontier::new().grow(leaves).tree()
    }

    #[test]
    fn one_chain_has_one_order_and_several_are_tried() {
        let (a, b) = (chain("a", 4, 0), chain("b", 3, 0));
        let known = links(&[a.clone(), b.clone()]);
        let orders: [&[&Statement]; 3] = [
            &[&a[0], &a[1], &a[2], &a[3]],
            &[&a[0], &b[0], &b[1], &a[1], &b[2], &a[2], &a[3]],
            &[&b[0], &b[1], &b[2], &a[0]],
        ];
        for order in orders {
            let leaves: Vec<Hash> = order.iter().map(|said| leaf(said)).collect();
            let slots = vec![Slot::default(); leaves.len()];
            let mut ends = Ends::new();
            let found = solve(&Frontier::new(), &slots, tree(&leaves), &known, &mut ends);
            assert_eq!(found, Ok(leaves.clone()));
            let last = order.iter().rev().find(|said| said.source().as_str() == "a").unwrap();
            let end = End { next: last.sequence() + 1, leaf: leaf(last) };
            assert_eq!(ends[last.source()], end);
        }
    }

    #[test]
    fn an_order_that_no_chain_has_is_not_found_and_the_chains_end_where_they_did() {
        let a = chain("a", 3, 0);
        let known = links(std::slice::from_ref(&a));
        let backwards = [leaf(&a[1]), leaf(&a[0])];
        let slots = vec![Slot::default(); 2];
        let mut ends = Ends::new();
        let found = solve(&Frontier::new(), &slots, tree(&backwards), &known, &mut ends);
        assert_eq!((found, ends.len()), (Err(Unsolved::None), 0));
        // One statement is not handed in, and none of those behind it can take its place.
        let gap = links(&[vec![a[0].clone(), a[2].clone()]]);
        let whole: Vec<Hash> = a.iter().map(leaf).collect();
        let slots = vec![Slot::default(); 3];
        let found = solve(&Frontier::new(), &slots, tree(&whole), &gap, &mut ends);
        assert_eq!((found, ends.len()), (Err(Unsolved::None), 0));
    }

    #[test]
    fn a_statement_never_stands_before_the_tree_that_it_names_as_earlier() {
        let late = chain("late", 1, 2);
        let early = chain("early", 2, 0);
        let known = links(&[late.clone(), early.clone()]);
        let wrong = [leaf(&late[0]), leaf(&early[0]), leaf(&early[1])];
        let right = [leaf(&early[0]), leaf(&early[1]), leaf(&late[0])];
        let slots = vec![Slot::default(); 3];
        for (leaves, want) in [(wrong, Err(Unsolved::None)), (right, Ok(right.to_vec()))] {
            let mut ends = Ends::new();
            let found = solve(&Frontier::new(), &slots, tree(&leaves), &known, &mut ends);
            assert_eq!(found, want);
        }
    }

    #[test]
    fn hints_may_lie_and_what_is_certain_may_not_be_moved() {
        let (a, b) = (chain("a", 3, 0), chain("b", 1, 0));
        let known = links(&[a.clone(), b.clone()]);
        let leaves = [leaf(&a[0]), leaf(&b[0]), leaf(&a[1]), leaf(&a[2])];
        let mut slots = vec![Slot::default(); 4];
        slots[0].hints = vec![Hash::of(b"made up"), leaf(&b[0])];
        slots[2].certain = Some(leaf(&a[1]));
        let found = solve(&Frontier::new(), &slots, tree(&leaves), &known, &mut Ends::new());
        assert_eq!(found, Ok(leaves.to_vec()));
        slots[3].certain = Some(Hash::of(b"another"));
        let found = solve(&Frontier::new(), &slots, tree(&leaves), &known, &mut Ends::new());
        assert_eq!(found, Err(Unsolved::None));
    }

    #[test]
    fn one_lie_among_many_hints_costs_little() {
        let chains = [chain("a", 100, 0), chain("b", 100, 0)];
        let known = links(&chains);
        let leaves: Vec<Hash> = (0..200).map(|at: usize| leaf(&chains[at % 2][at / 2])).collect();
        let mut slots: Vec<Slot> =
            leaves.iter().map(|leaf| Slot { certain: None, hints: vec![*leaf] }).collect();
        slots[150].hints = vec![Hash::of(b"made up")];
        let found = solve(&Frontier::new(), &slots, tree(&leaves), &known, &mut Ends::new());
        assert_eq!(found, Ok(leaves));
    }

    #[test]
    fn a_search_without_end_is_ended() {
        let chains: Vec<_> = (0..12).map(|at| chain(&format!("s{at}"), 2, 0)).collect();
        let known = links(&chains);
        let slots = vec![Slot::default(); 24];
        let want = tree(&[Hash::of(b"none of these")]);
        let mut ends = Ends::new();
        let found = solve(&Frontier::new(), &slots, want, &known, &mut ends);
        assert_eq!((found, ends.len()), (Err(Unsolved::TooMany), 0));
    }
}
