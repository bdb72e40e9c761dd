//! Reconciliation: what was shipped beside what was recorded, unit by unit.
//!
//! ```text
//! bundles, folders -> dossier (judged as `bundle verify` does) -> entries
//! shipped.csv      -> list -> case: the entries of one unit -> rules -> findings -> colour
//! ```
//!
//! Rule: `spec/text/reconcile.md`, which has a row for every finding. Nothing here believes a record that
//! the dossier has not verified, and nothing that is not opened counts as good.
//!
//! Out of scope: whether the machines told the truth, attempts that left no report, records under noise
//! instead of tags, sources that nobody listed. Every report says so.

mod case;
mod claimed;
mod csv;
mod delivery;
mod entry;
mod finding;
mod looked;
mod paint;
mod rules;
mod verdict;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use spec::key::KeyName;

use crate::args::{Reconcile, Wanted};
use crate::command::{Judge, Stop};
use crate::dossier::{self, Evidence, Reading};
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::list::{self, List, Unit};
use crate::log::Network;
use crate::messages::{Message, Said};
use crate::report::{Look, Report, Verdict};

use self::case::Book;
pub(crate) use self::case::is_inspection;
pub(crate) use self::claimed::{
    Moment, in_time, instant as claimed_instant, moment as claimed_moment,
};
pub(crate) use self::delivery::{Delivery, Line};
use self::entry::Entry;
pub(crate) use self::finding::{Colour, Finding, in_short};
pub(crate) use self::looked::uninspected;
pub(crate) use self::paint::paint;
use self::rules::Context;
pub(crate) use self::rules::Counted;
use self::verdict::Words;
pub(crate) use self::verdict::{counts_some, says_bad, says_good};

/// How many units are listed for people; machines, and the table that can be written, get all of them.
const MAX_LISTED: usize = 1000;

/// A unit with its colour and what it comes from.
struct Outcome<'u> {
    unit: &'u Unit,
    colour: Colour,
    findings: Vec<Finding>,
}

/// Compares what was shipped with what was recorded; the table goes to `target`.
pub(crate) fn run(
    with: &Reconcile,
    target: Option<&Target>,
    network: &Network,
    wanted: &Wanted,
) -> Result<Report, Stop> {
    if let Some(target) = target {
        target.only_over(csv::is_table)?;
    }
    let others = with.lot_keys.iter().chain([&with.units]).map(PathBuf::as_path);
    input::own_files(&with.policy, with.pins.as_deref(), &with.source_keys, others)?;
    let judge = Judge::open(&with.policy)?;
    let words = Words::new(&with.good, &with.bad)?;
    let accepted = finding::accepted(&with.accept)?;
    let list = list::read(&with.units)?;
    let units = &list.units;
    let reading = Reading {
        paths: &with.bundles,
        judge: &judge,
        pins: with.pins.as_ref(),
        source_keys: &with.source_keys,
        lot_keys: &with.lot_keys,
        units: list.octets(),
        log: with.log.as_deref(),
    };
    let evidence = dossier::read_all(reading, network, wanted.json)?;
    let entries = entries(&evidence);
    let book = Book::new(&entries, units, &words);
    let context = Context::new(&entries);
    let mut results: Vec<Outcome<'_>> = units
        .iter()
        .map(|unit| {
            let mut findings = rules::judge(&book.case(unit), &context);
            // What makes a unit red is what is read first.
            findings.sort_by_key(|finding| Reverse(finding.colour()));
            let colours = findings.iter().filter(|one| !accepted.contains(&one.message));
            let colour = colours.map(Finding::colour).max().unwrap_or(Colour::Green);
            Outcome { unit, colour, findings }
        })
        .collect();
    let header = |source: &KeyName, sequence: u64| {
        evidence.openings.get(&(source.clone(), sequence)).and_then(|it| it.first_record)
    };
    let counted = rules::count(&evidence.spans, &header, &entries);
    if all_unknown(&results) && counted.iter().all(|counted| counted.wrong.is_empty()) {
        let why = Said::new(Message::OwnNoneFound, &[&results.len().to_string()]);
        let why = why.with(list.doubts());
        return Err(Failure::new(why).with_hint(Said::new(Message::HintList, &[])).into());
    }
    let doubt = first_line(&list, &results)?;
    if let Some(Doubt { is_header: true, .. }) = doubt {
        results.remove(0);
    }
    if let Some(target) = target {
        target.write(csv::table(&results, &counted, wanted.language).as_bytes())?;
    }
    let most = if wanted.json { usize::MAX } else { MAX_LISTED };
    let mut report = report(with, most, &results, &counted);
    if let Some(doubt) = &doubt {
        doubt.say(&mut report);
    }
    if !evidence.lateness.say(&mut report) {
        report.not_checked(Message::OpenClaims, &[]);
    }
    evidence.ignored.iter().for_each(|name| report.fact(Message::LabelIgnored, name));
    say_open(&mut report, &evidence, &entries, &context);
    if with.report.is_some() {
        return Ok(report.with_delivery(Delivery::new(results, counted, accepted, with.strict)));
    }
    Ok(report)
}

