//! The real program as a process to be killed, clients that remember what it promised, and a
//! reader that audits it over HTTP.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use spec::key::{Algorithm, VerifierKey};
use tokio::runtime::Runtime;

use crate::load::client::Connection;
use crate::oracle::{Oracle, Reader};
use crate::programs::{Serving, program};

/// How long a start or a publication may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a log that takes any bytes, in its data folder; gives the Ed25519 key that verifies it.
pub fn init(data: &Path) -> VerifierKey {
    init_on(data, |mut command| command.output().expect("the program runs"))
}

/// The same where `make` says that the log is to be kept: it runs the command.
pub fn init_on(data: &Path, make: impl FnOnce(Command) -> Output) -> VerifierKey {
    let mut command = Command::new(program("fiducial-log"));
    command.args(["init", "--origin", super::script::ORIGIN, "--admission", "any", "--no-ml-dsa"]);
    command.arg("--data").arg(data);
    let output = make(command);
    let said = String::from_utf8_lossy(&output.stdout);
    let keys = said.split_whitespace().filter_map(|word| VerifierKey::parse(word).ok());
    let mut keys = keys.filter(|key| key.algorithm() == Algorithm::NoteEd25519);
    keys.next().unwrap_or_else(|| panic!("no key: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A running server. Dropping it kills the process.
pub struct Server {
    serving: Serving,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts the log in `data` on a free port and waits until it listens. An `Err` is what the
    /// program said when it refused.
    pub fn start(data: &Path) -> Result<Self, String> {
        let mut command = Command::new(program("fiducial-log"));
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        let serving = Serving::start(&mut command).map_err(|ended| ended.err)?;
        let address = serving.url.rsplit('/').next().and_then(|address| address.parse().ok());
        let address = address.expect("a program announces an address");
        Ok(Self { serving, address })
    }

    /// Kills the process as it is: no handler runs, nothing is flushed.
    pub fn kill(mut self) {
        self.serving.process.kill().expect("the process can be killed");
        self.serving.process.wait().expect("a killed process ends");
    }

    /// Halts the process where it is.
    pub fn halt(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a halted process go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.serving.process), signal)
            .expect("the process can be signalled");
    }

    /// Reads the log as a stranger does.
    #[must_use]
    pub fn reader(&self) -> HttpReader {
        let runtime = runtime();
        let connection = runtime.block_on(Connection::open(self.address));
        let connection = RefCell::new(connection.expect("a server that listens takes connections"));
        HttpReader { runtime, connection }
    }
}

/// Reads a log over HTTP.
pub struct HttpReader {
    runtime: Runtime,
    connection: RefCell<Connection>,
}

impl HttpReader {
    /// Waits until everything that `oracle` knows is published, then audits it all.
    pub fn audit(&self, oracle: &mut Oracle) -> Result<Vec<Vec<u8>>, String> {
        let want = oracle.entries().last().map_or(0, |(index, _)| index + 1);
        let give_up = Instant::now() + PATIENCE;
        while oracle.saw(&self.checkpoint()?)? < want {
            if Instant::now() > give_up {
                return Err(format!("size {want} is not published"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        oracle.audit(self)
    }

    /// Adds an entry; gives the status of the answer, and its body.
    pub fn add(&self, entry: &[u8]) -> Result<(u16, Vec<u8>), String> {
        let path = "/add".parse().expect("a valid path");
        let mut connection = self.connection.borrow_mut();
        let answered = self.runtime.block_on(connection.post(&path, entry.to_vec().into()));
        let answer = answered.map_err(|error| error.to_string())?;
        Ok((answer.status.as_u16(), answer.body.into()))
    }

    fn fetch(&self, path: &str) -> Result<Vec<u8>, String> {
        let fetched = self.runtime.block_on(self.connection.borrow_mut().fetch(path));
        fetched.map(Into::into).map_err(|error| format!("{path}: {error}"))
    }
}

impl Reader for HttpReader {
    fn checkpoint(&self) -> Result<Vec<u8>, String> {
        self.fetch("/checkpoint")
    }

    fn tile(&self, path: &str) -> Result<Vec<u8>, String> {
        self.fetch(&format!("/{path}"))
    }
}

/// What was promised to the clients so far, as they noted it.
#[derive(Debug, Default)]
pub struct Noted {
    /// Entries with the index they were given.
    pub acknowledged: Vec<(u64, Vec<u8>)>,
    /// Published checkpoints.
    pub checkpoints: Vec<Vec<u8>>,
}

impl Noted {
    /// Tells an oracle all of it.
    pub fn tell(&self, oracle: &mut Oracle) -> Result<(), String> {
        self.checkpoints.iter().try_for_each(|note| oracle.saw(note).map(drop))?;
        let told = |(index, entry): &(u64, Vec<u8>)| oracle.acknowledge(*index, entry);
        self.acknowledged.iter().try_for_each(told)
    }
}

/// Clients that add entries of their own, one after the other, and again what was not answered.
pub struct Clients {
    runtime: Runtime,
    clients: Vec<Client>,
    noted: Arc<Mutex<Noted>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Client>>,
}

#[derive(Debug, Default)]
struct Client {
    number: usize,
    next: usize,
    unanswered: Option<Vec<u8>>,
}

impl Clients {
    /// So many clients that have sent nothing yet.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let client = |number| Client { number, ..Client::default() };
        Self {
            runtime: runtime(),
            clients: (0..count).map(client).collect(),
            noted: Arc::default(),
            stop: Arc::default(),
            tasks: Vec::new(),
        }
    }

    /// Lets all of them work at a server for `during`, then calls `then` while they still work,
    /// and waits until each has noticed the end, by the loss of its connection if need be.
    pub fn work<T>(
        &mut self,
        server: Server,
        during: Duration,
        then: impl FnOnce(Server) -> T,
    ) -> T {
        self.stop.store(false, Ordering::Release);
        for client in self.clients.drain(..) {
            let (noted, stop) = (self.noted.clone(), self.stop.clone());
            let address = server.address;
            self.tasks.push(self.runtime.spawn(client.work(address, noted, stop)));
        }
        self.runtime.block_on(async { tokio::time::sleep(during).await });
        let value = then(server);
        self.stop.store(true, Ordering::Release);
        for task in self.tasks.drain(..) {
            self.clients.push(self.runtime.block_on(task).expect("clients do not panic"));
        }
        value
    }

    /// Takes what was noted since the last time.
    #[must_use]
    pub fn take_noted(&self) -> Noted {
        std::mem::take(&mut *lock(&self.noted))
    }
}

impl Client {
    async fn work(
        mut self,
        address: SocketAddr,
        noted: Arc<Mutex<Noted>>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let Ok(mut connection) = Connection::open(address).await else { return self };
        let add = "/add".parse().expect("a valid path");
        while !stop.load(Ordering::Acquire) {
            let entry = self.entry();
            self.unanswered = Some(entry.clone());
            let Ok(answer) = connection.post(&add, entry.clone().into()).await else { break };
            let index = std::str::from_utf8(&answer.body).ok().and_then(|text| text.parse().ok());
            match index {
                Some(index) if answer.status.is_success() => {
                    lock(&noted).acknowledged.push((index, entry));
                    self.unanswered = None;
                }
                // Refused for now: it is sent again.
                _ => tokio::time::sleep(Duration::from_millis(2)).await,
            }
            // One client in a hundred requests also looks at what is published.
            if self.next.is_multiple_of(100)
                && let Ok(note) = connection.fetch("/checkpoint").await
            {
                lock(&noted).checkpoints.push(note.to_vec());
            }
        }
        self
    }

    fn entry(&mut self) -> Vec<u8> {
        if let Some(entry) = self.unanswered.take() {
            return entry;
        }
        self.next += 1;
        // Some are large, so that the journal is trimmed often.
        let filler = if self.next.is_multiple_of(16) { 12_000 } else { 100 };
        let mut entry = format!("client {} entry {} ", self.number, self.next).into_bytes();
        entry.resize(entry.len() + filler, b'.');
        entry
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().expect("a runtime can be made")
}
