//! What all pages have: the head, the search form, both languages, the foot.

use std::sync::OnceLock;

use spec::Hash;
use spec::key::KeyName;

use super::html::Html;
use super::language::{Lang, Reader, Word};
use super::link::{Link, SourcePath};
use super::number::grouped;
use super::words;

/// The only style there is.
const STYLE: &str = include_str!("explorer.css");

/// The most letters that the search form takes.
const MAX_SEARCH: u32 = 300;

/// A page, ready to be sent.
#[derive(Debug)]
pub(crate) struct Page {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The document.
    pub(crate) html: String,
    /// For how many seconds it may be kept; 0 for not at all.
    pub(crate) max_age: u32,
}

/// The policy of every page of the explorer.
pub(crate) fn content_security_policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
            Hash::of(STYLE.as_bytes())
        )
    })
}

/// Writes a page: `here` is its own address, for the other language.
pub(super) fn document(
    reader: Reader,
    title: &str,
    here: &Link,
    body: impl FnOnce(&mut Html),
) -> String {
    let mut html = Html::document();
    html.element("html", &[("lang", &reader.lang.tag())], |html| {
        html.element("head", &[], |html| head(html, title));
        html.element("body", &[], |html| {
            let skip = reader.lang.say(words::SKIP);
            html.leaf("a", &[("class", &"skip"), ("href", &"#content")], skip);
            html.element("header", &[], |html| banner(html, reader, here));
            html.element("main", &[("id", &"content")], |html| {
                html.leaf("h1", &[], title);
                body(html);
            });
            html.element("footer", &[], |html| foot(html, reader));
        });
    });
    html.into_string()
}

fn head(html: &mut Html, title: &str) {
    html.void("meta", &[("charset", &"utf-8")]);
    let viewport = "width=device-width, initial-scale=1";
    html.void("meta", &[("name", &"viewport"), ("content", &viewport)]);
    html.void("meta", &[("name", &"color-scheme"), ("content", &"light")]);
    html.leaf("title", &[], format_args!("{title} · Fiducial"));
    html.style(STYLE);
}

