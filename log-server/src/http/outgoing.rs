//! Answers on their way out: counted in memory until their last byte has left.
//!
//! A client can ask for a lot and read nothing. So an answer that is not small takes room out of a
//! budget that all clients share, of which one client gets no more than its share, and its connection
//! is told to expect that it leaves in time (see `connection`). Both end with the bytes themselves,
//! however that happens: sent, or dropped with the stream or the connection.
//!
//! Over HTTP/1.1 a connection has one answer at a time. Over HTTP/2 it has many, and a client that
//! never widens its window takes none of them; there every answer is expected to leave.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::{Method, Version};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

use super::budget::{Budget, Room};
use super::limit::Client;
use super::problem::{Kind, Problem};
use super::stream::{Activity, Expected};

/// The most bytes of answers that are on their way to clients.
const MAX_OUTGOING: usize = 128 * 1024 * 1024;

/// How many of them may be one client's: two bundles of the largest kind.
const OUTGOING_PER_CLIENT: usize = MAX_OUTGOING / 4;

/// Answers up to this size are not counted over HTTP/1.1: what a connection costs anyway.
const SMALL: usize = 16 * 1024;

/// And over HTTP/2, where a connection has many.
const SMALL_OF_STREAM: usize = 1024;

/// So many bytes of an answer are handed to the HTTP/2 engine at once.
const PART: usize = 64 * 1024;

/// The budget of answers.
pub(super) struct Outgoing(Arc<Budget>);

/// What an answer is for.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) client: Option<Client>,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self(Arc::new(Budget::new(MAX_OUTGOING, OUTGOING_PER_CLIENT)))
    }

    /// Counts an answer until it has left, or answers that there is no room for it.
    pub(super) async fn count(
        &self,
        response: Response,
        asked: &Asked,
        activity: &Arc<Activity>,
    ) -> Response {
        let size = response.body().size_hint().lower() as usize;
        let streams = asked.version == Version::HTTP_2;
        let small = if streams { SMALL_OF_STREAM } else { SMALL };
        if size == 0 || (size <= small && !streams) {
            return response;
        }
        let mut room = self.0.room(asked.client);
        if size > small && room.grow_to(size).is_err() {
            if asked.method != Method::POST {
                return no_room().into_response();
            }
            // What was committed must be said. Then others get less.
            room.grow_anyway(size);
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("an answer of the log is whole and in memory");
        let expected = activity.expect(size);
        let counted = Counted { bytes: bytes.to_bytes(), _room: room, _expected: expected };
        let bytes = Bytes::from_owner(counted);
        let body = match streams {
            true => Body::new(Parts { left: bytes, activity: Arc::clone(activity) }),
            false => Body::from(bytes),
        };
        Response::from_parts(parts, body)
    }
}

fn no_room() -> Problem {
    let detail = "too many answers are on their way to slow clients; try again shortly";
    Problem::new(Kind::Overloaded, detail)
}

/// Bytes with the room that they take.
struct Counted {
    bytes: Bytes,
    _room: Room,
    _expected: Expected,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// An answer in parts. The HTTP/2 engine takes the next one when the client has made room for it.
struct Parts {
    left: Bytes,
    activity: Arc<Activity>,
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        self.activity.take_part();
        let size = self.left.len().min(PART);
        let part = self.left.split_to(size);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;

    fn asked(method: Method, version: Version, last: u8) -> Asked {
        Asked { method, version, client: Some(Client::of(([192, 0, 2, last], 9).into())) }
    }

    fn get(last: u8) -> Asked {
        asked(Method::GET, Version::HTTP_11, last)
    }

    fn answer(size: usize) -> Response {
        Response::new(Body::from(vec![0; size]))
    }

    /// Whether nothing is on its way.
    fn is_free(outgoing: &Outgoing) -> bool {
        outgoing.0.room(None).grow_to(MAX_OUTGOING).is_ok()
    }

    #[tokio::test]
    async fn an_answer_is_counted_until_its_bytes_are_dropped() {
        let (outgoing, activity) = (Outgoing::new(), Arc::default());
        let response = outgoing.count(answer(SMALL + 1), &get(1), &activity).await;
        let mut body = response.into_body();
        assert_eq!(body.size_hint().exact(), Some(SMALL as u64 + 1));
        let frame = body.frame().await.unwrap().unwrap();
        // The HTTP engine is done with the body before its bytes have left.
        drop(body);
        assert!(!is_free(&outgoing) && activity.is_expecting());
        drop(frame);
        assert!(is_free(&outgoing) && !activity.is_expecting());
    }

    #[tokio::test]
    async fn small_answers_are_passed_on_and_over_http_2_expected() {
        let (outgoing, activity) = (Outgoing::new(), Arc::default());
        let small = outgoing.count(answer(SMALL), &get(1), &activity).await;
        assert!(is_free(&outgoing) && !activity.is_expecting());
        let asked = asked(Method::GET, Version::HTTP_2, 1);
        let stream = outgoing.count(answer(SMALL_OF_STREAM), &asked, &activity).await;
        assert!(is_free(&outgoing) && activity.is_expecting());
        drop((small, stream));
        let stream = outgoing.count(answer(SMALL_OF_STREAM + 1), &asked, &activity).await;
        assert!(!is_free(&outgoing));
        drop(stream);
        let none = outgoing.count(answer(0), &asked, &activity).await;
        assert!(is_free(&outgoing) && !activity.is_expecting());
        drop(none);
    }

    #[tokio::test]
    async fn over_http_2_an_answer_goes_out_in_parts_that_are_progress() {
        let (outgoing, activity) = (Outgoing::new(), Arc::<Activity>::default());
        activity.pass_over_echoes();
        let asked = asked(Method::GET, Version::HTTP_2, 1);
        let mut body = outgoing.count(answer(2 * PART + 1), &asked, &activity).await.into_body();
        for size in [PART, PART, 1] {
            let before = activity.progress();
            let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(part.len(), size);
            assert_ne!(activity.progress(), before);
            assert!(!is_free(&outgoing), "as long as any part is held");
        }
        assert!(body.is_end_stream() && body.frame().await.is_none());
        drop(body);
        assert!(is_free(&outgoing));
    }

    #[tokio::test]
    async fn a_client_has_its_share_and_what_was_committed_is_said_all_the_same() {
        let (outgoing, activity) = (Outgoing::new(), Arc::default());
        let count = |size, asked| {
            let (outgoing, activity) = (&outgoing, &activity);
            async move { outgoing.count(answer(size), &asked, activity).await }
        };
        let held = count(OUTGOING_PER_CLIENT, get(1)).await;
        assert_eq!(held.status(), StatusCode::OK);
        let refused = count(SMALL + 1, get(1)).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(count(SMALL + 1, get(2)).await.status(), StatusCode::OK);
        let post = asked(Method::POST, Version::HTTP_11, 1);
        let said = count(SMALL + 1, post).await;
        assert_eq!(said.status(), StatusCode::OK);
        drop((held, said));
        assert_eq!(count(SMALL + 1, get(1)).await.status(), StatusCode::OK);
        assert!(is_free(&outgoing));
    }
}
