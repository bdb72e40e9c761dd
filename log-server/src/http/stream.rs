//! The socket below a connection: counts what moves, and closes so that the last answer arrives.
//!
//! Danger: closing a socket with unread bytes in it makes the kernel send a reset, which throws away
//! the answer that the client has not read yet. It would never learn why its upload was refused. So
//! a close first ends the sending side, then reads and drops what still comes, within a bound.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a close waits for the client to end its side.
const LINGER_TIME: Duration = Duration::from_secs(1);

/// How many bytes a close reads and drops: two batches of the largest kind, so that a client that
/// sends all before it reads still learns that it was too much.
const LINGER_SIZE: usize = 16 << 20;

/// How many bytes a second of an answer that is expected to leave a client must read, on the whole: 256 kbit/s. Bytes that
/// merely trickle would hold memory that all clients share for as long as the client likes.
pub(super) const MIN_READ_RATE: usize = 32 * 1024;

/// What moved on one connection. Written by its task, read by the same task's clock.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests whose head was read.
    begun: AtomicU64,
    /// Requests that are being answered.
    in_flight: AtomicU32,
    /// Bytes read.
    read: AtomicU64,
    /// Bytes read when the last answer was ready.
    read_at_answer: AtomicU64,
    /// Bytes written.
    written: AtomicU64,
    /// Parts of answers that the client made room for.
    parts: AtomicU64,
    /// Whether bytes are written that are no part of an answer, as soon as the client asks for them.
    echoes: AtomicBool,
    /// By when each large answer on its way must have left.
    due: Mutex<Vec<Instant>>,
}

/// What counts as progress: two equal snapshots mean that the client let time pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    begun: u64,
    sent: u64,
}

