//! The verdict over everything that was handed over.

use std::borrow::Cow;
use std::mem;
use std::path::Path;

use spec::bundle::{Claim, Contents};
use spec::evidence::pins::Pins;
use spec::evidence::range::{Followed, Reader};
use spec::time::format_utc;

use super::copies::Copies;
use super::evidence::{self, Found};
use super::looked;
use super::open::{self, Opened};
use super::own::{self, Own};
use super::ranges::{self, Sound};
use super::scan::{self, Scanned};
use super::shown;
use super::stamps::{self, Stamped};
use super::statements::{self, After, Checked, Keys, Receipt};
use crate::args::Dossier;
use crate::command::{Judge, Stop, describe};
use crate::failed::Failed;
use crate::failure::Failure;
use crate::input;
use crate::lateness::Lateness;
use crate::list::Unit;
use crate::log::Network;
use crate::matter::is_about_boards;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};
use crate::timestamp::Authorities;

/// What the command was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Whatever the dossier claims.
    Anything,
    /// At least one range.
    Range,
}

/// What is shown beside the verdict.
#[derive(Clone, Copy)]
pub(crate) struct Show {
    /// No progress.
    pub(crate) quiet: bool,
    /// The matter of the dispute too, for a report.
    pub(crate) matter: bool,
}

/// Everything that holds, before it is put into words.
pub(super) struct Held<'a> {
    pub(super) checked: Vec<Checked>,
    pub(super) sound: Vec<Sound<'a>>,
    pub(super) stamped: Vec<Stamped>,
}

/// Judges a folder or a bundle.
pub(crate) fn verify(
    path: &Path,
    wanted: &Dossier,
    expected: Expected,
    network: &Network,
    show: Show,
) -> Result<Report, Stop> {
    let judge = open::judge(wanted)?;
    let pins = wanted.pins.as_deref().map(open::pins).transpose()?;
    let keys = Keys::new(pins.as_ref(), input::source_keys(&wanted.source_keys)?);
    let authorities = wanted.tsa_ca.as_deref().map(Authorities::read).transpose()?;
    let (own, opened) = read_both(path, wanted)?;
    let shown = path.display().to_string();
    let parted = opened.parted(&shown)?;
    let contents = parted.contents();

    let reader = own.as_ref().and_then(Own::reader);
    // The lists are compared beside the statements; what is wrong of either is told in this order.
    let (listed, checked) = rayon::join(
        || parted.check_lists(&shown),
        || check_statements(contents, &judge, &keys, pins.as_ref()),
    );
    listed?;
    let checked = checked?;
    // The evidence is looked at beside the ranges; what is wrong of either is told in this order.
    let (sound, (found, (looks, lateness))) = rayon::join(
        || ranges::follow(contents, &checked, pins.as_ref(), reader),
        || {
            let told = || rayon::join(|| Looks::of(own.as_ref(), &checked), || lateness(&checked));
            rayon::join(|| evidence::check(contents, &checked), told)
        },
    );
    let (sound, found) = wrong_first(sound, found)?;
    let held = Held { stamped: stamps::check(contents, &checked)?, checked, sound };
    if expected == Expected::Range && held.sound.is_empty() {
        return Err(Said::new(Message::NoRange, &[]).into());
    }
    let found = found?;
    if reader.is_some() && held.sound.is_empty() {
        return Err(own::needs_a_range().into());
    }
    let scanned = match &wanted.log {
        Some(_) if held.sound.is_empty() => return Err(scan::needs_a_range().into()),
        Some(log) => Some(scan::scan(log, network, &judge, &keys, &held.checked, show.quiet)?),
        None => None,
    };

    let mut report = verified(&held.checked);
    let lacking = say_ranges(&mut report, &held, scanned.as_ref(), looks)?;
    say_records(&mut report, &held.checked);
    if !lateness.say(&mut report) {
        report.not_checked(Message::OpenClaims, &[]);
    }
    say_evidence(&mut report, &found);
    say_checkpoint(&mut report, &judge, &held.checked);
    stamps::say(&mut report, &held.stamped, authorities.as_ref());
    say_copies(&mut report, contents, &judge, pins.as_ref());
    opened.ignored().iter().for_each(|name| report.fact(Message::LabelIgnored, name));
    report.not_checked(Message::OpenTruth, &[]);
    let matter = show.matter.then(|| shown::matter(contents, &held.checked, own.as_ref(), lacking));
    if let Some(matter) = matter {
        report = report.with_matter(matter);
    }
    // The process ends with its report. To free what thousands of records were opened into, piece by piece, is
    // a twentieth of the judgement and helps nobody. The caller's keys are not among it: they are wiped.
    own.into_iter().for_each(Own::end);
    mem::forget((held, parted));
    mem::forget(opened);
    Ok(report)
}

