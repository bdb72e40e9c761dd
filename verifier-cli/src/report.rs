//! What is said at the end: a verdict, what it rests on, and what was not checked.

use serde_json::{Map, Value, json};

use crate::matter::Matter;
use crate::messages::{Language, Message, Said};
use crate::reconcile::Delivery;

/// What the program found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Something was made or shown; nothing was judged.
    Done,
    /// The evidence is wrong.
    Rejected,
    /// Some of it could not be had, and what could be had is right.
    Undecided,
    /// Everything that was asked holds.
    Verified,
}

impl Verdict {
    pub(crate) const fn message(self) -> Option<Message> {
        match self {
            Self::Done => None,
            Self::Rejected => Some(Message::Rejected),
            Self::Undecided => Some(Message::CouldNotTell),
            Self::Verified => Some(Message::Verified),
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Done => "none",
            Self::Rejected => "rejected",
            Self::Undecided => "undecided",
            Self::Verified => "verified",
        }
    }
}

/// Why evidence is rejected that does not fit what the reader gave: his file may be the wrong one.
const MISFITS: [Message; 8] = [
    Message::LogHasNotSigned,
    Message::PinsOfAnotherLog,
    Message::QuorumNotMet,
    Message::RangeBeforePin,
    Message::RangeNotPinned,
    Message::RangeSilence,
    Message::UnknownLog,
    Message::UnpinnedSource,
];

/// Facts about single records of the reader's units. They come last: what needs looking at is not to be sought
/// behind them.
const RECORDS: [Message; 2] = [Message::LabelOwnRecord, Message::LabelOwnMore];

/// Why a file is rejected that may only have been copied badly.
const DAMAGES: [Message; 2] = [Message::BundleCut, Message::BundleDamaged];

/// The value of a fact.
#[derive(Debug)]
enum Shown {
    Named(Message),
    Text(String),
    /// As machines and as people of either language read it.
    Worded {
        code: String,
        english: String,
        chinese: String,
    },
    /// What people are told in fewer words.
    ForMachines(String),
    /// The fewer words.
    ForPeople(String),
}

impl Shown {
    /// The value for people.
    fn text(&self, language: Language) -> Option<&str> {
        Some(match self {
            Self::Named(name) => name.text(language),
            Self::Text(text) | Self::ForPeople(text) => text,
            Self::Worded { english, .. } if language == Language::English => english,
            Self::Worded { chinese, .. } => chinese,
            Self::ForMachines(_) => return None,
        })
    }

    /// The value for machines.
    fn code(&self) -> Option<&str> {
        Some(match self {
            Self::Named(name) => name.code(),
            Self::Text(text) | Self::ForMachines(text) => text,
            Self::Worded { code, .. } => code,
            Self::ForPeople(_) => return None,
        })
    }
}

/// A verdict with all that belongs to it, in the order in which it is read.
#[derive(Debug)]
pub(crate) struct Report {
    verdict: Verdict,
    /// Why it is so; the first line under the verdict.
    reasons: Vec<Said>,
    /// Labelled values: `origin`, `tree size` and the like.
    facts: Vec<(Message, Shown)>,
    /// The other half of the truth.
    not_checked: Vec<Said>,
    /// What was made, where it goes to standard output: then nothing else may.
    product: Option<String>,
    /// When it was found, where one report follows another: then each is one line.
    found_at: Option<String>,
    /// What a report on paper shows of the evidence, if one was asked for.
    matter: Option<Box<Matter>>,
    /// The word for people, where the verdict's own would say something else.
    word: Option<Message>,
    /// The units of a delivery, if they were compared and are asked for on paper.
    delivery: Option<Box<Delivery>>,
}

