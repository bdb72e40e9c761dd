//! From what the turns did to what people are shown: the status, the alarms, a line now and then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use spec::key::KeyName;

use super::config::Config;
use super::status::{
    Alarm, AlarmCode, DiskStatus, ReceiptStatus, SourceStatus, Status, WatchStatus,
};
use crate::cli::Language;
use crate::clock::{Clock, TimeService};
use crate::error::AgentError;
use crate::model::{UnixMillis, WatchName};
use crate::spool::capture::CaptureTurn;
use crate::spool::resume;
use crate::spool::seal::SealTurn;
use crate::spool::send::SendTurn;
use crate::vault::{SpaceLimits, SpaceWarning, Stage, Vault};

/// How often the status is put together, and how often the disk is asked.
const EVERY_MILLIS: u64 = 1000;
const DISK_EVERY_MILLIS: u64 = 60_000;

/// How many complaints a watch shows.
const MAX_COMPLAINTS: usize = 20;

/// What the sender's thread tells.
#[derive(Default)]
pub(crate) struct Sending {
    /// The vault failed it: the run ends.
    pub(crate) failed: bool,
    away: Option<String>,
    unlisted: BTreeMap<KeyName, String>,
    lies: Vec<String>,
    /// Lines that nobody has printed yet.
    news: Vec<String>,
}

impl Sending {
    /// Takes in what a turn did.
    pub(crate) fn note(&mut self, turn: SendTurn) {
        if turn.away != self.away {
            self.news.extend(turn.away.iter().map(|why| format!("the log: {why}")));
            if turn.away.is_none() {
                self.news.push("the log answers again".to_string());
            }
            self.away = turn.away;
        }
        for (source, refusal) in turn.unlisted {
            let known = self.unlisted.insert(source.clone(), refusal.detail.clone());
            if known.is_none() {
                self.news.push(format!("{source}: {}", refusal.detail));
            }
        }
        for (source, _, _) in &turn.anchored {
            self.unlisted.remove(source);
        }
        for (source, refusal) in turn.stopped {
            self.news.push(format!("{source} STOPPED: {}", refusal.detail));
        }
        for resumed in turn.resumed {
            let lost = resumed.lost.map_or_else(String::new, |(first, last)| {
                format!("; statements {first} to {last} cannot be opened any more")
            });
            self.news.push(format!("{} goes on at {}{lost}", resumed.source, resumed.next));
        }
        for lie in turn.lies {
            self.news.push(lie.to_string());
            self.lies.push(lie.to_string());
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
}

/// Puts the status together.
pub(crate) struct Observer {
    language: Language,
    started: UnixMillis,
    lag_alarm_millis: u64,
    limits: SpaceLimits,
    layout: Vec<(KeyName, Vec<(WatchName, String)>)>,
    looks: BTreeMap<WatchName, Looks>,
    sending: Arc<Mutex<Sending>>,
    capture_failure: Option<String>,
    seal_failures: BTreeMap<KeyName, String>,
    receipts: BTreeMap<KeyName, ReceiptStatus>,
    disk: (DiskStatus, Option<Alarm>),
    made: Option<UnixMillis>,
    disk_asked: Option<UnixMillis>,
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
            let watches = watches.map(|watch| (watch.name.clone(), watch.kind.clone())).collect();
            (source.name.clone(), watches)
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
            Err(error) => Some(error.to_string()),
        };
        if failure != self.capture_failure {
            failure.iter().for_each(|why| say(&format!("nothing is captured: {why}")));
            self.capture_failure = failure;
        }
        for one in &sealed.sealed {
            self.seal_failures.remove(&one.source);
        }
        for (source, error) in &sealed.failed {
            let why = error.to_string();
            if self.seal_failures.insert(source.clone(), why.clone()).as_ref() != Some(&why) {
                say(&format!("{source}: {why}"));
            }
        }
        let news =
            std::mem::take(&mut self.sending.lock().unwrap_or_else(PoisonError::into_inner).news);
        news.iter().for_each(|line| say(line));
    }

    fn note_capture(&mut self, now: UnixMillis, turn: CaptureTurn, say: &mut dyn FnMut(&str)) {
        for (watch, count) in turn.by_watch {
            let looks = self.looks.entry(watch).or_default();
            (looks.looked, looks.blind) = (Some(now), None);
            looks.captured += count.sightings as u64;
            looks.unsettled = count.unsettled as u64;
        }
        for (watch, item, why) in turn.complaints {
            let why = why.text(self.language);
            say(&format!("{}: {item}: {why}", watch.0));
            let complaints = &mut self.looks.entry(watch).or_default().complaints;
            complaints.retain(|(known, _)| *known != item);
            complaints.insert(0, (item, why));
            complaints.truncate(MAX_COMPLAINTS);
        }
        for (watch, why) in turn.blind {
            self.looks.entry(watch).or_default().blind = Some(why.text(self.language));
        }
        for (watch, error) in turn.failed {
            let why = error.to_string();
            let looks = self.looks.entry(watch.clone()).or_default();
            if looks.blind.as_ref() != Some(&why) {
                say(&format!("{}: {why}", watch.0));
            }
            looks.blind = Some(why);
        }
    }

    /// The status, if it is time for one. What the vault cannot tell is an alarm.
    pub(crate) fn status(&mut self, vault: &Vault, clock: &dyn Clock) -> Option<Status> {
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
        let watches = watches.iter().map(|(watch, kind)| {
            let looks = self.looks.get(watch);
            WatchStatus {
                name: watch.0.clone(),
                kind: kind.clone(),
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
                let facts = format!("{free} of {total} bytes are free");
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
                raise(AlarmCode::Lag, &source.name, &format!("{} s", lag / 1000));
            }
        }
        if let Some(went_back) = vault.went_back() {
            raise(AlarmCode::WentBack, &vault.folder().display(), &format!("{went_back:?}"));
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
        }
        if clock.service() == TimeService::Unsynchronised {
            raise(AlarmCode::Clock, &"clock", &"the time service says that it is not in step");
        }
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        for lie in &sending.lies {
            raise(AlarmCode::LogRefused, &status.log, lie);
        }
        for (source, why) in &sending.unlisted {
            raise(AlarmCode::NotListed, source, why);
        }
        status.log_trouble.clone_from(&sending.away);
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
        witnessed: times.map(|times| times.latest.as_seconds()),
    }))
}
