//! The queue before the sequencer: bounded in entries and bytes, emptied whole.
//!
//! No timer collects a batch. Whatever has come in while the last commit was being made durable
//! is the next batch, so an idle log answers at once and a busy one commits many together.
//!
//! Where fewer processors than threads have work, the sequencer is woken by the first request and would
//! commit a handful, while those who would hand in the rest wait for the processor that it takes from
//! them. So it gives way a few times for as long as that brings more: with 128 clients on two
//! processors a third of all syncs is saved. On a processor that is free this costs a microsecond.
//!
//! It also gives way before it sleeps. Whoever hands something in meanwhile need not wake it, and what it
//! saves is not only that: a thread that is woken is put behind others on a processor, often that of who
//! woke it, and stays there while another processor has nothing to do (see `http::runtime`).

use std::sync::{Condvar, Mutex, MutexGuard};

use tokio::sync::oneshot;

use crate::admission::Submission;
use crate::answer::{AddError, Fatal, Sequenced};
use crate::log::Limits;

/// The most bytes that may ever wait, whatever is configured: they become one frame of the journal,
/// which has room for twice as many.
const MAX_WAITING_BYTES: usize = crate::journal::frame::MAX_PAYLOAD / 2;

/// How often who takes gives way to those who hand in. More than this brought nothing.
const GIVE_WAY: u32 = 4;

/// How often it does so before it sleeps. More than this brought nothing either.
const GIVE_WAY_BEFORE_SLEEP: u32 = 2;

/// What comes back for a submission.
pub type Answer = Result<Sequenced, AddError>;

/// One request: what to add, in order, and where to answer. The asker may be gone; its entries are
/// committed all the same.
///
/// A single entry is a case of its own: most requests are, and the two lists that it does without
/// were made on one thread and freed on another.
#[derive(Debug)]
pub enum Request {
    /// One entry.
    One(Submission, oneshot::Sender<Answer>),
    /// Some, answered together.
    Many(Vec<Submission>, oneshot::Sender<Vec<Answer>>),
}

impl Request {
    /// Answers that nothing of it was taken.
    pub fn refuse(self, why: &AddError) {
        match self {
            // Whoever has gone needs no answer.
            Self::One(_, reply) => drop(reply.send(Err(why.clone()))),
            Self::Many(all, reply) => drop(reply.send(vec![Err(why.clone()); all.len()])),
        }
    }

    fn entries(&self) -> usize {
        self.submissions().len()
    }

    fn bytes(&self) -> usize {
        self.submissions().iter().map(|one| one.entry().len()).sum()
    }

    fn submissions(&self) -> &[Submission] {
        match self {
            Self::One(submission, _) => std::slice::from_ref(submission),
            Self::Many(submissions, _) => submissions,
        }
    }
}

