//! The agent as a service: it watches, is killed, goes on, and loses nothing.

use std::time::SystemTime;

use serde_json::Value;
use spec::Hash;
use tests::plant::Bulk;

use crate::factory::{Factory, SOURCE, watch_config};
use crate::support::{Server, wait};

fn run(factory: &Factory) -> Server {
    let mut command = factory.world.command("fiducial-agent");
    Server::start(command.args(["run", "--config", "agent.toml"]))
        .unwrap_or_else(|said| panic!("{said:?}"))
}

fn status(agent: &Server) -> Value {
    serde_json::from_slice(&agent.get("/status.json").body).unwrap()
}

/// Waits until everything that lies there now is anchored.
#[track_caller]
fn all_is_anchored(agent: &Server) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    // Whatever was written is stable, and a pass has begun, some seconds from now.
    let from = u64::try_from(now.as_millis()).unwrap() + 4000;
    wait("something is not anchored", || {
        let status = status(agent);
        let source = &status["sources"][0];
        let nothing = |value: &Value| value.as_u64() == Some(0);
        let done = status["made"].as_u64() > Some(from)
            && nothing(&source["pending"])
            && nothing(&source["unanchored"])
            && nothing(&source["watches"][0]["unsettled"]);
        done.then_some(())
    });
}

/// How many records of these bytes the vault has.
fn records(factory: &Factory, bytes: &[u8]) -> usize {
    let hash = Hash::of(bytes).to_hex();
    let words = ["papers", "--vault", "vault", "--sha256", &hash, "--out", "papers", "--json"];
    let said = factory.world.agent(&words);
    if said.code == 2 { 0 } else { said.ends_with(0).json().as_array().unwrap().len() }
}

#[test]
fn every_version_of_every_file_is_anchored_once_however_often_the_agent_is_killed() {
    let (factory, server) = Factory::start();
    factory.watch("cfx", "1s");
    let reports = Bulk::new(11);
    let mut versions: Vec<Vec<u8>> = Vec::new();
    let mut agent = run(&factory);
    for round in 0..3_u64 {
        for at in 0..20 {
            let bytes = reports.report(round * 100 + at);
            factory.world.write(&format!("reports/{round}-{at}.json"), &bytes);
            versions.push(bytes);
        }
        // Killed with files half captured, and once more as soon as it is back.
        for _ in 0..2 {
            drop(agent);
            agent = run(&factory);
        }
        all_is_anchored(&agent);
        // The same name with other bytes is a new version.
        for at in 0..5 {
            let bytes = reports.report(round * 100 + 50 + at);
            factory.world.write(&format!("reports/{round}-{at}.json"), &bytes);
            versions.push(bytes);
        }
        all_is_anchored(&agent);
    }
    assert_eq!(agent.get("/healthz").status, 200);
    assert_eq!(agent.stop(), 0);

    let check = factory.world.agent(&["check", "--vault", "vault"]).ends_with(0);
    assert!(check.out.contains(" 0 things are damaged"), "{}", check.out);
    for (at, bytes) in versions.iter().enumerate() {
        assert_eq!(records(&factory, bytes), 1, "version {at}");
    }
    assert_eq!(records(&factory, b"never there"), 0);

    let audit = ["audit", "--log", &server.url, "--policy", "policy", "--source-keys"];
    factory.world.fiducial(&[&audit[..], &["source.vkey"]].concat()).ends_with(0);
    // What is handed out is judged by the verifier alone.
    let hash = Hash::of(&versions[7]).to_hex();
    let words = ["papers", "--vault", "vault", "--sha256", &hash, "--evidence", "--out", "handed"];
    let said = factory.world.agent(&[&words[..], &["--json"]].concat()).ends_with(0).json();
    let paper = |name: &str| said[0][name].as_str().unwrap().to_owned();
    let receipt = paper("receipt");
    let file = receipt.replace(".tlog-proof", ".evidence");
    assert_eq!(factory.world.read(&file), versions[7]);
    let disclosure = paper("disclosure");
    let words = crate::factory::verify_words(&receipt, &file, &disclosure, "policy", "source.vkey");
    // The evidence goes by its hash; its name is the machine's.
    let judged = factory.world.fiducial(&words).ends_with(0);
    assert!(judged.out.contains("VERIFIED"), "{}", judged.out);
}

