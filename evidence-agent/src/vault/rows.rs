//! The rows of the vault's tables as bytes.
//!
//! Rule: `spec/text/vault.md`, "The database". Every row is parsed strictly: bytes left over, or a
//! second spelling of a number, are damage.

use spec::Hash;
use spec::note::Note;
use spec::proof::Proof;

use super::Head;
use super::bytes::{Malformed, Reader, Writer};
use crate::model::{Hash256, ItemKey, Pending, Seen, UnixMillis, WatchName};

/// A source: its number and its private key as text.
pub(super) fn source(number: u32, key: &str) -> Vec<u8> {
    Writer::default().number(u64::from(number)).bytes(key.as_bytes()).take()
}

pub(super) fn parse_source(row: &[u8]) -> Result<(u32, &str), Malformed> {
    let mut reader = Reader::new(row);
    let number = u32::try_from(reader.number()?).map_err(|_| Malformed)?;
    let key = reader.text()?;
    reader.end()?;
    Ok((number, key))
}

/// A chain's end, and the number that the next pending record gets.
pub(super) fn head(head: &Head, next_pending: u64) -> Vec<u8> {
    let mut row = Writer::default();
    row.number(head.next_sequence).raw(head.previous.as_bytes()).number(head.next_record);
    row.number(head.after).number(head.sealed.0).number(next_pending).take()
}

pub(super) fn parse_head(row: &[u8]) -> Result<(Head, u64), Malformed> {
    let mut reader = Reader::new(row);
    let head = Head {
        next_sequence: reader.number()?,
        previous: Hash::from_bytes(reader.array()?),
        next_record: reader.number()?,
        after: reader.number()?,
        sealed: UnixMillis(reader.number()?),
    };
    let next_pending = reader.number()?;
    reader.end()?;
    Ok((head, next_pending))
}

/// Where a blob lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) pack: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    /// How many records it stands behind, waiting or sealed. At zero it may be deleted.
    pub(super) references: u64,
}

impl Blob {
    pub(super) fn to_row(self) -> Vec<u8> {
        let mut row = Writer::default();
        row.number(self.pack).number(self.offset).number(self.size);
        row.number(self.references).take()
    }

    pub(super) fn parse(row: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(row);
        let blob = Self {
            pack: reader.number()?,
            offset: reader.number()?,
            size: reader.number()?,
            references: reader.number()?,
        };
        reader.end()?;
        Ok(blob)
    }
}

/// How far a pack is committed, and how many bytes of it belong to nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackRow {
    pub(super) end: u64,
    pub(super) dead: u64,
}

impl PackRow {
    pub(super) fn to_row(self) -> Vec<u8> {
        Writer::default().number(self.end).number(self.dead).take()
    }

    pub(super) fn parse(row: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(row);
        let pack = Self { end: reader.number()?, dead: reader.number()? };
        reader.end()?;
        Ok(pack)
    }
}

/// One number as a row: a counter or an index.
pub(super) fn number(number: u64) -> Vec<u8> {
    Writer::default().number(number).take()
}

pub(super) fn parse_number(row: &[u8]) -> Result<u64, Malformed> {
    let mut reader = Reader::new(row);
    let number = reader.number()?;
    reader.end()?;
    Ok(number)
}

/// What is remembered of an item.
/// An item with what it is: the names of encrypted rows do not tell.
pub(super) fn seen(watch: &WatchName, key: &ItemKey, seen: &Seen) -> Vec<u8> {
    let mut row = Writer::default();
    row.bytes(watch.0.as_bytes()).bytes(&key.0);
    row.raw(&seen.sha256.0).number(seen.size).raw(&seen.modified_nanos.to_be_bytes());
    row.number(seen.version).number(seen.seen.0).take()
}

pub(super) fn parse_seen(row: &[u8]) -> Result<(&str, ItemKey, Seen), Malformed> {
    let mut reader = Reader::new(row);
    let (watch, key) = (reader.text()?, ItemKey(reader.bytes()?.to_vec()));
    let seen = Seen {
        sha256: Hash256(reader.array()?),
        size: reader.number()?,
        modified_nanos: i128::from_be_bytes(reader.array()?),
        version: reader.number()?,
        seen: UnixMillis(reader.number()?),
    };
    reader.end()?;
    Ok((watch, key, seen))
}

/// A record that waits.
pub(super) fn pending(pending: &Pending) -> Vec<u8> {
    let mut row = Writer::default();
    row.bytes(pending.kind.as_bytes()).number(pending.values.len() as u64);
    for (name, value) in &pending.values {
        row.bytes(name.as_bytes()).bytes(value);
    }
    row.bytes(pending.evidence.as_ref().map_or(&[][..], |hash| &hash.0));
    row.number(pending.seen.0).take()
}

