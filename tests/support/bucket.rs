//! The bucket of a test: of a real S3 server in this process, or of Garage.
//!
//! Included by path from the tests of several rooms, with `garage` and `s3` beside it.

use std::path::Path;
use std::time::Duration;

use log_server::objects::bucket::BucketObjects;
use log_server::objects::place::ObjectArgs;

use super::garage::{self, Garage};
use super::s3;

/// A server that ends with its value, and has one bucket, called `evidence`.
pub(crate) enum Bucket {
    Garage(Garage),
    Here(s3::Server),
}

impl Bucket {
    /// A server in this process.
    pub(crate) fn here() -> Self {
        Self::Here(s3::Server::start())
    }

    /// Garage, where it can be found.
    pub(crate) fn garage() -> Option<Self> {
        let mut garage = Garage::start()?;
        let folder = tempfile::tempdir().unwrap();
        let args = ObjectArgs {
            endpoint: Some(format!("http://{}", garage.address)),
            region: Some(garage::REGION.to_owned()),
            credentials: Some(s3::credentials(folder.path(), garage::KEY, garage::SECRET)),
            ..ObjectArgs::default()
        };
        let place = args.place_of(&format!("s3://{}", garage::BUCKET)).unwrap();
        while let Err(fault) = BucketObjects::open(&place).unwrap().probe() {
            garage.check_runs(&fault);
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self::Garage(garage))
    }

    /// What stands under `[objects]` for a store in it. `folder` gets a file of credentials.
    pub(crate) fn section(&self, store: &str, folder: &Path) -> String {
        let (address, region, credentials) = match self {
            Self::Garage(garage) => {
                let file = s3::credentials(folder, garage::KEY, garage::SECRET);
                (garage.address.clone(), garage::REGION, file)
            }
            Self::Here(server) => {
                let file = s3::credentials(folder, s3::KEY, s3::SECRET);
                (server.address.to_string(), "us-east-1", file)
            }
        };
        format!(
            "store = \"{store}\"\nendpoint = \"http://{address}\"\nregion = \"{region}\"\n\
             credentials = \"{}\"\n",
            credentials.display()
        )
    }
}
