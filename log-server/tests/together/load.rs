//! Two servers under load: no entry is lost, none is there twice, and all see one log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use log_server::admission::Admission;
use log_server::journal::Journal;
use log_server::journal::postgres::PostgresJournal;
use log_server::log::Log;
use log_server::sources::{self, Listing};
use spec::Hash;
use spec::evidence::statement::{After, Draft};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::tree::{Tree, verify_consistency, verify_inclusion};

use crate::world::{World, add, database, end, origin, published, wait_until};

/// Threads that add at each server.
const THREADS: u32 = 4;

/// What each adds.
const ENTRIES: u32 = 400;

/// Every so many entries one that other threads add as well.
const COMMON: u32 = 5;

/// What was seen of checkpoints: one root for each size, whoever showed it.
#[derive(Default)]
struct Heads(Mutex<BTreeMap<u64, Hash>>);

impl Heads {
    fn see(&self, log: &Log) {
        let tree = log.published().checkpoint.tree();
        let seen = *self.0.lock().unwrap().entry(tree.size()).or_insert(tree.root());
        assert_eq!(seen, tree.root(), "two roots of size {}", tree.size());
    }
}

fn entry(thread: u32, at: u32) -> Vec<u8> {
    match at.is_multiple_of(COMMON) {
        true => format!("common {at}").into_bytes(),
        false => format!("entry {at} of thread {thread}").into_bytes(),
    }
}

#[test]
fn two_servers_make_one_log() {
    let Some(world) = World::new(Admission::Any) else { return };
    let logs = [world.open("a"), world.open("b")];
    let heads = Heads::default();
    let indices: Mutex<BTreeMap<Vec<u8>, BTreeSet<u64>>> = Mutex::default();
    std::thread::scope(|scope| {
        for thread in 0..2 * THREADS {
            let (logs, heads, indices) = (&logs, &heads, &indices);
            scope.spawn(move || {
                let log = &logs[(thread % 2) as usize];
                for at in 0..ENTRIES {
                    let entry = entry(thread, at);
                    let index = add(log, &entry);
                    indices.lock().unwrap().entry(entry).or_default().insert(index);
                    heads.see(log);
                }
            });
        }
    });
    let indices = indices.into_inner().unwrap();
    assert!(indices.values().all(|of_entry| of_entry.len() == 1), "an entry has two indices");
    let size = indices.len() as u64;
    let all: BTreeSet<u64> = indices.values().flatten().copied().collect();
    assert_eq!(all, (0..size).collect());

    for log in &logs {
        let tree = published(log, size).checkpoint.tree();
        heads.see(log);
        assert_eq!(tree.size(), size);
        for (entry, index) in &indices {
            let index = *index.first().unwrap();
            assert_eq!(log.entry(index).unwrap(), entry);
            if index.is_multiple_of(97) {
                let proof = log.prove_inclusion(index, size).unwrap();
                verify_inclusion(leaf_hash(entry), index, tree, &proof).unwrap();
            }
        }
        check_steps(log, &heads, tree);
    }
    logs.iter().for_each(end);

    // A server that comes later reads what was sealed and trimmed meanwhile.
    let late = world.open("c");
    let twice = add(&late, &entry(0, 1));
    assert!(indices[&entry(0, 1)].contains(&twice));
    assert_eq!(add(&late, b"one more"), size);
    end(&late);
}

/// Every checkpoint that anyone saw is an earlier state of the last.
fn check_steps(log: &Log, heads: &Heads, last: Tree) {
    for (size, root) in heads.0.lock().unwrap().iter().filter(|(size, _)| **size > 0) {
        let proof = log.prove_consistency(*size, last.size()).unwrap();
        verify_consistency(Tree::new(*size, *root).unwrap(), last, &proof).unwrap();
    }
}

#[test]
fn what_comes_in_while_a_server_waits_for_its_turn_is_committed_together() {
    let Some(world) = World::new(Admission::Any) else { return };
    let log = world.open("a");
    add(&log, b"first");
    // The next commit meets another server, as far as it can tell.
    world.postgres.sql("UPDATE log_head SET fence = fence + 1");
    add(&log, b"second");
    let database = database(&world.postgres.address());
    let (mut other, _) = PostgresJournal::open(database, Admission::Any).unwrap();
    other.news(true).unwrap();
    std::thread::scope(|scope| {
        let log = &log;
        let add_late = |entry: &'static [u8]| scope.spawn(move || add(log, entry));
        let late = [add_late(b"third"), add_late(b"fourth")];
        wait_until("both wait", || log.status().waiting == 2);
        other.let_go();
        for thread in late {
            assert!([2, 3].contains(&thread.join().unwrap()));
        }
    });
    world.postgres.sql(
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM log_batch WHERE first = 2 AND count = 2) THEN \
         RAISE EXCEPTION 'they were committed apart'; END IF; END $$",
    );
    end(&log);
}

#[test]
fn a_chain_goes_on_whichever_server_is_asked() {
    let Some(world) = World::new(Admission::Statements) else { return };
    let name = KeyName::parse("source.example/aoi").unwrap();
    let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[3; 32]).unwrap();
    let listing = Listing::new(&key.verifier().to_string(), "").unwrap();
    sources::add(&world.template(), listing).unwrap();
    let logs = [world.open("a"), world.open("b")];
    let (mut previous, mut after) = (Hash::ZERO, After::NOTHING);
    for sequence in 0..40_u64 {
        let batch = Hash::of(&sequence.to_be_bytes());
        let draft = Draft::new(origin(), name.clone(), sequence, previous, after, batch).unwrap();
        let statement = draft.sign(&key).unwrap().to_bytes();
        let (one, other) = (&logs[(sequence % 2) as usize], &logs[(sequence % 2 == 0) as usize]);
        assert_eq!(add(one, &statement), sequence);
        // The same again at the other server, which has not heard of it.
        assert_eq!(add(other, &statement), sequence);
        previous = leaf_hash(&statement);
        // The next one names a tree that perhaps only the other server has shown.
        let shown = published(one, sequence + 1);
        after = After::checkpoint(shown.checkpoint.tree(), Hash::of(&shown.note)).unwrap();
    }
    wait_until("both have all", || logs.iter().all(|log| log.status().published == 40));
    logs.iter().for_each(end);
}
