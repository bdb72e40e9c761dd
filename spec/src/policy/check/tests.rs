//! Tests of the judgement: signed notes against small policies.

use super::*;
use crate::hash::Hash;
use crate::key::SigningKey;
use crate::note::Signature;
use alloc::format;
use alloc::string::ToString;
use ml_dsa::MlDsa44;

const ORIGIN: &str = "log.example";

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

pub(in crate::policy) fn label(text: &str) -> PolicyName {
    PolicyName(text.as_bytes().to_vec())
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn key(text: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name(text), algorithm, &[seed; 32]).unwrap()
}

fn log_key() -> SigningKey {
    key(ORIGIN, Algorithm::NoteEd25519, 1)
}

pub(in crate::policy) fn witness_key(seed: u8) -> SigningKey {
    key(&format!("w{seed}.example"), Algorithm::CosignatureEd25519, seed)
}

pub(in crate::policy) fn checkpoint() -> Checkpoint {
    let tree = Tree::new(7, Hash::of(b"root")).unwrap();
    Checkpoint::new(Origin::parse(ORIGIN).unwrap(), tree)
}

pub(in crate::policy) fn ml_dsa_line(
    name_text: &str,
    seed: u8,
    seconds: u64,
) -> (VerifierKey, Signature) {
    let public = cosignature::ml_dsa_verifier_key(name(name_text), &[seed; 32]);
    let private = ml_dsa::SigningKey::<MlDsa44>::from_seed((&[seed; 32]).into());
    // Forbidden times have no `Timestamp`, so their eight bytes are written over those of time 1.
    let mut message = cosignature::ml_dsa_message(public.name(), at(1), &checkpoint());
    let offset = 13 + name_text.len();
    message[offset..offset + 8].copy_from_slice(&seconds.to_be_bytes());
    let signed = private.expanded_key().sign_deterministic(&message, &[]).unwrap().encode();
    let bytes = [&seconds.to_be_bytes(), signed.as_slice()].concat();
    let signature = Signature { name: public.name().clone(), id: public.id(), bytes };
    (public, signature)
}

/// A note signed by the log and by the witnesses of the given seeds at the given times.
pub(in crate::policy) fn note(witnesses: &[(u8, u64)], others: &[Signature]) -> Note {
    let text = checkpoint().to_string();
    let mut lines = vec![log_key().sign_note(&text)];
    for (seed, seconds) in witnesses {
        lines.push(cosignature::sign_ed25519(&witness_key(*seed), at(*seconds), &checkpoint()));
    }
    lines.extend_from_slice(others);
    Note::new(text, lines)
}

pub(in crate::policy) fn policy(rules: &str) -> Policy {
    let mut text = format!("log {}\n", log_key().verifier());
    for seed in 2..=7 {
        text += &format!("witness w{seed} {}\n", witness_key(seed).verifier());
    }
    Policy::parse((text + rules).as_bytes()).unwrap()
}

fn times(accepted: &AcceptedCheckpoint) -> (u64, u64) {
    let times = accepted.times().unwrap();
    (times.earliest.as_seconds(), times.latest.as_seconds())
}

#[test]
fn without_a_quorum_the_log_alone_is_enough_and_gives_no_time() {
    let accepted = policy("quorum none\n").check(&note(&[(2, 5)], &[])).unwrap();
    assert_eq!(accepted.tree(), checkpoint().tree());
    assert_eq!(accepted.log_algorithms(), [Algorithm::NoteEd25519]);
    assert_eq!(accepted.times(), None);
    assert_eq!(accepted.cosigners().len(), 1);
    assert_eq!(accepted.post_quantum(), &PostQuantum::LogSignature);
}

