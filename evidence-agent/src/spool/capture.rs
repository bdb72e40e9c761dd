//! The capture turn: what collectors see becomes records that wait for their statements.
//!
//! ```text
//! 1. every collector looks once           what it gives is read whole and not durable
//! 2. readings and hashes are made          pure; on the other cores while this one does 3 and 4
//! 3. evidence into the open pack
//! 4. links, pending records, seen rows
//! 5. the commit of all of it              THE COMMIT POINT
//! 6. collectors are told                  only now is a message accepted, for example
//! ```
//!
//! A crash before 5 leaves everything to be seen again; behind it, an item is in `seen` and its
//! records are pending, in one transaction. What was not understood, or does not fit into a record,
//! is an attachment that says why: nothing is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spec::Hash;
use spec::encoding::encode_hex;
use spec::evidence::kind::Kind;
use spec::key::KeyName;

use super::outage::Gap;
use super::understood::{Understood, understand};
use super::{record, state};
use crate::chain::{self, Linked};
use crate::clock::{self, Clock};
use crate::collect::{Collector, Remembered, Trouble};
use crate::error::AgentError;
use crate::import::Mapping;
use crate::model::{
    Content, Hash256, ItemKey, Pending, Reading, Seen, Sighting, UnixMillis, WatchName,
};
use crate::vault::{Capture, Hashed, Stored, Vault};

/// How many sightings one commit has at most, and from how many bytes on it has no more. A look
/// gives at most some 64 MiB, so about twice that is in memory.
const MAX_COMMIT: (usize, u64) = (2048, 48 * 1024 * 1024);

/// How many of them are read at once, while those before are stored.
const PART: usize = 256;

/// One watch with what its evidence is for.
pub(crate) struct Watched {
    /// Whose evidence it is.
    pub(crate) source: KeyName,
    /// How it is read.
    pub(crate) mapping: Mapping,
    /// The oven that its boards came through, where the reports of the oven name no boards.
    pub(crate) oven: Option<String>,
    /// What looks.
    pub(crate) collector: Box<dyn Collector>,
    /// For how long it may fail before the gap is an outage.
    pub(crate) patience: Duration,
    /// Since when nothing of it could be captured, and why.
    failing: Option<Failing>,
    /// Whether the vault was asked what an earlier run has left of that.
    is_recalled: bool,
}

/// A time in which nothing of a watch can be captured. A row of the vault as well, so that a restart
/// does not make it shorter.
#[derive(Clone, Serialize, Deserialize)]
struct Failing {
    wall: UnixMillis,
    since_start: Duration,
    boot: Option<String>,
    reason: String,
}

/// What a turn did.
#[derive(Debug, Default)]
pub(crate) struct CaptureTurn {
    /// How many sightings became durable.
    pub(crate) sightings: usize,
    /// How many records wait because of it.
    pub(crate) records: usize,
    /// How many of these say that they were not understood.
    pub(crate) not_understood: usize,
    /// How many bytes of evidence that was.
    pub(crate) bytes: u64,
    /// Whether another turn at once would find more.
    pub(crate) more: bool,
    /// How many items are there that are not stable yet.
    pub(crate) unsettled: usize,
    /// What could not be read: watch, item and reason.
    pub(crate) complaints: Vec<(WatchName, String, Trouble)>,
    /// What was read of the sightings of each watch that became durable.
    pub(crate) read: Vec<(WatchName, Read)>,
    /// What each watch that could look has to show.
    pub(crate) by_watch: Vec<(WatchName, Counts)>,
    /// Watches that could not look at all, and why.
    pub(crate) failed: Vec<(WatchName, AgentError)>,
    /// Watches for which there was nothing to look at: a share that is away, for example.
    pub(crate) blind: Vec<(WatchName, Trouble)>,
    /// Whether items may be on their way that come by themselves.
    pub(crate) expecting: bool,
}

/// What one look of one watch has to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Sightings; durable only if the turn was no error.
    pub(crate) sightings: usize,
    /// Items that are there and not stable yet.
    pub(crate) unsettled: usize,
}

/// How the sightings of a watch were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Records of what was understood.
    pub(crate) understood: u64,
    /// Records that say why not.
    pub(crate) not_understood: u64,
    /// The last of those: the item and the reason.
    pub(crate) last: Option<(String, String)>,
}

