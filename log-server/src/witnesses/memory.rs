//! What each witness knew when it was last heard of: the file `witnesses` in the data folder.
//!
//! ```text
//! fiducial/witnesses/v1
//! 20852163 w1.example+0f1e2d3c
//! ```
//!
//! One line for each witness: the size of the latest tree that it cosigned, and the name and ID of
//! the first of its keys. It is only a hint of where a proof should begin. A wrong or missing one
//! costs one more question (the witness answers 409 with its size), so the file is not written
//! with every head, a damaged one is passed over, and a failure to write it stops nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::encoding::parse_decimal;

use crate::disk::{Disk, read_if_there, write_whole};

/// The file's name in the data folder.
pub const WITNESSES: &str = "witnesses";

/// The first line.
const HEADER: &str = "fiducial/witnesses/v1";

/// The most lines that are read: as many witnesses as a policy may have.
const MAX_LINES: usize = spec::policy::MAX_WITNESSES;

/// See the module's text.
pub struct Memory {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    sizes: BTreeMap<String, u64>,
    changed: bool,
}

impl Memory {
    /// Reads the file, if there is a sound one.
    #[must_use]
    pub fn load(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        let path = folder.join(WITNESSES);
        let read = read_if_there(disk.as_ref(), &path);
        let sizes = match read.map(|bytes| bytes.map(|bytes| parse(&bytes))) {
            Ok(None) => BTreeMap::new(),
            Ok(Some(Some(sizes))) => sizes,
            Ok(Some(None)) | Err(_) => {
                tracing::warn!(
                    file = WITNESSES,
                    "the file of what witnesses know is damaged; they are asked instead"
                );
                BTreeMap::new()
            }
        };
        Self { disk, path, sizes, changed: false }
    }

    /// The size that a witness knew; 0 if nothing is known.
    #[must_use]
    pub fn size(&self, witness: &str) -> u64 {
        self.sizes.get(witness).copied().unwrap_or(0)
    }

    /// The size that a witness knew which is named by its key name, with or without the key's ID.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u64> {
        let is_it =
            |key: &str| key == name || key.rsplit_once('+').is_some_and(|(of, _)| of == name);
        self.sizes.iter().find(|(key, _)| is_it(key)).map(|(_, size)| *size)
    }

    /// Remembers what a witness knows; returns what it knew before.
    pub fn remember(&mut self, witness: &str, size: u64) -> Option<u64> {
        let before = self.sizes.insert(witness.to_owned(), size);
        self.changed |= before != Some(size);
        before
    }

    /// What to write and where, if anything changed since this was last called.
    pub fn take_changes(&mut self) -> Option<Write> {
        let changed = std::mem::take(&mut self.changed);
        changed.then(|| Write {
            disk: self.disk.clone(),
            path: self.path.clone(),
            bytes: format(&self.sizes),
        })
    }
}

/// The file's next content.
pub struct Write {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Write {
    /// Writes it whole; a failure is only told.
    pub fn run(self) {
        if let Err(error) = write_whole(self.disk.as_ref(), &self.path, &self.bytes) {
            tracing::warn!(%error, file = WITNESSES, "what witnesses know could not be written");
        }
    }
}

fn format(sizes: &BTreeMap<String, u64>) -> Vec<u8> {
    let lines: String = sizes.iter().map(|(name, size)| format!("{size} {name}\n")).collect();
    format!("{HEADER}\n{lines}").into_bytes()
}

fn parse(bytes: &[u8]) -> Option<BTreeMap<String, u64>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines = text.strip_prefix(HEADER)?.strip_prefix('\n')?;
    let mut sizes = BTreeMap::new();
    for line in lines.split_inclusive('\n') {
        let (size, name) = line.strip_suffix('\n')?.split_once(' ')?;
        sizes.insert(name.to_owned(), parse_decimal(size).ok()?);
        if sizes.len() > MAX_LINES {
            return None;
        }
    }
    Some(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;

    fn load(folder: &Path) -> Memory {
        Memory::load(Arc::new(MachineDisk::open(folder).unwrap()), folder)
    }

    #[test]
    fn what_is_remembered_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = load(folder.path());
        assert_eq!(memory.size("w+01"), 0);
        assert!(memory.take_changes().is_none());
        assert_eq!(memory.remember("w+01", 7), None);
        assert_eq!(memory.remember("v+02", 9), None);
        memory.take_changes().unwrap().run();
        assert!(memory.take_changes().is_none());
        assert_eq!(memory.remember("w+01", 7), Some(7));
        assert!(memory.take_changes().is_none());

        let again = load(folder.path());
        assert_eq!((again.size("w+01"), again.size("v+02")), (7, 9));
        assert_eq!(
            (again.find("w"), again.find("v+02"), again.find("u")),
            (Some(7), Some(9), None)
        );
        let text = std::fs::read_to_string(folder.path().join(WITNESSES)).unwrap();
        assert_eq!(text, "fiducial/witnesses/v1\n9 v+02\n7 w+01\n");
    }

    #[test]
    fn a_damaged_file_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let sound = "fiducial/witnesses/v1\n7 w+01\n";
        let many: String = (0..=MAX_LINES).map(|at| format!("1 w{at}\n")).collect();
        for text in [
            "",
            "fiducial/witnesses/v2\n7 w+01\n",
            &sound[..sound.len() - 1],
            "fiducial/witnesses/v1\n07 w+01\n",
            "fiducial/witnesses/v1\nw+01\n",
            &format!("fiducial/witnesses/v1\n{many}"),
        ] {
            std::fs::write(folder.path().join(WITNESSES), text).unwrap();
            assert_eq!(load(folder.path()).size("w+01"), 0, "{text}");
        }
        std::fs::write(folder.path().join(WITNESSES), sound).unwrap();
        assert_eq!(load(folder.path()).size("w+01"), 7);
    }
}