/// Parses thousands of units while a large bundle is read; what is wrong of either is told in this order.
fn read_both(path: &Path, wanted: &Dossier) -> Result<(Option<Own>, Opened), Failure> {
    let mut ahead = Ok(None);
    let own = rayon::in_place_scope(|scope| {
        scope.spawn(|_| ahead = Opened::read_ahead(path));
        Own::read(&wanted.lot_keys, wanted.units.as_deref())
    })?;
    Ok((own, Opened::read_with(path, ahead)?))
}

/// A report to which nothing was added yet. Over boards it says at once that it does not call them good.
fn verified(checked: &[Checked]) -> Report {
    let mut report = Report::new(Verdict::Verified);
    if shown::placed(checked).any(|(.., record)| is_about_boards(record.kind())) {
        report.set_headline(Said::new(Message::MeansBoards, &[]));
    }
    report
}

/// Checks everything that needs neither a network nor the evidence.
pub(super) fn hold<'a>(
    contents: &Contents<'_>,
    judge: &Judge,
    keys: &Keys,
    pins: Option<&'a Pins>,
    own: Option<&Reader>,
) -> Result<Held<'a>, Stop> {
    let checked = check_statements(contents, judge, keys, pins)?;
    let sound = ranges::follow(contents, &checked, pins, own)?;
    let stamped = stamps::check(contents, &checked)?;
    Ok(Held { checked, sound, stamped })
}

/// Checks each statement with its papers, which must be of the log that the pins are for.
fn check_statements(
    contents: &Contents<'_>,
    judge: &Judge,
    keys: &Keys,
    pins: Option<&Pins>,
) -> Result<Vec<Checked>, Stop> {
    if let Some(pins) = pins.filter(|pins| pins.origin() != contents.origin()) {
        let both = [contents.origin().as_str(), pins.origin().as_str()];
        return Err(Stop::rejected(Said::new(Message::PinsOfAnotherLog, &both)));
    }
    let checked = statements::check(contents, judge, keys)?;
    // In a range it is checked with the rest.
    let is_other = |one: &&Checked| {
        let pin = pins.and_then(|pins| pins.of(one.statement.source()));
        one.place.claim == Claim::Records
            && pin.is_some_and(|pin| {
                let (sequence, leaf) = pin.first();
                one.place.sequence == sequence && one.statement.leaf_hash() != leaf
            })
    };
    if let Some(one) = checked.iter().find(is_other) {
        let (source, sequence) = (one.statement.source().as_str(), one.place.sequence.to_string());
        return Err(Stop::rejected(Said::new(Message::RangeNotPinned, &[source, &sequence])));
    }
    Ok(checked)
}

/// Both, unless one could not be told and the other is wrong: then what is wrong.
fn wrong_first<A, B>(
    one: Result<A, Stop>,
    other: Result<B, Stop>,
) -> Result<(A, Result<B, Stop>), Stop> {
    match (one, other) {
        (Err(Stop::Failure(_)), Err(wrong @ Stop::Rejected(_))) => Err(wrong),
        (one, other) => Ok((one?, other)),
    }
}

/// What opened records say of boards: of the caller's units, or without a list of all that they name.
enum Looks<'o> {
    Own(&'o Own, own::Looks<'o>),
    All(looked::Shown, Failed<'o>),
}

