//! The programs of a factory and of its buyers, checked for Windows, where many machines' own
//! computers are: `evidence-agent` and `verifier-cli` type-check for it, with all that they need.
//!
//! Nothing is linked or run. The target is part of the toolchain, so it is installed wherever rustup
//! is; a C compiler for it is the system's, so it is installed in continuous integration alone.

use std::process::Command;

use crate::report::{Outcome, in_ci};
use crate::run::{exists, passes, root};

const TARGET: &str = "x86_64-pc-windows-gnu";

/// The C compiler that build scripts call for it, and Debian's package of it.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const PACKAGE: &str = "gcc-mingw-w64-x86-64";

/// Installs what the check needs where that may be done; says what is missing where it cannot be had.
/// Windows is no platform that we promise, so a machine without the target fails nothing.
pub(crate) fn missing() -> Result<Option<String>, String> {
    if !exists(COMPILER, &["--version"]) && !install_compiler()? {
        return Ok(Some(format!("no {COMPILER}; `apt-get install {PACKAGE}`")));
    }
    if !has_target() && !install_target()? {
        return Ok(Some(format!("no target {TARGET}; `rustup target add {TARGET}`")));
    }
    Ok(None)
}

/// Checks both programs.
pub(crate) fn check() -> Result<Outcome, String> {
    // These two alone: the other programs are for servers.
    let packages = ["--package", "evidence-agent", "--package", "verifier-cli"];
    let check = ["check", "--locked", "--target", TARGET];
    crate::check::one(&[&check[..], &packages].concat())
}

/// Whether the toolchain has the target's standard library.
fn has_target() -> bool {
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(root());
    let folder = command.output().ok().filter(|output| output.status.success());
    let folder = folder.and_then(|output| String::from_utf8(output.stdout).ok());
    folder.is_some_and(|folder| std::path::Path::new(folder.trim()).is_dir())
}

/// False where the toolchain is not rustup's, or the target cannot be fetched.
fn install_target() -> Result<bool, String> {
    if !exists("rustup", &["--version"]) {
        return Ok(false);
    }
    let mut command = Command::new("rustup");
    passes(command.args(["target", "add", TARGET]).current_dir(root()))
}

/// Installs the compiler in continuous integration; false elsewhere.
fn install_compiler() -> Result<bool, String> {
    if !in_ci() {
        return Ok(false);
    }
    let mut update = Command::new("apt-get");
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends", PACKAGE]);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(passes(update.args(["update", "-qq"]))? && passes(&mut install)?)
}
