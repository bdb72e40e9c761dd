//! A capture: evidence, what was seen, and the records that follow from it, in one commit.
//!
//! Order: evidence is appended to the open pack while the capture is filled; [`Capture::commit`]
//! syncs it, then one transaction makes blobs, seen rows, pending records and links count together.
//!
//! Invariant: what one capture has written and not committed is overwritten by the next one. After a
//! write that failed the pack is not appended to again: what the disk holds of it behind the
//! committed end is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::{Arc, MutexGuard, PoisonError};

use rayon::prelude::*;
use redb::{ReadOnlyTable, ReadableDatabase, ReadableTable, WriteTransaction};
use sha2::{Digest, Sha256};
use spec::key::KeyName;

use super::disk::{DiskFile, EVIDENCE};
use super::open::{Sync, pack_path};
use super::pack::{Appended, ItemHeader, ItemId, PackWriter};
use super::rows::{self, Blob, PackRow};
use super::tables::{
    BLOBS, HEADS, LINKS, PACKS, PENDING, SEEN, STATE, damaged, numbered_key, owned,
};
use super::{Stored, Vault};
use crate::error::AgentError;
use crate::model::{Content, Hash256, ItemKey, Pending, Seen, WatchName};

/// A pack of this size is closed, and the next one begun.
pub(super) const MAX_PACK_SIZE: u64 = 256 * 1024 * 1024;

/// Where the next evidence goes.
#[derive(Debug, Default)]
pub(super) struct Packs {
    /// The number of the next pack.
    pub(super) next: u64,
    /// The pack that is appended to, with its committed end.
    pub(super) open: Option<(u64, Arc<dyn DiskFile>, u64)>,
}

/// Bytes with their hash, which nobody else can make.
#[derive(Clone, Copy)]
pub(crate) struct Hashed<'a> {
    bytes: &'a [u8],
    sha256: Hash256,
}

impl<'a> Hashed<'a> {
    /// Hashes the bytes.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, sha256: Hash256(Sha256::digest(bytes).into()) }
    }
}

/// Several sightings on their way to one commit. Dropped without a commit, nothing of it is.
pub(crate) struct Capture<'a> {
    vault: &'a Vault,
    packs: MutexGuard<'a, Packs>,
    known: ReadOnlyTable<&'static [u8], &'static [u8]>,
    linked: ReadOnlyTable<&'static [u8], &'static [u8]>,
    writer: Option<PackWriter>,
    /// Packs that were filled in this capture, synced already.
    filled: Vec<(u64, u64)>,
    made_pack: bool,
    /// A write failed: nothing of this capture can be committed.
    failed: bool,
    blobs: BTreeMap<ItemId, Blob>,
    seen: BTreeMap<Vec<u8>, Vec<u8>>,
    pending: BTreeMap<KeyName, Vec<Vec<u8>>>,
    /// How many more records each item of evidence stands behind.
    references: BTreeMap<ItemId, u64>,
    links: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Rows of state that are emptied.
    cleared: BTreeSet<String>,
}

