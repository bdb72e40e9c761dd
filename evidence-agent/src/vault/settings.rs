//! `agent.toml`: what a vault says of itself before it is opened.
//!
//! ```toml
//! format = "fiducial/vault/v1"
//! log = "http://127.0.0.1:8080"
//! origin = "example.com/evidence"
//! encryption = "none"            # or "passphrase": then `key.age` is there
//! high-water = "../V.high-water" # optional, relative to the vault's folder
//! ```
//!
//! A line that is not understood is refused: a newer agent may have meant something by it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spec::checkpoint::Origin;

use crate::error::AgentError;

/// The file's name. It is written last: a folder without it is no vault.
pub(super) const FILE: &str = "agent.toml";

/// The most bytes that are read of it.
pub(super) const MAX_SIZE: usize = 8 * 1024;

/// What this program reads and writes.
const FORMAT: &str = "fiducial/vault/v1";

/// Whether what lies in a vault can be read by whoever has the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encryption {
    None,
    Passphrase,
}

/// The file, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) log: String,
    pub(super) origin: Origin,
    pub(super) encryption: Encryption,
    pub(super) high_water: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SettingsFile {
    format: String,
    log: String,
    origin: String,
    encryption: Encryption,
    #[serde(skip_serializing_if = "Option::is_none")]
    high_water: Option<PathBuf>,
}

impl Settings {
    pub(super) fn to_toml(&self) -> String {
        let file = SettingsFile {
            format: FORMAT.to_string(),
            log: self.log.clone(),
            origin: self.origin.to_string(),
            encryption: self.encryption,
            high_water: self.high_water.clone(),
        };
        toml::to_string(&file).expect("strings are TOML")
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, AgentError> {
        let damaged = |reason: String| AgentError::vault(Path::new(FILE), reason);
        let text = std::str::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
        // The format is looked at first, so that a newer vault is called that and not damaged.
        let table: toml::Table = text.parse().map_err(|error| damaged(format!("{error}")))?;
        match table.get("format").and_then(toml::Value::as_str) {
            Some(FORMAT) => {}
            Some(other) => {
                let reason = format!("it is of format {other:?}, and this program knows {FORMAT}");
                return Err(damaged(reason));
            }
            None => return Err(damaged(format!("it does not say `format = \"{FORMAT}\"`"))),
        }
        let file: SettingsFile =
            toml::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let origin = Origin::parse(&file.origin).map_err(|error| damaged(error.to_string()))?;
        let log = file.log.trim_end_matches('/').to_string();
        Ok(Self { log, origin, encryption: file.encryption, high_water: file.high_water })
    }

    /// Where the second record of commits lies: beside the folder if nothing else is said.
    pub(super) fn high_water_path(&self, folder: &Path) -> PathBuf {
        match &self.high_water {
            Some(path) => folder.join(path),
            None => default_high_water(folder),
        }
    }
}

fn default_high_water(folder: &Path) -> PathBuf {
    // A folder given as `.` or with a final `..` has no name of its own until it is made absolute.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let mut name = folder.file_name().unwrap_or_else(|| "vault".as_ref()).to_os_string();
    name.push(".high-water");
    folder.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            log: "http://127.0.0.1:8080".into(),
            origin: Origin::parse("example.com/evidence").unwrap(),
            encryption: Encryption::Passphrase,
            high_water: None,
        }
    }

    #[test]
    fn settings_survive_their_file() {
        let high_water = Some(PathBuf::from("../elsewhere/mark"));
        for settings in [settings(), Settings { high_water, ..settings() }] {
            assert_eq!(Settings::parse(settings.to_toml().as_bytes()).unwrap(), settings);
        }
        let path = settings().high_water_path(Path::new("/data/V"));
        assert_eq!(path, Path::new("/data/V.high-water"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let text = settings().to_toml();
        for wrong in [
            text.replace("vault/v1", "vault/v2"),
            text.replace("format", "form"),
            text.replace("passphrase", "secrecy"),
            text.replace("example.com/evidence", ""),
            format!("{text}retries = 3\n"),
            text.replace("log = ", "log "),
        ] {
            assert!(Settings::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let newer = Settings::parse(text.replace("/v1", "/v2").as_bytes()).unwrap_err();
        assert!(newer.to_string().contains("fiducial/vault/v2"), "{newer}");
    }
}
