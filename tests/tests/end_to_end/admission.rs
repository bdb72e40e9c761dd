//! Which statements a log takes, and what it says to the others.

use std::time::{Duration, Instant};

use spec::Hash;
use spec::evidence::statement::{After, Statement};
use spec::tree::Tree;
use tests::oracle::literal;

use crate::support::{Answer, PATIENCE, Server, Source, World, batch};

const NEW: After = After::NOTHING;

/// A log that lists the given sources, and its server.
fn log_of<const N: usize>(names: [&str; N]) -> (World, Server, [Source; N]) {
    let world = World::new("statements");
    let mut seed = 0;
    let sources = names.map(|name| {
        seed += 1;
        Source::new(name, seed)
    });
    sources.iter().for_each(|source| world.list(&source.verifier()));
    let server = world.serve();
    (world, server, sources)
}

fn hex(statement: &[u8]) -> String {
    Hash::from_bytes(literal::leaf(statement)).to_hex()
}

#[test]
fn chains_of_several_sources_grow_side_by_side() {
    let (world, server, mut sources) = log_of(["line-1-aoi", "line-1-oven", "line-2.example/spi"]);
    let mut entries = Vec::new();
    for round in 0..6 {
        let after = if round == 0 { NEW } else { world.after(&server, entries.len() as u64) };
        for source in &mut sources {
            let statement = source.next(after);
            assert_eq!(server.post("/add", &statement).index(), entries.len() as u64);
            entries.push(statement);
        }
    }
    // Replays are the same entries, wherever in their chains they stand.
    for (index, statement) in entries.iter().enumerate() {
        assert_eq!(server.post("/add", statement).index(), index as u64);
    }
    let tree = world.tree(&world.published(&server, 18));
    let leaves: Vec<_> = entries.iter().map(|entry| literal::leaf(entry)).collect();
    assert_eq!((tree.size(), *tree.root().as_bytes()), (18, literal::root(&leaves)));
    let bundle = server.get("/tile/entries/000.p/18").body;
    assert_eq!(literal::entries(&bundle).unwrap(), entries);
}

#[test]
fn a_source_sends_many_statements_without_waiting() {
    let (_world, server, [mut aoi, mut oven]) = log_of(["aoi", "oven"]);
    let of_aoi: Vec<Vec<u8>> = (0..40).map(|_| aoi.next(NEW)).collect();
    let answer = server.post("/add-batch", &batch(of_aoi.iter().map(Vec::as_slice)));
    let want: String = (0..40).map(|index| format!("{index}\n")).collect();
    assert_eq!((answer.status, answer.text()), (200, want.as_str()));

    // A replay, another source, one behind a gap, the next one: each is judged by itself.
    let (first, next) = (oven.next(NEW), aoi.next(NEW));
    let mut skipping = aoi.clone();
    skipping.next(NEW);
    let mixed = [of_aoi[7].clone(), first, skipping.next(NEW), next];
    let answer = server.post("/add-batch", &batch(mixed.iter().map(Vec::as_slice)));
    let problem = answer.is_problem(422, "batch-refused");
    // The next one is behind the refused one in the batch, and is taken all the same.
    assert_eq!(problem["indices"], serde_json::json!([7, 40, null, 41]));
    let refused = problem["refused"].as_array().unwrap();
    assert_eq!((refused.len(), &refused[0]["position"]), (1, &serde_json::json!(2)));
    assert_eq!(refused[0]["type"], "urn:fiducial:problem:wrong-place");
    assert_eq!(refused[0]["expected_sequence"], 40);
}

#[test]
fn unknown_sources_and_false_signatures_are_forbidden() {
    let (world, server, [aoi]) = log_of(["aoi"]);
    let mut stranger = Source::new("stranger", 77);
    let statement = stranger.next(NEW);
    server.post("/add", &statement).is_problem(403, "unknown-source");
    // The same name with another key is nobody the log knows.
    let thief = Source::new("aoi", 78);
    server.post("/add", &thief.sign(NEW, b"")).is_problem(403, "bad-signature");
    // One changed word under a true signature.
    let text = String::from_utf8(aoi.sign(NEW, b"one")).unwrap();
    let (batch_was, batch_is) = (Hash::of(b"one").to_string(), Hash::of(b"other").to_string());
    let altered = text.replace(&batch_was, &batch_is);
    assert_ne!(altered, text);
    server.post("/add", altered.as_bytes()).is_problem(403, "bad-signature");
    assert_eq!(server.post("/add", text.as_bytes()).index(), 0);
    // A source that is listed while the log runs is known at once.
    world.list(&stranger.verifier());
    let added = wait_for(|| server.post("/add", &statement), |answer| answer.status == 200);
    assert_eq!(added.index(), 1);
}

