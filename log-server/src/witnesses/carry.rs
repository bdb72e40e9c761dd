//! `fiducial-log witness request` and `witness accept`: witnessing by hand, for lines without a
//! network and for witnesses that cannot be asked.
//!
//! ```text
//! here      fiducial-log witness request --data DIR --out request     the last signed head
//! there     fiducial-witness sign --in request --out cosignature
//! here      fiducial-log witness accept --data DIR cosignature        a running server takes it
//! ```
//!
//! Both read the data folder beside a running server and change nothing that it writes: the request
//! is made from what is stored, and a cosignature goes into a folder of its own (see `spool`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::policy::{Policy, PolicyName};
use spec::witness::{AddCheckpoint, AddCheckpointError};

use super::ask::{Trouble, Window, verify};
use super::memory::Memory;
use super::spool;
use crate::answer::Fatal;
use crate::disk::{Disk, MachineDisk};
use crate::heads::{Heads, SignedHead};
use crate::keys::{KeyFileError, LogKeys};
use crate::objects::FolderObjects;
use crate::settings::{Settings, SettingsError};
use crate::shared::JOURNAL;
use crate::stored::Stored;

/// Why nothing could be carried.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// The stored log cannot be used.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The log's keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// Nothing was signed yet.
    #[error("this log has signed no head yet; start it once")]
    NoHead,
    /// The witness is said to know more than was signed.
    #[error("the last signed head has {signed} entries; no proof leads to it from {old_size}")]
    OldSize {
        /// From which size.
        old_size: u64,
        /// What was signed.
        signed: u64,
    },
    /// The request cannot be written in its form.
    #[error(transparent)]
    Request(#[from] AddCheckpointError),
    /// The folder holds no log.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The lines are of no use.
    #[error("{}: {trouble} (the last signed head has {signed} entries)", path.display())]
    Trouble {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        trouble: Trouble,
        /// The head that they must be for.
        signed: u64,
    },
    /// No such witness was ever asked.
    #[error("nothing is known of a witness {0}; say with --old which size it knows (0 if none)")]
    Unknown(String),
}

/// What a folder holds that is needed here.
struct Opened {
    disk: Arc<dyn Disk>,
    keys: LogKeys,
    head: SignedHead,
}

impl Opened {
    fn load(data: &Path) -> Result<Self, CarryError> {
        let io = |error| CarryError::Io { path: data.to_owned(), error };
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(data).map_err(io)?);
        let settings = Settings::load(disk.as_ref(), data)?;
        let keys = LogKeys::load(data, &settings.origin)?;
        let heads = Heads::new(disk.clone(), data);
        let head = heads.read_signed(&settings.origin, &keys)?.ok_or(CarryError::NoHead)?;
        Ok(Self { disk, keys, head })
    }

    fn size(&self) -> u64 {
        self.head.checkpoint.tree().size()
    }
}

/// Makes the add-checkpoint request of the last signed head.
///
/// `old_size` is what the witness knows; without it, what is remembered of the witness whose key is
/// named, or 0 for one that knows nothing of this log yet.
pub fn request(
    data: &Path,
    old_size: Option<u64>,
    witness: Option<&str>,
) -> Result<AddCheckpoint, CarryError> {
    let opened = Opened::load(data)?;
    let old_size = match (old_size, witness) {
        (Some(size), _) => size,
        (None, Some(name)) => Memory::load(opened.disk.clone(), data)
            .find(name)
            .ok_or_else(|| CarryError::Unknown(name.to_owned()))?,
        (None, None) => 0,
    };
    let signed = opened.size();
    if old_size > signed {
        return Err(CarryError::OldSize { old_size, signed });
    }
    // The head was read before: a running log only adds to the journal, and moves what leaves it
    // to the objects first.
    let stored = Stored::read(opened.disk.as_ref(), &data.join(JOURNAL))?;
    let objects = FolderObjects::new(opened.disk.clone(), data);
    let proof = match old_size {
        0 => Vec::new(),
        _ => stored.prove_consistency(old_size, opened.head.checkpoint.tree(), &objects)?,
    };
    Ok(super::request(&opened.keys, &opened.head, old_size, proof)?)
}

/// What was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The size of the head.
    pub size: u64,
    /// Who cosigned it, as the policy names them.
    pub witnesses: Vec<PolicyName>,
}

/// Checks a witness's lines for the last signed head, and leaves them for the server to publish.
pub fn accept(data: &Path, policy: &Policy, path: &Path, now: u64) -> Result<Accepted, CarryError> {
    let io = |error| CarryError::Io { path: path.to_owned(), error };
    let opened = Opened::load(data)?;
    let size = opened.size();
    let lines = spool::read_bounded(path).map_err(io)?;
    let keys = spool::all_keys(policy);
    let cosigned = verify(&opened.head.checkpoint, &keys, &lines, Window::of_carried(now))
        .map_err(|trouble| CarryError::Trouble { path: path.to_owned(), trouble, signed: size })?;
    spool::put(opened.disk.as_ref(), data, size, &lines).map_err(io)?;
    let name = |one: &super::ask::Cosigned| policy.witnesses()[one.witness].name().clone();
    Ok(Accepted { size, witnesses: cosigned.iter().map(name).collect() })
}
