//! What can be typed. What it means is decided in [`crate::command`].

mod files;
mod help;
mod language;
pub(crate) mod papers;
mod reconcile;
mod refused;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::messages::Language;

pub(crate) use files::Files;
use language::LanguageName;
pub(crate) use reconcile::Reconcile;
pub(crate) use refused::Refused;

/// The variable that sets the language of all our programs, and stands before the system's.
const LANGUAGE_VARIABLE: &str = "FIDUCIAL_LANG";

/// Everything that was asked for.
pub(crate) struct Wanted {
    pub(crate) language: Language,
    pub(crate) json: bool,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) command: Command,
}

#[derive(Parser)]
#[command(
    name = "fiducial",
    version,
    about = "Judges what a log, a source or the other party has handed over",
    after_help = "Exit codes: 0 verified, 1 rejected or not in order, 2 could not tell."
)]
struct Typed {
    /// The language of text for people: en or zh (default: from LC_ALL, LC_MESSAGES or LANG)
    #[arg(
        long,
        global = true,
        value_enum,
        ignore_case = true,
        value_name = "LANGUAGE",
        env = LANGUAGE_VARIABLE,
        hide_env_values = true
    )]
    lang: Option<LanguageName>,

    /// Write the answer as JSON, for machines
    #[arg(long, global = true)]
    json: bool,

    /// Trust these authorities (PEM) for https instead of the usual ones
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

/// Whose word on a checkpoint is enough, and of whom it must not all be.
#[derive(Args)]
pub(crate) struct PolicyArgs {
    /// Whose word on a checkpoint is enough (C2SP tlog-policy): a file that you hold from before
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Demand a witness in the quorum that none of these parties runs
    #[arg(long, value_name = "PARTY[,PARTY]", value_delimiter = ',', requires = "parties")]
    pub(crate) unrelated_to: Vec<String>,

    /// Your own list of which party runs which witnesses (TOML)
    #[arg(long, value_name = "FILE", requires = "unrelated_to")]
    pub(crate) parties: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a proof from a log's tiles, and check it before it is written
    #[command(subcommand)]
    Prove(Prove),
    /// Check a receipt, two checkpoints, or evidence of a split, offline
    Verify(Box<Verify>),
    /// Hash the whole log again and check every statement in it
    Audit(Audit),
    /// One file that settles a dispute: make it, verify it, say what it holds
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Ask a maker for records that nobody could know beforehand, and check the answer
    #[command(subcommand)]
    Challenge(ChallengeCommand),
    /// Say in plain words what a file holds, without verifying anything
    Inspect(Inspect),
    /// Papers for people: statements and certificates, filled in with what was verified
    #[command(subcommand)]
    Template(papers::TemplateCommand),
    /// What an outside authority says of when a checkpoint was there (RFC 3161)
    #[command(subcommand)]
    Timestamp(papers::TimestampCommand),
    /// Compare what was shipped with what was recorded of it: every unit green, amber or red
    Reconcile(Box<Reconcile>),
    /// Follow a log and its witnesses, and keep evidence if they tell two stories
    Watch(Watch),
}

#[derive(Subcommand)]
pub(crate) enum Prove {
    /// Prove that an entry is in the log: makes a receipt
    #[command(after_help = "Examples:
  fiducial prove inclusion 41 --log https://log.example/ --policy policy --out 41.tlog-proof
  fiducial prove inclusion --entry statement --log ./mirror --policy policy")]
    Inclusion(ProveInclusion),
    /// Prove that a newer checkpoint only appends to an older one
    #[command(after_help = "Example:
  fiducial prove consistency --from monday.checkpoint --to latest \\
      --log https://log.example/ --policy policy --out monday-to-now")]
    Consistency(ProveConsistency),
}

#[derive(Args)]
pub(crate) struct ProveInclusion {
    /// The entry's index, from 0
    #[arg(required_unless_present_any = ["leaf", "entry"], conflicts_with_all = ["leaf", "entry"])]
    pub(crate) index: Option<u64>,

    /// The entry's leaf hash, hexadecimal or base64
    #[arg(long, value_name = "HASH", conflicts_with = "entry")]
    pub(crate) leaf: Option<String>,

    /// A file with the entry's exact bytes
    #[arg(long, value_name = "FILE")]
    pub(crate) entry: Option<PathBuf>,

    /// The log: its address, or a folder of static tiles
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: String,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Where to write the receipt; without it, standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Prove in the tree of this checkpoint instead of the log's latest
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Write only the path in the tree of the first N entries, one hash a line
    #[arg(long, value_name = "N", conflicts_with = "checkpoint")]
    pub(crate) size: Option<u64>,
}

