//! Servers as processes, as an operator runs them: killed, paused, and one after the other.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::postgres::Postgres;
use crate::s3;

/// How long an answer may take; a paused server gives none.
const PATIENCE: Duration = Duration::from_secs(5);

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
    command.env_remove("RUST_LOG");
    command
}

/// A database, the folders of two servers, and the tiles of both.
struct Place {
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Option<Self> {
        let (postgres, folder) = (Postgres::start()?, tempfile::tempdir().unwrap());
        let place = Self { postgres, folder };
        let made = place.run("init", "a", &["--origin", "two.example/log", "--admission", "any"]);
        assert!(made.status.success(), "{made:?}");
        let copied =
            Command::new("cp").arg("-r").arg(place.path("a")).arg(place.path("b")).status();
        assert!(copied.unwrap().success());
        Some(place)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn command(&self, name: &str, data: &str) -> Command {
        let mut command = program();
        command.arg(name).args(["--data", &self.path(data)]);
        command.args(["--journal", &self.postgres.address()]);
        command
    }

    fn run(&self, name: &str, data: &str, more: &[&str]) -> Output {
        self.command(name, data).args(more).output().unwrap()
    }

    fn serve(&self, data: &str) -> Server {
        self.serve_on(data, &["--tiles", &self.path("tiles")])
    }

    /// The same with full tiles where `tiles` says.
    fn serve_on(&self, data: &str, tiles: &[&str]) -> Server {
        let mut command = self.command("serve", data);
        command.args(tiles).args(["--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://");
        Server { address: address.expect("it serves").to_owned(), child }
    }
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.child.id() as i32).unwrap(), signal).unwrap();
    }

    /// Asks; `None` where no whole answer came in time.
    fn request(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body = answer.strip_prefix("HTTP/1.1 200")?.split("\r\n\r\n").nth(1)?;
        Some(body.to_owned())
    }

    fn add(&self, entry: &str) -> Option<u64> {
        let head = "POST /add HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length:";
        self.request(&format!("{head} {}\r\n\r\n{entry}", entry.len()))?.parse().ok()
    }

    fn get(&self, path: &str) -> Option<String> {
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    /// The published size.
    fn published(&self) -> u64 {
        let checkpoint = self.get("/checkpoint").unwrap();
        checkpoint.lines().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds entries at both servers from a thread each, as long as `faults` takes; every entry until it is
/// taken. Returns what was acknowledged.
fn under_load(servers: [&Server; 2], faults: impl FnOnce()) -> BTreeMap<String, u64> {
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let add_all = |at: usize| {
            let over = &over;
            scope.spawn(move || {
                let mut added = Vec::new();
                for number in 0_u32.. {
                    if over.load(std::sync::atomic::Ordering::SeqCst) {
                        break;
                    }
                    let entry = format!("entry {number} of {at}");
                    // A server that does not answer is asked no more: behind one name, the other is.
                    let index = servers[at].add(&entry).or_else(|| servers[1 - at].add(&entry));
                    added.extend(index.map(|index| (entry, index)));
                }
                added
            })
        };
        let threads = [add_all(0), add_all(1)];
        faults();
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn servers_that_are_paused_and_killed_under_load_lose_nothing() {
    let Some(place) = Place::new() else { return };
    let (a, b) = (place.serve("a"), place.serve("b"));
    let moment = || std::thread::sleep(Duration::from_secs(1));
    let added = under_load([&a, &b], || {
        moment();
        a.signal(Signal::STOP);
        std::thread::sleep(Duration::from_secs(4));
        a.signal(Signal::CONT);
        moment();
        b.signal(Signal::KILL);
        moment();
    });
    drop(b);
    let b = place.serve("b");
    let indices: std::collections::BTreeSet<u64> = added.values().copied().collect();
    assert_eq!(indices.len(), added.len(), "two entries have one index");
    assert!(!added.is_empty());
    let last = b.add("the last").unwrap();
    // A commit holds one entry or two here, so that a lost one is found among all or not at all.
    for (server, step) in [(&a, 1), (&b, 7)] {
        // Sent again, each has the index that it had.
        for (entry, index) in added.iter().step_by(step) {
            assert_eq!(server.add(entry), Some(*index));
        }
        for _ in 0..500 {
            if server.published() > last {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(server.published() > last);
    }
    drop((a, b));
    let checked = place.run("check", "a", &["--tiles", &place.path("tiles")]);
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn servers_over_a_bucket_are_killed_and_live_without_it_for_a_while() {
    let Some(place) = Place::new() else { return };
    let bucket = s3::Server::start();
    let credentials = s3::credentials(place.folder.path(), s3::KEY, s3::SECRET);
    let (endpoint, credentials) = (format!("http://{}", bucket.address), credentials);
    let tiles = [
        "--objects",
        "s3://evidence/factory-7",
        "--objects-endpoint",
        &endpoint,
        "--objects-credentials",
        credentials.to_str().unwrap(),
    ];
    let (a, b) = (place.serve_on("a", &tiles), place.serve_on("b", &tiles));
    let mut added = BTreeMap::new();
    let mut add_at = |server: &Server, name: &str| {
        for at in 0..300 {
            let entry = format!("entry {at} {name}");
            added.insert(entry.clone(), server.add(&entry).unwrap());
        }
    };
    add_at(&a, "with both");
    b.signal(Signal::KILL);
    drop(b);
    add_at(&a, "alone");
    bucket.set_away(true);
    add_at(&a, "without the bucket");
    bucket.set_away(false);
    let b = place.serve_on("b", &tiles);
    add_at(&b, "again");
    for (entry, index) in added.iter().step_by(11) {
        for server in [&a, &b] {
            assert_eq!(server.add(entry), Some(*index), "{entry}");
        }
    }
    drop((a, b));
    let checked = place.run("check", "a", &tiles);
    assert!(checked.status.success(), "{checked:?}");
    assert!(bucket.file("factory-7/tile/entries/003").is_file());
    // Another place is refused before anything is served.
    let other = tiles.map(|word| if word.starts_with("s3") { "s3://evidence/8" } else { word });
    let refused = place.run("serve", "a", &other);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("told s3://evidence/8"), "{said}");
    let twice = place.run("serve", "a", &[&tiles[..], &["--tiles", &place.path("tiles")]].concat());
    let said = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(!twice.status.success() && said.contains("name one of the two"), "{said}");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let Some(place) = Place::new() else { return };
    let again = place.run("init", "c", &["--origin", "other.example/log"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("two.example/log"), "{said}");
    assert!(!std::path::Path::new(&place.path("c")).exists());

    let alone = place.run("serve", "a", &[]);
    let said = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(!alone.status.success() && said.contains("--tiles"), "{said}");
}
