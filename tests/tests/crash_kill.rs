//! `kill -9` of the real server at random moments under load over HTTP, then a restart and a full
//! audit over HTTP.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../support/stores.rs"]
mod stores;

use std::time::Duration;

use tests::crash::points::soaks;
use tests::crash::server::{Clients, Server, init_on};
use tests::oracle::Oracle;
use tests::seed::Seed;

use self::stores::Stores;

/// How many clients send at once.
const CLIENTS: usize = 6;

#[test]
fn killed_at_any_moment_the_server_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("log");
    let stores = Stores::of_run();
    let mut oracle = Oracle::new(init_on(&data, |command| stores.init(command, &data)));
    let mut clients = Clients::new(CLIENTS);
    let mut seed = Seed::new(51);
    let (rounds, mut before) = (if soaks() { 200 } else { 15 }, 0);
    for round in 0..rounds {
        let server = Server::start(&data)
            .unwrap_or_else(|said| panic!("round {round}: does not start again:\n{said}"));
        let during = Duration::from_millis(1 + seed.below(400) as u64);
        clients.work(server, during, Server::kill);
        clients.take_noted().tell(&mut oracle).unwrap();
        // Every third time it is looked at; in between a crash follows a crash.
        if round % 3 == 0 || round == rounds - 1 {
            let server = Server::start(&data)
                .unwrap_or_else(|said| panic!("round {round}: does not start again:\n{said}"));
            let audited = server.reader().audit(&mut oracle);
            let entries = audited.unwrap_or_else(|why| panic!("round {round}: {why}"));
            assert!(entries.len() >= before, "round {round}: the log shrank");
            before = entries.len();
            server.kill();
        }
    }
    let (entries, heads) = (oracle.acknowledged(), oracle.heads());
    assert!(entries > 300 && heads > 3, "too little happened: {entries} entries, {heads} heads");
}
