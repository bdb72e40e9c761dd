//! The real program over real sockets: what tlog-witness asks of HTTP, limits, reload, TLS, an end.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use spec::checkpoint::Checkpoint;
use spec::cosignature;
use spec::note::{Note, verify_ed25519};
use spec::witness::{MAX_REQUEST_SIZE, monitoring_path};
use support::{BOTH, Home, ONE, TestLog, exchange, parse, send, verified};
use witness::registry;

/// The program, serving.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = program()
            .arg("serve")
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(home.data())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().parse();
        let address = address.unwrap_or_else(|_| panic!("it did not start: {line:?}"));
        Self { child, address }
    }

    fn post(&self, body: &[u8]) -> support::Answer {
        send(self.address, "POST", "/add-checkpoint", body)
    }

    fn get(&self, path: &str) -> support::Answer {
        send(self.address, "GET", path, b"")
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Ends it as an operator would, and returns its exit code.
    fn stop(mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_fiducial-witness"))
}

#[test]
fn a_checkpoint_is_cosigned_shown_and_remembered_by_the_next_process() {
    let log = TestLog::new("log.example/http");
    let home = Home::new(&BOTH, &[&log]);
    let path = monitoring_path(&log.origin);
    let server = Server::start(&home, &[]);
    assert_eq!(server.get(&path).status, 404);

    let answer = server.post(&log.request(0, 5));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/plain; charset=utf-8"))
    );
    verified(answer.text(), &log.checkpoint(5), &home.keys);

    let conflict = server.post(&log.request(0, 7));
    assert_eq!((conflict.status, conflict.text()), (409, "5\n"));
    assert_eq!(conflict.header("content-type"), Some("text/x.tlog.size"));

    let grown = server.post(&log.request(5, 7));
    assert_eq!(grown.status, 200);
    let again = server.post(&log.request(7, 7));
    verified(again.text(), &log.checkpoint(7), &home.keys);

    // The monitoring GET shows the lines that were given out, and the log's own.
    let shown = server.get(&path);
    assert_eq!(shown.status, 200);
    assert!(shown.text().ends_with(again.text()));
    let note = Note::parse(&shown.body).unwrap();
    assert_eq!(verify_ed25519(&note, log.key.verifier()), Ok(()));
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.tree().size(), 7);
    for key in &home.keys {
        assert!(cosignature::verify(note.signatures(), &checkpoint, key).is_ok());
    }

    assert_eq!(server.stop(), Some(0));
    let server = Server::start(&home, &[]);
    assert_eq!(server.get(&path).body, shown.body);
    assert_eq!(server.post(&log.request(5, 9)).text(), "7\n");
    assert_eq!(server.post(&log.request(7, 9)).status, 200);
}

