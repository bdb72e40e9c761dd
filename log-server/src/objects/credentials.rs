//! Who asks an object store: from the environment or a file, never from a command line.
//!
//! S3 is here; [`azure`] and [`google`] have their own. Each has a file of the form that its own tools
//! write, which goes before the variables that they read.
//!
//! For S3, in this order: the file that is configured; `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
//! (with `AWS_SESSION_TOKEN` where there is one). Of the file the section `[default]` is read:
//!
//! ```text
//! [default]
//! aws_access_key_id = GK31c2f218a2e44f485b94239e
//! aws_secret_access_key = b892c0665f0ada8a4755dae98baa3b133590e11dae3bcc1f9d769d67f16c3835
//! ```
//!
//! Danger: nothing here is ever shown. `Debug` hides the secret, and errors name files and lines only.
//!
//! Out of scope: roles of a machine or a cluster, which a metadata service on the network gives out.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub mod azure;
pub mod google;

/// The most bytes of a file of credentials that are read.
const MAX_FILE_SIZE: u64 = 64 * 1024;

/// The permission bits that the file must not have: anything for the group or for others.
const OTHERS: u32 = 0o077;

/// What gives S3's.
const VARIABLES: &str = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file does not have them.
    #[error("{}: {what}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong, without what stands there.
        what: String,
    },
    /// Nobody gave any.
    #[error(
        "the object store needs credentials: set {0}, or name a file with --objects-credentials"
    )]
    Missing(&'static str),
    /// The environment does not have them as they must be.
    #[error("{variable}: {what}")]
    Variable {
        /// Which variable.
        variable: &'static str,
        /// What is wrong, without what stands there.
        what: String,
    },
    /// Others may read the file.
    #[error("{0} can be read by others (mode {mode:04o}); run: chmod 600 {0}", path.display())]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// A key of an object store.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Which key.
    pub key: String,
    /// Its secret.
    pub secret: Zeroizing<String>,
    /// What comes with a key for a while.
    pub token: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads them from `file`, or else from the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, CredentialsError> {
        match file {
            Some(path) => Self::from_file(path),
            None => Self::from_environment().ok_or(CredentialsError::Missing(VARIABLES)),
        }
    }

    fn from_environment() -> Option<Self> {
        Some(Self {
            key: variable("AWS_ACCESS_KEY_ID")?,
            secret: variable("AWS_SECRET_ACCESS_KEY")?.into(),
            token: variable("AWS_SESSION_TOKEN").map(Zeroizing::new),
        })
    }

    fn from_file(path: &Path) -> Result<Self, CredentialsError> {
        Self::parse(&read_private(path)?).map_err(|what| malformed(path, what))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (mut key, mut secret, mut token) = (None, None, None);
        for (name, value) in section(text, "[default]")? {
            match name {
                "aws_access_key_id" => key = Some(value.to_owned()),
                "aws_secret_access_key" => secret = Some(value.to_owned().into()),
                "aws_session_token" => token = Some(value.to_owned().into()),
                _ => {}
            }
        }
        let missing = |name: &str| format!("there is no {name} in the section [default]");
        Ok(Self {
            key: key.ok_or_else(|| missing("aws_access_key_id"))?,
            secret: secret.ok_or_else(|| missing("aws_secret_access_key"))?,
            token,
        })
    }
}

/// A variable that says something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a file that nobody else may read.
fn read_private(path: &Path) -> Result<Zeroizing<String>, CredentialsError> {
    let io = |error| CredentialsError::Io { path: path.to_owned(), error };
    let file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(CredentialsError::Mode { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE_SIZE).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

fn malformed(path: &Path, what: String) -> CredentialsError {
    CredentialsError::Malformed { path: path.to_owned(), what }
}

/// The names and values of one section of a file in the form of the AWS and Azure tools.
fn section<'a>(text: &'a str, wanted: &str) -> Result<Vec<(&'a str, &'a str)>, String> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            inside = line == wanted;
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("line {} is not of the form NAME = VALUE", at + 1));
        };
        if inside {
            found.push((name.trim(), value.trim()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\n[other]\naws_access_key_id = no\n[default]\n\
        aws_access_key_id = GK1\naws_secret_access_key=s3cr3t\nregion = garage\n";

    #[test]
    fn the_default_section_of_a_file_is_read_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(&path, TEXT).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let read = Credentials::load(Some(&path)).unwrap();
        assert_eq!((read.key.as_str(), read.secret.as_str()), ("GK1", "s3cr3t"));
        assert!(!format!("{read:?}").contains("s3cr3t"));
    }

    #[test]
    fn what_others_may_read_or_what_is_half_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(&path, TEXT).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Credentials::load(Some(&path)).unwrap_err();
        assert!(matches!(refused, CredentialsError::Mode { mode: 0o640, .. }), "{refused}");
        let half = TEXT.replace("aws_secret_access_key", "secret");
        let refused = Credentials::parse(&half).unwrap_err();
        assert!(refused.contains("aws_secret_access_key") && !refused.contains("s3cr3t"));
        let refused = Credentials::parse("[default]\ns3cr3t\n").unwrap_err();
        assert!(refused.contains("line 2") && !refused.contains("s3cr3t"));
    }
}
