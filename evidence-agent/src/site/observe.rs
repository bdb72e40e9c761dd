//! From what the turns did to what people are shown: the status, the alarms, a line now and then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use spec::key::KeyName;

use super::config::Config;
use super::journal::Journal;
use super::status::{
    Alarm, AlarmCode, DiskStatus, ReceiptStatus, SourceStatus, Status, WatchStatus,
};
use super::words;
use crate::cli::Language;
use crate::clock::{self, Clock, TimeService};
use crate::error::AgentError;
use crate::model::{UnixMillis, WatchName};
use crate::spool::capture::{CaptureTurn, Read};
use crate::spool::resume::{self, Resumed};
use crate::spool::seal::SealTurn;
use crate::spool::send::SendTurn;
use crate::vault::{SpaceLimits, SpaceWarning, Stage, Vault};

/// How often the status is put together, and how often the disk is asked.
const EVERY_MILLIS: u64 = 1000;
const DISK_EVERY_MILLIS: u64 = 60_000;

/// How many complaints a watch shows.
const MAX_COMPLAINTS: usize = 20;

/// For how long an item counts as unreadable after it was tried last: longer than the longest wait
/// between two tries.
const UNREADABLE_MILLIS: u64 = 20 * 60_000;

/// After how many items that were not understood, and none that was, the mapping is suspected; and
/// after how many in a row where there were others before.
const SUSPICIOUS: u64 = 3;
const SUSPICIOUS_LATER: u64 = 20;

/// What the sender's thread tells.
#[derive(Default)]
pub(crate) struct Sending {
    /// The vault failed it: the run ends.
    pub(crate) failed: bool,
    /// What is awaited of the log, or why it could not be asked.
    away: Option<String>,
    /// Whether it could not be asked, or lacks its witnesses.
    is_down: bool,
    unlisted: BTreeMap<KeyName, String>,
    lies: Vec<String>,
    /// Chains that were moved, of which nobody was told yet.
    resumed: Vec<Resumed>,
}

impl Sending {
    /// Takes in what a turn did.
    pub(crate) fn note(&mut self, turn: SendTurn) {
        // A turn in which nothing was asked knows nothing new: the pause after a failure goes on.
        if turn.asked {
            (self.is_down, self.away) = (turn.failed, turn.away);
        }
        for (source, refusal) in turn.unlisted {
            self.unlisted.insert(source, refusal.detail);
        }
        for (source, _, _) in &turn.anchored {
            self.unlisted.remove(source);
        }
        self.resumed.extend(turn.resumed);
        for lie in turn.lies.iter().map(ToString::to_string) {
            // The same lie at every turn is one alarm.
            if self.lies.len() < MAX_COMPLAINTS && !self.lies.contains(&lie) {
                self.lies.push(lie);
            }
        }
    }
}

/// One watch between two statuses.
#[derive(Default)]
struct Looks {
    looked: Option<UnixMillis>,
    captured: u64,
    unsettled: u64,
    complaints: Vec<(String, String)>,
    blind: Option<String>,
    /// Items that could not be read, and when that was tried last.
    unreadable: BTreeMap<String, (String, UnixMillis)>,
    read: Reading,
}

/// How the items of a watch were read since this process runs.
#[derive(Default)]
struct Reading {
    understood: u64,
    not_understood: u64,
    /// Those since the last that was understood.
    in_a_row: u64,
    /// The last of them and why not.
    last: Option<(String, String)>,
}

/// A watch as the configuration has it.
struct Layout {
    name: WatchName,
    kind: String,
    mapping: String,
}

/// Puts the status together.
pub(crate) struct Observer {
    language: Language,
    started: UnixMillis,
    lag_alarm_millis: u64,
    limits: SpaceLimits,
    layout: Vec<(KeyName, Vec<Layout>)>,
    looks: BTreeMap<WatchName, Looks>,
    sending: Arc<Mutex<Sending>>,
    capture_failure: Option<String>,
    seal_failures: BTreeMap<KeyName, String>,
    receipts: BTreeMap<KeyName, ReceiptStatus>,
    disk: (DiskStatus, Option<Alarm>),
    journal: Journal,
    made: Option<UnixMillis>,
    disk_asked: Option<UnixMillis>,
}

