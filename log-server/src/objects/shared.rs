//! A store of full tiles that several servers of one log share: a folder that all have mounted, or a
//! bucket.
//!
//! Which one it is, is a fact of the log and stands in its database (`journal::postgres::place`); how it
//! is reached from here stands in the configuration of each server.

use std::path::PathBuf;
use std::sync::Arc;

use super::bucket::BucketObjects;
use super::place::{BucketPlace, ObjectsError};
use super::{FolderObjects, Objects};
use crate::disk::MachineDisk;

/// Where the servers of one log keep its full tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedTiles {
    /// A bucket, or a part of one.
    Bucket(BucketPlace),
    /// A folder.
    Folder(PathBuf),
}

impl SharedTiles {
    /// Opens it for one server. A folder is made if it is not there; a bucket must be there.
    pub fn open(&self) -> Result<Box<dyn Objects>, ObjectsError> {
        match self {
            Self::Bucket(place) => {
                let objects = BucketObjects::open(place)?;
                objects.probe()?;
                Ok(Box::new(objects))
            }
            Self::Folder(folder) => {
                let named =
                    |error: std::io::Error| ObjectsError::Folder { folder: folder.clone(), error };
                std::fs::create_dir_all(folder).map_err(named)?;
                let name = own_name().map_err(named)?;
                let disk = MachineDisk::open(folder).map_err(named)?;
                Ok(Box::new(FolderObjects::shared(Arc::new(disk), folder, &name)))
            }
        }
    }
}

impl std::fmt::Display for SharedTiles {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bucket(place) => place.fmt(formatter),
            Self::Folder(folder) => folder.display().fmt(formatter),
        }
    }
}

/// A name that no other process has: files are staged under it.
fn own_name() -> std::io::Result<String> {
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(name.iter().map(|byte| format!("{byte:02x}")).collect())
}
