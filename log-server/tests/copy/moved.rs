//! A log that moves from files into a database and a bucket, and back: one origin, the same tiles, every
//! proof still good, and one place that signs.

use std::fs;
use std::path::Path;

use crate::bucket::Bucket;
use crate::homes::{Client, Homes, end};
use crate::support::{add, expect, files, flip, make, run, text};

/// Full tiles below a folder.
fn tiles(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let all = files(folder).into_iter();
    let named = all.map(|(name, bytes)| (name.to_string_lossy().into_owned(), bytes));
    named.filter(|(name, _)| !name.contains(".p/")).collect()
}

#[test]
fn a_log_moves_to_a_database_and_a_bucket_and_back() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 1000, &mut client);
    let checkpoint = fs::read(homes.at("log/checkpoint")).unwrap();

    let said = homes.carry("log", "a");
    assert!(said.contains("1000 entries") && said.contains("moved: the log is at"), "{said}");
    assert!(said.contains("remove them there"), "{said}");
    let refused = expect(2, &["serve", "--data", homes.path("log")]);
    assert!(refused.contains("has moved to") && refused.contains("/a (journal in"), "{refused}");
    homes.check_only("a");
    let log = homes.open("a");
    assert_eq!(log.published().note, checkpoint);
    client.look(&log);
    add(&log, 700, b"");
    // A second server beside it.
    homes.prepare("b");
    for name in ["log.toml", "sources.toml"] {
        fs::copy(homes.at("a").join(name), homes.at("b").join(name)).unwrap();
    }
    let other = homes.open("b");
    add(&other, 300, b"");
    for log in [&log, &other] {
        client.look(log);
    }
    // Nothing that was in the log before it moved is taken a second time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let again = runtime.block_on(log.sequence(log.check(&7_u32.to_be_bytes()).unwrap())).unwrap();
    assert_eq!((again.index, again.known), (7, true));

    // Back, while both servers run: the move stops them.
    homes.carry("a", "log");
    for log in [&log, &other] {
        while log.status().fatal.is_none() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let why = log.status().fatal.unwrap().to_string();
        assert!(why.contains("stopped, for all its servers: This log"), "{why}");
        end(log);
    }
    homes.check_only("log");
    let refused = expect(2, &["serve", "--data", homes.path("b")]);
    assert!(refused.contains("has moved to"), "{refused}");
    // Nor does a copy out of the database say that it signs.
    let said = expect(0, &["copy", "--from", homes.path("a"), "--to", homes.path("old-tree")]);
    assert!(said.contains("has moved to") && !said.contains("it stays the one"), "{said}");
    homes.grow("log", 600, &mut client);
    assert_eq!(client.size(), 2600);
    expect(0, &["check", "--data", homes.path("log")]);
    let Bucket::Here(server) = &homes.bucket else { unreachable!() };
    let stored = tiles(&server.file("factory-7/tile"));
    let own = tiles(&homes.at("log/tile"));
    assert_eq!(stored.len(), 14);
    assert!(stored.iter().all(|tile| own.contains(tile)), "the same tiles");

    // And once more, into the database that it was in before.
    homes.carry("log", "a");
    homes.grow("a", 100, &mut client);
    homes.check_only("a");
    expect(0, &["check", "--data", homes.path("a")]);
    assert!(homes.carry("log", "a").contains("had moved to"), "done before");
    // What it shows can be exported from there.
    expect(0, &["export", "--data", homes.path("a"), "--to", homes.path("tree")]);
    assert_eq!(files(&homes.at("tree/tile/entries")).len(), 11);
}

#[test]
fn statements_go_on_with_their_chains_wherever_the_log_is() {
    use log_server::sources::{self, Listing};
    use spec::Hash;
    use spec::evidence::statement::{After, Draft};
    use spec::hash::leaf_hash;
    use spec::key::{Algorithm, KeyName, SigningKey};

    let Some(homes) = Homes::new() else { return };
    fs::remove_dir_all(homes.at("log")).unwrap();
    fs::remove_dir_all(homes.at("a/keys")).unwrap();
    let origin = spec::checkpoint::Origin::parse(crate::support::ORIGIN).unwrap();
    let statements = log_server::admission::Admission::Statements;
    log_server::init::init(&homes.at("log"), origin.clone(), statements, true).unwrap();
    homes.copy_keys("a");
    let name = KeyName::parse("source.example/aoi").unwrap();
    let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[3; 32]).unwrap();
    let listing = Listing::new(&key.verifier().to_string(), "").unwrap();
    sources::add(&homes.at("log"), listing).unwrap();
    let mut previous = Hash::ZERO;
    let mut state = |home: &str, sequences: std::ops::Range<u64>| {
        let log = homes.open(home);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for sequence in sequences {
            let batch = Hash::of(&sequence.to_be_bytes());
            let after = After::NOTHING;
            let draft =
                Draft::new(origin.clone(), name.clone(), sequence, previous, after, batch).unwrap();
            let statement = draft.sign(&key).unwrap().to_bytes();
            while !log.status().index_ready {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let added = log.sequence(log.check(&statement).unwrap());
            assert_eq!(runtime.block_on(added).unwrap().index, sequence);
            previous = leaf_hash(&statement);
        }
        end(&log);
    };
    state("log", 0..5);
    homes.carry("log", "a");
    state("a", 5..12);
    homes.carry("a", "log");
    state("log", 12..14);
}

