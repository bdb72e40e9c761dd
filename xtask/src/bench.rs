//! `cargo xtask bench`: builds the programs as they are released, then runs `fiducial-bench`,
//! which measures them beside what they are compared with.

use std::process::Command;

use crate::run::{cargo, passes, require_build_tools, root, target};

/// Builds and measures; true if every measurement could be taken. Whether a figure meets what is
/// asked is printed, and never decides: a busy machine is no bug.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    require_build_tools()?;
    let dev = arguments.iter().any(|argument| argument == "--dev");
    // The whole workspace, as the tests build it: a choice of packages would build their
    // dependencies again with other features.
    let mut build = vec!["build", "--locked", "--workspace"];
    build.push("--bins");
    if !dev {
        build.push("--release");
    }
    if !passes(&mut cargo(&build))? {
        return Ok(false);
    }
    let folder = target()?.join(if dev { "debug" } else { "release" });
    let mut bench = Command::new(folder.join("fiducial-bench"));
    bench.args(arguments.iter().filter(|argument| *argument != "--dev")).current_dir(root());
    passes(&mut bench)
}
