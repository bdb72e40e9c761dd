//! What an inspection found: the drawing, and the list that its numbers stand for.

use super::markup::{Html, class, decimal};
use super::paste::Numbered;
use super::words::Words;
use super::{panel, paste};
use crate::matter::Meant;
use crate::messages::Message;
use crate::pictures::{Call, Deposits, Inspection, Program, Standing};

/// How many calls of one inspection are listed.
const MAX_LISTED: usize = 60;

/// Draws and lists the calls of one record.
pub(super) fn draw(html: &mut Html, words: Words, found: &Inspection, meant: Option<&Meant>) {
    let program = meant.map(|meant| &meant.program);
    let name = meant.filter(|meant| meant.is_by_name).map(|meant| meant.program.name.as_str());
    let calls: usize = found.boards.iter().map(|board| board.calls.len()).sum();
    summary(html, words, found);
    if calls == 0 {
        words.say(html, "p", &[class("note")], Message::HtmlNoCalls);
        return;
    }
    let sheets = panel::sheets(found, program);
    if sheets.is_empty() {
        let mut calls = found.boards.iter().flat_map(|board| &board.calls);
        let has_places = calls.any(|call| call.place.is_some());
        let why = if program.is_none() && has_places {
            Message::HtmlNoOutline
        } else {
            Message::HtmlNoPlaces
        };
        words.say(html, "p", &[class("note")], why);
    }
    for sheet in &sheets {
        panel::draw(html, words, sheet, name);
    }
    if !sheets.is_empty() {
        legend(html, words);
        let drawn: usize = sheets.iter().map(|sheet| sheet.spots.len()).sum();
        if drawn < calls {
            let (drawn, calls) = (drawn.to_string(), calls.to_string());
            let text = words.with(Message::HtmlSomePlaces, &[&drawn, &calls]);
            html.leaf("p", &[class("note")], &text);
        }
    }
    lists(html, words, found, program);
    let left = found.calls_left_out + calls.saturating_sub(MAX_LISTED);
    if left > 0 {
        let text = words.with(Message::HtmlLeftOut, &[&left.to_string()]);
        html.leaf("p", &[class("note")], &text);
    }
}

/// Each board's result as the file has it, in one line.
fn summary(html: &mut Html, words: Words, found: &Inspection) {
    let board = |board: &crate::pictures::InspectedBoard| {
        let place = board.position.map_or(board.unit.clone(), |position| position.to_string());
        let looked =
            board.looked_at.map(|count| words.with(Message::HtmlLookedAt, &[&count.to_string()]));
        let name = words.with(Message::HtmlBoardResult, &[&place, &board.result]);
        [Some(name), looked].into_iter().flatten().collect::<Vec<String>>().join(", ")
    };
    let boards: Vec<String> = found.boards.iter().take(MAX_LISTED).map(board).collect();
    html.leaf("p", &[], &boards.join("; "));
    let Deposits { measured, bad } = found.deposits;
    if measured > 0 {
        let numbers = [measured.to_string(), bad.to_string()];
        let text = match bad {
            0 => words.with(Message::HtmlDepositsGood, &[&numbers[0]]),
            _ => words.with(Message::HtmlDeposits, &[&numbers[0], &numbers[1]]),
        };
        html.leaf("p", &[], &text);
    }
}

/// What the shapes mean, in words.
fn legend(html: &mut Html, words: Words) {
    use super::svg;
    html.tag("p", &[class("legend")], |html| {
        for (standing, text) in [
            (Standing::Called, Message::HtmlCalled),
            (Standing::Confirmed, Message::HtmlConfirmed),
            (Standing::FalseCall, Message::HtmlFalseCall),
        ] {
            svg::drawing(html, (20.0, 20.0), words.of(text), |html| match standing {
                Standing::Called => svg::diamond(html, "called", (10.0, 10.0), 9.0),
                Standing::Confirmed => svg::rect(html, "confirmed", (3.0, 3.0), (14.0, 14.0)),
                Standing::FalseCall => svg::circle(html, "false-call", (10.0, 10.0), 8.0),
            });
            words.say(html, "span", &[], text);
        }
    });
}

/// Defects and deposits, each with its number on the drawing.
fn lists(html: &mut Html, words: Words, found: &Inspection, program: Option<&Program>) {
    let calls = found.boards.iter();
    let calls = calls.flat_map(|board| board.calls.iter().map(move |call| (board, call)));
    let calls = calls.take(MAX_LISTED).enumerate().map(|(at, (board, call))| (at + 1, board, call));
    let (deposits, defects): (Vec<Numbered<'_>>, Vec<Numbered<'_>>) =
        calls.partition(|(_, _, call)| call.paste.is_some());
    if !defects.is_empty() {
        list(html, words, &defects, program);
    }
    if !deposits.is_empty() {
        paste::list(html, words, &deposits, program);
    }
}

fn list(html: &mut Html, words: Words, calls: &[Numbered<'_>], program: Option<&Program>) {
    html.tag("table", &[], |html| {
        let titles = [
            Message::HtmlNumber,
            Message::HtmlDesignator,
            Message::HtmlBoardColumn,
            Message::HtmlDefect,
            Message::HtmlDecision,
            Message::HtmlConfidence,
            Message::HtmlPlace,
        ];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for (number, board, call) in calls {
                let position =
                    board.position.map_or(board.unit.clone(), |number| number.to_string());
                html.tag("tr", &[], |html| {
                    html.cell("td", &[class("n")], &number.to_string());
                    html.cell("td", &[class("key")], &call.designator);
                    html.cell("td", &[], &position);
                    html.cell("td", &[], &call.defect);
                    html.cell("td", &[], &decision(words, call));
                    let sure = call.confidence.map(|sure| format!("{} %", decimal(sure)));
                    html.cell("td", &[class("n")], &sure.unwrap_or_default());
                    html.cell("td", &[class("n")], &place(words, call, program));
                });
            }
        });
    });
}

/// In words, and beside them the file's own word.
fn decision(words: Words, call: &Call) -> String {
    let said = words.of(match call.standing {
        Standing::Called => Message::HtmlCalled,
        Standing::Confirmed => Message::HtmlConfirmed,
        Standing::FalseCall => Message::HtmlFalseCall,
    });
    if call.verification.is_empty() {
        said.to_string()
    } else {
        format!("{said} ({})", call.verification)
    }
}

/// Where a call is, and whether the program says so.
pub(super) fn place(words: Words, call: &Call, program: Option<&Program>) -> String {
    let shown = |(x, y): (f64, f64)| format!("{}, {}", decimal(x), decimal(y));
    match (&call.place, program.and_then(|program| program.place(&call.designator))) {
        (Some(place), _) => shown(place.middle()),
        (None, Some(place)) => words.with(Message::HtmlPlaceOfProgram, &[&shown(place)]),
        (None, None) => words.of(Message::HtmlPlaceNone).to_string(),
    }
}
