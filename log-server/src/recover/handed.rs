//! What agents and others have handed in: folders of files, as `fiducial-agent statements` writes them.
//!
//! ```text
//! *.tlog-proof       a receipt with its statement: the entry, its place, and a checkpoint
//! *.statement        a statement without a receipt; NAME.531.statement says that the log gave it index 531
//! *.checkpoint       a checkpoint
//! ```
//!
//! Nothing is believed: a checkpoint counts if this log's keys have signed it, a receipt if its path leads
//! to such a checkpoint, and a statement if the root that was signed comes out with it. A file that is
//! none of these is left out, and said.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::encoding::parse_decimal;
use spec::evidence::statement::{MAX_STATEMENT_SIZE, Statement};
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::proof::{MAX_PROOF_SIZE, Proof};
use spec::tree::{Tree, verify_inclusion};

use super::RecoverError;
use super::known::Known;
use super::order::Links;
use crate::copy::store::read_bounded;

/// The most bytes of entries that are held: some million statements.
const MAX_BYTES: usize = 1 << 30;

/// The most files that are named because they were left out.
const MAX_REMARKS: usize = 20;

/// What was handed in.
#[derive(Debug, Default)]
pub(super) struct Handed {
    /// Entries by their leaf hash.
    pub(super) entries: HashMap<Hash, Bytes>,
    /// Leaves whose places are proved by receipts.
    pub(super) placed: BTreeMap<u64, Hash>,
    /// Leaves whose places the log has told their agent.
    pub(super) told: Vec<(u64, Hash)>,
    /// Statements by their places in their chains.
    pub(super) links: Links,
    /// What was left out, and why.
    pub(super) remarks: Vec<String>,
    left_out: usize,
    bytes: usize,
    /// The largest tree that a statement names as earlier, and which file holds it.
    newest: Option<(u64, String)>,
}

impl Handed {
    /// Reads folders, and files that are named one by one. Checkpoints go to `known`.
    pub(super) fn read(
        paths: &[PathBuf],
        origin: &Origin,
        known: &mut Known<'_>,
    ) -> Result<Self, RecoverError> {
        let (mut handed, mut empty) = (Self::default(), Vec::new());
        for path in paths {
            let files = files(path)?;
            if !files.iter().any(|file| limit_of(file).is_some()) {
                empty.push(format!(
                    "{} holds no receipt, statement or checkpoint; folders in it are not looked into",
                    path.display()
                ));
            }
            for file in files {
                if let Err(why) = handed.take(&file, origin, known)? {
                    handed.leave_out(&file, &why);
                }
            }
        }
        if handed.left_out > handed.remarks.len() {
            let more = handed.left_out - handed.remarks.len();
            handed.remarks.push(format!("{more} more files were left out"));
        }
        handed.remarks.extend(empty);
        Ok(handed)
    }

    /// A statement that names a tree as earlier says that this tree was published.
    pub(super) fn check_none_newer(&self, target: Tree) -> Result<(), RecoverError> {
        match &self.newest {
            Some((size, file)) if *size > target.size() => Err(RecoverError::Newer {
                by: format!("The statement in {file}"),
                size: *size,
                have: target.size(),
            }),
            _ => Ok(()),
        }
    }

