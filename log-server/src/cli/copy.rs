//! `fiducial-log copy`: a tree from one store to another. See `copy`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::store::{Bar, StoreArgs, TrustArgs, failed, told};
use crate::copy::data::{DataFolder, DataObjects, is_data_folder};
use crate::copy::store::{Folder, Sink, Source};
use crate::copy::{Head, bring, bring_objects, head_of, policy_of_keys};

pub(super) const EXAMPLES: &str = "\
A STORE is a log's data folder, a folder of files as `export` writes it, or s3://BUCKET/PREFIX; to copy
from, also http://... or https://... of a log.

Examples:
  Move a log's full tiles into a bucket (stop the log before the last run, which is short):
    fiducial-log copy --from ./log --to s3://evidence/factory-7 --objects-endpoint http://127.0.0.1:3900
    fiducial-log serve --data ./log --objects s3://evidence/factory-7 --objects-endpoint http://127.0.0.1:3900
  And back into the data folder:
    fiducial-log copy --from s3://evidence/factory-7 --to ./log --objects-endpoint http://127.0.0.1:3900
    fiducial-log serve --data ./log --objects folder
  Keep a copy of a log that others serve:
    fiducial-log copy --from https://log.example --to ./copy --log-key 'log.example+1f2e3d4c+AZ...'

Every tile and bundle is hashed up to the signed root before it is written. A copy that was interrupted
goes on where it stopped when the same command is run again. No key is ever copied: what is written can
be verified and served, and cannot sign.
Exit codes: 0 done, 1 what was read is wrong and was not copied, 2 could not do it.";

#[derive(Args, Debug)]
pub(super) struct CopyArgs {
    /// What to copy
    #[arg(long, value_name = "STORE")]
    from: String,
    /// Where to
    #[arg(long, value_name = "STORE")]
    to: String,
    #[command(flatten)]
    trust: TrustArgs,
    /// Certificate authorities in PEM form that the HTTPS of a log is trusted by [default: the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    stores: StoreArgs,
}

pub(super) fn run(args: &CopyArgs) -> anyhow::Result<ExitCode> {
    let (from, to) = (Path::new(&args.from), Path::new(&args.to));
    if !is_url(&args.to) && is_data_folder(to) {
        return into_data_folder(args, to);
    }
    if !is_url(&args.from) && is_data_folder(from) {
        return from_data_folder(args, from);
    }
    let policy = args.trust.required()?;
    let source = args.stores.tree(&args.from, args.ca.as_deref())?;
    let head = match head_of(source.as_ref(), &policy) {
        Ok(head) => head,
        Err(error) => return Ok(failed(error)),
    };
    let sink = sink(args)?;
    let bar = Bar::new();
    let brought = bring(source.as_ref(), sink.as_ref(), &head, &policy, &bar);
    bar.end();
    Ok(match brought {
        Ok(summary) => done(&format!("{}: {}", head.origin, told(summary))),
        Err(error) => failed(error),
    })
}

/// Out of a log: what it has published, and what only its objects hold beyond that.
fn from_data_folder(args: &CopyArgs, from: &Path) -> anyhow::Result<ExitCode> {
    let source = DataFolder::open(from)?;
    let policy = match args.trust.policy()? {
        Some(policy) => policy,
        None => policy_of_keys(source.keys())?,
    };
    let head: Head = match head_of(&source, &policy) {
        Ok(head) => head,
        Err(error) => return Ok(failed(error)),
    };
    let sink = sink(args)?;
    let bar = Bar::new();
    let mut brought = bring(&source, sink.as_ref(), &head, &policy, &bar);
    // Sealed and not published yet: a log that is to run on the copy needs them.
    if brought.is_ok() && source.base().size() > head.tree.size() {
        brought = bring_objects(&source, sink.as_ref(), source.base(), &bar);
    }
    bar.end();
    Ok(match brought {
        Ok(summary) => {
            println!("{}: {}", head.origin, told(summary));
            done(
                "the copy holds no key and signs nothing. Only one process may sign for this log: it \
                 stays the one with this data folder",
            )
        }
        Err(error) => failed(error),
    })
}

/// Into a log that is stopped: only the full tiles that its own journal stands on.
fn into_data_folder(args: &CopyArgs, to: &Path) -> anyhow::Result<ExitCode> {
    let sink = DataObjects::open(to)?;
    let from = Path::new(&args.from);
    let source: Box<dyn Source> = if !is_url(&args.from) && is_data_folder(from) {
        Box::new(DataFolder::open(from)?)
    } else {
        args.stores.tree(&args.from, args.ca.as_deref())?
    };
    // Nothing of the source is believed but what hashes to what this log itself has signed. The right
    // edge, which no store has of a log that runs on it, is in the journal.
    let source = DataFolder::open_over(to, source)?;
    let bar = Bar::new();
    let brought = bring_objects(&source, &sink, sink.needed(), &bar);
    bar.end();
    Ok(match brought {
        Ok(summary) => done(&format!("{}: {}", Sink::name(&sink), told(summary))),
        Err(error) => failed(error),
    })
}

fn sink(args: &CopyArgs) -> anyhow::Result<Box<dyn Sink>> {
    if args.to.starts_with("s3://") {
        return Ok(Box::new(args.stores.bucket(&args.to)?));
    }
    if is_url(&args.to) {
        anyhow::bail!("{}: a log that is served is not written to", args.to);
    }
    Ok(Box::new(Folder::create(Path::new(&args.to))?))
}

fn is_url(store: &str) -> bool {
    store.contains("://")
}

fn done(line: &str) -> ExitCode {
    println!("{line}");
    ExitCode::SUCCESS
}
