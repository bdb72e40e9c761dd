//! Several hosts: a factory, its log and three witnesses, each behind a cable that can be pulled.
//!
//! Needs root and `ip`, for network namespaces. Without them the test says that it is skipped; in
//! CI it fails if it is root and `ip` is there, because there nothing may be skipped.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

/// The hosts and their cables.
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../support/network.rs"]
mod network;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use spec::checkpoint::Checkpoint;
use spec::note::Note;
use spec::policy::Policy;
use spec::proof::Proof;
use spec::tree::Tree;
use tempfile::TempDir;
use tests::programs::program;

use network::{Network, NoNetwork};

/// The log's name.
const ORIGIN: &str = "factory.example/evidence";

/// The three hosts with a witness; two of them must cosign.
const WITNESSES: [&str; 3] = ["witness-1", "witness-2", "witness-3"];

/// How long anything may take on a busy machine, in seconds.
const PATIENCE: u64 = 30;

/// How long the agent tries where it cannot succeed, and how much later it may end: one request's
/// end and the program's own.
const IN_VAIN: (u64, Duration) = (3, Duration::from_secs(12));

/// A program on a host. Dropping it kills the process.
struct Server {
    process: Child,
    /// What it says on standard error.
    said: PathBuf,
}

impl Server {
    /// Starts a program and waits until it listens.
    #[track_caller]
    fn start(command: &mut Command, said: PathBuf) -> Self {
        command.stdout(Stdio::piped()).stderr(File::create(&said).unwrap());
        let mut server = Self { process: command.spawn().unwrap(), said };
        let mut line = String::new();
        let stdout = server.process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on http://1"), "{line:?}");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(&self.said).unwrap_or_default();
            eprintln!("--- {}\n{said}", self.said.display());
        }
    }
}

/// All hosts with what runs on them. The fields are dropped in this order.
struct Site {
    servers: Vec<Server>,
    network: Network,
    folder: TempDir,
    /// The host where the machines are.
    factory: &'static str,
    /// Where the log listens on its own host.
    log: String,
}

impl Site {
    /// A factory, and a log that it reaches over the network.
    fn new(network: Network) -> Self {
        let log = network.address("log");
        Self::with_log(network, "factory", log)
    }

    fn with_log(network: Network, factory: &'static str, log: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Self { servers: Vec::new(), network, folder, factory, log };
        let keys = site.run("fiducial-log", &["init", "--data", "log", "--origin", ORIGIN]);
        let keys: Vec<&str> = keys.lines().collect();
        let mut policy: String = keys.iter().map(|key| format!("log {key}\n")).collect();
        let mut members = String::new();
        for host in WITNESSES {
            let name = format!("{host}.example/w");
            let url = format!("http://{}:7080", site.network.address(host));
            site.run("fiducial-witness", &["init", "--data", host, "--name", &name]);
            let add = ["log", "add", "--data", host];
            site.run("fiducial-witness", &[&add[..], &keys].concat());
            policy +=
                &site.run("fiducial-witness", &["key", "policy", "--data", host, "--url", &url]);
            members += &format!(" {name}");
        }
        policy += &format!("group witnesses 2{members}\nquorum witnesses\n");
        fs::write(site.path("policy"), policy).unwrap();
        let source = ["init", "--vault", "vault", "--source", "line-4.example/aoi-7"];
        let log = site.url_of_log();
        let log = ["--log", &log, "--policy", "policy"];
        let key = site.run("fiducial-agent", &[&source[..], &log].concat());
        fs::write(site.path("source.vkey"), key).unwrap();
        site.run("fiducial-log", &["source", "add", "source.vkey", "--data", "log"]);
        site.start();
        site
    }

    fn start(&mut self) {
        for host in WITNESSES {
            let address = self.network.address(host);
            self.serve(host, "fiducial-witness", &format!("{address}:7080"), &[]);
        }
        let more = ["--witness-policy", "policy", "--witness-seconds", "2"];
        let listen = format!("{}:7070", self.log);
        self.serve("log", "fiducial-log", &listen, &more);
    }

