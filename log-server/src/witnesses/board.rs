//! The board between those who ask and the publisher: what was gathered for the head that is
//! offered, and how each witness does.
//!
//! Everyone writes to it and nobody waits under its lock. It is bounded by the policy: one place
//! for each witness, and the last word of each, whatever happens how often.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use spec::checkpoint::Checkpoint;
use spec::policy::{Policy, PolicyName};
use spec::tree::Tree;

use super::Endpoint;
use super::ask::{Cosigned, Trouble};
use super::gathered::Gathered;
use crate::shared::Bell;

/// How long a head may wait for its quorum before something is said to be wrong. In between, one is
/// on its way at almost any moment.
pub const QUORUM_PATIENCE: Duration = Duration::from_secs(2);

/// How long one that is left to other servers may wait before this one says so too. In between, an office ends with a
/// server that died in it, and each of a few tries its own way to the witnesses.
const OTHERS_PATIENCE: Duration = Duration::from_secs(10);

/// How one witness does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessState {
    /// Its names in the policy, with commas between them.
    pub name: String,
    /// When it last cosigned, in seconds since 1970; 0 for never in this process.
    pub cosigned_at: u64,
    /// The size of the tree that it cosigned last, as far as is known.
    pub size: u64,
    /// What was wrong when it was last asked, if something was.
    pub trouble: Option<Trouble>,
    /// Whether it has answered, or failed to, in this process.
    pub(crate) asked: bool,
    /// Whether it has, not by this log's own trouble, since the database last changed its timeline, where servers
    /// share one.
    pub(crate) heard: bool,
}

/// What is known of the witnesses, for `/readyz`, `/metrics` and answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessingStatus {
    /// How long the head that is offered, by whichever server, has been waiting for its quorum; `None` if it has it.
    pub waiting: Option<Waiting>,
    /// Every witness that is asked over the network, in the order of the policy.
    pub witnesses: Vec<WitnessState>,
}

/// A head without its quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its size.
    pub size: u64,
    /// For how long.
    pub time: Duration,
    /// Whose word it lacks.
    pub missing: Missing,
}

/// The witnesses that a quorum lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Another server offers the head, or nobody: only who offers it knows.
    Elsewhere,
    /// These, with what is wrong with each where that is known.
    Named(Vec<String>),
}

impl Missing {
    /// Those that are known here.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::Elsewhere => &[],
            Self::Named(names) => names,
        }
    }
}

#[derive(Debug)]
struct State {
    /// The head that is offered.
    tree: Option<Tree>,
    gathered: Gathered,
    /// Changes with everything that is gathered.
    version: u64,
    /// Since when the head lacks its quorum, or, after a start, fresh words of it.
    waiting_since: Option<Instant>,
    /// Since when this server offers it; `None` while it leaves that to others.
    offered_since: Option<Instant>,
    /// The size of the head that is signed and not published, by whichever server, and since when that is seen.
    unpublished: Option<(u64, Instant)>,
    /// Whether a quorum, of one witness at least, has cosigned a head in this process.
    confirmed: bool,
    /// Whether the start has heard all it waits for.
    started: bool,
    witnesses: Vec<WitnessState>,
}

/// See the module's text.
#[derive(Debug)]
pub struct Board {
    state: Mutex<State>,
    /// Rings when something was gathered.
    pub bell: Bell,
}

impl Board {
    /// An empty board for the witnesses that are asked.
    #[must_use]
    pub fn new(endpoints: &[Endpoint]) -> Self {
        let state = |endpoint: &Endpoint| WitnessState {
            name: endpoint.name.clone(),
            ..WitnessState::default()
        };
        let state = State {
            tree: None,
            gathered: Gathered::default(),
            version: 0,
            waiting_since: None,
            offered_since: None,
            unpublished: None,
            confirmed: false,
            started: false,
            witnesses: endpoints.iter().map(state).collect(),
        };
        Self { state: Mutex::new(state), bell: Bell::default() }
    }

