//! Boards: the machine's verdict, its repetitions, and what people did about it.

use serde::{Deserialize, Serialize};
use spec::evidence::kind::Kind;

use super::certificate::{self, Certificate};
use super::{Added, Linked, Rows, hex, key_of, read, write};
use crate::error::AgentError;
use crate::model::{Hash256, UnixMillis};

/// What was seen of each board last.
const BOARDS: &str = "board";

/// How often each board was reported by each machine, by kind.
const ATTEMPTS: &str = "attempt";

/// How many inspections of one board are remembered. Reviews come soon behind what they are about.
const MAX_INSPECTIONS: usize = 16;

/// What was seen of a board.
#[derive(Default, Serialize, Deserialize)]
struct Board {
    /// The newest report of any kind.
    last: Option<Hash256>,
    /// Those of machines that inspect, in the order of sight; a row of an earlier version has none.
    #[serde(default)]
    inspections: Vec<Inspection>,
    /// The certificate that was in force when an oven reported the board.
    certificate: Option<Certificate>,
}

/// A machine's report on a board, and what tells which review is about it.
#[derive(Serialize, Deserialize)]
struct Inspection {
    sha256: Hash256,
    /// The time in it, where format and zone leave no doubt.
    claimed: Option<UnixMillis>,
    /// What its machine calls the pass of the board, hashed.
    transaction: Option<String>,
}

impl Board {
    /// The inspection that a review or a repair is about: of its own transaction, or else the latest
    /// that claims no later time than it. Sight decides nothing: after an outage the second attempt
    /// may be seen before the review of the first. A link is signed for good, so none is better than a
    /// wrong one, and one of which no time is known may be the one.
    fn about(&self, it: &Linked<'_>) -> Option<Hash256> {
        let others = || self.inspections.iter().filter(|one| one.sha256 != it.sha256);
        let transaction = transaction(it);
        let is_of_one = |one: &&Inspection| transaction.is_some() && one.transaction == transaction;
        if let Some(shared) = others().rfind(is_of_one) {
            return Some(shared.sha256);
        }
        let own = it.claimed()?;
        let mut latest: Option<(UnixMillis, Hash256)> = None;
        for one in others() {
            let claimed = one.claimed?;
            if claimed <= own && latest.is_none_or(|(before, _)| before <= claimed) {
                latest = Some((claimed, one.sha256));
            }
        }
        latest.map(|(_, sha256)| sha256)
    }

    fn inspected(&mut self, it: &Linked<'_>) {
        if self.inspections.iter().any(|one| one.sha256 == it.sha256) {
            return;
        }
        let (sha256, claimed, transaction) = (it.sha256, it.claimed(), transaction(it));
        self.inspections.push(Inspection { sha256, claimed, transaction });
        // The earliest goes: all that are left are later than what was about it, and none is taken for it.
        let claims = self.inspections.iter().map(|one| one.claimed).enumerate();
        let earliest = claims.min_by_key(|(_, claimed)| *claimed).map(|(at, _)| at);
        if let Some(at) = earliest.filter(|_| self.inspections.len() > MAX_INSPECTIONS) {
            self.inspections.remove(at);
        }
    }
}

/// What the machine calls this pass of the board, so that no row tells it.
fn transaction(it: &Linked<'_>) -> Option<String> {
    let named = it.text("transaction").filter(|name| !name.is_empty())?;
    Some(key_of(&[named.as_bytes()]))
}

/// The reports of one kind by one machine on one board.
#[derive(Serialize, Deserialize)]
struct Attempts {
    /// How many.
    count: u64,
    /// How many before those of the item below.
    base: u64,
    /// The newest.
    sha256: Hash256,
    /// Which item it came from, and in which version.
    item: String,
    whole: Hash256,
    /// The time in it, where format and zone leave no doubt.
    claimed: Option<UnixMillis>,
}

/// Links a report on a board, and an oven's data and certificates.
pub(super) fn link(
    rows: &mut dyn Rows,
    it: &Linked<'_>,
    added: &mut Added,
) -> Result<(), AgentError> {
    let board_key = it.reading.links.board.as_ref().map(|board| key_of(&[board.as_bytes()]));
    let mut board = match &board_key {
        Some(key) => read(rows, BOARDS, key)?.unwrap_or_default(),
        None => Board::default(),
    };
    board.certificate = certificate::link(rows, it, board.certificate, added)?;
    let Some(key) = board_key.filter(|_| it.reading.kind != Kind::Program) else {
        return Ok(());
    };
    attempt(rows, it, added)?;

    let newer = |hash: &Hash256| *hash != it.sha256;
    let is_of_people = matches!(it.reading.kind, Kind::Review | Kind::Repair);
    let about = if is_of_people { board.about(it) } else { None };
    if let Some(about) = about {
        added.insert("about/sha256".to_string(), hex(about));
    }
    let told = added.get("supersedes").cloned();
    let follows = board.last.filter(newer).filter(|last| about.as_ref() != Some(last));
    if let Some(follows) = follows.map(hex).filter(|hash| told.as_ref() != Some(hash)) {
        added.insert("follows/sha256".to_string(), follows);
    }
    if matches!(it.reading.kind, Kind::AoiReport | Kind::SpiReport) {
        board.inspected(it);
    }
    board.last = Some(it.sha256);
    write(rows, BOARDS, &key, &board);
    Ok(())
}

/// Counts the reports of one kind by one machine on one board.
fn attempt(rows: &mut dyn Rows, it: &Linked<'_>, added: &mut Added) -> Result<(), AgentError> {
    let links = &it.reading.links;
    let (Some(board), Some(machine)) = (&links.board, &links.machine) else {
        return Ok(());
    };
    let kind = it.reading.kind.as_str();
    let key = key_of(&[board.as_bytes(), machine.as_bytes(), kind.as_bytes()]);
    let earlier: Option<Attempts> = read(rows, ATTEMPTS, &key)?;
    let (base, count) = match &earlier {
        None => (0, 1),
        // The same bytes under another name are the same report.
        Some(earlier) if earlier.sha256 == it.sha256 => return Ok(()),
        // A new version of the item tells its reports again from the first.
        Some(earlier)
            if earlier.item == it.item && earlier.whole != it.whole && it.before.is_some() =>
        {
            (earlier.base, earlier.base + 1)
        }
        Some(earlier) if earlier.item == it.item => (earlier.base, earlier.count + 1),
        Some(earlier) => (earlier.count, earlier.count + 1),
    };
    if let Some(earlier) = &earlier {
        added.entry("supersedes".to_string()).or_insert_with(|| hex(earlier.sha256));
        if let (Some(before), Some(now)) = (earlier.claimed, it.claimed())
            && now < before
        {
            let said = "claims an earlier time than the report that it follows in order of sight";
            added.insert("chain/order".to_string(), said.into());
        }
    }
    if count > 1 {
        added.insert("attempt".to_string(), count.to_string().into_bytes());
    }
    let (item, claimed) = (it.item.to_string(), it.claimed());
    let (sha256, whole) = (it.sha256, it.whole);
    write(rows, ATTEMPTS, &key, &Attempts { count, base, sha256, item, whole, claimed });
    Ok(())
}
