//! The same over Azurite, which answers to the protocol of Azure Blob Storage and checks its signatures.
//!
//! These are tests only with the feature `azurite`, and then insist on the program: `cargo xtask test --clouds`
//! installs it, and names it in `FIDUCIAL_AZURITE`.

#![cfg_attr(
    not(feature = "azurite"),
    allow(dead_code, reason = "they are tests where they are asked for")
)]

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::HttpRequestBody;
use spec::tile::{MAX_BUNDLE_SIZE, Tile, TileKind};

use super::azure::asked;
use super::azurite_server::{ACCOUNT, Azurite, CONTAINER, KEY};
use super::proxy::Proxy;
use super::{BucketObjects, Fault, contract, live_through, say_what_they_are};
use crate::objects::Objects;
use crate::objects::client::{Client, ClientError, Target};
use crate::objects::worker::Worker;

/// What asks for it by the account's own key, as no log does.
struct Owner {
    azurite: Azurite,
    worker: Worker,
}

impl Owner {
    /// Starts a server and makes its container.
    fn start() -> Self {
        let azurite = Azurite::start();
        let azurite =
            azurite.expect("`cargo xtask test --clouds` names the program in FIDUCIAL_AZURITE");
        let mut owner = Self { azurite, worker: Worker::start("owner").unwrap() };
        let made = loop {
            match owner.ask(Method::PUT, &format!("{CONTAINER}?restype=container")) {
                Ok(made) => break made,
                Err(error) => owner.azurite.check_runs(&error),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(made.status(), 201, "{}", String::from_utf8_lossy(made.body()));
        owner
    }

    fn ask(&self, method: Method, name: &str) -> Result<Response<Bytes>, ClientError> {
        let server = format!("http://{}", self.azurite.address);
        let mut request = Request::new(HttpRequestBody::empty());
        *request.method_mut() = method;
        *request.uri_mut() = format!("{server}/{ACCOUNT}/{name}").parse().unwrap();
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY).unwrap());
        AzureAuthorizer::new(&credential, ACCOUNT).try_authorize(&mut request).unwrap();
        let client = Client::new(Target::parse(&server).unwrap(), None, "no flag").unwrap();
        let request = request.map(|_| Full::new(Bytes::new()));
        self.worker.wait(async move { client.send(request, 64 * 1024).await })
    }

    /// The store as a log asks it, through a network of ours.
    fn behind(&self, proxy: &Proxy) -> BucketObjects {
        asked(proxy.address, &format!("az://{ACCOUNT}/{CONTAINER}/factory-7"), &key(KEY))
    }
}

fn key(key: &str) -> String {
    format!("key = {key}")
}

#[cfg_attr(feature = "azurite", test)]
fn azurite_keeps_the_contract() {
    let owner = Owner::start();
    let proxy = Proxy::start(owner.azurite.address);
    let objects = owner.behind(&proxy);
    objects.probe().unwrap();
    contract::run(&objects);
    let bundle = Tile::full(TileKind::Entries, 77).unwrap();
    let bytes = Bytes::from(vec![7; MAX_BUNDLE_SIZE]);
    objects.put_all(&[(bundle, bytes.clone())]).unwrap();
    assert!(objects.read(bundle).unwrap() == Some(bytes));
}

#[cfg_attr(feature = "azurite", test)]
fn azurite_hands_tiles_out_as_what_they_are() {
    let owner = Owner::start();
    let proxy = Proxy::start(owner.azurite.address);
    let headers = ["x-ms-blob-content-type", "x-ms-blob-cache-control"];
    say_what_they_are(&proxy, &owner.behind(&proxy), headers);
    for (name, kind, caching) in [
        ("tile/0/007", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("checkpoint", "text/plain; charset=utf-8", "no-store"),
    ] {
        let read = owner.ask(Method::GET, &format!("{CONTAINER}/factory-7/{name}")).unwrap();
        assert_eq!(read.status(), 200, "{name}");
        assert_eq!(read.headers()[CONTENT_TYPE], kind);
        assert_eq!(read.headers()[CACHE_CONTROL], caching);
    }
}

#[cfg_attr(feature = "azurite", test)]
fn what_a_network_does_on_the_way_to_azurite_is_lived_through() {
    let owner = Owner::start();
    let proxy = Proxy::start(owner.azurite.address);
    live_through(&proxy, &owner.behind(&proxy));
}

#[cfg_attr(feature = "azurite", test)]
fn another_key_and_a_missing_container_are_said_by_azurite() {
    let owner = Owner::start();
    let asked = |store: &str, secret| asked(owner.azurite.address, store, &key(secret)).probe();
    let missing = asked(&format!("az://{ACCOUNT}/elsewhere/log"), KEY);
    assert!(matches!(missing, Err(Fault::Bucket { .. })), "{missing:?}");
    let other = asked(&format!("az://{ACCOUNT}/{CONTAINER}"), "YW5vdGhlciBzZWNyZXQ=").unwrap_err();
    // Azurite has a code for this that is not Azure's own, which is in the tests of `fault`.
    assert!(matches!(other, Fault::Denied { .. } | Fault::Key { .. }), "{other}");
    assert!(!other.to_string().contains("YW5v"), "{other}");
}
