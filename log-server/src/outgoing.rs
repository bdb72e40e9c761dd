//! Connections from this log to others: to witnesses, to object storage, to logs that are copied.
//!
//! Rule: RFC 9112 by hyper.
//!
//! - A connection carries one request after the other, and whoever holds it says how long one may take.
//! - Opening one has a time, TLS included; an answer's head and its body have a bound.
//! - Redirects are not followed: where this log turns to is written in its configuration and its policy.
//! - `https` trusts the authorities of the file that is configured, or the machine's own.
//!
//! Out of scope: which connections are kept and what may be sent twice, which their holders know
//! (`witnesses/client.rs`, `objects/client.rs`); proxies, HTTP/2, compression.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// What a log says that it is.
pub(crate) const AGENT: &str = concat!("fiducial-log/", env!("CARGO_PKG_VERSION"));

/// Where Linux distributions keep the certificates of the authorities they trust, in one file.
const PLATFORM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutgoingError {
    /// The connection did not come about, or ended.
    #[error("{0}")]
    Broken(String),
    /// The answer is longer than anything that was asked for.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

/// Whom a connection leads to.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// Its name or address.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// What `https` needs; without it bytes go as they are.
    pub(crate) tls: Option<&'a TlsConnector>,
    /// The most bytes of an answer's head.
    pub(crate) max_head_size: usize,
}

/// An open connection; what drives it ends with it.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
    /// When the last answer on it was read.
    used: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Opens one, within `time`.
    pub(crate) async fn open(peer: Peer<'_>, time: Duration) -> Result<Self, OutgoingError> {
        let opened = timeout(time, Self::connect(peer)).await;
        opened.map_err(|_| OutgoingError::Broken("connecting took too long".to_owned()))?
    }

    async fn connect(peer: Peer<'_>) -> Result<Self, OutgoingError> {
        let refused = |error: std::io::Error| OutgoingError::Broken(error.to_string());
        let stream = TcpStream::connect((peer.host, peer.port)).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let Some(connector) = peer.tls else {
            return Self::handshake(stream, peer.max_head_size).await;
        };
        let name = ServerName::try_from(peer.host.to_owned())
            .map_err(|error| OutgoingError::Broken(error.to_string()))?;
        let stream = connector.connect(name, stream).await.map_err(refused)?;
        Self::handshake(stream, peer.max_head_size).await
    }

    async fn handshake<S>(stream: S, max_head_size: usize) -> Result<Self, OutgoingError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let made = Builder::new().max_buf_size(max_head_size).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| broken(&error))?;
        // Its error reaches the request that is under way.
        let driver = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Self { sender, driver, used: Instant::now() })
    }

    /// Sends a request and reads the whole answer, of at most `limit` bytes. After an error the connection is
    /// of no more use.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Response<Bytes>, OutgoingError> {
        self.sender.ready().await.map_err(|error| broken(&error))?;
        let response = self.sender.send_request(request).await.map_err(|error| broken(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| match error
            .downcast_ref::<LengthLimitError>(
        ) {
            Some(_) => OutgoingError::TooLarge(limit),
            None => broken(error.as_ref()),
        })?;
        self.used = Instant::now();
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// Whether it may be used again, where one that was idle for `keep` may not: whatever is on the way may
    /// have forgotten it without a word, and a request on it would wait for its whole time.
    pub(crate) fn is_fresh(&self, keep: Duration) -> bool {
        self.used.elapsed() < keep && !self.sender.is_closed()
    }

    /// Makes it as if it had been idle for so long.
    #[cfg(test)]
    pub(crate) fn age(&mut self, time: Duration) {
        self.used = self.used.checked_sub(time).expect("the machine runs for longer");
    }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> OutgoingError {
    OutgoingError::Broken(error_text(error))
}

/// An error with its causes: hyper's own text says only that something failed.
fn error_text(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Why TLS towards others cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// No file of authorities is known; the flag names one.
    #[error("no file of certificate authorities was found; name one with {0}")]
    NoFile(&'static str),
    /// The file holds none that can be used.
    #[error("{}: no certificate authority in PEM form is in this file", .0.display())]
    None(PathBuf),
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The library refuses what it was given.
    #[error("TLS cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// Makes what `https` needs, trusting the authorities in a file: the one that is named, or the one
/// that the system or `SSL_CERT_FILE` names. `flag` is what names the file.
pub fn connector(
    authorities: Option<&Path>,
    flag: &'static str,
) -> Result<TlsConnector, AuthoritiesError> {
    let path = match authorities {
        Some(path) => path.to_owned(),
        None => platform_authorities().ok_or(AuthoritiesError::NoFile(flag))?,
    };
    let unreadable = |error: rustls::pki_types::pem::Error| AuthoritiesError::Pem {
        path: path.clone(),
        reason: error.to_string(),
    };
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(&path).and_then(Iterator::collect).map_err(unreadable)?;
    let mut roots = RootCertStore::empty();
    // A system's file may hold an odd one that this library does not take; the others count.
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(AuthoritiesError::None(path));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn platform_authorities() -> Option<PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let usual = || PLATFORM_AUTHORITIES.iter().map(PathBuf::from).find(|path| path.is_file());
    named.or_else(usual)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn authorities_come_from_a_file_that_holds_some() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("ca.pem"), made.cert.pem()).unwrap();
        std::fs::write(path("empty.pem"), "").unwrap();
        let read = |name: &str| connector(Some(&path(name)), "--ca");
        assert!(read("ca.pem").is_ok());
        assert!(matches!(read("empty.pem"), Err(AuthoritiesError::None(_))));
        assert!(matches!(read("no.pem"), Err(AuthoritiesError::Pem { .. })));
    }

    /// Opens a connection to somebody who gives these bytes for every request.
    async fn answered(answer: &'static [u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                stream.write_all(answer).await.unwrap();
            }
        });
        let peer = Peer { host: "127.0.0.1", port: address.port(), tls: None, max_head_size: 8192 };
        Connection::open(peer, Duration::from_secs(10)).await.unwrap()
    }

    fn request() -> Request<Full<Bytes>> {
        Request::new(Full::new(Bytes::new()))
    }

    #[tokio::test]
    async fn an_answer_is_read_whole_or_refused_by_its_size() {
        let mut connection = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole").await;
        for _ in 0..2 {
            let answer = connection.send(request(), 5).await.unwrap();
            assert_eq!(answer.body().as_ref(), b"whole");
        }
        let refused = connection.send(request(), 4).await.unwrap_err();
        assert_eq!(refused, OutgoingError::TooLarge(4));
        let mut odd = answered(b"no HTTP at all\r\n\r\n").await;
        assert!(matches!(odd.send(request(), 5).await, Err(OutgoingError::Broken(_))));
    }

    #[tokio::test]
    async fn a_connection_that_was_idle_for_long_is_not_fresh() {
        let mut connection = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        connection.send(request(), 5).await.unwrap();
        let keep = Duration::from_secs(20);
        assert!(connection.is_fresh(keep));
        connection.age(keep);
        assert!(!connection.is_fresh(keep));
    }
}
