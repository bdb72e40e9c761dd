//! The publisher: signs tree heads, and publishes them.
//!
//! It never signs a fork. Before each signature the last signed head is read from its file and the
//! root at its size is computed again from the journal and the objects as the disk gives them
//! back; the new tree is computed the same way and compared with the sequencer's; the step between
//! the two is proved consistent with the proof that clients would get. Any difference stops the
//! log. The new head is durable before its signature leaves the process.
//!
//! Without a policy a head is published at once. With one it is offered to the witnesses and
//! published when their quorum has cosigned it (`witnesses::flight`); nothing newer is signed
//! meanwhile, and without the quorum nothing is published.
//!
//! Where servers share a journal, one of them holds the office of signing and publishing at a time
//! (`Record::office`); the others show what it publishes (`follower`), and any takes over when it is
//! gone, or has left because it does not reach the witnesses: it reads the heads anew and offers the last
//! one again, as a process does that starts.
//!
//! Published when something was committed, without a timer. Signing costs some milliseconds of
//! disk, on which commits wait too. So a log that many entries come to works on heads for at most a
//! fifth of the time, by resting four times as long after each, and rests for a fifth of a second
//! when hundreds of entries came meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use spec::checkpoint::Checkpoint;
use spec::note::Note;
use spec::tree::{Tree, verify_consistency};
use tokio::sync::watch;

use crate::answer::{Fatal, Published, ReadError};
use crate::heads::{Heads, Office, SignedHead, WriteError};
use crate::journal::mark;
use crate::sealer::ADVICE;
use crate::shared::{Seen, Shared};
use crate::stored::Stored;
use crate::witnesses::board::Board;
use crate::witnesses::flight::{Flight, Next};
use crate::witnesses::gather::Offer;

/// How many times as long as the last publication took it rests under load.
const REST: u32 = 4;

/// So many entries under one new head mean a busy log, which gains more from undisturbed commits.
const BUSY_ENTRIES: u64 = 256;

/// Where entries are so far apart, commits hardly wait for the disk, and there is no need to rest.
const LIGHT: Duration = Duration::from_millis(10);

/// The longest rest, and that of a busy log.
const REST_MAX: Duration = Duration::from_millis(200);

/// How often the mark of what is durable is written at most.
const MARK_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait after storage refused.
const RETRY: Duration = Duration::from_secs(1);

/// How long to wait until what others have committed is read.
const CATCH_UP: Duration = Duration::from_millis(10);

/// How often it is looked who holds the office, where servers share a journal.
const OFFICE: Duration = Duration::from_millis(200);

/// How long this server leaves the office to others after it has not reached the witnesses: each of a few
/// may try them meanwhile.
const STAND_BACK: Duration = Duration::from_secs(5);

/// How long to sleep when nothing rings: only a safety net.
const IDLE: Duration = Duration::from_secs(60);

/// How long the witnesses have for the last head once the log is told to stop. Without them it
/// stays signed, and is the first to be offered at the next start.
const END_PATIENCE: Duration = Duration::from_secs(3);

/// What came of one attempt to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing to do; sleep for at most so long.
    Idle(Duration),
    /// Something was published.
    Published,
    /// The signed head lacks its quorum.
    Waiting,
}

/// Signs and publishes. Owns the two heads.
pub struct Publisher {
    shared: Arc<Shared>,
    heads: Heads,
    /// The last signed head, as this process knows it; what is stored must say the same.
    signed: Option<SignedHead>,
    /// Where heads are offered to the witnesses, if the log has a policy.
    offers: Option<watch::Sender<Offer>>,
    /// How the signed head gets its quorum: with a policy, as long as this process signs.
    flight: Option<Flight>,
    /// Whether it does; always, where no other server does.
    in_office: bool,
    /// When it has left the office to who may reach the witnesses.
    stood_back: Option<Instant>,
    pace: Pace,
    /// The size of the last mark, and when one was last written.
    marked: (u64, Instant),
}

