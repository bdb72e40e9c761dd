//! TLS round trips, with a certificate made for the test.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use log_server::admission::Admission;
use log_server::http::renewal::Renewing;
use log_server::http::{ApiOptions, ClientLimits, Patience, ServeOptions};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::Served;

async fn served() -> (Served, CertificateDer<'static>) {
    let time = Duration::from_millis(500);
    let patience = Patience { head_time: time, idle_time: time * 2 };
    served_with(ServeOptions { patience, ..ServeOptions::default() }).await
}

async fn served_with(options: ServeOptions) -> (Served, CertificateDer<'static>) {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Renewing::load(&certificate, &key).unwrap().config().unwrap();
    let options = ServeOptions { tls: Some(tls), ..options };
    let served = Served::start_with(Admission::Any, ApiOptions::default(), options).await;
    (served, made.cert.der().clone())
}

async fn connect(
    served: &Served,
    certificate: &CertificateDer<'static>,
    protocols: &[&[u8]],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(served.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn http_1_over_tls() {
    let (served, certificate) = served().await;
    let mut stream = connect(&served, &certificate, &[]).await;
    let request = b"POST /add HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 3\r\n\r\none";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n0"), "{answer}");
}

#[tokio::test]
async fn http_2_over_tls() {
    let (served, certificate) = served().await;
    let stream = connect(&served, &certificate, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    // Many at once on one connection.
    let mut answers = Vec::new();
    for entry in 0..20_u8 {
        let request = hyper::Request::post("https://localhost/add")
            .body(Full::new(bytes::Bytes::from(vec![entry + 1])))
            .unwrap();
        answers.push(tokio::spawn(sender.send_request(request)));
    }
    let mut indices = Vec::new();
    for answer in answers {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        indices.push(std::str::from_utf8(&body).unwrap().parse::<u64>().unwrap());
    }
    indices.sort_unstable();
    assert_eq!(indices, (0..20).collect::<Vec<_>>());
    // Idle, it is ended by the same clock.
    let ended = tokio::time::timeout(Duration::from_secs(3), connection).await;
    assert!(ended.is_ok());
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

/// Asks for a path on `count` streams of one connection, in which no byte of an answer has room.
fn windowless(path: &str, count: u32) -> Vec<u8> {
    let literal = |name: &str, value: &str| {
        let part = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        [&[0][..], &part(name), &part(value)].concat()
    };
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let head = [&[0x82, 0x87][..], &literal(":path", path), &literal(":authority", "x")].concat();
    let requests = (0..count).flat_map(|at| frame(1, 5, 1 + 2 * at, &head));
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    preface.iter().copied().chain(settings).chain(requests).collect()
}

#[tokio::test]
async fn over_http_2_who_reads_nothing_is_given_up_though_it_pings() {
    let (served, certificate) = served().await;
    for path in ["/healthz", "/"] {
        let mut stream = connect(&served, &certificate, &[b"h2"]).await;
        stream.write_all(&windowless(path, 3)).await.unwrap();
        let pinging = async {
            let mut heard = [0; 1024];
            while stream.write_all(&frame(6, 0, 0, b"pingpong")).await.is_ok() {
                match stream.read(&mut heard).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let given_up = tokio::time::timeout(Duration::from_secs(20), pinging).await;
        assert!(given_up.is_ok(), "{path}");
    }
}

#[tokio::test]
async fn over_http_2_who_reads_nothing_takes_no_more_than_its_share() {
    let clients = ClientLimits { limit_loopback: true, ..ClientLimits::default() };
    let (served, certificate) =
        served_with(ServeOptions { clients, ..ServeOptions::default() }).await;
    let entry = served.log.check(&[7; 60_000]).unwrap();
    served.log.sequence(entry).await.unwrap();
    served.log.published_covering(1).await.unwrap();
    let get = async || {
        let mut stream = connect(&served, &certificate, &[]).await;
        let request = b"GET /proof/0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(get().await, "200");
    let mut held = Vec::new();
    // Each answer has 80 kB, and a client's share is 32 MiB: some 400 of them.
    while get().await == "200" {
        let mut stream = connect(&served, &certificate, &[b"h2"]).await;
        stream.write_all(&windowless("/proof/0", 32)).await.unwrap();
        held.push(stream);
        assert!(held.len() < 40, "nothing is counted");
    }
    assert_eq!(get().await, "503");
    drop(held);
    while get().await != "200" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let (served, _) = served().await;
    for half in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut client = served.connect().await;
        client.write(half).await;
        let mut rest = Vec::new();
        let closed = client.0.read_to_end(&mut rest);
        assert!(tokio::time::timeout(Duration::from_secs(3), closed).await.is_ok());
    }
}
