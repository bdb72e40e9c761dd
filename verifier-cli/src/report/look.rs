//! What a reader is to look at before the reasons of a verdict: it is no fault of the evidence, and nobody is to
//! read VERIFIED over it without being told.
//!
//! The page has the same codes in the same order (`verifier-web/src/judge/look.ts`).

use serde_json::{Value, json};

use super::{is_plain, printable};
use crate::messages::{Language, MAX_NAMED, Message, Said};

/// In this order they are said.
const ORDER: [Message; 12] = [
    Message::LookRed,
    Message::LookNowhere,
    Message::LookHeader,
    Message::LookNotInspected,
    Message::LookNoReport,
    Message::LookFailed,
    Message::LookRepaired,
    Message::LookPassedByPerson,
    Message::LookUnfollowed,
    Message::ClaimedAfterLogged,
    Message::LookLate,
    Message::SealedAfterClaim,
];

/// One thing to look at, and the units that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    said: Said,
    /// All of them, for machines; people are told the first by name.
    units: Vec<String>,
}

impl Look {
    /// Something about these units. Before their names a sentence has how many they are, and then the `numbers`.
    pub(crate) fn of_units(message: Message, numbers: &[&str], units: Vec<String>) -> Self {
        let count = units.len().to_string();
        let names = units.iter().take(MAX_NAMED).map(String::as_str);
        let values: Vec<&str> =
            [count.as_str()].into_iter().chain(numbers.iter().copied()).chain(names).collect();
        let said = Said::new(message, &values);
        Self { said, units: units.into_iter().map(printable_of).collect() }
    }

    /// Says what to do about it.
    pub(crate) fn asking(self, for_what: Message) -> Self {
        Self { said: self.said.with(vec![Said::new(for_what, &[])]), ..self }
    }

    /// The same in words that tell one unit from several: how many there are is their value.
    pub(crate) fn asking_of_each(self, for_what: Message) -> Self {
        let asked = Said::new(for_what, &[&self.units.len().to_string()]);
        Self { said: self.said.with(vec![asked]), ..self }
    }

    /// Where it stands among the others.
    pub(super) fn rank(&self) -> usize {
        let message = self.said.message();
        ORDER.iter().position(|known| *known == message).unwrap_or(ORDER.len())
    }

    pub(super) fn to_text(&self, language: Language) -> String {
        self.said.to_text(language)
    }

    pub(super) fn to_json(&self, language: Language) -> Value {
        let mut value = self.said.to_json(language);
        value["units"] = json!(self.units);
        value
    }
}

/// A name that is printable already stays where it is: there may be thousands.
fn printable_of(name: String) -> String {
    if is_plain(&name) { name } else { printable(&name) }
}

impl From<Said> for Look {
    /// Something that is about no unit.
    fn from(said: Said) -> Self {
        Self { said, units: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_units_people_are_told_the_first_and_machines_all() {
        let units: Vec<String> = (0..12).map(|at| format!("SN{at}")).collect();
        let look = Look::of_units(Message::LookNowhere, &["197"], units);
        let look = look.asking(Message::LookAskRecords);
        let text = look.to_text(Language::English);
        let said = "12 of your 197 units are nowhere: SN0, SN1, SN2, SN3, SN4, SN5, SN6, SN7, SN8, \
                    SN9 and 2 more. In no record. ";
        assert!(text.starts_with(said), "{text}");
        let chinese = look.to_text(Language::Chinese);
        assert!(chinese.contains("197 个单元中有 12 个找不到：SN0、"), "{chinese}");
        assert!(chinese.contains("SN9 等 12 个。任何记录中都没有"), "{chinese}");
        let json = look.to_json(Language::English);
        assert_eq!(json["code"], "look-nowhere");
        assert_eq!(json["units"].as_array().map(Vec::len), Some(12));
        assert_eq!(json["details"][0]["code"], "look-ask-records");
        assert_eq!(json["details"][0]["values"], json!([]));
    }

    #[test]
    fn what_to_do_about_one_board_is_said_of_one_in_both_languages() {
        let look = |names: &[&str]| {
            let units = names.iter().map(|name| (*name).to_string()).collect();
            let look = Look::of_units(Message::LookNotInspected, &[], units);
            look.asking_of_each(Message::LookAskReport)
        };
        let asking = |names: &[&str], language| look(names).to_text(language);
        let (english, chinese) = (Language::English, Language::Chinese);
        let one = "1 board has no inspection report (AOI): SN1. Ask the maker for it.";
        assert_eq!(asking(&["SN1"], english), one);
        let two = "2 boards have no inspection report (AOI): SN1, SN2. Ask the maker for them.";
        assert_eq!(asking(&["SN1", "SN2"], english), two);
        let json = look(&["SN1", "SN2"]).to_json(english);
        assert_eq!(json["details"][0]["values"], json!(["2"]));
        let one = "1 块电路板没有检测（AOI）报告：SN1。请向工厂索要。";
        assert_eq!(asking(&["SN1"], chinese), one);
        let two = "2 块电路板没有检测（AOI）报告：SN1、SN2。请向工厂索要。";
        assert_eq!(asking(&["SN1", "SN2"], chinese), two);
    }

    #[test]
    fn a_name_from_outside_cannot_move_the_cursor() {
        let look = Look::of_units(Message::LookFailed, &[], vec!["a\u{1b}[2J".to_string()]);
        assert!(look.to_text(Language::English).ends_with("passed it: a\\u{1b}[2J"));
        assert_eq!(look.to_json(Language::English)["units"][0], "a\\u{1b}[2J");
    }
}
