//! A client of a log with several servers, as one behind a name with several addresses: it keeps to one server
//! for a while, and asks another where that one does not answer. As a balancer with health checks would, it
//! gives no server anything to do before that has answered a look on the same connection: the system takes
//! connections for a server that stands still.
//!
//! Its own few lines of HTTP.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::waits::Waits;

/// How long a server may take to take a connection.
const CONNECT_TIME: Duration = Duration::from_millis(500);

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long connections are used, the shortest and the longest; the next may go to another server.
///
/// Each has a time of its own. Where all have the same, whatever meets everybody at once makes them go from
/// server to server in step from then on, and how long a fault is felt depends on where they all are by chance.
const LIFE: [Duration; 2] = [Duration::from_millis(1500), Duration::from_millis(4500)];

/// So many different times there are between the two.
const STEPS: u32 = 100;

/// How long a server that did not answer is not asked again, while there are others.
const SHUNNED: Duration = Duration::from_secs(3);

/// How long a server may take to say that it is there.
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

/// A connection on which its server has answered.
struct Open {
    server: usize,
    stream: TcpStream,
    /// When another is made.
    until: Instant,
}

/// See the module's text.
pub(crate) struct Client<'a> {
    /// Which of all clients it is.
    number: usize,
    servers: Vec<SocketAddr>,
    waits: &'a Waits,
    open: Option<Open>,
    /// How many connections were made.
    made: usize,
    last: usize,
    /// When each server did not answer last.
    failed: Vec<Option<Instant>>,
}

impl<'a> Client<'a> {
    /// The client of this number, which notes for what it waits. Not all begin at the same server.
    pub(crate) fn new(servers: &[SocketAddr], number: usize, waits: &'a Waits) -> Self {
        let (servers, failed) = (servers.to_vec(), vec![None; servers.len()]);
        let last = number % servers.len();
        Self { number, servers, waits, open: None, made: 0, last, failed }
    }

    /// Asks one server to take an entry.
    pub(crate) fn add(&mut self, entry: &[u8]) -> Result<u64, Refusal> {
        let kept = self.open.take().filter(|open| Instant::now() < open.until);
        let mut open = match kept {
            Some(open) => open,
            None => self.connect()?,
        };
        let (server, before) = (open.server, Instant::now());
        let head =
            format!("POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", entry.len());
        let answer = exchange(&mut open.stream, &[head.as_bytes(), entry].concat(), PATIENCE);
        self.waits.note(server, "an index", before);
        match answer.as_ref().map(|answer| answer.status) {
            Ok(200) => {
                self.failed[server] = None;
                self.open = Some(open);
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

    fn connect(&mut self) -> Result<Open, Refusal> {
        let turn = (1..=self.servers.len()).map(|step| (self.last + step) % self.servers.len());
        // Who has failed lately comes last, the one that failed first before the others.
        let lately =
            |server: &usize| self.failed[*server].filter(|failed| failed.elapsed() < SHUNNED);
        let server = turn.min_by_key(lately).expect("there are servers");
        self.last = server;
        self.made += 1;
        let before = Instant::now();
        let connected = connect_and_look(self.servers[server]);
        self.waits.note(server, "a connection and a look", before);
        match connected {
            Ok(stream) => {
                let until = Instant::now() + life(self.number, self.made);
                Ok(Open { server, stream, until })
            }
            Err(_) => {
                self.failed[server] = Some(Instant::now());
                Err(Refusal::Elsewhere)
            }
        }
    }
}

/// What these clients do that others need not: how long a fault is felt is true of such clients only.
pub(crate) fn told() -> String {
    let [shortest, longest] = LIFE.map(|life| life.as_secs_f64());
    format!(
        "felt by clients that look at /healthz on each new connection, use it for {shortest} to {longest} seconds \
         and leave a server after {} s; `fiducial-agent`, which knows one address, does none of that",
        PATIENCE.as_secs_f64()
    )
}

/// How long a client uses the connection that it makes as its n-th: any time between the two, the same in each
/// run.
fn life(client: usize, made: usize) -> Duration {
    let mut hasher = DefaultHasher::new();
    (client, made).hash(&mut hasher);
    let step = u32::try_from(hasher.finish() % u64::from(STEPS)).expect("there are few steps");
    let [shortest, longest] = LIFE;
    shortest + (longest - shortest) * step / STEPS
}

/// Connects to a server that answers a look at its health in time.
fn connect_and_look(server: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = connect(server)?;
    let look = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    match exchange(&mut stream, look.as_bytes(), LOOK)?.status {
        200 => Ok(stream),
        status => Err(Error::other(format!("its health is {status}"))),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::TcpListener;

    use super::*;

    /// Answers one connection: that it is there, and then that an entry has index 7.
    fn serve(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().unwrap();
        for (end, body) in [("\r\n\r\n", "ok\n"), ("\r\n\r\nentry", "7")] {
            read_until(&mut stream, end);
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }

    fn read_until(stream: &mut TcpStream, end: &str) -> String {
        let (mut read, mut byte) = (String::new(), [0]);
        while !read.ends_with(end) {
            stream.read_exact(&mut byte).unwrap();
            read.push(char::from(byte[0]));
        }
        read
    }

    #[test]
    fn a_server_that_stands_still_is_given_nothing_to_do() {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        // The system takes connections for the first, and nobody answers.
        let (still, well) = (listen(), listen());
        let servers = [still.local_addr().unwrap(), well.local_addr().unwrap()];
        std::thread::spawn(move || serve(&well));
        let waits = Waits::default();
        let mut client = Client::new(&servers, 1, &waits);
        assert!(matches!(client.add(b"entry"), Err(Refusal::Elsewhere)), "who said that?");
        assert!(matches!(client.add(b"entry"), Ok(7)), "it was not sent to the other");
        let (mut sent, mut all) = (still.accept().unwrap().0, String::new());
        sent.read_to_string(&mut all).unwrap();
        assert!(all.starts_with("GET /healthz ") && !all.contains("entry"), "{all}");
    }

    #[test]
    fn a_result_says_of_which_clients_it_is() {
        let told = told();
        for word in ["/healthz", "1.5 to 4.5 seconds", "after 1 s", "`fiducial-agent`"] {
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn clients_do_not_go_from_server_to_server_in_step() {
        let is_within = |life: &Duration| (LIFE[0]..LIFE[1]).contains(life);
        let of_one: BTreeSet<Duration> = (1..=100).map(|made| life(3, made)).collect();
        assert!(of_one.len() > 40 && of_one.iter().all(is_within), "{of_one:?}");
        for made in 1..=100 {
            let of_all: BTreeSet<Duration> = (0..16).map(|client| life(client, made)).collect();
            assert!(of_all.len() > 4, "{of_all:?}");
        }
    }
}
