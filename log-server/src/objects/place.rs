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

/// What a store's address begins with.
pub(super) const AZURE: &str = "az://";
pub(super) const GOOGLE: &str = "gs://";
pub(super) const S3: &str = "s3://";

/// The longest name of a bucket and of a prefix that is taken.
const MAX_BUCKET_SIZE: usize = 63;
const MAX_PREFIX_SIZE: usize = 512;

/// How long the name of an account of Azure's may be: it is a part of a host's name.
const ACCOUNT_SIZES: std::ops::RangeInclusive<usize> = 3..=24;

/// The region of S3 where none is named.
const DEFAULT_REGION: &str = "us-east-1";

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// What would be sent is for another server: nothing else compares the account with the endpoint.
    #[error(
        "{store}: {endpoint} is not an address of the account {account}: its host begins with \
         {account}. or its path is /{account}; correct --objects-endpoint, or the account in the store"
    )]
    Account {
        /// Which account.
        account: String,
        /// The address that was named.
        endpoint: String,
        /// Which store.
        store: String,
    },
    /// Nobody to ask as.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// What gives access would travel where others can read it.
    #[error(
        "{store}: a token goes with every request, and on the way to {server} others could take it; \
         use https:// (--objects-ca names its authority, where that is your own)"
    )]
    Exposed {
        /// Which store.
        store: String,
        /// Its server.
        server: String,
    },
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
    /// A flag that this kind of store has no use for.
    #[error(
        "{store}: {flag} is for S3 alone; leave it out (for Azure, --objects-endpoint is the whole \
         address of the account)"
    )]
    Mixed {
        /// Which flag.
        flag: &'static str,
        /// Of which store.
        store: String,
    },
    /// Not an address of a store.
    #[error(
        "{0:?} is no object store; one looks like s3://BUCKET, gs://BUCKET or \
         az://ACCOUNT/CONTAINER, each with /PREFIX behind it or without"
    )]
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
    /// Where full tiles are kept: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX (Google),
    /// az://ACCOUNT/CONTAINER/PREFIX (Azure), or `folder` for the data folder [default: where they were
    /// last, at first the data folder]
    #[arg(id = "objects", long, value_name = "STORE", env = "FIDUCIAL_LOG_OBJECTS")]
    pub store: Option<String>,
    /// The URL of a store that is not where its kind is by default, for example http://127.0.0.1:3900
    #[arg(
        id = "objects_endpoint",
        long = "objects-endpoint",
        value_name = "URL",
        env = "FIDUCIAL_LOG_OBJECTS_ENDPOINT"
    )]
    pub endpoint: Option<String>,
    /// The region that requests are signed for; S3 alone [default: us-east-1]
    #[arg(
        id = "objects_region",
        long = "objects-region",
        value_name = "NAME",
        env = "FIDUCIAL_LOG_OBJECTS_REGION"
    )]
    pub region: Option<String>,
    /// Whether the bucket stands in the path of requests rather than before the host; S3 alone
    /// [default: true]
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
    /// A file of credentials in the form of the store's own tools, readable by nobody else [default: what
    /// the environment has for them]
    #[arg(
        id = "objects_credentials",
        long = "objects-credentials",
        value_name = "FILE",
        env = "FIDUCIAL_LOG_OBJECTS_CREDENTIALS"
    )]
    pub credentials: Option<PathBuf>,
}

impl ObjectArgs {
    /// Fills what is missing from `other`, unless that is about a store of another kind: the endpoint and the
    /// credentials of one are never for the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let kinds = [&self, &other].map(|one| one.store.as_deref().and_then(kind_of));
        if let [Some(kind), Some(of_other)] = kinds
            && kind != of_other
        {
            return self;
        }
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
        let (kind, bucket, prefix) = parse_store(url)?;
        let only_s3 = |flag| Err(ObjectsError::Mixed { flag, store: url.to_owned() });
        let cloud = match kind {
            Kind::S3 => Cloud::S3 {
                region: self.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned()),
                path_style: self.path_style.unwrap_or(true),
            },
            _ if self.region.is_some() => return only_s3("--objects-region"),
            _ if self.path_style.is_some() => return only_s3("--objects-path-style"),
            Kind::Azure { account } => {
                if let Some(endpoint) = &self.endpoint
                    && !is_of_account(endpoint, account)
                {
                    return Err(ObjectsError::Account {
                        account: account.to_owned(),
                        endpoint: endpoint.clone(),
                        store: url.to_owned(),
                    });
                }
                Cloud::Azure { account: account.to_owned() }
            }
            Kind::Google => Cloud::Google,
        };
        Ok(BucketPlace {
            cloud,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: self.endpoint.clone(),
            ca: self.ca.clone(),
            credentials: self.credentials.clone(),
        })
    }
}

/// Whose protocol a store speaks, and what only that one needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Azure Blob Storage.
    Azure {
        /// The account that the container is in.
        account: String,
    },
    /// Google Cloud Storage.
    Google,
    /// S3: Amazon's, or one of the many that are compatible.
    S3 {
        /// The region that requests are signed for.
        region: String,
        /// Whether the bucket stands in the path.
        path_style: bool,
    },
}

