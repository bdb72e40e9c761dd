//! `cargo xtask demo`: the whole way of one report, from the machine's file to a verdict.
//!
//! Every step is a command of one of the programs, printed as a user would type it and followed by
//! what the program itself says. A step that ends otherwise than it should fails the demo: so
//! `--once` is also a test. Nothing is believed because a program said so but by its exit code:
//! 0 verified, 1 rejected.

mod acts;
mod plant;
mod readme;
mod server;
mod witnesses;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::report::in_ci;
use crate::run::{cargo, passes, require_build_tools, target, typed, watched};
use crate::web;

use self::server::{Running, free_address};
use self::witnesses::Witnesses;

/// The log's name. It is only a name: nothing is fetched from there.
const ORIGIN: &str = "log.example/demo";

/// What was asked for on the command line.
#[derive(Default)]
struct Wishes {
    once: bool,
    release: bool,
    listen: Option<String>,
    folder: Option<PathBuf>,
}

/// Runs the demo; true if every step did what it should.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    let wishes = parse(arguments)?;
    require_build_tools()?;
    // Registered before anything is started, so that Ctrl-C never leaves a log behind.
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(|why| format!("signals: {why}"))?;
    build(wishes.release)?;
    let (folder, is_ours) = working_folder(wishes.folder.as_deref())?;
    let transcript = RefCell::default();
    let demo = Demo { programs: programs(wishes.release)?, folder: folder.clone(), transcript };
    let outcome = demo.play(&wishes, &mut signals);
    if is_ours {
        let removed = fs::remove_dir_all(&folder);
        removed.map_err(|why| format!("cannot remove {}: {why}", folder.display()))?;
    }
    outcome.map(|()| true)
}

fn parse(arguments: &[String]) -> Result<Wishes, String> {
    let mut wishes = Wishes::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("`{argument}` wants a value"));
        match argument.as_str() {
            "--once" => wishes.once = true,
            "--release" => wishes.release = true,
            "--listen" => wishes.listen = Some(value()?.clone()),
            "--dir" => wishes.folder = Some(PathBuf::from(value()?)),
            unknown => return Err(format!("`demo` knows no argument `{unknown}`")),
        }
    }
    Ok(wishes)
}

fn build(release: bool) -> Result<(), String> {
    say("Building the programs");
    // The whole workspace, as the tests build it: a choice of packages would build their
    // dependencies again with other features.
    let mut arguments = vec!["build", "--locked", "--workspace", "--bins"];
    if release {
        arguments.push("--release");
    }
    let built = passes(&mut cargo(&arguments))?;
    if built { Ok(()) } else { Err("the programs did not build; see above".to_string()) }
}

fn programs(release: bool) -> Result<PathBuf, String> {
    Ok(target()?.join(if release { "release" } else { "debug" }))
}

/// The folder named by `--dir`, or a fresh one that is removed at the end.
fn working_folder(named: Option<&Path>) -> Result<(PathBuf, bool), String> {
    let name = format!("fiducial-demo-{}", std::process::id());
    let folder = named.map_or_else(|| std::env::temp_dir().join(name), Path::to_path_buf);
    match fs::create_dir(&folder) {
        Ok(()) => Ok((folder, named.is_none())),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            Err(format!("{} exists already; the demo wants a new folder", folder.display()))
        }
        Err(why) => Err(format!("cannot make {}: {why}", folder.display())),
    }
}

/// The demo's stage: where the programs lie and where their files go.
struct Demo {
    programs: PathBuf,
    folder: PathBuf,
    /// Every command and what it said, to hold the README to.
    transcript: RefCell<String>,
}

