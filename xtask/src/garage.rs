//! Garage, an S3 server of another make, for the tests of object storage: built once, by cargo.
//!
//! It is big, so it is built only where it is asked for, into a cache that outlives the target folder and
//! serves every copy of the project on this machine.

use std::path::PathBuf;

use crate::run::{cargo, exists, passes};

/// The version that the tests were written for.
const VERSION: &str = "2.5.0";

/// The variable that names the program to the tests.
pub(crate) const GARAGE: &str = "FIDUCIAL_GARAGE";

/// The program: the one that is named, installed, or built before; else it is built now.
pub(crate) fn program() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os(GARAGE) {
        return Ok(named.into());
    }
    if exists("garage", &["--version"]) {
        return Ok(PathBuf::from("garage"));
    }
    let cache = cache(&format!("garage-{VERSION}"))?;
    let program = cache.join("bin/garage");
    if program.is_file() {
        return Ok(program);
    }
    out!("Garage is not on this machine. It is built now, once, into {}:", cache.display());
    out!("that takes a quarter of an hour or more, a network and all processors.");
    let folder = cache.display().to_string();
    let mut install = cargo(&["install", "garage", "--locked", "--version", VERSION]);
    install.args(["--no-default-features", "--features", "bundled-libs,sqlite", "--root", &folder]);
    if !passes(&mut install)? {
        return Err(format!(
            "Garage could not be built; leave --garage out, or name a program in {GARAGE}"
        ));
    }
    Ok(program)
}

/// The folder of a part in the cache of this user.
pub(crate) fn cache(part: &str) -> Result<PathBuf, String> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = named.filter(|path| path.is_absolute()).or_else(usual);
    let cache = cache
        .ok_or_else(|| format!("there is neither HOME nor XDG_CACHE_HOME to keep {part} in"))?;
    Ok(cache.join("fiducial").join(part))
}
