//! Watching logs that tell the truth, and every lie that a log or a witness can tell.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::witness::monitoring_path;
use support::{TestLog, log_key, signed_by};
use tempfile::TempDir;

/// What the program said: exit code, and the JSON it wrote.
#[derive(Debug)]
struct Said {
    code: i32,
    json: Value,
}

impl Said {
    fn codes(&self) -> Vec<&str> {
        let reasons = self.json["reasons"].as_array().unwrap();
        reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
    }

    /// The files of evidence.
    fn evidence(&self) -> Vec<&str> {
        match &self.json["facts"]["evidence"] {
            Value::Null => Vec::new(),
            Value::String(one) => vec![one],
            many => many.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect(),
        }
    }

    #[track_caller]
    fn ends_with(self, code: i32, codes: &[&str]) -> Self {
        assert_eq!((self.code, self.codes()), (code, codes.to_vec()), "{:#}", self.json);
        self
    }
}

/// A log of static tiles in `log`, one witness in `w2`, and the watch's own files.
struct World {
    folder: TempDir,
}

impl World {
    fn new(log: &TestLog, size: usize) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.write("policy", support::policy_of(&[2, 3], "quorum none\n"));
        fs::create_dir(world.folder.path().join("w2")).unwrap();
        world.log_shows(log, size);
        world
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Puts a history into the log's folder, in place of the one before.
    fn log_shows(&self, log: &TestLog, size: usize) {
        let folder = self.folder.path().join("log");
        let _ = fs::remove_dir_all(&folder);
        log.write(&folder, size);
    }

    /// Lets the witness show a note.
    fn witness_shows(&self, note: &Note) {
        let path = monitoring_path(&support::origin());
        let path = self.folder.path().join("w2").join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, note.to_bytes()).unwrap();
    }

    fn fiducial(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
        let output =
            command.current_dir(self.folder.path()).arg("--json").args(words).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let json = serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        Said { code: output.status.code().unwrap(), json }
    }

    fn look(&self) -> Said {
        self.fiducial(&[&WATCH[..], &["--once"]].concat())
    }

    /// Judges a file of evidence under the policy, and with the log's key alone: they must agree.
    #[track_caller]
    fn judge(&self, file: &str, code: i32) -> Value {
        let key = log_key().verifier().to_string();
        let alone = self.fiducial(&["verify", "split", file, "--log-key", &key]);
        let said = self.fiducial(&["verify", "split", file, "--policy", "policy"]);
        assert_eq!((said.code, alone.code), (code, code), "{:#}", said.json);
        said.json
    }

    fn state(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("state")).unwrap()
    }
}

const WATCH: [&str; 9] =
    ["watch", "--log", "log", "--policy", "policy", "--state", "state", "--witness", "w2=w2"];

/// A history of opaque entries; those from `fork` on belong to another one.
fn history(count: usize, fork: usize) -> TestLog {
    let entry = |at: usize| format!("{at}{}", if at < fork { "" } else { "!" }).into_bytes();
    TestLog::of((0..count).map(entry).collect())
}

fn truth() -> TestLog {
    history(700, 700)
}

#[test]
fn a_log_that_only_grows_is_followed() {
    let (log, world) = (truth(), World::new(&truth(), 300));
    let said = world.look().ends_with(0, &["watch-agrees"]);
    let open = said.json["not_checked"].to_string();
    for code in ["open-first-look", "open-never-cosigned", "open-no-witness-address"] {
        assert!(open.contains(code), "{code}: {open}");
    }
    for (size, cosigned) in [(300, 200), (301, 301), (512, 301), (700, 699)] {
        world.witness_shows(&signed_by(log.tree(cosigned), &[(2, cosigned as u64)]));
        world.log_shows(&log, size);
        let said = world.look().ends_with(0, &["watch-agrees"]);
        assert_eq!(said.json["facts"]["tree-size"], size.to_string());
        let seen = said.json["facts"]["witness"].as_str().unwrap();
        assert!(seen.starts_with(&format!("w2: {cosigned} (1970-01-01T")), "{seen}");
        assert!(!said.json.to_string().contains("open-first-look"));
    }
}

