//! The tables of `vault.redb`.
//!
//! Rule: `spec/text/vault.md`, "The database", which lists keys and rows.
//!
//! Sources are numbered in the order in which they were added; most keys begin with that number.

use redb::{ReadableTable, TableDefinition, WriteTransaction};

use crate::error::AgentError;

/// A value of bytes under a key of bytes.
pub(super) type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;
/// A value of bytes for a source and a number that counts up.
pub(super) type Numbered = TableDefinition<'static, (u32, u64), &'static [u8]>;
/// A value of bytes under a number.
pub(super) type Listed = TableDefinition<'static, u64, &'static [u8]>;
/// A value of bytes under a name that the program gives.
pub(super) type Named = TableDefinition<'static, &'static str, &'static [u8]>;
/// Where something is: a short name, source, statement and record in one key.
pub(super) type Places = TableDefinition<'static, &'static [u8; 32], ()>;

/// Format, vault id, incarnation, commit counter.
pub(super) const META: Named = TableDefinition::new("meta");
/// Small rows that other rooms own.
pub(super) const STATE: Named = TableDefinition::new("state");
/// Number, name and key of each source.
pub(super) const SOURCES: Named = TableDefinition::new("sources");
/// Where each chain ends, and the number of the next pending record.
pub(super) const HEADS: TableDefinition<'static, u32, &'static [u8]> =
    TableDefinition::new("heads");
/// How far each pack is committed.
pub(super) const PACKS: Listed = TableDefinition::new("packs");
/// Where evidence lies.
pub(super) const BLOBS: Bytes = TableDefinition::new("blobs");
/// What is remembered of each item of a watch.
pub(super) const SEEN: Bytes = TableDefinition::new("seen");
/// Rows that `chain` follows.
pub(super) const LINKS: Bytes = TableDefinition::new("links");
/// Records that wait for their statement.
pub(super) const PENDING: Numbered = TableDefinition::new("pending");
/// Statements, never changed.
pub(super) const STATEMENTS: Numbered = TableDefinition::new("statements");
/// Openings, in pieces.
pub(super) const OPENINGS: TableDefinition<'static, (u32, u64, u32), &'static [u8]> =
    TableDefinition::new("openings");
/// Statements that are not anchored yet, with the index that the log gave.
pub(super) const WAITING: Numbered = TableDefinition::new("waiting");
/// Receipts without their notes.
pub(super) const RECEIPTS: Numbered = TableDefinition::new("receipts");
/// Checkpoint notes by their SHA-256; many receipts share one.
pub(super) const NOTES: Bytes = TableDefinition::new("notes");
/// Where records of a file are.
pub(super) const OF_FILE: Places = TableDefinition::new("of_file");
/// Where records that name a unit are.
pub(super) const OF_UNIT: Places = TableDefinition::new("of_unit");
/// What may not be deleted.
pub(super) const HOLDS: Listed = TableDefinition::new("holds");
/// What was deleted.
pub(super) const DELETIONS: Listed = TableDefinition::new("deletions");

/// Makes every table, so that reading never meets a missing one.
pub(super) fn make_all(transaction: &WriteTransaction) -> Result<(), AgentError> {
    for table in [META, STATE, SOURCES] {
        transaction.open_table(table).map_err(damaged)?;
    }
    for table in [BLOBS, SEEN, LINKS, NOTES] {
        transaction.open_table(table).map_err(damaged)?;
    }
    for table in [PENDING, STATEMENTS, WAITING, RECEIPTS] {
        transaction.open_table(table).map_err(damaged)?;
    }
    for table in [PACKS, HOLDS, DELETIONS] {
        transaction.open_table(table).map_err(damaged)?;
    }
    for table in [OF_FILE, OF_UNIT] {
        transaction.open_table(table).map_err(damaged)?;
    }
    transaction.open_table(HEADS).map_err(damaged)?;
    transaction.open_table(OPENINGS).map_err(damaged)?;
    Ok(())
}

/// A key's bytes, to bind its row to it.
pub(super) fn numbered_key((source, number): (u32, u64)) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&source.to_be_bytes());
    key[4..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The key of a look-up row.
pub(super) fn place_key(name: [u8; 16], source: u32, sequence: u64, record: u32) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&name);
    key[16..28].copy_from_slice(&numbered_key((source, sequence)));
    key[28..].copy_from_slice(&record.to_be_bytes());
    key
}

/// Source, statement and record of a look-up row's key.
pub(super) fn place_of(key: &[u8; 32]) -> (u32, u64, u32) {
    let four = |at: usize| u32::from_be_bytes(key[at..at + 4].try_into().expect("four bytes"));
    let sequence = u64::from_be_bytes(key[20..28].try_into().expect("eight bytes"));
    (four(16), sequence, four(28))
}

/// A row's bytes, taken out of the table.
pub(super) fn owned<K: redb::Key + 'static>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'_>,
) -> Result<Option<Vec<u8>>, AgentError> {
    let row = table.get(key).map_err(damaged)?;
    Ok(row.map(|row| row.value().to_vec()))
}

/// Says that the database could not be read or written.
pub(super) fn damaged(error: impl Into<redb::Error>) -> AgentError {
    let path = std::path::Path::new(super::disk::DATABASE);
    match error.into() {
        redb::Error::PreviousIo => AgentError::Reopen { path: path.to_path_buf() },
        redb::Error::Io(error) => AgentError::File { path: path.to_path_buf(), error },
        error => AgentError::vault(path, error),
    }
}
