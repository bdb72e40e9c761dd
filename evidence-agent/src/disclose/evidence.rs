//! The evidence behind a record: exactly the bytes that it commits to, in whatever size they are.
//!
//! They are stored as they are, or are a part of a larger file. The larger file itself is never given
//! out: its other parts may be of somebody else. One chunk at a time is in memory.

use std::io::{self, Write};

use spec::Hash;
use spec::encoding::{decode_hex, parse_decimal};
use spec::evidence::record::Record;

use sha2::{Digest, Sha256};

use crate::error::AgentError;
use crate::model::Hash256;
use crate::vault::{Vault, Whole};

/// The hash of the bytes that a record is of, if it is of a file.
pub(crate) fn hash_of(record: &Record) -> Option<Hash> {
    let text = std::str::from_utf8(record.value("file/sha256")?).ok()?;
    decode_hex(text).ok().map(Hash::from_bytes)
}

/// Writes the evidence behind a record into the file that `begin` makes; `false` if the vault has it no
/// more. `behind` is the stored file that it may be a part of. `failed` names the file in an error.
pub(crate) fn write_evidence(
    vault: &Vault,
    record: &Record,
    behind: Option<Hash256>,
    begin: &dyn Fn() -> io::Result<Box<dyn Whole>>,
    failed: &dyn Fn(io::Error) -> AgentError,
) -> Result<bool, AgentError> {
    let Some(hash) = hash_of(record) else { return Ok(false) };
    let all = Window { skip: 0, left: u64::MAX };
    let part = window_of(record);
    for (stored, window) in
        [Some((Hash256::from(hash), all)), behind.zip(part)].into_iter().flatten()
    {
        let mut out = Out::new(begin().map_err(failed)?, window);
        let copied = vault.copy_evidence(&stored, &mut out);
        if let Some(error) = out.error {
            return Err(failed(error));
        }
        if copied? && <[u8; 32]>::from(out.hasher.finalize()) == *hash.as_bytes() {
            return out.file.finish().map_err(failed).map(|()| true);
        }
    }
    Ok(false)
}

/// Which bytes of what is read are written.
#[derive(Clone, Copy)]
struct Window {
    skip: u64,
    left: u64,
}

fn window_of(record: &Record) -> Option<Window> {
    let number = |name| parse_decimal(std::str::from_utf8(record.value(name)?).ok()?).ok();
    Some(Window { skip: number("part/start")?, left: number("file/size")? })
}

/// Passes on what lies in the window, and hashes it. Its own error is kept apart from those of the
/// vault: a disk that is full is no damaged evidence.
struct Out {
    file: Box<dyn Whole>,
    window: Window,
    hasher: Sha256,
    error: Option<io::Error>,
}

impl Out {
    fn new(file: Box<dyn Whole>, window: Window) -> Self {
        Self { file, window, hasher: Sha256::new(), error: None }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Window { skip, left } = &mut self.window;
        let most = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let rest = &bytes[bytes.len().min(most(*skip))..];
        *skip -= (bytes.len() - rest.len()) as u64;
        let wanted = &rest[..rest.len().min(most(*left))];
        *left -= wanted.len() as u64;
        self.hasher.update(wanted);
        match self.file.write_all(wanted) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                self.error = Some(error);
                Err(io::Error::other("it could not be written"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written, once it is finished.
    struct Kept(Vec<u8>, Arc<Mutex<Option<Vec<u8>>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Whole for Kept {
        fn finish(self: Box<Self>) -> io::Result<()> {
            *self.1.lock().unwrap() = Some(self.0);
            Ok(())
        }
    }

    #[test]
    fn only_what_lies_in_the_window_is_passed_on_however_it_comes() {
        let text = b"0123456789";
        for (skip, left, want) in
            [(0, u64::MAX, &text[..]), (3, 4, b"3456"), (0, 0, b""), (9, 5, b"9"), (20, 1, b"")]
        {
            for size in 1..=text.len() {
                let kept = Arc::new(Mutex::new(None));
                let file = Box::new(Kept(Vec::new(), Arc::clone(&kept)));
                let mut out = Out::new(file, Window { skip, left });
                text.chunks(size).for_each(|chunk| out.write_all(chunk).unwrap());
                let hash = <[u8; 32]>::from(out.hasher.finalize());
                assert_eq!(hash, *Hash::of(want).as_bytes());
                out.file.finish().unwrap();
                assert_eq!(kept.lock().unwrap().as_deref(), Some(want), "{skip} {left} {size}");
            }
        }
    }
}
