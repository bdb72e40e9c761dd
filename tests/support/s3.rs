//! A real S3 server over a folder, in the process of a test. It can be away for a while.
//!
//! Included by path from the tests of several rooms.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use s3s::HttpError;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

pub(crate) const BUCKET: &str = "evidence";
pub(crate) const KEY: &str = "GKtrial";
pub(crate) const SECRET: &str = "a secret of the trials";

/// Ends with its value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Below it, objects are files.
    pub(crate) folder: TempDir,
    away: Arc<AtomicBool>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts one that has the bucket.
    pub(crate) fn start() -> Self {
        Self::start_asking(true)
    }

    /// The same that asks nobody for a signature: who may ask is judged before it.
    pub(crate) fn start_unsigned() -> Self {
        Self::start_asking(false)
    }

    fn start_asking(signed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        if signed {
            builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        }
        let service = builder.build();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let away = Arc::new(AtomicBool::new(false));
        runtime.spawn(serve(listener, service, away.clone()));
        Self { address, folder, away, runtime: Some(runtime) }
    }

    /// The file of an object of the bucket.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(name)
    }

    /// While it is away, it answers nothing and forgets whoever asks.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: std::net::TcpListener, service: S3Service, away: Arc<AtomicBool>) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, service.clone(), away.clone()));
    }
}

async fn answer(stream: TcpStream, service: S3Service, away: Arc<AtomicBool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (service, away) = (service.clone(), away.clone());
        async move {
            if away.load(Ordering::SeqCst) {
                // Ends the connection without an answer.
                return Err(HttpError::new("away".into()));
            }
            Service::call(&service, request).await
        }
    });
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// Writes a file with these credentials into `folder`.
pub(crate) fn credentials(folder: &Path, key: &str, secret: &str) -> PathBuf {
    let text = format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
    private(&folder.join("credentials"), &text)
}

/// Writes a file that nobody else may read.
pub(crate) fn private(path: &Path, text: &str) -> PathBuf {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_owned()
}
