//! Against a real PostgreSQL with a table as an inspection machine keeps one: rows that appear before
//! they are complete, and columns that a review fills in later.

use postgres::{Client, NoTls};

use super::*;
use crate::collect::parts::postgres::Postgres;
use crate::collect::tests::{Memory, bytes, found, watch};

const TABLES: &str = "
    CREATE TABLE boards (id integer PRIMARY KEY, barcode text, started timestamptz,
        ended timestamptz, result text, reviewer text, reviewed timestamptz);
    CREATE TABLE defects (board integer, part text, code text, score double precision);
    CREATE ROLE reader LOGIN;
    GRANT SELECT ON boards, defects TO reader;";

const QUERY: &str = "
    SELECT boards.*, part, code, score FROM boards LEFT JOIN defects ON board = id -- all of them";

/// A database, the watch on it, and a clock that goes on by more than a poll a round.
struct Site {
    server: Postgres,
    client: Client,
    collector: Sql,
    memory: Memory,
    now: u64,
}

fn config(connection: &str, more: &str) -> SqlConfig {
    let text =
        format!("connection = {connection:?}\nquery = '''{QUERY}'''\nkey = [\"id\"]\n{more}");
    toml::from_str(&text).unwrap()
}

impl Site {
    fn new(more: &str) -> Option<Self> {
        let server = Postgres::start_with(&["fsync=off"])?;
        let mut client = Client::connect(&server.address(), NoTls).unwrap();
        client.batch_execute(TABLES).unwrap();
        let config = config(&server.address_of("reader"), more);
        let collector = Sql::new(watch(), config).unwrap();
        Some(Self { server, client, collector, memory: Memory::default(), now: 1_772_438_400_000 })
    }

    fn run(&mut self, statements: &str) {
        self.client.batch_execute(statements).unwrap();
    }

    fn round(&mut self) -> Looked {
        self.now += 31_000;
        self.memory.round(&mut self.collector, self.now)
    }
}

const COMPLETE: &str = "complete = \"ended IS NOT NULL\"\norder = \"id\"\nrows = 3";

#[test]
fn a_row_is_given_when_it_is_complete_and_again_when_it_changes() {
    let Some(mut site) = Site::new(COMPLETE) else { return };
    site.run("INSERT INTO boards VALUES (17, 'PNL炉1', '2026-03-02 08:15:30.5+08')");
    let looked = site.round();
    assert_eq!((looked.sightings.len(), looked.unsettled), (0, 1), "{:?}", looked.complaints);

    site.run(
        "UPDATE boards SET ended = '2026-03-02 08:15:42+08', result = 'Failed' WHERE id = 17;
         INSERT INTO defects VALUES (17, 'R2', 'TMB', 93.5), (17, 'C14', 'SHORT', 0.1)",
    );
    let looked = site.round();
    let started = "\"id\":\"17\",\"barcode\":\"PNL炉1\",\"started\":\"2026-03-02 00:15:30.5+00\",\
                   \"ended\":\"2026-03-02 00:15:42+00\",\"result\":\"Failed\",\"reviewer\":null,\
                   \"reviewed\":null";
    let want = format!(
        "{{\"rows\":[{{{started},\"part\":\"C14\",\"code\":\"SHORT\",\"score\":\"0.1\"}},\
         {{{started},\"part\":\"R2\",\"code\":\"TMB\",\"score\":\"93.5\"}}]}}\n"
    );
    assert_eq!(found(&looked), [("[\"17\"]".to_string(), want.clone())]);
    assert_eq!((looked.unsettled, &looked.sightings[0].name[..]), (0, &b"17.json"[..]));
    assert!(site.round().sightings.is_empty(), "nothing changed");

    // The review fills columns in, in place: a new version, and the old one stays known.
    site.run("UPDATE boards SET result = 'Passed', reviewer = 'B0417', reviewed = now()");
    let looked = site.round();
    assert_eq!(looked.sightings.len(), 1);
    let sighting = &looked.sightings[0];
    assert_eq!(sighting.before.as_ref().unwrap().sha256, spec::Hash::of(want.as_bytes()).into());
    assert_eq!(sighting.now.version, 2);
    assert!(std::str::from_utf8(bytes(sighting)).unwrap().contains("\"reviewer\":\"B0417\""));

    site.run("DELETE FROM boards");
    let looked = site.round();
    assert!(looked.sightings.is_empty());
    assert_eq!(looked.complaints, [("[\"17\"]".to_string(), Trouble::Gone)]);
    assert!(site.round().complaints.is_empty(), "told once");
}

