//! Whoever typed a command: his files and his screen, here or at the other end of a connection.

use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::durable::{Access, Growing, Replaces, create_private_folder};
use crate::model::Hash256;
use crate::vault::{Disk, Folder, Progress, Whole};

/// The files and the screen of whoever typed a command.
pub(crate) trait Caller: Send + Sync {
    /// The files below a path of his; the empty name is the path itself.
    fn disk(&self, root: &Path) -> Arc<dyn Disk>;

    /// Begins a file that he has named, in parts. What stands there is his: at the end it is an error,
    /// unless `replaces` lets the file take its place.
    fn begin_named(
        &self,
        path: &Path,
        access: Access,
        replaces: Replaces,
    ) -> io::Result<Box<dyn Whole>>;

    /// Makes a folder and those above it, where they are missing.
    fn make_folders(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder that only its owner may read; an error if anything stands there.
    fn new_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder that this command has made, with all that is in it.
    fn drop_folder(&self, path: &Path) -> io::Result<()>;

    /// The SHA-256 of a file of any size.
    fn sha256(&self, path: &Path) -> io::Result<Hash256>;

    /// Shows how far the work has come.
    fn progress(&self, progress: Progress);
}

impl dyn Caller + '_ {
    /// Reads a file of at most `limit` bytes.
    pub(crate) fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.disk(path).read("", limit)
    }

    /// Begins a file that replaces nothing but one of exactly these bytes.
    pub(crate) fn begin_new(&self, path: &Path, access: Access) -> io::Result<Box<dyn Whole>> {
        self.begin_named(path, access, Replaces::Nothing)
    }

    /// Writes such a file whole.
    pub(crate) fn write_new(&self, path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
        let mut file = self.begin_new(path, access)?;
        file.write_all(bytes)?;
        file.finish()
    }

    /// Writes a file that only shows what can be shown again, for everybody: an older one gives way.
    pub(crate) fn show(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.begin_named(path, Access::Everybody, Replaces::File)?;
        file.write_all(bytes)?;
        file.finish()
    }
}

/// The one who typed the command that this process was started with.
pub(crate) struct Here {
    bar: ProgressBar,
}

impl Here {
    /// Nothing is shown before there is something to show.
    pub(crate) fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} left");
        let bar = ProgressBar::no_length();
        bar.set_style(style.expect("the template is well formed"));
        Self { bar }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Caller for Here {
    fn disk(&self, root: &Path) -> Arc<dyn Disk> {
        Arc::new(Folder { root: root.to_path_buf(), high_water: root.join("none") })
    }

    fn begin_named(
        &self,
        path: &Path,
        access: Access,
        replaces: Replaces,
    ) -> io::Result<Box<dyn Whole>> {
        Ok(Box::new(Growing::begin_named(path, access, replaces)?))
    }

    fn make_folders(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn new_folder(&self, path: &Path) -> io::Result<()> {
        create_private_folder(path)
    }

    fn drop_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn sha256(&self, path: &Path) -> io::Result<Hash256> {
        let mut hasher = Sha256::new();
        let (mut file, mut chunk) = (std::fs::File::open(path)?, vec![0; 256 * 1024]);
        loop {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => hasher.update(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Hash256(hasher.finalize().into()))
    }

    fn progress(&self, progress: Progress) {
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
    }
}