impl Watched {
    /// A watch that has not looked yet.
    pub(crate) fn new(
        source: KeyName,
        mapping: Mapping,
        oven: Option<String>,
        collector: Box<dyn Collector>,
        patience: Duration,
    ) -> Self {
        Self { source, mapping, oven, collector, patience, failing: None, is_recalled: false }
    }

    fn row(&self) -> String {
        format!("failing/{}", self.collector.watch().0)
    }

    /// Takes up what an earlier run has left.
    fn recall(&mut self, vault: &Vault) -> Result<(), AgentError> {
        if !self.is_recalled {
            self.failing = state::read(vault, &self.row())?;
            self.is_recalled = true;
        }
        Ok(())
    }

    /// Keeps in mind since when and why nothing of it is captured.
    fn fails(&mut self, vault: &Vault, clock: &dyn Clock, why: &dyn ToString) {
        if self.failing.is_some() {
            return;
        }
        let (wall, since_start, boot) = (clock.now(), clock.monotonic(), clock.boot());
        let failing = Failing { wall, since_start, boot, reason: why.to_string() };
        // A vault that cannot keep it is told of again by its own errors; this run knows it anyway.
        let _ = state::write(vault, &self.row(), &failing);
        self.failing = Some(failing);
    }

    /// It is over, and nothing had to be said of it.
    fn works(&mut self, vault: &Vault) -> Result<(), AgentError> {
        if self.failing.is_none() {
            return Ok(());
        }
        let cleared = state::clear(vault, &self.row());
        // An error may come after the commit was made.
        if cleared.is_ok() || self.is_gone(vault) {
            self.failing = None;
        }
        cleared
    }

    /// Whether the vault has no row of it.
    fn is_gone(&self, vault: &Vault) -> bool {
        matches!(state::read::<Failing>(vault, &self.row()), Ok(None))
    }

    /// Whether the vault has its row, which is written if it could not be before. A commit that takes
    /// the row away was made if the row is gone, whatever the commit said.
    fn is_kept(&self, vault: &Vault) -> bool {
        if let Some(failing) = self.failing.as_ref().filter(|_| self.is_gone(vault)) {
            let _ = state::write(vault, &self.row(), failing);
        }
        matches!(state::read::<Failing>(vault, &self.row()), Ok(Some(_)))
    }
}

impl Remembered for Vault {
    fn seen(&self, watch: &WatchName, key: &ItemKey) -> Result<Option<Seen>, AgentError> {
        Self::seen(self, watch, key)
    }

    fn seen_many(
        &self,
        watch: &WatchName,
        keys: &[ItemKey],
    ) -> Result<Vec<Option<Seen>>, AgentError> {
        Self::seen_many(self, watch, keys)
    }

    fn seen_below(
        &self,
        watch: &WatchName,
        visit: &mut dyn FnMut(&ItemKey, &Seen),
    ) -> Result<(), AgentError> {
        Self::seen_below(self, watch, visit)
    }
}

impl CaptureTurn {
    fn note_read(&mut self, sighting: &Sighting, read: &Read) {
        self.records += usize::try_from(read.understood + read.not_understood).unwrap_or(0);
        self.not_understood += usize::try_from(read.not_understood).unwrap_or(0);
        match self.read.iter_mut().find(|(watch, _)| *watch == sighting.watch) {
            Some((_, sum)) => {
                sum.understood += read.understood;
                sum.not_understood += read.not_understood;
                sum.last = read.last.clone().or(sum.last.take());
            }
            None => self.read.push((sighting.watch.clone(), read.clone())),
        }
    }
}

