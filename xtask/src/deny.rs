//! Licences, sources, doubled crates and known weaknesses of what we depend on, by cargo-deny.
//!
//! Three of its four checks read only what is on disk. The fourth wants a database from the
//! internet: where that cannot be had the step says so, and the other three still count.

use std::path::PathBuf;
use std::process::Command;

use crate::report::{Outcome, Tally, in_ci};
use crate::run::{cargo, exists, passes, root, target};

/// The version that continuous integration installs when the machine has none.
const VERSION: &str = "0.20.2";

/// The checks that need no network.
pub(crate) fn offline() -> Result<Outcome, String> {
    let Some(program) = program()? else {
        return Ok(Outcome::Skipped(missing()));
    };
    let mut command = Command::new(program);
    command.args(["deny", "--workspace", "check", "bans", "licenses", "sources"]);
    passes(command.current_dir(root())).map(|passed| Outcome::Ran(Tally::one(passed)))
}

/// Known weaknesses, where the database can be fetched. Being offline is no failure, even in
/// continuous integration: it says nothing about the code.
pub(crate) fn advisories() -> Result<Outcome, String> {
    let Some(program) = program()? else {
        return Ok(Outcome::Skipped(missing()));
    };
    let mut fetch = Command::new(&program);
    if !passes(fetch.args(["deny", "fetch", "db"]).current_dir(root()))? {
        out!("NOT CHECKED: the advisory database cannot be fetched from this machine.");
        return Ok(Outcome::Ran(Tally::default()));
    }
    let mut command = Command::new(&program);
    command.args(["deny", "--workspace", "check", "--disable-fetch", "advisories"]);
    passes(command.current_dir(root())).map(|passed| Outcome::Ran(Tally::one(passed)))
}

/// The installed cargo-deny, or in continuous integration one built into the target folder.
fn program() -> Result<Option<PathBuf>, String> {
    if exists("cargo-deny", &["--version"]) {
        return Ok(Some(PathBuf::from("cargo-deny")));
    }
    let tools = target()?.join("tools");
    let own = tools.join("bin/cargo-deny");
    if !own.is_file() {
        if !in_ci() {
            return Ok(None);
        }
        let folder = tools.display().to_string();
        // Not optimised: it is built in a fraction of the time and reads a few hundred files.
        let install = ["install", "cargo-deny", "--locked", "--debug", "--version", VERSION];
        let install = [&install[..], &["--root", &folder]].concat();
        if !passes(&mut cargo(&install))? {
            return Err("cargo-deny could not be installed, and CI may not skip it".to_string());
        }
    }
    Ok(Some(own))
}

fn missing() -> String {
    "cargo-deny is not installed; `cargo install cargo-deny --locked` brings it".to_string()
}
