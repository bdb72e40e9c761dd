//! What is said at the end: a verdict, what it rests on, and what was not checked.

mod look;

use serde_json::{Map, Value, json};

use crate::matter::Matter;
use crate::messages::{Language, Message, Said};
use crate::reconcile::Delivery;

pub(crate) use look::Look;

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
pub(crate) const MISFITS: [Message; 8] = [
    Message::LogHasNotSigned,
    Message::PinsOfAnotherLog,
    Message::QuorumNotMet,
    Message::RangeBeforePin,
    Message::RangeNotPinned,
    Message::RangeSilence,
    Message::UnknownLog,
    Message::UnpinnedSource,
];

/// Facts about single records and fields. They come last: what needs looking at is not to be sought behind them.
const RECORDS: [Message; 4] = [
    Message::LabelOwnRecord,
    Message::LabelOwnMore,
    Message::LabelOpened,
    Message::LabelFieldsMore,
];

/// Those of them that are about the reader's own units.
const OWN_RECORDS: [Message; 2] = [Message::LabelOwnRecord, Message::LabelOwnMore];

/// From so many lines on the verdict's word and what to look at are said again at the end: the first lines may have left
/// the screen.
const MANY_LINES: usize = 12;

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
    /// A word that explains something to people.
    NamedForPeople(Message),
}

impl Shown {
    /// The value for people.
    fn text(&self, language: Language) -> Option<&str> {
        Some(match self {
            Self::Named(name) | Self::NamedForPeople(name) => name.text(language),
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
            Self::ForPeople(_) | Self::NamedForPeople(_) => return None,
        })
    }
}

/// A verdict with all that belongs to it, in the order in which it is read.
#[derive(Debug)]
pub(crate) struct Report {
    verdict: Verdict,
    /// What the verdict means, where its word alone would be taken for more; the first line under it.
    headline: Option<Said>,
    /// What to look at before the reasons.
    look: Vec<Look>,
    /// What people are told there, or in fewer words elsewhere, and machines as ever.
    told: Vec<Message>,
    /// Why it is so; the first line under the verdict, where there is no headline.
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
            headline: None,
            look: Vec::new(),
            told: Vec::new(),
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

    /// All reasons, as machines read them.
    #[cfg(test)]
    pub(crate) fn reasons(&self) -> &[Said] {
        &self.reasons
    }

    /// The reasons that people read: what is not told elsewhere.
    pub(crate) fn reasons_for_people(&self) -> impl Iterator<Item = &Said> {
        self.reasons.iter().filter(|said| !self.told.contains(&said.message()))
    }

    /// What the verdict means, where that is said.
    pub(crate) fn headline(&self) -> Option<&Said> {
        self.headline.as_ref().filter(|_| self.verdict == Verdict::Verified)
    }

    /// Says what the verdict means, should it be VERIFIED.
    pub(crate) fn set_headline(&mut self, said: Said) {
        self.headline = Some(said);
    }

    /// Something to look at before the reasons.
    pub(crate) fn look(&mut self, look: impl Into<Look>) {
        self.look.push(look.into());
        self.look.sort_by_key(Look::rank);
    }

    /// Leaves this to machines: people are told it before the reasons, or in fewer words.
    pub(crate) fn tell_elsewhere(&mut self, message: Message) {
        self.told.push(message);
    }

    /// What to look at, as sentences.
    pub(crate) fn looks(&self, language: Language) -> Vec<String> {
        self.look.iter().map(|look| look.to_text(language)).collect()
    }

    /// Whether it was rejected because it does not fit the reader's own policy, pins or keys.
    pub(crate) fn is_misfit(&self) -> bool {
        self.is_rejected_for(&MISFITS)
    }

