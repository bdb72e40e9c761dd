//! The same over Google's protocol: its client before a real S3 server, which answers to Google's XML API
//! where a log asks it.
//!
//! What such a server cannot judge is judged before it: every request must carry a token that the key of
//! the service account has signed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use tempfile::TempDir;

use super::proxy::{Proxy, Trouble};
use super::s3_server::{BUCKET, Server, private};
use super::{BucketObjects, Fault, PATIENCE, contract, live_through, say_what_they_are, tile};
use crate::objects::place::ObjectArgs;
use crate::objects::{Objects, is_away};
use crate::publisher::unix_seconds;

const EMAIL: &str = "log@factory.example";

/// What the log's tokens are for; the role of the account narrows it.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

struct Google {
    server: Server,
    proxy: Proxy,
    key: KeyPair,
    folder: TempDir,
}

impl Google {
    fn new() -> Self {
        let server = Server::start_unsigned();
        let proxy = Proxy::start(server.address);
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let public = key.public_key_raw().to_vec();
        // Who has a token of the key is let in, to troubles as well.
        proxy.judge(move |heard| {
            heard.bearer().is_some_and(|token| is_good(token, &public, unix_seconds()))
        });
        Self { server, proxy, key, folder: tempfile::tempdir().unwrap() }
    }

    /// The store as who has `key` asks it.
    fn asked(&self, store: &str, key: &KeyPair) -> BucketObjects {
        let file = serde_json::json!({
            "type": "service_account",
            "client_email": EMAIL,
            "private_key_id": "7",
            "private_key": key.serialize_pem(),
        });
        let args = ObjectArgs {
            endpoint: Some(format!("http://{}", self.proxy.address)),
            credentials: Some(private(&self.folder.path().join("key.json"), &file.to_string())),
            ..ObjectArgs::default()
        };
        BucketObjects::open_with(&args.place_of(store).unwrap(), PATIENCE).unwrap()
    }

    fn objects(&self) -> BucketObjects {
        self.asked(&format!("gs://{BUCKET}/factory-7"), &self.key)
    }
}

/// Whether a token is one of ours and good at `now`: three parts, the last of which signs the others.
fn is_good(token: &str, public: &[u8], now: u64) -> bool {
    let judged = || {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        key.verify(signed.as_bytes(), &signature).ok()?;
        let times = claims["iat"].as_u64()?..claims["exp"].as_u64()?;
        Some(claims["iss"] == EMAIL && claims["scope"] == SCOPE && times.contains(&now))
    };
    judged().unwrap_or(false)
}

/// A token with these claims, signed with `key`.
fn token(key: &KeyPair, claims: &serde_json::Value) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(r#"{"alg":"RS256"}"#), encode(&claims.to_string()));
    let key = RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn claims(email: &str, scope: &str) -> serde_json::Value {
    serde_json::json!({ "iss": email, "scope": scope, "iat": 100, "exp": 200 })
}

#[test]
fn a_token_is_good_for_its_time_and_for_what_it_names_alone() {
    let generate = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let (key, other) = (generate(), generate());
    let public = key.public_key_raw();
    let ours = token(&key, &claims(EMAIL, SCOPE));
    for (now, is_in_time) in [(99, false), (100, true), (199, true), (200, false)] {
        assert_eq!(is_good(&ours, public, now), is_in_time, "{now}");
    }
    for wrong in [
        token(&other, &claims(EMAIL, SCOPE)),
        token(&key, &claims("another@factory.example", SCOPE)),
        token(&key, &claims(EMAIL, "https://www.googleapis.com/auth/devstorage.read_only")),
        token(&key, &serde_json::json!({ "iss": EMAIL, "scope": SCOPE, "iat": 100 })),
        "no token".to_owned(),
    ] {
        assert!(!is_good(&wrong, public, 150), "{wrong}");
    }
}

#[test]
fn a_token_is_judged_before_any_trouble() {
    let google = Google::new();
    google.proxy.trouble(|_, _| Trouble::NoSuchBucket);
    let other = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let store = format!("gs://{BUCKET}/factory-7");
    let said = google.asked(&store, &other).probe().unwrap_err();
    assert!(matches!(said, Fault::Key { .. }), "{said}");
    let said = google.asked(&store, &google.key).probe().unwrap_err();
    assert!(matches!(said, Fault::Bucket { .. }), "{said}");
}

#[test]
fn google_keeps_the_contract() {
    let google = Google::new();
    let objects = google.objects();
    objects.probe().unwrap();
    contract::run(&objects);
    assert!(google.server.file("factory-7/tile/0/x001/x234/067").is_file());
    assert!(google.proxy.heard().iter().all(|heard| heard.bearer().is_some()));
}

#[test]
fn tiles_say_to_google_what_they_are() {
    let google = Google::new();
    say_what_they_are(&google.proxy, &google.objects(), ["content-type", "cache-control"]);
}

#[test]
fn what_a_network_does_on_the_way_to_google_is_lived_through() {
    let google = Google::new();
    live_through(&google.proxy, &google.objects());
}

#[test]
fn another_key_and_a_missing_bucket_are_said() {
    let google = Google::new();
    let missing = google.asked("gs://elsewhere/log", &google.key).probe();
    assert!(matches!(missing, Err(Fault::Bucket { .. })), "{missing:?}");

    google.objects().put_all(&[(tile(7), Bytes::from_static(b"hashes"))]).unwrap();
    let other = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let other = google.asked(&format!("gs://{BUCKET}/factory-7"), &other);
    let said = other.probe().unwrap_err();
    assert!(matches!(said, Fault::Key { .. }), "{said}");
    // Who is refused has not read that there is nothing.
    let read = other.read(tile(7)).unwrap_err();
    assert!(is_away(&read), "{read}");
}
