//! The folder that is handed over, or the one file: parts at the paths of a bundle.
//!
//! Rule: `spec/text/bundle.md`, "The parts". What it opens is its owner's to read alone.
//! A bundle is put together in memory, which its limit of a gigabyte allows, and written in one step.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use spec::bundle::{
    Bundle, BundleError, Claim, Contents, MAX_BUNDLE_SIZE, PartPath, Place, Role, how_to,
};
use spec::checkpoint::Checkpoint;
use spec::evidence::disclosure::Pick;
use spec::evidence::record::Record;
use spec::key::KeyName;
use spec::proof::Proof;

use super::bounds::{self, Bound};
use super::evidence;
use crate::cli::Language;
use crate::durable::Access;
use crate::error::AgentError;
use crate::model::Hash256;
use crate::site::control::Caller;
use crate::vault::{Disk, Opening, Vault, Whole};

/// A folder that this run has made, or a file that it makes, among the files of whoever asked for it.
pub(super) struct Folder<'a> {
    path: PathBuf,
    caller: &'a dyn Caller,
    to: Target,
    /// The folders below it, and the parts, that are there.
    made: RefCell<BTreeSet<String>>,
    /// Whose statements are in it.
    shown: RefCell<BTreeSet<KeyName>>,
    /// Which lower bounds need a proof.
    bounds: RefCell<Vec<Bound>>,
}

/// Where parts go.
enum Target {
    /// Each into a file of its own.
    Files(Arc<dyn Disk>),
    /// All into one, at the end.
    Bundle(Arc<Mutex<Held>>),
}

/// Parts that wait for the others.
#[derive(Default)]
struct Held {
    parts: Vec<(PartPath, Vec<u8>)>,
    size: usize,
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
        Ok(Self::to(caller, path, Target::Files(caller.disk(path))))
    }

    /// A bundle, of which nothing is written before [`Self::finish`].
    pub(super) fn bundle(caller: &'a dyn Caller, path: &Path) -> Self {
        Self::to(caller, path, Target::Bundle(Arc::default()))
    }

    fn to(caller: &'a dyn Caller, path: &Path, to: Target) -> Self {
        let path = path.to_path_buf();
        let (made, shown, bounds) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { path, caller, to, made, shown, bounds }
    }

    /// What is handed over.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the bundle, with instructions for following it by hand. A folder is whole already.
    pub(super) fn finish(&self) -> Result<(), AgentError> {
        let Target::Bundle(held) = &self.to else { return Ok(()) };
        let bytes = put_together(&held.lock().expect("no panic under this lock").parts)
            .map_err(|error| AgentError::Failed(format!("{}: {error}", self.path.display())))?;
        let written = self.caller.write_new(&self.path, &bytes, Access::Owner);
        written.map_err(AgentError::file(&self.path))
    }

    /// Removes the folder again unless everything went well.
    pub(super) fn keep_if<T>(&self, done: Result<T, AgentError>) -> Result<T, AgentError> {
        if done.is_err() && matches!(self.to, Target::Files(_)) {
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
        let statement = kept.ok_or_else(gone)?.statement;
        let disclosure = opening.disclose(picks);
        let disclosure = disclosure.map_err(|error| AgentError::Input(error.to_string()))?;
        let place = Place { claim, source, sequence };
        self.shown.borrow_mut().insert(name.clone());
        self.write(&PartPath::Of(place, Role::Statement), &statement.to_bytes())?;
        self.write(&PartPath::Of(place, Role::Disclosure), disclosure.to_json().as_bytes())?;
        let Some(receipt) = receipt else { return Ok(()) };
        self.write(&PartPath::Of(place, Role::Receipt), &receipt.to_bytes())?;
        let Some(note) = vault.after(name, sequence)? else { return Ok(()) };
        self.write(&PartPath::Of(place, Role::After), &note.to_bytes())?;
        let newer = Checkpoint::parse(receipt.checkpoint().text());
        let newer = newer.map_err(|error| AgentError::vault(vault.folder(), error))?;
        let (old, new) = (statement.after().tree(), newer.tree());
        if old.size() < new.size() {
            self.bounds.borrow_mut().push(Bound { place, old, new });
        }
        Ok(())
    }

    /// Writes the proofs of the lower bounds, which the log alone can give. Gives back how many are left out
    /// and why, if it does not give them.
    pub(super) fn write_bounds(
        &self,
        vault: &Vault,
    ) -> Result<Option<(usize, AgentError)>, AgentError> {
        let wanted = self.bounds.take();
        if wanted.is_empty() {
            return Ok(None);
        }
        let proofs = match bounds::prove(vault.log(), &wanted) {
            Ok(proofs) => proofs,
            Err(why) => return Ok(Some((wanted.len(), why))),
        };
        for (place, proof) in proofs {
            self.write(&PartPath::Of(place, Role::Consistency), proof.as_bytes())?;
        }
        Ok(None)
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
        let begin = || self.begin(path);
        let written = evidence::write_evidence(vault, record, behind, &begin, &failed)?;
        if written {
            self.made.borrow_mut().insert(name);
        }
        Ok(written)
    }

    fn write(&self, path: &PartPath, bytes: &[u8]) -> Result<(), AgentError> {
        let name = path.to_string();
        let failed = |error: io::Error| AgentError::file(&self.path.join(&name))(error);
        let written = self.begin(path).and_then(|mut part| {
            part.write_all(bytes)?;
            part.finish()
        });
        written.map_err(failed)?;
        self.made.borrow_mut().insert(name);
        Ok(())
    }

    /// Begins a part: a file, with the folders above it, or a place in the bundle.
    fn begin(&self, path: &PartPath) -> io::Result<Box<dyn Whole>> {
        let disk = match &self.to {
            Target::Bundle(held) => {
                let (held, bytes) = (Arc::clone(held), Vec::new());
                return Ok(Box::new(InBundle { path: path.clone(), bytes, held }));
            }
            Target::Files(disk) => disk,
        };
        let name = path.to_string();
        let mut made = self.made.borrow_mut();
        for (end, _) in name.match_indices('/') {
            if made.insert(name[..end].to_string()) {
                disk.make_folder(&name[..end])?;
            }
        }
        disk.begin_whole(&name, Access::Owner)
    }
}

/// A part of a bundle that is being written.
struct InBundle {
    path: PartPath,
    bytes: Vec<u8>,
    held: Arc<Mutex<Held>>,
}

impl io::Write for InBundle {
    /// Takes no more than the whole may have: an error comes before memory grows.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.held.lock().expect("no panic under this lock").size;
        if size + self.bytes.len() + bytes.len() > MAX_BUNDLE_SIZE {
            let why = format!("a bundle has at most {MAX_BUNDLE_SIZE} bytes: choose fewer records");
            return Err(io::Error::other(why));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Whole for InBundle {
    fn finish(self: Box<Self>) -> io::Result<()> {
        let mut held = self.held.lock().expect("no panic under this lock");
        held.size += self.bytes.len();
        held.parts.push((self.path, self.bytes));
        Ok(())
    }
}

/// The bytes of the bundle of these parts.
fn put_together(parts: &[(PartPath, Vec<u8>)]) -> Result<Vec<u8>, BundleError> {
    let borrowed = || parts.iter().map(|(path, bytes)| (path.clone(), Cow::from(bytes.as_slice())));
    let text = how_to::text(&Contents::new(borrowed())?, &|_| None);
    let how_to = (PartPath::HowTo, Cow::from(text.into_bytes()));
    Ok(Bundle::new(Contents::new(borrowed().chain([how_to]))?)?.to_bytes())
}