#[derive(Args)]
pub(crate) struct ProveConsistency {
    /// The older checkpoint
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,

    /// The newer checkpoint, or the word latest
    #[arg(long, value_name = "FILE|latest", default_value = "latest")]
    pub(crate) to: String,

    /// The log: its address, or a folder of static tiles
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: String,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Where to write the proof; without it, standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  fiducial verify report.tlog-proof --policy policy --pins pins
  fiducial verify report.tlog-proof --policy policy --source-key aoi-7.vkey
  fiducial verify report.tlog-proof --file report.xml --disclosure report.disclosure.json \\
      --policy policy --source-key aoi-7.vkey
  fiducial verify report.tlog-proof --policy policy --source-key aoi-7.vkey \\
      --after after.checkpoint --consistency after-to-receipt
  fiducial verify report.tlog-proof --policy policy --source-key aoi-7.vkey \\
      --unrelated-to factory,buyer --parties parties.toml
  fiducial verify opaque.tlog-proof --entry opaque.bin --policy policy"
)]
pub(crate) struct Verify {
    #[command(subcommand)]
    pub(crate) what: Option<VerifyWhat>,

    /// The receipt (C2SP tlog-proof)
    #[arg(required = true, value_name = "RECEIPT")]
    pub(crate) receipt: Option<PathBuf>,

    /// A file that the disclosure must vouch for; can be repeated
    #[arg(long = "file", value_name = "REPORT")]
    pub(crate) files: Vec<PathBuf>,

    /// What of the statement's records is opened
    #[arg(long, value_name = "FILE")]
    pub(crate) disclosure: Option<PathBuf>,

    /// The entry's exact bytes, where the receipt does not carry a statement
    #[arg(long, value_name = "FILE")]
    pub(crate) entry: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Your own pins, a file that you hold from before: what you knew of the sources
    #[arg(long, value_name = "FILE")]
    pub(crate) pins: Option<PathBuf>,

    /// A source's verifier key that you had before, or a file of them; can be repeated
    #[arg(long = "source-key", value_name = "VKEY|FILE")]
    pub(crate) source_keys: Vec<String>,

    /// The checkpoint that the statement says it follows, exactly as the source had it
    #[arg(long, value_name = "NOTE")]
    pub(crate) after: Option<PathBuf>,

    /// The proof that the receipt's log continues that checkpoint: base64 hashes, one a line
    #[arg(long, value_name = "PROOF", requires = "after", conflicts_with = "log")]
    pub(crate) consistency: Option<PathBuf>,

    /// A log whose tiles give that proof
    #[arg(long, value_name = "URL_OR_FOLDER", requires = "after")]
    pub(crate) log: Option<String>,

    /// Show every opened field, and not only those that say most
    #[arg(long)]
    pub(crate) all_fields: bool,

    /// Write the verdict and what it rests on as a page for people, to read and to print (HTML)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum VerifyWhat {
    /// Check that a newer checkpoint only appends to an older one
    #[command(after_help = "Examples:
  fiducial verify consistency old.checkpoint new.checkpoint --proof old-to-new --policy policy
  fiducial verify consistency old.checkpoint new.checkpoint --log ./mirror --policy policy")]
    Consistency(VerifyConsistency),
    /// Check that nothing is withheld between two statements: a folder or a bundle
    #[command(
        after_help = "Policy and pins: two files that you hold from before, not from this bundle.

Examples:
  fiducial verify range shown --policy policy --pins pins
  fiducial verify range shown --policy policy --pins pins --lot-key lot.key --units shipped.txt \\
      --log https://log.example/"
    )]
    Range(VerifyDossier),
    /// Check evidence that a log has signed two histories; 0: it has
    #[command(after_help = "Examples:
  fiducial verify split split-300-700-1f0c9a3e.txt --policy policy
  fiducial verify split split-300-700-1f0c9a3e.txt --log-key log.example+1f0c9a3e+AX...")]
    Split(VerifySplit),
}

/// By whose word a folder or a bundle is judged.
#[derive(Args)]
pub(crate) struct Dossier {
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Your own pins, a file that you hold from before: what you knew of the sources
    #[arg(long, value_name = "FILE")]
    pub(crate) pins: Option<PathBuf>,

    /// A source's verifier key that you had before, or a file of them; can be repeated
    #[arg(long = "source-key", value_name = "VKEY|FILE")]
    pub(crate) source_keys: Vec<String>,

    /// A file with the key of a lot of yours: 64 hexadecimal digits; can be repeated
    #[arg(long = "lot-key", value_name = "FILE")]
    pub(crate) lot_keys: Vec<PathBuf>,

