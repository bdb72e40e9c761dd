//! The witness under load: `add-checkpoint` over a thousand logs, durable before each answer.
//!
//! The requests are signed beforehand. Each log grows by one entry a request, so every request
//! carries a consistency proof, and each log's requests go over one connection, since they must
//! arrive in their order. One answer of some is checked as a log would check it.

use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use hdrhistogram::Histogram;
use hyper::{StatusCode, Uri};
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature;
use spec::hash::{leaf_hash, node_hash};
use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use spec::note::Note;
use spec::tree::{Node, Plan, Tree, plan_consistency, plan_root};
use spec::witness::{ADD_CHECKPOINT_PATH, AddCheckpoint, parse_answer};
use tokio::task::JoinSet;

use super::machine::Machine;
use super::process::{Server, new_witness, run};
use super::table::Row;
use super::{BenchError, Scale};
use crate::load::client::Connection;

/// The logs of a large network.
const LOGS: usize = 1000;

/// The size at which the witness meets each of them, so that proofs are as long as a real log's.
const BASE_SIZE: u64 = 100_000;

/// How many of them ask at once.
const CONNECTIONS: usize = 64;

/// One answer in so many is checked.
const SAMPLE: usize = 64;

/// The witness's name.
const NAME: &str = "witness.example/bench";

/// What is asked of it, Ed25519 alone.
const WANTED_RATE: f64 = 5000.0;

/// Signs all requests and sends them to two witnesses: one with an Ed25519 key, one with both.
pub async fn rows(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let steps = (scale.statements / LOGS).clamp(2, 40);
    let heads = heads(steps);
    let logs: Vec<SignedLog> = (0..LOGS).map(|number| SignedLog::new(number, &heads)).collect();
    let mut rows = Vec::new();
    for (what, flags, wanted) in [
        ("witness: add-checkpoint/s, 1,000 logs, Ed25519", &["--no-ml-dsa"][..], true),
        ("witness: the same with Ed25519 and ML-DSA-44", &[], false),
    ] {
        let folder = scale.folder.join(if wanted { "witness-ed25519" } else { "witness-both" });
        let keys = witness_of(&folder, flags, &logs)?;
        let data = folder.display().to_string();
        let witness = Server::start("fiducial-witness", &["serve", "--data", &data]).await?;
        let before = machine.verifications_now();
        let (latency, seconds) = send_all(&witness, &logs, &keys).await?;
        let beside = f64::midpoint(before, machine.verifications_now());
        let memory = super::megabytes(witness.peak_memory()?);
        witness.stop().await?;
        let rate = latency.len() as f64 / seconds;
        let ms = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
        let ours =
            format!("{rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {memory:.0} MB", ms(0.5), ms(0.99));
        let theirs = format!("Ed25519 on {} cores: {beside:.0}/s", machine.cores);
        let row = Row::new(what, ours, theirs).ratio(rate / beside);
        rows.push(if wanted { row.asked("5,000/s", rate >= WANTED_RATE) } else { row });
    }
    Ok(rows)
}

/// The heads that every log goes through, each with the proof from the one before it.
fn heads(steps: usize) -> Vec<(Tree, Vec<Hash>)> {
    let levels = levels(BASE_SIZE + steps as u64);
    let hashes = |plan: &Plan| -> Vec<Hash> {
        let node = |node: &Node| levels[usize::from(node.level)][node.index as usize];
        plan.fold(&plan.nodes().iter().map(node).collect::<Vec<_>>())
    };
    let head = |step| {
        let size = BASE_SIZE + step as u64;
        let tree = Tree::new(size, hashes(&plan_root(size))[0]).expect("the tree is not empty");
        let proof = match step {
            0 => Vec::new(),
            _ => hashes(&plan_consistency(size - 1, size).expect("the log grows")),
        };
        (tree, proof)
    };
    (0..steps).map(head).collect()
}