pub(super) fn parse_pending(row: &[u8]) -> Result<Pending, Malformed> {
    let mut reader = Reader::new(row);
    let kind = reader.text()?.to_string();
    let count = reader.size(row.len())?;
    let mut values = std::collections::BTreeMap::new();
    for _ in 0..count {
        let (name, value) = (reader.text()?.to_string(), reader.bytes()?.to_vec());
        if values.last_key_value().is_some_and(|(last, _)| *last >= name) {
            return Err(Malformed);
        }
        values.insert(name, value);
    }
    let evidence = match reader.bytes()? {
        [] => None,
        hash => Some(Hash256(hash.try_into().map_err(|_| Malformed)?)),
    };
    let seen = UnixMillis(reader.number()?);
    reader.end()?;
    Ok(Pending { kind, values, evidence, seen })
}

/// A statement as it lies in the vault.
pub(super) struct StatementRow<'a> {
    pub(super) sealed: UnixMillis,
    /// The key in `NOTES` of the note that the `after` line names.
    pub(super) after: Option<[u8; 32]>,
    pub(super) bytes: &'a [u8],
}

impl<'a> StatementRow<'a> {
    pub(super) fn to_row(&self) -> Vec<u8> {
        let mut row = Writer::default();
        let after = self.after.as_ref().map_or(&[][..], |hash| hash);
        row.number(self.sealed.0).bytes(after).bytes(self.bytes).take()
    }

    pub(super) fn parse(row: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(row);
        let sealed = UnixMillis(reader.number()?);
        let after = match reader.bytes()? {
            [] => None,
            hash => Some(hash.try_into().map_err(|_| Malformed)?),
        };
        let bytes = reader.bytes()?;
        reader.end()?;
        Ok(Self { sealed, after, bytes })
    }
}

/// How a statement that waits stands: the index that the log gave plus one, or zero.
pub(super) fn waiting(index: Option<u64>) -> Vec<u8> {
    number(index.map_or(0, |index| index.saturating_add(1)))
}

pub(super) fn parse_waiting(row: &[u8]) -> Result<Option<u64>, Malformed> {
    Ok(parse_number(row)?.checked_sub(1))
}

/// A receipt: when it was had, and the proof without its note. What `extra` says is left out if it
/// is the statement's own bytes, as it is in every receipt that the log makes.
pub(super) fn receipt(logged: UnixMillis, proof: &Proof, statement: &[u8]) -> Vec<u8> {
    let mut row = Writer::default();
    row.number(logged.0).number(proof.index());
    match proof.extra() {
        None => row.number(0),
        Some(extra) if extra == statement => row.number(1),
        Some(extra) => row.number(2).bytes(extra),
    };
    row.number(proof.hashes().len() as u64);
    for hash in proof.hashes() {
        row.raw(hash.as_bytes());
    }
    row.raw(&note_key(proof.checkpoint())).take()
}

/// A receipt's row, taken apart.
pub(super) struct ReceiptRow {
    pub(super) logged: UnixMillis,
    pub(super) index: u64,
    extra: Extra,
    hashes: Vec<Hash>,
    pub(super) note: [u8; 32],
}

enum Extra {
    None,
    Statement,
    Other(Vec<u8>),
}

impl ReceiptRow {
    pub(super) fn parse(row: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(row);
        let (logged, index) = (UnixMillis(reader.number()?), reader.number()?);
        let extra = match reader.number()? {
            0 => Extra::None,
            1 => Extra::Statement,
            2 => Extra::Other(reader.bytes()?.to_vec()),
            _ => return Err(Malformed),
        };
        let count = reader.size(64)?;
        let hashes: Result<_, _> =
            (0..count).map(|_| Ok(Hash::from_bytes(reader.array()?))).collect();
        let (hashes, note) = (hashes?, reader.array()?);
        reader.end()?;
        Ok(Self { logged, index, extra, hashes, note })
    }

    /// The receipt itself.
    pub(super) fn into_proof(self, statement: &[u8], note: Note) -> Proof {
        let extra = match self.extra {
            Extra::None => None,
            Extra::Statement => Some(statement.to_vec()),
            Extra::Other(extra) => Some(extra),
        };
        Proof::new(extra, self.index, self.hashes, note)
    }
}

/// The key of a note in `NOTES`.
pub(super) fn note_key(note: &Note) -> [u8; 32] {
    *Hash::of(&note.to_bytes()).as_bytes()
}
