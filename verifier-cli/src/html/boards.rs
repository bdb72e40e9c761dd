//! Boards: the list of all, and of the first ones the chain of attempts, the time line, the pictures.

use std::collections::BTreeMap;

use spec::evidence::kind::Kind;

use super::markup::{Html, class};
use super::oven::{Place, Tables};
use super::words::{Words, spaced, utc};
use super::{inspection, oven, timeline};
use crate::list::some;
use crate::matter::{
    Board, Evidence, Field, MAX_IN_FULL, MAX_STEPS, Matter, Outcome, Picture, Step, Verdicts,
};
use crate::messages::Message;
use crate::pictures::Unread;

/// How many digits of a hash stand for it in a table; the whole one is in the bundle.
const SHORT: usize = 12;

/// The most letters of a name in a heading; below it stands the whole one.
const MAX_TITLE: usize = 60;

/// When the page has this many bytes, no more pictures are drawn.
const ENOUGH: usize = 6 * 1024 * 1024;

/// Lists every board, and shows the first ones in full.
pub(super) fn draw(html: &mut Html, words: Words, matter: &Matter) {
    words.say(html, "h2", &[], Message::HtmlBoards);
    if matter.boards.is_empty() {
        words.say(html, "p", &[], Message::HtmlNoBoards);
        return;
    }
    let count = matter.board_count.to_string();
    html.leaf("p", &[], &words.with(Message::HtmlBoardCount, &[&count]));
    list(html, words, matter);
    let full = matter.boards.len().min(MAX_IN_FULL);
    if matter.board_count > full {
        let (full, left) = (full.to_string(), (matter.board_count - full).to_string());
        let text = words.with(Message::HtmlInFull, &[&full, &left]);
        html.leaf("p", &[class("note")], &text);
    }
    let mut tables = Tables::default();
    for (at, board) in matter.boards.iter().take(MAX_IN_FULL).enumerate() {
        html.tag("section", &[class("board-section")], |html| {
            in_full(html, words, at + 1, (board, matter), &mut tables)
        });
    }
}

fn list(html: &mut Html, words: Words, matter: &Matter) {
    html.tag("table", &[class("boards")], |html| {
        let titles = [
            Message::HtmlNumber,
            Message::HtmlBoardColumn,
            Message::HtmlRecords,
            Message::HtmlMachineVerdict,
            Message::HtmlPasteVerdict,
            Message::HtmlPersonVerdict,
            Message::HtmlOvenVerdict,
            Message::HtmlNotBefore,
            Message::HtmlNotAfter,
        ];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for (at, board) in matter.boards.iter().enumerate() {
                html.tag("tr", &[], |html| {
                    html.cell("td", &[class("n")], &(at + 1).to_string());
                    html.cell("td", &[class("key")], &title(words, board));
                    html.cell("td", &[class("n")], &board.step_count.to_string());
                    verdicts(html, words, board);
                    bound(html, words, board.bounds.not_before);
                    bound(html, words, board.bounds.not_after);
                });
            }
        });
    });
    if matter.board_count > matter.boards.len() {
        let left = (matter.board_count - matter.boards.len()).to_string();
        html.leaf("p", &[class("note")], &words.with(Message::HtmlLeftOut, &[&left]));
    }
}

/// Each in a cell of its own, so that no later record stands for an earlier one of another kind.
fn verdicts(html: &mut Html, words: Words, Board { verdicts, lacking, .. }: &Board) {
    let Verdicts { machine, paste, person, oven, .. } = verdicts;
    let Verdicts { is_inspected, is_failed, is_paste_failed, is_overridden, .. } = *verdicts;
    let failed = |is_so: bool| is_so.then_some(Message::HtmlMachineFailed);
    let cell = |html: &mut Html, verdict: Option<&str>, kind: Option<Kind>, mark| {
        let kind_of_cell = if kind.is_some() { "said person" } else { "said" };
        html.tag("td", &[class(kind_of_cell)], |html| {
            html.value(&verdict.unwrap_or_default().replace('\n', ", "));
            if let Some(kind) = kind {
                html.leaf("small", &[], words.kind(kind));
            }
            if let Some(mark) = mark {
                html.tag("small", &[], |html| html.leaf("b", &[], words.of(mark)));
            }
        });
    };
    html.tag("td", &[class("said")], |html| {
        // What no machine inspected has no word of one, and an empty cell could be taken for any.
        if is_inspected {
            html.value(&machine.as_deref().unwrap_or_default().replace('\n', ", "));
        } else {
            words.say(html, "b", &[], Message::HtmlNoneShown);
        }
        if is_inspected && !lacking.is_empty() {
            let lacking: Vec<&String> = lacking.iter().collect();
            let none = words.with(Message::HtmlNoneShownFor, &[&some(&lacking)]);
            html.tag("small", &[], |html| html.leaf("b", &[], &none));
        }
        if let Some(mark) = failed(is_failed) {
            html.tag("small", &[], |html| html.leaf("b", &[], words.of(mark)));
        }
    });
    cell(html, paste.as_deref(), None, failed(is_paste_failed));
    let (kind, word) = person.as_ref().map(|(kind, word)| (*kind, word.as_str())).unzip();
    cell(html, word, kind, is_overridden.then_some(Message::HtmlOverridden));
    cell(html, oven.as_deref(), None, None);
}

