//! The folder that is handed over: parts at the paths of a bundle.
//!
//! Rule: `spec/text/bundle.md`, "The parts". What it opens is its owner's to read alone.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::bundle::{Claim, PartPath, Place, Role};
use spec::evidence::disclosure::Pick;
use spec::evidence::record::Record;
use spec::key::KeyName;
use spec::proof::Proof;

use super::evidence;
use crate::cli::Language;
use crate::durable::Access;
use crate::error::AgentError;
use crate::model::Hash256;
use crate::site::control::Caller;
use crate::vault::{Disk, Opening, Vault};

/// A folder that this run has made, among the files of whoever asked for it.
pub(super) struct Folder<'a> {
    path: PathBuf,
    caller: &'a dyn Caller,
    disk: Arc<dyn Disk>,
    /// The folders below it, and the parts, that are there.
    made: RefCell<BTreeSet<String>>,
    /// Whose statements are in it.
    shown: RefCell<BTreeSet<KeyName>>,
}

/// Which statement, and where its files lie.
pub(super) struct Piece<'a> {
    pub(super) claim: Claim,
    /// Its source's place among the names of all sources of the folder.
    pub(super) source: usize,
    pub(super) name: &'a KeyName,
    pub(super) sequence: u64,
}

impl<'a> Folder<'a> {
    /// Makes the folder; one that is there is somebody's and is left alone.
    pub(super) fn create(caller: &'a dyn Caller, path: &Path) -> Result<Self, AgentError> {
        caller.new_folder(path).map_err(AgentError::file(path))?;
        let (path, disk) = (path.to_path_buf(), caller.disk(path));
        Ok(Self { path, caller, disk, made: RefCell::default(), shown: RefCell::default() })
    }

    /// Removes the folder again unless everything went well.
    pub(super) fn keep_if<T>(&self, done: Result<T, AgentError>) -> Result<T, AgentError> {
        if done.is_err() {
            // What is left if this fails as well is not a bundle's folder: it lacks parts.
            let _ = self.caller.drop_folder(&self.path);
        }
        done
    }

    /// Writes the statement, what is opened of it, its receipt and the note that it names.
    pub(super) fn write_statement(
        &self,
        vault: &Vault,
        piece: &Piece<'_>,
        opening: &Opening,
        picks: &[Pick],
        receipt: Option<&Proof>,
    ) -> Result<(), AgentError> {
        let Piece { claim, source, name, sequence } = *piece;
        let kept = vault.statement(name, sequence)?;
        let gone = || AgentError::vault(vault.folder(), format!("{name} has no {sequence}"));
        let statement = kept.ok_or_else(gone)?.statement.to_bytes();
        let disclosure = opening.disclose(picks);
        let disclosure = disclosure.map_err(|error| AgentError::Input(error.to_string()))?;
        let place = Place { claim, source, sequence };
        self.shown.borrow_mut().insert(name.clone());
        self.write(&PartPath::Of(place, Role::Statement), &statement)?;
        self.write(&PartPath::Of(place, Role::Disclosure), disclosure.to_json().as_bytes())?;
        let Some(receipt) = receipt else { return Ok(()) };
        self.write(&PartPath::Of(place, Role::Receipt), &receipt.to_bytes())?;
        match vault.after(name, sequence)? {
            Some(note) => self.write(&PartPath::Of(place, Role::After), &note.to_bytes()),
            None => Ok(()),
        }
    }

    /// Writes the evidence behind these records, each exactly the bytes that its record commits to.
    /// Gives how many files are written, and what is missing.
    pub(super) fn write_evidence(
        &self,
        vault: &Vault,
        opening: &Opening,
        records: &[u64],
        language: Language,
    ) -> Result<(u64, Vec<String>), AgentError> {
        let (mut written, mut missing) = (0, Vec::new());
        for index in records {
            let kept = usize::try_from(*index).ok().and_then(|at| opening.records.get(at));
            let Some((kept, record)) = kept.and_then(|kept| Some((kept, kept.whole()?))) else {
                continue;
            };
            let Some(hash) = evidence::hash_of(record) else { continue };
            let path = PartPath::Evidence(hash);
            if self.made.borrow().contains(&path.to_string()) {
                continue;
            }
            match self.copy_evidence(vault, record, kept.evidence(), &path)? {
                true => written += 1,
                false => {
                    let (source, sequence) = (&opening.place.source, opening.place.sequence);
                    missing.push(match language {
                        Language::En => format!(
                            "{source} {sequence}, record {index}: its evidence is not in the vault"
                        ),
                        Language::Zh => {
                            format!("{source} {sequence} 第 {index} 号记录：其证据不在保险库中")
                        }
                    });
                }
            }
        }
        Ok((written, missing))
    }

    /// Writes copies of what the vault judges by, for the reader's information: of the sources whose
    /// statements are shown. What else the factory has is not the reader's.
    pub(super) fn write_papers(&self, vault: &Vault) -> Result<(), AgentError> {
        let from = vault.folder().join("policy");
        let policy = fs::read(&from).map_err(AgentError::file(&from))?;
        self.write(&PartPath::Policy, &policy)?;
        let mut keys = String::new();
        for source in self.shown.borrow().iter() {
            for key in vault.verifier_keys(source)? {
                keys += &format!("{key}\n");
            }
        }
        self.write(&PartPath::SourceKeys, keys.as_bytes())
    }

    /// Copies the evidence behind a record, if the vault has it, a chunk at a time.
    fn copy_evidence(
        &self,
        vault: &Vault,
        record: &Record,
        behind: Option<Hash256>,
        path: &PartPath,
    ) -> Result<bool, AgentError> {
        let name = path.to_string();
        let failed = |error: io::Error| AgentError::file(&self.path.join(&name))(error);
        self.make_folders(&name).map_err(failed)?;
        let begin = || self.disk.begin_whole(&name, Access::Owner);
        let written = evidence::write_evidence(vault, record, behind, &begin, &failed)?;
        if written {
            self.made.borrow_mut().insert(name);
        }
        Ok(written)
    }

    fn write(&self, path: &PartPath, bytes: &[u8]) -> Result<(), AgentError> {
        let name = path.to_string();
        let failed = |error: io::Error| AgentError::file(&self.path.join(&name))(error);
        self.make_folders(&name).map_err(failed)?;
        self.disk.write_whole(&name, bytes, Access::Owner).map_err(failed)?;
        self.made.borrow_mut().insert(name);
        Ok(())
    }

    /// Makes the folders above a part that are not there.
    fn make_folders(&self, name: &str) -> io::Result<()> {
        let mut made = self.made.borrow_mut();
        for (end, _) in name.match_indices('/') {
            if made.insert(name[..end].to_string()) {
                self.disk.make_folder(&name[..end])?;
            }
        }
        Ok(())
    }
}
