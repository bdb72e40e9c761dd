//! The store of the trials: where it is, and under which prefix.

use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use super::s3_server::{self, credentials};
pub(super) use super::s3_server::{BUCKET, KEY, SECRET};
use crate::objects::place::{BucketPlace, ObjectArgs};

/// Ends with its value.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    inner: s3_server::Server,
}

impl Server {
    /// Starts one that has the bucket.
    pub(super) fn start() -> Self {
        let inner = s3_server::Server::start();
        Self { address: inner.address, inner }
    }

    /// The file of an object.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.inner.file(PREFIX).join(name)
    }
}

/// What all names of the trials begin with.
pub(super) const PREFIX: &str = "factory-7/log";

/// The store at `address`, under the key of the trials.
pub(super) fn place(address: SocketAddr, folder: &TempDir) -> BucketPlace {
    place_of(&format!("s3://{BUCKET}/{PREFIX}"), address, folder, SECRET)
}

/// Any store there, under any secret.
pub(super) fn place_of(
    store: &str,
    address: SocketAddr,
    folder: &TempDir,
    secret: &str,
) -> BucketPlace {
    let args = ObjectArgs {
        endpoint: Some(format!("http://{address}")),
        credentials: Some(credentials(folder.path(), KEY, secret)),
        ..ObjectArgs::default()
    };
    args.place_of(store).unwrap()
}
