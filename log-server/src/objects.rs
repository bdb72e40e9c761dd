//! Objects: full tiles and full bundles, immutable, under their tlog-tiles paths.
//!
//! An object's bytes follow from the tree, so putting one twice is harmless and putting other
//! bytes under its name is refused: it means damage, or two logs in one folder. `put_all` is
//! durable on return. Concurrent reads are allowed at any time; only the sealer puts.
//!
//! In a folder the files can be served by any web server. They are first written under
//! `staging/`, made durable, then renamed: a file under `tile/` is always whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use spec::tile::Tile;

use crate::disk::{Disk, read_if_there};

/// Why objects could not be put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The storage refused; putting the same objects again later is safe.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Other bytes are stored under this name.
    #[error("{tile} is already stored with other bytes")]
    OtherBytes {
        /// Which object.
        tile: Tile,
    },
}

/// A store of immutable objects.
pub trait Objects: Send + Sync {
    /// Stores objects, each a full tile or bundle. All are durable on return; repeatable.
    fn put_all(&self, objects: &[(Tile, Bytes)]) -> Result<(), PutError>;

    /// Reads an object; `None` when it is not stored.
    fn read(&self, tile: Tile) -> std::io::Result<Option<Bytes>>;
}

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
}

#[cfg(test)]
pub(crate) mod contract {
    //! What every store of objects must do.

    use super::{Bytes, Objects, PutError, Tile};
    use spec::tile::TileKind;

    /// Runs the contract on an empty store.
    pub(crate) fn run(objects: &dyn Objects) {
        let tile = Tile::full(TileKind::Hashes(0), 1_234_067).unwrap();
        let bundle = Tile::full(TileKind::Entries, 0).unwrap();
        assert_eq!(objects.read(tile).unwrap(), None);
        let both = [(tile, Bytes::from("hashes")), (bundle, Bytes::from("entries"))];
        objects.put_all(&both).unwrap();
        objects.put_all(&both).unwrap();
        assert_eq!(objects.read(tile).unwrap().as_deref(), Some(&b"hashes"[..]));
        let other = objects.put_all(&[(bundle, Bytes::from("rewritten"))]);
        assert!(matches!(other, Err(PutError::OtherBytes { tile }) if tile == bundle));
        assert_eq!(objects.read(bundle).unwrap().as_deref(), Some(&b"entries"[..]));
    }

    #[test]
    fn the_folder_keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let disk = crate::disk::MachineDisk::open(folder.path()).unwrap();
        let objects = super::FolderObjects::new(std::sync::Arc::new(disk), folder.path());
        run(&objects);
        assert!(folder.path().join("tile/0/x001/x234/067").is_file());
    }
}
