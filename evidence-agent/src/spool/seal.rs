//! The seal turn: at each source's tick one statement, whether anything was made or not.
//!
//! ```text
//! 1. the chain's end, the oldest pending records, the newest verified checkpoint   read
//! 2. what the spool itself has to say: an outage, a closing                        first in the batch
//! 3. salts, tags, the batch, the signature                                         in memory
//! 4. what the day counts                                                           a row, repeatable
//! 5. the statement with its opening                                                THE COMMIT POINT
//! ```
//!
//! A tick without records has a heartbeat: nobody outside can tell it from a full statement, so
//! neither the volume nor the shifts of a factory show. One case shows volume: where more records
//! wait than one statement holds, they go out one statement after the other in the same tick.
//!
//! Danger: two statements at one sequence split a chain for ever. Whatever makes the chain's end
//! doubtful (see `resume`) holds the source here, and its records wait.

use std::time::Duration;

use rayon::prelude::*;
use spec::Hash;
use spec::evidence::batch::{Batch, Header, MAX_RECORDS, Place, commitment};
use spec::evidence::disclosure::MAX_DISCLOSURE_SIZE;
use spec::evidence::multiproof::root_of;
use spec::evidence::record::Record;
use spec::evidence::statement::{After, Draft};
use spec::key::KeyName;
use spec::note::Note;
use spec::policy::AcceptedCheckpoint;
use spec::tree::Tree;

use super::clock::{ClockWatch, word};
use super::closing::{self, Tally};
use super::outage::{self, Gap};
use super::record::{opening_cost, to_record};
use super::resume;
use super::salts::Salts;
use super::schedule::{DayEnd, Plan, Ticks};
use super::tags::Tagger;
use crate::clock::{self, Clock};
use crate::error::AgentError;
use crate::import;
use crate::model::{Pending, UnixMillis};
use crate::vault::{Head, Judged, Sealed, Vault};

/// The most records of a statement besides its header.
const MAX_EVIDENCE: usize = MAX_RECORDS - 1;

/// How many pending records are read first: enough for most ticks.
const FIRST_PAGE: usize = 512;

/// How many records one core makes at least: so many share salts that were drawn at once.
const EACH: usize = 256;

/// How large the whole opening of a statement may be reckoned to be.
const MAX_OPENING_COST: usize = MAX_DISCLOSURE_SIZE - 1024 * 1024;

/// How often the last look at the clock is made durable.
const KEEP_CLOCK: Duration = Duration::from_secs(30);

/// The sealer of all sources of a vault.
pub(crate) struct Sealer {
    sources: Vec<Source>,
    watch: ClockWatch,
    salts: Salts,
    /// When this run began: a statement before it was another run's.
    started: UnixMillis,
    clock_kept: Option<Duration>,
    /// Whether the sources speak at their ticks, so that a silence is a gap and a day has an end.
    is_watching: bool,
}

struct Source {
    plan: Plan,
    ticks: Ticks,
    /// When its next tick is, in time since the machine's start.
    due: Duration,
    /// When this run sealed last, likewise.
    spoke: Option<Duration>,
    /// When its open batch was opened.
    opened: UnixMillis,
    /// Up to which note of the clock its statements have told.
    heard: u64,
    /// Why the last tick had no statement.
    failure: Option<String>,
}

/// A statement that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedNow {
    /// Whose.
    pub(crate) source: KeyName,
    /// Which.
    pub(crate) sequence: u64,
    /// How many records it has; none is a heartbeat.
    pub(crate) records: usize,
}

/// What a turn did.
#[derive(Debug, Default)]
pub(crate) struct SealTurn {
    /// The statements, in order.
    pub(crate) sealed: Vec<SealedNow>,
    /// The sources that could not speak, and why. They are tried again at their next tick.
    pub(crate) failed: Vec<(KeyName, AgentError)>,
}

