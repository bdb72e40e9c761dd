//! Files that are there whole or not at all, also after the power was cut, and never in the place of what
//! a command reads.
//!
//! ```text
//! path, paths that are read -> Target (before any work) -> bytes beside their place, fsync
//!                                                       -> rename -> fsync of the folder
//! ```
//!
//! A crash leaves the old file, or the new one, and perhaps a `.fiducial-<process>-<number>.new` beside
//! it that nobody reads. Every error removes that again.
//!
//! Invariant: nothing is written but through a [`Target`]. What is read may be the only copy of evidence.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Result as IoResult, Write};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::masked;
use crate::messages::{Message, Said};

/// How many names are tried for the file beside its place, before somebody is said to have them all.
const MAX_NAMES: u32 = 1000;

/// How many bytes of an older file show whose it is.
const HEAD_SIZE: u64 = 1024;

/// A place where a file may be written: free, or that of an older file that this command does not read.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
}

impl Target {
    /// Looks at a place; `inputs` is all that the command reads, files and folders. Refused is what is
    /// no regular file, what is one of the inputs by whatever name, and what lies in a folder of them.
    pub(crate) fn new(path: &Path, inputs: &[PathBuf]) -> Result<Self, Said> {
        // A link is not followed: what it leads to was not named.
        let there = fs::symlink_metadata(path);
        if there.as_ref().is_ok_and(|there| !there.is_file()) {
            return Err(Said::new(Message::OutputNoFile, &[&masked::shown(path)]));
        }
        for input in inputs {
            let why = if there.is_ok() && is_same(path, input) {
                Message::OutputIsInput
            } else if lies_in(path, input) {
                Message::OutputInInput
            } else {
                continue;
            };
            return Err(Said::new(why, &[&masked::shown(path), &masked::shown(input)]));
        }
        Ok(Self { path: path.to_path_buf() })
    }

    /// The place, as it was typed.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses one place for two files, of which the second would replace the first.
    pub(crate) fn apart_from(&self, other: &Self) -> Result<(), Said> {
        let real = |target: &Self| fs::canonicalize(folder_of(&target.path)).ok();
        let is_one_name = self.path.file_name() == other.path.file_name();
        let is_one_folder = real(self).is_some_and(|folder| real(other) == Some(folder));
        if is_same(&self.path, &other.path) || (is_one_name && is_one_folder) {
            let shown = masked::shown(&self.path);
            return Err(Said::new(Message::OutputTwice, &[&shown, &masked::shown(&other.path)]));
        }
        Ok(())
    }

    /// Writes a whole file, in the place of an older one; durable on return.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Said> {
        replace(&self.path, bytes).map_err(|error| {
            Said::of_error(Message::FileUnwritable, &[&masked::shown(&self.path)], &error)
        })
    }

    /// Refuses the place of a file that is there, unless it is empty or `is_ours` says so of its beginning:
    /// what was written before may be written anew, and what somebody else has written may be evidence.
    pub(crate) fn only_over(&self, is_ours: fn(&[u8]) -> bool) -> Result<(), Said> {
        let mut head = Vec::new();
        let there =
            File::open(&self.path).and_then(|file| file.take(HEAD_SIZE).read_to_end(&mut head));
        match there {
            Ok(_) if head.is_empty() || is_ours(&head) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            // What cannot be read is another file as well.
            _ => Err(Said::new(Message::FileThere, &[&masked::shown(&self.path)])),
        }
    }

    /// The same, but never in the place of another file. One with these very bytes is left as it is.
    pub(crate) fn write_once(&self, bytes: &[u8]) -> Result<(), Said> {
        match fs::read(&self.path) {
            Ok(there) if there == bytes => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => self.write(bytes),
            // What cannot be read is another file as well.
            _ => Err(Said::new(Message::FileThere, &[&masked::shown(&self.path)])),
        }
    }
}

/// Whether two paths lead to one file, also by way of links.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    identity(one).is_some_and(|file| identity(other) == Some(file))
}

/// Whether two paths lead to one file. Two hard links of one file are not found out here.
#[cfg(not(unix))]
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|file| real(other) == Some(file))
}

/// Whether a place lies in a folder, at any depth.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let place = if folder.is_dir() { real(folder_of(path)) } else { None };
    place.zip(real(folder)).is_some_and(|(place, folder)| place.starts_with(folder))
}

/// The folder that holds a file; the current one for a bare name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> IoResult<()> {
    let folder = folder_of(path);
    let (mut beside, mut file) = Beside::create(folder)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside.path, path)?;
    beside.is_placed = true;
    sync(folder)
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync(folder: &Path) -> IoResult<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened like a file, and its names are the file system's matter.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "its twin can fail")]
fn sync(_folder: &Path) -> IoResult<()> {
    Ok(())
}

