//! Ten thousand clients that send half a head and then nothing.
//!
//! They come from ten addresses of this machine, since one address may not hold so many, and the
//! program is a process of its own, so that its memory and descriptors can be looked at.

use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Server, World, wait};

/// How many are slow at once.
const CLIENTS: usize = 10_000;

/// From how many addresses: each has fewer connections than one client may.
const ADDRESSES: usize = 10;

/// What they send of a request.
const HALF: &[u8] = b"POST /add HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nx-slow: ";

/// The most memory that one of them may cost the server, its buffers and tasks included.
const MEMORY_EACH_KB: usize = 32;

/// Lets this process hold all clients' ends.
fn make_room() {
    let want = CLIENTS as u64 + 512;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < want) {
        let maximum = maximum.map(|maximum| maximum.max(want));
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(want), maximum });
        raised.expect("this test needs 10,512 descriptors: raise the hard limit (ulimit -Hn)");
    }
}

async fn connect(address: SocketAddr, at: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = [127, 0, 0, 2 + (at % ADDRESSES) as u8];
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(HALF).await.unwrap();
    stream
}

/// Goes on from half a head to a whole request; what came back.
async fn finish(mut stream: TcpStream) -> String {
    stream.write_all(b"no more\r\nconnection: close\r\n\r\nend").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Whether the server ends a connection, without an answer.
async fn is_given_up(mut stream: TcpStream) -> bool {
    let mut answer = Vec::new();
    // A connection may be reset; that nothing came is what counts.
    let _ = stream.read_to_end(&mut answer).await;
    answer.is_empty()
}

fn counted(server: &Server, name: &str) -> f64 {
    let metrics = server.get("/metrics");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

#[test]
fn ten_thousand_half_sent_heads_keep_nobody_out_and_leave_nothing_behind() {
    make_room();
    let world = World::new("any");
    let server = world.serve_with(&["--limit-loopback", "true", "--head-seconds", "30"]);
    let address: SocketAddr = server.address().parse().unwrap();
    assert_eq!(server.post("/add", b"before").index(), 0);
    let (memory, descriptors) = (server.memory_kb(), server.descriptors());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut slow = runtime.block_on(async {
        let mut slow = Vec::with_capacity(CLIENTS);
        for at in 0..CLIENTS {
            slow.push(connect(address, at).await);
        }
        slow
    });
    wait("not all are held", || {
        (counted(&server, "fiducial_http_connections") >= CLIENTS as f64).then_some(())
    });
    assert_eq!(counted(&server, "fiducial_http_connections_refused_total"), 0.0);

    // Others are served meanwhile, and so is a slow one that goes on.
    for index in 1..=50_u64 {
        let entry = format!("entry {index}");
        assert_eq!(server.post("/add", entry.as_bytes()).index(), index);
    }
    let answer = runtime.block_on(finish(slow.pop().unwrap()));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("51"), "{answer}");
    world.published(&server, 52);
    let grown = server.memory_kb().saturating_sub(memory);
    assert!(grown < CLIENTS * MEMORY_EACH_KB, "{grown} kB more memory");

    // Whoever sends nothing more is given up, and nothing of it stays.
    let given_up = runtime.block_on(async {
        let mut given_up = 0;
        for stream in slow {
            given_up += usize::from(is_given_up(stream).await);
        }
        given_up
    });
    assert_eq!(given_up, CLIENTS - 1);
    wait("connections are left over", || {
        (counted(&server, "fiducial_http_connections") <= 1.0).then_some(())
    });
    wait("descriptors are left over", || (server.descriptors() <= descriptors + 8).then_some(()));
    assert_eq!(server.post("/add", b"behind").index(), 52);
    world.published(&server, 53);
    assert_eq!(server.stop(), 0);
    world.log(&["check", "--data", "log"]).ends_with(0);
}