fn bound(html: &mut Html, words: Words, time: Option<u64>) {
    let shown = time.map_or_else(|| words.of(Message::HtmlUnknown).to_string(), utc);
    html.cell("td", &[class("time")], &shown);
}

/// What a board is called: by the reader's own serials and their panel; else by its panel or first unit, and how
/// many more names it has.
fn title(words: Words, board: &Board) -> String {
    let short = |name: &str| name.chars().take(MAX_TITLE).collect::<String>();
    if let Some(panel) = &board.panel {
        match board.own.as_slice() {
            [] => {}
            [one] if one == panel => return short(one),
            [one] => return words.with(Message::HtmlTitleUnit, &[&short(one), &short(panel)]),
            several => {
                let several: Vec<String> = several.iter().map(|one| short(one)).collect();
                let values = [short(panel), some(&several)];
                return words.with(Message::HtmlTitlePanel, &values.each_ref().map(String::as_str));
            }
        }
    }
    match board.names.as_slice() {
        [] => words.of(Message::HtmlUnnamed).to_string(),
        [one] => short(one),
        [first, more @ ..] => format!("{} (+{})", short(first), more.len()),
    }
}

fn in_full<'m>(
    html: &mut Html,
    words: Words,
    number: usize,
    (board, matter): (&'m Board, &Matter),
    tables: &mut Tables<'m>,
) {
    let mut title = title(words, board);
    if let Some(outcome) = board.verdicts.outcome() {
        let became = match outcome {
            Outcome::Failed => Message::HtmlTitleFailed,
            Outcome::Inspected => Message::HtmlTitleInspected,
            Outcome::Repaired => Message::HtmlTitleRepaired,
            Outcome::Reviewed => Message::HtmlTitleReviewed,
        };
        title = words.with(became, &[&title]);
    }
    if !board.lacking.is_empty() {
        title = words.with(Message::HtmlTitleLacking, &[&title]);
    }
    let title = words.with(Message::HtmlBoardTitle, &[&number.to_string(), &title]);
    html.leaf("h3", &[], &title);
    if board.names.len() > 1 || board.names.iter().any(|name| name.chars().count() > MAX_TITLE) {
        html.leaf(
            "p",
            &[class("note")],
            &words.with(Message::HtmlAlsoCalled, &[&board.names.join(", ")]),
        );
    }
    chain(html, words, board);
    timeline::draw(html, words, &board.steps);
    for (at, step) in board.steps.iter().enumerate() {
        if html.size() > ENOUGH {
            return words.say(html, "p", &[class("note")], Message::HtmlLongEnough);
        }
        picture(html, words, (number, at + 1), (step, matter), tables);
    }
}

/// One row a record, in the order of sight.
fn chain(html: &mut Html, words: Words, board: &Board) {
    html.tag("table", &[class("chain")], |html| {
        let titles = [
            Message::HtmlNumber,
            Message::HtmlWhat,
            Message::HtmlVerdictStated,
            Message::HtmlClaimed,
            Message::HtmlSeen,
            Message::HtmlNotBefore,
            Message::HtmlNotAfter,
        ];
        words.head(html, &titles);
        let known: BTreeMap<&str, usize> = (board.steps.iter().enumerate())
            .filter_map(|(at, step)| Some((step.text("file/sha256")?, at + 1)))
            .collect();
        html.tag("tbody", &[], |html| {
            for (at, step) in board.steps.iter().enumerate() {
                html.tag("tr", &[], |html| row(html, words, at + 1, step, &known));
            }
        });
    });
    if board.step_count > board.steps.len() {
        let left = (board.step_count - MAX_STEPS).to_string();
        html.leaf("p", &[class("note")], &words.with(Message::HtmlLeftOut, &[&left]));
    }
}

fn row(html: &mut Html, words: Words, number: usize, step: &Step, known: &BTreeMap<&str, usize>) {
    html.cell("td", &[class("n")], &number.to_string());
    html.tag("td", &[class("what")], |html| {
        html.leaf("b", &[], words.kind(step.kind));
        let place = [step.sequence, step.record].map(|number| number.to_string());
        let place = words.with(Message::HtmlStatementRecord, &[&step.source, &place[0], &place[1]]);
        html.leaf("small", &[], &place);
        for link in links(words, step, known) {
            html.leaf("small", &[class("link")], &link);
        }
    });
    html.cell("td", &[class("said")], &shown(words, step.field("verdict")).replace('\n', ", "));
    let start = step.field("claimed/start");
    let claimed = if start == Field::Absent { step.field("claimed/end") } else { start };
    html.tag("td", &[class("time")], |html| {
        html.value(&spaced(&shown(words, claimed)));
        if let Some(zone) =
            step.text("claimed/zone").filter(|_| step.text("claimed/start").is_some())
        {
            let said = match zone {
                "unknown" => words.of(Message::HtmlZoneUnknown).to_string(),
                zone => words.with(Message::HtmlZoneOfTime, &[zone]),
            };
            html.leaf("small", &[], &said);
        }
    });
    html.cell("td", &[class("time")], &spaced(&shown(words, step.field("seen"))));
    bound(html, words, step.bounds.not_before);
    bound(html, words, step.bounds.not_after);
}

