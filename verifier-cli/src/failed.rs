//! Boards that failed at a machine that inspects, and what became of them by the last word on each.
//!
//! That is no verdict on the evidence, nor on the boards: `reconcile` gives that one. But nobody is to read VERIFIED
//! over a board that failed without being told. The page says the same (`verifier-web/src/judge/look.ts`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;
use spec::evidence::disclosure::OpenedRecord;
use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;

use crate::list::{Unit, is_name};
use crate::matter::{Outcome, in_turn, is_about_boards};
use crate::messages::Message;
use crate::reconcile::{claimed_instant, is_inspection, says_bad, says_good};
use crate::report::{Look, Report};

/// How many records are gone through for what became of boards: hostile ones may put all on one panel.
const MAX_FOLLOWED: usize = 2_000_000;

/// How many records a core takes at once: one alone is too little work to hand over.
const MIN_SHARE: usize = 64;

/// A record by its place: its source, its statement, and the record itself.
pub(crate) type Placed<'r> = (&'r str, u64, &'r OpenedRecord);

/// Which boards failed at a machine, with what became of them.
pub(crate) struct Failed<'u>(Vec<(Message, Board<'u>)>);

/// A board as people call it, and which unit of the list it is, if there is a list.
struct Board<'u> {
    unit: Option<usize>,
    called: Cow<'u, str>,
}

impl<'u> Failed<'u> {
    /// Finds them: of the reader's `units` where a list was given, else of all that records name.
    pub(crate) fn of<'r>(
        units: Option<&'u [Unit]>,
        records: impl Iterator<Item = Placed<'r>>,
    ) -> Self {
        let about: Vec<Placed<'r>> =
            records.filter(|(.., record)| is_about_boards(record.kind())).collect();
        let words: Vec<Word<'r>> =
            about.into_par_iter().with_min_len(MIN_SHARE).map(Word::of).collect();
        Self(told(units, &words))
    }

    /// Leaves the other units of the list away; they are named by their places in it.
    pub(crate) fn keep(&mut self, is_kept: impl Fn(usize) -> bool) {
        self.0.retain(|(_, board)| board.unit.is_none_or(&is_kept));
    }

    /// Says which they are, those together of which the same became.
    pub(crate) fn say(self, report: &mut Report) {
        let mut groups: BTreeMap<&str, (Message, Vec<String>)> = BTreeMap::new();
        for (message, board) in self.0 {
            let (_, names) = groups.entry(message.code()).or_insert((message, Vec::new()));
            names.push(board.called.into_owned());
        }
        for (message, names) in groups.into_values() {
            report.look(Look::of_units(message, &[], names));
        }
    }
}

fn told<'u>(units: Option<&'u [Unit]>, words: &[Word<'_>]) -> Vec<(Message, Board<'u>)> {
    let failing = failing(words);
    // Most bundles end here: what is behind this line is work.
    if failing.is_empty() {
        return Vec::new();
    }
    let mut histories = Histories::new(words);
    let mut told = Vec::new();
    let Some(units) = units else {
        let in_order: BTreeSet<&str> = failing.iter().copied().collect();
        for name in in_order {
            let board = || Board { unit: None, called: Cow::Owned(name.to_string()) };
            told.extend(histories.message(name).map(|message| (message, board())));
        }
        return told;
    };
    for (at, unit) in units.iter().enumerate() {
        let Some(name) = histories.recorded(unit, &failing) else { continue };
        let board = || Board { unit: Some(at), called: unit.called() };
        told.extend(histories.message(name).map(|message| (message, board())));
    }
    told
}

/// What one record says of boards.
struct Word<'r> {
    place: (&'r str, u64, u64),
    kind: Kind,
    units: Vec<&'r str>,
    panel: Option<&'r str>,
    verdict: Vec<&'r str>,
    /// What a review found.
    before: Vec<&'r str>,
    defects: usize,
    file: Option<&'r str>,
    about: Option<&'r str>,
    times: (Option<u64>, u64),
}