/// A bucket, or a part of one. Azure calls it a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    /// Whose protocol it is asked by.
    pub cloud: Cloud,
    /// The bucket.
    pub bucket: String,
    /// What all names in it begin with; empty, or parts with slashes between them.
    pub prefix: String,
    /// The server's URL; `None` for Amazon's, Google's, or the account's own at Azure.
    pub endpoint: Option<String>,
    /// Whose word its certificate needs.
    pub ca: Option<PathBuf>,
    /// The file of credentials.
    pub credentials: Option<PathBuf>,
}

impl BucketPlace {
    /// The URL that requests go to.
    #[must_use]
    pub fn server(&self) -> String {
        match (&self.endpoint, &self.cloud) {
            (Some(endpoint), _) => endpoint.trim_end_matches('/').to_owned(),
            (None, Cloud::Azure { account }) => format!("https://{account}.blob.core.windows.net"),
            (None, Cloud::Google) => "https://storage.googleapis.com".to_owned(),
            (None, Cloud::S3 { region, .. }) => format!("https://s3.{region}.amazonaws.com"),
        }
    }
}

impl std::fmt::Display for BucketPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.cloud {
            Cloud::Azure { account } => write!(formatter, "{AZURE}{account}/{}", self.bucket)?,
            Cloud::Google => write!(formatter, "{GOOGLE}{}", self.bucket)?,
            Cloud::S3 { .. } => write!(formatter, "{S3}{}", self.bucket)?,
        }
        if self.prefix.is_empty() { Ok(()) } else { write!(formatter, "/{}", self.prefix) }
    }
}

/// Whether this is meant to be the address of a bucket, and not a folder or a server of tiles.
#[must_use]
pub fn is_bucket(store: &str) -> bool {
    kind_of(store).is_some()
}

/// What the addresses of all stores begin with that are of the same kind as this one; `None` if it is no bucket.
#[must_use]
pub fn kind_of(store: &str) -> Option<&'static str> {
    [AZURE, GOOGLE, S3].into_iter().find(|scheme| store.starts_with(scheme))
}

/// Whether an endpoint of Azure's says that it is this account's: before the host's name, or as its path. What is
/// no URL at all is refused when it is used.
fn is_of_account(endpoint: &str, account: &str) -> bool {
    let Some((_, server)) = endpoint.split_once("://") else { return true };
    let (host, path) = server.split_once('/').unwrap_or((server, ""));
    let first = host.split_once('.').map(|(first, _)| first);
    first.is_some_and(|first| first.eq_ignore_ascii_case(account))
        || path.trim_end_matches('/') == account
}

/// What an address says beside bucket and prefix.
enum Kind<'a> {
    Azure { account: &'a str },
    Google,
    S3,
}

/// The parts of `s3://bucket/prefix` and its kin. Only names that mean the same everywhere are taken.
fn parse_store(url: &str) -> Result<(Kind<'_>, &str, &str), ObjectsError> {
    read_store(url).ok_or_else(|| ObjectsError::Store(url.to_owned()))
}

