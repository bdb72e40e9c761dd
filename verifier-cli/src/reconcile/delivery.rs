//! What a report on paper shows of a delivery: its units with what is found of them, its lots, and what
//! the sources count.
//!
//! Nothing is cut here: of every unit of the list there is a line, or its serial among the green ones.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Outcome;
use super::finding::{Colour, Finding, colour};
use super::rules::Counted;
use crate::list::Unit;
use crate::messages::{Message, Said};

/// The colours in the order in which they are counted.
const ORDER: [Colour; 4] = [Colour::Green, Colour::Amber, Colour::Red, Colour::Unknown];

/// A delivery, compared with evidence that holds.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// How many units have each colour.
    pub(crate) counts: [(Colour, usize); 4],
    /// Units of which anything is found, the worst first, else in the order of the list.
    pub(crate) lines: Vec<Line>,
    /// Serials of the others, in the order of the list.
    pub(crate) green: Vec<String>,
    /// What is found, the worst first, and of how many units.
    pub(crate) kinds: Vec<(Message, Colour, usize)>,
    /// Each lot, and how many units of it were shipped and inspected.
    pub(crate) lots: Vec<Lot>,
    /// What each range's own counters say.
    pub(crate) sources: Vec<Counted>,
    /// The findings that the caller takes for normal.
    pub(crate) accepted: Vec<Message>,
    /// Whether no unit may be amber.
    pub(crate) is_strict: bool,
}

/// A unit of which something is found.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) unit: Unit,
    pub(crate) colour: Colour,
    pub(crate) findings: Vec<Finding>,
}

/// A lot of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lot {
    pub(crate) name: String,
    pub(crate) shipped: usize,
    pub(crate) inspected: usize,
}

impl Delivery {
    /// Puts together what was found of all units.
    pub(super) fn new(
        results: Vec<Outcome<'_>>,
        sources: Vec<Counted>,
        accepted: Vec<Message>,
        is_strict: bool,
    ) -> Self {
        let of = |colour| results.iter().filter(|one| one.colour == colour).count();
        let counts = ORDER.map(|colour| (colour, of(colour)));
        let mut kinds: Vec<(Message, Colour, usize)> = kinds(&results)
            .into_iter()
            .map(|(message, count)| (message, colour(message), count))
            .collect();
        kinds.sort_by_key(|(_, colour, _)| Reverse(*colour));
        let lots = lots(&results);
        let (mut lines, mut green) = (Vec::new(), Vec::new());
        for Outcome { unit, colour, findings } in results {
            if colour == Colour::Green && findings.is_empty() {
                green.push(unit.called().into_owned());
            } else {
                lines.push(Line { unit: unit.clone(), colour, findings });
            }
        }
        lines.sort_by_key(|line: &Line| Reverse(line.colour));
        Self { counts, lines, green, kinds, lots, sources, accepted, is_strict }
    }

    /// What of it is not in order.
    pub(crate) fn wrongs(&self) -> Vec<Said> {
        let of = |colour| {
            let count = self.counts.iter().find(|(one, _)| *one == colour);
            count.map_or(0, |(_, count)| *count)
        };
        let amber = if self.is_strict { of(Colour::Amber) } else { 0 };
        let sources = self.sources.iter().filter(|source| !source.wrong.is_empty()).count();
        [
            (Message::WrongRed, of(Colour::Red)),
            (Message::WrongAmber, amber),
            (Message::WrongCounters, sources),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(message, count)| Said::new(message, &[&count.to_string()]))
        .collect()
    }
}

