//! Azurite, which answers to the protocol of Azure Blob Storage, as one account of a test.
//!
//! `FIDUCIAL_AZURITE` names its program; `cargo xtask test --clouds` installs it once.
//! Included by path from the tests of object storage, with `part` beside it.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::part::free_address;

pub(crate) const ACCOUNT: &str = "factory7";
pub(crate) const CONTAINER: &str = "evidence";

/// The account's key: base64 of words that are no secret.
pub(crate) const KEY: &str = "YSBzZWNyZXQgb2YgdGhlIHRyaWFscw==";

/// A running server, which ends with its value.
pub(crate) struct Azurite {
    child: Child,
    pub(crate) folder: TempDir,
    pub(crate) address: std::net::SocketAddr,
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Azurite {
    /// Starts one, where the program is named. It has no container yet, and its port opens a moment later.
    pub(crate) fn start() -> Option<Self> {
        let program = std::env::var_os("FIDUCIAL_AZURITE")?;
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let output = std::fs::File::create(folder.path().join("output")).unwrap();
        let mut command = Command::new(program);
        command.args(["--blobHost", &address.ip().to_string()]);
        command.args(["--blobPort", &address.port().to_string()]);
        // The library asks by a version of the protocol that Azurite may not know yet.
        command.args(["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location"]);
        command.arg(folder.path()).env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}"));
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        Some(Self { child: command.spawn().unwrap(), folder, address })
    }

    /// Fails the test if it has ended: `why` is what was asked of it in vain.
    pub(crate) fn check_runs(&mut self, why: &dyn std::fmt::Display) {
        let said = || std::fs::read_to_string(self.folder.path().join("output")).unwrap();
        assert!(self.child.try_wait().unwrap().is_none(), "{why}\n{}", said());
    }
}
