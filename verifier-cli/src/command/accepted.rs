//! What an accepted checkpoint says, and why one was not accepted, in words.

use std::collections::BTreeSet;

use spec::checkpoint::Origin;
use spec::cosignature::CosignatureError;
use spec::key::{Algorithm, KeyId, KeyName, VerifierKey};
use spec::note::Note;
use spec::policy::{
    BadLine, Cosigner, Counting, Explanation, MemberStanding, Policy, PolicyFailure, PostQuantum,
    Rule, Standing, Times,
};
use spec::time::format_utc;

use super::judge::{Judge, Judged};
use crate::matter::Witness;
use crate::messages::{Message, Said};
use crate::report::Report;

/// Adds the log, the tree, who signed and when; and what the policy leaves open.
pub(crate) fn describe(report: &mut Report, judge: &Judge, note: &Note, judged: &Judged) {
    let accepted = &judged.accepted;
    report.fact(Message::LabelOrigin, accepted.origin());
    report.fact(Message::LabelTreeSize, accepted.tree().size());
    report.fact(Message::LabelRoot, accepted.tree().root());
    let algorithms = accepted.log_algorithms().iter().map(|kind| name_of(*kind));
    report.fact(Message::LabelLogSigned, algorithms.collect::<Vec<_>>().join(", "));
    for cosigner in accepted.cosigners() {
        let (name, kind) = (&cosigner.witness, name_of(cosigner.algorithm));
        let time = format_utc(cosigner.time.as_seconds());
        report.fact(Message::LabelCosigned, format!("{name} ({kind}) {time}"));
    }
    for name in judged.unrelated.iter().flat_map(|(_, names)| names) {
        report.fact(Message::LabelUnrelated, name);
    }
    match judged.times {
        Some(times) => report.fact(Message::LabelTimes, span(times)),
        None => report.not_checked(Message::OpenNoWitness, &[]),
    }
    describe_post_quantum(report, judge.policy(), note, judged);
}

/// Who cosigned, for a report on paper.
pub(crate) fn witnesses(judged: &Judged) -> Vec<Witness> {
    let of = |cosigner: &Cosigner| {
        let name = cosigner.witness.to_string();
        let unrelated = judged.unrelated.as_ref().map(|(_, names)| names.contains(&name));
        let algorithm = name_of(cosigner.algorithm);
        Witness { name, algorithm, time: cosigner.time.as_seconds(), unrelated }
    };
    judged.accepted.cosigners().iter().map(of).collect()
}

/// What still stands when Ed25519 has fallen.
fn describe_post_quantum(report: &mut Report, policy: &Policy, note: &Note, judged: &Judged) {
    let accepted = &judged.accepted;
    match (accepted.post_quantum(), judged.post_quantum_times, &judged.unrelated) {
        (PostQuantum::Accepted(_), Some(times), _) => {
            report.fact(Message::LabelPostQuantumTimes, span(times));
        }
        (PostQuantum::Accepted(_), None, Some((parties, _))) => {
            report.not_checked(Message::OpenPostQuantumUnrelated, &[parties]);
        }
        (PostQuantum::Accepted(_), None, None) => {
            report.fact(Message::LabelPostQuantum, "ML-DSA-44");
        }
        (PostQuantum::LogSignature, ..) => {
            let listed = policy.lists_log_key(accepted.origin(), Algorithm::CosignatureMlDsa44);
            let open =
                if listed { Message::OpenPostQuantumLog } else { Message::OpenPostQuantumNoKey };
            report.not_checked(open, &[]);
        }
        (PostQuantum::Quorum(short), ..) => {
            let quorum = short.quorum.to_string();
            let rules = match policy.explain(note, Counting::PostQuantum) {
                Ok(explained) => unmet(&explained),
                // The note was accepted, so it is a checkpoint.
                Err(_) => Vec::new(),
            };
            let open = Said::new(Message::OpenPostQuantumQuorum, &[&quorum]).with(rules);
            report.said_not_checked(open);
        }
    }
}

/// Says why a policy does not accept a note: the reason, and each rule that it breaks.
pub(crate) fn refusal(policy: &Policy, note: &Note, failure: &PolicyFailure) -> Vec<Said> {
    let first = match failure {
        PolicyFailure::BadSignatures(lines) => {
            Said::new(Message::BadSignatures, &[]).with(lines.iter().map(said_of_line).collect())
        }
        PolicyFailure::Checkpoint(error) => Said::of_error(Message::NotACheckpoint, &[], &error),
        PolicyFailure::LogSignature { origin } => log_has_not_signed(origin, policy, note),
        PolicyFailure::Quorum(short) => {
            Said::new(Message::QuorumNotMet, &[&short.quorum.to_string()])
        }
        PolicyFailure::UnknownLog { origin } => {
            unknown_log(origin, policy.logs().iter().map(|log| log.key()))
        }
        // `PolicyFailure` may grow; the library's own words are better than none.
        other => Said::of_error(Message::NotAccepted, &[], &other),
    };
    let mut reasons = vec![first];
    let is_about_witnesses =
        matches!(failure, PolicyFailure::BadSignatures(_) | PolicyFailure::Quorum(_));
    if is_about_witnesses && let Ok(explained) = policy.explain(note, Counting::All) {
        reasons.extend(unmet(&explained));
    }
    reasons
}

