//! A log whose disk died: rebuilt from a mirror and from what the agent kept, or ended and succeeded.

use std::fs;

use tests::store::embedded_only;

use crate::factory::{Factory, SOURCE};
use crate::stores::copy_folder;
use crate::support::{ORIGIN, World, samples};
use crate::witnesses::Panel;

/// Why a dead log is an embedded one.
const WHY: &str =
    "`recover` and `init --succeeds` write the journal's file; a dead database has its backup";

/// What a recovery is given besides sources of entries.
const REBUILD: [&str; 6] = ["recover", "--backup", "backup", "--data", "log", "--unwitnessed"];

/// A factory of which a mirror has the first statement, whose agent has anchored two more, and whose
/// log's folder is gone. With the address at which the agent knows the log.
fn dead() -> (Factory, String) {
    let (factory, server) = Factory::start();
    let (world, reports) = (&factory.world, samples());
    copy_folder(&world.path("log"), &world.path("backup"));
    factory.anchor(&reports[..1]);
    let listen = server.address().to_owned();
    world.log(&["export", "--data", "log", "--to", "mirror"]).ends_with(0);
    factory.anchor(&reports[1..2]);
    factory.anchor(&reports[2..3]);
    assert_eq!(server.stop(), 0);
    fs::rename(world.path("log"), world.path("dead")).unwrap();
    // What a backup has, and no journal.
    for name in ["journal", "journal-mark", "signed-head", "checkpoint"] {
        fs::remove_file(world.path("backup").join(name)).unwrap();
    }
    (factory, listen)
}

#[test]
fn a_log_comes_back_from_a_mirror_and_the_agents_statements() {
    if embedded_only(WHY) {
        return;
    }
    let (factory, listen) = dead();
    let (world, reports) = (&factory.world, samples());
    // Without what the agent kept nothing is known of the tail, and a log of one entry would be a fork.
    let words = ["statements", "--vault", "vault", "--since-entry", "1", "--out", "kept", "--json"];
    let said = world.agent(&words).ends_with(0).json();
    assert_eq!((&said["receipts"], &said["statements"]), (&2.into(), &0.into()), "{said}");
    let name = |sequence| format!("kept/{}-{sequence}.tlog-proof", SOURCE.replace('/', "_"));
    let lost = world.read(&name(1));
    fs::remove_file(world.path(&name(1))).unwrap();
    fs::remove_file(world.path(&name(2))).unwrap();
    let rebuild = [&REBUILD[..], &["--from", "mirror", "--statements", "kept"]].concat();
    let said = world.log(&rebuild).ends_with(2);
    assert!(said.err.contains("2 of 3 entries are missing: 1-2"), "{said:?}");
    assert!(world.try_serve("log", &[]).is_err());

    // Handed out once more, what is there stays as it is.
    world.write(&name(1), &lost);
    let zh = world.agent(&[&["--lang", "zh"], &words[..7]].concat()).ends_with(0);
    assert!(zh.out.contains("回执"), "{zh:?}");
    world.log(&rebuild).ends_with(0);
    world.log(&["check", "--data", "log"]).ends_with(0);
    for name in ["checkpoint", "signed-head"] {
        assert_eq!(world.read(&format!("log/{name}")), world.read(&format!("dead/{name}")));
    }
    // The source is listed as it was in the backup, and its chain goes on.
    let server = world.serve_with(&["--listen", &listen]);
    let json = factory.anchor(&reports[3..4]);
    let placed = (&json["statements"][0]["sequence"], &json["statements"][0]["index"]);
    assert_eq!(placed, (&3.into(), &3.into()));
    let audit =
        ["audit", "--log", &server.url, "--policy", "policy", "--source-keys", "source.vkey"];
    world.fiducial(&audit).ends_with(0);
    assert_eq!(server.stop(), 0);
    for (name, _) in &reports[..4] {
        factory.verify(name, 0);
    }
}

