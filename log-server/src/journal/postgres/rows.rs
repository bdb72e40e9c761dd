//! Rows, read into values that are right or refused.

use bytes::Bytes;
use spec::Hash;
use spec::hash::leaf_hashes;
use spec::tile::push_entry;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::session::{Session, Trouble};
use crate::answer::Fatal;
use crate::id::Id;
use crate::journal::{Base, Loaded, frame};

/// The head of the log as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The fencing number of commits.
    pub(super) fence: i64,
    /// Which store of full tiles all servers use, once that is settled.
    pub(super) place: Option<Id>,
}

/// A column of a row.
pub(super) fn value<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, Trouble> {
    row.try_get(name).map_err(|error| strange(&format!("column {name}: {error}")))
}

/// A column with a size or an index.
pub(super) fn number(row: &Row, name: &str) -> Result<u64, Trouble> {
    u64::try_from(value::<i64>(row, name)?)
        .map_err(|_| strange(&format!("column {name} is negative")))
}

/// A column with a hash.
pub(super) fn hash(row: &Row, name: &str) -> Result<Hash, Trouble> {
    let bytes: &[u8] = value(row, name)?;
    let bytes: [u8; 32] =
        bytes.try_into().map_err(|_| strange(&format!("column {name} is no hash")))?;
    Ok(Hash::from_bytes(bytes))
}

/// A column with the id of something.
pub(super) fn id(row: &Row, name: &str) -> Result<Id, Trouble> {
    let bytes: &[u8] = value(row, name)?;
    let bytes = bytes.try_into().map_err(|_| strange(&format!("column {name} is no id")))?;
    Ok(Id::from_bytes(bytes))
}

/// A size as the database keeps it.
pub(super) fn signed(size: u64) -> i64 {
    i64::try_from(size).expect("a log has fewer than 2^63 entries")
}

pub(super) fn strange(what: &str) -> Trouble {
    Fatal::new(format!(
        "The database does not hold a journal as this program writes it ({what}). Nothing is accepted \
         or signed. Restore it, and see that nothing else writes to it."
    ))
    .into()
}

const HEAD: &str =
    "SELECT size, root, fence, stopped, (SELECT id FROM log_place) AS place FROM log_head";
const HEAD_HELD: &str = "SELECT size, root, fence, stopped, (SELECT id FROM log_place) AS place \
     FROM log_head FOR UPDATE";
const BATCHES: &str = "SELECT first, count, entries FROM log_batch \
     WHERE first >= $1 AND first < $2 ORDER BY first";
/// In tables before version 3 each entry has a row.
const ENTRIES_BEFORE_3: &str =
    "SELECT entry FROM log_entry WHERE index >= $1 AND index < $2 ORDER BY index";
/// The front of what is new.
const NEWS: &str = "SELECT first, count, entries FROM ( \
         SELECT first, count, entries, sum(octet_length(entries)) OVER (ORDER BY first) AS bytes \
         FROM log_batch WHERE first >= $1 AND first < $2 \
     ) AS news WHERE bytes <= $3 ORDER BY first";

/// So many bytes of entries are sent with the lock: they fit into what a system keeps for whoever does not
/// read. Else a server that is paused while it waits for the lock would be written to, and not idle, for as
/// long as it is paused.
const PUSHED_BYTES: i64 = 64 * 1024;

/// Of tables of any version.
const HEAD_ALONE: &str = "SELECT size, root, fence, NULL::bytea AS place FROM log_head";

/// Reads the head. Fatal where some server has stopped the log.
pub(super) fn head(session: &Session) -> Result<Head, Trouble> {
    head_of(&session.query_one(HEAD, &[])?)
}

/// Reads the head and holds it until the transaction ends that this begins. With it come the first batches
/// from `from` on, those that begin within `most` entries and are `PUSHED_BYTES` together, as of when nobody
/// else can append any more; `None` where the journal was trimmed beyond `from`.
pub(super) fn hold_head(
    session: &Session,
    from: u64,
    most: u64,
) -> Result<(Head, Option<Vec<Bytes>>), Trouble> {
    let (first, end) = (signed(from), signed(from + most));
    let (head, rows) = session.begin_and_query(HEAD_HELD, NEWS, &[&first, &end, &PUSHED_BYTES])?;
    let is_there = match rows.first() {
        Some(row) => number(row, "first")? == from,
        None => true,
    };
    Ok((head_of(&head)?, is_there.then(|| entries_of(&rows, from)).transpose()?))
}

/// Reads the head, whether the log is stopped or not: to look at it, never to go on.
pub(super) fn head_anyhow(session: &Session) -> Result<Head, Trouble> {
    parse_head(&session.query_one(HEAD_ALONE, &[])?)
}

fn head_of(row: &Row) -> Result<Head, Trouble> {
    if let Some(why) = value::<Option<String>>(row, "stopped")? {
        return Err(stopped(&why));
    }
    parse_head(row)
}

fn parse_head(row: &Row) -> Result<Head, Trouble> {
    Ok(Head {
        size: number(row, "size")?,
        root: hash(row, "root")?,
        fence: value(row, "fence")?,
        place: place(row)?,
    })
}

/// The column with the number of the store of full tiles.
pub(super) fn place(row: &Row) -> Result<Option<Id>, Trouble> {
    let place: Option<&[u8]> = value(row, "place")?;
    place.is_some().then(|| id(row, "place")).transpose()
}

/// The word that stops every server.
pub(super) fn stopped(why: &str) -> Trouble {
    Fatal::new(format!("The log is stopped, for all its servers: {why}")).into()
}