impl Vault {
    /// Begins a capture; waits for the one before to end. Refused when the disk is nearly full, so
    /// that what was captured can still be sealed and sent.
    pub(crate) fn capture(&self) -> Result<Capture<'_>, AgentError> {
        self.refuse_when_full()?;
        let packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.database.begin_read().map_err(damaged)?;
        let known = before.open_table(BLOBS).map_err(damaged)?;
        let linked = before.open_table(LINKS).map_err(damaged)?;
        Ok(Capture {
            vault: self,
            packs,
            known,
            linked,
            writer: None,
            filled: Vec::new(),
            made_pack: false,
            failed: false,
            blobs: BTreeMap::new(),
            seen: BTreeMap::new(),
            pending: BTreeMap::new(),
            references: BTreeMap::new(),
            links: BTreeMap::new(),
            cleared: BTreeSet::new(),
        })
    }

    /// What names evidence in packs and look-ups.
    pub(super) fn item_id(&self, sha256: &Hash256) -> ItemId {
        let name = self.cipher.name("blobs", &sha256.0);
        name.try_into().expect("a hash stands for a hash")
    }

    fn dead_of(&self, row: &[u8]) -> Result<u64, AgentError> {
        PackRow::parse(row).map(|row| row.dead).map_err(|error| self.wrong(&error))
    }

    fn seen_key(&self, watch: &WatchName, key: &ItemKey) -> Vec<u8> {
        // A watch's name is text without zero bytes, see the configuration.
        self.cipher.name("seen", &[watch.0.as_bytes(), &[0], &key.0].concat())
    }

    fn link_key(&self, table: &str, key: &str) -> Vec<u8> {
        self.cipher.name("links", &[table.as_bytes(), &[0], key.as_bytes()].concat())
    }

    /// What is remembered of many items, in their order, from one transaction.
    pub(crate) fn seen_many(
        &self,
        watch: &WatchName,
        keys: &[ItemKey],
    ) -> Result<Vec<Option<Seen>>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(SEEN).map_err(damaged)?;
        keys.iter().map(|key| self.seen_in(&table, watch, key)).collect()
    }

    /// Visits every item that is remembered of a watch. Reads the whole table.
    pub(crate) fn seen_below(
        &self,
        watch: &WatchName,
        visit: &mut dyn FnMut(&ItemKey, &Seen),
    ) -> Result<(), AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(SEEN).map_err(damaged)?;
        for entry in table.iter().map_err(damaged)? {
            let (name, row) = entry.map_err(damaged)?;
            let row = self.cipher.open("seen", name.value(), row.value());
            let row = row.map_err(|error| self.wrong(&error))?;
            let (of, key, seen) = rows::parse_seen(&row).map_err(|error| self.wrong(&error))?;
            if of == watch.0 {
                visit(&key, &seen);
            }
        }
        Ok(())
    }

    /// What is remembered of an item.
    pub(crate) fn seen(&self, w: &WatchName, k: &ItemKey) -> Result<Option<Seen>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        self.seen_in(&transaction.open_table(SEEN).map_err(damaged)?, w, k)
    }

    fn seen_in(
        &self,
        table: &ReadOnlyTable<&'static [u8], &'static [u8]>,
        watch: &WatchName,
        key: &ItemKey,
    ) -> Result<Option<Seen>, AgentError> {
        let key = self.seen_key(watch, key);
        let Some(row) = owned(table, key.as_slice())? else { return Ok(None) };
        let row = self.cipher.open("seen", &key, &row).map_err(|error| self.wrong(&error))?;
        let row = rows::parse_seen(&row).map_err(|error| self.wrong(&error))?;
        Ok(Some(row.2))
    }
}