#[test]
fn pages_hold_whole_row_sets_and_a_look_goes_on_behind_its_limit() {
    let Some(mut site) = Site::new(COMPLETE) else { return };
    site.run(
        "INSERT INTO boards SELECT n, 'P' || n, now(), now() FROM generate_series(1, 40) n;
         INSERT INTO defects SELECT n, 'R' || m, 'X', m FROM generate_series(1, 40) n,
             generate_series(1, 3) m WHERE m <= n % 4;
         INSERT INTO boards VALUES (99, 'incomplete', now())",
    );
    let (mut names, mut now) = (Vec::new(), site.now + 31_000);
    loop {
        let looked = site.collector.look(&site.memory, UnixMillis(now), 7).unwrap();
        assert!(looked.sightings.len() <= 7 && looked.complaints.is_empty());
        assert_eq!(looked.unsettled, 1);
        names.extend(looked.sightings.iter().map(|sighting| sighting.key.clone()));
        site.memory.commit(&mut site.collector, &looked.sightings);
        now += 1;
        if !looked.more {
            break;
        }
    }
    let want: Vec<ItemKey> =
        (1..=40).map(|id| ItemKey(format!("[\"{id}\"]").into_bytes())).collect();
    assert_eq!(names, want, "each once, in order");
    site.now = now;
    // A board with more rows than a page is complained of, and hides no other.
    site.run("INSERT INTO defects SELECT 20, 'Z' || m, 'X', m FROM generate_series(1, 9) m");
    site.run("UPDATE boards SET result = 'late' WHERE id IN (19, 20, 21)");
    let looked = site.round();
    let given: Vec<_> = found(&looked).into_iter().map(|(key, _)| key).collect();
    assert_eq!(given, ["[\"19\"]", "[\"21\"]"]);
    assert!(matches!(&looked.complaints[..], [(key, Trouble::Rows(_))] if key == "[\"20\"]"));
}

#[test]
fn nothing_can_be_written_through_the_session() {
    let Some(site) = Site::new(COMPLETE) else { return };
    // Its own rights would allow it: the session is that of the owner.
    let owner = site.server.address();
    let mut session = Session::open(&config(&owner, COMPLETE)).unwrap();
    for statement in [
        "INSERT INTO boards VALUES (1)",
        "DELETE FROM boards",
        "CREATE TABLE other (id integer)",
        "COMMIT; DELETE FROM boards",
    ] {
        assert!(session.attempt(statement).is_err(), "{statement}");
    }
    let error = session.attempt_bare("DELETE FROM boards").unwrap_err();
    assert!(error.contains("25006"), "{error}");
    for query in [
        "SELECT 1 AS id) AS watched; DELETE FROM boards; SELECT * FROM (SELECT 1 AS id",
        "DELETE FROM boards RETURNING *",
        "WITH gone AS (DELETE FROM boards RETURNING *) SELECT * FROM gone",
        "SELECT 1 AS id, 2 AS id",
        "SELECT 1 AS other",
        "SELECT",
    ] {
        let mut config = config(&owner, "");
        config.query = query.to_string();
        assert!(Session::open(&config).is_err(), "{query}");
    }
}

#[test]
fn rows_without_a_key_and_an_order_that_tears_a_key_apart_are_told() {
    let Some(mut site) = Site::new("order = \"part\"\ncomplete = \"ended IS NOT NULL\"") else {
        return;
    };
    site.run(
        "INSERT INTO boards SELECT n, 'P' || n, now(), now() FROM generate_series(1, 3) n;
         INSERT INTO defects VALUES (1, 'A', 'X', 1), (2, 'B', 'X', 1), (1, 'C', 'X', 1)",
    );
    let looked = site.round();
    assert_eq!(looked.sightings.len(), 2);
    let troubled: Vec<&str> = looked.complaints.iter().map(|(item, _)| item.as_str()).collect();
    assert_eq!(troubled, ["test", "[\"1\"]"]);
    assert!(site.round().sightings.is_empty(), "no version after version of the same rows");
}

#[test]
fn old_rows_are_looked_at_in_full_passes_only() {
    let more = "recent = \"started > '2026-01-01'\"\nfull = \"1h\"";
    let Some(mut site) = Site::new(more) else { return };
    site.run("INSERT INTO boards VALUES (1, 'old', '2020-01-01'), (2, 'new', '2026-03-01')");
    assert_eq!(site.round().sightings.len(), 2, "the first pass is a full one");
    site.run("UPDATE boards SET result = 'edited'");
    let keys = |looked: &Looked| -> Vec<String> {
        found(looked).into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(&site.round()), ["[\"2\"]"]);
    assert!(site.round().complaints.is_empty(), "what is not looked at is not missing");
    site.now += 3_600_000;
    assert_eq!(keys(&site.round()), ["[\"1\"]"]);
}

#[test]
fn a_database_that_goes_away_is_told_and_found_again() {
    let Some(mut site) = Site::new("") else { return };
    site.run("INSERT INTO boards VALUES (1)");
    assert_eq!(site.round().sightings.len(), 1);
    site.server.end();
    let looked = site.round();
    assert!(matches!(&looked.complaints[..], [(_, Trouble::Database(_))]), "{looked:?}");
    site.now += 3_600_000;
    assert_eq!(site.round().complaints.len(), 1);
    assert!(
        site.collector
            .look(&site.memory, UnixMillis(site.now + 1), 9)
            .unwrap()
            .complaints
            .is_empty()
    );
    site.server.begin(&[]);
    site.client = Client::connect(&site.server.address(), NoTls).unwrap();
    site.run("INSERT INTO boards VALUES (2)");
    site.now += 3_600_000;
    let looked = site.round();
    assert_eq!((looked.sightings.len(), looked.complaints.len()), (1, 0), "{looked:?}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    for (connection, more) in [("host=", "rows = 0"), ("nonsense", ""), ("host=x", "rows = 10001")]
    {
        let config = config(connection, more);
        assert!(matches!(Sql::new(watch(), config), Err(AgentError::Config(_))), "{more}");
    }
    let mut config = config("host=x", "");
    config.key.clear();
    assert!(matches!(Sql::new(watch(), config), Err(AgentError::Config(_))));
}
