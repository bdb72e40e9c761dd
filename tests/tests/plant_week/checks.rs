//! The oracle's account beside the records: every version once, in order, linked as it should be.

use std::collections::{BTreeMap, BTreeSet};

use spec::evidence::kind::Kind;
use tests::plant::PlantPath;

use crate::oracle::{Blind, File, Oracle, Version, Watched, sha256};
use crate::records::{Record, Records, moment};
use crate::site::{CADENCE, LATE_AFTER, PATIENCE, Type};

/// What was compared, to be printed and to be sure that it was enough.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) versions: usize,
    pub(crate) later_versions: usize,
    /// What only a killed look can have seen: recorded, and not.
    pub(crate) doubtful: (usize, usize),
    /// Overwritten or deleted before it had been there for long enough.
    pub(crate) unseen: u64,
    pub(crate) rows: usize,
    pub(crate) late: usize,
    pub(crate) attempts: usize,
    pub(crate) certificates: usize,
    pub(crate) watch_outages: usize,
    pub(crate) silences: usize,
    pub(crate) closings: usize,
}

/// The records of one source by the whole file that they are of, each with its place in the order.
type ByFile<'r> = BTreeMap<&'r str, Vec<(usize, &'r Record)>>;

/// Every version of every file exactly once and in order; nothing else.
pub(crate) fn versions(oracle: &Oracle, records: &Records, compared: &mut Compared) {
    let mut accounted = BTreeSet::new();
    let sources: BTreeSet<&str> =
        oracle.watched.iter().map(|watched| watched.watch.source.as_str()).collect();
    for source in sources {
        let mut by_file: ByFile<'_> = BTreeMap::new();
        for (at, record) in records.all.iter().enumerate() {
            if record.source == source && record.is_evidence() {
                by_file.entry(record.whole()).or_default().push((at, record));
            }
        }
        for watched in oracle.watched.iter().filter(|watched| watched.watch.source == source) {
            for (path, file) in &watched.files {
                compared.unseen += file.unseen;
                let places = match watched.watch.kind {
                    Type::Append => growing(path, file, records, source, compared),
                    Type::Folder => one_file(watched, path, file, &by_file, compared),
                };
                accounted.extend(places);
            }
        }
    }
    for (at, record) in records.all.iter().enumerate() {
        let is_known = accounted.contains(&at) || !record.is_evidence();
        assert!(is_known, "nobody wrote this: {record:?}");
    }
}

fn one_file(
    watched: &Watched,
    path: &PlantPath,
    file: &File,
    by_file: &ByFile<'_>,
    compared: &mut Compared,
) -> Vec<usize> {
    let (mut places, mut last, mut number) = (Vec::new(), 0, 0);
    let mut before: Option<&Version> = None;
    let name = path.bytes().rsplit(|byte| *byte == b'/').next().unwrap();
    let what = |version: &Version| {
        let at = version.written;
        format!("{} as of {at} ({}), {}", path.lossy(), version.sha256, watched.watch.name)
    };
    for version in &file.versions {
        // The same bytes may be another file's too, or this file's again: told apart by name,
        // time and place in the order.
        let own = by_file.get(version.sha256.as_str()).map_or(&[][..], Vec::as_slice);
        let own: Vec<&(usize, &Record)> = own
            .iter()
            .filter(|(at, record)| {
                let seen = record.moment("seen").expect("a time in the agent's form");
                record.bytes("file/name") == name
                    && version.looks.iter().any(|(_, wall)| *wall == seen)
                    && (number == 0 || *at > last)
            })
            .collect();
        if own.is_empty() {
            assert!(!version.is_certain, "is not recorded: {} {:?}", what(version), version.looks);
            compared.doubtful.1 += 1;
            continue;
        }
        compared.doubtful.0 += usize::from(!version.is_certain);
        number += 1;
        let expected = readings(&version.bytes);
        let parts: BTreeSet<(&str, &str)> = own
            .iter()
            .map(|(_, record)| (record.text("part/start"), record.text("file/sha256")))
            .collect();
        assert_eq!((own.len(), parts.len()), (expected, expected), "{}: {own:#?}", what(version));
        for (at, record) in own {
            let said = record.text("file/version");
            let want = if number == 1 { String::new() } else { number.to_string() };
            assert_eq!(said, want, "{}", what(version));
            // A report of its own in a file of many follows the report before it as well.
            if let Some(before) = before {
                assert_eq!(record.text("supersedes"), before.sha256, "{}", what(version));
                compared.later_versions += 1;
            }
            last = *at;
            places.push(*at);
        }
        compared.versions += 1;
        before = Some(version);
    }
    places
}

/// How many reports a file holds, by its own bytes: messages of an array, or boards with rows that
/// stand together.
fn readings(bytes: &[u8]) -> usize {
    use std::io::Read as _;
    let mut plain = Vec::new();
    let is_gzip = bytes.starts_with(&[0x1f, 0x8b])
        && flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).is_ok();
    let plain = if is_gzip { plain.as_slice() } else { bytes };
    if let Ok(serde_json::Value::Array(messages)) = serde_json::from_slice(plain) {
        return messages.len();
    }
    if plain.starts_with(b"SystemID,") {
        let text = String::from_utf8_lossy(plain);
        let key = |row: &str| {
            let cells: Vec<String> = row.split(',').map(str::to_string).collect();
            [5, 14, 13, 4, 11].map(|at| cells.get(at).cloned())
        };
        let mut keys: Vec<_> = text.lines().skip(1).map(key).collect();
        keys.dedup();
        return keys.len().max(1);
    }
    1
}

