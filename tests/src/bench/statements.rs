//! Statements of many sources, every signature and chain checked, beside bare verification.

use std::path::Path;

use bytes::Bytes;
use hyper::{StatusCode, Uri};
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::{After, Draft};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use tokio::task::JoinSet;

use super::batches::{Batch, batch, send};
use super::machine::Machine;
use super::process::{Server, new_log, run};
use super::table::Row;
use super::{BenchError, ORIGIN, Scale};
use crate::load::client::Connection;

/// How many sources take turns: the lines of a large campus.
const SOURCES: usize = 64;

/// Statements in one request to `/add-batch`.
const BATCH: usize = 64;

/// Connections that send batches, as gateways do that collect for some sources each: with one the
/// log would wait for its only client after every batch.
const GATEWAYS: usize = 8;

/// A source and the statements it has signed, in their order.
struct Source {
    key: SigningKey,
    statements: Vec<Bytes>,
}

/// Admits the same number of statements through both requests, on a log each.
pub async fn rows(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let sources = sign(scale.statements / SOURCES)?;
    let count: usize = sources.iter().map(|source| source.statements.len()).sum();
    let mut rows = Vec::new();

    let mut beside = vec![machine.verifications_now()];
    let log = start(&scale.folder.join("statements-batch"), &sources).await?;
    let took = add_batches(&log, &sources).await?;
    log.stop().await?;
    beside.push(machine.verifications_now());
    let rate = count as f64 / took;
    rows.push(row("statements admitted through /add-batch", rate, &beside, machine));

    let log = start(&scale.folder.join("statements-add"), &sources).await?;
    let took = add_singly(&log, sources).await?;
    log.stop().await?;
    let beside = [beside[1], machine.verifications_now()];
    let rate = count as f64 / took;
    rows.push(row("statements admitted through single /add", rate, &beside, machine));
    Ok(rows)
}

/// How many statements a second a fresh log admits through `/add-batch`, with nobody else at work.
pub(super) async fn rate(scale: &Scale, folder: &Path) -> Result<f64, BenchError> {
    let sources = sign(scale.statements / SOURCES)?;
    let count: usize = sources.iter().map(|source| source.statements.len()).sum();
    let log = start(folder, &sources).await?;
    let took = add_batches(&log, &sources).await?;
    log.stop().await?;
    Ok(count as f64 / took)
}

/// `beside` is what the machine verified per second before and after.
fn row(what: &str, rate: f64, beside: &[f64], machine: &Machine) -> Row {
    let verifications = beside.iter().sum::<f64>() / beside.len() as f64;
    let ratio = rate / verifications;
    let theirs = format!("Ed25519 on {} cores: {verifications:.0}/s", machine.cores);
    Row::new(what, format!("{rate:.0}/s"), theirs).ratio(ratio).asked("0.8 x", ratio >= 0.8)
}

/// Signs `each` statements a source, chained.
fn sign(each: usize) -> Result<Vec<Source>, BenchError> {
    let source = |number: usize| {
        let name = KeyName::parse(&format!("source-{number}")).expect("a plain key name");
        let mut seed = [0x5e; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed)
            .expect("32 bytes are a seed");
        let statements = chain(&key, each).into_iter().map(Bytes::from).collect();
        Source { key, statements }
    };
    if each == 0 {
        return Err(BenchError::Program(format!("at least {SOURCES} statements are needed")));
    }
    Ok((0..SOURCES).map(source).collect())
}

/// The first `count` statements of a source, about batches that nobody opens.
pub(crate) fn chain(source: &SigningKey, count: usize) -> Vec<Vec<u8>> {
    let origin = Origin::parse(ORIGIN).expect("a plain name is an origin");
    let name = source.verifier().name();
    let (mut previous, mut statements) = (Hash::ZERO, Vec::with_capacity(count));
    for sequence in 0..count as u64 {
        let batch = Hash::of_parts(&[name.as_str().as_bytes(), &sequence.to_be_bytes()]);
        let (origin, after) = (origin.clone(), After::NOTHING);
        let draft = Draft::new(origin, name.clone(), sequence, previous, after, batch)
            .expect("the chain starts at zero and goes on");
        let bytes = draft.sign(source).expect("the source's own key").to_bytes();
        previous = leaf_hash(&bytes);
        statements.push(bytes);
    }
    statements
}

/// A fresh log that knows all sources, serving.
async fn start(folder: &Path, sources: &[Source]) -> Result<Server, BenchError> {
    new_log(folder, "statements")?;
    let data = folder.display().to_string();
    for source in sources {
        let key = source.key.verifier().to_string();
        run("fiducial-log", &["source", "add", "--data", &data, &key])?;
    }
    Server::start("fiducial-log", &["serve", "--data", &data]).await
}

/// Each gateway sends the batches of its own sources, one after the other: a source's statements
/// must arrive in their order.
async fn add_batches(log: &Server, sources: &[Source]) -> Result<f64, BenchError> {
    let gateways: Vec<Vec<Batch>> = sources.chunks(SOURCES / GATEWAYS).map(batches).collect();
    let started = std::time::Instant::now();
    let mut senders = JoinSet::new();
    for batches in gateways {
        let (address, mut batches) = (log.address, batches.into_iter());
        senders.spawn(async move { send(address, 1, move || batches.next()).await });
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("a sender does not panic")?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Turns of some sources, the next statement of each, cut into requests.
fn batches(sources: &[Source]) -> Vec<Batch> {
    let turns = sources[0].statements.len();
    let turn = |at: usize| sources.iter().map(move |source| &source.statements[at][..]);
    let all = (0..turns).flat_map(turn).collect::<Vec<_>>();
    all.chunks(BATCH).map(|chunk| batch(chunk.iter().copied())).collect()
}

/// Each source sends its own statements over its own connection, one after the other.
async fn add_singly(log: &Server, sources: Vec<Source>) -> Result<f64, BenchError> {
    let mut connections = Vec::with_capacity(sources.len());
    for _ in &sources {
        connections.push(Connection::open(log.address).await?);
    }
    let started = std::time::Instant::now();
    let mut senders = JoinSet::new();
    for (mut connection, source) in connections.into_iter().zip(sources) {
        senders.spawn(async move {
            let uri = Uri::from_static("/add");
            for statement in source.statements {
                let answer = connection.post(&uri, statement).await?;
                if answer.status != StatusCode::OK {
                    let said = String::from_utf8_lossy(&answer.body).into_owned();
                    return Err(BenchError::Broken(format!("/add: {}: {said}", answer.status)));
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("a sender does not panic")?;
    }
    Ok(started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::evidence::statement::Statement;

    #[test]
    fn signed_chains_are_chains() {
        for source in sign(3).unwrap() {
            let mut previous = Hash::ZERO;
            for (sequence, bytes) in source.statements.iter().enumerate() {
                let statement = Statement::parse(bytes).unwrap();
                let verified = statement.verify(source.key.verifier()).unwrap();
                assert_eq!(verified.sequence(), sequence as u64);
                assert_eq!(verified.previous(), previous);
                previous = leaf_hash(bytes);
            }
        }
        assert!(sign(0).is_err());
    }

    #[test]
    fn a_gateway_sends_all_statements_of_its_sources() {
        let batches = batches(&sign(20).unwrap()[..8]);
        assert_eq!(batches.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [64, 64, 32]);
    }
}
