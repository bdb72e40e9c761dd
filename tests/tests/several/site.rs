//! All that a log of several servers needs, as an operator sets it up: the database, three servers, three
//! witnesses of which two must cosign, and the folder of tiles. Every program is the real one.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tests::programs::program;

use crate::oracle::{Key, Oracle};
use crate::postgres::{OWNER, Postgres};
use crate::ways::{CLIENTS, DATABASE, SERVERS, WITNESSES, Ways};

/// The log's name.
pub(crate) const ORIGIN: &str = "factory.example/evidence";

/// How many witnesses must cosign.
const QUORUM: usize = 2;

/// A program on its host, which ends with this value.
struct Running {
    process: Child,
    said: PathBuf,
}

impl Running {
    /// Starts a program and waits until it listens.
    #[track_caller]
    fn start(command: &mut Command, said: PathBuf) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(&said).unwrap();
        let process = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut running = Self { process, said };
        let mut line = String::new();
        let stdout = running.process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on http://"), "{line:?}");
        running
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A process that is paused is killed as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(&self.said).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(60)..].join("\n");
            eprintln!("--- {}\n{last}", self.said.display());
        }
    }
}

/// See the module's text. The fields are dropped in this order.
pub(crate) struct Site {
    servers: [Option<Running>; 3],
    witnesses: [Option<Running>; 3],
    pub(crate) postgres: Postgres,
    pub(crate) ways: Ways,
    folder: TempDir,
    keys: Vec<String>,
    witness_keys: Vec<String>,
}

impl Site {
    /// Sets all up on these hosts for sources with these keys, and starts it. `None` where there is no database.
    pub(crate) fn new(ways: Ways, sources: &[String]) -> Option<Self> {
        let postgres = Postgres::start()?;
        let folder = tempfile::tempdir().unwrap();
        let (servers, witnesses) = ([None, None, None], [None, None, None]);
        let (keys, witness_keys) = (Vec::new(), Vec::new());
        let mut site = Self { servers, witnesses, postgres, ways, folder, keys, witness_keys };
        let at = site.ways.listens(DATABASE);
        let (whole, namespace) = (site.ways.whole(), site.ways.namespace(DATABASE));
        site.postgres.listen(&at.ip().to_string(), at.port(), whole, namespace);
        site.make(sources);
        for witness in 0..WITNESSES.len() {
            site.start_witness(witness);
        }
        for server in 0..SERVERS.len() {
            site.start_server(server);
        }
        Some(site)
    }

    fn make(&mut self, sources: &[String]) {
        let address = self.postgres.address();
        let made = ["init", "--data", "template", "--origin", ORIGIN, "--journal", &address];
        let keys = self.run("fiducial-log", &made);
        self.keys = keys.lines().map(str::to_owned).collect();
        for source in sources {
            self.run("fiducial-log", &["source", "add", source, "--data", "template"]);
        }
        for witness in WITNESSES {
            let name = format!("{witness}.example/w");
            let keys = self.run("fiducial-witness", &["init", "--data", witness, "--name", &name]);
            self.witness_keys.extend(keys.lines().map(str::to_owned));
            let mut add = vec!["log", "add", "--data", witness];
            add.extend(self.keys.iter().map(String::as_str));
            self.run("fiducial-witness", &add);
        }
        for server in SERVERS {
            let template = self.path("template");
            let copied = Command::new("cp").arg("-r").arg(template).arg(self.path(server)).status();
            assert!(copied.unwrap().success());
            fs::write(self.path(&policy_of(server)), self.policy(server)).unwrap();
        }
    }

    /// The policy with the addresses at which a server finds the witnesses.
    fn policy(&self, server: &str) -> String {
        let mut policy: String = self.keys.iter().map(|key| format!("log {key}\n")).collect();
        let mut members = String::new();
        for witness in WITNESSES {
            let url = format!("http://{}", self.ways.reaches(server, witness));
            let key = ["key", "policy", "--data", witness, "--url", &url];
            policy += &self.run("fiducial-witness", &key);
            members += &format!(" {witness}.example/w");
        }
        policy + &format!("group witnesses {QUORUM}{members}\nquorum witnesses\n")
    }

    /// Knows whom to believe, and nothing else yet.
    pub(crate) fn oracle(&self) -> Oracle {
        let log = self.keys.iter().find_map(|key| Key::parse(key)).expect("the log has such a key");
        let witnesses: Vec<Key> =
            self.witness_keys.iter().filter_map(|key| Key::parse(key)).collect();
        assert_eq!(witnesses.len(), WITNESSES.len());
        Oracle::new(log, witnesses, QUORUM)
    }

    /// Starts a server, and waits until it listens.
    pub(crate) fn start_server(&mut self, at: usize) {
        let host = SERVERS[at];
        let found = self.ways.reaches(host, DATABASE);
        let (ip, port) = (found.ip(), found.port());
        let journal = format!("host={ip} port={port} user={OWNER} dbname=postgres");
        let policy = policy_of(host);
        let more = ["--tiles", "tiles", "--journal", &journal, "--witness-policy", &policy];
        self.servers[at] = Some(self.serve("fiducial-log", host, &more));
    }

    /// Starts a witness, and waits until it listens.
    pub(crate) fn start_witness(&mut self, at: usize) {
        self.witnesses[at] = Some(self.serve("fiducial-witness", WITNESSES[at], &[]));
    }

    fn serve(&self, name: &str, host: &str, more: &[&str]) -> Running {
        let listen = self.ways.listens(host).to_string();
        let mut command = self.ways.command(host, name, self.folder.path());
        command.args(["serve", "--data", host, "--listen", &listen]).args(more);
        Running::start(&mut command, self.path(&format!("{host}.stderr")))
    }

    pub(crate) fn kill_server(&mut self, at: usize) {
        self.servers[at] = None;
    }

    pub(crate) fn kill_witness(&mut self, at: usize) {
        self.witnesses[at] = None;
    }

    pub(crate) fn signal_server(&self, at: usize, signal: Signal) {
        self.servers[at].as_ref().expect("it runs").signal(signal);
    }

    /// Ends all servers as an operator does, and lets the log check itself.
    #[track_caller]
    pub(crate) fn check(mut self) {
        for server in self.servers.iter_mut().filter_map(Option::as_mut) {
            server.signal(Signal::TERM);
            assert!(server.process.wait().unwrap().success(), "a server ends when it is told to");
        }
        let journal = self.postgres.address();
        let words = ["check", "--data", SERVERS[0], "--tiles", "tiles", "--journal", &journal];
        self.run("fiducial-log", &words);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program that needs no network, here, with success; what it printed.
    #[track_caller]
    fn run(&self, name: &str, words: &[&str]) -> String {
        let mut command = Command::new(program(name));
        command.args(words).current_dir(self.folder.path()).env("LC_ALL", "C.UTF-8");
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{name} {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Where clients find the servers.
    pub(crate) fn addresses(&self) -> Vec<std::net::SocketAddr> {
        SERVERS.iter().map(|server| self.ways.reaches(CLIENTS, server)).collect()
    }
}

fn policy_of(server: &str) -> String {
    format!("{server}.policy")
}
