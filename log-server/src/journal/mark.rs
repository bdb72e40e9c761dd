//! The mark: the tree of the entries that are known to be durable, in a file beside the journal.
//!
//! ```text
//! fiducial/journal-mark/v2
//! 20852163                                        entries
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    the root of their tree
//! 9b46f7a8c0ffee00                                the first 16 digits of the SHA-256 of the lines above
//! ```
//!
//! After a power cut some file systems (ext4 among them) give a file its new length without all of its
//! data, and the last frame then ends in zeros. So does a block that was lost later, long after its
//! entries were acknowledged. What tells the two apart stands elsewhere: the signed head, and this file
//! where no head can be signed because the witnesses are away. See `spec/text/sequencing.md`.
//!
//! The root tells a journal, or a database, that went back and then on from one that only went on: the second
//! may be larger by now, and holds other entries where this log's were. A file of the first version, without
//! that line, is read as well, and tells less.
//!
//! Invariant: the mark is written behind the sync of what it counts, so it never says too much. It may
//! say too little, by what came in the moment before a cut. A start without it drops no zeros at all.

use std::path::Path;

use spec::Hash;
use spec::encoding::{decode_hash, parse_decimal};
use spec::tree::Tree;

use crate::disk::{Disk, read_if_there, write_whole};

/// The file's name in the data folder.
pub const MARK: &str = "journal-mark";

/// The first line.
const HEADER: &str = "fiducial/journal-mark/v2";

/// The first line of a file without a root.
const HEADER_OF_SIZE: &str = "fiducial/journal-mark/v1";

/// The digits of the checksum that are kept: it is for rot, not for forgers.
const CHECK_DIGITS: usize = 16;

/// What was durable once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// So many entries.
    pub size: u64,
    /// The root of their tree; `None` in a file of the first version.
    pub root: Option<Hash>,
}

impl Marked {
    fn format(&self) -> String {
        let size = self.size;
        let text = match self.root {
            Some(root) => format!("{HEADER}\n{size}\n{root}\n"),
            None => format!("{HEADER_OF_SIZE}\n{size}\n"),
        };
        let check = Hash::of(text.as_bytes()).to_hex();
        format!("{text}{}\n", &check[..CHECK_DIGITS])
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (header, size) = (lines.next()?, parse_decimal(lines.next()?).ok()?);
        let root = match header {
            HEADER_OF_SIZE => None,
            _ => Some(decode_hash(lines.next()?).ok()?),
        };
        let marked = Self { size, root };
        (marked.format() == text).then_some(marked)
    }
}

/// Makes `tree` the mark, durably.
pub fn write(disk: &dyn Disk, folder: &Path, tree: Tree) -> std::io::Result<()> {
    let marked = Marked { size: tree.size(), root: Some(tree.root()) };
    write_whole(disk, &folder.join(MARK), marked.format().as_bytes())
}

/// What is marked; `None` if there is no mark, or none that can be read.
#[must_use]
pub fn read(disk: &dyn Disk, folder: &Path) -> Option<Marked> {
    let bytes = read_if_there(disk, &folder.join(MARK)).ok().flatten()?;
    Marked::parse(std::str::from_utf8(&bytes).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;

    #[test]
    fn a_mark_reads_back_and_a_damaged_one_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        assert_eq!(read(&disk, folder.path()), None);
        for size in [0, 7, u64::MAX] {
            let root = if size == 0 { Hash::EMPTY_ROOT } else { Hash::of(b"root") };
            write(&disk, folder.path(), Tree::new(size, root).unwrap()).unwrap();
            assert_eq!(read(&disk, folder.path()), Some(Marked { size, root: Some(root) }));
        }
        let path = folder.path().join(MARK);
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                std::fs::write(&path, &bytes).unwrap();
                assert_eq!(read(&disk, folder.path()), None, "byte {at}, bit {bit}");
            }
            std::fs::write(&path, &good[..at]).unwrap();
            assert_eq!(read(&disk, folder.path()), None, "cut at {at}");
        }
    }

    #[test]
    fn a_mark_of_the_first_version_is_read_and_names_no_root() {
        let check = Hash::of(b"fiducial/journal-mark/v1\n531\n").to_hex();
        let text = format!("fiducial/journal-mark/v1\n531\n{}\n", &check[..16]);
        assert_eq!(Marked::parse(&text), Some(Marked { size: 531, root: None }));
        // Neither version passes for the other.
        assert_eq!(Marked::parse(&text.replace("/v1", "/v2")), None);
        let marked = Marked { size: 531, root: Some(Hash::of(b"root")) };
        assert_eq!(Marked::parse(&marked.format().replace("/v2", "/v1")), None);
    }
}