impl Sealer {
    /// Prepares the sealing of every planned source.
    pub(crate) fn new(
        vault: &Vault,
        clock: &dyn Clock,
        plans: Vec<Plan>,
    ) -> Result<Self, AgentError> {
        let (now, since_start) = (clock.now(), clock.monotonic());
        let mut sources = Vec::with_capacity(plans.len());
        for plan in plans {
            // A source that is not there, or whose key cannot be read, is said at once.
            vault.key(&plan.source)?;
            let ticks = Ticks::of(&plan);
            let due = since_start + ticks.until_next(now);
            let (opened, heard) = (now, 0);
            sources.push(Source { plan, ticks, due, spoke: None, opened, heard, failure: None });
        }
        let mut watch = ClockWatch::load(vault)?;
        watch.look(clock);
        let (salts, started) = (Salts::new(), now);
        Ok(Self { sources, watch, salts, started, clock_kept: None, is_watching: true })
    }

    /// Prepares the sealing of one source by hand: without ticks, no silence is a gap.
    pub(crate) fn one_shot(
        vault: &Vault,
        clock: &dyn Clock,
        source: &KeyName,
    ) -> Result<Self, AgentError> {
        let day_end = DayEnd { minute: 0, zone_minutes: 0 };
        let (cadence, late_after) = (Duration::from_secs(60), Duration::MAX);
        let plan = Plan { source: source.clone(), cadence, day_end, late_after };
        Ok(Self { is_watching: false, ..Self::new(vault, clock, vec![plan])? })
    }

    /// How long it is to the next tick of any source.
    pub(crate) fn wait(&self, clock: &dyn Clock) -> Duration {
        let due = self.sources.iter().map(|source| source.due).min();
        due.map_or(Duration::MAX, |due| due.saturating_sub(clock.monotonic()))
    }

    /// Seals a statement of every source whose tick has come.
    pub(crate) fn turn(&mut self, vault: &Vault, clock: &dyn Clock) -> SealTurn {
        self.watch.look(clock);
        let mut turn = SealTurn::default();
        let since_start = clock.monotonic();
        for at in 0..self.sources.len() {
            if self.sources[at].due > since_start {
                continue;
            }
            if let Err(error) = self.speak(vault, clock, at, &mut turn.sealed) {
                let source = &mut self.sources[at];
                source.failure = Some(error.to_string());
                source.due = since_start + source.ticks.until_next(clock.now());
                turn.failed.push((source.plan.source.clone(), error));
            }
        }
        if let Err(error) = self.keep_clock(vault, since_start)
            && let Some(first) = self.sources.first()
        {
            turn.failed.push((first.plan.source.clone(), error));
        }
        turn
    }

    /// Seals what waits for one source now, without regard to its ticks: for one-shot commands.
    pub(crate) fn seal_now(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        source: &KeyName,
    ) -> Result<Vec<SealedNow>, AgentError> {
        self.watch.look(clock);
        let mut sealed = Vec::new();
        if let Some(at) = self.sources.iter().position(|known| known.plan.source == *source) {
            self.speak(vault, clock, at, &mut sealed)?;
        }
        self.keep_clock(vault, clock.monotonic())?;
        Ok(sealed)
    }

    /// Seals what was waiting when the tick came, in one statement or, if it must be, in several.
    fn speak(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        at: usize,
        sealed: &mut Vec<SealedNow>,
    ) -> Result<(), AgentError> {
        resume::check_chain(vault, &self.sources[at].plan.source)?;
        let mut waiting = vault.pending_count(&self.sources[at].plan.source)?;
        loop {
            let (statement, taken) = self.seal_one(vault, clock, at)?;
            sealed.push(statement);
            let (now, since_start) = (clock.now(), clock.monotonic());
            let source = &mut self.sources[at];
            source.spoke = Some(since_start);
            source.opened = now;
            source.failure = None;
            source.due = since_start + source.ticks.after_speaking(now);
            waiting = waiting.saturating_sub(taken as u64);
            if waiting == 0 || taken == 0 {
                return Ok(());
            }
        }
    }

