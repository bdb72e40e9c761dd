//! One head in flight: what the publisher may do next with the head that was signed last.
//!
//! ```text
//! offered -> the quorum has cosigned -> published -> the witnesses' word is fresh -> a newer head
//!                                                                                  may be signed
//! ```
//!
//! A head stays the only one that is offered until it is published, however long that takes: the
//! same head is offered again and again, and no other. So no two heads compete for the witnesses,
//! which know one size each and would refuse the smaller; there are never two heads of one size;
//! and what a slow witness has cosigned is never in vain.
//!
//! After a start the last signed head is offered again, published or not, and nothing is signed
//! until a quorum has cosigned it *in this process*: see `gathered` for what is fresh.
//!
//! Cosignatures beyond the quorum do not hold a head up. They are added to the published note as
//! soon as all are there, or after a moment, or before the next head is signed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spec::note::Note;
use spec::policy::PolicyFailure;
use tokio::sync::watch;

use super::Witnessing;
use super::gather::Offer;
use super::gathered::Gathered;
use super::spool::{self, Before};
use crate::answer::{Fatal, Published};
use crate::heads::SignedHead;
use crate::number;
use crate::publisher::unix_seconds;

/// How long a late cosignature waits for others before the published note is written again.
pub const LATE_WAIT: Duration = Duration::from_millis(50);

/// How often the folder of carried cosignatures is looked into.
pub const SPOOL_INTERVAL: Duration = Duration::from_secs(1);

/// How long the word of a quorum waits for those who could be another one by themselves: less than a start
/// waits for its witnesses.
const HEAR_OTHERS: Duration = Duration::from_secs(3);

/// What the publisher may do next.
#[derive(Debug)]
pub enum Next {
    /// Sign a newer head; or, if there is none, sleep for at most so long.
    Free(Duration),
    /// Publish the head with these lines, and then ask again.
    Publish(Note),
    /// Nothing: the head lacks its quorum, or fresh words of it.
    Wait,
}

/// See the module's text. Owned by the publisher.
pub struct Flight {
    witnessing: Arc<Witnessing>,
    offers: watch::Sender<Offer>,
    began: Instant,
    /// Whether a quorum has cosigned the newest head for this process.
    confirmed: bool,
    /// Whether the head that is offered is published.
    published: bool,
    /// Whether it still waits for its quorum.
    waiting: bool,
    /// The version of the board that `gathered` is.
    version: u64,
    gathered: Gathered,
    /// Since when there are cosignatures that the published note lacks.
    late_since: Option<Instant>,
    /// Files whose lines are on the board, and whether any of these is fresh.
    carried: Vec<(PathBuf, bool)>,
    /// What was carried too early: never fresh, whatever time it names.
    before: Before,
    looked_at: Option<Instant>,
}

impl Flight {
    /// Begins. `signed` is the last signed head and `shown` what is published, from the files of
    /// an earlier process: the first thing to be offered.
    #[must_use]
    pub fn new(
        witnessing: Arc<Witnessing>,
        offers: watch::Sender<Offer>,
        signed: Option<&SignedHead>,
        shown: &Published,
    ) -> Self {
        let count = witnessing.policy().witnesses().len();
        let before = witnessing.carried_before();
        let mut flight = Self {
            witnessing,
            offers,
            began: Instant::now(),
            // Where nothing was ever signed there is nothing that witnesses could contradict.
            confirmed: signed.is_none(),
            published: true,
            waiting: false,
            version: 0,
            gathered: Gathered::new(count),
            late_since: None,
            carried: Vec::new(),
            before,
            looked_at: None,
        };
        if let Some(head) = signed {
            let note = Note::parse(&shown.note).ok();
            let same = note.filter(|_| shown.checkpoint == head.checkpoint);
            let policy = flight.witnessing.policy();
            let kept = same.map(|note| Gathered::of_note(policy, &head.checkpoint, &note));
            flight.begin(head, kept.unwrap_or_else(|| Gathered::new(count)));
        }
        flight
    }

    /// Offers a head that was just signed and is durable.
    pub fn offer(&mut self, head: &SignedHead) {
        self.begin(head, Gathered::new(self.witnessing.policy().witnesses().len()));
    }

    fn begin(&mut self, head: &SignedHead, gathered: Gathered) {
        self.witnessing.board.offer(&head.checkpoint, gathered);
        self.offers.send_replace(Some(Arc::new(head.clone())));
        (self.published, self.waiting, self.late_since) = (false, true, None);
        self.looked_at = None;
    }

