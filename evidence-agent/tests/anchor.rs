//! The agent against a log over HTTP: what it writes, in which order, and what it does not believe.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its own body may")]

mod support;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use evidence_agent::{EXIT_ANCHORED, EXIT_COULD_NOT, EXIT_REFUSED};
use serde_json::Value;
use spec::Hash;
use spec::evidence::disclosure::{Disclosure, OpenedBatch};
use spec::evidence::kind::Kind;
use spec::evidence::statement::{After, Statement, VerifiedStatement};
use spec::hash::leaf_hash;
use spec::key::VerifierKey;
use spec::policy::Policy;
use spec::proof::Proof;
use support::{Manner, SLOWNESS, TestLog, log_key};
use tempfile::TempDir;

/// A factory with one source and one log.
struct Factory {
    folder: TempDir,
    log: TestLog,
    source: VerifierKey,
}

struct Said {
    code: u8,
    out: String,
    err: String,
}

fn agent(words: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["fiducial-agent"].iter().chain(words).map(OsString::from);
    let code = evidence_agent::run(words, &mut out, &mut err);
    Said { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

impl Factory {
    fn new() -> Self {
        let (folder, log) = (tempfile::tempdir().unwrap(), TestLog::start());
        let vault = folder.path().join("vault");
        let key = log_key(1).verifier().to_string();
        let vault = vault.to_str().unwrap();
        let words = ["init", "--vault", vault, "--source", "line-4.example/aoi-7"];
        let said = agent(&[&words[..], &["--log", &log.url, "--log-key", &key]].concat());
        assert_eq!(said.code, EXIT_ANCHORED, "{}", said.err);
        let source = VerifierKey::parse(said.out.trim_end()).unwrap();
        Self { folder, log, source }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn anchor(&self, files: &[&Path], more: &[&str]) -> Said {
        let vault = self.path("vault");
        let mut words = vec!["anchor", "--vault", vault.to_str().unwrap()];
        words.extend(files.iter().map(|path| path.to_str().unwrap()));
        words.extend(more);
        agent(&words)
    }

    /// Checks a receipt and an opening as a buyer would, with the source's key and the policy.
    fn verify(&self, name: &str) -> (Proof, VerifiedStatement, OpenedBatch) {
        let receipt = fs::read(self.path(&format!("{name}.tlog-proof"))).unwrap();
        let receipt = Proof::parse(&receipt).unwrap();
        let statement = Statement::parse(receipt.extra().unwrap()).unwrap();
        let statement = statement.verify(&self.source).unwrap();
        let policy = format!("log {}\nquorum none\n", log_key(1).verifier());
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        receipt.verify(statement.leaf_hash(), &policy).unwrap();
        let opening = fs::read(self.path(&format!("{name}.disclosure.json"))).unwrap();
        let opened = Disclosure::parse(&opening).unwrap().verify(&statement).unwrap();
        (receipt, statement, opened)
    }
}

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples");
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn reports_are_anchored_and_their_papers_verify() {
    let factory = Factory::new();
    let bytes = sample("aoi-panel-failed.json");
    let report = factory.file("in/aoi.json", &bytes);
    let picture = factory.file("in/board.png", b"\x89PNG not really");
    let said = factory.anchor(&[&report, &picture], &[]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}{}", said.out, said.err);
    assert!(said.out.contains("its bytes are anchored, not read: not JSON"), "{}", said.out);
    assert!(said.out.contains("no witness has confirmed it"), "{}", said.out);

    let (receipt, statement, opened) = factory.verify("aoi.json");
    assert_eq!((receipt.index(), statement.sequence()), (1, 0));
    assert_eq!(statement.previous(), Hash::ZERO);
    assert_eq!(statement.after().tree().size(), 1, "the other source's entry came before");
    assert_eq!(opened.header().unwrap().text("record/count"), Some("2"));
    let record = &opened.records()[1];
    assert_eq!(
        (record.kind(), record.text("verdict")),
        (Kind::AoiReport, Some("Passed\nFailed\nPassed\n"))
    );
    assert_eq!(record.text("file/sha256"), Some(Hash::of(&bytes).to_hex().as_str()));
    let (_, _, opened) = factory.verify("board.png");
    assert_eq!(opened.records()[1].kind(), Kind::Attachment);
    assert_eq!(fs::read(&report).unwrap(), bytes, "a report is never changed");
}

#[test]
fn statements_of_a_source_are_a_chain() {
    let factory = Factory::new();
    factory.log.append(b"more of another source");
    for (name, sequence) in [("a", 0), ("b", 1), ("c", 2)] {
        let file = factory.file(name, name.as_bytes());
        assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
        factory.log.append(name.as_bytes());
        let (_, statement, opened) = factory.verify(name);
        assert_eq!(statement.sequence(), sequence);
        let first = sequence.to_string();
        assert_eq!(opened.header().unwrap().text("record/first"), Some(first.as_str()));
    }
    let of_source: Vec<Vec<u8>> = factory.log.received();
    let second = Statement::parse(&of_source[1]).unwrap();
    let third = Statement::parse(&of_source[2]).unwrap();
    assert_eq!(second.previous(), leaf_hash(&of_source[0]));
    assert_eq!(third.previous(), leaf_hash(&of_source[1]));
    assert_eq!(third.after().tree().size(), 6);
}

#[test]
fn an_empty_log_gives_no_lower_bound() {
    let factory = Factory::new();
    factory.log.empty();
    let file = factory.file("first", b"1");
    assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
    assert_eq!(factory.verify("first").1.after(), After::NOTHING);
}

#[test]
fn a_send_without_an_answer_is_repeated_with_the_same_bytes() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::Overloaded, Manner::Broken, Manner::Index]);
    let file = factory.file("report", b"1");
    let said = factory.anchor(&[&file], &[]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.err);
    let received = factory.log.received();
    assert_eq!(received.len(), 3, "the index leads to the proof by itself");
    assert!(received.iter().all(|bytes| *bytes == received[0]));
    assert_eq!(factory.log.entries().len(), 2);
    factory.verify("report");
}

