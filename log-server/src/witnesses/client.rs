//! The HTTP client that asks one witness: one kept connection, everything bounded, nothing followed.
//!
//! Rule: C2SP tlog-witness ("Clients SHOULD use ... keep-alive"); RFC 9112 by hyper.
//!
//! - A connection has `CONNECT_TIME`; a request with its whole answer has what is configured.
//! - A connection that was not used for `KEEP_TIME` is not used again.
//! - An answer's body has at most [`MAX_ANSWER_SIZE`] bytes, its head `MAX_HEAD_SIZE`.
//! - Redirects are not followed: where a log sends its heads is written in its policy and nowhere
//!   else.
//! - `https` trusts the authorities of the file that is configured, or the machine's own. `http` is
//!   for witnesses on the same machine or network: nobody on the way can forge a cosignature, but
//!   whoever can answer in the witness's place can stop the log by claiming a larger tree.
//!
//! Out of scope: proxies, HTTP/2, bastions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use spec::checkpoint::Origin;
use spec::witness::{ADD_CHECKPOINT_PATH, MAX_ANSWER_SIZE, monitoring_path};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::ask::{Answer, Trouble};

/// How long a connection may take to be there, TLS included.
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// How long a connection is kept that is not used. Longer, and whatever is on the way may have forgotten
/// it without a word; a request on it would then wait for its whole time.
const KEEP_TIME: Duration = Duration::from_secs(30);

/// The most bytes of an answer's head.
const MAX_HEAD_SIZE: usize = 16 * 1024;

/// The longest URL of a witness.
const MAX_URL_SIZE: usize = 2048;

/// What a log says that it is.
const AGENT: &str = concat!("fiducial-log/", env!("CARGO_PKG_VERSION"));

/// Where Linux distributions keep the certificates of the authorities they trust, in one file.
const PLATFORM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Why TLS towards witnesses cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// No file of authorities is known.
    #[error("no file of certificate authorities was found; name one with --witness-ca")]
    NoFile,
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
    #[error("TLS towards witnesses cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why octets are not the submission prefix of a witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Too long, or not of the form of a URL.
    #[error("not a URL of at most {MAX_URL_SIZE} bytes")]
    Malformed,
    /// A query, or a name and password.
    #[error("a witness's URL has no query, no fragment and no user name")]
    Parts,
    /// Neither of the two.
    #[error("a witness's URL begins with https:// or http://")]
    Scheme,
}

/// The submission prefix of a witness.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl Url {
    /// Reads the octets of a policy. A slash at the end makes no difference.
    pub fn parse(octets: &[u8]) -> Result<Self, UrlError> {
        if octets.len() > MAX_URL_SIZE {
            return Err(UrlError::Malformed);
        }
        if octets.iter().any(|octet| matches!(octet, b'?' | b'#' | b'@')) {
            return Err(UrlError::Parts);
        }
        let uri = Uri::try_from(octets).map_err(|_| UrlError::Malformed)?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(UrlError::Scheme),
        };
        let authority = uri.authority().ok_or(UrlError::Malformed)?.as_str().to_owned();
        let host = uri.host().ok_or(UrlError::Malformed)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let has_port = authority.len() > uri.host().unwrap_or_default().len();
        let port = match uri.port_u16() {
            Some(port) => port,
            None if has_port => return Err(UrlError::Malformed),
            None if tls => 443,
            None => 80,
        };
        if host.is_empty() || port == 0 {
            return Err(UrlError::Malformed);
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { tls, host, port, authority, path })
    }

    /// Whether it asks for TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether it is on this machine, where nobody else is on the way.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address: Result<std::net::IpAddr, _> = self.host.parse();
        address.map_or(self.host == "localhost", |address| address.is_loopback())
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", self.authority, self.path)
    }
}

