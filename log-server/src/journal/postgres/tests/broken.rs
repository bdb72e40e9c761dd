//! Connections that break, databases that go back.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::tables::run;
use super::*;
use crate::journal::postgres::rows::number;

/// How long a client gives a server at the least: by `docs/postgres.md`, and by the clients of the tests of several
/// servers.
const CLIENT_PATIENCE: Duration = Duration::from_secs(1);

/// Stands between a journal and its server, and cuts connections.
struct Proxy {
    folder: tempfile::TempDir,
    /// What to do with the next commit.
    cut: Arc<AtomicU32>,
    /// Whether answers are lost, as where who asked stands still.
    still: Arc<AtomicBool>,
}

const PASS: u32 = 0;
/// Hand the commit on, and cut before the answer.
const CUT_BEHIND: u32 = 1;
/// Cut before the commit is handed on.
const CUT_BEFORE: u32 = 2;
/// Hand the commit on without its last message, and nothing else: who sent it stands still just then.
const CUT_SHORT: u32 = 3;
/// That message: its letter and its length.
const SYNC: &[u8] = b"S\0\0\0\x04";

impl Proxy {
    fn start(server: &Postgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (target, cut) = (server.socket(), Arc::new(AtomicU32::new(PASS)));
        let still = Arc::new(AtomicBool::new(false));
        let shared = (cut.clone(), still.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&target).unwrap();
                let (cut, still) = shared.clone();
                std::thread::spawn(move || carry(client, server, &cut, still));
            }
        });
        Self { folder, cut, still }
    }

    fn address(&self) -> String {
        format!("host={} user=owner dbname=postgres", self.folder.path().display())
    }
}

