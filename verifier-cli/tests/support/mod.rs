//! A small log in a folder, built with `spec` alone: static tiles, a signed checkpoint, a policy.
//!
//! Every key grows from a fixed seed and every salt from a counter, so the files are always the
//! same.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::fs;
use std::path::Path;

use ml_dsa::MlDsa44;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature::{
    Timestamp, ml_dsa_message, ml_dsa_signature, ml_dsa_verifier_key, sign_ed25519,
};
use spec::evidence::batch::{Batch, Header, Place};
use spec::evidence::field::Salt;
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::record::Record;
use spec::evidence::statement::{After, Draft, VerifiedStatement};
use spec::frontier::Frontier;
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use spec::note::Note;
use spec::tile::{TILE_WIDTH, Tile, TileKind, format_hashes, push_entry};
use spec::tree::Tree;

/// The log's name.
pub(crate) const ORIGIN: &str = "log.example/test";

/// The source's name.
pub(crate) const SOURCE: &str = "line-4.example/aoi-7";

/// When the witness signs: 2026-01-02T03:04:05Z.
pub(crate) const WITNESSED: u64 = 1_767_323_045;

/// A log of opaque or signed entries, and all its states so far.
pub(crate) struct TestLog {
    pub(crate) entries: Vec<Vec<u8>>,
}

pub(crate) fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

pub(crate) fn origin() -> Origin {
    Origin::parse(ORIGIN).unwrap()
}

pub(crate) fn log_key() -> SigningKey {
    SigningKey::from_seed(name(ORIGIN), Algorithm::NoteEd25519, &[1; 32]).unwrap()
}

pub(crate) fn source_key() -> SigningKey {
    SigningKey::from_seed(name(SOURCE), Algorithm::NoteEd25519, &[2; 32]).unwrap()
}

pub(crate) fn witness_key() -> SigningKey {
    let kind = Algorithm::CosignatureEd25519;
    SigningKey::from_seed(name("witness.example/one"), kind, &[3; 32]).unwrap()
}

pub(crate) fn log_ml_dsa_key() -> VerifierKey {
    ml_dsa_verifier_key(name(ORIGIN), &[4; 32])
}

pub(crate) fn witness_ml_dsa_key() -> VerifierKey {
    ml_dsa_verifier_key(name("witness.example/one"), &[5; 32])
}

/// A policy that asks for the witness, by either of its keys.
pub(crate) fn policy() -> String {
    format!(
        "# The log, with both its keys, and one witness with both of its.\n\
         log {}\nlog {}\nwitness one {}\nwitness one-pq {}\n\
         group witness any one one-pq\nquorum witness\n",
        log_key().verifier(),
        log_ml_dsa_key(),
        witness_key().verifier(),
        witness_ml_dsa_key(),
    )
}

/// A policy that trusts the log alone.
pub(crate) fn small_policy() -> String {
    format!("log {}\nquorum none\n", log_key().verifier())
}

impl TestLog {
    pub(crate) fn of(entries: Vec<Vec<u8>>) -> Self {
        Self { entries }
    }

    pub(crate) fn tree(&self, size: usize) -> Tree {
        let leaves: Vec<Hash> = self.entries[..size].iter().map(|entry| leaf_hash(entry)).collect();
        Frontier::new().grow(&leaves).tree()
    }

    /// The checkpoint at a size, signed by the log and the witness with all their keys.
    pub(crate) fn checkpoint(&self, size: usize) -> Note {
        signed(self.tree(size))
    }

    /// Writes the log as it stands at `size` into a folder of static tiles.
    pub(crate) fn write(&self, folder: &Path, size: usize) {
        fs::create_dir_all(folder).unwrap();
        let put = |tile: Tile, bytes: &[u8]| {
            let path = folder.join(tile.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let leaves: Vec<Hash> = self.entries[..size].iter().map(|entry| leaf_hash(entry)).collect();
        let growth = Frontier::new().grow(&leaves);
        for sealed in growth.sealed() {
            put(sealed.tile, &format_hashes(&sealed.hashes));
        }
        let mut frontier = Frontier::new();
        frontier.advance(&growth);
        for (level, hashes) in (0..).zip(frontier.partials()) {
            let index = spec::tile::nodes_at(level, size as u64) / TILE_WIDTH;
            let kind = TileKind::Hashes(level);
            if let Some(tile) = Tile::new(kind, index, hashes.len() as u16) {
                put(tile, &format_hashes(hashes));
            }
        }
        for (at, entries) in self.entries[..size].chunks(256).enumerate() {
            let mut bundle = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut bundle, entry));
            let kind = TileKind::Entries;
            put(Tile::new(kind, at as u64, entries.len() as u16).unwrap(), &bundle);
        }
        fs::write(folder.join("checkpoint"), self.checkpoint(size).to_bytes()).unwrap();
    }
}