/// The pieces of a growing file: behind each other without a gap, and together all of it.
fn growing(
    path: &PlantPath,
    file: &File,
    records: &Records,
    source: &str,
    compared: &mut Compared,
) -> Vec<usize> {
    let (mut places, mut at, mut prefix) = (Vec::new(), 0, 0);
    for (place, record) in records.all.iter().enumerate() {
        let Ok(start) = record.text("append/prefix").parse::<usize>() else { continue };
        if record.source != source {
            continue;
        }
        let before = &file.bytes()[..start];
        assert_eq!(record.text("append/prefix-sha256"), sha256(before), "{}", path.lossy());
        let own = start + record.text("part/start").parse::<usize>().unwrap_or(0);
        assert_eq!(own, at, "{}: a row is missing or there twice", path.lossy());
        assert!(start >= prefix, "{}", path.lossy());
        prefix = start;
        at += record.text("file/size").parse::<usize>().unwrap();
        assert_eq!(record.text("file/sha256"), sha256(&file.bytes()[own..at]), "{}", path.lossy());
        places.push(place);
        compared.rows += 1;
    }
    assert_eq!((at, at), (file.taken, file.bytes().len()), "{}", path.lossy());
    places
}

/// In the order of a source's records nothing is seen before what was seen at an earlier look.
pub(crate) fn order(oracle: &Oracle, records: &Records) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for record in records.all.iter().filter(|record| record.is_evidence()) {
        let looks = record.moment("seen").and_then(|seen| oracle.by_wall.get(&seen));
        let looks = looks.unwrap_or_else(|| panic!("nobody looked then: {record:?}"));
        let last = last.entry(&record.source).or_default();
        let look = looks.range(*last..).next();
        *last = *look.unwrap_or_else(|| panic!("{record:?} comes behind what was seen later"));
    }
}

/// Late ones say so, and no others.
pub(crate) fn lateness(records: &Records, compared: &mut Compared) {
    for record in records.all.iter().filter(|record| record.is_evidence()) {
        let seen = record.moment("seen").unwrap();
        let behind = |from: u64, to: u64| to.saturating_sub(from) > LATE_AFTER;
        let claimed = moment(record.text("claimed/end")).or_else(|| claimed(record));
        let late =
            (claimed.is_some_and(|claimed| behind(claimed, seen)), behind(seen, record.closed));
        let said = record.text("late");
        let says = (said.contains("that it claims"), said.contains("after it was seen"));
        assert_eq!(says, late, "{said:?} {record:?}");
        compared.late += usize::from(late != (false, false));
    }
}