    /// Begins to gather for a head: another one, or anew for that which this server left to others.
    pub fn offer(&self, checkpoint: &Checkpoint, gathered: Gathered) {
        let mut state = self.lock();
        let now = Instant::now();
        let is_same = state.tree == Some(checkpoint.tree());
        let waiting_since = state.waiting_since.filter(|_| is_same);
        state.tree = Some(checkpoint.tree());
        state.gathered = gathered;
        state.version += 1;
        state.waiting_since = Some(waiting_since.unwrap_or(now));
        state.offered_since = Some(now);
    }

    /// Leaves the head to other servers. It waits on, and it is said for how long, until one of them has
    /// published it: perhaps there is none that can.
    pub fn step_back(&self) {
        self.lock().offered_since = None;
    }

    /// Notes that a head of this size is published while another server is in office.
    pub fn published_elsewhere(&self, size: u64) {
        let mut state = self.lock();
        let has_it = state.tree.is_some_and(|tree| tree.size() <= size);
        if state.offered_since.is_none() && has_it {
            state.waiting_since = None;
        }
    }

    /// Notes which head is signed and not published, where servers share them. What one of them waits for all wait for.
    pub fn seen_unpublished(&self, size: Option<u64>) {
        let mut state = self.lock();
        let before = state.unpublished;
        state.unpublished = size.map(|size| match before {
            Some(known) if known.0 == size => known,
            _ => (size, Instant::now()),
        });
    }

    /// Puts up cosignatures of a head. Those of a head that is no longer offered are too late.
    pub fn post(&self, tree: Tree, cosigned: Vec<Cosigned>, fresh: bool) {
        let mut state = self.lock();
        if state.tree != Some(tree) {
            return;
        }
        let mut news = false;
        for one in cosigned {
            news |= state.gathered.add(one, fresh);
        }
        state.version += u64::from(news);
        drop(state);
        if news {
            self.bell.ring();
        }
    }

    /// What is gathered, unless that is `seen` already.
    #[must_use]
    pub fn news_since(&self, seen: u64) -> Option<(u64, Gathered)> {
        let state = self.lock();
        (state.version != seen).then(|| (state.version, state.gathered.clone()))
    }

    /// The head has its quorum, or it is another server's affair.
    pub fn settled(&self) {
        let mut state = self.lock();
        (state.waiting_since, state.offered_since) = (None, None);
    }

    /// Notes that a witness cosigned a tree. Returns what was wrong with it before.
    pub fn succeeded(&self, endpoint: usize, size: u64, now: u64) -> Option<Trouble> {
        let mut state = self.lock();
        let witness = &mut state.witnesses[endpoint];
        (witness.cosigned_at, witness.size) = (now, size);
        (witness.asked, witness.heard) = (true, true);
        witness.trouble.take()
    }

    /// Notes that a witness cosigned a tree with some of its keys only, and what is wrong with the
    /// others. Returns whether that is new.
    pub fn succeeded_partly(
        &self,
        endpoint: usize,
        size: u64,
        now: u64,
        trouble: &Trouble,
    ) -> bool {
        let mut state = self.lock();
        let witness = &mut state.witnesses[endpoint];
        (witness.cosigned_at, witness.size) = (now, size);
        drop(state);
        self.failed(endpoint, trouble)
    }

    /// Notes that a quorum has cosigned a head in this process.
    pub fn confirm(&self) {
        self.lock().confirmed = true;
    }

    /// Begins as at a start, though not the first of this process: until a quorum has cosigned the head
    /// that is offered, the word of one witness is enough to stop the log.
    pub fn begin_again(&self) {
        self.lock().confirmed = false;
    }

    /// Notes that what the witnesses have said so far was of a database that may have known more than this one does.
    pub fn hear_again(&self) {
        self.lock().witnesses.iter_mut().for_each(|witness| witness.heard = false);
    }