#[test]
fn while_a_log_is_served_only_its_tiles_are_copied() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 1000, &mut client);
    let log = homes.open("log");
    let (code, said) = homes.command("log", "a", &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("Stop it, and run the same command again"), "{said}");
    let refused = homes.try_open("a").err().expect("it is not there yet").to_string();
    assert!(refused.contains("was begun and is not finished"), "{refused}");
    add(&log, 300, b"");
    client.look(&log);
    end(&log);
    let said = homes.carry("log", "a");
    // Only what came since: two bundles and their tiles.
    assert!(
        said.contains("1300 entries; 4 full tiles and bundles written, 0 were there"),
        "{said}"
    );
    homes.grow("a", 10, &mut client);
    homes.check_only("a");
}

#[test]
fn a_move_that_cannot_be_right_changes_nothing() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    let refused = |from: &str, to: &str| {
        let (code, said) = homes.command(from, to, &[]);
        assert_ne!(code, 0, "{said}");
        said
    };
    assert!(refused("log", "a").contains("no log that was ever started"));
    homes.grow("log", 600, &mut client);
    assert!(refused("log", "log").contains("the same data folder"));

    // Keys are put there by people.
    fs::rename(homes.at("a/keys"), homes.at("keys")).unwrap();
    let said = refused("log", "a");
    assert!(said.contains("Put them there yourself") && said.contains("cp -rp"), "{said}");
    make(&homes.at("other"));
    fs::rename(homes.at("other/keys"), homes.at("a/keys")).unwrap();
    assert!(refused("log", "a").contains("are others than those"));
    fs::remove_dir_all(homes.at("a/keys")).unwrap();
    fs::rename(homes.at("keys"), homes.at("a/keys")).unwrap();

    // A damaged tile is found before anything is stopped.
    let tile = homes.at("log/tile/entries/001");
    flip(&tile);
    let (code, said) = homes.command("log", "a", &[]);
    assert_eq!((code, said.contains("tile/entries/001")), (1, true), "{said}");
    homes.check_only("log");
    flip(&tile);

    homes.carry("log", "a");
    // Over a log that is served, nothing is moved; nor from where the log is not.
    homes.grow("a", 5, &mut client);
    fs::create_dir(homes.at("c")).unwrap();
    homes.copy_keys("c");
    assert!(refused("log", "c").contains("has moved to"));
    make(&homes.at("empty"));
    fs::remove_dir_all(homes.at("empty/keys")).unwrap();
    homes.copy_keys("empty");
    assert!(refused("empty", "a").contains("no log that was ever started"));
    let urls = run(&["copy", "--move", "--from", "https://log.example", "--to", homes.path("a")]);
    assert_eq!(urls.status.code(), Some(2));
    homes.check_only("a");
}

#[test]
fn another_log_keeps_its_database() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 10, &mut client);
    let address = homes.postgres.address();
    let init = ["init", "--data", homes.path("x"), "--origin", "other.example/log"];
    expect(0, &[&init[..], &["--journal", &address]].concat());
    let (code, said) = homes.command("log", "a", &[]);
    assert_eq!(code, 2);
    assert!(said.contains("other.example/log"), "{said}");
    homes.check_only("log");
}

#[test]
fn full_tiles_of_a_log_in_a_database_come_back_from_a_copy() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 1000, &mut client);
    homes.carry("log", "a");
    // So many that the journal lets go of the first.
    homes.grow("a", 30_000, &mut client);
    expect(0, &["export", "--data", homes.path("a"), "--to", homes.path("tree")]);
    let Bucket::Here(server) = &homes.bucket else { unreachable!() };
    fs::remove_file(server.file("factory-7/tile/entries/001")).unwrap();
    expect(1, &["check", "--data", homes.path("a")]);
    let tree = text(&homes.at("tree"));
    expect(0, &["copy", "--from", tree, "--to", homes.path("a")]);
    expect(0, &["check", "--data", homes.path("a")]);
    homes.grow("a", 10, &mut client);
}

#[test]
fn a_server_without_its_configuration_begins_no_second_log() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 300, &mut client);
    homes.carry("log", "a");
    let config = homes.at("a/fiducial-log.toml");
    fs::rename(&config, homes.at("config")).unwrap();
    let refused = expect(2, &["serve", "--data", homes.path("a"), "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("300 were durable"), "{refused}");
    fs::rename(homes.at("config"), config).unwrap();
    homes.check_only("a");
    homes.grow("a", 10, &mut client);
}

#[test]
fn a_database_that_holds_nothing_is_said_to() {
    let Some(homes) = Homes::new() else { return };
    fs::copy(homes.at("log/log.toml"), homes.at("a/log.toml")).unwrap();
    let said = expect(2, &["export", "--data", homes.path("a"), "--to", homes.path("tree")]);
    assert!(said.contains("there is no log in host="), "{said}");
}
