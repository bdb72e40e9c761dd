//! Bodies of requests: read whole, within a size, a time and a memory that all requests share.
//!
//! A client may announce 8 MiB and send a byte a second. So memory is taken as bytes arrive and never
//! for an announcement, at most twice what has arrived; when it is used up the answer is 503 at once.
//! Memory never grows with the number of slow clients, and they do not keep others out:
//!
//! - single entries and batches have budgets of their own, so large batches never stop small entries;
//! - one client gets no more than its share of either.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body_util::BodyExt;
use spec::tile::MAX_ENTRY_SIZE;
use tokio::time::timeout;

use super::add::MAX_BATCH_SIZE;
use super::budget::{Budget, NoRoom, Room};
use super::limit::Client;
use super::problem::{Kind, Problem};

/// Single entries have one part in so many of the memory for bodies, batches the rest: of single
/// entries this is hundreds at once, and of batches it is a few.
const ENTRIES_PART: usize = 4;

/// One client has one part in so many of each budget, or room for one body if that is more.
const SHARE_PART: usize = 4;

/// Reads bodies within their limits.
#[derive(Clone, Debug)]
pub struct Bodies {
    entries: Arc<Budget>,
    batches: Arc<Budget>,
    time: Duration,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new(64 << 20, Duration::from_secs(20))
    }
}

/// A body that was read. Its bytes count against the budget as long as this lives.
#[derive(Debug)]
pub(super) struct Received {
    /// The bytes.
    pub(super) bytes: Bytes,
    _room: Room,
}

impl Bodies {
    /// Allows `budget` bytes in all requests together, and `time` for each body.
    #[must_use]
    pub fn new(budget: usize, time: Duration) -> Self {
        let entries = budget / ENTRIES_PART;
        let of = |size: usize, largest| Budget::new(size, (size / SHARE_PART).max(largest));
        Self {
            entries: Arc::new(of(entries, MAX_ENTRY_SIZE)),
            batches: Arc::new(of(budget - entries, MAX_BATCH_SIZE)),
            time,
        }
    }

    /// Reads a single entry. Without a client, it counts for nobody's share.
    pub(super) async fn read_entry(
        &self,
        body: Body,
        client: Option<Client>,
    ) -> Result<Received, Problem> {
        self.read(body, MAX_ENTRY_SIZE, self.entries.room(client)).await
    }

    /// Reads a batch. Without a client, it counts for nobody's share.
    pub(super) async fn read_batch(
        &self,
        body: Body,
        client: Option<Client>,
    ) -> Result<Received, Problem> {
        self.read(body, MAX_BATCH_SIZE, self.batches.room(client)).await
    }

    /// Reads a body of at most `limit` bytes. Reads nothing of one that is announced larger.
    async fn read(&self, body: Body, limit: usize, mut room: Room) -> Result<Received, Problem> {
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        let bytes = {
            let mut collecting = pin!(collect(body, limit, &mut room));
            match poll_now(collecting.as_mut()).await {
                Some(bytes) => bytes,
                None => self.within_time(collecting).await,
            }
        }?;
        Ok(Received { bytes, _room: room })
    }

    /// Boxed: a timer is large and lies at a line of the cache, and every request's future would have it.
    async fn within_time(
        &self,
        collecting: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Bytes, Problem> {
        Box::pin(timeout(self.time, collecting)).await.unwrap_or_else(|_| {
            let seconds = self.time.as_secs();
            let detail = format!("a body must arrive within {seconds} seconds");
            Err(Problem::new(Kind::RequestTimeout, detail))
        })
    }
}

/// What a future has ready; `None` if it is to be waited for.
async fn poll_now<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn collect(mut body: Body, limit: usize, room: &mut Room) -> Result<Bytes, Problem> {
    let announced = body.size_hint().exact().map_or(limit, |exact| exact as usize);
    let Some(first) = next_data(&mut body).await? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Err(too_large(limit));
    }
    room.grow_to(first.len())?;
    // The usual body is one piece, and is passed on without a copy.
    let mut next = next_data_unless_ended(&mut body).await?;
    if next.is_none() {
        return Ok(first);
    }
    let mut whole = Vec::new();
    extend(&mut whole, &first, announced, room)?;
    drop(first);
    while let Some(data) = next {
        if whole.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        extend(&mut whole, &data, announced, room)?;
        next = next_data_unless_ended(&mut body).await?;
    }
    Ok(Bytes::from(whole))
}

