//! A round where other servers commit too.
//!
//! It begins as any other: what waits is judged by what this server knows, and committed. Two answers
//! mean that it knows too little. A *conflict*: others have committed meanwhile. A refusal of a chain's
//! place: perhaps the statement before it came in by another server. Then what the others wrote is read,
//! and everything is judged again; an entry that came by them too is now one that the log has. After a
//! conflict the head is held while this is done, so that nobody starves.
//!
//! Where others commit as often, nearly every commit would meet a conflict, and one that does costs the
//! database a sync for nothing. So behind a conflict a server waits for its turn for a while: it holds the
//! head first, reads what is new, and only then takes what waits. What came in while it waited is in the same batch.
//!
//! A commit whose end is unknown is settled before anything else happens. Meanwhile nobody of it is
//! answered: any answer could be wrong. What came in behind it was sent nowhere, and is refused while the
//! database cannot be asked, so that who sends it can go to another server.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use spec::Hash;
use spec::hash::leaf_hashes;
use spec::tile::TILE_WIDTH;
use spec::tree::Tree;
use tokio::sync::oneshot;

use super::{MAX_UNINDEXED, Sequencer, keys_of};
use crate::admission::{Admission, Submission};
use crate::answer::{AddError, Fatal};
use crate::batch::{Batch, Outcome, Waiter};
use crate::index::Key;
use crate::journal::{AppendError, Loaded, News, frame};
use crate::number;
use crate::queue::{Answer, Request};
use crate::sealer::BundleError;
use crate::start::{place_of, replay};
use crate::stored::Stored;

#[cfg(test)]
mod tests;

/// How often it is asked what became of a commit.
const SETTLE_INTERVAL: Duration = Duration::from_millis(100);

/// How many times as long a journal another server than that in office leaves untrimmed while it is asked for
/// nothing: most likely it is trimmed by then, and this one only forgets what it kept for that.
const OTHERS_TRIM: u64 = 4;

/// Before so many rounds the turn is waited for, once others were met. Each round that meets some begins
/// the count anew, and one that meets nobody only asks twice where once would do.
const TURNS: u32 = 8;

/// A request, whose entries may have to be judged more than once.
struct Asked {
    submissions: Vec<Submission>,
    reply: Reply,
}

enum Reply {
    One(oneshot::Sender<Answer>),
    Many(oneshot::Sender<Vec<Answer>>),
}

/// What became of a commit.
enum Ended {
    /// Others were faster: judge again, while the head is held.
    Behind,
    /// Nothing is stored; who waits is told so.
    Refused(AddError),
    Stored,
}

impl Asked {
    fn of(request: Request) -> Self {
        match request {
            Request::One(one, reply) => Self { submissions: vec![one], reply: Reply::One(reply) },
            Request::Many(submissions, reply) => Self { submissions, reply: Reply::Many(reply) },
        }
    }

    fn waiter(self, mut outcomes: Vec<Outcome>) -> Waiter {
        match self.reply {
            Reply::One(reply) => {
                Waiter::One(outcomes.pop().expect("one entry has one outcome"), reply)
            }
            Reply::Many(reply) => Waiter::Many(outcomes, reply),
        }
    }
}

impl Sequencer {
    /// Where others were met lately, waits for something to commit and holds the head for it; whether it
    /// has. Nothing is taken from the queue, but where the database is away, what waits is told so: who asks
    /// for what is known here gets its index all the same.
    pub(super) fn wait_for_turn(&mut self) -> Result<bool, Fatal> {
        if self.turns == 0 || !self.shared.queue.wait_for_request() {
            return Ok(false);
        }
        let before = self.shared.committed_size();
        match self.catch_up(true)? {
            Ok(()) => {
                let is_alone = self.shared.committed_size() == before;
                self.turns = if is_alone { self.turns - 1 } else { TURNS };
                Ok(true)
            }
            Err(away) => {
                let waiting = self.shared.queue.take_now();
                let asked: Vec<Asked> = waiting.into_iter().map(Asked::of).collect();
                let (mut batch, outcomes) = self.judge(&asked, &[]);
                wait_for(&mut batch, asked, outcomes);
                batch.fail_all(&away);
                Ok(false)
            }
        }
    }

