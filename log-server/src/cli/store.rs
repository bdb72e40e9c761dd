//! Stores and policies as they are named on the command line of `copy`, `export` and `mirror`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use spec::key::VerifierKey;
use spec::policy::{MAX_POLICY_SIZE, Policy};

use super::{EXIT_DAMAGED, EXIT_FAILED, explain};
use crate::copy::moving::{Step, Watch};
use crate::copy::store::{Bucket, Folder, Source};
use crate::copy::web::Web;
use crate::copy::{CopyError, Listener, Summary, policy_of_keys};
use crate::number;
use crate::objects::bucket::BucketObjects;
use crate::objects::place::{ObjectArgs, is_bucket, kind_of};

/// How a bucket is reached.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Buckets")]
pub(super) struct StoreArgs {
    /// The URL of a store that is not where its kind is by default, for example http://127.0.0.1:3900
    #[arg(long, value_name = "URL", env = "FIDUCIAL_LOG_OBJECTS_ENDPOINT")]
    objects_endpoint: Option<String>,
    /// The region that requests are signed for; S3 alone [default: us-east-1]
    #[arg(long, value_name = "NAME", env = "FIDUCIAL_LOG_OBJECTS_REGION")]
    objects_region: Option<String>,
    /// Whether the bucket stands in the path of requests rather than before the host; S3 alone
    /// [default: true]
    #[arg(long, value_name = "BOOL", env = "FIDUCIAL_LOG_OBJECTS_PATH_STYLE")]
    objects_path_style: Option<bool>,
    /// Certificate authorities in PEM form that a bucket's HTTPS is trusted by [default: the system's]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_OBJECTS_CA")]
    objects_ca: Option<PathBuf>,
    /// A file of credentials in the form of the store's own tools, readable by nobody else [default: what
    /// the environment has for them]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_OBJECTS_CREDENTIALS")]
    objects_credentials: Option<PathBuf>,
}

impl StoreArgs {
    /// Refuses what is of one store where there are buckets of several kinds: it would be used for all of them, and
    /// what gives access to one be sent to the server of another.
    pub(super) fn check_kinds(&self, stores: &[&str]) -> anyhow::Result<()> {
        let mut buckets = stores.iter().filter_map(|store| Some((store, kind_of(store)?)));
        let Some((first, kind)) = buckets.next() else { return Ok(()) };
        let Some((other, _)) = buckets.find(|(_, other)| *other != kind) else { return Ok(()) };
        let given = [
            ("--objects-endpoint", self.objects_endpoint.is_some()),
            ("--objects-credentials", self.objects_credentials.is_some()),
            ("--objects-region", self.objects_region.is_some()),
            ("--objects-path-style", self.objects_path_style.is_some()),
        ];
        let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) else { return Ok(()) };
        bail!(
            "{first} and {other} are stores of different kinds, and {flag} (or its environment variable) can be \
             of one of them only. Copy one to a folder first, with the flags of that store, and go on from the \
             folder; or leave it out, where both are at the usual addresses of their kinds and the environment has \
             the credentials of each"
        )
    }

    /// The bucket that a URL names.
    pub(super) fn bucket(&self, url: &str) -> anyhow::Result<Bucket> {
        let args = ObjectArgs {
            store: None,
            endpoint: self.objects_endpoint.clone(),
            region: self.objects_region.clone(),
            path_style: self.objects_path_style,
            ca: self.objects_ca.clone(),
            credentials: self.objects_credentials.clone(),
        };
        let place = args.place_of(url)?;
        let objects = BucketObjects::open(&place)?;
        objects.probe()?;
        Ok(Bucket::new(objects, place.to_string()))
    }

    /// A tree that is served, in a bucket, or in a folder of files.
    pub(super) fn tree(&self, from: &str, ca: Option<&Path>) -> anyhow::Result<Box<dyn Source>> {
        if from.starts_with("http://") || from.starts_with("https://") {
            return Ok(Box::new(Web::open(from, ca)?));
        }
        if is_bucket(from) {
            return Ok(Box::new(self.bucket(from)?));
        }
        let folder = Folder::open(Path::new(from)).with_context(|| from.to_owned())?;
        Ok(Box::new(folder))
    }
}

/// Whose checkpoints are believed.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct TrustArgs {
    /// The C2SP tlog-policy that accepts the log's checkpoints: its keys, and its witnesses
    #[arg(long, value_name = "FILE", conflicts_with = "log_key")]
    policy: Option<PathBuf>,
    /// A verifier key of the log, as `fiducial-log init` printed it; no witness is asked for then
    #[arg(long, value_name = "KEY")]
    log_key: Vec<VerifierKeyArg>,
}

/// A verifier key on the command line.
#[derive(Clone, Debug)]
pub(super) struct VerifierKeyArg(VerifierKey);

impl std::str::FromStr for VerifierKeyArg {
    type Err = spec::key::KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        VerifierKey::parse(text).map(Self)
    }
}

impl TrustArgs {
    /// The policy, if one is named.
    pub(super) fn policy(&self) -> anyhow::Result<Option<Policy>> {
        if let Some(path) = &self.policy {
            let named = || path.display().to_string();
            let file = std::fs::File::open(path).with_context(named)?;
            let mut bytes = Vec::new();
            file.take(MAX_POLICY_SIZE as u64 + 1).read_to_end(&mut bytes).with_context(named)?;
            return Ok(Some(Policy::parse(&bytes).with_context(named)?));
        }
        if self.log_key.is_empty() {
            return Ok(None);
        }
        let keys: Vec<VerifierKey> = self.log_key.iter().map(|key| key.0.clone()).collect();
        Ok(Some(policy_of_keys(&keys)?))
    }

    /// The policy, which must be named.
    pub(super) fn required(&self) -> anyhow::Result<Policy> {
        let Some(policy) = self.policy()? else {
            bail!(
                "name whose checkpoints are believed: --policy FILE, or --log-key KEY as the log's \
                 operator gave it to you"
            )
        };
        Ok(policy)
    }
}

/// Shows how far a copy is, on a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style =
            ProgressStyle::with_template("{bar:40} {pos}/{len} entries, {per_sec}, {eta} left");
        bar.set_style(style.expect("the template is sound"));
        Self(bar)
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }

    /// Writes a line to standard error, with the bar out of the way.
    pub(super) fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }
}

impl Listener for Bar {
    fn progress(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

impl Watch for Bar {
    fn reached(&self, step: Step) {
        let said = match step {
            Step::TilesCopied => "what is published is copied",
            Step::Left => "nothing is taken or signed at the old place any more",
            _ => return,
        };
        // The bar is out of the way while a line is written.
        self.0.suspend(|| println!("{said}"));
    }
}

/// What was copied, in words.
pub(super) fn told(summary: Summary) -> String {
    format!(
        "{}; {} full tiles and bundles written, {} were there",
        number::entries(summary.size),
        summary.written,
        summary.kept
    )
}

/// Says what went wrong, and which exit code that has.
pub(super) fn failed(error: CopyError) -> ExitCode {
    let code = if error.is_wrong() { EXIT_DAMAGED } else { EXIT_FAILED };
    eprintln!("fiducial-log: {}", explain(&error.into()));
    ExitCode::from(code)
}
