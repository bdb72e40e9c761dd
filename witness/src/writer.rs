//! The one thread that writes: group commit, then the second record, then the answers.
//!
//! There is no timer: what came in while one commit was being synced is the next one. An idle
//! witness answers after two syncs, a busy one shares them among all that wait.
//!
//! The order is the safety argument (`spec/text/witness.md`): the state is durable, then the second
//! record, and only then is anything told. After any failure the thread ends, nothing that waited
//! is told a signature, and nothing is signed until the process is started again: a start reads what
//! is durable and compares both records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use metrics::{counter, histogram};
use tokio::sync::{OwnedMutexGuard, oneshot};

use crate::high_water::HighWater;
use crate::state::{Change, Seen, State};

/// The most requests that wait for the next commit; more are told to come back.
const MAX_WAITING: usize = 8_192;

/// The most changes of one commit.
const MAX_CHANGES: usize = 2_048;

/// What is known of one log in memory. `None` when nothing was ever cosigned.
pub type Known = Option<Seen>;

/// One change that waits, with the right to its log. Whoever submitted it may go away: the right
/// stays here until the outcome is known.
pub struct Job {
    /// What is to be stored.
    pub change: Change,
    /// The exclusive right to the log.
    pub right: OwnedMutexGuard<Known>,
    /// Told once the change is durable in both records; dropped when it may not be.
    pub done: oneshot::Sender<()>,
}

/// The right to a log, and who waits for it to be stored.
type Waiting = (OwnedMutexGuard<Known>, oneshot::Sender<()>);

/// Why a change was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Too many wait.
    Full,
    /// The thread has ended.
    Stopped,
}

/// Hands changes to the thread.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: SyncSender<Job>,
    stopped: Arc<OnceLock<String>>,
}

impl Writer {
    /// Starts the thread. It ends when every handle is dropped, or after the first failure.
    pub fn start(state: State, high_water: HighWater) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, jobs) = sync_channel(MAX_WAITING);
        let stopped = Arc::new(OnceLock::new());
        let writer = Self { queue, stopped: Arc::clone(&stopped) };
        let thread = std::thread::Builder::new().name("writer".to_owned());
        let thread =
            thread.spawn(move || write_until_stopped(state, high_water, &jobs, &stopped))?;
        Ok((writer, thread))
    }

    /// Hands over one change.
    pub fn submit(&self, job: Job) -> Result<(), NotTaken> {
        if self.stopped.get().is_some() {
            return Err(NotTaken::Stopped);
        }
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Disconnected(_) => NotTaken::Stopped,
            TrySendError::Full(_) => NotTaken::Full,
        })
    }

    /// Why nothing more is written, if so.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }
}

fn write_until_stopped(
    mut state: State,
    mut high_water: HighWater,
    jobs: &Receiver<Job>,
    stopped: &OnceLock<String>,
) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(MAX_CHANGES - 1));
        let (changes, waiting): (Vec<Change>, Vec<_>) =
            batch.into_iter().map(|job| (job.change, (job.right, job.done))).unzip();
        // A store that panics is one that failed: unnoticed, the witness would call itself ready.
        let written =
            catch_unwind(AssertUnwindSafe(|| make_durable(&mut state, &mut high_water, &changes)));
        let outcome = written.unwrap_or_else(|_| Err("writing failed badly".to_owned()));
        if let Err(reason) = outcome {
            tracing::error!(%reason, "nothing is signed any more; restart when it is repaired");
            // First the mark, then the end of those who wait, then that of the channel: nobody is
            // left waiting, and whoever is turned away can be told why.
            let _ = stopped.set(reason);
            drop(waiting);
            return;
        }
        tell(&changes, waiting);
    }
}

/// Makes one group durable in the state, and then in the second record.
fn make_durable(
    state: &mut State,
    high_water: &mut HighWater,
    changes: &[Change],
) -> Result<(), String> {
    let start = Instant::now();
    let head = state.commit(changes).map_err(|error| error.to_string())?;
    let committed = Instant::now();
    high_water.note(head).map_err(|error| format!("the second record: {error}"))?;
    histogram!("fiducial_witness_state_commit_seconds").record(committed - start);
    histogram!("fiducial_witness_high_water_seconds").record(committed.elapsed());
    counter!("fiducial_witness_commits_total").increment(1);
    counter!("fiducial_witness_cosigned_total").increment(changes.len() as u64);
    Ok(())
}

/// Gives the rights back, and tells those who wait.
fn tell(changes: &[Change], waiting: Vec<Waiting>) {
    for (change, (mut right, done)) in changes.iter().zip(waiting) {
        *right = Some(change.after);
        // The right is given back first, so that who is told can ask again at once.
        drop(right);
        let _ = done.send(());
    }
}