impl Publisher {
    /// Goes on from the last signed head.
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        heads: Heads,
        signed: Option<SignedHead>,
        offers: Option<watch::Sender<Offer>>,
    ) -> Self {
        let pace = Pace::new(shared.published_size());
        let marked = (shared.committed_size(), Instant::now());
        let in_office = !heads.record.is_shared();
        let (flight, stood_back) = (None, None);
        Self { shared, heads, signed, offers, flight, in_office, stood_back, pace, marked }
    }

    /// Offers the last signed head to the witnesses again, if there are any: the first act of a
    /// process, and of one that takes over from another.
    pub(crate) fn begin_flight(&mut self) {
        if let (Some(witnessing), Some(offers)) = (&self.shared.witnessing, &self.offers) {
            let (witnessing, offers) = (witnessing.clone(), offers.clone());
            let shown = self.shared.published();
            self.flight = Some(Flight::new(witnessing, offers, self.signed.as_ref(), &shown));
        }
    }

    /// Whether some head is signed, by whichever server.
    pub(crate) const fn has_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// Whether this process signs and publishes.
    pub(crate) const fn is_in_office(&self) -> bool {
        self.in_office
    }

    /// Works until the log is over and all that was committed is published.
    pub fn run(&mut self) -> Result<(), Fatal> {
        let ended = self.work();
        self.heads.record.leave();
        ended
    }

    fn work(&mut self) -> Result<(), Fatal> {
        let mut end: Option<Instant> = None;
        loop {
            let over = self.shared.is_over();
            if self.shared.fatal().is_some() {
                return Ok(());
            }
            let progress = self.publish();
            let refused = match &progress {
                Err(WriteError::Refused(error)) => Some(error.to_string()),
                _ => None,
            };
            self.shared.note_refused(|all| all.heads = refused);
            match progress {
                Ok(Progress::Published) => {
                    let rest = self.pace.rest(self.shared.published_size());
                    if !over {
                        std::thread::sleep(rest);
                    }
                }
                Ok(Progress::Idle(_)) if over => return Ok(()),
                Ok(Progress::Idle(at_most)) => {
                    let at_most =
                        if self.heads.record.is_shared() { at_most.min(OFFICE) } else { at_most };
                    self.shared.publish_bell.wait(at_most);
                }
                Ok(Progress::Waiting) => {
                    if over && end.get_or_insert_with(Instant::now).elapsed() >= END_PATIENCE {
                        tracing::warn!(
                            "the last head is signed but has no quorum yet; it is offered again at the next start"
                        );
                        return Ok(());
                    }
                    self.mark_durable();
                    self.wait_for_witnesses();
                }
                Err(WriteError::Fatal(fatal)) => return Err(fatal),
                Err(WriteError::Refused(error)) => {
                    tracing::warn!(%error, "the new head could not be stored; it is tried again");
                    if over {
                        return Ok(());
                    }
                    self.mark_durable();
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    /// Publishes the signed head if it may be, and signs the committed tree if that may be.
    pub fn publish(&mut self) -> Result<Progress, WriteError> {
        let before = Instant::now();
        if self.stood_back.is_some_and(|at| at.elapsed() < STAND_BACK) {
            return Ok(Progress::Idle(OFFICE));
        }
        match self.heads.record.office()? {
            Office::Ours if self.in_office && self.misses_the_witnesses() => {
                tracing::warn!(
                    "the quorum of witnesses is not reached from here: others may publish"
                );
                self.stood_back = Some(Instant::now());
                self.heads.record.leave();
                self.end_office(Board::step_back)?;
                return Ok(Progress::Idle(OFFICE));
            }
            Office::Ours if self.in_office => {}
            // Held, and not begun: the heads could not be read when it was taken. Without that the last
            // head would not be offered again, and nothing would wait for the witnesses.
            Office::Begun | Office::Ours => {
                let begun = self.begin_office();
                if begun.is_err() {
                    // Another server may be able to. What was offered here before is its affair then.
                    self.heads.record.leave();
                    self.withdraw(Board::step_back);
                }
                begun?;
            }
            Office::Others => {
                self.end_office(Board::settled)?;
                if let Some(witnessing) = &self.shared.witnessing {
                    witnessing.board.published_elsewhere(self.shared.published_size());
                }
                return Ok(Progress::Idle(OFFICE));
            }
        }
        let progress = self.publish_or_sign();
        self.pace.worked(before.elapsed());
        match progress {
            // No reason to say that a head cannot be stored.
            Err(WriteError::Refused(error)) if !self.heads.record.is_held() => {
                tracing::info!(%error, "this server has lost the office of publishing");
                Ok(Progress::Idle(OFFICE))
            }
            progress => progress,
        }
    }

    /// Whether other servers may reach witnesses that this one is known not to. Who waits for a file alone
    /// stays: another server would have to wait for the same file.
    fn misses_the_witnesses(&self) -> bool {
        self.heads.record.is_shared()
            && !self.shared.is_over()
            && self.shared.witnessing.as_ref().is_some_and(|witnessing| witnessing.is_cut_off())
    }

    /// Takes over from another server: whatever this one knew of heads is read anew, and the last one
    /// is offered again.
    fn begin_office(&mut self) -> Result<(), WriteError> {
        self.in_office = false;
        self.flight = None;
        let (signed, published) = self.heads.load(&self.shared.origin, &self.shared.keys)?;
        self.note_signed(signed);
        if let Some(head) = published {
            let note = head.note.to_bytes().into();
            self.shared.show(Published { note, checkpoint: head.checkpoint }, unix_seconds());
        }
        if let Some(witnessing) = &self.shared.witnessing {
            witnessing.board.begin_again();
        }
        self.begin_flight();
        self.in_office = true;
        tracing::info!("this server signs and publishes from now on");
        Ok(())
    }

    /// Another server signs: nothing is offered here any more, and the board is told what that means.
    fn end_office(&mut self, tell: fn(&Board)) -> Result<(), WriteError> {
        if std::mem::take(&mut self.in_office) {
            tracing::info!("another server signs and publishes from now on");
            self.withdraw(tell);
        }
        if self.signed.is_none() {
            let signed = self.heads.read_signed(&self.shared.origin, &self.shared.keys)?;
            self.note_signed(signed);
        }
        Ok(())
    }

    fn withdraw(&mut self, tell: fn(&Board)) {
        self.flight = None;
        if let (Some(offers), Some(witnessing)) = (&self.offers, &self.shared.witnessing) {
            offers.send_replace(None);
            tell(&witnessing.board);
        }
    }

    fn note_signed(&mut self, signed: Option<SignedHead>) {
        let size = signed.as_ref().map_or(0, |head| head.checkpoint.tree().size());
        self.shared.signed_size.fetch_max(size, Ordering::AcqRel);
        if self.heads.record.is_shared() {
            *self.shared.last_signed.lock().expect("no panic under this lock") = signed.clone();
        }
        self.signed = signed;
    }

    fn publish_or_sign(&mut self) -> Result<Progress, WriteError> {
        let committed =
            self.shared.tail.read().expect("no panic under this lock").frontier().tree();
        let last = self.signed.as_ref().map(|signed| signed.checkpoint.tree());
        if last.is_some_and(|last| last.size() > committed.size()) {
            // Another server has signed what this one has not read yet.
            self.shared.queue.nudge();
            return Ok(Progress::Idle(CATCH_UP));
        }
        let progress = self.advance(last != Some(committed))?;
        if last == Some(committed) || !matches!(progress, Progress::Idle(_)) {
            return Ok(progress);
        }
        self.check_step(last, committed)?;
        let head = self.sign(committed)?;
        self.heads.write_signed(&head)?;
        self.note_signed(Some(head.clone()));
        if let Some(flight) = &mut self.flight {
            flight.offer(&head);
        }
        self.advance(false)
    }

    /// Brings the signed head nearer to being published. `Idle` if another may be signed.
    ///
    /// A head that was signed and not published is published as it is: never two for one size.
    fn advance(&mut self, more: bool) -> Result<Progress, WriteError> {
        let Some(head) = self.signed.clone() else { return Ok(Progress::Idle(IDLE)) };
        let shown = self.shared.published();
        let Some(flight) = &mut self.flight else {
            // Before the first checkpoint there is no note; an empty tree's size does not show that.
            let newer = head.checkpoint.tree().size() > shown.checkpoint.tree().size();
            if !newer && !shown.note.is_empty() {
                return Ok(Progress::Idle(IDLE));
            }
            self.show(head.checkpoint, &head.note)?;
            return Ok(Progress::Published);
        };
        let hurry = more || self.shared.is_over();
        match flight.next(&head, &shown, hurry)? {
            Next::Free(at_most) => Ok(Progress::Idle(at_most)),
            Next::Wait => Ok(Progress::Waiting),
            Next::Publish(note) => {
                self.show(head.checkpoint, &note)?;
                self.flight.as_mut().expect("it was there a moment ago").shown();
                Ok(Progress::Published)
            }
        }
    }

    /// Notes what is durable where no signed head can: without the quorum none may be signed, and with
    /// a disk that refuses none can be stored. At most once a second; a failure is tried again then.
    fn mark_durable(&mut self) {
        let size = self.shared.committed_size();
        let (marked, at) = self.marked;
        // Where servers share a journal the follower writes it.
        if self.heads.record.is_shared() || size <= marked || at.elapsed() < MARK_INTERVAL {
            return;
        }
        self.marked.1 = Instant::now();
        let tree = self.shared.committed_tree();
        match mark::write(self.shared.disk.as_ref(), &self.shared.folder, tree) {
            Ok(()) => self.marked.0 = tree.size(),
            Err(error) => tracing::warn!(%error, "the mark of what is durable was not written"),
        }
    }

    /// Sleeps until a witness answers, or it is time to look for carried cosignatures again.
    /// Commits do not wake it: nothing can be signed for them yet.
    fn wait_for_witnesses(&self) {
        let witnessing = self.shared.witnessing.as_ref().expect("only with a policy it waits");
        let at_most = crate::witnesses::flight::SPOOL_INTERVAL;
        // An office is kept by being asked for: who sleeps through its lease begins it anew, and has
        // the witnesses asked again.
        let at_most = if self.heads.record.is_shared() { at_most.min(OFFICE) } else { at_most };
        witnessing.board.bell.wait(at_most);
    }

    /// Proves from what is stored that `new` may be signed after `last`.
    fn check_step(&self, last: Option<Tree>, new: Tree) -> Result<(), WriteError> {
        let on_file = self.heads.read_signed(&self.shared.origin, &self.shared.keys)?;
        if on_file.map(|head| head.checkpoint.tree()) != last {
            if self.heads.record.is_shared() {
                return Err(lost_office());
            }
            return Err(Fatal::new(
                "The file of the last signed head changed while the log was running. Nothing but \
                 this process may write it. Find out who did, restore the newest copy, and start \
                 again.",
            )
            .into());
        }
        let stored = Stored::of(self.heads.record.journal(new.size())?);
        let objects = self.shared.objects.as_ref();
        let old = last.unwrap_or(Tree::EMPTY);
        if stored.tree(old.size(), objects)? != old {
            return Err(fork("the tree that was signed last", old).into());
        }
        if stored.tree(new.size(), objects)? != new {
            return Err(fork("the tree in memory", new).into());
        }
        let proof =
            self.shared.prove_committed_consistency(old.size(), new.size()).map_err(unproved)?;
        verify_consistency(old, new, &proof).map_err(|error| {
            Fatal::new(format!(
                "The new tree does not continue the signed one ({error}). It is not signed. Run \
                 `fiducial-log check` on the data folder."
            ))
            .into()
        })
    }

    fn sign(&self, tree: Tree) -> Result<SignedHead, Fatal> {
        let checkpoint = Checkpoint::new(self.shared.origin.clone(), tree);
        let signatures =
            self.shared.keys.sign(&checkpoint, unix_seconds()).map_err(|error| {
                Fatal::new(format!("The new head could not be signed: {error}."))
            })?;
        Ok(SignedHead { note: Note::new(checkpoint.to_string(), signatures), checkpoint })
    }

    fn show(&self, checkpoint: Checkpoint, note: &Note) -> Result<(), WriteError> {
        self.heads.write_published(checkpoint.tree().size(), note)?;
        let published = Published { note: note.to_bytes().into(), checkpoint };
        if self.heads.record.is_shared() {
            // Whoever was paused since the write may have lost the office, and the follower may have shown
            // what another server has published: what is shown never becomes smaller.
            self.shared.show(published, unix_seconds());
            return Ok(());
        }
        let seen = Arc::new(published);
        self.shared.seen.send_modify(|state: &mut Seen| {
            state.published = seen;
            state.published_at = unix_seconds();
        });
        Ok(())
    }
}

/// How long to rest between heads.
struct Pace {
    /// The disk's time for the head that is under way.
    work: Duration,
    size: u64,
    at: Instant,
}

impl Pace {
    fn new(size: u64) -> Self {
        Self { work: Duration::ZERO, size, at: Instant::now() }
    }

    fn worked(&mut self, time: Duration) {
        self.work += time;
    }

    /// After a head of `size` entries was published.
    fn rest(&mut self, size: u64) -> Duration {
        let entries = size.saturating_sub(self.size);
        let since = self.at.elapsed();
        let work = std::mem::take(&mut self.work);
        (self.size, self.at) = (size, Instant::now());
        rest(entries, since, work)
    }
}

/// The rest after `entries` that came within `since`, and took the publisher `work`.
fn rest(entries: u64, since: Duration, work: Duration) -> Duration {
    if entries > BUSY_ENTRIES {
        REST_MAX
    } else if since >= LIGHT * entries as u32 {
        Duration::ZERO
    } else {
        (work * REST).min(REST_MAX)
    }
}

/// A store that is away says nothing of what it holds: the head waits for it.
fn unproved(error: ReadError) -> WriteError {
    match error {
        ReadError::Unreachable(_) => WriteError::Refused(std::io::Error::other(error.to_string())),
        _ => Fatal::new(format!("No consistency proof can be made: {error}. {ADVICE}")).into(),
    }
}

fn lost_office() -> WriteError {
    WriteError::Refused(std::io::Error::other("another server has signed a newer head"))
}

fn fork(what: &str, tree: Tree) -> Fatal {
    Fatal::new(format!(
        "What is stored has another root at size {} than {what}. Signing now would fork the log, \
         so it stops. Either files were restored or changed underneath it, or the disk or memory \
         is failing. Run `fiducial-log check`, restore the damaged files from the newest copy or \
         from a mirror, and start again.",
        tree.size()
    ))
}

/// This machine's time, in seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    // A clock before 1970 counts as 1970; nothing here is decided by it.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_log_rests_and_a_quiet_one_does_not() {
        let (work, second) = (Duration::from_millis(3), Duration::from_secs(1));
        assert_eq!(rest(1, second, work), Duration::ZERO);
        assert_eq!(rest(50, second, work), Duration::ZERO);
        assert_eq!(rest(200, second, work), work * REST);
        assert_eq!(rest(200, second, second), REST_MAX);
        assert_eq!(rest(BUSY_ENTRIES + 1, second * 100, work), REST_MAX);
        assert_eq!(rest(0, Duration::ZERO, second), Duration::ZERO);
    }
}
