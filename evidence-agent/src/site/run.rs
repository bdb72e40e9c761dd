//! `fiducial-agent run`: the turns of the spool, round and round, until it is told to stop.
//!
//! ```text
//! this thread    capture turn, seal turn, status      never waits for the network
//! sender         send turn, woken by each statement    waits for the log as long as it takes
//! page           answers from the last status
//! door           does commands in this vault, each on a thread of its own: see `control`
//! ```
//!
//! A stop is asked for by SIGTERM or SIGINT and takes effect between two turns: whatever is durable
//! then is gone on with by the next run, and nothing else was promised.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use spec::key::KeyName;

use super::config::Config;
use super::control::{Door, Turn};
use super::meter::Meter;
use super::observe::{Observer, Sending};
use super::open::{Opened, open};
use super::page::{self, Shown};
use super::words;
use crate::cli::Language;
use crate::clock::Clock;
use crate::error::AgentError;
use crate::model::WatchName;
use crate::number;
use crate::spool::capture;
use crate::spool::resume;
use crate::spool::seal::Sealer;
use crate::spool::send::Sender;
use crate::vault::Vault;

/// How long the loop rests when nothing is due: what a stop and a new file wait for at most.
const REST: Duration = Duration::from_millis(200);

/// How long `run --once` waits for receipts before it says that they are missing.
const ONCE_PATIENCE: Duration = Duration::from_secs(120);

/// How long `run --once` goes on taking messages while a broker has more of them.
const ONCE_TAKING: Duration = Duration::from_secs(600);

/// Told to stop by a signal.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT.
    pub(crate) fn on_signals() -> Result<Self, AgentError> {
        let stop = Self::default();
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&stop.0))
                .map_err(|error| AgentError::Failed(format!("signals: {error}")))?;
        }
        Ok(stop)
    }

    /// Asks for it without a signal.
    #[cfg(test)]
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Wakes the sender, and tells it to end.
#[derive(Default)]
struct Bell {
    state: Mutex<Rung>,
    bell: Condvar,
}

#[derive(Default)]
struct Rung {
    rung: bool,
    ended: bool,
}

impl Bell {
    fn ring(&self, end: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rung = true;
        state.ended |= end;
        drop(state);
        self.bell.notify_all();
    }

    /// Waits for a ring, at most so long. Whether it is time to end.
    fn wait(&self, most: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(state, most, |state| !state.rung);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.rung = false;
        state.ended
    }
}

/// Where a run says what: an answer to whoever started it, and news to a journal.
pub(crate) struct Voice<'a> {
    /// Standard output.
    pub(crate) answer: &'a mut dyn FnMut(&str),
    /// Standard error.
    pub(crate) journal: &'a mut dyn FnMut(&str),
}

/// Runs until stopped.
pub(crate) fn run(
    path: &Path,
    stop: &Stop,
    clock: &Arc<dyn Clock>,
    language: Language,
    voice: &mut Voice<'_>,
) -> Result<(), AgentError> {
    let config = Config::load(path)?;
    let mut opened = open(&config)?;
    clear_free_pages(&mut opened.vault)?;
    let turn = Turn::default();
    let _door = Door::open(&opened.vault, &turn)?;
    let shown = Shown::default();
    if let Some(address) = config.listen {
        let listener = TcpListener::bind(address)
            .map_err(|error| AgentError::Failed(format!("`listen` {address}: {error}")))?;
        let bound = listener.local_addr().unwrap_or(address);
        (voice.answer)(&format!("listening on http://{bound}"));
        let shown = Arc::clone(&shown);
        std::thread::spawn(move || page::serve(listener, shown));
    }
    let sealer = Sealer::new(&opened.vault, &**clock, std::mem::take(&mut opened.plans))?;
    let bell = Arc::new(Bell::default());
    let sending = Arc::new(Mutex::new(Sending::default()));
    let sender = spawn_sender(&opened.vault, &bell, &sending, clock);
    let observer = Observer::new(&config, language, clock.now(), Arc::clone(&sending));
    (voice.journal)(&words::began(&config, language));
    let mut turns = Turns {
        opened,
        sealer,
        clock: Arc::clone(clock),
        bell: Arc::clone(&bell),
        observer,
        shown,
        turn,
    };
    let ended = turns.until_stopped(stop, voice.journal);
    bell.ring(true);
    // A panic there is a bug of ours and must not look like an orderly end.
    let joined = sender.join().map_err(|_| AgentError::Failed("the sender panicked".to_string()));
    let ended = ended.and(joined.and_then(|result| result));
    if ended.is_ok() {
        (voice.journal)(words::stopped_as_asked(language));
    }
    ended
}

