//! Lists of kinds of records, in the reader's language.
//!
//! A sentence carries such a list as machines read it, `oven-data, spi-report` or `spi-report 27`; only what
//! people read is said anew. A word that names no kind stays as it is.

use spec::evidence::kind::Kind;

use super::{Language, Message};

/// What a kind of record is called.
pub(crate) fn name(kind: Kind) -> Option<Message> {
    Some(match kind {
        Kind::AoiReport => Message::HtmlKindAoi,
        Kind::Attachment => Message::HtmlKindAttachment,
        Kind::Closing => Message::HtmlKindClosing,
        Kind::Outage => Message::HtmlKindOutage,
        Kind::OvenData => Message::HtmlKindOven,
        Kind::Program => Message::HtmlKindProgram,
        Kind::ReflowCertificate => Message::HtmlKindCertificate,
        Kind::Repair => Message::HtmlKindRepair,
        Kind::Review => Message::HtmlKindReview,
        Kind::SpiReport => Message::HtmlKindSpi,
        _ => return None,
    })
}

/// Says a list anew: kinds, each of which may have a number behind it.
pub(super) fn told(list: &str, language: Language) -> String {
    let item = |item: &str| {
        let (word, number) = item.split_once(' ').unwrap_or((item, ""));
        let kind = Kind::parse(word.as_bytes()).and_then(name);
        let word = kind.map_or(word, |kind| kind.text(language));
        if number.is_empty() { word.to_owned() } else { format!("{word} {number}") }
    };
    let items: Vec<String> = list.split(", ").map(item).collect();
    items.join(match language {
        Language::Chinese => "、",
        Language::English => ", ",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Said;

    #[test]
    fn kinds_are_said_in_words_and_kept_by_their_names_for_machines() {
        let kinds = "oven-data, spi-report";
        let said = Said::new(Message::FoundMissing, &[kinds]);
        assert!(said.to_text(Language::English).ends_with("only oven data, paste inspection"));
        let chinese = said.to_text(Language::Chinese);
        assert!(chinese.ends_with("只有回流炉数据、锡膏检测"), "{chinese}");
        assert_eq!(said.to_json(Language::Chinese)["values"][0], kinds);
        let counted = "spi-report 27, reflow-certificate 1, something 2";
        let said = Said::new(Message::OpenClaimsSome, &["30", counted]);
        let english = said.to_text(Language::English);
        assert!(
            english.contains("(paste inspection 27, reflow profile 1, something 2)"),
            "{english}"
        );
        assert_eq!(told("", Language::Chinese), "");
    }
}
