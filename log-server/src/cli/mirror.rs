//! `fiducial-log mirror`: follows a log, and shows what was verified. See `copy::mirror`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use spec::policy::Policy;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::store::{Bar, StoreArgs, TrustArgs, failed, told};
use super::{EXIT_DAMAGED, explain};
use crate::copy::mirror::{Followed, REFUSED, follow};
use crate::copy::store::{Folder, Source};
use crate::copy::{CopyError, Summary, serve};
use crate::http::{ServeOptions, serve as serve_http};

pub(super) const EXAMPLES: &str = "\
Examples:
  fiducial-log mirror --from https://log.example --policy ./policy --to ./mirror
  fiducial-log mirror --from https://log.example --policy ./policy --to ./mirror --listen 0.0.0.0:7080
  fiducial-log mirror --from https://log.example --policy ./policy --to ./mirror --once

Each state is verified as a whole before its checkpoint replaces the last: signatures and witnesses by the
policy, that it continues the one before, and every tile and bundle. The folder can be handed out by any
web server. A source that shows another history ends it, and the checkpoint that proves it is kept as
checkpoint.refused; a source that went back, or whose tiles are altered, is asked again later.
Exit codes: 0 ended as asked, 1 the source showed something wrong, 2 could not do it.";

#[derive(Args, Debug)]
pub(super) struct MirrorArgs {
    /// The log: http://..., https://..., a folder of files, or a bucket as `copy` takes it
    #[arg(long, value_name = "STORE")]
    from: String,
    /// The folder to keep it in; it is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Look once, and end
    #[arg(long, conflicts_with = "listen")]
    once: bool,
    /// Hand the mirror out here as well; port 0 takes any free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Certificate authorities in PEM form that the log's HTTPS is trusted by [default: the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    stores: StoreArgs,
}

/// What is followed, with whom.
struct Following {
    source: Box<dyn Source>,
    folder: Folder,
    policy: Policy,
}

pub(super) fn run(args: &MirrorArgs) -> anyhow::Result<ExitCode> {
    let policy = args.trust.required()?;
    let source = args.stores.tree(&args.from, args.ca.as_deref())?;
    let folder = Folder::create(&args.to)?;
    let following = Arc::new(Following { source, folder, policy });
    if args.once {
        return Ok(match following.look() {
            Ok(Some(summary)) => {
                println!("{}", told(summary));
                ExitCode::SUCCESS
            }
            Ok(None) => {
                println!("nothing new");
                ExitCode::SUCCESS
            }
            Err(error) => failed(error),
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(keep_on(following, args));
    // A look that waits for the network has nothing half done that the next start does not finish.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

impl Following {
    fn look(&self) -> Result<Option<Summary>, CopyError> {
        let bar = Bar::new();
        let followed = follow(self.source.as_ref(), &self.folder, &self.policy, &bar);
        bar.end();
        match followed? {
            Followed::Grew(summary) => Ok(Some(summary)),
            Followed::Same => Ok(None),
        }
    }
}

async fn keep_on(following: Arc<Following>, args: &MirrorArgs) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let router = serve::router(following.folder.path());
    let served = async {
        let Some(address) = args.listen else { return std::future::pending().await };
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
        println!("listening on http://{}", listener.local_addr()?);
        serve_http(listener, router, ServeOptions::default(), std::future::pending()).await?;
        Ok(ExitCode::SUCCESS)
    };
    tokio::select! {
        outcome = served => outcome,
        outcome = keep_looking(following, Duration::from_secs(args.every)) => outcome,
        _ = terminate.recv() => Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => Ok(ExitCode::SUCCESS),
    }
}

/// Looks again and again. Ends only where the log has shown two histories.
async fn keep_looking(following: Arc<Following>, every: Duration) -> anyhow::Result<ExitCode> {
    let mut said = String::new();
    loop {
        let looking = following.clone();
        match tokio::task::spawn_blocking(move || looking.look()).await? {
            Ok(Some(summary)) => {
                said.clear();
                println!("{}", told(summary));
            }
            Ok(None) => said.clear(),
            Err(error) => {
                let forked = matches!(error, CopyError::History { .. });
                let text = explain(&error.into());
                if text != said {
                    eprintln!("fiducial-log: {text}");
                }
                if forked {
                    eprintln!("fiducial-log: the refused checkpoint is kept as {REFUSED}");
                    return Ok(ExitCode::from(EXIT_DAMAGED));
                }
                said = text;
            }
        }
        tokio::time::sleep(every).await;
    }
}
