//! HTTP to a witness: one request, one bounded answer.
//!
//! Rule: C2SP tlog-witness, HTTP interface. A 429 or 503 with Retry-After is obeyed within bounds;
//! no redirect is followed, since a witness has none and a runner should not wander.
//!
//! What was answered counts, also if the witness had closed before all was sent (see `listen`). Nothing is
//! sent twice for want of an answer: a witness may have cosigned the first, and would rightly answer
//! the second otherwise.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use spec::checkpoint::Origin;
use spec::note::MAX_NOTE_SIZE;
use spec::witness::{ADD_CHECKPOINT_PATH, MAX_ANSWER_SIZE, monitoring_path};
use ureq::Agent;
use ureq::http::Response;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, RustlsConnector, TcpConnector,
};

use super::case::Request;
use super::listen::ListenOn;

/// How long one answer may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait that a witness may ask for once.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How often a run waits because it was asked to.
const MAX_WAITS: u32 = 30;

/// The largest body after which a connection is used again, in bytes. A larger one may have been refused
/// unread; a witness then closes the connection, sooner or later and without a word, and a request that
/// comes over it meanwhile would go unanswered for no fault of its own.
const MOST_READ_BY_ALL: usize = 16 * 1024;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type, to the letter.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why nothing came back that could be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// No connection, no answer in time, or one that broke off.
    #[error("no answer: {0}")]
    Broken(String),
    /// The witness wants fewer requests than a run can wait for.
    #[error("the witness answers {status}: allow more requests a log, or run it later")]
    Busy {
        /// 429 or 503.
        status: u16,
    },
    /// More bytes than any answer has.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// The most that are read.
        limit: usize,
    },
}

/// Asks one witness.
pub struct Client {
    agent: Agent,
    submission: String,
    monitor: Option<String>,
    waits: u32,
}

impl Client {
    /// Asks nothing yet. The prefixes are URLs, with or without a final slash.
    #[must_use]
    pub fn new(submission: &str, monitor: Option<&str>) -> Self {
        let prefix = |url: &str| url.trim_end_matches('/').to_string();
        Self {
            agent: agent(),
            submission: prefix(submission),
            monitor: monitor.map(prefix),
            waits: 0,
        }
    }

    /// The same witness over connections of its own, for a request that races.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut other = Self::new(&self.submission, self.monitor.as_deref());
        other.waits = self.waits;
        other
    }

    /// Whether there is a monitoring path to ask.
    #[must_use]
    pub const fn can_monitor(&self) -> bool {
        self.monitor.is_some()
    }

    /// Submits a request.
    pub fn post(&mut self, body: &[u8]) -> Result<Answer, Silence> {
        self.send(Request::Post, body, "")
    }

    /// Reads the latest checkpoint of a log. Only if there is a monitoring path.
    pub fn latest(&mut self, origin: &Origin) -> Result<Answer, Silence> {
        self.send(Request::Monitor, b"", &monitoring_path(origin))
    }

    /// Sends a request as a case wants it.
    pub fn ask(
        &mut self,
        request: Request,
        body: &[u8],
        origin: &Origin,
    ) -> Result<Answer, Silence> {
        self.send(request, body, &monitoring_path(origin))
    }

    fn send(&mut self, request: Request, body: &[u8], path: &str) -> Result<Answer, Silence> {
        loop {
            let asked = self.send_once(request, body, path);
            if body.len() > MOST_READ_BY_ALL {
                self.agent = agent();
            }
            let (answer, wait) = asked?;
            let is_busy = answer.status == 429 || (answer.status == 503 && wait.is_some());
            if !is_busy {
                return Ok(answer);
            }
            let wait = wait.unwrap_or(Duration::from_secs(1));
            if self.waits == MAX_WAITS || wait > MAX_WAIT {
                return Err(Silence::Busy { status: answer.status });
            }
            self.waits += 1;
            std::thread::sleep(wait);
        }
    }

    fn send_once(
        &self,
        request: Request,
        body: &[u8],
        path: &str,
    ) -> Result<(Answer, Option<Duration>), Silence> {
        let add = format!("{}{ADD_CHECKPOINT_PATH}", self.submission);
        let monitor = self.monitor.as_deref().unwrap_or(&self.submission);
        let response = match request {
            Request::Get => self.agent.get(add).call(),
            Request::Monitor => self.agent.get(format!("{monitor}{path}")).call(),
            Request::Post => self.agent.post(add).content_type("text/plain").send(body),
            Request::Put => self.agent.put(add).content_type("text/plain").send(body),
        };
        read(response.map_err(|why| Silence::Broken(why.to_string()))?)
    }
}

/// Has no connection yet.
fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(REQUEST_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("fiducial-kit/", env!("CARGO_PKG_VERSION")))
        .build();
    // As in an agent of `ureq`'s own making, with one more between socket and TLS.
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(ListenOn)
            .chain(RustlsConnector::default());
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// Reads an answer of bounded length, and how long the witness asks to wait.
fn read(mut response: Response<ureq::Body>) -> Result<(Answer, Option<Duration>), Silence> {
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let wait = header("retry-after").and_then(|text| text.trim().parse().ok());
    let (status, content_type) = (response.status().as_u16(), header("content-type"));
    // A monitoring answer is a whole note; the others are smaller.
    let limit = MAX_ANSWER_SIZE.max(MAX_NOTE_SIZE);
    let mut body = Vec::new();
    let reader = response.body_mut().as_reader();
    let read = reader.take(limit as u64 + 1).read_to_end(&mut body);
    read.map_err(|why| Silence::Broken(why.to_string()))?;
    if body.len() > limit {
        return Err(Silence::TooLarge { limit });
    }
    Ok((Answer { status, content_type, body }, wait.map(Duration::from_secs)))
}

/// Whether a second request on the same connection is answered; `None` where that cannot be seen:
/// behind TLS, or when an answer does not say its length.
#[must_use]
pub fn keeps_connections(url: &str) -> Option<bool> {
    let rest = url.strip_prefix("http://")?.trim_end_matches('/');
    let (host, prefix) = rest
        .split_once('/')
        .map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let with_port = if host.contains(':') { host.to_string() } else { format!("{host}:80") };
    let address = with_port.to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).ok()?;
    stream.set_read_timeout(Some(CONNECT_TIMEOUT)).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    // A malformed request costs the witness nothing, and leaves no trace.
    let request = format!(
        "POST {prefix}{ADD_CHECKPOINT_PATH} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4\r\n\r\nold\n"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let length = answer_length(&mut reader)??;
    std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).ok()?;
    if stream.write_all(request.as_bytes()).is_err() {
        return Some(false);
    }
    Some(answer_length(&mut reader).is_some())
}

/// Reads the head of an answer: its content length if it has one; `None` if there is no answer.
fn answer_length(reader: &mut impl BufRead) -> Option<Option<u64>> {
    /// The most bytes of an answer's head.
    const MAX_HEAD_SIZE: u64 = 64 * 1024;
    let (mut head, mut length) = (reader.take(MAX_HEAD_SIZE), None);
    let mut line = String::new();
    head.read_line(&mut line).ok().filter(|_| line.starts_with("HTTP/1.1 "))?;
    loop {
        line.clear();
        head.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let text = line.trim_end().to_ascii_lowercase();
        if text.is_empty() {
            return Some(length);
        }
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().ok();
        }
    }
}
