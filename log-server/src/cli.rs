//! The command line: what was typed, and which exit code the outcome has.
//!
//! Exit codes: 0 done; 1 `check` found damage, or what was to be copied or rebuilt is wrong; 2 could not do it; 3 served, but the log had stopped
//! by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

mod copy;
mod export;
mod init;
mod mirror;
mod recover;
mod source;
mod store;
mod witness;

use self::copy::CopyArgs;
use self::export::ExportArgs;
use self::init::InitArgs;
use self::mirror::MirrorArgs;
use self::recover::RecoverArgs;
use self::source::SourceCommand;
use self::witness::WitnessCommand;
use crate::check::{Listener, Problem, check, check_together};
use crate::config::{Config, DatabaseArgs, ServeArgs, unknown_variables};
use crate::number;
use crate::objects::place::ObjectArgs;
use crate::serve::serve;

/// `check` found damage, or what was to be copied is wrong.
const EXIT_DAMAGED: u8 = 1;

/// It could not be done.
const EXIT_FAILED: u8 = 2;

/// The log stopped by itself; also what `serve` ends with when asked to stop after that.
const EXIT_FATAL: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  Make a log and keep what it prints, its verifier keys:
    fiducial-log init --data /var/lib/fiducial --origin factory.example/evidence
  List a source, whose statements it then takes:
    fiducial-log source add 'aoi-7.example+0a1b2c3d+AQ...' --data /var/lib/fiducial --note 'Line 3'
  List a source from the request that its agent made:
    fiducial-log source approve aoi-7.enrolment --data /var/lib/fiducial --note 'Line 3'
  Serve it:
    fiducial-log serve --data /var/lib/fiducial --listen 0.0.0.0:7070
  Hash everything it stores once more (stop it first, or use a copy):
    fiducial-log check --data /var/lib/fiducial
  Write it as files for any web server; follow a log of others:
    fiducial-log export --data /var/lib/fiducial --to /srv/www/log
    fiducial-log mirror --from https://log.example --policy ./policy --to ./mirror
  Rebuild it when the disk has died:
    fiducial-log recover --backup ./backup --data /var/lib/fiducial --from ./mirror --policy ./policy";

/// A transparency log for manufacturing evidence.
#[derive(Debug, Parser)]
#[command(name = "fiducial-log", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hash everything a log stores once more, and report all damage
    #[command(after_help = "Exit codes: 0 clean, 1 damage found, 2 could not check.")]
    Check(CheckArgs),
    /// Copy a log's tiles and checkpoint from one store to another, verified on the way
    #[command(after_help = copy::EXAMPLES)]
    Copy(Box<CopyArgs>),
    /// Write what a log has published as a folder of files that any web server can hand out
    #[command(after_help = export::EXAMPLES)]
    Export(ExportArgs),
    /// Make a log: a data folder and keys; prints the verifier keys, one a line, Ed25519 first
    #[command(after_help = init::EXAMPLES)]
    Init(InitArgs),
    /// Follow a log that others serve, verify all of it, and keep it
    #[command(after_help = mirror::EXAMPLES)]
    Mirror(Box<MirrorArgs>),
    /// Rebuild a log whose disk died, from mirrors and from what agents kept, up to its last signed head
    #[command(after_help = recover::EXAMPLES)]
    Recover(Box<RecoverArgs>),
    /// Serve a log over HTTP until SIGTERM or SIGINT
    #[command(after_help = "\
Examples:
  fiducial-log serve --data ./log --listen 127.0.0.1:7070
  fiducial-log serve --data ./log --listen 0.0.0.0:7443 --tls-certificate c.pem --tls-key k.pem
  fiducial-log serve --data ./log --witness-policy ./policy
  fiducial-log serve --data ./a --journal postgres://log@db/fiducial --objects s3://evidence/factory-7
  FIDUCIAL_LOG_LOG_FORMAT=json fiducial-log serve --data ./log --requests-per-second 500