    /// The inner error says why the file is left out.
    fn take(
        &mut self,
        file: &Path,
        origin: &Origin,
        known: &mut Known<'_>,
    ) -> Result<Result<(), String>, RecoverError> {
        let Some(limit) = limit_of(file) else { return Ok(Ok(())) };
        let name = name_of(file);
        let bytes = match read_bounded(file, limit) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) => return Ok(Err(error.to_string())),
        };
        match limit {
            MAX_PROOF_SIZE => self.take_receipt(&bytes, file, origin, known),
            MAX_STATEMENT_SIZE => Ok(self.take_statement(&bytes, file, origin).map(|leaf| {
                let told = name.trim_end_matches(".statement").rsplit_once('.');
                let told = told.and_then(|(_, index)| parse_decimal(index).ok());
                self.told.extend(told.map(|index| (index, leaf)));
            })),
            _ => match Note::parse(&bytes) {
                Ok(note) => bear(known.add(&note, &file.display().to_string()).map(drop)),
                Err(error) => Ok(Err(error.to_string())),
            },
        }
    }

    fn take_receipt(
        &mut self,
        bytes: &[u8],
        file: &Path,
        origin: &Origin,
        known: &mut Known<'_>,
    ) -> Result<Result<(), String>, RecoverError> {
        let proof = match Proof::parse(bytes) {
            Ok(proof) => proof,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let Some(entry) = proof.extra() else {
            return Ok(Err("the receipt does not hold its statement".to_owned()));
        };
        let tree = match bear(known.add(proof.checkpoint(), &file.display().to_string()))? {
            Ok(tree) => tree,
            Err(why) => return Ok(Err(why)),
        };
        let leaf = spec::hash::leaf_hash(entry);
        if let Err(error) = verify_inclusion(leaf, proof.index(), tree, proof.hashes()) {
            return Ok(Err(error.to_string()));
        }
        if let Err(why) = self.take_statement(entry, file, origin) {
            return Ok(Err(why));
        }
        self.place(proof.index(), leaf, file)?;
        // The first hash of a path is the leaf beside it, unless that one is beyond the tree.
        let beside = proof.index() ^ 1;
        if let (true, Some(leaf)) = (beside < tree.size(), proof.hashes().first()) {
            self.place(beside, *leaf, file)?;
        }
        Ok(Ok(()))
    }

    fn take_statement(
        &mut self,
        entry: &[u8],
        file: &Path,
        origin: &Origin,
    ) -> Result<Hash, String> {
        let statement = Statement::parse(entry).map_err(|error| error.to_string())?;
        if statement.origin() != origin {
            return Err(format!("it is a statement for the log {}", statement.origin()));
        }
        let leaf = statement.leaf_hash();
        if !self.entries.contains_key(&leaf) {
            self.bytes += entry.len();
            if self.bytes > MAX_BYTES {
                return Err(format!("more than {MAX_BYTES} bytes of entries were handed in"));
            }
            self.entries.insert(leaf, Bytes::copy_from_slice(entry));
        }
        let after = statement.after().tree().size();
        if self.newest.as_ref().is_none_or(|(size, _)| *size < after) {
            self.newest = Some((after, file.display().to_string()));
        }
        self.links.add(&statement, leaf);
        Ok(leaf)
    }

    fn place(&mut self, index: u64, leaf: Hash, file: &Path) -> Result<(), RecoverError> {
        match self.placed.insert(index, leaf) {
            Some(other) if other != leaf => Err(two_leaves(index, other, &file.display(), leaf)),
            _ => Ok(()),
        }
    }

    fn leave_out(&mut self, file: &Path, why: &str) {
        self.left_out += 1;
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(format!("{} was left out: {why}", file.display()));
        }
    }
}

fn name_of(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The most bytes of a file that may be one of those that are read, by its name; `None` of any other.
fn limit_of(file: &Path) -> Option<usize> {
    match name_of(file).rsplit_once('.')?.1 {
        "tlog-proof" => Some(MAX_PROOF_SIZE),
        "statement" => Some(MAX_STATEMENT_SIZE),
        "checkpoint" => Some(MAX_NOTE_SIZE),
        _ => None,
    }
}

/// Two leaves at one place, both proved under signed roots.
pub(super) fn two_leaves(
    index: u64,
    have: Hash,
    other: &dyn std::fmt::Display,
    found: Hash,
) -> RecoverError {
    RecoverError::Split {
        size: index + 1,
        one: format!("a proof of entry {index}"),
        have,
        other: other.to_string(),
        found,
    }
}

/// A note of others is no reason to stop; two histories are.
fn bear<T>(added: Result<T, RecoverError>) -> Result<Result<T, String>, RecoverError> {
    match added {
        Ok(value) => Ok(Ok(value)),
        Err(error @ RecoverError::NotOurs { .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

/// The files of a folder, in order; a file is itself.
fn files(path: &Path) -> Result<Vec<PathBuf>, RecoverError> {
    let io = |error| RecoverError::Io { place: path.display().to_string(), error };
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        // A link is not followed.
        if entry.file_type().map_err(io)?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
