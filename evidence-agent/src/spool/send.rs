//! The send turn: what is sealed goes to the log, and what the log proves is anchored.
//!
//! ```text
//! 1. the oldest unanchored statements of every source      a window, so that memory is bounded
//! 2. those without an index: many a request, in order      the same bytes however often
//! 3. the newest checkpoint, judged                         `logged` is when this agent held it
//! 4. those with an index below it: proofs from tiles       verified, then kept: anchored
//! ```
//!
//! Runs on a thread of its own. A log that is away stops only this, for weeks if it must be. The
//! pause between two attempts doubles up to a bound, with jitter, so that a thousand agents do not
//! come back in the same second; a pause that the log asks for is kept.
//!
//! A log that lacks what it has acknowledged is sent it again, before what comes behind it. A log that has
//! another statement at our place stops that one source (see `resume`); the others
//! go on. A log that does not list a source is asked again later: enrolment is somebody's work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use spec::key::KeyName;
use spec::note::Note;
use spec::policy::AcceptedCheckpoint;

use super::receipts::{self, MAX_AT_ONCE};
use super::salts::random;
use super::{checkpoint, resume};
use crate::clock::Clock;
use crate::error::AgentError;
use crate::log_client::{AddError, LogClient, MAX_BATCH, Refusal};
use crate::model::UnixMillis;
use crate::vault::{Kept, Stage, Vault};

/// How many statements of all sources are at work at once, and how many of one at least.
const WINDOW: (usize, usize) = (8192, 16);

/// The pauses after a failure: the first, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(300));

/// The same while somebody waits.
const HURRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// How long the requests of one turn may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The pauses while a checkpoint is awaited that covers what was sent.
const AWAIT: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(5));

/// After so many of these pauses, some 45 seconds, what is awaited is sent again, and then ever less often.
const RESEND: u32 = 16;

/// The pause while nothing waits: a new statement wakes the sender before.
const IDLE: Duration = Duration::from_secs(5);

/// How old the newest checkpoint may become before it is asked for without need: it is what the
/// next statements name as earlier.
const REFRESH: Duration = Duration::from_secs(30);

/// When a source that the log does not list is tried again.
const UNLISTED: Duration = Duration::from_secs(60);

/// The sender of a vault's statements.
pub(crate) struct Sender {
    log: LogClient,
    /// How long the requests of one turn may take; none if the caller says when it began.
    patience: Option<Duration>,
    /// The first pause after a failure, and the longest.
    pauses: (Duration, Duration),
    failures: u32,
    /// How often in a row a checkpoint was awaited.
    awaited: u32,
    /// Nothing is sent before this, in time since the machine's start.
    not_before: Duration,
    refreshed: Option<Duration>,
    /// The sources that the log does not list, and when each is tried again.
    unlisted: BTreeMap<KeyName, Duration>,
}

/// What a turn did.
#[derive(Debug, Default)]
pub(crate) struct SendTurn {
    /// How many statements the log took or had.
    pub(crate) sent: usize,
    /// What is anchored now: source, sequence and index.
    pub(crate) anchored: Vec<(KeyName, u64, u64)>,
    /// The sources that stopped in this turn, and what the log says.
    pub(crate) stopped: Vec<(KeyName, Refusal)>,
    /// The sources that the log refuses for now, and what it says.
    pub(crate) unlisted: Vec<(KeyName, Refusal)>,
    /// Chains whose end was moved behind lost statements.
    pub(crate) resumed: Vec<resume::Resumed>,
    /// Whether the log was asked anything; if not, nothing new is known of it.
    pub(crate) asked: bool,
    /// Whether the log could not be asked, or waits for its witnesses.
    pub(crate) failed: bool,
    /// Why the log could not be asked, or has not shown what is awaited.
    pub(crate) away: Option<String>,
    /// What the log showed that is not true. People have to look at this.
    pub(crate) lies: Vec<AgentError>,
    /// How long to wait before the next turn, unless something is sealed before.
    pub(crate) wait: Duration,
}

