//! The listener: takes connections within limits, hands each to its own task, and ends gently.
//!
//! One task for each connection, one timer for each connection (see `connection`), no thread for
//! any. When connections are used up, a new one is told so and closed at once, rather than left in
//! the kernel's queue where its client would wait for nothing.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics::{Gauge, counter, gauge};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{Handler, Patience, Phase, Shared, serve_http_1, serve_http_2};
use super::limit::{Client, ClientLimits, Clients, Opened, make_room_for};
use super::meter::Meter;
use super::outgoing::Outgoing;
use super::stream::{Activity, Stream};
use super::tls::ALPN_HTTP_2;

/// How long to wait when the system has no descriptor or memory for one more connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection over the limit is told. It is sent without reading the request.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
content-type: application/problem+json\r\nretry-after: 1\r\nconnection: close\r\n\
content-length: 161\r\n\r\n\
{\"type\":\"urn:fiducial:problem:overloaded\",\"title\":\"The log is overloaded\",\"status\":503,\
\"detail\":\"too many connections are open; try again shortly, or reuse one\"}";

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// What clients may take.
    pub clients: ClientLimits,
    /// How long a connection may do nothing.
    pub patience: Patience,
    /// How long requests may take to finish once the server is told to stop.
    pub stop_time: Duration,
    /// TLS, or plain HTTP/1.1.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            clients: ClientLimits::default(),
            patience: Patience::default(),
            stop_time: Duration::from_secs(10),
            tls: None,
        }
    }
}

/// The threads that serve: as many as there are processors, unless the operator says how many.
///
/// Before a thread sleeps it gives way once. With 128 clients on two processors a request then takes a
/// tenth less of them: most often something has come meanwhile, and the thread need not be woken. A thread that is
/// woken costs who wakes it some microseconds, and waits on a processor behind others while another has
/// nothing to do.
pub fn runtime(workers: Option<NonZeroUsize>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers.get());
    }
    builder.on_thread_park(std::thread::yield_now).enable_all().build()
}

/// Serves `router` until `shutdown` is done; then finishes requests within `stop_time`.
///
/// Raises the process's limit of file descriptors where the system allows, and takes fewer
/// connections where it does not.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let most = make_room_for(options.clients.connections)?;
    if most < options.clients.connections {
        tracing::warn!(
            connections = most,
            "the limit of file descriptors leaves room for fewer connections than configured"
        );
    }
    let (phase, _) = watch::channel(Phase::Running);
    let clients = Arc::new(Clients::new(options.clients));
    let shared = Shared {
        router,
        clients: Arc::clone(&clients),
        meter: Meter::new(),
        outgoing: Outgoing::new(),
        patience: options.patience,
    };
    let server = Server {
        shared: Arc::new(shared),
        clients,
        places: Arc::new(Semaphore::new(most)),
        phase,
        tls: options.tls.map(TlsAcceptor::from),
        open: gauge!("fiducial_http_connections"),
    };
    server.accept_until(&listener, shutdown).await;
    drop(listener);
    server.drain(most, options.stop_time).await;
    Ok(())
}

struct Server {
    shared: Arc<Shared>,
    clients: Arc<Clients>,
    /// One permit for each connection that may be open.
    places: Arc<Semaphore>,
    phase: watch::Sender<Phase>,
    tls: Option<TlsAcceptor>,
    open: Gauge,
}

/// What an open connection holds. It is given back however the connection ends.
struct Place {
    _permit: OwnedSemaphorePermit,
    _opened: Opened,
    open: Gauge,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.decrement(1.0);
    }
}

impl Server {
    async fn accept_until(&self, listener: &TcpListener, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut second = interval(Duration::from_secs(1));
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => return,
                _ = second.tick() => {
                    self.clients.forget_quiet();
                    continue;
                }
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.take(socket, peer),
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    // Out of descriptors or memory: trying again at once would spin on it.
                    tracing::warn!(%error, "cannot accept connections");
                    tokio::select! {
                        () = &mut shutdown => return,
                        () = sleep(ACCEPT_PAUSE) => {}
                    }
                }
            }
        }
    }

    fn take(&self, socket: TcpStream, peer: SocketAddr) {
        let client = Client::of(peer);
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        let place = place.and_then(|permit| {
            let opened = self.clients.open(client)?;
            Some(Place { _permit: permit, _opened: opened, open: self.open.clone() })
        });
        let Some(place) = place else {
            counter!("fiducial_http_connections_refused_total").increment(1);
            if self.tls.is_none() {
                // One attempt without waiting; if it fails, the close says the same.
                let _ = socket.try_write(BUSY);
            }
            return;
        };
        self.open.increment(1.0);
        // Answers are small and whole: waiting to fill a packet only costs time.
        let _ = socket.set_nodelay(true);

        let activity = Arc::new(Activity::default());
        let handler =
            Handler { shared: Arc::clone(&self.shared), client, activity: Arc::clone(&activity) };
        let stream = Stream::new(socket, activity);
        let phase = self.phase.subscribe();
        match self.tls.clone() {
            Some(tls) => drop(tokio::spawn(serve_tls(tls, stream, handler, phase, place))),
            None => drop(tokio::spawn(async move {
                serve_http_1(stream, handler, phase).await;
                drop(place);
            })),
        }
    }

    /// Lets requests finish, then ends what is left.
    async fn drain(&self, most: usize, stop_time: Duration) {
        self.phase.send_replace(Phase::Draining);
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        if timeout(stop_time, self.places.acquire_many(all)).await.is_ok() {
            return;
        }
        let left = most - self.places.available_permits();
        tracing::warn!(connections = left, "requests did not finish in time and are cut off");
        self.phase.send_replace(Phase::Ended);
        let _ = timeout(Duration::from_secs(1), self.places.acquire_many(all)).await;
    }
}

/// Shakes hands within the time that a request's head has, then serves what was agreed on.
async fn serve_tls(
    tls: TlsAcceptor,
    stream: Stream<TcpStream>,
    handler: Handler,
    mut phase: watch::Receiver<Phase>,
    place: Place,
) {
    let time = handler.shared.patience.head_time;
    let shaken = tokio::select! {
        shaken = timeout(time, tls.accept(stream)) => shaken,
        _ = phase.wait_for(|phase| *phase != Phase::Running) => return,
    };
    match shaken {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP_2) => {
            serve_http_2(stream, handler, phase).await;
        }
        Ok(Ok(stream)) => serve_http_1(stream, handler, phase).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
    drop(place);
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
    fn the_busy_answer_is_whole() {
        let text = std::str::from_utf8(BUSY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        let document: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(document["title"], super::super::problem::Kind::Overloaded.row().title);
        assert_eq!(document["type"], "urn:fiducial:problem:overloaded");
    }

    #[test]
    fn only_errors_of_one_connection_are_passed_over() {
        // EMFILE and ENFILE concern all of them.
        assert!(!concerns_one_connection(&io::Error::from_raw_os_error(24)));
        assert!(!concerns_one_connection(&io::Error::from_raw_os_error(23)));
        assert!(concerns_one_connection(&io::Error::from_raw_os_error(103)));
    }
}
