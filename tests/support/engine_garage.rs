//! Garage, one node with its metadata in SQLite.
//!
//! It is looked for under `FIDUCIAL_GARAGE` and then in `PATH`; `cargo xtask test --garage` builds it once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::{BUCKET, Engine, KEY, Make, SECRET};

pub(super) const REGION: &str = "garage";

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(Make::Garage.variable()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("garage")).find(|file| file.is_file())
}

/// Starts it; `rpc` is for nodes among themselves.
pub(super) fn start(engine: &mut Engine, rpc: SocketAddr) {
    let program =
        program().expect("`cargo xtask test --garage` names the program in FIDUCIAL_GARAGE");
    let (folder, address) = (engine.folder.path(), engine.address);
    let inside = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "metadata_dir = \"{}\"\ndata_dir = \"{}\"\ndb_engine = \"sqlite\"\n\
         replication_factor = 1\nrpc_bind_addr = \"{rpc}\"\nrpc_public_addr = \"{rpc}\"\n\
         rpc_secret = \"{SECRET}\"\n[s3_api]\ns3_region = \"{REGION}\"\n\
         api_bind_addr = \"{address}\"\n",
        inside("meta"),
        inside("data"),
    );
    let file = folder.join("garage.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(program);
    command.arg("-c").arg(&file).args(["server", "--single-node", "--default-bucket"]);
    command.env("GARAGE_DEFAULT_ACCESS_KEY", KEY).env("GARAGE_DEFAULT_SECRET_KEY", SECRET);
    command.env("GARAGE_DEFAULT_BUCKET", BUCKET);
    engine.run(command);
}
