//! `bundle make` and `bundle explain`: a bundle from a folder, and what one holds.

use std::borrow::Cow;
use std::collections::BTreeMap;

use spec::bundle::{
    Bundle, Claim, Contents, MAX_TEXT_SIZE, NoteName, PartPath, Place, Role, how_to,
};
use spec::checkpoint::Checkpoint;
use spec::evidence::disclosure::Disclosure;
use spec::evidence::pins::Pins;
use spec::evidence::statement::Statement;
use spec::policy::{MAX_POLICY_SIZE, Policy};
use spec::proof::Proof;
use spec::tree::Tree;

use super::open::{self, Opened};
use super::stamps;
use crate::args::{BundleMake, Inspect};
use crate::command::Stop;
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::log::tiles::Tiles;
use crate::log::{Log, Network};
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// Parts on their way into a bundle.
pub(super) type Parts = BTreeMap<String, (PartPath, Vec<u8>)>;

/// Makes a bundle. What the parts say is not verified: that is for whoever receives it. Another file is
/// never replaced by it: that may be evidence that somebody has the hash of.
pub(crate) fn make(
    wanted: &BundleMake,
    target: Option<&Target>,
    network: &Network,
) -> Result<Report, Stop> {
    let target = target.expect("clap asks for --out");
    let opened = Opened::read(&wanted.folder)?;
    let shown = wanted.folder.display().to_string();
    let mut parts = Parts::new();
    for (path, bytes) in opened.contents(&shown)?.parts() {
        insert(&mut parts, path.clone(), as_parsed(path, bytes));
    }
    add_papers(&mut parts, wanted)?;
    for path in &wanted.timestamps {
        stamps::place(&mut parts, path)?;
    }
    if let Some(log) = &wanted.log {
        add_consistency(&mut parts, &Log::open(log, network)?)?;
    }
    let made = |parts: &Parts| {
        let parts = parts.values().map(|(path, bytes)| (path.clone(), Cow::from(bytes.clone())));
        Contents::new(parts).map_err(|error| malformed(&shown, &error.to_string()))
    };
    let text = how_to::text(&made(&parts)?, &stamped);
    insert(&mut parts, PartPath::HowTo, text.into_bytes());
    let contents = made(&parts)?;
    let bundle = Bundle::new(contents).map_err(|error| malformed(&shown, &error.to_string()))?;
    let bytes = bundle.to_bytes();
    target.write_once(&bytes)?;
    let mut report = Report::new(Verdict::Done);
    opened.ignored().iter().for_each(|name| report.fact(Message::LabelIgnored, name));
    report.fact(Message::LabelWritten, target.path().display());
    report.fact(Message::LabelBytes, bytes.len());
    report.fact(Message::LabelSha256, spec::Hash::of(&bytes).to_hex());
    describe(&mut report, bundle.contents());
    Ok(report)
}

/// What the instructions say of a timestamp.
fn stamped(response: &[u8]) -> Option<how_to::Stamped> {
    let (_, digest, seconds) = crate::timestamp::claims(response)?;
    Some((digest, seconds))
}

pub(super) fn insert(parts: &mut Parts, path: PartPath, bytes: Vec<u8>) {
    parts.insert(path.to_string(), (path, bytes));
}

/// A part of the folder as it is; a copy of policy or pins that is one as it is parsed.
fn as_parsed(path: &PartPath, bytes: &[u8]) -> Vec<u8> {
    let form = match path {
        PartPath::Policy => input::own_form(bytes, Policy::parse).ok().map(|(_, form)| form),
        PartPath::Pins => input::own_form(bytes, Pins::parse).ok().map(|(_, form)| form),
        _ => None,
    };
    form.unwrap_or_else(|| bytes.to_vec())
}

/// The maker's copies and words, each well formed. Policy and pins are enclosed as they were parsed: the
/// instructions are made from the copy, and a receiver has it as an editor never had it.
fn add_papers(parts: &mut Parts, wanted: &BundleMake) -> Result<(), Failure> {
    if let Some(path) = &wanted.policy {
        let bytes = input::own_text(path, MAX_POLICY_SIZE, "--policy")?;
        let (_, bytes) = input::own_form(&bytes, Policy::parse).map_err(|error| {
            let shown = path.display().to_string();
            let why = input::why_refused(&bytes, &error);
            Said::of_error(Message::Malformed, &[&shown], &why)
        })?;
        insert(parts, PartPath::Policy, bytes);
    }
    if let Some(path) = &wanted.pins {
        let (_, bytes) = open::pins_as_parsed(path)?;
        insert(parts, PartPath::Pins, bytes);
    }
    for path in &wanted.notes {
        let shown = path.display().to_string();
        let name = path.file_name().and_then(|name| NoteName::parse(name.to_str()?));
        let name = name.ok_or_else(|| Failure::new(Said::new(Message::NoNoteName, &[&shown])))?;
        let bytes = input::read(path, MAX_TEXT_SIZE)?;
        if std::str::from_utf8(&bytes).is_err() {
            return Err(Said::of_error(Message::Malformed, &[&shown], &input::NOT_UTF_8).into());
        }
        insert(parts, PartPath::Note(name), bytes);
    }
    Ok(())
}