/// Makes what `https` needs, trusting the authorities in a file: the one that is named, or the one
/// that the system or `SSL_CERT_FILE` names.
pub fn connector(authorities: Option<&Path>) -> Result<TlsConnector, AuthoritiesError> {
    let path = match authorities {
        Some(path) => path.to_owned(),
        None => platform_authorities().ok_or(AuthoritiesError::NoFile)?,
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

/// A client of one witness. Requests go one after the other.
pub struct Client {
    url: Url,
    tls: Option<TlsConnector>,
    /// For a request and its whole answer.
    time: Duration,
    connection: Option<Connection>,
}

/// An open connection; what drives it ends with it.
struct Connection {
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

impl Client {
    /// A client that has not connected yet. `tls` must be there for an `https` URL.
    #[must_use]
    pub const fn new(url: Url, tls: Option<TlsConnector>, time: Duration) -> Self {
        Self { url, tls, time, connection: None }
    }

    /// Sends an add-checkpoint request and reads the whole answer.
    pub async fn add_checkpoint(&mut self, body: Bytes) -> Result<Answer, Trouble> {
        let request = self.request(Method::POST, ADD_CHECKPOINT_PATH, body);
        self.ask(request).await
    }

    /// Asks for the checkpoint of a log that the witness shows, if it shows one below the prefix
    /// for submission: tlog-witness lets it be elsewhere.
    pub async fn checkpoint(&mut self, origin: &Origin) -> Result<Answer, Trouble> {
        let request = self.request(Method::GET, &monitoring_path(origin), Bytes::new());
        self.ask(request).await
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Trouble> {
        match timeout(self.time, self.send(request)).await {
            Ok(answer) => answer,
            Err(_) => {
                // What is left of the old answer must not become the next one.
                self.connection = None;
                Err(Trouble::Timeout)
            }
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Trouble> {
        let kept = self.connection.take();
        if let Some(connection) = kept.filter(|kept| kept.used.elapsed() < KEEP_TIME) {
            // The witness may have closed it meanwhile, which shows only now. Asking twice is
            // harmless, so a fresh connection is tried at once.
            match self.send_on(connection, request.clone()).await {
                Err(Trouble::Connect(_)) => {}
                other => return other,
            }
        }
        let connected = timeout(CONNECT_TIME, self.connect()).await;
        let connection =
            connected.map_err(|_| Trouble::Connect("it took too long".to_owned()))??;
        self.send_on(connection, request).await
    }

    async fn connect(&self) -> Result<Connection, Trouble> {
        let refused = |error: std::io::Error| Trouble::Connect(error.to_string());
        let stream =
            TcpStream::connect((self.url.host.as_str(), self.url.port)).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        if !self.url.tls {
            return handshake(stream).await;
        }
        let connector = self.tls.as_ref().expect("an https witness was given a connector");
        let name = ServerName::try_from(self.url.host.clone())
            .map_err(|error| Trouble::Connect(error.to_string()))?;
        handshake(connector.connect(name, stream).await.map_err(refused)?).await
    }

    async fn send_on(
        &mut self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Trouble> {
        let broken = |error: hyper::Error| Trouble::Connect(error.to_string());
        connection.sender.ready().await.map_err(broken)?;
        let response = connection.sender.send_request(request).await.map_err(broken)?;
        let answer = read(response).await?;
        connection.used = Instant::now();
        self.connection = Some(connection);
        Ok(answer)
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        let path = format!("{}{path}", self.url.path);
        *request.uri_mut() = path.parse().expect("the path of a parsed URL with one more part");
        let host = HeaderValue::from_str(&self.url.authority);
        let headers = request.headers_mut();
        headers.insert(HOST, host.expect("the authority of a parsed URL"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        request
    }
}

async fn handshake<S>(stream: S) -> Result<Connection, Trouble>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let made = Builder::new().max_buf_size(MAX_HEAD_SIZE).handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.map_err(|error| Trouble::Connect(error.to_string()))?;
    // Its error reaches the request that is under way.
    let driver = tokio::spawn(async move { drop(connection.await) }).abort_handle();
    Ok(Connection { sender, driver, used: Instant::now() })
}

async fn read(response: Response<hyper::body::Incoming>) -> Result<Answer, Trouble> {
    let status = response.status().as_u16();
    let headers = response.headers();
    let content_type =
        headers.get(CONTENT_TYPE).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    // A date is allowed as well; whoever sends one gets the patience that is usual here.
    let seconds = |value: &HeaderValue| value.to_str().ok()?.parse().ok();
    let retry_after = headers.get(RETRY_AFTER).and_then(seconds);
    let body = Limited::new(response.into_body(), MAX_ANSWER_SIZE).collect().await;
    let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => Trouble::Answer(format!("it has more than {MAX_ANSWER_SIZE} bytes")),
        None => Trouble::Connect(error.to_string()),
    })?;
    Ok(Answer { status, content_type, retry_after, body: body.to_bytes().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_in_their_parts() {
        let cases = [
            ("https://w.example", "w.example", 443, "https://w.example"),
            ("https://w.example/", "w.example", 443, "https://w.example"),
            ("http://127.0.0.1:7080/a/b/", "127.0.0.1", 7080, "http://127.0.0.1:7080/a/b"),
            ("http://[::1]:9", "::1", 9, "http://[::1]:9"),
            ("http://[::1]", "::1", 80, "http://[::1]"),
        ];
        for (text, host, port, shown) in cases {
            let url = Url::parse(text.as_bytes()).unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
            assert_eq!(url.to_string(), shown);
            assert_eq!(url.is_tls(), text.starts_with("https"));
            assert_eq!(url.is_loopback(), host != "w.example");
        }
        assert!(Url::parse(b"http://localhost:1").unwrap().is_loopback());
        assert!(!Url::parse(b"http://10.0.0.1:1").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_submission_prefix_is_refused() {
        let cases = [
            ("ftp://w.example", UrlError::Scheme),
            ("w.example", UrlError::Scheme),
            ("/path", UrlError::Scheme),
            ("", UrlError::Malformed),
            ("https://", UrlError::Malformed),
            ("https://w.example:0", UrlError::Malformed),
            ("https://w.example:", UrlError::Malformed),
            ("https://w.example:70000", UrlError::Malformed),
            ("https://w.example/?a", UrlError::Parts),
            ("https://w.example/#a", UrlError::Parts),
            ("https://me:secret@w.example/", UrlError::Parts),
        ];
        for (text, want) in cases {
            assert_eq!(Url::parse(text.as_bytes()), Err(want), "{text}");
        }
        let long = format!("https://w.example/{}", "a".repeat(MAX_URL_SIZE));
        assert_eq!(Url::parse(long.as_bytes()), Err(UrlError::Malformed));
    }

    #[test]
    fn authorities_come_from_a_file_that_holds_some() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("ca.pem"), made.cert.pem()).unwrap();
        std::fs::write(path("empty.pem"), "").unwrap();
        assert!(connector(Some(&path("ca.pem"))).is_ok());
        assert!(matches!(connector(Some(&path("empty.pem"))), Err(AuthoritiesError::None(_))));
        assert!(matches!(connector(Some(&path("no.pem"))), Err(AuthoritiesError::Pem { .. })));
    }

    #[tokio::test]
    async fn a_connection_is_used_again_unless_it_was_idle_for_long() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Answers with the number of the connection.
        tokio::spawn(async move {
            for number in 1.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        let answer =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        let url = Url::parse(url.as_bytes()).unwrap();
        let mut client = Client::new(url, None, Duration::from_secs(10));
        let origin = Origin::parse("log.example").unwrap();
        assert_eq!(client.checkpoint(&origin).await.unwrap().body, b"1");
        assert_eq!(client.checkpoint(&origin).await.unwrap().body, b"1");
        let kept = client.connection.as_mut().unwrap();
        kept.used = kept.used.checked_sub(KEEP_TIME).unwrap();
        assert_eq!(client.checkpoint(&origin).await.unwrap().body, b"2");
        assert_eq!(client.checkpoint(&origin).await.unwrap().body, b"2");
    }
}
