//! Who signs and publishes: one server at a time, with one conversation for each checkpoint.

use std::time::{Duration, Instant};

use log_server::admission::Admission;
use log_server::answer::AddError;
use log_server::keys::LogKeys;
use log_server::log::Log;
use log_server::witnesses::board::QUORUM_PATIENCE;
use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::hash::leaf_hash;
use spec::note::Note;
use spec::tree::Tree;
use spec::witness::{CONFLICT_TYPE, format_conflict};

use crate::witness::{Manner, Witness};
use crate::world::{World, add, end, insist, origin, published, try_add, wait_until};

/// A world whose heads one witness must cosign.
fn witnessed() -> Option<(World, Witness)> {
    let world = World::new(Admission::Any)?;
    let witness = Witness::start("w.example", &world.keys);
    let policy = format!("{}quorum w\n", witness.line("w"));
    std::fs::write(world.template().join("policy"), policy).unwrap();
    Some((world, witness))
}

/// Two servers that have published one entry.
fn both(world: &World) -> (Log, Log) {
    let (one, other) = (world.open("a"), world.open("b"));
    add(&one, b"first");
    published(&other, 1);
    (one, other)
}

/// The sizes of the heads that a witness was asked about; several questions about one are one.
fn sizes_of(asked: &[(u64, u64, Instant)]) -> Vec<u64> {
    let mut sizes: Vec<u64> = asked.iter().map(|(_, size, _)| *size).collect();
    sizes.dedup();
    sizes
}

#[test]
fn another_server_publishes_when_one_has_gone() {
    let Some(world) = World::new(Admission::Any) else { return };
    let (one, other) = (world.open("a"), world.open("b"));
    add(&one, b"first");
    add(&other, b"second");
    for log in [&one, &other] {
        assert_eq!(published(log, 2).checkpoint.tree().size(), 2);
    }
    end(&one);
    assert_eq!(add(&other, b"third"), 2);
    published(&other, 3);
    end(&other);
    // Nobody was there for a while.
    let again = world.open("a");
    assert_eq!(again.status().published, 3);
    end(&again);
}

#[test]
fn what_one_server_published_can_be_read_at_another_at_once() {
    let Some(world) = World::new(Admission::Any) else { return };
    let (one, other) = (world.open("a"), world.open("b"));
    for at in 0..30_u64 {
        let entry = at.to_be_bytes();
        add(&one, &entry);
        published(&one, at + 1);
        // Whatever it is asked for first.
        match at % 3 {
            0 => assert_eq!(other.lookup(leaf_hash(&entry)).unwrap(), Some(at)),
            1 => assert!(other.published_with(at).checkpoint.tree().size() > at),
            _ => {}
        }
        assert_eq!(other.entry(at).unwrap(), entry.as_slice());
        other.prove_inclusion(at, at + 1).unwrap();
    }
    [one, other].iter().for_each(end);
}

#[test]
fn a_checkpoint_has_one_conversation_with_each_witness() {
    let Some((world, witness)) = witnessed() else { return };
    let logs = [world.open("a"), world.open("b"), world.open("c")];
    for at in 0..20_u64 {
        add(&logs[(at % 3) as usize], &at.to_be_bytes());
        let shown = published(&logs[(at % 3) as usize], at + 1);
        assert_eq!(Note::parse(&shown.note).unwrap().signatures().len(), 2);
    }
    let asked = witness.remembered().asked.len();
    let sizes = sizes_of(&witness.remembered().asked);
    assert_eq!(sizes.len(), asked, "a head was offered twice");
    assert!(sizes.is_sorted());
    logs.iter().for_each(end);
}

#[test]
fn who_takes_over_offers_the_last_head_again_before_it_signs() {
    let Some((world, witness)) = witnessed() else { return };
    let (one, other) = both(&world);
    // The head of two entries is signed and finds no quorum.
    witness.set(Manner::Away);
    add(&one, b"second");
    wait_until("the second head is offered", || {
        let waiting = one.status().witnessing.and_then(|status| status.waiting);
        waiting.is_some_and(|waiting| waiting.size == 2)
    });
    end(&one);
    let before = witness.remembered().asked.len();
    add(&other, b"third");
    witness.set(Manner::Honest);
    published(&other, 3);
    let remembered = witness.remembered();
    let sizes = sizes_of(&remembered.asked[before..]);
    assert_eq!(sizes, [2, 3]);
    assert_eq!(
        remembered.roots.len(),
        remembered.roots.keys().max().map_or(0, |max| *max as usize + 1)
    );
    drop(remembered);
    end(&other);
}

