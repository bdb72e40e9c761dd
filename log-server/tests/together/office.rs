//! Who signs and publishes: one server at a time, with one conversation for each checkpoint.

use log_server::admission::Admission;
use spec::note::Note;

use crate::witness::{Manner, Witness};
use crate::world::{World, add, end, published, wait_until};

/// A world whose heads one witness must cosign.
fn witnessed() -> Option<(World, Witness)> {
    let world = World::new(Admission::Any)?;
    let witness = Witness::start("w.example", &world.keys);
    let policy = format!("{}quorum w\n", witness.line("w"));
    std::fs::write(world.template().join("policy"), policy).unwrap();
    Some((world, witness))
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
        add(&one, &at.to_be_bytes());
        published(&one, at + 1);
        assert_eq!(other.entry(at).unwrap(), at.to_be_bytes().as_slice());
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
    let asked: Vec<u64> = witness.remembered().asked.iter().map(|(_, size, _)| *size).collect();
    let mut sizes = asked.clone();
    sizes.dedup();
    assert_eq!(asked, sizes, "a head was offered twice");
    assert!(sizes.is_sorted());
    logs.iter().for_each(end);
}

#[test]
fn who_takes_over_offers_the_last_head_again_before_it_signs() {
    let Some((world, witness)) = witnessed() else { return };
    let (one, other) = (world.open("a"), world.open("b"));
    add(&one, b"first");
    published(&other, 1);
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
    let sizes: Vec<u64> = remembered.asked[before..].iter().map(|(_, size, _)| *size).collect();
    assert_eq!(sizes, [2, 3]);
    assert_eq!(
        remembered.roots.len(),
        remembered.roots.keys().max().map_or(0, |max| *max as usize + 1)
    );
    drop(remembered);
    end(&other);
}
