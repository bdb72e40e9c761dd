//! The verifier in a browser: `verifier-web/`, which is TypeScript and has tools of its own.
//!
//! What is missing is named with what brings it. In continuous integration npm's packages and the
//! browser are installed; elsewhere packages are, because they stay in the room's own folder, and a
//! browser is not, because it does not.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{Outcome, Tally, in_ci};
use crate::run::{exists, passes, root, target, watched};

/// The variable that names a browser elsewhere.
const BROWSER: &str = "CHROMIUM";

/// Where Debian's package puts it.
const DEBIAN_BROWSER: &str = "/usr/bin/chromium";

/// What Debian calls the browser, and letters for the Chinese pictures.
const PACKAGES: [&str; 2] = ["chromium", "fonts-noto-cjk"];

/// Types, the shared vectors and all that needs no browser, then the build.
pub(crate) fn page() -> Result<Outcome, String> {
    if let Some(why) = missing_tools() {
        return Ok(Outcome::Skipped(why));
    }
    install()?;
    if !passes(npm(&["run", "types"]).current_dir(room()))? {
        return Ok(Outcome::Ran(Tally::one(false)));
    }
    let tally = tests("test", None)?;
    let built = passes(npm(&["run", "build"]).current_dir(room()))?;
    Ok(Outcome::Ran(tally.and(Tally::one(built))))
}

/// The page, built for the demo; says why where it cannot be.
pub(crate) fn build() -> Result<PathBuf, String> {
    if let Some(why) = missing_tools() {
        return Err(why);
    }
    install()?;
    if !passes(npm(&["run", "build"]).current_dir(room()))? {
        return Err("`npm run build` failed; see above".to_string());
    }
    Ok(room().join("dist/fiducial-verify.html"))
}

/// The built page, with evidence of the built programs, and the log's own pages in Chromium. Pictures are
/// left in `verifier-web/out/pictures/`.
pub(crate) fn in_browser() -> Result<Outcome, String> {
    if let Some(why) = missing_tools() {
        return Ok(Outcome::Skipped(why));
    }
    if !browser().exists() && !install_browser()? {
        let why = format!("no {}; `apt-get install {}`", browser().display(), PACKAGES.join(" "));
        return Ok(Outcome::Skipped(why));
    }
    let programs = target()?.join("debug");
    tests("test:browser", Some((&programs, false))).map(Outcome::Ran)
}

/// The program and the page on the same mutated evidence; the programs are built by then.
pub(crate) fn agreement(soak: bool) -> Result<Outcome, String> {
    if let Some(why) = missing_tools() {
        return Ok(Outcome::Skipped(why));
    }
    let programs = target()?.join("debug");
    tests("test:mutations", Some((&programs, soak))).map(Outcome::Ran)
}

fn tests(script: &str, with_programs: Option<(&Path, bool)>) -> Result<Tally, String> {
    let mut command = npm(&["run", script]);
    command.current_dir(room());
    if let Some((programs, soak)) = with_programs {
        command.env("FIDUCIAL_PROGRAMS", programs);
        if soak {
            command.env("FIDUCIAL_SOAK", "1");
        }
    }
    let mut tally = Tally::default();
    let succeeded = watched(&mut command, &mut |line| tally.read_line(line))?.success();
    Ok(tally.of_tests(succeeded))
}

/// Puts npm's packages beside the room, exactly those of its lock file, unless they are there.
fn install() -> Result<(), String> {
    let there = room().join("node_modules").is_dir();
    let mut list = npm(&["ls", "--all", "--silent"]);
    let is_complete =
        there && list.current_dir(room()).output().is_ok_and(|out| out.status.success());
    if is_complete || passes(npm(&["ci", "--no-progress"]).current_dir(room()))? {
        return Ok(());
    }
    Err("`npm ci` failed; it needs the npm registry once".to_string())
}

/// Installs the browser in continuous integration; false elsewhere.
fn install_browser() -> Result<bool, String> {
    if !in_ci() {
        return Ok(false);
    }
    let mut update = Command::new("apt-get");
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(PACKAGES);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(passes(update.args(["update", "-qq"]))? && passes(&mut install)?)
}

fn missing_tools() -> Option<String> {
    let missing = ["node", "npm"].into_iter().find(|tool| !exists(tool, &["--version"]))?;
    Some(format!("{missing} is not installed; Node.js 20.19 or later brings node and npm"))
}

fn browser() -> PathBuf {
    std::env::var_os(BROWSER).map_or_else(|| PathBuf::from(DEBIAN_BROWSER), PathBuf::from)
}

fn room() -> PathBuf {
    root().join("verifier-web")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments);
    command
}