#[test]
fn the_example_quorum_counts_as_the_specification_says() {
    let rules = "group X 2 w2 w3 w4\ngroup Y any w5 w6 w7\ngroup both all X Y\nquorum both\n";
    let policy = policy(rules);
    assert!(policy.check(&note(&[(2, 5), (4, 6), (7, 7)], &[])).is_ok());
    let Err(PolicyFailure::Quorum(short)) = policy.check(&note(&[(2, 5), (7, 7)], &[])) else {
        panic!("one of X is not two");
    };
    assert_eq!(short.quorum, label("both"));
    let groups: Vec<(PolicyName, usize, usize)> =
        short.groups.into_iter().map(|group| (group.name, group.have, group.need)).collect();
    assert_eq!(groups, [(label("X"), 1, 2), (label("both"), 1, 2)]);
    assert_eq!(short.missing, [label("w3"), label("w4")]);
}

#[test]
fn a_single_witness_can_be_the_quorum() {
    let policy = policy("quorum w3\n");
    assert_eq!(times(&policy.check(&note(&[(3, 9)], &[])).unwrap()), (9, 9));
    let Err(PolicyFailure::Quorum(short)) = policy.check(&note(&[(2, 9)], &[])) else {
        panic!("another witness is not this one");
    };
    assert_eq!((short.missing, short.groups), (vec![label("w3")], Vec::new()));
}

#[test]
fn the_times_are_those_of_the_earliest_quorum() {
    let policy = policy("group g 2 w2 w3 w4\nquorum g\n");
    let accepted = policy.check(&note(&[(2, 4_000_000_000), (3, 20), (4, 10)], &[])).unwrap();
    assert_eq!(times(&accepted), (10, 20));
    assert_eq!(accepted.cosigners().len(), 3);
    let accepted = policy.check(&note(&[(2, 4_000_000_000), (3, 20)], &[])).unwrap();
    assert_eq!(times(&accepted), (20, 4_000_000_000));
}

#[test]
fn a_bad_line_of_any_known_key_is_refused_with_its_name() {
    for rules in ["quorum none\n", "quorum w2\n"] {
        let mut bad = cosignature::sign_ed25519(&witness_key(3), at(9), &checkpoint());
        bad.bytes[20] ^= 1;
        let failure = policy(rules).check(&note(&[(2, 5)], &[bad])).unwrap_err();
        let PolicyFailure::BadSignatures(lines) = failure else {
            panic!("a bad line was not reported as such: {failure}");
        };
        assert_eq!(lines[0].witness, Some(label("w3")));
        assert_eq!(lines[0].why, CosignatureError::Invalid);
    }
}

#[test]
fn bad_lines_of_log_and_witness_are_reported_together() {
    let text = checkpoint().to_string();
    let mut log_line = log_key().sign_note(&text);
    log_line.bytes[0] ^= 1;
    let mut line = cosignature::sign_ed25519(&witness_key(3), at(9), &checkpoint());
    line.bytes[8] ^= 1;
    let failure = policy("quorum none\n").check(&Note::new(text, vec![log_line, line]));
    assert!(matches!(failure, Err(PolicyFailure::BadSignatures(bad)) if bad.len() == 2));
}

#[test]
fn the_log_must_be_listed_and_must_have_signed() {
    let text = "other.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    // A listed log's key under another log's checkpoint proves nothing about that log.
    let foreign = Note::new(text.to_string(), vec![log_key().sign_note(text)]);
    let failure = policy("quorum none\n").check(&foreign);
    assert!(matches!(failure, Err(PolicyFailure::UnknownLog { .. })), "{failure:?}");

    let text = checkpoint().to_string();
    let stranger = key(ORIGIN, Algorithm::NoteEd25519, 99).sign_note(&text);
    let failure = policy("quorum none\n").check(&Note::new(text, vec![stranger]));
    assert!(matches!(failure, Err(PolicyFailure::LogSignature { .. })), "{failure:?}");

    let empty = Policy::parse(b"quorum none\n").unwrap();
    let failure = empty.check(&note(&[], &[]));
    assert!(matches!(failure, Err(PolicyFailure::UnknownLog { .. })), "{failure:?}");
}

#[test]
fn a_note_that_is_no_checkpoint_is_refused() {
    let text = "not a checkpoint\n";
    let note = Note::new(text.to_string(), vec![log_key().sign_note(text)]);
    let failure = policy("quorum none\n").check(&note);
    assert_eq!(failure, Err(PolicyFailure::Checkpoint(CheckpointError::Lines)));
}