#[test]
fn who_loses_the_office_does_not_say_that_its_storage_refuses() {
    let Some(world) = World::new(Admission::Any) else { return };
    let log = world.open("a");
    for at in 0..8_u64 {
        // As if another server had it for a moment, which this one does not know yet.
        world.postgres.sql(
            "UPDATE log_lease SET holder = 'another', fence = fence + 1, until = clock_timestamp()",
        );
        add(&log, &at.to_be_bytes());
        wait_until("it is published", || {
            assert_eq!(log.status().refused.heads, None);
            log.status().published > at
        });
    }
    end(&log);
}

#[test]
fn who_takes_over_and_cannot_read_the_heads_begins_again_when_it_can() {
    let Some((world, witness)) = witnessed() else { return };
    let (one, other) = both(&world);
    // The office can be taken, and what it begins with cannot be read.
    world.postgres.sql("ALTER TABLE log_note RENAME TO log_note_away");
    end(&one);
    wait_until("it has tried to begin", || other.status().refused.heads.is_some());
    let before = witness.remembered().asked.len();
    world.postgres.sql("ALTER TABLE log_note_away RENAME TO log_note");
    insist(&other, b"second");
    let shown = published(&other, 2);
    assert_eq!(Note::parse(&shown.note).unwrap().signatures().len(), 2, "nobody has cosigned it");
    assert_eq!(sizes_of(&witness.remembered().asked[before..]), [1, 2]);
    end(&other);
}

/// Gives the server "a" an address of the witness where nobody is.
fn cut_off(world: &World, witness: &Witness) {
    let line = witness.line_without_url("w");
    let policy = format!("{} http://127.0.0.1:1/\nquorum w\n", line.trim_end());
    std::fs::write(world.data("a").join("policy"), policy).unwrap();
}

/// For how long a server says that its head lacks the quorum.
fn lacks_quorum(log: &Log) -> Option<Duration> {
    log.status().witnessing.unwrap().waiting.map(|waiting| waiting.time)
}

