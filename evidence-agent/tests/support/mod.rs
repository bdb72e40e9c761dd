//! A log of a few entries in memory, with real keys, real tiles and real checkpoints, that can be
//! told to misbehave. The log server itself is met in the room `tests`.

#![allow(dead_code, reason = "each of the tests that share it uses a part")]

mod http;

use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::tile::{Tile, TileKind, format_hashes, push_entry};
use spec::tree::{Node, Plan, Tree, plan_consistency, root_of_leaves};

/// How long a slow log takes.
pub(crate) const SLOWNESS: Duration = Duration::from_secs(6);

pub(crate) const ORIGIN: &str = "log.example/test";

/// How one post is answered. Its entries are sequenced first unless they are refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With the indices.
    Index,
    /// Sequenced, but the connection breaks before the answer.
    Broken,
    /// Not sequenced: overloaded.
    Overloaded,
    /// Not sequenced: overloaded, and the log asks for a pause of so many seconds.
    Pause(u32),
    /// So many entries are sequenced; the others are refused as overload, one by one.
    Partial(usize),
    /// Not sequenced: another statement is there.
    Conflict,
    /// Not sequenced: the source is not listed.
    Forbidden,
    /// Sequenced, and answered only after [`SLOWNESS`].
    Slow,
    /// With indices of another entry.
    WrongIndex,
}

