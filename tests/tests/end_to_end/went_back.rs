//! Histories that were put back from a copy, and those that have grown apart.
//!
//! A whole folder that comes from a copy is consistent in itself: only those who saw more can tell.
//! The log asks its witnesses, the witness its second record, and a watcher its own memory.

use std::fs;
use std::path::PathBuf;

use crate::support::{ORIGIN, Said, Server, wait};
use crate::witnesses::{Panel, copy_witness, cosigners};

/// Adds so many entries and waits for the receipt of each.
#[track_caller]
fn grow(panel: &Panel, server: &Server, name: &str, count: usize) {
    for at in 0..count {
        panel.receipt(server, format!("{name} {at}").as_bytes());
    }
}

/// Starts the log of a folder, which must refuse; what it said.
#[track_caller]
fn refused(panel: &Panel, data: &str) -> Said {
    let started = panel.world.try_serve(data, &["--witness-policy", "policy"]);
    started.err().expect("it does not start").ends_with(2)
}

#[test]
fn a_log_from_an_older_copy_stops_at_its_start_and_signs_nothing() {
    let panel = Panel::new(3, 2);
    let server = panel.serve();
    grow(&panel, &server, "early", 3);
    assert_eq!(server.stop(), 0);
    panel.world.copy_log("log", "copy");
    let server = panel.serve();
    grow(&panel, &server, "late", 4);
    assert_eq!(server.stop(), 0);
    panel.world.copy_log("log", "newest");
    panel.cosigned(&[0, 1, 2], 7);
    let seen: Vec<_> = panel.witnesses.iter().map(|one| one.checkpoint()).collect();

    panel.world.copy_log("copy", "log");
    let said = refused(&panel, "log");
    for part in ["has cosigned 7 entries", "has 3", "restored backup", "Restore the newest copy"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    for file in ["signed-head", "checkpoint"] {
        let kept = |log: &str| panel.world.kept(log, file).unwrap();
        assert_eq!(kept("log"), kept("copy"), "{file}");
    }
    // It says so every time.
    refused(&panel, "log");
    let now: Vec<_> = panel.witnesses.iter().map(|one| one.checkpoint()).collect();
    assert!(now == seen, "a witness cosigned something");

    // What it advised.
    panel.world.copy_log("newest", "log");
    let server = panel.serve();
    grow(&panel, &server, "late", 5);
    assert_eq!(panel.shown(&server).tree().size(), 8);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_log_from_an_older_copy_that_nobody_could_warn_signs_nothing_until_somebody_does() {
    let mut panel = Panel::new(3, 2);
    let server = panel.serve();
    grow(&panel, &server, "early", 3);
    assert_eq!(server.stop(), 0);
    panel.world.copy_log("log", "copy");
    let server = panel.serve();
    grow(&panel, &server, "late", 4);
    assert_eq!(server.stop(), 0);
    panel.cosigned(&[0, 1, 2], 7);
    panel.witnesses.iter_mut().for_each(super::witnesses::Witness::stop);

    panel.world.copy_log("copy", "log");
    let server = panel.serve_unready(&[]);
    assert_eq!(server.post("/add", b"another history").index(), 3);
    assert_eq!(panel.shown(&server).tree().size(), 3);
    // One witness comes back, which is no quorum, and its word is enough to stop.
    panel.witnesses[2].start(&panel.world);
    let reasons = wait("the log has not stopped", || {
        let answer = server.get("/readyz");
        let text = answer.text().to_owned();
        (answer.status == 503 && text.contains("has stopped")).then_some(text)
    });
    assert!(reasons.contains("witness-3.example/w") && reasons.contains("7 entries"), "{reasons}");
    server.post("/add", b"one more").is_problem(503, "stopped");
    assert_eq!(panel.world.signed_size("log"), 3);
    assert_eq!(panel.shown(&server).tree().size(), 3);
    assert_eq!(server.stop(), 3);
    assert_eq!(panel.witnesses[2].size(&panel.world), 7);
}

/// Two folders of one log that grew apart: `log` with the witnesses' word, `other` without.
struct Apart {
    panel: Panel,
    log: Server,
    other: Server,
}

impl Apart {
    fn new() -> Self {
        let panel = Panel::new(3, 2);
        let log = panel.serve();
        grow(&panel, &log, "common", 4);
        assert_eq!(log.stop(), 0);
        panel.world.copy_log("log", "other");
        panel.world.copy_log("log", "liar");

        // Both start, since neither is behind; the witnesses follow whoever comes first.
        let policy = ["--witness-policy", "policy"];
        let other =
            panel.world.try_serve("other", &policy).unwrap_or_else(|said| panic!("{said:?}"));
        let log = panel.serve();
        grow(&panel, &log, "one", 1);
        panel.cosigned(&[0, 1, 2], 5);
        assert_eq!(other.post("/add", b"other 0").index(), 4);
        wait("the second log has not stopped", || {
            let answer = other.get("/readyz");
            (answer.status == 503 && answer.text().contains("another root")).then_some(())
        });
        assert_eq!(panel.shown(&other).tree().size(), 4, "it never showed its fork");
        let said = other.stop_and_listen();
        assert_eq!(said.code, 3);
        assert!(said.err.contains("fork"), "{}", said.err);
        // Started again it finds the same: its own signed head is refused.
        let said = refused(&panel, "other");
        assert!(said.err.contains("another root"), "{}", said.err);

        // An operator who lies does without witnesses and shows the fork to some: in a copy of his own, since
        // a database keeps the word that its log has stopped.
        let other = panel.world.try_serve("liar", &[]).unwrap_or_else(|said| panic!("{said:?}"));
        other.wait_until_ready();
        assert_eq!(other.post("/add", b"other 0").index(), 4);
        panel.world.published(&other, 5);
        Self { panel, log, other }
    }

    fn watch(&self, log: &Server, state: &str) -> Said {
        let words = ["watch", "--log", &log.url, "--policy", "policy", "--state", state, "--once"];
        self.panel.world.fiducial(&[&words[..], &["--json", "--evidence", "evidence"]].concat())
    }

    /// The files of evidence, in order.
    fn evidence(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.panel.world.path("evidence")).unwrap();
        let mut files: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    #[track_caller]
    fn judge(&self, file: &str, code: i32) -> Said {
        let words = ["verify", "split", file, "--policy", "policy", "--json"];
        self.panel.world.fiducial(&words).ends_with(code)
    }
}

#[test]
fn a_fork_gets_no_quorum_and_a_watcher_proves_it() {
    let apart = Apart::new();
    fs::create_dir(apart.panel.world.path("evidence")).unwrap();
    // Whoever sees one of them only sees nothing wrong.
    apart.watch(&apart.log, "state").ends_with(0);
    assert!(apart.evidence().is_empty());

    // The same watcher at the other end: same size, another root.
    let said = apart.watch(&apart.other, "state").ends_with(1);
    assert!(said.json()["reasons"].to_string().contains("split"), "{said:?}");
    assert_eq!(apart.evidence().len(), 1, "{:?}", apart.evidence());
    // Nothing is remembered after a split: the same is found again, and no second file.
    apart.watch(&apart.other, "state").ends_with(1);
    assert_eq!(apart.evidence().len(), 1);

    // A stranger who never saw the first learns it from the witnesses, also for other sizes.
    for at in 1..4 {
        assert_eq!(apart.other.post("/add", format!("other {at}").as_bytes()).index(), 4 + at);
    }
    apart.panel.world.published(&apart.other, 8);
    apart.watch(&apart.other, "stranger").ends_with(1);
    // And the first log's own friend, once that has grown beyond what the fork showed.
    let files = apart.evidence();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in &files {
        prove_and_flip(&apart, file);
    }
    // The log that kept to its history is still one log.
    apart.watch(&apart.log, "state").ends_with(0);
    assert_eq!(apart.other.stop(), 0);
    assert_eq!(apart.log.stop(), 0);
}

/// Evidence proves the split offline, with nothing but the policy; changed evidence does not.
#[track_caller]
fn prove_and_flip(apart: &Apart, file: &PathBuf) {
    let name = file.to_str().unwrap();
    let said = apart.judge(name, 0);
    assert_eq!(said.json()["verdict"], "verified", "{said:?}");
    let key = apart.panel.world.keys[0].to_string();
    apart.panel.world.fiducial(&["verify", "split", name, "--log-key", &key]).ends_with(0);

    let text = fs::read_to_string(file).unwrap();
    let (mut start, mut changed) = (0, 0);
    for line in text.split_inclusive('\n') {
        let at = start + line.len() / 2;
        start += line.len();
        // Evidence against a log needs no witness: their lines may say anything.
        if line.starts_with("\u{2014} witness-") {
            continue;
        }
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        apart.panel.world.write("flipped", &bytes);
        let words = ["verify", "split", "flipped", "--policy", "policy"];
        let said = apart.panel.world.fiducial(&words);
        assert!(matches!(said.code, 1 | 2), "byte {at}: {line}{said:?}");
        changed += 1;
    }
    assert!(changed > 10, "{changed}: {text}");
    for cut in [0, text.len() / 3, text.len() - 1] {
        apart.panel.world.write("flipped", &text.as_bytes()[..cut]);
        apart.judge("flipped", 2);
    }
}

#[test]
fn a_witness_from_a_copy_refuses_and_goes_on_with_fresh_keys() {
    let mut panel = Panel::new(3, 2);
    let server = panel.serve();
    grow(&panel, &server, "early", 3);
    panel.cosigned(&[0, 1, 2], 3);
    panel.witnesses[2].stop();
    let data = panel.world.path("witness-3");
    copy_witness(&data, &panel.world.path("witness-copy"));
    panel.witnesses[2].start(&panel.world);
    grow(&panel, &server, "late", 3);
    panel.cosigned(&[0, 1, 2], 6);
    panel.witnesses[2].stop();
    // A backup holds the data folder; the second record beside it stayed where it is.
    copy_witness(&panel.world.path("witness-copy"), &data);

    let serve = ["serve", "--data", "witness-3", "--listen", "127.0.0.1:0"];
    let started = Server::start(panel.world.command("fiducial-witness").args(serve));
    let said = started.err().expect("it does not start").ends_with(2);
    assert!(said.err.contains("doctor"), "{}", said.err);
    panel.world.write("request", "old 0\n");
    let sign = ["sign", "--data", "witness-3", "--in", "request", "--out", "cosignature"];
    panel.world.witness(&sign).ends_with(2);
    let said = panel.world.witness(&["doctor", "--data", "witness-3"]).ends_with(1);
    assert!(said.out.contains("doctor --restored"), "{said:?}");
    let zh = panel.world.witness(&["doctor", "--data", "witness-3", "--lang", "zh"]).ends_with(1);
    assert!(zh.out.contains("异常"), "{zh:?}");

    // What it advised: fresh keys, under the same name, and the policy's lines for them.
    let url = panel.witnesses[2].url();
    let said = panel.world.witness(&["doctor", "--data", "witness-3", "--restored", "--url", &url]);
    let said = said.ends_with(0);
    let fresh = panel.witnesses[2].policy_lines(&panel.world);
    assert!(fresh.lines().all(|line| said.out.contains(line)), "{fresh}\n{}", said.out);
    for old in &panel.witnesses[2].keys {
        assert!(!fresh.contains(&old.to_string()), "{fresh}");
    }
    panel.world.witness(&["doctor", "--data", "witness-3"]).ends_with(0);
    panel.witnesses[2].start(&panel.world);

    // The log goes on without it, and with it once its policy names the fresh keys.
    grow(&panel, &server, "without", 1);
    let (old, _) = panel.receipt(&server, b"early 0");
    assert_eq!(server.stop(), 0);
    panel.write_policy("policy", 2);
    panel.witnesses[0].stop();
    let server = panel.serve();
    let (receipt, accepted) = panel.receipt(&server, b"with fresh keys");
    assert_eq!(cosigners(&accepted), ["witness-2.example/w", "witness-3.example/w"]);
    panel.verify(&receipt, b"with fresh keys", "policy", &[], 0);
    // Receipts of before stand on the other two.
    panel.verify(&old, b"early 0", "policy", &[], 0);
    assert_eq!(server.stop(), 0);
    // The same backup once more: its keys are retired for ever.
    panel.witnesses[2].stop();
    copy_witness(&panel.world.path("witness-copy"), &data);
    panel.world.witness(&["doctor", "--data", "witness-3"]).ends_with(1);
    assert!(panel.world.witness(&["log", "list", "--data", "witness-3"]).out.contains(ORIGIN));
}
