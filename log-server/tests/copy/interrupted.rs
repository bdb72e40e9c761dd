//! A move that is interrupted behind each of its steps, given up, or met by another one: never two places
//! that sign, and never none that can.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::time::Duration;

use log_server::copy::Listener;
use log_server::copy::moving::{Ended, Step, Watch, carry, give_up};
use log_server::journal::postgres::moving::PostgresHome;
use log_server::journal::postgres::{Database, DatabaseLimits};

use crate::homes::{Client, CrashBehind, Homes};
use crate::postgres::Postgres;

/// Every step of a move into a database, and of one into a folder.
const INTO_DATABASE: [Step; 6] =
    [Step::Begun, Step::TilesCopied, Step::Left, Step::AllCopied, Step::Arrived, Step::Told];
const INTO_FOLDER: [Step; 11] = [
    Step::Begun,
    Step::TilesCopied,
    Step::Left,
    Step::AllCopied,
    Step::Written("journal"),
    Step::Written("signed-head"),
    Step::Written("checkpoint"),
    Step::Written("journal-mark"),
    Step::Written("objects.toml"),
    Step::Arrived,
    Step::Told,
];

/// Where the log is to be found behind a step; nowhere between leaving and arriving.
fn place<'a>(step: Step, from: &'a str, to: &'a str) -> Option<&'a str> {
    match step {
        Step::Begun | Step::TilesCopied => Some(from),
        Step::Left | Step::AllCopied | Step::Written(_) => None,
        Step::Arrived | Step::Told => Some(to),
    }
}

fn crash_behind(homes: &Homes, from: &str, to: &str, step: Step) {
    let (from, to) = (homes.at(from), homes.at(to));
    let moved = AssertUnwindSafe(|| carry(&from, &to, &CrashBehind(Some(step))).map(drop));
    let ended = catch_unwind(moved);
    assert!(ended.is_err(), "{step:?} was not reached: {ended:?}");
}

/// Moves with an end behind each step; what was begun goes on with the same command.
fn move_with_crashes(homes: &Homes, client: &mut Client, from: &str, to: &str, steps: &[Step]) {
    for step in steps {
        crash_behind(homes, from, to, *step);
        match place(*step, from, to) {
            None => homes.check_nowhere(),
            Some(home) => {
                homes.check_only(home);
                // It is served for a while where it is found.
                homes.grow(home, 300, client);
            }
        }
        let ended = carry(&homes.at(from), &homes.at(to), &CrashBehind(None)).unwrap().ended;
        let want = match step {
            Step::Told => Ended::Before,
            _ => Ended::Moved { other_sources: false },
        };
        assert_eq!(ended, want, "behind {step:?}");
        homes.check_only(to);
        homes.grow(to, 100, client);
        // Back for the next one, without an accident.
        move_now(homes, to, from);
    }
}

fn move_now(homes: &Homes, from: &str, to: &str) {
    let ended = carry(&homes.at(from), &homes.at(to), &CrashBehind(None)).unwrap().ended;
    assert_eq!(ended, Ended::Moved { other_sources: false });
    homes.check_only(to);
}

#[test]
fn a_move_that_ends_behind_any_step_is_finished_by_the_same_command() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 700, &mut client);
    move_with_crashes(&homes, &mut client, "log", "a", &INTO_DATABASE);
    move_now(&homes, "log", "a");
    move_with_crashes(&homes, &mut client, "a", "log", &INTO_FOLDER);
    move_now(&homes, "a", "log");
    homes.grow("log", 50, &mut client);
}

#[test]
fn a_move_can_be_given_up_until_it_has_arrived() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 600, &mut client);
    for (from, to, steps) in [("log", "a", &INTO_DATABASE[..]), ("a", "log", &INTO_FOLDER[..])] {
        for step in steps {
            crash_behind(&homes, from, to, *step);
            let given_up = give_up(&homes.at(from), &homes.at(to));
            if place(*step, from, to) == Some(to) {
                let said = given_up.unwrap_err().to_string();
                assert!(said.contains("arrived") || said.contains("no move"), "{said}");
                homes.check_only(to);
                // Back, to be left once more behind the next step.
                carry(&homes.at(from), &homes.at(to), &CrashBehind(None)).unwrap();
                carry(&homes.at(to), &homes.at(from), &CrashBehind(None)).unwrap();
            } else {
                given_up.unwrap();
            }
            homes.check_only(from);
            homes.grow(from, 100, &mut client);
        }
        move_now(&homes, from, to);
        homes.grow(to, 100, &mut client);
    }
}

