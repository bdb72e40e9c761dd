//! Words of the page in its language, and times as people read them.

use spec::evidence::kind::Kind;
use spec::evidence::time::parse_millis;
use spec::time::format_utc;

use super::markup::{Attributes, Html};
use crate::messages::{Language, Message, Said, kinds};

/// Says things in one language.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    /// A sentence without values.
    pub(super) fn of(self, message: Message) -> &'static str {
        message.text(self.0)
    }

    /// A sentence with values.
    pub(super) fn with(self, message: Message, values: &[&str]) -> String {
        Said::new(message, values).to_text(self.0)
    }

    /// A paragraph or another element with a sentence in it.
    pub(super) fn say(
        self,
        html: &mut Html,
        tag: &'static str,
        attributes: Attributes<'_>,
        message: Message,
    ) {
        html.leaf(tag, attributes, self.of(message));
    }

    /// The head of a table, which is printed again on every page that the table reaches.
    pub(super) fn head(self, html: &mut Html, titles: &[Message]) {
        html.tag("thead", &[], |html| {
            html.tag("tr", &[], |html| {
                for title in titles {
                    self.say(html, "th", &[], *title);
                }
            });
        });
    }

    /// What a kind of record is called.
    pub(super) fn kind(self, kind: Kind) -> &'static str {
        kinds::name(kind).map_or(kind.as_str(), |name| self.of(name))
    }
}

/// What stands before the zone: no line ends there.
const ZONE: &str = "\u{a0}UTC";

/// A time as it was written, with a space for the letter in the middle of RFC 3339, so that a line can
/// end there.
pub(super) fn spaced(text: &str) -> String {
    match parse_millis(text) {
        Some(_) => text.replacen('T', " ", 1).replace('Z', ZONE),
        None => text.to_string(),
    }
}

/// A time that a witness gave, to the second, UTC.
pub(super) fn utc(seconds: u64) -> String {
    format_utc(seconds).replace('T', " ").replace('Z', ZONE)
}
