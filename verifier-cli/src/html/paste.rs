//! Deposits of solder paste that the file does not call good: what was measured of each, and what it should be.

use super::inspection::place;
use super::markup::{Html, class, decimal};
use super::words::Words;
use crate::messages::Message;
use crate::pictures::{Call, Deposit, InspectedBoard, Measured, Program};

/// A call with its board and its number on the drawing.
pub(super) type Numbered<'a> = (usize, &'a InspectedBoard, &'a Call);

/// Lists deposits, a row each.
pub(super) fn list(
    html: &mut Html,
    words: Words,
    calls: &[Numbered<'_>],
    program: Option<&Program>,
) {
    html.tag("table", &[], |html| {
        let titles = [
            Message::HtmlNumber,
            Message::HtmlDeposit,
            Message::HtmlBoardColumn,
            Message::HtmlVerdictStated,
            Message::HtmlVolume,
            Message::HtmlArea,
            Message::HtmlHeight,
            Message::HtmlOffset,
            Message::HtmlPlace,
        ];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for (number, board, call) in calls {
                let Some(deposit) = &call.paste else { continue };
                let position =
                    board.position.map_or(board.unit.clone(), |position| position.to_string());
                html.tag("tr", &[], |html| {
                    html.cell("td", &[class("n")], &number.to_string());
                    html.cell("td", &[class("key")], &call.designator);
                    html.cell("td", &[], &position);
                    html.cell("td", &[], &call.defect);
                    figures(html, deposit);
                    html.cell("td", &[class("n")], &place(words, call, program));
                });
            }
        });
    });
    words.say(html, "p", &[class("note")], Message::HtmlDepositsMean);
}

fn figures(html: &mut Html, deposit: &Deposit) {
    for measured in [deposit.volume, deposit.area, deposit.height] {
        html.cell("td", &[class("n")], &shown(measured));
    }
    let [x, y] = deposit.offset.map(|offset| offset.map(figure));
    let offset = x.zip(y).map(|(x, y)| format!("{x}, {y}"));
    html.cell("td", &[class("n")], &offset.unwrap_or_default());
}

/// What was measured, what should be, and how many per cent of it that is.
fn shown(measured: Measured) -> String {
    let Some(value) = measured.value else { return String::new() };
    let Some(expected) = measured.expected else { return figure(value) };
    let part = 100.0 * value / expected;
    let shown = format!("{} / {}", figure(value), figure(expected));
    if part.is_finite() && part.abs() < 1e6 {
        format!("{shown} = {} %", decimal(part.round()))
    } else {
        shown
    }
}

/// A figure in the file's own unit: some are microns, others millimetres.
fn figure(number: f64) -> String {
    if number.abs() >= 1e9 {
        return format!("{number:e}");
    }
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_string() } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_beside_what_it_should_be() {
        let of = |value, expected| shown(Measured { value, expected });
        assert_eq!(of(Some(0.049), Some(0.098)), "0.049 / 0.098 = 50 %");
        assert_eq!(of(Some(121.0), None), "121");
        assert_eq!(of(None, Some(1.0)), "");
        // What cannot be divided, and what is no part of it, is told without.
        assert_eq!(of(Some(1.0), Some(0.0)), "1 / 0");
        assert_eq!(of(Some(1e12), Some(1e-3)), "1e12 / 0.001");
        assert_eq!(of(Some(-0.00001), None), "0");
    }
}
