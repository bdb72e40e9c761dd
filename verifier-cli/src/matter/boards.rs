//! Which records are about one board: those that share a panel, a unit, or a link between files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;

use super::{Board, Bounds, MAX_STEPS, Step, Verdicts};
use crate::list::{Panels, Unit};

/// How many names of one board are kept.
const MAX_NAMES: usize = 24;

/// Whether records of this kind are about boards.
pub(crate) const fn is_about_boards(kind: Kind) -> bool {
    matches!(kind, Kind::AoiReport | Kind::OvenData | Kind::Repair | Kind::Review | Kind::SpiReport)
}

/// Groups records by board: those that are `asked` for by name, then the rest. Of both, boards on which anything
/// a unit lacks an inspection come first, then those on which anything was found; else they are in the order in which they were first seen.
pub(super) fn group(
    mut steps: Vec<Step>,
    asked: &BTreeSet<&str>,
    lacking: &[Cow<'_, Unit>],
) -> Vec<Board> {
    steps.sort_by_cached_key(seen);
    let mut sets = Sets::new(steps.len());
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        for token in tokens(step) {
            let other = *first.entry(token).or_insert(at);
            sets.join(at, other);
        }
    }
    let lacking = by_name(lacking);
    let mut members: BTreeMap<usize, Vec<&Step>> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        members.entry(sets.root(at)).or_default().push(step);
    }
    let mut verdicts: BTreeMap<usize, Verdicts> =
        members.into_iter().map(|(root, steps)| (root, Verdicts::of(steps))).collect();
    let mut boards: BTreeMap<usize, Board> = BTreeMap::new();
    for (at, step) in steps.into_iter().enumerate() {
        let root = sets.root(at);
        let empty = || Board {
            names: Vec::new(),
            panel: None,
            own: Vec::new(),
            lacking: BTreeSet::new(),
            steps: Vec::new(),
            step_count: 0,
            verdicts: verdicts.remove(&root).unwrap_or_default(),
            is_asked: false,
            bounds: step.bounds,
        };
        let board = boards.entry(root).or_insert_with(empty);
        for name in step.names() {
            board.is_asked |= asked.contains(name);
            if board.lacking.len() < MAX_NAMES {
                let called = lacking.get(name).into_iter().flatten().take(MAX_NAMES);
                board.lacking.extend(called.map(|unit| unit.called().into_owned()));
            }
            if board.names.len() < MAX_NAMES && !board.names.iter().any(|known| known == name) {
                board.names.push(name.to_string());
            }
        }
        if board.panel.is_none() {
            board.panel = step.panel().map(str::to_string);
        }
        board.step_count += 1;
        board.bounds = around(board.bounds, step.bounds);
        if board.steps.len() < MAX_STEPS {
            board.steps.push(step);
        }
    }
    let mut boards: Vec<Board> = boards.into_values().collect();
    boards.iter_mut().for_each(panel_first);
    boards.sort_by_key(|board| {
        (!board.is_asked, board.lacking.is_empty(), !board.verdicts.has_failed())
    });
    boards
}

/// Units by whatever reports may call them.
fn by_name<'u>(units: &'u [Cow<'_, Unit>]) -> BTreeMap<&'u str, Vec<&'u Unit>> {
    let mut named: BTreeMap<&str, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        unit.names().for_each(|name| named.entry(name).or_default().push(unit));
    }
    named
}

/// A record that was seen early may name no panel: what a board is called does not hang on that.
fn panel_first(board: &mut Board) {
    if let Some(panel) = &board.panel {
        board.names.retain(|name| name != panel);
        board.names.insert(0, panel.clone());
    }
}

/// Says of each board which units of the reader's list are on it. By its panel they are only where its records
/// name no board of it: these say nothing of one that they do not name.
pub(super) fn name_own(boards: &mut [Board], list: &Panels<'_>) {
    for board in boards {
        let by_panel = match board.names.as_slice() {
            [one] => list.on(one),
            _ => &[],
        };
        let by_serial = board.names.iter().filter(|name| list.of_unit(name).is_some());
        let mut own: Vec<String> = by_serial.cloned().collect();
        own.extend(by_panel.iter().map(|serial| (*serial).to_string()));
        if board.panel.is_none() {
            board.panel = own.first().and_then(|serial| list.of_unit(serial)).map(str::to_string);
        }
        board.own = own;
    }
}

