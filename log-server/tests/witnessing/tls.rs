//! Witnesses behind HTTPS: whom the log trusts, and whom not.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;

use crate::witness::Witness;
use crate::world::{World, add, end, publish, trouble, wait_until};

/// A world with one HTTPS witness that is called `name` in its certificate.
fn world(name: &str, trusted: bool) -> World {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let start = |keys: &[_]| vec![Witness::start_with("w0.example", keys, Some(config.clone()))];
    let mut world = World::with(start, 1);
    let authorities = world.policy_file().with_file_name("ca.pem");
    std::fs::write(&authorities, if trusted { made.cert.pem() } else { other.cert.pem() }).unwrap();
    world.authorities = Some(authorities);
    world
}

#[test]
fn a_witness_with_a_trusted_certificate_is_asked_on_one_connection() {
    let world = world("localhost", true);
    let log = world.open();
    for entry in 0..10 {
        assert_eq!(world.cosigners(&publish(&log, &entry.to_string())), 1);
    }
    end(&log);
}

#[test]
fn a_certificate_of_nobody_or_for_another_name_is_no_connection() {
    for world in [world("localhost", false), world("elsewhere.example", true)] {
        let log = world.open();
        add(&log, "one");
        wait_until("it is refused", || trouble(&log, 0) == Some("connect"));
        assert!(log.published().note.is_empty());
        assert_eq!(log.status().fatal, None);
        end(&log);
    }
}
