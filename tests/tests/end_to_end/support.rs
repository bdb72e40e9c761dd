//! A server, a client that speaks HTTP by hand, and folders that go away by themselves.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::evidence::statement::{After, Draft};
use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use spec::note::{Note, verify_ed25519};
use spec::tree::Tree;
use tempfile::TempDir;
use tests::oracle::literal;
use tests::programs::{Ended, Serving, program};

use crate::stores::Stores;

/// The name of every log here.
pub(crate) const ORIGIN: &str = "factory.example/evidence";

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("programs end by themselves");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

/// A folder with a log, its policy and whatever a test adds. All programs run inside it.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) keys: Vec<VerifierKey>,
    /// Where its logs are kept.
    pub(crate) stores: Stores,
}

impl World {
    /// Makes a log, of `statements` or of `any` bytes, with both of its keys.
    pub(crate) fn new(admission: &str) -> Self {
        let (folder, stores) = (tempfile::tempdir().unwrap(), Stores::of_run());
        let mut world = Self { folder, keys: Vec::new(), stores };
        let init = ["init", "--data", "log", "--origin", ORIGIN, "--admission", admission];
        let said = world.log(&init).ends_with(0);
        world.keys = said.out.lines().map(|line| VerifierKey::parse(line).unwrap()).collect();
        assert_eq!(world.keys[0].algorithm(), Algorithm::NoteEd25519);
        assert_eq!(world.keys[1].algorithm(), Algorithm::CosignatureMlDsa44);
        let logs: String = world.keys.iter().map(|key| format!("log {key}\n")).collect();
        world.write("policy", format!("{logs}quorum none\n"));
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// Runs `fiducial-log`. What `init` makes is kept on the store of this run.
    pub(crate) fn log(&self, words: &[&str]) -> Said {
        let data = words.iter().skip_while(|word| **word != "--data").nth(1);
        let (Some(data), ["init", ..]) = (data, words) else {
            return self.run("fiducial-log", words);
        };
        let mut command = self.command("fiducial-log");
        command.args(words);
        Said::of(self.stores.init(command, &self.path(data)))
    }

    /// Copies a log that is not served with all that is its own, in place of what is there.
    pub(crate) fn copy_log(&self, from: &str, to: &str) {
        self.stores.copy(&self.path(from), &self.path(to));
    }

    /// The `signed-head` or the `checkpoint` of a log, as its store has it; `None` before the first.
    pub(crate) fn kept(&self, data: &str, name: &str) -> Option<Vec<u8>> {
        self.stores.kept(&self.path(data), name)
    }

    /// The size of a log's last signed head.
    pub(crate) fn signed_size(&self, data: &str) -> u64 {
        let note = Note::parse(&self.kept(data, "signed-head").unwrap()).unwrap();
        Checkpoint::parse(note.text()).unwrap().tree().size()
    }

    /// Runs `fiducial-agent`.
    pub(crate) fn agent(&self, words: &[&str]) -> Said {
        self.run("fiducial-agent", words)
    }

    /// Runs `fiducial`.
    pub(crate) fn fiducial(&self, words: &[&str]) -> Said {
        self.run("fiducial", words)
    }

    /// Runs `fiducial-witness`.
    pub(crate) fn witness(&self, words: &[&str]) -> Said {
        self.run("fiducial-witness", words)
    }

    fn run(&self, program: &str, words: &[impl AsRef<OsStr>]) -> Said {
        Said::of(self.command(program).args(words).output().unwrap())
    }

    /// Lets the log take statements of a source.
    pub(crate) fn list(&self, key: &str) {
        self.log(&["source", "add", key, "--data", "log"]).ends_with(0);
    }

    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Serves the log and waits until it takes entries; on a free port if `more` names none.
    pub(crate) fn serve_with(&self, more: &[&str]) -> Server {
        let server = self.try_serve("log", more).unwrap_or_else(|said| panic!("{said:?}"));
        if server.url.starts_with("http://") {
            server.wait_until_ready();
        }
        server
    }

    /// Starts the log of a data folder, ready or not; what it said if it refused.
    pub(crate) fn try_serve(&self, data: &str, more: &[&str]) -> Result<Server, Said> {
        let mut command = self.command("fiducial-log");
        // The environment gives way to a flag.
        command.env("FIDUCIAL_LOG_LISTEN", "127.0.0.1:0");
        Server::start(command.args(["serve", "--data", data]).args(more))
    }

    /// A program that will run in this folder.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(self.folder.path()).env("LC_ALL", "C.UTF-8");
        command.env_remove("RUST_LOG").stdin(Stdio::null());
        command
    }

