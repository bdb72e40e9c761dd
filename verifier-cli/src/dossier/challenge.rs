//! The challenge audit, on the side of who asks.
//!
//! Rule: `spec/text/challenge.md`. The range is judged like any other first, under the asker's own policy
//! and pins; only then do its headers decide which records are picked.

use std::collections::BTreeSet;
use std::path::Path;

use spec::Hash;
use spec::bundle::{BundleError, Claim, Contents, PartPath, Role};
use spec::evidence::challenge::{Challenge, Ground, MAX_CHALLENGE_SIZE};
use spec::evidence::disclosure::{OpenedRecord, Shown};
use spec::evidence::pins::Pins;
use spec::evidence::range::items;
use spec::evidence::tag::{LotKey, split_tags};
use spec::note::{MAX_NOTE_SIZE, Note};

use super::evidence;
use super::judge::hold;
use super::open::{self, Opened};
use super::own::Own;
use super::ranges;
use super::statements::{self, Checked, Keys};
use crate::args::{ChallengeMake, ChallengeVerify, Dossier};
use crate::command::{Judge, Stop};
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::list;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// The field that commits to a file's bytes.
const FILE_HASH: &str = "file/sha256";

/// By what everything here is judged.
struct Court {
    judge: Judge,
    pins: Option<Pins>,
    keys: Keys,
}

impl Court {
    fn open(wanted: &Dossier) -> Result<Self, Stop> {
        let judge = Judge::open(&wanted.policy)?;
        let pins = wanted.pins.as_deref().map(open::pins).transpose()?;
        let keys = Keys::new(pins.as_ref(), input::source_keys(&wanted.source_keys)?);
        Ok(Self { judge, pins, keys })
    }
}

/// What a challenge is made of: a range that holds.
struct Base {
    checked: Vec<Checked>,
    ground: Ground,
    /// Records of each statement, headers left out.
    records: Vec<u64>,
}

/// Picks records.
pub(crate) fn make(wanted: &ChallengeMake, target: Option<&Target>) -> Result<Report, Stop> {
    let court = Court::open(&wanted.dossier)?;
    let base = base(&wanted.range, &wanted.note, &wanted.dossier, &court)?;
    let challenge = Challenge::make(base.ground, &base.records, wanted.count)
        .map_err(|error| Failure::new(Said::of_error(Message::NotAccepted, &[], &error)))?;
    let target = target.expect("clap asks for --out");
    target.write(challenge.to_string().as_bytes())?;
    let mut report = Report::new(Verdict::Done);
    report.fact(Message::LabelWritten, target.path().display());
    for (statement, record) in challenge.picks() {
        report.fact(Message::LabelOwnRecord, format!("{statement}, {record}"));
    }
    Ok(report)
}

/// Checks an answer: each pick whole, of the same statement, with its evidence.
pub(crate) fn verify(wanted: &ChallengeVerify) -> Result<Report, Stop> {
    let court = Court::open(&wanted.dossier)?;
    let base = base(&wanted.range, &wanted.note, &wanted.dossier, &court)?;
    let shown = wanted.challenge.display().to_string();
    let asked = Challenge::parse(&input::read(&wanted.challenge, MAX_CHALLENGE_SIZE)?)
        .map_err(|error| Failure::new(Said::of_error(Message::Malformed, &[&shown], &error)))?;
    let made = Challenge::make(base.ground.clone(), &base.records, asked.picks().len());
    if made.as_ref() != Ok(&asked) {
        return Err(Stop::rejected(Said::new(Message::ChallengeOther, &[])));
    }

    let opened = Opened::read(&wanted.answer)?;
    let contents = opened.contents(&wanted.answer.display().to_string())?;
    let answer = statements::check(&contents, &court.judge, &court.keys)?;
    evidence::check(&contents, &answer)?;
    let tagging = Tagging::open(&wanted.dossier)?;
    let mut with_evidence = 0_usize;
    for (statement, record) in asked.picks() {
        let numbers = [statement, record].map(u64::to_string);
        let open = || {
            let values = numbers.each_ref().map(String::as_str);
            Stop::rejected(Said::new(Message::ChallengeOpen, &values))
        };
        let one = answer.iter().find(|one| {
            one.place.sequence == *statement && *one.statement.source() == base.ground.source
        });
        let one = one.ok_or_else(open)?;
        let same = base.checked.iter().any(|base| {
            base.place.sequence == *statement
                && base.statement.leaf_hash() == one.statement.leaf_hash()
        });
        if !same {
            return Err(Stop::rejected(Said::new(Message::ChallengeStatement, &[&numbers[0]])));
        }
        let found = one.opened.records().iter().find(|shown| shown.index() == *record);
        let whole = found.filter(|shown| shown.fields().len() as u64 == shown.field_count());
        let whole = whole.ok_or_else(open)?;
        tagging.check(&base.ground, *statement, whole)?;
        with_evidence += usize::from(has_evidence(&contents, *statement, whole)?);
    }
    let mut report = Report::new(Verdict::Verified);
    let count = asked.picks().len();
    let numbers = [count, with_evidence].map(|number| number.to_string());
    let values = numbers.each_ref().map(String::as_str);
    report.reason(Said::new(Message::ChallengeAnswered, &values));
    report.not_checked(Message::OpenUnpicked, &[]);
    report.not_checked(Message::OpenTruth, &[]);
    Ok(report)
}