/// What was deleted while an agent ran may lie in free pages of its database until now, when nobody
/// else has the vault open.
fn clear_free_pages(vault: &mut Arc<Vault>) -> Result<(), AgentError> {
    match Arc::get_mut(vault) {
        Some(alone) if alone.is_compacting_due()? => alone.compact(),
        _ => Ok(()),
    }
}

/// What the loop holds.
struct Turns {
    opened: Opened,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    bell: Arc<Bell>,
    observer: Observer,
    shown: Shown,
    /// Held during each turn: see `control`.
    turn: Turn,
}

impl Turns {
    fn until_stopped(&mut self, stop: &Stop, say: &mut dyn FnMut(&str)) -> Result<(), AgentError> {
        while !stop.is_asked() {
            if self.observer.sender_failed() {
                break;
            }
            let more = self.one_turn(say)?;
            if !more {
                self.clock.rest(self.sealer.wait(&*self.clock).min(REST));
            }
        }
        Ok(())
    }

    /// One capture turn and one seal turn. Whether there is more to capture at once. The error is a
    /// vault that works again only for another process: whoever looks after this one starts it.
    fn one_turn(&mut self, say: &mut dyn FnMut(&str)) -> Result<bool, AgentError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (vault, clock) = (&self.opened.vault, &*self.clock);
        let captured = capture::turn(vault, clock, &mut self.opened.watched);
        let more = captured.as_ref().is_ok_and(|turn| turn.more);
        let sealed = self.sealer.turn(vault, clock);
        drop(turn);
        if !sealed.sealed.is_empty() {
            self.bell.ring(false);
        }
        let errors = captured.as_ref().err().into_iter();
        let mut errors = errors.chain(sealed.failed.iter().map(|(_, error)| error));
        let reopen = errors.find_map(|error| match error {
            AgentError::Reopen { path } => Some(AgentError::Reopen { path: path.clone() }),
            _ => None,
        });
        self.observer.note(clock.now(), captured, &sealed, say);
        if let Some(status) = self.observer.status(vault, clock, say) {
            *self.shown.write().unwrap_or_else(PoisonError::into_inner) = status;
        }
        reopen.map_or(Ok(more), Err)
    }
}

fn spawn_sender(
    vault: &Arc<Vault>,
    bell: &Arc<Bell>,
    sending: &Arc<Mutex<Sending>>,
    clock: &Arc<dyn Clock>,
) -> std::thread::JoinHandle<Result<(), AgentError>> {
    let (vault, bell) = (Arc::clone(vault), Arc::clone(bell));
    let (sending, clock) = (Arc::clone(sending), Arc::clone(clock));
    std::thread::spawn(move || {
        let mut sender = Sender::new(&vault);
        loop {
            let turn = sender.turn(&vault, &*clock);
            let mut shared = sending.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = match turn {
                Ok(turn) => {
                    let wait = turn.wait;
                    shared.note(turn);
                    wait
                }
                Err(error) => {
                    shared.failed = true;
                    return Err(error);
                }
            };
            drop(shared);
            if bell.wait(clock.outside(wait)) {
                return Ok(());
            }
        }
    })
}

