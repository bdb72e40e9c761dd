//! A client of a log with several servers, as one behind a name with several addresses, or a balancer with
//! health checks: it keeps to one server for a while, asks another where that one does not answer, and gives
//! one that has failed nothing to do before it has answered a look.
//!
//! Its own few lines of HTTP.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a server may take to take a connection.
const CONNECT_TIME: Duration = Duration::from_millis(500);

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long one connection is used; the next may go to another server.
const LIFE: Duration = Duration::from_secs(3);

/// How long a server that did not answer is not asked again, while there are others.
const SHUNNED: Duration = Duration::from_secs(3);

/// How long a server that has failed may take to say that it is there: one that stands still takes connections.
const LOOK: Duration = Duration::from_millis(100);

/// The most that is read of any answer.
const MAX_ANSWER_SIZE: usize = 16 * 1024 * 1024 + 4096;

/// An answer of HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why an entry has no index.
pub(crate) enum Refusal {
    /// That server did not take it; another one may.
    Elsewhere,
    /// No server may say that.
    Wrong(String),
}

/// See the module's text.
pub(crate) struct Client {
    servers: Vec<SocketAddr>,
    /// The server that is asked, and since when.
    open: Option<(usize, TcpStream, Instant)>,
    last: usize,
    /// When each server did not answer last.
    failed: Vec<Option<Instant>>,
}

impl Client {
    /// Begins at one of the servers.
    pub(crate) fn new(servers: &[SocketAddr], first: usize) -> Self {
        let (servers, failed) = (servers.to_vec(), vec![None; servers.len()]);
        Self { servers, open: None, last: first, failed }
    }

    /// Asks one server to take an entry.
    pub(crate) fn add(&mut self, entry: &[u8]) -> Result<u64, Refusal> {
        let kept = self.open.take().filter(|(_, _, since)| since.elapsed() < LIFE);
        let (server, mut stream, since) = match kept {
            Some(open) => open,
            None => self.connect()?,
        };
        let head =
            format!("POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", entry.len());
        let answer = exchange(&mut stream, &[head.as_bytes(), entry].concat(), PATIENCE);
        match answer.as_ref().map(|answer| answer.status) {
            Ok(200) => {
                self.failed[server] = None;
                self.open = Some((server, stream, since));
                index_of(&answer.expect("it is an answer").body)
            }
            Ok(408 | 429 | 503) | Err(_) => {
                self.failed[server] = Some(Instant::now());
                Err(Refusal::Elsewhere)
            }
            Ok(status) => {
                let said = answer.map(|answer| answer.body).unwrap_or_default();
                let said = String::from_utf8_lossy(&said).into_owned();
                Err(Refusal::Wrong(format!("server {server} said {status}: {said}")))
            }
        }
    }

    fn connect(&mut self) -> Result<(usize, TcpStream, Instant), Refusal> {
        let turn = (1..=self.servers.len()).map(|step| (self.last + step) % self.servers.len());
        // Who has failed lately comes last, the one that failed first before the others.
        let lately =
            |server: &usize| self.failed[*server].filter(|failed| failed.elapsed() < SHUNNED);
        let server = turn.min_by_key(lately).expect("there are servers");
        self.last = server;
        let is_there = self.failed[server].is_none() || is_there(self.servers[server]);
        match is_there.then(|| connect(self.servers[server])) {
            Some(Ok(stream)) => Ok((server, stream, Instant::now())),
            Some(Err(_)) | None => {
                self.failed[server] = Some(Instant::now());
                Err(Refusal::Elsewhere)
            }
        }
    }
}

/// Whether a server answers a look at its health in time.
fn is_there(server: SocketAddr) -> bool {
    let look = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    connect(server)
        .and_then(|mut stream| exchange(&mut stream, look.as_bytes(), LOOK))
        .is_ok_and(|answer| answer.status == 200)
}

/// Fetches a path from one server.
pub(crate) fn get(server: SocketAddr, path: &str) -> std::io::Result<Answer> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    exchange(&mut connect(server)?, request.as_bytes(), PATIENCE)
}

fn connect(server: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, CONNECT_TIME)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One request and its whole answer, in time.
fn exchange(stream: &mut TcpStream, request: &[u8], patience: Duration) -> std::io::Result<Answer> {
    let before = Instant::now();
    stream.write_all(request)?;
    let mut read = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        if let Some(answer) = answer_in(&read)? {
            return Ok(answer);
        }
        let left = patience.saturating_sub(before.elapsed());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut part)? {
            _ if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&part[..count]),
        }
    }
}

/// The answer, once it is whole.
fn answer_in(read: &[u8]) -> std::io::Result<Option<Answer>> {
    let strange = |why: &str| Error::new(ErrorKind::InvalidData, why.to_owned());
    if read.len() > MAX_ANSWER_SIZE {
        return Err(strange("an answer is too large"));
    }
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.strip_prefix("http/1.1 ")?.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| strange("no status of HTTP"))?;
    let length = lines.find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let length: usize = length.ok_or_else(|| strange("no length"))?;
    let body = &read[end + 4..];
    Ok((body.len() >= length).then(|| Answer { status, body: body[..length].to_vec() }))
}

/// Digits, without a sign, a leading zero or a line break.
fn index_of(body: &[u8]) -> Result<u64, Refusal> {
    let text = String::from_utf8_lossy(body);
    let index: Option<u64> = text.parse().ok();
    let index = index.filter(|index| index.to_string() == text);
    index.ok_or_else(|| Refusal::Wrong(format!("an index that is none: {text}")))
}