#[test]
fn an_unfinished_statement_is_finished_by_the_next_run() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::Overloaded]);
    let file = factory.file("report", b"1");
    let said = factory.anchor(&[&file], &["--timeout", "0"]);
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(said.err.contains("is kept in the vault"), "{}", said.err);
    assert!(!factory.path("report.tlog-proof").exists());
    // The file may be gone by then: what was stated is in the vault.
    fs::remove_file(&file).unwrap();
    let next = factory.file("next", b"2");
    let said = factory.anchor(&[&next], &[]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.err);
    let received = factory.log.received();
    assert_eq!((received.len(), &received[0]), (3, &received[1]));
    assert_eq!(factory.verify("report").1.sequence(), 0);
    assert_eq!(factory.verify("next").1.sequence(), 1);
    let said = factory.anchor(&[], &[]);
    assert!(said.code == EXIT_ANCHORED && said.out.contains("nothing to do"), "{}", said.out);
}

#[test]
fn a_request_does_not_outlast_the_time_that_was_given() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::Slow]);
    let file = factory.file("report", b"1");
    let started = Instant::now();
    let said = factory.anchor(&[&file], &["--timeout", "2"]);
    let took = started.elapsed();
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(said.err.contains("within 2 s"), "{}", said.err);
    assert!(took >= Duration::from_secs(1) && took < SLOWNESS - Duration::from_secs(1), "{took:?}");
}

#[test]
fn files_behind_an_unfinished_statement_are_said_to_be_left() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::Overloaded; 3]);
    let files = ["first", "second", "third"].map(|name| factory.file(name, name.as_bytes()));
    let now = ["--timeout", "0"];
    let said = factory.anchor(&[&files[0]], &now);
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(!said.err.contains("Not taken"), "it is in the vault: {}", said.err);

    let behind = [files[1].as_path(), files[2].as_path()];
    let said = factory.anchor(&behind, &now);
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(said.err.contains("Not taken: 2 of the named files"), "{}", said.err);
    let said = factory.anchor(&behind, &[&now[..], &["--json"]].concat());
    let object: Value = serde_json::from_str(&said.out).unwrap();
    let left = behind.map(|path| path.to_str().unwrap());
    assert_eq!(object["not_taken"], serde_json::json!(left));

    let said = factory.anchor(&behind, &["--json"]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.out);
    let object: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(object["not_taken"], serde_json::json!([]));
    assert_eq!(factory.verify("third").1.sequence(), 1);
}

