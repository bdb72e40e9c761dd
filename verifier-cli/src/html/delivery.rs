//! A delivery on paper: how many units have each colour, what is found of each, what the sources count.
//!
//! Every unit of the list is on the page: with what is found of it, or among the green ones. Only a list
//! of some ten thousand units with findings is cut, by the page's size, and the page says by how many.

use super::markup::{Attribute, Html, class};
use super::page::{left_out, lines};
use super::words::Words;
use crate::list::Unit;
use crate::messages::Message;
use crate::reconcile::{Colour, Counted, Delivery, Finding, Line, in_short};

/// When the page has this many bytes, no further unit with findings has a line: some 30,000 of them.
const MAX_TABLE_SIZE: usize = 12 * 1024 * 1024;

/// When the page has this many bytes, no further green unit is named.
const MAX_PAGE_SIZE: usize = 16 * 1024 * 1024;

/// How many findings of one unit are said; the rules make some ten at most.
const MAX_FINDINGS: usize = 40;

/// How many records are named behind one finding.
const MAX_PLACES: usize = 12;

/// How many lots and sources have a line.
const MAX_GROUPS: usize = 2000;

/// How many units have each colour, and what is found of how many.
pub(super) fn counts(html: &mut Html, words: Words, delivery: &Delivery) {
    words.say(html, "h2", &[], Message::HtmlCounts);
    let all: usize = delivery.counts.iter().map(|(_, count)| *count).sum();
    html.leaf("p", &[], &words.with(Message::HtmlDeliveryMeans, &[&all.to_string()]));
    html.tag("table", &[class("counts")], |html| {
        html.tag("tbody", &[], |html| {
            html.tag("tr", &[], |html| {
                for (colour, _) in delivery.counts {
                    words.say(html, "th", &[kind(colour)], colour.word());
                }
            });
            html.tag("tr", &[], |html| {
                for (colour, count) in delivery.counts {
                    html.leaf("td", &[kind(colour)], &count.to_string());
                }
            });
        });
    });
    words.say(html, "h3", &[], Message::HtmlFoundAtAll);
    if delivery.kinds.is_empty() {
        words.say(html, "p", &[], Message::HtmlFoundNothing);
        return;
    }
    html.tag("table", &[], |html| {
        words.head(html, &[Message::HtmlColour, Message::HtmlFoundAtAll, Message::HtmlUnits]);
        html.tag("tbody", &[], |html| {
            for (message, colour, count) in &delivery.kinds {
                html.tag("tr", &[], |html| {
                    words.say(html, "td", &[kind(*colour)], colour.word());
                    html.tag("td", &[], |html| {
                        html.text(words.of(in_short(*message)));
                        accepted(html, words, delivery, *message);
                    });
                    html.leaf("td", &[class("n")], &count.to_string());
                });
            }
        });
    });
    lots(html, words, delivery);
}

/// The class that a colour's words have; the words alone say it as well.
const fn kind(colour: Colour) -> (&'static str, Attribute<'static>) {
    class(match colour {
        Colour::Green => "colour green",
        Colour::Amber => "colour amber",
        Colour::Unknown => "colour unknown",
        Colour::Red => "colour red",
    })
}

fn accepted(html: &mut Html, words: Words, delivery: &Delivery, message: Message) {
    if delivery.accepted.contains(&message) {
        words.say(html, "small", &[], Message::HtmlAccepted);
    }
}

fn lots(html: &mut Html, words: Words, delivery: &Delivery) {
    if delivery.lots.is_empty() {
        return;
    }
    html.tag("table", &[], |html| {
        let titles = [Message::HtmlLotColumn, Message::HtmlLotShipped, Message::HtmlLotInspected];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for lot in delivery.lots.iter().take(MAX_GROUPS) {
                html.tag("tr", &[], |html| {
                    html.cell("td", &[class("key")], &lot.name);
                    html.leaf("td", &[], &lot.shipped.to_string());
                    html.leaf("td", &[], &lot.inspected.to_string());
                });
            }
        });
    });
    left_out(html, words, delivery.lots.len().saturating_sub(MAX_GROUPS));
}

