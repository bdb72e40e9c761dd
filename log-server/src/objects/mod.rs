//! Objects: full tiles and full bundles, immutable, under their tlog-tiles paths.
//!
//! An object's bytes follow from the tree, so putting one twice is harmless and putting other
//! bytes under its name is refused: it means damage, or two logs in one place. `put_all` is
//! durable on return. Concurrent reads are allowed at any time; only the sealer puts, and where
//! servers share a store, the sealer of each: all of them the same bytes.
//!
//! - [`folder`]: files below the data folder, which any web server can hand out.
//! - [`shared`]: a store that several servers use.
//! - [`bucket`]: S3, Google and Azure. [`place`]: where that is, and how a data folder remembers it.
//!   `credentials`: who asks. `client`: HTTP towards it. `worker`: from waiting threads to futures.
//!
//! Storage that is reached over a network can be away for a while. That is no damage: see [`is_away`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use spec::tile::Tile;

use crate::disk::Disk;

pub mod bucket;
pub(crate) mod client;
pub mod credentials;
pub mod folder;
pub mod place;
pub mod shared;
pub(crate) mod worker;

pub use folder::FolderObjects;

use self::bucket::BucketObjects;
use self::place::{BucketPlace, ObjectsError};

/// Why objects could not be put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The storage refused; putting the same objects again later is safe.
    #[error("{0}")]
    Io(#[from] io::Error),
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
    fn read(&self, tile: Tile) -> io::Result<Option<Bytes>>;

    /// Reads several, in their order. At once where that is faster than one after the other.
    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        tiles.iter().map(|tile| self.read(*tile)).collect()
    }

    /// How all servers of a log must call this store, wherever each of them has it.
    fn store_name(&self) -> String;

    /// Reads a small file that stands beside the objects and is none of them.
    fn read_beside(&self, name: &str) -> io::Result<Option<Bytes>>;

    /// Writes one whole and durably, over what is there.
    fn write_beside(&self, name: &str, bytes: Bytes) -> io::Result<()>;

    /// Whether a read may wait for a network: then it has no place on a thread that serves requests.
    fn is_remote(&self) -> bool {
        false
    }
}

/// Whether an error of [`Objects`] says that the storage is away or refuses, and nothing of what it
/// holds. It was asked again for a while before this was said.
#[must_use]
pub fn is_away(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<bucket::Fault>())
}

/// The objects of the log in `folder`: those of `place`, or else the folder's own.
pub fn open(
    disk: Arc<dyn Disk>,
    folder: &Path,
    place: Option<&BucketPlace>,
) -> Result<Box<dyn Objects>, ObjectsError> {
    match place {
        None => Ok(Box::new(FolderObjects::new(disk, folder))),
        Some(place) => {
            let objects = BucketObjects::open(place)?;
            objects.probe()?;
            Ok(Box::new(objects))
        }
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
        let absent = Tile::full(TileKind::Hashes(1), 0).unwrap();
        let all = objects.read_all(&[bundle, absent, tile]).unwrap();
        assert_eq!(all, [Some(Bytes::from("entries")), None, Some(Bytes::from("hashes"))]);
        assert_eq!(objects.read_beside("sign").unwrap(), None);
        for text in ["one", "two"] {
            objects.write_beside("sign", Bytes::from(text)).unwrap();
            assert_eq!(objects.read_beside("sign").unwrap(), Some(Bytes::from(text)));
        }
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
