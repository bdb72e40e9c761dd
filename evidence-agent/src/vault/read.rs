//! Reading back: whatever is read is checked against what it must be before it is handed out.
//!
//! A statement is verified with its source's key, an opening is hashed and compared with the
//! statement, a note with its hash, evidence with its SHA-256.

use std::io::{self, Write};
use std::path::Path;

use redb::{ReadTransaction, ReadableDatabase};
use spec::checkpoint::Checkpoint;
use spec::evidence::batch::{Batch, Place};
use spec::evidence::statement::Statement;
use spec::key::KeyName;
use spec::note::Note;
use spec::proof::Proof;

use super::chain::piece_key;
use super::open::{Sync, pack_path};
use super::opening::Opening;
use super::pack::{self, ItemError};
use super::rows::{self, Blob, ReceiptRow, StatementRow};
use super::tables::{
    BLOBS, NOTES, OF_FILE, OF_UNIT, OPENINGS, Places, RECEIPTS, STATE, STATEMENTS, WAITING,
    damaged, owned, place_key, place_of,
};
use super::{Judged, Kept, RecordPlace, Stage, Vault};
use crate::durable::Access;
use crate::error::AgentError;
use crate::model::Hash256;

/// The most bytes of an opening: those of a batch of the most records, all as large as may be in
/// ordinary use.
const MAX_OPENING_SIZE: usize = 64 * 1024 * 1024;

/// The row of `state` that holds the newest checkpoint.
const CHECKPOINT: &str = "vault/checkpoint";

