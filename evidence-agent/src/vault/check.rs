//! `fiducial-agent check`: everything in the vault is read and verified, and all damage is told.
//!
//! It stops at nothing that it finds: one damaged row says nothing of the next. Packs are read from
//! end to end, one chunk at a time. Only where that finds less than the rows name, each row is
//! followed on its own, to tell which evidence is missing.

use std::sync::PoisonError;

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::key::KeyName;
use spec::policy::PolicyFailure;
use spec::proof::{Proof, ProofFailure};
use spec::tree::verify_inclusion;

use super::chain::moved_row;
use super::open::pack_path;
use super::pack;
use super::rows::{self, Blob, PackRow};
use super::tables::{
    BLOBS, HEADS, LINKS, NOTES, PACKS, PENDING, SEEN, STATE, STATEMENTS, damaged, numbered_key,
    owned,
};
use super::{Kept, Stage, Vault};
use crate::error::AgentError;
use crate::model::Hash256;

/// What to do about statements that are not there and were not lost with a newer vault.
pub(crate) const GONE: &str = "this vault is damaged, or not its newest copy. Bring the newest \
     backup back with `fiducial-agent restore`; the next run asks the log where to go on, and states \
     what cannot be opened";

/// The most damages that are listed; the others are counted.
const MAX_LISTED: usize = 10_000;

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Items of evidence and statements looked at.
    pub(crate) done: u64,
    /// All of them.
    pub(crate) total: u64,
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Which.
    pub(crate) what: String,
    /// How.
    pub(crate) reason: String,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Items of evidence that are whole.
    pub(crate) evidence: u64,
    /// Statements that are whole, with their openings.
    pub(crate) statements: u64,
    /// Receipts that satisfy the policy.
    pub(crate) receipts: u64,
    /// Receipts that are whole and satisfied the policy as it was before somebody changed it.
    pub(crate) older: u64,
    /// Records that wait.
    pub(crate) pending: u64,
    /// What is damaged, in the order in which it was found.
    pub(crate) damage: Vec<Damage>,
    /// Damages beyond those listed.
    pub(crate) more: u64,
}

impl Checked {
    fn note(&mut self, what: impl ToString, reason: impl ToString) {
        if self.damage.len() < MAX_LISTED {
            self.damage.push(Damage { what: what.to_string(), reason: reason.to_string() });
        } else {
            self.more += 1;
        }
    }

    /// Notes a failure and goes on without a value.
    fn take<T>(&mut self, what: impl ToString, result: Result<T, AgentError>) -> Option<T> {
        result.map_err(|error| self.note(what, error)).ok()
    }
}

impl Vault {
    /// Reads and verifies everything. An error is only that the database cannot be read at all.
    pub(crate) fn check(&self, progress: &mut dyn FnMut(Progress)) -> Result<Checked, AgentError> {
        // No pack goes away between the look at its row and the look at its bytes.
        let _still = self.rewriting.read().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.database.begin_read().map_err(damaged)?;
        let blobs = transaction.open_table(BLOBS).map_err(damaged)?.len().map_err(damaged)?;
        let statements =
            transaction.open_table(STATEMENTS).map_err(damaged)?.len().map_err(damaged)?;
        let mut run = Run {
            vault: self,
            transaction: &transaction,
            progress,
            at: Progress { done: 0, total: blobs + statements },
            blobs,
            checked: Checked::default(),
        };
        run.check_packs()?;
        for source in self.sources()? {
            run.check_chain(&source)?;
        }
        run.check_pending()?;
        run.check_rows()?;
        Ok(run.checked)
    }

    /// Verifies the checksums of every page of the database, which needs it to itself; `false` if
    /// something was wrong and could be put right.
    #[cfg(test)]
    pub(crate) fn check_pages(&mut self) -> Result<bool, AgentError> {
        self.database.check_integrity().map_err(damaged)
    }
}

