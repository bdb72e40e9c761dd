//! Azurite, which answers to the protocol of Azure Blob Storage, for the tests of object storage: installed
//! once, by npm.
//!
//! It is a program for Node with some hundreds of packages, so it is installed only where it is asked for, into
//! a cache that outlives the target folder and serves every copy of the project on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engine::{Make, cache};
use crate::run::{exists, passes};

/// The version that the tests were written for.
const VERSION: &str = "3.35.0";

/// The program: the one that was installed before; else it is installed now.
pub(crate) fn program() -> Result<PathBuf, String> {
    let variable = Make::Azurite.variable();
    let cache = cache()?.join(format!("azurite-{VERSION}"));
    let (program, whole) = (cache.join("node_modules/.bin/azurite-blob"), cache.join("whole"));
    if whole.is_file() && works(&program) {
        return Ok(program);
    }
    if !exists("npm", &["--version"]) {
        return Err(format!(
            "Azurite needs Node and npm, and npm does not run; install them, leave --clouds out, or \
             name a program in {variable}"
        ));
    }
    out!("Azurite is not on this machine. It is installed now, once, into {}:", cache.display());
    out!("that takes a minute, a network and 200 MB.");
    std::fs::create_dir_all(&cache).map_err(|why| format!("{}: {why}", cache.display()))?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]);
    install.arg("--prefix").arg(&cache).arg(format!("azurite@{VERSION}"));
    if !passes(&mut install)? {
        return Err(format!(
            "Azurite could not be installed; leave --clouds out, or name a program in {variable}"
        ));
    }
    if !works(&program) {
        return Err(format!(
            "Azurite in {} does not run; remove that folder, leave --clouds out, or name a program in {variable}",
            cache.display()
        ));
    }
    // Only now: an installation that was interrupted is done again.
    std::fs::write(&whole, "").map_err(|why| format!("{}: {why}", whole.display()))?;
    Ok(program)
}

/// Whether it runs: what it is made of may be gone, in part, or Node with it, long after it was installed.
fn works(program: &Path) -> bool {
    program.to_str().is_some_and(|program| exists(program, &["--version"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_gone_or_fails_does_not_work() {
        assert!(works(Path::new("/bin/true")));
        assert!(!works(Path::new("/bin/false")), "it says so itself");
        assert!(!works(Path::new("/nowhere/azurite-blob")));
    }
}