    /// Your units: one a line, or CSV with a header (serial, panel): their records are looked for
    #[arg(long, value_name = "FILE")]
    pub(crate) units: Option<PathBuf>,

    /// The log, every entry of which is read: no source has said two things at one place
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: Option<String>,

    /// Authorities that you trust to state times (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_ca: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct VerifyDossier {
    /// A bundle, or a folder as `fiducial-agent disclose` leaves it
    #[arg(value_name = "BUNDLE|FOLDER")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) dossier: Dossier,

    /// Write the verdict and what it rests on as a page for people, to read and to print (HTML)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum BundleCommand {
    /// Make a bundle of what `fiducial-agent disclose` has left in a folder
    #[command(after_help = "Example:
  fiducial bundle make shown --pins pins --note who-runs-the-log.txt \\
      --log https://log.example/ --out dispute.zip")]
    Make(BundleMake),
    /// Verify a bundle, offline
    #[command(
        after_help = "Policy and pins: two files that you hold from before, not from this bundle.

Examples:
  fiducial bundle verify dispute.zip --policy policy --pins pins
  fiducial bundle verify dispute.zip --policy policy --source-key aoi-7.vkey
  fiducial bundle verify dispute.zip --policy policy --pins pins --report dispute.html"
    )]
    Verify(VerifyDossier),
    /// Say in plain words what a bundle holds, without verifying anything but its form
    Explain(Inspect),
}

#[derive(Args)]
pub(crate) struct BundleMake {
    /// The folder
    pub(crate) folder: PathBuf,

    /// Where the bundle goes
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// The policy to enclose, for information, instead of the folder's
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// The pins to enclose, for information
    #[arg(long, value_name = "FILE")]
    pub(crate) pins: Option<PathBuf>,

    /// A text to enclose; can be repeated
    #[arg(long = "note", value_name = "FILE")]
    pub(crate) notes: Vec<PathBuf>,

    /// A timestamp over the checkpoint of a receipt, as an authority has sent it; can be repeated
    #[arg(long = "timestamp", value_name = "FILE")]
    pub(crate) timestamps: Vec<PathBuf>,

    /// A log whose tiles prove that statements were made after the checkpoints they name
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum ChallengeCommand {
    /// Pick records of a range by a checkpoint that was cosigned after the range was shown
    #[command(after_help = "Example:
  fiducial challenge make shown --note later.checkpoint --count 50 --policy policy --pins pins \\
      --out challenge")]
    Make(ChallengeMake),
    /// Check that exactly the picked records were opened, whole and with their evidence
    #[command(after_help = "Example:
  fiducial challenge verify challenge --range shown --answer answer --note later.checkpoint \\
      --policy policy --pins pins")]
    Verify(ChallengeVerify),
}

#[derive(Args)]
pub(crate) struct ChallengeMake {
    /// The range: a folder or a bundle that holds one, of one source
    #[arg(value_name = "BUNDLE|FOLDER")]
    pub(crate) range: PathBuf,

    /// A checkpoint note of the log, newer than the range
    #[arg(long, value_name = "NOTE")]
    pub(crate) note: PathBuf,

    /// How many records
    #[arg(long, value_name = "N")]
    pub(crate) count: usize,

    /// Where the challenge goes
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) dossier: Dossier,
}

#[derive(Args)]
pub(crate) struct ChallengeVerify {
    /// The challenge
    pub(crate) challenge: PathBuf,

    /// The range that it was made of
    #[arg(long, value_name = "BUNDLE|FOLDER")]
    pub(crate) range: PathBuf,

    /// What the maker has opened
    #[arg(long, value_name = "BUNDLE|FOLDER")]
    pub(crate) answer: PathBuf,

    /// The checkpoint note that the challenge names
    #[arg(long, value_name = "NOTE")]
    pub(crate) note: PathBuf,

    #[command(flatten)]
    pub(crate) dossier: Dossier,
}

#[derive(Args)]
pub(crate) struct VerifySplit {
    /// The evidence, as `fiducial watch` writes it
    pub(crate) file: PathBuf,

    /// A policy that lists the log; its witnesses' cosignatures are told, and not needed
    #[arg(long, value_name = "FILE", required_unless_present = "log_keys")]
    pub(crate) policy: Option<PathBuf>,

    /// The log's verifier key, instead of a policy; can be repeated
    #[arg(long = "log-key", value_name = "VKEY|FILE", conflicts_with = "policy")]
    pub(crate) log_keys: Vec<String>,
}

#[derive(Args)]
pub(crate) struct VerifyConsistency {
    /// The older checkpoint
    pub(crate) old: PathBuf,

    /// The newer checkpoint
    pub(crate) new: PathBuf,

