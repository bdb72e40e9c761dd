//! Where a log's objects are, and the file by which its data folder remembers it.
//!
//! ```toml
//! # DIR/objects.toml, written by `serve --objects` once the log has started on it
//! store = "s3://evidence/factory-7"
//! endpoint = "https://s3.factory.example:3900"
//! region = "garage"
//! ```
//!
//! Without it a log keeps its objects in its data folder. With it, `check` and the other commands find
//! them without being told. Credentials are never written here.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::bucket::Fault;
use super::client::TargetError;
use super::credentials::CredentialsError;
use crate::disk::{Disk, read_if_there, write_whole};

/// The file's name in the data folder.
pub const OBJECTS: &str = "objects.toml";

/// What means the data folder itself, where a store is asked for.
pub(super) const FOLDER: &str = "folder";

/// The longest name of a bucket (S3: 63) and of a prefix that is taken.
const MAX_BUCKET_SIZE: usize = 63;
const MAX_PREFIX_SIZE: usize = 512;

/// The region of S3 where none is named.
const DEFAULT_REGION: &str = "us-east-1";

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// Nobody to ask as.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// It answers, and not well; or not at all.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The folder that servers share cannot be used.
    #[error("{}: {error}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file in the data folder cannot be read or written.
    #[error("{OBJECTS}: {0}")]
    Io(#[from] std::io::Error),
    /// The file in the data folder is not as it was written.
    #[error("{OBJECTS} is not as `fiducial-log serve` wrote it: {0}")]
    Malformed(String),
    /// Not an address of a store.
    #[error("{0:?} is no object store; one looks like s3://BUCKET or s3://BUCKET/PREFIX")]
    Store(String),
    /// The server's address.
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// The flags of a store, each with its environment variable; the same stand under `[objects]`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Objects (full tiles and bundles)")]
pub struct ObjectArgs {
    /// Where full tiles are kept: s3://BUCKET/PREFIX, or `folder` for the data folder [default: where
    /// they were last, at first the data folder]
    #[arg(id = "objects", long, value_name = "STORE", env = "FIDUCIAL_LOG_OBJECTS")]
    pub store: Option<String>,
    /// The URL of a store that is not Amazon's, for example http://127.0.0.1:3900
    #[arg(
        id = "objects_endpoint",
        long = "objects-endpoint",
        value_name = "URL",
        env = "FIDUCIAL_LOG_OBJECTS_ENDPOINT"
    )]
    pub endpoint: Option<String>,
    /// The region that requests are signed for [default: us-east-1]
    #[arg(
        id = "objects_region",
        long = "objects-region",
        value_name = "NAME",
        env = "FIDUCIAL_LOG_OBJECTS_REGION"
    )]
    pub region: Option<String>,
    /// Whether the bucket stands in the path of requests rather than before the host [default: true]
    #[arg(
        id = "objects_path_style",
        long = "objects-path-style",
        value_name = "BOOL",
        env = "FIDUCIAL_LOG_OBJECTS_PATH_STYLE"
    )]
    pub path_style: Option<bool>,
    /// Certificate authorities in PEM form that the store's HTTPS is trusted by [default: the system's]
    #[arg(
        id = "objects_ca",
        long = "objects-ca",
        value_name = "FILE",
        env = "FIDUCIAL_LOG_OBJECTS_CA"
    )]
    pub ca: Option<PathBuf>,
    /// A file of credentials in the form of the AWS tools, readable by nobody else [default:
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment]
    #[arg(
        id = "objects_credentials",
        long = "objects-credentials",
        value_name = "FILE",
        env = "FIDUCIAL_LOG_OBJECTS_CREDENTIALS"
    )]
    pub credentials: Option<PathBuf>,
}

impl ObjectArgs {
    /// Fills what is missing from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            store: self.store.or(other.store),
            endpoint: self.endpoint.or(other.endpoint),
            region: self.region.or(other.region),
            path_style: self.path_style.or(other.path_style),
            ca: self.ca.or(other.ca),
            credentials: self.credentials.or(other.credentials),
        }
    }

    /// What was asked for: nothing, the data folder (`Some(None)`), or a store.
    pub fn place(&self) -> Result<Option<Option<BucketPlace>>, ObjectsError> {
        match self.store.as_deref() {
            None => Ok(None),
            Some(FOLDER) => Ok(Some(None)),
            Some(store) => self.place_of(store).map(|place| Some(Some(place))),
        }
    }

    /// The store `url`, reached as the other flags say.
    pub fn place_of(&self, url: &str) -> Result<BucketPlace, ObjectsError> {
        let (bucket, prefix) = parse_store(url)?;
        Ok(BucketPlace {
            bucket,
            prefix,
            endpoint: self.endpoint.clone(),
            region: self.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            path_style: self.path_style.unwrap_or(true),
            ca: self.ca.clone(),
            credentials: self.credentials.clone(),
        })
    }
}

/// A bucket, or a part of one, in S3-compatible storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    /// The bucket.
    pub bucket: String,
    /// What all names in it begin with; empty, or parts with slashes between them.
    pub prefix: String,
    /// The server's URL; `None` for Amazon's.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket stands in the path.
    pub path_style: bool,
    /// Whose word its certificate needs.
    pub ca: Option<PathBuf>,
    /// The file of credentials.
    pub credentials: Option<PathBuf>,
}

