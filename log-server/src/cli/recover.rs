//! `fiducial-log recover`: a log whose disk died, from what others have of it. See `recover`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::store::{Bar, StoreArgs};
use super::{EXIT_DAMAGED, EXIT_FAILED, explain};
use crate::copy::data::{DataFolder, is_data_folder};
use crate::copy::store::Source;
use crate::disk::MachineDisk;
use crate::keys::LogKeys;
use crate::recover::{Recovered, Wanted, recover};
use crate::settings::Settings;
use crate::shared::JOURNAL;
use crate::witnesses::{ANSWER_TIME, Witnesses};

pub(super) const EXAMPLES: &str = "\
Give all that anybody has: --from of mirrors, exported trees, buckets and old copies of the data folder,
--statements of folders that agents made with `fiducial-agent statements`, --checkpoint of newer
checkpoints than these. The newest head that this log signed is what has to come out; what the journal of an
old data folder has behind it, and may have acknowledged, keeps its places.

Examples:
  fiducial-log recover --backup ./backup --data ./log --from https://mirror.example --policy ./policy
  fiducial-log recover --backup ./backup --data ./log --from ./mirror --statements ./line-3 \\
      --statements ./line-4 --checkpoint newest --policy ./policy

The policy is the one that the log is served with. Each of its witnesses is asked whether it knows of a
newer head, since behind anything older the log would fork. A log without witnesses (--unwitnessed) has
nobody who could tell: whoever holds a newer checkpoint than those given here can then prove a fork.

Nothing is signed, and the folder becomes a log only at the end: its root is then the one that was signed.
What was found is kept: run the same command again with more sources, or after an interruption. Then
`fiducial-log check --data DIR`, and serve it as before. A log whose database is lost is rebuilt so too, and
then moved into another one: docs/postgres.md, \"If the database is lost\".

Exit codes: 0 rebuilt; 1 what was read contradicts what this log signed; 2 could not do it: the message
names the entries that are missing, or the witness that did not answer. Where they cannot be had, the log
has ended: see `fiducial-log init --help` for its successor.";

/// What is left to do.
const NEXT: &str = "run `fiducial-log check` on it before it is served. It has the embedded journal; into PostgreSQL \
    and object storage it goes from there with `fiducial-log copy --move`: see docs/postgres.md, \"If the database \
    is lost\"";

#[derive(Args, Debug)]
pub(super) struct RecoverArgs {
    /// The backup: a folder with log.toml, keys/ and sources.toml of the log
    #[arg(long, value_name = "DIR")]
    backup: PathBuf,
    /// The data folder to make: new or empty, or that of an interrupted run
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_DATA")]
    data: PathBuf,
    /// Who has a copy: http://... or https://..., a folder of files, an old data folder, or a
    /// bucket as `copy` takes it; can be repeated
    #[arg(long, value_name = "STORE")]
    from: Vec<String>,
    /// A folder that an agent made with `fiducial-agent statements`, or one file of it; can be repeated
    #[arg(long, value_name = "PATH")]
    statements: Vec<PathBuf>,
    /// A checkpoint that this log signed; can be repeated
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The policy that the log is served with: its witnesses, and how many must cosign
    #[arg(long, value_name = "FILE", required_unless_present = "unwitnessed")]
    policy: Option<PathBuf>,
    /// Go on without the word of this witness of the policy; can be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "policy")]
    without_witness: Vec<String>,
    /// The log publishes on its own signature: nobody can say whether it signed a newer head
    #[arg(long, conflicts_with = "policy")]
    unwitnessed: bool,
    /// Certificate authorities in PEM form that the HTTPS of witnesses is trusted by [default: the system's]
    #[arg(long, value_name = "FILE")]
    witness_ca: Option<PathBuf>,
    /// Certificate authorities in PEM form that the HTTPS of a log is trusted by [default: the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    stores: StoreArgs,
}

pub(super) fn run(args: &RecoverArgs) -> anyhow::Result<ExitCode> {
    let stores: Vec<&str> = args.from.iter().map(String::as_str).collect();
    args.stores.check_kinds(&stores)?;
    let witnesses = args.policy.as_deref().map(|policy| witnesses(args, policy)).transpose()?;
    let holders: Vec<Box<dyn Source>> =
        args.from.iter().map(|from| holder(args, from)).collect::<Result<_, _>>()?;
    let wanted = Wanted {
        backup: &args.backup,
        data: &args.data,
        holders: &holders,
        handed: &args.statements,
        checkpoints: &args.checkpoint,
        witnesses: witnesses.as_ref(),
        without: &args.without_witness,
    };
    if args.backup.join(JOURNAL).is_file()
        && !args.from.iter().any(|from| Path::new(from) == args.backup)
    {
        // Only what is named is a source: an old data folder that stands for the backup may have the newest entries.
        eprintln!(
            "fiducial-log: note: {0} has a journal too. What is in it counts if the folder is also named with \
             --from {0}",
            args.backup.display()
        );
    }
    let bar = Bar::new();
    let recovered = recover(&wanted, &bar, &|line| bar.say(&format!("note: {line}")));
    bar.end();
    match recovered {
        Ok(recovered) => {
            println!("{}", told(&recovered));
            println!("{NEXT}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let code = if error.is_wrong() { EXIT_DAMAGED } else { EXIT_FAILED };
            eprintln!("fiducial-log: {}", explain(&error.into()));
            Ok(ExitCode::from(code))
        }
    }
}

fn witnesses(args: &RecoverArgs, policy: &Path) -> anyhow::Result<Witnesses> {
    let origin = Settings::load(&MachineDisk::open(&args.backup)?, &args.backup)?.origin;
    let keys = LogKeys::load(&args.backup, &origin)?.verifier_keys();
    let witnesses = Witnesses::load(policy, &keys, args.witness_ca.as_deref(), ANSWER_TIME)?;
    if witnesses.policy().witnesses().is_empty() {
        bail!(
            "{} names no witness, so nobody can be asked whether the log signed a newer head. Say \
             --unwitnessed in place of --policy if the log is served without witnesses",
            policy.display()
        );
    }
    Ok(witnesses)
}

fn holder(args: &RecoverArgs, from: &str) -> anyhow::Result<Box<dyn Source>> {
    if !from.contains("://") && is_data_folder(Path::new(from)) {
        match DataFolder::open(Path::new(from)) {
            Ok(log) => return Ok(Box::new(log)),
            // On a disk that is dying the tiles may be sound where the journal is not.
            Err(error) => eprintln!(
                "fiducial-log: note: {from} is taken for a folder of tiles and heads only, without what its \
                 journal has: {}",
                explain(&error.into())
            ),
        }
    }
    args.stores.tree(from, args.ca.as_deref())
}

fn told(recovered: &Recovered) -> String {
    let Recovered { origin, size, behind, from, published, .. } = recovered;
    let shown = match published {
        Some(published) if published == size => "and shown as it was published".to_owned(),
        Some(published) => format!("shown are the first {published} until the witnesses cosign it"),
        None => "nothing is shown until the witnesses have cosigned it".to_owned(),
    };
    let more = match behind {
        0 => String::new(),
        more => format!(", and {more} behind it that an old journal has"),
    };
    format!("{origin}: {size} entries, up to the head that was found in {from}{more}; {shown}")
}