#[test]
fn machines_are_told_what_people_are_told() {
    let factory = Factory::new();
    let read = factory.file("aoi.json", &sample("aoi-panel-passed.json"));
    let not_read = factory.file("board.png", b"\x89PNG not really");
    let said = factory.anchor(&[&read, &not_read], &["--json"]);
    let object: Value = serde_json::from_str(&said.out).unwrap();
    let caveats = object["statements"][0]["caveats"].as_array().unwrap();
    assert_eq!(caveats.len(), 2, "{object:#}");
    assert_eq!((caveats[0]["code"].as_str(), &caveats[0]["record"]), (Some("not-read"), &2.into()));
    assert!(caveats[0]["text"].as_str().unwrap().contains("not read: not JSON"));
    assert_eq!(caveats[1]["code"], "no-witness");
    assert!(caveats[1]["text"].as_str().unwrap().contains("no witness has confirmed it"));
}

#[test]
fn a_conflict_stops_the_source() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::Conflict, Manner::Conflict]);
    let file = factory.file("report", b"1");
    for _ in 0..2 {
        let said = factory.anchor(&[&file], &["--timeout", "5"]);
        assert_eq!(said.code, EXIT_REFUSED);
        assert!(said.err.contains("sequence 0 is taken"), "{}", said.err);
    }
    let received = factory.log.received();
    assert_eq!((received.len(), &received[0]), (2, &received[1]), "no second statement is made");
}

#[test]
fn a_refusal_is_not_repeated() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::Forbidden]);
    let file = factory.file("report", b"1");
    let said = factory.anchor(&[&file], &["--json"]);
    assert_eq!((said.code, factory.log.received().len()), (EXIT_REFUSED, 1));
    let object: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(object["outcome"], "refused");
    let error = object["error"].as_str().unwrap();
    assert!(error.contains("not listed"), "{error}");
    // Who reads it can hand the line on to the log's operator as it is.
    assert!(
        error.contains(&format!("fiducial-log source add {} --data", factory.source)),
        "{error}"
    );
    factory.log.behave(&[Manner::Forbidden]);
    let said = factory.anchor(&[], &["--lang", "zh"]);
    assert!(said.err.contains("fiducial-log source add "), "{}", said.err);
}

#[test]
fn a_proof_of_something_else_is_not_believed() {
    let factory = Factory::new();
    factory.log.behave(&[Manner::WrongIndex]);
    let file = factory.file("report", b"1");
    let said = factory.anchor(&[&file], &[]);
    assert_eq!(said.code, EXIT_REFUSED);
    assert!(said.err.contains("not to be believed"), "{}", said.err);
    assert!(!factory.path("report.tlog-proof").exists());
}

#[test]
fn a_log_that_signs_with_another_key_is_not_believed() {
    let factory = Factory::new();
    factory.log.change_key(2);
    let file = factory.file("report", b"1");
    assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_REFUSED);
    assert!(factory.log.received().is_empty(), "nothing is stated after a false checkpoint");
}

#[test]
fn a_log_that_rewrites_its_past_is_found_out() {
    let factory = Factory::new();
    let file = factory.file("report", b"1");
    assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
    factory.log.replace_entry(0, b"another past");
    let refused = || {
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let entries =
            fs::read_dir(factory.path("vault")).unwrap().map(|entry| name(entry.unwrap()));
        entries.filter(|name| name.starts_with("refused-")).count()
    };
    assert_eq!(refused(), 0);
    let same_size = factory.anchor(&[&file], &[]);
    // What the log has signed against itself is kept beside what it signed before.
    assert_eq!(refused(), 1);
    factory.log.append(b"and on");
    let larger = factory.anchor(&[&file], &[]);
    assert_eq!(refused(), 2);
    for said in [same_size, larger] {
        assert_eq!(said.code, EXIT_REFUSED);
        assert!(said.err.contains("differ"), "{}", said.err);
    }
    assert_eq!(factory.log.received().len(), 1);
}