    /// Commits what waits; with nothing, only reads what others have appended. `in_turn` if what they have
    /// is read and the head is held.
    pub(super) fn round_together(
        &mut self,
        requests: Vec<Request>,
        in_turn: bool,
    ) -> Result<(), Fatal> {
        let asked: Vec<Asked> = requests.into_iter().map(Asked::of).collect();
        let mut up_to_date = in_turn;
        if asked.is_empty() {
            // Without the database nothing is new; it is said where somebody asks for something.
            return match self.catch_up(false)? {
                Ok(()) if self.trims_unasked() => self.trim_if_due(),
                _ => Ok(()),
            };
        }
        let mut judged: Vec<Vec<Outcome>> = Vec::new();
        loop {
            let (mut batch, outcomes) = self.judge(&asked, &judged);
            if !up_to_date && outcomes.iter().flatten().any(may_be_stale) {
                up_to_date = true;
                // Where the others cannot be asked, a place in a chain cannot be refused either.
                if let Err(away) = self.catch_up(false)? {
                    wait_for(&mut batch, asked, outcomes);
                    batch.fail_all(&away);
                    return Ok(());
                }
                judged = outcomes;
                continue;
            }
            if batch.entries.is_empty() {
                self.journal.let_go();
                wait_for(&mut batch, asked, outcomes);
                batch.answer(self.runtime.as_ref());
                self.spare = batch;
                return Ok(());
            }
            match self.commit(&batch)? {
                Ended::Stored => {
                    wait_for(&mut batch, asked, outcomes);
                    let growth = {
                        let tail = self.shared.tail.read().expect("no panic under this lock");
                        tail.frontier().grow(&batch.leaves)
                    };
                    return self.committed(batch, growth);
                }
                Ended::Refused(why) => {
                    wait_for(&mut batch, asked, outcomes);
                    batch.fail(&why);
                    return Ok(());
                }
                Ended::Behind => match self.catch_up(true)? {
                    Ok(()) => {
                        (up_to_date, self.turns) = (true, TURNS);
                        judged = outcomes;
                    }
                    Err(away) => {
                        wait_for(&mut batch, asked, outcomes);
                        batch.fail(&away);
                        return Ok(());
                    }
                },
            }
        }
    }

    /// Whether to trim though nobody asked for anything here. Who is in office seals first, and may be the only one
    /// that can; what another keeps for its next trim must not grow for as long as it is asked for nothing.
    fn trims_unasked(&self) -> bool {
        self.shared.in_office.load(Ordering::Acquire)
            || self.journal.bytes() >= OTHERS_TRIM * self.shared.limits.trim_bytes
    }

    /// Judges what is asked for. What was found to be in the log when it was `judged` before is not looked
    /// for again: that may take a while, and others may wait for the head meanwhile.
    fn judge(&mut self, asked: &[Asked], judged: &[Vec<Outcome>]) -> (Batch, Vec<Vec<Outcome>>) {
        let (from, unsealed) = {
            let tail = self.shared.tail.read().expect("no panic under this lock");
            (tail.frontier().size(), tail.bytes())
        };
        let full = unsealed > self.shared.limits.unsealed_bytes
            || self.shared.index.waiting() > MAX_UNINDEXED;
        let mut batch = std::mem::take(&mut self.spare).recycle(from);
        let mut outcomes: Vec<Vec<Outcome>> = Vec::with_capacity(asked.len());
        for (at, one) in asked.iter().enumerate() {
            let before = judged.get(at).map(Vec::as_slice).unwrap_or_default();
            let judge_one = |(at, one): (usize, &Submission)| match before.get(at) {
                Some(Outcome::Settled(Ok(there))) => Outcome::Settled(Ok(*there)),
                _ => self.place(one.clone(), &mut batch, full),
            };
            outcomes.push(one.submissions.iter().enumerate().map(judge_one).collect());
        }
        (batch, outcomes)
    }

