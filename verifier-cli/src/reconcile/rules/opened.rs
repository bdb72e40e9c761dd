//! What a unit's records do not show, so that nobody can tell; and what they say of having come late.

use spec::evidence::kind::Kind;

use crate::messages::Message;
use crate::messages::late::seconds;
use crate::reconcile::case::Case;
use crate::reconcile::finding::Finding;

/// What is read of each kind; of names behind the table all are needed, or none is known to be absent.
const fn needed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::AoiReport | Kind::SpiReport => &[
            "units",
            "panel",
            "verdict",
            "seen",
            "file/sha256",
            "file/name",
            "supersedes",
            "defects",
            "machine",
            "program",
            "program/sha256",
            "claimed/start",
            "claimed/zone",
        ],
        Kind::Review => &[
            "units",
            "panel",
            "verdict",
            "seen",
            "file/sha256",
            "verdict/before",
            "claimed/start",
            "claimed/zone",
        ],
        Kind::OvenData => &["units", "seen", "machine", "program", "claimed/start", "claimed/zone"],
        Kind::Repair => &["units", "seen", "file/sha256", "claimed/start", "claimed/zone"],
        _ => &[],
    }
}

pub(super) fn judge(case: &Case<'_>, found: &mut Vec<Finding>) {
    for entry in &case.own {
        let hidden = entry.first_hidden(needed(entry.kind));
        let is_open = entry.shows_all_behind() || needed(entry.kind).is_empty();
        let hidden = hidden.or((!is_open).then_some("..."));
        if let Some(name) = hidden {
            found.push(Finding::new(Message::FoundNotOpened, &[name]).on([*entry]));
        }
    }
    say_late(case, found);
}

/// Once for a unit, however many of its records came late: the one that came latest says how late.
fn say_late(case: &Case<'_>, found: &mut Vec<Finding>) {
    let late = || case.own.iter().filter_map(|entry| Some((*entry, entry.text("late")?)));
    // Of equals the first.
    let furthest = late().rev().max_by_key(|(_, said)| seconds(said));
    if let Some((_, said)) = furthest {
        let count = late().count().to_string();
        let values = [&*said, count.as_str()];
        found.push(Finding::new(Message::FoundLate, &values).on(late().map(|(entry, _)| entry)));
    }
}
