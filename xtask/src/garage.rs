//! Garage, an S3 server of another make: built once, by cargo.

use std::path::PathBuf;

use crate::engine::cache;
use crate::run::{cargo, exists, passes};

/// The version that the tests were written for.
const VERSION: &str = "2.5.0";

/// The program: the one that is installed, or built before; else it is built now.
pub(crate) fn program() -> Result<PathBuf, String> {
    if exists("garage", &["--version"]) {
        return Ok(PathBuf::from("garage"));
    }
    let cache = cache()?.join(format!("garage-{VERSION}"));
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
        return Err("Garage could not be built; leave --garage out, or name a program in \
                    FIDUCIAL_GARAGE"
            .to_owned());
    }
    Ok(program)
}
