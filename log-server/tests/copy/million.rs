//! A log of a million entries that moves from files to PostgreSQL and an S3 server and back, while a client
//! keeps verifying it.
//!
//! Some 20,000 entries by default; the million with `FIDUCIAL_SOAK=1`. Over Garage as well with the feature
//! `garage`, which `cargo xtask test --garage` sets, and over Ceph's gateway with `rgw` by `--rgw`: without them
//! nothing is counted as tried.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::bucket::Bucket;
use crate::engine::Make;
use crate::homes::{Client, Homes, end};
use crate::support::{add, expect, files};

/// Entries that come wherever the log is.
const MORE: u32 = 1000;

fn entries() -> u32 {
    let soaks = std::env::var_os("FIDUCIAL_SOAK").is_some_and(|value| value == "1");
    if soaks { 1_000_000 } else { 20_000 }
}

/// The full tiles of the log in its folder.
fn tiles(homes: &Homes) -> BTreeMap<PathBuf, Vec<u8>> {
    files(&homes.at("log/tile"))
}

/// Moves the log while a client looks at it wherever it is served: before, and behind.
fn move_and_look(homes: &Homes, client: &mut Client, from: &str, to: &str) {
    let log = homes.open(from);
    client.look(&log);
    if from == "log" {
        // The bulk goes while it is served, and grows.
        let (code, said) = std::thread::scope(|scope| {
            let copying = scope.spawn(|| homes.command(from, to, &[]));
            while !copying.is_finished() {
                add(&log, 10, b"");
                client.look(&log);
            }
            copying.join().unwrap()
        });
        assert_eq!(code, 2, "{said}");
        end(&log);
        homes.carry(from, to);
    } else {
        // Its servers are stopped by the move; until then they take entries.
        let said = homes.carry(from, to);
        assert!(said.contains("moved"), "{said}");
        end(&log);
    }
    homes.check_only(to);
    let log = homes.open(to);
    client.look(&log);
    add(&log, MORE, b"");
    client.look(&log);
    end(&log);
}

fn there_and_back(bucket: Bucket) {
    let Some(homes) = Homes::over(bucket) else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", entries(), &mut client);
    let before = tiles(&homes);
    move_and_look(&homes, &mut client, "log", "a");
    expect(0, &["check", "--data", homes.path("a")]);
    // The tiles are taken away, so that what is there at the end has come back.
    std::fs::remove_dir_all(homes.at("log/tile")).unwrap();
    move_and_look(&homes, &mut client, "a", "log");
    let mut after = tiles(&homes);
    after.retain(|name, _| before.contains_key(name));
    assert!(after == before, "the tiles are not the same");
    expect(0, &["check", "--data", homes.path("log")]);
    assert!(client.size() >= u64::from(entries() + 2 * MORE));
}

#[test]
fn a_large_log_moves_to_a_server_in_this_process_and_back() {
    there_and_back(Bucket::here());
}

#[cfg_attr(feature = "garage", test)]
#[cfg_attr(
    not(feature = "garage"),
    allow(dead_code, reason = "it is a test where it is asked for")
)]
fn a_large_log_moves_to_garage_and_back() {
    there_and_back(Bucket::of(Make::Garage));
}

#[cfg_attr(feature = "rgw", test)]
#[cfg_attr(not(feature = "rgw"), allow(dead_code, reason = "it is a test where it is asked for"))]
fn a_large_log_moves_to_ceph_and_back() {
    there_and_back(Bucket::of(Make::Ceph));
}
