//! From a report to its papers, and every way in which the papers can be false.

use std::fs;

use spec::evidence::disclosure::Disclosure;
use spec::evidence::statement::Statement;
use spec::proof::Proof;

use crate::factory::{Factory, SOURCE, verify_words};
use crate::support::{Source, World, samples};

const NAME: &str = "aoi-panel-failed.json";
const FILE: &str = "reports/aoi-panel-failed.json";
const RECEIPT: &str = "papers/aoi-panel-failed.json.tlog-proof";
const DISCLOSURE: &str = "papers/aoi-panel-failed.json.disclosure.json";
const KEY: &str = "source.vkey";

/// A factory whose sample reports are anchored, in two statements, and whose log is gone.
fn anchored() -> Factory {
    let (factory, server) = Factory::start();
    let reports = samples();
    let (first, second) = reports.split_at(3);
    factory.anchor(first);
    factory.anchor(second);
    assert_eq!(server.stop(), 0);
    fs::rename(factory.world.path("log"), factory.world.path("gone")).unwrap();
    factory
}

#[test]
fn every_report_is_verified_without_the_log() {
    let factory = anchored();
    for (at, (name, bytes)) in samples().iter().enumerate() {
        let json = factory.verify(name, 0);
        let facts = &json["facts"];
        assert_eq!(
            (facts["source"].as_str(), facts["origin"].as_str()),
            (Some(SOURCE), Some(crate::support::ORIGIN))
        );
        assert_eq!(facts["sequence"], if at < 3 { "0" } else { "1" });
        let opened = facts["opened"].to_string();
        assert!(opened.contains(&spec::Hash::of(bytes).to_hex()), "{opened}");
        // Success says what it rests on and what it does not say.
        assert!(!json["not_checked"].as_array().unwrap().is_empty());
        assert_eq!(&factory.world.read(&format!("reports/{name}")), bytes);
    }
}

#[test]
fn one_changed_byte_of_a_report_is_found() {
    let factory = anchored();
    let sound = factory.world.read(FILE);
    for at in [0, sound.len() / 3, sound.len() - 1] {
        let mut altered = sound.clone();
        altered[at] ^= 1;
        factory.world.write(FILE, altered);
        factory.verify(NAME, 1);
    }
    for altered in [&sound[1..], &sound[..sound.len() - 1], &[&sound[..], b"\n"].concat()] {
        factory.world.write(FILE, altered);
        factory.verify(NAME, 1);
    }
    factory.world.write(FILE, sound);
    factory.verify(NAME, 0);
    // Another true report is not this one.
    let words = verify_words(RECEIPT, "reports/repair.json", DISCLOSURE, "policy", KEY);
    factory.judge(&words, 1);
}

#[test]
fn a_change_in_any_line_of_a_receipt_is_found() {
    let factory = anchored();
    let sound = String::from_utf8(factory.world.read(RECEIPT)).unwrap();
    let proof = Proof::parse(sound.as_bytes()).unwrap();
    assert_eq!(proof.to_bytes(), sound.as_bytes());
    let words = verify_words("altered", FILE, DISCLOSURE, "policy", KEY);
    let mut seen = 0;
    let count = sound.lines().count();
    for at in 0..count {
        let mut lines: Vec<String> = sound.lines().map(str::to_owned).collect();
        let line = &mut lines[at];
        // The post-quantum signature is not asked for here: either of the log's keys is enough.
        if line.len() > 2000 {
            continue;
        }
        // In the middle of the line, so that base64 keeps its form.
        let middle = line.char_indices().nth(line.chars().count() / 2);
        let (middle, letter) = middle.unwrap_or((0, ' '));
        let other = if letter == 'A' { "B" } else { "A" };
        line.replace_range(middle..(middle + letter.len_utf8()).min(line.len()), other);
        factory.world.write("altered", format!("{}\n", lines.join("\n")));
        let said = factory.world.fiducial(&words);
        // What no longer has the form of a receipt says nothing, for or against.
        let altered = format!("{}\n", lines.join("\n"));
        let is_statement = |proof: Proof| Statement::parse(proof.extra().unwrap_or(b"")).is_ok();
        let code = if Proof::parse(altered.as_bytes()).is_ok_and(is_statement) { 1 } else { 2 };
        assert_eq!(said.code, code, "line {at} of {count}: {}\n{said:?}", lines[at]);
        seen += 1;
    }
    assert!(seen >= 7, "{sound}");
    for altered in [sound[..sound.len() - 1].to_owned(), format!("{sound}\n"), String::new()] {
        factory.world.write("altered", altered);
        factory.judge(&words, 2);
    }
    // The receipt of another statement, however true, is not this one's.
    let words = verify_words("papers/repair.json.tlog-proof", FILE, DISCLOSURE, "policy", KEY);
    factory.judge(&words, 1);
}

