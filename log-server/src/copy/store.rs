//! Where trees come from and go to: folders of files, buckets, the objects of a data folder.
//!
//! A tree is `checkpoint` and, below `tile/`, full and partial tiles and bundles, as tlog-tiles names
//! them. A partial tile may be gone because the log has grown: then the front of the full one is it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use spec::note::MAX_NOTE_SIZE;
use spec::tile::{MAX_BUNDLE_SIZE, TILE_WIDTH, Tile, TileKind, nodes_at};
use spec::tree::Tree;

use crate::disk::{Disk, MachineDisk, write_whole};
use crate::heads::SIGNED_HEAD;
use crate::objects::bucket::BucketObjects;
use crate::objects::{FolderObjects, Objects};
use crate::shared::cut;
use crate::start::{OpenError, lock};

/// The folder inside a tree where files are written before they are renamed, and which is locked.
const STAGING: &str = "staging";

/// Where a tree is read. Nothing that comes from it is believed.
pub trait Source: Send + Sync {
    /// A file other than a tile, of at most `limit` bytes; `None` when it is not there.
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>>;

    /// How it is called in messages.
    fn name(&self) -> String;

    /// Tiles and bundles, full or partial, in their order.
    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>>;

    /// The head that the log has signed last, where this is a folder of the log itself: it may be newer than the
    /// checkpoint, and then was offered to witnesses and never published.
    fn signed_head(&self) -> io::Result<Option<Bytes>> {
        Ok(None)
    }

    /// The tree of all entries, by the journal's word, where this is a folder of the log itself: those behind the
    /// last signed head are under no head, and may have been acknowledged.
    fn whole_tree(&self) -> Option<Tree> {
        None
    }
}

/// Where a tree is written. One writer at a time.
pub trait Sink: Send + Sync {
    /// A file other than a full tile, of at most `limit` bytes.
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>>;

    /// How it is called in messages.
    fn name(&self) -> String;

    /// Its full tiles and bundles.
    fn objects(&self) -> &dyn Objects;

    /// Takes away the partial tiles of an older tree that the newer one has full.
    fn retire(&self, _old_size: u64, _new_size: u64) -> io::Result<()> {
        Ok(())
    }

    /// Writes a checkpoint or a partial tile whole and durably, over what is there.
    fn write(&self, name: &str, bytes: Bytes) -> io::Result<()>;
}

/// A folder of files.
pub struct Folder {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    objects: FolderObjects,
    /// Held by who writes.
    _lock: Option<File>,
}

impl Folder {
    /// A folder that is only read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let disk: Arc<dyn Disk> = Arc::new(MachineDisk::open(folder)?);
        let objects = FolderObjects::new(disk.clone(), folder);
        Ok(Self { folder: folder.to_owned(), disk, objects, _lock: None })
    }

    /// A folder to write a tree into; it is made if it is not there. One that holds other things and
    /// no tree is refused.
    pub fn create(folder: &Path) -> Result<Self, OpenError> {
        let io = |error| OpenError::Io { folder: folder.to_owned(), error };
        fs::create_dir_all(folder).map_err(io)?;
        let is_tree = ["checkpoint", "tile", STAGING].iter().any(|name| folder.join(name).exists());
        if !is_tree && fs::read_dir(folder).map_err(io)?.next().is_some() {
            let why = "it is not empty and holds no tree; name an empty or a new folder";
            return Err(io(io::Error::new(io::ErrorKind::AlreadyExists, why)));
        }
        fs::create_dir_all(folder.join(STAGING)).map_err(io)?;
        let lock = lock(&folder.join(STAGING))?;
        let opened = Self::open(folder).map_err(io)?;
        Ok(Self { _lock: Some(lock), ..opened })
    }

    /// Removes a folder of plain files, if it is there.
    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            self.disk.remove(&entry?.path())?;
        }
        fs::remove_dir(folder)
    }

    /// The tree's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Source for Folder {
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        read_bounded(&self.folder.join(name), limit)
    }

    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        let read = |tile: Tile| read_bounded(&self.folder.join(tile.to_string()), MAX_BUNDLE_SIZE);
        tiles.iter().map(|tile| whole_or_front(*tile, read)).collect()
    }

    fn signed_head(&self) -> io::Result<Option<Bytes>> {
        read_bounded(&self.folder.join(SIGNED_HEAD), MAX_NOTE_SIZE)
    }
}

