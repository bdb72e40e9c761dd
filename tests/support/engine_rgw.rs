//! Ceph's gateway (RGW) over a cluster of one monitor and one store, which keeps everything in memory.
//!
//! The programs are Debian's, unpacked into the folder that `FIDUCIAL_RGW` names, or installed;
//! `cargo xtask test --rgw` unpacks them once. Inside the cluster nobody is authenticated: it is on a
//! loopback address of this process's own, and gone after the test.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::{BRIEFLY, BUCKET, Engine, KEY, Make, SECRET};

/// What the cluster and its one store are called.
const CLUSTER: &str = "6f1cbb2a-0d3e-4f0b-9a62-1f2b8c0c0001";
const STORE: &str = "6f1cbb2a-0d3e-4f0b-9a62-1f2b8c0c0002";

/// The user of the bucket, and the same for Swift's API.
const USER: &str = "evidence";
const SWIFT_USER: &str = "evidence:swift";

/// How long the gateway may take, to listen and for each answer: many times what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the programs are, and what they load.
struct Programs {
    root: PathBuf,
    /// Of this machine's architecture: `usr/lib/x86_64-linux-gnu`.
    libraries: PathBuf,
}

impl Programs {
    /// Those below the named folder; else the system's, where it has them.
    fn find() -> Option<Self> {
        let named = std::env::var_os(Make::Ceph.variable());
        let root = named.map_or_else(|| PathBuf::from("/"), PathBuf::from);
        if !root.join("usr/bin/radosgw").is_file() {
            return None;
        }
        let folders = std::fs::read_dir(root.join("usr/lib")).ok()?;
        let mut folders = folders.filter_map(|entry| Some(entry.ok()?.path()));
        let libraries = folders.find(|folder| folder.join("rados-classes").is_dir())?;
        Some(Self { root, libraries })
    }

    fn command(&self, name: &str, config: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(self.root.join("usr/bin").join(name));
        command.arg("-c").arg(config).args(words);
        command.env("LD_LIBRARY_PATH", self.search_path());
        // Words for the cluster of whoever runs the tests.
        command.env_remove("CEPH_ARGS");
        command
    }

    /// Some packages have their libraries in `/lib`.
    fn search_path(&self) -> OsString {
        let own = self.libraries.strip_prefix(self.root.join("usr")).unwrap();
        let folders = [self.libraries.clone(), self.libraries.join("ceph"), self.root.join(own)];
        std::env::join_paths(folders).unwrap()
    }

    /// What all programs read. The cluster comes up in a second because its monitor waits for no others.
    fn config(&self, folder: &Path, monitor: SocketAddr, gateway: SocketAddr) -> String {
        let (folder, libraries) = (folder.display(), self.libraries.display());
        let address = monitor.ip();
        format!(
            "[global]
fsid = {CLUSTER}
mon host = [v2:{monitor}/0]
public addr = {address}
cluster addr = {address}
# Below the ports that the tests give out.
ms bind port min = 6800
ms bind port max = 7100
auth cluster required = none
auth service required = none
auth client required = none
# The gateway would ask for a secret connection, which there is not without authentication.
ms mon client mode = crc
keyring = {folder}/keyring
mon data = {folder}/mon
mon allow pool size one = true
paxos propose interval = 0.05
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 8589934592
osd class dir = {libraries}/rados-classes
plugin dir = {libraries}/ceph
erasure code dir = {libraries}/ceph/erasure-code
# Monitor and store end without a word where they find no plugin that is listed.
osd erasure code plugins =
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
rgw data = {folder}
rgw frontends = beast endpoint={gateway}
rgw thread pool size = 64
rgw enable apis = s3, swift, swift_auth
admin socket =
run dir = {folder}
log to file = false
log to stderr = true
mon cluster log to file = false
"
        )
    }
}

/// Starts it; `monitor` is for the programs of the cluster.
pub(super) fn start(engine: &mut Engine, monitor: SocketAddr) {
    let programs = Programs::find();
    let programs = programs
        .expect("`cargo xtask test --rgw` names the folder with Ceph's programs in FIDUCIAL_RGW");
    let folder = engine.folder.path().to_owned();
    let config = folder.join("ceph.conf");
    std::fs::write(&config, programs.config(&folder, monitor, engine.address)).unwrap();
    std::fs::create_dir(folder.join("mon")).unwrap();
    std::fs::create_dir(folder.join("osd")).unwrap();
    let command = |name: &str, words: &[&str]| programs.command(name, &config, words);

    // The monitor begins with maps that name itself and one store: nobody need add them later.
    let file = |name: &str| folder.join(name).display().to_string();
    let (stores, monitors) = (file("osdmap"), file("monmap"));
    let (stores, monitors) = (stores.as_str(), monitors.as_str());
    let address = format!("[v2:{monitor}/0]");
    engine.finish(command("osdmaptool", &["--createsimple", "1", stores]));
    let make = ["--create", "--fsid", CLUSTER, "--addv", "a", address.as_str(), monitors];
    engine.finish(command("monmaptool", &make));
    let make = ["-i", "a", "--mkfs", "--osdmap", stores, "--monmap", monitors];
    engine.finish(command("ceph-mon", &make));
    engine.run(command("ceph-mon", &["-i", "a", "-f"]));
    engine.finish(command("ceph-osd", &["-i", "0", "--mkfs", "--osd-uuid", STORE]));
    engine.run(command("ceph-osd", &["-i", "0", "-f"]));

    let user = ["user", "create", "--uid", USER, "--display-name", USER];
    let keys = ["--access-key", KEY, "--secret-key", SECRET];
    engine.finish(command("radosgw-admin", &[&user[..], &keys].concat()));
    let user = ["subuser", "create", "--uid", USER, "--subuser", SWIFT_USER, "--access", "full"];
    let keys = ["--key-type", "swift", "--secret", SECRET];
    engine.finish(command("radosgw-admin", &[&user[..], &keys].concat()));
    engine.run(command("radosgw", &["-n", "client.rgw", "-f"]));
    make_bucket(engine);
}

/// By Swift's API, whose containers are S3's buckets: its requests are not signed, so that the tests need no
/// second implementation of S3's signatures.
fn make_bucket(engine: &mut Engine) {
    let login = format!("X-Auth-User: {SWIFT_USER}\r\nX-Auth-Key: {SECRET}\r\n");
    let answer = ask(engine, "GET /auth/v1.0", &login);
    let token = answer.lines().find(|line| line.starts_with("X-Auth-Token: "));
    let token = token.unwrap_or_else(|| panic!("no token: {answer}"));
    ask(engine, &format!("PUT /swift/v1/{BUCKET}"), &format!("{token}\r\n"));
}

/// Asks for one thing, which must succeed, as soon as the port is open. What takes too long fails with all that
/// the programs have said.
fn ask(engine: &mut Engine, what: &str, headers: &str) -> String {
    let (address, before) = (engine.address, Instant::now());
    let mut stream = loop {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => break stream,
            Err(why) => {
                engine.check_runs(&why);
                assert!(before.elapsed() < PATIENCE, "{what}: {why}\n{}", engine.said());
            }
        }
        std::thread::sleep(BRIEFLY);
    };
    let common = format!("Host: {address}\r\nConnection: close\r\nContent-Length: 0\r\n");
    let request = format!("{what} HTTP/1.1\r\n{common}{headers}\r\n");
    let mut answer = String::new();
    let asked = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer));
    let is_done = asked.is_ok() && answer.starts_with("HTTP/1.1 2");
    assert!(is_done, "{what}: {asked:?} {answer}\n{}", engine.said());
    answer
}