impl Report {
    pub(crate) const fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            reasons: Vec::new(),
            facts: Vec::new(),
            not_checked: Vec::new(),
            product: None,
            found_at: None,
            matter: None,
            word: None,
            delivery: None,
        }
    }

    /// A rejection with its reasons.
    pub(crate) fn rejected(why: Vec<Said>) -> Self {
        let mut report = Self::new(Verdict::Rejected);
        report.reasons = why;
        report
    }

    pub(crate) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Says the verdict in another word; machines read the same.
    pub(crate) fn in_word(self, word: Message) -> Self {
        Self { word: Some(word), ..self }
    }

    /// The verdict's word for people.
    pub(crate) fn word(&self) -> Option<Message> {
        self.word.or(self.verdict.message())
    }

    /// Says that the evidence holds and what was asked about it is not in order. The word for forged evidence
    /// would accuse whoever has shown sound evidence.
    pub(crate) fn set_not_in_order(&mut self, why: Said) {
        assert_eq!(self.verdict, Verdict::Verified, "the evidence holds");
        self.verdict = Verdict::Rejected;
        self.word = Some(Message::NotInOrder);
        self.reasons.insert(0, why);
    }

    /// Whether the evidence holds, whatever it shows.
    pub(crate) fn holds(&self) -> bool {
        self.verdict == Verdict::Verified || self.word == Some(Message::NotInOrder)
    }

    /// Adds what holds. Of evidence that was not verified nothing is shown.
    pub(crate) fn with_matter(self, matter: Matter) -> Self {
        assert!(self.holds(), "only what holds is shown");
        Self { matter: Some(Box::new(matter)), ..self }
    }

    pub(crate) fn matter(&self) -> Option<&Matter> {
        self.matter.as_deref()
    }

    /// Adds what was found of a delivery, on evidence that holds.
    pub(crate) fn with_delivery(self, delivery: Delivery) -> Self {
        Self { delivery: Some(Box::new(delivery)), ..self }
    }

    pub(crate) fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_deref()
    }

    pub(crate) fn reasons(&self) -> &[Said] {
        &self.reasons
    }

    /// Whether it was rejected because it does not fit the reader's own policy, pins or keys.
    pub(crate) fn is_misfit(&self) -> bool {
        self.is_rejected_for(&MISFITS)
    }

    /// Whether it was rejected because the file is not whole, which copying it again may mend.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_rejected_for(&DAMAGES)
    }

    fn is_rejected_for(&self, reasons: &[Message]) -> bool {
        let first = self.reasons.first();
        self.verdict == Verdict::Rejected
            && first.is_some_and(|why| reasons.contains(&why.message()))
    }

    /// The labelled values in a language; those about single records last.
    pub(crate) fn facts(&self, language: Language) -> impl Iterator<Item = (&'static str, &str)> {
        self.facts_of(language, false).chain(self.facts_of(language, true))
    }

    /// Those about single records, or the others.
    fn facts_of(
        &self,
        language: Language,
        records: bool,
    ) -> impl Iterator<Item = (&'static str, &str)> {
        let facts = self.facts.iter().filter(move |(label, _)| RECORDS.contains(label) == records);
        facts.filter_map(move |(label, value)| Some((label.text(language), value.text(language)?)))
    }

    pub(crate) fn reason(&mut self, why: Said) {
        self.reasons.push(why);
    }

    pub(crate) fn fact(&mut self, label: Message, value: impl ToString) {
        // A value may have lines of its own, each of which is made printable by itself.
        let lines: Vec<String> = value.to_string().split('\n').map(printable).collect();
        self.facts.push((label, Shown::Text(lines.join("\n"))));
    }

    /// A fact in a long list, the rest of which people are told as a number; `value` has one line.
    pub(crate) fn machine_fact(&mut self, label: Message, value: &str) {
        self.facts.push((label, Shown::ForMachines(printable(value))));
    }

    /// What people are told of the rest of a long list; `value` has one line.
    pub(crate) fn people_fact(&mut self, label: Message, value: &str) {
        self.facts.push((label, Shown::ForPeople(printable(value))));
    }

    /// A fact whose value is a word of the catalogue.
    pub(crate) fn named_fact(&mut self, label: Message, value: Message) {
        self.facts.push((label, Shown::Named(value)));
    }

    /// How often a finding is there: people are told what it is `in_short`, without values, which differ from
    /// one to the next.
    pub(crate) fn counted_fact(
        &mut self,
        label: Message,
        what: Message,
        in_short: Message,
        count: usize,
    ) {
        let english = format!("{}: {count}", in_short.text(Language::English));
        let chinese = format!("{}：{count}", in_short.text(Language::Chinese));
        let code = format!("{}: {count}", what.code());
        self.facts.push((label, Shown::Worded { code, english, chinese }));
    }

    /// What is said of a statement or of one of its records: people are told in words which that is, machines by
    /// its `place`. The `rest` has one line.
    pub(crate) fn placed_fact(&mut self, label: Message, place: &str, at: &Said, rest: &str) {
        let worded = |place: &str| printable(&format!("{place}: {rest}"));
        let english = worded(&at.to_text(Language::English));
        let chinese = worded(&at.to_text(Language::Chinese));
        self.facts.push((label, Shown::Worded { code: worded(place), english, chinese }));
    }

    pub(crate) fn not_checked(&mut self, what: Message, values: &[&str]) {
        self.said_not_checked(Said::new(what, values));
    }

    pub(crate) fn said_not_checked(&mut self, what: Said) {
        self.not_checked.push(what);
    }

    /// What was not checked, to be told in another report.
    pub(crate) fn into_not_checked(self) -> Vec<Said> {
        self.not_checked
    }

    /// What was not checked, as sentences.
    pub(crate) fn open(&self, language: Language) -> Vec<String> {
        self.not_checked.iter().map(|line| line.to_text(language)).collect()
    }

    /// Makes a product the whole output, so that it can be piped on.
    pub(crate) fn set_product(&mut self, product: String) {
        self.product = Some(product);
    }

    /// Makes this one of many: a line with its time.
    pub(crate) fn set_found_at(&mut self, time: String) {
        self.found_at = Some(time);
    }

    pub(crate) fn to_text(&self, language: Language) -> String {
        if let Some(product) = &self.product {
            return product.clone();
        }
        // What goes wrong is told at length even among many.
        if let Some(time) = self.found_at.as_ref().filter(|_| self.verdict == Verdict::Verified) {
            let all = |lines: &[Said]| {
                let lines: Vec<String> = lines.iter().map(|line| line.to_text(language)).collect();
                lines.join("; ")
            };
            let mut text = format!("{time} {}", all(&self.reasons));
            if !self.not_checked.is_empty() {
                let open = all(&self.not_checked);
                text += &format!(". {} {open}", Message::NotChecked.text(language));
            }
            return text + "\n";
        }
        let mut text = self.found_at.as_ref().map_or(String::new(), |time| format!("{time}\n"));
        if let Some(verdict) = self.word() {
            text += &Said::new(verdict, &[]).to_text(language);
            text.push('\n');
        }
        for reason in &self.reasons {
            text += &format!("  {}\n", reason.to_text(language));
        }
        let facts = self.facts_of(language, false);
        facts.for_each(|fact| text += &fact_lines(fact, language));
        if !self.not_checked.is_empty() {
            text += &format!("{}\n", Message::NotChecked.text(language));
            for line in &self.not_checked {
                text += &format!("  - {}\n", line.to_text(language));
            }
        }
        let mut records = self.facts_of(language, true).peekable();
        if records.peek().is_some() {
            text += &format!("{}\n", Message::OwnRecords.text(language));
        }
        records.for_each(|fact| text += &fact_lines(fact, language));
        text
    }

    pub(crate) fn to_json(&self, language: Language) -> String {
        let all = |lines: &[Said]| -> Vec<Value> {
            lines.iter().map(|line| line.to_json(language)).collect()
        };
        let mut facts = Map::new();
        for (label, value) in &self.facts {
            let Some(value) = value.code() else { continue };
            // A label that occurs more than once is a list.
            match facts.get_mut(label.code()) {
                None => drop(facts.insert(label.code().to_string(), json!(value))),
                Some(Value::Array(values)) => values.push(json!(value)),
                Some(first) => *first = json!([first.clone(), value]),
            }
        }
        let mut value = json!({
            "verdict": self.verdict.code(),
            "reasons": all(&self.reasons),
            "facts": facts,
            "not_checked": all(&self.not_checked),
            "product": self.product,
        });
        match &self.found_at {
            None => format!("{value:#}\n"),
            Some(time) => {
                value["found_at"] = json!(time);
                format!("{value}\n")
            }
        }
    }
}