#[test]
fn one_witness_with_two_keys_counts_once_and_the_post_quantum_count_is_its_own() {
    let (log_pq, log_line) = ml_dsa_line(ORIGIN, 40, 30);
    let (w2_pq, w2_line) = ml_dsa_line("w2.example", 41, 31);
    let head = format!(
        "log {}\nlog {log_pq}\nwitness w2 {}\nwitness w2-pq {w2_pq}\nwitness w3 {}\n",
        log_key().verifier(),
        witness_key(2).verifier(),
        witness_key(3).verifier(),
    );
    let rules = "group two any w2 w2-pq\ngroup q all two w3\nquorum q\n";
    let policy = Policy::parse((head.clone() + rules).as_bytes()).unwrap();

    let both_of_w2 = note(&[(2, 5)], &[log_line.clone(), w2_line.clone()]);
    assert!(matches!(policy.check(&both_of_w2), Err(PolicyFailure::Quorum(_))));

    let all = note(&[(2, 5), (3, 6)], &[log_line, w2_line]);
    let accepted = policy.check(&all).unwrap();
    assert_eq!(times(&accepted), (5, 6));
    let PostQuantum::Quorum(short) = accepted.post_quantum() else {
        panic!("w3 has no ML-DSA-44 key, so the second quorum cannot be met");
    };
    assert_eq!(short.missing, [label("w3")]);

    let single = Policy::parse((head + "group q any w2 w2-pq\nquorum q\n").as_bytes()).unwrap();
    let accepted = single.check(&all).unwrap();
    let span = Times { earliest: at(31), latest: at(31) };
    assert_eq!(accepted.post_quantum(), &PostQuantum::Accepted(Some(span)));
    assert_eq!(times(&accepted), (5, 5));
}

#[test]
fn a_log_that_signs_with_ml_dsa_alone_is_enough() {
    let (log_pq, log_line) = ml_dsa_line(ORIGIN, 40, 30);
    let policy = Policy::parse(format!("log {log_pq}\nquorum none\n").as_bytes()).unwrap();
    let signed = Note::new(checkpoint().to_string(), vec![log_line]);
    let accepted = policy.check(&signed).unwrap();
    assert_eq!(accepted.post_quantum(), &PostQuantum::Accepted(None));

    let (_, timeless) = ml_dsa_line(ORIGIN, 40, 0);
    let signed = Note::new(checkpoint().to_string(), vec![timeless]);
    let failure = policy.check(&signed);
    assert!(matches!(failure, Err(PolicyFailure::LogSignature { .. })), "{failure:?}");
}

#[test]
fn a_witness_without_a_time_never_counts_and_does_not_spoil_the_note() {
    let (w9, timeless) = ml_dsa_line("w9.example", 42, 0);
    let text = format!(
        "log {}\nwitness w9 {w9}\nwitness w2 {}\ngroup g any w9 w2\nquorum g\n",
        log_key().verifier(),
        witness_key(2).verifier(),
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let failure = policy.check(&note(&[], core::slice::from_ref(&timeless)));
    assert!(matches!(failure, Err(PolicyFailure::Quorum(_))), "{failure:?}");
    let accepted = policy.check(&note(&[(2, 5)], &[timeless])).unwrap();
    assert_eq!(accepted.cosigners().len(), 1);

    let (_, beyond) = ml_dsa_line("w9.example", 42, 1 << 63);
    let failure = policy.check(&note(&[(2, 5)], &[beyond]));
    assert!(matches!(failure, Err(PolicyFailure::BadSignatures(_))), "{failure:?}");
}

#[test]
fn every_flipped_bit_of_a_cosigned_checkpoint_is_noticed() {
    let policy = policy("group g all w2 w3\nquorum g\n");
    let bytes = note(&[(2, 5), (3, 6)], &[]).to_bytes();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let accepted = Note::parse(&changed).is_ok_and(|note| policy.check(&note).is_ok());
            assert!(!accepted, "byte {place}, bit {bit}");
        }
    }
}