impl Reading {
    fn add(&mut self, read: Read) {
        self.understood += read.understood;
        self.not_understood += read.not_understood;
        self.in_a_row = if read.understood > 0 { 0 } else { self.in_a_row + read.not_understood };
        self.last = read.last.or(self.last.take());
    }

    /// How many were not understood, and the last of them, if it looks as if none ever would be.
    fn all_missed(&self) -> Option<(u64, &(String, String))> {
        let none = self.understood == 0 && self.not_understood >= SUSPICIOUS;
        let missed = (none || self.in_a_row >= SUSPICIOUS_LATER).then_some(self.in_a_row)?;
        Some((missed, self.last.as_ref()?))
    }
}

impl Observer {
    /// Begins with nothing seen.
    pub(crate) fn new(
        config: &Config,
        language: Language,
        started: UnixMillis,
        sending: Arc<Mutex<Sending>>,
    ) -> Self {
        let layout = config.sources.iter().map(|source| {
            let watches = source.watches.iter();
            let watches = watches.map(|watch| Layout {
                name: watch.name.clone(),
                kind: watch.kind.clone(),
                mapping: watch.mapping.clone(),
            });
            (source.name.clone(), watches.collect())
        });
        Self {
            language,
            started,
            lag_alarm_millis: config.lag_alarm.millis(),
            limits: config.space,
            layout: layout.collect(),
            looks: BTreeMap::new(),
            sending,
            capture_failure: None,
            seal_failures: BTreeMap::new(),
            receipts: BTreeMap::new(),
            disk: (DiskStatus::default(), None),
            journal: Journal::default(),
            made: None,
            disk_asked: None,
        }
    }