/// What came is of another log than the trusted ones: the wrong address, or the wrong policy.
pub(crate) fn unknown_log<'a>(
    origin: &Origin,
    trusted: impl Iterator<Item = &'a VerifierKey>,
) -> Said {
    let names: BTreeSet<&str> = trusted.map(|key| key.name().as_str()).collect();
    if names.is_empty() {
        return Said::new(Message::UnknownLogNoneListed, &[origin.as_str()]);
    }
    let names: Vec<&str> = names.into_iter().collect();
    Said::new(Message::UnknownLog, &[origin.as_str(), &names.join(", ")])
}

/// The log's name is right and its key is not: the policy is old, or another log has the name.
fn log_has_not_signed(origin: &Origin, policy: &Policy, note: &Note) -> Said {
    let is_it = |name: &KeyName| name.as_str() == origin.as_str();
    let keys = policy.logs().iter().map(|log| log.key()).filter(|key| is_it(key.name()));
    let listed = ids(keys.map(VerifierKey::id));
    let signed = ids(note.signatures().iter().filter(|line| is_it(&line.name)).map(|line| line.id));
    Said::new(Message::LogHasNotSigned, &[origin.as_str(), &listed, &signed])
}

/// Key IDs in a row; a dash where there is none.
fn ids(ids: impl Iterator<Item = KeyId>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    if ids.is_empty() { "-".to_string() } else { ids.join(", ") }
}

/// The rules that keep the quorum from being met; of a single witness, its standing.
fn unmet(explained: &Explanation) -> Vec<Said> {
    let rules: Vec<Said> = explained.unmet().map(said_of_rule).collect();
    match &explained.quorum {
        Some(quorum) if rules.is_empty() && !quorum.standing.counts() => vec![said_of(quorum)],
        _ => rules,
    }
}

fn said_of_rule(rule: &Rule) -> Said {
    let numbers = [rule.need, rule.members.len(), rule.have].map(|number| number.to_string());
    let values = [&rule.name.to_string(), &numbers[0], &numbers[1], &numbers[2]];
    Said::new(Message::RuleShort, &values.map(String::as_str))
        .with(rule.members.iter().map(said_of).collect())
}

fn said_of(member: &MemberStanding) -> Said {
    let name = member.name.to_string();
    match member.standing {
        Standing::Cosigned(time) => {
            Said::new(Message::MemberCosigned, &[&name, &format_utc(time.as_seconds())])
        }
        Standing::Group { have, need } => {
            let met =
                if have >= need { Message::MemberGroupMet } else { Message::MemberGroupShort };
            Said::new(met, &[&name, &have.to_string(), &need.to_string()])
        }
        Standing::NotCosigned => Said::new(Message::MemberNotCosigned, &[&name]),
        Standing::NotPostQuantum => Said::new(Message::MemberNotPostQuantum, &[&name]),
        Standing::Refused(_) => Said::new(Message::MemberRefused, &[&name]),
        Standing::Timeless => Said::new(Message::MemberTimeless, &[&name]),
    }
}

fn said_of_line(line: &BadLine) -> Said {
    let why = match line.why {
        CosignatureError::Invalid => Said::new(Message::DetailInvalid, &[]),
        CosignatureError::Timestamp(_) => Said::new(Message::DetailTimestamp, &[]),
        other => Said::of_error(Message::DetailOther, &[], &other),
    };
    Said::new(Message::BadSignatureLine, &[line.name.as_str(), &line.id.to_string()])
        .with(vec![why])
}

/// The name of a signature type as people know it.
pub(crate) const fn name_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::CosignatureEd25519 | Algorithm::NoteEd25519 => "Ed25519",
        Algorithm::CosignatureMlDsa44 => "ML-DSA-44",
    }
}

fn span(times: Times) -> String {
    let (earliest, latest) = (times.earliest.as_seconds(), times.latest.as_seconds());
    if earliest == latest {
        return format_utc(latest);
    }
    format!("{} .. {}", format_utc(earliest), format_utc(latest))
}
