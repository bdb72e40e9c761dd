//! File systems of a test's own: an ext4 in a file, and one in memory that is soon full.
//!
//! Mounting needs root. Where it cannot be done a test says that it is skipped; in CI it then fails if this
//! is root and has loop devices, because there nothing may be skipped.
//!
//! Included by path.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system. Dropping it unmounts it, whatever happened.
pub(crate) struct Mount {
    pub(crate) folder: PathBuf,
}

impl Mount {
    /// Mounts the ext4 of an image. Its own timer is slow, so that only what is synced reaches the image.
    pub(crate) fn image(image: &Path, folder: PathBuf) -> Result<Self, String> {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        run(Command::new("mount").args(["-o", "loop,commit=300"]).arg(image).arg(&folder))?;
        Ok(Self { folder })
    }

    /// Mounts an empty one in memory, which everyone may use.
    pub(crate) fn memory(folder: PathBuf, megabytes: u64) -> Result<Self, String> {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let size = format!("size={megabytes}m,mode=1777");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder))?;
        let mount = Self { folder };
        // A database that is not root must get there.
        let above = mount.folder.parent().expect("it is below a folder");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(above, open).map_err(|error| error.to_string())?;
        Ok(mount)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let plain = run(Command::new("umount").arg(&self.folder));
        if plain.is_err() {
            // Something is still open there: it goes as soon as that is closed.
            let _ = run(Command::new("umount").arg("--lazy").arg(&self.folder));
        }
    }
}

pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// What was mounted, or `None` after saying that the test is skipped, which needs `what`.
pub(crate) fn or_skipped<T>(mounted: Result<T, String>, what: &str) -> Option<T> {
    match mounted {
        Ok(mounted) => Some(mounted),
        Err(why) if must_work() => panic!("this machine could run the test, but: {why}"),
        Err(why) => {
            eprintln!("SKIPPED: this test needs {what}: {why}");
            None
        }
    }
}

/// Whether a machine where this must work.
fn must_work() -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    ci && rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists()
}