    fn url_of_log(&self) -> String {
        format!("http://{}:7070", self.log)
    }

    /// Serves the data folder of a host's name on that host.
    fn serve(&mut self, host: &str, name: &str, listen: &str, more: &[&str]) {
        let mut command = self.network.command(host, name, self.folder.path());
        command.args(["serve", "--data", host, "--listen", listen]).args(more);
        let said = self.path(&format!("{host}.stderr"));
        self.servers.push(Server::start(&mut command, said));
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
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert!(output.status.success(), "{name} {words:?}: {}", text(output.stderr));
        text(output.stdout)
    }

    /// Runs a program in the factory; its exit code and the object that it printed.
    #[track_caller]
    fn in_factory(&self, name: &str, words: &[&str]) -> (i32, Value) {
        let mut command = self.network.command(self.factory, name, self.folder.path());
        let output = command.args(words).arg("--json").output().unwrap();
        let object = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|why| panic!("{why}: {output:?}"));
        (output.status.code().expect("programs end by themselves"), object)
    }

    /// Lets the agent anchor what a machine has just written, or only what it has not finished.
    #[track_caller]
    fn anchor(&self, report: Option<&str>, seconds: u64) -> (i32, Value) {
        let seconds = seconds.to_string();
        let mut words =
            vec!["anchor", "--vault", "vault", "--out", "papers", "--timeout", &seconds];
        if let Some(report) = report {
            fs::write(self.path(report), format!("the machine's words in {report}")).unwrap();
            words.push(report);
        }
        self.in_factory("fiducial-agent", &words)
    }

    #[track_caller]
    fn anchored(&self, report: Option<&str>) {
        let (code, object) = self.anchor(report, PATIENCE);
        assert_eq!((code, &object["outcome"]), (0, &"anchored".into()), "{object}");
    }

    /// Tries to anchor and insists on "not yet", in time.
    #[track_caller]
    fn not_yet(&self, report: &str) -> String {
        let started = Instant::now();
        let (code, object) = self.anchor(Some(report), IN_VAIN.0);
        assert_eq!((code, &object["outcome"]), (2, &"could-not".into()), "{object}");
        assert!(started.elapsed() < Duration::from_secs(IN_VAIN.0) + IN_VAIN.1, "{object}");
        assert!(!self.path(&format!("papers/{report}.tlog-proof")).exists());
        object["error"].as_str().unwrap().to_owned()
    }

    /// Verifies a report by its papers, without any host; the names of those who cosigned.
    #[track_caller]
    fn verify(&self, report: &str) -> Vec<String> {
        let receipt = format!("papers/{report}.tlog-proof");
        let disclosure = format!("papers/{report}.disclosure.json");
        let words = ["verify", &receipt, "--file", report, "--disclosure", &disclosure];
        let keys = ["--policy", "policy", "--source-key", "source.vkey"];
        self.run("fiducial", &[&words[..], &keys].concat());
        let proof = Proof::parse(&fs::read(self.path(&receipt)).unwrap()).unwrap();
        let accepted = self.policy().check(proof.checkpoint()).unwrap();
        let mut names: Vec<String> =
            accepted.cosigners().iter().map(|one| one.key_name.to_string()).collect();
        names.sort();
        names.dedup();
        names
    }

    fn policy(&self) -> Policy {
        Policy::parse(&fs::read(self.path("policy")).unwrap()).unwrap()
    }

    /// The tree of a note in the log's data folder.
    fn tree(&self, file: &str) -> Tree {
        let note = Note::parse(&fs::read(self.path("log").join(file)).unwrap()).unwrap();
        Checkpoint::parse(note.text()).unwrap().tree()
    }

    #[track_caller]
    fn cable(&self, host: &str, up: bool) {
        if let Err(why) = self.network.link(host, up) {
            panic!("{host}: {why}");
        }
    }
}

