//! The same over Google's protocol: its client before a real S3 server, which answers to Google's XML API
//! where a log asks it.
//!
//! What such a server cannot judge is judged before it: every request must carry a token that the key of
//! the service account has signed.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use tempfile::TempDir;

use super::proxy::{Heard, Proxy, Trouble};
use super::s3_server::{BUCKET, Server, private};
use super::{BucketObjects, Fault, PATIENCE, contract, live_through, say_what_they_are, tile};
use crate::objects::place::ObjectArgs;
use crate::objects::{Objects, is_away};

const EMAIL: &str = "log@factory.example";

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
        let google = Self { server, proxy, key, folder: tempfile::tempdir().unwrap() };
        google.judge();
        google
    }

    /// Lets in who has a token of the key. Troubles come in place of this.
    fn judge(&self) {
        let public = self.key.public_key_raw().to_vec();
        self.proxy.trouble(move |_, heard| {
            if is_signed(heard, &public) {
                Trouble::None
            } else {
                Trouble::Refused(401, "AuthenticationRequired")
            }
        });
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

/// Whether a request has a token of ours: three parts, the last of which signs the others.
fn is_signed(heard: &Heard, public: &[u8]) -> bool {
    let judged = || {
        let (signed, signature) = heard.bearer()?.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        key.verify(signed.as_bytes(), &signature).ok()?;
        Some(claims["iss"] == EMAIL)
    };
    judged().unwrap_or(false)
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