fn banner(html: &mut Html, reader: Reader, here: &Link) {
    let lang = reader.lang;
    html.element("a", &[("class", &"brand"), ("href", &reader.path(&Link::Home))], |html| {
        html.leaf("span", &[("class", &"mark"), ("aria-hidden", &"true")], "");
        html.text("Fiducial");
    });
    let form: [(&'static str, &dyn std::fmt::Display); 3] =
        [("action", &Link::Search), ("method", &"get"), ("role", &"search")];
    html.element("form", &form, |html| {
        let label = lang.say(words::SEARCH);
        html.leaf("label", &[("class", &"unseen"), ("for", &"q")], label);
        let hint = lang.say(words::SEARCH_HINT);
        let input: [(&'static str, &dyn std::fmt::Display); 7] = [
            ("id", &"q"),
            ("name", &"q"),
            ("type", &"search"),
            ("maxlength", &MAX_SEARCH),
            ("autocomplete", &"off"),
            ("spellcheck", &"false"),
            ("placeholder", &hint),
        ];
        html.void("input", &input);
        if let Some(chosen) = reader.chosen() {
            html.void(
                "input",
                &[("type", &"hidden"), ("name", &"lang"), ("value", &chosen.code())],
            );
        }
        html.leaf("button", &[], lang.say(words::FIND));
    });
    let languages = lang.say(words::LANGUAGE);
    html.element("nav", &[("class", &"languages"), ("aria-label", &languages)], |html| {
        for other in Lang::ALL {
            let tag = other.tag();
            if other == lang {
                html.leaf("span", &[("lang", &tag), ("aria-current", &"true")], other.own_name());
            } else {
                let path = Reader::in_other(other).path(here);
                html.leaf(
                    "a",
                    &[("lang", &tag), ("hreflang", &tag), ("href", &path)],
                    other.own_name(),
                );
            }
        }
    });
}

fn foot(html: &mut Html, reader: Reader) {
    html.leaf("p", &[], reader.lang.say(words::FOOT));
    html.element("p", &[], |html| {
        link(html, reader, &Link::Home, reader.lang.say(words::START));
        html.text(" · ");
        link(html, reader, &Link::Verify, reader.lang.say(words::VERIFIER));
        html.text(" · ");
        link(html, reader, &Link::OpenApi, reader.lang.say(words::FOR_PROGRAMS));
    });
}

/// A link with its words.
pub(super) fn link(html: &mut Html, reader: Reader, to: &Link, text: impl std::fmt::Display) {
    html.leaf("a", &[("href", &reader.path(to))], text);
}

/// A source's name, as a link where it can be one.
pub(super) fn source_link(html: &mut Html, reader: Reader, name: &KeyName) {
    match SourcePath::new(name) {
        Some(path) => link(html, reader, &Link::Source(path, None), name),
        None => html.text(name),
    }
}

/// A part of a page under a heading.
pub(super) fn section(html: &mut Html, title: &str, inside: impl FnOnce(&mut Html)) {
    html.element("section", &[], |html| {
        html.leaf("h2", &[], title);
        inside(html);
    });
}

/// A line of help.
pub(super) fn help(html: &mut Html, text: impl std::fmt::Display) {
    html.leaf("p", &[("class", &"help")], text);
}

/// A fact: what it is and its value.
pub(super) fn fact(html: &mut Html, name: &str, value: impl FnOnce(&mut Html)) {
    html.leaf("dt", &[], name);
    html.element("dd", &[], value);
}

/// A hash in hexadecimal digits.
pub(super) fn hash(html: &mut Html, hash: Hash) {
    html.leaf("span", &[("class", &"hash")], hash.to_hex());
}

/// A box that is scrolled sideways where the window is narrow; the keyboard can do it too.
pub(super) fn wide(html: &mut Html, inside: impl FnOnce(&mut Html)) {
    html.element("div", &[("class", &"wide"), ("tabindex", &0)], inside);
}

/// A table with its column heads inside a box that may be scrolled.
pub(super) fn table(
    html: &mut Html,
    reader: Reader,
    columns: &[(Word, &'static str)],
    rows: impl FnOnce(&mut Html),
) {
    wide(html, |html| {
        html.element("table", &[], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    for (word, class) in columns {
                        let name = reader.lang.say(*word);
                        html.leaf("th", &[("scope", &"col"), ("class", class)], name);
                    }
                });
            });
            html.element("tbody", &[], rows);
        });
    });
}

/// Which entries: `first` up to and without `end`.
pub(super) fn range(lang: Lang, first: u64, end: u64) -> String {
    match end - 1 {
        last if last == first => lang.fill(words::RANGE_OF_ONE, &[&grouped(first)]),
        last => lang.fill(words::RANGE, &[&grouped(first), &grouped(last)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_no_script_and_nothing_from_elsewhere() {
        let reader = Reader::of(Some("zh"), None).unwrap();
        let html = document(reader, "<b>", &Link::Entry(3), |html| html.text("content"));
        assert!(html.starts_with("<!doctype html>\n<html lang=\"zh-Hans\">"), "{html}");
        for never in ["<script", "http:", "https:", "url(", "@import", " on", "style=", "<b>"] {
            assert!(!html.contains(never), "{never}");
        }
        assert!(
            html.contains("<a lang=\"en\" hreflang=\"en\" href=\"/entry/3?lang=en\">English</a>")
        );
        assert!(html.contains("name=\"lang\" value=\"zh\""));
    }

    #[test]
    fn the_policy_names_the_style_that_is_in_the_page() {
        let reader = Reader::of(None, None).unwrap();
        let html = document(reader, "t", &Link::Home, |_| {});
        let style = html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let want = format!("style-src 'sha256-{}'", Hash::of(style.as_bytes()));
        assert!(content_security_policy().contains(&want));
    }
}
