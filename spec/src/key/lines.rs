//! Files of verifier keys: one a line. Empty lines and lines that begin with `#` say nothing, and
//! spaces around a line are dropped.
//!
//! ```text
//! # the log that our lines anchor in
//! factory.example/evidence+1a2b3c4d+AQ...
//! factory.example/evidence+5e6f7a8b+Bg...
//! ```
//!
//! Every line that says something must be a key: a reader that stopped at the first one, or passed
//! over what it does not understand, would trust fewer keys than the file lists and not say so.

use alloc::vec::Vec;

use super::{KeyError, VerifierKey};

/// The most keys of one file: those of the sources of the largest site.
pub const MAX_KEY_LINES: usize = 4096;

/// What is wrong with a file of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyLinesError {
    /// No line says anything.
    #[error("there is no verifier key in it")]
    Empty,
    /// A line is no verifier key.
    #[error("line {line}: {why}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: KeyError,
    },
    /// More than [`MAX_KEY_LINES`].
    #[error("there are more than {MAX_KEY_LINES} verifier keys in it")]
    TooMany,
}

/// Reads every key of a text, in its order, and at least one. The caller bounds the text.
pub fn parse_key_lines(text: &str) -> Result<Vec<VerifierKey>, KeyLinesError> {
    let mut keys = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if keys.len() == MAX_KEY_LINES {
            return Err(KeyLinesError::TooMany);
        }
        let key = VerifierKey::parse(line);
        keys.push(key.map_err(|why| KeyLinesError::Line { line: at + 1, why })?);
    }
    if keys.is_empty() { Err(KeyLinesError::Empty) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn every_line_that_says_something_is_a_key() {
        let key = VerifierKey::parse(KEY).unwrap();
        let text = format!("# two\n\n  {KEY}  \r\n{KEY}");
        assert_eq!(parse_key_lines(&text).unwrap(), [key.clone(), key]);
    }

    #[test]
    fn a_line_that_is_no_key_is_named_and_not_passed_over() {
        let private = KeyLinesError::Line { line: 2, why: KeyError::Private };
        assert_eq!(parse_key_lines(&format!("{KEY}\nPRIVATE+KEY+{KEY}\n")), Err(private));
        let malformed = KeyLinesError::Line { line: 3, why: KeyError::Malformed };
        assert_eq!(parse_key_lines(&format!("{KEY}\n#\nsecond\n")), Err(malformed));
    }

    #[test]
    fn no_key_and_too_many_keys_are_refused() {
        for nothing in ["", "\n", "# nothing\n\n"] {
            assert_eq!(parse_key_lines(nothing), Err(KeyLinesError::Empty));
        }
        let many = format!("{KEY}\n").repeat(MAX_KEY_LINES);
        assert_eq!(parse_key_lines(&many).unwrap().len(), MAX_KEY_LINES);
        assert_eq!(parse_key_lines(&format!("{many}{KEY}\n")), Err(KeyLinesError::TooMany));
    }
}
