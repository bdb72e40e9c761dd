//! A file of many megabytes in memory.
//!
//! To touch new memory page by page, and to copy the file there on one core, took a tenth of a bundle's
//! judgement. So such a file is read on all cores, into large pages where the system gives them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Deref;
use std::path::Path;

use memmap2::MmapMut;
use rayon::prelude::*;

/// How much one core reads at a time.
const PART: usize = 1024 * 1024;

/// The size of a large page where there are any, and where each begins.
const LARGE_PAGE: usize = 2 * 1024 * 1024;

/// The bytes of a file.
pub(crate) enum Large {
    /// Memory of its own, in which nothing of the file is mapped.
    Paged(Paged),
    /// Those of a file for which that is not worth while.
    Small(Vec<u8>),
}

impl Large {
    /// Reads a file of two parts or more and at most `limit` bytes; `None` for any other, and for one that is
    /// larger or smaller than it was said to be.
    ///
    /// A file that is exchanged meanwhile is no worse than one that is written meanwhile: what is judged is what
    /// was read.
    pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Option<Self>> {
        // Asked before it is opened: a pipe that was opened and is closed again has lost its writer.
        let metadata = std::fs::metadata(path)?;
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if !metadata.is_file() || length < 2 * PART || length > limit {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let mut memory = Paged::new(length)?;
        let read =
            memory.bytes_mut().par_chunks_mut(PART).enumerate().try_for_each(|(at, part)| {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start((at * PART) as u64))?;
                file.read_exact(part)
            });
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        file.seek(SeekFrom::Start(length as u64))?;
        let grows = file.read(&mut [0])? > 0;
        Ok((!grows).then_some(Self::Paged(memory)))
    }
}

/// New memory that begins where a large page does.
pub(crate) struct Paged {
    memory: MmapMut,
    start: usize,
    length: usize,
}

impl Paged {
    fn new(length: usize) -> io::Result<Self> {
        // Mapped anywhere, it has up to five hundred small pages before its first large one. Behind its last it has as many
        // as it is longer: a large page for them would be cleared as well.
        let memory = MmapMut::map_anon(length + LARGE_PAGE)?;
        let start = memory.as_ptr().align_offset(LARGE_PAGE).min(LARGE_PAGE);
        #[cfg(target_os = "linux")]
        // Without large pages it is only slower.
        let _ = memory.advise_range(memmap2::Advice::HugePage, start, length);
        Ok(Self { memory, start, length })
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

impl Deref for Large {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Paged(memory) => memory.bytes(),
            Self::Small(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_read_whole_and_any_other_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..2 * PART + 12_345).map(|at| (at / 7 % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let read = Large::read(&path, bytes.len()).unwrap();
        let read = read.unwrap();
        assert!(*read == bytes[..]);
        assert_eq!(read.as_ptr().addr() % LARGE_PAGE, 0);
        assert!(
            Large::read(&path, bytes.len() - 1).unwrap().is_none(),
            "it is larger than may be read"
        );
        std::fs::write(&path, &bytes[..2 * PART - 1]).unwrap();
        assert!(Large::read(&path, bytes.len()).unwrap().is_none(), "it is small");
        assert!(Large::read(folder.path(), usize::MAX).unwrap().is_none(), "a folder has no bytes");
        assert!(Large::read(&folder.path().join("missing"), 1).is_err());
    }
}
