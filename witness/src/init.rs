//! `init`: makes a witness. Once, in a folder that is not there yet.
//!
//! The order matters: keys, state, second record, and last `witness.toml`, without which a folder
//! holds no witness. A crash in between leaves a folder that nothing takes; it holds nothing that
//! anyone relies on and can be removed.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use spec::key::{Algorithm, VerifierKey};

use crate::files::{FileError, sync_folder_of};
use crate::high_water::{Head, HighWater, Instance};
use crate::keys::{self, KeysError};
use crate::registry::{Registry, RegistryError};
use crate::retired::{Retired, RetiredError};
use crate::settings::{Settings, SettingsError, default_high_water, parse_name};
use crate::state::{State, StateError};

/// Why no witness was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder or the second record is there already.
    #[error("{} exists and is not empty; a witness is made in a place of its own", .0.display())]
    Exists(PathBuf),
    /// A file or folder could not be made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The second record would be inside the data folder.
    #[error(
        "the second record {} is inside the data folder: a copy of the folder put back would bring \
         its own record along, and the rollback would go unnoticed", .0.display()
    )]
    HighWaterInside(PathBuf),
    /// The keys could not be made.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// `logs.toml` could not be written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The lists of retired keys could not be written.
    #[error(transparent)]
    Retired(#[from] RetiredError),
    /// `witness.toml` could not be written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The state could not be made.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Makes a witness and its keys. Durable on return; returns the public keys, Ed25519 first.
pub fn init(
    data: &Path,
    name: &str,
    high_water: Option<&Path>,
    algorithms: &[Algorithm],
) -> Result<Vec<VerifierKey>, InitError> {
    let name = parse_name(name)?;
    let high_water = match high_water {
        Some(path) => std::path::absolute(path),
        None => default_high_water(data),
    }
    .map_err(FileError::at(data))?;
    let inside = std::path::absolute(data).map_err(FileError::at(data))?;
    if high_water.starts_with(inside) {
        return Err(InitError::HighWaterInside(high_water));
    }
    make_folder(data)?;
    let settings = Settings { data: data.to_owned(), high_water, name };
    for path in [&settings.high_water, &settings.retired_beside_high_water()] {
        if path.exists() {
            return Err(InitError::Exists(path.clone()));
        }
    }
    let folder = settings.high_water.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(FileError::at(folder))?;

    let keys = algorithms
        .iter()
        .map(|algorithm| keys::create(&settings, &settings.name, *algorithm))
        .collect::<Result<Vec<_>, _>>()?;
    Retired::create(&settings)?;
    Registry::create(&settings)?;
    let instance = Instance::draw().map_err(FileError::at(data))?;
    let head = Head::first(instance, 1);
    State::create(&settings.state(), head)?;
    sync_folder_of(&settings.state())?;
    HighWater::create(&settings.high_water, head)?;
    settings.create()?;
    // The folder's own name becomes durable in the folder above.
    sync_folder_of(&std::path::absolute(data).map_err(FileError::at(data))?)?;
    Ok(keys)
}

fn make_folder(data: &Path) -> Result<(), InitError> {
    match fs::read_dir(data) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(InitError::Exists(data.to_owned())),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut builder = DirBuilder::new();
            Ok(builder.recursive(true).mode(0o700).create(data).map_err(FileError::at(data))?)
        }
        Err(error) => Err(FileError::at(data)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Signers;
    use crate::witness::open_records;

    const BOTH: [Algorithm; 2] = [Algorithm::CosignatureEd25519, Algorithm::CosignatureMlDsa44];

    #[test]
    fn a_witness_is_made_whole() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a").join("witness");
        let keys = init(&data, "w.example/1", None, &BOTH).unwrap();
        assert_eq!(keys[0].algorithm(), Algorithm::CosignatureEd25519);
        let settings = Settings::load(&data).unwrap();
        let loaded = Signers::load(&settings).unwrap();
        assert!(loaded.verifier_keys().eq(&keys));
        let (opened, _) = open_records(&settings).unwrap();
        assert_eq!((opened.state.head().number, opened.logs.len()), (1, 0));
        drop(opened);
        assert!(matches!(init(&data, "w.example/1", None, &BOTH), Err(InitError::Exists(_))));
    }

    #[test]
    fn the_second_record_stands_outside_and_is_never_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("witness");
        let inside = data.join("high-water");
        let refused = init(&data, "w.example", Some(&inside), &BOTH);
        assert!(matches!(refused, Err(InitError::HighWaterInside(_))));
        assert!(init(&data, "a b", None, &BOTH).is_err());
        assert!(!data.exists());
        let other = folder.path().join("deep").join("record");
        init(&data, "w.example", Some(&other), &BOTH).unwrap();
        let second = folder.path().join("second");
        let refused = init(&second, "w.example", Some(&other), &BOTH);
        assert!(matches!(refused, Err(InitError::Exists(path)) if path == other));
    }
}
