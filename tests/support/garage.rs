//! Garage, a store of another make, as one node of a test.
//!
//! It is looked for under `FIDUCIAL_GARAGE` and then in `PATH`; `cargo xtask test --garage` builds it once.
//! Included by path from the tests of several rooms, with `part` beside it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::part::free_address;

pub(crate) const BUCKET: &str = "evidence";
pub(crate) const REGION: &str = "garage";
pub(crate) const KEY: &str = "GK0123456789abcdef01234567";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A running node, which ends with its value.
pub(crate) struct Garage {
    child: Child,
    pub(crate) folder: TempDir,
    pub(crate) address: String,
}

impl Drop for Garage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("FIDUCIAL_GARAGE") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("garage")).find(|file| file.is_file())
}

impl Garage {
    /// Starts one, where the program can be found. Its port is open a moment before its bucket is there.
    pub(crate) fn start() -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        let (rpc, address) = (free_address(), free_address());
        let inside = |name: &str| folder.path().join(name).display().to_string();
        let config = format!(
            "metadata_dir = \"{}\"\ndata_dir = \"{}\"\ndb_engine = \"sqlite\"\n\
             replication_factor = 1\nrpc_bind_addr = \"{rpc}\"\nrpc_public_addr = \"{rpc}\"\n\
             rpc_secret = \"{SECRET}\"\n[s3_api]\ns3_region = \"{REGION}\"\n\
             api_bind_addr = \"{address}\"\n",
            inside("meta"),
            inside("data"),
        );
        let file = folder.path().join("garage.toml");
        std::fs::write(&file, config).unwrap();
        let output = std::fs::File::create(folder.path().join("output")).unwrap();
        let mut command = Command::new(program);
        command.arg("-c").arg(&file).args(["server", "--single-node", "--default-bucket"]);
        command.env("GARAGE_DEFAULT_ACCESS_KEY", KEY).env("GARAGE_DEFAULT_SECRET_KEY", SECRET);
        command.env("GARAGE_DEFAULT_BUCKET", BUCKET);
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        Some(Self { child: command.spawn().unwrap(), folder, address: address.to_string() })
    }

    /// Fails the test if it has ended: `why` is what was asked of it in vain.
    pub(crate) fn check_runs(&mut self, why: &dyn std::fmt::Display) {
        let said = || std::fs::read_to_string(self.folder.path().join("output")).unwrap();
        assert!(self.child.try_wait().unwrap().is_none(), "{why}\n{}", said());
    }
}
