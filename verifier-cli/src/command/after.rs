//! The lower bound: the statement was made after a cosigned checkpoint, and names it.
//!
//! ```text
//! note -> SHA-256 as in the statement's `after` line -> accepted under the policy
//!      -> its tree is the statement's -> the receipt's tree continues it
//! ```
//!
//! The cosignatures are inside what is hashed, so whoever wrote the hash had them. The time said
//! is the earliest of the note's accepted quorum: all of that quorum had signed by then or later,
//! so one witness with a clock that runs ahead cannot make a statement look younger than it is.

use spec::Hash;
use spec::evidence::statement::VerifiedStatement;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::time::format_utc;
use spec::tree::verify_consistency;

use super::Stop;
use super::judge::{Judge, Judged};
use crate::args::Verify;
use crate::input;
use crate::log::tiles::Tiles;
use crate::log::{Log, Network};
use crate::messages::{Message, Said};
use crate::report::Report;
use crate::words;

/// What the bound is about: the statement, and the checkpoint of its receipt.
pub(super) struct Place<'a> {
    pub(super) statement: &'a VerifiedStatement,
    pub(super) receipt: &'a Judged,
}

/// Checks the note that was given, or says that the bound was not checked. Gives the bound, in
/// seconds since 1970, if all of it holds.
pub(super) fn check(
    report: &mut Report,
    wanted: &Verify,
    judge: &Judge,
    place: &Place<'_>,
    network: &Network,
) -> Result<Option<u64>, Stop> {
    let after = place.statement.after();
    let size = after.tree().size();
    let Some(path) = &wanted.after else {
        if size == 0 {
            // Its source names no tree, whatever the log had by then.
            report.not_checked(Message::OpenNoLowerBound, &[]);
        } else {
            report.not_checked(Message::OpenLowerBound, &[&size.to_string()]);
        }
        return Ok(None);
    };
    let shown = path.display().to_string();
    let bytes = input::read(path, MAX_NOTE_SIZE)?;
    // A file that was cut is no note at all, and says nothing of the statement.
    let note = Note::parse(&bytes)
        .map_err(|error| Said::of_error(Message::Malformed, &[&shown], &error))?;
    let hash = Hash::of(&bytes);
    if hash != after.note_hash() {
        let values = [shown, hash.to_string(), after.note_hash().to_string()];
        return Err(rejected(Message::AfterOtherNote, &values.each_ref().map(String::as_str)));
    }
    let judged = judge.accept(&note).map_err(|stop| stop.within(&shown))?;
    if judged.accepted.origin() != place.statement.origin()
        || judged.accepted.tree() != after.tree()
    {
        return Err(rejected(Message::AfterOtherTree, &[&shown]));
    }
    let is_continued = check_continued(report, wanted, place, network)?;
    match judged.times {
        Some(times) => {
            let time = format_utc(times.earliest.as_seconds());
            report.reason(Said::new(Message::AfterHolds, &[&time, &size.to_string()]));
            report.fact(Message::LabelNotBefore, time);
        }
        None => {
            report.reason(Said::new(Message::AfterHoldsUntimed, &[&size.to_string()]));
            report.not_checked(Message::OpenAfterTime, &[]);
        }
    }
    Ok(judged.times.filter(|_| is_continued).map(|times| times.earliest.as_seconds()))
}

/// The receipt's tree must continue the one that the statement follows. Gives whether it was shown.
fn check_continued(
    report: &mut Report,
    wanted: &Verify,
    place: &Place<'_>,
    network: &Network,
) -> Result<bool, Stop> {
    let (old, new) = (place.statement.after().tree(), place.receipt.accepted.tree());
    let proof = match (&wanted.consistency, &wanted.log) {
        (Some(file), _) => input::consistency(file, old, new)?,
        (None, Some(log)) => {
            let log = Log::open(log, network)?;
            let tiles = Tiles::new(&log, log.size_hint(new.size()));
            // The statement's place was checked: the tree that it follows is the smaller one.
            tiles.prove_consistency(old.size(), new.size())?
        }
        (None, None) if old == new => return Ok(true),
        (None, None) => {
            report.not_checked(Message::OpenAfterConsistency, &[&old.size().to_string()]);
            return Ok(false);
        }
    };
    verify_consistency(old, new, &proof).map_err(|error| {
        let why = vec![words::of_consistency(&error)];
        Stop::rejected(Said::new(Message::AfterNotContinued, &[]).with(why))
    })?;
    Ok(true)
}

fn rejected(message: Message, values: &[&str]) -> Stop {
    Stop::rejected(Said::new(message, values))
}
