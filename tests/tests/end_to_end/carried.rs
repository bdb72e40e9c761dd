//! Cosignatures that somebody carries by file: a witness without a network.
//!
//! One witness is asked over the network, the other has no URL in the policy, and both must
//! cosign. What is carried there is the body of an add-checkpoint request, what is carried back the
//! body of its answer.

use spec::key::Algorithm;
use spec::policy::{AcceptedCheckpoint, Cosigner};

use crate::support::{Said, Server, wait};
use crate::witnesses::{FOR_RECEIPT, Panel, accept, cosigners};

/// A log that needs both, the second of which does not run.
fn with_one_by_file() -> Panel {
    let mut panel = Panel::new(2, 2);
    panel.witnesses[1].stop();
    let asked = panel.witnesses[0].policy_lines(&panel.world);
    let by_file = panel.witnesses[1].says(&panel.world, &["key", "policy"]);
    let lines = [(asked.as_str(), &panel.witnesses[0].name), (&by_file, &panel.witnesses[1].name)];
    panel.write_policy_of("policy", 2, lines.into_iter());
    panel
}

/// Makes the request for a witness that knows `old` entries.
fn request(panel: &Panel, old: &str) -> Said {
    let words = ["witness", "request", "--data", "log", "--out", "request", "--old", old];
    panel.world.log(&words)
}

fn sign(panel: &Panel, input: &str) -> Said {
    let data = &panel.witnesses[1].data;
    panel.world.witness(&["sign", "--data", data, "--in", input, "--out", "cosignature"])
}

fn accept_file(panel: &Panel, file: &str) -> Said {
    let words = ["witness", "accept", file, "--data", "log", "--witness-policy", "policy"];
    panel.world.log(&words)
}

/// Carries the head that is signed now there and back.
#[track_caller]
fn carry(panel: &Panel, old: &str) {
    request(panel, old).ends_with(0);
    sign(panel, "request").ends_with(0);
    accept_file(panel, "cosignature").ends_with(0);
}

/// Waits until this is the head that is offered.
#[track_caller]
fn signed(panel: &Panel, size: u64) {
    wait("it is not signed", || (panel.world.signed_size("log") == size).then_some(()));
}

/// Waits until the log says which witness it lacks and that its word comes by file.
#[track_caller]
fn waits_for_file(server: &Server, size: &str) {
    wait("the log waits for nobody", || {
        let answer = server.get("/readyz");
        let text = answer.text();
        let head = format!("the head of {size} entries");
        let waits = answer.status == 503 && text.contains(&head);
        (waits && text.contains("by file") && text.contains("witness-2")).then_some(())
    });
}

#[test]
fn a_witness_without_a_network_is_reached_by_file() {
    let panel = with_one_by_file();
    let server = panel.serve_unready(&["--wait-seconds", "1"]);
    // The empty tree is the first head that the witnesses see.
    waits_for_file(&server, "0");
    assert_eq!(server.post("/add", b"entry 0").index(), 0);
    carry(&panel, "0");
    signed(&panel, 1);
    server.post(FOR_RECEIPT, b"entry 0").is_problem(503, "not-witnessed");
    server.get("/proof/0").is_problem(404, "beyond");

    carry(&panel, "0");
    panel.world.published(&server, 1);
    let receipt = server.post(FOR_RECEIPT, b"entry 0");
    let accepted = accept(&receipt, b"entry 0", &panel.policy("policy"));
    assert_eq!(cosigners(&accepted), ["witness-1.example/w", "witness-2.example/w"]);
    panel.verify(&receipt.body, b"entry 0", "policy", &[], 0);

    // A request that does not begin where the witness is: it says where that is.
    for at in 1..4 {
        server.post("/add", format!("entry {at}").as_bytes()).index();
    }
    signed(&panel, 2);
    request(&panel, "0").ends_with(0);
    let said = sign(&panel, "request").ends_with(1);
    assert!(said.err.contains("old 1"), "{said:?}");
    carry(&panel, "1");
    panel.world.published(&server, 2);
    signed(&panel, 4);

    // Also for a log that does not run meanwhile: the next start publishes what was carried.
    drop(server);
    carry(&panel, "2");
    let server = panel.serve_unready(&[]);
    panel.world.published(&server, 4);
    assert_eq!(cosigners(&panel.shown(&server)).len(), 2);
    assert_eq!(server.stop(), 0);
}

