//! Which records are about one board: those that share a panel, a unit, or a link between files.

use std::collections::BTreeMap;

use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;

use super::{Board, MAX_STEPS, Step};

/// How many names of one board are kept.
const MAX_NAMES: usize = 24;

/// Whether records of this kind are about boards.
pub(super) const fn is_about_boards(kind: Kind) -> bool {
    matches!(kind, Kind::AoiReport | Kind::OvenData | Kind::Repair | Kind::Review | Kind::SpiReport)
}

/// Groups records by board, boards in the order in which they were first seen.
pub(super) fn group(mut steps: Vec<Step>) -> Vec<Board> {
    steps.sort_by_cached_key(seen);
    let mut sets = Sets::new(steps.len());
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        for token in tokens(step) {
            let other = *first.entry(token).or_insert(at);
            sets.join(at, other);
        }
    }
    let mut boards: BTreeMap<usize, Board> = BTreeMap::new();
    for (at, step) in steps.into_iter().enumerate() {
        let empty = || Board { names: Vec::new(), steps: Vec::new(), step_count: 0 };
        let board = boards.entry(sets.root(at)).or_insert_with(empty);
        for name in step.names() {
            if board.names.len() < MAX_NAMES && !board.names.iter().any(|known| known == name) {
                board.names.push(name.to_string());
            }
        }
        board.step_count += 1;
        if board.steps.len() < MAX_STEPS {
            board.steps.push(step);
        }
    }
    boards.into_values().collect()
}

/// In the order of sight by the agent's clock; where that is not opened, in that of the statements.
fn seen(step: &Step) -> (u64, String, u64, u64) {
    let seen = step.text("seen").and_then(parse_millis).unwrap_or(u64::MAX);
    (seen, step.source.clone(), step.sequence, step.record)
}

/// By what a record may belong to others. A name and a hash never meet.
fn tokens(step: &Step) -> Vec<String> {
    let names = step.names().into_iter().map(|name| format!("name {name}"));
    let links = ["about/sha256", "file/sha256", "follows/sha256", "supersedes"];
    let links = links.into_iter().filter_map(|link| step.text(link));
    names.chain(links.map(|hash| format!("file {hash}"))).collect()
}

/// Sets that are joined; the smallest member stands for its set.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}
