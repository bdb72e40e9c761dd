//! The same behind a certificate.
//!
//! The agent and the verifier take the certificate authorities that the web takes; the verifier
//! takes those of a file instead, if it is told to. Otherwise neither talks to a log whose
//! certificate nobody vouches for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{Answer, PATIENCE, Server, World, wait};

fn served() -> (World, Server, CertificateDer<'static>) {
    let world = World::new("any");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    world.write("certificate.pem", made.cert.pem());
    world.write("key.pem", made.signing_key.serialize_pem());
    let files = ["--tls-certificate", "certificate.pem", "--tls-key", "key.pem"];
    let server = world.serve_with(&files);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    (world, server, made.cert.der().clone())
}

/// One request by a client that trusts `roots` alone.
fn request(server: &Server, roots: RootCertStore, head: &str) -> std::io::Result<Answer> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(client, stream);
    write!(stream, "{head}host: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    // The answer says its own length; how the connection ends says nothing more.
    if let Err(error) = stream.read_to_end(&mut bytes)
        && bytes.is_empty()
    {
        return Err(error);
    }
    Ok(Answer::parse(&bytes).expect("a whole answer"))
}

#[test]
fn the_log_answers_behind_its_certificate_and_to_nobody_without() {
    let (world, server, certificate) = served();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let get =
        |path: &str| request(&server, roots.clone(), &format!("GET {path} HTTP/1.1\r\n")).unwrap();
    let answer = get("/checkpoint");
    assert_eq!(answer.status, 200);
    assert_eq!(world.tree(&answer.body).size(), 0);
    assert_eq!(get("/readyz").status, 200);
    get("/tile/0/000").is_problem(404, "beyond");

    // A client that trusts another authority gets nothing, nor does one without TLS.
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let mut others = RootCertStore::empty();
    others.add(other.cert.der().clone()).unwrap();
    let refused = request(&server, others, "GET /checkpoint HTTP/1.1\r\n").unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    assert!(server.try_post("/add", b"in the clear").is_none());
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_renewed_certificate_is_taken_without_a_restart_and_a_broken_one_is_not() {
    let (world, server, first) = served();
    let trusting = |certificate: &CertificateDer<'static>| {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        roots
    };
    let get = |trusted: &CertificateDer<'static>, path: &str| {
        request(&server, trusting(trusted), &format!("GET {path} HTTP/1.1\r\n"))
    };
    let unusable = |trusted: &CertificateDer<'static>, value: &str| {
        let metrics = get(trusted, "/metrics").unwrap();
        metrics.text().contains(&format!("fiducial_http_tls_files_unusable {value}\n"))
    };
    assert!(unusable(&first, "0"));

    // A broken file replaces nothing, and the numbers say so.
    world.write("certificate.pem", "-----BEGIN CERTIFICATE-----\n");
    server.hang_up();
    wait("nobody noticed", || unusable(&first, "1").then_some(()));

    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    world.write("certificate.pem", made.cert.pem());
    world.write("key.pem", made.signing_key.serialize_pem());
    server.hang_up();
    let second = made.cert.der().clone();
    wait("the new one is not taken", || get(&second, "/checkpoint").ok());
    assert!(unusable(&second, "0"));
    assert!(get(&first, "/checkpoint").is_err());

    // Without a signal as well: the files are looked at.
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    world.write("certificate.pem", made.cert.pem());
    world.write("key.pem", made.signing_key.serialize_pem());
    let third = made.cert.der().clone();
    wait("the newest one is not taken", || get(&third, "/checkpoint").ok());
    let said = server.stop_and_listen();
    assert_eq!(said.code, 0);
    assert!(said.err.contains("the one in use stays"), "{said:?}");
}

#[test]
fn a_hangup_does_not_end_a_log_without_a_certificate() {
    let world = World::new("any");
    let server = world.serve();
    server.hang_up();
    assert_eq!(server.post("/add", b"afterwards").index(), 0);
    assert_eq!(server.stop(), 0);
}

#[test]
fn the_programs_do_not_talk_to_a_log_that_nobody_vouches_for() {
    let (world, server, _) = served();
    let audit = ["audit", "--log", &server.url, "--policy", "policy", "--entries", "any"];
    let said = world.fiducial(&audit).ends_with(2);
    assert!(said.err.contains("certificate"), "{said:?}");
    // With a file of authorities, those count and no others.
    let with = |file: &str, code: i32| {
        world.fiducial(&[&audit[..], &["--ca-file", file]].concat()).ends_with(code)
    };
    with("certificate.pem", 0);
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    world.write("other.pem", other.cert.pem());
    assert!(with("other.pem", 2).err.contains("certificate"));
    world.write("empty.pem", "");
    for file in ["empty.pem", "key.pem", "missing.pem"] {
        let said = with(file, 2);
        assert!(said.err.contains(file), "{said:?}");
    }
    let key = world.keys[0].to_string();
    let init = ["init", "--vault", "vault", "--source", "aoi", "--log", &server.url];
    world.agent(&[&init[..], &["--log-key", &key]].concat()).ends_with(0);
    world.write("report", "1");
    let said =
        world.agent(&["anchor", "report", "--vault", "vault", "--timeout", "0"]).ends_with(2);
    assert!(said.err.contains("certificate"), "{said:?}");
    assert!(!world.path("report.tlog-proof").exists());
}
