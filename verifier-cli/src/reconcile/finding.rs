//! What is found of a unit, and which colour it has.
//!
//! Rule: the table in `spec/text/reconcile.md`. A finding's colour is fixed; only an amber one can be
//! accepted by the caller.

use super::entry::Entry;
use crate::failure::Failure;
use crate::messages::{Message, Said};

/// How a unit stands, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Colour {
    Green,
    Amber,
    /// What would decide was not opened or says nothing.
    Unknown,
    Red,
}

impl Colour {
    /// The word for people, with a place for the unit.
    pub(super) const fn line(self) -> Message {
        match self {
            Self::Green => Message::UnitGreen,
            Self::Amber => Message::UnitAmber,
            Self::Unknown => Message::UnitUnknown,
            Self::Red => Message::UnitRed,
        }
    }

    /// The word alone.
    pub(crate) const fn word(self) -> Message {
        match self {
            Self::Green => Message::ColourGreen,
            Self::Amber => Message::ColourAmber,
            Self::Unknown => Message::ColourUnknown,
            Self::Red => Message::ColourRed,
        }
    }

    /// The name for machines.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Unknown => "could-not-tell",
            Self::Red => "red",
        }
    }
}

/// Every rule: its message, whose code is the finding's name, and its colour.
const RULES: [(Message, Colour); 27] = [
    (Message::FoundAgain, Colour::Amber),
    (Message::FoundAttemptsNotShown, Colour::Red),
    (Message::FoundBackdated, Colour::Red),
    (Message::FoundBeforeNotShown, Colour::Unknown),
    (Message::FoundCertificateEnded, Colour::Red),
    (Message::FoundCertificateFailed, Colour::Red),
    (Message::FoundCertificateLate, Colour::Amber),
    (Message::FoundCertificateNotShown, Colour::Unknown),
    (Message::FoundCertificateOfAnother, Colour::Red),
    (Message::FoundCertificateOutside, Colour::Red),
    (Message::FoundEdited, Colour::Red),
    (Message::FoundFailed, Colour::Red),
    (Message::FoundFirstUnread, Colour::Amber),
    (Message::FoundLate, Colour::Amber),
    (Message::FoundLimits, Colour::Red),
    (Message::FoundMissing, Colour::Red),
    (Message::FoundNoCertificate, Colour::Amber),
    (Message::FoundNoOven, Colour::Amber),
    (Message::FoundNotOpened, Colour::Unknown),
    (Message::FoundNoVerdict, Colour::Unknown),
    (Message::FoundNoWord, Colour::Unknown),
    (Message::FoundNothing, Colour::Red),
    (Message::FoundOverride, Colour::Amber),
    (Message::FoundPanelFailed, Colour::Amber),
    (Message::FoundRewritten, Colour::Amber),
    (Message::FoundTried, Colour::Red),
    (Message::FoundTwice, Colour::Amber),
];

/// What a rule finds, without the values, which differ from one unit to the next.
pub(crate) fn in_short(of: Message) -> Message {
    match of {
        Message::FoundAgain => Message::ShortAgain,
        Message::FoundAttemptsNotShown => Message::ShortAttempts,
        Message::FoundBackdated => Message::ShortBackdated,
        Message::FoundCertificateLate => Message::ShortCertificateLate,
        Message::FoundCertificateOfAnother => Message::ShortCertificateOfAnother,
        Message::FoundFailed => Message::ShortFailed,
        Message::FoundLate => Message::ShortLate,
        Message::FoundLimits => Message::ShortLimits,
        Message::FoundMissing => Message::ShortMissing,
        Message::FoundNotOpened => Message::ShortNotOpened,
        Message::FoundNoWord => Message::ShortNoWord,
        Message::FoundPanelFailed => Message::ShortPanelFailed,
        Message::FoundTried => Message::ShortTried,
        Message::FoundTwice => Message::ShortTwice,
        other => other,
    }
}

/// A record by its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(super) source: String,
    pub(super) sequence: u64,
    pub(super) record: u64,
}

impl Place {
    pub(super) fn of(entry: &Entry) -> Self {
        let source = entry.source.to_string();
        Self { source, sequence: entry.sequence, record: entry.record }
    }

    /// What the message's places for values are filled with, for people and machines alike.
    pub(crate) fn said(&self) -> Said {
        let numbers = [self.sequence, self.record].map(|number| number.to_string());
        Said::new(Message::AtRecord, &[&self.source, &numbers[0], &numbers[1]])
    }
}

/// One finding, with the records that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) message: Message,
    pub(super) values: Vec<String>,
    pub(crate) places: Vec<Place>,
}

impl Finding {
    pub(crate) fn new(message: Message, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Self { message, values, places: Vec::new() }
    }

    /// Says which records it rests on; each once, in order.
    pub(super) fn on<'e>(mut self, entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        self.places.extend(entries.into_iter().map(Place::of));
        self.places.sort();
        self.places.dedup();
        self
    }

    pub(crate) fn colour(&self) -> Colour {
        colour(self.message)
    }

    /// What is found, without the records.
    pub(crate) fn words(&self) -> Said {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        Said::new(self.message, &values)
    }

    pub(super) fn said(&self) -> Said {
        self.words().with(self.places.iter().map(Place::said).collect())
    }
}

/// The colour of a rule.
pub(super) fn colour(of: Message) -> Colour {
    let rule = RULES.iter().find(|(message, _)| *message == of);
    rule.expect("a finding is made by a rule of the table").1
}

/// The amber findings that the caller takes for normal, by their names.
pub(super) fn accepted(names: &[String]) -> Result<Vec<Message>, Failure> {
    let amber = || RULES.iter().filter(|(_, colour)| *colour == Colour::Amber).map(|rule| rule.0);
    let find = |name: &String| {
        let known: Vec<&str> = amber().map(Message::code).collect();
        let wrong = || Said::new(Message::NotAmber, &[name, &known.join(", ")]).into();
        amber().find(|message| message.code() == name).ok_or_else(wrong)
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_in_the_specification_with_its_colour() {
        let text = include_str!("../../../spec/text/reconcile.md");
        for (message, colour) in RULES {
            let row = format!("| `{}` | {} |", message.code(), colour.code());
            assert!(text.contains(&row), "{row}");
        }
        let rows = text.lines().filter(|line| line.starts_with("| `found-")).count();
        assert_eq!(rows, RULES.len());
        let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.0.code()).collect();
        assert_eq!(codes.len(), RULES.len());
    }

    #[test]
    fn what_is_counted_has_no_place_for_a_value() {
        use crate::messages::Language::{Chinese, English};
        for (message, _) in RULES {
            for language in [Chinese, English] {
                let (whole, short) = (message.text(language), in_short(message).text(language));
                assert!(!short.contains(['{', '\u{2026}']), "{short}");
                assert_eq!(whole == short, !whole.contains('{'), "{whole}: {short}");
            }
        }
    }

    #[test]
    fn what_the_help_accepts_can_be_accepted() {
        let help = include_str!("../args/reconcile.rs");
        let behind = help.split("--accept ").nth(1).unwrap();
        let name = behind.split(' ').next().unwrap().to_owned();
        assert!(accepted(std::slice::from_ref(&name)).is_ok(), "{name}");
    }

    #[test]
    fn only_amber_can_be_accepted() {
        assert_eq!(accepted(&["found-late".to_owned()]).unwrap(), [Message::FoundLate]);
        for name in ["found-edited", "found-not-opened", "late", ""] {
            assert!(accepted(&[name.to_owned()]).is_err(), "{name}");
        }
    }
}
