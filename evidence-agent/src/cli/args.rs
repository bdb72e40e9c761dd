//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

use super::Language;

const EXAMPLES: &str = "\
Examples:
  Make a source, and have the log list the key that this prints:
    fiducial-agent init --vault vault --source line-4.example/aoi-7 \\
        --log http://127.0.0.1:8080 --log-key log.example/demo+1f2e3d4c+AZ...

  Anchor two reports; receipts and openings appear beside the vault:
    fiducial-agent anchor aoi-0099123.json profile-0302.json --vault vault

  Go on with a statement that could not be sent:
    fiducial-agent anchor --vault vault

  See what a configuration would anchor, then watch for good:
    fiducial-agent check-config --config agent.toml --dry-run
    fiducial-agent run --config agent.toml

  Ask how it does:
    fiducial-agent status --config agent.toml

Exit codes: 0 anchored or done, 1 refused or damaged, 2 could not, 3 done but not all: some of it
is not there yet, and the answer says what.

While `run` is at work in a vault, the other commands are done by it; `anchor`, `rekey` and
`restore` need it stopped.";

/// Hashes evidence, signs statements and anchors them in a transparency log. Reports are read,
/// never changed, and never leave the factory.
#[derive(Parser)]
#[command(name = "fiducial-agent", version, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The language of messages; if not given, that of LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, global = true, value_enum, env = "FIDUCIAL_LANG")]
    pub(super) lang: Option<Language>,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Which vault, and how it is opened.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VaultArgs {
    /// The agent's vault.
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_AGENT_VAULT")]
    pub(crate) vault: PathBuf,
    /// A file that holds the passphrase of an encrypted vault.
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_AGENT_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// One command. It can be handed to a running agent, so it can be written down.
#[derive(Subcommand, Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Anchor files in one statement, or finish an earlier one.
    Anchor {
        /// The report files. Without any, an unfinished statement is sent again.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        vault: VaultArgs,
        /// The source that signs; needed only if the vault has several.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Where receipts and openings go; beside the vault if not given.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Seconds to wait for the log and its witnesses.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
    },
    /// Copy the vault and verify the copy, also while the agent runs.
    Backup {
        #[command(flatten)]
        vault: VaultArgs,
        /// Where the copy goes; an earlier copy there is brought up to date.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Verify everything in the vault: evidence, openings, chains, receipts. Reports all damage.
    Check {
        #[command(flatten)]
        vault: VaultArgs,
    },
    /// Read a configuration as `run` would, and say what is wrong with it.
    CheckConfig {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Look once at everything that is watched, and report what would be anchored. Nothing is
        /// written and nothing is sent.
        #[arg(long)]
        dry_run: bool,
    },
    /// Answer a challenge audit: open exactly the records that it picks, whole, for a neutral party.
    Challenge {
        #[command(flatten)]
        vault: VaultArgs,
        /// What the neutral party asks for.
        #[arg(long, value_name = "FILE")]
        challenge: PathBuf,
        /// The checkpoint note that the challenge names.
        #[arg(long, value_name = "NOTE")]
        note: PathBuf,
        /// The folder to make.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// List what retention has deleted, and when.
    Deletions {
        #[command(flatten)]
        vault: VaultArgs,
    },
    /// Open records to somebody: a folder, or one file, with statements, receipts and what is opened
    /// of them.
    Disclose {
        #[command(flatten)]
        vault: VaultArgs,
        #[command(flatten)]
        what: DiscloseArgs,
    },
    /// Delete evidence whose time is over, and the salts that could open it. The log stays valid.
    Expire {
        #[command(flatten)]
        vault: VaultArgs,
        /// The retention rules (TOML); see the page on the vault.
        #[arg(long, value_name = "FILE")]
        rules: PathBuf,
        /// Only say what would be deleted.
        #[arg(long)]
        dry_run: bool,
    },
    /// Keep evidence beyond its time while a dispute lasts.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Make a vault and its first source. Prints the verifier key for the log to list.
    Init {
        #[command(flatten)]
        vault: VaultArgs,
        /// The source's name, such as line-4.example/aoi-7. It is public.
        #[arg(long, value_name = "NAME")]
        source: String,
        /// The log's address.
        #[arg(long, value_name = "URL")]
        log: String,
        /// A verifier key of the log; more than once if the log has several.
        #[arg(long, value_name = "VKEY", required_unless_present = "policy")]
        log_key: Vec<String>,
        /// A policy (C2SP tlog-policy) that receipts must satisfy. Without one the log's own
        /// signature is enough.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Make a key for a lot, or take one over; whoever holds it finds his units among the tags.
    LotKey {
        /// The lot, as the machines write it.
        lot: String,
        #[command(flatten)]
        vault: VaultArgs,
        /// Take this key over instead of making one: 64 hexadecimal digits in a file.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Write the key here, readable by you alone, to be handed to the buyer.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Units of the lot, one a line or CSV with a column `serial`, where the machines' files do not
        /// name the lot, or not all of them.
        #[arg(long, value_name = "FILE")]
        units: Option<PathBuf>,
    },
    /// Show the mappings that are shipped, or the text of one, to start an own one from.
    Mapping {
        /// Which.
        name: Option<String>,
    },
    /// Write the receipt and the opening of records that are anchored.
    Papers {
        #[command(flatten)]
        vault: VaultArgs,
        #[command(flatten)]
        which: WhichArgs,
        /// Write the evidence itself as well.
        #[arg(long)]
        evidence: bool,
        /// Where they go.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print the pins of the sources, for a buyer to check and keep.
    Pins {
        #[command(flatten)]
        vault: VaultArgs,
        #[command(flatten)]
        what: PinsArgs,
    },
    /// Change the passphrase of an encrypted vault.
    Rekey {
        #[command(flatten)]
        vault: VaultArgs,
        /// A file that holds the new passphrase.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: PathBuf,
    },
    /// Put a backup back. The agent then goes on behind what the log holds, and says what is lost.
    Restore {
        /// The backup.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The vault to make; it must not exist.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// A file that holds the passphrase of an encrypted vault.
        #[arg(long, value_name = "FILE", env = "FIDUCIAL_AGENT_PASSPHRASE_FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Go on with a chain that stands still because the log holds statements that this vault has
    /// not. The next statement names what cannot be opened.
    Resume {
        #[command(flatten)]
        vault: VaultArgs,
        /// The source.
        #[arg(long, value_name = "NAME")]
        source: String,
    },
    /// Print the end of each source's chain in one signed line, to be carried where no network is.
    Root {
        #[command(flatten)]
        vault: VaultArgs,
        /// The source; all of them if not given.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Show it as a QR code in the terminal.
        #[arg(long)]
        qr: bool,
        /// Write it as a QR code into a PNG file, in the place of an older picture; needs --source.
        #[arg(long, value_name = "FILE", requires = "source")]
        png: Option<PathBuf>,
    },
    /// Watch, capture, state and anchor until SIGTERM or SIGINT.
    Run {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Look once at everything, anchor it, and end.
        #[arg(long)]
        once: bool,
    },
    /// Make sources and their keys, and ask the log to list them.
    #[command(subcommand)]
    Source(SourceCommand),
    /// Write statements as they were signed, with their receipts: from them and from mirrors a log can
    /// be rebuilt whose disk died. No record is opened.
    Statements {
        #[command(flatten)]
        vault: VaultArgs,
        /// The source; all of them if not given.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Only what the log has from this entry on, and what it may not have yet.
        #[arg(long, value_name = "INDEX", default_value_t = 0)]
        since_entry: u64,
        /// Where they go.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Ask the running agent how it does.
    Status {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichArgs {
    /// Records of this file's exact bytes.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Records of evidence with this SHA-256.
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// Records that name this unit.
    #[arg(long, value_name = "ID")]
    pub(crate) unit: Option<String>,
}

#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DiscloseArgs {
    /// Records that name this unit or panel; can be repeated.
    #[arg(long, value_name = "ID")]
    pub(crate) unit: Vec<String>,
    /// Records that name a unit or panel of this list: one a line, or CSV with a column `serial`, of
    /// which `panel` is taken too; at most 16 MiB.
    #[arg(long, value_name = "FILE")]
    pub(crate) units: Option<PathBuf>,
    /// Records of this lot, and of those that name no lot the ones of its units and panels, such as
    /// reviews and repairs; can be repeated.
    #[arg(long, value_name = "LOT")]
    pub(crate) lot: Vec<String>,
    /// Records under this reflow certificate, by its number or its file's SHA-256.
    #[arg(long, value_name = "TEXT")]
    pub(crate) certificate: Option<String>,
    /// Open as well what belongs to chosen records: what names their panels, such as the oven's data,
    /// and the programs, limits and reflow certificates that they were made under.
    #[arg(long)]
    pub(crate) context: bool,
    /// Statements sealed between two moments, with their zones: FROM and UNTIL.
    #[arg(long, value_names = ["FROM", "UNTIL"], num_args = 2)]
    pub(crate) between: Option<Vec<String>>,
    /// Records of this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Show all statements from FIRST to LAST, with the tags of every record, so that nothing can be
    /// left out; of records that were not chosen nothing else is opened.
    #[arg(long, value_name = "FIRST..LAST")]
    pub(crate) range: Option<String>,
    /// In a range, open what records without tags name, whosever it is.
    #[arg(long, requires = "range")]
    pub(crate) open_untagged: bool,
    /// In a range, hand over records of the reader's units that carry no tag, although a check with
    /// the lot's key refuses the range for them.
    #[arg(long, requires = "range")]
    pub(crate) allow_untagged: bool,
    /// Open only this field of the chosen records, or the word all; can be repeated. Without it,
    /// everything but the operator is opened.
    #[arg(long, value_name = "FIELD")]
    pub(crate) open: Vec<String>,
    /// Open everything but this field; can be repeated.
    #[arg(long, value_name = "FIELD", conflicts_with = "open")]
    pub(crate) hide: Vec<String>,
    /// Write the evidence itself as well.
    #[arg(long)]
    pub(crate) evidence: bool,
    /// The folder to make.
    #[arg(long, value_name = "DIR", required_unless_present = "bundle")]
    pub(crate) out: Option<PathBuf>,
    /// Make the one file that is handed over instead: a bundle, as `fiducial bundle make` would from
    /// the folder.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub(crate) bundle: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PinsArgs {
    /// The source; all of them if not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// What stands there, in one line; of several sources say which, as in
    /// --source line-4.example/aoi-7 --machine 'AOI 7, serial 20391'.
    #[arg(long, value_name = "TEXT")]
    pub(crate) machine: Option<String>,
    /// The number of the statement from which on nothing may be missing.
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    pub(crate) first: u64,
    /// Seconds between two statements.
    #[arg(long, value_name = "SECONDS", conflicts_with = "config")]
    pub(crate) cadence: Option<u64>,
    /// The configuration that says how often each source speaks.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Subcommand, Clone, Debug, Serialize, Deserialize)]
pub(crate) enum HoldCommand {
    /// Begin a hold. Prints its number.
    Add {
        #[command(flatten)]
        vault: VaultArgs,
        /// Why, in a sentence.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        what: HoldArgs,
    },
    /// List the holds, released ones too.
    List {
        #[command(flatten)]
        vault: VaultArgs,
    },
    /// End a hold.
    Release {
        #[command(flatten)]
        vault: VaultArgs,
        /// Its number.
        number: u64,
        /// Why, in a sentence.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
pub(crate) struct HoldArgs {
    /// Everything of this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Records that name this unit or panel.
    #[arg(long, value_name = "ID")]
    pub(crate) unit: Option<String>,
    /// Records of this lot.
    #[arg(long, value_name = "LOT")]
    pub(crate) lot: Option<String>,
    /// Statements sealed between two moments, with their zones, such as
    /// 2026-03-02T06:00:00+08:00 2026-03-02T18:00:00+08:00.
    #[arg(long, value_names = ["FROM", "UNTIL"], num_args = 2)]
    pub(crate) between: Option<Vec<String>>,
}

#[derive(Subcommand, Clone, Debug, Serialize, Deserialize)]
pub(crate) enum SourceCommand {
    /// Make one more source in a vault. Prints its verifier key.
    Add {
        /// The source's name. It is public.
        name: String,
        #[command(flatten)]
        vault: VaultArgs,
    },
    /// List the sources, their keys and where their chains end.
    List {
        #[command(flatten)]
        vault: VaultArgs,
    },
    /// Write the request that the log's operator approves with `fiducial-log source approve`.
    Request {
        /// The source's name.
        name: String,
        #[command(flatten)]
        vault: VaultArgs,
        /// Where the request goes; standard output if not given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make a new key beside the old one and write the request for it. The old key goes on signing
    /// until `source switch`.
    Rotate {
        /// The source's name.
        name: String,
        #[command(flatten)]
        vault: VaultArgs,
        /// Where the request goes; standard output if not given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Sign with the new key from the next statement on, once the log lists it.
    Switch {
        /// The source's name.
        name: String,
        #[command(flatten)]
        vault: VaultArgs,
    },
}

impl Command {
    /// The vault that it works on, if it works on one that is there.
    pub(crate) fn vault(&self) -> Option<&VaultArgs> {
        match self {
            Self::Anchor { vault, .. }
            | Self::Backup { vault, .. }
            | Self::Challenge { vault, .. }
            | Self::Check { vault }
            | Self::Deletions { vault }
            | Self::Disclose { vault, .. }
            | Self::Expire { vault, .. }
            | Self::Hold(
                HoldCommand::Add { vault, .. }
                | HoldCommand::List { vault }
                | HoldCommand::Release { vault, .. },
            )
            | Self::LotKey { vault, .. }
            | Self::Papers { vault, .. }
            | Self::Pins { vault, .. }
            | Self::Rekey { vault, .. }
            | Self::Resume { vault, .. }
            | Self::Root { vault, .. }
            | Self::Statements { vault, .. }
            | Self::Source(
                SourceCommand::Add { vault, .. }
                | SourceCommand::List { vault }
                | SourceCommand::Request { vault, .. }
                | SourceCommand::Rotate { vault, .. }
                | SourceCommand::Switch { vault, .. },
            ) => Some(vault),
            Self::CheckConfig { .. }
            | Self::Init { .. }
            | Self::Mapping { .. }
            | Self::Restore { .. }
            | Self::Run { .. }
            | Self::Status { .. } => None,
        }
    }

    /// Whether an agent that is at work in the vault can do it beside its own work. `anchor` would
    /// sign beside it, and `rekey` change what it was opened with.
    pub(crate) fn is_for_an_agent(&self) -> bool {
        self.vault().is_some() && !matches!(self, Self::Anchor { .. } | Self::Rekey { .. })
    }
}