/// Every complete node over so many leaves, level by level.
fn levels(size: u64) -> Vec<Vec<Hash>> {
    let mut levels = vec![(0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()];
    loop {
        let below: &Vec<Hash> = levels.last().expect("the leaves are there");
        if below.len() < 2 {
            return levels;
        }
        levels.push(below.chunks_exact(2).map(|pair| node_hash(pair[0], pair[1])).collect());
    }
}

/// A log that is nothing but its signed requests.
struct SignedLog {
    key: VerifierKey,
    /// Each request with the checkpoint that it asks to cosign.
    requests: Vec<(Bytes, Checkpoint)>,
}

impl SignedLog {
    fn new(number: usize, heads: &[(Tree, Vec<Hash>)]) -> Self {
        let name = format!("log-{number}.example/bench");
        let seed = *Hash::of(name.as_bytes()).as_bytes();
        let origin = Origin::parse(&name).expect("the name is an origin");
        let name = KeyName::parse(&name).expect("the name is a key name");
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed)
            .expect("an Ed25519 key has such a seed");
        let request = |(tree, proof): &(Tree, Vec<Hash>)| {
            let checkpoint = Checkpoint::new(origin.clone(), *tree);
            let text = checkpoint.to_string();
            let signature = key.sign_note(&text);
            // The first request has no proof: it is the witness's first contact with the log.
            let old = if proof.is_empty() { 0 } else { tree.size() - 1 };
            let request = AddCheckpoint::new(old, proof.clone(), Note::new(text, vec![signature]));
            (request.expect("a proof fits").to_bytes().into(), checkpoint)
        };
        Self { key: key.verifier().clone(), requests: heads.iter().map(request).collect() }
    }
}

/// A fresh witness that knows the logs; its keys.
fn witness_of(
    folder: &Path,
    flags: &[&str],
    logs: &[SignedLog],
) -> Result<Vec<VerifierKey>, BenchError> {
    let keys = new_witness(folder, NAME, flags)?;
    let entry = |log: &SignedLog| format!("vkey {}\nqpd {}\ncontact nobody\n", log.key, i32::MAX);
    let list: String = logs.iter().map(entry).collect();
    let data = folder.display().to_string();
    let path = format!("{data}.logs");
    std::fs::write(&path, format!("logs/v0\n\n{list}"))?;
    run("fiducial-witness", &["log", "add", &path, "--data", &data])?;
    Ok(keys)
}

/// Sends every log's requests; the latencies in microseconds, and the seconds it took in all.
async fn send_all(
    witness: &Server,
    logs: &[SignedLog],
    keys: &[VerifierKey],
) -> Result<(Histogram<u64>, f64), BenchError> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for first in 0..CONNECTIONS {
        let own = in_turns(logs.iter().skip(first).step_by(CONNECTIONS));
        let (address, keys) = (witness.address, keys.to_vec());
        tasks.spawn(async move { send(Connection::open(address).await?, own, &keys).await });
    }
    let mut all = latencies();
    while let Some(done) = tasks.join_next().await {
        let own = done.expect("sending does not panic")?;
        all.add(own).expect("both histograms have the same bounds");
    }
    Ok((all, started.elapsed().as_secs_f64()))
}

/// The requests of some logs: the first of each, then the second of each, and so on.
fn in_turns<'a>(logs: impl Iterator<Item = &'a SignedLog> + Clone) -> Vec<(Bytes, Checkpoint)> {
    let steps = logs.clone().map(|log| log.requests.len()).max().unwrap_or(0);
    (0..steps).flat_map(|step| logs.clone().map(move |log| log.requests[step].clone())).collect()
}

async fn send(
    mut connection: Connection,
    requests: Vec<(Bytes, Checkpoint)>,
    keys: &[VerifierKey],
) -> Result<Histogram<u64>, BenchError> {
    let uri = Uri::from_static(ADD_CHECKPOINT_PATH);
    let mut latency = latencies();
    for (count, (body, checkpoint)) in requests.into_iter().enumerate() {
        let sent = Instant::now();
        let answer = connection.post(&uri, body).await?;
        latency.saturating_record(sent.elapsed().as_micros() as u64);
        if answer.status != StatusCode::OK {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(BenchError::Broken(format!("the witness: {} {said}", answer.status)));
        }
        if count % SAMPLE == 0 {
            check(&answer.body, &checkpoint, keys)?;
        }
    }
    Ok(latency)
}

/// An answer must hold a line of each of the witness's keys, over this checkpoint.
fn check(answer: &[u8], checkpoint: &Checkpoint, keys: &[VerifierKey]) -> Result<(), BenchError> {
    let broken = |why: String| BenchError::Broken(format!("the witness's answer: {why}"));
    let lines = parse_answer(answer).map_err(|why| broken(why.to_string()))?;
    for key in keys {
        cosignature::verify(&lines, checkpoint, key).map_err(|why| broken(why.to_string()))?;
    }
    Ok(())
}

/// One microsecond to a minute, three digits.
pub(super) fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are valid")
}
