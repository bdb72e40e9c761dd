//! Every MUST of the text stands in `requirements.md`, and something shows each of them.

use std::collections::{BTreeMap, BTreeSet};

use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature::{CosignatureError, Timestamp, sign_ed25519, verify};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::tree::Tree;
use spec::witness::{format_answer, parse_answer};

use crate::{cases, kit};

/// How many times the text says MUST or MUST NOT behind its section on conventions.
const MUSTS: usize = 59;

/// What no request to a witness can show: the requirement, and the test that shows it.
const SHOWN_BY_TESTS: [(&str, &str, &str); 4] = [
    ("persisted", "tests/tests/witness_kit/ours.rs", "a_killed_witness_remembers_what_it_answered"),
    ("proof-63-lines", "spec/src/witness.rs", "no_request_is_made_that_would_be_refused"),
    ("request-form", "spec/src/witness.rs", "a_request_is_read_as_it_was_written"),
    (
        "unknown-cosignatures-ignored",
        "tests/tests/witness_kit/requirements.rs",
        "a_log_ignores_cosignatures_by_keys_that_it_does_not_know",
    ),
];

/// A row of the table.
struct Row {
    name: String,
    who: String,
    times: usize,
}

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(kit().join("requirements.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, who, times, what, _] = cells[..] else { panic!("{line}") };
        assert!(what.ends_with('.') || what.ends_with(')'), "{line}");
        let name = name.trim_matches('`').to_string();
        Row { name, who: who.to_string(), times: times.parse().unwrap() }
    };
    page.lines().filter(|line| line.starts_with("| `")).map(row).collect()
}

/// Which cases cite what.
fn citations() -> BTreeMap<String, Vec<String>> {
    let mut citations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in cases() {
        for name in case.cites {
            citations.entry(name).or_default().push(case.name.clone());
        }
    }
    citations
}

#[test]
fn the_table_holds_every_must_once() {
    let rows = rows();
    assert_eq!(rows.iter().map(|row| row.times).sum::<usize>(), MUSTS);
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "a name stands there twice");
}

#[test]
fn every_requirement_is_shown_by_a_case_or_a_test() {
    let (rows, citations) = (rows(), citations());
    for row in rows.iter().filter(|row| row.who != "optional") {
        let by_test = SHOWN_BY_TESTS.iter().any(|(name, _, _)| *name == row.name);
        assert!(by_test || citations.contains_key(&row.name), "nothing shows {}", row.name);
    }
    let known = |name: &str| rows.iter().any(|row| row.name == name);
    for (name, cases) in &citations {
        assert!(known(name), "{cases:?} cite {name}, which is not in the table");
    }
    for (name, _, _) in SHOWN_BY_TESTS {
        assert!(known(name), "{name} is not in the table");
    }
}

#[test]
fn every_named_test_exists() {
    for (_, file, test) in SHOWN_BY_TESTS {
        let path = kit().join("../../..").join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{file}: {why}"));
        assert!(
            text.contains(&format!("#[test]\n    fn {test}()"))
                || text.contains(&format!("#[test]\nfn {test}()")),
            "{file} has no test {test}"
        );
    }
}

#[test]
fn every_case_has_an_origin_of_its_own_that_the_lists_name() {
    let read = |name| std::fs::read_to_string(kit().join(name)).unwrap();
    let (always, options) = (read("logs"), read("logs-options"));
    let mut origins = BTreeSet::new();
    for case in cases() {
        assert!(origins.insert(case.origin.to_string()), "{}: an origin of another", case.name);
        let list = if case.needs.is_some() { &options } else { &always };
        for key in &case.logs {
            let line = format!("\nvkey {key}\n");
            assert_eq!(list.matches(&line).count(), 1, "{}", case.name);
            if key.name().as_str() != case.origin.as_str() {
                assert!(list.contains(&format!("{line}origin {}\n", case.origin)), "{}", case.name);
            }
        }
    }
}

#[test]
fn a_log_ignores_cosignatures_by_keys_that_it_does_not_know() {
    let key = |name: &str, seed| {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[seed; 32]).unwrap()
    };
    let (known, stranger) = (key("witness.example", 1), key("stranger.example", 2));
    let tree = Tree::new(7, spec::Hash::of(b"root")).unwrap();
    let checkpoint = Checkpoint::new(Origin::parse("log.example").unwrap(), tree);
    let time = Timestamp::from_seconds(9).unwrap();
    let own = sign_ed25519(&known, time, &checkpoint);
    let mut wrong = sign_ed25519(&stranger, time, &checkpoint);
    wrong.bytes[20] ^= 1;
    let answer = parse_answer(format_answer(&[wrong.clone(), own]).as_bytes()).unwrap();
    assert_eq!(verify(&answer, &checkpoint, known.verifier()), Ok(time));
    let missing = verify(&[wrong], &checkpoint, known.verifier());
    assert_eq!(missing, Err(CosignatureError::Missing));
}