    /// The tree of a checkpoint, after the log's signature was checked.
    #[track_caller]
    pub(crate) fn tree(&self, note: &[u8]) -> Tree {
        let note = Note::parse(note).unwrap();
        verify_ed25519(&note, &self.keys[0]).unwrap();
        Checkpoint::parse(note.text()).unwrap().tree()
    }

    /// Waits until the published tree has at least `size` entries; gives the whole note.
    #[track_caller]
    pub(crate) fn published(&self, server: &Server, size: u64) -> Vec<u8> {
        wait(&format!("size {size} is not published"), || {
            let answer = server.get("/checkpoint");
            // A log whose witnesses have not cosigned its first head has none.
            (answer.status == 200 && self.tree(&answer.body).size() >= size).then_some(answer.body)
        })
    }

    /// What a statement made now comes after.
    pub(crate) fn after(&self, server: &Server, size: u64) -> After {
        let note = self.published(server, size);
        After::checkpoint(self.tree(&note), Hash::of(&note)).unwrap()
    }
}

/// A running server. Dropping it kills the process.
pub(crate) struct Server {
    serving: Serving,
    pub(crate) url: String,
}

impl Server {
    /// Starts a program and waits until it listens; what it said if it ends instead.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Said> {
        match Serving::start(command) {
            Ok(serving) => Ok(Self { url: serving.url.clone(), serving }),
            Err(Ended { code, out, err }) => {
                Err(Said { code: code.expect("programs end by themselves"), out, err })
            }
        }
    }

    /// Waits until it says that it does its work.
    #[track_caller]
    pub(crate) fn wait_until_ready(&self) {
        wait("the server is not ready", || (self.get("/readyz").status == 200).then_some(()));
    }

    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// Fetches with header lines of the test's own, each with its line break.
    pub(crate) fn get_with(&self, path: &str, lines: &str) -> Answer {
        send(self.address(), &format!("GET {path} HTTP/1.1\r\n{lines}"), b"").unwrap()
    }

    pub(crate) fn try_get(&self, path: &str) -> Option<Answer> {
        fetch(self.address(), path)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.try_post(path, body).unwrap()
    }

    pub(crate) fn try_post(&self, path: &str, body: &[u8]) -> Option<Answer> {
        submit(self.address(), path, body)
    }

    /// Asks the server to stop, as a service manager does; its exit code.
    pub(crate) fn stop(self) -> i32 {
        self.stop_and_listen().code
    }

    /// The same, with all that it said on standard error.
    pub(crate) fn stop_and_listen(mut self) -> Said {
        self.ask_to_stop();
        let (code, err) = self.serving.wait();
        let code = code.expect("a graceful stop is no death by a signal");
        Said { code, out: String::new(), err }
    }

    /// The memory that the server holds, in kilobytes.
    pub(crate) fn memory_kb(&self) -> usize {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// How many files and sockets the server holds.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.serving.process.id()))
    }

    /// Says that files have changed, as a tool that renews certificates does.
    pub(crate) fn hang_up(&self) {
        kill_process(Pid::from_child(&self.serving.process), Signal::HUP).unwrap();
    }

    pub(crate) fn ask_to_stop(&self) {
        kill_process(Pid::from_child(&self.serving.process), Signal::TERM).unwrap();
    }
}

