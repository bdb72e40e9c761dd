//! The bucket of a test: of a real S3 server in this process, or of one of another make.
//!
//! Included by path from the tests of several rooms, with `engine` and `s3` beside it.

use std::path::Path;
use std::time::Duration;

use log_server::objects::bucket::BucketObjects;
use log_server::objects::place::ObjectArgs;

use super::engine::{self, Engine, Make};
use super::s3;

/// A server that ends with its value, and has one bucket, called `evidence`.
pub(crate) enum Bucket {
    Engine(Engine),
    Here(s3::Server),
}

impl Bucket {
    /// A server in this process.
    pub(crate) fn here() -> Self {
        Self::Here(s3::Server::start())
    }

    /// A server of this make, which must be there.
    pub(crate) fn of(make: Make) -> Self {
        let mut engine = Engine::start(make);
        let folder = tempfile::tempdir().unwrap();
        let args = ObjectArgs {
            endpoint: Some(format!("http://{}", engine.address)),
            region: Some(make.region().to_owned()),
            credentials: Some(s3::credentials(folder.path(), engine::KEY, engine::SECRET)),
            ..ObjectArgs::default()
        };
        let place = args.place_of(&format!("s3://{}", engine::BUCKET)).unwrap();
        while let Err(fault) = BucketObjects::open(&place).unwrap().probe() {
            engine.check_runs(&fault);
            std::thread::sleep(Duration::from_millis(50));
        }
        Self::Engine(engine)
    }

    /// What stands under `[objects]` for a store in it. `folder` gets a file of credentials.
    pub(crate) fn section(&self, store: &str, folder: &Path) -> String {
        let (address, region, credentials) = match self {
            Self::Engine(engine) => {
                let file = s3::credentials(folder, engine::KEY, engine::SECRET);
                (engine.address, engine.make.region(), file)
            }
            Self::Here(server) => {
                let file = s3::credentials(folder, s3::KEY, s3::SECRET);
                (server.address, "us-east-1", file)
            }
        };
        format!(
            "store = \"{store}\"\nendpoint = \"http://{address}\"\nregion = \"{region}\"\n\
             credentials = \"{}\"\n",
            credentials.display()
        )
    }
}
