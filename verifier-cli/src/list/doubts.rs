//! What of a list may be why nothing of it is found: columns that were not read, or a header that nobody knows.
//!
//! The page asks the same (`verifier-web/src/judge/list.ts`).

use super::{List, Unit};
use crate::messages::{Message, Said};

/// So many lines of one form are no chance.
const MIN_ALIKE: usize = 3;

/// How many columns that were not read are named.
const MAX_UNREAD: usize = 10;

impl List {
    /// What may be wrong with the list itself.
    pub(crate) fn doubts(&self) -> Vec<Said> {
        if !self.unread.is_empty() {
            let names = self.unread.iter().take(MAX_UNREAD).map(|name| format!("`{name}`"));
            let names = names.collect::<Vec<String>>().join(", ");
            return vec![Said::new(Message::ListUnread, &[&names])];
        }
        let first = self.first_line().filter(|first| self.is_unlike_others(first));
        first.map(|first| Said::new(Message::ListFirstLine, &[&first.serial])).into_iter().collect()
    }

    /// The first line, if it names no known column and looks like a header: it has no digit, as no serial is, or is
    /// written as none of the others.
    pub(crate) fn header_like(&self) -> Option<&Unit> {
        let has_digit =
            |first: &Unit| first.serial.contains(|letter: char| letter.is_ascii_digit());
        let first = self.first_line().filter(|_| self.units.len() > 1)?;
        (!has_digit(first) || self.is_unlike_others(first)).then_some(first)
    }

    /// Whether the first line is written as none of the others, as a header is that names no known column.
    fn is_unlike_others(&self, first: &Unit) -> bool {
        let others = &self.units[1..];
        let [other, ..] = others else { return false };
        let theirs = form(&other.serial);
        let is_alike =
            others.len() >= MIN_ALIKE && others.iter().all(|other| form(&other.serial) == theirs);
        (is_alike && form(&first.serial) != theirs)
            || (is_no_code(&first.serial) && !others.iter().any(|other| is_no_code(&other.serial)))
    }
}

/// How a line is written: which of letters, digits and marks follow each other, however many of each.
fn form(serial: &str) -> String {
    let mut form = String::new();
    for letter in serial.chars() {
        let (kind, is_run) = match letter {
            letter if letter.is_alphabetic() => ('a', true),
            letter if letter.is_numeric() => ('0', true),
            other => (other, false),
        };
        if !(is_run && form.ends_with(kind)) {
            form.push(kind);
        }
    }
    form
}

/// Whether a line is in words, as codes are not.
fn is_no_code(serial: &str) -> bool {
    !serial.contains(|letter: char| letter.is_ascii_digit()) || serial.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::super::parsed;
    use super::*;
    use crate::messages::Language::{Chinese, English};

    #[test]
    fn a_first_line_that_is_written_as_no_other_looks_like_a_header() {
        let told = |lines: &str| !parsed(lines).doubts().is_empty();
        assert!(told("Board 1\nSN-1\nSN-2\n"));
        assert!(told("Unit1\nSN-1\nSN-2\nSN-30\n"));
        assert!(told("Baugruppe\nA1B2\n77AB\n"));
        // Serials that differ, one alone, and a header that is known leave no such doubt.
        for lines in ["SN-1\nSN-2\n", "A1B2\n77AB\n9C\n", "Board 1\n", "serial,lot\nSN-1,L1\n"] {
            assert!(!told(lines), "{lines:?}");
            assert!(parsed(lines).header_like().is_none(), "{lines:?}");
        }
        // A word is no serial, whatever the others are; a line that is all of a list is a unit.
        for (lines, is_like) in [("ABC\nDEF\n", true), ("Board 1\nSN-1\n", true), ("ABC\n", false)]
        {
            assert_eq!(parsed(lines).header_like().is_some(), is_like, "{lines:?}");
        }
        assert_eq!((form("SN-12b"), form("12 ab")), ("a-0a".to_owned(), "0 a".to_owned()));
    }

    #[test]
    fn columns_that_were_not_read_are_named() {
        let list = parsed("serial;Panel No.;lot;;Remark\nSN-1;PN1;L1;;x\n");
        let doubts = list.doubts();
        assert_eq!(doubts.len(), 1);
        for language in [English, Chinese] {
            assert!(doubts[0].to_text(language).contains("`Panel No.`, `Remark`"), "{doubts:?}");
        }
        // The first column is read as serials, whatever it is called.
        assert!(parsed("board,Panel,lot\nSN1,PN1,L1\n").unread.is_empty());
    }
}
