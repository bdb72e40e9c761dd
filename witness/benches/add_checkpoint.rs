//! `add-checkpoint` under load: 1,000 logs, each growing as fast as it is answered.
//!
//! `cargo bench -p witness` starts the real program and drives it over loopback from the same
//! machine. Every answer is parsed and each tenth is verified, all with the witness's own keys; the
//! first that is wrong ends the run. Requests are made beforehand, so that the log's own signing
//! is not measured: what the generator costs is sockets and parsing.
//!
//! Options behind `--`: `--seconds N`, `--logs N`, `--connections N`, `--ml-dsa` for both algorithms.

#![allow(missing_docs, reason = "a program, not an interface")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature;
use spec::hash::{leaf_hash, node_hash};
use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use spec::note::Note;
use spec::tree::{Tree, plan_consistency, plan_root};
use spec::witness::{AddCheckpoint, parse_answer};
use witness::init::init;
use witness::settings::Settings;

/// The size that every log starts from, so that proofs have the length of a real log's.
const BASE_SIZE: u64 = 100_000;

/// How many requests a second are made beforehand; who is faster ends the run early.
const MOST_A_SECOND: u64 = 14_000;

fn main() {
    let option = |name: &str, default: u64| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
        arguments.next().map_or(default, |value| value.parse().expect("a number"))
    };
    let (seconds, logs) = (option("--seconds", 10), option("--logs", 1_000));
    let connections = option("--connections", 64).min(logs);
    let ml_dsa = std::env::args().any(|argument| argument == "--ml-dsa");

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("witness");
    let mut algorithms = vec![Algorithm::CosignatureEd25519];
    if ml_dsa {
        algorithms.push(Algorithm::CosignatureMlDsa44);
    }
    let keys = init(&data, "witness.example/bench", None, &algorithms).expect("a witness");
    println!("device sync p50 {:?}", device_sync(folder.path()));

    let steps = seconds * MOST_A_SECOND / logs + 2;
    let load = make_load(logs, steps);
    list_logs(&data, &load);
    let mut server = serve(&data);
    let outcomes = drive(&load, &server, &keys, connections as usize, seconds);
    report(&outcomes, ml_dsa, logs, connections, &server);
    let _ = server.child.kill();
    let _ = server.child.wait();
}

/// One log and the requests that it will make, one after the other.
struct Load {
    key: SigningKey,
    requests: Vec<(Checkpoint, Vec<u8>)>,
}

fn make_load(logs: u64, steps: u64) -> Vec<Load> {
    let levels = levels(BASE_SIZE + steps);
    let hashes = |nodes: &[spec::tree::Node]| -> Vec<Hash> {
        nodes.iter().map(|node| levels[usize::from(node.level)][node.index as usize]).collect()
    };
    let heads: Vec<(Tree, Vec<Hash>)> = (0..steps)
        .map(|step| {
            let size = BASE_SIZE + step;
            let root = plan_root(size);
            let root = root.fold(&hashes(root.nodes()))[0];
            let tree = Tree::new(size, root).expect("not empty");
            if step == 0 {
                return (tree, Vec::new());
            }
            let plan = plan_consistency(size - 1, size).expect("it grows");
            (tree, plan.fold(&hashes(plan.nodes())))
        })
        .collect();
    let make = |number: u64| {
        let name = format!("log-{number}.example/bench");
        let seed = *Hash::of(name.as_bytes()).as_bytes();
        let key_name = KeyName::parse(&name).expect("a name");
        let key = SigningKey::from_seed(key_name, Algorithm::NoteEd25519, &seed).expect("a key");
        let requests = heads.iter().enumerate().map(|(step, (tree, proof))| {
            let origin = Origin::parse(&name).expect("an origin");
            let checkpoint = Checkpoint::new(origin, *tree);
            let text = checkpoint.to_string();
            let note = Note::new(text.clone(), vec![key.sign_note(&text)]);
            let old = if step == 0 { 0 } else { tree.size() - 1 };
            let request = AddCheckpoint::new(old, proof.clone(), note).expect("a request");
            (checkpoint, request.to_bytes())
        });
        let requests = requests.collect();
        Load { key, requests }
    };
    let (first, second) = (0..logs / 2, logs / 2..logs);
    thread::scope(|scope| {
        let half = scope.spawn(|| first.map(make).collect::<Vec<_>>());
        let rest: Vec<Load> = second.map(make).collect();
        half.join().expect("no panic").into_iter().chain(rest).collect()
    })
}