impl Demo {
    /// All acts in order; the first that goes wrong ends the demo.
    fn play(&self, wishes: &Wishes, signals: &mut Signals) -> Result<(), String> {
        say("A new log: its keys and its data folder");
        out!("$ cd {}", self.folder.display());
        let keys = self.keys_of(&["init", "--data", "log", "--origin", ORIGIN])?;
        let mut witnesses = Witnesses::start(self, &keys)?;
        self.write("policy", &policy(&keys, &witnesses))?;
        out!(
            "The file `policy` names the log's keys and its three witnesses: a tree head counts \
             once two of them have cosigned it."
        );

        say("The log serves");
        let address = wishes.listen.clone().map_or_else(free_address, Ok)?;
        let page = verify_page();
        let mut serve = vec!["serve", "--data", "log", "--witness-policy", "policy"];
        if let Some(page) = &page {
            serve.extend(["--verify-page", page]);
        }
        let program = self.program("fiducial-log");
        let mut log = Running::start("log", &program, &serve, &self.folder, &address)?;
        log.wait_until_ready()?;

        let outcome = acts::play(self, log.url(), &mut witnesses);
        if outcome.is_ok() && !wishes.once {
            say("The log stays up until Ctrl-C");
            out!("log:      {} (its pages are for a browser)", log.url());
            witnesses.show();
            out!("programs: {}", self.programs.display());
            out!("files:    {}", self.folder.display());
            log.wait_for_end(signals)?;
        }
        say("The log and its witnesses stop");
        log.stop()?;
        witnesses.stop()?;
        outcome?;
        say("Every tile, bundle and head on the log's disk is checked, without the log");
        self.expect("fiducial-log", &["check", "--data", "log"], 0)?;
        if in_ci() {
            readme::check(&self.transcript.borrow())?;
        }
        say("The reports were verified and the altered copy was rejected: all as it should be");
        Ok(())
    }

    /// Runs a program, shows what it says, and holds it to its exit code. Returns its output.
    fn expect(&self, program: &str, arguments: &[&str], code: i32) -> Result<String, String> {
        let mut said = String::new();
        let mut command = Command::new(self.program(program));
        command.args(arguments).current_dir(&self.folder);
        let status = watched(&mut command, &mut |line| {
            said.push_str(line);
            said.push('\n');
        })?;
        self.transcript.borrow_mut().push_str(&format!("$ {}\n{said}", typed(&command)));
        if status.code() == Some(code) {
            return Ok(said);
        }
        Err(format!("{program} should have ended with {code}, but: {status}"))
    }

    fn keys_of(&self, arguments: &[&str]) -> Result<Vec<String>, String> {
        let said = self.expect("fiducial-log", arguments, 0)?;
        let keys: Vec<String> = said.lines().filter_map(verifier_key).collect();
        if keys.is_empty() { Err("the log printed no verifier key".to_string()) } else { Ok(keys) }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|why| format!("cannot write {}: {why}", path.display()))
    }
}

/// The verifier's page, which the log hands out at `/verify`; without it the demo goes on.
fn verify_page() -> Option<String> {
    let built = web::build().and_then(|path| {
        path.into_os_string().into_string().map_err(|_| "its path is no text".to_string())
    });
    match built {
        Ok(page) => Some(page),
        Err(why) => {
            out!("The verifier's page is not built, so the log does not serve it: {why}");
            None
        }
    }
}

/// A heading between the acts.
fn say(heading: &str) {
    out!("\n--- {heading}");
}

/// A policy of this one log: two of its three witnesses must have seen what it shows.
fn policy(keys: &[String], witnesses: &Witnesses) -> String {
    let logs: String = keys.iter().map(|key| format!("log {key}\n")).collect();
    format!("{logs}{}", witnesses.policy())
}

/// The first word of `said` that has the form of a verifier key: `<name>+<8 hex digits>+<base64>`.
fn verifier_key(said: &str) -> Option<String> {
    let is_key = |word: &&str| {
        let parts: Vec<&str> = word.splitn(3, '+').collect();
        let &[name, id, key] = parts.as_slice() else { return false };
        let is_hex = id.len() == 8 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        !name.is_empty() && name != "PRIVATE" && is_hex && key.len() >= 44
    };
    // Within a command that is shown to be typed it stands between quotes.
    let mut words = said.split_whitespace().map(|word| word.trim_matches('\''));
    words.find(is_key).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn a_verifier_key_is_found_in_what_a_program_says() {
        assert_eq!(verifier_key(&format!("the key:\n  {KEY}\n")).as_deref(), Some(KEY));
        assert_eq!(verifier_key(&format!("source add '{KEY}' --data DIR")).as_deref(), Some(KEY));
        assert_eq!(verifier_key("nothing+here and a+0123456g+short"), None);
        let private = format!("PRIVATE+KEY+{KEY}");
        assert_eq!(verifier_key(&private), None, "a private key is never taken for a public one");
    }

    #[test]
    fn wishes_are_read_and_unknown_ones_refused() {
        let words = |text: &str| text.split(' ').map(str::to_string).collect::<Vec<_>>();
        let wishes = parse(&words("--once --listen 127.0.0.1:8080 --dir here")).unwrap();
        assert!(wishes.once && !wishes.release);
        assert_eq!(wishes.listen.as_deref(), Some("127.0.0.1:8080"));
        assert!(parse(&words("--listen")).is_err());
        assert!(parse(&words("--twice")).is_err());
    }
}