/// Whether nothing is recorded of this unit.
fn is_unknown(one: &Outcome<'_>) -> bool {
    one.findings.iter().any(|one| one.message == Message::FoundNothing)
}

/// Whether nothing is recorded of any unit. A list of another delivery, or one that spells units as no machine
/// does, looks the same as a shipment that was never recorded: nobody is accused by it, and nothing is proven.
fn all_unknown(results: &[Outcome<'_>]) -> bool {
    results.iter().all(is_unknown)
}

/// A first line of which nothing is recorded while others are found: it names no known column, and may be a header.
#[derive(Debug, PartialEq, Eq)]
struct Doubt<'u> {
    line: &'u str,
    /// Whether it alone is missing and looks like one: then it is no unit.
    is_header: bool,
}

impl Doubt<'_> {
    fn say(&self, report: &mut Report) {
        let open = if self.is_header { Message::OwnFirstLine } else { Message::OpenFirstLine };
        report.not_checked_first(Said::new(open, &[self.line]));
        if self.is_header {
            report.look(Said::new(Message::LookHeader, &[self.line]));
        }
    }
}

/// What is to be doubted of the first line. Fails if it has no digit, as no serial is, and others are missing too.
fn first_line<'u>(list: &'u List, results: &[Outcome<'_>]) -> Result<Option<Doubt<'u>>, Failure> {
    let is_first = results.first().is_some_and(is_unknown) && !all_unknown(results);
    let Some(first) = list.first_line().filter(|_| is_first) else { return Ok(None) };
    let line = first.serial.as_str();
    let is_alone = results.iter().filter(|one| is_unknown(one)).count() == 1;
    if is_alone && list.header_like().is_some() {
        return Ok(Some(Doubt { line, is_header: true }));
    }
    list::doubt_header(first)?;
    Ok(Some(Doubt { line, is_header: false }).filter(|_| !is_alone))
}

/// Every opened record once, in the order of the chains.
fn entries(evidence: &Evidence) -> Vec<Entry> {
    let mut entries: BTreeMap<(&KeyName, u64, u64), Entry> = BTreeMap::new();
    for opening in evidence.openings.values() {
        for record in opening.records.iter().flatten().filter(|record| record.index() > 0) {
            let (source, sequence) = (&opening.source, opening.sequence);
            entries
                .entry((source, sequence, record.index()))
                .and_modify(|entry| entry.add(record))
                .or_insert_with(|| Entry::new(source, sequence, opening.closed, record));
        }
    }
    entries.into_values().collect()
}

/// The verdict over all units: one red is red, and what cannot be told is no green.
fn verdict(results: &[Outcome<'_>], counted: &[Counted], is_strict: bool) -> Verdict {
    let worst = results.iter().map(|result| result.colour).max().unwrap_or(Colour::Green);
    let is_wrong = counted.iter().any(|counted| !counted.wrong.is_empty());
    let amber = results.iter().any(|result| result.colour == Colour::Amber);
    match worst {
        Colour::Red => Verdict::Rejected,
        _ if is_wrong || (is_strict && amber) => Verdict::Rejected,
        Colour::Unknown => Verdict::Undecided,
        Colour::Amber | Colour::Green => Verdict::Verified,
    }
}

fn report(with: &Reconcile, most: usize, results: &[Outcome<'_>], counted: &[Counted]) -> Report {
    let verdict = verdict(results, counted, with.strict);
    let mut report = Report::new(verdict);
    let of = |colour| results.iter().filter(|one| one.colour == colour).count().to_string();
    let numbers = [of(Colour::Green), of(Colour::Amber), of(Colour::Red), of(Colour::Unknown)];
    let [green, amber, red, unknown] = numbers.each_ref().map(String::as_str);
    let all = results.len().to_string();
    report.reason(Said::new(Message::UnitsCounted, &[&all, green, amber, red, unknown]));
    if verdict == Verdict::Rejected {
        // The word for forged evidence would accuse whoever has shown sound evidence of a bad unit.
        report = report.in_word(Message::NotInOrder);
        report.reason(Said::new(Message::EvidenceHolds, &[]));
    }
    // Their lines scroll away behind what was not checked: who reads the end alone is to know which they are.
    let reds = results.iter().filter(|one| one.colour == Colour::Red);
    let reds: Vec<String> = reds.map(|one| one.unit.called().into_owned()).collect();
    if !reds.is_empty() {
        report.look(Look::of_units(Message::LookRed, &[&all], reds));
    }
    if verdict == Verdict::Verified && amber != "0" {
        report.reason(Said::new(Message::NoUnitRed, &[]));
    }
    for counted in counted {
        say_counted(&mut report, counted);
    }
    let mut listed: Vec<&Outcome<'_>> =
        results.iter().filter(|one| with.all || one.colour != Colour::Green).collect();
    listed.sort_by_key(|one| Reverse(one.colour));
    for one in listed.iter().take(most) {
        let details = one.findings.iter().map(Finding::said).collect();
        report.reason(Said::new(one.colour.line(), &[&one.unit.called()]).with(details));
    }
    if listed.len() > most {
        let more = (listed.len() - most).to_string();
        report.reason(Said::new(Message::UnitsMore, &[&more]));
    }
    for (message, count) in delivery::kinds(results) {
        report.counted_fact(Message::LabelFinding, message, in_short(message), count);
    }
    for lot in delivery::lots(results) {
        report.fact(Message::LabelLot, format!("{}: {}/{}", lot.name, lot.inspected, lot.shipped));
    }
    report
}

fn say_counted(report: &mut Report, counted: &Counted) {
    let source = counted.source.as_str();
    let numbers = [counted.first, counted.last, counted.records, counted.closings, counted.outages];
    let numbers = numbers.map(|number| number.to_string());
    let [first, last, records, closings, outages] = numbers.each_ref().map(String::as_str);
    let values = [source, first, last, records, closings, outages];
    let more = [
        (Message::SourceClosings, counted.closings > 0, closings),
        (Message::SourceOutages, true, outages),
    ];
    let more = more.into_iter().filter(|(_, is_said, _)| *is_said);
    let more = more.map(|(message, _, count)| Said::new(message, &[count])).collect();
    report.reason(Said::new(Message::SourceCounted, &values).with(more));
    for (sequence, said, due) in &counted.wrong {
        let numbers = [sequence.to_string(), due.to_string()];
        let values = [source, &numbers[0], said, &numbers[1]];
        report.reason(Said::new(Message::ClosingDiffers, &values));
    }
}

/// What this comparison cannot see, in general and of this evidence.
fn say_open(report: &mut Report, evidence: &Evidence, entries: &[Entry], context: &Context<'_>) {
    let sources: BTreeSet<&str> = entries.iter().map(|entry| entry.source.as_str()).collect();
    let spans = |source: &str| {
        let source = source.to_owned();
        evidence.spans.iter().filter(move |span| span.source.as_str() == source)
    };
    for source in sources {
        if spans(source).next().is_none() {
            report.not_checked(Message::OpenNoRange, &[source]);
        } else if !spans(source).all(|span| span.is_read) {
            report.not_checked(Message::OpenNoReader, &[source]);
        }
    }
    // Two ranges of one source, and many bundles under one policy, leave the same open.
    let mut told: Vec<&Said> = Vec::new();
    for open in evidence.spans.iter().flat_map(|span| &span.open).chain(&evidence.open) {
        if !told.contains(&open) {
            report.said_not_checked(open.clone());
            told.push(open);
        }
    }
    if !context.has_oven_data {
        report.not_checked(Message::OpenOvens, &[]);
    }
    if context.program_sources.is_empty() {
        report.not_checked(Message::OpenPrograms, &[]);
    }
    if context.unrevised > 0 {
        report.not_checked(Message::OpenRevisions, &[&context.unrevised.to_string()]);
    }
    let general = [
        Message::OpenSuppressed,
        Message::OpenNoiseTags,
        Message::OpenSecondSource,
        Message::OpenTruth,
    ];
    general.into_iter().for_each(|message| report.not_checked(message, &[]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(unit: &Unit, colour: Colour) -> Outcome<'_> {
        Outcome { unit, colour, findings: Vec::new() }
    }

    #[test]
    fn one_red_is_red_and_what_cannot_be_told_is_no_green() {
        let unit = Unit::default();
        let of = |colours: &[Colour], strict| {
            let results: Vec<_> = colours.iter().map(|colour| result(&unit, *colour)).collect();
            verdict(&results, &[], strict)
        };
        use Colour::{Amber, Green, Red, Unknown};
        assert_eq!(of(&[Green, Green], true), Verdict::Verified);
        assert_eq!(of(&[Green, Amber], false), Verdict::Verified);
        assert_eq!(of(&[Green, Amber], true), Verdict::Rejected);
        assert_eq!(of(&[Amber, Unknown], false), Verdict::Undecided);
        assert_eq!(of(&[Amber, Unknown], true), Verdict::Rejected);
        assert_eq!(of(&[Red, Unknown, Green], false), Verdict::Rejected);
    }

    #[test]
    fn a_first_line_of_which_nothing_is_known_may_be_a_header() {
        let of = |lines: &[&str], found: &[usize]| {
            let unit = |serial: &&str| Unit { serial: (*serial).to_owned(), ..Unit::default() };
            let units: Vec<Unit> = lines.iter().map(unit).collect();
            let list = List { units, has_header: false, unread: Vec::new() };
            let results: Vec<Outcome<'_>> = (list.units.iter().enumerate())
                .map(|(at, unit)| match found.contains(&at) {
                    true => result(unit, Colour::Green),
                    false => {
                        let findings = vec![Finding::new(Message::FoundNothing, &[])];
                        Outcome { unit, colour: Colour::Red, findings }
                    }
                })
                .collect();
            let told = first_line(&list, &results);
            let told = told.map(|doubt| doubt.map(|doubt| doubt.is_header));
            told.map_err(|failure| failure.said().0.message())
        };
        // One that alone is missing and is written as no serial is no unit.
        for header in ["Baugruppe", "\u{7f16}\u{7801}", "Board 1"] {
            assert_eq!(of(&[header, "SN1"], &[1]), Ok(Some(true)));
        }
        // A serial without a record is red.
        assert_eq!(of(&["SN0", "SN1"], &[1]), Ok(None));
        assert_eq!(of(&["SNX", "SN1"], &[0]), Ok(None));
        // Where others are missing as well, it may be a unit like these.
        assert_eq!(of(&["Board 1", "SN1", "SN2"], &[1]), Ok(Some(false)));
        assert_eq!(of(&["Baugruppe", "SN1", "SN2"], &[1]), Err(Message::ListHeader));
        // Where nothing is found at all, the header is not the reason.
        assert_eq!(of(&["Baugruppe", "SN1"], &[]), Ok(None));
    }

    #[test]
    fn a_list_of_which_nothing_is_recorded_accuses_nobody() {
        let unit = Unit::default();
        let unknown = || {
            let findings = vec![Finding::new(Message::FoundNothing, &[])];
            Outcome { unit: &unit, colour: Colour::Red, findings }
        };
        assert!(all_unknown(&[unknown(), unknown()]));
        assert!(!all_unknown(&[unknown(), result(&unit, Colour::Green)]));
        // What is recorded and was not inspected is a finding.
        let mut missing = unknown();
        missing.findings = vec![Finding::new(Message::FoundMissing, &["repair"])];
        assert!(!all_unknown(&[missing, unknown()]));
    }

    #[test]
    fn closings_are_told_only_where_some_were_compared() {
        let told = |closings| {
            let counted = Counted {
                source: KeyName::parse("aoi").unwrap(),
                first: 0,
                last: 9,
                records: 40,
                outages: 0,
                closings,
                wrong: Vec::new(),
            };
            let mut report = Report::new(Verdict::Verified);
            say_counted(&mut report, &counted);
            report.reasons()[0].to_text(crate::messages::Language::English)
        };
        assert!(told(0).ends_with("40 records without a gap: 0 outages stated"), "{}", told(0));
        assert!(told(1).contains("without a gap: 1 closing compared; 0 outages"), "{}", told(1));
    }

    #[test]
    fn a_closing_that_counts_otherwise_is_red_whatever_the_units_are() {
        let counted = Counted {
            source: KeyName::parse("aoi").unwrap(),
            first: 0,
            last: 9,
            records: 40,
            outages: 0,
            closings: 1,
            wrong: vec![(9, "41".to_owned(), 40)],
        };
        assert_eq!(verdict(&[], &[counted], false), Verdict::Rejected);
    }
}
