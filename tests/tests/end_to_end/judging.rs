//! Proofs, audits and plain words for every kind of file, from a running log.

use spec::Hash;
use spec::evidence::statement::After;
use tests::oracle::literal;
use tests::store::embedded_only;

use crate::factory::Factory;
use crate::support::{Server, Source, World, samples};

/// A running log of twenty statements by two sources, their keys in `keys`.
fn log() -> (World, Server, Vec<Vec<u8>>) {
    let world = World::new("statements");
    let mut sources = [Source::new("aoi", 1), Source::new("oven", 2)];
    sources.iter().for_each(|source| world.list(&source.verifier()));
    let keys: String = sources.iter().map(|source| source.verifier() + "\n").collect();
    world.write("keys", keys);
    let server = world.serve();
    let mut entries = Vec::new();
    for at in 0..20 {
        let after = if at < 8 { After::NOTHING } else { world.after(&server, at / 4 * 4) };
        let entry = sources[at as usize % 2].next(after);
        assert_eq!(server.post("/add", &entry).index(), at);
        entries.push(entry);
        if at == 10 {
            world.write("old", world.published(&server, 11));
        }
    }
    world.write("new", world.published(&server, 20));
    (world, server, entries)
}

fn text(json: &serde_json::Value) -> String {
    json.to_string()
}

#[test]
fn inclusion_is_proved_from_an_address_and_verified_offline() {
    let (world, server, entries) = log();
    let factory = Factory { world };
    let leaf = Hash::from_bytes(literal::leaf(&entries[13]));
    let (hex, base64) = (leaf.to_hex(), leaf.to_string());
    factory.world.write("entry", &entries[13]);
    let url = server.url.clone();
    let base = ["prove", "inclusion", "--log", &url, "--policy", "policy", "--out", "r"];
    for named in [&["13"][..], &["--leaf", &hex], &["--leaf", &base64], &["--entry", "entry"]] {
        let json = factory.judge(&[&base[..], named].concat(), 0);
        assert_eq!(json["facts"]["index"], "13");
    }
    let old = [&base[..], &["5", "--checkpoint", "old"]].concat();
    assert_eq!(factory.judge(&old, 0)["facts"]["tree-size"], "11");
    let zero = "0".repeat(64);
    factory.judge(&[&base[..], &["--leaf", &zero]].concat(), 1);
    factory.judge(&[&base[..], &["20"]].concat(), 2);
    factory.judge(&[&base[..], &["13"]].concat(), 0);
    assert_eq!(server.stop(), 0);

    let verify = ["verify", "r", "--policy", "policy", "--source-key", "keys"];
    let json = factory.judge(&verify, 0);
    assert_eq!((&json["facts"]["index"], &json["facts"]["source"]), (&"13".into(), &"oven".into()));
    assert!(text(&json["not_checked"]).contains("open-no-disclosure"), "{json}");
    // With nobody to ask, nothing is proved.
    factory.judge(&[&base[..], &["13"]].concat(), 2);
}

#[test]
fn consistency_is_proved_and_verified_both_ways() {
    let (world, server, _) = log();
    let factory = Factory { world };
    let prove = ["prove", "consistency", "--from", "old", "--log", &server.url];
    for to in ["latest", "new"] {
        let more = ["--to", to, "--policy", "policy", "--out", "proof"];
        factory.judge(&[&prove[..], &more].concat(), 0);
    }
    // The log's own answer is the same proof.
    let answer = server.get("/consistency?from=11&to=20");
    assert_eq!(answer.body, factory.world.read("proof"));
    let verify = ["verify", "consistency", "old", "new", "--policy", "policy"];
    factory.judge(&[&verify[..], &["--log", &server.url]].concat(), 0);
    assert_eq!(server.stop(), 0);
    let offline = [&verify[..], &["--proof", "proof"]].concat();
    factory.judge(&offline, 0);
    // Given the wrong way round, nothing is wrong with the log.
    let swapped = ["verify", "consistency", "new", "old", "--policy", "policy", "--proof", "proof"];
    factory.judge(&swapped, 2);
    let proof = String::from_utf8(factory.world.read("proof")).unwrap();
    let first = proof.lines().next().unwrap();
    let other = Hash::of(b"another").to_string();
    for altered in [proof.replacen(first, &other, 1), format!("{proof}{other}\n")] {
        factory.world.write("proof", altered);
        factory.judge(&offline, 1);
    }
    // What was cut off proves nothing against the log.
    for unreadable in ["", "nonsense\n"] {
        factory.world.write("proof", unreadable);
        factory.judge(&offline, 2);
    }
    factory.judge(&[&verify[..], &["--proof", "missing"]].concat(), 2);
}