#[test]
fn a_log_that_lost_what_it_published_is_found_out() {
    let factory = Factory::new();
    let file = factory.file("report", b"1");
    assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
    // A restored backup: the agent's next statement names a tree that the log no longer has.
    factory.log.empty();
    factory.log.append(b"an entry of another source");
    let said = factory.anchor(&[&file], &[]);
    assert_eq!(said.code, EXIT_REFUSED);
    assert!(said.err.contains("differ"), "{}", said.err);
    let last = factory.log.received().pop().unwrap();
    assert_eq!(Statement::parse(&last).unwrap().after().tree().size(), 2);
}

#[test]
fn evidence_is_stated_while_the_log_is_away_and_sent_when_it_is_back() {
    let factory = Factory::new();
    let file = factory.file("before", b"1");
    assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
    factory.log.be_away(true);
    let file = factory.file("meanwhile", b"2");
    let said = factory.anchor(&[&file], &["--timeout", "0"]);
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(said.err.contains("is kept in the vault"), "{}", said.err);
    fs::remove_file(&file).unwrap();
    factory.log.be_away(false);
    let said = factory.anchor(&[], &[]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.err);
    let (_, statement, opened) = factory.verify("meanwhile");
    assert_eq!((statement.sequence(), statement.after().tree().size()), (1, 2));
    assert_eq!(opened.records()[1].text("file/sha256"), Some(Hash::of(b"2").to_hex().as_str()));
}

#[test]
fn an_answer_that_is_not_the_logs_is_no_lie_of_the_log() {
    let factory = Factory::new();
    let file = factory.file("before", b"1");
    assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
    // A proxy wants a password. Evidence is stated all the same, and sent when it is let through.
    factory.log.be_behind_a_portal(true);
    let file = factory.file("meanwhile", b"2");
    let said = factory.anchor(&[&file], &["--timeout", "0"]);
    assert_eq!(said.code, EXIT_COULD_NOT, "{}", said.err);
    assert!(said.err.contains("is kept in the vault"), "{}", said.err);
    factory.log.be_behind_a_portal(false);
    assert_eq!(factory.anchor(&[], &[]).code, EXIT_ANCHORED);
    assert_eq!(factory.verify("meanwhile").1.sequence(), 1);
}

#[test]
fn a_missing_file_anchors_nothing() {
    let factory = Factory::new();
    let (there, missing) = (factory.file("there", b"1"), factory.path("missing"));
    let said = factory.anchor(&[&there, &missing], &[]);
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(said.err.contains("missing") && factory.log.received().is_empty(), "{}", said.err);
}

#[test]
fn papers_of_one_name_stand_side_by_side() {
    let factory = Factory::new();
    let (one, two) = (factory.file("x/report", b"1"), factory.file("y/report", b"2"));
    let said = factory.anchor(&[&one, &two], &["--json"]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.out);
    let digest = |name: &str| {
        let (_, _, opened) = factory.verify(name);
        opened.records()[1].text("file/sha256").unwrap().to_string()
    };
    assert_eq!(digest("report"), Hash::of(b"1").to_hex());
    assert_eq!(digest("report.0-2"), Hash::of(b"2").to_hex());
    let object: Value = serde_json::from_str(&said.out).unwrap();
    let second = &object["statements"][0]["reports"][1];
    assert_eq!(second["record"], 2);
    let path = factory.path("report.0-2.tlog-proof");
    assert_eq!(second["papers"]["receipt"], path.to_str().unwrap());
}

