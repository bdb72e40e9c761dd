//! Ranges: followed in order, with the caller's pins, keys of lots and units.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use spec::bundle::{Claim, Contents};
use spec::encoding::decode_hex;
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::kind::Kind;
use spec::evidence::pins::{Pin, Pins};
use spec::evidence::range::{Followed, Range, RangeError, Reader, Searched};
use spec::evidence::tag::LotKey;
use spec::key::KeyName;

use super::evidence;
use super::statements::Checked;
use crate::command::Stop;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::mistaken::{self, Kind as Meant};

/// The most bytes of a file with one lot key.
const MAX_KEY_SIZE: usize = 1024;

/// What such a file holds.
const KEY_FORM: &str = "it has to hold 64 hexadecimal digits on one line, and nothing else";

/// A range that holds.
pub(super) struct Sound<'a> {
    pub(super) pin: &'a Pin,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) followed: Followed,
    /// Records of evidence of no unit that anybody could know of. Those of programs and profiles whose files
    /// are enclosed are not counted: they are about all boards, and what they hold is shown.
    pub(super) unnamed: u64,
}

/// Reads the keys of lots, one a file.
pub(super) fn lot_keys(paths: &[PathBuf]) -> Result<Vec<LotKey>, Failure> {
    paths.iter().map(|path| lot_key(path)).collect()
}

fn lot_key(path: &Path) -> Result<LotKey, Failure> {
    let mut bytes = input::read_meant(path, MAX_KEY_SIZE, Meant::LotKey)?;
    // Digits are digits in capitals, too, and what editors leave around them is none.
    bytes.make_ascii_lowercase();
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let shown = path.display().to_string();
    // The text is not shown: it may be most of a key.
    let why = input::why_refused(&bytes, &KEY_FORM);
    let wrong = |_| {
        mistaken::told(&shown, &bytes, Meant::LotKey)
            .unwrap_or_else(|| Said::of_error(Message::Malformed, &[&shown], &why).into())
    };
    decode_hex(text).map(LotKey::new).map_err(wrong)
}

