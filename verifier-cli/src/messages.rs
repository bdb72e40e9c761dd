//! Every sentence the program says, in both languages, in one place.
//!
//! `{0}`, `{1}` ... stand for values, which are made printable when they are put in. Machines read
//! the code of a message, which never changes; people read one of the two texts.

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::{Value, json};

use crate::report::printable;
use crate::words::chinese;

/// A language for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// The language of the environment: the first of LC_ALL, LC_MESSAGES and LANG that is set.
    /// `FIDUCIAL_LANG`, which stands before them, is read with the arguments.
    pub(crate) fn of_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(read);
        let first = values.find(|value| !value.is_empty());
        if first.is_some_and(|value| value.to_lowercase().starts_with("zh")) {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

/// A message with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    message: Message,
    values: Vec<String>,
    /// Whether the last value is what another part says of a fault: English, unless it is known.
    ends_in_error: bool,
    /// The file it is about, where several are read.
    within: Option<String>,
    /// What stands behind it, in half sentences: said after a colon, listed for machines.
    details: Vec<Self>,
}

impl Said {
    pub(crate) fn new(message: Message, values: &[&str]) -> Self {
        let values = values.iter().map(|value| printable(value)).collect();
        Self { message, values, ends_in_error: false, within: None, details: Vec::new() }
    }

    /// A message whose last value is an error, said in the language of the rest.
    pub(crate) fn of_error(message: Message, values: &[&str], error: &dyn Display) -> Self {
        let error = error.to_string();
        let said = Self::new(message, &[values, &[&error]].concat());
        Self { ends_in_error: true, ..said }
    }

    /// Says which file this is about.
    pub(crate) fn within(self, file: &str) -> Self {
        Self { within: Some(printable(file)), ..self }
    }

    /// Says what stands behind this.
    pub(crate) fn with(self, details: Vec<Self>) -> Self {
        Self { details, ..self }
    }

    pub(crate) const fn message(&self) -> Message {
        self.message
    }

    pub(crate) fn to_text(&self, language: Language) -> String {
        let mut text = match &self.within {
            Some(file) if language == Language::Chinese => format!("{file}："),
            Some(file) => format!("{file}: "),
            None => String::new(),
        };
        // Split at the braces, so that a value that itself holds `{1}` stays as it is.
        let mut is_one = false;
        for piece in self.template(language).split_inclusive('}') {
            let (before, number) = match piece.rsplit_once('{') {
                Some((before, number)) => (before, Some(number)),
                None => (piece, None),
            };
            match singular(before).filter(|_| is_one && language == Language::English) {
                Some((one, rest)) => text.extend([one, rest]),
                None => text.push_str(before),
            }
            let Some(number) = number else { continue };
            let at = number.strip_suffix('}').and_then(|at| at.parse::<usize>().ok());
            let value = at.and_then(|at| self.value(at, language));
            text.push_str(value.as_deref().unwrap_or("?"));
            is_one = value.as_deref() == Some("1");
        }
        let is_sentence = IN_SENTENCES.contains(&self.message);
        let (before, between) = match language {
            Language::Chinese if is_sentence => ("。", "。"),
            Language::Chinese => ("：", "；"),
            Language::English if is_sentence => (". ", ". "),
            Language::English => (": ", "; "),
        };
        for (at, detail) in self.details.iter().enumerate() {
            text.push_str(if at == 0 { before } else { between });
            text.push_str(&detail.to_text(language));
        }
        text
    }

