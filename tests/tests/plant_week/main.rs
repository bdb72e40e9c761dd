//! A plant at work for days, an agent beside it that is killed again and again, and a log beyond a
//! network that breaks: everything that the machines wrote is anchored once and in order.
//!
//! Real processes: the log, its witness, and the agent's own code in `fiducial-turned`, whose clock the
//! test turns. The plant's files lie in a folder and were changed at the plant's time. What must be in
//! the records is told by `oracle` from what the plant did and when the agent looked; what is in them
//! is opened and verified by `records`.
//!
//! One day by default; the week with `FIDUCIAL_SOAK=1`. What a power cut does to what was not synced is
//! not here: a killed process leaves the page cache. The vault's own tests forget it.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod agent;
mod checks;
mod contents;
mod deeds;
mod oracle;
mod proxy;
mod records;
mod schedule;
mod site;
mod stage;
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../../support/stores.rs"]
mod stores;
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../end_to_end/support.rs"]
mod support;
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../end_to_end/witnesses.rs"]
mod witnesses;

use spec::key::VerifierKey;
use tests::crash::points::soaks;
use tests::plant::{Faults, Misbehaviour, Plant, Scale};

use crate::checks::Compared;
use crate::contents::Contents;
use crate::records::Records;
use crate::schedule::Schedule;
use crate::stage::Stage;

const LINES: u32 = 5;

/// Lets a plant live and judges what is left.
fn live(seed: u64, days: u32, panels_per_hour: u32, misbehaviour: Misbehaviour) -> Vec<String> {
    let lot_panels = panels_per_hour * 3;
    let scale = Scale { lines: LINES, hours: days * 24, panels_per_hour, lot_panels };
    // What machines delete they delete within the time that is watched, or not at all.
    let clean_up_hours = if days > 1 { 24 } else { 0 };
    let faults = Faults { clean_up_hours, ..Faults::usual() };
    let plant = Plant::new(seed, scale, faults, misbehaviour);
    let schedule = Schedule::draw(seed, plant.start(), u64::from(days));
    let mut stage = Stage::new(plant, LINES, schedule, seed);
    stage.live();
    judge(stage, days)
}

fn judge(mut stage: Stage, days: u32) -> Vec<String> {
    let world = &stage.panel.world;
    let check = world.agent(&["check", "--vault", stage.vault()]).ends_with(0);
    assert!(check.out.contains(" 0 things are damaged"), "{}", check.out);
    let server = stage.server.take().expect("the log serves at the end");
    let audit = ["audit", "--log", &server.url, "--policy", "policy", "--source-keys"];
    let audit = world.fiducial(&[&audit[..], &["sources.vkeys"]].concat()).ends_with(0);
    assert_eq!(server.stop(), 0);
    world.log(&["check", "--data", "log"]).ends_with(0);

    let keys = String::from_utf8(world.read("sources.vkeys")).unwrap();
    let keys: Vec<VerifierKey> = keys.lines().map(|key| VerifierKey::parse(key).unwrap()).collect();
    let records = Records::read(&world.path(stage.vault()), &stage.panel.policy("policy"), &keys);
    let (truth, oracle) = (stage.plant.truth(), &stage.oracle);
    let (mut compared, mut right, mut found) = (Compared::default(), 0, Vec::new());
    let mut contents = Contents::default();
    let refused = stage.happened.refused > 0;
    // Whatever is wrong, the other questions are asked as well: a week is long.
    let wrong: Vec<&str> = [
        fails("versions", || checks::versions(oracle, &records, &mut compared)),
        fails("order", || checks::order(oracle, &records)),
        fails("lateness", || checks::lateness(&records, &mut compared)),
        fails("gaps", || checks::gaps(oracle, &records, &stage.downs, &mut compared)),
        fails("clocks", || checks::clocks(&records, refused)),
        fails("attempts", || deeds::attempts(truth, &records, &mut compared)),
        fails("certificates", || right = deeds::certificates(truth, &records, &mut compared)),
        fails("contents", || contents::compare(truth, &records, &mut contents)),
        fails("deeds", || found = deeds::found(truth, &records)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let happened = &stage.happened;
    eprintln!(
        "{contents:?}\n{happened:?}\n{compared:?}\n{} statements: {}",
        records.statements, audit.out
    );
    eprintln!(
        "{right} of {} panels under the certificate that was in force",
        compared.certificates
    );
    found.iter().for_each(|line| eprintln!("  {line}"));

    assert!(wrong.is_empty(), "see above: {wrong:?}");
    // Enough has happened to prove something.
    let days = u64::from(days);
    assert!(happened.kills >= 5 * days && happened.reboots > 0 && happened.log_kills >= days);
    assert!(happened.stops >= days && compared.silences > 0);
    assert!(happened.clock_steps >= 2 * days && compared.watch_outages > 0);
    assert!(compared.versions as u64 > 500 * days && compared.rows as u64 > 50 * days);
    assert!(compared.later_versions as u64 > 20 * days && compared.attempts as u64 > days);
    assert!(contents.reports as u64 > 200 * days && contents.reviews as u64 > 50 * days);
    assert!(contents.rows as u64 > 40 * days && contents.certificates as u64 > 5 * days);
    assert!(compared.late > 0 && compared.closings as u64 >= 9 * days);
    assert!(compared.doubtful.0 + compared.doubtful.1 < 20 * days as usize, "{compared:?}");
    assert!(right * 10 > compared.certificates * 6, "{right} of {}", compared.certificates);
    found
}

/// Asks a question, and gives its name if the answer is a panic.
fn fails(name: &str, ask: impl FnOnce()) -> Option<&str> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)).is_err().then_some(name)
}

#[test]
fn a_day_of_the_plant_is_anchored_once_and_in_order_and_what_was_done_shows() {
    let found = live(1, 1, 4, Misbehaviour::each(1));
    for rule in ["edited", "best of", "backdated"] {
        assert!(found.iter().any(|line| line.starts_with(rule)), "{rule}: {found:?}");
    }
}

#[test]
fn a_day_of_an_honest_plant_shows_nothing() {
    assert_eq!(live(2, 1, 4, Misbehaviour::none()), Vec::<String>::new());
}

#[test]
fn a_week_of_the_plant_is_anchored_once_and_in_order_and_what_was_done_shows() {
    if !soaks() {
        eprintln!("skipped: a week takes minutes; set FIDUCIAL_SOAK=1");
        return;
    }
    let found = live(3, 7, 2, Misbehaviour::each(2));
    for rule in ["edited", "best of", "backdated"] {
        let count = found.iter().filter(|line| line.starts_with(rule)).count();
        assert!(count > 1, "{rule}: {found:?}");
    }
}
