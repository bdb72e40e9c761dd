//! `fiducial-log source`: whose statements a log takes.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use spec::evidence::enrolment::{Enrolment, MAX_ENROLMENT_SIZE};
use spec::key::{Algorithm, VerifierKey, parse_key_lines, shown_part, without_private_keys};

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
    #[command(
        after_help = "Example:\n  fiducial-log source list --keys --data ./log > sources.vkeys\n  \
                      fiducial verify report.tlog-proof --policy policy --source-key sources.vkeys"
    )]
    List {
        #[command(flatten)]
        data: DataArg,
        /// Write a file of keys, as the verifier's --source-key and --source-keys take it
        #[arg(long)]
        keys: bool,
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
        SourceCommand::List { data, keys } => {
            let mut out = io::stdout().lock();
            for Listing { source, retired, note } in sources::list(&data.existing()?)? {
                let state = match (retired, source.enabled) {
                    (true, _) => "retired",
                    (false, true) => "enabled",
                    (false, false) => "disabled",
                };
                // What a retired key has signed is still in the log, so that it is listed like the others.
                if keys {
                    let comment = format!("# {state} {note}");
                    writeln!(out, "{}\n{}", comment.trim_end(), source.key)?;
                } else {
                    writeln!(out, "{state}\t{}\t{note}", source.key)?;
                }
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
const MAX_KEY_FILE_SIZE: u64 = 64 * 1024;

/// The source's key: as it was typed, or the one that the file holds which was named.
fn key_or_file(text: &str) -> anyhow::Result<String> {
    let (key, named) = if text.matches('+').count() >= 2 && !Path::new(text).exists() {
        let shown = shown_part(text);
        (VerifierKey::parse(text).with_context(|| shown.to_owned())?, shown)
    } else {
        (key_of_file(text)?, text)
    };
    if key.algorithm() != Algorithm::NoteEd25519 {
        bail!("{named}: {}", not_a_sources(&key));
    }
    Ok(key.to_string())
}

/// The one key of a file. A source signs with one key, so a second one is no key of this source, or
/// one that its agent has to ask for.
fn key_of_file(text: &str) -> anyhow::Result<VerifierKey> {
    let shown = || without_private_keys(text);
    let file =
        std::fs::File::open(text).with_context(|| format!("{}: not a key, nor a file", shown()))?;
    let mut content = String::new();
    file.take(MAX_KEY_FILE_SIZE + 1).read_to_string(&mut content).with_context(shown)?;
    if content.len() as u64 > MAX_KEY_FILE_SIZE {
        bail!("{}: a file with a key has at most {MAX_KEY_FILE_SIZE} bytes", shown());
    }
    let keys = parse_key_lines(&content).with_context(shown)?;
    if let Some(other) = keys.iter().find(|key| key.algorithm() != Algorithm::NoteEd25519) {
        bail!("{}: {}", shown(), not_a_sources(other));
    }
    match <[VerifierKey; 1]>::try_from(keys) {
        Ok([key]) => Ok(key),
        Err(keys) => bail!(
            "{}: it holds {} keys. Sources are listed one by one: run the command once for each key. \
             To replace the key of a source, use `fiducial-log source approve` with the request of \
             `fiducial-agent source rotate`",
            shown(),
            keys.len()
        ),
    }
}

fn not_a_sources(key: &VerifierKey) -> String {
    format!(
        "{}+{} is {}, and no source signs with one. The agent prints its source's key: \
         `fiducial-agent source list`",
        key.name(),
        key.id(),
        key.algorithm().holder()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::key::{KeyName, SigningKey};

    fn key(name: &str, algorithm: Algorithm) -> String {
        let name = KeyName::parse(name).unwrap();
        match algorithm {
            Algorithm::CosignatureMlDsa44 => {
                VerifierKey::new(name, algorithm, &[7; 1312]).unwrap().to_string()
            }
            _ => SigningKey::from_seed(name, algorithm, &[3; 32]).unwrap().verifier().to_string(),
        }
    }

    #[test]
    fn a_key_is_typed_or_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aoi.vkey");
        let key = key("aoi", Algorithm::NoteEd25519);
        std::fs::write(&path, format!("# the AOI of line 3\n\n{key}\n")).unwrap();
        assert_eq!(key_or_file(path.to_str().unwrap()).unwrap(), key);
        assert_eq!(key_or_file(&key).unwrap(), key);
        assert!(key_or_file("no-such-file").is_err());
    }

    #[test]
    fn what_is_no_single_key_of_a_source_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let file = path.to_str().unwrap();
        let said = |text: &str| format!("{:#}", key_or_file(text).unwrap_err());
        let [source, other, cosigner, ml_dsa] = [
            key("aoi", Algorithm::NoteEd25519),
            key("spi", Algorithm::NoteEd25519),
            key("w.example", Algorithm::CosignatureEd25519),
            key("log.example", Algorithm::CosignatureMlDsa44),
        ];
        let cases = [
            (format!("{source}\n{other}\n"), "it holds 2 keys"),
            (format!("{source}\n{ml_dsa}\n"), "a log's or a witness's key (0x06"),
            (format!("{cosigner}\n"), "a witness's key (0x04"),
            (format!("{source}\nsecond line\n"), "line 2: not of the form"),
            ("\n".to_owned(), "there is no verifier key in it"),
            ("#".repeat(70_000), "at most 65536 bytes"),
        ];
        for (content, why) in cases {
            std::fs::write(&path, content).unwrap();
            let refused = said(file);
            assert!(refused.contains(why) && refused.contains(file), "{refused}");
        }
        let typed = said(&cosigner);
        assert!(typed.contains("a witness's key"), "{typed}");
        let private = said(&format!("PRIVATE+KEY+{source}"));
        assert!(private.contains("a private key") && !private.contains("aoi"), "{private}");
    }
}
