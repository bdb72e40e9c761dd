//! How Azure Blob Storage is asked, and what is made of its answers, without a store behind the network.
//! Over a server that keeps what it gets: `azurite`.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;

use super::proxy::{Proxy, Trouble};
use super::s3_server::private;
use super::{BucketObjects, Fault, PATIENCE, tile};
use crate::objects::bucket::Patience;
use crate::objects::place::{ObjectArgs, ObjectsError};
use crate::objects::{Objects, is_away};

/// A key of an account, and what is never to be seen of a token.
const KEY: &str = "key = YSBzZWNyZXQgb2YgdGhlIHRyaWFscw==";
const SIGNATURE: &str = "aSecretOfTheTrials";

/// The store at `address`, where its account stands in the path, as who has `secret` asks it.
pub(super) fn asked(address: SocketAddr, store: &str, secret: &str) -> BucketObjects {
    asked_with(address, store, secret, PATIENCE)
}

fn asked_with(address: SocketAddr, store: &str, secret: &str, patience: Patience) -> BucketObjects {
    opened(&format!("http://{address}/factory7"), store, secret, patience).unwrap()
}

fn opened(
    endpoint: &str,
    store: &str,
    secret: &str,
    patience: Patience,
) -> Result<BucketObjects, ObjectsError> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[storage]\naccount = factory7\n{secret}\n");
    let args = ObjectArgs {
        endpoint: Some(endpoint.to_owned()),
        credentials: Some(private(&folder.path().join("config"), &text)),
        ..ObjectArgs::default()
    };
    BucketObjects::open_with(&args.place_of(store)?, patience)
}

/// Nobody: every request meets a trouble before it.
fn nowhere() -> Proxy {
    Proxy::start(SocketAddr::from(([127, 0, 0, 1], 9)))
}

#[test]
fn a_request_is_signed_for_the_account_and_asks_again_when_the_store_is_busy() {
    let proxy = nowhere();
    proxy.trouble(|number, _| match number {
        0 => Trouble::Refused(503, "ServerBusy"),
        1 => Trouble::Refused(500, "OperationTimedOut"),
        _ => Trouble::Refused(404, "BlobNotFound"),
    });
    // Requests are counted: none is to be asked beside itself.
    let calm = Patience { hedge: PATIENCE.whole, ..PATIENCE };
    let objects = asked_with(proxy.address, "az://factory7/evidence/log", KEY, calm);
    assert_eq!(objects.read(tile(7)).unwrap(), None);
    let heard = proxy.heard();
    assert_eq!(heard.len(), 3);
    for one in heard {
        assert_eq!(
            (one.method, one.path.as_str()),
            (Method::GET, "/factory7/evidence/log/tile/0/007")
        );
        let signed = one.headers["authorization"].to_str().unwrap();
        assert!(signed.starts_with("SharedKey factory7:"), "{signed}");
        assert!(one.headers.contains_key("x-ms-version") && one.headers.contains_key("date"));
    }
}

#[test]
fn a_missing_container_is_no_missing_tile() {
    let proxy = nowhere();
    let objects = asked(proxy.address, "az://factory7/evidence/log", KEY);
    proxy.trouble(|_, _| Trouble::Refused(404, "ContainerNotFound"));
    let read = objects.read(tile(7)).unwrap_err();
    assert!(is_away(&read) && read.to_string().contains("does not exist"), "{read}");
    assert!(matches!(objects.probe(), Err(Fault::Bucket { .. })));
    proxy.trouble(|_, _| Trouble::Refused(403, "AuthenticationFailed"));
    assert!(matches!(objects.probe(), Err(Fault::Key { .. })));
    assert_eq!(proxy.heard().len(), 1, "what does not pass is not asked again");
}

#[test]
fn a_token_goes_with_every_request_and_into_no_message() {
    let proxy = nowhere();
    let secret = format!("sas_token = ?sv=2023-11-03&sr=c&sp=rcwl&sig={SIGNATURE}%3D");
    let short = Patience { whole: Duration::from_millis(200), ..PATIENCE };
    let objects = asked_with(proxy.address, "az://factory7/evidence", &secret, short);
    for trouble in [
        Trouble::Refused(403, "AuthorizationPermissionMismatch"),
        Trouble::Refused(503, "ServerBusy"),
        Trouble::Refused(200, "no answer of a store"),
        Trouble::CutBefore,
    ] {
        proxy.trouble(move |_, _| trouble);
        let said = [objects.probe().unwrap_err().to_string(), format!("{:?}", objects.probe())];
        let read = objects.read(tile(7)).unwrap_err().to_string();
        for said in said.iter().chain([&read]) {
            assert!(!said.contains(SIGNATURE), "{said}");
        }
        let heard = proxy.heard();
        assert!(!heard.is_empty());
        for one in heard {
            assert!(one.query.contains(&format!("sig={SIGNATURE}%3D")), "{}", one.query);
            assert!(!one.headers.contains_key("authorization"));
        }
    }
}

#[test]
fn a_token_is_not_sent_where_others_can_take_it() {
    let sas = format!("sas_token = sv=2023-11-03&sig={SIGNATURE}");
    let open = |endpoint, secret| opened(endpoint, "az://factory7/evidence", secret, PATIENCE);
    let exposed = "http://192.0.2.7:10000/factory7";
    let refused = open(exposed, &sas).err().unwrap();
    assert!(matches!(refused, ObjectsError::Exposed { .. }), "{refused}");
    assert!(refused.to_string().contains("https://"), "{refused}");
    assert!(open("http://127.0.0.1:10000/factory7", &sas).is_ok());
    // A signature is of one request and no other.
    assert!(open(exposed, KEY).is_ok());
}