/// Appends a piece. Memory doubles, but not beyond what was announced, and is paid for first.
fn extend(
    whole: &mut Vec<u8>,
    data: &[u8],
    announced: usize,
    room: &mut Room,
) -> Result<(), Problem> {
    let needed = whole.len() + data.len();
    if needed > whole.capacity() {
        let capacity = needed.max(announced.min(2 * whole.capacity()));
        room.grow_to(capacity)?;
        whole.reserve_exact(capacity - whole.len());
    }
    whole.extend_from_slice(data);
    Ok(())
}

async fn next_data_unless_ended(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    if body.is_end_stream() { Ok(None) } else { next_data(body).await }
}

/// The next piece that holds data; trailers are passed over.
async fn next_data(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let detail = "the connection ended or broke its framing within the body";
            Problem::new(Kind::IncompleteBody, detail)
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

impl From<NoRoom> for Problem {
    fn from(error: NoRoom) -> Self {
        Self::new(Kind::Overloaded, error.to_string())
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("at most {limit} bytes are taken here"))
        .with("limit", limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::task::Context;

    use axum::body::Bytes as Data;
    use hyper::body::Frame;

    /// A body of unknown length that comes in pieces, and perhaps never ends.
    struct Pieces(Vec<Data>, bool);

    impl HttpBody for Pieces {
        type Data = Data;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Data>, Infallible>>> {
            match self.0.pop() {
                Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                None if self.1 => Poll::Pending,
                None => Poll::Ready(None),
            }
        }
    }

    fn pieces(count: usize, endless: bool) -> Body {
        Body::new(Pieces(vec![Data::from_static(b"12345"); count], endless))
    }

    const TIME: Duration = Duration::from_secs(1);

    /// Reads against a budget of its own.
    async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
        let room = Arc::new(Budget::new(1000, 1000)).room(None);
        let bodies = Bodies::new(0, TIME);
        bodies.read(body, limit, room).await.map(|received| received.bytes)
    }

    #[tokio::test]
    async fn whole_and_pieced_bodies_are_read() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(pieces(3, false), 15).await.unwrap(), "123451234512345");
        assert!(read(Body::empty(), 5).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn more_than_the_limit_is_refused_however_it_comes() {
        for body in [Body::from("123456"), pieces(2, false), pieces(3, true)] {
            let refused = read(body, 5).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::TooLarge);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let refused = read(pieces(1, true), 50).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::RequestTimeout);
    }

    #[tokio::test]
    async fn what_was_read_counts_until_it_is_dropped() {
        // Four parts, of which one is for single entries.
        let bodies = Bodies::new(4 * 60_000, TIME);
        let held = bodies.read_entry(Body::from(vec![0; 60_000]), None).await.unwrap();
        let refused = bodies.read_entry(Body::from("1"), None).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Overloaded);
        assert!(bodies.read_batch(Body::from(vec![0; 180_000]), None).await.is_ok());
        drop(held);
        assert!(bodies.read_entry(Body::from("1"), None).await.is_ok());
    }

    #[tokio::test]
    async fn memory_is_taken_for_what_arrives_and_at_most_doubled() {
        let budget = Arc::new(Budget::new(100, 100));
        for (count, announced, taken) in [(1, 1000, 5), (3, 1000, 20), (5, 27, 27), (5, 1000, 40)] {
            let mut room = budget.room(None);
            let mut whole = Vec::new();
            for _ in 0..count {
                extend(&mut whole, b"12345", announced, &mut room).unwrap();
                assert!(whole.capacity() <= 2 * whole.len());
            }
            assert!(budget.room(None).grow_to(100 - taken).is_ok(), "{count}");
            assert!(budget.room(None).grow_to(101 - taken).is_err(), "{count}");
        }
    }
}
