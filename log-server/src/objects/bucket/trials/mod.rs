//! The objects over real servers, and over all that can go wrong on the way to them.

mod azure;
mod azurite;
#[path = "../../../../../tests/support/azurite.rs"]
mod azurite_server;
#[path = "../../../../../tests/support/engine.rs"]
mod engine;
mod engines;
mod google;
mod log;
mod moved;
#[allow(
    clippy::duplicate_mod,
    dead_code,
    reason = "the tests of the journal have one of their own"
)]
#[path = "../../../../../tests/support/part.rs"]
mod part;
mod proxy;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../../../../tests/support/s3.rs"]
mod s3_server;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use spec::tile::{Tile, TileKind};
use tempfile::TempDir;

use self::proxy::{Proxy, Trouble};
use self::server::{BUCKET, SECRET, Server, place, place_of};
use super::{BucketObjects, Fault, Patience};
use crate::objects::{Objects, PutError, contract, is_away};

/// Short enough for a trial that waits until the end, long enough for a busy machine.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(10),
    hedge: Duration::from_millis(200),
    whole: Duration::from_secs(30),
};

/// A store behind a proxy, and what is needed to ask it.
struct World {
    server: Server,
    proxy: Proxy,
    objects: BucketObjects,
    _credentials: TempDir,
}

impl World {
    fn new() -> Self {
        let server = Server::start();
        let proxy = Proxy::start(server.address);
        let credentials = tempfile::tempdir().unwrap();
        let objects =
            BucketObjects::open_with(&place(proxy.address, &credentials), PATIENCE).unwrap();
        Self { server, proxy, objects, _credentials: credentials }
    }
}

/// Stores one tile under `trouble` for the requests that `meets` names, and reads it back.
fn stores_under(
    proxy: &Proxy,
    objects: &BucketObjects,
    trouble: Trouble,
    index: u64,
    meets: fn(usize) -> bool,
) {
    proxy.trouble(move |number, _| if meets(number) { trouble } else { Trouble::None });
    let object = (tile(index), Bytes::from(format!("{trouble:?}")));
    objects.put_all(std::slice::from_ref(&object)).unwrap();
    assert_eq!(objects.read(object.0).unwrap(), Some(object.1), "{trouble:?}");
}

/// Lives through whatever a network and a busy store do.
fn live_through(proxy: &Proxy, objects: &BucketObjects) {
    let all = [
        Trouble::SlowDown,
        // As Azure and Google say it.
        Trouble::Refused(503, "ServerBusy"),
        Trouble::Refused(429, "rateLimitExceeded"),
        Trouble::InternalError,
        Trouble::CutBefore,
        Trouble::CutBehind,
        Trouble::CutBody,
    ];
    for (trouble, index) in all.into_iter().zip((0..).step_by(2)) {
        // Every second request; and, the worst for a write, the first three.
        stores_under(proxy, objects, trouble, index, |number| number.is_multiple_of(2));
        stores_under(proxy, objects, trouble, index + 1, |number| number < 3);
    }
    // A read that hangs is asked once more beside itself.
    stores_under(proxy, objects, Trouble::Hang, 99, |number| number == 0 || number == 3);
}

/// Stores a tile and a checkpoint, and hears that both say what they are, under these headers, and that
/// neither rests on a condition.
fn say_what_they_are(proxy: &Proxy, objects: &BucketObjects, [kind, caching]: [&str; 2]) {
    objects.put_all(&[(tile(7), Bytes::from_static(b"hashes"))]).unwrap();
    objects.write_file("checkpoint", Bytes::from_static(b"note")).unwrap();
    let header =
        |name: &str, heard: &proxy::Heard| heard.headers[name].to_str().unwrap().to_owned();
    let puts: Vec<_> =
        proxy.heard().into_iter().filter(|heard| heard.method == Method::PUT).collect();
    assert_eq!(puts.len(), 2);
    // Google's slashes are escaped.
    assert!(puts[0].path.replace("%2F", "/").ends_with("/tile/0/007"), "{}", puts[0].path);
    assert_eq!(header(kind, &puts[0]), "application/octet-stream");
    assert_eq!(header(caching, &puts[0]), "public, max-age=31536000, immutable");
    assert_eq!(header(kind, &puts[1]), "text/plain; charset=utf-8");
    assert_eq!(header(caching, &puts[1]), "no-store");
    for put in puts {
        for condition in ["if-none-match", "if-match", "x-goog-if-generation-match"] {
            assert!(!put.headers.contains_key(condition), "{condition}");
        }
    }
}

fn tile(index: u64) -> Tile {
    Tile::full(TileKind::Hashes(0), index).unwrap()
}

fn asked(store: &str, address: SocketAddr, secret: &str) -> BucketObjects {
    let credentials = tempfile::tempdir().unwrap();
    BucketObjects::open(&place_of(store, address, &credentials, secret)).unwrap()
}

