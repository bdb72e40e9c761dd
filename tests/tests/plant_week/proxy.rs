//! The way out of the plant: one address for ever, which leads to the log while it is not cut.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How soon a connection notices that the way was cut.
const NOTICE: Duration = Duration::from_millis(20);

/// A forwarder of connections. It lives as long as the test's process.
pub(crate) struct Proxy {
    pub(crate) url: String,
    way: Arc<Way>,
}

/// Where it leads, and how often that has changed.
#[derive(Default)]
struct Way {
    to: Mutex<Option<String>>,
    changes: AtomicU64,
}

impl Proxy {
    /// Leads nowhere yet.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let way = Arc::new(Way::default());
        let shared = Arc::clone(&way);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let to = shared.to.lock().unwrap().clone();
                // A cut network and a log that is down look the same: the connection is lost.
                if let Some(server) = to.and_then(|address| TcpStream::connect(address).ok()) {
                    join(&client, &server, &shared);
                }
            }
        });
        Self { url, way }
    }

    /// Leads to this address from now on; connections that are open end.
    pub(crate) fn lead_to(&self, address: Option<&str>) {
        *self.way.to.lock().unwrap() = address.map(str::to_string);
        self.way.changes.fetch_add(1, Ordering::SeqCst);
    }
}

/// Carries bytes both ways until either side ends or the way changes.
fn join(client: &TcpStream, server: &TcpStream, way: &Arc<Way>) {
    let began = way.changes.load(Ordering::SeqCst);
    for (from, to) in [(client, server), (server, client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        from.set_read_timeout(Some(NOTICE)).unwrap();
        let way = Arc::clone(way);
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while way.changes.load(Ordering::SeqCst) == began {
                match from.read(&mut bytes) {
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
