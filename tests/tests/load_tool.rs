//! The load tool finds every lie a log can tell it.
//!
//! A small log in memory answers honestly or, told to, breaks one promise. What the tool does with
//! the real log is in the end-to-end tests; here it is the tool that is tested.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::tile::{TILE_WIDTH, Tile, TileKind, format_hashes, push_entry};
use spec::tree::{Tree, root_of_leaves};
use tests::load::{Load, LoadError, Outcome, run};

/// The promise that a log breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    AltersAnEntry,
    AnswersWithALineBreak,
    ForksItsCheckpoint,
    GivesAnIndexTwice,
    ServesAWrongTile,
    ShowsASmallerTree,
    SignsWithAnotherKey,
}

struct Log {
    lie: Lie,
    key: SigningKey,
    entries: Mutex<Vec<Bytes>>,
    /// The largest size shown in a checkpoint so far.
    shown: Mutex<u64>,
}

fn key(seed: u8) -> SigningKey {
    let name = KeyName::parse("log.example/small").expect("a key name");
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).expect("a seed")
}

impl Log {
    fn add(&self, entry: Bytes) -> String {
        let mut entries = self.entries.lock().expect("no handler panics");
        let index = entries.len() as u64;
        entries.push(entry);
        match self.lie {
            Lie::AnswersWithALineBreak => format!("{index}\n"),
            Lie::GivesAnIndexTwice if index == 7 => "6".to_string(),
            _ => index.to_string(),
        }
    }

    fn checkpoint(&self) -> Vec<u8> {
        let leaves = self.leaves();
        let mut shown = self.shown.lock().expect("no handler panics");
        let (mut size, mut root) = (leaves.len() as u64, root_of_leaves(&leaves));
        let grew = *shown > 0 && size > *shown;
        if self.lie == Lie::ForksItsCheckpoint && grew {
            root = Hash::of(b"another history");
        }
        if self.lie == Lie::ShowsASmallerTree && grew {
            size = *shown - 1;
            root = root_of_leaves(&leaves[..size as usize]);
        }
        *shown = size;
        let tree = Tree::new(size, root).expect("size and root fit");
        let origin = Origin::parse("log.example/small").expect("an origin");
        let text = Checkpoint::new(origin, tree).to_string();
        let other = key(2);
        let key = if self.lie == Lie::SignsWithAnotherKey { &other } else { &self.key };
        Note::new(text.clone(), vec![key.sign_note(&text)]).to_bytes()
    }

    fn tile(&self, tile: Tile) -> Option<Vec<u8>> {
        let start = (tile.index() * TILE_WIDTH) as usize;
        let range = start..start + usize::from(tile.width());
        if tile.kind() == TileKind::Entries {
            let entries = self.entries.lock().expect("no handler panics");
            let mut bundle = Vec::new();
            for (offset, entry) in entries.get(range)?.iter().enumerate() {
                let altered = self.lie == Lie::AltersAnEntry && offset == 5;
                push_entry(&mut bundle, if altered { b"something else" } else { entry });
            }
            return Some(bundle);
        }
        let TileKind::Hashes(level) = tile.kind() else { return None };
        let mut hashes = self.leaves();
        for _ in 0..level {
            hashes = hashes.chunks_exact(TILE_WIDTH as usize).map(root_of_leaves).collect();
        }
        let mut hashes = hashes.get(range)?.to_vec();
        if self.lie == Lie::ServesAWrongTile {
            hashes[0] = Hash::ZERO;
        }
        Some(format_hashes(&hashes))
    }

    fn leaves(&self) -> Vec<Hash> {
        let entries = self.entries.lock().expect("no handler panics");
        entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().trim_start_matches('/').to_string();
        let body = match (request.method(), path.as_str()) {
            (&Method::POST, "add") => {
                let entry =
                    request.into_body().collect().await.expect("the tool sends whole bodies");
                Some(self.add(entry.to_bytes()).into_bytes())
            }
            (_, "checkpoint") => Some(self.checkpoint()),
            (_, path) => Tile::parse(path).and_then(|tile| self.tile(tile)),
        };
        let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let mut response = Response::new(Full::new(body.unwrap_or_default().into()));
        *response.status_mut() = status;
        response
    }
}

/// Starts a log that tells `lie`, inside this test's runtime.
async fn start(lie: Lie) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    let log = Log { lie, key: key(1), entries: Mutex::default(), shown: Mutex::default() };
    let log = Arc::new(log);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            let answer = service_fn(move |request| {
                let log = Arc::clone(&log);
                async move { Ok::<_, Infallible>(log.answer(request).await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

/// Runs a short load against a log that tells `lie`.
fn load_against(lie: Lie) -> Result<Outcome, LoadError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let load = Load {
            address: start(lie).await,
            connections: 4,
            // Long enough for several checkpoints to be polled while it runs.
            duration: Duration::from_secs(1),
            requests: None,
            entry_size: 64,
            rate: Some(1000.0),
            log_key: Some(key(1).verifier().clone()),
            prove_all: true,
        };
        run(&load).await
    })
}

/// The tool found something that says `words`, or refused to go on because of it.
fn is_found(lie: Lie, words: &str) {
    let said = match load_against(lie) {
        Ok(outcome) => outcome.findings().join("\n"),
        Err(why) => why.to_string(),
    };
    assert!(said.contains(words), "{lie:?}: {said:?}");
}

#[test]
fn an_honest_log_passes_and_all_of_it_was_checked() {
    let outcome = load_against(Lie::None).unwrap();
    assert_eq!(outcome.findings(), Vec::<&str>::new());
    let acknowledged = outcome.driven.acknowledged.len() as u64;
    assert!(acknowledged > 256, "the run was too short to fill a tile: {acknowledged}");
    assert_eq!(outcome.reckoning.readable, acknowledged);
    assert_eq!(outcome.reckoning.included, acknowledged);
    assert_eq!(outcome.watched.consistent + 1, outcome.watched.checkpoints);
    assert!(outcome.watched.checkpoints > 1);
}

#[test]
fn an_altered_entry_is_found() {
    is_found(Lie::AltersAnEntry, "does not hold the entry given");
}

#[test]
fn an_answer_with_a_line_break_is_found() {
    is_found(Lie::AnswersWithALineBreak, "were not bare digits");
}

#[test]
fn a_forked_checkpoint_is_found() {
    is_found(Lie::ForksItsCheckpoint, "are not of one log");
}

#[test]
fn an_index_given_twice_is_found() {
    is_found(Lie::GivesAnIndexTwice, "index 6 was given twice");
}

#[test]
fn a_wrong_tile_is_found() {
    is_found(Lie::ServesAWrongTile, "is not in the tree");
}

#[test]
fn a_smaller_tree_is_found() {
    is_found(Lie::ShowsASmallerTree, "the checkpoint went from size");
}

#[test]
fn a_checkpoint_by_another_key_is_refused() {
    is_found(Lie::SignsWithAnotherKey, "no signature by the key");
}
