//! Making and migrating the tables, and what a database must promise.

use spec::frontier::Frontier;
use spec::hash::leaf_hash;

use super::*;
use crate::answer::Fatal;
use crate::journal::{Base, frame};

/// Runs SQL as the owner, past the program.
pub(super) fn run(address: &str, orders: &str) {
    database(address).connect_anyhow().unwrap().batch(orders).unwrap();
}

fn refusal(result: Result<impl Sized, Trouble>) -> String {
    match result.err().expect("it is refused") {
        Trouble::Fatal(Fatal(text)) => text.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn the_tables_are_made_once_and_hold_one_log() {
    let Some(server) = made(Admission::Statements) else { return };
    let database = database(&server.address());
    assert_eq!(schema::migrate(&database).unwrap(), 3);
    let found = schema::settings(&database).unwrap().unwrap();
    assert_eq!((found.origin, found.admission), (origin(), Admission::Statements));
    let other = Origin::parse("other.example/log").unwrap();
    let refused = schema::make(&database, &other, Admission::Any).unwrap_err().to_string();
    assert!(refused.contains("postgres.example/log"), "{refused}");

    database.expect(&other);
    let refused = refusal(PostgresJournal::open(database, Admission::Any));
    assert!(refused.contains("other.example/log"), "{refused}");
}

fn hex(bytes: &[u8]) -> String {
    format!("decode('{}', 'hex')", spec::encoding::encode_hex(bytes))
}

/// A database with the tables of version 2, as a program of then has left it: entries that two batches
/// brought, the first of which the base cuts through.
fn of_version_2(server: &Postgres, base: &Base, all: &[Bytes], ends: [u64; 2]) {
    let session = database(&server.address()).connect_anyhow().unwrap();
    session.batch("CREATE TABLE log_schema (version integer PRIMARY KEY)").unwrap();
    schema::STEPS[..2].iter().for_each(|step| session.batch(step).unwrap());
    session.batch("INSERT INTO log_schema VALUES (1), (2)").unwrap();
    let whole = frame::format_base(base);
    let leaves: Vec<_> = all.iter().map(|entry| leaf_hash(entry)).collect();
    let tree = Frontier::new().grow(&leaves).tree();
    let mut orders = format!(
        "INSERT INTO log_head (origin, admission, size, root, fence) VALUES ('{}', 'any', {}, {}, 0); \
         INSERT INTO log_base (size, base) VALUES ({}, {}); \
         INSERT INTO log_note VALUES ('signed', -1, ''), ('published', -1, ''); \
         INSERT INTO log_lease (holder, fence, until) VALUES ('', 0, clock_timestamp()); \
         INSERT INTO log_batch VALUES (0, {}, 'one'), ({}, {}, 'two');",
        origin(),
        tree.size(),
        hex(tree.root().as_bytes()),
        base.frontier.size(),
        hex(&whole),
        ends[0],
        ends[0],
        ends[1] - ends[0],
    );
    for (index, (entry, leaf)) in (0_u64..).zip(all.iter().zip(&leaves)) {
        if index >= base.frontier.size() {
            orders += &format!("INSERT INTO log_entry VALUES ({index}, {});", hex(entry));
        }
        orders += &format!("INSERT INTO log_leaf VALUES ({}, {index});", hex(leaf.as_bytes()));
    }
    session.batch(&orders).unwrap();
}

#[test]
fn a_journal_of_version_2_is_taken_over_with_every_entry() {
    let Some(server) = Postgres::start() else { return };
    let mut all = entries(0..60);
    all[50] = Bytes::new();
    all[55] = Bytes::from(vec![9; 65_535]);
    let leaves: Vec<_> = all[..50].iter().map(|entry| leaf_hash(entry)).collect();
    let mut frontier = Frontier::new();
    frontier.advance(&frontier.grow(&leaves));
    let base = Base { frontier, heads_size: 50, heads: Vec::new() };
    of_version_2(&server, &base, &all, [52, 60]);

    // Who only reads changes nothing.
    let home = moving::PostgresHome::open(&database(&server.address())).unwrap();
    let read = home.read().unwrap().loaded;
    assert_eq!((&read.base, &read.entries[..]), (&base, &all[50..]));
    assert_eq!(schema::migrate(&database(&server.address())).unwrap(), 2);
    let mut journal = open(&server.address());
    let loaded = journal.load().unwrap();
    assert_eq!((&loaded.base, &loaded.entries[..]), (&base, &all[50..]));
    // It goes on: what is in the log is not taken again, and the base moves through what was taken over.
    assert_eq!(journal.append(60, &all[3..4]), Err(AppendError::Duplicate));
    journal.append(60, &entries(60..61)).unwrap();
    all.extend(entries(60..61));
    for upto in [51, 52, 56, 61] {
        let leaves: Vec<_> = all[..upto].iter().map(|entry| leaf_hash(entry)).collect();
        let mut frontier = Frontier::new();
        frontier.advance(&frontier.grow(&leaves));
        let base = Base { frontier, heads_size: 61, heads: Vec::new() };
        journal.trim(&base, &[]).unwrap();
        let loaded = journal.load().unwrap();
        assert_eq!((&loaded.base, &loaded.entries[..]), (&base, &all[upto..]), "{upto}");
    }
    // Nothing is left of what lies before the base.
    let left = "DO $$ BEGIN IF EXISTS (SELECT 1 FROM log_batch) THEN \
         RAISE EXCEPTION 'a batch is left'; END IF; END $$";
    run(&server.address(), left);
}

#[test]
fn a_server_of_version_2_that_is_at_work_ends_its_commit_before_the_tables_change() {
    let Some(server) = Postgres::start() else { return };
    let all = entries(0..61);
    of_version_2(&server, &Base::empty(), &all[..60], [52, 60]);
    let leaves: Vec<_> = all.iter().map(|entry| leaf_hash(entry)).collect();
    let tree = Frontier::new().grow(&leaves).tree();
    let commit = format!(
        "INSERT INTO log_batch VALUES (60, 1, 'three'); INSERT INTO log_entry VALUES (60, {}); \
         UPDATE log_head SET size = 61, root = {}; COMMIT",
        hex(&all[60]),
        hex(tree.root().as_bytes())
    );
    let address = server.address();
    let migrated = std::thread::scope(|scope| {
        // It has read what is new, and holds the head.
        let old = database(&address).connect_anyhow().unwrap();
        old.batch("SET idle_in_transaction_session_timeout = 0").unwrap();
        old.batch("BEGIN; SELECT 1 FROM log_head FOR UPDATE; SELECT 1 FROM log_entry").unwrap();
        let migrating = scope.spawn(|| schema::migrate(&database(&address)));
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        crate::bare::wait_until(|| {
            migrating.is_finished() || server.ask("postgres", waiting) == "1"
        });
        old.batch(&commit).unwrap();
        migrating.join().unwrap()
    });
    assert_eq!(migrated, Ok(2));
    assert_eq!(open(&address).load().unwrap().entries, all);
}

#[test]
fn a_batch_that_does_not_hold_what_it_counts_is_not_read() {
    let Some(server) = made(Admission::Any) else { return };
    open(&server.address()).append(0, &entries(0..3)).unwrap();
    run(&server.address(), "UPDATE log_batch SET entries = entries || '\\x00'");
    let refused = refusal(PostgresJournal::open(database(&server.address()), Admission::Any));
    assert!(refused.contains("the entries that it counts"), "{refused}");
}

#[test]
fn tables_of_a_newer_program_are_refused() {
    let Some(server) = made(Admission::Any) else { return };
    run(&server.address(), "INSERT INTO log_schema (version) VALUES (4)");
    let refused = refusal(schema::migrate(&database(&server.address())));
    assert!(refused.contains("version 4"), "{refused}");
}

#[test]
fn a_database_that_may_forget_is_refused() {
    for (setting, word) in
        [("fsync=off", "`fsync`"), ("synchronous_commit=off", "`synchronous_commit`")]
    {
        let Some(server) = Postgres::start_with(&[setting]) else { return };
        let refused = refusal(schema::migrate(&database(&server.address())));
        assert!(refused.contains(word), "{refused}");
    }
    let settings = ["synchronous_commit=local", "synchronous_standby_names=other"];
    let Some(server) = Postgres::start_with(&settings) else { return };
    let refused = refusal(schema::migrate(&database(&server.address())));
    assert!(refused.contains("standbys are configured"), "{refused}");
}

#[test]
fn an_empty_database_holds_no_log() {
    let Some(server) = Postgres::start() else { return };
    assert!(schema::settings(&database(&server.address())).unwrap().is_none());
}

#[test]
fn a_user_without_privileges_of_its_own_is_enough() {
    let Some(server) = Postgres::start() else { return };
    let orders = "CREATE ROLE plain LOGIN; CREATE SCHEMA logs AUTHORIZATION plain;
                  ALTER ROLE plain SET search_path = logs";
    run(&server.address(), orders);
    let address = server.address().replace("user=owner", "user=plain");
    schema::make(&database(&address), &origin(), Admission::Any).unwrap();
    open(&address).append(0, &entries(0..1)).unwrap();
}
