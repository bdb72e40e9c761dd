//! The oracle: what a log has promised, kept apart from it, and whether it holds.
//!
//! It is told every acknowledged entry and every signature that was ever made, and reads the log
//! as a stranger would: its checkpoint and its tiles. It shares no code with the engine; hashes and
//! trees are [`literal`]. Signatures are checked with `spec`, as any verifier would.
//!
//! What it demands: each acknowledged entry is at its index; no entry is at two; the published root
//! and every tile are those of the entries; every head that was ever signed, published or not, has
//! the root of the entries at its size, so any two are consistent; nothing shrinks.

use std::collections::BTreeMap;

use log_server::log::Log;
use spec::checkpoint::Checkpoint;
use spec::key::VerifierKey;
use spec::note::{Note, verify_ed25519};
use spec::tile::Tile;

use crate::fake_disk::Written;
use literal::Hash;

pub mod literal;

/// Reads a log as a stranger does.
pub trait Reader {
    /// The published checkpoint's note.
    fn checkpoint(&self) -> Result<Vec<u8>, String>;
    /// The tile or bundle at a path of tlog-tiles.
    fn tile(&self, path: &str) -> Result<Vec<u8>, String>;
}

impl Reader for Log {
    fn checkpoint(&self) -> Result<Vec<u8>, String> {
        Ok(self.published().note.to_vec())
    }

    fn tile(&self, path: &str) -> Result<Vec<u8>, String> {
        let tile = Tile::parse(path).ok_or_else(|| format!("{path} is no path of a tile"))?;
        Self::tile(self, tile).map(Into::into).map_err(|error| format!("{path}: {error}"))
    }
}

/// What a log has promised so far.
#[derive(Clone, Debug)]
pub struct Oracle {
    key: VerifierKey,
    acknowledged: BTreeMap<u64, Vec<u8>>,
    indices: BTreeMap<Hash, u64>,
    heads: BTreeMap<u64, Hash>,
    published: u64,
    /// How many of the disk's notes were taken in.
    notes: usize,
}

impl Oracle {
    /// Knows nothing yet but the log's Ed25519 key.
    #[must_use]
    pub const fn new(key: VerifierKey) -> Self {
        Self {
            key,
            acknowledged: BTreeMap::new(),
            indices: BTreeMap::new(),
            heads: BTreeMap::new(),
            published: 0,
            notes: 0,
        }
    }

    /// The log said that `entry` is at `index`, durably.
    pub fn acknowledge(&mut self, index: u64, entry: &[u8]) -> Result<(), String> {
        let before = self.acknowledged.insert(index, entry.to_vec());
        if before.is_some_and(|before| before != entry) {
            return Err(format!("index {index} was given to two entries"));
        }
        match self.indices.insert(literal::leaf(entry), index) {
            Some(before) if before != index => {
                Err(format!("one entry was given the indices {before} and {index}"))
            }
            _ => Ok(()),
        }
    }

    /// How many entries were acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Every acknowledged entry with its index.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.acknowledged.iter().map(|(index, entry)| (*index, entry.as_slice()))
    }

    /// How many different heads were signed.
    #[must_use]
    pub fn heads(&self) -> usize {
        self.heads.len()
    }

    /// Takes in a signed note, wherever it was seen. Returns its size.
    pub fn saw(&mut self, note: &[u8]) -> Result<u64, String> {
        let (size, root) = self.open(note)?;
        match self.heads.insert(size, root) {
            Some(before) if before != root => Err(format!("two roots were signed at size {size}")),
            _ => Ok(size),
        }
    }

    /// Takes in what was written to a disk since the last time.
    pub fn saw_written(&mut self, notes: &[Written]) -> Result<(), String> {
        for written in &notes[self.notes..] {
            let size = self.saw(&written.note)?;
            if let Some(head) = &written.durable_head {
                let head = head.as_ref().ok_or("a checkpoint was written before any head")?;
                let (durable, _) = self.open(head)?;
                if durable < size {
                    return Err(format!(
                        "a checkpoint of size {size} was written while the last durable signed \
                         head had size {durable}"
                    ));
                }
            }
        }
        self.notes = notes.len();
        Ok(())
    }

    /// Reads the whole log and holds it against everything promised. Returns its entries.
    pub fn audit(&mut self, log: &dyn Reader) -> Result<Vec<Vec<u8>>, String> {
        let size = self.saw(&log.checkpoint()?)?;
        if size < self.published {
            return Err(format!("the published log shrank from {} to {size}", self.published));
        }
        self.published = size;
        let entries = read_entries(log, size as usize)?;
        let leaves: Vec<Hash> = entries.iter().map(|entry| literal::leaf(entry)).collect();
        self.judge(&leaves)?;
        check_tiles(log, &leaves)?;
        Ok(entries)
    }

    /// Holds a history against everything promised, by its leaf hashes.
    pub fn judge(&self, leaves: &[Hash]) -> Result<(), String> {
        for (index, entry) in &self.acknowledged {
            if leaves.get(*index as usize) != Some(&literal::leaf(entry)) {
                return Err(format!("the acknowledged entry {index} is not there"));
            }
        }
        let mut seen = BTreeMap::new();
        for (index, leaf) in leaves.iter().enumerate() {
            if let Some(before) = seen.insert(leaf, index) {
                return Err(format!("one entry is at the indices {before} and {index}"));
            }
        }
        self.judge_heads(leaves)
    }

    /// The same promises, for a disk that has not been looked at.
    #[must_use]
    pub fn on_another_disk(&self) -> Self {
        Self { notes: 0, ..self.clone() }
    }

    /// Holds a history against every signature ever made.
    pub fn judge_heads(&self, leaves: &[Hash]) -> Result<(), String> {
        for (size, signed) in &self.heads {
            let front = leaves.get(..*size as usize).ok_or_else(|| {
                format!("a head of size {size} was signed, but there are {} entries", leaves.len())
            })?;
            if literal::root(front) != *signed {
                return Err(format!("the root signed at size {size} is not that of the entries"));
            }
        }
        Ok(())
    }

    fn open(&self, note: &[u8]) -> Result<(u64, Hash), String> {
        let note = Note::parse(note).map_err(|error| format!("not a note: {error}"))?;
        verify_ed25519(&note, &self.key).map_err(|error| format!("a signature: {error}"))?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(|error| format!("not a checkpoint: {error}"))?;
        if checkpoint.origin().as_str() != self.key.name().as_str() {
            return Err(format!("signed for another log: {}", checkpoint.origin()));
        }
        Ok((checkpoint.tree().size(), *checkpoint.tree().root().as_bytes()))
    }
}

fn read_entries(log: &dyn Reader, size: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut entries = Vec::with_capacity(size);
    for start in (0..size).step_by(256) {
        let width = (size - start).min(256);
        let path = literal::path("entries", start / 256, width);
        let bundle = literal::entries(&log.tile(&path)?);
        match bundle {
            Some(bundle) if bundle.len() == width => entries.extend(bundle),
            _ => return Err(format!("{path} does not hold {width} entries")),
        }
    }
    Ok(entries)
}

fn check_tiles(log: &dyn Reader, leaves: &[Hash]) -> Result<(), String> {
    for level in 0..8 {
        let nodes = leaves.len() >> (8 * level);
        for start in (0..nodes).step_by(256) {
            let width = (nodes - start).min(256);
            let path = literal::path(&level.to_string(), start / 256, width);
            if log.tile(&path)? != literal::tile(leaves, level, start / 256) {
                return Err(format!("{path} does not hold the hashes of the entries"));
            }
        }
    }
    Ok(())
}
