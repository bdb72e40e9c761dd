//! Every vector of the C2SP formats, judged by `spec`.
//!
//! The files were written by `spec/vectors/generate/generate.py` and others beside it, which
//! share no code with this crate. A file is `name: value` lines, an empty line, and the bytes under test. `expect` is `ok`,
//! `refused`, or the error's variants from the outermost in.
//!
//! A folder that no test here knows, and one without a file, fails: a vector that nobody reads
//! proves nothing. The evidence formats have their own runner, `vectors_evidence.rs`, and so have
//! witnesses: `fiducial-kit` in `tests/`.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use spec::Hash;
use spec::bundle::Bundle;
use spec::checkpoint::Checkpoint;
use spec::cosignature;
use spec::encoding::{decode_base64, decode_hash};
use spec::evidence::enrolment::Enrolment;
use spec::evidence::pins::Pins;
use spec::hash::leaf_hash;
use spec::key::VerifierKey;
use spec::note::{Note, verify_ed25519};
use spec::policy::{AcceptedCheckpoint, Policy, PolicyFailure, PostQuantum};
use spec::proof::Proof;
use spec::split::Split;
use spec::succession::Succession;
use spec::tile::{Tile, TileKind, parse_entries, push_entry};
use spec::tree::{
    Tree, plan_consistency, plan_inclusion, root_of_leaves, verify_consistency, verify_inclusion,
};

/// The folders that hold vectors, those read here first.
const READ_HERE: [&str; 13] = [
    "bundle",
    "checkpoint",
    "cosignature",
    "enrolment",
    "key",
    "note",
    "pins",
    "policy",
    "proof",
    "split",
    "succession",
    "tile",
    "tree",
];
const READ_ELSEWHERE: [&str; 2] = ["evidence", "witness"];
const NO_VECTORS: [&str; 2] = ["README.md", "generate"];

/// One file.
struct Vector {
    path: String,
    head: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).unwrap();
        let split = bytes.windows(2).position(|two| two == b"\n\n");
        let split = split.unwrap_or_else(|| panic!("{shown} has no empty line"));
        let head = std::str::from_utf8(&bytes[..split]).unwrap().lines().map(|line| {
            let pair = line.split_once(": ").unwrap_or_else(|| panic!("{shown}: {line:?}"));
            (pair.0.to_string(), pair.1.to_string())
        });
        let vector = Self { head: head.collect(), body: bytes[split + 2..].to_vec(), path: shown };
        assert!(vector.has("comment"), "{} has no comment", vector.path);
        vector
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.head.iter().filter(|(have, _)| have == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    fn one(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [value] => value,
            _ => panic!("{}: `{name}` is not there exactly once", self.path),
        }
    }

    fn number(&self, name: &str) -> u64 {
        self.one(name).parse().unwrap()
    }

    fn hash(&self, name: &str) -> Hash {
        decode_hash(self.one(name)).unwrap()
    }

    fn hashes(&self) -> Vec<Hash> {
        self.all("hash").into_iter().map(|hash| decode_hash(hash).unwrap()).collect()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        decode_base64(self.one(name)).unwrap()
    }

    fn expect(&self, have: &str) {
        assert_eq!(have, self.one("expect"), "{}", self.path);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn vectors(group: &str) -> Vec<Vector> {
    let files = std::fs::read_dir(root().join(group)).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{group} holds no vector");
    paths.iter().map(|path| Vector::read(path)).collect()
}

/// The names of an error's variants, from the outermost in: `Key(Malformed)` is `Key Malformed`.
fn outcome<T, E: Debug>(result: &Result<T, E>) -> String {
    let Err(error) = result else { return "ok".to_string() };
    let debug = format!("{error:?}");
    // What follows the first brace or bracket is the content of a variant, not a variant; so is
    // what stands in a type of the library.
    let variants = debug.split(['{', '[']).next().unwrap_or_default().split('(');
    let names = variants.map(|part| part.trim().trim_end_matches(')'));
    let is_variant = |name: &&str| {
        name.starts_with(|letter: char| letter.is_ascii_uppercase())
            && !["PolicyName", "QuorumShort"].contains(name)
    };
    names.take_while(is_variant).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_folder_is_read_by_some_test() {
    let known = [&READ_HERE[..], &READ_ELSEWHERE, &NO_VECTORS].concat();
    for item in std::fs::read_dir(root()).unwrap() {
        let name = item.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name.as_str()), "no test reads spec/vectors/{name}");
    }
    for name in READ_HERE {
        assert!(!vectors(name).is_empty());
    }
}