fn read_store(url: &str) -> Option<(Kind<'_>, &str, &str)> {
    let (kind, rest) = if let Some(rest) = url.strip_prefix(S3) {
        (Kind::S3, rest)
    } else if let Some(rest) = url.strip_prefix(GOOGLE) {
        (Kind::Google, rest)
    } else {
        let (account, rest) = url.strip_prefix(AZURE)?.split_once('/')?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !ACCOUNT_SIZES.contains(&account.len()) || !account.bytes().all(fits) {
            return None;
        }
        (Kind::Azure { account }, rest)
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let part_fits = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(plain);
    let bucket_fits = part_fits(bucket) && bucket.len() <= MAX_BUCKET_SIZE;
    let prefix_fits = prefix.is_empty() || prefix.split('/').all(part_fits);
    (bucket_fits && prefix_fits && prefix.len() <= MAX_PREFIX_SIZE)
        .then_some((kind, bucket, prefix))
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
    let (region, path_style) = match &place.cloud {
        Cloud::S3 { region, path_style } => (Some(region.clone()), Some(*path_style)),
        Cloud::Azure { .. } | Cloud::Google => (None, None),
    };
    let file = File {
        store: place.to_string(),
        endpoint: place.endpoint.clone(),
        region,
        path_style,
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

    fn stored(store: &str) -> ObjectArgs {
        ObjectArgs { store: Some(store.to_owned()), ..ObjectArgs::default() }
    }

    #[test]
    fn a_store_is_a_bucket_with_or_without_a_prefix() {
        let parts = |url| {
            let place = ObjectArgs::default().place_of(url).ok()?;
            Some(format!("{} {} {}", place.server(), place.bucket, place.prefix))
        };
        for (url, want) in [
            ("s3://evidence", "https://s3.us-east-1.amazonaws.com evidence "),
            ("s3://evidence/a/b/", "https://s3.us-east-1.amazonaws.com evidence a/b"),
            ("gs://evidence/a", "https://storage.googleapis.com evidence a"),
            ("az://factory7/evidence", "https://factory7.blob.core.windows.net evidence "),
            ("az://factory7/evidence/a/b", "https://factory7.blob.core.windows.net evidence a/b"),
        ] {
            assert_eq!(parts(url).as_deref(), Some(want), "{url}");
            let place = ObjectArgs::default().place_of(url).unwrap();
            assert!(place.to_string() == url.trim_end_matches('/') && is_bucket(url), "{url}");
        }
        for wrong in [
            "",
            "s3://",
            "s3:///a",
            "evidence",
            "abs://evidence",
            "s3://..",
            "s3://.",
            "s3://../b",
            "s3://a/../b",
            "s3://a//b",
            "s3://a b",
            "s3://a/b?c",
            "s3://key:secret@host/b",
            "gs://",
            "gs://.",
            "gs://..",
            "gs://a/../b",
            "az://factory7",
            "az://factory7/",
            "az://factory7/.",
            "az://factory7/..",
            "az://evidence@factory7/a",
            "az://Factory-7/evidence",
            "az://f7/evidence",
            "az://evil.example/evidence",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
        assert!(!is_bucket("./az/evidence") && !is_bucket("https://evidence"));
    }

    #[test]
    fn what_only_s3_knows_is_refused_elsewhere_and_names_the_flag() {
        let region = ObjectArgs { region: Some("auto".to_owned()), ..ObjectArgs::default() };
        let path_style = ObjectArgs { path_style: Some(true), ..ObjectArgs::default() };
        for url in ["gs://evidence", "az://factory7/evidence"] {
            for (args, flag) in
                [(&region, "--objects-region"), (&path_style, "--objects-path-style")]
            {
                let refused = args.place_of(url).unwrap_err().to_string();
                assert!(refused.contains(flag) && refused.contains(url), "{refused}");
            }
        }
        assert!(region.place_of("s3://evidence").is_ok());
    }

    #[test]
    fn what_is_of_one_kind_of_store_fills_in_nothing_for_another() {
        let file = || ObjectArgs {
            endpoint: Some("https://s3.factory.example".to_owned()),
            region: Some("garage".to_owned()),
            path_style: Some(true),
            ca: Some("ca.pem".into()),
            credentials: Some("s3-credentials".into()),
            ..stored("s3://evidence/7")
        };
        for store in ["gs://evidence/7", "az://factory7/evidence"] {
            assert_eq!(stored(store).or(file()), stored(store));
            assert_eq!(file().or(stored(store)), file());
        }
        let other = ObjectArgs { store: Some("s3://evidence/8".to_owned()), ..file() };
        assert_eq!(stored("s3://evidence/8").or(file()), other);
        // Where no store is named, the flags are of the one in the file.
        assert_eq!(ObjectArgs::default().or(file()), file());
        assert_eq!(file().or(ObjectArgs::default()), file());
    }

    #[test]
    fn an_endpoint_of_azure_must_be_the_account_s() {
        let place = |endpoint: &str| {
            let endpoint = Some(endpoint.to_owned());
            let args = ObjectArgs { endpoint, ..ObjectArgs::default() };
            args.place_of("az://factory7/evidence")
        };
        for right in [
            "https://factory7.blob.core.chinacloudapi.cn",
            "https://Factory7.blob.core.windows.net/",
            "http://127.0.0.1:10000/factory7",
            "http://127.0.0.1:10000/factory7/",
        ] {
            assert!(place(right).is_ok(), "{right}");
        }
        for wrong in [
            "https://factory8.blob.core.windows.net",
            "https://factory7",
            "https://factory77.blob.core.windows.net",
            "https://blob.example",
            "http://127.0.0.1:10000",
            "http://127.0.0.1:10000/factory8",
            "http://127.0.0.1:10000/factory7/factory8",
            "https://elsewhere.example/?factory7",
        ] {
            let refused = place(wrong).unwrap_err().to_string();
            assert!(refused.contains(wrong) && refused.contains("factory7."), "{refused}");
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
        let others = [stored("gs://evidence/7"), stored("az://factory7/evidence")];
        for args in others.into_iter().chain([args]) {
            let place = args.place().unwrap().unwrap().unwrap();
            remember(&disk, folder.path(), Some(&place)).unwrap();
            assert_eq!(remembered(&disk, folder.path()).unwrap(), Some(place));
        }
        remember(&disk, folder.path(), None).unwrap();
        remember(&disk, folder.path(), None).unwrap();
        assert_eq!(remembered(&disk, folder.path()).unwrap(), None);
        std::fs::write(folder.path().join(OBJECTS), "store = 7\n").unwrap();
        let refused = remembered(&disk, folder.path());
        assert!(matches!(refused, Err(ObjectsError::Malformed(_))));
    }

    #[test]
    fn the_data_folder_itself_can_be_asked_for() {
        assert_eq!(stored("folder").place().unwrap(), Some(None));
        assert_eq!(ObjectArgs::default().place().unwrap(), None);
        assert!(matches!(stored("elsewhere").place(), Err(ObjectsError::Store(_))));
    }
}