impl Sender {
    /// Prepares a sender to the vault's log.
    pub(crate) fn new(vault: &Vault) -> Self {
        Self {
            log: LogClient::new(vault.log()),
            patience: Some(PATIENCE),
            pauses: BACK_OFF,
            failures: 0,
            awaited: 0,
            not_before: Duration::ZERO,
            refreshed: None,
            unlisted: BTreeMap::new(),
        }
    }

    /// Prepares a sender for somebody who waits: short pauses, and an end that the caller sets.
    pub(crate) fn in_a_hurry(vault: &Vault) -> Self {
        Self { patience: None, pauses: HURRY, ..Self::new(vault) }
    }

    /// From now on, no request outlasts `patience`.
    pub(crate) fn be_patient(&mut self, patience: Duration) {
        self.log.begin(patience);
    }

    /// The log, for whoever has a question of its own.
    pub(crate) const fn log(&self) -> &LogClient {
        &self.log
    }

    /// Sends and proves what there is. An error is the vault's; all that the log does is in the
    /// turn.
    pub(crate) fn turn(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
    ) -> Result<SendTurn, AgentError> {
        let since_start = clock.monotonic();
        if since_start < self.not_before {
            let wait = self.not_before - since_start;
            return Ok(SendTurn { wait, ..SendTurn::default() });
        }
        if let Some(patience) = self.patience {
            self.log.begin(patience);
        }
        let mut turn = SendTurn::default();
        match self.work(vault, clock, &mut turn) {
            Ok(wait) => {
                self.failures = 0;
                turn.wait = wait;
            }
            Err(Failure::Vault(error)) => return Err(error),
            Err(Failure::Log { error, pause }) => {
                let wait = self.back_off().max(pause.unwrap_or_default());
                self.not_before = clock.monotonic() + wait;
                turn.wait = wait;
                (turn.asked, turn.failed) = (true, !matches!(error, AgentError::LogRefused(_)));
                match error {
                    AgentError::LogRefused(_) => turn.lies.push(error),
                    other => turn.away = Some(other.to_string()),
                }
            }
        }
        Ok(turn)
    }

    fn work(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        turn: &mut SendTurn,
    ) -> Result<Duration, Failure> {
        turn.resumed = resume::after_restore(vault, &self.log, clock).map_err(Failure::of)?;
        let mut window = self.window(vault, clock.monotonic())?;
        self.send(vault, clock, &mut window, turn)?;

        let has_index = |kept: &&Kept| matches!(kept.stage, Stage::Sequenced(_));
        let wanted: Vec<&Kept> = window.iter().filter(has_index).collect();
        let now = clock.monotonic();
        let is_old = self.refreshed.is_none_or(|at| now >= at + REFRESH);
        if wanted.is_empty() && !is_old {
            return Ok(IDLE);
        }
        turn.asked = true;
        let newest = checkpoint::newest(vault, &self.log).map_err(Failure::of)?;
        self.refreshed = Some(now);
        let logged = clock.now();
        let size = newest.as_ref().map_or(0, |(_, accepted)| accepted.tree().size());
        let mut covered: Vec<(&Kept, u64)> = Vec::new();
        for kept in &wanted {
            match kept.stage {
                Stage::Sequenced(index) if index < size => covered.push((kept, index)),
                _ => {}
            }
        }
        if let Some((note, accepted)) = &newest {
            self.prove(vault, (note, accepted), &covered, logged, turn)?;
        }
        if !turn.anchored.is_empty() || !turn.resumed.is_empty() {
            self.awaited = 0;
            return Ok(Duration::ZERO);
        }
        if wanted.is_empty() {
            return Ok(IDLE);
        }
        if turn.lies.is_empty() {
            let reason = "no published checkpoint covers what was sent yet";
            turn.away = Some(reason.to_string());
        }
        self.awaited += 1;
        let is_due = self.awaited >= RESEND || !turn.lies.is_empty();
        if is_due && self.awaited.is_power_of_two() {
            send_again(vault, &wanted).map_err(Failure::Vault)?;
        }
        Ok(AWAIT.0.saturating_mul(2_u32.saturating_pow(self.awaited - 1)).min(AWAIT.1))
    }

