//! `fiducial-log witness request` and `witness accept`: witnessing by hand, for lines without a
//! network and for witnesses that cannot be asked.
//!
//! ```text
//! here      fiducial-log witness request --data DIR --out request     the last signed head
//! there     fiducial-witness sign --in request --out cosignature
//! here      fiducial-log witness accept --data DIR cosignature        a running server takes it
//! ```
//!
//! Both read the log beside a running server and change nothing that it writes: the request is made from
//! what is stored, and a cosignature goes into a folder of its own (see `spool`). With the journal in a
//! database the head is read there; the server that publishes looks into its own data folder, so where
//! there are several a cosignature is accepted at each.

use std::path::{Path, PathBuf};

use spec::key::VerifierKey;
use spec::note::Signature;
use spec::policy::{Policy, PolicyName};
use spec::witness::{AddCheckpoint, AddCheckpointError, format_answer, parse_answer};

use super::ask::{Cosigned, Trouble, Window, verify};
use super::memory::Memory;
use super::spool;
use crate::answer::Fatal;
use crate::heads::{self, Heads, SignedHead, WriteError};
use crate::home::{Home, HomeError};
use crate::journal::Loaded;
use crate::journal::postgres;
use crate::journal::postgres::moving::{PostgresHome, Read};
use crate::keys::{KeyFileError, LogKeys};
use crate::number;
use crate::settings::{Settings, SettingsError};
use crate::shared::JOURNAL;
use crate::stored::Stored;

/// Why nothing could be carried.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// Its database cannot be asked.
    #[error(transparent)]
    Database(postgres::Trouble),
    /// The stored log cannot be used.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// It is not known where it is, or its store of full tiles cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
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
    #[error(
        "the last signed head has {}; no proof leads to it from {old_size}",
        number::entries(*signed)
    )]
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
    #[error(
        "{}: {trouble} (the last signed head has {})",
        path.display(),
        number::entries(*signed)
    )]
    Trouble {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        trouble: Trouble,
        /// The head that they must be for.
        signed: u64,
    },
    /// No such witness was ever asked.
    #[error(
        "nothing is known of a witness {0}: this log has neither asked it nor published a cosignature \
         of its. Is the name that of its key? Say with --old which size it knows, 0 if it has never \
         seen this log; `fiducial-witness sign` says the size when it refuses"
    )]
    Unknown(String),
}

impl From<postgres::Trouble> for CarryError {
    fn from(trouble: postgres::Trouble) -> Self {
        match trouble {
            postgres::Trouble::Fatal(fatal) => Self::Fatal(fatal),
            other => Self::Database(other),
        }
    }
}

/// What a log holds that is needed here.
struct Opened {
    home: Home,
    keys: LogKeys,
    head: SignedHead,
    published: Option<SignedHead>,
    /// The journal of the same moment, if it is in a database.
    loaded: Option<Loaded>,
}

impl Opened {
    fn load(data: &Path) -> Result<Self, CarryError> {
        let home = Home::open(data)?;
        let origin = Settings::load(home.disk.as_ref(), data)?.origin;
        let keys = LogKeys::load(data, &origin)?;
        let Some(journal) = &home.journal else {
            let heads = Heads::new(home.disk.clone(), data);
            let signed = heads.read_signed(&origin, &keys).map_err(WriteError::into_fatal)?;
            let head = signed.ok_or(CarryError::NoHead)?;
            let published = heads.read_published(&origin, &keys).map_err(WriteError::into_fatal)?;
            return Ok(Self { home, keys, head, published, loaded: None });
        };
        let Read { loaded, signed, published } = PostgresHome::open(&journal.database)?.read()?;
        let parse = |note: Option<Vec<u8>>| {
            let parsed = note.map(|note| heads::parse(&note, &origin, &keys)).transpose();
            parsed.map_err(|why| {
                Fatal::new(format!("A head in the database is not one of this log: {why}."))
            })
        };
        let head = parse(signed)?.ok_or(CarryError::NoHead)?;
        let published = parse(published)?;
        Ok(Self { home, keys, head, published, loaded: Some(loaded) })
    }