impl Sink for Folder {
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        Source::file(self, name, limit)
    }

    fn name(&self) -> String {
        Source::name(self)
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn retire(&self, old_size: u64, new_size: u64) -> io::Result<()> {
        for tile in partial_tiles(old_size) {
            if tile.to_full().is_within(new_size) {
                let path = self.folder.join(tile.to_string());
                let widths = path.parent().expect("a partial tile is in a folder of its widths");
                self.remove_folder(widths)?;
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: Bytes) -> io::Result<()> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            self.disk.create_folders(folder)?;
        }
        write_whole(self.disk.as_ref(), &path, &bytes)
    }
}

/// The partial tiles of a tree.
fn partial_tiles(size: u64) -> Vec<Tile> {
    let levels = (0..8).filter_map(|level| {
        let index = nodes_at(level, size) / TILE_WIDTH;
        Tile::in_tree(TileKind::Hashes(level), index, size)
    });
    let bundle = Tile::in_tree(TileKind::Entries, size / TILE_WIDTH, size);
    levels.chain(bundle).filter(|tile| !tile.is_full()).collect()
}

/// A bucket.
pub struct Bucket {
    objects: BucketObjects,
    name: String,
}

impl Bucket {
    /// The tree in `objects`, which messages call `name`.
    #[must_use]
    pub const fn new(objects: BucketObjects, name: String) -> Self {
        Self { objects, name }
    }

    fn bounded(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        let read = self.objects.read_file(name)?;
        let too_large = read.as_ref().is_some_and(|bytes| bytes.len() > limit);
        if too_large { Err(beyond(name, limit)) } else { Ok(read) }
    }
}

impl Source for Bucket {
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        self.bounded(name, limit)
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn read_all(&self, tiles: &[Tile]) -> io::Result<Vec<Option<Bytes>>> {
        let read = self.objects.read_all(tiles)?;
        let front = |(tile, bytes): (&Tile, Option<Bytes>)| match bytes {
            None if !tile.is_full() => whole_or_front(*tile, |tile| self.objects.read(tile)),
            other => Ok(other),
        };
        tiles.iter().zip(read).map(front).collect()
    }
}

impl Sink for Bucket {
    fn file(&self, name: &str, limit: usize) -> io::Result<Option<Bytes>> {
        self.bounded(name, limit)
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn objects(&self) -> &dyn Objects {
        &self.objects
    }

    fn write(&self, name: &str, bytes: Bytes) -> io::Result<()> {
        self.objects.write_file(name, bytes)
    }
}

/// A tile, or the front of the full one where a partial one is gone.
pub(super) fn whole_or_front(
    tile: Tile,
    read: impl Fn(Tile) -> io::Result<Option<Bytes>>,
) -> io::Result<Option<Bytes>> {
    match read(tile)? {
        Some(bytes) => Ok(Some(bytes)),
        None if tile.is_full() => Ok(None),
        // A malformed one is given out whole, and refused by who hashes it.
        None => Ok(read(tile.to_full())?.map(|full| cut(tile, &full).unwrap_or(full))),
    }
}

/// Reads a plain file of at most `limit` bytes; `None` if there is none.
pub(crate) fn read_bounded(path: &Path, limit: usize) -> io::Result<Option<Bytes>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("{} is no plain file", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(beyond(&path.display().to_string(), limit));
    }
    Ok(Some(bytes.into()))
}

pub(super) fn beyond(name: &str, limit: usize) -> io::Error {
    io::Error::other(format!("{name} has more than {limit} bytes"))
}