impl Capture<'_> {
    /// Appends evidence to the open pack; the same bytes twice are stored once.
    pub(crate) fn store(&mut self, content: &Content) -> Result<Stored, AgentError> {
        match content {
            Content::Bytes(bytes) => self.store_hashed(&Hashed::of(bytes)),
            Content::File(path) => self.store_file(path),
        }
    }

    /// The same for bytes that were hashed before, on another core for one.
    pub(crate) fn store_hashed(&mut self, hashed: &Hashed<'_>) -> Result<Stored, AgentError> {
        let Hashed { bytes, sha256 } = *hashed;
        let stored = Stored { sha256, size: bytes.len() as u64 };
        let Some(header) = self.wanted(&stored)? else { return Ok(stored) };
        let mut writer = self.take_writer()?;
        let appended = writer.append_bytes(&self.vault.cipher, header, bytes);
        let offset = appended.map_err(|error| self.fail(error))?;
        self.note(writer, header, offset)?;
        Ok(stored)
    }

    /// Reads a large file twice: once for its hash, which names it, and once into the pack.
    fn store_file(&mut self, path: &std::path::Path) -> Result<Stored, AgentError> {
        let mut file = std::fs::File::open(path).map_err(AgentError::file(path))?;
        let (mut hash, mut size) = (Sha256::new(), 0_u64);
        let mut part = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut part).map_err(AgentError::file(path))?;
            if count == 0 {
                break;
            }
            hash.update(&part[..count]);
            size += count as u64;
        }
        let stored = Stored { sha256: Hash256(hash.finalize().into()), size };
        let Some(header) = self.wanted(&stored)? else { return Ok(stored) };
        io::Seek::rewind(&mut file).map_err(AgentError::file(path))?;
        let mut writer = self.take_writer()?;
        let appended = writer.append(&self.vault.cipher, header, &mut io::BufReader::new(file));
        let Appended { offset, hash } = appended.map_err(|error| self.fail(error))?;
        if hash != Some(stored.sha256.0) {
            // What was appended of it is written over by the next.
            writer.cut_back(offset);
            self.writer = Some(writer);
            let error = io::Error::new(io::ErrorKind::InvalidData, "it changed while it was read");
            return Err(AgentError::file(path)(error));
        }
        self.note(writer, header, offset)?;
        Ok(stored)
    }

    /// What to write, unless it is in the vault already.
    fn wanted(&self, stored: &Stored) -> Result<Option<ItemHeader>, AgentError> {
        let id = self.vault.item_id(&stored.sha256);
        let known = self.blobs.contains_key(&id)
            || self.known.get(id.as_slice()).map_err(damaged)?.is_some();
        let sealed = self.vault.cipher.is_sealed();
        Ok((!known).then_some(ItemHeader { sealed, id, size: stored.size }))
    }

    fn take_writer(&mut self) -> Result<PackWriter, AgentError> {
        if let Some(writer) = self.writer.take() {
            return Ok(writer);
        }
        if self.failed {
            return Err(self.failure());
        }
        match self.packs.open.clone().filter(|(_, _, end)| *end < MAX_PACK_SIZE) {
            Some((number, file, end)) => {
                // A pack without a committed byte may have a name that was never synced.
                self.made_pack |= end == 0;
                Ok(PackWriter::new(number, file, end))
            }
            None => {
                let number = self.packs.next;
                let name = pack_path(number);
                let path = self.vault.folder.join(&name);
                let file = self.vault.disk.open(&name, true).map_err(AgentError::file(&path))?;
                self.packs.next += 1;
                self.packs.open = Some((number, Arc::clone(&file), 0));
                self.made_pack = true;
                Ok(PackWriter::new(number, file, 0))
            }
        }
    }

    fn note(
        &mut self,
        mut writer: PackWriter,
        header: ItemHeader,
        offset: u64,
    ) -> Result<(), AgentError> {
        let (pack, size) = (writer.number, header.size);
        self.blobs.insert(header.id, Blob { pack, offset, size, references: 0 });
        if writer.end() < MAX_PACK_SIZE {
            self.writer = Some(writer);
            return Ok(());
        }
        self.sync(&mut writer)?;
        self.filled.push((writer.number, writer.end()));
        self.packs.open = None;
        Ok(())
    }

    fn sync(&mut self, writer: &mut PackWriter) -> Result<(), AgentError> {
        let path = self.vault.folder.join(pack_path(writer.number));
        // A sync that failed is never tried again on the same bytes.
        writer.sync().map_err(|error| self.fail(AgentError::file(&path)(error)))
    }

    /// Gives up this capture, and the pack behind its committed end.
    fn fail(&mut self, error: AgentError) -> AgentError {
        self.failed = true;
        self.packs.open = None;
        error
    }

    fn failure(&self) -> AgentError {
        AgentError::vault(&self.vault.folder.join(EVIDENCE), "writing failed before: begin again")
    }

    /// Remembers an item as it is now.
    pub(crate) fn put_seen(&mut self, watch: &WatchName, key: &ItemKey, now: &Seen) {
        self.seen.insert(self.vault.seen_key(watch, key), rows::seen(watch, key, now));
    }

    /// Puts a record into its source's queue.
    pub(crate) fn put_pending(&mut self, source: &KeyName, pending: Pending) {
        if let Some(hash) = &pending.evidence {
            *self.references.entry(self.vault.item_id(hash)).or_default() += 1;
        }
        self.pending.entry(source.clone()).or_default().push(rows::pending(&pending));
    }

    /// A row that `chain` follows, as this capture would leave it.
    pub(crate) fn link(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, AgentError> {
        let key = self.vault.link_key(table, key);
        if let Some(row) = self.links.get(&key) {
            return Ok(Some(row.clone()));
        }
        let Some(row) = owned(&self.linked, key.as_slice())? else { return Ok(None) };
        let row = self.vault.cipher.open("links", &key, &row);
        row.map(|row| Some(row.to_vec())).map_err(|error| self.vault.wrong(&error))
    }

    /// Changes a row that `chain` follows.
    pub(crate) fn put_link(&mut self, table: &str, key: &str, value: &[u8]) {
        self.links.insert(self.vault.link_key(table, key), value.to_vec());
    }

    /// Takes a row of state away, as `spool::state` does.
    pub(crate) fn clear_state(&mut self, name: &str) {
        self.cleared.insert(name.to_string());
    }

    /// Syncs the pack, then commits all of it in one transaction. THE COMMIT POINT of a capture.
    ///
    /// An error may come after the commit was made: then the seen rows say so.
    pub(crate) fn commit(mut self) -> Result<(), AgentError> {
        if self.failed {
            return Err(self.failure());
        }
        if let Some(mut writer) = self.writer.take() {
            self.sync(&mut writer)?;
            self.filled.push((writer.number, writer.end()));
        }
        if self.made_pack {
            let path = self.vault.folder.join(EVIDENCE);
            self.vault.disk.sync_folder(EVIDENCE).map_err(AgentError::file(&path))?;
        }
        let committed = self.vault.write(Sync::Later, |transaction| self.put_rows(transaction));
        // An error does not tell whether the commit was made: what may count is not written over.
        committed.map_err(|error| self.fail(error))?;
        // From here on the committed end is this one.
        if let (Some(&(number, end)), Some(open)) = (self.filled.last(), self.packs.open.as_mut())
            && open.0 == number
        {
            open.2 = end;
        }
        Ok(())
    }

    fn put_rows(&self, transaction: &WriteTransaction) -> Result<(), AgentError> {
        let cipher = &self.vault.cipher;
        let mut table = transaction.open_table(PACKS).map_err(damaged)?;
        for (number, end) in &self.filled {
            let dead = owned(&table, *number)?.map_or(Ok(0), |row| self.vault.dead_of(&row))?;
            let row = PackRow { end: *end, dead }.to_row();
            table.insert(number, row.as_slice()).map_err(damaged)?;
        }
        drop(table);
        self.put_blobs(transaction)?;
        for (definition, name, rows) in [(SEEN, "seen", &self.seen), (LINKS, "links", &self.links)]
        {
            let seal = |(key, row): (&Vec<u8>, &Vec<u8>)| cipher.seal(name, key, row);
            let sealed: Vec<Vec<u8>> = rows.par_iter().map(seal).collect::<Result<_, _>>()?;
            let mut table = transaction.open_table(definition).map_err(damaged)?;
            for (key, row) in rows.keys().zip(&sealed) {
                table.insert(key.as_slice(), row.as_slice()).map_err(damaged)?;
            }
        }
        let mut table = transaction.open_table(STATE).map_err(damaged)?;
        for name in &self.cleared {
            let sealed = cipher.seal("state", name.as_bytes(), &[])?;
            table.insert(name.as_str(), sealed.as_slice()).map_err(damaged)?;
        }
        drop(table);
        for (source, records) in &self.pending {
            self.put_pending_rows(transaction, source, records)?;
        }
        Ok(())
    }

    fn put_blobs(&self, transaction: &WriteTransaction) -> Result<(), AgentError> {
        let mut table = transaction.open_table(BLOBS).map_err(damaged)?;
        for (id, blob) in &self.blobs {
            let references = self.references.get(id).copied().unwrap_or_default();
            let row = Blob { references, ..*blob }.to_row();
            table.insert(id.as_slice(), row.as_slice()).map_err(damaged)?;
        }
        // Evidence that was in the vault before stands behind one record more.
        for (id, count) in self.references.iter().filter(|(id, _)| !self.blobs.contains_key(*id)) {
            let Some(row) = owned(&table, id.as_slice())? else {
                return Err(self.vault.wrong(&"a record names evidence that was not stored"));
            };
            let blob = Blob::parse(&row).map_err(|error| self.vault.wrong(&error))?;
            let row = Blob { references: blob.references + count, ..blob }.to_row();
            table.insert(id.as_slice(), row.as_slice()).map_err(damaged)?;
        }
        Ok(())
    }

    fn put_pending_rows(
        &self,
        transaction: &WriteTransaction,
        source: &KeyName,
        records: &[Vec<u8>],
    ) -> Result<(), AgentError> {
        let source = self.vault.source(source)?.number;
        let mut heads = transaction.open_table(HEADS).map_err(damaged)?;
        let (head, mut next) = self.vault.read_head(&heads, source)?;
        let mut table = transaction.open_table(PENDING).map_err(damaged)?;
        let cipher = &self.vault.cipher;
        let numbered: Vec<(u64, &Vec<u8>)> = (next..).zip(records).collect();
        let seal = |(number, row): &(u64, &Vec<u8>)| {
            cipher.seal("pending", &numbered_key((source, *number)), row)
        };
        let sealed: Vec<Vec<u8>> = numbered.par_iter().map(seal).collect::<Result<_, _>>()?;
        for row in &sealed {
            table.insert((source, next), row.as_slice()).map_err(damaged)?;
            next += 1;
        }
        heads.insert(source, rows::head(&head, next).as_slice()).map_err(damaged)?;
        Ok(())
    }
}
