//! Those who write and those who read: sources that state as soon as the last statement is acknowledged,
//! and one reader of checkpoints for each server.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::{After, Draft};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::tree::Tree;
use tests::oracle::literal;

use crate::client::{Client, Refusal, get};
use crate::meter::Meter;
use crate::oracle::{Oracle, Stated};
use crate::site::ORIGIN;
use crate::waits::Waits;

/// How soon a source states again at the earliest.
const PACE: Duration = Duration::from_millis(50);

/// How often a checkpoint is fetched: more often than one is published under load.
const LOOK: Duration = Duration::from_millis(40);

/// How long to wait before all servers are asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// How long the last statement of a source may take to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(60);

/// What they share.
pub(crate) struct Shared {
    pub(crate) meter: Meter,
    pub(crate) waits: Waits,
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) oracle: Mutex<Oracle>,
    /// What the next statements follow: the newest checkpoint that any server showed.
    newest: Mutex<After>,
    over: AtomicBool,
    findings: Mutex<Vec<String>>,
}

impl Shared {
    pub(crate) fn new(servers: Vec<SocketAddr>, oracle: Oracle) -> Self {
        let (over, findings) = (AtomicBool::new(false), Mutex::default());
        let (meter, waits) = (Meter::new(), Waits::default());
        let (oracle, newest) = (Mutex::new(oracle), Mutex::new(After::NOTHING));
        Self { meter, waits, servers, oracle, newest, over, findings }
    }

    /// Lets everybody end.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn find(&self, what: String) {
        self.findings.lock().unwrap().push(what);
        self.end();
    }

    /// Fails with what was found that no log may do.
    #[track_caller]
    pub(crate) fn is_sound(&self) {
        let findings = self.findings.lock().unwrap();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    /// Reads one server's checkpoints until all is over.
    pub(crate) fn watch(&self, server: usize) {
        while !self.is_over() {
            self.look(server);
            std::thread::sleep(LOOK);
        }
    }

    /// Reads one server's checkpoint, if it answers: the size.
    pub(crate) fn look(&self, server: usize) -> Option<u64> {
        let answer = get(self.servers[server], "/checkpoint").ok();
        let note = answer.filter(|answer| answer.status == 200)?.body;
        let seen = self.oracle.lock().unwrap().saw(server, &note);
        match seen {
            Ok((size, root)) => {
                self.meter.shown(size);
                self.follow(size, root, &note);
                Some(size)
            }
            Err(why) => {
                self.find(why);
                None
            }
        }
    }

    fn follow(&self, size: u64, root: literal::Hash, note: &[u8]) {
        let mut newest = self.newest.lock().unwrap();
        if size > newest.tree().size() {
            let tree = Tree::new(size, Hash::from_bytes(root)).unwrap();
            *newest = After::checkpoint(tree, Hash::of(note)).unwrap();
        }
    }

    fn newest(&self) -> After {
        *self.newest.lock().unwrap()
    }
}

/// One source with its chain.
pub(crate) struct Source {
    number: usize,
    name: KeyName,
    key: SigningKey,
    previous: Hash,
    stated: Vec<Stated>,
}

impl Source {
    pub(crate) fn new(number: usize) -> Self {
        let name = KeyName::parse(&format!("line-{number}.example/aoi")).unwrap();
        let seed = [u8::try_from(number + 1).unwrap(); 32];
        let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &seed).unwrap();
        Self { number, name, key, previous: Hash::ZERO, stated: Vec::new() }
    }

    /// Its key, as a log lists it.
    pub(crate) fn key(&self) -> String {
        self.key.verifier().to_string()
    }

    /// States until all is over; what came of it.
    pub(crate) fn run(mut self, shared: &Shared) -> Vec<Stated> {
        let mut client = Client::new(&shared.servers, self.number, &shared.waits);
        let mut due = Instant::now();
        while !shared.is_over() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            due = Instant::now() + PACE;
            let statement = self.statement(shared.newest());
            let leaf = literal::leaf(&statement);
            let index = insist(&mut client, &statement, shared);
            self.stated.push(Stated { leaf, index });
            if index.is_none() {
                break;
            }
            shared.meter.count();
            self.previous = Hash::from_bytes(leaf);
        }
        self.stated
    }

    fn statement(&self, after: After) -> Vec<u8> {
        let sequence = self.stated.len() as u64;
        let batch = Hash::from_bytes(literal::leaf(&sequence.to_be_bytes()));
        let origin = Origin::parse(ORIGIN).unwrap();
        let name = self.name.clone();
        let draft = Draft::new(origin, name, sequence, self.previous, after, batch).unwrap();
        draft.sign(&self.key).unwrap().to_bytes()
    }
}

/// Sends the same bytes until some server takes them. `None` where one says what none may say, or where
/// nobody takes them for long after all is over.
fn insist(client: &mut Client<'_>, statement: &[u8], shared: &Shared) -> Option<u64> {
    let mut since_over = None;
    loop {
        match client.add(statement) {
            Ok(index) => return Some(index),
            Err(Refusal::Elsewhere) => {}
            Err(Refusal::Wrong(what)) => {
                shared.find(what);
                return None;
            }
        }
        if shared.is_over() {
            let since: &mut Instant = since_over.get_or_insert_with(Instant::now);
            if since.elapsed() > PATIENCE {
                return None;
            }
        }
        std::thread::sleep(AGAIN);
    }
}