    /// Notes that the start has heard the witnesses, or has given up waiting for them.
    pub fn end_start(&self) {
        self.lock().started = true;
    }

    /// Whether the data folder may still be an old copy, as far as the witnesses have told.
    #[must_use]
    pub fn is_start(&self) -> bool {
        let state = self.lock();
        !(state.confirmed && state.started)
    }

    /// Whether the head that is offered still lacks its quorum, or fresh words of it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.lock().waiting_since.is_some()
    }

    /// Notes what is wrong with a witness. Returns whether that is new.
    pub fn failed(&self, endpoint: usize, trouble: &Trouble) -> bool {
        let mut state = self.lock();
        let witness = &mut state.witnesses[endpoint];
        witness.asked = true;
        // It may have answered: what it knows was only not understood here, or it was not asked at all.
        witness.heard |= !matches!(trouble, Trouble::Local(_));
        let before = witness.trouble.replace(trouble.clone());
        before.is_none_or(|before| before.kind() != trouble.kind())
    }

    /// Whether waiting longer may help: some witness has not been heard of, or enough have
    /// cosigned for the publisher to go on.
    #[must_use]
    pub fn is_undecided(&self, policy: &Policy) -> bool {
        let state = self.lock();
        state.waiting_since.is_some()
            && (state.witnesses.iter().any(|witness| !witness.asked)
                || policy.count_quorum(&state.gathered.fresh_times()).is_ok())
    }

    /// Whether some witness has neither answered nor failed to since the start.
    #[must_use]
    pub fn is_any_unheard(&self) -> bool {
        self.lock().witnesses.iter().any(|witness| !witness.asked)
    }

    /// Whether it is known that the head will lack its quorum for a while: it has for longer than
    /// witnesses take, and nothing more is to be expected of any that it lacks.
    #[must_use]
    pub fn is_outage(&self, policy: &Policy, endpoints: &[Endpoint]) -> bool {
        let state = self.lock();
        if state.waiting_since.is_none_or(|since| since.elapsed() < QUORUM_PATIENCE) {
            return false;
        }
        let Err(short) = policy.count_quorum(&state.gathered.fresh_times()) else { return false };
        short.missing.iter().all(|name| match endpoint_of(name, policy, endpoints) {
            Some(at) => state.witnesses[at].trouble.is_some(),
            None => true,
        })
    }

    /// Whether a server with another network may fare better: in an outage that outlasts what this one has
    /// tried, one of those that are missing is asked over it. A witness whose word comes by file is no nearer
    /// to any other server.
    #[must_use]
    pub fn is_cut_off(&self, policy: &Policy, endpoints: &[Endpoint]) -> bool {
        let has_tried =
            self.lock().offered_since.is_some_and(|since| since.elapsed() >= QUORUM_PATIENCE);
        if !has_tried || !self.is_outage(policy, endpoints) {
            return false;
        }
        let counted = policy.count_quorum(&self.lock().gathered.fresh_times());
        let missing = counted.err().map(|short| short.missing).unwrap_or_default();
        missing.iter().any(|name| endpoint_of(name, policy, endpoints).is_some())
    }

    /// What is known now.
    #[must_use]
    pub fn status(&self, policy: &Policy, endpoints: &[Endpoint]) -> WitnessingStatus {
        let state = self.lock();
        let waiting = state.waiting_since.and_then(|since| {
            // Once they are counted it is no witness that is waited for: perhaps a disk is full.
            let short = policy.count_quorum(&state.gathered.fresh_times()).err()?;
            let name = |name: &PolicyName| describe(name, policy, endpoints, &state.witnesses);
            Some(Waiting {
                size: state.tree.map_or(0, |tree| tree.size()),
                time: since.elapsed(),
                missing: Missing::Named(short.missing.iter().map(name).collect()),
            })
        });
        let waiting = waiting.or_else(|| state.waits_elsewhere(Instant::now()));
        WitnessingStatus { waiting, witnesses: state.witnesses.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }
}

