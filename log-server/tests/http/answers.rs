//! Every route and its answers.

use std::io::Read;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::http::{ApiOptions, MAX_BATCH_ENTRIES, MAX_BATCH_SIZE, ServeOptions};
use log_server::sources::{self, Listing};
use spec::evidence::statement::{After, Draft};
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::{Note, verify_ed25519};
use spec::proof::Proof;
use spec::tile::{Tile, TileKind, parse_entries, parse_hashes, push_entry};
use spec::tree::{Tree, root_of_leaves, verify_consistency, verify_inclusion};
use spec::{Hash, checkpoint::Checkpoint, encoding::decode_hash};

use crate::support::{Served, origin};

async fn served() -> Served {
    Served::start(Admission::Any).await
}

/// Adds `count` small entries and waits until they are published.
async fn filled(count: u64) -> Served {
    let served = served().await;
    for index in 0..count {
        let answer = served.post("/add", format!("entry {index}").as_bytes()).await;
        assert_eq!(answer.text(), index.to_string());
    }
    served.log.published_covering(count).await.unwrap();
    served
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(format!("entry {index}").as_bytes())).collect()
}

fn hashes(text: &str) -> Vec<Hash> {
    text.lines().map(|line| decode_hash(line).unwrap()).collect()
}

#[tokio::test]
async fn an_entry_gets_its_index_in_digits_and_nothing_else() {
    let served = served().await;
    let first = served.post("/add", b"one").await;
    assert_eq!((first.status, first.body.as_slice()), (200, &b"0"[..]));
    assert_eq!(first.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(served.post("/add", b"two").await.text(), "1");
    assert_eq!(served.post("/add", b"one").await.text(), "0");
    assert_eq!(served.post("/add?wait=sequenced", b"two").await.text(), "1");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let served = served().await;
    let mut client = served.connect().await;
    for index in 0..20 {
        let body = format!("entry {index}");
        let head =
            format!("POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write(head.as_bytes()).await;
        client.write(body.as_bytes()).await;
        assert_eq!(client.answer(true).await.text(), index.to_string());
    }
    // And pipelined, two at once.
    let one = "POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\na";
    client.write(format!("{one}{}", one.replace("\r\n\r\na", "\r\n\r\nb")).as_bytes()).await;
    assert_eq!(client.answer(true).await.text(), "20");
    assert_eq!(client.answer(true).await.text(), "21");
}

#[tokio::test]
async fn a_chunked_body_is_an_entry_too() {
    let served = served().await;
    let head = "POST /add HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = served.send(head, b"3\r\none\r\n4\r\n two\r\n0\r\n\r\n").await;
    assert_eq!(answer.text(), "0");
    assert_eq!(served.post("/add", b"one two").await.text(), "0");
}

#[tokio::test]
async fn waiting_for_the_witnesses_gives_a_proof() {
    let served = served().await;
    served.post("/add", b"before").await;
    let answer = served.post("/add?wait=witnessed", b"the entry").await;
    assert_eq!(answer.status, 200);
    let proof = Proof::parse(&answer.body).unwrap();
    assert_eq!((proof.index(), proof.extra()), (1, Some(&b"the entry"[..])));
    verify_ed25519(proof.checkpoint(), &served.log.verifier_keys()[0]).unwrap();
    let tree = Checkpoint::parse(proof.checkpoint().text()).unwrap().tree();
    verify_inclusion(leaf_hash(b"the entry"), 1, tree, proof.hashes()).unwrap();
}

#[tokio::test]
async fn who_cannot_wait_longer_learns_the_index() {
    let api = ApiOptions { wait_time: Duration::ZERO, ..ApiOptions::default() };
    let served = Served::start_with(Admission::Any, api, ServeOptions::default()).await;
    // With no time at all, the first poll decides; one of many entries is not published by then.
    let mut late = None;
    for index in 0..200_u64 {
        let answer = served.post("/add?wait=witnessed", &index.to_be_bytes()).await;
        if answer.status != 200 {
            late = Some((index, answer));
            break;
        }
    }
    let (index, answer) = late.expect("a checkpoint takes longer than no time");
    let problem = answer.is_problem(503, "not-witnessed");
    assert_eq!(problem["index"], index);
    assert_eq!(served.post("/add", &index.to_be_bytes()).await.text(), index.to_string());
}

#[tokio::test]
async fn entries_have_their_sizes() {
    let served = served().await;
    served.post("/add", b"").await.is_problem(400, "empty-entry");
    assert_eq!(served.post("/add", &[7; 65_535]).await.text(), "0");
    let problem = served.post("/add", &[7; 65_536]).await.is_problem(413, "too-large");
    assert_eq!(problem["limit"], 65_535);
    let head = "POST /add HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n10000\r\n";
    served.send(head, &[7; 65_536]).await.is_problem(413, "too-large");
}

#[tokio::test]
async fn a_batch_gets_an_index_a_line() {
    let served = served().await;
    served.post("/add", b"two").await;
    let mut batch = Vec::new();
    for entry in ["one", "two", "three", "one"] {
        push_entry(&mut batch, entry.as_bytes());
    }
    let answer = served.post("/add-batch", &batch).await;
    assert_eq!(answer.text(), "1\n0\n2\n1\n");

    push_entry(&mut batch, b"");
    push_entry(&mut batch, b"four");
    let problem = served.post("/add-batch", &batch).await.is_problem(422, "batch-refused");
    assert_eq!(problem["indices"], serde_json::json!([1, 0, 2, 1, null, 3]));
    assert_eq!(problem["refused"][0]["position"], 4);
    assert_eq!(problem["refused"][0]["type"], "urn:fiducial:problem:empty-entry");
    assert_eq!(served.post("/add", b"four").await.text(), "3");
}

#[tokio::test]
async fn a_malformed_batch_adds_nothing() {
    let served = served().await;
    let mut batch = Vec::new();
    push_entry(&mut batch, b"one");
    batch.push(0);
    served.post("/add-batch", &batch).await.is_problem(400, "bad-batch");
    served.post("/add-batch", b"").await.is_problem(400, "bad-batch");
    served.post("/add-batch?wait=witnessed", &batch).await.is_problem(400, "bad-request");
    let many = [0, 1, 7].repeat(MAX_BATCH_ENTRIES + 1);
    served.post("/add-batch", &many).await.is_problem(400, "bad-batch");
    let large = vec![0; MAX_BATCH_SIZE + 1];
    served.post("/add-batch", &large).await.is_problem(413, "too-large");
    assert_eq!(served.log.status().sequenced, 0);
}

#[tokio::test]
async fn the_checkpoint_is_signed_and_not_cached() {
    let served = filled(3).await;
    let answer = served.get("/checkpoint").await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let note = Note::parse(&answer.body).unwrap();
    verify_ed25519(&note, &served.log.verifier_keys()[0]).unwrap();
    let tree = Checkpoint::parse(note.text()).unwrap().tree();
    assert_eq!(tree, Tree::new(3, root_of_leaves(&leaves(3))).unwrap());
}

#[tokio::test]
async fn tiles_and_bundles_are_those_of_the_tree() {
    let served = filled(260).await;
    for (path, kind, index, width) in
        [("/tile/0/000", 0, 0, 256), ("/tile/0/000.p/17", 0, 0, 17), ("/tile/0/001.p/4", 0, 1, 4)]
    {
        let answer = served.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(answer.header("cache-control").contains("max-age=31536000"));
        assert!(answer.header("cache-control").contains("immutable"));
        let tile = Tile::new(TileKind::Hashes(kind), index, width).unwrap();
        let have = parse_hashes(tile, &answer.body).unwrap();
        let start = (index * 256) as usize;
        assert_eq!(have, leaves(260)[start..start + usize::from(width)], "{path}");
    }
    let top = served.get("/tile/1/000.p/1").await;
    assert_eq!(top.body, root_of_leaves(&leaves(256)).as_bytes());
    let bundle = served.get("/tile/entries/001.p/4").await;
    let tile = Tile::new(TileKind::Entries, 1, 4).unwrap();
    let entries = parse_entries(tile, &bundle.body).unwrap();
    assert_eq!(entries, [b"entry 256", b"entry 257", b"entry 258", b"entry 259"]);
    assert_eq!(bundle.header("content-encoding"), "");
    assert_eq!(bundle.header("vary"), "accept-encoding");
}

#[tokio::test]
async fn bundles_are_compressed_for_those_who_ask_and_hashes_never() {
    let served = filled(257).await;
    let ask = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip, identity\r\n\r\n")
    };
    let plain = served.get("/tile/entries/000").await.body;
    // Twice: compressed now, and kept from before.
    for _ in 0..2 {
        let answer = served.send(&ask("/tile/entries/000"), b"").await;
        assert_eq!(answer.header("content-encoding"), "gzip");
        assert!(answer.body.len() < plain.len() / 2);
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, plain);
    }
    let hashes = served.send(&ask("/tile/0/000"), b"").await;
    assert_eq!(hashes.header("content-encoding"), "");
    assert_eq!(hashes.body.len(), 8192);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_not_cached() {
    let served = filled(3).await;
    for path in [
        "/tile/0/000",
        "/tile/0/000.p/4",
        "/tile/0/001.p/1",
        "/tile/1/000.p/1",
        "/tile/entries/000.p/4",
        "/tile/63/000.p/1",
        // The first entry of this one has no number of 64 bits.
        "/tile/entries/x018/x446/x744/x073/x709/x551/615",
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.is_problem(404, "beyond")["published_size"], 3, "{path}");
    }
    for path in [
        "/tile/0/0",
        "/tile/00/000.p/1",
        "/tile/0/000.p/0",
        "/tile/0/000.p/01",
        "/tile/0/000.p/256",
        "/tile/0/000.p/257",
        "/tile/64/000.p/1",
        "/tile/0/x000/000.p/1",
        "/tile/0/%30%30%30.p/1",
        "/tile/entries/",
        "/tile/entries/00",
        "/tile/",
        "/tile/0/../0/000.p/1",
        "/nothing",
        "/add/",
        "//checkpoint",
        "/checkpoint/",
    ] {
        served.get(path).await.is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn proofs_verify() {
    let served = filled(9).await;
    for index in 0..9 {
        let answer = served.get(&format!("/proof/{index}")).await;
        let proof = Proof::parse(&answer.body).unwrap();
        let tree = Checkpoint::parse(proof.checkpoint().text()).unwrap().tree();
        let leaf = leaves(9)[index as usize];
        verify_inclusion(leaf, index, tree, proof.hashes()).unwrap();
        assert_eq!(leaf_hash(proof.extra().unwrap()), leaf);

        let size = index.max(4) + 1;
        let answer = served.get(&format!("/proof/{index}?size={size}")).await;
        let tree = Tree::new(size, root_of_leaves(&leaves(size))).unwrap();
        verify_inclusion(leaf, index, tree, &hashes(answer.text())).unwrap();
    }
    for from in 0..=9 {
        let answer = served.get(&format!("/consistency?from={from}&to=9")).await;
        assert_eq!(answer.status, 200, "{from}: {answer:?}");
        let tree = |size| Tree::new(size, root_of_leaves(&leaves(size)));
        let (old, new) = (tree(from).unwrap(), tree(9).unwrap());
        verify_consistency(old, new, &hashes(answer.text())).unwrap();
    }
}

#[tokio::test]
async fn proofs_of_what_is_not_are_refused() {
    let served = filled(3).await;
    served.get("/proof/3").await.is_problem(404, "beyond");
    served.get("/proof/0?size=4").await.is_problem(404, "beyond");
    served.get("/consistency?from=1&to=4").await.is_problem(404, "beyond");
    served.get("/proof/2?size=2").await.is_problem(400, "impossible");
    served.get("/consistency?from=3&to=2").await.is_problem(400, "impossible");
    for path in [
        "/proof/01",
        "/proof/-1",
        "/proof/x",
        "/proof/18446744073709551616",
        "/proof/0?size=",
        "/proof/0?size=03",
        "/proof/0?sise=3",
        "/consistency",
        "/consistency?from=1",
        "/consistency?from=1&to=2&to=3",
    ] {
        served.get(path).await.is_problem(400, "bad-request");
    }
}

#[tokio::test]
async fn a_leaf_hash_leads_to_its_index() {
    let served = filled(3).await;
    let leaf = leaves(3)[2];
    // The index follows the commit in its own time.
    let mut answer = served.get(&format!("/lookup/{}", leaf.to_hex())).await;
    for _ in 0..50 {
        if answer.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = served.get(&format!("/lookup/{}", leaf.to_hex())).await;
    }
    assert_eq!(answer.text(), "2");
    let unknown = format!("/lookup/{}", Hash::ZERO.to_hex());
    served.get(&unknown).await.is_problem(404, "unknown-leaf");
    for wrong in ["00", "x", &leaf.to_hex().to_uppercase(), &leaf.to_hex()[1..]] {
        served.get(&format!("/lookup/{wrong}")).await.is_problem(400, "bad-request");
    }
}

#[tokio::test]
async fn wrong_methods_name_the_right_ones() {
    let served = served().await;
    for (method, path, allowed) in [
        ("GET", "/add", "POST"),
        ("DELETE", "/add-batch", "POST"),
        ("POST", "/checkpoint", "GET,HEAD"),
        ("PUT", "/tile/0/000", "GET,HEAD"),
        ("POST", "/", "GET,HEAD"),
        ("OPTIONS", "/proof/0", "GET,HEAD"),
    ] {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        let answer = served.send(&head, b"").await;
        answer.is_problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let served = filled(3).await;
    for path in ["/checkpoint", "/tile/0/000.p/3", "/proof/1", "/healthz"] {
        let whole = served.get(path).await;
        let head = served.send(&format!("HEAD {path} HTTP/1.1\r\nhost: x\r\n\r\n"), b"").await;
        assert_eq!(head.status, 200);
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), whole.header(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn operators_see_the_state() {
    let served = filled(2).await;
    assert_eq!(served.get("/healthz").await.text(), "ok\n");
    assert_eq!(served.get("/readyz").await.text(), "ready\n");
    let metrics = served.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        "fiducial_http_requests_total{route=\"add\",status=\"200\"}",
        "fiducial_http_request_seconds_bucket{route=\"add\"",
        "fiducial_log_sequenced_entries",
        "fiducial_log_published_entries",
        "fiducial_log_journal_sync_seconds_bucket",
        "fiducial_http_connections ",
        "fiducial_log_fatal 0",
    ] {
        assert!(metrics.text().contains(line), "{line}");
    }
    let root = served.get("/").await;
    assert!(root.text().contains("log.example/http"));
    for key in served.log.verifier_keys() {
        assert!(root.text().contains(&key.to_string()));
    }
    let page: serde_json::Value =
        serde_json::from_slice(&served.get("/openapi.json").await.body).unwrap();
    assert!(page["paths"]["/add"]["post"].is_object());
}

#[tokio::test]
async fn a_stopped_log_still_reads_and_says_why_it_takes_nothing() {
    let served = filled(2).await;
    served.log.stop();
    served.log.join();
    served.post("/add", b"late").await.is_problem(503, "stopped");
    let mut batch = Vec::new();
    push_entry(&mut batch, b"late");
    served.post("/add-batch", &batch).await.is_problem(503, "stopped");
    assert_eq!(served.get("/checkpoint").await.status, 200);
    assert_eq!(served.get("/tile/0/000.p/2").await.status, 200);
    assert_eq!(served.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn only_statements_of_listed_sources_are_taken() {
    let served = Served::start(Admission::Statements).await;
    served.post("/add", b"anything").await.is_problem(400, "not-a-statement");
    served.post("/add?wait=forever", b"anything").await.is_problem(400, "bad-request");
    let mut batch = Vec::new();
    push_entry(&mut batch, b"anything");
    let problem = served.post("/add-batch", &batch).await.is_problem(422, "batch-refused");
    assert_eq!(problem["indices"], serde_json::json!([null]));
    assert!(served.folder.path().exists());
}

#[tokio::test]
async fn an_entry_keeps_its_index_when_its_source_is_disabled() {
    let served = Served::start(Admission::Statements).await;
    let data = served.folder.path().join("log");
    let name = KeyName::parse("source.example/aoi").unwrap();
    let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[3; 32]).unwrap();
    sources::add(&data, Listing::new(&key.verifier().to_string(), "").unwrap()).unwrap();
    let statement = |sequence, previous| {
        let batch = Hash::of(b"batch");
        let draft =
            Draft::new(origin(), name.clone(), sequence, previous, After::NOTHING, batch).unwrap();
        draft.sign(&key).unwrap().to_bytes()
    };
    let first = statement(0, Hash::ZERO);
    assert_eq!(served.post("/add", &first).await.text(), "0");

    sources::set_enabled(&data, "source.example/aoi", false).unwrap();
    let next = statement(1, leaf_hash(&first));
    let mut batch = Vec::new();
    [&first, &next].into_iter().for_each(|entry| push_entry(&mut batch, entry));
    // It is looked at a second later at the latest.
    let out_of_place = statement(2, Hash::of(b"none"));
    let mut refused = served.post("/add", &out_of_place).await;
    while refused.status != 403 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        refused = served.post("/add", &out_of_place).await;
    }
    refused.is_problem(403, "source-disabled");
    assert_eq!(served.post("/add", &first).await.text(), "0");
    let problem = served.post("/add-batch", &batch).await.is_problem(422, "batch-refused");
    assert_eq!(problem["indices"], serde_json::json!([0, null]));
}