/// Every unit: those of which something is found in a table, the others by their serials.
pub(super) fn units(html: &mut Html, words: Words, delivery: &Delivery) {
    words.say(html, "h2", &[], Message::HtmlShippedUnits);
    if !delivery.lines.is_empty() {
        table(html, words, delivery);
    }
    if !delivery.green.is_empty() {
        green(html, words, delivery);
    }
}

fn table(html: &mut Html, words: Words, delivery: &Delivery) {
    let mut shown = 0;
    html.tag("table", &[class("units")], |html| {
        words.head(html, &[Message::HtmlUnit, Message::HtmlColour, Message::HtmlFound]);
        html.tag("tbody", &[], |html| {
            for line in &delivery.lines {
                if html.size() > MAX_TABLE_SIZE {
                    break;
                }
                html.tag("tr", &[], |html| row(html, words, delivery, line));
                shown += 1;
            }
        });
    });
    cut(html, words, delivery.lines.len() - shown);
}

/// Says how many units are not on the page, if any.
fn cut(html: &mut Html, words: Words, count: usize) {
    left_out(html, words, count);
    if count > 0 {
        words.say(html, "p", &[class("note")], Message::HtmlCsvHasAll);
    }
}

fn row(html: &mut Html, words: Words, delivery: &Delivery, line: &Line) {
    html.tag("td", &[class("key")], |html| {
        html.value(&line.unit.called());
        place(html, words, &line.unit);
    });
    words.say(html, "td", &[kind(line.colour)], line.colour.word());
    html.tag("td", &[], |html| {
        for finding in line.findings.iter().take(MAX_FINDINGS) {
            html.tag("div", &[class("found")], |html| found(html, words, delivery, finding));
        }
        more(html, words, Message::HtmlMoreFindings, line.findings.len(), MAX_FINDINGS);
    });
}

/// What the list itself says of a unit.
fn place(html: &mut Html, words: Words, unit: &Unit) {
    let said = [
        (Message::HtmlUnitPanel, &unit.panel),
        (Message::HtmlUnitPosition, &unit.position),
        (Message::HtmlUnitLot, &unit.lot),
    ];
    for (message, value) in said {
        if let Some(value) = value {
            html.cell("small", &[], &words.with(message, &[value]));
        }
    }
}

fn found(html: &mut Html, words: Words, delivery: &Delivery, finding: &Finding) {
    let colour = finding.colour();
    html.leaf("b", &[kind(colour)], words.of(colour.word()));
    html.markup(" ");
    html.text(&finding.words().to_text(words.0));
    for place in finding.places.iter().take(MAX_PLACES) {
        html.leaf("small", &[], &place.said().to_text(words.0));
    }
    more(html, words, Message::HtmlMoreRecords, finding.places.len(), MAX_PLACES);
    accepted(html, words, delivery, finding.message);
}

/// Says how many there are beyond `most`, if any.
fn more(html: &mut Html, words: Words, message: Message, count: usize, most: usize) {
    if count > most {
        html.leaf("small", &[], &words.with(message, &[&(count - most).to_string()]));
    }
}

fn green(html: &mut Html, words: Words, delivery: &Delivery) {
    words.say(html, "h3", &[], Message::HtmlGreenUnits);
    words.say(html, "p", &[], Message::HtmlGreenMeans);
    let mut shown = 0;
    html.tag("ul", &[class("serials")], |html| {
        for serial in &delivery.green {
            if html.size() > MAX_PAGE_SIZE {
                break;
            }
            html.cell("li", &[], serial);
            shown += 1;
        }
    });
    cut(html, words, delivery.green.len() - shown);
}

