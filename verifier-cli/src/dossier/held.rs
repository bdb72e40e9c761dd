//! Dossiers for whoever asks more of them than a verdict: everything that is opened, once it holds.
//!
//! Several folders and bundles are one set of evidence. Each is judged as `bundle verify` judges it, and
//! nothing of any is given out unless all of them hold.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spec::Hash;
use spec::evidence::disclosure::OpenedRecord;
use spec::evidence::range::Reader;
use spec::evidence::time::parse_millis;
use spec::key::{KeyName, VerifierKey};

use super::copies::Copies;
use super::judge::{Held, hold, open_of_policy, open_of_range};
use super::open::{self, Opened};
use super::ranges;
use super::statements::{Checked, Keys, Trees};
use super::{evidence, scan, shown};
use crate::command::{Judge, Stop};
use crate::failure::Failure;
use crate::input;
use crate::lateness::Lateness;
use crate::log::Network;
use crate::messages::{Message, Said};

/// By whose word the evidence is judged, and for whom.
pub(crate) struct Reading<'a> {
    pub(crate) paths: &'a [PathBuf],
    pub(crate) judge: &'a Judge,
    pub(crate) pins: Option<&'a PathBuf>,
    pub(crate) source_keys: &'a [String],
    pub(crate) lot_keys: &'a [PathBuf],
    /// Whatever reports may call the reader's own units.
    pub(crate) units: Vec<Vec<u8>>,
    pub(crate) log: Option<&'a str>,
}

/// A statement that holds, with what is opened of it in any of the dossiers.
pub(crate) struct Opening {
    pub(crate) source: KeyName,
    pub(crate) sequence: u64,
    leaf: Hash,
    /// How many evidence records the source made before it, if the header is opened.
    pub(crate) first_record: Option<u64>,
    /// When it was sealed by the source's clock, milliseconds since 1970.
    pub(crate) closed: Option<u64>,
    /// One list for each dossier that opens something of it.
    pub(crate) records: Vec<Vec<OpenedRecord>>,
}

/// A range that holds.
pub(crate) struct Span {
    pub(crate) source: KeyName,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) records: u64,
    pub(crate) outages: u64,
    /// Whether the reader's own tags were looked for.
    pub(crate) is_read: bool,
    /// What it leaves open besides.
    pub(crate) open: Vec<Said>,
}

/// All evidence.
#[derive(Default)]
pub(crate) struct Evidence {
    /// How long after the times that they claim the records were logged.
    pub(crate) lateness: Lateness,
    /// What lies in the folders and is no part of them.
    pub(crate) ignored: Vec<String>,
    pub(crate) openings: BTreeMap<(KeyName, u64), Opening>,
    pub(crate) spans: Vec<Span>,
    /// What the policy leaves open of each dossier's newest tree, and that its copies are the reader's own.
    pub(crate) open: Vec<Said>,
}

/// Reads and judges every folder and bundle.
pub(crate) fn read_all(
    wanted: Reading<'_>,
    network: &Network,
    quiet: bool,
) -> Result<Evidence, Stop> {
    let pins = wanted.pins.map(|path| open::pins(path)).transpose()?;
    let given: Vec<VerifierKey> = input::source_keys(wanted.source_keys)?;
    let keys = Keys::new(pins.as_ref(), given);
    let own = own(wanted.lot_keys, wanted.units)?;
    let mut evidence = Evidence::default();
    let (mut scanned_ranges, mut trees) = (false, Trees::default());
    for path in wanted.paths {
        let shown = path.display().to_string();
        let opened = Opened::read(path)?;
        let ignored = opened.ignored().iter().map(|name| path.join(name).display().to_string());
        evidence.ignored.extend(ignored);
        let contents = opened.contents(&shown)?;
        let within = |stop: Stop| stop.within(&shown);
        let held =
            hold(&contents, wanted.judge, &keys, pins.as_ref(), own.as_ref()).map_err(within)?;
        evidence::check(&contents, &held.checked).map_err(within)?;
        trees.add(&held.checked).map_err(within)?;
        shown::logged(&held.checked).iter().for_each(|one| evidence.lateness.add(one));
        let log = wanted.log.filter(|_| !held.sound.is_empty());
        if let Some(log) = log {
            scanned_ranges = true;
            let scanned = scan::scan(log, network, wanted.judge, &keys, &held.checked, quiet);
            let scanned = scanned.map_err(within)?;
            for sound in &held.sound {
                scanned.compare(sound, &held.checked).map_err(within)?;
            }
        }
        evidence.open.extend(open_of_policy(wanted.judge, &held.checked));
        evidence.open.extend(Copies::of(&contents, wanted.judge.policy(), pins.as_ref()).same);
        evidence.add(held, own.is_some(), log.is_some()).map_err(within)?;
    }
    if wanted.log.is_some() && !scanned_ranges {
        return Err(scan::needs_a_range().into());
    }
    Ok(evidence)
}

fn own(keys: &[PathBuf], units: Vec<Vec<u8>>) -> Result<Option<Reader>, Failure> {
    if keys.is_empty() {
        return Ok(None);
    }
    Ok(Some(Reader::new(ranges::lot_keys(keys)?, units)))
}

impl Evidence {
    fn add(&mut self, held: Held<'_>, is_read: bool, is_scanned: bool) -> Result<(), Stop> {
        for sound in &held.sound {
            self.spans.push(Span {
                source: sound.pin.source().clone(),
                first: sound.first,
                last: sound.last,
                records: sound.followed.records,
                outages: sound.followed.outages,
                is_read,
                open: open_of_range(sound, is_scanned),
            });
        }
        held.checked.into_iter().try_for_each(|one| self.add_statement(&one))
    }

    fn add_statement(&mut self, one: &Checked) -> Result<(), Stop> {
        let (source, sequence) = (one.statement.source().clone(), one.place.sequence);
        let leaf = one.statement.leaf_hash();
        let header = one.opened.header();
        let text = |name| header.and_then(|header| header.text(name));
        let first_record =
            text("record/first").and_then(|text| spec::encoding::parse_decimal(text).ok());
        let closed = text("closed").and_then(parse_millis);
        let opening = self.openings.entry((source.clone(), sequence)).or_insert_with(|| Opening {
            source: source.clone(),
            sequence,
            leaf,
            first_record,
            closed,
            records: Vec::new(),
        });
        // Both are signed by the source: it has said two things at one place.
        if opening.leaf != leaf {
            let values = [source.to_string(), sequence.to_string()];
            let values = values.each_ref().map(String::as_str);
            return Err(Stop::rejected(Said::new(Message::SaidTwice, &values)));
        }
        opening.first_record = opening.first_record.or(first_record);
        opening.closed = opening.closed.or(closed);
        opening.records.push(one.opened.records().to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_lot_keys_nobody_s_tags_are_looked_for() {
        assert!(own(&[], vec![b"SN1".to_vec()]).unwrap().is_none());
        assert!(own(&[PathBuf::from("no-such-file")], Vec::new()).is_err());
    }
}