    fn seal_one(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        at: usize,
    ) -> Result<(SealedNow, usize), AgentError> {
        let now = clock.now();
        let source = &self.sources[at];
        let name = &source.plan.source;
        let head = vault.head(name)?;
        let sequence = head.next_sequence;

        let gap = self.gap(vault, source, &head, now, clock.monotonic())?;
        let tally = Tally::load(vault, name, &head)?;
        let closed = closing::closing(&source.plan, &head, tally, now).filter(|_| self.is_watching);
        let of_today = closed.as_ref().map_or(tally, |(_, next)| *next);
        let mut own: Vec<Pending> = gap.iter().map(|gap| gap.to_pending(now)).collect();
        own.extend(closed.map(|(closing, _)| closing));
        let (pending, through) = take(vault, name, MAX_EVIDENCE - own.len())?;
        let taken = pending.len();
        own.extend(pending);
        let counted = of_today.with(&own);

        let evidence: Vec<_> = own.iter().map(|pending| pending.evidence).collect();
        let records = records(vault, &source.plan, sequence, own, now)?;
        let (note, heard) = self.watch.notes(source.heard);
        let header = Header {
            first_record: head.next_record,
            opened: clock::format(source.opened),
            closed: clock::format(now),
            boot: clock.boot(),
            clock: word(clock.service()).to_string(),
            note,
            outage_reason: gap.map(|gap| gap.reason),
        };
        let place = Place { origin: vault.origin().clone(), source: name.clone(), sequence };
        let batch = Batch::new(place, header, records, self.salts.of_record()?)
            .map_err(|error| AgentError::Failed(error.to_string()))?;

        let newest = newest_known(vault)?.filter(|(_, accepted)| accepted.tree().size() > 0);
        let after = newest.as_ref().map_or(After::NOTHING, |(note, accepted)| {
            After::checkpoint(accepted.tree(), Hash::of(&note.to_bytes()))
                .expect("a verified tree with entries and the hash of its note")
        });
        if after.tree().size() < head.after {
            let reason = "a newer checkpoint than the vault holds was named before; ask the log";
            return Err(AgentError::vault(vault.folder(), reason));
        }
        // Read each time: a change of keys is effective from the next statement on.
        let key = vault.key(name)?;
        let (origin, commitment) = (vault.origin().clone(), commitment_of(&batch));
        let statement =
            Draft::new(origin, name.clone(), sequence, head.previous, after, commitment)
                .and_then(|draft| draft.sign(&key))
                .expect("the vault's chain gives sequence and previous, its key the name");
        counted.keep(vault, name, sequence, tally)?;
        let after = newest.as_ref().map(|(note, _)| note);
        let (statement, batch) = (&statement, &batch);
        let sealed = now;
        vault.seal(&Sealed { statement, batch, evidence: &evidence, after, through, sealed })?;
        let said = SealedNow { source: name.clone(), sequence, records: evidence.len() };
        self.sources[at].heard = heard;
        Ok((said, taken))
    }

    /// Why there were no statements before this one, if there should have been some.
    fn gap(
        &self,
        vault: &Vault,
        source: &Source,
        head: &Head,
        now: UnixMillis,
        since_start: Duration,
    ) -> Result<Option<Gap>, AgentError> {
        let name = &source.plan.source;
        if let Some(lost) = outage::lost_before(vault, name, head.next_sequence)? {
            return Ok(Some(lost.to_gap(head.sealed, now)));
        }
        if head.next_sequence == 0 || !self.is_watching {
            return Ok(None);
        }
        let silent = match source.spoke {
            Some(spoke) => since_start.saturating_sub(spoke),
            // Of the time before this run only the clock's word is left, and what the watch knows.
            None => Duration::from_millis(now.0.saturating_sub(head.sealed.0))
                .max(self.watch.since(head.sealed).unwrap_or_default()),
        };
        if silent <= source.ticks.every() * 2 {
            return Ok(None);
        }
        let reason = match (&source.failure, source.spoke) {
            (Some(failure), _) => format!("no statement could be made: {failure}"),
            (None, Some(_)) => "the agent was kept from running, or the machine slept".to_string(),
            (None, None) if self.watch.started_anew() => {
                "the agent was not running, and the machine was started anew".to_string()
            }
            (None, None) => "the agent was not running".to_string(),
        };
        let end =
            if source.spoke.is_none() && source.failure.is_none() { self.started } else { now };
        Ok(Some(Gap { start: head.sealed, end, reason, note: None, lost: None }))
    }

