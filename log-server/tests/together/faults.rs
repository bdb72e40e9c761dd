//! The database goes away, fails over, and goes back.

use log_server::admission::Admission;
use log_server::answer::AddError;
use log_server::log::Log;

use crate::logs::copy_folder;
use crate::world::{World, add, end, insist, origin, published, runtime, try_add, wait_until};

#[test]
fn a_database_that_restarts_under_load_loses_nothing() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    let logs = [world.open("a"), world.open("b")];
    let indices = std::thread::scope(|scope| {
        let add_all = |at: usize| {
            let log = &logs[at];
            scope.spawn(move || {
                let entries = (0..300_u32).map(|number| format!("{number} of {at}"));
                entries.map(|entry| (insist(log, entry.as_bytes()), entry)).collect::<Vec<_>>()
            })
        };
        let threads = [add_all(0), add_all(1)];
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(300));
            world.postgres.end();
            world.postgres.begin(&[]);
        }
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    let size = indices.len() as u64;
    for log in &logs {
        published(log, size);
        assert_eq!(log.status().sequenced, size);
        assert!(
            indices.iter().all(|(index, entry)| log.entry(*index).unwrap() == entry.as_bytes())
        );
    }
    logs.iter().for_each(end);
}

#[test]
fn a_database_that_went_back_stops_all_servers_and_their_next_starts() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    let logs = [world.open("a"), world.open("b")];
    add(&logs[0], b"first");
    logs.iter().for_each(|log| drop(published(log, 1)));
    world.save_database();
    insist(&logs[0], b"second");
    logs.iter().for_each(|log| drop(published(log, 2)));
    world.put_database_back();
    for log in &logs {
        wait_until("it stops", || log.status().fatal.is_some());
        let why = log.status().fatal.unwrap().to_string();
        assert!(why.contains("The database went back"), "{why}");
        assert!(matches!(try_add(log, b"third"), Err(AddError::Fatal(_))));
        end(log);
    }
    let refused = world.try_open("c").err().expect("it was told").to_string();
    assert!(refused.contains("stopped, for all its servers"), "{refused}");
}

#[test]
fn a_start_notices_what_went_back_while_no_server_ran() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    world.save_database();
    insist(&log, b"second");
    published(&log, 2);
    let mark = || std::fs::read_to_string(world.data("a").join("journal-mark")).unwrap_or_default();
    wait_until("the mark is written", || mark().lines().nth(1) == Some("2"));
    end(&log);
    world.put_database_back();
    let refused = world.try_open("a").err().expect("it has seen more").to_string();
    assert!(refused.contains("this server has seen 2"), "{refused}");
}

#[test]
fn a_start_notices_what_went_back_and_on_while_its_server_did_not_run() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    world.postgres.end();
    world.postgres.save();
    world.postgres.begin(&[]);
    insist(&log, b"second");
    published(&log, 2);
    end(&log);
    world.postgres.end();
    world.postgres.restore();
    world.postgres.begin(&[]);
    // One that has seen nothing of it goes on, beyond what the first had seen.
    let other = world.open("b");
    for entry in [&b"another"[..], b"third"] {
        add(&other, entry);
    }
    published(&other, 3);
    let check_refused = || {
        let refused = world.try_open("a").err().expect("it has seen another history").to_string();
        assert!(refused.contains("the root of its first 2 entries is another one"), "{refused}");
    };
    check_refused();
    // Nor when the journal has forgotten what came then, and only tiles say it.
    let size = forget_the_beginning(&world, &other);
    check_refused();
    end(&other);
    let log = world.open("b");
    published(&log, size);
    end(&log);
}

/// Adds entries until the journal is trimmed. Returns how many there are.
fn forget_the_beginning(world: &World, log: &Log) -> u64 {
    let mut size = 0;
    for round in 0..3_u32 {
        let entry = |at: u32| format!("{round} {at:0>100}").into_bytes();
        let entries = (0..300).map(|at| log.check(&entry(at)).unwrap()).collect();
        let answers = runtime().block_on(log.sequence_all(entries));
        size = answers.into_iter().map(|answer| answer.unwrap().index + 1).max().unwrap();
        published(log, size);
        wait_until("it is sealed", || log.status().sealed == size / 256 * 256);
    }
    world.postgres.sql(
        "DO $$ BEGIN IF (SELECT size FROM log_base) < 256 THEN \
         RAISE EXCEPTION 'the journal was not trimmed'; END IF; END $$",
    );
    size
}

#[test]
fn a_database_that_is_older_than_its_tiles_is_refused_in_words() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    end(&world.open("a"));
    world.save_database();
    let log = world.open("a");
    let entries = (0..300_u32).map(|at| log.check(&at.to_be_bytes()).unwrap()).collect();
    drop(runtime().block_on(log.sequence_all(entries)));
    wait_until("the first bundle is sealed", || log.status().sealed == 256);
    end(&log);
    world.put_database_back();
    let refused = world.try_open("b").err().expect("its tiles are there").to_string();
    assert!(refused.contains("older than the full tiles"), "{refused}");
    assert!(!refused.contains("data folder"), "{refused}");
}

#[test]
fn a_server_with_other_keys_is_told_so() {
    let Some(world) = World::new(Admission::Any) else { return };
    end(&world.open("a"));
    let other = tempfile::tempdir().unwrap();
    let made = other.path().join("made");
    log_server::init::init(&made, origin(), Admission::Any, false).unwrap();
    copy_folder(&made.join("keys"), &world.data("b").join("keys"));
    let refused = world.try_open("b").err().expect("its keys are others").to_string();
    assert!(refused.contains("other keys than the others"), "{refused}");
}

#[test]
fn a_database_that_went_back_and_on_beyond_what_a_server_knew_stops_it() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    let way = world.lay_way();
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    world.save_database();
    insist(&log, b"lost with the copy that is put back");
    world.postgres.end();
    way.take_away();
    world.postgres.restore();
    world.postgres.begin(&[]);

    // One that has seen nothing of it goes on, until the journal has forgotten what came then.
    world.address = None;
    let other = world.open("b");
    forget_the_beginning(&world, &other);
    way.lay();
    wait_until("it stops", || log.status().fatal.is_some());
    let why = log.status().fatal.unwrap().to_string();
    assert!(why.contains("another history"), "{why}");
    wait_until("the other is told", || other.status().fatal.is_some());
    [log, other].iter().for_each(end);
}