/// Every complete node over so many leaves, level by level.
fn levels(size: u64) -> Vec<Vec<Hash>> {
    let mut levels = vec![(0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()];
    loop {
        let below: &Vec<Hash> = levels.last().expect("the leaves");
        if below.len() < 2 {
            return levels;
        }
        levels.push(below.chunks_exact(2).map(|pair| node_hash(pair[0], pair[1])).collect());
    }
}

fn list_logs(data: &Path, load: &[Load]) {
    let settings = Settings::load(data).expect("settings");
    let mut text = String::new();
    for log in load {
        let key = log.key.verifier();
        text.push_str(&format!("[[log]]\norigin = \"{}\"\nkeys = [\"{key}\"]\n", key.name()));
    }
    std::fs::write(settings.logs(), text).expect("logs.toml");
}

struct Server {
    child: Child,
    address: SocketAddr,
}

fn serve(data: &Path) -> Server {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fiducial-witness"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut line = String::new();
    let out = child.stdout.take().expect("it is piped");
    BufReader::new(out).read_line(&mut line).expect("its address");
    let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
    Server { child, address: address.expect("an address") }
}

/// What one connection saw.
struct Outcome {
    latencies: Histogram<u64>,
    answered: u64,
    time: Duration,
}

fn drive(
    load: &[Load],
    server: &Server,
    keys: &[VerifierKey],
    connections: usize,
    seconds: u64,
) -> Vec<Outcome> {
    // First contact is not measured: it is made once in the life of a log.
    let start =
        Instant::now() + Duration::from_millis(500) + Duration::from_millis(load.len() as u64);
    let end = start + Duration::from_secs(seconds);
    thread::scope(|scope| {
        let running: Vec<_> = load
            .chunks(load.len().div_ceil(connections))
            .map(|mine| scope.spawn(move || run(mine, server.address, keys, start, end)))
            .collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn run(
    mine: &[Load],
    address: SocketAddr,
    keys: &[VerifierKey],
    start: Instant,
    end: Instant,
) -> Outcome {
    let mut client = Client::connect(address);
    for log in mine {
        check(&client.post(&log.requests[0].1), &log.requests[0].0, keys);
    }
    thread::sleep(start.saturating_duration_since(Instant::now()));
    let mut latencies = Histogram::new(3).expect("three digits");
    let mut answered = 0;
    'all: for step in 1..mine[0].requests.len() {
        for log in mine {
            let (checkpoint, request) = &log.requests[step];
            let sent = Instant::now();
            if sent >= end {
                break 'all;
            }
            let lines = client.post(request);
            latencies.record(sent.elapsed().as_micros() as u64).expect("it fits");
            answered += 1;
            if answered % 10 == 0 {
                check(&lines, checkpoint, keys);
            } else {
                assert_eq!(parse_answer(&lines).expect("lines").len(), keys.len());
            }
        }
    }
    Outcome { latencies, answered, time: start.elapsed() }
}

fn check(answer: &[u8], checkpoint: &Checkpoint, keys: &[VerifierKey]) {
    let lines = parse_answer(answer).expect("signature lines");
    for key in keys {
        cosignature::verify(&lines, checkpoint, key).expect("a valid cosignature");
    }
}

struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let reader = BufReader::new(stream.try_clone().expect("a handle"));
        Self { stream, reader }
    }

    fn post(&mut self, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head = "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: ";
        let mut request = format!("{head}{length}\r\n\r\n").into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request).expect("it is sent");
        let mut line = String::new();
        let (mut status, mut length) = (String::new(), 0);
        while self.reader.read_line(&mut line).expect("a line") > 2 {
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut answer = vec![0; length];
        self.reader.read_exact(&mut answer).expect("a body");
        assert!(status.contains(" 200 "), "{status}{}", String::from_utf8_lossy(&answer));
        answer
    }
}

fn report(outcomes: &[Outcome], ml_dsa: bool, logs: u64, connections: u64, server: &Server) {
    let mut all = Histogram::<u64>::new(3).expect("three digits");
    for outcome in outcomes {
        all.add(&outcome.latencies).expect("the same shape");
    }
    let answered: u64 = outcomes.iter().map(|outcome| outcome.answered).sum();
    let time = outcomes.iter().map(|outcome| outcome.time).max().expect("connections");
    let algorithms = if ml_dsa { "Ed25519 and ML-DSA-44" } else { "Ed25519" };
    println!("{algorithms}, {logs} logs, {connections} connections, {time:.1?}");
    println!("{:.0} add-checkpoint/s", answered as f64 / time.as_secs_f64());
    let micros = |part| Duration::from_micros(all.value_at_quantile(part));
    println!(
        "p50 {:?}, p90 {:?}, p99 {:?}, max {:?}",
        micros(0.5),
        micros(0.9),
        micros(0.99),
        micros(1.0)
    );
    println!("resident {}", resident(server.child.id()));
}

/// The witness's memory, as the kernel counts it.
fn resident(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap_or("unknown").trim().to_owned()
}

/// How long the device takes to make one page durable, in place.
fn device_sync(folder: &Path) -> Duration {
    let file = File::create(folder.join("sync")).expect("a file");
    file.write_all_at(&[0; 4096], 0).and_then(|()| file.sync_all()).expect("it is written");
    let mut times: Vec<Duration> = (0..101_u8)
        .map(|value| {
            let start = Instant::now();
            file.write_all_at(&[value; 4096], 0).and_then(|()| file.sync_data()).expect("a sync");
            start.elapsed()
        })
        .collect();
    times.sort();
    times[50]
}
