//! The folder that is handed over: parts at the paths of a bundle.
//!
//! Rule: `spec/text/bundle.md`, "The parts". Everything in it can be made again from the vault, so
//! nothing is synced; what it opens is its owner's to read alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use spec::Hash;
use spec::bundle::{Claim, PartPath, Place, Role};
use spec::encoding::{decode_hex, parse_decimal};
use spec::evidence::disclosure::Pick;
use spec::evidence::record::Record;
use spec::key::KeyName;
use spec::proof::Proof;

use crate::cli::Language;
use crate::durable::create_private_folder;
use crate::error::AgentError;
use crate::model::Hash256;
use crate::os;
use crate::vault::{Opening, Vault};

/// A folder that this run has made.
pub(super) struct Folder {
    path: PathBuf,
}

/// Which statement, and where its files lie.
pub(super) struct Piece<'a> {
    pub(super) claim: Claim,
    /// Its source's place among the names of all sources of the folder.
    pub(super) source: usize,
    pub(super) name: &'a KeyName,
    pub(super) sequence: u64,
}

impl Folder {
    /// Makes the folder; one that is there is somebody's and is left alone.
    pub(super) fn create(path: &Path) -> Result<Self, AgentError> {
        create_private_folder(path).map_err(AgentError::file(path))?;
        Ok(Self { path: path.to_path_buf() })
    }

    /// Removes the folder again unless everything went well.
    pub(super) fn keep_if<T>(&self, done: Result<T, AgentError>) -> Result<T, AgentError> {
        if done.is_err() {
            // What is left if this fails as well is not a bundle's folder: it lacks parts.
            let _ = fs::remove_dir_all(&self.path);
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
            let Some(hash) = hash_of(record, "file/sha256") else { continue };
            let path = PartPath::Evidence(hash);
            if self.at(&path).exists() {
                continue;
            }
            match report(vault, record, hash, kept.evidence())? {
                Some(bytes) => {
                    self.write(&path, &bytes)?;
                    written += 1;
                }
                None => {
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

    /// Writes copies of what the vault judges by, for the reader's information.
    pub(super) fn write_papers(&self, vault: &Vault) -> Result<(), AgentError> {
        let from = vault.folder().join("policy");
        let policy = fs::read(&from).map_err(AgentError::file(&from))?;
        self.write(&PartPath::Policy, &policy)?;
        let mut keys = String::new();
        for source in vault.sources()? {
            for key in vault.verifier_keys(&source)? {
                keys += &format!("{key}\n");
            }
        }
        self.write(&PartPath::SourceKeys, keys.as_bytes())
    }

    fn at(&self, path: &PartPath) -> PathBuf {
        self.path.join(path.to_string())
    }

    fn write(&self, path: &PartPath, bytes: &[u8]) -> Result<(), AgentError> {
        let to = self.at(path);
        let folder = to.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(AgentError::file(folder))?;
        let mut file = os::create_new(&to, true).map_err(AgentError::file(&to))?;
        file.write_all(bytes).map_err(AgentError::file(&to))
    }
}

/// Exactly the bytes with this hash: stored as they are, or a part of a larger file. The larger file
/// itself is never given out: its other parts may be of somebody else.
fn report(
    vault: &Vault,
    record: &Record,
    hash: Hash,
    behind: Option<Hash256>,
) -> Result<Option<Vec<u8>>, AgentError> {
    if let Some(bytes) = vault.evidence(&Hash256::from(hash))? {
        return Ok(Some(bytes));
    }
    let Some(whole) = behind.map(|behind| vault.evidence(&behind)).transpose()?.flatten() else {
        return Ok(None);
    };
    let number = |name| {
        let text = std::str::from_utf8(record.value(name)?).ok()?;
        usize::try_from(parse_decimal(text).ok()?).ok()
    };
    let span = number("part/start")
        .zip(number("file/size"))
        .and_then(|(start, size)| whole.get(start..start.checked_add(size)?));
    Ok(span.filter(|bytes| Hash::of(bytes) == hash).map(<[u8]>::to_vec))
}

fn hash_of(record: &Record, name: &str) -> Option<Hash> {
    let text = std::str::from_utf8(record.value(name)?).ok()?;
    decode_hex(text).ok().map(Hash::from_bytes)
}