fn carry(mut client: UnixStream, mut server: UnixStream, cut: &AtomicU32, still: Arc<AtomicBool>) {
    let (back, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let mute = Arc::new(AtomicBool::new(false));
    let muted = mute.clone();
    std::thread::spawn(move || carry_back(back, to, [&muted, &still]));
    let mut bytes = vec![0; 1 << 20];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let message = &bytes[..count];
        let is_commit = message.windows(6).any(|part| part == b"entry ");
        let cut = if is_commit { cut.swap(PASS, Ordering::SeqCst) } else { PASS };
        if cut == CUT_BEFORE {
            break;
        }
        mute.store(cut == CUT_BEHIND, Ordering::SeqCst);
        let message = match message.strip_suffix(SYNC) {
            Some(without) if cut == CUT_SHORT => without,
            _ => message,
        };
        if server.write_all(message).is_err() {
            break;
        }
        if cut == CUT_BEHIND {
            // It is committed by then, and the answer went nowhere.
            std::thread::sleep(Duration::from_millis(300));
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
    let _ = server.shutdown(std::net::Shutdown::Both);
}

fn carry_back(mut server: UnixStream, mut client: UnixStream, mute: [&AtomicBool; 2]) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(count @ 1..) = server.read(&mut bytes) {
        let is_lost = mute.iter().any(|mute| mute.load(Ordering::SeqCst));
        if !is_lost && client.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_or_fenced_off() {
    let Some(server) = made(Admission::Any) else { return };
    let proxy = Proxy::start(&server);
    let mut journal = open(&proxy.address());
    let mut size = 0;
    for (cut, stored) in [(CUT_BEHIND, true), (CUT_BEFORE, false), (CUT_BEHIND, true)] {
        let batch = entries(size..size + 2);
        proxy.cut.store(cut, Ordering::SeqCst);
        let lost = journal.append(size, &batch);
        assert!(matches!(lost, Err(AppendError::Unknown(_))), "{lost:?}");
        // Nothing else may be sequenced before that is known.
        let early = journal.append(size, &batch);
        assert!(matches!(early, Err(AppendError::Unknown(_))), "{early:?}");
        assert_eq!(journal.settle(), Ok(stored));
        if !stored {
            journal.append(size, &batch).unwrap();
        }
        size += 2;
        assert_eq!(journal.load().unwrap().entries, entries(0..size));
    }
}

#[test]
fn a_commit_that_was_given_up_can_no_longer_come_true() {
    let Some(server) = made(Admission::Any) else { return };
    let (mut late, mut other) = (open(&server.address()), open(&server.address()));
    // As if the commit of `late` still lay in some buffer while its server asks what became of it.
    run(&server.address(), "SELECT log_settle('lost')");
    let refused = late.append(0, &entries(0..1));
    assert_eq!(refused, Err(AppendError::Conflict { size: 0, expected: 0 }));
    assert!(matches!(other.news(false).unwrap(), News::None));
    other.append(0, &entries(0..1)).unwrap();
}

#[test]
fn who_stands_still_while_it_waits_for_the_head_does_not_keep_it() {
    let Some(server) = made(Admission::Any) else { return };
    let proxy = Proxy::start(&server);
    let (mut still, mut other) = (open(&proxy.address()), open(&server.address()));
    // It has asked this before, so that the next time all is sent at once.
    assert!(matches!(still.news(true), Ok(News::None)));
    still.let_go();
    // Holds the head for as long as it likes, as no server may.
    let mut holder = server.psql().stdin(Stdio::piped()).spawn().unwrap();
    let orders = b"BEGIN; SELECT size FROM log_head FOR UPDATE;\n";
    holder.stdin.as_mut().unwrap().write_all(orders).unwrap();
    let there_is = |what: &str| {
        let question = format!("SELECT count(*) > 0 FROM pg_stat_activity WHERE {what}");
        server.ask("postgres", &question) == "t"
    };
    while !there_is("state = 'idle in transaction'") {
        assert!(matches!(holder.try_wait(), Ok(None)), "it did not hold the head");
    }
    proxy.still.store(true, Ordering::SeqCst);
    let lost = std::thread::scope(|scope| {
        let asked = scope.spawn(|| still.news(true));
        while !there_is("wait_event_type = 'Lock'") {
            assert!(!asked.is_finished(), "it did not wait");
        }
        holder.kill().unwrap();
        holder.wait().unwrap();
        // The session of who stands still is the next that has the head. The one behind it gets it all the
        // same, before it is given up.
        other.append(0, &entries(0..1)).unwrap();
        asked.join().unwrap()
    });
    assert!(matches!(lost, Err(AppendError::Refused(_))), "{lost:?}");
    proxy.still.store(false, Ordering::SeqCst);
    assert!(matches!(still.news(true), Ok(News::Entries(read)) if read == entries(0..1)));
    still.append(1, &entries(1..2)).unwrap();
}

#[test]
fn who_stands_still_with_a_question_half_asked_does_not_keep_the_head() {
    let Some(server) = made(Admission::Any) else { return };
    let proxy = Proxy::start(&server);
    let (mut still, mut other) = (open(&proxy.address()), open(&server.address()));
    let observer = Observer::new(database(&server.address()));
    proxy.cut.store(CUT_SHORT, Ordering::SeqCst);
    let lost = std::thread::scope(|scope| {
        let asked = scope.spawn(|| still.append(0, &entries(0..1)));
        let question = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'fiducial-log' \
                        AND state = 'active' AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL";
        while server.ask("postgres", question) != "t" {
            assert!(!asked.is_finished(), "it did not stand still");
        }
        // No limit of the database ends that; without the look this would be refused in the end.
        let appended = scope.spawn(|| other.append(0, &entries(0..1)));
        while !appended.is_finished() {
            observer.look(None).unwrap();
        }
        assert_eq!(appended.join().unwrap(), Ok(()));
        asked.join().unwrap()
    });
    assert!(matches!(lost, Err(AppendError::Unknown(_))), "{lost:?}");
    assert_eq!(still.settle(), Ok(false));
    assert!(matches!(still.news(true), Ok(News::Entries(read)) if read == entries(0..1)));
    still.append(1, &entries(1..2)).unwrap();
}

#[test]
fn who_holds_the_head_and_is_at_work_is_left_to_it() {
    let Some(server) = made(Admission::Any) else { return };
    let session = database(&server.address()).connect().unwrap();
    let observer = Observer::new(database(&server.address()));
    std::thread::scope(|scope| {
        // Longer than anybody may stand still.
        let orders = "BEGIN; SELECT size FROM log_head FOR UPDATE; SELECT pg_sleep(1.5); COMMIT";
        let working = scope.spawn(move || session.batch(orders));
        while !working.is_finished() {
            observer.look(None).unwrap();
        }
        assert_eq!(working.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_server_process_that_is_ended_in_between_loses_nothing() {
    let Some(server) = made(Admission::Any) else { return };
    let mut journal = open(&server.address());
    journal.append(0, &entries(0..1)).unwrap();
    assert!(matches!(journal.news(true).unwrap(), News::None));
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE application_name = 'fiducial-log' AND pid <> pg_backend_pid()";
    run(&server.address(), others);
    let lost = journal.append(1, &entries(1..2));
    assert!(matches!(lost, Err(AppendError::Unknown(_))), "{lost:?}");
    assert_eq!(journal.settle(), Ok(false));
    assert!(matches!(journal.news(false).unwrap(), News::None));
    journal.append(1, &entries(1..2)).unwrap();
    assert_eq!(journal.load().unwrap().entries, entries(0..2));
}

#[test]
fn a_database_that_is_away_takes_nothing_and_comes_back() {
    let Some(mut server) = made(Admission::Any) else { return };
    let mut journal = open(&server.address());
    journal.append(0, &entries(0..1)).unwrap();
    server.end();
    let lost = journal.append(1, &entries(1..2));
    assert!(matches!(lost, Err(AppendError::Unknown(_))), "{lost:?}");
    assert!(matches!(journal.settle(), Err(AppendError::Unknown(_))));
    server.begin(&[]);
    assert_eq!(journal.settle(), Ok(false));
    journal.append(1, &entries(1..2)).unwrap();
}

#[test]
fn a_connection_is_used_when_the_standby_has_what_can_be_read_on_it() {
    let Some(server) = made(Admission::Any) else { return };
    open(&server.address()).append(0, &entries(0..1)).unwrap();
    server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.sql("SELECT pg_reload_conf()");
    let statement_time = Duration::from_millis(200);
    let limits = DatabaseLimits { statement_time, ..DatabaseLimits::default() };
    // PostgreSQL may take a moment to wait for it.
    let waits = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let database = Arc::new(Database::new(&server.address(), None, limits).unwrap());
        let opened = PostgresJournal::open(database, Admission::Any);
        matches!(opened, Err(Trouble::Away(_)))
    });
    assert!(waits, "what no standby has is read");
}

#[test]
fn a_database_that_went_back_stops_every_server() {
    let Some(mut server) = made(Admission::Any) else { return };
    let (mut one, mut other) = (open(&server.address()), open(&server.address()));
    one.append(0, &entries(0..1)).unwrap();
    assert!(matches!(other.news(false).unwrap(), News::Entries(_)));
    server.end();
    server.save();
    server.begin(&[]);
    // Lost with the copy that is put back; only the first server has seen it.
    assert!(one.append(1, &entries(1..2)).is_err() && one.settle() == Ok(false));
    one.append(1, &entries(1..2)).unwrap();
    server.end();
    server.restore();
    server.begin(&[]);

    assert!(matches!(one.append(2, &entries(2..3)), Err(AppendError::Unknown(_))));
    let Err(AppendError::Fatal(why)) = one.settle() else { panic!("it went back") };
    assert!(why.to_string().contains("holds 1 entry"), "{why}");
    let _ = other.append(1, &entries(1..2));
    let Err(AppendError::Fatal(why)) = other.settle() else { panic!("it was told") };
    assert!(why.to_string().contains("stopped, for all its servers"), "{why}");
}

#[test]
fn a_database_that_went_back_and_on_has_another_history() {
    another_history_stops_every_server(false);
}

#[test]
fn another_history_that_is_found_while_the_head_is_held_stops_every_server_too() {
    another_history_stops_every_server(true);
}

fn another_history_stops_every_server(hold: bool) {
    let Some(mut server) = made(Admission::Any) else { return };
    let mut one = open(&server.address());
    one.append(0, &entries(0..1)).unwrap();
    server.end();
    server.save();
    server.begin(&[]);
    assert!(one.append(1, &entries(1..2)).is_err() && one.settle() == Ok(false));
    one.append(1, &entries(1..2)).unwrap();
    server.end();
    server.restore();
    server.begin(&[]);
    // A server that has not seen the second entry goes on, before the first is back.
    open(&server.address()).append(1, &entries(7..9)).unwrap();

    assert!(one.append(2, &entries(2..3)).is_err() && one.settle() == Ok(false));
    let Err(AppendError::Fatal(why)) = one.news(hold) else { panic!("it is another history") };
    assert!(why.to_string().contains("another history"), "{why}");
    let refused = PostgresJournal::open(database(&server.address()), Admission::Any);
    assert!(matches!(refused, Err(Trouble::Fatal(_))), "the others were not told");
}

#[test]
fn a_session_holds_what_it_locked_for_less_than_clients_wait_for_others() {
    let Some(server) = made(Admission::Any) else { return };
    let session = database(&server.address()).connect().unwrap();
    let question = "SELECT setting::int8 AS milliseconds FROM pg_settings \
                    WHERE name = 'idle_in_transaction_session_timeout'";
    let hold = number(&session.query_one(question, &[]).unwrap(), "milliseconds").unwrap();
    assert_ne!(hold, 0, "that is for ever");
    assert!(Duration::from_millis(hold) < CLIENT_PATIENCE, "{hold} ms");
}
