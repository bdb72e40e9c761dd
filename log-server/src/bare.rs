//! A log without its threads, for tests of one of them: nobody else signs, seals or indexes meanwhile.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers are tests too")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::hash::leaf_hashes;

use crate::admission::Admission;
use crate::disk::MachineDisk;
use crate::keys::LogKeys;
use crate::log::{Limits, Options};
use crate::objects::{FolderObjects, Objects};
use crate::shared::Shared;
use crate::sources::Sources;
use crate::start::{Started, start};
use crate::tail::Tail;

/// An empty log in `folder`, its full tiles in `objects`.
pub(crate) fn open(folder: &Path, objects: Box<dyn Objects>) -> Started {
    let data = folder.join("log");
    let origin = Origin::parse("bare.example/log").unwrap();
    crate::init::init(&data, origin.clone(), Admission::Any, false).unwrap();
    let keys = LogKeys::load(&data, &origin).unwrap();
    let sources = Sources::load(&data).unwrap();
    let disk = Arc::new(MachineDisk::open(&data).unwrap());
    let options = Options { data, limits: Limits::default(), keys, sources, witnesses: None };
    start(options, disk, objects).unwrap()
}

/// Full tiles below `folder`.
pub(crate) fn folder_objects(folder: &Path) -> FolderObjects {
    let tiles = folder.join("tiles");
    std::fs::create_dir_all(&tiles).unwrap();
    FolderObjects::new(Arc::new(MachineDisk::open(&tiles).unwrap()), &tiles)
}

/// The entries of some places: each says where it is.
pub(crate) fn entries(places: std::ops::Range<u64>) -> Vec<Bytes> {
    places.map(|at| Bytes::from(at.to_string())).collect()
}

/// Adds the next `count` entries to a tail, as a commit does.
pub(crate) fn commit(tail: &mut Tail, count: u64) {
    let size = tail.frontier().size();
    let entries = entries(size..size + count);
    let leaves: Vec<Hash> = leaf_hashes(&entries);
    let growth = tail.frontier().grow(&leaves);
    tail.commit(entries, &leaves, growth);
}

/// Stores what is full in a tail, as the sealer does.
pub(crate) fn seal(tail: &mut Tail, objects: &dyn Objects) {
    while let Some(seal) = tail.seal_below(u64::MAX) {
        objects.put_all(&seal.objects).unwrap();
        tail.sealed_up_to(seal.size);
    }
}

/// Waits until something is so that another thread does.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Ends the threads that a test has started.
pub(crate) fn end(shared: &Shared) {
    shared.drained.store(true, std::sync::atomic::Ordering::Release);
    shared.ring_all();
}
