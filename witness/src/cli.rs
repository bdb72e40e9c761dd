//! The command line: what was typed, and which exit code the outcome has.
//!
//! Exit codes: 0 done; 1 refused, or `doctor` found something wrong; 2 could not do it, or could not
//! tell; 3 served, but was not signing at the end.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use spec::checkpoint::Origin;
use spec::key::{Algorithm, VerifierKey, check_new_name};

use crate::cli_args::{
    DataArg, DoctorArgs, InitArgs, KeyAlgorithm, KeyCommand, LogCommand, QrArgs, ServeArgs,
    SignArgs,
};
use crate::decide::Refusal;
use crate::doctor::{self, Health, Language};
use crate::files::{Turn, write_whole};
use crate::init::init;
use crate::keys::{self, Signers, policy_lines};
use crate::offline;
use crate::qr;
use crate::registry::{self, Registry};
use crate::restored::restore;
use crate::retired::Retired;
use crate::serve::serve;
use crate::settings::Settings;
use crate::witness::AddError;

mod log_add;

/// It was refused, or something is wrong.
const EXIT_REFUSED: u8 = 1;

/// It could not be done.
const EXIT_FAILED: u8 = 2;

/// It was served, but nothing was signed any more.
const EXIT_STOPPED: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  Make a witness and keep what it prints, its verifier keys:
    fiducial-witness init --data /var/lib/fiducial-witness --name witness.example/w1
  Let it know a log, or a public list of logs:
    fiducial-witness log add 'factory.example/evidence+1a2b3c4d+AQ...' --data /var/lib/fiducial-witness
    fiducial-witness log add log-list-10qps-4klogs.1 --data /var/lib/fiducial-witness
  Serve it:
    fiducial-witness serve --data /var/lib/fiducial-witness --listen 0.0.0.0:7080
  Ask it how it is, above all after anything was restored from a backup:
    fiducial-witness doctor --data /var/lib/fiducial-witness";

/// A witness for transparency logs: it cosigns only what is consistent with all it has cosigned.
#[derive(Debug, Parser)]
#[command(name = "fiducial-witness", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say in plain words what state the witness is in and what to do
    #[command(after_help = "Exit codes: 0 fine, 1 something is wrong, 2 could not tell.")]
    Doctor(DoctorArgs),
    /// Make a witness; prints the verifier keys, one a line, Ed25519 first
    Init(InitArgs),
    /// Add, list and retire the witness's own keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Add, list and disable the logs that are witnessed
    #[command(subcommand)]
    Log(LogCommand),
    /// Show a file as QR codes, or put one together from their texts
    Qr(QrArgs),
    /// Serve over HTTP until SIGTERM or SIGINT
    #[command(after_help = "\
When it is ready it prints one line: listening on http://ADDR
Exit codes: 0 stopped as asked, 2 could not serve, 3 it was not signing any more.")]
    Serve(Box<ServeArgs>),
    /// Cosign a request from a file, without any network
    #[command(after_help = "\
Example:
  fiducial-witness sign --data ./witness --in request --out cosignature
The request is the body of add-checkpoint, or the texts of its QR codes, one a line.
Exit codes: 0 cosigned, 1 refused, 2 could not do it.")]
    Sign(SignArgs),
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Doctor(args) => run_doctor(&args),
        Command::Init(args) => run_init(&args),
        Command::Key(command) => run_key(command),
        Command::Log(command) => run_log(command),
        Command::Qr(args) => run_qr(&args),
        Command::Serve(args) => run_serve(*args),
        Command::Sign(args) => run_sign(&args),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("fiducial-witness: {}", explain(&error));
        ExitCode::from(EXIT_FAILED)
    })
}

/// The error with its causes. Many errors name their cause themselves; it is not said twice.
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

