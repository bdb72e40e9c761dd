//! What is fuzzed: one function a parser. Included by `spec/tests/fuzz_corpus.rs`, which runs on
//! stable, and by the `fuzz/` workspace, which runs under libFuzzer.
//!
//! Each parses, prints and compares: whatever is accepted has one encoding. Nothing may panic.

use spec::bundle::Bundle;
use spec::checkpoint::Checkpoint;
use spec::evidence::challenge::{Challenge, MAX_PICKS};
use spec::evidence::disclosure::Disclosure;
use spec::evidence::enrolment::Enrolment;
use spec::evidence::pins::Pins;
use spec::evidence::statement::Statement;
use spec::key::VerifierKey;
use spec::note::Note;
use spec::policy::Policy;
use spec::proof::Proof;
use spec::split::Split;
use spec::succession::Succession;
use spec::tile::{Tile, TileKind, parse_entries, push_entry};

/// A target: the name of its corpus folder and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 15] = [
    ("bundle", bundle),
    ("challenge", challenge),
    ("checkpoint", checkpoint),
    ("disclosure", disclosure),
    ("enrolment", enrolment),
    ("evidence-bundle", evidence_bundle),
    ("note", note),
    ("pins", pins),
    ("policy", policy),
    ("proof", proof),
    ("split", split),
    ("statement", statement),
    ("succession", succession),
    ("tile", tile),
    ("vkey", vkey),
];

/// A bundle of as many entries as its first byte says, plus one.
pub fn bundle(bytes: &[u8]) {
    let Some((width, bundle)) = bytes.split_first() else { return };
    let tile = Tile::new(TileKind::Entries, 0, u16::from(*width) + 1).expect("1 to 256");
    if let Some(entries) = parse_entries(tile, bundle) {
        let mut again = Vec::new();
        entries.iter().for_each(|entry| push_entry(&mut again, entry));
        assert_eq!(again, bundle);
    }
}

/// A challenge. Its picks are only claimed, and never more than a challenge may have.
pub fn challenge(bytes: &[u8]) {
    if let Ok(challenge) = Challenge::parse(bytes) {
        assert_eq!(challenge.to_string().as_bytes(), bytes);
        assert!((1..=MAX_PICKS).contains(&challenge.picks().len()));
    }
}

/// The text of a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
}

/// A disclosure. JSON has many spellings, so the second writing is compared with the first.
pub fn disclosure(bytes: &[u8]) {
    if let Ok(disclosure) = Disclosure::parse(bytes) {
        let written = disclosure.to_json();
        let again = Disclosure::parse(written.as_bytes()).expect("what is written is read");
        assert_eq!(again, disclosure);
        assert_eq!(again.to_json(), written);
    }
}

/// An enrolment request.
pub fn enrolment(bytes: &[u8]) {
    if let Ok(request) = Enrolment::parse(bytes) {
        assert_eq!(request.to_bytes(), bytes);
    }
}

/// A bundle of evidence: parts, lists and the zip around them have one form.
pub fn evidence_bundle(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::parse(bytes) {
        assert_eq!(bundle.to_bytes(), bytes);
    }
}

/// A signed note.
pub fn note(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_bytes(), bytes);
    }
}

/// Pins. Comments and empty lines are not part of them: what is written again says the same.
pub fn pins(bytes: &[u8]) {
    if let Ok(pins) = Pins::parse(bytes) {
        let written = pins.to_string();
        assert_eq!(Pins::parse(written.as_bytes()).as_ref(), Ok(&pins));
    }
}

/// A policy, and its judgement of a note if the input goes on with one behind a zero byte.
pub fn policy(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (policy, behind) = (parts.next().unwrap_or_default(), parts.next());
    let Ok(policy) = Policy::parse(policy) else { return };
    for group in policy.groups() {
        assert!((1..=group.members().len()).contains(&group.threshold()));
    }
    if let Some(Ok(note)) = behind.map(Note::parse) {
        let _ = policy.check(&note);
    }
}

/// A proof.
pub fn proof(bytes: &[u8]) {
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
    }
}

/// Evidence of a split. No key is known, so nothing may be proven.
pub fn split(bytes: &[u8]) {
    if let Ok(split) = Split::parse(bytes) {
        assert_eq!(split.to_bytes(), bytes);
        assert!(split.prove(&[]).is_err());
    }
}

/// A statement.
pub fn statement(bytes: &[u8]) {
    if let Ok(statement) = Statement::parse(bytes) {
        assert_eq!(statement.to_bytes(), bytes);
    }
}

/// A succession. No key is known, so nobody has signed it.
pub fn succession(bytes: &[u8]) {
    if let Ok(succession) = Succession::parse(bytes) {
        assert_eq!(succession.to_bytes(), bytes);
        assert!(succession.verify(&[]).is_err() && succession.verify_old(&[]).is_err());
    }
}

/// The path of a tile.
pub fn tile(bytes: &[u8]) {
    let Ok(path) = std::str::from_utf8(bytes) else { return };
    if let Some(tile) = Tile::parse(path) {
        assert_eq!(tile.to_string(), path);
    }
}

/// A verifier key.
pub fn vkey(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
}