    /// Makes the last look at the clock durable once its notes are stated.
    fn keep_clock(&mut self, vault: &Vault, since_start: Duration) -> Result<(), AgentError> {
        let (_, next) = self.watch.notes(u64::MAX);
        let told =
            self.sources.iter().all(|source| source.heard == next || source.failure.is_some());
        let lately = self.clock_kept.is_some_and(|kept| since_start < kept + KEEP_CLOCK);
        if !told || lately {
            return Ok(());
        }
        self.watch.keep(vault)?;
        self.clock_kept = Some(since_start);
        Ok(())
    }
}

/// Makes the records of a statement on all cores, in their order. Each pending record is gone once its
/// own is made: a full statement is large enough once.
fn records(
    vault: &Vault,
    plan: &Plan,
    sequence: u64,
    pending: Vec<Pending>,
    now: UnixMillis,
) -> Result<Vec<Record>, AgentError> {
    let tagger = Tagger::new(vault, &plan.source, sequence, &pending)?;
    let make = |salts: &mut Salts, pending: Pending| {
        let mut more = Vec::new();
        more.extend(tagger.of(&pending)?.map(|tags| ("tags", tags)));
        more.extend(late(plan, &pending, now).map(|why| ("late", why.into_bytes())));
        to_record(pending, more, salts.of_record()?)
    };
    pending.into_par_iter().with_min_len(EACH).map_init(Salts::new, make).collect()
}

/// The commitment to a batch, its fields hashed on all cores.
fn commitment_of(batch: &Batch) -> Hash {
    let hashes: Vec<Hash> = batch.records().par_iter().map(Record::leaf_hash).collect();
    let tree = Tree::new(hashes.len() as u64, root_of(&hashes));
    commitment(batch.place(), tree.expect("a batch has at least its header"))
}

/// The newest checkpoint that this agent has verified, by its policy as it is now.
fn newest_known(vault: &Vault) -> Result<Option<(Note, AcceptedCheckpoint)>, AgentError> {
    let refused = match vault.checkpoint()? {
        None => return Ok(None),
        Some(Judged { note, accepted: Ok(accepted), .. }) => return Ok(Some((note, accepted))),
        Some(Judged { accepted: Err(refused), .. }) => refused,
    };
    // To name none would take back what the statement before has said. The sender asks for one.
    Err(AgentError::Failed(format!(
        "the newest checkpoint that is kept satisfied the policy before and does not satisfy it as \
         it is now ({refused}); no statement is made until the log shows one that does"
    )))
}

/// Takes the oldest pending records: as many as one statement holds and its opening may be large.
fn take(
    vault: &Vault,
    source: &KeyName,
    limit: usize,
) -> Result<(Vec<Pending>, Option<u64>), AgentError> {
    let mut page = vault.pending(source, limit.min(FIRST_PAGE))?;
    let cost = |page: &[(u64, Pending)]| -> usize {
        page.iter().map(|(_, pending)| opening_cost(pending)).sum()
    };
    if page.len() == FIRST_PAGE && cost(&page) < MAX_OPENING_COST {
        page = vault.pending(source, limit)?;
    }
    let (mut records, mut through, mut total) = (Vec::with_capacity(page.len()), None, 0);
    for (number, pending) in page {
        total += opening_cost(&pending);
        if total > MAX_OPENING_COST && !records.is_empty() {
            break;
        }
        through = Some(number);
        records.push(pending);
    }
    Ok((records, through))
}

/// Says that a record is late: sealed long after it was seen, or seen long after it claims to be.
fn late(plan: &Plan, pending: &Pending, now: UnixMillis) -> Option<String> {
    pending.evidence?;
    let behind = |from: UnixMillis, to: UnixMillis| {
        let behind = Duration::from_millis(to.0.saturating_sub(from.0));
        (behind > plan.late_after).then_some(behind.as_secs())
    };
    let end = pending.values.get("claimed/end").and_then(|end| std::str::from_utf8(end).ok());
    let start = || import::claimed_instant(&pending.values);
    let claimed = end.and_then(clock::parse).or_else(start);
    let seen = claimed.and_then(|claimed| behind(claimed, pending.seen));
    let seen = seen.map(|seconds| format!("seen {seconds} s after the time that it claims"));
    let sealed = behind(pending.seen, now);
    let sealed = sealed.map(|seconds| format!("sealed {seconds} s after it was seen"));
    match (seen, sealed) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(seen), Some(sealed)) => Some(format!("{seen}; {sealed}")),
    }
}
