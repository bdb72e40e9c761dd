//! The run log: which files this run has read, by the SHA-256 of the bytes that were judged.
//!
//! A file is hashed where it is read and never again: a second reading could find other bytes,
//! and a pipe gives its bytes once. Nothing is hashed unless a report was asked for.
//!
//! It is kept by thread, beside the readers rather than through them: which files are read follows from
//! what was typed, and no judgement ever asks for this list. Files are noted on the thread that judges, also those that
//! another has read: a note on any other does nothing.

use std::cell::RefCell;
use std::path::Path;

use spec::Hash;

/// How many files are listed; of a folder with more, the rest are counted.
const MAX_LISTED: usize = 200;

/// One file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// Where it was, as typed or found.
    pub(crate) path: String,
    /// How many bytes it has.
    pub(crate) size: u64,
    /// SHA-256 of all of them, hexadecimal.
    pub(crate) sha256: String,
}

/// The files of a run, in the order of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files {
    /// The first of them.
    pub(crate) listed: Vec<Read>,
    /// How many more there are.
    pub(crate) more: usize,
}

thread_local! {
    static FILES: RefCell<Option<Files>> = const { RefCell::new(None) };
}

/// Begins to keep the log on this thread.
pub(crate) fn start() {
    FILES.with_borrow_mut(|files| *files = Some(Files::default()));
}

/// Ends it and gives what was read; nothing if it was never begun.
pub(crate) fn finish() -> Files {
    FILES.with_borrow_mut(Option::take).unwrap_or_default()
}

/// Notes a file that was read whole.
pub(crate) fn note(path: &Path, bytes: &[u8]) {
    note_hashed(path, bytes.len() as u64, || Hash::of(bytes).to_hex());
}

/// Notes a file that was hashed while it was read.
pub(crate) fn note_hashed(path: &Path, size: u64, sha256: impl FnOnce() -> String) {
    FILES.with_borrow_mut(|files| {
        let Some(files) = files else { return };
        if files.listed.len() >= MAX_LISTED {
            files.more += 1;
            return;
        }
        let read = Read { path: path.display().to_string(), size, sha256: sha256() };
        // A file that is asked for twice, with the same bytes, is one line.
        if !files.listed.contains(&read) {
            files.listed.push(read);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_once_and_only_while_the_log_is_kept() {
        note(Path::new("before"), b"x");
        start();
        note(Path::new("a"), b"one");
        note(Path::new("a"), b"one");
        note(Path::new("a"), b"two");
        let files = finish();
        assert_eq!(files.listed.len(), 2);
        assert_eq!(files.listed[0].sha256, Hash::of(b"one").to_hex());
        assert_eq!(files.listed[1].size, 3);
        assert_eq!(finish(), Files::default());
    }

    #[test]
    fn a_folder_of_many_files_is_counted_and_not_listed_whole() {
        start();
        for at in 0..MAX_LISTED + 7 {
            note(Path::new(&format!("{at}")), b"");
        }
        let files = finish();
        assert_eq!((files.listed.len(), files.more), (MAX_LISTED, 7));
    }
}