    /// The oldest unanchored statements of every source that may send.
    fn window(&mut self, vault: &Vault, since_start: Duration) -> Result<Vec<Kept>, Failure> {
        let sources = vault.sources().map_err(Failure::Vault)?;
        self.unlisted.retain(|_, until| since_start < *until);
        let each = (WINDOW.0 / sources.len().max(1)).max(WINDOW.1);
        let mut window = Vec::new();
        for source in sources {
            let waits = self.unlisted.contains_key(&source);
            if waits || resume::check_chain(vault, &source).is_err() {
                continue;
            }
            window.extend(vault.unanchored(&source, each).map_err(Failure::Vault)?);
        }
        Ok(window)
    }

    /// Sends what has no index, in the order of each chain.
    fn send(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        window: &mut [Kept],
        turn: &mut SendTurn,
    ) -> Result<(), Failure> {
        let unsent = |(at, kept): (usize, &Kept)| (kept.stage == Stage::Kept).then_some(at);
        let unsent: Vec<usize> = window.iter().enumerate().filter_map(unsent).collect();
        let mut rest = unsent.as_slice();
        // A statement that is refused takes those behind it in its chain along.
        let mut broken = BTreeSet::new();
        while !rest.is_empty() {
            let (mut batch, mut size, mut places) = (Vec::new(), 0, Vec::new());
            while let Some((at, behind)) = rest.split_first() {
                let bytes = window[*at].statement.to_bytes();
                if batch.len() == MAX_BATCH.1 || size + bytes.len() + 2 > MAX_BATCH.0 {
                    break;
                }
                rest = behind;
                if !broken.contains(window[*at].statement.source()) {
                    size += bytes.len() + 2;
                    batch.push(bytes);
                    places.push(*at);
                }
            }
            if batch.is_empty() {
                continue;
            }
            let answers = self.log.add_batch(&batch).map_err(Failure::of_post)?;
            let mut taken = Vec::new();
            let mut again = None;
            for (at, answer) in places.into_iter().zip(answers) {
                let kept = &mut window[at];
                let source = kept.statement.source().clone();
                match answer {
                    Ok(index) => {
                        taken.push((source, kept.statement.sequence(), index));
                        kept.stage = Stage::Sequenced(index);
                    }
                    // Only the first refusal of a chain says why; the others follow from it.
                    Err(refusal) if broken.insert(source.clone()) => {
                        let sequence = kept.statement.sequence();
                        let judged = self.judge(vault, clock, source, sequence, refusal, turn);
                        again = again.or(judged.map_err(Failure::Vault)?);
                    }
                    Err(_) => {}
                }
            }
            turn.sent += taken.len();
            vault.sequenced(&taken).map_err(Failure::Vault)?;
            if let Some(reason) = again {
                return Err(Failure::of_post(AddError::Again { reason, pause: None }));
            }
        }
        Ok(())
    }

