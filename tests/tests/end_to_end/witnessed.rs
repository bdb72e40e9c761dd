//! Receipts of a log whose witnesses answer, and what happens while they do not.
//!
//! A log never shows a checkpoint that its policy does not accept, takes entries all the same, and
//! loses none. What a test says of a receipt it has from the receipt's own bytes.

use std::net::TcpListener;

use serde_json::Value;
use spec::policy::PostQuantum;

use crate::support::{Server, World, wait};
use crate::witnesses::{FOR_RECEIPT, Panel, Witness, accept, cosigners};

/// How many witnesses the large panel has, and how many of them never answer.
const MANY: usize = 10;
const HANGING: usize = 3;

#[test]
fn a_receipt_comes_in_one_round_trip_and_is_judged_offline() {
    let panel = Panel::new(3, 2);
    let server = panel.serve();
    let mut first = Vec::new();
    for at in 0..5_u64 {
        let entry = format!("entry {at}");
        let (receipt, accepted) = panel.receipt(&server, entry.as_bytes());
        assert!(accepted.tree().size() > at);
        assert!(cosigners(&accepted).len() >= 2, "{accepted:?}");
        assert!(matches!(accepted.post_quantum(), PostQuantum::Accepted(_)), "{accepted:?}");
        // Whatever the log shows satisfies the policy, and is no older than a receipt it gave.
        assert!(panel.shown(&server).tree().size() >= accepted.tree().size());
        first = receipt;
    }
    // The same entry again: the same index, another valid receipt, not an error.
    let entry = b"entry 4";
    assert_eq!(server.post("/add", entry).index(), 4);
    let (again, accepted) = panel.receipt(&server, entry);
    assert_eq!(accepted.tree().size(), 5);
    let served = server.get("/proof/4");
    accept(&served, entry, &panel.policy("policy"));

    // Without the log and without any witness.
    assert_eq!(server.stop(), 0);
    drop(panel.witnesses);
    let panel = Panel { witnesses: Vec::new(), world: panel.world };
    for receipt in [&first, &again, &served.body] {
        let json = panel.verify(receipt, entry, "policy", &[], 0);
        assert_eq!(json["verdict"], "verified", "{json}");
    }
    panel.verify(&first, b"another entry", "policy", &[], 1);
    for line in cosignature_lines(&first) {
        // The quorum is of two: with one line gone or changed it may stand, with all gone never.
        assert!(line.contains(".example/w "), "{line}");
    }
    let text = String::from_utf8(first).unwrap();
    let bare: String = text
        .lines()
        .filter(|line| !is_cosignature(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let json = panel.verify(bare.as_bytes(), entry, "policy", &[], 1);
    let said = json["reasons"].to_string();
    for number in 1..=3 {
        assert!(said.contains(&format!("witness-{number}.example/w")), "{said}");
    }
}

fn is_cosignature(line: &str) -> bool {
    line.starts_with("\u{2014} witness-")
}

fn cosignature_lines(receipt: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(receipt).unwrap();
    let lines: Vec<String> =
        text.lines().filter(|line| is_cosignature(line)).map(str::to_owned).collect();
    assert!(lines.len() >= 4, "two witnesses with two keys each: {text}");
    lines
}

#[test]
fn without_the_quorum_nothing_is_shown_and_nothing_is_lost() {
    let mut panel = Panel::new(3, 2);
    let server = panel.serve_unready(&["--wait-seconds", "1"]);
    server.wait_until_ready();
    panel.receipt(&server, b"entry 0");
    panel.witnesses[1].stop();
    panel.witnesses[2].kill();
    // A cosignature that came late may still be added to it; the tree stays.
    let before = panel.shown(&server).tree();

    let answer = server.post(FOR_RECEIPT, b"entry 1");
    let problem = answer.is_problem(503, "not-witnessed");
    assert_eq!(problem["index"], 1, "{problem}");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    for at in 2..20_u64 {
        assert_eq!(server.post("/add", format!("entry {at}").as_bytes()).index(), at);
    }
    let reasons = wait("the log calls itself ready", || unready(&server));
    let names = ["witness-2", "witness-3"].map(|name| reasons.contains(name));
    assert_eq!((names, reasons.contains("witness-1")), ([true, true], false), "{reasons}");
    let metrics = server.get("/metrics").body;
    assert!(String::from_utf8(metrics).unwrap().contains("\nfiducial_log_quorum_reached 0\n"));
    // The head that is offered stays the only one that is signed.
    assert_eq!(panel.world.signed_size("log"), 2);
    assert_eq!(panel.shown(&server).tree(), before);
    server.get("/proof/1").is_problem(404, "beyond");

    // A crash and a start without the quorum change nothing of that.
    drop(server);
    let server = panel.serve_unready(&[]);
    assert_eq!(server.post("/add", b"entry 1").index(), 1);
    assert_eq!(server.post("/add", b"entry 20").index(), 20);
    assert_eq!(panel.shown(&server).tree(), before);
    wait("the log calls itself ready", || unready(&server));

    panel.witnesses[2].start(&panel.world);
    panel.world.published(&server, 21);
    server.wait_until_ready();
    let policy = panel.policy("policy");
    for at in 0..21 {
        let receipt = server.get(&format!("/proof/{at}"));
        let accepted = accept(&receipt, format!("entry {at}").as_bytes(), &policy);
        assert_eq!(cosigners(&accepted), ["witness-1.example/w", "witness-3.example/w"]);
    }
    assert_eq!(server.stop(), 0);
}

/// Why a log is not ready, or `None` if it is.
fn unready(server: &Server) -> Option<String> {
    let answer = server.get("/readyz");
    (answer.status != 200).then(|| answer.is_problem(503, "not-ready")["reasons"].to_string())
}

#[test]
fn a_log_that_nobody_ever_witnessed_shows_no_checkpoint() {
    let mut panel = Panel::new(2, 2);
    panel.witnesses[0].stop();
    let server = panel.serve_unready(&[]);
    server.get("/checkpoint").is_problem(503, "not-ready");
    assert_eq!(server.post("/add", b"entry 0").index(), 0);
    server.get("/checkpoint").is_problem(503, "not-ready");
    panel.witnesses[0].start(&panel.world);
    panel.world.published(&server, 1);
    panel.shown(&server);
}

#[test]
fn a_witness_that_comes_late_is_added_to_what_is_shown() {
    let mut panel = Panel::new(3, 2);
    let server = panel.serve();
    panel.witnesses[2].stop();
    let (_, accepted) = panel.receipt(&server, b"entry 0");
    assert_eq!(cosigners(&accepted), ["witness-1.example/w", "witness-2.example/w"]);
    panel.witnesses[2].start(&panel.world);
    // Nothing is added meanwhile: the same head gets its third cosignature.
    wait("the third cosignature is not shown", || {
        let shown = panel.shown(&server);
        assert_eq!(shown.tree().size(), 1);
        (cosigners(&shown).len() == 3).then_some(())
    });
    assert_eq!(panel.witnesses[2].size(&panel.world), 1);
    assert_eq!(server.stop(), 0);
}

#[test]
fn witnesses_that_hang_keep_nobody_from_a_receipt() {
    let mut panel = Panel::new(MANY - HANGING, MANY - HANGING);
    // The kernel takes the connection and nobody ever answers.
    let hanging: Vec<TcpListener> = (0..HANGING)
        .map(|at| {
            let witness = Witness::new(&panel.world, MANY - HANGING + 1 + at);
            let listener = TcpListener::bind(witness.url().strip_prefix("http://").unwrap());
            panel.witnesses.push(witness);
            listener.unwrap()
        })
        .collect();
    panel.write_policy("policy", MANY - HANGING);
    let server = panel.serve();
    for at in 0..10 {
        let (_, accepted) = panel.receipt(&server, format!("entry {at}").as_bytes());
        assert_eq!(cosigners(&accepted).len(), MANY - HANGING);
    }
    // They were asked all the same.
    for listener in &hanging {
        listener.set_nonblocking(true).unwrap();
        listener.accept().expect("somebody asked");
    }
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_buyer_can_demand_somebody_who_is_related_to_nobody() {
    let mut panel = Panel::new(3, 2);
    panel.world.write(
        "parties",
        "[parties]\nfactory = [\"witness-1.example/w\"]\nbuyer = [\"witness-2.example/w\"]\n\
         auditor = [\"witness-3.example/w\"]\nnobody = []\n",
    );
    let server = panel.serve();
    panel.witnesses[2].stop();
    let (related, _) = panel.receipt(&server, b"entry");
    let demand = |panel: &Panel, receipt: &[u8], parties: &str, code: i32| -> Value {
        let more = ["--unrelated-to", parties, "--parties", "parties"];
        panel.verify(receipt, b"entry", "policy", &more, code)
    };
    panel.verify(&related, b"entry", "policy", &[], 0);
    for parties in ["factory", "buyer", "auditor", "nobody", "factory,auditor"] {
        demand(&panel, &related, parties, 0);
    }
    let json = demand(&panel, &related, "factory,buyer", 1);
    assert_eq!(json["verdict"], "rejected", "{json}");
    for name in ["factory", "buyer", "witness-1", "witness-2"] {
        assert!(json["reasons"].to_string().contains(name), "{name}: {json}");
    }
    // Nothing could ever meet these: not the receipt's fault.
    demand(&panel, &related, "factory,buyer,auditor", 2);
    demand(&panel, &related, "stranger", 2);

    // The same entry with the third witness beside the first.
    panel.witnesses[1].stop();
    panel.witnesses[2].start(&panel.world);
    panel.receipt(&server, b"another entry");
    let (unrelated, accepted) = panel.receipt(&server, b"entry");
    assert!(cosigners(&accepted).contains(&panel.witnesses[2].name));
    demand(&panel, &unrelated, "factory,buyer", 0);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_policy_that_this_log_cannot_follow_is_refused_at_the_start() {
    let (world, other) = (World::new("any"), World::new("any"));
    let witness = Witness::new(&world, 1);
    let line = format!("witness w {} {}\n", witness.ed25519(), witness.url());
    let [own, others] = [&world, &other].map(|world| format!("log {}\n", world.keys[0]));
    let ftp = line.replace("http://", "ftp://");
    for (text, says) in [
        (format!("{own}quorum w\n"), "policy"),
        (format!("{others}{line}quorum w\n"), world.keys[0].to_string().as_str()),
        (format!("{own}{ftp}quorum w\n"), "witness w"),
    ] {
        world.write("policy", &text);
        let refused = world.try_serve("log", &["--witness-policy", "policy"]).err().unwrap();
        assert!(refused.err.contains(says), "{text}{refused:?}");
        refused.ends_with(2);
    }
    let refused = world.try_serve("log", &["--witness-policy", "missing"]).err().unwrap();
    assert!(refused.ends_with(2).err.contains("missing"));
    // None of these was a start: nothing is signed.
    assert_eq!(world.kept("log", "signed-head"), None);
}