#[test]
fn a_killed_witness_remembers_everything_it_told() {
    let log = TestLog::new("log.example/kill");
    let home = Home::new(&ONE, &[&log]);
    let mut known = 0;
    for round in 1..6_u64 {
        let mut server = Server::start(&home, &[]);
        let answer = server.post(&log.request(known, known + round));
        verified(answer.text(), &log.checkpoint(known + round), &home.keys);
        known += round;
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    let server = Server::start(&home, &[]);
    assert_eq!(server.post(&log.request(0, 1)).text(), format!("{known}\n"));
}

#[test]
fn what_is_no_request_is_answered_with_a_problem() {
    let log = TestLog::new("log.example/problems");
    let home = Home::new(&ONE, &[&log]);
    let server = Server::start(&home, &[]);
    let stranger = TestLog::new("stranger.example");
    for (status, body) in [
        (400, b"".to_vec()),
        (400, b"old 007\n\n".to_vec()),
        (404, stranger.request(0, 1)),
        (413, vec![b'a'; MAX_REQUEST_SIZE + 1]),
        (413, vec![b'a'; 300_000]),
    ] {
        let answer = server.post(&body);
        assert_eq!(answer.status, status, "{}", body.len());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(document["status"], status);
    }
    assert_eq!(server.get("/add-checkpoint").status, 405);
    assert_eq!(server.get("/add-checkpoint").header("allow"), Some("POST"));
    assert_eq!(send(server.address, "POST", &monitoring_path(&log.origin), b"").status, 405);
    for path in ["/nothing", "/ab/checkpoint", "/add-checkpoint/", "//add-checkpoint"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    let page = server.get("/");
    assert!(page.text().contains(&home.keys[0].to_string()));
    let metrics = server.get("/metrics");
    let line = "fiducial_witness_requests_total{route=\"add-checkpoint\",status=\"413\"} 2";
    assert!(metrics.text().contains(line), "{}", metrics.text());
}

#[test]
fn one_connection_carries_many_requests() {
    let log = TestLog::new("log.example/keep-alive");
    let home = Home::new(&ONE, &[&log]);
    let server = Server::start(&home, &[]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for size in 1..20 {
        let body = log.request(size - 1, size);
        let head = format!(
            "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            reader.read_until(b'\n', &mut bytes).unwrap();
        }
        let length: usize = parse(&bytes).header("content-length").unwrap().parse().unwrap();
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        verified(std::str::from_utf8(&answer).unwrap(), &log.checkpoint(size), &home.keys);
    }
}

#[test]
fn logs_and_keys_come_and_go_while_it_runs() {
    let (first, second) = (TestLog::new("first.example"), TestLog::new("second.example"));
    let home = Home::new(&ONE, &[&first]);
    let server = Server::start(&home, &[]);
    assert_eq!(server.post(&second.request(0, 1)).status, 404);

    let list = home.folder.path().join("list.1");
    fs::write(&list, format!("logs/v0\nvkey {}\nqpd 24\ncontact x\n", second.key.verifier()))
        .unwrap();
    let added = program().args(["log", "add"]).arg(&list).arg("--data").arg(home.data()).output();
    assert!(added.unwrap().status.success());
    until(|| server.post(&second.request(0, 1)).status == 200);
    // Eight more are beyond the burst of a log that may ask 24 times a day.
    let statuses: Vec<u16> =
        (1..9).map(|size| server.post(&second.request(size, size + 1)).status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 429]);
    let limited = server.post(&second.request(8, 9));
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 1_800 && wait <= 3_601, "{wait}");
    // What a stranger sends, or what is refused, costs the log nothing: its first is still unlimited.
    assert_eq!(server.post(&first.request(0, 1)).status, 200);

    let (program_first, data) = (first.origin.as_str(), home.data());
    let disabled = program().args(["log", "disable", program_first, "--data"]).arg(data).output();
    assert!(disabled.unwrap().status.success());
    until(|| server.post(&first.request(1, 1)).status == 403);
    assert_eq!(server.get(&monitoring_path(&first.origin)).status, 200);

    // A second key signs beside the first, then alone.
    let made =
        program().args(["key", "add", "--algorithm", "ml-dsa-44", "--data"]).arg(data).output();
    let made = String::from_utf8(made.unwrap().stdout).unwrap();
    let fresh = spec::key::VerifierKey::parse(made.trim()).unwrap();
    registry::add(&home.settings, &first.origin, &[], None, None).unwrap();
    let both = [home.keys[0].clone(), fresh];
    until(|| server.post(&first.request(1, 1)).text().lines().count() == 2);
    verified(server.post(&first.request(1, 2)).text(), &first.checkpoint(2), &both);
    let id = home.keys[0].id().to_string();
    let retired = program().args(["key", "retire", &id, "--data"]).arg(data).output().unwrap();
    assert!(retired.status.success());
    until(|| server.post(&first.request(2, 2)).text().lines().count() == 1);
    verified(server.post(&first.request(2, 3)).text(), &first.checkpoint(3), &both[1..]);

    // A file that cannot be read leaves everything as it was, and is said.
    let whole = fs::read(home.settings.logs()).unwrap();
    fs::write(home.settings.logs(), "=").unwrap();
    until(|| server.get("/readyz").status == 503);
    assert_eq!(server.post(&first.request(3, 4)).status, 200);
    fs::write(home.settings.logs(), whole).unwrap();
    until(|| server.get("/readyz").status == 200);
    assert_eq!(server.stop(), Some(0));
}

/// Waits for what the next look at the files brings.
fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn slow_clients_hold_nobody_up_and_one_address_gets_its_share() {
    let log = TestLog::new("log.example/slow");
    let home = Home::new(&ONE, &[&log]);
    let server = Server::start(&home, &["--limit-loopback", "--requests-per-second", "20"]);
    // Half a head, or half a body, on every connection that one address may have but a few.
    let mut slow = Vec::new();
    for number in 0..250 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let text: &[u8] = if number > 0 {
            b"POST /add-checkpoint HTT"
        } else {
            b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 500\r\n\r\nold 0\n"
        };
        stream.write_all(text).unwrap();
        slow.push(stream);
    }
    let start = Instant::now();
    assert_eq!(server.post(&log.request(0, 1)).status, 200);
    assert!(start.elapsed() < Duration::from_secs(2));
    let statuses: Vec<u16> = (0..60).map(|_| server.get("/healthz").status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    for _ in 0..10 {
        slow.push(TcpStream::connect(server.address).unwrap());
    }
    std::thread::sleep(Duration::from_millis(300));
    let mut stream = TcpStream::connect(server.address).unwrap();
    assert_eq!(exchange(&mut stream, "GET", "/healthz", b"").status, 503);
    // Bodies are given up after ten seconds, with an answer.
    let mut answer = Vec::new();
    slow[0].set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    slow[0].read_to_end(&mut answer).unwrap();
    assert_eq!(parse(&answer).status, 408);
}

#[test]
fn it_speaks_tls() {
    let log = TestLog::new("log.example/tls");
    let home = Home::new(&ONE, &[&log]);
    let made = rcgen::generate_simple_self_signed(["witness.example".to_owned()]).unwrap();
    let certificate = home.folder.path().join("certificate.pem");
    let key = home.folder.path().join("key.pem");
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let arguments =
        ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = Server::start(&home, &arguments);

    let mut stream = over_tls(&server, made.cert.der());
    let answer = exchange(&mut stream, "POST", "/add-checkpoint", &log.request(0, 3));
    verified(answer.text(), &log.checkpoint(3), &home.keys);

    // A broken file replaces nothing; a renewed one is taken at a SIGHUP, without a restart.
    fs::write(&certificate, "nonsense").unwrap();
    server.signal(rustix::process::Signal::HUP);
    until(|| text_over_tls(&server, made.cert.der(), "/metrics").contains("files_unusable 1\n"));
    let renewed = rcgen::generate_simple_self_signed(["witness.example".to_owned()]).unwrap();
    fs::write(&certificate, renewed.cert.pem()).unwrap();
    fs::write(&key, renewed.signing_key.serialize_pem()).unwrap();
    server.signal(rustix::process::Signal::HUP);
    until(|| over_tls(&server, renewed.cert.der()).write_all(b"GET").is_ok());
    let metrics = text_over_tls(&server, renewed.cert.der(), "/metrics");
    assert!(metrics.contains("fiducial_witness_tls_files_unusable 0\n"), "{metrics}");
    assert!(over_tls(&server, made.cert.der()).write_all(b"GET").is_err());
    assert_eq!(server.stop(), Some(0));
}

fn over_tls(
    server: &Server,
    trusted: &CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("witness.example").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, TcpStream::connect(server.address).unwrap())
}

