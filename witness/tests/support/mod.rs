//! What the tests share: a log that grows by hand, a disk that forgets, and a client.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails where it stands")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature::{self, Timestamp};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use spec::note::Note;
use spec::tree::{Tree, root_of_leaves};
use spec::witness::{AddCheckpoint, parse_answer};
use tempfile::TempDir;
use witness::high_water::SlotFile;
use witness::init::init;
use witness::registry;
use witness::settings::Settings;

/// Both kinds of keys.
pub const BOTH: [Algorithm; 2] = [Algorithm::CosignatureEd25519, Algorithm::CosignatureMlDsa44];

/// One kind, where signatures are not the point.
pub const ONE: [Algorithm; 1] = [Algorithm::CosignatureEd25519];

/// A log whose tree of any size is computed when it is asked for.
pub struct TestLog {
    pub origin: Origin,
    pub key: SigningKey,
}

impl TestLog {
    pub fn new(origin: &str) -> Self {
        let seed = *Hash::of(origin.as_bytes()).as_bytes();
        let name = KeyName::parse(origin).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed).unwrap();
        Self { origin: Origin::parse(origin).unwrap(), key }
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::new(self.origin.clone(), tree(size))
    }

    /// The request to go from `old` to `size`.
    pub fn request(&self, old: u64, size: u64) -> Vec<u8> {
        self.request_for(old, prove(old, size), &self.checkpoint(size))
    }

    /// A request for any checkpoint with any proof.
    pub fn request_for(&self, old: u64, proof: Vec<Hash>, checkpoint: &Checkpoint) -> Vec<u8> {
        let text = checkpoint.to_string();
        let line = self.key.sign_note(&text);
        AddCheckpoint::new(old, proof, Note::new(text, vec![line])).unwrap().to_bytes()
    }
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

pub fn tree(size: u64) -> Tree {
    Tree::new(size, root_of_leaves(&leaves(size))).unwrap()
}

/// RFC 6962, section 2.1.2, word for word.
pub fn prove(old: u64, size: u64) -> Vec<Hash> {
    fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![root_of_leaves(leaves)] };
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut proof, other) = if old <= split {
            (subproof(old, left, whole), right)
        } else {
            (subproof(old - split, right, false), left)
        };
        proof.push(root_of_leaves(other));
        proof
    }
    if old == 0 { Vec::new() } else { subproof(old as usize, &leaves(size), true) }
}

/// A witness's folders.
pub struct Home {
    pub folder: TempDir,
    pub settings: Settings,
    pub keys: Vec<VerifierKey>,
}

impl Home {
    /// Makes a witness that knows `logs`.
    pub fn new(algorithms: &[Algorithm], logs: &[&TestLog]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("witness");
        let keys = init(&data, "witness.example/w1", None, algorithms).unwrap();
        let settings = Settings::load(&data).unwrap();
        for log in logs {
            let key = log.key.verifier().clone();
            registry::add(&settings, &log.origin, &[key], None, None).unwrap();
        }
        Self { folder, settings, keys }
    }

    pub fn data(&self) -> &Path {
        &self.settings.data
    }

    /// The files that a rollback can concern.
    pub fn files(&self) -> Vec<PathBuf> {
        let Settings { high_water, .. } = &self.settings;
        vec![
            self.settings.state(),
            high_water.clone(),
            self.settings.retired(),
            self.settings.retired_beside_high_water(),
        ]
    }
}

/// Checks that every key signed the checkpoint, and returns the time.
pub fn verified(answer: &str, checkpoint: &Checkpoint, keys: &[VerifierKey]) -> Timestamp {
    let lines = parse_answer(answer.as_bytes()).unwrap();
    assert_eq!(lines.len(), keys.len());
    let times: Vec<Timestamp> =
        keys.iter().map(|key| cosignature::verify(&lines, checkpoint, key).unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] == pair[1]));
    times[0]
}

/// What becomes of the n-th write or sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and reported as failed.
    Lost,
    /// It is done, and reported as failed.
    DoneButFailed,
}

