//! `init`: makes a log. Once, in a folder that is not there yet.
//!
//! The order matters: keys, registry, the first entry if it is a successor's (`succeed`), and last
//! `log.toml`, without which a folder holds no log. A
//! crash in between leaves a folder that neither `init` nor `serve` takes; it holds nothing that
//! anyone relies on and can be removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::checkpoint::Origin;
use spec::key::VerifierKey;

use crate::admission::Admission;
use crate::disk::{Disk, MachineDisk};
use crate::keys::{KeyFileError, LogKeys, key_name};
use crate::settings::{Settings, SettingsError};
use crate::sources::{self, SourcesError};
use crate::succeed::{SucceedError, Succeeding, begin};

/// Why no log was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder holds something.
    #[error("{} exists and is not empty; a log is made in a folder of its own", .0.display())]
    Exists(PathBuf),
    /// A folder could not be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The keys could not be made.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// `log.toml` could not be written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The registry could not be written.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// The first entry could not be made.
    #[error(transparent)]
    Succeed(#[from] SucceedError),
}

/// Makes a log's data folder and its keys. Durable on return; returns the public keys.
pub fn init(
    data: &Path,
    origin: Origin,
    admission: Admission,
    with_ml_dsa: bool,
) -> Result<Vec<VerifierKey>, InitError> {
    make(data, origin, admission, with_ml_dsa, None)
}

/// The same for a log that goes on for another one, which is its first entry.
pub fn init_successor(
    data: &Path,
    origin: Origin,
    admission: Admission,
    with_ml_dsa: bool,
    succeeding: &Succeeding,
) -> Result<Vec<VerifierKey>, InitError> {
    make(data, origin, admission, with_ml_dsa, Some(succeeding))
}

fn make(
    data: &Path,
    origin: Origin,
    admission: Admission,
    with_ml_dsa: bool,
    succeeding: Option<&Succeeding>,
) -> Result<Vec<VerifierKey>, InitError> {
    let fault = |source| InitError::Io { path: data.to_owned(), source };
    // Before anything is made: an origin that cannot name a key would leave half a log.
    let name = key_name(&origin)?;
    if let Some(succeeding) = succeeding {
        succeeding.check(name)?;
    }
    match fs::read_dir(data) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(InitError::Exists(data.to_owned()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(data).map_err(fault)?;
        }
        Err(error) => return Err(fault(error)),
    }
    let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(data).map_err(fault)?);
    let keys = LogKeys::create(data, &origin, with_ml_dsa)?;
    sources::create(data)?;
    if let Some(succeeding) = succeeding {
        begin(&disk, data, &origin, &keys, succeeding)?;
    }
    Settings { origin, admission }.create(disk.as_ref(), data)?;
    sync_name(data).map_err(fault)?;
    Ok(keys.verifier_keys())
}

/// Makes the folder's own name durable in the folder above.
pub(crate) fn sync_name(data: &Path) -> io::Result<()> {
    let whole = fs::canonicalize(data)?;
    whole.parent().map_or(Ok(()), |above| fs::File::open(above)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{ED25519_FILE, KEYS_FOLDER, ML_DSA_FILE};
    use spec::key::Algorithm;

    fn origin() -> Origin {
        Origin::parse("factory.example/evidence").unwrap()
    }

    #[test]
    fn a_log_is_made_whole() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a").join("log");
        let printed = init(&data, origin(), Admission::Any, true).unwrap();
        assert_eq!(printed.len(), 2);
        assert_eq!(printed[0].algorithm(), Algorithm::NoteEd25519);
        let settings = Settings::load(&MachineDisk::open(&data).unwrap(), &data).unwrap();
        assert_eq!(settings, Settings { origin: origin(), admission: Admission::Any });
        assert_eq!(LogKeys::load(&data, &origin()).unwrap().verifier_keys(), printed);
        assert_eq!(sources::list(&data).unwrap(), []);
    }

    #[test]
    fn the_second_key_can_be_left_out() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(init(folder.path(), origin(), Admission::Any, false).unwrap().len(), 1);
        assert!(!folder.path().join(KEYS_FOLDER).join(ML_DSA_FILE).exists());
    }

    #[test]
    fn nothing_is_made_over_something() {
        let folder = tempfile::tempdir().unwrap();
        init(folder.path(), origin(), Admission::Statements, true).unwrap();
        let key = folder.path().join(KEYS_FOLDER).join(ED25519_FILE);
        let before = fs::read(&key).unwrap();
        let again = init(folder.path(), origin(), Admission::Statements, true);
        assert!(matches!(again, Err(InitError::Exists(_))));
        assert_eq!(fs::read(&key).unwrap(), before);
    }

    #[test]
    fn an_origin_that_cannot_name_a_key_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("log");
        let refused = init(&data, Origin::parse("two words").unwrap(), Admission::Any, true);
        assert!(matches!(refused, Err(InitError::Keys(KeyFileError::Origin(_)))));
        assert!(!data.exists());
    }
}
