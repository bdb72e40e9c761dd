//! Full tiles in a bucket that all servers share, and who stores them.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use log_server::admission::Admission;
use log_server::answer::ReadError;
use log_server::log::Log;
use log_server::objects::bucket::BucketObjects;
use log_server::objects::{Objects, PutError};
use spec::hash::leaf_hash;
use spec::tile::{Tile, TileKind};
use spec::tree::verify_inclusion;

use crate::s3::Server;
use crate::world::{STORE, World, add, end, published, runtime, wait_until};

/// Adds `count` entries at once, each once in the log, and waits until they are published.
fn add_many(log: &Log, first: u32, count: u32) {
    let entries = (first..first + count).map(|at| log.check(&at.to_be_bytes()).unwrap()).collect();
    let answers = runtime().block_on(log.sequence_all(entries));
    let size = answers.into_iter().map(|answer| answer.unwrap().index + 1).max().unwrap();
    published(log, size);
}

fn sealed(log: &Log) -> bool {
    let status = log.status();
    status.sealed == status.sequenced / 256 * 256
}

#[test]
fn two_servers_seal_the_same_tiles_into_one_bucket() {
    let Some(world) = World::with_bucket(Admission::Any) else { return };
    let logs = [world.open("a"), world.open("b")];
    for round in 0..6_u32 {
        // Each round fills bundles that both servers seal at the same moment.
        std::thread::scope(|scope| {
            for (log, at) in logs.iter().zip(0_u32..) {
                scope.spawn(move || add_many(log, (2 * round + at) * 400, 400));
            }
        });
    }
    wait_until("all is sealed by both", || {
        logs.iter().all(|log| log.status().sequenced == 4800 && sealed(log))
    });
    let bucket = world.bucket.as_ref().unwrap();
    assert!(bucket.file("factory-7/tile/entries/017").is_file());
    for log in &logs {
        assert_eq!(log.status().fatal, None);
        let tree = published(log, 4800).checkpoint.tree();
        for index in (0..4800).step_by(97) {
            let entry = log.entry(index).unwrap();
            let proof = log.prove_inclusion(index, 4800).unwrap();
            verify_inclusion(leaf_hash(&entry), index, tree, &proof).unwrap();
        }
    }
    logs.iter().for_each(end);
    // A server that comes later stands on what the two have sealed and trimmed.
    let late = world.open("c");
    assert_eq!(add(&late, b"one more"), 4800);
    end(&late);
}

/// A store that takes nothing from this server.
struct Refusing(Box<dyn Objects>);

impl Objects for Refusing {
    fn put_all(&self, _objects: &[(Tile, Bytes)]) -> Result<(), PutError> {
        Err(io::Error::other("nothing is taken").into())
    }

    fn read(&self, tile: Tile) -> io::Result<Option<Bytes>> {
        self.0.read(tile)
    }

    fn store_name(&self) -> String {
        self.0.store_name()
    }

    fn read_beside(&self, name: &str) -> io::Result<Option<Bytes>> {
        self.0.read_beside(name)
    }

    fn write_beside(&self, name: &str, bytes: Bytes) -> io::Result<()> {
        self.0.write_beside(name, bytes)
    }
}

/// A server whose store takes nothing from it.
fn open_refused(world: &World, name: &str) -> Log {
    let objects = Refusing(world.folder_of_tiles("objects", name));
    let log = world.try_open_on(name, Box::new(objects)).unwrap();
    wait_until("the index is ready", || log.status().index_ready);
    log
}

/// Adds entries that fill a journal soon, and waits until they are published.
fn add_large(log: &Log, count: u32) {
    let entries = (0..count).map(|at| log.check(format!("{at:0>200}").as_bytes()).unwrap());
    let answers = runtime().block_on(log.sequence_all(entries.collect()));
    assert!(answers.iter().all(Result::is_ok));
    published(log, u64::from(count));
}

#[test]
fn who_is_in_office_seals_and_trims_what_another_server_takes() {
    let Some(world) = World::new(Admission::Any) else { return };
    let one = world.open("a");
    let other = open_refused(&world, "b");
    add_large(&other, 900);
    wait_until("it is sealed", || one.status().sealed == 768);
    assert_eq!(other.status().sealed, 0);
    let more = Cell::new(0_u32);
    wait_until("the journal is trimmed", || {
        // What is committed there is news here.
        add(&other, format!("{} more", more.replace(more.get() + 1)).as_bytes());
        let base = world.postgres.ask("postgres", "SELECT size FROM log_base");
        base.parse::<u64>().unwrap() >= 256
    });
    [one, other].iter().for_each(end);
}