    /// The text with its places for values, as it is said of these values.
    fn template(&self, language: Language) -> &'static str {
        let is_one = self.values.first().is_some_and(|value| value == "1");
        let is_all = matches!(self.values.as_slice(), [_, _, found, all] if found == all);
        match language {
            _ if self.message == Message::OwnSound && is_all => Message::OwnSoundAll.text(language),
            _ if self.message == Message::LookLate && days::are_several(&self.values) => {
                Message::LookLateUpTo.text(language)
            }
            _ if is_one => self.message.of_one(language),
            _ => self.message.text(language),
        }
    }

    /// Whether this stands behind it.
    pub(crate) fn has(&self, detail: Message) -> bool {
        self.details.iter().any(|said| said.message == detail)
    }

    fn value(&self, at: usize, language: Language) -> Option<Cow<'_, str>> {
        let value = self.values.get(at)?;
        let is_error = self.ends_in_error && at + 1 == self.values.len();
        match language {
            _ if [Message::FoundLate, Message::HtmlLate].contains(&self.message) => {
                Some(late::told(value, language).into())
            }
            _ if at == 1 && TIMED.contains(&self.message) => {
                Some(late::length(value, language).into())
            }
            _ if KINDS.contains(&(self.message, at)) => Some(kinds::told(value, language).into()),
            _ if DAYS.contains(&self.message) => Some(days::told(value, language).into()),
            _ if NAMES.contains(&(self.message, at)) => {
                let counted = names::counted(self.message);
                Some(names::told(&self.values[0], &self.values[at..], counted, language).into())
            }
            Language::Chinese if is_error => Some(chinese(value).into()),
            _ => Some(value.into()),
        }
    }

    pub(crate) fn to_json(&self, language: Language) -> Value {
        let mut value = json!({
            "code": self.message.code(),
            "text": self.to_text(language),
            "values": self.values,
        });
        if !self.details.is_empty() {
            let details: Vec<Value> =
                self.details.iter().map(|detail| detail.to_json(language)).collect();
            value["details"] = json!(details);
        }
        value
    }
}

/// Messages whose second value is a length of time in seconds: said in days and hours.
const TIMED: [Message; 3] =
    [Message::ClaimedAfterLogged, Message::LoggedAfterClaim, Message::SealedAfterClaim];

/// Messages with a list of kinds of records, and which value it is.
const KINDS: [(Message, usize); 2] = [(Message::FoundMissing, 0), (Message::OpenClaimsSome, 1)];

/// Messages whose values are days, or the first and the last of some, or how many.
const DAYS: [Message; 1] = [Message::LookLate];

/// Messages that end in names, which are all values from this one on; the first value is how many there are.
const NAMES: [(Message, usize); 8] = [
    (Message::LookFailed, 1),
    (Message::LookNotInspected, 1),
    (Message::LookNowhere, 2),
    (Message::LookPassedByPerson, 1),
    (Message::LookRed, 2),
    (Message::LookRepaired, 1),
    (Message::LookUnfollowed, 1),
    (Message::OwnAbsent, 2),
];

/// Messages behind which whole sentences stand.
const IN_SENTENCES: [Message; 3] =
    [Message::BundleDamaged, Message::LookNotInspected, Message::LookNowhere];

/// What follows a number in English, where it is of many and where it is of one; longer ones first.
const NUMBERS: [(&str, &str); 31] = [
    (
        " files to which opened records commit: they are",
        " file to which opened records commit: it is",
    ),
    (" records that were picked are", " record that was picked is"),
    (
        " records that carry no tags and name no unit: which units they belong to, and what is in their files",
        " record that carries no tags and names no unit: which unit it belongs to, and what is in its file",
    ),
    (" records were logged", " record was logged"),
    (" records are", " record is"),
    (
        " statements were not made long before: the checkpoints they name, or the proofs from these on, are",
        " statement was not made long before: the checkpoint it names, or the proof from this on, is",
    ),
    (" statements were not made", " statement was not made"),
    (" statements with all of their", " statement with all of its"),
    (" entries are no longer those", " entry is no longer that"),
    (" entries of the log were", " entry of the log was"),
    (" entries hash", " entry hashes"),
    (" days later", " day later"),
    (" defects are", " defect is"),
    (" units are", " unit is"),
    (" sources contradict their own counters", " source contradicts its own counters"),
    (" deposits of solder paste were", " deposit of solder paste was"),
    (" outages stated", " outage stated"),
    (" closings compared", " closing compared"),
    (" things", " thing"),
    (" records", " record"),
    (" entries", " entry"),
    (" statements", " statement"),
    (" units", " unit"),
    (" boards", " board"),
    (" hashes", " hash"),
    (" repairs", " repair"),
    (" problems", " problem"),
    (" places", " place"),
    (" bytes", " byte"),
    (" times", " time"),
    (" changes", " change"),
];

/// The words for one of what a text begins with, and the rest of it.
fn singular(text: &str) -> Option<(&'static str, &str)> {
    NUMBERS.iter().find_map(|(many, one)| {
        let rest = text.strip_prefix(*many)?;
        let is_whole = !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        is_whole.then_some((*one, rest))
    })
}

