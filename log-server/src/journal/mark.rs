//! The mark: a size up to which entries are known to be durable, in a file beside the journal.
//!
//! ```text
//! fiducial/journal-mark/v1
//! 20852163
//! 9b46f7a8c0ffee00        the first 16 digits of the SHA-256 of the two lines above
//! ```
//!
//! After a power cut some file systems (ext4 among them) give a file its new length without all of its
//! data, and the last frame then ends in zeros. So does a block that was lost later, long after its
//! entries were acknowledged. What tells the two apart stands elsewhere: the signed head, and this file
//! where no head can be signed because the witnesses are away. See `spec/text/sequencing.md`.
//!
//! Invariant: the mark is written behind the sync of what it counts, so it never says too much. It may
//! say too little, by what came in the moment before a cut. A start without it drops no zeros at all.

use std::path::Path;

use spec::Hash;
use spec::encoding::parse_decimal;

use crate::disk::{Disk, read_if_there, write_whole};

/// The file's name in the data folder.
pub const MARK: &str = "journal-mark";

/// The first line.
const HEADER: &str = "fiducial/journal-mark/v1";

/// The digits of the checksum that are kept: it is for rot, not for forgers.
const CHECK_DIGITS: usize = 16;

/// Makes `size` the mark, durably.
pub fn write(disk: &dyn Disk, folder: &Path, size: u64) -> std::io::Result<()> {
    write_whole(disk, &folder.join(MARK), format(size).as_bytes())
}

/// The marked size; `None` if there is no mark, or none that can be read.
#[must_use]
pub fn read(disk: &dyn Disk, folder: &Path) -> Option<u64> {
    let bytes = read_if_there(disk, &folder.join(MARK)).ok().flatten()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let size = parse_decimal(text.lines().nth(1)?).ok()?;
    (format(size) == text).then_some(size)
}

fn format(size: u64) -> String {
    let text = format!("{HEADER}\n{size}\n");
    let check = Hash::of(text.as_bytes()).to_hex();
    format!("{text}{}\n", &check[..CHECK_DIGITS])
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
            write(&disk, folder.path(), size).unwrap();
            assert_eq!(read(&disk, folder.path()), Some(size));
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
}
