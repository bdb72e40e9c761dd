//! `verify consistency`: does the newer of two checkpoints only append to the older?

use std::path::Path;

use spec::policy::{AcceptedCheckpoint, Policy};
use spec::tree::{ConsistencyError, verify_consistency};

use super::{Stop, describe_accepted, said_of_policy_failure};
use crate::args::VerifyConsistency;
use crate::input;
use crate::log::Log;
use crate::log::tiles::Tiles;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// Both checkpoints must be accepted under the policy, and be of one log.
pub(crate) fn run(wanted: &VerifyConsistency) -> Result<Report, Stop> {
    let policy = input::policy(wanted.policy.as_deref())?;
    let old = accept(&policy, &wanted.old)?;
    let new = accept(&policy, &wanted.new)?;
    check_pair(&old, &new)?;
    let proof = match (&wanted.proof, &wanted.log) {
        (Some(file), _) => input::hashes(file)?,
        (None, Some(place)) => {
            let log = Log::open(place)?;
            Tiles::new(&log, log.size_hint(new.tree().size()))
                .prove_consistency(old.tree().size(), new.tree().size())?
        }
        (None, None) => return Err(Stop::Failure(Said::new(Message::NoProof, &[]).into())),
    };
    judge(&old, &new, &proof)?;
    Ok(report(&old, &new))
}

/// Reads a checkpoint and judges it under the policy.
pub(super) fn accept(policy: &Policy, path: &Path) -> Result<AcceptedCheckpoint, Stop> {
    let note = input::note(path)?;
    policy.check(&note).map_err(|failure| {
        let shown = path.display().to_string();
        let why = said_of_policy_failure(&failure);
        Stop::Rejected(why.within(&shown))
    })
}

/// Two checkpoints can be compared if they are of one log and the older is not the larger.
pub(super) fn check_pair(old: &AcceptedCheckpoint, new: &AcceptedCheckpoint) -> Result<(), Stop> {
    if old.origin() != new.origin() {
        let origins = [old.origin().as_str(), new.origin().as_str()];
        return Err(Stop::Failure(Said::new(Message::TwoLogs, &origins).into()));
    }
    let (before, after) = (old.tree().size(), new.tree().size());
    if before > after {
        let sizes = [before.to_string(), after.to_string()];
        let why = Said::new(Message::WrongOrder, &[&sizes[0], &sizes[1]]);
        return Err(Stop::Failure(why.into()));
    }
    Ok(())
}

/// Checks the proof, and names a fork for what it is.
pub(super) fn judge(
    old: &AcceptedCheckpoint,
    new: &AcceptedCheckpoint,
    proof: &[spec::Hash],
) -> Result<(), Stop> {
    verify_consistency(old.tree(), new.tree(), proof).map_err(|error| {
        let size = old.tree().size().to_string();
        Stop::Rejected(match error {
            ConsistencyError::SameSizeOtherRoot => Said::new(Message::Fork, &[&size]),
            other => Said::new(Message::NotConsistent, &[&other.to_string()]),
        })
    })
}

fn report(old: &AcceptedCheckpoint, new: &AcceptedCheckpoint) -> Report {
    let mut report = Report::new(Verdict::Verified);
    let (before, after) = (old.tree().size().to_string(), new.tree().size().to_string());
    report.reason(Said::new(Message::ConsistentFromTo, &[&before, &after]));
    describe_accepted(&mut report, new);
    report.not_checked(Message::OpenEntries, &[]);
    report
}