#[test]
fn bundles() {
    for vector in vectors("bundle") {
        let parsed = Bundle::parse(&vector.body);
        // Where two faults of one kind are as good as each other, a vector names the kind alone.
        let (have, want) = (outcome(&parsed), vector.one("expect"));
        assert!(have == want || have.starts_with(&format!("{want} ")), "{}: {have}", vector.path);
        if let Ok(bundle) = parsed {
            assert_eq!(bundle.to_bytes(), vector.body, "{}", vector.path);
        }
    }
}

#[test]
fn pins() {
    for vector in vectors("pins") {
        let parsed = Pins::parse(&vector.body);
        vector.expect(&outcome(&parsed));
        if let Ok(pins) = parsed {
            let written = pins.to_string();
            assert_eq!(Pins::parse(written.as_bytes()).as_ref(), Ok(&pins), "{}", vector.path);
        }
    }
}

#[test]
fn enrolment_requests() {
    for vector in vectors("enrolment") {
        let parsed = Enrolment::parse(&vector.body);
        vector.expect(&outcome(&parsed));
        if let Ok(request) = parsed {
            assert_eq!(request.to_bytes(), vector.body, "{}", vector.path);
            let vouched = if request.is_vouched() { "yes" } else { "no" };
            assert_eq!(vouched, vector.one("vouched"), "{}", vector.path);
        }
    }
}

#[test]
fn successions() {
    for vector in vectors("succession") {
        let keys = |name: &str| -> Vec<VerifierKey> {
            vector.all(name).into_iter().map(|key| VerifierKey::parse(key).unwrap()).collect()
        };
        let parsed = Succession::parse(&vector.body);
        let Ok(succession) = parsed else {
            vector.expect(&outcome(&parsed));
            continue;
        };
        assert_eq!(succession.to_bytes(), vector.body, "{}", vector.path);
        vector.expect(&outcome(&succession.verify(&keys("key"))));
        let old = outcome(&succession.verify_old(&keys("old-key")));
        assert_eq!(old, vector.one("old"), "{}", vector.path);
    }
}

#[test]
fn keys() {
    for vector in vectors("key") {
        let parsed = VerifierKey::parse(vector.one("vkey"));
        vector.expect(&outcome(&parsed));
        if let Ok(key) = parsed {
            assert_eq!(key.to_string(), vector.one("vkey"));
        }
    }
}

#[test]
fn notes() {
    for vector in vectors("note") {
        let key = VerifierKey::parse(vector.one("key")).unwrap();
        let parsed = Note::parse(&vector.body);
        let mut have = outcome(&parsed);
        if let Ok(note) = parsed {
            assert_eq!(note.to_bytes(), vector.body, "{}", vector.path);
            have = outcome(&verify_ed25519(&note, &key));
        }
        vector.expect(&have);
    }
}

#[test]
fn checkpoints() {
    for vector in vectors("checkpoint") {
        let text = std::str::from_utf8(&vector.body).unwrap();
        let parsed = Checkpoint::parse(text);
        vector.expect(&outcome(&parsed));
        if let Ok(checkpoint) = parsed {
            assert_eq!(checkpoint.to_string(), text, "{}", vector.path);
        }
    }
}

#[test]
fn trees() {
    for vector in vectors("tree") {
        let have = if vector.has("leaf") {
            inclusion(&vector)
        } else if vector.has("old") {
            consistency(&vector)
        } else {
            let leaves: Vec<Hash> = entry_leaves(vector.number("size"));
            assert_eq!(root_of_leaves(&leaves), vector.hash("root"), "{}", vector.path);
            "ok".to_string()
        };
        vector.expect(&have);
    }
}

fn inclusion(vector: &Vector) -> String {
    let tree = Tree::new(vector.number("size"), vector.hash("root")).unwrap();
    let (index, proof) = (vector.number("index"), vector.hashes());
    let outcome = outcome(&verify_inclusion(vector.hash("leaf"), index, tree, &proof));
    if outcome == "ok" {
        // What the literal definition proves is also what the plan makes.
        let made = plan_inclusion(index, tree.size()).unwrap();
        assert_eq!(fold(&made, tree.size()), proof, "{}", vector.path);
    }
    outcome
}

fn consistency(vector: &Vector) -> String {
    let old = Tree::new(vector.number("old"), vector.hash("old-root")).unwrap();
    let new = Tree::new(vector.number("new"), vector.hash("new-root")).unwrap();
    let proof = vector.hashes();
    let outcome = outcome(&verify_consistency(old, new, &proof));
    if outcome == "ok" {
        let made = plan_consistency(old.size(), new.size()).unwrap();
        assert_eq!(fold(&made, new.size()), proof, "{}", vector.path);
    }
    outcome
}

fn entry_leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|at| leaf_hash(format!("entry {at}").as_bytes())).collect()
}

