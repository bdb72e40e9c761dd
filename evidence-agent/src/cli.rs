//! The command line: what can be typed, and what is printed.

pub(crate) mod args;
mod help;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use self::args::{Arguments, Command};
use crate::anchor::{Request, anchor};
use crate::clock::Clock;
use crate::disclose;
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_COULD_NOT};
use crate::init::{NewSource, init};
use crate::site::commands::{self, Desk, Said};
use crate::site::control::{self, Here};
use crate::site::{run, words};

/// From how many bytes or files on a progress bar is worth its line.
const MUCH: (u64, usize) = (256 * 1024 * 1024, 1000);

/// The language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// The language of the environment: the first of LC_ALL, LC_MESSAGES and LANG that is set.
    fn of_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(read);
        let first = values.find(|value| !value.is_empty());
        let is_chinese = first.is_some_and(|value| value.to_lowercase().starts_with("zh"));
        if is_chinese { Self::Zh } else { Self::En }
    }

    /// Help is printed while arguments are still being read, so the language is looked for before.
    fn of_help(arguments: &[OsString], guessed: Self) -> Self {
        let texts: Vec<&str> = arguments.iter().filter_map(|text| text.to_str()).collect();
        let split = texts.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1]);
        let joined = texts.iter().find_map(|text| text.strip_prefix("--lang="));
        let typed = split.or(joined).map(str::to_string);
        let named = typed.or_else(|| std::env::var("FIDUCIAL_LANG").ok());
        named.and_then(|name| Self::from_str(&name, false).ok()).unwrap_or(guessed)
    }
}

pub(crate) fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let guessed = Language::of_environment(|name| std::env::var(name).ok());
    let arguments = match parse(&arguments, guessed) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            // Nobody is left to tell if standard error is gone; the exit code still says it.
            let _ = write!(err, "{}", error.render());
            return EXIT_COULD_NOT;
        }
        Err(help) => {
            let language = Language::of_help(&arguments, guessed);
            return print(&help.render().to_string(), EXIT_ANCHORED, language, out, err);
        }
    };
    let language = arguments.lang.unwrap_or(guessed);
    let asked = Asked { language, json: arguments.json };
    let (code, printed) = match &arguments.command {
        Command::Init { vault, source, log, log_key, policy } => {
            let policy = policy.as_deref();
            let new = NewSource { vault, source, log, log_keys: log_key, policy };
            run_init(asked, &new, err)
        }
        Command::Anchor { files, vault, source, out, timeout } => {
            let patience = Duration::from_secs(*timeout);
            let (out, source) = (out.as_deref(), source.as_deref());
            run_anchor(asked, &Request { vault, source, files, out, patience }, err)
        }
        Command::Run { config, once } => run_watch(asked, (config, *once), clock, out, err),
        other => match here_or_beside(other, language) {
            Ok(said) if asked.json => (said.code, format!("{:#}\n", said.json)),
            Ok(said) => (said.code, said.text),
            Err(error) => (error.exit_code(), complain(asked, &error, err)),
        },
    };
    print(&printed, code, language, out, err)
}

/// Does a command, or has the agent do it that is at work in the vault.
fn here_or_beside(command: &Command, language: Language) -> Result<Said, AgentError> {
    let here = Here::new();
    let desk = Desk::here(&here, language);
    let answer = control::wait_for_turn(command, language, &here, &|| said(command, &desk));
    here.finish();
    answer
}

