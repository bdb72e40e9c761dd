//! A log of a few entries in memory, with real keys and real proofs, that can be told to
//! misbehave. The log server itself is met in the room `tests`.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::proof::Proof;
use spec::tree::{Node, Plan, Tree, plan_consistency, plan_inclusion, root_of_leaves};

/// How long a slow log takes.
pub(crate) const SLOWNESS: Duration = Duration::from_secs(6);

pub(crate) const ORIGIN: &str = "log.example/test";

/// How one `POST /add` is answered. The entry is sequenced first unless it is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With the proof.
    Proof,
    /// With the index, as a log that cannot wait.
    Index,
    /// Sequenced, but the connection breaks before the answer.
    Broken,
    /// Not sequenced: overloaded.
    Overloaded,
    /// Not sequenced: another statement is there.
    Conflict,
    /// Not sequenced: the source is not listed.
    Forbidden,
    /// Sequenced, and answered only after [`SLOWNESS`].
    Slow,
    /// With a proof of another entry.
    WrongProof,
}

struct State {
    entries: Vec<Vec<u8>>,
    /// Every body of every `POST /add`, in order.
    received: Vec<Vec<u8>>,
    manners: VecDeque<Manner>,
    away: bool,
    portal: bool,
    key: SigningKey,
}

pub(crate) struct TestLog {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

pub(crate) fn log_key(seed: u8) -> SigningKey {
    let name = KeyName::parse(ORIGIN).unwrap();
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap()
}

impl TestLog {
    /// Starts a log with one entry of somebody else's.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            entries: vec![b"an entry of another source".to_vec()],
            received: Vec::new(),
            manners: VecDeque::new(),
            away: false,
            portal: false,
            key: log_key(1),
        }));
        let shared = Arc::clone(&state);
        // Lives as long as the test's process; every connection is short.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in the middle is its own affair.
                let _ = serve(stream, &shared);
            }
        });
        Self { url, state }
    }

    /// How the next posts are answered; after these, with proofs.
    pub(crate) fn behave(&self, manners: &[Manner]) {
        self.state.lock().unwrap().manners.extend(manners);
    }

    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().entries.clone()
    }

    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().received.clone()
    }

    /// Rewrites history.
    pub(crate) fn replace_entry(&self, index: usize, entry: &[u8]) {
        self.state.lock().unwrap().entries[index] = entry.to_vec();
    }

    /// Somebody else's entry.
    pub(crate) fn append(&self, entry: &[u8]) {
        self.state.lock().unwrap().entries.push(entry.to_vec());
    }

    pub(crate) fn empty(&self) {
        self.state.lock().unwrap().entries.clear();
    }

    /// Breaks every connection without an answer.
    pub(crate) fn be_away(&self, away: bool) {
        self.state.lock().unwrap().away = away;
    }

    /// Lets something else answer every request: 200, and a page for people.
    pub(crate) fn be_behind_a_portal(&self, portal: bool) {
        self.state.lock().unwrap().portal = portal;
    }

    /// Signs with another key from now on.
    pub(crate) fn change_key(&self, seed: u8) {
        self.state.lock().unwrap().key = log_key(seed);
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (line, body) = read_request(&mut stream)?;
    let mut state = state.lock().unwrap();
    if state.away {
        return Ok(());
    }
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, answer) = match line.split(' ').next() {
        _ if state.portal => (200, b"<html>Please sign in.</html>".to_vec()),
        Some("POST") => match state.add(body) {
            Some(answer) => answer,
            None => return Ok(()),
        },
        _ => state.read(path),
    };
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.len()
    )?;
    stream.write_all(&answer)
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let body = end + 4;
            if bytes.len() >= body + length.unwrap_or(0_usize) {
                let line = head.lines().next().unwrap_or_default().to_string();
                return Ok((line, bytes[body..].to_vec()));
            }
        }
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}

impl State {
    /// `None`: the connection breaks.
    fn add(&mut self, body: Vec<u8>) -> Option<(u16, Vec<u8>)> {
        self.received.push(body.clone());
        let manner = self.manners.pop_front().unwrap_or(Manner::Proof);
        match manner {
            Manner::Overloaded => return Some((503, b"come back later".to_vec())),
            Manner::Conflict => {
                return Some((409, br#"{"detail":"sequence 0 is taken"}"#.to_vec()));
            }
            Manner::Forbidden => return Some((403, br#"{"title":"not listed"}"#.to_vec())),
            _ => {}
        }
        let known = self.entries.iter().position(|entry| *entry == body);
        let index = known.unwrap_or_else(|| {
            self.entries.push(body);
            self.entries.len() - 1
        });
        if manner == Manner::Slow {
            std::thread::sleep(SLOWNESS);
        }
        match manner {
            Manner::Broken => None,
            Manner::Index => Some((200, index.to_string().into_bytes())),
            Manner::WrongProof => Some((200, self.prove(0).to_bytes())),
            _ => Some((200, self.prove(index as u64).to_bytes())),
        }
    }

    fn read(&self, path: &str) -> (u16, Vec<u8>) {
        let number = |text: &str| text.parse::<u64>().unwrap();
        if path == "/checkpoint" {
            return (200, self.checkpoint().to_bytes());
        }
        if let Some(query) = path.strip_prefix("/consistency?from=") {
            let (from, to) = query.split_once("&to=").unwrap();
            let plan = plan_consistency(number(from), number(to)).unwrap();
            let lines: String = self.fold(&plan).iter().map(|hash| format!("{hash}\n")).collect();
            return (200, lines.into_bytes());
        }
        if let Some(index) = path.strip_prefix("/proof/").map(number) {
            return (200, self.prove(index).to_bytes());
        }
        (404, Vec::new())
    }

    fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    fn fold(&self, plan: &Plan) -> Vec<Hash> {
        let leaves = self.leaves();
        let place = |number: u64| usize::try_from(number).unwrap();
        let hash = |node: &Node| {
            root_of_leaves(&leaves[place(node.index << node.level)..place(node.end())])
        };
        plan.fold(&plan.nodes().iter().map(hash).collect::<Vec<_>>())
    }

    fn checkpoint(&self) -> Note {
        let leaves = self.leaves();
        let tree = Tree::new(leaves.len() as u64, root_of_leaves(&leaves)).unwrap();
        let text = Checkpoint::new(Origin::parse(ORIGIN).unwrap(), tree).to_string();
        let signature = self.key.sign_note(&text);
        Note::new(text, vec![signature])
    }

    fn prove(&self, index: u64) -> Proof {
        let plan = plan_inclusion(index, self.entries.len() as u64).unwrap();
        Proof::new(None, index, self.fold(&plan), self.checkpoint())
    }
}
