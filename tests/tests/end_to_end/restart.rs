//! A log that is stopped and started again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use spec::evidence::statement::After;
use spec::note::Note;
use tests::oracle::literal;

use crate::factory::Factory;
use crate::support::{Server, Source, World, samples};

/// How many clients add at once.
const CLIENTS: usize = 4;

#[test]
fn entries_keep_their_places_and_checkpoints_never_shrink() {
    let world = World::new("any");
    let (mut entries, mut size) = (Vec::new(), 0);
    let mut notes: Vec<Vec<u8>> = Vec::new();
    for round in 0..4 {
        let server = world.serve();
        // Before anything is added, nothing has been lost.
        let note = server.get("/checkpoint").body;
        assert!(world.tree(&note).size() >= size, "round {round}");
        for at in 0..150 {
            let entry = format!("round {round} entry {at}").into_bytes();
            assert_eq!(server.post("/add", &entry).index(), entries.len() as u64);
            entries.push(entry);
            let tree = world.tree(&server.get("/checkpoint").body);
            assert!(tree.size() >= size, "{} after {size}", tree.size());
            size = tree.size();
        }
        for (index, entry) in entries.iter().enumerate().step_by(29) {
            assert_eq!(server.post("/add", entry).index(), index as u64);
        }
        notes.push(world.published(&server, entries.len() as u64));
        size = entries.len() as u64;
        assert_eq!(server.stop(), 0);
        world.log(&["check", "--data", "log"]).ends_with(0);
    }
    // Each published root is that of all entries up to its size.
    let leaves: Vec<_> = entries.iter().map(|entry| literal::leaf(entry)).collect();
    for note in &notes {
        let tree = world.tree(note);
        assert_eq!(*tree.root().as_bytes(), literal::root(&leaves[..tree.size() as usize]));
    }
    let server = world.serve();
    for (from, to) in notes.iter().zip(&notes[1..]) {
        world.write("from", from);
        world.write("to", to);
        let words = ["verify", "consistency", "from", "to", "--policy", "policy", "--log"];
        world.fiducial(&[&words[..], &[&server.url]].concat()).ends_with(0);
    }
}

#[test]
fn an_audit_goes_on_behind_what_was_audited() {
    let world = World::new("statements");
    let mut source = Source::new("aoi", 1);
    world.list(&source.verifier());
    world.write("keys", source.verifier() + "\n");
    let factory = Factory { world };
    let world = &factory.world;
    let mut total = 0;
    let mut add = |server: &Server, count: u64| {
        for _ in 0..count {
            let after = if total == 0 { After::NOTHING } else { world.after(server, total) };
            assert_eq!(server.post("/add", &source.next(after)).index(), total);
            total += 1;
        }
        world.published(server, total)
    };
    let audit = |server: &Server, more: &[&str]| {
        let words = ["audit", "--log", &server.url, "--policy", "policy", "--source-keys", "keys"];
        world.fiducial(&[&words[..], more, &["--json"]].concat()).ends_with(0).json()
    };
    let server = world.serve();
    world.write("trusted", add(&server, 30));
    assert_eq!(audit(&server, &["--state", "state"])["facts"]["audited"], "30");
    assert_eq!(server.stop(), 0);
    let server = world.serve();
    add(&server, 12);
    assert_eq!(audit(&server, &["--from", "trusted"])["facts"]["audited"], "12");
    assert_eq!(audit(&server, &["--state", "state"])["facts"]["audited"], "12");
    assert_eq!(audit(&server, &["--state", "state"])["facts"]["audited"], "0");
    assert_eq!(audit(&server, &[])["facts"]["audited"], "42");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_source_goes_on_where_it_was() {
    let (factory, server) = Factory::start();
    let reports = samples();
    factory.anchor(&reports[..2]);
    // The agent knows the log by its address, so it comes back at the same one.
    let listen = server.address().to_owned();
    assert_eq!(server.stop(), 0);
    let again = factory.world.serve_with(&["--listen", &listen]);
    let json = factory.anchor(&reports[2..]);
    assert_eq!(
        (&json["statements"][0]["sequence"], &json["statements"][0]["index"]),
        (&1.into(), &1.into())
    );
    assert_eq!(again.stop(), 0);
    for (name, _) in &reports {
        factory.verify(name, 0);
    }
}

#[test]
fn what_was_acknowledged_before_a_graceful_stop_is_published_after_it() {
    let world = World::new("any");
    let server = world.serve();
    let acknowledged = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let entry = format!("entry {}", next.fetch_add(1, Ordering::Relaxed));
                    // A server that stops closes the door or says so; neither is a promise.
                    let Some(answer) = server.try_post("/add", entry.as_bytes()) else { return };
                    if answer.status != 200 {
                        answer.is_problem(503, "stopped");
                        return;
                    }
                    acknowledged.lock().unwrap().push((answer.index(), entry));
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        server.ask_to_stop();
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    assert_eq!(server.stop(), 0);
    let last = acknowledged.iter().map(|(index, _)| *index).max().unwrap();
    let note = world.kept("log", "checkpoint").unwrap();
    assert!(Note::parse(&note).is_ok());
    let size = world.tree(&note).size();
    assert!(size > last, "entry {last} is not in the published tree of {size}");

    let server = world.serve();
    assert_eq!(world.tree(&server.get("/checkpoint").body).size(), size);
    let mut found = Vec::new();
    for index in 0..size.div_ceil(256) as usize {
        let width = (size as usize - 256 * index).min(256);
        let path = format!("/{}", literal::path("entries", index, width));
        found.extend(literal::entries(&server.get(&path).body).unwrap());
    }
    for (index, entry) in &acknowledged {
        assert_eq!(found[*index as usize], entry.as_bytes());
    }
}