#[test]
fn a_dry_run_reports_what_would_be_anchored_and_writes_nothing() {
    let (factory, _server) = Factory::start();
    factory.watch("cfx", "1s");
    for at in 0..7 {
        factory.world.write(&format!("reports/{at}.json"), Bulk::new(3).report(at));
    }
    factory.world.write("reports/notes.txt", "no report");
    let check = ["check-config", "--config", "agent.toml"];
    factory.world.agent(&check).ends_with(0);
    let said = factory.world.agent(&[&check[..], &["--dry-run"]].concat()).ends_with(0);
    assert!(said.out.contains("7 x aoi-report"), "{}", said.out);
    assert!(said.out.contains("1 x attachment"), "{}", said.out);
    assert!(said.out.contains("Nothing was written"), "{}", said.out);
    assert_eq!(records(&factory, &Bulk::new(3).report(0)), 0);

    let config = watch_config("cfx", "1s").replace("stable", "stabel");
    factory.world.write("agent.toml", config);
    let said = factory.world.agent(&check).ends_with(2);
    assert!(said.err.contains("stabel") && said.err.contains("reports"), "{}", said.err);
}

#[test]
fn run_once_anchors_what_is_there_and_ends() {
    let (factory, _server) = Factory::start();
    factory.watch("cfx", "1s");
    let bytes = Bulk::new(5).report(0);
    factory.world.write("reports/one.json", &bytes);
    let once = ["run", "--once", "--config", "agent.toml"];
    let said = factory.world.agent(&once).ends_with(0);
    assert!(said.out.contains("captured 1 item as 1 record"), "{}", said.out);
    assert_eq!(records(&factory, &bytes), 1);
    factory.world.agent(&once).ends_with(0);
    assert_eq!(records(&factory, &bytes), 1, "nothing is anchored twice");
    // A share that is away is no success, though the heartbeat is anchored.
    std::fs::remove_dir_all(factory.world.path("reports")).unwrap();
    let said = factory.world.agent(&once).ends_with(2);
    assert!(said.err.contains("watches cannot be looked at"), "{}", said.err);
}

#[test]
fn a_source_is_enrolled_by_a_request_and_its_keys_follow_one_another() {
    let (factory, server) = Factory::start();
    let world = &factory.world;
    let add = ["source", "add", "line-4.example/oven-2", "--vault", "vault"];
    let oven = world.agent(&add).ends_with(0).out;
    let file = ["--vault", "vault", "--out"];
    let request = ["source", "request", "line-4.example/oven-2"];
    world.agent(&[&request[..], &file, &["oven.enrolment"]].concat()).ends_with(0);
    world.write("reports/first.csv", "t;C\n0;25\n");
    let anchor = |name: &str| {
        let source = ["anchor", name, "--vault", "vault", "--source", "line-4.example/oven-2"];
        world.agent(&[&source[..], &["--timeout", "2"]].concat())
    };
    // Not listed yet: the statement is kept.
    assert_ne!(anchor("reports/first.csv").code, 0);
    world.log(&["source", "approve", "oven.enrolment", "--data", "log"]).ends_with(0);
    world.write("reports/second.csv", "t;C\n0;26\n");
    anchor("reports/second.csv").ends_with(0);

    let rotate = ["source", "rotate", "line-4.example/oven-2"];
    world.agent(&[&rotate[..], &file, &["oven-new.enrolment"]].concat()).ends_with(0);
    world.log(&["source", "approve", "oven-new.enrolment", "--data", "log"]).ends_with(0);
    let switch = ["source", "switch", "line-4.example/oven-2", "--vault", "vault", "--json"];
    let new = world.agent(&switch).ends_with(0).json()["source_key"].as_str().unwrap().to_owned();
    world.write("reports/third.csv", "t;C\n0;27\n");
    anchor("reports/third.csv").ends_with(0);
    world.log(&["source", "retire", oven.trim(), "--data", "log"]).ends_with(0);
    world.write("reports/fourth.csv", "t;C\n0;28\n");
    anchor("reports/fourth.csv").ends_with(0);

    world.write("keys", format!("{oven}{new}\n"));
    let audit = ["audit", "--log", &server.url, "--policy", "policy", "--source-keys", "keys"];
    world.fiducial(&audit).ends_with(0);
    let list = world.agent(&["source", "list", "--vault", "vault"]).ends_with(0).out;
    assert!(list.contains(&new) && list.contains(SOURCE), "{list}");
    world.agent(&["check", "--vault", "vault"]).ends_with(0);
}