/// Joins hosts, or says why that cannot be done here.
fn joined(hosts: &[&'static str]) -> Option<Network> {
    let why = match Network::new(hosts) {
        Ok(network) => return Some(network),
        Err(why) => why,
    };
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let is_root = rustix::process::geteuid().is_root();
    if ci && is_root && matches!(why, NoNetwork::Refused(_)) {
        panic!("this machine could run the test, but: {why}");
    }
    eprintln!("SKIPPED: several hosts need root and network namespaces: {why}");
    None
}

#[test]
fn a_factory_goes_on_with_one_witness_cut_off_and_waits_with_two() {
    let hosts = [&["factory", "log"][..], &WITNESSES].concat();
    let Some(network) = joined(&hosts) else { return };
    let site = Site::new(network);
    site.anchored(Some("report-1"));
    assert!(site.verify("report-1").len() >= 2);

    site.cable("witness-3", false);
    site.anchored(Some("report-2"));
    assert_eq!(site.verify("report-2"), ["witness-1.example/w", "witness-2.example/w"]);

    // Without a quorum: the statement is in the log and in the vault, and nobody is shown a tree.
    site.cable("witness-2", false);
    let before = site.tree("checkpoint");
    let error = site.not_yet("report-3");
    assert!(error.contains("statement 2 is not anchored within 3 s"), "{error}");
    assert_eq!(site.tree("checkpoint"), before);
    assert_eq!(site.tree("signed-head").size(), before.size() + 1);

    // One cable is enough; the agent goes on with the same bytes, without naming the file again.
    site.cable("witness-2", true);
    site.anchored(None);
    assert_eq!(site.verify("report-3"), ["witness-1.example/w", "witness-2.example/w"]);

    // The factory's own cable: stated and kept, and anchored when it is back.
    site.cable("factory", false);
    let error = site.not_yet("report-4");
    assert!(error.contains("statement 3"), "{error}");
    assert_eq!(site.tree("signed-head").size(), before.size() + 1);
    site.cable("factory", true);
    site.cable("witness-3", true);
    site.anchored(Some("report-5"));
    for report in ["report-1", "report-2", "report-3", "report-4", "report-5"] {
        assert!(site.verify(report).len() >= 2);
    }
    all_agree(&site);
}

#[test]
fn a_site_that_nobody_can_connect_to_is_witnessed() {
    let hosts = [&["log"][..], &WITNESSES].concat();
    let Some(network) = joined(&hosts) else { return };
    // The log listens inside its own host alone; all that leaves it are its questions to witnesses.
    let outside = format!("http://{}:7070", network.address("log"));
    let mut site = Site::with_log(network, "log", "127.0.0.1".to_string());
    site.anchored(Some("report-1"));
    assert!(site.verify("report-1").len() >= 2);
    all_agree(&site);

    site.factory = "witness-1";
    let words = ["watch", "--log", &outside, "--policy", "policy", "--state", "other", "--once"];
    let (code, object) = site.in_factory("fiducial", &words);
    assert_eq!(code, 2, "the log is reached from outside: {object}");
}

/// Waits until a watcher in the factory reaches everybody, and all tell one history.
fn all_agree(site: &Site) {
    let log = site.url_of_log();
    let words = ["watch", "--log", &log, "--policy", "policy", "--state", "state", "--once"];
    let started = Instant::now();
    loop {
        let (code, object) = site.in_factory("fiducial", &words);
        // A witness that was cut off is asked again within some seconds; until then it is behind.
        let facts = object["facts"].to_string();
        let witnesses =
            WITNESSES.iter().filter(|host| facts.contains(&format!("{host}.example/w")));
        if code == 0 && witnesses.count() == WITNESSES.len() {
            return;
        }
        assert_ne!(code, 1, "{object}");
        assert!(started.elapsed() < Duration::from_secs(PATIENCE), "{object}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn nothing_stays_behind_even_after_a_panic() {
    let Some(network) = joined(&["alone"]) else { return };
    let prefix = network.prefix().to_owned();
    assert_eq!(namespaces(&prefix), 2, "the bridge's and the host's");
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let _network = network;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(namespaces(&prefix), 0);
}

/// How many namespaces of this machine have names that begin so.
fn namespaces(prefix: &str) -> usize {
    let listed = Command::new("ip").args(["netns", "list"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().filter(|line| line.starts_with(prefix)).count()
}