fn text_over_tls(server: &Server, trusted: &CertificateDer<'static>, path: &str) -> String {
    exchange(&mut over_tls(server, trusted), "GET", path, b"").text().to_owned()
}

#[test]
fn a_request_is_signed_from_a_file_and_from_codes() {
    let log = TestLog::new("log.example/air-gap");
    let home = Home::new(&BOTH, &[&log]);
    let (input, output) = (home.folder.path().join("request"), home.folder.path().join("answer"));
    let sign = |input: &std::path::Path| {
        let mut command = program();
        command
            .args(["sign", "--data"])
            .arg(home.data())
            .arg("--in")
            .arg(input)
            .arg("--out")
            .arg(&output);
        command.output().unwrap()
    };
    fs::write(&input, log.request(0, 3)).unwrap();
    assert_eq!(sign(&input).status.code(), Some(0));
    verified(&fs::read_to_string(&output).unwrap(), &log.checkpoint(3), &home.keys);

    // As texts of codes, in any order; and the answer as codes, back into a file.
    fs::write(&input, log.request(3, 6)).unwrap();
    let texts = program().args(["qr", "--text", "--in"]).arg(&input).output().unwrap().stdout;
    let codes = home.folder.path().join("codes");
    fs::write(&codes, texts).unwrap();
    assert_eq!(sign(&codes).status.code(), Some(0));
    let answer = fs::read(&output).unwrap();
    verified(std::str::from_utf8(&answer).unwrap(), &log.checkpoint(6), &home.keys);
    let texts = program().args(["qr", "--text", "--in"]).arg(&output).output().unwrap().stdout;
    assert!(texts.iter().filter(|byte| **byte == b'\n').count() > 4);
    fs::write(&codes, texts).unwrap();
    let carried = home.folder.path().join("carried");
    assert!(
        program()
            .args(["qr", "--in"])
            .arg(&codes)
            .arg("--out")
            .arg(&carried)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(fs::read(&carried).unwrap(), answer);

    // The same rules: what was cosigned from a file is what a server knows, and the other way round.
    fs::write(&input, log.request(3, 7)).unwrap();
    fs::remove_file(&output).unwrap();
    let refused = sign(&input);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("old 6"));
    assert!(!output.exists());
    let server = Server::start(&home, &[]);
    assert_eq!(sign(&input).status.code(), Some(2));
    assert_eq!(server.post(&log.request(6, 8)).status, 200);
}