/// How many units each finding has, by the findings' names.
pub(super) fn kinds(results: &[Outcome<'_>]) -> Vec<(Message, usize)> {
    let mut counts: BTreeMap<&str, (Message, usize)> = BTreeMap::new();
    for result in results {
        let messages: BTreeMap<&str, Message> =
            result.findings.iter().map(|one| (one.message.code(), one.message)).collect();
        for (code, message) in messages {
            counts.entry(code).or_insert((message, 0)).1 += 1;
        }
    }
    counts.into_values().collect()
}

/// How many shipped units of each lot were inspected.
pub(super) fn lots(results: &[Outcome<'_>]) -> Vec<Lot> {
    let mut lots: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for result in results {
        let Some(lot) = &result.unit.lot else { continue };
        let is_missing =
            |one: &Finding| matches!(one.message, Message::FoundMissing | Message::FoundNothing);
        let counts = lots.entry(lot).or_default();
        counts.0 += 1;
        counts.1 += usize::from(!result.findings.iter().any(is_missing));
    }
    let lot = |(name, (shipped, inspected)): (&str, (usize, usize))| Lot {
        name: name.to_owned(),
        shipped,
        inspected,
    };
    lots.into_iter().map(lot).collect()
}

#[cfg(test)]
mod tests {
    use spec::key::KeyName;

    use super::*;

    fn unit(serial: &str) -> Unit {
        Unit { serial: serial.to_owned(), lot: Some("L7".to_owned()), ..Unit::default() }
    }

    #[test]
    fn every_unit_has_a_line_or_is_green_and_the_worst_come_first() {
        let units = ["SN1", "SN2", "SN3", "SN4"].map(unit);
        let outcome = |at: usize, colour, messages: &[Message]| {
            let findings = messages.iter().map(|message| Finding::new(*message, &[])).collect();
            Outcome { unit: &units[at], colour, findings }
        };
        let results = vec![
            outcome(0, Colour::Green, &[]),
            outcome(1, Colour::Amber, &[Message::FoundOverride]),
            outcome(2, Colour::Red, &[Message::FoundNothing, Message::FoundOverride]),
            // Accepted by the caller, and still told.
            outcome(3, Colour::Green, &[Message::FoundLate]),
        ];
        let delivery = Delivery::new(results, Vec::new(), vec![Message::FoundLate], false);
        assert_eq!(delivery.counts.map(|(_, count)| count), [2, 1, 1, 0]);
        let serials: Vec<&str> =
            delivery.lines.iter().map(|line| line.unit.serial.as_str()).collect();
        assert_eq!(serials, ["SN3", "SN2", "SN4"]);
        assert_eq!(delivery.green, ["SN1"]);
        let kinds: Vec<(&str, usize)> =
            delivery.kinds.iter().map(|(message, _, count)| (message.code(), *count)).collect();
        assert_eq!(kinds, [("found-nothing", 1), ("found-late", 1), ("found-override", 2)]);
        assert_eq!(delivery.lots, [Lot { name: "L7".to_owned(), shipped: 4, inspected: 3 }]);
    }

    #[test]
    fn of_what_is_not_in_order_only_what_is_so_is_said() {
        use crate::messages::Language::{Chinese, English};
        let units = ["SN1", "SN2"].map(unit);
        let wrongs = |colours: [Colour; 2], sources: Vec<Counted>, is_strict| {
            let outcomes = units.iter().zip(colours);
            let outcomes =
                outcomes.map(|(unit, colour)| Outcome { unit, colour, findings: Vec::new() });
            let delivery = Delivery::new(outcomes.collect(), sources, Vec::new(), is_strict);
            let said = Said::new(Message::Wrong, &[]).with(delivery.wrongs());
            (said.to_text(English), said.to_text(Chinese))
        };
        use Colour::{Amber, Green, Red};
        let (english, chinese) = wrongs([Red, Amber], Vec::new(), false);
        assert!(english.ends_with("is not in order: 1 unit is red"), "{english}");
        assert!(chinese.ends_with("：1 个单元为红色"), "{chinese}");
        let (english, _) = wrongs([Amber, Amber], Vec::new(), true);
        assert!(english.ends_with("order: 2 units are amber, and --strict asks for none"));
        let counted = Counted {
            source: KeyName::parse("aoi").unwrap(),
            first: 0,
            last: 9,
            records: 40,
            outages: 0,
            closings: 1,
            wrong: vec![(9, "41".to_owned(), 40)],
        };
        let (english, _) = wrongs([Red, Green], vec![counted], true);
        assert!(english.ends_with("1 unit is red; 1 source contradicts its own counters"));
    }
}
