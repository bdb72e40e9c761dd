//! `verify consistency`: does the newer of two checkpoints only append to the older?

use std::path::Path;

use spec::note::Note;
use spec::tree::{ConsistencyError, verify_consistency};

use super::judge::{Judge, Judged};
use super::{Stop, describe};
use crate::args::VerifyConsistency;
use crate::input;
use crate::log::tiles::Tiles;
use crate::log::{Log, Network};
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};
use crate::words;

/// Both checkpoints must be accepted under the policy, and be of one log.
pub(crate) fn run(wanted: &VerifyConsistency, network: &Network) -> Result<Report, Stop> {
    let judge = Judge::open(&wanted.policy)?;
    let (_, old) = accept(&judge, &wanted.old)?;
    let (note, new) = accept(&judge, &wanted.new)?;
    check_pair(&old, &new)?;
    let (before, after) = (old.accepted.tree().size(), new.accepted.tree().size());
    let proof = match (&wanted.proof, &wanted.log) {
        (Some(file), _) => input::consistency(file, old.accepted.tree(), new.accepted.tree())?,
        (None, Some(place)) => {
            let log = Log::open(place, network)?;
            Tiles::new(&log, log.size_hint(after)).prove_consistency(before, after)?
        }
        (None, None) => return Err(Stop::Failure(Said::new(Message::NoProof, &[]).into())),
    };
    check(&old, &new, &proof)?;
    let mut report = Report::new(Verdict::Verified);
    let sizes = [before.to_string(), after.to_string()];
    report.reason(Said::new(Message::ConsistentFromTo, &[&sizes[0], &sizes[1]]));
    describe(&mut report, &judge, &note, &new);
    report.not_checked(Message::OpenEntries, &[]);
    Ok(report)
}

/// Reads a checkpoint and judges it.
pub(super) fn accept(judge: &Judge, path: &Path) -> Result<(Note, Judged), Stop> {
    let note = input::note(path)?;
    match judge.accept(&note) {
        Ok(judged) => Ok((note, judged)),
        Err(stop) => Err(stop.within(&path.display().to_string())),
    }
}

/// Two checkpoints can be compared if they are of one log and the older is not the larger.
pub(super) fn check_pair(old: &Judged, new: &Judged) -> Result<(), Stop> {
    let (old, new) = (&old.accepted, &new.accepted);
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
pub(super) fn check(old: &Judged, new: &Judged, proof: &[spec::Hash]) -> Result<(), Stop> {
    let (old, new) = (old.accepted.tree(), new.accepted.tree());
    verify_consistency(old, new, proof).map_err(|error| {
        Stop::rejected(match error {
            ConsistencyError::SameSizeOtherRoot => {
                Said::new(Message::Fork, &[&old.size().to_string()])
            }
            other => {
                Said::new(Message::NotConsistent, &[]).with(vec![words::of_consistency(&other)])
            }
        })
    })
}