impl<'r> Word<'r> {
    fn of((source, sequence, record): Placed<'r>) -> Self {
        let text =
            |name: &str| -> Option<&'r str> { record.text(name).filter(|text| !text.is_empty()) };
        let lines = |name: &str| -> Vec<&'r str> {
            let lines = text(name).into_iter().flat_map(str::lines);
            lines.filter(|line| !line.is_empty()).collect()
        };
        let claimed = || {
            let format = text("claimed/format").unwrap_or("iso");
            claimed_instant(text("claimed/start")?, format, text("claimed/zone")?)
        };
        let seen = text("seen").and_then(parse_millis).unwrap_or(u64::MAX);
        let defects = text("defects").and_then(|count| count.trim().parse().ok()).unwrap_or(0);
        Self {
            place: (source, sequence, record.index()),
            kind: record.kind(),
            units: lines("units"),
            panel: text("panel").filter(|name| is_name(name.as_bytes())),
            verdict: lines("verdict"),
            before: lines("verdict/before"),
            defects,
            file: text("file/sha256"),
            about: text("about/sha256"),
            times: (claimed(), seen),
        }
    }

    /// Those of a list of words that are one board's; all of them where it does not tell them apart, as where all
    /// boards of a panel bear its name.
    fn own<'s>(
        &'s self,
        words: &'s [&'r str],
        name: &'s str,
    ) -> impl Iterator<Item = &'r str> + use<'s, 'r> {
        let tells_apart = words.len() == self.units.len() && self.units.contains(&name);
        let is_own = move |at: &usize| !tells_apart || self.units[*at] == name;
        (0..words.len()).filter(is_own).map(|at| words[at])
    }

    /// Whether it says that this board failed at a machine.
    fn fails(&self, name: &str) -> bool {
        let is_bad = |words: &[&'r str]| self.own(words, name).any(says_bad);
        match self.kind {
            // Where a machine has no word for it, its count of defects is what it says.
            kind if is_inspection(kind) && self.verdict.is_empty() => self.defects > 0,
            kind if is_inspection(kind) => is_bad(&self.verdict),
            Kind::Review => is_bad(&self.before),
            _ => false,
        }
    }

    /// What it calls boards: its units, or its panel where it names none.
    fn names(&self) -> impl Iterator<Item = &'r str> {
        let panel = self.panel.filter(|_| self.units.is_empty());
        self.units.iter().copied().chain(panel).filter(|name| is_name(name.as_bytes()))
    }

    /// All that it names, some of it perhaps twice.
    fn all_names(&self) -> impl Iterator<Item = &'r str> {
        let names = self.units.iter().copied().filter(|name| is_name(name.as_bytes()));
        names.chain(self.panel)
    }
}

/// The boards of which a machine says something bad, or a review that it did.
fn failing<'r>(words: &[Word<'r>]) -> HashSet<&'r str> {
    let names = |word: &Word<'r>| -> Vec<&'r str> {
        word.names().filter(|name| word.fails(name)).collect()
    };
    words.par_iter().with_min_len(MIN_SHARE).flat_map_iter(names).collect()
}

/// The records of one board after the other.
struct Histories<'w, 'r> {
    words: &'w [Word<'r>],
    by_name: HashMap<&'r str, Vec<usize>>,
    /// Of files, where only a report on them is named.
    by_about: HashMap<&'r str, Vec<usize>>,
    left: usize,
}

