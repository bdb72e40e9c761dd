//! The conformance kit for witnesses: it passes on ours, fails on wrong ones, and leaves out no
//! MUST of tlog-witness.
//!
//! The kit itself is `spec/vectors/witness/`, its runner `tests/src/kit/`.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

/// Witnesses that refuse what they have not read to its end, and close.
mod early;
/// Our witness, as a process of its own.
mod ours;
/// Every MUST is cited, and every citation is of something.
mod requirements;
/// Witnesses that break one rule each, which the runner must notice.
mod wrong;

use std::path::{Path, PathBuf};
use std::time::Duration;

use spec::key::VerifierKey;
use tests::kit::Settings;
use tests::kit::case::{Case, read_all};

/// The kit's folder.
fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/witness").canonicalize().unwrap()
}

fn cases() -> Vec<Case> {
    read_all(&kit()).unwrap()
}

/// Everything that the kit can ask, of the witness at `url`.
fn settings(url: &str, vkeys: &[VerifierKey]) -> Settings {
    let options = ["several-keys", "ml-dsa-logs", "other-key-names"];
    Settings {
        monitor: Some(url.to_string()),
        options: options.map(str::to_string).to_vec(),
        patience: Duration::from_secs(300),
        url: url.to_string(),
        vkeys: vkeys.to_vec(),
    }
}