/// For each note that a statement names: the proof that its receipt's tree continues it.
fn add_consistency(parts: &mut Parts, log: &Log) -> Result<(), Stop> {
    let mut wanted: Vec<(Place, Tree, Tree)> = Vec::new();
    for (path, bytes) in parts.values() {
        let PartPath::Of(place, Role::Receipt) = path else { continue };
        let part = |role| parts.get(&PartPath::Of(*place, role).to_string());
        let (Some(_), Some((_, statement))) = (part(Role::After), part(Role::Statement)) else {
            continue;
        };
        let shown = path.to_string();
        let statement =
            Statement::parse(statement).map_err(|error| malformed(&shown, &error.to_string()))?;
        let proof = Proof::parse(bytes).map_err(|error| malformed(&shown, &error.to_string()))?;
        let tree = Checkpoint::parse(proof.checkpoint().text())
            .map_err(|error| malformed(&shown, &error.to_string()))?
            .tree();
        let old = statement.after().tree();
        if old.size() < tree.size() {
            wanted.push((*place, old, tree));
        }
    }
    let largest = wanted.iter().map(|(_, _, new)| new.size()).max().unwrap_or_default();
    let tiles = Tiles::new(log, log.size_hint(largest));
    for (place, old, new) in wanted {
        let proof = tiles.prove_consistency(old.size(), new.size())?;
        // A log that has changed since is found out here, and not by the receiver.
        spec::tree::verify_consistency(old, new, &proof).map_err(|error| {
            let why = vec![crate::words::of_consistency(&error)];
            Stop::rejected(Said::new(Message::AfterNotContinued, &[]).with(why))
        })?;
        let text: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
        insert(parts, PartPath::Of(place, Role::Consistency), text.into_bytes());
    }
    Ok(())
}

/// Says what a bundle or a folder holds, verifying nothing but its form.
pub(crate) fn explain(wanted: &Inspect) -> Result<Report, Stop> {
    let opened = Opened::read(&wanted.file)?;
    let contents = opened.contents(&wanted.file.display().to_string())?;
    let mut report = Report::new(Verdict::Done);
    report.reason(Said::new(Message::NothingVerified, &[]));
    describe(&mut report, &contents);
    for (place, statement) in contents.statements() {
        let Some(Ok(disclosure)) = contents.of(*place, Role::Disclosure).map(Disclosure::parse)
        else {
            continue;
        };
        let numbers = [place.sequence, disclosure.record_count()];
        let line = format!(
            "{} {}: {}/{}",
            statement.source(),
            numbers[0],
            disclosure.shown_count(),
            numbers[1]
        );
        report.fact(Message::LabelStatementRecords, line);
    }
    stamps::explain(&mut report, &contents);
    for (path, bytes) in contents.parts() {
        let is_said = matches!(path, PartPath::Note(_));
        if is_said {
            report.fact(
                Message::LabelMakerSays,
                format!("{path}\n{}", String::from_utf8_lossy(bytes)),
            );
        }
    }
    Ok(report)
}

/// What is claimed, and how much is there.
fn describe(report: &mut Report, contents: &Contents<'_>) {
    report.fact(Message::LabelOrigin, contents.origin());
    for (source, name) in contents.sources().iter().enumerate() {
        let of = |claim| {
            let places = contents.statements().keys();
            let places = places.filter(move |at| (at.source, at.claim) == (source, claim));
            places.map(|at| at.sequence).collect::<Vec<u64>>()
        };
        let (records, range) = (of(Claim::Records), of(Claim::Range));
        if !records.is_empty() {
            report.fact(Message::LabelClaimRecords, format!("{name}: {}", records.len()));
        }
        if let (Some(first), Some(last)) = (range.first(), range.last()) {
            report.fact(Message::LabelClaimRange, format!("{name}: {first}..{last}"));
        }
    }
    let evidence = contents.parts().filter(|(path, _)| matches!(path, PartPath::Evidence(_)));
    report.fact(Message::LabelEvidenceCount, evidence.count());
}

fn malformed(shown: &str, why: &str) -> Stop {
    let failure = Failure::new(Said::of_error(Message::Malformed, &[shown], &why));
    failure.with_hint(Said::new(Message::HintDossier, &[])).into()
}
