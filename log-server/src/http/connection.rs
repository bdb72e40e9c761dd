//! One connection: the HTTP engine, a clock beside it, and the way to end it.
//!
//! The clock is one timer for the connection, not one for each request. It ends a connection
//! on which nothing is being answered and nothing moved towards the client
//!
//! - for `head_time`, when the client owes us (the rest of) a request's head: half-sent headers;
//! - for `idle_time`, when it owes nothing: an idle connection, or one that does not read its answer.
//!
//! Bytes that merely arrive are no progress, so a head sent byte by byte does not live longer.
//!
//! It also ends a connection on which an answer that is counted (see `outgoing`) has not left in the
//! time that its size allows: a client that reads a byte now and then makes progress for ever, and
//! holds the answer's memory. Over HTTP/2 nothing but such answers is progress, since a client that
//! takes none of them can still have its pings answered for ever.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Extensions, Request, Response};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant as TokioInstant, sleep_until};
use tower::Service;

use super::limit::{Client, Clients};
use super::meter::Meter;
use super::outgoing::{Asked, Outgoing};
use super::problem::{Kind, Problem};
use super::route::Route;
use super::stream::Activity;

/// The most bytes of a request's head, and of a body that is buffered ahead of its reader.
pub(super) const MAX_HEAD_SIZE: usize = 16 * 1024;

/// The most requests at once on one HTTP/2 connection. RFC 9113 recommends a hundred, so that none
/// wait; here each may hold an answer, and 32 on each of a client's connections are many.
const MAX_STREAMS: u32 = 32;

/// The most bytes that one HTTP/2 connection buffers for sending, for each stream.
const MAX_SEND_BUFFER: usize = 64 * 1024;

/// Whether the server runs. Only ever moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Connections are served.
    Running,
    /// Requests are finished, then connections end.
    Draining,
    /// Connections end now.
    Ended,
}

/// How long a connection may do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the head of a request, from the first byte or the start of the connection.
    pub head_time: Duration,
    /// Between requests, and without reading an answer.
    pub idle_time: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head_time: Duration::from_secs(10), idle_time: Duration::from_secs(75) }
    }
}

/// What every connection shares.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) clients: Arc<Clients>,
    pub(super) meter: Meter,
    pub(super) outgoing: Outgoing,
    pub(super) patience: Patience,
}

/// Serves HTTP/1.1 until the connection ends.
pub(super) async fn serve_http_1<S>(stream: S, handler: Handler, phase: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (patience, activity) = (handler.shared.patience, Arc::clone(&handler.activity));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_SIZE);
    // A client may end its side behind its request and still gets the answer. It also saves a read
    // for each request that waits for its commit; waits are bounded, so nobody is waited for long.
    builder.half_close(true);
    // The clock below does this for less than a timer for each request.
    builder.header_read_timeout(None);
    drive(builder.serve_connection(TokioIo::new(stream), handler), patience, &activity, phase)
        .await;
}

/// Serves HTTP/2 until the connection ends.
pub(super) async fn serve_http_2<S>(stream: S, handler: Handler, phase: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (patience, activity) = (handler.shared.patience, Arc::clone(&handler.activity));
    activity.pass_over_echoes();
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_SIZE as u32)
        .max_send_buf_size(MAX_SEND_BUFFER);
    drive(builder.serve_connection(TokioIo::new(stream), handler), patience, &activity, phase)
        .await;
}