    /// Whether it was rejected because the file is not whole, which copying it again may mend.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_rejected_for(&DAMAGES)
    }

    /// Whether that may be the work of a program that packs files.
    pub(crate) fn is_repacked(&self) -> bool {
        self.is_damaged() && self.reasons.iter().any(|why| why.has(Message::BundleRepacked))
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

    /// The same where a value may have lines of its own.
    pub(crate) fn machine_lines(&mut self, label: Message, value: &str) {
        let lines: Vec<String> = value.split('\n').map(printable).collect();
        self.facts.push((label, Shown::ForMachines(lines.join("\n"))));
    }

    /// What people are told of the rest of a long list; `value` has one line.
    pub(crate) fn people_fact(&mut self, label: Message, value: &str) {
        self.facts.push((label, Shown::ForPeople(printable(value))));
    }

    /// A fact whose value is a word of the catalogue.
    pub(crate) fn named_fact(&mut self, label: Message, value: Message) {
        self.facts.push((label, Shown::Named(value)));
    }

    /// The same where machines need no such word.
    pub(crate) fn people_named_fact(&mut self, label: Message, value: Message) {
        self.facts.push((label, Shown::NamedForPeople(value)));
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

    /// What was not checked and matters more than all else that was not.
    pub(crate) fn not_checked_first(&mut self, what: Said) {
        self.not_checked.insert(0, what);
    }

    /// What was not checked, to be told in another report.
    pub(crate) fn into_not_checked(self) -> Vec<Said> {
        self.not_checked
    }

    /// What was not checked, as sentences for people.
    pub(crate) fn open(&self, language: Language) -> Vec<String> {
        let open = self.not_checked.iter().filter(|said| !self.told.contains(&said.message()));
        open.map(|line| line.to_text(language)).collect()
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
        self.add_reasons(&mut text, language);
        let facts = self.facts_of(language, false);
        facts.for_each(|fact| text += &fact_lines(fact, language));
        add_list(&mut text, Message::NotChecked, &self.open(language), language);
        if self.facts.iter().any(|(label, _)| OWN_RECORDS.contains(label)) {
            text += &format!("{}\n", Message::OwnRecords.text(language));
        }
        let records = self.facts_of(language, true);
        records.for_each(|fact| text += &fact_lines(fact, language));
        if let Some(word) = self.word()
            && self.found_at.is_none()
            && text.lines().count() >= MANY_LINES
        {
            let again = Said::new(self.again(), &[word.text(language)]);
            text += &format!("{}\n", again.to_text(language));
            add_list(&mut text, Message::LookHeading, &self.looks(language), language);
        }
        text
    }

    /// How the verdict's word is said again: who reads the last line alone is not to take it for more than the first
    /// lines say.
    fn again(&self) -> Message {
        match self.headline() {
            Some(said) if said.message() == Message::MeansBoards => Message::VerdictAgainBoards,
            _ => Message::VerdictAgain,
        }
    }

    /// What the verdict means, what to look at, and why it is so.
    fn add_reasons(&self, text: &mut String, language: Language) {
        let said = self.headline().into_iter().chain(self.reasons_for_people());
        let mut lines = said.map(|said| format!("  {}\n", said.to_text(language)));
        text.extend(lines.next());
        let rest: String = lines.collect();
        add_list(text, Message::LookHeading, &self.looks(language), language);
        if !self.look.is_empty() && !rest.is_empty() {
            *text += &format!("{}\n", Message::WhyHeading.text(language));
        }
        *text += &rest;
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
        let look: Vec<Value> = self.look.iter().map(|look| look.to_json(language)).collect();
        let mut value = json!({
            "verdict": self.verdict.code(),
            "look": look,
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

/// Sentences under a heading, if there are any.
fn add_list(text: &mut String, heading: Message, lines: &[String], language: Language) {
    if !lines.is_empty() {
        *text += &format!("{}\n", heading.text(language));
        lines.iter().for_each(|line| *text += &format!("  - {line}\n"));
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

/// Whether text is such as a terminal may show at first sight.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Text from outside as a terminal may show it: nothing that moves the cursor, changes colours or
/// reverses the reading order, so that evidence cannot forge a verdict on the screen.
pub(crate) fn printable(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
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
mod tests;
