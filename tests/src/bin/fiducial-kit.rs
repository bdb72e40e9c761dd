//! `fiducial-kit`: asks any witness everything that C2SP tlog-witness says, and judges the answers.
//!
//! Exit code 0 if nothing failed, 1 if the witness broke a rule, 2 if something could not be told.
//! `spec/vectors/witness/README.md` says how to prepare a witness and how to read the outcome.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use spec::key::{Algorithm, VerifierKey};
use tests::kit::case::{self, Case};
use tests::kit::{Settings, run};

/// The kit that came with these sources.
const KIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/vectors/witness");

/// Asks a witness everything that C2SP tlog-witness says, and judges the answers.
#[derive(Parser)]
#[command(
    version,
    after_help = "The witness must have loaded the kit's `logs`, and must never have met its origins.\n\n\
    Example:\n  fiducial-kit --url http://127.0.0.1:8080 --vkey 'witness.example+...' --vkey '...'\n\n\
    Exit code: 0 nothing failed, 1 the witness broke a rule, 2 something could not be told."
)]
struct Arguments {
    /// The witness's submission prefix: what stands in front of /add-checkpoint.
    #[arg(long)]
    url: String,
    /// A verifier key that signs every answer of the witness; once for each.
    #[arg(long, required = true)]
    vkey: Vec<String>,
    /// The witness's monitoring prefix; without it, the same as --url.
    #[arg(long, conflicts_with = "no_monitor")]
    monitor: Option<String>,
    /// Asks nothing of the monitoring path.
    #[arg(long)]
    no_monitor: bool,
    /// An option that the witness has: several-keys, ml-dsa-logs or other-key-names.
    #[arg(long, value_name = "OPTION")]
    with: Vec<String>,
    /// The kit's folder.
    #[arg(long, default_value = KIT, hide_default_value = true)]
    cases: PathBuf,
    /// Only the cases whose names begin so.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    only: String,
    /// How many seconds the whole run may take.
    #[arg(long, default_value_t = 600)]
    timeout: u64,
    /// Prints one JSON object instead of a line a case.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match prepare(&arguments) {
        Ok((settings, cases)) => ask(&arguments, &settings, &cases),
        Err(why) => {
            eprintln!("fiducial-kit: {why}");
            ExitCode::from(2)
        }
    }
}

fn ask(arguments: &Arguments, settings: &Settings, cases: &[Case]) -> ExitCode {
    let report = run(settings, cases, &mut |verdict| {
        if !arguments.json {
            println!("{verdict}");
        }
    });
    if arguments.json {
        println!("{:#}", report.to_json(&arguments.url));
    } else {
        println!("{}", report.summary());
    }
    ExitCode::from(report.exit_code())
}

fn prepare(arguments: &Arguments) -> Result<(Settings, Vec<Case>), String> {
    let mut cases = read_cases(&arguments.cases)?;
    for option in &arguments.with {
        if !cases.iter().any(|case| case.needs.as_ref() == Some(option)) {
            return Err(format!("--with {option}: no case needs it"));
        }
    }
    cases.retain(|case| case.name.starts_with(&arguments.only));
    if cases.is_empty() {
        return Err(format!("--only {}: no case begins so", arguments.only));
    }
    let vkeys = arguments.vkey.iter().map(|text| parse_vkey(text)).collect::<Result<_, _>>()?;
    for url in arguments.monitor.iter().chain([&arguments.url]) {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("{url}: begin with http:// or https://"));
        }
    }
    let monitor = arguments.monitor.as_ref().unwrap_or(&arguments.url);
    let settings = Settings {
        monitor: (!arguments.no_monitor).then(|| monitor.clone()),
        options: arguments.with.clone(),
        patience: Duration::from_secs(arguments.timeout),
        url: arguments.url.clone(),
        vkeys,
    };
    Ok((settings, cases))
}

fn read_cases(folder: &Path) -> Result<Vec<Case>, String> {
    let hint = "name the kit's folder with --cases";
    case::read_all(folder).map_err(|why| format!("{why} ({hint})"))
}

fn parse_vkey(text: &str) -> Result<VerifierKey, String> {
    let key = VerifierKey::parse(text).map_err(|why| format!("--vkey: {why}"))?;
    if key.algorithm() == Algorithm::NoteEd25519 {
        return Err(format!("--vkey {}: a witness's key is of type 0x04 or 0x06", key.name()));
    }
    Ok(key)
}