    /// What the refusal of a chain's next statement means; the text if it is only for now.
    fn judge(
        &mut self,
        vault: &Vault,
        clock: &dyn Clock,
        source: KeyName,
        sequence: u64,
        refusal: Refusal,
        turn: &mut SendTurn,
    ) -> Result<Option<String>, AgentError> {
        // It lacks what it had taken: a log that was rebuilt ends at the last head that it signed. The same
        // bytes go there once more. If it takes them and still says so, nothing is noted here, and it stops.
        if let Some((expected, _)) = refusal.expected
            && vault.unsequenced(&source, expected)? > 0
        {
            return Ok(Some(format!(
                "it does not have statement {expected} of {source} any more, which it had taken; what it lacks \
                 is sent again"
            )));
        }
        match refusal.status {
            // After a crash of the log, its published tree may lag behind what it showed.
            _ if refusal.kind == "after-unpublished" => Ok(Some(refusal.detail)),
            408 | 425 | 429 | 500..=599 => Ok(Some(refusal.detail)),
            403 => {
                self.unlisted.insert(source.clone(), clock.monotonic() + UNLISTED);
                turn.unlisted.push((source, refusal));
                Ok(None)
            }
            _ => {
                resume::stop(vault, &source, sequence, &refusal, clock.now())?;
                turn.stopped.push((source, refusal));
                Ok(None)
            }
        }
    }

    /// Proves what the checkpoint covers, and keeps the receipts.
    fn prove(
        &self,
        vault: &Vault,
        newest: (&Note, &AcceptedCheckpoint),
        covered: &[(&Kept, u64)],
        logged: UnixMillis,
        turn: &mut SendTurn,
    ) -> Result<(), Failure> {
        for part in covered.chunks(MAX_AT_ONCE) {
            let judged = receipts::prove(&self.log, newest, part).map_err(Failure::of)?;
            let mut proofs = Vec::with_capacity(part.len());
            for ((kept, index), judged) in part.iter().zip(judged) {
                let (source, sequence) = (kept.statement.source(), kept.statement.sequence());
                match judged {
                    Ok(proof) => {
                        turn.anchored.push((source.clone(), sequence, *index));
                        proofs.push((source.clone(), sequence, proof));
                    }
                    Err(lie) => turn.lies.push(lie),
                }
            }
            vault.anchored(&proofs, logged).map_err(Failure::Vault)?;
        }
        Ok(())
    }

    /// The next pause after a failure: between half and all of a time that doubles.
    fn back_off(&mut self) -> Duration {
        let doubled = self.pauses.0.saturating_mul(2_u32.saturating_pow(self.failures));
        let longest = doubled.min(self.pauses.1);
        self.failures = self.failures.saturating_add(1);
        let mut byte = [0];
        // Without random bytes all pauses are the longest, which is no harm.
        let share = random(&mut byte).map_or(255, |()| u32::from(byte[0]));
        longest / 2 + longest * share / 510
    }
}

/// Forgets the indices of statements, so that the next turn sends them again. An index is the log's word: one
/// that was rebuilt may not have what it had taken and not signed, and one that has it gives the same index.
fn send_again(vault: &Vault, wanted: &[&Kept]) -> Result<(), AgentError> {
    let mut first: BTreeMap<&KeyName, u64> = BTreeMap::new();
    for kept in wanted {
        let sequence = kept.statement.sequence();
        let lowest = first.entry(kept.statement.source()).or_insert(sequence);
        *lowest = sequence.min(*lowest);
    }
    for (source, sequence) in first {
        vault.unsequenced(source, sequence)?;
    }
    Ok(())
}

/// Why the work of a turn ended early.
enum Failure {
    Vault(AgentError),
    Log { error: AgentError, pause: Option<Duration> },
}

impl Failure {
    /// Whose failure it is: what is said of the log is the log's, all else the vault's.
    fn of(error: AgentError) -> Self {
        match error {
            AgentError::LogRefused(_) | AgentError::Unreachable { .. } => {
                Self::Log { error, pause: None }
            }
            other => Self::Vault(other),
        }
    }

    fn of_post(error: AddError) -> Self {
        let (reason, pause) = match error {
            AddError::Again { reason, pause } => (reason, pause),
            AddError::Refused(refusal) => {
                (format!("status {}: {}", refusal.status, refusal.detail), None)
            }
        };
        let url = "the log's /add-batch".to_string();
        Self::Log { error: AgentError::Unreachable { url, reason }, pause }
    }
}
