//! What an accepted checkpoint says, and why one was not accepted, in words.

use spec::key::Algorithm;
use spec::policy::{AcceptedCheckpoint, PolicyFailure, PostQuantum, QuorumShort, Times};

use crate::messages::{Message, Said};
use crate::report::Report;
use crate::time::format_utc;

/// Adds the log, the tree, who signed and when; and what the policy leaves open.
pub(crate) fn describe_accepted(report: &mut Report, accepted: &AcceptedCheckpoint) {
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
    match accepted.times() {
        Some(times) => report.fact(Message::LabelTimes, span(times)),
        None => report.not_checked(Message::OpenNoWitness, &[]),
    }
    match accepted.post_quantum() {
        PostQuantum::Accepted(Some(times)) => {
            report.fact(Message::LabelPostQuantumTimes, span(*times));
        }
        PostQuantum::Accepted(None) => report.fact(Message::LabelPostQuantum, "ML-DSA-44"),
        PostQuantum::LogSignature => report.not_checked(Message::OpenPostQuantumLog, &[]),
        PostQuantum::Quorum(short) => {
            report.not_checked(Message::OpenPostQuantumQuorum, &[&shortfall(short)]);
        }
    }
}

/// Says why a policy does not accept a checkpoint.
pub(crate) fn said_of_policy_failure(failure: &PolicyFailure) -> Said {
    match failure {
        PolicyFailure::BadSignatures(lines) => {
            let lines: Vec<String> = lines
                .iter()
                .map(|line| format!("{}+{}: {}", line.name, line.id, line.why))
                .collect();
            Said::new(Message::BadSignatures, &[&lines.join("; ")])
        }
        PolicyFailure::Checkpoint(error) => {
            Said::new(Message::NotACheckpoint, &[&error.to_string()])
        }
        PolicyFailure::LogSignature { origin } => {
            Said::new(Message::LogHasNotSigned, &[origin.as_str()])
        }
        PolicyFailure::Quorum(short) => Said::new(Message::QuorumNotMet, &[&shortfall(short)]),
        PolicyFailure::UnknownLog { origin } => Said::new(Message::UnknownLog, &[origin.as_str()]),
        // `PolicyFailure` may grow; the library's own words are better than none.
        other => Said::new(Message::NotAccepted, &[&other.to_string()]),
    }
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

fn shortfall(short: &QuorumShort) -> String {
    let groups: Vec<String> = short
        .groups
        .iter()
        .map(|group| format!("{} {}/{}", group.name, group.have, group.need))
        .collect();
    let missing: Vec<String> = short.missing.iter().map(ToString::to_string).collect();
    let groups = if groups.is_empty() { String::new() } else { format!("{}; ", groups.join(", ")) };
    format!("{}: {groups}- {}", short.quorum, missing.join(", "))
}