/// A GET of whoever listens there.
pub(crate) fn fetch(address: &str, path: &str) -> Option<Answer> {
    send(address, &format!("GET {path} HTTP/1.1\r\n"), b"")
}

/// A POST to whoever listens there.
pub(crate) fn submit(address: &str, path: &str, body: &[u8]) -> Option<Answer> {
    let length = body.len();
    send(address, &format!("POST {path} HTTP/1.1\r\ncontent-length: {length}\r\n"), body)
}

/// One request on a connection of its own; `None` if there was no whole answer.
fn send(address: &str, head: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{head}host: {address}\r\nconnection: close\r\n\r\n");
    // A server that refuses a body need not read it: what it says is still read.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Answer::parse(&bytes)
}

/// Waits for a fact and gives what `look` found; the test fails with `what` if it never comes.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Takes an answer apart; `None` if it is not whole.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let pairs = lines.filter_map(|line| line.split_once(": "));
        let headers: HashMap<String, String> =
            pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let length: usize = headers.get("content-length")?.parse().ok()?;
        let body = bytes[end + 4..].to_vec();
        (body.len() == length).then_some(Self { status, headers, body })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The index of an accepted entry.
    #[track_caller]
    pub(crate) fn index(&self) -> u64 {
        assert_eq!(self.status, 200, "{}", self.text());
        self.text().parse().unwrap()
    }

    /// Insists on a problem document of this kind (RFC 9457).
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document["type"], format!("urn:fiducial:problem:{name}"), "{document}");
        assert_eq!(document["status"], status);
        for text in ["title", "detail"] {
            assert!(!document[text].as_str().unwrap().is_empty(), "{document}");
        }
        document
    }
}

/// One capture point with its key, and the end of its chain.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) sequence: u64,
    pub(crate) previous: Hash,
}

impl Source {
    pub(crate) fn new(name: &str, seed: u8) -> Self {
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap();
        Self { key: Arc::new(key), sequence: 0, previous: Hash::ZERO }
    }

    pub(crate) fn verifier(&self) -> String {
        self.key.verifier().to_string()
    }

    /// Signs what comes next, for this log, without going on.
    pub(crate) fn sign(&self, after: After, batch: &[u8]) -> Vec<u8> {
        self.sign_for(ORIGIN, after, batch)
    }

    pub(crate) fn sign_for(&self, origin: &str, after: After, batch: &[u8]) -> Vec<u8> {
        let (origin, name) = (Origin::parse(origin).unwrap(), self.key.verifier().name().clone());
        let (sequence, previous) = (self.sequence, self.previous);
        let draft = Draft::new(origin, name, sequence, previous, after, Hash::of(batch));
        draft.and_then(|draft| draft.sign(&self.key)).unwrap().to_bytes()
    }

    /// Goes on behind a statement that it signed.
    pub(crate) fn advance(&mut self, statement: &[u8]) {
        self.sequence += 1;
        self.previous = Hash::from_bytes(literal::leaf(statement));
    }

    /// Signs what comes next, and goes on.
    pub(crate) fn next(&mut self, after: After) -> Vec<u8> {
        let batch = self.sequence.to_be_bytes();
        let statement = self.sign(after, &batch);
        self.advance(&statement);
        statement
    }
}

/// Entries as `POST /add-batch` takes them: each behind its length as a big-endian u16.
pub(crate) fn batch<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend(u16::try_from(entry.len()).unwrap().to_be_bytes());
        bytes.extend(entry);
    }
    bytes
}

/// The names of the project's own sample reports, in order.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    reports_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"))
}

/// Every JSON file of a folder, by name, in order.
pub(crate) fn reports_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let listed = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let names = listed.map(|item| item.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    names.sort();
    let read = |name: String| {
        let bytes = fs::read(folder.join(&name)).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}