/// Whether a receipt is whole and only the policy's demands are others now. The note itself was
/// compared with its hash.
fn is_of_older_policy(receipt: &Proof, kept: &Kept, failure: &ProofFailure) -> bool {
    let ProofFailure::Policy(PolicyFailure::Quorum(_) | PolicyFailure::LogSignature { .. }) =
        failure
    else {
        return false;
    };
    let leaf = kept.statement.leaf_hash();
    let tree = Checkpoint::parse(receipt.checkpoint().text()).map(|checkpoint| checkpoint.tree());
    tree.is_ok_and(|tree| {
        verify_inclusion(leaf, receipt.index(), tree, receipt.hashes()).is_ok()
            && kept.stage == Stage::Anchored(receipt.index())
    })
}

struct Run<'a> {
    vault: &'a Vault,
    transaction: &'a ReadTransaction,
    progress: &'a mut dyn FnMut(Progress),
    at: Progress,
    /// How many items of evidence there are.
    blobs: u64,
    checked: Checked,
}

impl Run<'_> {
    fn step(&mut self) {
        self.at.done += 1;
        (self.progress)(self.at);
    }

    /// Packs: each is there, as long as was committed, and whole from end to end.
    fn check_packs(&mut self) -> Result<(), AgentError> {
        let table = self.transaction.open_table(PACKS).map_err(damaged)?;
        let mut sound = true;
        for entry in table.iter().map_err(damaged)? {
            let Some((number, row)) = self.checked.take("packs", entry.map_err(damaged)) else {
                sound = false;
                continue;
            };
            let name = pack_path(number.value());
            match PackRow::parse(row.value()) {
                Ok(row) => sound &= self.check_pack(number.value(), row.end, &name)?,
                Err(error) => {
                    sound = false;
                    self.checked.note(&name, error);
                }
            }
        }
        if !sound || self.checked.evidence != self.blobs {
            self.checked.evidence = 0;
            self.check_blobs()?;
        }
        Ok(())
    }

    /// Walks through a pack; `false` if not all of it could be read as it was written.
    fn check_pack(&mut self, number: u64, end: u64, name: &str) -> Result<bool, AgentError> {
        let file = match self.vault.disk.open(name, false) {
            Ok(file) => file,
            Err(error) => {
                self.checked.note(name, error);
                return Ok(false);
            }
        };
        let mut header = [0; 32];
        if file.read_at(0, &mut header).is_err() || header != pack::header(number) {
            self.checked.note(name, "it does not begin as this pack does");
        }
        let len = file.len().unwrap_or_default();
        if len < end {
            let reason = format!("it has {len} bytes, where {end} were committed");
            self.checked.note(name, reason);
        }
        let blobs = self.transaction.open_table(BLOBS).map_err(damaged)?;
        let mut at = pack::HEADER_SIZE;
        while at < end {
            let Ok(item) = pack::read_header(&*file, at) else {
                self.checked.note(name, format!("the item at byte {at} has no sound header"));
                return Ok(false);
            };
            let row = owned(&blobs, item.id.as_slice()).ok().flatten();
            let blob = row.and_then(|row| Blob::parse(&row).ok());
            // Items that no row names were deleted, or are of a capture that was given up.
            if blob.is_some_and(|blob| (blob.pack, blob.offset) == (number, at)) {
                self.step();
                let read = pack::read_item(&self.vault.cipher, &*file, at, &item, &mut |_| Ok(()));
                if read.is_ok_and(|hash| self.vault.item_id(&Hash256(hash)) == item.id) {
                    self.checked.evidence += 1;
                }
            }
            at = at.saturating_add(item.whole_size());
        }
        Ok(len >= end)
    }

    /// Evidence, row by row.
    fn check_blobs(&mut self) -> Result<(), AgentError> {
        let table = self.transaction.open_table(BLOBS).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            let Some((id, row)) = self.checked.take("blobs", entry.map_err(damaged)) else {
                continue;
            };
            let name = format!("evidence {}", spec::encoding::encode_hex(id.value()));
            let id: Result<pack::ItemId, _> = id.value().try_into();
            let (Ok(id), Ok(blob)) = (id, Blob::parse(row.value())) else {
                self.checked.note(name, "its row is malformed");
                continue;
            };
            match self.vault.read_blob(&id, &blob, &mut |_| Ok(())) {
                Ok(hash) if self.vault.item_id(&Hash256(hash)) == id => self.checked.evidence += 1,
                Ok(_) => self.checked.note(name, format!("other bytes in pack {}", blob.pack)),
                Err(error) => self.checked.note(name, format!("pack {}: {error}", blob.pack)),
            }
        }
        Ok(())
    }

    /// A source's chain, its openings and receipts, and where it ends.
    fn check_chain(&mut self, source: &KeyName) -> Result<(), AgentError> {
        let number = self.vault.source(source)?.number;
        self.checked.take(format!("the key of {source}"), self.vault.key(source));
        let table = self.transaction.open_table(STATEMENTS).map_err(damaged)?;
        let range = table.range((number, 0)..=(number, u64::MAX)).map_err(damaged)?;
        let (mut last, mut any): (Option<(u64, Hash)>, bool) = (None, false);
        for entry in range {
            self.step();
            any = true;
            let Some(entry) = self.checked.take(source, entry.map_err(damaged)) else { continue };
            let sequence = entry.0.value().1;
            let name = format!("statement {sequence} of {source}");
            let Some(previous) = self.check_statement(source, sequence, &name) else {
                last = None;
                continue;
            };
            // Behind a damaged statement, or one that was lost with a newer vault, the chain is
            // taken up again where it goes on.
            if let Some((before, hash)) = last
                && (before + 1 != sequence || hash != previous.0)
                && !self.was_moved(number, before, sequence)
            {
                self.checked.note(&name, "it does not continue the chain");
            }
            last = Some((sequence, previous.1));
        }
        // Behind a damaged statement it is not known where the chain was; that is told already.
        if last.is_some() || !any {
            self.check_end(number, source, last);
        }
        Ok(())
    }

    /// Where a chain ends, after its last statement that is there and sound.
    fn check_end(&mut self, number: u32, source: &KeyName, last: Option<(u64, Hash)>) {
        let name = format!("the chain of {source}");
        let head = self.transaction.open_table(HEADS).map_err(damaged);
        let head = head.and_then(|table| Ok(self.vault.read_head(&table, number)?.0));
        let Some(head) = self.checked.take(&name, head) else { return };
        let next = last.map_or(0, |(sequence, _)| sequence + 1);
        let is_past = head.next_sequence < next;
        let is_other = head.next_sequence == next && last.is_some_and(|(_, h)| h != head.previous);
        if is_past || is_other {
            self.checked.note(&name, "it does not end at its last");
        }
        if head.next_sequence > next && !self.is_moved_to(number, head.next_sequence) {
            let (first, last) = (next, head.next_sequence - 1);
            self.checked.note(&name, format!("statements {first} to {last} are gone: {GONE}"));
        }
    }

    /// Whether the chain was moved to this statement, behind others that were lost.
    fn was_moved(&self, source: u32, before: u64, sequence: u64) -> bool {
        before + 1 < sequence && self.is_moved_to(source, sequence)
    }

    fn is_moved_to(&self, source: u32, sequence: u64) -> bool {
        let moved = self.vault.state(&moved_row(source, sequence));
        moved.is_ok_and(|row| row.is_some())
    }

    /// One statement; gives the hash before it and its own.
    fn check_statement(
        &mut self,
        source: &KeyName,
        sequence: u64,
        name: &str,
    ) -> Option<(Hash, Hash)> {
        let vault = self.vault;
        let kept = self.checked.take(name, vault.statement(source, sequence)).flatten()?;
        let opening = self.checked.take(name, vault.opening(source, sequence));
        let after = self.checked.take(name, vault.after(source, sequence));
        let named = kept.statement.after().note_hash() != Hash::ZERO;
        if after.as_ref().is_some_and(|after| after.is_some() != named) {
            self.checked.note(name, "the checkpoint that it names is not there");
        }
        if let Stage::Anchored(index) = kept.stage
            && let Some(Some(receipt)) = self.checked.take(name, vault.receipt(source, sequence))
        {
            match receipt.verify(kept.statement.leaf_hash(), &vault.policy) {
                Ok(verified) if verified.index() == index => self.checked.receipts += 1,
                Ok(_) => self.checked.note(name, "its receipt has another index"),
                Err(error) if is_of_older_policy(&receipt, &kept, &error) => {
                    self.checked.older += 1
                }
                Err(error) => self.checked.note(name, format!("its receipt: {error}")),
            }
        }
        if let Some(opening) = opening {
            self.checked.statements += 1;
            for (record, kept) in opening.records.iter().enumerate() {
                if let Some(hash) = kept.evidence()
                    && !self.has_blob(&hash)
                {
                    self.checked.note(format!("{name}, record {record}"), "its evidence is gone");
                }
            }
        }
        Some((kept.statement.previous(), kept.statement.leaf_hash()))
    }

    fn has_blob(&self, hash: &Hash256) -> bool {
        let id = self.vault.item_id(hash);
        let table = self.transaction.open_table(BLOBS);
        table.is_ok_and(|table| table.get(id.as_slice()).is_ok_and(|row| row.is_some()))
    }

    /// Records that wait: they can be read, and their evidence is there.
    fn check_pending(&mut self) -> Result<(), AgentError> {
        let table = self.transaction.open_table(PENDING).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            let Some((key, row)) = self.checked.take("pending", entry.map_err(damaged)) else {
                continue;
            };
            let (key, name) = (key.value(), format!("pending record {}", key.value().1));
            let opened = self.vault.cipher.open("pending", &numbered_key(key), row.value());
            let pending = opened.ok().and_then(|row| rows::parse_pending(&row).ok());
            match pending {
                None => self.checked.note(name, "it cannot be read"),
                Some(pending) => {
                    self.checked.pending += 1;
                    if pending.evidence.is_some_and(|hash| !self.has_blob(&hash)) {
                        self.checked.note(name, "its evidence is gone");
                    }
                }
            }
        }
        Ok(())
    }

    /// Rows that nothing else leads to.
    fn check_rows(&mut self) -> Result<(), AgentError> {
        for (definition, name) in [(SEEN, "seen"), (LINKS, "links")] {
            let table = self.transaction.open_table(definition).map_err(damaged)?;
            for entry in table.iter().map_err(damaged)? {
                let Some((key, row)) = self.checked.take(name, entry.map_err(damaged)) else {
                    continue;
                };
                let opened = self.vault.cipher.open(name, key.value(), row.value());
                let sound = match opened {
                    Ok(row) => name != "seen" || rows::parse_seen(&row).is_ok(),
                    Err(_) => false,
                };
                if !sound {
                    self.checked.note(format!("a row of {name}"), "it cannot be read");
                }
            }
        }
        let table = self.transaction.open_table(STATE).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            let Some((name, _)) = self.checked.take("state", entry.map_err(damaged)) else {
                continue;
            };
            let name = name.value();
            self.checked.take(format!("the state {name}"), self.vault.state(name));
        }
        let table = self.transaction.open_table(NOTES).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            if let Some((name, note)) = self.checked.take("notes", entry.map_err(damaged))
                && Hash::of(note.value()).as_bytes().as_slice() != name.value()
            {
                self.checked.note("a checkpoint note", "its bytes are others");
            }
        }
        Ok(())
    }
}