    /// The log as it is stored, at least as far as the head that was read before: a running one only adds
    /// to its journal, and moves what leaves it to the objects first.
    fn stored(&self, data: &Path) -> Result<Stored, Fatal> {
        match &self.loaded {
            Some(loaded) => Ok(Stored::of(loaded.clone())),
            None => Stored::read(self.home.disk.as_ref(), &data.join(JOURNAL), self.size()),
        }
    }

    /// The size that a witness knows, as far as it is known here: what it answered when it was asked,
    /// or the published checkpoint, if a line of its was carried to that.
    fn known_size(&self, data: &Path, witness: &str) -> Option<u64> {
        let asked = Memory::load(self.home.disk.clone(), data).find(witness);
        let is_its = |line: &Signature| {
            line.name.as_str() == witness || format!("{}+{}", line.name, line.id) == witness
        };
        let published =
            self.published.iter().filter(|head| head.note.signatures().iter().any(is_its));
        let published = published.map(|head| head.checkpoint.tree().size()).next();
        asked.max(published)
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
        (None, Some(name)) => {
            let known = opened.known_size(data, name);
            known.ok_or_else(|| CarryError::Unknown(name.to_owned()))?
        }
        (None, None) => 0,
    };
    let signed = opened.size();
    if old_size > signed {
        return Err(CarryError::OldSize { old_size, signed });
    }
    let (stored, objects) = (opened.stored(data)?, opened.home.objects()?);
    let proof = match old_size {
        0 => Vec::new(),
        _ => stored
            .prove_consistency(old_size, opened.head.checkpoint.tree(), objects.as_ref())
            .map_err(Fatal::from)?,
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
    /// What of the file is left out, and what the policy would have liked to find in it.
    pub warnings: Vec<String>,
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
    let warnings = warnings(policy, &keys, &lines, &cosigned, |key| {
        verify(&opened.head.checkpoint, std::slice::from_ref(key), &lines, Window::of_carried(now))
            .err()
    });
    // What does not verify here would never be published, so it is not kept either.
    let kept: Vec<Signature> = cosigned.iter().map(|one| one.line.clone()).collect();
    spool::put(opened.home.disk.as_ref(), data, size, format_answer(&kept).as_bytes())
        .map_err(io)?;
    let name = |one: &Cosigned| policy.witnesses()[one.witness].name().clone();
    Ok(Accepted { size, witnesses: cosigned.iter().map(name).collect(), warnings })
}

/// Says of each line that is left out why, and of each witness in the file which of its keys is
/// missing: whoever carries files by hand learns it now, and not after the way back.
fn warnings(
    policy: &Policy,
    keys: &[(usize, VerifierKey)],
    lines: &[u8],
    cosigned: &[Cosigned],
    why_not: impl Fn(&(usize, VerifierKey)) -> Option<Trouble>,
) -> Vec<String> {
    let lines = parse_answer(lines).unwrap_or_default();
    let mut warnings = Vec::new();
    for line in &lines {
        if keys.iter().any(|(_, key)| key.claims(line)) {
            continue;
        }
        let listed: Vec<String> = keys
            .iter()
            .filter(|(_, key)| key.name() == &line.name)
            .map(|(_, key)| key.id().to_string())
            .collect();
        let (name, id) = (&line.name, line.id);
        warnings.push(match listed.is_empty() {
            true => format!("a line by {name}+{id} is left out: the policy lists no such witness"),
            false => format!(
                "a line by {name}+{id} is left out: the policy lists other keys of this witness ({}). \
                 If it has a new key, put that into the policy, here and at the verifiers",
                listed.join(", ")
            ),
        });
    }
    for entry @ (at, key) in keys {
        let is_here = lines.iter().any(|line| &line.name == key.name());
        if !is_here || cosigned.iter().any(|one| one.witness == *at) {
            continue;
        }
        let name = policy.witnesses()[*at].name();
        let (of, id) = (key.name(), key.id());
        warnings.push(match why_not(entry) {
            Some(Trouble::OtherKey) | None => {
                format!("{name} has not cosigned with its key {of}+{id}, which the policy lists")
            }
            Some(trouble) => format!("the line by {of}+{id} ({name}) is left out: {trouble}"),
        });
    }
    warnings
}
