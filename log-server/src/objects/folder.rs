//! Objects as files below a folder.
//!
//! They are first written under `staging/`, made durable, then renamed: a file under `tile/` is
//! always whole, and any web server can hand it out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use spec::tile::Tile;

use super::place::FOLDER;
use super::{Objects, PutError};
use crate::disk::{Disk, read_if_there, write_whole};

/// Objects as files below a folder.
pub struct FolderObjects {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// Where files are written before they get their name; nobody else's.
    staging: PathBuf,
}

impl FolderObjects {
    /// Keeps objects below `folder`.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        Self { disk, folder: folder.to_owned(), staging: folder.join("staging") }
    }

    /// Keeps objects below a folder that several servers share, each of which has its own `name`.
    #[must_use]
    pub fn shared(disk: Arc<dyn Disk>, folder: &Path, name: &str) -> Self {
        let staging = folder.join("staging").join(name);
        Self { disk, folder: folder.to_owned(), staging }
    }

    fn path(&self, tile: Tile) -> PathBuf {
        self.folder.join(tile.to_string())
    }
}

impl Objects for FolderObjects {
    fn put_all(&self, objects: &[(Tile, Bytes)]) -> Result<(), PutError> {
        let staging = &self.staging;
        self.disk.create_folders(staging)?;
        let mut moves = Vec::new();
        for (at, (tile, bytes)) in objects.iter().enumerate() {
            assert!(tile.is_full(), "only full tiles are immutable");
            match self.read(*tile)? {
                Some(stored) if stored == *bytes => continue,
                Some(_) => return Err(PutError::OtherBytes { tile: *tile }),
                None => {}
            }
            let staged = staging.join(at.to_string());
            self.disk.write(&staged, bytes)?;
            moves.push((staged, self.path(*tile)));
        }
        if moves.is_empty() {
            // All were there already; but a rename may not have reached the disk yet.
            return Ok(self.disk.sync_everything()?);
        }

        let folders: BTreeSet<&Path> = moves.iter().filter_map(|(_, to)| to.parent()).collect();
        for folder in folders {
            self.disk.create_folders(folder)?;
        }
        // The bytes first, then the names: a name never points at bytes that a power cut can take.
        self.disk.sync_everything()?;
        for (from, to) in &moves {
            self.disk.rename(from, to)?;
        }
        Ok(self.disk.sync_everything()?)
    }

    fn read(&self, tile: Tile) -> std::io::Result<Option<Bytes>> {
        Ok(read_if_there(self.disk.as_ref(), &self.path(tile))?.map(Bytes::from))
    }

    fn store_name(&self) -> String {
        // Each server may have mounted it under a path of its own.
        FOLDER.to_owned()
    }

    fn read_beside(&self, name: &str) -> std::io::Result<Option<Bytes>> {
        Ok(read_if_there(self.disk.as_ref(), &self.folder.join(name))?.map(Bytes::from))
    }

    fn write_beside(&self, name: &str, bytes: Bytes) -> std::io::Result<()> {
        write_whole(self.disk.as_ref(), &self.folder.join(name), &bytes)
    }
}
