//! What looks like a lot key is not shown: whoever reads it could find the records of that lot.
//!
//! A lot key is 64 hexadecimal digits, and belongs into a file. Typed where a file is asked for, or given
//! as a list of units, it would else be repeated in an error, on a page, in the log of some script.
//! Only a whole word is masked: a path that ends in a SHA-256 is the name of a file of evidence.

use std::borrow::Cow;
use std::path::Path;

/// How many hexadecimal digits a lot key has.
const DIGITS: usize = 64;

/// What stands for it, the same in both languages.
const MASK: &str = "****************";

/// What looks like a lot key in a word that was typed, or in a line of a list: all of it, or what stands
/// behind the `=` of an option.
pub(crate) fn key_in(text: &str) -> Option<&str> {
    let word = text.split_once('=').map_or(text, |(_, value)| value).trim();
    let is_key = word.len() == DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_key.then_some(word)
}

/// A word or a line as it may be shown.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    match key_in(text) {
        Some(key) => text.replace(key, MASK).into(),
        None => text.into(),
    }
}

/// A path as it may be shown.
pub(crate) fn shown(path: &Path) -> String {
    masked(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_key_is_not_shown_and_everything_else_is() {
        let key = "96dc".repeat(16);
        for text in [key.clone(), key.to_uppercase(), format!(" {key}\r"), format!("--x={key}")] {
            assert!(key_in(&text).is_some(), "{text}");
            assert!(!masked(&text).to_lowercase().contains("96dc"), "{text}");
        }
        assert_eq!(masked(&format!("--lot-key={key}")), format!("--lot-key={MASK}"));
        assert_eq!(shown(Path::new(&key)), MASK);
        let others = [
            String::new(),
            "PNL0099123".to_owned(),
            key[1..].to_owned(),
            format!("{key}0"),
            format!("evidence/{key}"),
            "x".repeat(DIGITS),
        ];
        for text in others {
            assert_eq!(masked(&text), text);
        }
    }
}
