//! The table of all findings, for spreadsheets.
//!
//! CSV in UTF-8 with a byte order mark, since spreadsheets in China read GBK without one; CRLF; every cell
//! quoted. One row for each finding, and one for a unit without any. A cell that a spreadsheet would
//! take for a formula gets an apostrophe in front: serials and lots are whatever somebody wrote there.

use super::Outcome;
use super::finding::Place;
use super::rules::Counted;
use crate::messages::{Language, Message, Said};

const HEADER: [&str; 11] = [
    "serial",
    "panel",
    "position",
    "lot",
    "unit_colour",
    "finding",
    "finding_colour",
    "text",
    "source",
    "statement",
    "record",
];

/// Whether a file begins as a table of this program does.
pub(super) fn is_table(head: &[u8]) -> bool {
    let mut begin = String::from("\u{feff}");
    row(&mut begin, &HEADER);
    head.starts_with(begin.as_bytes())
}

/// Writes all rows.
pub(super) fn table(outcomes: &[Outcome<'_>], counted: &[Counted], language: Language) -> String {
    let mut text = String::from("\u{feff}");
    row(&mut text, &HEADER);
    for outcome in outcomes {
        let unit = outcome.unit;
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        let own = [
            unit.serial.clone(),
            optional(&unit.panel),
            optional(&unit.position),
            optional(&unit.lot),
            outcome.colour.code().to_owned(),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        if outcome.findings.is_empty() {
            row(&mut text, &[&own[..], &[""; 6]].concat());
        }
        for finding in &outcome.findings {
            let said = finding.said().to_text(language);
            let what = [finding.message.code(), finding.colour().code(), &said];
            // The records one below the other in their cells, so that a row stays one finding.
            let cell = |of: &dyn Fn(&Place) -> String| {
                finding.places.iter().map(of).collect::<Vec<String>>().join("\n")
            };
            let places = [
                cell(&|place| place.source.clone()),
                cell(&|place| place.sequence.to_string()),
                cell(&|place| place.record.to_string()),
            ];
            let places: Vec<&str> = places.iter().map(String::as_str).collect();
            row(&mut text, &[&own[..], &what, &places].concat());
        }
    }
    for counted in counted {
        for (sequence, said, due) in &counted.wrong {
            let (source, due) = (counted.source.as_str(), due.to_string());
            let sequence = sequence.to_string();
            let message = Message::ClosingDiffers;
            let text_of = Said::new(message, &[source, &sequence, said, &due]).to_text(language);
            let cells =
                ["", "", "", "", "", message.code(), "red", &text_of, source, &sequence, ""];
            row(&mut text, &cells);
        }
    }
    text
}

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|value| cell(value)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A quoted cell that is text for every spreadsheet.
fn cell(value: &str) -> String {
    let first = value.trim_start_matches([' ', '\u{3000}']).chars().next();
    let starts = |letter: char| "=+-@\t\r\n|%＝＋－＠".contains(letter);
    let guard = if first.is_some_and(starts) { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Unit;
    use crate::reconcile::finding::{Colour, Finding};

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", " =1", "＝1", "|x"] {
            assert!(cell(formula).starts_with("\"'"), "{formula:?}");
        }
        assert_eq!(cell("SN\"1\",2"), "\"SN\"\"1\"\",2\"");
        assert_eq!(cell(""), "\"\"");
    }

    #[test]
    fn every_unit_has_a_row_and_every_finding_one_of_its_own() {
        let unit = |serial: &str| Unit { serial: serial.to_owned(), ..Unit::default() };
        let units = [unit("=SN1"), unit("SN2")];
        let findings = vec![
            Finding::new(Message::FoundNothing, &[]),
            Finding::new(Message::FoundTwice, &["2"]),
        ];
        let outcomes = [
            Outcome { unit: &units[0], colour: Colour::Red, findings },
            Outcome { unit: &units[1], colour: Colour::Green, findings: Vec::new() },
        ];
        let text = table(&outcomes, &[], Language::English);
        assert!(is_table(text.as_bytes()) && !is_table(b"serial,panel\r\nSN1,PN1\r\n"));
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].starts_with("\u{feff}\"serial\",\"panel\""), "{text}");
        assert!(lines[1].starts_with("\"'=SN1\",\"\",\"\",\"\",\"red\",\"found-nothing\",\"red\""));
        assert!(lines[3].starts_with("\"SN2\"") && lines[3].contains("\"green\""), "{text}");
        assert!(lines.iter().all(|line| line.matches("\",\"").count() == 10), "{text}");
    }
}
