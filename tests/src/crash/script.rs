//! What honest clients send in a test: a fixed sequence of entries, in steps.
//!
//! Clients send again what was not acknowledged, in the same order. Where they send one after the
//! other, an entry's index follows from the script alone, and a script can name trees of the log
//! before the log has them.

use std::sync::Arc;

use log_server::admission::Admission;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::{After, Draft};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::tree::Tree;

use crate::oracle::literal;
use crate::seed::Seed;

/// The name of every log in these tests.
pub const ORIGIN: &str = "factory.example/evidence";

/// How many sources sign in `statements` mode.
const SOURCES: usize = 4;

/// The most entries sent in one step.
const STEP_ENTRIES: usize = 16;

/// Some entries that are sent together.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is sent, in order. May repeat entries of earlier steps.
    pub entries: Vec<Vec<u8>>,
    /// As requests of their own, all at once, instead of as one batch.
    pub apart: bool,
    /// A size that must be published before: some statement names it.
    pub after: u64,
    /// The client waits for the checkpoint that covers the step.
    pub settle: bool,
}

/// A whole run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Script {
    /// What the log takes.
    pub admission: Admission,
    /// The steps.
    pub steps: Arc<[Step]>,
    /// The keys of the sources, as the registry lists them.
    pub sources: Arc<[String]>,
    /// The leaf hashes of the log that the whole script makes.
    pub leaves: Arc<[literal::Hash]>,
}

struct Source {
    key: SigningKey,
    sequence: u64,
    previous: Hash,
}

struct Writer {
    seed: Seed,
    /// Whether earlier entries are sent again now and then.
    repeats: bool,
    /// Whether the script alone decides the order of the entries.
    ordered: bool,
    sources: Vec<Source>,
    leaves: Vec<literal::Hash>,
    sent: Vec<Vec<u8>>,
    after: After,
}

impl Script {
    /// Writes a script of at least `entries` different entries.
    ///
    /// With an odd seed many clients send at once and any order may come out. With an even one the
    /// order is fixed, so that statements can name trees of the log in their `after` lines.
    #[must_use]
    pub fn write(admission: Admission, entries: usize, seed: u64) -> Self {
        Self::of(Writer::new(seed, true, seed.is_multiple_of(2)), admission, entries)
    }

    /// The same without entries that are sent twice on purpose.
    #[must_use]
    pub fn write_once(admission: Admission, entries: usize, seed: u64) -> Self {
        Self::of(Writer::new(seed, false, true), admission, entries)
    }

    fn of(mut writer: Writer, admission: Admission, entries: usize) -> Self {
        let mut steps = Vec::new();
        while writer.leaves.len() < entries {
            steps.push(writer.step(admission));
        }
        let sources = writer.sources.iter().map(|source| source.key.verifier().to_string());
        Self {
            admission,
            steps: steps.into(),
            sources: sources.collect(),
            leaves: writer.leaves.into(),
        }
    }
}

impl Writer {
    fn new(seed: u64, repeats: bool, ordered: bool) -> Self {
        let source = |at: usize| {
            let name = KeyName::parse(&format!("line-{at}-aoi")).expect("a plain name");
            let seed = [at as u8 + 1; 32];
            let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed);
            Source { key: key.expect("an Ed25519 key"), sequence: 0, previous: Hash::ZERO }
        };
        Self {
            seed: Seed::new(seed),
            repeats,
            ordered,
            sources: (0..SOURCES).map(source).collect(),
            leaves: Vec::new(),
            sent: Vec::new(),
            after: After::NOTHING,
        }
    }

    fn step(&mut self, admission: Admission) -> Step {
        let settle = self.seed.once_in(4);
        let apart = !self.ordered && self.seed.once_in(2);
        let after = self.after.tree().size();
        let count = if self.seed.once_in(3) { 1 } else { 1 + self.seed.below(STEP_ENTRIES) };
        let mut entries: Vec<Vec<u8>> = (0..count).map(|_| self.entry(admission)).collect();
        self.sent.extend(entries.iter().cloned());
        if self.repeats && self.seed.once_in(4) {
            entries.push(self.sent[self.seed.below(self.sent.len())].clone());
        }
        if settle && self.ordered {
            // What the next statements have seen: the tree of everything sent so far.
            let size = self.leaves.len() as u64;
            let root = Hash::from_bytes(literal::root(&self.leaves));
            let tree = Tree::new(size, root).expect("a tree of some entries");
            let note_hash = Hash::of(&size.to_be_bytes());
            self.after = After::checkpoint(tree, note_hash).expect("a tree of some entries");
        }
        Step { entries, apart, after, settle }
    }

    fn entry(&mut self, admission: Admission) -> Vec<u8> {
        let entry = match admission {
            Admission::Any => self.opaque(),
            Admission::Statements => self.statement(),
        };
        self.leaves.push(literal::leaf(&entry));
        entry
    }

    fn opaque(&mut self) -> Vec<u8> {
        let size = match self.seed.below(40) {
            0 => 1 + self.seed.below(9_000),
            1 => 300,
            _ => 1 + self.seed.below(120),
        };
        let mut entry = format!("entry {}:", self.leaves.len()).into_bytes();
        entry.extend(self.seed.bytes(size));
        entry
    }

    fn statement(&mut self) -> Vec<u8> {
        let batch = Hash::from_slice(&self.seed.bytes(32)).expect("32 bytes");
        let source = &mut self.sources[self.seed.below(SOURCES)];
        let draft = Draft::new(
            Origin::parse(ORIGIN).expect("a plain origin"),
            source.key.verifier().name().clone(),
            source.sequence,
            source.previous,
            self.after,
            batch,
        );
        let signed = draft.and_then(|draft| draft.sign(&source.key)).expect("a whole statement");
        let entry = signed.into_statement().to_bytes();
        source.sequence += 1;
        source.previous = Hash::from_bytes(literal::leaf(&entry));
        entry
    }
}
