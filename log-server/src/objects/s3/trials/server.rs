//! A real S3 server over a folder, in this process.

use std::net::SocketAddr;
use std::path::PathBuf;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::objects::place::{ObjectArgs, S3Place};
use crate::objects::worker::Worker;

pub(super) const BUCKET: &str = "evidence";
pub(super) const KEY: &str = "GKtrial";
pub(super) const SECRET: &str = "a secret of the trials";

/// Ends with its value.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// Below it, objects are files.
    pub(super) folder: TempDir,
    _worker: Worker,
}

impl Server {
    /// Starts one that has the bucket.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let worker = Worker::start("s3-server").unwrap();
        let listener = worker.wait(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        worker.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answers =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                tokio::spawn(async move { drop(answers.await) });
            }
        });
        Self { address, folder, _worker: worker }
    }

    /// The file of an object.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(PREFIX).join(name)
    }
}

/// What all names of the trials begin with.
pub(super) const PREFIX: &str = "factory-7/log";

/// The store at `address`, under the key of the trials.
pub(super) fn place(address: SocketAddr, credentials: &TempDir) -> S3Place {
    place_of(&format!("s3://{BUCKET}/{PREFIX}"), address, credentials, SECRET)
}

/// Any store there, under any secret.
pub(super) fn place_of(
    store: &str,
    address: SocketAddr,
    credentials: &TempDir,
    secret: &str,
) -> S3Place {
    use std::os::unix::fs::PermissionsExt;
    let path = credentials.path().join("credentials");
    let text = format!("[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let args = ObjectArgs {
        endpoint: Some(format!("http://{address}")),
        credentials: Some(path),
        ..ObjectArgs::default()
    };
    args.place_of(store).unwrap()
}
