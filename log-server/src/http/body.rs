//! Bodies of requests: read whole, within a size, a time and a memory that all requests share.
//!
//! A client that announces 8 MiB and sends a byte a second holds 8 MiB of promise, so what is
//! promised counts against a budget before the first byte is kept. When it is used up the answer
//! is 503 at once: memory never grows with the number of slow clients.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::problem::{Kind, Problem};

/// What the budget counts in.
const UNIT: usize = 1024;

/// Reads bodies within their limits.
#[derive(Clone, Debug)]
pub struct Bodies {
    budget: Arc<Semaphore>,
    time: Duration,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new(64 << 20, Duration::from_secs(20))
    }
}

/// A body that was read. Its bytes count against the budget as long as this lives.
#[derive(Debug)]
pub struct Received {
    /// The bytes.
    pub bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Bodies {
    /// Allows `budget` bytes in all requests together, and `time` for each body.
    #[must_use]
    pub fn new(budget: usize, time: Duration) -> Self {
        let units = (budget / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { budget: Arc::new(Semaphore::new(units)), time }
    }

    /// Reads a body of at most `limit` bytes. Reads nothing of one that is announced larger.
    pub async fn read(&self, body: Body, limit: usize) -> Result<Received, Problem> {
        let announced = body.size_hint();
        if announced.lower() > limit as u64 {
            return Err(too_large(limit));
        }
        let most = announced.exact().map_or(limit, |exact| exact as usize);
        let units = u32::try_from(most.div_ceil(UNIT)).expect("limits are far below 4 TiB");
        let Ok(room) = Arc::clone(&self.budget).try_acquire_many_owned(units) else {
            let detail = "other requests hold all the memory for bodies; try again shortly";
            return Err(Problem::new(Kind::Overloaded, detail));
        };
        match timeout(self.time, collect(body, limit)).await {
            Ok(bytes) => Ok(Received { bytes: bytes?, _room: room }),
            Err(_) => {
                let seconds = self.time.as_secs();
                let detail = format!("a body must arrive within {seconds} seconds");
                Err(Problem::new(Kind::RequestTimeout, detail))
            }
        }
    }
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let Some(first) = next_data(&mut body).await? else { return Ok(Bytes::new()) };
    // The usual body is one piece, and is passed on without a copy.
    let Some(second) = next_data_unless_ended(&mut body).await? else {
        return if first.len() > limit { Err(too_large(limit)) } else { Ok(first) };
    };
    let mut whole = BytesMut::with_capacity(first.len() + second.len());
    let mut next = Some(second);
    whole.extend_from_slice(&first);
    while let Some(data) = next {
        if whole.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&data);
        next = next_data_unless_ended(&mut body).await?;
    }
    Ok(whole.freeze())
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

fn too_large(limit: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("at most {limit} bytes are taken here"))
        .with("limit", limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

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

    #[tokio::test]
    async fn whole_and_pieced_bodies_are_read() {
        let bodies = Bodies::default();
        let whole = bodies.read(Body::from("12345"), 5).await.unwrap();
        assert_eq!(&whole.bytes[..], b"12345");
        let pieced = bodies.read(pieces(3, false), 15).await.unwrap();
        assert_eq!(&pieced.bytes[..], b"123451234512345");
        assert!(bodies.read(Body::empty(), 5).await.unwrap().bytes.is_empty());
    }

    #[tokio::test]
    async fn more_than_the_limit_is_refused_however_it_comes() {
        let bodies = Bodies::default();
        for body in [Body::from("123456"), pieces(2, false), pieces(3, true)] {
            let refused = bodies.read(body, 5).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::TooLarge);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let bodies = Bodies::default();
        let refused = bodies.read(pieces(1, true), 50).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::RequestTimeout);
    }

    #[tokio::test]
    async fn what_is_promised_counts_until_it_is_dropped() {
        let bodies = Bodies::new(2 * UNIT, Duration::from_secs(1));
        let held = bodies.read(Body::from(vec![0; 2 * UNIT]), 4 * UNIT).await.unwrap();
        let refused = bodies.read(Body::from("1"), 5).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Overloaded);
        drop(held);
        assert!(bodies.read(Body::from("1"), 5).await.is_ok());
    }
}
