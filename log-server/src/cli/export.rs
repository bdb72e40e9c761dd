//! `fiducial-log export`: a tree of files out of a log's data folder. See `copy`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use bytes::Bytes;
use clap::Args;

use super::store::{Bar, failed, told};
use crate::copy::data::{DataFolder, is_data_folder};
use crate::copy::store::{Folder, Sink};
use crate::copy::{KEYS, bring, head_of, policy_of_keys};

pub(super) const EXAMPLES: &str = "\
Example:
  fiducial-log export --data ./log --to /srv/www/log
The folder then holds checkpoint, tile/ and log.vkeys, and any web server can hand it out: tiles as
application/octet-stream and for ever, the checkpoint not to be cached. Running it again brings the
folder to what the log has published since. The log may be running.
Exit codes: 0 done, 1 something stored is wrong, 2 could not do it.";

#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// The log's data folder
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_DATA")]
    data: PathBuf,
    /// The folder to write; it is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    if is_data_folder(&args.to) {
        bail!("{} is a log's data folder; export into a folder of its own", args.to.display());
    }
    let source = DataFolder::open(&args.data)?;
    let policy = policy_of_keys(source.keys())?;
    let head = match head_of(&source, &policy) {
        Ok(head) => head,
        Err(error) => return Ok(failed(error)),
    };
    let folder = Folder::create(&args.to)?;
    let bar = Bar::new();
    let brought = bring(&source, &folder, &head, &policy, &bar);
    bar.end();
    let summary = match brought {
        Ok(summary) => summary,
        Err(error) => return Ok(failed(error)),
    };
    let keys: String = source.keys().iter().map(|key| format!("{key}\n")).collect();
    folder.write(KEYS, Bytes::from(keys))?;
    println!("{}: {}", head.origin, told(summary));
    Ok(ExitCode::SUCCESS)
}