/// What each source counts, and where it contradicts itself.
pub(super) fn sources(html: &mut Html, words: Words, delivery: &Delivery) {
    words.say(html, "h2", &[], Message::HtmlCounted);
    if delivery.sources.is_empty() {
        words.say(html, "p", &[], Message::HtmlCountedNot);
        return;
    }
    words.say(html, "p", &[], Message::HtmlCountedMean);
    html.tag("table", &[], |html| {
        let titles = [
            Message::HtmlCounterSource,
            Message::HtmlCounterStatements,
            Message::HtmlRecords,
            Message::HtmlCounterClosings,
            Message::HtmlCounterOutages,
        ];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for counted in delivery.sources.iter().take(MAX_GROUPS) {
                html.tag("tr", &[], |html| counters(html, words, counted));
            }
        });
    });
    left_out(html, words, delivery.sources.len().saturating_sub(MAX_GROUPS));
    let wrong: Vec<String> =
        delivery.sources.iter().flat_map(|counted| differing(words, counted)).collect();
    if !wrong.is_empty() {
        lines(html, words, &wrong, "reasons");
    }
}

fn counters(html: &mut Html, words: Words, counted: &Counted) {
    html.cell("td", &[class("key")], counted.source.as_str());
    let ends = [counted.first, counted.last].map(|number| number.to_string());
    html.leaf("td", &[], &words.with(Message::HtmlCounterSpan, &[&ends[0], &ends[1]]));
    for number in [counted.records, counted.closings, counted.outages] {
        html.leaf("td", &[], &number.to_string());
    }
}

/// The closings that count otherwise than the headers do.
fn differing(words: Words, counted: &Counted) -> Vec<String> {
    let say = |(sequence, said, due): &(u64, String, u64)| {
        let numbers = [sequence.to_string(), due.to_string()];
        let values = [counted.source.as_str(), &numbers[0], said, &numbers[1]];
        words.with(Message::ClosingDiffers, &values)
    };
    counted.wrong.iter().map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    fn delivery(red: usize, green: usize) -> Delivery {
        let line = |at: usize| {
            let unit = Unit { serial: format!("SN{at:08}"), ..Unit::default() };
            let messages = [Message::FoundNothing, Message::FoundTwice];
            let findings = messages.map(|message| Finding::new(message, &["2"])).to_vec();
            Line { unit, colour: Colour::Red, findings }
        };
        Delivery {
            counts: [
                (Colour::Green, green),
                (Colour::Amber, 0),
                (Colour::Red, red),
                (Colour::Unknown, 0),
            ],
            lines: (0..red).map(line).collect(),
            green: (0..green).map(|at| format!("GN{at:08}")).collect(),
            kinds: Vec::new(),
            lots: Vec::new(),
            sources: Vec::new(),
            accepted: vec![Message::FoundTwice],
            is_strict: false,
        }
    }

    fn drawn(delivery: &Delivery) -> String {
        let mut html = Html::default();
        units(&mut html, Words(Language::English), delivery);
        html.into_string()
    }

    #[test]
    fn every_unit_of_a_large_delivery_is_on_the_page() {
        let page = drawn(&delivery(5000, 195_000));
        assert_eq!(page.matches("<td class=\"key\">SN").count(), 5000);
        assert_eq!(page.matches("<li>GN").count(), 195_000);
        assert!(!page.contains("left out"));
        assert_eq!(page.matches("agreed to be normal").count(), 5000);
    }

    #[test]
    fn a_page_is_bounded_and_says_how_much_was_cut() {
        let page = drawn(&delivery(60_000, 0));
        let shown = page.matches("<td class=\"key\">SN").count();
        assert!(shown > 20_000 && shown < 60_000, "{shown}");
        assert!(page.len() < MAX_TABLE_SIZE + 100_000, "{}", page.len());
        assert!(page.contains(&format!("{} more are left out of this page.", 60_000 - shown)));
        assert!(page.contains("--csv"));
    }

    #[test]
    fn a_closing_that_counts_otherwise_is_told_beside_its_source() {
        let source = spec::key::KeyName::parse("line.example/aoi").unwrap();
        let wrong = vec![(9, "41".to_owned(), 40)];
        let counted =
            Counted { source, first: 0, last: 9, records: 40, outages: 1, closings: 2, wrong };
        let delivery = Delivery { sources: vec![counted], ..delivery(0, 1) };
        let mut html = Html::default();
        sources(&mut html, Words(Language::English), &delivery);
        let page = html.into_string();
        assert!(page.contains("0 to 9, without a gap"), "{page}");
        assert!(page.contains("the closing in statement 9 counts 41 records of its day"), "{page}");
    }
}