fn fold(plan: &spec::tree::Plan, size: u64) -> Vec<Hash> {
    let leaves = entry_leaves(size);
    let hash_of = |node: &spec::tree::Node| {
        let start = (node.index << node.level) as usize;
        root_of_leaves(&leaves[start..node.end() as usize])
    };
    plan.fold(&plan.nodes().iter().map(hash_of).collect::<Vec<_>>())
}

#[test]
fn tiles() {
    for vector in vectors("tile") {
        let path = vector.one("path");
        let parsed = Tile::parse(path);
        if vector.has("bundle") {
            vector.expect(if bundle(&vector, parsed.unwrap()) { "ok" } else { "refused" });
            continue;
        }
        vector.expect(if parsed.is_some() { "ok" } else { "refused" });
        if let Some(tile) = parsed {
            let kind = match vector.one("level") {
                "entries" => TileKind::Entries,
                level => TileKind::Hashes(level.parse().unwrap()),
            };
            let (index, width) = (vector.number("index"), vector.number("width") as u16);
            assert_eq!(Some(tile), Tile::new(kind, index, width), "{}", vector.path);
            assert_eq!(tile.to_string(), path);
        }
    }
}

/// Whether the bundle is read; if so it must hold the listed entries and be written the same.
fn bundle(vector: &Vector, tile: Tile) -> bool {
    let bytes = vector.bytes("bundle");
    let Some(entries) = parse_entries(tile, &bytes) else {
        return false;
    };
    let listed: Vec<Vec<u8>> =
        vector.all("entry").into_iter().map(|entry| decode_base64(entry).unwrap()).collect();
    assert_eq!(entries, listed, "{}", vector.path);
    let mut again = Vec::new();
    entries.iter().for_each(|entry| push_entry(&mut again, entry));
    assert_eq!(again, bytes);
    true
}

#[test]
fn cosignatures() {
    for vector in vectors("cosignature") {
        let key = VerifierKey::parse(vector.one("key")).unwrap();
        let note = Note::parse(&vector.body).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let verified = cosignature::verify(note.signatures(), &checkpoint, &key);
        vector.expect(&outcome(&verified));
        if let Ok(time) = verified {
            assert_eq!(time.as_seconds(), vector.number("time"), "{}", vector.path);
        }
    }
}

#[test]
fn policies() {
    for vector in vectors("policy") {
        let parsed = Policy::parse(&vector.body);
        match parsed {
            Err(error) => {
                vector.expect(&outcome::<(), _>(&Err(error.fault)));
                assert_eq!(error.line as u64, vector.number("line"), "{}", vector.path);
            }
            Ok(policy) if vector.has("note") => judge(&vector, &policy),
            Ok(_) => vector.expect("ok"),
        }
    }
}

fn judge(vector: &Vector, policy: &Policy) {
    let note = Note::parse(&vector.bytes("note")).unwrap();
    let checked = policy.check(&note);
    vector.expect(&outcome(&checked));
    match checked {
        Ok(accepted) => {
            assert_eq!(times(&accepted), vector.one("times"), "{}", vector.path);
            let post_quantum = match accepted.post_quantum() {
                PostQuantum::Accepted(_) => "Accepted",
                PostQuantum::LogSignature => "LogSignature",
                PostQuantum::Quorum(_) => "Quorum",
            };
            assert_eq!(post_quantum, vector.one("post-quantum"), "{}", vector.path);
        }
        Err(PolicyFailure::Quorum(short)) => {
            let missing: Vec<String> = short.missing.iter().map(ToString::to_string).collect();
            assert_eq!(missing, vector.all("missing"), "{}", vector.path);
        }
        Err(_) => {}
    }
}

fn times(accepted: &AcceptedCheckpoint) -> String {
    accepted.times().map_or("none".to_string(), |times| {
        format!("{} {}", times.earliest.as_seconds(), times.latest.as_seconds())
    })
}

#[test]
fn proofs() {
    for vector in vectors("proof") {
        let policy = Policy::parse(&vector.bytes("policy")).unwrap();
        let parsed = Proof::parse(&vector.body);
        let mut have = outcome(&parsed);
        if let Ok(proof) = parsed {
            assert_eq!(proof.to_bytes(), vector.body, "{}", vector.path);
            have = outcome(&proof.verify(vector.hash("leaf"), &policy));
        }
        vector.expect(&have);
    }
}

#[test]
fn splits() {
    for vector in vectors("split") {
        let keys: Vec<VerifierKey> =
            vector.all("key").into_iter().map(|key| VerifierKey::parse(key).unwrap()).collect();
        let parsed = Split::parse(&vector.body);
        let mut have = outcome(&parsed);
        if let Ok(split) = parsed {
            assert_eq!(split.to_bytes(), vector.body, "{}", vector.path);
            have = outcome(&split.prove(&keys));
        }
        vector.expect(&have);
    }
}
