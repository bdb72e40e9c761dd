//! What kept the program from deciding: never a verdict on the evidence.

use serde_json::json;

use crate::messages::{Language, Message, Said};

/// Why nothing could be decided, in words that say what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    why: Said,
    /// Boxed, because a failure travels in every `Result`.
    hint: Option<Box<Said>>,
}

impl Failure {
    pub(crate) const fn new(why: Said) -> Self {
        Self { why, hint: None }
    }

    /// Adds a line that says what to do.
    pub(crate) fn with_hint(self, hint: Said) -> Self {
        Self { hint: Some(Box::new(hint)), ..self }
    }

    /// The reason, and what to do.
    pub(crate) fn said(&self) -> (&Said, Option<&Said>) {
        (&self.why, self.hint.as_deref())
    }

    pub(crate) fn to_text(&self, language: Language) -> String {
        let mut text = Said::new(Message::CouldNotTell, &[]).to_text(language);
        text += &format!("\n  {}\n", self.why.to_text(language));
        if let Some(hint) = &self.hint {
            text += &format!("  {}\n", hint.to_text(language));
        }
        text
    }

    pub(crate) fn to_json(&self, language: Language) -> String {
        let value = json!({
            "verdict": "undecided",
            "reason": self.why.to_json(language),
            "hint": self.hint.as_ref().map(|hint| hint.to_text(language)),
        });
        format!("{value:#}\n")
    }
}

impl From<Said> for Failure {
    fn from(why: Said) -> Self {
        Self::new(why)
    }
}