#[test]
fn a_source_is_disabled_and_enabled_while_the_log_runs() {
    let (world, server, [mut aoi, mut oven]) = log_of(["aoi", "oven"]);
    let first = aoi.next(NEW);
    assert_eq!(server.post("/add", &first).index(), 0);
    world.log(&["source", "disable", "aoi", "--data", "log"]).ends_with(0);
    // One that is out of place is told so until the server has noticed.
    let gap = Source { sequence: 5, ..aoi.clone() }.sign(NEW, b"");
    let refused = wait_for(|| server.post("/add", &gap), |answer| answer.status == 403);
    refused.is_problem(403, "source-disabled");
    // What is in the log keeps its index.
    assert_eq!(server.post("/add", &first).index(), 0);
    let second = aoi.next(NEW);
    server.post("/add", &second).is_problem(403, "source-disabled");
    assert_eq!(server.post("/add", &oven.next(NEW)).index(), 1);
    world.log(&["source", "enable", "aoi", "--data", "log"]).ends_with(0);
    let taken = wait_for(|| server.post("/add", &second), |answer| answer.status == 200);
    assert_eq!(taken.index(), 2);
}

/// Asks again until the answer is as wanted, for as long as patience lasts.
fn wait_for(ask: impl Fn() -> Answer, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let started = Instant::now();
    loop {
        let answer = ask();
        if wanted(&answer) || started.elapsed() > PATIENCE {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_statement_at_the_wrong_place_learns_the_right_one() {
    let (_world, server, [mut aoi]) = log_of(["aoi"]);
    let mut early = aoi.clone();
    early.next(NEW);
    let problem = server.post("/add", &early.next(NEW)).is_problem(409, "wrong-place");
    assert_eq!(problem["expected_sequence"], 0);
    assert_eq!(problem["expected_previous"], Hash::ZERO.to_string());

    let first = aoi.next(NEW);
    assert_eq!(server.post("/add", &first).index(), 0);
    let head = Hash::from_bytes(literal::leaf(&first));
    let gap = Source { sequence: 5, ..aoi.clone() }.sign(NEW, b"");
    let fork = Source { previous: Hash::of(b"another"), ..aoi.clone() }.sign(NEW, b"");
    for statement in [gap, fork] {
        let problem = server.post("/add", &statement).is_problem(409, "wrong-place");
        assert_eq!(problem["expected_sequence"], 1);
        assert_eq!(problem["expected_previous"], head.to_string());
    }
    // What was refused left nothing behind.
    assert_eq!(server.post("/add", &aoi.next(NEW)).index(), 1);
}

#[test]
fn a_sequence_has_one_statement() {
    let (world, server, [mut aoi]) = log_of(["aoi"]);
    let other = aoi.sign(NEW, b"another batch");
    let first = aoi.next(NEW);
    let second = aoi.next(NEW);
    assert_eq!(server.post("/add", &first).index(), 0);
    assert_eq!(server.post("/add", &second).index(), 1);
    let refused = |server: &Server| {
        let problem = server.post("/add", &other).is_problem(409, "sequence-taken");
        assert_eq!(problem["accepted_leaf_hash"], hex(&first));
        assert_eq!((&problem["sequence"], &problem["index"]), (&0.into(), &0.into()));
    };
    refused(&server);
    world.published(&server, 2);
    refused(&server);
    assert_eq!(server.stop(), 0);
    let server = world.serve();
    refused(&server);
    assert_eq!(server.post("/add", &first).index(), 0);
    assert_eq!(server.post("/add", &aoi.next(NEW)).index(), 2);
}

#[test]
fn the_tree_that_a_statement_follows_is_this_logs() {
    let (world, server, [mut aoi]) = log_of(["aoi"]);
    assert_eq!(server.post("/add", &aoi.next(NEW)).index(), 0);
    let one = world.after(&server, 1);
    assert_eq!(server.post("/add", &aoi.next(one)).index(), 1);
    let two = world.after(&server, 2);
    assert_eq!(server.post("/add", &aoi.next(two)).index(), 2);
    world.published(&server, 3);

    let tree = |size, root: &[u8]| Tree::new(size, Hash::of(root)).unwrap();
    let after = |tree| After::checkpoint(tree, Hash::of(b"a note")).unwrap();
    let mismatch = aoi.sign(after(tree(2, b"another tree")), b"");
    let problem = server.post("/add", &mismatch).is_problem(409, "after-mismatch");
    assert_eq!(problem["after_size"], 2);
    let future = aoi.sign(after(tree(4, b"to be")), b"");
    let problem = server.post("/add", &future).is_problem(409, "after-unpublished");
    assert_eq!((&problem["after_size"], &problem["published_size"]), (&4.into(), &3.into()));
    for earlier in [one, NEW] {
        let back = aoi.sign(earlier, b"");
        let problem = server.post("/add", &back).is_problem(409, "after-went-back");
        assert_eq!(problem["after_size"], earlier.tree().size());
        assert_eq!(problem["last_after_size"], 2);
    }
    // The same tree twice is no step back.
    assert_eq!(server.post("/add", &aoi.next(two)).index(), 3);
}

#[test]
fn a_statement_is_for_one_log_and_has_its_size() {
    let (_world, server, [aoi]) = log_of(["aoi"]);
    let elsewhere = aoi.sign_for("factory.example/other", NEW, b"");
    let problem = server.post("/add", &elsewhere).is_problem(422, "wrong-log");
    assert_eq!(problem["origin"], crate::support::ORIGIN);
    server.post("/add", &[b'x'; 65_536]).is_problem(413, "too-large");
    server.post("/add-batch", &vec![0; 8 * 1024 * 1024 + 1]).is_problem(413, "too-large");
    server.post("/add", &[b'x'; 65_535]).is_problem(400, "not-a-statement");
}

#[test]
fn only_the_one_spelling_of_a_statement_is_taken() {
    let (_world, server, [mut aoi]) = log_of(["aoi"]);
    let entry = aoi.next(NEW);
    let text = String::from_utf8(entry.clone()).unwrap();
    assert!(Statement::parse(&entry).is_ok());
    server.post("/add", b"").is_problem(400, "empty-entry");
    let twice = text.replacen("source aoi\n", "source aoi\nsource aoi\n", 1);
    let swapped =
        text.replacen("sequence 0\n", "", 1).replacen("\nafter 0", "\nsequence 0\nafter 0", 1);
    let zero = Hash::ZERO.to_string();
    let second = text.lines().last().unwrap();
    for altered in [
        text[..text.len() - 1].to_owned(),
        text[..text.len() / 2].to_owned(),
        format!("{text}\n"),
        format!("{text}{second}\n"),
        text.replace('\n', "\r\n"),
        text.replacen("/v1", "/v2", 1),
        text.replacen("sequence 0", "sequence 00", 1),
        text.replacen("sequence 0", "sequence +0", 1),
        text.replacen("sequence 0", "sequence 18446744073709551616", 1),
        text.replacen("after 0 ", "after 0  ", 1),
        // The last letter of base64 carries two bits that are not read.
        text.replacen(&zero, &zero.replacen("A=", "B=", 1), 1),
        text.replacen(&zero, zero.trim_end_matches('='), 1),
        twice,
        swapped,
        "any other bytes".to_owned(),
    ] {
        assert_ne!(altered, text);
        server.post("/add", altered.as_bytes()).is_problem(400, "not-a-statement");
    }
    let cut = &batch([entry.as_slice()])[..entry.len()];
    server.post("/add-batch", cut).is_problem(400, "bad-batch");
    server.post("/add?wait=long", &entry).is_problem(400, "bad-request");
    assert_eq!(server.post("/add", &entry).index(), 0);
}
