//! Cosignatures that are carried by hand to servers that share a journal.

use log_server::admission::Admission;
use log_server::log::Log;
use log_server::witnesses::board::QUORUM_PATIENCE;
use log_server::witnesses::carry::{CarryError, accept, request};
use log_server::witnesses::read_policy;
use spec::note::Note;

use crate::witness::Witness;
use crate::world::{World, add, end, published, wait_until};

const SERVERS: [&str; 2] = ["a", "b"];

/// Carries the last signed head to the witness, and its cosignature to every server. Returns the size.
fn carry(world: &World, witness: &Witness) -> u64 {
    let old = witness.remembered().tree.map_or(0, |tree| tree.size());
    let request = request(&world.data("a"), Some(old), None).unwrap();
    let path = world.template().with_file_name("cosignature");
    std::fs::write(&path, witness.cosign(&request.to_bytes()).unwrap()).unwrap();
    let policy = read_policy(&world.template().join("policy"), &world.keys).unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let size = request.head().size();
    let mut accepted = 0;
    for name in SERVERS {
        match accept(&world.data(name), &policy, &path, now) {
            Ok(taken) => {
                assert_eq!(taken.size, size);
                accepted += 1;
            }
            // The server before has published it at once, and signed another.
            Err(CarryError::Trouble { signed, .. }) => assert!(accepted > 0 && signed > size),
            Err(other) => panic!("{other}"),
        }
    }
    size
}

fn is_published(logs: &[Log], size: u64) -> bool {
    logs.iter().all(|log| {
        let shown = log.published();
        shown.checkpoint.tree().size() >= size && !shown.note.is_empty()
    })
}

/// A world whose heads one witness must cosign, which is reached by file alone.
fn by_file() -> Option<(World, Witness)> {
    let world = World::new(Admission::Any)?;
    let witness = Witness::start("w.example", &world.keys);
    let policy = format!("{}quorum w\n", witness.line_without_url("w"));
    std::fs::write(world.template().join("policy"), policy).unwrap();
    SERVERS.iter().for_each(|name| world.configure(name));
    Some((world, witness))
}

#[test]
fn a_server_that_waits_for_a_file_stays_in_office_however_long_it_takes() {
    let Some((world, witness)) = by_file() else { return };
    let logs = SERVERS.map(|name| world.open(name));
    let waits_long = |log: &Log| {
        let waiting = log.status().witnessing.and_then(|status| status.waiting);
        waiting.is_some_and(|waiting| waiting.time >= QUORUM_PATIENCE * 2)
    };
    wait_until("one waits for longer than witnesses take", || logs.iter().any(waits_long));
    assert_eq!(carry(&world, &witness), 0);
    wait_until("what was carried is published", || is_published(&logs, 0));
    logs.iter().for_each(end);
}

#[test]
fn a_head_in_a_database_is_carried_to_a_witness_and_its_word_to_whichever_server_publishes() {
    let Some((world, witness)) = by_file() else { return };
    assert!(matches!(request(&world.data("a"), None, None), Err(CarryError::NoHead)));

    let logs = SERVERS.map(|name| world.open(name));
    assert_eq!(carry(&world, &witness), 0);
    wait_until("the empty log is published", || is_published(&logs, 0));
    for at in 0..300_u32 {
        add(&logs[(at % 2) as usize], &at.to_be_bytes());
    }
    let mut rounds = 0;
    while !is_published(&logs, 300) {
        let size = carry(&world, &witness);
        wait_until("what was carried is published", || is_published(&logs, size));
        // The next head is signed a moment later.
        std::thread::sleep(std::time::Duration::from_millis(10));
        rounds += 1;
        assert!(rounds < 400, "it does not come to an end");
    }
    let shown = published(&logs[0], 300);
    assert_eq!(Note::parse(&shown.note).unwrap().signatures().len(), 2);
    logs.iter().for_each(end);
}