#[test]
fn a_bucket_keeps_the_contract() {
    let world = World::new();
    contract::run(&world.objects);
    assert!(world.server.file("tile/0/x001/x234/067").is_file());
}

#[test]
fn tiles_are_stored_as_tlog_tiles_wants_them_and_by_no_condition() {
    let world = World::new();
    say_what_they_are(&world.proxy, &world.objects, ["content-type", "cache-control"]);
}

#[test]
fn what_a_network_does_is_lived_through() {
    let world = World::new();
    live_through(&world.proxy, &world.objects);
}

#[test]
fn a_write_that_was_done_and_reported_as_failed_is_done_again_with_the_same_bytes() {
    let world = World::new();
    world.proxy.trouble(|_, heard| {
        let first = heard.headers.contains_key("x-amz-content-sha256");
        if heard.method == Method::PUT && first { Trouble::CutBehind } else { Trouble::None }
    });
    let short = Patience { whole: Duration::from_millis(300), ..PATIENCE };
    let credentials = tempfile::tempdir().unwrap();
    let objects =
        BucketObjects::open_with(&place(world.proxy.address, &credentials), short).unwrap();
    let object = [(tile(1), Bytes::from_static(b"hashes"))];
    let refused = objects.put_all(&object);
    assert!(matches!(&refused, Err(PutError::Io(error)) if is_away(error)), "{refused:?}");
    // It is there all the same, and the next try finds it.
    objects.put_all(&object).unwrap();
    assert!(matches!(
        objects.put_all(&[(tile(1), Bytes::from_static(b"others"))]),
        Err(PutError::OtherBytes { .. })
    ));
}

#[test]
fn other_bytes_that_are_there_stay_and_are_said() {
    let world = World::new();
    let file = world.server.file("tile/0/007");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"of another log").unwrap();
    let both = [(tile(7), Bytes::from_static(b"ours")), (tile(8), Bytes::from_static(b"next"))];
    let refused = world.objects.put_all(&both);
    assert!(matches!(refused, Err(PutError::OtherBytes { tile: found }) if found == tile(7)));
    assert_eq!(std::fs::read(&file).unwrap(), b"of another log");
    let written = world
        .proxy
        .heard()
        .iter()
        .any(|heard| heard.method == Method::PUT && heard.path.ends_with("/tile/0/007"));
    assert!(!written);
}

#[test]
fn a_store_that_cannot_work_is_named_at_once_and_is_no_empty_store() {
    let server = Server::start();
    let missing = asked("s3://elsewhere/log", server.address, SECRET);
    assert!(matches!(missing.probe(), Err(Fault::Bucket { .. })), "{:?}", missing.probe());

    let store = format!("s3://{BUCKET}");
    let wrong = asked(&store, server.address, "another secret");
    let said = wrong.probe().unwrap_err();
    assert!(matches!(said, Fault::Key { .. }), "{said}");
    assert!(
        !said.to_string().contains("secret of") && !said.to_string().contains("another secret")
    );

    let proxy = Proxy::start(server.address);
    proxy.trouble(|_, _| Trouble::NoSuchBucket);
    let read = asked(&store, proxy.address, SECRET).read(tile(0)).unwrap_err();
    assert!(is_away(&read) && read.to_string().contains("does not exist"), "{read}");
    proxy.trouble(|_, _| Trouble::TimeTooSkewed);
    let said = asked(&store, proxy.address, SECRET).probe().unwrap_err();
    assert!(matches!(said, Fault::Clock { .. }), "{said}");
    assert_eq!(proxy.heard().len(), 1, "what does not pass is not asked again");
}

#[test]
fn an_object_beyond_any_size_is_refused() {
    let world = World::new();
    let file = world.server.file("tile/entries/000");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let handle = std::fs::File::create(&file).unwrap();
    handle.set_len(super::MAX_BUNDLE_SIZE as u64 + 1).unwrap();
    let bundle = Tile::full(TileKind::Entries, 0).unwrap();
    assert!(world.objects.read(bundle).is_err());
    handle.set_len(super::MAX_BUNDLE_SIZE as u64).unwrap();
    assert_eq!(world.objects.read(bundle).unwrap().unwrap().len(), super::MAX_BUNDLE_SIZE);
}

#[test]
fn nobody_there_is_said_in_bounded_time() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let credentials = tempfile::tempdir().unwrap();
    let short = Patience { whole: Duration::from_millis(200), ..PATIENCE };
    let objects = BucketObjects::open_with(&place(free, &credentials), short).unwrap();
    let error = objects.read(tile(0)).unwrap_err();
    assert!(is_away(&error) && error.to_string().contains("cannot be reached"), "{error}");
}
