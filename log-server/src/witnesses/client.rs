//! The HTTP client that asks one witness: one kept connection, everything bounded, nothing followed.
//!
//! Rule: C2SP tlog-witness ("Clients SHOULD use ... keep-alive"); RFC 9112 by hyper.
//!
//! - A connection has `CONNECT_TIME`; a request with its whole answer has what is configured.
//! - A connection that was not used for `KEEP_TIME` is not used again.
//! - An answer's body has at most [`MAX_ANSWER_SIZE`] bytes, its head `MAX_HEAD_SIZE`.
//! - Redirects are not followed: where a log sends its heads is written in its policy and nowhere
//!   else.
//! - `http` is for witnesses on the same machine or network: nobody on the way can forge a cosignature,
//!   but whoever can answer in the witness's place can stop the log by claiming a larger tree.
//!
//! Connections themselves are `outgoing`'s. Out of scope: bastions.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use spec::checkpoint::Origin;
use spec::witness::{ADD_CHECKPOINT_PATH, MAX_ANSWER_SIZE, monitoring_path};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::ask::{Answer, Trouble};
use crate::outgoing::{AGENT, Connection, OutgoingError, Peer};

/// How long a connection may take to be there, TLS included.
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// How long a connection is kept that is not used.
const KEEP_TIME: Duration = Duration::from_secs(30);

/// The most bytes of an answer's head.
const MAX_HEAD_SIZE: usize = 16 * 1024;

/// The longest URL of a witness.
const MAX_URL_SIZE: usize = 2048;

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

/// A client of one witness. Requests go one after the other.
pub struct Client {
    url: Url,
    tls: Option<TlsConnector>,
    /// For a request and its whole answer.
    time: Duration,
    connection: Option<Connection>,
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
        if let Some(connection) = kept.filter(|kept| kept.is_fresh(KEEP_TIME)) {
            // The witness may have closed it meanwhile, which shows only now. Asking twice is
            // harmless, so a fresh connection is tried at once.
            match self.send_on(connection, request.clone()).await {
                Err(Trouble::Connect(_)) => {}
                other => return other,
            }
        }
        let connector = || self.tls.as_ref().expect("an https witness was given a connector");
        let peer = Peer {
            host: &self.url.host,
            port: self.url.port,
            tls: self.url.tls.then(connector),
            max_head_size: MAX_HEAD_SIZE,
        };
        let connection = Connection::open(peer, CONNECT_TIME).await.map_err(trouble)?;
        self.send_on(connection, request).await
    }

    async fn send_on(
        &mut self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Trouble> {
        let response = connection.send(request, MAX_ANSWER_SIZE).await.map_err(trouble)?;
        self.connection = Some(connection);
        Ok(answer(response))
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

/// What it means that a witness did not answer.
fn trouble(error: OutgoingError) -> Trouble {
    match error {
        OutgoingError::Broken(why) => Trouble::Connect(why),
        OutgoingError::TooLarge(limit) => {
            Trouble::Answer(format!("it has more than {limit} bytes"))
        }
    }
}

fn answer(response: Response<Bytes>) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers();
    let content_type =
        headers.get(CONTENT_TYPE).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    // A date is allowed as well; whoever sends one gets the patience that is usual here.
    let seconds = |value: &HeaderValue| value.to_str().ok()?.parse().ok();
    let retry_after = headers.get(RETRY_AFTER).and_then(seconds);
    Answer { status, content_type, retry_after, body: response.into_body().to_vec() }
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
        client.connection.as_mut().unwrap().age(KEEP_TIME);
        assert_eq!(client.checkpoint(&origin).await.unwrap().body, b"2");
        assert_eq!(client.checkpoint(&origin).await.unwrap().body, b"2");
    }
}