/// See the module's text.
#[derive(Debug)]
pub struct Queue {
    limits: Limits,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Request>,
    entries: usize,
    bytes: usize,
    /// Whether the sequencer is to look what other servers have appended.
    nudged: bool,
    /// Set for good by a stop or a fatal error.
    closed: Option<Fatal>,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let waiting_bytes = limits.waiting_bytes.min(MAX_WAITING_BYTES);
        let limits = Limits { waiting_bytes, ..limits };
        Self { limits, state: Mutex::default(), wake: Condvar::new() }
    }

    /// Puts a request in, or refuses it before memory grows.
    pub fn push(&self, request: Request) -> Result<(), AddError> {
        let (entries, bytes) = (request.entries(), request.bytes());
        let mut state = self.state.lock().expect("no panic under this lock");
        if let Some(fatal) = &state.closed {
            return Err(fatal.clone().into());
        }
        // An empty queue takes one request of any size: requests are bounded elsewhere.
        let full = state.entries + entries > self.limits.waiting_entries
            || state.bytes + bytes > self.limits.waiting_bytes;
        if full && !state.requests.is_empty() {
            return Err(AddError::Overloaded);
        }
        state.entries += entries;
        state.bytes += bytes;
        state.requests.push(request);
        let first = state.requests.len() == 1;
        drop(state);
        // The sequencer sleeps only on an empty queue, so only the first one has to wake it.
        if first {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Takes everything that waits; waits for something while there is nothing, but not after a nudge.
    /// `None` when the queue is closed and empty.
    pub fn take(&self) -> Option<Vec<Request>> {
        let state = self.wait_for_something(std::thread::yield_now)?;
        let mut state = self.gather(state, std::thread::yield_now);
        (state.entries, state.bytes) = (0, 0);
        Some(std::mem::take(&mut state.requests))
    }

    /// Waits for requests or a nudge. `None` when the queue is closed and empty.
    fn wait_for_something(&self, mut give_way: impl FnMut()) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state.lock().expect("no panic under this lock");
        let mut awake = GIVE_WAY_BEFORE_SLEEP;
        while state.requests.is_empty() && !std::mem::take(&mut state.nudged) {
            if state.closed.is_some() {
                return None;
            }
            state = if awake == 0 {
                self.wake.wait(state).expect("no panic under this lock")
            } else {
                awake -= 1;
                drop(state);
                give_way();
                self.state.lock().expect("no panic under this lock")
            };
        }
        Some(state)
    }

    /// Gives way as long as more comes, but not for long. A request that is alone is not kept waiting: on a
    /// busy machine others may take the processor for milliseconds.
    fn gather<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut give_way: impl FnMut(),
    ) -> MutexGuard<'a, State> {
        for _ in 0..GIVE_WAY {
            let before = state.requests.len();
            if before < 2 {
                break;
            }
            drop(state);
            give_way();
            state = self.state.lock().expect("no panic under this lock");
            if state.requests.len() <= before {
                break;
            }
        }
        state
    }

    /// Waits for something to take and leaves it there, so that what comes meanwhile is taken with it.
    /// `false` after a nudge, and when the queue is closed and empty.
    pub fn wait_for_request(&self) -> bool {
        let mut state = self.state.lock().expect("no panic under this lock");
        while state.requests.is_empty() && !state.nudged && state.closed.is_none() {
            state = self.wake.wait(state).expect("no panic under this lock");
        }
        !state.requests.is_empty()
    }

    /// Takes what waits now, which may be nothing.
    pub fn take_now(&self) -> Vec<Request> {
        let mut state = self.state.lock().expect("no panic under this lock");
        (state.entries, state.bytes) = (0, 0);
        std::mem::take(&mut state.requests)
    }

    /// Wakes the sequencer, which looks what other servers have appended.
    pub fn nudge(&self) {
        self.state.lock().expect("no panic under this lock").nudged = true;
        self.wake.notify_one();
    }

    /// Whether nothing is taken any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.lock().expect("no panic under this lock").closed.is_some()
    }

    /// Refuses everything from now on; what waits is still taken.
    pub fn close(&self, why: Fatal) {
        let mut state = self.state.lock().expect("no panic under this lock");
        state.closed.get_or_insert(why);
        drop(state);
        self.wake.notify_all();
    }

    /// Refuses everything, what waits too: its askers learn that the log stopped. Nobody may be
    /// left waiting, since the sequencer may have ended already.
    pub fn abandon(&self, why: Fatal) {
        let mut state = self.state.lock().expect("no panic under this lock");
        state.closed.get_or_insert(why);
        let abandoned = std::mem::take(&mut state.requests);
        (state.entries, state.bytes) = (0, 0);
        drop(state);
        // Dropping the senders is the answer.
        drop(abandoned);
        self.wake.notify_all();
    }

    /// How many entries wait.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.state.lock().expect("no panic under this lock").entries
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use tokio::sync::oneshot::error::TryRecvError;

    fn request(entry: &[u8]) -> Request {
        let (answer, _) = oneshot::channel();
        Request::One(Submission::opaque(entry).unwrap(), answer)
    }

    #[test]
    fn what_waits_is_taken_together_and_more_is_refused() {
        let limits = Limits { waiting_entries: 2, ..Limits::default() };
        let queue = Queue::new(limits);
        queue.push(request(b"a")).unwrap();
        queue.push(request(b"b")).unwrap();
        assert_eq!(queue.push(request(b"c")), Err(AddError::Overloaded));
        assert_eq!(queue.take().unwrap().len(), 2);
        queue.push(request(b"c")).unwrap();
    }

    #[test]
    fn what_waits_can_be_refused_and_others_come_behind_it() {
        let queue = Queue::new(Limits { waiting_entries: 2, ..Limits::default() });
        let (answer, mut answered) = oneshot::channel();
        queue.push(Request::One(Submission::opaque(b"a").unwrap(), answer)).unwrap();
        queue.push(request(b"b")).unwrap();
        queue.take_now().into_iter().for_each(|waiting| waiting.refuse(&AddError::Overloaded));
        assert_eq!(answered.try_recv().unwrap(), Err(AddError::Overloaded));
        assert!(queue.take_now().is_empty());
        queue.push(request(b"c")).unwrap();
        queue.push(request(b"d")).unwrap();
        assert_eq!(queue.take().unwrap().len(), 2);
    }

    /// A queue with so many requests, and how often who gathers gives way while each time brings one more
    /// until there are `most`.
    fn given_way(waiting: usize, most: usize) -> (Queue, usize) {
        let queue = Queue::new(Limits::default());
        let push = || queue.push(request(b"a")).unwrap();
        (0..waiting).for_each(|_| push());
        let (mut times, mut have) = (0, waiting);
        let state = queue.state.lock().unwrap();
        drop(queue.gather(state, || {
            times += 1;
            if have < most {
                have += 1;
                push();
            }
        }));
        (queue, times)
    }

    #[test]
    fn who_takes_gives_way_while_that_brings_more_but_not_for_long() {
        let (queue, times) = given_way(2, 4);
        // Twice it brought one more, and then none.
        assert_eq!((queue.take().unwrap().len(), times), (4, 3));
        let (queue, times) = given_way(2, usize::MAX);
        let all = 2 + GIVE_WAY as usize;
        assert_eq!((queue.take().unwrap().len(), times), (all, GIVE_WAY as usize));
    }

    #[test]
    fn a_request_that_is_alone_is_taken_at_once() {
        let (queue, times) = given_way(1, 10);
        assert_eq!((queue.take().unwrap().len(), times), (1, 0));
        assert_eq!(given_way(0, 10).1, 0);
    }

    #[test]
    fn who_finds_nothing_gives_way_before_it_sleeps_and_takes_what_came() {
        let queue = Queue::new(Limits::default());
        let mut times = 0;
        let state = queue.wait_for_something(|| {
            times += 1;
            if times == GIVE_WAY_BEFORE_SLEEP {
                queue.push(request(b"a")).unwrap();
            }
        });
        assert_eq!(state.unwrap().requests.len(), 1);
        assert_eq!(times, GIVE_WAY_BEFORE_SLEEP);
    }

    #[test]
    fn who_has_given_way_in_vain_sleeps_until_something_comes() {
        let queue = Queue::new(Limits::default());
        let times = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while times.load(Ordering::Acquire) < GIVE_WAY_BEFORE_SLEEP {
                    std::thread::yield_now();
                }
                queue.push(request(b"a")).unwrap();
            });
            let state = queue.wait_for_something(|| {
                times.fetch_add(1, Ordering::AcqRel);
            });
            assert_eq!(state.unwrap().requests.len(), 1);
        });
        // As often as it may, and no more: it does not go round in place of sleeping.
        assert_eq!(times.into_inner(), GIVE_WAY_BEFORE_SLEEP);
    }

    #[test]
    fn a_queue_that_is_closed_while_who_takes_gives_way_is_not_waited_for() {
        let queue = Queue::new(Limits::default());
        assert!(queue.wait_for_something(|| queue.close(Fatal::new("stopping"))).is_none());
    }

    #[test]
    fn what_is_abandoned_while_who_takes_gives_way_is_not_waited_for() {
        let queue = Queue::new(Limits::default());
        let replies: Vec<_> = (0..2)
            .map(|_| {
                let (answer, answered) = oneshot::channel();
                queue.push(Request::One(Submission::opaque(b"a").unwrap(), answer)).unwrap();
                answered
            })
            .collect();
        let mut times = 0;
        let state = queue.state.lock().unwrap();
        drop(queue.gather(state, || {
            times += 1;
            queue.abandon(Fatal::new("the disk failed"));
        }));
        assert_eq!(times, 1);
        assert!(queue.take().is_none());
        for mut answered in replies {
            assert!(answered.try_recv().is_err_and(|error| error == TryRecvError::Closed));
        }
    }

    #[test]
    fn bytes_are_bounded_too() {
        let limits = Limits { waiting_bytes: 10, ..Limits::default() };
        let queue = Queue::new(limits);
        queue.push(request(&[0; 20])).unwrap();
        assert_eq!(queue.push(request(b"a")), Err(AddError::Overloaded));
    }

    #[test]
    fn an_abandoned_queue_leaves_nobody_waiting() {
        let queue = Queue::new(Limits::default());
        let (answer, mut answered) = oneshot::channel();
        queue.push(Request::One(Submission::opaque(b"a").unwrap(), answer)).unwrap();
        queue.abandon(Fatal::new("the disk failed"));
        assert!(answered.try_recv().is_err_and(|error| error == TryRecvError::Closed));
        assert!(queue.take().is_none());
        assert!(matches!(queue.push(request(b"b")), Err(AddError::Fatal(_))));
    }

    #[test]
    fn a_nudge_wakes_once_and_gives_out_nothing() {
        let queue = Queue::new(Limits::default());
        queue.nudge();
        assert!(queue.take().unwrap().is_empty());
        queue.nudge();
        queue.push(request(b"a")).unwrap();
        assert_eq!(queue.take().unwrap().len(), 1);
        queue.close(Fatal::new("stopping"));
        assert!(queue.is_closed() && queue.take().is_some_and(|taken| taken.is_empty()));
        assert!(queue.take().is_none());
    }

    #[test]
    fn who_waits_for_a_request_leaves_it_and_takes_what_came_meanwhile_as_well() {
        let queue = Queue::new(Limits::default());
        queue.push(request(b"a")).unwrap();
        assert!(queue.wait_for_request());
        queue.push(request(b"b")).unwrap();
        assert!(queue.wait_for_request());
        assert_eq!(queue.take().unwrap().len(), 2);
        // A nudge is left to who takes.
        queue.nudge();
        assert!(!queue.wait_for_request());
        assert!(queue.take().unwrap().is_empty());
        queue.close(Fatal::new("stopping"));
        assert!(!queue.wait_for_request());
        assert!(queue.take().is_none());
    }

    #[test]
    fn a_closed_queue_gives_out_what_waits_and_then_ends() {
        let queue = Queue::new(Limits::default());
        queue.push(request(b"a")).unwrap();
        queue.close(Fatal::new("stopping"));
        assert!(matches!(queue.push(request(b"b")), Err(AddError::Fatal(_))));
        assert_eq!(queue.take().unwrap().len(), 1);
        assert!(queue.take().is_none());
    }
}
