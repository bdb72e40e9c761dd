//! The thread that asks: all witnesses at once, each in its own time.
//!
//! One task for each witness takes the newest head that is offered, converses about it to the end,
//! and puts what it got on the board. A witness that hangs, lies or is away costs the others
//! nothing. A task finishes with one head before it takes the next, so that a slow witness gets its
//! turn as well, and none is sent two heads at once.
//!
//! After trouble it waits: longer each time up to a bound, with jitter so that a witness that comes
//! back is not met by everyone at once, and as long as the witness asks for. Everything but the
//! waiting after trouble is event-driven.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use metrics::{counter, histogram};
use spec::tree::{Tree, plan_root, verify_consistency};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::ask::{Ask, Contradiction, Cosigned, Step, Trouble};
use super::client::Client;
use super::contradiction::{fatal_at_start, is_up_to_date, look_for_proof};
use super::memory::Memory;
use super::{Endpoint, Witnessing};
use crate::answer::Fatal;
use crate::heads::SignedHead;
use crate::id::jitter;
use crate::publisher::unix_seconds;
use crate::shared::Shared;

/// The head that is offered; `None` before the first.
pub type Offer = Option<Arc<SignedHead>>;

/// How long to wait after the first trouble; doubled with each one that follows.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause while a witness may come back by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause while only people can mend it.
const LONGEST_PAUSE_FOR_PEOPLE: Duration = Duration::from_secs(60);

/// The most that a witness's Retry-After is heeded.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How often what witnesses know is written down, if it changed. See `memory`.
const MEMORY_INTERVAL: Duration = Duration::from_secs(10);

/// The status of a witness that knows another size.
const CONFLICT: u16 = 409;

/// Threads for looking up names: the system's resolver blocks, and may hang for each witness.
const RESOLVERS: usize = 64;

/// The thread's work.
pub struct Gatherer {
    shared: Arc<Shared>,
    witnessing: Arc<Witnessing>,
    offers: watch::Receiver<Offer>,
    memory: Arc<Mutex<Memory>>,
}

impl Gatherer {
    /// Prepares to ask about what is sent to `offers`, until its sender is gone.
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        witnessing: Arc<Witnessing>,
        offers: watch::Receiver<Offer>,
    ) -> Self {
        let memory = Memory::load(shared.disk.clone(), &shared.folder);
        Self { shared, witnessing, offers, memory: Arc::new(Mutex::new(memory)) }
    }

    /// Works until no more heads are offered.
    pub fn run(self) -> Result<(), Fatal> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().max_blocking_threads(RESOLVERS).build();
        let runtime = runtime.map_err(|error| {
            Fatal::new(format!("The witnesses cannot be asked: {error}. Start the log again."))
        })?;
        let asked = runtime.block_on(self.ask_all());
        // A look-up that hangs has nobody left who waits for it.
        runtime.shutdown_timeout(Duration::from_millis(100));
        if let Some(write) = self.changes() {
            write.run();
        }
        asked
    }

    /// Asks until no more heads are offered, or one of those who ask has panicked.
    async fn ask_all(&self) -> Result<(), Fatal> {
        let mut askers = JoinSet::new();
        for at in 0..self.witnessing.witnesses.endpoints().len() {
            askers.spawn(Asker::new(self, at).run(self.offers.clone()));
        }
        let mut offers = self.offers.clone();
        let over = async { while offers.changed().await.is_ok() {} };
        let mut over = std::pin::pin!(over);
        loop {
            tokio::select! {
                // Dropping the set ends the askers, wherever they are.
                () = &mut over => return Ok(()),
                fatal = first_panic(&mut askers) => return Err(fatal),
                () = sleep(MEMORY_INTERVAL) => {}
            }
            if let Some(write) = self.changes() {
                // Syncing takes milliseconds, during which cosignatures would lie about.
                let _ = tokio::task::spawn_blocking(|| write.run()).await;
            }
        }
    }

    fn changes(&self) -> Option<super::memory::Write> {
        self.memory.lock().expect("no panic under this lock").take_changes()
    }
}

