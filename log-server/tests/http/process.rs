//! The program itself: `init`, `serve`, `source` and `check` as an operator runs them.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
    command.env_remove("RUST_LOG");
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn init(data: &str) -> Vec<VerifierKey> {
    let output = run(&["init", "--data", data, "--origin", "factory.example/evidence"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| VerifierKey::parse(line).unwrap()).collect()
}

/// A running server, and the address it announced.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &str, more: &[&str]) -> Self {
        let mut child = program()
            .args(["serve", "--data", data, "--listen", "127.0.0.1:0"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim_end().strip_prefix("listening on http://") else {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{line:?}: {said}");
        };
        Self { address: address.to_owned(), child }
    }

    fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }

    fn request(&self, request: &str) -> String {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn add(&self, entry: &str) -> String {
        let length = entry.len();
        let head = "POST /add HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length:";
        let answer = self.request(&format!("{head} {length}\r\n\r\n{entry}"));
        answer.rsplit("\r\n\r\n").next().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("log").to_str().unwrap().to_owned();
    (folder, data)
}

#[test]
fn a_log_is_made_served_stopped_and_found_sound() {
    let (_folder, data) = folder();
    let keys = init(&data);
    assert_eq!(keys[0].algorithm(), Algorithm::NoteEd25519);
    assert_eq!(keys[1].algorithm(), Algorithm::CosignatureMlDsa44);

    let server = Server::start(&data, &["--admission", "any"]);
    assert_eq!(server.add("one"), "0");
    assert_eq!(server.add("two"), "1");
    assert_eq!(server.stop(), 0);

    let server = Server::start(&data, &["--admission", "any"]);
    assert_eq!(server.add("two"), "1");
    assert_eq!(server.add("three"), "2");
    assert_eq!(server.stop(), 0);

    let output = run(&["check", "--data", &data]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let refused = run(&["serve", "--data", &data, "--admission", "statements"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("for ever"));
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let (_folder, data) = folder();
    init(&data);
    let server = Server::start(&data, &[]);
    let second = run(&["serve", "--data", &data, "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(2), "{second:?}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn sources_are_listed_from_the_command_line() {
    let (folder, data) = folder();
    init(&data);
    let name = KeyName::parse("aoi-7.example").unwrap();
    let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[7; 32]).unwrap();
    let key = key.verifier().to_string();
    let file = folder.path().join("aoi.vkey");
    std::fs::write(&file, format!("{key}\n")).unwrap();

    let add = ["source", "add", file.to_str().unwrap(), "--data", &data, "--note", "Line 3"];
    assert!(run(&add).status.success());
    assert_eq!(run(&add).status.code(), Some(2));
    let list = || {
        let output = run(&["source", "list", "--data", &data]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(list(), format!("enabled\t{key}\tLine 3\n"));
    assert!(run(&["source", "disable", "aoi-7.example", "--data", &data]).status.success());
    assert_eq!(list(), format!("disabled\t{key}\tLine 3\n"));
    // As the verifier reads files of keys, which the table is not.
    let output = run(&["source", "list", "--keys", "--data", &data]);
    let keys = String::from_utf8(output.stdout).unwrap();
    assert_eq!(keys, format!("# disabled Line 3\n{key}\n"));
    assert_eq!(spec::key::parse_key_lines(&keys).unwrap()[0].to_string(), key);
    assert!(spec::key::parse_key_lines(&list()).is_err());
    assert!(run(&["source", "enable", "aoi-7.example", "--data", &data]).status.success());
    let unknown = run(&["source", "enable", "nobody", "--data", &data]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_private_key_given_as_a_source_is_not_printed() {
    let (_folder, data) = folder();
    init(&data);
    let keys = Path::new(&data).join("keys");
    for entry in std::fs::read_dir(keys).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let Some(seed) = text.trim_end().strip_prefix("PRIVATE+KEY+") else { continue };
        // The seed's base64 may hold plus signs itself.
        let seed = seed.splitn(3, '+').nth(2).unwrap();
        for given in [path.to_str().unwrap(), text.trim_end()] {
            let output = run(&["source", "add", given, "--data", &data]);
            assert_eq!(output.status.code(), Some(2));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("private key") && !said.contains(seed), "{said}");
        }
    }
}

#[test]
fn what_cannot_be_done_is_said_and_exits_with_2() {
    let (folder, data) = folder();
    let nowhere = folder.path().join("nowhere").to_str().unwrap().to_owned();
    init(&data);
    let with_config = |text: &str| {
        std::fs::write(Path::new(&data).join("fiducial-log.toml"), text).unwrap();
        run(&["serve", "--data", &data])
    };
    for (output, said) in [
        (run(&["init", "--data", &data, "--origin", "factory.example"]), "not empty"),
        (run(&["init", "--data", &nowhere, "--origin", "two words"]), "without spaces"),
        (run(&["init", "--data", &nowhere, "--origin", "https://a.example/b"]), "\"a.example/b\""),
        (run(&["init", "--data", &nowhere, "--origin", "a.example/b/"]), "\"a.example/b\""),
        (run(&["serve", "--data", &nowhere]), "fiducial-log init"),
        (run(&["check", "--data", &nowhere]), "cannot be used"),
        (run(&["source", "list", "--data", &nowhere]), "no log"),
        (run(&["serve"]), "--data"),
        (with_config("[limits]\nconections = 1\n"), "line 2"),
        (with_config("[tls]\ncertificate = \"/none\"\nkey = \"/none\"\n"), "/none"),
        (with_config("log = \"a=b=c\"\n"), "--log"),
    ] {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{said}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn the_environment_comes_between_flags_and_the_file() {
    let (_folder, data) = folder();
    init(&data);
    let config = Path::new(&data).join("fiducial-log.toml");
    std::fs::write(config, "listen = \"192.0.2.1:1\"\nadmission = \"any\"\n").unwrap();
    let mut child = program()
        .args(["serve", "--data", &data])
        .env("FIDUCIAL_LOG_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let _ = child.kill();
    let _ = child.wait();
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line:?}");
}