impl<'w, 'r> Histories<'w, 'r> {
    fn new(words: &'w [Word<'r>]) -> Self {
        let names = words.iter().map(|word| word.all_names().count()).sum();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(names);
        let mut by_about: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, word) in words.iter().enumerate() {
            if let Some(file) = word.about.filter(|_| word.all_names().next().is_none()) {
                by_about.entry(file).or_default().push(at);
            }
            for name in word.all_names() {
                let places = by_name.entry(name).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        Self { words, by_name, by_about, left: MAX_FOLLOWED }
    }

    /// A unit of the list as records call it, by its own name or by its panel as a whole, if it may have failed.
    fn recorded<'u>(&self, unit: &'u Unit, failing: &HashSet<&'r str>) -> Option<&'u str> {
        let serial = unit.serial.as_str();
        let of_serial = self.by_name.get(serial).into_iter().flatten();
        let is_named = is_name(serial.as_bytes())
            && of_serial.clone().any(|at| self.words[*at].units.contains(&serial));
        let listed = unit.panel.as_deref().filter(|panel| is_name(panel.as_bytes()));
        let name = listed.filter(|_| !is_named).unwrap_or(serial);
        let mut panels = of_serial.filter_map(|at| self.words[*at].panel);
        let is_failing = failing.contains(name) || panels.any(|panel| failing.contains(panel));
        is_failing.then_some(name)
    }

    /// What is said of a board; `None` where it did not fail, or passed a later inspection.
    fn message(&mut self, name: &str) -> Option<Message> {
        let Some(chain) = self.chain(name) else { return Some(Message::LookUnfollowed) };
        let (mut is_failed, mut last) = (false, None);
        for word in chain.words() {
            is_failed |= word.fails(name);
            let is_word =
                is_inspection(word.kind) || matches!(word.kind, Kind::Repair | Kind::Review);
            if is_word && !word.verdict.is_empty() {
                last = Some((word.kind, word.own(&word.verdict, name).all(says_good)));
            }
        }
        match Outcome::of(last) {
            _ if !is_failed => None,
            Outcome::Failed => Some(Message::LookFailed),
            Outcome::Inspected => None,
            Outcome::Repaired => Some(Message::LookRepaired),
            Outcome::Reviewed => Some(Message::LookPassedByPerson),
        }
    }

    /// The records about a board, in turn; `None` once too much was gone through. A record that names its panel and
    /// other boards of it says nothing of it.
    fn chain(&mut self, name: &str) -> Option<Chain<'w, 'r>> {
        let (words, by_name) = (self.words, &self.by_name);
        let places = |name: &str| by_name.get(name).map_or(&[][..], Vec::as_slice);
        let own = places(name);
        let mut panels: Vec<&str> = own.iter().filter_map(|at| words[*at].panel).collect();
        panels.sort_unstable();
        panels.dedup();
        let on_panel: usize = panels.iter().map(|panel| places(panel).len()).sum();
        self.left = self.left.checked_sub(own.len() + on_panel)?;
        // Most boards have one record, and it is the only one of their panel.
        if let [only] = own
            && on_panel <= 1
            && panels.iter().all(|panel| places(panel) == own)
            && words[*only].file.is_none_or(|file| !self.by_about.contains_key(file))
        {
            return Some(Chain::One(&words[*only]));
        }
        let is_whole = |at: &usize| {
            let units = &words[*at].units;
            units.is_empty() || units.iter().any(|unit| panels.binary_search(unit).is_ok())
        };
        let on_panel = panels.iter().flat_map(|panel| places(panel)).copied();
        let mut chain: Vec<usize> = own.iter().copied().chain(on_panel.filter(is_whole)).collect();
        if !self.by_about.is_empty() {
            let files = chain.iter().filter_map(|at| words[*at].file);
            let about = files.filter_map(|file| self.by_about.get(file)).flatten();
            let about: Vec<usize> = about.copied().collect();
            chain.extend(about);
        }
        chain.sort_unstable();
        chain.dedup();
        let mut chain: Vec<&'w Word<'r>> = chain.into_iter().map(|at| &words[at]).collect();
        chain.sort_by_key(|word| (word.times.1, word.place));
        Some(Chain::Many(in_turn(chain, |word| word.kind, |word| word.times)))
    }
}

/// What is said of one board, in turn.
enum Chain<'w, 'r> {
    One(&'w Word<'r>),
    Many(Vec<&'w Word<'r>>),
}