Flags come before environment variables, these before the configuration file, and that before
defaults. When it is ready it prints one line: listening on http://ADDR
Exit codes: 0 stopped as asked, 2 could not serve, 3 the log had stopped by itself.")]
    Serve(Box<ServeArgs>),
    /// List, approve, add, disable and enable the sources whose statements a log takes
    #[command(subcommand)]
    Source(SourceCommand),
    /// Carry a head to witnesses by file, and their cosignatures back
    #[command(subcommand)]
    Witness(WitnessCommand),
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// The log's data folder
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_DATA")]
    data: PathBuf,
    /// Where the journal is
    #[command(flatten)]
    database: DatabaseArgs,
    /// With --journal: the folder of full tiles [default: what the configuration file names]
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_TILES")]
    tiles: Option<PathBuf>,
    /// With --journal: the bucket of full tiles
    #[command(flatten)]
    objects: ObjectArgs,
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Check(args) => run_check(&args),
        Command::Copy(args) => copy::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Init(args) => init::run(args),
        Command::Mirror(args) => mirror::run(&args),
        Command::Recover(args) => recover::run(&args),
        Command::Serve(args) => run_serve(*args),
        Command::Source(command) => source::run(command),
        Command::Witness(command) => witness::run(command),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("fiducial-log: {}", explain(&error));
        ExitCode::from(EXIT_FAILED)
    })
}

/// An error and its causes, each said once: many of ours name their cause in their own text.
fn explain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn run_serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(args)?;
    let unknown = unknown_variables(&known_variables());
    let stopped = serve(config, &unknown)?;
    Ok(if stopped.is_some() { ExitCode::from(EXIT_FATAL) } else { ExitCode::SUCCESS })
}

/// The environment variables that the flags name.
fn known_variables() -> Vec<String> {
    let command = Cli::command();
    let all = command.get_subcommands().flat_map(clap::Command::get_arguments);
    all.filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)).collect()
}

fn run_check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let progress = Progress(ProgressBar::new(0));
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} entries, {per_sec}, {eta} left");
    progress.0.set_style(style.expect("the template is sound"));
    let config = Config::load(ServeArgs {
        data: Some(args.data.clone()),
        database: args.database.clone(),
        tiles: args.tiles.clone(),
        objects: args.objects.clone(),
        ..ServeArgs::default()
    })?;
    let outcome = match &config.journal {
        Some(journal) => check_together(&args.data, journal, &progress),
        None => check(&args.data, &progress),
    };
    progress.0.finish_and_clear();
    let summary = outcome?;
    println!(
        "checked {} in full bundles and {} in the journal; published size {}; {}",
        number::entries(summary.sealed),
        summary.in_journal,
        summary.published,
        number::of(summary.problems, "problem", "problems")
    );
    Ok(if summary.problems == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DAMAGED) })
}

/// Shows how far `check` is on a terminal, and every problem as it is found.
struct Progress(ProgressBar);

impl Listener for Progress {
    fn problem(&self, problem: Problem) {
        // The bar is out of the way while a line is written.
        self.0.suspend(|| println!("{}: {}", problem.file, problem.what));
    }

    fn progress(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_of_serve_has_an_environment_variable() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        for argument in serve.get_arguments().filter(|argument| argument.get_id() != "help") {
            let name = argument.get_id().as_str().to_uppercase();
            let variable = argument.get_env().and_then(|name| name.to_str()).unwrap_or_default();
            assert_eq!(variable, format!("FIDUCIAL_LOG_{name}"));
        }
        assert!(known_variables().contains(&"FIDUCIAL_LOG_LISTEN".to_owned()));
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("the disk is full").context("a.toml: the disk is full");
        assert_eq!(explain(&error), "a.toml: the disk is full");
        assert_eq!(explain(&error.context("serving")), "serving: a.toml: the disk is full");
    }

    #[test]
    fn help_shows_examples() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("fiducial-log init --data"), "{help}");
    }
}
