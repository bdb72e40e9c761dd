//! A mirror of a log that is served, and what it hands out itself.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use spec::checkpoint::Checkpoint;
use spec::cosignature::{Timestamp, sign_ed25519};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;

use crate::support::{expect, files, grow, make, text};

/// A program that says where it listens, and ends with its value.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
        command.args(arguments).env_remove("FIDUCIAL_LOG_DATA");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
        };
        // What it says later is read as well: a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// Status line, headers and body of a GET.
    fn get(&self, path: &str) -> (String, Vec<u8>) {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let split = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..split].to_vec()).unwrap();
        (head.to_lowercase(), answer[split + 4..].to_vec())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_mirror_follows_a_served_log_by_policy_and_hands_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = make(&at("log"));
    fs::write(at("policy"), format!("log {key}\nquorum none\n")).unwrap();
    let (log, mirror, policy) = (at("log"), at("mirror"), at("policy"));
    let look = |url: &str| {
        let to = text(&mirror);
        expect(0, &["mirror", "--once", "--from", url, "--to", to, "--policy", text(&policy)])
    };
    let serve = || Served::start(&["serve", "--data", text(&log), "--listen", "127.0.0.1:0"]);
    for count in [0, 700, 300] {
        grow(&log, count, b"");
        let served = serve();
        look(&served.url);
        assert!(look(&served.url).contains("nothing new"));
        let shown = served.get("/checkpoint").1;
        assert_eq!(fs::read(at("mirror/checkpoint")).unwrap(), shown);
    }
    // It is what an export would be.
    expect(0, &["export", "--data", text(&log), "--to", text(&at("tree"))]);
    let same = |name: &Path| !name.to_string_lossy().contains(".p/") && name.starts_with("tile");
    let only = |mut all: std::collections::BTreeMap<_, _>| {
        all.retain(|name: &std::path::PathBuf, _| same(name));
        all
    };
    assert_eq!(only(files(&mirror)), only(files(&at("tree"))));

    let served = serve();
    look(&served.url);
    let handed = Served::start(&[
        "mirror",
        "--from",
        &served.url,
        "--to",
        text(&mirror),
        "--policy",
        text(&policy),
        "--listen",
        "127.0.0.1:0",
    ]);
    for path in ["/checkpoint", "/tile/0/000", "/tile/entries/002", "/tile/0/003.p/232"] {
        let ((theirs, body), (ours, own)) = (served.get(path), handed.get(path));
        assert!(theirs.starts_with("http/1.1 200") && ours.starts_with("http/1.1 200"), "{path}");
        assert_eq!(own, body, "{path}");
        let is_about = |line: &&str| line.starts_with("content-type") || line.starts_with("cache-");
        let about = |head: &str| {
            let mut lines: Vec<String> = head.lines().filter(is_about).map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(about(&ours), about(&theirs), "{path}");
    }
    for path in
        ["/tile/0/009", "/log.vkeys", "/staging/lock", "/../policy", "/tile/0/../../policy", "/"]
    {
        assert!(handed.get(path).0.starts_with("http/1.1 404"), "{path}");
    }
    // A mirror is a source like any other.
    let said =
        expect(0, &["copy", "--from", &handed.url, "--to", text(&at("copy")), "--log-key", &key]);
    assert!(said.contains("1000 entries"), "{said}");
}

/// A witness that cosigns whatever it is shown.
fn witness(seed: u8) -> SigningKey {
    let name = KeyName::parse(&format!("w{seed}.example")).unwrap();
    SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[seed; 32]).unwrap()
}

/// Puts its line below the checkpoint of a tree.
fn cosign(tree: &Path, witness: &SigningKey) {
    let path = tree.join("checkpoint");
    let note = Note::parse(&fs::read(&path).unwrap()).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let time = Timestamp::from_seconds(1_700_000_000).unwrap();
    let mut lines = note.signatures().to_vec();
    lines.push(sign_ed25519(witness, time, &checkpoint));
    fs::write(path, Note::new(note.text().to_owned(), lines).to_bytes()).unwrap();
}

#[test]
fn a_mirror_goes_on_by_a_policy_with_other_witnesses() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (log, tree, mirror) = (at("log"), at("tree"), at("mirror"));
    let key = make(&log);
    let export = |log: &Path, tree: &Path| {
        expect(0, &["export", "--data", text(log), "--to", text(tree)]);
    };
    let look = |code: i32, tree: &Path, key: &str, witness: &SigningKey| {
        let named = witness.verifier();
        let policy = format!("log {key}\nwitness w {named}\nquorum w\n");
        fs::write(at("policy"), policy).unwrap();
        let (from, to, policy) = (text(tree), text(&mirror), text(&at("policy")));
        expect(code, &["mirror", "--once", "--from", from, "--to", to, "--policy", policy])
    };
    grow(&log, 300, b"");
    export(&log, &tree);
    cosign(&tree, &witness(1));
    assert!(look(0, &tree, &key, &witness(1)).contains("300 entries"));

    // The policy names another witness from now on: it counts for what the source shows.
    let refused = |place: &Path| format!("the checkpoint of {} is not accepted", place.display());
    grow(&log, 200, b"");
    export(&log, &tree);
    cosign(&tree, &witness(1));
    let said = look(1, &tree, &key, &witness(2));
    assert!(said.contains(&refused(&tree)), "{said}");
    cosign(&tree, &witness(2));
    assert!(look(0, &tree, &key, &witness(2)).contains("500 entries"));
    // The same tree under a third one's line is no news, and shown.
    cosign(&tree, &witness(3));
    assert!(look(0, &tree, &key, &witness(3)).contains("nothing new"));
    let shown = fs::read(tree.join("checkpoint")).unwrap();
    assert_eq!(fs::read(mirror.join("checkpoint")).unwrap(), shown);

    // A log of the same name under another key is not what was copied.
    let before = files(&mirror);
    let other = make(&at("other"));
    grow(&at("other"), 600, b"others");
    export(&at("other"), &at("foreign"));
    cosign(&at("foreign"), &witness(3));
    let said = look(1, &at("foreign"), &other, &witness(3));
    assert!(said.contains(&refused(&mirror)), "{said}");
    assert_eq!(files(&mirror), before);
}

#[test]
fn nobody_there_is_said_and_is_no_wrong_source() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = make(&at("log"));
    let empty = at("empty");
    fs::create_dir(&empty).unwrap();
    let to = at("mirror");
    let look = |from: &str| {
        expect(2, &["mirror", "--once", "--from", from, "--to", text(&to), "--log-key", &key])
    };
    assert!(look(text(&empty)).contains("has no checkpoint"));
    assert!(look("ftp://log.example").contains("ftp://log.example"));
    assert!(files(&to).is_empty());
}
