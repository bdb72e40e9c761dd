//! Sources, their queues of pending records, and their chains of statements.
//!
//! Invariant: [`Vault::seal`] takes a statement only if it continues the source's chain and commits
//! to the batch that is kept with it; after it the statement is the source's next for ever.

use std::collections::BTreeMap;

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction};
use spec::Hash;
use spec::evidence::record::Record;
use spec::key::{KeyName, SigningKey};
use spec::note::Note;
use spec::proof::Proof;

use super::check::GONE;
use super::open::Sync;
use super::opening::Opening;
use super::pack::ItemId;
use super::rows::{self, Blob, StatementRow};
use super::tables::{
    BLOBS, HEADS, NOTES, OF_FILE, OF_UNIT, OPENINGS, PENDING, Places, RECEIPTS, SOURCES, STATE,
    STATEMENTS, WAITING, damaged, numbered_key, owned, place_key,
};
use super::{Head, Kept, Sealed, Source, Vault};
use crate::error::AgentError;
use crate::model::{Hash256, Pending, UnixMillis};

/// Openings lie in pieces of this size: with nonce, tag and key just below a page of 64 KiB.
const PIECE_SIZE: usize = 64 * 1024 - 512;

impl Vault {
    /// Adds a source with its key.
    pub(crate) fn add_source(&self, key: &SigningKey) -> Result<(), AgentError> {
        let name = key.verifier().name();
        let number = self.write(Sync::Now, |transaction| {
            let mut table = transaction.open_table(SOURCES).map_err(damaged)?;
            if table.get(name.as_str()).map_err(damaged)?.is_some() {
                let reason = format!("it has a source {name} already");
                return Err(AgentError::vault(&self.folder, reason));
            }
            let number = u32::try_from(table.len().map_err(damaged)?).expect("fewer sources");
            let row = zeroize::Zeroizing::new(rows::source(number, &key.to_text()));
            let sealed = self.cipher.seal("sources", name.as_str().as_bytes(), &row)?;
            table.insert(name.as_str(), sealed.as_slice()).map_err(damaged)?;
            let first = Head {
                next_sequence: 0,
                previous: Hash::ZERO,
                next_record: 0,
                after: 0,
                sealed: UnixMillis(0),
            };
            let mut heads = transaction.open_table(HEADS).map_err(damaged)?;
            heads.insert(number, rows::head(&first, 1).as_slice()).map_err(damaged)?;
            Ok(number)
        })?;
        let source = Source { number, key: key.verifier().clone() };
        let mut sources = self.sources.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        sources.insert(name.clone(), source);
        Ok(())
    }

    /// The names of all sources, in order.
    pub(crate) fn sources(&self) -> Result<Vec<KeyName>, AgentError> {
        let sources = self.sources.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(sources.keys().cloned().collect())
    }

    /// A source's key.
    pub(crate) fn key(&self, source: &KeyName) -> Result<SigningKey, AgentError> {
        self.source(source)?;
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(SOURCES).map_err(damaged)?;
        let row = owned(&table, source.as_str())?;
        let row = row.ok_or_else(|| self.wrong(&format!("the source {source} is gone")))?;
        Ok(self.parse_source(source.as_str(), &row)?.1)
    }

