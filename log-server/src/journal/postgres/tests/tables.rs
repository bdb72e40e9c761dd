//! Making and migrating the tables, and what a database must promise.

use super::*;
use crate::answer::Fatal;

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
    assert_eq!(schema::migrate(&database).unwrap(), 2);
    let found = schema::settings(&database).unwrap().unwrap();
    assert_eq!((found.origin, found.admission), (origin(), Admission::Statements));
    let other = Origin::parse("other.example/log").unwrap();
    let refused = schema::make(&database, &other, Admission::Any).unwrap_err().to_string();
    assert!(refused.contains("postgres.example/log"), "{refused}");

    database.expect(&other);
    let refused = refusal(PostgresJournal::open(database, Admission::Any));
    assert!(refused.contains("other.example/log"), "{refused}");
}

#[test]
fn tables_of_a_newer_program_are_refused() {
    let Some(server) = made(Admission::Any) else { return };
    run(&server.address(), "INSERT INTO log_schema (version) VALUES (3)");
    let refused = refusal(schema::migrate(&database(&server.address())));
    assert!(refused.contains("version 3"), "{refused}");
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
