//! `fiducial-log source`: whose statements a log takes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use spec::evidence::enrolment::{Enrolment, MAX_ENROLMENT_SIZE};
use spec::key::without_private_keys;

use crate::disk::MachineDisk;
use crate::settings::Settings;
use crate::sources::{self, Approved, Listing};

/// What can be asked of the registry.
#[derive(Debug, Subcommand)]
pub(super) enum SourceCommand {
    /// List a new source; a running server takes its statements at once
    #[command(
        after_help = "Example:\n  fiducial-log source add aoi-7.vkey --data ./log --note 'Line 3, behind the oven'"
    )]
    Add {
        /// The source's verifier key, or a file that holds it
        #[arg(value_name = "VKEY|FILE")]
        key: String,
        #[command(flatten)]
        data: DataArg,
        /// A comment for operators
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List the key that a request of a source's agent asks for; a running server knows it at once
    #[command(after_help = "\
Examples:
  fiducial-log source approve aoi-7.enrolment --data ./log --note 'Line 3, behind the oven'
  fiducial-log source approve aoi-7.enrolment --data ./log --old-key-is-lost

A request that replaces a key lists the new one beside it: both are taken until the old one is
retired with `fiducial-log source retire`.")]
    Approve {
        /// The request, as `fiducial-agent source request` or `source rotate` wrote it
        #[arg(value_name = "FILE")]
        request: PathBuf,
        #[command(flatten)]
        data: DataArg,
        /// A comment for operators
        #[arg(long, default_value = "")]
        note: String,
        /// You have made sure who asks, though the key that is replaced has not signed
        #[arg(long)]
        old_key_is_lost: bool,
    },
    /// Take no more statements of a source
    Disable {
        /// The source's name
        name: String,
        #[command(flatten)]
        data: DataArg,
    },
    /// Take statements of a disabled source again
    Enable {
        /// The source's name
        name: String,
        #[command(flatten)]
        data: DataArg,
    },
    /// Take no more statements of a key that another one of its source has followed
    Retire {
        /// The verifier key, or a file that holds it
        #[arg(value_name = "VKEY|FILE")]
        key: String,
        #[command(flatten)]
        data: DataArg,
    },
    /// Show every key: enabled, disabled or retired, the key, its comment; separated by tabs
    List {
        #[command(flatten)]
        data: DataArg,
    },
}

/// Which log's folder.
#[derive(Args, Debug)]
pub(super) struct DataArg {
    /// The log's data folder
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_DATA")]
    data: PathBuf,
}

/// Does what was asked of the registry.
pub(super) fn run(command: SourceCommand) -> anyhow::Result<ExitCode> {
    match command {
        SourceCommand::Add { key, data, note } => {
            let data = data.existing()?;
            let listing = Listing::new(&key_or_file(&key)?, &note)?;
            let name = listing.source.key.name().clone();
            sources::add(&data, listing)?;
            println!("added {name}");
        }
        SourceCommand::Approve { request, data, note, old_key_is_lost } => {
            println!("{}", approve(&request, &data.existing()?, &note, old_key_is_lost)?);
        }
        SourceCommand::Disable { name, data } => {
            sources::set_enabled(&data.existing()?, &name, false)?;
            println!("disabled {name}");
        }
        SourceCommand::Enable { name, data } => {
            sources::set_enabled(&data.existing()?, &name, true)?;
            println!("enabled {name}");
        }
        SourceCommand::List { data } => {
            let mut out = io::stdout().lock();
            for Listing { source, retired, note } in sources::list(&data.existing()?)? {
                let state = match (retired, source.enabled) {
                    (true, _) => "retired",
                    (false, true) => "enabled",
                    (false, false) => "disabled",
                };
                writeln!(out, "{state}\t{}\t{note}", source.key)?;
            }
        }
        SourceCommand::Retire { key, data } => {
            let key = key_or_file(&key)?;
            sources::retire(&data.existing()?, &key)?;
            println!("retired {key}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a request, does what it asks, and says what that was.
fn approve(path: &Path, data: &Path, note: &str, old_key_is_lost: bool) -> anyhow::Result<String> {
    use io::Read;
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| shown.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_ENROLMENT_SIZE as u64 + 1).read_to_end(&mut bytes).context(shown.to_string())?;
    let request = Enrolment::parse(&bytes).with_context(|| shown.to_string())?;
    let origin = Settings::load(&MachineDisk::open(data)?, data)?.origin;
    let approved = sources::approve(data, &origin, &request, note, old_key_is_lost)?;
    let (name, key) = (request.key().name(), request.key());
    Ok(match approved {
        Approved::Already => format!("{key} was listed before"),
        Approved::Source => format!("added {name} with the key {key}"),
        Approved::Rotation => {
            let old = request.replaces().map(ToString::to_string).unwrap_or_default();
            format!(
                "{name} may now sign with {key} as well; when it does, run: fiducial-log source \
                 retire {old}"
            )
        }
    })
}

impl DataArg {
    /// Refuses a folder without a log, so that a typing error does not make a registry of its own.
    pub(super) fn existing(&self) -> anyhow::Result<PathBuf> {
        let settings = self.data.join(crate::settings::SETTINGS);
        if !settings.exists() {
            bail!("{} holds no log: {} is missing", self.data.display(), settings.display());
        }
        Ok(self.data.clone())
    }
}

/// The most bytes read of a file with a verifier key.
const MAX_KEY_FILE_SIZE: u64 = 4096;

/// A verifier key as it was typed, or the first line of the file that was named.
fn key_or_file(text: &str) -> anyhow::Result<String> {
    use io::Read;
    if text.matches('+').count() >= 2 && !Path::new(text).exists() {
        return Ok(text.to_owned());
    }
    let file = std::fs::File::open(text)
        .with_context(|| format!("{}: not a key, nor a file", without_private_keys(text)))?;
    let mut content = String::new();
    file.take(MAX_KEY_FILE_SIZE).read_to_string(&mut content).with_context(|| text.to_owned())?;
    let line = content.lines().next().unwrap_or_default();
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_typed_or_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aoi.vkey");
        std::fs::write(&path, "aoi+00000000+AQ\nsecond line\n").unwrap();
        assert_eq!(key_or_file(path.to_str().unwrap()).unwrap(), "aoi+00000000+AQ");
        assert_eq!(key_or_file("aoi+00000000+AQ").unwrap(), "aoi+00000000+AQ");
        assert!(key_or_file("no-such-file").is_err());
    }
}