#[test]
fn doctor_explains_in_both_languages_with_its_exit_code() {
    let log = TestLog::new("log.example/doctor");
    let home = Home::new(&ONE, &[&log]);
    let doctor = |arguments: &[&str]| {
        let output =
            program().arg("doctor").args(arguments).arg("--data").arg(home.data()).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = doctor(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("State and second record agree"));
    assert!(doctor(&["--lang", "zh"]).1.contains("状态与第二记录"));
    // The language is the environment's unless it is asked for; times are dates.
    let spoken = |variables: &[(&str, &str)]| {
        let mut command = program();
        command.args(["doctor", "--data"]).arg(home.data()).env_remove("LC_ALL");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(spoken(&[("FIDUCIAL_LANG", "zh")]).contains("状态与第二记录"));
    assert!(spoken(&[("LC_ALL", "zh_CN.UTF-8")]).contains("状态与第二记录"));
    let english = spoken(&[("LC_ALL", "zh_CN.UTF-8"), ("FIDUCIAL_LANG", "en")]);
    assert!(english.contains("State and second record agree"), "{english}");
    assert!(english.contains("(now 20") && english.contains("Z)."), "{english}");

    // A clock that jumped leaves a mark; a restart alone does not lift it, the operator's word does.
    fs::write(home.settings.clock_stopped(), "the clock jumped\n").unwrap();
    assert_eq!(doctor(&[]).0, Some(1));
    let server = Server::start(&home, &[]);
    let refused = server.post(&log.request(0, 1));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("600")));
    assert_eq!(server.get("/readyz").status, 503);
    assert_eq!(server.stop(), Some(3));
    assert_eq!(doctor(&["--clock-ok"]).0, Some(0));
    let server = Server::start(&home, &[]);
    assert_eq!(server.post(&log.request(0, 1)).status, 200);
    assert_eq!(doctor(&[]).0, Some(2));
    assert_eq!(server.stop(), Some(0));

    fs::remove_file(&home.settings.high_water).unwrap();
    let (code, said) = doctor(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("doctor --restored"));
    let refused = program().args(["serve", "--data"]).arg(home.data()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("doctor"));
    let (code, said) = doctor(&["--restored", "--url", "https://w.example/"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("witness witness.example/w1-") && said.contains("https://w.example/"));
}
