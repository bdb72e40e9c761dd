//! Boards that failed at a machine that inspects, and what became of them by the last word on each.
//!
//! That is no verdict on the evidence, nor on the boards: `reconcile` gives that one. But nobody is to read VERIFIED
//! over a board that failed without being told. The page says the same (`verifier-web/src/judge/look.ts`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use foldhash::{HashMap, HashMapExt, HashSet};
use rayon::prelude::*;
use spec::evidence::disclosure::OpenedRecord;
use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;

use crate::list::{Unit, is_name};
use crate::matter::{Outcome, in_turn, is_about_boards};
use crate::messages::Message;
use crate::reconcile::{claimed_instant, counts_some, is_inspection, says_bad, says_good};
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
    /// Where each unit stands among them, if they are many.
    places: Option<HashMap<&'r str, Vec<usize>>>,
    panel: Option<&'r str>,
    verdict: Verdicts<'r>,
    /// What a review found.
    before: Verdicts<'r>,
    has_defects: bool,
    file: Option<&'r str>,
    about: Option<&'r str>,
    times: (Option<u64>, u64),
}

impl<'r> Word<'r> {
    fn of((source, sequence, record): Placed<'r>) -> Self {
        let text =
            |name: &str| -> Option<&'r str> { record.text(name).filter(|text| !text.is_empty()) };
        let lines = |name: &str| -> Vec<&'r str> {
            // As items of a list are told apart everywhere: what is behind a line's end is part of a name.
            let lines = text(name).into_iter().flat_map(|list| list.split('\n'));
            lines.filter(|line| !line.is_empty()).collect()
        };
        let claimed = || {
            let format = text("claimed/format").unwrap_or("iso");
            claimed_instant(text("claimed/start")?, format, text("claimed/zone")?)
        };
        let seen = text("seen").and_then(parse_millis).unwrap_or(u64::MAX);
        let has_defects = text("defects").is_some_and(counts_some);
        let units = lines("units");
        Self {
            place: (source, sequence, record.index()),
            kind: record.kind(),
            places: places_of(&units),
            units,
            panel: text("panel").filter(|name| is_name(name.as_bytes())),
            verdict: Verdicts::of(lines("verdict")),
            before: Verdicts::of(lines("verdict/before")),
            has_defects,
            file: text("file/sha256"),
            about: text("about/sha256"),
            times: (claimed(), seen),
        }
    }

    /// Where a unit stands among the others. One record may have thousands, each of which is asked for.
    fn places_of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = usize> + use<'s, 'r> {
        let known =
            self.places.as_ref().map(|places| places.get(name).map_or(&[][..], Vec::as_slice));
        let among = if known.is_some() { &[][..] } else { self.units.as_slice() };
        let among = among.iter().enumerate().filter(move |(_, unit)| **unit == name);
        known.unwrap_or_default().iter().copied().chain(among.map(|(at, _)| at))
    }

    /// The words of a list that are about one board alone. None where the list does not tell boards apart, as where all of
    /// a panel bear its name: then every word is about each.
    fn own<'s>(
        &'s self,
        list: &'s Verdicts<'r>,
        name: &'s str,
    ) -> Option<impl Iterator<Item = &'r str> + use<'s, 'r>> {
        if list.words.len() != self.units.len() {
            return None;
        }
        let mut own = self.places_of(name).map(|at| list.words[at]).peekable();
        own.peek().is_some().then_some(own)
    }

    /// Whether a list of words says something bad of a board.
    fn is_bad(&self, list: &Verdicts<'r>, name: &str) -> bool {
        self.own(list, name).map_or(list.is_bad, |mut own| own.any(says_bad))
    }

    /// Whether all that it says of a board is good.
    fn is_good(&self, list: &Verdicts<'r>, name: &str) -> bool {
        self.own(list, name).map_or_else(|| list.is_good(), |mut own| own.all(says_good))
    }

    /// Whether it is about one of these panels as a whole, in their order: it names no unit, or the panel as one.
    fn is_whole(&self, panels: &[&str]) -> bool {
        match &self.places {
            _ if self.units.is_empty() => true,
            Some(places) if panels.len() < self.units.len() => {
                panels.iter().any(|panel| places.contains_key(panel))
            }
            _ => self.units.iter().any(|unit| panels.binary_search(unit).is_ok()),
        }
    }

    /// Whether it says that this board failed at a machine.
    fn fails(&self, name: &str) -> bool {
        if self.is_counted() {
            return self.has_defects;
        }
        self.found().is_some_and(|found| self.is_bad(found, name))
    }

    /// Where a machine has no word for it, its count of defects is what it says.
    fn is_counted(&self) -> bool {
        is_inspection(self.kind) && self.verdict.words.is_empty()
    }

    /// What a machine found, if that is known.
    const fn found(&self) -> Option<&Verdicts<'r>> {
        match self.kind {
            kind if is_inspection(kind) => Some(&self.verdict),
            Kind::Review => Some(&self.before),
            _ => None,
        }
    }

    /// The boards that it says failed at a machine.
    fn failing(&self) -> Vec<&'r str> {
        let is_all = self.is_counted() && self.has_defects;
        if !is_all && !self.found().is_some_and(|found| found.is_bad) {
            return Vec::new();
        }
        self.names().filter(|name| self.fails(name)).collect()
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

