//! The verbs of a disk as values, so that a fault can be told to hit the n-th of any kind.

use std::path::Path;

/// One operation on its way to the disk.
#[derive(Debug)]
pub(super) enum Operation<'a> {
    CreateFolders(&'a Path),
    OpenFile(&'a Path),
    Read(&'a Path),
    Remove(&'a Path),
    Rename { from: &'a Path, to: &'a Path },
    SyncEverything,
    SyncFile(&'a Path),
    SyncFolder(&'a Path),
    SyncHandle(usize),
    Truncate { file: usize, length: u64 },
    Write { path: &'a Path, bytes: &'a [u8] },
    WriteAt { file: usize, offset: u64, bytes: &'a [u8] },
}

/// What an operation gives back.
#[derive(Debug)]
pub(super) enum Output {
    Bytes(Vec<u8>),
    Done,
    File(usize),
}

/// The kinds of operations that faults are aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the verb of the same name in `log_server::disk`")]
pub enum Kind {
    CreateFolders,
    OpenFile,
    Read,
    Remove,
    Rename,
    SyncEverything,
    SyncFile,
    SyncFolder,
    SyncHandle,
    Truncate,
    Write,
    WriteAt,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::CreateFolders,
        Self::OpenFile,
        Self::Read,
        Self::Remove,
        Self::Rename,
        Self::SyncEverything,
        Self::SyncFile,
        Self::SyncFolder,
        Self::SyncHandle,
        Self::Truncate,
        Self::Write,
        Self::WriteAt,
    ];

    /// Whether it makes something durable.
    #[must_use]
    pub const fn is_sync(self) -> bool {
        matches!(self, Self::SyncEverything | Self::SyncFile | Self::SyncFolder | Self::SyncHandle)
    }
}

impl Operation<'_> {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::CreateFolders(_) => Kind::CreateFolders,
            Self::OpenFile(_) => Kind::OpenFile,
            Self::Read(_) => Kind::Read,
            Self::Remove(_) => Kind::Remove,
            Self::Rename { .. } => Kind::Rename,
            Self::SyncEverything => Kind::SyncEverything,
            Self::SyncFile(_) => Kind::SyncFile,
            Self::SyncFolder(_) => Kind::SyncFolder,
            Self::SyncHandle(_) => Kind::SyncHandle,
            Self::Truncate { .. } => Kind::Truncate,
            Self::Write { .. } => Kind::Write,
            Self::WriteAt { .. } => Kind::WriteAt,
        }
    }
}