/// Looks once at everything, states it and waits for the receipts: for timers and for trying out.
pub(crate) fn run_once(
    path: &Path,
    clock: &Arc<dyn Clock>,
    language: Language,
    say: &mut dyn FnMut(&str),
) -> Result<(), AgentError> {
    let config = Config::load(path)?;
    let mut opened = open(&config)?;
    let clock = &**clock;
    let names: Vec<_> = opened.plans.iter().map(|plan| plan.source.clone()).collect();
    let mut sealer = Sealer::new(&opened.vault, clock, std::mem::take(&mut opened.plans))?;
    let mut done = words::Captured::default();
    let meter = Meter::new(language);
    let began = clock.monotonic();
    let blind = loop {
        let turn = capture::turn(&opened.vault, clock, &mut opened.watched)?;
        done.items += turn.sightings;
        done.records += turn.records;
        done.not_understood += turn.not_understood;
        done.messages += taken_away(&opened, &turn);
        meter.captured(&done);
        for (watch, item, why) in &turn.complaints {
            meter.aside(|| say(&format!("{}: {item}: {}", watch.0, why.text(language))));
        }
        if let Some((watch, error)) = turn.failed.into_iter().next() {
            return Err(AgentError::Failed(format!("watch {:?}: {error}", watch.0)));
        }
        if !turn.more && turn.unsettled == 0 {
            // A broker sends what waits as it likes: it is over when it is silent.
            done.goes_on = turn.expecting;
            let too_long = clock.monotonic().saturating_sub(began) > ONCE_TAKING;
            if !turn.expecting || too_long {
                break turn.blind.len();
            }
        }
        // A file must stay as it is for a while before it is taken.
        clock.rest(if turn.more { Duration::ZERO } else { REST });
    };
    // What was taken is accepted at the broker before anything else can go wrong.
    let watches = opened.watched.len();
    opened.watched.clear();
    let mut sender = Sender::new(&opened.vault);
    sender.be_patient(ONCE_PATIENCE);
    // A vault that was put back learns first where its chains go on.
    resume::after_restore(&opened.vault, sender.log(), clock)?;
    for name in &names {
        done.statements += sealer.seal_now(&opened.vault, clock, name)?.len();
    }
    meter.aside(|| say(&done.said(language)));
    meter.sealed(opened.vault.unanchored_count()?);
    let began = clock.monotonic();
    let mut unlisted = BTreeMap::new();
    loop {
        let turn = sender.turn(&opened.vault, clock)?;
        unlisted.extend(turn.unlisted.into_iter().map(|(name, refusal)| (name, refusal.detail)));
        for (source, sequence, index) in &turn.anchored {
            meter.aside(|| say(&words::anchored(source, *sequence, *index, language)));
        }
        if let Some(lie) = turn.lies.into_iter().next() {
            return Err(lie);
        }
        let waiting = opened.vault.unanchored_count()?;
        meter.waits(waiting);
        if waiting == 0 && blind == 0 {
            return Ok(());
        }
        if waiting == 0 {
            // What was there is anchored; a timer that is told of success would look no further.
            let text = format!("{blind} of {watches} watches cannot be looked at");
            return Err(AgentError::Failed(text));
        }
        let is_over = clock.monotonic().saturating_sub(began) > ONCE_PATIENCE;
        let late = || turn.away.clone().unwrap_or_else(|| "no proof yet".to_string());
        let why = only_unlisted_wait(&opened.vault, &unlisted)?;
        if let Some(why) = why.or_else(|| is_over.then(late)) {
            let statements = number::of(waiting, "statement is", "statements are");
            let text = format!("{statements} kept and not anchored yet: {why}");
            return Err(AgentError::Failed(text));
        }
        clock.rest(turn.wait.min(REST));
    }
}

/// What the log has said of a source that it does not list, if statements of no other source wait.
fn only_unlisted_wait(
    vault: &Vault,
    unlisted: &BTreeMap<KeyName, String>,
) -> Result<Option<String>, AgentError> {
    for source in vault.sources()? {
        if !unlisted.contains_key(&source) && !vault.unanchored(&source, 1)?.is_empty() {
            return Ok(None);
        }
    }
    let what_to_do = "give its operator the file that `fiducial-agent source request` writes";
    Ok(unlisted.values().next().map(|why| format!("{why}; {what_to_do}")))
}

/// How many of the sightings that became durable were messages of a broker, which it forgets.
fn taken_away(opened: &Opened, turn: &capture::CaptureTurn) -> usize {
    let is_taken = |name: &WatchName| {
        let mut watches = opened.watched.iter().map(|watch| &watch.collector);
        watches.any(|watch| watch.takes_away() && watch.watch() == name)
    };
    let taken = turn.by_watch.iter().filter(|(name, _)| is_taken(name));
    taken.map(|(_, counts)| counts.sightings).sum()
}
