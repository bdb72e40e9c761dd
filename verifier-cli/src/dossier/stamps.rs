//! Timestamps of a dossier: each is of its receipt's checkpoint, or the dossier is wrong.
//!
//! Rule: `spec/text/bundle.md`, "Timestamps".
//!
//! A token that holds is a fact about the token. Whose word it is, is asked of the reader's own
//! authorities; where they do not know it, that is said among what was not checked, and the verdict
//! on all else stands: a timestamp is added to a dossier, and never needed for it.

use std::path::Path;

use spec::bundle::{Contents, MAX_TIMESTAMP_SIZE, PartPath, Place, Role};
use spec::proof::Proof;

use super::bundle::{Parts, insert};
use super::statements::Checked;
use crate::command::Stop;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::report::Report;
use crate::timestamp::{self, Authorities, Fault, Stamp};

/// A timestamp that is not wrong.
pub(super) struct Stamped {
    pub(super) place: Place,
    /// What it states, or what of it this program does not know.
    pub(super) stamp: Result<Stamp, Said>,
}

/// Checks every timestamp against the checkpoint beside it.
pub(super) fn check(contents: &Contents<'_>, checked: &[Checked]) -> Result<Vec<Stamped>, Stop> {
    let mut stamped = Vec::new();
    for one in checked {
        let (Some(bytes), Some(receipt)) = (contents.of(one.place, Role::Timestamp), &one.receipt)
        else {
            continue;
        };
        let stamp = match timestamp::check(bytes, &receipt.note.to_bytes()) {
            Ok(stamp) => Ok(stamp),
            Err(Fault::Unknown(what)) => Err(what),
            Err(wrong) => {
                let path = PartPath::Of(one.place, Role::Timestamp).to_string();
                return Err(Stop::from(wrong).within(&path));
            }
        };
        stamped.push(Stamped { place: one.place, stamp });
    }
    Ok(stamped)
}

/// Says what each states, and whose word that is.
pub(super) fn say(report: &mut Report, stamped: &[Stamped], authorities: Option<&Authorities>) {
    for Stamped { place, stamp } in stamped {
        let place = place.to_string();
        let stamp = match stamp {
            Ok(stamp) => stamp,
            Err(what) => {
                report.said_not_checked(what.clone().within(&place));
                continue;
            }
        };
        timestamp::say(report, stamp, &place);
        match authorities.map(|authorities| authorities.lead_to(stamp)) {
            Some(Ok(name)) => {
                report.fact(Message::LabelStampAuthority, format!("{place}: {name}"));
                report.not_checked(Message::OpenStampRevocation, &[]);
            }
            Some(Err(why)) => report.said_not_checked(why.within(&place)),
            None => {
                let open = Said::new(Message::OpenStampAuthority, &[stamp.signer()]);
                report.said_not_checked(open.within(&place));
            }
        }
    }
}

/// Says, unverified, which timestamps are there.
pub(super) fn explain(report: &mut Report, contents: &Contents<'_>) {
    for (path, bytes) in contents.parts() {
        if let PartPath::Of(_, Role::Timestamp) = path {
            let time = timestamp::claims(bytes).map_or_else(|| "?".to_string(), |claims| claims.0);
            report.fact(Message::LabelStampClaimed, format!("{path}: {time}"));
        }
    }
}

/// Puts a timestamp where its checkpoint is: beside the first receipt that has none yet.
pub(super) fn place(parts: &mut Parts, path: &Path) -> Result<(), Stop> {
    let bytes = input::read(path, MAX_TIMESTAMP_SIZE)?;
    let mut receipts: Vec<(Place, &[u8])> = parts
        .values()
        .filter_map(|(path, bytes)| match path {
            PartPath::Of(place, Role::Receipt) => Some((*place, bytes.as_slice())),
            _ => None,
        })
        .collect();
    receipts.sort_unstable_by_key(|(place, _)| *place);
    for (place, receipt) in receipts {
        let at = PartPath::Of(place, Role::Timestamp);
        // A receipt that cannot be read is found out by whoever verifies it.
        let Ok(proof) = Proof::parse(receipt) else { continue };
        if parts.contains_key(&at.to_string()) {
            continue;
        }
        match timestamp::check(&bytes, &proof.checkpoint().to_bytes()) {
            Ok(_) => {
                insert(parts, at, bytes);
                return Ok(());
            }
            Err(Fault::Elsewhere(_)) => {}
            Err(wrong) => return Err(Stop::from(wrong).within(&path.display().to_string())),
        }
    }
    let shown = path.display().to_string();
    Err(Failure::new(Said::new(Message::StampNowhere, &[&shown])).into())
}
