//! What goes wrong on a page, in words for people. Programs get the problem document instead.

use super::language::{Lang, Reader, Word};
use super::link::Link;
use super::number::grouped;
use super::page::{Page, document, help, link, section};
use super::words;
use crate::answer::ReadError;

/// Why there is no such page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The address is not spelled canonically.
    Address,
    /// The entry is not published.
    Beyond {
        /// How many are.
        published: u64,
    },
    /// What is stored is damaged, and how.
    Damaged(String),
    /// The index is being made again.
    IndexNotReady,
    /// No entry has the leaf hash that was searched for.
    NoLeaf,
    /// Nothing is at this address.
    NoPage,
    /// No published statement has this source.
    NoSource,
    /// The verifier is not served here.
    NoVerifier,
    /// What was searched for is nothing that can be found.
    Search,
    /// What is stored cannot be reached now, and why.
    Unreachable(String),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Beyond { published } => Self::Beyond { published },
            ReadError::Damaged(what) => Self::Damaged(what),
            ReadError::Impossible(_) => Self::Address,
            ReadError::IndexNotReady => Self::IndexNotReady,
            ReadError::Unreachable(why) => Self::Unreachable(why),
        }
    }
}

impl Fault {
    /// What it is called, and what to do.
    const fn words(&self) -> (Word, Word) {
        match self {
            Self::Address => (words::ADDRESS, words::ADDRESS_HELP),
            Self::Beyond { .. } => (words::BEYOND, words::BEYOND_HELP),
            Self::Damaged(_) => (words::DAMAGED, words::DAMAGED_HELP),
            Self::IndexNotReady => (words::INDEX_BUSY, words::INDEX_BUSY_HELP),
            Self::NoLeaf => (words::NO_LEAF, words::NO_LEAF_HELP),
            Self::NoPage => (words::NO_PAGE, words::NO_PAGE_HELP),
            Self::NoSource => (words::NO_SOURCE, words::NO_SOURCE_HELP),
            Self::NoVerifier => (words::NO_VERIFIER, words::NO_VERIFIER_HELP),
            Self::Search => (words::NOT_FOUND_BY, words::NOT_FOUND_BY_HELP),
            Self::Unreachable(_) => (words::STORE_AWAY, words::STORE_AWAY_HELP),
        }
    }

    /// What it is called, in English.
    pub(crate) const fn title(&self) -> &'static str {
        self.words().0.en
    }

    /// What to do, in English.
    pub(crate) fn detail(&self) -> String {
        self.help(Lang::En)
    }

    fn help(&self, lang: Lang) -> String {
        let (_, help) = self.words();
        match self {
            Self::Beyond { published } => lang.fill(help, &[&grouped(*published)]),
            _ => lang.say(help).to_owned(),
        }
    }
}

/// Writes the page of a fault.
pub(crate) fn fault_page(fault: &Fault, status: u16, reader: Reader) -> Page {
    let lang = reader.lang;
    let (title, _) = fault.words();
    // Only this page is there in any case: nothing of the address is repeated.
    let here = if *fault == Fault::NoVerifier { Link::Verify } else { Link::Home };
    let html = document(reader, lang.say(title), &here, |html| {
        section(html, &status.to_string(), |html| {
            help(html, fault.help(lang));
            html.element("p", &[], |html| {
                link(html, reader, &Link::Home, lang.say(words::START));
            });
        });
    });
    Page { status, html, max_age: 0 }
}
