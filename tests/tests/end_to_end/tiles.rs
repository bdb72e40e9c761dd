//! What a client of C2SP tlog-tiles finds, which knows nothing of Fiducial.
//!
//! Nothing here is read with `spec`: notes are taken apart by hand, the signature is checked with the
//! Ed25519 library itself, and trees are RFC 6962's recursion read literally.

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use tests::oracle::literal;

use crate::support::{ORIGIN, Server, World, batch};

/// Enough for a full tile at level 1, one node at level 2 and partial tiles at all three.
const SIZE: usize = 65_536 + 600;

/// The most entries of a batch.
const BATCH: usize = 4096;

fn entry(at: usize) -> Vec<u8> {
    format!("entry {at}").into_bytes()
}

/// A log of any bytes with so many entries, all published.
fn filled(size: usize) -> (World, Server) {
    let world = World::new("any");
    let server = world.serve();
    let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
    let mut next = 0_u64;
    for entries in entries.chunks(BATCH) {
        let answer = server.post("/add-batch", &batch(entries.iter().map(Vec::as_slice)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        for line in answer.text().lines() {
            assert_eq!(line, next.to_string());
            next += 1;
        }
    }
    world.published(&server, size as u64);
    (world, server)
}

/// What a checkpoint says, after its signature was checked with the key of the vkey `name+id+key`.
fn checkpoint(note: &str, vkey: &str) -> (usize, literal::Hash) {
    let mut parts = vkey.splitn(3, '+');
    let (name, id) = (parts.next().unwrap(), parts.next().unwrap());
    let key = BASE64_STANDARD.decode(parts.next().unwrap()).unwrap();
    // signed-note: the key ID is the start of SHA-256(name || 0x0A || 0x01 || public key).
    assert_eq!(key[0], 1);
    let digest = Sha256::new().chain_update(name).chain_update("\n").chain_update(&key).finalize();
    assert_eq!(id, format!("{:08x}", u32::from_be_bytes(digest[..4].try_into().unwrap())));

    let (text, signatures) = note.split_once("\n\n").unwrap();
    let text = format!("{text}\n");
    let prefix = format!("\u{2014} {name} ");
    let lines = signatures.lines().filter_map(|line| line.strip_prefix(&prefix));
    let decoded = lines.map(|line| BASE64_STANDARD.decode(line).unwrap());
    let [ours] = &decoded.filter(|line| line[..4] == digest[..4]).collect::<Vec<_>>()[..] else {
        panic!("not one signature by {vkey}: {note}");
    };
    let public = VerifyingKey::from_bytes(key[1..].try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&ours[4..]).unwrap();
    public.verify_strict(text.as_bytes(), &signature).unwrap();
    assert!(public.verify_strict(&text.as_bytes()[1..], &signature).is_err());

    let lines: Vec<&str> = text.lines().collect();
    let [origin, size, root] = lines[..] else { panic!("lines beyond the root: {text}") };
    assert_eq!(origin, ORIGIN);
    (size.parse().unwrap(), BASE64_STANDARD.decode(root).unwrap().try_into().unwrap())
}

#[test]
fn the_whole_log_is_read_and_its_root_recomputed() {
    let (world, server) = filled(SIZE);
    let answer = server.get("/checkpoint");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let (size, root) = checkpoint(answer.text(), &world.keys[0].to_string());
    assert_eq!(size, SIZE);

    let mut leaves = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - 256 * index).min(256);
        let bundle = server.get(&format!("/{}", literal::path("entries", index, width)));
        assert_eq!(bundle.status, 200, "bundle {index}");
        assert_eq!(bundle.header("content-type"), "application/octet-stream");
        let entries = literal::entries(&bundle.body).unwrap();
        assert_eq!(entries.len(), width);
        for found in entries {
            assert_eq!(found, entry(leaves.len()));
            leaves.push(literal::leaf(&found));
        }
    }
    assert_eq!(literal::root(&leaves), root);

    for level in 0..3_u32 {
        let nodes = size >> (8 * level);
        for index in 0..nodes.div_ceil(256) {
            let width = (nodes - 256 * index).min(256);
            let path = format!("/{}", literal::path(&level.to_string(), index, width));
            let tile = server.get(&path);
            assert_eq!(tile.status, 200, "{path}");
            assert_eq!(tile.header("content-type"), "application/octet-stream");
            let cached = tile.header("cache-control");
            assert!(cached.contains("immutable") && cached.contains("max-age="), "{cached}");
            assert!(tile.body == literal::tile(&leaves, level, index), "{path}");
        }
    }
}

#[test]
fn bundles_travel_compressed_and_hashes_do_not() {
    let (_world, server) = filled(700);
    for path in ["/tile/entries/000", "/tile/entries/001", "/tile/entries/002.p/188"] {
        let plain = server.get(path);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{path}");
        let packed = server.get_with(path, "accept-encoding: gzip\r\n");
        assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"), "{path}");
        assert!(packed.body.len() < plain.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body);
        for answer in [plain, packed] {
            assert_eq!(answer.header("vary"), "accept-encoding");
            assert!(answer.header("cache-control").contains("immutable"));
            assert_eq!(answer.header("content-type"), "application/octet-stream");
        }
        let refused = server.get_with(path, "accept-encoding: gzip;q=0, identity\r\n");
        assert_eq!(refused.header("content-encoding"), "");
    }
    for path in ["/tile/0/000", "/tile/0/002.p/188", "/tile/1/000.p/2", "/checkpoint"] {
        let answer = server.get_with(path, "accept-encoding: gzip\r\n");
        assert_eq!((answer.status, answer.header("content-encoding")), (200, ""), "{path}");
    }
}