#[test]
fn a_running_agent_hands_out_its_statements_too() {
    let (factory, server) = Factory::start();
    let (world, reports) = (&factory.world, samples());
    factory.anchor(&reports[..2]);
    let source = format!("[[source]]\nname = \"{SOURCE}\"\nevery = \"1h\"\n");
    world.write("agent.toml", format!("vault = \"vault\"\nlisten = \"127.0.0.1:0\"\n{source}"));
    let run = ["run", "--config", "agent.toml"];
    let agent = crate::support::Server::start(world.command("fiducial-agent").args(run));
    let agent = agent.unwrap_or_else(|said| panic!("{said:?}"));
    let words = ["statements", "--vault", "vault", "--source", SOURCE, "--out", "kept", "--json"];
    let said = world.agent(&words).ends_with(0).json();
    assert!(said["receipts"].as_u64() >= Some(1), "{said}");
    assert!(world.path("kept").read_dir().unwrap().count() >= 2);
    assert_eq!(agent.stop(), 0);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_log_with_witnesses_ends_at_the_newest_head_that_any_of_them_has_cosigned() {
    if embedded_only(WHY) {
        return;
    }
    let mut panel = Panel::new(3, 2);
    let server = panel.serve();
    for at in 0..4 {
        panel.receipt(&server, format!("early {at}").as_bytes());
    }
    assert_eq!(server.stop(), 0);
    let path = |name: &str| panel.world.path(name);
    panel.world.log(&["export", "--data", "log", "--to", "mirror"]).ends_with(0);
    let server = panel.serve();
    let (receipt, _) = panel.receipt(&server, b"late");
    panel.cosigned(&[0, 1, 2], 5);
    panel.world.log(&["export", "--data", "log", "--to", "newer"]).ends_with(0);
    assert_eq!(server.stop(), 0);
    fs::rename(path("log"), path("dead")).unwrap();

    let words = ["recover", "--backup", "dead", "--data", "log", "--policy", "policy", "--from"];
    let said = panel.world.log(&[&words[..], &["mirror"]].concat()).ends_with(2);
    assert!(said.err.contains("1 of 5 entries are missing: 4"), "{said:?}");
    panel.witnesses[1].stop();
    let said = panel.world.log(&[&words[..], &["newer"]].concat()).ends_with(2);
    assert!(said.err.contains("--without-witness"), "{said:?}");
    assert!(panel.world.try_serve("log", &[]).is_err());
    panel.witnesses[1].start(&panel.world);
    let said = panel.world.log(&[&words[..], &["newer"]].concat()).ends_with(0);
    assert!(said.out.contains("5 entries"), "{said:?}");
    let server = panel.serve();
    panel.receipt(&server, b"after");
    panel.verify(&receipt, b"late", "policy", &[], 0);
    assert_eq!(panel.shown(&server).tree().size(), 6);
    assert_eq!(server.stop(), 0);
}

/// Makes the successor of a dead log, whose checkpoint is `newest`, in the folder `log`.
fn succeed(world: &World, more: &[&str]) -> crate::support::Said {
    let words = [
        "init",
        "--data",
        "log",
        "--origin",
        "factory.example/evidence-2",
        "--succeeds",
        "newest",
        "--why",
        "the disk died, and two entries with it",
    ];
    world.log(&[&words[..], more].concat())
}

#[test]
fn a_log_that_cannot_be_rebuilt_is_succeeded_by_one_that_says_so_first() {
    if embedded_only(WHY) {
        return;
    }
    let (factory, _) = dead();
    let (world, reports) = (&factory.world, samples());
    world.write("newest", world.read("dead/checkpoint"));
    // Whose word it is must be said.
    let said = succeed(world, &[]).ends_with(2);
    assert!(said.err.contains("--old-keys"), "{said:?}");
    assert!(!world.path("log").exists());
    // What the old folder itself knows to be older is not the last.
    world.write("newest", world.read("mirror/checkpoint"));
    let said = succeed(world, &["--old-keys", "dead"]).ends_with(2);
    assert!(said.err.contains("has signed 3 entries"), "{said:?}");
    assert!(!world.path("log").exists());
    world.write("newest", world.read("dead/checkpoint"));
    let said = succeed(world, &["--old-keys", "backup"]).ends_with(0);
    let logs: String = said.out.lines().map(|key| format!("log {key}\n")).collect();
    world.write("policy-2", format!("{logs}quorum none\n"));
    let old = String::from_utf8(world.read("policy")).unwrap().replace("quorum none\n", "");
    world.write("policy-both", format!("{old}{logs}quorum none\n"));

    // The source begins a new chain in it, with a vault of its own.
    let server = world.serve();
    let key = said.out.lines().next().unwrap().to_owned();
    let init = ["init", "--vault", "vault-2", "--source", SOURCE, "--log", &server.url];
    let said = world.agent(&[&init[..], &["--log-key", &key]].concat()).ends_with(0);
    world.write("source-2.vkey", &said.out);
    world.list("source-2.vkey");
    world.write("reports/new.json", &reports[3].1);
    let anchor =
        ["anchor", "reports/new.json", "--vault", "vault-2", "--out", "papers-2", "--json"];
    let json = world.agent(&anchor).ends_with(0).json();
    let placed = (&json["statements"][0]["sequence"], &json["statements"][0]["index"]);
    assert_eq!(placed, (&0.into(), &1.into()), "entry 0 is taken");

    let audit = |policy: &str| {
        let words = ["audit", "--log", &server.url, "--policy", policy, "--source-keys"];
        factory.judge(&[&words[..], &["source-2.vkey"]].concat(), 0)
    };
    let json = audit("policy-2");
    assert!(json["facts"]["succeeds"].as_str().unwrap().starts_with(&format!("{ORIGIN} 3 ")));
    assert_eq!(json["facts"]["why-ended"], "the disk died, and two entries with it");
    let codes = |json: &serde_json::Value, of: &str| json[of].to_string();
    assert!(codes(&json, "reasons").contains("succession-sound"), "{json}");
    assert!(codes(&json, "not_checked").contains("open-old-log-silent"), "{json}");
    let json = audit("policy-both");
    assert!(codes(&json, "reasons").contains("succession-vouched"), "{json}");

    // Entry 0 as a file, for people.
    let entries = server.get("/tile/entries/000.p/2").body;
    let length = usize::from(u16::from_be_bytes([entries[0], entries[1]]));
    world.write("entry-0", &entries[2..2 + length]);
    let json = factory.judge(&["inspect", "entry-0"], 0);
    assert_eq!(json["facts"]["why-ended"], "the disk died, and two entries with it");
    assert!(server.get("/entry/0").text().contains("two entries with it"));
    // It is there already; another one is not taken, nor one for another log.
    assert_eq!(server.post("/add", &entries[2..2 + length]).index(), 0);
    let text = String::from_utf8(entries[2..2 + length].to_vec()).unwrap();
    let other = text.replace("two entries", "three entries");
    assert_eq!(server.post("/add", other.as_bytes()).status, 400);
    assert_eq!(server.stop(), 0);
    world.log(&["check", "--data", "log"]).ends_with(0);
    // Receipts of the old log are what they were.
    for (name, _) in &reports[..3] {
        factory.verify(name, 0);
    }
}