impl<'w, 'r> Chain<'w, 'r> {
    fn words(&self) -> impl Iterator<Item = &'w Word<'r>> {
        let words = match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words.as_slice(),
        };
        words.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    /// A word of a record that opens these fields, in the order in which it was seen.
    fn word<'r>(seen: u64, kind: Kind, values: &[(&str, &'r str)]) -> Word<'r> {
        let text = |name: &str| -> Option<&'r str> {
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        let lines =
            |name: &str| -> Vec<&'r str> { text(name).into_iter().flat_map(str::lines).collect() };
        Word {
            place: ("aoi.example/7", 0, seen),
            kind,
            units: lines("units"),
            panel: text("panel"),
            verdict: lines("verdict"),
            before: lines("verdict/before"),
            defects: text("defects").and_then(|count| count.parse().ok()).unwrap_or(0),
            file: text("file/sha256"),
            about: text("about/sha256"),
            times: (None, seen),
        }
    }

    /// What is said of all boards, or of the units of a list.
    fn said(units: Option<&str>, words: &[Word<'_>]) -> Vec<String> {
        let list = units.map(crate::list::parsed);
        let units: Option<&[Unit]> = list.as_ref().map(|list| list.units.as_slice());
        say(Failed(told(units, words)))
    }

    fn say(failed: Failed<'_>) -> Vec<String> {
        let mut report = Report::new(crate::report::Verdict::Verified);
        failed.say(&mut report);
        report.looks(Language::English)
    }

    const AOI: Kind = Kind::AoiReport;

    #[test]
    fn a_board_is_told_with_what_became_of_it() {
        let of = |name, verdict| [("units", name), ("verdict", verdict)];
        let words = [
            word(1, AOI, &of("SN1", "Failed")),
            word(2, AOI, &of("SN2", "Failed")),
            word(3, AOI, &of("SN3", "Failed")),
            word(4, AOI, &of("SN4", "Failed")),
            word(5, AOI, &of("SN5", "Passed")),
            word(6, Kind::Review, &of("SN2", "Passed")),
            word(7, Kind::Repair, &of("SN3", "RepairSuccessful")),
            word(8, AOI, &of("SN4", "Passed")),
            word(9, Kind::SpiReport, &of("SN5", "Failed")),
        ];
        let all = [
            "1 board failed at the machine and nobody passed it: SN1",
            "1 board failed at the machine and was repaired; no later inspection is shown: SN3",
            "1 board failed at the machine and was passed by a person: SN2",
        ];
        assert_eq!(said(None, &words), all);
        assert_eq!(said(Some("SN2\nSN4\nSN5\n"), &words), [all[2]]);
        assert!(said(Some("SN4\nSN9\n"), &words).is_empty());
        // Of units that are not found nothing is said, and without a list all are found.
        let list = crate::list::parsed("SN1\nSN2\n");
        let mut some = Failed(told(Some(&list.units), &words));
        some.keep(|at| at != 0);
        assert_eq!(say(some), [all[2]]);
        let mut every = Failed(told(None, &words));
        every.keep(|_| false);
        assert_eq!(say(every), all);
    }

    #[test]
    fn of_a_panel_only_the_boards_that_failed_are_told() {
        let panel = |verdict| [("panel", "PN1"), ("units", "SN1\nSN2"), ("verdict", verdict)];
        let words = [word(1, AOI, &panel("Passed\nFailed"))];
        let failed = |name| [format!("1 board failed at the machine and nobody passed it: {name}")];
        assert_eq!(said(None, &words), failed("SN2"));
        // A review of the other one says nothing of it, and one of the panel does.
        let other = [("panel", "PN1"), ("units", "SN1"), ("verdict", "Passed")];
        let mut words = Vec::from(words);
        words.push(word(2, Kind::Review, &other));
        assert_eq!(said(None, &words), failed("SN2"));
        let whole = [("panel", "PN1"), ("verdict", "Passed")];
        words.push(word(3, Kind::Review, &whole));
        assert!(said(None, &words)[0].contains("passed by a person: SN2"));
        // Where machines know the panel alone, the list says whose it is.
        let alone = [word(1, AOI, &[("panel", "PN1"), ("verdict", "Failed")])];
        assert_eq!(said(None, &alone), failed("PN1"));
        let listed = said(Some("serial,panel\nSN7,PN1\nSN8,PN2\n"), &alone);
        assert_eq!(listed, failed("SN7"));
    }

    #[test]
    fn a_count_of_defects_and_a_review_of_what_is_not_shown_are_failures() {
        let counted = [word(1, AOI, &[("units", "SN1"), ("defects", "2")])];
        assert_eq!(said(None, &counted).len(), 1);
        assert!(said(None, &[word(1, AOI, &[("units", "SN1"), ("defects", "0")])]).is_empty());
        let review = [("units", "SN1"), ("verdict", "Passed"), ("verdict/before", "Failed")];
        assert!(said(None, &[word(1, Kind::Review, &review)])[0].contains("by a person: SN1"));
        // A review that names no board is about the file of a report that does.
        let report = word(1, AOI, &[("units", "SN1"), ("verdict", "Failed"), ("file/sha256", "f")]);
        let about = word(2, Kind::Review, &[("about/sha256", "f"), ("verdict", "Passed")]);
        assert!(said(None, &[report, about])[0].contains("by a person: SN1"));
        // What a machine writes for a code that it could not read names nobody.
        assert!(said(None, &[word(1, AOI, &[("units", "NOREAD"), ("verdict", "NG")])]).is_empty());
    }
}
