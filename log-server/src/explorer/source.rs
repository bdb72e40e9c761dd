//! One source's chain: its statements, the newest first, a bounded number on a page.

use spec::Hash;
use spec::evidence::statement::Statement;

use super::html::Html;
use super::language::Reader;
use super::link::{Link, SourcePath};
use super::number::grouped;
use super::page::{Page, document, hash, help, link, section, table};
use super::read::{Chain, STATEMENTS_PER_PAGE};
use super::words;

/// For how long the page may be kept.
const MAX_AGE: u32 = 10;

/// Writes the page of a source; `before` is the parameter that it was asked with.
pub(crate) fn source_page(
    chain: &Chain,
    path: &SourcePath,
    before: Option<u64>,
    reader: Reader,
) -> Page {
    let lang = reader.lang;
    let title = lang.fill(words::SOURCE_TITLE, &[&chain.source]);
    let here = Link::Source(path.clone(), before);
    let html = document(reader, &title, &here, |html| {
        html.leaf("p", &[("class", &"lead")], lang.say(words::SOURCE_LEAD));
        section(html, lang.say(words::STATEMENT), |html| {
            let count = grouped(chain.newest.saturating_add(1));
            help(html, lang.fill(words::SOURCE_COUNT, &[&count, &grouped(chain.newest)]));
            let columns = [
                (words::SEQUENCE, "number"),
                (words::ENTRY, "number"),
                (words::PREVIOUS_HASH, ""),
                (words::AFTER_SIZE, "number"),
            ];
            table(html, reader, &columns, |html| {
                for (index, statement) in &chain.statements {
                    html.element("tr", &[], |html| row(html, reader, *index, statement));
                }
            });
        });
        along(html, reader, chain, path);
    });
    Page { status: 200, html, max_age: MAX_AGE }
}

fn row(html: &mut Html, reader: Reader, index: u64, statement: &Statement) {
    html.leaf("td", &[("class", &"number")], grouped(statement.sequence()));
    html.element("td", &[("class", &"number")], |html| {
        link(html, reader, &Link::Entry(index), grouped(index));
    });
    html.element("td", &[], |html| match statement.previous() {
        Hash::ZERO => {
            html.leaf("span", &[("class", &"soft")], reader.lang.say(words::PREVIOUS_NONE));
        }
        previous => hash(html, previous),
    });
    html.leaf("td", &[("class", &"number")], grouped(statement.after().tree().size()));
}

/// The other pages of the chain.
fn along(html: &mut Html, reader: Reader, chain: &Chain, path: &SourcePath) {
    let lang = reader.lang;
    let sequences = chain.statements.iter().map(|(_, statement)| statement.sequence());
    let (top, bottom) = (sequences.clone().max().unwrap_or(0), sequences.min().unwrap_or(0));
    let newer = (top < chain.newest).then(|| top.saturating_add(1 + STATEMENTS_PER_PAGE));
    let newer = newer.map(|before| (before <= chain.newest).then_some(before));
    let older = (bottom > 0).then_some(Some(bottom));
    let oldest = (bottom > STATEMENTS_PER_PAGE).then_some(Some(STATEMENTS_PER_PAGE));
    let newest = (top < chain.newest).then_some(None);
    if newest.is_none() && older.is_none() {
        return;
    }
    let label = lang.fill(words::SOURCE_TITLE, &[&chain.source]);
    html.element("nav", &[("class", &"along"), ("aria-label", &label)], |html| {
        for (to, word) in [
            (newest, words::NEWEST_FIRST),
            (newer, words::NEWER),
            (older, words::OLDER),
            (oldest, words::OLDEST),
        ] {
            match to {
                Some(before) => {
                    link(html, reader, &Link::Source(path.clone(), before), lang.say(word));
                }
                None => html.leaf("span", &[("class", &"none")], lang.say(word)),
            }
        }
    });
}
