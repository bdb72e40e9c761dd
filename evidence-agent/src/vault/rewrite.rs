//! Packs without what was deleted: the rest is copied to a new pack, and the old one removed.
//!
//! Order: the new pack is written and synced; one transaction moves its items' rows and forgets the
//! old pack; then the old file is removed. A crash leaves a file that no row names, and the next
//! opening removes it.

use std::io;
use std::sync::PoisonError;

use redb::{ReadableDatabase, ReadableTable};

use super::Vault;
use super::disk::EVIDENCE;
use super::open::{Sync, pack_path};
use super::pack::{self, ItemError, ItemId, PackWriter};
use super::rows::{Blob, PackRow};
use super::tables::{BLOBS, PACKS, damaged, owned};
use crate::error::AgentError;

/// The row of `state` that says that free pages may hold what was deleted.
const COMPACT: &str = "vault/compact";

impl Vault {
    /// Rewrites every pack that holds something deleted. Repeatable after a crash.
    pub(super) fn rewrite_packs(&self) -> Result<(), AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(PACKS).map_err(damaged)?;
        let mut dead = Vec::new();
        for entry in table.iter().map_err(damaged)? {
            let (number, row) = entry.map_err(damaged)?;
            let row = PackRow::parse(row.value()).map_err(|error| self.wrong(&error))?;
            if row.dead > 0 {
                dead.push((number.value(), row.end));
            }
        }
        drop((table, transaction));
        dead.into_iter().try_for_each(|(number, end)| self.rewrite_pack(number, end))
    }

    fn rewrite_pack(&self, old: u64, end: u64) -> Result<(), AgentError> {
        // No backup copies what goes away, and no capture appends meanwhile. In this order: a long
        // backup must not hold up captures.
        let _alone = self.rewriting.write().unwrap_or_else(PoisonError::into_inner);
        let mut packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        if packs.open.as_ref().is_some_and(|(number, ..)| *number == old) {
            packs.open = None;
        }
        let number = packs.next;
        packs.next += 1;
        let (old_name, name) = (pack_path(old), pack_path(number));
        let failed = |error: io::Error| AgentError::file(&self.folder.join(&old_name))(error);
        let live = self.live_items(old, end)?;
        let mut moved = Vec::with_capacity(live.len());
        let mut new_end = 0;
        if !live.is_empty() {
            let from = self.disk.open(&old_name, false).map_err(failed)?;
            let to = self.disk.open(&name, true).map_err(failed)?;
            let mut writer = PackWriter::new(number, to, 0);
            for (id, blob, size) in live {
                let offset = writer.copy(&*from, blob.offset, size).map_err(failed)?;
                moved.push((id, Blob { pack: number, offset, ..blob }));
            }
            writer.sync().map_err(failed)?;
            self.disk.sync_folder(EVIDENCE).map_err(failed)?;
            new_end = writer.end();
        }
        self.write(Sync::Later, |transaction| {
            let mut blobs = transaction.open_table(BLOBS).map_err(damaged)?;
            for (id, blob) in &moved {
                blobs.insert(id.as_slice(), blob.to_row().as_slice()).map_err(damaged)?;
            }
            let mut table = transaction.open_table(PACKS).map_err(damaged)?;
            table.remove(old).map_err(damaged)?;
            if !moved.is_empty() {
                let row = PackRow { end: new_end, dead: 0 }.to_row();
                table.insert(number, row.as_slice()).map_err(damaged)?;
            }
            Ok(())
        })?;
        self.disk.remove(&old_name).map_err(failed)?;
        self.disk.sync_folder(EVIDENCE).map_err(failed)
    }

    /// The items of a pack that rows still name, in order. An item that cannot be found by walking
    /// through the pack ends the walk with an error: a damaged pack is left as it is.
    fn live_items(&self, pack: u64, end: u64) -> Result<Vec<(ItemId, Blob, u64)>, AgentError> {
        let name = pack_path(pack);
        let path = self.folder.join(&name);
        let file = self.disk.open(&name, false).map_err(AgentError::file(&path))?;
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(BLOBS).map_err(damaged)?;
        let mut live = Vec::new();
        let mut at = pack::HEADER_SIZE;
        while at < end {
            let header = pack::read_header(&*file, at).map_err(|error| match error {
                ItemError::Damaged { .. } => AgentError::vault(
                    &path,
                    format!(
                        "the evidence at byte {at} is damaged; nothing of this pack is deleted"
                    ),
                ),
                ItemError::Io(error) => AgentError::file(&path)(error),
            })?;
            if let Some(row) = owned(&table, header.id.as_slice())? {
                let blob = Blob::parse(&row).map_err(|error| self.wrong(&error))?;
                if (blob.pack, blob.offset) == (pack, at) {
                    live.push((header.id, blob, header.whole_size()));
                }
            }
            at = at.saturating_add(header.whole_size());
        }
        Ok(live)
    }

    /// Makes the database as small as its rows, so that what was deleted does not lie in free
    /// pages of it any longer than need be. Needs the vault to itself.
    pub(crate) fn compact(&mut self) -> Result<(), AgentError> {
        self.database.compact().map_err(damaged)?;
        if self.is_compacting_due()? { self.put_state(COMPACT, b"") } else { Ok(()) }
    }

    /// Has the next run make the database small, before it begins.
    pub(crate) fn compact_later(&self) -> Result<(), AgentError> {
        self.put_state(COMPACT, b"due")
    }

    /// Whether something was deleted since the database was made small.
    pub(crate) fn is_compacting_due(&self) -> Result<bool, AgentError> {
        Ok(self.state(COMPACT)?.is_some_and(|row| !row.is_empty()))
    }
}