#[test]
fn what_was_carried_is_checked_before_it_is_taken() {
    let panel = with_one_by_file();
    let server = panel.serve_unready(&[]);
    let said = request(&panel, "7").ends_with(2);
    assert!(said.err.contains("the last signed head has 0 entries"), "{said:?}");
    request(&panel, "0").ends_with(0);
    sign(&panel, "request").ends_with(0);
    let lines = String::from_utf8(panel.world.read("cosignature")).unwrap();

    // Changed bytes, another's lines, the request itself, and nothing at all.
    let changed: String = lines.lines().map(|line| change(line) + "\n").collect();
    panel.world.write("changed", changed);
    let renamed = lines.replace("witness-2.example/w", "witness-3.example/w");
    panel.world.write("renamed", renamed);
    panel.world.write("empty", "");
    for file in ["changed", "renamed", "request", "empty", "missing"] {
        let said = accept_file(&panel, file).ends_with(2);
        assert!(said.err.contains(file), "{said:?}");
    }
    server.get("/checkpoint").is_problem(503, "not-ready");

    // The request is signed by the log: a changed one is refused by the witness.
    let text = String::from_utf8(panel.world.read("request")).unwrap();
    panel.world.write("forged", text.replacen("\n0\n", "\n1\n", 1));
    let said = sign(&panel, "forged");
    assert!(matches!(said.code, 1 | 2) && !said.err.is_empty(), "{said:?}");

    // Each line is judged by itself: one that holds is enough, and the bad one is not published.
    let (first, rest) = lines.split_once('\n').unwrap();
    panel.world.write("half", format!("{}\n{rest}", change(first)));
    accept_file(&panel, "half").ends_with(0);
    wait("it is not published", || (server.get("/checkpoint").status == 200).then_some(()));
    let by = |shown: AcceptedCheckpoint| {
        let of_file = |one: &&Cosigner| one.key_name.as_str() == panel.witnesses[1].name;
        shown.cosigners().iter().filter(of_file).map(|one| one.algorithm).collect::<Vec<_>>()
    };
    assert_eq!(by(panel.shown(&server)), [Algorithm::CosignatureMlDsa44]);
    accept_file(&panel, "cosignature").ends_with(0);
    wait("the other line is not added", || (by(panel.shown(&server)).len() == 2).then_some(()));
    // Once more is of no harm, neither now nor for another head.
    accept_file(&panel, "cosignature").ends_with(0);
    assert_eq!(server.post("/add", b"entry 0").index(), 0);
    signed(&panel, 1);
    let said = accept_file(&panel, "cosignature").ends_with(2);
    assert!(said.err.contains("1 entry"), "{said:?}");
    carry(&panel, "0");
    panel.world.published(&server, 1);
    assert_eq!(server.stop(), 0);
}

/// A signature line with another character in the middle of its base64.
fn change(line: &str) -> String {
    let at = line.len() / 2;
    let other = if &line[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &line[..at], &line[at + 1..])
}

#[test]
fn a_request_travels_as_codes_too() {
    let panel = with_one_by_file();
    let server = panel.serve_unready(&[]);
    request(&panel, "0").ends_with(0);
    // What a camera on the other side would read, in whatever order.
    let codes = panel.world.witness(&["qr", "--in", "request", "--text"]).ends_with(0).out;
    let mut texts: Vec<&str> = codes.lines().collect();
    assert!(texts.len() > 1, "the log's post-quantum line fills several: {codes}");
    texts.reverse();
    panel.world.write("codes", texts.join("\n"));
    sign(&panel, "codes").ends_with(0);
    accept_file(&panel, "cosignature").ends_with(0);
    wait("it is not published", || (server.get("/checkpoint").status == 200).then_some(()));
    // One code short is no request.
    panel.world.write("codes", texts[1..].join("\n"));
    sign(&panel, "codes").ends_with(2);
    assert_eq!(server.stop(), 0);
}