/// Looks once through every collector. An error means that the vault could not take what was seen;
/// nothing of the commit at hand is durable, and the next turn sees it again.
pub(crate) fn turn(
    vault: &Vault,
    clock: &dyn Clock,
    watched: &mut [Watched],
) -> Result<CaptureTurn, AgentError> {
    let mut turn = CaptureTurn::default();
    let mut group = Group::default();
    for at in 0..watched.len() {
        let now = clock.now();
        let watch = &mut watched[at];
        watch.recall(vault)?;
        match watch.collector.look(vault, now, MAX_COMMIT.0) {
            Err(error) => {
                watch.fails(vault, clock, &error);
                turn.failed.push((watch.collector.watch().clone(), error));
            }
            Ok(looked) => {
                turn.more |= looked.more;
                turn.unsettled += looked.unsettled;
                turn.expecting |= looked.expecting;
                let name = watch.collector.watch();
                let (sightings, unsettled) = (looked.sightings.len(), looked.unsettled);
                turn.by_watch.push((name.clone(), Counts { sightings, unsettled }));
                let said = looked.complaints.into_iter();
                turn.complaints.extend(said.map(|(item, why)| (name.clone(), item, why)));
                if let Some(why) = looked.blind {
                    let name = name.clone();
                    watch.fails(vault, clock, &why);
                    turn.blind.push((name, why));
                } else if watch.failing.is_some() && !looked.undecided {
                    group.back.push((at, recovered(watch, clock)));
                }
                for sighting in looked.sightings {
                    group.bytes += size_in_memory(&sighting);
                    group.sightings.push((at, sighting));
                }
            }
        }
        if group.sightings.len() >= MAX_COMMIT.0 || group.bytes >= MAX_COMMIT.1 {
            take(vault, clock, watched, std::mem::take(&mut group), &mut turn)?;
        }
    }
    take(vault, clock, watched, group, &mut turn)?;
    Ok(turn)
}

/// What goes into one commit, each with the number of its watch.
#[derive(Default)]
struct Group {
    sightings: Vec<(usize, Sighting)>,
    /// Watches that can look again, with the outage if it was one.
    back: Vec<(usize, Option<Gap>)>,
    bytes: u64,
}

fn size_in_memory(sighting: &Sighting) -> u64 {
    match &sighting.content {
        Content::Bytes(bytes) => bytes.len() as u64,
        Content::File(_) => 0,
    }
}

/// The outage of a watch of which something can be captured again, if it could not for longer than it
/// may. It goes on until the record that says so is durable.
fn recovered(watch: &Watched, clock: &dyn Clock) -> Option<Gap> {
    let Failing { wall, since_start, boot, reason } = watch.failing.clone()?;
    let (now, passed) = (clock.now(), clock.monotonic().checked_sub(since_start));
    let by_wall = || Duration::from_millis(now.0.saturating_sub(wall.0));
    // Behind another start of the machine only the wall's clock can tell.
    let length = passed.filter(|_| boot == clock.boot()).unwrap_or_else(by_wall);
    if length <= watch.patience {
        return None;
    }
    let name = &watch.collector.watch().0;
    let reason = format!("the watch {name} could not look: {reason}");
    Some(Gap { start: wall, end: now, reason, note: None, lost: None })
}

/// Commits a group. What could not be taken has not been seen, however well it could be looked at.
fn take(
    vault: &Vault,
    clock: &dyn Clock,
    watched: &mut [Watched],
    group: Group,
    turn: &mut CaptureTurn,
) -> Result<(), AgentError> {
    let concerned: BTreeSet<usize> = group.sightings.iter().map(|(at, _)| *at).collect();
    let taken = commit(vault, clock, watched, group, turn);
    if let Err(error) = &taken {
        concerned.into_iter().for_each(|at| watched[at].fails(vault, clock, error));
    }
    taken
}

fn commit(
    vault: &Vault,
    clock: &dyn Clock,
    watched: &mut [Watched],
    group: Group,
    turn: &mut CaptureTurn,
) -> Result<(), AgentError> {
    let is_said = group.back.iter().all(|(_, gap)| gap.is_none());
    if group.sightings.is_empty() && is_said {
        return group.back.iter().try_for_each(|(at, _)| watched[*at].works(vault));
    }
    let back = group.back.iter().map(|(at, _)| *at);
    let kept: Vec<usize> = back.filter(|at| watched[*at].is_kept(vault)).collect();
    let mut capture = vault.capture()?;
    let now = clock.now();
    for (at, gap) in &group.back {
        // In one commit: an outage that is stated goes on no longer, so it is stated once.
        capture.clear_state(&watched[*at].row());
        if let Some(gap) = gap {
            capture.put_pending(&watched[*at].source, gap.to_pending(now));
        }
    }
    let settled = put_all(&mut capture, watched, &group.sightings, turn)?;
    if let Err(error) = capture.commit() {
        // It may have been made all the same. Of what had no row nothing is known: better stated twice.
        for at in kept {
            if watched[at].is_gone(vault) {
                watched[at].failing = None;
            }
        }
        return Err(error);
    }
    group.back.iter().for_each(|(at, _)| watched[*at].failing = None);
    for (at, tokens) in settled {
        let collector = &mut watched[at].collector;
        if let Err(error) = collector.settled(&tokens) {
            turn.failed.push((collector.watch().clone(), error));
        }
    }
    Ok(())
}