#[test]
fn partial_tiles_are_the_start_of_wider_ones_and_what_is_missing_is_404() {
    let (_world, server) = filled(300);
    let full = server.get("/tile/0/000").body;
    for width in [1, 17, 255] {
        let partial = server.get(&format!("/tile/0/000.p/{width}"));
        assert_eq!((partial.status, &partial.body[..]), (200, &full[..32 * width]));
    }
    let entries = literal::entries(&server.get("/tile/entries/001.p/5").body).unwrap();
    assert_eq!(entries, (256..261).map(entry).collect::<Vec<_>>());
    for (path, kind) in [
        ("/tile/0/001", "beyond"),
        ("/tile/0/001.p/45", "beyond"),
        ("/tile/1/000", "beyond"),
        ("/tile/1/000.p/2", "beyond"),
        ("/tile/2/000.p/1", "beyond"),
        ("/tile/0/x001/x234/067", "beyond"),
        ("/tile/entries/001", "beyond"),
        ("/tile/entries/001.p/45", "beyond"),
        ("/tile/0/0", "not-found"),
        ("/tile/0/000.p/0", "not-found"),
        ("/tile/0/000.p/256", "not-found"),
        ("/tile/0/000.p/01", "not-found"),
        ("/tile/00/000", "not-found"),
        ("/tile/64/000", "not-found"),
        ("/tile/0/x000/000", "not-found"),
        ("/tile/entries/1", "not-found"),
        ("/tile/", "not-found"),
        ("/nowhere", "not-found"),
    ] {
        let answer = server.get(path);
        answer.is_problem(404, kind);
        // It may be there later.
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[test]
fn entries_get_digits_and_receipts_that_the_verifier_takes() {
    let (world, server) = filled(0);
    for at in 0..300 {
        let answer = server.post("/add", &entry(at));
        // Digits only and no line break: what other load tools of this ecosystem parse.
        assert_eq!((answer.status, answer.body), (200, at.to_string().into_bytes()));
        if at == 99 {
            world.write("old", world.published(&server, 100));
        }
    }
    world.write("new", world.published(&server, 300));
    let waited = server.post("/add?wait=witnessed", &entry(300));
    assert_eq!(waited.status, 200);
    world.write("waited", waited.body);
    world.write("entry", entry(300));
    let verify = |receipt: &str, code: i32| {
        let words = ["verify", receipt, "--entry", "entry", "--policy", "policy"];
        world.fiducial(&words).ends_with(code);
    };
    verify("waited", 0);
    for at in [0, 99, 255, 256, 300] {
        world.write("receipt", server.get(&format!("/proof/{at}")).body);
        world.write("entry", entry(at));
        verify("receipt", 0);
        world.write("entry", entry(at + 1));
        verify("receipt", 1);
        let hash = literal::leaf(&entry(at));
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let found = server.get(&format!("/lookup/{hex}"));
        assert_eq!((found.status, found.text()), (200, at.to_string().as_str()));
    }
    server.get("/proof/301").is_problem(404, "beyond");
    server.get("/proof/01").is_problem(400, "bad-request");
    server.get(&format!("/lookup/{}", "0".repeat(64))).is_problem(404, "unknown-leaf");
    server.get("/lookup/xyz").is_problem(400, "bad-request");

    let consistency = server.get("/consistency?from=100&to=300");
    assert_eq!(consistency.status, 200);
    world.write("proof", consistency.body);
    let words = ["verify", "consistency", "old", "new", "--policy", "policy", "--proof", "proof"];
    world.fiducial(&words).ends_with(0);
    server.get("/consistency?from=300&to=100").is_problem(400, "impossible");
    server.get("/consistency?from=100&to=999").is_problem(404, "beyond");
    server.get("/consistency?from=100").is_problem(400, "bad-request");
}

#[test]
fn operators_find_what_they_need() {
    let (_world, server) = filled(10);
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.text()), (200, text));
    }
    let metrics = server.get("/metrics");
    let lines: Vec<&str> = metrics.text().lines().collect();
    for line in ["fiducial_log_sequenced_entries 10", "fiducial_log_published_entries 10"] {
        assert!(lines.contains(&line), "{line}: {}", metrics.text());
    }
    let page = server.get("/openapi.json");
    assert_eq!(page.header("content-type"), "application/json");
    let page: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
    let paths = page["paths"].as_object().unwrap();
    for (path, method) in [
        ("/add", "post"),
        ("/add-batch", "post"),
        ("/checkpoint", "get"),
        ("/consistency", "get"),
        ("/healthz", "get"),
        ("/lookup/{leaf}", "get"),
        ("/metrics", "get"),
        ("/proof/{index}", "get"),
        ("/readyz", "get"),
        ("/tile/entries/{index}", "get"),
        ("/tile/{level}/{index}", "get"),
    ] {
        assert!(paths[path][method].is_object(), "{method} {path}");
    }
}
