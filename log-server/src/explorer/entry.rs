//! An entry: what it holds, its neighbours, and the way to the signed root.

use std::fmt::Write;

use spec::Hash;
use spec::evidence::statement::Statement;
use spec::note::Note;
use spec::succession::Succession;
use spec::tile::{TILE_WIDTH, Tile, TileKind};

use super::html::Html;
use super::ladder;
use super::language::Reader;
use super::link::Link;
use super::number::grouped;
use super::page::{
    Page, document, fact, hash, help, link, range, section, source_link, table, wide,
};
use super::read::EntryFacts;
use super::steps::{Side, Step};
use super::words;

/// The most bytes of an opaque entry that are shown.
const MAX_OPAQUE: usize = 1024;

/// How many bytes stand in a line.
const BYTES_PER_LINE: usize = 32;

/// For how long the page may be kept: its proof stays a proof, in a tree that has grown since.
const MAX_AGE: u32 = 60;

/// Writes the page of an entry.
pub(crate) fn entry_page(facts: &EntryFacts, reader: Reader) -> Page {
    let lang = reader.lang;
    let size = facts.published.checkpoint.tree().size();
    let title = lang.fill(words::ENTRY_TITLE, &[&grouped(facts.index)]);
    let html = document(reader, &title, &Link::Entry(facts.index), |html| {
        let lead = lang.fill(words::ENTRY_LEAD, &[&grouped(facts.index), &grouped(size)]);
        html.leaf("p", &[("class", &"lead")], lead);
        neighbours(html, reader, facts, size);
        match &facts.statement {
            Some(statement) => section(html, lang.say(words::STATEMENT), |html| {
                show_statement(html, reader, facts, statement);
            }),
            None if facts.index == 0 && Succession::parse(&facts.entry).is_ok() => {
                section(html, lang.say(words::SUCCESSION), |html| {
                    show_succession(html, reader, facts);
                });
            }
            None => section(html, lang.say(words::OPAQUE), |html| show_bytes(html, reader, facts)),
        }
        section(html, lang.say(words::PROOF), |html| show_proof(html, reader, facts));
        section(html, lang.say(words::DOWNLOADS), |html| downloads(html, reader, facts, size));
    });
    Page { status: 200, html, max_age: MAX_AGE }
}

fn neighbours(html: &mut Html, reader: Reader, facts: &EntryFacts, size: u64) {
    let lang = reader.lang;
    let title = lang.fill(words::ENTRY_TITLE, &[&facts.index]);
    html.element("nav", &[("class", &"along"), ("aria-label", &title)], |html| {
        let next = facts.index.checked_add(1).filter(|next| *next < size);
        let mut to = |index: Option<u64>, word, before: &str, behind: &str| {
            let text = lang.say(word);
            match index {
                Some(index) => {
                    link(html, reader, &Link::Entry(index), format_args!("{before}{text}{behind}"));
                }
                None => html.leaf("span", &[("class", &"none")], text),
            }
        };
        to(facts.index.checked_sub(1), words::PREVIOUS_ENTRY, "← ", "");
        to(next, words::NEXT_ENTRY, "", " →");
        if facts.statement.is_some() {
            to(facts.previous, words::PREVIOUS_STATEMENT, "← ", "");
            to(facts.next, words::NEXT_STATEMENT, "", " →");
        }
    });
}

fn show_statement(html: &mut Html, reader: Reader, facts: &EntryFacts, statement: &Statement) {
    let lang = reader.lang;
    help(html, lang.say(words::STATEMENT_HELP));
    html.element("dl", &[], |html| {
        fact(html, lang.say(words::SOURCE), |html| source_link(html, reader, statement.source()));
        fact(html, lang.say(words::SEQUENCE), |html| html.text(grouped(statement.sequence())));
        fact(html, lang.say(words::PREVIOUS), |html| previous(html, reader, facts, statement));
        fact(html, lang.say(words::AFTER), |html| after(html, reader, statement));
        fact(html, lang.say(words::BATCH), |html| hash(html, statement.batch()));
        fact(html, lang.say(words::SIGNATURE), |html| {
            let signature = statement.signature();
            html.text(lang.fill(words::SIGNATURE_BY, &[&signature.name, &signature.id]));
        });
        leaf(html, reader, facts.leaf);
    });
    html.element("details", &[], |html| {
        html.leaf("summary", &[], lang.say(words::AS_STORED));
        html.element("pre", &[("lang", &"")], |html| {
            html.lines(&String::from_utf8_lossy(&facts.entry));
        });
    });
}

fn previous(html: &mut Html, reader: Reader, facts: &EntryFacts, statement: &Statement) {
    if statement.previous() == Hash::ZERO {
        html.text(reader.lang.say(words::PREVIOUS_NONE));
        return;
    }
    hash(html, statement.previous());
    if let Some(index) = facts.previous {
        html.text(" ");
        let name = reader.lang.fill(words::RANGE_OF_ONE, &[&grouped(index)]);
        link(html, reader, &Link::Entry(index), name);
    }
}

fn after(html: &mut Html, reader: Reader, statement: &Statement) {
    let lang = reader.lang;
    let after = statement.after();
    if after.tree().size() == 0 {
        html.text(lang.say(words::AFTER_NONE));
        return;
    }
    let (size, root) = (grouped(after.tree().size()), after.tree().root().to_hex());
    html.text(lang.fill(words::AFTER_TREE, &[&size, &root]));
    html.void("br", &[]);
    let note = lang.fill(words::AFTER_NOTE, &[&after.note_hash().to_hex()]);
    html.leaf("span", &[("class", &"soft")], note);
}