    /// Whether the sender ended because the vault failed it.
    pub(crate) fn sender_failed(&self) -> bool {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner).failed
    }

    /// Takes in what a round did, and says what is new.
    pub(crate) fn note(
        &mut self,
        now: UnixMillis,
        captured: Result<CaptureTurn, AgentError>,
        sealed: &SealTurn,
        say: &mut dyn FnMut(&str),
    ) {
        let failure = match captured {
            Ok(turn) => {
                self.note_capture(now, turn, say);
                None
            }
            Err(error) => Some(error.message(self.language)),
        };
        self.capture_failure = failure;
        for one in &sealed.sealed {
            self.seal_failures.remove(&one.source);
        }
        for (source, error) in &sealed.failed {
            self.seal_failures.insert(source.clone(), error.message(self.language));
        }
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let resumed = std::mem::take(&mut sending.resumed);
        drop(sending);
        resumed.iter().for_each(|resumed| say(&words::resumed(resumed, self.language)));
    }

    fn note_capture(&mut self, now: UnixMillis, turn: CaptureTurn, say: &mut dyn FnMut(&str)) {
        for (watch, count) in turn.by_watch {
            let looks = self.looks.entry(watch).or_default();
            (looks.looked, looks.blind) = (Some(now), None);
            looks
                .unreadable
                .retain(|_, (_, last)| now.0.saturating_sub(last.0) < UNREADABLE_MILLIS);
            looks.captured += count.sightings as u64;
            looks.unsettled = count.unsettled as u64;
        }
        for (watch, why) in turn.blind {
            let why = why.text(self.language);
            self.looks.entry(watch).or_default().blind = Some(why);
        }
        for (watch, read) in turn.read {
            self.looks.entry(watch).or_default().read.add(read);
        }
        for (watch, item, trouble) in turn.complaints {
            let why = trouble.text(self.language);
            let looks = self.looks.entry(watch.clone()).or_default();
            let is_lasting = trouble.is_lasting();
            if is_lasting && looks.unreadable.len() < MAX_COMPLAINTS && looks.blind.is_none() {
                looks.unreadable.insert(item.clone(), (why.clone(), now));
            }
            // What lasts is an alarm, which is said when it begins and when it ends.
            if !is_lasting {
                say(&format!("{}: {item}: {why}", watch.0));
            }
            let complaints = &mut looks.complaints;
            complaints.retain(|(known, _)| *known != item);
            complaints.insert(0, (item, why));
            complaints.truncate(MAX_COMPLAINTS);
        }
        for (watch, error) in turn.failed {
            self.looks.entry(watch).or_default().blind = Some(error.message(self.language));
        }
    }

    /// The status, if it is time for one. What the vault cannot tell is an alarm.
    pub(crate) fn status(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        say: &mut dyn FnMut(&str),
    ) -> Option<Status> {
        let now = clock.now();
        if self.made.is_some_and(|made| now >= made && now.0 - made.0 < EVERY_MILLIS) {
            return None;
        }
        self.made = Some(now);
        let mut status = Status {
            version: env!("CARGO_PKG_VERSION").to_string(),
            started: self.started,
            made: now,
            log: vault.log().to_string(),
            ..Status::default()
        };
        for at in 0..self.layout.len() {
            let source = self.layout[at].0.clone();
            match self.source(vault, at) {
                Ok(one) => status.sources.push(one),
                Err(error) => {
                    status.alarms.push(alarm(AlarmCode::CaptureFailed, &source, &error));
                }
            }
        }
        self.ask_disk(vault, now);
        status.disk = self.disk.0;
        self.alarms(vault, clock, &mut status);
        status.alarms.sort_by_key(|alarm| alarm.code);
        self.journal.compare(&status.alarms, self.language, say);
        Some(status)
    }

    fn source(&mut self, vault: &Vault, at: usize) -> Result<SourceStatus, AgentError> {
        let (name, watches) = &self.layout[at];
        let head = vault.head(name)?;
        let oldest = vault.unanchored(name, 1)?.into_iter().next();
        let waiting_from =
            oldest.as_ref().map_or(head.next_sequence, |kept| kept.statement.sequence());
        if let Some(sequence) = waiting_from.checked_sub(1)
            && self.receipts.get(name).is_none_or(|known| known.sequence != sequence)
            && let Some(receipt) = receipt(vault, name, sequence)?
        {
            self.receipts.insert(name.clone(), receipt);
        }
        let watches = watches.iter().map(|Layout { name: watch, kind, mapping }| {
            let looks = self.looks.get(watch);
            WatchStatus {
                name: watch.0.clone(),
                kind: kind.clone(),
                mapping: mapping.clone(),
                understood: looks.map_or(0, |looks| looks.read.understood),
                not_understood: looks.map_or(0, |looks| looks.read.not_understood),
                looked: looks.and_then(|looks| looks.looked),
                unsettled: looks.map_or(0, |looks| looks.unsettled),
                captured: looks.map_or(0, |looks| looks.captured),
                complaints: looks.map_or_else(Vec::new, |looks| looks.complaints.clone()),
            }
        });
        Ok(SourceStatus {
            name: name.to_string(),
            watches: watches.collect(),
            pending: vault.pending_count(name)?,
            next_sequence: head.next_sequence,
            sealed: (head.next_sequence > 0).then_some(head.sealed),
            unanchored: head.next_sequence - waiting_from,
            waiting_since: oldest.map(|kept| kept.sealed),
            receipt: self.receipts.get(name).cloned(),
            stopped: resume::stopped(vault, name)?.map(|stopped| stopped.detail),
        })
    }

    fn ask_disk(&mut self, vault: &Vault, now: UnixMillis) {
        let asked = self.disk_asked;
        if asked.is_some_and(|asked| now >= asked && now.0 - asked.0 < DISK_EVERY_MILLIS) {
            return;
        }
        self.disk_asked = Some(now);
        let about = vault.folder().display().to_string();
        self.disk = match vault.space(now, &self.limits) {
            Err(error) => {
                let facts = error.to_string();
                let alarm = Alarm { code: AlarmCode::CaptureFailed, about, facts };
                (DiskStatus::default(), Some(alarm))
            }
            Ok(space) => {
                let (free, total) = space.room.map_or((0, 0), |room| (room.free, room.total));
                let days_left = match space.warning {
                    Some(SpaceWarning::Days(days)) => Some(days),
                    _ => space.growth.filter(|growth| *growth > 0).map(|growth| free / growth),
                };
                let facts = words::room(free, total, self.language);
                let alarm = space.warning.map(|warning| Alarm {
                    code: match warning {
                        SpaceWarning::Full => AlarmCode::DiskFull,
                        SpaceWarning::Percent(_) | SpaceWarning::Days(_) => AlarmCode::DiskFilling,
                    },
                    about,
                    facts,
                });
                (DiskStatus { free, total, days_left }, alarm)
            }
        };
    }

    fn alarms(&self, vault: &Vault, clock: &dyn Clock, status: &mut Status) {
        let mut alarms = Vec::new();
        let mut raise = |code, about: &dyn ToString, facts: &dyn ToString| {
            alarms.push(Alarm { code, about: about.to_string(), facts: facts.to_string() });
        };
        for source in &status.sources {
            if let Some(why) = &source.stopped {
                raise(AlarmCode::ChainStopped, &source.name, why);
            }
            let lag = source.waiting_since.map_or(0, |since| status.made.0.saturating_sub(since.0));
            if lag > self.lag_alarm_millis {
                raise(AlarmCode::Lag, &source.name, &words::lag(source, lag, self.language));
            }
        }
        if let Some(went_back) = vault.went_back() {
            let facts = words::went_back(&went_back, self.language);
            raise(AlarmCode::WentBack, &vault.folder().display(), &facts);
        }
        if let Some(why) = &self.capture_failure {
            raise(AlarmCode::CaptureFailed, &vault.folder().display(), why);
        }
        for (source, why) in &self.seal_failures {
            raise(AlarmCode::SealFailed, source, why);
        }
        for (watch, looks) in &self.looks {
            if let Some(why) = &looks.blind {
                raise(AlarmCode::WatchBlind, &watch.0, why);
            }
            if let Some((item, (why, _))) = looks.unreadable.first_key_value() {
                let facts = words::unreadable(looks.unreadable.len(), item, why, self.language);
                raise(AlarmCode::Unreadable, &watch.0, &facts);
            }
            let layout = self.layout.iter().flat_map(|(_, watches)| watches);
            let mapping = layout.filter(|layout| layout.name == *watch).map(|l| &l.mapping).next();
            if let Some((count, (item, why))) = looks.read.all_missed() {
                let mapping = mapping.map_or("", String::as_str);
                let facts = words::not_understood(count, mapping, item, why, self.language);
                raise(AlarmCode::NotUnderstood, &watch.0, &facts);
            }
        }
        if clock.service() == TimeService::Unsynchronised {
            raise(AlarmCode::Clock, &"clock", &words::out_of_step(self.language));
        }
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        for lie in &sending.lies {
            raise(AlarmCode::LogRefused, &status.log, lie);
        }
        for (source, why) in &sending.unlisted {
            raise(AlarmCode::NotListed, source, &words::of(why, self.language));
        }
        if sending.is_down {
            let why = sending.away.as_deref().unwrap_or_default();
            let why = words::of(why, self.language);
            raise(AlarmCode::LogDown, &status.log, &why);
        }
        let away = sending.away.as_deref();
        status.log_trouble = away.map(|why| words::of(why, self.language));
        status.log_down = sending.is_down;
        status.alarms.extend(alarms);
        status.alarms.extend(self.disk.1.clone());
    }
}

fn alarm(code: AlarmCode, about: &KeyName, error: &AgentError) -> Alarm {
    Alarm { code, about: about.to_string(), facts: error.to_string() }
}

/// What the receipt of a statement says; `None` while it is not anchored.
fn receipt(
    vault: &Vault,
    source: &KeyName,
    sequence: u64,
) -> Result<Option<ReceiptStatus>, AgentError> {
    let Some(kept) = vault.statement(source, sequence)? else {
        return Ok(None);
    };
    let (Stage::Anchored(index), Some(proof)) = (kept.stage, vault.receipt(source, sequence)?)
    else {
        return Ok(None);
    };
    let accepted = vault.policy().check(proof.checkpoint()).ok();
    let times = accepted.and_then(|accepted| accepted.times());
    Ok(Some(ReceiptStatus {
        sequence,
        index,
        logged: kept.logged.unwrap_or_default(),
        witnessed: times.map(|times| clock::format_seconds(times.latest.as_seconds())),
    }))
}