pub(super) struct State {
    entries: Vec<Vec<u8>>,
    /// Every entry of every post, in order.
    received: Vec<Vec<u8>>,
    manners: VecDeque<Manner>,
    away: bool,
    /// Whether statements have to continue their source's chain.
    strict: bool,
    /// How many entries are published; all if not said.
    published: Option<usize>,
    /// Whether tiles hold what was never sequenced.
    false_tiles: bool,
    posts: usize,
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
            strict: false,
            published: None,
            false_tiles: false,
            posts: 0,
            portal: false,
            key: log_key(1),
        }));
        let shared = Arc::clone(&state);
        // Lives as long as the test's process; every connection is short.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in the middle is its own affair.
                let _ = http::serve(stream, &shared);
            }
        });
        Self { url, state }
    }

    /// How the next posts are answered; after these, with indices.
    pub(crate) fn behave(&self, manners: &[Manner]) {
        self.state.lock().unwrap().manners.extend(manners);
    }

    /// From now on statements have to continue their source's chain, as at a real log.
    pub(crate) fn be_strict(&self) {
        self.state.lock().unwrap().strict = true;
    }

    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().entries.clone()
    }

    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().received.clone()
    }

    pub(crate) fn posts(&self) -> usize {
        self.state.lock().unwrap().posts
    }

    /// Rewrites history.
    pub(crate) fn replace_entry(&self, index: usize, entry: &[u8]) {
        self.state.lock().unwrap().entries[index] = entry.to_vec();
    }

    /// Loses the newest entries, as a log that was rebuilt up to the last head that it signed.
    pub(crate) fn lose(&self, count: usize) {
        let mut state = self.state.lock().unwrap();
        let rest = state.entries.len() - count;
        state.entries.truncate(rest);
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

    /// Publishes nothing beyond what there is now, or everything again.
    pub(crate) fn publish(&self, everything: bool) {
        let mut state = self.state.lock().unwrap();
        state.published = (!everything).then_some(state.entries.len());
    }

    /// Serves tiles that do not lead to the root, or true ones again.
    pub(crate) fn lie_in_tiles(&self, lie: bool) {
        self.state.lock().unwrap().false_tiles = lie;
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

impl State {
    /// `None`: the connection breaks.
    fn post(&mut self, path: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        self.posts += 1;
        let is_one = path == "/add";
        let entries = if is_one { vec![body.to_vec()] } else { parse_batch(body) };
        self.received.extend(entries.iter().cloned());
        let manner = self.manners.pop_front().unwrap_or(Manner::Index);
        match manner {
            Manner::Overloaded => return Some((503, b"come back later".to_vec())),
            Manner::Pause(seconds) => {
                return Some((429, format!("retry-after {seconds}").into_bytes()));
            }
            _ => {}
        }
        let mut heads = self.heads();
        let mut answers = Vec::new();
        for (position, entry) in entries.into_iter().enumerate() {
            answers.push(match manner {
                Manner::Conflict => Err(problem(409, "sequence-taken", "sequence 0 is taken")),
                Manner::Forbidden => Err(problem(403, "unknown-source", "not listed")),
                Manner::Partial(most) if position >= most => {
                    Err(problem(503, "overloaded", "too much waits"))
                }
                _ => self.take(entry, &mut heads),
            });
        }
        match manner {
            Manner::Slow => std::thread::sleep(SLOWNESS),
            Manner::Broken => return None,
            Manner::WrongIndex => answers.iter_mut().for_each(|answer| *answer = Ok(0)),
            _ => {}
        }
        Some(if is_one { answer_one(&answers[0]) } else { answer_batch(&answers) })
    }

    fn take(
        &mut self,
        entry: Vec<u8>,
        heads: &mut BTreeMap<KeyName, (u64, Hash)>,
    ) -> Result<u64, Value> {
        if let Some(known) = self.entries.iter().position(|known| *known == entry) {
            return Ok(known as u64);
        }
        if self.strict {
            let statement = Statement::parse(&entry).unwrap();
            let start = (0, Hash::ZERO);
            let (sequence, previous) = *heads.get(statement.source()).unwrap_or(&start);
            if statement.sequence() < sequence {
                return Err(problem(409, "sequence-taken", "the sequence is taken"));
            }
            if (statement.sequence(), statement.previous()) != (sequence, previous) {
                let mut wrong = problem(409, "wrong-place", "the chain goes on elsewhere");
                wrong["expected_sequence"] = json!(sequence);
                wrong["expected_previous"] = json!(previous.to_string());
                return Err(wrong);
            }
            let next = (sequence + 1, statement.leaf_hash());
            heads.insert(statement.source().clone(), next);
        }
        self.entries.push(entry);
        Ok(self.entries.len() as u64 - 1)
    }

    /// Where each source's chain goes on.
    fn heads(&self) -> BTreeMap<KeyName, (u64, Hash)> {
        if !self.strict {
            return BTreeMap::new();
        }
        let statements = self.entries.iter().filter_map(|entry| Statement::parse(entry).ok());
        statements
            .map(|said| (said.source().clone(), (said.sequence() + 1, said.leaf_hash())))
            .collect()
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
        match Tile::parse(path.trim_start_matches('/')) {
            Some(tile) => self.tile(tile),
            None => (404, Vec::new()),
        }
    }

    fn tile(&self, tile: Tile) -> (u16, Vec<u8>) {
        if !tile.is_within(self.size()) {
            return (404, Vec::new());
        }
        let numbers = tile.index() * 256..tile.index() * 256 + u64::from(tile.width());
        match tile.kind() {
            TileKind::Entries => {
                let mut bundle = Vec::new();
                for number in numbers {
                    push_entry(&mut bundle, &self.entries[usize::try_from(number).unwrap()]);
                }
                (200, bundle)
            }
            TileKind::Hashes(level) => {
                let leaves = self.leaves();
                let mut hashes: Vec<Hash> =
                    numbers.map(|index| node(&leaves, &Node { level: level * 8, index })).collect();
                if self.false_tiles {
                    hashes.iter_mut().for_each(|hash| *hash = Hash::of(hash.as_bytes()));
                }
                (200, format_hashes(&hashes))
            }
        }
    }

    fn size(&self) -> u64 {
        self.published.unwrap_or(self.entries.len()) as u64
    }

    fn leaves(&self) -> Vec<Hash> {
        let size = usize::try_from(self.size()).unwrap();
        self.entries[..size].iter().map(|entry| leaf_hash(entry)).collect()
    }

    fn fold(&self, plan: &Plan) -> Vec<Hash> {
        let leaves = self.leaves();
        plan.fold(&plan.nodes().iter().map(|at| node(&leaves, at)).collect::<Vec<_>>())
    }

    fn checkpoint(&self) -> Note {
        let leaves = self.leaves();
        let tree = Tree::new(leaves.len() as u64, root_of_leaves(&leaves)).unwrap();
        let text = Checkpoint::new(Origin::parse(ORIGIN).unwrap(), tree).to_string();
        let signature = self.key.sign_note(&text);
        Note::new(text, vec![signature])
    }
}

fn node(leaves: &[Hash], node: &Node) -> Hash {
    let place = |number: u64| usize::try_from(number).unwrap();
    root_of_leaves(&leaves[place(node.index << node.level)..place(node.end())])
}

fn parse_batch(mut body: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        body = rest;
    }
    entries
}

fn problem(status: u16, kind: &str, detail: &str) -> Value {
    json!({ "type": format!("urn:fiducial:problem:{kind}"), "status": status, "detail": detail })
}

fn answer_one(answer: &Result<u64, Value>) -> (u16, Vec<u8>) {
    match answer {
        Ok(index) => (200, index.to_string().into_bytes()),
        Err(problem) => {
            let status = u16::try_from(problem["status"].as_u64().unwrap()).unwrap();
            (status, problem.to_string().into_bytes())
        }
    }
}

fn answer_batch(answers: &[Result<u64, Value>]) -> (u16, Vec<u8>) {
    let indices: Vec<Option<u64>> = answers.iter().map(|answer| answer.clone().ok()).collect();
    let refused = answers.iter().enumerate().filter_map(|(position, answer)| {
        let mut problem = answer.clone().err()?;
        problem["position"] = json!(position);
        Some(problem)
    });
    let refused: Vec<Value> = refused.collect();
    if refused.is_empty() {
        let lines: String = indices.iter().flatten().map(|index| format!("{index}\n")).collect();
        return (200, lines.into_bytes());
    }
    let mut document = problem(422, "batch-refused", "entries were refused");
    document["indices"] = json!(indices);
    document["refused"] = json!(refused);
    (422, document.to_string().into_bytes())
}