#[test]
fn another_server_seals_where_who_is_in_office_cannot() {
    let Some(world) = World::new(Admission::Any) else { return };
    let one = open_refused(&world, "a");
    let other = world.open("b");
    add_large(&one, 900);
    wait_until("it is sealed", || other.status().sealed == 768);
    assert_eq!(one.status().sealed, 0);
    wait_until("it says so", || one.status().refused.tiles.is_some());
    [one, other].iter().for_each(end);
}

#[test]
fn a_server_that_names_another_store_is_refused_in_words() {
    let Some(world) = World::with_bucket(Admission::Any) else { return };
    let log = world.open("a");
    let bucket = world.bucket.as_ref().unwrap();
    let other = Server::start();
    let s3 = |store: &str, address: SocketAddr| -> Box<dyn Objects> {
        Box::new(BucketObjects::open(&world.place(store, address)).unwrap())
    };
    let refused = |objects: Box<dyn Objects>| {
        world.try_open_on("b", objects).err().expect("refused").to_string()
    };

    let said = refused(s3("s3://evidence/factory-8", bucket.address));
    assert!(said.contains("told s3://evidence/factory-8") && said.contains(STORE), "{said}");
    // A bucket of the same name somewhere else.
    let said = refused(s3(STORE, other.address));
    assert!(said.contains("log-place is missing"), "{said}");
    let said = refused(world.folder_of_tiles("elsewhere", "b"));
    assert!(said.contains("told folder"), "{said}");
    assert!(!other.file("factory-7/log-place").exists(), "nothing is written there");

    // Another log's bucket, of a log that has none yet.
    let Some(stranger) = World::new(Admission::Any) else { return };
    let sign = bucket.file("factory-7/log-place");
    let text = std::fs::read_to_string(&sign).unwrap();
    std::fs::write(&sign, text.replace("together.example/log", "other.example/log")).unwrap();
    let objects = s3(STORE, bucket.address);
    let said = stranger.try_open_on("a", objects).err().expect("refused").to_string();
    assert!(said.contains("holds the full tiles of the log other.example/log"), "{said}");
    std::fs::write(&sign, text).unwrap();
    let log_b = world.open("b");
    [log, log_b].iter().for_each(end);
}

#[test]
fn a_folder_that_is_not_mounted_is_not_taken_for_an_empty_one() {
    let Some(world) = World::new(Admission::Any) else { return };
    let log = world.open("a");
    add_many(&log, 0, 300);
    end(&log);
    let bare = world.folder_of_tiles("bare", "b");
    let refused = world.try_open_on("b", bare).err().expect("refused").to_string();
    assert!(refused.contains("log-place is missing") && refused.contains("mounted"), "{refused}");
    end(&world.open("b"));
}

#[test]
fn without_their_bucket_servers_take_and_publish_entries_and_come_back() {
    let Some(world) = World::with_bucket(Admission::Any) else { return };
    let logs = [world.open("a"), world.open("b")];
    let bucket = world.bucket.as_ref().unwrap();
    add_many(&logs[0], 0, 300);
    wait_until("the first bundle is sealed", || logs.iter().all(|log| log.status().sealed == 256));
    bucket.set_away(true);
    for (log, first) in logs.iter().zip([1000, 2000]) {
        add_many(log, first, 300);
    }
    let bundle = Tile::full(TileKind::Entries, 0).unwrap();
    for log in &logs {
        published(log, 900);
        wait_until("it says that tiles wait", || log.status().refused.tiles.is_some());
        assert!(matches!(log.tile(bundle), Err(ReadError::Unreachable(_))));
        assert_eq!(log.status().fatal, None);
    }
    bucket.set_away(false);
    wait_until("all is sealed", || {
        logs.iter().all(|log| sealed(log) && log.status().refused.tiles.is_none())
    });
    for log in &logs {
        assert!(log.tile(bundle).is_ok());
        assert_eq!(log.status().fatal, None);
    }
    logs.iter().for_each(end);
}

#[test]
fn other_bytes_in_the_bucket_stop_the_log_and_are_left() {
    let Some(world) = World::with_bucket(Admission::Any) else { return };
    let log = world.open("a");
    let file = world.bucket.as_ref().unwrap().file("factory-7/tile/entries/000");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"of another log").unwrap();
    let entries = (0..300_u32).map(|at| log.check(&at.to_be_bytes()).unwrap()).collect();
    drop(runtime().block_on(log.sequence_all(entries)));
    wait_until("it stops", || log.status().fatal.is_some());
    let why = log.status().fatal.unwrap().to_string();
    assert!(why.contains("tile/entries/000 is already stored with other bytes"), "{why}");
    assert_eq!(std::fs::read(&file).unwrap(), b"of another log");
    end(&log);
}