    /// Says what may be done with `head`, the one that is offered. `hurry` if another one is to be
    /// signed, or none ever again.
    pub fn next(
        &mut self,
        head: &SignedHead,
        shown: &Published,
        hurry: bool,
    ) -> Result<Next, Fatal> {
        self.look_into_spool(head);
        let mut news = false;
        if let Some((version, gathered)) = self.witnessing.board.news_since(self.version) {
            (self.version, self.gathered, news) = (version, gathered, true);
        }
        let witnessing = self.witnessing.clone();
        let policy = witnessing.policy();
        if !self.published {
            if policy.count_quorum(&self.gathered.times()).is_err() {
                return Ok(Next::Wait);
            }
            let note = self.gathered.note(head);
            policy.check(&note).map_err(|failure| unexpected(head, &failure))?;
            if shown.note != note.to_bytes() {
                return Ok(Next::Publish(note));
            }
            self.shown();
        }
        if news {
            self.late_since.get_or_insert_with(Instant::now);
        }
        let fresh = self.gathered.fresh_times();
        if policy.count_quorum(&fresh).is_ok() && self.has_heard_enough() {
            self.confirmed = true;
            // A quorum of nobody has confirmed nothing.
            if fresh.iter().any(Option::is_some) {
                self.witnessing.board.confirm();
            }
        }
        if !self.confirmed {
            return Ok(Next::Wait);
        }
        if self.waiting {
            self.waiting = false;
            self.witnessing.board.settled();
        }
        Ok(self.late(head, shown, hurry))
    }

    /// Notes that the last [`Next::Publish`] was done.
    pub fn shown(&mut self) {
        (self.published, self.late_since) = (true, None);
        self.forget();
    }

    /// Forgets files that say nothing that is not published. A fresh word is needed until the head is confirmed:
    /// if this office ends before, by the next.
    fn forget(&mut self) {
        let confirmed = self.confirmed;
        for (path, _) in self.carried.extract_if(.., |(_, fresh)| confirmed || !*fresh) {
            spool::remove(&path);
        }
    }

    /// Whether the head that is offered still lacks its quorum, or fresh words of it.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Whether a quorum confirms the head. By a policy that is met by two apart from each other it is not enough that
    /// one of them has seen nothing newer: the other may be slow, and have published it.
    fn has_heard_enough(&self) -> bool {
        self.confirmed || self.began.elapsed() >= HEAR_OTHERS || !self.witnessing.may_be_overruled()
    }

    /// Adds what came after the quorum.
    fn late(&mut self, head: &SignedHead, shown: &Published, hurry: bool) -> Next {
        let Some(since) = self.late_since else { return Next::Free(SPOOL_INTERVAL) };
        let waited = since.elapsed();
        if !hurry && !self.gathered.is_complete() && waited < LATE_WAIT {
            return Next::Free(LATE_WAIT - waited);
        }
        let note = self.gathered.note(head);
        if shown.note != note.to_bytes() {
            return Next::Publish(note);
        }
        // Fresh words of witnesses whose lines are published already.
        self.shown();
        Next::Free(SPOOL_INTERVAL)
    }

    fn look_into_spool(&mut self, head: &SignedHead) {
        if self.looked_at.is_some_and(|at| at.elapsed() < SPOOL_INTERVAL) {
            return;
        }
        self.looked_at = Some(Instant::now());
        let keys = spool::all_keys(self.witnessing.policy());
        let folder = &self.witnessing.folder;
        let known: Vec<PathBuf> = self.carried.iter().map(|(path, _)| path.clone()).collect();
        for file in spool::read(folder, &known, &keys, &head.checkpoint, unix_seconds()) {
            if file.cosigned.is_empty() {
                spool::remove(&file.path);
                continue;
            }
            let mut is_any_fresh = false;
            for one in file.cosigned {
                let fresh = self.before.is_over(&file.path, one.time);
                self.witnessing.board.post(head.checkpoint.tree(), vec![one], fresh);
                is_any_fresh |= fresh;
            }
            self.carried.push((file.path, is_any_fresh));
        }
        if self.published
            && !self.carried.is_empty()
            && self.witnessing.board.news_since(self.version).is_none()
        {
            self.forget();
        }
    }
}

/// What to say when a head with all its lines does not satisfy the policy.
fn unexpected(head: &SignedHead, failure: &PolicyFailure) -> Fatal {
    if matches!(failure, PolicyFailure::LogSignature { .. }) {
        return Fatal::new(format!(
            "The policy for publishing lists only keys with which this log has not signed its last \
             head, of {}: that key was added later. Add the `log` line of the key that it \
             had then, here and at the verifiers, and start the log again; newer heads are signed \
             with both.",
            number::entries(head.checkpoint.tree().size())
        ));
    }
    Fatal::new(format!(
        "What the witnesses cosigned does not satisfy the policy, though each line was verified: \
         {failure}. It is not published. The memory of this machine is faulty, or this is a bug of \
         this program."
    ))
}
