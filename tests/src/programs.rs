//! The programs themselves, for tests that start them as a user would.
//!
//! `cargo xtask test` builds them once and names their folder in `FIDUCIAL_PROGRAMS`. Without it,
//! the first test that asks builds them from the same sources, into the same target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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