#[test]
fn a_restored_vault_goes_on_behind_what_the_log_has_and_says_what_is_lost() {
    let (factory, server) = Factory::start();
    let world = &factory.world;
    let report = |name: &str| vec![(format!("{name}.csv"), name.as_bytes().to_vec())];
    factory.anchor(&report("before"));
    world.agent(&["backup", "--vault", "vault", "--to", "copy"]).ends_with(0);
    factory.anchor(&report("lost"));
    std::fs::rename(world.path("vault"), world.path("gone")).unwrap();
    world.agent(&["restore", "--from", "copy", "--to", "vault"]).ends_with(0);
    let json = factory.anchor(&report("after"));
    let statements = json["statements"].as_array().unwrap();
    assert_eq!(statements.last().unwrap()["sequence"], 2, "{json}");
    assert_eq!(records(&factory, b"lost"), 0);
    assert_eq!(records(&factory, b"after"), 1);
    let audit = ["audit", "--log", &server.url, "--policy", "policy", "--source-keys"];
    world.fiducial(&[&audit[..], &["source.vkey"]].concat()).ends_with(0);
    world.agent(&["check", "--vault", "vault"]).ends_with(0);
}

#[test]
fn an_encrypted_vault_needs_its_passphrase_and_shows_nothing_without() {
    let (factory, server) = Factory::start();
    let world = &factory.world;
    world.write("passphrase", "correct horse battery\n");
    world.write("wrong", "incorrect horse\n");
    let keys: Vec<String> =
        world.keys.iter().flat_map(|key| ["--log-key".to_owned(), key.to_string()]).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let init = ["init", "--vault", "closed", "--source", "oven-9", "--log", &server.url];
    let with = ["--passphrase-file", "passphrase"];
    let key = world.agent(&[&init[..], &keys, &with].concat()).ends_with(0).out;
    world.write("oven.vkey", key);
    world.list("oven.vkey");
    let secret = b"serial SN-4711-0815 of a customer";
    world.write("reports/secret-name.txt", secret);
    let anchor = ["anchor", "reports/secret-name.txt", "--vault", "closed", "--out", "papers"];
    let said = world.agent(&[&anchor[..], &["--passphrase-file", "wrong"]].concat());
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(world.agent(&anchor).code, 2, "no passphrase");
    world.agent(&[&anchor[..], &with].concat()).ends_with(0);
    let mut folders = vec![world.path("closed")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for hidden in [&b"SN-4711-0815"[..], b"secret-name"] {
                let shown = bytes.windows(hidden.len()).any(|window| window == hidden);
                assert!(!shown, "{} shows {hidden:?}", path.display());
            }
        }
    }
}

#[test]
fn a_lots_key_is_handed_out_before_it_is_used_and_as_often_as_asked() {
    let (factory, _server) = Factory::start();
    let make = |more: &[&str]| {
        let words = ["lot-key", "LOT-A", "--vault", "vault", "--out"];
        factory.world.agent(&[&words[..], more].concat())
    };
    assert_eq!(make(&["nowhere/key"]).code, 2, "the key could not be handed out");
    make(&["first"]).ends_with(0);
    make(&["again"]).ends_with(0);
    assert_eq!(factory.world.read("first"), factory.world.read("again"));
    factory.world.write("other", "00".repeat(32));
    assert_eq!(make(&["third", "--from", "other"]).code, 2, "a lot keeps its key");
    assert!(!factory.world.path("third").exists());
    make(&["third", "--from", "first"]).ends_with(0);
}