/// From so many units on it is kept where each of them stands.
const MANY_UNITS: usize = 32;

fn places_of<'r>(units: &[&'r str]) -> Option<HashMap<&'r str, Vec<usize>>> {
    if units.len() < MANY_UNITS {
        return None;
    }
    let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(units.len());
    for (at, unit) in units.iter().enumerate() {
        places.entry(unit).or_default().push(at);
    }
    Some(places)
}

/// Words for boards, one after the other.
struct Verdicts<'r> {
    words: Vec<&'r str>,
    /// One of them is bad.
    is_bad: bool,
    /// All of them are good. That is asked of boards that failed alone, and of each of them.
    is_good: OnceLock<bool>,
}

impl<'r> Verdicts<'r> {
    fn of(words: Vec<&'r str>) -> Self {
        let is_bad = words.iter().any(|word| says_bad(word));
        Self { words, is_bad, is_good: OnceLock::new() }
    }

    fn is_good(&self) -> bool {
        *self.is_good.get_or_init(|| self.words.iter().all(|word| says_good(word)))
    }
}

/// The boards of which a machine says something bad, or a review that it did.
fn failing<'r>(words: &[Word<'r>]) -> HashSet<&'r str> {
    words.par_iter().with_min_len(MIN_SHARE).flat_map_iter(Word::failing).collect()
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
            && of_serial.clone().any(|at| self.words[*at].places_of(serial).next().is_some());
        let name = unit.panel_name().filter(|_| !is_named).unwrap_or(serial);
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
            if is_word && !word.verdict.words.is_empty() {
                last = Some((word.kind, word.is_good(&word.verdict, name)));
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
        let on_panel = || panels.iter().flat_map(|panel| places(panel)).copied();
        let few = |at: usize| words[at].units.len().min(panels.len());
        self.left = self.left.checked_sub(on_panel().map(few).sum())?;
        let whole = on_panel().filter(|at| words[*at].is_whole(&panels));
        let mut chain: Vec<usize> = own.iter().copied().chain(whole).collect();
        if !self.by_about.is_empty() {
            // Once for each file: hostile records may all be of the same.
            let files: BTreeSet<&str> = chain.iter().filter_map(|at| words[*at].file).collect();
            let about: Vec<&Vec<usize>> =
                files.iter().filter_map(|file| self.by_about.get(file)).collect();
            self.left = self.left.checked_sub(about.iter().map(|places| places.len()).sum())?;
            chain.extend(about.into_iter().flatten());
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
        let lines = |name: &str| -> Vec<&'r str> {
            let lines = text(name).into_iter().flat_map(|list| list.split('\n'));
            lines.filter(|line| !line.is_empty()).collect()
        };
        let units = lines("units");
        Word {
            place: ("aoi.example/7", 0, seen),
            kind,
            places: places_of(&units),
            units,
            panel: text("panel"),
            verdict: Verdicts::of(lines("verdict")),
            before: Verdicts::of(lines("verdict/before")),
            has_defects: text("defects").is_some_and(counts_some),
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
    fn many_units_of_one_record_are_told_apart_as_few_are() {
        for count in [MANY_UNITS - 1, MANY_UNITS, 3 * MANY_UNITS] {
            let units: String = (0..count).map(|at| format!("SN{at}\n")).collect();
            let verdicts = |word: &str, of: &[usize]| -> String {
                let word = |at: usize| if of.contains(&at) { word } else { "Passed" };
                (0..count).map(|at| format!("{}\n", word(at))).collect()
            };
            let failed = verdicts("Failed", &[7, 9]);
            let of = |verdict| [("panel", "PN1"), ("units", units.as_str()), ("verdict", verdict)];
            let report = || word(1, AOI, &of(&failed));
            let told = said(None, &[report()]);
            assert_eq!(told, ["2 boards failed at the machine and nobody passed them: SN7, SN9"]);
            // A person passed one of them, and said nothing that is only of the other.
            let again = verdicts("Failed", &[9]);
            let told = said(None, &[report(), word(2, Kind::Review, &of(&again))]);
            let one = |name| format!("passed by a person: {name}");
            assert_eq!(told.len(), 2, "{told:?}");
            assert!(told[0].ends_with("nobody passed it: SN9") && told[1].ends_with(&one("SN7")));
            // With one word too few nobody knows whose each is: each may be everyone's.
            let fewer = again.strip_prefix("Passed\n").unwrap();
            let told = said(None, &[report(), word(2, Kind::Review, &of(fewer))]);
            assert!(told.len() == 1 && told[0].ends_with("SN7, SN9"), "{told:?}");
            // The panel among its own units makes a record one of all of them.
            let whole = units.replacen("SN0\n", "PN1\n", 1);
            let of_whole = [("panel", "PN1"), ("units", whole.as_str()), ("verdict", "Passed")];
            let told = said(Some("SN0\nSN7\n"), &[report(), word(2, Kind::Review, &of_whole)]);
            assert!(told.len() == 1 && told[0].ends_with(&one("SN7")), "{told:?}");
        }
    }

    #[test]
    fn what_hangs_together_is_gone_through_once_and_not_beyond_the_limit() {
        let report = [("units", "SN1"), ("verdict", "Failed"), ("file/sha256", "f")];
        let about = [("about/sha256", "f"), ("verdict", "Passed")];
        let words: Vec<Word<'_>> = (0..500)
            .flat_map(|at| [word(at, AOI, &report), word(500 + at, Kind::Review, &about)])
            .collect();
        let mut histories = Histories::new(&words);
        // All reports are of one file, and its reviews are looked up for it once.
        assert_eq!(histories.message("SN1"), Some(Message::LookPassedByPerson));
        assert_eq!(MAX_FOLLOWED - histories.left, 500 + 500);
        for (left, is_followed) in [(1_000, true), (999, false), (499, false)] {
            histories.left = left;
            let said = histories.message("SN1");
            assert_eq!(said == Some(Message::LookUnfollowed), !is_followed, "{left}");
        }
        // Panels of a board are compared with what their records name, and that counts too.
        let panels: Vec<String> = (0..40).map(|at| format!("PN{at}")).collect();
        let units: String = (0..40).map(|at| format!("SN{at}\n")).collect();
        let on = |panel| [("panel", panel), ("units", units.as_str()), ("verdict", "Failed")];
        let words: Vec<Word<'_>> = panels.iter().map(|panel| word(1, AOI, &on(panel))).collect();
        let mut histories = Histories::new(&words);
        assert_eq!(histories.message("SN1"), Some(Message::LookFailed));
        assert_eq!(MAX_FOLLOWED - histories.left, 40 + 40 + 40 * 40);
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
        // A line's end is a line feed; what stands before it is of the name, and around a word it is nothing.
        let odd = [word(1, AOI, &[("units", "SN1\r\n"), ("verdict", "Failed\r\n")])];
        assert_eq!(said(None, &odd).len(), 1);
        assert!(said(Some("SN1\n"), &odd).is_empty());
        // What a machine writes for a code that it could not read names nobody.
        assert!(said(None, &[word(1, AOI, &[("units", "NOREAD"), ("verdict", "NG")])]).is_empty());
    }
}