    /// THE COMMIT POINT, as in the round of one server.
    fn commit(&mut self, batch: &Batch) -> Result<Ended, Fatal> {
        match self.journal.append(batch.from, &batch.entries) {
            Ok(()) => Ok(Ended::Stored),
            Err(AppendError::Conflict { .. }) => {
                metrics::counter!("fiducial_log_commit_conflicts_total").increment(1);
                Ok(Ended::Behind)
            }
            Err(AppendError::Duplicate) => {
                tracing::warn!("the index has missed an entry; it is made again");
                self.shared.index.set_ready(false);
                self.shared.index_bell.ring();
                Ok(Ended::Refused(AddError::IndexNotReady))
            }
            // Who waits is told by `Log` why it stopped.
            Err(AppendError::Fatal(fatal)) => Err(fatal),
            Err(AppendError::Refused(why)) => {
                tracing::warn!(%why, "a batch was not stored; nothing of it was promised");
                Ok(Ended::Refused(AddError::Storage(why)))
            }
            Err(AppendError::Unknown(why)) => self.settle(&why),
        }
    }

    /// Waits until it is known what became of the last commit. Fatal if the log is to stop before.
    fn settle(&mut self, why: &str) -> Result<Ended, Fatal> {
        tracing::warn!(%why, "it is unknown whether a batch was stored; nothing else is until it is known");
        loop {
            match self.journal.settle() {
                Ok(true) => return Ok(Ended::Stored),
                Ok(false) => return Ok(Ended::Behind),
                Err(AppendError::Fatal(fatal)) => return Err(fatal),
                Err(error) if self.shared.queue.is_closed() => return Err(unsettled(&error)),
                Err(error) => {
                    let away = AddError::Storage(error.to_string());
                    let waiting = self.shared.queue.take_now();
                    waiting.into_iter().for_each(|request| request.refuse(&away));
                    std::thread::sleep(SETTLE_INTERVAL);
                }
            }
        }
    }

    /// Reads what others have appended. With `hold` nobody can append behind it until the next commit.
    /// The inner error: the database is away.
    fn catch_up(&mut self, hold: bool) -> Result<Result<(), AddError>, Fatal> {
        loop {
            match self.journal.news(hold) {
                Ok(News::None) => return Ok(Ok(())),
                Ok(News::Entries(entries)) => {
                    self.take_in(entries)?;
                    return Ok(Ok(()));
                }
                // Reading everything lets go of the head: look again.
                Ok(News::Anew(loaded)) => self.begin_anew(loaded)?,
                Err(AppendError::Fatal(fatal)) => return Err(fatal),
                Err(error @ AppendError::Unknown(_)) => return Err(unsettled(&error)),
                Err(error) => return Ok(Err(AddError::Storage(error.to_string()))),
            }
        }
    }

    /// Takes over entries that others have committed.
    fn take_in(&mut self, entries: Vec<Bytes>) -> Result<(), Fatal> {
        let leaves: Vec<Hash> = leaf_hashes(&entries);
        let (from, growth) = {
            let tail = self.shared.tail.read().expect("no panic under this lock");
            (tail.frontier().size(), tail.frontier().grow(&leaves))
        };
        let mut keys: Vec<(Key, u64)> = Vec::with_capacity(2 * entries.len());
        for (index, (entry, leaf)) in (from..).zip(entries.iter().zip(&leaves)) {
            let of_entry = keys_of(self.shared.admission, entry, *leaf);
            keys.extend(of_entry.into_iter().map(|key| (key, index)));
            if self.shared.admission == Admission::Statements
                && let Some(place) = place_of(entry, index)?
            {
                self.chains.advance(place, *leaf);
            }
        }
        let count = entries.len() as u64;
        {
            // Together, as after a commit of our own.
            let mut tail = self.shared.tail.write().expect("no panic under this lock");
            tail.commit(entries, &leaves, growth);
            if self.shared.index.is_ready() {
                self.shared.index.add(&keys);
            }
        }
        self.shared.publish_bell.ring();
        if from / TILE_WIDTH != (from + count) / TILE_WIDTH {
            self.shared.seal_bell.ring();
        }
        if self.shared.index.waiting() >= crate::index::RUN_KEYS {
            self.shared.index_bell.ring();
        }
        metrics::counter!("fiducial_log_entries_of_others_total").increment(count);
        Ok(())
    }