/// A sentence of the program: its name for machines and its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message(&'static Texts);

/// Behind a reference, so that a message travels in every `Result` as one word.
#[derive(Debug, PartialEq, Eq)]
struct Texts {
    code: &'static str,
    english: &'static str,
    chinese: &'static str,
    /// English where the first value is 1, if a word that does not stand right behind a number changes too; behind it
    /// Chinese, if that changes as well.
    one: &'static [&'static str],
}

impl Message {
    /// The name for machines.
    pub(crate) const fn code(self) -> &'static str {
        self.0.code
    }

    /// The text with its places for values.
    pub(crate) const fn text(self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.0.chinese,
            Language::English => self.0.english,
        }
    }

    /// The text where the first value is 1.
    fn of_one(self, language: Language) -> &'static str {
        let at = usize::from(language == Language::Chinese);
        self.0.one.get(at).copied().unwrap_or_else(|| self.text(language))
    }
}

/// Defines messages: name, code, English, Chinese, and where it needs another the English of one, and likewise the
/// Chinese. One that lacks a language does not compile.
///
/// Each file of the catalogue has one, with those of its topic.
macro_rules! catalogue {
    ($($name:ident = $code:literal, $english:literal, $chinese:literal
        $(, $one:literal $(, $one_chinese:literal)?)?;)*) => {
        #[allow(non_upper_case_globals, reason = "they are read as the variants of one type")]
        impl Message {
            $(
                pub(crate) const $name: Self = Self(&crate::messages::Texts {
                    code: $code,
                    english: $english,
                    chinese: $chinese,
                    one: &[$($one $(, $one_chinese)?)?],
                });
            )*
        }

        #[cfg(test)]
        pub(in crate::messages) const ALL: &[Message] = &[$(Message::$name,)*];
    };
}

mod catalogue;
pub(crate) mod days;
pub(crate) mod kinds;
pub(crate) mod late;
mod names;

