//! `run --once` beside a real broker: what waits there is taken, stated and accepted, and counted.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its own body may")]

#[allow(dead_code, reason = "each of its users needs a part of it")]
#[path = "support/parts/mod.rs"]
mod parts;
mod support;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use fe2o3_amqp::sasl_profile::SaslProfile;
use fe2o3_amqp::types::messaging::{Header, Message};
use fe2o3_amqp::{Connection, Sender, Session};
use parts::broker::{ADDRESS, Broker, PASSWORD, USER};
use support::{Manner, TestLog, log_key};

fn agent(words: &[&str]) -> (u8, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let language = if words.contains(&"--lang") { &[][..] } else { &["--lang", "en"] };
    let words = ["fiducial-agent"].iter().chain(language).chain(words).map(OsString::from);
    let code = evidence_agent::run(words, &mut out, &mut err);
    (code, String::from_utf8([out, err].concat()).unwrap())
}

/// A vault whose log is this one, in a folder of its own.
fn init(folder: &Path, log: &TestLog) -> String {
    let (vault, key) = (folder.join("V"), log_key(1).verifier().to_string());
    let vault = vault.to_str().unwrap();
    let init = ["init", "--vault", vault, "--source", "line-4.example/aoi-7", "--log", &log.url];
    let (code, said) = agent(&[&init[..], &["--log-key", &key]].concat());
    assert_eq!(code, 0, "{said}");
    said
}

/// Sends messages as a machine's endpoint would; each is durable at the broker on return.
fn send(broker: &Broker, count: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (username, password) = (USER.to_string(), PASSWORD.to_string());
        let mut connection = Connection::builder()
            .container_id("machine")
            .sasl_profile(SaslProfile::Plain { username, password })
            .open(&broker.url()[..])
            .await
            .unwrap();
        let mut session = Session::begin(&mut connection).await.unwrap();
        let mut sender = Sender::attach(&mut session, "machine", ADDRESS).await.unwrap();
        for number in 0..count {
            let message = Message::builder()
                .header(Header::builder().durable(true).build())
                .data(format!("{{\"MessageName\":\"n{number}\"}}").into_bytes())
                .build();
            assert!(sender.send(message).await.unwrap().is_accepted());
        }
        drop(sender.close().await);
        drop(session.end().await);
        drop(connection.close().await);
    });
}

#[test]
fn a_broker_alone_is_drained_and_what_was_taken_is_counted() {
    let Some(mut broker) = Broker::start() else { return };
    let (folder, log) = (tempfile::tempdir().unwrap(), TestLog::start());
    let (other_folder, other_log) = (tempfile::tempdir().unwrap(), TestLog::start());
    let configured = |folder: &Path, log: &TestLog| {
        let path = |name: &str| folder.join(name).to_str().unwrap().to_string();
        init(folder, log);
        fs::write(path("password"), PASSWORD).unwrap();
        let config = format!(
            "vault = \"V\"\n[[source]]\nname = \"line-4.example/aoi-7\"\n[[source.watch]]\n\
             name = \"messages\"\ntype = \"amqp\"\nmapping = \"cfx\"\nbroker = {:?}\n\
             address = {ADDRESS:?}\nuser = {USER:?}\npassword_file = {:?}\nprefetch = 16\n",
            broker.url(),
            path("password"),
        );
        fs::write(path("agent.toml"), config).unwrap();
        path("agent.toml")
    };
    let config = configured(folder.path(), &log);
    let fresh = configured(other_folder.path(), &other_log);
    let once = |config: &str| agent(&["run", "--once", "--config", config]);

    // More than the broker sends ahead of their acceptance.
    send(&broker, 100);
    let (code, said) = once(&config);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("captured 100 items as 100 records"), "{said}");
    assert!(said.contains("100 of them are messages, taken from a broker"), "{said}");
    // They were accepted: nothing is there for another vault, which remembers none of them.
    let (code, said) = once(&fresh);
    assert!(code == 0 && said.contains("captured 0 items"), "{said}");
    broker.end();
    let (code, said) = once(&config);
    assert!(code == 2 && said.contains("1 of 1 watches cannot be looked at"), "{said}");
}

#[test]
fn a_log_that_does_not_list_the_source_is_told_at_once_and_init_has_said_what_to_do() {
    let (folder, log) = (tempfile::tempdir().unwrap(), TestLog::start());
    let said = init(folder.path(), &log);
    let key = said.lines().next().unwrap();
    assert!(said.contains(&format!("fiducial-log source add '{key}'")), "{said}");
    fs::create_dir(folder.path().join("reports")).unwrap();
    fs::write(folder.path().join("reports/a.json"), "{\"MessageName\":\"one\"}").unwrap();
    let config = "vault = \"V\"\n[[source]]\nname = \"line-4.example/aoi-7\"\n[[source.watch]]\n\
                  name = \"reports\"\ntype = \"folder\"\nmapping = \"cfx\"\npath = \"reports\"\n\
                  stable = \"0s\"\n";
    let path = folder.path().join("agent.toml");
    fs::write(&path, config).unwrap();
    let once = ["run", "--once", "--config", path.to_str().unwrap()];
    // A second try, after the pause, would be taken: it is not waited for.
    log.behave(&[Manner::Forbidden]);
    let (code, said) = agent(&once);
    assert!(code == 2 && said.contains("`fiducial-agent source request`"), "{said}");
    assert!(said.contains("1 statement is kept"), "{said}");
    log.behave(&[Manner::Forbidden]);
    let (_, said) = agent(&[&["--lang", "zh"], &once[..]].concat());
    assert!(
        said.contains("条声明已保存但尚未锚定：") && said.contains("文件交给日志运营方"),
        "{said}"
    );
    let (code, said) = agent(&once);
    assert_eq!(code, 0, "what is kept is anchored when it is listed: {said}");
}
