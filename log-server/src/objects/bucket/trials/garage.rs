//! The same contract over Garage, a store of another make than the one in this process, and one that
//! ignores conditional writes.
//!
//! It is a test only with the feature `garage`, and then insists on the program: `cargo xtask test --garage`
//! finds or builds it, and names it in `FIDUCIAL_GARAGE`.

#![cfg_attr(
    not(feature = "garage"),
    allow(dead_code, reason = "it is a test where it is asked for")
)]

use std::time::Duration;

use bytes::Bytes;
use spec::tile::{Tile, TileKind};

use super::garage_server::{BUCKET, Garage, KEY, REGION, SECRET};
use super::s3_server::credentials;
use super::{BucketObjects, PATIENCE, contract};
use crate::objects::Objects;
use crate::objects::place::ObjectArgs;

fn objects(garage: &mut Garage) -> BucketObjects {
    let args = ObjectArgs {
        endpoint: Some(format!("http://{}", garage.address)),
        region: Some(REGION.to_owned()),
        credentials: Some(credentials(garage.folder.path(), KEY, SECRET)),
        ..ObjectArgs::default()
    };
    let place = args.place_of(&format!("s3://{BUCKET}/factory-7")).unwrap();
    let objects = BucketObjects::open_with(&place, PATIENCE).unwrap();
    while let Err(fault) = objects.probe() {
        garage.check_runs(&fault);
        std::thread::sleep(Duration::from_millis(20));
    }
    objects
}

#[cfg_attr(feature = "garage", test)]
fn garage_keeps_the_contract() {
    let garage = Garage::start();
    let mut garage =
        garage.expect("`cargo xtask test --garage` names the program in FIDUCIAL_GARAGE");
    let objects = objects(&mut garage);
    contract::run(&objects);
    // A bundle of the largest size, which Garage keeps in blocks of its own.
    let bundle = Tile::full(TileKind::Entries, 77).unwrap();
    let bytes = Bytes::from(vec![7; spec::tile::MAX_BUNDLE_SIZE]);
    objects.put_all(&[(bundle, bytes.clone())]).unwrap();
    assert!(objects.read(bundle).unwrap() == Some(bytes));
}