/// A disk of files in memory that forgets what was not synced.
#[derive(Clone, Debug, Default)]
pub struct FakeDisk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    state: Bytes,
    record: Bytes,
    operations: usize,
    fault: Option<(usize, Fault)>,
}

#[derive(Clone, Debug, Default)]
struct Bytes {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    State,
    Record,
}

impl FakeDisk {
    /// Holds files as they were read from a real disk.
    pub fn with(state: Vec<u8>, record: Vec<u8>) -> Self {
        let disk = Self::default();
        let mut content = disk.0.lock().unwrap();
        content.state = Bytes { now: state.clone(), durable: state };
        content.record = Bytes { now: record.clone(), durable: record };
        drop(content);
        disk
    }

    /// Lets the operation with this number, from now on, fail, and all behind it.
    pub fn fail_at(&self, number: usize, fault: Fault) {
        let mut content = self.0.lock().unwrap();
        content.fault = Some((content.operations + number, fault));
    }

    /// Lets nothing fail any more.
    pub fn repair(&self) {
        self.0.lock().unwrap().fault = None;
    }

    /// How many writes and syncs there were.
    pub fn operations(&self) -> usize {
        self.0.lock().unwrap().operations
    }

    /// What a power cut leaves: the durable bytes, and of what was not synced what `kept` says.
    pub fn after_power_cut(&self, kept: bool) -> Self {
        let content = self.0.lock().unwrap();
        let left = |bytes: &Bytes| if kept { bytes.now.clone() } else { bytes.durable.clone() };
        Self::with(left(&content.state), left(&content.record))
    }

    pub fn record_bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().record.now.clone()
    }

    pub fn state_backend(&self) -> impl StorageBackend + use<> {
        FakeFile(self.clone(), Which::State)
    }

    pub fn slot_file(&self) -> Box<dyn SlotFile> {
        Box::new(FakeFile(self.clone(), Which::Record))
    }

    fn operate(&self, which: Which, act: impl FnOnce(&mut Bytes)) -> io::Result<()> {
        let mut content = self.0.lock().unwrap();
        content.operations += 1;
        let (number, fault) = (content.operations, content.fault);
        let bytes = match which {
            Which::State => &mut content.state,
            Which::Record => &mut content.record,
        };
        let failed = || Err(io::Error::other("the fake disk failed"));
        match fault {
            Some((at, Fault::DoneButFailed)) if number == at => {
                act(bytes);
                failed()
            }
            Some((at, _)) if number >= at => failed(),
            _ => {
                act(bytes);
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct FakeFile(FakeDisk, Which);

fn put(bytes: &mut Bytes, offset: u64, data: &[u8]) {
    let end = offset as usize + data.len();
    if bytes.now.len() < end {
        bytes.now.resize(end, 0);
    }
    bytes.now[offset as usize..end].copy_from_slice(data);
}

impl StorageBackend for FakeFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.0.lock().unwrap().state.now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.0.0.lock().unwrap();
        let end = offset as usize + out.len();
        let bytes = content.state.now.get(offset as usize..end);
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.operate(self.1, |bytes| bytes.now.resize(len as usize, 0))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.operate(self.1, |bytes| bytes.durable = bytes.now.clone())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.operate(self.1, |bytes| put(bytes, offset, data))
    }
}

impl SlotFile for FakeFile {
    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.operate(self.1, |bytes| put(bytes, offset, data))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.operate(self.1, |bytes| bytes.durable = bytes.now.clone())
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends one request on a connection of its own.
pub fn send(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    exchange(&mut stream, method, path, body)
}

/// Sends one request and reads its answer to the end of the connection.
pub fn exchange<S: Read + Write>(stream: &mut S, method: &str, path: &str, body: &[u8]) -> Answer {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: witness.example\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    // One that refuses early may close its side before all is sent; its answer is what counts.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    parse(&bytes)
}

/// Takes a whole answer apart.
pub fn parse(bytes: &[u8]) -> Answer {
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[split + 4..].to_vec() }
}
