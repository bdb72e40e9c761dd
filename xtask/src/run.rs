//! Starts programs, shows the command as a user would type it, and finds the folders they live in.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("xtask is a folder of the workspace").to_path_buf()
}

/// Where cargo puts what it builds: this very program lies in `<target>/debug/`.
pub(crate) fn target() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|why| format!("where is this program? {why}"))?;
    let folder = own.parent().and_then(Path::parent).map(Path::to_path_buf);
    folder.ok_or_else(|| format!("{} is not in a target folder", own.display()))
}

/// A `cargo` command at the workspace's root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Names what a build needs and this machine lacks, before cargo fails on it less clearly.
pub(crate) fn require_build_tools() -> Result<(), String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
    if !exists(&compiler, &["--version"]) {
        return Err(format!(
            "no C compiler: `{compiler}` does not run. Install one \
             (Debian, Ubuntu: apt-get install gcc libc6-dev) or name yours in CC"
        ));
    }
    Ok(())
}

/// Runs to the end with the terminal's own input and output; true if it exited with 0.
pub(crate) fn passes(command: &mut Command) -> Result<bool, String> {
    show(command);
    let status = command.status().map_err(|why| cannot_start(command, &why))?;
    Ok(status.success())
}

/// Runs to the end, shows every line as it comes, and hands each to `watch` as well.
pub(crate) fn watched(
    command: &mut Command,
    watch: &mut dyn FnMut(&str),
) -> Result<ExitStatus, String> {
    show(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|why| cannot_start(command, &why))?;
    let (sender, lines) = mpsc::channel();
    let readers = [
        forward(child.stdout.take().expect("stdout is piped"), sender.clone()),
        forward(child.stderr.take().expect("stderr is piped"), sender),
    ];
    for line in lines {
        out!("{line}");
        watch(&line);
    }
    for reader in readers {
        reader.join().expect("a reader of lines does not panic");
    }
    child.wait().map_err(|why| cannot_start(command, &why))
}

/// Prints the command as a user would type it.
pub(crate) fn show(command: &Command) {
    out!("$ {}", typed(command));
}

/// The command as a user would type it, with the variables set for it in front.
pub(crate) fn typed(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={}", name.to_string_lossy(), quoted(&value?.to_string_lossy())))
    });
    let program = Path::new(command.get_program());
    let program = match program.parent() {
        // Programs that were just built are shown by their name alone.
        Some(folder) if folder.is_absolute() => program.file_name().unwrap_or_default(),
        _ => program.as_os_str(),
    };
    let arguments = command.get_args().map(|argument| quoted(&argument.to_string_lossy()));
    let words: Vec<String> =
        variables.chain([program.to_string_lossy().into_owned()]).chain(arguments).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=+,@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn forward(
    source: impl Read + Send + 'static,
    sender: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(source);
        let mut line = Vec::new();
        // A line that is not UTF-8 is shown with replacement marks; the run goes on.
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_string();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    })
}

fn cannot_start(command: &Command, why: &std::io::Error) -> String {
    format!("cannot run `{}`: {why}", typed(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/somewhere/target/debug/fiducial");
        command.args(["verify", "two words", "it's", "a=b"]).env("LANG", "C");
        assert_eq!(typed(&command), r"LANG=C fiducial verify 'two words' 'it'\''s' a=b");
    }

    #[test]
    fn lines_of_both_streams_are_seen() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let status = watched(&mut command, &mut |line| seen.push(line.to_string())).unwrap();
        seen.sort();
        assert_eq!((status.code(), seen), (Some(3), vec!["err".to_string(), "out".to_string()]));
    }

    #[test]
    fn a_missing_program_is_named() {
        let why = passes(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(why.contains("no-such-program-anywhere"), "{why}");
    }
}