    /// Where its chain ends.
    pub(crate) fn head(&self, source: &KeyName) -> Result<Head, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(HEADS).map_err(damaged)?;
        Ok(self.read_head(&table, self.source(source)?.number)?.0)
    }

    /// Moves a chain's end behind statements that were lost with a newer vault: see `spool`.
    #[cfg(test)]
    pub(crate) fn move_head(&self, source: &KeyName, head: &Head) -> Result<(), AgentError> {
        let number = self.source(source)?.number;
        self.write(Sync::Now, |transaction| {
            let mut table = transaction.open_table(HEADS).map_err(damaged)?;
            let (before, next_pending) = self.read_head(&table, number)?;
            if head.next_sequence < before.next_sequence {
                return Err(self.wrong(&format!("the chain of {source} cannot go back")));
            }
            table.insert(number, rows::head(head, next_pending).as_slice()).map_err(damaged)?;
            self.note_moved(transaction, number, head.next_sequence)
        })
    }

    /// Loses a statement, as damage does.
    #[cfg(test)]
    pub(super) fn remove_statement(&self, source: &KeyName, n: u64) -> Result<(), AgentError> {
        let key = (self.source(source)?.number, n);
        self.write(Sync::Now, |transaction| {
            transaction.open_table(STATEMENTS).map_err(damaged)?.remove(key).map_err(damaged)?;
            Ok(())
        })
    }

    /// Notes that a chain goes on at a sequence behind ones that this vault does not have: a check
    /// finds the gap, and takes it for what it is.
    pub(super) fn note_moved(
        &self,
        transaction: &WriteTransaction,
        number: u32,
        next_sequence: u64,
    ) -> Result<(), AgentError> {
        let name = moved_row(number, next_sequence);
        let sealed = self.cipher.seal("state", name.as_bytes(), b"")?;
        let mut state = transaction.open_table(STATE).map_err(damaged)?;
        state.insert(name.as_str(), sealed.as_slice()).map_err(damaged)?;
        Ok(())
    }

    /// The oldest pending records of a source with their numbers, in order.
    pub(crate) fn pending(
        &self,
        source: &KeyName,
        limit: usize,
    ) -> Result<Vec<(u64, Pending)>, AgentError> {
        let number = self.source(source)?.number;
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(PENDING).map_err(damaged)?;
        let range = table.range((number, 0)..=(number, u64::MAX)).map_err(damaged)?;
        let mut pending = Vec::new();
        for entry in range.take(limit) {
            let (key, row) = entry.map_err(damaged)?;
            let key = key.value();
            let row = self.cipher.open("pending", &numbered_key(key), row.value());
            let row = row.map_err(|error| self.wrong(&error))?;
            pending.push((key.1, rows::parse_pending(&row).map_err(|error| self.wrong(&error))?));
        }
        Ok(pending)
    }

    /// How many wait.
    pub(crate) fn pending_count(&self, source: &KeyName) -> Result<u64, AgentError> {
        let number = self.source(source)?.number;
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(PENDING).map_err(damaged)?;
        // They leave from the front and get no number twice, so two ends tell how many there are.
        let mut range = table.range((number, 0)..=(number, u64::MAX)).map_err(damaged)?;
        let Some(first) = range.next().transpose().map_err(damaged)? else { return Ok(0) };
        let last = range.next_back().transpose().map_err(damaged)?;
        let last = last.map_or(first.0.value().1, |last| last.0.value().1);
        Ok(last - first.0.value().1 + 1)
    }

    /// Makes a statement durable with its opening. THE COMMIT POINT of a source's chain.
    pub(crate) fn seal(&self, sealed: &Sealed<'_>) -> Result<(), AgentError> {
        let (statement, batch) = (sealed.statement, sealed.batch);
        let source = self.source(statement.source())?;
        let opening = Opening::new(batch, sealed.evidence);
        // The largest part of the work is done before the one writer's turn is taken.
        let key = (source.number, statement.sequence());
        let (commitment, pieces) =
            rayon::join(|| opening.commitment(), || self.opening_pieces(key, &opening));
        let refuse = |reason: &str| Err(self.wrong(&format!("a statement {reason}")));
        if batch.place().sequence != statement.sequence()
            || batch.place().source != *statement.source()
            || batch.place().origin != *statement.origin()
            || *statement.origin() != self.settings.origin
            || commitment != statement.batch()
        {
            return refuse("that does not commit to its batch was to be kept");
        }
        if sealed.evidence.len() + 1 != batch.records().len() {
            return refuse("was to be kept with evidence of another number of records");
        }
        let note = sealed.after.map(Note::to_bytes);
        let note_hash = note.as_deref().map_or(Hash::ZERO, Hash::of);
        if note_hash != statement.after().note_hash() {
            return refuse("was to be kept with another checkpoint than it names");
        }
        let pieces = pieces?;
        self.write(Sync::Now, |transaction| {
            self.move_chain(transaction, source.number, sealed)?;
            if let Some(note) = &note {
                let mut notes = transaction.open_table(NOTES).map_err(damaged)?;
                notes.insert(note_hash.as_bytes().as_slice(), note.as_slice()).map_err(damaged)?;
            }
            let bytes = statement.to_bytes();
            let after = note.is_some().then_some(*note_hash.as_bytes());
            let row = StatementRow { sealed: sealed.sealed, after, bytes: &bytes }.to_row();
            let mut table = transaction.open_table(STATEMENTS).map_err(damaged)?;
            table.insert(key, row.as_slice()).map_err(damaged)?;
            let mut table = transaction.open_table(WAITING).map_err(damaged)?;
            table.insert(key, rows::waiting(None).as_slice()).map_err(damaged)?;
            put_pieces(transaction, key, &pieces)?;
            self.put_places(transaction, key, &opening)
        })
    }

    /// Moves the end of the chain over the statement and takes its records out of the queue.
    fn move_chain(
        &self,
        transaction: &WriteTransaction,
        source: u32,
        sealed: &Sealed<'_>,
    ) -> Result<(), AgentError> {
        let statement = sealed.statement;
        let mut heads = transaction.open_table(HEADS).map_err(damaged)?;
        let (head, next_pending) = self.read_head(&heads, source)?;
        let (sequence, previous) = (statement.sequence(), statement.previous());
        if (sequence, previous) != (head.next_sequence, head.previous) {
            let reason = format!("statement {sequence} does not continue the chain of its source");
            return Err(self.wrong(&reason));
        }
        let head = Head {
            next_sequence: sequence + 1,
            previous: statement.leaf_hash(),
            next_record: head.next_record + sealed.evidence.len() as u64,
            after: statement.after().tree().size(),
            sealed: sealed.sealed,
        };
        heads.insert(source, rows::head(&head, next_pending).as_slice()).map_err(damaged)?;
        self.empty_queue(transaction, source, sealed)
    }

    /// Takes the records out of the queue. Their evidence stands behind the sealed ones now: where
    /// those name other evidence than waited, the counts of references are put right.
    fn empty_queue(
        &self,
        transaction: &WriteTransaction,
        source: u32,
        sealed: &Sealed<'_>,
    ) -> Result<(), AgentError> {
        let mut change: BTreeMap<ItemId, i64> = BTreeMap::new();
        for hash in sealed.evidence.iter().flatten() {
            *change.entry(self.item_id(hash)).or_default() += 1;
        }
        if let Some(through) = sealed.through {
            let mut table = transaction.open_table(PENDING).map_err(damaged)?;
            let range = (source, 0)..=(source, through);
            for entry in table.range(range.clone()).map_err(damaged)? {
                let (key, row) = entry.map_err(damaged)?;
                let row = self.cipher.open("pending", &numbered_key(key.value()), row.value());
                let row = row.map_err(|error| self.wrong(&error))?;
                let pending = rows::parse_pending(&row).map_err(|error| self.wrong(&error))?;
                if let Some(hash) = &pending.evidence {
                    *change.entry(self.item_id(hash)).or_default() -= 1;
                }
            }
            table.retain_in(range, |_, _| false).map_err(damaged)?;
        }
        let mut blobs = transaction.open_table(BLOBS).map_err(damaged)?;
        for (id, change) in change.into_iter().filter(|(_, change)| *change != 0) {
            let Some(row) = owned(&blobs, id.as_slice())? else { continue };
            let blob = Blob::parse(&row).map_err(|error| self.wrong(&error))?;
            let references = blob.references.saturating_add_signed(change);
            let row = Blob { references, ..blob }.to_row();
            blobs.insert(id.as_slice(), row.as_slice()).map_err(damaged)?;
        }
        Ok(())
    }

    /// The rows of an opening.
    pub(super) fn opening_pieces(
        &self,
        key: (u32, u64),
        opening: &Opening,
    ) -> Result<Vec<Vec<u8>>, AgentError> {
        let bytes = zeroize::Zeroizing::new(opening.to_bytes());
        let pieces = bytes.chunks(PIECE_SIZE).enumerate();
        let seal = |(number, piece)| {
            let number = u32::try_from(number).expect("an opening is bounded");
            self.cipher.seal("openings", &piece_key(key, number), piece)
        };
        pieces.map(seal).collect()
    }

    fn put_places(
        &self,
        transaction: &WriteTransaction,
        (source, sequence): (u32, u64),
        opening: &Opening,
    ) -> Result<(), AgentError> {
        let (mut of_file, mut of_unit) = (Vec::new(), Vec::new());
        for (index, kept) in opening.records.iter().enumerate() {
            let index = u32::try_from(index).expect("a batch is bounded");
            let Some(record) = kept.whole() else { continue };
            for hash in files_of(record, kept.evidence()) {
                let name = self.cipher.short_name("of_file", &hash);
                of_file.push(place_key(name, source, sequence, index));
            }
            for unit in units_of(record) {
                let name = self.cipher.short_name("of_unit", unit);
                of_unit.push(place_key(name, source, sequence, index));
            }
        }
        put_sorted(transaction, OF_FILE, of_file)?;
        put_sorted(transaction, OF_UNIT, of_unit)
    }

    /// The oldest statements of a source that are not anchored, in order.
    pub(crate) fn unanchored(
        &self,
        source: &KeyName,
        limit: usize,
    ) -> Result<Vec<Kept>, AgentError> {
        let number = self.source(source)?.number;
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(WAITING).map_err(damaged)?;
        let range = table.range((number, 0)..=(number, u64::MAX)).map_err(damaged)?;
        let mut kept = Vec::new();
        for entry in range.take(limit) {
            let sequence = entry.map_err(damaged)?.0.value().1;
            let missing =
                || self.wrong(&format!("statement {sequence} of {source} is gone: {GONE}"));
            kept.push(self.statement_in(&transaction, source, sequence)?.ok_or_else(missing)?);
        }
        Ok(kept)
    }

    /// Whether a statement that is not there was lost or taken back, and the chain goes on behind it:
    /// then a later statement says so, or has its records.
    pub(crate) fn was_left_out(&self, source: &KeyName, sequence: u64) -> Result<bool, AgentError> {
        let number = self.source(source)?.number;
        for next in sequence + 1..=self.head(source)?.next_sequence {
            if self.state(&moved_row(number, next))?.is_some() {
                return Ok(true);
            }
            if self.statement(source, next)?.is_some() {
                return Ok(false);
            }
        }
        // Taken back without a gap: its place is the next statement's.
        Ok(self.head(source)?.next_sequence <= sequence)
    }

    /// How many statements are not anchored yet, over all sources.
    pub(crate) fn unanchored_count(&self) -> Result<u64, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        transaction.open_table(WAITING).map_err(damaged)?.len().map_err(damaged)
    }

    /// Notes the indices that the log gave. Not a promise: a lost note is asked for again.
    pub(crate) fn sequenced(&self, at: &[(KeyName, u64, u64)]) -> Result<(), AgentError> {
        self.write(Sync::Later, |transaction| {
            let mut table = transaction.open_table(WAITING).map_err(damaged)?;
            for (source, sequence, index) in at {
                let key = (self.source(source)?.number, *sequence);
                // Anchored meanwhile, or never sealed here: there is nothing to note.
                if table.get(key).map_err(damaged)?.is_some() {
                    let row = rows::waiting(Some(*index));
                    table.insert(key, row.as_slice()).map_err(damaged)?;
                }
            }
            Ok(())
        })
    }

    /// Forgets the indices of a source's unanchored statements from `from` on: the log does not have them any
    /// more, and they are to be sent again. Gives how many had one.
    pub(crate) fn unsequenced(&self, source: &KeyName, from: u64) -> Result<u64, AgentError> {
        let number = self.source(source)?.number;
        self.write(Sync::Later, |transaction| {
            let mut table = transaction.open_table(WAITING).map_err(damaged)?;
            let mut noted = Vec::new();
            for entry in table.range((number, from)..=(number, u64::MAX)).map_err(damaged)? {
                let (key, row) = entry.map_err(damaged)?;
                let index = rows::parse_waiting(row.value()).map_err(|error| self.wrong(&error))?;
                noted.extend(index.map(|_| key.value()));
            }
            let unsent = rows::waiting(None);
            for key in &noted {
                table.insert(*key, unsent.as_slice()).map_err(damaged)?;
            }
            Ok(noted.len() as u64)
        })
    }

    /// Keeps receipts that satisfied the policy: these statements are anchored.
    pub(crate) fn anchored(
        &self,
        receipts: &[(KeyName, u64, Proof)],
        logged: UnixMillis,
    ) -> Result<(), AgentError> {
        self.write(Sync::Now, |transaction| {
            let statements = transaction.open_table(STATEMENTS).map_err(damaged)?;
            let mut waiting = transaction.open_table(WAITING).map_err(damaged)?;
            let mut table = transaction.open_table(RECEIPTS).map_err(damaged)?;
            let mut notes = transaction.open_table(NOTES).map_err(damaged)?;
            for (source, sequence, proof) in receipts {
                let key = (self.source(source)?.number, *sequence);
                let row = owned(&statements, key)?;
                let missing = || {
                    self.wrong(&format!("a receipt for statement {sequence}, which is not there"))
                };
                let row = row.ok_or_else(missing)?;
                let statement = StatementRow::parse(&row).map_err(|error| self.wrong(&error))?;
                let receipt = rows::receipt(logged, proof, statement.bytes);
                table.insert(key, receipt.as_slice()).map_err(damaged)?;
                let note = proof.checkpoint();
                let name = rows::note_key(note);
                if notes.get(name.as_slice()).map_err(damaged)?.is_none() {
                    let bytes = note.to_bytes();
                    notes.insert(name.as_slice(), bytes.as_slice()).map_err(damaged)?;
                }
                waiting.remove(key).map_err(damaged)?;
            }
            Ok(())
        })
    }

    /// A source that must be there.
    pub(super) fn source(&self, name: &KeyName) -> Result<Source, AgentError> {
        let sources = self.sources.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let missing = || AgentError::vault(&self.folder, format!("it has no source {name}"));
        sources.get(name).cloned().ok_or_else(missing)
    }

    pub(super) fn read_head(
        &self,
        table: &impl ReadableTable<u32, &'static [u8]>,
        source: u32,
    ) -> Result<(Head, u64), AgentError> {
        let row = owned(table, source)?.ok_or_else(|| self.wrong(&"a source has no chain"))?;
        rows::parse_head(&row).map_err(|error| self.wrong(&error))
    }
}