/// A labelled value as a terminal shows it.
fn fact_lines((label, value): (&str, &str), language: Language) -> String {
    let colon = if language == Language::Chinese { "：" } else { ": " };
    // A mark in front of each further line keeps a value from looking like a line of ours.
    let mut lines = value.split('\n');
    let first = lines.next().unwrap_or_default();
    let mut text = format!("  {label}{colon}{first}").trim_end().to_string();
    text.push('\n');
    lines.for_each(|line| text += &format!("    | {line}\n"));
    text
}

/// Text from outside as a terminal may show it: nothing that moves the cursor, changes colours or
/// reverses the reading order, so that evidence cannot forge a verdict on the screen.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let reverses = matches!(
            letter,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        if letter.is_control() || reverses {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_move_the_cursor_or_turn_the_line() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
        assert_eq!(printable("\u{202e}x\u{9b}"), "\\u{202e}x\\u{9b}");
        assert_eq!(printable("产线 4"), "产线 4");
    }

    #[test]
    fn a_value_of_several_lines_keeps_them_and_cannot_look_like_a_verdict() {
        let mut report = Report::new(Verdict::Rejected);
        report.fact(Message::LabelOpened, "first\nVERIFIED\n\u{1b}[2J");
        let text = report.to_text(Language::English);
        assert_eq!(text, "REJECTED\n  opened: first\n    | VERIFIED\n    | \\u{1b}[2J\n");
        let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
        assert_eq!(json["facts"]["opened"], "first\nVERIFIED\n\\u{1b}[2J");
    }

    #[test]
    fn what_does_not_fit_the_reader_s_files_is_told_from_what_was_changed() {
        let rejected = |message| Report::rejected(vec![Said::new(message, &["a", "b", "c"])]);
        for message in MISFITS {
            let report = rejected(message);
            assert!(report.is_misfit());
            let text = report.to_text(Language::English);
            assert!(text.contains("check that you took the right file"), "{text}");
        }
        assert!(!rejected(Message::BundleAltered).is_misfit());
        assert!(!rejected(Message::BundleAltered).is_damaged());
        for message in DAMAGES {
            let report = rejected(message);
            assert!(report.is_damaged() && !report.is_misfit());
            let text = report.to_text(Language::English);
            assert!(text.contains("download or copy it again; if it stays so"), "{text}");
        }
        assert!(!Report::new(Verdict::Verified).is_misfit());
    }

    #[test]
    fn how_often_a_finding_is_there_is_said_in_words_and_by_its_name_to_machines() {
        let mut report = Report::new(Verdict::Rejected).in_word(Message::NotInOrder);
        let (what, in_short) = (Message::FoundFailed, Message::ShortFailed);
        report.counted_fact(Message::LabelFinding, what, in_short, 2);
        let text = report.to_text(Language::Chinese);
        assert!(text.starts_with("有问题\n") && text.contains("却已出货：2"), "{text}");
        assert!(!text.contains("found-failed"), "{text}");
        let json: Value = serde_json::from_str(&report.to_json(Language::Chinese)).unwrap();
        assert_eq!(json["facts"]["finding"], "found-failed: 2");
        assert_eq!(json["verdict"], "rejected");
    }

    #[test]
    fn sound_evidence_of_what_is_not_in_order_still_holds_and_is_called_otherwise_than_forged() {
        let mut report = Report::new(Verdict::Verified);
        report.reason(Said::new(Message::OwnNamed, &["1", "2"]));
        report.set_not_in_order(Said::new(Message::OwnAbsent, &["1", "2"]));
        assert!(report.holds() && !report.is_misfit());
        assert!(report.to_text(Language::English).starts_with("NOT IN ORDER\n  1 of your 2 units"));
        let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
        assert_eq!(json["verdict"], "rejected");
        assert!(!Report::rejected(Vec::new()).holds() && !Report::new(Verdict::Undecided).holds());
    }

    #[test]
    fn a_statement_is_called_one_and_machines_get_its_place_as_it_is() {
        let mut report = Report::new(Verdict::Verified);
        let at = Said::new(Message::AtStatement, &["plant-8.example/aoi", "4"]);
        report.placed_fact(Message::LabelNotBefore, "plant-8.example/aoi 4", &at, "x");
        let text = report.to_text(Language::English);
        assert!(text.ends_with("not made before: plant-8.example/aoi statement 4: x\n"), "{text}");
        let text = report.to_text(Language::Chinese);
        assert!(text.contains("plant-8.example/aoi 第 4 号声明: x"), "{text}");
        let json: Value = serde_json::from_str(&report.to_json(Language::Chinese)).unwrap();
        assert_eq!(json["facts"]["not-before"], "plant-8.example/aoi 4: x");
    }

    #[test]
    fn a_long_list_is_whole_for_machines_and_short_for_people() {
        let mut report = Report::new(Verdict::Verified);
        report.fact(Message::LabelOwnRecord, "a");
        report.machine_fact(Message::LabelOwnRecord, "b");
        report.people_fact(Message::LabelOwnMore, "1");
        let text = report.to_text(Language::English);
        assert!(!text.contains(": b") && text.ends_with(": 1\n"), "{text}");
        let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
        assert_eq!(json["facts"]["own-record"], json!(["a", "b"]));
        assert!(json["facts"]["own-more"].is_null(), "{json}");
    }

    #[test]
    fn single_records_of_the_reader_s_units_come_behind_what_needs_looking_at() {
        let mut report = Report::new(Verdict::Verified);
        report.fact(Message::LabelOwnRecord, "a");
        report.fact(Message::LabelSha256, "b");
        report.not_checked(Message::OpenTruth, &[]);
        let text = report.to_text(Language::English);
        let at = |part: &str| text.find(part).unwrap();
        assert!(at("SHA-256: b") < at("Not checked") && at("truth") < at("Records of your"));
        assert!(text.ends_with(": a\n"), "{text}");
        let values: Vec<&str> = report.facts(Language::English).map(|(_, value)| value).collect();
        assert_eq!(values, ["b", "a"]);
    }

    #[test]
    fn one_of_many_is_one_line_with_its_time() {
        let mut report = Report::new(Verdict::Verified);
        report.reason(Said::new(Message::WatchAgrees, &["5"]));
        report.set_found_at("2026-01-02T03:04:05Z".to_string());
        let text = report.to_text(Language::English);
        assert_eq!(text, "2026-01-02T03:04:05Z all that was seen is one log, now of 5 entries\n");
        // Not even one line among many is a success without the other half of the truth.
        report.not_checked(Message::OpenNoWitnessAddress, &["w1"]);
        report.not_checked(Message::OpenEntries, &[]);
        let open = "now of 5 entries. Not checked: what w1 has seen: the policy has no address of \
                    it, and --witness gives none; what the entries say\n";
        let text = report.to_text(Language::English);
        assert!(text.ends_with(open) && text.lines().count() == 1, "{text}");
        let json = report.to_json(Language::English);
        assert_eq!(json.lines().count(), 1);
        assert!(json.contains("\"found_at\":\"2026-01-02T03:04:05Z\""), "{json}");
    }

    #[test]
    fn a_repeated_label_becomes_a_list() {
        let mut report = Report::new(Verdict::Verified);
        for value in ["a", "b", "c"] {
            report.fact(Message::LabelOpened, value);
        }
        let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
        assert_eq!(json["facts"]["opened"], json!(["a", "b", "c"]));
        assert_eq!(json["verdict"], "verified");
    }
}
