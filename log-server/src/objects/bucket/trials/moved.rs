//! A log that moves into a bucket and back, with the same tiles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::log::{add, end, make, open, open_folder, wait_until};
use super::server::place;
use super::{BucketObjects, PATIENCE, World};
use crate::copy::data::{DataFolder, DataObjects};
use crate::copy::store::{Bucket, Source};
use crate::copy::{CopyError, Listener, bring, bring_objects, head_of, policy_of_keys};
use crate::objects::bucket::trials::proxy::Trouble;

struct Nobody;

impl Listener for Nobody {
    fn progress(&self, _: u64, _: u64) {}
}

fn bucket(world: &World) -> Bucket {
    let credentials = tempfile::tempdir().unwrap();
    let place = place(world.proxy.address, &credentials);
    Bucket::new(BucketObjects::open_with(&place, PATIENCE).unwrap(), place.to_string())
}

/// Full tiles below a folder, as the bucket keeps them too.
fn tiles(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(&inside).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.strip_prefix(folder).unwrap().to_owned();
            if entry.is_dir() && !name.to_string_lossy().ends_with(".p") {
                folders.push(entry);
            } else if entry.is_file() {
                all.insert(name, std::fs::read(&entry).unwrap());
            }
        }
    }
    all
}

#[test]
fn a_log_moves_into_a_bucket_goes_on_there_and_moves_back() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(folder);
    let log = open_folder(folder);
    for _ in 0..4 {
        add(&log, 400);
        wait_until(|| log.status().sealed == log.status().sequenced / 256 * 256);
    }
    end(&log);
    let before = tiles(&folder.join("tile"));

    // Through a network that is bad enough, twice: the second time all is there.
    world
        .proxy
        .trouble(|number, _| if number % 5 == 1 { Trouble::CutBehind } else { Trouble::None });
    let source = DataFolder::open(folder).unwrap();
    let policy = policy_of_keys(source.keys()).unwrap();
    let head = head_of(&source, &policy).unwrap();
    let first = bring(&source, &bucket(&world), &head, &policy, &Nobody).unwrap();
    let second = bring(&source, &bucket(&world), &head, &policy, &Nobody).unwrap();
    assert_eq!((first.size, first.written, first.kept), (1600, 12, 0));
    assert_eq!((second.written, second.kept), (0, 12));
    assert_eq!(tiles(&world.server.file("tile")), before);

    std::fs::remove_dir_all(folder.join("tile")).unwrap();
    let log = open(folder, &world, PATIENCE);
    add(&log, 400);
    wait_until(|| log.status().sealed == 1792);
    assert_eq!(log.entry(5).unwrap(), 5_u32.to_be_bytes().as_slice());
    end(&log);

    // And back: only what hashes to what this log has signed comes in.
    let sink = DataObjects::open(folder).unwrap();
    let alone = bring_objects(&bucket(&world), &sink, sink.needed(), &Nobody);
    // The bucket has no right edge of a log that runs on it: that is in the journal.
    assert!(matches!(alone, Err(CopyError::Missing { .. })), "{alone:?}");
    let source = DataFolder::open_over(folder, Box::new(bucket(&world))).unwrap();
    let back = bring_objects(&source, &sink, sink.needed(), &Nobody).unwrap();
    assert_eq!((back.size, back.written), (2000, 14));
    drop(sink);
    let mut after = tiles(&folder.join("tile"));
    after.retain(|name, _| before.contains_key(name));
    assert_eq!(after, before, "the same tiles as before");
    let log = open_folder(folder);
    add(&log, 100);
    assert_eq!(log.prove_inclusion(5, 2100).unwrap().len(), 12);
    end(&log);
}

#[test]
fn a_bucket_that_lies_is_found_out() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let log = open_folder(folder.path());
    add(&log, 600);
    end(&log);
    let source = DataFolder::open(folder.path()).unwrap();
    let policy = policy_of_keys(source.keys()).unwrap();
    let head = head_of(&source, &policy).unwrap();
    bring(&source, &bucket(&world), &head, &policy, &Nobody).unwrap();
    let file = world.server.file("tile/entries/001");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[700] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = crate::copy::store::Folder::create(elsewhere.path()).unwrap();
    let from = bucket(&world);
    let head = head_of(&from, &policy).unwrap();
    let refused = bring(&from, &copy, &head, &policy, &Nobody);
    assert!(
        matches!(&refused, Err(CopyError::Altered { what, .. }) if what == "tile/entries/001"),
        "{refused:?}"
    );
    assert_eq!(Source::name(&from), "s3://evidence/factory-7/log");
}
