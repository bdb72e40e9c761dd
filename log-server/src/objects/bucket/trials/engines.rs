//! The same contract over servers of other makes than the one in this process: Garage, which ignores conditional
//! writes, and Ceph's gateway, which keeps to them and is strict in other things too.
//!
//! Each is a test only with its feature, and then insists on its programs: `cargo xtask test --garage` and
//! `--rgw` find or fetch them, and name them in `FIDUCIAL_GARAGE` and `FIDUCIAL_RGW`.

#![cfg_attr(
    not(all(feature = "garage", feature = "rgw")),
    allow(dead_code, reason = "each is a test where it is asked for")
)]

use std::time::Duration;

use bytes::Bytes;
use spec::tile::{Tile, TileKind};

use super::engine::{BUCKET, Engine, KEY, Make, SECRET};
use super::s3_server::credentials;
use super::{BucketObjects, Fault, PATIENCE, contract};
use crate::objects::Objects;
use crate::objects::place::ObjectArgs;

fn asked(engine: &Engine, store: &str, secret: &str) -> BucketObjects {
    let folder = tempfile::tempdir().unwrap();
    let args = ObjectArgs {
        endpoint: Some(format!("http://{}", engine.address)),
        region: Some(engine.make.region().to_owned()),
        credentials: Some(credentials(folder.path(), KEY, secret)),
        ..ObjectArgs::default()
    };
    BucketObjects::open_with(&args.place_of(store).unwrap(), PATIENCE).unwrap()
}

/// The objects of a log, as soon as the bucket is there.
fn objects(engine: &mut Engine) -> BucketObjects {
    let objects = asked(engine, &format!("s3://{BUCKET}/factory-7"), SECRET);
    while let Err(fault) = objects.probe() {
        engine.check_runs(&fault);
        std::thread::sleep(Duration::from_millis(20));
    }
    objects
}

fn keeps_the_contract(engine: &mut Engine) {
    let objects = objects(engine);
    contract::run(&objects);
    // A bundle of the largest size, which both keep in blocks of their own.
    let bundle = Tile::full(TileKind::Entries, 77).unwrap();
    let bytes = Bytes::from(vec![7; spec::tile::MAX_BUNDLE_SIZE]);
    objects.put_all(&[(bundle, bytes.clone())]).unwrap();
    assert!(objects.read(bundle).unwrap() == Some(bytes));
    // A partial tile beside the full one of the contract, whose name its own begins with; and a file that
    // is written again.
    for (name, text) in
        [("tile/0/x001/x234/067.p/12", "part"), ("checkpoint", "first"), ("checkpoint", "second")]
    {
        assert_ne!(objects.read_file(name).unwrap().as_deref(), Some(text.as_bytes()));
        objects.write_file(name, Bytes::from(text)).unwrap();
        assert_eq!(objects.read_file(name).unwrap().as_deref(), Some(text.as_bytes()));
    }
    let full = Tile::full(TileKind::Hashes(0), 1_234_067).unwrap();
    assert_eq!(objects.read(full).unwrap().as_deref(), Some(&b"hashes"[..]));
}

#[cfg_attr(feature = "garage", test)]
fn garage_keeps_the_contract() {
    keeps_the_contract(&mut Engine::start(Make::Garage));
}

#[cfg_attr(feature = "rgw", test)]
fn ceph_keeps_the_contract_and_says_what_is_wrong() {
    let mut engine = Engine::start(Make::Ceph);
    keeps_the_contract(&mut engine);
    let wrong = asked(&engine, &format!("s3://{BUCKET}"), "another secret").probe();
    assert!(matches!(wrong, Err(Fault::Key { .. })), "{wrong:?}");
    // Its errors have no words, only a code: that must be enough.
    let said = wrong.unwrap_err().to_string();
    assert!(said.contains("403 SignatureDoesNotMatch"), "{said}");
    let missing = asked(&engine, "s3://elsewhere", SECRET).probe();
    assert!(matches!(missing, Err(Fault::Bucket { .. })), "{missing:?}");
}
