//! An inclusion proof as a picture: a ladder from the leaf, at the top, to the signed root.
//!
//! On every rung stand what is known so far, in the middle, and the hash of the proof, on the side on
//! which it is hashed. At most 64 rungs, however large the tree. The table beside it has the whole
//! hashes; the picture has the first digits of each.

use std::fmt::Display;

use spec::Hash;

use super::html::Html;
use super::language::Reader;
use super::number::grouped;
use super::page::range;
use super::read::EntryFacts;
use super::steps::{Side, Subtree};
use super::words;

/// The width of the picture, in its own units, and the height of a rung.
const WIDTH: usize = 700;
const RUNG: usize = 78;

/// A box, and the places of its left edge: left, middle, right.
const BOX_WIDTH: usize = 208;
const BOX_HEIGHT: usize = 42;
const LEFT: usize = 4;
const MIDDLE: usize = (WIDTH - BOX_WIDTH) / 2;
const RIGHT: usize = WIDTH - BOX_WIDTH - 4;

/// How many digits of a hash are drawn.
const DIGITS: usize = 16;

/// Draws the proof of an entry.
pub(super) fn draw(html: &mut Html, reader: Reader, facts: &EntryFacts) {
    let size = facts.published.checkpoint.tree().size();
    let count = facts.steps.len();
    let label =
        reader.lang.fill(words::PROOF_LABEL, &[&grouped(facts.index), &grouped(size), &count]);
    let view = format!("0 0 {WIDTH} {}", count * RUNG + BOX_HEIGHT + 4);
    let attributes: [(&'static str, &dyn Display); 4] =
        [("viewBox", &view), ("class", &"ladder"), ("role", &"img"), ("aria-label", &label)];
    html.element("svg", &attributes, |html| {
        let mut known = Subtree { hash: facts.leaf, first: facts.index, end: facts.index + 1 };
        for (rung, step) in facts.steps.iter().enumerate() {
            joints(html, rung, step.side);
            let note = (rung == 0).then(|| reader.lang.say(words::START_LEAF));
            let class = if rung == 0 { "start" } else { "known" };
            draw_box(html, reader, MIDDLE, rung, class, known, note);
            let side = if step.side == Side::Left { LEFT } else { RIGHT };
            draw_box(html, reader, side, rung, "given", step.sibling, None);
            known = step.result;
        }
        let note = Some(reader.lang.say(words::SIGNED_ROOT));
        draw_box(html, reader, MIDDLE, count, "end", known, note);
    });
}

/// The lines from the boxes of a rung down to the next.
fn joints(html: &mut Html, rung: usize, side: Side) {
    let middle = MIDDLE + BOX_WIDTH / 2;
    let (top, bottom) = (rung * RUNG + BOX_HEIGHT + 2, (rung + 1) * RUNG + 2);
    html.void("line", &[("x1", &middle), ("x2", &middle), ("y1", &top), ("y2", &bottom)]);
    let from = BOX_WIDTH / 2 + if side == Side::Left { LEFT } else { RIGHT };
    let path = format!("M{from} {top}V{}H{middle}", top + (bottom - top) / 2);
    html.void("path", &[("d", &path)]);
}

fn draw_box(
    html: &mut Html,
    reader: Reader,
    x: usize,
    rung: usize,
    class: &'static str,
    part: Subtree,
    note: Option<&str>,
) {
    let y = rung * RUNG + 2;
    let attributes: [(&'static str, &dyn Display); 6] = [
        ("x", &x),
        ("y", &y),
        ("width", &BOX_WIDTH),
        ("height", &BOX_HEIGHT),
        ("rx", &7),
        ("class", &class),
    ];
    html.void("rect", &attributes);
    let middle = x + BOX_WIDTH / 2;
    line(html, middle, y + 17, "code", short(part.hash));
    let over = range(reader.lang, part.first, part.end);
    match note {
        Some(note) => line(html, middle, y + 34, "over", format_args!("{note} · {over}")),
        None => line(html, middle, y + 34, "over", over),
    }
}

fn line(html: &mut Html, x: usize, y: usize, class: &'static str, text: impl Display) {
    let attributes: [(&'static str, &dyn Display); 4] =
        [("x", &x), ("y", &y), ("text-anchor", &"middle"), ("class", &class)];
    html.leaf("text", &attributes, text);
}

fn short(hash: Hash) -> String {
    let digits = hash.to_hex();
    format!("{}…", digits.get(..DIGITS).unwrap_or(&digits))
}
