//! What is fuzzed of this room: one function a parser. The tests below run them on stable over
//! `fuzz/corpus` and seeded changes of it; the `fuzz/` workspace runs them under libFuzzer.
//!
//! Nothing may panic, and of what is accepted everything holds that is promised to those behind it.

use spec::checkpoint::Origin;
use spec::evidence::batch::Place;
use spec::evidence::disclosure::{Pick, PickFields};
use spec::evidence::kind::Kind;
use spec::key::KeyName;

use crate::import::{self, MAX_READINGS, Mapping};
use crate::model::Reading;
use crate::spool::record;
use crate::vault::Opening;

/// A target: the name of its corpus folder and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 3] = [("cfx", cfx), ("mapping", mapping), ("opening", opening)];

/// IPC-CFX messages: one, an array, packed or not.
pub fn cfx(bytes: &[u8]) {
    let mapping = Mapping::shipped("cfx").expect("it is shipped");
    check(&import::read(&mapping, b"message.json", bytes), bytes);
}

/// A mapping file, and behind a zero byte what is read by it. The file's name decides nothing but
/// fields that are taken from it.
pub fn mapping(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (text, input) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(text) = std::str::from_utf8(text) else { return };
    match Mapping::parse(text) {
        Ok(mapping) => check(&import::read(&mapping, b"L7_BOARD-1_20260302.csv", input), input),
        Err(why) => assert!(!why.is_empty(), "a person has to mend it"),
    }
}

/// An opening as the vault keeps it.
pub fn opening(bytes: &[u8]) {
    let name = KeyName::parse("line-4.example/aoi-7").expect("a name");
    let origin = Origin::parse("log.example/demo").expect("an origin");
    let place = Place { origin, source: name, sequence: 7 };
    let Ok(opening) = Opening::parse(place, bytes) else { return };
    let written = opening.to_bytes();
    let again = Opening::parse(opening.place.clone(), &written);
    assert_eq!(again.as_ref(), Ok(&opening), "what is written is read");
    assert_eq!(again.expect("it was read").commitment(), opening.commitment());
    // What is left can be shown; what was shredded is refused, not made up.
    let picks: Vec<Pick> = (0..opening.records.len() as u64)
        .map(|record| Pick { record, fields: PickFields::All })
        .collect();
    let all_whole = opening.records.iter().all(|kept| kept.whole().is_some());
    assert!(all_whole || opening.disclose(&picks).is_err());
}

/// Readings in the order of the bytes, each of a part of them, and each fit to become a record or, as
/// an attachment, to say why not.
fn check(readings: &[Reading], bytes: &[u8]) {
    assert!((1..=MAX_READINGS).contains(&readings.len()), "{} readings", readings.len());
    for reading in readings {
        let whole = reading.unpacked.as_deref().unwrap_or(bytes);
        assert!(reading.range.start <= reading.range.end && reading.range.end <= whole.len());
        assert_eq!(reading.exact(bytes).len(), reading.range.len());
        if !reading.recognised {
            assert!(reading.interpreted.starts_with("no: "), "{}", reading.interpreted);
        }
        if let Err(why) = record::check(reading.kind, &reading.values) {
            let attachment = Reading::attachment(reading.range.len(), &why, reading.media_type);
            record::check(Kind::Attachment, &attachment.values).expect("it always fits");
        }
        let _ = import::claimed_instant(&reading.values);
    }
}

#[cfg(test)]
#[path = "../../fuzz/changes.rs"]
mod changes;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// How many changed inputs each target gets, and the most bytes of one.
    const ROUNDS: u64 = 4_000;
    const MAX_SIZE: usize = 16 * 1024;

    fn fuzz_folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
    }

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        changes::files_below(&fuzz_folder().join("corpus").join(target))
    }

    #[test]
    fn no_target_panics_on_its_corpus_and_changes_of_it() {
        for (name, target) in TARGETS {
            changes::run((name, target), &seeds(name), ROUNDS, MAX_SIZE);
        }
    }

    #[test]
    fn the_seeds_of_mappings_are_mappings_that_understand_their_input() {
        for seed in seeds("mapping") {
            let end = seed.iter().position(|byte| *byte == 0).unwrap();
            let mapping = Mapping::parse(std::str::from_utf8(&seed[..end]).unwrap()).unwrap();
            let readings = import::read(&mapping, b"L7_BOARD-1_20260302.csv", &seed[end + 1..]);
            assert!(readings.iter().all(|reading| reading.recognised), "{readings:?}");
        }
    }

    #[test]
    fn every_target_has_a_program_under_libfuzzer() {
        let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).unwrap();
        for (name, _) in TARGETS {
            assert!(fuzz_folder().join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }
}