/// The row of `state` that says that a chain was moved to this statement.
pub(super) fn moved_row(source: u32, sequence: u64) -> String {
    format!("vault/moved/{source}/{sequence}")
}

/// Puts keys into a look-up in their order: they are hashes, and in the order of the records each
/// would touch another page, more than the cache holds, to be written and read again in between.
fn put_sorted(
    transaction: &WriteTransaction,
    table: Places,
    mut keys: Vec<[u8; 32]>,
) -> Result<(), AgentError> {
    keys.sort_unstable();
    let mut table = transaction.open_table(table).map_err(damaged)?;
    for key in &keys {
        table.insert(key, ()).map_err(damaged)?;
    }
    Ok(())
}

/// Writes an opening's rows; pieces of an older, longer opening are removed.
pub(super) fn put_pieces(
    transaction: &WriteTransaction,
    key: (u32, u64),
    pieces: &[Vec<u8>],
) -> Result<(), AgentError> {
    let mut table = transaction.open_table(OPENINGS).map_err(damaged)?;
    table.retain_in((key.0, key.1, 0)..=(key.0, key.1, u32::MAX), |_, _| false).map_err(damaged)?;
    for (number, piece) in pieces.iter().enumerate() {
        let number = u32::try_from(number).expect("an opening is bounded");
        table.insert((key.0, key.1, number), piece.as_slice()).map_err(damaged)?;
    }
    Ok(())
}

/// What binds a piece of an opening to its place.
pub(super) fn piece_key(key: (u32, u64), number: u32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..12].copy_from_slice(&numbered_key(key));
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The hashes by which a record is found: of what was captured, and of the part that it is about.
pub(super) fn files_of(record: &Record, evidence: Option<Hash256>) -> Vec<[u8; 32]> {
    let value = record.value("file/sha256").and_then(|value| std::str::from_utf8(value).ok());
    let own: Option<[u8; 32]> = value.and_then(|value| spec::encoding::decode_hex(value).ok());
    let mut hashes: Vec<[u8; 32]> = own.into_iter().chain(evidence.map(|hash| hash.0)).collect();
    hashes.dedup();
    hashes
}

/// The names that a record is found by: its panel and its units.
pub(super) fn units_of(record: &Record) -> Vec<&[u8]> {
    let list = record.value("units").unwrap_or_default().split(|byte| *byte == b'\n');
    let mut units: Vec<&[u8]> = list.chain(record.value("panel")).collect();
    units.retain(|unit| !unit.is_empty());
    units.sort_unstable();
    units.dedup();
    units
}