impl State {
    /// The head that another server offers, or nobody, if by now it waits for longer than servers need.
    fn waits_elsewhere(&self, now: Instant) -> Option<Waiting> {
        if self.offered_since.is_some() {
            // It is offered here.
            return None;
        }
        let (size, since) = self.unpublished?;
        let time = now.saturating_duration_since(since);
        (time >= OTHERS_PATIENCE).then_some(Waiting { size, time, missing: Missing::Elsewhere })
    }
}

/// A missing witness with what is wrong with it.
fn describe(
    name: &PolicyName,
    policy: &Policy,
    endpoints: &[Endpoint],
    states: &[WitnessState],
) -> String {
    let Some(at) = endpoint_of(name, policy, endpoints) else {
        return format!("{name} (it has no URL in the policy; its cosignature comes by file)");
    };
    match &states[at].trouble {
        Some(trouble) => format!("{name} ({trouble})"),
        None if states[at].asked => name.to_string(),
        None => format!("{name} (no answer yet)"),
    }
}

/// Where a witness of the policy is asked, if it is.
fn endpoint_of(name: &PolicyName, policy: &Policy, endpoints: &[Endpoint]) -> Option<usize> {
    let is_it = |endpoint: &Endpoint| {
        endpoint.keys.iter().any(|(at, _)| policy.witnesses()[*at].name() == name)
    };
    endpoints.iter().position(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::checkpoint::Origin;
    use spec::cosignature::{Timestamp, sign_ed25519};
    use spec::key::{Algorithm, KeyName, SigningKey};

    fn witness() -> SigningKey {
        let name = KeyName::parse("w.example").unwrap();
        SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[2; 32]).unwrap()
    }

    /// The board of a log with one witness, whose word comes by file.
    fn board() -> (Board, Policy) {
        let text = format!("witness w {}\nquorum w\n", witness().verifier());
        (Board::new(&[]), Policy::parse(text.as_bytes()).unwrap())
    }

    fn waits_elsewhere(board: &Board, since: Duration) -> Option<Waiting> {
        board.lock().waits_elsewhere(Instant::now() + since)
    }

    #[test]
    fn a_head_of_others_waits_for_as_long_as_it_is_seen() {
        let (board, _) = board();
        board.seen_unpublished(Some(7));
        assert_eq!(waits_elsewhere(&board, Duration::ZERO), None, "an office may just end");
        board.seen_unpublished(Some(7));
        let waiting = waits_elsewhere(&board, OTHERS_PATIENCE).unwrap();
        assert_eq!((waiting.size, waiting.missing), (7, Missing::Elsewhere));
        board.seen_unpublished(None);
        assert_eq!(waits_elsewhere(&board, OTHERS_PATIENCE), None);
    }

    #[test]
    fn who_offers_a_head_names_who_is_missing_and_nobody_once_the_quorum_is_counted() {
        let (board, policy) = board();
        let origin = Origin::parse("log.example").unwrap();
        let checkpoint = Checkpoint::new(origin, Tree::EMPTY);
        board.offer(&checkpoint, Gathered::new(1));
        let waiting = board.status(&policy, &[]).waiting.unwrap();
        assert!(waiting.missing.names()[0].starts_with("w ("), "{waiting:?}");

        let time = Timestamp::from_seconds(7).unwrap();
        let line = sign_ed25519(&witness(), time, &checkpoint);
        board.post(Tree::EMPTY, vec![Cosigned { witness: 0, line, time }], true);
        // Counted, and not published: as where a disk is full. The others see that it waits, and it is nobody else's.
        board.seen_unpublished(Some(0));
        assert!(board.is_waiting());
        assert_eq!(board.status(&policy, &[]).waiting, None);
        assert_eq!(waits_elsewhere(&board, OTHERS_PATIENCE), None);
        board.step_back();
        assert!(waits_elsewhere(&board, OTHERS_PATIENCE).is_some());
    }
}