    /// The proof: base64 hashes, one a line
    #[arg(long, value_name = "FILE", required_unless_present = "log", conflicts_with = "log")]
    pub(crate) proof: Option<PathBuf>,

    /// A log whose tiles give the proof
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: Option<String>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:
  fiducial audit --log https://log.example/ --policy policy --source-keys sources
  fiducial audit --log ./mirror --policy policy --source-keys sources --state audit.state
  fiducial audit --log ./mirror --policy policy --entries any")]
pub(crate) struct Audit {
    /// The log: its address, or a folder of static tiles
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: String,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// The verifier keys of the sources, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) source_keys: Option<PathBuf>,

    /// Start behind this checkpoint, which you trust because you audited up to it
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// Remember here how far the audit came, and go on from there the next time
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// What the entries are: statements of sources, or anything
    #[arg(long, value_enum, default_value_t = Entries::Statements)]
    pub(crate) entries: Entries,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Entries {
    Any,
    Statements,
}

#[derive(Args)]
#[command(after_help = "Examples:
  fiducial watch --log https://log.example/ --policy policy --state watch.state --once
  fiducial watch --log https://log.example/ --policy policy --state watch.state \\
      --witness w1=https://w1.example/ --interval 60 --json
Exit codes: 0 all agree, 1 a split or a step back was found, 2 could not tell.")]
pub(crate) struct Watch {
    /// The log: its address, or a folder of static tiles
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: String,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Remember here what was seen, and compare with it the next time
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,

    /// Where a witness answers monitors, if not at its address in the policy; can be repeated
    #[arg(long = "witness", value_name = "NAME=URL_OR_FOLDER")]
    pub(crate) witnesses: Vec<String>,

    /// The folder for evidence (default: the folder of the state)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) evidence: Option<PathBuf>,

    /// Look once and end
    #[arg(long, conflicts_with = "interval")]
    pub(crate) once: bool,

    /// Seconds between two looks, 1 to 86400
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) interval: u64,
}

#[derive(Args)]
#[command(after_help = "Example:
  fiducial inspect report.tlog-proof")]
pub(crate) struct Inspect {
    /// A note, checkpoint, receipt, statement, disclosure, split, verifier key or policy
    pub(crate) file: PathBuf,
}

/// Parses what was typed; `guessed` is the language of the environment.
pub(crate) fn parse(arguments: &[OsString], guessed: Language) -> Result<Wanted, Refused> {
    let language = language_typed(arguments).unwrap_or(guessed);
    let refused = |error| Refused::new(error, language);
    let command = help::in_language(Typed::command(), language);
    let matches = command.try_get_matches_from(arguments).map_err(refused)?;
    let typed = Typed::from_arg_matches(&matches).map_err(refused)?;
    let language = typed.lang.map_or(guessed, LanguageName::language);
    Ok(Wanted { language, json: typed.json, ca_file: typed.ca_file, command: typed.command })
}

/// Help is printed while arguments are still being read, so `--lang` and its variable are looked for
/// beforehand.
fn language_typed(arguments: &[OsString]) -> Option<Language> {
    let texts: Vec<&str> = arguments.iter().filter_map(|text| text.to_str()).collect();
    let split = texts.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1]);
    let joined = texts.iter().find_map(|text| text.strip_prefix("--lang="));
    let variable = std::env::var(LANGUAGE_VARIABLE).ok();
    let name = split.or(joined).or(variable.as_deref())?;
    LanguageName::from_str(name, true).ok().map(LanguageName::language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Typed::command().debug_assert();
        help::in_language(Typed::command(), Language::Chinese).debug_assert();
    }

    #[test]
    fn every_help_text_has_its_chinese() {
        let mut commands = vec![Typed::command()];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            let about = command.get_about().into_iter().map(ToString::to_string);
            let arguments = command.get_arguments().filter_map(|argument| argument.get_help());
            for text in about.chain(arguments.map(ToString::to_string)) {
                assert!(help::chinese(&text).is_some(), "{}: {text:?}", command.get_name());
            }
        }
    }

    #[test]
    fn help_in_chinese_has_no_english_sentence() {
        for words in [&["--help"][..], &["verify", "-h"], &["watch", "--help"], &["prove", "-h"]] {
            let mut arguments: Vec<OsString> = vec!["fiducial".into(), "--lang=zh".into()];
            arguments.extend(words.iter().map(OsString::from));
            let Err(help) = parse(&arguments, Language::English) else {
                panic!("help ends the program");
            };
            let text = help.to_string();
            for english in ["Print", "Usage", "Options", "Commands", "Arguments", "default:"] {
                assert!(!text.contains(english), "{english} in {text}");
            }
            assert!(text.contains("用法") && text.contains("显示帮助"), "{text}");
        }
    }
}
