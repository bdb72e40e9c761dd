//! What a log is, for ever: `log.toml`, written once when the data folder is made.
//!
//! ```toml
//! format = 1
//! origin = "factory.example/evidence"
//! admission = "statements"
//! ```
//!
//! Changing the origin would make another log of it, and changing the admission would let entries
//! in that the first ones were promised to be free of; so neither can be changed, here or anywhere.
//! One exception makes the command line simpler and promises nothing to anyone: a log that has
//! never been opened, and so has neither an entry nor a signed head, may still get its admission
//! from `serve --admission`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use spec::checkpoint::Origin;

use crate::admission::Admission;
use crate::disk::{Disk, read_if_there, write_whole};
use crate::shared::JOURNAL;

/// The file's name in the data folder.
pub const SETTINGS: &str = "log.toml";

/// The version of the data folder's layout that this program reads and writes.
const FORMAT: u32 = 1;

/// What a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its name: the first line of its checkpoints.
    pub origin: Origin,
    /// What it takes.
    pub admission: Admission,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The admission is fixed.
    #[error(
        "this log takes {have} for ever, not {want}; leave --admission out, or make another log"
    )]
    Admission {
        /// What it takes.
        have: Admission,
        /// What was asked for.
        want: Admission,
    },
    /// There is one already.
    #[error("{0} is a log's data folder already; a log is made once and keeps its origin for ever")]
    Exists(String),
    /// The folder cannot be read or written.
    #[error("{SETTINGS}: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not as it was written.
    #[error("{SETTINGS} is not as `fiducial-log init` wrote it: {0}; restore it from a copy")]
    Malformed(String),
    /// No log here.
    #[error("{0} holds no log; make one with `fiducial-log init --data DIR --origin ORIGIN`")]
    Missing(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    origin: String,
    admission: Admission,
}

impl Settings {
    /// Reads what the log in `folder` is.
    pub fn load(disk: &dyn Disk, folder: &Path) -> Result<Self, SettingsError> {
        let bytes = read_if_there(disk, &folder.join(SETTINGS))?
            .ok_or_else(|| SettingsError::Missing(folder.display().to_string()))?;
        let malformed = |why: String| SettingsError::Malformed(why);
        let text = String::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
        let file: File = toml::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if file.format != FORMAT {
            return Err(malformed(format!("format {} is not known to this program", file.format)));
        }
        let origin = Origin::parse(&file.origin).map_err(|error| malformed(error.to_string()))?;
        Ok(Self { origin, admission: file.admission })
    }

    /// Writes what the log is. The last step of making one: without it the folder holds no log.
    pub fn create(&self, disk: &dyn Disk, folder: &Path) -> Result<(), SettingsError> {
        let path = folder.join(SETTINGS);
        if read_if_there(disk, &path)?.is_some() {
            return Err(SettingsError::Exists(folder.display().to_string()));
        }
        self.write(disk, folder)
    }

    /// Sets what a log takes that has never been opened. Durable on return.
    ///
    /// Refused once there is a journal: then entries may rest on what was promised.
    pub fn with_admission_before_first_start(
        self,
        disk: &dyn Disk,
        folder: &Path,
        admission: Admission,
    ) -> Result<Self, SettingsError> {
        if folder.join(JOURNAL).exists() {
            return Err(SettingsError::Admission { have: self.admission, want: admission });
        }
        let changed = Self { admission, ..self };
        changed.write(disk, folder)?;
        Ok(changed)
    }

    fn write(&self, disk: &dyn Disk, folder: &Path) -> Result<(), SettingsError> {
        let file =
            File { format: FORMAT, origin: self.origin.to_string(), admission: self.admission };
        let text = toml::to_string(&file).expect("three plain values are always TOML");
        Ok(write_whole(disk, &folder.join(SETTINGS), text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;

    #[test]
    fn a_log_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        assert!(matches!(Settings::load(&disk, folder.path()), Err(SettingsError::Missing(_))));
        let origin = Origin::parse("factory.example/evidence").unwrap();
        let settings = Settings { origin, admission: Admission::Statements };
        settings.create(&disk, folder.path()).unwrap();
        assert_eq!(Settings::load(&disk, folder.path()).unwrap(), settings);
        assert!(matches!(settings.create(&disk, folder.path()), Err(SettingsError::Exists(_))));
    }

    #[test]
    fn the_admission_can_be_decided_until_the_log_is_first_opened() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let origin = Origin::parse("factory.example/evidence").unwrap();
        let settings = Settings { origin, admission: Admission::Statements };
        settings.create(&disk, folder.path()).unwrap();
        let any = settings
            .with_admission_before_first_start(&disk, folder.path(), Admission::Any)
            .unwrap();
        assert_eq!(any.admission, Admission::Any);
        assert_eq!(Settings::load(&disk, folder.path()).unwrap(), any);

        std::fs::write(folder.path().join(JOURNAL), "").unwrap();
        let refused = any.clone().with_admission_before_first_start(
            &disk,
            folder.path(),
            Admission::Statements,
        );
        assert!(matches!(refused, Err(SettingsError::Admission { .. })));
        assert_eq!(Settings::load(&disk, folder.path()).unwrap(), any);
    }

    #[test]
    fn another_format_or_an_unknown_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        for text in [
            "format = 2\norigin = \"a\"\nadmission = \"any\"\n",
            "format = 1\norigin = \"a\"\nadmission = \"any\"\nextra = 1\n",
            "format = 1\norigin = \"\"\nadmission = \"any\"\n",
            "format = 1\norigin = \"a\"\nadmission = \"none\"\n",
        ] {
            std::fs::write(folder.path().join(SETTINGS), text).unwrap();
            let loaded = Settings::load(&disk, folder.path());
            assert!(matches!(loaded, Err(SettingsError::Malformed(_))), "{text}");
        }
    }
}