/// Signs a tree as the log and the witness would, with every key of both.
pub(crate) fn signed(tree: Tree) -> Note {
    let checkpoint = Checkpoint::new(origin(), tree);
    let text = checkpoint.to_string();
    let time = Timestamp::from_seconds(WITNESSED).unwrap();
    let ml_dsa = |key: &VerifierKey, seed: u8| {
        let private = ml_dsa::SigningKey::<MlDsa44>::from_seed((&[seed; 32]).into());
        let message = ml_dsa_message(key.name(), time, &checkpoint);
        let signature = private.expanded_key().sign_deterministic(&message, &[]).unwrap();
        ml_dsa_signature(key, time, signature.encode().as_slice().try_into().unwrap())
    };
    let lines = vec![
        log_key().sign_note(&text),
        ml_dsa(&log_ml_dsa_key(), 4),
        sign_ed25519(&witness_key(), time, &checkpoint),
        ml_dsa(&witness_ml_dsa_key(), 5),
    ];
    Note::new(text, lines)
}

/// A key of another witness, `w<seed>.example`, by Ed25519.
pub(crate) fn cosigner(seed: u8) -> SigningKey {
    let kind = Algorithm::CosignatureEd25519;
    SigningKey::from_seed(name(&format!("w{seed}.example")), kind, &[seed; 32]).unwrap()
}

/// A policy of the log's Ed25519 key, of witnesses `w<seed>`, and of `rules`.
pub(crate) fn policy_of(seeds: &[u8], rules: &str) -> String {
    let mut text = format!("log {}\n", log_key().verifier());
    for seed in seeds {
        text += &format!("witness w{seed} {}\n", cosigner(*seed).verifier());
    }
    text + rules
}

/// Signs a tree as the log would with Ed25519, and witnesses `w<seed>` at the given times.
pub(crate) fn signed_by(tree: Tree, cosigners: &[(u8, u64)]) -> Note {
    let checkpoint = Checkpoint::new(origin(), tree);
    let text = checkpoint.to_string();
    let mut lines = vec![log_key().sign_note(&text)];
    for (seed, seconds) in cosigners {
        let time = Timestamp::from_seconds(*seconds).unwrap();
        lines.push(sign_ed25519(&cosigner(*seed), time, &checkpoint));
    }
    Note::new(text, lines)
}

/// The fields of a record that are used.
pub(crate) type Values = Vec<(FieldName, Vec<u8>)>;

/// Makes statements of one source, each continuing the one before.
pub(crate) struct Source {
    next: u64,
    previous: Hash,
    salts: u64,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self { next: 0, previous: Hash::ZERO, salts: 0 }
    }

    /// A statement with one AOI report in its batch, and that batch with all its salts.
    pub(crate) fn report(&mut self, after: After, file: &[u8]) -> (VerifiedStatement, Batch) {
        let field =
            |text: &str, value: &str| (FieldName::parse(text).unwrap(), value.as_bytes().to_vec());
        let values = vec![
            field("file/sha256", &Hash::of(file).to_hex()),
            field("file/name", "panel-0042.xml"),
            field("file/size", &file.len().to_string()),
            field("verdict", "passed"),
        ];
        self.record(after, Kind::AoiReport, values)
    }

    /// A statement with one record in its batch, and that batch with all its salts.
    pub(crate) fn record(
        &mut self,
        after: After,
        kind: Kind,
        values: Vec<(FieldName, Vec<u8>)>,
    ) -> (VerifiedStatement, Batch) {
        self.records(after, vec![(kind, values)])
    }

    /// A statement with these records in its batch, and that batch with all its salts.
    pub(crate) fn records(
        &mut self,
        after: After,
        records: Vec<(Kind, Values)>,
    ) -> (VerifiedStatement, Batch) {
        let place = Place { origin: origin(), source: name(SOURCE), sequence: self.next };
        let records: Vec<Record> = records
            .into_iter()
            .map(|(kind, values)| Record::new(kind, values, || self.salt()).unwrap())
            .collect();
        let header = Header {
            first_record: self.next,
            opened: "2026-01-02T03:00:00Z".to_string(),
            closed: "2026-01-02T03:04:00Z".to_string(),
            clock: "synchronised".to_string(),
            ..Header::default()
        };
        let batch = Batch::new(place, header, records, || self.salt()).unwrap();
        (self.sign(after, batch.commitment()), batch)
    }

    /// A statement about nothing that could be opened.
    pub(crate) fn sign(&mut self, after: After, batch: Hash) -> VerifiedStatement {
        let draft =
            Draft::new(origin(), name(SOURCE), self.next, self.previous, after, batch).unwrap();
        let statement = draft.sign(&source_key()).unwrap();
        self.next += 1;
        self.previous = statement.leaf_hash();
        statement
    }

    /// Skips a number, as a source that hides a statement would.
    pub(crate) fn skip(&mut self) {
        self.next += 1;
    }

    fn salt(&mut self) -> Salt {
        self.salts += 1;
        *Hash::of(&self.salts.to_be_bytes()).as_bytes()
    }
}

/// The `after` line for a checkpoint of this log.
pub(crate) fn after(log: &TestLog, size: usize) -> After {
    After::checkpoint(log.tree(size), Hash::of(&log.checkpoint(size).to_bytes())).unwrap()
}
