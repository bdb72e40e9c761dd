//! The listener: takes connections within limits, hands each to its own task, and ends gently.
//!
//! A connection ends when the head of a request does not come in time, whether it was begun or not
//! (hyper's timer), and in any case after [`MAX_LIFETIME`]: a client that never reads its answers
//! holds no more than one connection for that long. Answers are a few kilobytes, so that most fit
//! in the kernel's buffers at once.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::{counter, gauge};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::Api;
use super::problem::{Body, Problem};
use crate::limits::{ClientLimits, Clients, Opened};

/// The most bytes of a request's head.
const MAX_HEAD_SIZE: usize = 16 * 1024;

/// How long one connection lives at most; logs that ask on simply open another.
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long to wait when the system has no descriptor or memory for one more connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long, and how many bytes, a close reads of what the client still sends.
const LINGER_TIME: Duration = Duration::from_secs(1);
const LINGER_SIZE: usize = 1 << 20;

/// File descriptors kept free for the witness's own files.
const RESERVED_DESCRIPTORS: u64 = 64;

/// What a connection over the limit is told. It is sent without reading the request.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
connection: close\r\ncontent-length: 0\r\n\r\n";

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// What clients may take.
    pub clients: ClientLimits,
    /// How long a client may take for the head of a request, and be idle before it.
    pub head_time: Duration,
    /// How long requests may take to finish once the server is told to stop.
    pub stop_time: Duration,
    /// TLS, or plain HTTP/1.1.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            clients: ClientLimits::default(),
            head_time: Duration::from_secs(30),
            stop_time: Duration::from_secs(10),
            tls: None,
        }
    }
}

/// What every connection shares.
struct Server {
    api: Arc<Api>,
    clients: Arc<Clients>,
    head_time: Duration,
    tls: Option<TlsAcceptor>,
    /// Turns to true when connections are to finish.
    stopping: watch::Receiver<bool>,
}

/// What an open connection holds. It is given back however the connection ends.
struct Place {
    _permit: OwnedSemaphorePermit,
    _opened: Opened,
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!("fiducial_witness_connections").decrement(1.0);
    }
}

/// Serves until `shutdown` is done; then finishes requests within `stop_time`.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let most = make_room_for(options.clients.connections)?;
    let (stop, stopping) = watch::channel(false);
    let server = Arc::new(Server {
        api: Arc::new(api),
        clients: Arc::new(Clients::new(options.clients)),
        head_time: options.head_time,
        tls: options.tls.map(TlsAcceptor::from),
        stopping,
    });
    let places = Arc::new(Semaphore::new(most));
    let mut shutdown = std::pin::pin!(shutdown);
    let mut second = interval(Duration::from_secs(1));
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            _ = second.tick() => {
                server.clients.forget_quiet();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => take(&server, &places, socket, peer),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: trying again at once would spin on it.
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    if timeout(options.stop_time, places.acquire_many(all)).await.is_err() {
        tracing::warn!("requests did not finish in time and are cut off");
    }
    Ok(())
}

fn take(server: &Arc<Server>, places: &Arc<Semaphore>, socket: TcpStream, peer: SocketAddr) {
    let place = Arc::clone(places).try_acquire_owned().ok().and_then(|permit| {
        let opened = server.clients.open(peer)?;
        Some(Place { _permit: permit, _opened: opened })
    });
    let Some(place) = place else {
        counter!("fiducial_witness_connections_refused_total").increment(1);
        if server.tls.is_none() {
            // One attempt without waiting; if it fails, the close says the same.
            let _ = socket.try_write(BUSY);
        }
        return;
    };
    gauge!("fiducial_witness_connections").increment(1.0);
    // Answers are small and whole: waiting to fill a packet only costs time.
    let _ = socket.set_nodelay(true);
    let server = Arc::clone(server);
    tokio::spawn(async move {
        let served = timeout(MAX_LIFETIME, serve_connection(server, socket, peer));
        if served.await.is_err() {
            tracing::debug!("a connection reached the end of its life");
        }
        drop(place);
    });
}

/// Shakes hands if need be, within the time that a head has, then serves.
async fn serve_connection(server: Arc<Server>, socket: TcpStream, peer: SocketAddr) {
    let Some(tls) = server.tls.clone() else {
        return serve_http(server, socket, peer).await;
    };
    match timeout(server.head_time, tls.accept(socket)).await {
        Ok(Ok(stream)) => serve_http(server, stream, peer).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn serve_http<S>(server: Arc<Server>, mut stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut stopping = server.stopping.clone();
    let head_time = server.head_time;
    let service = service_fn(move |request: Request<Incoming>| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(answer(&server, request, peer).await) }
    });
    {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD_SIZE).timer(TokioTimer::new()).header_read_timeout(head_time);
        let connection = builder.serve_connection(TokioIo::new(&mut stream), service);
        let mut connection = std::pin::pin!(connection);
        // An error means that the server is gone; then the connection goes too.
        let told = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
    let _ = timeout(LINGER_TIME, linger(stream)).await;
}

/// Ends the sending side, then reads and drops what still comes, within a bound: a socket closed
/// with unread bytes in it is reset, and the client would never read why it was refused.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut buffer = [0; 4096];
    let mut left = LINGER_SIZE;
    while left > 0 {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}

async fn answer(server: &Server, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
    if let Err(wait) = server.clients.check_request(peer) {
        let detail = "this address sends more requests than one client may";
        let problem = Problem::new(429, "rate-limited", detail);
        return problem.retry_after(wait.as_secs().saturating_add(1)).into_response();
    }
    Arc::clone(&server.api).answer(request).await
}

/// Raises the process's limit of file descriptors as far as `connections` needs and the system
/// allows, and returns how many connections then fit.
fn make_room_for(connections: usize) -> io::Result<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let want = connections as u64 + RESERVED_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let reachable = maximum.map_or(want, |maximum| maximum.min(want));
    if current.is_some_and(|current| current < reachable) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum })?;
    }
    let have = current.map_or(want, |current| current.max(reachable));
    let room = have.saturating_sub(RESERVED_DESCRIPTORS).max(1);
    Ok(connections.min(usize::try_from(room).unwrap_or(usize::MAX)))
}

/// Whether an error of `accept` is about the connection that was about to be accepted.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_one_connection_are_passed_over() {
        assert!(!concerns_one_connection(&io::Error::from_raw_os_error(24)));
        assert!(concerns_one_connection(&io::Error::from_raw_os_error(103)));
    }

    #[test]
    fn connections_fit_below_the_descriptors() {
        assert_eq!(make_room_for(100).unwrap(), 100);
        assert!(make_room_for(usize::MAX >> 16).unwrap() < 1 << 40);
    }
}
