//! Files that are there whole or not at all, also after the power was cut.
//!
//! Order of writes: the bytes beside their place, fsync, rename, fsync of the folder. A crash
//! leaves the old file, or the new one, and perhaps a `.new` beside it that nobody reads.

use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Writes a whole file; durable on return.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// The folder that holds a file; the current one for a bare name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for text in ["first, and longer", "second"] {
            write(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("no/such"), b"").is_err());
        assert_eq!(folder_of(Path::new("bare")), Path::new("."));
    }
}
