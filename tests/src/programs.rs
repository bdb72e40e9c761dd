//! The programs themselves, for tests that start them as a user would.
//!
//! `cargo xtask test` builds them once and names their folder in `FIDUCIAL_PROGRAMS`. Without it,
//! the first test that asks builds them from the same sources, into the same target folder.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;

/// The variable that names the folder of the built programs.
pub const PROGRAMS: &str = "FIDUCIAL_PROGRAMS";

/// The path of `fiducial-log`, `fiducial-witness`, `fiducial-agent` or `fiducial`.
///
/// # Panics
///
/// If the programs do not build.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| match std::env::var_os(PROGRAMS) {
        Some(folder) => folder.into(),
        None => build(),
    });
    folder.join(name)
}

/// A program that serves, in a process of its own. Dropping it kills the process.
pub struct Serving {
    /// The process.
    pub process: Child,
    /// The URL that it announced.
    pub url: String,
    /// Collects what it says on standard error.
    said: Option<JoinHandle<String>>,
}

/// What a program said that ended instead of serving.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The first line of its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Serving {
    /// Starts a program and waits until it says that it listens.
    ///
    /// # Panics
    ///
    /// If there is no such program.
    pub fn start(command: &mut Command) -> Result<Self, Ended> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the program can be started");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut stderr = process.stderr.take().expect("stderr is piped");
        // Read to the end, so that the program never waits for somebody to read.
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        let mut out = String::new();
        let _ = BufReader::new(stdout).read_line(&mut out);
        if let Some(url) = out.trim_end().strip_prefix("listening on ") {
            return Ok(Self { url: url.to_owned(), process, said: Some(said) });
        }
        if !out.is_empty() {
            // It goes on, and will never say what is waited for.
            let _ = process.kill();
        }
        let code = process.wait().expect("a child can be waited for").code();
        Err(Ended { code, out, err: said.join().expect("reading does not panic") })
    }

    /// Waits for its end: its exit code, and all that it said on standard error.
    ///
    /// # Panics
    ///
    /// If this was called before.
    pub fn wait(&mut self) -> (Option<i32>, String) {
        let code = self.process.wait().expect("a child can be waited for").code();
        let said = self.said.take().expect("it is waited for once");
        (code, said.join().expect("reading does not panic"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // After its end both calls do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Builds all of them and gives their folder.
fn build() -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let folder = own.ancestors().find(|path| path.ends_with("deps"));
    let profile = folder.and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let target = profile.parent().expect("a profile lies in the target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The whole workspace, as everything else builds it: a choice of packages would build their
    // dependencies again with other features.
    cargo.args(["build", "--quiet", "--workspace", "--bins", "--target-dir"]).arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.is_ok_and(|status| status.success()), "the programs do not build");
    profile.to_owned()
}