/// Puts sightings into a capture, part by part, and gives the tokens of those that are in it by watch.
/// While this core stores one part, the others read what is in the next.
fn put_all(
    capture: &mut Capture<'_>,
    watched: &[Watched],
    sightings: &[(usize, Sighting)],
    turn: &mut CaptureTurn,
) -> Result<BTreeMap<usize, Vec<u64>>, AgentError> {
    let mappings: Vec<&Mapping> = watched.iter().map(|watch| &watch.mapping).collect();
    let mut settled: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let mut parts = sightings.chunks(PART);
    let mut next = parts.next().map(|part| (part, understand(&mappings, part)));
    while let Some((part, understood)) = next.take() {
        let behind = parts.next();
        let mut understood_behind = Vec::new();
        rayon::in_place_scope(|scope| {
            if let Some(part) = behind {
                scope.spawn(|_| understood_behind = understand(&mappings, part));
            }
            for ((at, sighting), understood) in part.iter().zip(understood) {
                if put_one(capture, &watched[*at], sighting, understood, turn)? {
                    settled.entry(*at).or_default().push(sighting.token);
                }
            }
            Ok::<_, AgentError>(())
        })?;
        next = behind.map(|part| (part, understood_behind));
    }
    Ok(settled)
}

/// Puts a sighting into a capture, and says whether it is in it.
fn put_one(
    capture: &mut Capture<'_>,
    watch: &Watched,
    sighting: &Sighting,
    understood: Understood<'_>,
    turn: &mut CaptureTurn,
) -> Result<bool, AgentError> {
    let stored = match store(capture, sighting, understood.hashed.as_ref())? {
        Ok(stored) => stored,
        Err(reason) => {
            let item = String::from_utf8_lossy(&sighting.name).into_owned();
            turn.complaints.push((sighting.watch.clone(), item, Trouble::Unreadable(reason)));
            return Ok(false);
        }
    };
    let made = put(capture, watch, sighting, &stored, understood.readings)?;
    turn.note_read(sighting, &made);
    capture.put_seen(&sighting.watch, &sighting.key, &sighting.now);
    turn.sightings += 1;
    turn.bytes += stored.size;
    Ok(true)
}

/// Stores evidence. The inner error is the item's own: a file that changed since it was seen, which
/// is seen again when it is stable.
fn store(
    capture: &mut Capture<'_>,
    sighting: &Sighting,
    hashed: Option<&Hashed<'_>>,
) -> Result<Result<Stored, String>, AgentError> {
    if let Some(hashed) = hashed {
        return capture.store_hashed(hashed).map(Ok);
    }
    let Content::File(own) = &sighting.content else {
        return capture.store(&sighting.content).map(Ok);
    };
    match capture.store(&sighting.content) {
        // Of a piece of a growing file, `now` has the hash of the whole.
        Ok(stored) if sighting.prefix.is_none() && stored.sha256 != sighting.now.sha256 => {
            Ok(Err("it changed after it was seen".to_string()))
        }
        Err(AgentError::File { path, error }) if path == *own => Ok(Err(error.to_string())),
        other => other.map(Ok),
    }
}

/// Puts the records of one sighting into the queue, and says how they were read.
fn put(
    capture: &mut Capture<'_>,
    watch: &Watched,
    sighting: &Sighting,
    stored: &Stored,
    readings: Vec<Reading>,
) -> Result<Read, AgentError> {
    let item = chain::item(&sighting.watch, &sighting.key);
    // A piece of a growing file follows its prefix and replaces nothing.
    let replaced = sighting.before.as_ref().filter(|_| sighting.prefix.is_none());
    let mut read = Read::default();
    for reading in readings {
        let part = Part::of(capture, sighting, stored, &reading)?;
        let values = values_of(sighting, &part, &reading);
        let (reading, values) = match record::check(reading.kind, &values) {
            Ok(()) => (reading, values),
            // A value of the report does not fit in a field. The bytes are still evidence.
            Err(reason) => {
                let (range, unpacked) = (reading.range, reading.unpacked);
                let reading = Reading::attachment(range.len(), &reason, reading.media_type);
                let reading = Reading { range, unpacked, ..reading };
                let values = values_of(sighting, &part, &reading);
                (reading, values)
            }
        };
        if reading.recognised {
            read.understood += 1;
        } else {
            read.not_understood += 1;
            let item = String::from_utf8_lossy(&sighting.name).into_owned();
            read.last = Some((item, reading.interpreted.clone()));
        }
        let added = chain::link(
            capture,
            &Linked {
                reading: &reading,
                sha256: part.sha256,
                whole: stored.sha256,
                item: &item,
                before: replaced.map(|before| before.sha256),
                seen: sighting.now.seen,
                oven: watch.oven.as_deref(),
            },
        )?;
        let kind = reading.kind.as_str().to_string();
        let values = fitting(reading.kind, values, added);
        let (evidence, seen) = (Some(part.whole), sighting.now.seen);
        capture.put_pending(&watch.source, Pending { kind, values, evidence, seen });
    }
    Ok(read)
}

