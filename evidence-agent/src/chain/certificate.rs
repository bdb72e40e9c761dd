//! Reflow certificates: which one is in force on an oven's lane.
//!
//! One certificate at a time is in force on a lane, for the recipe that runs there. A new one ends
//! the one before; so does a change of recipe, and a recipe that comes back needs a new profile.
//! The record that ends a certificate names it: `certificate/ends`, `certificate/until`.
//!
//! Ovens often report boards without a lane, and profilers name one. Where all certificates of an oven
//! are of one lane, a report without a lane is taken to be of that lane, and says so.

use serde::{Deserialize, Serialize};
use spec::evidence::kind::Kind;

use super::{Added, Linked, Rows, hex, key_of, read, write};
use crate::clock;
use crate::error::AgentError;
use crate::model::Hash256;

/// What runs on each lane of each oven.
const TABLE: &str = "oven";

/// The lane that all certificates of an oven are of; the empty one if they are of several.
const LANES: &str = "oven-lane";

/// A certificate in force.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Certificate {
    sha256: Hash256,
    /// Its number, where it has one.
    number: Option<String>,
    /// From when, as its record says.
    from: String,
}

/// What runs on a lane.
#[derive(Default, Serialize, Deserialize)]
struct Lane {
    recipe: Option<String>,
    certificate: Option<Certificate>,
}

/// Links a certificate, an oven's data, or a report on a board that came through an oven, and gives
/// back the certificate that the board is under from now on.
pub(super) fn link(
    rows: &mut dyn Rows,
    it: &Linked<'_>,
    of_board: Option<Certificate>,
    added: &mut Added,
) -> Result<Option<Certificate>, AgentError> {
    match it.reading.kind {
        Kind::ReflowCertificate => new_certificate(rows, it, added).map(|()| of_board),
        Kind::OvenData => {
            let in_force = through_the_oven(rows, it, added)?;
            name(in_force.as_ref(), added);
            Ok(in_force)
        }
        Kind::AoiReport => {
            let in_force = match (of_board, it.oven) {
                (Some(known), _) => Some(known),
                (None, Some(oven)) => {
                    let found = find(rows, oven, it.reading.links.lane.as_deref())?;
                    assume(&found, added);
                    found.lane.certificate
                }
                (None, None) => None,
            };
            name(in_force.as_ref(), added);
            Ok(in_force)
        }
        _ => Ok(of_board),
    }
}

fn new_certificate(
    rows: &mut dyn Rows,
    it: &Linked<'_>,
    added: &mut Added,
) -> Result<(), AgentError> {
    let links = &it.reading.links;
    let Some(oven) = &links.machine else {
        return Ok(());
    };
    let key = lane_key(oven, links.lane.as_deref());
    let lane: Lane = read(rows, TABLE, &key)?.unwrap_or_default();
    note_lane(rows, oven, links.lane.as_deref())?;
    let seen = clock::format(it.seen);
    match lane.certificate {
        Some(before) if before.sha256 == it.sha256 => return Ok(()),
        Some(before) => end(&before, &seen, added),
        None => {}
    }
    let from = it.text("valid/from").map_or_else(|| seen.clone(), str::to_string);
    added.insert("valid/from".to_string(), from.clone().into_bytes());
    let number = it.text("certificate").map(str::to_string);
    let certificate = Some(Certificate { sha256: it.sha256, number, from });
    write(rows, TABLE, &key, &Lane { recipe: links.recipe.clone(), certificate });
    Ok(())
}

/// Notices a change of recipe, and gives back the certificate in force.
fn through_the_oven(
    rows: &mut dyn Rows,
    it: &Linked<'_>,
    added: &mut Added,
) -> Result<Option<Certificate>, AgentError> {
    let links = &it.reading.links;
    let Some(oven) = &links.machine else {
        return Ok(None);
    };
    let found = find(rows, oven, links.lane.as_deref())?;
    assume(&found, added);
    let Found { key, lane, .. } = found;
    if links.recipe.is_none() || links.recipe == lane.recipe {
        return Ok(lane.certificate);
    }
    // A certificate of no recipe is one for whatever runs next; its first panel says what that is.
    let certificate = match (lane.recipe, lane.certificate) {
        (None, certificate) => certificate,
        (Some(_), Some(ended)) => {
            end(&ended, &clock::format(it.seen), added);
            None
        }
        (Some(_), None) => None,
    };
    write(
        rows,
        TABLE,
        &key,
        &Lane { recipe: links.recipe.clone(), certificate: certificate.clone() },
    );
    Ok(certificate)
}

/// A lane's row.
struct Found {
    key: String,
    lane: Lane,
    /// The lane's name, where the report does not say it.
    assumed: Option<String>,
}

/// The row of a lane, or of the whole oven where the lane has none, or of the oven's one lane.
fn find(rows: &dyn Rows, oven: &str, lane: Option<&str>) -> Result<Found, AgentError> {
    let own = lane_key(oven, lane);
    if let Some(lane) = read(rows, TABLE, &own)? {
        return Ok(Found { key: own, lane, assumed: None });
    }
    let whole = lane_key(oven, None);
    if let Some(lane) = read(rows, TABLE, &whole)? {
        return Ok(Found { key: whole, lane, assumed: None });
    }
    let only: Option<String> = read(rows, LANES, &whole)?;
    if let (None, Some(only)) = (lane, only.filter(|only| !only.is_empty())) {
        let key = lane_key(oven, Some(&only));
        let lane = read(rows, TABLE, &key)?.unwrap_or_default();
        return Ok(Found { key, lane, assumed: Some(only) });
    }
    Ok(Found { key: own, lane: Lane::default(), assumed: None })
}

/// Says which lane a report without one was taken to be of.
fn assume(found: &Found, added: &mut Added) {
    if let (Some(lane), Some(_)) = (&found.assumed, &found.lane.certificate) {
        added.insert("certificate/lane".to_string(), lane.as_bytes().to_vec());
    }
}

/// Keeps in mind whether an oven's certificates are all of one lane.
fn note_lane(rows: &mut dyn Rows, oven: &str, lane: Option<&str>) -> Result<(), AgentError> {
    let key = lane_key(oven, None);
    let known: Option<String> = read(rows, LANES, &key)?;
    let now = match (known, lane) {
        (None, Some(lane)) => lane.to_string(),
        (Some(known), Some(lane)) if known == lane => return Ok(()),
        (Some(_), Some(_)) => String::new(),
        (_, None) => return Ok(()),
    };
    write(rows, LANES, &key, &now);
    Ok(())
}

fn lane_key(oven: &str, lane: Option<&str>) -> String {
    match lane {
        Some(lane) => key_of(&[oven.as_bytes(), lane.as_bytes()]),
        None => key_of(&[oven.as_bytes()]),
    }
}

fn end(ended: &Certificate, when: &str, added: &mut Added) {
    added.insert("certificate/ends".to_string(), hex(ended.sha256));
    added.insert("certificate/until".to_string(), when.as_bytes().to_vec());
}

fn name(in_force: Option<&Certificate>, added: &mut Added) {
    let Some(certificate) = in_force else {
        return;
    };
    added.insert("certificate/sha256".to_string(), hex(certificate.sha256));
    added.insert("certificate/from".to_string(), certificate.from.clone().into_bytes());
    if let Some(number) = &certificate.number {
        added.insert("certificate".to_string(), number.clone().into_bytes());
    }
}
