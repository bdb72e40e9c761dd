//! Witnesses that break one rule each: a runner that cannot fail would be worth nothing.
//!
//! The first kind gives the same answer to everything. The second stands in front of our own
//! witness and changes one thing on the way back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use tests::kit::case::Case;
use tests::kit::client::Answer;
use tests::kit::report::{Outcome, Report};
use tests::kit::run;

use crate::ours::Home;
use crate::{cases, kit, settings};

/// The most bytes of a request that these witnesses read.
const MAX_REQUEST_SIZE: u64 = 1024 * 1024;

/// What a wrong witness answers to a request's first line and body.
type Answering = dyn Fn(&str, &[u8]) -> Answer + Send + Sync;

/// Listens until the test's process ends, with a thread for each connection; the URL.
pub(crate) fn listen(talk: impl Fn(&TcpStream) -> Option<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let talk = Arc::new(talk);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, talk) = (stream.unwrap(), Arc::clone(&talk));
            thread::spawn(move || talk(&stream));
        }
    });
    url
}

/// Reads a request's first line and the other lines of its head; the first one, and the body's length.
pub(crate) fn read_head(reader: &mut impl BufRead) -> Option<(String, u64)> {
    let (mut head, mut first, mut length) = (reader.take(MAX_REQUEST_SIZE), String::new(), 0);
    head.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        head.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            return Some((first, length));
        }
    }
}

/// Serves until the test's process ends; the URL.
fn serve(answering: Box<Answering>) -> String {
    listen(move |stream| converse(stream, &answering))
}

/// Answers one request after the other until the client goes away.
fn converse(stream: &TcpStream, answering: &Answering) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let (first, length) = read_head(&mut reader)?;
        if length > MAX_REQUEST_SIZE {
            return None;
        }
        let mut body = Vec::new();
        (&mut reader).take(length).read_to_end(&mut body).ok()?;
        let answer = answering(&first, &body);
        let kind = answer.content_type.unwrap_or_else(|| "text/plain".to_string());
        let mut bytes = format!(
            "HTTP/1.1 {} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            answer.status,
            answer.body.len()
        )
        .into_bytes();
        bytes.extend(&answer.body);
        writer.write_all(&bytes).ok()?;
    }
}

fn words(status: u16, body: &[u8]) -> Answer {
    let kind = (status == 409).then(|| "text/x.tlog.size".to_string());
    Answer { status, content_type: kind, body: body.to_vec() }
}

/// A key of a witness that does not exist.
fn some_key() -> VerifierKey {
    let name = KeyName::parse("witness.example").unwrap();
    let key = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[1; 32]).unwrap();
    key.verifier().clone()
}

fn has_passed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Noted(_) | Outcome::Passed)
}

#[test]
fn hardly_a_case_passes_on_a_witness_that_always_says_the_same() {
    let bodies: [(u16, &[u8]); 7] =
        [(200, b""), (400, b""), (403, b""), (404, b""), (409, b"0\n"), (422, b""), (500, b"")];
    let (all, mut passed) = (cases(), Vec::new());
    for (status, body) in bodies {
        let url = serve(Box::new(move |_, _| words(status, body)));
        let report = run(&settings(&url, &[some_key()]), &all, &mut |_| {});
        assert_ne!(report.exit_code(), 0, "always {status}");
        let cases = report.verdicts.iter().filter(|verdict| has_passed(&verdict.outcome));
        passed.extend(cases.map(|verdict| format!("{status} {}", verdict.case)));
    }
    // A log that nobody knows is always answered 404. Large requests may be refused, with a note.
    // All other cases want something cosigned, before or behind the request.
    assert_eq!(
        passed,
        [
            "400 request-of-65536-bytes",
            "400 signature-16-lines-of-ml-dsa-size",
            "404 monitor-unknown-origin",
            "404 origin-unknown",
        ]
    );
}

/// Runs some cases against our witness behind a proxy that changes what it answers.
fn changed(names: &[&str], change: impl Fn(Answer) -> Answer + Send + Sync + 'static) -> Report {
    let home = Home::new();
    let server = home.serve();
    let origin = server.url.clone();
    let url = serve(Box::new(move |first, body| change(forward(&origin, first, body))));
    let cases: Vec<Case> =
        cases().into_iter().filter(|case| names.contains(&case.name.as_str())).collect();
    assert_eq!(cases.len(), names.len());
    run(&settings(&url, &home.vkeys), &cases, &mut |_| {})
}

