//! Words of machines: which say that something is good, and which that it is bad.
//!
//! A record holds the machine's own word (`spec/text/evidence.md`). Which words are known is listed in
//! `spec/text/reconcile.md`; the caller adds those of his machines. Any other word is no verdict.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::messages::{Message, Said};

const GOOD: [&str; 14] = [
    "accepted",
    "bestanden",
    "good",
    "i.o.",
    "io",
    "ok",
    "pass",
    "passed",
    "repairsuccessful",
    "succeeded",
    "success",
    "合格",
    "良品",
    "通过",
];

const BAD: [&str; 21] = [
    "aborted",
    "bad",
    "error",
    "fail",
    "failed",
    "n.i.o.",
    "ng",
    "nicht bestanden",
    "nio",
    "nok",
    "rejected",
    "scrap",
    "skip",
    "skipped",
    "unabletorepair",
    "不合格",
    "不良",
    "不通过",
    "报废",
    "失败",
    "跳过",
];

/// What machines write for a board that is crossed out, in small letters.
pub(super) const CROSSED_OUT: [&str; 2] = ["skip", "跳过"];

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Bad,
    Good,
    /// A word that nobody has explained.
    Unknown,
}

/// The words of the caller's machines.
pub(super) struct Words {
    good: BTreeSet<String>,
    bad: BTreeSet<String>,
}

impl Words {
    /// The usual words and the caller's. His word stands before ours, and cannot be both.
    pub(super) fn new(good: &[String], bad: &[String]) -> Result<Self, Failure> {
        let plain = |words: &[String]| words.iter().map(|word| plain(word)).collect();
        let (mut good, mut bad): (BTreeSet<String>, BTreeSet<String>) = (plain(good), plain(bad));
        if let Some(word) = good.intersection(&bad).next() {
            return Err(Said::new(Message::WordIsBoth, &[word]).into());
        }
        let usual = |words: &[&str], others: &BTreeSet<String>| -> Vec<String> {
            let words = words.iter().map(|word| (*word).to_owned());
            words.filter(|word| !others.contains(word)).collect()
        };
        let (more_good, more_bad) = (usual(&GOOD, &bad), usual(&BAD, &good));
        good.extend(more_good);
        bad.extend(more_bad);
        Ok(Self { good, bad })
    }

    pub(super) fn of(&self, word: &[u8]) -> Verdict {
        let word = plain(&String::from_utf8_lossy(word));
        if self.good.contains(&word) {
            Verdict::Good
        } else if self.bad.contains(&word) {
            Verdict::Bad
        } else {
            Verdict::Unknown
        }
    }

    /// One verdict of several: good if all are, bad if one is.
    pub(super) fn of_all<'w>(&self, words: impl IntoIterator<Item = &'w [u8]>) -> Verdict {
        let verdicts: Vec<Verdict> = words.into_iter().map(|word| self.of(word)).collect();
        if verdicts.contains(&Verdict::Bad) {
            Verdict::Bad
        } else if verdicts.is_empty() || verdicts.contains(&Verdict::Unknown) {
            Verdict::Unknown
        } else {
            Verdict::Good
        }
    }
}

/// Whether a usual word says that something is bad, and not that a board is crossed out.
pub(crate) fn says_bad(word: &str) -> bool {
    // Almost every word is that of a board that passed, and needs no copy in small letters to be known.
    if word.eq_ignore_ascii_case("passed") || word.eq_ignore_ascii_case("ok") {
        return false;
    }
    let word = plain(word);
    BAD.contains(&word.as_str()) && !CROSSED_OUT.iter().any(|known| word.starts_with(*known))
}

/// Whether a usual word says that something is good.
pub(crate) fn says_good(word: &str) -> bool {
    GOOD.contains(&plain(word).as_str())
}

fn plain(word: &str) -> String {
    trimmed(word).to_lowercase()
}

/// What machines and editors leave around a word is none of it: white space, and the mark of a byte order.
fn trimmed(word: &str) -> &str {
    word.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}')
}

/// Whether a machine's count of defects says that there was one, however many digits it has.
pub(crate) fn counts_some(defects: &str) -> bool {
    let count = trimmed(defects);
    let digits = count.strip_prefix('+').unwrap_or(count);
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number && digits.bytes().any(|digit| digit != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_good_or_bad_or_nothing() {
        let words = Words::new(&["Freigabe".to_owned()], &["accepted".to_owned()]).unwrap();
        for (word, says) in [
            ("Passed", Verdict::Good),
            (" OK ", Verdict::Good),
            ("合格", Verdict::Good),
            ("freigabe", Verdict::Good),
            ("NG", Verdict::Bad),
            ("不良", Verdict::Bad),
            ("Accepted", Verdict::Bad),
            ("Skipped", Verdict::Bad),
            ("hold", Verdict::Unknown),
            ("", Verdict::Unknown),
            ("Failed\r", Verdict::Bad),
            ("\u{a0}Failed\u{85}\u{feff} ", Verdict::Bad),
            ("Fai led", Verdict::Unknown),
        ] {
            assert_eq!(words.of(word.as_bytes()), says, "{word}");
        }
        assert_eq!(words.of_all([&b"ok"[..], b"hold", b"ng"]), Verdict::Bad);
        assert_eq!(words.of_all([&b"ok"[..], b"hold"]), Verdict::Unknown);
        assert_eq!(words.of_all([]), Verdict::Unknown);
        assert!(Words::new(&["x".to_owned()], &["X".to_owned()]).is_err());
    }

    #[test]
    fn a_count_says_that_there_was_a_defect_whatever_its_length() {
        for some in ["1", " 2 ", "+3", "010", "\u{a0}5\u{feff}", &"9".repeat(25)] {
            assert!(counts_some(some), "{some}");
        }
        for none in ["", "0", "+0", "00", "-1", "1.5", "++1", "one", "0x1"] {
            assert!(!counts_some(none), "{none}");
        }
    }

    #[test]
    fn no_word_is_both() {
        assert!(GOOD.iter().all(|word| !BAD.contains(word)));
        assert!(GOOD.iter().chain(&BAD).all(|word| plain(word) == *word));
        assert!(GOOD.iter().all(|word| !says_bad(word) && !says_bad(&word.to_uppercase())));
        assert!(BAD.iter().all(|word| !says_good(word)));
    }
}