impl BucketPlace {
    /// The URL that requests go to.
    #[must_use]
    pub fn server(&self) -> String {
        let Some(endpoint) = &self.endpoint else {
            return format!("https://s3.{}.amazonaws.com", self.region);
        };
        endpoint.trim_end_matches('/').to_owned()
    }
}

impl std::fmt::Display for BucketPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(formatter, "/{}", self.prefix) }
    }
}

/// Bucket and prefix of `s3://bucket/prefix`. Only names that mean the same everywhere are taken.
fn parse_store(url: &str) -> Result<(String, String), ObjectsError> {
    let fault = || ObjectsError::Store(url.to_owned());
    let rest = url.strip_prefix("s3://").ok_or_else(fault)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let bucket_fits = (1..=MAX_BUCKET_SIZE).contains(&bucket.len()) && bucket.bytes().all(plain);
    let part_fits = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(plain);
    let prefix_fits = prefix.is_empty() || prefix.split('/').all(part_fits);
    if !bucket_fits || !prefix_fits || prefix.len() > MAX_PREFIX_SIZE {
        return Err(fault());
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

/// The file's form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    store: String,
    endpoint: Option<String>,
    region: Option<String>,
    path_style: Option<bool>,
    ca: Option<PathBuf>,
    credentials: Option<PathBuf>,
}

/// Where the objects of the log in `folder` were last; `None` for the folder itself.
pub fn remembered(disk: &dyn Disk, folder: &Path) -> Result<Option<BucketPlace>, ObjectsError> {
    let Some(bytes) = read_if_there(disk, &folder.join(OBJECTS))? else { return Ok(None) };
    let malformed = |error: &dyn std::fmt::Display| ObjectsError::Malformed(error.to_string());
    let text = String::from_utf8(bytes).map_err(|error| malformed(&error))?;
    let file: File = toml::from_str(&text).map_err(|error| malformed(&error))?;
    let File { store, endpoint, region, path_style, ca, credentials } = file;
    let args = ObjectArgs { store: None, endpoint, region, path_style, ca, credentials };
    args.place_of(&store).map(Some)
}

/// Remembers where they are, durably. `None` forgets.
pub fn remember(
    disk: &dyn Disk,
    folder: &Path,
    place: Option<&BucketPlace>,
) -> Result<(), ObjectsError> {
    let path = folder.join(OBJECTS);
    let Some(place) = place else {
        match disk.remove(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => return Ok(disk.sync_folder(folder)?),
        }
    };
    let file = File {
        store: place.to_string(),
        endpoint: place.endpoint.clone(),
        region: Some(place.region.clone()),
        path_style: Some(place.path_style),
        ca: place.ca.clone(),
        credentials: place.credentials.clone(),
    };
    let text = toml::to_string(&file).expect("plain values are always TOML");
    Ok(write_whole(disk, &path, text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;

    #[test]
    fn a_store_is_a_bucket_with_or_without_a_prefix() {
        let parts =
            |url| parse_store(url).map(|(bucket, prefix)| format!("{bucket} {prefix}")).ok();
        assert_eq!(parts("s3://evidence").as_deref(), Some("evidence "));
        assert_eq!(parts("s3://evidence/a/b/").as_deref(), Some("evidence a/b"));
        for wrong in [
            "",
            "s3://",
            "s3:///a",
            "evidence",
            "gs://evidence",
            "s3://a/../b",
            "s3://a//b",
            "s3://a b",
            "s3://a/b?c",
            "s3://key:secret@host/b",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_data_folder_remembers_where_its_objects_are() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        assert_eq!(remembered(&disk, folder.path()).unwrap(), None);
        let args = ObjectArgs {
            store: Some("s3://evidence/7".to_owned()),
            endpoint: Some("http://127.0.0.1:3900/".to_owned()),
            path_style: Some(false),
            ..ObjectArgs::default()
        };
        let place = args.place().unwrap().unwrap().unwrap();
        remember(&disk, folder.path(), Some(&place)).unwrap();
        assert_eq!(remembered(&disk, folder.path()).unwrap(), Some(place));
        remember(&disk, folder.path(), None).unwrap();
        remember(&disk, folder.path(), None).unwrap();
        assert_eq!(remembered(&disk, folder.path()).unwrap(), None);
        std::fs::write(folder.path().join(OBJECTS), "store = 7\n").unwrap();
        let refused = remembered(&disk, folder.path());
        assert!(matches!(refused, Err(ObjectsError::Malformed(_))));
    }

    #[test]
    fn the_data_folder_itself_can_be_asked_for() {
        let store = |store: &str| ObjectArgs { store: Some(store.into()), ..ObjectArgs::default() };
        assert_eq!(store("folder").place().unwrap(), Some(None));
        assert_eq!(ObjectArgs::default().place().unwrap(), None);
        assert!(matches!(store("elsewhere").place(), Err(ObjectsError::Store(_))));
    }
}