fn run_init(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let mut algorithms = vec![Algorithm::CosignatureEd25519];
    if !args.no_ml_dsa {
        algorithms.push(Algorithm::CosignatureMlDsa44);
    }
    // A witness is named once and for ever.
    let name = check_new_name(&args.name).context("--name")?;
    let keys = init(&args.data, name.as_str(), args.high_water.as_deref(), &algorithms)?;
    let mut out = io::stdout().lock();
    for key in &keys {
        writeln!(out, "{key}")?;
    }
    let settings = Settings::load(&args.data)?;
    eprintln!(
        "Keep {} out of backups: it is what notices that {} was restored from one.",
        settings.high_water.display(),
        args.data.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn run_serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let signing = serve(args.into_config())?;
    Ok(if signing { ExitCode::SUCCESS } else { ExitCode::from(EXIT_STOPPED) })
}

fn run_key(command: KeyCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::Add { data, algorithm, url } => {
            let settings = data.settings()?;
            let _turn = Turn::wait(&settings.data)?;
            let algorithm = match algorithm {
                KeyAlgorithm::Ed25519 => Algorithm::CosignatureEd25519,
                KeyAlgorithm::MlDsa44 => Algorithm::CosignatureMlDsa44,
            };
            println!("{}", keys::create(&settings, &settings.name, algorithm)?);
            print_policy(&settings, url.as_deref())?;
        }
        KeyCommand::List { data } => {
            let settings = data.settings()?;
            let retired = Retired::load(&settings)?;
            for key in keys::all_verifier_keys(&settings)? {
                let state = if retired.contains(&key) { "retired" } else { "signs" };
                println!("{state}\t{key}");
            }
        }
        KeyCommand::Policy { data, url } => {
            print!("{}", policy_of(&data.settings()?, url.as_deref())?);
        }
        KeyCommand::Retire { data, id } => {
            let settings = data.settings()?;
            let _turn = Turn::wait(&settings.data)?;
            let key = keys::retire(&settings, &id, "rotated")?;
            println!("retired {key}; a running witness stops using it within two seconds");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn policy_of(settings: &Settings, url: Option<&str>) -> anyhow::Result<String> {
    Ok(policy_lines(Signers::load(settings)?.verifier_keys(), url))
}

fn print_policy(settings: &Settings, url: Option<&str>) -> anyhow::Result<()> {
    eprint!(
        "Policies name this witness so, old and new keys side by side until the old ones are \
         retired:\n{}",
        policy_of(settings, url)?
    );
    Ok(())
}

fn run_log(command: LogCommand) -> anyhow::Result<ExitCode> {
    match command {
        LogCommand::Add(args) => println!("{}", log_add::run(&args)?),
        LogCommand::Disable { origin, data, key } => {
            let settings = data.settings()?;
            let origin = Origin::parse(&origin)?;
            match key {
                Some(id) => registry::retire_key(&settings, &origin, &id)?,
                None => registry::disable(&settings, &origin)?,
            }
            println!("disabled {origin}");
        }
        LogCommand::List { data } => {
            let (registry, _) = Registry::load(&data.settings()?)?;
            let mut out = io::stdout().lock();
            for (origin, log) in registry.logs() {
                let state = if log.enabled { "enabled" } else { "disabled" };
                let qpd = log.qpd.map_or_else(|| "-".to_owned(), |qpd| qpd.to_string());
                let keys: Vec<String> = log.keys.iter().map(ToString::to_string).collect();
                writeln!(out, "{state}\t{origin}\t{qpd}\t{}\t{}", keys.join(" "), log.contact)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_sign(args: &SignArgs) -> anyhow::Result<ExitCode> {
    match offline::sign(&args.data.data, &args.input, &args.output, args.clock_ok)? {
        Ok(lines) => {
            println!("cosigned; the answer is in {}", args.output.display());
            if args.qr {
                show_codes(lines.as_bytes(), false)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(AddError::Refused(refusal)) => {
            eprintln!("refused ({}): {refusal}", refusal.status());
            if let Refusal::Conflict { size } = refusal {
                eprintln!("make the request again with `old {size}` and the proof from there");
            }
            Ok(ExitCode::from(EXIT_REFUSED))
        }
        Err(error) => Err(error.into()),
    }
}

fn run_qr(args: &QrArgs) -> anyhow::Result<ExitCode> {
    let bytes = offline::read_request(&args.input)?;
    match &args.output {
        Some(path) => write_whole(path, &bytes)?,
        None => show_codes(&bytes, args.text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show_codes(bytes: &[u8], text: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for part in qr::to_parts(bytes)? {
        if !text {
            writeln!(out, "{}", qr::draw(&part))?;
        }
        writeln!(out, "{part}")?;
    }
    Ok(())
}

fn run_doctor(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let data = &args.data.data;
    let guessed = || Language::of_environment(|name| std::env::var(name).ok());
    let language = args.language.unwrap_or_else(guessed);
    if args.restored {
        let restored = restore(data)?;
        print!("{}", restored_text(&restored, language));
        println!("{}", policy_of(&Settings::load(data)?, args.url.as_deref())?);
    }
    if args.clock_ok {
        let word = Settings::load(data)?.clock_is_right();
        write_whole(&word, b"the operator says that the clock is right\n")?;
    }
    let findings = doctor::examine(data);
    print!("{}", doctor::report(&findings, language));
    Ok(match doctor::worst(&findings) {
        Health::Fine => ExitCode::SUCCESS,
        Health::Unknown => ExitCode::from(EXIT_FAILED),
        Health::Wrong => ExitCode::from(EXIT_REFUSED),
    })
}

fn restored_text(restored: &crate::restored::Restored, language: Language) -> String {
    let list =
        |keys: &[VerifierKey]| keys.iter().map(|key| format!("  {key}\n")).collect::<String>();
    let (retired, fresh) = (list(&restored.retired), list(&restored.fresh));
    let moved = restored.moved.as_ref().map(|path| path.display().to_string());
    match language {
        Language::En => format!(
            "Retired for ever:\n{retired}Fresh keys:\n{fresh}{} logs keep the size that the state \
             knew as a floor.{}\nGive the fresh keys to everyone whose policy names this witness. \
             Old cosignatures stay valid; policies may keep the old keys for old receipts. In a \
             policy:\n",
            restored.logs,
            moved.map_or_else(String::new, |path| format!(" The unusable state is now {path}.")),
        ),
        Language::Zh => format!(
            "永久停用：\n{retired}新密钥：\n{fresh}{} 个日志保留状态中已知的大小作为下限。{}\n\
             请将新密钥交给所有在策略中列出此见证者的各方。旧的联署仍然有效；策略可为旧回执保留旧密钥。\
             策略写法：\n",
            restored.logs,
            moved.map_or_else(String::new, |path| format!("无法使用的状态已移至 {path}。")),
        ),
    }
}

impl DataArg {
    fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(&self.data)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("fiducial-witness init --data"), "{help}");
    }
}