/// The bounds of two statements together. Where one has no time behind it, nobody knows the latest.
fn around(one: Bounds, other: Bounds) -> Bounds {
    Bounds {
        not_before: [one.not_before, other.not_before].into_iter().flatten().min(),
        not_after: one.not_after.zip(other.not_after).map(|(one, other)| one.max(other)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn bounds(not_before: Option<u64>, not_after: Option<u64>) -> Bounds {
        Bounds { not_before, not_after }
    }

    fn step(number: u64, bounds: Bounds, values: &[(&'static str, &str)]) -> Step {
        let mut step = Step::of(Kind::AoiReport, number, values);
        step.bounds = bounds;
        step
    }

    #[test]
    fn the_last_verdict_and_the_bounds_are_of_all_steps() {
        let count = MAX_STEPS as u64 + 5;
        let all = (1..=count).map(|number| {
            let verdict = if number == count { "PASSED" } else { "FAILED" };
            let times = bounds(Some(1000 - number), Some(2000 + number));
            step(number, times, &[("panel", "P1"), ("verdict", verdict)])
        });
        let boards = group(all.collect(), &BTreeSet::new(), &[]);
        assert_eq!(boards.len(), 1);
        assert_eq!((boards[0].steps.len(), boards[0].step_count), (MAX_STEPS, MAX_STEPS + 5));
        assert_eq!(boards[0].verdicts.machine.as_deref(), Some("PASSED"));
        assert!(boards[0].verdicts.is_failed);
        assert_eq!(boards[0].bounds, bounds(Some(1000 - count), Some(2000 + count)));
    }

    #[test]
    fn bounds_are_around_all_and_the_latest_is_unknown_if_one_is() {
        let (one, other) = (bounds(None, Some(9)), bounds(Some(3), Some(7)));
        assert_eq!(around(one, other), bounds(Some(3), Some(9)));
        assert_eq!(around(other, bounds(Some(2), None)), bounds(Some(2), None));
    }

    #[test]
    fn boards_that_are_asked_for_come_first() {
        let all = (1..=5).map(|number| {
            let name = format!("SN{number}");
            step(number, Bounds::default(), &[("units", name.as_str())])
        });
        let boards = group(all.collect(), &BTreeSet::from(["SN5", "SN4", "SN9"]), &[]);
        let names: Vec<&str> = boards.iter().map(|board| board.names[0].as_str()).collect();
        assert_eq!(names, ["SN4", "SN5", "SN1", "SN2", "SN3"]);
    }

    #[test]
    fn boards_on_which_something_was_found_come_before_those_that_passed() {
        let all = (1..=6).map(|number| {
            let name = format!("SN{number}");
            let verdict = if number % 3 == 0 { "Failed" } else { "Passed" };
            step(number, Bounds::default(), &[("units", name.as_str()), ("verdict", verdict)])
        });
        let mut all: Vec<Step> = all.collect();
        // Passed by a second look: it failed once, and that is what a dispute is about.
        all.push(step(7, Bounds::default(), &[("units", "SN3"), ("verdict", "Passed")]));
        let boards = group(all, &BTreeSet::from(["SN5", "SN6"]), &[]);
        let names: Vec<&str> = boards.iter().map(|board| board.names[0].as_str()).collect();
        assert_eq!(names, ["SN6", "SN5", "SN3", "SN1", "SN2", "SN4"]);
    }

    #[test]
    fn a_board_that_lacks_an_inspection_comes_before_those_that_failed() {
        let all = (1..=5).map(|number| {
            let panel = format!("PN{number}");
            let verdict = if number % 2 == 0 { "Failed" } else { "Passed" };
            let values = [("panel", panel.as_str()), ("verdict", verdict)];
            step(number, Bounds::default(), &values)
        });
        let unit = |serial: &str, panel: Option<&str>| Unit {
            serial: serial.to_string(),
            panel: panel.map(str::to_string),
            ..Unit::default()
        };
        let lacking: [Cow<'_, Unit>; 2] =
            [unit("SN3", Some("PN3")), unit("PN1", None)].map(Cow::Owned);
        let asked = BTreeSet::from(["PN3", "PN4", "PN5"]);
        let boards = group(all.collect(), &asked, &lacking);
        let names: Vec<&str> = boards.iter().map(|board| board.names[0].as_str()).collect();
        assert_eq!(names, ["PN3", "PN4", "PN5", "PN1", "PN2"]);
        // It is named as the list has it.
        assert!(boards[0].lacking.contains("SN3") && boards[1].lacking.is_empty());
    }

    #[test]
    fn a_board_is_called_by_its_panel_whatever_was_seen_first_and_by_the_serials_of_the_list() {
        let named = |all: &[&[(&'static str, &str)]], lines: &str| {
            let steps = all.iter().zip(1..);
            let steps = steps.map(|(values, number)| step(number, Bounds::default(), values));
            let mut boards = group(steps.collect(), &BTreeSet::new(), &[]);
            let list = crate::list::parsed(lines);
            name_own(&mut boards, &Panels::of(&list));
            let [board] = <[Board; 1]>::try_from(boards).unwrap();
            (board.names.join(" "), board.panel.unwrap_or_default(), board.own.join(" "))
        };
        let of = |names: &str, panel: &str, own: &str| {
            (names.to_string(), panel.to_string(), own.to_string())
        };
        // Paste inspection wrote no panel, and was first.
        let three: [&[(&str, &str)]; 2] =
            [&[("units", "SN1\nSN2")], &[("panel", "PN"), ("units", "SN1\nSN2\nSN3")]];
        let list = "serial,panel\nSN1,PN\nSN3,PN\nSN9,PN\n";
        assert_eq!(named(&three, list), of("PN SN1 SN2 SN3", "PN", "SN1 SN3"));
        // A machine that knows panels alone: the boards are those that the list has on it.
        let alone: [&[(&str, &str)]; 1] = [&[("units", "PN")]];
        assert_eq!(named(&alone, list), of("PN", "PN", "SN1 SN3 SN9"));
        assert_eq!(named(&alone, "SN1\n"), of("PN", "", ""));
    }

    #[test]
    fn a_word_for_no_code_joins_no_boards() {
        let all = ["N/A", "NOREAD", "N/A", "P1", "P1"].into_iter().zip(1..);
        let all = all.map(|(name, number)| step(number, Bounds::default(), &[("panel", name)]));
        let boards = group(all.collect(), &BTreeSet::new(), &[]);
        let counts: Vec<usize> = boards.iter().map(|board| board.step_count).collect();
        assert_eq!(counts, [1, 1, 1, 2]);
        assert!(boards[0].names.is_empty() && boards[3].names == ["P1"]);
    }
}
