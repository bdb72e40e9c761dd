//! Sixteen random bytes: the id of something that is found again by it.

use std::fmt;

use spec::encoding::{decode_hex, encode_hex};

use crate::answer::Fatal;

/// See the module's text. Shown as 32 small hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id([u8; 16]);

impl Id {
    /// One that nobody drew before.
    pub fn draw() -> Result<Self, Fatal> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| {
            Fatal::new(format!("The system gives no random numbers: {error}. Start the log again."))
        })?;
        Ok(Self(id))
    }

    /// Takes over stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads what [`fmt::Display`] shows, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode_hex(text).ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// A random byte, by which pauses of several are spread; 0 where the system gives none, and then they are
/// only less spread.
pub(crate) fn jitter() -> u8 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode_hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_has_one_form() {
        let id = Id::draw().unwrap();
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_ne!(Id::draw().unwrap(), id);
        let text = "5f".repeat(16);
        assert!(Id::parse(&text).is_some());
        for wrong in ["", &text[1..], &text.to_uppercase(), &format!("{text}00")] {
            assert_eq!(Id::parse(wrong), None, "{wrong}");
        }
    }
}
