//! `fiducial-log copy`: a tree from one store to another. See `copy`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::EXIT_FAILED;
use super::store::{Bar, StoreArgs, TrustArgs, failed, told};
use crate::config::CONFIG_FILE;
use crate::copy::data::{DataFolder, DataObjects, is_data_folder, mark_of};
use crate::copy::moving::{Ended, MoveError, carry, give_up};
use crate::copy::store::{Folder, Sink, Source};
use crate::copy::{Head, bring, bring_objects, head_of, policy_of_keys};
use crate::objects::place::is_bucket;
use crate::sources::SOURCES_FILE;

pub(super) const EXAMPLES: &str = "\
A STORE is a log's data folder, a folder of files as `export` writes it, or a bucket: s3://BUCKET/PREFIX,
gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX; to copy from, also http://... or https://... of a log.

Examples:
  Move a log's full tiles into a bucket (stop the log before the last run, which is short):
    fiducial-log copy --from ./log --to s3://evidence/factory-7 --objects-endpoint http://127.0.0.1:3900
    fiducial-log serve --data ./log --objects s3://evidence/factory-7 --objects-endpoint http://127.0.0.1:3900
  And back into the data folder:
    fiducial-log copy --from s3://evidence/factory-7 --to ./log --objects-endpoint http://127.0.0.1:3900
    fiducial-log serve --data ./log --objects folder
  Keep a copy of a log that others serve:
    fiducial-log copy --from https://log.example --to ./copy --log-key 'log.example+1f2e3d4c+AZ...'
  Move a log to PostgreSQL and a bucket: make a folder with its keys and a fiducial-log.toml, which names
  the database under [journal] and the bucket under [objects];
    mkdir ./a && cp -rp ./log/keys ./a/keys
  run this while the log is served, then stop it and run it again, which is short:
    fiducial-log copy --move --from ./log --to ./a
    fiducial-log serve --data ./a
  And back, into a folder without [journal]; the servers are stopped by the move itself:
    fiducial-log copy --move --from ./a --to ./log

With --move the whole log goes: its origin and every proof stay what they are, and the place that it left is
marked, serves nothing any more and says where the log went. Interrupted, the same command goes on;
--give-up takes it back, until it has arrived.

Every tile and bundle is hashed up to the signed root before it is written. A copy that was interrupted
goes on where it stopped when the same command is run again. No key is ever copied: what is written can
be verified and served, and cannot sign.
Exit codes: 0 done, 1 what was read is wrong and was not copied, 2 could not do it, or not to the end.";

#[derive(Args, Debug)]
pub(super) struct CopyArgs {
    /// What to copy
    #[arg(long, value_name = "STORE")]
    from: String,
    /// Where to
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Move the whole log from one data folder to another: journal, heads and full tiles. Where they are is
    /// said by the configuration file in each
    #[arg(long = "move")]
    moves: bool,
    /// Give a move up that has not arrived: the log stays where it is
    #[arg(long, requires = "moves")]
    give_up: bool,
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
    if args.moves {
        return move_log(args, from, to);
    }
    args.stores.check_kinds(&[&args.from, &args.to])?;
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

/// The whole log, from one data folder to another.
fn move_log(args: &CopyArgs, from: &Path, to: &Path) -> anyhow::Result<ExitCode> {
    if is_url(&args.from) || is_url(&args.to) {
        anyhow::bail!(
            "--move takes two data folders. Where journal and full tiles are, is said by the file \
             {CONFIG_FILE} in each"
        );
    }
    if args.give_up {
        give_up(from, to)?;
        return Ok(done(&format!("given up: the log stays at {}", from.display())));
    }
    let bar = Bar::new();
    let carried = carry(from, to, &bar);
    bar.end();
    let outcome = match carried {
        Ok(outcome) => outcome,
        Err(MoveError::Copy(error)) => return Ok(failed(error)),
        Err(error) => return Err(error.into()),
    };
    println!("{}: {}", outcome.origin, told(outcome.summary));
    match outcome.ended {
        Ended::Served => {
            eprintln!(
                "fiducial-log: the log in {} is served by a process. What it has published is copied. Stop \
                 it, and run the same command again: what is left is short",
                from.display()
            );
            return Ok(ExitCode::from(EXIT_FAILED));
        }
        Ended::Before => println!("the log had moved to {} before", outcome.to),
        Ended::Moved { other_sources } => {
            println!("moved: the log is at {}, and at no other place", outcome.to);
            if other_sources {
                println!(
                    "{SOURCES_FILE} of {} lists other sources than that of {}; each was left as it is: \
                     compare them",
                    to.display(),
                    from.display()
                );
            }
            println!("its keys are still in {} as well: remove them there", from.display());
        }
    }
    Ok(done(&format!("serve it: fiducial-log serve --data {}", to.display())))
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
            done(&format!("the copy holds no key and signs nothing. {}", who_signs(from)))
        }
        Err(error) => failed(error),
    })
}

/// Who signs for a log that was copied out of a data folder: that folder's process, unless the log has left it.
fn who_signs(from: &Path) -> String {
    let folder = from.display();
    match mark_of(from).map(|mark| mark.and_then(|mark| mark.refusal())) {
        Ok(None) => {
            "Only one process may sign for this log: it stays the one with this data folder"
                .to_owned()
        }
        Ok(Some(refusal)) => {
            format!("Nor does {folder}, whose log may be newer elsewhere: {refusal}")
        }
        Err(error) => format!("Whether the log is still at {folder} could not be read: {error}"),
    }
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
    if is_bucket(&args.to) {
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
