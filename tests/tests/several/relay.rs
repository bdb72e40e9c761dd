//! A relay between two processes that can keep back every byte, as a network does that loses them all:
//! neither side is told anything.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How soon a connection notices that it is held or let go.
const NOTICE: Duration = Duration::from_millis(10);

/// It lives as long as the test's process.
pub(crate) struct Relay {
    pub(crate) port: u16,
    held: Arc<AtomicBool>,
}

impl Relay {
    /// Leads to a port of this machine.
    pub(crate) fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let held = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&held);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let held = Arc::clone(&shared);
                std::thread::spawn(move || {
                    wait_while(&held);
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", to)) {
                        join(&client, &server, &held);
                    }
                });
            }
        });
        Self { port, held }
    }

    /// Keeps back all bytes from now on, or lets them go.
    pub(crate) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
    }
}

fn wait_while(held: &AtomicBool) {
    while held.load(Ordering::SeqCst) {
        std::thread::sleep(NOTICE);
    }
}

/// Carries bytes both ways until either side ends.
fn join(client: &TcpStream, server: &TcpStream, held: &Arc<AtomicBool>) {
    for (from, to) in [(client, server), (server, client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        from.set_read_timeout(Some(NOTICE)).unwrap();
        let _ = to.set_nodelay(true);
        let held = Arc::clone(held);
        std::thread::spawn(move || {
            let mut bytes = [0; 64 * 1024];
            loop {
                let read = from.read(&mut bytes);
                // What was read before the cut was not through yet; an end is not told either.
                wait_while(&held);
                match read {
                    Ok(count @ 1..) if to.write_all(&bytes[..count]).is_ok() => {}
                    Err(error)
                        if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    _ => break,
                }
            }
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
}

#[test]
fn a_relay_that_is_held_passes_nothing_and_tells_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = Relay::start(listener.local_addr().unwrap().port());
    let mut client = TcpStream::connect(("127.0.0.1", relay.port)).unwrap();
    client.set_read_timeout(Some(NOTICE * 10)).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut byte = [0];
    client.write_all(b"a").unwrap();
    server.read_exact(&mut byte).unwrap();
    relay.hold(true);
    server.write_all(b"b").unwrap();
    assert!(matches!(client.read(&mut byte), Err(error) if error.kind() == ErrorKind::WouldBlock));
    relay.hold(false);
    client.set_read_timeout(None).unwrap();
    client.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"b");
}