/// Waits until one of those who ask has panicked, however many end otherwise.
async fn first_panic(askers: &mut JoinSet<()>) -> Fatal {
    while let Some(ended) = askers.join_next().await {
        if let Err(error) = ended {
            return Fatal::new(format!(
                "Who asks a witness panicked, which is a bug of this program ({error}). Without it \
                 the quorum could be missed in silence, so nothing more is accepted or signed; \
                 start the log again and report what its log says."
            ));
        }
    }
    std::future::pending().await
}

/// What came of a conversation that was no trouble.
enum Outcome {
    Cosigned(Vec<Cosigned>),
    /// The log stops.
    Fatal,
    /// It has cosigned with some of its keys, and what is wrong with the others.
    Partly(Vec<Cosigned>, Trouble),
    /// It has seen a newer head, of this size.
    Superseded(u64),
}

/// Asks one witness.
struct Asker {
    shared: Arc<Shared>,
    witnessing: Arc<Witnessing>,
    memory: Arc<Mutex<Memory>>,
    at: usize,
    endpoint: Endpoint,
    client: Client,
}

impl Asker {
    fn new(gatherer: &Gatherer, at: usize) -> Self {
        let witnesses = &gatherer.witnessing.witnesses;
        let endpoint = witnesses.endpoints()[at].clone();
        let client = witnesses.client(&endpoint);
        Self {
            shared: gatherer.shared.clone(),
            witnessing: gatherer.witnessing.clone(),
            memory: gatherer.memory.clone(),
            at,
            endpoint,
            client,
        }
    }

    async fn run(mut self, mut offers: watch::Receiver<Offer>) {
        let mut failures = 0;
        loop {
            let offer = offers.borrow_and_update().clone();
            if let Some(head) = offer {
                let before = Instant::now();
                let outcome = self.converse(&head).await;
                let took = before.elapsed();
                match outcome {
                    Ok(Outcome::Cosigned(cosigned)) => {
                        failures = 0;
                        self.succeeded(head.checkpoint.tree(), cosigned, took);
                    }
                    Ok(Outcome::Superseded(size)) => {
                        failures = 0;
                        self.remember(size);
                    }
                    Ok(Outcome::Fatal) => return,
                    Ok(Outcome::Partly(cosigned, trouble)) => {
                        failures += 1;
                        self.succeeded_partly(head.checkpoint.tree(), cosigned, &trouble);
                        // A newer head at once. The same again only while it lacks its quorum: the
                        // key that is left out may be what it lacks.
                        tokio::select! {
                            changed = offers.changed() => match changed {
                                Ok(()) => continue,
                                Err(_) => return,
                            },
                            () = sleep(pause(failures, &trouble, jitter())) => {}
                        }
                        if self.witnessing.board.is_waiting() {
                            continue;
                        }
                    }
                    Err(trouble) => {
                        self.failed(&trouble);
                        failures += 1;
                        sleep(pause(failures, &trouble, jitter())).await;
                        // The same head again, or a newer one if there is one by now.
                        continue;
                    }
                }
            }
            if offers.changed().await.is_err() {
                return;
            }
        }
    }