#[test]
fn every_rewritten_history_is_proven_by_a_file_that_stands_alone() {
    for (before, after, fork) in [(300, 700, 299), (256, 700, 0), (5, 6, 4), (300, 300, 120)] {
        let world = World::new(&truth(), before);
        world.look().ends_with(0, &["watch-agrees"]);
        let state = world.state();
        world.log_shows(&history(after, fork), after);
        let said = world.look().ends_with(1, &["watch-split"]);
        let [file] = said.evidence()[..] else { panic!("{:#}", said.json) };
        assert_eq!(world.state(), state, "the watch has moved onto the fork");
        // The same evidence is found again, and is the same file.
        assert_eq!(world.look().evidence(), [file]);

        // Whoever has the file needs neither the log nor the watch.
        fs::remove_dir_all(world.folder.path().join("log")).unwrap();
        fs::remove_file(world.folder.path().join("state")).unwrap();
        let json = world.judge(file, 0);
        assert_eq!(json["reasons"][0]["code"], "split-proven");
        let tree = |size: usize, fork: usize| history(size, fork).tree(size).root().to_string();
        let (older, newer) = (tree(before, 9999), tree(after, fork));
        let both = json["facts"].to_string();
        assert!(both.contains(&older) && both.contains(&newer), "{both}");
        if before != after {
            assert_eq!(json["facts"]["beginning"], tree(before, fork));
        }
    }
}

