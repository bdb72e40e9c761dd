//! The same contract over Garage, a store of another make than the one in this process, and one that
//! ignores conditional writes.
//!
//! It is a test only with the feature `garage`, and then insists on the program: `cargo xtask test --garage`
//! finds or builds it, and names it in `FIDUCIAL_GARAGE`.

#![cfg_attr(
    not(feature = "garage"),
    allow(dead_code, reason = "it is a test where it is asked for")
)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use spec::tile::{Tile, TileKind};
use tempfile::TempDir;

use super::{PATIENCE, S3Objects, contract};
use crate::objects::Objects;
use crate::objects::place::ObjectArgs;

const BUCKET: &str = "evidence";
const KEY: &str = "GK0123456789abcdef01234567";
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A running node, which ends with its value.
struct Garage {
    child: Child,
    folder: TempDir,
    address: String,
}

impl Drop for Garage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let named = std::env::var_os("FIDUCIAL_GARAGE");
    named.expect("`cargo xtask test --garage` names the program in FIDUCIAL_GARAGE").into()
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start(program: &Path) -> Garage {
    let folder = tempfile::tempdir().unwrap();
    let (rpc, address) = (free_address(), free_address());
    let inside = |name: &str| folder.path().join(name).display().to_string();
    let config = format!(
        "metadata_dir = \"{}\"\ndata_dir = \"{}\"\ndb_engine = \"sqlite\"\n\
         replication_factor = 1\nrpc_bind_addr = \"{rpc}\"\nrpc_public_addr = \"{rpc}\"\n\
         rpc_secret = \"{SECRET}\"\n[s3_api]\ns3_region = \"garage\"\napi_bind_addr = \"{address}\"\n",
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
    Garage { child: command.spawn().unwrap(), folder, address }
}

impl Garage {
    fn objects(&mut self) -> S3Objects {
        use std::os::unix::fs::PermissionsExt;
        let credentials = self.folder.path().join("credentials");
        let text =
            format!("[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
        std::fs::write(&credentials, text).unwrap();
        std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
        let args = ObjectArgs {
            endpoint: Some(format!("http://{}", self.address)),
            region: Some("garage".to_owned()),
            credentials: Some(credentials),
            ..ObjectArgs::default()
        };
        let place = args.place_of(&format!("s3://{BUCKET}/factory-7")).unwrap();
        let objects = S3Objects::open_with(&place, PATIENCE).unwrap();
        // The bucket is made a moment after the port is open.
        while let Err(fault) = objects.probe() {
            let said = || std::fs::read_to_string(self.folder.path().join("output"));
            assert!(self.child.try_wait().unwrap().is_none(), "{fault}\n{}", said().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        objects
    }
}

#[cfg_attr(feature = "garage", test)]
fn garage_keeps_the_contract() {
    let mut garage = start(&program());
    let objects = garage.objects();
    contract::run(&objects);
    // A bundle of the largest size, which Garage keeps in blocks of its own.
    let bundle = Tile::full(TileKind::Entries, 77).unwrap();
    let bytes = Bytes::from(vec![7; spec::tile::MAX_BUNDLE_SIZE]);
    objects.put_all(&[(bundle, bytes.clone())]).unwrap();
    assert!(objects.read(bundle).unwrap() == Some(bytes));
}