#[test]
fn a_log_on_its_way_to_one_place_goes_to_no_other() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 300, &mut client);
    crash_behind(&homes, "log", "a", Step::Left);
    std::fs::create_dir(homes.at("c")).unwrap();
    homes.copy_keys("c");
    let refused = carry(&homes.at("log"), &homes.at("c"), &CrashBehind(None)).unwrap_err();
    assert!(refused.to_string().contains("and not to"), "{refused}");
    let refused = give_up(&homes.at("log"), &homes.at("c")).unwrap_err();
    assert!(refused.to_string().contains("and not to"), "{refused}");
    homes.check_nowhere();
    carry(&homes.at("log"), &homes.at("a"), &CrashBehind(None)).unwrap();
    homes.check_only("a");
}

#[test]
fn two_databases_may_have_one_store_and_either_is_served_from_it() {
    let Some(homes) = Homes::new() else { return };
    let Some(other) = Postgres::start() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 600, &mut client);
    move_now(&homes, "log", "a");
    homes.prepare_in("c", &other);
    // Begun and given up: the store is still the one that the old servers know.
    crash_behind(&homes, "a", "c", Step::TilesCopied);
    homes.grow("a", 300, &mut client);
    give_up(&homes.at("a"), &homes.at("c")).unwrap();
    homes.check_only("a");
    let ended = carry(&homes.at("a"), &homes.at("c"), &CrashBehind(None)).unwrap().ended;
    assert_eq!(ended, Ended::Moved { other_sources: false });
    homes.check_nowhere();
    homes.grow("c", 300, &mut client);
}

/// Closes the new end in the middle of a move, as somebody does who gives it up elsewhere.
struct CloseMeanwhile(std::sync::Arc<Database>);

impl Listener for CloseMeanwhile {
    fn progress(&self, _: u64, _: u64) {}
}

impl Watch for CloseMeanwhile {
    fn reached(&self, step: Step) {
        if step == Step::AllCopied {
            let home = PostgresHome::open(&self.0).unwrap();
            let id = home.held().unwrap().unwrap().mark.unwrap().id;
            home.close(id).unwrap();
        }
    }
}

#[test]
fn a_process_that_still_believes_in_a_move_that_was_given_up_cannot_finish_it() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 300, &mut client);
    let address = homes.postgres.address();
    let database = Database::new(&address, None, DatabaseLimits::default()).unwrap();
    let watch = CloseMeanwhile(std::sync::Arc::new(database));
    let refused = carry(&homes.at("log"), &homes.at("a"), &watch).unwrap_err().to_string();
    assert!(refused.contains("was given up"), "{refused}");
    homes.check_nowhere();
    give_up(&homes.at("log"), &homes.at("a")).unwrap();
    homes.check_only("log");
    homes.grow("log", 10, &mut client);
}

#[test]
fn a_move_that_is_killed_again_and_again_arrives_once() {
    let Some(homes) = Homes::new() else { return };
    let mut client = Client::new(&homes);
    homes.grow("log", 20_000, &mut client);
    for (from, to) in [("log", "a"), ("a", "log")] {
        let mut patience = Duration::from_millis(20);
        loop {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial-log"));
            command.args(["copy", "--move", "--from", homes.path(from), "--to", homes.path(to)]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(patience);
            // As if nobody had been told anything: a signal that cannot be caught.
            let _ = child.kill();
            if child.wait().unwrap().success() {
                break;
            }
            let [old, new] = [from, to].map(|home| homes.try_open(home).ok());
            for log in old.iter().chain(&new) {
                client.look(log);
                crate::homes::end(log);
            }
            assert!(old.is_none() || new.is_none(), "two places sign");
            patience = patience * 3 / 2;
        }
        homes.check_only(to);
        homes.grow(to, 100, &mut client);
    }
}