pub(crate) use names::MAX_NAMED;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|pair| pair.0).collect()
    }

    /// Every message of the catalogue.
    fn all() -> Vec<Message> {
        use catalogue::{files, html, look, papers, reconcile, succession, units};
        let all = [catalogue::ALL, files::ALL, html::ALL, look::ALL, papers::ALL, reconcile::ALL];
        [&all[..], &[succession::ALL, units::ALL]].concat().concat()
    }

    #[test]
    fn every_message_has_both_languages_with_the_same_values_and_its_own_code() {
        let mut codes = BTreeSet::new();
        for message in all() {
            let english = message.text(Language::English);
            let chinese = message.text(Language::Chinese);
            for language in [Language::English, Language::Chinese] {
                assert_eq!(places(message.of_one(language)), places(english), "{message:?}");
            }
            assert!(english.is_ascii() && !english.is_empty(), "{message:?}");
            let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(chinese.chars().any(is_han), "{message:?} has no Chinese text");
            assert_eq!(places(english), places(chinese), "{message:?}");
            assert!(codes.insert(message.code()), "{message:?}: the code is taken");
        }
    }

    #[test]
    fn who_runs_the_factory_has_one_name_in_chinese() {
        for message in all() {
            for text in [message.text(Language::Chinese), message.of_one(Language::Chinese)] {
                // Who reads two names looks for two parties.
                for other in ["厂家", "制造方"] {
                    assert!(!text.contains(other), "{message:?}");
                }
            }
        }
    }

    #[test]
    fn values_are_put_in_once() {
        let said = Said::new(Message::TwoLogs, &["{1}", "b"]);
        assert_eq!(said.to_text(Language::English), "the checkpoints are of two logs: {1} and b");
        assert!(said.to_text(Language::Chinese).contains("{1} 和 b"));
        let within = said.within("x").to_text(Language::English);
        assert!(within.starts_with("x: the checkpoints"));
    }

    #[test]
    fn one_is_not_many() {
        let said = |message, values: &[&str]| Said::new(message, values).to_text(Language::English);
        let range = said(Message::RangeSound, &["aoi", "1", "1", "1", "1"]);
        assert!(range.ends_with(" without a gap: 1 statement with all of its 1 record"), "{range}");
        let range = said(Message::RangeSound, &["aoi", "0", "4", "5", "51"]);
        let want = "aoi: statements 0 to 4 are here without a gap: 5 statements with all of their 51 records";
        assert_eq!(range, want);
        let vouched = |count| said(Message::EvidenceVouched, &[count]);
        assert_eq!(vouched("1"), "1 file is here, unchanged since it was logged");
        assert_eq!(vouched("11"), "11 files are here, unchanged since they were logged");
        assert!(
            said(Message::OpenLowerBounds, &["1"]).starts_with("that 1 statement was not made")
        );
        let unnamed = said(Message::OpenNoneNamed, &["1"]);
        assert!(unnamed.starts_with("no earliest time can be given for 1 entry: "), "{unnamed}");
        assert!(said(Message::AuditSound, &["2"]).starts_with("all 2 entries hash to"));
        assert_eq!(singular(" recordsets"), None);
        let unnamed = said(Message::OpenUnnamed, &["aoi", "1"]);
        assert!(
            unnamed.ends_with("which unit it belongs to, and what is in its file"),
            "{unnamed}"
        );
        let good = said(Message::HtmlDepositsGood, &["1"]);
        assert!(good.starts_with("1 deposit of solder paste was measured; the file's own word is"));
        let counted = Said::new(Message::SourceCounted, &["aoi", "0", "4", "51"]);
        let counted = counted.with(vec![Said::new(Message::SourceClosings, &["1"])]);
        let counted = counted.to_text(Language::English);
        assert!(counted.ends_with("51 records without a gap: 1 closing compared"), "{counted}");
        let claims = said(Message::OpenClaimsSome, &["1", "review 1"]);
        assert!(claims.contains("1 record was logged (review by a person 1)"), "{claims}");
        let own = said(Message::OwnSound, &["1", "aoi", "1", "2"]);
        let kinds = "(of any kind, not each an inspection)";
        let want = format!(
            "aoi: records {kinds} were found for 1 of your 2 units: 1. Each of them is shown"
        );
        assert_eq!(own, want);
        let all = said(Message::OwnSound, &["43", "aoi", "13", "13"]);
        let want = format!(
            "aoi: records {kinds} were found for all 13 of your units: 43. Each of them is shown"
        );
        assert_eq!(all, want);
        for message in [Message::OwnSound, Message::OwnSoundAll] {
            assert!(message.text(Language::Chinese).contains("记录（任何种类，未必是检测）"));
        }
        let nowhere = |values: &[&str]| said(Message::LookNowhere, values);
        assert_eq!(nowhere(&["1", "14", "SN9"]), "1 of your 14 units is nowhere: SN9");
        assert_eq!(nowhere(&["2", "14", "SN8", "SN9"]), "2 of your 14 units are nowhere: SN8, SN9");
        let failed = said(Message::LookPassedByPerson, &["1", "SN1"]);
        assert_eq!(failed, "1 board failed at the machine and was passed by a person: SN1");
    }

    #[test]
    fn what_stands_behind_a_reason_is_said_after_it_and_listed_for_machines() {
        let detail = |name: &str| Said::new(Message::MemberNotCosigned, &[name]);
        let said = Said::new(Message::RuleShort, &["g", "2", "3", "1"]);
        let said = said.with(vec![detail("a"), detail("b")]);
        let english = "your policy wants 2 of the 3 in `g`; only 1 signed: a no cosignature; b no cosignature";
        assert_eq!(said.to_text(Language::English), english);
        assert!(said.to_text(Language::Chinese).ends_with("：a 没有联署；b 没有联署"));
        let json = said.to_json(Language::English);
        assert_eq!(json["details"][1]["values"], json!(["b"]));
    }

    #[test]
    fn the_language_is_the_environments() {
        let of = |name: &'static str, value: &'static str| {
            Language::of_environment(|asked| (asked == name).then(|| value.to_string()))
        };
        assert_eq!(of("LANG", "zh_CN.UTF-8"), Language::Chinese);
        assert_eq!(of("LC_ALL", "zh"), Language::Chinese);
        assert_eq!(of("LANG", "C"), Language::English);
        assert_eq!(Language::of_environment(|_| None), Language::English);
        let both = |name: &str| match name {
            "LC_ALL" => Some("en_GB".to_string()),
            _ => Some("zh_CN".to_string()),
        };
        assert_eq!(Language::of_environment(both), Language::English);
    }
}
