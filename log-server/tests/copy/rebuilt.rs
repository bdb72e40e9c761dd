//! A log whose database is lost: rebuilt into a data folder from a mirror and its bucket, and moved from there into
//! another database. The steps are those of `docs/postgres.md`, "If the database is lost".

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use log_server::admission::Admission;
use log_server::journal::Journal;
use log_server::journal::postgres::{Database, DatabaseLimits, PostgresJournal};

use crate::bucket::Bucket;
use crate::homes::{Client, Homes, STORE, end};
use crate::postgres::Postgres;
use crate::s3;
use crate::support::{expect, text};

/// The old prefix has the old tiles.
const NEW_STORE: &str = "s3://evidence/factory-7-rebuilt";

/// What a backup of the log has.
fn back_up(homes: &Homes) {
    fs::create_dir(homes.at("backup")).unwrap();
    homes.copy_keys("backup");
    for name in ["log.toml", "sources.toml"] {
        fs::copy(homes.at("a").join(name), homes.at("backup").join(name)).unwrap();
    }
}

#[test]
fn a_log_whose_database_is_lost_goes_on_in_another_one() {
    let Some(mut homes) = Homes::new() else { return };
    let Some(other) = Postgres::start() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 600, &mut client);
    homes.carry("log", "a");
    homes.grow("a", 700, &mut client);
    expect(0, &["export", "--data", homes.path("a"), "--to", homes.path("mirror")]);
    // What the mirror has lost, the bucket still has.
    fs::remove_file(homes.at("mirror/tile/entries/001")).unwrap();
    back_up(&homes);
    homes.postgres.end();

    let Bucket::Here(server) = &homes.bucket else { unreachable!() };
    let endpoint = format!("http://{}", server.address);
    let credentials = s3::credentials(&homes.at("backup"), s3::KEY, s3::SECRET);
    let rebuild = ["recover", "--backup", homes.path("backup"), "--data", homes.path("rebuilt")];
    let holders = ["--unwitnessed", "--from", homes.path("mirror"), "--from", STORE];
    let reached = ["--objects-endpoint", &endpoint, "--objects-credentials", text(&credentials)];
    let said = expect(0, &[&rebuild[..], &holders, &reached].concat());
    assert!(said.contains("1300 entries, up to the head"), "{said}");
    assert!(said.contains("see docs/postgres.md, \"If the database is lost\""), "{said}");
    expect(0, &["check", "--data", homes.path("rebuilt")]);

    homes.prepare_over("c", &other, NEW_STORE);
    let said = homes.carry("rebuilt", "c");
    assert!(said.contains("1300 entries") && said.contains("moved: the log is at"), "{said}");
    let refused = expect(2, &["serve", "--data", homes.path("rebuilt")]);
    assert!(refused.contains("has moved to"), "{refused}");
    // To whoever has verified it before, it is the same log, and it goes on.
    homes.grow("c", 300, &mut client);
    assert_eq!(client.size(), 1600);
    expect(0, &["check", "--data", homes.path("c")]);
    // A second server has a folder of its own, as at the first time.
    homes.prepare_over("d", &other, NEW_STORE);
    for name in ["log.toml", "sources.toml"] {
        fs::copy(homes.at("c").join(name), homes.at("d").join(name)).unwrap();
    }
    let log = homes.open("d");
    client.look(&log);
    end(&log);
}

#[test]
fn a_database_that_is_served_no_more_gives_what_no_head_covers() {
    let Some(homes) = Homes::new() else { return };
    let Some(other) = Postgres::start() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 600, &mut client);
    homes.carry("log", "a");
    homes.grow("a", 700, &mut client);
    // Committed by a server that is killed before anything is signed for them.
    let database = Database::new(&homes.postgres.address(), None, DatabaseLimits::default());
    let opened = PostgresJournal::open(Arc::new(database.unwrap()), Admission::Any);
    let (mut journal, loaded) = opened.unwrap();
    let entry = |at: u32| Bytes::copy_from_slice(&at.to_be_bytes());
    let entries: Vec<Bytes> = (1300..1303).map(entry).collect();
    journal.append(loaded.size(), &entries).unwrap();
    drop(journal);
    back_up(&homes);
    let rebuild = ["recover", "--backup", homes.path("backup"), "--data", homes.path("rebuilt")];
    let holders = ["--unwitnessed", "--from", homes.path("a")];
    let said = expect(0, &[&rebuild[..], &holders].concat());
    assert!(said.contains("1300 entries, up to the head"), "{said}");
    assert!(said.contains("and 3 behind it"), "{said}");
    homes.prepare_over("c", &other, NEW_STORE);
    homes.carry("rebuilt", "c");
    homes.grow("c", 297, &mut client);
    assert_eq!(client.size(), 1600);
}
