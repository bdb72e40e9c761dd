//! What power cuts and full disks are for a log whose journal is in PostgreSQL: the database itself dies, with
//! the log's server or without it, or has no space.
//!
//! Counterparts of `crash_power.rs` and `crash_full.rs`, which put a fake disk under the embedded journal. A
//! killed server alone is `crash_kill.rs`; a database that restarts in peace or went back is tried in the log
//! server's own tests (`together/faults.rs`), three servers with a database that dies in `several`.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../support/mount.rs"]
mod mount;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../support/stores.rs"]
mod stores;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tests::crash::points::soaks;
use tests::crash::server::{Clients, Server, init_on};
use tests::oracle::{Oracle, Reader};
use tests::seed::Seed;

use self::mount::Mount;
use self::stores::postgres::Postgres;
use self::stores::{Stores, part};

/// How many clients send at once.
const CLIENTS: usize = 6;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than a new database has, with room for some hundred entries and not for much of its journal.
const DISK_MEGABYTES: u64 = 128;

/// A log of any bytes in a database, its clients, and what was promised to them.
struct Trial {
    folder: tempfile::TempDir,
    stores: Stores,
    clients: Clients,
    oracle: Oracle,
}

impl Trial {
    fn on(postgres: Postgres) -> Self {
        let (folder, stores) = (tempfile::tempdir().unwrap(), Stores::over(postgres, None));
        let data = folder.path().join("log");
        let oracle = Oracle::new(init_on(&data, |command| stores.init(command, &data)));
        Self { folder, stores, clients: Clients::new(CLIENTS), oracle }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn start(&self) -> Server {
        Server::start(&self.data()).unwrap_or_else(|said| panic!("it does not start:\n{said}"))
    }

    /// Lets the clients work at a server until `then` has ended it, and believes what they noted.
    fn work(&mut self, during: Duration, then: impl FnOnce(Server, &mut Postgres)) {
        let server = self.start();
        let postgres = self.stores.postgres();
        self.clients.work(server, during, |server| then(server, postgres));
        self.clients.take_noted().tell(&mut self.oracle).unwrap();
    }

    /// Reads all of it as a stranger does.
    fn audit(&mut self) -> usize {
        let server = self.start();
        let entries = server.reader().audit(&mut self.oracle);
        server.kill();
        entries.unwrap_or_else(|why| panic!("{why}")).len()
    }
}

fn sleep(milliseconds: usize) {
    std::thread::sleep(Duration::from_millis(milliseconds as u64));
}

#[test]
fn a_database_that_dies_at_any_moment_alone_or_with_its_server_loses_nothing() {
    let Some(postgres) = Postgres::start() else { return };
    let mut trial = Trial::on(postgres);
    let (mut seed, mut before) = (Seed::new(81), 0);
    for round in 0..if soaks() { 150 } else { 12 } {
        let (during, moment) = (1 + seed.below(400), seed.below(300));
        let with_server = seed.once_in(2);
        trial.work(Duration::from_millis(during as u64), |server, postgres| {
            // No process of it gets to write or to say anything more.
            postgres.kill();
            if with_server {
                server.kill();
                postgres.begin(&[]);
            } else {
                sleep(moment);
                postgres.begin(&[]);
                // The same process goes on with it.
                sleep(500 + moment);
                server.kill();
            }
        });
        // Every third time it is looked at; in between a crash follows a crash.
        if round % 3 == 2 {
            let size = trial.audit();
            assert!(size >= before, "round {round}: the log shrank");
            before = size;
        }
    }
    let (entries, heads) = (trial.oracle.acknowledged(), trial.oracle.heads());
    assert!(entries > 200 && heads > 3, "too little happened: {entries} entries, {heads} heads");
}

#[test]
fn a_database_without_space_takes_nothing_loses_nothing_and_takes_again() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Mount::memory(folder.path().join("disk"), DISK_MEGABYTES);
    let Some(mount) = mount::or_skipped(mounted, "root, to mount a small file system") else {
        return;
    };
    let settings = ["min_wal_size=32MB", "max_wal_size=32MB"];
    let started = Postgres::try_start_in(&mount.folder, &settings);
    let Some(postgres) = part::or_skipped(started, "PostgreSQL") else { return };
    let mut trial = Trial::on(postgres);
    let ballast = mount.folder.join("ballast");
    for _ in 0..if soaks() { 20 } else { 3 } {
        let mut taken = Vec::new();
        trial.work(Duration::from_millis(500), |server, postgres| {
            fill(&ballast);
            taken.extend(add_until(&server, "it takes entries for ever", false));
            // What is published is served all the same.
            server.reader().checkpoint().unwrap();
            std::fs::remove_file(&ballast).unwrap();
            // One that found no space for its own journal has ended.
            if !postgres.runs() {
                postgres.begin(&[]);
            }
            // Nobody starts the log's server again.
            taken.extend(add_until(&server, "it takes nothing with space again", true));
            server.kill();
        });
        for (index, entry) in taken {
            trial.oracle.acknowledge(index, &entry).unwrap();
        }
        trial.audit();
    }
}

/// Leaves no space on the disk of a file.
fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).unwrap();
    let zeros = vec![0; 64 * 1024];
    while file.write_all(&zeros).is_ok() {}
}

/// Adds entries until one is taken, or until one is refused for now; gives those that were taken.
fn add_until(server: &Server, what: &str, is_taken: bool) -> Vec<(u64, Vec<u8>)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (started, mut taken) = (Instant::now(), Vec::new());
    loop {
        // Large, so that a database must ask for space.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let entry = format!("large {number} {}", "x".repeat(8_000)).into_bytes();
        let (status, body) = server.reader().add(&entry).unwrap();
        let said = String::from_utf8_lossy(&body);
        match status {
            200 => taken.push((said.parse().unwrap(), entry)),
            503 => {}
            other => panic!("{other}: {said}"),
        }
        if (status == 200) == is_taken {
            return taken;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: {status} {said}");
        sleep(5);
    }
}
