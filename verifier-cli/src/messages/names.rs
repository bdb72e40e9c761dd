//! The first of many names, and how many there are besides, in the reader's language.

use super::{Language, Message};

/// How many names people are told.
pub(crate) const MAX_NAMED: usize = 10;

/// The word by which Chinese counts what a message names.
pub(super) fn counted(message: Message) -> &'static str {
    let is_of_list =
        [Message::LookNowhere, Message::LookRed, Message::OwnAbsent].contains(&message);
    if is_of_list { "个" } else { "块" }
}

/// The names, and of `count` in all those that are not among them: in English how many more, in Chinese how many in
/// all, as people count there.
pub(super) fn told(count: &str, names: &[String], counted: &str, language: Language) -> String {
    let count = count.parse::<usize>().unwrap_or(names.len());
    let more = count.saturating_sub(names.len());
    match language {
        Language::Chinese if more > 0 => format!("{} 等 {count} {counted}", names.join("、")),
        Language::Chinese => names.join("、"),
        Language::English if more > 0 => format!("{} and {more} more", names.join(", ")),
        Language::English => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_first_are_told_and_the_others_counted() {
        let names: Vec<String> = (1..=3).map(|at| format!("SN{at}")).collect();
        let told = |count, language| told(count, &names, "块", language);
        assert_eq!(told("3", Language::English), "SN1, SN2, SN3");
        assert_eq!(told("3", Language::Chinese), "SN1、SN2、SN3");
        assert_eq!(told("15", Language::English), "SN1, SN2, SN3 and 12 more");
        assert_eq!(told("15", Language::Chinese), "SN1、SN2、SN3 等 15 块");
    }
}
