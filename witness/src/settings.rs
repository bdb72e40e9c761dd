//! What a witness is, fixed when it is made: `witness.toml` in its data folder.
//!
//! ```text
//! name = "witness.example/w1"
//! high_water = "/var/lib/fiducial-witness.high-water"
//! ```
//!
//! `high_water` names the second record (see [`crate::high_water`]). It stands outside the data
//! folder, so that a copy of the folder put back does not bring its own record along.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spec::key::{KeyError, KeyName};

use crate::files::{FileError, read_text, write_new};

/// The file's name. A folder without it holds no witness.
pub const SETTINGS: &str = "witness.toml";

/// The most bytes of the file that are read.
const MAX_SETTINGS_SIZE: u64 = 16 * 1024;

/// Why the settings could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read or written.
    #[error("{0}; a witness is made with `fiducial-witness init`")]
    File(#[from] FileError),
    /// The file does not say what a witness needs.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The name cannot be a key name.
    #[error("the name {name:?} cannot name a key: {source}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        source: KeyError,
    },
}

/// What a witness is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where everything is, apart from the second record.
    pub data: PathBuf,
    /// Where the second record is.
    pub high_water: PathBuf,
    /// The name of the witness's keys.
    pub name: KeyName,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    high_water: PathBuf,
}

impl Settings {
    /// Reads the settings of the witness in `data`.
    pub fn load(data: &Path) -> Result<Self, SettingsError> {
        let path = data.join(SETTINGS);
        let text = read_text(&path, MAX_SETTINGS_SIZE)?;
        let text: Text = toml::from_str(&text)
            .map_err(|error| SettingsError::Malformed { path, reason: error.to_string() })?;
        let name = parse_name(&text.name)?;
        // A relative path would depend on where the program was started.
        let high_water = data.join(text.high_water);
        Ok(Self { data: data.to_owned(), high_water, name })
    }

    /// Writes the file; refuses to replace one.
    pub fn create(&self) -> Result<(), SettingsError> {
        let path = self.data.join(SETTINGS);
        let (name, high_water) = (self.name.to_string(), self.high_water.clone());
        let text = toml::to_string(&Text { name, high_water }).map_err(|error| {
            SettingsError::Malformed { path: path.clone(), reason: error.to_string() }
        })?;
        Ok(write_new(&path, text.as_bytes())?)
    }

    /// The state file.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.data.join("state.redb")
    }

    /// The folder of the key files.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// The list of retired keys in the data folder.
    #[must_use]
    pub fn retired(&self) -> PathBuf {
        self.data.join("retired.txt")
    }

    /// The same list beside the second record.
    #[must_use]
    pub fn retired_beside_high_water(&self) -> PathBuf {
        let mut path = self.high_water.as_os_str().to_owned();
        path.push(".retired.txt");
        PathBuf::from(path)
    }

    /// The logs that the operator listed.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs.toml")
    }

    /// The mark that the clock jumped.
    #[must_use]
    pub fn clock_stopped(&self) -> PathBuf {
        self.data.join("clock-stopped.txt")
    }

    /// The operator's word that the clock is right, until the next start uses it up.
    #[must_use]
    pub fn clock_is_right(&self) -> PathBuf {
        self.data.join("clock-is-right.txt")
    }
}

/// Checks a witness's name.
pub fn parse_name(name: &str) -> Result<KeyName, SettingsError> {
    KeyName::parse(name).map_err(|source| SettingsError::Name { name: name.to_owned(), source })
}

/// Where the second record is unless the operator says otherwise: beside the data folder, not in it.
pub fn default_high_water(data: &Path) -> std::io::Result<PathBuf> {
    // Put together from its parts: a final slash stays in an absolute path, and what is put behind
    // it would be a file in the folder.
    let path: PathBuf = std::path::absolute(data)?.components().collect();
    let mut path = path.into_os_string();
    path.push(".high-water");
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data: folder.path().to_owned(),
            high_water: default_high_water(folder.path()).unwrap(),
            name: parse_name("witness.example/w1").unwrap(),
        };
        assert!(matches!(Settings::load(folder.path()), Err(SettingsError::File(_))));
        settings.create().unwrap();
        assert_eq!(Settings::load(folder.path()).unwrap(), settings);
        assert!(settings.create().is_err());
        assert!(!settings.high_water.starts_with(folder.path()));
        for end in ["/", "/.", "//"] {
            let mut typed = folder.path().as_os_str().to_owned();
            typed.push(end);
            assert_eq!(default_high_water(Path::new(&typed)).unwrap(), settings.high_water);
        }
        for wrong in ["name = 1", "name = \"a b\"\nhigh_water = \"x\"", "name=\"a\"\nx=1"] {
            std::fs::write(folder.path().join(SETTINGS), wrong).unwrap();
            assert!(Settings::load(folder.path()).is_err(), "{wrong}");
        }
    }
}