#[test]
fn two_sources_that_write_to_one_folder_never_replace_each_others_papers() {
    let (one, other) = (Factory::new(), Factory::new());
    let out = one.path("papers");
    let mut handed_out: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for round in 0..3 {
        for factory in [&one, &other] {
            let file = factory.file("in/report", format!("{round} {}", factory.log.url).as_bytes());
            let said = factory.anchor(&[&file], &["--out", out.to_str().unwrap(), "--json"]);
            assert_eq!(said.code, EXIT_ANCHORED, "{}", said.out);
            let object: Value = serde_json::from_str(&said.out).unwrap();
            let papers = &object["statements"][0]["reports"][0]["papers"];
            for paper in ["receipt", "disclosure"] {
                let path = PathBuf::from(papers[paper].as_str().unwrap());
                handed_out.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 12);
    for (path, bytes) in handed_out {
        assert_eq!(fs::read(&path).unwrap(), bytes, "{}", path.display());
    }
}

#[test]
fn a_report_with_a_name_as_long_as_names_can_be_gets_its_papers() {
    let factory = Factory::new();
    let (name, other) = ("检".repeat(84) + "1", "检".repeat(84) + "2");
    let files = [&name, &other].map(|name| factory.file(&format!("in/{name}"), name.as_bytes()));
    let said = factory.anchor(&[&files[0], &files[1]], &["--json"]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.out);
    let object: Value = serde_json::from_str(&said.out).unwrap();
    for (at, name) in [name, other].iter().enumerate() {
        let receipt = &object["statements"][0]["reports"][at]["papers"]["receipt"];
        let stem = Path::new(receipt.as_str().unwrap()).file_name().unwrap().to_str().unwrap();
        let (_, _, opened) = factory.verify(stem.strip_suffix(".tlog-proof").unwrap());
        assert_eq!(opened.records()[1].text("file/name"), Some(name.as_str()));
    }
}

#[test]
fn papers_that_could_not_be_written_are_written_by_the_next_run() {
    let factory = Factory::new();
    let in_the_way = ["a.disclosure.json", "a.0-1.disclosure.json"].map(|name| factory.path(name));
    in_the_way.iter().for_each(|path| fs::create_dir(path).unwrap());
    let files = ["in/a", "in/b"].map(|name| factory.file(name, name.as_bytes()));
    let said = factory.anchor(&[&files[0], &files[1]], &[]);
    assert_eq!(said.code, EXIT_COULD_NOT, "{}", said.out);
    assert!(said.err.contains("papers of 1 of its reports are not written"), "{}", said.err);
    factory.verify("b");
    assert!(!factory.path("a.tlog-proof").exists());

    // Evidence is anchored meanwhile, and the papers stay due behind a later statement.
    files.iter().for_each(|path| fs::remove_file(path).unwrap());
    let later = factory.file("in/later", b"3");
    let said = factory.anchor(&[&later], &[]);
    assert_eq!(said.code, EXIT_COULD_NOT, "{}", said.out);
    assert_eq!(factory.verify("later").1.sequence(), 1);

    in_the_way.iter().for_each(|path| fs::remove_dir(path).unwrap());
    let said = factory.anchor(&[], &[]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.err);
    let (_, statement, opened) = factory.verify("a");
    assert_eq!(statement.sequence(), 0);
    assert_eq!(opened.records()[1].text("file/sha256"), Some(&*Hash::of(b"in/a").to_hex()));
    assert_eq!(factory.log.received().len(), 2, "nothing is sent again");
    assert!(factory.anchor(&[], &[]).out.contains("nothing to do"));
}

#[test]
fn many_reports_share_one_receipt_and_one_opening() {
    let factory = Factory::new();
    let files: Vec<PathBuf> =
        (0_u32..300).map(|n| factory.file(&format!("in/{n}"), &n.to_be_bytes())).collect();
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    assert_eq!(factory.anchor(&paths, &[]).code, EXIT_ANCHORED);
    let (_, _, opened) = factory.verify("statement-0");
    assert!(opened.is_whole() && opened.record_count() == 301);
    assert_eq!(opened.records()[300].text("file/name"), Some("299"));
}

#[test]
fn reports_with_very_long_lists_are_spread_over_statements() {
    let factory = Factory::new();
    let units = vec![r#"{"UnitIdentifier":"0123456789"}"#; 5000].join(",");
    let files: Vec<PathBuf> = (0..340)
        .map(|n| {
            let text = format!(r#"{{"TransactionId":{n},"RepairedUnits":[{units}]}}"#);
            factory.file(&format!("in/{n}"), text.as_bytes())
        })
        .collect();
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let said = factory.anchor(&paths, &["--json"]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}", said.out);
    let object: Value = serde_json::from_str(&said.out).unwrap();
    let statements = object["statements"].as_array().unwrap();
    let counted = |said: &Value| said["reports"].as_array().unwrap().len();
    let counts = statements.iter().map(counted);
    assert!(statements.len() > 1 && counts.sum::<usize>() == 340);
    let last = &statements.last().unwrap()["sequence"];
    assert_eq!(*last, statements.len() as u64 - 1);
    let name = if counted(statements.last().unwrap()) > 256 {
        format!("statement-{last}")
    } else {
        "339".to_string()
    };
    let (_, statement, opened) = factory.verify(&name);
    assert_eq!(statement.sequence() + 1, statements.len() as u64);
    assert_eq!(opened.records()[1].kind(), Kind::Repair);
}

#[test]
fn openings_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let factory = Factory::new();
    let file = factory.file("report", b"1");
    assert_eq!(factory.anchor(&[&file], &["--lang", "zh"]).code, EXIT_ANCHORED);
    let mode = |name| fs::metadata(factory.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("report.disclosure.json"), 0o600);
    assert_eq!(mode("vault/vault.redb"), 0o600);
}

#[test]
fn a_policy_that_was_changed_leaves_what_is_anchored_and_goes_on() {
    let factory = Factory::new();
    let file = factory.file("first", b"1");
    // Anchored, but its papers could not be written before the policy was changed.
    for name in ["first.disclosure.json", "first.0-1.disclosure.json"] {
        fs::create_dir(factory.path(name)).unwrap();
    }
    let said = factory.anchor(&[&file], &[]);
    assert_eq!(said.code, EXIT_COULD_NOT, "{}", said.err);
    let policy = format!("log {}\nquorum none\n", log_key(2).verifier());
    fs::write(factory.path("vault/policy"), policy).unwrap();
    factory.log.change_key(2);
    let said = factory.anchor(&[], &[]);
    assert_eq!(said.code, EXIT_COULD_NOT);
    assert!(said.err.contains("by the policy as it was"), "{}", said.err);
    let next = factory.file("second", b"2");
    let said = factory.anchor(&[&next], &[]);
    assert_eq!(said.code, EXIT_ANCHORED, "{}{}", said.out, said.err);
    let vault = factory.path("vault");
    let said = agent(&["check", "--vault", vault.to_str().unwrap()]);
    assert!(
        said.out.contains("1 receipt is whole and satisfies the policy as it was"),
        "{}",
        said.out
    );
}

#[test]
fn the_picture_of_a_days_root_takes_the_place_of_an_older_one() {
    let factory = Factory::new();
    let (vault, png) = (factory.path("vault"), factory.path("root.png"));
    let root = |png: &Path| {
        let words = ["root", "--vault", vault.to_str().unwrap(), "--png", png.to_str().unwrap()];
        agent(&[&words[..], &["--source", "line-4.example/aoi-7"]].concat())
    };
    let mut pictures = Vec::new();
    for name in ["a", "b"] {
        let file = factory.file(name, name.as_bytes());
        assert_eq!(factory.anchor(&[&file], &[]).code, EXIT_ANCHORED);
        let said = root(&png);
        assert_eq!(said.code, EXIT_ANCHORED, "{}", said.err);
        pictures.push(fs::read(&png).unwrap());
    }
    assert_ne!(pictures[0], pictures[1], "the chain went on");
    let said = root(factory.folder.path());
    assert_eq!(said.code, EXIT_COULD_NOT, "{}", said.out);
    assert!(said.err.contains("no regular file"), "{}", said.err);
}
