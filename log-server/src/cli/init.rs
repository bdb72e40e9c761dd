//! `fiducial-log init`: makes a log, or a successor of one that has ended. See `init` and `succeed`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use spec::checkpoint::Origin;
use spec::key::check_new_name;
use spec::note::{MAX_NOTE_SIZE, Note};

use crate::admission::Admission;
use crate::config::DatabaseArgs;
use crate::copy::store::read_bounded;
use crate::copy::unverified;
use crate::heads::SIGNED_HEAD;
use crate::init::{init, init_successor};
use crate::journal::postgres::schema;
use crate::keys::LogKeys;
use crate::number;
use crate::succeed::Succeeding;

pub(super) const EXAMPLES: &str = "\
Examples:
  fiducial-log init --data ./log --origin factory.example/evidence > log.vkeys
  A log that has ended, because what it signed cannot be rebuilt, goes on under another name. The first
  entry of the new one names the old one, its last checkpoint and why:
    fiducial-log init --data ./log-2 --origin factory.example/evidence-2 --succeeds newest.checkpoint \\
        --why 'the disk died, and the last 12 entries with it' --old-keys ./backup

Receipts of the old log stay valid under the old policy. Sources begin new chains in the new log, and are
listed in it anew. Exit codes: 0 made, 2 could not do it.";

#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// The data folder to make; it must not exist, or be empty
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_DATA")]
    data: PathBuf,
    /// The log's name for ever: its URL without the scheme, for example factory.example/evidence
    #[arg(long)]
    origin: String,
    /// What the log takes: valid statements of listed sources, or any bytes
    #[arg(long, default_value_t)]
    admission: Admission,
    /// Make no ML-DSA-44 key: checkpoints are then not signed for after quantum computers
    #[arg(long)]
    no_ml_dsa: bool,
    /// Where the journal is
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    successor: SuccessorArgs,
}

/// What a successor says of the log before it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Successors")]
struct SuccessorArgs {
    /// The last checkpoint of a log that has ended, for which this one goes on
    #[arg(long, value_name = "FILE", requires = "why")]
    succeeds: Option<PathBuf>,
    /// Why that log has ended, in one line; it is public
    #[arg(long, value_name = "TEXT", requires = "succeeds")]
    why: Option<String>,
    /// The backup that holds the old log's keys/: with them it says so itself
    #[arg(long, value_name = "DIR", requires = "succeeds")]
    old_keys: Option<PathBuf>,
    /// The old log's keys are lost: then only the new log says that it goes on for the old one
    #[arg(long, requires = "succeeds", conflicts_with = "old_keys")]
    old_keys_are_lost: bool,
}

pub(super) fn run(args: InitArgs) -> anyhow::Result<ExitCode> {
    // A log is named once and for ever, so its name is held to what C2SP asks of an origin.
    let name = check_new_name(&args.origin).context("--origin")?;
    let origin = Origin::parse(name.as_str()).context("--origin")?;
    let succeeding = args.successor.read()?;
    let database = args.database.database()?;
    if let Some(database) = &database {
        if succeeding.is_some() {
            bail!(
                "a successor's first entry is written into a journal of its own: leave --journal out"
            );
        }
        // Before the folder: one that holds a log already is found out here.
        schema::make(database, &origin, args.admission)?;
    }
    let with_ml_dsa = !args.no_ml_dsa;
    let keys = match &succeeding {
        Some(old) => init_successor(&args.data, origin, args.admission, with_ml_dsa, old)?,
        None => init(&args.data, origin, args.admission, with_ml_dsa)?,
    };
    let mut out = io::stdout().lock();
    for key in keys {
        writeln!(out, "{key}")?;
    }
    Ok(ExitCode::SUCCESS)
}

impl SuccessorArgs {
    fn read(&self) -> anyhow::Result<Option<Succeeding>> {
        let (Some(path), Some(why)) = (&self.succeeds, &self.why) else { return Ok(None) };
        let (last, origin) = read_checkpoint(path).with_context(|| path.display().to_string())?;
        let old = match &self.old_keys {
            Some(folder) => {
                let keys = LogKeys::load(folder, &origin)?;
                check_is_last(folder, &keys, &last)?;
                Some(keys)
            }
            None if self.old_keys_are_lost => None,
            None => bail!(
                "name the backup that holds the keys of {origin} with --old-keys, so that the old log \
                 itself says who goes on for it; or say --old-keys-are-lost"
            ),
        };
        Ok(Some(Succeeding { last, why: why.clone(), old }))
    }
}

/// The folder of the old keys may be the old data folder, with a newer head in it than the one that is named as the
/// last: the first entry of a log cannot be put right later.
fn check_is_last(folder: &Path, keys: &LogKeys, last: &Note) -> anyhow::Result<()> {
    let path = folder.join(SIGNED_HEAD);
    let bytes = read_bounded(&path, MAX_NOTE_SIZE).ok().flatten();
    let signed = bytes.and_then(|bytes| Note::parse(&bytes).ok());
    let Some(signed) = signed.and_then(|note| keys.verify(&note).ok()) else { return Ok(()) };
    let named = unverified(&last.to_bytes()).map_or(0, |checkpoint| checkpoint.tree().size());
    let newest = signed.tree().size();
    if newest > named {
        bail!(
            "the old log has signed {}, as {} shows, and the checkpoint that is named as its last has {named}: \
             name that one with --succeeds",
            number::entries(newest),
            path.display()
        );
    }
    Ok(())
}

fn read_checkpoint(path: &Path) -> anyhow::Result<(Note, Origin)> {
    let bytes = read_bounded(path, MAX_NOTE_SIZE)?.context("there is no such file")?;
    let note = Note::parse(&bytes)?;
    let checkpoint = unverified(&bytes).context("this is no checkpoint")?;
    Ok((note, checkpoint.origin().clone()))
}
