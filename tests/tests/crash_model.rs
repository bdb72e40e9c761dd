//! Random interleavings against the simplest model of a log: a list.
//!
//! Adding puts new entries at the end and gives known ones the index they have; restarts and
//! trimming change nothing.

use log_server::admission::Admission;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tests::crash::World;
use tests::crash::points::soaks;
use tests::crash::script::Script;
use tests::store::{FAKE_DISK, embedded_only};

/// What can happen to a log.
#[derive(Clone, Debug)]
enum Act {
    /// These are added together; small numbers come again.
    Add(Vec<u16>),
    /// Many large entries: bundles fill up and the journal is trimmed.
    Press(u8),
    /// A stop and a start.
    Restart,
    /// A power cut when everything is acknowledged.
    PowerCut,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => vec(0..60_u16, 1..12).prop_map(Act::Add),
        4 => vec(any::<u16>(), 1..40).prop_map(Act::Add),
        1 => (1..120_u8).prop_map(Act::Press),
        1 => Just(Act::Restart),
        1 => Just(Act::PowerCut),
    ];
    vec(act, 1..24)
}

fn entry(number: u16) -> Vec<u8> {
    // A few are much larger than the others.
    let size = if number.is_multiple_of(97) { 5000 } else { usize::from(number % 50) };
    let mut entry = format!("entry {number} ").into_bytes();
    entry.resize(entry.len() + size, b'.');
    entry
}

fn pressing(number: usize) -> Vec<u8> {
    let mut entry = format!("pressing {number} ").into_bytes();
    entry.resize(300, b'.');
    entry
}

fn behaves(acts: &[Act]) -> Result<(), String> {
    let mut world = World::new(&Script::write(Admission::Any, 0, 1), 1);
    let mut model: Vec<Vec<u8>> = Vec::new();
    let mut pressed = 0;
    let mut log = world.open().map_err(|error| error.to_string())?;
    for act in acts {
        let entries: Vec<Vec<u8>> = match act {
            Act::Add(numbers) => numbers.iter().map(|number| entry(*number)).collect(),
            Act::Press(count) => {
                pressed += usize::from(*count);
                (pressed - usize::from(*count)..pressed).map(pressing).collect()
            }
            Act::PowerCut | Act::Restart => {
                if matches!(act, Act::PowerCut) {
                    world.disk.cut_power();
                }
                world.close(log);
                world.reboot();
                log = world.open().map_err(|error| error.to_string())?;
                Vec::new()
            }
        };
        for (entry, index) in entries.iter().zip(world.add_together(&log, &entries)?) {
            let want = model.iter().position(|known| known == entry).unwrap_or_else(|| {
                model.push(entry.clone());
                model.len() - 1
            });
            if index != want as u64 {
                return Err(format!("index {index} instead of {want}"));
            }
        }
    }
    world.audit(&log)?;
    let entries = world.oracle.audit(&log)?;
    world.close(log);
    if entries == model { Ok(()) } else { Err("the log holds other entries".to_string()) }
}

#[test]
fn a_log_is_a_list_without_repetition() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let mut runner = TestRunner::new(Config {
        cases: if soaks() { 5000 } else { 60 },
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    });
    runner.run(&acts(), |acts| behaves(&acts).map_err(TestCaseError::fail)).unwrap();
}