fn leaf(html: &mut Html, reader: Reader, leaf: Hash) {
    fact(html, reader.lang.say(words::LEAF), |html| {
        hash(html, leaf);
        html.void("br", &[]);
        html.element("span", &[("class", &"soft")], |html| {
            html.text(reader.lang.say(words::IN_BASE64));
            html.text(": ");
            html.leaf("span", &[("class", &"hash")], leaf);
        });
    });
}

/// The entry that a successor begins with is text, and says by itself what it is.
fn show_succession(html: &mut Html, reader: Reader, facts: &EntryFacts) {
    help(html, reader.lang.say(words::SUCCESSION_HELP));
    html.element("dl", &[], |html| leaf(html, reader, facts.leaf));
    html.element("pre", &[("lang", &"")], |html| {
        html.lines(&String::from_utf8_lossy(&facts.entry));
    });
}

fn show_bytes(html: &mut Html, reader: Reader, facts: &EntryFacts) {
    let lang = reader.lang;
    help(html, lang.say(words::OPAQUE_HELP));
    html.element("dl", &[], |html| {
        fact(html, lang.say(words::SIZE), |html| {
            html.text(lang.fill(words::BYTES, &[&grouped(facts.entry.len() as u64)]));
        });
        leaf(html, reader, facts.leaf);
    });
    let shown = &facts.entry[..facts.entry.len().min(MAX_OPAQUE)];
    html.element("pre", &[], |html| html.lines(&hexadecimal(shown)));
    let more = facts.entry.len() - shown.len();
    if more > 0 {
        help(html, lang.fill(words::OPAQUE_MORE, &[&grouped(more as u64)]));
    }
}

/// Bytes as digits, in lines behind their positions.
fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4);
    for (at, line) in bytes.chunks(BYTES_PER_LINE).enumerate() {
        write!(text, "{:04x} ", at * BYTES_PER_LINE).expect("memory takes it");
        for byte in line {
            write!(text, " {byte:02x}").expect("memory takes it");
        }
        text.push('\n');
    }
    text
}

fn show_proof(html: &mut Html, reader: Reader, facts: &EntryFacts) {
    let lang = reader.lang;
    let tree = facts.published.checkpoint.tree();
    if facts.steps.is_empty() {
        help(html, lang.say(words::PROOF_ALONE));
    } else {
        help(html, lang.fill(words::PROOF_HELP, &[&facts.steps.len()]));
        wide(html, |html| ladder::draw(html, reader, facts));
    }
    let columns =
        [(words::STEP, "number"), (words::FORMULA, ""), (words::GIVEN, ""), (words::RESULT, "")];
    table(html, reader, &columns, |html| {
        html.element("tr", &[], |html| {
            html.leaf("td", &[("class", &"number")], 0);
            html.leaf("td", &[("class", &"hash")], lang.say(words::LEAF_FORMULA));
            html.leaf("td", &[], "–");
            html.element("td", &[], |html| {
                cell(html, facts.leaf, &range(lang, facts.index, facts.index + 1));
            });
        });
        for (at, step) in facts.steps.iter().enumerate() {
            html.element("tr", &[], |html| row(html, reader, at, step));
        }
    });
    html.element("p", &[("class", &"notice good")], |html| {
        html.text(lang.fill(words::REACHED, &[&grouped(tree.size()), &tree.root().to_hex()]));
        if let Ok(note) = Note::parse(&facts.published.note) {
            let mut names: Vec<String> =
                note.signatures().iter().map(|line| line.name.to_string()).collect();
            names.dedup();
            html.text(" ");
            html.text(lang.fill(words::SIGNED_BY, &[&names.join(", ")]));
        }
    });
}

fn row(html: &mut Html, reader: Reader, before: usize, step: &Step) {
    let lang = reader.lang;
    let formula = match step.side {
        Side::Left => words::LEFT_FORMULA,
        Side::Right => words::RIGHT_FORMULA,
    };
    html.leaf("td", &[("class", &"number")], before + 1);
    html.leaf("td", &[("class", &"hash")], lang.fill(formula, &[&before]));
    for part in [step.sibling, step.result] {
        html.element("td", &[], |html| cell(html, part.hash, &range(lang, part.first, part.end)));
    }
}

/// A hash and what it is over.
fn cell(html: &mut Html, value: Hash, over: &str) {
    hash(html, value);
    html.void("br", &[]);
    html.leaf("span", &[("class", &"soft")], over);
}

fn downloads(html: &mut Html, reader: Reader, facts: &EntryFacts, size: u64) {
    let bundle = Tile::in_tree(TileKind::Entries, facts.index / TILE_WIDTH, size);
    html.element("ul", &[], |html| {
        html.element("li", &[], |html| {
            let text = reader.lang.say(words::RECEIPT);
            link(html, reader, &Link::Proof(facts.index), text);
        });
        if let Some(bundle) = bundle {
            html.element("li", &[], |html| {
                link(html, reader, &Link::Tile(bundle), reader.lang.say(words::BUNDLE));
            });
        }
        html.element("li", &[], |html| {
            link(html, reader, &Link::Checkpoint, reader.lang.say(words::NOTE));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_digits_in_lines() {
        let text = hexadecimal(&[0xab; 33]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("0000  ab ab") && lines[1] == "0020  ab", "{text}");
    }
}
