//! Plants that have run to their end, and where their files are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tests::plant::{Disk, Faults, Misbehaviour, Plant, Scale, Truth};

/// A plant after its last event, on disk.
pub(crate) struct Ran {
    folder: TempDir,
    pub(crate) truth: Truth,
}

impl Ran {
    pub(crate) fn new(seed: u64, scale: Scale, faults: Faults, misbehaviour: Misbehaviour) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut plant = Plant::new(seed, scale, faults, misbehaviour);
        let hidden = folder.path().join("hidden");
        let mut disk = Disk::open(&folder.path().join("files"), &hidden).expect("two folders");
        for event in plant.by_ref() {
            disk.apply(&event).expect("the disk takes it");
        }
        Self { folder, truth: plant.truth().clone() }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Every file by its path below the plant's folder, lossy, with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.root(), &self.root(), &mut files);
        files
    }
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let name =
                path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            let before = files.insert(name.clone(), fs::read(&path).expect("a file"));
            assert!(before.is_none(), "two files have the lossy name {name}");
        }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Five lines for a shift with everything switched on.
pub(crate) fn busy(seed: u64) -> Ran {
    let faults = Faults { clean_up_hours: 0, ..Faults::usual() };
    Ran::new(seed, Scale::shift(), faults, Misbehaviour::each(2))
}
