//! Power loss on a real file system: ext4 in a loop file.
//!
//! The server runs on a mounted image under load. At a random moment it is halted and the image is
//! copied: what is in the copy had reached the device, what was in the kernel's memory only is not.
//! The copy is mounted, the log in it started, and everything acknowledged before the halt checked.
//!
//! Needs root, loop devices and mkfs.ext4. Without them it says that it is skipped; in CI it then
//! fails if it is root and has loop devices, because there nothing may be skipped.

#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../support/mount.rs"]
mod mount;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::crash::points::soaks;
use tests::crash::server::{Clients, Server, init};
use tests::oracle::Oracle;
use tests::seed::Seed;
use tests::store::embedded_only;

use self::mount::{Mount, run};

/// The size of the image: ext4's smallest comfortable one, quick to copy.
const IMAGE_MEGABYTES: u64 = 64;

/// How many clients send at once.
const CLIENTS: usize = 4;

/// Makes and mounts an image, or says why that cannot be done here.
fn mounted(folder: &Path) -> Result<(PathBuf, Mount), String> {
    let image = folder.join("disk.image");
    let file = std::fs::File::create(&image).map_err(|error| error.to_string())?;
    file.set_len(IMAGE_MEGABYTES * 1024 * 1024).map_err(|error| error.to_string())?;
    run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
    let mount = Mount::image(&image, folder.join("disk"))?;
    Ok((image, mount))
}

#[test]
fn acknowledged_entries_survive_power_loss_on_ext4() {
    if embedded_only(
        "what a data folder has synced; what a database has is the database's own matter",
    ) {
        return;
    }
    let folder = tempfile::Builder::new().prefix("fiducial-ext4-").tempdir().unwrap();
    let needs = "root, loop devices and mkfs.ext4";
    let Some((image, mount)) = mount::or_skipped(mounted(folder.path()), needs) else { return };
    let data = mount.folder.join("log");
    let mut oracle = Oracle::new(init(&data));
    let mut clients = Clients::new(CLIENTS);
    let mut seed = Seed::new(61);
    let copy = folder.path().join("copy.image");
    for round in 0..if soaks() { 100 } else { 12 } {
        let server = Server::start(&data).unwrap_or_else(|said| panic!("round {round}:\n{said}"));
        let during = Duration::from_millis(20 + seed.below(300) as u64);
        clients.work(server, during, |server| {
            server.halt();
            std::fs::copy(&image, &copy).expect("the image can be copied");
            server.kill();
        });
        // The machine that lost power: its log must hold all that was acknowledged before.
        clients.take_noted().tell(&mut oracle).unwrap();
        let lost_power = Mount::image(&copy, folder.path().join("after")).expect("the copy mounts");
        let server = Server::start(&lost_power.folder.join("log"))
            .unwrap_or_else(|said| panic!("round {round}: no start after the power cut:\n{said}"));
        let audited = server.reader().audit(&mut oracle.clone());
        audited.unwrap_or_else(|why| panic!("round {round}: {why}"));
        server.kill();
    }
    assert!(oracle.acknowledged() > 200, "too little happened: {}", oracle.acknowledged());
}
