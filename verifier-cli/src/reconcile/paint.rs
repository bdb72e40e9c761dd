//! Colours for a terminal. The words stand there all the same, for paper and for whoever sees no colours.

/// How a line of the table begins, in both languages, and the terminal's code for its colour.
const LINES: [(&str, &str); 8] = [
    ("  GREEN  ", "32"),
    ("  AMBER  ", "33"),
    ("  RED  ", "31;1"),
    ("  COULD NOT TELL  ", "35"),
    ("  绿  ", "32"),
    ("  黄  ", "33"),
    ("  红  ", "31;1"),
    ("  无法判定  ", "35"),
];

/// The text with the first word of each line of the table in its colour.
pub(crate) fn paint(text: &str) -> String {
    let line = |line: &str| match LINES.iter().find(|(begins, _)| line.starts_with(begins)) {
        None => line.to_owned(),
        Some((begins, code)) => {
            let word = begins.trim();
            format!("  \u{1b}[{code}m{word}\u{1b}[0m{}", &line[2 + word.len()..])
        }
    };
    text.split('\n').map(line).collect::<Vec<String>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Language, Message, Said};

    #[test]
    fn the_first_word_of_a_line_of_the_table_is_painted_and_nothing_else_is() {
        let lines =
            [Message::UnitGreen, Message::UnitAmber, Message::UnitRed, Message::UnitUnknown];
        for message in lines {
            for language in [Language::English, Language::Chinese] {
                let said = Said::new(message, &["SN1 RED  SN2"]).to_text(language);
                let line = format!("  {said}\n");
                let painted = paint(&line);
                assert_eq!(painted.matches('\u{1b}').count(), 2, "{painted:?}");
                let plain = painted.replace("\u{1b}[0m", "");
                let (before, after) = plain.split_once('\u{1b}').unwrap();
                assert_eq!(format!("{before}{}", after.split_once('m').unwrap().1), line);
            }
        }
        for text in ["VERIFIED\n  lot: RED  x\n", "RED  x", ""] {
            assert_eq!(paint(text), text);
        }
    }
}