#[test]
fn changed_evidence_proves_nothing() {
    let world = World::new(&truth(), 5);
    world.look();
    world.log_shows(&history(7, 4), 7);
    let said = world.look();
    let file = said.evidence()[0];
    let sound = String::from_utf8(fs::read(world.folder.path().join(file)).unwrap()).unwrap();
    let lines: Vec<&str> = sound.lines().collect();
    let without = |at: usize| {
        let kept = lines.iter().enumerate().filter(|(line, _)| *line != at);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    // A hash less; the newer size changed; the hashes of nothing.
    world.write("changed", without(1));
    let json = world.judge("changed", 1);
    assert_eq!(json["reasons"][0]["details"][0]["code"], "detail-hashes-length");
    world.write("changed", sound.replace("test\n7\n", "test\n8\n"));
    let json = world.judge("changed", 1);
    assert_eq!(json["reasons"][0]["details"][0]["code"], "detail-signature-bad");
    world.write("changed", sound.replace(lines[1], &spec::Hash::ZERO.to_string()));
    let json = world.judge("changed", 1);
    assert_eq!(json["reasons"][0]["details"][0]["code"], "detail-hashes-elsewhere");
    // What is no file of this kind, whole, decides nothing.
    for broken in ["", "fiducial/split/v1\n", &sound[..sound.len() - 1], &sound[1..]] {
        world.write("changed", broken);
        world.judge("changed", 2);
    }
    world.judge("missing", 2);
    // Nor does one of a log that nobody here knows.
    let stranger = support::source_key().verifier().to_string();
    let unknown = world.fiducial(&["verify", "split", file, "--log-key", &stranger]);
    assert_eq!((unknown.code, &unknown.json["reason"]["code"]), (2, &"unknown-log".into()));
}

#[test]
fn a_log_that_goes_back_is_reported_and_that_is_no_proof() {
    let world = World::new(&truth(), 600);
    world.look().ends_with(0, &["watch-agrees"]);
    world.log_shows(&truth(), 300);
    let said = world.look().ends_with(1, &["watch-shrunk"]);
    let json = world.judge(said.evidence()[0], 1);
    let why = json["reasons"][0]["details"][0]["code"].as_str().unwrap();
    assert!(["detail-agree", "detail-no-hashes"].contains(&why), "{json:#}");
    // With the larger tree's tiles still there, the smaller one is seen to be its beginning.
    world.log_shows(&truth(), 600);
    let old = truth().checkpoint(300);
    world.write("log/checkpoint", old.to_bytes());
    let said = world.look().ends_with(1, &["watch-shrunk"]);
    let json = world.judge(said.evidence()[0], 1);
    assert_eq!(json["reasons"][0]["details"][0]["code"], "detail-agree");
    // A step back onto another history is a split.
    world.write("log/checkpoint", history(300, 9).checkpoint(300).to_bytes());
    let said = world.look().ends_with(1, &["watch-split"]);
    world.judge(said.evidence()[0], 0);
}

#[test]
fn a_split_view_between_the_log_and_a_witness_is_proven() {
    for (shown, cosigned, fork) in [(700, 300, 100), (300, 300, 299), (700, 256, 0)] {
        let world = World::new(&truth(), shown);
        let other = history(cosigned, fork);
        world.witness_shows(&signed_by(other.tree(cosigned), &[(2, 1_767_323_045)]));
        let said = world.look().ends_with(1, &["watch-split"]);
        let json = world.judge(said.evidence()[0], 0);
        let facts = json["facts"].to_string();
        assert!(facts.contains("w2 2026-01-02T03:04:05Z"), "{facts}");
        assert!(!world.folder.path().join("state").exists(), "a split was remembered");
    }
}

#[test]
fn a_witness_that_cosigned_both_histories_is_named() {
    let world = World::new(&truth(), 300);
    let time = 1_767_323_045;
    world.write("log/checkpoint", signed_by(truth().tree(300), &[(2, time)]).to_bytes());
    world.witness_shows(&signed_by(history(300, 7).tree(300), &[(2, time + 60)]));
    let said = world.look().ends_with(1, &["watch-split"]);
    let both = world.judge(said.evidence()[0], 0)["facts"]["cosigned-both"].to_string();
    assert!(both.contains("w2") && both.contains("03:05:05Z"), "{both}");
}

#[test]
fn two_histories_of_one_size_are_found_without_the_log() {
    let world = World::new(&truth(), 300);
    world.look().ends_with(0, &["watch-agrees"]);
    fs::remove_dir_all(world.folder.path().join("log")).unwrap();
    fs::create_dir(world.folder.path().join("log")).unwrap();
    world.witness_shows(&signed_by(truth().tree(300), &[(2, 5)]));
    world.look().ends_with(2, &["watch-unreachable"]);
    world.witness_shows(&signed_by(history(300, 7).tree(300), &[(2, 5)]));
    let said = world.look().ends_with(1, &["watch-split", "watch-unreachable"]);
    world.judge(said.evidence()[0], 0);
}

#[test]
fn what_a_witness_showed_before_is_held_against_the_log_later() {
    let world = World::new(&truth(), 300);
    world.witness_shows(&signed_by(truth().tree(200), &[(2, 5)]));
    world.look().ends_with(0, &["watch-agrees"]);
    // The watch's own last checkpoint is still continued; the witness's is not, by 300 signed anew.
    world.witness_shows(&signed_by(truth().tree(100), &[(2, 6)]));
    let said = world.look().ends_with(1, &["watch-witness-back"]);
    world.judge(said.evidence()[0], 1);
    fs::remove_dir_all(world.folder.path().join("w2")).unwrap();
    fs::create_dir(world.folder.path().join("w2")).unwrap();
    world.look().ends_with(2, &["watch-witness-forgot"]);
    world.log_shows(&history(700, 250), 700);
    // 200 is the beginning of both histories, 300 is not.
    let said = world.look().ends_with(1, &["watch-split", "watch-witness-forgot"]);
    world.judge(said.evidence()[0], 0);
}

#[test]
fn what_cannot_be_had_decides_nothing() {
    let world = World::new(&truth(), 300);
    // A witness ahead of the log, which has no tiles that lead there.
    world.witness_shows(&signed_by(truth().tree(400), &[(2, 5)]));
    world.look().ends_with(2, &["watch-ahead"]);
    // A witness whose line is missing, a note of nobody's, no note at all, nobody there.
    world.witness_shows(&signed_by(truth().tree(200), &[]));
    world.look().ends_with(2, &["watch-own-line"]);
    let text = signed_by(truth().tree(200), &[]).text().to_string();
    let stranger = support::source_key().sign_note(&text);
    world.witness_shows(&Note::new(text, vec![stranger]));
    world.look().ends_with(2, &["watch-not-signed"]);
    let path = monitoring_path(&support::origin());
    world.write(&format!("w2/{}", path.trim_start_matches('/')), "nonsense");
    world.look().ends_with(2, &["watch-unreachable"]);
    world.witness_shows(&signed_by(truth().tree(200), &[(2, 5)]));
    let nobody = [&WATCH[..8], &["w2=http://127.0.0.1:9/", "--once"]].concat();
    world.fiducial(&nobody).ends_with(2, &["watch-unreachable"]);
    world.look().ends_with(0, &["watch-agrees"]);
    // Tiles that do not lead to what the log has signed.
    world.log_shows(&history(700, 700), 700);
    let mut tile = fs::read(world.folder.path().join("log/tile/1/000.p/2")).unwrap();
    tile[1] ^= 1;
    world.write("log/tile/1/000.p/2", tile);
    let said = world.look();
    assert_eq!(said.code, 2, "{:#}", said.json);
    assert!(said.codes().contains(&"watch-log-tiles"), "{:#}", said.json);
}

/// Serves a folder over HTTP, one request a connection; the first checkpoint asked for is `first`.
fn serve_after(first: &Note, folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, folder) = (listener.local_addr().unwrap(), folder.to_path_buf());
    let mut first = Some(first.to_bytes());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                request.push(byte[0]);
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let path = text.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
            let shown = first.take_if(|_| path == "checkpoint").ok_or(());
            let (status, body) = match shown.or_else(|()| fs::read(folder.join(path))) {
                Ok(bytes) => ("200 OK", bytes),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    format!("http://{address}/")
}

#[test]
fn all_that_the_log_shows_in_one_look_is_compared() {
    // A witness is ahead of what the log shows first, so the log is asked again: it shows a larger
    // tree, of its one history or of another.
    for (fork, code, said) in [(9, 1, "watch-split"), (700, 0, "watch-agrees")] {
        let world = World::new(&truth(), 400);
        world.witness_shows(&signed_by(truth().tree(400), &[(2, 5)]));
        let first = history(300, fork).checkpoint(300);
        let address = serve_after(&first, &world.folder.path().join("log"));
        let mut words = WATCH.to_vec();
        words[2] = &address;
        let looked = world.fiducial(&[&words[..], &["--once"]].concat()).ends_with(code, &[said]);
        assert_eq!(world.folder.path().join("state").exists(), code == 0);
        for file in looked.evidence() {
            world.judge(file, 0);
        }
    }
}

#[test]
fn a_name_with_a_slash_is_a_name() {
    let world = World::new(&truth(), 300);
    let (log, two, three) = (log_key(), support::cosigner(2), support::cosigner(3));
    let (log, two, three) = (log.verifier(), two.verifier(), three.verifier());
    let policy = format!("log {log}\nwitness site/a {two}\nwitness site/b {three}\nquorum none\n");
    world.write("policy", policy);
    world.witness_shows(&signed_by(truth().tree(300), &[(2, 5)]));
    let named = |place| world.fiducial(&[&WATCH[..8], &[place, "--once"]].concat());
    let said = named("site/a=w2").ends_with(0, &["watch-agrees"]);
    assert!(said.json["facts"]["witness"].as_str().unwrap().starts_with("site/a: 300"));
    // A part of a name is none.
    let unknown = named("site=w2");
    assert_eq!((unknown.code, &unknown.json["reason"]["code"]), (2, &"witness-unknown".into()));
}

#[test]
fn a_checkpoint_of_another_log_is_told_and_ends_nothing() {
    let world = World::new(&truth(), 300);
    let name = KeyName::parse("other.example").unwrap();
    let other = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[9; 32]).unwrap();
    let both =
        support::policy_of(&[2, 3], "quorum none\n") + &format!("log {}\n", other.verifier());
    world.write("policy", both);
    world.witness_shows(&signed_by(truth().tree(300), &[(2, 5)]));
    world.look().ends_with(0, &["watch-agrees"]);
    let text = truth().checkpoint(300).text().replace(support::ORIGIN, "other.example");
    let line = other.sign_note(&text);
    world.write("log/checkpoint", Note::new(text, vec![line]).to_bytes());
    let said = world.look().ends_with(2, &["two-logs"]);
    // The witness was asked all the same, and nothing was forgotten.
    assert!(said.json["facts"]["witness"].as_str().unwrap().starts_with("w2: 300"));
    world.log_shows(&truth(), 301);
    world.look().ends_with(0, &["watch-agrees"]);
}