/// The commands that do one thing and say what came of it.
pub(crate) fn said(command: &Command, desk: &Desk<'_>) -> Result<Said, AgentError> {
    let language = desk.language;
    match command {
        Command::Backup { vault, to } => commands::backup(desk, vault, to),
        Command::Challenge { vault, challenge, note, out } => {
            disclose::answer(desk, vault, challenge, note, out)
        }
        Command::Check { vault } => commands::check(desk, vault),
        Command::CheckConfig { config, dry_run } => commands::check_config(desk, config, *dry_run),
        Command::Deletions { vault } => commands::deletions(desk, vault),
        Command::Disclose { vault, what } => disclose::disclose(desk, vault, what),
        Command::Expire { vault, rules, dry_run } => commands::expire(desk, vault, rules, *dry_run),
        Command::Hold(command) => commands::hold(desk, command),
        Command::LotKey { lot, vault, from, out, units } => {
            commands::lot_key(desk, lot, vault, from.as_deref(), units.as_deref(), out)
        }
        Command::Mapping { name } => commands::mapping(name.as_deref(), language),
        Command::Papers { vault, which, evidence, out } => {
            commands::papers(desk, vault, which, *evidence, out)
        }
        Command::Pins { vault, what } => disclose::pins(desk, vault, what),
        Command::Rekey { vault, new_passphrase_file } => {
            commands::rekey(vault, new_passphrase_file, language)
        }
        Command::Restore { from, to, passphrase_file } => {
            commands::restore(desk, from, to, passphrase_file.as_deref())
        }
        Command::Resume { vault, source } => commands::resume(desk, vault, source),
        Command::Root { vault, source, qr, png } => {
            commands::root(desk, vault, source.as_deref(), *qr, png.as_deref())
        }
        Command::Source(command) => commands::source(desk, command),
        Command::Statements { vault, source, since_entry, out } => {
            commands::statements(desk, vault, source.as_deref(), *since_entry, out)
        }
        Command::Status { config } => commands::status(config, language),
        Command::Anchor { .. } | Command::Init { .. } | Command::Run { .. } => {
            unreachable!("these have their own way of saying things")
        }
    }
}

/// Watches until stopped. What happens is said line by line as it happens.
fn run_watch(
    asked: Asked,
    (config, once): (&Path, bool),
    clock: &Arc<dyn Clock>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> (u8, String) {
    let put = |to: &mut dyn Write, line: &str| {
        let line = match asked.json {
            true => format!("{}\n", serde_json::json!({ "said": line })),
            false => format!("{line}\n"),
        };
        // A reader that went away must not end the watch.
        let _ = to.write_all(line.as_bytes()).and_then(|()| to.flush());
    };
    let ended = if once {
        run::run_once(config, clock, asked.language, &mut |line| put(out, line))
    } else {
        let (mut answer, mut journal) = (|line: &str| put(out, line), |line: &str| put(err, line));
        let mut voice = run::Voice { answer: &mut answer, journal: &mut journal };
        run::Stop::on_signals()
            .and_then(|stop| run::run(config, &stop, clock, asked.language, &mut voice))
    };
    match ended {
        Ok(()) => (EXIT_ANCHORED, String::new()),
        Err(error) => (error.exit_code(), complain(asked, &error, err)),
    }
}

/// How the answer is wanted.
#[derive(Clone, Copy)]
struct Asked {
    language: Language,
    json: bool,
}

fn parse(arguments: &[OsString], guessed: Language) -> Result<Arguments, clap::Error> {
    let command = match Language::of_help(arguments, guessed) {
        Language::En => Arguments::command(),
        Language::Zh => help::in_chinese(Arguments::command()),
    };
    Arguments::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// Prints the answer and gives the exit code. An answer that nobody could read is none: a full disk
/// under a redirected answer must not look like success.
fn print(text: &str, code: u8, language: Language, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that went away, such as `head`, has got what it wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = match language {
                Language::En => writeln!(err, "fiducial-agent: the answer is not written: {error}"),
                Language::Zh => writeln!(err, "fiducial-agent: 结果未能写出：{error}"),
            };
            if code == EXIT_ANCHORED { EXIT_COULD_NOT } else { code }
        }
        _ => code,
    }
}

fn run_init(asked: Asked, new: &NewSource<'_>, err: &mut dyn Write) -> (u8, String) {
    match init(new) {
        Ok(key) if asked.json => {
            (EXIT_ANCHORED, format!("{}\n", serde_json::json!({ "source_key": key.to_string() })))
        }
        Ok(key) => {
            // The key alone is the answer, for scripts; what to do next is for people.
            let next = words::after_init(&key, &new.vault.vault, asked.language);
            drop(writeln!(err, "{next}"));
            (EXIT_ANCHORED, format!("{key}\n"))
        }
        Err(error) => (error.exit_code(), complain(asked, &error, err)),
    }
}