/// A time in a report, where it has a zone: written there, or by the site's mapping.
pub(crate) fn claimed(record: &Record) -> Option<u64> {
    let text = record.text("claimed/start");
    if let Some(moment) = moment(text) {
        return Some(moment);
    }
    let zone = record.text("claimed/zone").strip_suffix(" (mapping)")?;
    let digits = |from: usize, to: usize| text.get(from..to);
    let date = match record.text("claimed/format") {
        "MM/dd/yyyy HH:mm:ss" => [digits(6, 10)?, digits(0, 2)?, digits(3, 5)?, digits(11, 19)?],
        "dd.MM.yyyy HH:mm:ss" => [digits(6, 10)?, digits(3, 5)?, digits(0, 2)?, digits(11, 19)?],
        "yyyyMMddHHmmss" => {
            let time = format!("{}:{}:{}", digits(8, 10)?, digits(10, 12)?, digits(12, 14)?);
            let [year, month, day] = [digits(0, 4)?, digits(4, 6)?, digits(6, 8)?];
            return moment(&format!("{year}-{month}-{day}T{time}{zone}"));
        }
        _ => return None,
    };
    let [year, month, day, time] = date;
    moment(&format!("{year}-{month}-{day}T{time}{zone}"))
}

/// Every time in which a watch could not look is stated, and every silence of a source; days are
/// closed with their counts.
pub(crate) fn gaps(
    oracle: &Oracle,
    records: &Records,
    downs: &[(u64, u64, bool)],
    compared: &mut Compared,
) {
    for watched in &oracle.watched {
        for blind in watched.blind.iter().filter(|blind| blind.is_kept && blind.length > PATIENCE) {
            let Some(until) = blind.until else { continue };
            let is_said = records.of_kind(Kind::Outage).any(|record| {
                record.source == watched.watch.source
                    && record.text("reason").contains(&watched.watch.name)
                    && record.moment("claimed/start").is_some_and(|at| begins(blind, at))
                    && record.moment("claimed/end") == Some(until)
            });
            assert!(is_said, "{} was blind and nobody says so: {blind:?}", watched.watch.name);
            compared.watch_outages += 1;
        }
    }
    // A machine that was off for more than two cadences and a step is silent for longer than two.
    let long: Vec<_> = downs.iter().filter(|(from, until, _)| until - from > 3 * CADENCE).collect();
    let sources: BTreeSet<&str> = records.all.iter().map(|one| one.source.as_str()).collect();
    for (from, until, anew) in long {
        for source in &sources {
            let said = records.headers.iter().any(|header| {
                let reason = header.text("outage/reason");
                header.source == *source
                    && reason.contains("not running")
                    && (!anew || reason.contains("started anew"))
            });
            assert!(said, "{source} was silent from {from} to {until} and does not say so");
            compared.silences += 1;
        }
    }
    for source in sources {
        closings(records, source, compared);
    }
}

/// What happened to the clock of the agent's machine stands in the headers.
pub(crate) fn clocks(records: &Records, refused: bool) {
    let notes = || records.headers.iter().map(|header| header.text("note"));
    for what in ["stepped ahead", "stepped back", "the machine was started anew"] {
        assert!(notes().any(|note| note.contains(what)), "nobody says: {what}");
    }
    for word in ["synchronised", "unsynchronised"] {
        assert!(records.headers.iter().any(|header| header.text("clock") == word), "{word}");
    }
    let boots: BTreeSet<&str> = records.headers.iter().map(|header| header.text("boot")).collect();
    assert!(boots.len() > 1, "{boots:?}");
    let of_room = |record: &Record| record.text("reason").contains("bytes are free");
    let said = records.of_kind(Kind::Outage).any(of_room);
    assert!(said || !refused, "nothing was captured for hours, and nobody says so");
}

/// Whether an outage that begins then has all of a blind time. One that began while the vault took
/// nothing anyhow may have begun before.
fn begins(blind: &Blind, at: u64) -> bool {
    match blind.from.as_slice() {
        [only] => at == *only,
        several => several.last().is_some_and(|last| at <= *last),
    }
}

/// A closing counts the records between it and the one before.
fn closings(records: &Records, source: &str, compared: &mut Compared) {
    let mut counted = 0;
    for record in records.all.iter().filter(|record| record.source == source) {
        if record.kind != Kind::Closing {
            counted += 1;
            continue;
        }
        // An outage in the same statement stands before the closing and belongs to the next day.
        let same = |other: &&Record| other.source == source && other.sequence == record.sequence;
        let ahead = records.of_kind(Kind::Outage).filter(same);
        let ahead = ahead.filter(|outage| !outage.text("reason").contains("the watch")).count();
        assert_eq!(record.text("records"), (counted - ahead).to_string(), "{record:?}");
        counted = ahead + 1;
        compared.closings += 1;
    }
}