/// The size of the last signed head; 0 before the first.
pub(super) fn signed_size(session: &Session) -> Result<u64, Trouble> {
    let row = session
        .query_one("SELECT greatest(size, 0) AS size FROM log_note WHERE kind = 'signed'", &[])?;
    number(&row, "size")
}

/// The entries from `from`, where a batch begins, up to `to`; fewer where the journal was trimmed.
pub(super) fn entries(session: &Session, from: u64, to: u64) -> Result<Vec<Bytes>, Trouble> {
    entries_of(&session.query(BATCHES, &[&signed(from), &signed(to)])?, from)
}

/// The entries of batches from `from` on, which may lie in the first of them.
fn entries_of(rows: &[Row], from: u64) -> Result<Vec<Bytes>, Trouble> {
    let mut entries = Vec::new();
    for row in rows {
        let (first, count) = (number(row, "first")?, number(row, "count")?);
        let batch = unpacked(value(row, "entries")?, count)
            .ok_or_else(|| strange("a batch is not of the entries that it counts"))?;
        let before = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        entries.extend(batch.into_iter().skip(before));
    }
    Ok(entries)
}

/// Entries as a row holds them: each behind its length, as in a bundle.
pub(super) fn packed(entries: &[Bytes]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame::entries_size(entries));
    entries.iter().for_each(|entry| push_entry(&mut bytes, entry));
    bytes
}

/// `None` unless there are so many entries, with nothing behind them.
fn unpacked(bytes: &[u8], count: u64) -> Option<Vec<Bytes>> {
    let bytes = Bytes::copy_from_slice(bytes);
    let (mut entries, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let (length, rest) = bytes[at..].split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        rest.get(..length)?;
        entries.push(bytes.slice(at + 2..at + 2 + length));
        at += 2 + length;
    }
    (entries.len() as u64 == count).then_some(entries)
}

/// Reads everything, as of one moment.
pub(super) fn load(session: &Session) -> Result<(Head, Loaded), Trouble> {
    at_one_moment(session, || {
        let head = head(session)?;
        Ok((head.clone(), load_below(session, &head)?))
    })
}

/// Reads several things as of one moment.
pub(super) fn at_one_moment<T>(
    session: &Session,
    read: impl FnOnce() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    session.batch("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
    let done = read();
    // Ends what a failure has left as well.
    session.batch("ROLLBACK")?;
    done
}

/// The base and the entries behind it, which must give the head.
fn load_below(session: &Session, head: &Head) -> Result<Loaded, Trouble> {
    let row = session.query_one("SELECT base, first FROM log_base", &[])?;
    let base = base_of(&row)?;
    // The base may cut through the first batch.
    let first = signed(number(&row, "first")?);
    let batches = session.query(BATCHES, &[&first, &signed(head.size)])?;
    let entries = entries_of(&batches, base.frontier.size())?;
    loaded_of(head, base, entries)
}

/// The same of tables of any version: for who only reads and leaves them as they are, such as a copy of a
/// database that an older program has made.
pub(super) fn load_below_anyhow(session: &Session, head: &Head) -> Result<Loaded, Trouble> {
    let there = session.query_one("SELECT to_regclass('log_entry') IS NOT NULL AS there", &[])?;
    if !value::<bool>(&there, "there")? {
        return load_below(session, head);
    }
    let base = base_of(&session.query_one("SELECT base FROM log_base", &[])?)?;
    let rows =
        session.query(ENTRIES_BEFORE_3, &[&signed(base.frontier.size()), &signed(head.size)])?;
    let entry = |row: &Row| Ok(Bytes::copy_from_slice(value(row, "entry")?));
    let entries = rows.iter().map(entry).collect::<Result<Vec<Bytes>, Trouble>>()?;
    loaded_of(head, base, entries)
}

fn base_of(row: &Row) -> Result<Base, Trouble> {
    let frame = Bytes::copy_from_slice(value(row, "base")?);
    let base = frame::parse_base_frame(&frame);
    base.map_err(|damage| strange(&format!("the base: {damage}")))
}

fn loaded_of(head: &Head, base: Base, entries: Vec<Bytes>) -> Result<Loaded, Trouble> {
    let loaded = Loaded { base, entries, torn_bytes: 0 };
    if loaded.size() != head.size
        || loaded.base.heads_size > head.size
        || tree_root(&loaded.base, &loaded.entries) != head.root
    {
        return Err(strange("the entries do not give the root that the head names"));
    }
    Ok(loaded)
}

fn tree_root(base: &Base, entries: &[Bytes]) -> Hash {
    let leaves: Vec<Hash> = leaf_hashes(entries);
    base.frontier.grow(&leaves).tree().root()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_exactly_the_entries_that_it_counts() {
        let entries: Vec<Bytes> =
            [&b""[..], b"e", &[7; 300]].into_iter().map(Bytes::copy_from_slice).collect();
        let bytes = packed(&entries);
        assert_eq!(unpacked(&bytes, 3).as_ref(), Some(&entries));
        assert_eq!(unpacked(b"", 0), Some(Vec::new()));
        for count in [0, 2, 4, u64::MAX] {
            assert_eq!(unpacked(&bytes, count), None, "{count}");
        }
        for end in 0..bytes.len() {
            assert_eq!(unpacked(&bytes[..end], 3), None, "{end}");
        }
        assert_eq!(unpacked(&[&bytes[..], b"\0"].concat(), 3), None);
    }
}
