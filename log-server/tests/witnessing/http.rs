//! What clients and operators see over HTTP, with and without the quorum.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use log_server::http::{ApiOptions, Bodies, ServeOptions, install_recorder, router, serve};
use log_server::log::Log;
use spec::hash::leaf_hash;
use spec::note::Note;
use spec::proof::Proof;

use crate::witness::Manner;
use crate::world::{World, end, runtime, trouble, wait_until};

/// Serves a log on a thread of its own, until the test ends.
fn served(log: &Log) -> SocketAddr {
    let wait_time = Duration::from_secs(1);
    served_with(log, ApiOptions { wait_time, ..ApiOptions::default() })
}

fn served_with(log: &Log, api: ApiOptions) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let api = ApiOptions { metrics: Some(install_recorder().unwrap()), ..api };
    let log = log.clone();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let never = std::future::pending::<()>();
            serve(listener, router(log, api), ServeOptions::default(), never).await.unwrap();
        });
    });
    address
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn send(address: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, "")
}

fn add_witnessed(address: SocketAddr, entry: &str) -> Answer {
    send(address, "POST", "/add?wait=witnessed", entry)
}

/// Checks a receipt under the policy; returns the index and how many have cosigned.
fn verified(world: &World, answer: &Answer, entry: &str) -> (u64, usize) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let proof = Proof::parse(answer.body.as_bytes()).unwrap();
    let verified = proof.verify(leaf_hash(entry.as_bytes()), &world.policy).unwrap();
    (verified.index(), verified.checkpoint().cosigners().len())
}

#[test]
fn one_round_trip_gives_a_whole_receipt_and_the_same_entry_gives_it_again() {
    let world = World::new(3, 3);
    let log = world.open();
    let address = served(&log);
    for (index, entry) in ["one", "two", "three"].into_iter().enumerate() {
        let answer = add_witnessed(address, entry);
        assert_eq!(verified(&world, &answer, entry), (index as u64, 3));
    }
    let again = add_witnessed(address, "one");
    assert_eq!(verified(&world, &again, "one"), (0, 3));
    assert_eq!(verified(&world, &get(address, "/proof/1"), "two"), (1, 3));
    let checkpoint = get(address, "/checkpoint");
    let note = Note::parse(checkpoint.body.as_bytes()).unwrap();
    assert_eq!(world.policy.check(&note).unwrap().cosigners().len(), 3);
    assert_eq!(note.signatures().len(), 2 + 3, "the log's two lines, and the witnesses'");
    end(&log);
}

#[test]
fn without_the_quorum_the_answer_is_503_with_the_index_and_later_200() {
    let world = World::new(2, 2);
    let log = world.open();
    let address = served(&log);
    verified(&world, &add_witnessed(address, "one"), "one");
    assert_eq!(get(address, "/readyz").status, 200);

    world.witnesses[1].set(Manner::Constant(404, "", String::new()));
    let refused = add_witnessed(address, "two");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.head.contains("\r\nretry-after: 5"), "{}", refused.head);
    let document: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(document["type"], "urn:fiducial:problem:not-witnessed");
    assert_eq!(document["index"], 1);
    assert!(document["detail"].as_str().unwrap().contains("w1 (it does not know this log"));
    // Adding without waiting goes on, and so does reading what is published.
    assert_eq!(send(address, "POST", "/add", "three").body, "2");
    assert_eq!(verified(&world, &get(address, "/proof/0"), "one"), (0, 2));
    assert_eq!(get(address, "/proof/1").status, 404);

    wait_until("it is known not to be ready", || get(address, "/readyz").status == 503);
    let not_ready = get(address, "/readyz");
    let document: serde_json::Value = serde_json::from_str(&not_ready.body).unwrap();
    let reason = document["reasons"][0].as_str().unwrap();
    assert!(reason.contains("quorum") && reason.contains("w1 (it does not know"), "{reason}");
    let metrics = get(address, "/metrics").body;
    for line in [
        "fiducial_log_quorum_reached 0",
        "fiducial_log_witness_trouble{witness=\"w1\",kind=\"unknown-log\"} 1",
        "fiducial_log_witness_trouble{witness=\"w1\",kind=\"timeout\"} 0",
        "fiducial_log_witness_size{witness=\"w0\"} 2",
        "fiducial_log_seconds_since_publication ",
        "fiducial_log_witness_asks_total{witness=\"w1\",result=\"unknown-log\"} ",
        "fiducial_log_witness_cosigned_time_seconds{witness=\"w0\"} ",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }

    world.witnesses[1].set(Manner::Honest);
    wait_until("the witness is back", || trouble(&log, 1).is_none());
    assert_eq!(verified(&world, &add_witnessed(address, "two"), "two"), (1, 2));
    wait_until("all is published", || log.published().checkpoint.tree().size() == 3);
    assert_eq!(verified(&world, &get(address, "/proof/2"), "three"), (2, 2));
    assert_eq!(get(address, "/readyz").status, 200);
    assert!(get(address, "/metrics").body.contains("fiducial_log_quorum_reached 1"));
    end(&log);
}