/// A file of a name that nobody has. It is removed, unless it has taken its place.
struct Beside {
    path: PathBuf,
    is_placed: bool,
}

impl Beside {
    fn create(folder: &Path) -> IoResult<(Self, File)> {
        for number in 0..MAX_NAMES {
            let path = folder.join(format!(".fiducial-{}-{number}.new", std::process::id()));
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((Self { path, is_placed: false }, file)),
                // Somebody else's: left alone.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_placed {
            // Nothing more can be done, and why it could not be written is said already.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    fn refused(path: &Path, inputs: &[PathBuf]) -> Option<Message> {
        Target::new(path, inputs).err().map(|said| said.message())
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for text in ["first, and longer", "second"] {
            Target::new(&path, &[]).unwrap().write(text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(count(folder.path()), 1);
        let nowhere = Target::new(&folder.path().join("no/such"), &[]).unwrap();
        assert_eq!(nowhere.write(b"").unwrap_err().message(), Message::FileUnwritable);
        assert_eq!(folder_of(Path::new("bare")), Path::new("."));
    }

    #[test]
    fn what_others_have_beside_it_is_left_alone_and_an_error_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        let taken = format!(".fiducial-{}-0.new", std::process::id());
        for name in ["page.new", &taken] {
            fs::write(folder.path().join(name), b"mine").unwrap();
        }
        let target = Target::new(&path, &[]).unwrap();
        target.write(b"page").unwrap();
        assert_eq!(count(folder.path()), 3);
        for name in ["page.new", &taken] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"mine");
        }
        // A folder that came meanwhile is in the way of the rename.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(target.write(b"page").is_err());
        assert_eq!(count(folder.path()), 3);
    }

    #[test]
    fn what_is_read_is_never_written_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("shown/records")).unwrap();
        fs::write(at("policy"), b"policy").unwrap();
        fs::write(at("page"), b"an older page").unwrap();
        let inputs = [at("nowhere"), at("policy"), at("shown")];
        assert_eq!(refused(&at("policy"), &inputs), Some(Message::OutputIsInput));
        assert_eq!(refused(&at("shown/../policy"), &inputs), Some(Message::OutputIsInput));
        assert_eq!(refused(&at("shown"), &inputs), Some(Message::OutputNoFile));
        for inside in ["shown/new", "shown/records/new"] {
            assert_eq!(refused(&at(inside), &inputs), Some(Message::OutputInInput));
        }
        for free in ["page", "new", "nowhere"] {
            assert_eq!(refused(&at(free), &inputs), None, "{free}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("policy"), b"policy").unwrap();
        std::os::unix::fs::symlink("policy", at("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        fs::hard_link(at("policy"), at("twin")).unwrap();
        for path in [at("link"), at("dangling"), "/dev/null".into()] {
            assert_eq!(refused(&path, &[]), Some(Message::OutputNoFile), "{}", path.display());
        }
        for input in ["link", "twin"] {
            assert_eq!(refused(&at("policy"), &[at(input)]), Some(Message::OutputIsInput));
        }
    }

    #[test]
    fn what_is_written_once_takes_no_other_s_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        let target = Target::new(&path, &[]).unwrap();
        target.write_once(b"evidence").unwrap();
        target.write_once(b"evidence").unwrap();
        let said = target.write_once(b"other evidence").unwrap_err();
        assert_eq!(said.message(), Message::FileThere);
        assert_eq!(fs::read(&path).unwrap(), b"evidence");
        assert_eq!(count(folder.path()), 1);
    }

    #[test]
    fn two_files_have_two_places() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let at = |name: &str| Target::new(&folder.path().join(name), &[]).unwrap();
        for (one, other) in [("a", "a"), ("a", "in/../a"), ("in/a", "./in/a")] {
            let said = at(one).apart_from(&at(other)).unwrap_err();
            assert_eq!(said.message(), Message::OutputTwice, "{one} {other}");
        }
        for (one, other) in [("a", "b"), ("a", "in/a")] {
            assert_eq!(at(one).apart_from(&at(other)), Ok(()), "{one} {other}");
        }
        // Where the folder is not there, nothing can be written at all.
        assert_eq!(at("no/a").apart_from(&at("no/b")), Ok(()));
        // A file that is there by two names.
        fs::write(folder.path().join("a"), b"table").unwrap();
        assert!(at("a").apart_from(&at("in/../a")).is_err());
    }
}