/// Hands a request on, over a connection of its own.
fn forward(url: &str, first: &str, body: &[u8]) -> Answer {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{first}host: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let kind = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-type").then(|| value.to_string())
    });
    let status = head[9..12].parse().unwrap();
    Answer { status, content_type: kind, body: bytes[split + 4..].to_vec() }
}

#[track_caller]
fn assert_failed(report: &Report, why: &str) {
    assert_eq!(report.exit_code(), 1, "{}", report.summary());
    for verdict in &report.verdicts {
        assert_eq!(verdict.outcome.word(), "FAIL", "{verdict}");
        assert!(verdict.to_string().contains(why), "{verdict}");
    }
}

#[test]
fn a_conflict_of_another_type_or_body_is_noticed() {
    let names = ["conflict-stale", "race-of-two-sizes-1"];
    let report = changed(&names, |mut answer| {
        if answer.status == 409 {
            answer.content_type = Some("text/plain".to_string());
        }
        answer
    });
    assert_failed(&report, "text/x.tlog.size");
    let report = changed(&["conflict-stale", "conflict-of-16-digits"], |mut answer| {
        if answer.status == 409 {
            answer.body.pop();
        }
        answer
    });
    assert_failed(&report, "the body is");
}

#[test]
fn a_cosignature_that_does_not_verify_or_is_missing_is_noticed() {
    let names = ["first-contact-of-7", "extension-lines-one", "same-size-again"];
    let of_lines = |change: fn(&str) -> String| {
        move |mut answer: Answer| {
            if answer.status == 200 && answer.body.starts_with("\u{2014}".as_bytes()) {
                answer.body = change(std::str::from_utf8(&answer.body).unwrap()).into_bytes();
            }
            answer
        }
    };
    // The last letter before the padding of the first line is of the signature.
    let flipped = changed(
        &names,
        of_lines(|text| {
            let (first, rest) = text.split_once('\n').unwrap();
            let at = first.len() - 8;
            let letter = if &first[at..=at] == "A" { "B" } else { "A" };
            format!("{}{letter}{}\n{rest}", &first[..at], &first[at + 1..])
        }),
    );
    assert_failed(&flipped, "does not verify");
    let alone = changed(&names, of_lines(|text| format!("{}\n", text.split('\n').next().unwrap())));
    assert_failed(&alone, "no line by the ML-DSA-44 key");
    let cut = changed(&names, of_lines(|text| text.trim_end().to_string()));
    assert_failed(&cut, "the body of the 200 is wrong");
}

#[test]
fn what_the_monitoring_path_leaves_out_is_noticed() {
    let report = changed(&["first-contact-of-7", "same-size-again"], |mut answer| {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        if let Some((checkpoint, lines)) = text.split_once("\n\n").filter(|_| answer.status == 200)
        {
            let without_log = lines.split_once('\n').unwrap().1;
            answer.body = format!("{checkpoint}\n\n{without_log}").into_bytes();
        }
        answer
    });
    assert_failed(&report, "monitoring: ");
}

#[test]
fn the_program_ends_with_what_it_found() {
    let runs = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-kit"));
        let output = command.args(words).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let key = some_key().to_string();
    let folder = kit().to_string_lossy().into_owned();
    let wrong = serve(Box::new(|_, _| words(500, b"")));
    let only = ["--vkey", &key, "--cases", &folder, "--only", "conflict-"];
    let (code, said) = runs(&[&["--url", &wrong], &only[..]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAIL  conflict-stale: before the request"), "{said}");
    let (code, said) = runs(&[&["--url", &wrong, "--json"], &only[..]].concat());
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, json["failed"].as_u64()),
        (Some(1), Some(json["cases"].as_array().unwrap().len() as u64))
    );
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, said) = runs(&[&["--url", &format!("http://{closed}")], &only[..]].concat());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("0 FAILED"), "{said}");
    assert_eq!(runs(&["--url", "ftp://x", "--vkey", &key]).0, Some(2));
    assert_eq!(runs(&["--url", &wrong, "--vkey", "nonsense"]).0, Some(2));
}
