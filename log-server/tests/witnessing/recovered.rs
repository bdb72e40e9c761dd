//! A rebuilt log and its witnesses: it ends at the newest head that any of them knows of, or is none.

use std::path::Path;

use log_server::copy::Listener;
use log_server::copy::data::DataFolder;
use log_server::copy::store::Source;
use log_server::heads::SIGNED_HEAD;
use log_server::recover::{RecoverError, Recovered, Wanted, recover};
use log_server::settings::SETTINGS;
use log_server::witnesses::Witnesses;
use spec::Hash;
use spec::note::Note;
use spec::tree::Tree;
use tempfile::TempDir;

use crate::witness::Manner;
use crate::world::{World, end, publish};

struct Silent;

impl Listener for Silent {
    fn progress(&self, _: u64, _: u64) {}
}

/// A log of three entries whose folder is gone, a copy of it at one entry, and one at the end.
fn lost() -> (World, TempDir, TempDir) {
    let world = World::new(3, 2);
    let log = world.open();
    publish(&log, "one");
    end(&log);
    let old = world.snapshot();
    let log = world.open();
    publish(&log, "two");
    publish(&log, "three");
    end(&log);
    let newest = world.snapshot();
    std::fs::remove_dir_all(&world.data).unwrap();
    (world, old, newest)
}

fn rebuild(world: &World, from: &Path, without: &[&str]) -> Result<Recovered, RecoverError> {
    let witnesses = Witnesses::new(world.policy.clone(), None, world.answer_time).unwrap();
    let holders: Vec<Box<dyn Source>> = vec![Box::new(DataFolder::open(from).unwrap())];
    let without: Vec<String> = without.iter().map(|name| (*name).to_owned()).collect();
    let wanted = Wanted {
        backup: from,
        data: &world.data,
        holders: &holders,
        handed: &[],
        checkpoints: &[],
        witnesses: Some(&witnesses),
        without: &without,
    };
    let recovered = recover(&wanted, &Silent, &|_| {});
    assert_eq!(world.data.join(SETTINGS).exists(), recovered.is_ok());
    assert_eq!(world.data.join(SIGNED_HEAD).exists(), recovered.is_ok());
    recovered
}

#[test]
fn what_a_witness_knows_is_not_signed_over() {
    let (world, old, newest) = lost();
    // One that is no part of any quorum is enough.
    for witness in &world.witnesses[1..] {
        witness.remembered().tree = None;
    }
    let refused = rebuild(&world, old.path(), &[]).unwrap_err();
    assert!(matches!(refused, RecoverError::Newer { size: 3, have: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("would fork"), "{refused}");

    let recovered = rebuild(&world, newest.path(), &[]).unwrap();
    assert_eq!((recovered.size, recovered.published), (3, Some(3)));
    let log = world.open();
    assert!(world.cosigners(&publish(&log, "four")) >= 2);
    assert_eq!(log.published().checkpoint.tree().size(), 4);
    end(&log);
}

#[test]
fn a_checkpoint_that_a_witness_shows_is_what_has_to_come_out() {
    let (world, old, newest) = lost();
    let note = std::fs::read(newest.path().join("checkpoint")).unwrap();
    world.witnesses[2].show(&Note::parse(&note).unwrap());
    let refused = rebuild(&world, old.path(), &[]).unwrap_err().to_string();
    assert!(refused.contains("2 of 3 entries are missing: 1-2."), "{refused}");
    // A note of others is no reason to look for anything, in a folder where no run has heard of more.
    std::fs::remove_dir_all(&world.data).unwrap();
    let foreign = String::from_utf8(note).unwrap().replace("witnessed.example/log\n3", "other\n3");
    world.witnesses[2].show(&Note::parse(foreign.as_bytes()).unwrap());
    assert!(matches!(rebuild(&world, old.path(), &[]), Err(RecoverError::Newer { .. })));
}

#[test]
fn every_witness_must_answer_or_be_named() {
    let (world, _, newest) = lost();
    world.witnesses[1].set(Manner::Away);
    let refused = rebuild(&world, newest.path(), &[]).unwrap_err();
    assert!(matches!(&refused, RecoverError::Unasked { name, .. } if name == "w1"), "{refused}");
    assert!(refused.to_string().contains("--without-witness w1"), "{refused}");
    let misspelt = rebuild(&world, newest.path(), &["w7"]).unwrap_err();
    assert!(misspelt.to_string().contains("no witness of this name"), "{misspelt}");
    assert!(!misspelt.to_string().contains("when it answers"), "{misspelt}");
    let other = rebuild(&world, newest.path(), &["w0"]).unwrap_err();
    assert!(matches!(other, RecoverError::Unasked { .. }), "{other}");
    rebuild(&world, newest.path(), &["w1"]).unwrap();
    let log = world.open();
    publish(&log, "four");
    end(&log);
}

#[test]
fn a_witness_without_an_address_is_asked_by_hand() {
    let (mut world, _, newest) = lost();
    let text: String = world
        .witnesses
        .iter()
        .enumerate()
        .map(|(at, one)| one.line(&format!("w{at}")))
        .map(|line| match line.starts_with("witness w2 ") {
            true => line.rsplit_once(' ').unwrap().0.to_owned() + "\n",
            false => line,
        })
        .collect();
    let policy = format!("{text}group q 2 w0 w1 w2\nquorum q\n");
    let keys = log_server::keys::LogKeys::load(newest.path(), &crate::world::origin()).unwrap();
    std::fs::write(world.policy_file(), policy).unwrap();
    world.policy =
        log_server::witnesses::read_policy(&world.policy_file(), &keys.verifier_keys()).unwrap();
    let refused = rebuild(&world, newest.path(), &[]).unwrap_err();
    assert!(refused.to_string().contains("no URL"), "{refused}");
    rebuild(&world, newest.path(), &["w2"]).unwrap();
}

#[test]
fn another_root_at_a_witness_rebuilds_nothing() {
    let (world, _, newest) = lost();
    world.witnesses[0].remembered().tree = Tree::new(3, Hash::of(b"another"));
    let refused = rebuild(&world, newest.path(), &[]).unwrap_err();
    assert!(matches!(refused, RecoverError::WitnessDisagrees(_)), "{refused}");
    assert!(refused.is_wrong());
}
