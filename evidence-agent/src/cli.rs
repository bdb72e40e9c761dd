//! The command line: what can be typed, and what is printed.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::anchor::{Request, anchor};
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_COULD_NOT};
use crate::init::{NewSource, init};

/// From how many bytes or files on a progress bar is worth its line.
const MUCH: (u64, usize) = (256 * 1024 * 1024, 1000);

const EXAMPLES: &str = "\
Examples:
  Make a source, and have the log list the key that this prints:
    fiducial-agent init --vault vault --source line-4.example/aoi-7 \\
        --log http://127.0.0.1:8080 --log-key log.example/demo+1f2e3d4c+AZ...

  Anchor two reports; receipts and openings appear beside the vault:
    fiducial-agent anchor aoi-0099123.json profile-0302.json --vault vault

  Go on with a statement that could not be sent:
    fiducial-agent anchor --vault vault

Exit codes: 0 anchored, 1 refused, 2 could not.";

/// Hashes evidence, signs statements and anchors them in a transparency log. Reports are read,
/// never changed, and never leave the factory.
#[derive(Parser)]
#[command(name = "fiducial-agent", version, after_help = EXAMPLES)]
struct Arguments {
    /// The language of messages.
    #[arg(long, global = true, value_enum, default_value_t = Language::En, env = "FIDUCIAL_LANG")]
    lang: Language,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// The language of messages.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

#[derive(Subcommand)]
enum Command {
    /// Anchor files in one statement, or finish an earlier one.
    Anchor {
        /// The report files. Without any, an unfinished statement is sent again.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The source's vault.
        #[arg(long, value_name = "DIR")]
        vault: PathBuf,
        /// Where receipts and openings go; beside the vault if not given.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Seconds to wait for the log and its witnesses.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
    },
    /// Make a source: its key and its vault. Prints the verifier key for the log to list.
    Init {
        /// The folder to make.
        #[arg(long, value_name = "DIR")]
        vault: PathBuf,
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
}

pub(crate) fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let text = error.render().to_string();
            let to: &mut dyn Write = if error.use_stderr() { err } else { out };
            let written = write!(to, "{text}");
            return if error.use_stderr() || written.is_err() {
                EXIT_COULD_NOT
            } else {
                EXIT_ANCHORED
            };
        }
    };
    let (code, printed) = match arguments.command {
        Command::Init { ref vault, ref source, ref log, ref log_key, ref policy } => {
            let policy = policy.as_deref();
            let new = NewSource { vault, source, log, log_keys: log_key, policy };
            run_init(&arguments, &new, err)
        }
        Command::Anchor { ref files, ref vault, ref out, timeout } => {
            let patience = Duration::from_secs(timeout);
            let request = Request { vault, files, out: out.as_deref(), patience };
            run_anchor(&arguments, &request, err)
        }
    };
    // A reader that went away, such as `head`, has got what it wanted.
    let _ = out.write_all(printed.as_bytes()).and_then(|()| out.flush());
    code
}

fn run_init(arguments: &Arguments, new: &NewSource<'_>, err: &mut dyn Write) -> (u8, String) {
    match init(new) {
        Ok(key) if arguments.json => {
            (EXIT_ANCHORED, format!("{}\n", serde_json::json!({ "source_key": key.to_string() })))
        }
        Ok(key) => (EXIT_ANCHORED, format!("{key}\n")),
        Err(error) => (error.exit_code(), complain(arguments, &error, err)),
    }
}

fn run_anchor(arguments: &Arguments, request: &Request<'_>, err: &mut dyn Write) -> (u8, String) {
    let bar = progress_bar(arguments, request.files);
    let outcome = anchor(request, &|count| bar.inc(count));
    bar.finish_and_clear();
    let code = outcome.error.as_ref().map_or(EXIT_ANCHORED, AgentError::exit_code);
    if arguments.json {
        let error = outcome.error.as_ref().map(|error| error.message(arguments.lang));
        let object = serde_json::json!({
            "outcome": outcome_word(code),
            "error": error,
            "statements": outcome.anchored,
        });
        return (code, format!("{object:#}\n"));
    }
    let mut text: String =
        outcome.anchored.iter().map(|anchored| anchored.describe(arguments.lang)).collect();
    if let Some(error) = &outcome.error {
        text += &complain(arguments, error, err);
    } else if outcome.anchored.is_empty() {
        text += match arguments.lang {
            Language::En => "nothing to do: no file is named and no statement is unfinished\n",
            Language::Zh => "无事可做：未指定文件，也没有未完成的声明\n",
        };
    }
    (code, text)
}

/// Says what went wrong: to people on standard error, to machines in the printed object.
fn complain(arguments: &Arguments, error: &AgentError, err: &mut dyn Write) -> String {
    let message = error.message(arguments.lang);
    if arguments.json {
        let outcome = outcome_word(error.exit_code());
        return format!("{:#}\n", serde_json::json!({ "outcome": outcome, "error": message }));
    }
    // Nobody is left to tell if standard error is gone; the exit code still says it.
    let _ = writeln!(err, "fiducial-agent: {message}");
    String::new()
}

const fn outcome_word(code: u8) -> &'static str {
    match code {
        EXIT_ANCHORED => "anchored",
        EXIT_COULD_NOT => "could-not",
        _ => "refused",
    }
}

/// A bar over the bytes to hash, if they are many and somebody watches.
fn progress_bar(arguments: &Arguments, files: &[PathBuf]) -> ProgressBar {
    let sizes = files.iter().map(|path| std::fs::metadata(path).map_or(0, |data| data.len()));
    let total: u64 = sizes.sum();
    if arguments.json || (total < MUCH.0 && files.len() < MUCH.1) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(total).with_style(style.expect("the template is well formed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn typed(words: &[&str]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(words.iter().map(OsString::from), &mut out, &mut err);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_shows_examples_and_is_no_error() {
        let (code, out, _) = typed(&["fiducial-agent", "--help"]);
        assert_eq!(code, EXIT_ANCHORED);
        assert!(out.contains("Examples:") && out.contains("Exit codes:"), "{out}");
    }

    #[test]
    fn wrong_words_could_not_be_done() {
        for words in [
            &["fiducial-agent"][..],
            &["fiducial-agent", "anker"],
            &["fiducial-agent", "anchor", "file"],
            &["fiducial-agent", "init", "--vault", "v", "--source", "s", "--log", "http://l"],
        ] {
            let (code, out, err) = typed(words);
            assert_eq!((code, out.as_str()), (EXIT_COULD_NOT, ""), "{words:?}");
            assert!(!err.is_empty());
        }
    }

    #[test]
    fn a_missing_vault_is_said_in_both_languages_and_to_machines() {
        let anchor = ["fiducial-agent", "anchor", "x", "--vault", "/nonexistent/vault"];
        let (code, _, err) = typed(&anchor);
        assert_eq!(code, EXIT_COULD_NOT);
        assert!(err.contains("fiducial-agent init"), "{err}");
        let (_, _, err) = typed(&[&anchor[..], &["--lang", "zh"]].concat());
        assert!(err.contains("保险库"), "{err}");
        let (code, out, err) = typed(&[&anchor[..], &["--json"]].concat());
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str()), (EXIT_COULD_NOT, ""));
        assert_eq!(object["outcome"], "could-not");
    }
}
