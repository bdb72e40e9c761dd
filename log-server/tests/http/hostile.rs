//! Clients that are slow, broken or many.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use log_server::admission::Admission;
use log_server::http::{ApiOptions, Bodies, ClientLimits, ServeOptions};

use crate::support::{Client, Served};

/// Longer than the half second after which an impatient server gives up, and its clock's steps.
const GIVEN_UP: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_half_sent_head_is_given_up() {
    let served = Served::start_impatient().await;
    for half in ["", "G", "POST /add HTTP/1.1\r\n", "POST /add HTTP/1.1\r\nhost: x\r\ncontent-le"] {
        let mut client = served.connect().await;
        client.write(half.as_bytes()).await;
        let start = Instant::now();
        assert!(client.is_closed_within(GIVEN_UP).await, "{half:?}");
        assert!(start.elapsed() >= Duration::from_millis(400), "{half:?}");
    }
}

#[tokio::test]
async fn a_head_sent_byte_by_byte_lives_no_longer() {
    let served = Served::start_impatient().await;
    let mut client = served.connect().await;
    let start = Instant::now();
    while start.elapsed() < GIVEN_UP {
        let sent = tokio::io::AsyncWriteExt::write_all(&mut client.0, b"a").await;
        if sent.is_err() || client.is_closed_within(Duration::from_millis(50)).await {
            break;
        }
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_idle_connection_lives_longer_than_a_half_sent_head_and_then_ends() {
    let served = Served::start_impatient().await;
    let mut client = served.connect().await;
    for pause in [0, 700] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        client.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(client.answer(true).await.status, 200);
    }
    assert!(client.is_closed_within(GIVEN_UP).await);
    // The same with a second request half sent.
    let mut client = served.connect().await;
    client.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /heal").await;
    assert_eq!(client.answer(true).await.status, 200);
    assert!(client.is_closed_within(GIVEN_UP).await);
}

#[tokio::test]
async fn a_body_that_stops_is_answered() {
    let api = ApiOptions {
        bodies: Bodies::new(1 << 20, Duration::from_millis(300)),
        ..ApiOptions::default()
    };
    let served = Served::start_with(Admission::Any, api, ServeOptions::default()).await;
    let head = "POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n";
    served.send(head, b"half").await.is_problem(408, "request-timeout");
    assert_eq!(served.log.status().sequenced, 0);
}

#[tokio::test]
async fn a_truncated_body_adds_nothing() {
    let served = Served::start(Admission::Any).await;
    let mut client = served.connect().await;
    client.write(b"POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf").await;
    tokio::io::AsyncWriteExt::shutdown(&mut client.0).await.unwrap();
    assert!(client.is_closed_within(GIVEN_UP).await || served.log.status().sequenced == 0);
    assert_eq!(served.log.status().sequenced, 0);
    let broken = "POST /add HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    served.send(broken, b"").await.is_problem(400, "incomplete-body");
}

#[tokio::test]
async fn an_announced_flood_is_refused_before_it_is_sent() {
    let served = Served::start(Admission::Any).await;
    let head = "POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n";
    served.send(head, b"").await.is_problem(413, "too-large");
    let head =
        "POST /add HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 70000\r\n\r\n";
    served.send(head, b"").await.is_problem(413, "too-large");
    // A client that sends all of it before it reads still learns why.
    served.post("/add", &vec![0; 500_000]).await.is_problem(413, "too-large");
}

#[tokio::test]
async fn what_is_not_http_gets_400_and_large_heads_431() {
    let served = Served::start(Admission::Any).await;
    for (bytes, status) in [
        ("hello\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
        ("POST /add HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), 400),
        ("POST /add HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(20_000)), 431),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "y".repeat(20_000)), 431),
    ] {
        let answer = served.send(&bytes, b"").await;
        assert_eq!(answer.status, status, "{}", &bytes[..bytes.len().min(60)]);
    }
}

#[tokio::test]
async fn bodies_have_a_budget() {
    // A quarter of it is for single entries.
    let api = ApiOptions {
        bodies: Bodies::new(400 * 1024, Duration::from_secs(10)),
        ..ApiOptions::default()
    };
    let served = Served::start_with(Admission::Any, api, ServeOptions::default()).await;
    let head = "POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n";
    let mut slow = served.connect().await;
    slow.write(head.as_bytes()).await;
    slow.write(&[2; 59_999]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    served.post("/add", &[1; 60_000]).await.is_problem(503, "overloaded");
    assert_eq!(served.post("/add", b"small").await.text(), "0");
    drop(slow);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(served.post("/add", &[1; 60_000]).await.text(), "1");
}

/// Entries of 60,000 bytes behind their lengths.
fn batch(entries: u8) -> Vec<u8> {
    let entry = |at| [&60_000_u16.to_be_bytes()[..], &[at; 60_000]].concat();
    (0..entries).flat_map(entry).collect()
}

/// Announces a batch of 8 MiB and sends some of it.
async fn begin_batch(served: &Served, sent: usize) -> Client {
    let mut client = served.connect().await;
    let head = "POST /add-batch HTTP/1.1\r\nhost: x\r\ncontent-length: 8388608\r\n\r\n";
    client.write(head.as_bytes()).await;
    client.write(&vec![3; sent]).await;
    client
}

#[tokio::test]
async fn what_is_announced_and_not_sent_keeps_nobody_out() {
    let served = Served::start(Admission::Any).await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(begin_batch(&served, 1).await);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(served.post("/add", b"small").await.text(), "0");
    assert_eq!(served.post("/add-batch", &batch(2)).await.text(), "1\n2\n");
    drop(slow);
}

#[tokio::test]
async fn batches_that_stop_do_not_stop_single_entries() {
    let served = Served::start(Admission::Any).await;
    let mut slow = Vec::new();
    // Loopback has no share, so these take all that batches have.
    for _ in 0..12 {
        slow.push(begin_batch(&served, 5 << 20).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    served.post("/add-batch", &batch(100)).await.is_problem(503, "overloaded");
    assert_eq!(served.post("/add", &[1; 60_000]).await.text(), "0");
    drop(slow);
}

#[tokio::test]
async fn a_client_has_a_share_of_the_budget() {
    let options = limited(ClientLimits { limit_loopback: true, ..ClientLimits::default() });
    let served = Served::start_with(Admission::Any, ApiOptions::default(), options).await;
    let slow = [begin_batch(&served, 8_388_607).await, begin_batch(&served, 3 << 20).await];
    tokio::time::sleep(Duration::from_millis(300)).await;
    // 12 MiB of the 48 for batches are one client's, and 11 to 12 of them are taken.
    let refused = served.post("/add-batch", &batch(100)).await.is_problem(503, "overloaded");
    assert!(refused["detail"].as_str().unwrap().contains("share"), "{refused}");
    assert_eq!(served.post("/add", &[1; 60_000]).await.text(), "0");
    drop(slow);
}

fn limited(clients: ClientLimits) -> ServeOptions {
    ServeOptions { clients, ..ServeOptions::default() }
}

#[tokio::test]
async fn a_flood_from_one_address_is_slowed() {
    let options = limited(ClientLimits {
        rate: NonZeroU32::new(1),
        burst: NonZeroU32::new(5).unwrap(),
        limit_loopback: true,
        ..ClientLimits::default()
    });
    let served = Served::start_with(Admission::Any, ApiOptions::default(), options).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(served.get("/healthz").await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    served.get("/healthz").await.is_problem(429, "rate-limited");
}

#[tokio::test]
async fn a_flood_in_batches_is_slowed_as_well() {
    let options = limited(ClientLimits {
        rate: NonZeroU32::new(1),
        burst: NonZeroU32::new(100).unwrap(),
        limit_loopback: true,
        ..ClientLimits::default()
    });
    let served = Served::start_with(Admission::Any, ApiOptions::default(), options).await;
    let same = [0, 1, 7].repeat(50);
    for _ in 0..2 {
        assert_eq!(served.post("/add-batch", &same).await.status, 200);
    }
    served.post("/add-batch", &same).await.is_problem(429, "rate-limited");
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let options = limited(ClientLimits {
        connections_per_client: 3,
        limit_loopback: true,
        ..ClientLimits::default()
    });
    let served = Served::start_with(Admission::Any, ApiOptions::default(), options).await;
    let held: Vec<Client> =
        vec![served.connect().await, served.connect().await, served.connect().await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut refused = served.connect().await;
    refused.answer(true).await.is_problem(503, "overloaded");
    drop(held);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(served.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn connections_are_capped_and_come_back() {
    let options = limited(ClientLimits { connections: 10, ..ClientLimits::default() });
    let served = Served::start_with(Admission::Any, ApiOptions::default(), options).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(served.connect().await);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut refused = served.connect().await;
    refused.answer(true).await.is_problem(503, "overloaded");
    assert!(refused.is_closed_within(GIVEN_UP).await);
    held.pop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(served.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_stop_finishes_requests_and_ends_idle_connections() {
    let mut served = Served::start(Admission::Any).await;
    let mut idle = served.connect().await;
    let mut busy = served.connect().await;
    idle.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(idle.answer(true).await.status, 200);
    busy.write(b"POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab").await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    served.tell_to_stop();
    assert!(idle.is_closed_within(GIVEN_UP).await);
    busy.write(b"cde").await;
    assert_eq!(busy.answer(true).await.text(), "0");
    assert!(busy.is_closed_within(GIVEN_UP).await);
    let mut late = tokio::net::TcpStream::connect(served.address).await;
    for _ in 0..50 {
        if late.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        late = tokio::net::TcpStream::connect(served.address).await;
    }
    assert!(late.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let served = Served::start_impatient().await;
    let mut stuck = served.connect().await;
    stuck.write(b"POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    let log = served.stop().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(stuck.is_closed_within(GIVEN_UP).await);
    assert_eq!(log.status().sequenced, 0);
}
