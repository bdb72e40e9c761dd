//! The one module with code of an operating system: file modes, raw file names, syncing a folder's
//! names, free space and the name of a boot. Everything else of this program is the same everywhere.
//!
//! `unix` is what factories run. `fallback` keeps a build for other systems possible; each function
//! there says what it cannot promise.

// In tests it is compiled and tried everywhere, so that it does not rot where nobody needs it.
#[cfg(any(not(unix), test))]
#[cfg_attr(unix, allow(dead_code, reason = "only tried here"))]
mod fallback;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use fallback as system;
#[cfg(unix)]
use unix as system;

pub(crate) use system::{
    create_new, create_private_folder, name_bytes, name_of, open_to_read, room, sync_folder,
};
#[cfg(test)]
pub(crate) use system::{link, mode};

/// Whether the last part of a path may be a symbolic link when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// A person named this path, so it is followed.
    Followed,
    /// It was found in a listing, where a link may lead anywhere: refused.
    Refused,
}

/// A name for the time since this machine was started; `None` where the kernel gives none.
pub(crate) fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let text = text.trim();
    (text.len() == 36 && text.is_ascii()).then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    /// The files of code below a folder.
    fn code(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                code(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }

    #[test]
    fn no_other_module_has_code_of_an_operating_system() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        code(&source, &mut files);
        assert!(files.len() > 20, "the walk found nothing: {files:?}");
        // In two halves, so that this file does not hold them itself.
        let marks = [("std::os", "::"), ("rust", "ix::"), ("cfg(", "unix"), ("cfg(", "windows")];
        let marks = marks.map(|(first, second)| format!("{first}{second}"));
        for path in files.iter().filter(|path| !path.starts_with(source.join("os"))) {
            let text = std::fs::read_to_string(path).unwrap();
            let held = marks.iter().find(|mark| text.contains(mark.as_str()));
            assert_eq!(held, None, "{} belongs into os/", path.display());
        }
    }

    #[test]
    fn free_space_is_known_here() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            room(folder.path()).unwrap().is_some_and(|(free, total)| 0 < free && free <= total)
        );
        assert!(room(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn the_fallback_keeps_the_same_promises_but_for_those_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, file) = (folder.path().join("inner"), folder.path().join("inner/file"));
        fallback::create_private_folder(&inner).unwrap();
        assert!(fallback::create_private_folder(&inner).is_err(), "it is there");
        assert!(fallback::create_new(&file, true).is_ok());
        assert!(fallback::create_new(&file, true).is_err(), "nothing is replaced");
        fallback::sync_folder(&inner).unwrap();
        assert!(fallback::open_to_read(&file, Links::Refused).is_ok());
        if link(&file, &folder.path().join("link")).is_ok() {
            assert!(fallback::open_to_read(&folder.path().join("link"), Links::Refused).is_err());
        }
        for name in ["report.xml", "炉温曲线.csv"] {
            let bytes = fallback::name_bytes(name.as_ref());
            assert_eq!((&*bytes, &*fallback::name_of(&bytes)), (name.as_bytes(), name.as_ref()));
        }
        assert_eq!(fallback::room(folder.path()).unwrap(), None);
        assert_eq!(fallback::mode(&file).unwrap(), None);
    }

    #[test]
    fn a_link_is_opened_only_where_it_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "x").unwrap();
        if super::link(&file, &link).is_err() {
            return; // This system makes links for some users only.
        }
        assert!(open_to_read(&link, Links::Followed).is_ok());
        assert!(open_to_read(&link, Links::Refused).is_err());
        assert!(open_to_read(&file, Links::Refused).is_ok());
    }
}