/// The bytes that one reading is of.
struct Part {
    sha256: Hash256,
    size: u64,
    /// What they are a part of: all that came in, or what was unpacked from it.
    whole: Hash256,
    /// Where they begin, if they are not all of it.
    start: Option<usize>,
}

impl Part {
    /// Finds the part, and keeps what was unpacked beside what came in.
    fn of(
        capture: &mut Capture<'_>,
        sighting: &Sighting,
        stored: &Stored,
        reading: &Reading,
    ) -> Result<Self, AgentError> {
        let Content::Bytes(bytes) = &sighting.content else {
            let (sha256, size) = (stored.sha256, stored.size);
            return Ok(Self { sha256, size, whole: sha256, start: None });
        };
        let whole = match &reading.unpacked {
            Some(unpacked) => capture.store(&Content::Bytes(unpacked.to_vec()))?,
            None => stored.clone(),
        };
        let part = reading.exact(bytes);
        let (size, start) = (part.len() as u64, reading.range.start);
        if size == whole.size {
            return Ok(Self { sha256: whole.sha256, size, whole: whole.sha256, start: None });
        }
        let (sha256, whole) = (Hash::of(part).into(), whole.sha256);
        Ok(Self { sha256, size, whole, start: Some(start) })
    }
}

/// All values of a record but those of its links.
fn values_of(sighting: &Sighting, part: &Part, reading: &Reading) -> BTreeMap<String, Vec<u8>> {
    let mut values = reading.values.clone();
    let mut put = |name: &str, value: String| values.insert(name.to_string(), value.into_bytes());
    put("file/sha256", encode_hex(&part.sha256.0));
    put("file/size", part.size.to_string());
    put("media-type", reading.media_type.unwrap_or_else(|| media_type(&sighting.name)).to_string());
    put("interpreted", reading.interpreted.clone());
    put("seen", clock::format(sighting.now.seen));
    if let Some(start) = part.start {
        put("part/of-sha256", encode_hex(&part.whole.0));
        put("part/start", start.to_string());
    }
    if let Some((size, sha256)) = sighting.prefix {
        put("append/prefix", size.to_string());
        put("append/prefix-sha256", encode_hex(&sha256.0));
    }
    if sighting.now.version > 1 {
        put("file/version", sighting.now.version.to_string());
    }
    values.insert("file/name".to_string(), sighting.name.clone());
    values
}

/// The values with those of links, as far as there is room: what the report says comes first.
fn fitting(
    kind: Kind,
    values: BTreeMap<String, Vec<u8>>,
    added: chain::Added,
) -> BTreeMap<String, Vec<u8>> {
    let names: Vec<String> = added.keys().cloned().collect();
    let mut all = values;
    all.extend(added);
    if record::check(kind, &all).is_ok() {
        return all;
    }
    let added: Vec<_> = names.into_iter().filter_map(|name| all.remove_entry(&name)).collect();
    for (name, value) in added {
        all.insert(name.clone(), value);
        if record::check(kind, &all).is_err() {
            all.remove(&name);
        }
    }
    all
}

/// The media type that the end of the name claims, where the content did not tell.
fn media_type(name: &[u8]) -> &'static str {
    let end = name.iter().rposition(|byte| *byte == b'.').map_or(&b""[..], |dot| &name[dot + 1..]);
    match end.to_ascii_lowercase().as_slice() {
        b"csv" => "text/csv",
        b"jpg" | b"jpeg" => "image/jpeg",
        b"json" => "application/json",
        b"pdf" => "application/pdf",
        b"png" => "image/png",
        b"txt" => "text/plain",
        b"xml" => "application/xml",
        _ => "application/octet-stream",
    }
}
