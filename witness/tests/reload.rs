//! Files of logs and keys change while the witness runs, some of them for the worse: what an
//! operator took away stays away, and what is repaired is taken up.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use spec::key::Algorithm;
use support::{Home, ONE, TestLog, verified};
use witness::decide::Refusal;
use witness::keys;
use witness::registry;
use witness::reload::RETRY_LOOKS;
use witness::witness::{AddError, Witness, WriterThread};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn end((witness, writer): (Witness, WriterThread)) {
    drop(witness);
    writer.join().unwrap();
}

/// A witness with two keys that runs.
fn with_two_keys(log: &TestLog) -> (Home, (Witness, WriterThread)) {
    let mut home = Home::new(&ONE, &[log]);
    let algorithm = Algorithm::CosignatureEd25519;
    home.keys.push(keys::create(&home.settings, &home.settings.name, algorithm).unwrap());
    let running = Witness::open(home.data(), false).unwrap();
    assert_eq!(run(running.0.add(&log.request(0, 1))).unwrap().lines().count(), 2);
    (home, running)
}

#[test]
fn a_retired_key_signs_no_more_although_the_logs_cannot_be_read() {
    let log = TestLog::new("log.example/retired");
    let (home, running) = with_two_keys(&log);
    fs::write(home.settings.logs(), "=").unwrap();
    keys::retire(&home.settings, &home.keys[0].id().to_string(), "rotated").unwrap();
    running.0.tick();
    assert_eq!(running.0.status().faults.len(), 1);
    let answer = run(running.0.add(&log.request(1, 2))).unwrap();
    verified(&answer, &log.checkpoint(2), &home.keys[1..]);
    end(running);
}

#[test]
fn a_retired_key_signs_no_more_although_another_key_cannot_be_read() {
    let log = TestLog::new("log.example/mode");
    let (home, running) = with_two_keys(&log);
    keys::retire(&home.settings, &home.keys[0].id().to_string(), "rotated").unwrap();
    let added = home.settings.keys().join("ed25519-00000000.key");
    fs::write(&added, "not a key").unwrap();
    fs::set_permissions(&added, fs::Permissions::from_mode(0o600)).unwrap();
    running.0.tick();
    assert_eq!(running.0.status().faults.len(), 1);
    let answer = run(running.0.add(&log.request(1, 2))).unwrap();
    verified(&answer, &log.checkpoint(2), &home.keys[1..]);

    // Without any key left, nothing is signed, and no empty answer given.
    fs::remove_file(&added).unwrap();
    let mut retired = witness::retired::Retired::load(&home.settings).unwrap();
    retired.add(&home.keys[1], "by hand");
    retired.store(&home.settings).unwrap();
    running.0.tick();
    let refused = run(running.0.add(&log.request(2, 3)));
    assert!(matches!(refused, Err(AddError::Stopped(_))), "{refused:?}");
    end(running);
}

#[test]
fn a_disabled_log_is_cosigned_no_more_although_the_keys_cannot_be_read() {
    let log = TestLog::new("log.example/disabled");
    let (home, running) = with_two_keys(&log);
    fs::write(home.settings.keys().join("other.key"), "not a key").unwrap();
    registry::disable(&home.settings, &log.origin).unwrap();
    running.0.tick();
    let refused = run(running.0.add(&log.request(1, 2)));
    assert_eq!(refused, Err(AddError::Refused(Refusal::Disabled)));
    end(running);
}

#[test]
fn a_list_that_could_not_be_read_at_first_is_taken_up_once_it_can() {
    let (log, listed) = (TestLog::new("log.example/own"), TestLog::new("log.example/listed"));
    let (home, running) = with_two_keys(&log);
    let list = home.folder.path().join("list.1");
    let text = fs::read_to_string(home.settings.logs()).unwrap();
    let named = text.replace("lists = []", &format!("lists = [{:?}]", list.display().to_string()));
    fs::write(home.settings.logs(), named).unwrap();
    running.0.tick();
    assert_eq!(running.0.status().faults.len(), 1);

    // Nothing that is watched changes: the list is watched only once it was read.
    let key = listed.key.verifier();
    fs::write(&list, format!("logs/v0\nvkey {key}\nqpd 24\ncontact x\n")).unwrap();
    (0..RETRY_LOOKS).for_each(|_| running.0.tick());
    assert_eq!(running.0.status().faults, [""; 0]);
    assert!(run(running.0.add(&listed.request(0, 1))).is_ok());
    end(running);
}
