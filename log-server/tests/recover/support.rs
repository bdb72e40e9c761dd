//! A log of statements by several sources, what they keep of it, and the command under test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::init::init;
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, Options};
use log_server::sources::{self, Listing, Sources};
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::evidence::statement::{After, Draft};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::proof::Proof;

pub(crate) const ORIGIN: &str = "recovered.example/log";

pub(crate) fn origin() -> Origin {
    Origin::parse(ORIGIN).unwrap()
}

/// One capture point.
struct Source {
    key: SigningKey,
    sequence: u64,
    previous: Hash,
}

/// A folder with a log, its backup, and what the world has of it.
pub(crate) struct World {
    folder: tempfile::TempDir,
    sources: Vec<Source>,
    /// Every entry, in order.
    pub(crate) entries: Vec<Vec<u8>>,
    /// The newest published note.
    pub(crate) note: Vec<u8>,
}

impl World {
    /// A log without entries, and a backup of what `init` made.
    pub(crate) fn new(sources: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("log");
        init(&data, origin(), Admission::Statements, true).unwrap();
        let source = |at: usize| {
            let name = KeyName::parse(&format!("line-1.example/aoi-{at}")).unwrap();
            let seed = [at as u8 + 1; 32];
            let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed).unwrap();
            sources::add(&data, Listing::new(&key.verifier().to_string(), "").unwrap()).unwrap();
            Source { key, sequence: 0, previous: Hash::ZERO }
        };
        let sources = (0..sources).map(source).collect();
        let world = Self { folder, sources, entries: Vec::new(), note: Vec::new() };
        copy_folder(&data, &world.at("backup"));
        world
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path as an argument.
    pub(crate) fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn keys(&self) -> LogKeys {
        LogKeys::load(&self.at("backup"), &origin()).unwrap()
    }

    pub(crate) fn open(&self, data: &str) -> Log {
        let data = self.at(data);
        let options = Options {
            limits: Limits {
                seal_wait: Duration::ZERO,
                trim_bytes: 64 * 1024,
                ..Limits::default()
            },
            keys: LogKeys::load(&data, &origin()).unwrap(),
            sources: Sources::load(&data).unwrap(),
            witnesses: None,
            data,
        };
        let log = Log::open(options).unwrap();
        wait_until(&|| log.status().index_ready);
        log
    }

    /// Opens the log of a folder, adds statements of these sources, and stops it.
    pub(crate) fn grow(&mut self, data: &str, of: impl IntoIterator<Item = usize>) {
        let log = self.open(data);
        for at in of {
            let entry = self.sign(at);
            let index = run(log.sequence(log.check(&entry).unwrap())).unwrap().index;
            assert_eq!(index, self.entries.len() as u64);
            self.entries.push(entry);
        }
        let size = self.entries.len() as u64;
        let full = size / 256 * 256;
        wait_until(&|| log.status().published == size && log.status().sealed >= full);
        self.note = log.published().note.to_vec();
        log.stop();
        log.join();
    }

    /// Signs the next statement of a source.
    pub(crate) fn sign(&mut self, at: usize) -> Vec<u8> {
        let after = match self.note.is_empty() {
            true => After::NOTHING,
            false => {
                let note = Note::parse(&self.note).unwrap();
                let tree = Checkpoint::parse(note.text()).unwrap().tree();
                match tree.size() {
                    0 => After::NOTHING,
                    _ => After::checkpoint(tree, Hash::of(&self.note)).unwrap(),
                }
            }
        };
        self.sign_behind(at, after)
    }

    /// The same, with what it names as earlier.
    pub(crate) fn sign_behind(&mut self, at: usize, after: After) -> Vec<u8> {
        let source = &mut self.sources[at];
        let name = source.key.verifier().name().clone();
        let batch = Hash::of(&source.sequence.to_be_bytes());
        let draft = Draft::new(origin(), name, source.sequence, source.previous, after, batch);
        let statement = draft.unwrap().sign(&source.key).unwrap();
        (source.sequence, source.previous) = (source.sequence + 1, statement.leaf_hash());
        statement.to_bytes()
    }

    /// Writes the tree of this moment where a mirror would have it.
    pub(crate) fn mirror(&self, to: &str) {
        expect(0, &["export", "--data", &self.text("log"), "--to", &self.text(to)]);
    }

    /// Hands out an entry as a source without a receipt does, with the index that it was told if `told`.
    pub(crate) fn hand_statement(&self, to: &str, index: usize, told: bool) {
        let place = if told { format!(".{index}") } else { String::new() };
        self.write(&format!("{to}/entry-{index:04}{place}.statement"), &self.entries[index]);
    }

    /// Hands out an entry with its receipt, under the newest checkpoint.
    pub(crate) fn hand_receipt(&self, log: &Log, to: &str, index: usize) {
        let published = log.published();
        let size = published.checkpoint.tree().size();
        let path = log.prove_inclusion(index as u64, size).unwrap();
        let note = Note::parse(&published.note).unwrap();
        let proof = Proof::new(Some(self.entries[index].clone()), index as u64, path, note);
        self.write(&format!("{to}/entry-{index:04}.tlog-proof"), &proof.to_bytes());
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Rebuilds into `to`, and demands an exit code. Returns what was said.
    pub(crate) fn recover(&self, code: i32, to: &str, more: &[&str]) -> String {
        let (backup, data) = (self.text("backup"), self.text(to));
        let words = ["recover", "--backup", &backup, "--data", &data, "--unwitnessed"];
        expect(code, &[&words[..], more].concat())
    }

    /// The rebuilt folder is the lost log: the same tiles, the same entries, the same head, and it goes on.
    pub(crate) fn check_rebuilt(&mut self, to: &str) {
        expect(0, &["check", "--data", &self.text(to)]);
        assert_eq!(files(&self.at(to).join("tile")), files(&self.at("log/tile")));
        let head = |data: &str| fs::read(self.at(data).join("signed-head")).unwrap();
        assert_eq!(head(to), head("log"));
        assert!(!self.at(to).join("log.toml.recovering").exists());
        let size = self.entries.len();
        self.grow(to, [0, 0]);
        let log = self.open(to);
        for (index, entry) in self.entries.iter().enumerate().rev().take(300) {
            assert_eq!(log.entry(index as u64).unwrap(), *entry, "entry {index}");
        }
        log.stop();
        log.join();
        assert_eq!(self.entries.len(), size + 2);
    }

    /// Nothing in the folder can be served.
    pub(crate) fn check_no_log(&self, data: &str) {
        for name in ["log.toml", "signed-head", "checkpoint", "keys"] {
            assert!(!self.at(data).join(name).exists(), "{name}");
        }
        let said = expect(2, &["serve", "--data", &self.text(data), "--listen", "127.0.0.1:0"]);
        assert!(said.contains("holds no log"), "{said}");
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn wait_until(is_so: &dyn Fn() -> bool) {
    while !is_so() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs `fiducial-log` and demands this exit code. Returns both outputs.
pub(crate) fn expect(code: i32, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
    let output = command.args(arguments).env_remove("FIDUCIAL_LOG_DATA").output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// Every file below a folder with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(inside) = folders.pop() {
        let Ok(entries) = fs::read_dir(&inside) else { continue };
        for entry in entries.map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder).unwrap().to_owned();
                all.insert(name, fs::read(&entry).unwrap());
            }
        }
    }
    all
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Changes one bit in the middle of a file.
pub(crate) fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}