impl<'o> Looks<'o> {
    fn of(own: Option<&'o Own>, checked: &[Checked]) -> Self {
        if let Some(own) = own {
            return Self::Own(own, own.looks(checked));
        }
        let (shown, failed) =
            rayon::join(|| looked::Shown::of(checked), || Failed::of(None, shown::placed(checked)));
        Self::All(shown, failed)
    }
}

/// Says of each range what it is, and of the caller's units what there is of them. Returns those that lack an
/// inspection: to find them is work, and a report on paper names them as well.
fn say_ranges<'o>(
    report: &mut Report,
    held: &Held<'_>,
    scanned: Option<&Scanned>,
    looks: Looks<'o>,
) -> Result<Vec<Cow<'o, Unit>>, Stop> {
    let own = match &looks {
        Looks::Own(own, _) => Some(*own),
        Looks::All(..) => None,
    };
    let reader = own.and_then(Own::reader);
    if !held.sound.is_empty() {
        report.people_named_fact(Message::LabelSource, Message::SourceIs);
    }
    for sound in &held.sound {
        say_range(report, sound, &held.checked, scanned)?;
        if reader.is_none() {
            let open = if own.is_some() { Message::OpenNoKey } else { Message::OpenNoReader };
            report.not_checked(open, &[sound.pin.source().as_str()]);
        }
    }
    Ok(match looks {
        Looks::Own(own, looks) => {
            let lacking = own.say(report, &held.sound, &held.checked, looks)?;
            lacking.into_iter().map(Cow::Borrowed).collect()
        }
        Looks::All(shown, failed) => {
            let lacking = shown.say(report);
            failed.say(report);
            lacking.into_iter().map(Cow::Owned).collect()
        }
    })
}

fn say_range(
    report: &mut Report,
    sound: &Sound<'_>,
    checked: &[Checked],
    scanned: Option<&Scanned>,
) -> Result<(), Stop> {
    let source = sound.pin.source().as_str();
    let Followed { statements, records, heartbeats, outages, .. } = &sound.followed;
    let numbers = [sound.first, sound.last, *statements, *records].map(|number| number.to_string());
    let [first, last, statements, records] = numbers.each_ref().map(String::as_str);
    report.reason(Said::new(Message::RangeSound, &[source, first, last, statements, records]));
    // Not every source is a machine: people are told it as a source, by the name that their pins have for it.
    let named = format!("{source}: {}", sound.pin.machine());
    report.machine_fact(Message::LabelMachine, &named);
    report.people_fact(Message::LabelSource, &named);
    report.fact(Message::LabelHeartbeats, heartbeats);
    report.fact(Message::LabelOutages, outages);
    let end = checked.iter().find(|one| {
        one.place.claim == Claim::Range
            && one.place.sequence == sound.last
            && one.statement.source() == sound.pin.source()
    });
    if let Some(time) = end.and_then(|one| one.receipt.as_ref()).and_then(witnessed) {
        report.fact(Message::LabelRangeWitnessed, format!("{source} {last}: {time}"));
    }
    if let Some(scanned) = scanned {
        let behind = scanned.compare(sound, checked)?;
        let entries = scanned.entries.to_string();
        report.reason(Said::new(Message::ScanSound, &[&entries, source]));
        report.fact(Message::LabelBehindRange, behind);
    }
    open_of_range(sound, scanned.is_some())
        .into_iter()
        .for_each(|open| report.said_not_checked(open));
    Ok(())
}

/// What a range leaves open, whoever reads it and whatever for.
pub(super) fn open_of_range(sound: &Sound<'_>, is_scanned: bool) -> Vec<Said> {
    let source = sound.pin.source().as_str();
    let mut open = Vec::new();
    if !is_scanned {
        open.push(Said::new(Message::OpenScan, &[source]));
        if !sound.followed.holds_pinned {
            let numbers = [sound.pin.first().0, sound.first].map(|number| number.to_string());
            open.push(Said::new(Message::OpenRangeStart, &[source, &numbers[0], &numbers[1]]));
        }
    }
    if sound.pin.cadence().is_none() {
        open.push(Said::new(Message::OpenCadence, &[source]));
    }
    if sound.unnamed > 0 {
        open.push(Said::new(Message::OpenUnnamed, &[source, &sound.unnamed.to_string()]));
    }
    open
}