#[test]
fn a_change_anywhere_in_a_disclosure_is_found() {
    let factory = anchored();
    let sound = factory.world.read(DISCLOSURE);
    let words = verify_words(RECEIPT, FILE, "altered", "policy", KEY);
    let step = sound.len() / 60;
    for at in (0..sound.len()).step_by(step) {
        let mut altered = sound.clone();
        // Inside the letters of values, salts and names as well as in the form between them.
        altered[at] = if altered[at] == b'a' { b'b' } else { b'a' };
        factory.world.write("altered", &altered);
        let said = factory.world.fiducial(&words);
        let code = if Disclosure::parse(&altered).is_ok() { 1 } else { 2 };
        assert_eq!(said.code, code, "byte {at} of {}: {said:?}", sound.len());
    }
    for nothing in [&sound[..sound.len() / 2], b""] {
        factory.world.write("altered", nothing);
        factory.judge(&words, 2);
    }
    let of_other = verify_words(RECEIPT, FILE, "papers/repair.json.disclosure.json", "policy", KEY);
    factory.judge(&of_other, 1);
}

#[test]
fn another_log_or_another_source_is_not_believed() {
    let factory = anchored();
    // A log of the same name with keys of its own.
    let other = World::new("statements");
    factory.world.write("other-policy", other.read("policy"));
    factory.judge(&verify_words(RECEIPT, FILE, DISCLOSURE, "other-policy", KEY), 1);
    // A witness that never signed.
    let witness = spec::key::SigningKey::from_seed(
        spec::key::KeyName::parse("witness.example").unwrap(),
        spec::key::Algorithm::CosignatureEd25519,
        &[9; 32],
    );
    let witness = witness.unwrap().verifier().to_string();
    let policy = format!("log {}\nwitness w {witness}\nquorum w\n", factory.world.keys[0]);
    factory.world.write("strict-policy", policy);
    factory.judge(&verify_words(RECEIPT, FILE, DISCLOSURE, "strict-policy", KEY), 1);
    // The same name with another key, and another name.
    for name in [SOURCE, "line-5"] {
        let key = Source::new(name, 5).verifier();
        factory.judge(&verify_words(RECEIPT, FILE, DISCLOSURE, "policy", &key), 1);
    }
    // Either of the log's keys is enough, each by itself.
    for key in &factory.world.keys {
        factory.world.write("one-key", format!("log {key}\nquorum none\n"));
        factory.judge(&verify_words(RECEIPT, FILE, DISCLOSURE, "one-key", KEY), 0);
    }
}

#[test]
fn what_cannot_be_read_decides_nothing() {
    let factory = anchored();
    let whole = verify_words(RECEIPT, FILE, DISCLOSURE, "policy", KEY);
    factory.judge(&whole, 0);
    // A folder can be opened and not read, whoever tries.
    for place in [1, 3, 5, 7, 9] {
        for instead in ["missing", "reports"] {
            let mut words = whole;
            words[place] = instead;
            factory.judge(&words, 2);
        }
    }
    factory.world.write("no-policy", "log nonsense\nquorum none\n");
    factory.judge(&verify_words(RECEIPT, FILE, DISCLOSURE, "no-policy", KEY), 2);
    // Without a policy, or without the source's key, there is no verdict.
    factory.judge(&whole[..6], 2);
    factory.judge(&whole[..8], 2);
    let wrong_words = factory.world.fiducial(&["verify"]);
    assert_eq!(wrong_words.code, 2);
}