/// A field in words, where it has no text.
pub(super) fn shown(words: Words, field: Field<'_>) -> String {
    match field {
        Field::Absent => words.of(Message::HtmlAbsent).to_string(),
        Field::Hidden => words.of(Message::HtmlHidden).to_string(),
        Field::Text(text) => text.to_string(),
    }
}

/// How a record hangs together with others, as its source says.
fn links(words: Words, step: &Step, known: &BTreeMap<&str, usize>) -> Vec<String> {
    let mut links = Vec::new();
    if let Some(attempt) = step.text("attempt") {
        links.push(words.with(Message::HtmlAttempt, &[attempt]));
    }
    if let Some(version) = step.text("file/version") {
        links.push(words.with(Message::HtmlVersion, &[version]));
    }
    for (field, is_step, is_elsewhere) in [
        ("supersedes", Message::HtmlReplaces, Message::HtmlReplacesElsewhere),
        ("about/sha256", Message::HtmlAbout, Message::HtmlAboutElsewhere),
        ("follows/sha256", Message::HtmlFollows, Message::HtmlFollowsElsewhere),
    ] {
        let Some(hash) = step.text(field) else { continue };
        links.push(match known.get(hash) {
            Some(number) => words.with(is_step, &[&number.to_string()]),
            None => words.with(is_elsewhere, &[&short(hash)]),
        });
    }
    if let Some(before) = step.text("verdict/before") {
        links.push(words.with(Message::HtmlVerdictBefore, &[&before.replace('\n', ", ")]));
    }
    if let Some(late) = step.text("late") {
        links.push(words.with(Message::HtmlLate, &[late]));
    }
    let evidence = match step.evidence {
        Evidence::Enclosed => Message::HtmlEvidenceEnclosed,
        Evidence::Missing => Message::HtmlEvidenceMissing,
        Evidence::None => return links,
    };
    let hash = short(step.text("file/sha256").unwrap_or_default());
    links.push(words.with(evidence, &[&hash]));
    links
}

/// The first digits of a hash.
pub(super) fn short(hash: &str) -> String {
    hash.chars().take(SHORT).collect()
}

/// Says why nothing is drawn of a file that is there.
pub(super) fn unread(html: &mut Html, words: Words, why: Unread) {
    let why = match why {
        Unread::Form => Message::HtmlUnread,
        Unread::TooLarge => Message::HtmlTooLarge,
    };
    words.say(html, "p", &[class("note")], why);
}

/// Which profile was in force: the order is that of logging, and the times are the files' own.
fn in_force(words: Words, (number, step): (usize, &Step), (at, profile): (usize, &Step)) -> String {
    let said = |step: &Step, field| spaced(&shown(words, step.field(field)));
    let values = [
        number.to_string(),
        at.to_string(),
        said(step, "claimed/start"),
        said(profile, "valid/from"),
    ];
    words.with(Message::HtmlProfileInForce, &values.each_ref().map(String::as_str))
}

fn picture<'m>(
    html: &mut Html,
    words: Words,
    here: Place,
    (step, matter): (&'m Step, &Matter),
    tables: &mut Tables<'m>,
) {
    let (_, number) = here;
    let heading = |html: &mut Html| {
        let title =
            words.with(Message::HtmlPictureOf, &[&number.to_string(), words.kind(step.kind)]);
        html.leaf("h4", &[], &title);
    };
    if let Some(hash) = step.text("certificate/sha256") {
        let mut profiles = matter.profiles.iter().zip(1..);
        let text = match profiles.find(|(one, _)| one.text("file/sha256") == Some(hash)) {
            Some((profile, at)) => in_force(words, (number, step), (at, profile)),
            None => words.with(Message::HtmlProfileElsewhere, &[&number.to_string(), &short(hash)]),
        };
        html.leaf("p", &[class("note")], &text);
    }
    match &step.picture {
        Some(Picture::Inspection(found, meant)) => {
            heading(html);
            inspection::draw(html, words, found, meant.as_ref());
        }
        Some(Picture::Unread(why)) => {
            heading(html);
            unread(html, words, *why);
        }
        Some(Picture::Profile(profile, _)) => {
            heading(html);
            oven::draw(html, words, profile, here, tables);
        }
        None => {}
    }
}
