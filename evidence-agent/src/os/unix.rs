//! Linux and its kin.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
#[cfg(test)]
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::Links;

/// Makes a new file to write, which its owner alone may read if `private`; refuses to replace one.
pub(crate) fn create_new(path: &Path, private: bool) -> io::Result<File> {
    let mode = if private { 0o600 } else { 0o644 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Makes a folder that only its owner may open; refuses if it is there.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Opens a file to read it and nothing else. Never waits: a named pipe that took the file's place
/// opens at once, and its type tells.
pub(crate) fn open_to_read(path: &Path, links: Links) -> io::Result<File> {
    let flags = match links {
        Links::Followed => OFlags::NONBLOCK,
        Links::Refused => OFlags::NONBLOCK | OFlags::NOFOLLOW,
    };
    let flags = i32::try_from(flags.bits()).expect("the kernel's flags are an int");
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// The bytes of a name as the file system has them, whatever their encoding.
pub(crate) fn name_bytes(name: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(name.as_bytes())
}

/// The name that has these bytes.
pub(crate) fn name_of(bytes: &[u8]) -> Cow<'_, OsStr> {
    Cow::Borrowed(OsStr::from_bytes(bytes))
}

/// How many bytes this user may still write on the file system that holds `path`, and its size.
pub(crate) fn room(path: &Path) -> io::Result<Option<(u64, u64)>> {
    let state = rustix::fs::statvfs(path)?;
    // `f_bavail` leaves out what only root may fill.
    let bytes = |blocks: u64| blocks.saturating_mul(state.f_frsize);
    Ok(Some((bytes(state.f_bavail), bytes(state.f_blocks))))
}

/// Who may do what with a file: the nine bits of its mode.
#[cfg(test)]
pub(crate) fn mode(path: &Path) -> io::Result<Option<u32>> {
    Ok(Some(std::fs::metadata(path)?.permissions().mode() & 0o777))
}

/// Makes a symbolic link, for tests of what is not followed.
#[cfg(test)]
pub(crate) fn link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}