#[test]
fn who_is_alone_and_does_not_reach_the_witnesses_says_so_until_another_has_published() {
    let Some((world, witness)) = witnessed() else { return };
    cut_off(&world, &witness);
    let alone = world.open("a");
    add(&alone, b"first");
    wait_until("the outage is noticed", || lacks_quorum(&alone) >= Some(QUORUM_PATIENCE));
    // Meanwhile it leaves the office, takes it again as nobody else does, and leaves it once more.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(9) {
        assert!(lacks_quorum(&alone) >= Some(QUORUM_PATIENCE), "after {:?}", began.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    let other = world.open("b");
    for log in [&other, &alone] {
        assert_eq!(published(log, 1).checkpoint.tree().size(), 1);
    }
    wait_until("it is another's affair", || lacks_quorum(&alone).is_none());
    [alone, other].iter().for_each(end);
}

#[test]
fn who_could_not_begin_its_office_does_not_say_for_ever_that_a_head_waits() {
    let Some((world, witness)) = witnessed() else { return };
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    witness.set(Manner::Away);
    add(&log, b"second");
    wait_until("the second head waits", || {
        let waiting = log.status().witnessing.and_then(|status| status.waiting);
        waiting.is_some_and(|waiting| waiting.size == 2)
    });
    // It has to begin anew, and cannot read with what.
    world.postgres.sql(
        "ALTER TABLE log_note RENAME TO log_note_away; \
         UPDATE log_lease SET holder = 'another', fence = fence + 1, until = clock_timestamp()",
    );
    wait_until("it has tried to begin", || log.status().refused.heads.is_some());
    // Then another server has the office, and publishes that head.
    world.postgres.sql(
        "UPDATE log_lease SET holder = 'another', fence = fence + 1, until = 'infinity'; \
         ALTER TABLE log_note_away RENAME TO log_note; \
         UPDATE log_note AS p SET size = s.size, note = s.note FROM log_note AS s \
         WHERE p.kind = 'published' AND s.kind = 'signed'",
    );
    published(&log, 2);
    wait_until("it is another's affair", || lacks_quorum(&log).is_none());
    end(&log);
}

#[test]
fn who_does_not_reach_the_witnesses_leaves_publishing_to_another() {
    let Some((world, witness)) = witnessed() else { return };
    cut_off(&world, &witness);
    let one = world.open("a");
    let other = world.open("b");
    add(&one, b"first");
    for log in [&other, &one] {
        assert_eq!(published(log, 1).checkpoint.tree().size(), 1);
    }
    // It has the office again in its turn, and leaves it again.
    end(&other);
    let third = world.open("b");
    add(&one, b"second");
    published(&one, 2);
    [one, third].iter().for_each(end);
}

#[test]
fn a_witness_that_knows_more_does_not_stop_a_server_that_sees_no_others() {
    let Some((mut world, witness)) = witnessed() else { return };
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    end(&log);
    // The last head is offered again, and until it is cosigned one witness's word is enough.
    witness.set(Manner::Away);
    let log = world.open("a");
    world.postgres.end();
    // Another server may have signed three entries since.
    let known = format!("content-type: {CONFLICT_TYPE}\r\n");
    let known: &'static str = known.leak();
    witness.set(Manner::Constant(409, known, format_conflict(3)));
    wait_until("the witness has said so", || {
        let witnesses = log.status().witnessing.unwrap().witnesses;
        witnesses[0].trouble.as_ref().is_some_and(|trouble| trouble.kind() == "local")
    });
    assert!(log.status().fatal.is_none());
    witness.set(Manner::Honest);
    world.postgres.begin(&[]);
    assert_eq!(insist(&log, b"second"), 1);
    published(&log, 2);
    end(&log);
}

#[test]
fn a_server_that_is_behind_the_tables_leaves_the_office_and_says_to_upgrade() {
    let newer = "INSERT INTO log_schema (version) VALUES (99)";
    // Whether it would still understand them or not.
    for more in ["", "; ALTER TABLE log_head RENAME COLUMN size TO entries"] {
        let Some(world) = World::new(Admission::Any) else { return };
        let log = world.open("a");
        add(&log, b"first");
        published(&log, 1);
        world.postgres.sql(&format!("BEGIN; {newer}{more}; COMMIT"));
        wait_until("it stops", || log.status().fatal.is_some());
        let why = log.status().fatal.unwrap().to_string();
        assert!(why.contains("version 99") && why.contains("Upgrade this server"), "{why}");
        let refused = try_add(&log, b"second");
        assert!(matches!(refused, Err(AddError::Fatal(_))), "{refused:?}");
        let ask = |question: &str| world.postgres.ask("postgres", question);
        wait_until("the office is free", || {
            ask("SELECT until <= clock_timestamp() FROM log_lease") == "t"
        });
        // The newer ones go on.
        assert_eq!(ask("SELECT stopped IS NULL FROM log_head"), "t");
        end(&log);
        let refused = world.try_open("b").err().expect("it is behind too").to_string();
        assert!(refused.contains("Upgrade this server"), "{refused}");
    }
}

#[test]
fn another_history_that_a_witness_proves_to_one_server_stops_all() {
    let Some((world, witness)) = witnessed() else { return };
    let (one, other) = both(&world);
    // Signed by the log's own key, somewhere.
    let tree = Tree::new(9, Hash::of(b"another history")).unwrap();
    let checkpoint = Checkpoint::new(origin(), tree);
    let keys = LogKeys::load(&world.template(), &origin()).unwrap();
    let signatures = keys.sign(&checkpoint, 1_700_000_000).unwrap();
    witness.show(&Note::new(checkpoint.to_string(), signatures));
    let known: &'static str = format!("content-type: {CONFLICT_TYPE}\r\n").leak();
    witness.set(Manner::Constant(409, known, format_conflict(9)));
    add(&one, b"second");
    wait_until("it stops", || one.status().fatal.is_some());
    end(&one);
    wait_until("the other stops", || other.status().fatal.is_some());
    end(&other);
    let refused = world.try_open("c").err().expect("it is told").to_string();
    assert!(refused.contains("stopped, for all its servers"), "{refused}");
}

#[test]
fn a_database_on_another_timeline_has_the_witnesses_asked_again() {
    let Some((mut world, witness)) = witnessed() else { return };
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    let before = witness.remembered().asked.len();
    world.postgres.end();
    world.postgres.begin_on_another_timeline();
    assert_eq!(insist(&log, b"second"), 1);
    published(&log, 2);
    assert_eq!(sizes_of(&witness.remembered().asked[before..]), [1, 2]);

    // A restart on the same one is nothing to ask about.
    let before = witness.remembered().asked.len();
    world.postgres.end();
    world.postgres.begin(&[]);
    assert_eq!(insist(&log, b"third"), 2);
    published(&log, 3);
    assert_eq!(sizes_of(&witness.remembered().asked[before..]).last(), Some(&3));
    end(&log);
}

#[test]
fn a_witness_that_knows_more_than_a_promoted_database_stops_the_log() {
    let Some((mut world, _witness)) = witnessed() else { return };
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    end(&log);
    world.save_database();
    let log = world.open("a");
    add(&log, b"second");
    published(&log, 2);
    end(&log);
    world.postgres.end();
    world.postgres.restore();
    world.postgres.begin_on_another_timeline();
    // A new server, which has seen nothing before.
    let refused = world.try_open("b").err().expect("the witness knows more").to_string();
    assert!(refused.contains("has cosigned 2 entries"), "{refused}");
}

#[test]
fn a_slow_witness_is_heard_again_by_who_was_there_when_the_timeline_changed() {
    let Some(mut world) = World::new(Admission::Any) else { return };
    let [near, far] = ["near.example", "far.example"].map(|name| Witness::start(name, &world.keys));
    let lines = near.line("near") + &far.line("far");
    // Either of the two is enough.
    let policy = format!("{lines}group either any near far\nquorum either\n");
    std::fs::write(world.template().join("policy"), policy).unwrap();
    let way = world.lay_way();
    let log = world.open("a");
    add(&log, b"first");
    published(&log, 1);
    wait_until("both have said their word", || {
        let witnesses = log.status().witnessing.unwrap().witnesses;
        witnesses.iter().all(|witness| witness.size == 1)
    });
    world.save_database();

    // While it is cut off, another server publishes what only the second witness has cosigned.
    world.postgres.end();
    way.take_away();
    world.postgres.begin(&[]);
    world.address = None;
    near.set(Manner::Away);
    let other = world.open("b");
    add(&other, b"second");
    published(&other, 2);
    end(&other);

    // A standby without that is promoted.
    world.postgres.end();
    world.postgres.restore();
    near.set(Manner::Honest);
    far.set(Manner::Late(Duration::from_millis(1_500)));
    world.postgres.begin_on_another_timeline();
    way.lay();
    wait_until("it stops", || log.status().fatal.is_some());
    let why = log.status().fatal.unwrap().to_string();
    assert!(why.contains("has cosigned 2 entries"), "{why}");
    end(&log);
}

#[test]
fn a_synchronous_standby_that_is_promoted_has_everything() {
    let Some((mut world, witness)) = witnessed() else { return };
    let standby = world.postgres.standby();
    world.address = Some(world.postgres.address_with(&standby));
    let logs = [world.open("a"), world.open("b")];
    for at in 0..20_usize {
        assert_eq!(add(&logs[at % 2], &at.to_be_bytes()), at as u64);
    }
    let size = published(&logs[0], 20).checkpoint.tree().size();
    assert_eq!(size, 20);
    let before = witness.remembered().asked.len();
    world.postgres.kill();
    standby.sql("SELECT pg_promote()");
    for at in 20..30_usize {
        assert_eq!(insist(&logs[at % 2], &at.to_be_bytes()), at as u64);
    }
    for log in &logs {
        published(log, 30);
        assert!(
            (0..30_usize).all(|at| log.entry(at as u64).unwrap() == at.to_be_bytes().as_slice())
        );
    }
    // Whoever signs has asked about the last head before it signed another.
    assert_eq!(sizes_of(&witness.remembered().asked[before..]).first(), Some(&20));
    logs.iter().for_each(end);
}