/// What the policy leaves open of the newest tree.
pub(super) fn open_of_policy(judge: &Judge, checked: &[Checked]) -> Vec<Said> {
    let mut report = Report::new(Verdict::Done);
    say_checkpoint(&mut report, judge, checked);
    report.into_not_checked()
}

fn say_records(report: &mut Report, checked: &[Checked]) {
    let records = |one: &&Checked| one.place.claim == Claim::Records;
    for one in checked.iter().filter(records) {
        let source = one.statement.source().as_str();
        let (shown, all) = one.counts();
        let index = one.receipt.as_ref().map_or(0, |receipt| receipt.index);
        let numbers = [one.place.sequence, index, shown, all].map(|n| n.to_string());
        let [sequence, index, shown, all] = numbers.each_ref().map(String::as_str);
        report.reason(Said::new(Message::RecordsSound, &[source, sequence, index, shown, all]));
    }
    if checked.iter().any(|one| one.place.claim == Claim::Records) {
        report.not_checked(Message::OpenCompleteness, &[]);
    }
    // One that names no tree says no more than that its source names none: it need not be the log's first, and a
    // source can choose to.
    let (mut open, mut none_named) = (0, 0);
    for one in checked {
        let (source, sequence) = (one.statement.source().as_str(), one.place.sequence.to_string());
        let at = Said::new(Message::AtStatement, &[source, &sequence]);
        let place = format!("{source} {sequence}");
        match &one.after {
            After::Bound(Some(times)) => {
                let time = format_utc(times.earliest.as_seconds());
                report.placed_fact(Message::LabelNotBefore, &place, &at, &time);
            }
            After::Bound(None) => {
                let size = one.statement.after().tree().size().to_string();
                report.placed_fact(Message::LabelAfterBound, &place, &at, &size);
            }
            After::Open if one.statement.after().tree().size() == 0 => none_named += 1,
            After::Open => open += 1,
        }
        if one.place.claim == Claim::Records
            && let Some(time) = one.receipt.as_ref().and_then(witnessed)
        {
            report.placed_fact(Message::LabelStatementWitnessed, &place, &at, &time);
        }
    }
    if open > 0 {
        report.not_checked(Message::OpenLowerBounds, &[&open.to_string()]);
    }
    if none_named > 0 {
        report.not_checked(Message::OpenNoneNamed, &[&none_named.to_string()]);
    }
}

/// How late the records were logged, where they open what they claim.
fn lateness(checked: &[Checked]) -> Lateness {
    let mut lateness = Lateness::default();
    shown::logged(checked).iter().for_each(|one| lateness.add(one));
    lateness
}

fn say_evidence(report: &mut Report, found: &Found) {
    if found.vouched > 0 {
        let count = found.vouched.to_string();
        report.reason(Said::new(Message::EvidenceVouched, &[&count]));
    }
    if found.missing > 0 {
        report.not_checked(Message::OpenFiles, &[&found.missing.to_string()]);
    }
}

/// Who signed the newest tree, and what the policy leaves open.
fn say_checkpoint(report: &mut Report, judge: &Judge, checked: &[Checked]) {
    let receipts = checked.iter().filter_map(|one| one.receipt.as_ref());
    if let Some(newest) = receipts.max_by_key(|receipt| receipt.tree().size()) {
        describe(report, judge, &newest.note, &newest.judged);
    }
}

/// Where copies that came along are not the caller's own, that is told, and where they are, that he may have them from
/// there.
fn say_copies(report: &mut Report, contents: &Contents<'_>, judge: &Judge, pins: Option<&Pins>) {
    let Copies { same, others } = Copies::of(contents, judge.policy(), pins);
    same.into_iter().for_each(|said| report.said_not_checked(said));
    others.into_iter().for_each(|path| report.fact(Message::LabelOtherCopy, path));
}

fn witnessed(receipt: &Receipt) -> Option<String> {
    let times = receipt.judged.times?;
    Some(format_utc(times.latest.as_seconds()))
}
