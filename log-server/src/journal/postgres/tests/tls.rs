//! A database that is reached by TLS.

use std::path::PathBuf;

use super::*;

/// A certificate for one name, which is its own authority, and its key.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn reach(address: &str, authorities: Option<&PathBuf>) -> Result<usize, String> {
    let limits = DatabaseLimits::default();
    let database = Database::with_tls(address, None, authorities.map(PathBuf::as_path), limits);
    let database = Arc::new(database.map_err(|error| error.to_string())?);
    assert!(!database.is_exposed());
    schema::migrate(&database).map_err(|trouble| trouble.to_string())
}

#[test]
fn a_database_is_reached_by_tls_if_its_certificate_is_right_and_not_otherwise() {
    let Some(mut server) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (pem, key) = certificate("localhost");
    let (ours, other) = (file("ours", &pem), file("other", &certificate("localhost").0));
    server.end();
    server.give("server.crt", &pem);
    server.give("server.key", &key);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = format!("port={free}");
    server.begin(&["ssl=on", "listen_addresses=127.0.0.1", &port]);
    let at = |host: &str| format!("host={host} {port} user=owner dbname=postgres sslmode=require");

    assert_eq!(reach(&at("localhost"), Some(&ours)), Ok(0));
    // Every session of it is encrypted, whatever the address says.
    let plain = at("localhost").replace(" sslmode=require", "");
    assert_eq!(reach(&plain, Some(&ours)), Ok(3));
    run_encrypted(&plain, &ours);
    let refused = reach(&at("localhost"), Some(&other)).unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    // The right certificate, and another name.
    let refused = reach(&at("127.0.0.1"), Some(&ours)).unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    let refused = reach(&at("localhost"), Some(&folder.path().join("missing"))).unwrap_err();
    assert!(refused.contains("missing"), "{refused}");

    server.end();
    server.begin(&["ssl=off", "listen_addresses=127.0.0.1", &port]);
    let refused = reach(&at("localhost"), Some(&ours)).unwrap_err();
    assert!(refused.contains("does not support TLS"), "{refused}");
}

fn run_encrypted(address: &str, authorities: &std::path::Path) {
    let limits = DatabaseLimits::default();
    let database = Database::with_tls(address, None, Some(authorities), limits).unwrap();
    let session = database.connect_anyhow().unwrap();
    let question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = session.query_one(question, &[]).unwrap();
    assert!(rows::value::<bool>(&row, "ssl").unwrap());
}