impl Activity {
    /// Notes that a request's head was read, until the answer is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    pub(super) fn progress(&self) -> Progress {
        let begun = self.begun.load(Ordering::Relaxed);
        let sent = if self.echoes.load(Ordering::Relaxed) { &self.parts } else { &self.written };
        Progress { begun, sent: sent.load(Ordering::Relaxed) }
    }

    /// Counts as progress only parts of answers, from now on. For HTTP/2: a ping is answered whatever
    /// else stands still.
    pub(super) fn pass_over_echoes(&self) {
        self.echoes.store(true, Ordering::Relaxed);
    }

    /// Notes that the client made room for another part of an answer.
    pub(super) fn take_part(&self) {
        self.parts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_answering(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Expects `size` bytes of an answer to leave at [`MIN_READ_RATE`], until what this returns is
    /// dropped with the last of them.
    pub(super) fn expect(self: &Arc<Self>, size: usize) -> Expected {
        let due = Instant::now() + Duration::from_secs((size / MIN_READ_RATE) as u64);
        self.lock_due().push(due);
        Expected { activity: Arc::clone(self), due }
    }

    /// Whether an answer is on its way that is expected to leave.
    #[cfg(test)]
    pub(super) fn is_expecting(&self) -> bool {
        !self.lock_due().is_empty()
    }

    /// Whether an answer on its way should have left longer than `grace` ago.
    pub(super) fn is_overdue(&self, grace: Duration) -> bool {
        let now = Instant::now();
        self.lock_due().iter().any(|due| *due + grace <= now)
    }

    fn lock_due(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request's head has begun to arrive, or the connection's first is awaited.
    pub(super) fn owes_a_head(&self) -> bool {
        let first = self.begun.load(Ordering::Relaxed) == 0;
        let read = self.read.load(Ordering::Relaxed);
        first || read > self.read_at_answer.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let read = self.0.read.load(Ordering::Relaxed);
        self.0.read_at_answer.store(read, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A large answer on its way.
pub(super) struct Expected {
    activity: Arc<Activity>,
    due: Instant,
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut due = self.activity.lock_due();
        let at = due.iter().position(|due| *due == self.due);
        due.swap_remove(at.expect("it is listed from its making to its drop"));
    }
}

/// A socket that counts and lingers.
pub(super) struct Stream<S> {
    socket: S,
    activity: Arc<Activity>,
    closing: Option<Closing>,
}

/// The state of a close whose sending side has ended.
struct Closing {
    dropped: usize,
    until: Pin<Box<Sleep>>,
}

impl<S> Stream<S> {
    pub(super) const fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity, closing: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let read = (buffer.filled().len() - before) as u64;
        self.activity.read.fetch_add(read, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
        self.activity.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write_vectored(context, parts))?;
        self.activity.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
            this.closing = Some(Closing { dropped: 0, until: Box::pin(sleep(LINGER_TIME)) });
        }
        let closing = this.closing.as_mut().expect("set just above");
        let mut scratch = [0; 8192];
        while closing.dropped < LINGER_SIZE {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.socket).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    closing.dropped += buffer.filled().len();
                }
                // The client ended its side, or the connection broke: nothing more can be lost.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(closing.until.as_mut().poll(context));
                    return Poll::Ready(Ok(()));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn what_moves_is_counted() {
        let (socket, mut client) = duplex(64);
        let activity = Arc::new(Activity::default());
        let mut stream = Stream::new(socket, Arc::clone(&activity));
        assert!(activity.owes_a_head());
        let before = activity.progress();

        client.write_all(b"request").await.unwrap();
        let mut bytes = [0; 7];
        stream.read_exact(&mut bytes).await.unwrap();
        // Reading is not progress: that is what a client does who sends a head byte by byte.
        assert_eq!(activity.progress(), before);
        assert!(activity.owes_a_head());

        let request = activity.begin();
        assert!(activity.is_answering());
        drop(request);
        assert!(!activity.is_answering() && !activity.owes_a_head());
        stream.write_all(b"answer").await.unwrap();
        assert_ne!(activity.progress(), before);

        client.write_all(b"G").await.unwrap();
        stream.read_exact(&mut bytes[..1]).await.unwrap();
        assert!(activity.owes_a_head());
    }

    #[tokio::test]
    async fn over_http_2_only_parts_of_answers_are_progress() {
        let (socket, mut client) = duplex(64);
        let activity = Arc::new(Activity::default());
        activity.pass_over_echoes();
        let mut stream = Stream::new(socket, Arc::clone(&activity));
        let before = activity.progress();
        stream.write_all(b"pong").await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(activity.progress(), before);
        activity.take_part();
        assert_ne!(activity.progress(), before);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_overdue_after_its_time_unless_it_has_left() {
        let activity = Arc::new(Activity::default());
        let grace = Duration::from_secs(5);
        let small = activity.expect(1);
        let large = activity.expect(10 * MIN_READ_RATE);
        assert!(!activity.is_overdue(grace) && activity.is_overdue(Duration::ZERO));
        drop(small);
        sleep(Duration::from_secs(14)).await;
        assert!(!activity.is_overdue(grace));
        sleep(Duration::from_secs(1)).await;
        assert!(activity.is_overdue(grace));
        drop(large);
        assert!(!activity.is_overdue(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_close_ends_when_the_client_does_or_time_does() {
        let (socket, client) = duplex(64);
        let mut stream = Stream::new(socket, Arc::default());
        drop(client);
        let start = Instant::now();
        stream.shutdown().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);

        let (socket, mut client) = duplex(64);
        let mut stream = Stream::new(socket, Arc::default());
        client.write_all(b"unread").await.unwrap();
        stream.shutdown().await.unwrap();
        assert!(start.elapsed() >= LINGER_TIME);
    }

    #[tokio::test]
    async fn a_close_reads_only_so_much() {
        let (socket, mut client) = duplex(1 << 16);
        let mut stream = Stream::new(socket, Arc::default());
        let flood = tokio::spawn(async move {
            let mut sent = 0;
            while client.write_all(&[0; 8192]).await.is_ok() {
                sent += 8192;
            }
            sent
        });
        stream.shutdown().await.unwrap();
        drop(stream);
        let sent = flood.await.unwrap();
        assert!(sent <= LINGER_SIZE + (1 << 17), "{sent}");
    }
}