fn run_anchor(asked: Asked, request: &Request<'_>, err: &mut dyn Write) -> (u8, String) {
    let bar = progress_bar(asked, request.files);
    let outcome = anchor(request, &|count| bar.inc(count));
    bar.finish_and_clear();
    let code = outcome.error.as_ref().map_or(EXIT_ANCHORED, AgentError::exit_code);
    let language = asked.language;
    if asked.json {
        let shown = |path: &PathBuf| path.display().to_string();
        let statements = outcome.anchored.iter().map(|anchored| anchored.to_json(language));
        let object = serde_json::json!({
            "outcome": outcome_word(code),
            "error": outcome.error.as_ref().map(|error| error.message(language)),
            "not_taken": outcome.not_taken.iter().map(shown).collect::<Vec<_>>(),
            "statements": statements.collect::<Vec<_>>(),
        });
        return (code, format!("{object:#}\n"));
    }
    let mut text: String =
        outcome.anchored.iter().map(|anchored| anchored.describe(language)).collect();
    if let Some(error) = &outcome.error {
        text += &complain(asked, error, err);
        if let Some(first) = outcome.not_taken.first() {
            let (count, first) = (outcome.not_taken.len(), first.display());
            let _ = match language {
                Language::En => writeln!(
                    err,
                    "Not taken: {count} of the named files, {first} the first. They are in no \
                     statement and in no vault: name them again in a later run."
                ),
                Language::Zh => writeln!(
                    err,
                    "未处理：所指定的文件中有 {count} 个（第一个是 {first}）未写入任何声明，也不在保险库中；\
                     请在之后的运行中重新指定。"
                ),
            };
        }
    } else if outcome.anchored.is_empty() {
        text += match language {
            Language::En => "nothing to do: no file is named and no statement is unfinished\n",
            Language::Zh => "无事可做：未指定文件，也没有未完成的声明\n",
        };
    }
    (code, text)
}

/// Says what went wrong: to people on standard error, to machines in the printed object.
fn complain(asked: Asked, error: &AgentError, err: &mut dyn Write) -> String {
    let message = error.message(asked.language);
    if asked.json {
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
fn progress_bar(asked: Asked, files: &[PathBuf]) -> ProgressBar {
    let sizes = files.iter().map(|path| std::fs::metadata(path).map_or(0, |data| data.len()));
    let total: u64 = sizes.sum();
    if asked.json || (total < MUCH.0 && files.len() < MUCH.1) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(total).with_style(style.expect("the template is well formed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::SystemClock::new());
        let code = run(words.iter().map(OsString::from), &mut out, &mut err, &clock);
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
    fn help_is_chinese_where_that_is_asked_for() {
        let (code, out, _) = typed(&["fiducial-agent", "--lang", "zh", "--help"]);
        assert_eq!(code, EXIT_ANCHORED);
        assert!(out.contains("退出码") && out.contains("锚定"), "{out}");
        // Every command and every argument has a Chinese description.
        let chinese = help::in_chinese(Arguments::command());
        let is_chinese = |text: Option<&clap::builder::StyledStr>| {
            text.is_some_and(|text| !text.to_string().is_ascii())
        };
        let mut commands = vec![&chinese];
        let mut count = 0;
        while let Some(command) = commands.pop() {
            count += 1;
            commands.extend(command.get_subcommands());
            assert!(is_chinese(command.get_about()), "{}", command.get_name());
            for argument in command.get_arguments() {
                let name = format!("{} {}", command.get_name(), argument.get_id());
                assert!(is_chinese(argument.get_help()), "{name}");
                assert!(argument.get_long_help().is_none(), "{name}");
            }
        }
        assert!(count > 20, "{count} commands");
    }

    #[test]
    fn the_language_is_that_of_the_environment() {
        let of = |name: &'static str, value: &'static str| {
            Language::of_environment(move |asked| (asked == name).then(|| value.to_string()))
        };
        assert!(of("LANG", "zh_CN.UTF-8") == Language::Zh);
        assert!(of("LC_ALL", "zh_TW") == Language::Zh);
        assert!(of("LC_MESSAGES", "zh") == Language::Zh);
        assert!(of("LANG", "de_DE.UTF-8") == Language::En);
        let both = |asked: &str| match asked {
            "LC_ALL" => Some("C.UTF-8".to_string()),
            "LANG" => Some("zh_CN.UTF-8".to_string()),
            _ => None,
        };
        assert!(Language::of_environment(both) == Language::En, "LC_ALL comes first");
        assert!(Language::of_environment(|_| Some(String::new())) == Language::En);
    }

    /// A disk without room.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_answer_that_is_not_written_is_no_success() {
        let mut err = Vec::new();
        let words = ["fiducial-agent", "--help"].map(OsString::from);
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::SystemClock::new());
        assert_eq!(run(words, &mut Full, &mut err, &clock), EXIT_COULD_NOT);
        assert!(String::from_utf8(err).unwrap().contains("fiducial-agent: "));
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