    async fn converse(&mut self, head: &SignedHead) -> Result<Outcome, Trouble> {
        let hint = {
            let memory = self.memory.lock().expect("no panic under this lock");
            memory.size(&self.endpoint.identity())
        };
        let keys = self.endpoint.keys.clone();
        let mut ask = Ask::new(&head.checkpoint, &keys, hint);
        loop {
            let request = request_beside(&self.shared, ask.old_size(), head).await?;
            let answer = self.client.add_checkpoint(request).await?;
            // It may know a head that another server has signed since.
            if answer.status == CONFLICT && !is_up_to_date(&self.shared).await {
                return Err(Trouble::Local("other servers' heads cannot be seen".to_owned()));
            }
            // Read after the answer came: whatever the witness can know was signed before.
            let signed = self.shared.signed_size.load(Ordering::Acquire);
            match ask.take(&answer, signed, unix_seconds()) {
                Step::Again => {}
                Step::Cosigned(cosigned) => return Ok(Outcome::Cosigned(cosigned)),
                Step::Partly(cosigned, trouble) => return Ok(Outcome::Partly(cosigned, trouble)),
                Step::Superseded { size } => return Ok(Outcome::Superseded(size)),
                Step::Trouble(trouble) => return Err(trouble),
                Step::Contradicted(what) => return self.contradicted(what, signed).await,
            }
        }
    }

    /// Stops the log if the witness's word is enough, or it can prove it.
    async fn contradicted(&mut self, what: Contradiction, signed: u64) -> Result<Outcome, Trouble> {
        let fatal = if self.witnessing.board.is_start() {
            fatal_at_start(&self.shared.origin, &self.endpoint, what, signed)
        } else {
            let proof = look_for_proof(&self.shared, &self.endpoint, &mut self.client).await;
            let fatal = proof.ok_or(Trouble::Contradiction(what))?;
            if let Some(follow) = &self.shared.follow {
                // Who takes over might not be shown it, and would sign on.
                follow.stop_all(&fatal);
            }
            fatal
        };
        self.shared.fail(&fatal);
        Ok(Outcome::Fatal)
    }

    fn succeeded(&self, tree: Tree, cosigned: Vec<Cosigned>, took: Duration) {
        let (name, url) = (&self.endpoint.name, &self.endpoint.url);
        histogram!("fiducial_log_witness_answer_seconds", "witness" => name.clone())
            .record(took.as_secs_f64());
        self.count("cosigned");
        self.remember(tree.size());
        let board = &self.witnessing.board;
        if board.succeeded(self.at, tree.size(), unix_seconds()).is_some() {
            tracing::info!(witness = %name, %url, "the witness cosigns again");
        }
        board.post(tree, cosigned, true);
        self.shared.publish_bell.ring();
    }

    fn succeeded_partly(&self, tree: Tree, cosigned: Vec<Cosigned>, trouble: &Trouble) {
        let (name, url) = (&self.endpoint.name, &self.endpoint.url);
        self.count(trouble.kind());
        self.remember(tree.size());
        let board = &self.witnessing.board;
        if board.succeeded_partly(self.at, tree.size(), unix_seconds(), trouble) {
            tracing::warn!(witness = %name, %url, %trouble, "a key of the witness has not cosigned");
        }
        board.post(tree, cosigned, true);
        self.shared.publish_bell.ring();
    }

    fn failed(&self, trouble: &Trouble) {
        let (name, url) = (&self.endpoint.name, &self.endpoint.url);
        self.count(trouble.kind());
        let is_new = self.witnessing.board.failed(self.at, trouble);
        if self.witnessing.board.is_start() {
            // It may be what was waited for: nothing more is to be heard.
            self.witnessing.board.bell.ring();
        }
        if !is_new {
            return;
        }
        if matches!(trouble, Trouble::Contradiction(_)) {
            tracing::error!(witness = %name, %url, %trouble, "the witness contradicts this log");
        } else {
            tracing::warn!(witness = %name, %url, %trouble, "the witness has not cosigned");
        }
    }

    fn count(&self, result: &'static str) {
        let name = self.endpoint.name.clone();
        counter!("fiducial_log_witness_asks_total", "witness" => name, "result" => result)
            .increment(1);
    }

    fn remember(&self, size: u64) {
        let mut memory = self.memory.lock().expect("no panic under this lock");
        let before = memory.remember(&self.endpoint.identity(), size);
        if let Some(before) = before.filter(|before| *before > size) {
            tracing::warn!(
                witness = %self.endpoint.name, before, size,
                "the witness knew a larger tree of this log before: its state went back"
            );
        }
    }
}