/// Follows every range; the statements are in ascending order of their places.
pub(super) fn follow<'a>(
    contents: &Contents<'_>,
    checked: &[Checked],
    pins: Option<&'a Pins>,
    own: Option<&Reader>,
) -> Result<Vec<Sound<'a>>, Stop> {
    let in_ranges = |one: &&Checked| one.place.claim == Claim::Range;
    // Each statement is looked through by itself, so all cores take their share.
    let searched: Vec<(&Checked, Searched<'_>)> = checked
        .par_iter()
        .with_max_len(1)
        .filter(in_ranges)
        .map(|one| (one, Searched::new(&one.statement, &one.opened, own)))
        .collect();
    let finds_own = searched.iter().any(|(_, searched)| searched.finds_own());
    let mut by_source: BTreeMap<&KeyName, Vec<(&Checked, Searched<'_>)>> = BTreeMap::new();
    for (one, searched) in searched {
        by_source.entry(one.statement.source()).or_default().push((one, searched));
    }
    let mut sound = Vec::new();
    for (source, statements) in by_source {
        let pin = pins.and_then(|pins| pins.of(source));
        // Without a pin the maker would say what is missing from the maker's own evidence.
        let pin = pin.ok_or_else(|| {
            let failure = Failure::new(Said::new(Message::NoPin, &[source.as_str()]));
            Stop::from(failure.with_hint(Said::new(Message::HintPins, &[])))
        })?;
        let (first, last) = match (statements.first(), statements.last()) {
            (Some((first, _)), Some((last, _))) => (first.place.sequence, last.place.sequence),
            _ => continue,
        };
        let shown: u64 = statements.iter().map(|(one, _)| enclosed(contents, one)).sum();
        let mut range = Range::new(pin);
        for (_, searched) in statements {
            match range.follow(searched) {
                Err(RangeError::Untagged { sequence, record, unit }) if !finds_own => {
                    // What is wrong whoever's units are looked for is told first.
                    follow(contents, checked, pins, None)?;
                    return Err(key_finds_nothing(source, [sequence, record], &unit).into());
                }
                followed => followed.map_err(|error| refused(pin, &error))?,
            }
        }
        let pinned = pin.first().0;
        if last < pinned {
            // What lies before the pin, the pin says nothing of.
            let values = [source.to_string(), last.to_string(), pinned.to_string()];
            let values = values.each_ref().map(String::as_str);
            return Err(Stop::rejected(Said::new(Message::RangeBeforePin, &values)));
        }
        let followed = range.finish();
        let unnamed = followed.unnamed.saturating_sub(shown);
        sound.push(Sound { pin, first, last, followed, unnamed });
    }
    Ok(sound)
}

/// How many records of a statement are a program or a profile of no unit whose file is enclosed.
fn enclosed(contents: &Contents<'_>, one: &Checked) -> u64 {
    let is_enclosed = |record: &&OpenedRecord| {
        let is_empty =
            |name| !matches!(record.shown(name), Shown::Value(value) if !value.is_empty());
        matches!(record.kind(), Kind::Program | Kind::ReflowCertificate)
            && is_empty("tags")
            && is_empty("units")
            && record.text("file/sha256").is_some_and(|hash| evidence::is_there(contents, hash))
    };
    one.opened.records().iter().filter(is_enclosed).count() as u64
}

/// The keys fit no tag at all: they are of another lot, or nothing of the reader's is tagged. What is shown
/// cannot tell these apart, so that it accuses nobody; and it is no verdict that anybody could show as one.
///
/// `place`: the statement and the record of it that names `unit`.
fn key_finds_nothing(source: &KeyName, place: [u64; 2], unit: &str) -> Failure {
    let numbers = place.map(|number| number.to_string());
    let values = [source.as_str(), &numbers[0], &numbers[1], unit];
    let failure = Failure::new(Said::new(Message::LotKeyFindsNothing, &values));
    failure.with_hint(Said::new(Message::HintLotKeyFindsNothing, &[]))
}

fn refused(pin: &Pin, error: &RangeError) -> Stop {
    let source = pin.source().as_str();
    let said = match error {
        RangeError::AfterFell { sequence } => {
            Said::new(Message::RangeAfterFell, &[source, &sequence.to_string()])
        }
        RangeError::Chain { sequence } => {
            Said::new(Message::RangeBroken, &[source, &sequence.to_string()])
        }
        RangeError::Count { sequence, named, due } => {
            let numbers = [sequence, named, due].map(u64::to_string);
            Said::new(Message::RangeCount, &[source, &numbers[0], &numbers[1], &numbers[2]])
        }
        RangeError::Header { sequence } => {
            Said::new(Message::RangeHeader, &[source, &sequence.to_string()])
        }
        RangeError::Hidden { sequence, record, field } => {
            let numbers = [sequence, record].map(u64::to_string);
            Said::new(Message::RangeHidden, &[source, &numbers[0], &numbers[1], field])
        }
        RangeError::Mistagged { sequence, record } => {
            let numbers = [sequence, record].map(u64::to_string);
            Said::new(Message::RangeMistagged, &[source, &numbers[0], &numbers[1]])
        }
        RangeError::NotPinned { sequence } => {
            Said::new(Message::RangeNotPinned, &[source, &sequence.to_string()])
        }
        RangeError::Silence { sequence, seconds } => {
            let numbers = [*sequence, *seconds, pin.cadence().unwrap_or(0)];
            let [sequence, seconds, cadence] = numbers.map(|number| number.to_string());
            Said::new(Message::RangeSilence, &[source, &sequence, &seconds, &cadence])
        }
        RangeError::Untagged { sequence, record, unit } => {
            let numbers = [sequence, record].map(u64::to_string);
            Said::new(Message::RangeUntagged, &[source, &numbers[0], &numbers[1], unit])
        }
        other => Said::new(Message::NotAccepted, &[&other.to_string()]),
    };
    Stop::rejected(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    #[test]
    fn a_lot_key_is_read_as_editors_leave_it_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lot.key");
        let key = "96dc".repeat(16);
        let source = KeyName::parse("aoi.example/7").unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            lot_key(&path).map(|key| key.tag(&source, 0, b"SN1"))
        };
        let want = read(key.as_bytes()).unwrap();
        for text in [
            format!("{key}\n"),
            format!("\u{feff}{key}\r\n"),
            key.to_uppercase(),
            format!("  {key}\t\r\n\r\n"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), want, "{text:?}");
        }
        let wide: Vec<u8> =
            format!("\u{feff}{key}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (short, two) = (&key.as_bytes()[1..], format!("{key}\n{key}\n"));
        for (bytes, said) in
            [(&wide[..], "save it as UTF-8"), (short, KEY_FORM), (two.as_bytes(), KEY_FORM)]
        {
            let refused = read(bytes).unwrap_err().to_text(Language::English);
            assert!(refused.contains(said) && !refused.contains("96dc"), "{refused}");
        }
    }
}
