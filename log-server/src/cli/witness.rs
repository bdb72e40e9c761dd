//! `fiducial-log witness`: heads and cosignatures as files. See `witnesses::carry`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::source::DataArg;
use crate::config::{Config, ServeArgs};
use crate::disk::{MachineDisk, write_whole};
use crate::keys::LogKeys;
use crate::number;
use crate::publisher::unix_seconds;
use crate::settings::Settings;
use crate::witnesses::{carry, read_policy};

#[derive(Debug, Subcommand)]
pub(super) enum WitnessCommand {
    /// Check cosignatures of the last signed head, and leave them for the server to publish
    #[command(after_help = "\
Example:
  fiducial-log witness accept cosignature --data ./log --witness-policy ./policy
A running server publishes them within a second or two; else they wait for the next start. Of several
servers that share a journal any may be the one that publishes: accept them at each.")]
    Accept {
        /// Files with a witness's signature lines, as `fiducial-witness sign` writes them
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        data: DataArg,
        /// The policy for publishing [default: what the configuration file names]
        #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_WITNESS_POLICY")]
        witness_policy: Option<PathBuf>,
    },
    /// Write the add-checkpoint request of the last signed head, to be carried to a witness
    #[command(after_help = "\
Example:
  fiducial-log witness request --data ./log --out request
There:
  fiducial-witness sign --in request --out cosignature")]
    Request {
        #[command(flatten)]
        data: DataArg,
        /// Where to write it [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The size that the witness knows: 0 if it has never seen this log
        #[arg(long, value_name = "SIZE", conflicts_with = "witness")]
        old: Option<u64>,
        /// The key name of a witness that this log has asked before; the size is known then
        #[arg(long, value_name = "NAME")]
        witness: Option<String>,
    },
}

pub(super) fn run(command: WitnessCommand) -> anyhow::Result<ExitCode> {
    match command {
        WitnessCommand::Accept { files, data, witness_policy } => {
            accept(&data.existing()?, &files, witness_policy)
        }
        WitnessCommand::Request { data, out, old, witness } => {
            request(&data.existing()?, out.as_deref(), old, witness.as_deref())
        }
    }
}

fn request(
    data: &Path,
    out: Option<&Path>,
    old: Option<u64>,
    witness: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let request = carry::request(data, old, witness)?;
    let Some(out) = out else {
        std::io::stdout().lock().write_all(&request.to_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let write = || {
        write_whole(&MachineDisk::open(folder)?, &folder.join(file_name(out)?), &request.to_bytes())
    };
    write().with_context(|| out.display().to_string())?;
    let size = request.head().size();
    println!("the head of {}, from size {}", number::entries(size), request.old_size());
    Ok(ExitCode::SUCCESS)
}

fn file_name(path: &Path) -> std::io::Result<&std::ffi::OsStr> {
    path.file_name().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::IsADirectory))
}

fn accept(
    data: &Path,
    files: &[PathBuf],
    witness_policy: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let given = ServeArgs { data: Some(data.to_owned()), witness_policy, ..ServeArgs::default() };
    let Some(config) = Config::load(given)?.witnesses else {
        bail!("name the policy: --witness-policy FILE, or `policy` under [witnesses] in the file");
    };
    let disk = MachineDisk::open(data)?;
    let keys = LogKeys::load(data, &Settings::load(&disk, data)?.origin)?.verifier_keys();
    let policy =
        read_policy(&config.policy, &keys).with_context(|| config.policy.display().to_string())?;
    for file in files {
        let accepted = carry::accept(data, &policy, file, unix_seconds())?;
        let names: Vec<String> = accepted.witnesses.iter().map(ToString::to_string).collect();
        println!(
            "{}: the head of {}, cosigned by {}",
            file.display(),
            number::entries(accepted.size),
            names.join(", ")
        );
        for warning in accepted.warnings {
            eprintln!("{}: warning: {warning}", file.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
