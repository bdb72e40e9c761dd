//! Boards that failed at a machine that inspects, and what became of them by the last word on each.
//!
//! That is no verdict on the evidence, nor on the boards: `reconcile` gives that one. But nobody is to read VERIFIED
//! over a board that failed without being told. The page says the same (`verifier-web/src/judge/look.ts`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// A record by its place: its source, its statement, and the record itself.
pub(crate) type Placed<'r> = (&'r str, u64, &'r OpenedRecord);

/// Says which boards failed at a machine, and what became of them: of the reader's `units` where a list was given,
/// else of all that records name.
pub(crate) fn say<'r>(
    report: &mut Report,
    units: Option<&[&Unit]>,
    records: impl Iterator<Item = Placed<'r>>,
) {
    let about = records.filter(|(.., record)| is_about_boards(record.kind()));
    let words: Vec<Word<'r>> = about.map(Word::of).collect();
    for (message, names) in told(units, &words) {
        report.look(Look::of_units(message, &[], names));
    }
}

fn told(units: Option<&[&Unit]>, words: &[Word<'_>]) -> Vec<(Message, Vec<String>)> {
    let failing = failing(words);
    // Most bundles end here: what is behind this line is work.
    if failing.is_empty() {
        return Vec::new();
    }
    let mut histories = Histories::new(words);
    let boards: Vec<(&str, String)> = match units {
        Some(units) => {
            let found = units.iter().filter_map(|unit| histories.recorded(unit, &failing));
            found.collect()
        }
        None => failing.iter().map(|name| (*name, (*name).to_string())).collect(),
    };
    let mut groups: BTreeMap<&str, (Message, Vec<String>)> = BTreeMap::new();
    for (name, called) in boards {
        let Some(message) = histories.message(name) else { continue };
        groups.entry(message.code()).or_insert((message, Vec::new())).1.push(called);
    }
    groups.into_values().collect()
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
    fn own(&self, words: &[&'r str], name: &str) -> Vec<&'r str> {
        let is_list = words.len() == self.units.len();
        let own = words.iter().zip(&self.units).filter(|(_, unit)| is_list && **unit == name);
        let own: Vec<&str> = own.map(|(word, _)| *word).collect();
        if own.is_empty() { words.to_vec() } else { own }
    }

    /// Whether it says that this board failed at a machine.
    fn fails(&self, name: &str) -> bool {
        let is_bad = |words: &[&'r str]| self.own(words, name).into_iter().any(says_bad);
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

    /// All that it names.
    fn all_names(&self) -> BTreeSet<&'r str> {
        let names = self.units.iter().copied().filter(|name| is_name(name.as_bytes()));
        names.chain(self.panel).collect()
    }
}

/// The boards of which a machine says something bad, or a review that it did.
fn failing<'r>(words: &[Word<'r>]) -> BTreeSet<&'r str> {
    let failing = words.iter().flat_map(|word| word.names().filter(move |name| word.fails(name)));
    failing.collect()
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
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_about: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, word) in words.iter().enumerate() {
            let names = word.all_names();
            if let Some(file) = word.about.filter(|_| names.is_empty()) {
                by_about.entry(file).or_default().push(at);
            }
            for name in names {
                by_name.entry(name).or_default().push(at);
            }
        }
        Self { words, by_name, by_about, left: MAX_FOLLOWED }
    }

    /// A unit of the list as records call it, by its own name or by its panel as a whole, and as people do, if it may
    /// have failed.
    fn recorded<'u>(
        &self,
        unit: &'u Unit,
        failing: &BTreeSet<&'r str>,
    ) -> Option<(&'u str, String)> {
        let serial = unit.serial.as_str();
        let of_serial = self.by_name.get(serial).into_iter().flatten();
        let is_named = is_name(serial.as_bytes())
            && of_serial.clone().any(|at| self.words[*at].units.contains(&serial));
        let listed = unit.panel.as_deref().filter(|panel| is_name(panel.as_bytes()));
        let name = listed.filter(|_| !is_named).unwrap_or(serial);
        let mut panels = of_serial.filter_map(|at| self.words[*at].panel);
        let is_failing = failing.contains(name) || panels.any(|panel| failing.contains(panel));
        is_failing.then(|| (name, unit.called().into_owned()))
    }

    /// What is said of a board; `None` where it did not fail, or passed a later inspection.
    fn message(&mut self, name: &str) -> Option<Message> {
        let Some(chain) = self.chain(name) else { return Some(Message::LookUnfollowed) };
        let (mut is_failed, mut last) = (false, None);
        for word in chain {
            is_failed |= word.fails(name);
            let own = word.own(&word.verdict, name);
            let is_word =
                is_inspection(word.kind) || matches!(word.kind, Kind::Repair | Kind::Review);
            if is_word && !own.is_empty() {
                last = Some((word.kind, own.into_iter().all(says_good)));
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
    fn chain(&mut self, name: &str) -> Option<Vec<&'w Word<'r>>> {
        let words = self.words;
        let own: Vec<usize> = self.by_name.get(name).cloned().unwrap_or_default();
        let panels: BTreeSet<&str> = own.iter().filter_map(|at| words[*at].panel).collect();
        let on_panel = panels.iter().filter_map(|panel| self.by_name.get(panel)).flatten();
        let on_panel: Vec<usize> = on_panel.copied().collect();
        self.left = self.left.checked_sub(own.len() + on_panel.len())?;
        let is_whole = |at: &usize| {
            let units = &words[*at].units;
            units.is_empty() || units.iter().any(|unit| panels.contains(unit))
        };
        let mut chain: BTreeSet<usize> =
            own.into_iter().chain(on_panel.into_iter().filter(is_whole)).collect();
        let files = chain.iter().filter_map(|at| words[*at].file);
        let about = files.filter_map(|file| self.by_about.get(file)).flatten();
        let about: Vec<usize> = about.copied().collect();
        chain.extend(about);
        let mut chain: Vec<&'w Word<'r>> = chain.into_iter().map(|at| &words[at]).collect();
        chain.sort_by_key(|word| (word.times.1, word.place));
        Some(in_turn(chain, |word| word.kind, |word| word.times))
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
        let units: Option<Vec<&Unit>> = list.as_ref().map(|list| list.units.iter().collect());
        let told = told(units.as_deref(), words);
        let look = told.into_iter().map(|(message, names)| {
            let mut report = Report::new(crate::report::Verdict::Verified);
            report.look(Look::of_units(message, &[], names));
            report.looks(Language::English).concat()
        });
        look.collect()
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
            "1 board failed at the machine and was passed by a person: SN2",
            "1 board failed at the machine and was repaired; no later inspection is shown: SN3",
        ];
        assert_eq!(said(None, &words), all);
        assert_eq!(said(Some("SN2\nSN4\nSN5\n"), &words), [all[1]]);
        assert!(said(Some("SN4\nSN9\n"), &words).is_empty());
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