#[test]
fn wrong_words_and_a_damaged_state_end_the_watch() {
    let world = World::new(&truth(), 300);
    for (place, word, code) in [
        (2, "nowhere", "no-such-log"),
        (4, "nowhere", "file-unreadable"),
        (8, "w9=w2", "witness-unknown"),
        (8, "w2", "malformed"),
    ] {
        let mut words = WATCH.to_vec();
        words[place] = word;
        let said = world.fiducial(&[&words[..], &["--once"]].concat());
        assert_eq!((said.code, &said.json["reason"]["code"]), (2, &code.into()));
    }
    world.look().ends_with(0, &["watch-agrees"]);
    let sound = String::from_utf8(world.state()).unwrap();
    for damaged in [String::new(), sound.replace("\n300\n", "\n299\n"), sound[9..].to_string()] {
        world.write("state", &damaged);
        let said = world.look();
        assert_eq!((said.code, &said.json["reason"]["code"]), (2, &"malformed".into()));
        assert_eq!(world.state(), damaged.as_bytes(), "a damaged state was written over");
    }
    // A key name will do as well as a name of the policy.
    world.write("state", sound);
    let words = [&WATCH[..8], &["w2.example=w2", "--once"]].concat();
    world.fiducial(&words).ends_with(0, &["watch-agrees"]);
}