/// Whether a pick has evidence. One that commits to a file is not answered without it: what the record
/// says of the file could not be compared.
fn has_evidence(
    contents: &Contents<'_>,
    sequence: u64,
    record: &OpenedRecord,
) -> Result<bool, Stop> {
    // Elsewhere than in a kind's table the name is the source's own and may mean anything.
    let is_file = |name: &str| name == FILE_HASH;
    let field =
        record.fields().iter().find(|field| field.is_known() && is_file(field.name().as_str()));
    let Some(value) = field.and_then(|field| field.value()) else {
        return Ok(false);
    };
    if std::str::from_utf8(value).is_ok_and(|hash| evidence::is_there(contents, hash)) {
        return Ok(true);
    }
    let numbers = [sequence, record.index()].map(|number| number.to_string());
    let values = numbers.each_ref().map(String::as_str);
    Err(Stop::rejected(Said::new(Message::ChallengeWithoutEvidence, &values)))
}

/// Keys of lots, and the units of these: a record that was picked and names one of them must have its
/// tag. This is what a challenge is for: noise in its place is seen by nobody else.
struct Tagging {
    keys: Vec<LotKey>,
    units: BTreeSet<Vec<u8>>,
}

impl Tagging {
    fn open(wanted: &Dossier) -> Result<Self, Failure> {
        let list = wanted.units.as_deref().map(list::read).transpose()?;
        let keys = ranges::lot_keys(&wanted.lot_keys)?;
        // Without a key no tag can be told from noise, so none is said to be missing.
        let list = list.filter(|_| !keys.is_empty());
        let units = list.map(|list| list.octets()).unwrap_or_default().into_iter().collect();
        Ok(Self { keys, units })
    }

    fn check(&self, ground: &Ground, sequence: u64, record: &OpenedRecord) -> Result<(), Stop> {
        let (Shown::Value(units), Shown::Value(tags)) =
            (record.shown("units"), record.shown("tags"))
        else {
            return Ok(());
        };
        let tags = split_tags(tags).unwrap_or_default();
        for (at, unit) in items(units).enumerate().filter(|(_, unit)| self.units.contains(*unit)) {
            let is_one =
                |key: &LotKey| tags.get(at) == Some(&key.tag(&ground.source, sequence, unit));
            if !self.keys.iter().any(is_one) {
                let numbers = [sequence, record.index()].map(|number| number.to_string());
                let unit = String::from_utf8_lossy(unit);
                let values = [ground.source.as_str(), &numbers[0], &numbers[1], &unit];
                return Err(Stop::rejected(Said::new(Message::RangeUntagged, &values)));
            }
        }
        Ok(())
    }
}

/// Judges the range and the note, and gives what the picks follow from.
fn base(range: &Path, note: &Path, wanted: &Dossier, court: &Court) -> Result<Base, Stop> {
    let own = Own::read(&wanted.lot_keys, wanted.units.as_deref())?;
    let reader = own.as_ref().and_then(Own::reader);
    let opened = Opened::read(range)?;
    let contents = opened.contents(&range.display().to_string())?;
    let held = hold(&contents, &court.judge, &court.keys, court.pins.as_ref(), reader)?;
    let [sound] = held.sound.as_slice() else {
        return Err(Said::new(Message::ChallengeOneRange, &[]).into());
    };
    let source = sound.pin.source().clone();
    let (first, last) = (sound.first, sound.last);
    let checked: Vec<Checked> = held
        .checked
        .into_iter()
        .filter(|one| one.place.claim == Claim::Range && *one.statement.source() == source)
        .collect();
    let end = checked.last().expect("a sound range has statements");
    let bytes = input::read(note, MAX_NOTE_SIZE)?;
    check_note(&bytes, note, court, end)?;
    let ground = Ground {
        origin: end.statement.origin().clone(),
        source,
        first,
        last,
        leaf: end.statement.leaf_hash(),
        note: Hash::of(&bytes),
    };
    let records = checked.iter().map(|one| one.opened.record_count() - 1).collect();
    Ok(Base { checked, ground, records })
}

/// The note must be one that nobody could have when the range was made and shown.
fn check_note(bytes: &[u8], path: &Path, court: &Court, end: &Checked) -> Result<(), Stop> {
    let shown = path.display().to_string();
    let note = Note::parse(bytes)
        .map_err(|error| Failure::new(Said::of_error(Message::Malformed, &[&shown], &error)))?;
    let judged = court.judge.accept(&note).map_err(|stop| stop.within(&shown))?;
    let accepted = &judged.accepted;
    if accepted.origin() != end.statement.origin() {
        let both = [accepted.origin().as_str(), end.statement.origin().as_str()];
        return Err(Said::new(Message::TwoLogs, &both).into());
    }
    let receipt = end.receipt.as_ref().ok_or_else(|| {
        let path = PartPath::Of(end.place, Role::Receipt).to_string();
        let error = BundleError::Missing { path };
        Failure::new(Said::of_error(Message::Malformed, &[&end.place.to_string()], &error))
    })?;
    let (new, old) = (accepted.tree().size(), receipt.tree().size());
    // Without witnesses there are no times, and the order of the trees is all there is.
    let is_later = match (judged.times, receipt.judged.times) {
        (Some(new), Some(old)) => new.latest.as_seconds() >= old.latest.as_seconds(),
        _ => true,
    };
    if new <= old || !is_later {
        let numbers = [new, old].map(|size| size.to_string());
        let values = numbers.each_ref().map(String::as_str);
        return Err(Stop::rejected(Said::new(Message::NoteNotLater, &values)));
    }
    Ok(())
}