/// Makes the request; where it may wait for a store, not on the thread that asks all the others.
async fn request_beside(
    shared: &Arc<Shared>,
    old_size: u64,
    head: &SignedHead,
) -> Result<Bytes, Trouble> {
    if !shared.objects.is_remote() {
        return request(shared, old_size, head);
    }
    let (shared, head) = (shared.clone(), head.clone());
    let made = tokio::task::spawn_blocking(move || request(&shared, old_size, &head)).await;
    made.expect("a request is made without a panic, and awaited while the runtime lives")
}

/// The request, with a proof that was verified: a witness that refuses it has another tree.
fn request(shared: &Shared, old_size: u64, head: &SignedHead) -> Result<Bytes, Trouble> {
    let new = head.checkpoint.tree();
    let local = |why: String| Trouble::Local(why);
    let read = |error: crate::answer::ReadError| local(error.to_string());
    let mut proof = Vec::new();
    if 0 < old_size && old_size < new.size() {
        proof = shared.prove_committed_consistency(old_size, new.size()).map_err(read)?;
        let root = shared.fold(&plan_root(old_size)).map_err(read)?.pop();
        let old = root.and_then(|root| Tree::new(old_size, root));
        let old = old.ok_or_else(|| local(format!("there is no tree of size {old_size}")))?;
        verify_consistency(old, new, &proof).map_err(|error| {
            local(format!(
                "stored tiles do not give the signed head ({error}); run `fiducial-log check`"
            ))
        })?;
    }
    let request = super::request(&shared.keys, head, old_size, proof);
    Ok(request.map_err(|error| local(error.to_string()))?.to_bytes().into())
}

/// How long to wait after so many troubles in a row. `jitter` takes up to a half off.
fn pause(failures: u32, trouble: &Trouble, jitter: u8) -> Duration {
    let longest = if trouble.needs_people() { LONGEST_PAUSE_FOR_PEOPLE } else { LONGEST_PAUSE };
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let pause = doubled.min(longest);
    let pause = pause - pause / 2 * u32::from(jitter) / u32::from(u8::MAX);
    match trouble {
        Trouble::Busy { retry_after: Some(seconds), .. } => {
            pause.max(Duration::from_secs(*seconds).min(LONGEST_RETRY_AFTER))
        }
        _ => pause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_one_who_asks_is_not_missed() {
        let mut askers = JoinSet::new();
        askers.spawn(async {});
        askers.spawn(std::future::pending());
        askers.spawn(async { panic!("a bug") });
        let fatal = first_panic(&mut askers).await.to_string();
        assert!(fatal.contains("a bug of this program"), "{fatal}");
        assert_eq!(askers.len(), 1, "the one that still asks");
    }

    #[test]
    fn pauses_grow_to_a_bound_and_heed_the_witness() {
        let away = Trouble::Timeout;
        assert_eq!(pause(1, &away, 0), FIRST_PAUSE);
        assert_eq!(pause(2, &away, 0), FIRST_PAUSE * 2);
        assert_eq!(pause(1, &away, u8::MAX), FIRST_PAUSE / 2);
        assert_eq!(pause(40, &away, 0), LONGEST_PAUSE);
        assert_eq!(pause(40, &away, u8::MAX), LONGEST_PAUSE / 2);
        assert_eq!(pause(u32::MAX, &Trouble::UnknownLog, 0), LONGEST_PAUSE_FOR_PEOPLE);
        let busy = |seconds| Trouble::Busy { status: 429, retry_after: seconds };
        assert_eq!(pause(1, &busy(Some(7)), 0), Duration::from_secs(7));
        assert_eq!(pause(1, &busy(Some(u64::MAX)), 0), LONGEST_RETRY_AFTER);
        assert_eq!(pause(1, &busy(Some(0)), 0), FIRST_PAUSE);
        assert_eq!(pause(1, &busy(None), 0), FIRST_PAUSE);
    }
}