#[test]
fn a_checkpoint_without_its_quorum_is_told_rule_by_rule_and_still_compared() {
    let world = World::new(&truth(), 300);
    world.write("policy", support::policy_of(&[2, 3], "group both all w2 w3\nquorum both\n"));
    world.write("log/checkpoint", signed_by(truth().tree(300), &[(2, 5)]).to_bytes());
    let said = world.look().ends_with(2, &["quorum-not-met", "rule-short"]);
    let text = said.json["reasons"][1]["text"].as_str().unwrap();
    let want = "your policy wants 2 of the 2 in `both`; only 1 signed: w2 ok \
                (1970-01-01T00:00:05Z); w3 no cosignature";
    assert_eq!(text, want);
    world.write("log/checkpoint", signed_by(history(300, 9).tree(300), &[(2, 5)]).to_bytes());
    world.look().ends_with(1, &["watch-split", "quorum-not-met", "rule-short"]);
}

#[test]
fn a_long_watch_tells_each_look_in_a_line_and_ends_with_the_first_split() {
    let world = World::new(&truth(), 300);
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    command.current_dir(world.folder.path()).arg("--json").args(WATCH).args(["--interval", "1"]);
    let mut watch = command.stdout(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let state = world.folder.path().join("state");
    while !state.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing was remembered");
        thread::sleep(Duration::from_millis(20));
    }
    let other = history(300, 3);
    world.write("log/checkpoint", other.checkpoint(300).to_bytes());
    let status = loop {
        match watch.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > Duration::from_secs(60) => {
                watch.kill().unwrap();
                panic!("the watch goes on");
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(status.code(), Some(1));
    let mut text = String::new();
    watch.stdout.as_mut().unwrap().read_to_string(&mut text).unwrap();
    let looks: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<&str> = looks.iter().map(|look| look["verdict"].as_str().unwrap()).collect();
    assert_eq!((verdicts[0], verdicts[verdicts.len() - 1]), ("verified", "rejected"), "{text}");
    assert!(looks.iter().all(|look| look["found_at"].as_str().unwrap().ends_with('Z')));
    let file = looks[looks.len() - 1]["facts"]["evidence"].as_str().unwrap();
    assert!(Path::new(file).file_name().unwrap().to_str().unwrap().starts_with("split-300-300-"));
    world.judge(file, 0);
}
