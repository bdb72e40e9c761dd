//! Systems without modes and without a way to sync a folder, Windows for one. What is promised less
//! than in `unix` is said at each function.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::Links;

/// Makes a new file to write; refuses to replace one. Who may read it is what its folder hands down.
pub(crate) fn create_new(path: &Path, _private: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Makes a folder; refuses if it is there. Who may open it is what its parent hands down.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

/// Leaves the names in a folder to the file system's own journal: a folder cannot be opened here.
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file to read it and nothing else; others may go on writing, renaming and deleting it.
/// A link is refused by a look before, so one that is put there in between is followed.
pub(crate) fn open_to_read(path: &Path, links: Links) -> io::Result<File> {
    if links == Links::Refused && std::fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a link, which is not followed"));
    }
    File::open(path)
}

/// The bytes of a name: UTF-8, and for what is no text the standard library's own form.
pub(crate) fn name_bytes(name: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(name.as_encoded_bytes())
}

/// The name that has these bytes; what is no UTF-8 in them is replaced.
pub(crate) fn name_of(bytes: &[u8]) -> Cow<'_, OsStr> {
    Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into())
}

/// Not known here.
pub(crate) fn room(_path: &Path) -> io::Result<Option<(u64, u64)>> {
    Ok(None)
}

/// There is none here.
#[cfg(test)]
pub(crate) fn mode(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Stands in for a symbolic link in tests, which only some users may make here.
#[cfg(test)]
pub(crate) fn link(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