    /// Compares what this server knew with what is stored: the entries between are read no more, and it would
    /// not notice a database that went back and on without some of them. Waits for the tiles that it takes:
    /// the journal knows the new end already, and nothing can be put behind it here before. Returns how many
    /// entries this server knew.
    fn check_continues(&mut self, loaded: &Loaded) -> Result<u64, Fatal> {
        let known = self.shared.tail.read().expect("no panic under this lock").frontier().tree();
        let stored = Stored::of(loaded.clone());
        loop {
            match stored.tree(known.size(), self.shared.objects.as_ref()) {
                Ok(tree) if tree == known => return Ok(known.size()),
                Ok(_) => {
                    let fatal = other_history(known);
                    self.journal.tell_to_stop(&fatal);
                    return Err(fatal);
                }
                Err(BundleError::Fatal(fatal)) => return Err(fatal),
                Err(away) if self.shared.queue.is_closed() => return Err(away.into()),
                Err(away) => {
                    tracing::warn!(%away, "what was missed is taken over when the tiles can be read");
                    let away = AddError::Storage(away.to_string());
                    let waiting = self.shared.queue.take_now();
                    waiting.into_iter().for_each(|request| request.refuse(&away));
                    std::thread::sleep(SETTLE_INTERVAL);
                }
            }
        }
    }

    /// Takes over everything, as a start does: the journal was trimmed beyond what this server knew.
    fn begin_anew(&mut self, loaded: Loaded) -> Result<(), Fatal> {
        let known = self.check_continues(&loaded)?;
        let (tail, chains) = replay(&loaded, self.shared.admission)?;
        {
            let mut held = self.shared.tail.write().expect("no panic under this lock");
            *held = tail;
            self.shared.sealed_leaves.lock().expect("no panic under this lock").clear();
            // What it has is as it was; what came between it gets from the tiles.
            self.shared.index.fall_behind(known);
        }
        self.chains = chains;
        self.base_bytes = frame::format_base(&loaded.base).len() as u64;
        self.base = loaded.base.frontier;
        self.shared.ring_all();
        Ok(())
    }
}

/// What to say where the journal went on without what this server has told its clients.
fn other_history(known: Tree) -> Fatal {
    Fatal::new(format!(
        "The database holds another history than this server has read from it: its tiles give another root of \
         {}. It went back and went on without entries that were acknowledged, or was changed by hand. Nothing \
         is accepted or signed. Bring back the database that has them; see docs/postgres.md.",
        number::entries(known.size())
    ))
}

/// What to say when a log ends before it is known what became of a commit.
fn unsettled(error: &AppendError) -> Fatal {
    Fatal::new(format!(
        "{error}. The log ends without knowing it; nobody was told that its entries are in the log, or \
         that they are not. Start it again when the database is back: who sends an entry again gets the \
         index that it has."
    ))
}

/// Whether a refusal may only mean that this server does not know what another has committed.
fn may_be_stale(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Refused(AddError::WrongPlace { .. })
            | Outcome::Settled(Err(AddError::WrongPlace { .. }))
    )
}

fn wait_for(batch: &mut Batch, asked: Vec<Asked>, outcomes: Vec<Vec<Outcome>>) {
    for (one, outcomes) in asked.into_iter().zip(outcomes) {
        batch.wait(one.waiter(outcomes));
    }
}