/// A connection of either version.
trait Connection: Future<Output = hyper::Result<()>> {
    /// Finishes what is being answered, takes no more, and ends.
    fn finish(self: Pin<&mut Self>);
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection for http1::Connection<TokioIo<S>, Handler> {
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection
    for http2::Connection<TokioIo<S>, Handler, TokioExecutor>
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls the connection, and beside it the clock and the server's phase.
async fn drive(
    connection: impl Connection,
    patience: Patience,
    activity: &Activity,
    mut phase: watch::Receiver<Phase>,
) {
    let mut connection = std::pin::pin!(connection);
    let interval = patience.head_time.min(patience.idle_time) / 4;
    let mut clock = std::pin::pin!(sleep_until(TokioInstant::now() + interval));
    let (mut since, mut last) = (Instant::now(), activity.progress());
    let ended = async {
        // An error means that the server is gone; then the connection goes too.
        let _ = phase.wait_for(|phase| *phase != Phase::Running).await;
        let draining = *phase.borrow() == Phase::Draining;
        (draining, phase)
    };
    let mut ended = std::pin::pin!(ended);
    let draining = std::future::poll_fn(|context| {
        if let Poll::Ready(result) = connection.as_mut().poll(context) {
            note_end(&result);
            return Poll::Ready(None);
        }
        if let Poll::Ready((draining, phase)) = ended.as_mut().poll(context) {
            return Poll::Ready(draining.then_some(phase));
        }
        while clock.as_mut().poll(context).is_ready() {
            // Whatever else moves: another request on the connection is no excuse.
            if activity.is_overdue(patience.idle_time) {
                return Poll::Ready(None);
            }
            let now = activity.progress();
            if now != last || activity.is_answering() {
                (since, last) = (Instant::now(), now);
            } else if since.elapsed() >= allowed(patience, activity) {
                return Poll::Ready(None);
            }
            clock.as_mut().reset(TokioInstant::now() + interval);
        }
        Poll::Pending
    })
    .await;

    let Some(mut phase) = draining else { return };
    connection.as_mut().finish();
    tokio::select! {
        result = connection => note_end(&result),
        _ = phase.wait_for(|phase| *phase == Phase::Ended) => {}
    }
}

fn allowed(patience: Patience, activity: &Activity) -> Duration {
    if activity.owes_a_head() { patience.head_time } else { patience.idle_time }
}

fn note_end(result: &hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Who asks: what a handler may know of the connection that a request came on.
#[derive(Clone)]
pub(super) struct Peer {
    clients: Arc<Clients>,
    /// The client, unless limits pass it over.
    client: Option<Client>,
}

impl Peer {
    /// The client whose share a request counts for.
    pub(super) fn client(extensions: &Extensions) -> Option<Client> {
        extensions.get::<Self>()?.client
    }

    /// Counts the entries of a batch as requests of the client.
    pub(super) fn check_entries(extensions: &Extensions, entries: usize) -> Result<(), Problem> {
        let peer = extensions.get::<Self>().and_then(|peer| Some((peer, peer.client?)));
        let Some((peer, client)) = peer else { return Ok(()) };
        peer.clients.check_entries(client, entries).map_err(rate_limited)
    }
}

/// Answers the requests of one connection: counts, limits, routes, measures.
pub(super) struct Handler {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    pub(super) activity: Arc<Activity>,
}

impl hyper::service::Service<Request<Incoming>> for Handler {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let started = Instant::now();
        let in_flight = self.activity.begin();
        let route = Route::of(request.uri().path());
        let shared = Arc::clone(&self.shared);
        if let Err(wait) = shared.clients.check_request(self.client) {
            return Box::pin(async move {
                let response = rate_limited(wait).into_response();
                shared.meter.record(route, response.status(), started.elapsed());
                drop(in_flight);
                Ok(response)
            });
        }
        let client = shared.clients.counted(self.client);
        let asked = Asked { method: request.method().clone(), version: request.version(), client };
        let activity = Arc::clone(&self.activity);
        request.extensions_mut().insert(Peer { clients: Arc::clone(&shared.clients), client });
        let answer = shared.router.clone().call(request.map(Body::new));
        Box::pin(async move {
            let response = shared.outgoing.count(answer.await?, &asked, &activity).await;
            let (status, time) = (response.status(), started.elapsed());
            shared.meter.record(route, status, time);
            tracing::debug!(
                route = route.name(),
                status = status.as_u16(),
                micros = time.as_micros() as u64,
                "answered"
            );
            drop(in_flight);
            Ok(response)
        })
    }
}

fn rate_limited(wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    let detail = "this address sends more than this log takes from one client; each entry of a \
                  batch counts as one";
    Problem::new(Kind::RateLimited, detail).retry_after(Some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::stream::Stream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{sleep, timeout};

    /// Sends an answer, as the HTTP engine would.
    struct Sending<F>(Pin<Box<F>>);

    impl<F: Future<Output = ()>> Future for Sending<F> {
        type Output = hyper::Result<()>;

        fn poll(
            mut self: Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> Poll<Self::Output> {
            self.0.as_mut().poll(context).map(Ok)
        }
    }

    impl<F: Future<Output = ()>> Connection for Sending<F> {
        fn finish(self: Pin<&mut Self>) {}
    }

    /// Sends `size` bytes, which are expected to leave, and then waits for ever.
    async fn drive_answer(socket: DuplexStream, size: usize) {
        let activity = Arc::new(Activity::default());
        let mut stream = Stream::new(socket, Arc::clone(&activity));
        drop(activity.begin());
        let expected = activity.expect(size);
        let sending = async move {
            stream.write_all(&vec![0; size]).await.unwrap();
            drop(expected);
            std::future::pending().await
        };
        let (_running, phase) = watch::channel(Phase::Running);
        drive(Sending(Box::pin(sending)), Patience::default(), &activity, phase).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_byte_now_and_then_is_given_up() {
        let (socket, mut client) = duplex(1);
        tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let start = TokioInstant::now();
        // A MiB in 32 seconds, and the 75 of an idle connection.
        let given_up = timeout(Duration::from_secs(600), drive_answer(socket, 1 << 20)).await;
        assert!(given_up.is_ok());
        let time = start.elapsed().as_secs();
        assert!((107..=110).contains(&time), "{time}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_but_steadily_gets_it_all() {
        let (socket, mut client) = duplex(1 << 14);
        let reading = tokio::spawn(async move {
            let mut part = vec![0; 1 << 14];
            for _ in 0..64 {
                sleep(Duration::from_secs(1)).await;
                client.read_exact(&mut part).await.unwrap();
            }
        });
        let driving = tokio::spawn(drive_answer(socket, 1 << 20));
        reading.await.unwrap();
        driving.abort();
    }
}
