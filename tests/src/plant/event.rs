//! What happens in the plant, one thing at a time, and what of it a disk shows.

use std::path::PathBuf;

use super::faults::Stopped;

/// A path below the plant's folder: parts joined by `/`, in the bytes that a disk has. Most are
/// ASCII, some UTF-8, and one machine names its files in GBK.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlantPath(Vec<u8>);

impl PlantPath {
    /// A path from its bytes.
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// For people: what is not UTF-8 is replaced.
    #[must_use]
    pub fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// For the system.
    #[must_use]
    pub fn to_path(&self) -> PathBuf {
        use std::os::unix::ffi::OsStrExt as _;
        PathBuf::from(std::ffi::OsStr::from_bytes(&self.0))
    }

    /// The first two parts, which are what a network shares: `line-01/aoi`.
    #[must_use]
    pub fn share(&self) -> String {
        let text = self.lossy();
        text.split('/').take(2).collect::<Vec<_>>().join("/")
    }
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// True time: milliseconds since 1970, UTC.
    pub at: u64,
    /// What happens.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Bytes are added to the end of a file, which is there or begins.
    Append {
        /// The file.
        path: PlantPath,
        /// What is added.
        bytes: Vec<u8>,
    },
    /// A machine's clock is set. The files say so only by their times.
    ClockStep {
        /// The machine.
        machine: String,
        /// By how much, milliseconds.
        by: i64,
    },
    /// Something is in order again.
    Ends(Stopped),
    /// A machine's clean-up deletes a file.
    Remove {
        /// The file.
        path: PlantPath,
    },
    /// Something fails for a while.
    Starts(Stopped),
    /// A file is created, or overwritten in place.
    Write {
        /// The file.
        path: PlantPath,
        /// All of it, or its first part.
        bytes: Vec<u8>,
        /// Whether the machine has not finished: the rest is appended some seconds later.
        partial: bool,
    },
}

impl What {
    /// The file concerned, if any.
    #[must_use]
    pub const fn path(&self) -> Option<&PlantPath> {
        match self {
            Self::Append { path, .. } | Self::Remove { path } | Self::Write { path, .. } => {
                Some(path)
            }
            Self::ClockStep { .. } | Self::Ends(_) | Self::Starts(_) => None,
        }
    }
}