impl Vault {
    /// A statement.
    pub(crate) fn statement(
        &self,
        source: &KeyName,
        sequence: u64,
    ) -> Result<Option<Kept>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        self.statement_in(&transaction, source, sequence)
    }

    pub(super) fn statement_in(
        &self,
        transaction: &ReadTransaction,
        name: &KeyName,
        sequence: u64,
    ) -> Result<Option<Kept>, AgentError> {
        let source = self.source(name)?;
        let key = (source.number, sequence);
        let table = transaction.open_table(STATEMENTS).map_err(damaged)?;
        let Some(row) = owned(&table, key)? else { return Ok(None) };
        let wrong = |error: &dyn std::fmt::Display| {
            self.wrong(&format!("statement {sequence} of {name}: {error}"))
        };
        let row = StatementRow::parse(&row).map_err(|error| wrong(&error))?;
        let statement = Statement::parse(row.bytes).map_err(|error| wrong(&error))?;
        let statement = self.verify_own(&statement).map_err(|error| wrong(&error))?;
        if statement.sequence() != sequence || *statement.origin() != self.settings.origin {
            return Err(wrong(&"it belongs to another place or log"));
        }
        let receipts = transaction.open_table(RECEIPTS).map_err(damaged)?;
        let (stage, logged) = match owned(&receipts, key)? {
            Some(row) => {
                let row = ReceiptRow::parse(&row).map_err(|error| wrong(&error))?;
                (Stage::Anchored(row.index), Some(row.logged))
            }
            None => {
                let waiting = transaction.open_table(WAITING).map_err(damaged)?;
                let row = owned(&waiting, key)?.unwrap_or_else(|| rows::waiting(None));
                let index = rows::parse_waiting(&row).map_err(|error| wrong(&error))?;
                (index.map_or(Stage::Kept, Stage::Sequenced), None)
            }
        };
        Ok(Some(Kept { statement, stage, sealed: row.sealed, logged }))
    }

    /// Says that nothing was found, and that it may have been deleted where anything was: of what was
    /// deleted no look-up is left either.
    pub(crate) fn no_such_record(&self) -> AgentError {
        let text = match self.deletions() {
            Ok(deletions) if deletions.is_empty() => "the vault has no such record".to_string(),
            Err(error) => return error,
            Ok(deletions) => {
                let count: usize = deletions.iter().map(|one| one.records.len()).sum();
                format!(
                    "the vault has no such record, or no longer: {count} were deleted by rules of \
                     retention; see `fiducial-agent deletions`"
                )
            }
        };
        AgentError::Failed(text)
    }

    /// Every record with every salt, checked against the statement.
    pub(crate) fn batch(&self, source: &KeyName, sequence: u64) -> Result<Batch, AgentError> {
        let opening = self.opening(source, sequence)?;
        opening.to_batch().map_err(|record| {
            let reason = format!(
                "record {record} of statement {sequence} of {source} was deleted by a rule of \
                 retention; the others can still be disclosed"
            );
            AgentError::vault(&self.folder, reason)
        })
    }

    /// What is left of a batch, checked against the statement: all of it, unless rules of retention
    /// have deleted records.
    pub(crate) fn opening(&self, source: &KeyName, sequence: u64) -> Result<Opening, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let kept = self.statement_in(&transaction, source, sequence)?;
        let missing = || self.wrong(&format!("{source} has no statement {sequence}"));
        let kept = kept.ok_or_else(missing)?;
        let number = self.source(source)?.number;
        let place =
            Place { origin: self.settings.origin.clone(), source: source.clone(), sequence };
        let bytes = self.opening_bytes(&transaction, (number, sequence))?;
        let wrong = |reason: &str| {
            self.wrong(&format!("the opening of statement {sequence} of {source} {reason}"))
        };
        let opening = Opening::parse(place, &bytes).map_err(|_| wrong("is malformed"))?;
        if opening.commitment() == kept.statement.batch() {
            Ok(opening)
        } else {
            Err(wrong("is not what the statement commits to"))
        }
    }

    fn opening_bytes(
        &self,
        transaction: &ReadTransaction,
        key: (u32, u64),
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, AgentError> {
        let table = transaction.open_table(OPENINGS).map_err(damaged)?;
        let range = (key.0, key.1, 0)..=(key.0, key.1, u32::MAX);
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        for (expected, entry) in table.range(range).map_err(damaged)?.enumerate() {
            let (piece, row) = entry.map_err(damaged)?;
            let number = piece.value().2;
            if u64::from(number) != expected as u64 || bytes.len() > MAX_OPENING_SIZE {
                return Err(self.wrong(&"an opening lacks a piece"));
            }
            let row = self.cipher.open("openings", &piece_key(key, number), row.value());
            bytes.extend_from_slice(&row.map_err(|error| self.wrong(&error))?);
        }
        Ok(bytes)
    }

    /// A receipt; `None` before the statement is anchored.
    pub(crate) fn receipt(&self, s: &KeyName, n: u64) -> Result<Option<Proof>, AgentError> {
        let key = (self.source(s)?.number, n);
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(RECEIPTS).map_err(damaged)?;
        let Some(row) = owned(&table, key)? else { return Ok(None) };
        let row = ReceiptRow::parse(&row).map_err(|error| self.wrong(&error))?;
        let note = self.note(&transaction, &row.note)?;
        let table = transaction.open_table(STATEMENTS).map_err(damaged)?;
        let statement = owned(&table, key)?;
        let statement = statement.ok_or_else(|| self.wrong(&"a receipt without its statement"))?;
        let statement = StatementRow::parse(&statement).map_err(|error| self.wrong(&error))?;
        Ok(Some(row.into_proof(statement.bytes, note)))
    }

    /// The note that a statement's `after` line names.
    pub(crate) fn after(&self, s: &KeyName, n: u64) -> Result<Option<Note>, AgentError> {
        let key = (self.source(s)?.number, n);
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(STATEMENTS).map_err(damaged)?;
        let Some(row) = owned(&table, key)? else { return Ok(None) };
        let row = StatementRow::parse(&row).map_err(|error| self.wrong(&error))?;
        row.after.map(|after| self.note(&transaction, &after)).transpose()
    }

    fn note(&self, transaction: &ReadTransaction, name: &[u8; 32]) -> Result<Note, AgentError> {
        let table = transaction.open_table(NOTES).map_err(damaged)?;
        let bytes = owned(&table, name.as_slice())?;
        let bytes = bytes.ok_or_else(|| self.wrong(&"a checkpoint note is gone"))?;
        if spec::Hash::of(&bytes).as_bytes() != name {
            return Err(self.wrong(&"a checkpoint note is damaged"));
        }
        Note::parse(&bytes).map_err(|error| self.wrong(&error))
    }

    /// Evidence, verified while it is read.
    #[cfg(test)]
    pub(crate) fn evidence(&self, sha256: &Hash256) -> Result<Option<Vec<u8>>, AgentError> {
        let mut bytes = Vec::new();
        let found = self.copy_evidence(sha256, &mut bytes)?;
        Ok(found.then_some(bytes))
    }

    /// Writes evidence to `out`, one chunk in memory at a time; `false` if it is not in the vault.
    ///
    /// On an error what was written so far is not the evidence and is to be thrown away.
    pub(crate) fn copy_evidence(
        &self,
        sha256: &Hash256,
        out: &mut dyn Write,
    ) -> Result<bool, AgentError> {
        let id = self.item_id(sha256);
        let mut tries = 0;
        loop {
            let transaction = self.database.begin_read().map_err(damaged)?;
            let table = transaction.open_table(BLOBS).map_err(damaged)?;
            let Some(row) = owned(&table, id.as_slice())? else { return Ok(false) };
            let blob = Blob::parse(&row).map_err(|error| self.wrong(&error))?;
            let path = self.folder.join(pack_path(blob.pack));
            tries += 1;
            match self.read_blob(&id, &blob, &mut |chunk| out.write_all(chunk)) {
                Ok(hash) if hash == sha256.0 => return Ok(true),
                Ok(_) => return Err(damaged_evidence(&path, sha256, "its bytes are others")),
                // The pack was rewritten between the two looks: the row names another one now.
                Err(ItemError::Io(error))
                    if error.kind() == io::ErrorKind::NotFound && tries < 3 => {}
                Err(error) => return Err(damaged_evidence(&path, sha256, &error.to_string())),
            }
        }
    }

    /// Reads an item through and gives its SHA-256.
    pub(super) fn read_blob(
        &self,
        id: &pack::ItemId,
        blob: &Blob,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<[u8; 32], ItemError> {
        let file = self.disk.open(&pack_path(blob.pack), false)?;
        let header = pack::read_header(&*file, blob.offset)?;
        if header.id != *id || header.size != blob.size {
            return Err(ItemError::Damaged { offset: blob.offset });
        }
        pack::read_item(&self.cipher, &*file, blob.offset, &header, take)
    }

    /// The sequences of the newest statements of a source that are here, at most `limit`, the newest first; and
    /// whether there are older ones. Those that were lost with another copy of the vault are not counted.
    pub(crate) fn newest(
        &self,
        source: &KeyName,
        limit: usize,
    ) -> Result<(Vec<u64>, bool), AgentError> {
        let number = self.source(source)?.number;
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(STATEMENTS).map_err(damaged)?;
        let mut range = table.range((number, 0)..=(number, u64::MAX)).map_err(damaged)?;
        let mut found = Vec::new();
        while let Some(entry) = range.next_back().transpose().map_err(damaged)? {
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(entry.0.value().1);
        }
        Ok((found, false))
    }

    /// Where records of a file are.
    pub(crate) fn of_file(&self, sha256: &Hash256) -> Result<Vec<RecordPlace>, AgentError> {
        self.places(OF_FILE, self.cipher.short_name("of_file", &sha256.0))
    }

    /// Where records that name a unit are.
    pub(crate) fn of_unit(&self, unit: &[u8]) -> Result<Vec<RecordPlace>, AgentError> {
        self.places(OF_UNIT, self.cipher.short_name("of_unit", unit))
    }

    fn places(&self, table: Places, name: [u8; 16]) -> Result<Vec<RecordPlace>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(table).map_err(damaged)?;
        let first = place_key(name, 0, 0, 0);
        let last = place_key(name, u32::MAX, u64::MAX, u32::MAX);
        let mut places = Vec::new();
        for entry in table.range::<&[u8; 32]>(&first..=&last).map_err(damaged)? {
            let (source, sequence, record) = place_of(entry.map_err(damaged)?.0.value());
            let source = self.source_of(source)?;
            places.push(RecordPlace { source, sequence, record: u64::from(record) });
        }
        places.sort();
        Ok(places)
    }

    pub(super) fn source_of(&self, number: u32) -> Result<KeyName, AgentError> {
        let sources = self.sources.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = sources.iter().find(|(_, source)| source.number == number);
        let missing =
            || self.wrong(&format!("a row of source number {number}, which is not there"));
        found.map(|(name, _)| name.clone()).ok_or_else(missing)
    }

    /// The newest checkpoint that this agent has verified, by the policy as it was then.
    pub(crate) fn checkpoint(&self) -> Result<Option<Judged>, AgentError> {
        let Some(bytes) = self.state(CHECKPOINT)? else { return Ok(None) };
        let note = Note::parse(&bytes).map_err(|error| self.wrong(&error))?;
        let tree = Checkpoint::parse(note.text()).map_err(|error| self.wrong(&error))?.tree();
        let accepted = self.policy.check(&note);
        Ok(Some(Judged { note, tree, accepted }))
    }

    /// Remembers a checkpoint that was verified and is consistent with the one before.
    pub(crate) fn remember_checkpoint(&self, note: &Note) -> Result<(), AgentError> {
        self.put_state(CHECKPOINT, &note.to_bytes())
    }

    /// Keeps a checkpoint that contradicts what was verified before, for those who will ask.
    pub(crate) fn keep_refused(&self, note: &Note) -> Result<std::path::PathBuf, AgentError> {
        let bytes = note.to_bytes();
        let name = format!("refused-{}", &spec::Hash::of(&bytes).to_hex()[..8]);
        let written = self.disk.write_whole(&name, &bytes, Access::Owner);
        let path = self.folder.join(name);
        written.map_err(AgentError::file(&path)).map(|()| path)
    }

    /// A small row of state that another room owns.
    pub(crate) fn state(&self, name: &str) -> Result<Option<Vec<u8>>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(STATE).map_err(damaged)?;
        let Some(row) = owned(&table, name)? else { return Ok(None) };
        let row = self.cipher.open("state", name.as_bytes(), &row);
        row.map(|row| Some(row.to_vec())).map_err(|error| self.wrong(&error))
    }

    /// Writes it, durable on return.
    pub(crate) fn put_state(&self, name: &str, value: &[u8]) -> Result<(), AgentError> {
        let sealed = self.cipher.seal("state", name.as_bytes(), value)?;
        self.write(Sync::Later, |transaction| {
            let mut table = transaction.open_table(STATE).map_err(damaged)?;
            table.insert(name, sealed.as_slice()).map_err(damaged)?;
            Ok(())
        })
    }
}

fn damaged_evidence(path: &Path, sha256: &Hash256, why: &str) -> AgentError {
    let name = spec::Hash::from(*sha256).to_hex();
    AgentError::vault(path, format!("evidence {name} cannot be read as it was stored: {why}"))
}
