//! Room on the disk: a warning long before it is full, and a reserve that captures leave alone.
//!
//! Rule: `spec/text/vault.md`, "A disk that fills".
//!
//! The reserve is for what must go on when nothing more can be captured: statements of what was
//! captured before, and their receipts.

use serde::{Deserialize, Serialize};

use super::Vault;
use super::bytes::{Malformed, Reader, Writer};
use super::disk::{DATABASE, EVIDENCE, Room};
use crate::error::AgentError;
use crate::model::UnixMillis;

const DAY_MILLIS: u64 = 86_400_000;

/// The row of `state` that holds the sizes of past days.
const SIZES: &str = "vault/sizes";

/// How many days of growth are remembered.
const MAX_DAYS: usize = 14;

/// When to warn, and when to stop capturing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct SpaceLimits {
    /// Warn when recent growth fills the disk within so many days.
    pub(crate) warn_days: u64,
    /// Warn when less than this part of the disk is free.
    pub(crate) warn_percent: u64,
    /// Capture nothing when fewer bytes are free.
    pub(crate) reserve_bytes: u64,
}

impl Default for SpaceLimits {
    fn default() -> Self {
        Self { warn_days: 30, warn_percent: 10, reserve_bytes: 512 * 1024 * 1024 }
    }
}

/// Room and what the vault takes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// What is free and what there is; `None` where the system does not tell.
    pub(crate) room: Option<Room>,
    /// Bytes of packs and database.
    pub(crate) vault: u64,
    /// Bytes a day, over the last days; `None` in the first.
    pub(crate) growth: Option<u64>,
    /// What a person should hear.
    pub(crate) warning: Option<SpaceWarning>,
}

/// Why a person should act, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SpaceWarning {
    /// Below the reserve: nothing is captured.
    Full,
    /// Little is left.
    Percent(u64),
    /// So many days are left.
    Days(u64),
}

impl Vault {
    /// Sets what [`Vault::capture`] leaves alone. Zero leaves nothing.
    pub(crate) fn set_reserve(&self, bytes: u64) {
        self.reserve.store(bytes, std::sync::atomic::Ordering::Relaxed);
    }

    /// Refuses when less than the reserve is free.
    pub(super) fn refuse_when_full(&self) -> Result<(), AgentError> {
        let reserve = self.reserve.load(std::sync::atomic::Ordering::Relaxed);
        let room = self.disk.room().map_err(AgentError::file(&self.folder))?;
        match room {
            Some(room) if room.free < reserve => {
                let path = self.folder.clone();
                Err(AgentError::DiskFull { path, free: room.free, reserve })
            }
            _ => Ok(()),
        }
    }

    /// How much room there is, and for how long. Called once in a while; `now` is this machine's
    /// clock, and one size a day is remembered.
    pub(crate) fn space(&self, now: UnixMillis, limits: &SpaceLimits) -> Result<Space, AgentError> {
        let room = self.disk.room().map_err(AgentError::file(&self.folder))?;
        let vault = self.size()?;
        let malformed = |Malformed| self.wrong(&"the sizes of past days are malformed");
        let row = self.state(SIZES)?.unwrap_or_default();
        let mut sizes = parse_sizes(&row).map_err(malformed)?;
        let day = now.0 / DAY_MILLIS;
        if sizes.last().is_none_or(|(last, _)| *last != day) {
            // A clock that was set back makes days come twice: what is ahead of it is dropped.
            sizes.retain(|(other, _)| *other < day);
            sizes.push((day, vault));
            let excess = sizes.len().saturating_sub(MAX_DAYS);
            sizes.drain(..excess);
            self.put_state(SIZES, &write_sizes(&sizes))?;
        }
        let growth = growth(&sizes, day, vault);
        let warning = room.and_then(|room| warning(room, growth, limits));
        Ok(Space { room, vault, growth, warning })
    }

    /// Bytes of packs and database.
    fn size(&self) -> Result<u64, AgentError> {
        let folder = self.folder.join(EVIDENCE);
        let names = self.disk.list(EVIDENCE).map_err(AgentError::file(&folder))?;
        let packs = names.iter().map(|name| format!("{EVIDENCE}/{name}"));
        let mut size = 0;
        for name in packs.chain([DATABASE.to_string()]) {
            let file = self.disk.open(&name, false).and_then(|file| file.len());
            size += file.map_err(AgentError::file(&self.folder.join(&name)))?;
        }
        Ok(size)
    }
}

fn growth(sizes: &[(u64, u64)], day: u64, vault: u64) -> Option<u64> {
    let (first, size) = sizes.first().copied().filter(|(first, _)| *first < day)?;
    Some(vault.saturating_sub(size) / (day - first))
}

fn warning(room: Room, growth: Option<u64>, limits: &SpaceLimits) -> Option<SpaceWarning> {
    let percent = u64::try_from(u128::from(room.free) * 100 / u128::from(room.total.max(1)));
    let percent = percent.expect("a part of a hundred");
    let days = growth
        .filter(|growth| *growth > 0)
        .map(|growth| room.free.saturating_sub(limits.reserve_bytes) / growth);
    let full = (room.free < limits.reserve_bytes).then_some(SpaceWarning::Full);
    let little = (percent < limits.warn_percent).then_some(SpaceWarning::Percent(percent));
    let soon = days.filter(|days| *days < limits.warn_days).map(SpaceWarning::Days);
    full.or(little).or(soon)
}

fn parse_sizes(row: &[u8]) -> Result<Vec<(u64, u64)>, Malformed> {
    let mut reader = Reader::new(row);
    let mut sizes = Vec::new();
    while !reader.is_empty() {
        sizes.push((reader.number()?, reader.number()?));
    }
    Ok(sizes)
}

fn write_sizes(sizes: &[(u64, u64)]) -> Vec<u8> {
    let mut row = Writer::default();
    for (day, size) in sizes {
        row.number(*day).number(*size);
    }
    row.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_come_long_before_the_disk_is_full() {
        let limits = SpaceLimits { warn_days: 30, warn_percent: 10, reserve_bytes: 50 };
        let at = |free, growth| warning(Room { free, total: 10_000 }, growth, &limits);
        assert_eq!(at(5000, None), None);
        assert_eq!(at(5000, Some(0)), None);
        assert_eq!(at(5000, Some(100)), None);
        assert_eq!(at(5000, Some(300)), Some(SpaceWarning::Days(16)));
        assert_eq!(at(999, Some(1)), Some(SpaceWarning::Percent(9)));
        assert_eq!(at(49, Some(1)), Some(SpaceWarning::Full));
    }

    #[test]
    fn growth_is_measured_over_past_days() {
        assert_eq!(growth(&[(10, 500)], 10, 900), None);
        assert_eq!(growth(&[(10, 500), (11, 700)], 12, 900), Some(200));
        assert_eq!(growth(&[(10, 500)], 12, 100), Some(0));
        let sizes = vec![(10, 500), (11, 700)];
        assert_eq!(parse_sizes(&write_sizes(&sizes)), Ok(sizes));
    }
}