/// Longer than any test waits.
const NEVER: Duration = Duration::from_secs(3600);

#[test]
fn in_a_known_outage_nobody_waits_and_what_is_published_is_still_proved() {
    let world = World::new(2, 2);
    let log = world.open();
    let address = served_with(&log, ApiOptions { wait_time: NEVER, ..ApiOptions::default() });
    verified(&world, &add_witnessed(address, "one"), "one");
    world.witnesses[1].set(Manner::Constant(503, "", String::new()));
    // The first of the outage waits until it is known to be one, and is told then.
    for (index, entry) in [(1, "two"), (2, "three"), (1, "two")] {
        let refused = add_witnessed(address, entry);
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert!(refused.head.contains("\r\nretry-after: 5"), "{}", refused.head);
        let document: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
        assert_eq!(document["type"], "urn:fiducial:problem:not-witnessed");
        assert_eq!(document["index"], index);
        assert!(refused.body.contains("w1 (it is busy"), "{}", refused.body);
    }
    assert_eq!(verified(&world, &add_witnessed(address, "one"), "one"), (0, 2));
    world.witnesses[1].set(Manner::Honest);
    wait_until("all is published", || log.published().checkpoint.tree().size() == 3);
    assert_eq!(verified(&world, &add_witnessed(address, "four"), "four"), (3, 2));
    end(&log);
}

#[test]
fn those_who_wait_do_not_hold_the_memory_for_bodies() {
    let mut world = World::new(1, 1);
    world.answer_time = NEVER;
    let log = world.open();
    // A quarter of it is for single entries: room for one of 60,000 bytes, and not for two.
    let bodies = Bodies::new(400 * 1024, NEVER);
    let api = ApiOptions { bodies, wait_time: NEVER, ..ApiOptions::default() };
    let address = served_with(&log, api);
    world.witnesses[0].set(Manner::Hang);
    let large = |letter: &str| letter.repeat(60_000);
    let waiting = std::thread::spawn(move || add_witnessed(address, &large("a")));
    wait_until("it is sequenced", || log.status().sequenced == 1);
    assert_eq!(send(address, "POST", "/add", &large("b")).body, "1");
    assert!(!waiting.is_finished(), "it waits for a witness that may still answer");
    end(&log);
}

#[test]
fn before_the_first_checkpoint_there_is_none_to_give() {
    let world = World::new(1, 1);
    world.witnesses[0].set(Manner::Away);
    let log = world.open();
    let address = served(&log);
    let none = get(address, "/checkpoint");
    assert_eq!(none.status, 503);
    assert!(none.body.contains("urn:fiducial:problem:not-ready"), "{}", none.body);
    assert_eq!(get(address, "/proof/0").status, 404);
    assert_eq!(get(address, "/healthz").status, 200);
    world.witnesses[0].set(Manner::Honest);
    wait_until("the first is published", || get(address, "/checkpoint").status == 200);
    end(&log);
}