#[test]
fn an_audit_reads_the_whole_log_and_knows_its_sources() {
    let (world, server, _) = log();
    let factory = Factory { world };
    let url = server.url.clone();
    let audit = ["audit", "--log", &url, "--policy", "policy"];
    let json = factory.judge(&[&audit[..], &["--source-keys", "keys"]].concat(), 0);
    assert_eq!((&json["facts"]["audited"], &json["facts"]["sources"]), (&"20".into(), &"2".into()));
    let json = factory.judge(&audit, 0);
    assert!(text(&json["not_checked"]).contains("open-signatures"), "{json}");
    // One of the two sources, and the right name with another key.
    for keys in [Source::new("aoi", 1).verifier(), Source::new("aoi", 3).verifier()] {
        factory.world.write("few-keys", keys + "\n");
        factory.judge(&[&audit[..], &["--source-keys", "few-keys"]].concat(), 1);
    }
    let other = World::new("statements");
    factory.world.write("other-policy", other.read("policy"));
    factory.judge(&["audit", "--log", &server.url, "--policy", "other-policy"], 1);
    factory.judge(&["audit", "--log", &server.url], 2);
    let folder = ["audit", "--log", "nowhere", "--policy", "policy"];
    factory.judge(&folder, 2);
    assert_eq!(server.stop(), 0);
    factory.judge(&audit, 2);
}

/// It is one of static tiles up to the last full one; here there is none.
#[test]
fn a_data_folder_is_read_as_a_log_too() {
    if embedded_only("the data folder of a log in a database holds no checkpoint and no tiles") {
        return;
    }
    let (world, server, _) = log();
    let factory = Factory { world };
    assert_eq!(server.stop(), 0);
    let json = factory.judge(&["audit", "--log", "log", "--policy", "policy"], 2);
    assert_eq!(json["facts"]["audited"], "0", "{json}");
}

#[test]
fn every_kind_of_file_is_said_in_plain_words() {
    let (factory, server) = Factory::start();
    factory.anchor(&samples()[..1]);
    let name = &samples()[0].0;
    factory.world.write("checkpoint", server.get("/checkpoint").body);
    let bundle = server.get("/tile/entries/000.p/1").body;
    factory.world.write("statement", &literal::entries(&bundle).unwrap()[0]);
    assert_eq!(server.stop(), 0);
    let (receipt, disclosure) =
        (format!("papers/{name}.tlog-proof"), format!("papers/{name}.disclosure.json"));
    for (file, kind) in [
        ("checkpoint", "checkpoint"),
        ("statement", "statement"),
        (&receipt, "receipt"),
        (&disclosure, "disclosure"),
        ("source.vkey", "verifier-key"),
        ("policy", "policy"),
    ] {
        let json = factory.judge(&["inspect", file], 0);
        assert!(text(&json["facts"]["kind"]).contains(&format!("\"{kind}\"")), "{json}");
        assert_eq!(json["reasons"][0]["code"], "nothing-verified");
        assert!(json["verdict"] == "none", "{json}");
    }
    // A text that moves the cursor or turns the line cannot forge a verdict on a screen.
    let note = String::from_utf8(factory.world.read("statement")).unwrap();
    let signature = note.lines().last().unwrap();
    factory.world.write("note", format!("\u{202e}\u{9b}2Jtext\n\n{signature}\n"));
    let said = factory.world.fiducial(&["inspect", "note"]);
    assert!(!said.out.contains(['\u{202e}', '\u{9b}', '\u{1b}']), "{said:?}");
    for nothing in ["missing", "reports", "log/keys"] {
        factory.judge(&["inspect", nothing], 2);
    }
    factory.world.write("garbage", [0xff, 0, 0x80]);
    factory.judge(&["inspect", "garbage"], 2);
}
